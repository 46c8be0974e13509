/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/error_words.h"
#include "platform/youtube.h"

#include <string.h>

#include "base/clock.h"
#include "base/tz.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define RESET  YOUTUBE_QUOTA_RESET

/*
 * Decided by the reason, not by the HTTP status, which differs between YouTube's servers. Column
 * `fire` is DOUBT only where YouTube itself does not know what became of the call.
 */
/* clang-format off */
const struct youtube_error_row youtube_error_rows[] = {
	/* In a moment. */
	{ "internalError", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube reports an error on its own side." },
	{ "backendError", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube reports an error on its own side." },
	{ "processingFailure", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube could not work on the call." },
	{ "SERVICE_UNAVAILABLE", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube is out of order for the moment." },
	{ "UNAVAILABLE", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube is out of order for the moment." },
	{ "conflict", LATER, LATER, E(PLATFORM), W(PLATFORM), 0,
	  "Another change of the video was under way at YouTube." },
	{ "rateLimitExceeded", LATER, LATER, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "YouTube asks for fewer calls." },
	{ "userRateLimitExceeded", LATER, LATER, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "YouTube asks for fewer calls." },
	{ "RATE_LIMIT_EXCEEDED", LATER, LATER, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "YouTube asks for fewer calls." },
	/* At midnight in California. */
	{ "quotaExceeded", LATER, LATER, E(RATE_LIMITED), W(OPERATOR), RESET,
	  "The Google project has used up its YouTube quota of the day; it begins anew at midnight Pacific time." },
	{ "dailyLimitExceeded", LATER, LATER, E(RATE_LIMITED), W(OPERATOR), RESET,
	  "The Google project has used up its YouTube quota of the day; it begins anew at midnight Pacific time." },
	{ "dailyLimitExceededUnreg", LATER, LATER, E(RATE_LIMITED), W(OPERATOR), RESET,
	  "The Google project has used up its YouTube quota of the day; it begins anew at midnight Pacific time." },
	/* In a day. */
	{ "uploadLimitExceeded", LATER, LATER, E(RATE_LIMITED), W(ACCOUNT_OWNER), DAY,
	  "The channel has reached the number of videos that YouTube lets it upload in a day." },
	{ "uploadRateLimitExceeded", LATER, LATER, E(RATE_LIMITED), W(ACCOUNT_OWNER), DAY,
	  "The channel uploads more than YouTube lets it for now." },
	/* The access token. */
	{ "authError", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The access token is invalid or has expired; connect the account again." },
	{ "expired", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The access token has expired; connect the account again." },
	{ "required", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "YouTube asks for an access token; connect the account again." },
	{ "authorizationRequired", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "YouTube asks for an access token; connect the account again." },
	{ "UNAUTHENTICATED", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The access token is invalid or has expired; connect the account again." },
	/* Connect again. */
	{ "invalid_grant", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "Google has ended the access or the login was used already; connect the account again. A project in testing ends it after 7 days." },
	{ "insufficientPermissions", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and tick every box that Google shows." },
	{ "ACCESS_TOKEN_SCOPE_INSUFFICIENT", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and tick every box that Google shows." },
	{ "youtubeSignupRequired", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The Google account has no YouTube channel; create one and connect the account again." },
	{ "authenticatedUserNotChannel", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The login does not belong to the channel; connect the account again and choose the channel." },
	/* The channel. */
	{ "authenticatedUserAccountClosed", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The YouTube account is closed." },
	{ "authenticatedUserAccountSuspended", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube has suspended the account; its owner must settle that with YouTube." },
	{ "channelClosed", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The YouTube channel is closed." },
	{ "channelSuspended", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube has suspended the channel; its owner must settle that with YouTube." },
	{ "uploaderAccountClosed", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The YouTube account is closed." },
	{ "uploaderAccountSuspended", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube has suspended the account; its owner must settle that with YouTube." },
	/* The server or its project. */
	{ "accessNotConfigured", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The YouTube Data API is not switched on in the Google project." },
	{ "keyInvalid", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "Google refuses the project's key." },
	{ "ipRefererBlocked", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The Google project does not allow calls from this server's address." },
	{ "invalid_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "Google refuses the client id or secret; check client_id and client_secret_file." },
	{ "deleted_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The OAuth client was deleted at Google; restore it within 30 days or make a new one." },
	{ "unauthorized_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The OAuth client may not do this; it must be of the type Web application." },
	{ "redirect_uri_mismatch", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The redirect address is not registered with the OAuth client at Google." },
	{ "invalid_request", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "Google does not understand the login that this server asks for." },
	{ "unsupported_grant_type", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "Google does not know this kind of login." },
	{ "invalid_scope", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "Google does not know a permission that is asked for; check scopes." },
	{ "access_denied", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "Google did not grant access." },
	/* This content, for good. */
	{ "invalidTitle", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take the title: 1 to 100 characters, without < and >." },
	{ "invalidDescription", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take the description: at most 5000 bytes, without < and >." },
	{ "invalidTags", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take the tags: together at most 500 characters, without < and >." },
	{ "invalidCategoryId", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not have the category, or no video may be put into it." },
	{ "invalidPublishAt", CONTENT, CONTENT, E(CONTENT_REJECTED), W(OPERATOR), 0,
	  "YouTube does not take the time of publication." },
	{ "invalidFilename", CONTENT, CONTENT, E(MEDIA_REJECTED), W(OPERATOR), 0,
	  "YouTube does not take the name of the file." },
	{ "invalidRecordingDetails", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take the date or place of the recording." },
	{ "invalidVideoGameRating", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take the rating of the game." },
	{ "invalidVideoMetadata", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take what is said about the video." },
	{ "defaultLanguageNotSet", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube wants the language of the title to be named." },
	{ "localizationValidationError", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not take a translation of the title or description." },
	{ "mediaBodyRequired", CONTENT, CONTENT, E(MEDIA_REJECTED), W(OPERATOR), 0,
	  "YouTube received no video." },
	{ "forbiddenPrivacySetting", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not allow this privacy for the video." },
	{ "forbiddenLicenseSetting", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not allow this license for the video." },
	{ "forbiddenEmbedSetting", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube does not allow this choice of embedding for the video." },
	{ "forbidden", CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube does not allow the channel to do this." },
	{ "videoNotFound", GONE, GONE, E(PLATFORM), W(ACCOUNT_OWNER), 0,
	  "The uploaded video is no longer there; it is uploaded anew." },
	/* Why a video that was uploaded is not taken. */
	{ "codec", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "YouTube does not know the codec of the video." },
	{ "conversion", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "YouTube could not convert the video." },
	{ "emptyFile", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0, "The video is empty." },
	{ "invalidFile", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "YouTube does not take the format of the file." },
	{ "tooSmall", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "The video is too small for YouTube." },
	{ "uploadAborted", CONTENT, CONTENT, E(MEDIA_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The upload was cancelled at YouTube." },
	{ "claim", CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube rejected the video: somebody claims it." },
	{ "copyright", CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube rejected the video for a breach of copyright." },
	{ "duplicate", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube rejected the video: the channel has the very same already." },
	{ "inappropriate", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube rejected the video as inappropriate." },
	{ "legal", CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube rejected the video for legal reasons." },
	{ "length", CONTENT, CONTENT, E(MEDIA_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The video is too long for the channel; a channel verified by phone may go beyond 15 minutes." },
	{ "termsOfUse", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "YouTube rejected the video for a breach of its terms." },
	{ "trademark", CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube rejected the video for a breach of trademark." },
	{ NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0, NULL },
};

/* Where no reason is known, the HTTP status has to do. */
static const struct {
	int from, to;
	struct youtube_error_row row;
} statuses[] = {
	{ 401, 401, { NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "YouTube refuses the access token; connect the account again." } },
	{ 403, 403, { NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "YouTube does not allow this." } },
	{ 404, 404, { NULL, GONE, GONE, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube does not know the upload or the video any more." } },
	{ 408, 408, { NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0,
	  "YouTube did not get the whole call." } },
	{ 409, 409, { NULL, LATER, LATER, E(PLATFORM), W(PLATFORM), 0,
	  "Another change was under way at YouTube." } },
	{ 410, 410, { NULL, GONE, GONE, E(PLATFORM), W(PLATFORM), 0,
	  "YouTube does not know the upload or the video any more." } },
	{ 429, 429, { NULL, LATER, DOUBT, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "YouTube asks for fewer calls." } },
	{ 400, 499, { NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(OPERATOR), 0,
	  "YouTube refuses the call." } },
	{ 0,   999, { NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0,
	  "YouTube's answer did not arrive whole, or was none of its API." } },
};
/* clang-format on */

const struct youtube_error_row *youtube_error_find(const char *reason)
{
	const struct youtube_error_row *r = youtube_error_rows;

	while (reason && r->reason && strcmp(r->reason, reason) != 0)
		r++;
	return reason && r->reason ? r : NULL;
}

const struct youtube_error_row *youtube_error_status(int status)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(statuses) &&
	       (status < statuses[i].from || status > statuses[i].to))
		i++;
	return &statuses[i].row;
}

/* Midnight never falls into a gap of the clock there. */
int64_t youtube_quota_wait_s(int64_t now_us)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct civil wall;
	struct tz_answer answer;
	int64_t wait_us;

	if (tz_load("America/Los_Angeles", &tz) < 0)
		return (int64_t)12 * HOUR;
	tz_local(tz, now_us, &wall);
	wall.hour = wall.minute = wall.second = 0;
	/* The day after, by the calendar: the day of a change has 23 or 25 hours. */
	civil_from_us(civil_to_us(&wall) + (int64_t)DAY * US_PER_S, &wall);
	tz_resolve(tz, &wall, 0, &answer);
	wait_us = answer.us - now_us;
	return wait_us > US_PER_S ? (wait_us + US_PER_S - 1) / US_PER_S : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/error_words.h"
#include "platform/tiktok.h"

#include <string.h>

#include "base/cleanup.h"

#define MINUTE 60
#define HOUR   3600
#define DAY    86400

/*
 * Decided by code, not by HTTP status: TikTok's documents and its servers disagree on the status.
 * First match wins, so that spam_risk* stands behind the codes that it would cover. Column `fire`
 * is DOUBT only where TikTok itself does not know what became of the call.
 */
/* clang-format off */
const struct tiktok_error_row tiktok_error_rows[] = {
	/* Data calls. */
	{ "rate_limit_exceeded", LATER, LATER, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "TikTok's limit of calls per minute is reached." },
	{ "spam_risk_too_many_posts", LATER, LATER, E(RATE_LIMITED), W(PLATFORM), DAY,
	  "The account has used up what TikTok lets apps publish in 24 hours." },
	{ "spam_risk_too_many_pending_share", LATER, LATER, E(RATE_LIMITED), W(ACCOUNT_OWNER), DAY,
	  "Five drafts wait in the TikTok inbox; finish or discard some in the app." },
	{ "reached_active_user_cap", LATER, LATER, E(RATE_LIMITED), W(OPERATOR), DAY,
	  "The TikTok app has reached its daily number of posting users; it needs TikTok's audit." },
	{ "spam_risk_user_banned_from_posting", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "TikTok has banned the account from posting; open the app and settle it." },
	{ "spam_risk_text", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "TikTok holds the text for spam or finds a risky link in it." },
	{ "spam_risk*", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "TikTok holds the account's posting for spam; open the app and settle any warning." },
	{ "access_token_invalid", TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The access token is invalid or has expired; connect the account again." },
	{ "scope_not_authorized", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ "scope_permission_missed", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ "token_not_authorized_for_specified_publish_id", OPERATOR, OPERATOR, E(PLATFORM), W(OPERATOR), 0,
	  "The publication belongs to another account's token." },
	{ "unaudited_client_can_only_post_to_private_accounts", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The TikTok app is not audited: it may post to accounts that are private only." },
	{ "url_ownership_unverified", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "This server's public address is not verified in TikTok's developer portal; photos need that." },
	{ "app_version_check_failed", USER, USER, E(CONFIGURATION), W(ACCOUNT_OWNER), 0,
	  "The TikTok app on the person's phone is too old for drafts; it must be updated." },
	{ "privacy_level_option_mismatch", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU), 0,
	  "TikTok no longer offers the account the privacy level that was asked for; choose another." },
	{ "invalid_file_upload", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "TikTok does not take the file." },
	{ "invalid_publish_id", RESTAGE, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok does not know the publication." },
	{ "invalid_param*", CONTENT, CONTENT, E(CONTENT_REJECTED), W(OPERATOR), 0,
	  "TikTok refuses a parameter of the call." },
	{ "internal_error", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok reports an error on its own side." },
	/* Reasons of a publication that failed: nothing was posted. */
	{ "file_format_check_failed", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "TikTok does not take the format of the media." },
	{ "duration_check_failed", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "The video is too short or too long for TikTok." },
	{ "frame_rate_check_failed", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "TikTok does not take the frame rate; 23 to 60 frames a second are allowed." },
	{ "picture_size_check_failed", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU), 0,
	  "TikTok does not take the size of the picture." },
	{ "video_pull_failed", RESTAGE, RESTAGE, E(MEDIA_REJECTED), W(OPERATOR), 0,
	  "TikTok could not fetch the video from this server; check that the public address answers fast." },
	{ "photo_pull_failed", RESTAGE, RESTAGE, E(MEDIA_REJECTED), W(OPERATOR), 0,
	  "TikTok could not fetch a photo from this server; check that the public address answers fast." },
	{ "internal", RESTAGE, RESTAGE, E(PLATFORM), W(PLATFORM), 5 * MINUTE,
	  "TikTok failed to process the media for reasons of its own." },
	{ "publish_cancelled", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The publication was cancelled at TikTok." },
	{ "auth_removed", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The app was removed in TikTok's settings; connect the account again." },
	/* Login. */
	{ "access_denied", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "TikTok did not grant access." },
	{ "invalid_grant", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,
	  "The login has ended or was used already; connect the account again." },
	{ "invalid_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "TikTok refuses the client key or secret; check client_id and client_secret_file." },
	{ "unauthorized_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The TikTok app may not do this; check its products and permissions." },
	{ "invalid_scope", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "The TikTok app lacks a permission that is asked for; check scopes." },
	{ "invalid_request", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(YOU), 0,
	  "TikTok refused the login; start connecting again." },
	{ "unsupported_*", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR), 0,
	  "TikTok does not know this kind of login." },
	{ "server_error", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok is out of order for the moment." },
	{ "temporarily_unavailable", LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok is out of order for the moment." },
	{ NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok answered with an error that is not known here." },
};

/* Where no code came at all, the HTTP status has to do; who speaks then is not sure to be TikTok. */
static const struct tiktok_error_row status_network = { NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0,
	"TikTok's answer did not arrive whole, or was no answer of its API." };
static const struct tiktok_error_row status_throttled = { NULL, LATER, DOUBT, E(RATE_LIMITED), W(PLATFORM),
	MINUTE, "TikTok asks for fewer calls." };
static const struct tiktok_error_row status_token = { NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED),
	W(ACCOUNT_OWNER), 0, "TikTok refuses the access token; connect the account again." };

static const struct tiktok_upload_row uploads[] = {
	/* status   stage     fire */
	{ 400, 400, OPERATOR, OPERATOR, { NULL, OPERATOR, OPERATOR, E(PLATFORM), W(OPERATOR), 0,
	  "TikTok's upload host refuses the headers of a chunk." } },
	{ 403, 403, RESTAGE,    RESTAGE,    { NULL, RESTAGE, RESTAGE, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok's upload address has expired; the upload starts anew." } },
	{ 404, 404, RESTAGE,    DOUBT,    { NULL, RESTAGE, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok does not know the upload any more." } },
	{ 416, 416, LATER,    DOUBT,    { NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), 0,
	  "TikTok has other bytes of the upload than expected." } },
	{ 429, 429, LATER,    DOUBT,    { NULL, LATER, DOUBT, E(RATE_LIMITED), W(PLATFORM), MINUTE,
	  "TikTok asks for fewer calls." } },
	{ 0,   999, LATER,    DOUBT,    { NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0,
	  "The upload to TikTok broke off; it goes on where it stopped." } },
};
/* clang-format on */

static bool code_fits(const char *pattern, const char *code)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(pattern, code, len - 1) == 0;
	return strcmp(pattern, code) == 0;
}

const struct tiktok_error_row *tiktok_error_find(const char *code, int status)
{
	const struct tiktok_error_row *r = tiktok_error_rows;

	while (code && r->code && !code_fits(r->code, code))
		r++;
	if (code)
		return r;
	if (status == 429)
		return &status_throttled;
	return status == 401 ? &status_token : &status_network;
}

const struct tiktok_upload_row *tiktok_upload_find(int status)
{
	const struct tiktok_upload_row *r = uploads;

	while (r < &uploads[ARRAY_LEN(uploads) - 1] &&
	       (status < r->status_from || status > r->status_to))
		r++;
	return r;
}

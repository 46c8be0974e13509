/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/error_words.h"
#include "platform/instagram.h"

#define CODE_FIRST_SUBCODE \
	2207000 /* subcodes of publishing are unique whatever code they come with */
#define CODE_LAST_SUBCODE 2207999
#define HOUR              3600
#define DAY               86400

/*
 * Looked up by code and subcode in this order, first match wins; rows with an exact subcode
 * therefore stand first. Column `publish` says something other than DOUBT only where Meta's text
 * makes the error a rejection before any effect.
 */
/* clang-format off */
const struct instagram_error_row instagram_error_rows[] = {
	/* codes      subcode   elsewhere  publish    code                 who               retry  renew */
	{ -2, -2,     2207003,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(OPERATOR),      0,     3,
	  "Instagram timed out while it fetched the media from this server; check that the public address answers fast." },
	{ -2, -2,     2207020,  RESTAGE,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     2,
	  "Instagram let the prepared media expire; it is prepared again." },
	{ -1, -1,     2207001,  RESTAGE,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     3,
	  "Instagram reports an error on its own side." },
	{ -1, -1,     2207032,  RESTAGE,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     3,
	  "Instagram could not create the media container." },
	{ -1, -1,     2207053,  RESTAGE,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     3,
	  "Instagram failed to take the upload." },
	{ 1, 1,       2207057,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "The cover frame (thumb_offset) lies outside the video." },
	{ 4, 4,       2207051,  USER,      DOUBT,     E(CONTENT_REJECTED), W(ACCOUNT_OWNER), DAY,   0,
	  "Instagram blocked the action as suspected spam; open Instagram, settle any warning and wait a day." },
	{ 9, 9,       2207042,  QUOTA,     QUOTA,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "The account has used up what Instagram lets it publish in 24 hours." },
	{ 24, 24,     2207006,  RESTAGE,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     1,
	  "Instagram does not find the prepared media." },
	{ 24, 24,     2207008,  RESTAGE,     RESTAGE,     E(PLATFORM),         W(PLATFORM),      30,    2,
	  "Instagram does not know the prepared media, or it has expired." },
	{ 25, 25,     2207050,  USER,      DOUBT,     E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,     0,
	  "The Instagram account is restricted, inactive or at a checkpoint; open Instagram and settle it." },
	{ 100, 100,   33,       LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      30,    0,
	  "Instagram cannot read the object: it is too fresh, gone, or not permitted." },
	{ 100, 100,   36009,    RECONNECT, DOUBT,     E(TOKEN_EXPIRED),    W(YOU),           0,     0,
	  "The authorization code was used already; start connecting again." },
	{ 100, 100,   36007,    RECONNECT, DOUBT,     E(TOKEN_EXPIRED),    W(YOU),           0,     0,
	  "The authorization code has expired; start connecting again." },
	{ 100, 100,   36008,    OPERATOR,  DOUBT,     E(CONFIGURATION),    W(OPERATOR),      0,     0,
	  "The redirect address is not the one of the consent page; compare server.public_url with the app's settings at Meta." },
	{ 100, 100,   2207023,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(OPERATOR),      0,     0,
	  "Instagram does not know this media type." },
	{ 100, 100,   2207028,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "A carousel takes 2 to 10 items." },
	{ 100, 100,   2207035,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "A tagged user or its position is not acceptable." },
	{ 100, 100,   2207036,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "A tag on an image needs a position." },
	{ 100, 100,   2207037,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "A product tag is not acceptable." },
	{ 100, 100,   2207040,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "More than 20 tags." },
	{ 100, 100,   2207081,  CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,     0,
	  "Trial reels are not available to this account." },
	{ 352, 352,   2207026,  CONTENT,   DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     0,
	  "The video format is not supported; Instagram takes MP4 or MOV with H.264 or HEVC and AAC." },
	{ 9004, 9004, 2207052,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(OPERATOR),      0,     3,
	  "Instagram could not fetch the media from this server, or it is no media; check that the public address is reachable from the internet." },
	{ 9007, 9007, 2207027,  LATER,     LATER,     E(PLATFORM),         W(PLATFORM),      15,    0,
	  "Instagram has not finished processing the media." },
	{ 36000, 36000, 2207004, CONTENT,  DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     0,
	  "The image is larger than 8 MiB." },
	{ 36001, 36001, 2207005, CONTENT,  DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     0,
	  "The image format is not supported; Instagram takes JPEG." },
	{ 36003, 36003, 2207009, CONTENT,  DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     0,
	  "The aspect ratio lies outside 4:5 to 1.91:1." },
	{ 36004, 36004, 2207010, CONTENT,  DOUBT,     E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "The caption is too long." },
	{ 0, 0,       2207076,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     1,
	  "Instagram rejected the media while processing it: codec or ratio, or its address did not answer." },
	{ 0, 0,       2207077,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(OPERATOR),      0,     3,
	  "Instagram failed to download the video." },
	{ 0, 0,       2207082,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     1,
	  "Instagram failed to take the video; often it is too large or its sound is at fault." },
	{ 0, 0,       2207085,  CONTENT,   DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     0,
	  "Instagram cannot process the video." },
	{ 0, 0,       1363008,  RESTAGE,     DOUBT,     E(MEDIA_REJECTED),   W(YOU),           0,     2,
	  "Instagram did not take the upload." },
	{ 190, 190,   458,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The app was removed at Facebook; connect the account again." },
	{ 190, 190,   459,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "Facebook holds the person at a checkpoint; log in there, settle it and connect the account again." },
	{ 190, 190,   460,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The password was changed; connect the account again." },
	{ 190, 190,   464,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The person is not confirmed at Facebook; connect the account again." },
	{ 190, 190,   467,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The access token was invalidated; connect the account again." },
	{ 190, 190,   492,      RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The person has no role on the Facebook page any more; connect the account again." },
	{ 190, 190,   INSTAGRAM_ANY, TOKEN, TOKEN,    E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,     0,
	  "The access token is invalid or has expired; connect the account again." },
	{ 102, 102,   INSTAGRAM_ANY, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,   0,
	  "The login has ended; connect the account again." },
	{ 104, 104,   INSTAGRAM_ANY, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),      0,     0,
	  "Meta refuses the call's token or proof; check client_secret_file." },
	{ 101, 101,   INSTAGRAM_ANY, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),      0,     0,
	  "Meta does not know the app; check client_id." },
	{ 10, 10,     INSTAGRAM_ANY, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,   0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 200, 299,   INSTAGRAM_ANY, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER), 0,   0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 3, 3,       INSTAGRAM_ANY, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),      0,     0,
	  "The app lacks a capability; check its review state at Meta." },
	{ 368, 368,   INSTAGRAM_ANY, USER, DOUBT,     E(CONTENT_REJECTED), W(ACCOUNT_OWNER), DAY,   0,
	  "Instagram has blocked the account for a while; open Instagram, settle any warning and wait a day." },
	{ 506, 506,   INSTAGRAM_ANY, CONTENT, DOUBT,  E(CONTENT_REJECTED), W(YOU),           0,     0,
	  "Instagram says that this was posted already." },
	{ 4, 4,       0,        LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this app is reached." },
	{ 17, 17,     0,        LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this person is reached." },
	{ 32, 32,     0,        LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this page is reached." },
	{ 613, 613,   0,        LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this call is reached." },
	{ 80001, 80002, 0,      LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this account is reached." },
	{ 4, 4,       INSTAGRAM_ANY, LATER, DOUBT,    E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this app is reached." },
	{ 80001, 80002, INSTAGRAM_ANY, LATER, DOUBT,  E(RATE_LIMITED),     W(PLATFORM),      HOUR,  0,
	  "Instagram's rate limit for this account is reached." },
	{ 1, 2,       INSTAGRAM_ANY, LATER, DOUBT,    E(PLATFORM),         W(PLATFORM),      0,     0,
	  "Instagram is out of order for the moment." },
	{ -2, -1,     INSTAGRAM_ANY, RESTAGE, DOUBT,    E(PLATFORM),         W(PLATFORM),      0,     3,
	  "Instagram reports an error on its own side." },
	{ 24, 24,     INSTAGRAM_ANY, RESTAGE, DOUBT,    E(PLATFORM),         W(PLATFORM),      0,     1,
	  "Instagram does not find the prepared media." },
	{ 100, 100,   INSTAGRAM_ANY, CONTENT, DOUBT,  E(CONTENT_REJECTED), W(OPERATOR),      0,     0,
	  "Instagram refuses a parameter of the call." },
	{ 0, 0,       0,        LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     0,
	  "Instagram answered with an error that is not known here." },
	{ 0, 0,       0,        LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,     0, NULL },
};

/* Where no Graph error came at all, the HTTP status has to do. */
static const struct instagram_error_row network_row = {
	0, 0, 0, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0, 0,
	"Instagram's answer did not arrive whole, or was no answer of its API.",
};
static const struct instagram_error_row throttled_row = {
	0, 0, 0, LATER, DOUBT, E(RATE_LIMITED), W(PLATFORM), HOUR, 0,
	"Instagram asks for fewer calls.",
};
/* clang-format on */

static bool row_matches(const struct instagram_error_row *r, int code, int subcode)
{
	bool is_unique = subcode >= CODE_FIRST_SUBCODE && subcode <= CODE_LAST_SUBCODE;
	bool has_code = code >= r->code_from && code <= r->code_to;

	if (r->subcode > 0)
		return r->subcode == subcode && (has_code || is_unique || r->code_from == 0);
	if (!has_code || code == 0)
		return false;
	return r->subcode == INSTAGRAM_ANY || subcode == 0;
}

const struct instagram_error_row *instagram_error_find(int code, int subcode, int status)
{
	const struct instagram_error_row *r = instagram_error_rows;

	for (; r->sentence; r++) {
		if (row_matches(r, code, subcode))
			return r;
	}
	if (status == 429)
		return &throttled_row;
	if (code == 0 && subcode == 0)
		return &network_row;
	return r - 1;
}

int instagram_status_subcode(const char *status)
{
	for (const char *at = status; at && *at; at++) {
		char *end;
		long n;

		if (*at < '0' || *at > '9')
			continue;
		n = strtol(at, &end, 10);
		if (end - at == 7)
			return (int)n;
		at = end - 1;
	}
	return 0;
}

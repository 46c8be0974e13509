/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "platform/error_words.h"
#include "platform/pinterest.h"

/*
 * Looked up in this order, first match wins; rows with words therefore stand before those without.
 * Column `pin` says something other than DOUBT only where the error is a rejection before any
 * effect. A stale token waits for its renewal, which the runner looks for every few seconds.
 */
/* clang-format off */
#define ANY PINTEREST_ANY
const struct pinterest_error_row pinterest_error_rows[] = {
	/* http code  words                            elsewhere  pin        error                who               retry */
	{ 400,  1,    "could not fetch",               FETCH,     FETCH,     E(MEDIA_REJECTED),   W(OPERATOR),      0,
	  "Pinterest could not fetch the image from this server; check that the public address is reachable from the internet." },
	{ 400,  ANY,  "unable to reach the url",       FETCH,     FETCH,     E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest could not reach the link or the media address." },
	{ 400,  ANY,  "width/height ratio",            CONTENT,   CONTENT,   E(MEDIA_REJECTED),   W(YOU),           0,
	  "All images of a pin must have the same ratio of width to height." },
	{ 400,  ANY,  "doesn't allow you to save",     CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "The site that the link leads to does not allow pins." },
	{ 400,  ANY,  "cover_image",                   CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(OPERATOR),      0,
	  "Pinterest refuses the cover of the video." },
	{ 400,  ANY,  "media not found",               RESTAGE,     RESTAGE,     E(PLATFORM),         W(PLATFORM),      30,
	  "Pinterest does not find the uploaded video; it is uploaded again." },
	{ 404,  ANY,  "media",                         RESTAGE,     RESTAGE,     E(PLATFORM),         W(PLATFORM),      30,
	  "Pinterest does not find the uploaded video; it is uploaded again." },
	{ 400,  1,    NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest refuses a value of the pin." },
	{ 400,  400,  NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest refuses a value of the pin." },
	{ 401,  2,    NULL,                            TOKEN,     TOKEN,     E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 10,
	  "The access token is not valid here; connect the account again. A token of Pinterest's sandbox does not work elsewhere." },
	{ 401,  3,    "consumer type",                 OPERATOR,  OPERATOR,  E(CONFIGURATION),    W(OPERATOR),      0,
	  "Pinterest has not approved the app for this call; check its access tier at Pinterest." },
	{ 403,  3,    "consumer type",                 OPERATOR,  OPERATOR,  E(CONFIGURATION),    W(OPERATOR),      0,
	  "Pinterest has not approved the app for this call; check its access tier at Pinterest." },
	{ 401,  3,    "trial access",                  OPERATOR,  OPERATOR,  E(CONFIGURATION),    W(OPERATOR),      0,
	  "The app has Trial access only; ask Pinterest for Standard access, or set api_base to Pinterest's sandbox." },
	{ 403,  ANY,  "trial access",                  OPERATOR,  OPERATOR,  E(CONFIGURATION),    W(OPERATOR),      0,
	  "The app has Trial access only; ask Pinterest for Standard access, or set api_base to Pinterest's sandbox." },
	{ 401,  3,    NULL,                            RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403,  3,    NULL,                            RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 401,  7,    NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 0,
	  "The account may not use this board or pin." },
	{ 401,  ANY,  "permission to edit that board", CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "The account may not pin to this board; choose another one." },
	{ 403,  ANY,  "image is too small",            CONTENT,   CONTENT,   E(MEDIA_REJECTED),   W(YOU),           0,
	  "The image is too small." },
	{ 403,  ANY,  "scope",                         RECONNECT, RECONNECT, E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 0,
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403,  29,   NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "The account may not use this board or pin; choose another board." },
	{ 403,  403,  NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "The account may not use this board or pin; choose another board." },
	{ 404,  40,   NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest does not find the board; reload the boards and choose another one." },
	{ 404,  404,  NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest does not find the board; reload the boards and choose another one." },
	{ 404,  2031, NULL,                            CONTENT,   CONTENT,   E(CONTENT_REJECTED), W(YOU),           0,
	  "Pinterest does not find the section of the board." },
	{ 404,  50,   NULL,                            CONTENT,   DOUBT,     E(CONTENT_REJECTED), W(PLATFORM),      0,
	  "Pinterest does not find the pin." },
	{ 408,  ANY,  NULL,                            LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      30,
	  "Pinterest timed out while it took the media." },
	{ 409,  ANY,  NULL,                            LATER,     LATER,     E(PLATFORM),         W(PLATFORM),      5,
	  "The board was changed at the same moment." },
	{ 429,  ANY,  "spam",                          USER,      USER,      E(CONTENT_REJECTED), W(ACCOUNT_OWNER), 86400,
	  "Pinterest takes the account's pins for spam; open Pinterest, settle any warning and wait a day." },
	{ 429,  8,    NULL,                            LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      60,
	  "Pinterest's rate limit is reached." },
	{ 429,  429,  NULL,                            LATER,     LATER,     E(RATE_LIMITED),     W(PLATFORM),      60,
	  "Pinterest's rate limit is reached." },
	{ 429,  ANY,  NULL,                            LATER,     DOUBT,     E(RATE_LIMITED),     W(PLATFORM),      60,
	  "Pinterest asks for fewer calls." },
	{ 401,  ANY,  NULL,                            TOKEN,     DOUBT,     E(TOKEN_EXPIRED),    W(ACCOUNT_OWNER), 10,
	  "Pinterest does not accept the access token; connect the account again." },
	{ ANY,  ANY,  NULL,                            LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0,
	  "Pinterest answered with an error that is not known here." },
	{ ANY,  ANY,  NULL,                            LATER,     DOUBT,     E(PLATFORM),         W(PLATFORM),      0, NULL },
};

/* Where no error object came at all, the HTTP status has to do. */
static const struct pinterest_error_row network_row = {
	ANY, ANY, NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM), 0,
	"Pinterest's answer did not arrive whole, or was no answer of its API.",
};
static const struct pinterest_error_row throttled_row = {
	429, ANY, NULL, LATER, DOUBT, E(RATE_LIMITED), W(PLATFORM), 60,
	"Pinterest asks for fewer calls.",
};
/* clang-format on */

static bool row_matches(const struct pinterest_error_row *r, int status, int code,
			const char *message)
{
	return (r->status == PINTEREST_ANY || r->status == status) &&
	       (r->code == PINTEREST_ANY || r->code == code) &&
	       (!r->words || strcasestr(message, r->words));
}

const struct pinterest_error_row *pinterest_error_find(int status, int code, const char *message)
{
	if (!message)
		return status == 429 ? &throttled_row : &network_row;
	for (const struct pinterest_error_row *r = pinterest_error_rows; r->sentence; r++) {
		if (row_matches(r, status, code, message))
			return r;
	}
	return &network_row;
}

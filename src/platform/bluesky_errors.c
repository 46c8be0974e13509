/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/bluesky.h"
#include "platform/error_words.h"

/*
 * The first row that fits counts. For a fire, what the server refuses in its own words with a 4xx
 * comes before anything is written; all else is a doubt. InvalidSwap is the server's word that a
 * record stands under our key already.
 */
/* clang-format off */
static const struct bluesky_error_row rows[] = {
	{ 0, "use_dpop_nonce", NULL, LATER, LATER, E(PLATFORM), W(PLATFORM),
	  "The server wants a proof with its latest nonce." },
	{ 0, "invalid_dpop_proof", NULL, LATER, LATER, E(PLATFORM), W(PLATFORM),
	  "The server did not accept the proof of possession; a fresh one is made." },
	{ 0, "ExpiredToken", NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The access token has expired." },
	{ 0, "InvalidToken", NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server does not accept the access token." },
	{ 0, "invalid_token", NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server does not accept the access token." },
	{ 0, "AuthMissing", NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server found no access token." },
	{ 0, "AccountTakedown", NULL, USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The account has been taken down; settle it with the server's operator." },
	{ 0, "AccountDeactivated", NULL, USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The account is deactivated; its owner can activate it again." },
	{ 0, "RepoDeactivated", NULL, USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The account is deactivated; its owner can activate it again." },
	{ 0, "RepoTakendown", NULL, USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The account has been taken down; settle it with the server's operator." },
	{ 0, "InvalidSwap", NULL, CONTENT, DUPLICATE, E(UNKNOWN), W(PLATFORM),
	  "A record stands under this post's key already." },
	{ 0, "ScopeMissingError", NULL, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403, NULL, NULL, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server does not let this app do that; connect the account again." },
	{ 401, NULL, NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server does not accept the access token." },
	{ 429, NULL, NULL, LATER, LATER, E(RATE_LIMITED), W(PLATFORM),
	  "The server asks for fewer calls." },
	{ 0, "BlobTooLarge", NULL, CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The file is too large for the account's server." },
	{ 413, NULL, NULL, CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The file is too large for the account's server." },
	{ 400, NULL, "Could not find blob", MEDIA, MEDIA, E(MEDIA_REJECTED), W(PLATFORM),
	  "The server has no longer the uploaded files." },
	{ 0, "BlobNotFound", NULL, MEDIA, MEDIA, E(MEDIA_REJECTED), W(PLATFORM),
	  "The server has no longer the uploaded files." },
	{ 400, NULL, "too large", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "An uploaded file is larger than posts may have." },
	{ 0, "BlobTypeMismatch", NULL, CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "An uploaded file is of another type than its post says." },
	{ 0, "InvalidMimeType", NULL, CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The server does not take files of this type in posts." },
	{ 0, "RecordNotFound", NULL, CONTENT, DOUBT, E(CONTENT_REJECTED), W(YOU),
	  "The post that is replied to or quoted does not exist." },
	{ 400, NULL, "Could not locate record", CONTENT, DOUBT, E(CONTENT_REJECTED), W(YOU),
	  "The post that is replied to or quoted does not exist." },
	{ 408, NULL, NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM),
	  "The server waited for the request in vain." },
	{ 400, NULL, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server refuses the post as invalid." },
	{ 404, NULL, NULL, CONTENT, DOUBT, E(CONFIGURATION), W(ACCOUNT_OWNER),
	  "The account's server does not know this call; it may be no Personal Data Server any more." },
	{ 0, NULL, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM),
	  "The server is out of order, or its answer did not arrive whole." },
	{ 0, NULL, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), NULL },
};
/* clang-format on */

static bool row_fits(const struct bluesky_error_row *row, const struct bluesky_reply *r)
{
	return (row->status == 0 || row->status == r->status) &&
	       (!row->name || strcmp(row->name, r->name) == 0) &&
	       (!row->words || (r->message && strstr(r->message, row->words)));
}

const struct bluesky_error_row *bluesky_error_find(const struct bluesky_reply *r)
{
	const struct bluesky_error_row *row = rows;

	while (row[1].sentence && !row_fits(row, r))
		row++;
	return row;
}

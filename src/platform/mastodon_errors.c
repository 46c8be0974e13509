/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/error_words.h"
#include "platform/mastodon.h"

/*
 * The first row that fits counts; most are for what the API itself says, in its own shape: a proxy
 * that answers in its place may be gone the next time. For a fire, only a refusal in Mastodon's own
 * shape is proof that there is no status (mastodon_publish.c asks for it); what the server may say
 * after it has begun to work, and all that stands between us and it, is a doubt. Tokens do not
 * expire and cannot be renewed: a refused one is gone.
 */
/* clang-format off */
const struct mastodon_error_row mastodon_error_rows[] = {
	{ 401, "invalid_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The server does not know the registration that the account was connected with; connect the account again." },
	{ 401, NULL, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The server does not take the access token any more; connect the account again." },
	{ 403, "outside the authorized scopes", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403, "insufficient", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403, "login", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The server lets this account do nothing at present (disabled, unconfirmed or awaiting approval); settle it there." },
	{ 403, "suspended", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "The server has suspended the account; settle it there." },
	{ 403, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server does not allow this post." },
	{ 429, NULL, LATER, LATER, E(RATE_LIMITED), W(PLATFORM),
	  "The server asks for fewer calls." },
	{ 422, "not finished processing", MEDIA, MEDIA, E(MEDIA_REJECTED), W(PLATFORM),
	  "The server still works on the media." },
	{ 422, "not found or already attached", MEDIA, MEDIA, E(MEDIA_REJECTED), W(PLATFORM),
	  "The server does not know the uploaded media any more." },
	{ 422, "attach", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The server does not take these media together." },
	{ 422, "File", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The server does not take the file." },
	{ 422, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server refuses the post as invalid." },
	{ 413, NULL, CONTENT, DOUBT, E(MEDIA_REJECTED), W(YOU),
	  "The file is too large for the server." },
	{ 404, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server does not find the post that is replied to." },
	{ 410, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server says that it is gone." },
	{ 400, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server refuses the request as invalid." },
	{ 406, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "The server refuses the request as invalid." },
	{ 408, NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM),
	  "The server waited for the request in vain." },
	{ 0, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM),
	  "The server is out of order, or its answer did not arrive whole." },
	{ 0, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), NULL },
};
/* clang-format on */

/* What proxies say as well, in words of their own. */
static bool is_anybodys(int status)
{
	return status == 0 || status == 408 || status == 413 || status == 429;
}

static bool row_fits(const struct mastodon_error_row *row, const struct mastodon_reply *r)
{
	return (row->status == 0 || row->status == r->status) &&
	       (r->is_spoken || is_anybodys(row->status)) &&
	       (!row->words || strstr(r->words, row->words));
}

const struct mastodon_error_row *mastodon_error_find(const struct mastodon_reply *r)
{
	const struct mastodon_error_row *row = mastodon_error_rows;

	while (row[1].sentence && !row_fits(row, r))
		row++;
	return row;
}

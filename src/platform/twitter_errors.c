/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/error_words.h"
#include "platform/twitter.h"

/*
 * The first row that fits counts. For a fire, only what X's API itself refuses before it creates a
 * post is proof that there is none; all else is a doubt.
 */
/* clang-format off */
const struct twitter_error_row twitter_error_rows[] = {
	{ 401, NULL, "invalid_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "X refuses the app's id or secret; check client_id and client_secret_file." },
	{ 401, NULL, "unauthorized_client", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "X refuses the app's id or secret; check client_id and client_secret_file." },
	{ 401, NULL, NULL, TOKEN, TOKEN, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The access token is invalid or has expired." },
	{ 402, NULL, NULL, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app has no credit left at X; top it up in X's developer console." },
	{ 0, "credits", NULL, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app has no credit left at X; top it up in X's developer console." },
	{ 0, "usage-capped", NULL, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app has reached its usage cap at X." },
	{ 429, NULL, NULL, LATER, LATER, E(RATE_LIMITED), W(PLATFORM),
	  "X asks for fewer calls." },
	{ 400, NULL, "media IDs are invalid", MEDIA, MEDIA, E(MEDIA_REJECTED), W(PLATFORM),
	  "X does not accept the uploaded media." },
	{ 400, NULL, "Segments do not add up", MEDIA, DOUBT, E(MEDIA_REJECTED), W(PLATFORM),
	  "X has not received the whole file." },
	{ 403, NULL, "duplicate content", CONTENT, DUPLICATE, E(CONTENT_REJECTED), W(YOU),
	  "X refuses a text that this account has posted recently; change the text." },
	{ 403, NULL, "Authenticating with Unknown", LATER, LATER, E(PLATFORM), W(PLATFORM),
	  "X mistook the kind of the access token; that passes." },
	{ 403, "unsupported-authentication", NULL, RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "The access token is of the wrong kind; connect the account again." },
	{ 403, "oauth1-permissions", NULL, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app at X may only read; give it write permission and connect again." },
	{ 403, "client-forbidden", NULL, OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app at X is not allowed to call this; attach it to a project." },
	{ 403, NULL, "attached to a Project", OPERATOR, OPERATOR, E(CONFIGURATION), W(OPERATOR),
	  "The app at X is not allowed to call this; attach it to a project." },
	{ 403, NULL, "suspended", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "X has suspended the account; settle it at X." },
	{ 403, NULL, "temporarily locked", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "X has locked the account; log in at X and unlock it." },
	{ 403, NULL, "not permitted to access this feature", USER, USER, E(CONTENT_REJECTED), W(ACCOUNT_OWNER),
	  "X does not let this account use the feature." },
	{ 403, NULL, "longer than 2 minutes", CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "X does not let this account post a video of that length." },
	{ 403, NULL, "not permitted to perform this action", CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "X does not permit this post: a reply to somebody who did not mention the account, or a quote." },
	{ 403, "about:blank", "Forbidden: Forbidden", RECONNECT, RECONNECT, E(TOKEN_EXPIRED), W(ACCOUNT_OWNER),
	  "A permission is missing; connect the account again and grant all that is asked for." },
	{ 403, NULL, NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "X does not allow this post." },
	{ 413, NULL, NULL, CONTENT, CONTENT, E(MEDIA_REJECTED), W(YOU),
	  "The file is too large for X." },
	{ 431, NULL, NULL, CONTENT, DOUBT, E(MEDIA_REJECTED), W(PLATFORM),
	  "X refuses the size of the request." },
	{ 404, "resource-not-found", NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "X does not find the post that is replied to or quoted." },
	{ 400, "invalid-request", NULL, CONTENT, CONTENT, E(CONTENT_REJECTED), W(YOU),
	  "X refuses the request as invalid." },
	{ 400, NULL, NULL, CONTENT, DOUBT, E(CONTENT_REJECTED), W(YOU),
	  "X refuses the request as invalid." },
	{ 0, NULL, "InvalidMedia", CONTENT, DOUBT, E(MEDIA_REJECTED), W(YOU),
	  "X cannot process the file." },
	{ 408, NULL, NULL, LATER, DOUBT, E(NETWORK), W(PLATFORM),
	  "X waited for the request in vain." },
	{ 0, NULL, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM),
	  "X is out of order, or its answer did not arrive whole." },
	{ 0, NULL, NULL, LATER, DOUBT, E(PLATFORM), W(PLATFORM), NULL },
};
/* clang-format on */

static bool row_fits(const struct twitter_error_row *row, const struct twitter_reply *r)
{
	return (row->status == 0 || row->status == r->status) &&
	       (!row->type || strcmp(row->type, r->type) == 0) &&
	       (!row->words || strstr(r->words, row->words));
}

const struct twitter_error_row *twitter_error_find(const struct twitter_reply *r)
{
	const struct twitter_error_row *row = twitter_error_rows;

	while (row[1].sentence && !row_fits(row, r))
		row++;
	return row;
}

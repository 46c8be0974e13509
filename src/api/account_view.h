/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account_view - accounts as clients see them, and how one leaves
 * Layer api.
 */
#ifndef CARILLON_API_ACCOUNT_VIEW_H
#define CARILLON_API_ACCOUNT_VIEW_H

#include "http/router.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "json/schema.h"

extern const struct schema account_schema;

void account_emit(struct emit *e, const char *key, const struct account *a);
/* {id, remote_id, username, display_name, avatar_url} */
void account_emit_short(struct emit *e, const char *key, const struct account *a);
/* Words of a list (split at spaces) as a JSON array. */
void words_emit(struct emit *e, const char *key, const char *words);

extern const struct query_param accounts_query[]; /* of a list of accounts */
/* The page that such a query means, of accounts that the caller may see. */
int accounts_page(struct request *req, struct accounts *ret, struct problem *reterr);

/* One account that the caller may see; PROBLEM_NOT_FOUND for all others. */
int account_find(struct request *req, const char *id, struct account *ret, struct problem *reterr);

struct account_leave {
	int64_t disconnected, paused_posts;
	bool revoked;
};
/*
 * Tokens gone, posts paused, then the platform is told, as far as it takes the word and no other
 * connected account lives by the same grant. Sums up into *ret. Already gone: nothing to add.
 */
int account_leave(struct request *req, const struct account *a, struct account_leave *ret,
		  struct problem *reterr);

#endif

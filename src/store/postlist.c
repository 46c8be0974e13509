/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/posts.h"

/* The ways into the list, each by an index that ends in (due_at, id). */
enum way { BY_DUE, BY_OVER, BY_STATUS, BY_ACCOUNT, BY_CHARACTER, BY_CONTENT, WAYS };

#define SELECT "SELECT " STORE_POSTS_COLUMNS " FROM posts "
#define FILTERS                                                                    \
	"AND due_at >= ? AND due_at < ? AND (? IS NULL OR FIND_IN_SET(state, ?)) " \
	"AND (? IS NULL OR platform = ?) AND (? IS NULL OR account_id = ?) "       \
	"AND (? IS NULL OR character_id = ?) "                                     \
	"AND (? IS NULL OR FIND_IN_SET(account_id, ?)) AND (? IS NULL OR livemode = ?) "
#define UP    "AND due_at >= ? AND (due_at > ? OR id > ?) ORDER BY due_at, id LIMIT ?"
#define DOWN  "AND due_at <= ? AND (due_at < ? OR id < ?) ORDER BY due_at DESC, id DESC LIMIT ?"
#define BINDS "ssttssssssssssIIttsi"

/* Two for each way, in the order of enum way. */
const struct stmt store_postlist_statements[] = {
	{ "posts.list_due_up", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_due) WHERE workspace_id = ? AND ? IS NULL " FILTERS UP, NULL },
	{ "posts.list_due_down", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_due) WHERE workspace_id = ? AND ? IS NULL " FILTERS DOWN, NULL },
	{ "posts.list_over_up", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_over) WHERE workspace_id = ? AND is_over = ? " FILTERS UP, NULL },
	{ "posts.list_over_down", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_over) WHERE workspace_id = ? AND is_over = ? " FILTERS DOWN,
	  NULL },
	{ "posts.list_status_up", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_status) WHERE workspace_id = ? AND status = ? " FILTERS UP,
	  NULL },
	{ "posts.list_status_down", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_status) WHERE workspace_id = ? AND status = ? " FILTERS DOWN,
	  NULL },
	{ "posts.list_account_up", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_account) WHERE workspace_id = ? AND account_id = ? " FILTERS UP,
	  NULL },
	{ "posts.list_account_down", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_account) WHERE workspace_id = ? AND account_id = ? " FILTERS DOWN,
	  NULL },
	{ "posts.list_character_up", STMT_WORKSPACE, BINDS,
	  SELECT
	  "FORCE INDEX (by_character) WHERE workspace_id = ? AND character_id = ? " FILTERS UP,
	  NULL },
	{ "posts.list_character_down", STMT_WORKSPACE, BINDS,
	  SELECT
	  "FORCE INDEX (by_character) WHERE workspace_id = ? AND character_id = ? " FILTERS DOWN,
	  NULL },
	{ "posts.list_content_up", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_content) WHERE workspace_id = ? AND content_id = ? " FILTERS UP,
	  NULL },
	{ "posts.list_content_down", STMT_WORKSPACE, BINDS,
	  SELECT "FORCE INDEX (by_content) WHERE workspace_id = ? AND content_id = ? " FILTERS DOWN,
	  NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

const char *post_states_print(uint64_t states, char ret[static POST_STATES_TEXT_MAX])
{
	size_t used = 0;

	ret[0] = 0;
	for (unsigned i = 0; i < POST_STATES; i++)
		if (states & (UINT64_C(1) << i))
			used += (size_t)snprintf(ret + used, POST_STATES_TEXT_MAX - used, "%s%s",
						 used ? "," : "",
						 post_state_name((enum post_state)i));
	return ret;
}

/* The one status that all of the states belong to; NULL there is none. */
static const char *status_of(uint64_t states)
{
	const char *status = NULL;

	for (unsigned i = 0; i < POST_STATES; i++) {
		const char *one = post_status_a((enum post_state)i);

		if (!(states & (UINT64_C(1) << i)))
			continue;
		if (status && strcmp(status, one) != 0)
			return NULL;
		status = one;
	}
	return status;
}

static bool is_over(uint64_t states)
{
	for (unsigned i = 0; i < POST_STATES; i++) {
		if ((states & (UINT64_C(1) << i)) && !post_state_is_terminal((enum post_state)i))
			return false;
	}
	return states != 0;
}

/* The narrowest first: few posts are pending or failed, many of an account may be over. */
static enum way choose(const struct post_query *q, const char **ret_key)
{
	const char *status = status_of(q->states);
	const bool is_few = status && strcmp(status, "published") != 0;
	const struct {
		const char *key;
		enum way way;
	} ways[] = {
		{ q->content_id, BY_CONTENT }, { is_few ? status : NULL, BY_STATUS },
		{ q->account_id, BY_ACCOUNT }, { q->character_id, BY_CHARACTER },
		{ status, BY_STATUS },         { is_over(q->states) ? "1" : NULL, BY_OVER },
	};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		*ret_key = ways[i].key;
		if (ways[i].key)
			return ways[i].way;
	}
	return BY_DUE;
}

static int query(struct db *db, const char *ws, const struct post_query *q, struct rows **ret,
		 struct problem *reterr)
{
	const struct page everything = { .descending = true };
	char buffer[POST_STATES_TEXT_MAX];
	const char *states = q->states ? post_states_print(q->states, buffer) : NULL;
	const int64_t mode = livemode_bind(q->livemode);
	const int64_t from_us = q->from_us == INSTANT_NONE ? 0 : q->from_us;
	const int64_t to_us = q->to_us == INSTANT_NONE ? page_start_us(&everything) : q->to_us;
	const int64_t start_us = page_start_us(&q->page);
	const char *key;
	const enum way way = choose(q, &key);

	return db_query(db, &store_postlist_statements[way * 2 + q->page.descending], ret, reterr,
			ws, key, from_us, to_us, states, states, q->platform, q->platform,
			q->account_id, q->account_id, q->character_id, q->character_id,
			q->account_ids, q->account_ids, mode, mode, start_us, start_us,
			page_start_id(&q->page), (int64_t)page_rows(&q->page));
}

static void read_listed(const struct rows *r, struct arena *a, void *to)
{
	store_posts_read(r, 0, a, to);
}

int store_posts_list(struct db *db, const char *ws, const struct post_query *q, struct arena *a,
		     struct posts *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct post), read_listed };
	struct page_list list;
	struct rows *r = NULL;

	if (query(db, ws, q, &r, reterr) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct posts){ list.v, list.n, list.has_more };
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/plans.h"

#include "db/conn.h"
#include "store/guard.h"

enum { LOCK, READ, OPEN, BY_ACCOUNT, BY_CHARACTER };

/* A post that failed or was missed leaves its time free, but not its content: a person decides. */
#define STANDS "state NOT IN ('cancelled', 'failed', 'missed') "
#define PLACE  "CONCAT(p.platform, IF(p.livemode, '+', '-'))"
#define POSTS_OF_CONTENT                                                               \
	"FROM posts p FORCE INDEX (by_content) WHERE p.workspace_id = c.workspace_id " \
	"AND p.content_id = c.id AND p.state <> 'cancelled' AND FIND_IN_SET(" PLACE ", ?)"

const struct stmt store_plans_statements[] = {
	/* Several characters may share an account, of which each must see what the other planned. */
	[LOCK] = { "plans.lock", STMT_WORKSPACE, "s",
		   "SELECT COUNT(*) FROM characters WHERE workspace_id = ? FOR UPDATE", NULL },
	[READ] = { "plans.read", STMT_WORKSPACE, "ss",
		   "SELECT COALESCE(c.timezone, (SELECT w.timezone FROM workspaces w "
		   "WHERE w.id = c.workspace_id)), c.schedule, c.default_accounts "
		   "FROM characters c WHERE c.workspace_id = ? AND c.id = ?",
		   NULL },
	[OPEN] = { "plans.open", STMT_WORKSPACE, "ssssii",
		   "SELECT c.id, (SELECT GROUP_CONCAT(DISTINCT " PLACE ") " POSTS_OF_CONTENT ") "
		   "FROM contents c FORCE INDEX (by_open) "
		   "WHERE c.workspace_id = ? AND c.character_id = ? AND c.state = 'approved' "
		   "AND c.approved_revision = c.revision "
		   "AND (SELECT COUNT(DISTINCT " PLACE ") " POSTS_OF_CONTENT ") < ? "
		   "ORDER BY c.id LIMIT ?",
		   NULL },
	[BY_ACCOUNT] = { "plans.by_account", STMT_WORKSPACE, "sstt",
			 "SELECT due_at FROM posts FORCE INDEX (by_account) "
			 "WHERE workspace_id = ? AND account_id = ? AND due_at BETWEEN ? AND ? "
			 "AND " STANDS "ORDER BY due_at",
			 NULL },
	[BY_CHARACTER] = { "plans.by_character", STMT_WORKSPACE, "sstt",
			   "SELECT due_at FROM posts FORCE INDEX (by_character) "
			   "WHERE workspace_id = ? AND character_id = ? AND due_at BETWEEN ? AND ? "
			   "AND " STANDS "ORDER BY due_at",
			   NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_plans_statements[x])

int store_plans_read(struct db *db, const char *ws, const char *character_id, struct arena *a,
		     struct plan_character *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(READ), &r, reterr, ws, character_id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("character", character_id, reterr);
	*ret = (struct plan_character){
		.timezone = rows_dup(r, 0, a),
		.schedule = rows_dup(r, 1, a),
		.default_accounts = rows_dup(r, 2, a),
	};
	rows_end(r);
	return 0;
}

int store_plans_lock(struct db *db, const char *ws, const char *character_id, struct arena *a,
		     struct plan_character *ret, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(LOCK), &r, reterr, ws) != 1)
		return -1;
	rows_end(r);
	return store_plans_read(db, ws, character_id, a, ret, reterr);
}

int store_plans_open(struct db *db, const char *ws, const struct plan_wish *in, struct arena *a,
		     struct plan_items *ret, struct problem *reterr)
{
	struct plan_items list = { .v = arena_array(a, in->most + 1, sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(OPEN), &r, reterr, in->places, ws, in->character_id, in->places,
		     (int64_t)in->places_n, (int64_t)in->most + 1) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list.v[list.n++] = (struct plan_item){ rows_dup(r, 0, a), rows_dup(r, 1, a) };
	rows_end(r);
	if (got < 0)
		return -1;
	list.has_more = list.n > in->most;
	list.n -= list.has_more;
	*ret = list;
	return 0;
}

int store_plans_taken(struct db *db, const char *ws, const struct plan_span *in, struct arena *a,
		      struct plan_times *ret, struct problem *reterr)
{
	const bool by_account = in->account_id != NULL;
	struct plan_times list = { 0 };
	struct rows *r = NULL;
	size_t room = 0;
	int got;

	if (db_query(db, ROW(by_account ? BY_ACCOUNT : BY_CHARACTER), &r, reterr, ws,
		     by_account ? in->account_id : in->character_id, in->from_us, in->to_us) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (list.n == room) {
			int64_t *more = arena_array(a, room ? room * 2 : 64, sizeof(*more));

			for (size_t i = 0; i < list.n; i++)
				more[i] = list.v[i];
			list.v = more;
			room = room ? room * 2 : 64;
		}
		list.v[list.n++] = rows_instant(r, 0);
	}
	rows_end(r);
	*ret = list;
	return got;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pauses.h"

#include "db/conn.h"
#include "store/guard.h"

enum { MARK_ACCOUNT, MARK_CHARACTER, HOLD_ACCOUNT, HOLD_CHARACTER, FREE_ACCOUNT, FREE_CHARACTER };

#define MARK                                                                             \
	"SET paused_at = IF(?, COALESCE(paused_at, UTC_TIMESTAMP(3)), NULL), version = " \
	"version + 1, updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ?"
#define TAKE_BACK                                                                           \
	"p.owner = NULL, p.fence = p.fence + 1, p.version = p.version + 1, p.updated_at = " \
	"UTC_TIMESTAMP(3), p.next_attempt_at = NULL, p.waiting_for = NULL, p.memo = NULL, " \
	"p.snapshot = NULL "
#define IS_PENDING \
	"AND p.status = 'pending' AND p.state IN ('queued', 'staging', 'staged', 'retrying')"
#define IS_HELD                                                                               \
	"AND p.status = 'pending' AND p.state = 'paused' AND p.reason IN ('account_paused', " \
	"'character_paused')"

/* What still holds a post; NULL nothing. */
#define HELD_BY                                                                            \
	"CASE WHEN NOT (c.state IN ('approved', 'published') "                             \
	"AND c.approved_revision <=> c.revision AND c.revision = p.content_revision) "     \
	"THEN 'approval_voided' WHEN a.status <> 'connected' THEN 'account_disconnected' " \
	"WHEN a.paused_at IS NOT NULL THEN 'account_paused' "                              \
	"WHEN ch.paused_at IS NOT NULL THEN 'character_paused' END"
/* No assignment may lean on another: their order is not promised where tables are joined. */
#define LET_GO                                                                          \
	"UPDATE posts p JOIN contents c ON c.workspace_id = p.workspace_id AND c.id = " \
	"p.content_id JOIN accounts a ON a.workspace_id = p.workspace_id AND a.id = "   \
	"p.account_id LEFT JOIN characters ch ON ch.workspace_id = p.workspace_id "     \
	"AND ch.id = p.character_id SET p.state = IF(" HELD_BY " IS NULL, 'queued', "   \
	"'paused'), p.wake_at = IF(" HELD_BY " IS NULL, GREATEST(UTC_TIMESTAMP(3), "    \
	"IF(p.is_immediate, UTC_TIMESTAMP(3), p.due_at - INTERVAL ? SECOND)), NULL), "  \
	"p.reason = " HELD_BY ", p.claims = 0, p.tries = 0, " TAKE_BACK

const struct stmt store_pauses_statements[] = {
	[MARK_ACCOUNT] = { "pauses.mark_account", STMT_WORKSPACE, "iss", "UPDATE accounts " MARK,
			   NULL },
	[MARK_CHARACTER] = { "pauses.mark_character", STMT_WORKSPACE, "iss",
			     "UPDATE characters " MARK, NULL },
	[HOLD_ACCOUNT] = { "pauses.hold_account", STMT_WORKSPACE, "ss",
			   "UPDATE posts p SET p.state = 'paused', p.reason = 'account_paused', "
			   "p.wake_at = NULL, " TAKE_BACK
			   "WHERE p.workspace_id = ? AND p.account_id = ? " IS_PENDING,
			   NULL },
	[HOLD_CHARACTER] = { "pauses.hold_character", STMT_WORKSPACE, "ss",
			     "UPDATE posts p SET p.state = 'paused', p.reason = "
			     "'character_paused', p.wake_at = NULL, " TAKE_BACK
			     "WHERE p.workspace_id = ? AND p.character_id = ? " IS_PENDING,
			     NULL },
	[FREE_ACCOUNT] = { "pauses.free_account", STMT_WORKSPACE, "iss",
			   LET_GO "WHERE p.workspace_id = ? AND p.account_id = ? " IS_HELD, NULL },
	[FREE_CHARACTER] = { "pauses.free_character", STMT_WORKSPACE, "iss",
			     LET_GO "WHERE p.workspace_id = ? AND p.character_id = ? " IS_HELD,
			     NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_pauses_statements[x])

struct pausing {
	const char *ws;
	const struct pause *in;
	int64_t posts;
};

static int set(struct db *db, void *arg, struct problem *reterr)
{
	struct pausing *s = arg;
	const struct pause *in = s->in;
	const bool is_account = in->account_id != NULL;
	const char *id = is_account ? in->account_id : in->character_id;
	int64_t changed = 0;

	if (db_exec(db, ROW(is_account ? MARK_ACCOUNT : MARK_CHARACTER), &changed, reterr,
		    (int64_t)in->is_paused, s->ws, id) < 0)
		return -1;
	if (!changed)
		return guard_missing(is_account ? "account" : "character", id, reterr);
	if (in->is_paused)
		return db_exec(db, ROW(is_account ? HOLD_ACCOUNT : HOLD_CHARACTER), &s->posts,
			       reterr, s->ws, id);
	return db_exec(db, ROW(is_account ? FREE_ACCOUNT : FREE_CHARACTER), &s->posts, reterr,
		       in->stage_lead_s, s->ws, id);
}

int store_pauses_set(struct db *db, const char *ws, const struct pause *in, int64_t *ret_posts,
		     struct problem *reterr)
{
	struct pausing s = { ws, in, 0 };

	if (db_transact(db, set, &s, reterr) < 0)
		return -1;
	*ret_posts = s.posts;
	return 0;
}

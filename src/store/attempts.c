/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attempts.h"

#include "db/conn.h"

enum {
	ALLOWED,
	PERMIT_POST,
	PERMIT_PART,
	PERMIT_INSERT,
	PERMIT_UNDO,
	REOPEN,
	SETTLE,
	REPORT_EFFECT,
	REPORT_VOID,
	FIND,
	VOID_OLDER,
	ADOPT,
	DISCOVER
};

#define LEASE   "TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(6))"
/* As STORE_POSTS_ONE. */
#define ATTEMPT "attempts FORCE INDEX (permit)"

const struct stmt store_attempts_statements[] = {
	/* What is live in part was approved, and so was the rest with it. */
	[ALLOWED] = { "attempts.allowed", STMT_GLOBAL, "s",
		      "SELECT k.n FROM " ROW_KEYS
		      "STRAIGHT_JOIN posts ON posts.workspace_id = k.workspace_id "
		      "AND posts.id = k.id "
		      "STRAIGHT_JOIN accounts a ON a.workspace_id = posts.workspace_id "
		      "AND a.id = posts.account_id AND a.status = 'connected' "
		      "STRAIGHT_JOIN contents c ON c.workspace_id = posts.workspace_id "
		      "AND c.id = posts.content_id "
		      "WHERE posts.state = 'publishing' OR (c.state IN ('approved', 'published') "
		      "AND c.approved_revision = c.revision "
		      "AND c.revision = posts.content_revision)",
		      "the runner serves every workspace" },
	[PERMIT_POST] = { "attempts.permit_post", STMT_WORKSPACE, "ississii",
			  "UPDATE " STORE_POSTS_ONE " SET state = 'publishing', wake_at = " LEASE
			  ", "
			  "snapshot = ?, memo = ?, attempts = ?, claims = 0, "
			  "version = version + 1, "
			  "updated_at = UTC_TIMESTAMP(3) "
			  "WHERE workspace_id = ? AND id = ? AND fence = ? AND version = ? "
			  "AND state = 'staged'",
			  NULL },
	[PERMIT_PART] = { "attempts.permit_part", STMT_WORKSPACE, "ississii",
			  "UPDATE " STORE_POSTS_ONE " SET wake_at = " LEASE ", "
			  "snapshot = ?, memo = ?, attempts = ?, claims = 0, "
			  "version = version + 1, "
			  "updated_at = UTC_TIMESTAMP(3) "
			  "WHERE workspace_id = ? AND id = ? AND fence = ? AND version = ? "
			  "AND state = 'publishing' "
			  "AND EXISTS (SELECT 1 FROM attempts e "
			  "WHERE e.workspace_id = posts.workspace_id AND e.post_id = posts.id "
			  "AND e.state = 'effect')",
			  NULL },
	[PERMIT_INSERT] = { "attempts.permit_insert", STMT_WORKSPACE, "ssisbissiisbbstt",
			    "INSERT INTO attempts (workspace_id, post_id, seq, account_id, permit, "
			    "fence, host, boot_id, pid, start_ticks, handle, fingerprint, "
			    "snapshot_hash, state, sent_at, deadline_at) "
			    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, LEFT(?, 255), ?, ?, ?, ?, ?)",
			    NULL },
	[PERMIT_UNDO] = { "attempts.permit_undo", STMT_WORKSPACE, "sssii",
			  "UPDATE posts SET state = ?, attempts = attempts - 1, "
			  "version = version + 1 "
			  "WHERE workspace_id = ? AND id = ? AND fence = ? AND version = ?",
			  NULL },
	[REOPEN] = { "attempts.reopen", STMT_WORKSPACE, "sb",
		     "UPDATE attempts SET state = 'in_doubt', settled_at = NULL "
		     "WHERE workspace_id = ? AND permit = ? AND state = 'no_effect'",
		     NULL },
	[SETTLE] = { "attempts.settle", STMT_WORKSPACE, "sitsIsissb",
		     "UPDATE " ATTEMPT " SET state = ?, negatives = ?, "
		     "last_read_at = COALESCE(?, last_read_at), "
		     "settled_at = IF(? IN ('effect', 'no_effect'), UTC_TIMESTAMP(6), NULL), "
		     "fired_late_us = COALESCE(?, fired_late_us), "
		     "handle = COALESCE(LEFT(?, 255), handle), "
		     "evidence = IF(? = 1 AND JSON_LENGTH(COALESCE(evidence, '[]')) < 64, "
		     "JSON_ARRAY_APPEND(COALESCE(evidence, '[]'), '$', JSON_COMPACT(?)), evidence) "
		     "WHERE workspace_id = ? AND permit = ? AND state IN ('sent', 'in_doubt')",
		     NULL },
	[REPORT_EFFECT] = { "attempts.report_effect", STMT_WORKSPACE, "ssstss",
			    "UPDATE posts SET state = ?, wake_at = UTC_TIMESTAMP(3), "
			    "owner = NULL, remote_id = ?, remote_url = ?, published_at = ?, "
			    "fence = fence + 1, version = version + 1, "
			    "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ? "
			    "AND state IN ('publishing', 'confirming', 'unconfirmed')",
			    NULL },
	[REPORT_VOID] = { "attempts.report_void", STMT_WORKSPACE, "sss",
			  "UPDATE posts SET state = ?, wake_at = UTC_TIMESTAMP(3), "
			  "owner = NULL, fence = fence + 1, version = version + 1, "
			  "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ? "
			  "AND state IN ('publishing', 'confirming', 'unconfirmed')",
			  NULL },
	[FIND] = { "attempts.find", STMT_WORKSPACE, "sb",
		   "SELECT 1 FROM attempts WHERE workspace_id = ? AND permit = ?", NULL },
	[VOID_OLDER] = { "attempts.void_older", STMT_WORKSPACE, "ssi",
			 "UPDATE attempts SET state = 'no_effect', settled_at = UTC_TIMESTAMP(6) "
			 "WHERE workspace_id = ? AND post_id = ? AND seq < ? "
			 "AND state IN ('sent', 'in_doubt')",
			 NULL },
	[ADOPT] = { "attempts.adopt", STMT_WORKSPACE, "iss",
		    "UPDATE posts SET state = 'confirming', wake_at = UTC_TIMESTAMP(3), "
		    "owner = NULL, attempts = ?, claims = 0, fence = fence + 1, "
		    "version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		    "WHERE workspace_id = ? AND id = ? AND state <> 'published'",
		    NULL },
	[DISCOVER] = { "attempts.discover", STMT_WORKSPACE, "isssi",
		       "UPDATE posts SET attempts = ?, snapshot = ? "
		       "WHERE workspace_id = ? AND id = ? AND fence = ?",
		       NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_attempts_statements[x])

static const char *const state_names[] = { NULL, "sent", "in_doubt", "effect", "no_effect" };

static int insert(struct db *db, const char *ws, const struct permit *p, enum attempt_state state,
		  struct problem *reterr)
{
	return db_exec(db, ROW(PERMIT_INSERT), NULL, reterr, ws, p->post_id, p->seq, p->account_id,
		       (const void *)p->permit, (size_t)PERMIT_BYTES, p->fence, p->host, p->boot_id,
		       p->pid, p->start_ticks, p->handle, (const void *)p->fingerprint,
		       (size_t)SHA256_BYTES, (const void *)p->snapshot_hash, (size_t)SHA256_BYTES,
		       state_names[state], p->sent_us, p->deadline_us);
}

int store_attempts_ask(struct db *db, struct permit_asking *v, size_t n, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf keys = BUF_INIT;
	struct rows *r = NULL;
	int got;

	row_keys_print(&v->key, n, sizeof(*v), &keys);
	if (db_query(db, ROW(ALLOWED), &r, reterr, buf_str(&keys)) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		const size_t i = (size_t)rows_int(r, 0) - 1;

		if (i < n)
			v[i].is_allowed = true;
	}
	rows_end(r);
	return got;
}

int store_attempts_permit(struct db *db, const char *ws, const struct permit *in,
			  enum permit_answer *ret, struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(in->is_part ? PERMIT_PART : PERMIT_POST), &changed, reterr, in->lease_s,
		    in->snapshot, in->memo, in->seq, ws, in->post_id, in->fence, in->version) < 0)
		return -1;
	*ret = changed == 1 ? PERMIT_GIVEN : PERMIT_LOST;
	if (changed != 1 || insert(db, ws, in, ATTEMPT_SENT, reterr) == 0)
		return 0;
	if (db_errno(db) != DB_ERROR_DUPLICATE ||
	    db_exec(db, ROW(PERMIT_UNDO), NULL, reterr,
		    post_state_name(in->is_part ? POST_PUBLISHING : POST_STAGED), ws, in->post_id,
		    in->fence, in->version + 1) < 0)
		return -1;
	*ret = PERMIT_BUSY;
	return 0;
}

int store_attempts_settle(struct db *db, const char *ws, const struct settlement *in,
			  bool *ret_is_open, struct problem *reterr)
{
	const char *state = state_names[in->state];
	int64_t changed = 0;

	if (in->is_reopened && db_exec(db, ROW(REOPEN), NULL, reterr, ws, (const void *)in->permit,
				       (size_t)PERMIT_BYTES) < 0)
		return -1;
	if (db_exec(db, ROW(SETTLE), &changed, reterr, state, in->negatives, in->last_read_us,
		    state, in->fired_late_us, in->handle, (int64_t)(in->evidence != NULL),
		    in->evidence, ws, (const void *)in->permit, (size_t)PERMIT_BYTES) < 0)
		return -1;
	*ret_is_open = changed == 1;
	return 0;
}

int store_attempts_report(struct db *db, const char *ws, const struct late_result *in,
			  struct problem *reterr)
{
	const char *remote_id = in->remote_id;
	const char *live = post_state_name(in->is_part ? POST_PUBLISHING : POST_CONFIRMING);
	const char *next = post_state_name(in->is_part ? POST_PUBLISHING : POST_RETRYING);
	bool is_open = false;
	int done;

	if (store_attempts_settle(db, ws, &in->settlement, &is_open, reterr) < 0)
		return -1;
	if (!is_open || in->settlement.state == ATTEMPT_IN_DOUBT)
		return 0;
	if (in->settlement.state == ATTEMPT_NO_EFFECT)
		return db_exec(db, ROW(REPORT_VOID), NULL, reterr, next, ws, in->post_id);
	done = db_exec(db, ROW(REPORT_EFFECT), NULL, reterr, live, remote_id, in->remote_url,
		       in->published_us, ws, in->post_id);
	if (done < 0 && remote_id && db_errno(db) == DB_ERROR_DUPLICATE)
		done = db_exec(db, ROW(REPORT_EFFECT), NULL, reterr, live, (const char *)NULL,
			       in->remote_url, in->published_us, ws, in->post_id);
	return done;
}

struct restoring {
	const char *ws;
	const struct permit *in;
	bool is_new;
};

static int restore(struct db *db, void *arg, struct problem *reterr)
{
	struct restoring *r = arg;
	struct rows *rows = NULL;
	int got = db_query_one(db, ROW(FIND), &rows, reterr, r->ws, (const void *)r->in->permit,
			       (size_t)PERMIT_BYTES);

	if (got == 1)
		rows_end(rows);
	if (got != 0)
		return got < 0 ? -1 : 0;
	r->is_new = true;
	/* A later permit is given only after proof that the earlier attempts came to nothing. */
	if (db_exec(db, ROW(VOID_OLDER), NULL, reterr, r->ws, r->in->post_id, r->in->seq) < 0)
		return -1;
	if (insert(db, r->ws, r->in, ATTEMPT_IN_DOUBT, reterr) < 0)
		return -1;
	return db_exec(db, ROW(ADOPT), NULL, reterr, r->in->seq, r->ws, r->in->post_id);
}

int store_attempts_restore(struct db *db, const char *ws, const struct permit *in, bool *ret_is_new,
			   struct problem *reterr)
{
	struct restoring r = { ws, in, false };

	if (db_transact(db, restore, &r, reterr) < 0)
		return -1;
	*ret_is_new = r.is_new;
	return 0;
}

int store_attempts_discover(struct db *db, const char *ws, const struct permit *in,
			    struct problem *reterr)
{
	if (db_exec(db, ROW(DISCOVER), NULL, reterr, in->seq, in->snapshot, ws, in->post_id,
		    in->fence) < 0)
		return -1;
	return insert(db, ws, in, ATTEMPT_IN_DOUBT, reterr);
}

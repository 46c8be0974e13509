/* SPDX-License-Identifier: Apache-2.0 */
#include "store/idempotency.h"

#include <string.h>

#include "db/conn.h"

#define RETRY_AFTER_S 1

enum { CLAIM, FIND, TAKE_OVER, PIN, ANSWER, LET_GO, FORGET, SWEEP };

#define OLD    "created_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY"
/* The row of a run that is still at it. */
#define OF_RUN " WHERE workspace_id = ? AND key_sha256 = ? AND run = ? AND status IS NULL"

const struct stmt store_idempotency_statements[] = {
	/* Who finds the row locked learns so at once: the first request is still at work. */
	[CLAIM] = { "idempotency.claim", STMT_WORKSPACE, "sbbb",
		    "SET STATEMENT innodb_lock_wait_timeout = 0 FOR "
		    "INSERT INTO idempotency (workspace_id, key_sha256, body_sha256, owner, run, "
		    "started_at, created_at) "
		    "VALUES (?, ?, ?, ?, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		    NULL },
	[FIND] = { "idempotency.find", STMT_WORKSPACE, "sb",
		   "SELECT body_sha256, run, owner, subject_id, status, answer, " OLD ", "
		   "TIMESTAMPDIFF(SECOND, started_at, UTC_TIMESTAMP(3)) "
		   "FROM idempotency WHERE workspace_id = ? AND key_sha256 = ?",
		   NULL },
	[TAKE_OVER] = { "idempotency.take_over", STMT_WORKSPACE, "bsbi",
			"UPDATE idempotency SET run = run + 1, owner = ?, "
			"started_at = UTC_TIMESTAMP(3)" OF_RUN,
			NULL },
	[PIN] = { "idempotency.pin", STMT_WORKSPACE, "ssbi",
		  "UPDATE idempotency SET subject_id = ?" OF_RUN, NULL },
	[ANSWER] = { "idempotency.answer", STMT_WORKSPACE, "ibsbi",
		     "UPDATE idempotency SET status = ?, answer = ?" OF_RUN, NULL },
	[LET_GO] = { "idempotency.let_go", STMT_WORKSPACE, "sbi",
		     "UPDATE idempotency SET owner = NULL" OF_RUN, NULL },
	[FORGET] = { "idempotency.forget", STMT_WORKSPACE, "sb",
		     "DELETE FROM idempotency WHERE workspace_id = ? AND key_sha256 = ? AND " OLD,
		     NULL },
	[SWEEP] = { "idempotency.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM idempotency WHERE " OLD " LIMIT ?",
		    "clean-up serves every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_idempotency_statements[x])
#define KEY(r) (const void *)(r)->key, sizeof((r)->key)

static int in_flight(struct problem *reterr)
{
	problem_set(reterr, PROBLEM_KEY_IN_FLIGHT,
		    "the first request with this key is still at work; ask again for its answer");
	reterr->retry_after_s = RETRY_AFTER_S;
	return -1;
}

int store_idempotency_claim(struct db *db, const char *ws, const struct idempotency *in,
			    struct problem *reterr)
{
	if (db_exec(db, ROW(CLAIM), NULL, reterr, ws, KEY(in), (const void *)in->body,
		    sizeof(in->body), (const void *)in->owner, sizeof(in->owner)) == 0)
		return 1;
	if (db_errno(db) == DB_ERROR_LOCK_WAIT)
		return in_flight(reterr);
	if (db_errno(db) != DB_ERROR_DUPLICATE)
		return -1;
	problem_clear(reterr);
	return 0;
}

static void take_bytes(const struct rows *r, unsigned col, uint8_t *to, size_t n)
{
	if (rows_len(r, col) == n)
		memcpy(to, rows_text(r, col), n);
}

int store_idempotency_find(struct db *db, const char *ws, const struct idempotency *in,
			   struct arena *a, struct idempotency *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(FIND), &r, reterr, ws, KEY(in));

	if (got != 1)
		return got;
	*ret = *in;
	take_bytes(r, 0, ret->body, sizeof(ret->body));
	ret->run = rows_int(r, 1);
	ret->has_owner = !rows_null(r, 2);
	take_bytes(r, 2, ret->owner, sizeof(ret->owner));
	ret->subject = rows_dup(r, 3, a);
	ret->status = (int)rows_int(r, 4);
	ret->answer_n = rows_len(r, 5);
	ret->answer = rows_dup(r, 5, a);
	ret->is_old = rows_int(r, 6) != 0;
	ret->age_s = rows_int(r, 7);
	rows_end(r);
	return 1;
}

int store_idempotency_take_over(struct db *db, const char *ws, const struct idempotency *in,
				struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(TAKE_OVER), &changed, reterr, (const void *)in->owner,
		    sizeof(in->owner), ws, KEY(in), in->run) < 0)
		return -1;
	return changed == 1;
}

int store_idempotency_pin(struct db *db, const char *ws, const struct idempotency *in,
			  struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(PIN), &changed, reterr, in->subject, ws, KEY(in), in->run) < 0)
		return -1;
	return changed == 1 ? 0 : in_flight(reterr);
}

int store_idempotency_answer(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(ANSWER), &changed, reterr, (int64_t)in->status,
		    (const void *)in->answer, in->answer_n, ws, KEY(in), in->run) < 0)
		return -1;
	return changed == 1 ? 0 : in_flight(reterr);
}

int store_idempotency_let_go(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr)
{
	return db_exec(db, ROW(LET_GO), NULL, reterr, ws, KEY(in), in->run);
}

int store_idempotency_forget(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr)
{
	return db_exec(db, ROW(FORGET), NULL, reterr, ws, KEY(in));
}

int store_idempotency_sweep(struct db *db, int64_t most, int64_t *ret_removed,
			    struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

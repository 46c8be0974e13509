/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reconcile.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "store/attempts.h"
#include "store/runners.h"

#define BATCH   500
/* Staged posts fire at their instant: one that is due in a moment may be out already. */
#define AHEAD_S 5

enum { ALIVE, LIST, MARK, DOUBT };

#define REASON "the operator's, over all workspaces"
#define OPEN   "('queued', 'staging', 'staged', 'retrying', 'publishing')"
#define NO_LIVE_ATTEMPT                                                                       \
	"AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.workspace_id = posts.workspace_id " \
	"AND t.post_id = posts.id AND t.state IN ('sent', 'in_doubt')) "

const struct stmt store_reconcile_statements[] = {
	[ALIVE] = { "reconcile.alive", STMT_GLOBAL, "i",
		    "SELECT 1 FROM runners WHERE stopped_at IS NULL "
		    "AND heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND LIMIT 1",
		    REASON },
	/* An open post's wake_at is its due time less the lead of staging, or a lease. */
	[LIST] = { "reconcile.list", STMT_GLOBAL, "iii",
		   "SELECT workspace_id, id FROM posts WHERE wake_at IS NOT NULL "
		   "AND state IN " OPEN " AND (is_immediate OR due_at BETWEEN "
		   "UTC_TIMESTAMP(3) - INTERVAL ? SECOND AND UTC_TIMESTAMP(3) + INTERVAL ? "
		   "SECOND) " NO_LIVE_ATTEMPT "LIMIT ? FOR UPDATE",
		   REASON },
	[MARK] = { "reconcile.mark", STMT_WORKSPACE, "ss",
		   "UPDATE posts SET state = 'confirming', attempts = attempts + 1, owner = NULL, "
		   "claims = 0, tries = 0, waiting_for = NULL, wake_at = UTC_TIMESTAMP(3), "
		   "fence = fence + 1, version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		   "WHERE workspace_id = ? AND id = ?",
		   NULL },
	/* Sent at its time at the earliest, by nobody who could be asked. */
	[DOUBT] = { "reconcile.doubt", STMT_WORKSPACE, "bss",
		    "INSERT INTO attempts (workspace_id, post_id, seq, account_id, permit, fence, "
		    "host, boot_id, pid, start_ticks, fingerprint, snapshot_hash, state, sent_at, "
		    "deadline_at, evidence) "
		    "SELECT workspace_id, id, attempts, account_id, ?, fence, '', '', 0, 0, "
		    "REPEAT(CHAR(0), 32), REPEAT(CHAR(0), 32), 'in_doubt', "
		    "LEAST(due_at, UTC_TIMESTAMP(6)), LEAST(due_at, UTC_TIMESTAMP(6)), "
		    "JSON_ARRAY(JSON_OBJECT('reconciled', DATE_FORMAT(UTC_TIMESTAMP(), "
		    "'%Y-%m-%dT%TZ'))) "
		    "FROM posts WHERE workspace_id = ? AND id = ?",
		    NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_reconcile_statements[x])

struct reconciling {
	int64_t since_s, n;
};

struct suspect {
	const char *ws, *id;
};

static int read_suspects(struct db *db, int64_t since_s, struct arena *a, struct suspect *list,
			 int64_t *ret_n, struct problem *reterr)
{
	struct rows *r = NULL;
	int64_t n = 0;
	int got;

	if (db_query(db, ROW(LIST), &r, reterr, since_s, (int64_t)AHEAD_S, (int64_t)BATCH) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list[n++] = (struct suspect){ rows_dup(r, 0, a), rows_dup(r, 1, a) };
	rows_end(r);
	*ret_n = n;
	return got;
}

static int doubt_batch(struct db *db, void *arg, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct suspect *list = arena_array(a, BATCH, sizeof(*list));
	struct reconciling *c = arg;
	uint8_t permit[PERMIT_BYTES];

	if (read_suspects(db, c->since_s, a, list, &c->n, reterr) < 0)
		return -1;
	for (int64_t i = 0; i < c->n; i++) {
		random_bytes(permit, sizeof(permit));
		if (db_exec(db, ROW(MARK), NULL, reterr, list[i].ws, list[i].id) < 0 ||
		    db_exec(db, ROW(DOUBT), NULL, reterr, (const void *)permit,
			    (size_t)PERMIT_BYTES, list[i].ws, list[i].id) < 0)
			return -1;
	}
	return 0;
}

static int check_alone(struct db *db, struct problem *reterr)
{
	struct rows *r = NULL;
	const int got = db_query_one(db, ROW(ALIVE), &r, reterr, (int64_t)RUNNER_DEAD_S);

	if (got <= 0)
		return got;
	rows_end(r);
	return problem_set(reterr, PROBLEM_CONFLICT,
			   "a runner is alive: stop the runners of every host first");
}

int store_reconcile(struct db *db, int64_t since_s, int64_t *ret_n, struct problem *reterr)
{
	struct reconciling c = { .since_s = since_s };
	int64_t n = 0;

	if (check_alone(db, reterr) < 0)
		return -1;
	do {
		if (db_transact(db, doubt_batch, &c, reterr) < 0)
			return -1;
		n += c.n;
	} while (c.n == BATCH);
	*ret_n = n;
	return 0;
}

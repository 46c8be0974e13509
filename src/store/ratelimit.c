/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ratelimit.h"

#include "db/conn.h"

#define PLENTY   4
#define ROUNDING 1e-6 /* far below a unit, far above what doubles lose */

enum { DRAW, SWEEP };

#define REASON "a limit holds before and over all workspaces"
#define NOW    "UTC_TIMESTAMP(6)"
/*
 * What is left now; `?`: the quota, and units a microsecond. A clock that was set back refills
 * nothing, and a greater quota of before leaves no debt.
 */
#define LEFT                                                                            \
	"GREATEST(0, ? - GREATEST(0, missing - GREATEST(0, TIMESTAMPDIFF(MICROSECOND, " \
	"counted_at, " NOW ")) * ?))"

const struct stmt store_ratelimit_statements[] = {
	/* Assignments run from left to right: granted and missing see the row as it was. */
	[DRAW] = { "ratelimit.draw", STMT_GLOBAL, "biiddiiiddddd",
		   "SET STATEMENT innodb_lock_wait_timeout = 1 FOR "
		   "INSERT INTO rate_buckets (subject_hash, missing, granted, counted_at) "
		   "VALUES (?, ?, ?, " NOW ") ON DUPLICATE KEY UPDATE "
		   "granted = IF(" LEFT " < ?, 0, LEAST(?, GREATEST(?, FLOOR(" LEFT " / 4)))), "
		   "missing = ? - " LEFT " + granted, counted_at = " NOW
		   " RETURNING granted, missing",
		   REASON },
	[SWEEP] = { "ratelimit.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM rate_buckets WHERE counted_at < " NOW " - INTERVAL 1 DAY LIMIT ?",
		    REASON },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

#define ROW(x) (&store_ratelimit_statements[x])

/* Of a bucket that has no row yet, which is full. */
static int64_t first_grant(const struct rate_ask *ask)
{
	int64_t n = ask->rate.quota / PLENTY;

	n = n > ask->least ? n : ask->least;
	return n < ask->most ? n : ask->most;
}

int store_ratelimit_draw(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			 const struct rate_ask *ask, struct rate_grant *ret, struct problem *reterr)
{
	const double per_us = (double)ask->rate.quota / (double)ask->rate.window_us;
	const double full = (double)ask->rate.quota + ROUNDING;
	const int64_t first = first_grant(ask);
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(DRAW), &r, reterr, (const void *)subject_hash,
			       (size_t)SHA256_BYTES, first, first, full, per_us, ask->least,
			       ask->most, ask->least, full, per_us, full, full, per_us);

	*ret = (struct rate_grant){ .is_unknown = got < 0 && db_met_others(db) };
	if (ret->is_unknown) {
		problem_clear(reterr);
		return 0;
	}
	if (got <= 0)
		return got < 0 ? -1 : problem_set(reterr, PROBLEM_INTERNAL, "a draw told nothing");
	ret->granted = rows_int(r, 0);
	ret->missing = rows_number(r, 1);
	rows_end(r);
	return 0;
}

int store_ratelimit_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/runners.h"

enum { REGISTER, BEAT, SUCCESSOR, STOP, COUNT, SWEEP };

#define REASON "runners serve every workspace"

const struct stmt store_runners_statements[] = {
	[REGISTER] = { "runners.register", STMT_GLOBAL, "sssii",
		       "INSERT INTO runners (id, host, boot_id, pid, start_ticks, started_at, "
		       "heartbeat_at) "
		       "VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		       REASON },
	[BEAT] = { "runners.beat", STMT_GLOBAL, "iiiss",
		   "UPDATE runners SET heartbeat_at = UTC_TIMESTAMP(3), fires = ?, commits = ?, "
		   "skew_us = ?, trouble = ? WHERE id = ?",
		   REASON },
	[SUCCESSOR] = { "runners.successor", STMT_GLOBAL, "ssi",
			"SELECT 1 FROM runners WHERE host = ? AND id > ? AND stopped_at IS NULL "
			"AND heartbeat_at > TIMESTAMPADD(SECOND, -?, UTC_TIMESTAMP(3)) LIMIT 1",
			REASON },
	[STOP] = { "runners.stop", STMT_GLOBAL, "s",
		   "UPDATE runners SET heartbeat_at = UTC_TIMESTAMP(3), "
		   "stopped_at = UTC_TIMESTAMP(3) WHERE id = ?",
		   REASON },
	[COUNT] = { "runners.count", STMT_GLOBAL, "si",
		    "SELECT COUNT(*) FROM runners WHERE host = ? AND stopped_at IS NULL "
		    "AND heartbeat_at > TIMESTAMPADD(SECOND, -?, UTC_TIMESTAMP(3))",
		    REASON },
	[SWEEP] = { "runners.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM runners WHERE heartbeat_at < "
		    "UTC_TIMESTAMP(3) - INTERVAL 7 DAY LIMIT ?",
		    REASON },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

#define ROW(x) (&store_runners_statements[x])

int store_runners_register(struct db *db, const struct runner_row *in, struct problem *reterr)
{
	return db_exec(db, ROW(REGISTER), NULL, reterr, in->id, in->host, in->boot_id, in->pid,
		       in->start_ticks);
}

int store_runners_beat(struct db *db, const struct runner_beat *in, bool *ret_has_successor,
		       struct problem *reterr)
{
	struct rows *r = NULL;
	int got;

	if (db_exec(db, ROW(BEAT), NULL, reterr, in->fires, in->commits, in->skew_us, in->trouble,
		    in->id) < 0)
		return -1;
	got = db_query_one(db, ROW(SUCCESSOR), &r, reterr, in->host, in->id,
			   (int64_t)RUNNER_DEAD_S);
	if (got < 0)
		return -1;
	if (got == 1)
		rows_end(r);
	*ret_has_successor = got == 1;
	return 0;
}

int store_runners_stop(struct db *db, const char *id, struct problem *reterr)
{
	return db_exec(db, ROW(STOP), NULL, reterr, id);
}

int store_runners_count(struct db *db, const char *host, int64_t *ret, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(COUNT), &r, reterr, host, (int64_t)RUNNER_DEAD_S) != 1)
		return -1;
	*ret = rows_int(r, 0);
	rows_end(r);
	return 0;
}

int store_runners_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

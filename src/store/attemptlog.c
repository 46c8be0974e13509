/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attemptlog.h"

#define ENTRIES_MAX 32 /* far more than a post is ever tried */

enum { READ };

const struct stmt store_attemptlog_statements[] = {
	[READ] = { "attemptlog.read", STMT_WORKSPACE, "ssi",
		   "SELECT seq, state, sent_at, settled_at, fired_late_us, evidence FROM attempts "
		   "WHERE workspace_id = ? AND post_id = ? ORDER BY seq LIMIT ?",
		   NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

int store_attemptlog_read(struct db *db, const char *ws, const char *post_id, struct arena *a,
			  struct attempt_entries *ret, struct problem *reterr)
{
	struct attempt_entries list = { .v = arena_array(a, ENTRIES_MAX, sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (db_query(db, &store_attemptlog_statements[READ], &r, reterr, ws, post_id,
		     (int64_t)ENTRIES_MAX) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list.v[list.n++] = (struct attempt_entry){
			.seq = rows_int(r, 0),
			.state = rows_dup(r, 1, a),
			.sent_us = rows_instant(r, 2),
			.settled_us = rows_instant(r, 3),
			.late_us = rows_null(r, 4) ? INT64_MIN : rows_int(r, 4),
			.evidence = rows_dup(r, 5, a),
		};
	rows_end(r);
	*ret = list;
	return got;
}

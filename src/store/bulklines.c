/* SPDX-License-Identifier: Apache-2.0 */
#include "store/bulklines.h"

#include <string.h>

#include "db/conn.h"

enum { FIND, INSERT, SWEEP };

const struct stmt store_bulklines_statements[] = {
	[FIND] = { "bulklines.find", STMT_WORKSPACE, "sbi",
		   "SELECT body_sha256, answer FROM bulk_lines WHERE workspace_id = ? "
		   "AND key_sha256 = ? AND line = ?",
		   NULL },
	[INSERT] = { "bulklines.insert", STMT_WORKSPACE, "sbibs",
		     "INSERT INTO bulk_lines (workspace_id, key_sha256, line, body_sha256, answer, "
		     "created_at) VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
		     NULL },
	[SWEEP] = { "bulklines.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM bulk_lines WHERE created_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY "
		    "LIMIT ?",
		    "clean-up serves every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_bulklines_statements[x])

int store_bulklines_find(struct db *db, const char *ws, const struct bulk_line *in, struct arena *a,
			 struct bulk_line *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(FIND), &r, reterr, ws, (const void *)in->key,
			       sizeof(in->key), in->line);

	if (got != 1)
		return got;
	*ret = *in;
	if (rows_len(r, 0) == sizeof(ret->body))
		memcpy(ret->body, rows_text(r, 0), sizeof(ret->body));
	ret->answer = rows_dup(r, 1, a);
	rows_end(r);
	return 1;
}

int store_bulklines_insert(struct db *db, const char *ws, const struct bulk_line *in,
			   struct problem *reterr)
{
	return db_exec(db, ROW(INSERT), NULL, reterr, ws, (const void *)in->key, sizeof(in->key),
		       in->line, (const void *)in->body, sizeof(in->body), in->answer);
}

int store_bulklines_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/imports.h"

#include "db/conn.h"

enum { FIND, INSERT };

const struct stmt store_imports_statements[] = {
	[FIND] = { "imports.find", STMT_WORKSPACE, "sb",
		   "SELECT content_id FROM import_rows WHERE workspace_id = ? AND row_sha256 = ?",
		   NULL },
	[INSERT] = { "imports.insert", STMT_WORKSPACE, "sbs",
		     "INSERT INTO import_rows (workspace_id, row_sha256, content_id, created_at) "
		     "VALUES (?, ?, ?, UTC_TIMESTAMP(3))",
		     NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_imports_statements[x])

int store_imports_find(struct db *db, const char *ws, const uint8_t row[static SHA256_BYTES],
		       struct arena *a, const char **ret_content, struct problem *reterr)
{
	struct rows *r = NULL;
	const int got = db_query_one(db, ROW(FIND), &r, reterr, ws, (const void *)row,
				     (size_t)SHA256_BYTES);

	if (got != 1)
		return got;
	*ret_content = rows_dup(r, 0, a);
	rows_end(r);
	return 1;
}

int store_imports_insert(struct db *db, const char *ws, const uint8_t row[static SHA256_BYTES],
			 const char *content, struct problem *reterr)
{
	return db_exec(db, ROW(INSERT), NULL, reterr, ws, (const void *)row, (size_t)SHA256_BYTES,
		       content);
}

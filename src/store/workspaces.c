/* SPDX-License-Identifier: Apache-2.0 */
#include "store/workspaces.h"

#include "crypto/random.h"
#include "store/guard.h"

enum { INSERT, GET, UPDATE };

#define COLUMNS "id, name, timezone, require_approval, version, created_at, updated_at"

const struct stmt store_workspaces_statements[] = {
	[INSERT] = { "workspaces.insert", STMT_GLOBAL, "ss",
		     "INSERT INTO workspaces (id, name, created_at, updated_at) "
		     "VALUES (?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) RETURNING " COLUMNS,
		     "the workspace is only being made" },
	[GET] = { "workspaces.get", STMT_WORKSPACE, "s",
		  "SELECT " COLUMNS " FROM workspaces WHERE id = ?", NULL },
	[UPDATE] = { "workspaces.update", STMT_WORKSPACE, "isisiisii",
		     "UPDATE workspaces SET name = IF(?, ?, name), timezone = IF(?, ?, timezone), "
		     "require_approval = IF(?, ?, require_approval), version = version + 1, "
		     "updated_at = UTC_TIMESTAMP(3) "
		     "WHERE id = ? AND (? = 0 OR version = ?)",
		     NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_workspaces_statements[x])

static void read_row(const struct rows *r, struct arena *a, struct workspace *ret)
{
	*ret = (struct workspace){
		.id = rows_dup(r, 0, a),
		.name = rows_dup(r, 1, a),
		.timezone = rows_dup(r, 2, a),
		.require_approval = rows_int(r, 3) != 0,
		.version = rows_int(r, 4),
		.created_us = rows_instant(r, 5),
		.updated_us = rows_instant(r, 6),
	};
}

int store_workspaces_create(struct db *db, const char *name, struct arena *a, struct workspace *ret,
			    struct problem *reterr)
{
	struct rows *r = NULL;
	char id[ID_MAX];

	random_id(id, "ws");
	if (db_query_one(db, ROW(INSERT), &r, reterr, id, name) != 1)
		return -1;
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_workspaces_get(struct db *db, const char *ws, struct arena *a, struct workspace *ret,
			 struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("workspace", ws, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_workspaces_update(struct db *db, const char *ws, const struct workspace_patch *in,
			    int64_t if_version, struct problem *reterr)
{
	int64_t given = in->given, changed = 0;
	struct rows *r = NULL;
	int got;

	if (db_exec(db, ROW(UPDATE), &changed, reterr, given & WORKSPACE_NAME, in->name,
		    given & WORKSPACE_TIMEZONE, in->timezone, given & WORKSPACE_REQUIRE_APPROVAL,
		    (int64_t)in->require_approval, ws, if_version, if_version) < 0)
		return -1;
	if (changed)
		return 0;
	got = db_query_one(db, ROW(GET), &r, reterr, ws);
	if (got < 0)
		return -1;
	rows_end(r);
	return got ? problem_set(reterr, PROBLEM_VERSION,
				 "the workspace has changed since you read it")
		   : guard_missing("workspace", ws, reterr);
}

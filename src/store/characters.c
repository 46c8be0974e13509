/* SPDX-License-Identifier: Apache-2.0 */
#include "store/characters.h"

#include "crypto/random.h"
#include "db/conn.h"
#include "store/guard.h"

enum { INSERT, GET, LIST_UP, LIST_DOWN, UPDATE, VERSION, DELETE };

#define COLUMNS                                                                                \
	"id, name, handle, niche, timezone, schedule, default_accounts, version, created_at, " \
	"updated_at, paused_at"
#define SELECT "SELECT " COLUMNS " FROM characters WHERE workspace_id = ? "

const struct stmt store_characters_statements[] = {
	[INSERT] = { "characters.insert", STMT_WORKSPACE, "ssssssss",
		     "INSERT INTO characters (workspace_id, id, name, handle, niche, timezone, "
		     "schedule, default_accounts, created_at, updated_at) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) "
		     "RETURNING " COLUMNS,
		     NULL },
	[GET] = { "characters.get", STMT_WORKSPACE, "ss", SELECT "AND id = ?", NULL },
	[LIST_UP] = { "characters.list_up", STMT_WORKSPACE, "ssi",
		      SELECT "AND id > ? ORDER BY id LIMIT ?", NULL },
	[LIST_DOWN] = { "characters.list_down", STMT_WORKSPACE, "ssi",
			SELECT "AND id < ? ORDER BY id DESC LIMIT ?", NULL },
	[UPDATE] = { "characters.update", STMT_WORKSPACE, "isisisisisisssii",
		     "UPDATE characters SET name = IF(?, ?, name), handle = IF(?, ?, handle), "
		     "niche = IF(?, ?, niche), timezone = IF(?, ?, timezone), "
		     "schedule = IF(?, ?, schedule), default_accounts = IF(?, ?, "
		     "default_accounts), "
		     "version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ? AND (? = 0 OR version = ?)",
		     NULL },
	[VERSION] = { "characters.version", STMT_WORKSPACE, "ss",
		      "SELECT version FROM characters WHERE workspace_id = ? AND id = ?", NULL },
	[DELETE] = { "characters.delete", STMT_WORKSPACE, "ssii",
		     "DELETE FROM characters WHERE workspace_id = ? AND id = ? "
		     "AND (? = 0 OR version = ?)",
		     NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_characters_statements[x])

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct character *ret = to;

	*ret = (struct character){
		.id = rows_dup(r, 0, a),
		.name = rows_dup(r, 1, a),
		.handle = rows_dup(r, 2, a),
		.niche = rows_dup(r, 3, a),
		.timezone = rows_dup(r, 4, a),
		.schedule = rows_dup(r, 5, a),
		.default_accounts = rows_dup(r, 6, a),
		.version = rows_int(r, 7),
		.created_us = rows_instant(r, 8),
		.updated_us = rows_instant(r, 9),
		.paused_us = rows_instant(r, 10),
	};
}

int store_characters_insert(struct db *db, const char *ws, const struct character_patch *in,
			    struct arena *a, struct character *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	char id[ID_MAX];

	random_id(id, "char");
	if (db_query_one(db, ROW(INSERT), &r, reterr, ws, id, in->name, in->handle, in->niche,
			 in->timezone, in->schedule, in->default_accounts) != 1)
		return -1;
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_characters_get(struct db *db, const char *ws, const char *id, struct arena *a,
			 struct character *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("character", id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_characters_list(struct db *db, const char *ws, const struct page *page, struct arena *a,
			  struct characters *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct character), read_row };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(page->descending ? LIST_DOWN : LIST_UP), &r, reterr, ws,
		     page_start_id(page), (int64_t)page_rows(page)) < 0 ||
	    page_collect(page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct characters){ list.v, list.n, list.has_more };
	return 0;
}

int store_characters_update(struct db *db, const char *ws, const char *id,
			    const struct character_patch *in, int64_t if_version,
			    struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "character", ws, id };
	int64_t given = in->given, changed = 0;

	if (db_exec(db, ROW(UPDATE), &changed, reterr, given & CHARACTER_NAME, in->name,
		    given & CHARACTER_HANDLE, in->handle, given & CHARACTER_NICHE, in->niche,
		    given & CHARACTER_TIMEZONE, in->timezone, given & CHARACTER_SCHEDULE,
		    in->schedule, given & CHARACTER_DEFAULT_ACCOUNTS, in->default_accounts, ws, id,
		    if_version, if_version) < 0)
		return -1;
	return changed ? 0 : guard_refused(db, &row, reterr);
}

int store_characters_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			    struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "character", ws, id };
	int64_t changed = 0;

	if (db_exec(db, ROW(DELETE), &changed, reterr, ws, id, if_version, if_version) < 0) {
		if (db_errno(db) == DB_ERROR_HAS_CHILDREN)
			problem_set(reterr, PROBLEM_CONFLICT,
				    "content still belongs to character %.64s", id);
		return -1;
	}
	return changed ? 0 : guard_refused(db, &row, reterr);
}

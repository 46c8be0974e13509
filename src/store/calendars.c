/* SPDX-License-Identifier: Apache-2.0 */
#include "store/calendars.h"

#include "store/guard.h"

#define LIST_MAX 100

enum { INSERT, LIST, GET, ROTATE, DELETE, OPEN, EVENTS, EVENTS_OF_CHARACTER };

#define COLUMNS \
	"workspace_id, id, name, character_id, livemode, account_ids, created_by, created_at"
#define EVENTS_OF                                                                           \
	"SELECT p.id, p.platform, p.state, a.username, LEFT(COALESCE(c.title, c.caption), " \
	"120), LEFT(c.caption, 500), p.remote_url, p.version, p.due_at, p.updated_at "      \
	"FROM posts p "
#define EVENTS_WHERE                                                                     \
	"JOIN contents c ON c.workspace_id = p.workspace_id AND c.id = p.content_id "    \
	"JOIN accounts a ON a.workspace_id = p.workspace_id AND a.id = p.account_id "    \
	"WHERE p.workspace_id = ? AND p.due_at >= UTC_TIMESTAMP(3) - INTERVAL 30 DAY "   \
	"AND p.due_at < UTC_TIMESTAMP(3) + INTERVAL 365 DAY AND p.state <> 'cancelled' " \
	"AND (? IS NULL OR p.livemode = ?) AND (? IS NULL OR FIND_IN_SET(p.account_id, ?)) "
#define EVENTS_BINDS "sIIss"

const struct stmt store_calendars_statements[] = {
	[INSERT] = { "calendars.insert", STMT_WORKSPACE, "ssbssIss",
		     "INSERT INTO calendar_feeds (workspace_id, id, token_hash, name, "
		     "character_id, livemode, account_ids, created_by, created_at) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
		     NULL },
	[LIST] = { "calendars.list", STMT_WORKSPACE, "si",
		   "SELECT " COLUMNS " FROM calendar_feeds WHERE workspace_id = ? "
		   "ORDER BY id LIMIT ?",
		   NULL },
	[GET] = { "calendars.get", STMT_WORKSPACE, "ss",
		  "SELECT " COLUMNS " FROM calendar_feeds WHERE workspace_id = ? AND id = ?",
		  NULL },
	[ROTATE] = { "calendars.rotate", STMT_WORKSPACE, "bss",
		     "UPDATE calendar_feeds SET token_hash = ? WHERE workspace_id = ? AND id = ?",
		     NULL },
	[DELETE] = { "calendars.delete", STMT_WORKSPACE, "ss",
		     "DELETE FROM calendar_feeds WHERE workspace_id = ? AND id = ?", NULL },
	[OPEN] = { "calendars.open", STMT_GLOBAL, "b",
		   "SELECT " COLUMNS " FROM calendar_feeds f WHERE token_hash = ? "
		   "AND (EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = f.workspace_id "
		   "AND m.user_id = f.created_by) "
		   "OR EXISTS (SELECT 1 FROM api_keys k WHERE k.workspace_id = f.workspace_id "
		   "AND k.id = f.created_by AND k.revoked_at IS NULL "
		   "AND (k.expires_at IS NULL OR k.expires_at > UTC_TIMESTAMP(3))))",
		   "the secret alone says whose feed it is" },
	[EVENTS] = { "calendars.events", STMT_WORKSPACE, EVENTS_BINDS "i",
		     EVENTS_OF "FORCE INDEX (by_due) " EVENTS_WHERE
			       "ORDER BY p.due_at, p.id LIMIT ?",
		     NULL },
	[EVENTS_OF_CHARACTER] = { "calendars.events_of_character", STMT_WORKSPACE,
				  EVENTS_BINDS "si",
				  EVENTS_OF "FORCE INDEX (by_character) " EVENTS_WHERE
					    "AND p.character_id = ? "
					    "ORDER BY p.due_at, p.id LIMIT ?",
				  NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_calendars_statements[x])

static void read_row(const struct rows *r, struct arena *a, struct calendar *ret)
{
	*ret = (struct calendar){
		.workspace = rows_dup(r, 0, a),
		.id = rows_dup(r, 1, a),
		.name = rows_dup(r, 2, a),
		.character_id = rows_dup(r, 3, a),
		.livemode = rows_null(r, 4) ? LIVEMODE_ANY : (enum livemode)(rows_int(r, 4) != 0),
		.account_ids = rows_dup(r, 5, a),
		.created_by = rows_dup(r, 6, a),
		.created_us = rows_instant(r, 7),
	};
}

int store_calendars_insert(struct db *db, const char *ws, const struct calendar *in,
			   const uint8_t hash[static SHA256_BYTES], char ret_id[static ID_MAX],
			   struct problem *reterr)
{
	random_id(ret_id, "cal");
	return db_exec(db, ROW(INSERT), NULL, reterr, ws, ret_id, (const void *)hash,
		       (size_t)SHA256_BYTES, in->name, in->character_id,
		       livemode_bind(in->livemode), in->account_ids, in->created_by);
}

int store_calendars_list(struct db *db, const char *ws, struct arena *a, struct calendars *ret,
			 struct problem *reterr)
{
	struct calendars list = { .v = arena_array(a, LIST_MAX, sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(LIST), &r, reterr, ws, (int64_t)LIST_MAX) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		read_row(r, a, &list.v[list.n++]);
	rows_end(r);
	*ret = list;
	return got;
}

int store_calendars_get(struct db *db, const char *ws, const char *id, struct arena *a,
			struct calendar *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("calendar", id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_calendars_rotate(struct db *db, const char *ws, const char *id,
			   const uint8_t hash[static SHA256_BYTES], struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(ROTATE), &changed, reterr, (const void *)hash, (size_t)SHA256_BYTES, ws,
		    id) < 0)
		return -1;
	return changed ? 0 : guard_missing("calendar", id, reterr);
}

int store_calendars_delete(struct db *db, const char *ws, const char *id, struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(DELETE), &changed, reterr, ws, id) < 0)
		return -1;
	return changed ? 0 : guard_missing("calendar", id, reterr);
}

int store_calendars_open(struct db *db, const uint8_t hash[static SHA256_BYTES], struct arena *a,
			 struct calendar *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(OPEN), &r, reterr, (const void *)hash, (size_t)SHA256_BYTES);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such calendar");
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

static int query_events(struct db *db, const struct calendar *of, struct rows **ret,
			struct problem *reterr)
{
	const int64_t mode = livemode_bind(of->livemode);

	if (of->character_id)
		return db_query(db, ROW(EVENTS_OF_CHARACTER), ret, reterr, of->workspace, mode,
				mode, of->account_ids, of->account_ids, of->character_id,
				(int64_t)CALENDAR_EVENTS_MAX);
	return db_query(db, ROW(EVENTS), ret, reterr, of->workspace, mode, mode, of->account_ids,
			of->account_ids, (int64_t)CALENDAR_EVENTS_MAX);
}

int store_calendars_events(struct db *db, const struct calendar *of, struct arena *a,
			   struct calendar_events *ret, struct problem *reterr)
{
	struct calendar_events list = { .v = arena_array(a, CALENDAR_EVENTS_MAX, sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (query_events(db, of, &r, reterr) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list.v[list.n++] = (struct calendar_event){
			.post_id = rows_dup(r, 0, a),
			.platform = rows_dup(r, 1, a),
			.state = rows_dup(r, 2, a),
			.username = rows_dup(r, 3, a),
			.words = rows_dup(r, 4, a),
			.caption = rows_dup(r, 5, a),
			.remote_url = rows_dup(r, 6, a),
			.version = rows_int(r, 7),
			.due_us = rows_instant(r, 8),
			.updated_us = rows_instant(r, 9),
		};
	rows_end(r);
	*ret = list;
	return got;
}

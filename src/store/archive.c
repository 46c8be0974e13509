/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database writes and reads the JSON itself: a column is one row of a list here, and stands in
 * both directions.
 */
#include "store/archive.h"

#include <stdio.h>
#include <string.h>

#include "db/conn.h"

#define PAGE 300

const char *const archive_table_names[] = { "members",  "accounts",      "characters", "media",
					    "contents", "content_media", "posts",      "attempts",
					    "results",  "imported_rows", "webhooks",   NULL };

/* clang-format off */
/* X(kind, column): T text or number, B truth, J JSON, D instant, H bytes */
#define ACCOUNTS(X) \
	X(T, platform) X(B, livemode) X(T, remote_id) X(T, username) X(T, display_name) X(T, avatar_url) \
	X(T, scopes) X(T, missing_scopes) X(J, meta) X(J, settings) X(B, is_default) \
	X(T, publish_within_minutes) X(T, on_late) X(D, expires_at) X(D, connected_at) X(T, version) \
	X(D, created_at) X(D, updated_at) X(D, paused_at)
#define CHARACTERS(X) \
	X(T, name) X(T, handle) X(T, niche) X(T, timezone) X(J, schedule) X(J, default_accounts) \
	X(T, version) X(D, created_at) X(D, updated_at) X(D, paused_at)
#define MEDIA(X) \
	X(T, kind) X(T, mime) X(T, ext) X(H, sha256) X(T, bytes) X(T, width) X(T, height) \
	X(T, duration_ms) X(T, video_codec) X(T, audio_codec) X(T, alt_text) X(T, filename) \
	X(B, is_twin) X(B, is_index_last) X(T, version) X(D, created_at)
#define CONTENTS(X) \
	X(T, character_id) X(T, kind) X(T, title) X(T, caption) X(T, link) X(J, tags) X(T, first_comment) \
	X(J, overrides) X(T, sound_media_id) X(T, state) X(T, revision) X(T, approved_revision) \
	X(T, approved_by) X(D, approved_at) X(T, rejected_reason) X(T, created_by) X(T, version) \
	X(D, created_at) X(D, updated_at)
#define CONTENT_MEDIA(X) X(T, position) X(T, media_id) X(T, alt_text)
#define POSTS(X) \
	X(T, content_id) X(T, content_revision) X(T, character_id) X(T, account_id) X(T, platform) \
	X(B, livemode) X(T, version) X(T, fence) X(D, due_at) X(T, timezone) X(T, local_time) X(T, fold) \
	X(T, tzdata) X(B, dst_adjusted) X(B, is_immediate) X(J, overrides) X(T, claims) X(T, tries) \
	X(T, attempts) X(T, remote_id) X(T, remote_url) X(D, published_at) X(T, waiting_for) \
	X(T, error_code) X(T, error_message) X(T, error_who) X(B, error_retryable) X(T, platform_code) \
	X(T, platform_message) X(T, created_by) X(D, created_at) X(D, updated_at)
#define ATTEMPTS(X) \
	X(T, seq) X(T, account_id) X(H, permit) X(T, fence) X(T, host) X(T, boot_id) X(T, pid) \
	X(T, start_ticks) X(T, handle) X(H, fingerprint) X(H, snapshot_hash) X(D, sent_at) \
	X(D, deadline_at) X(T, fired_late_us) X(T, negatives) X(D, last_read_at) X(D, settled_at) \
	X(J, evidence)
#define RESULTS(X) \
	X(T, account_id) X(D, published_at) X(T, views) X(T, likes) X(T, comments) X(T, shares) \
	X(T, saves) X(T, score) X(T, readings) X(T, failures) X(D, read_at)
#define IMPORT_ROWS(X) X(T, content_id) X(D, created_at)

#define WEBHOOKS(X) \
	X(T, url) X(T, description) X(T, events) X(B, livemode) X(T, version) X(T, created_by) \
	X(D, created_at) X(D, updated_at)

#define STAMP "'%Y-%m-%dT%H:%i:%s.%fZ'"
#define OUT(kind, c)  ", '" #c "', " OUT_##kind(c)
#define OUT_T(c)      #c
#define OUT_B(c)      "(" #c " = 1)"
#define OUT_J(c)      "JSON_COMPACT(" #c ")"
#define OUT_D(c)      "DATE_FORMAT(" #c ", " STAMP ")"
#define OUT_H(c)      "LOWER(HEX(" #c "))"
#define NAME(kind, c) ", " #c
#define IN(kind, c)   ", " IN_##kind(c)
#define IN_T(c)       "JSON_VALUE(d, '$." #c "')"
#define IN_B(c)       IN_T(c)
#define IN_J(c)       "NULLIF(JSON_EXTRACT(d, '$." #c "'), 'null')"
#define IN_D(c)       "STR_TO_DATE(" IN_T(c) ", " STAMP ")"
#define IN_H(c)       "UNHEX(" IN_T(c) ")"
#define GIVEN         "FROM (SELECT ? AS d) AS given"

#define AFTER(first)          "(" first " > ? OR (" first " = ? AND 0 > ?)) ORDER BY " first " LIMIT ?"
#define AFTER_TWO(one, other) "(" one " > ? OR (" one " = ? AND " other " > ?)) ORDER BY " one ", " other " LIMIT ?"

enum {
	BEGIN_WORD,
	WORKSPACE_OUT,
	WORKSPACE_IN,
	IS_USED,
	USER_IN,
	OUTS,
	INS = OUTS + ARCHIVE_TABLES,
};

const struct stmt store_archive_statements[] = {
	[BEGIN_WORD] = { "archive.begin", STMT_GLOBAL, "", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"an export sees one moment; no row is read or written" },
	[WORKSPACE_OUT] = { "archive.workspace_out", STMT_WORKSPACE, "s",
		"SELECT JSON_OBJECT('id', id, 'name', name, 'timezone', timezone, 'require_approval', (require_approval = 1), "
		"'created_at', DATE_FORMAT(created_at, " STAMP ")) FROM workspaces WHERE id = ?", NULL },
	[WORKSPACE_IN] = { "archive.workspace_in", STMT_GLOBAL, "ss",
		"INSERT INTO workspaces (id, name, timezone, require_approval, created_at, updated_at) "
		"SELECT ?, JSON_VALUE(d, '$.name'), JSON_VALUE(d, '$.timezone'), JSON_VALUE(d, '$.require_approval'), "
		IN_D(created_at) ", UTC_TIMESTAMP(3) " GIVEN " "
		"ON DUPLICATE KEY UPDATE name = VALUES(name), timezone = VALUES(timezone), "
		"require_approval = VALUES(require_approval), version = version + 1, updated_at = UTC_TIMESTAMP(3)",
		"makes the workspace that the operator names" },
	[IS_USED] = { "archive.is_used", STMT_WORKSPACE, "sssss",
		"SELECT EXISTS (SELECT 1 FROM accounts WHERE workspace_id = ?) OR EXISTS (SELECT 1 FROM characters WHERE workspace_id = ?) "
		"OR EXISTS (SELECT 1 FROM media WHERE workspace_id = ?) OR EXISTS (SELECT 1 FROM contents WHERE workspace_id = ?) "
		"OR EXISTS (SELECT 1 FROM posts WHERE workspace_id = ?)", NULL },
	[USER_IN] = { "archive.user_in", STMT_GLOBAL, "s",
		"INSERT INTO users (id, email, name, password_hash, created_at) "
		"SELECT JSON_VALUE(d, '$.user_id'), JSON_VALUE(d, '$.email'), JSON_VALUE(d, '$.name'), '*', UTC_TIMESTAMP(3) " GIVEN " "
		"WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.email = JSON_VALUE(d, '$.email'))",
		"users belong to no workspace" },

	[OUTS + ARCHIVE_MEMBERS] = { "archive.members_out", STMT_WORKSPACE, "sssii",
		"SELECT user_id, 0, JSON_OBJECT('user_id', user_id, 'email', users.email, 'name', users.name, 'role', role, "
		"'created_at', DATE_FORMAT(members.created_at, " STAMP ")) FROM members JOIN users ON users.id = user_id "
		"WHERE workspace_id = ? AND " AFTER("user_id"), NULL },
	[OUTS + ARCHIVE_ACCOUNTS] = { "archive.accounts_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id, 'status', status, 'status_reason', status_reason" ACCOUNTS(OUT) ") FROM accounts "
		"WHERE workspace_id = ? AND " AFTER("id"), NULL },
	[OUTS + ARCHIVE_CHARACTERS] = { "archive.characters_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id" CHARACTERS(OUT) ") FROM characters "
		"WHERE workspace_id = ? AND " AFTER("id"), NULL },
	[OUTS + ARCHIVE_MEDIA] = { "archive.media_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id, 'state', state, 'error', error" MEDIA(OUT) ") FROM media "
		"WHERE workspace_id = ? AND NOT EXISTS (SELECT 1 FROM probes WHERE probes.workspace_id = media.workspace_id "
		"AND probes.media_id = media.id) AND " AFTER("id"), NULL },
	[OUTS + ARCHIVE_CONTENTS] = { "archive.contents_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id" CONTENTS(OUT) ") FROM contents "
		"WHERE workspace_id = ? AND " AFTER("id"), NULL },
	[OUTS + ARCHIVE_CONTENT_MEDIA] = { "archive.content_media_out", STMT_WORKSPACE, "sssii",
		"SELECT content_id, position, JSON_OBJECT('content_id', content_id" CONTENT_MEDIA(OUT) ") FROM content_media "
		"WHERE workspace_id = ? AND " AFTER_TWO("content_id", "position"), NULL },
	[OUTS + ARCHIVE_POSTS] = { "archive.posts_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id, 'state', state, 'reason', reason" POSTS(OUT) ") FROM posts "
		"WHERE workspace_id = ? AND " AFTER("id"), NULL },
	[OUTS + ARCHIVE_ATTEMPTS] = { "archive.attempts_out", STMT_WORKSPACE, "sssii",
		"SELECT post_id, seq, JSON_OBJECT('post_id', post_id, 'state', state" ATTEMPTS(OUT) ") FROM attempts "
		"WHERE workspace_id = ? AND " AFTER_TWO("post_id", "seq"), NULL },
	[OUTS + ARCHIVE_RESULTS] = { "archive.results_out", STMT_WORKSPACE, "sssii",
		"SELECT post_id, 0, JSON_OBJECT('post_id', post_id" RESULTS(OUT) ") FROM post_results "
		"WHERE workspace_id = ? AND " AFTER("post_id"), NULL },
	[OUTS + ARCHIVE_IMPORT_ROWS] = { "archive.import_rows_out", STMT_WORKSPACE, "sssii",
		"SELECT LOWER(HEX(row_sha256)), 0, JSON_OBJECT('row_sha256', LOWER(HEX(row_sha256))" IMPORT_ROWS(OUT) ") FROM import_rows "
		"WHERE workspace_id = ? AND (row_sha256 > UNHEX(?) OR (row_sha256 = UNHEX(?) AND 0 > ?)) ORDER BY row_sha256 LIMIT ?", NULL },

	[OUTS + ARCHIVE_WEBHOOKS] = { "archive.webhooks_out", STMT_WORKSPACE, "sssii",
		"SELECT id, 0, JSON_OBJECT('id', id, 'state', state, 'reason', reason" WEBHOOKS(OUT) ") FROM webhooks "
		"WHERE workspace_id = ? AND " AFTER("id"), NULL },

	[INS + ARCHIVE_MEMBERS] = { "archive.members_in", STMT_WORKSPACE, "ss",
		"INSERT INTO members (workspace_id, user_id, role, created_at) SELECT ?, users.id, JSON_VALUE(d, '$.role'), "
		IN_D(created_at) " " GIVEN " JOIN users ON users.email = JSON_VALUE(d, '$.email') "
		"ON DUPLICATE KEY UPDATE role = members.role", NULL },
	[INS + ARCHIVE_ACCOUNTS] = { "archive.accounts_in", STMT_WORKSPACE, "ss",
		"INSERT INTO accounts (workspace_id, id, status, status_reason" ACCOUNTS(NAME) ") SELECT ?, " IN_T(id)
		", 'disconnected', 'came with an import: connect it again'" ACCOUNTS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_CHARACTERS] = { "archive.characters_in", STMT_WORKSPACE, "ss",
		"INSERT INTO characters (workspace_id, id" CHARACTERS(NAME) ") SELECT ?, " IN_T(id) CHARACTERS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_MEDIA] = { "archive.media_in", STMT_WORKSPACE, "ss",
		"INSERT INTO media (workspace_id, id, state, error" MEDIA(NAME) ") SELECT ?, " IN_T(id) ", "
		"IF(" IN_T(state) " = 'fetching', 'failed', " IN_T(state) "), "
		"IF(" IN_T(state) " = 'fetching', 'was still to be fetched when the workspace was exported', " IN_T(error) ")"
		MEDIA(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_CONTENTS] = { "archive.contents_in", STMT_WORKSPACE, "ss",
		"INSERT INTO contents (workspace_id, id" CONTENTS(NAME) ") SELECT ?, " IN_T(id) CONTENTS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_CONTENT_MEDIA] = { "archive.content_media_in", STMT_WORKSPACE, "ss",
		"INSERT INTO content_media (workspace_id, content_id" CONTENT_MEDIA(NAME) ") SELECT ?, " IN_T(content_id)
		CONTENT_MEDIA(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_POSTS] = { "archive.posts_in", STMT_WORKSPACE, "ss",
		"INSERT INTO posts (workspace_id, id, state, reason" POSTS(NAME) ") SELECT ?, " IN_T(id) ", "
		"CASE WHEN " IN_T(state) " IN ('queued', 'staging', 'staged', 'retrying') THEN 'paused' "
		"WHEN " IN_T(state) " IN ('publishing', 'confirming') THEN 'unconfirmed' ELSE " IN_T(state) " END, "
		"IF(" IN_T(state) " IN ('queued', 'staging', 'staged', 'retrying'), 'account_disconnected', " IN_T(reason) ")"
		POSTS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_ATTEMPTS] = { "archive.attempts_in", STMT_WORKSPACE, "ss",
		"INSERT INTO attempts (workspace_id, post_id, state" ATTEMPTS(NAME) ") SELECT ?, " IN_T(post_id) ", "
		"IF(" IN_T(state) " = 'sent', 'in_doubt', " IN_T(state) ")" ATTEMPTS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_RESULTS] = { "archive.results_in", STMT_WORKSPACE, "ss",
		"INSERT INTO post_results (workspace_id, post_id" RESULTS(NAME) ") SELECT ?, " IN_T(post_id) RESULTS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_IMPORT_ROWS] = { "archive.import_rows_in", STMT_WORKSPACE, "ss",
		"INSERT INTO import_rows (workspace_id, row_sha256" IMPORT_ROWS(NAME) ") SELECT ?, " IN_H(row_sha256)
		IMPORT_ROWS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_WEBHOOKS] = { "archive.webhooks_in", STMT_WORKSPACE, "ss",
		"INSERT INTO webhooks (workspace_id, id, state, reason" WEBHOOKS(NAME) ") SELECT ?, " IN_T(id)
		", 'disabled', 'came with an import: rotate its secret, then enable it'" WEBHOOKS(IN) " " GIVEN, NULL },
	[INS + ARCHIVE_TABLES] = { NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};
/* clang-format on */

#define ROW(x) (&store_archive_statements[x])

struct place { /* of the last row that was read */
	char id[80];
	int64_t number;
};

int store_archive_begin(struct db *db, struct problem *reterr)
{
	if (db_exec(db, ROW(BEGIN_WORD), NULL, reterr) < 0)
		return -1;
	return db_begin(db, reterr);
}

int store_archive_workspace(struct db *db, const char *ws, struct arena *a, const char **ret_json,
			    struct problem *reterr)
{
	struct rows *r = NULL;
	const int got = db_query_one(db, ROW(WORKSPACE_OUT), &r, reterr, ws);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "workspace %.64s does not exist", ws);
	*ret_json = rows_dup(r, 0, a);
	rows_end(r);
	return 0;
}

/* How many rows there were, or -1. */
static int read_page(struct rows *r, struct place *at, archive_take *take, void *arg,
		     struct problem *reterr)
{
	int n = 0, got;

	while ((got = rows_next(r, reterr)) == 1) {
		n++;
		snprintf(at->id, sizeof(at->id), "%s", rows_text(r, 0));
		at->number = rows_int(r, 1);
		if (take(arg, rows_text(r, 2), reterr) < 0)
			return -1;
	}
	return got < 0 ? -1 : n;
}

int store_archive_rows(struct db *db, const char *ws, enum archive_table t, archive_take *take,
		       void *arg, struct problem *reterr)
{
	struct place at = { "", -1 };
	int n = PAGE;

	while (n == PAGE) {
		struct rows *r = NULL;

		if (db_query(db, ROW(OUTS + (int)t), &r, reterr, ws, at.id, at.id, at.number,
			     (int64_t)PAGE) < 0)
			return -1;
		n = read_page(r, &at, take, arg, reterr);
		rows_end(r);
	}
	return n < 0 ? -1 : 0;
}

/* What the database refuses of a row is the file's fault, unless the database is away. */
static int exec_row(struct db *db, int which, const char *ws, const char *json,
		    struct problem *reterr)
{
	int64_t n = 0;
	const int failed = which == USER_IN ? db_exec(db, ROW(which), &n, reterr, json)
					    : db_exec(db, ROW(which), &n, reterr, ws, json);

	if (!failed)
		return 0;
	switch (db_errno(db)) {
	case DB_ERROR_DUPLICATE:
		return problem_set(reterr, PROBLEM_DUPLICATE, "this database has it already");
	case DB_ERROR_NO_PARENT:
		return problem_set(reterr, PROBLEM_INVALID,
				   "it refers to something that the file does not have");
	default:
		return reterr->kind == PROBLEM_DB_DOWN
			       ? -1
			       : problem_set(reterr, PROBLEM_INVALID,
					     "a member is missing, or is nothing that it may be "
					     "(MariaDB's error %u)",
					     db_errno(db));
	}
}

int store_archive_open(struct db *db, const char *ws, const char *json, struct problem *reterr)
{
	struct rows *r = NULL;
	bool is_used;

	if (db_query_one(db, ROW(IS_USED), &r, reterr, ws, ws, ws, ws, ws) < 0)
		return -1;
	is_used = rows_int(r, 0) != 0;
	rows_end(r);
	if (is_used)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "workspace %.64s is not empty; import into a new one", ws);
	return exec_row(db, WORKSPACE_IN, ws, json, reterr);
}

int store_archive_insert(struct db *db, const char *ws, enum archive_table t, const char *json,
			 struct problem *reterr)
{
	if (t == ARCHIVE_MEMBERS && exec_row(db, USER_IN, ws, json, reterr) < 0)
		return -1;
	return exec_row(db, INS + (int)t, ws, json, reterr);
}

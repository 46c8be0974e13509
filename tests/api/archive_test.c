/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-admin export and import --format json: a workspace out of one database into another. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/archive.h"
#include "support/admin.h"
#include "support/room.h"

#define CANARY "CANARY"

/* Two instances on one server, each with media of its own. */
static struct database here, there;
static char out_path[120], media_path_out[120];

/* Before the cases nothing can be asserted. */
static void must(bool holds)
{
	if (holds)
		return;
	perror(database.folder);
	exit(EXIT_FAILURE);
}

static void make_instance(struct database *d, const char *name, const char *schema)
{
	char path[160];
	FILE *f;

	*d = database;
	snprintf(d->folder, sizeof(d->folder), "%.40s/%s", database.folder, name);
	must(mkdir(d->folder, 0700) == 0);
	snprintf(path, sizeof(path), "%s/media", d->folder);
	must(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/carillon.ini", d->folder);
	f = fopen(path, "w");
	must(f != NULL);
	fprintf(f, "[database]\nsocket = %s\nname = %s\n", database.socket, schema);
	fprintf(f, "api_user = %s\nrun_user = %s\nadmin_user = %s\n",
		database.config->database_admin_user, database.config->database_admin_user,
		database.config->database_admin_user);
	fprintf(f, "[media]\nfolder = %s/media\n", d->folder);
	fprintf(f, "[keys]\npepper_file = %s/pepper.key\nurl_file = %s/url.key\n", database.folder,
		database.folder);
	must(fclose(f) == 0);
}

/* printf, and then one statement. */
__attribute__((format(printf, 1, 2))) static void run(const char *fmt, ...)
{
	va_list ap;
	char *sql;

	va_start(ap, fmt);
	sql = arena_vprintf(arena, fmt, ap);
	va_end(ap);
	database_run(&database, sql);
}

static int64_t count_there(const char *table)
{
	return database_number(&database,
			       arena_printf(arena, "SELECT COUNT(*) FROM other.%s", table));
}

#define ODD "'q\"u\\\\o\\nlf \\r\\t ü 😀', CHAR(1), '\\u2028 {\"not\": [json'"

static void add_people_and_accounts(void)
{
	run("UPDATE users SET password_hash = '%s-hash', name = CONCAT(%s) WHERE id = '%s'", CANARY,
	    ODD, user);
	run("INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, username, "
	    "display_name, status, scopes, missing_scopes, meta, settings, created_at, updated_at) "
	    "VALUES ('%s', 'acc_1', 'tiktok', 1, 'r1', CONCAT(%s), 'd', 'connected', 'a b', '', "
	    "'{\"page_id\": \"1\", \"n\": [1, 2.5, null, \"\\\\u00e9\"]}', '{}', "
	    "'2026-01-02 03:04:05.678', UTC_TIMESTAMP(3))",
	    ws, ODD);
	run("INSERT INTO account_tokens (workspace_id, account_id, kind, kid, sealed, issued_at) "
	    "VALUES ('%s', 'acc_1', 'access', 'k', '%s-token', UTC_TIMESTAMP(3))",
	    ws, CANARY);
	run("INSERT INTO oauth_flows (workspace_id, id, state_hash, cookie_hash, platform, "
	    "livemode, "
	    "verifier, redirect, status, candidates, created_at, expires_at) VALUES ('%s', 'f1', "
	    "UNHEX(SHA2('s', 256)), UNHEX(SHA2('c', 256)), 'tiktok', 1, '%s-verifier', '/', "
	    "'choose', "
	    "'%s-candidates', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	    ws, CANARY, CANARY);
	run("INSERT INTO api_keys (workspace_id, id, public_id, secret_hmac, name, livemode, "
	    "scopes, "
	    "created_at) VALUES ('%s', 'key_1', 'AAAAAAAA', UNHEX(SHA2('x', 256)), '%s-key', 1, "
	    "'', "
	    "UTC_TIMESTAMP(3))",
	    ws, CANARY);
	run("INSERT INTO characters (workspace_id, id, name, timezone, schedule, default_accounts, "
	    "created_at, updated_at) VALUES ('%s', 'char_1', 'Mila', 'Europe/Paris', "
	    "'{\"tiktok\": {\"posts_per_day\": 2}}', '{\"tiktok\": \"acc_1\"}', UTC_TIMESTAMP(3), "
	    "UTC_TIMESTAMP(3))",
	    ws);
}

/* Enough rows that each list is read in several pages. */
static void add_contents(void)
{
	run("INSERT INTO media (workspace_id, id, state, kind, mime, ext, sha256, bytes, is_twin, "
	    "created_at) SELECT '%s', CONCAT('med_', LPAD(seq, 4, '0')), 'ready', 'image', "
	    "'image/jpeg', 'jpg', UNHEX(SHA2(seq, 256)), 3, 0, UTC_TIMESTAMP(3) FROM seq_1_to_400",
	    ws);
	run("INSERT INTO media (workspace_id, id, state, filename, created_at) VALUES "
	    "('%s', 'med_f', 'fetching', 'a.jpg', UTC_TIMESTAMP(3)), "
	    "('%s', 'med_p', 'fetching', 'probe.jpg', UTC_TIMESTAMP(3))",
	    ws, ws);
	run("INSERT INTO fetches (workspace_id, media_id, url, state, due_at, next_at, created_at, "
	    "updated_at) VALUES ('%s', 'med_f', 'https://a/%s', 'queued', UTC_TIMESTAMP(3), "
	    "UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	    ws, CANARY);
	run("INSERT INTO probes (workspace_id, url_sha256, wanted, media_id, created_at) VALUES "
	    "('%s', UNHEX(SHA2('p', 256)), 'any', 'med_p', UTC_TIMESTAMP(3))",
	    ws);
	run("INSERT INTO contents (workspace_id, id, character_id, kind, title, caption, link, "
	    "tags, "
	    "overrides, sound_media_id, state, revision, approved_revision, approved_by, "
	    "approved_at, "
	    "created_by, created_at, updated_at) SELECT '%s', CONCAT('cnt_', LPAD(seq, 4, '0')), "
	    "'char_1', 'carousel', NULL, CONCAT('VISIBLE ', seq, %s), 'https://l/', "
	    "'[\"a\", \"b\"]', '{\"tiktok\": {\"privacy\": \"SELF\"}}', IF(seq = 1, 'med_0009', "
	    "NULL), "
	    "'approved', 2, 2, '%s', UTC_TIMESTAMP(3), '%s', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) "
	    "FROM "
	    "seq_1_to_700",
	    ws, ODD, user, user);
	run("INSERT INTO content_media (workspace_id, content_id, position, media_id, alt_text) "
	    "SELECT '%s', CONCAT('cnt_', LPAD(c.seq, 4, '0')), m.seq, CONCAT('med_', LPAD(m.seq + "
	    "1, 4, "
	    "'0')), NULL FROM seq_1_to_350 c JOIN seq_0_to_6 m",
	    ws);
}

static void add_posts(void)
{
	static const char *const states[] = { "queued",     "staging",  "staged",      "publishing",
					      "confirming", "retrying", "unconfirmed", "published",
					      "failed",     "missed",   "cancelled",   "paused" };

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		run("INSERT INTO posts (workspace_id, id, content_id, content_revision, "
		    "character_id, "
		    "account_id, platform, livemode, state, reason, owner, wake_at, due_at, "
		    "timezone, "
		    "local_time, overrides, memo, snapshot, remote_id, error_retryable, "
		    "created_at, "
		    "updated_at) VALUES ('%s', 'sch_%zu', 'cnt_0001', 2, 'char_1', 'acc_1', "
		    "'tiktok', 1, "
		    "'%s', %s, '%s-owner', UTC_TIMESTAMP(3), '2038-01-01 10:00:00.000' + INTERVAL "
		    "%zu "
		    "HOUR, 'Europe/Paris', '2038-01-01T11:00:00', '{\"caption\": \"x\"}', "
		    "'%s-memo', "
		    "'%s-snapshot', %s, %s, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		    ws, i, states[i], strcmp(states[i], "paused") == 0 ? "'late'" : "NULL", CANARY,
		    i, CANARY, CANARY, strcmp(states[i], "published") == 0 ? "'remote-1'" : "NULL",
		    i % 2 ? "NULL" : "0");
	}
	run("INSERT INTO attempts (workspace_id, post_id, seq, account_id, permit, fence, host, "
	    "boot_id, pid, start_ticks, fingerprint, snapshot_hash, state, sent_at, deadline_at, "
	    "fired_late_us, evidence) VALUES ('%s', 'sch_3', 1, 'acc_1', UNHEX(MD5(1)), 7, 'h', "
	    "'b', 1, "
	    "9223372036854775807, UNHEX(SHA2(1, 256)), UNHEX(SHA2(2, 256)), 'sent', "
	    "'2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678902', -5, '[{\"at\": 1}]'), "
	    "('%s', 'sch_7', 1, 'acc_1', UNHEX(MD5(2)), 7, 'h', 'b', 1, 2, UNHEX(SHA2(1, 256)), "
	    "UNHEX(SHA2(2, 256)), 'effect', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), NULL, NULL)",
	    ws, ws);
	run("INSERT INTO post_results (workspace_id, post_id, account_id, published_at, views, "
	    "score) "
	    "VALUES ('%s', 'sch_7', 'acc_1', UTC_TIMESTAMP(3), 12, 0.1)",
	    ws);
	run("INSERT INTO webhooks (workspace_id, id, url, events, livemode, state, created_at, "
	    "updated_at) VALUES ('%s', 'whe_1', 'https://hook.example/in?a=b', 'post.published "
	    "post.failed', 1, 'enabled', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	    ws);
	run("INSERT INTO webhook_secrets (workspace_id, id, webhook_id, kid, sealed, created_at) "
	    "VALUES ('%s', 'whs_1', 'whe_1', 'k1', '%s-sealed', UTC_TIMESTAMP(3))",
	    ws, CANARY);
	run("INSERT INTO import_rows (workspace_id, row_sha256, content_id, created_at) SELECT "
	    "'%s', "
	    "UNHEX(SHA2(seq, 256)), 'cnt_0001', UTC_TIMESTAMP(3) FROM seq_1_to_301",
	    ws);
}

static void empty_there(void)
{
	const char *const migrate[] = { "migrate", database_sql_folder(), NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	database_run(&database, "DROP DATABASE IF EXISTS other");
	database_run(&database, "CREATE DATABASE other");
	ck_assert_msg(admin_run(&there, migrate, &out) == 0, "%s", buf_str(&out));
}

static void clear_here(void)
{
	static const char *const tables[] = { "import_rows", "post_results",  "attempts",
					      "posts",       "content_media", "contents",
					      "fetches",     "probes",        "media",
					      "characters",  "oauth_flows",   "account_tokens",
					      "accounts",    "webhooks" };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		run("DELETE FROM %s", tables[i]);
	run("DELETE FROM api_keys");
}

static void with_workspace(void)
{
	room_setup();
	clear_here();
	empty_there();
	add_people_and_accounts();
	add_contents();
	add_posts();
}

static int export_from(const struct database *d, const char *folder, struct buf *out)
{
	const char *const argv[] = {
		"export", "--workspace", ws, out_path, folder ? "--media" : NULL, folder, NULL
	};

	return admin_run(d, argv, out);
}

static int import_to(const struct database *d, const char *path, struct buf *out)
{
	const char *const argv[] = { "import", "--format", "json", path, NULL };

	return admin_run(d, argv, out);
}

/* Caller decrefs. */
static json_t *exported(const struct database *d)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	json_error_t error;
	json_t *all;

	ck_assert_msg(export_from(d, NULL, &out) == 0, "%s", buf_str(&out));
	all = json_load_file(out_path, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(all != NULL, "%s, line %d", error.text, error.line);
	json_object_del(json_object_get(all, "carillon_export"), "exported_at");
	return all;
}

/* What an import changes, by its list, member and value; NULL: any. */
static const struct {
	const char *list, *member, *from, *to, *also, *also_to;
} changes[] = {
	{ "accounts", "status", NULL, "disconnected", "status_reason",
	  "came with an import: connect it again" },
	{ "media", "state", "fetching", "failed", "error",
	  "was still to be fetched when the workspace was exported" },
	{ "posts", "state", "queued", "paused", "reason", "account_disconnected" },
	{ "posts", "state", "staging", "paused", "reason", "account_disconnected" },
	{ "posts", "state", "staged", "paused", "reason", "account_disconnected" },
	{ "posts", "state", "retrying", "paused", "reason", "account_disconnected" },
	{ "posts", "state", "publishing", "unconfirmed", NULL, NULL },
	{ "posts", "state", "confirming", "unconfirmed", NULL, NULL },
	{ "attempts", "state", "sent", "in_doubt", NULL, NULL },
	{ "webhooks", "state", "enabled", "disabled", "reason",
	  "came with an import: rotate its secret, then enable it" },
};

static void change_as_told(json_t *all)
{
	json_t *row;
	size_t i;

	for (size_t k = 0; k < ARRAY_LEN(changes); k++) {
		json_array_foreach(json_object_get(all, changes[k].list), i, row) {
			const char *now =
				json_string_value(json_object_get(row, changes[k].member));

			if (changes[k].from && strcmp(now, changes[k].from) != 0)
				continue;
			json_object_set_new(row, changes[k].member, json_string(changes[k].to));
			if (changes[k].also)
				json_object_set_new(row, changes[k].also,
						    json_string(changes[k].also_to));
		}
	}
}

static void assert_equal(const json_t *a, const json_t *b)
{
	const char *list;
	json_t *rows;

	json_object_foreach((json_t *)(uintptr_t)a, list, rows) {
		char *mine = json_dumps(rows, JSON_INDENT(1) | JSON_SORT_KEYS);
		char *theirs =
			json_dumps(json_object_get(b, list), JSON_INDENT(1) | JSON_SORT_KEYS);
		size_t at = 0;

		while (mine[at] && mine[at] == theirs[at])
			at++;
		ck_assert_msg(strcmp(mine, theirs) == 0, "%s: ...%.200s\nis not: ...%.200s", list,
			      mine + (at > 100 ? at - 100 : 0), theirs + (at > 100 ? at - 100 : 0));
		free(mine);
		free(theirs);
	}
	ck_assert(json_equal(a, b));
}

START_TEST(what_was_exported_and_imported_is_exported_alike)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	json_t *first = exported(&here), *second;

	ck_assert_uint_eq(json_array_size(json_object_get(first, "contents")), 700);
	ck_assert_uint_eq(json_array_size(json_object_get(first, "content_media")), 2450);
	ck_assert_uint_eq(json_array_size(json_object_get(first, "media")), 401);
	ck_assert_uint_eq(json_array_size(json_object_get(first, "posts")), 12);
	ck_assert_uint_eq(json_array_size(json_object_get(first, "webhooks")), 1);
	ck_assert_msg(import_to(&there, out_path, &out) == 0, "%s", buf_str(&out));
	second = exported(&there);
	change_as_told(first);
	assert_equal(first, second);
	ck_assert_int_eq(database_number(&database,
					 "SELECT COUNT(*) FROM other.posts WHERE wake_at "
					 "IS NOT NULL OR owner IS NOT NULL"),
			 0);
	/* Once more: nothing may change any further, and nothing be there twice. */
	ck_assert_int_eq(import_to(&there, out_path, &out), 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "is not empty; import into a new one"));
	json_decref(first);
	json_decref(second);
}
END_TEST

START_TEST(no_secret_is_exported)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	char part[4096];
	struct stat st;
	size_t n;
	FILE *f;

	ck_assert_msg(export_from(&here, NULL, &out) == 0, "%s", buf_str(&out));
	ck_assert_int_eq(stat(out_path, &st), 0);
	ck_assert_int_eq(st.st_mode & 077, 0);
	f = fopen(out_path, "r");
	ck_assert_ptr_nonnull(f);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&text, part, n);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "VISIBLE"));
	for (size_t i = 0; i + strlen(CANARY) < text.len; i++)
		ck_assert_msg(strncmp(text.p + i, CANARY, strlen(CANARY)) != 0, "...%.80s",
			      text.p + (i > 40 ? i - 40 : 0));
	ck_assert_ptr_null(strstr(buf_str(&text), "secret-access"));
}
END_TEST

static int tally(void *arg, const char *json, struct problem *reterr)
{
	int *n = arg;

	(void)json;
	(void)reterr;
	return ++*n < 0;
}

START_TEST(export_sees_one_moment)
{
	int before = 0, after = 0;

	ok(store_archive_begin(db, &why));
	ok(store_archive_rows(db, ws, ARCHIVE_CHARACTERS, tally, &before, &why));
	run("INSERT INTO characters (workspace_id, id, name, created_at, updated_at) VALUES ('%s', "
	    "'char_2', 'Tom', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	    ws);
	run("DELETE FROM post_results");
	ok(store_archive_rows(db, ws, ARCHIVE_CHARACTERS, tally, &after, &why));
	ck_assert_int_eq(after, before);
	after = 0;
	ok(store_archive_rows(db, ws, ARCHIVE_RESULTS, tally, &after, &why));
	ck_assert_int_eq(after, 1);
	db_rollback(db);
	after = 0;
	ok(store_archive_rows(db, ws, ARCHIVE_RESULTS, tally, &after, &why));
	ck_assert_int_eq(after, 0);
}
END_TEST

static void put_file(const char *folder, const char *sha256, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/media/%s", folder, ws);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/media/%s/%.2s", folder, ws, sha256);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/media/%s/%.2s/%s", folder, ws, sha256, sha256);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

START_TEST(media_go_along_by_their_hash)
{
	const char *const argv[] = { "import",  "--format",     "json", out_path,
				     "--media", media_path_out, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char path[300];
	struct stat st;
	FILE *f;

	run("DELETE FROM content_media");
	run("UPDATE contents SET sound_media_id = NULL");
	run("DELETE FROM media WHERE id > 'med_0002'");
	run("UPDATE media SET sha256 = UNHEX('" ABC "') WHERE id = 'med_0001'");
	put_file(here.folder, ABC, "abc");
	ck_assert_int_eq(export_from(&here, media_path_out, &out), 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "1 files of media are missing"));
	snprintf(path, sizeof(path), "%s/" ABC ".jpg", media_path_out);
	ck_assert_int_eq(stat(path, &st), 0);
	f = fopen(path, "w");
	fputs("abd", f);
	fclose(f);
	buf_clear(&out);
	ck_assert_int_eq(admin_run(&there, argv, &out), 1);
	ck_assert_msg(strstr(buf_str(&out), "is damaged") != NULL, "%s", buf_str(&out));
	ck_assert_int_eq(count_there("workspaces"), 0);
	f = fopen(path, "w");
	fputs("abc", f);
	fclose(f);
	ck_assert_msg(admin_run(&there, argv, &out) == 0, "%s", buf_str(&out));
	snprintf(path, sizeof(path), "%s/media/%s/ba/" ABC, there.folder, ws);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 3);
}
END_TEST

#define START "{\"carillon_export\": {\"version\": 1, \"schema\": 1}, "
#define WS                                                                                 \
	"\"workspace\": {\"id\": \"ws_x\", \"name\": \"n\", \"require_approval\": false, " \
	"\"created_at\": \"2026-01-02T03:04:05.000000Z\"}"
#define MEDIUM(more)                                                                        \
	START WS ", \"media\": [{\"id\": \"m\", \"state\": \"ready\", \"is_twin\": false, " \
		 "\"version\": 1, \"created_at\": \"2026-01-02T03:04:05.000000Z\"" more "}]}"

static const struct {
	const char *text, *words;
} hostile[] = {
	{ "", "this is no export" },
	{ "[]", "this is no export" },
	{ "scheduled_time,accounts\n", "this is no export" },
	{ "{\"workspace\": {\"id\": \"ws_x\"}}", "this is no export" },
	{ "{\"carillon_export\": {\"version\": 2}, " WS "}", "of version 2" },
	{ "{\"carillon_export\": {\"version\": 1, \"schema\": 9999}, " WS "}", "newer Carillon" },
	{ START "\"workspace\": {\"id\": \"../x\"}}", "this is no export" },
	{ START WS, "not all of it" },
	{ START WS ", \"posts\": [", "file ends here" },
	{ START WS ", \"posts\": [{\"id\": \"", "file ends within it" },
	{ START WS ", \"posts\": [[]]}", "no JSON object" },
	{ START WS ", \"posts\": [{\"id\": 1, \"id\": 2}]}", "no JSON object" },
	{ START WS ", \"posts\": [{\"id\": \"a\\u0000b\"}]}", "no JSON object" },
	{ START WS ", \"posts\": [{}]}", "row 1 of posts" },
	{ START WS ", \"account_tokens\": []}", "a list has a name" },
	{ START WS ", " WS "}", "this is no export" },
	{ START "\"media\": []}", "a list has a name" },
	{ START WS ", \"content_media\": [{\"content_id\": \"c\", \"position\": 0, \"media_id\": "
		   "\"m\"}]}",
	  "refers to something" },
	{ MEDIUM(", \"bytes\": \"many\""), "row 1 of media" },
	{ MEDIUM(", \"kind\": \"book\""), "row 1 of media" },
	{ MEDIUM("}, {\"id\": \"m\", \"state\": \"ready\", \"is_twin\": false, \"version\": 1, "
		 "\"created_at\": \"2026-01-02T03:04:05.000000Z\""),
	  "row 2 of media: this database has it already" },
};

START_TEST(what_is_no_export_leaves_nothing)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	FILE *f = fopen(out_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(hostile[_i].text, f);
	fclose(f);
	ck_assert_int_eq(import_to(&there, out_path, &out), 1);
	ck_assert_msg(strstr(buf_str(&out), hostile[_i].words) != NULL, "%s", buf_str(&out));
	ck_assert_int_eq(count_there("workspaces") + count_there("posts") + count_there("media"),
			 0);
}
END_TEST

START_TEST(endless_row_is_given_up)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	FILE *f = fopen(out_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(START WS ", \"posts\": [{\"id\": \"", f);
	for (int i = 0; i < 10 * 1024 * 1024; i++)
		fputc('x', f);
	fclose(f);
	ck_assert_int_eq(import_to(&there, out_path, &out), 1);
	ck_assert_msg(strstr(buf_str(&out), "larger than 8 MB") != NULL, "%s", buf_str(&out));
	ck_assert_int_eq(count_there("workspaces"), 0);
}
END_TEST

/* An option that does nothing here must not look as if it did. */
START_TEST(options_of_tables_are_refused)
{
	const char *const argv[] = { "import", "--format", "json", "--dry-run", out_path, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	FILE *f = fopen(out_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(START WS "}", f);
	fclose(f);
	ck_assert_int_eq(admin_run(&there, argv, &out), EX_USAGE);
	ck_assert_int_eq(count_there("workspaces"), 0);
}
END_TEST

/* The name of a file comes from the row: it must not lead out of the folder. */
START_TEST(medium_names_no_file_elsewhere)
{
	const char *const argv[] = { "import",  "--format",     "json", out_path,
				     "--media", media_path_out, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	FILE *f = fopen(out_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(MEDIUM(", \"sha256\": \"" ABC "\", \"ext\": \"/../x\""), f);
	fclose(f);
	ck_assert_msg(admin_run(&there, argv, &out) == 0, "%s", buf_str(&out));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "; 0 files of media\n"));
	ck_assert_ptr_null(strstr(buf_str(&out), "missing"));
}
END_TEST

static void open_instances(void)
{
	database_start(&database, true);
	make_instance(&here, "here", "carillon");
	make_instance(&there, "there", "other");
	snprintf(out_path, sizeof(out_path), "%s/export.json", here.folder);
	snprintf(media_path_out, sizeof(media_path_out), "%s/files", here.folder);
}

static void close_all(void)
{
	database_stop(&database);
}

int main(void)
{
	const struct suite_case bare[] = {
		{ what_is_no_export_leaves_nothing, (int)ARRAY_LEN(hostile) },
		{ endless_row_is_given_up, 0 },
		{ options_of_tables_are_refused, 0 },
		{ medium_names_no_file_elsewhere, 0 },
		{ NULL, 0 },
	};
	const struct suite_case cases[] = {
		{ what_was_exported_and_imported_is_exported_alike, 0 },
		{ no_secret_is_exported, 0 },
		{ export_sees_one_moment, 0 },
		{ media_go_along_by_their_hash, 0 },
		{ NULL, 0 },
	};
	const struct suite_of files = { .name = "archive files",
					.open = empty_there,
					.setup = room_setup,
					.teardown = room_teardown,
					.cases = bare };

	return suite_run(&(struct suite_of){
		.name = "archive",
		.needs = SUITE_NEEDS("CARILLON_BUILD"),
		.before = open_instances,
		.after = close_all,
		.setup = with_workspace,
		.teardown = room_teardown,
		.cases = cases,
		.also = &files,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How MariaDB would run the statements that are hot: by an index, in its order, without sorting. */
#include <check.h>
#include <mysql.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/statements.h"
#include "support/crowd.h"
#include "support/suite.h"

#define POSTS 20000
#define PAST  "'2000-01-01'"
#define AHEAD "'9000-01-01'"

static struct database database;

struct hot {
	const char *name, *key; /* of the first table; NULL: any index */
	const char *values[24]; /* as SQL, one a parameter */
};

/* What every list takes behind its first condition: filters, then where the page begins. */
#define OPEN                                                                                 \
	PAST, AHEAD, "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", \
		"NULL", "NULL", "NULL"
#define UP   PAST, PAST, "''", "51"
#define DOWN AHEAD, AHEAD, "'~'", "51"
#define WS   "'" CROWD_WORKSPACE "'"

/* clang-format off */
static const struct hot hots[] = {
	{ "queue.claim_all",            "wake",         { PAST, "500" } },
	{ "queue.claim_ready",          "wake",         { PAST, "500" } },
	{ "posts.list_due_up",          "by_due",       { WS, "NULL", OPEN, UP } },
	{ "posts.list_due_down",        "by_due",       { WS, "NULL", OPEN, DOWN } },
	{ "posts.list_over_up",         "by_over",      { WS, "'1'", OPEN, UP } },
	{ "posts.list_over_down",       "by_over",      { WS, "'1'", OPEN, DOWN } },
	{ "posts.list_status_up",       "by_status",    { WS, "'pending'", OPEN, UP } },
	{ "posts.list_status_down",     "by_status",    { WS, "'pending'", OPEN, DOWN } },
	{ "posts.list_account_up",      "by_account",   { WS, "'" CROWD_ACCOUNT "'", OPEN, UP } },
	{ "posts.list_account_down",    "by_account",   { WS, "'" CROWD_ACCOUNT "'", OPEN, DOWN } },
	{ "posts.list_character_up",    "by_character", { WS, "'" CROWD_CHARACTER "'", OPEN, UP } },
	{ "posts.list_character_down",  "by_character", { WS, "'" CROWD_CHARACTER "'", OPEN, DOWN } },
	{ "posts.list_content_up",      "by_content",   { WS, "'" CROWD_CONTENT "'", OPEN, UP } },
	{ "posts.list_content_down",    "by_content",   { WS, "'" CROWD_CONTENT "'", OPEN, DOWN } },
	{ "plans.lock",                 "PRIMARY",      { WS } },
	{ "plans.open",                 "by_open",      { "'twitter+'", WS, "'" CROWD_PLANNER "'", "'twitter+'", "1", "1001" } },
	{ "plans.by_account",           "by_account",   { WS, "'" CROWD_ACCOUNT "'", PAST, AHEAD } },
	{ "plans.by_character",         "by_character", { WS, "'" CROWD_CHARACTER "'", PAST, AHEAD } },
	{ "results.due",                "due",          { "40" } },
	{ "results.recent",             "by_account",   { WS, "'" CROWD_ACCOUNT "'", "1000" } },
	{ "hookqueue.untold",           "untold",       { "200" } },
	{ "hookqueue.due",              "due",          { "64" } },
	{ "hookqueue.busy",             "under_way",    { WS, "'whe_x'" } },
	{ "hookqueue.take_due",         "due",          { WS, "'whe_x'", "8" } },
	{ "calendars.open",             "token",        { "UNHEX(SHA2('x', 256))" } },
	{ "calendars.events",           "by_due",       { WS, "NULL", "NULL", "NULL", "NULL", "2000" } },
	{ "calendars.events_of_character", "by_character", { WS, "NULL", "NULL", "NULL", "NULL", "'" CROWD_CHARACTER "'", "2000" } },
	{ "attemptlog.read",            NULL,           { "'[\"sch_x\"]'", WS } },
	{ "pauses.hold_account",        NULL,           { WS, "'" CROWD_ACCOUNT "'" } },
	{ "pauses.hold_character",      NULL,           { WS, "'" CROWD_CHARACTER "'" } },
	{ "pauses.free_account",        NULL,           { "900", WS, "'" CROWD_ACCOUNT "'" } },
	{ "bulklines.find",             "PRIMARY",      { WS, "UNHEX(SHA2('x', 256))", "1" } },
	{ "probes.find",                "PRIMARY",      { WS, "UNHEX(SHA2('x', 256))", "'any'" } },
	{ "postlook.read",              NULL,           { "'[\"" CROWD_CONTENT "\"]'", WS } },
	{ "posts.get",                  "PRIMARY",      { WS, "'sch_x'" } },
	{ "queue.load",                 NULL,           { "'[[\"w\",\"sch_x\"]]'" } },
	{ "tokens.get_all",             NULL,           { "'[[\"w\",\"acc_x\"]]'" } },
	{ "content.get_all",            NULL,           { "'[[\"w\",\"cnt_x\"]]'" } },
	{ "posts.by_slot",              NULL,           { WS, "'" CROWD_CONTENT "'", "'" CROWD_ACCOUNT "'", "NOW()" } },
};
/* clang-format on */

static const struct stmt *find(const char *name)
{
	size_t n;
	const struct stmt *const *tables = store_statements(&n);

	for (size_t t = 0; t < n; t++) {
		for (const struct stmt *s = tables[t]; s->name; s++) {
			if (strcmp(s->name, name) == 0)
				return s;
		}
	}
	ck_abort_msg("there is no statement %s", name);
}

/* The statement with its parameters written out; none of the hot texts quotes a question mark. */
static void write_out(const struct hot *h, char *ret, size_t size)
{
	const char *at = find(h->name)->sql;
	size_t used = (size_t)snprintf(ret, size, "EXPLAIN "), value = 0;

	for (; *at; at++) {
		if (*at == '?') {
			ck_assert_msg(h->values[value], "%s takes more values", h->name);
			used += (size_t)snprintf(ret + used, size - used, "%s", h->values[value++]);
		} else {
			used += (size_t)snprintf(ret + used, size - used, "%c", *at);
		}
		ck_assert_uint_lt(used, size);
	}
	ck_assert_msg(!h->values[value], "%s takes fewer values", h->name);
}

static bool has(const char *text, const char *words)
{
	return text && strstr(text, words);
}

/* id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra */
static void check_line(const struct hot *h, MYSQL_ROW row, bool is_first)
{
	ck_assert_msg(!has(row[9], "filesort"), "%s sorts: %s", h->name, row[9]);
	ck_assert_msg(!has(row[9], "temporary"), "%s keeps a table aside: %s", h->name, row[9]);
	if (!row[2] || has(row[9], "Table function") || has(row[9], "Impossible") ||
	    has(row[9], "no matching row"))
		return;
	ck_assert_msg(row[3] && strcmp(row[3], "ALL") != 0 && strcmp(row[3], "index") != 0,
		      "%s reads all of %s", h->name, row[2]);
	if (is_first && h->key)
		ck_assert_msg(row[5] && strcmp(row[5], h->key) == 0, "%s goes by %s, not %s",
			      h->name, row[5] ? row[5] : "nothing", h->key);
}

START_TEST(hot_statement_walks_its_index)
{
	char sql[8000];
	MYSQL *my = mysql_init(NULL);
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool is_first = true;

	ck_assert_ptr_nonnull(mysql_real_connect(my, "localhost", getpwuid(geteuid())->pw_name,
						 NULL, "carillon", 0, database.socket, 0));
	write_out(&hots[_i], sql, sizeof(sql));
	ck_assert_msg(mysql_query(my, sql) == 0, "%s: %s", hots[_i].name, mysql_error(my));
	res = mysql_store_result(my);
	ck_assert_ptr_nonnull(res);
	while ((row = mysql_fetch_row(res))) {
		check_line(&hots[_i], row, is_first);
		is_first = false;
	}
	ck_assert(!is_first);
	mysql_free_result(res);
	mysql_close(my);
}
END_TEST

/* Of an empty table any plan would do. */
static void add_company(void)
{
	crowd_attempts(&database, 5000);
	database_run(&database,
		     "INSERT INTO account_tokens (workspace_id, account_id, kind, kid, sealed, "
		     "issued_at) SELECT workspace_id, id, kind, 'k', 's', created_at FROM accounts "
		     "JOIN (SELECT 'access' AS kind UNION SELECT 'refresh') kinds");
	database_run(&database, "INSERT INTO media (workspace_id, id, state, created_at) VALUES "
				"(" WS ", 'med_x', 'fetching', NOW())");
	database_run(&database,
		     "INSERT INTO content_media (workspace_id, content_id, position, media_id) "
		     "SELECT workspace_id, id, 0, 'med_x' FROM contents LIMIT 5000");
	database_run(&database, "ANALYZE TABLE account_tokens, content_media");
}

static void open_database(void)
{
	database_start(&database, true);
	crowd_make(&database, POSTS);
	add_company();
}

static void close_database(void)
{
	database_stop(&database);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ hot_statement_walks_its_index, (int)ARRAY_LEN(hots) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "explain",
		.before = open_database,
		.after = close_database,
		.cases = cases,
	});
}

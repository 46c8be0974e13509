/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of the program is prepared by a real MariaDB, so a slip cannot reach an operator. */
#include <check.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "db/migrate.h"
#include "store/statements.h"
#include "support/database.h"
#include "support/suite.h"

static struct database database;

static MYSQL *as_user(const char *user, const char *password)
{
	MYSQL *my = mysql_init(NULL);

	ck_assert_msg(mysql_real_connect(my, "localhost", user, password, "carillon", 0,
					 database.socket, 0) != NULL,
		      "%s: %s", user, mysql_error(my));
	return my;
}

static MYSQL *as_admin(void)
{
	return as_user(getpwuid(geteuid())->pw_name, NULL);
}

/* A user as the pool of that role has it: t_api, t_run. */
static MYSQL *as_role(const char *user)
{
	return as_user(user, "pw");
}

static void check_row(MYSQL *my, const struct stmt *s)
{
	MYSQL_STMT *handle = mysql_stmt_init(my);

	ck_assert_msg(mysql_stmt_prepare(handle, s->sql, strlen(s->sql)) == 0, "%s: %s", s->name,
		      mysql_stmt_error(handle));
	ck_assert_msg(mysql_stmt_param_count(handle) == strlen(s->binds),
		      "%s: %lu parameters, binds \"%s\"", s->name, mysql_stmt_param_count(handle),
		      s->binds);
	mysql_stmt_close(handle);
}

START_TEST(prepares_every_row)
{
	MYSQL *my = as_admin();
	size_t tables_n, rows = 0;
	const struct stmt *const *tables = store_statements(&tables_n);

	for (size_t t = 0; t < tables_n; t++)
		for (const struct stmt *s = tables[t]; s->name; s++, rows++)
			check_row(my, s);
	ck_assert_uint_gt(rows, 100);
	mysql_close(my);
}
END_TEST

START_TEST(binds_the_workspace_or_gives_a_reason)
{
	size_t tables_n;
	const struct stmt *const *tables = store_statements(&tables_n);

	for (size_t t = 0; t < tables_n; t++) {
		for (const struct stmt *s = tables[t]; s->name; s++) {
			if (s->scope == STMT_GLOBAL)
				ck_assert_msg(s->reason && s->reason[0], "%s gives no reason",
					      s->name);
			else
				ck_assert_msg(strstr(s->sql, "workspace_id") ||
						      strstr(s->sql, "workspaces"),
					      "%s binds no workspace", s->name);
		}
	}
}
END_TEST

/* Whose statements the api pool's database user must not be able to run. */
static const char *const beyond_the_api[] = { "tokens.put",       "tokens.get",
					      "tokens.stale",     "tokens.lease",
					      "flows.",           "attempts.permit_insert",
					      "runners.register", "clients." };
/* The api pool's own ground: all of these must be allowed to it. */
static const char *const of_the_api[] = {
	"apikeys.", "characters.", "content.",  "events.", "health.",     "media.",
	"posts.",   "postchange.", "sessions.", "users.",  "workspaces.",
};

static bool starts_with_any(const char *name, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void check_grant(MYSQL *my, const struct stmt *s)
{
	MYSQL_STMT *handle = mysql_stmt_init(my);
	bool allowed = mysql_stmt_prepare(handle, s->sql, strlen(s->sql)) == 0;

	if (starts_with_any(s->name, of_the_api, ARRAY_LEN(of_the_api)))
		ck_assert_msg(allowed, "the api user cannot run %s: %s", s->name,
			      mysql_stmt_error(handle));
	if (starts_with_any(s->name, beyond_the_api, ARRAY_LEN(beyond_the_api)))
		ck_assert_msg(!allowed, "the api user can run %s", s->name);
	mysql_stmt_close(handle);
}

START_TEST(api_user_runs_its_own_statements_and_no_others)
{
	size_t tables_n;
	const struct stmt *const *tables = store_statements(&tables_n);
	MYSQL *my = as_role("t_api");

	for (size_t t = 0; t < tables_n; t++)
		for (const struct stmt *s = tables[t]; s->name; s++)
			check_grant(my, s);
	mysql_close(my);
}
END_TEST

/* ---- what each role may do with each table ---- */

/*
 * S select, I insert, U update, D delete; u: update of some columns. A table that has no row here
 * fails the test: whoever makes one decides. The runner's user has all four but on
 * what only grows.
 */
static const struct {
	const char *table, *api;
} matrix[] = {
	{ "account_refreshes", "" },  { "account_tokens", "" },
	{ "accounts", "SU" },         { "api_key_publishes", "SID" },
	{ "api_keys", "SIU" },        { "attempts", "Su" },
	{ "audit_heads", "SIU" },     { "audit_log", "SI" },
	{ "breakers", "S" },          { "budgets", "" },
	{ "bulk_lines", "SI" },       { "calendar_feeds", "SIUD" },
	{ "characters", "SIUD" },     { "content_media", "SID" },
	{ "contents", "SIUD" },       { "events", "SI" },
	{ "fetch_days", "" },         { "fetches", "SIU" },
	{ "idempotency", "SIUD" },    { "rate_buckets", "SIU" },
	{ "import_rows", "" },        { "login_failures", "SIUD" },
	{ "media", "SIUD" },          { "members", "SIUD" },
	{ "oauth_flows", "" },        { "post_results", "SI" },
	{ "posts", "SIU" },           { "probes", "S" },
	{ "renditions", "SIU" },      { "runners", "S" },
	{ "schema_migrations", "S" }, { "server_clients", "" },
	{ "sessions", "SIUD" },       { "users", "SIU" },
	{ "webhook_attempts", "" },   { "webhook_deliveries", "" },
	{ "webhook_secrets", "" },    { "webhooks", "" },
	{ "workspaces", "SIU" },
};

static const struct {
	char letter;
	const char *before, *after; /* the table's name; U: with its first column between, too */
} verbs[] = {
	{ 'S', "SELECT 1 FROM ", " LIMIT 0" },
	{ 'I', "INSERT INTO ", " () VALUES ()" },
	{ 'D', "DELETE FROM ", " WHERE FALSE" },
	{ 'U', "UPDATE ", " = NULL WHERE FALSE" },
};

/* Whether that user may, judged by the server when it prepares the statement. */
static bool may(MYSQL *my, const char *sql)
{
	MYSQL_STMT *handle = mysql_stmt_init(my);
	const bool failed = mysql_stmt_prepare(handle, sql, strlen(sql)) != 0;
	const unsigned why = mysql_stmt_errno(handle);

	mysql_stmt_close(handle);
	return !failed ||
	       (why != ER_TABLEACCESS_DENIED_ERROR && why != ER_COLUMNACCESS_DENIED_ERROR);
}

static bool may_run(const char *table, char letter)
{
	static const struct {
		const char *table, *run;
	} kept[] = { { "audit_heads", "SIU" },
		     { "audit_log", "SI" },
		     { "schema_migrations", "SI" } };

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (strcmp(kept[i].table, table) == 0)
			return strchr(kept[i].run, letter) != NULL;
	}
	return true;
}

static void first_column(const char *table, char ret[static 65])
{
	MYSQL *my = as_admin();
	MYSQL_RES *rows;
	char sql[200];

	(void)snprintf(sql, sizeof(sql),
		       "SELECT column_name FROM information_schema.columns WHERE table_schema = "
		       "'carillon' AND table_name = '%s' AND ordinal_position = 1",
		       table);
	ck_assert_int_eq(mysql_query(my, sql), 0);
	rows = mysql_store_result(my);
	ck_assert_uint_eq(mysql_num_rows(rows), 1);
	(void)snprintf(ret, 65, "%s", mysql_fetch_row(rows)[0]);
	mysql_free_result(rows);
	mysql_close(my);
}

START_TEST(each_table_grants_what_its_row_says)
{
	MYSQL *api = as_role("t_api"), *run = as_role("t_run");

	ck_assert_int_eq(database_number(&database,
					 "SELECT COUNT(*) FROM information_schema.tables "
					 "WHERE table_schema = 'carillon'"),
			 (int64_t)ARRAY_LEN(matrix));
	for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
		char column[65], sql[200];

		first_column(matrix[i].table, column);
		for (size_t k = 0; k < ARRAY_LEN(verbs); k++) {
			const bool has_column = verbs[k].letter == 'U';

			(void)snprintf(sql, sizeof(sql), "%s%s%s%s%s", verbs[k].before,
				       matrix[i].table, has_column ? " SET " : "",
				       has_column ? column : "", verbs[k].after);
			ck_assert_msg(may(api, sql) ==
					      (strchr(matrix[i].api, verbs[k].letter) != NULL),
				      "api: %s", sql);
			ck_assert_msg(may(run, sql) == may_run(matrix[i].table, verbs[k].letter),
				      "run: %s", sql);
		}
	}
	mysql_close(api);
	mysql_close(run);
}
END_TEST

/* Neither changes the schema, hands rights on, reads files or the server's own tables. */
static const char *const refused_to_all[] = {
	"CREATE TABLE more (a INT)",
	"DROP TABLE account_tokens",
	"ALTER TABLE attempts DROP INDEX one_live",
	"TRUNCATE TABLE events",
	"CREATE TRIGGER t BEFORE INSERT ON events FOR EACH ROW SET @a = 1",
	"CREATE VIEW v AS SELECT * FROM account_tokens",
	"GRANT SELECT ON carillon.account_tokens TO t_api@localhost",
	"CREATE USER t_more@localhost",
	"SELECT * FROM mysql.global_priv",
	"SELECT 1 INTO OUTFILE '/tmp/carillon-grants'",
	"LOAD DATA INFILE '/etc/passwd' INTO TABLE events",
	"SET GLOBAL sync_binlog = 0",
	"SET GLOBAL general_log = 1",
	"KILL 1",
};

START_TEST(neither_role_rules_the_server)
{
	static const char *const users[] = { "t_api", "t_run" };

	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		MYSQL *my = as_role(users[i]);

		ck_assert_msg(mysql_query(my, refused_to_all[_i]) != 0, "%s may: %s", users[i],
			      refused_to_all[_i]);
		mysql_close(my);
	}
}
END_TEST

/* Of the statements that the api user may run: one that it could not without this right. */
static bool is_needed(MYSQL *api, MYSQL *root, const char *table, char verb)
{
	static const char *const words[] = {
		['S'] = "SELECT", ['I'] = "INSERT", ['U'] = "UPDATE", ['D'] = "DELETE"
	};
	const struct stmt *const *tables, *ours[1000];
	size_t tables_n, n = 0;
	bool found = false;
	char sql[160];

	tables = store_statements(&tables_n);
	for (size_t t = 0; t < tables_n; t++)
		for (const struct stmt *s = tables[t]; s->name; s++)
			if (strstr(s->sql, table) && may(api, s->sql))
				ours[n++] = s;
	(void)snprintf(sql, sizeof(sql), "REVOKE %s ON %s FROM t_api@localhost",
		       words[(size_t)verb], table);
	ck_assert_msg(mysql_query(root, sql) == 0, "%s: %s", sql, mysql_error(root));
	for (size_t i = 0; i < n && !found; i++)
		found = !may(api, ours[i]->sql);
	(void)snprintf(sql, sizeof(sql), "GRANT %s ON %s TO t_api@localhost", words[(size_t)verb],
		       table);
	ck_assert_int_eq(mysql_query(root, sql), 0);
	return found;
}

START_TEST(api_user_has_no_right_that_no_statement_needs)
{
	MYSQL *api = as_role("t_api"), *root = as_admin();
	CLEANUP(buf_done) struct buf idle = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
		for (const char *verb = matrix[i].api; *verb; verb++) {
			if (*verb != 'u' && !is_needed(api, root, matrix[i].table, *verb))
				buf_printf(&idle, " %s:%c", matrix[i].table, *verb);
		}
	}
	ck_assert_msg(idle.len == 0, "nothing needs%s", buf_str(&idle));
	mysql_close(api);
	mysql_close(root);
}
END_TEST

static bool list_holds(const char *name)
{
	char path[1024], line[256];
	bool found = false;
	const char *folder = getenv("CARILLON_SRCDIR");
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/lint/global_statements.txt", folder ? folder : ".");
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = 0;
		found = strcmp(line, name) == 0;
	}
	fclose(f);
	return found;
}

START_TEST(global_rows_stand_in_the_committed_list)
{
	size_t tables_n;
	const struct stmt *const *tables = store_statements(&tables_n);

	for (size_t t = 0; t < tables_n; t++)
		for (const struct stmt *s = tables[t]; s->name; s++)
			if (s->scope == STMT_GLOBAL)
				ck_assert_msg(list_holds(s->name), "%s is GLOBAL and not listed",
					      s->name);
}
END_TEST

START_TEST(names_are_unique)
{
	size_t tables_n;
	const struct stmt *const *tables = store_statements(&tables_n);
	const char *names[1000];
	size_t n = 0;

	for (size_t t = 0; t < tables_n; t++) {
		for (const struct stmt *s = tables[t]; s->name; s++) {
			for (size_t i = 0; i < n; i++)
				ck_assert_str_ne(names[i], s->name);
			ck_assert_uint_lt(n, ARRAY_LEN(names));
			names[n++] = s->name;
		}
	}
}
END_TEST

static void open_database(void)
{
	database_start(&database, true);
	database_run(&database, "CREATE USER t_api@localhost IDENTIFIED BY 'pw'");
	database_run(&database, "CREATE USER t_run@localhost IDENTIFIED BY 'pw'");
}

/* Before each case, so that one alone can be run: granting twice changes nothing. */
static void grant(void)
{
	const struct grant_names names = { "carillon", "'t_api'@'localhost'",
					   "'t_run'@'localhost'" };
	struct problem why;
	struct db *db = NULL;

	ck_assert_int_eq(db_open(database.config, DB_ROLE_ADMIN, &db, &why), 0);
	ck_assert_msg(migrate_grant(db, database_sql_folder(), &names, &why) == 0, "%s",
		      why.detail);
	db_free(db);
}

static void close_database(void)
{
	database_stop(&database);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ prepares_every_row, 0 },
		{ binds_the_workspace_or_gives_a_reason, 0 },
		{ global_rows_stand_in_the_committed_list, 0 },
		{ names_are_unique, 0 },
		{ api_user_runs_its_own_statements_and_no_others, 0 },
		{ each_table_grants_what_its_row_says, 0 },
		{ neither_role_rules_the_server, (int)ARRAY_LEN(refused_to_all) },
		{ api_user_has_no_right_that_no_statement_needs, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "statements",
		.before = open_database,
		.open = grant,
		.after = close_database,
		.cases = cases,
	});
}

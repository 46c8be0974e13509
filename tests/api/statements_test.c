/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of the program is prepared by a real MariaDB, so a slip cannot reach an operator. */
#include <check.h>
#include <mysql.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "db/migrate.h"
#include "store/statements.h"
#include "support/database.h"
#include "support/suite.h"

static struct database database;

static MYSQL *connection(void)
{
	MYSQL *my = mysql_init(NULL);

	ck_assert_ptr_nonnull(mysql_real_connect(my, "localhost", getpwuid(geteuid())->pw_name,
						 NULL, "carillon", 0, database.socket, 0));
	return my;
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
	MYSQL *my = connection();
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
static const char *const beyond_the_api[] = { "tokens.put",      "tokens.get",
					      "tokens.stale",    "tokens.lease",
					      "flows.",          "attempts.permit_insert",
					      "runners.register" };
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
	const struct grant_names names = { "carillon", "'t_api'@'localhost'",
					   "'t_run'@'localhost'" };
	struct problem why;
	size_t tables_n;
	const struct stmt *const *tables = store_statements(&tables_n);
	struct db *db = NULL;
	MYSQL *my = mysql_init(NULL);

	database_run(&database, "CREATE USER t_api@localhost IDENTIFIED BY 'pw'");
	database_run(&database, "CREATE USER t_run@localhost IDENTIFIED BY 'pw'");
	ck_assert_int_eq(db_open(database.config, DB_ROLE_ADMIN, &db, &why), 0);
	ck_assert_msg(migrate_grant(db, database_sql_folder(), &names, &why) == 0, "%s",
		      why.detail);
	db_free(db);
	ck_assert_ptr_nonnull(mysql_real_connect(my, "localhost", "t_api", "pw", "carillon", 0,
						 database.socket, 0));
	for (size_t t = 0; t < tables_n; t++)
		for (const struct stmt *s = tables[t]; s->name; s++)
			check_grant(my, s);
	mysql_close(my);
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
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "statements",
		.before = open_database,
		.after = close_database,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Connection, prepared statements, transactions and migrations against a real MariaDB. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "db/stmt.h"
#include "support/database.h"
#include "support/suite.h"

static struct database database;
static struct db *db, *other;
static struct problem why;

static const struct stmt echo_all = { "echo", STMT_GLOBAL, "sidItb",
				      "SELECT ? AS s, ? + 0 AS i, ? + 0e0 AS d, ? AS n, "
				      "CAST(? AS DATETIME(6)) AS t, ? AS b",
				      "test" };
static const struct stmt echo_text = { "echo_text", STMT_GLOBAL, "s", "SELECT ? AS s", "test" };
static const struct stmt one = { "one", STMT_GLOBAL, "", "SELECT 1", "test" };
static const struct stmt none = { "none", STMT_GLOBAL, "", "SELECT 1 FROM DUAL WHERE FALSE",
				  "test" };
static const struct stmt isolation = {
	"isolation", STMT_GLOBAL, "",
	"SELECT @@tx_isolation, @@time_zone, @@sql_mode, @@autocommit, @@character_set_client",
	"test"
};
static const struct stmt kill_connection = { "kill", STMT_GLOBAL, "i", "KILL CONNECTION ?",
					     "test" };
static const struct stmt put = { "put", STMT_GLOBAL, "ii",
				 "INSERT INTO scratch (id, n) VALUES (?, ?)", "test" };
static const struct stmt bump = { "bump", STMT_GLOBAL, "i",
				  "UPDATE scratch SET n = n + 1 WHERE id = ?", "test" };
static const struct stmt sum = { "sum", STMT_GLOBAL, "", "SELECT COALESCE(SUM(n), 0) FROM scratch",
				 "test" };
static const struct stmt add_child = { "add_child", STMT_GLOBAL, "i",
				       "INSERT INTO child (parent) VALUES (?)", "test" };
static const struct stmt drop_parent = { "drop_parent", STMT_GLOBAL, "i",
					 "DELETE FROM scratch WHERE id = ?", "test" };
static const struct stmt broken = { "broken", STMT_GLOBAL, "", "SELECT nothing FROM nowhere",
				    "test" };

static void setup(void)
{
	db = database_open(&database);
	other = database_open(&database);
	database_run(&database, "DROP TABLE IF EXISTS child");
	database_run(&database, "DROP TABLE IF EXISTS scratch");
	database_run(&database,
		     "CREATE TABLE scratch (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB");
	database_run(&database, "CREATE TABLE child (parent INT, FOREIGN KEY (parent) "
				"REFERENCES scratch (id)) ENGINE=InnoDB");
	database_run(&database, "INSERT INTO scratch VALUES (1, 0), (2, 0)");
}

static void teardown(void)
{
	db_free(db);
	db_free(other);
}

static int64_t total(void)
{
	struct rows *r = NULL;
	int64_t n;

	ck_assert_int_eq(db_query_one(db, &sum, &r, &why), 1);
	n = rows_int(r, 0);
	rows_end(r);
	return n;
}

static void kill_db(void)
{
	ck_assert_int_eq(
		db_exec(other, &kill_connection, NULL, &why, (int64_t)db_connection_id(db)), 0);
	usleep(50000);
}

START_TEST(session_is_set_up)
{
	struct rows *r = NULL;

	ck_assert_int_eq(db_query_one(db, &isolation, &r, &why), 1);
	ck_assert_str_eq(rows_text(r, 0), "READ-COMMITTED");
	ck_assert_str_eq(rows_text(r, 1), "+00:00");
	ck_assert_ptr_nonnull(strstr(rows_text(r, 2), "STRICT_ALL_TABLES"));
	ck_assert_int_eq(rows_int(r, 3), 1);
	ck_assert_str_eq(rows_text(r, 4), "utf8mb4");
	rows_end(r);
}
END_TEST

START_TEST(values_come_back_as_they_went)
{
	const int64_t at = 1774276200123456LL; /* 2026-03-23T14:30:00.123456Z */
	struct rows *r = NULL;

	ck_assert_int_eq(db_query_one(db, &echo_all, &r, &why, "grüße 🔔", INT64_C(-42), 2.5,
				      INT64_MIN, at, (const void *)"a\0b", (size_t)3),
			 1);
	ck_assert_str_eq(rows_text(r, 0), "grüße 🔔");
	ck_assert_int_eq(rows_int(r, 1), -42);
	ck_assert_double_eq(rows_number(r, 2), 2.5);
	ck_assert(rows_null(r, 3));
	ck_assert_int_eq(rows_int(r, 3), 0);
	ck_assert_int_eq(rows_instant(r, 4), at);
	ck_assert_uint_eq(rows_len(r, 5), 3);
	ck_assert_mem_eq(rows_text(r, 5), "a\0b", 3);
	rows_end(r);
}
END_TEST

START_TEST(null_text_and_instant_are_null)
{
	struct rows *r = NULL;

	ck_assert_int_eq(db_query_one(db, &echo_all, &r, &why, NULL, INT64_C(1), 1.0, INT64_C(7),
				      INSTANT_NONE, (const void *)NULL, (size_t)0),
			 1);
	ck_assert_ptr_null(rows_text(r, 0));
	ck_assert_int_eq(rows_int(r, 3), 7);
	ck_assert_int_eq(rows_instant(r, 4), INSTANT_NONE);
	ck_assert(rows_null(r, 5));
	rows_end(r);
}
END_TEST

START_TEST(long_text_grows_the_buffer)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	static const size_t sizes[] = { 0, 63, 64, 65, 1000, 100000, 3, 70 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *text = arena_alloc(a, sizes[i] + 1);
		struct rows *r = NULL;

		memset(text, 'x', sizes[i]);
		ck_assert_int_eq(db_query_one(db, &echo_text, &r, &why, text), 1);
		ck_assert_uint_eq(rows_len(r, 0), sizes[i]);
		ck_assert_str_eq(rows_text(r, 0), text);
		ck_assert_str_eq(rows_dup(r, 0, a), text);
		rows_end(r);
	}
}
END_TEST

START_TEST(query_without_rows_is_zero)
{
	struct rows *r = NULL;

	ck_assert_int_eq(db_query_one(db, &none, &r, &why), 0);
	ck_assert_ptr_null(r);
	ck_assert_int_eq(db_query_one(db, &none, &r, &why), 0);
}
END_TEST

START_TEST(constraint_errors_have_kinds)
{
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(1), INT64_C(0)), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DUPLICATE);
	ck_assert_uint_eq(db_errno(db), DB_ERROR_DUPLICATE);
	ck_assert_int_eq(db_exec(db, &add_child, NULL, &why, INT64_C(99)), -1);
	ck_assert_int_eq(why.kind, PROBLEM_CONFLICT);
	ck_assert_uint_eq(db_errno(db), DB_ERROR_NO_PARENT);
	ck_assert_int_eq(db_exec(db, &add_child, NULL, &why, INT64_C(1)), 0);
	ck_assert_int_eq(db_exec(db, &drop_parent, NULL, &why, INT64_C(1)), -1);
	ck_assert_uint_eq(db_errno(db), DB_ERROR_HAS_CHILDREN);
}
END_TEST

START_TEST(bad_statement_is_internal_and_names_no_values)
{
	struct rows *r = NULL;

	ck_assert_int_eq(db_query(db, &broken, &r, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_INTERNAL);
	ck_assert_ptr_null(strstr(why.detail, "nowhere"));
}
END_TEST

START_TEST(killed_connection_is_replaced_outside_a_transaction)
{
	struct rows *r = NULL;
	uint64_t before = db_connection_id(db);

	ck_assert_int_eq(db_query_one(db, &one, &r, &why), 1);
	rows_end(r);
	kill_db();
	ck_assert_int_eq(db_query_one(db, &one, &r, &why), 1);
	ck_assert_int_eq(rows_int(r, 0), 1);
	rows_end(r);
	ck_assert_uint_ne(before, db_connection_id(db));
}
END_TEST

START_TEST(idle_close_is_seen_before_a_write)
{
	kill_db();
	sleep(2); /* long enough to be looked at before use */
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(1)), 0);
	ck_assert_int_eq(total(), 1);
}
END_TEST

START_TEST(killed_connection_fails_inside_a_transaction)
{
	ck_assert_int_eq(db_begin(db, &why), 0);
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(1)), 0);
	kill_db();
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(1)), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DB_DOWN);
	ck_assert_int_eq(why.retry_after_s, 5);
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(2)), -1);
	ck_assert_int_eq(db_commit(db, &why), -1);
	ck_assert(!db_commit_unknown(db)); /* it was known to be lost before */
	ck_assert(!db_in_transaction(db));
	ck_assert_int_eq(total(), 0);
}
END_TEST

START_TEST(connection_lost_during_commit_is_unknown)
{
	ck_assert_int_eq(db_begin(db, &why), 0);
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(1)), 0);
	kill_db();
	ck_assert_int_eq(db_commit(db, &why), -1);
	ck_assert(db_commit_unknown(db));
	ck_assert_int_eq(why.kind, PROBLEM_DB_DOWN);
	ck_assert_int_eq(total(), 0);
}
END_TEST

START_TEST(result_open_while_the_connection_goes_ends_cleanly)
{
	struct rows *r = NULL, *second = NULL;

	ck_assert_int_eq(db_query(db, &sum, &r, &why), 0);
	kill_db();
	ck_assert_int_eq(db_query_one(db, &one, &second, &why), 1);
	rows_end(second);
	ck_assert_int_eq(rows_next(r, &why), -1);
	rows_end(r);
	ck_assert_int_eq(total(), 0);
}
END_TEST

START_TEST(server_that_is_down_is_told_with_retry_after)
{
	struct config cfg = *database.config;
	struct db *none_there = NULL;

	cfg.database_socket = "/tmp/carillon-no-such-socket";
	ck_assert_int_eq(db_open(&cfg, DB_ROLE_API, &none_there, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DB_DOWN);
	ck_assert_int_eq(why.retry_after_s, 5);
	ck_assert_ptr_null(none_there);
}
END_TEST

START_TEST(new_connection_is_made_with_a_statement)
{
	struct config cfg = *database.config;
	struct db *later = db_new(&cfg, DB_ROLE_API);

	cfg.database_socket = "/tmp/carillon-no-such-socket";
	ck_assert_int_eq(db_ping(later, &why), -1);
	cfg.database_socket = database.config->database_socket;
	ck_assert_int_eq(db_ping(later, &why), 0);
	db_free(later);
}
END_TEST

START_TEST(password_file_open_to_others_is_refused)
{
	struct config cfg = *database.config;
	struct db *none_there = NULL;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/password", database.folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("secret\n", f);
	fclose(f);
	chmod(path, 0644);
	cfg.database_api_password_file = path;
	ck_assert_int_eq(db_open(&cfg, DB_ROLE_API, &none_there, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "0400"));
}
END_TEST

static int put_and_fail(struct db *d, void *arg, struct problem *reterr)
{
	int *calls = arg;

	(*calls)++;
	if (db_exec(d, &bump, NULL, reterr, INT64_C(1)) < 0)
		return -1;
	return problem_set(reterr, PROBLEM_CONFLICT, "no");
}

START_TEST(refused_transaction_is_rolled_back_and_not_repeated)
{
	int calls = 0;

	ck_assert_int_eq(db_transact(db, put_and_fail, &calls, &why), -1);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(total(), 0);
}
END_TEST

static int put_inner(struct db *d, void *arg, struct problem *reterr)
{
	(void)arg;
	return db_exec(d, &bump, NULL, reterr, INT64_C(2));
}

static int put_outer(struct db *d, void *arg, struct problem *reterr)
{
	if (db_transact(d, put_inner, arg, reterr) < 0)
		return -1;
	return problem_set(reterr, PROBLEM_CONFLICT, "no");
}

START_TEST(inner_transaction_joins_the_outer_one)
{
	ck_assert_int_eq(db_transact(db, put_outer, NULL, &why), -1);
	ck_assert_int_eq(total(), 0);
	ck_assert_int_eq(db_transact(db, put_inner, NULL, &why), 0);
	ck_assert_int_eq(total(), 1);
}
END_TEST

/* Around callers that go on after a failure. */
START_TEST(wide_transaction_undoes_what_failed_within)
{
	int calls = 0;

	ck_assert_int_eq(db_begin_wide(db, 60, &why), 0);
	ck_assert_int_eq(db_transact(db, put_inner, NULL, &why), 0);
	ck_assert_int_eq(db_transact(db, put_and_fail, &calls, &why), -1);
	ck_assert_int_eq(db_transact(db, put_outer, NULL, &why), -1);
	ck_assert_int_eq(db_transact(db, put_inner, NULL, &why), 0);
	ck_assert_int_eq(db_commit(db, &why), 0);
	ck_assert_int_eq(total(), 2);
}
END_TEST

/* The server has rolled all of it back: what came now would be no part of a transaction any more. */
START_TEST(transaction_is_over_after_a_lock_wait)
{
	static const struct stmt grab = { "grab", STMT_GLOBAL, "i",
					  "SET STATEMENT innodb_lock_wait_timeout = 0 FOR "
					  "UPDATE scratch SET n = n + 1 WHERE id = ?",
					  "test" };

	ck_assert_int_eq(db_begin(other, &why), 0);
	ck_assert_int_eq(db_exec(other, &bump, NULL, &why, INT64_C(1)), 0);
	ck_assert_int_eq(db_begin(db, &why), 0);
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(2)), 0);
	ck_assert_int_eq(db_exec(db, &grab, NULL, &why, INT64_C(1)), -1);
	ck_assert(db_met_others(db));
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(2)), -1);
	ck_assert_int_eq(db_commit(db, &why), -1);
	ck_assert(!db_commit_unknown(db));
	db_rollback(other);
	ck_assert_int_eq(total(), 0);
	ck_assert_int_eq(db_transact(db, put_inner, NULL, &why), 0);
	ck_assert_int_eq(total(), 1);
}
END_TEST

struct cross {
	int64_t first, second;
};

static int cross(struct db *d, void *arg, struct problem *reterr)
{
	const struct cross *c = arg;

	if (db_exec(d, &bump, NULL, reterr, c->first) < 0)
		return -1;
	usleep(10000);
	return db_exec(d, &bump, NULL, reterr, c->second);
}

/* Two processes take two rows in opposite order, so they deadlock again and again. */
START_TEST(deadlocks_are_repeated_until_both_succeed)
{
	struct cross mine = { 1, 2 }, theirs = { 2, 1 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct db *own = NULL;
		int failed = db_open(database.config, DB_ROLE_RUN, &own, &why);

		for (int i = 0; i < 2 && !failed; i++)
			failed = db_transact(own, cross, &theirs, &why);
		_exit(failed ? 1 : 0);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_msg(db_transact(db, cross, &mine, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(total(), 8);
}
END_TEST

/* What was read is changed by somebody else before it is written, the first time. */
static int read_and_bump(struct db *d, void *arg, struct problem *reterr)
{
	int *calls = arg;

	(void)total();
	if ((*calls)++ == 0 && db_exec(other, &bump, NULL, reterr, INT64_C(1)) < 0)
		return -1;
	return db_exec(d, &bump, NULL, reterr, INT64_C(1));
}

START_TEST(row_that_changed_meanwhile_is_read_once_more)
{
	static const struct stmt snapshots = {
		"snapshots", STMT_GLOBAL, "",
		"SET SESSION tx_isolation = 'REPEATABLE-READ', innodb_snapshot_isolation = ON",
		"test"
	};
	int calls = 0;

	ck_assert_int_eq(db_exec(db, &snapshots, NULL, &why), 0);
	ck_assert_msg(db_transact(db, read_and_bump, &calls, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(calls, 2);
	ck_assert_int_eq(total(), 2);
}
END_TEST

static void write_file(const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sql/%s", database.folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void migration_setup(void)
{
	char folder[128];

	setup();
	snprintf(folder, sizeof(folder), "%s/sql", database.folder);
	mkdir(folder, 0700);
	database_run(&database, "DROP TABLE IF EXISTS schema_migrations");
	database_run(&database, "DROP TABLE IF EXISTS m1");
	database_run(&database, "DROP TABLE IF EXISTS m2");
	write_file("0001_one.sql", "-- one\nCREATE TABLE m1 (a INT); INSERT INTO m1 VALUES (1);\n");
	write_file("0002_two.sql", "CREATE TABLE m2 (a INT);\n");
}

static const char *sql_folder(void)
{
	static char folder[128];

	snprintf(folder, sizeof(folder), "%s/sql", database.folder);
	return folder;
}

START_TEST(migrations_run_once_in_order)
{
	size_t n = 99;

	ck_assert_msg(migrate_run(db, sql_folder(), &n, &why) == 0, "%s", why.detail);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(changed_migration_is_refused)
{
	size_t n;

	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), 0);
	write_file("0001_one.sql", "CREATE TABLE m1 (a BIGINT);\n");
	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "0001_one.sql"));
}
END_TEST

START_TEST(half_applied_migration_stops_everything)
{
	size_t n;

	write_file("0002_two.sql", "CREATE TABLE m2 (a INT); CREATE TABLE broken (;\n");
	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "0002_two.sql"));
	write_file("0002_two.sql", "CREATE TABLE m2 (a INT);\n");
	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "interrupted"));
	ck_assert_int_eq(schema_check(db, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "interrupted"));
}
END_TEST

START_TEST(newer_database_is_refused)
{
	char name[32], sql[80];
	size_t n;

	for (int i = 3; i <= SCHEMA_VERSION + 1; i++) {
		(void)snprintf(name, sizeof(name), "%04d_more.sql", i);
		(void)snprintf(sql, sizeof(sql), "CREATE TABLE more%d (a INT);\n", i);
		write_file(name, sql);
	}
	ck_assert_int_eq(migrate_run(db, sql_folder(), &n, &why), 0);
	ck_assert_int_eq(schema_check(db, &why), -1); /* one file more than the program knows */
	ck_assert_ptr_nonnull(strstr(why.detail, "newer program"));
	(void)snprintf(sql, sizeof(sql), "DELETE FROM schema_migrations WHERE version = %d",
		       SCHEMA_VERSION + 1);
	database_run(&database, sql);
	ck_assert_int_eq(schema_check(db, &why), 0);
	database_run(&database, "DROP TABLE schema_migrations");
	ck_assert_int_eq(schema_check(db, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "carillon-admin migrate"));
}
END_TEST

static void open_database(void)
{
	database_start(&database, false);
}

static void close_database(void)
{
	database_stop(&database);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ session_is_set_up, 0 },
		{ values_come_back_as_they_went, 0 },
		{ null_text_and_instant_are_null, 0 },
		{ long_text_grows_the_buffer, 0 },
		{ query_without_rows_is_zero, 0 },
		{ constraint_errors_have_kinds, 0 },
		{ bad_statement_is_internal_and_names_no_values, 0 },
		{ killed_connection_is_replaced_outside_a_transaction, 0 },
		{ idle_close_is_seen_before_a_write, 0 },
		{ killed_connection_fails_inside_a_transaction, 0 },
		{ connection_lost_during_commit_is_unknown, 0 },
		{ result_open_while_the_connection_goes_ends_cleanly, 0 },
		{ server_that_is_down_is_told_with_retry_after, 0 },
		{ new_connection_is_made_with_a_statement, 0 },
		{ password_file_open_to_others_is_refused, 0 },
		{ refused_transaction_is_rolled_back_and_not_repeated, 0 },
		{ inner_transaction_joins_the_outer_one, 0 },
		{ wide_transaction_undoes_what_failed_within, 0 },
		{ transaction_is_over_after_a_lock_wait, 0 },
		{ deadlocks_are_repeated_until_both_succeed, 0 },
		{ row_that_changed_meanwhile_is_read_once_more, 0 },
		{ NULL, 0 },
	};
	const struct suite_case migrate[] = {
		{ migrations_run_once_in_order, 0 },
		{ changed_migration_is_refused, 0 },
		{ half_applied_migration_stops_everything, 0 },
		{ newer_database_is_refused, 0 },
		{ NULL, 0 },
	};
	const struct suite_of with_migrate = {
		.setup = migration_setup,
		.teardown = teardown,
		.cases = migrate,
	};

	return suite_run(&(struct suite_of){
		.name = "db",
		.before = open_database,
		.after = close_database,
		.setup = setup,
		.teardown = teardown,
		.timeout_s = 30,
		.cases = cases,
		.also = &with_migrate,
	});
}

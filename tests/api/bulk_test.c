/* SPDX-License-Identifier: Apache-2.0 */
/* Rows written in bulk against a real MariaDB: values, assumptions, and what is left behind. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "db/bulk.h"
#include "db/conn.h"
#include "db/stmt.h"
#include "support/database.h"
#include "support/suite.h"

#define AT   1774276200123456LL /* 2026-03-23T14:30:00.123456Z */
#define MANY 1000
#define BIG  (1500 * 1000)
#define SOME 3

static struct database database;
static struct db *db;
static struct problem why;

static const struct stmt put_all = { "put_all", STMT_GLOBAL, "isIdtb",
				     "INSERT INTO bulk (id, s, n, d, t, b) "
				     "VALUES (?, ?, ?, ?, ?, ?)",
				     "test" };
static const struct stmt get_all = { "get_all", STMT_GLOBAL, "i",
				     "SELECT s, n, d, t, b FROM bulk WHERE id = ?", "test" };
static const struct stmt put = { "put", STMT_GLOBAL, "i", "INSERT INTO bulk (id) VALUES (?)",
				 "test" };
static const struct stmt bump = { "bump", STMT_GLOBAL, "i",
				  "UPDATE bulk SET n = COALESCE(n, 0) + 1 WHERE id = ?", "test" };
static const struct stmt drop_low = { "drop_low", STMT_GLOBAL, "ii",
				      "DELETE FROM bulk WHERE id = ? AND n > ?", "test" };
static const struct stmt count = { "count", STMT_GLOBAL, "",
				   "SELECT COUNT(*), COALESCE(SUM(n), 0), "
				   "COALESCE(SUM(LENGTH(s)), 0) FROM bulk",
				   "test" };

static void setup(void)
{
	db = database_open(&database);
	problem_clear(&why);
	database_run(&database, "DROP TABLE IF EXISTS bulk");
	database_run(&database, "CREATE TABLE bulk (id INT PRIMARY KEY, s LONGTEXT, n BIGINT, "
				"d DOUBLE, t DATETIME(6), b VARBINARY(16)) ENGINE=InnoDB");
}

static void teardown(void)
{
	db_free(db);
}

static int64_t counted(unsigned column)
{
	struct rows *r = NULL;
	int64_t n;

	ck_assert_int_eq(db_query_one(db, &count, &r, &why), 1);
	n = rows_int(r, column);
	rows_end(r);
	return n;
}

static void begin(void)
{
	ck_assert_int_eq(db_begin(db, &why), 0);
	db_bulk_begin(db);
}

static void end(void)
{
	ck_assert_msg(db_bulk_end(db, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(db_commit(db, &why), 0);
}

static void expect_row(int64_t id, const char *s, int64_t n, int64_t at, size_t bytes)
{
	struct rows *r = NULL;

	ck_assert_int_eq(db_query_one(db, &get_all, &r, &why, id), 1);
	ck_assert_pstr_eq(rows_text(r, 0), s);
	ck_assert(n == INT64_MIN ? rows_null(r, 1) : rows_int(r, 1) == n);
	ck_assert_double_eq(rows_number(r, 2), (double)id / 4);
	ck_assert_int_eq(rows_instant(r, 3), at);
	ck_assert_uint_eq(rows_len(r, 4), bytes);
	ck_assert_int_eq(rows_null(r, 4), bytes == 0);
	rows_end(r);
}

START_TEST(values_come_back_as_they_went)
{
	char passing[16] = "passing";

	begin();
	ck_assert_int_eq(db_exec(db, &put_all, NULL, &why, INT64_C(1), passing, INT64_C(-42), 0.25,
				 AT, (const void *)"a\0b", (size_t)3),
			 0);
	strcpy(passing, "gone");
	ck_assert_int_eq(db_exec(db, &put_all, NULL, &why, INT64_C(2), NULL, INT64_MIN, 0.5,
				 INSTANT_NONE, NULL, (size_t)0),
			 0);
	ck_assert_int_eq(db_exec(db, &put_all, NULL, &why, INT64_C(3), "", INT64_MAX, 0.75, AT + 1,
				 (const void *)"xyz!", (size_t)4),
			 0);
	end();
	expect_row(1, "passing", -42, AT, 3);
	expect_row(2, NULL, INT64_MIN, INSTANT_NONE, 0);
	expect_row(3, "", INT64_MAX, AT + 1, 4);
}
END_TEST

START_TEST(rows_beyond_one_packet_arrive)
{
	char *big = alloc_zero(BIG + 1);

	memset(big, 'x', BIG);
	begin();
	for (int64_t i = 0; i < 20; i++)
		ck_assert_int_eq(db_exec(db, &put_all, NULL, &why, i, big, INT64_C(1), 0.0, AT,
					 NULL, (size_t)0),
				 0);
	end();
	ck_assert_int_eq(counted(0), 20);
	ck_assert_int_eq(counted(2), INT64_C(20) * BIG);
	free(big);
}
END_TEST

START_TEST(statements_run_in_the_order_of_their_first_row)
{
	int64_t changed = 0;

	begin();
	for (int64_t i = 0; i < MANY; i++) {
		ck_assert_int_eq(db_exec(db, &put, NULL, &why, i), 0);
		ck_assert_int_eq(db_exec(db, &bump, &changed, &why, i), 0);
		ck_assert_int_eq(changed, 1);
	}
	end();
	ck_assert_int_eq(counted(0), MANY);
	ck_assert_int_eq(counted(1), MANY);
}
END_TEST

START_TEST(change_that_was_assumed_and_did_not_happen_is_a_conflict)
{
	int64_t changed = 0;

	database_run(&database, "INSERT INTO bulk (id) VALUES (1), (2)");
	begin();
	for (int64_t i = 1; i <= 3; i++)
		ck_assert_int_eq(db_exec(db, &bump, &changed, &why, i), 0);
	ck_assert_int_eq(changed, 1);
	ck_assert_int_eq(db_bulk_end(db, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_CONFLICT);
	db_rollback(db);
	ck_assert_int_eq(counted(1), 0);
}
END_TEST

START_TEST(change_that_nobody_asks_about_may_not_happen)
{
	begin();
	ck_assert_int_eq(db_exec(db, &bump, NULL, &why, INT64_C(7)), 0);
	end();
}
END_TEST

/* n: what the row holds, above which it would be dropped against the assumption. */
START_TEST(exception_is_assumed_not_to_happen)
{
	const int64_t n = _i;
	int64_t changed = -1;

	ck_assert_int_eq(
		db_exec(db, &put_all, NULL, &why, INT64_C(1), NULL, n, 0.25, AT, NULL, (size_t)0),
		0);
	begin();
	ck_assert_int_eq(db_exec_exception(db, &drop_low, &changed, &why, INT64_C(1), INT64_C(0)),
			 0);
	ck_assert_int_eq(changed, 0);
	ck_assert_int_eq(db_bulk_end(db, &why), n > 0 ? -1 : 0);
	db_rollback(db);
}
END_TEST

START_TEST(duplicate_among_the_rows_is_told_and_nothing_stays)
{
	begin();
	for (int64_t i = 0; i < 3; i++)
		ck_assert_int_eq(db_exec(db, &put, NULL, &why, i / 2), 0);
	ck_assert_int_eq(db_bulk_end(db, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DUPLICATE);
	db_rollback(db);
	ck_assert_int_eq(counted(0), 0);
	/* The same prepared statement serves one row again. */
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(5)), 0);
	ck_assert_int_eq(counted(0), 1);
}
END_TEST

START_TEST(same_statement_runs_singly_afterwards)
{
	int64_t changed = 0;

	begin();
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(1)), 0);
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(2)), 0);
	end();
	ck_assert_int_eq(db_exec(db, &put, &changed, &why, INT64_C(3)), 0);
	ck_assert_int_eq(changed, 1);
	ck_assert_int_eq(counted(0), 3);
}
END_TEST

START_TEST(rollback_forgets_what_was_collected)
{
	begin();
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(1)), 0);
	db_rollback(db);
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(2)), 0);
	ck_assert_int_eq(counted(0), 1);
}
END_TEST

/* ---- what is done while the server works ---- */

struct meanwhile {
	int calls, refused;
	bool is_killing, is_patient;
};

static short meanwhile(void *arg, int fd, short events, int64_t until_boot_us)
{
	struct meanwhile *m = arg;
	struct pollfd p = { .fd = fd, .events = events };
	struct problem no = { .kind = PROBLEM_NONE };
	char sql[40];

	(void)until_boot_us;
	m->refused += db_ping(db, &no) < 0; /* it would cut into the answer */
	if (m->calls++ == 0 && m->is_killing) {
		(void)snprintf(sql, sizeof(sql), "KILL %llu",
			       (unsigned long long)db_connection_id(db));
		database_run(&database, sql);
	}
	return m->is_patient && poll(&p, 1, -1) == 1 ? p.revents : 0;
}

/* Long enough that its answer is never there at once. */
static const struct stmt put_slowly = { "put_slowly", STMT_GLOBAL, "i",
					"INSERT INTO bulk (id) VALUES (? + SLEEP(0.1))", "test" };

static const struct stmt read_slowly = { "read_slowly", STMT_GLOBAL, "i", "SELECT ? + SLEEP(0.1)",
					 "test" };

static void put_some(void)
{
	begin();
	for (int64_t i = 0; i < SOME; i++)
		ck_assert_int_eq(db_exec(db, &put_slowly, NULL, &why, i), 0);
}

START_TEST(something_else_is_done_while_the_server_works)
{
	struct meanwhile m = { .is_patient = true };
	struct rows *r = NULL;

	db_set_wait(db, meanwhile, &m);
	put_some();
	m.calls = m.refused = 0; /* until here it has begun, and no more */
	end();
	ck_assert_int_gt(m.calls, 0);
	ck_assert_int_eq(m.refused, m.calls);
	ck_assert_int_eq(counted(0), SOME);
	m.calls = m.refused = 0;
	ck_assert_int_eq(db_exec(db, &put_slowly, NULL, &why, (int64_t)SOME), 0);
	ck_assert_int_gt(m.calls, 0);
	ck_assert_int_eq(m.refused, m.calls);
	m.calls = m.refused = 0;
	ck_assert_int_eq(db_query_one(db, &read_slowly, &r, &why, INT64_C(1)), 1);
	ck_assert_int_gt(m.calls, 0);
	ck_assert_int_eq(m.refused, m.calls);
	ck_assert_int_eq(rows_int(r, 0), 1);
	rows_end(r);
	begin();
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, INT64_C(0)), 0);
	ck_assert_int_eq(db_bulk_end(db, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DUPLICATE);
	db_rollback(db);
	m.calls = 0;
	db_set_wait(db, NULL, NULL);
	begin();
	ck_assert_int_eq(db_exec(db, &put, NULL, &why, (int64_t)SOME + 1), 0);
	end();
	ck_assert_int_eq(m.calls, 0);
	ck_assert_int_eq(counted(0), SOME + 2);
}
END_TEST

/* 0: the connection is killed; 1: the server takes longer than it may. A new connection waits so, too. */
START_TEST(server_gone_meanwhile_is_told)
{
	struct meanwhile m = { .is_killing = _i == 0, .is_patient = _i == 0 };

	put_some();
	db_set_wait(db, meanwhile, &m);
	ck_assert_int_eq(db_bulk_end(db, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_DB_DOWN);
	db_rollback(db);
	ck_assert(!db_commit_unknown(db));
	m = (struct meanwhile){ .is_patient = true };
	problem_clear(&why);
	put_some();
	end();
	ck_assert_int_gt(m.calls, 0);
	ck_assert_int_eq(counted(0), SOME);
}
END_TEST

/* What a COMMIT that was never answered has done is for the caller to find out. */
START_TEST(commit_never_answered_is_unknown)
{
	struct meanwhile m = { .is_patient = false };
	int done;

	/* Its answer may be there at once, and then it is known. */
	for (int64_t i = 0; m.calls == 0; i++) {
		db_set_wait(db, NULL, NULL);
		begin();
		ck_assert_int_eq(db_exec(db, &put, NULL, &why, i), 0);
		ck_assert_int_eq(db_bulk_end(db, &why), 0);
		db_set_wait(db, meanwhile, &m);
		done = db_commit(db, &why);
		ck_assert_int_eq(done, m.calls == 0 ? 0 : -1);
	}
	ck_assert_int_eq(why.kind, PROBLEM_DB_DOWN);
	ck_assert(db_commit_unknown(db));
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
		{ values_come_back_as_they_went, 0 },
		{ rows_beyond_one_packet_arrive, 0 },
		{ statements_run_in_the_order_of_their_first_row, 0 },
		{ change_that_was_assumed_and_did_not_happen_is_a_conflict, 0 },
		{ change_that_nobody_asks_about_may_not_happen, 0 },
		{ exception_is_assumed_not_to_happen, 2 },
		{ duplicate_among_the_rows_is_told_and_nothing_stays, 0 },
		{ same_statement_runs_singly_afterwards, 0 },
		{ rollback_forgets_what_was_collected, 0 },
		{ something_else_is_done_while_the_server_works, 0 },
		{ server_gone_meanwhile_is_told, 2 },
		{ commit_never_answered_is_unknown, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "bulk",
		.before = open_database,
		.after = close_database,
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

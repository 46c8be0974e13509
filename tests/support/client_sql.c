/* SPDX-License-Identifier: Apache-2.0 */
/* The database of the instance, as the local admin sees it. */
#include <check.h>
#include <mysql.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "support/client.h"

static MYSQL *sql_open(void)
{
	static const char find[] = "SELECT table_schema FROM information_schema.tables "
				   "WHERE table_name = 'schema_migrations' LIMIT 1";
	const struct passwd *user = getpwuid(geteuid());
	MYSQL *my = mysql_init(NULL);
	MYSQL_RES *rows;
	MYSQL_ROW row;

	ck_assert_ptr_nonnull(user);
	ck_assert_msg(mysql_real_connect(my, "localhost", user->pw_name, NULL, NULL, 0,
					 client_env("CARILLON_SOCKET"), 0),
		      "%s", mysql_error(my));
	ck_assert_msg(mysql_query(my, find) == 0, "%s", mysql_error(my));
	rows = mysql_store_result(my);
	row = mysql_fetch_row(rows);
	ck_assert_msg(row && mysql_select_db(my, row[0]) == 0, "no database was migrated");
	mysql_free_result(rows);
	mysql_set_character_set(my, "utf8mb4");
	return my;
}

/* What a runner changes in the same moment is asked for once more. */
static int query(MYSQL *my, const char *text)
{
	enum { TRIES = 10, CHANGED_MEANWHILE = 1020, DEADLOCK = 1213 };
	int failed = mysql_query(my, text);

	for (int i = 1; failed && i < TRIES; i++) {
		if (mysql_errno(my) != CHANGED_MEANWHILE && mysql_errno(my) != DEADLOCK)
			break;
		failed = mysql_query(my, text);
	}
	return failed;
}

char *client_sql(const char *fmt, ...)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	MYSQL *my = sql_open();
	MYSQL_RES *rows;
	char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	ck_assert_msg(query(my, text.p) == 0, "%s\n%s", text.p, mysql_error(my));
	rows = mysql_store_result(my);
	if (rows) {
		MYSQL_ROW row = mysql_fetch_row(rows);

		value = row ? alloc_strdup(row[0]) : NULL;
		mysql_free_result(rows);
	}
	mysql_close(my);
	return value;
}

int64_t client_number(const char *fmt, ...)
{
	struct buf sql CLEANUP(buf_done) = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&sql, fmt, ap);
	va_end(ap);
	char *text = client_sql("%s", buf_str(&sql));
	int64_t n = text ? strtoll(text, NULL, 10) : -1;

	free(text);
	return n;
}

struct hold {
	MYSQL *my;
};

struct hold *client_hold(const char *fmt, ...)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct hold *h = alloc_zero(sizeof(*h));
	va_list ap;

	h->my = sql_open();
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	ck_assert(mysql_query(h->my, "BEGIN") == 0);
	ck_assert_msg(mysql_query(h->my, text.p) == 0, "%s\n%s", text.p, mysql_error(h->my));
	mysql_free_result(mysql_store_result(h->my));
	return h;
}

void client_let_go(struct hold *h)
{
	mysql_close(h->my);
	free(h);
}

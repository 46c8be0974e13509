/* SPDX-License-Identifier: Apache-2.0 */
/* What the rig's cases ask of the database, and wait for there. */
#include <check.h>
#include <mysql.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rig.h"

#define BEATS_WAIT_MS 60000
#define BEAT_LOOK_MS  20

static MYSQL_RES *ask(struct rig *r, MYSQL *my, const char *sql)
{
	const struct passwd *me = getpwuid(geteuid());

	ck_assert_ptr_nonnull(me);
	ck_assert_ptr_nonnull(mysql_real_connect(my, "localhost", me->pw_name, NULL, "carillon", 0,
						 r->database.socket, 0));
	ck_assert_msg(mysql_query(my, sql) == 0, "%s: %s", sql, mysql_error(my));
	return mysql_store_result(my);
}

char *rig_text(struct rig *r, const char *sql)
{
	MYSQL *my = mysql_init(NULL);
	MYSQL_RES *res = ask(r, my, sql);
	MYSQL_ROW row = mysql_fetch_row(res);
	char *text = row && row[0] ? strdup(row[0]) : NULL;

	mysql_free_result(res);
	mysql_close(my);
	return text;
}

int64_t rig_number(struct rig *r, const char *sql)
{
	char *text = rig_text(r, sql);
	const int64_t n = text ? strtoll(text, NULL, 10) : INT64_MIN;

	free(text);
	return n;
}

int64_t rig_numberf(struct rig *r, const char *fmt, ...)
{
	char sql[1000];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	ck_assert_int_lt(n, (int)sizeof(sql));
	return rig_number(r, sql);
}

int64_t rig_post_number(struct rig *r, const char *id, const char *expression)
{
	return rig_numberf(r, "SELECT %s FROM posts WHERE id = '%s'", expression, id);
}

char *rig_post_text(struct rig *r, const char *id, const char *column)
{
	char sql[200];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM posts WHERE id = '%s'", column, id);
	return rig_text(r, sql);
}

char *rig_media_sha(struct rig *r, const char *id)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql), "SELECT LOWER(HEX(sha256)) FROM media WHERE id = '%s'",
		       id);
	return rig_text(r, sql);
}

void rig_renew(struct rig *r, const char *account_id)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO account_refreshes (workspace_id, account_id, next_at) "
		       "VALUES ('" RIG_WORKSPACE "', '%s', UTC_TIMESTAMP(3)) "
		       "ON DUPLICATE KEY UPDATE next_at = UTC_TIMESTAMP(3)",
		       account_id);
	database_run(&r->database, sql);
}

enum post_state rig_state(struct rig *r, const char *id)
{
	char *text = rig_post_text(r, id, "state");
	enum post_state s = POST_STATES;

	ck_assert_int_eq(post_state_parse(text, &s), 0);
	free(text);
	return s;
}

enum post_state rig_until(struct rig *r, const char *id, unsigned states, int timeout_ms)
{
	const int64_t until_us = clock_boot_us() + timeout_ms * US_PER_MS;
	enum post_state s = rig_state(r, id);

	while (!(states & 1u << s) && clock_boot_us() < until_us) {
		ck_assert_int_eq(rig_once(r, NULL), 0);
		s = rig_state(r, id);
		if (!(states & 1u << s))
			rig_sleep_ms(50);
	}
	return s;
}

void rig_expect(struct rig *r, const char *id, enum post_state wanted, int timeout_ms)
{
	const enum post_state is = rig_until(r, id, RIG_OVER | 1u << wanted, timeout_ms);
	char *why = rig_post_text(r, id, "error_message");

	ck_assert_msg(is == wanted, "post %s is %s, not %s: %s", id, post_state_name(is),
		      post_state_name(wanted), why ? why : "no error");
	free(why);
}

void rig_expect_error(struct rig *r, const char *id, const char *code)
{
	char *is = rig_post_text(r, id, "error_code");

	ck_assert_str_eq(is ? is : "none", code);
	free(is);
}

void rig_wait_beats(struct rig *r, int n)
{
	char *was = rig_text(r, "SELECT MAX(heartbeat_at) FROM runners");

	for (int i = 0; n > 0 && i < BEATS_WAIT_MS / BEAT_LOOK_MS; i++) {
		char *is = rig_text(r, "SELECT MAX(heartbeat_at) FROM runners");

		n -= strcmp(was ? was : "", is ? is : "") != 0;
		free(was);
		was = is;
		rig_sleep_ms(BEAT_LOOK_MS);
	}
	free(was);
	ck_assert_int_eq(n, 0);
}

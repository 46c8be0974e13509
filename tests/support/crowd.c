/* SPDX-License-Identifier: Apache-2.0 */
#include "support/crowd.h"

#include <mysql.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK 200000

static const char *const frame[] = {
	"SET foreign_key_checks = 0, unique_checks = 0",
	"TRUNCATE TABLE attempts",
	"TRUNCATE TABLE posts",
	"DELETE FROM contents WHERE workspace_id = '" CROWD_WORKSPACE "'",
	"DELETE FROM accounts",
	"DELETE FROM characters",
	"DELETE FROM workspaces",
	"DROP TABLE IF EXISTS numbers",
	"CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY) WITH RECURSIVE d AS (SELECT 0 AS n "
	"UNION "
	"ALL SELECT n + 1 FROM d WHERE n < 999) SELECT n FROM d",
	"INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('" CROWD_WORKSPACE
	"', 'crowd', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	"INSERT INTO characters (workspace_id, id, name, timezone, created_at, updated_at) "
	"SELECT '" CROWD_WORKSPACE "', CONCAT('char_', LPAD(n, 2, '0')), 'x', 'Europe/Berlin', "
	"UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM numbers WHERE n < 20",
	"INSERT INTO characters (workspace_id, id, name, timezone, schedule, default_accounts, "
	"created_at, updated_at) VALUES ('" CROWD_WORKSPACE "', '" CROWD_PLANNER "', 'planner', "
	"'Europe/Berlin', '{\"twitter\": {\"posts_per_day\": 6}}', "
	"'{\"twitter\": \"acc_planner\"}', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	"INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, username, "
	"display_name, status, scopes, missing_scopes, created_at, updated_at) "
	"SELECT '" CROWD_WORKSPACE
	"', IF(n = 200, 'acc_planner', CONCAT('acc_', LPAD(n, 6, '0'))), "
	"'twitter', 1, CONCAT('r', n), 'x', 'x', 'connected', '', '', UTC_TIMESTAMP(3), "
	"UTC_TIMESTAMP(3) FROM numbers WHERE n <= 200",
	"INSERT INTO contents (workspace_id, id, kind, caption, state, revision, "
	"approved_revision, "
	"created_at, updated_at) SELECT '" CROWD_WORKSPACE "', CONCAT('cnt_', LPAD(n, 6, '0')), "
	"'text', 'words', 'published', 1, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM numbers",
	"INSERT INTO contents (workspace_id, id, character_id, kind, caption, state, revision, "
	"approved_revision, created_at, updated_at) SELECT '" CROWD_WORKSPACE "', "
	"CONCAT('cnt_open_', LPAD(n, 6, '0')), '" CROWD_PLANNER "', 'text', "
	"CONCAT('words ', n), 'approved', 1, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM numbers "
	"WHERE n < 500",
};

static void run(MYSQL *my, const char *sql)
{
	if (mysql_query(my, sql) == 0) {
		mysql_free_result(mysql_store_result(my));
		return;
	}
	fprintf(stderr, "crowd: %.200s: %s\n", sql, mysql_error(my));
	exit(EXIT_FAILURE);
}

static MYSQL *connect_to(const struct database *d)
{
	MYSQL *my = mysql_init(NULL);
	const struct passwd *me = getpwuid(geteuid());

	if (me &&
	    mysql_real_connect(my, "localhost", me->pw_name, NULL, "carillon", 0, d->socket, 0))
		return my;
	fprintf(stderr, "crowd: %s\n", mysql_error(my));
	exit(EXIT_FAILURE);
}

static void add_chunk(MYSQL *my, int64_t first, int64_t n, int64_t posts)
{
	char sql[2000];

	snprintf(
		sql, sizeof(sql),
		"SET STATEMENT foreign_key_checks = 0, unique_checks = 0 FOR "
		"INSERT INTO posts (workspace_id, id, content_id, content_revision, character_id, "
		"account_id, platform, livemode, state, wake_at, due_at, published_at, created_at, "
		"updated_at) SELECT '" CROWD_WORKSPACE "', CONCAT('sch_', LPAD(i, 26, '0')), "
		"CONCAT('cnt_', LPAD(i %% 1000, 6, '0')), 1, CONCAT('char_', LPAD(i %% 20, 2, "
		"'0')), "
		"CONCAT('acc_', LPAD(i %% 200, 6, '0')), 'twitter', 1, "
		"IF(i < %lld, 'published', 'queued'), "
		"IF(i < %lld, NULL, IF(i < %lld, UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE, "
		"UTC_TIMESTAMP(3) + INTERVAL (i - %lld + 60) * 30 SECOND)), "
		"UTC_TIMESTAMP(3) + INTERVAL (i - %lld) * 30 SECOND, IF(i < %lld, "
		"UTC_TIMESTAMP(3), NULL), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) "
		"FROM (SELECT %lld + a.n * 1000 + b.n AS i FROM numbers a JOIN numbers b "
		"WHERE a.n < %d AND a.n * 1000 + b.n < %lld) k",
		(long long)posts / 2, (long long)posts / 2, (long long)posts / 2 + CROWD_DUE,
		(long long)posts / 2, (long long)posts / 2, (long long)posts / 2, (long long)first,
		CHUNK / 1000, (long long)n);
	run(my, sql);
}

void crowd_make(const struct database *d, int64_t posts)
{
	MYSQL *my = connect_to(d);

	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
		run(my, frame[i]);
	for (int64_t at = 0; at < posts; at += CHUNK)
		add_chunk(my, at, posts - at < CHUNK ? posts - at : CHUNK, posts);
	run(my, "ANALYZE TABLE posts, contents");
	mysql_close(my);
}

void crowd_attempts(const struct database *d, int64_t n)
{
	MYSQL *my = connect_to(d);
	char sql[1200];

	for (int64_t at = 0; at < n; at += CHUNK) {
		snprintf(sql, sizeof(sql),
			 "SET STATEMENT foreign_key_checks = 0, unique_checks = 0 FOR "
			 "INSERT INTO attempts (workspace_id, post_id, seq, account_id, permit, "
			 "fence, "
			 "host, boot_id, pid, start_ticks, fingerprint, snapshot_hash, state, "
			 "sent_at, "
			 "deadline_at, settled_at, evidence) SELECT workspace_id, id, 1, "
			 "account_id, "
			 "UNHEX(MD5(id)), 1, 'h', 'b', 1, 1, UNHEX(SHA2(id, 256)), "
			 "UNHEX(SHA2(id, 256)), 'effect', due_at, due_at, due_at, "
			 "'[{\"at_us\":1774276200000000,\"phase\":\"fire\",\"came_to\":"
			 "\"published\",\"remote_id\":\"1\"}]' FROM posts "
			 "WHERE workspace_id = '" CROWD_WORKSPACE "' AND "
			 "id >= CONCAT('sch_', LPAD(%lld, 26, '0')) AND "
			 "id < CONCAT('sch_', LPAD(%lld, 26, '0'))",
			 (long long)at, (long long)(at + CHUNK < n ? at + CHUNK : n));
		run(my, sql);
	}
	run(my, "ANALYZE TABLE attempts");
	mysql_close(my);
}

void crowd_run(const struct database *d, const char *sql)
{
	MYSQL *my = connect_to(d);

	run(my, sql);
	mysql_close(my);
}

int64_t crowd_number(const struct database *d, const char *sql)
{
	MYSQL *my = connect_to(d);
	MYSQL_RES *res;
	MYSQL_ROW row;
	int64_t n = 0;

	if (mysql_query(my, sql) == 0 && (res = mysql_store_result(my))) {
		row = mysql_fetch_row(res);
		n = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
		mysql_free_result(res);
	}
	mysql_close(my);
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the server by Connector/C's non-blocking calls. They are used where somebody has said
 * what to do meanwhile, and not for what is done once a connection: connecting and preparing.
 */
#include <poll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "db/private.h"

struct ready_row {
	int status;
	short events;
};

static const struct ready_row ready_rows[] = {
	{ MYSQL_WAIT_READ, POLLIN },
	{ MYSQL_WAIT_WRITE, POLLOUT },
	{ MYSQL_WAIT_EXCEPT, POLLPRI },
};

/* What Connector/C waits for in, what has come of it out. */
static int wait_for(struct db *db, int status)
{
	const bool is_limited = (status & MYSQL_WAIT_TIMEOUT) != 0;
	const int64_t limit_us = is_limited ? mysql_get_timeout_value_ms(db->my) * US_PER_MS : 0;
	const int64_t until_us = is_limited ? clock_boot_us() + limit_us : INT64_MAX;
	short events = 0, got;
	int come = 0;

	for (size_t i = 0; i < ARRAY_LEN(ready_rows); i++)
		events |= status & ready_rows[i].status ? ready_rows[i].events : 0;
	db->is_waiting = true;
	got = db->wait(db->wait_arg, mysql_get_socket(db->my), events, until_us);
	db->is_waiting = false;
	if (got == 0)
		return MYSQL_WAIT_TIMEOUT;
	/* An error is found by reading or writing. */
	if (got & (POLLERR | POLLHUP | POLLNVAL))
		got |= events;
	for (size_t i = 0; i < ARRAY_LEN(ready_rows); i++)
		come |= got & ready_rows[i].events ? ready_rows[i].status : 0;
	return come & status;
}

struct stmt_call { /* of Connector/C, in its three forms */
	int (*at_once)(MYSQL_STMT *handle);
	int (*start)(int *ret, MYSQL_STMT *handle);
	int (*cont)(int *ret, MYSQL_STMT *handle, int status);
};

static bool wait_call(struct db *db, MYSQL_STMT *handle, const struct stmt_call *c)
{
	int failed = 0, status;

	if (!db->wait)
		return c->at_once(handle) != 0;
	status = c->start(&failed, handle);
	while (status)
		status = c->cont(&failed, handle, wait_for(db, status));
	return failed != 0;
}

bool db_wait_execute(struct db *db, MYSQL_STMT *handle)
{
	static const struct stmt_call execute = { mysql_stmt_execute, mysql_stmt_execute_start,
						  mysql_stmt_execute_cont };

	return wait_call(db, handle, &execute);
}

bool db_wait_store(struct db *db, MYSQL_STMT *handle)
{
	static const struct stmt_call store = { mysql_stmt_store_result,
						mysql_stmt_store_result_start,
						mysql_stmt_store_result_cont };

	return wait_call(db, handle, &store);
}

bool db_wait_query(struct db *db, const char *sql, size_t len)
{
	int failed = 0, status;

	if (!db->wait)
		return mysql_real_query(db->my, sql, len) != 0;
	status = mysql_real_query_start(&failed, db->my, sql, len);
	while (status)
		status = mysql_real_query_cont(&failed, db->my, wait_for(db, status));
	return failed != 0;
}

void db_wait_ready(struct db *db)
{
	if (db->my && db->wait)
		mysql_options(db->my, MYSQL_OPT_NONBLOCK, NULL);
}

void db_set_wait(struct db *db, wait_fn *wait, void *arg)
{
	db->wait = wait;
	db->wait_arg = arg;
	db_wait_ready(db);
}

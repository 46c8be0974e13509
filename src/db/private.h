/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private - what conn.c, stmt.c and migrate.c share
 * Layer db. The only folder that sees Connector/C.
 */
#ifndef CARILLON_DB_PRIVATE_H
#define CARILLON_DB_PRIVATE_H

#include <mysql.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "db/conn.h"

struct bulk;
struct config;
struct rows;
struct stmt;

struct db {
	const struct config *cfg; /* borrowed for life: reconnecting reads it again */
	enum db_role role;
	MYSQL *my; /* NULL while there is no connection */
	bool is_in_transaction;
	bool is_lost;     /* the connection died inside the transaction */
	bool is_doomed;   /* the server has rolled it back already: a deadlock, a lock wait */
	bool is_wide;     /* see db_begin_wide() */
	unsigned depth;   /* of savepoints in it */
	int idle_limit_s; /* of the session, when it is not the usual one; else 0 */
	bool is_commit_unknown;
	unsigned last_errno;
	int64_t used_boot_us; /* when the connection last answered */
	struct rows **cache;  /* open addressing by statement address; cache_n a power of two */
	size_t cache_n, cached;
	struct bulk *bulk; /* db_exec() collects; NULL: it runs */
	bool is_waiting;   /* for the server, in db->wait */
	wait_fn *wait;     /* NULL: the process stands still */
	void *wait_arg;
};

/* A connection fit for the next statement: reconnects when there is none and none is needed. */
int db_ready(struct db *db, struct problem *reterr);
/* Drops the connection and all that was prepared on it. */
void db_drop(struct db *db);
/* Whether this errno means that the connection is gone. */
bool db_is_gone(unsigned err);
/* Remembers the errno, ends a dead connection, and puts it in words; always -1. */
int db_failed(struct db *db, unsigned err, const char *statement, struct problem *reterr);
/* One statement of text protocol without values. */
int db_text(struct db *db, const char *sql, size_t len, struct problem *reterr);

struct db_value { /* one bound parameter */
	enum enum_field_types type;
	bool is_null;
	int64_t integer;
	double number;
	MYSQL_TIME time;
	const void *p; /* text or bytes; borrowed */
	size_t n;
};

/* value.c: one for each letter of s->binds; ap stays as it was */
void db_values_take(const struct stmt *s, va_list ap, struct db_value *ret);

/* bulk.c; assumed: rows that it is taken to change, NULL nobody asks */
void db_bulk_add(struct bulk *b, const struct stmt *s, const struct db_value *v,
		 const int64_t *assumed);
void db_bulk_forget(struct db *db);
/* stmt.c: runs a statement for n rows, whose columns are bound as arrays. */
int db_run_rows(struct db *db, const struct stmt *s, MYSQL_BIND *columns, unsigned n,
		int64_t *ret_changed, struct problem *reterr);

/* wait.c: as the calls of the same name of mysql_ and mysql_stmt_, with db->wait meanwhile */
bool db_wait_execute(struct db *db, MYSQL_STMT *handle);
bool db_wait_store(struct db *db, MYSQL_STMT *handle); /* store_result */
bool db_wait_query(struct db *db, const char *sql, size_t len);
void db_wait_ready(struct db *db); /* of a new connection */

/* stmt.c: forgets every prepared statement (the connection is about to go). */
void db_forget_statements(struct db *db);

#endif

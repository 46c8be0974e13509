/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn - one connection to MariaDB
 * Layer db. Owner: db_open() and db_new() give it; db_free() accepts NULL. The session is UTC, utf8mb4, READ
 * COMMITTED, strict, autocommit on outside db_begin(). It reconnects by itself between
 * transactions only, re-preparing on demand; a connection lost inside one is an error.
 * Errors: PROBLEM_DB_DOWN (connection, retry_after_s 5; lock waits and deadlocks that outlasted the
 * retries, retry_after_s 1), PROBLEM_DUPLICATE (a unique key), PROBLEM_CONFLICT (a foreign key), or
 * PROBLEM_INTERNAL (a bug; logged with statement name and MariaDB's errno, never its values).
 * db_errno() tells them apart.
 */
#ifndef CARILLON_DB_CONN_H
#define CARILLON_DB_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "base/wait.h"

struct config;
struct db;

/* What db_errno() may say, as far as callers ask. */
enum db_error {
	DB_ERROR_CHANGED = 1020, /* since the statement's, or transaction's, view of the row */
	DB_ERROR_DUPLICATE = 1062,
	DB_ERROR_LOCK_WAIT = 1205,
	DB_ERROR_DEADLOCK = 1213,
	DB_ERROR_HAS_CHILDREN = 1451, /* a row that others refer to */
	DB_ERROR_NO_PARENT = 1452,    /* a reference to a row that is not there */
};

enum db_role { DB_ROLE_API, DB_ROLE_RUN, DB_ROLE_ADMIN };

int db_open(const struct config *cfg, enum db_role role, struct db **ret, struct problem *reterr);
struct db *db_new(const struct config *cfg,
		  enum db_role role); /* connects with its first statement */
void db_free(struct db *db);
int db_ping(struct db *db, struct problem *reterr); /* reconnects when needed */
int db_begin(struct db *db, struct problem *reterr);
/*
 * 0 committed; -1 not committed, unless db_commit_unknown(): the connection died during COMMIT and
 * the caller must look up what it wrote.
 */
int db_commit(struct db *db, struct problem *reterr);
bool db_commit_unknown(const struct db *db);
void db_rollback(struct db *db);        /* harmless outside a transaction */
unsigned db_errno(const struct db *db); /* of the last failure: 1062 duplicate, 1213, 1205 ... */
uint64_t db_connection_id(const struct db *db);
bool db_in_transaction(const struct db *db);

/*
 * A transaction around callers that know nothing of it. What db_transact() runs within it is undone
 * when it fails, whether or not the caller goes on then. idle_s > 0: how long it may rest between
 * two statements, in place of the usual 10 s.
 */
int db_begin_wide(struct db *db, int idle_s, struct problem *reterr);
/* Whether the last failure was a deadlock, a lock wait or a row that has changed meanwhile: all of it
 * may be tried again. */
bool db_met_others(const struct db *db);

/*
 * Runs fn in a transaction; what db_met_others() tells of runs it again (4 times in all). fn
 * returns 0 to commit, -1 to roll back with reterr filled. fn must not keep anything from a
 * failed run. Called within a transaction, fn joins it: no begin, no commit, no repetition.
 */
int db_transact(struct db *db, int (*fn)(struct db *db, void *arg, struct problem *reterr),
		void *arg, struct problem *reterr);

/*
 * What is done while the server works; connecting and preparing alone stand still for an answer.
 * NULL, as at first: it is just waited.
 */
void db_set_wait(struct db *db, wait_fn *wait, void *arg);

DEFINE_CLEANUP(struct db *, db_free);

#endif

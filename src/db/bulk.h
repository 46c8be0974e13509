/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk - the rows of a transaction that writes much, one round trip a statement instead of one a row
 * Layer db, over MariaDB's array binding. Between begin and end db_exec() only collects: values are
 * copied, and ret_changed says what is usual: one row, or none of db_exec_exception().
 * db_bulk_end() then runs each statement for all its rows, the statements in the order in which
 * they were first asked for. Where what happened is not what was assumed, that is a CONFLICT: the
 * caller rolls back and does the same without bulk.
 * So what is collected must not depend on the order among different statements of different rows,
 * nothing may be read meanwhile, and each statement must be a plain INSERT, UPDATE or DELETE:
 * MariaDB binds no arrays for INSERT ... SELECT and for updates of joined tables.
 */
#ifndef CARILLON_DB_BULK_H
#define CARILLON_DB_BULK_H

#include "base/problem.h"

struct db;

void db_bulk_begin(struct db *db); /* within a transaction */
/* 0: everything ran, as assumed. -1: reterr, PROBLEM_CONFLICT if not as assumed; roll back. */
int db_bulk_end(struct db *db, struct problem *reterr);

#endif

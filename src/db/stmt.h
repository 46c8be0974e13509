/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stmt - prepared statements, values always bound
 * Layer db. Statements are static rows in src/store; the first use on a connection prepares one
 * and it stays prepared. Scope WORKSPACE: the text binds workspace_id (a lint checks); GLOBAL
 * names its reason and stands in tests/lint/global_statements.txt.
 *
 * binds, one letter per `?`, taken from the varargs in order:
 *   s  const char *, NULL is SQL NULL          i  int64_t (cast it!)     d  double
 *   I  int64_t, INT64_MIN is SQL NULL          t  int64_t us UTC, INSTANT_NONE is SQL NULL
 *   b  const void *, size_t; NULL is SQL NULL
 */
#ifndef CARILLON_DB_STMT_H
#define CARILLON_DB_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

struct db;

enum stmt_scope { STMT_WORKSPACE, STMT_GLOBAL };

struct stmt {
	const char *name;
	enum stmt_scope scope;
	const char *binds;
	const char *sql;
	const char *reason; /* GLOBAL only */
};

/* Runs a statement without a result; ret_changed (may be NULL) gets the affected rows. */
int db_exec(struct db *db, const struct stmt *s, int64_t *ret_changed, struct problem *reterr, ...);
/* The same of a statement that usually changes no row: the difference counts in bulk (bulk.h). */
int db_exec_exception(struct db *db, const struct stmt *s, int64_t *ret_changed,
		      struct problem *reterr, ...);

/*
 * Runs a query and buffers its result in the connection. At most one result is open per
 * connection and statement; rows_end() is due on every path after a successful db_query().
 * db_query_one(): 1 with the first row current (rows_end() due), 0 none, -1 error.
 */
struct rows;
int db_query(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr, ...);
int db_query_one(struct db *db, const struct stmt *s, struct rows **ret, struct problem *reterr,
		 ...);
int rows_next(struct rows *r, struct problem *reterr); /* 1 row, 0 end, -1 error */
void rows_end(struct rows *r);

/* Columns of the current row, from 0. Borrowed until the next rows_next(). */
bool rows_null(const struct rows *r, unsigned col);
const char *rows_text(const struct rows *r, unsigned col); /* NULL for SQL NULL */
size_t rows_len(const struct rows *r, unsigned col);
int64_t rows_int(const struct rows *r, unsigned col); /* 0 for NULL */
double rows_number(const struct rows *r, unsigned col);
int64_t rows_instant(const struct rows *r, unsigned col); /* DATETIME -> us, NULL -> INSTANT_NONE */
char *rows_dup(const struct rows *r, unsigned col, struct arena *a);

DEFINE_CLEANUP(struct rows *, rows_end);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns - what the columns of a table of posts mean, and its rows as POST /posts takes them
 * Layer transfer. Pure: no I/O. Three kinds of tables are known: our own, Buffer's and Postiz's
 * (docs/operate.md has the columns, and where that knowledge is from). Names of columns are compared
 * without regard to case, blanks and punctuation; a number behind them is passed over. Texts live
 * in the arenas given.
 */
#ifndef CARILLON_TRANSFER_COLUMNS_H
#define CARILLON_TRANSFER_COLUMNS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/problem.h"
#include "transfer/csv.h"

enum table_format { TABLE_CARILLON, TABLE_BUFFER, TABLE_POSTIZ, TABLE_FORMATS };
extern const char *const table_format_names[TABLE_FORMATS + 1]; /* NULL-terminated */

enum column {
	COLUMN_ACCOUNTS,
	COLUMN_TYPE,
	COLUMN_URL,
	COLUMN_CAPTION,
	COLUMN_SOUND,
	COLUMN_TIME,
	COLUMN_ZONE,
	COLUMN_FOLD,
	COLUMN_SLIDE,
	COLUMN_RENDER,
	COLUMN_TITLE,
	COLUMN_LINK,
	COLUMN_STATE, /* of a post elsewhere: what is out already is not posted again */
	COLUMN_LEFT,  /* known, and of no use here */
	COLUMN_UNKNOWN,
	COLUMNS
};

struct table {
	enum table_format format;
	enum column columns[CSV_CELLS_MAX];
	const char *headers[CSV_CELLS_MAX]; /* as the file has them */
	size_t n;
};

/* Who is meant by a name of the file. A name may stand in several rows. */
struct account_name {
	const char *name, *id;
	bool is_given; /* by the operator: counts before all others, and all its ids are meant */
};
struct account_book {
	const struct account_name *v;
	size_t n;
	const char *timezone; /* of local times in rows that name none; NULL: the workspace's */
};
#define ACCOUNT_NAME_REST "*" /* given for rows that name no account */

/* PROBLEM_INVALID when it cannot be a table of posts: no text, the same column twice, no time. */
int table_read_header(enum table_format format, const struct csv_row *row, struct arena *a,
		      struct table *ret, struct problem *reterr);

enum row_verdict { ROW_POST, ROW_SKIP };
/*
 * ROW_POST: ret_body has the JSON that POST /posts would be sent, title and link beside it.
 * ROW_SKIP: reterr->detail says why there is nothing to post. -1: items whose pointers are those of
 * that JSON.
 */
int table_read_row(const struct table *t, const struct csv_row *row,
		   const struct account_book *book, struct buf *ret_body, struct problem *reterr);
/* The column that a pointer into that JSON came from: its name in the file, else its name here. */
const char *table_column_name(const struct table *t, const char *pointer);

#endif

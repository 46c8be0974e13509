/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv - rows of a file as spreadsheets write it
 * Layer transfer. Read as it comes: one row is held, whatever the size of the file. A byte order
 * mark is passed over; commas, semicolons or tabs part the cells, whichever the first line has most
 * of; quotes, doubled quotes, newlines within quotes, LF, CRLF and CR as RFC 4180 and habit have it.
 * Errors: PROBLEM_INVALID with the line and a cure for what is no CSV: quotes that stand wrong, a
 * cell or a row beyond all measure, UTF-16. What a cell says is not looked at: it may hold NUL or
 * bytes that are no UTF-8.
 */
#ifndef CARILLON_TRANSFER_CSV_H
#define CARILLON_TRANSFER_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "base/problem.h"

#define CSV_CELL_MAX  ((size_t)256 * 1024) /* bytes */
#define CSV_ROW_MAX   ((size_t)1024 * 1024)
#define CSV_CELLS_MAX 200

struct csv_cell {
	const char *text; /* NUL-terminated; blanks around an unquoted one are gone */
	size_t n;         /* bytes without that NUL */
};
struct csv_row {
	int64_t line; /* on which it begins, from 1 */
	const struct csv_cell *cells;
	size_t n;
};

/* Called a row; -1 ends the reading with its problem. What the row points to ends with the call. */
typedef int csv_take(void *arg, const struct csv_row *row, struct problem *reterr);

/* From where `in` stands to its end. */
int csv_rows(FILE *in, csv_take *take, void *arg, struct problem *reterr);

#endif

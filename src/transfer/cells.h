/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells - what the cells of a row say, and the request that comes of it
 * Layer transfer. Inner to columns: texts are UTF-8 without NUL, and borrowed.
 */
#ifndef CARILLON_TRANSFER_CELLS_H
#define CARILLON_TRANSFER_CELLS_H

#include "transfer/columns.h"

#define CELLS_URLS_MAX 101 /* one more than any list may have, so that the schema says so */

struct cells {
	struct arena *arena;
	enum table_format format;
	bool is_empty; /* no cell says anything */
	const char *texts[COLUMN_LEFT];
	const char
		*accounts[CSV_CELLS_MAX]; /* a cell each: the first whose names are known counts */
	size_t accounts_n;
	const char *urls[CELLS_URLS_MAX];
	size_t urls_n;
};

/*
 * One or several, apart by blanks, newlines, a bar, or a comma or semicolon before the next
 * http(s):; or a JSON array of texts or of objects with path or url.
 */
void cells_add_urls(struct cells *c, const char *text);
/* As table_read_row(). */
int cells_emit(struct cells *c, const struct account_book *book, struct buf *ret_body,
	       struct problem *reterr);

#endif

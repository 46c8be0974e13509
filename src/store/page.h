/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - one page of a list by keyset, and the filter of the caller's mode
 * Layer store. Lists run by id (ids are ULIDs: the order of creation, along the primary key) and
 * posts by (due time, id). Results are arrays in the arena, with has_more beside them.
 */
#ifndef CARILLON_STORE_PAGE_H
#define CARILLON_STORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_LIMIT_MAX 100

struct page {
	int limit;            /* 1..100; out of range counts as 50 */
	int64_t after_us;     /* of the last row seen; only lists by due time look at it */
	const char *after_id; /* NULL: from the start */
	bool descending;
};

enum livemode { LIVEMODE_TEST, LIVEMODE_LIVE, LIVEMODE_ANY };

/* Rows to ask for (one more than shown), and the id that starts a walk in that direction. */
int page_rows(const struct page *p);
const char *page_start_id(const struct page *p);
int64_t page_start_us(const struct page *p);
/* Cuts *n to the limit; true when there were more. */
bool page_trim(const struct page *p, size_t *n);

#endif

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

#include "base/arena.h"
#include "db/stmt.h"

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
/*
 * Reads what page_rows() asked for to the end, one element a row, into an array in the arena. The
 * result is closed in any case.
 */
struct page_kind {
	size_t size; /* of an element */
	void (*read)(const struct rows *r, struct arena *a, void *ret);
};
struct page_list {
	void *v;
	size_t n;
	bool has_more;
};
int page_collect(const struct page *p, struct rows *r, const struct page_kind *kind,
		 struct arena *a, struct page_list *ret, struct problem *reterr);
/* As a filter is bound: SQL NULL takes both modes. */
int64_t livemode_bind(enum livemode mode);

#endif

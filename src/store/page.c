/* SPDX-License-Identifier: Apache-2.0 */
#include "store/page.h"

#include "base/clock.h"

#define PAGE_LIMIT_USUAL 50

int page_rows(const struct page *p)
{
	int limit = p->limit >= 1 && p->limit <= PAGE_LIMIT_MAX ? p->limit : PAGE_LIMIT_USUAL;

	return limit + 1;
}

const char *page_start_id(const struct page *p)
{
	if (p->after_id)
		return p->after_id;
	return p->descending ? "~" : ""; /* beyond and before every id */
}

int64_t page_start_us(const struct page *p)
{
	if (p->after_id)
		return p->after_us;
	return p->descending ? INT64_C(250000000000) * US_PER_S : 0; /* the year 9892, or 1970 */
}

int page_collect(const struct page *p, struct rows *r, const struct page_kind *kind,
		 struct arena *a, struct page_list *ret, struct problem *reterr)
{
	const size_t most = (size_t)page_rows(p);
	char *v = arena_array(a, most, kind->size);
	size_t n = 0;
	int got;

	while ((got = rows_next(r, reterr)) == 1)
		kind->read(r, a, v + n++ * kind->size);
	rows_end(r);
	*ret = (struct page_list){ v, n < most ? n : most - 1, n == most };
	return got;
}

int64_t livemode_bind(enum livemode mode)
{
	return mode == LIVEMODE_ANY ? INT64_MIN : (int64_t)mode;
}

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

bool page_trim(const struct page *p, size_t *n)
{
	size_t limit = (size_t)page_rows(p) - 1;

	if (*n <= limit)
		return false;
	*n = limit;
	return true;
}

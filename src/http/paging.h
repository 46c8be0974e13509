/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paging - opaque keyset cursors
 * Layer http. A cursor holds (time, id) and a tag of the list it belongs to, with a truncated HMAC
 * (keys.url), so an altered or foreign one is PROBLEM_CURSOR instead of a strange page.
 */
#ifndef CARILLON_HTTP_PAGING_H
#define CARILLON_HTTP_PAGING_H

#include "http/message.h"

struct paging {
	int limit;        /* 1..100, default 50 */
	int64_t after_us; /* INSTANT_NONE: from the start */
	const char *after_id;
};

/* From ?limit and ?cursor; list: a fixed word naming the list, e.g. "schedule". */
int paging_read(const struct request *req, const char *list, struct paging *ret,
		struct problem *reterr);
const char *paging_cursor(const struct request *req, const char *list, int64_t us, const char *id);
/* The last member of a family A list: "next_cursor": text or null. The handler closes the object. */
void paging_close(struct request *req, struct reply *ret, const char *list, bool has_more,
		  int64_t last_us, const char *last_id);
/* The last members of a family B list: "hasMore" and "nextCursor". */
void paging_close_camel(struct request *req, struct reply *ret, const char *list, bool has_more,
			int64_t last_us, const char *last_id);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart - the parts of a spooled multipart/form-data body, without reading it into memory
 * Layer media. Source: RFC 7578, RFC 2046 5.1. Parts are ranges of the file; small text parts are
 * read. At most 16 parts, 8 KiB of headers each, text parts up to 16 KiB.
 */
#ifndef CARILLON_MEDIA_MULTIPART_H
#define CARILLON_MEDIA_MULTIPART_H

#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"

#define MULTIPART_PARTS_MAX 16

struct part {
	const char *name, *filename; /* filename NULL: a text part */
	const char *text;            /* text parts only */
	int64_t offset, bytes;
};
struct multipart {
	size_t n;
	struct part parts[MULTIPART_PARTS_MAX];
};

/* content_type: the request header, whose boundary counts. Errors: PROBLEM_BAD_REQUEST. */
int multipart_scan(struct arena *a, const char *path, const char *content_type,
		   struct multipart *ret, struct problem *reterr);
const struct part *multipart_find(const struct multipart *m, const char *name);

#endif

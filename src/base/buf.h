/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - growable bytes, always NUL-terminated once touched
 * Layer base. Owner: embedded by value, start with BUF_INIT (or zeroes), end with buf_done().
 * p is NULL until the first add; p[len] is then always 0. Errors: none (see alloc.h).
 */
#ifndef CARILLON_BASE_BUF_H
#define CARILLON_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"

struct buf {
	char *p;
	size_t len, cap;
};
#define BUF_INIT           \
	{                  \
		NULL, 0, 0 \
	}

void buf_add(struct buf *b, const void *p, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
char *buf_reserve(struct buf *b,
		  size_t more); /* room for `more` bytes at p+len; caller bumps len */
void buf_clear(struct buf *b);  /* len = 0, memory kept */
void buf_wipe(struct buf *b);   /* overwrites all of cap, then buf_done */
void buf_done(struct buf *b);
char *buf_take(struct buf *b);            /* hands the string out (never NULL), b is empty */
const char *buf_str(const struct buf *b); /* borrowed; "" when untouched */

DEFINE_CLEANUP_VALUE(struct buf, buf_done);
DEFINE_CLEANUP_VALUE(struct buf, buf_wipe); /* for what held a secret */

#endif

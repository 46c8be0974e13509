/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define FIRST_BYTES 64

char *buf_reserve(struct buf *b, size_t more)
{
	size_t need, cap;

	if (more > SIZE_MAX / 2 || b->len > SIZE_MAX / 2 - more - 1)
		alloc_failed(more);
	need = b->len + more + 1;
	if (need > b->cap) {
		cap = b->cap ? b->cap : FIRST_BYTES;
		while (cap < need)
			cap *= 2;
		b->p = alloc_resize(b->p, cap);
		b->cap = cap;
	}
	b->p[b->len] = '\0';
	return b->p + b->len;
}

void buf_add(struct buf *b, const void *p, size_t len)
{
	char *to = buf_reserve(b, len);

	if (len)
		memcpy(to, p, len);
	b->len += len;
	b->p[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	(void)vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->p)
		b->p[0] = '\0';
}

void buf_wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

char *buf_take(struct buf *b)
{
	char *p = b->p ? b->p : alloc_zero(1);

	*b = (struct buf)BUF_INIT;
	return p;
}

const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

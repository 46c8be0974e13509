/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Blocks double from the one to the other: thousands of arenas hold little, some hold much. */
#define BLOCK_FIRST  ((size_t)1024)
#define BLOCK_BYTES  ((size_t)16 * 1024)
/* What is printed in one go; what is longer is measured first. */
#define PRINTF_SHORT 256

#if defined(__SANITIZE_ADDRESS__)
#define SINGLE_PIECES true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SINGLE_PIECES true
#endif
#endif
#ifndef SINGLE_PIECES
#define SINGLE_PIECES false
#endif

struct block {
	struct block *next;
	alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *arg;
};

struct arena {
	struct block *current; /* the block that small pieces are cut from; NULL: none yet */
	size_t size, used;     /* bytes of it */
	struct block *others;  /* full blocks and large pieces */
	struct deferred *deferred;
};

struct arena *arena_new(void)
{
	return alloc_zero(sizeof(struct arena));
}

static void arena_run_deferred(struct arena *a)
{
	struct deferred *d = a->deferred;

	a->deferred = NULL;
	for (; d; d = d->next)
		d->fn(d->arg);
}

static void arena_free_others(struct arena *a)
{
	while (a->others) {
		struct block *next = a->others->next;

		free(a->others);
		a->others = next;
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_run_deferred(a);
	arena_free_others(a);
	free(a->current);
	free(a);
}

void arena_reset(struct arena *a)
{
	arena_run_deferred(a);
	arena_free_others(a);
	/* Zeroed here and not when cut: a piece is then clean whichever block it comes from. */
	if (a->current)
		memset(a->current->bytes, 0, a->used);
	a->used = 0;
}

static struct block *arena_block(size_t bytes)
{
	if (bytes > SIZE_MAX - sizeof(struct block))
		alloc_failed(bytes);
	return alloc_zero(sizeof(struct block) + bytes);
}

/* Large pieces get a block of their own, so that a block is never half wasted. */
static bool is_large(size_t bytes)
{
	return SINGLE_PIECES || bytes >= BLOCK_BYTES / 4;
}

static void *arena_alloc_large(struct arena *a, size_t bytes)
{
	struct block *b = arena_block(bytes);

	b->next = a->others;
	a->others = b;
	return b->bytes;
}

static void arena_next_block(struct arena *a, size_t least)
{
	size_t size = a->size ? a->size * 2 : BLOCK_FIRST;

	while (size < least)
		size *= 2;
	if (a->current) {
		a->current->next = a->others;
		a->others = a->current;
	}
	a->size = size < BLOCK_BYTES ? size : BLOCK_BYTES;
	a->current = arena_block(a->size);
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t unit = alignof(max_align_t);
	size_t rounded;
	void *p;

	if (is_large(bytes))
		return arena_alloc_large(a, bytes);
	rounded = bytes ? (bytes + unit - 1) / unit * unit : unit;
	if (!a->current || a->size - a->used < rounded)
		arena_next_block(a, rounded);
	p = a->current->bytes + a->used;
	a->used += rounded;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t each_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, each_bytes, &bytes))
		alloc_failed(SIZE_MAX);
	return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *copy = arena_alloc(a, n + 1);

	memcpy(copy, s, n);
	return copy;
}

void *arena_memdup(struct arena *a, const void *p, size_t bytes)
{
	void *copy = arena_alloc(a, bytes);

	if (bytes)
		memcpy(copy, p, bytes);
	return copy;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char line[PRINTF_SHORT];
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(line, sizeof(line), fmt, again);
	va_end(again);
	if (n < 0)
		return arena_alloc(a, 1);
	if ((size_t)n < sizeof(line))
		return arena_memdup(a, line, (size_t)n + 1);
	text = arena_alloc(a, (size_t)n + 1);
	(void)vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return text;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	d->fn = fn;
	d->arg = arg;
	d->next = a->deferred;
	a->deferred = d;
}

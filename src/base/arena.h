/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - one lifetime for everything that a request or a delivery reads
 * Layer base. Owner: arena_new() gives it to the caller, arena_free() (NULL is fine) ends all of
 * its memory at once; nothing in it is freed singly. Memory is zeroed and aligned for any type.
 * Errors: none (see alloc.h). Under AddressSanitizer each piece is an allocation of its own, so
 * overruns are caught.
 */
#ifndef CARILLON_BASE_ARENA_H
#define CARILLON_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
void arena_reset(struct arena *a); /* forgets everything, keeps a block for reuse */
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_array(struct arena *a, size_t count, size_t each_bytes);
char *arena_strdup(struct arena *a, const char *s); /* NULL in, NULL out */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void *arena_memdup(struct arena *a, const void *p, size_t bytes);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Calls fn(arg) when the arena is freed or reset, the last one deferred first. */
void arena_defer(struct arena *a, void (*fn)(void *), void *arg);

DEFINE_CLEANUP(struct arena *, arena_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc - allocation that cannot fail
 * Layer base. Owner: the caller frees with free(). Errors: none; out of memory ends the process
 * (status 71) after one line on stderr. Every program here is safe to kill at any instant, the
 * publish protocol depends on it and the fault tests prove it, so a dead process is the one
 * out-of-memory path that is exercised daily.
 */
#ifndef CARILLON_BASE_ALLOC_H
#define CARILLON_BASE_ALLOC_H

#include <stddef.h>

void *alloc_zero(size_t bytes);
void *alloc_array(size_t count, size_t each_bytes); /* zeroed; overflow-checked */
void *alloc_resize(void *p, size_t bytes);
char *alloc_strdup(const char *s); /* NULL in, NULL out */
char *alloc_strndup(const char *s, size_t len);
_Noreturn void alloc_failed(size_t bytes);

#endif

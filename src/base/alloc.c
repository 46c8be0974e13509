/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_NO_MEMORY 71

_Noreturn void alloc_failed(size_t bytes)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "out of memory: %zu bytes\n", bytes);

	/* write and _exit: neither stdio buffers nor exit handlers may need memory now. */
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(STATUS_NO_MEMORY);
	_exit(STATUS_NO_MEMORY);
}

void *alloc_zero(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		alloc_failed(bytes);
	return p;
}

void *alloc_array(size_t count, size_t each_bytes)
{
	void *p = calloc(count ? count : 1, each_bytes ? each_bytes : 1);

	if (!p)
		alloc_failed(each_bytes && count > SIZE_MAX / each_bytes ? SIZE_MAX
									 : count * each_bytes);
	return p;
}

void *alloc_resize(void *p, size_t bytes)
{
	void *moved = realloc(p, bytes ? bytes : 1);

	if (!moved)
		alloc_failed(bytes);
	return moved;
}

char *alloc_strdup(const char *s)
{
	return s ? alloc_strndup(s, strlen(s)) : NULL;
}

char *alloc_strndup(const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *copy;

	if (n == SIZE_MAX)
		alloc_failed(n);
	copy = alloc_zero(n + 1);
	memcpy(copy, s, n);
	return copy;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "support/suite.h"

START_TEST(alloc_many_sizes_are_zeroed_aligned_and_apart)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	for (int round = 0; round < 2; round++) {
		unsigned char *pieces[120];

		for (size_t i = 0; i < 120; i++) {
			size_t n = i * 137 % 6000;

			pieces[i] = arena_alloc(a, n);
			ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
			for (size_t k = 0; k < n; k++)
				ck_assert_uint_eq(pieces[i][k], 0);
			memset(pieces[i], (int)i, n);
		}
		for (size_t i = 0; i < 120; i++) {
			for (size_t k = 0; k < i * 137 % 6000; k++)
				ck_assert_uint_eq(pieces[i][k], (unsigned char)i);
		}
		arena_reset(a);
	}
}
END_TEST

START_TEST(texts_are_copied)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(arena_free) struct arena *none = NULL;

	ck_assert_ptr_null(none);
	ck_assert_ptr_null(arena_strdup(a, NULL));
	ck_assert_str_eq(arena_strdup(a, "abc"), "abc");
	ck_assert_str_eq(arena_strndup(a, "abc", 2), "ab");
	ck_assert_str_eq(arena_strndup(a, "abc", 9), "abc");
	ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 7), "x-7");
	ck_assert_str_eq(arena_printf(a, "%5000d", 7) + 4999, "7");
	for (int n = 250; n < 260; n++) { /* from where it is measured first */
		const char *text = arena_printf(a, "%*d", n, 7);

		ck_assert_uint_eq(strlen(text), (size_t)n);
		ck_assert_str_eq(text + n - 1, "7");
	}
	ck_assert_int_eq(memcmp(arena_memdup(a, "a\0b", 3), "a\0b", 3), 0);
	ck_assert_ptr_nonnull(arena_array(a, 0, 8));
}
END_TEST

static void push(void *arg)
{
	char **at = arg;

	*(*at)++ = 'x';
}

START_TEST(deferred_calls_run_once_at_reset_and_free)
{
	char hits[8] = "", *at = hits;
	struct arena *a = arena_new();

	arena_defer(a, push, &at);
	arena_defer(a, push, &at);
	arena_reset(a);
	ck_assert_str_eq(hits, "xx");
	arena_defer(a, push, &at);
	arena_free(a);
	ck_assert_str_eq(hits, "xxx");
}
END_TEST

/* Status of a child that asks for what cannot be had. */
static int status_of(void (*ask)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		(void)close(STDERR_FILENO);
		ask();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ask_overflow(void)
{
	static struct arena *volatile a; /* still there when the process ends: nothing leaks */

	a = arena_new();
	(void)arena_array(a, SIZE_MAX / 2, 3);
}

START_TEST(array_overflow_ends_the_process)
{
	ck_assert_int_eq(status_of(ask_overflow), 71);
}
END_TEST

START_TEST(alloc_helpers_copy)
{
	char *s = alloc_strndup("abcdef", 3);

	ck_assert_str_eq(s, "abc");
	s = alloc_resize(s, 100);
	ck_assert_str_eq(s, "abc");
	free(s);
	ck_assert_ptr_null(alloc_strdup(NULL));
	free(alloc_array(0, 0));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ alloc_many_sizes_are_zeroed_aligned_and_apart, 0 },
		{ texts_are_copied, 0 },
		{ deferred_calls_run_once_at_reset_and_free, 0 },
		{ array_overflow_ends_the_process, 0 },
		{ alloc_helpers_copy, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "arena",
		.cases = cases,
	});
}

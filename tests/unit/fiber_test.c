/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fiber.h"
#include "support/suite.h"

#define STACK ((size_t)64 << 10)

struct walk {
	struct fiber *fiber;
	char steps[32];
	int turns;
};

static void step(struct walk *w, char c)
{
	w->steps[strlen(w->steps)] = c;
}

static void walk(void *arg)
{
	struct walk *w = arg;

	for (int i = 0; i < w->turns; i++) {
		ck_assert(fiber_is_inside(w->fiber));
		step(w, 'i');
		fiber_yield(w->fiber);
	}
	step(w, 'e');
}

START_TEST(it_goes_on_where_it_stood_aside)
{
	struct walk w = { .fiber = fiber_new(STACK), .turns = 2 };

	for (int round = 0; round < 2; round++) {
		memset(w.steps, 0, sizeof(w.steps));
		ck_assert(!fiber_is_alive(w.fiber));
		fiber_run(w.fiber, walk, &w);
		while (fiber_is_alive(w.fiber)) {
			ck_assert(!fiber_is_inside(w.fiber));
			step(&w, 'o');
			fiber_resume(w.fiber);
		}
		ck_assert_str_eq(w.steps, "ioioe");
	}
	fiber_free(w.fiber);
}
END_TEST

START_TEST(one_that_never_stands_aside_is_a_call)
{
	struct walk w = { .fiber = fiber_new(STACK) };

	fiber_run(w.fiber, walk, &w);
	ck_assert(!fiber_is_alive(w.fiber));
	ck_assert_str_eq(w.steps, "e");
	fiber_free(w.fiber);
}
END_TEST

static unsigned sum_of(const unsigned char *p, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

static void fill(void *arg)
{
	struct walk *w = arg;
	unsigned char own[48 << 10];

	memset(own, 1, sizeof(own));
	fiber_yield(w->fiber);
	w->turns = (int)sum_of(own, sizeof(own));
}

/* Two at a time; what each has on its stack stays what it was. */
START_TEST(each_has_a_stack_of_its_own)
{
	struct walk w[2] = { { .fiber = fiber_new(STACK) }, { .fiber = fiber_new(STACK) } };

	for (int i = 0; i < 2; i++)
		fiber_run(w[i].fiber, fill, &w[i]);
	for (int i = 0; i < 2; i++) {
		fiber_resume(w[i].fiber);
		ck_assert_int_eq(w[i].turns, 48 << 10);
		fiber_free(w[i].fiber);
	}
}
END_TEST

static unsigned go_down(unsigned n)
{
	volatile unsigned char own[1024];

	own[n % sizeof(own)] = (unsigned char)n;
	return n == 0 ? 0 : go_down(n - 1) + own[n % sizeof(own)];
}

static void go_too_far(void *arg)
{
	*(unsigned *)arg = go_down(STACK / 16);
}

/* It does not write over what lies below. */
START_TEST(a_stack_too_small_ends_the_process)
{
	const struct rlimit no_core = { 0, 0 };
	struct fiber *f = fiber_new(STACK);
	const pid_t pid = fork();
	unsigned sum = 0;
	int status = 0;

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		fiber_run(f, go_too_far, &sum);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
	fiber_free(f);
}
END_TEST

START_TEST(none_is_neither_alive_nor_inside)
{
	ck_assert(!fiber_is_alive(NULL));
	ck_assert(!fiber_is_inside(NULL));
	fiber_free(NULL);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ it_goes_on_where_it_stood_aside, 0 },
		{ one_that_never_stands_aside_is_a_call, 0 },
		{ each_has_a_stack_of_its_own, 0 },
		{ a_stack_too_small_ends_the_process, 0 },
		{ none_is_neither_alive_nor_inside, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "fiber", .cases = cases });
}

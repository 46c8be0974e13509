/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fp.h"
#include "support/suite.h"

#define STATUS_SKIPPED 77

/* Runs `passages` through the point F01_test in a child; its wait status. */
static int run(const char *plan, int passages, int *ret_hits)
{
	char path[] = "/tmp/fp_test.XXXXXX", hits[64], variable[96], line[64];
	int fd = mkstemp(path), status = 0;
	FILE *f;
	pid_t child;

	ck_assert_int_ge(fd, 0);
	ck_assert(write(fd, plan, strlen(plan)) == (ssize_t)strlen(plan));
	(void)close(fd);
	(void)snprintf(hits, sizeof(hits), "%s.hits", path);
	(void)snprintf(variable, sizeof(variable), "CARILLON_FAILPOINTS=%s", path);
	child = fork();
	if (child == 0) {
		int error = 0;

		(void)putenv(variable);
		for (int i = 0; i < passages && !error; i++)
			error = FP(F01_test);
		_exit(-error);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	*ret_hits = 0;
	f = fopen(hits, "re");
	while (f && fgets(line, sizeof(line), f))
		*ret_hits += strcmp(line, "F01_test\n") == 0;
	if (f)
		(void)fclose(f);
	(void)unlink(path);
	(void)unlink(hits);
	return status;
}

START_TEST(kill_comes_at_the_planned_hit)
{
	int hits, status = run("F02_other 1 kill\nF01_test 3 kill\n", 5, &hits);

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(hits, 3);
}
END_TEST

START_TEST(errno_is_injected_by_name_or_number)
{
	int hits;

	ck_assert_int_eq(WEXITSTATUS(run("F01_test 2 errno:ENOSPC\n", 5, &hits)), ENOSPC);
	ck_assert_int_eq(hits, 2);
	ck_assert_int_eq(WEXITSTATUS(run("F01_test * errno:5\n", 5, &hits)), 5);
	ck_assert_int_eq(hits, 1);
}
END_TEST

START_TEST(sleep_and_stop_go_on_afterwards)
{
	static const char *const plans[] = { "F01_test 1 sleep:200\n", "F01_test 1 stop:200\n" };

	for (size_t i = 0; i < 2; i++) {
		int64_t start = clock_boot_us();
		int hits;

		ck_assert_int_eq(run(plans[i], 2, &hits), 0);
		ck_assert_int_eq(hits, 2);
		ck_assert_int_ge(clock_boot_us() - start, 190 * US_PER_MS);
	}
}
END_TEST

START_TEST(empty_plan_only_records)
{
	int hits;

	ck_assert_int_eq(run("", 4, &hits), 0);
	ck_assert_int_eq(hits, 4);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ kill_comes_at_the_planned_hit, 0 },
		{ errno_is_injected_by_name_or_number, 0 },
		{ sleep_and_stop_go_on_afterwards, 0 },
		{ empty_plan_only_records, 0 },
		{ NULL, 0 },
	};

#ifndef ENABLE_FAILPOINTS
	return STATUS_SKIPPED; /* the points are not compiled in: nothing to test */
#endif
	return suite_run(&(struct suite_of){
		.name = "fp",
		.cases = cases,
	});
}

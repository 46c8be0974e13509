/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/syncer.h"
#include "support/suite.h"

static int make_file(void)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	return fileno(file);
}

static bool has_ended(const struct syncer *s, int timeout_ms)
{
	struct pollfd fd = { .fd = syncer_fd(s), .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

START_TEST(each_end_is_told_once)
{
	CLEANUP(syncer_free) struct syncer *s = syncer_new();
	const int fd = make_file();

	ck_assert(!has_ended(s, 0));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(write(fd, "x", 1), 1);
		syncer_begin(s, fd);
		ck_assert(has_ended(s, -1));
		ck_assert_int_eq(syncer_end(s), 0);
		ck_assert(!has_ended(s, 0));
	}
}
END_TEST

START_TEST(an_end_may_just_be_waited_for)
{
	CLEANUP(syncer_free) struct syncer *s = syncer_new();

	syncer_begin(s, make_file());
	ck_assert_int_eq(syncer_end(s), 0);
}
END_TEST

/* What cannot be synced fails, and the next is none the worse for it. */
START_TEST(failure_is_that_of_its_own_file)
{
	CLEANUP(syncer_free) struct syncer *s = syncer_new();
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	syncer_begin(s, ends[1]);
	ck_assert_int_eq(syncer_end(s), -EINVAL);
	syncer_begin(s, make_file());
	ck_assert_int_eq(syncer_end(s), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	syncer_begin(s, ends[1]);
	ck_assert_int_eq(syncer_end(s), -EBADF);
}
END_TEST

START_TEST(what_did_nothing_goes_too)
{
	syncer_free(syncer_new());
	syncer_free(NULL);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_end_is_told_once, 0 },
		{ an_end_may_just_be_waited_for, 0 },
		{ failure_is_that_of_its_own_file, 0 },
		{ what_did_nothing_goes_too, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "syncer", .cases = cases });
}

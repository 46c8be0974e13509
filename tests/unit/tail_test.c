/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tail.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"

#define WORKERS 4

/* A worker in its tail until it is killed, or until it is told to end its tail. */
struct worker {
	pid_t pid;
	int told, ends;
};

static struct worker begin_with(int fd, void (*begin)(int fd, int workers))
{
	struct worker w;
	int told[2], ends[2];
	char byte;

	ck_assert_int_eq(pipe(told), 0);
	ck_assert_int_eq(pipe(ends), 0);
	w.pid = fork();
	if (w.pid == 0) {
		close(ends[1]);
		begin(fd, WORKERS);
		(void)!write(told[1], "b", 1);
		(void)!read(ends[0], &byte, 1);
		tail_end(fd);
		(void)!write(told[1], "e", 1);
		pause();
		_exit(0);
	}
	close(told[1]);
	close(ends[0]);
	w.told = told[0];
	w.ends = ends[1];
	ck_assert_int_eq(read(w.told, &byte, 1), 1);
	return w;
}

static struct worker begin(int fd)
{
	return begin_with(fd, tail_begin);
}

static void die(struct worker *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	close(w->ends);
	close(w->told);
}

static void end(struct worker *w)
{
	char byte;

	ck_assert_int_eq(write(w->ends, "e", 1), 1);
	ck_assert_int_eq(read(w->told, &byte, 1), 1);
	die(w);
}

START_TEST(half_of_the_workers_is_the_limit)
{
	int fd = tail_open();
	struct worker a, b;

	ck_assert_int_gt(fd, 0);
	ck_assert(!tail_is_full(fd, WORKERS));
	a = begin(fd);
	ck_assert(!tail_is_full(fd, WORKERS));
	ck_assert(tail_is_full(fd, 2));
	b = begin(fd);
	ck_assert(tail_is_full(fd, WORKERS));
	end(&a);
	ck_assert(!tail_is_full(fd, WORKERS));
	end(&b);
	ck_assert(!tail_is_full(fd, 1));
	close(fd);
}
END_TEST

START_TEST(worker_that_dies_is_none)
{
	int fd = tail_open();
	struct worker a = begin(fd), b = begin(fd);

	ck_assert(tail_is_full(fd, WORKERS));
	die(&a);
	ck_assert(!tail_is_full(fd, WORKERS));
	a = begin(fd); /* its place is free again */
	ck_assert(tail_is_full(fd, WORKERS));
	die(&a);
	die(&b);
	close(fd);
}
END_TEST

START_TEST(those_who_wait_are_counted_apart)
{
	int fd = tail_open();
	struct worker a = begin(fd), b;

	ck_assert(!tail_wait_is_full(fd, WORKERS));
	b = begin_with(fd, tail_wait_begin);
	ck_assert(tail_wait_is_full(fd, WORKERS));
	ck_assert(!tail_wait_is_full(fd, 8));
	ck_assert(!tail_is_full(fd, WORKERS));
	end(&b);
	ck_assert(!tail_wait_is_full(fd, WORKERS));
	end(&a);
	close(fd);
}
END_TEST

START_TEST(without_a_file_nobody_counts)
{
	tail_begin(0, WORKERS);
	tail_wait_begin(0, WORKERS);
	ck_assert(!tail_is_full(0, WORKERS));
	ck_assert(!tail_wait_is_full(0, WORKERS));
	tail_end(0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ half_of_the_workers_is_the_limit, 0 },
		{ worker_that_dies_is_none, 0 },
		{ those_who_wait_are_counted_apart, 0 },
		{ without_a_file_nobody_counts, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tail",
		.cases = cases,
	});
}

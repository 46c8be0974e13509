/* SPDX-License-Identifier: Apache-2.0 */
/* The box that media tools run in, with bubblewrap and without: what a tool that was taken over could do. */
#include "media/child.h"

#include <check.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/suite.h"

static int run_boxed(int with_bwrap, const char *const *argv, int timeout_s, struct buf *out,
		     struct buf *err)
{
	const struct child_box box = { .bwrap = with_bwrap ? "/usr/bin/bwrap" : NULL,
				       .timeout_s = timeout_s };

	return child_run(&box, argv, out, err);
}

START_TEST(tool_that_never_ends_is_killed)
{
	const char *const argv[] = { "/bin/sleep", "60", NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf err = BUF_INIT;

	ck_assert_int_eq(run_boxed(_i, argv, 1, &out, &err), CHILD_TIMED_OUT);
}
END_TEST

START_TEST(tool_cannot_write_files_or_see_our_environment)
{
	const char *const argv[] = { "/bin/sh", "-c",
				     "env | grep CARILLON_SECRET; echo x > /tmp/carillon-box-leak",
				     NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf err = BUF_INIT;
	struct stat st;
	bool has_bytes;
	static char secret[] = "CARILLON_SECRET=canary";

	putenv(secret);
	run_boxed(_i, argv, 5, &out, &err);
	ck_assert_ptr_null(strstr(buf_str(&out), "canary"));
	/* An empty file may come to be where there is no bubblewrap; bytes never. */
	has_bytes = stat("/tmp/carillon-box-leak", &st) == 0 && st.st_size > 0;
	unlink("/tmp/carillon-box-leak");
	ck_assert(!has_bytes);
}
END_TEST

START_TEST(absent_tool_is_told_apart)
{
	const char *const argv[] = { "/nonexistent/tool", NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf err = BUF_INIT;

	ck_assert_int_eq(run_boxed(_i, argv, 5, &out, &err), 127);
}
END_TEST

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

/* A shell line within the box. */
static int run_line(const char *line, int with_bwrap, struct buf *out)
{
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	CLEANUP(buf_done) struct buf err = BUF_INIT;

	return run_boxed(with_bwrap, argv, 20, out, &err);
}

/* Outside of any box: what is really there. */
static int run_plain(const char *line)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

START_TEST(box_has_no_network)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)run_line("tail -n +3 /proc/net/dev | grep -v ' lo:' | grep -c :", _i, &out);
	ck_assert_str_eq(buf_str(&out), "0\n");
}
END_TEST

START_TEST(box_gives_no_endless_memory)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	const int rc = run_line("exec /usr/bin/head -c 3000000000 /dev/zero | /usr/bin/tail -n 1",
				_i, &out);

	ck_assert_int_ne(rc, 0);
}
END_TEST

/* Children that would outlive the tool are gone when it has ended; bounded, should it fail. */
START_TEST(box_leaves_no_process)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char line[200], check[128];

	(void)snprintf(line, sizeof(line),
		       "i=0; while [ $i -lt 30 ]; do setsid sleep 29.%d & i=$((i+1)); done",
		       getpid());
	ck_assert_int_eq(run_line(line, 1, &out), 0);
	(void)snprintf(check, sizeof(check), "! ps -e -o args= | grep -q \"[s]leep 29.%d\"",
		       getpid());
	ck_assert_int_eq(run_plain(check), 0);
}
END_TEST

/*
 * What only makes processes meets the limit of its user, is stopped by the clock, and leaves none;
 * bounded, should the limit fail. Root has no such limit, so root becomes somebody first.
 */
START_TEST(box_holds_a_fork_bomb)
{
	const uid_t nobody = 100000 + (uid_t)getpid(); /* who has no other processes */
	char line[200], check[128];
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf err = BUF_INIT;

	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(nobody, nobody, nobody), 0);
	(void)snprintf(line, sizeof(line),
		       "i=0; while [ $i -lt 700 ]; do sleep 31.%d & i=$((i+1)); done; wait",
		       getpid());
	ck_assert_int_ne(run_boxed(_i, argv, 5, &out, &err), 0);
	ck_assert_msg(strstr(buf_str(&err), "fork"), "%s", buf_str(&err));
	(void)snprintf(check, sizeof(check), "! ps -e -o args= | grep -q \"[s]leep 31.%d\"",
		       getpid());
	ck_assert_int_eq(run_plain(check), 0);
}
END_TEST

START_TEST(box_hides_other_files)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	if (!_i && !has_landlock())
		return;
	(void)run_line("cat /etc/passwd | grep -c root; ls /home /root /var 2>/dev/null | wc -l",
		       _i, &out);
	ck_assert_str_eq(buf_str(&out), "0\n0\n");
}
END_TEST

/* What is named is there all the same, to be read and no more; what may be changed can be. */
START_TEST(box_has_what_is_named)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf err = BUF_INIT;
	char in[] = "/tmp/carillon-box-in-XXXXXX", to[] = "/tmp/carillon-box-to-XXXXXX", line[160];
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	int fds[2] = { mkstemp(in), mkstemp(to) };
	struct child_box box = { .bwrap = _i ? "/usr/bin/bwrap" : NULL,
				 .reads = { in },
				 .writes = to,
				 .writes_max = 100,
				 .timeout_s = 20 };

	ck_assert(fds[0] >= 0 && fds[1] >= 0 && write(fds[0], "seen\n", 5) == 5);
	(void)snprintf(line, sizeof(line), "cat %s > %s; echo changed > %s", in, to, in);
	(void)child_run(&box, argv, &out, &err);
	(void)snprintf(line, sizeof(line), "grep -q seen %s", to);
	ck_assert_int_eq(run_plain(line), 0);
	(void)snprintf(line, sizeof(line), "! grep -q changed %s", in);
	if (_i || has_landlock())
		ck_assert_int_eq(run_plain(line), 0);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	unlink(in);
	unlink(to);
}
END_TEST

START_TEST(box_without_bubblewrap_has_no_socket)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)run_line("exec /usr/bin/perl -MSocket -e 'for ([1, 1], [2, 1], [2, 2], [16, 3]) { "
		       "socket(my $s, $_->[0], $_->[1], 0) and print \"made\"; } print \"end\"'",
		       0, &out);
	ck_assert_str_eq(buf_str(&out), "end");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ tool_that_never_ends_is_killed, 2 },
		{ tool_cannot_write_files_or_see_our_environment, 2 },
		{ absent_tool_is_told_apart, 2 },
		{ box_has_no_network, 2 },
		{ box_gives_no_endless_memory, 2 },
		{ box_leaves_no_process, 0 },
		{ box_holds_a_fork_bomb, 2 },
		{ box_hides_other_files, 2 },
		{ box_has_what_is_named, 2 },
		{ box_without_bubblewrap_has_no_socket, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "box",
		.timeout_s = 120,
		.cases = cases,
	});
}

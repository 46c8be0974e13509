/* SPDX-License-Identifier: Apache-2.0 */
#include "media/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define OUTPUT_MAX (256UL * 1024)

static void limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r = { most, most };

	setrlimit(what, &r);
}

_Noreturn static void become_tool(const char *const *argv, int out, int err, int timeout_s)
{
	/* NOLINTNEXTLINE(android-cloexec-open): it may be 0 itself, where dup2() keeps the flag */
	int null = open("/dev/null", O_RDONLY);
	char *const no_environment[] = { NULL };
	sigset_t none;

	/* A worker keeps SIGTERM back while a handler runs; the tool must not inherit that. */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	unshare(CLONE_NEWUSER | CLONE_NEWNET); /* the tool has no business with a network */
	limit(RLIMIT_AS, (rlim_t)2 << 30);
	limit(RLIMIT_CPU, (rlim_t)timeout_s + 1);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, 32);
	limit(RLIMIT_CORE, 0);
	__extension__ union {
		const char *const *in;
		char *const *out;
	} args = { .in = argv };
	execve(argv[0], args.out, no_environment);
	_exit(127);
}

/* false once the pipe is at its end */
static int drain(int fd, struct buf *into)
{
	char chunk[4096];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (got <= 0)
		return 0;
	if (into->len + (size_t)got <= OUTPUT_MAX)
		buf_add(into, chunk, (size_t)got);
	return 1;
}

static int collect(int out, int err, int64_t until_us, struct buf *ret_out, struct buf *ret_err)
{
	struct pollfd fds[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left_us = until_us - clock_boot_us();

		if (left_us <= 0)
			return -1;
		if (poll(fds, 2, (int)(left_us / US_PER_MS) + 1) < 0 && errno != EINTR)
			return -1;
		if (fds[0].revents && !drain(out, ret_out))
			fds[0].fd = -1;
		if (fds[1].revents && !drain(err, ret_err))
			fds[1].fd = -1;
	}
	return 0;
}

/* A tool that closed its output but goes on running is stopped as well. */
static int reap(pid_t pid, int64_t until_us, int is_late)
{
	int status = 0;

	while (!is_late && waitpid(pid, &status, WNOHANG) == 0) {
		struct timespec nap = { 0, 2000000 };

		nanosleep(&nap, NULL);
		is_late = clock_boot_us() > until_us;
	}
	if (is_late) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return CHILD_TIMED_OUT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int child_run(const char *const *argv, int timeout_s, struct buf *ret_out, struct buf *ret_err)
{
	int64_t until_us = clock_boot_us() + timeout_s * US_PER_S;
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int rc, is_late;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		rc = -errno;
		close(out[0]);
		close(out[1]);
		return rc;
	}
	pid = fork();
	rc = -errno;
	if (pid == 0)
		become_tool(argv, out[1], err[1], timeout_s);
	close(out[1]);
	close(err[1]);
	if (pid > 0) {
		is_late = collect(out[0], err[0], until_us, ret_out, ret_err) < 0;
		rc = reap(pid, until_us, is_late);
	}
	close(out[0]);
	close(err[0]);
	return rc;
}

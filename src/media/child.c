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

#include "base/arena.h"
#include "base/clock.h"
#include "base/confine.h"
#include "base/log.h"

#define OUTPUT_MAX  (256UL * 1024)
#define ARGS_MAX    800
#define MEMORY_MAX  ((rlim_t)2 << 30)
#define PROCESS_MAX 512  /* of the uid, threads included */
#define SCRATCH_MAX 4096 /* bytes of a file where nothing may be written: bubblewrap writes some */

struct start {
	const struct child_box *box;
	char *const *argv;
	bool is_wrapped;
	int out, err;
};

static void limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r = { most, most };

	setrlimit(what, &r);
}

static rlim_t file_limit(const struct start *s)
{
	if (s->box->writes)
		return (rlim_t)s->box->writes_max;
	return s->is_wrapped ? SCRATCH_MAX : 0;
}

/* Without bubblewrap: what a kernel offers to any process. Best effort, as the header says. */
static void confine_tool(const struct start *s)
{
	static const struct confine_path common[] = {
		{ "/usr", CONFINE_RUN },
		{ "/lib", CONFINE_RUN },
		{ "/lib64", CONFINE_RUN },
		{ "/etc/alternatives", CONFINE_READ },
		{ "/etc/ld.so.cache", CONFINE_READ },
		{ "/proc", CONFINE_READ },
		{ "/dev/urandom", CONFINE_READ },
		{ "/dev/zero", CONFINE_READ },
		{ "/dev/null", CONFINE_WRITE },
	};
	struct confine_path paths[ARRAY_LEN(common) + CHILD_READS_MAX + 2];
	size_t n = ARRAY_LEN(common);

	memcpy(paths, common, sizeof(common));
	paths[n++] = (struct confine_path){ s->argv[0], CONFINE_RUN };
	for (size_t i = 0; i < CHILD_READS_MAX && s->box->reads[i]; i++)
		paths[n++] = (struct confine_path){ s->box->reads[i], CONFINE_READ };
	if (s->box->writes)
		paths[n++] = (struct confine_path){ s->box->writes, CONFINE_WRITE };
	unshare(CLONE_NEWUSER | CLONE_NEWNET); /* a tool has no business with a network */
	(void)confine_capabilities();
	(void)confine_files(paths, n, false);
	(void)confine_sockets();
}

_Noreturn static void become_tool(const struct start *s)
{
	/* NOLINTNEXTLINE(android-cloexec-open): it may be 0 itself, where dup2() keeps the flag */
	int null = open("/dev/null", O_RDONLY);
	/* No loader of libvips that its authors would not give to strangers' files. */
	char block[] = "VIPS_BLOCK_UNTRUSTED=1", locale[] = "LC_ALL=C";
	char *const environment[] = { block, locale, NULL };
	sigset_t none;

	/* A worker keeps SIGTERM back while a handler runs; the tool must not inherit that. */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!s->argv[0] || null < 0 || dup2(null, 0) < 0 || dup2(s->out, 1) < 0 ||
	    dup2(s->err, 2) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	if (!s->is_wrapped)
		confine_tool(s);
	limit(RLIMIT_AS, MEMORY_MAX);
	limit(RLIMIT_CPU, (rlim_t)s->box->timeout_s + 1);
	limit(RLIMIT_FSIZE, file_limit(s));
	limit(RLIMIT_NOFILE, 128);
	limit(RLIMIT_NPROC, PROCESS_MAX);
	limit(RLIMIT_CORE, 0);
	execve(s->argv[0], s->argv, environment);
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

struct watch {
	const struct child_box *box;
	int64_t until_us, beat_us;
	struct buf *out, *err;
};

/* 0 go on; else why the tool must end */
static int look(struct watch *w)
{
	const int64_t now_us = clock_boot_us();

	if (now_us >= w->until_us)
		return CHILD_TIMED_OUT;
	if (!w->box->beat || now_us < w->beat_us)
		return 0;
	w->beat_us = now_us + US_PER_S;
	return w->box->beat(w->box->arg, w->out) ? 0 : CHILD_STOPPED;
}

static int wait_ms(const struct watch *w)
{
	int64_t left_us = w->until_us - clock_boot_us();

	if (w->box->beat && left_us > US_PER_S)
		left_us = US_PER_S;
	return left_us > 0 ? (int)(left_us / US_PER_MS) + 1 : 1;
}

static void take(struct pollfd *fd, struct buf *into)
{
	if (fd->revents && !drain(fd->fd, into))
		fd->fd = -1;
}

static int collect(int out, int err, struct watch *w)
{
	struct pollfd fds[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		const int why = look(w);

		if (why != 0)
			return why;
		if (poll(fds, 2, wait_ms(w)) < 0 && errno != EINTR)
			return CHILD_TIMED_OUT;
		take(&fds[0], w->out);
		take(&fds[1], w->err);
	}
	return 0;
}

/* A tool that closed its output but goes on running is stopped as well. */
static int reap(pid_t pid, struct watch *w, int why)
{
	siginfo_t info = { .si_pid = 0 };
	int status = 0;

	while (why == 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0) {
		struct timespec nap = { 0, 2000000 };

		nanosleep(&nap, NULL);
		why = look(w);
	}
	/* Also what it left behind in its group; before it is reaped, while the id is its own. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (why != 0)
		return why;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int run(const struct child_box *box, char *const *argv, struct buf *ret_out,
	       struct buf *ret_err)
{
	struct watch w = { .box = box,
			   .until_us = clock_boot_us() + box->timeout_s * US_PER_S,
			   .out = ret_out,
			   .err = ret_err };
	struct start start = { .box = box, .argv = argv, .is_wrapped = argv[0] == box->bwrap };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t pid;
	int rc;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		rc = -errno;
		close(out[0]);
		close(out[1]);
		return rc;
	}
	start.out = out[1];
	start.err = err[1];
	pid = fork();
	rc = -errno;
	if (pid == 0)
		become_tool(&start);
	close(out[1]);
	close(err[1]);
	if (pid > 0)
		rc = reap(pid, &w, collect(out[0], err[0], &w));
	close(out[0]);
	close(err[0]);
	return rc;
}

/* Arguments are only read; execve() merely does not say so. */
static char *argument(const char *text)
{
	__extension__ union {
		const char *in;
		char *out;
	} u = { .in = text };

	return u.out;
}

struct args {
	char *v[ARGS_MAX];
	size_t n;
};

static void add(struct args *a, const char *text)
{
	if (a->n + 1 < ARGS_MAX)
		a->v[a->n++] = argument(text);
}

static void add_all(struct args *a, const char *const *list)
{
	for (; *list; list++)
		add(a, *list);
}

static void wrap(const struct child_box *box, struct args *ret)
{
	static const char *const fixed[] = {
		"--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
		"--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink",
		"usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin", "--proc", "/proc", "--dev",
		"/dev", "--size", "16777216", "--tmpfs", "/tmp",
		/* Some libraries stand behind links of these. */
		"--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--ro-bind-try",
		"/etc/ld.so.cache", "/etc/ld.so.cache", NULL
	};
	static const char *const end[] = { "--remount-ro", "/", "--", NULL };

	add(ret, box->bwrap);
	add_all(ret, fixed);
	for (size_t i = 0; i < CHILD_READS_MAX && box->reads[i]; i++) {
		add(ret, "--ro-bind");
		add(ret, box->reads[i]);
		add(ret, box->reads[i]);
	}
	if (box->writes) {
		add(ret, "--bind");
		add(ret, box->writes);
		add(ret, box->writes);
	}
	add_all(ret, end);
}

/* What bubblewrap says when it cannot build the box; the tool was not started then. */
static bool is_box_refused(int rc, const struct buf *err)
{
	return rc == 127 || (rc == 1 && strncmp(buf_str(err), "bwrap: ", 7) == 0);
}

int child_run(const struct child_box *box, const char *const *argv, struct buf *ret_out,
	      struct buf *ret_err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct args *args = arena_alloc(a, sizeof(*args));

	args->n = 0;
	if (box->bwrap && *box->bwrap) {
		int rc;

		wrap(box, args);
		add_all(args, argv);
		args->v[args->n] = NULL;
		rc = run(box, args->v, ret_out, ret_err);
		if (!is_box_refused(rc, ret_err))
			return rc;
		log_line(LOG_LEVEL_WARN, "media.no_box", "program=%s said=\"%.200s\"", box->bwrap,
			 buf_str(ret_err));
		buf_clear(ret_out);
		buf_clear(ret_err);
		args->n = 0;
	}
	add_all(args, argv);
	args->v[args->n] = NULL;
	return run(box, args->v, ret_out, ret_err);
}

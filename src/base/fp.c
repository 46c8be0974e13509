/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fp.h"

#include <stddef.h>

#ifdef ENABLE_FAILPOINTS

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define POINTS_MAX     64
#define NAME_MAX_BYTES 64

/* Passages counted per process: a forked worker starts from zero. */
struct counters {
	pid_t pid;
	size_t n;
	struct {
		char name[NAME_MAX_BYTES];
		long hits;
	} points[POINTS_MAX];
};

static long count_hit(const char *name)
{
	static struct counters c;
	size_t i = 0;

	if (c.pid != getpid()) {
		memset(&c, 0, sizeof(c));
		c.pid = getpid();
	}
	while (i < c.n && strcmp(c.points[i].name, name) != 0)
		i++;
	if (i == POINTS_MAX)
		return 0;
	if (i == c.n) {
		(void)snprintf(c.points[i].name, NAME_MAX_BYTES, "%s", name);
		c.n++;
	}
	return ++c.points[i].hits;
}

static void wait_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

static int act_kill(const char *arg)
{
	(void)arg;
	(void)kill(getpid(), SIGKILL);
	return 0;
}

static int act_sleep(const char *arg)
{
	wait_ms(strtol(arg, NULL, 10));
	return 0;
}

/* A stopped process cannot wake itself: a grandchild does, so that no zombie is left to us. */
static int act_stop(const char *arg)
{
	const long ms = strtol(arg, NULL, 10);
	const pid_t self = getpid();
	pid_t child = ms > 0 ? fork() : -1;

	if (child == 0) {
		if (fork() == 0) {
			wait_ms(ms);
			(void)kill(self, SIGCONT);
		}
		_exit(0);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	(void)kill(self, SIGSTOP);
	return 0;
}

static int act_errno(const char *arg)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "EIO", EIO },       { "ENOSPC", ENOSPC }, { "ENOMEM", ENOMEM },
		{ "EAGAIN", EAGAIN }, { "EPIPE", EPIPE },   { "ECONNRESET", ECONNRESET },
		{ "EROFS", EROFS },   { "EMFILE", EMFILE }, { "ETIMEDOUT", ETIMEDOUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(arg, names[i].name) == 0)
			return -names[i].value;
	}
	return -(int)strtol(arg, NULL, 10);
}

static const struct {
	const char *name;
	int (*act)(const char *arg);
} actions[] = {
	{ "kill", act_kill },
	{ "stop", act_stop },
	{ "sleep", act_sleep },
	{ "errno", act_errno },
};

static int run_action(char *action)
{
	char *colon = strchr(action, ':');
	const char *arg = colon ? colon + 1 : "";

	if (colon)
		*colon = '\0';
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(action, actions[i].name) == 0)
			return actions[i].act(arg);
	}
	return 0;
}

static void record_hit(const char *plan, const char *name)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;
	CLEANUP(buf_done) struct buf line = BUF_INIT;
	int fd;

	buf_printf(&path, "%s.hits", plan);
	buf_printf(&line, "%s\n", name);
	fd = open(path.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (write(fd, line.p, line.len) < 0) {
		/* A lost record makes the test that looks for it fail, which is the alarm. */
	}
	(void)close(fd);
}

/* The plan is read at each passage, so a test may change it under a running process. */
static int read_plan(const char *plan, const char *name, long hit, char ret_action[static 32])
{
	FILE *f = fopen(plan, "re");
	char line[160], row_name[64], row_hit[16];
	int found = 0;

	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %15s %31s", row_name, row_hit, ret_action) != 3)
			continue;
		found = strcmp(row_name, name) == 0 &&
			(strcmp(row_hit, "*") == 0 || strtol(row_hit, NULL, 10) == hit);
	}
	(void)fclose(f);
	return found;
}

int fp_hit(const char *name)
{
	const char *plan = secure_getenv("CARILLON_FAILPOINTS");
	char action[32];
	long hit;

	if (!plan || !*plan)
		return 0;
	hit = count_hit(name);
	record_hit(plan, name);
	return read_plan(plan, name, hit, action) ? run_action(action) : 0;
}

#endif

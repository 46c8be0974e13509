/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START_TICKS_FIELD 20 /* fields behind the name of the program in /proc/<pid>/stat */

static int read_file(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	(void)close(fd);
	if (n <= 0)
		return -EIO;
	ret[n] = '\0';
	return 0;
}

static int start_ticks(int64_t pid, int64_t *ret)
{
	char path[64], text[1024];
	char *p;
	int err;

	(void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	err = read_file(path, text, sizeof(text));
	if (err < 0)
		return err;
	p = strrchr(text, ')'); /* the name before it may hold anything */
	for (int i = 0; p && i < START_TICKS_FIELD; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EBADMSG;
	*ret = strtoll(p, NULL, 10);
	return 0;
}

int process_self(struct process *ret)
{
	char boot[64] = "";
	int err;

	*ret = (struct process){ .pid = getpid() };
	if (gethostname(ret->host, sizeof(ret->host) - 1) < 0)
		return -errno;
	err = read_file("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	if (err < 0)
		return err;
	memcpy(ret->boot_id, boot, sizeof(ret->boot_id) - 1);
	return start_ticks(ret->pid, &ret->start_ticks);
}

bool process_is_alive(const struct process *self, const struct process *other)
{
	int64_t ticks = 0;

	return strcmp(self->host, other->host) == 0 && strcmp(self->boot_id, other->boot_id) == 0 &&
	       start_ticks(other->pid, &ticks) == 0 && ticks == other->start_ticks;
}

bool process_end(const struct process *self, const struct process *other)
{
	bool is_hit = false;
	int fd;

	if (other->pid <= 1 || other->pid == self->pid)
		return false;
	/* The handle is taken before the check: a pid that changes hands in between is not hit. */
	fd = (int)syscall(SYS_pidfd_open, (pid_t)other->pid, 0);
	if (fd < 0)
		return false;
	if (process_is_alive(self, other))
		is_hit = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
	(void)close(fd);
	return is_hit;
}

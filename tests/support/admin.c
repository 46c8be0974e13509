/* SPDX-License-Identifier: Apache-2.0 */
#include "support/admin.h"

#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGV_MAX 24

_Noreturn static void become(const struct database *d, const char *const *argv, int out)
{
	const char *full[ARGV_MAX] = { "carillon-admin", "-c" };
	char program[400], config[100];
	size_t n = 3;

	snprintf(program, sizeof(program), "%s/carillon-admin", getenv("CARILLON_BUILD"));
	snprintf(config, sizeof(config), "%s/carillon.ini", d->folder);
	full[2] = config;
	while (*argv && n + 1 < ARGV_MAX)
		full[n++] = *argv++;
	if (out < 0)
		out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	execv(program, (char *const *)(uintptr_t)full);
	_exit(127);
}

pid_t admin_start(const struct database *d, const char *const *argv, int out)
{
	const pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(d, argv, out);
	return pid;
}

int admin_run(const struct database *d, const char *const *argv, struct buf *out)
{
	char part[4096];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = admin_start(d, argv, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a process still can do once it has given up the rest; each case is a process of its own. */
#include "base/confine.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/suite.h"

static char folder[] = "/tmp/carillon-confine-XXXXXX";
static char open_folder[80], shut_folder[80], open_file[96], shut_file[96], socket_path[96];

static int landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* 0, or what the kernel said. */
static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_tcp(bool binds)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(binds ? 0 : 9) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return errno;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rc = binds ? bind(fd, (const struct sockaddr *)&at, sizeof(at))
		   : connect(fd, (const struct sockaddr *)&at, sizeof(at));
	rc = rc < 0 ? errno : 0;
	close(fd);
	return rc;
}

/* A socket of a file, outside of every path: the database's. */
static int try_socket_file(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	rc = connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? errno : 0;
	close(fd);
	return rc;
}

static void make_file(const char *path)
{
	if (try_open(path, O_WRONLY | O_CREAT) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

static void before(void)
{
	if (!mkdtemp(folder))
		exit(EXIT_FAILURE);
	(void)snprintf(open_folder, sizeof(open_folder), "%s/open", folder);
	(void)snprintf(shut_folder, sizeof(shut_folder), "%s/shut", folder);
	(void)snprintf(open_file, sizeof(open_file), "%s/file", open_folder);
	(void)snprintf(shut_file, sizeof(shut_file), "%s/file", shut_folder);
	(void)snprintf(socket_path, sizeof(socket_path), "%s/socket", shut_folder);
	(void)mkdir(open_folder, 0700);
	(void)mkdir(shut_folder, 0700);
	make_file(open_file);
	make_file(shut_file);
}

static void after(void)
{
	char more[100];

	(void)snprintf(more, sizeof(more), "%s/more", open_folder);
	(void)unlink(more);
	(void)unlink(socket_path);
	(void)unlink(open_file);
	(void)unlink(shut_file);
	(void)rmdir(open_folder);
	(void)rmdir(shut_folder);
	(void)rmdir(folder);
}

static int confine_to_open_folder(bool may_connect)
{
	const struct confine_path paths[] = {
		{ "/usr", CONFINE_RUN },   { "/lib", CONFINE_RUN },
		{ "/lib64", CONFINE_RUN }, { "/nonexistent", CONFINE_WRITE },
		{ "", CONFINE_WRITE },     { open_folder, CONFINE_WRITE }
	};

	return confine_files(paths, ARRAY_LEN(paths), may_connect);
}

START_TEST(files_outside_cannot_be_opened)
{
	const int version = confine_to_open_folder(true);
	char more[100];

	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	ck_assert_int_eq(version, landlock_version() >= 2 ? landlock_version() : 0);
	if (version == 0)
		return;
	(void)snprintf(more, sizeof(more), "%s/more", open_folder);
	ck_assert_int_eq(try_open(open_file, O_RDWR), 0);
	ck_assert_int_eq(try_open(more, O_WRONLY | O_CREAT | O_EXCL), 0);
	ck_assert_int_eq(rename(more, open_file), 0);
	ck_assert_int_eq(try_open("/usr/bin/env", O_RDONLY), 0);
	ck_assert_int_eq(try_open(shut_file, O_RDONLY), EACCES);
	ck_assert_int_eq(try_open(shut_file, O_WRONLY), EACCES);
	ck_assert_int_eq(try_open("/etc/passwd", O_RDONLY), EACCES);
	ck_assert_int_eq(try_open("/usr/carillon-test", O_WRONLY | O_CREAT), EACCES);
	ck_assert_int_eq(unlink(shut_file) < 0 ? errno : 0, EACCES);
	/* Not by way of a link either, nor of a mount. */
	ck_assert_int_lt(symlink(shut_file, more), 0);
	ck_assert_int_lt(mount(shut_folder, open_folder, NULL, MS_BIND, NULL), 0);
}
END_TEST

static int listen_at_socket_path(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	(void)unlink(socket_path); /* of the loop before, which could not */
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

START_TEST(sockets_of_files_stay_and_tcp_goes)
{
	const int listener = listen_at_socket_path(), version = confine_to_open_folder(_i == 1);

	ck_assert_int_eq(try_socket_file(), 0);
	if (version >= 4) {
		ck_assert_int_eq(try_tcp(true), EACCES);
		ck_assert_int_eq(try_tcp(false), _i == 1 ? ECONNREFUSED : EACCES);
	}
	close(listener);
}
END_TEST

START_TEST(other_processes_cannot_be_signalled)
{
	const pid_t parent = getppid();
	const int version = confine_to_open_folder(true);

	if (version >= 6)
		ck_assert_int_eq(kill(parent, 0) < 0 ? errno : 0, EPERM);
	ck_assert_int_eq(kill(getpid(), 0), 0);
}
END_TEST

START_TEST(no_socket_of_any_kind)
{
	ck_assert_int_ge(confine_to_open_folder(true), 0);
	ck_assert_int_eq(confine_sockets(), 0);
	ck_assert_int_lt(socket(AF_INET, SOCK_DGRAM, 0), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_lt(socket(AF_UNIX, SOCK_STREAM, 0), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_lt((int)syscall(SYS_io_uring_setup, 1, NULL), 0);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

/* Root without capabilities is a user like others. */
START_TEST(capabilities_are_gone_for_good)
{
	pid_t pid;
	int status = 0;

	ck_assert_int_eq(confine_capabilities(), 0);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
		      "grep -q 'CapEff:.0*$' /proc/self/status && grep -q 'CapPrm:.0*$' "
		      "/proc/self/status",
		      (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ files_outside_cannot_be_opened, 0 },
		{ sockets_of_files_stay_and_tcp_goes, 2 },
		{ other_processes_cannot_be_signalled, 0 },
		{ no_socket_of_any_kind, 0 },
		{ capabilities_are_gone_for_good, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "confine",
		.not_sanitized = "the leak check reads files that confined processes cannot",
		.before = before,
		.after = after,
		.cases = cases,
	});
}

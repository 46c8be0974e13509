/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three hosts and one database. Each host is a network namespace with a host name and a journal of
 * its own; a bridge joins it to the one where the database is, a door of its own leads to the
 * platform. The host that fires is cut off from the database at that moment, or stopped; the others
 * settle what it left, and there is one of each post. All of it lives in namespaces without names,
 * which end with their processes. Wants root; skipped aloud without.
 */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"

#define SKIPPED     77
#define HOSTS       3
#define POSTS       6
#define ROUNDS_MAX  5
#define LEFT_MS     150 /* after its time, a call has left and is not answered */
#define MIDDLE      "10.77.0.1"
#define DB_PORT     3307
#define PATIENCE_MS 90000
#define PATH_BYTES  100 /* a socket takes 107 */

/* Nothing but the protocol keeps its pins from being made twice. */
static const struct rig_platform pinterest = { .name = "pinterest",
					       .settings = "pins_per_minute = 0\n" };

static struct rig rig;
static pid_t holders[HOSTS]; /* each keeps its namespace, and carries the host's traffic */
static int middle_ns;

/* `ip` with these words; 0: done. */
static int ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int ip(const char *format, ...)
{
	char line[200], verb[] = "ip", *words[20] = { verb }, *rest = NULL;
	int n = 1, status = -1;
	va_list args;
	pid_t pid;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *w = strtok_r(line, " ", &rest); w && n < 19; w = strtok_r(NULL, " ", &rest))
		words[n++] = w;
	pid = fork();
	if (pid == 0) {
		execvp("ip", words);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static void must(int status, const char *what)
{
	if (status == 0)
		return;
	fprintf(stderr, "hosts: skipped: %s is not possible here\n", what);
	if (rig.sandbox > 0)
		rig_stop(&rig);
	exit(SKIPPED);
}

/* ---- what carries the bytes: a process a connection, which ends with its parent ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static union address tcp_address(const char *host, int port)
{
	union address a = { .in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) } };

	(void)inet_pton(AF_INET, host, &a.in.sin_addr);
	return a;
}

static union address unix_address(const char *path)
{
	union address a = { .un = { .sun_family = AF_UNIX } };

	(void)snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%.107s", path);
	return a;
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_UNIX ? sizeof(a->un) : sizeof(a->in);
}

static int listen_at(const union address *at)
{
	const int one = 1, fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, &at->any, size_of(at)) < 0 || listen(fd, 64) < 0)
		_exit(1);
	return fd;
}

static void pump(int a, int b)
{
	struct pollfd p[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
	char part[16384];

	while (poll(p, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (!p[i].revents)
				continue;
			n = read(p[i].fd, part, sizeof(part));
			if (n <= 0 || write(p[1 - i].fd, part, (size_t)n) != n)
				return;
		}
	}
}

static void carry(int from, const union address *to)
{
	const int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd >= 0 && connect(fd, &to->any, size_of(to)) == 0)
		pump(from, fd);
	_exit(0);
}

static void forward(int listen_fd, const union address *to)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		const int fd = accept(listen_fd, NULL, NULL);

		if (fd >= 0 && fork() == 0)
			carry(fd, to);
		if (fd >= 0)
			(void)close(fd);
	}
}

/* ---- hosts ---- */

static void host_path(int host, const char *what, char ret[static PATH_BYTES])
{
	(void)snprintf(ret, PATH_BYTES, "%.64s/host%d.%.16s", rig.folder, host, what);
}

static int sandbox_port(void)
{
	return (int)strtol(strrchr(rig.sandbox_url, ':') + 1, NULL, 10);
}

/* The platform is reached past the bridge: the socket is the host's, who accepts is in the middle. */
static void open_platform(void)
{
	const union address at = tcp_address("127.0.0.1", sandbox_port());
	const int fd = listen_at(&at);

	if (fork() != 0)
		return;
	if (setns(middle_ns, CLONE_NEWNET) < 0)
		_exit(1);
	forward(fd, &at);
}

static void be_host(int host, int ready_fd, int go_fd)
{
	const union address to = tcp_address(MIDDLE, DB_PORT);
	union address at;
	char path[PATH_BYTES], name[24], byte = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(name, sizeof(name), "host-%d", host);
	if (unshare(CLONE_NEWNET | CLONE_NEWUTS) < 0 || sethostname(name, strlen(name)) < 0)
		_exit(1);
	if (write(ready_fd, &byte, 1) != 1 || read(go_fd, &byte, 1) != 1)
		_exit(1);
	(void)ip("link set lo up");
	(void)ip("link set in%d up", host);
	(void)ip("addr add 10.77.0.%d/24 dev in%d", 10 + host, host);
	open_platform();
	host_path(host, "sock", path);
	at = unix_address(path);
	forward(listen_at(&at), &to);
}

/* Its database socket and its journal, in place of the rig's. */
static void write_config(int host)
{
	char path[PATH_BYTES], sock[PATH_BYTES], journal[PATH_BYTES];

	host_path(host, "ini", path);
	host_path(host, "sock", sock);
	host_path(host, "journal", journal);
	(void)mkdir(journal, 0700);
	rig_vary(rig.config_path, path,
		 RIG_SETTINGS({ "database", "socket", sock },
			      { "publish", "journal_folder", journal },
			      { "publish", "late_spacing_s", "0" }));
}

static void start_host(int host)
{
	char byte = 0, path[PATH_BYTES];
	int ready[2], go[2];

	if (pipe(ready) < 0 || pipe(go) < 0)
		exit(EXIT_FAILURE);
	holders[host] = fork();
	if (holders[host] == 0)
		be_host(host, ready[1], go[0]);
	(void)close(ready[1]);
	must(read(ready[0], &byte, 1) != 1, "a network namespace");
	must(ip("link add out%d type veth peer name in%d", host, host), "a veth pair");
	must(ip("link set in%d netns %d", host, (int)holders[host]), "moving a link");
	must(ip("link set out%d master middle", host), "joining a bridge");
	must(ip("link set out%d up", host), "a link");
	if (write(go[1], &byte, 1) != 1)
		exit(EXIT_FAILURE);
	host_path(host, "sock", path);
	for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
		rig_sleep_ms(10);
	write_config(host);
}

static void enter(int host)
{
	static const char *const kinds[] = { "net", "uts" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)holders[host], kinds[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, 0) < 0)
			_exit(126);
	}
}

static pid_t start_runner(int host)
{
	const char *folder = getenv("CARILLON_BUILD");
	char path[512], config[PATH_BYTES], log[PATH_BYTES];
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)snprintf(path, sizeof(path), "%s/carillon-publish", folder ? folder : ".");
	host_path(host, "ini", config);
	host_path(host, "log", log);
	(void)dup2(open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 2);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter(host);
	execl(path, path, "-c", config, (char *)NULL);
	_exit(127);
}

static void stop_runner(pid_t pid)
{
	(void)kill(pid, SIGCONT);
	(void)kill(pid, SIGTERM);
	for (int i = 0; i < 3000; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		rig_sleep_ms(10);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* ---- blows ---- */

static int cut(int host, pid_t pid)
{
	(void)pid;
	return ip("link set out%d down", host);
}

static int join(int host, pid_t pid)
{
	(void)pid;
	return ip("link set out%d up", host);
}

static int freeze(int host, pid_t pid)
{
	(void)host;
	return kill(pid, SIGSTOP);
}

/* Its permit has run out: it may have been ended for that. */
static int thaw(int host, pid_t pid)
{
	(void)host;
	(void)kill(pid, SIGCONT);
	return 0;
}

static const struct {
	int (*strike)(int host, pid_t pid), (*mend)(int host, pid_t pid);
} blows[] = { { cut, join }, { freeze, thaw } };

/* The host of a permit of just now; or of one whose time came so long ago. */
static int find_firing(int ago_ms)
{
	static const char permitted[] = "SELECT host FROM attempts WHERE state = 'sent' LIMIT 1",
			  left[] = "SELECT a.host FROM attempts a JOIN posts p ON p.id = a.post_id "
				   "WHERE a.state = 'sent' AND p.due_at <= NOW(6) LIMIT 1";

	for (int i = 0; i < 8000; i++) {
		char *name = rig_text(&rig, ago_ms > 0 ? left : permitted);
		int host = -1;

		if (name && sscanf(name, "host-%d", &host) == 1 && host >= 0 && host < HOSTS) {
			free(name);
			rig_sleep_ms(ago_ms);
			return host;
		}
		free(name);
		rig_sleep_ms(2);
	}
	ck_abort_msg("no host ever fired");
	return -1;
}

static void wait_settled(void)
{
	const int64_t end_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;

	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state <> 'published'") > 0 &&
	       clock_boot_us() < end_us)
		rig_sleep_ms(50);
}

static void setup(void)
{
	rig_reset(&rig);
	rig_open_doors(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"latency_ms\":600}");
}

static void check_one_of_each(char (*ids)[ID_MAX], char (*captions)[32])
{
	for (int i = 0; i < POSTS; i++) {
		ck_assert_int_eq(rig_state(&rig, ids[i]), POST_PUBLISHED);
		ck_assert_msg(rig_effects(&rig, captions[i]) == 1, "%s: %d objects", captions[i],
			      rig_effects(&rig, captions[i]));
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE live IS NOT NULL"),
			 0);
	ck_assert_int_ge(rig_number(&rig, "SELECT COUNT(DISTINCT host) FROM attempts"), 2);
}

/* False: the fire was over when the blow came, and nobody had to ask what became of it. */
static bool has_hit(int blow, int round, int ago_ms)
{
	char ids[POSTS][ID_MAX], captions[POSTS][32];
	pid_t runners[HOSTS];
	int victim;

	setup();
	for (int i = 0; i < POSTS; i++) {
		(void)snprintf(captions[i], sizeof(captions[i]), "hosts %d.%d.%d", blow, round, i);
		rig_post(&rig, i % RIG_ACCOUNTS, captions[i], 3000 + i * 50, ids[i]);
	}
	for (int h = 0; h < HOSTS; h++)
		runners[h] = start_runner(h);
	victim = find_firing(ago_ms);
	ck_assert_int_eq(blows[blow].strike(victim, runners[victim]), 0);
	wait_settled();
	/* Now it would bring what it still holds. */
	ck_assert_int_eq(blows[blow].mend(victim, runners[victim]), 0);
	rig_sleep_ms(1000);
	for (int h = 0; h < HOSTS; h++)
		stop_runner(runners[h]);
	check_one_of_each(ids, captions);
	return rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE last_read_at IS NOT NULL "
				"OR evidence LIKE '%doubt%'") > 0;
}

START_TEST(host_lost_while_firing_leaves_one_of_each)
{
	bool is_hit = false;

	/* First as the permit is written: it may come to nothing, and nobody has to ask. */
	(void)has_hit(_i, 0, 0);
	for (int round = 1; round < ROUNDS_MAX && !is_hit; round++)
		is_hit = has_hit(_i, round, LEFT_MS);
	ck_assert(is_hit);
}
END_TEST

static void start_gate(void)
{
	const union address at = tcp_address(MIDDLE, DB_PORT);
	const union address to = unix_address(rig.database.socket);

	if (fork() == 0)
		forward(listen_at(&at), &to);
}

static void before(void)
{
	must(geteuid() != 0, "a network namespace without being root");
	must(unshare(CLONE_NEWNET), "a network namespace");
	middle_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(ip("link set lo up"), "ip (apt install iproute2)");
	must(ip("link add middle type bridge"), "a bridge");
	must(ip("addr add " MIDDLE "/24 dev middle"), "an address");
	must(ip("link set middle up"), "a bridge");
	rig_start_with(&rig, &pinterest);
	start_gate();
	for (int h = 0; h < HOSTS; h++)
		start_host(h);
}

static void after(void)
{
	for (int h = 0; h < HOSTS; h++)
		(void)kill(holders[h], SIGKILL);
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ host_lost_while_firing_leaves_one_of_each, (int)ARRAY_LEN(blows) },
		{ NULL, 0 },
	};
	const struct suite_of suite = {
		.name = "hosts", .before = before, .after = after, .timeout_s = 240, .cases = cases
	};

	return suite_run(&suite);
}

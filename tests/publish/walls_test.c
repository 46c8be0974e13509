/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both walls around what is fetched, in a network of the test's own: names whose answers turn
 * inwards, and the packet filter of etc/ with the first wall torn down by a setting.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"
#include "media/download.h"
#include "support/suite.h"

#define OUTSIDE "8.8.8.8" /* in this network it is ours */
#define NOBODY  65534
#define SKIPPED 77
#define ANSWERS 3

static char folder[] = "/tmp/carillon-walls-XXXXXX";

/* Addresses that no file is ever fetched from; each has a listener. */
static const char *const inside[] = { "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1",
				      "100.64.0.1" };
static int listeners[ARRAY_LEN(inside) + 1]; /* the last: ::1 */

/* ---- a network of our own ---- */

static void need(int done, const char *what)
{
	ck_assert_msg(done >= 0, "%s: %s", what, strerrordesc_np(errno));
}

static void add_address(int nth, const char *address)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct ifreq r = { .ifr_name = "lo" };

	if (nth > 0)
		(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "lo:%d", nth);
	ck_assert_int_eq(inet_pton(AF_INET, address, &at.sin_addr), 1);
	memcpy(&r.ifr_addr, &at, sizeof(at));
	need(ioctl(fd, SIOCSIFADDR, &r), "SIOCSIFADDR");
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	need(ioctl(fd, SIOCSIFFLAGS, &r), "SIOCSIFFLAGS");
	(void)close(fd);
}

static int listen_at(const char *address, int port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = in4.sin_port };
	const bool is_v4 = inet_pton(AF_INET, address, &in4.sin_addr) == 1;
	const int fd =
		socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!is_v4)
		ck_assert_int_eq(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	need(bind(fd, is_v4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6,
		  is_v4 ? sizeof(in4) : sizeof(in6)),
	     address);
	need(listen(fd, 16), "listen");
	return fd;
}

static void name_server_is_here(void)
{
	char path[100];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/resolv.conf", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	need((int)write(fd, "nameserver 127.0.0.53\n", 22), "resolv.conf");
	(void)close(fd);
	need(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	need(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), "mount resolv.conf");
	(void)unlink(path);
}

static void enter(void)
{
	int nth = 0;

	need(unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare");
	name_server_is_here();
	add_address(nth++, "127.0.0.1");
	add_address(nth++, OUTSIDE);
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		if (i > 0)
			add_address(nth++, inside[i]);
		listeners[i] = listen_at(inside[i], 80);
	}
	listeners[ARRAY_LEN(inside)] = listen_at("::1", 80);
}

static void nobody_came(void)
{
	for (size_t i = 0; i < ARRAY_LEN(listeners); i++)
		ck_assert_msg(accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC) < 0 &&
				      errno == EAGAIN,
			      "a connection was opened inside, to %s",
			      i < ARRAY_LEN(inside) ? inside[i] : "::1");
}

/* ---- a name server whose answers change ---- */

struct answer {
	const char *v4[ANSWERS];
	bool has_v6; /* ::1 */
};

struct zone {
	struct answer first, later;
	int asked;
	int fd;
};

static size_t put_record(uint8_t *to, int family, const char *address)
{
	const uint8_t size = family == AF_INET ? 4 : 16;
	/* pointer to the name asked for, type, class IN, lives for 0 s, size */
	const uint8_t head[12] = { 0xc0, 12, 0,   family == AF_INET ? 1 : 28, 0, 1, 0, 0, 0,
				   0,    0,  size };

	memcpy(to, head, sizeof(head));
	ck_assert_int_eq(inet_pton(family, address, to + sizeof(head)), 1);
	return sizeof(head) + size;
}

/* The question ends with its type and class; what follows it is left out of the answer. */
static size_t answer_to(struct zone *z, uint8_t *m)
{
	size_t end = 12;
	const struct answer *a;
	uint8_t n = 0;
	int type;

	while (m[end])
		end += 1 + (size_t)m[end];
	type = m[end + 2];
	end += 5;
	a = z->asked > 0 ? &z->later : &z->first;
	for (int i = 0; type == 1 && i < ANSWERS && a->v4[i]; i++, n++)
		end += put_record(m + end, AF_INET, a->v4[i]);
	if (type == 28 && a->has_v6) {
		end += put_record(m + end, AF_INET6, "::1");
		n++;
	}
	m[2] = 0x85;
	m[3] = 0x80;
	m[7] = n;
	m[9] = m[11] = 0;
	return end;
}

static void *serve_names(void *arg)
{
	struct zone *z = arg;
	uint8_t m[1024];
	struct sockaddr_in from;
	ssize_t got;

	for (;;) {
		socklen_t size = sizeof(from);

		got = recvfrom(z->fd, m, 512, 0, (struct sockaddr *)&from, &size);
		if (got < 17)
			return NULL;
		(void)sendto(z->fd, m, answer_to(z, m), 0, (struct sockaddr *)&from, size);
	}
}

/* The server outside: /first leads to the same name once more, after which the answers change. */
struct outside {
	struct zone *zone;
	int fd, requests;
};

static void *serve_outside(void *arg)
{
	struct outside *o = arg;
	char text[2000];

	while (o->fd >= 0) {
		struct pollfd in = { .fd = o->fd, .events = POLLIN };
		int fd;

		(void)poll(&in, 1, -1);
		fd = accept4(o->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		memset(text, 0, sizeof(text));
		(void)!recv(fd, text, sizeof(text) - 1, 0);
		o->requests++;
		o->zone->asked++;
		peer_say(fd, strncmp(text, "GET /first", 10) == 0
				     ? "HTTP/1.1 302 Go\r\nLocation: /second\r\nContent-Length: "
				       "0\r\n\r\n"
				     : OK_HELLO);
		(void)close(fd);
	}
	return NULL;
}

static struct zone zone;
static struct outside outside;

static void open_up(const struct answer *first, const struct answer *later)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53) };
	pthread_t t;

	(void)inet_pton(AF_INET, "127.0.0.53", &at.sin_addr);
	zone = (struct zone){ .first = *first, .later = *later };
	zone.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	need(bind(zone.fd, (struct sockaddr *)&at, sizeof(at)), "name server");
	outside = (struct outside){ .zone = &zone, .fd = listen_at(OUTSIDE, 80) };
	ck_assert_int_eq(pthread_create(&t, NULL, serve_names, &zone), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, serve_outside, &outside), 0);
}

/* ---- fetching ---- */

struct ending {
	int calls;
	enum download_verdict verdict;
	char why[300];
	struct download *download;
};

static void on_end(void *arg, struct download_result *r)
{
	struct ending *e = arg;

	e->calls++;
	e->verdict = r->verdict;
	(void)snprintf(e->why, sizeof(e->why), "%s", r->why ? r->why : "");
	download_free(e->download);
}

static struct ending fetch(const char *url)
{
	struct ending e = { .calls = 0 };
	const struct download_order order = { url, on_end, &e };
	const int64_t until_us = clock_boot_us() + 60 * US_PER_S;
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_msg(download_start(net, &cfg, &order, &e.download, &p) == 0, "%s", p.detail);
	while (e.calls == 0 && clock_boot_us() < until_us)
		net_poll(net, until_us, -1);
	ck_assert_int_eq(e.calls, 1);
	return e;
}

static void setup(void)
{
	enter();
	fixture_setup();
	cfg.fetch_http = true;
	cfg.fetch_timeout_s = 20;
	cfg.server_upload_max_bytes = 1000000;
	cfg.media_folder = folder;
}

static void allow(const char *rules)
{
	struct problem p = { .kind = PROBLEM_NONE };

	net_free(net);
	cfg.fetch_allow = rules;
	ck_assert_int_eq(net_open(&cfg, &net, &p), 0);
}

/* ---- the first wall ---- */

/* clang-format off */
static const struct {
	struct answer first, later;
	int requests; /* that reach the server outside */
	enum download_verdict verdict;
} rows[] = {
	/* that it would be fetched if nothing turned inwards */
	{ { { OUTSIDE }, false }, { { OUTSIDE }, false }, 2, DOWNLOAD_DONE },
	/* the second look-up leads inside */
	{ { { OUTSIDE }, false }, { { "127.0.0.1" }, false }, 1, DOWNLOAD_NEVER },
	{ { { OUTSIDE }, false }, { { "10.1.2.3" }, false }, 1, DOWNLOAD_NEVER },
	{ { { OUTSIDE }, false }, { { "169.254.169.254" }, false }, 1, DOWNLOAD_NEVER },
	{ { { OUTSIDE }, false }, { { "192.168.0.1", "100.64.0.1" }, false }, 1, DOWNLOAD_NEVER },
	{ { { OUTSIDE }, false }, { { NULL }, true }, 1, DOWNLOAD_NEVER },
	{ { { OUTSIDE }, false }, { { "127.0.0.1" }, true }, 1, DOWNLOAD_NEVER },
	/* the first does */
	{ { { "10.1.2.3" }, false }, { { OUTSIDE }, false }, 0, DOWNLOAD_NEVER },
	{ { { "127.0.0.1", "169.254.169.254" }, true }, { { OUTSIDE }, false }, 0, DOWNLOAD_NEVER },
	/* one answer outside where nobody listens, and one inside where somebody does */
	{ { { "8.8.4.4", "10.1.2.3" }, true }, { { OUTSIDE }, false }, 0, DOWNLOAD_NEVER },
};
/* clang-format on */

START_TEST(name_that_turns_inwards_opens_no_connection)
{
	struct ending e;

	open_up(&rows[_i].first, &rows[_i].later);
	e = fetch("http://rebind.example/first");
	nobody_came();
	ck_assert_int_eq(outside.requests, rows[_i].requests);
	/* which address is tried last is the resolver's to choose */
	ck_assert_msg(e.verdict == rows[_i].verdict ||
			      (rows[_i].first.v4[0] && rows[_i].first.v4[1] &&
			       e.verdict == DOWNLOAD_AGAIN),
		      "%d %s", (int)e.verdict, e.why);
}
END_TEST

/* ---- the second wall ---- */

static const char *filter_path(void)
{
	static char path[300];
	const char *top = getenv("CARILLON_SRCDIR");

	(void)snprintf(path, sizeof(path), "%s/etc/carillon-egress.nft", top ? top : ".");
	return path;
}

/* The rules as they are shipped, for the user nobody. */
static void raise_filter(void)
{
	char line[1000];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)snprintf(line, sizeof(line), "sed 's/\"carillon-run\"/%d/' '%s' | nft -f -",
			       NOBODY, filter_path());
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}

START_TEST(filter_holds_when_the_first_wall_is_down)
{
	static const struct answer out = { { OUTSIDE }, false };
	char url[60];

	open_up(&out, &out);
	raise_filter();
	need(chmod(folder, 0777), "chmod");
	need(setuid(NOBODY), "setuid");
	allow("0.0.0.0/0 [::]/0");
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		(void)snprintf(url, sizeof(url), "http://%s/", inside[i]);
		ck_assert_int_eq(fetch(url).verdict, DOWNLOAD_AGAIN);
	}
	ck_assert_int_eq(fetch("http://[::1]/").verdict, DOWNLOAD_AGAIN);
	nobody_came();
	/* names are still found, and what is outside is still reached */
	ck_assert_int_eq(fetch("http://rebind.example/second").verdict, DOWNLOAD_DONE);
}
END_TEST

/* Whom the rules are not for, and that without them both would have been reached. */
START_TEST(filter_is_for_its_user_alone)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(80) };
	int fd;

	raise_filter();
	(void)inet_pton(AF_INET, "10.1.2.3", &at.sin_addr);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(connect(fd, (struct sockaddr *)&at, sizeof(at)), "connect");
	(void)close(fd);
	need(setuid(NOBODY), "setuid");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_lt(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	(void)close(fd);
}
END_TEST

/* ---- what this machine lets us do ---- */

static bool can(const char *line)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
			_exit(1);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status == 0;
}

static void before(void)
{
	fixture_folder_make(folder);
}

static void after(void)
{
	fixture_folder_remove(folder);
}

int main(void)
{
	const bool has_filter = can("nft list ruleset >/dev/null 2>&1");
	const struct suite_case cases[] = {
		{ name_that_turns_inwards_opens_no_connection, (int)ARRAY_LEN(rows) },
		{ has_filter ? filter_holds_when_the_first_wall_is_down : NULL, 0 },
		{ filter_is_for_its_user_alone, 0 },
		{ NULL, 0 },
	};

	if (!can("true")) {
		fputs("walls_test: SKIPPED: this user may make no network namespace\n", stderr);
		return SKIPPED;
	}
	if (!has_filter)
		fputs("walls_test: SKIPPED in part: nft is not installed or may not be used; "
		      "etc/carillon-egress.nft is untested\n",
		      stderr);
	return suite_run(&(struct suite_of){
		.name = "walls",
		.before = before,
		.after = after,
		.setup = setup,
		.teardown = fixture_teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Files of strangers: what comes of peers that lie, lead inwards, never end or never begin. */
#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"
#include "crypto/digest.h"
#include "media/download.h"
#include "support/suite.h"

#define MOST_BYTES (1 << 20)

struct ending {
	int calls;
	enum download_verdict verdict;
	char why[400], sha256[SHA256_HEX_MAX];
	int64_t bytes, retry_after_s;
	struct download *download;
};

static char folder[] = "/tmp/carillon-download-XXXXXX";
static struct peer *outside; /* its port is allowed on 127.0.0.1 */
static int inside[2];        /* nobody may ever come here: the same port on 127.0.0.1 and ::1 */
static int inside_port;

/* ---- what the peer does ---- */

static const char *said;

static void say_it(struct peer *p, int fd, int nth)
{
	(void)nth;
	if (peer_read_request(p, fd))
		peer_say(fd, said);
}

static void say_it_and_hang(struct peer *p, int fd, int nth)
{
	char end;

	say_it(p, fd, nth);
	(void)!recv(fd, &end, 1, 0);
}

static void never_end(struct peer *p, int fd, int nth)
{
	static char zeros[16385];
	int64_t left = 1LL << 32;

	say_it(p, fd, nth);
	memset(zeros, 'z', sizeof(zeros) - 1);
	while (left > 0 && send(fd, zeros, sizeof(zeros) - 1, MSG_NOSIGNAL) > 0)
		left -= (int64_t)sizeof(zeros) - 1;
}

static void drip(struct peer *p, int fd, int nth)
{
	say_it(p, fd, nth);
	while (send(fd, "z", 1, MSG_NOSIGNAL) > 0)
		peer_sleep_ms(20);
}

static char bomb[MOST_BYTES / 2];
static size_t bomb_n;

static void say_bomb(struct peer *p, int fd, int nth)
{
	size_t at = 0;
	ssize_t put = 1;

	say_it(p, fd, nth);
	while (at < bomb_n && put > 0) {
		put = send(fd, bomb + at, bomb_n - at, MSG_NOSIGNAL);
		at += put > 0 ? (size_t)put : 0;
	}
}

static void break_off(struct peer *p, int fd, int nth)
{
	(void)nth;
	(void)peer_read_request(p, fd);
	peer_reset(fd);
}

/* Redirects as often as the path has slashes after the first, then gives the file. */
static void lead_on(struct peer *p, int fd, int nth)
{
	char text[300], path[100] = "";

	(void)nth;
	if (!peer_read_request(p, fd))
		return;
	(void)sscanf(peer_request(p), "GET %99s", path);
	if (path[0] == '/' && path[1] == '/')
		(void)snprintf(text, sizeof(text),
			       "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d%s\r\n"
			       "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
			       peer_port(p), path + 1);
	else
		(void)snprintf(text, sizeof(text), "%s", OK_HELLO);
	peer_say(fd, text);
}

/* ---- fixture ---- */

static int listen_inside(int family, const void *at, socklen_t size)
{
	const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int yes = 1;

	if (fd >= 0 && family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (fd >= 0 && bind(fd, at, size) == 0 && listen(fd, 64) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void open_inside(void)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t size = sizeof(in4);

	inside[0] = listen_inside(AF_INET, &in4, sizeof(in4));
	ck_assert_int_ge(inside[0], 0);
	ck_assert_int_eq(getsockname(inside[0], (struct sockaddr *)&in4, &size), 0);
	inside_port = ntohs(in4.sin_port);
	in6.sin6_port = in4.sin_port;
	inside[1] = listen_inside(AF_INET6, &in6, sizeof(in6)); /* -1: a host without IPv6 */
}

static void close_inside(void)
{
	for (int i = 0; i < 2; i++) {
		if (inside[i] < 0)
			continue;
		ck_assert_msg(accept4(inside[i], NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN,
			      "a connection was opened inside");
		close(inside[i]);
	}
}

static void begin(peer_script_fn *script)
{
	struct problem why = { 0 };

	outside = peer_start(script);
	open_inside();
	net_free(net);
	/* The port inside is open to names, its address is not. */
	cfg.fetch_allow = arena_printf(fixture_arena, "127.0.0.1:%d 192.0.2.1:%d",
				       peer_port(outside), inside_port);
	cfg.fetch_http = true;
	cfg.fetch_timeout_s = 20;
	cfg.server_upload_max_bytes = MOST_BYTES;
	cfg.media_folder = folder;
	ck_assert_int_eq(net_open(&cfg, &net, &why), 0);
}

static int files_left(void)
{
	char path[100];
	DIR *dir;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/tmp", folder);
	dir = opendir(path);
	for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	return n;
}

static void finish(void)
{
	close_inside();
	peer_stop(outside);
	ck_assert_int_eq(files_left(), 0);
}

static void on_end(void *arg, struct download_result *r)
{
	struct ending *e = arg;

	e->calls++;
	e->verdict = r->verdict;
	e->retry_after_s = r->retry_after_s;
	(void)snprintf(e->why, sizeof(e->why), "%s", r->why ? r->why : "");
	if (r->file) {
		e->bytes = r->file->bytes;
		memcpy(e->sha256, r->file->sha256, sizeof(e->sha256));
	}
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

/* ---- cases ---- */

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

/* clang-format off */
static const struct {
	peer_script_fn *script;
	const char *said;
	enum download_verdict verdict;
	const char *words;
	int64_t bytes;
} rows[] = {
	{ say_it, OK_HELLO, DOWNLOAD_DONE, "", 5 },
	{ say_it, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", DOWNLOAD_DONE, "", 5 },
	{ say_it, OK_HEAD "\r\nhello", DOWNLOAD_DONE, "", 5 },
	{ say_it, OK_HEAD "Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", DOWNLOAD_DONE, "", 5 },
	/* what is announced is a lie */
	{ say_it, OK_HEAD "Content-Length: 3\r\n\r\nhello", DOWNLOAD_DONE, "", 3 },
	{ say_it, OK_HEAD "Content-Length: 500\r\n\r\nhello", DOWNLOAD_AGAIN, "cut short", 0 },
	{ say_it, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n50\r\nhello", DOWNLOAD_AGAIN, "", 0 },
	{ say_it_and_hang, OK_HEAD "Content-Length: 9223372036854775807\r\n\r\nhello", DOWNLOAD_NEVER, "more than 1 MiB", 0 },
	{ say_it_and_hang, OK_HEAD "Content-Length: 99999999999999999999999\r\n\r\nhello", DOWNLOAD_NEVER, "more than 1 MiB", 0 },
	{ say_it, OK_HEAD "Content-Length: -5\r\n\r\nhello", DOWNLOAD_AGAIN, "", 0 },
	{ say_it, OK_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello", DOWNLOAD_AGAIN, "", 0 },
	/* too much, announced or not */
	{ never_end, OK_HEAD "Content-Length: 1048577\r\n\r\n", DOWNLOAD_NEVER, "more than 1 MiB", 0 },
	{ never_end, OK_HEAD "\r\n", DOWNLOAD_NEVER, "more than 1 MiB", 0 },
	{ never_end, OK_HEAD "Content-Type: image/png\r\nX-End: never\r\n\r\n", DOWNLOAD_NEVER, "more than 1 MiB", 0 },
	{ never_end, "HTTP/1.1 404 Not Found\r\n\r\n", DOWNLOAD_NEVER, "no such file (status 404)", 0 },
	{ never_end, "HTTP/1.1 503 Busy\r\n\r\n", DOWNLOAD_AGAIN, "(status 503)", 0 },
	/* folded */
	{ say_it, OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", DOWNLOAD_NEVER, "compressed", 0 },
	{ say_it, OK_HEAD "Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", DOWNLOAD_NEVER, "compressed", 0 },
	/* refused */
	{ say_it, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "without signing in", 0 },
	{ say_it, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "without signing in", 0 },
	{ say_it, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "no such file", 0 },
	{ say_it, "HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "no more", 0 },
	{ say_it, "HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "(status 418)", 0 },
	{ say_it, "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_AGAIN, "too often", 7 },
	{ say_it, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_AGAIN, "(status 500)", 0 },
	/* half an answer, and answers that are none */
	{ say_it, "HTTP/1.1 206 Part\r\nContent-Length: 5\r\n\r\nhello", DOWNLOAD_NEVER, "(status 206)", 0 },
	{ say_it, "HTTP/1.1 204 None\r\n\r\n", DOWNLOAD_NEVER, "(status 204)", 0 },
	{ say_it, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", DOWNLOAD_NEVER, "redirects to a URL", 0 },
	{ say_it, "SSH-2.0-OpenSSH_9.2\r\n", DOWNLOAD_AGAIN, "not HTTP", 0 },
	{ say_it, "", DOWNLOAD_AGAIN, "", 0 },
	{ say_it, "HTTP/1.1 200 OK\r\nContent-Le", DOWNLOAD_AGAIN, "", 0 },
	{ break_off, "", DOWNLOAD_AGAIN, "", 0 },
};
/* clang-format on */

START_TEST(reply_decides_what_comes_of_it)
{
	struct ending e;

	said = rows[_i].said;
	begin(rows[_i].script);
	e = fetch(peer_url(outside, "/a?key=tops3cret"));
	ck_assert_msg(e.verdict == rows[_i].verdict, "row %d: %d %s", _i, (int)e.verdict, e.why);
	ck_assert_msg(strstr(e.why, rows[_i].words), "row %d: %s", _i, e.why);
	if (e.verdict == DOWNLOAD_DONE)
		ck_assert_int_eq(e.bytes, rows[_i].bytes);
	else
		ck_assert_ptr_nonnull(strstr(e.why, "127.0.0.1 "));
	if (e.verdict == DOWNLOAD_AGAIN && rows[_i].bytes > 0)
		ck_assert_int_eq(e.retry_after_s, rows[_i].bytes);
	ck_assert_ptr_null(strstr(e.why, "tops3cret"));
	ck_assert(!has(outside, "Accept-Encoding") && !has(outside, "Authorization"));
	finish();
}
END_TEST

START_TEST(bytes_are_hashed_as_they_pass)
{
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];

	digest_sha256("hello", 5, hash);
	digest_hex(hash, sizeof(hash), hex);
	said = OK_HELLO;
	begin(say_it);
	ck_assert_str_eq(fetch(peer_url(outside, "/")).sha256, hex);
	finish();
}
END_TEST

START_TEST(slow_peer_is_left)
{
	struct ending e;

	said = OK_HEAD "\r\n";
	begin(drip);
	cfg.fetch_timeout_s = 1;
	e = fetch(peer_url(outside, "/"));
	ck_assert_int_eq(e.verdict, DOWNLOAD_AGAIN);
	ck_assert_str_eq(e.why, "127.0.0.1 was too slow");
	finish();
}
END_TEST

/* A hundred MiB in some hundred KiB: nothing unfolds them. */
START_TEST(folded_transfer_is_refused)
{
	struct ending e;
	char path[100];
	FILE *in;

	said = OK_HEAD "Transfer-Encoding: gzip\r\n\r\n";
	begin(say_bomb);
	if (fork() == 0) {
		if (chdir(folder) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", "head -c 104857600 /dev/zero | gzip -1 > bomb",
		      (char *)NULL);
		_exit(127);
	}
	(void)wait(NULL);
	(void)snprintf(path, sizeof(path), "%s/bomb", folder);
	in = fopen(path, "re");
	ck_assert_ptr_nonnull(in);
	bomb_n = fread(bomb, 1, sizeof(bomb), in);
	ck_assert(bomb_n > 100000 && bomb_n < sizeof(bomb));
	(void)fclose(in);
	(void)unlink(path);
	e = fetch(peer_url(outside, "/"));
	ck_assert_int_eq(e.verdict, DOWNLOAD_NEVER);
	ck_assert_ptr_nonnull(strstr(e.why, "compressed"));
	finish();
}
END_TEST

START_TEST(redirects_are_followed_three_times)
{
	struct ending e;

	begin(lead_on);
	e = fetch(peer_url(outside, "////a"));
	ck_assert_int_eq(e.verdict, DOWNLOAD_DONE);
	ck_assert_int_eq(peer_requests(outside), 4);
	ck_assert(!has(outside, "Cookie") && !has(outside, "Referer"));
	e = fetch(peer_url(outside, "/////a"));
	ck_assert_int_eq(e.verdict, DOWNLOAD_NEVER);
	ck_assert_ptr_nonnull(strstr(e.why, "more than three"));
	ck_assert_int_eq(peer_requests(outside), 8);
	finish();
}
END_TEST

/* Around the port inside, where nobody may come. */
static const struct {
	const char *before, *after;
} inwards[] = {
	{ "http://localhost:", "/" },
	{ "//localhost:", "/" },
	{ "http://LOCALHOST:", "/" },
	{ "http://127.0.0.1:", "/" },
	{ "http://127.0.0.2:", "/" },
	{ "http://127.1:", "/" },
	{ "http://2130706433:", "/" },
	{ "http://0x7f000001:", "/" },
	{ "http://017700000001:", "/" },
	{ "http://0:", "/" },
	{ "http://0.0.0.0:", "/" },
	{ "http://[::1]:", "/" },
	{ "http://[::]:", "/" },
	{ "http://[::ffff:127.0.0.1]:", "/" },
	{ "http://[::ffff:7f00:1]:", "/" },
	{ "http://[::1%25lo]:", "/" },
	{ "http://localhost.:", "/" },
	{ "http://user:pass@localhost:", "/" },
	{ "https://localhost:", "/" },
	{ "ftp://localhost:", "/" },
	{ "gopher://localhost:", "/_GET" },
	{ "dict://localhost:", "/d" },
	{ "telnet://localhost:", "/" },
	{ "file:///etc/passwd#", "" },
	{ "http://ip6-localhost:", "/" },
	{ "http://ip6-loopback:", "/" },
};

START_TEST(redirect_inwards_opens_no_connection)
{
	struct ending e;

	begin(say_it);
	said = arena_printf(fixture_arena,
			    "HTTP/1.1 307 Go\r\nLocation: %s%d%s\r\nContent-Length: 0\r\n\r\n",
			    inwards[_i].before, inside_port, inwards[_i].after);
	e = fetch(peer_url(outside, "/"));
	/* a name that this host does not have leads nowhere at all */
	ck_assert_msg(e.verdict == DOWNLOAD_NEVER || strstr(e.why, "resolved"), "%s: %s",
		      inwards[_i].before, e.why);
	ck_assert_int_eq(peer_requests(outside), 1);
	finish();
}
END_TEST

START_TEST(name_that_leads_inside_opens_no_connection)
{
	struct ending e;

	begin(say_it);
	e = fetch(arena_printf(fixture_arena, "http://localhost:%d/", inside_port));
	ck_assert_int_eq(e.verdict, DOWNLOAD_NEVER);
	ck_assert_str_eq(e.why, "localhost leads to an address that is not fetched from");
	finish();
}
END_TEST

START_TEST(url_that_settings_do_not_allow_any_more_is_not_asked_for)
{
	struct download_order order = { NULL, on_end, NULL };
	struct problem p = { .kind = PROBLEM_NONE };
	struct download *d = NULL;

	begin(say_it);
	cfg.fetch_http = false;
	order.url = peer_url(outside, "/");
	ck_assert_int_eq(download_start(net, &cfg, &order, &d, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_MEDIA_REJECTED);
	ck_assert_int_eq(peer_connections(outside), 0);
	finish();
}
END_TEST

START_TEST(download_called_off_leaves_nothing)
{
	struct ending e = { .calls = 0 };
	struct download_order order = { NULL, on_end, &e };
	struct problem p = { .kind = PROBLEM_NONE };

	said = OK_HEAD "\r\n";
	begin(drip);
	order.url = peer_url(outside, "/");
	ck_assert_int_eq(download_start(net, &cfg, &order, &e.download, &p), 0);
	while (peer_requests(outside) == 0)
		net_poll(net, clock_boot_us() + 10 * US_PER_MS, -1);
	ck_assert_int_eq(files_left(), 1);
	download_free(e.download);
	ck_assert_int_eq(e.calls, 0);
	finish();
}
END_TEST

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
	const struct suite_case cases[] = {
		{ reply_decides_what_comes_of_it, (int)ARRAY_LEN(rows) },
		{ bytes_are_hashed_as_they_pass, 0 },
		{ slow_peer_is_left, 0 },
		{ folded_transfer_is_refused, 0 },
		{ redirects_are_followed_three_times, 0 },
		{ redirect_inwards_opens_no_connection, (int)ARRAY_LEN(inwards) },
		{ name_that_leads_inside_opens_no_connection, 0 },
		{ url_that_settings_do_not_allow_any_more_is_not_asked_for, 0 },
		{ download_called_off_leaves_nothing, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "download",
		.before = before,
		.after = after,
		.setup = fixture_setup,
		.teardown = fixture_teardown,
		.cases = cases,
	});
}

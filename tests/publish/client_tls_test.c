/* SPDX-License-Identifier: Apache-2.0 */
/* The transfer loop over TLS, and with a thousand transfers at once. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "net/client.h"
#include "peer.h"

#define MANY   1000
#define ROUNDS 3

extern char **environ;

static struct arena *fixture_arena;
static char folder[] = "/tmp/net-tls-XXXXXX";

static pid_t tool_start(const char *const argv[])
{
	posix_spawn_file_actions_t to_null;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&to_null);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&to_null, fd, "/dev/null", O_RDWR, 0);
	ck_assert_int_eq(posix_spawnp(&pid, argv[0], &to_null, NULL, (char *const *)(uintptr_t)argv,
				      environ),
			 0);
	posix_spawn_file_actions_destroy(&to_null);
	return pid;
}

static void tool_run(const char *const argv[])
{
	int status = 0;
	pid_t pid = tool_start(argv);

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %s", argv[0], argv[1]);
}

static const char *in_folder(const char *name)
{
	return arena_printf(fixture_arena, "%s/%s", folder, name);
}

static struct net *net_with(const char *ca_file)
{
	static struct config cfg;
	struct problem why = { 0 };
	struct net *n = NULL;

	cfg = (struct config){ .net_ca_file = ca_file,
			       .fetch_allow = "",
			       .net_connect_timeout_ms = 8000,
			       .net_stage_timeout_ms = 30000,
			       .net_fire_timeout_ms = 30000 };
	ck_assert_msg(net_open(&cfg, &n, &why) == 0, "%s", why.detail);
	return n;
}

static int free_port(void)
{
	struct peer *p = peer_start(NULL);
	int port = peer_port(p);

	peer_stop(p);
	return port;
}

static void setup(void)
{
	fixture_arena = arena_new();
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	unlink(in_folder("key.pem"));
	unlink(in_folder("cert.pem"));
	rmdir(folder);
	arena_free(fixture_arena);
}

static pid_t server_start(int port)
{
	const char *const make[] = { "openssl",
				     "req",
				     "-x509",
				     "-newkey",
				     "ec",
				     "-pkeyopt",
				     "ec_paramgen_curve:prime256v1",
				     "-nodes",
				     "-days",
				     "2",
				     "-subj",
				     "/CN=localhost",
				     "-addext",
				     "subjectAltName=DNS:localhost",
				     "-keyout",
				     in_folder("key.pem"),
				     "-out",
				     in_folder("cert.pem"),
				     NULL };
	const char *const serve[] = { "openssl", "s_server",
				      "-accept", arena_printf(fixture_arena, "127.0.0.1:%d", port),
				      "-key",    in_folder("key.pem"),
				      "-cert",   in_folder("cert.pem"),
				      "-www",    "-quiet",
				      NULL };
	pid_t pid;

	tool_run(make);
	pid = tool_start(serve);
	for (int i = 0; i < 100; i++) { /* until it listens */
		struct sockaddr_in at = { .sin_family = AF_INET,
					  .sin_port = htons((uint16_t)port),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool is_up = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

		close(fd);
		if (is_up)
			break;
		peer_sleep_ms(50);
	}
	return pid;
}

static void server_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

struct verdict {
	enum transfer transfer;
	int status;
	bool is_resumed;
};

static void keep_verdict(void *arg, struct http_reply *reply)
{
	struct verdict *v = arg;

	v->transfer = reply->transfer;
	v->status = reply->status;
	v->is_resumed = strstr(buf_str(&reply->body), "\nReused, ") != NULL;
}

static struct verdict get(struct net *n, const char *url)
{
	struct http_request *r = http_request_new(fixture_arena, VERB_GET, "test.tls");
	struct verdict v = { .transfer = TRANSFER_BROKEN };

	http_request_url(r, url, "%s", "/");
	net_start(n, NET_FIRE, r, clock_boot_us() + 10 * US_PER_S, keep_verdict, &v);
	while (net_poll(n, INT64_MAX, -1) > 0)
		;
	return v;
}

START_TEST(certificate_decides)
{
	int port = free_port();
	pid_t pid = server_start(port);
	const char *url = arena_printf(fixture_arena, "https://localhost:%d", port);
	const char *other_name = arena_printf(fixture_arena, "https://127.0.0.1:%d", port);
	struct net *n = net_with(in_folder("cert.pem"));
	struct verdict first = get(n, url), second = get(n, url), wrong = get(n, other_name),
		       unknown;

	net_free(n);
	n = net_with("");
	unknown = get(n, url);
	net_free(n);
	server_stop(pid);
	ck_assert_int_eq(first.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(first.status, 200);
	ck_assert(!first.is_resumed);
	ck_assert_int_eq(second.transfer, TRANSFER_REPLIED);
	ck_assert_msg(second.is_resumed, "a fresh connection must resume the TLS session");
	ck_assert_int_eq(wrong.transfer, TRANSFER_NOT_SENT);
	ck_assert_int_eq(unknown.transfer, TRANSFER_NOT_SENT);
}
END_TEST

/* ---- many at once ---- */

/* Child: answers every request of every connection 100 ms after it came, from one epoll loop. */
static void slow_server(int listen_fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	static int64_t due_us[65536];
	int top = 0;

	fcntl(listen_fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int64_t now_us = clock_boot_us();
		char piece[4096];

		if (fd >= 0 && fd + 1 > top)
			top = fd + 1;
		for (int i = listen_fd + 1; i < top; i++) {
			if (due_us[i] && now_us >= due_us[i]) {
				send(i, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
				due_us[i] = 0;
			} else if (!due_us[i] && recv(i, piece, sizeof(piece), 0) > 0) {
				due_us[i] = now_us + 100 * US_PER_MS;
			}
		}
		if (fd < 0)
			peer_sleep_ms(5);
	}
}

static void count_replied(void *arg, struct http_reply *reply)
{
	int *replied = arg;

	*replied += reply->transfer == TRANSFER_REPLIED && reply->status == 200;
}

static int64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US_PER_S + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

START_TEST(a_thousand_at_once_all_reply)
{
	enum net_class class = _i ? NET_FIRE : NET_REPEATABLE;
	struct rlimit files = { 4096, 4096 };
	struct net *n;
	struct peer *p;
	int replied = 0;
	int64_t start_us, before_cpu_us;
	pid_t pid;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	p = peer_start(NULL);
	n = net_with("");
	pid = fork();
	if (pid == 0)
		slow_server(peer_listen_fd(p));
	start_us = clock_boot_us();
	before_cpu_us = cpu_us();
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < MANY; i++) {
			struct http_request *r =
				http_request_new(fixture_arena, VERB_POST, "test.many");

			http_request_url(r, peer_url(p, "/"), "%s", "");
			http_request_form(r, "n", "1");
			net_start(n, class, r, clock_boot_us() + 20 * US_PER_S, count_replied,
				  &replied);
		}
		while (net_poll(n, INT64_MAX, -1) > 0)
			;
	}
	printf("%s: %d transfers, %lld us each, %lld us of CPU each\n", _i ? "fire" : "repeatable",
	       MANY * ROUNDS, (long long)(clock_boot_us() - start_us) / (MANY * ROUNDS),
	       (long long)(cpu_us() - before_cpu_us) / (MANY * ROUNDS));
	net_free(n);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	peer_stop(p);
	ck_assert_int_eq(replied, MANY * ROUNDS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client_tls");
	TCase *c = tcase_create("tls");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, certificate_decides);
	tcase_add_loop_test(c, a_thousand_at_once_all_reply, 0, 2);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

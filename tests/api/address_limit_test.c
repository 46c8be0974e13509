/* SPDX-License-Identifier: Apache-2.0 */
/* What nginx lets one address do: the instance's own site, with numbers that a test can reach. */
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/client.h"
#include "support/instance.h"
#include "support/suite.h"
#include "support/wire.h"

#define BURST 5
#define ASKED 30
#define TRIES 20
#define WHERE "/api/v1/health"

struct site { /* an nginx before the instance's pools */
	char folder[64], base[64];
	pid_t pid;
};

static pid_t spawn(const char *const *argv)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void run(const char *const *argv)
{
	int status = -1;

	ck_assert_int_gt(waitpid(spawn(argv), &status, 0), 0);
	ck_assert_msg(status == 0, "%s: %d", argv[0], status);
}

static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* Copies of what the instance runs on; limits: what sed makes of its numbers. */
static void site_write(const struct site *s, int port, const char *limits)
{
	CLEANUP(buf_done) struct buf script = BUF_INIT, nginx = BUF_INIT, parts = BUF_INIT;
	char own[128], site[128], loopback[128];

	instance_path(&nginx, "conf/nginx.conf");
	instance_path(&parts, "conf/carillon");
	snprintf(own, sizeof(own), "%s/nginx.conf", s->folder);
	snprintf(site, sizeof(site), "%s/carillon/site.conf", s->folder);
	snprintf(loopback, sizeof(loopback), "%s/carillon/loopback.conf", s->folder);
	buf_printf(&script,
		   "s,^pid .*,pid %s/pid;,; s,^error_log .*,error_log %s/log warn;,; "
		   "s,_temp_path .*/,_temp_path %s/,; s,^\t\\(access\\|error\\)_log /.*,,; "
		   "s,\\(listen [0-9.]*\\):[0-9]*,\\1:%d,; %s",
		   s->folder, s->folder, s->folder, port, limits);
	run((const char *const[]){ "cp", "-r", buf_str(&nginx), buf_str(&parts), s->folder, NULL });
	run((const char *const[]){ "sed", "-i", buf_str(&script), own, site, loopback, NULL });
}

static void site_start(struct site *ret, const char *limits)
{
	const int port = free_port();
	char config[128], log[128], pid[128];

	snprintf(ret->folder, sizeof(ret->folder), "/tmp/carillon-site-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(ret->folder));
	site_write(ret, port, limits);
	snprintf(ret->base, sizeof(ret->base), "https://localhost:%d", port);
	snprintf(config, sizeof(config), "%s/nginx.conf", ret->folder);
	snprintf(log, sizeof(log), "%s/log", ret->folder);
	snprintf(pid, sizeof(pid), "%s/pid", ret->folder);
	ret->pid = spawn((const char *const[]){ "nginx", "-c", config, "-e", log, NULL });
	/* It writes the number once it listens. */
	while (access(pid, F_OK) != 0) {
		ck_assert_msg(waitpid(ret->pid, NULL, WNOHANG) == 0, "nginx has ended");
		usleep(10000);
	}
}

static void site_stop(const struct site *s)
{
	kill(s->pid, SIGTERM);
	ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
	run((const char *const[]){ "rm", "-r", s->folder, NULL });
}

static struct answer *ask(const struct site *s)
{
	return client_send(&(struct call){ .method = "GET", .path = WHERE, .base = s->base });
}

START_TEST(one_address_gets_its_burst_and_its_rate)
{
	int64_t began_us = clock_boot_us();
	struct site s;
	int n = 0;

	site_start(&s, "s,rate=[0-9]*r/s,rate=1r/s,; s,burst=[0-9]*,burst=5,");
	for (int i = 0; i < ASKED; i++) {
		CLEANUP(answer_free) struct answer *a = ask(&s);

		n += a->status == 200;
		if (a->status == 200)
			continue;
		assert_problem(a, 429, "rate_limited");
		ck_assert_str_eq(answer_header(a, "Retry-After"), "1");
	}
	ck_assert_msg(n > BURST && n <= BURST + 1 + (clock_boot_us() - began_us) / US_PER_S, "%d",
		      n);
	site_stop(&s);
}
END_TEST

/* A request whose body never comes. */
static pid_t hang(const struct site *s)
{
	static const char head[] = "POST " WHERE " HTTP/1.1\r\nHost: localhost\r\n"
				   "Content-Length: 10\r\n\r\n";
	pid_t child = fork();

	if (child == 0) {
		setenv("CARILLON_URL", s->base, 1);
		free(wire_ask(head, sizeof(head) - 1));
		_exit(0);
	}
	return child;
}

static void let_go(pid_t child)
{
	kill(child, SIGKILL); /* libcheck has its own way with SIGTERM */
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(one_address_has_so_many_requests_at_a_time)
{
	struct answer *a = NULL;
	struct site s;
	pid_t held = 0;

	site_start(&s, "s,limit_conn carillon_conn [0-9]*,limit_conn carillon_conn 1,");
	/* Each time it gets longer to arrive; two at once might refuse the one that is to stay. */
	for (unsigned i = 1; i <= TRIES && (!a || a->status == 200); i++) {
		if (held)
			let_go(held);
		held = hang(&s);
		usleep(i * 50000);
		answer_free(a);
		a = ask(&s);
	}
	assert_problem(a, 429, "rate_limited");
	answer_free(a);
	let_go(held);
	while (a = ask(&s), a->status == 429)
		answer_free(a);
	assert_status(a, 200);
	answer_free(a);
	site_stop(&s);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ one_address_gets_its_burst_and_its_rate, 0 },
		{ one_address_has_so_many_requests_at_a_time, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "address_limit",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_CONF"),
		.cases = cases,
	});
}

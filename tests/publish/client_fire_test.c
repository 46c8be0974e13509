/* SPDX-License-Identifier: Apache-2.0 */
/* The one call that must not be sent twice: one connection, one request, and not past its deadline. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"
#include "support/suite.h"

static atomic_int fires_seen;

static void take_fires_unanswered(struct peer *p, int fd, int nth)
{
	(void)nth;
	while (peer_read_request(p, fd)) {
		if (has(p, "POST /fire ")) {
			fires_seen++;
			return;
		}
		peer_say(fd, OK_HELLO);
	}
}

START_TEST(fire_unanswered_is_sent_exactly_once)
{
	struct peer *p = peer_start(take_fires_unanswered);
	struct http_request *r;
	struct outcome o;

	fires_seen = 0;
	r = request(VERB_POST, peer_url(p, "/fire"));
	/* a script serves one connection at a time: the kept one must be gone or it would starve */
	http_request_form(r, "creation_id", "1");
	o = run(NET_FIRE, r, 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert(!o.reply.timed_out);
	ck_assert_int_eq(fires_seen, 1);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* Two connections at once: the first is kept by the client, the fire must not travel on it. */
static void serve_two(struct peer *p, int fd, int nth)
{
	char byte;

	if (peer_read_request(p, fd))
		peer_say(fd, nth == 0 ? OK_HELLO : "");
	if (nth > 0) {
		fires_seen++;
		return;
	}
	peer_sleep_ms(300); /* still open when the fire starts */
	if (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
		fires_seen += 10;
}

START_TEST(fire_never_uses_a_kept_connection)
{
	struct peer *p = peer_start(serve_two);
	struct outcome o = run(NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), 0);

	fires_seen = 0;
	outcome_done(&o);
	o = run(NET_FIRE, request(VERB_POST, peer_url(p, "/fire")), 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert_int_eq(fires_seen, 1); /* and not a byte on the kept one */
	ck_assert_int_eq(peer_connections(p), 2);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

static void upload_file(struct http_request *r, const char *path)
{
	http_request_file(r, path, 1000, 5, "video/mp4");
}

static void upload_part(struct http_request *r, const char *path)
{
	http_request_part_file(r, "media",
			       &(struct http_part){ .file_path = path,
						    .file_name = "a.mp4",
						    .mime = "video/mp4",
						    .bytes = -1 });
}

static void upload_pieces(struct http_request *r, const char *path)
{
	http_request_piece_base64(r, path, -1);
}

static void send_once(struct http_request *r, const char *path)
{
	(void)path;
	http_request_form(r, "refresh_token", "r1");
	r->is_once = true;
}

static void (*const singles[])(struct http_request *r, const char *path) = {
	upload_file,
	upload_part,
	upload_pieces,
	send_once,
};

/* On a kept connection that dies, libcurl would send it twice without a word. */
START_TEST(file_is_never_sent_on_a_kept_connection)
{
	struct peer *p = peer_start(serve_two);
	char *path = sparse_file(5000);
	struct outcome o = run(NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), 0);
	struct http_request *r = request(VERB_POST, peer_url(p, "/upload"));

	fires_seen = 0;
	outcome_done(&o);
	singles[_i](r, path);
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert_int_eq(fires_seen, 1);
	ck_assert_int_eq(peer_connections(p), 2);
	outcome_done(&o);
	unlink(path);
	peer_stop(p);
}
END_TEST

static void reset_after_request(struct peer *p, int fd, int nth)
{
	(void)nth;
	peer_read_request(p, fd);
	peer_reset(fd);
}

START_TEST(fire_reset_is_broken)
{
	struct peer *p = peer_start(reset_after_request);
	struct outcome o = run(NET_FIRE, request(VERB_POST, peer_url(p, "/")), 5000);

	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert_int_eq(peer_requests(p), 1);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* ---- deadlines ---- */

START_TEST(fire_past_its_deadline_sends_nothing)
{
	struct peer *p = peer_start(say_hello);
	struct outcome o = { 0 };

	net_start(net, NET_FIRE, request(VERB_POST, peer_url(p, "/")), clock_boot_us() - 1, keep,
		  &o);
	ck_assert_int_eq(o.calls, 0);
	net_poll(net, clock_boot_us() + US_PER_S, -1);
	ck_assert_int_eq(o.calls, 1);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	peer_sleep_ms(50);
	ck_assert_int_eq(peer_connections(p), 0);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* A tenth of it is left to end a call in, before the watchdog ends the process. */
#define DEADLINE_MS 2000

/* The peer is connected but does not speak TLS: the request is never allowed to go. */
START_TEST(fire_stuck_before_sending_ends_alone_at_its_deadline)
{
	struct peer *p = peer_start(hang);
	const char *url = arena_printf(fixture_arena, "https://127.0.0.1:%d/", peer_port(p));
	int64_t before_us = clock_boot_us();
	struct outcome o = run(NET_FIRE, request(VERB_POST, url), DEADLINE_MS);

	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	ck_assert_str_eq(o.reply.failure, "the send deadline passed");
	ck_assert_int_lt(clock_boot_us() - before_us, DEADLINE_MS * US_PER_MS);
	outcome_done(&o);
	peer_sleep_ms(DEADLINE_MS / 5); /* the watchdog must be off: we are still here */
	peer_stop(p);
}
END_TEST

static void read_nothing(struct peer *p, int fd, int nth)
{
	(void)p;
	(void)nth;
	(void)fd;
	peer_sleep_ms(DEADLINE_MS * 2);
}

START_TEST(fire_half_sent_at_its_deadline_is_broken)
{
	struct peer *p = peer_start(read_nothing);
	char *path = sparse_file(256LL << 20);
	struct http_request *r = request(VERB_PUT, peer_url(p, "/"));
	struct outcome o;

	http_request_file(r, path, 0, 256LL << 20, "video/mp4");
	o = run(NET_FIRE, r, DEADLINE_MS);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert_str_eq(o.reply.failure, "the send deadline passed");
	peer_sleep_ms(DEADLINE_MS / 5);
	outcome_done(&o);
	unlink(path);
	peer_stop(p);
}
END_TEST

static void answer_late(struct peer *p, int fd, int nth)
{
	(void)nth;
	peer_read_request(p, fd);
	peer_sleep_ms(600);
	peer_say(fd, OK_HELLO);
}

START_TEST(fire_sent_whole_outlives_its_send_deadline)
{
	struct peer *p = peer_start(answer_late);
	struct http_request *r = request(VERB_POST, peer_url(p, "/"));
	char *path = sparse_file(8 << 20);
	struct outcome o;

	if (_i == 1)
		http_request_form(r, "a", "b");
	if (_i == 2)
		http_request_file(r, path, 0, 8 << 20, "video/mp4");
	if (_i == 3)
		http_request_part_file(r, "f",
				       &(struct http_part){ .file_path = path,
							    .file_name = "f",
							    .mime = "video/mp4",
							    .bytes = -1 });
	o = run(NET_FIRE, r, 300);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	outcome_done(&o);
	o = run(NET_FIRE, request(VERB_GET, "http://127.0.0.1:1/"), 300);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	outcome_done(&o);
	peer_sleep_ms(400); /* with no fire left, nothing is armed */
	unlink(path);
	peer_stop(p);
}
END_TEST

static short carry(int fd, int64_t until_us, net_done_fn *told)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	do {
		net_carry(net, &p, 1, until_us, told);
	} while (!p.revents && clock_boot_us() < until_us);
	return p.revents;
}

/* Something else is the pipe, which says nothing until well after the deadline. */
START_TEST(calls_go_on_while_something_else_is_waited_for)
{
	const int64_t deadline_us = clock_boot_us() + 2 * US_PER_S;
	struct peer *p = peer_start(answer_late);
	struct outcome o = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	net_start(net, NET_FIRE, request(VERB_POST, peer_url(p, "/")), deadline_us, keep, &o);
	ck_assert_int_eq(carry(fds[0], deadline_us + 300 * US_PER_MS, NULL), 0);
	ck_assert_int_ge(clock_boot_us(), deadline_us + 300 * US_PER_MS);
	ck_assert(has(p, "POST / HTTP/1.1\r\n"));
	ck_assert_int_eq(o.calls, 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(carry(fds[0], INT64_MAX, NULL), POLLIN);
	ck_assert_int_eq(o.calls, 0);
	while (o.calls == 0)
		net_poll(net, clock_boot_us() + US_PER_S, -1);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_str_eq(buf_str(&o.reply.body), "hello");
	outcome_done(&o);
	close(fds[0]);
	close(fds[1]);
	peer_stop(p);
}
END_TEST

static void keep_too(void *arg, struct http_reply *reply)
{
	keep(arg, reply);
}

/* The pipe again; of two calls one is told while it is waited for, the other by the next turn. */
START_TEST(whom_it_is_told_to_learns_of_it_meanwhile)
{
	struct peer *one = peer_start(answer_late), *two = peer_start(answer_late);
	struct outcome told = { 0 }, other = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	net_start(net, NET_FIRE, request(VERB_POST, peer_url(one, "/")),
		  clock_boot_us() + 2 * US_PER_S, keep, &told);
	net_start(net, NET_REPEATABLE, request(VERB_GET, peer_url(two, "/")), 0, keep_too, &other);
	ck_assert_int_eq(carry(fds[0], clock_boot_us() + 2 * US_PER_S, keep), 0);
	ck_assert_int_eq(told.calls, 1);
	ck_assert_int_eq(told.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(other.calls, 0);
	net_poll(net, clock_boot_us() + US_PER_S, -1);
	ck_assert_int_eq(told.calls, 1);
	ck_assert_int_eq(other.calls, 1);
	ck_assert_str_eq(buf_str(&other.reply.body), "hello");
	outcome_done(&told);
	outcome_done(&other);
	close(fds[0]);
	close(fds[1]);
	peer_stop(one);
	peer_stop(two);
}
END_TEST

/* Whoever waits may have something to begin in the place of what has ended. */
START_TEST(being_told_ends_the_wait)
{
	struct peer *p = peer_start(say_hello);
	struct pollfd never = { .fd = -1 };
	struct outcome o = { 0 };

	net_start(net, NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), 0, keep, &o);
	net_carry(net, &never, 1, INT64_MAX, keep);
	ck_assert_int_eq(o.calls, 1);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* Of one that has ended and waits to be told nothing is left behind. */
START_TEST(what_has_ended_can_be_cancelled_before_it_is_told)
{
	struct peer *p = peer_start(say_hello);
	struct outcome o = { 0 };
	struct transfer_handle *t;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	t = net_start(net, NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), 0, keep_too, &o);
	ck_assert_int_eq(carry(fds[0], clock_boot_us() + US_PER_S / 2, keep), 0);
	net_cancel(net, t);
	ck_assert_int_eq(net_poll(net, clock_boot_us() + US_PER_S / 10, -1), 0);
	ck_assert_int_eq(o.calls, 0);
	close(fds[0]);
	close(fds[1]);
	peer_stop(p);
}
END_TEST

#define STALL_MS 2000 /* time enough to get as far as the stall on a busy machine */

/* A child that stalls with an unsent fire; returns its wait status. */
static int stalled_child(const char *url, int deadline_ms, int warm_ms)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct problem why = { 0 };
		struct outcome o = { 0 };
		struct net *own = NULL;

		if (net_open(&cfg, &own, &why) < 0)
			_exit(3);
		net_start(own, NET_FIRE, request(VERB_POST, url),
			  clock_boot_us() + deadline_ms * US_PER_MS, keep, &o);
		if (warm_ms)
			net_poll(own, clock_boot_us() + warm_ms * US_PER_MS, -1);
		raise(SIGSTOP);
		while (net_poll(own, INT64_MAX, -1) > 0)
			;
		_exit(4);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(process_stopped_with_an_unsent_fire_is_killed_and_sends_nothing)
{
	struct peer *p = peer_start(hang);
	const char *url = arena_printf(fixture_arena, "%s://127.0.0.1:%d/", _i ? "https" : "http",
				       peer_port(p));
	int64_t before_us = clock_boot_us(), took_us;
	int status = stalled_child(url, STALL_MS, _i ? 100 : 0);

	took_us = clock_boot_us() - before_us;
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_ge(took_us, (STALL_MS - 50) * US_PER_MS);
	ck_assert_int_lt(took_us, (STALL_MS + 1100) * US_PER_MS);
	peer_sleep_ms(50);
	ck_assert_int_eq(peer_requests(p), 0);
	ck_assert_int_eq(peer_connections(p), _i);
	peer_stop(p);
}
END_TEST

/* 12290 bytes: one whole block, and a rest that needs padding. */
START_TEST(pieces_are_one_body_of_texts_and_base64)
{
	struct peer *p = peer_start(say_hello);
	char *path = sparse_file(12290);
	struct http_request *r = request(VERB_POST, peer_url(p, "/"));
	struct outcome o;

	http_request_header(r, "Content-Type", "application/json");
	http_request_piece(r, "{\"data\":\"");
	http_request_piece_base64(r, path, -1);
	http_request_piece(r, "\"}");
	o = run(NET_FIRE, r, 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(peer_body_bytes(p), 9 + 16388 + 2);
	ck_assert(has(p, "\r\nContent-Length: 16399\r\n") && !has(p, "chunked"));
	ck_assert(has(p, "\r\n\r\n{\"data\":\"AAAA") && has(p, "AAAAAGJlZ2luAAAA"));
	ck_assert(has(p, "AAAAAABlbmQ=\"}"));
	outcome_done(&o);
	r = request(VERB_POST, peer_url(p, "/"));
	http_request_piece(r, "x");
	http_request_piece_base64(r, path, 12291);
	o = run(NET_FIRE, r, 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	outcome_done(&o);
	unlink(path);
	peer_stop(p);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fire_unanswered_is_sent_exactly_once, 0 },
		{ fire_never_uses_a_kept_connection, 0 },
		{ file_is_never_sent_on_a_kept_connection, (int)ARRAY_LEN(singles) },
		{ fire_reset_is_broken, 0 },
		{ fire_past_its_deadline_sends_nothing, 0 },
		{ fire_stuck_before_sending_ends_alone_at_its_deadline, 0 },
		{ fire_half_sent_at_its_deadline_is_broken, 0 },
		{ pieces_are_one_body_of_texts_and_base64, 0 },
		{ fire_sent_whole_outlives_its_send_deadline, 4 },
		{ calls_go_on_while_something_else_is_waited_for, 0 },
		{ whom_it_is_told_to_learns_of_it_meanwhile, 0 },
		{ being_told_ends_the_wait, 0 },
		{ what_has_ended_can_be_cancelled_before_it_is_told, 0 },
		{ process_stopped_with_an_unsent_fire_is_killed_and_sends_nothing, 2 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "client_fire",
					.setup = fixture_setup,
					.teardown = fixture_teardown,
					.timeout_s = 20,
					.cases = cases };

	return suite_run(&suite);
}

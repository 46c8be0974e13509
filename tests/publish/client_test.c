/* SPDX-License-Identifier: Apache-2.0 */
/* The transfer loop against servers that misbehave: verdicts, caps, streaming, the loop itself. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"

/* ---- replies ---- */

START_TEST(reply_whole_is_replied)
{
	struct peer *p = peer_start(say_hello);
	struct http_request *r = request(VERB_PATCH, peer_url(p, "/x?y=1"));
	struct outcome o;

	http_request_header(r, "X-Empty", "%s", "");
	http_request_bearer(r, "tok");
	http_request_json(r, json_pack("{s:i}", "a", 1));
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(o.reply.status, 200);
	ck_assert_str_eq(buf_str(&o.reply.body), "hello");
	ck_assert_str_eq(http_reply_header(&o.reply, fixture_arena, "x-a"), "b");
	ck_assert(o.reply.sent_us > 0 && o.reply.done_us >= o.reply.sent_us);
	ck_assert(has(p, "PATCH /x?y=1 HTTP/1.1\r\n"));
	ck_assert(has(p, "\r\nX-Empty:\r\n"));
	ck_assert(has(p, "\r\nAuthorization: Bearer tok\r\n"));
	ck_assert(has(p, "\r\nContent-Type: application/json\r\n"));
	ck_assert(has(p, "{\"a\":1}"));
	ck_assert(!has(p, "Accept-Encoding") && !has(p, "Expect"));
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

static const struct {
	enum http_verb verb;
	const char *line, *length;
} bodiless[] = {
	{ VERB_GET, "GET / HTTP/1.1\r\n", NULL },
	{ VERB_DELETE, "DELETE / HTTP/1.1\r\n", NULL },
	{ VERB_POST, "POST / HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
	{ VERB_PUT, "PUT / HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
};

START_TEST(request_without_body_says_so)
{
	struct peer *p = peer_start(say_hello);
	struct outcome o = run(NET_REPEATABLE, request(bodiless[_i].verb, peer_url(p, "/")), 0);

	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert(has(p, bodiless[_i].line));
	ck_assert(bodiless[_i].length ? has(p, bodiless[_i].length) : !has(p, "Content-Length"));
	ck_assert(!has(p, "Content-Type"));
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

static _Atomic(const char *) scripted;

static void say_scripted(struct peer *p, int fd, int nth)
{
	(void)nth;
	if (peer_read_request(p, fd))
		peer_say(fd, scripted);
}

static const struct {
	const char *name, *answer;
	enum transfer transfer;
	int status;
	const char *body;
} answers[] = {
	{ "nothing", "", TRANSFER_BROKEN, 0, "" },
	{ "truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", TRANSFER_BROKEN, 200,
	  "short" },
	{ "length too small", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcdef",
	  TRANSFER_REPLIED, 200, "ab" },
	{ "length absurd", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\na",
	  TRANSFER_BROKEN, 200, "a" },
	{ "length negative", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\na", TRANSFER_BROKEN, 200,
	  "" },
	{ "head cut", "HTTP/1.1 200 OK\r\nContent-Le", TRANSFER_BROKEN, 200, "" },
	{ "head not ended", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", TRANSFER_BROKEN, 200, "" },
	{ "interim only", "HTTP/1.1 103 Hints\r\n\r\n", TRANSFER_BROKEN, 103, "" },
	{ "chunk cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	  TRANSFER_BROKEN, 200, "ab" },
	{ "not HTTP", "hello there\r\n", TRANSFER_BROKEN, 0, "" },
	{ "redirect", "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
	  TRANSFER_REPLIED, 302, "" },
	{ "server error", "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx", TRANSFER_REPLIED, 503,
	  "x" },
	{ "hints first", "HTTP/1.1 103 Hints\r\nX-A: early\r\n\r\n" OK_HELLO, TRANSFER_REPLIED, 200,
	  "hello" },
	{ "packed",
	  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b!",
	  TRANSFER_REPLIED, 200, "\x1f\x8b!" },
};

START_TEST(answer_is_judged)
{
	enum net_class classes[] = { NET_REPEATABLE, NET_FIRE };

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		struct peer *p = peer_start(say_scripted);
		struct outcome o;

		scripted = answers[_i].answer;
		o = run(classes[i], request(VERB_POST, peer_url(p, "/")), 5000);
		ck_assert_msg(o.reply.transfer == answers[_i].transfer, "%s: %d %s",
			      answers[_i].name, (int)o.reply.transfer, o.reply.failure);
		ck_assert_msg(o.reply.status == answers[_i].status, "%s: %d", answers[_i].name,
			      o.reply.status);
		ck_assert_msg((o.reply.failure != NULL) == (o.reply.transfer != TRANSFER_REPLIED),
			      "%s", answers[_i].name);
		ck_assert_str_eq(buf_str(&o.reply.body), answers[_i].body);
		ck_assert_int_eq(peer_requests(p), 1);
		ck_assert_int_eq(peer_connections(p), 1);
		outcome_done(&o);
		peer_stop(p);
	}
}
END_TEST

static void say_endless(struct peer *p, int fd, int nth)
{
	char piece[1024];

	(void)nth;
	memset(piece, 'a', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	if (!peer_read_request(p, fd))
		return;
	peer_say(fd, scripted);
	for (int i = 0; i < 10000; i++)
		peer_say(fd, piece);
}

START_TEST(reply_too_large_is_broken)
{
	static const char *const starts[] = { "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: " };
	struct peer *p = peer_start(say_endless);
	struct http_request *r = request(VERB_GET, peer_url(p, "/"));
	struct outcome o;

	r->reply_max_bytes = 5000;
	scripted = starts[_i];
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert_uint_le(o.reply.body.len, 5000);
	ck_assert_uint_le(o.reply.headers.len, 128 * 1024);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

static int sink_take(void *arg, const void *data, size_t n)
{
	struct buf *to = arg;

	buf_add(to, data, n);
	return to->len > 5 ? -1 : 0;
}

START_TEST(sink_takes_the_body_of_success_only)
{
	struct peer *p = peer_start(say_scripted);
	struct http_request *r = request(VERB_GET, peer_url(p, "/"));
	struct buf got = BUF_INIT;
	struct outcome o;

	r->sink = sink_take;
	r->sink_arg = &got;
	scripted = OK_HELLO;
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_str_eq(buf_str(&got), "hello");
	ck_assert_uint_eq(o.reply.body.len, 0);
	ck_assert_int_eq(o.reply.body_bytes, 5);
	outcome_done(&o);
	scripted = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nlost";
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_str_eq(buf_str(&got), "hello");
	ck_assert_str_eq(buf_str(&o.reply.body), "lost");
	outcome_done(&o);
	scripted = OK_HELLO; /* a sink that gives up ends the transfer */
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	outcome_done(&o);
	buf_done(&got);
	peer_stop(p);
}
END_TEST

/* ---- connections that break ---- */

static void say_hello_once_then_die(struct peer *p, int fd, int nth)
{
	if (nth > 0) {
		say_hello(p, fd, nth);
		return;
	}
	if (peer_read_request(p, fd))
		peer_say(fd, OK_HELLO);
	peer_read_request(p, fd); /* taken on the kept connection, never answered */
}

START_TEST(kept_connection_dying_is_repeated_only_for_repeatable)
{
	struct peer *p = peer_start(say_hello_once_then_die);
	struct outcome o = run(NET_REPEATABLE, request(VERB_GET, peer_url(p, "/1")), 0);

	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	outcome_done(&o);
	o = run(NET_REPEATABLE, request(VERB_GET, peer_url(p, "/2")), 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(peer_requests(p), 3); /* libcurl repeated the second by itself */
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

START_TEST(connect_refused_is_not_sent)
{
	struct peer *p = peer_start(say_hello);
	const char *url = arena_strdup(fixture_arena, peer_url(p, "/"));
	struct outcome o;

	peer_stop(p);
	o = run(_i ? NET_FIRE : NET_REPEATABLE, request(VERB_POST, url), 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	ck_assert_str_eq(o.reply.failure, "could not connect");
	outcome_done(&o);
}
END_TEST

START_TEST(name_unknown_is_not_sent)
{
	struct outcome o = run(NET_FIRE, request(VERB_POST, "http://no-such-host.invalid/"), 5000);

	ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
	outcome_done(&o);
}
END_TEST

static const char *const bad_urls[] = {
	"file:///etc/passwd",
	"gopher://127.0.0.1/",
	"ftp://127.0.0.1/",
	"http://u:p@127.0.0.1/",
	"http://u@127.0.0.1/",
	"//127.0.0.1/",
	"127.0.0.1",
	"",
	"http://",
	"data:,x",
	"https://a b/",
	"http://[::1",
};

START_TEST(url_unusable_is_not_sent)
{
	enum net_class classes[] = { NET_REPEATABLE, NET_FIRE, NET_USER };

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		struct outcome o = run(classes[i], request(VERB_GET, bad_urls[_i]), 5000);

		ck_assert_msg(o.reply.transfer == TRANSFER_NOT_SENT, "%s", bad_urls[_i]);
		ck_assert_str_eq(o.reply.failure, "the URL is not usable");
		outcome_done(&o);
	}
}
END_TEST

START_TEST(server_hanging_times_out)
{
	struct peer *p = peer_start(hang);
	struct http_request *r = request(VERB_POST, peer_url(p, "/"));
	struct outcome o;

	r->timeout_ms = 300;
	o = run(_i ? NET_FIRE : NET_REPEATABLE, r, 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_BROKEN);
	ck_assert(o.reply.timed_out);
	ck_assert_int_ge(o.reply.done_us - o.reply.sent_us, 250 * US_PER_MS);
	ck_assert_int_le(o.reply.done_us - o.reply.sent_us, 2 * US_PER_S);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* ---- users' URLs ---- */

START_TEST(user_url_inside_opens_no_connection)
{
	static const char *const hosts[] = { "127.0.0.1", "127.1",     "2130706433",
					     "0x7f.1",    "localhost", "[::ffff:127.0.0.1]",
					     "0" };
	struct peer *p = peer_start(say_hello);

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const char *url =
			arena_printf(fixture_arena, "http://%s:%d/", hosts[i], peer_port(p));
		struct outcome o = run(NET_USER, request(VERB_GET, url), 0);

		ck_assert_msg(o.reply.transfer == TRANSFER_NOT_SENT, "%s", url);
		ck_assert_str_eq(o.reply.failure, "the address is not allowed");
		outcome_done(&o);
	}
	peer_sleep_ms(50);
	ck_assert_int_eq(peer_connections(p), 0);
	peer_stop(p);
}
END_TEST

START_TEST(user_url_in_an_allowed_network_is_fetched)
{
	struct peer *p = peer_start(say_scripted);
	struct problem why = { 0 };
	struct outcome o;

	net_free(net);
	cfg.fetch_allow = arena_printf(fixture_arena, "127.0.0.0/8:%d", peer_port(p));
	ck_assert_int_eq(net_open(&cfg, &net, &why), 0);
	scripted = OK_HELLO;
	for (int i = 0; i < 2; i++) {
		o = run(NET_USER, request(VERB_GET, peer_url(p, "/")), 0);
		ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
		outcome_done(&o);
	}
	ck_assert_int_eq(peer_connections(p), 2); /* nothing is kept for the next user */
	peer_stop(p);
}
END_TEST

START_TEST(settings_wrong_are_refused)
{
	struct config wrong = cfg;
	struct problem why = { 0 };
	struct net *none = NULL;

	wrong.fetch_allow = "localhost";
	ck_assert_int_eq(net_open(&wrong, &none, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_NOT_CONFIGURED);
	wrong = cfg;
	wrong.net_ca_file = "/nonexistent/ca.pem";
	ck_assert_int_eq(net_open(&wrong, &none, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_NOT_CONFIGURED);
	ck_assert_ptr_null(none);
}
END_TEST

/* ---- files ---- */

static long peak_kib(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	if (f)
		fclose(f);
	return kib;
}

START_TEST(file_of_1_gib_streams_in_constant_memory)
{
	const int64_t bytes = 1LL << 30;
	struct peer *p = peer_start(say_hello);
	char *path = sparse_file(bytes);
	struct http_request *r = request(_i ? VERB_POST : VERB_PUT, peer_url(p, "/"));
	struct http_request *first = request(VERB_GET, peer_url(p, "/"));
	struct outcome o;
	long before_kib;

	first->is_once = true; /* the peer serves one connection after another */
	o = run(NET_REPEATABLE, first, 0);
	before_kib = peak_kib();
	outcome_done(&o);
	if (_i)
		http_request_part_file(r, "media",
				       &(struct http_part){ .file_path = path,
							    .file_name = "x.mp4",
							    .mime = "video/mp4",
							    .bytes = -1 });
	else
		http_request_file(r, path, 0, bytes, "video/mp4");
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_ge(peer_body_bytes(p), bytes);
	ck_assert_int_le(peer_body_bytes(p), bytes + 1000);
	ck_assert_int_lt(peak_kib() - before_kib, 16 * 1024);
	outcome_done(&o);
	unlink(path);
	peer_stop(p);
}
END_TEST

START_TEST(slices_are_sent_exactly)
{
	struct peer *p = peer_start(say_scripted);
	char *path = sparse_file(5000);
	struct http_request *r = request(VERB_PUT, peer_url(p, "/"));
	struct outcome o;

	scripted = OK_HELLO;
	http_request_file(r, path, 1000, 5, "video/mp4");
	o = run(NET_REPEATABLE, r, 0);
	ck_assert_int_eq(peer_body_bytes(p), 5);
	ck_assert(has(p, "\r\nContent-Type: video/mp4\r\n") && has(p, "\r\n\r\nbegin"));
	outcome_done(&o);
	r = request(VERB_POST, peer_url(p, "/"));
	http_request_part(r, "command", "APPEND");
	http_request_part_file(r, "media",
			       &(struct http_part){ .file_path = path,
						    .file_name = "a\"b.mp4",
						    .mime = "video/mp4",
						    .offset = 4997,
						    .bytes = -1 });
	o = run(NET_FIRE, r, 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert(has(p, "name=\"command\"\r\n\r\nAPPEND\r\n"));
	ck_assert(has(p, "filename=\"a%22b.mp4\"\r\nContent-Type: video/mp4\r\n\r\nend\r\n--"));
	outcome_done(&o);
	unlink(path);
	peer_stop(p);
}
END_TEST

START_TEST(file_missing_or_short_is_not_sent)
{
	struct peer *p = peer_start(say_hello);
	char *path = sparse_file(5000);
	const char *paths[] = { "/nonexistent", path, "/tmp", path };
	int64_t lengths[] = { 1, 5001, 1, -1 }, offsets[] = { 0, 0, 0, 5001 };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct http_request *r = request(VERB_PUT, peer_url(p, "/"));
		struct outcome o;

		http_request_file(r, paths[i], offsets[i], lengths[i], "video/mp4");
		o = run(NET_FIRE, r, 5000);
		ck_assert_int_eq(o.reply.transfer, TRANSFER_NOT_SENT);
		outcome_done(&o);
	}
	ck_assert_int_eq(peer_connections(p), 0);
	unlink(path);
	peer_stop(p);
}
END_TEST

/* ---- the loop ---- */

/* How late it is belongs to the benchmark; a fire before its instant would be wrong anywhere. */
START_TEST(wake_up_is_never_early)
{
	for (int i = 0; i < 50; i++) {
		int64_t at_us = clock_boot_us() + 2345;

		net_poll(net, at_us, -1);
		ck_assert_int_ge(clock_boot_us(), at_us);
	}
}
END_TEST

START_TEST(extra_descriptor_ends_the_wait)
{
	int64_t before_us = clock_boot_us();
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	net_poll(net, before_us + 5 * US_PER_S, fds[0]);
	ck_assert_int_lt(clock_boot_us() - before_us, 5 * US_PER_S);
	ck_assert_int_eq(net_poll(net, INT64_MAX, -1), 0); /* nothing to wait for: returns */
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(cancelled_transfer_calls_nobody)
{
	struct peer *p = peer_start(hang);
	struct outcome o = { 0 };
	struct transfer_handle *t;

	t = net_start(net, NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), 0, keep, &o);
	net_poll(net, clock_boot_us() + 50 * US_PER_MS, -1);
	net_cancel(net, t);
	ck_assert_int_eq(net_poll(net, clock_boot_us() + 50 * US_PER_MS, -1), 0);
	net_start(net, NET_REPEATABLE, request(VERB_GET, "nonsense"), 0, keep, &o);
	net_start(net, NET_FIRE, request(VERB_GET, peer_url(p, "/")), clock_boot_us() + US_PER_S,
		  keep, &o); /* ended by teardown */
	ck_assert_int_eq(o.calls, 0);
	net_free(TAKE(net));
	ck_assert_int_eq(o.calls, 0);
	peer_stop(p);
}
END_TEST

START_TEST(perform_waits_for_one_call)
{
	struct peer *p = peer_start(say_hello);
	struct problem why = { 0 };
	struct http_reply reply = { 0 };

	ck_assert_int_eq(
		net_perform(net, NET_REPEATABLE, request(VERB_GET, peer_url(p, "/")), &reply, &why),
		0);
	ck_assert_str_eq(buf_str(&reply.body), "hello");
	http_reply_done(&reply);
	ck_assert_int_eq(
		net_perform(net, NET_REPEATABLE, request(VERB_GET, "nonsense"), &reply, &why), 0);
	ck_assert_int_eq(reply.transfer, TRANSFER_NOT_SENT);
	http_reply_done(&reply);
	ck_assert_int_eq(net_perform(net, NET_FIRE, request(VERB_GET, "http://x/"), &reply, &why),
			 -1);
	peer_stop(p);
}
END_TEST

static TCase *replies_case(void)
{
	TCase *c = tcase_create("replies");

	tcase_add_test(c, reply_whole_is_replied);
	tcase_add_loop_test(c, request_without_body_says_so, 0, ARRAY_LEN(bodiless));
	tcase_add_loop_test(c, answer_is_judged, 0, ARRAY_LEN(answers));
	tcase_add_loop_test(c, reply_too_large_is_broken, 0, 2);
	tcase_add_test(c, sink_takes_the_body_of_success_only);
	tcase_add_test(c, kept_connection_dying_is_repeated_only_for_repeatable);
	tcase_add_loop_test(c, connect_refused_is_not_sent, 0, 2);
	tcase_add_test(c, name_unknown_is_not_sent);
	tcase_add_loop_test(c, url_unusable_is_not_sent, 0, ARRAY_LEN(bad_urls));
	tcase_add_loop_test(c, server_hanging_times_out, 0, 2);
	tcase_add_test(c, user_url_inside_opens_no_connection);
	tcase_add_test(c, user_url_in_an_allowed_network_is_fetched);
	tcase_add_test(c, settings_wrong_are_refused);
	return c;
}

static TCase *limits_case(void)
{
	TCase *c = tcase_create("limits");

	tcase_add_loop_test(c, file_of_1_gib_streams_in_constant_memory, 0, 2);
	tcase_add_test(c, slices_are_sent_exactly);
	tcase_add_test(c, file_missing_or_short_is_not_sent);
	tcase_add_test(c, wake_up_is_never_early);
	tcase_add_test(c, extra_descriptor_ends_the_wait);
	tcase_add_test(c, cancelled_transfer_calls_nobody);
	tcase_add_test(c, perform_waits_for_one_call);
	return c;
}

int main(void)
{
	Suite *s = suite_create("client");
	TCase *cases[] = { replies_case(), limits_case() };
	SRunner *r = srunner_create(s);
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		tcase_add_checked_fixture(cases[i], fixture_setup, fixture_teardown);
		tcase_set_timeout(cases[i], 20);
		suite_add_tcase(s, cases[i]);
	}
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

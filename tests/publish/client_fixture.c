/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_fixture.h"

struct arena *fixture_arena;
struct config cfg;
struct net *net;

void fixture_setup(void)
{
	struct problem why = { 0 };

	fixture_arena = arena_new();
	cfg = (struct config){ .net_ca_file = "",
			       .fetch_allow = "",
			       .net_connect_timeout_ms = 2000,
			       .net_stage_timeout_ms = 20000,
			       .net_fire_timeout_ms = 20000 };
	ck_assert_msg(net_open(&cfg, &net, &why) == 0, "%s", why.detail);
}

void fixture_teardown(void)
{
	net_free(net);
	arena_free(fixture_arena);
}

struct http_request *request(enum http_verb verb, const char *url)
{
	struct http_request *r = http_request_new(fixture_arena, verb, "test.call");

	http_request_url(r, url, "%s", "");
	return r;
}

void keep(void *arg, struct http_reply *reply)
{
	struct outcome *o = arg;

	o->calls++;
	o->reply = *reply;
	reply->body = reply->headers = (struct buf)BUF_INIT;
}

void outcome_done(struct outcome *o)
{
	http_reply_done(&o->reply);
}

struct outcome run(enum net_class class, struct http_request *r, int deadline_ms)
{
	struct outcome o = { 0 };
	int64_t until_us = clock_boot_us() + 60 * US_PER_S;
	int64_t at_us = deadline_ms ? clock_boot_us() + deadline_ms * US_PER_MS : 0;

	net_start(net, class, r, at_us, keep, &o);
	ck_assert_int_eq(o.calls, 0);
	while (net_poll(net, until_us, -1) > 0 && clock_boot_us() < until_us)
		;
	ck_assert_int_eq(o.calls, 1);
	return o;
}

void say_hello(struct peer *p, int fd, int nth)
{
	(void)nth;
	while (peer_read_request(p, fd))
		peer_say(fd, OK_HELLO);
}

bool has(struct peer *p, const char *text)
{
	return strstr(peer_request(p), text) != NULL;
}

void hang(struct peer *p, int fd, int nth)
{
	char byte;

	(void)nth;
	peer_read_request(p, fd);
	while (recv(fd, &byte, 1, 0) > 0)
		;
}

char *sparse_file(int64_t bytes)
{
	char *path = arena_strdup(fixture_arena, "/tmp/net-client-XXXXXX");
	int fd = mkostemp(path, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, bytes), 0);
	ck_assert_int_eq(pwrite(fd, "begin", 5, 1000), 5);
	ck_assert_int_eq(pwrite(fd, "end", 3, bytes - 3), 3);
	close(fd);
	return path;
}

void fixture_folder_make(char *folder)
{
	if (!mkdtemp(folder))
		exit(EXIT_FAILURE); /* before the first case nothing can be asserted */
}

void fixture_folder_remove(const char *folder)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/tmp", folder);
	(void)rmdir(path);
	(void)rmdir(folder);
}

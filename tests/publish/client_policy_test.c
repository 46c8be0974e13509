/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that users name: the address policy holds for calls of every class, for the irreversible one, too. */
#include <check.h>
#include <string.h>

#include "client_fixture.h"
#include "support/suite.h"

static const enum net_class classes[] = { NET_REPEATABLE, NET_FIRE };
#define CLASSES ((int)ARRAY_LEN(classes))

static struct http_request *to_users_host(const char *url)
{
	struct http_request *r = request(VERB_POST, url);

	r->is_to_users_host = true;
	return r;
}

/* The client anew, with these settings of [fetch]. */
static void open_with(bool is_http_allowed, const char *allow)
{
	struct problem why = { 0 };

	net_free(net);
	net = NULL;
	cfg.fetch_http = is_http_allowed;
	cfg.fetch_allow = allow;
	ck_assert_msg(net_open(&cfg, &net, &why) == 0, "%s", why.detail);
}

static const char *rule_for(struct peer *p)
{
	return arena_printf(fixture_arena, "127.0.0.0/8:%d", peer_port(p));
}

static void assert_forbidden(struct outcome *o, const char *url)
{
	ck_assert_msg(o->reply.transfer == TRANSFER_NOT_SENT, "%s", url);
	ck_assert_msg(o->reply.is_forbidden, "%s", url);
	ck_assert_str_eq(o->reply.failure, "the address is not allowed");
	outcome_done(o);
}

START_TEST(host_inside_gets_no_byte)
{
	static const char *const hosts[] = { "127.0.0.1", "127.1", "0x7f.1", "localhost",
					     "[::ffff:127.0.0.1]" };
	struct peer *p = peer_start(say_hello);

	open_with(true, "");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const char *url =
			arena_printf(fixture_arena, "http://%s:%d/", hosts[i], peer_port(p));
		struct outcome o = run(classes[_i], to_users_host(url), 5000);

		assert_forbidden(&o, url);
	}
	peer_sleep_ms(50);
	ck_assert_int_eq(peer_connections(p), 0);
	peer_stop(p);
}
END_TEST

START_TEST(host_behind_a_rule_is_called)
{
	struct peer *p = peer_start(say_hello);
	struct outcome o;

	open_with(true, rule_for(p));
	o = run(classes[_i], to_users_host(peer_url(p, "/")), 5000);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert(!o.reply.is_forbidden);
	ck_assert_int_eq(peer_requests(p), 1);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* A rule opens an address, not a scheme. */
START_TEST(host_is_called_by_http_only_where_that_is_allowed)
{
	struct peer *p = peer_start(say_hello);
	struct outcome o;

	open_with(false, rule_for(p));
	o = run(classes[_i], to_users_host(peer_url(p, "/")), 5000);
	assert_forbidden(&o, "http");
	o = run(classes[_i], request(VERB_POST, peer_url(p, "/")), 5000); /* the operator's own */
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	ck_assert_int_eq(peer_requests(p), 1);
	outcome_done(&o);
	peer_stop(p);
}
END_TEST

/* A connection that an operator's call left open is no way around the policy. */
START_TEST(kept_connection_is_judged_again)
{
	struct peer *p = peer_start(say_hello);
	struct http_request *first = request(VERB_GET, peer_url(p, "/"));
	struct outcome o;

	open_with(true, "");
	o = run(NET_REPEATABLE, first, 0);
	ck_assert_int_eq(o.reply.transfer, TRANSFER_REPLIED);
	outcome_done(&o);
	o = run(NET_REPEATABLE, to_users_host(peer_url(p, "/")), 0);
	assert_forbidden(&o, "kept");
	peer_sleep_ms(50);
	ck_assert_int_eq(peer_requests(p), 1);
	peer_stop(p);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ host_inside_gets_no_byte, CLASSES },
		{ host_behind_a_rule_is_called, CLASSES },
		{ host_is_called_by_http_only_where_that_is_allowed, CLASSES },
		{ kept_connection_is_judged_again, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "client_policy",
		.setup = fixture_setup,
		.teardown = fixture_teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bluesky_bench.h"

#include <check.h>
#include <string.h>

#include "base/clock.h"

struct bench bluesky;
struct connect_start bluesky_begin;
char bluesky_key_text[DPOP_KEY_MAX];

enum step bluesky_step_start(const struct http_reply *last)
{
	return bluesky.app.platform->start(&bluesky_begin, last, &bluesky.result);
}

enum step bluesky_step_connect(const struct http_reply *last)
{
	return bench_connect(&bluesky, last);
}

enum step bluesky_step_sign_in(const struct http_reply *last)
{
	return bluesky.app.platform->sign_in(&bluesky.c, last, &bluesky.result);
}

enum step bluesky_step_renew(const struct http_reply *last)
{
	return bench_renew(&bluesky, last);
}

enum step bluesky_step_revoke(const struct http_reply *last)
{
	return bench_revoke(&bluesky, last);
}

void bluesky_setup(void)
{
	bench_open_for(&bluesky, "bluesky", "");
	bluesky_begin = (struct connect_start){ .arena = bluesky.arena,
						.app = &bluesky.app,
						.server_text = " @Alice.acme.com ",
						.state = "STATE",
						.challenge = "CHALLENGE",
						.now_us = BENCH_NOW_S * US_PER_S,
						.memo = json_object(),
						.kept = json_object() };
	dpop_make(bluesky_key_text);
	bluesky.c.verifier = "VERIFIER";
}

void bluesky_teardown(void)
{
	json_decref(bluesky_begin.memo);
	json_decref(bluesky_begin.kept);
	bench_close(&bluesky);
}

const char *bluesky_sent(void)
{
	static const char *const verbs[] = { "GET", "POST", "PUT", "DELETE", "PATCH" };
	const struct http_request *r = bluesky.result.request;

	return arena_printf(bluesky.arena, "%s %s%s%s", verbs[r->verb], r->url,
			    r->body == BODY_BYTES ? " " : "",
			    r->body == BODY_BYTES ? r->bytes : "");
}

enum step bluesky_walk(enum step (*next)(const struct http_reply *last), const struct line *lines,
		       size_t n)
{
	enum step step = next(NULL);

	for (size_t i = 0; i < n; i++) {
		const struct line *l = &lines[i];

		ck_assert_msg(step == STEP_SEND, "%s instead of %s",
			      bluesky.result.outcome.error.message, l->sends);
		ck_assert_str_eq(bluesky_sent(), l->sends);
		ck_assert_int_eq(bluesky.result.request->is_to_users_host, l->is_users);
		step = next(l->status ? bench_reply_with(&bluesky, l->status,
							 l->headers ? l->headers : "", l->body)
				      : bench_broken(&bluesky));
	}
	return step;
}

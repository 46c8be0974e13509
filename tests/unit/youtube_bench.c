/* SPDX-License-Identifier: Apache-2.0 */
#include "youtube_bench.h"

#include <string.h>

struct bench bench;

static void open_with(const char *scopes, const char *settings)
{
	bench_open_for(&bench, "youtube", settings);
	bench_video(&bench, CONTENT_VIDEO);
	bench.media[0].bytes = SIZE;
	memcpy(bench.media[0].sha256, "abcd", 5);
	bench.post.title = "Bread";
	bench.account.remote_id = "UC123";
	bench.account.scopes = scopes;
	bench.d.due_us = bench.d.now_us + 600 * US_PER_S;
}

void youtube_setup(void)
{
	open_with(YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly " YOUTUBE_SCOPE ".force-ssl",
		  "");
}

void youtube_setup_tail(void)
{
	open_with(YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly", "");
}

void youtube_teardown(void)
{
	bench_close(&bench);
}

void waits(enum step step, int64_t ms)
{
	ck_assert_int_eq(step, STEP_WAIT);
	ck_assert_int_eq(bench.result.wait_us, ms * US_PER_MS);
}

void puts_range(enum step step, const char *range)
{
	bench_sends(&bench, step, PUT);
	ck_assert_str_eq(bench_header(bench.result.request, "Content-Range"), range);
	ck_assert_str_eq(bench_header(bench.result.request, "Authorization"), "Bearer PAGE");
}

enum step opened(void)
{
	ck_assert_int_eq(bench_stage(&bench, NULL), STEP_SEND);
	return bench_stage(&bench, bench_reply_with(&bench, 200, LOCATION, ""));
}

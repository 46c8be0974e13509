/* SPDX-License-Identifier: Apache-2.0 */
/* What the adapters ask about a published post, and how they read the answer. */
#include <check.h>

#include "base/clock.h"
#include "platform_bench.h"
#include "support/suite.h"

static struct bench bench;

struct row {
	const char *platform, *remote_id, *line;
	int status;
	const char *body;
	enum outcome_kind kind;
	struct engagement_counts counts;
};

#define NONE                       \
	{                          \
		-1, -1, -1, -1, -1 \
	}

/* clang-format off */
static const struct row rows[] = {
	{ "instagram", "17901", "GET /v25.0/17901?fields=like_count%2Ccomments_count", 200,
	  "{\"id\":\"17901\",\"like_count\":12,\"comments_count\":3}", OUTCOME_PUBLISHED, { -1, 12, 3, -1, -1 } },
	/* The account hides its likes. */
	{ "instagram", "17901", NULL, 200, "{\"id\":\"17901\",\"comments_count\":0}", OUTCOME_PUBLISHED, { -1, -1, 0, -1, -1 } },
	{ "instagram", "17901", NULL, 500, "{}", OUTCOME_DEFER, NONE },
	{ "instagram", "17901", NULL, 200, "{\"like_count\":\"many\",\"comments_count\":-4}", OUTCOME_PUBLISHED, NONE },
	{ "youtube", "dQw4w9WgXcQ", "GET /youtube/v3/videos?part=statistics&id=dQw4w9WgXcQ", 200,
	  "{\"items\":[{\"statistics\":{\"viewCount\":\"1048576\",\"likeCount\":\"77\",\"commentCount\":\"5\"}}]}",
	  OUTCOME_PUBLISHED, { 1048576, 77, 5, -1, -1 } },
	{ "youtube", "dQw4w9WgXcQ", NULL, 200, "{\"items\":[{\"statistics\":{\"viewCount\":\"-1\",\"likeCount\":\"9999999999999999999999\"}}]}",
	  OUTCOME_PUBLISHED, NONE },
	{ "youtube", "dQw4w9WgXcQ", NULL, 200, "{\"items\":[]}", OUTCOME_REFUSED, NONE },
	{ "youtube", "dQw4w9WgXcQ", NULL, 503, "{}", OUTCOME_DEFER, NONE },
};
/* clang-format on */

static void check_counts(const struct engagement_counts *got, const struct engagement_counts *want)
{
	ck_assert_int_eq(got->views, want->views);
	ck_assert_int_eq(got->likes, want->likes);
	ck_assert_int_eq(got->comments, want->comments);
	ck_assert_int_eq(got->shares, want->shares);
	ck_assert_int_eq(got->saves, want->saves);
}

START_TEST(reading_is_asked_and_understood)
{
	const struct row *row = &rows[_i];
	struct results_reading r = { .remote_id = row->remote_id, .counts = NONE };

	bench_open_for(&bench, row->platform, "");
	bench.account.access_token = bench.account.user_token = "token";
	r.arena = bench.arena;
	r.app = &bench.app;
	r.account = &bench.account;
	r.now_us = clock_real_us();
	bench.result = (struct step_result){ .phase = PHASE_CONFIRM };
	ck_assert_int_eq(bench.app.platform->results(&r, NULL, &bench.result), STEP_SEND);
	if (row->line)
		bench_sends(&bench, STEP_SEND, row->line);
	ck_assert_int_eq(bench.app.platform->results(
				 &r, bench_reply(&bench, row->status, row->body), &bench.result),
			 STEP_DONE);
	ck_assert_int_eq(bench.result.outcome.kind, row->kind);
	check_counts(&r.counts, &row->counts);
	bench_close(&bench);
}
END_TEST

START_TEST(broken_answer_is_asked_again)
{
	struct results_reading r = { .remote_id = "1", .counts = NONE };

	bench_open_for(&bench, _i ? "youtube" : "instagram", "");
	r.arena = bench.arena;
	r.app = &bench.app;
	r.account = &bench.account;
	ck_assert_int_eq(bench.app.platform->results(&r, bench_broken(&bench), &bench.result),
			 STEP_DONE);
	ck_assert_int_ne(bench.result.outcome.kind, OUTCOME_PUBLISHED);
	ck_assert_int_ne(bench.result.outcome.kind, OUTCOME_REFUSED);
	bench_close(&bench);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ reading_is_asked_and_understood, (int)(sizeof(rows) / sizeof(rows[0])) },
		{ broken_answer_is_asked_again, 2 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "results_step",
		.cases = cases,
	});
}

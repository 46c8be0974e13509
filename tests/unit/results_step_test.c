/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the adapters ask about published posts, how they read the answers, and at which ages. Where
 * CARILLON_CONTRACTS names a folder with X's and Pinterest's own documents, their requests must fit.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/results.h"
#include "platform_bench.h"
#include "support/contract.h"
#include "support/suite.h"
#include "json/keep.h"

#define HOUR_US   (3600 * US_PER_S)
#define X_PROBLEM "https://api.twitter.com/2/problems/"

static struct bench bench;

struct row {
	const char *platform, *remote_id, *line;
	int status;
	const char *body;
	enum outcome_kind kind;
	enum results_state state; /* if the outcome is PUBLISHED */
	struct engagement_counts counts;
};

#define NONE                       \
	{                          \
		-1, -1, -1, -1, -1 \
	}
#define OK_ENVELOPE "\"error\":{\"code\":\"ok\",\"message\":\"\",\"log_id\":\"1\"}"
#define TT_LINE                 \
	"POST /v2/video/query/" \
	"?fields=id%2Cview_count%2Clike_count%2Ccomment_count%2Cshare_count "

/* clang-format off */
static const struct row rows[] = {
	{ "instagram", "17901", "GET /v25.0/17901?fields=like_count%2Ccomments_count", 200,
	  "{\"id\":\"17901\",\"like_count\":12,\"comments_count\":3}", OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, 12, 3, -1, -1 } },
	/* The account hides its likes. */
	{ "instagram", "17901", NULL, 200, "{\"id\":\"17901\",\"comments_count\":0}", OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, -1, 0, -1, -1 } },
	{ "instagram", "17901", NULL, 500, "{}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "instagram", "17901", NULL, 200, "{\"like_count\":\"many\",\"comments_count\":-4}", OUTCOME_PUBLISHED, RESULTS_TOLD, NONE },
	{ "youtube", "dQw4w9WgXcQ", "GET /youtube/v3/videos?part=statistics&id=dQw4w9WgXcQ", 200,
	  "{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"statistics\":{\"viewCount\":\"1048576\",\"likeCount\":\"77\",\"commentCount\":\"5\"}}]}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { 1048576, 77, 5, -1, -1 } },
	{ "youtube", "dQw4w9WgXcQ", NULL, 200, "{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"statistics\":{\"viewCount\":\"-1\",\"likeCount\":\"9999999999999999999999\"}}]}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, NONE },
	{ "youtube", "dQw4w9WgXcQ", NULL, 200, "{\"items\":[]}", OUTCOME_PUBLISHED, RESULTS_GONE, NONE },
	/* An answer of another kind proves nothing about the video. */
	{ "youtube", "dQw4w9WgXcQ", NULL, 200, "<html>", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "youtube", "dQw4w9WgXcQ", NULL, 503, "{}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "bluesky", "at://did:plc:a/app.bsky.feed.post/3k", "GET /xrpc/app.bsky.feed.getPosts?uris=at%3A%2F%2Fdid%3Aplc%3Aa%2Fapp.bsky.feed.post%2F3k", 200,
	  "{\"posts\":[{\"uri\":\"at://did:plc:a/app.bsky.feed.post/3k\",\"likeCount\":5,\"replyCount\":2,\"repostCount\":3,\"quoteCount\":4,\"bookmarkCount\":6}]}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, 5, 2, 7, 6 } },
	{ "bluesky", "at://did:plc:a/app.bsky.feed.post/3k", NULL, 200, "{\"posts\":[]}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "bluesky", "at://did:plc:a/app.bsky.feed.post/3k", NULL, 400, "{\"error\":\"ExpiredToken\",\"message\":\"Token has expired\"}", OUTCOME_REFRESH, RESULTS_UNTOLD, NONE },
	{ "bluesky", "at://did:plc:a/app.bsky.feed.post/3k", NULL, 502, "{\"error\":\"UpstreamFailure\"}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", "GET /2/tweets?ids=1990000000000000001&post.fields=public_metrics", 200,
	  "{\"data\":[{\"id\":\"1990000000000000001\",\"text\":\"a\",\"public_metrics\":{\"repost_count\":5,\"quote_count\":2,\"reply_count\":3,"
	  "\"like_count\":40,\"bookmark_count\":6,\"impression_count\":900}}]}", OUTCOME_PUBLISHED, RESULTS_TOLD, { 900, 40, 3, 7, 6 } },
	{ "twitter", "1990000000000000001", NULL, 200,
	  "{\"data\":[{\"id\":\"1990000000000000001\",\"public_metrics\":{\"retweet_count\":4,\"reply_count\":0,\"like_count\":1}}]}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, 1, 0, 4, -1 } },
	{ "twitter", "1990000000000000001", NULL, 200, "{\"data\":[{\"id\":\"1990000000000000001\",\"public_metrics\":{\"quote_count\":4}}]}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, -1, -1, 4, -1 } },
	{ "twitter", "1990000000000000001", NULL, 200, "{\"data\":[{\"id\":\"1990000000000000001\",\"text\":\"a\"}]}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", NULL, 200, "{\"data\":[{\"id\":\"7\",\"public_metrics\":{\"like_count\":4}}]}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", NULL, 200,
	  "{\"errors\":[{\"resource_id\":\"1990000000000000001\",\"parameter\":\"ids\",\"type\":\"" X_PROBLEM "resource-not-found\"}]}",
	  OUTCOME_PUBLISHED, RESULTS_GONE, NONE },
	/* Protected for now. */
	{ "twitter", "1990000000000000001", NULL, 200,
	  "{\"errors\":[{\"resource_id\":\"1990000000000000001\",\"parameter\":\"ids\",\"type\":\"" X_PROBLEM "not-authorized-for-resource\"}]}",
	  OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", NULL, 402, "{\"title\":\"CreditsDepleted\",\"type\":\"" X_PROBLEM "credits\",\"detail\":\"none\"}", OUTCOME_REFUSED, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", NULL, 403, "{\"title\":\"Forbidden\",\"detail\":\"Forbidden\",\"type\":\"about:blank\",\"status\":403}", OUTCOME_REAUTH, RESULTS_UNTOLD, NONE },
	{ "twitter", "1990000000000000001", NULL, 429, "{}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "tiktok", "7301234567890123456", TT_LINE "{\"filters\":{\"video_ids\":[\"7301234567890123456\"]}}", 200,
	  "{\"data\":{\"videos\":[{\"id\":\"7301234567890123456\",\"view_count\":5000000000,\"like_count\":9,\"comment_count\":2,\"share_count\":1}]}," OK_ENVELOPE "}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { 5000000000, 9, 2, 1, -1 } },
	{ "tiktok", "7301234567890123456", NULL, 200, "{\"data\":{\"videos\":[{\"id\":7301234567890123456,\"view_count\":1}]}," OK_ENVELOPE "}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { 1, -1, -1, -1, -1 } },
	/* Private, in moderation or deleted: it does not say. */
	{ "tiktok", "7301234567890123456", NULL, 200, "{\"data\":{\"videos\":[]}," OK_ENVELOPE "}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "tiktok", "7301234567890123456", NULL, 401, "{\"data\":{},\"error\":{\"code\":\"scope_not_authorized\",\"message\":\"\"}}", OUTCOME_REAUTH, RESULTS_UNTOLD, NONE },
	{ "tiktok", "7301234567890123456", NULL, 401, "{\"data\":{},\"error\":{\"code\":\"access_token_invalid\",\"message\":\"\"}}", OUTCOME_REFRESH, RESULTS_UNTOLD, NONE },
	{ "tiktok", "7301234567890123456", NULL, 429, "{\"data\":{},\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"\"}}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "pinterest", "813744226420795884", "GET /v5/pins/813744226420795884?pin_metrics=true", 200,
	  "{\"id\":\"813744226420795884\",\"pin_metrics\":{\"90d\":{\"impression\":1,\"save\":1},\"lifetime_metrics\":{\"impression\":240,\"save\":20,\"pin_click\":37,"
	  "\"reaction\":12,\"comment\":4}}}", OUTCOME_PUBLISHED, RESULTS_TOLD, { 240, 12, 4, -1, 20 } },
	{ "pinterest", "813744226420795884", NULL, 200, "{\"id\":\"813744226420795884\",\"pin_metrics\":{\"90d\":{\"impression\":7,\"save\":2}}}",
	  OUTCOME_PUBLISHED, RESULTS_TOLD, { 7, -1, -1, -1, 2 } },
	{ "pinterest", "813744226420795884", NULL, 200, "{\"id\":\"813744226420795884\",\"pin_metrics\":null}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "pinterest", "813744226420795884", NULL, 404, "{\"code\":50,\"message\":\"Pin not found.\"}", OUTCOME_REFUSED, RESULTS_UNTOLD, NONE },
	{ "pinterest", "813744226420795884", NULL, 401, "{\"code\":3,\"message\":\"Your token does not have sufficient permissions\"}", OUTCOME_REAUTH, RESULTS_UNTOLD, NONE },
	{ "mastodon", "114", "GET /api/v1/statuses/114", 200,
	  "{\"id\":\"114\",\"favourites_count\":4,\"replies_count\":3,\"reblogs_count\":5,\"quotes_count\":2}", OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, 4, 3, 7, -1 } },
	/* Older servers know no quotes. */
	{ "mastodon", "114", NULL, 200, "{\"id\":\"114\",\"favourites_count\":4,\"reblogs_count\":5}", OUTCOME_PUBLISHED, RESULTS_TOLD, { -1, 4, -1, 5, -1 } },
	{ "mastodon", "114", NULL, 200, "{\"id\":\"115\",\"favourites_count\":4}", OUTCOME_PUBLISHED, RESULTS_UNTOLD, NONE },
	{ "mastodon", "114", NULL, 404, "{\"error\":\"Record not found\"}", OUTCOME_PUBLISHED, RESULTS_GONE, NONE },
	{ "mastodon", "114", NULL, 404, "<html>", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
	{ "mastodon", "114", NULL, 401, "{\"error\":\"The access token was revoked\"}", OUTCOME_REAUTH, RESULTS_UNTOLD, NONE },
	{ "pinterest", "813744226420795884", NULL, 429, "{\"code\":8,\"message\":\"You have exceeded your rate limit.\"}", OUTCOME_DEFER, RESULTS_UNTOLD, NONE },
};
/* clang-format on */

static const struct document {
	const char *platform, *file, *prefix, *settings;
} documents[] = {
	{ "twitter", "x/openapi-v2-publish.json", "", "fields_parameter = post.fields\n" },
	{ "pinterest", "pinterest/openapi-v5-publish.json", "/v5", "" },
	{ "mastodon", "mastodon/openapi-publish.json", "", "" },
};

static const struct document *document_of(const char *platform)
{
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		if (strcmp(documents[i].platform, platform) == 0)
			return &documents[i];
	}
	return NULL;
}

static void open_for(const char *platform, struct results_post *posts, size_t n,
		     struct results_reading *ret)
{
	const struct document *document = document_of(platform);

	bench_open_for(&bench, platform, document ? document->settings : "");
	bench.account.access_token = bench.account.user_token = "token";
	bench.account.meta =
		json_keep(bench.arena, json_pack("{s:s}", "server", "https://mast.example.com"));
	bench.result = (struct step_result){ .phase = PHASE_CONFIRM };
	*ret = (struct results_reading){
		.arena = bench.arena,
		.app = &bench.app,
		.account = &bench.account,
		.now_us = clock_real_us(),
		.posts = posts,
		.posts_n = n,
	};
}

static enum step step(struct results_reading *r, const struct http_reply *last)
{
	return bench.app.platform->results->read(r, last, &bench.result);
}

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
	struct results_post post = { .remote_id = row->remote_id };
	struct results_reading r;

	open_for(row->platform, &post, 1, &r);
	ck_assert_int_eq(step(&r, NULL), STEP_SEND);
	if (row->line)
		bench_sends(&bench, STEP_SEND, row->line);
	ck_assert_int_eq(step(&r, bench_reply(&bench, row->status, row->body)), STEP_DONE);
	ck_assert_int_eq(bench.result.outcome.kind, row->kind);
	ck_assert_int_eq(post.state, row->state);
	if (row->state == RESULTS_TOLD)
		check_counts(&post.counts, &row->counts);
	bench_close(&bench);
}
END_TEST

static const char *const names[] = { "instagram", "youtube",   "twitter",
				     "tiktok",    "pinterest", "mastodon" };

START_TEST(broken_answer_is_asked_again)
{
	struct results_post post = { .remote_id = "1" };
	struct results_reading r;

	open_for(names[_i], &post, 1, &r);
	ck_assert_int_eq(step(&r, bench_broken(&bench)), STEP_DONE);
	ck_assert_int_eq(bench.result.outcome.kind, OUTCOME_DEFER);
	ck_assert_int_eq(post.state, RESULTS_UNTOLD);
	bench_close(&bench);
}
END_TEST

/* What the platforms' own documents say of it; one that is not at hand judges nothing. */
START_TEST(request_fits_the_platforms_own_document)
{
	const struct document *document = &documents[_i];
	json_t *doc = contract_load(document->file);
	struct results_post posts[] = { { .remote_id = "1990000000000000001" },
					{ .remote_id = "1990000000000000002" } };
	struct results_reading r;
	const char *why;

	open_for(document->platform, posts, 1, &r);
	if (bench.app.platform->results->most > 1)
		r.posts_n = 2;
	ck_assert_int_eq(step(&r, NULL), STEP_SEND);
	why = doc ? contract_request_fault(bench.arena, doc, document->prefix, bench.result.request)
		  : NULL;
	ck_assert_msg(!why, "%s", why);
	json_decref(doc);
	bench_close(&bench);
}
END_TEST

static const struct batch {
	const char *platform, *line, *body;
} batches[] = {
	{ "twitter", "GET /2/tweets?ids=11%2C33%2C44&post.fields=public_metrics",
	  "{\"data\":[{\"id\":\"33\",\"public_metrics\":{\"like_count\":3}},{\"id\":\"11\","
	  "\"public_metrics\":{\"like_count\":1}}]}" },
	{ "tiktok", TT_LINE "{\"filters\":{\"video_ids\":[\"11\",\"33\",\"44\"]}}",
	  "{\"data\":{\"videos\":[{\"id\":\"33\",\"like_count\":3},{\"id\":\"11\","
	  "\"like_count\":1}]}," OK_ENVELOPE "}" },
};

/* One call for all; each gets its own counts, whatever the order of the answer. */
START_TEST(posts_are_read_together)
{
	const struct batch *b = &batches[_i];
	struct results_post posts[] = { { .remote_id = "11" },
					{ .remote_id = "v_inbox_file~v2.22" },
					{ .remote_id = "33" },
					{ .remote_id = "44" } };
	struct results_reading r;

	open_for(b->platform, posts, ARRAY_LEN(posts), &r);
	bench_sends(&bench, step(&r, NULL), b->line);
	ck_assert_int_eq(step(&r, bench_reply(&bench, 200, b->body)), STEP_DONE);
	ck_assert_int_eq(bench.result.outcome.kind, OUTCOME_PUBLISHED);
	ck_assert_int_eq(posts[0].state, RESULTS_TOLD);
	ck_assert_int_eq(posts[0].counts.likes, 1);
	ck_assert_int_eq(posts[1].state, RESULTS_GONE);
	ck_assert_int_eq(posts[2].state, RESULTS_TOLD);
	ck_assert_int_eq(posts[2].counts.likes, 3);
	ck_assert_int_eq(posts[3].state, RESULTS_UNTOLD);
	bench_close(&bench);
}
END_TEST

START_TEST(missing_video_among_others_is_gone)
{
	struct results_post posts[] = { { .remote_id = "aaaaaaaaaaa" },
					{ .remote_id = "bbbbbbbbbbb" } };
	struct results_reading r;

	open_for("youtube", posts, ARRAY_LEN(posts), &r);
	bench_sends(&bench, step(&r, NULL),
		    "GET /youtube/v3/videos?part=statistics&id=aaaaaaaaaaa%2Cbbbbbbbbbbb");
	ck_assert_int_eq(step(&r, bench_reply(&bench, 200,
					      "{\"items\":[{\"id\":\"bbbbbbbbbbb\",\"statistics\":"
					      "{\"viewCount\":\"2\"}}]}")),
			 STEP_DONE);
	ck_assert_int_eq(posts[0].state, RESULTS_GONE);
	ck_assert_int_eq(posts[1].state, RESULTS_TOLD);
	ck_assert_int_eq(posts[1].counts.views, 2);
	bench_close(&bench);
}
END_TEST

/* Drafts, and posts that the platform never named: no call is made. */
START_TEST(post_without_a_number_is_never_asked_for)
{
	static const char *const asked[] = { "twitter", "tiktok", "pinterest" };
	static const char *const ids[] = { "", "v_pub_file~v2-1.73", "12a" };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct results_post post = { .remote_id = ids[i] };
		struct results_reading r;

		open_for(asked[_i], &post, 1, &r);
		ck_assert_int_eq(step(&r, NULL), STEP_DONE);
		ck_assert_int_eq(bench.result.outcome.kind, OUTCOME_PUBLISHED);
		ck_assert_int_eq(post.state, RESULTS_GONE);
		bench_close(&bench);
	}
}
END_TEST

static const struct age {
	const char *platform, *settings;
	double age_h;
	bool is_due;
	int next_h; /* 0: never */
} ages[] = {
	{ "youtube", "", 0.5, false, 1 },
	{ "youtube", "", 1, true, 24 },
	{ "youtube", "", 30, true, 72 },
	{ "youtube", "", 167.9, true, 168 },
	{ "youtube", "", 168, true, 0 },
	{ "twitter", "", 1, false, 24 },
	{ "twitter", "", 24, true, 0 },
	{ "twitter", "", 1000, true, 0 },
	{ "twitter", "results_ages_h = 6 48\n", 5, false, 6 },
	{ "twitter", "results_ages_h = 6 48\n", 6, true, 48 },
	{ "twitter", "results_ages_h = 48 6\n", 1, false, 6 },
	{ "twitter", "results_ages_h =\n", 1, false, 0 },
	{ "twitter", "results_ages_h = 99999999999999 12\n", 1, false, 12 },
	{ "twitter", "results_ages_h = never\n", 1000, false, 0 },
	{ "pinterest", "", 24, false, 72 },
	{ "pinterest", "", 72, true, 168 },
};

START_TEST(age_decides_when_a_post_is_read)
{
	const struct age *a = &ages[_i];
	const int64_t now_us = BENCH_NOW_S * US_PER_S;
	const int64_t published_us = now_us - (int64_t)(a->age_h * (double)HOUR_US);
	const int64_t next_us = a->next_h ? published_us + a->next_h * HOUR_US : INSTANT_NONE;

	bench_open_for(&bench, a->platform, a->settings);
	ck_assert_int_eq(results_is_due(&bench.app, published_us, now_us), a->is_due);
	ck_assert_int_eq(results_next_us(&bench.app, published_us, now_us), next_us);
	bench_close(&bench);
}
END_TEST

/* Clocks that differ a little do not cost the reading, nor repeat it. */
START_TEST(reading_a_moment_early_counts_for_its_age)
{
	const int64_t now_us = BENCH_NOW_S * US_PER_S;
	const int64_t published_us = now_us - HOUR_US + US_PER_S;

	bench_open_for(&bench, "youtube", "");
	ck_assert(results_is_due(&bench.app, published_us, now_us));
	ck_assert_int_eq(results_next_us(&bench.app, published_us, now_us),
			 published_us + 24 * HOUR_US);
	bench_close(&bench);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ reading_is_asked_and_understood, (int)ARRAY_LEN(rows) },
		{ broken_answer_is_asked_again, (int)ARRAY_LEN(names) },
		{ request_fits_the_platforms_own_document, (int)ARRAY_LEN(documents) },
		{ posts_are_read_together, (int)ARRAY_LEN(batches) },
		{ missing_video_among_others_is_gone, 0 },
		{ post_without_a_number_is_never_asked_for, 3 },
		{ age_decides_when_a_post_is_read, (int)ARRAY_LEN(ages) },
		{ reading_a_moment_early_counts_for_its_age, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "results_step",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform_bench.h"
#include "support/suite.h"

#define ERROR(code, sub) \
	"{\"error\":{\"message\":\"m\",\"code\":" #code ",\"error_subcode\":" #sub "}}"
#define LIST                                                                                \
	"GET /v25.0/1784/media?fields=id%2Ccaption%2Ctimestamp%2Cpermalink%2Cmedia_type%2C" \
	"media_product_type&since=1799999700&limit=25"
#define ROW(id, caption, at, type)                                                           \
	"{\"id\":\"" id "\",\"caption\":\"" caption "\",\"timestamp\":\"" at                 \
	"\",\"media_type\":\"" type                                                          \
	"\",\"media_product_type\":\"FEED\",\"permalink\":\"https://www.instagram.com/p/" id \
	"/\"}"
#define AT_FIRE  "2027-01-15T08:00:03+0000" /* 1800000000 is 2027-01-15T08:00:00Z */
#define LONG_AGO "2027-01-15T07:57:00+0000"

static struct bench b;

static bool taken(void *arg, const char *remote_id)
{
	return strcmp(arg, remote_id) == 0;
}

static void setup(void)
{
	bench_open(&b, "");
	bench_images(&b, CONTENT_IMAGE, 1);
	json_decref(b.d.memo);
	b.d.memo = json_loads("{\"items\":[{\"id\":\"95\",\"made\":1799999000,\"ready\":1}]}", 0,
			      NULL);
}

static void teardown(void)
{
	bench_close(&b);
}

START_TEST(fire_publishes_the_container_and_remembers_the_media)
{
	bench_sends(&b, bench_fire(&b, NULL), "POST /v25.0/1784/media_publish creation_id=95");
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 200, "{\"id\":\"17920000000000009\"}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "17920000000000009");
	ck_assert_str_eq(json_string_value(json_object_get(b.d.memo, "media_id")),
			 "17920000000000009");
}
END_TEST

/* What each reply to a fire proves: only documented rejections prove that nothing happened. */
static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
	enum post_error_code code;
} fires[] = {
	{ 400, ERROR(9007, 2207027), OUTCOME_DEFER, POST_ERROR_PLATFORM },
	{ 400, ERROR(9, 2207042), OUTCOME_DEFER, POST_ERROR_RATE_LIMITED },
	{ 400, ERROR(24, 2207008), OUTCOME_RESTAGE, POST_ERROR_PLATFORM },
	{ 400, ERROR(190, 0), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED },
	{ 400, ERROR(190, 463), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED },
	{ 400, ERROR(190, 460), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 403, ERROR(10, 0), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 403, ERROR(200, 0), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 400, ERROR(299, 5), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 400, ERROR(3, 0), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION },
	{ 400, ERROR(104, 0), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION },
	{ 400, ERROR(80002, 0), OUTCOME_DEFER, POST_ERROR_RATE_LIMITED },
	{ 403, ERROR(4, 0), OUTCOME_DEFER, POST_ERROR_RATE_LIMITED },
	{ 400, ERROR(4, 2207051), OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED },
	{ 403, ERROR(4, 12345), OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED },
	{ 400, ERROR(24, 2207006), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 400, ERROR(100, 33), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 400, ERROR(25, 2207050), OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(368, 0), OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(506, 0), OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(-1, 2207001), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 400, ERROR(1, 0), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 400, ERROR(2, 0), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 400, ERROR(36003, 2207009), OUTCOME_UNKNOWN, POST_ERROR_MEDIA_REJECTED },
	{ 400, ERROR(987654, 1), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 500, ERROR(190, 0), OUTCOME_UNKNOWN, POST_ERROR_TOKEN_EXPIRED },
	{ 502, "<html>Bad gateway</html>", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 429, "", OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED },
	{ 200, "{}", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 200, "{\"success\":true}", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 200, "", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 302, "", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 400, "{\"id\":\"17920000000000009\",\"error\":{\"code\":1}}", OUTCOME_UNKNOWN,
	  POST_ERROR_PLATFORM },
};

START_TEST(fire_error_proves_what_its_row_says)
{
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, fires[_i].status, fires[_i].body)),
		   fires[_i].kind);
	ck_assert_int_eq(b.result.outcome.error.code, fires[_i].code);
	ck_assert_ptr_nonnull(b.result.outcome.error.message);
	if (fires[_i].kind == OUTCOME_UNKNOWN)
		ck_assert_int_eq(b.result.outcome.retry_after_s, 0);
}
END_TEST

START_TEST(fire_after_a_doubt_takes_no_word_about_the_container)
{
	json_object_set_new(b.d.memo, "doubted", json_integer(1));
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 400, ERROR(24, 2207008))), OUTCOME_UNKNOWN);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 400, ERROR(9007, 2207027))), OUTCOME_UNKNOWN);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 400, ERROR(190, 460))), OUTCOME_REAUTH);
}
END_TEST

START_TEST(fire_without_a_container_stages_anew)
{
	json_object_clear(b.d.memo);
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_RESTAGE);
}
END_TEST

START_TEST(confirm_reads_the_address_by_either_token)
{
	json_object_set_new(b.d.memo, "media_id", json_string("77"));
	bench_sends(&b, bench_confirm(&b, NULL),
		    "GET /v25.0/77?fields=id%2Cpermalink%2Cshortcode%2Ctimestamp%2Cmedia_type%2C"
		    "media_product_type");
	ck_assert_int_eq(bench_confirm(&b, bench_reply(&b, 400, ERROR(100, 33))), STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	bench_ends(&b,
		   bench_confirm(&b,
				 bench_reply(&b, 200,
					     "{\"permalink\":\"https://www.instagram.com/p/X/\"}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "77");
	ck_assert_str_eq(b.result.outcome.remote_url, "https://www.instagram.com/p/X/");
}
END_TEST

START_TEST(confirm_never_fails_a_live_post)
{
	enum step step;
	int calls = 0;

	json_object_set_new(b.d.memo, "media_id", json_string("77"));
	step = bench_confirm(&b, NULL);
	while (step != STEP_DONE && calls++ < 20)
		step = bench_confirm(&b, step == STEP_SEND ? bench_reply(&b, 400, ERROR(190, 460))
							   : NULL);
	bench_ends(&b, step, OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_url, "https://www.instagram.com/acmebakery/");
}
END_TEST

/* At the reply to the permalink, with a comment to make. */
static void to_comment(void)
{
	b.post.first_comment = "First!";
	json_object_set_new(b.d.memo, "media_id", json_string("77"));
	ck_assert_int_eq(bench_confirm(&b, NULL), STEP_SEND);
	bench_sends(&b, bench_confirm(&b, bench_reply(&b, 200, "{\"permalink\":\"https://p/\"}")),
		    "POST /v25.0/77/comments message=First%21");
}

START_TEST(comment_lost_on_the_way_is_compared_before_it_is_repeated)
{
	to_comment();
	bench_restart(&b);
	bench_sends(&b, bench_confirm(&b, NULL),
		    "GET /v25.0/77/comments?fields=id%2Ctext&limit=50");
	bench_sends(&b,
		    bench_confirm(&b, bench_reply(&b, 200, "{\"data\":[{\"text\":\"other\"}]}")),
		    "POST /v25.0/77/comments message=First%21");
	ck_assert_int_eq(bench_confirm(&b, bench_broken(&b)), STEP_WAIT);
	bench_sends(&b, bench_confirm(&b, NULL),
		    "GET /v25.0/77/comments?fields=id%2Ctext&limit=50");
	bench_ends(&b, bench_confirm(&b, bench_reply(&b, 200, "{\"data\":[]}")), OUTCOME_PUBLISHED);
}
END_TEST

START_TEST(comment_found_is_not_repeated)
{
	to_comment();
	ck_assert_int_eq(bench_confirm(&b, bench_reply(&b, 503, "")), STEP_WAIT);
	ck_assert_int_eq(bench_confirm(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_confirm(&b, bench_reply(&b, 200, "{\"data\":[{\"text\":\"First!\"}]}")),
		   OUTCOME_PUBLISHED);
}
END_TEST

/* A recovery at the point where the container was read as PUBLISHED. */
static enum step to_list(void)
{
	b.d.fired_us = BENCH_NOW_S * US_PER_S;
	bench_sends(&b, bench_recover(&b, NULL), "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code");
	ck_assert_int_eq(b.result.phase, PHASE_DOUBT);
	return bench_recover(&b, bench_reply(&b, 200, "{\"status_code\":\"PUBLISHED\"}"));
}

/* What is known of the fire once the container is found in that state. */
static void container_proves(const char *code, enum outcome_kind kind)
{
	const char *body = arena_printf(b.arena, "{\"status_code\":\"%s\"}", code);

	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, body)), kind);
}

START_TEST(doubt_about_a_finished_container_is_absence)
{
	static const char *const codes[] = { "FINISHED", "IN_PROGRESS" };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		container_proves(codes[i], OUTCOME_ABSENT);
	/* Published again only after another look at the container. */
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 200, "{\"data\":[{\"quota_usage\":0}]}")),
			 STEP_WAIT);
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code");
	/* It was published after all: staging says so, and nothing is sent. */
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"status_code\":\"PUBLISHED\"}")),
		   OUTCOME_PUBLISHED);
}
END_TEST

START_TEST(doubt_about_a_spoilt_container_stages_anew)
{
	static const char *const codes[] = { "ERROR", "EXPIRED" };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		container_proves(codes[i], OUTCOME_RESTAGE);
}
END_TEST

START_TEST(unreadable_container_proves_nothing)
{
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer USER");
	ck_assert_int_eq(bench_recover(&b, bench_reply(&b, 400, ERROR(100, 33))), STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 400, ERROR(100, 33))), OUTCOME_UNKNOWN);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_broken(&b)), OUTCOME_UNKNOWN);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 400, ERROR(24, 2207008))),
		   OUTCOME_UNKNOWN);
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, "{\"status_code\":\"NEW_WORD\"}")),
		   OUTCOME_UNKNOWN);
}
END_TEST

START_TEST(published_container_is_matched_by_all_marks)
{
	b.d.is_taken = taken;
	b.d.is_taken_arg = (void *)(uintptr_t) "5";
	b.post.caption = "Fresh bread \r\nfor all ";
	bench_sends(&b, to_list(), LIST);
	bench_ends(
		&b,
		bench_recover(
			&b,
			bench_reply(
				&b, 200,
				"{\"data\":[" ROW("1", "Other", AT_FIRE, "IMAGE") "," ROW("2", "Fresh bread\\nfor all", LONG_AGO, "IMAGE") "," ROW(
					"3", "Fresh bread\\nfor all", AT_FIRE,
					"CAROUSEL_ALBUM") "," ROW("4", "Fresh bread\\nfor all",
								  AT_FIRE,
								  "IMAGE") "," ROW("4",
										   "Fresh "
										   "bread\\nfor "
										   "all",
										   AT_FIRE,
										   "IMAGE") "," ROW("5",
												    "Fresh "
												    "bread\\nf"
												    "or all",
												    AT_FIRE,
												    "IMAGE") "]}")),
		OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "4");
	ck_assert_str_eq(b.result.outcome.remote_url, "https://www.instagram.com/p/4/");
}
END_TEST

START_TEST(listing_is_followed_to_its_end)
{
	bench_sends(&b, to_list(), LIST);
	bench_sends(
		&b,
		bench_recover(&b,
			      bench_reply(&b, 200,
					  "{\"data\":[],\"paging\":{\"cursors\":{\"after\":\"A1\"},"
					  "\"next\":\"https://x/?access_token=t\"}}")),
		LIST "&after=A1");
	bench_ends(&b,
		   bench_recover(&b, bench_reply(&b, 200,
						 "{\"data\":[" ROW("3", "Fresh bread", AT_FIRE,
								   "IMAGE") "]}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "3");
}
END_TEST

static const struct {
	const char *body, *slug;
} not_one[] = {
	{ "{\"data\":[]}", "not_listed" },
	{ "{\"data\":[" ROW("3", "Fresh bread", AT_FIRE, "IMAGE") "," ROW("4", "Fresh bread",
									  AT_FIRE, "IMAGE") "]}",
	  "ambiguous" },
};

/* The container is the proof; of several that look like it none is taken for ours. */
START_TEST(published_but_not_told_apart_ends_live_without_address)
{
	static const int64_t waits_s[] = { 60, 300, 1800 };

	for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
		bench_sends(&b, to_list(), LIST);
		bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, not_one[_i].body)),
			   OUTCOME_UNKNOWN);
		ck_assert_str_eq(b.result.outcome.error.platform_code, not_one[_i].slug);
		ck_assert_int_eq(b.result.outcome.retry_after_s, waits_s[i]);
		bench_restart(&b);
	}
	bench_sends(&b, to_list(), LIST);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, not_one[_i].body)),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "");
}
END_TEST

START_TEST(failed_listing_proves_nothing)
{
	bench_sends(&b, to_list(), LIST);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 500, "oops")), OUTCOME_UNKNOWN);
	ck_assert_int_eq(json_integer_value(json_object_get(b.d.memo, "searches")), 0);
}
END_TEST

START_TEST(story_is_looked_for_among_stories)
{
	bench_images(&b, CONTENT_STORY, 1);
	bench_sends(&b, to_list(),
		    "GET /v25.0/1784/stories?fields=id%2Ccaption%2Ctimestamp%2Cpermalink%2C"
		    "media_type%2Cmedia_product_type&limit=25");
	bench_ends(&b,
		   bench_recover(&b, bench_reply(&b, 200,
						 "{\"data\":[{\"id\":\"8\",\"timestamp\":\"" AT_FIRE
						 "\",\"media_product_type\":\"STORY\"}]}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "8");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fire_publishes_the_container_and_remembers_the_media, 0 },
		{ fire_error_proves_what_its_row_says, (int)ARRAY_LEN(fires) },
		{ fire_after_a_doubt_takes_no_word_about_the_container, 0 },
		{ fire_without_a_container_stages_anew, 0 },
		{ confirm_reads_the_address_by_either_token, 0 },
		{ confirm_never_fails_a_live_post, 0 },
		{ comment_lost_on_the_way_is_compared_before_it_is_repeated, 0 },
		{ comment_found_is_not_repeated, 0 },
		{ doubt_about_a_finished_container_is_absence, 0 },
		{ doubt_about_a_spoilt_container_stages_anew, 0 },
		{ unreadable_container_proves_nothing, 0 },
		{ published_container_is_matched_by_all_marks, 0 },
		{ listing_is_followed_to_its_end, 0 },
		{ published_but_not_told_apart_ends_live_without_address, ARRAY_LEN(not_one) },
		{ failed_listing_proves_nothing, 0 },
		{ story_is_looked_for_among_stories, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "instagram_publish",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

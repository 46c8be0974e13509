/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads to X without a network: each request's bytes, resumption, and what ends an upload. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "twitter_bench.h"

#define INITIALIZE "POST /2/media/upload/initialize "
#define BEGUN(id) \
	"{\"data\":{\"id\":\"" id "\",\"media_key\":\"3_" id "\",\"expires_after_secs\":86400}}"
#define DONE(id) "{\"data\":{\"id\":\"" id "\",\"size\":1000,\"expires_after_secs\":86400}}"
#define STATE(id, state, more) \
	"{\"data\":{\"id\":\"" id "\",\"processing_info\":{\"state\":\"" state "\"" more "}}}"

static struct bench b;

static void open_with(const char *extra)
{
	bench_open_for(&b, "twitter", extra);
	b.contract = twitter_contract;
}

static void setup(void)
{
	open_with("chunk_bytes = 65536\n");
}

static void teardown(void)
{
	bench_close(&b);
}

static void appends(enum step step, const char *id, const char *segment, int64_t from, int64_t n)
{
	const struct http_part *first, *file;

	bench_sends(&b, step, arena_printf(b.arena, "POST /2/media/upload/%s/append", id));
	ck_assert_int_eq(b.result.request->body, BODY_MULTIPART);
	first = b.result.request->parts;
	file = first->next;
	ck_assert_str_eq(first->name, "segment_index");
	ck_assert_str_eq(first->value, segment);
	ck_assert_str_eq(file->name, "media");
	ck_assert_str_eq(file->mime, "application/octet-stream");
	ck_assert_int_eq(file->offset, from);
	ck_assert_int_eq(file->bytes, n);
	ck_assert_ptr_null(file->next);
}

static void finalizes(enum step step, const char *id)
{
	bench_sends(&b, step, arena_printf(b.arena, "POST /2/media/upload/%s/finalize {}", id));
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"), "application/json");
}

/* One video of so many bytes, up to the answer to its initialization. */
static enum step begin_video(int64_t bytes)
{
	bench_video(&b, CONTENT_VIDEO);
	b.media[0].bytes = bytes;
	bench_sends(&b, bench_stage(&b, NULL),
		    arena_printf(b.arena,
				 INITIALIZE "{\"media_type\":\"video/mp4\",\"media_category\":"
					    "\"tweet_video\",\"total_bytes\":%lld}",
				 (long long)bytes));
	return bench_stage(&b, bench_reply(&b, 200, BEGUN("9")));
}

START_TEST(text_has_nothing_to_stage)
{
	bench_ends(&b, bench_stage(&b, NULL), OUTCOME_STAGED);
}
END_TEST

START_TEST(images_go_up_one_by_one)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	bench_sends(&b, bench_stage(&b, NULL),
		    INITIALIZE "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
			       "\"total_bytes\":1000}");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	ck_assert_int_eq(b.result.phase, PHASE_STAGE);
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("7"))), "7", "0", 0, 1000);
	finalizes(bench_stage(&b, bench_reply(&b, 204, "")), "7");
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, DONE("7"))),
		    INITIALIZE "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
			       "\"total_bytes\":1000}");
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("8"))), "8", "0", 0, 1000);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "{\"data\":{\"expires_at\":1}}")), "8");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 201, DONE("8"))), OUTCOME_STAGED);
}
END_TEST

START_TEST(alt_text_follows_the_upload_and_is_not_worth_a_failure)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].alt_text = "A \"loaf\"";
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("7"))), "7", "0", 0, 1000);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "7");
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, DONE("7"))),
		    "POST /2/media/metadata {\"id\":\"7\",\"metadata\":{\"alt_text\":{\"text\":"
		    "\"A \\\"loaf\\\"\"}}}");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 400, "{}")), OUTCOME_STAGED);
}
END_TEST

START_TEST(categories_follow_the_file)
{
	static const struct {
		enum media_kind kind;
		const char *mime, *category;
		int duration_ms;
	} rows[] = {
		{ MEDIA_IMAGE, "image/png", "tweet_image", 0 },
		{ MEDIA_IMAGE, "image/gif", "tweet_gif", 0 },
		{ MEDIA_VIDEO, "video/mp4", "tweet_video", 140000 },
		{ MEDIA_VIDEO, "video/quicktime", "amplify_video", 140001 },
	};

	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].kind = rows[_i].kind;
	b.media[0].mime = rows[_i].mime;
	b.media[0].duration_ms = rows[_i].duration_ms;
	bench_sends(&b, bench_stage(&b, NULL),
		    arena_printf(b.arena,
				 INITIALIZE "{\"media_type\":\"%s\",\"media_category\":\"%s\","
					    "\"total_bytes\":1000}",
				 rows[_i].mime, rows[_i].category));
}
END_TEST

START_TEST(video_goes_on_where_it_stopped)
{
	appends(begin_video(65536 * 2 + 10), "9", "0", 0, 65536);
	bench_restart(&b);
	appends(bench_stage(&b, NULL), "9", "0", 0, 65536);
	appends(bench_stage(&b, bench_reply(&b, 200, "")), "9", "1", 65536, 65536);
	bench_ends(&b, bench_stage(&b, bench_broken(&b)), OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_NETWORK);
	bench_restart(&b);
	appends(bench_stage(&b, NULL), "9", "1", 65536, 65536);
	appends(bench_stage(&b, bench_reply(&b, 200, "")), "9", "2", 131072, 10);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
}
END_TEST

START_TEST(processing_is_waited_for_as_x_says)
{
	appends(begin_video(10), "9", "0", 0, 10);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
	bench_sends(&b,
		    bench_stage(&b, bench_reply(&b, 200,
						STATE("9", "pending", ",\"check_after_secs\":7"))),
		    "GET /2/media/upload?command=STATUS&media_id=9");
	ck_assert_int_eq(
		bench_stage(&b, bench_reply(&b, 200,
					    STATE("9", "in_progress", ",\"check_after_secs\":7"))),
		STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, 7 * US_PER_S);
	bench_restart(&b);
	bench_sends(&b, bench_stage(&b, NULL), "GET /2/media/upload?command=STATUS&media_id=9");
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 200, STATE("9", "in_progress", ""))),
			 STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, 5 * US_PER_S);
	bench_sends(&b, bench_stage(&b, NULL), "GET /2/media/upload?command=STATUS&media_id=9");
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 200,
						     STATE("9", "in_progress",
							   ",\"check_after_secs\":900"))),
			 STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, 30 * US_PER_S);
	bench_sends(&b, bench_stage(&b, NULL), "GET /2/media/upload?command=STATUS&media_id=9");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATE("9", "succeeded", ""))),
		   OUTCOME_STAGED);
}
END_TEST

START_TEST(failed_processing_is_final)
{
	appends(begin_video(10), "9", "0", 0, 10);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
	bench_ends(&b,
		   bench_stage(&b,
			       bench_reply(&b, 200,
					   STATE("9", "failed",
						 ",\"error\":{\"code\":1,\"name\":\"InvalidMedia\","
						 "\"message\":\"Unsupported video format\"}"))),
		   OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_MEDIA_REJECTED);
	ck_assert_str_eq(b.result.outcome.error.platform_message, "Unsupported video format");
}
END_TEST

START_TEST(endless_processing_is_uploaded_anew_and_then_given_up)
{
	for (int i = 0; i < 3; i++) {
		appends(i == 0 ? begin_video(10)
			       : bench_stage(&b, bench_reply(&b, 200, BEGUN("9"))),
			"9", "0", 0, 10);
		finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
		bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, STATE("9", "pending", ""))),
			    "GET /2/media/upload?command=STATUS&media_id=9");
		b.d.now_us += 901 * US_PER_S;
		bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATE("9", "in_progress", ""))),
			   i < 2 ? OUTCOME_DEFER : OUTCOME_REFUSED);
		bench_restart(&b);
		ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	}
}
END_TEST

START_TEST(lost_answer_to_finalize_is_asked_for)
{
	appends(begin_video(10), "9", "0", 0, 10);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
	bench_ends(&b, bench_stage(&b, bench_broken(&b)), OUTCOME_DEFER);
	bench_sends(&b, bench_stage(&b, NULL), "GET /2/media/upload?command=STATUS&media_id=9");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATE("9", "succeeded", ""))),
		   OUTCOME_STAGED);
}
END_TEST

START_TEST(finalize_that_never_arrived_is_sent_again)
{
	appends(begin_video(10), "9", "0", 0, 10);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "9");
	bench_ends(&b, bench_stage(&b, bench_broken(&b)), OUTCOME_DEFER);
	bench_sends(&b, bench_stage(&b, NULL), "GET /2/media/upload?command=STATUS&media_id=9");
	finalizes(bench_stage(&b,
			      bench_reply(&b, 400, "{\"errors\":[{\"message\":\"BadRequest\"}]}")),
		  "9");
}
END_TEST

START_TEST(refused_size_halves_the_segments)
{
	static const int statuses[] = { 413, 431 };

	teardown();
	open_with("chunk_bytes = 262144\n");
	appends(begin_video(300000), "9", "0", 0, 262144);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, statuses[_i], "<html>")),
		    INITIALIZE "{\"media_type\":\"video/mp4\",\"media_category\":\"tweet_video\","
			       "\"total_bytes\":300000}");
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("10"))), "10", "0", 0, 131072);
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 413, "")), STEP_SEND);
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("11"))), "11", "0", 0, 65536);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 413, "")), OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_MEDIA_REJECTED);
}
END_TEST

/* X names how long it keeps an upload; a shorter life than we believe counts. */
START_TEST(expired_upload_is_made_anew)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("7"))), "7", "0", 0, 1000);
	finalizes(bench_stage(&b, bench_reply(&b, 200, "")), "7");
	bench_ends(
		&b,
		bench_stage(&b,
			    bench_reply(&b, 200,
					"{\"data\":{\"id\":\"7\",\"expires_after_secs\":3599}}")),
		OUTCOME_STAGED);
	bench_restart(&b);
	b.d.now_us += 3298 * US_PER_S;
	bench_ends(&b, bench_stage(&b, NULL), OUTCOME_STAGED);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	b.d.now_us += 2 * US_PER_S;
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_RESTAGE);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "media_expired");
	bench_sends(&b, bench_stage(&b, NULL),
		    INITIALIZE "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
			       "\"total_bytes\":1000}");
}
END_TEST

START_TEST(forgotten_upload_is_made_anew_twice)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
		appends(bench_stage(&b, bench_reply(&b, 200, BEGUN("7"))), "7", "0", 0, 1000);
		bench_ends(&b,
			   bench_stage(&b, bench_reply(&b, 404, "{\"title\":\"Not Found Error\"}")),
			   i < 2 ? OUTCOME_DEFER : OUTCOME_REFUSED);
		bench_restart(&b);
	}
}
END_TEST

static const struct {
	int status;
	const char *headers, *body;
	enum outcome_kind kind;
	enum post_error_code code;
	int64_t wait_s;
} answers[] = {
	{ 401, "", "{\"title\":\"Unauthorized\"}", OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED, 0 },
	{ 403, "", "{\"title\":\"Forbidden\",\"detail\":\"Forbidden\",\"type\":\"about:blank\"}",
	  OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, 0 },
	{ 402, "", "{\"title\":\"CreditsDepleted\"}", OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  0 },
	{ 503, "", "<html>", OUTCOME_DEFER, POST_ERROR_PLATFORM, 0 },
	{ 429, "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1800000060\r\n", "", OUTCOME_DEFER,
	  POST_ERROR_RATE_LIMITED, 60 },
	/* The short limit has room; the day is used up. */
	{ 429,
	  "x-rate-limit-remaining: 5\r\nx-rate-limit-reset: 1800000060\r\n"
	  "x-user-limit-24hour-remaining: 0\r\nx-user-limit-24hour-reset: 1800003600\r\n",
	  "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, 3600 },
	{ 429,
	  "x-app-limit-24hour-remaining: 0\r\nx-app-limit-24hour-reset: 1900000000\r\n"
	  "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1800000060\r\n",
	  "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, 86400 },
	{ 429, "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1700000000\r\n", "", OUTCOME_DEFER,
	  POST_ERROR_RATE_LIMITED, 900 },
	{ 429, "Retry-After: 17\r\n", "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, 17 },
	{ 429, "", "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, 900 },
};

START_TEST(answer_is_read_with_its_headers)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_stage(&b, bench_reply_with(&b, answers[_i].status, answers[_i].headers,
						    answers[_i].body)),
		   answers[_i].kind);
	ck_assert_int_eq(b.result.outcome.error.code, answers[_i].code);
	ck_assert_int_eq(b.result.outcome.retry_after_s, answers[_i].wait_s);
}
END_TEST

/* Of a thread that is live in part, only what is still to come is kept fresh. */
START_TEST(thread_restages_what_is_left)
{
	json_decref(b.post.options);
	b.post.options =
		json_loads("{\"thread\":[\"two\",{\"text\":\"three\",\"media\":[1]}]}", 0, NULL);
	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.media[1].bytes = 2000;
	b.d.part = 1;
	bench_sends(&b, bench_stage(&b, NULL),
		    INITIALIZE "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
			       "\"total_bytes\":2000}");
	b.d.part = 3;
	json_object_clear(b.d.memo);
	bench_ends(&b, bench_stage(&b, NULL), OUTCOME_STAGED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ text_has_nothing_to_stage, 0 },
		{ images_go_up_one_by_one, 0 },
		{ alt_text_follows_the_upload_and_is_not_worth_a_failure, 0 },
		{ categories_follow_the_file, 4 },
		{ video_goes_on_where_it_stopped, 0 },
		{ processing_is_waited_for_as_x_says, 0 },
		{ failed_processing_is_final, 0 },
		{ endless_processing_is_uploaded_anew_and_then_given_up, 0 },
		{ lost_answer_to_finalize_is_asked_for, 0 },
		{ finalize_that_never_arrived_is_sent_again, 0 },
		{ refused_size_halves_the_segments, 2 },
		{ expired_upload_is_made_anew, 0 },
		{ forgotten_upload_is_made_anew_twice, 0 },
		{ answer_is_read_with_its_headers, (int)ARRAY_LEN(answers) },
		{ thread_restages_what_is_left, 0 },
		{ NULL, 0 },
	};

	return twitter_run(&(struct suite_of){
		.name = "twitter_stage",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

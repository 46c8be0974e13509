/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform_bench.h"
#include "support/suite.h"

#define QUOTA_OK     "{\"data\":[{\"quota_usage\":2,\"config\":{\"quota_total\":50}}]}"
#define STATUS(code) "{\"id\":\"9\",\"status_code\":\"" code "\"}"
#define ERROR(code, sub)                                                           \
	"{\"error\":{\"message\":\"m\",\"code\":" #code ",\"error_subcode\":" #sub \
	",\"fbtrace_id\":\"T\"}}"

#define PROOF_USER "b4fef4bdafc73da3f7127733ed3d1cf826bb990e267bef41013628d3ff97c2a9"
#define PROOF_PAGE "dba3dd617d80353fc33d86fb769b3960ac126efbe5987641ccc6e1deaa7fa876"

static struct bench b;

static void setup(void)
{
	bench_open(&b, "");
}

static void teardown(void)
{
	bench_close(&b);
}

/* The quota call is the same everywhere. */
static enum step stage_start(void)
{
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/1784/content_publishing_limit?fields=config%2Cquota_usage");
	return bench_stage(&b, bench_reply(&b, 200, QUOTA_OK));
}

static void waits(enum step step)
{
	ck_assert_int_eq(step, STEP_WAIT);
	ck_assert_int_gt(b.result.wait_us, 0);
}

START_TEST(image_is_created_polled_and_staged)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].alt_text = "Loaf";
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg"
		    "&caption=Fresh%20bread&alt_text=Loaf");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	ck_assert_int_eq(b.result.phase, PHASE_STAGE);
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"17900000000000001\"}")));
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/17900000000000001?fields=id%2Cstatus%2Cstatus_code");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer USER");
	waits(bench_stage(&b, bench_reply(&b, 200, STATUS("IN_PROGRESS"))));
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/17900000000000001?fields=id%2Cstatus%2Cstatus_code");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))), OUTCOME_STAGED);
	ck_assert_str_eq(b.result.outcome.handle, "17900000000000001");
}
END_TEST

START_TEST(proof_goes_along_with_every_call)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	/* HMAC-SHA256(key "app-secret", "USER") and (..., "PAGE"), by openssl dgst */
	ck_assert_ptr_nonnull(strstr(b.result.request->url, "appsecret_proof=" PROOF_USER));
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 200, QUOTA_OK)), STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "appsecret_proof=" PROOF_PAGE));
}
END_TEST

START_TEST(carousel_is_staged_child_by_child_across_crashes)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media is_carousel_item=true"
		    "&image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg");
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"91\"}")),
		    "POST /v25.0/1784/media is_carousel_item=true"
		    "&image_url=https%3A%2F%2Fpub.example%2Fm%2F1.jpg");
	bench_restart(&b);
	/* The answer was lost with the process: the second child alone is made again. */
	bench_sends(&b, bench_stage(&b, NULL),
		    "POST /v25.0/1784/media is_carousel_item=true"
		    "&image_url=https%3A%2F%2Fpub.example%2Fm%2F1.jpg");
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"92\"}")));
	bench_restart(&b);
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/91?fields=id%2Cstatus%2Cstatus_code");
	waits(bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))));
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/92?fields=id%2Cstatus%2Cstatus_code");
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))),
		    "POST /v25.0/1784/media media_type=CAROUSEL&children=91%2C92"
		    "&caption=Fresh%20bread");
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":93}")));
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/93?fields=id%2Cstatus%2Cstatus_code");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))), OUTCOME_STAGED);
	ck_assert_str_eq(b.result.outcome.handle, "93");
}
END_TEST

/* Brings a reel to the request that carries its bytes. */
static void reel_to_upload(void)
{
	bench_video(&b, CONTENT_VIDEO);
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media media_type=REELS&upload_type=resumable"
		    "&caption=Fresh%20bread&share_to_feed=true");
	bench_sends(
		&b,
		bench_stage(&b, bench_reply(&b, 200,
					    "{\"id\":\"95\",\"uri\":\"https://rupload.facebook.com/"
					    "ig-api-upload/v25.0/95\"}")),
		"POST /ig-api-upload/v25.0/95");
}

static void uploads_from(const char *offset, int64_t length)
{
	const struct http_request *r = b.result.request;

	ck_assert_str_eq(bench_header(r, "Authorization"), "OAuth PAGE");
	ck_assert_str_eq(bench_header(r, "offset"), offset);
	ck_assert_str_eq(bench_header(r, "file_size"), "5000");
	ck_assert_int_eq(r->body, BODY_FILE);
	ck_assert_str_eq(r->path, "/store/video");
	ck_assert_int_eq(r->length, length);
}

START_TEST(reel_bytes_are_pushed)
{
	reel_to_upload();
	uploads_from("0", 5000);
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"success\":true}")));
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))), OUTCOME_STAGED);
}
END_TEST

START_TEST(upload_goes_on_where_it_broke_off)
{
	reel_to_upload();
	bench_ends(&b, bench_stage(&b, bench_broken(&b)), OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_NETWORK);
	bench_restart(&b);
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code%2Cvideo_status");
	bench_sends(
		&b,
		bench_stage(&b, bench_reply(&b, 200,
					    "{\"status_code\":\"IN_PROGRESS\",\"video_status\":"
					    "{\"uploading_phase\":{\"bytes_transferred\":1200}}}")),
		"POST /ig-api-upload/v25.0/95");
	uploads_from("1200", 3800);
	bench_restart(&b);
	/* A process died over it: what arrived is asked again, never guessed. */
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code%2Cvideo_status");
}
END_TEST

START_TEST(upload_never_follows_a_foreign_address)
{
	static const char *const uris[] = {
		"https://evil.example/ig-api-upload",
		"https://rupload.facebook.com.evil.example/x",
		"https://evilfacebook.com/x",
		"http://rupload.facebook.com/x",
		"https://rupload.facebook.com@evil.example/x",
		"https://rupload.facebook.com:444/x",
		"file:///etc/passwd",
	};

	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		json_object_clear(b.d.memo);
		bench_video(&b, CONTENT_VIDEO);
		ck_assert_int_eq(stage_start(), STEP_SEND);
		bench_ends(
			&b,
			bench_stage(&b, bench_reply(&b, 200,
						    arena_printf(b.arena,
								 "{\"id\":\"95\",\"uri\":\"%s\"}",
								 uris[i]))),
			OUTCOME_REFUSED);
		ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONFIGURATION);
	}
}
END_TEST

START_TEST(refused_upload_is_judged_by_its_container)
{
	reel_to_upload();
	waits(bench_stage(&b, bench_reply(&b, 400,
					  "{\"debug_info\":{\"retriable\":false,\"type\":"
					  "\"ProcessingFailedError\",\"message\":\"nope\"}}")));
	b.d.now_us += 61 * US_PER_S;
	bench_sends(&b, bench_stage(&b, NULL),
		    "GET /v25.0/95?fields=id%2Cstatus%2Cstatus_code%2Cvideo_status");
	bench_ends(&b,
		   bench_stage(&b, bench_reply(&b, 200,
					       "{\"status_code\":\"IN_PROGRESS\",\"video_status\":"
					       "{\"uploading_phase\":{\"bytes_transferred\":0}}}")),
		   OUTCOME_DEFER);
	/* A new container, bytes from the start. */
	bench_sends(&b, bench_stage(&b, NULL),
		    "POST /v25.0/1784/media media_type=REELS&upload_type=resumable"
		    "&caption=Fresh%20bread&share_to_feed=true");
}
END_TEST

START_TEST(story_has_no_caption)
{
	bench_images(&b, CONTENT_STORY, 1);
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media media_type=STORIES"
		    "&image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg");
}
END_TEST

START_TEST(options_go_where_meta_takes_them)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	json_decref(b.post.options);
	b.post.options =
		json_loads("{\"collaborators\":[\"a\"],\"location_id\":\"77\","
			   "\"cover_url\":\"x\",\"is_ai_generated\":true,\"caption\":\"no\"}",
			   0, NULL);
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg"
		    "&caption=Fresh%20bread&collaborators=%5B%22a%22%5D&location_id=77"
		    "&is_ai_generated=true");
}
END_TEST

START_TEST(used_up_quota_waits)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_stage(&b, bench_reply(&b, 200,
					       "{\"data\":[{\"quota_usage\":50,\"config\":{\"quota_"
					       "total\":50}}]}")),
		   OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_RATE_LIMITED);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 3600);
}
END_TEST

START_TEST(throttled_account_pauses_as_long_as_meta_says)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_ends(
		&b,
		bench_stage(
			&b,
			bench_reply_with(
				&b, 200,
				"X-Business-Use-Case-Usage: {\"1784\":[{\"type\":\"instagram\","
				"\"call_count\":97,\"estimated_time_to_regain_access\":19}]}\r\n",
				QUOTA_OK)),
		OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 19 * 60);
	bench_sends(&b, bench_stage(&b, NULL),
		    "POST /v25.0/1784/media image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg"
		    "&caption=Fresh%20bread");
}
END_TEST

START_TEST(unfetchable_item_is_named_and_tried_three_times)
{
	static const int64_t waits_s[] = { 30, 120, 600 };

	bench_images(&b, CONTENT_CAROUSEL, 3);
	ck_assert_int_eq(stage_start(), STEP_SEND);
	for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
		bench_ends(&b, bench_stage(&b, bench_reply(&b, 400, ERROR(9004, 2207052))),
			   OUTCOME_DEFER);
		ck_assert_int_eq(b.result.outcome.retry_after_s, waits_s[i]);
		ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	}
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 400, ERROR(9004, 2207052))),
		   OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_MEDIA_REJECTED);
	ck_assert_int_eq(b.result.outcome.error.who, WHO_OPERATOR);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, "Item 1 of 3"));
	ck_assert_str_eq(b.result.outcome.error.platform_code, "9004/2207052");
}
END_TEST

START_TEST(failed_container_is_classified_by_its_text)
{
	static const struct {
		const char *status;
		enum outcome_kind first;
		const char *platform_code;
	} cases[] = {
		{ "Error: Media upload has failed with error code 2207085", OUTCOME_REFUSED,
		  "2207085" },
		{ "Error: Media upload has failed with error code 2207082", OUTCOME_DEFER,
		  "2207082" },
		{ "Error without a number", OUTCOME_DEFER, "http_200" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_object_clear(b.d.memo);
		bench_images(&b, CONTENT_IMAGE, 1);
		ck_assert_int_eq(stage_start(), STEP_SEND);
		waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"9\"}")));
		ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
		bench_ends(
			&b,
			bench_stage(
				&b,
				bench_reply(&b, 200,
					    arena_printf(
						    b.arena,
						    "{\"status_code\":\"ERROR\",\"status\":\"%s\"}",
						    cases[i].status))),
			cases[i].first);
		ck_assert_str_eq(b.result.outcome.error.platform_code, cases[i].platform_code);
	}
}
END_TEST

START_TEST(unreadable_container_is_read_by_the_other_token)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(stage_start(), STEP_SEND);
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"9\"}")));
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 400, ERROR(100, 33))),
		    "GET /v25.0/9?fields=id%2Cstatus%2Cstatus_code");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
	waits(bench_stage(&b, bench_reply(&b, 400, ERROR(100, 33))));
	bench_sends(&b, bench_stage(&b, NULL), "GET /v25.0/9?fields=id%2Cstatus%2Cstatus_code");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))), OUTCOME_STAGED);
}
END_TEST

START_TEST(container_too_old_is_made_anew)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(stage_start(), STEP_SEND);
	waits(bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"9\"}")));
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, STATUS("FINISHED"))), OUTCOME_STAGED);
	b.d.now_us += 24 * US_PER_HOUR;
	bench_sends(&b, stage_start(),
		    "POST /v25.0/1784/media image_url=https%3A%2F%2Fpub.example%2Fm%2F0.jpg"
		    "&caption=Fresh%20bread");
}
END_TEST

START_TEST(instagram_login_sends_addresses_and_no_proof)
{
	bench_close(&b);
	bench_open(&b, "login_mode = instagram");
	b.account.user_token = NULL;
	bench_video(&b, CONTENT_VIDEO);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	ck_assert_ptr_null(strstr(b.result.request->url, "appsecret_proof"));
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, QUOTA_OK)),
		    "POST /v25.0/1784/media media_type=REELS"
		    "&video_url=https%3A%2F%2Fpub.example%2Fm%2Fv.mp4"
		    "&caption=Fresh%20bread&share_to_feed=true");
	ck_assert_int_eq(strncmp(b.result.request->url, "https://graph.instagram.com/", 28), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ image_is_created_polled_and_staged, 0 },
		{ proof_goes_along_with_every_call, 0 },
		{ carousel_is_staged_child_by_child_across_crashes, 0 },
		{ reel_bytes_are_pushed, 0 },
		{ upload_goes_on_where_it_broke_off, 0 },
		{ upload_never_follows_a_foreign_address, 0 },
		{ refused_upload_is_judged_by_its_container, 0 },
		{ story_has_no_caption, 0 },
		{ options_go_where_meta_takes_them, 0 },
		{ used_up_quota_waits, 0 },
		{ throttled_account_pauses_as_long_as_meta_says, 0 },
		{ unfetchable_item_is_named_and_tried_three_times, 0 },
		{ failed_container_is_classified_by_its_text, 0 },
		{ unreadable_container_is_read_by_the_other_token, 0 },
		{ container_too_old_is_made_anew, 0 },
		{ instagram_login_sends_addresses_and_no_proof, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "instagram_stage",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

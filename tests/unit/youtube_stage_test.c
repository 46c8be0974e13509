/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube without a network: sessions, offsets, both ways to be on time. */
#include <string.h>

#include "support/suite.h"
#include "youtube_bench.h"

START_TEST(session_is_opened_private_with_all_that_is_said)
{
	static const char *const tags[] = { "#bread", "two words" };
	const char *list[2] = { tags[0], tags[1] };

	bench.post.description = "Line 1\nLine 2";
	bench.post.link = "https://a.example/";
	bench.post.tags = list;
	bench.post.tags_n = 2;
	json_decref(bench.post.options);
	bench.post.options = json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:b, s:b}", "privacy",
				       "unlisted", "made_for_kids", 1, "notify_subscribers", 0,
				       "category_id", "27", "language", "en", "license",
				       "creativeCommon", "embeddable", 0, "is_ai_generated", 1);
	bench_sends(&bench, bench_stage(&bench, NULL),
		    "POST /upload/youtube/v3/videos?uploadType=resumable&part=snippet%2Cstatus"
		    "&notifySubscribers=false "
		    "{\"snippet\":{\"title\":\"Bread\",\"description\":\"Line 1\\nLine 2\\n\\n"
		    "https://a.example/\",\"tags\":[\"bread\",\"two words\"],\"categoryId\":\"27\","
		    "\"defaultLanguage\":\"en\"},\"status\":{\"privacyStatus\":\"private\","
		    "\"selfDeclaredMadeForKids\":true,\"embeddable\":false,\"license\":"
		    "\"creativeCommon\",\"publicStatsViewable\":true,\"containsSyntheticMedia\":"
		    "true}}");
	ck_assert_str_eq(bench_header(bench.result.request, "X-Upload-Content-Length"), "700000");
	ck_assert_str_eq(bench_header(bench.result.request, "X-Upload-Content-Type"), "video/mp4");
	ck_assert_str_eq(bench_header(bench.result.request, "Content-Type"),
			 "application/json; charset=UTF-8");
}
END_TEST

START_TEST(flip_uploads_all_waits_for_processing_and_fires_small)
{
	puts_range(opened(), "bytes 0-699999/700000");
	ck_assert_int_eq(bench.result.request->length, SIZE);
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private"))),
		    ASK_VIDEO);
	waits(bench_stage(&bench, bench_reply(&bench, 200, LISTED("uploaded", "private"))), 5000);
	bench_restart(&bench);
	bench_sends(&bench, bench_stage(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		   OUTCOME_STAGED);
	bench_sends(&bench, bench_fire(&bench, NULL),
		    "PUT /youtube/v3/videos?part=status {\"id\":\"dQw4w9WgXcQ\",\"status\":{"
		    "\"privacyStatus\":\"public\",\"selfDeclaredMadeForKids\":false,"
		    "\"embeddable\":true,\"license\":\"youtube\",\"publicStatsViewable\":true,"
		    "\"containsSyntheticMedia\":false}}");
	ck_assert_int_eq(bench.result.phase, PHASE_FIRE);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 200, VIDEO("public"))),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench.result.outcome.remote_id, "dQw4w9WgXcQ");
	ck_assert_str_eq(bench.result.outcome.remote_url,
			 "https://www.youtube.com/shorts/dQw4w9WgXcQ");
	bench_ends(&bench, bench_confirm(&bench, NULL), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(bench.result.outcome.remark);
}
END_TEST

START_TEST(wide_and_long_videos_are_no_shorts)
{
	bench.media[0].width = 1920;
	bench.media[0].height = 1080;
	ck_assert_str_eq(youtube_link(&bench.d, "x"), "https://www.youtube.com/watch?v=x");
	bench.media[0].width = bench.media[0].height;
	ck_assert_str_eq(youtube_link(&bench.d, "x"), "https://www.youtube.com/shorts/x");
	bench.media[0].duration_ms = 180001;
	ck_assert_str_eq(youtube_link(&bench.d, "x"), "https://www.youtube.com/watch?v=x");
}
END_TEST

START_TEST(tail_keeps_less_than_a_step_for_the_fire)
{
	puts_range(opened(), "bytes 0-524287/700000");
	bench_ends(
		&bench,
		bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-524287\r\n", "")),
		OUTCOME_STAGED);
	puts_range(bench_fire(&bench, NULL), "bytes 524288-699999/700000");
	ck_assert_int_eq(bench.result.request->offset, WHOLE);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 201, VIDEO("public"))),
		   OUTCOME_ACCEPTED);
	bench.d.fired_us = bench.d.now_us;
	waits(bench_confirm(&bench, NULL), 5000);
	bench_sends(&bench, bench_confirm(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench,
		   bench_confirm(&bench, bench_reply(&bench, 200, LISTED("processed", "public"))),
		   OUTCOME_PUBLISHED);
	ck_assert_ptr_null(bench.result.outcome.remark);
}
END_TEST

START_TEST(tail_of_whole_steps_still_leaves_a_step)
{
	bench.media[0].bytes = WHOLE;
	puts_range(opened(), "bytes 0-262143/524288");
	bench_ends(
		&bench,
		bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-262143\r\n", "")),
		OUTCOME_STAGED);
	puts_range(bench_fire(&bench, NULL), "bytes 262144-524287/524288");
}
END_TEST

START_TEST(private_video_needs_no_flip)
{
	json_object_set_new(bench.post.options, "privacy", json_string("private"));
	puts_range(opened(), "bytes 0-524287/700000");
}
END_TEST

START_TEST(locked_upload_is_said)
{
	(void)opened();
	bench_ends(
		&bench,
		bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-524287\r\n", "")),
		OUTCOME_STAGED);
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 201, VIDEO("private"))),
		   OUTCOME_ACCEPTED);
	bench.d.fired_us = bench.d.now_us - 3600 * US_PER_S;
	bench_ends(&bench, bench_confirm(&bench, NULL), OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench.result.outcome.remark, "kept_private");
}
END_TEST

START_TEST(locked_flip_is_refused)
{
	memo_set_text(bench.d.memo, "way", "flip");
	memo_set_text(bench.d.memo, "video", "dQw4w9WgXcQ");
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 200, VIDEO("private"))),
		   OUTCOME_REFUSED);
	ck_assert_int_eq(bench.result.outcome.error.code, POST_ERROR_CONFIGURATION);
	ck_assert_int_eq(bench.result.outcome.error.who, WHO_OPERATOR);
}
END_TEST

START_TEST(rejected_video_is_refused_before_its_time)
{
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private")));
	bench_ends(
		&bench,
		bench_stage(
			&bench,
			bench_reply(
				&bench, 200,
				"{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":"
				"\"rejected\",\"rejectionReason\":\"duplicate\",\"privacyStatus\":"
				"\"private\"}}]}")),
		OUTCOME_REFUSED);
	ck_assert_str_eq(bench.result.outcome.error.platform_code, "duplicate");
}
END_TEST

START_TEST(what_is_due_does_not_wait_for_processing)
{
	bench.d.due_us = bench.d.now_us;
	(void)opened();
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private"))),
		    ASK_VIDEO);
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200, LISTED("uploaded", "private"))),
		   OUTCOME_STAGED);
}
END_TEST

/* ---- the thumbnail ---- */

#define ASK_COVER "POST /upload/youtube/v3/thumbnails/set?videoId=dQw4w9WgXcQ&uploadType=media"

static void cover(void)
{
	static struct media_item image = { .kind = MEDIA_IMAGE,
					   .mime = "image/png",
					   .sha256 = "c0",
					   .path = "/store/cover",
					   .bytes = 3000 };

	bench.post.cover = &image;
}

START_TEST(thumbnail_is_there_before_anybody_looks)
{
	cover();
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private")));
	bench_sends(&bench,
		    bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		    ASK_COVER);
	ck_assert_str_eq(bench_header(bench.result.request, "Content-Type"), "image/png");
	ck_assert_int_eq(bench.result.request->length, 3000);
	bench_ends(&bench, bench_stage(&bench, bench_reply(&bench, 200, "{\"items\":[]}")),
		   OUTCOME_STAGED);
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 200, VIDEO("public"))),
		   OUTCOME_PUBLISHED);
	bench_ends(&bench, bench_confirm(&bench, NULL), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(bench.result.outcome.remark);
}
END_TEST

START_TEST(refused_thumbnail_fails_no_post)
{
	cover();
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private")));
	(void)bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private")));
	bench_ends(&bench, bench_stage(&bench, bench_reply(&bench, 403, ERROR("forbidden"))),
		   OUTCOME_STAGED);
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 200, VIDEO("public"))),
		   OUTCOME_PUBLISHED);
	bench_ends(&bench, bench_confirm(&bench, NULL), OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench.result.outcome.remark, "cover_failed");
}
END_TEST

START_TEST(thumbnail_that_would_delay_a_post_comes_behind_it)
{
	cover();
	bench.d.due_us = bench.d.now_us;
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private")));
	bench_sends(&bench,
		    bench_stage(&bench, bench_reply(&bench, 200, LISTED("uploaded", "private"))),
		    ASK_COVER);
	bench_ends(&bench, bench_stage(&bench, bench_reply(&bench, 503, ERROR("backendError"))),
		   OUTCOME_STAGED);
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench, bench_fire(&bench, bench_reply(&bench, 200, VIDEO("public"))),
		   OUTCOME_PUBLISHED);
	bench_sends(&bench, bench_confirm(&bench, NULL), ASK_COVER);
	waits(bench_confirm(&bench, bench_broken(&bench)), 2000);
	bench_sends(&bench, bench_confirm(&bench, NULL), ASK_COVER);
	bench_ends(&bench, bench_confirm(&bench, bench_reply(&bench, 200, "{\"items\":[]}")),
		   OUTCOME_PUBLISHED);
	ck_assert_ptr_null(bench.result.outcome.remark);
}
END_TEST

/* ---- interruptions ---- */

START_TEST(killed_upload_asks_and_goes_on_where_youtube_stands)
{
	(void)opened();
	bench_restart(&bench);
	puts_range(bench_stage(&bench, NULL), "bytes */700000");
	puts_range(
		bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-262143\r\n", "")),
		"bytes 262144-699999/700000");
	ck_assert_int_eq(bench.result.request->offset, 262144);
}
END_TEST

START_TEST(no_range_means_nothing_is_there)
{
	(void)opened();
	bench_restart(&bench);
	(void)bench_stage(&bench, NULL);
	puts_range(bench_stage(&bench, bench_reply(&bench, 308, "")), "bytes 0-699999/700000");
}
END_TEST

/* Stored once is not stored for ever, and a range is believed within the file alone. */
START_TEST(offset_is_what_youtube_says_now)
{
	static const char *const nonsense[] = { "Range: bytes=0-700000\r\n", "Range: bytes=0-x\r\n",
						"Range: 0-5\r\n" };

	(void)opened();
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		ck_assert_int_eq(
			bench_stage(&bench, bench_reply_with(&bench, 308, nonsense[i], "")),
			STEP_WAIT);
		puts_range(bench_stage(&bench, NULL), "bytes */700000");
	}
	puts_range(
		bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-262143\r\n", "")),
		"bytes 262144-699999/700000");
	bench_restart(&bench);
	(void)bench_stage(&bench, NULL);
	puts_range(bench_stage(&bench, bench_reply(&bench, 308, "")), "bytes 0-699999/700000");
}
END_TEST

START_TEST(completed_session_repeats_its_answer)
{
	(void)opened();
	bench_restart(&bench);
	puts_range(bench_stage(&bench, NULL), "bytes */700000");
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private"))),
		    ASK_VIDEO);
}
END_TEST

START_TEST(fault_is_sat_out_then_asked)
{
	(void)opened();
	waits(bench_stage(&bench, bench_reply(&bench, 503, "busy")), 1000);
	puts_range(bench_stage(&bench, NULL), "bytes */700000");
	waits(bench_stage(&bench, bench_broken(&bench)), 2000);
	puts_range(bench_stage(&bench, NULL), "bytes */700000");
	puts_range(bench_stage(&bench, bench_reply(&bench, 308, "")), "bytes 0-699999/700000");
}
END_TEST

START_TEST(lasting_fault_goes_to_the_back_off)
{
	(void)opened();
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(bench_stage(&bench, bench_reply(&bench, 502, "<html>")),
				 STEP_WAIT);
		(void)bench_stage(&bench, NULL);
	}
	bench_ends(&bench, bench_stage(&bench, bench_reply(&bench, 502, "<html>")), OUTCOME_DEFER);
}
END_TEST

/* Who is asked to come back in an hour would stand there for an hour, due or not, and say nothing. */
START_TEST(long_wait_that_is_asked_for_goes_to_the_back_off)
{
	(void)opened();
	waits(bench_stage(&bench, bench_reply_with(&bench, 429, "Retry-After: 4\r\n", "")), 4000);
	puts_range(bench_stage(&bench, NULL), "bytes */700000");
	bench_ends(&bench,
		   bench_stage(&bench,
			       bench_reply_with(&bench, 429, "Retry-After: 1000000000\r\n", "")),
		   OUTCOME_DEFER);
	ck_assert_int_eq(bench.result.outcome.retry_after_s, 86400);
	ck_assert_int_eq(bench.result.outcome.error.code, POST_ERROR_RATE_LIMITED);
}
END_TEST

START_TEST(chunk_that_is_not_kept_is_no_progress)
{
	(void)opened();
	waits(bench_stage(&bench, bench_reply(&bench, 308, "")), 1000);
}
END_TEST

START_TEST(stale_token_is_renewed_and_the_session_kept)
{
	(void)opened();
	bench_ends(&bench, bench_stage(&bench, bench_reply(&bench, 401, ERROR("authError"))),
		   OUTCOME_REFRESH);
	bench.account.access_token = "NEW";
	bench_sends(&bench, bench_stage(&bench, NULL), PUT);
	ck_assert_str_eq(bench_header(bench.result.request, "Authorization"), "Bearer NEW");
	ck_assert_str_eq(bench_header(bench.result.request, "Content-Range"), "bytes */700000");
}
END_TEST

START_TEST(untrusted_session_is_refused)
{
	(void)bench_stage(&bench, NULL);
	bench_ends(&bench,
		   bench_stage(&bench,
			       bench_reply_with(&bench, 200,
						"Location: https://evil.example/u?upload_id=1\r\n",
						"")),
		   OUTCOME_REFUSED);
	ck_assert_int_eq(bench.result.outcome.error.code, POST_ERROR_CONFIGURATION);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ session_is_opened_private_with_all_that_is_said, 0 },
		{ flip_uploads_all_waits_for_processing_and_fires_small, 0 },
		{ wide_and_long_videos_are_no_shorts, 0 },
		{ private_video_needs_no_flip, 0 },
		{ locked_flip_is_refused, 0 },
		{ rejected_video_is_refused_before_its_time, 0 },
		{ what_is_due_does_not_wait_for_processing, 0 },
		{ thumbnail_is_there_before_anybody_looks, 0 },
		{ refused_thumbnail_fails_no_post, 0 },
		{ thumbnail_that_would_delay_a_post_comes_behind_it, 0 },
		{ killed_upload_asks_and_goes_on_where_youtube_stands, 0 },
		{ no_range_means_nothing_is_there, 0 },
		{ offset_is_what_youtube_says_now, 0 },
		{ completed_session_repeats_its_answer, 0 },
		{ fault_is_sat_out_then_asked, 0 },
		{ lasting_fault_goes_to_the_back_off, 0 },
		{ long_wait_that_is_asked_for_goes_to_the_back_off, 0 },
		{ chunk_that_is_not_kept_is_no_progress, 0 },
		{ stale_token_is_renewed_and_the_session_kept, 0 },
		{ untrusted_session_is_refused, 0 },
		{ NULL, 0 },
	};
	const struct suite_case tail[] = {
		{ tail_keeps_less_than_a_step_for_the_fire, 0 },
		{ tail_of_whole_steps_still_leaves_a_step, 0 },
		{ locked_upload_is_said, 0 },
		{ NULL, 0 },
	};
	const struct suite_of with_tail = {
		.setup = youtube_setup_tail,
		.teardown = youtube_teardown,
		.cases = tail,
	};

	return suite_run(&(struct suite_of){
		.name = "youtube_stage",
		.setup = youtube_setup,
		.teardown = youtube_teardown,
		.cases = cases,
		.also = &with_tail,
	});
}

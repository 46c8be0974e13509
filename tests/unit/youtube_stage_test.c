/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube without a network: sessions, offsets, both ways to be on time, doubts. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "instagram_bench.h"
#include "platform/youtube.h"

#define SESSION  "https://www.googleapis.com/upload/youtube/v3/videos?upload_id=AE"
#define LOCATION "Location: " SESSION "\r\n"
#define VIDEO(privacy)                                                                         \
	"{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":\"uploaded\",\"privacyStatus\":" \
	"\"" privacy "\"}}"
#define LISTED(upload, privacy)                                                      \
	"{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":\"" upload \
	"\",\"privacyStatus\":\"" privacy "\"}}]}"
#define ERROR(reason) "{\"error\":{\"errors\":[{\"reason\":\"" reason "\"}]}}"
#define ASK_VIDEO     "GET /youtube/v3/videos?part=status%2CprocessingDetails&id=dQw4w9WgXcQ"
#define PUT           "PUT /upload/youtube/v3/videos?upload_id=AE"
#define SIZE          700000 /* two whole steps and a rest */
#define WHOLE         524288

static struct bench b;

static void open_with(const char *scopes, const char *settings)
{
	bench_open_on(&b, "youtube", settings);
	bench_video(&b, CONTENT_VIDEO);
	b.media[0].bytes = SIZE;
	memcpy(b.media[0].sha256, "abcd", 5);
	b.post.title = "Bread";
	b.account.remote_id = "UC123";
	b.account.scopes = scopes;
	b.d.due_us = b.d.now_us + 600 * US_PER_S;
}

static void setup(void)
{
	open_with(YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly " YOUTUBE_SCOPE ".force-ssl",
		  "");
}

static void setup_tail(void)
{
	open_with(YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly", "");
}

static void teardown(void)
{
	bench_close(&b);
}

static enum step stage(const struct http_reply *last)
{
	return b.app.platform->stage(&b.d, last, &b.result);
}

static enum step fire(const struct http_reply *last)
{
	return b.app.platform->fire(&b.d, last, &b.result);
}

static enum step confirm(const struct http_reply *last)
{
	return b.app.platform->confirm(&b.d, last, &b.result);
}

static enum step recover(const struct http_reply *last)
{
	return b.app.platform->recover(&b.d, last, &b.result);
}

static void ends(enum step step, enum outcome_kind kind)
{
	ck_assert_int_eq(step, STEP_DONE);
	ck_assert_int_eq(b.result.outcome.kind, kind);
}

static void waits(enum step step, int64_t ms)
{
	ck_assert_int_eq(step, STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, ms * US_PER_MS);
}

/* A chunk, or the question for the offset, with that Content-Range. */
static void puts_range(enum step step, const char *range)
{
	bench_sends(&b, step, PUT);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"), range);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer PAGE");
}

static enum step opened(void)
{
	ck_assert_int_eq(stage(NULL), STEP_SEND);
	return stage(bench_reply_with(&b, 200, LOCATION, ""));
}

START_TEST(session_is_opened_private_with_all_that_is_said)
{
	static const char *const tags[] = { "#bread", "two words" };
	const char *list[2] = { tags[0], tags[1] };

	b.post.description = "Line 1\nLine 2";
	b.post.link = "https://a.example/";
	b.post.tags = list;
	b.post.tags_n = 2;
	json_decref(b.post.options);
	b.post.options = json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:b, s:b}", "privacy",
				   "unlisted", "made_for_kids", 1, "notify_subscribers", 0,
				   "category_id", "27", "language", "en", "license",
				   "creativeCommon", "embeddable", 0, "is_ai_generated", 1);
	bench_sends(&b, stage(NULL),
		    "POST /upload/youtube/v3/videos?uploadType=resumable&part=snippet%2Cstatus"
		    "&notifySubscribers=false "
		    "{\"snippet\":{\"title\":\"Bread\",\"description\":\"Line 1\\nLine 2\\n\\n"
		    "https://a.example/\",\"tags\":[\"bread\",\"two words\"],\"categoryId\":\"27\","
		    "\"defaultLanguage\":\"en\"},\"status\":{\"privacyStatus\":\"private\","
		    "\"selfDeclaredMadeForKids\":true,\"embeddable\":false,\"license\":"
		    "\"creativeCommon\",\"publicStatsViewable\":true,\"containsSyntheticMedia\":"
		    "true}}");
	ck_assert_str_eq(bench_header(b.result.request, "X-Upload-Content-Length"), "700000");
	ck_assert_str_eq(bench_header(b.result.request, "X-Upload-Content-Type"), "video/mp4");
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"),
			 "application/json; charset=UTF-8");
}
END_TEST

START_TEST(flip_uploads_all_waits_for_processing_and_fires_small)
{
	puts_range(opened(), "bytes 0-699999/700000");
	ck_assert_int_eq(b.result.request->length, SIZE);
	bench_sends(&b, stage(bench_reply(&b, 201, VIDEO("private"))), ASK_VIDEO);
	waits(stage(bench_reply(&b, 200, LISTED("uploaded", "private"))), 5000);
	bench_restart(&b);
	bench_sends(&b, stage(NULL), ASK_VIDEO);
	ends(stage(bench_reply(&b, 200, LISTED("processed", "private"))), OUTCOME_STAGED);
	bench_sends(&b, fire(NULL),
		    "PUT /youtube/v3/videos?part=status {\"id\":\"dQw4w9WgXcQ\",\"status\":{"
		    "\"privacyStatus\":\"public\",\"selfDeclaredMadeForKids\":false,"
		    "\"embeddable\":true,\"license\":\"youtube\",\"publicStatsViewable\":true,"
		    "\"containsSyntheticMedia\":false}}");
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ends(fire(bench_reply(&b, 200, VIDEO("public"))), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "dQw4w9WgXcQ");
	ck_assert_str_eq(b.result.outcome.remote_url, "https://www.youtube.com/shorts/dQw4w9WgXcQ");
	ends(confirm(NULL), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(b.result.outcome.remark);
}
END_TEST

START_TEST(wide_and_long_videos_are_no_shorts)
{
	b.media[0].width = 1920;
	b.media[0].height = 1080;
	ck_assert_str_eq(youtube_link(&b.d, "x"), "https://www.youtube.com/watch?v=x");
	b.media[0].width = b.media[0].height;
	ck_assert_str_eq(youtube_link(&b.d, "x"), "https://www.youtube.com/shorts/x");
	b.media[0].duration_ms = 180001;
	ck_assert_str_eq(youtube_link(&b.d, "x"), "https://www.youtube.com/watch?v=x");
}
END_TEST

START_TEST(tail_keeps_less_than_a_step_for_the_fire)
{
	puts_range(opened(), "bytes 0-524287/700000");
	ends(stage(bench_reply_with(&b, 308, "Range: bytes=0-524287\r\n", "")), OUTCOME_STAGED);
	puts_range(fire(NULL), "bytes 524288-699999/700000");
	ck_assert_int_eq(b.result.request->offset, WHOLE);
	ends(fire(bench_reply(&b, 201, VIDEO("public"))), OUTCOME_ACCEPTED);
	b.d.fired_us = b.d.now_us;
	waits(confirm(NULL), 5000);
	bench_sends(&b, confirm(NULL), ASK_VIDEO);
	ends(confirm(bench_reply(&b, 200, LISTED("processed", "public"))), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(b.result.outcome.remark);
}
END_TEST

START_TEST(tail_of_whole_steps_still_leaves_a_step)
{
	b.media[0].bytes = WHOLE;
	puts_range(opened(), "bytes 0-262143/524288");
	ends(stage(bench_reply_with(&b, 308, "Range: bytes=0-262143\r\n", "")), OUTCOME_STAGED);
	puts_range(fire(NULL), "bytes 262144-524287/524288");
}
END_TEST

START_TEST(private_video_needs_no_flip)
{
	json_object_set_new(b.post.options, "privacy", json_string("private"));
	puts_range(opened(), "bytes 0-524287/700000");
}
END_TEST

START_TEST(locked_upload_is_said)
{
	(void)opened();
	ends(stage(bench_reply_with(&b, 308, "Range: bytes=0-524287\r\n", "")), OUTCOME_STAGED);
	(void)fire(NULL);
	ends(fire(bench_reply(&b, 201, VIDEO("private"))), OUTCOME_ACCEPTED);
	b.d.fired_us = b.d.now_us - 3600 * US_PER_S;
	ends(confirm(NULL), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remark, "kept_private");
}
END_TEST

START_TEST(locked_flip_is_refused)
{
	memo_set_text(b.d.memo, "way", "flip");
	memo_set_text(b.d.memo, "video", "dQw4w9WgXcQ");
	(void)fire(NULL);
	ends(fire(bench_reply(&b, 200, VIDEO("private"))), OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONFIGURATION);
	ck_assert_int_eq(b.result.outcome.error.who, WHO_OPERATOR);
}
END_TEST

START_TEST(rejected_video_is_refused_before_its_time)
{
	(void)opened();
	(void)stage(bench_reply(&b, 201, VIDEO("private")));
	ends(stage(bench_reply(&b, 200,
			       "{\"items\":[{\"id\":\"dQw4w9WgXcQ\",\"status\":{\"uploadStatus\":"
			       "\"rejected\",\"rejectionReason\":\"duplicate\",\"privacyStatus\":"
			       "\"private\"}}]}")),
	     OUTCOME_REFUSED);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "duplicate");
}
END_TEST

START_TEST(what_is_due_does_not_wait_for_processing)
{
	b.d.due_us = b.d.now_us;
	(void)opened();
	bench_sends(&b, stage(bench_reply(&b, 201, VIDEO("private"))), ASK_VIDEO);
	ends(stage(bench_reply(&b, 200, LISTED("uploaded", "private"))), OUTCOME_STAGED);
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

	b.post.cover = &image;
}

START_TEST(thumbnail_is_there_before_anybody_looks)
{
	cover();
	(void)opened();
	(void)stage(bench_reply(&b, 201, VIDEO("private")));
	bench_sends(&b, stage(bench_reply(&b, 200, LISTED("processed", "private"))), ASK_COVER);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"), "image/png");
	ck_assert_int_eq(b.result.request->length, 3000);
	ends(stage(bench_reply(&b, 200, "{\"items\":[]}")), OUTCOME_STAGED);
	(void)fire(NULL);
	ends(fire(bench_reply(&b, 200, VIDEO("public"))), OUTCOME_PUBLISHED);
	ends(confirm(NULL), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(b.result.outcome.remark);
}
END_TEST

START_TEST(refused_thumbnail_fails_no_post)
{
	cover();
	(void)opened();
	(void)stage(bench_reply(&b, 201, VIDEO("private")));
	(void)stage(bench_reply(&b, 200, LISTED("processed", "private")));
	ends(stage(bench_reply(&b, 403, ERROR("forbidden"))), OUTCOME_STAGED);
	(void)fire(NULL);
	ends(fire(bench_reply(&b, 200, VIDEO("public"))), OUTCOME_PUBLISHED);
	ends(confirm(NULL), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remark, "cover_failed");
}
END_TEST

START_TEST(thumbnail_that_would_delay_a_post_comes_behind_it)
{
	cover();
	b.d.due_us = b.d.now_us;
	(void)opened();
	(void)stage(bench_reply(&b, 201, VIDEO("private")));
	bench_sends(&b, stage(bench_reply(&b, 200, LISTED("uploaded", "private"))), ASK_COVER);
	ends(stage(bench_reply(&b, 503, ERROR("backendError"))), OUTCOME_STAGED);
	(void)fire(NULL);
	ends(fire(bench_reply(&b, 200, VIDEO("public"))), OUTCOME_PUBLISHED);
	bench_sends(&b, confirm(NULL), ASK_COVER);
	waits(confirm(bench_broken(&b)), 2000);
	bench_sends(&b, confirm(NULL), ASK_COVER);
	ends(confirm(bench_reply(&b, 200, "{\"items\":[]}")), OUTCOME_PUBLISHED);
	ck_assert_ptr_null(b.result.outcome.remark);
}
END_TEST

/* ---- interruptions ---- */

START_TEST(killed_upload_asks_and_goes_on_where_youtube_stands)
{
	(void)opened();
	bench_restart(&b);
	puts_range(stage(NULL), "bytes */700000");
	puts_range(stage(bench_reply_with(&b, 308, "Range: bytes=0-262143\r\n", "")),
		   "bytes 262144-699999/700000");
	ck_assert_int_eq(b.result.request->offset, 262144);
}
END_TEST

START_TEST(no_range_means_nothing_is_there)
{
	(void)opened();
	bench_restart(&b);
	(void)stage(NULL);
	puts_range(stage(bench_reply(&b, 308, "")), "bytes 0-699999/700000");
}
END_TEST

START_TEST(completed_session_repeats_its_answer)
{
	(void)opened();
	bench_restart(&b);
	puts_range(stage(NULL), "bytes */700000");
	bench_sends(&b, stage(bench_reply(&b, 201, VIDEO("private"))), ASK_VIDEO);
}
END_TEST

START_TEST(fault_is_sat_out_then_asked)
{
	(void)opened();
	waits(stage(bench_reply(&b, 503, "busy")), 1000);
	puts_range(stage(NULL), "bytes */700000");
	waits(stage(bench_broken(&b)), 2000);
	puts_range(stage(NULL), "bytes */700000");
	puts_range(stage(bench_reply(&b, 308, "")), "bytes 0-699999/700000");
}
END_TEST

START_TEST(lasting_fault_goes_to_the_back_off)
{
	(void)opened();
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(stage(bench_reply(&b, 502, "<html>")), STEP_WAIT);
		(void)stage(NULL);
	}
	ends(stage(bench_reply(&b, 502, "<html>")), OUTCOME_DEFER);
}
END_TEST

START_TEST(chunk_that_is_not_kept_is_no_progress)
{
	(void)opened();
	waits(stage(bench_reply(&b, 308, "")), 1000);
}
END_TEST

START_TEST(stale_token_is_renewed_and_the_session_kept)
{
	(void)opened();
	ends(stage(bench_reply(&b, 401, ERROR("authError"))), OUTCOME_REFRESH);
	b.account.access_token = "NEW";
	bench_sends(&b, stage(NULL), PUT);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer NEW");
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"), "bytes */700000");
}
END_TEST

START_TEST(untrusted_session_is_refused)
{
	(void)stage(NULL);
	ends(stage(bench_reply_with(&b, 200, "Location: https://evil.example/u?upload_id=1\r\n",
				    "")),
	     OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONFIGURATION);
}
END_TEST

/* ---- lost sessions ---- */

#define ITEM(id, title, at)                                           \
	"{\"snippet\":{\"title\":\"" title "\",\"publishedAt\":\"" at \
	"\"},\"contentDetails\":{\"videoId\":\"" id "\"}}"
#define FULL(id, description, size)                                                          \
	"{\"id\":\"" id "\",\"snippet\":{\"title\":\"Bread\",\"description\":\"" description \
	"\",\"channelId\":\"UC123\"},\"status\":{\"privacyStatus\":\"private\"},"            \
	"\"fileDetails\":{\"fileSize\":\"" size "\"}}"
#define NOW    "2027-01-15T08:00:10Z" /* BENCH_NOW_S */
#define BEFORE "2027-01-15T07:00:00Z"
#define ASK_LIST                                                                                \
	"GET /youtube/v3/playlistItems?part=snippet%2CcontentDetails%2Cstatus&playlistId=UU123" \
	"&maxResults=50"

START_TEST(session_lost_before_its_end_is_opened_anew)
{
	(void)opened();
	bench_sends(&b, stage(bench_reply(&b, 404, "")),
		    "POST /upload/youtube/v3/videos?uploadType=resumable&part=snippet%2Cstatus "
		    "{\"snippet\":{\"title\":\"Bread\",\"description\":\"Fresh bread\","
		    "\"categoryId\":\"22\"},\"status\":{\"privacyStatus\":\"public\","
		    "\"selfDeclaredMadeForKids\":false,\"embeddable\":true,\"license\":\"youtube\","
		    "\"publicStatsViewable\":true,\"containsSyntheticMedia\":false}}");
}
END_TEST

START_TEST(session_lost_behind_its_end_is_looked_for)
{
	(void)opened();
	bench_sends(&b, stage(bench_reply(&b, 404, "")), ASK_LIST);
	bench_sends(&b,
		    stage(bench_reply(&b, 200,
				      "{\"items\":[" ITEM("other000000", "Cake", NOW) "," ITEM(
					      "dQw4w9WgXcQ", "Bread",
					      NOW) "," ITEM("old00000000", "Bread", BEFORE) "]}")),
		    "GET /youtube/v3/videos?part=snippet%2Cstatus%2CfileDetails&id=dQw4w9WgXcQ");
	bench_sends(
		&b,
		stage(bench_reply(
			&b, 200, "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread", "700000") "]}")),
		ASK_VIDEO);
}
END_TEST

START_TEST(upload_that_is_nowhere_is_looked_for_three_times)
{
	(void)opened();
	bench_sends(&b, stage(bench_reply(&b, 410, "")), ASK_LIST);
	waits(stage(bench_reply(&b, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Cake", NOW) "]}")),
	      30000);
	bench_restart(&b);
	bench_sends(&b, stage(NULL), ASK_LIST);
	/* Same title, another file. */
	(void)stage(bench_reply(&b, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	waits(stage(bench_reply(&b, 200,
				"{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread", "9") "]}")),
	      120000);
	bench_sends(&b, stage(NULL), ASK_LIST);
	ck_assert_int_eq(stage(bench_reply(&b, 200, "{\"items\":[]}")), STEP_SEND);
	ck_assert_int_eq(b.result.request->verb, VERB_POST);
}
END_TEST

static bool all_taken(void *arg, const char *id)
{
	(void)arg, (void)id;
	return true;
}

START_TEST(match_that_belongs_to_another_post_is_none)
{
	b.d.is_taken = all_taken;
	(void)opened();
	(void)stage(bench_reply(&b, 404, ""));
	(void)stage(bench_reply(&b, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	waits(stage(bench_reply(&b, 200,
				"{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread", "700000") "]}")),
	      30000);
}
END_TEST

START_TEST(two_matches_are_nobodys)
{
	(void)opened();
	(void)stage(bench_reply(&b, 404, ""));
	(void)stage(bench_reply(&b, 200,
				"{\"items\":[" ITEM("aaaaaaaaaaa", "Bread", NOW) "," ITEM(
					"bbbbbbbbbbb", "Bread", NOW) "]}"));
	ends(stage(bench_reply(&b, 200,
			       "{\"items\":[" FULL("aaaaaaaaaaa", "Fresh bread", "700000") "," FULL(
				       "bbbbbbbbbbb", "Fresh bread", "700000") "]}")),
	     OUTCOME_REFUSED);
}
END_TEST

/* ---- edits ---- */

static void staged_flip(void)
{
	(void)opened();
	(void)stage(bench_reply(&b, 201, VIDEO("private")));
	ends(stage(bench_reply(&b, 200, LISTED("processed", "private"))), OUTCOME_STAGED);
}

START_TEST(edited_words_are_changed_on_the_private_video)
{
	staged_flip();
	b.post.title = "Better bread";
	bench_sends(&b, stage(NULL), ASK_VIDEO);
	ck_assert_int_eq(stage(bench_reply(&b, 200, LISTED("processed", "private"))), STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->url, "part=snippet%2Cstatus"));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"title\":\"Better bread\""));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"privacyStatus\":\"private\""));
	bench_sends(&b, stage(bench_reply(&b, 200, VIDEO("private"))), ASK_VIDEO);
	ends(stage(bench_reply(&b, 200, LISTED("processed", "private"))), OUTCOME_STAGED);
}
END_TEST

START_TEST(another_file_is_another_upload)
{
	staged_flip();
	memcpy(b.media[0].sha256, "ffff", 5);
	bench_sends(&b, stage(NULL), ASK_VIDEO);
	ck_assert_int_eq(stage(bench_reply(&b, 200, LISTED("processed", "private"))), STEP_SEND);
	ck_assert_int_eq(b.result.request->verb, VERB_POST);
}
END_TEST

START_TEST(video_that_is_visible_already_is_not_fired_again)
{
	staged_flip();
	(void)stage(NULL);
	ends(stage(bench_reply(&b, 200, LISTED("processed", "public"))), OUTCOME_PUBLISHED);
}
END_TEST

/* ---- fire and doubt ---- */

static const struct {
	int status;
	const char *body;
	enum outcome_kind flip, tail;
} fires[] = {
	{ 503, ERROR("backendError"), OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
	{ 502, "<html>", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
	{ 401, ERROR("authError"), OUTCOME_REFRESH, OUTCOME_REFRESH },
	{ 403, ERROR("quotaExceeded"), OUTCOME_DEFER, OUTCOME_DEFER },
	{ 403, ERROR("insufficientPermissions"), OUTCOME_REAUTH, OUTCOME_REAUTH },
	{ 400, ERROR("uploadLimitExceeded"), OUTCOME_DEFER, OUTCOME_DEFER },
	{ 400, ERROR("invalidTitle"), OUTCOME_REFUSED, OUTCOME_REFUSED },
	{ 404, ERROR("videoNotFound"), OUTCOME_DEFER, OUTCOME_DEFER },
	{ 410, "", OUTCOME_DEFER, OUTCOME_DEFER },
	{ 429, "", OUTCOME_DEFER, OUTCOME_DEFER },
	{ 200, "{}", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
};

START_TEST(answer_to_the_fire_is_read)
{
	memo_set_text(b.d.memo, "way", "flip");
	memo_set_text(b.d.memo, "video", "dQw4w9WgXcQ");
	(void)fire(NULL);
	ends(fire(bench_reply(&b, fires[_i].status, fires[_i].body)), fires[_i].flip);
	memo_set_text(b.d.memo, "way", "tail");
	memo_set_text(b.d.memo, "video", NULL);
	memo_set_text(b.d.memo, "session", SESSION);
	memo_set_int(b.d.memo, "size", SIZE);
	memo_set_int(b.d.memo, "sent", WHOLE);
	puts_range(fire(NULL), "bytes 524288-699999/700000");
	ends(fire(bench_reply(&b, fires[_i].status, fires[_i].body)), fires[_i].tail);
}
END_TEST

START_TEST(lost_flip_is_settled_by_the_id)
{
	staged_flip();
	(void)fire(NULL);
	bench_restart(&b);
	bench_sends(&b, recover(NULL), ASK_VIDEO);
	ends(recover(bench_reply(&b, 200, LISTED("processed", "private"))), OUTCOME_ABSENT);
	bench_sends(&b, recover(NULL), ASK_VIDEO);
	ends(recover(bench_reply(&b, 200, "{\"items\":[]}")), OUTCOME_UNKNOWN);
	bench_sends(&b, recover(NULL), ASK_VIDEO);
	ends(recover(bench_reply(&b, 401, ERROR("authError"))), OUTCOME_REFRESH);
	bench_sends(&b, recover(NULL), ASK_VIDEO);
	ends(recover(bench_reply(&b, 200, LISTED("processed", "public"))), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "dQw4w9WgXcQ");
}
END_TEST

START_TEST(lost_tail_is_settled_by_the_session)
{
	(void)opened();
	(void)stage(bench_reply_with(&b, 308, "Range: bytes=0-524287\r\n", ""));
	(void)fire(NULL);
	bench_restart(&b);
	puts_range(recover(NULL), "bytes */700000");
	ends(recover(bench_reply_with(&b, 308, "Range: bytes=0-524287\r\n", "")), OUTCOME_ABSENT);
	puts_range(recover(NULL), "bytes */700000");
	ends(recover(bench_reply(&b, 503, "")), OUTCOME_UNKNOWN);
	puts_range(recover(NULL), "bytes */700000");
	ends(recover(bench_reply(&b, 201, VIDEO("public"))), OUTCOME_ACCEPTED);
	ck_assert_str_eq(b.result.outcome.handle, "dQw4w9WgXcQ");
}
END_TEST

START_TEST(lost_tail_without_session_is_settled_by_the_listing)
{
	(void)opened();
	(void)stage(bench_reply_with(&b, 308, "Range: bytes=0-524287\r\n", ""));
	(void)fire(NULL);
	(void)recover(NULL);
	bench_sends(&b, recover(bench_reply(&b, 404, "")), ASK_LIST);
	ends(recover(bench_reply(&b, 200,
				 "{\"items\":[" ITEM("old00000000", "Bread", BEFORE) "]}")),
	     OUTCOME_ABSENT);
	bench_sends(&b, recover(NULL), ASK_LIST);
	(void)recover(bench_reply(
		&b, 200,
		"{\"items\":[" ITEM("new00000000", "Cake", NOW) "],"
								"\"nextPageToken\":\"P2\"}"));
	bench_sends(&b, STEP_SEND, ASK_LIST "&pageToken=P2");
	(void)recover(bench_reply(&b, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	ends(recover(bench_reply(&b, 200,
				 "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread", "700000") "]}")),
	     OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "dQw4w9WgXcQ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("youtube_stage");
	TCase *t = tcase_create("flip");
	TCase *u = tcase_create("tail");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, session_is_opened_private_with_all_that_is_said);
	tcase_add_test(t, flip_uploads_all_waits_for_processing_and_fires_small);
	tcase_add_test(t, wide_and_long_videos_are_no_shorts);
	tcase_add_test(t, private_video_needs_no_flip);
	tcase_add_test(t, locked_flip_is_refused);
	tcase_add_test(t, rejected_video_is_refused_before_its_time);
	tcase_add_test(t, what_is_due_does_not_wait_for_processing);
	tcase_add_test(t, thumbnail_is_there_before_anybody_looks);
	tcase_add_test(t, refused_thumbnail_fails_no_post);
	tcase_add_test(t, thumbnail_that_would_delay_a_post_comes_behind_it);
	tcase_add_test(t, killed_upload_asks_and_goes_on_where_youtube_stands);
	tcase_add_test(t, no_range_means_nothing_is_there);
	tcase_add_test(t, completed_session_repeats_its_answer);
	tcase_add_test(t, fault_is_sat_out_then_asked);
	tcase_add_test(t, lasting_fault_goes_to_the_back_off);
	tcase_add_test(t, chunk_that_is_not_kept_is_no_progress);
	tcase_add_test(t, stale_token_is_renewed_and_the_session_kept);
	tcase_add_test(t, untrusted_session_is_refused);
	tcase_add_test(t, session_lost_behind_its_end_is_looked_for);
	tcase_add_test(t, upload_that_is_nowhere_is_looked_for_three_times);
	tcase_add_test(t, match_that_belongs_to_another_post_is_none);
	tcase_add_test(t, two_matches_are_nobodys);
	tcase_add_test(t, edited_words_are_changed_on_the_private_video);
	tcase_add_test(t, another_file_is_another_upload);
	tcase_add_test(t, video_that_is_visible_already_is_not_fired_again);
	tcase_add_loop_test(t, answer_to_the_fire_is_read, 0, (int)ARRAY_LEN(fires));
	tcase_add_test(t, lost_flip_is_settled_by_the_id);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, setup_tail, teardown);
	tcase_add_test(u, tail_keeps_less_than_a_step_for_the_fire);
	tcase_add_test(u, tail_of_whole_steps_still_leaves_a_step);
	tcase_add_test(u, locked_upload_is_said);
	tcase_add_test(u, session_lost_before_its_end_is_opened_anew);
	tcase_add_test(u, lost_tail_is_settled_by_the_session);
	tcase_add_test(u, lost_tail_without_session_is_settled_by_the_listing);
	suite_add_tcase(s, u);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

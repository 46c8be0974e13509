/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube without a network: lost sessions, edits, what answers to the fire mean, doubts. */
#include <string.h>

#include "support/suite.h"
#include "youtube_bench.h"

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
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 404, "")),
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
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 404, "")), ASK_LIST);
	bench_sends(
		&bench,
		bench_stage(
			&bench,
			bench_reply(&bench, 200,
				    "{\"items\":[" ITEM("other000000", "Cake", NOW) "," ITEM(
					    "dQw4w9WgXcQ", "Bread",
					    NOW) "," ITEM("old00000000", "Bread", BEFORE) "]}")),
		"GET /youtube/v3/videos?part=snippet%2Cstatus%2CfileDetails&id=dQw4w9WgXcQ");
	bench_sends(
		&bench,
		bench_stage(&bench, bench_reply(&bench, 200,
						"{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread",
								    "700000") "]}")),
		ASK_VIDEO);
}
END_TEST

START_TEST(upload_that_is_nowhere_is_looked_for_three_times)
{
	(void)opened();
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 410, "")), ASK_LIST);
	waits(bench_stage(&bench,
			  bench_reply(&bench, 200,
				      "{\"items\":[" ITEM("dQw4w9WgXcQ", "Cake", NOW) "]}")),
	      30000);
	bench_restart(&bench);
	bench_sends(&bench, bench_stage(&bench, NULL), ASK_LIST);
	/* Same title, another file. */
	(void)bench_stage(
		&bench,
		bench_reply(&bench, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	waits(bench_stage(&bench,
			  bench_reply(&bench, 200,
				      "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread", "9") "]}")),
	      120000);
	bench_sends(&bench, bench_stage(&bench, NULL), ASK_LIST);
	ck_assert_int_eq(bench_stage(&bench, bench_reply(&bench, 200, "{\"items\":[]}")),
			 STEP_SEND);
	ck_assert_int_eq(bench.result.request->verb, VERB_POST);
}
END_TEST

static bool all_taken(void *arg, const char *id)
{
	(void)arg, (void)id;
	return true;
}

START_TEST(match_that_belongs_to_another_post_is_none)
{
	bench.d.is_taken = all_taken;
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 404, ""));
	(void)bench_stage(
		&bench,
		bench_reply(&bench, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	waits(bench_stage(&bench, bench_reply(&bench, 200,
					      "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread",
								  "700000") "]}")),
	      30000);
}
END_TEST

START_TEST(match_that_may_be_anothers_is_nobodys)
{
	bench_rival(&bench, _i);
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 404, ""));
	(void)bench_stage(
		&bench,
		bench_reply(&bench, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200,
						   "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread",
								       "700000") "]}")),
		   OUTCOME_REFUSED);
}
END_TEST

START_TEST(two_matches_are_nobodys)
{
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 404, ""));
	(void)bench_stage(&bench,
			  bench_reply(&bench, 200,
				      "{\"items\":[" ITEM("aaaaaaaaaaa", "Bread", NOW) "," ITEM(
					      "bbbbbbbbbbb", "Bread", NOW) "]}"));
	bench_ends(&bench,
		   bench_stage(&bench,
			       bench_reply(&bench, 200,
					   "{\"items\":[" FULL("aaaaaaaaaaa", "Fresh bread",
							       "700000") "," FULL("bbbbbbbbbbb",
										  "Fresh bread",
										  "700000") "]}")),
		   OUTCOME_REFUSED);
}
END_TEST

/* ---- edits ---- */

static void staged_flip(void)
{
	(void)opened();
	(void)bench_stage(&bench, bench_reply(&bench, 201, VIDEO("private")));
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		   OUTCOME_STAGED);
}

START_TEST(edited_words_are_changed_on_the_private_video)
{
	staged_flip();
	bench.post.title = "Better bread";
	bench_sends(&bench, bench_stage(&bench, NULL), ASK_VIDEO);
	ck_assert_int_eq(
		bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		STEP_SEND);
	ck_assert_ptr_nonnull(strstr(bench.result.request->url, "part=snippet%2Cstatus"));
	ck_assert_ptr_nonnull(strstr(bench.result.request->bytes, "\"title\":\"Better bread\""));
	ck_assert_ptr_nonnull(strstr(bench.result.request->bytes, "\"privacyStatus\":\"private\""));
	bench_sends(&bench, bench_stage(&bench, bench_reply(&bench, 200, VIDEO("private"))),
		    ASK_VIDEO);
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		   OUTCOME_STAGED);
}
END_TEST

START_TEST(another_file_is_another_upload)
{
	staged_flip();
	memcpy(bench.media[0].sha256, "ffff", 5);
	bench_sends(&bench, bench_stage(&bench, NULL), ASK_VIDEO);
	ck_assert_int_eq(
		bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		STEP_SEND);
	ck_assert_int_eq(bench.result.request->verb, VERB_POST);
}
END_TEST

START_TEST(video_that_is_visible_already_is_not_fired_again)
{
	staged_flip();
	(void)bench_stage(&bench, NULL);
	bench_ends(&bench,
		   bench_stage(&bench, bench_reply(&bench, 200, LISTED("processed", "public"))),
		   OUTCOME_PUBLISHED);
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
	{ 429, "", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
	{ 429, ERROR("rateLimitExceeded"), OUTCOME_DEFER, OUTCOME_DEFER },
	{ 200, "{}", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN },
};

START_TEST(answer_to_the_fire_is_read)
{
	memo_set_text(bench.d.memo, "way", "flip");
	memo_set_text(bench.d.memo, "video", "dQw4w9WgXcQ");
	(void)bench_fire(&bench, NULL);
	bench_ends(&bench,
		   bench_fire(&bench, bench_reply(&bench, fires[_i].status, fires[_i].body)),
		   fires[_i].flip);
	memo_set_text(bench.d.memo, "way", "tail");
	memo_set_text(bench.d.memo, "video", NULL);
	memo_set_text(bench.d.memo, "session", SESSION);
	memo_set_int(bench.d.memo, "size", SIZE);
	memo_set_int(bench.d.memo, "sent", WHOLE);
	puts_range(bench_fire(&bench, NULL), "bytes 524288-699999/700000");
	bench_ends(&bench,
		   bench_fire(&bench, bench_reply(&bench, fires[_i].status, fires[_i].body)),
		   fires[_i].tail);
}
END_TEST

START_TEST(lost_flip_is_settled_by_the_id)
{
	staged_flip();
	(void)bench_fire(&bench, NULL);
	bench_restart(&bench);
	bench_sends(&bench, bench_recover(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench,
		   bench_recover(&bench, bench_reply(&bench, 200, LISTED("processed", "private"))),
		   OUTCOME_ABSENT);
	bench_sends(&bench, bench_recover(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench, bench_recover(&bench, bench_reply(&bench, 200, "{\"items\":[]}")),
		   OUTCOME_UNKNOWN);
	bench_sends(&bench, bench_recover(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench, bench_recover(&bench, bench_reply(&bench, 401, ERROR("authError"))),
		   OUTCOME_REFRESH);
	bench_sends(&bench, bench_recover(&bench, NULL), ASK_VIDEO);
	bench_ends(&bench,
		   bench_recover(&bench, bench_reply(&bench, 200, LISTED("processed", "public"))),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench.result.outcome.remote_id, "dQw4w9WgXcQ");
}
END_TEST

START_TEST(lost_tail_is_settled_by_the_session)
{
	(void)opened();
	(void)bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-524287\r\n", ""));
	(void)bench_fire(&bench, NULL);
	bench_restart(&bench);
	puts_range(bench_recover(&bench, NULL), "bytes */700000");
	bench_ends(&bench,
		   bench_recover(&bench,
				 bench_reply_with(&bench, 308, "Range: bytes=0-524287\r\n", "")),
		   OUTCOME_ABSENT);
	puts_range(bench_recover(&bench, NULL), "bytes */700000");
	bench_ends(&bench, bench_recover(&bench, bench_reply(&bench, 503, "")), OUTCOME_UNKNOWN);
	puts_range(bench_recover(&bench, NULL), "bytes */700000");
	bench_ends(&bench, bench_recover(&bench, bench_reply(&bench, 201, VIDEO("public"))),
		   OUTCOME_ACCEPTED);
	ck_assert_str_eq(bench.result.outcome.handle, "dQw4w9WgXcQ");
}
END_TEST

START_TEST(lost_tail_without_session_is_settled_by_the_listing)
{
	(void)opened();
	(void)bench_stage(&bench, bench_reply_with(&bench, 308, "Range: bytes=0-524287\r\n", ""));
	(void)bench_fire(&bench, NULL);
	(void)bench_recover(&bench, NULL);
	bench_sends(&bench, bench_recover(&bench, bench_reply(&bench, 404, "")), ASK_LIST);
	bench_ends(&bench,
		   bench_recover(&bench, bench_reply(&bench, 200,
						     "{\"items\":[" ITEM("old00000000", "Bread",
									 BEFORE) "]}")),
		   OUTCOME_ABSENT);
	bench_sends(&bench, bench_recover(&bench, NULL), ASK_LIST);
	(void)bench_recover(&bench,
			    bench_reply(&bench, 200,
					"{\"items\":[" ITEM("new00000000", "Cake",
							    NOW) "],"
								 "\"nextPageToken\":\"P2\"}"));
	bench_sends(&bench, STEP_SEND, ASK_LIST "&pageToken=P2");
	(void)bench_recover(
		&bench,
		bench_reply(&bench, 200, "{\"items\":[" ITEM("dQw4w9WgXcQ", "Bread", NOW) "]}"));
	bench_ends(
		&bench,
		bench_recover(&bench, bench_reply(&bench, 200,
						  "{\"items\":[" FULL("dQw4w9WgXcQ", "Fresh bread",
								      "700000") "]}")),
		OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench.result.outcome.remote_id, "dQw4w9WgXcQ");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ session_lost_behind_its_end_is_looked_for, 0 },
		{ upload_that_is_nowhere_is_looked_for_three_times, 0 },
		{ match_that_belongs_to_another_post_is_none, 0 },
		{ two_matches_are_nobodys, 0 },
		{ match_that_may_be_anothers_is_nobodys, BENCH_RIVALS },
		{ edited_words_are_changed_on_the_private_video, 0 },
		{ another_file_is_another_upload, 0 },
		{ video_that_is_visible_already_is_not_fired_again, 0 },
		{ answer_to_the_fire_is_read, (int)ARRAY_LEN(fires) },
		{ lost_flip_is_settled_by_the_id, 0 },
		{ NULL, 0 },
	};
	const struct suite_case tail[] = {
		{ session_lost_before_its_end_is_opened_anew, 0 },
		{ lost_tail_is_settled_by_the_session, 0 },
		{ lost_tail_without_session_is_settled_by_the_listing, 0 },
		{ NULL, 0 },
	};
	const struct suite_of with_tail = {
		.setup = youtube_setup_tail,
		.teardown = youtube_teardown,
		.cases = tail,
	};

	return suite_run(&(struct suite_of){
		.name = "youtube_doubt",
		.setup = youtube_setup,
		.teardown = youtube_teardown,
		.cases = cases,
		.also = &with_tail,
	});
}

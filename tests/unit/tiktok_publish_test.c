/* SPDX-License-Identifier: Apache-2.0 */
/* Staging, fire, confirming and doubt on TikTok, step by step and without a network. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/tiktok.h"
#include "platform_bench.h"
#include "support/suite.h"

#define OK(data) "{\"data\":" data ",\"error\":{\"code\":\"ok\",\"message\":\"\",\"log_id\":\"L\"}}"
#define NOT(code) \
	"{\"data\":{},\"error\":{\"code\":\"" code "\",\"message\":\"m\",\"log_id\":\"L\"}}"
#define CREATOR(options, more) \
	OK("{\"creator_username\":\"demo.user\",\"privacy_level_options\":" options more "}")
#define PUBLIC "[\"PUBLIC_TO_EVERYONE\",\"MUTUAL_FOLLOW_FRIENDS\",\"SELF_ONLY\"]"
#define INITED                                                      \
	OK("{\"publish_id\":\"v_pub_file~v2-1.73\",\"upload_url\":" \
	   "\"https://open-upload.tiktokapis.com/video/?upload_id=1\"}")
#define ASK_CREATOR "POST /v2/post/publish/creator_info/query/ {}"
#define ASK_STATUS  "POST /v2/post/publish/status/fetch/ {\"publish_id\":\"v_pub_file~v2-1.73\"}"
#define RANGE(last) "Content-Range: bytes 0-" #last "/25000000\r\n"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "tiktok", "");
	bench_video(&b, CONTENT_VIDEO);
	b.media[0].bytes = 25000000;
	b.account.access_token = "act.A";
	b.account.expires_us = BENCH_NOW_S * US_PER_S + US_PER_HOUR;
	b.account.scopes = "user.info.basic video.publish video.list";
}

static void teardown(void)
{
	bench_close(&b);
}

static void choose(const char *name, const char *value)
{
	json_object_set_new(b.post.options, name, json_string(value));
}

static enum step stage(const struct http_reply *last)
{
	b.result = (struct step_result){ .phase = PHASE_STAGE };
	return bench_stage(&b, last);
}

static const struct {
	const char *wish, *options; /* of the post; of the creator */
	const char *level;          /* NULL: refused before any init */
} levels[] = {
	{ "public", PUBLIC, "PUBLIC_TO_EVERYONE" },
	{ "friends", PUBLIC, "MUTUAL_FOLLOW_FRIENDS" },
	{ "private", PUBLIC, "SELF_ONLY" },
	{ "SELF_ONLY", PUBLIC, "SELF_ONLY" },
	{ NULL, PUBLIC, "PUBLIC_TO_EVERYONE" },
	{ NULL, "[\"FOLLOWER_OF_CREATOR\",\"SELF_ONLY\"]", "FOLLOWER_OF_CREATOR" },
	{ "followers", PUBLIC, NULL },
	{ "public", "[\"FOLLOWER_OF_CREATOR\",\"SELF_ONLY\"]", NULL },
	{ "public", "[]", NULL },
	{ NULL, "[]", NULL },
	{ "everybody", PUBLIC, NULL },
};

/* Never widened in silence: what is not offered just now is refused, and nothing is begun. */
START_TEST(level_is_one_that_the_creator_is_offered_now)
{
	const char *level = levels[_i].level;

	if (levels[_i].wish)
		choose("privacy", levels[_i].wish);
	bench_sends(&b, stage(NULL), ASK_CREATOR);
	if (!level) {
		bench_ends(&b,
			   stage(bench_reply(
				   &b, 200,
				   arena_printf(b.arena, CREATOR("%s", ""), levels[_i].options))),
			   OUTCOME_REFUSED);
		ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONTENT_REJECTED);
		ck_assert_int_eq(b.result.outcome.error.who, WHO_YOU);
		return;
	}
	ck_assert_int_eq(
		stage(bench_reply(&b, 200,
				  arena_printf(b.arena, CREATOR("%s", ""), levels[_i].options))),
		STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->url, "/v2/post/publish/video/init/"));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes,
				     arena_printf(b.arena, "\"privacy_level\":\"%s\"", level)));
}
END_TEST

START_TEST(creator_s_switches_and_length_are_obeyed)
{
	ck_assert_int_eq(stage(NULL), STEP_SEND);
	ck_assert_int_eq(stage(bench_reply(&b, 200,
					   CREATOR(PUBLIC, ",\"comment_disabled\":true,"
							   "\"duet_disabled\":true,"
							   "\"stitch_disabled\":false"))),
			 STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"disable_comment\":true"));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"disable_duet\":true"));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"disable_stitch\":false"));
	json_object_clear(b.d.memo);
	b.media[0].duration_ms = 60001;
	ck_assert_int_eq(stage(NULL), STEP_SEND);
	bench_ends(
		&b,
		stage(bench_reply(&b, 200, CREATOR(PUBLIC, ",\"max_video_post_duration_sec\":60"))),
		OUTCOME_REFUSED);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "duration");
}
END_TEST

/* The caps come with 200, and stop everything before an init. */
static const struct {
	const char *code;
	enum outcome_kind kind;
	int retry_s;
} caps[] = {
	{ "spam_risk_too_many_posts", OUTCOME_DEFER, 86400 },
	{ "reached_active_user_cap", OUTCOME_DEFER, 86400 },
	{ "spam_risk_user_banned_from_posting", OUTCOME_REFUSED, 0 },
};

START_TEST(cap_stops_before_the_init)
{
	ck_assert_int_eq(stage(NULL), STEP_SEND);
	bench_ends(&b, stage(bench_reply(&b, 200, arena_printf(b.arena, NOT("%s"), caps[_i].code))),
		   caps[_i].kind);
	ck_assert_int_eq(b.result.outcome.retry_after_s, caps[_i].retry_s);
	ck_assert_ptr_null(memo_text(b.d.memo, "publish_id"));
}
END_TEST

static void init_done(void)
{
	ck_assert_int_eq(stage(NULL), STEP_SEND);
	ck_assert_int_eq(stage(bench_reply(&b, 200, CREATOR(PUBLIC, ""))), STEP_SEND);
	ck_assert_int_eq(stage(bench_reply(&b, 200, INITED)), STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"),
			 "bytes 0-9999999/25000000");
}

/* The memo of another process goes on at the byte where this one stopped. */
START_TEST(chunks_go_on_in_another_process)
{
	init_done();
	ck_assert_str_eq(memo_text(b.d.memo, "publish_id"), "v_pub_file~v2-1.73");
	bench_restart(&b);
	/* It does not know whether the chunk arrived: asking is cheaper than sending. */
	bench_sends(&b, stage(NULL), ASK_STATUS);
	ck_assert_int_eq(stage(bench_reply(&b, 200,
					   OK("{\"status\":\"PROCESSING_UPLOAD\","
					      "\"uploaded_bytes\":0}"))),
			 STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"),
			 "bytes 0-9999999/25000000");
	bench_ends(&b, stage(bench_reply_with(&b, 206, RANGE(9999999), "")), OUTCOME_STAGED);
	ck_assert_str_eq(b.result.outcome.handle, "v_pub_file~v2-1.73");
	/* Staged again, say after an edit of the time: nobody begins anew. */
	bench_restart(&b);
	bench_sends(&b, stage(NULL), ASK_STATUS);
	bench_ends(&b,
		   stage(bench_reply(&b, 200,
				     OK("{\"status\":\"PROCESSING_UPLOAD\",\"uploaded_bytes\":"
					"10000000}"))),
		   OUTCOME_STAGED);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"),
			 "bytes 10000000-24999999/25000000");
}
END_TEST

/* What the upload host says to a chunk, and from which byte on the next one goes. */
static const struct {
	int status;
	const char *headers;
	const char *looks; /* NULL: it does not look; else the uploaded bytes that the look names */
	const char *next;  /* Content-Range of what follows; NULL: staged or failed */
	enum outcome_kind kind;
} chunks[] = {
	{ 416, RANGE(4999999), NULL, "bytes 5000000-9999999/25000000", OUTCOME_STAGED },
	{ 416, RANGE(9999999), NULL, NULL, OUTCOME_STAGED },
	{ 416, "", "10000000", NULL, OUTCOME_STAGED },
	{ 503, "", "0", "bytes 0-9999999/25000000", OUTCOME_DEFER },
	{ 503, "", "3000000", "bytes 3000000-9999999/25000000", OUTCOME_DEFER },
	{ 416, RANGE(24999999), "25000000", NULL, OUTCOME_STAGED },
};

START_TEST(upload_resumes_where_tiktok_stands)
{
	enum step step;

	init_done();
	step = stage(bench_reply_with(&b, chunks[_i].status, chunks[_i].headers, ""));
	if (chunks[_i].looks) {
		bench_ends(&b, step, OUTCOME_DEFER);
		bench_sends(&b, stage(NULL), ASK_STATUS);
		step = stage(bench_reply(&b, 200,
					 arena_printf(b.arena,
						      OK("{\"status\":\"PROCESSING_UPLOAD\","
							 "\"uploaded_bytes\":%s}"),
						      chunks[_i].looks)));
	}
	if (!chunks[_i].next) {
		bench_ends(&b, step, chunks[_i].kind);
		return;
	}
	ck_assert_int_eq(step, STEP_SEND);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Range"), chunks[_i].next);
}
END_TEST

/* Every byte is there although no fire was counted: the fire only asks, it sends no empty chunk. */
START_TEST(complete_upload_is_not_sent_again)
{
	init_done();
	ck_assert_int_eq(stage(bench_reply_with(&b, 416, RANGE(24999999), "")), STEP_DONE);
	bench_sends(&b, stage(NULL), ASK_STATUS);
	bench_ends(&b, stage(bench_reply(&b, 200, OK("{\"status\":\"PUBLISH_COMPLETE\"}"))),
		   OUTCOME_STAGED);
	bench_sends(&b, bench_fire(&b, NULL), ASK_STATUS);
	bench_ends(&b,
		   bench_fire(&b, bench_reply(&b, 200, OK("{\"status\":\"PUBLISH_COMPLETE\"}"))),
		   OUTCOME_ACCEPTED);
}
END_TEST

START_TEST(expired_address_is_made_anew_after_one_look)
{
	init_done();
	bench_sends(&b, stage(bench_reply(&b, 403, "")), ASK_STATUS);
	bench_sends(&b,
		    stage(bench_reply(&b, 200,
				      OK("{\"status\":\"PROCESSING_UPLOAD\",\"uploaded_bytes\":"
					 "0}"))),
		    ASK_CREATOR);
	ck_assert_ptr_null(memo_text(b.d.memo, "publish_id"));
}
END_TEST

/* Right plans were refused before: one chunk up to 64 MB is the way out, once. */
START_TEST(refused_plan_is_tried_as_one_chunk)
{
	const char *no = "{\"data\":{},\"error\":{\"code\":\"invalid_params\",\"message\":"
			 "\"The chunk size is invalid\"}}";

	ck_assert_int_eq(stage(NULL), STEP_SEND);
	ck_assert_int_eq(stage(bench_reply(&b, 200, CREATOR(PUBLIC, ""))), STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"total_chunk_count\":2"));
	ck_assert_int_eq(stage(bench_reply(&b, 400, no)), STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"total_chunk_count\":1"));
	ck_assert_ptr_nonnull(strstr(b.result.request->bytes, "\"chunk_size\":25000000"));
	bench_ends(&b, stage(bench_reply(&b, 400, no)), OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.who, WHO_OPERATOR);
}
END_TEST

/* Asked long before the time, what the creator allows would be old at the init. */
START_TEST(photos_ask_the_creator_shortly_before_their_time)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.d.due_us = b.d.now_us + 300 * US_PER_S;
	ck_assert_int_eq(stage(NULL), STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, 180 * US_PER_S);
	b.d.now_us += 180 * US_PER_S;
	bench_sends(&b, stage(NULL), ASK_CREATOR);
	bench_ends(&b, stage(bench_reply(&b, 200, CREATOR(PUBLIC, ""))), OUTCOME_STAGED);
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	ck_assert_ptr_nonnull(strstr(b.result.request->url, "/v2/post/publish/content/init/"));
}
END_TEST

static void fired(void)
{
	memo_set_text(b.d.memo, "publish_id", "v_pub_file~v2-1.73");
	memo_set_text(b.d.memo, "privacy", "PUBLIC_TO_EVERYONE");
	memo_set_text(b.d.memo, "username", "demo.user");
	memo_set_int(b.d.memo, "size", 25000000);
	b.d.fired_us = b.d.now_us;
}

static enum step confirm(const struct http_reply *last)
{
	enum step step = bench_confirm(&b, last);

	for (int i = 0; step == STEP_WAIT && i < 10; i++)
		step = bench_confirm(&b, NULL);
	return step;
}

static const struct {
	const char *body;
	enum outcome_kind kind;
	const char *id, *url; /* url NULL: not looked at */
} ends_of[] = {
	{ OK("{\"status\":\"PUBLISH_COMPLETE\",\"publicaly_available_post_id\":"
	     "[7301234567890123456]}"),
	  OUTCOME_PUBLISHED, "7301234567890123456",
	  "https://www.tiktok.com/@demo.user/video/7301234567890123456" },
	{ OK("{\"status\":\"PUBLISH_COMPLETE\",\"publicly_available_post_id\":"
	     "[\"7301234567890123456\"]}"),
	  OUTCOME_PUBLISHED, "7301234567890123456", NULL },
	{ OK("{\"status\":\"SEND_TO_USER_INBOX\"}"), OUTCOME_PUBLISHED, "",
	  "https://www.tiktok.com/@demo.user" },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"frame_rate_check_failed\"}"),
	  OUTCOME_REFUSED, NULL, NULL },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"internal\"}"), OUTCOME_RESTAGE, NULL, NULL },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"spam_risk_too_many_posts\"}"),
	  OUTCOME_RESTAGE, NULL, NULL },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"auth_removed\"}"), OUTCOME_REFUSED, NULL,
	  NULL },
	{ OK("{\"status\":\"NEW_STATE\"}"), OUTCOME_UNKNOWN, NULL, NULL },
	/* Never a new init because a look failed. */
	{ NOT("rate_limit_exceeded"), OUTCOME_UNKNOWN, NULL, NULL },
	{ NOT("invalid_publish_id"), OUTCOME_UNKNOWN, NULL, NULL },
	{ NOT("internal_error"), OUTCOME_UNKNOWN, NULL, NULL },
	{ NOT("access_token_invalid"), OUTCOME_REFRESH, NULL, NULL },
};

START_TEST(state_of_a_publication_ends_the_post)
{
	fired();
	bench_sends(&b, confirm(NULL), ASK_STATUS);
	bench_ends(&b, confirm(bench_reply(&b, 200, ends_of[_i].body)), ends_of[_i].kind);
	if (ends_of[_i].id)
		ck_assert_str_eq(b.result.outcome.remote_id, ends_of[_i].id);
	if (ends_of[_i].url)
		ck_assert_str_eq(b.result.outcome.remote_url, ends_of[_i].url);
	ck_assert_str_eq(memo_text(b.d.memo, "publish_id"), "v_pub_file~v2-1.73");
}
END_TEST

/* Moderation: the id is awaited for a while, and its absence is no failure. */
START_TEST(public_post_without_an_id_is_published_in_the_end)
{
	enum step step;
	int looks = 0;

	fired();
	step = confirm(NULL);
	while (step == STEP_SEND && looks < 20) {
		looks++;
		step = confirm(bench_reply(&b, 200, OK("{\"status\":\"PUBLISH_COMPLETE\"}")));
	}
	bench_ends(&b, step, OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.result.outcome.remote_id, "");
	ck_assert_int_eq(looks, 5);
	json_object_clear(b.d.memo);
	fired();
	memo_set_text(b.d.memo, "privacy", "SELF_ONLY");
	ck_assert_int_eq(confirm(NULL), STEP_SEND);
	bench_ends(&b, confirm(bench_reply(&b, 200, OK("{\"status\":\"PUBLISH_COMPLETE\"}"))),
		   OUTCOME_PUBLISHED);
}
END_TEST

static const struct {
	const char *body;
	enum outcome_kind kind;
} doubts[] = {
	{ OK("{\"status\":\"PROCESSING_UPLOAD\",\"uploaded_bytes\":10000000}"), OUTCOME_ABSENT },
	{ OK("{\"status\":\"PROCESSING_UPLOAD\",\"uploaded_bytes\":25000000}"), OUTCOME_ACCEPTED },
	{ OK("{\"status\":\"PUBLISH_COMPLETE\"}"), OUTCOME_PUBLISHED },
	{ OK("{\"status\":\"SEND_TO_USER_INBOX\"}"), OUTCOME_PUBLISHED },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"internal\"}"), OUTCOME_RESTAGE },
	{ OK("{\"status\":\"FAILED\",\"fail_reason\":\"spam_risk_text\"}"), OUTCOME_ACCEPTED },
	{ NOT("internal_error"), OUTCOME_UNKNOWN },
	{ NOT("invalid_publish_id"), OUTCOME_UNKNOWN },
	{ "", OUTCOME_UNKNOWN },
};

START_TEST(doubt_is_settled_by_the_publish_id)
{
	fired();
	bench_sends(&b, bench_recover(&b, NULL), ASK_STATUS);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, doubts[_i].body)), doubts[_i].kind);
}
END_TEST

#define VIDEO(id, at, text)                                                                       \
	"{\"id\":\"" id "\",\"create_time\":" at ",\"share_url\":\"https://t/" id "\",\"title\":" \
	"\"Two\",\"video_description\":\"" text "\"}"
#define LIST(videos, more) \
	OK("{\"videos\":[" videos "],\"cursor\":1799990000000,\"has_more\":" more "}")
#define FRESH "1800000030"
#define OLDER "1799990000"

static bool is_taken(void *arg, const char *id)
{
	(void)arg;
	return strcmp(id, "66") == 0;
}

static const struct {
	const char *body, *slug; /* slug NULL: found as 8 */
	int rival;               /* of bench_rival(); -1: none */
} lists[] = {
	{ LIST(VIDEO("8", FRESH, "Fresh  bread"), "false"), NULL, -1 },
	{ LIST(VIDEO("9", FRESH, "Other") "," VIDEO("8", FRESH, "Fresh bread"), "true"), NULL, -1 },
	{ LIST(VIDEO("8", FRESH, "Fresh bread") "," VIDEO("7", FRESH, "Fresh bread"), "false"),
	  "ambiguous", -1 },
	{ LIST(VIDEO("66", FRESH, "Fresh bread"), "false"), "not_listed", -1 },
	{ LIST(VIDEO("8", OLDER, "Fresh bread"), "false"), "not_listed", -1 },
	{ LIST("", "false"), "not_listed", -1 },
	{ LIST(VIDEO("8", FRESH, "Fresh bread"), "false"), "ambiguous", 0 },
	{ LIST(VIDEO("8", FRESH, "Fresh bread"), "false"), "ambiguous", 1 },
};

/* Photos whose init was never answered: only the listing can prove them, nothing can disprove. */
START_TEST(unanswered_photos_are_looked_for_in_the_listing)
{
	enum step step;

	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.d.is_taken = is_taken;
	if (lists[_i].rival >= 0)
		bench_rival(&b, lists[_i].rival);
	memo_set_text(b.d.memo, "privacy", "PUBLIC_TO_EVERYONE");
	b.d.fired_us = b.d.now_us;
	bench_ends(&b, bench_recover(&b, NULL), OUTCOME_UNKNOWN);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 120);
	b.d.now_us += 121 * US_PER_S;
	bench_sends(&b, bench_recover(&b, NULL),
		    "POST /v2/video/list/?fields=id%2Ccreate_time%2Cshare_url%2Ctitle%2C"
		    "video_description%2Cduration {\"max_count\":20}");
	step = bench_recover(&b, bench_reply(&b, 200, lists[_i].body));
	if (step == STEP_SEND)
		step = bench_recover(&b, bench_reply(&b, 200, LIST("", "false")));
	bench_ends(&b, step, lists[_i].slug ? OUTCOME_UNKNOWN : OUTCOME_PUBLISHED);
	if (lists[_i].slug)
		ck_assert_str_eq(b.result.outcome.error.platform_code, lists[_i].slug);
	else
		ck_assert_str_eq(b.result.outcome.remote_id, "8");
}
END_TEST

static const struct {
	const char *privacy, *scopes, *slug;
} blind[] = {
	{ "SELF_ONLY", "video.list", "not_listed" },
	{ "MUTUAL_FOLLOW_FRIENDS", "video.list", "not_listed" },
	{ "PUBLIC_TO_EVERYONE", "video.publish", "missing_scope" },
};

START_TEST(unlisted_photos_are_left_to_people)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	memo_set_text(b.d.memo, "privacy", blind[_i].privacy);
	b.account.scopes = blind[_i].scopes;
	b.d.fired_us = b.d.now_us - US_PER_HOUR;
	bench_ends(&b, bench_recover(&b, NULL), OUTCOME_UNKNOWN);
	ck_assert_str_eq(b.result.outcome.error.platform_code, blind[_i].slug);
	ck_assert_int_eq(b.result.outcome.error.who, WHO_YOU);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ level_is_one_that_the_creator_is_offered_now, (int)ARRAY_LEN(levels) },
		{ creator_s_switches_and_length_are_obeyed, 0 },
		{ cap_stops_before_the_init, (int)ARRAY_LEN(caps) },
		{ chunks_go_on_in_another_process, 0 },
		{ upload_resumes_where_tiktok_stands, (int)ARRAY_LEN(chunks) },
		{ complete_upload_is_not_sent_again, 0 },
		{ expired_address_is_made_anew_after_one_look, 0 },
		{ refused_plan_is_tried_as_one_chunk, 0 },
		{ photos_ask_the_creator_shortly_before_their_time, 0 },
		{ state_of_a_publication_ends_the_post, (int)ARRAY_LEN(ends_of) },
		{ public_post_without_an_id_is_published_in_the_end, 0 },
		{ doubt_is_settled_by_the_publish_id, (int)ARRAY_LEN(doubts) },
		{ unanswered_photos_are_looked_for_in_the_listing, (int)ARRAY_LEN(lists) },
		{ unlisted_photos_are_left_to_people, (int)ARRAY_LEN(blind) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tiktok_publish",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube through runner and sandbox: what is really there, who can see it, how each fault ends. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"
#include "store/content.h"
#include "support/suite.h"
#include "video.h"

#define LONG_BYTES 3000000 /* six chunks of two steps */
#define WAIT_MS    40000

static const struct rig_platform youtube = {
	.name = "youtube",
	.settings = "chunk_bytes = 524288\npoll_patience_ms = 4000\n",
};

static struct rig rig;
static char short_video[ID_MAX], long_video[ID_MAX], wide_video[ID_MAX];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":200}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"youtube\",\"unaudited\":false,\"reject_duplicates\":false,"
		    "\"insert_quota\":100000,\"unit_quota\":10000000,\"upload_cap\":0,"
		    "\"testing\":false}");
	database_run(&rig.database,
		     "UPDATE account_refreshes SET next_at = UTC_TIMESTAMP() + INTERVAL "
		     "1 DAY, failures = 0");
}

/* The description is what a video is found by. */
static void post_video(const char *media, const char *caption, const char *overrides,
		       int64_t due_ms, char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = caption,
					.title = "A title",
					.overrides = overrides,
					.media = { media } };

	rig_post_content(&rig, 0, &in, due_ms, ret);
}

/* Videos with that description: all, or those that anybody may see. */
static int videos(const char *caption, const char *privacy)
{
	json_t *out = rig_objects(&rig, caption), *one;
	char mark[60];
	size_t i;
	int n = 0;

	(void)snprintf(mark, sizeof(mark), "\"privacyStatus\":\"%s\"", privacy ? privacy : "");
	json_array_foreach(json_object_get(out, "objects"), i, one) {
		const char *options = json_string_value(json_object_get(one, "options"));

		n += !privacy || (options && strstr(options, mark));
	}
	json_decref(out);
	return n;
}

static void has(const char *text, const char *piece)
{
	ck_assert_msg(strstr(text, piece) != NULL, "%s lacks %s", text, piece);
}

static void expect_published(const char *id, const char *caption, const char *privacy)
{
	rig_expect(&rig, id, POST_PUBLISHED, WAIT_MS);
	ck_assert_int_eq(videos(caption, NULL), 1);
	ck_assert_int_eq(videos(caption, privacy), 1);
}

static void expect_failed(const char *id, const char *caption, const char *code)
{
	rig_expect(&rig, id, POST_FAILED, WAIT_MS);
	ck_assert_int_eq(videos(caption, "public"), 0);
	rig_expect_error(&rig, id, code);
}

/* ---- what arrives ---- */

static const struct {
	const char *overrides, *privacy;
	int updates;
} ways[] = {
	{ NULL, "public", 1 },
	{ "{\"privacy\":\"unlisted\"}", "unlisted", 1 },
	{ "{\"privacy\":\"private\"}", "private", 0 },
};

START_TEST(video_arrives_whole_with_its_privacy)
{
	char id[ID_MAX], text[4000], caption[40];
	char *sha = rig_media_sha(&rig, short_video);
	int updates = rig_calls(&rig, "videos_update");

	(void)snprintf(caption, sizeof(caption), "whole%d", _i);
	post_video(short_video, caption, ways[_i].overrides, -1000, id);
	expect_published(id, caption, ways[_i].privacy);
	has(rig_object_text(&rig, caption, "media", text, sizeof(text)), sha);
	ck_assert_int_eq(rig_calls(&rig, "videos_update") - updates, ways[_i].updates);
	ck_assert_int_eq(rig_post_number(&rig, id, "LENGTH(remote_id) = 11 AND attempts = 1"), 1);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "remote_url LIKE CONCAT('%/shorts/', remote_id)"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "reason IS NULL"), 1);
	free(sha);
}
END_TEST

START_TEST(everything_that_is_said_arrives)
{
	const struct content_patch content = {
		.kind = CONTENT_VIDEO,
		.title = "How to bake",
		.caption = "said",
		.tags = "[\"bread\",\"sour dough\"]",
		.overrides = "{\"youtube\":{\"privacy\":\"unlisted\",\"made_for_kids\":true,"
			     "\"category_id\":\"27\",\"language\":\"en\",\"license\":"
			     "\"creativeCommon\",\"embeddable\":false,\"is_ai_generated\":true,"
			     "\"notify_subscribers\":false}}",
		.media = (const struct content_media[]){ { .media_id = wide_video } },
		.media_n = 1,
	};
	char id[ID_MAX], text[4000];

	rig_post_patch(&rig, 0, &content, -1000, id);
	expect_published(id, "said", "unlisted");
	rig_object_text(&rig, "said", "options", text, sizeof(text));
	has(text, "\"title\":\"How to bake\"");
	has(text, "\"tags\":[\"bread\",\"sour dough\"]");
	has(text, "\"categoryId\":\"27\"");
	has(text, "\"madeForKids\":true");
	has(text, "\"embeddable\":false");
	has(text, "\"license\":\"creativeCommon\"");
	has(text, "\"containsSyntheticMedia\":true");
	has(text, "\"defaultLanguage\":\"en\"");
	has(text, "\"notifySubscribers\":false");
	ck_assert_int_eq(
		rig_post_number(&rig, id, "remote_url LIKE CONCAT('%/watch?v=', remote_id)"), 1);
}
END_TEST

/* Uploaded and processed long before, seen by nobody until then. */
START_TEST(upload_is_over_before_its_time)
{
	char id[ID_MAX], text[4000];

	post_video(long_video, "ahead", NULL, 600000, id);
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_STAGED, WAIT_MS), POST_STAGED);
	ck_assert_int_eq(videos("ahead", "private"), 1);
	ck_assert_int_eq(videos("ahead", "public"), 0);
	database_run(&rig.database, "UPDATE posts SET due_at = UTC_TIMESTAMP(3), wake_at = "
				    "UTC_TIMESTAMP(3) WHERE state = 'staged'");
	expect_published(id, "ahead", "public");
	has(rig_object_text(&rig, "ahead", "options", text, sizeof(text)), "publicSince");
}
END_TEST

START_TEST(without_the_wide_permission_the_end_is_sent_on_time)
{
	char id[ID_MAX], text[4000];
	char *sha = rig_media_sha(&rig, long_video);
	int uploads = rig_calls(&rig, "upload"), updates = rig_calls(&rig, "videos_update");

	database_run(&rig.database,
		     "UPDATE accounts SET scopes = REPLACE(scopes, 'force-ssl', 'none')");
	post_video(long_video, "tail", NULL, -1000, id);
	expect_published(id, "tail", "public");
	database_run(&rig.database,
		     "UPDATE accounts SET scopes = REPLACE(scopes, '.none', '.force-ssl')");
	ck_assert_int_eq(rig_calls(&rig, "upload") - uploads, 7);
	ck_assert_int_eq(rig_calls(&rig, "videos_update") - updates, 0);
	has(rig_object_text(&rig, "tail", "media", text, sizeof(text)), sha);
	free(sha);
}
END_TEST

START_TEST(thumbnail_is_set_before_the_video_is_seen)
{
	char id[ID_MAX], text[4000], overrides[200];
	char *sha = rig_media_sha(&rig, rig.media_id);

	(void)snprintf(overrides, sizeof(overrides), "{\"cover_media_id\":\"%s\"}", rig.media_id);
	post_video(wide_video, "covered", overrides, -1000, id);
	expect_published(id, "covered", "public");
	has(rig_object_text(&rig, "covered", "options", text, sizeof(text)), sha);
	ck_assert_int_eq(rig_post_number(&rig, id, "reason IS NULL"), 1);
	rig_fault(&rig, "{\"platform\":\"youtube\",\"point\":\"api.error\",\"params\":{\"reason\":"
			"\"forbidden\",\"status\":403},\"match\":{\"endpoint\":\"thumbnail\"}}");
	post_video(wide_video, "uncovered", overrides, -1000, id);
	expect_published(id, "uncovered", "public");
	ck_assert_int_eq(rig_post_number(&rig, id, "reason = 'cover_failed'"), 1);
	free(sha);
}
END_TEST

/* ---- faults that end well ---- */

#define FAULT(point, more) "{\"platform\":\"youtube\",\"point\":\"" point "\"" more "}"
#define AT(endpoint)       ",\"match\":{\"endpoint\":\"" endpoint "\"}"

static const struct {
	const char *fault;
	const char *overrides;
	int uploads; /* PUTs to the session, 0: not counted; six without a fault */
	int sessions;
} survived[] = {
	{ FAULT("upload.5xx", ",\"skip\":2"), NULL, 8, 1 },
	{ FAULT("upload.cut_at", ",\"skip\":2,\"params\":{\"bytes\":300000}"), NULL, 0, 1 },
	{ FAULT("upload.short_store", ",\"skip\":1,\"params\":{\"bytes\":262144}"), NULL, 7, 1 },
	{ FAULT("token.401", ",\"skip\":3" AT("upload")), NULL, 8, 1 },
	{ FAULT("upload.commit_then_drop_connection", ""), NULL, 7, 1 },
	{ FAULT("upload.commit_then_5xx", ""), NULL, 7, 1 },
	{ FAULT("upload.lost", ",\"skip\":3"), NULL, 0, 2 },
	{ FAULT("net.rst_after", AT("session")), NULL, 0, 0 },
	{ FAULT("net.rst_after", AT("videos_update")), NULL, 6, 1 },
	{ FAULT("net.rst_before", AT("videos_update")), NULL, 6, 1 },
	{ FAULT("token.401", AT("videos_update")), NULL, 6, 1 },
	{ FAULT("token.401", AT("videos_list")), NULL, 6, 1 },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"backendError\",\"status\":503}" AT("session")),
	  NULL, 6, 1 },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"backendError\",\"status\":503}" AT("videos_update")),
	  NULL, 6, 1 },
	{ FAULT("http.html_502", ",\"skip\":2" AT("upload")), NULL, 8, 1 },
	{ FAULT("http.html_502", AT("videos_update")), NULL, 6, 1 },
	{ FAULT("net.hang_after", AT("videos_update")), NULL, 6, 1 },
	{ FAULT("net.slow", ",\"params\":{\"ms_per_byte\":1}" AT("videos_list")), NULL, 6, 1 },
	/* The end of a private video is its fire. */
	{ FAULT("upload.commit_then_drop_connection", ""), "{\"privacy\":\"private\"}", 0, 1 },
	{ FAULT("upload.commit_then_5xx", ""), "{\"privacy\":\"private\"}", 0, 1 },
	{ FAULT("upload.5xx", ",\"skip\":6"), "{\"privacy\":\"private\"}", 0, 1 },
};

static int sessions(void)
{
	json_t *out = rig_control(&rig, "/_control/state", NULL);
	const json_t *all = json_object_get(json_object_get(out, "platforms"), "youtube");
	int n = (int)json_integer_value(json_object_get(all, "sessions_made"));

	json_decref(out);
	return n;
}

START_TEST(fault_ends_with_one_video)
{
	char id[ID_MAX], caption[40], text[4000];
	char *sha = rig_media_sha(&rig, long_video);
	int uploads = rig_calls(&rig, "upload"), opened = sessions();

	(void)snprintf(caption, sizeof(caption), "survived%d", _i);
	rig_fault(&rig, survived[_i].fault);
	post_video(long_video, caption, survived[_i].overrides, -1000, id);
	expect_published(id, caption, survived[_i].overrides ? "private" : "public");
	has(rig_object_text(&rig, caption, "media", text, sizeof(text)), sha);
	if (survived[_i].uploads)
		ck_assert_int_eq(rig_calls(&rig, "upload") - uploads, survived[_i].uploads);
	if (survived[_i].sessions)
		ck_assert_int_eq(sessions() - opened, survived[_i].sessions);
	free(sha);
}
END_TEST

/* The answer to the last chunk is lost, and so is the session: the listing knows the video. */
START_TEST(video_of_a_lost_session_is_found)
{
	char id[ID_MAX];

	rig_fault(&rig, FAULT("upload.commit_then_drop_connection", ""));
	rig_fault(&rig, FAULT("api.error",
			      ",\"params\":{\"reason\":\"notFound\",\"status\":404},\"skip\":6" AT(
				      "upload")));
	post_video(long_video, "foundagain", NULL, -1000, id);
	expect_published(id, "foundagain", "public");
}
END_TEST

/* ---- faults that end badly ---- */

static const struct {
	const char *fault, *overrides, *code;
} fatal[] = {
	{ FAULT("process.failed", ",\"params\":{\"reason\":\"codec\"}"), NULL, "media_rejected" },
	{ FAULT("process.rejected", ",\"params\":{\"reason\":\"copyright\"}"), NULL,
	  "content_rejected" },
	{ FAULT("process.rejected", ",\"params\":{\"reason\":\"copyright\"}"),
	  "{\"privacy\":\"private\"}", "content_rejected" },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"invalidTitle\",\"status\":400}" AT("session")),
	  NULL, "content_rejected" },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"accessNotConfigured\",\"status\":403}" AT("session")),
	  NULL, "configuration_error" },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"channelSuspended\",\"status\":403}" AT("session")),
	  NULL, "content_rejected" },
	{ NULL, "{\"category_id\":\"18\"}", "content_rejected" },
	{ NULL, "{\"title\":\"a < b\"}", "content_rejected" },
};

START_TEST(refused_video_fails_with_its_reason)
{
	char id[ID_MAX], caption[40];

	(void)snprintf(caption, sizeof(caption), "fatal%d", _i);
	if (fatal[_i].fault)
		rig_fault(&rig, fatal[_i].fault);
	/* There is time to hear what YouTube makes of it. */
	post_video(short_video, caption, fatal[_i].overrides, 3000, id);
	expect_failed(id, caption, fatal[_i].code);
}
END_TEST

START_TEST(duplicate_is_refused_before_anybody_sees_it)
{
	char first[ID_MAX], second[ID_MAX];

	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"youtube\",\"reject_duplicates\":true}");
	post_video(short_video, "original", NULL, -1000, first);
	expect_published(first, "original", "public");
	post_video(short_video, "again", NULL, 3000, second);
	expect_failed(second, "again", "content_rejected");
}
END_TEST

static const struct {
	const char *fault;
	const char *least, *most; /* of the wait */
} waiting[] = {
	{ FAULT("quota.exceeded", AT("session")), "1 SECOND", "26 HOUR" },
	{ FAULT("upload.limit", ""), "23 HOUR", "26 HOUR" },
	{ FAULT("session.limit", ""), "23 HOUR", "26 HOUR" },
	{ FAULT("api.error",
		",\"params\":{\"reason\":\"rateLimitExceeded\",\"status\":429}" AT("session")),
	  "30 SECOND", "10 MINUTE" },
};

START_TEST(full_quota_is_waited_for)
{
	char id[ID_MAX], caption[40], test[300];

	(void)snprintf(caption, sizeof(caption), "waiting%d", _i);
	rig_fault(&rig, waiting[_i].fault);
	post_video(short_video, caption, NULL, -1000, id);
	rig_expect(&rig, id, POST_RETRYING, WAIT_MS);
	rig_expect_error(&rig, id, "rate_limited");
	(void)snprintf(test, sizeof(test),
		       "wake_at BETWEEN UTC_TIMESTAMP() + INTERVAL %s AND UTC_TIMESTAMP() + "
		       "INTERVAL %s",
		       waiting[_i].least, waiting[_i].most);
	ck_assert_int_eq(rig_post_number(&rig, id, test), 1);
	ck_assert_int_eq(videos(caption, NULL), 0);
}
END_TEST

/* The quota is the project's: other channels wait without asking, what is uploaded is shown. */
START_TEST(full_quota_holds_every_channel_but_not_what_is_uploaded)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "of another channel",
					.title = "A title",
					.media = { short_video } };
	char ready[ID_MAX], id[ID_MAX], other[ID_MAX];
	int calls;

	post_video(short_video, "uploaded before", NULL, 600000, ready);
	ck_assert_int_eq(rig_until(&rig, ready, 1u << POST_STAGED | RIG_OVER, WAIT_MS),
			 POST_STAGED);
	rig_fault(&rig, FAULT("quota.exceeded", AT("session")));
	post_video(short_video, "asks", NULL, -1000, id);
	rig_expect(&rig, id, POST_RETRYING, WAIT_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM budgets WHERE subject = '' AND "
					  "closed_until > UTC_TIMESTAMP(3)"),
			 1);
	calls = rig_calls(&rig, "session");
	rig_post_content(&rig, 1, &in, -1000, other);
	database_run(&rig.database, "UPDATE posts SET due_at = UTC_TIMESTAMP(3), wake_at = "
				    "UTC_TIMESTAMP(3) WHERE state = 'staged'");
	rig_expect(&rig, ready, POST_PUBLISHED, WAIT_MS);
	while (rig_post_number(&rig, other, "waiting_for IS NULL"))
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(
		rig_post_number(&rig, other,
				"waiting_for = 'YouTube\\'s limit for this server\\'s app' "
				"AND attempts = 0"),
		1);
	ck_assert_int_eq(rig_calls(&rig, "session"), calls);
}
END_TEST

/* Renewal is the runner's job beside; what it says ends the account, not the post. */
START_TEST(dead_grant_waits_for_its_person)
{
	char id[ID_MAX];
	int opened = sessions();

	rig_fault(&rig, FAULT("token.401", ",\"skip\":2" AT("upload")));
	rig_fault(&rig, FAULT("token.invalid_grant", ""));
	post_video(long_video, "deadgrant", NULL, -1000, id);
	for (int i = 0; i < 200 && rig_number(&rig, "SELECT COUNT(*) FROM accounts WHERE status = "
						    "'expired'") == 0;
	     i++)
		(void)rig_once(&rig, NULL);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM accounts WHERE status = 'expired'"),
			 1);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code = 'token_expired'"), 1);
	database_run(&rig.database, "UPDATE accounts SET status = 'connected'");
	database_run(&rig.database,
		     "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) WHERE state = 'retrying'");
	/* The session was not lost meanwhile. */
	expect_published(id, "deadgrant", "public");
	ck_assert_int_eq(sessions() - opened, 1);
}
END_TEST

START_TEST(unaudited_project_is_told)
{
	char id[ID_MAX];
	char *why;

	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"youtube\",\"unaudited\":true}");
	post_video(short_video, "locked", NULL, -1000, id);
	expect_failed(id, "locked", "configuration_error");
	why = rig_post_text(&rig, id, "error_message");
	has(why, "audit");
	ck_assert_int_eq(videos("locked", "private"), 1);
	free(why);
}
END_TEST

START_TEST(unaudited_tail_is_published_with_a_remark)
{
	char id[ID_MAX];
	char *reason;

	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"youtube\",\"unaudited\":true}");
	database_run(&rig.database,
		     "UPDATE accounts SET scopes = REPLACE(scopes, 'force-ssl', 'none')");
	post_video(short_video, "lockedtail", NULL, -1000, id);
	expect_published(id, "lockedtail", "private");
	database_run(&rig.database,
		     "UPDATE accounts SET scopes = REPLACE(scopes, '.none', '.force-ssl')");
	reason = rig_post_text(&rig, id, "reason");
	ck_assert_str_eq(reason, "kept_private");
	free(reason);
}
END_TEST

/* ---- crashes ---- */

static const struct {
	const char *plan, *overrides;
} crashes[] = {
	{ "F05_reply_received 1 kill\n", NULL }, /* the session was opened, nobody noted it */
	{ "F05_reply_received 2 kill\n", NULL },
	{ "F05_reply_received 4 kill\n", NULL },
	{ "F05_reply_received 7 kill\n", NULL }, /* behind the last chunk */
	{ "F06_handle_received 3 kill\n", NULL },
	{ "F11_after_commit 4 kill\n", NULL },
	{ "F13_journal_written 1 kill\n", NULL },
	{ "F14_before_send 1 kill\n", NULL },
	{ "F16_sent_whole 1 kill\n", NULL },
	{ "F18_answer_received 1 kill\n", NULL },
	{ "F13_journal_written 1 kill\n", "{\"privacy\":\"private\"}" },
	{ "F16_sent_whole 1 kill\n", "{\"privacy\":\"private\"}" },
	{ "F18_answer_received 1 kill\n", "{\"privacy\":\"private\"}" },
};

START_TEST(killed_runner_leaves_one_video)
{
	char id[ID_MAX], caption[40], text[4000];
	char *sha = rig_media_sha(&rig, long_video);

	if (!rig_has_failpoints())
		return;
	(void)snprintf(caption, sizeof(caption), "killed%d", _i);
	post_video(long_video, caption, crashes[_i].overrides, -500, id);
	ck_assert_int_eq(rig_once(&rig, crashes[_i].plan), -SIGKILL);
	expect_published(id, caption, crashes[_i].overrides ? "private" : "public");
	has(rig_object_text(&rig, caption, "media", text, sizeof(text)), sha);
	free(sha);
}
END_TEST

/* Killed in the middle: the bytes that are there stay there. */
START_TEST(killed_upload_goes_on_where_it_stood)
{
	char id[ID_MAX];
	int uploads, opened;

	if (!rig_has_failpoints())
		return;
	post_video(long_video, "resumed", NULL, -500, id);
	uploads = rig_calls(&rig, "upload");
	opened = sessions();
	ck_assert_int_eq(rig_once(&rig, "F05_reply_received 5 kill\n"), -SIGKILL);
	expect_published(id, "resumed", "public");
	/* Six chunks and one question, in one session. */
	ck_assert_int_eq(rig_calls(&rig, "upload") - uploads, 7);
	ck_assert_int_eq(sessions() - opened, 1);
}
END_TEST

/* ---- media ---- */

static void make_media(void)
{
	const struct media_item tall = { .kind = MEDIA_VIDEO,
					 .mime = "video/mp4",
					 .ext = "mp4",
					 .width = 180,
					 .height = 320,
					 .duration_ms = 1000,
					 .video_codec = "h264" };
	struct media_item wide = tall;

	wide.width = 320;
	wide.height = 180;
	video_add(&rig, "short", "testsrc=s=180x320:r=10:d=1", 0, &tall, short_video);
	video_add(&rig, "long", "testsrc=s=180x320:r=10:d=1", LONG_BYTES, &tall, long_video);
	video_add(&rig, "wide", "testsrc=s=320x180:r=10:d=1", 0, &wide, wide_video);
}

static void open_rig(void)
{
	rig_start_with(&rig, &youtube);
	make_media();
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ video_arrives_whole_with_its_privacy, (int)ARRAY_LEN(ways) },
		{ everything_that_is_said_arrives, 0 },
		{ thumbnail_is_set_before_the_video_is_seen, 0 },
		{ upload_is_over_before_its_time, 0 },
		{ without_the_wide_permission_the_end_is_sent_on_time, 0 },
		{ fault_ends_with_one_video, (int)ARRAY_LEN(survived) },
		{ video_of_a_lost_session_is_found, 0 },
		{ refused_video_fails_with_its_reason, (int)ARRAY_LEN(fatal) },
		{ duplicate_is_refused_before_anybody_sees_it, 0 },
		{ full_quota_is_waited_for, (int)ARRAY_LEN(waiting) },
		{ full_quota_holds_every_channel_but_not_what_is_uploaded, 0 },
		{ dead_grant_waits_for_its_person, 0 },
		{ unaudited_project_is_told, 0 },
		{ unaudited_tail_is_published_with_a_remark, 0 },
		{ killed_runner_leaves_one_video, (int)ARRAY_LEN(crashes) },
		{ killed_upload_goes_on_where_it_stood, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "youtube",
					     .before = open_rig,
					     .after = close_rig,
					     .setup = setup,
					     .timeout_s = 120,
					     .cases = cases });
}

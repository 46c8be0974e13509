/* SPDX-License-Identifier: Apache-2.0 */
/* X through the real runner against the sandbox: what reaches the platform, and every fault's end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static const struct rig_platform x = {
	.name = "twitter",
	.settings = "chunk_bytes = 65536\nquotes_allowed = 1\n",
};

static struct rig rig;
static char video_id[ID_MAX], gif_id[ID_MAX], second_id[ID_MAX], described_id[ID_MAX];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"tweets_limit\":100000}");
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":150}");
}

static void publish(const struct rig_content *in, char ret[static ID_MAX])
{
	rig_post_content(&rig, 0, in, -500, ret);
	rig_expect(&rig, ret, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, in->caption), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "attempts"), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret,
					 "remote_url LIKE 'https://x.example/acmebakery/status/%'"),
			 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "remote_url LIKE CONCAT('%/', remote_id)"), 1);
}

START_TEST(text_is_one_call)
{
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = "Just words & <signs> 故" };
	const int before = rig_calls(&rig, "tweets");
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_calls(&rig, "tweets") - before, 1);
}
END_TEST

START_TEST(options_arrive_as_given)
{
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = "With options",
					.overrides = "{\"reply_settings\":\"following\","
						     "\"is_ai_generated\":true}" };
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"With options\"",
				   "{\\\"alt_texts\\\":[],\\\"made_with_ai\\\":true,"
				   "\\\"reply_settings\\\":\\\"following\\\"}"),
			 1);
}
END_TEST

START_TEST(reply_names_the_earlier_post)
{
	const struct rig_content first = { .kind = CONTENT_TEXT, .caption = "Part one" };
	struct rig_content second = { .kind = CONTENT_TEXT, .caption = "Part two" };
	char id[ID_MAX], overrides[80];
	char *remote;

	publish(&first, id);
	remote = rig_post_text(&rig, id, "remote_id");
	(void)snprintf(overrides, sizeof(overrides), "{\"reply_to_id\":\"%s\"}", remote);
	second.overrides = overrides;
	publish(&second, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Part two\"", remote), 1);
	free(remote);
}
END_TEST

START_TEST(images_arrive_whole_and_in_order)
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = "Two pictures",
					.media = { rig.media_id, second_id } };
	char *one = rig_media_sha(&rig, rig.media_id), *two = rig_media_sha(&rig, second_id);
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, one, two), 1);
	free(one);
	free(two);
}
END_TEST

START_TEST(gif_is_processed_first)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "Moving",
					.media = { gif_id } };
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Moving\"", "image/gif"), 1);
}
END_TEST

START_TEST(video_goes_up_in_segments)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "A film",
					.media = { video_id } };
	const int before = rig_calls(&rig, "append");
	char id[ID_MAX], *sha = rig_media_sha(&rig, video_id);

	publish(&in, id);
	ck_assert_int_gt(rig_calls(&rig, "append") - before, 2);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"A film\"", sha), 1);
	free(sha);
}
END_TEST

/* A broken segment is sent again; those before it are not. */
START_TEST(interrupted_upload_resumes)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "Resumed",
					.media = { video_id } };
	const int starts = rig_calls(&rig, "initialize");
	char id[ID_MAX], *sha = rig_media_sha(&rig, video_id);

	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"net.rst_before\",\"times\":2,"
			"\"match\":{\"endpoint\":\"append\"}}");
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"net.rst_after\","
			"\"match\":{\"endpoint\":\"append\"}}");
	publish(&in, id);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - starts, 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Resumed\"", sha), 1);
	free(sha);
}
END_TEST

static const struct rig_fault_row fires[] = {
	{ "tweets.commit_then_drop", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "tweets.commit_then_5xx", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "tweets.commit_then_hang", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "tweets.drop_before_commit", "tweets", POST_PUBLISHED, 1, 2, NULL },
	{ "tweets.5xx", "tweets", POST_PUBLISHED, 1, 2, NULL },
	{ "net.rst_after", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "net.truncate", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "http.429_after", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "http.html_body", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "http.empty_body", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "http.malformed_body", "tweets", POST_PUBLISHED, 1, 1, NULL },
	{ "http.redirect", "tweets", POST_PUBLISHED, 1, 0, NULL },
	{ "auth.403_unknown", "tweets", POST_PUBLISHED, 1, 0, NULL },
	{ "tweets.media_invalid", "tweets", POST_PUBLISHED, 1, 2, NULL },
	{ "tweets.duplicate", "tweets", POST_FAILED, 0, 1, "content_rejected" },
	{ "credits.402", "tweets", POST_FAILED, 0, 1, "configuration_error" },
	{ "auth.403_unknown", "initialize", POST_PUBLISHED, 1, 1, NULL },
	{ "append.413", "append", POST_FAILED, 0, 0, "media_rejected" },
	{ "net.rst_after", "finalize", POST_PUBLISHED, 1, 1, NULL },
	{ "net.rst_after", "initialize", POST_PUBLISHED, 1, 1, NULL },
	{ "http.5xx_after", "append", POST_PUBLISHED, 1, 1, NULL },
	{ "credits.402", "initialize", POST_FAILED, 0, 0, "configuration_error" },
};

START_TEST(fault_ends_as_its_table_says)
{
	rig_expect_fault(&rig, "twitter", fires, _i, PATIENCE_MS);
}
END_TEST

START_TEST(failed_processing_ends_the_post)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "Spoilt",
					.media = { video_id } };
	char id[ID_MAX];

	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"process.failed\"}");
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "error_code = 'media_rejected' AND attempts = 0"), 1);
}
END_TEST

/* The list lags behind: absence must not be believed before the quarantine is over. */
START_TEST(lagging_timeline_does_not_double)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "lagging", -500, id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"tweets.commit_then_drop\"}");
	rig_fault(&rig,
		  "{\"platform\":\"twitter\",\"point\":\"timeline.lag\",\"params\":{\"ms\":2000}}");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "lagging"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 1);
}
END_TEST

/* Lag beyond all patience: the second try meets X's own refusal, which is evidence of the first. */
START_TEST(duplicate_after_a_doubt_is_evidence)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "evident", -500, id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"tweets.commit_then_drop\"}");
	rig_fault(&rig,
		  "{\"platform\":\"twitter\",\"point\":\"timeline.lag\",\"params\":{\"ms\":7000}}");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "evident"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_id IS NOT NULL"), 1);
}
END_TEST

START_TEST(poll_arrives_as_given)
{
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = "Which bread?",
					.overrides = "{\"poll\":{\"options\":[\"rye\",\"spelt\"],"
						     "\"duration_minutes\":60}}" };
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "Which bread?",
				   "\\\"poll\\\":{\\\"duration_minutes\\\":60,"
				   "\\\"options\\\":[\\\"rye\\\",\\\"spelt\\\"]}"),
			 1);
}
END_TEST

START_TEST(quote_arrives_where_the_plan_allows_it)
{
	struct rig_content in = { .kind = CONTENT_TEXT, .caption = "Quoted" };
	char id[ID_MAX], overrides[80];
	char *remote;

	publish(&in, id);
	remote = rig_post_text(&rig, id, "remote_id");
	(void)snprintf(overrides, sizeof(overrides), "{\"quote_id\":\"%s\"}", remote);
	in.caption = "Quoting";
	in.overrides = overrides;
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"enterprise\":false}");
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code = 'content_rejected'"), 1);
	in.caption = "Quoting at last";
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"enterprise\":true}");
	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "Quoting at last", remote), 1);
	free(remote);
}
END_TEST

START_TEST(alt_text_arrives)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "Described",
					.media = { described_id } };
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Described\"",
				   "\\\"alt_texts\\\":[\\\"A loaf & a knife\\\"]"),
			 1);
}
END_TEST

START_TEST(limit_is_waited_for_until_its_reset)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "limited", -500, id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"rate.429\","
			"\"match\":{\"endpoint\":\"tweets\"}}");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_post_number(&rig, id,
					 "error_code = 'rate_limited' AND next_attempt_at BETWEEN "
					 "UTC_TIMESTAMP() + INTERVAL 5 SECOND AND "
					 "UTC_TIMESTAMP() + INTERVAL 16 MINUTE"),
			 1);
	database_run(&rig.database, "DELETE FROM budgets"); /* the quarter of an hour is over */
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "limited"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 2);
}
END_TEST

static int refresh_reuses(void)
{
	json_t *out = rig_control(&rig, "/_control/state", NULL);
	const json_t *x_state = json_object_get(json_object_get(out, "platforms"), "twitter");
	const int n = (int)json_integer_value(json_object_get(x_state, "refresh_reuses"));

	json_decref(out);
	return n;
}

static const char stale[] = "{\"platform\":\"twitter\",\"point\":\"auth.401\","
			    "\"match\":{\"endpoint\":\"tweets\"}}";

START_TEST(stale_token_is_renewed_and_the_post_fired_once)
{
	const int before = rig_calls(&rig, "token"), reuses = refresh_reuses();
	char id[ID_MAX];

	rig_post(&rig, 0, "stale", -500, id);
	rig_fault(&rig, stale);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "stale"), 1);
	ck_assert_int_eq(rig_calls(&rig, "token") - before, 1);
	ck_assert_int_eq(refresh_reuses(), reuses);
	/* The next renewal is made with the new refresh token. */
	rig_post(&rig, 0, "stale again", -500, id);
	rig_fault(&rig, stale);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "stale again"), 1);
	ck_assert_int_eq(refresh_reuses(), reuses);
}
END_TEST

START_TEST(missing_permission_is_known_before_the_upload)
{
	const int before = rig_calls(&rig, "initialize");
	char id[ID_MAX];

	database_run(&rig.database, "UPDATE accounts SET scopes = 'tweet.read tweet.write'");
	rig_post(&rig, 0, "unpermitted", -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "attempts = 0 AND error_message LIKE '%media.write%'"),
		1);
	ck_assert_int_eq(rig_calls(&rig, "initialize"), before);
	database_run(&rig.database, "UPDATE accounts SET scopes = ''");
}
END_TEST

START_TEST(withdrawn_permission_asks_to_connect_again)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "withdrawn", -500, id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"auth.403_scope\","
			"\"match\":{\"endpoint\":\"initialize\"}}");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code = 'token_expired'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM accounts WHERE status = 'expired'"),
			 1);
}
END_TEST

START_TEST(expired_upload_is_made_anew)
{
	const int before = rig_calls(&rig, "initialize");
	char id[ID_MAX];

	rig_post(&rig, 0, "expired", 60000, id);
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_STAGED | RIG_OVER, PATIENCE_MS),
			 POST_STAGED);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - before, 1);
	database_run(&rig.database, "UPDATE posts SET memo = JSON_SET(memo, '$.items[0].dies', 1), "
				    "due_at = UTC_TIMESTAMP(), wake_at = UTC_TIMESTAMP()");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - before, 2);
	ck_assert_int_eq(rig_effects(&rig, "expired"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 1);
}
END_TEST

/*
 * X has turned the token over and the answer is lost: nobody has the new one. That is told, and
 * not tried for ever. The account is spoilt by it, so it is the second one, and the last case.
 */
START_TEST(lost_renewal_asks_to_connect_again)
{
	const int reuses = refresh_reuses();
	char id[ID_MAX];
	int calls;

	rig_post(&rig, 1, "turned over", -500, id);
	rig_fault(&rig, stale);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"token.drop_after_commit\"}");
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	database_run(&rig.database, "UPDATE account_refreshes SET next_at = UTC_TIMESTAMP(3) "
				    "WHERE next_at IS NOT NULL");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM accounts WHERE id = '%s' AND "
				     "status = 'expired'",
				     rig.accounts[1]),
			 1);
	ck_assert_int_eq(refresh_reuses() - reuses, 1);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_effects(&rig, "turned over"), 0);
	calls = rig_calls(&rig, "token");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_calls(&rig, "token"), calls);
}
END_TEST

static void make(const char *name, const char *source, char *path, size_t size)
{
	pid_t pid;
	int status = 0;

	(void)snprintf(path, size, "%s/%s", rig.folder, name);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(127);
		execlp("ffmpeg", "ffmpeg", "-y", "-f", "lavfi", "-i", source, "-t", "2", path,
		       (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0) {
		fprintf(stderr, "ffmpeg cannot make %s\n", name);
		exit(77);
	}
}

static void make_media(void)
{
	const struct media_item film = { .kind = MEDIA_VIDEO,
					 .mime = "video/mp4",
					 .ext = "mp4",
					 .width = 640,
					 .height = 360,
					 .duration_ms = 2000 };
	const struct media_item gif = {
		.kind = MEDIA_IMAGE, .mime = "image/gif", .ext = "gif", .width = 64, .height = 64
	};
	const struct media_item png = {
		.kind = MEDIA_IMAGE, .mime = "image/png", .ext = "png", .width = 64, .height = 64
	};
	const struct media_item loaf = { .kind = MEDIA_IMAGE,
					 .mime = "image/png",
					 .ext = "png",
					 .width = 64,
					 .height = 64,
					 .alt_text = "A loaf & a knife" };
	char path[160];

	make("film.mp4", "testsrc2=s=640x360:r=30", path, sizeof(path));
	rig_media(&rig, path, &film, video_id);
	make("moving.gif", "testsrc=s=64x64:r=5", path, sizeof(path));
	rig_media(&rig, path, &gif, gif_id);
	make("still.png", "color=c=red:s=64x64:r=1:d=1", path, sizeof(path));
	rig_media(&rig, path, &png, second_id);
	make("loaf.png", "color=c=brown:s=64x64:r=1:d=1", path, sizeof(path));
	rig_media(&rig, path, &loaf, described_id);
}

static void open_rig(void)
{
	rig_start_with(&rig, &x);
	make_media();
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ text_is_one_call, 0 },
		{ options_arrive_as_given, 0 },
		{ reply_names_the_earlier_post, 0 },
		{ images_arrive_whole_and_in_order, 0 },
		{ gif_is_processed_first, 0 },
		{ video_goes_up_in_segments, 0 },
		{ interrupted_upload_resumes, 0 },
		{ fault_ends_as_its_table_says, (int)ARRAY_LEN(fires) },
		{ failed_processing_ends_the_post, 0 },
		{ lagging_timeline_does_not_double, 0 },
		{ duplicate_after_a_doubt_is_evidence, 0 },
		{ poll_arrives_as_given, 0 },
		{ quote_arrives_where_the_plan_allows_it, 0 },
		{ alt_text_arrives, 0 },
		{ limit_is_waited_for_until_its_reset, 0 },
		{ stale_token_is_renewed_and_the_post_fired_once, 0 },
		{ missing_permission_is_known_before_the_upload, 0 },
		{ withdrawn_permission_asks_to_connect_again, 0 },
		{ expired_upload_is_made_anew, 0 },
		{ lost_renewal_asks_to_connect_again, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "twitter",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

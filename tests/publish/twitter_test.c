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

#define ENDED                                                                                    \
	(1u << POST_PUBLISHED | 1u << POST_FAILED | 1u << POST_MISSED | 1u << POST_UNCONFIRMED | \
	 1u << POST_CANCELLED)
#define PATIENCE_MS 30000

static const struct rig_platform x = {
	.name = "twitter",
	.settings = "profile_url = https://x.example\npoll_wait_max_ms = 100\nchunk_bytes = 65536\n"
		    "pause_fallback_s = 1\nquotes_allowed = 1\n",
	.users = { "2244994945", "2244994946" },
};

static struct rig rig;
static char video_id[ID_MAX], gif_id[ID_MAX], second_id[ID_MAX], described_id[ID_MAX];
static char video_sha[80];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"tweets_limit\":100000}");
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":150}");
}

static int64_t of_post(const char *id, const char *expression)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM posts WHERE id = '%s'", expression, id);
	return rig_number(&rig, sql);
}

/* Lines of the truth log with all these words. */
static int truth(const char *one, const char *two)
{
	char path[160], line[8192];
	int n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/sandbox/truth.log", rig.folder);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, one) && strstr(line, two) ? 1 : 0;
	(void)fclose(f);
	return n;
}

static void publish(const struct rig_content *in, char ret[static ID_MAX])
{
	rig_post_content(&rig, 0, in, -500, ret);
	ck_assert_int_eq(rig_until(&rig, ret, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, in->caption), 1);
	ck_assert_int_eq(of_post(ret, "attempts"), 1);
	ck_assert_int_eq(of_post(ret, "remote_url LIKE 'https://x.example/acmebakery/status/%'"),
			 1);
	ck_assert_int_eq(of_post(ret, "remote_url LIKE CONCAT('%/', remote_id)"), 1);
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
	ck_assert_int_eq(truth("\"caption\":\"With options\"",
			       "{\\\"alt_texts\\\":[],\\\"made_with_ai\\\":true,"
			       "\\\"reply_settings\\\":\\\"following\\\"}"),
			 1);
}
END_TEST

START_TEST(reply_names_the_earlier_post)
{
	const struct rig_content first = { .kind = CONTENT_TEXT, .caption = "Part one" };
	struct rig_content second = { .kind = CONTENT_TEXT, .caption = "Part two" };
	char id[ID_MAX], sql[120], overrides[80];
	char *remote;

	publish(&first, id);
	(void)snprintf(sql, sizeof(sql), "SELECT remote_id FROM posts WHERE id = '%s'", id);
	remote = rig_text(&rig, sql);
	(void)snprintf(overrides, sizeof(overrides), "{\"reply_to_id\":\"%s\"}", remote);
	second.overrides = overrides;
	publish(&second, id);
	ck_assert_int_eq(truth("\"caption\":\"Part two\"", remote), 1);
	free(remote);
}
END_TEST

START_TEST(images_arrive_whole_and_in_order)
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = "Two pictures",
					.media = { rig.media_id, second_id } };
	char id[ID_MAX], sql[200];
	char *one, *two;

	publish(&in, id);
	(void)snprintf(sql, sizeof(sql), "SELECT LOWER(HEX(sha256)) FROM media WHERE id = '%s'",
		       rig.media_id);
	one = rig_text(&rig, sql);
	(void)snprintf(sql, sizeof(sql), "SELECT LOWER(HEX(sha256)) FROM media WHERE id = '%s'",
		       second_id);
	two = rig_text(&rig, sql);
	ck_assert_int_eq(truth(one, two), 1);
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
	ck_assert_int_eq(truth("\"caption\":\"Moving\"", "image/gif"), 1);
}
END_TEST

START_TEST(video_goes_up_in_segments)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "A film",
					.media = { video_id } };
	const int before = rig_calls(&rig, "append");
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_gt(rig_calls(&rig, "append") - before, 2);
	ck_assert_int_eq(truth("\"caption\":\"A film\"", video_sha), 1);
}
END_TEST

/* A broken segment is sent again; those before it are not. */
START_TEST(interrupted_upload_resumes)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "Resumed",
					.media = { video_id } };
	const int starts = rig_calls(&rig, "initialize");
	char id[ID_MAX];

	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"net.rst_before\",\"times\":2,"
			"\"match\":{\"endpoint\":\"append\"}}");
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"net.rst_after\","
			"\"match\":{\"endpoint\":\"append\"}}");
	publish(&in, id);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - starts, 1);
	ck_assert_int_eq(truth("\"caption\":\"Resumed\"", video_sha), 1);
}
END_TEST

struct fault_row {
	const char *point, *endpoint;
	enum post_state state;
	int effects, attempts; /* attempts 0: does not matter */
	const char *error;     /* NULL: none */
};

static const struct fault_row fires[] = {
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
	const struct fault_row *row = &fires[_i];
	char id[ID_MAX], caption[64], json[300], expression[80];

	(void)snprintf(caption, sizeof(caption), "fault %d", _i);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"twitter\",\"point\":\"%s\",\"params\":{\"ms\":3000},"
		       "\"match\":{\"endpoint\":\"%s\"}}",
		       row->point, row->endpoint);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, json);
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), row->state);
	ck_assert_int_eq(rig_effects(&rig, caption), row->effects);
	if (row->attempts > 0)
		ck_assert_int_eq(of_post(id, "attempts"), row->attempts);
	(void)snprintf(expression, sizeof(expression), "COALESCE(error_code, 'none') = '%s'",
		       row->error ? row->error : "none");
	ck_assert_int_eq(of_post(id, expression), 1);
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
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_FAILED);
	ck_assert_int_eq(of_post(id, "error_code = 'media_rejected' AND attempts = 0"), 1);
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
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "lagging"), 1);
	ck_assert_int_eq(of_post(id, "attempts"), 1);
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
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "evident"), 1);
	ck_assert_int_eq(of_post(id, "remote_id IS NOT NULL"), 1);
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
	ck_assert_int_eq(truth("Which bread?", "\\\"poll\\\":{\\\"duration_minutes\\\":60,"
					       "\\\"options\\\":[\\\"rye\\\",\\\"spelt\\\"]}"),
			 1);
}
END_TEST

START_TEST(quote_arrives_where_the_plan_allows_it)
{
	struct rig_content in = { .kind = CONTENT_TEXT, .caption = "Quoted" };
	char id[ID_MAX], sql[120], overrides[80];
	char *remote;

	publish(&in, id);
	(void)snprintf(sql, sizeof(sql), "SELECT remote_id FROM posts WHERE id = '%s'", id);
	remote = rig_text(&rig, sql);
	(void)snprintf(overrides, sizeof(overrides), "{\"quote_id\":\"%s\"}", remote);
	in.caption = "Quoting";
	in.overrides = overrides;
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"enterprise\":false}");
	rig_post_content(&rig, 0, &in, -500, id);
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_FAILED);
	ck_assert_int_eq(of_post(id, "error_code = 'content_rejected'"), 1);
	in.caption = "Quoting at last";
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"enterprise\":true}");
	publish(&in, id);
	ck_assert_int_eq(truth("Quoting at last", remote), 1);
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
	ck_assert_int_eq(
		truth("\"caption\":\"Described\"", "\\\"alt_texts\\\":[\\\"A loaf & a knife\\\"]"),
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
	ck_assert_int_eq(of_post(id, "error_code = 'rate_limited' AND next_attempt_at BETWEEN "
				     "UTC_TIMESTAMP() + INTERVAL 5 SECOND AND "
				     "UTC_TIMESTAMP() + INTERVAL 16 MINUTE"),
			 1);
	database_run(&rig.database, "DELETE FROM budgets"); /* the quarter of an hour is over */
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "limited"), 1);
	ck_assert_int_eq(of_post(id, "attempts"), 2);
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
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "stale"), 1);
	ck_assert_int_eq(rig_calls(&rig, "token") - before, 1);
	ck_assert_int_eq(refresh_reuses(), reuses);
	/* The next renewal is made with the new refresh token. */
	rig_post(&rig, 0, "stale again", -500, id);
	rig_fault(&rig, stale);
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
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
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_FAILED);
	ck_assert_int_eq(of_post(id, "attempts = 0 AND error_message LIKE '%media.write%'"), 1);
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
	ck_assert_int_eq(of_post(id, "error_code = 'token_expired'"), 1);
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
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_STAGED | ENDED, PATIENCE_MS), POST_STAGED);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - before, 1);
	database_run(&rig.database, "UPDATE posts SET memo = JSON_SET(memo, '$.items[0].dies', 1), "
				    "due_at = UTC_TIMESTAMP(), wake_at = UTC_TIMESTAMP()");
	ck_assert_int_eq(rig_until(&rig, id, ENDED, PATIENCE_MS), POST_PUBLISHED);
	ck_assert_int_eq(rig_calls(&rig, "initialize") - before, 2);
	ck_assert_int_eq(rig_effects(&rig, "expired"), 1);
	ck_assert_int_eq(of_post(id, "attempts"), 1);
}
END_TEST

/*
 * X has turned the token over and the answer is lost: nobody has the new one. That is told, and
 * not tried for ever. The account is spoilt by it, so it is the second one, and the last case.
 */
START_TEST(lost_renewal_asks_to_connect_again)
{
	const int reuses = refresh_reuses();
	char id[ID_MAX], sql[200];
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
	(void)snprintf(sql, sizeof(sql),
		       "SELECT COUNT(*) FROM accounts WHERE id = '%s' AND status = 'expired'",
		       rig.accounts[1]);
	ck_assert_int_eq(rig_number(&rig, sql), 1);
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
	char path[160], sql[120];
	char *sha;

	make("film.mp4", "testsrc2=s=640x360:r=30", path, sizeof(path));
	rig_media(&rig, path, &film, video_id);
	make("moving.gif", "testsrc=s=64x64:r=5", path, sizeof(path));
	rig_media(&rig, path, &gif, gif_id);
	make("still.png", "color=c=red:s=64x64:r=1:d=1", path, sizeof(path));
	rig_media(&rig, path, &png, second_id);
	make("loaf.png", "color=c=brown:s=64x64:r=1:d=1", path, sizeof(path));
	rig_media(&rig, path, &loaf, described_id);
	(void)snprintf(sql, sizeof(sql), "SELECT LOWER(HEX(sha256)) FROM media WHERE id = '%s'",
		       video_id);
	sha = rig_text(&rig, sql);
	(void)snprintf(video_sha, sizeof(video_sha), "%s", sha ? sha : "none");
	free(sha);
}

int main(void)
{
	Suite *s = suite_create("twitter");
	TCase *t = tcase_create("twitter");
	SRunner *r;
	int failed;

	rig_start_with(&rig, &x);
	r = srunner_create(s);
	tcase_set_timeout(t, 90);
	tcase_add_unchecked_fixture(t, make_media, NULL);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, text_is_one_call);
	tcase_add_test(t, options_arrive_as_given);
	tcase_add_test(t, reply_names_the_earlier_post);
	tcase_add_test(t, images_arrive_whole_and_in_order);
	tcase_add_test(t, gif_is_processed_first);
	tcase_add_test(t, video_goes_up_in_segments);
	tcase_add_test(t, interrupted_upload_resumes);
	tcase_add_loop_test(t, fault_ends_as_its_table_says, 0, (int)ARRAY_LEN(fires));
	tcase_add_test(t, failed_processing_ends_the_post);
	tcase_add_test(t, lagging_timeline_does_not_double);
	tcase_add_test(t, duplicate_after_a_doubt_is_evidence);
	tcase_add_test(t, poll_arrives_as_given);
	tcase_add_test(t, quote_arrives_where_the_plan_allows_it);
	tcase_add_test(t, alt_text_arrives);
	tcase_add_test(t, limit_is_waited_for_until_its_reset);
	tcase_add_test(t, stale_token_is_renewed_and_the_post_fired_once);
	tcase_add_test(t, missing_permission_is_known_before_the_upload);
	tcase_add_test(t, withdrawn_permission_asks_to_connect_again);
	tcase_add_test(t, expired_upload_is_made_anew);
	tcase_add_test(t, lost_renewal_asks_to_connect_again);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	rig_stop(&rig);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

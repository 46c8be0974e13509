/* SPDX-License-Identifier: Apache-2.0 */
/* TikTok through runner and sandbox: what is really posted, and how each fault ends. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"
#include "video.h"

#define LONG_BYTES 16000000 /* three chunks of five million, the last one larger */

static const struct rig_platform tiktok = {
	.name = "tiktok",
	.settings = "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 9000000\n",
};

static struct rig rig;
static char short_video[ID_MAX], long_video[ID_MAX], tall_photo[ID_MAX];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":100}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"tiktok\",\"daily_cap\":100000,\"init_rate\":100000,"
		    "\"creator_rate\":100000,\"status_rate\":100000,\"unaudited\":false,"
		    "\"upload_life_s\":3600,\"accounts\":[{\"id\":"
		    "\"723f24d7-e717-40f8-a2b6-cb8464cd23b4\",\"private\":false,\"banned\":false,"
		    "\"max_video_post_duration_sec\":600}]}");
}

static void post_video(const char *media, const char *caption, const char *overrides,
		       char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = caption,
					.overrides = overrides,
					.media = { media } };

	rig_post_content(&rig, 0, &in, -1000, ret);
}

static void post_photos(const char *caption, const char *overrides, char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = caption,
					.title = "Two",
					.overrides = overrides,
					.media = { rig.media_id, tall_photo } };

	rig_post_content(&rig, 0, &in, -1000, ret);
}

static bool is_captioned(const json_t *doc, const char *caption)
{
	const char *is = json_string_value(json_object_get(doc, "caption"));

	return is && strcmp(is, caption) == 0;
}

struct wanted {
	const char *caption, *member;
	char *ret;
	size_t size;
};

static void take_member(void *arg, const json_t *entry, const char *line)
{
	const struct wanted *w = arg;
	char *text;

	(void)line;
	if (!is_captioned(entry, w->caption))
		return;
	text = json_dumps(json_object_get(entry, w->member), JSON_ENCODE_ANY | JSON_COMPACT);
	if (text)
		(void)snprintf(w->ret, w->size, "%s", text);
	free(text);
}

/* A member of the last truth line with that caption, as JSON text. */
static const char *truth(const char *caption, const char *member, char *ret, size_t size)
{
	ret[0] = '\0';
	rig_truth_each(&rig, take_member, &(struct wanted){ caption, member, ret, size });
	return ret;
}

static void expect_published(const char *id, const char *caption)
{
	rig_expect(&rig, id, POST_PUBLISHED, 30000);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
}

static void expect_failed(const char *id, const char *caption, const char *code)
{
	rig_expect(&rig, id, POST_FAILED, 30000);
	ck_assert_int_eq(rig_effects(&rig, caption), 0);
	rig_expect_error(&rig, id, code);
}

START_TEST(video_arrives_whole_with_its_options)
{
	char id[ID_MAX], text[4000];
	char *sha = rig_media_sha(&rig, short_video);

	post_video(short_video, "short #one", "{\"privacy\":\"friends\",\"disable_duet\":true}",
		   id);
	expect_published(id, "short #one");
	ck_assert_ptr_nonnull(strstr(truth("short #one", "media", text, sizeof(text)), sha));
	truth("short #one", "options", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "MUTUAL_FOLLOW_FRIENDS"));
	ck_assert_ptr_nonnull(strstr(text, "\\\"disable_duet\\\":true"));
	/* The creator has switched stitches off. */
	ck_assert_ptr_nonnull(strstr(text, "\\\"disable_stitch\\\":true"));
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_id IS NULL AND attempts = 1"), 1);
	free(sha);
}
END_TEST

START_TEST(public_video_gets_its_id_and_address)
{
	char id[ID_MAX];

	post_video(short_video, "public", NULL, id);
	expect_published(id, "public");
	ck_assert_int_eq(
		rig_post_number(&rig, id, "remote_id LIKE '73%' AND LENGTH(remote_id) = 19"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_url LIKE '%/@demo.user/video/73%'"), 1);
}
END_TEST

START_TEST(long_video_goes_up_in_chunks_the_last_one_on_time)
{
	char id[ID_MAX], text[4000];
	char *sha = rig_media_sha(&rig, long_video);
	int before = rig_calls(&rig, "upload");

	post_video(long_video, "long", NULL, id);
	expect_published(id, "long");
	ck_assert_int_eq(rig_calls(&rig, "upload") - before, 3);
	ck_assert_ptr_nonnull(strstr(truth("long", "media", text, sizeof(text)), sha));
	free(sha);
}
END_TEST

START_TEST(photos_are_pulled_with_title_and_description)
{
	char id[ID_MAX], text[4000];
	char *sha = rig_media_sha(&rig, rig.media_id);

	post_photos("photos", NULL, id);
	expect_published(id, "photos");
	ck_assert_ptr_nonnull(strstr(truth("photos", "media", text, sizeof(text)), sha));
	ck_assert_ptr_nonnull(strstr(truth("photos", "options", text, sizeof(text)),
				     "\\\"title\\\":\\\"Two\\\""));
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_url LIKE '%/@demo.user/photo/73%'"), 1);
	free(sha);
}
END_TEST

static const char *const photo_faults[] = { "http.429_after", "http.5xx_after",
					    "http.html_502_after", "net.rst_after" };

/* The photos' only call is the one that cannot be taken back. */
START_TEST(answer_that_proves_nothing_does_not_double_photos)
{
	char id[ID_MAX], caption[40], fault[150];

	(void)snprintf(caption, sizeof(caption), "photos %d", _i);
	(void)snprintf(fault, sizeof(fault),
		       "{\"platform\":\"tiktok\",\"point\":\"%s\",\"times\":1,"
		       "\"match\":{\"endpoint\":\"photo_init\"}}",
		       photo_faults[_i]);
	rig_fault(&rig, fault);
	post_photos(caption, NULL, id);
	expect_published(id, caption);
}
END_TEST

START_TEST(draft_ends_in_the_inbox)
{
	char id[ID_MAX];

	/* A draft has no caption: what exists is counted by account alone. */
	post_video(short_video, "never sent", "{\"post_mode\":\"inbox\"}", id);
	rig_expect(&rig, id, POST_PUBLISHED, 30000);
	ck_assert_int_eq(rig_effects(&rig, "never sent"), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_id IS NULL"), 1);
}
END_TEST

static const struct {
	const char *fault;
	bool is_long;
	int uploads; /* 0: not counted */
} survived[] = {
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.cut_at\",\"params\":{\"bytes\":3000000}}",
	  true, 4 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_drop_connection\"}", true, 0 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_5xx\"}", true, 3 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.5xx\"}", true, 4 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.expired\"}", true, 4 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.unknown\"}", true, 4 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_drop_connection\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_5xx\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.cut_at\",\"params\":{\"bytes\":3000}}",
	  false, 2 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.5xx\"}", false, 2 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.expired\"}", false, 2 },
	{ "{\"platform\":\"tiktok\",\"point\":\"init.commit_then_drop_connection\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"init.commit_then_5xx\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"init.drop_before\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"status.error\"}", false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"moderation.hold\",\"params\":{\"ms\":60000}}",
	  false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"token.expire_now\",\"match\":{\"endpoint\":"
	  "\"status\"}}",
	  false, 1 },
	{ "{\"platform\":\"tiktok\",\"point\":\"net.rst_after\",\"match\":{\"endpoint\":\"upload\"}"
	  "}",
	  false, 1 },
};

START_TEST(fault_of_a_video_ends_with_one_post)
{
	char id[ID_MAX], caption[40];
	int before = rig_calls(&rig, "upload");

	(void)snprintf(caption, sizeof(caption), "survived %d", _i);
	rig_fault(&rig, survived[_i].fault);
	database_run(&rig.database,
		     "UPDATE account_refreshes SET next_at = UTC_TIMESTAMP() + INTERVAL "
		     "1 DAY, failures = 0");
	post_video(survived[_i].is_long ? long_video : short_video, caption, NULL, id);
	expect_published(id, caption);
	if (survived[_i].uploads)
		ck_assert_int_eq(rig_calls(&rig, "upload") - before, survived[_i].uploads);
}
END_TEST

static const struct {
	const char *fault, *overrides, *code;
} fatal[] = {
	{ "{\"platform\":\"tiktok\",\"point\":\"process.error\",\"params\":{\"reason\":"
	  "\"file_format_check_failed\"}}",
	  NULL, "media_rejected" },
	{ "{\"platform\":\"tiktok\",\"point\":\"process.error\",\"params\":{\"reason\":"
	  "\"spam_risk_text\"}}",
	  NULL, "content_rejected" },
	{ "{\"platform\":\"tiktok\",\"point\":\"process.error\",\"params\":{\"reason\":"
	  "\"auth_removed\"}}",
	  NULL, "token_expired" },
	{ "{\"platform\":\"tiktok\",\"point\":\"creator.error\",\"params\":{\"code\":"
	  "\"spam_risk_user_banned_from_posting\"}}",
	  NULL, "content_rejected" },
	{ "{\"platform\":\"tiktok\",\"point\":\"init.error\",\"params\":{\"code\":"
	  "\"unaudited_client_can_only_post_to_private_accounts\"}}",
	  NULL, "configuration_error" },
	{ "{\"platform\":\"tiktok\",\"point\":\"init.error\",\"params\":{\"code\":"
	  "\"privacy_level_option_mismatch\"}}",
	  NULL, "content_rejected" },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.bad\"}", NULL, "platform_error" },
	{ NULL, "{\"privacy\":\"followers\"}", "content_rejected" },
};

START_TEST(refused_video_fails_with_its_reason)
{
	char id[ID_MAX], caption[40];

	(void)snprintf(caption, sizeof(caption), "fatal %d", _i);
	if (fatal[_i].fault)
		rig_fault(&rig, fatal[_i].fault);
	post_video(short_video, caption, fatal[_i].overrides, id);
	expect_failed(id, caption, fatal[_i].code);
}
END_TEST

START_TEST(lost_photo_init_is_found_in_the_listing)
{
	char id[ID_MAX];
	int before = rig_calls(&rig, "photo_init");

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"init.commit_then_drop_connection\"}");
	post_photos("lost and found", NULL, id);
	expect_published(id, "lost and found");
	ck_assert_int_eq(rig_calls(&rig, "photo_init") - before, 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_id LIKE '73%'"), 1);
}
END_TEST

START_TEST(lost_private_photo_init_stays_in_doubt)
{
	char id[ID_MAX];
	int before = rig_calls(&rig, "photo_init");

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"init.commit_then_drop_connection\"}");
	post_photos("lost in private", "{\"privacy\":\"private\"}", id);
	rig_expect(&rig, id, POST_CONFIRMING, 7000);
	ck_assert_int_eq(rig_calls(&rig, "photo_init") - before, 1);
	ck_assert_int_eq(rig_effects(&rig, "lost in private"), 1);
}
END_TEST

START_TEST(unanswered_photo_init_is_never_repeated)
{
	char id[ID_MAX];
	int before = rig_calls(&rig, "photo_init");

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"init.drop_before\"}");
	post_photos("maybe", NULL, id);
	rig_expect(&rig, id, POST_CONFIRMING, 7000);
	ck_assert_int_eq(rig_calls(&rig, "photo_init") - before, 1);
	ck_assert_int_eq(rig_effects(&rig, "maybe"), 0);
}
END_TEST

/* One of two that say the same is there, and neither was answered: nobody knows whose it is. */
START_TEST(found_text_of_two_doubts_is_given_to_neither)
{
	char none[ID_MAX], lost[ID_MAX];

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"init.drop_before\"}");
	post_photos("same words", NULL, none);
	rig_expect(&rig, none, POST_CONFIRMING, 7000);
	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"init.commit_then_drop_connection\"}");
	post_photos("same  words ", NULL, lost);
	rig_expect(&rig, lost, POST_CONFIRMING, 7000);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
		rig_sleep_ms(100);
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE remote_id IS NULL "
					  "AND state IN ('confirming', 'unconfirmed')"),
			 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE platform_code = "
					  "'ambiguous'"),
			 2);
}
END_TEST

START_TEST(failed_pull_is_tried_anew)
{
	char id[ID_MAX];

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"pull.fail\"}");
	post_photos("pulled twice", NULL, id);
	expect_published(id, "pulled twice");
}
END_TEST

START_TEST(failure_inside_tiktok_is_tried_later)
{
	char id[ID_MAX];

	rig_fault(&rig,
		  "{\"platform\":\"tiktok\",\"point\":\"process.error\",\"params\":{\"reason\":"
		  "\"internal\"}}");
	post_video(short_video, "later", NULL, id);
	rig_expect(&rig, id, POST_RETRYING, 15000);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"memo IS NULL AND wake_at > UTC_TIMESTAMP() + INTERVAL 2 MINUTE"),
		1);
	ck_assert_int_eq(rig_effects(&rig, "later"), 0);
}
END_TEST

/* Of the publications with that caption: how many there are, and the bytes that arrived for them. */
static int publications(const char *caption, int64_t *ret_arrived)
{
	json_t *state = rig_control(&rig, "/_control/state", NULL);
	const json_t *all = json_object_get(
		json_object_get(json_object_get(state, "platforms"), "tiktok"), "publishes");
	const json_t *p;
	size_t i;
	int n = 0;

	*ret_arrived = 0;
	json_array_foreach(all, i, p) {
		if (!is_captioned(p, caption))
			continue;
		*ret_arrived += json_integer_value(json_object_get(p, "arrived_bytes"));
		n++;
	}
	json_decref(state);
	return n;
}

static const struct {
	const char *fault;
	int64_t wasted; /* at most */
} cuts[] = {
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.cut_at\",\"params\":{\"bytes\":3000000}}",
	  4000000 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_drop_connection\"}",
	  5000000 /* the HTTP client itself tries a connection that was in use once more */ },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.commit_then_5xx\"}", 0 },
	{ "{\"platform\":\"tiktok\",\"point\":\"upload.5xx\"}", 5000000 },
};

/* Counted where they arrive: what was there already is not sent a second time. */
START_TEST(interrupted_upload_resumes_with_the_missing_bytes)
{
	char id[ID_MAX], caption[40];
	int64_t arrived = 0;

	(void)snprintf(caption, sizeof(caption), "cut %d", _i);
	rig_fault(&rig, cuts[_i].fault);
	post_video(long_video, caption, NULL, id);
	expect_published(id, caption);
	ck_assert_int_eq(publications(caption, &arrived), 1);
	ck_assert_int_ge(arrived, LONG_BYTES);
	ck_assert_int_le(arrived, LONG_BYTES + cuts[_i].wasted);
}
END_TEST

/* Killed at the answer to: the init, the first chunk, the second one. */
START_TEST(runner_killed_between_chunks_sends_none_twice)
{
	const int nth = _i + 2;
	char id[ID_MAX], caption[40], plan[60];
	int64_t arrived = 0;

	if (!rig_has_failpoints())
		return;
	(void)snprintf(caption, sizeof(caption), "killed %d", nth);
	(void)snprintf(plan, sizeof(plan), "F05_reply_received %d kill\n", nth);
	post_video(long_video, caption, NULL, id);
	ck_assert_int_eq(rig_once(&rig, plan), -SIGKILL);
	expect_published(id, caption);
	ck_assert_int_eq(publications(caption, &arrived), nth == 2 ? 2 : 1);
	ck_assert_int_eq(arrived, LONG_BYTES);
}
END_TEST

START_TEST(daily_cap_waits_for_tomorrow)
{
	char id[ID_MAX];
	int before = rig_calls(&rig, "video_init");

	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"tiktok\",\"daily_cap\":0}");
	post_video(short_video, "capped", NULL, id);
	rig_expect(&rig, id, POST_RETRYING, 15000);
	ck_assert_int_eq(rig_post_number(&rig, id,
					 "wake_at > UTC_TIMESTAMP() + INTERVAL 20 HOUR AND "
					 "error_code = 'rate_limited' AND platform_code = "
					 "'spam_risk_too_many_posts'"),
			 1);
	ck_assert_int_eq(rig_calls(&rig, "video_init") - before, 0);
	ck_assert_int_eq(rig_effects(&rig, "capped"), 0);
}
END_TEST

#define OF_ACCOUNT(expression) \
	rig_numberf(&rig, "SELECT %s FROM accounts WHERE id = '%s'", expression, rig.accounts[0])
#define GENERATION(kind)                                                                          \
	"(SELECT generation FROM account_tokens WHERE account_id = accounts.id AND kind = '" kind \
	"')"

static void renew_now(void)
{
	rig_renew(&rig, rig.accounts[0]);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
}

/* The answer names an access token alone: the rest stays, the account's end included. */
START_TEST(renewal_without_a_refresh_token_keeps_the_old_one)
{
	const int64_t access = OF_ACCOUNT(GENERATION("access")),
		      old = OF_ACCOUNT(GENERATION("refresh"));

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"oauth.no_refresh_token\"}");
	renew_now();
	ck_assert_int_eq(OF_ACCOUNT(GENERATION("access")), access + 1);
	ck_assert_int_eq(OF_ACCOUNT(GENERATION("refresh")), old);
	ck_assert_int_eq(OF_ACCOUNT("expires_at > UTC_TIMESTAMP() + INTERVAL 170 DAY"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM account_refreshes WHERE next_at "
					  "BETWEEN UTC_TIMESTAMP() + INTERVAL 1 HOUR AND "
					  "UTC_TIMESTAMP() + INTERVAL 2 HOUR"),
			 1);
	renew_now();
	ck_assert_int_eq(OF_ACCOUNT(GENERATION("access")), access + 2);
	ck_assert_int_eq(OF_ACCOUNT(GENERATION("refresh")), old + 1);
}
END_TEST

/* The token is spent and its successor is lost. The account's tokens stay dead: the last case. */
START_TEST(lost_rotation_is_told_and_never_repeated_in_silence)
{
	const int before = rig_calls(&rig, "token");

	rig_fault(&rig, "{\"platform\":\"tiktok\",\"point\":\"oauth.rotate_then_drop\"}");
	renew_now();
	ck_assert_int_eq(OF_ACCOUNT("status = 'connected'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT MAX(failures) FROM account_refreshes"), 1);
	renew_now();
	ck_assert_int_eq(OF_ACCOUNT("status = 'expired'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = "
					  "'account.needs_reconnect'"),
			 1);
	ck_assert_int_eq(rig_calls(&rig, "token") - before, 2);
	renew_now();
	ck_assert_int_eq(rig_calls(&rig, "token") - before, 2);
}
END_TEST

static void make_media(void)
{
	const struct media_item video = { .kind = MEDIA_VIDEO,
					  .mime = "video/mp4",
					  .ext = "mp4",
					  .width = 540,
					  .height = 960,
					  .duration_ms = 3000,
					  .video_codec = "h264" };
	const struct media_item photo = { .kind = MEDIA_IMAGE,
					  .mime = "image/jpeg",
					  .ext = "jpg",
					  .width = 1080,
					  .height = 1920 };
	char path[200];

	video_add(&rig, "short", "testsrc=s=540x960:r=30:d=3", 0, &video, short_video);
	video_add(&rig, "long", "testsrc=s=540x960:r=30:d=3", LONG_BYTES, &video, long_video);
	(void)snprintf(path, sizeof(path), "%s/tall.jpg", rig.folder);
	rig_draw("color=c=red:s=1080x1920", path);
	rig_media(&rig, path, &photo, tall_photo);
}

static void verify_prefix(void)
{
	char body[300];

	(void)snprintf(body, sizeof(body), "{\"platform\":\"tiktok\",\"verified\":[\"%s/\"]}",
		       rig.config->server_public_url);
	rig_sandbox(&rig, "/_control/world", body);
}

static void open_rig(void)
{
	rig_start_with(&rig, &tiktok);
	make_media();
	verify_prefix();
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ video_arrives_whole_with_its_options, 0 },
		{ public_video_gets_its_id_and_address, 0 },
		{ long_video_goes_up_in_chunks_the_last_one_on_time, 0 },
		{ photos_are_pulled_with_title_and_description, 0 },
		{ answer_that_proves_nothing_does_not_double_photos, ARRAY_LEN(photo_faults) },
		{ draft_ends_in_the_inbox, 0 },
		{ fault_of_a_video_ends_with_one_post, (int)ARRAY_LEN(survived) },
		{ refused_video_fails_with_its_reason, (int)ARRAY_LEN(fatal) },
		{ lost_photo_init_is_found_in_the_listing, 0 },
		{ lost_private_photo_init_stays_in_doubt, 0 },
		{ unanswered_photo_init_is_never_repeated, 0 },
		{ found_text_of_two_doubts_is_given_to_neither, 0 },
		{ failed_pull_is_tried_anew, 0 },
		{ failure_inside_tiktok_is_tried_later, 0 },
		{ interrupted_upload_resumes_with_the_missing_bytes, (int)ARRAY_LEN(cuts) },
		{ runner_killed_between_chunks_sends_none_twice, 3 },
		{ daily_cap_waits_for_tomorrow, 0 },
		{ renewal_without_a_refresh_token_keeps_the_old_one, 0 },
		{ lost_rotation_is_told_and_never_repeated_in_silence, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "tiktok",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

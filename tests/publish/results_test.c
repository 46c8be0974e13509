/* SPDX-License-Identifier: Apache-2.0 */
/* The job that reads how published posts were received, on every platform. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "publish/rig.h"
#include "publish/video.h"
#include "support/suite.h"

#define PATIENCE_MS 60000

enum { INSTAGRAM, PINTEREST, TIKTOK, TWITTER, YOUTUBE, MASTODON, PLATFORMS };

static const struct rig_platform platforms[PLATFORMS] = {
	[INSTAGRAM] = { .name = "instagram" }, [PINTEREST] = { .name = "pinterest" },
	[TIKTOK] = { .name = "tiktok" },       [TWITTER] = { .name = "twitter" },
	[YOUTUBE] = { .name = "youtube" },     [MASTODON] = { .name = "mastodon" },
};

/* What each tells, when it is first asked and then (hours; 0: never), and by which call. */
static const struct manner {
	enum content_kind kind;
	const char *told[5]; /* columns, up to the first NULL */
	const char *untold;  /* one that stays empty */
	int first_h, then_h;
	const char *call;
} manners[PLATFORMS] = {
	[INSTAGRAM] = { CONTENT_IMAGE, { "likes" }, "views", 1, 24, "node" },
	[PINTEREST] = { CONTENT_IMAGE,
			{ "views", "likes", "comments", "saves" },
			"shares",
			72,
			168,
			"pin" },
	[TIKTOK] = { CONTENT_VIDEO,
		     { "views", "likes", "comments", "shares" },
		     "saves",
		     1,
		     24,
		     "video_query" },
	[TWITTER] = { CONTENT_TEXT,
		      { "views", "likes", "comments", "shares", "saves" },
		      NULL,
		      24,
		      0,
		      "lookup" },
	[YOUTUBE] = { CONTENT_VIDEO,
		      { "views", "likes", "comments" },
		      "saves",
		      1,
		      24,
		      "videos_list" },
	[MASTODON] = { CONTENT_TEXT, { "likes", "comments", "shares" }, "views", 1, 24, "status" },
};

static struct rig rig;
static char video_id[ID_MAX];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":100}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"youtube\",\"unaudited\":false,\"reject_duplicates\":false,"
		    "\"insert_quota\":100000,\"unit_quota\":10000000,\"upload_cap\":0}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"tiktok\",\"daily_cap\":100000,\"init_rate\":100000,"
		    "\"creator_rate\":100000,\"status_rate\":100000,\"unaudited\":false,"
		    "\"accounts\":[{\"id\":\"723f24d7-e717-40f8-a2b6-cb8464cd23b4\",\"private\":"
		    "false}]}");
	database_run(&rig.database,
		     "UPDATE accounts SET settings = '{\"default_board\":{\"id\":"
		     "\"549755885175\",\"name\":\"a\"}}' WHERE platform = 'pinterest'");
}

/* The sandbox keeps what earlier cases published: the caption is one of this case alone. */
static void publish(int platform, const char *caption, char ret[static ID_MAX])
{
	const struct manner *m = &manners[platform];
	const struct rig_content in = {
		.kind = m->kind,
		.caption = caption,
		.title = "A title",
		.media = { m->kind == CONTENT_VIDEO   ? video_id
			   : m->kind == CONTENT_IMAGE ? rig.media_id
						      : NULL },
	};

	rig_post_content(&rig, platform * RIG_ACCOUNTS, &in, -500, ret);
	rig_expect(&rig, ret, POST_PUBLISHED, PATIENCE_MS);
}

/* All results are of posts so old, and due. */
static void make_old(int hours)
{
	char sql[300];

	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE post_results SET published_at = UTC_TIMESTAMP(3) - INTERVAL %d HOUR, "
		"next_at = UTC_TIMESTAMP(3) WHERE next_at IS NOT NULL",
		hours);
	database_run(&rig.database, sql);
}

static void look(void)
{
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
}

static void look_at_age(int hours)
{
	make_old(hours);
	look();
}

static int64_t result(const char *post_id, const char *expression)
{
	return rig_numberf(&rig, "SELECT %s FROM post_results WHERE post_id = '%s'", expression,
			   post_id);
}

static bool is_next_at_age(const char *post_id, int hours)
{
	char expression[100];

	if (hours == 0)
		return result(post_id, "next_at IS NULL") == 1;
	(void)snprintf(expression, sizeof(expression),
		       "next_at <=> published_at + INTERVAL %d HOUR", hours);
	return result(post_id, expression) == 1;
}

/* Calls of a platform's endpoint that reached the sandbox. */
static int calls(int platform)
{
	char name[60];
	json_t *state = rig_control(&rig, "/_control/state", NULL);
	int n;

	(void)snprintf(name, sizeof(name), "%s %s", platforms[platform].name,
		       manners[platform].call);
	n = (int)json_integer_value(json_object_get(json_object_get(state, "endpoints"), name));
	json_decref(state);
	return n;
}

/* Each column has what the platform itself says of that very post. */
static void expect_told(int platform, const char *post_id, const char *caption)
{
	const struct manner *m = &manners[platform];
	json_t *objects = rig_objects(&rig, caption);
	const json_t *reaction =
		json_object_get(json_array_get(json_object_get(objects, "objects"), 0), "reaction");

	for (size_t i = 0; i < ARRAY_LEN(m->told) && m->told[i]; i++) {
		const json_int_t is = json_integer_value(json_object_get(reaction, m->told[i]));

		ck_assert_int_gt(is, 0);
		ck_assert_msg(result(post_id, m->told[i]) == is, "%s of %s: %lld, not %lld",
			      m->told[i], platforms[platform].name,
			      (long long)result(post_id, m->told[i]), (long long)is);
	}
	if (m->untold)
		ck_assert_int_eq(rig_numberf(&rig,
					     "SELECT %s IS NULL FROM post_results WHERE post_id = "
					     "'%s'",
					     m->untold, post_id),
				 1);
	ck_assert_int_eq(result(post_id, "score > 0 AND failures = 0 AND read_at IS NOT NULL"), 1);
	json_decref(objects);
}

START_TEST(reaction_is_read_and_kept)
{
	const struct manner *m = &manners[_i];
	const char *caption = platforms[_i].name;
	char id[ID_MAX];

	publish(_i, caption, id);
	ck_assert_int_eq(
		result(id, "readings = 0 AND next_at > UTC_TIMESTAMP(3) + INTERVAL 50 MINUTE"), 1);
	look_at_age(m->first_h);
	expect_told(_i, id, caption);
	ck_assert_int_eq(result(id, "readings"), 1);
	ck_assert(is_next_at_age(id, m->then_h));
	/* Never more after the last age. */
	look_at_age(200);
	ck_assert_int_eq(result(id, "readings"), m->then_h ? 2 : 1);
	ck_assert_int_eq(result(id, "next_at IS NULL"), 1);
}
END_TEST

/* X is billed by the post, Pinterest counts with delay: both are looked at later than the others. */
START_TEST(young_post_waits_for_its_age)
{
	static const int late[] = { TWITTER, PINTEREST };
	const int platform = late[_i];
	char id[ID_MAX];
	int before;

	publish(platform, "young", id);
	before = calls(platform);
	look_at_age(2);
	ck_assert_int_eq(calls(platform), before);
	ck_assert_int_eq(result(id, "readings = 0 AND failures = 0"), 1);
	ck_assert(is_next_at_age(id, manners[platform].first_h));
}
END_TEST

static const int together[] = { TWITTER, TIKTOK, YOUTUBE };

START_TEST(posts_of_an_account_share_one_call)
{
	const int platform = together[_i];
	char ids[3][ID_MAX], captions[3][60];
	int before;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		(void)snprintf(captions[i], sizeof(captions[i]), "%zu of three on %s", i,
			       platforms[platform].name);
		publish(platform, captions[i], ids[i]);
	}
	before = calls(platform);
	look_at_age(manners[platform].first_h);
	ck_assert_int_eq(calls(platform), before + 1);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		expect_told(platform, ids[i], captions[i]);
}
END_TEST

static const struct scope {
	int platform;
	const char *less;
} scopes[] = {
	{ TWITTER, "tweet.write users.read" },
	{ TIKTOK, "user.info.basic video.publish" },
	{ PINTEREST, "boards:read boards:write pins:write" },
};

/* Nothing is asked, nothing counts as failed; once the permission is there, it is read. */
START_TEST(account_without_the_permission_is_not_asked)
{
	const struct scope *s = &scopes[_i];
	const struct manner *m = &manners[s->platform];
	const char *account = rig.accounts[s->platform * RIG_ACCOUNTS];
	char id[ID_MAX], sql[300], *had;
	int before;

	publish(s->platform, s->less, id);
	(void)snprintf(sql, sizeof(sql), "SELECT scopes FROM accounts WHERE id = '%s'", account);
	had = rig_text(&rig, sql);
	(void)snprintf(sql, sizeof(sql), "UPDATE accounts SET scopes = '%s' WHERE id = '%s'",
		       s->less, account);
	database_run(&rig.database, sql);
	before = calls(s->platform);
	look_at_age(m->first_h);
	(void)snprintf(sql, sizeof(sql), "UPDATE accounts SET scopes = '%s' WHERE id = '%s'", had,
		       account);
	database_run(&rig.database, sql);
	free(had);
	ck_assert_int_eq(calls(s->platform), before);
	ck_assert_int_eq(result(id, "readings = 0 AND failures = 0 AND score IS NULL"), 1);
	ck_assert(is_next_at_age(id, m->then_h));
	if (m->then_h) {
		look_at_age(m->then_h);
		expect_told(s->platform, id, s->less);
	}
}
END_TEST

START_TEST(failed_reading_is_tried_later)
{
	char id[ID_MAX];

	publish(INSTAGRAM, "hard to read", id);
	database_run(&rig.database, "UPDATE accounts SET status = 'expired'");
	look_at_age(1);
	database_run(&rig.database, "UPDATE accounts SET status = 'connected'");
	ck_assert_int_eq(
		result(id, "failures = 1 AND score IS NULL AND next_at > UTC_TIMESTAMP(3)"), 1);
	look_at_age(1);
	ck_assert_int_eq(result(id, "failures = 0 AND score > 0"), 1);
	/* The post stays published whatever the reading comes to. */
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'"),
			 1);
}
END_TEST

/* What X says for want of credit, or of a permission; both leave account and post alone. */
static const struct refusal {
	const char *point;
	int failures;
	bool is_given_up;
} refusals[] = {
	{ "credits.402", 1, false },
	{ "auth.403_scope", 0, true }, /* until the next age, and X has none */
	{ "rate.429", 1, false },
};

START_TEST(refused_reading_harms_nothing)
{
	const struct refusal *r = &refusals[_i];
	char id[ID_MAX], json[200];

	publish(TWITTER, r->point, id);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"twitter\",\"point\":\"%s\",\"times\":-1,\"match\":"
		       "{\"endpoint\":\"lookup\"}}",
		       r->point);
	rig_fault(&rig, json);
	look_at_age(24);
	ck_assert_int_eq(result(id, "failures"), r->failures);
	ck_assert_int_eq(result(id, "next_at IS NULL"), r->is_given_up);
	ck_assert_int_eq(result(id, "readings"), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "state = 'published'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM accounts WHERE status <> "
					  "'connected'"),
			 0);
}
END_TEST

/* Where the platform says that a post is gone, nobody asks again; else after some tries. */
static const struct gone {
	int platform;
	const char *remote_id;
	int tries;
} gone[] = {
	{ INSTAGRAM, "17999999999999999", 6 }, { PINTEREST, "813799999999999999", 1 },
	{ TIKTOK, "7309999999999999999", 6 },  { TWITTER, "1999999999999999999", 1 },
	{ YOUTUBE, "aaaaaaaaaaa", 1 },
};

START_TEST(post_that_is_gone_is_given_up)
{
	const struct gone *g = &gone[_i];
	char id[ID_MAX], sql[200];
	int tries = 0, before;

	publish(g->platform, "gone", id);
	(void)snprintf(sql, sizeof(sql), "UPDATE posts SET remote_id = '%s'", g->remote_id);
	database_run(&rig.database, sql);
	before = calls(g->platform);
	for (; result(id, "next_at IS NULL") == 0 && tries < 20; tries++)
		look_at_age(manners[g->platform].first_h);
	ck_assert_int_eq(tries, g->tries);
	ck_assert_int_eq(calls(g->platform) - before, g->tries);
	ck_assert_int_eq(result(id, "score IS NULL AND readings = 0"), 1);
}
END_TEST

/* The last case: it changes the settings. */
START_TEST(operator_switches_reading_off)
{
	char id[ID_MAX];
	int before;

	publish(TWITTER, "unread", id);
	before = calls(TWITTER);
	rig_settings(&rig, RIG_SETTINGS({ "twitter", "results_ages_h", "" }));
	look_at_age(24);
	rig_settings(&rig, RIG_SETTINGS({ "twitter", "results_ages_h", "24" }));
	ck_assert_int_eq(calls(TWITTER), before);
	ck_assert_int_eq(result(id, "next_at IS NULL AND readings = 0 AND failures = 0"), 1);
}
END_TEST

static void open_rig(void)
{
	const struct media_item item = { .kind = MEDIA_VIDEO,
					 .mime = "video/mp4",
					 .ext = "mp4",
					 .width = 540,
					 .height = 960,
					 .duration_ms = 4000,
					 .video_codec = "h264" };

	rig_start_all(&rig, platforms, PLATFORMS);
	video_add(&rig, "short", "testsrc=s=540x960:r=30:d=4", 0, &item, video_id);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ reaction_is_read_and_kept, PLATFORMS },
		{ young_post_waits_for_its_age, 2 },
		{ posts_of_an_account_share_one_call, (int)ARRAY_LEN(together) },
		{ account_without_the_permission_is_not_asked, (int)ARRAY_LEN(scopes) },
		{ failed_reading_is_tried_later, 0 },
		{ refused_reading_harms_nothing, (int)ARRAY_LEN(refusals) },
		{ post_that_is_gone_is_given_up, (int)ARRAY_LEN(gone) },
		{ operator_switches_reading_off, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "results",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 240,
					.cases = cases };

	return suite_run(&suite);
}

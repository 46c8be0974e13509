/* SPDX-License-Identifier: Apache-2.0 */
/* Mastodon through the real runner against the sandbox: what reaches the server, and every fault's end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static const struct rig_platform mastodon = { .name = "mastodon" };

static struct rig rig;
static char video_id[ID_MAX], described_id[ID_MAX];

static void world(const char *members)
{
	char json[200];

	(void)snprintf(json, sizeof(json), "{\"platform\":\"mastodon\",%s}", members);
	rig_sandbox(&rig, "/_control/world", json);
}

static void setup(void)
{
	rig_reset(&rig);
	world("\"statuses_limit\":100000,\"max_characters\":500,\"ignores_keys\":false,"
	      "\"old\":false");
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":150,\"listing_lag_ms\":0}");
}

static void publish(const struct rig_content *in, char ret[static ID_MAX])
{
	rig_post_content(&rig, 0, in, -500, ret);
	rig_expect(&rig, ret, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, in->caption), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "attempts"), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "remote_url LIKE '%/@acmebakery/%'"), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "remote_url LIKE CONCAT('%/', remote_id)"), 1);
}

START_TEST(text_is_one_call)
{
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = "Just words & <signs> \xe6\x95\x85" };
	const int before = rig_calls(&rig, "statuses");
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_calls(&rig, "statuses") - before, 1);
}
END_TEST

START_TEST(options_arrive_as_given)
{
	const struct rig_content in = {
		.kind = CONTENT_TEXT,
		.caption = "With options",
		.overrides = "{\"visibility\":\"unlisted\",\"content_warning\":\"crumbs\","
			     "\"language\":\"de\",\"poll\":{\"options\":[\"rye\",\"spelt\"],"
			     "\"duration_minutes\":60,\"multiple\":true}}"
	};
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"With options\"",
				   "{\\\"alt_texts\\\":[],\\\"language\\\":\\\"de\\\","
				   "\\\"poll\\\":{\\\"expires_in\\\":3600,\\\"multiple\\\":true,"
				   "\\\"options\\\":[\\\"rye\\\",\\\"spelt\\\"]},"
				   "\\\"spoiler_text\\\":\\\"crumbs\\\","
				   "\\\"visibility\\\":\\\"unlisted\\\"}"),
			 1);
}
END_TEST

START_TEST(images_arrive_whole_in_order_and_described)
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = "Two pictures",
					.media = { rig.media_id, described_id } };
	char *one = rig_media_sha(&rig, rig.media_id), *two = rig_media_sha(&rig, described_id);
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, one, two), 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Two pictures\"",
				   "\\\"alt_texts\\\":[null,\\\"A loaf & a knife\\\"]"),
			 1);
	free(one);
	free(two);
}
END_TEST

START_TEST(video_is_processed_first)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "A film",
					.media = { video_id } };
	const int before = rig_calls(&rig, "media_get");
	char id[ID_MAX], *sha = rig_media_sha(&rig, video_id);

	publish(&in, id);
	ck_assert_int_gt(rig_calls(&rig, "media_get") - before, 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"A film\"", sha), 1);
	free(sha);
}
END_TEST

/* What the server takes now counts, not what it took when the account was connected. */
START_TEST(limits_are_the_servers)
{
	char text[401], id[ID_MAX];
	const struct rig_content in = { .kind = CONTENT_TEXT, .caption = text };

	memset(text, 'x', 400);
	text[400] = '\0';
	world("\"max_characters\":300");
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, id, "content_rejected");
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts = 0 AND error_message LIKE '%300%'"),
			 1);
	world("\"max_characters\":400,\"old\":true");
	publish(&in, id);
}
END_TEST

static const struct rig_fault_row fires[] = {
	{ "statuses.commit_then_drop", "statuses", POST_PUBLISHED, 1, 1, NULL },
	{ "statuses.drop_before_commit", "statuses", POST_PUBLISHED, 1, 2, NULL },
	{ "http.429_after", "statuses", POST_PUBLISHED, 1, 1, NULL },
	{ "auth.403_login", "statuses", POST_FAILED, 0, 1, "content_rejected" },
	{ "media.slow", "media", POST_PUBLISHED, 1, 1, NULL },
	{ "media.failed", "media", POST_FAILED, 0, 0, "media_rejected" },
	{ "net.rst_after", "media", POST_PUBLISHED, 1, 1, NULL },
};

START_TEST(fault_ends_as_its_table_says)
{
	rig_expect_fault(&rig, "mastodon", fires, _i, PATIENCE_MS);
}
END_TEST

/*
 * A text whose answer is lost, at a server that does not know keys and lists it late: absence must
 * not be believed before the quarantine is over.
 */
START_TEST(lagging_list_does_not_double)
{
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = "Lagging: https://a.example/x @baker@far.example"
						   "\n\n#bread & <more>" };
	char id[ID_MAX];

	world("\"ignores_keys\":true");
	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"statuses.commit_then_drop\"}");
	rig_fault(&rig,
		  "{\"platform\":\"mastodon\",\"point\":\"list.lag\",\"params\":{\"ms\":2000}}");
	publish(&in, id);
}
END_TEST

/* Beyond all patience: what is fired again meets the key, and the first status answers to it. */
START_TEST(key_finds_what_no_list_shows)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "keyed", -500, id);
	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"statuses.commit_then_drop\"}");
	rig_fault(&rig,
		  "{\"platform\":\"mastodon\",\"point\":\"list.lag\",\"params\":{\"ms\":60000}}");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "keyed"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts = 2 AND remote_id IS NOT NULL"), 1);
}
END_TEST

START_TEST(thread_hangs_together_through_a_doubt)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "One",
					.overrides = "{\"thread\":[\"Two\",{\"text\":\"Three\","
						     "\"media\":[0]}]}",
					.media = { described_id } };
	char id[ID_MAX], one[64], two[64];

	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"statuses.commit_then_drop\","
			"\"match\":{\"caption_contains\":\"Two\"}}");
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_effects(&rig, i == 0 ? "One" : i == 1 ? "Two" : "Three"), 1);
	rig_object_text(&rig, "One", "object_id", one, sizeof(one));
	rig_object_text(&rig, "Two", "object_id", two, sizeof(two));
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Two\"", one), 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Three\"", two), 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Three\"", "A loaf"), 1);
}
END_TEST

START_TEST(limit_is_waited_for_until_its_date)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "limited", -500, id);
	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"rate.429\","
			"\"match\":{\"endpoint\":\"statuses\"}}");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_post_number(&rig, id,
					 "error_code = 'rate_limited' AND next_attempt_at BETWEEN "
					 "UTC_TIMESTAMP() + INTERVAL 40 SECOND AND "
					 "UTC_TIMESTAMP() + INTERVAL 3 MINUTE"),
			 1);
	database_run(&rig.database, "DELETE FROM budgets");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "limited"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 2);
}
END_TEST

START_TEST(expired_upload_is_made_anew)
{
	const int before = rig_calls(&rig, "media");
	char id[ID_MAX];

	rig_post(&rig, 0, "expired", 60000, id);
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP()");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_STAGED | RIG_OVER, PATIENCE_MS),
			 POST_STAGED);
	ck_assert_int_eq(rig_calls(&rig, "media") - before, 1);
	database_run(&rig.database, "UPDATE posts SET memo = JSON_SET(memo, '$.items[0].dies', 1), "
				    "due_at = UTC_TIMESTAMP(), wake_at = UTC_TIMESTAMP()");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_calls(&rig, "media") - before, 2);
	ck_assert_int_eq(rig_effects(&rig, "expired"), 1);
}
END_TEST

/* Another person's account may be on another server: it does not wait for this one. */
START_TEST(dead_server_stops_no_other)
{
	char dead[ID_MAX], id[ID_MAX];

	rig_post(&rig, 1, "never there", -500, dead);
	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"http.5xx_before\",\"times\":-1,"
			"\"match\":{\"account\":\"acmestudio\"}}");
	database_run(&rig.database,
		     "INSERT INTO breakers (platform, livemode, class, failures) "
		     "SELECT platform, livemode, 'publish', 4 FROM accounts LIMIT 1");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(
		rig_post_number(&rig, dead, "attempts = 0 AND error_code = 'platform_error'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM breakers WHERE server = '' AND "
					  "(failures > 4 OR opened_at IS NOT NULL)"),
			 0);
	rig_post(&rig, 0, "there", -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	database_run(&rig.database, "DELETE FROM breakers");
}
END_TEST

/* Each server has a breaker of its own; it is asked at its own address whether it is back. */
START_TEST(breaker_is_of_one_server)
{
	char other[ID_MAX], own[ID_MAX];

	database_run(
		&rig.database,
		"INSERT INTO breakers (platform, livemode, class, server, failures, opened_at, "
		"probe_at) SELECT platform, livemode, 'publish', 'https://a.example', 5, "
		"UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 HOUR FROM accounts LIMIT 1");
	rig_post(&rig, 0, "another one's", -500, other);
	rig_expect(&rig, other, POST_PUBLISHED, PATIENCE_MS);
	database_run(&rig.database, "UPDATE breakers SET server = (SELECT JSON_VALUE(meta, "
				    "'$.server') FROM accounts LIMIT 1)");
	rig_post(&rig, 0, "its own", -500, own);
	for (int i = 0; i < 20 && rig_post_number(&rig, own, "waiting_for IS NULL") == 1; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_post_number(&rig, own, "waiting_for LIKE 'http%is not answering'"), 1);
	ck_assert_int_eq(rig_effects(&rig, "its own"), 0);
	database_run(&rig.database, "UPDATE breakers SET probe_at = UTC_TIMESTAMP(3)");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, own, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM breakers WHERE failures > 0"), 0);
	database_run(&rig.database, "DELETE FROM breakers");
}
END_TEST

/* The account is spoilt by it, so it is the second one, and the last case. */
START_TEST(revoked_token_asks_to_connect_again)
{
	char id[ID_MAX];

	rig_post(&rig, 1, "revoked", -500, id);
	rig_fault(&rig, "{\"platform\":\"mastodon\",\"point\":\"auth.401\","
			"\"match\":{\"endpoint\":\"statuses\"}}");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code = 'token_expired'"), 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM accounts WHERE id = '%s' AND "
				     "status = 'expired'",
				     rig.accounts[1]),
			 1);
}
END_TEST

static void open_rig(void)
{
	const struct media_item film = { .kind = MEDIA_VIDEO,
					 .mime = "video/mp4",
					 .ext = "mp4",
					 .width = 320,
					 .height = 180,
					 .duration_ms = 2000 };
	const struct media_item loaf = { .kind = MEDIA_IMAGE,
					 .mime = "image/png",
					 .ext = "png",
					 .width = 64,
					 .height = 64,
					 .alt_text = "A loaf & a knife" };
	char path[160];

	rig_start_with(&rig, &mastodon);
	(void)snprintf(path, sizeof(path), "%s/film.mp4", rig.folder);
	rig_draw("testsrc2=s=320x180:r=15:d=2", path);
	rig_media(&rig, path, &film, video_id);
	(void)snprintf(path, sizeof(path), "%s/loaf.png", rig.folder);
	rig_draw("color=c=brown:s=64x64:r=1:d=1", path);
	rig_media(&rig, path, &loaf, described_id);
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
		{ images_arrive_whole_in_order_and_described, 0 },
		{ video_is_processed_first, 0 },
		{ limits_are_the_servers, 0 },
		{ fault_ends_as_its_table_says, (int)ARRAY_LEN(fires) },
		{ lagging_list_does_not_double, 0 },
		{ key_finds_what_no_list_shows, 0 },
		{ thread_hangs_together_through_a_doubt, 0 },
		{ limit_is_waited_for_until_its_date, 0 },
		{ expired_upload_is_made_anew, 0 },
		{ dead_server_stops_no_other, 0 },
		{ breaker_is_of_one_server, 0 },
		{ revoked_token_asks_to_connect_again, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "mastodon",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

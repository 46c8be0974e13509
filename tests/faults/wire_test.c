/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire at its worst, on all platforms and in every phase: nothing comes, it comes byte by byte
 * or by the megabyte, it comes when nobody waits any more, or nobody is there to connect to. Each of
 * these meets each endpoint of staging, firing, confirming and looking up once; there is one of each
 * post in the end.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"
#include "video.h"

#define PATIENCE_MS 60000
#define POSTS       3 /* of each account */
#define ALL_POSTS   (RIG_PLATFORMS * RIG_ACCOUNTS * POSTS)

static const struct rig_platform platforms[RIG_PLATFORMS] = {
	{ .name = "instagram" },
	{ .name = "pinterest", .settings = "pins_per_minute = 0\n" },
	{ .name = "tiktok" },
	{ .name = "twitter", .settings = "posts_per_15_minutes = 0\n" },
	{ .name = "mastodon", .settings = "posts_per_3_hours = 0\n" },
	{ .name = "youtube" },
	{ .name = "bluesky", .settings = "posts_per_hour = 0\n" },
};

/* Those that no platform's own list of faults has. */
static const char *const points[] = { "net.hang_before", "net.hang_after", "net.slow",
				      "http.huge_body",  "http.gzip_bomb", "net.late" };

/* What each of the platforms is asked in the phases; reads serve confirming and looking up. */
static const struct place {
	const char *platform, *stage, *fire, *read;
} places[RIG_PLATFORMS] = {
	{ "instagram", "media_create", "media_publish", "node" },
	{ "pinterest", NULL, "pin_create", "board_pins" },
	{ "tiktok", "video_init", "upload", "status" },
	{ "twitter", "initialize", "tweets", "timeline" },
	{ "mastodon", "media", "statuses", "list" },
	{ "youtube", "session", "videos_update", "videos_list" },
	{ "bluesky", "upload", "put", "get" },
};

static struct rig rig;
static char video_id[ID_MAX];
static char ids[ALL_POSTS][ID_MAX], captions[ALL_POSTS][40];

static void before(void)
{
	rig_start_all(&rig, platforms, RIG_PLATFORMS);
	rig_settings(&rig, RIG_SETTINGS({ "publish", "late_spacing_s", "0" },
					{ "publish", "tries_max", "20" }));
	video_add(&rig, "wire.mp4", VIDEO_UPRIGHT, 65536, &video_upright, video_id);
}

static void after(void)
{
	rig_stop(&rig);
}

static void setup(void)
{
	rig_reset(&rig);
	rig_open_doors(&rig);
}

static void make_post(int i, int64_t due_ms)
{
	const int account = i % (RIG_PLATFORMS * RIG_ACCOUNTS);
	const char *platform = platforms[account / RIG_ACCOUNTS].name;
	const bool is_video = strcmp(platform, "youtube") == 0 || strcmp(platform, "tiktok") == 0;
	const struct rig_content in = { .kind = is_video ? CONTENT_VIDEO : CONTENT_IMAGE,
					.caption = captions[i],
					.title = captions[i],
					.media = { is_video ? video_id : rig.media_id } };

	(void)snprintf(captions[i], sizeof(captions[i]), "wire %d.%d", (int)due_ms, i);
	rig_post_content(&rig, account, &in, due_ms, ids[i]);
}

/* Between two that meet a fault, `spared` calls meet none. */
static void add_rule(const char *platform, const char *endpoint, const char *point, size_t spared)
{
	char json[250];

	/* Both longer than anybody waits, but for uploads, which are given a minute and more. */
	(void)snprintf(
		json, sizeof(json),
		"{\"platform\":\"%s\",\"point\":\"%s\",\"skip\":%zu,"
		"\"params\":{\"ms\":2500,\"ms_per_byte\":50},\"match\":{\"endpoint\":\"%s\"}}",
		platform, point, spared, endpoint ? endpoint : "");
	if (endpoint)
		rig_fault(&rig, json);
}

static bool is_over(int posts_n)
{
	return rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state IN ('published', 'failed', "
				"'missed', 'unconfirmed')") == posts_n;
}

/* A runner until all have ended; there is one object of each, and nobody's state is a lie. */
static void publish_all(pid_t runner, int posts_n)
{
	const int64_t end_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;

	while (!is_over(posts_n) && clock_boot_us() < end_us)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
	for (int i = 0; i < posts_n; i++) {
		rig_expect(&rig, ids[i], POST_PUBLISHED, 0);
		ck_assert_msg(rig_effects(&rig, captions[i]) == 1, "%s: %d objects", captions[i],
			      rig_effects(&rig, captions[i]));
	}
}

/* Every rule has met somebody. */
static void check_all_met(void)
{
	json_t *all = rig_control(&rig, "/_control/faults", NULL), *rule;
	size_t i;

	ck_assert_uint_gt(json_array_size(json_object_get(all, "faults")), 0);
	json_array_foreach(json_object_get(all, "faults"), i, rule) {
		char *text = json_dumps(rule, JSON_COMPACT);

		ck_assert_msg(json_integer_value(json_object_get(rule, "hits")) > 0,
			      "nobody met %s", text);
		free(text);
	}
	json_decref(all);
}

START_TEST(each_fault_at_each_endpoint_leaves_one_of_each)
{
	/* A doubt is looked at ever more seldom: every other read must bring it on. */
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		for (size_t k = 0; k < ARRAY_LEN(points); k++) {
			add_rule(places[i].platform, places[i].stage, points[k], 0);
			add_rule(places[i].platform, places[i].fire, points[k], 0);
			add_rule(places[i].platform, places[i].read, points[k], k);
		}
	}
	for (int i = 0; i < ALL_POSTS; i++)
		make_post(i, 1000);
	publish_all(rig_runner(&rig, NULL, NULL), ALL_POSTS);
	check_all_met();
}
END_TEST

#define LEAD_MS     4000 /* for staging; a slow machine gets twice as much, and again */
#define LEAD_MAX_MS 64000
#define BEFORE_US   (500 * US_PER_MS)
#define SHUT_MS     1500

static bool is_before(int64_t due_us)
{
	return clock_real_us() < due_us - BEFORE_US;
}

static bool are_staged(int posts_n)
{
	return rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'staged'") == posts_n;
}

/* One post an account, all staged by a runner well before they are due; -1: not in time. */
static pid_t stage_all(int posts_n, int lead_ms, int64_t *ret_due_us)
{
	pid_t runner;

	setup();
	*ret_due_us = clock_real_us() + lead_ms * US_PER_MS;
	for (int i = 0; i < posts_n; i++)
		make_post(i, lead_ms);
	runner = rig_runner(&rig, NULL, NULL);
	while (is_before(*ret_due_us) && !are_staged(posts_n))
		rig_sleep_ms(20);
	if (is_before(*ret_due_us))
		return runner;
	ck_assert_int_eq(kill(runner, SIGTERM), 0);
	(void)rig_wait(runner, PATIENCE_MS);
	return -1;
}

/* Refused before a byte has left: proof that nothing came of it, so there is no doubt to wait out. */
START_TEST(refused_fire_is_made_again_without_a_doubt)
{
	const int posts_n = RIG_PLATFORMS * RIG_ACCOUNTS;
	int64_t due_us = 0;
	pid_t runner = -1;

	for (int lead_ms = LEAD_MS; runner < 0 && lead_ms <= LEAD_MAX_MS; lead_ms *= 2)
		runner = stage_all(posts_n, lead_ms, &due_us);
	ck_assert_int_gt(runner, 0);
	rig_shut_door(&rig, (int)((due_us - clock_real_us()) / US_PER_MS) + SHUT_MS);
	publish_all(runner, posts_n);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(DISTINCT platform) FROM attempts JOIN "
					  "posts ON posts.id = post_id WHERE "
					  "attempts.state = 'no_effect'"),
			 RIG_PLATFORMS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'no_effect' "
					  "AND last_read_at IS NOT NULL"),
			 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_fault_at_each_endpoint_leaves_one_of_each, 0 },
		{ refused_fire_is_made_again_without_a_doubt, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "wire",
					.before = before,
					.after = after,
					.setup = setup,
					.timeout_s = 240,
					.cases = cases };

	return suite_run(&suite);
}

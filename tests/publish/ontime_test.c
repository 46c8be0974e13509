/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large video over a slow line goes live at its time, not at its time plus the upload. Nothing
 * here is measured: what the sandbox received before the permit, and what after it, is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"
#include "video.h"

#define VIDEO_BYTES  (32 << 20)
#define EARLY_RATE   (24 << 20) /* bytes a second */
#define LATE_RATE    (8 << 20)  /* four seconds for the video, however fast the machine is */
#define LATE_DUE_MS  1000
#define FAR_MS       600000
#define WAIT_MS      120000
#define SMALL_BYTES  65536
#define TIKTOK_CHUNK 5000000

static const struct rig_platform platforms[] = {
	{ .name = "youtube" },
	{ .name = "pinterest" },
	{ .name = "twitter" },
	{ .name = "tiktok",
	  .settings = "chunk_bytes = 5000000\nsingle_chunk_max_bytes = 9000000\n" },
};

/* How each sends a video: what carries its bytes, what shows it, and what is left for then. */
static const struct way {
	const char *upload, *fire;
	int64_t last_bytes;
} ways[] = {
	{ "upload", "videos_update", 0 },
	{ "upload", "pin_create", 0 },
	{ "append", "tweets", 0 },
	{ "upload", "upload", 2 * TIKTOK_CHUNK }, /* the last chunk takes the rest as well */
};

static struct rig rig;
static char video_id[ID_MAX];

static void before(void)
{
	char path[200];

	rig_start_all(&rig, platforms, (int)ARRAY_LEN(platforms));
	(void)snprintf(path, sizeof(path), "%s/large.mp4", rig.folder);
	video_make(path, VIDEO_UPRIGHT, VIDEO_BYTES);
	rig_media(&rig, path, &video_upright, video_id);
	/* A busy machine must not have a fire asked about, and another one follow. */
	rig_settings(&rig, RIG_SETTINGS({ "net", "fire_timeout_ms", "20000" },
					{ "publish", "send_deadline_ms", "10000" }));
}

static void after(void)
{
	rig_stop(&rig);
}

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":200}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"youtube\",\"unaudited\":false,\"reject_duplicates\":false}");
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"tiktok\",\"unaudited\":false,\"accounts\":[{\"id\":"
		    "\"723f24d7-e717-40f8-a2b6-cb8464cd23b4\",\"private\":false,\"banned\":false,"
		    "\"max_video_post_duration_sec\":600}]}");
	database_run(&rig.database,
		     "UPDATE accounts SET settings = '{\"default_board\":{\"id\":"
		     "\"549755885175\",\"name\":\"a\"}}' WHERE platform = 'pinterest'");
}

static void limit_line(int i, int64_t bytes_per_s)
{
	char body[120];

	(void)snprintf(body, sizeof(body), "{\"platform\":\"%s\",\"upload_bytes_per_s\":%lld}",
		       platforms[i].name, (long long)bytes_per_s);
	rig_sandbox(&rig, "/_control/bandwidth", body);
}

static void post_video(int i, const char *caption, int64_t due_ms, char ret[static ID_MAX])
{
	const struct rig_content in = {
		.kind = CONTENT_VIDEO, .caption = caption, .title = "Large", .media = { video_id }
	};

	rig_post_content(&rig, i * RIG_ACCOUNTS, &in, due_ms, ret);
}

/* Of the post's attempts. */
static int64_t of_attempts(const char *id, const char *expression)
{
	return rig_numberf(&rig, "SELECT %s FROM attempts WHERE post_id = '%s'", expression, id);
}

#define US_OF(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"

static int64_t due_us(const char *id)
{
	return rig_post_number(&rig, id, US_OF("due_at"));
}

static int64_t permit_us(const char *id)
{
	return of_attempts(id, US_OF("sent_at"));
}

/* Of a platform's requests since some instant; those before are of other cases. */
struct traffic {
	int64_t upload_bytes;  /* in whole requests of the upload before `until` */
	int64_t after_bytes;   /* of every body that began after it */
	int64_t upload_end_us; /* of the last of these uploads */
	int64_t fire_begin_us; /* of the last request of the fire's kind */
	int fires;
};

static bool is_label(const json_t *row, const char *label)
{
	return strcmp(json_string_value(json_object_get(row, "label")), label) == 0;
}

static int64_t member(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static void count(struct traffic *t, const struct way *way, const json_t *row, int64_t until_us)
{
	const int64_t begin_us = member(row, "t_us"), end_us = member(row, "end_us");

	if (begin_us >= until_us)
		t->after_bytes += member(row, "bytes");
	if (is_label(row, way->upload) && begin_us < until_us) {
		t->upload_bytes += member(row, "bytes");
		t->upload_end_us = end_us;
	}
	if (is_label(row, way->fire) && begin_us >= until_us) {
		t->fires++;
		t->fire_begin_us = begin_us;
	}
}

static struct traffic traffic_of(int i, int64_t since_us, int64_t until_us)
{
	struct traffic t = { .fires = 0 };
	char path[120];
	json_t *out, *row;
	size_t n;

	(void)snprintf(path, sizeof(path), "/_control/requests?platform=%s", platforms[i].name);
	out = rig_control(&rig, path, NULL);
	json_array_foreach(json_object_get(out, "requests"), n, row) {
		if (member(row, "t_us") >= since_us)
			count(&t, &ways[i], row, until_us);
	}
	json_decref(out);
	return t;
}

/* One object, of the very bytes. */
static void expect_whole(const char *caption)
{
	json_t *out = rig_objects(&rig, caption), *media;
	char *sha = rig_media_sha(&rig, video_id);

	ck_assert_int_eq(member(out, "count"), 1);
	media = json_object_get(json_array_get(json_object_get(out, "objects"), 0), "media");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(media, 0), "sha256")),
			 sha);
	free(sha);
	json_decref(out);
}

/* What the fire had to carry was small, and everything else was there when it was permitted. */
static void expect_order(int i, const struct traffic *t, int64_t sent_us)
{
	ck_assert_int_ge(t->upload_bytes, VIDEO_BYTES - ways[i].last_bytes);
	ck_assert_int_le(t->upload_end_us, sent_us);
	ck_assert_int_eq(t->fires, 1);
	ck_assert_int_ge(t->fire_begin_us, sent_us);
	ck_assert_int_le(t->after_bytes, ways[i].last_bytes + SMALL_BYTES);
}

/* Ten minutes before its time every byte is there; at its time the fire alone leaves. */
START_TEST(video_over_a_slow_line_is_live_at_its_time)
{
	const int64_t since_us = clock_real_us();
	char id[ID_MAX], caption[40];
	struct traffic t;

	(void)snprintf(caption, sizeof(caption), "ontime-%s", platforms[_i].name);
	limit_line(_i, EARLY_RATE);
	post_video(_i, caption, FAR_MS, id);
	rig_expect(&rig, id, POST_STAGED, WAIT_MS);
	t = traffic_of(_i, since_us, INT64_MAX);
	ck_assert_int_ge(t.upload_bytes, VIDEO_BYTES - ways[_i].last_bytes);
	ck_assert_int_lt(t.upload_end_us, due_us(id));
	ck_assert_int_eq(of_attempts(id, "COUNT(*)"), 0);

	database_run(&rig.database, "UPDATE posts SET due_at = UTC_TIMESTAMP(3) + INTERVAL 1 "
				    "SECOND, wake_at = UTC_TIMESTAMP(3) WHERE state = 'staged'");
	rig_expect(&rig, id, POST_PUBLISHED, WAIT_MS);
	t = traffic_of(_i, since_us, permit_us(id));
	expect_order(_i, &t, permit_us(id));
	ck_assert_int_eq(of_attempts(id, "COUNT(*)"), 1);
	ck_assert_int_ge(of_attempts(id, "fired_late_us"), 0);
	expect_whole(caption);
}
END_TEST

/* The line is too slow for the time that was left: late, but whole and only once. */
START_TEST(upload_that_outlasts_its_time_is_late_but_whole)
{
	const int64_t since_us = clock_real_us();
	char id[ID_MAX], caption[40];
	struct traffic t;

	(void)snprintf(caption, sizeof(caption), "late-%s", platforms[_i].name);
	limit_line(_i, LATE_RATE);
	post_video(_i, caption, LATE_DUE_MS, id);
	rig_expect(&rig, id, POST_PUBLISHED, WAIT_MS);
	t = traffic_of(_i, since_us, permit_us(id));
	expect_order(_i, &t, permit_us(id));
	ck_assert_int_gt(permit_us(id), due_us(id));
	ck_assert_int_gt(t.upload_end_us, due_us(id));
	ck_assert_int_eq(of_attempts(id, "COUNT(*)"), 1);
	expect_whole(caption);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ video_over_a_slow_line_is_live_at_its_time, (int)ARRAY_LEN(platforms) },
		{ upload_that_outlasts_its_time_is_late_but_whole, (int)ARRAY_LEN(platforms) },
		{ NULL, 0 },
	};
	const struct suite_of suite = {
		.name = "ontime",
		.before = before,
		.after = after,
		.setup = setup,
		.timeout_s = 300,
		.cases = cases,
	};

	return suite_run(&suite);
}

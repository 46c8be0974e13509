/* SPDX-License-Identifier: Apache-2.0 */
/* Media that a platform does not take as they are, published through the real runner. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 120000

enum { INSTAGRAM, TWITTER, PLATFORMS };

static const struct rig_platform platforms[PLATFORMS] = {
	[INSTAGRAM] = { .name = "instagram" },
	[TWITTER] = { .name = "twitter" },
};

static struct rig rig;

#define FF    "ffmpeg -v error -y "
#define BARS  "-f lavfi -i testsrc2=s=720x1280:r=25:d=3 "
#define TONE  "-f lavfi -i sine=frequency=440:duration=3 "
#define STILL "-f lavfi -i testsrc2=s=1080x1080 -frames:v 1 "

struct sample {
	const char *name, *make;
	struct media_item item;
	char id[ID_MAX];
};

#define IMAGE(m, e)                                                                              \
	{                                                                                        \
		.kind = MEDIA_IMAGE, .mime = "image/" m, .ext = e, .width = 1080, .height = 1080 \
	}
#define VIDEO(m, e, v, a)                                                                        \
	{                                                                                        \
		.kind = MEDIA_VIDEO, .mime = "video/" m, .ext = e, .width = 720, .height = 1280, \
		.duration_ms = 3000, .video_codec = v, .audio_codec = a                          \
	}

enum { PNG, WEBP, HEIC, HEVC, WEBM, COVER, BROKEN, SOUND, SAMPLES };

static struct sample samples[SAMPLES] = {
	[PNG] = { "a.png", FF STILL "a.png", IMAGE("png", "png"), "" },
	[WEBP] = { "b.webp", FF STILL "-vf hue=h=40 b.webp", IMAGE("webp", "webp"), "" },
	[HEIC] = { "c.heic", "vips copy a.png c.heic", IMAGE("heic", "heic"), "" },
	[HEVC] = { "d.mov",
		   FF BARS TONE "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p "
				"-c:a aac d.mov",
		   VIDEO("quicktime", "mov", "hevc", "aac"), "" },
	[WEBM] = { "e.webm", FF BARS TONE "-c:v libvpx -b:v 1M -c:a libopus e.webm",
		   VIDEO("webm", "webm", "vp8", "opus"), "" },
	[COVER] = { "f.png", FF STILL "-vf hue=h=80 f.png", IMAGE("png", "png"), "" },
	[BROKEN] = { "g.png", FF STILL "-vf hue=h=120 g0.png && head -c 3000 g0.png > g.png",
		     IMAGE("png", "png"), "" },
	[SOUND] = { "h.mp3",
		    FF TONE "h.mp3",
		    { .kind = MEDIA_AUDIO,
		      .mime = "audio/mpeg",
		      .ext = "mp3",
		      .duration_ms = 3000,
		      .audio_codec = "mp3" },
		    "" },
};

static void run(const char *folder, const char *line)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (chdir(folder) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0) {
		fprintf(stderr, "convert_test: %s\n", line);
		exit(EXIT_FAILURE);
	}
}

static void make_samples(void)
{
	char path[160];

	for (size_t i = 0; i < SAMPLES; i++) {
		run(rig.folder, samples[i].make);
		(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, samples[i].name);
		rig_media(&rig, path, &samples[i].item, samples[i].id);
	}
}

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":150}");
}

static void publish(int account, const struct rig_content *in, char ret[static ID_MAX])
{
	rig_post_content(&rig, account, in, -500, ret);
	rig_expect(&rig, ret, POST_PUBLISHED, PATIENCE_MS);
}

static const struct {
	int platform, sample;
	enum content_kind kind;
	const char *mime, *codec;
} rows[] = {
	{ INSTAGRAM, PNG, CONTENT_IMAGE, "image/jpeg", NULL },
	{ INSTAGRAM, WEBP, CONTENT_STORY, "image/jpeg", NULL },
	{ INSTAGRAM, HEIC, CONTENT_IMAGE, "image/jpeg", NULL },
	{ INSTAGRAM, WEBM, CONTENT_VIDEO, "video/mp4", "h264" },
	{ TWITTER, HEIC, CONTENT_IMAGE, "image/jpeg", NULL },
	{ TWITTER, HEVC, CONTENT_VIDEO, "video/mp4", "h264" },
};

/* What arrived is what was made, and what the snapshot says. */
START_TEST(converted_media_arrive_as_they_were_made)
{
	const char caption[] = { 'm', 'a', 'd', 'e', ' ', (char)('a' + _i), '\0' };
	const struct rig_content in = { .kind = rows[_i].kind,
					.caption = caption,
					.media = { samples[rows[_i].sample].id } };
	char id[ID_MAX], sql[300], *sha;

	publish(RIG_ACCOUNTS * rows[_i].platform, &in, id);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT COUNT(*) FROM renditions WHERE state = 'ready' AND mime = '%s' "
		       "AND video_codec <=> %s%s%s AND progress = 100 AND source_id = '%s'",
		       rows[_i].mime, rows[_i].codec ? "'" : "",
		       rows[_i].codec ? rows[_i].codec : "NULL", rows[_i].codec ? "'" : "",
		       samples[rows[_i].sample].id);
	if (!rows[_i].codec)
		(void)snprintf(sql, sizeof(sql),
			       "SELECT COUNT(*) FROM renditions WHERE state = 'ready' AND "
			       "mime = '%s' AND progress = 100 AND source_id = '%s'",
			       rows[_i].mime, samples[rows[_i].sample].id);
	ck_assert_int_eq(rig_number(&rig, sql), 1);
	sha = rig_text(&rig, "SELECT LOWER(HEX(sha256)) FROM renditions");
	ck_assert_ptr_nonnull(sha);
	ck_assert_int_ge(rig_truth(&rig, platforms[rows[_i].platform].name, sha), 1);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT snapshot LIKE '%%\"sha256\":\"%s\"%%' FROM posts WHERE id = '%s'",
		       sha, id);
	ck_assert_int_eq(rig_number(&rig, sql), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE waiting_for IS NULL"),
			 1);
	free(sha);
}
END_TEST

START_TEST(cover_is_converted_and_sent)
{
	char overrides[120], id[ID_MAX], *sha;
	struct rig_content in = { .kind = CONTENT_VIDEO,
				  .caption = "with a cover",
				  .overrides = overrides,
				  .media = { samples[WEBM].id } };

	(void)snprintf(overrides, sizeof(overrides), "{\"cover_media_id\":\"%s\"}",
		       samples[COVER].id);
	publish(0, &in, id);
	sha = rig_text(&rig, "SELECT LOWER(HEX(sha256)) FROM renditions WHERE mime = 'image/jpeg'");
	ck_assert_ptr_nonnull(sha);
	ck_assert_int_eq(rig_number(&rig, "SELECT snapshot LIKE '%\"cover\":{%' FROM posts"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM renditions"), 2);
	free(sha);
}
END_TEST

/* What went out as one video, by the platform's own log. */
static void expect_video(int platform, int64_t least_ms, int64_t most_ms)
{
	char sql[200], *sha = rig_text(&rig, "SELECT LOWER(HEX(sha256)) FROM renditions");

	ck_assert_ptr_nonnull(sha);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM renditions"), 1);
	ck_assert_int_ge(rig_truth(&rig, platforms[platform].name, sha), 1);
	(void)snprintf(
		sql, sizeof(sql),
		"SELECT video_codec = 'h264' AND audio_codec = 'aac' AND duration_ms BETWEEN "
		"%lld AND %lld FROM renditions",
		(long long)least_ms, (long long)most_ms);
	ck_assert_int_eq(rig_number(&rig, sql), 1);
	free(sha);
}

START_TEST(slideshow_with_a_sound_goes_out_as_a_video)
{
	char overrides[160], id[ID_MAX];
	const struct rig_content in = { .kind = CONTENT_SLIDESHOW,
					.caption = "slides",
					.overrides = overrides,
					.media = { samples[PNG].id, samples[HEIC].id } };

	(void)snprintf(overrides, sizeof(overrides),
		       "{\"sound_media_id\":\"%s\",\"slide_duration\":4}", samples[SOUND].id);
	publish(0, &in, id);
	expect_video(INSTAGRAM, 7900, 8100);
	ck_assert_int_eq(rig_number(&rig, "SELECT snapshot LIKE '%\"kind\":\"video\"%' FROM posts"),
			 1);
}
END_TEST

START_TEST(slideshow_without_a_sound_stays_a_carousel)
{
	char id[ID_MAX];
	const struct rig_content in = { .kind = CONTENT_SLIDESHOW,
					.caption = "native",
					.media = { samples[PNG].id, samples[WEBP].id } };

	publish(0, &in, id);
	ck_assert_int_eq(
		rig_number(&rig, "SELECT COUNT(*) FROM renditions WHERE mime = 'image/jpeg'"), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM renditions"), 2);
}
END_TEST

START_TEST(video_goes_out_with_its_sound)
{
	char overrides[160], id[ID_MAX];
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "sounded",
					.overrides = overrides,
					.media = { samples[WEBM].id } };

	(void)snprintf(overrides, sizeof(overrides), "{\"sound_media_id\":\"%s\"}",
		       samples[SOUND].id);
	publish(RIG_ACCOUNTS * TWITTER, &in, id);
	expect_video(TWITTER, 2900, 3200);
}
END_TEST

START_TEST(impossible_conversion_fails_the_post_with_a_reason)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "cut off",
					.media = { samples[BROKEN].id } };
	char id[ID_MAX], *message;

	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT error_code = 'media_rejected' AND "
					  "error_who = 'you' FROM posts"),
			 1);
	message = rig_text(&rig, "SELECT error_message FROM posts");
	ck_assert_ptr_nonnull(strstr(message, "item 1 of 1 cannot be made into a JPEG image"));
	ck_assert_int_eq(rig_effects(&rig, "cut off"), 0);
	free(message);
}
END_TEST

/* Two posts of one file wait for one rendition. */
START_TEST(one_rendition_serves_every_post)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "twice",
					.media = { samples[PNG].id } };
	char first[ID_MAX], second[ID_MAX];

	rig_post_content(&rig, 0, &in, -500, first);
	rig_post_content(&rig, 1, &in, -500, second);
	rig_expect(&rig, first, POST_PUBLISHED, PATIENCE_MS);
	rig_expect(&rig, second, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM renditions"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT tries FROM renditions"), 1);
}
END_TEST

/* A renderer that died is followed by another once its lease is over. */
START_TEST(abandoned_conversion_is_taken_over)
{
	const struct rig_content in = { .kind = CONTENT_IMAGE,
					.caption = "taken over",
					.media = { samples[PNG].id } };
	char id[ID_MAX], sql[400];

	(void)snprintf(
		sql, sizeof(sql),
		"INSERT INTO renditions (workspace_id, id, source_id, recipe, recipe_hash, "
		"state, due_at, owner, fence, lease_until, tries, created_at, updated_at) "
		"VALUES ('" RIG_WORKSPACE "', 'ren_dead', '%s', 'jpeg bytes=8388608', "
		"UNHEX(SHA2('jpeg bytes=8388608', 256)), 'working', UTC_TIMESTAMP(), 'gone', "
		"7, UTC_TIMESTAMP() - INTERVAL 1 SECOND, 1, UTC_TIMESTAMP(), UTC_TIMESTAMP())",
		samples[PNG].id);
	database_run(&rig.database, sql);
	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT fence = 8 AND tries = 2 AND state = 'ready' "
					  "FROM renditions"),
			 1);
}
END_TEST

static void open_rig(void)
{
	rig_start_all(&rig, platforms, PLATFORMS);
	make_samples();
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ converted_media_arrive_as_they_were_made, (int)ARRAY_LEN(rows) },
		{ cover_is_converted_and_sent, 0 },
		{ slideshow_with_a_sound_goes_out_as_a_video, 0 },
		{ slideshow_without_a_sound_stays_a_carousel, 0 },
		{ video_goes_out_with_its_sound, 0 },
		{ impossible_conversion_fails_the_post_with_a_reason, 0 },
		{ one_rendition_serves_every_post, 0 },
		{ abandoned_conversion_is_taken_over, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "convert",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 300,
					.cases = cases };

	return suite_run(&suite);
}

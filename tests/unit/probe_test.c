/* SPDX-License-Identifier: Apache-2.0 */
/* Probing with the real ffprobe. */
#include "media/probe.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "support/fixtures.h"
#include "support/suite.h"

static int probe(const char *path, struct arena *a, struct media_facts *ret, struct problem *reterr)
{
	CLEANUP(config_free) struct config *cfg = NULL;

	ck_assert_int_eq(config_load(NULL, NULL, 0, &cfg, reterr), 0);
	return media_probe(cfg, a, path, ret, reterr);
}

static const struct {
	enum fixture file;
	const char *kind, *mime, *ext;
	int64_t width, height;
} good[] = {
	{ FIXTURE_JPEG, "image", "image/jpeg", "jpg", 1080, 1080 },
	{ FIXTURE_PNG, "image", "image/png", "png", 640, 640 },
	{ FIXTURE_VIDEO, "video", "video/mp4", "mp4", 720, 1280 },
};

START_TEST(real_media_is_described)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct media_facts f;

	ck_assert_int_eq(probe(fixture_path(good[_i].file), a, &f, &err), 0);
	ck_assert_str_eq(f.kind, good[_i].kind);
	ck_assert_str_eq(f.mime, good[_i].mime);
	ck_assert_str_eq(f.ext, good[_i].ext);
	ck_assert_int_eq(f.width, good[_i].width);
	ck_assert_int_eq(f.height, good[_i].height);
}
END_TEST

static const enum fixture bad[] = { FIXTURE_TEXT, FIXTURE_EMPTY, FIXTURE_VIDEO_CUT,
				    FIXTURE_JPEG_CUT };

START_TEST(what_is_not_whole_media_is_rejected)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct media_facts f;

	ck_assert_int_eq(probe(fixture_path(bad[_i]), a, &f, &err), -1);
	ck_assert_int_eq(err.kind, PROBLEM_MEDIA_REJECTED);
	ck_assert(*err.detail);
}
END_TEST

/* A playlist that starts like an image must not make the tool read what it names. */
START_TEST(playlist_in_disguise_is_not_followed)
{
	static const char text[] = "GIF89a#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///"
				   "etc/passwd\n#EXT-X-ENDLIST\n";
	char path[] = "/tmp/carillon-probe-XXXXXX";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct problem err = { 0 };
	struct media_facts f;
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	close(fd);
	ck_assert_int_eq(probe(path, a, &f, &err), -1);
	unlink(path);
	ck_assert_int_eq(err.kind, PROBLEM_MEDIA_REJECTED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ real_media_is_described, (int)ARRAY_LEN(good) },
		{ what_is_not_whole_media_is_rejected, (int)ARRAY_LEN(bad) },
		{ playlist_in_disguise_is_not_followed, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "probe",
		.before = fixtures_make,
		.after = fixtures_done,
		.cases = cases,
	});
}

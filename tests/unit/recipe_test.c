/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes, and which file becomes what for which platform. */
#include "domain/recipe.h"

#include <check.h>
#include <string.h>

#include "platform/fit.h"
#include "support/suite.h"

static const struct {
	struct recipe recipe;
	const char *text;
} printed[] = {
	{ { .kind = RECIPE_JPEG }, "jpeg" },
	{ { .kind = RECIPE_JPEG, .bytes_max = 8388608, .long_max = 1920, .short_max = 1080 },
	  "jpeg bytes=8388608 long=1920 short=1080" },
	{ { .kind = RECIPE_MP4, .long_max = 1920 }, "mp4 long=1920" },
	{ { .kind = RECIPE_SLIDESHOW,
	    .width = 1080,
	    .height = 1920,
	    .slide_s = 4,
	    .slides = { "med_a", "med_b" },
	    .slides_n = 2,
	    .sound = "med_s" },
	  "slideshow width=1080 height=1920 each=4 sound=med_s slides=med_a,med_b" },
};

START_TEST(recipe_is_read_as_it_was_printed)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct recipe back;

	ck_assert_str_eq(recipe_print(a, &printed[_i].recipe), printed[_i].text);
	ck_assert_int_eq(recipe_parse(a, printed[_i].text, &back), 0);
	ck_assert_str_eq(recipe_print(a, &back), printed[_i].text);
}
END_TEST

static const char *const broken[] = { "",
				      "gif",
				      "jpeg bytes=",
				      "jpeg bytes=-1",
				      "jpeg bytes=1x",
				      "jpeg bytes",
				      "jpeg nothing=1",
				      "mp4 sound=",
				      "slideshow slides=a,,b" };

START_TEST(broken_recipe_is_refused)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct recipe back;

	ck_assert_int_eq(recipe_parse(a, broken[_i], &back), -1);
}
END_TEST

static const struct {
	struct recipe recipe;
	int64_t width, height, becomes_width, becomes_height;
} sides[] = {
	{ { .kind = RECIPE_JPEG }, 641, 481, 641, 481 },
	{ { .kind = RECIPE_JPEG, .long_max = 320 }, 640, 480, 320, 240 },
	{ { .kind = RECIPE_JPEG, .long_max = 320 }, 480, 640, 240, 320 },
	{ { .kind = RECIPE_JPEG, .long_max = 9999 }, 640, 480, 640, 480 },
	{ { .kind = RECIPE_JPEG, .long_max = 1920, .short_max = 1080 }, 3000, 3000, 1080, 1080 },
	{ { .kind = RECIPE_JPEG, .long_max = 100 }, 100000, 1, 100, 1 },
	{ { .kind = RECIPE_MP4 }, 641, 481, 640, 480 },
	{ { .kind = RECIPE_MP4 }, 1, 1, 2, 2 },
};

START_TEST(sides_shrink_in_proportion_and_never_grow)
{
	int64_t w, h;

	recipe_sides(&sides[_i].recipe, sides[_i].width, sides[_i].height, &w, &h);
	ck_assert_int_eq(w, sides[_i].becomes_width);
	ck_assert_int_eq(h, sides[_i].becomes_height);
}
END_TEST

#define IMAGE(m, b, w, h)                                                                          \
	{                                                                                          \
		.kind = MEDIA_IMAGE, .mime = "image/" m, .bytes = (b), .width = (w), .height = (h) \
	}
#define VIDEO(m, v, a, w, h)                                                                     \
	{                                                                                        \
		.kind = MEDIA_VIDEO, .mime = "video/" m, .video_codec = (v), .audio_codec = (a), \
		.width = (w), .height = (h)                                                      \
	}
#define LATE(m, v, a, w, h)                                                                      \
	{                                                                                        \
		.kind = MEDIA_VIDEO, .mime = "video/" m, .video_codec = (v), .audio_codec = (a), \
		.width = (w), .height = (h), .is_index_last = true                               \
	}

/* That platform as it is without a file of settings; the caller frees them. */
static struct config *app_open(struct platform_app *ret, struct arena *a, const char *platform)
{
	struct config *cfg = NULL;
	struct problem why;
	size_t n;
	const struct setting_group *groups = platform_setting_groups(&n);

	ck_assert_int_eq(config_load(NULL, groups, n, &cfg, &why), 0);
	platform_app_plain(ret, a, cfg, platform_find(platform), true);
	return cfg;
}

/* clang-format off */
static const struct {
	const char *platform;
	struct media_item item;
	const char *recipe;
} fits[] = {
	{ "instagram", IMAGE("jpeg", 1000, 1080, 1080),            "none" },
	{ "instagram", IMAGE("png", 1000, 1080, 1080),             "jpeg bytes=8388608" },
	{ "instagram", IMAGE("heic", 1000, 1080, 1080),            "jpeg bytes=8388608" },
	{ "instagram", IMAGE("jpeg", 9000000, 1080, 1080),         "jpeg bytes=8388608" },
	{ "instagram", VIDEO("quicktime", "hevc", "aac", 1080, 1920), "none" },
	{ "instagram", VIDEO("webm", "vp9", "opus", 1080, 1920),   "mp4" },
	{ "instagram", VIDEO("mp4", "h264", "mp3", 1080, 1920),    "mp4" },
	{ "instagram", VIDEO("mp4", "h264", "aac", 3840, 2160),    "mp4 long=1920" },
	{ "instagram", VIDEO("mp4", "h264", "aac", 2160, 3840),    "mp4 long=3413" },
	{ "instagram", VIDEO("mp4", "h264", NULL, 1080, 1920),     "none" },
	{ "instagram", LATE("mp4", "h264", "aac", 1080, 1920),     "mp4" },
	{ "tiktok",    LATE("mp4", "h264", "aac", 1080, 1920),     "none" },
	{ "tiktok",    IMAGE("webp", 1000, 1080, 1080),            "none" },
	{ "tiktok",    IMAGE("png", 1000, 1080, 1080),             "jpeg bytes=20000000 long=1920 short=1080" },
	{ "tiktok",    IMAGE("jpeg", 1000, 4000, 3000),            "jpeg bytes=20000000 long=1920 short=1080" },
	{ "tiktok",    VIDEO("webm", "vp9", "opus", 1080, 1920),   "none" },
	{ "pinterest", IMAGE("png", 1000, 1080, 1080),             "none" },
	{ "pinterest", IMAGE("webp", 1000, 1080, 1080),            "jpeg bytes=20971520" },
	{ "pinterest", VIDEO("webm", "vp9", "opus", 1080, 1920),   "mp4" },
	{ "twitter",   IMAGE("webp", 1000, 1080, 1080),            "none" },
	{ "twitter",   IMAGE("gif", 9000000, 1080, 1080),          "none" },
	{ "twitter",   IMAGE("heic", 1000, 1080, 1080),            "jpeg bytes=5242880" },
	{ "twitter",   VIDEO("quicktime", "hevc", "aac", 1080, 1920), "mp4" },
	{ "youtube",   VIDEO("webm", "vp9", "opus", 3840, 2160),   "none" },
	{ "youtube",   VIDEO("ogg", "theora", "vorbis", 1280, 720), "mp4" },
	{ "youtube",   IMAGE("png", 1000, 1280, 720),              "none" },
	{ "youtube",   IMAGE("webp", 1000, 1280, 720),             "jpeg bytes=52428800" },
	{ "youtube",   IMAGE("jpeg", 60000000, 1280, 720),         "jpeg bytes=52428800" },
};
/* clang-format on */

START_TEST(file_becomes_what_the_platform_takes)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct media_item after = fits[_i].item;
	struct platform_app app;
	struct recipe recipe;
	CLEANUP(config_free) struct config *cfg = app_open(&app, a, fits[_i].platform);

	platform_fit(&app, &fits[_i].item, &recipe);
	ck_assert_str_eq(recipe_print(a, &recipe), fits[_i].recipe);
	/* The product itself needs no further conversion. */
	recipe_foresee(&recipe, &after);
	platform_fit(&app, &after, &recipe);
	ck_assert_str_eq(recipe_print(a, &recipe), "none");
}
END_TEST

/* clang-format off */
static const struct {
	const char *platform;
	enum content_kind kind;
	size_t n;
	const char *options, *recipe;
} renders[] = {
	{ "instagram", CONTENT_SLIDESHOW, 3, "{}", "none" },
	{ "instagram", CONTENT_SLIDESHOW, 2, "{\"render_as_video\":true}", "slideshow width=1080 height=1920 each=4 slides=med_0,med_1" },
	{ "instagram", CONTENT_SLIDESHOW, 2, "{\"sound_media_id\":\"med_s\",\"slide_duration\":8}", "slideshow width=1080 height=1920 each=8 sound=med_s slides=med_0,med_1" },
	{ "instagram", CONTENT_SLIDESHOW, 11, "{}", "slideshow width=1080 height=1920 each=4 slides=med_0,med_1,med_2,med_3,med_4,med_5,med_6,med_7,med_8,med_9,med_10" },
	{ "twitter",   CONTENT_SLIDESHOW, 5, "{}", "slideshow width=1080 height=1920 each=4 slides=med_0,med_1,med_2,med_3,med_4" },
	{ "tiktok",    CONTENT_SLIDESHOW, 11, "{}", "none" },
	{ "instagram", CONTENT_SLIDESHOW, 1, "{\"render_as_video\":true}", "none" },
	{ "instagram", CONTENT_SLIDESHOW, 36, "{\"render_as_video\":true}", "none" },
	{ "instagram", CONTENT_CAROUSEL, 2, "{\"sound_media_id\":\"med_s\"}", "none" },
	{ "instagram", CONTENT_VIDEO, 1, "{\"sound_media_id\":\"med_s\"}", "sounded sound=med_s" },
	{ "instagram", CONTENT_VIDEO, 1, "{}", "none" },
};
/* clang-format on */

START_TEST(media_become_one_video_where_that_is_wanted)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct media_item items[40] = { { .media_id = NULL } };
	struct publication p = { .kind = renders[_i].kind,
				 .media = items,
				 .media_n = renders[_i].n };
	struct platform_app app;
	struct recipe recipe;
	CLEANUP(config_free) struct config *cfg = app_open(&app, a, renders[_i].platform);

	for (size_t i = 0; i < p.media_n; i++)
		items[i] = (struct media_item){
			.media_id = arena_printf(a, "med_%zu", i),
			.kind = p.kind == CONTENT_VIDEO ? MEDIA_VIDEO : MEDIA_IMAGE,
			.mime = p.kind == CONTENT_VIDEO ? "video/mp4" : "image/jpeg",
			.width = 1080,
			.height = 1080,
		};
	p.options = json_loads(renders[_i].options, 0, NULL);
	platform_render(&app, &p, &recipe);
	ck_assert_str_eq(recipe_print(a, &recipe), renders[_i].recipe);
	json_decref(p.options);
}
END_TEST

START_TEST(nothing_is_made_of_what_is_still_fetched)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct media_item item = { .kind = MEDIA_IMAGE, .state = MEDIA_FETCHING };
	struct platform_app app;
	struct recipe recipe;
	CLEANUP(config_free) struct config *cfg = app_open(&app, a, "instagram");

	platform_fit(&app, &item, &recipe);
	ck_assert_int_eq(recipe.kind, RECIPE_NONE);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ recipe_is_read_as_it_was_printed, (int)ARRAY_LEN(printed) },
		{ broken_recipe_is_refused, (int)ARRAY_LEN(broken) },
		{ sides_shrink_in_proportion_and_never_grow, (int)ARRAY_LEN(sides) },
		{ file_becomes_what_the_platform_takes, (int)ARRAY_LEN(fits) },
		{ media_become_one_video_where_that_is_wanted, (int)ARRAY_LEN(renders) },
		{ nothing_is_made_of_what_is_still_fetched, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "recipe",
		.cases = cases,
	});
}

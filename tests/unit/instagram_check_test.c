/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform_bench.h"
#include "support/suite.h"

static struct bench b;
static char caption[8000];

static void setup(void)
{
	bench_open(&b, "");
	caption[0] = '\0';
}

static void teardown(void)
{
	bench_close(&b);
}

static void caption_repeat(const char *piece, size_t n)
{
	caption[0] = '\0';
	for (size_t i = 0, len = strlen(piece); i < n; i++)
		memcpy(caption + i * len, piece, len + 1);
	b.post.caption = caption;
}

static void image_size(int w, int h)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].width = w;
	b.media[0].height = h;
}

static void image_ok(void)
{
	bench_images(&b, CONTENT_IMAGE, 1);
}
static void text_kind(void)
{
	b.post.kind = CONTENT_TEXT;
}
static void caption_full(void)
{
	image_ok();
	caption_repeat("a", 2200);
}
static void caption_over(void)
{
	image_ok();
	caption_repeat("a", 2201);
}
static void caption_emoji_full(void)
{
	image_ok();
	caption_repeat("\xf0\x9f\x8d\x9e", 1100); /* two UTF-16 code units each */
}
static void caption_emoji_over(void)
{
	image_ok();
	caption_repeat("\xf0\x9f\x8d\x9e", 1101);
}
static void hashtags_full(void)
{
	image_ok();
	caption_repeat("#a ", 30);
}
static void hashtags_over(void)
{
	image_ok();
	caption_repeat("#a ", 31);
}
static void hash_inside_words(void)
{
	image_ok();
	caption_repeat("a#b # ", 40);
}
static void mentions_over(void)
{
	image_ok();
	caption_repeat("@a ", 21);
}
static void image_tall_edge(void)
{
	image_size(1080, 1350);
}
static void image_too_tall(void)
{
	image_size(1080, 1351);
}
static void image_wide_edge(void)
{
	image_size(1910, 1000);
}
static void image_too_wide(void)
{
	image_size(1911, 1000);
}
static void story_any_ratio(void)
{
	image_size(1080, 1920);
	b.post.kind = CONTENT_STORY;
	b.post.caption = NULL;
}
static void story_with_caption(void)
{
	story_any_ratio();
	b.post.caption = "hello";
}
static void story_of_two(void)
{
	bench_images(&b, CONTENT_STORY, 2);
	b.post.caption = NULL;
}
static void image_png(void)
{
	image_ok();
	b.media[0].mime = "image/png";
}
static void image_heavy(void)
{
	image_ok();
	b.media[0].bytes = 8388609;
}
static void alt_text_long(void)
{
	image_ok();
	caption_repeat("a", 1001);
	b.media[0].alt_text = caption;
	b.post.caption = NULL;
}
static void carousel_of_one(void)
{
	bench_images(&b, CONTENT_CAROUSEL, 1);
}
static void carousel_of_ten(void)
{
	bench_images(&b, CONTENT_CAROUSEL, 10);
}
static void carousel_of_eleven(void)
{
	bench_images(&b, CONTENT_CAROUSEL, 11);
}
static void carousel_mixed_ratio(void)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	b.media[1].height = 1350;
}
static void slideshow_native(void)
{
	bench_images(&b, CONTENT_SLIDESHOW, 3);
}
static void reel_ok(void)
{
	bench_video(&b, CONTENT_VIDEO);
}
static void reel_short(void)
{
	reel_ok();
	b.media[0].duration_ms = 2999;
}
static void reel_long(void)
{
	reel_ok();
	b.media[0].duration_ms = 900001;
}
static void reel_vp9(void)
{
	reel_ok();
	b.media[0].video_codec = "vp9";
}
static void reel_opus(void)
{
	reel_ok();
	b.media[0].audio_codec = "opus";
}
static void reel_wide(void)
{
	reel_ok();
	b.media[0].width = 1921;
}
static void reel_heavy(void)
{
	reel_ok();
	b.media[0].bytes = 314572801;
}
static void story_video_long(void)
{
	bench_video(&b, CONTENT_STORY);
	b.post.caption = NULL;
	b.media[0].duration_ms = 60001;
}
static void scope_missing(void)
{
	image_ok();
	b.account.scopes = "instagram_basic";
}
static void comment_without_scope(void)
{
	image_ok();
	b.post.first_comment = "First!";
	b.account.scopes = "instagram_content_publish";
}
static void collaborators_over(void)
{
	image_ok();
	json_object_set_new(b.post.options, "collaborators",
			    json_pack("[ssss]", "a", "b", "c", "d"));
}

static const struct {
	void (*make)(void);
	const char *code; /* NULL: nothing to say */
	bool is_warning;
	const char *pointer;
} checks[] = {
	{ image_ok, NULL, false, NULL },
	{ text_kind, "kind_unsupported", false, "kind" },
	{ caption_full, NULL, false, NULL },
	{ caption_over, "caption_too_long", false, "caption" },
	{ caption_emoji_full, NULL, false, NULL },
	{ caption_emoji_over, "caption_too_long", false, "caption" },
	{ hashtags_full, NULL, false, NULL },
	{ hashtags_over, "too_many_hashtags", false, "caption" },
	{ hash_inside_words, NULL, false, NULL },
	{ mentions_over, "too_many_mentions", false, "caption" },
	{ image_tall_edge, NULL, false, NULL },
	{ image_too_tall, "aspect_ratio", false, "media/0" },
	{ image_wide_edge, NULL, false, NULL },
	{ image_too_wide, "aspect_ratio", false, "media/0" },
	{ story_any_ratio, NULL, false, NULL },
	{ story_with_caption, "caption_ignored", true, "caption" },
	{ story_of_two, "media_count", false, "media" },
	{ image_png, "conversion_needed", false, "media/0" },
	{ image_heavy, "media_too_large", false, "media/0" },
	{ alt_text_long, "alt_text_too_long", false, "media/0" },
	{ carousel_of_one, "media_count", false, "media" },
	{ carousel_of_ten, NULL, false, NULL },
	{ carousel_of_eleven, "media_count", false, "media" },
	{ carousel_mixed_ratio, "cropped", true, "media" },
	{ slideshow_native, NULL, false, NULL },
	{ reel_ok, NULL, false, NULL },
	{ reel_short, "duration", false, "media/0" },
	{ reel_long, "duration", false, "media/0" },
	{ reel_vp9, "codec_unsupported", false, "media/0" },
	{ reel_opus, "codec_unsupported", false, "media/0" },
	{ reel_wide, "dimensions", false, "media/0" },
	{ reel_heavy, "media_too_large", false, "media/0" },
	{ story_video_long, "duration", false, "media/0" },
	{ scope_missing, "missing_scope", false, "account" },
	{ comment_without_scope, "missing_scope", true, "first_comment" },
	{ collaborators_over, "too_many_collaborators", false,
	  "overrides/instagram/collaborators" },
};

START_TEST(check_says_exactly_what_is_wrong)
{
	struct findings f = { 0 };

	checks[_i].make();
	b.app.platform->check(&b.app, &b.account, &b.post, &f);
	if (!checks[_i].code) {
		ck_assert_msg(f.n == 0, "%s: %s", f.v[0].code, f.v[0].detail);
		return;
	}
	ck_assert_uint_eq(f.n, 1);
	ck_assert_str_eq(f.v[0].code, checks[_i].code);
	ck_assert_int_eq(f.v[0].is_warning, checks[_i].is_warning);
	ck_assert_str_eq(f.v[0].pointer, checks[_i].pointer);
}
END_TEST

START_TEST(findings_beyond_the_last_are_dropped)
{
	struct findings f = { 0 };

	for (int i = 0; i < 40; i++)
		findings_add(&f, false, "x", "y", "%d", i);
	ck_assert_uint_eq(f.n, ARRAY_LEN(f.v));
	ck_assert_str_eq(f.v[31].detail, "31");
}
END_TEST

START_TEST(registry_knows_each_platform_by_its_id)
{
	size_t n = 0, groups_n = 0;
	const struct platform *const *all = platform_all(&n);
	const struct setting_group *groups = platform_setting_groups(&groups_n);

	ck_assert_uint_eq(n, groups_n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_eq(platform_find(all[i]->id), all[i]);
		ck_assert_str_eq(groups[i].sections[0], all[i]->id);
		ck_assert_ptr_eq(groups[i].rows, all[i]->settings);
	}
	ck_assert_ptr_null(platform_find("myspace"));
	ck_assert_ptr_null(platform_find(NULL));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ check_says_exactly_what_is_wrong, (int)ARRAY_LEN(checks) },
		{ findings_beyond_the_last_are_dropped, 0 },
		{ registry_knows_each_platform_by_its_id, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "instagram_check",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/instagram.h"

struct check {
	const struct platform_app *app;
	const struct publication *post;
	enum instagram_kind kind;
	struct findings *ret;
};

static bool byte_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* Marks that begin a word: "#bread", but neither "a#b" nor a lone "#". */
static int64_t marks_count(const char *text, char mark)
{
	int64_t n = 0;

	for (const char *at = text; *at; at++) {
		bool starts = at == text || !byte_is_word(at[-1]);

		if (*at == mark && starts && byte_is_word(at[1]))
			n++;
	}
	return n;
}

static void check_caption(const struct check *c)
{
	const char *caption = c->post->caption ? c->post->caption : "";
	const struct {
		int64_t n;
		const char *limit, *code, *unit;
	} rules[] = {
		{ (int64_t)utf8_utf16_units(caption), "caption_max", "caption_too_long",
		  "characters (UTF-16 code units)" },
		{ marks_count(caption, '#'), "hashtags_max", "too_many_hashtags", "hashtags" },
		{ marks_count(caption, '@'), "mentions_max", "too_many_mentions", "mentions" },
	};

	if (c->kind == INSTAGRAM_STORY) {
		if (*caption)
			findings_add(c->ret, true, "caption", "caption_ignored",
				     "Instagram shows no caption on a story; it is left out.");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int64_t most = platform_int(c->app, rules[i].limit);

		if (rules[i].n > most)
			findings_add(c->ret, false, "caption", rules[i].code,
				     "The caption has %" PRId64 " %s; Instagram takes %" PRId64 ".",
				     rules[i].n, rules[i].unit, most);
	}
}

static void check_count(const struct check *c)
{
	int64_t n = (int64_t)c->post->media_n;
	int64_t least = platform_int(c->app, "carousel_min"),
		most = platform_int(c->app, "carousel_max");

	if (c->kind == INSTAGRAM_STORY && n != 1)
		findings_add(c->ret, false, "media", "media_count",
			     "A story takes exactly one image or video; make a story of each.");
	if (c->kind == INSTAGRAM_CAROUSEL && (n < least || n > most))
		findings_add(c->ret, false, "media", "media_count",
			     "A carousel takes %" PRId64 " to %" PRId64 " items, not %" PRId64 ".",
			     least, most, n);
	if (c->post->kind == CONTENT_CAROUSEL && n < least)
		findings_add(c->ret, false, "media", "media_count",
			     "A carousel takes at least %" PRId64 " items.", least);
}

static void check_bytes(const struct check *c, const char *pointer, int64_t bytes,
			const char *limit)
{
	int64_t most = platform_int(c->app, limit);

	if (bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; Instagram takes %" PRId64 ".", bytes,
			     most);
}

static void check_image(const struct check *c, const char *pointer, const struct media_item *m)
{
	int64_t w = m->width, h = m->height;

	if (m->mime && strcmp(m->mime, "image/jpeg") != 0)
		findings_add(c->ret, false, pointer, "conversion_needed",
			     "Instagram takes JPEG images only, this is %s.", m->mime);
	check_bytes(c, pointer, m->bytes, "image_max_bytes");
	if (c->kind == INSTAGRAM_STORY || w <= 0 || h <= 0)
		return;
	if (5 * w < 4 * h || 100 * w > 191 * h)
		findings_add(c->ret, false, pointer, "aspect_ratio",
			     "The image is %" PRId64 " x %" PRId64
			     "; Instagram takes ratios from 4:5 to 1.91:1.",
			     w, h);
	if (w < 320)
		findings_add(c->ret, true, pointer, "image_scaled",
			     "The image is %" PRId64 " pixels wide; Instagram scales it up to 320.",
			     w);
}

static bool codec_is(const char *codec, const char *const *names)
{
	for (; codec && *names; names++) {
		if (strcmp(codec, *names) == 0)
			return true;
	}
	return false;
}

static void check_codecs(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const videos[] = { "h264", "hevc", NULL };
	static const char *const mimes[] = { "video/mp4", "video/quicktime", NULL };

	if (m->mime && !codec_is(m->mime, mimes))
		findings_add(c->ret, false, pointer, "container_unsupported",
			     "Instagram takes MP4 or MOV videos, this is %s.", m->mime);
	if (m->video_codec && !codec_is(m->video_codec, videos))
		findings_add(c->ret, false, pointer, "codec_unsupported",
			     "Instagram takes H.264 or HEVC video, this is %s.", m->video_codec);
	if (m->audio_codec && *m->audio_codec && strcmp(m->audio_codec, "aac") != 0)
		findings_add(c->ret, false, pointer, "codec_unsupported",
			     "Instagram takes AAC sound, this is %s.", m->audio_codec);
}

static void check_duration(const struct check *c, const char *pointer, const struct media_item *m)
{
	bool is_story = c->kind == INSTAGRAM_STORY;
	int64_t least = platform_int(c->app, "reel_min_ms");
	int64_t most = platform_int(c->app, is_story ? "story_max_ms" : "reel_max_ms");

	if (m->duration_ms > 0 && (m->duration_ms < least || m->duration_ms > most))
		findings_add(c->ret, false, pointer, "duration",
			     "The video lasts %d ms; Instagram takes %" PRId64 " to %" PRId64
			     " ms here.",
			     m->duration_ms, least, most);
}

static void check_video(const struct check *c, const char *pointer, const struct media_item *m)
{
	int64_t w = m->width, h = m->height;
	int64_t narrowest = c->kind == INSTAGRAM_STORY ? 10 : 100; /* height over width */

	check_bytes(c, pointer, m->bytes,
		    c->kind == INSTAGRAM_STORY ? "story_video_max_bytes" : "reel_max_bytes");
	check_codecs(c, pointer, m);
	check_duration(c, pointer, m);
	if (w <= 0 || h <= 0)
		return;
	if (w > platform_int(c->app, "video_width_max"))
		findings_add(c->ret, false, pointer, "dimensions",
			     "The video is %" PRId64 " pixels wide; Instagram takes %" PRId64 ".",
			     w, platform_int(c->app, "video_width_max"));
	if (w > 10 * h || h > narrowest * w)
		findings_add(c->ret, false, pointer, "aspect_ratio",
			     "The video is %" PRId64 " x %" PRId64
			     ", a ratio that Instagram does not take.",
			     w, h);
}

static void check_item(const struct check *c, size_t i)
{
	const struct media_item *m = &c->post->media[i];
	char pointer[32];

	(void)snprintf(pointer, sizeof(pointer), "media/%zu", i);
	if (m->state == MEDIA_FAILED)
		findings_add(c->ret, false, pointer, "media_failed",
			     "The media could not be fetched.");
	if (m->state != MEDIA_READY)
		return;
	if (m->kind == MEDIA_IMAGE)
		check_image(c, pointer, m);
	else if (m->kind == MEDIA_VIDEO)
		check_video(c, pointer, m);
	else
		findings_add(c->ret, false, pointer, "media_kind",
			     "Instagram takes images and videos.");
	if (m->alt_text && (int64_t)utf8_points(m->alt_text) > platform_int(c->app, "alt_text_max"))
		findings_add(c->ret, false, pointer, "alt_text_too_long",
			     "The alternative text is longer than %" PRId64 " characters.",
			     platform_int(c->app, "alt_text_max"));
}

/* All items are cropped to the first one's ratio: worth a word when they differ visibly. */
static void check_crop(const struct check *c)
{
	const struct media_item *first = &c->post->media[0];

	for (size_t i = 1; c->kind == INSTAGRAM_CAROUSEL && i < c->post->media_n; i++) {
		const struct media_item *m = &c->post->media[i];
		int64_t a = (int64_t)first->width * m->height,
			b = (int64_t)m->width * first->height;
		int64_t apart = a > b ? a - b : b - a;

		if (a <= 0 || b <= 0 || apart * 50 <= a)
			continue;
		findings_add(
			c->ret, true, "media", "cropped",
			"Instagram crops every item of a carousel to the ratio of the first one.");
		return;
	}
}

static void check_account(const struct check *c, const struct platform_account *account)
{
	const char *scope = instagram_is_facebook(c->app) ? "instagram_content_publish"
							  : "instagram_business_content_publish";

	if (!account || !account->scopes || !*account->scopes)
		return;
	if (!oauth2_has_scope(account->scopes, scope))
		findings_add(c->ret, false, "account", "missing_scope",
			     "The account lacks the permission %s; connect it again and grant it.",
			     scope);
	if (c->post->first_comment && *c->post->first_comment && instagram_is_facebook(c->app) &&
	    !oauth2_has_scope(account->scopes, "instagram_manage_comments"))
		findings_add(c->ret, true, "first_comment", "missing_scope",
			     "The first comment needs the permission instagram_manage_comments.");
}

static void check_options(const struct check *c)
{
	const json_t *names = json_object_get(c->post->options, "collaborators");
	int64_t most = platform_int(c->app, "collaborators_max");

	if ((int64_t)json_array_size(names) > most)
		findings_add(c->ret, false, "overrides/instagram/collaborators",
			     "too_many_collaborators", "Instagram takes %" PRId64 " collaborators.",
			     most);
}

void instagram_check(const struct platform_app *app, const struct platform_account *account,
		     const struct publication *post, struct findings *ret)
{
	struct check c = { .app = app, .post = post, .ret = ret };

	if (instagram_kind(post, &c.kind) < 0) {
		findings_add(ret, false, "kind", "kind_unsupported",
			     "Instagram publishes no text without an image or a video.");
		return;
	}
	check_caption(&c);
	check_count(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	check_crop(&c);
	check_options(&c);
	check_account(&c, account);
}

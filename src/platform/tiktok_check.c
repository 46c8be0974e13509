/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/tiktok.h"

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	enum tiktok_kind kind;
	struct findings *ret;
};

static void check_length(const struct check *c, const char *pointer, const char *text,
			 const char *limit)
{
	int64_t n = (int64_t)utf8_utf16_units(text), most = platform_int(c->app, limit);

	if (n > most)
		findings_add(c->ret, false, pointer, "caption_too_long",
			     "The %s has %" PRId64
			     " characters (UTF-16 code units); TikTok takes %" PRId64 " here.",
			     pointer, n, most);
}

static void check_texts(const struct check *c)
{
	const struct publication *p = c->post;

	if (c->kind == TIKTOK_VIDEO) {
		check_length(c, "caption", p->caption ? p->caption : "", "caption_max");
	} else {
		check_length(c, "title", tiktok_title(p), "photo_title_max");
		check_length(c, p->description ? "description" : "caption", tiktok_description(p),
			     "photo_description_max");
	}
	if (p->first_comment && *p->first_comment)
		findings_add(c->ret, true, "first_comment", "first_comment_ignored",
			     "TikTok lets no app write comments; the first comment is left out.");
}

static void check_bytes(const struct check *c, const char *pointer, int64_t bytes,
			const char *limit)
{
	int64_t most = platform_int(c->app, limit);

	if (bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; TikTok takes %" PRId64 ".", bytes,
			     most);
}

static void check_photo(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const mimes[] = { "image/jpeg", "image/webp", NULL };
	int64_t shorter = m->width < m->height ? m->width : m->height;
	int64_t longer = m->width < m->height ? m->height : m->width;

	if (m->mime && !text_is_one_of(m->mime, mimes))
		findings_add(c->ret, false, pointer, "conversion_needed",
			     "TikTok takes JPEG and WebP photos only, this is %s.", m->mime);
	check_bytes(c, pointer, m->bytes, "photo_max_bytes");
	if (shorter > platform_int(c->app, "photo_short_side_max") ||
	    longer > platform_int(c->app, "photo_long_side_max"))
		findings_add(c->ret, false, pointer, "dimensions",
			     "The photo is %d x %d; TikTok takes up to 1080p (%" PRId64
			     " x %" PRId64 ").",
			     m->width, m->height, platform_int(c->app, "photo_long_side_max"),
			     platform_int(c->app, "photo_short_side_max"));
}

static void check_sides(const struct check *c, const char *pointer, const struct media_item *m)
{
	int64_t least = platform_int(c->app, "video_side_min"),
		most = platform_int(c->app, "video_side_max");

	if (m->width <= 0 || m->height <= 0)
		return;
	if (m->width < least || m->height < least || m->width > most || m->height > most)
		findings_add(c->ret, false, pointer, "dimensions",
			     "The video is %d x %d; TikTok takes sides of %" PRId64 " to %" PRId64
			     " pixels.",
			     m->width, m->height, least, most);
}

static void check_video(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const mimes[] = { "video/mp4", "video/quicktime", "video/webm", NULL };
	static const char *const codecs[] = { "h264", "hevc", "vp8", "vp9", NULL };
	int64_t least = platform_int(c->app, "video_min_ms"),
		most = platform_int(c->app, "video_max_ms");

	if (m->mime && !text_is_one_of(m->mime, mimes))
		findings_add(c->ret, false, pointer, "container_unsupported",
			     "TikTok takes MP4, MOV and WebM videos, this is %s.", m->mime);
	if (m->video_codec && *m->video_codec && !text_is_one_of(m->video_codec, codecs))
		findings_add(c->ret, false, pointer, "codec_unsupported",
			     "TikTok takes H.264, H.265, VP8 and VP9 video, this is %s.",
			     m->video_codec);
	check_bytes(c, pointer, m->bytes, "video_max_bytes");
	if (m->duration_ms > 0 && (m->duration_ms < least || m->duration_ms > most))
		findings_add(c->ret, false, pointer, "duration",
			     "The video lasts %d ms; TikTok takes %" PRId64 " to %" PRId64 " ms.",
			     m->duration_ms, least, most);
	check_sides(c, pointer, m);
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
	if (c->kind == TIKTOK_PHOTO)
		check_photo(c, pointer, m);
	else
		check_video(c, pointer, m);
}

static bool option(const struct check *c, const char *name)
{
	return json_is_true(json_object_get(c->post->options, name));
}

static void check_privacy(const struct check *c)
{
	const char *level = tiktok_privacy_wish(c->app, c->account, c->post);
	bool is_branded = option(c, "brand_content_toggle") || option(c, "is_paid_partnership");

	if (tiktok_is_inbox(c->app, c->post))
		return;
	if (!level)
		findings_add(
			c->ret, true, "overrides/tiktok/privacy", "privacy_not_chosen",
			"No privacy level is chosen; the first that TikTok offers the account is "
			"taken.");
	else if (!*level)
		findings_add(c->ret, false, "overrides/tiktok/privacy", "privacy_unknown",
			     "The privacy level must be public, friends, followers or private.");
	else if (is_branded && strcmp(level, "SELF_ONLY") == 0)
		findings_add(c->ret, false, "overrides/tiktok/privacy", "branded_private",
			     "TikTok does not take branded content that only the creator can see.");
}

static void check_cover(const struct check *c)
{
	const json_t *cover = json_object_get(c->post->options, "photo_cover_index");
	json_int_t i = json_integer_value(cover);

	if (c->kind == TIKTOK_PHOTO && json_is_integer(cover) &&
	    (i < 0 || (size_t)i >= c->post->media_n))
		findings_add(c->ret, false, "overrides/tiktok/photo_cover_index", "cover_index",
			     "There is no photo %lld; the first one is 0.", (long long)i);
}

static void check_account(const struct check *c)
{
	const char *scope = tiktok_is_inbox(c->app, c->post) ? "video.upload" : "video.publish";

	if (!c->account || !c->account->scopes || !*c->account->scopes)
		return;
	if (!oauth2_has_scope(c->account->scopes, scope))
		findings_add(c->ret, false, "account", "missing_scope",
			     "The account lacks the permission %s; connect it again and grant it.",
			     scope);
}

void tiktok_check(const struct platform_app *app, const struct platform_account *account,
		  const struct publication *post, struct findings *ret)
{
	struct check c = { .app = app, .account = account, .post = post, .ret = ret };
	int64_t most = platform_int(app, "photos_max");

	if (tiktok_kind(post, &c.kind) < 0) {
		findings_add(
			ret, false, "kind", "kind_unsupported",
			"TikTok publishes one video, or photos; no text alone, no stories and no "
			"mixture.");
		return;
	}
	if ((int64_t)post->media_n > most)
		findings_add(ret, false, "media", "media_count",
			     "TikTok takes %" PRId64 " photos, not %zu.", most, post->media_n);
	check_texts(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	check_privacy(&c);
	check_cover(&c);
	check_account(&c);
}

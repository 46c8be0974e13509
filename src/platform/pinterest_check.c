/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/pinterest.h"

#define RATIO_TOLERANCE 100 /* ratios may differ by one in so many */

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	enum pinterest_kind kind;
	struct findings *ret;
};

static void check_texts(const struct check *c)
{
	const struct {
		const char *text, *pointer, *limit, *code, *name;
	} rules[] = {
		{ c->post->title, "title", "title_max", "title_too_long", "title" },
		{ pinterest_description(c->post), "caption", "description_max", "caption_too_long",
		  "description" },
		{ pinterest_alt_text(c->post), "media/0", "alt_text_max", "alt_text_too_long",
		  "alternative text" },
		{ c->post->link, "link", "link_max", "link_too_long", "link" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int64_t n = rules[i].text ? (int64_t)utf8_points(rules[i].text) : 0;
		int64_t most = platform_int(c->app, rules[i].limit);

		if (n > most)
			findings_add(c->ret, false, rules[i].pointer, rules[i].code,
				     "The %s has %" PRId64 " characters; Pinterest takes %" PRId64
				     ".",
				     rules[i].name, n, most);
	}
	if (c->post->link && *c->post->link && strncmp(c->post->link, "https://", 8) != 0 &&
	    strncmp(c->post->link, "http://", 7) != 0)
		findings_add(c->ret, false, "link", "link_invalid",
			     "The link must be an http or https address.");
	if (c->post->first_comment && *c->post->first_comment)
		findings_add(c->ret, true, "first_comment", "first_comment_ignored",
			     "Pinterest takes no comments from apps; it is left out.");
}

static void check_board(const struct check *c)
{
	const char *board = pinterest_board(c->post, c->account);
	const char *section = pinterest_section(c->post);

	if (!board)
		findings_add(
			c->ret, false, "board_id", "board_missing",
			"A pin needs a board: name one (board_id), or choose the account's default "
			"board.");
	else if (!pinterest_is_digits(board))
		findings_add(c->ret, false, "board_id", "board_invalid",
			     "A board's id consists of digits.");
	if (section && !pinterest_is_digits(section))
		findings_add(c->ret, false, "board_section_id", "board_section_invalid",
			     "A section's id consists of digits.");
}

static void check_bytes(const struct check *c, const char *pointer, int64_t bytes,
			const char *limit)
{
	int64_t most = platform_int(c->app, limit);

	if (bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; Pinterest takes %" PRId64 ".", bytes,
			     most);
}

static void check_image(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const sure[] = { "image/jpeg", "image/png", NULL };
	static const char *const fetched[] = { "image/gif", "image/webp", "image/bmp", "image/tiff",
					       NULL };
	const char *how = platform_text(c->app, "image_source");
	int64_t side = m->width < m->height ? m->width : m->height;
	int64_t least = platform_int(c->app, "image_side_min");

	check_bytes(c, pointer, m->bytes, "image_max_bytes");
	if (m->mime && !text_is_one_of(m->mime, sure)) {
		bool may_be = text_is_one_of(m->mime, fetched) && strcmp(how, "base64") != 0;

		findings_add(c->ret, may_be, pointer, "conversion_needed",
			     "Pinterest is sure to take JPEG and PNG only, this is %s.", m->mime);
	}
	if (side > 0 && side < least)
		findings_add(c->ret, false, pointer, "image_too_small",
			     "The image is %d x %d pixels; Pinterest takes none below %" PRId64 ".",
			     m->width, m->height, least);
	if (m->width > 0 && 10 * (int64_t)m->height > 21 * (int64_t)m->width)
		findings_add(c->ret, true, pointer, "image_cut",
			     "The image is taller than 1:2.1; Pinterest cuts it off in the feed.");
}

static void check_video(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const mimes[] = { "video/mp4", "video/quicktime", "video/x-m4v", NULL };
	static const char *const codecs[] = { "h264", "hevc", NULL };
	int64_t w = m->width, h = m->height, least = platform_int(c->app, "video_min_ms");
	int64_t most = platform_int(c->app, "video_max_ms");

	check_bytes(c, pointer, m->bytes, "video_max_bytes");
	if (m->mime && !text_is_one_of(m->mime, mimes))
		findings_add(c->ret, false, pointer, "container_unsupported",
			     "Pinterest takes MP4, MOV and M4V videos, this is %s.", m->mime);
	if (m->video_codec && !text_is_one_of(m->video_codec, codecs))
		findings_add(c->ret, false, pointer, "codec_unsupported",
			     "Pinterest takes H.264 or H.265 video, this is %s.", m->video_codec);
	if (m->duration_ms > 0 && (m->duration_ms < least || m->duration_ms > most))
		findings_add(c->ret, false, pointer, "duration",
			     "The video lasts %d ms; Pinterest takes %" PRId64 " to %" PRId64
			     " ms.",
			     m->duration_ms, least, most);
	if (w > 0 && h > 0 && (100 * w > 191 * h || h > 2 * w))
		findings_add(c->ret, false, pointer, "aspect_ratio",
			     "The video is %" PRId64 " x %" PRId64
			     "; Pinterest takes ratios from 1.91:1 to 1:2.",
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
	if (m->kind == MEDIA_VIDEO)
		check_video(c, pointer, m);
	else
		check_image(c, pointer, m);
}

static bool has_other_ratio(const struct media_item *a, const struct media_item *b)
{
	int64_t x = (int64_t)a->width * b->height, y = (int64_t)b->width * a->height;
	int64_t apart = x > y ? x - y : y - x;

	return a->width > 0 && b->width > 0 && apart * RATIO_TOLERANCE > x;
}

static void check_carousel(const struct check *c)
{
	int64_t most = platform_int(c->app, "carousel_max"), n = (int64_t)c->post->media_n;

	if (most < 2)
		findings_add(c->ret, false, "media", "media_count",
			     "Pins with several images are switched off here; use one image.");
	else if (n > most)
		findings_add(c->ret, false, "media", "media_count",
			     "A pin takes 2 to %" PRId64 " images, not %" PRId64 ".", most, n);
	for (size_t i = 1; i < c->post->media_n; i++) {
		char pointer[32];

		if (!has_other_ratio(&c->post->media[0], &c->post->media[i]))
			continue;
		(void)snprintf(pointer, sizeof(pointer), "media/%zu", i);
		findings_add(c->ret, false, pointer, "aspect_ratio",
			     "All images of a pin must have the same ratio of width to height.");
	}
}

/* Creating a pin takes them all; an account that was connected without a list says nothing. */
static void check_account(const struct check *c)
{
	static const char needed[] = "boards:read,boards:write,pins:read,pins:write";
	const char *granted = c->account ? c->account->scopes : NULL, *missing;
	struct arena *a;

	if (!granted || !*granted)
		return;
	a = arena_new();
	missing = oauth2_missing_scopes(a, needed, granted);
	if (*missing)
		findings_add(c->ret, false, "account", "missing_scope",
			     "The account lacks permissions (%s); connect it again and grant them.",
			     missing);
	arena_free(a);
}

void pinterest_check(const struct platform_app *app, const struct platform_account *account,
		     const struct publication *post, struct findings *ret)
{
	struct check c = { app, account, post, PINTEREST_IMAGE, ret };

	if (pinterest_kind(post, &c.kind) < 0) {
		findings_add(
			ret, false, "kind", "kind_unsupported",
			"Pinterest takes one image, several images, or one video through its API.");
		return;
	}
	check_board(&c);
	check_texts(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	if (c.kind == PINTEREST_CAROUSEL)
		check_carousel(&c);
	check_account(&c);
}

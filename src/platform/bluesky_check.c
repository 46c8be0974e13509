/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/bluesky.h"
#include "platform/bluesky_text.h"
#include "platform/thread.h"

#define LANGS_MAX 3
#define TAGS_MAX  8

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	struct publication head; /* the first post of a thread */
	struct arena *arena;
	struct findings *ret;
};

static void check_text(const struct check *c, const struct publication *part, size_t index,
		       const char *pointer)
{
	const char *text = bluesky_text(c->arena, part, index);
	const int64_t most = platform_int(c->app, "text_max"), n = (int64_t)utf8_graphemes(text);
	const int64_t bytes_most = platform_int(c->app, "text_max_bytes");

	if (n > most)
		findings_add(c->ret, false, pointer, "caption_too_long",
			     "The text has %" PRId64 " characters; Bluesky takes %" PRId64 ".", n,
			     most);
	else if ((int64_t)strlen(text) > bytes_most)
		findings_add(c->ret, false, pointer, "caption_too_long",
			     "The text has %zu bytes; Bluesky takes %" PRId64 ".", strlen(text),
			     bytes_most);
	if (n == 0 && part->media_n == 0 && !bluesky_card_link(part, index) &&
	    (index > 0 || !bluesky_option(c->post, "quote_id")))
		findings_add(c->ret, false, pointer, "caption_empty",
			     "Bluesky shows no post without a text, an image, a video, a link or "
			     "a quoted post.");
}

static void check_image(const struct check *c, const char *pointer, const struct media_item *m,
			const char *limit)
{
	const int64_t most = platform_int(c->app, limit);

	if (m->mime && strncmp(m->mime, "image/", 6) != 0)
		findings_add(c->ret, false, pointer, "conversion_needed",
			     "Bluesky takes images here, this is %s.", m->mime);
	if (m->bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; Bluesky takes %" PRId64 ".", m->bytes,
			     most);
}

static void check_video(const struct check *c, const char *pointer, const struct media_item *m)
{
	const int64_t most = platform_int(c->app, "video_max_bytes");
	const int64_t longest = platform_int(c->app, "video_max_ms");

	if (m->mime && strcmp(m->mime, "video/mp4") != 0)
		findings_add(c->ret, false, pointer, "conversion_needed",
			     "Bluesky takes MP4 videos, this is %s.", m->mime);
	if (m->bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; Bluesky takes %" PRId64 ".", m->bytes,
			     most);
	if (m->duration_ms > longest)
		findings_add(c->ret, false, pointer, "duration",
			     "The video lasts %d ms; Bluesky takes %" PRId64 ".", m->duration_ms,
			     longest);
}

static void check_item(const struct check *c, size_t i)
{
	const struct media_item *m = &c->post->media[i];
	const int64_t most = platform_int(c->app, "alt_text_max");
	char pointer[32];

	(void)snprintf(pointer, sizeof(pointer), "media/%zu", i);
	if (m->state == MEDIA_FAILED)
		findings_add(c->ret, false, pointer, "media_failed",
			     "The media could not be fetched.");
	if (m->state != MEDIA_READY)
		return;
	if (m->kind == MEDIA_IMAGE)
		check_image(c, pointer, m, "image_max_bytes");
	else if (m->kind == MEDIA_VIDEO)
		check_video(c, pointer, m);
	else
		findings_add(c->ret, false, pointer, "media_kind",
			     "Bluesky takes images and videos.");
	if (m->alt_text && (int64_t)utf8_graphemes(m->alt_text) > most)
		findings_add(c->ret, false, pointer, "alt_text_too_long",
			     "The alternative text has more than %" PRId64 " characters.", most);
}

/* Four images, or one video. */
static void check_count(const struct check *c, const struct publication *part, const char *pointer)
{
	const int64_t most = platform_int(c->app, "images_max");
	size_t videos = 0;

	for (size_t i = 0; i < part->media_n; i++)
		videos += part->media[i].kind == MEDIA_VIDEO ? 1 : 0;
	if (videos > 0 && part->media_n > 1)
		findings_add(c->ret, false, pointer, "media_mixed",
			     "Bluesky takes a video only alone, not beside other media.");
	else if ((int64_t)part->media_n > most)
		findings_add(c->ret, false, pointer, "media_count",
			     "Bluesky takes %" PRId64 " images, not %zu.", most, part->media_n);
}

static void check_thread(const struct check *c)
{
	if (!thread_check(c->post, BLUESKY_AT "thread", platform_int(c->app, "thread_max"), c->ret))
		return;
	for (size_t i = 1; i < thread_part(c->post, 0, NULL); i++) {
		struct publication part;
		char pointer[64];

		(void)snprintf(pointer, sizeof(pointer), BLUESKY_AT "thread/%zu", i - 1);
		(void)thread_part(c->post, i, &part);
		check_text(c, &part, i, pointer);
		check_count(c, &part, pointer);
	}
}

static void check_refs(const struct check *c)
{
	static const char *const names[] = { "reply_to_id", "quote_id" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *given = bluesky_option(c->post, names[i]);
		struct bluesky_place place;
		char pointer[64];

		(void)snprintf(pointer, sizeof(pointer), BLUESKY_AT "%s", names[i]);
		if (given && !bluesky_place_read(c->arena, given, &place))
			findings_add(c->ret, false, pointer, "invalid_id",
				     "A post is named by its at:// address or by that of its page "
				     "at bsky.app.");
	}
}

/* A tag of BCP 47: letters and digits in groups of up to eight, the first of letters alone. */
static bool is_language(const char *text)
{
	size_t n = text ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

	while (n >= 1 && n <= 8 && text[n] == '-') {
		text += n + 1;
		n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	}
	return n >= 1 && n <= 8 && text[n] == '\0';
}

static void check_languages(const struct check *c)
{
	const json_t *given = json_object_get(c->post->options, "languages"), *one;
	const char *single = bluesky_option(c->post, "language");
	bool is_good = (!single || is_language(single)) &&
		       (!given || json_is_null(given) ||
			(json_is_array(given) && json_array_size(given) <= LANGS_MAX));
	size_t i;

	json_array_foreach(given, i, one)
		is_good = is_good && is_language(json_string_value(one));
	if (!is_good)
		findings_add(c->ret, false, given ? BLUESKY_AT "languages" : BLUESKY_AT "language",
			     "invalid_choice",
			     "Up to %d language tags, such as \"en\" or \"pt-BR\".", LANGS_MAX);
}

static void check_tags(const struct check *c)
{
	if (c->post->tags_n > TAGS_MAX)
		findings_add(c->ret, true, "tags", "too_many_tags",
			     "Bluesky takes %d tags beside the text; the others are left out.",
			     TAGS_MAX);
	for (size_t i = 0; i < c->post->tags_n && i < TAGS_MAX; i++) {
		const char *tag = c->post->tags[i];

		if (utf8_graphemes(tag) > BLUESKY_TAG_GRAPHEMES || strlen(tag) > BLUESKY_TAG_BYTES)
			findings_add(c->ret, false, "tags", "tag_too_long",
				     "A tag has up to %d characters at Bluesky.",
				     BLUESKY_TAG_GRAPHEMES);
	}
}

static void check_card(const struct check *c)
{
	const struct media_item *thumb = c->post->cover;
	const bool has_card = bluesky_card_link(&c->head, 0) != NULL;

	if (thumb && has_card)
		check_image(c, BLUESKY_AT "cover_media_id", thumb, "thumb_max_bytes");
	if (c->post->first_comment && *c->post->first_comment)
		findings_add(c->ret, true, "first_comment", "first_comment_ignored",
			     "Bluesky has no first comment; it is left out.");
}

/* A session by app password may do all of this and names no permissions. */
static void check_account(const struct check *c)
{
	const char *scopes = c->account ? c->account->scopes : NULL;

	if (scopes && *scopes && !oauth2_has_scope(scopes, "transition:generic"))
		findings_add(c->ret, false, "account", "missing_scope",
			     "The account lacks the permission transition:generic; connect it "
			     "again and grant it.");
}

void bluesky_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct check c = { .app = app, .account = account, .post = post, .arena = a, .ret = ret };

	(void)thread_part(post, 0, &c.head);
	if (post->kind == CONTENT_STORY) {
		findings_add(ret, false, "kind", "kind_unsupported", "Bluesky has no stories.");
		return;
	}
	check_text(&c, &c.head, 0, "caption");
	check_count(&c, &c.head, "media");
	check_thread(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	check_refs(&c);
	check_languages(&c);
	check_tags(&c);
	check_card(&c);
	check_account(&c);
}

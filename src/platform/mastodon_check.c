/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said about a post beforehand. Servers differ in their limits: what only a presumed
 * one says is a warning; staging, and preflight with its look at the server, know them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/mastodon.h"
#include "platform/thread.h"

#define AT "overrides/mastodon/"

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	const struct mastodon_limits *limits;
	struct publication head; /* the first post of a thread */
	struct arena *arena;
	struct findings *ret;
};

/* Whether n is more than the server takes, and what a finding about it weighs. */
static bool is_over(const struct check *c, int64_t n, enum mastodon_limit limit)
{
	return n > c->limits->v[limit];
}

static bool is_presumed(const struct check *c)
{
	return !c->limits->is_known;
}

static void check_text(const struct check *c, const struct publication *part, const char *pointer)
{
	const char *text = mastodon_text(c->arena, c->app, part);
	const char *warning = mastodon_option(c->post, "content_warning");
	const int64_t url = c->limits->v[MASTODON_URL];
	int64_t n = mastodon_length(c->arena, text, url);

	if (n == 0 && part->media_n == 0)
		findings_add(c->ret, false, pointer, "caption_empty",
			     "Mastodon takes no post without a text, an image or a video.");
	if (warning)
		n += mastodon_length(c->arena, warning, url);
	if (is_over(c, n, MASTODON_TEXT))
		findings_add(c->ret, is_presumed(c), pointer, "caption_too_long",
			     "The text counts %" PRId64 " as Mastodon does (a link %" PRId64
			     ", with the content warning); %s %" PRId64 ".",
			     n, url, is_presumed(c) ? "servers usually take" : "the server takes",
			     c->limits->v[MASTODON_TEXT]);
}

static void check_bytes(const struct check *c, const char *pointer, const struct media_item *m,
			enum mastodon_limit limit)
{
	if (is_over(c, m->bytes, limit))
		findings_add(c->ret, is_presumed(c), pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; the server takes %" PRId64 ".",
			     m->bytes, c->limits->v[limit]);
}

static void check_pixels(const struct check *c, const char *pointer, const struct media_item *m,
			 enum mastodon_limit limit)
{
	if (is_over(c, (int64_t)m->width * m->height, limit))
		findings_add(c->ret, is_presumed(c), pointer, "dimensions",
			     "The file is %d x %d; the server takes %" PRId64 " pixels in all.",
			     m->width, m->height, c->limits->v[limit]);
}

static void check_alt_text(const struct check *c, const char *pointer, const struct media_item *m)
{
	if (m->alt_text && is_over(c, (int64_t)utf8_points(m->alt_text), MASTODON_ALT_TEXT))
		findings_add(c->ret, is_presumed(c), pointer, "alt_text_too_long",
			     "The alternative text is longer than %" PRId64 " characters.",
			     c->limits->v[MASTODON_ALT_TEXT]);
}

static void check_item(const struct check *c, size_t i)
{
	const struct media_item *m = &c->post->media[i];
	const bool is_video = m->kind == MEDIA_VIDEO;
	char pointer[32];

	(void)snprintf(pointer, sizeof(pointer), "media/%zu", i);
	if (m->state == MEDIA_FAILED)
		findings_add(c->ret, false, pointer, "media_failed",
			     "The media could not be fetched.");
	if (m->state != MEDIA_READY)
		return;
	if (m->kind != MEDIA_IMAGE && !is_video) {
		findings_add(c->ret, false, pointer, "media_kind",
			     "Mastodon is given images and videos.");
		return;
	}
	check_bytes(c, pointer, m, is_video ? MASTODON_VIDEO_BYTES : MASTODON_IMAGE_BYTES);
	check_pixels(c, pointer, m, is_video ? MASTODON_VIDEO_PIXELS : MASTODON_IMAGE_PIXELS);
	check_alt_text(c, pointer, m);
}

/* Some images, or one video. */
static void check_count(const struct check *c, const struct publication *part, const char *pointer)
{
	size_t videos = 0;

	for (size_t i = 0; i < part->media_n; i++)
		videos += part->media[i].kind == MEDIA_VIDEO ? 1 : 0;
	if (videos > 0 && part->media_n > 1)
		findings_add(c->ret, false, pointer, "media_mixed",
			     "Mastodon takes a video only alone, not beside other media.");
	else if (is_over(c, (int64_t)part->media_n, MASTODON_MEDIA))
		findings_add(c->ret, is_presumed(c), pointer, "media_count",
			     "The server takes %" PRId64 " images, not %zu.",
			     c->limits->v[MASTODON_MEDIA], part->media_n);
}

static void check_thread(const struct check *c)
{
	const size_t n = thread_part(c->post, 0, NULL);

	if (!thread_check(c->post, AT "thread", platform_int(c->app, "thread_max"), c->ret))
		return;
	for (size_t i = 1; i < n; i++) {
		struct publication part;
		char pointer[64];

		(void)snprintf(pointer, sizeof(pointer), AT "thread/%zu", i - 1);
		(void)thread_part(c->post, i, &part);
		check_text(c, &part, pointer);
		check_count(c, &part, pointer);
	}
}

static void check_words(const struct check *c)
{
	static const char *const visibilities[] = { "public", "unlisted", "private", "direct",
						    NULL };
	const char *visibility = mastodon_option(c->post, "visibility");
	const char *language = mastodon_option(c->post, "language");
	const char *reply = mastodon_option(c->post, "reply_to_id");
	const size_t n = language ? strspn(language, "abcdefghijklmnopqrstuvwxyz") : 0;

	if (visibility && !text_is_one_of(visibility, visibilities))
		findings_add(c->ret, false, AT "visibility", "invalid_choice",
			     "One of public, unlisted, private, direct.");
	if (language && (n < 2 || n > 3 || (language[n] != '\0' && language[n] != '-') ||
			 strlen(language) > 16))
		findings_add(c->ret, false, AT "language", "invalid_language",
			     "A language is written as in ISO 639: en, de, pt-BR.");
	if (reply && (strlen(reply) > 64 || reply[strcspn(reply, "/?#& \t\r\n")] != '\0'))
		findings_add(c->ret, false, AT "reply_to_id", "invalid_id",
			     "The id that the account's own server gives the post, not its "
			     "address.");
}

static void check_poll_options(const struct check *c, const json_t *options)
{
	const size_t n = json_array_size(options);
	const json_t *option;
	size_t i;

	if (n < 2)
		findings_add(c->ret, false, AT "poll/options", "poll_options",
			     "A poll has 2 options or more.");
	if (is_over(c, (int64_t)n, MASTODON_POLL_OPTIONS))
		findings_add(c->ret, is_presumed(c), AT "poll/options", "poll_options",
			     "The server takes %" PRId64 " options.",
			     c->limits->v[MASTODON_POLL_OPTIONS]);
	json_array_foreach(options, i, option) {
		const char *text = json_string_value(option);

		if (!text || !*text)
			findings_add(c->ret, false, AT "poll/options", "poll_option_length",
				     "Each option of a poll is a text.");
		else if (is_over(c, (int64_t)utf8_points(text), MASTODON_POLL_CHARS))
			findings_add(c->ret, is_presumed(c), AT "poll/options",
				     "poll_option_length",
				     "An option of a poll has up to %" PRId64 " characters.",
				     c->limits->v[MASTODON_POLL_CHARS]);
	}
}

static void check_poll(const struct check *c)
{
	const json_t *poll = json_object_get(c->post->options, "poll");
	const int64_t life_s = mastodon_poll_life_s(poll);

	if (!json_is_object(poll))
		return;
	if (c->head.media_n > 0)
		findings_add(c->ret, false, AT "poll", "poll_with_media", "A poll takes no media.");
	check_poll_options(c, json_object_get(poll, "options"));
	if (life_s <= 0)
		findings_add(c->ret, false, AT "poll/duration_minutes", "poll_duration",
			     "A poll needs its duration in minutes.");
	else if (life_s < c->limits->v[MASTODON_POLL_LEAST_S] ||
		 life_s > c->limits->v[MASTODON_POLL_MOST_S])
		findings_add(c->ret, is_presumed(c), AT "poll/duration_minutes", "poll_duration",
			     "The server takes polls of %" PRId64 " to %" PRId64 " minutes.",
			     c->limits->v[MASTODON_POLL_LEAST_S] / 60,
			     c->limits->v[MASTODON_POLL_MOST_S] / 60);
}

static void check_account(const struct check *c)
{
	static const char *const scopes[] = { "write:statuses", "write:media" };
	const size_t n = c->post->media_n > 0 ? 2 : 1;

	if (!c->account || !c->account->scopes || !*c->account->scopes ||
	    oauth2_has_scope(c->account->scopes, "write"))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!oauth2_has_scope(c->account->scopes, scopes[i]))
			findings_add(c->ret, false, "account", "missing_scope",
				     "The account lacks the permission %s; connect it again and "
				     "grant it.",
				     scopes[i]);
	}
}

void mastodon_judge(const struct platform_app *app, const struct platform_account *account,
		    const struct publication *post, const struct mastodon_limits *limits,
		    struct findings *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct check c = { .app = app,
			   .account = account,
			   .post = post,
			   .limits = limits,
			   .arena = a,
			   .ret = ret };

	(void)thread_part(post, 0, &c.head);
	if (post->kind == CONTENT_STORY) {
		findings_add(ret, false, "kind", "kind_unsupported", "Mastodon has no stories.");
		return;
	}
	check_text(&c, &c.head, "caption");
	check_count(&c, &c.head, "media");
	check_thread(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	check_words(&c);
	check_poll(&c);
	check_account(&c);
	if (post->first_comment && *post->first_comment)
		findings_add(ret, true, "first_comment", "first_comment_ignored",
			     "Mastodon has no first comment; it is left out.");
}

void mastodon_check(const struct platform_app *app, const struct platform_account *account,
		    const struct publication *post, struct findings *ret)
{
	struct mastodon_limits limits;

	mastodon_limits(app, account ? json_object_get(account->meta, "limits") : NULL, &limits);
	mastodon_judge(app, account, post, &limits, ret);
}

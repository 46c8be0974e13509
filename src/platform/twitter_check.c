/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/oauth2.h"
#include "platform/thread.h"
#include "platform/twitter.h"
#include "platform/twitter_text.h"

#define POLL_OPTION_MAX 25
#define POLL_LEAST_MIN  5
#define POLL_MOST_MIN   10080
#define AT              "overrides/twitter/"

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	struct publication head; /* the first post of a thread */
	struct arena *arena;
	struct findings *ret;
};

static void check_text(const struct check *c, const struct publication *part, const char *pointer)
{
	const char *text = twitter_text(c->arena, c->app, part);
	bool is_premium = twitter_is_premium(c->account);
	int64_t most = platform_int(c->app, is_premium ? "text_max_premium" : "text_max");
	struct twitter_measure m;

	twitter_measure(c->arena, text, &m);
	if (m.length > most)
		findings_add(c->ret, false, pointer, "caption_too_long",
			     "The text counts %" PRId64
			     " by X's rules (a link 23, an emoji or an Asian "
			     "character 2); this account may write %" PRId64 ".",
			     m.length, most);
	if (m.length == 0 && part->media_n == 0)
		findings_add(c->ret, false, pointer, "caption_empty",
			     "X takes no post without a text, an image or a video.");
	if (m.has_forbidden)
		findings_add(
			c->ret, false, pointer, "caption_forbidden_character",
			"The text holds a character that X refuses (U+FEFF, U+FFFE or U+FFFF).");
	if ((int64_t)m.cashtags > platform_int(c->app, "cashtags_max"))
		findings_add(c->ret, false, pointer, "too_many_cashtags",
			     "X takes %" PRId64 " cashtag, the text has %zu.",
			     platform_int(c->app, "cashtags_max"), m.cashtags);
	if (m.links > 0)
		findings_add(c->ret, true, pointer, "link_costs_more",
			     "X charges the app far more for a post that holds a link.");
}

static void check_bytes(const struct check *c, const char *pointer, int64_t bytes,
			const char *limit)
{
	int64_t most = platform_int(c->app, limit);

	if (bytes > most)
		findings_add(c->ret, false, pointer, "media_too_large",
			     "The file has %" PRId64 " bytes; X takes %" PRId64 ".", bytes, most);
}

static void check_image(const struct check *c, const char *pointer, const struct media_item *m)
{
	static const char *const mimes[] = { "image/jpeg", "image/png", "image/webp", "image/gif" };
	bool is_known = !m->mime;

	for (size_t i = 0; m->mime && i < ARRAY_LEN(mimes); i++)
		is_known |= strcmp(m->mime, mimes[i]) == 0;
	if (!is_known)
		findings_add(c->ret, false, pointer, "conversion_needed",
			     "X takes JPEG, PNG, WEBP and GIF images, this is %s.", m->mime);
	check_bytes(c, pointer, m->bytes, twitter_is_gif(m) ? "gif_max_bytes" : "image_max_bytes");
	if (twitter_is_gif(m) && (m->width > platform_int(c->app, "gif_width_max") ||
				  m->height > platform_int(c->app, "gif_height_max")))
		findings_add(c->ret, false, pointer, "dimensions",
			     "The GIF is %d x %d; X takes up to %" PRId64 " x %" PRId64 ".",
			     m->width, m->height, platform_int(c->app, "gif_width_max"),
			     platform_int(c->app, "gif_height_max"));
}

static void check_codecs(const struct check *c, const char *pointer, const struct media_item *m)
{
	if (m->video_codec && *m->video_codec && strcmp(m->video_codec, "h264") != 0)
		findings_add(c->ret, true, pointer, "codec_unsupported",
			     "X recommends H.264 video, this is %s.", m->video_codec);
	if (m->audio_codec && *m->audio_codec && strcmp(m->audio_codec, "aac") != 0)
		findings_add(c->ret, true, pointer, "codec_unsupported",
			     "X recommends AAC sound, this is %s.", m->audio_codec);
}

static void check_video(const struct check *c, const char *pointer, const struct media_item *m)
{
	int64_t least = platform_int(c->app, "video_min_ms"), w = m->width, h = m->height;
	int64_t most = platform_int(c->app, twitter_is_premium(c->account) ? "video_max_ms_premium"
									   : "video_max_ms");

	check_bytes(c, pointer, m->bytes, "video_max_bytes");
	check_codecs(c, pointer, m);
	if (m->duration_ms > 0 && (m->duration_ms < least || m->duration_ms > most))
		findings_add(c->ret, false, pointer, "duration",
			     "The video lasts %d ms; X takes %" PRId64 " to %" PRId64
			     " ms from this account.",
			     m->duration_ms, least, most);
	if (w > 0 && h > 0 && (w > 3 * h || h > 3 * w))
		findings_add(c->ret, false, pointer, "aspect_ratio",
			     "The video is %" PRId64 " x %" PRId64
			     "; X takes ratios from 1:3 to 3:1.",
			     w, h);
	if (w > 0 && h > 0 && (w < 32 || h < 32))
		findings_add(c->ret, false, pointer, "dimensions",
			     "The video is smaller than 32 x 32 pixels.");
}

static void check_item(const struct check *c, size_t i)
{
	const struct media_item *m = &c->post->media[i];
	int64_t most = platform_int(c->app, "alt_text_max");
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
		findings_add(c->ret, false, pointer, "media_kind", "X takes images and videos.");
	if (!m->alt_text || !*m->alt_text)
		return;
	if ((int64_t)utf8_points(m->alt_text) > most)
		findings_add(c->ret, false, pointer, "alt_text_too_long",
			     "The alternative text is longer than %" PRId64 " characters.", most);
	if (m->kind == MEDIA_VIDEO)
		findings_add(c->ret, true, pointer, "alt_text_ignored",
			     "X takes alternative texts of images and GIFs only; it is left out.");
}

/* Four images, or one GIF, or one video. */
static void check_count(const struct check *c, const struct publication *part, const char *pointer)
{
	int64_t most = platform_int(c->app, "images_max");
	size_t alone = 0;

	for (size_t i = 0; i < part->media_n; i++) {
		const struct media_item *m = &part->media[i];

		alone += m->kind == MEDIA_VIDEO || twitter_is_gif(m) ? 1 : 0;
	}
	if (alone > 0 && part->media_n > 1)
		findings_add(c->ret, false, pointer, "media_mixed",
			     "X takes a video or a GIF only alone, not beside other media.");
	else if ((int64_t)part->media_n > most)
		findings_add(c->ret, false, pointer, "media_count",
			     "X takes %" PRId64 " images, not %zu.", most, part->media_n);
}

/* X refuses what the account has just said; within a thread that would leave it cut off. */
static bool is_repeated(const struct check *c, size_t at, const struct publication *part)
{
	const char *text = twitter_text(c->arena, c->app, part);

	for (size_t i = 0; i < at && *text; i++) {
		struct publication other;

		(void)thread_part(c->post, i, &other);
		if (strcmp(twitter_text(c->arena, c->app, &other), text) == 0)
			return true;
	}
	return false;
}

static void check_part(const struct check *c, size_t i)
{
	struct publication part;
	char pointer[64];

	(void)snprintf(pointer, sizeof(pointer), AT "thread/%zu", i - 1);
	(void)thread_part(c->post, i, &part);
	check_text(c, &part, pointer);
	check_count(c, &part, pointer);
	if (is_repeated(c, i, &part))
		findings_add(c->ret, false, pointer, "thread_repeats",
			     "X refuses a text that the account has just posted; each part of a "
			     "thread must differ.");
}

static void check_thread(const struct check *c)
{
	const int64_t most = platform_int(c->app, "thread_max");

	if (!thread_check(c->post, AT "thread", most, c->ret))
		return;
	for (size_t i = 1; i < thread_part(c->post, 0, NULL); i++)
		check_part(c, i);
}

static bool is_id(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n >= 1 && n <= 19 && text[n] == '\0';
}

static void check_ids(const struct check *c)
{
	static const char *const names[] = { "reply_to_id", "quote_id" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *id = twitter_option(c->post, names[i]);
		char pointer[64];

		(void)snprintf(pointer, sizeof(pointer), AT "%s", names[i]);
		if (id && !is_id(id))
			findings_add(c->ret, false, pointer, "invalid_id",
				     "A post's id at X has 1 to 19 digits.");
	}
	if (!twitter_option(c->post, "quote_id"))
		return;
	if (!platform_int(c->app, "quotes_allowed"))
		findings_add(c->ret, false, AT "quote_id", "quote_not_allowed",
			     "X lets only Enterprise apps quote posts; quotes_allowed says whether "
			     "this one may.");
	if (c->head.media_n > 0)
		findings_add(c->ret, false, AT "quote_id", "quote_with_media",
			     "A post that quotes takes no media.");
}

static void check_audience(const struct check *c)
{
	static const char *const words[] = { "everyone", "following", "mentionedUsers",
					     "subscribers", "verified" };
	const char *word = twitter_option(c->post, "reply_settings");

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++) {
		if (strcmp(word, words[i]) == 0)
			return;
	}
	if (word)
		findings_add(c->ret, false, AT "reply_settings", "invalid_choice",
			     "One of everyone, following, mentionedUsers, subscribers, verified.");
}

static void check_poll(const struct check *c)
{
	const json_t *poll = json_object_get(c->post->options, "poll"), *option;
	const json_t *options = json_object_get(poll, "options");
	int64_t minutes = memo_int(poll, "duration_minutes");
	size_t n = json_array_size(options), i;

	if (!json_is_object(poll))
		return;
	if (c->head.media_n > 0)
		findings_add(c->ret, false, AT "poll", "poll_with_media", "A poll takes no media.");
	if (n < 2 || n > 4)
		findings_add(c->ret, false, AT "poll/options", "poll_options",
			     "A poll has 2 to 4 options.");
	if (minutes < POLL_LEAST_MIN || minutes > POLL_MOST_MIN)
		findings_add(c->ret, false, AT "poll/duration_minutes", "poll_duration",
			     "A poll lasts 5 to 10080 minutes.");
	json_array_foreach(options, i, option) {
		const char *text = json_string_value(option);

		if (!text || !*text || utf8_points(text) > POLL_OPTION_MAX)
			findings_add(c->ret, false, AT "poll/options", "poll_option_length",
				     "Each option of a poll has 1 to 25 characters.");
	}
}

static void check_options(const struct check *c)
{
	check_ids(c);
	check_audience(c);
	check_poll(c);
	if (c->post->first_comment && *c->post->first_comment)
		findings_add(c->ret, true, "first_comment", "first_comment_ignored",
			     "X has no first comment; it is left out.");
}

static void check_account(const struct check *c)
{
	static const char *const scopes[] = { "tweet.write", "media.write" };
	size_t n = c->post->media_n > 0 ? 2 : 1;

	if (!c->account || !c->account->scopes || !*c->account->scopes)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!oauth2_has_scope(c->account->scopes, scopes[i]))
			findings_add(c->ret, false, "account", "missing_scope",
				     "The account lacks the permission %s; connect it again and "
				     "grant it.",
				     scopes[i]);
	}
}

void twitter_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct check c = { .app = app, .account = account, .post = post, .arena = a, .ret = ret };

	(void)thread_part(post, 0, &c.head);
	if (post->kind == CONTENT_STORY) {
		findings_add(ret, false, "kind", "kind_unsupported", "X has no stories.");
		return;
	}
	check_text(&c, &c.head, "caption");
	check_count(&c, &c.head, "media");
	check_thread(&c);
	for (size_t i = 0; i < post->media_n; i++)
		check_item(&c, i);
	check_options(&c);
	check_account(&c);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/fit.h"
#include "platform/mastodon.h"
#include "platform/thread.h"

#define POLL_MINUTES_END 100000000 /* so long takes nobody, whatever the unit */

#define SCOPES "read:accounts read:statuses write:statuses write:media"

extern const struct setting platform_mastodon_settings[];
extern const struct platform platform_mastodon;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_mastodon_settings[] = {
	ROW("client_name", TEXT, "Carillon", 1, 60, "How the app is called where people see it at their servers."),
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for."),
	ROW("scopes_required", TEXT, SCOPES, 0, 0, "Permissions reported as missing when not granted."),
	ROW("sandbox_base", TEXT, "", 0, 0, "The one server that test mode reaches, whatever name was given."),
	ROW("posts_per_day", INT, "2400", 0, 100000, "Posts in 24 hours that servers are known to take from an account; 0: no warning."),
	ROW("posts_per_3_hours", INT, "300", 0, 1000000, "Posts of one account that a server takes in 3 hours; 0: not counted."),
	ROW("text_max", INT, "500", 1, 1000000, "Longest text where the server does not say; a content warning counts as well."),
	ROW("url_chars", INT, "23", 1, 1000, "Characters that a link counts for where the server does not say."),
	ROW("append_link", INT, "1", 0, 1, "1: a content's link goes below the text unless the text has it."),
	ROW("thread_max", INT, "25", 1, 100, "Most posts of a thread, the first included."),
	ROW("images_max", INT, "4", 1, 100, "Most images of a post where the server does not say."),
	ROW("alt_text_max", INT, "1500", 1, 100000, "Most characters of an alternative text where the server does not say."),
	ROW("image_fit_bytes", INT, "8388608", 65536, 1073741824, "Larger images are made smaller before they are sent."),
	ROW("image_fit_pixels", INT, "4096", 320, 32768, "The same by the longer side; servers show no more."),
	ROW("image_max_bytes", INT, "16777216", 1, 1073741824, "Largest image where the server does not say."),
	ROW("image_max_pixels", INT, "33177600", 1, 1073741824, "Most pixels of an image (width times height) where the server does not say."),
	ROW("video_max_bytes", INT, "103809024", 1, 17179869184, "Largest video where the server does not say."),
	ROW("video_max_pixels", INT, "8294400", 1, 1073741824, "Most pixels of a video (width times height) where the server does not say."),
	ROW("poll_options_max", INT, "4", 2, 100, "Most options of a poll where the server does not say."),
	ROW("poll_option_chars_max", INT, "50", 1, 1000, "Most characters of such an option where the server does not say."),
	ROW("poll_least_s", INT, "300", 1, 31556952, "Shortest poll where the server does not say."),
	ROW("poll_most_s", INT, "2629746", 1, 315569520, "Longest poll where the server does not say."),
	ROW("media_life_s", INT, "72000", 60, 1296000, "Uploads older than this are made anew (servers keep them about a day)."),
	ROW("media_renewals", INT, "2", 0, 10, "How often refused or lost uploads are made anew."),
	ROW("poll_wait_ms", TEXT, "1000 2000 5000", 0, 0, "Waits before the processing of a file is asked about again."),
	ROW("poll_patience_s", INT, "900", 1, 86400, "After so long in processing a file is uploaded anew."),
	ROW("pause_fallback_s", INT, "300", 1, 86400, "Pause at a rate limit when the server names no time."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

const char *mastodon_text(struct arena *a, const struct platform_app *app,
			  const struct publication *post)
{
	const char *text = post->caption ? post->caption : "", *link = post->link;

	if (!link || !*link || !platform_int(app, "append_link") || strstr(text, link))
		return text;
	return *text ? arena_printf(a, "%s\n%s", text, link) : link;
}

const char *mastodon_option(const struct publication *post, const char *name)
{
	const char *v = memo_text(post->options, name);

	return v && *v ? v : NULL;
}

int64_t mastodon_poll_life_s(const json_t *poll)
{
	const int64_t minutes = memo_int(poll, "duration_minutes");

	return minutes > 0 && minutes < POLL_MINUTES_END ? minutes * 60 : minutes;
}

const char *mastodon_reply_to(const struct delivery *d)
{
	return d->part > 0 ? d->before_id : mastodon_option(d->post, "reply_to_id");
}

void mastodon_part_now(const struct delivery *d, struct publication *ret)
{
	(void)thread_part(d->post, d->part, ret);
	if (memo_int(d->memo, "part") == (int64_t)d->part)
		return;
	memo_set_int(d->memo, "part", (int64_t)d->part);
	memo_set_int(d->memo, "fired", 0);
}

static const char *const image_mimes[] = { "image/jpeg", "image/png", "image/webp", NULL };
static const char *const gif_mimes[] = { "image/gif", NULL };
static const char *const video_mimes[] = { "video/mp4", "video/quicktime", "video/webm", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE,
	  .mimes = image_mimes,
	  .bytes_max = "image_fit_bytes",
	  .long_max = "image_fit_pixels" },
	{ .kind = MEDIA_IMAGE, .mimes = gif_mimes },   /* it moves: never made into another */
	{ .kind = MEDIA_VIDEO, .mimes = video_mimes }, /* servers make of it what they show */
	{ .mimes = NULL },
};

static const struct platform_budget budgets[] = {
	{ "three_hours", false, 10800, "posts_per_3_hours", NULL, NULL, false },
	{ NULL, false, 0, NULL, NULL, NULL, false },
};

const struct platform platform_mastodon = {
	.budgets = budgets,
	.id = "mastodon",
	.title = "Mastodon",
	.settings = platform_mastodon_settings,
	.limits = {
		.caption_max = 500,
		.media_min = 2,
		.media_max = 4,
		.kinds = 1U << CONTENT_TEXT | 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL |
			 1U << CONTENT_VIDEO | 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_S256,
	.default_scopes = SCOPES,
	.needs_public_media = false,
	.server = mastodon_named_server,
	.start = mastodon_start,
	.connect = mastodon_connect,
	.revoke = mastodon_revoke,
	.inspect = mastodon_inspect,
	.media = media_rules,
	.check = mastodon_check,
	.stage = mastodon_stage,
	.fire = mastodon_fire,
	.confirm = NULL, /* id and address come with the answer to the fire */
	.recover = mastodon_recover,
	.part = thread_part,
	.results = &mastodon_results,
	.canonical_text = mastodon_canonical,
};

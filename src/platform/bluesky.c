/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/bluesky.h"
#include "platform/bluesky_login.h"
#include "platform/fit.h"
#include "platform/thread.h"

#define SCOPES "atproto transition:generic"

extern const struct setting platform_bluesky_settings[];
extern const struct platform platform_bluesky;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_bluesky_settings[] = {
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for."),
	ROW("scopes_required", TEXT, SCOPES, 0, 0, "Permissions reported as missing when not granted."),
	ROW("resolver_base", TEXT, "https://public.api.bsky.app", 0, 0, "Where handles are looked up first when an account is connected; empty: only at the handle's own host."),
	ROW("plc_base", TEXT, "https://plc.directory", 0, 0, "Directory of the accounts whose DID begins with did:plc."),
	ROW("sandbox_base", TEXT, "", 0, 0, "The sandbox, where all test accounts live; nothing in a live section."),
	ROW("profile_url", TEXT, "https://bsky.app", 0, 0, "Where published posts are shown."),
	ROW("token_timeout_ms", INT, "40000", 1000, 50000, "Patience with the token endpoint: an answer that is lost costs the connection."),
	ROW("grant_life_s", INT, "1209600", 3600, 315360000, "How long a login server lets Carillon renew before it asks the person again: two weeks for clients without a key of their own."),
	ROW("session_life_s", INT, "5184000", 3600, 315360000, "How long an unused refresh token is believed to live when the server does not say."),
	ROW("posts_per_day", INT, "11666", 0, 100000, "Posts in 24 hours that a server is known to take from an account; 0: no warning."),
	ROW("posts_per_hour", INT, "1666", 0, 1000000, "Posts of one account in an hour; 0: not counted."),
	ROW("pause_fallback_s", INT, "300", 1, 86400, "Pause at a rate limit when the server names no time."),
	ROW("text_max", INT, "300", 1, 100000, "Longest text in characters as readers see them."),
	ROW("text_max_bytes", INT, "3000", 1, 1000000, "Longest text in bytes."),
	ROW("alt_text_max", INT, "2000", 1, 100000, "Most characters of an alternative text."),
	ROW("thread_max", INT, "25", 1, 100, "Most posts of a thread, the first included."),
	ROW("images_max", INT, "4", 1, 20, "Most images of a post."),
	ROW("image_max_bytes", INT, "976560", 1, 1073741824, "Largest image; a larger one is converted. Servers of 2026 take 2000000."),
	ROW("thumb_max_bytes", INT, "976560", 1, 1073741824, "Largest picture of a link card."),
	ROW("video_max_bytes", INT, "100000000", 1, 17179869184, "Largest video; the account's server may take less."),
	ROW("video_max_ms", INT, "180000", 1, 86400000, "Longest video."),
	ROW("blob_life_s", INT, "3600", 60, 1296000, "Uploads older than this are made anew before they are referred to."),
	ROW("media_renewals", INT, "2", 0, 10, "How often uploads that the server has lost are made anew."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char *const image_mimes[] = { "image/jpeg", "image/png", "image/webp", NULL };
static const char *const video_mimes[] = { "video/mp4", NULL };
static const char *const video_codecs[] = { "h264", NULL };
static const char *const audio_codecs[] = { "aac", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE, .mimes = image_mimes, .bytes_max = "image_max_bytes" },
	{ MEDIA_VIDEO, video_mimes, video_codecs, audio_codecs, .bytes_max = NULL },
	{ .mimes = NULL },
};

static const struct platform_budget budgets[] = {
	{ "hour", false, 3600, "posts_per_hour", "ratelimit-remaining", "ratelimit-reset", true },
	{ NULL, false, 0, NULL, NULL, NULL, false },
};

const struct platform platform_bluesky = {
	.budgets = budgets,
	.id = "bluesky",
	.title = "Bluesky",
	.settings = platform_bluesky_settings,
	.limits = {
		.caption_max = 300,
		.media_min = 2,
		.media_max = 4,
		.kinds = 1U << CONTENT_TEXT | 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL |
			 1U << CONTENT_VIDEO | 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_S256,
	.default_scopes = SCOPES,
	.needs_public_media = false,
	.client_document = bluesky_client_metadata,
	.start = bluesky_start,
	.sign_in = bluesky_sign_in,
	.connect = bluesky_connect,
	.renew = bluesky_renew,
	.renew_at = bluesky_renew_at,
	.revoke = bluesky_revoke,
	.inspect = bluesky_inspect,
	.media = media_rules,
	.check = bluesky_check,
	.stage = bluesky_stage,
	.fire = bluesky_fire,
	.confirm = NULL, /* id and address are known before the fire */
	.recover = bluesky_recover,
	.part = thread_part,
	.results = &bluesky_results,
};

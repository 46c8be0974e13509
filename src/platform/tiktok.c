/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/tiktok.h"
#include "platform/login.h"

#include <string.h>

#include "base/clock.h"
#include "platform/fit.h"

#define SCOPES          "user.info.basic,user.info.profile,video.publish,video.upload,video.list"
#define RENEW_BEFORE_US (30 * US_PER_MIN)

extern const struct setting platform_tiktok_settings[];
extern const struct platform platform_tiktok;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_tiktok_settings[] = {
	ROW("client_id", TEXT, "", 0, 0, "Client key of the app at TikTok."),
	ROW("client_secret_file", PATH, "", 0, 0, "File (0400) with the client secret."),
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for, and reported as missing when not granted."),
	ROW("pkce", WORD, "hex none", 0, 0, "hex (TikTok's own form, needed by desktop apps) or none."),
	ROW("post_mode", WORD, "direct inbox", 0, 0, "direct (to the profile) or inbox (a draft that the person finishes in the app)."),
	ROW("privacy_default", TEXT, "", 0, 0, "Level of posts that name none; empty: the first that TikTok offers the account."),
	ROW("dialog_base", TEXT, "https://www.tiktok.com", 0, 0, "Consent page."),
	ROW("api_base", TEXT, "https://open.tiktokapis.com", 0, 0, "Tokens and data."),
	ROW("upload_base", TEXT, "https://open-upload.tiktokapis.com", 0, 0, "Host that takes video bytes."),
	ROW("upload_host_suffix", TEXT, "tiktokapis.com", 0, 0, "Upload addresses that TikTok hands out must lie below it, or at upload_base."),
	ROW("profile_url", TEXT, "https://www.tiktok.com", 0, 0, "Where posts and profiles are shown."),
	ROW("chunk_bytes", INT, "10000000", 5000000, 64000000, "Size of a chunk; the last one takes the rest as well."),
	ROW("single_chunk_max_bytes", INT, "20000000", 5000000, 64000000, "Videos up to this size go up in one piece."),
	ROW("upload_life_s", INT, "3300", 60, 3600, "Upload addresses older than this are made anew (TikTok keeps them an hour)."),
	ROW("stage_ahead_s", INT, "2400", 60, 3600, "An upload begins at most so long before its time."),
	ROW("creator_ahead_s", INT, "120", 1, 3600, "What the creator of photos allows is asked at most so long before their time."),
	ROW("posts_per_day", INT, "15", 0, 100000, "Posts in 24 hours that TikTok is known to take from an account, all apps together; 0: no warning."),
	ROW("caption_max", INT, "2200", 1, 100000, "Most UTF-16 code units of a video's caption."),
	ROW("photo_title_max", INT, "90", 1, 100000, "Most UTF-16 code units of a photo post's title."),
	ROW("photo_description_max", INT, "4000", 1, 100000, "Most UTF-16 code units of a photo post's description."),
	ROW("photos_max", INT, "35", 1, 100, "Most photos of a post."),
	ROW("photo_max_bytes", INT, "20000000", 1, 1073741824, "Largest photo."),
	ROW("photo_short_side_max", INT, "1080", 1, 100000, "Most pixels of a photo's shorter side."),
	ROW("photo_long_side_max", INT, "1920", 1, 100000, "Most pixels of a photo's longer side."),
	ROW("video_max_bytes", INT, "4000000000", 1, 17179869184, "Largest video."),
	ROW("video_min_ms", INT, "1000", 0, 86400000, "Shortest video."),
	ROW("video_max_ms", INT, "600000", 1, 86400000, "Longest video; a creator's own limit may be lower."),
	ROW("video_side_min", INT, "360", 1, 100000, "Fewest pixels of a video's side."),
	ROW("video_side_max", INT, "4096", 1, 100000, "Most pixels of a video's side."),
	ROW("poll_ms", TEXT, "3000 5000 10000 15000 20000", 0, 0, "Waits before a publication's state is read again; the last one repeats."),
	ROW("poll_patience_ms", INT, "600000", 1, 86400000, "After so long in processing the engine's slower pace of looking takes over."),
	ROW("link_wait_ms", TEXT, "10000 50000 240000 600000", 0, 0, "Waits for the id that a public post gets after moderation; then it counts as published without."),
	ROW("list_wait_s", INT, "120", 0, 3600, "A photo post whose fate is not known is looked for in the listing only so long after."),
	ROW("list_early_s", INT, "60", 0, 3600, "A match in the listing may be stamped so much earlier than our call."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char *auth_url(struct arena *a, const struct platform_app *app, const char *state,
			    const char *challenge, bool is_again)
{
	struct http_request *r = http_request_new(a, VERB_GET, "tt.dialog");
	bool has_pkce = challenge && strcmp(platform_text(app, "pkce"), "none") != 0;

	(void)is_again;
	if (!*platform_text(app, "dialog_base"))
		return NULL;
	http_request_url(r, platform_text(app, "dialog_base"), "/v2/auth/authorize/");
	http_request_query(r, "client_key", platform_text(app, "client_id"));
	http_request_query(r, "response_type", "code");
	http_request_query(r, "scope", platform_text(app, "scopes"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "state", state);
	/* Always ask: who connects a second account must be able to switch. */
	http_request_query(r, "disable_auto_auth", "1");
	http_request_query(r, "code_challenge", has_pkce ? challenge : NULL);
	http_request_query(r, "code_challenge_method", has_pkce ? "S256" : NULL);
	return r->url;
}

static int64_t renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	(void)app;
	return login_renew_at(issued_us, expires_us, RENEW_BEFORE_US);
}

/* Runs of white space as one blank, none around the whole. */
const char *tiktok_canonical(struct arena *a, const char *text)
{
	char *to, *out;

	if (!text)
		return "";
	text += strspn(text, " \t\r\n");
	out = to = arena_strdup(a, text);
	while (*text) {
		size_t gap = strspn(text, " \t\r\n");

		if (gap == 0) {
			*to++ = *text++;
			continue;
		}
		text += gap;
		if (*text)
			*to++ = ' ';
	}
	*to = '\0';
	return out;
}

static const char *const photo_mimes[] = { "image/jpeg", "image/webp", NULL };
static const char *const video_mimes[] = { "video/mp4", "video/quicktime", "video/webm", NULL };
static const char *const video_codecs[] = { "h264", "hevc", "vp8", "vp9", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE,
	  .mimes = photo_mimes,
	  .bytes_max = "photo_max_bytes",
	  .long_max = "photo_long_side_max",
	  .short_max = "photo_short_side_max" },
	{ MEDIA_VIDEO, video_mimes, video_codecs, NULL, .long_max = "video_side_max" },
	{ .mimes = NULL },
};

const struct platform platform_tiktok = {
	.probe_base = "api_base",
	.id = "tiktok",
	.title = "TikTok",
	.settings = platform_tiktok_settings,
	.limits = {
		.caption_max = 2200,
		.media_min = 2,
		.media_max = 35,
		.kinds = 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL | 1U << CONTENT_VIDEO |
			 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_S256_HEX,
	.default_scopes = SCOPES,
	.needs_public_media = true,
	.auth_url = auth_url,
	.connect = tiktok_connect,
	.renew = tiktok_renew,
	.renew_at = renew_at,
	.revoke = tiktok_revoke,
	.inspect = tiktok_inspect,
	.media = media_rules,
	.check = tiktok_check,
	.stage = tiktok_stage,
	.fire = tiktok_fire,
	.confirm = tiktok_confirm,
	.recover = tiktok_recover,
	.results = &tiktok_results,
	.canonical_text = tiktok_canonical,
};

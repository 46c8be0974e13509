/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/youtube.h"
#include "platform/login.h"

#include <string.h>

#include "base/clock.h"
#include "platform/fit.h"

#define SCOPES          YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly " YOUTUBE_SCOPE ".force-ssl"
#define RENEW_BEFORE_US (10 * US_PER_MIN)

extern const struct setting platform_youtube_settings[];
extern const struct platform platform_youtube;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_youtube_settings[] = {
	ROW("client_id", TEXT, "", 0, 0, "Client id of the OAuth client in the Google Cloud project."),
	ROW("client_secret_file", PATH, "", 0, 0, "File (0400) with the client secret."),
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for, and reported as missing when not granted; upload and readonly are needed."),
	ROW("prompt", TEXT, "consent select_account", 0, 0, "What Google asks people each time; without consent there is no refresh token."),
	ROW("refresh_life_s", INT, "15552000", 3600, 315360000, "How long an unused refresh token is believed to live (six months)."),
	ROW("audited", INT, "1", 0, 1, "0: the Google project has not passed YouTube's audit, so every upload stays private; preflight then warns."),
	ROW("publish_by", TEXT, "flip", 0, 0, "flip (uploaded ahead as private, made visible at its time) or tail (the last bytes are sent at its time)."),
	ROW("privacy_default", TEXT, "public", 0, 0, "Privacy of posts that name none: public, unlisted or private."),
	ROW("category_default", TEXT, "22", 0, 0, "Category of posts that name none."),
	ROW("posts_per_day", INT, "100", 0, 100000, "Videos in 24 hours behind which a check before publishing warns: what YouTube takes from a whole Google project, unless it granted more. 0: never."),
	ROW("dialog_base", TEXT, "https://accounts.google.com", 0, 0, "Consent page."),
	ROW("token_base", TEXT, "https://oauth2.googleapis.com", 0, 0, "Tokens and revocation."),
	ROW("api_base", TEXT, "https://www.googleapis.com", 0, 0, "Data API."),
	ROW("upload_base", TEXT, "https://www.googleapis.com", 0, 0, "Host that takes uploads."),
	ROW("upload_host_suffix", TEXT, "googleapis.com", 0, 0, "Upload sessions that YouTube hands out must lie below it, or at upload_base."),
	ROW("watch_base", TEXT, "https://www.youtube.com", 0, 0, "Where videos are watched."),
	ROW("chunk_bytes", INT, "8388608", 262144, 67108864, "Size of a chunk, rounded down to a multiple of 262144."),
	ROW("retry_ms", TEXT, "1000 2000 4000 8000", 0, 0, "Waits after faults of an upload before it is asked how far it came; then the engine's back-off takes over."),
	ROW("poll_ms", TEXT, "5000 15000 30000 60000 120000", 0, 0, "Waits before the processing is looked at again; the last one repeats."),
	ROW("poll_patience_ms", INT, "600000", 1, 86400000, "After so long in processing a video counts as published all the same."),
	ROW("settle_s", INT, "30", 0, 3600, "So long before its time nothing is waited for any more."),
	ROW("look_wait_ms", TEXT, "0 30000 120000", 0, 0, "Waits before the looks for an upload whose session is lost; then a new one is opened."),
	ROW("list_early_s", INT, "60", 0, 3600, "A match in the listing may be stamped so much earlier than our session."),
	ROW("title_max", INT, "100", 1, 100000, "Most UTF-16 code units of a title."),
	ROW("description_max_bytes", INT, "5000", 1, 1000000, "Most bytes of a description."),
	ROW("tags_max", INT, "500", 1, 100000, "Most characters of all tags together, as YouTube counts them."),
	ROW("video_max_bytes", INT, "274877906944", 1, 274877906944, "Largest video."),
	ROW("video_max_ms", INT, "43200000", 1, 86400000, "Longest video."),
	ROW("video_max_ms_unverified", INT, "900000", 1, 86400000, "The same for channels that are not verified by phone."),
	ROW("short_max_ms", INT, "180000", 1, 86400000, "Upright or square videos up to this length are Shorts."),
	ROW("short_claim_ms", INT, "60000", 1, 86400000, "Longer Shorts are blocked when somebody claims their sound; preflight warns."),
	ROW("thumbnail_max_bytes", INT, "52428800", 1, 1073741824, "Largest thumbnail."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char *auth_url(struct arena *a, const struct platform_app *app, const char *state,
			    const char *challenge, bool is_again)
{
	struct http_request *r = http_request_new(a, VERB_GET, "yt.dialog");
	const char *prompt = platform_text(app, "prompt");

	(void)is_again; /* Google asks for everything each time */
	if (!*platform_text(app, "dialog_base"))
		return NULL;
	http_request_url(r, platform_text(app, "dialog_base"), "/o/oauth2/v2/auth");
	http_request_query(r, "client_id", platform_text(app, "client_id"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "response_type", "code");
	http_request_query(r, "scope", platform_text(app, "scopes"));
	http_request_query(r, "access_type", "offline");
	http_request_query(r, "prompt", *prompt ? prompt : NULL);
	http_request_query(r, "state", state);
	http_request_query(r, "code_challenge", challenge);
	http_request_query(r, "code_challenge_method", challenge ? "S256" : NULL);
	return r->url;
}

static int64_t renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	(void)app;
	return login_renew_at(issued_us, expires_us, RENEW_BEFORE_US);
}

/* YouTube trims the ends and keeps the rest as it is, with line ends of its own. */
const char *youtube_canonical(struct arena *a, const char *text)
{
	char *to, *out;

	if (!text)
		return "";
	text += strspn(text, " \t\r\n");
	out = to = arena_strdup(a, text);
	for (; *text; text++) {
		if (*text != '\r')
			*to++ = *text;
	}
	while (to > out && strchr(" \t\n", to[-1]))
		to--;
	*to = '\0';
	return out;
}

/* What it takes for a thumbnail; a post has no other image. */
static const char *const image_mimes[] = { "image/jpeg", "image/png", NULL };
/* YouTube takes any codec in them, and the original is better than what we would make of it. */
const char *const youtube_containers[] = {
	"video/mp4",   "video/quicktime",  "video/mpeg",  "video/x-msvideo", "video/x-ms-wmv",
	"video/x-flv", "video/3gpp",       "video/webm",  "video/x-ms-asf",  "video/avi",
	"video/mp2t",  "video/x-matroska", "video/3gpp2", "video/x-m4v",     NULL,
};
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE, .mimes = image_mimes, .bytes_max = "thumbnail_max_bytes" },
	{ .kind = MEDIA_VIDEO, .mimes = youtube_containers },
	{ .mimes = NULL },
};

/*
 * No row of budgets: they count fires, while the scarce good here is the opening of an upload,
 * hours earlier and perhaps on another Pacific day. A refused opening leaves nothing behind, so
 * YouTube's own word is waited for; it holds for all accounts (outcome.is_app_wide).
 */
const struct platform platform_youtube = {
	.probe_base = "api_base",
	.id = "youtube",
	.title = "YouTube",
	.settings = platform_youtube_settings,
	.limits = {
		.caption_max = 5000,
		.media_min = 1,
		.media_max = 1,
		.kinds = 1U << CONTENT_VIDEO | 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_S256,
	.default_scopes = SCOPES,
	.needs_public_media = false,
	.auth_url = auth_url,
	.connect = youtube_connect,
	.renew = youtube_renew,
	.renew_at = renew_at,
	.revoke = youtube_revoke,
	.inspect = youtube_inspect,
	.media = media_rules,
	.check = youtube_check,
	.stage = youtube_stage,
	.fire = youtube_fire,
	.confirm = youtube_confirm,
	.recover = youtube_recover,
	.results = &youtube_results,
	.canonical_text = youtube_canonical,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "platform/fit.h"
#include "platform/instagram.h"

#define FACEBOOK_SCOPES                                                                    \
	"instagram_basic,instagram_content_publish,pages_read_engagement,pages_show_list," \
	"business_management"
#define RENEW_AFTER_US \
	(25 * US_PER_HOUR) /* Instagram refuses to renew a token younger than a day */
#define RENEW_BEFORE_US (30 * US_PER_DAY)

extern const struct setting platform_instagram_settings[];
extern const struct platform platform_instagram;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_instagram_settings[] = {
	ROW("login_mode", WORD, "facebook instagram", 0, 0, "facebook (Facebook Login, pages) or instagram (Instagram Login, no page)."),
	ROW("client_id", TEXT, "", 0, 0, "App id at Meta; for Instagram Login the Instagram app id."),
	ROW("client_secret_file", PATH, "", 0, 0, "File (0400) with the app secret."),
	ROW("config_id", TEXT, "", 0, 0, "Facebook Login for Business configuration; replaces scopes."),
	ROW("scopes", TEXT, FACEBOOK_SCOPES, 0, 0, "Permissions asked for with Facebook Login."),
	ROW("scopes_required", TEXT, FACEBOOK_SCOPES, 0, 0, "Permissions reported as missing when not granted, Facebook Login."),
	ROW("ig_scopes", TEXT, "instagram_business_basic,instagram_business_content_publish", 0, 0, "Permissions asked for, and needed, with Instagram Login."),
	ROW("api_version", TEXT, "v25.0", 0, 0, "Version of the Graph API."),
	ROW("dialog_base", TEXT, "https://www.facebook.com", 0, 0, "Consent page of Facebook Login."),
	ROW("graph_base", TEXT, "https://graph.facebook.com", 0, 0, "Graph API of Facebook Login."),
	ROW("rupload_base", TEXT, "https://rupload.facebook.com", 0, 0, "Host that takes video bytes."),
	ROW("upload_host_suffix", TEXT, "facebook.com", 0, 0, "Upload addresses that Meta hands out must lie below it, or at rupload_base."),
	ROW("ig_dialog_base", TEXT, "https://www.instagram.com", 0, 0, "Consent page of Instagram Login."),
	ROW("ig_token_base", TEXT, "https://api.instagram.com", 0, 0, "Code exchange of Instagram Login."),
	ROW("ig_graph_base", TEXT, "https://graph.instagram.com", 0, 0, "Graph API of Instagram Login."),
	ROW("profile_url", TEXT, "https://www.instagram.com", 0, 0, "Where a profile is shown when a post's own address is not known."),
	ROW("publish_token", WORD, "page user", 0, 0, "Token that creates and publishes: page or user (Facebook Login)."),
	ROW("read_token", WORD, "user page", 0, 0, "Token that reads: page or user (Facebook Login)."),
	ROW("quota_total_fallback", INT, "50", 1, 100000, "Posts per 24 hours when Instagram does not say."),
	ROW("caption_max", INT, "2200", 1, 100000, "Most UTF-16 code units of a caption."),
	ROW("hashtags_max", INT, "30", 0, 1000, "Most hashtags of a caption."),
	ROW("mentions_max", INT, "20", 0, 1000, "Most @ mentions of a caption."),
	ROW("alt_text_max", INT, "1000", 1, 100000, "Most characters of an alternative text."),
	ROW("collaborators_max", INT, "3", 0, 100, "Most collaborators."),
	ROW("carousel_min", INT, "2", 1, 100, "Fewest items of a carousel."),
	ROW("carousel_max", INT, "10", 1, 100, "Most items of a carousel."),
	ROW("image_max_bytes", INT, "8388608", 1, 1073741824, "Largest image."),
	ROW("reel_max_bytes", INT, "314572800", 1, 17179869184, "Largest reel."),
	ROW("story_video_max_bytes", INT, "104857600", 1, 17179869184, "Largest video of a story."),
	ROW("reel_min_ms", INT, "3000", 0, 86400000, "Shortest reel."),
	ROW("reel_max_ms", INT, "900000", 1, 86400000, "Longest reel."),
	ROW("story_max_ms", INT, "60000", 1, 86400000, "Longest video of a story."),
	ROW("video_width_max", INT, "1920", 1, 100000, "Widest video in pixels."),
	ROW("poll_image_ms", TEXT, "1000 2000 4000 8000 15000", 0, 0, "Waits before an image container is read; the last one repeats."),
	ROW("poll_video_ms", TEXT, "5000 10000 20000 30000 60000", 0, 0, "Waits before a video container is read; the last one repeats."),
	ROW("poll_patience_ms", INT, "900000", 1, 86400000, "After so long in processing a container is read at the slow pace."),
	ROW("poll_slow_ms", INT, "300000", 1, 86400000, "The slow pace."),
	ROW("renewal_wait_ms", TEXT, "30000 120000 600000", 0, 0, "Waits before a failed container is made again."),
	ROW("link_wait_s", TEXT, "60 300 1800", 0, 0, "Waits before a published post is looked for in the listing again."),
	ROW("container_life_s", INT, "82800", 60, 86400, "Containers older than this are made anew (Instagram keeps them 24 hours)."),
	ROW("throttle_pct", INT, "95", 1, 100, "Usage at which an account pauses."),
	ROW("pause_fallback_s", INT, "3600", 1, 86400, "Pause when Instagram names no time."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char *facebook_dialog(struct http_request *r, const struct platform_app *app,
				   const char *state, bool is_again)
{
	const char *config_id = platform_text(app, "config_id");

	http_request_url(r, platform_text(app, "dialog_base"), "/%s/dialog/oauth",
			 platform_text(app, "api_version"));
	http_request_query(r, "client_id", platform_text(app, "client_id"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "state", state);
	http_request_query(r, "response_type", "code");
	if (*config_id)
		http_request_query(r, "config_id", config_id);
	else
		http_request_query(r, "scope", platform_text(app, "scopes"));
	http_request_query(r, "auth_type", is_again ? "rerequest" : NULL);
	return r->url;
}

static const char *instagram_dialog(struct http_request *r, const struct platform_app *app,
				    const char *state, bool is_again)
{
	http_request_url(r, platform_text(app, "ig_dialog_base"), "/oauth/authorize");
	http_request_query(r, "client_id", platform_text(app, "client_id"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "response_type", "code");
	http_request_query(r, "scope", platform_text(app, "ig_scopes"));
	http_request_query(r, "state", state);
	http_request_query(r, "force_reauth", is_again ? "true" : NULL);
	return r->url;
}

static const char *auth_url(struct arena *a, const struct platform_app *app, const char *state,
			    const char *challenge, bool is_again)
{
	struct http_request *r = http_request_new(a, VERB_GET, "ig.dialog");
	bool is_facebook = instagram_is_facebook(app);

	(void)challenge;
	if (!*platform_text(app, is_facebook ? "dialog_base" : "ig_dialog_base"))
		return NULL;
	return is_facebook ? facebook_dialog(r, app, state, is_again)
			   : instagram_dialog(r, app, state, is_again);
}

static int64_t renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	int64_t at;

	(void)app;
	if (expires_us == INSTANT_NONE || issued_us == INSTANT_NONE)
		return INSTANT_NONE;
	at = expires_us - RENEW_BEFORE_US;
	if (at < issued_us + RENEW_AFTER_US)
		at = issued_us + RENEW_AFTER_US;
	/* A token that lives shorter than these rules think of: half-way. */
	return at < expires_us ? at : issued_us + (expires_us - issued_us) / 2;
}

/* Line ends as \n, no blanks at the ends of lines, none around the whole. */
const char *instagram_canonical(struct arena *a, const char *text)
{
	char *to, *out;

	if (!text)
		return "";
	text += strspn(text, " \t\r\n");
	out = to = arena_strdup(a, text);
	for (; *text; text++) {
		if (*text == '\r' && text[1] == '\n')
			continue;
		if (*text == '\n' || *text == '\r') {
			while (to > out && (to[-1] == ' ' || to[-1] == '\t'))
				to--;
			*to++ = '\n';
			continue;
		}
		*to++ = *text;
	}
	while (to > out && strchr(" \t\n", to[-1]))
		to--;
	*to = '\0';
	return out;
}

static const char *const image_mimes[] = { "image/jpeg", NULL };
static const char *const video_mimes[] = { "video/mp4", "video/quicktime", NULL };
static const char *const video_codecs[] = { "h264", "hevc", NULL };
static const char *const audio_codecs[] = { "aac", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE, .mimes = image_mimes, .bytes_max = "image_max_bytes" },
	{ MEDIA_VIDEO, video_mimes, video_codecs, audio_codecs, .width_max = "video_width_max",
	  .needs_index_first = true },
	{ .mimes = NULL },
};

const struct platform platform_instagram = {
	.probe_base = "graph_base",
	.id = "instagram",
	.title = "Instagram",
	.settings = platform_instagram_settings,
	.limits = {
		.caption_max = 2200,
		.media_min = 2,
		.media_max = 10,
		.kinds = 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL | 1U << CONTENT_VIDEO |
			 1U << CONTENT_STORY | 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_NONE,
	.default_scopes = FACEBOOK_SCOPES,
	.needs_public_media = true,
	.auth_url = auth_url,
	.connect = instagram_connect,
	.renew = instagram_renew,
	.renew_at = renew_at,
	.revoke = instagram_revoke,
	.inspect = instagram_inspect,
	.media = media_rules,
	.check = instagram_check,
	.stage = instagram_stage,
	.fire = instagram_fire,
	.confirm = instagram_confirm,
	.recover = instagram_recover,
	.results = &instagram_results,
	.canonical_text = instagram_canonical,
};

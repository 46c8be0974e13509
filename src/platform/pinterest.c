/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/pinterest.h"
#include "platform/login.h"

#include <string.h>

#include "base/clock.h"
#include "platform/fit.h"

#define SCOPES          "boards:read,boards:write,pins:read,pins:write,user_accounts:read"
#define RENEW_BEFORE_US (7 * US_PER_DAY)

extern const struct setting platform_pinterest_settings[];
extern const struct platform platform_pinterest;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_pinterest_settings[] = {
	ROW("client_id", TEXT, "", 0, 0, "App id at Pinterest."),
	ROW("client_secret_file", PATH, "", 0, 0, "File (0400) with the app secret."),
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for."),
	ROW("scopes_required", TEXT, SCOPES, 0, 0, "Permissions reported as missing when not granted."),
	ROW("oauth_base", TEXT, "https://www.pinterest.com", 0, 0, "Consent page."),
	ROW("api_base", TEXT, "https://api.pinterest.com", 0, 0, "API host; Pinterest's own sandbox is https://api-sandbox.pinterest.com."),
	ROW("api_prefix", TEXT, "/v5", 0, 0, "What stands before each path of the API."),
	ROW("upload_base", TEXT, "https://pinterest-media-upload.s3-accelerate.amazonaws.com", 0, 0, "Host that takes video bytes."),
	ROW("pins_per_minute", INT, "50", 0, 1000000, "Pins of one account in a minute; 0: not counted."),
	ROW("app_pins_per_day", INT, "0", 0, 100000000, "Pins of all accounts in 24 hours, which trial access limits; 0: not counted."),
	ROW("upload_host_suffix", TEXT, "amazonaws.com", 0, 0, "Upload addresses that Pinterest hands out must lie below it, or at upload_base."),
	ROW("pin_url", TEXT, "https://www.pinterest.com", 0, 0, "Where people see a pin."),
	ROW("image_source", WORD, "auto base64 url", 0, 0, "How images travel: base64 (inside the request), url (Pinterest fetches them), or auto: base64 up to base64_max_bytes."),
	ROW("base64_max_bytes", INT, "4194304", 1, 104857600, "Images of one pin that together are larger are fetched by Pinterest, with image_source auto."),
	ROW("posts_per_day", INT, "0", 0, 100000, "Pins in 24 hours behind which a check before publishing warns; Pinterest names no number. 0: never."),
	ROW("results_ages_h", TEXT, "72 168", 0, 0, "Ages of a pin, in hours, at which Pinterest is asked how it is received; its counts are up to two days old. Empty: never."),
	ROW("title_max", INT, "100", 1, 100000, "Most characters of a title."),
	ROW("description_max", INT, "800", 1, 100000, "Most characters of a description; Pinterest's web form takes 500."),
	ROW("alt_text_max", INT, "500", 1, 100000, "Most characters of an alternative text."),
	ROW("link_max", INT, "2048", 1, 100000, "Most characters of a link."),
	ROW("carousel_max", INT, "5", 0, 100, "Most images of a pin; below 2: pins have one image only."),
	ROW("image_max_bytes", INT, "20971520", 1, 1073741824, "Largest image."),
	ROW("image_side_min", INT, "100", 1, 100000, "Shortest side of an image in pixels."),
	ROW("video_max_bytes", INT, "2147483648", 1, 17179869184, "Largest video."),
	ROW("video_min_ms", INT, "4000", 0, 86400000, "Shortest video."),
	ROW("video_max_ms", INT, "900000", 1, 86400000, "Longest video."),
	ROW("poll_ms", TEXT, "5000 10000 20000 30000 60000", 0, 0, "Waits before an uploaded video is asked after; the last one repeats."),
	ROW("poll_deadline_s", INT, "1800", 1, 86400, "After so long in processing a video is uploaded anew."),
	ROW("registered_patience_s", INT, "300", 1, 86400, "After so long without sight of the uploaded bytes a video is uploaded anew."),
	ROW("media_life_s", INT, "82800", 60, 604800, "Uploads older than this are made anew."),
	ROW("media_renewals", INT, "1", 0, 10, "How often a rejected video is uploaded anew."),
	ROW("fetch_wait_s", TEXT, "30 120 600", 0, 0, "Waits after an image that Pinterest could not fetch; behind the last one it is final."),
	ROW("write_gap_ms", INT, "1000", 0, 60000, "Two pins of an account are so far apart; Pinterest takes no bursts on one board."),
	ROW("recover_pages", INT, "4", 1, 40, "Most pages of a board that are read for one look after a lost answer."),
	ROW("boards_pages", INT, "100", 1, 1000, "Most pages of an account's boards."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

/* The slash behind oauth matters. */
static const char *auth_url(struct arena *a, const struct platform_app *app, const char *state,
			    const char *challenge, bool is_again)
{
	struct http_request *r = http_request_new(a, VERB_GET, "pin.dialog");
	const char *base = platform_text(app, "oauth_base");

	(void)challenge;
	(void)is_again;
	if (!*base)
		return NULL;
	http_request_url(r, base, "/oauth/");
	http_request_query(r, "client_id", platform_text(app, "client_id"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "response_type", "code");
	http_request_query(r, "scope", platform_text(app, "scopes"));
	http_request_query(r, "state", state);
	return r->url;
}

static int64_t renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	(void)app;
	return login_renew_at(issued_us, expires_us, RENEW_BEFORE_US);
}

static const char *const image_mimes[] = { "image/jpeg", "image/png", NULL };
static const char *const video_mimes[] = { "video/mp4", "video/quicktime", "video/x-m4v", NULL };
static const char *const video_codecs[] = { "h264", "hevc", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE, .mimes = image_mimes, .bytes_max = "image_max_bytes" },
	{ .kind = MEDIA_VIDEO, .mimes = video_mimes, .video_codecs = video_codecs },
	{ .mimes = NULL },
};

static const struct platform_budget budgets[] = {
	{ "minute", false, 60, "pins_per_minute", "x-ratelimit-remaining", "x-ratelimit-reset",
	  false },
	{ "app_day", true, 86400, "app_pins_per_day", NULL, NULL, false },
	{ NULL, false, 0, NULL, NULL, NULL, false },
};

const struct platform platform_pinterest = {
	.budgets = budgets,
	.probe_base = "api_base",
	.id = "pinterest",
	.title = "Pinterest",
	.settings = platform_pinterest_settings,
	.limits = {
		.caption_max = 800,
		.media_min = 2,
		.media_max = 5,
		.kinds = 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL | 1U << CONTENT_VIDEO |
			 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_NONE,
	.default_scopes = SCOPES,
	.needs_public_media = false,
	.fire_gap_ms = "write_gap_ms",
	.auth_url = auth_url,
	.connect = pinterest_connect,
	.renew = pinterest_renew,
	.renew_at = renew_at,
	.revoke = pinterest_revoke,
	.boards = pinterest_boards,
	.inspect = pinterest_inspect,
	.media = media_rules,
	.check = pinterest_check,
	.stage = pinterest_stage,
	.fire = pinterest_fire,
	.confirm = pinterest_confirm,
	.recover = pinterest_recover,
	.results = &pinterest_results,
	.canonical_text = pinterest_canonical,
};

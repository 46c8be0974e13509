/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "platform/fit.h"
#include "platform/thread.h"
#include "platform/twitter.h"

#define SCOPES "tweet.read tweet.write users.read media.write offline.access"

extern const struct setting platform_twitter_settings[];
extern const struct platform platform_twitter;

/* clang-format off */
#define ROW(name, type, fallback, least, most, sentence) \
	{ NULL, name, SETTING_##type, fallback, least, most, sentence }
const struct setting platform_twitter_settings[] = {
	ROW("client_id", TEXT, "", 0, 0, "OAuth 2.0 client id of the app at X (type Web App)."),
	ROW("client_secret_file", PATH, "", 0, 0, "File (0400) with the OAuth 2.0 client secret."),
	ROW("scopes", TEXT, SCOPES, 0, 0, "Permissions asked for."),
	ROW("scopes_required", TEXT, SCOPES, 0, 0, "Permissions reported as missing when not granted."),
	ROW("dialog_base", TEXT, "https://x.com", 0, 0, "Host of the consent page."),
	ROW("api_base", TEXT, "https://api.x.com", 0, 0, "X API v2, tokens and uploads."),
	ROW("profile_url", TEXT, "https://x.com", 0, 0, "Where published posts are shown."),
	ROW("token_timeout_ms", INT, "40000", 1000, 50000, "Patience with the token endpoint: an answer that is lost costs the connection."),
	ROW("refresh_life_s", INT, "15552000", 3600, 315360000, "How long an unused refresh token is believed to live; X does not say."),
	ROW("posts_per_day", INT, "2400", 0, 100000, "Posts in 24 hours that X is known to take from an account; 0: no warning."),
	ROW("inspect_reads", INT, "1", 0, 1, "1: preflight asks X whether it takes the token; each such read is billed."),
	ROW("results_ages_h", TEXT, "24", 0, 0, "Ages of a post, in hours, at which X is asked how it is received; each reading is billed. Empty: never."),
	ROW("text_max", INT, "280", 1, 100000, "Longest text by X's own counting."),
	ROW("text_max_premium", INT, "25000", 1, 100000, "The same for accounts that X lets write more."),
	ROW("append_link", INT, "1", 0, 1, "1: a content's link goes below the text unless the text has it."),
	ROW("quotes_allowed", INT, "0", 0, 1, "1: the app's plan lets it quote posts (Enterprise)."),
	ROW("cashtags_max", INT, "1", 0, 100, "Most $ tags of a text."),
	ROW("thread_max", INT, "25", 1, 100, "Most posts of a thread, the first included."),
	ROW("fields_parameter", TEXT, "tweet.fields", 0, 0, "How X's API calls the parameter that names the fields of a post (newer: post.fields)."),
	ROW("fields", TEXT, "created_at,text,attachments,entities,referenced_tweets,in_reply_to_user_id,note_tweet", 0, 0, "Fields asked for when an account's posts are looked through (newer: note_post, and no referenced_tweets)."),
	ROW("images_max", INT, "4", 1, 20, "Most images of a post."),
	ROW("alt_text_max", INT, "1000", 1, 100000, "Most characters of an alternative text."),
	ROW("image_max_bytes", INT, "5242880", 1, 1073741824, "Largest image."),
	ROW("gif_max_bytes", INT, "15728640", 1, 1073741824, "Largest GIF."),
	ROW("gif_width_max", INT, "1280", 1, 100000, "Widest GIF in pixels."),
	ROW("gif_height_max", INT, "1080", 1, 100000, "Highest GIF in pixels."),
	ROW("video_max_bytes", INT, "536870912", 1, 17179869184, "Largest video."),
	ROW("video_min_ms", INT, "500", 0, 86400000, "Shortest video."),
	ROW("video_max_ms", INT, "140000", 1, 86400000, "Longest video."),
	ROW("video_max_ms_premium", INT, "14400000", 1, 86400000, "The same for accounts that X lets post long videos."),
	ROW("chunk_bytes", INT, "4194304", 65536, 5242880, "Bytes of one upload segment."),
	ROW("media_life_s", INT, "82800", 60, 1296000, "Uploads older than this are made anew (X keeps them about 24 hours)."),
	ROW("media_renewals", INT, "2", 0, 10, "How often refused or lost uploads are made anew."),
	ROW("poll_wait_ms", INT, "5000", 10, 60000, "Wait before an upload's processing is read when X names none."),
	ROW("poll_wait_max_ms", INT, "30000", 10, 600000, "The longest such wait."),
	ROW("poll_patience_s", INT, "900", 1, 86400, "After so long in processing a video is uploaded anew."),
	ROW("posts_per_15_minutes", INT, "100", 0, 1000000, "Posts of one account that X takes in 15 minutes; 0: not counted."),
	ROW("app_posts_per_day", INT, "10000", 0, 100000000, "Posts of all accounts that X takes from the app in 24 hours; 0: not counted."),
	ROW("pause_fallback_s", INT, "900", 1, 86400, "Pause at a rate limit when X names no time."),
	{ NULL, NULL, SETTING_TEXT, NULL, 0, 0, NULL },
};
/* clang-format on */

static const char *auth_url(struct arena *a, const struct platform_app *app, const char *state,
			    const char *challenge, bool is_again)
{
	struct http_request *r = http_request_new(a, VERB_GET, "x.dialog");

	(void)is_again; /* X asks for everything each time */
	if (!*platform_text(app, "dialog_base"))
		return NULL;
	http_request_url(r, platform_text(app, "dialog_base"), "/i/oauth2/authorize");
	http_request_query(r, "response_type", "code");
	http_request_query(r, "client_id", platform_text(app, "client_id"));
	http_request_query(r, "redirect_uri", app->redirect_uri);
	http_request_query(r, "scope", platform_text(app, "scopes"));
	http_request_query(r, "state", state);
	http_request_query(r, "code_challenge", challenge);
	http_request_query(r, "code_challenge_method", "S256");
	return r->url;
}

/* At half of its life, so that no post meets a token that is about to end. */
static int64_t renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	(void)app;
	if (expires_us == INSTANT_NONE || issued_us == INSTANT_NONE || expires_us <= issued_us)
		return INSTANT_NONE;
	return issued_us + (expires_us - issued_us) / 2;
}

const char *twitter_text(struct arena *a, const struct platform_app *app,
			 const struct publication *post)
{
	const char *text = post->caption ? post->caption : "", *link = post->link;

	if (!link || !*link || !platform_int(app, "append_link") || strstr(text, link))
		return text;
	return *text ? arena_printf(a, "%s\n%s", text, link) : link;
}

bool twitter_is_gif(const struct media_item *m)
{
	return m->mime && strcmp(m->mime, "image/gif") == 0;
}

bool twitter_is_premium(const struct platform_account *account)
{
	static const char *const plans[] = { "Basic", "Premium", "PremiumPlus" };
	const char *plan = account ? memo_text(account->meta, "subscription_type") : NULL;

	for (size_t i = 0; plan && i < ARRAY_LEN(plans); i++) {
		if (strcmp(plan, plans[i]) == 0)
			return true;
	}
	return account && json_is_true(json_object_get(account->meta, "verified"));
}

const char *twitter_option(const struct publication *post, const char *name)
{
	const char *v = memo_text(post->options, name);

	return v && *v ? v : NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t scheme_length(const char *text)
{
	if (strncmp(text, "https://", 8) == 0)
		return 8;
	return strncmp(text, "http://", 7) == 0 ? 7 : 0;
}

const char *twitter_canonical(struct arena *a, const char *text)
{
	char *in = utf8_nfc(a, text ? text : ""), *out = in, *to = in;

	while (*in) {
		size_t scheme = scheme_length(in);
		bool ends = is_blank(in[0]) || in[0] == '\0';

		if (scheme > 0) {
			in += scheme;
			continue;
		}
		if (in[0] == '/' && (in[1] == '\0' || is_blank(in[1]))) {
			in++;
			continue;
		}
		if (!ends)
			*to++ = *in;
		else if (to > out && to[-1] != ' ')
			*to++ = ' ';
		in++;
	}
	while (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

static const char *const image_mimes[] = { "image/jpeg", "image/png", "image/webp", NULL };
static const char *const gif_mimes[] = { "image/gif", NULL };
static const char *const video_mimes[] = { "video/mp4", "video/quicktime", NULL };
static const char *const video_codecs[] = { "h264", NULL };
static const char *const audio_codecs[] = { "aac", NULL };
static const struct media_rule media_rules[] = {
	{ .kind = MEDIA_IMAGE, .mimes = image_mimes, .bytes_max = "image_max_bytes" },
	{ .kind = MEDIA_IMAGE, .mimes = gif_mimes }, /* still or moving: never made into another */
	{ MEDIA_VIDEO, video_mimes, video_codecs, audio_codecs, .bytes_max = NULL },
	{ .mimes = NULL },
};

static const struct platform_budget budgets[] = {
	{ "quarter_hour", false, 900, "posts_per_15_minutes", "x-rate-limit-remaining",
	  "x-rate-limit-reset", true },
	{ "day", false, 86400, NULL, "x-user-limit-24hour-remaining", "x-user-limit-24hour-reset",
	  true },
	{ "app_day", true, 86400, "app_posts_per_day", "x-app-limit-24hour-remaining",
	  "x-app-limit-24hour-reset", true },
	{ NULL, false, 0, NULL, NULL, NULL, false },
};

const struct platform platform_twitter = {
	.budgets = budgets,
	.probe_base = "api_base",
	.id = "twitter",
	.title = "X",
	.settings = platform_twitter_settings,
	.limits = {
		.caption_max = 280,
		.media_min = 2,
		.media_max = 4,
		.kinds = 1U << CONTENT_TEXT | 1U << CONTENT_IMAGE | 1U << CONTENT_CAROUSEL |
			 1U << CONTENT_VIDEO | 1U << CONTENT_SLIDESHOW,
	},
	.pkce = PKCE_S256,
	.default_scopes = SCOPES,
	.needs_public_media = false,
	.auth_url = auth_url,
	.connect = twitter_connect,
	.renew = twitter_renew,
	.renew_at = renew_at,
	.revoke = twitter_revoke,
	.inspect = twitter_inspect,
	.media = media_rules,
	.check = twitter_check,
	.stage = twitter_stage,
	.fire = twitter_fire,
	.confirm = NULL, /* id and address come with the answer to the fire */
	.recover = twitter_recover,
	.part = thread_part,
	.results = &twitter_results,
	.canonical_text = twitter_canonical,
};

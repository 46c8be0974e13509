/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "platform/youtube.h"

struct check {
	const struct platform_app *app;
	const struct platform_account *account;
	const struct publication *post;
	struct arena *arena;
	struct findings *ret;
};

/* YouTube takes neither of them in any text. */
static void check_brackets(const struct check *c, const char *pointer, const char *text)
{
	if (strpbrk(text, "<>"))
		findings_add(c->ret, false, pointer, "character_forbidden",
			     "YouTube does not take < and > in the %s.", pointer);
}

static void check_title(const struct check *c)
{
	const char *title = youtube_title(c->arena, c->app, c->post);
	bool is_own = c->post->title && *c->post->title;
	const char *pointer = is_own ? "title" : "caption";
	int64_t n = (int64_t)utf8_utf16_units(title), most = platform_int(c->app, "title_max");
	size_t line;

	if (!*youtube_canonical(c->arena, title)) {
		findings_add(
			c->ret, false, "title", "title_missing",
			"YouTube needs a title; without one the caption's first line is taken.");
		return;
	}
	if (n > most)
		findings_add(c->ret, false, pointer, "title_too_long",
			     "The title has %" PRId64
			     " characters (UTF-16 code units); YouTube takes %" PRId64 ".",
			     n, most);
	line = is_own ? 0 : strcspn(c->post->caption + strspn(c->post->caption, " \t\r\n"), "\r\n");
	if (line > strlen(title) && n >= most - 1)
		findings_add(c->ret, true, "caption", "title_cut",
			     "There is no title, and the caption's first line is longer than the "
			     "%" PRId64 " characters of one; it is cut.",
			     most);
	check_brackets(c, pointer, title);
}

static void check_description(const struct check *c)
{
	const char *text = youtube_description(c->arena, c->post);
	const char *pointer = c->post->description ? "description" : "caption";
	int64_t n = (int64_t)strlen(text), most = platform_int(c->app, "description_max_bytes");

	if (n > most)
		findings_add(c->ret, false, pointer, "description_too_long",
			     "The description has %" PRId64 " bytes; YouTube takes %" PRId64 ".", n,
			     most);
	check_brackets(c, pointer, text);
}

static void check_tags(const struct check *c)
{
	int64_t n = youtube_tags_length(c->post), most = platform_int(c->app, "tags_max");

	if (n > most)
		findings_add(c->ret, false, "tags", "tags_too_long",
			     "The tags have %" PRId64 " characters with the commas and quotes that "
			     "YouTube counts; it takes %" PRId64 ".",
			     n, most);
	for (size_t i = 0; i < c->post->tags_n; i++) {
		if (strpbrk(c->post->tags[i], "<>,\"") || !*youtube_tag(c->post->tags[i])) {
			findings_add(c->ret, false, "tags", "tag_invalid",
				     "YouTube takes no empty tag, and none with < > , or quotes.");
			return;
		}
	}
}

static bool is_digits(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static void check_options(const struct check *c)
{
	const char *language = memo_text(c->post->options, "language");

	if (!*youtube_privacy(c->app, c->account, c->post))
		findings_add(c->ret, false, "overrides/youtube/privacy", "privacy_unknown",
			     "The privacy must be public, unlisted or private.");
	if (!*youtube_license(c->post))
		findings_add(c->ret, false, "overrides/youtube/license", "license_unknown",
			     "The license must be youtube or creativeCommon.");
	if (!is_digits(youtube_category(c->app, c->post)))
		findings_add(c->ret, false, "overrides/youtube/category_id", "category_unknown",
			     "The category is a number such as 22.");
	if (language && (strlen(language) > 35 || strpbrk(language, " _<>")))
		findings_add(c->ret, false, "overrides/youtube/language", "language_unknown",
			     "The language is a tag such as en or pt-BR.");
	if (memo_text(c->post->options, "playlist_id"))
		findings_add(c->ret, true, "overrides/youtube/playlist_id", "playlist_ignored",
			     "Videos are not put into playlists; playlist_id is left out.");
	if (c->post->first_comment && *c->post->first_comment)
		findings_add(c->ret, true, "first_comment", "first_comment_ignored",
			     "No comment is written at YouTube; the first comment is left out.");
}

static bool is_container(const char *mime)
{
	const char *const *m = youtube_containers;

	while (*m && strcmp(*m, mime) != 0)
		m++;
	return *m != NULL;
}

/* Of a channel that is not verified by phone; one that is not known gets a warning. */
static void check_length(const struct check *c, int64_t ms)
{
	const char *status = c->account ? memo_text(c->account->meta, "longUploadsStatus") : NULL;
	int64_t most = platform_int(c->app, "video_max_ms");
	int64_t unverified = platform_int(c->app, "video_max_ms_unverified");
	bool is_allowed = status && strcmp(status, "allowed") == 0;
	bool is_known = status && strcmp(status, "longUploadsUnspecified") != 0;

	if (ms > most)
		findings_add(c->ret, false, "media/0", "duration",
			     "The video lasts %" PRId64 " ms; YouTube takes %" PRId64 " ms.", ms,
			     most);
	else if (ms > unverified && !is_allowed)
		findings_add(c->ret, !is_known, "media/0", "long_uploads",
			     "The video lasts %" PRId64 " s; beyond %" PRId64
			     " s the channel must be verified by phone (youtube.com/verify), then "
			     "connected again.",
			     ms / 1000, unverified / 1000);
}

static void check_short(const struct check *c, const struct media_item *m)
{
	if (!youtube_is_short(c->app, m))
		return;
	if (m->duration_ms > platform_int(c->app, "short_claim_ms"))
		findings_add(c->ret, true, "media/0", "short_claims",
			     "The video becomes a Short of more than %" PRId64
			     " s; if somebody claims its sound, YouTube blocks it everywhere.",
			     platform_int(c->app, "short_claim_ms") / 1000);
}

static void check_video(const struct check *c)
{
	const struct media_item *m = &c->post->media[0];
	int64_t most = platform_int(c->app, "video_max_bytes");

	if (m->state == MEDIA_FAILED)
		findings_add(c->ret, false, "media/0", "media_failed",
			     "The media could not be fetched.");
	if (m->state != MEDIA_READY)
		return;
	if (m->mime && !is_container(m->mime))
		findings_add(c->ret, false, "media/0", "container_unsupported",
			     "YouTube does not take %s; MP4 is the safe choice.", m->mime);
	if (m->bytes > most)
		findings_add(c->ret, false, "media/0", "media_too_large",
			     "The file has %" PRId64 " bytes; YouTube takes %" PRId64 ".", m->bytes,
			     most);
	check_length(c, m->duration_ms);
	check_short(c, m);
}

/* A thumbnail that fails does not fail the video: only warnings. */
static void check_cover(const struct check *c)
{
	const struct media_item *m = c->post->cover;
	int64_t most = platform_int(c->app, "thumbnail_max_bytes");

	if (!m)
		return;
	if (m->mime && strcmp(m->mime, "image/jpeg") != 0 && strcmp(m->mime, "image/png") != 0)
		findings_add(c->ret, true, "overrides/youtube/cover_media_id", "cover_unsupported",
			     "YouTube takes JPEG and PNG thumbnails, this is %s.", m->mime);
	if (m->bytes > most)
		findings_add(c->ret, true, "overrides/youtube/cover_media_id", "cover_too_large",
			     "The thumbnail has %" PRId64 " bytes; YouTube takes %" PRId64 ".",
			     m->bytes, most);
	if (youtube_is_short(c->app, &c->post->media[0]))
		findings_add(c->ret, true, "overrides/youtube/cover_media_id", "cover_of_short",
			     "YouTube may show a Short with a thumbnail of its own choice.");
}

static void check_account(const struct check *c)
{
	bool is_private = strcmp(youtube_privacy(c->app, c->account, c->post), "private") == 0;
	bool is_known = c->account && c->account->scopes && *c->account->scopes;

	if (!platform_int(c->app, "audited") && !is_private)
		findings_add(c->ret, true, "account", "unaudited",
			     "This server's Google project has not passed YouTube's audit: YouTube "
			     "keeps "
			     "every video private, whatever is asked for.");
	if (!is_known)
		return;
	if (!youtube_has_scope(c->account->scopes, "upload") ||
	    !youtube_has_scope(c->account->scopes, "readonly"))
		findings_add(c->ret, false, "account", "missing_scope",
			     "The account lacks a permission; connect it again and tick every box "
			     "that Google shows.");
	else if (!is_private && strcmp(platform_text(c->app, "publish_by"), "flip") == 0 &&
		 !youtube_has_scope(c->account->scopes, "force-ssl"))
		findings_add(c->ret, true, "account", "processed_late",
			     "The account lacks the permission youtube.force-ssl: the video is "
			     "processed after its time instead of before.");
}

void youtube_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct check c = {
		.app = app, .account = account, .post = post, .arena = a, .ret = ret
	};

	if (!youtube_is_video(post)) {
		findings_add(ret, false, "kind", "kind_unsupported",
			     "YouTube publishes one video; no text alone, no images, no stories.");
		return;
	}
	check_title(&c);
	check_description(&c);
	check_tags(&c);
	check_options(&c);
	check_video(&c);
	check_cover(&c);
	check_account(&c);
}

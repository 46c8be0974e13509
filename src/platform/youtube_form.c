/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about a video, and what it is called afterwards. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/digest.h"
#include "platform/youtube.h"

#define FORM_MARK_BYTES 16

bool youtube_is_video(const struct publication *post)
{
	return (post->kind == CONTENT_VIDEO || post->kind == CONTENT_SLIDESHOW) &&
	       post->media_n == 1 && post->media[0].kind == MEDIA_VIDEO;
}

/* As much of the text's first line as a title may have. */
static const char *first_line(struct arena *a, const char *text, size_t units_max)
{
	const char *from, *at, *end;
	size_t units = 0, len;

	text += strspn(text, " \t\r\n");
	from = end = at = text;
	len = strcspn(text, "\r\n");
	while (at < text + len) {
		units += utf8_next(&at) > 0xffff ? 2 : 1;
		if (units > units_max)
			break;
		end = at;
	}
	while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return arena_strndup(a, from, (size_t)(end - from));
}

const char *youtube_title(struct arena *a, const struct platform_app *app,
			  const struct publication *post)
{
	if (post->title && *post->title)
		return post->title;
	return first_line(a, post->caption ? post->caption : "",
			  (size_t)platform_int(app, "title_max"));
}

const char *youtube_description(struct arena *a, const struct publication *post)
{
	const char *text = post->description ? post->description : post->caption;
	const char *link = post->link;

	if (!text)
		text = "";
	if (!link || !*link || strstr(text, link))
		return text;
	return arena_printf(a, "%s%s%s", text, *text ? "\n\n" : "", link);
}

const char *youtube_tag(const char *tag)
{
	return *tag == '#' ? tag + 1 : tag;
}

int64_t youtube_tags_length(const struct publication *post)
{
	int64_t n = post->tags_n > 0 ? (int64_t)post->tags_n - 1 : 0;

	for (size_t i = 0; i < post->tags_n; i++) {
		const char *tag = youtube_tag(post->tags[i]);

		/* YouTube puts quotes around a tag with a blank and counts them. */
		n += (int64_t)utf8_utf16_units(tag) + (strchr(tag, ' ') ? 2 : 0);
	}
	return n;
}

static const char *one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0)
			return *words;
	}
	return "";
}

const char *youtube_privacy(const struct platform_app *app, const struct platform_account *account,
			    const struct publication *post)
{
	static const char *const levels[] = { "public", "unlisted", "private", NULL };
	const char *wish = memo_text(post->options, "privacy");

	if (!wish)
		wish = memo_text(post->options, "visibility");
	if (!wish && account)
		wish = memo_text(account->settings, "privacy");
	if (!wish)
		wish = platform_text(app, "privacy_default");
	return one_of(wish, levels);
}

const char *youtube_category(const struct platform_app *app, const struct publication *post)
{
	const char *id = memo_text(post->options, "category_id");

	return id && *id ? id : platform_text(app, "category_default");
}

const char *youtube_license(const struct publication *post)
{
	static const char *const licenses[] = { "youtube", "creativeCommon", NULL };
	const char *wish = memo_text(post->options, "license");

	return wish ? one_of(wish, licenses) : licenses[0];
}

json_t *youtube_snippet(const struct delivery *d)
{
	const char *language = memo_text(d->post->options, "language");
	json_t *snippet = json_object(), *tags = json_array();

	memo_set_text(snippet, "title", youtube_title(d->arena, d->app, d->post));
	memo_set_text(snippet, "description", youtube_description(d->arena, d->post));
	for (size_t i = 0; i < d->post->tags_n; i++)
		json_array_append_new(tags, json_string(youtube_tag(d->post->tags[i])));
	if (json_array_size(tags) > 0)
		json_object_set(snippet, "tags", tags);
	json_decref(tags);
	memo_set_text(snippet, "categoryId", youtube_category(d->app, d->post));
	memo_set_text(snippet, "defaultLanguage", language && *language ? language : NULL);
	return snippet;
}

static bool is_on(const struct delivery *d, const char *name, bool fallback)
{
	const json_t *value = json_object_get(d->post->options, name);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* Whole, always: what an update leaves out is cleared. */
json_t *youtube_status(const struct delivery *d, const char *privacy)
{
	return json_pack("{s:s, s:b, s:b, s:s, s:b, s:b}", "privacyStatus", privacy,
			 "selfDeclaredMadeForKids", is_on(d, "made_for_kids", false), "embeddable",
			 is_on(d, "embeddable", true), "license", youtube_license(d->post),
			 "publicStatsViewable", 1, "containsSyntheticMedia",
			 is_on(d, "is_ai_generated", false));
}

const char *youtube_form_mark(const struct delivery *d)
{
	json_t *form = json_pack("{s:o, s:o, s:b}", "snippet", youtube_snippet(d), "status",
				 youtube_status(d, youtube_privacy(d->app, d->account, d->post)),
				 "notify", is_on(d, "notify_subscribers", true));
	char *text = json_dumps(form, JSON_COMPACT | JSON_SORT_KEYS);
	char *hex = arena_alloc(d->arena, 2 * FORM_MARK_BYTES + 1);
	uint8_t sum[SHA256_BYTES];

	digest_sha256(text ? text : "", text ? strlen(text) : 0, sum);
	digest_hex(sum, FORM_MARK_BYTES, hex);
	free(text);
	json_decref(form);
	return hex;
}

bool youtube_is_short(const struct platform_app *app, const struct media_item *m)
{
	return m->width > 0 && m->height >= m->width && m->duration_ms > 0 &&
	       m->duration_ms <= platform_int(app, "short_max_ms");
}

bool youtube_may_flip(const struct platform_app *app, const struct platform_account *account,
		      const struct publication *post)
{
	return strcmp(platform_text(app, "publish_by"), "tail") != 0 &&
	       strcmp(youtube_privacy(app, account, post), "private") != 0 &&
	       youtube_has_scope(account->scopes, "force-ssl");
}

bool youtube_is_flip(const struct delivery *d)
{
	const char *way = memo_text(d->memo, "way");

	return way && strcmp(way, "flip") == 0;
}

const char *youtube_link(const struct delivery *d, const char *video_id)
{
	const char *base = platform_text(d->app, "watch_base");
	bool is_short = d->post->media_n > 0 && youtube_is_short(d->app, &d->post->media[0]);

	if (!video_id || !*video_id || !*base)
		return NULL;
	return arena_printf(d->arena, is_short ? "%s/shorts/%s" : "%s/watch?v=%s", base,
			    url_encode(d->arena, video_id));
}

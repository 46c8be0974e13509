/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel's uploads, newest first, back to before the session was opened: titles and times
 * choose candidates, then the videos themselves are compared. Never the newest as such.
 */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/youtube.h"

#define PAGES_MAX      10
#define PAGE           "50"
#define CANDIDATES_MAX 50

void youtube_list_begin(struct delivery *d)
{
	memo_set_text(d->memo, "page", NULL);
	memo_set_int(d->memo, "pages", 0);
	json_object_del(d->memo, "matches");
	json_object_set_new(d->memo, "candidates", json_array());
	memo_set_int(d->memo, "listed", 0);
}

static const char *uploads_of(const struct delivery *d)
{
	const char *id = memo_text(d->account->meta, "uploads");

	if (id && *id)
		return id;
	/* UC.. the channel, UU.. its uploads. */
	return strncmp(d->account->remote_id, "UC", 2) == 0
		       ? arena_printf(d->arena, "UU%s", d->account->remote_id + 2)
		       : d->account->remote_id;
}

static struct http_request *ask_videos(const struct delivery *d)
{
	const struct youtube_caller c = youtube_caller(d);
	struct http_request *r = youtube_call(&c, VERB_GET, "yt.video", "/videos");
	const json_t *list = json_object_get(d->memo, "candidates"), *one;
	const char *ids = "";
	size_t i;

	json_array_foreach(list, i, one)
		ids = arena_printf(d->arena, "%s%s%s", ids, i ? "," : "", json_string_value(one));
	http_request_query(r, "part", "snippet,status,fileDetails");
	http_request_query(r, "id", ids);
	return r;
}

struct http_request *youtube_list_ask(const struct delivery *d)
{
	const struct youtube_caller c = youtube_caller(d);
	struct http_request *r;

	if (memo_int(d->memo, "listed"))
		return ask_videos(d);
	r = youtube_call(&c, VERB_GET, "yt.uploads", "/playlistItems");
	http_request_query(r, "part", "snippet,contentDetails,status");
	http_request_query(r, "playlistId", uploads_of(d));
	http_request_query(r, "maxResults", PAGE);
	http_request_query(r, "pageToken", memo_text(d->memo, "page"));
	return r;
}

static int64_t window_us(const struct delivery *d)
{
	return (memo_int(d->memo, "made") - platform_int(d->app, "list_early_s")) * US_PER_S;
}

/* When it came up or became visible, whichever the listing tells; INSTANT_NONE: it does not say. */
static int64_t listed_us(const json_t *item)
{
	const char *at = memo_text(json_object_get(item, "snippet"), "publishedAt");
	int64_t us;

	if (!at)
		at = memo_text(json_object_get(item, "contentDetails"), "videoPublishedAt");
	return at && rfc3339_parse(at, &us) == 0 ? us : INSTANT_NONE;
}

static bool text_is(const struct delivery *d, const json_t *snippet, const char *key,
		    const char *ours)
{
	const char *text = youtube_canonical(d->arena, memo_text(snippet, key));

	return strcmp(text, youtube_canonical(d->arena, ours)) == 0;
}

/* Whether the page reached back behind the window. */
static bool note_candidates(struct delivery *d, const json_t *items)
{
	json_t *list = json_object_get(d->memo, "candidates");
	const char *title = youtube_title(d->arena, d->app, d->post);
	bool is_covered = false;
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		const json_t *snippet = json_object_get(item, "snippet");
		int64_t at_us = listed_us(item);
		const char *id = memo_text(json_object_get(item, "contentDetails"), "videoId");

		if (!id)
			id = memo_text(json_object_get(snippet, "resourceId"), "videoId");
		if (at_us != INSTANT_NONE && at_us < window_us(d))
			is_covered = true;
		else if (id && text_is(d, snippet, "title", title))
			json_array_append_new(list, json_string(id));
	}
	return is_covered;
}

static bool tags_are(const struct delivery *d, const json_t *tags)
{
	if (json_array_size(tags) != d->post->tags_n)
		return false;
	for (size_t i = 0; i < d->post->tags_n; i++) {
		const char *is = json_string_value(json_array_get(tags, i));

		if (!is || strcmp(is, youtube_tag(d->post->tags[i])) != 0)
			return false;
	}
	return true;
}

/* The size is known to owners alone, and not before YouTube has looked at the file. */
static bool size_fits(const struct delivery *d, const json_t *video)
{
	const json_t *size = json_object_get(json_object_get(video, "fileDetails"), "fileSize");
	const char *ours = arena_printf(d->arena, "%lld", (long long)memo_int(d->memo, "size"));

	if (json_is_string(size))
		return strcmp(json_string_value(size), ours) == 0;
	return !json_is_integer(size) || json_integer_value(size) == memo_int(d->memo, "size");
}

static bool is_ours(const struct delivery *d, const json_t *video)
{
	const json_t *snippet = json_object_get(video, "snippet");
	const char *id = memo_text(video, "id"), *channel = memo_text(snippet, "channelId");

	if (!id || (channel && strcmp(channel, d->account->remote_id) != 0))
		return false;
	if (!text_is(d, snippet, "title", youtube_title(d->arena, d->app, d->post)) ||
	    !text_is(d, snippet, "description", youtube_description(d->arena, d->post)) ||
	    !tags_are(d, json_object_get(snippet, "tags")) || !size_fits(d, video))
		return false;
	return script_is_free(d, id);
}

static enum youtube_list read_videos(struct delivery *d, const struct youtube_reply *r)
{
	const json_t *one, *found = NULL;
	const char *was = NULL;
	size_t i;
	int n = 0;

	json_array_foreach(json_object_get(r->json, "items"), i, one) {
		const char *id = memo_text(one, "id");

		/* A list that repeats a row is not ambiguous. */
		if (!is_ours(d, one) || (was && strcmp(was, id) == 0))
			continue;
		found = one;
		was = id;
		n++;
	}
	if (n == 1 && !script_is_certain(d, was))
		return YOUTUBE_LIST_MANY;
	if (n == 1) {
		memo_set_text(d->memo, "video", was);
		memo_set_text(d->memo, "level",
			      memo_text(json_object_get(found, "status"), "privacyStatus"));
	}
	return n == 0 ? YOUTUBE_LIST_NONE : n == 1 ? YOUTUBE_LIST_ONE : YOUTUBE_LIST_MANY;
}

static enum youtube_list read_page(struct delivery *d, const struct youtube_reply *r)
{
	const json_t *items = json_object_get(r->json, "items");
	const char *next = memo_text(r->json, "nextPageToken");
	bool is_covered = note_candidates(d, items);

	if (!is_covered && next && *next) {
		memo_set_text(d->memo, "page", next);
		return memo_count(d->memo, "pages") < PAGES_MAX ? YOUTUBE_LIST_MORE
								: YOUTUBE_LIST_MANY;
	}
	memo_set_int(d->memo, "listed", 1);
	if (json_array_size(json_object_get(d->memo, "candidates")) > CANDIDATES_MAX)
		return YOUTUBE_LIST_MANY;
	return json_array_size(json_object_get(d->memo, "candidates")) > 0 ? YOUTUBE_LIST_MORE
									   : YOUTUBE_LIST_NONE;
}

enum youtube_list youtube_list_read(struct delivery *d, const struct http_reply *last,
				    struct youtube_reply *r)
{
	youtube_read(d->arena, last, d->now_us, r);
	/* Before the first upload a channel has no such list. */
	if (!r->is_ok && r->reason && strcmp(r->reason, "playlistNotFound") == 0)
		return YOUTUBE_LIST_NONE;
	if (!r->is_ok || !json_is_array(json_object_get(r->json, "items"))) {
		if (!r->row)
			r->row = youtube_error_status(0);
		return YOUTUBE_LIST_ERROR;
	}
	return memo_int(d->memo, "listed") ? read_videos(d, r) : read_page(d, r);
}

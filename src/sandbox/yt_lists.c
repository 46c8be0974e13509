/* SPDX-License-Identifier: Apache-2.0 */
/* Channels, the playlist of a channel's uploads, and the page on which a video plays. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/yt.h"

#define PAGE_MAX     50
#define PAGE_DEFAULT 5
#define TOKEN_MARK   "PT:"

struct part_row {
	const char *name;
	json_t *(*make)(struct exchange *ex, const void *of);
};

static json_t *channel_snippet(struct exchange *ex, const void *of)
{
	const struct account *a = of;
	const struct yt_channel *channel = sandbox_yt_channel(a);
	const char *url = arena_printf(ex->arena, "https://yt3.ggpht.com/%s=s88-c", a->id);
	json_t *size = json_pack("{s:s,s:i,s:i}", "url", url, "width", 88, "height", 88);
	json_t *out = json_pack("{s:s,s:s,s:s,s:{s:O,s:O,s:o}}", "title", a->name, "description",
				"", "publishedAt", sandbox_yt_time(ex->arena, channel->made_us),
				"thumbnails", "default", size, "medium", size, "high", size);

	if (!channel->has_no_handle)
		json_object_set_new(out, "customUrl",
				    json_string(arena_printf(ex->arena, "@%s", a->username)));
	return out;
}

static json_t *channel_content(struct exchange *ex, const void *of)
{
	const struct account *a = of;

	return json_pack("{s:{s:s,s:s}}", "relatedPlaylists", "likes", "LL", "uploads",
			 arena_printf(ex->arena, "UU%s", a->id + 2));
}

static json_t *channel_status(struct exchange *ex, const void *of)
{
	const struct yt_channel *channel = sandbox_yt_channel(of);

	(void)ex;
	return json_pack("{s:s,s:b,s:s,s:b}", "privacyStatus", "public", "isLinked", 1,
			 "longUploadsStatus", channel->long_uploads, "madeForKids",
			 channel->is_made_for_kids);
}

static json_t *channel_statistics(struct exchange *ex, const void *of)
{
	const struct account *a = of;

	return json_pack("{s:s,s:s,s:b,s:s}", "viewCount", "0", "subscriberCount", "0",
			 "hiddenSubscriberCount", 0, "videoCount",
			 arena_printf(ex->arena, "%zu", a->objects.n));
}

static const struct part_row channel_parts[] = {
	{ "id", NULL },
	{ "snippet", channel_snippet },
	{ "contentDetails", channel_content },
	{ "status", channel_status },
	{ "statistics", channel_statistics },
	{ NULL, NULL },
};

static const struct part_row *part_find(const struct part_row *rows, const char *name)
{
	for (; rows->name != NULL; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

/* The names of `part`, each one known. */
static bool parts_read(struct exchange *ex, const struct part_row *rows, struct list *ret)
{
	const char *given = sandbox_exchange_param(ex, "part");

	*ret = sandbox_list_new(ex->arena);
	if (given != NULL)
		sandbox_list_split(ret, given, ", ");
	if (ret->n == 0)
		return sandbox_yt_fail_param(ex, "missingRequiredParameter", "part");
	for (size_t i = 0; i < ret->n; i++)
		if (part_find(rows, ret->v[i]) == NULL)
			return sandbox_yt_fail(ex, "unknownPart");
	return true;
}

static json_t *parts_put(struct exchange *ex, const struct part_row *rows, const struct list *names,
			 const void *of, json_t *out)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct part_row *row = part_find(rows, names->v[i]);

		if (row->make != NULL)
			json_object_set_new(out, row->name, row->make(ex, of));
	}
	return out;
}

/* The one channel that is asked for; false: refused. */
static bool channel_asked(struct exchange *ex, const struct token *t, const struct account **ret)
{
	const char *mine = sandbox_exchange_param(ex, "mine");
	const char *id = sandbox_exchange_param(ex, "id");

	*ret = NULL;
	if (mine != NULL && strcmp(mine, "true") == 0)
		*ret = sandbox_yt_account(ex, t);
	else if (id != NULL)
		*ret = sandbox_world_account(ex->world, &sandbox_youtube, id);
	else
		return sandbox_yt_fail_text(ex, "missingRequiredParameter",
					    "No filter selected. Expected one of: id, mine");
	return true;
}

void sandbox_yt_channels(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_READ);
	const struct account *a = NULL;
	struct list names;
	json_t *body, *item;

	if (t == NULL || !parts_read(ex, channel_parts, &names) || !channel_asked(ex, t, &a))
		return;
	body = json_pack("{s:s,s:s,s:{s:i,s:i}}", "kind", "youtube#channelListResponse", "etag",
			 sandbox_yt_etag(ex->arena, a != NULL ? a->id : ""), "pageInfo",
			 "totalResults", a != NULL, "resultsPerPage", PAGE_DEFAULT);
	if (a != NULL) { /* without a channel there is no `items` at all */
		item = json_pack("{s:s,s:s,s:s}", "kind", "youtube#channel", "etag",
				 sandbox_yt_etag(ex->arena, a->name), "id", a->id);
		json_object_set_new(
			body, "items",
			json_pack("[o]", parts_put(ex, channel_parts, &names, a, item)));
	}
	sandbox_yt_json(ex, 200, body);
}

static json_t *item_snippet(struct exchange *ex, const void *of)
{
	const struct yt_video *v = of;
	const struct object *o = v->object;

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:i,s:{s:s,s:s}}", "publishedAt",
			 sandbox_yt_time(ex->arena, o->created_us), "channelId", o->account->id,
			 "title", v->meta.title, "description", v->meta.description, "thumbnails",
			 sandbox_yt_thumbnails(o->id), "channelTitle", o->account->name,
			 "playlistId", arena_printf(ex->arena, "UU%s", o->account->id + 2),
			 "position", 0, "resourceId", "kind", "youtube#video", "videoId", o->id);
}

static json_t *item_content(struct exchange *ex, const void *of)
{
	const struct yt_video *v = of;
	int64_t at_us = v->public_us != INSTANT_NONE ? v->public_us : v->object->created_us;

	return json_pack("{s:s,s:s}", "videoId", v->object->id, "videoPublishedAt",
			 sandbox_yt_time(ex->arena, at_us));
}

static json_t *item_status(struct exchange *ex, const void *of)
{
	const struct yt_video *v = of;

	(void)ex;
	return json_pack("{s:s}", "privacyStatus", v->meta.privacy);
}

static const struct part_row item_parts[] = {
	{ "id", NULL },
	{ "snippet", item_snippet },
	{ "contentDetails", item_content },
	{ "status", item_status },
	{ NULL, NULL },
};

struct page {
	size_t from, size, total;
	const struct account *owner, *viewer;
};

static const char *page_token(struct exchange *ex, size_t from)
{
	const char *plain = arena_printf(ex->arena, TOKEN_MARK "%zu", from);
	char *text = arena_alloc(ex->arena, strlen(plain) * 2 + 4);

	digest_base64url(plain, strlen(plain), text);
	return text;
}

static bool page_read(struct exchange *ex, struct page *p)
{
	const char *most = sandbox_exchange_param(ex, "maxResults");
	const char *token = sandbox_exchange_param(ex, "pageToken");
	char plain[64] = "";
	size_t n = 0;

	p->size = most != NULL ? (size_t)strtoull(most, NULL, 10) : PAGE_DEFAULT;
	if (p->size > PAGE_MAX || (most != NULL && strspn(most, "0123456789") != strlen(most)))
		return sandbox_yt_fail_param(ex, "invalidParameter", "maxResults");
	if (token == NULL)
		return true;
	if (digest_unbase64url(token, strlen(token), plain, sizeof(plain) - 1, &n) < 0 ||
	    strncmp(plain, TOKEN_MARK, strlen(TOKEN_MARK)) != 0)
		return sandbox_yt_fail(ex, "invalidPageToken");
	p->from = (size_t)strtoull(plain + strlen(TOKEN_MARK), NULL, 10);
	return true;
}

/* The channel whose uploads are asked for: UU… is the playlist of UC…; NULL refused. */
static const struct account *playlist_owner(struct exchange *ex)
{
	const char *id = sandbox_exchange_param(ex, "playlistId");
	const struct account *owner = NULL;

	if (id == NULL) {
		sandbox_yt_fail_text(ex, "missingRequiredParameter",
				     "No filter selected. Expected one of: id, playlistId");
		return NULL;
	}
	if (strncmp(id, "UU", 2) == 0)
		owner = sandbox_world_account(ex->world, &sandbox_youtube,
					      arena_printf(ex->arena, "UC%s", id + 2));
	if (owner == NULL)
		sandbox_yt_fail(ex, "playlistNotFound");
	return owner;
}

static bool is_listed(const struct exchange *ex, const struct yt_video *v, const struct page *p)
{
	return v != NULL && sandbox_yt_is_visible(v, p->viewer) &&
	       v->object->listed_us <= sandbox_world_now(ex->world) &&
	       (p->owner == p->viewer || strcmp(v->meta.privacy, "public") == 0);
}

static json_t *page_items(struct exchange *ex, const struct list *names, struct page *p)
{
	bool skips_newest = sandbox_faults_hit(ex, "listing.missing_row") != NULL;
	json_t *items = json_array(), *item;

	for (size_t i = p->owner->objects.n; i-- > 0;) {
		const struct object *o = p->owner->objects.v[i];

		if (!is_listed(ex, o->extra, p))
			continue;
		if (skips_newest) {
			skips_newest = false;
			continue;
		}
		if (p->total++ < p->from || json_array_size(items) >= p->size)
			continue;
		item = json_pack("{s:s,s:s,s:s}", "kind", "youtube#playlistItem", "etag",
				 sandbox_yt_etag(ex->arena, o->id), "id",
				 arena_printf(ex->arena, "VVV%s.%s", o->account->id + 2, o->id));
		json_array_append_new(items, parts_put(ex, item_parts, names, o->extra, item));
	}
	return items;
}

void sandbox_yt_playlist_items(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_READ);
	struct page p = { 0 };
	struct list names;
	json_t *body, *items;

	if (t == NULL || !parts_read(ex, item_parts, &names))
		return;
	p.owner = playlist_owner(ex);
	if (p.owner == NULL || !page_read(ex, &p))
		return;
	p.viewer = sandbox_yt_account(ex, t);
	items = page_items(ex, &names, &p);
	body = json_pack("{s:s,s:s,s:o,s:{s:I,s:I}}", "kind", "youtube#playlistItemListResponse",
			 "etag", sandbox_yt_etag(ex->arena, p.owner->id), "items", items,
			 "pageInfo", "totalResults", (json_int_t)p.total, "resultsPerPage",
			 (json_int_t)p.size);
	if (p.from + p.size < p.total && p.size > 0)
		json_object_set_new(body, "nextPageToken",
				    json_string(page_token(ex, p.from + p.size)));
	if (p.from > 0)
		json_object_set_new(
			body, "prevPageToken",
			json_string(page_token(ex, p.from > p.size ? p.from - p.size : 0)));
	sandbox_yt_json(ex, 200, body);
}

void sandbox_yt_watch(struct exchange *ex)
{
	const char *id =
		ex->captures[0] != NULL ? ex->captures[0] : sandbox_exchange_param(ex, "v");
	const struct yt_video *v = id != NULL ? sandbox_yt_video(ex, id) : NULL;

	if (v == NULL || !sandbox_yt_is_visible(v, NULL)) {
		sandbox_exchange_html(ex, 404,
				      "<!DOCTYPE html><html lang=\"en\"><title>YouTube</title>"
				      "<body><h1>This video isn't available anymore</h1></body>"
				      "</html>");
		return;
	}
	sandbox_exchange_html(
		ex, 200,
		arena_printf(ex->arena,
			     "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
			     "<title>%s - YouTube</title><body><h1>%s</h1><p>%s</p><pre>%s</pre>"
			     "</body></html>",
			     sandbox_params_escape_html(ex->arena, v->meta.title),
			     sandbox_params_escape_html(ex->arena, v->meta.title),
			     sandbox_params_escape_html(ex->arena, v->object->account->name),
			     sandbox_params_escape_html(ex->arena, v->meta.description)));
}

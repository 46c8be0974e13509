/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/instagram_item.h"

#include <stdlib.h>
#include <string.h>

#include "platform/address.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000

/* Roles of a container: the columns of Meta's parameter matrix. */
enum role {
	ROLE_IMAGE = 1,
	ROLE_REEL = 2,
	ROLE_CHILD_IMAGE = 4,
	ROLE_CHILD_VIDEO = 8,
	ROLE_PARENT = 16,
	ROLE_STORY_IMAGE = 32,
	ROLE_STORY_VIDEO = 64,
};
#define ROLE_STORIES  (ROLE_STORY_IMAGE | ROLE_STORY_VIDEO)
#define ROLE_CHILDREN (ROLE_CHILD_IMAGE | ROLE_CHILD_VIDEO)
#define ROLE_VIDEOS   (ROLE_REEL | ROLE_CHILD_VIDEO | ROLE_STORY_VIDEO)

/* Members of overrides.instagram that go along as they are. */
static const struct {
	const char *name;
	unsigned roles;
	bool is_facebook_only;
} options[] = {
	{ "cover_url", ROLE_REEL, false },
	{ "thumb_offset", ROLE_REEL | ROLE_CHILD_VIDEO, false },
	{ "audio_name", ROLE_REEL, false },
	{ "trial_params", ROLE_REEL, false },
	{ "collaborators", ROLE_IMAGE | ROLE_REEL | ROLE_PARENT, false },
	{ "user_tags", ROLE_IMAGE | ROLE_REEL | ROLE_STORIES, false },
	{ "location_id", ROLE_IMAGE | ROLE_REEL | ROLE_PARENT, true },
	{ "is_ai_generated", ROLE_IMAGE | ROLE_REEL | ROLE_PARENT | ROLE_STORIES, false },
	{ "is_paid_partnership", ROLE_IMAGE | ROLE_REEL | ROLE_PARENT, true },
	{ "branded_content_sponsor_ids", ROLE_IMAGE | ROLE_REEL | ROLE_PARENT, true },
};

static const struct {
	enum role role;
	const char *media_type;
} media_types[] = {
	{ ROLE_REEL, "REELS" },          { ROLE_CHILD_VIDEO, "VIDEO" },
	{ ROLE_PARENT, "CAROUSEL" },     { ROLE_STORY_IMAGE, "STORIES" },
	{ ROLE_STORY_VIDEO, "STORIES" },
};

static enum instagram_kind kind_of(const struct delivery *d)
{
	enum instagram_kind kind = INSTAGRAM_IMAGE;

	(void)instagram_kind(d->post, &kind);
	return kind;
}

size_t instagram_items_n(const struct delivery *d)
{
	return d->post->media_n + (kind_of(d) == INSTAGRAM_CAROUSEL ? 1 : 0);
}

json_t *instagram_item(const struct delivery *d, size_t i)
{
	json_t *items = json_object_get(d->memo, "items");

	if (!json_is_array(items)) {
		json_object_set_new(d->memo, "items", json_array());
		items = json_object_get(d->memo, "items");
	}
	while (json_array_size(items) < instagram_items_n(d))
		json_array_append_new(items, json_object());
	return json_array_get(items, i);
}

static void item_forget(const struct delivery *d, size_t i)
{
	json_t *item = instagram_item(d, i);
	int64_t renewals = memo_int(item, "renewals");

	json_object_clear(item);
	memo_set_int(item, "renewals", renewals);
}

void instagram_item_drop(struct delivery *d, size_t i)
{
	item_forget(d, i);
	item_forget(d, instagram_items_n(d) - 1);
}

bool instagram_item_is_video(const struct delivery *d, size_t i)
{
	return i < d->post->media_n && d->post->media[i].kind == MEDIA_VIDEO;
}

bool instagram_item_is_pushed(const struct delivery *d, size_t i)
{
	return instagram_item_is_video(d, i) && instagram_is_facebook(d->app) &&
	       d->post->media[i].path;
}

const char *instagram_item_subject(const struct delivery *d, size_t i)
{
	if (d->post->media_n < 2)
		return NULL;
	if (i >= d->post->media_n)
		return "Carousel";
	return arena_printf(d->arena, "Item %zu of %zu", i + 1, d->post->media_n);
}

static enum role role_of(const struct delivery *d, size_t i)
{
	static const enum role roles[INSTAGRAM_KINDS][2] = {
		/* image, video */
		[INSTAGRAM_IMAGE] = { ROLE_IMAGE, ROLE_REEL },
		[INSTAGRAM_REEL] = { ROLE_IMAGE, ROLE_REEL },
		[INSTAGRAM_CAROUSEL] = { ROLE_CHILD_IMAGE, ROLE_CHILD_VIDEO },
		[INSTAGRAM_STORY] = { ROLE_STORY_IMAGE, ROLE_STORY_VIDEO },
	};

	if (i >= d->post->media_n)
		return ROLE_PARENT;
	return roles[kind_of(d)][instagram_item_is_video(d, i) ? 1 : 0];
}

static void json_text_free(void *text)
{
	free(text);
}

/* A form value: texts bare, everything else as JSON text. */
static const char *value_text(struct arena *a, const json_t *v)
{
	char *text;

	if (json_is_string(v))
		return json_string_value(v);
	text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	if (text)
		arena_defer(a, json_text_free, text);
	return text;
}

static void add_options(const struct delivery *d, enum role role, struct http_request *r)
{
	bool is_facebook = instagram_is_facebook(d->app);

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const json_t *v = json_object_get(d->post->options, options[i].name);

		if (v && !json_is_null(v) && (options[i].roles & role) &&
		    (is_facebook || !options[i].is_facebook_only))
			http_request_form(r, options[i].name, value_text(d->arena, v));
	}
}

/* Where the bytes come from: pushed by us, or fetched by Meta. */
static void add_source(const struct delivery *d, size_t i, struct http_request *r)
{
	const struct media_item *m = &d->post->media[i];

	if (instagram_item_is_pushed(d, i))
		http_request_form(r, "upload_type", "resumable");
	else
		http_request_form(r, instagram_item_is_video(d, i) ? "video_url" : "image_url",
				  m->url);
}

static void add_children(const struct delivery *d, struct http_request *r)
{
	const char *ids = "";

	for (size_t i = 0; i < d->post->media_n; i++)
		ids = arena_printf(d->arena, "%s%s%s", ids, i ? "," : "",
				   memo_text(instagram_item(d, i), "id"));
	http_request_form(r, "children", ids);
}

static bool shares_to_feed(const struct delivery *d)
{
	return !json_is_false(json_object_get(d->post->options, "share_to_feed"));
}

struct http_request *instagram_item_create(const struct delivery *d, size_t i)
{
	struct instagram_call c = { d->arena, d->app, instagram_publish_token(d) };
	struct http_request *r =
		instagram_call(&c, VERB_POST, "ig.media", "/%s/media", d->account->remote_id);
	enum role role = role_of(d, i);

	for (size_t t = 0; t < ARRAY_LEN(media_types); t++) {
		if (media_types[t].role == role)
			http_request_form(r, "media_type", media_types[t].media_type);
	}
	if (role & ROLE_CHILDREN)
		http_request_form(r, "is_carousel_item", "true");
	if (role == ROLE_PARENT)
		add_children(d, r);
	else
		add_source(d, i, r);
	if (!(role & (ROLE_CHILDREN | ROLE_STORIES)) && d->post->caption && *d->post->caption)
		http_request_form(r, "caption", d->post->caption);
	if (role & (ROLE_IMAGE | ROLE_CHILD_IMAGE))
		http_request_form(r, "alt_text", d->post->media[i].alt_text);
	if (role == ROLE_REEL)
		http_request_form(r, "share_to_feed", shares_to_feed(d) ? "true" : "false");
	if (role == ROLE_REEL && d->post->cover)
		http_request_form(r, "cover_url", d->post->cover->url);
	add_options(d, role, r);
	return r;
}

struct http_request *instagram_item_upload(const struct delivery *d, size_t i)
{
	const json_t *item = instagram_item(d, i);
	const struct media_item *m = &d->post->media[i];
	const char *uri = memo_text(item, "uri");
	int64_t sent = memo_int(item, "sent"), rest = m->bytes - sent;
	struct http_request *r;

	if (!uri || !address_is_trusted(d->app, uri, "rupload_base", "upload_host_suffix"))
		return NULL;
	r = http_request_new(d->arena, VERB_POST, "ig.rupload");
	http_request_url(r, uri, "%s", "");
	http_request_header(r, "Authorization", "OAuth %s", instagram_publish_token(d));
	http_request_header(r, "offset", "%lld", (long long)sent);
	http_request_header(r, "file_size", "%lld", (long long)m->bytes);
	http_request_file(r, m->path, sent, rest, "application/octet-stream");
	r->timeout_ms = UPLOAD_TIMEOUT_MIN_MS + (int)(rest * 1000 / UPLOAD_BYTES_PER_S);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The record of one part, as app.bsky.feed.post has it, from the post and what staging has found. */
#include <string.h>

#include "platform/bluesky.h"
#include "platform/bluesky_text.h"
#include "platform/thread.h"

#define EMBED     "app.bsky.embed."
#define LANGS_MAX 3
#define TAGS_MAX  8

const char *bluesky_option(const struct publication *post, const char *name)
{
	const char *v = memo_text(post->options, name);

	return v && *v ? v : NULL;
}

size_t bluesky_first(const struct delivery *d, const struct publication *part)
{
	return thread_first(d->post, part);
}

const char *bluesky_card_link(const struct publication *part, size_t index)
{
	const char *link = part->link;

	return index == 0 && part->media_n == 0 && link && *link ? link : NULL;
}

const char *bluesky_text(struct arena *a, const struct publication *part, size_t index)
{
	const char *text = part->caption ? part->caption : "", *link = part->link;

	if (index > 0 || !link || !*link || bluesky_card_link(part, index) || strstr(text, link))
		return text;
	return *text ? arena_printf(a, "%s\n%s", text, link) : link;
}

const struct media_item *bluesky_thumb(const struct publication *post)
{
	struct publication head;

	(void)thread_part(post, 0, &head);
	return bluesky_card_link(&head, 0) ? post->cover : NULL;
}

/* NULL: what is mentioned is nobody, so it stays text. */
static json_t *feature(const struct delivery *d, const struct bluesky_facet *f)
{
	static const struct {
		const char *type, *key;
	} kinds[] = {
		[FACET_LINK] = { "app.bsky.richtext.facet#link", "uri" },
		[FACET_MENTION] = { "app.bsky.richtext.facet#mention", "did" },
		[FACET_TAG] = { "app.bsky.richtext.facet#tag", "tag" },
	};
	const char *value = f->value;

	if (f->kind == FACET_MENTION)
		value = memo_text(json_object_get(d->memo, "dids"), f->value);
	if (!value || !*value)
		return NULL;
	return json_pack("{s:s, s:s}", "$type", kinds[f->kind].type, kinds[f->kind].key, value);
}

static json_t *facets_json(const struct delivery *d, const char *text)
{
	const struct bluesky_facet *found;
	const size_t n = bluesky_facets(d->arena, text, &found);
	json_t *ret = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = feature(d, &found[i]);

		if (one)
			json_array_append_new(ret, json_pack("{s:s, s:{s:I, s:I}, s:[o]}", "$type",
							     "app.bsky.richtext.facet", "index",
							     "byteStart", (json_int_t)found[i].from,
							     "byteEnd", (json_int_t)found[i].to,
							     "features", one));
	}
	return ret;
}

static json_t *blob_json(const struct delivery *d, size_t i)
{
	return json_deep_copy(json_object_get(bluesky_item(d, i), "blob"));
}

static void add_ratio(json_t *to, const struct media_item *m)
{
	if (m->width > 0 && m->height > 0)
		json_object_set_new(
			to, "aspectRatio",
			json_pack("{s:i, s:i}", "width", m->width, "height", m->height));
}

static json_t *video_json(const struct delivery *d, const struct publication *part)
{
	const struct media_item *m = &part->media[0];
	json_t *ret = json_pack("{s:s, s:o}", "$type", EMBED "video", "video",
				blob_json(d, bluesky_first(d, part)));

	if (m->alt_text && *m->alt_text)
		json_object_set_new(ret, "alt", json_string(m->alt_text));
	add_ratio(ret, m);
	return ret;
}

static json_t *images_json(const struct delivery *d, const struct publication *part)
{
	const size_t first = bluesky_first(d, part);
	json_t *images = json_array();

	for (size_t i = 0; i < part->media_n; i++) {
		const char *alt = part->media[i].alt_text;
		json_t *one = json_pack("{s:o, s:s}", "image", blob_json(d, first + i), "alt",
					alt ? alt : "");

		add_ratio(one, &part->media[i]);
		json_array_append_new(images, one);
	}
	return json_pack("{s:s, s:o}", "$type", EMBED "images", "images", images);
}

static json_t *card_json(const struct delivery *d, const char *link)
{
	const char *title = d->post->title && *d->post->title ? d->post->title : link;
	const char *words = d->post->description ? d->post->description : "";
	json_t *card =
		json_pack("{s:s, s:s, s:s}", "uri", link, "title", title, "description", words);
	if (bluesky_thumb(d->post))
		json_object_set_new(card, "thumb", blob_json(d, d->post->media_n));
	return json_pack("{s:s, s:o}", "$type", EMBED "external", "external", card);
}

/* NULL: text alone. */
static json_t *media_json(const struct delivery *d, const struct publication *part)
{
	const char *link = bluesky_card_link(part, d->part);

	if (part->media_n > 0)
		return part->media[0].kind == MEDIA_VIDEO ? video_json(d, part)
							  : images_json(d, part);
	return link ? card_json(d, link) : NULL;
}

/* A quote lies beside media or a card, not in their place. */
static json_t *embed_json(const struct delivery *d, const struct publication *part)
{
	json_t *media = media_json(d, part), *quote = NULL;
	const json_t *quoted = d->part == 0 ? json_object_get(d->memo, "quote") : NULL;

	if (quoted)
		quote = json_pack("{s:s, s:o}", "$type", EMBED "record", "record",
				  json_deep_copy(quoted));
	if (!quote || !media)
		return quote ? quote : media;
	return json_pack("{s:s, s:o, s:o}", "$type", EMBED "recordWithMedia", "record", quote,
			 "media", media);
}

const json_t *bluesky_before(const struct delivery *d)
{
	const json_t *known = json_array_get(json_object_get(d->memo, "out"), d->part - 1);
	const json_t *read = json_object_get(d->memo, "before");
	const char *uri = memo_text(known, "uri");

	if (uri && d->before_id && strcmp(uri, d->before_id) == 0)
		return known;
	uri = memo_text(read, "uri");
	return uri && d->before_id && strcmp(uri, d->before_id) == 0 ? read : NULL;
}

/* {root, parent}; NULL: the part answers nobody. */
static json_t *reply_json(const struct delivery *d)
{
	const json_t *given = json_object_get(d->memo, "reply");
	const json_t *root = json_object_get(given, "root");

	if (d->part == 0)
		return json_deep_copy(given);
	if (!root)
		root = json_array_get(json_object_get(d->memo, "out"), 0);
	if (!root)
		root = bluesky_before(d);
	return json_pack("{s:o, s:o}", "root", json_deep_copy(root), "parent",
			 json_deep_copy(bluesky_before(d)));
}

/* `languages`, or the one `language`. */
static json_t *langs_json(const struct publication *post)
{
	const json_t *given = json_object_get(post->options, "languages"), *one;
	const char *single = bluesky_option(post, "language");
	json_t *ret = json_array();
	size_t i;

	json_array_foreach(given, i, one) {
		if (json_is_string(one) && i < LANGS_MAX)
			json_array_append_new(ret, json_string(json_string_value(one)));
	}
	if (single && json_array_size(ret) == 0)
		json_array_append_new(ret, json_string(single));
	return ret;
}

static json_t *tags_json(const struct publication *post)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < post->tags_n && json_array_size(ret) < TAGS_MAX; i++) {
		const char *tag = post->tags[i] + (*post->tags[i] == '#' ? 1 : 0);

		if (*tag)
			json_array_append_new(ret, json_string(tag));
	}
	return ret;
}

static void add_list(json_t *record, const char *key, json_t *take)
{
	if (json_array_size(take) > 0)
		json_object_set_new(record, key, take);
	else
		json_decref(take);
}

static void add_object(json_t *record, const char *key, json_t *take)
{
	if (take)
		json_object_set_new(record, key, take);
}

json_t *bluesky_record(const struct delivery *d, const struct publication *part)
{
	const char *text = bluesky_text(d->arena, part, d->part);
	json_t *ret = json_pack("{s:s, s:s, s:s}", "$type", BLUESKY_POST, "text", text, "createdAt",
				bluesky_born(d));

	add_list(ret, "facets", facets_json(d, text));
	add_object(ret, "embed", embed_json(d, part));
	add_object(ret, "reply", reply_json(d));
	add_list(ret, "langs", langs_json(d->post));
	if (d->part == 0)
		add_list(ret, "tags", tags_json(d->post));
	return ret;
}

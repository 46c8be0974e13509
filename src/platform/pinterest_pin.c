/* SPDX-License-Identifier: Apache-2.0 */
/* What a publication is as a pin, and the one request that creates it. */
#include <stdlib.h>
#include <string.h>

#include "platform/pinterest.h"

#define MS_PER_S 1000

int pinterest_kind(const struct publication *post, enum pinterest_kind *ret)
{
	size_t videos = 0;

	if (post->media_n == 0 || post->kind == CONTENT_STORY)
		return -1;
	for (size_t i = 0; i < post->media_n; i++)
		videos += post->media[i].kind == MEDIA_VIDEO;
	if (videos > 0 && post->media_n > 1)
		return -1;
	if (videos > 0)
		*ret = PINTEREST_VIDEO;
	else
		*ret = post->media_n > 1 ? PINTEREST_CAROUSEL : PINTEREST_IMAGE;
	return 0;
}

const char *pinterest_option(const struct publication *post, const char *name)
{
	const char *text = memo_text(post->options, name);

	return text && *text ? text : NULL;
}

const char *pinterest_board(const struct publication *post, const struct platform_account *account)
{
	const char *board = pinterest_option(post, "board_id");

	if (!board)
		board = memo_text(json_object_get(account->settings, "default_board"), "id");
	return board && *board ? board : NULL;
}

const char *pinterest_section(const struct publication *post)
{
	return pinterest_option(post, "board_section_id");
}

static const char *unless_empty(const char *text)
{
	return text && *text ? text : NULL;
}

const char *pinterest_description(const struct publication *post)
{
	return unless_empty(post->description ? post->description : post->caption);
}

const char *pinterest_alt_text(const struct publication *post)
{
	const char *own = pinterest_option(post, "alt_text");

	return own || post->media_n == 0 ? own : unless_empty(post->media[0].alt_text);
}

static bool is_pushable(const struct media_item *m)
{
	return m->path && m->mime &&
	       (strcmp(m->mime, "image/jpeg") == 0 || strcmp(m->mime, "image/png") == 0);
}

/*
 * Pushed bytes need no public address, but they must leave within the deadline of the due instant:
 * large ones are fetched.
 */
bool pinterest_is_pushed(const struct platform_app *app, const struct publication *post)
{
	const char *how = platform_text(app, "image_source");
	int64_t bytes = 0;

	if (strcmp(how, "url") == 0)
		return false;
	if (strcmp(how, "base64") == 0)
		return true;
	for (size_t i = 0; i < post->media_n; i++) {
		if (!is_pushable(&post->media[i]))
			return false;
		bytes += post->media[i].bytes;
	}
	return bytes <= platform_int(app, "base64_max_bytes");
}

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *texts_of(const struct delivery *d)
{
	json_t *pin = json_object();

	set_text(pin, "board_id", memo_text(d->memo, "board"));
	set_text(pin, "board_section_id", memo_text(d->memo, "section"));
	set_text(pin, "title", unless_empty(d->post->title));
	set_text(pin, "description", pinterest_description(d->post));
	set_text(pin, "link", unless_empty(d->post->link));
	set_text(pin, "alt_text", pinterest_alt_text(d->post));
	return pin;
}

static json_t *video_source(const struct delivery *d)
{
	const json_t *ms = json_object_get(d->post->options, "thumb_offset_ms");
	json_int_t s = json_integer_value(ms) / MS_PER_S;

	const char *id = memo_text(json_object_get(d->memo, "media"), "id");

	if (d->post->cover)
		return json_pack("{s:s, s:s?, s:s?}", "source_type", "video_id", "media_id", id,
				 "cover_image_url", d->post->cover->url);
	return json_pack("{s:s, s:s?, s:I}", "source_type", "video_id", "media_id", id,
			 "cover_image_key_frame_time", s > 0 ? s : (json_int_t)0);
}

static json_t *fetched_source(const struct delivery *d, enum pinterest_kind kind)
{
	json_t *items;

	if (kind == PINTEREST_IMAGE)
		return json_pack("{s:s, s:s?}", "source_type", "image_url", "url",
				 d->post->media[0].url);
	items = json_array();
	for (size_t i = 0; i < d->post->media_n; i++)
		json_array_append_new(items, json_pack("{s:s?}", "url", d->post->media[i].url));
	return json_pack("{s:s, s:o, s:i}", "source_type", "multiple_image_urls", "items", items,
			 "index", 0);
}

static void push_image(struct http_request *r, const struct media_item *m)
{
	http_request_piece(r, arena_printf(r->arena, "\"content_type\":\"%s\",\"data\":\"",
					   is_pushable(m) ? m->mime : "image/jpeg"));
	http_request_piece_base64(r, m->path, m->bytes > 0 ? m->bytes : -1);
	http_request_piece(r, "\"");
}

static void push_images(struct http_request *r, const struct delivery *d, enum pinterest_kind kind)
{
	if (kind == PINTEREST_IMAGE) {
		http_request_piece(r, "{\"source_type\":\"image_base64\",");
		push_image(r, &d->post->media[0]);
		http_request_piece(r, "}");
		return;
	}
	http_request_piece(r, "{\"source_type\":\"multiple_image_base64\",\"items\":[");
	for (size_t i = 0; i < d->post->media_n; i++) {
		http_request_piece(r, i ? ",{" : "{");
		push_image(r, &d->post->media[i]);
		http_request_piece(r, "}");
	}
	http_request_piece(r, "],\"index\":0}");
}

/* The texts as JSON, left open for one more member; there is always a board among them. */
static void push_pin(struct http_request *r, const struct delivery *d, enum pinterest_kind kind)
{
	json_t *pin = texts_of(d);
	char *text = json_dumps(pin, JSON_COMPACT);

	http_request_header(r, "Content-Type", "application/json");
	text[strlen(text) - 1] = '\0';
	http_request_piece(r, text);
	http_request_piece(r, ",\"media_source\":");
	push_images(r, d, kind);
	http_request_piece(r, "}");
	free(text);
	json_decref(pin);
}

struct http_request *pinterest_pin_request(const struct delivery *d)
{
	struct pinterest_caller caller = { d->arena, d->app, d->account->access_token };
	struct http_request *r = pinterest_call(&caller, VERB_POST, "pin.create", "/pins");
	enum pinterest_kind kind = PINTEREST_IMAGE;
	json_t *pin;

	(void)pinterest_kind(d->post, &kind);
	if (kind != PINTEREST_VIDEO && pinterest_is_pushed(d->app, d->post)) {
		push_pin(r, d, kind);
		return r;
	}
	pin = texts_of(d);
	json_object_set_new(pin, "media_source",
			    kind == PINTEREST_VIDEO ? video_source(d) : fetched_source(d, kind));
	http_request_json(r, pin);
	return r;
}

static const struct {
	const char *entity;
	char c;
} entities[] = {
	{ "&amp;", '&' },  { "&lt;", '<' },   { "&gt;", '>' },
	{ "&quot;", '"' }, { "&#39;", '\'' }, { "&#x27;", '\'' },
};

/* The character that an entity stands for, and its length; 0: none stands here. */
static size_t entity_at(const char *text, char *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
		size_t n = strlen(entities[i].entity);

		if (strncmp(text, entities[i].entity, n) == 0) {
			*ret = entities[i].c;
			return n;
		}
	}
	return 0;
}

/* Line ends as \n, entities as what they stand for, no blanks at ends of lines or around it all. */
const char *pinterest_canonical(struct arena *a, const char *text)
{
	char *to, *out;

	if (!text)
		return "";
	out = to = arena_strdup(a, text);
	text += strspn(text, " \t\r\n");
	while (*text) {
		char c = *text;
		size_t n = entity_at(text, &c);

		text += n ? n : 1;
		if (c == '\r' && *text == '\n')
			continue;
		c = c == '\r' ? '\n' : c;
		while (c == '\n' && to > out && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		*to++ = c;
	}
	while (to > out && strchr(" \t\n", to[-1]))
		to--;
	*to = '\0';
	return out;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Containers on disk, and what follows from the stored world: quotas, page tokens, unfinished work. */
#include "base/clock.h"
#include "sandbox/ig.h"

#include <string.h>

static json_t *children_save(const struct list *children)
{
	json_t *out = json_array();

	for (size_t i = 0; i < children->n; i++)
		json_array_append_new(
			out, json_string(((const struct ig_container *)children->v[i])->id));
	return out;
}

static bool children_load(struct world *w, struct list *to, const json_t *in)
{
	for (size_t i = 0; i < json_array_size(in); i++) {
		const char *id = json_string_value(json_array_get(in, i));
		const struct ig_node *node = id != NULL ? sandbox_ig_node(w, id) : NULL;

		if (node == NULL || node->type != &sandbox_ig_container_type)
			return false;
		sandbox_list_add(to, node->p);
	}
	return true;
}

static json_t *container_save(const struct record *r)
{
	const struct ig_container *c = (const struct ig_container *)r;

	return json_pack(
		"{s:s,s:s,s:i,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:o,s:o,s:I,s:I,s:I,s:i,s:b,s:b,"
		"s:b,s:I,s:I}",
		"id", c->id, "account", c->account->id, "kind", (int)c->kind, "caption", c->caption,
		"options", c->options, "image_url", c->image_url, "video_url", c->video_url,
		"cover_url", c->cover_url, "path", c->path, "children", children_save(&c->children),
		"media", sandbox_state_media_save(&c->media), "created_us",
		(json_int_t)c->created_us, "ready_us", (json_int_t)c->ready_us, "thumb_ms",
		(json_int_t)c->thumb_ms, "error", c->error, "stuck", c->is_stuck, "resumable",
		c->is_resumable, "fetch_fails", c->fetch_fails, "file_size",
		(json_int_t)c->file_size, "received", (json_int_t)c->received);
}

static void container_texts(struct world *w, struct ig_container *c, const json_t *in)
{
	c->caption = sandbox_state_text(w, in, "caption");
	c->options = sandbox_state_text(w, in, "options");
	c->image_url = sandbox_state_text(w, in, "image_url");
	c->video_url = sandbox_state_text(w, in, "video_url");
	c->cover_url = sandbox_state_text(w, in, "cover_url");
	c->path = sandbox_state_text(w, in, "path");
}

static struct record *container_load(struct world *w, const json_t *in)
{
	struct ig_container *c = arena_alloc(w->arena, sizeof(*c));
	const char *account = json_string_value(json_object_get(in, "account"));

	c->record.kind = sandbox_ig_kinds;
	c->id = sandbox_state_text(w, in, "id");
	c->account = account != NULL ? sandbox_world_account(w, &sandbox_instagram, account) : NULL;
	c->kind = (enum ig_kind)sandbox_state_int(in, "kind");
	c->children = sandbox_list_new(w->arena);
	c->media = sandbox_list_new(w->arena);
	if (c->id == NULL || c->account == NULL ||
	    !children_load(w, &c->children, json_object_get(in, "children")))
		return NULL;
	container_texts(w, c, in);
	sandbox_state_media_load(w, &c->media, json_object_get(in, "media"));
	c->created_us = sandbox_state_int(in, "created_us");
	c->ready_us = sandbox_state_int(in, "ready_us");
	c->thumb_ms = sandbox_state_int(in, "thumb_ms");
	c->error = (int)sandbox_state_int(in, "error");
	c->is_stuck = sandbox_state_bool(in, "stuck");
	c->is_resumable = sandbox_state_bool(in, "resumable");
	c->fetch_fails = sandbox_state_bool(in, "fetch_fails");
	c->file_size = (uint64_t)sandbox_state_int(in, "file_size");
	c->received = (uint64_t)sandbox_state_int(in, "received");
	sandbox_ig_node_add(w, c->id, &sandbox_ig_container_type, c);
	sandbox_list_add(&sandbox_ig_state(w)->containers, c);
	return &c->record;
}

const struct record_kind sandbox_ig_kinds[] = {
	{ "instagram.container", container_save, container_load },
	{ NULL, NULL, NULL },
};

static void join_object(struct world *w, struct object *o)
{
	const struct ig_node *node = o->container != NULL ? sandbox_ig_node(w, o->container) : NULL;
	struct ig_container *c = node != NULL ? node->p : NULL;

	sandbox_world_spend_at(w, &o->account->spends, o->created_us);
	sandbox_ig_node_add(w, o->id, &sandbox_ig_media_type, o);
	if (c == NULL)
		return;
	o->extra = c;
	c->object = o;
	c->commits++;
	for (size_t i = 0; i < c->children.n; i++)
		((struct ig_container *)c->children.v[i])->object = o;
}

/* The bytes are all there, or an address is, but nobody has looked at them yet. */
static bool is_unfinished(const struct ig_container *c)
{
	return (c->kind & IG_VIDEOS) != 0 && c->ready_us == INSTANT_NONE &&
	       (c->is_resumable ? c->file_size > 0 && c->received == c->file_size
				: c->video_url != NULL);
}

void sandbox_ig_loaded(struct world *w)
{
	const struct list *containers = &sandbox_ig_state(w)->containers;

	for (size_t i = 0; i < w->objects_list.n; i++) {
		struct object *o = w->objects_list.v[i];

		if (o->platform == &sandbox_instagram)
			join_object(w, o);
	}
	for (size_t i = 0; i < w->tokens_list.n; i++) {
		struct token *t = w->tokens_list.v[i];

		if (t->platform == &sandbox_instagram && t->kind == IG_TOKEN_PAGE)
			sandbox_ig_page_token_keep(w, t, t->expires_us != INSTANT_NONE);
	}
	for (size_t i = 0; i < containers->n; i++) {
		struct ig_container *c = containers->v[i];

		sandbox_world_spend_at(w, &c->account->makes, c->created_us);
		if (is_unfinished(c))
			sandbox_ig_process_video(w, c);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Registered uploads and boards on disk; what a pin shows follows from its stored options. */
#include <string.h>

#include "base/clock.h"
#include "sandbox/pin.h"
#include "json/keep.h"

static json_t *media_save(const struct record *r)
{
	const struct pin_media *m = (const struct pin_media *)r;

	return json_pack("{s:s,s:s,s:s?,s:s?,s:O,s:I,s:I,s:b,s:b,s:b,s:I,s:s}", "id", m->id,
			 "account", m->account->id, "fields", m->fields, "stuck", m->stuck,
			 "params", m->params, "made_us", (json_int_t)m->made_us, "sent_us",
			 (json_int_t)m->sent_us, "is_video", m->is_video, "has_failed",
			 m->has_failed, "is_used", m->is_used, "bytes", (json_int_t)m->fact.bytes,
			 "sha256", m->fact.sha256);
}

static struct account *account_load(struct world *w, const json_t *in)
{
	const char *id = json_string_value(json_object_get(in, "account"));

	return id != NULL ? sandbox_world_account(w, &sandbox_pinterest, id) : NULL;
}

static struct record *media_load(struct world *w, const json_t *in)
{
	struct pin_media *m = arena_alloc(w->arena, sizeof(*m));
	const char *sha256 = json_string_value(json_object_get(in, "sha256"));

	m->id = sandbox_state_text(w, in, "id");
	m->account = account_load(w, in);
	m->fields = sandbox_state_text(w, in, "fields");
	m->stuck = sandbox_state_text(w, in, "stuck");
	m->params = json_deep_copy(json_object_get(in, "params"));
	if (m->id == NULL || m->account == NULL || !json_is_object(m->params)) {
		json_decref(m->params);
		return NULL;
	}
	m->made_us = sandbox_state_int(in, "made_us");
	m->sent_us = sandbox_state_int(in, "sent_us");
	m->is_video = sandbox_state_bool(in, "is_video");
	m->has_failed = sandbox_state_bool(in, "has_failed");
	m->is_used = sandbox_state_bool(in, "is_used");
	m->fact.bytes = (uint64_t)sandbox_state_int(in, "bytes");
	m->fact.mime = "video/mp4";
	if (sha256 != NULL && strlen(sha256) < sizeof(m->fact.sha256))
		memcpy(m->fact.sha256, sha256, strlen(sha256) + 1);
	sandbox_pin_media_keep(w, m);
	return &m->record;
}

static json_t *board_save(const struct record *r)
{
	const struct pin_board *b = (const struct pin_board *)r;

	return json_pack("{s:s,s:s,s:s,s:s,s:I}", "id", b->id, "account", b->account->id, "name",
			 b->name, "privacy", b->privacy, "created_us", (json_int_t)b->created_us);
}

static struct record *board_load(struct world *w, const json_t *in)
{
	struct account *a = account_load(w, in);
	const char *id = sandbox_state_text(w, in, "id");
	const char *name = sandbox_state_text(w, in, "name");
	const char *privacy = sandbox_state_text(w, in, "privacy");
	struct pin_board *b;

	if (a == NULL || id == NULL || name == NULL || privacy == NULL)
		return NULL;
	b = sandbox_pin_board_add(w, a, id, name, privacy);
	b->record.kind = sandbox_pin_board_kind;
	b->created_us = sandbox_state_int(in, "created_us");
	return &b->record;
}

const struct record_kind sandbox_pin_kinds[] = {
	{ "pinterest.media", media_save, media_load },
	{ "pinterest.board", board_save, board_load },
	{ NULL, NULL, NULL },
};
const struct record_kind *const sandbox_pin_board_kind = &sandbox_pin_kinds[1];

void sandbox_pin_media_keep(struct world *w, struct pin_media *m)
{
	struct pin_state *state = sandbox_pin_state(w);

	m->record.kind = sandbox_pin_kinds;
	(void)json_keep(w->arena, m->params);
	sandbox_map_put(&state->media, m->id, m);
	sandbox_map_put(&state->media, json_string_value(json_object_get(m->params, "key")), m);
	sandbox_list_add(&state->media_list, m);
}

static const struct {
	const char *kind, *media_type;
} types[] = {
	{ "image", "image" },
	{ "carousel", "multiple_images" },
	{ "video", "video" },
};

static void section_find(struct pin_extra *x, const char *id)
{
	for (size_t i = 0; id != NULL && i < x->board->sections.n; i++) {
		const struct pin_section *s = x->board->sections.v[i];

		if (strcmp(s->id, id) == 0)
			x->section = s;
	}
}

static void extra_load(struct world *w, struct object *o, const json_t *in)
{
	const char *board = json_string_value(json_object_get(in, "board_id"));
	struct pin_extra *x = arena_alloc(w->arena, sizeof(*x));

	x->board = board != NULL ? sandbox_map_get(&sandbox_pin_state(w)->boards, board) : NULL;
	if (x->board == NULL) {
		o->is_deleted = true; /* its board is gone, and a pin lives on a board */
		return;
	}
	section_find(x, json_string_value(json_object_get(in, "board_section_id")));
	x->title = sandbox_state_text(w, in, "title");
	x->description = sandbox_state_text(w, in, "description");
	x->link = sandbox_state_text(w, in, "link");
	x->alt_text = sandbox_state_text(w, in, "alt_text");
	x->parent = sandbox_state_text(w, in, "parent_pin_id");
	x->media_type = "image";
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].kind, o->kind) == 0)
			x->media_type = types[i].media_type;
	o->extra = x;
}

void sandbox_pin_loaded(struct world *w)
{
	for (size_t i = 0; i < w->objects_list.n; i++) {
		struct object *o = w->objects_list.v[i];
		json_t *options;

		if (o->platform != &sandbox_pinterest || o->extra != NULL)
			continue;
		options = o->options != NULL ? json_loads(o->options, 0, NULL) : NULL;
		extra_load(w, o, options);
		json_decref(options);
	}
}

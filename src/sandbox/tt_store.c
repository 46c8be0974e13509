/* SPDX-License-Identifier: Apache-2.0 */
/* Publications on disk, and what follows from the stored world: caps, unfinished work. */
#include <string.h>

#include "base/clock.h"
#include "sandbox/tt.h"

static json_t *publish_save(const struct record *r)
{
	const struct tt_publish *p = (const struct tt_publish *)r;
	json_t *out =
		json_pack("{s:s,s:s?,s:s,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?}", "id",
			  p->id, "upload_id", p->upload_id, "account", p->account->id, "title",
			  p->title, "caption", p->caption, "privacy", p->privacy, "options",
			  p->options, "mime", p->mime, "path", p->path, "fail_reason",
			  p->fail_reason, "fault", p->fault, "object_id", p->object_id);
	json_t *numbers = json_pack(
		"{s:o,s:o,s:b,s:b,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "urls",
		sandbox_state_texts_save(&p->urls), "media", sandbox_state_media_save(&p->media),
		"is_video", p->is_video, "is_inbox", p->is_inbox, "is_stuck", p->is_stuck,
		"is_whole", p->is_whole, "size", (json_int_t)p->size, "chunk", (json_int_t)p->chunk,
		"chunks", (json_int_t)p->chunks, "received", (json_int_t)p->received,
		"max_duration_s", (json_int_t)p->max_duration_s, "created_us",
		(json_int_t)p->created_us, "ready_us", (json_int_t)p->ready_us, "hold_ms",
		(json_int_t)p->hold_ms, "req_no", (json_int_t)p->req_no, "conn_no",
		(json_int_t)p->conn_no);

	if (out != NULL && numbers != NULL)
		json_object_update(out, numbers);
	json_decref(numbers);
	return out;
}

static void publish_texts(struct world *w, struct tt_publish *p, const json_t *in)
{
	const struct {
		const char **to, *name;
	} rows[] = {
		{ &p->id, "id" },
		{ &p->upload_id, "upload_id" },
		{ &p->title, "title" },
		{ &p->caption, "caption" },
		{ &p->privacy, "privacy" },
		{ &p->options, "options" },
		{ &p->mime, "mime" },
		{ &p->path, "path" },
		{ &p->fail_reason, "fail_reason" },
		{ &p->fault, "fault" },
		{ &p->object_id, "object_id" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		*rows[i].to = sandbox_state_text(w, in, rows[i].name);
}

static void publish_numbers(struct tt_publish *p, const json_t *in)
{
	p->is_video = sandbox_state_bool(in, "is_video");
	p->is_inbox = sandbox_state_bool(in, "is_inbox");
	p->is_stuck = sandbox_state_bool(in, "is_stuck");
	p->is_whole = sandbox_state_bool(in, "is_whole");
	p->size = sandbox_state_int(in, "size");
	p->chunk = sandbox_state_int(in, "chunk");
	p->chunks = sandbox_state_int(in, "chunks");
	p->received = sandbox_state_int(in, "received");
	p->max_duration_s = sandbox_state_int(in, "max_duration_s");
	p->created_us = sandbox_state_int(in, "created_us");
	p->ready_us = sandbox_state_int(in, "ready_us");
	p->hold_ms = sandbox_state_int(in, "hold_ms");
	p->req_no = (uint64_t)sandbox_state_int(in, "req_no");
	p->conn_no = (uint64_t)sandbox_state_int(in, "conn_no");
}

static struct record *publish_load(struct world *w, const json_t *in)
{
	struct tt_publish *p = arena_alloc(w->arena, sizeof(*p));
	const char *account = json_string_value(json_object_get(in, "account"));

	p->record.kind = sandbox_tt_kinds;
	p->account = account != NULL ? sandbox_world_account(w, &sandbox_tiktok, account) : NULL;
	p->urls = sandbox_list_new(w->arena);
	p->media = sandbox_list_new(w->arena);
	publish_texts(w, p, in);
	publish_numbers(p, in);
	if (p->id == NULL || p->account == NULL || (p->is_video && p->upload_id == NULL))
		return NULL;
	sandbox_state_texts_load(&p->urls, json_object_get(in, "urls"));
	sandbox_state_media_load(w, &p->media, json_object_get(in, "media"));
	sandbox_tt_publish_keep(w, p);
	return &p->record;
}

const struct record_kind sandbox_tt_kinds[] = {
	{ "tiktok.publish", publish_save, publish_load },
	{ NULL, NULL, NULL },
};

void sandbox_tt_publish_keep(struct world *w, struct tt_publish *p)
{
	struct tt_state *state = sandbox_tt_state(w);

	p->record.kind = sandbox_tt_kinds;
	sandbox_map_put(&state->publishes, p->id, p);
	if (p->upload_id != NULL)
		sandbox_map_put(&state->uploads, p->upload_id, p);
	sandbox_list_add(&state->all, p);
}

static void join_object(struct world *w, struct object *o)
{
	struct tt_publish *p =
		o->container != NULL
			? sandbox_map_get(&sandbox_tt_state(w)->publishes, o->container)
			: NULL;

	if (strcmp(o->kind, "draft") != 0)
		sandbox_world_spend_at(w, &o->account->spends, o->created_us);
	if (p == NULL)
		return;
	o->extra = p;
	p->object = o;
}

void sandbox_tt_loaded(struct world *w)
{
	const struct list *all = &sandbox_tt_state(w)->all;

	for (size_t i = 0; i < w->objects_list.n; i++) {
		struct object *o = w->objects_list.v[i];

		if (o->platform == &sandbox_tiktok)
			join_object(w, o);
	}
	for (size_t i = 0; i < all->n; i++) {
		struct tt_publish *p = all->v[i];

		if (p->is_inbox)
			sandbox_world_spend_at(w, &sandbox_tt_extra(p->account)->drafts,
					       p->created_us);
		/* All bytes or addresses are there, but nobody has looked at them yet. */
		if (p->is_whole && p->ready_us == INSTANT_NONE && p->object == NULL)
			sandbox_tt_process(w, p);
	}
}

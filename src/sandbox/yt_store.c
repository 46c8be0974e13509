/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, videos and quotas on disk, and what follows from the stored world. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/yt.h"

json_t *sandbox_yt_session_save(const struct record *r)
{
	const struct yt_session *s = (const struct yt_session *)r;

	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:s?,s:s?,s:b,s:b,s:o}", "id", s->id,
			 "account", s->account->id, "type", s->file_type, "parts", s->parts,
			 "flags", (json_int_t)s->parts_flags, "total", (json_int_t)s->total,
			 "stored", (json_int_t)s->stored, "made_us", (json_int_t)s->made_us,
			 "answer", s->answer, "video", s->video, "over", s->is_over, "notifies",
			 s->notifies, "meta", sandbox_yt_meta_json(&s->meta));
}

/* A kill may have come between the last grain and the video, or before a grain was written. */
static void session_fit(struct yt_session *s)
{
	struct stat st;
	uint64_t there = stat(s->path, &st) == 0 ? (uint64_t)st.st_size : 0;

	if (s->answer != NULL || s->is_over)
		return;
	if (s->stored > there)
		s->stored = there / YT_GRAIN * YT_GRAIN;
	if (s->stored == s->total)
		s->stored = (s->total - 1) / YT_GRAIN * YT_GRAIN;
}

struct record *sandbox_yt_session_load(struct world *w, const json_t *in)
{
	const char *account = json_string_value(json_object_get(in, "account"));
	struct yt_session *s = arena_alloc(w->arena, sizeof(*s));

	s->record.kind = &sandbox_yt_kinds[0];
	s->id = sandbox_state_text(w, in, "id");
	s->account = account != NULL ? sandbox_world_account(w, &sandbox_youtube, account) : NULL;
	s->file_type = sandbox_state_text(w, in, "type");
	s->parts = sandbox_state_text(w, in, "parts");
	if (s->id == NULL || s->account == NULL || s->file_type == NULL || s->parts == NULL ||
	    !sandbox_yt_meta_load(w, json_object_get(in, "meta"), &s->meta))
		return NULL;
	s->parts_flags = (unsigned)sandbox_state_int(in, "flags");
	s->total = (uint64_t)sandbox_state_int(in, "total");
	s->stored = (uint64_t)sandbox_state_int(in, "stored");
	s->made_us = sandbox_state_int(in, "made_us");
	s->answer = sandbox_state_text(w, in, "answer");
	s->video = sandbox_state_text(w, in, "video");
	s->is_over = sandbox_state_bool(in, "over");
	s->notifies = sandbox_state_bool(in, "notifies");
	sandbox_yt_session_add(w, s);
	session_fit(s);
	return &s->record;
}

static json_t *fact_save(const struct media_fact *f)
{
	return json_pack("{s:s,s:I,s:s?}", "sha256", f->sha256, "bytes", (json_int_t)f->bytes,
			 "mime", f->mime);
}

json_t *sandbox_yt_video_save(const struct record *r)
{
	const struct yt_video *v = (const struct yt_video *)r;

	return json_pack(
		"{s:s,s:I,s:I,s:s?,s:s?,s:b,s:b,s:I,s:I,s:I,s:I,s:o,s:o}", "id", v->object->id,
		"ready_us", (json_int_t)v->ready_us, "public_us", (json_int_t)v->public_us,
		"failed", v->failed, "rejected", v->rejected, "locked", v->is_locked, "notifies",
		v->notifies, "changes", (json_int_t)v->changes, "width", (json_int_t)v->width,
		"height", (json_int_t)v->height, "duration_ms", (json_int_t)v->duration_ms,
		"thumbnail", fact_save(&v->thumbnail), "meta", sandbox_yt_meta_json(&v->meta));
}

static void fact_load(struct world *w, const json_t *in, struct media_fact *f)
{
	const char *sha256 = json_string_value(json_object_get(in, "sha256"));

	snprintf(f->sha256, sizeof(f->sha256), "%s", sha256 != NULL ? sha256 : "");
	f->bytes = (uint64_t)sandbox_state_int(in, "bytes");
	f->mime = sandbox_state_text(w, in, "mime");
}

struct record *sandbox_yt_video_load(struct world *w, const json_t *in)
{
	const char *id = json_string_value(json_object_get(in, "id"));
	struct yt_video *v = arena_alloc(w->arena, sizeof(*v));

	v->record.kind = &sandbox_yt_kinds[1];
	v->object = id != NULL ? sandbox_world_object(w, &sandbox_youtube, id) : NULL;
	if (v->object == NULL || v->object->media.n == 0 ||
	    !sandbox_yt_meta_load(w, json_object_get(in, "meta"), &v->meta))
		return NULL;
	v->object->extra = v;
	v->ready_us = sandbox_state_int(in, "ready_us");
	v->public_us = sandbox_state_int(in, "public_us");
	v->failed = sandbox_state_text(w, in, "failed");
	v->rejected = sandbox_state_text(w, in, "rejected");
	v->is_locked = sandbox_state_bool(in, "locked");
	v->notifies = sandbox_state_bool(in, "notifies");
	v->changes = (uint64_t)sandbox_state_int(in, "changes");
	v->width = (unsigned)sandbox_state_int(in, "width");
	v->height = (unsigned)sandbox_state_int(in, "height");
	v->duration_ms = sandbox_state_int(in, "duration_ms");
	fact_load(w, json_object_get(in, "thumbnail"), &v->thumbnail);
	return &v->record;
}

json_t *sandbox_yt_quota_save(const struct record *r)
{
	const struct yt_quota *q = (const struct yt_quota *)r;

	return json_pack("{s:s,s:I,s:I,s:I}", "app", q->app->client_id, "day", (json_int_t)q->day,
			 "units", (json_int_t)q->used[YT_UNITS], "inserts",
			 (json_int_t)q->used[YT_INSERTS]);
}

struct record *sandbox_yt_quota_load(struct world *w, const json_t *in)
{
	struct yt_quota *q = arena_alloc(w->arena, sizeof(*q));

	q->record.kind = &sandbox_yt_kinds[2];
	q->app = sandbox_world_app(w, &sandbox_youtube,
				   json_string_value(json_object_get(in, "app")));
	if (q->app == NULL)
		return NULL;
	q->day = sandbox_state_int(in, "day");
	q->used[YT_UNITS] = sandbox_state_int(in, "units");
	q->used[YT_INSERTS] = sandbox_state_int(in, "inserts");
	sandbox_list_add(&sandbox_yt_state(w)->quotas, q);
	return &q->record;
}

void sandbox_yt_loaded(struct world *w)
{
	for (size_t i = 0; i < w->objects_list.n; i++) {
		const struct object *o = w->objects_list.v[i];

		if (o->platform == &sandbox_youtube && o->extra != NULL)
			sandbox_yt_wake(w, o->extra);
	}
	sandbox_yt_sweep(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sounds of a workspace: media that are heard, in camelCase. */
#include <stddef.h>

#include "api/api.h"
#include "api/family_b.h"
#include "api/medium.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "http/paging.h"
#include "http/router.h"
#include "media/url.h"
#include "store/media.h"

/* clang-format off */
static const struct field view_fields[] = {
	{ .name = "id",           .kind = FIELD_ID, .sentence = "What soundUrl of a post may name in place of a URL." },
	{ .name = "state",        .kind = FIELD_ENUM, .choices = media_state_names },
	{ .name = "name",         .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "mime",         .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "codec",        .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "sha256",       .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "bytes",        .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "durationMs",   .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "error",        .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "Why it could not be fetched." },
	{ .name = "url",          .kind = FIELD_URL,  .flags = FIELD_NULLABLE },
	{ .name = "urlExpiresAt", .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "createdAt",    .kind = FIELD_INSTANT },
	{ .name = NULL },
};
static const struct schema view_schema = { "Sound", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "data",       .kind = FIELD_OBJECTS, .nested = &view_schema },
	{ .name = "hasMore",    .kind = FIELD_BOOL },
	{ .name = "nextCursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "SoundList", 0, list_fields };
/* clang-format on */

static void emit_ready_int(struct emit *e, const char *key, const struct media_item *i,
			   int64_t value)
{
	if (i->state == MEDIA_READY)
		emit_int(e, key, value);
	else
		emit_null(e, key);
}

static void emit_sound(const struct request *req, struct emit *e, const struct media *m)
{
	const struct config *cfg = req->app->config;
	const struct media_item *i = &m->item;
	const bool is_ready = i->state == MEDIA_READY;
	const int64_t until_us = (clock_real_us() / US_PER_S + cfg->media_url_life_s) * US_PER_S;

	emit_open(e, NULL);
	emit_text(e, "id", i->media_id);
	emit_text(e, "state", media_state_names[i->state]);
	emit_text(e, "name", m->filename);
	emit_text(e, "mime", i->mime);
	emit_text(e, "codec", i->audio_codec);
	emit_text(e, "sha256", i->sha256[0] ? i->sha256 : NULL);
	emit_ready_int(e, "bytes", i, i->bytes);
	emit_ready_int(e, "durationMs", i, i->duration_ms);
	emit_text(e, "error", m->error);
	emit_text(e, "url",
		  is_ready ? media_url_sign(req->arena, req->app->keys, cfg->server_public_url,
					    i->media_id, i->ext, until_us)
			   : NULL);
	emit_instant(e, "urlExpiresAt", is_ready ? until_us : INSTANT_NONE);
	emit_instant(e, "createdAt", m->created_us);
	emit_close(e);
}

/* A medium that is no sound is none of these. */
static int find(struct request *req, struct media *ret, struct problem *reterr)
{
	const char *id = req->params[0];

	if (store_media_get(req->app->db, req->principal->workspace, id, req->arena, ret, reterr) <
	    0)
		return -1;
	if (!ret->is_known_kind || ret->item.kind != MEDIA_AUDIO)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "sound %.64s does not exist", id);
	return 0;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m = { 0 };

	if (medium_take(req, MEDIA_AUDIO, &m, reterr) < 0)
		return -1;
	ret->status = medium_status(&m);
	ret->version = m.version;
	reply_header(ret, req->arena, "Location", "%s/%s", req->path, m.item.media_id);
	emit_sound(req, &ret->emit, &m);
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m;

	if (find(req, &m, reterr) < 0)
		return -1;
	ret->version = m.version;
	emit_sound(req, &ret->emit, &m);
	return 0;
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m;

	(void)ret;
	return find(req, &m, reterr) < 0 ? -1 : medium_drop(req, &m, reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct media *last;
	struct medias found;
	struct paging at;
	struct media_query q = { .is_one_kind = true, .kind = MEDIA_AUDIO };

	if (paging_read(req, "sounds", &at, reterr) < 0)
		return -1;
	q.page = (struct page){ .limit = at.limit,
				.after_us = at.after_us,
				.after_id = at.after_id,
				.descending = true };
	if (store_media_list(req->app->db, req->principal->workspace, &q, req->arena, &found,
			     reterr) < 0)
		return -1;
	last = found.n ? &found.v[found.n - 1] : NULL;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "data");
	for (size_t i = 0; i < found.n; i++)
		emit_sound(req, &ret->emit, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close_camel(req, ret, "sounds", found.has_more,
			   last ? last->created_us : INSTANT_NONE,
			   last ? last->item.media_id : NULL);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",  .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor", .kind = QUERY_CURSOR, .sentence = "nextCursor of the page before." },
	{ .name = NULL },
};
static const struct query_param upload_query[] = {
	{ .name = "filename", .kind = QUERY_TEXT, .most = 255, .sentence = "Name of a raw upload." },
	{ .name = NULL },
};

#define READ  .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEDIA_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEDIA_WRITE), .rate = RATE_MEDIA
const struct route api_sounds_routes[] = {
	FAMILY_B(HTTP_GET,    "/media/sounds",      "listSounds",  READ,  .ok = 200, .query = list_query, .reply = &list_schema, .handler = list, .summary = "List the workspace's sounds, newest first"),
	FAMILY_B(HTTP_POST,   "/media/sounds",      "addSound",    WRITE, .ok = 201, .also = { 200, 202 }, .body_max = -2, .body = &medium_sound_schema, .query = upload_query, .reply = &view_schema, .handler = create, .summary = "Upload a sound; the same bytes answer 200 with the same id. Or have it fetched from a URL: 202"),
	FAMILY_B(HTTP_GET,    "/media/sounds/{id}", "getSound",    READ,  .ok = 200, .has_version = true, .reply = &view_schema, .handler = get, .summary = "Read a sound"),
	FAMILY_B(HTTP_DELETE, "/media/sounds/{id}", "deleteSound", WRITE, .ok = 204, .body_max = -1, .handler = drop, .summary = "Delete a sound that nothing uses"),
	{ .pattern = NULL },
};
/* clang-format on */

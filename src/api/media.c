/* SPDX-License-Identifier: Apache-2.0 */
#include "store/media.h"

#include <string.h>

#include "api/api.h"
#include "api/medium.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "http/paging.h"
#include "media/store.h"
#include "media/url.h"
#include "store/fetches.h"

/* clang-format off */
static const struct field view_fields[] = {
	{ .name = "id",             .kind = FIELD_ID },
	{ .name = "state",          .kind = FIELD_ENUM, .choices = media_state_names },
	{ .name = "kind",           .kind = FIELD_ENUM, .choices = media_kind_names, .flags = FIELD_NULLABLE },
	{ .name = "mime",           .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "sha256",         .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "bytes",          .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "width",          .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "height",         .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "duration_ms",    .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "codecs",         .kind = FIELD_TEXTS },
	{ .name = "alt_text",       .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "filename",       .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "url",            .kind = FIELD_URL,  .flags = FIELD_NULLABLE },
	{ .name = "error",          .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "Why it could not be fetched." },
	{ .name = "url_expires_at", .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "created_at",     .kind = FIELD_INSTANT },
	{ .name = NULL },
};
static const struct schema view_schema = { "Media", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "media",       .kind = FIELD_OBJECTS, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "MediaList", 0, list_fields };
/* clang-format on */

static void emit_codecs(struct emit *e, const struct media_item *m)
{
	emit_open_array(e, "codecs");
	if (m->video_codec)
		emit_text(e, NULL, m->video_codec);
	if (m->audio_codec)
		emit_text(e, NULL, m->audio_codec);
	emit_close_array(e);
}

/* Sounds have no sides and images no length; of what is not here nothing is known. */
static void emit_known(struct emit *e, const char *key, int value)
{
	if (value > 0)
		emit_int(e, key, value);
	else
		emit_null(e, key);
}

static void emit_facts(struct emit *e, const struct media *m)
{
	const struct media_item *i = &m->item;

	emit_text(e, "kind", m->is_known_kind ? media_kind_names[i->kind] : NULL);
	emit_text(e, "mime", i->mime);
	emit_text(e, "sha256", i->sha256[0] ? i->sha256 : NULL);
	if (i->state == MEDIA_READY)
		emit_int(e, "bytes", i->bytes);
	else
		emit_null(e, "bytes");
	emit_known(e, "width", i->width);
	emit_known(e, "height", i->height);
	emit_known(e, "duration_ms", i->duration_ms);
	emit_codecs(e, i);
}

static void emit_media(const struct request *req, struct emit *e, const struct media *m)
{
	const struct config *cfg = req->app->config;
	int64_t until_us = (clock_real_us() / US_PER_S + cfg->media_url_life_s) * US_PER_S;
	bool is_ready = m->item.state == MEDIA_READY;

	emit_open(e, NULL);
	emit_text(e, "id", m->item.media_id);
	emit_text(e, "state", media_state_names[m->item.state]);
	emit_facts(e, m);
	emit_text(e, "alt_text", m->item.alt_text);
	emit_text(e, "filename", m->filename);
	emit_text(e, "url",
		  is_ready ? media_url_sign(req->arena, req->app->keys, cfg->server_public_url,
					    m->item.media_id, m->item.ext, until_us)
			   : NULL);
	emit_text(e, "error", m->error);
	emit_instant(e, "url_expires_at", is_ready ? until_us : INSTANT_NONE);
	emit_instant(e, "created_at", m->created_us);
	emit_close(e);
}

static int reply_media(struct request *req, struct reply *ret, const struct media *m)
{
	emit_media(req, &ret->emit, m);
	ret->version = m->version;
	return 0;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m = { 0 };

	if (medium_take(req, FETCH_ANY_KIND, &m, reterr) < 0)
		return -1;
	ret->status = medium_status(&m);
	reply_header(ret, req->arena, "Location", "/api/v1/media/%s", m.item.media_id);
	return reply_media(req, ret, &m);
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m;

	if (store_media_get(req->app->db, req->principal->workspace, req->params[0], req->arena, &m,
			    reterr) < 0)
		return -1;
	return reply_media(req, ret, &m);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media m;

	(void)ret;
	if (store_media_get(req->app->db, req->principal->workspace, req->params[0], req->arena, &m,
			    reterr) < 0)
		return -1;
	return medium_drop(req, &m, reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct paging at;
	struct media_query q = { .is_one_kind = false };
	struct medias found;
	const struct media *last;

	if (paging_read(req, "media", &at, reterr) < 0)
		return -1;
	q.page = (struct page){ .limit = at.limit,
				.after_us = at.after_us,
				.after_id = at.after_id };
	if (store_media_list(req->app->db, req->principal->workspace, &q, req->arena, &found,
			     reterr) < 0)
		return -1;
	last = found.n ? &found.v[found.n - 1] : NULL;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "media");
	for (size_t i = 0; i < found.n; i++)
		emit_media(req, &ret->emit, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, "media", found.has_more, last ? last->created_us : INSTANT_NONE,
		     last ? last->item.media_id : NULL);
	emit_close(&ret->emit);
	return 0;
}

/* GET /m/{id}/{expiry}/{file}: no bearer, the address itself is the right to read. */
static int serve(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct media_place at;

	if (media_url_check(req->app->keys, req->params[0], req->params[1], req->params[2],
			    clock_real_us(), reterr) < 0 ||
	    store_media_place(req->app->db, req->params[0], req->arena, &at, reterr) < 0)
		return -1;
	reply_header(ret, req->arena, "X-Accel-Redirect", "%s",
		     media_internal_uri(req->arena, at.workspace, at.sha256));
	ret->content_type = at.mime;
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",  .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor", .kind = QUERY_CURSOR, .sentence = "next_cursor of the page before." },
	{ .name = NULL },
};
static const struct query_param upload_query[] = {
	{ .name = "filename", .kind = QUERY_TEXT, .most = 255, .sentence = "Name of a raw upload." },
	{ .name = "alt_text", .kind = QUERY_TEXT, .most = 2000, .sentence = "Description of a raw upload." },
	{ .name = NULL },
};

#define READ  .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEDIA_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEDIA_WRITE), .rate = RATE_MEDIA
const struct route api_media_routes[] = {
	{ HTTP_GET,    "/api/v1/media",          READ,  .ok = 200, .query = list_query, .reply = &list_schema, .handler = list, .operation = "listMedia", .summary = "List media" },
	{ HTTP_POST,   "/api/v1/media",          WRITE, .ok = 201, .also = { 200, 202 }, .body_max = -2, .body = &medium_url_schema, .query = upload_query, .reply = &view_schema, .handler = create, .operation = "uploadMedia", .summary = "Upload a file; the same bytes answer 200 with the same id. Or have one fetched from a URL: 202" },
	{ HTTP_GET,    "/api/v1/media/{id}",     READ,  .ok = 200, .has_version = true, .reply = &view_schema, .handler = get, .operation = "getMedia", .summary = "Read a media item" },
	{ HTTP_DELETE, "/api/v1/media/{id}",     WRITE, .ok = 204, .body_max = -1, .handler = drop, .operation = "deleteMedia", .summary = "Delete media that no content uses" },
	{ HTTP_GET,    "/m/{id}/{expiry}/{file}", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .type = "*/*", .handler = serve, .operation = "serveMedia", .summary = "The bytes behind a signed media address" },
	{ .pattern = NULL },
};
/* clang-format on */

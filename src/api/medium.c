/* SPDX-License-Identifier: Apache-2.0 */
#include "api/medium.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "db/conn.h"
#include "http/router.h"
#include "media/multipart.h"
#include "media/probe.h"
#include "media/store.h"
#include "net/source.h"
#include "store/fetches.h"
#include "store/renditions.h"

struct upload { /* where in the spooled body the file stands, and what was said about it */
	int64_t offset, bytes;
	const char *filename, *alt_text;
	int kind; /* that it must be, or FETCH_ANY_KIND */
};

static int read_multipart(struct request *req, const char *type, struct upload *ret,
			  struct problem *reterr)
{
	const struct part *file, *alt;
	struct multipart m;

	if (multipart_scan(req->arena, req->body_file, type, &m, reterr) < 0)
		return -1;
	file = multipart_find(&m, "file");
	alt = multipart_find(&m, "alt_text");
	if (!file || !file->filename)
		return problem_add(reterr, "/file", "required",
				   "the multipart body needs a file part named \"file\"");
	for (size_t i = 0; i < m.n; i++)
		if (strcmp(m.parts[i].name, "file") != 0 &&
		    strcmp(m.parts[i].name, "alt_text") != 0)
			problem_add(reterr, m.parts[i].name, "unknown_member",
				    "is not a part of an upload");
	ret->offset = file->offset;
	ret->bytes = file->bytes;
	ret->filename = file->filename;
	ret->alt_text = alt ? alt->text : NULL;
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int read_raw(struct request *req, struct upload *ret, struct problem *reterr)
{
	struct stat st;

	if (stat(req->body_file, &st) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the spooled upload cannot be read");
	ret->bytes = st.st_size;
	ret->filename = request_query(req, "filename");
	ret->alt_text = request_query(req, "alt_text");
	return 0;
}

static int read_upload(struct request *req, struct upload *ret, struct problem *reterr)
{
	const char *type = request_header(req, "content-type");

	if (!type || strncasecmp(type, "text/", 5) == 0 ||
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
		return problem_set(reterr, PROBLEM_UNSUPPORTED_TYPE,
				   "send multipart/form-data with a part \"file\", the bytes with "
				   "their own Content-Type, or JSON with a url");
	if (strncasecmp(type, "multipart/form-data", 19) == 0)
		return read_multipart(req, type, ret, reterr);
	return read_raw(req, ret, reterr);
}

static int keep(struct request *req, const struct upload *u, struct media *ret,
		struct problem *reterr)
{
	const struct config *cfg = req->app->config;
	CLEANUP(media_file_free) struct media_file *file = NULL;
	struct media_facts facts;
	struct media in = { .filename = u->filename, .is_known_kind = true };

	if (u->bytes == 0)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the file is empty");
	if (u->bytes > cfg->server_upload_max_bytes)
		return problem_set(reterr, PROBLEM_TOO_LARGE, "the file is larger than %lld bytes",
				   (long long)cfg->server_upload_max_bytes);
	if (media_take(cfg, req->body_file, u->offset, u->bytes, &file, reterr) < 0 ||
	    media_probe(cfg, req->arena, file->path, &facts, reterr) < 0)
		return -1;
	media_describe(&facts, file, &in.item);
	in.item.alt_text = u->alt_text;
	if (u->kind != FETCH_ANY_KIND && (int)in.item.kind != u->kind)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the file is %s, not %s",
				   media_kind_words[in.item.kind], media_kind_words[u->kind]);
	/* Bytes first: a row must never point at nothing. An orphan file costs space, not truth. */
	if (media_keep(cfg, req->principal->workspace, file, reterr) < 0)
		return -1;
	return store_media_insert(req->app->db, req->principal->workspace, &in, req->arena, ret,
				  reterr);
}

/* ---- from a URL ---- */

struct url_body {
	uint64_t present;
	const char *url, *alt_text, *filename;
};

/* clang-format off */
static const struct field url_fields[] = {
	{ .name = "url",      .kind = FIELD_TEXT, .offset = offsetof(struct url_body, url), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = SOURCE_URL_MAX,
	  .sentence = "Where the file is: https, readable by everybody. The answer is 202 and state fetching." },
	{ .name = "alt_text", .kind = FIELD_TEXT, .offset = offsetof(struct url_body, alt_text), .flags = FIELD_NULLABLE, .most = 2000 },
	{ .name = "filename", .kind = FIELD_TEXT, .offset = offsetof(struct url_body, filename), .flags = FIELD_NULLABLE, .most = 255,
	  .sentence = "Its name here; absent: what the URL's path ends in." },
	{ .name = NULL },
};
static const struct field sound_fields[] = {
	{ .name = "url",      .kind = FIELD_TEXT, .offset = offsetof(struct url_body, url), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = SOURCE_URL_MAX,
	  .sentence = "Where the sound is: https, readable by everybody. The answer is 202 and state fetching." },
	{ .name = "filename", .kind = FIELD_TEXT, .offset = offsetof(struct url_body, filename), .flags = FIELD_NULLABLE, .most = 255,
	  .sentence = "Its name here; absent: what the URL's path ends in." },
	{ .name = NULL },
};
/* clang-format on */
const struct schema medium_url_schema = { "MediaFromUrl", sizeof(struct url_body), url_fields };
const struct schema medium_sound_schema = { "SoundFromUrl", sizeof(struct url_body), sound_fields };

static const struct url_body *refuse_json(struct problem *reterr, enum problem_kind kind,
					  const char *why)
{
	(void)problem_set(reterr, kind, "%s", why);
	return NULL;
}

/* nginx spools every body of these routes: this one is small. NULL: refused. */
static const struct url_body *read_json(struct request *req, struct problem *reterr)
{
	const size_t most = (size_t)req->app->config->server_body_max_bytes;
	FILE *file = fopen(req->body_file, "re");
	char *text;
	void *in = NULL;
	size_t n;

	if (!file)
		return refuse_json(reterr, PROBLEM_INTERNAL, "the spooled body cannot be read");
	text = arena_alloc(req->arena, most + 1);
	n = fread(text, 1, most + 1, file);
	(void)fclose(file);
	if (n > most)
		return refuse_json(reterr, PROBLEM_TOO_LARGE, "the JSON body is too large");
	if (schema_bind(req->route->body, text, n, req->arena, &in, reterr) < 0)
		return NULL;
	return in;
}

struct ordering {
	const char *ws;
	struct fetch_order order;
	char media_id[ID_MAX];
};

static int order(struct db *db, void *arg, struct problem *reterr)
{
	struct ordering *o = arg;

	return store_fetches_order(db, o->ws, &o->order, o->media_id, reterr);
}

static int take_url(struct request *req, int kind, struct media *ret, struct problem *reterr)
{
	struct ordering o = { .ws = req->principal->workspace };
	const struct url_body *in = read_json(req, reterr);
	struct source_policy policy;

	if (!in || source_policy_read(req->app->config, &policy, reterr) < 0 ||
	    source_check(&policy, "/url", in->url, reterr) < 0)
		return -1;
	o.order = (struct fetch_order){ .url = in->url,
					.alt_text = in->alt_text,
					.filename = in->filename
							    ? in->filename
							    : source_filename(req->arena, in->url),
					.kind = kind,
					.due_us = INSTANT_NONE };
	if (db_transact(req->app->db, order, &o, reterr) < 0)
		return -1;
	return store_media_get(req->app->db, o.ws, o.media_id, req->arena, ret, reterr);
}

int medium_take(struct request *req, int kind, struct media *ret, struct problem *reterr)
{
	struct upload u = { .kind = kind };

	if (!req->body_file)
		return problem_set(reterr, PROBLEM_BAD_REQUEST, "the request has no body");
	if (request_is_json(req))
		return take_url(req, kind, ret, reterr);
	if (read_upload(req, &u, reterr) < 0)
		return -1;
	return keep(req, &u, ret, reterr);
}

int medium_status(const struct media *m)
{
	if (m->item.state == MEDIA_FETCHING)
		return 202;
	return m->is_new ? 201 : 200;
}

/* ---- removal ---- */

/* The bytes go when no row stands for them any more; what stays costs space, not truth. */
static void remove_bytes(const struct request *req, const char *sha256)
{
	const char *ws = req->principal->workspace;
	struct problem ignored = { .kind = PROBLEM_NONE };
	bool is_held = true;

	if (sha256[0] && store_media_is_held(req->app->db, ws, sha256, &is_held, &ignored) == 0 &&
	    !is_held)
		media_remove(req->app->config, ws, sha256);
}

int medium_drop(struct request *req, const struct media *m, struct problem *reterr)
{
	const char *ws = req->principal->workspace, *id = m->item.media_id;
	const char **made = NULL;
	int64_t version;

	if (request_if_match(req, &version, reterr) < 0 ||
	    store_renditions_bytes(req->app->db, ws, id, req->arena, &made, reterr) < 0 ||
	    store_media_delete(req->app->db, ws, id, version, reterr) < 0)
		return -1;
	remove_bytes(req, m->item.sha256);
	for (; *made; made++)
		remove_bytes(req, *made);
	return 0;
}

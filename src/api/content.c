/* SPDX-License-Identifier: Apache-2.0 */
#include "store/content.h"

#include <string.h>

#include "api/api.h"
#include "api/content_view.h"
#include "api/overrides.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "http/paging.h"

struct media_ref {
	uint64_t present;
	const char *media_id, *alt_text;
};
struct content_body {
	uint64_t present;
	const char *character_id;
	int kind;
	const char *title, *caption, *link;
	struct field_texts tags;
	const char *first_comment;
	json_t *overrides;
	struct field_objects media;
};
struct reject_body {
	uint64_t present;
	const char *reason;
};

/* clang-format off */
static const struct field media_ref_fields[] = {
	{ .name = "media_id", .kind = FIELD_ID,   .offset = offsetof(struct media_ref, media_id), .flags = FIELD_REQUIRED },
	{ .name = "alt_text", .kind = FIELD_TEXT, .offset = offsetof(struct media_ref, alt_text), .flags = FIELD_NULLABLE, .most = 2000 },
	{ .name = NULL },
};
static const struct schema media_ref_schema = { "ContentMediaRef", sizeof(struct media_ref), media_ref_fields };

/* The order is that of enum content_member. */
#define CONTENT_ROWS(need)                                                                                                                             \
	{ .name = "character_id",  .kind = FIELD_ID,    .offset = offsetof(struct content_body, character_id), .flags = FIELD_NULLABLE },                   \
	{ .name = "kind",          .kind = FIELD_ENUM,  .offset = offsetof(struct content_body, kind), .flags = (need), .choices = content_kind_names },    \
	{ .name = "title",         .kind = FIELD_TEXT,  .offset = offsetof(struct content_body, title), .flags = FIELD_NULLABLE, .most = 500 },             \
	{ .name = "caption",       .kind = FIELD_TEXT,  .offset = offsetof(struct content_body, caption), .flags = FIELD_NULLABLE, .most = 10000 },         \
	{ .name = "link",          .kind = FIELD_URL,   .offset = offsetof(struct content_body, link), .flags = FIELD_NULLABLE, .most = 2048 },             \
	{ .name = "tags",          .kind = FIELD_TEXTS, .offset = offsetof(struct content_body, tags), .flags = FIELD_NULLABLE, .most = 60, .item_most = 100 }, \
	{ .name = "first_comment", .kind = FIELD_TEXT,  .offset = offsetof(struct content_body, first_comment), .flags = FIELD_NULLABLE, .most = 8000 },    \
	{ .name = "overrides",     .kind = FIELD_JSON,  .offset = offsetof(struct content_body, overrides), .flags = FIELD_NULLABLE,                        \
	  .sentence = "Per platform: what is said differently there, published exactly as submitted." },                                                  \
	{ .name = "media",         .kind = FIELD_OBJECTS, .offset = offsetof(struct content_body, media), .flags = FIELD_NULLABLE, .most = 35, .nested = &media_ref_schema }, \
	{ .name = NULL }

static const struct field create_fields[] = { CONTENT_ROWS(FIELD_REQUIRED) };
static const struct field patch_fields[] = { CONTENT_ROWS(0) };
static const struct schema create_schema = { "ContentCreate", sizeof(struct content_body), create_fields };
static const struct schema patch_schema = { "ContentPatch", sizeof(struct content_body), patch_fields };
static const struct field reject_fields[] = {
	{ .name = "reason", .kind = FIELD_TEXT, .offset = offsetof(struct reject_body, reason), .flags = FIELD_NULLABLE, .most = 1000 },
	{ .name = NULL },
};
static const struct schema reject_schema = { "ContentReject", sizeof(struct reject_body), reject_fields };
/* clang-format on */

static const struct content_media *media_of(struct request *req, const struct content_body *in)
{
	struct content_media *list = arena_array(req->arena, in->media.n + 1, sizeof(*list));
	const struct media_ref *refs = in->media.v;

	for (size_t i = 0; i < in->media.n; i++)
		list[i] = (struct content_media){ refs[i].media_id, refs[i].alt_text };
	return list;
}

static const char *tags_text(struct request *req, const struct content_body *in)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct emit e = EMIT(&out);

	if (in->tags.n == 0)
		return NULL;
	emit_open_array(&e, NULL);
	for (size_t i = 0; i < in->tags.n; i++)
		emit_text(&e, NULL, in->tags.v[i]);
	emit_close_array(&e);
	return arena_strdup(req->arena, buf_str(&out));
}

static int patch_of(struct request *req, struct content_patch *ret, struct problem *reterr)
{
	const struct content_body *in = req->in;

	overrides_check_all(req->arena, in->overrides, "/overrides", reterr);
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	*ret = (struct content_patch){
		.given = (unsigned)in->present,
		.character_id = in->character_id,
		.kind = (enum content_kind)in->kind,
		.title = in->title,
		.caption = in->caption,
		.link = in->link,
		.first_comment = in->first_comment,
		.tags = tags_text(req, in),
		.overrides = overrides_text(req->arena, in->overrides),
		.media = media_of(req, in),
		.media_n = in->media.n,
		.by = req->principal->id,
	};
	return 0;
}

static int reply_content(struct reply *ret, const struct content *c)
{
	content_view_emit(&ret->emit, c);
	ret->version = c->version;
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content c;

	if (store_content_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
			      &c, reterr) < 0)
		return -1;
	return reply_content(ret, &c);
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content_patch patch;
	struct content c;

	if (patch_of(req, &patch, reterr) < 0 ||
	    store_content_insert(req->app->db, req->principal->workspace, &patch, req->arena, &c,
				 reterr) < 0)
		return -1;
	reply_header(ret, req->arena, "Location", "/api/v1/content/%s", c.id);
	return reply_content(ret, &c);
}

static int update(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content_patch patch;
	struct content_edit edit = { .id = req->params[0], .patch = &patch };

	if (request_if_match(req, &edit.if_version, reterr) < 0 ||
	    patch_of(req, &patch, reterr) < 0 ||
	    store_content_update(req->app->db, req->principal->workspace, &edit, NULL, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static int drop(struct request *req, struct reply *ret, struct problem *reterr)
{
	int64_t version;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0)
		return -1;
	return store_content_delete(req->app->db, req->principal->workspace, req->params[0],
				    version, reterr);
}

/* A draft may lack things; what goes to review or is approved may not. */
static int check_complete(struct request *req, struct problem *reterr)
{
	struct content c;

	if (store_content_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
			      &c, reterr) < 0)
		return -1;
	if (c.kind == CONTENT_TEXT && (!c.caption || !*c.caption))
		return problem_add(reterr, "/caption", "required", "a text has a caption");
	return content_check_shape(c.kind, c.media, c.media_n, reterr);
}

static int decide(struct request *req, struct reply *ret, struct content_decision *what,
		  struct problem *reterr)
{
	what->id = req->params[0];
	what->by = req->principal->id;
	what->stage_lead_s = req->app->config->publish_stage_lead_s;
	if (request_if_match(req, &what->if_version, reterr) < 0 ||
	    store_content_decide(req->app->db, req->principal->workspace, what, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static int submit(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content_decision what = { .move = CONTENT_SUBMIT };

	return check_complete(req, reterr) < 0 ? -1 : decide(req, ret, &what, reterr);
}

static int approve(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content_decision what = { .move = CONTENT_APPROVE };

	return check_complete(req, reterr) < 0 ? -1 : decide(req, ret, &what, reterr);
}

static int reject(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct reject_body *in = req->in;
	struct content_decision what = { .move = CONTENT_REJECT, .reason = in ? in->reason : NULL };

	return decide(req, ret, &what, reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct content_query q = { .filter = { .character_id =
						       request_query(req, "character_id") } };
	struct paging at;
	struct contents found;
	const struct content *last;

	if (paging_read(req, "content", &at, reterr) < 0)
		return -1;
	q.page = (struct page){ .limit = at.limit,
				.after_us = at.after_us,
				.after_id = at.after_id };
	q.filter.state = content_state_parse(request_query(req, "state"));
	q.filter.kind = content_kind_parse(request_query(req, "kind"));
	if (store_content_list(req->app->db, req->principal->workspace, &q, req->arena, &found,
			       reterr) < 0)
		return -1;
	last = found.n ? &found.v[found.n - 1] : NULL;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "content");
	for (size_t i = 0; i < found.n; i++)
		content_view_emit(&ret->emit, &found.v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, "content", found.has_more, last ? last->created_us : INSTANT_NONE,
		     last ? last->id : NULL);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",        .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor",       .kind = QUERY_CURSOR, .sentence = "next_cursor of the page before." },
	{ .name = "state",        .kind = QUERY_ENUM, .choices = content_state_names, .sentence = "Only this state." },
	{ .name = "kind",         .kind = QUERY_ENUM, .choices = content_kind_names, .sentence = "Only this kind." },
	{ .name = "character_id", .kind = QUERY_ID, .sentence = "Only this character's." },
	{ .name = NULL },
};

#define READ    .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_READ),    .rate = RATE_READ
#define WRITE   .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_WRITE),   .rate = RATE_WRITE
#define APPROVE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_APPROVE), .rate = RATE_WRITE
const struct route api_content_routes[] = {
	{ HTTP_GET,    "/api/v1/content",              READ,    .ok = 200, .query = list_query, .reply = &content_view_list_schema, .handler = list, .operation = "listContent", .summary = "List content" },
	{ HTTP_POST,   "/api/v1/content",              WRITE,   .ok = 201, .body = &create_schema, .reply = &content_view_schema, .handler = create, .operation = "createContent", .summary = "Create a content item" },
	{ HTTP_GET,    "/api/v1/content/{id}",         READ,    .ok = 200, .has_version = true, .reply = &content_view_schema, .handler = get, .operation = "getContent", .summary = "Read a content item" },
	{ HTTP_PATCH,  "/api/v1/content/{id}",         WRITE,   .ok = 200, .body = &patch_schema, .reply = &content_view_schema, .handler = update, .operation = "updateContent", .summary = "Change a content item; an approval is voided and its pending posts pause" },
	{ HTTP_DELETE, "/api/v1/content/{id}",         WRITE,   .ok = 204, .body_max = -1, .handler = drop, .operation = "deleteContent", .summary = "Delete a content item that was never scheduled" },
	{ HTTP_POST,   "/api/v1/content/{id}/submit",  WRITE,   .ok = 200, .body_max = -1, .reply = &content_view_schema, .handler = submit, .operation = "submitContent", .summary = "Hand a draft in for review" },
	{ HTTP_POST,   "/api/v1/content/{id}/approve", APPROVE, .ok = 200, .body_max = -1, .reply = &content_view_schema, .handler = approve, .operation = "approveContent", .summary = "Approve the current revision" },
	{ HTTP_POST,   "/api/v1/content/{id}/reject",  APPROVE, .ok = 200, .body = &reject_schema, .is_body_optional = true, .reply = &content_view_schema, .handler = reject, .operation = "rejectContent", .summary = "Reject with a reason" },
	{ .pattern = NULL },
};
/* clang-format on */

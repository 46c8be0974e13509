/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints that events are sent to: made, changed and given new secrets by admins. */
#include "store/webhooks.h"

#include <stddef.h>

#include "api/api.h"
#include "api/hook.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "crypto/digest.h"
#include "domain/webhook.h"
#include "http/paging.h"
#include "net/source.h"

#define LIST            "webhooks"
#define OVERLAP_USUAL_S 86400
#define OVERLAP_MOST_S  604800

struct create_body {
	uint64_t present;
	const char *url, *description;
	struct field_texts events;
	bool livemode;
};
struct patch_body {
	uint64_t present;
	const char *url, *description;
	struct field_texts events;
	int state;
};
struct rotate_body {
	uint64_t present;
	int64_t overlap_s;
};
enum { CREATE_URL, CREATE_DESCRIPTION, CREATE_EVENTS, CREATE_LIVEMODE };
enum { PATCH_URL, PATCH_DESCRIPTION, PATCH_EVENTS, PATCH_STATE };
enum { ROTATE_OVERLAP };
enum { STATE_ENABLED, STATE_DISABLED };

/* clang-format off */
static const char *const state_names[] = { [STATE_ENABLED] = "enabled", [STATE_DISABLED] = "disabled", NULL };
#define EVENTS_SENTENCE "Names of events; absent or null: all of them, those of later versions too."

static const struct field create_fields[] = {
	[CREATE_URL]         = { .name = "url", .kind = FIELD_URL, .offset = offsetof(struct create_body, url), .flags = FIELD_REQUIRED, .most = SOURCE_URL_MAX, .sentence = "https, on the public internet." },
	[CREATE_DESCRIPTION] = { .name = "description", .kind = FIELD_TEXT, .offset = offsetof(struct create_body, description), .flags = FIELD_NULLABLE, .most = 200 },
	[CREATE_EVENTS]      = { .name = "events", .kind = FIELD_TEXTS, .offset = offsetof(struct create_body, events), .flags = FIELD_NULLABLE | FIELD_NONEMPTY, .most = 32, .item_most = 40, .sentence = EVENTS_SENTENCE },
	[CREATE_LIVEMODE]    = { .name = "livemode", .kind = FIELD_BOOL, .offset = offsetof(struct create_body, livemode), .sentence = "Whether it is told of live or of test accounts. Absent: the caller's own mode, for a user true." },
	{ .name = NULL },
};
static const struct schema create_schema = { "WebhookCreate", sizeof(struct create_body), create_fields };
static const struct field patch_fields[] = {
	[PATCH_URL]         = { .name = "url", .kind = FIELD_URL, .offset = offsetof(struct patch_body, url), .most = SOURCE_URL_MAX },
	[PATCH_DESCRIPTION] = { .name = "description", .kind = FIELD_TEXT, .offset = offsetof(struct patch_body, description), .flags = FIELD_NULLABLE, .most = 200 },
	[PATCH_EVENTS]      = { .name = "events", .kind = FIELD_TEXTS, .offset = offsetof(struct patch_body, events), .flags = FIELD_NULLABLE | FIELD_NONEMPTY, .most = 32, .item_most = 40, .sentence = EVENTS_SENTENCE },
	[PATCH_STATE]       = { .name = "state", .kind = FIELD_ENUM, .offset = offsetof(struct patch_body, state), .choices = state_names, .sentence = "disabled: what is still to be sent to it fails." },
	{ .name = NULL },
};
static const struct schema patch_schema = { "WebhookPatch", sizeof(struct patch_body), patch_fields };
static const struct field rotate_fields[] = {
	[ROTATE_OVERLAP] = { .name = "overlap_s", .kind = FIELD_INT, .offset = offsetof(struct rotate_body, overlap_s), .least = 0, .most = OVERLAP_MOST_S, .sentence = "How long the old secret signs beside the new one; a day unless told." },
	{ .name = NULL },
};
static const struct schema rotate_schema = { "WebhookRotate", sizeof(struct rotate_body), rotate_fields };

#define VIEW_ROWS \
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED }, \
	{ .name = "url", .kind = FIELD_URL, .flags = FIELD_REQUIRED }, \
	{ .name = "description", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE }, \
	{ .name = "events", .kind = FIELD_TEXTS, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "null: all." }, \
	{ .name = "livemode", .kind = FIELD_BOOL, .flags = FIELD_REQUIRED }, \
	{ .name = "state", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = state_names }, \
	{ .name = "disabled_reason", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE }, \
	{ .name = "previous_secret_ends_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "Until then deliveries carry its signature, too." }, \
	{ .name = "created_by", .kind = FIELD_ID, .flags = FIELD_REQUIRED | FIELD_NULLABLE }, \
	{ .name = "created_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED }, \
	{ .name = "updated_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED }
static const struct field view_fields[] = { VIEW_ROWS, { .name = NULL } };
static const struct schema view_schema = { "Webhook", 0, view_fields };
static const struct field secret_fields[] = {
	VIEW_ROWS,
	{ .name = "secret", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "whsec_...; shown this once." },
	{ .name = NULL },
};
static const struct schema secret_schema = { "WebhookWithSecret", 0, secret_fields };
static const struct field list_fields[] = {
	{ .name = "webhooks", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "Webhooks", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ "livemode", QUERY_BOOL, 0, 0, NULL, "Only live (true) or test (false) ones." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static void emit_events(struct emit *e, const char *list)
{
	if (!list) {
		emit_null(e, "events");
		return;
	}
	emit_open_array(e, "events");
	for (const char *const *name = webhook_event_names; *name; name++) {
		if (webhook_wants(list, *name))
			emit_text(e, NULL, *name);
	}
	emit_close_array(e);
}

static void emit_webhook(struct emit *e, const struct webhook *w,
			 const struct websign_secret *secret)
{
	char text[WEBSIGN_SECRET_TEXT_MAX];

	emit_open(e, NULL);
	emit_text(e, "id", w->id);
	emit_text(e, "url", w->url);
	emit_text(e, "description", w->description);
	emit_events(e, w->events);
	emit_bool(e, "livemode", w->livemode);
	emit_text(e, "state", state_names[w->is_enabled ? STATE_ENABLED : STATE_DISABLED]);
	emit_text(e, "disabled_reason", w->reason);
	emit_instant(e, "previous_secret_ends_at", w->secret_ends_us);
	emit_text(e, "created_by", w->created_by);
	emit_instant(e, "created_at", w->created_us);
	emit_instant(e, "updated_at", w->updated_us);
	if (secret) {
		websign_print_secret(secret, text);
		emit_text(e, "secret", text);
		digest_wipe(text, sizeof(text));
	}
	emit_close(e);
}

int hook_allowed(const struct request *req, struct problem *reterr)
{
	if (!req->principal->account_ids)
		return 0;
	return problem_set(reterr, PROBLEM_SCOPE,
			   "A key that is limited to some accounts cannot manage webhooks, which "
			   "tell of all.");
}

int hook_find(const struct request *req, const char *id, struct webhook *ret,
	      struct problem *reterr)
{
	const struct webhook_key key = { id, mode_of(req) };

	if (hook_allowed(req, reterr) < 0)
		return -1;
	return store_webhooks_get(req->app->db, req->principal->workspace, &key, req->arena, ret,
				  reterr);
}

/* secret: NULL but for whoever may see it now. */
static int show(struct request *req, const char *id, const struct websign_secret *secret,
		struct reply *ret, struct problem *reterr)
{
	struct webhook w;

	if (hook_find(req, id, &w, reterr) < 0)
		return -1;
	emit_webhook(&ret->emit, &w, secret);
	ret->version = w.version;
	return 0;
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct paging paging;
	struct webhooks hooks = { 0 };
	struct webhook_query query = { .page.limit = 0 };
	const char *last = "";

	if (hook_allowed(req, reterr) < 0 || mode_read(req, &query.mode, reterr) < 0 ||
	    paging_read(req, LIST, &paging, reterr) < 0)
		return -1;
	query.page.limit = paging.limit;
	query.page.after_id = paging.after_id;
	if (store_webhooks_list(req->app->db, req->principal->workspace, &query, req->arena, &hooks,
				reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, LIST);
	for (size_t i = 0; i < hooks.n; i++) {
		last = hooks.v[i].id;
		emit_webhook(&ret->emit, &hooks.v[i], NULL);
	}
	emit_close_array(&ret->emit);
	paging_close(req, ret, LIST, hooks.has_more, 0, last);
	emit_close(&ret->emit);
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	return show(req, req->params[0], NULL, ret, reterr);
}

/* ---- making and changing ---- */

static int check_url(const struct request *req, const char *url, struct problem *reterr)
{
	struct source_policy policy;

	if (source_policy_read(req->app->config, &policy, reterr) < 0)
		return -1;
	return source_check(&policy, "/url", url, reterr);
}

/* The names as they are stored: in the order of the table, each once; NULL: all. */
static int read_events(const struct request *req, const struct field_texts *in, const char **ret,
		       struct problem *reterr)
{
	CLEANUP(buf_done) struct buf given = BUF_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	for (size_t i = 0; i < in->n; i++) {
		if (!webhook_event_is_known(in->v[i]))
			problem_add(reterr, arena_printf(req->arena, "/events/%zu", i),
				    "not_a_choice", "there is no event %s", in->v[i]);
		buf_printf(&given, "%s%s", given.len ? " " : "", in->v[i]);
	}
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	for (const char *const *name = webhook_event_names; *name; name++) {
		if (webhook_wants(buf_str(&given), *name))
			buf_printf(&text, "%s%s", text.len ? " " : "", *name);
	}
	*ret = in->n > 0 ? arena_strdup(req->arena, buf_str(&text)) : NULL;
	return 0;
}

static int check_mode(const struct request *req, const struct create_body *in, bool *ret,
		      struct problem *reterr)
{
	const enum livemode own = mode_of(req);

	*ret = SCHEMA_HAS(in, CREATE_LIVEMODE) ? in->livemode : own != LIVEMODE_TEST;
	if (own != LIVEMODE_ANY && (own == LIVEMODE_LIVE) != *ret)
		return problem_add(reterr, "/livemode", "not_allowed",
				   "a key makes webhooks of its own mode only");
	return 0;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct create_body *in = req->in;
	struct webhook_new fresh = {
		.url = in->url,
		.description = in->description,
		.created_by = req->principal->id,
		.most = req->app->config->webhooks_per_workspace,
		.keys = req->app->keys,
	};
	struct websign_secret secret;
	char id[ID_MAX];
	int done;

	if (hook_allowed(req, reterr) < 0 || check_url(req, in->url, reterr) < 0 ||
	    check_mode(req, in, &fresh.livemode, reterr) < 0 ||
	    read_events(req, &in->events, &fresh.events, reterr) < 0 ||
	    store_webhooks_insert(req->app->db, req->principal->workspace, &fresh, id, &secret,
				  reterr) < 0)
		return -1;
	done = show(req, id, &secret, ret, reterr);
	digest_wipe(&secret, sizeof(secret));
	reply_header(ret, req->arena, "Location", "/api/v1/webhooks/%s", id);
	return done;
}

static int patch(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct patch_body *in = req->in;
	struct webhook_patch change = {
		.given = (SCHEMA_HAS(in, PATCH_URL) ? WEBHOOK_URL : 0U) |
			 (SCHEMA_HAS(in, PATCH_DESCRIPTION) ? WEBHOOK_DESCRIPTION : 0U) |
			 (SCHEMA_HAS(in, PATCH_EVENTS) ? WEBHOOK_EVENTS : 0U) |
			 (SCHEMA_HAS(in, PATCH_STATE) ? WEBHOOK_STATE : 0U),
		.url = in->url,
		.description = in->description,
		.is_enabled = in->state == STATE_ENABLED,
		.reason = "disabled by hand",
	};
	struct webhook w;
	int64_t version = 0;

	if (request_if_match(req, &version, reterr) < 0 ||
	    hook_find(req, req->params[0], &w, reterr) < 0 ||
	    ((change.given & WEBHOOK_URL) && check_url(req, in->url, reterr) < 0) ||
	    read_events(req, &in->events, &change.events, reterr) < 0)
		return -1;
	if (change.given && store_webhooks_update(req->app->db, req->principal->workspace, w.id,
						  &change, version, reterr) < 0)
		return -1;
	return show(req, w.id, NULL, ret, reterr);
}

static int forget(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct webhook w;
	int64_t version = 0;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0 ||
	    hook_find(req, req->params[0], &w, reterr) < 0)
		return -1;
	return store_webhooks_delete(req->app->db, req->principal->workspace, w.id, version,
				     reterr);
}

static int rotate(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct rotate_body *in = req->in;
	const struct webhook_rotation rotation = {
		.id = req->params[0],
		.overlap_s = in && SCHEMA_HAS(in, ROTATE_OVERLAP) ? in->overlap_s : OVERLAP_USUAL_S,
		.keys = req->app->keys,
	};
	struct websign_secret secret;
	struct webhook w;
	int done;

	if (hook_find(req, req->params[0], &w, reterr) < 0 ||
	    store_webhooks_rotate(req->app->db, req->principal->workspace, &rotation, &secret,
				  reterr) < 0)
		return -1;
	done = show(req, w.id, &secret, ret, reterr);
	digest_wipe(&secret, sizeof(secret));
	return done;
}

/* clang-format off */
const struct route api_webhooks_routes[] = {
	{ HTTP_GET, "/api/v1/webhooks", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_READ), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = list, .operation = "listWebhooks", .summary = "List webhooks" },
	{ HTTP_POST, "/api/v1/webhooks", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .body = &create_schema, .ok = 201, .reply = &secret_schema, .handler = create, .operation = "createWebhook", .summary = "Have events sent to a URL; the secret that signs them is shown this once" },
	{ HTTP_GET, "/api/v1/webhooks/{id}", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_READ), .rate = RATE_READ, .ok = 200, .has_version = true, .reply = &view_schema, .handler = get, .operation = "getWebhook", .summary = "Read a webhook" },
	{ HTTP_PATCH, "/api/v1/webhooks/{id}", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .body = &patch_schema, .ok = 200, .reply = &view_schema, .handler = patch, .operation = "updateWebhook", .summary = "Change, disable or enable a webhook" },
	{ HTTP_DELETE, "/api/v1/webhooks/{id}", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .ok = 204, .handler = forget, .operation = "deleteWebhook", .summary = "Delete a webhook with its deliveries" },
	{ HTTP_POST, "/api/v1/webhooks/{id}/rotate-secret", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .body = &rotate_schema, .is_body_optional = true, .ok = 200, .reply = &secret_schema, .handler = rotate, .operation = "rotateWebhookSecret", .summary = "Make a new secret, shown this once; both sign for a while" },
	{ .pattern = NULL },
};
/* clang-format on */

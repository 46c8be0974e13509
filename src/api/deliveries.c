/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the events that were sent to webhooks; tests, and sending once more. */
#include "store/deliveries.h"

#include "api/api.h"
#include "api/hook.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/paging.h"
#include "store/webhooks.h"

#define LIST "deliveries"

/* clang-format off */
static const char *const state_names[] = { "pending", "delivered", "failed", NULL };
static const struct field attempt_fields[] = {
	{ .name = "sent_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = "status", .kind = FIELD_INT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "null: no answer." },
	{ .name = "duration_ms", .kind = FIELD_INT, .flags = FIELD_REQUIRED },
	{ .name = "error", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "response", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "The beginning of an answer that was not 2xx." },
	{ .name = NULL },
};
static const struct schema attempt_schema = { "WebhookAttempt", 0, attempt_fields };
static const struct field view_fields[] = {
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED },
	{ .name = "webhook_id", .kind = FIELD_ID, .flags = FIELD_REQUIRED },
	{ .name = "event_id", .kind = FIELD_ID, .flags = FIELD_REQUIRED },
	{ .name = "event_type", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "state", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = state_names },
	{ .name = "tries", .kind = FIELD_INT, .flags = FIELD_REQUIRED },
	{ .name = "next_attempt_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "delivered_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "attempts", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &attempt_schema, .sentence = "Oldest first; the newest 50." },
	{ .name = "created_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = "updated_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema view_schema = { "WebhookDelivery", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "deliveries", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "WebhookDeliveries", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ "state", QUERY_ENUM, 0, 0, state_names, "Only those in this state." },
	{ "event_id", QUERY_ID, 0, 0, NULL, "Only that of this event." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static void emit_delivery(struct emit *e, const struct delivery *d)
{
	emit_open(e, NULL);
	emit_text(e, "id", d->id);
	emit_text(e, "webhook_id", d->webhook_id);
	emit_text(e, "event_id", d->event_id);
	emit_text(e, "event_type", d->event_type);
	emit_text(e, "state", d->state);
	emit_int(e, "tries", d->tries);
	emit_instant(e, "next_attempt_at", d->next_us);
	emit_instant(e, "delivered_at", d->delivered_us);
	emit_raw(e, "attempts", d->attempts);
	emit_instant(e, "created_at", d->created_us);
	emit_instant(e, "updated_at", d->updated_us);
	emit_close(e);
}

static int check_hook(const struct request *req, const char *id, struct problem *reterr)
{
	struct webhook w;

	return hook_find(req, id, &w, reterr);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct paging paging;
	struct deliveries found = { 0 };
	const char *last = "";

	if (check_hook(req, req->params[0], reterr) < 0 ||
	    paging_read(req, LIST, &paging, reterr) < 0)
		return -1;
	const struct delivery_query query = {
		.page = { .limit = paging.limit, .after_id = paging.after_id, .descending = true },
		.webhook_id = req->params[0],
		.state = request_query(req, "state"),
		.event_id = request_query(req, "event_id"),
	};
	if (store_deliveries_list(req->app->db, req->principal->workspace, &query, req->arena,
				  &found, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, LIST);
	for (size_t i = 0; i < found.n; i++) {
		last = found.v[i].id;
		emit_delivery(&ret->emit, &found.v[i]);
	}
	emit_close_array(&ret->emit);
	paging_close(req, ret, LIST, found.has_more, 0, last);
	emit_close(&ret->emit);
	return 0;
}

static int show(struct request *req, const char *id, struct reply *ret, struct problem *reterr)
{
	struct delivery d;

	if (store_deliveries_get(req->app->db, req->principal->workspace, id, req->arena, &d,
				 reterr) < 0)
		return -1;
	emit_delivery(&ret->emit, &d);
	return 0;
}

static int test(struct request *req, struct reply *ret, struct problem *reterr)
{
	char id[ID_MAX];

	if (hook_allowed(req, reterr) < 0 ||
	    store_deliveries_test(req->app->db, req->principal->workspace, req->params[0],
				  mode_of(req), id, reterr) < 0)
		return -1;
	return show(req, id, ret, reterr);
}

static int redeliver(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *ws = req->principal->workspace, *id = req->params[0];
	struct problem hidden = { .kind = PROBLEM_NONE };
	struct delivery d;

	if (hook_allowed(req, reterr) < 0 ||
	    store_deliveries_get(req->app->db, ws, id, req->arena, &d, reterr) < 0)
		return -1;
	/* A delivery of the other mode is as absent as its webhook. */
	if (check_hook(req, d.webhook_id, &hidden) < 0) {
		if (hidden.kind == PROBLEM_NOT_FOUND)
			return problem_set(reterr, PROBLEM_NOT_FOUND,
					   "delivery %.64s does not exist", id);
		*reterr = hidden;
		return -1;
	}
	if (store_deliveries_redeliver(req->app->db, ws, d.webhook_id, id, reterr) < 0)
		return -1;
	return show(req, id, ret, reterr);
}

/* clang-format off */
const struct route api_deliveries_routes[] = {
	{ HTTP_POST, "/api/v1/webhooks/{id}/test", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .ok = 202, .reply = &view_schema, .handler = test, .operation = "testWebhook", .summary = "Send an event webhook.test to one webhook" },
	{ HTTP_GET, "/api/v1/webhooks/{id}/deliveries", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_READ), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = list, .operation = "listWebhookDeliveries", .summary = "What was sent to a webhook, newest first, with every attempt" },
	{ HTTP_POST, "/api/v1/webhooks/deliveries/{id}/redeliver", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_WRITE), .rate = RATE_WRITE, .ok = 202, .reply = &view_schema, .handler = redeliver, .operation = "redeliverWebhookDelivery", .summary = "Send an event once more, under the same webhook-id" },
	{ .pattern = NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a workspace, to be read again by whoever missed some. */
#include "store/events.h"

#include <string.h>

#include "api/api.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/rfc3339.h"
#include "http/paging.h"
#include "store/eventview.h"

#define LIST_UP   "events"
#define LIST_DOWN "events.desc"

/* clang-format off */
static const char *const order_names[] = { "asc", "desc", NULL };
static const struct field view_fields[] = {
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED, .sentence = "The webhook-id of its deliveries." },
	{ .name = "type", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "timestamp", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = "livemode", .kind = FIELD_BOOL, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "null: of something that has no mode, such as content." },
	{ .name = "data", .kind = FIELD_JSON, .flags = FIELD_REQUIRED, .sentence = "What the event is about, as it was then." },
	{ .name = NULL },
};
static const struct schema view_schema = { "Event", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "events", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "Events", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ "order", QUERY_ENUM, 0, 0, order_names, "asc, unless told: as they happened." },
	{ "since", QUERY_INSTANT, 0, 0, NULL, "Not older than that." },
	{ "type", QUERY_WORD, 0, 0, NULL, "Only this type." },
	{ "subject_id", QUERY_ID, 0, 0, NULL, "Only about this post, content, account or webhook." },
	{ "livemode", QUERY_BOOL, 0, 0, NULL, "Only live (true) or test (false) ones, and those without a mode." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static int read_query(const struct request *req, const char *name, struct event_query *ret,
		      struct problem *reterr)
{
	const char *since = request_query(req, "since");
	struct paging paging;

	if (mode_read(req, &ret->livemode, reterr) < 0 ||
	    paging_read(req, name, &paging, reterr) < 0)
		return -1;
	if (since && rfc3339_parse(since, &ret->since_us) < 0)
		return problem_add(reterr, "since", "malformed", "is no time");
	ret->page.limit = paging.limit;
	ret->page.after_id = paging.after_id;
	ret->type = request_query(req, "type");
	ret->subject_id = request_query(req, "subject_id");
	ret->accounts = mode_accounts(req);
	return 0;
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *order = request_query(req, "order"), *name, *last = "";
	struct event_query query = { .page.descending = order && strcmp(order, "desc") == 0 };
	struct events events = { 0 };

	name = query.page.descending ? LIST_DOWN : LIST_UP;
	if (read_query(req, name, &query, reterr) < 0 ||
	    store_events_list(req->app->db, req->principal->workspace, &query, req->arena, &events,
			      reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "events");
	for (size_t i = 0; i < events.n; i++) {
		last = events.v[i].id;
		eventview_emit(&ret->emit, &events.v[i]);
	}
	emit_close_array(&ret->emit);
	paging_close(req, ret, name, events.has_more, 0, last);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
const struct route api_events_routes[] = {
	{ HTTP_GET, "/api/v1/events", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WEBHOOKS_READ), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = list, .operation = "listEvents", .summary = "What happened, to re-read what a webhook missed" },
	{ .pattern = NULL },
};
/* clang-format on */

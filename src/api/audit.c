/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log of a workspace, newest first. */
#include "store/audit.h"

#include <stdlib.h>

#include "api/api.h"
#include "api/principal.h"
#include "http/paging.h"

#define LIST "audit_log"

/* clang-format off */
static const struct field view_fields[] = {
	{ .name = "seq", .kind = FIELD_INT, .flags = FIELD_REQUIRED, .sentence = "1, 2, 3 ... without a gap." },
	{ .name = "timestamp", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = "actor_kind", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "user, key, or operator: whoever ran carillon-admin." },
	{ .name = "actor_id", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "address", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "Of the client; of an operator the host." },
	{ .name = "request_id", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "action", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "The operationId, or the operator's command." },
	{ .name = "subject_id", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "What the path names, else what was made; null: nothing, or several." },
	{ .name = "outcome", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "done, the code of the error, or begun: a later row says how it ended." },
	{ .name = "status", .kind = FIELD_INT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "As the caller was answered." },
	{ .name = NULL },
};
static const struct schema view_schema = { "AuditEntry", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = LIST, .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "AuditLog", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ "actor_id", QUERY_ID, 0, 0, NULL, "Only of this user or key." },
	{ "action", QUERY_WORD, 0, 0, NULL, "Only this operation." },
	{ "subject_id", QUERY_ID, 0, 0, NULL, "Only about this." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static void emit_entry(struct emit *e, const struct audit_entry *in)
{
	emit_open(e, NULL);
	emit_int(e, "seq", in->seq);
	emit_instant(e, "timestamp", in->at_us);
	emit_text(e, "actor_kind", in->actor_kind);
	emit_text(e, "actor_id", in->actor_id);
	emit_text(e, "address", in->address);
	emit_text(e, "request_id", in->request_id);
	emit_text(e, "action", in->action);
	emit_text(e, "subject_id", in->subject_id);
	emit_text(e, "outcome", in->outcome);
	if (in->status)
		emit_int(e, "status", in->status);
	else
		emit_null(e, "status");
	emit_close(e);
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct audit_query query = { .actor_id = request_query(req, "actor_id"),
				     .action = request_query(req, "action"),
				     .subject_id = request_query(req, "subject_id") };
	struct audit_page page = { 0 };
	struct paging paging;
	int64_t last = 0;

	if (paging_read(req, LIST, &paging, reterr) < 0)
		return -1;
	query.limit = paging.limit;
	query.before_seq = paging.after_id ? strtoll(paging.after_id, NULL, 10) : 0;
	if (store_audit_list(req->app->db, req->principal->workspace, &query, req->arena, &page,
			     reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, LIST);
	for (size_t i = 0; i < page.n; i++) {
		last = page.v[i].seq;
		emit_entry(&ret->emit, &page.v[i]);
	}
	emit_close_array(&ret->emit);
	paging_close(req, ret, LIST, page.has_more, 0,
		     arena_printf(req->arena, "%lld", (long long)last));
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
const struct route api_audit_routes[] = {
	{ HTTP_GET, "/api/v1/workspace/audit-log", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_AUDIT_READ), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = list, .operation = "listAuditLog", .summary = "Who changed what, from where, and how it ended" },
	{ .pattern = NULL },
};
/* clang-format on */

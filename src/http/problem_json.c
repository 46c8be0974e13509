/* SPDX-License-Identifier: Apache-2.0 */
#include "http/problem_json.h"

#define BUSY_RETRY_S 5

static void problem_items(struct emit *e, const struct problem *p)
{
	size_t n = p->items_n < PROBLEM_ITEMS_MAX ? p->items_n : PROBLEM_ITEMS_MAX;
	size_t i;

	emit_open_array(e, "errors");
	for (i = 0; i < n; i++) {
		emit_open(e, NULL);
		emit_text(e, "pointer", p->items[i].pointer);
		emit_text(e, "code", p->items[i].code);
		emit_text(e, "detail", p->items[i].detail);
		emit_close(e);
	}
	emit_close_array(e);
}

/* A problem may come with items only; the first of them is then worth saying in a sentence. */
static const char *problem_detail(const struct request *req, const struct problem *p,
				  const struct problem_row *row)
{
	if (p->detail[0])
		return p->detail;
	if (!p->items_n)
		return arena_printf(req->arena, "%s.", row->title);
	if (p->items_n == 1)
		return arena_printf(req->arena, "%s: %s", p->items[0].pointer, p->items[0].detail);
	return arena_printf(req->arena, "%zu members are wrong, the first is %s: %s", p->items_n,
			    p->items[0].pointer, p->items[0].detail);
}

static void problem_headers(const struct request *req, const struct problem *p,
			    const struct problem_row *row, struct reply *ret)
{
	int wait_s = p->retry_after_s;

	if (p->kind == PROBLEM_AUTH_MISSING)
		reply_header(ret, req->arena, "WWW-Authenticate", "Bearer realm=\"carillon\"");
	else if (row->status == 401)
		reply_header(ret, req->arena, "WWW-Authenticate",
			     "Bearer realm=\"carillon\", error=\"invalid_token\", "
			     "error_description=\"%s\"",
			     row->title);
	else if (p->kind == PROBLEM_SCOPE)
		reply_header(ret, req->arena, "WWW-Authenticate",
			     "Bearer realm=\"carillon\", error=\"insufficient_scope\"");
	if (!wait_s && (row->status == 503 || row->status == 429))
		wait_s = BUSY_RETRY_S;
	if (wait_s)
		reply_header(ret, req->arena, "Retry-After", "%d", wait_s);
}

void problem_emit(const struct request *req, const struct problem *p, const char *key,
		  struct emit *e)
{
	const struct problem_row *row = problem_row(p->kind);
	const char *detail = problem_detail(req, p, row);

	emit_open(e, key);
	emit_text(e, "type", arena_printf(req->arena, "urn:carillon:problem:%s", row->code));
	emit_text(e, "title", row->title);
	emit_int(e, "status", row->status);
	emit_text(e, "detail", detail);
	emit_text(e, "instance", arena_printf(req->arena, "urn:request:%s", req->request_id));
	emit_text(e, "code", row->code);
	emit_text(e, "request_id", req->request_id);
	problem_items(e, p);
	if (!p->has_own_error) {
		emit_open(e, "error");
		emit_text(e, "code", row->code);
		emit_text(e, "message", detail);
		emit_close(e);
	}
	if (p->extra[0]) {
		buf_adds(e->out, ",");
		buf_adds(e->out, p->extra);
	}
	emit_close(e);
}

void problem_json(const struct request *req, const struct problem *p, struct reply *ret)
{
	const struct problem_row *row = problem_row(p->kind);
	size_t i, kept = 0;

	/* What a handler prepared for success does not hold any more, but for how often to ask. */
	for (i = 0; i < ret->headers_n; i++) {
		if (ret->headers[i].name[0] == 'R')
			ret->headers[kept++] = ret->headers[i];
	}
	ret->headers_n = kept;
	buf_clear(&ret->body);
	ret->emit = (struct emit)EMIT(&ret->body);
	ret->status = row->status;
	ret->version = 0;
	ret->content_type = "application/problem+json";
	problem_headers(req, p, row, ret);
	problem_emit(req, p, NULL, &ret->emit);
}

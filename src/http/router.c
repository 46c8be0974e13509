/* SPDX-License-Identifier: Apache-2.0 */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "http/path.h"
#include "http/problem_json.h"

#define QUERY_TEXT_MAX 500

struct router { /* what one request passes through */
	const struct route_table *table;
	const struct router_hooks *hooks;
	enum route_pool pool;
	struct request *req;
	struct reply *ret;
	unsigned allow;
};

static bool byte_is_id(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_';
}

static bool id_is_shaped(const char *s, size_t len)
{
	size_t i;

	if (!len || len > 64)
		return false;
	for (i = 0; i < len; i++) {
		if (!byte_is_id(s[i]))
			return false;
	}
	return true;
}

static bool segment_matches(const char *want, size_t want_n, const char *got, size_t got_n)
{
	if (want[0] != '{')
		return want_n == got_n && memcmp(want, got, got_n) == 0;
	if (want_n == 4 && memcmp(want, "{id}", 4) == 0)
		return id_is_shaped(got, got_n);
	return got_n > 0;
}

/*
 * 0: no match. Otherwise one bit a segment, set for a literal one, the first segment highest: of
 * two patterns that match a path the greater number is the more literal one.
 */
static unsigned pattern_weight(const char *pattern, const char *path)
{
	unsigned weight = 1U << 31, bit = 1U << 30;
	const char *w = pattern, *g = path;

	while (*w && *g) {
		size_t want_n = strcspn(++w, "/"), got_n = strcspn(++g, "/");

		if (!segment_matches(w, want_n, g, got_n))
			return 0;
		if (*w != '{')
			weight |= bit;
		bit >>= 1;
		w += want_n;
		g += got_n;
	}
	return *w || *g ? 0 : weight;
}

static void route_take(const struct route *route, struct request *req)
{
	const char *w = route->pattern, *g = req->path;
	size_t n = 0;

	req->route = route;
	memset(req->params, 0, sizeof(req->params));
	while (*w && *g) {
		size_t want_n = strcspn(++w, "/"), got_n = strcspn(++g, "/");

		if (*w == '{' && n < REQUEST_PARAMS_MAX)
			req->params[n++] = arena_strndup(req->arena, g, got_n);
		w += want_n;
		g += got_n;
	}
}

struct candidate {
	const struct route *route; /* of the method asked for; NULL: the path has none */
	unsigned weight, methods;
};

static void candidate_weigh(struct candidate *c, const struct route *row, const struct request *req)
{
	unsigned weight = pattern_weight(row->pattern, req->path);
	bool is_head = req->method == HTTP_HEAD && row->method == HTTP_GET;

	if (!weight || weight < c->weight)
		return;
	if (weight > c->weight)
		*c = (struct candidate){ NULL, weight, 0 };
	c->methods |= (unsigned)row->method;
	if (row->method == req->method || is_head)
		c->route = row;
}

enum route_match router_match(const struct route_table *t, struct request *req, unsigned *ret_allow)
{
	const struct route *const *family;
	const struct route *row;
	struct candidate best = { NULL, 0, 0 };

	for (family = t->families; *family; family++) {
		for (row = *family; row->pattern; row++)
			candidate_weigh(&best, row, req);
	}
	if (!best.weight)
		return ROUTE_NO_PATH;
	if (best.methods & (unsigned)HTTP_GET)
		best.methods |= (unsigned)HTTP_HEAD;
	*ret_allow = best.methods | (unsigned)HTTP_OPTIONS;
	if (!best.route)
		return ROUTE_NO_METHOD;
	route_take(best.route, req);
	return ROUTE_FOUND;
}

static int query_check_int(const struct query_param *q, const char *value, struct problem *reterr)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	if (!*value || *end || (*value != '-' && (*value < '0' || *value > '9')))
		return problem_add(reterr, q->name, "wrong_type", "a whole number is wanted");
	if ((q->least || q->most) && (n < q->least || n > q->most))
		return problem_add(reterr, q->name, "out_of_range", "%lld to %lld",
				   (long long)q->least, (long long)q->most);
	return 0;
}

static int query_check_text(const struct query_param *q, const char *value, struct problem *reterr)
{
	size_t most = q->most ? (size_t)q->most : QUERY_TEXT_MAX;

	if (utf8_points(value) > most)
		return problem_add(reterr, q->name, "too_long", "at most %zu characters", most);
	if (utf8_points(value) < (size_t)q->least)
		return problem_add(reterr, q->name, "too_short", "at least %lld characters",
				   (long long)q->least);
	return 0;
}

static int query_check_id(const struct query_param *q, const char *value, struct problem *reterr)
{
	if (!id_is_shaped(value, strlen(value)))
		return problem_add(reterr, q->name, "wrong_type", "an id is wanted");
	return 0;
}

static int query_check_word(const struct query_param *q, const char *value, struct problem *reterr)
{
	size_t i = 0;

	while (byte_is_id(value[i]) || value[i] == '.')
		i++;
	if (!i || value[i] || i > 64)
		return problem_add(reterr, q->name, "wrong_type",
				   "a word of letters, digits, dots and underscores is wanted");
	return 0;
}

static int query_check_bool(const struct query_param *q, const char *value, struct problem *reterr)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return problem_add(reterr, q->name, "wrong_type", "true or false");
	return 0;
}

static int query_check_instant(const struct query_param *q, const char *value,
			       struct problem *reterr)
{
	int64_t us;

	if (rfc3339_parse(value, &us) < 0)
		return problem_add(reterr, q->name, "wrong_type",
				   "a time such as 2026-03-23T14:30:00Z is wanted");
	return 0;
}

static int query_check_enum(const struct query_param *q, const char *value, struct problem *reterr)
{
	char words[160] = "";
	size_t i, n = 0;

	for (i = 0; q->choices && q->choices[i]; i++) {
		size_t len = strlen(q->choices[i]);

		if (strcmp(q->choices[i], value) == 0)
			return 0;
		if (n + len + 3 > sizeof(words))
			continue;
		if (n)
			words[n++] = ' ';
		memcpy(words + n, q->choices[i], len);
		n += len;
		words[n] = '\0';
	}
	return problem_add(reterr, q->name, "not_a_choice", "one of: %s", words);
}

/* Whether it is one of ours is told by its MAC; its own list looks at that. */
static int query_check_cursor(const struct query_param *q, const char *value,
			      struct problem *reterr)
{
	if (!*value || strlen(value) > 200)
		return problem_add(reterr, q->name, "wrong_type", "a cursor is wanted");
	return 0;
}

static int (*const query_checks[])(const struct query_param *q, const char *value,
				   struct problem *reterr) = {
	[QUERY_TEXT] = query_check_text, [QUERY_ID] = query_check_id,
	[QUERY_WORD] = query_check_word, [QUERY_INT] = query_check_int,
	[QUERY_BOOL] = query_check_bool, [QUERY_INSTANT] = query_check_instant,
	[QUERY_ENUM] = query_check_enum, [QUERY_CURSOR] = query_check_cursor,
};

static const struct query_param *query_row(const struct route *route, const char *name)
{
	const struct query_param *q;

	for (q = route->query; q && q->name; q++) {
		if (strcmp(q->name, name) == 0)
			return q;
	}
	return NULL;
}

static int router_query(struct router *r, struct problem *reterr)
{
	struct request *req = r->req;
	size_t i;

	if (request_read_query(req, reterr) < 0)
		return -1;
	for (i = 0; i < req->query_n; i++) {
		const struct query_param *q = query_row(req->route, req->query[i].name);

		if (!q)
			problem_add(reterr, req->query[i].name, "unknown_parameter",
				    "this route has no such query parameter");
		else if (request_query(req, q->name) != req->query[i].value)
			problem_add(reterr, q->name, "duplicate", "given twice");
		else
			query_checks[q->kind](q, req->query[i].value, reterr);
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

/* Routes without a body schema take {} as well: many clients send it with every POST. */
struct no_body {
	uint64_t present;
};
static const struct field no_body_fields[] = { { 0 } };
static const struct schema no_body_schema = { "Nothing", sizeof(struct no_body), no_body_fields };

/* The handler reads it. */
static int body_unread(const struct request *req, struct problem *reterr)
{
	if (req->route->body_max != BODY_LINES || request_is_lines(req))
		return 0;
	return problem_set(reterr, PROBLEM_UNSUPPORTED_TYPE,
			   "Send the body as Content-Type: application/x-ndjson.");
}

static int router_body(struct router *r, struct problem *reterr)
{
	struct request *req = r->req;
	const struct route *route = req->route;
	const struct schema *schema = route->body ? route->body : &no_body_schema;
	void *in = NULL;

	if (route->body_max == -2 || route->body_max == BODY_LINES)
		return body_unread(req, reterr);
	if (route->body_max > 0 && req->body_n > (size_t)route->body_max)
		return problem_set(reterr, PROBLEM_TOO_LARGE,
				   "At most %lld bytes are accepted here.",
				   (long long)route->body_max);
	if (!req->body_n && (!route->body || route->is_body_optional))
		return 0;
	if (req->body_n && !request_is_json(req))
		return problem_set(reterr, PROBLEM_UNSUPPORTED_TYPE,
				   "Send the body as Content-Type: application/json.");
	/* Without a body every required member is missing: the schema says which. */
	if (schema_bind(schema, req->body_n ? req->body : "{}", req->body_n ? req->body_n : 2,
			req->arena, &in, reterr) < 0)
		return -1;
	req->in = route->body ? in : NULL;
	return 0;
}

static int router_scope(struct router *r, struct problem *reterr)
{
	uint64_t missing = r->req->route->scope & ~r->hooks->scopes_of(r->req->principal);
	char words[SCOPES_TEXT_MAX];

	if (!missing)
		return 0;
	scopes_print(missing, words);
	problem_set(reterr, PROBLEM_SCOPE, "The credentials lack the scope %s.", words);
	if (r->hooks->deny)
		r->hooks->deny(r->req, reterr);
	return -1;
}

static int router_authenticate(struct router *r, struct problem *reterr)
{
	const char *value = request_header(r->req, "authorization");
	const char *token = NULL;

	if (value && strncasecmp(value, "Bearer ", 7) == 0)
		token = value + 7 + strspn(value + 7, " ");
	if (!token || !*token)
		return problem_set(
			reterr, PROBLEM_AUTH_MISSING,
			"Send Authorization: Bearer with an access token or an API key.");
	return r->hooks->authenticate(r->req, token, reterr);
}

/* Who calls, whether so often, and whether that at all. */
static int router_admit(struct router *r, struct problem *reterr)
{
	const struct route *route = r->req->route;

	if (route->auth == AUTH_BEARER && router_authenticate(r, reterr) < 0)
		return -1;
	if (r->hooks->admit && route->rate != RATE_NONE && r->hooks->admit(r->req, reterr) < 0)
		return -1;
	return route->auth == AUTH_BEARER ? router_scope(r, reterr) : 0;
}

static int router_key(struct router *r, struct problem *reterr)
{
	const enum http_method method = r->req->route->method;

	if (method != HTTP_POST && method != HTTP_PATCH)
		return 0;
	return request_idempotency_key(r->req, &r->req->idempotency_key, reterr);
}

static int router_prepare(struct router *r, struct problem *reterr)
{
	const struct route *route = r->req->route;

	if (!r->hooks->prepare || (route->auth == AUTH_NONE && route->rate == RATE_NONE))
		return 0;
	return r->hooks->prepare(r->req, reterr);
}

static int router_find(struct router *r, struct problem *reterr)
{
	struct request *req = r->req;

	switch (router_match(r->table, req, &r->allow)) {
	case ROUTE_NO_PATH:
		return problem_set(reterr, PROBLEM_NOT_FOUND, "There is nothing at this path.");
	case ROUTE_NO_METHOD:
		if (req->method == HTTP_OPTIONS)
			return 0;
		return problem_set(reterr, PROBLEM_METHOD, "This path allows %s.",
				   http_methods_print(req->arena, r->allow));
	case ROUTE_FOUND:
		break;
	}
	if (req->route->pool != POOL_BOTH && req->route->pool != r->pool)
		return problem_set(reterr, PROBLEM_WRONG_POOL,
				   "The web server sent this path to the wrong pool; its location "
				   "list is out of date.");
	return 0;
}

static int router_run(struct router *r, struct problem *reterr)
{
	struct request *req = r->req;

	if (req->raw.refusal != PROBLEM_NONE)
		return problem_set(reterr, req->raw.refusal, "%s", req->raw.refusal_detail);
	if (path_canonical(req->arena, req->raw.document_uri, req->raw.request_uri, &req->path,
			   reterr) < 0)
		return -1;
	if (router_find(r, reterr) < 0)
		return -1;
	if (!req->route) { /* OPTIONS */
		r->ret->status = 204;
		reply_header(r->ret, req->arena, "Allow", "%s",
			     http_methods_print(req->arena, r->allow));
		return 0;
	}
	if (router_prepare(r, reterr) < 0 || router_admit(r, reterr) < 0)
		return -1;
	if (router_key(r, reterr) < 0 || router_query(r, reterr) < 0 || router_body(r, reterr) < 0)
		return -1;
	if ((r->hooks->run ? r->hooks->run : req->route->handler)(req, r->ret, reterr) < 0)
		return -1;
	if (!r->ret->status)
		r->ret->status = req->route->ok;
	return 0;
}

void router_serve(const struct route_table *t, const struct router_hooks *hooks,
		  enum route_pool pool, struct request *req, struct reply *ret)
{
	struct router r = { t, hooks, pool, req, ret, 0 };
	struct problem problem;

	problem_clear(&problem);
	if (router_run(&r, &problem) < 0) {
		if (problem_row(problem.kind)->status == 500)
			log_line(LOG_LEVEL_ERROR, "request.failed", "detail=\"%s\"",
				 problem.detail);
		problem_json(req, &problem, ret);
		if (problem.kind == PROBLEM_METHOD)
			reply_header(ret, req->arena, "Allow", "%s",
				     http_methods_print(req->arena, r.allow));
	}
	reply_finish(req, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "base/config.h"
#include "http/router.h"
#include "support/suite.h"

struct note {
	uint64_t present;
	const char *text;
};
static const struct field note_fields[] = {
	{ .name = "text",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct note, text),
	  .flags = FIELD_REQUIRED,
	  .most = 10 },
	{ .name = NULL },
};
static const struct schema note_schema = { "Note", sizeof(struct note), note_fields };

static int handle(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct note *in = req->in;

	(void)reterr;
	ret->version = 7;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "operation", req->route->operation);
	emit_text(&ret->emit, "id", req->params[0]);
	emit_text(&ret->emit, "text", in ? in->text : NULL);
	emit_close(&ret->emit);
	return 0;
}

static int refuse(struct request *req, struct reply *ret, struct problem *reterr)
{
	emit_open(&ret->emit, NULL);
	reply_header(ret, req->arena, "Location", "/left/over");
	problem_set(reterr, PROBLEM_BUSY, "Come back \"later\".");
	reterr->retry_after_s = 9;
	return -1;
}

static const char *const colours[] = { "red", "green", NULL };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, 100, NULL, "" },   { "open", QUERY_BOOL, 0, 0, NULL, "" },
	{ "since", QUERY_INSTANT, 0, 0, NULL, "" }, { "colour", QUERY_ENUM, 0, 0, colours, "" },
	{ "note", QUERY_ID, 0, 0, NULL, "" },       { "word", QUERY_TEXT, 2, 5, NULL, "" },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "" }, { NULL, 0, 0, 0, NULL, NULL },
};

#define SCOPE_RW (SCOPE_BIT(SCOPE_CONTENT_READ) | SCOPE_BIT(SCOPE_CONTENT_WRITE))
/* clang-format off */
static const struct route rows[] = {
	{ HTTP_GET, "/v1/notes", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_READ, .query = list_query, .ok = 200, .handler = handle, .operation = "list" },
	{ HTTP_POST, "/v1/notes", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_WRITE, .body = &note_schema, .ok = 201, .handler = handle, .operation = "create" },
	{ HTTP_GET, "/v1/notes/{id}", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_READ, .ok = 200, .handler = handle, .operation = "get" },
	{ HTTP_DELETE, "/v1/notes/{id}", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_WRITE, .ok = 204, .handler = handle, .operation = "delete" },
	{ HTTP_POST, "/v1/notes/validate", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_READ, .body_max = 20, .body = &note_schema, .is_body_optional = true, .ok = 200, .handler = handle, .operation = "validate" },
	{ HTTP_POST, "/v1/notes/{id}/send", .pool = POOL_PLATFORM, .auth = AUTH_NONE, .rate = RATE_READ, .ok = 200, .handler = handle, .operation = "send" },
	{ HTTP_GET, "/m/{id}/{expiry}/{file}", .pool = POOL_BOTH, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = handle, .operation = "media" },
	{ HTTP_GET, "/v1/secret", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_RW, .rate = RATE_READ, .ok = 200, .handler = handle, .operation = "secret" },
	{ HTTP_GET, "/v1/busy", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = refuse, .operation = "busy" },
	{ .pattern = NULL },
};
/* clang-format on */
static const struct route *const families[] = { rows, NULL };
static const struct route_table table = { families };

struct principal {
	uint64_t scopes;
};
static const struct principal reader = { SCOPE_BIT(SCOPE_CONTENT_READ) }, writer = { SCOPE_RW };

static int authenticate(struct request *req, const char *bearer, struct problem *reterr)
{
	if (strcmp(bearer, "old") == 0)
		return problem_set(reterr, PROBLEM_TOKEN_EXPIRED, "Log in again.");
	if (strcmp(bearer, "reader") != 0 && strcmp(bearer, "writer") != 0)
		return problem_set(reterr, PROBLEM_TOKEN_INVALID, "No.");
	req->principal = strcmp(bearer, "reader") == 0 ? &reader : &writer;
	return 0;
}

static uint64_t scopes_of(const struct principal *p)
{
	return p->scopes;
}

static int prepare_down(struct request *req, struct problem *reterr)
{
	(void)req;
	return problem_set(reterr, PROBLEM_DB_DOWN, "Down.");
}

static int admit_none(struct request *req, struct problem *reterr)
{
	req->rate_policy = "\"key\";q=1;w=60";
	req->rate_left = "\"key\";r=0;t=7";
	problem_set(reterr, PROBLEM_RATE_LIMITED, "Enough.");
	reterr->retry_after_s = 7;
	return -1;
}

static struct router_hooks hooks = { .authenticate = authenticate, .scopes_of = scopes_of };

struct exchange {
	struct arena *arena;
	struct config config;
	struct app app;
	struct name_value headers[8];
	struct request req;
	struct reply reply;
	json_t *json;
};

static struct exchange x;

static void exchange_open(void)
{
	memset(&x, 0, sizeof(x));
	x.arena = arena_new();
	x.config.server_cors_origins = "https://a.example https://b.example";
	x.app.config = &x.config;
	x.req.app = &x.app;
	x.req.arena = x.arena;
	x.req.headers = x.headers;
	x.req.request_id = "req_1";
	hooks.prepare = NULL;
	hooks.admit = NULL;
	reply_reset(&x.reply);
}

static void exchange_close(void)
{
	json_decref(x.json);
	buf_done(&x.reply.body);
	arena_free(x.arena);
}

static void header(const char *name, const char *value)
{
	x.headers[x.req.headers_n++] = (struct name_value){ name, value };
}

static void serve(const char *method, const char *target, const char *body)
{
	x.req.method = http_method_parse(method);
	x.req.raw.request_uri = target;
	x.req.raw.document_uri = arena_strndup(x.arena, target, strcspn(target, "?"));
	x.req.raw.query_string = strchr(target, '?') ? strchr(target, '?') + 1 : "";
	x.req.body = body;
	x.req.body_n = body ? strlen(body) : 0;
	router_serve(&table, &hooks, POOL_API, &x.req, &x.reply);
	if (x.reply.body.len)
		x.json = json_loadb(x.reply.body.p, x.reply.body.len, 0, NULL);
}

static const char *reply_value(const char *name)
{
	size_t i;

	for (i = 0; i < x.reply.headers_n; i++) {
		if (strcmp(x.reply.headers[i].name, name) == 0)
			return x.reply.headers[i].value;
	}
	return NULL;
}

static const char *member(const char *name)
{
	return json_string_value(json_object_get(x.json, name));
}

static const struct {
	const char *method, *target, *body;
	int status;
	const char *what; /* operation, or the problem's code */
} cases[] = {
	{ "GET", "/v1/notes", NULL, 200, "list" },
	{ "HEAD", "/v1/notes", NULL, 200, "list" },
	{ "GET", "/v1/notes/n_1", NULL, 200, "get" },
	{ "POST", "/v1/notes/validate", NULL, 200, "validate" },
	{ "GET", "/v1/notes/validate", NULL, 405, "method_not_allowed" },
	{ "DELETE", "/v1/notes/validate", NULL, 405, "method_not_allowed" },
	{ "PUT", "/v1/notes/n_1", NULL, 405, "method_not_allowed" },
	{ "BREW", "/v1/notes", NULL, 405, "method_not_allowed" },
	{ "BREW", "/v1/nothing", NULL, 404, "not_found" },
	{ "GET", "/v1/notes/has-dash", NULL, 404, "not_found" },
	{ "GET", "/v1/notes/has.dot", NULL, 404, "not_found" },
	{ "GET", "/v1/notes/x/y", NULL, 404, "not_found" },
	{ "GET", "/v1", NULL, 404, "not_found" },
	{ "GET", "/", NULL, 404, "not_found" },
	{ "GET", "/v1/notes/%6e", NULL, 400, "bad_path" },
	{ "GET", "/m/med_1/177/ab-_.mp4", NULL, 200, "media" },
	{ "POST", "/v1/notes/n_1/send", NULL, 500, "wrong_pool" },
	{ "POST", "/v1/notes", "{\"text\":\"a\"}", 201, "create" },
	{ "POST", "/v1/notes", "{\"text\":\"a\",\"other\":1}", 422, "validation_failed" },
	{ "POST", "/v1/notes", "{\"text\":\"a\",\"text\":\"b\"}", 400, "malformed_json" },
	{ "POST", "/v1/notes", "{\"text\":", 400, "malformed_json" },
	{ "POST", "/v1/notes", NULL, 422, "validation_failed" },
	{ "POST", "/v1/notes/validate", "{\"text\":\"aaaaaaaaaaaa\"}", 413, "payload_too_large" },
	{ "GET", "/v1/notes", "{}", 200, "list" },
	{ "GET", "/v1/notes", "{\"a\":1}", 422, "validation_failed" },
	{ "GET", "/v1/notes?limit=100&open=true&colour=red&note=n_1&word=abc&cursor=x", NULL, 200,
	  "list" },
	{ "GET", "/v1/notes?since=2026-03-23T14%3A30%3A00Z", NULL, 200, "list" },
	{ "GET", "/v1/notes?limit=101", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?limit=x", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?limit=", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?limit=+5", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?open=1", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?since=yesterday", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?colour=blue", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?note=a-b", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?word=a", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?word=abcdef", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?limit=1&limit=2", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?other=1", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes/n_1?limit=1", NULL, 422, "validation_failed" },
	{ "GET", "/v1/notes?word=%zz", NULL, 400, "bad_request" },
	{ "GET", "/v1/notes?word=%00a", NULL, 400, "bad_request" },
	{ "GET", "/v1/notes?word=%ff", NULL, 400, "bad_request" },
	{ "GET", "/v1/notes?word=a%", NULL, 400, "bad_request" },
	{ "GET", "/v1/secret", NULL, 401, "authentication_required" },
};

START_TEST(answers_as_the_rows_say)
{
	exchange_open();
	if (cases[_i].body)
		header("content-type", "application/json");
	serve(cases[_i].method, cases[_i].target, cases[_i].body);
	ck_assert_msg(x.reply.status == cases[_i].status, "%s %s: %d %s", cases[_i].method,
		      cases[_i].target, x.reply.status, buf_str(&x.reply.body));
	ck_assert_str_eq(member(cases[_i].status < 400 ? "operation" : "code"), cases[_i].what);
	ck_assert_str_eq(reply_value("X-Request-Id"), "req_1");
	ck_assert_str_eq(reply_value("Cache-Control"), "no-store");
	exchange_close();
}
END_TEST

START_TEST(unknown_parameters_are_all_named)
{
	json_t *errors;

	exchange_open();
	serve("GET", "/v1/notes?a=1&b=2&limit=0", NULL);
	errors = json_object_get(x.json, "errors");
	ck_assert_uint_eq(json_array_size(errors), 3);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(errors, 0), "pointer")),
			 "a");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(errors, 1), "code")),
			 "unknown_parameter");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(errors, 2), "pointer")),
			 "limit");
	exchange_close();
}
END_TEST

START_TEST(allow_lists_the_methods_of_the_path)
{
	exchange_open();
	serve("PUT", "/v1/notes", NULL);
	ck_assert_str_eq(reply_value("Allow"), "GET, HEAD, POST, OPTIONS");
	exchange_close();
	exchange_open();
	serve("OPTIONS", "/v1/notes/n_1", NULL);
	ck_assert_int_eq(x.reply.status, 204);
	ck_assert_str_eq(reply_value("Allow"), "GET, HEAD, DELETE, OPTIONS");
	ck_assert_ptr_null(reply_value("Access-Control-Allow-Origin"));
	exchange_close();
	exchange_open();
	serve("OPTIONS", "/v1/notes/validate", NULL);
	ck_assert_str_eq(reply_value("Allow"), "POST, OPTIONS");
	exchange_close();
}
END_TEST

START_TEST(cors_is_for_configured_origins_only)
{
	static const char *const strangers[] = { "https://evil.example", "https://a.example.evil",
						 "https://a.exampl", "null", "" };
	size_t i;

	exchange_open();
	header("origin", "https://b.example");
	serve("OPTIONS", "/v1/notes", NULL);
	ck_assert_str_eq(reply_value("Access-Control-Allow-Origin"), "https://b.example");
	ck_assert_ptr_nonnull(reply_value("Access-Control-Allow-Methods"));
	ck_assert_ptr_null(reply_value("Access-Control-Allow-Credentials"));
	exchange_close();
	for (i = 0; i < ARRAY_LEN(strangers); i++) {
		exchange_open();
		header("origin", strangers[i]);
		serve("GET", "/v1/notes", NULL);
		ck_assert_ptr_null(reply_value("Access-Control-Allow-Origin"));
		ck_assert_str_eq(reply_value("Vary"), "Origin");
		exchange_close();
	}
}
END_TEST

static const struct {
	const char *authorization;
	int status;
	const char *code, *challenge;
} bearers[] = {
	{ NULL, 401, "authentication_required", "Bearer realm=\"carillon\"" },
	{ "Basic dTpw", 401, "authentication_required", "Bearer realm=\"carillon\"" },
	{ "Bearer", 401, "authentication_required", "Bearer realm=\"carillon\"" },
	{ "Bearer  ", 401, "authentication_required", "Bearer realm=\"carillon\"" },
	{ "Bearer x", 401, "invalid_token", "invalid_token" },
	{ "Bearer old", 401, "token_expired", "invalid_token" },
	{ "Bearer reader", 403, "insufficient_scope", "insufficient_scope" },
	{ "Bearer writer", 200, NULL, NULL },
	{ "bearer writer", 200, NULL, NULL },
};

START_TEST(bearer_decides_who_may)
{
	exchange_open();
	if (bearers[_i].authorization)
		header("authorization", bearers[_i].authorization);
	serve("GET", "/v1/secret", NULL);
	ck_assert_int_eq(x.reply.status, bearers[_i].status);
	if (bearers[_i].code) {
		ck_assert_str_eq(member("code"), bearers[_i].code);
		ck_assert_ptr_nonnull(
			strstr(reply_value("WWW-Authenticate"), bearers[_i].challenge));
	}
	if (bearers[_i].status == 403)
		ck_assert_ptr_nonnull(strstr(member("detail"), "content:write"));
	exchange_close();
}
END_TEST

static const struct {
	const char *type;
	int status;
} types[] = {
	{ "application/json", 201 },
	{ "Application/JSON; charset=utf-8", 201 },
	{ "application/json;charset=\"UTF-8\"", 201 },
	{ "application/json; charset=latin1", 415 },
	{ "text/plain", 415 },
	{ "application/jsonx", 415 },
	{ "application/x-www-form-urlencoded", 415 },
	{ NULL, 415 },
};

START_TEST(content_type_must_be_json)
{
	exchange_open();
	if (types[_i].type)
		header("content-type", types[_i].type);
	serve("POST", "/v1/notes", "{\"text\":\"a\"}");
	ck_assert_int_eq(x.reply.status, types[_i].status);
	exchange_close();
}
END_TEST

START_TEST(etag_and_if_none_match)
{
	exchange_open();
	serve("GET", "/v1/notes", NULL);
	ck_assert_str_eq(reply_value("ETag"), "\"7\"");
	exchange_close();
	exchange_open();
	header("if-none-match", "\"3\", W/\"7\"");
	serve("GET", "/v1/notes", NULL);
	ck_assert_int_eq(x.reply.status, 304);
	ck_assert_uint_eq(x.reply.body.len, 0);
	exchange_close();
}
END_TEST

static const struct {
	const char *value;
	int rc;
	int64_t version;
} matches[] = {
	{ NULL, 0, 0 },
	{ "*", 0, 0 },
	{ "\"7\"", 0, 7 },
	{ "\"6\", \"7\"", 0, 7 },
	{ "\"abc\", \"2\"", 0, 2 },
	{ "W/\"7\"", -1, 0 },
	{ "7", -1, 0 },
	{ "\"07\"", -1, 0 },
	{ "\"7x\"", -1, 0 },
	{ "\"-7\"", -1, 0 },
	{ "\"", -1, 0 },
	{ "\"abc\"", -1, 0 },
};

START_TEST(if_match_reads_versions)
{
	struct problem problem = { 0 };
	int64_t version = 0;

	exchange_open();
	if (matches[_i].value)
		header("if-match", matches[_i].value);
	ck_assert_int_eq(request_if_match(&x.req, &version, &problem), matches[_i].rc);
	if (matches[_i].rc < 0)
		ck_assert_int_eq(problem.kind, PROBLEM_VERSION);
	else
		ck_assert_int_eq(version, matches[_i].version);
	exchange_close();
}
END_TEST

static const struct {
	const char *value;
	int want;
} waits[] = { { NULL, 25 },
	      { "wait=3", 3 },
	      { "respond-async, wait=4", 4 },
	      { "wait=0", 0 },
	      { "wait=999", 30 },
	      { "wait=-1", 25 },
	      { "WAIT=5", 5 },
	      { "wait=x", 25 },
	      { "await=5", 25 },
	      { "wait=99999999999999999999", 30 } };

START_TEST(prefer_wait_is_clamped)
{
	exchange_open();
	if (waits[_i].value)
		header("prefer", waits[_i].value);
	ck_assert_int_eq(request_prefer_wait_s(&x.req, 25, 30), waits[_i].want);
	exchange_close();
}
END_TEST

START_TEST(problem_document_has_every_member)
{
	static const char *const texts[] = { "type",     "title", "detail",
					     "instance", "code",  "request_id" };
	json_t *error;
	size_t i;

	exchange_open();
	serve("GET", "/v1/busy", NULL);
	ck_assert_int_eq(x.reply.status, 503);
	ck_assert_str_eq(x.reply.content_type, "application/problem+json");
	for (i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(member(texts[i]) && *member(texts[i]), "%s", texts[i]);
	ck_assert_int_eq(json_integer_value(json_object_get(x.json, "status")), 503);
	ck_assert(json_is_array(json_object_get(x.json, "errors")));
	error = json_object_get(x.json, "error");
	ck_assert_str_eq(json_string_value(json_object_get(error, "code")), "busy");
	ck_assert_str_eq(json_string_value(json_object_get(error, "message")),
			 "Come back \"later\".");
	ck_assert_str_eq(reply_value("Retry-After"), "9");
	ck_assert_ptr_null(reply_value("Location"));
	exchange_close();
}
END_TEST

START_TEST(transport_refusal_is_a_problem)
{
	exchange_open();
	x.req.raw.refusal = PROBLEM_TOO_LARGE;
	x.req.raw.refusal_detail = "Too much.";
	serve("POST", "/v1/notes", NULL);
	ck_assert_int_eq(x.reply.status, 413);
	exchange_close();
}
END_TEST

START_TEST(database_down_stops_all_but_open_unlimited_routes)
{
	exchange_open();
	hooks.prepare = prepare_down;
	serve("GET", "/v1/notes", NULL);
	ck_assert_int_eq(x.reply.status, 503);
	ck_assert_ptr_nonnull(reply_value("Retry-After"));
	exchange_close();
	exchange_open();
	hooks.prepare = prepare_down;
	serve("GET", "/m/med_1/1/f.jpg", NULL);
	ck_assert_int_eq(x.reply.status, 200);
	exchange_close();
}
END_TEST

/* Whoever is unknown is told so; who is known is limited before his scopes and request are looked at. */
START_TEST(limits_come_after_the_caller_and_before_the_rest)
{
	static const struct {
		const char *bearer, *path;
		int status;
	} calls[] = {
		{ "Bearer nobody", "/v1/secret", 401 }, { "Bearer reader", "/v1/secret?a=b", 429 },
		{ NULL, "/v1/notes?a=b", 429 },         { NULL, "/m/med_1/1/f.jpg", 200 },
		{ NULL, "/v1/nothing", 404 },
	};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		exchange_open();
		hooks.admit = admit_none;
		if (calls[i].bearer)
			header("authorization", calls[i].bearer);
		serve("GET", calls[i].path, NULL);
		ck_assert_msg(x.reply.status == calls[i].status, "%s: %d", calls[i].path,
			      x.reply.status);
		ck_assert_int_eq(reply_value("RateLimit") != NULL, calls[i].status == 429);
		if (calls[i].status == 429) {
			ck_assert_str_eq(reply_value("RateLimit-Policy"), "\"key\";q=1;w=60");
			ck_assert_str_eq(reply_value("Retry-After"), "7");
		}
		exchange_close();
	}
}
END_TEST

START_TEST(request_id_is_echoed_only_in_shape)
{
	static const char *const bad[] = { NULL, "", "a b", "a\nb", "a.b", "\xc3\xa4" };
	struct arena *a CLEANUP(arena_free) = arena_new();
	char *longest = arena_alloc(a, 66);
	size_t i;

	memset(longest, 'a', 64);
	ck_assert_str_eq(request_choose_id(a, "my-Request_1"), "my-Request_1");
	ck_assert_str_eq(request_choose_id(a, longest), longest);
	longest[64] = 'a';
	ck_assert_int_eq(strncmp(request_choose_id(a, longest), "req_", 4), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_uint_eq(strlen(request_choose_id(a, bad[i])), 30);
}
END_TEST

START_TEST(printed_reply_is_one_cgi_text)
{
	struct buf out = BUF_INIT;

	exchange_open();
	serve("HEAD", "/v1/notes", NULL);
	reply_header(&x.reply, x.arena, "Location", "%s", "/a\r\nSet-Cookie: x");
	reply_print(&x.req, &x.reply, &out);
	ck_assert_int_eq(strncmp(out.p, "Status: 200\r\n", 13), 0);
	ck_assert_ptr_null(strstr(out.p, "\nSet-Cookie"));
	ck_assert_ptr_nonnull(strstr(out.p, "Content-Length: 42\r\n"));
	ck_assert_str_eq(out.p + out.len - 4, "\r\n\r\n");
	buf_done(&out);
	exchange_close();
}
END_TEST

int main(void)
{
	const struct suite_case tests[] = {
		{ answers_as_the_rows_say, (int)ARRAY_LEN(cases) },
		{ unknown_parameters_are_all_named, 0 },
		{ allow_lists_the_methods_of_the_path, 0 },
		{ cors_is_for_configured_origins_only, 0 },
		{ bearer_decides_who_may, (int)ARRAY_LEN(bearers) },
		{ content_type_must_be_json, (int)ARRAY_LEN(types) },
		{ etag_and_if_none_match, 0 },
		{ if_match_reads_versions, (int)ARRAY_LEN(matches) },
		{ prefer_wait_is_clamped, (int)ARRAY_LEN(waits) },
		{ problem_document_has_every_member, 0 },
		{ transport_refusal_is_a_problem, 0 },
		{ database_down_stops_all_but_open_unlimited_routes, 0 },
		{ limits_come_after_the_caller_and_before_the_rest, 0 },
		{ request_id_is_echoed_only_in_shape, 0 },
		{ printed_reply_is_one_cgi_text, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "http_router",
		.cases = tests,
	});
}

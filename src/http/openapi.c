/* SPDX-License-Identifier: Apache-2.0 */
#include "http/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "http/rate.h"
#include "json/emit.h"

struct component {
	const struct schema *schema;
	bool is_input;
};

struct printer {
	struct emit e;
	struct arena *arena;
	const struct route_table *table;
	struct component *components;
	size_t components_n;
};

static void for_each_route(struct printer *p, void (*fn)(struct printer *p, const struct route *r))
{
	const struct route *const *family;
	const struct route *row;

	for (family = p->table->families; *family; family++) {
		for (row = *family; row->pattern; row++)
			fn(p, row);
	}
}

/* Nested schemas come after those that hold them, so the list is its own work queue. */
static void component_add(struct printer *p, const struct schema *s, bool is_input)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < p->components_n; i++) {
		if (strcmp(p->components[i].schema->name, s->name) != 0)
			continue;
		p->components[i].is_input = p->components[i].is_input && is_input;
		return;
	}
	p->components = alloc_resize(p->components, (p->components_n + 1) * sizeof(*p->components));
	p->components[p->components_n++] = (struct component){ s, is_input };
}

static void components_collect(struct printer *p, const struct route *r)
{
	component_add(p, r->body, true);
	component_add(p, r->reply, false);
}

static void components_nested(struct printer *p)
{
	const struct field *f;
	size_t i;

	for (i = 0; i < p->components_n; i++) {
		for (f = p->components[i].schema->fields; f->name; f++)
			component_add(p, f->nested, p->components[i].is_input);
	}
}

static void emit_ref(struct printer *p, const char *key, const struct schema *s)
{
	emit_open(&p->e, key);
	emit_text(&p->e, "$ref", arena_printf(p->arena, "#/components/schemas/%s", s->name));
	emit_close(&p->e);
}

struct kind_row {
	const char *type, *format, *pattern;
	const char *least, *most; /* keywords for the field's bounds; NULL: none */
};

static const struct kind_row kinds[] = {
	[FIELD_TEXT] = { "string", NULL, NULL, "minLength", "maxLength" },
	[FIELD_ID] = { "string", NULL, "^[0-9A-Za-z_]{1,64}$", NULL, NULL },
	[FIELD_URL] = { "string", "uri", NULL, NULL, NULL },
	[FIELD_EMAIL] = { "string", "email", NULL, NULL, NULL },
	[FIELD_TZ] = { "string", NULL, NULL, NULL, NULL },
	[FIELD_ENUM] = { "string", NULL, NULL, NULL, NULL },
	[FIELD_INT] = { "integer", "int64", NULL, "minimum", "maximum" },
	[FIELD_NUMBER] = { "number", NULL, NULL, NULL, NULL },
	[FIELD_BOOL] = { "boolean", NULL, NULL, NULL, NULL },
	[FIELD_INSTANT] = { "string", "date-time", NULL, NULL, NULL },
	[FIELD_TIME] = { "string", NULL, NULL, NULL, NULL },
	[FIELD_TEXTS] = { "array", NULL, NULL, "minItems", "maxItems" },
	[FIELD_IDS] = { "array", NULL, NULL, "minItems", "maxItems" },
	[FIELD_SOME] = { "array", NULL, NULL, "minItems", "maxItems" },
	[FIELD_OBJECT] = { "object", NULL, NULL, NULL, NULL },
	[FIELD_OBJECTS] = { "array", NULL, NULL, "minItems", "maxItems" },
	[FIELD_JSON] = { "object", NULL, NULL, NULL, NULL },
};

static void emit_choices(struct emit *e, const char *const *choices, bool is_nullable)
{
	size_t i;

	emit_open_array(e, "enum");
	for (i = 0; choices && choices[i]; i++)
		emit_text(e, NULL, choices[i]);
	if (is_nullable)
		emit_null(e, NULL);
	emit_close_array(e);
}

static void emit_type(struct emit *e, const char *type, bool is_nullable)
{
	if (!is_nullable) {
		emit_text(e, "type", type);
		return;
	}
	emit_open_array(e, "type");
	emit_text(e, NULL, type);
	emit_text(e, NULL, "null");
	emit_close_array(e);
}

static void emit_items(struct printer *p, const struct field *f)
{
	if (f->kind == FIELD_OBJECTS && f->nested) {
		emit_ref(p, "items", f->nested);
		return;
	}
	if (f->kind != FIELD_TEXTS && f->kind != FIELD_IDS && f->kind != FIELD_SOME)
		return;
	emit_open(&p->e, "items");
	emit_text(&p->e, "type", "string");
	if (f->kind == FIELD_IDS)
		emit_text(&p->e, "pattern", kinds[FIELD_ID].pattern);
	if (f->item_most)
		emit_int(&p->e, "maxLength", f->item_most);
	emit_close(&p->e);
}

static void emit_nested(struct printer *p, const struct field *f)
{
	if (!(f->flags & FIELD_NULLABLE)) {
		emit_text(&p->e, "$ref",
			  arena_printf(p->arena, "#/components/schemas/%s", f->nested->name));
		return;
	}
	emit_open_array(&p->e, "anyOf");
	emit_ref(p, NULL, f->nested);
	emit_open(&p->e, NULL);
	emit_text(&p->e, "type", "null");
	emit_close(&p->e);
	emit_close_array(&p->e);
}

static void emit_plain(struct printer *p, const struct field *f)
{
	const struct kind_row *k = &kinds[f->kind];
	bool is_nullable = (f->flags & FIELD_NULLABLE) != 0;

	emit_type(&p->e, k->type, is_nullable);
	if (k->format)
		emit_text(&p->e, "format", k->format);
	if (k->pattern)
		emit_text(&p->e, "pattern", k->pattern);
	if (k->least && f->least)
		emit_int(&p->e, k->least, f->least);
	if (k->most && f->most)
		emit_int(&p->e, k->most, f->most);
	if (f->kind == FIELD_ENUM)
		emit_choices(&p->e, f->choices, is_nullable);
	emit_items(p, f);
}

/* One of them, or an array of them. */
static void emit_some(struct printer *p, const struct field *f)
{
	emit_open_array(&p->e, "oneOf");
	emit_open(&p->e, NULL);
	emit_text(&p->e, "type", "string");
	if (f->item_most)
		emit_int(&p->e, "maxLength", f->item_most);
	emit_close(&p->e);
	emit_open(&p->e, NULL);
	emit_plain(p, f);
	emit_close(&p->e);
	emit_close_array(&p->e);
}

static void emit_field(struct printer *p, const struct field *f)
{
	emit_open(&p->e, f->name);
	if (f->sentence)
		emit_text(&p->e, "description", f->sentence);
	else if (f->kind == FIELD_TIME)
		emit_text(&p->e, "description",
			  "An RFC 3339 time, or YYYY-MM-DDTHH:MM[:SS] beside a timezone.");
	if (f->kind == FIELD_OBJECT && f->nested)
		emit_nested(p, f);
	else if (f->kind == FIELD_SOME)
		emit_some(p, f);
	else
		emit_plain(p, f);
	emit_close(&p->e);
}

static void emit_required(struct emit *e, const struct schema *s)
{
	const struct field *f;
	bool has_any = false;

	for (f = s->fields; f->name; f++)
		has_any = has_any || (f->flags & FIELD_REQUIRED);
	if (!has_any)
		return;
	emit_open_array(e, "required");
	for (f = s->fields; f->name; f++) {
		if (f->flags & FIELD_REQUIRED)
			emit_text(e, NULL, f->name);
	}
	emit_close_array(e);
}

static void emit_schema(struct printer *p, const struct component *c)
{
	const struct field *f;

	emit_open(&p->e, c->schema->name);
	emit_text(&p->e, "type", "object");
	if (c->is_input)
		emit_bool(&p->e, "additionalProperties", false);
	emit_required(&p->e, c->schema);
	emit_open(&p->e, "properties");
	for (f = c->schema->fields; f->name; f++)
		emit_field(p, f);
	emit_close(&p->e);
	emit_close(&p->e);
}

static const char problem_schema_head[] =
	"{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\",\"instance\","
	"\"code\",\"request_id\",\"errors\",\"error\"],\"properties\":{"
	"\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":\"string\"},"
	"\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
	"\"instance\":{\"type\":\"string\",\"format\":\"uri\"},"
	"\"request_id\":{\"type\":\"string\"},"
	"\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	"\"required\":[\"pointer\",\"code\",\"detail\"],\"properties\":{"
	"\"pointer\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
	"\"detail\":{\"type\":\"string\"}}}},"
	"\"error\":{\"type\":\"object\"},"
	"\"code\":{\"type\":\"string\",\"enum\":[";

static void emit_problem_schema(struct printer *p)
{
	struct buf text = BUF_INIT;
	int i;

	buf_adds(&text, problem_schema_head);
	for (i = PROBLEM_NONE + 1; i < PROBLEM_KINDS; i++)
		buf_printf(&text, "%s\"%s\"", i > PROBLEM_NONE + 1 ? "," : "",
			   problem_row((enum problem_kind)i)->code);
	buf_adds(&text, "]}}}");
	emit_raw(&p->e, "Problem", text.p);
	buf_done(&text);
}

static void emit_components(struct printer *p)
{
	size_t i;

	emit_open(&p->e, "components");
	emit_open(&p->e, "securitySchemes");
	emit_raw(&p->e, "bearer",
		 "{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"An access token "
		 "at_..., "
		 "or an API key sk_live_... or sk_test_...\"}");
	emit_close(&p->e);
	emit_open(&p->e, "parameters");
	emit_raw(&p->e, "IfMatch",
		 "{\"name\":\"If-Match\",\"in\":\"header\",\"required\":false,\"schema\":{\"type\":"
		 "\"string\"},\"description\":\"The ETag of the version to change; 412 when it is "
		 "another one.\"}");
	emit_raw(
		&p->e, "IfNoneMatch",
		"{\"name\":\"If-None-Match\",\"in\":\"header\",\"required\":false,\"schema\":{"
		"\"type\":\"string\"},\"description\":\"The ETag of the version that is known; 304 "
		"while it is the newest.\"}");
	emit_raw(
		&p->e, "IdempotencyKey",
		"{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,\"schema\":{"
		"\"type\":\"string\",\"minLength\":1,\"maxLength\":255},\"description\":\"Bare or "
		"in quotes. The same request with the same key within a day is answered as before, "
		"with Idempotent-Replayed: true; another request with it is refused (422), one "
		"beside the first that is still at work (409).\"}");
	emit_close(&p->e);
	rate_emit_headers(&p->e);
	emit_open(&p->e, "responses");
	rate_emit_refusal(&p->e);
	emit_raw(&p->e, "Problem",
		 "{\"description\":\"What was wrong (RFC "
		 "9457)\",\"content\":{\"application/problem+json\":"
		 "{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}");
	emit_raw(&p->e, "NotModified",
		 "{\"description\":\"The version of If-None-Match is the newest\"}");
	emit_close(&p->e);
	emit_open(&p->e, "schemas");
	emit_problem_schema(p);
	for (i = 0; i < p->components_n; i++)
		emit_schema(p, &p->components[i]);
	emit_close(&p->e);
	emit_close(&p->e);
}

static void emit_path_params(struct printer *p, const char *pattern)
{
	const char *s = pattern;

	while ((s = strchr(s, '{'))) {
		size_t len = strcspn(++s, "}");

		emit_open(&p->e, NULL);
		emit_text_n(&p->e, "name", s, len);
		emit_text(&p->e, "in", "path");
		emit_bool(&p->e, "required", true);
		emit_open(&p->e, "schema");
		emit_text(&p->e, "type", "string");
		if (len == strlen("id") && strncmp(s, "id", len) == 0)
			emit_text(&p->e, "pattern", kinds[FIELD_ID].pattern);
		emit_close(&p->e);
		emit_close(&p->e);
	}
}

static const struct kind_row query_kinds[] = {
	[QUERY_TEXT] = { "string", NULL, NULL, "minLength", "maxLength" },
	[QUERY_ID] = { "string", NULL, "^[0-9A-Za-z_]{1,64}$", NULL, NULL },
	[QUERY_WORD] = { "string", NULL, "^[0-9A-Za-z_.]{1,64}$", NULL, NULL },
	[QUERY_INT] = { "integer", NULL, NULL, "minimum", "maximum" },
	[QUERY_BOOL] = { "boolean", NULL, NULL, NULL, NULL },
	[QUERY_INSTANT] = { "string", "date-time", NULL, NULL, NULL },
	[QUERY_ENUM] = { "string", NULL, NULL, NULL, NULL },
	[QUERY_CURSOR] = { "string", NULL, NULL, NULL, NULL },
};

static void emit_query_param(struct printer *p, const struct query_param *q)
{
	const struct kind_row *k = &query_kinds[q->kind];

	emit_open(&p->e, NULL);
	emit_text(&p->e, "name", q->name);
	emit_text(&p->e, "in", "query");
	emit_bool(&p->e, "required", false);
	if (q->sentence && *q->sentence)
		emit_text(&p->e, "description", q->sentence);
	emit_open(&p->e, "schema");
	emit_text(&p->e, "type", k->type);
	if (k->format)
		emit_text(&p->e, "format", k->format);
	if (k->pattern)
		emit_text(&p->e, "pattern", k->pattern);
	if (k->least && (q->least || q->most))
		emit_int(&p->e, k->least, q->least);
	if (k->most && q->most)
		emit_int(&p->e, k->most, q->most);
	if (q->choices)
		emit_choices(&p->e, q->choices, false);
	emit_close(&p->e);
	emit_close(&p->e);
}

static void emit_parameters(struct printer *p, const struct route *r)
{
	const struct query_param *q;
	const bool takes_key =
		(r->method == HTTP_POST || r->method == HTTP_PATCH) && r->repeat != REPEAT_UNKEPT;
	bool has_if_match =
		(r->method == HTTP_PATCH || r->method == HTTP_DELETE) && strchr(r->pattern, '{');

	if (!strchr(r->pattern, '{') && !r->query && !takes_key && !r->has_version)
		return;
	emit_open_array(&p->e, "parameters");
	emit_path_params(p, r->pattern);
	for (q = r->query; q && q->name; q++)
		emit_query_param(p, q);
	if (r->has_version)
		emit_raw(&p->e, NULL, "{\"$ref\":\"#/components/parameters/IfNoneMatch\"}");
	if (has_if_match)
		emit_raw(&p->e, NULL, "{\"$ref\":\"#/components/parameters/IfMatch\"}");
	if (takes_key)
		emit_raw(&p->e, NULL, "{\"$ref\":\"#/components/parameters/IdempotencyKey\"}");
	emit_close_array(&p->e);
}

static void emit_content(struct printer *p, const struct route *r, const struct schema *s)
{
	emit_open(&p->e, r->body_max == BODY_LINES ? "application/x-ndjson" : "application/json");
	emit_ref(p, "schema", s);
	emit_close(&p->e);
}

static const char upload_content[] =
	"{\"schema\":{\"type\":\"object\",\"required\":[\"file\"],\"properties\":{\"file\":{"
	"\"type\":"
	"\"string\",\"format\":\"binary\"},\"alt_text\":{\"type\":\"string\"}}}}";

static void emit_request_body(struct printer *p, const struct route *r)
{
	if (!r->body && r->body_max != -2)
		return;
	emit_open(&p->e, "requestBody");
	emit_bool(&p->e, "required", !r->is_body_optional);
	emit_open(&p->e, "content");
	if (r->body)
		emit_content(p, r, r->body);
	if (r->body_max == -2) {
		emit_raw(&p->e, "multipart/form-data", upload_content);
		emit_raw(&p->e, "application/octet-stream",
			 "{\"schema\":{\"type\":\"string\",\"format\":\"binary\"}}");
	}
	emit_close(&p->e);
	emit_close(&p->e);
}

static void emit_answer(struct printer *p, const struct route *r, int status)
{
	emit_open(&p->e, arena_printf(p->arena, "%d", status));
	emit_text(&p->e, "description", r->summary);
	rate_emit_fields(&p->e, r);
	if (r->reply || r->type)
		emit_open(&p->e, "content");
	if (r->reply)
		emit_content(p, r, r->reply);
	if (r->type)
		emit_raw(&p->e, r->type, "{\"schema\":{}}");
	if (status >= 400)
		emit_raw(&p->e, "application/problem+json",
			 "{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}");
	if (r->reply || r->type)
		emit_close(&p->e);
	emit_close(&p->e);
}

/* Whatever is not named here is a problem document. */
static void emit_responses(struct printer *p, const struct route *r)
{
	emit_open(&p->e, "responses");
	emit_answer(p, r, r->ok);
	for (int i = 0; i < ROUTE_ALSO_MAX && r->also[i]; i++)
		emit_answer(p, r, r->also[i]);
	if (r->has_version)
		emit_raw(&p->e, "304", "{\"$ref\":\"#/components/responses/NotModified\"}");
	if (r->rate != RATE_NONE)
		emit_raw(&p->e, "429", "{\"$ref\":\"#/components/responses/TooManyRequests\"}");
	emit_raw(&p->e, "4XX", "{\"$ref\":\"#/components/responses/Problem\"}");
	emit_raw(&p->e, "5XX", "{\"$ref\":\"#/components/responses/Problem\"}");
	emit_close(&p->e);
}

static void emit_security(struct printer *p, const struct route *r)
{
	int i;

	emit_open_array(&p->e, "security");
	if (r->auth == AUTH_BEARER) {
		emit_open(&p->e, NULL);
		emit_open_array(&p->e, "bearer");
		for (i = 0; i < SCOPES; i++) {
			if (scopes_have(r->scope, (enum scope)i))
				emit_text(&p->e, NULL, scope_name((enum scope)i));
		}
		emit_close_array(&p->e);
		emit_close(&p->e);
	}
	emit_close_array(&p->e);
}

/* "content" of "/api/v1/content/{id}", "m" of "/m/{id}". */
static const char *route_tag(struct printer *p, const struct route *r)
{
	const char *s = r->pattern;

	if (strncmp(s, "/api", 4) == 0)
		s += 4;
	if (strncmp(s, "/v1/", 4) == 0)
		s += 3;
	s += *s == '/';
	return arena_strndup(p->arena, s, strcspn(s, "/"));
}

static const char *lower(struct printer *p, const char *s)
{
	char *text = arena_strdup(p->arena, s), *c;

	for (c = text; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return text;
}

static void emit_operation(struct printer *p, const struct route *r)
{
	emit_open(&p->e, lower(p, http_method_name(r->method)));
	emit_text(&p->e, "operationId", r->operation);
	emit_text(&p->e, "summary", r->summary);
	emit_open_array(&p->e, "tags");
	emit_text(&p->e, NULL, route_tag(p, r));
	emit_close_array(&p->e);
	emit_security(p, r);
	emit_parameters(p, r);
	emit_request_body(p, r);
	emit_responses(p, r);
	emit_close(&p->e);
}

static const struct route *route_first(const struct route_table *t, const char *pattern)
{
	const struct route *const *family;
	const struct route *row;

	for (family = t->families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			if (strcmp(row->pattern, pattern) == 0)
				return row;
		}
	}
	return NULL;
}

static void emit_path(struct printer *p, const struct route *r)
{
	const struct route *const *family;
	const struct route *row;

	if (route_first(p->table, r->pattern) != r)
		return;
	emit_open(&p->e, r->pattern);
	for (family = p->table->families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			if (strcmp(row->pattern, r->pattern) == 0)
				emit_operation(p, row);
		}
	}
	emit_close(&p->e);
}

void openapi_print(const struct route_table *t, const char *server_url, struct buf *out)
{
	struct arena *arena CLEANUP(arena_free) = arena_new();
	struct printer p = { .e = EMIT(out), .arena = arena, .table = t };

	for_each_route(&p, components_collect);
	components_nested(&p);
	emit_open(&p.e, NULL);
	emit_text(&p.e, "openapi", "3.1.0");
	emit_raw(&p.e, "info",
		 "{\"title\":\"Carillon\",\"version\":\"1\",\"summary\":\"Publish to "
		 "social networks, on time and once\",\"license\":{\"name\":\"Apache-2.0\","
		 "\"identifier\":\"Apache-2.0\"}}");
	emit_open_array(&p.e, "servers");
	emit_open(&p.e, NULL);
	emit_text(&p.e, "url", server_url);
	emit_close(&p.e);
	emit_close_array(&p.e);
	emit_open(&p.e, "paths");
	for_each_route(&p, emit_path);
	emit_close(&p.e);
	emit_components(&p);
	emit_close(&p.e);
	free(p.components);
}

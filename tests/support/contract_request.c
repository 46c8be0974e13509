/* SPDX-License-Identifier: Apache-2.0 */
/* Requests against the paths, parameters and bodies of a document. */
#include <stdlib.h>
#include <string.h>

#include "support/contract_place.h"

/* The path of an URL without its query. */
static const char *path_of(struct arena *a, const char *url)
{
	const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

	return path ? arena_strndup(a, path, strcspn(path, "?")) : "/";
}

/* A template fits when each of its segments is the same or {anything}; the plainest one counts. */
static int fit_of(const char *template, const char *path)
{
	int plain = 0;

	while (*template && *path) {
		const size_t t = strcspn(template + 1, "/") + 1, n = strcspn(path + 1, "/") + 1;
		const bool is_same = t == n && strncmp(template, path, n) == 0;

		if (!is_same && (template[1] != '{' || n < 2))
			return -1;
		plain += is_same;
		template += t;
		path += n;
	}
	return *template || *path ? -1 : plain;
}

static const json_t *path_item(const json_t *doc, const char *path)
{
	const json_t *best = NULL;
	const char *template;
	int most = -1;
	json_t *item;

	json_object_foreach(json_object_get(doc, "paths"), template, item) {
		const int fit = fit_of(template, path);

		if (fit > most) {
			most = fit;
			best = item;
		}
	}
	return best;
}

/* A query has texts only; what is to be a number or a truth value is read as one. */
static json_t *value_of(struct arena *a, const json_t *doc, const json_t *schema, const char *text)
{
	const json_t *real = contract_follow(a, doc, schema);
	const char *type = json_string_value(json_object_get(real, "type"));
	const bool is_plain = type && (strcmp(type, "integer") == 0 ||
				       strcmp(type, "number") == 0 || strcmp(type, "boolean") == 0);
	json_t *value = is_plain ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	json_t *list;
	char *rest, *one;

	if (value)
		return value;
	if (!type || strcmp(type, "array") != 0)
		return json_string(text);
	list = json_array();
	rest = arena_strdup(a, text);
	while ((one = strsep(&rest, ",")))
		json_array_append_new(list, json_string(one));
	return list;
}

static const char *parameter_fault(const struct contract_place *p, const json_t *parameter,
				   const char *url)
{
	const char *name = json_string_value(json_object_get(parameter, "name"));
	const char *text = url_query_get(p->arena, url, name);
	const struct contract_place at = contract_inside(p, arena_printf(p->arena, "?%s", name));
	const json_t *schema = json_object_get(parameter, "schema");
	const char *why;
	json_t *value;

	if (!text)
		return json_is_true(json_object_get(parameter, "required"))
			       ? contract_say(&at, "is missing")
			       : NULL;
	value = value_of(p->arena, p->doc, schema, text);
	why = contract_judge(&at, schema, value);
	json_decref(value);
	return why;
}

static bool is_listed(const struct contract_place *p, const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const json_t *real = contract_follow(p->arena, p->doc, one);
		const char *is = json_string_value(json_object_get(real, "name"));

		if (is && strcmp(is, name) == 0)
			return true;
	}
	return false;
}

static const char *query_fault(const struct contract_place *p, const json_t *operation,
			       const char *url)
{
	const json_t *list = json_object_get(operation, "parameters"), *one;
	const char *query = strchr(url, '?'), *name, *why;
	char *rest = arena_strdup(p->arena, query ? query + 1 : "");
	char *pair;
	size_t i;

	json_array_foreach(list, i, one) {
		const json_t *real = contract_follow(p->arena, p->doc, one);
		const char *in = json_string_value(json_object_get(real, "in"));

		why = in && strcmp(in, "query") == 0 ? parameter_fault(p, real, url) : NULL;
		if (why)
			return why;
	}
	while (query && (pair = strsep(&rest, "&"))) {
		name = arena_strndup(p->arena, pair, strcspn(pair, "="));
		if (!is_listed(p, list, name))
			return contract_say(p, "the query has %s, which is not known", name);
	}
	return NULL;
}

static const char *parts_fault(const struct contract_place *p, const json_t *schema,
			       const struct http_request *r)
{
	const json_t *real = contract_follow(p->arena, p->doc, schema), *name;
	json_t *sent = json_object();
	const char *why = NULL;
	size_t i;

	for (const struct http_part *part = r->parts; part; part = part->next)
		json_object_set_new(sent, part->name, json_true());
	json_array_foreach(json_object_get(real, "required"), i, name) {
		if (!json_object_get(sent, json_string_value(name)))
			why = contract_say(p, "part %s is missing", json_string_value(name));
	}
	for (const struct http_part *part = r->parts; part && !why; part = part->next) {
		const json_t *known = json_object_get(real, "properties");

		if (known && !json_object_get(known, part->name))
			why = contract_say(p, "part %s is not known", part->name);
	}
	json_decref(sent);
	return why;
}

static const char *body_fault(const struct contract_place *p, const json_t *operation,
			      const struct http_request *r)
{
	static const char *const types[] = { [BODY_BYTES] = "application/json",
					     [BODY_MULTIPART] = "multipart/form-data",
					     [BODY_PIECES] = NULL };
	const json_t *body =
		contract_follow(p->arena, p->doc, json_object_get(operation, "requestBody"));
	const json_t *content = json_object_get(body, "content"), *schema;
	const char *type =
		(size_t)r->body < sizeof(types) / sizeof(types[0]) ? types[r->body] : NULL;
	json_t *value;
	const char *why;

	if (r->body == BODY_NONE)
		return json_is_true(json_object_get(body, "required"))
			       ? contract_say(p, "has no body")
			       : NULL;
	schema = type ? json_object_get(json_object_get(content, type), "schema") : NULL;
	if (!schema)
		return content && type ? contract_say(p, "takes no %s", type) : NULL;
	if (r->body == BODY_MULTIPART)
		return parts_fault(p, schema, r);
	value = json_loadb(r->bytes, r->bytes_n, 0, NULL);
	why = value ? contract_judge(p, schema, value) : NULL; /* not JSON: a form */
	json_decref(value);
	return why;
}

const char *contract_request_fault(struct arena *a, const json_t *doc, const char *prefix,
				   const struct http_request *r)
{
	static const char *const verbs[] = { "get", "post", "put", "delete", "patch" };
	const char *path = path_of(a, r->url), *why;
	const struct contract_place p = { a, doc, arena_printf(a, "%s %s", verbs[r->verb], path),
					  0 };
	const json_t *operation;

	if (strncmp(path, prefix, strlen(prefix)) == 0)
		path += strlen(prefix);
	operation = json_object_get(path_item(doc, path), verbs[r->verb]);
	if (!operation)
		return contract_say(&p, "is not in the document");
	why = query_fault(&p, operation, r->url);
	return why ? why : body_fault(&p, operation, r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The `fields` parameter of the Graph API, and answers made of nodes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/ig.h"

#define DEPTH_MAX 4

static json_t *fields_parse(const char **at, int depth);

/* One name[.limit(n)][{sub}] into `out`; false when malformed. */
static bool fields_take(const char **at, int depth, json_t *out)
{
	size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	const char *name = *at;
	json_t *sub = NULL;

	if (n == 0 || depth == DEPTH_MAX)
		return false;
	*at += n;
	if (**at == '.')
		*at += strcspn(*at, "{},");
	if (**at == '{') {
		(*at)++;
		sub = fields_parse(at, depth + 1);
		if (sub == NULL || **at != '}') {
			json_decref(sub);
			return false;
		}
		(*at)++;
	}
	*at += strspn(*at, ", ");
	return json_object_setn_new(out, name, n, sub != NULL ? sub : json_null()) == 0;
}

/* Names up to a closing brace or the end; NULL when malformed. Bounded by DEPTH_MAX. */
static json_t *fields_parse(const char **at, int depth) /* NOLINT(misc-no-recursion) */
{
	json_t *out = json_object();

	while (**at != '\0' && **at != '}' && fields_take(at, depth, out))
		;
	if (**at == '\0' || (**at == '}' && depth > 0))
		return out;
	json_decref(out);
	return NULL;
}

static const struct ig_field *field_find(const struct ig_type *type, const char *name)
{
	for (const struct ig_field *f = type->fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* The type has one level of nodes inside nodes (DEPTH_MAX bounds the rest). */
static bool fields_known(struct exchange *ex, const struct ig_type *type, json_t *fields)
{
	const char *key;
	json_t *sub;

	json_object_foreach(fields, key, sub) {
		const struct ig_field *f = field_find(type, key);

		if (f == NULL)
			return sandbox_ig_fail_text(
				ex, 100, 0,
				arena_printf(ex->arena,
					     "(#100) Tried accessing nonexisting field (%s) on "
					     "node type (%s)",
					     key, type->name));
		if (f->nested != NULL && json_is_object(sub) && !fields_known(ex, f->nested, sub))
			return false;
	}
	return true;
}

json_t *sandbox_ig_fields(struct exchange *ex, const struct ig_type *type)
{
	const char *text = sandbox_exchange_param(ex, "fields");
	json_t *fields;

	if (text == NULL || *text == '\0')
		text = type->fallback;
	fields = fields_parse(&text, 0);
	if (fields == NULL) {
		sandbox_ig_fail_text(ex, 100, 0, "(#100) Syntax error in the fields parameter");
		return NULL;
	}
	/* Also for an empty list: the names are checked before any row is read. */
	if (!fields_known(ex, type, fields)) {
		json_decref(fields);
		return NULL;
	}
	return fields;
}

json_t *sandbox_ig_render(struct exchange *ex, const struct ig_type *type, const void *node,
			  const json_t *fields)
{
	json_t *out = json_object();
	void *at;

	/* json_object_foreach wants a mutable object; the iterator itself does not change it. */
	for (at = json_object_iter((json_t *)(uintptr_t)fields); at != NULL;
	     at = json_object_iter_next((json_t *)(uintptr_t)fields, at)) {
		const struct ig_field *f = field_find(type, json_object_iter_key(at));
		json_t *value = f != NULL ? f->get(ex, node, json_object_iter_value(at)) : NULL;

		if (value != NULL)
			json_object_set_new(out, json_object_iter_key(at), value);
	}
	if (json_object_get(out, "id") == NULL) { /* always there, asked for or not */
		json_t *id = field_find(type, "id")->get(ex, node, NULL);

		json_object_set_new(out, "id", id);
	}
	return out;
}

void sandbox_ig_answer_node(struct exchange *ex, const struct ig_type *type, const void *node)
{
	json_t *fields = sandbox_ig_fields(ex, type);

	if (fields == NULL)
		return;
	sandbox_exchange_json(ex, 200, sandbox_ig_render(ex, type, node, fields));
	json_decref(fields);
}

static size_t cursor_read(const char *text)
{
	return text != NULL && strncmp(text, "QVFI", 4) == 0 ? (size_t)strtoull(text + 4, NULL, 10)
							     : 0;
}

static json_t *list_paging(struct exchange *ex, size_t first, size_t end, size_t n)
{
	json_t *paging = json_pack("{s:{s:o,s:o}}", "cursors", "before",
				   json_string(arena_printf(ex->arena, "QVFI%zu", first)), "after",
				   json_string(arena_printf(ex->arena, "QVFI%zu", end)));
	CLEANUP(buf_done) struct buf next = BUF_INIT;

	if (end >= n)
		return paging;
	buf_printf(&next, "%s%s?after=QVFI%zu", ex->base_url, ex->path, end);
	for (size_t i = 0; i < ex->params.n; i++) {
		const struct param *p = ex->params.v[i];

		if (strcmp(p->name, "after") != 0)
			buf_printf(&next, "&%s=%s", p->name,
				   sandbox_params_escape(ex->arena, p->value));
	}
	json_object_set_new(paging, "next", json_string(next.p));
	return paging;
}

void sandbox_ig_answer_list(struct exchange *ex, const struct ig_type *type,
			    const struct list *items)
{
	json_t *fields = sandbox_ig_fields(ex, type), *data, *body;
	const char *limit_text = sandbox_exchange_param(ex, "limit");
	size_t first = cursor_read(sandbox_exchange_param(ex, "after"));
	size_t limit = limit_text != NULL ? (size_t)strtoull(limit_text, NULL, 10) : 25, end;

	if (fields == NULL)
		return;
	limit = limit < 1 || limit > 100 ? 25 : limit;
	first = first < items->n ? first : items->n;
	end = items->n - first < limit ? items->n : first + limit;
	data = json_array();
	for (size_t i = first; i < end; i++)
		json_array_append_new(data, sandbox_ig_render(ex, type, items->v[i], fields));
	body = json_pack("{s:o}", "data", data);
	if (items->n > 0)
		json_object_set_new(body, "paging", list_paging(ex, first, end, items->n));
	sandbox_exchange_json(ex, 200, body);
	json_decref(fields);
}

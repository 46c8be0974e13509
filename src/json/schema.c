/* SPDX-License-Identifier: Apache-2.0 */
#include "json/schema.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "json/private.h"

/* RFC 6901: '~' and '/' inside a name are written ~0 and ~1. */
static void path_print(const struct path *at, struct buf *out)
{
	if (!at->up) {
		buf_adds(out, at->name);
		return;
	}
	path_print(at->up, out);
	if (!at->name) {
		buf_printf(out, "/%zu", at->index);
		return;
	}
	buf_addc(out, '/');
	for (const char *s = at->name; *s; s++) {
		if (*s == '~' || *s == '/')
			buf_adds(out, *s == '~' ? "~0" : "~1");
		else
			buf_addc(out, *s);
	}
}

int path_refuse(const struct binding *b, const struct path *at, const char *code, const char *fmt,
		...)
{
	CLEANUP(buf_done) struct buf pointer = BUF_INIT;
	CLEANUP(buf_done) struct buf detail = BUF_INIT;
	va_list ap;

	path_print(at, &pointer);
	va_start(ap, fmt);
	buf_vprintf(&detail, fmt, ap);
	va_end(ap);
	return problem_add(b->reterr, buf_str(&pointer), code, "%s", buf_str(&detail));
}

static bool is_known(const struct schema *s, const char *name)
{
	for (const struct field *f = s->fields; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return true;
	}
	return false;
}

static int refuse_unknown(const struct binding *b, const struct schema *s, json_t *value,
			  const struct path *at)
{
	const char *name;
	json_t *member;
	int wrong = 0;

	json_object_foreach(value, name, member) {
		struct path here = { at, name, 0 };

		if (!is_known(s, name))
			wrong |= path_refuse(b, &here, "unknown_member", "is not known here");
	}
	return wrong;
}

static int bind_member(const struct binding *b, const struct field *f, json_t *value,
		       const struct path *at, void *to)
{
	struct path here = { at, f->name, 0 };

	if (!value || json_is_null(value))
		field_default(f, to);
	if (!value)
		return f->flags & FIELD_REQUIRED ? path_refuse(b, &here, "required", "is required")
						 : 0;
	if (!json_is_null(value))
		return field_bind(b, f, value, &here, to);
	return f->flags & FIELD_NULLABLE ? 0
					 : path_refuse(b, &here, "wrong_type", "must not be null");
}

int object_bind(const struct binding *b, const struct schema *s, json_t *value,
		const struct path *at, void *to)
{
	uint64_t present = 0;
	int wrong = 0;

	if (!json_is_object(value))
		return path_refuse(b, at, "wrong_type", "must be an object");
	for (size_t i = 0; s->fields[i].name; i++) {
		const struct field *f = &s->fields[i];
		json_t *member = json_object_get(value, f->name);

		assert(i < 64);
		if (member)
			present |= UINT64_C(1) << i;
		wrong |= bind_member(b, f, member, at, (char *)to + f->offset);
	}
	wrong |= refuse_unknown(b, s, value, at);
	memcpy(to, &present, sizeof(present));
	return wrong;
}

int schema_bind_value(const struct schema *s, const json_t *value, const char *pointer_prefix,
		      struct arena *a, void **ret, struct problem *reterr)
{
	struct binding b = { a, reterr };
	struct path root = { NULL, pointer_prefix, 0 };
	void *to = arena_alloc(a, s->size);

	problem_clear(reterr);
	/* The library iterates and counts references through plain pointers only; nothing that
	 * can be seen from outside is changed. */
	if (object_bind(&b, s, (json_t *)(uintptr_t)value, &root, to) < 0)
		return -1;
	*ret = to;
	return 0;
}

int schema_bind(const struct schema *s, const char *body, size_t len, struct arena *a, void **ret,
		struct problem *reterr)
{
	json_t *value = NULL;
	int wrong;

	if (schema_parse(body, len, &value, reterr) < 0)
		return -1;
	wrong = schema_bind_value(s, value, "", a, ret, reterr);
	json_decref(value);
	return wrong;
}

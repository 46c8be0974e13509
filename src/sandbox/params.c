/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/params.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"

void sandbox_params_add(struct list *params, const char *name, const char *value)
{
	struct param *p = arena_alloc(params->arena, sizeof(*p));

	p->name = arena_strdup(params->arena, name);
	p->value = arena_strdup(params->arena, value);
	sandbox_list_add(params, p);
}

const char *sandbox_params_get(const struct list *params, const char *name)
{
	for (size_t i = params->n; i-- > 0;) {
		const struct param *p = params->v[i];

		if (strcmp(p->name, name) == 0)
			return p->value;
	}
	return NULL;
}

const char *sandbox_params_get_nocase(const struct list *params, const char *name)
{
	for (size_t i = params->n; i-- > 0;) {
		const struct param *p = params->v[i];

		if (strcasecmp(p->name, name) == 0)
			return p->value;
	}
	return NULL;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *sandbox_params_unescape(struct arena *a, const char *s, size_t len, bool plus_is_space)
{
	char *out = arena_alloc(a, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high = i + 2 < len && s[i] == '%' ? hex_value(s[i + 1]) : -1;
		int low = high >= 0 ? hex_value(s[i + 2]) : -1;

		if (low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = s[i] == '+' && plus_is_space ? ' ' : s[i];
		}
	}
	return out;
}

char *sandbox_params_escape(struct arena *a, const char *s)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			buf_addc(&out, *s);
		else
			buf_printf(&out, "%%%02X", c);
	}
	return arena_strdup(a, buf_str(&out));
}

char *sandbox_params_escape_html(struct arena *a, const char *s)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	for (; *s != '\0'; s++) {
		if (strchr("&<>\"'", *s) != NULL)
			buf_printf(&out, "&#%d;", *s);
		else
			buf_addc(&out, *s);
	}
	return arena_strdup(a, buf_str(&out));
}

void sandbox_params_query(struct list *params, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		const char *stop = amp != NULL ? amp : end;
		const char *eq = memchr(text, '=', (size_t)(stop - text));
		const char *name_end = eq != NULL ? eq : stop;
		const char *value = eq != NULL ? eq + 1 : stop;
		struct param *p = arena_alloc(params->arena, sizeof(*p));

		p->name = sandbox_params_unescape(params->arena, text, (size_t)(name_end - text),
						  true);
		p->value =
			sandbox_params_unescape(params->arena, value, (size_t)(stop - value), true);
		if (p->name[0] != '\0')
			sandbox_list_add(params, p);
		text = stop + 1;
	}
}

static int params_json(struct list *params, const char *body, size_t len)
{
	json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const char *key;
	json_t *value;

	if (!json_is_object(root)) {
		json_decref(root);
		return -EINVAL;
	}
	json_object_foreach(root, key, value) {
		char *text;

		if (json_is_string(value)) {
			sandbox_params_add(params, key, json_string_value(value));
			continue;
		}
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		sandbox_params_add(params, key, text);
		free(text);
	}
	json_decref(root);
	return 0;
}

/* One part: headers, blank line, content. Parts without a name are skipped. */
static void params_part(struct list *params, const char *part, size_t len)
{
	const char *blank = memmem(part, len, "\r\n\r\n", 4);
	const char *name, *quote;
	struct param *p;

	if (blank == NULL)
		return;
	name = memmem(part, (size_t)(blank - part), " name=\"", 7);
	if (name == NULL)
		return;
	name += 7;
	quote = memchr(name, '"', (size_t)(blank - name));
	if (quote == NULL)
		return;
	p = arena_alloc(params->arena, sizeof(*p));
	p->name = arena_strndup(params->arena, name, (size_t)(quote - name));
	p->value = arena_strndup(params->arena, blank + 4, len - (size_t)(blank + 4 - part));
	sandbox_list_add(params, p);
}

static int params_multipart(struct list *params, const char *type, const char *body, size_t len)
{
	const char *boundary = strcasestr(type, "boundary=");
	const char *end = body + len, *at;
	char *mark;
	size_t mark_n;

	if (boundary == NULL)
		return -EINVAL;
	boundary += strlen("boundary=");
	boundary += *boundary == '"';
	mark = arena_printf(params->arena, "--%.*s", (int)strcspn(boundary, "\";, "), boundary);
	mark_n = strlen(mark);
	at = memmem(body, len, mark, mark_n);
	while (at != NULL) {
		const char *start = at + mark_n;
		const char *next = memmem(start, (size_t)(end - start), mark, mark_n);

		if (next != NULL && next - start >= 4)
			params_part(params, start, (size_t)(next - start) - 2);
		at = next;
	}
	return 0;
}

int sandbox_params_body(struct list *params, const char *content_type, const char *body, size_t len)
{
	if (content_type == NULL || len == 0)
		return 0;
	if (strncasecmp(content_type, "application/x-www-form-urlencoded", 33) == 0)
		sandbox_params_query(params, body, len);
	else if (strncasecmp(content_type, "application/json", 16) == 0)
		return params_json(params, body, len);
	else if (strncasecmp(content_type, "multipart/form-data", 19) == 0)
		return params_multipart(params, content_type, body, len);
	return 0;
}

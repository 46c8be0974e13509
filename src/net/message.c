/* SPDX-License-Identifier: Apache-2.0 */
#include "net/message.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/problem.h"
#include "base/rfc3339.h"
#include "crypto/digest.h"
#include "json/schema.h"

#define RETRY_AFTER_MAX_S 86400

struct http_request *http_request_new(struct arena *a, enum http_verb verb, const char *label)
{
	struct http_request *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	r->verb = verb;
	r->label = arena_strdup(a, label);
	r->url = "";
	return r;
}

static bool byte_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

const char *url_encode(struct arena *a, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text = arena_alloc(a, 3 * strlen(s) + 1);
	char *to = text;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (byte_is_unreserved(*s)) {
			*to++ = *s;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	return text;
}

void http_request_url(struct http_request *r, const char *base, const char *path_fmt, ...)
{
	size_t len = strlen(base);
	const char *path;
	va_list ap;

	va_start(ap, path_fmt);
	path = arena_vprintf(r->arena, path_fmt, ap);
	va_end(ap);
	if (len > 0 && base[len - 1] == '/' && path[0] == '/')
		len--;
	r->url = arena_printf(r->arena, "%.*s%s", (int)len, base, path);
}

void http_request_query(struct http_request *r, const char *name, const char *value)
{
	if (!value)
		return;
	r->url = arena_printf(r->arena, "%s%c%s=%s", r->url, strchr(r->url, '?') ? '&' : '?',
			      url_encode(r->arena, name), url_encode(r->arena, value));
}

/* A line break in a value would start a header of its own: controls are left out. */
static void header_clean(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if ((unsigned char)*s >= 0x20 && *s != 0x7f)
			*to++ = *s;
	}
	*to = '\0';
}

/* Where the header stands, or where it belongs: the last link. */
static struct http_header **header_slot(struct http_request *r, const char *name)
{
	struct http_header **at = &r->headers;

	while (*at && strcasecmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

void http_request_header(struct http_request *r, const char *name, const char *value_fmt, ...)
{
	struct http_header **at = header_slot(r, name);
	char *value;
	va_list ap;

	va_start(ap, value_fmt);
	value = arena_vprintf(r->arena, value_fmt, ap);
	va_end(ap);
	header_clean(value);
	if (!*at) {
		*at = arena_alloc(r->arena, sizeof(**at));
		(*at)->name = arena_strdup(r->arena, name);
	}
	(*at)->value = value;
}

void http_request_bearer(struct http_request *r, const char *token)
{
	http_request_header(r, "Authorization", "Bearer %s", token);
}

void http_request_basic(struct http_request *r, const char *user, const char *password)
{
	const char *pair = arena_printf(r->arena, "%s:%s", user, password);
	size_t len = strlen(pair);
	char *text = arena_alloc(r->arena, 4 * ((len + 2) / 3) + 1);

	digest_base64(pair, len, text);
	http_request_header(r, "Authorization", "Basic %s", text);
}

/* Says what the body is, unless the caller has said so already. */
static void content_type(struct http_request *r, const char *mime)
{
	if (mime && !*header_slot(r, "Content-Type"))
		http_request_header(r, "Content-Type", "%s", mime);
}

void http_request_form(struct http_request *r, const char *name, const char *value)
{
	if (!value)
		return;
	content_type(r, "application/x-www-form-urlencoded");
	r->bytes =
		arena_printf(r->arena, "%s%s%s=%s", r->bytes ? r->bytes : "", r->bytes ? "&" : "",
			     url_encode(r->arena, name), url_encode(r->arena, value));
	r->bytes_n = strlen(r->bytes);
	r->body = BODY_BYTES;
}

void http_request_json(struct http_request *r, json_t *take)
{
	size_t len = json_dumpb(take, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(r->arena, len + 1);

	json_dumpb(take, text, len, JSON_COMPACT);
	json_decref(take);
	content_type(r, "application/json");
	r->bytes = text;
	r->bytes_n = len;
	r->body = BODY_BYTES;
}

void http_request_file(struct http_request *r, const char *path, int64_t offset, int64_t length,
		       const char *mime)
{
	content_type(r, mime);
	r->path = arena_strdup(r->arena, path);
	r->offset = offset;
	r->length = length;
	r->body = BODY_FILE;
}

static struct http_part *part_add(struct http_request *r, const char *name)
{
	struct http_part **at = &r->parts;

	while (*at)
		at = &(*at)->next;
	*at = arena_alloc(r->arena, sizeof(**at));
	(*at)->name = arena_strdup(r->arena, name);
	r->body = BODY_MULTIPART;
	return *at;
}

void http_request_part(struct http_request *r, const char *name, const char *value)
{
	part_add(r, name)->value = arena_strdup(r->arena, value);
}

void http_request_part_file(struct http_request *r, const char *name, const struct http_part *what)
{
	struct http_part *p = part_add(r, name);

	p->file_path = arena_strdup(r->arena, what->file_path);
	p->file_name = arena_strdup(r->arena, what->file_name);
	p->mime = arena_strdup(r->arena, what->mime);
	p->offset = what->offset;
	p->bytes = what->bytes;
}

static struct http_piece *piece_add(struct http_request *r)
{
	struct http_piece **at = &r->pieces;

	while (*at)
		at = &(*at)->next;
	*at = arena_alloc(r->arena, sizeof(**at));
	r->body = BODY_PIECES;
	return *at;
}

void http_request_piece(struct http_request *r, const char *text)
{
	piece_add(r)->text = arena_strdup(r->arena, text);
}

void http_request_piece_base64(struct http_request *r, const char *path, int64_t bytes)
{
	struct http_piece *p = piece_add(r);

	p->file_path = arena_strdup(r->arena, path);
	p->bytes = bytes;
}

/* The value on a line "name: value" of len bytes, or NULL. */
static const char *line_value(const char *line, size_t len, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);
	const char *from = line + name_len + 1, *end = line + len;

	if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
		return NULL;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*ret_len = (size_t)(end - from);
	return from;
}

const char *http_reply_header(const struct http_reply *p, struct arena *a, const char *name)
{
	const char *at = buf_str(&p->headers), *end = at + p->headers.len, *found = NULL;
	size_t found_len = 0;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = nl ? (size_t)(nl - at) : (size_t)(end - at);
		size_t value_len = 0;
		const char *value = line_value(at, len, name, &value_len);

		if (value) {
			found = value;
			found_len = value_len;
		}
		at += len + (nl ? 1 : 0);
	}
	return found ? arena_strndup(a, found, found_len) : NULL;
}

json_t *http_reply_json(const struct http_reply *p)
{
	struct problem why = { 0 };
	json_t *doc = NULL;

	if (schema_parse(buf_str(&p->body), p->body.len, &doc, &why) < 0)
		return NULL;
	return doc;
}

static bool digits_read(const char *s, size_t n, int *ret)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (s[i] - '0');
	}
	*ret = value;
	return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form that RFC 9110 5.6.7 lets anybody send. */
static bool http_date_read(const char *s, int64_t *ret_us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char shape[] = "aaa, 00 aaa 0000 00:00:00 GMT";
	struct civil c = { 0 };
	char name[4] = "";
	const char *month;

	if (strlen(s) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] != 'a' && shape[i] != '0' && shape[i] != s[i])
			return false;
	}
	memcpy(name, s + 8, 3);
	month = strstr(months, name);
	if (!month || (month - months) % 3 != 0)
		return false;
	c.month = (int)(month - months) / 3 + 1;
	if (!digits_read(s + 5, 2, &c.day) || !digits_read(s + 12, 4, &c.year) ||
	    !digits_read(s + 17, 2, &c.hour) || !digits_read(s + 20, 2, &c.minute) ||
	    !digits_read(s + 23, 2, &c.second))
		return false;
	if (c.year < 1 || c.day < 1 || c.day > 31 || c.hour > 23 || c.minute > 59 || c.second > 60)
		return false;
	*ret_us = civil_to_us(&c);
	return true;
}

static int64_t retry_clamp(int64_t s)
{
	if (s < 0)
		return 0;
	return s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S;
}

static int64_t retry_number(const char *s)
{
	int64_t value = 0;

	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		value = retry_clamp(value * 10 + (*s - '0')); /* clamped early: cannot overflow */
	}
	return value;
}

int64_t http_reply_retry_after_s(const struct http_reply *p, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *s = http_reply_header(p, a, "Retry-After");
	int64_t at_us;

	if (!s || !*s)
		return -1;
	if (!http_date_read(s, &at_us))
		return retry_number(s);
	return retry_clamp((at_us - now_us + US_PER_S - 1) / US_PER_S);
}

int64_t http_reply_date_us(const struct http_reply *p)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *s = http_reply_header(p, a, "Date");
	int64_t at_us;

	return s && http_date_read(s, &at_us) ? at_us : INSTANT_NONE;
}

void http_reply_done(struct http_reply *p)
{
	buf_wipe(&p->body); /* replies of token endpoints hold secrets */
	buf_done(&p->headers);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes one form-encoded byte at s; returns how many characters it took. */
static size_t form_byte(const char *s, size_t left, char *ret)
{
	if (*s == '%' && left >= 3 && hex_value(s[1]) >= 0 && hex_value(s[2]) >= 0) {
		*ret = (char)(unsigned char)(hex_value(s[1]) << 4 | hex_value(s[2]));
		return 3;
	}
	*ret = *s == '+' ? ' ' : *s;
	return 1;
}

/* NULL where a NUL is hidden: the text would end early. */
static const char *form_decode(struct arena *a, const char *s, size_t len)
{
	char *text = arena_alloc(a, len + 1);
	char *to = text;

	for (size_t i = 0; i < len; to++) {
		i += form_byte(s + i, len - i, to);
		if (*to == '\0')
			return NULL;
	}
	return text;
}

const char *url_query_get(struct arena *a, const char *url, const char *name)
{
	const char *p = strchr(url, '?');

	for (p = p ? p + 1 : ""; *p && *p != '#';) {
		size_t len = strcspn(p, "&#");
		const char *eq = memchr(p, '=', len);
		size_t name_len = eq ? (size_t)(eq - p) : len;
		const char *key = form_decode(a, p, name_len);

		if (key && strcmp(key, name) == 0)
			return form_decode(a, eq ? eq + 1 : "", eq ? len - name_len - 1 : 0);
		p += len;
		p += *p == '&';
	}
	return NULL;
}

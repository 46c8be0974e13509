/* SPDX-License-Identifier: Apache-2.0 */
#include "http/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config.h"
#include "base/utf8.h"
#include "crypto/random.h"

#define REQUEST_ID_MAX  64
#define BODY_KEPT_BYTES ((size_t)256 * 1024)

static const struct {
	enum http_method method;
	const char *name;
} methods[] = {
	{ HTTP_GET, "GET" },         { HTTP_HEAD, "HEAD" }, { HTTP_POST, "POST" },
	{ HTTP_PATCH, "PATCH" },     { HTTP_PUT, "PUT" },   { HTTP_DELETE, "DELETE" },
	{ HTTP_OPTIONS, "OPTIONS" },
};

enum http_method http_method_parse(const char *name)
{
	size_t i;

	for (i = 0; name && i < ARRAY_LEN(methods); i++) {
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	}
	return 0;
}

const char *http_method_name(enum http_method method)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(methods); i++) {
		if (methods[i].method == method)
			return methods[i].name;
	}
	return "?";
}

const char *http_methods_print(struct arena *a, unsigned mask)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(methods); i++) {
		if (mask & (unsigned)methods[i].method)
			text = arena_printf(a, "%s%s%s", text, *text ? ", " : "", methods[i].name);
	}
	return text;
}

const char *request_header(const struct request *req, const char *name)
{
	size_t i;

	for (i = 0; i < req->headers_n; i++) {
		if (strcmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	}
	return NULL;
}

size_t request_header_count(const struct request *req, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < req->headers_n; i++)
		n += strcmp(req->headers[i].name, name) == 0;
	return n;
}

const char *request_query(const struct request *req, const char *name)
{
	size_t i;

	for (i = 0; i < req->query_n; i++) {
		if (strcmp(req->query[i].name, name) == 0)
			return req->query[i].value;
	}
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes one name or value of a form-encoded query; NULL when it is broken. */
static const char *query_decode(struct arena *a, const char *s, size_t len)
{
	char *text = arena_alloc(a, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			text[n++] = s[i] == '+' ? ' ' : s[i];
			continue;
		}
		high = i + 1 < len ? hex_digit(s[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		text[n++] = (char)(high * 16 + low);
		i += 2;
	}
	text[n] = '\0';
	return utf8_valid(text, n) && !utf8_has_controls(text) ? text : NULL;
}

static int query_add(struct request *req, const char *pair, size_t len, struct problem *reterr)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_n = equals ? (size_t)(equals - pair) : len;
	struct name_value *q;

	if (req->query_n == REQUEST_QUERY_MAX)
		return problem_set(reterr, PROBLEM_BAD_REQUEST,
				   "The query has more than %d parameters.", REQUEST_QUERY_MAX);
	q = &req->query[req->query_n];
	q->name = query_decode(req->arena, pair, name_n);
	q->value = equals ? query_decode(req->arena, equals + 1, len - name_n - 1) : "";
	if (!q->name || !q->value)
		return problem_set(reterr, PROBLEM_BAD_REQUEST,
				   "The query string is not percent-encoded UTF-8.");
	req->query_n++;
	return 0;
}

int request_read_query(struct request *req, struct problem *reterr)
{
	const char *p = req->raw.query_string ? req->raw.query_string : "";

	req->query_n = 0;
	while (*p) {
		size_t len = strcspn(p, "&");

		if (len && query_add(req, p, len, reterr) < 0)
			return -1;
		p += len;
		if (*p)
			p++;
	}
	return 0;
}

const char *request_choose_id(struct arena *a, const char *proposed)
{
	static const char allowed[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
	char id[ID_MAX];
	size_t len = proposed ? strlen(proposed) : 0;

	if (len && len <= REQUEST_ID_MAX && strspn(proposed, allowed) == len)
		return arena_strndup(a, proposed, len);
	random_id(id, "req");
	return arena_strdup(a, id);
}

bool request_is_json(const struct request *req)
{
	const char *type = request_header(req, "content-type");
	const char *charset;
	size_t len;

	if (!type)
		return false;
	len = strcspn(type, "; \t");
	if (len != strlen("application/json") || strncasecmp(type, "application/json", len) != 0)
		return false;
	charset = strcasestr(type + len, "charset=");
	if (!charset)
		return true;
	charset += strlen("charset=");
	charset += *charset == '"';
	return strncasecmp(charset, "utf-8", 5) == 0;
}

bool request_is_lines(const struct request *req)
{
	static const char *const names[] = { "application/x-ndjson", "application/ndjson",
					     "application/jsonl", "application/x-jsonlines" };
	const char *type = request_header(req, "content-type");
	const size_t len = type ? strcspn(type, "; \t") : 0;

	for (size_t i = 0; type && i < sizeof(names) / sizeof(*names); i++) {
		if (len == strlen(names[i]) && strncasecmp(type, names[i], len) == 0)
			return true;
	}
	return false;
}

static int idempotency_key_refused(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_BAD_REQUEST,
			   "Idempotency-Key has 1 to %d printable ASCII characters, in quotes, or "
			   "bare without commas, and comes once.",
			   IDEMPOTENCY_KEY_MAX);
}

/* RFC 8941 3.3.3: within quotes a backslash stands before a quote or another one, and nothing else. */
static size_t key_unquote(const char *s, size_t len, char *to)
{
	size_t i, n = 0;

	if (len < 2 || s[len - 1] != '"')
		return 0;
	for (i = 1; i + 1 < len; i++) {
		if (s[i] == '"')
			return 0;
		if (s[i] == '\\' && (++i + 1 >= len || (s[i] != '"' && s[i] != '\\')))
			return 0;
		to[n++] = s[i];
	}
	return n;
}

int request_idempotency_key(const struct request *req, const char **ret, struct problem *reterr)
{
	const char *given = request_header(req, "idempotency-key"), *p;
	size_t len = given ? strlen(given) : 0;
	char *key;

	if (!given) {
		*ret = NULL;
		return 0;
	}
	/* A bare comma stands between two headers that somebody on the way has made into one. */
	for (p = given; *p; p++) {
		if (*p < ' ' || *p > '~' || (*p == ',' && *given != '"'))
			return idempotency_key_refused(reterr);
	}
	key = arena_strdup(req->arena, given);
	if (*given == '"') {
		len = key_unquote(given, len, key);
		key[len] = '\0';
	}
	if (len == 0 || len > IDEMPOTENCY_KEY_MAX)
		return idempotency_key_refused(reterr);
	*ret = key;
	return 0;
}

/* One entity tag at *p, as the version it stands for; -1: it can match nothing of ours. */
static int64_t etag_read(const char **p)
{
	const char *s = *p;
	bool is_weak = strncmp(s, "W/", 2) == 0;
	int64_t version = -1;
	char *end;

	if (is_weak)
		s += 2;
	if (*s != '"') {
		*p = s + strcspn(s, ",");
		return -1;
	}
	s++;
	if (*s >= '1' && *s <= '9') {
		version = strtoll(s, &end, 10);
		if (*end != '"')
			version = -1;
	}
	s += strcspn(s, "\"");
	*p = *s ? s + 1 : s;
	return version;
}

/* The newest version that a list of tags names; 0: "*", -1: none that can match. */
static int64_t etags_newest(const char *p)
{
	int64_t newest = -1;

	while (*p) {
		int64_t version;

		p += strspn(p, " \t,");
		if (*p == '*')
			return 0;
		if (!*p)
			break;
		version = etag_read(&p);
		if (version > newest)
			newest = version;
	}
	return newest;
}

int request_if_match(const struct request *req, int64_t *ret_version, struct problem *reterr)
{
	const char *value = request_header(req, "if-match");
	int64_t version = value ? etags_newest(value) : 0;

	/* A weak tag never matches here: we only ever give strong ones. */
	if (version < 0 || (value && strncmp(value + strspn(value, " \t"), "W/", 2) == 0))
		return problem_set(reterr, PROBLEM_VERSION,
				   "If-Match names no version that this resource could have.");
	*ret_version = version;
	return 0;
}

static int prefer_read(const char *value, int fallback)
{
	const char *p = value;

	while (*p) {
		p += strspn(p, " \t,;");
		if (strncasecmp(p, "wait=", 5) == 0 && p[5] >= '0' && p[5] <= '9') {
			unsigned long s = strtoul(p + 5, NULL, 10);

			return s > 86400 ? 86400 : (int)s;
		}
		p += strcspn(p, ",;");
	}
	return fallback;
}

int request_prefer_wait_s(const struct request *req, int fallback, int most)
{
	int wait_s = fallback;
	size_t i;

	for (i = 0; i < req->headers_n; i++) {
		if (strcmp(req->headers[i].name, "prefer") == 0)
			wait_s = prefer_read(req->headers[i].value, wait_s);
	}
	if (wait_s < 0)
		return 0;
	return wait_s > most ? most : wait_s;
}

static bool reply_has(const struct reply *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->headers_n; i++) {
		if (strcasecmp(r->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A header can never carry what a client sent as a line break. */
static char *header_clean(char *value)
{
	char *p;

	for (p = value; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	return value;
}

void reply_header(struct reply *r, struct arena *a, const char *name, const char *value_fmt, ...)
{
	va_list ap;
	char *value;

	if (r->headers_n == ARRAY_LEN(r->headers))
		return;
	va_start(ap, value_fmt);
	value = arena_vprintf(a, value_fmt, ap);
	va_end(ap);
	r->headers[r->headers_n++] = (struct name_value){ name, header_clean(value) };
}

void reply_reset(struct reply *r)
{
	struct buf body = r->body;

	if (body.cap > BODY_KEPT_BYTES)
		buf_done(&body);
	else
		buf_clear(&body);
	*r = (struct reply){ .body = body };
	r->emit = (struct emit)EMIT(&r->body);
}

/* Whether one word of a space-separated list is exactly this text. */
static bool list_has(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *p = list;

	while (*p) {
		size_t len;

		p += strspn(p, " ");
		len = strcspn(p, " ");
		if (len && len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

static void reply_cors(const struct request *req, struct reply *r)
{
	const struct config *cfg = req->app ? req->app->config : NULL;
	const char *origin = request_header(req, "origin");

	if (!cfg || !cfg->server_cors_origins || !*cfg->server_cors_origins)
		return;
	reply_header(r, req->arena, "Vary", "Origin");
	if (!origin || !list_has(cfg->server_cors_origins, origin))
		return;
	reply_header(r, req->arena, "Access-Control-Allow-Origin", "%s", origin);
	reply_header(r, req->arena, "Access-Control-Expose-Headers",
		     "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, "
		     "Retry-After, X-Request-Id");
	if (req->method != HTTP_OPTIONS)
		return;
	reply_header(r, req->arena, "Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE");
	reply_header(r, req->arena, "Access-Control-Allow-Headers",
		     "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
		     "Prefer, X-Request-Id");
	reply_header(r, req->arena, "Access-Control-Max-Age", "600");
}

static void reply_etag(const struct request *req, struct reply *r)
{
	const char *known = request_header(req, "if-none-match");
	bool is_read = req->method == HTTP_GET || req->method == HTTP_HEAD;

	if (r->version <= 0 || r->status >= 300)
		return;
	reply_header(r, req->arena, "ETag", "\"%lld\"", (long long)r->version);
	if (is_read && known && etags_newest(known) == r->version) {
		r->status = 304;
		buf_clear(&r->body);
	}
}

void reply_finish(const struct request *req, struct reply *r)
{
	if (reply_has(r, "X-Request-Id"))
		return;
	if (!r->status)
		r->status = 200;
	reply_header(r, req->arena, "X-Request-Id", "%s", req->request_id ? req->request_id : "");
	if (!reply_has(r, "Cache-Control"))
		reply_header(r, req->arena, "Cache-Control", "no-store");
	if (req->rate_policy) {
		reply_header(r, req->arena, "RateLimit-Policy", "%s", req->rate_policy);
		reply_header(r, req->arena, "RateLimit", "%s", req->rate_left);
	}
	reply_etag(req, r);
	reply_cors(req, r);
}

void reply_print(const struct request *req, const struct reply *r, struct buf *out)
{
	bool has_body = r->status != 204 && r->status != 304;
	size_t i;

	buf_printf(out, "Status: %d\r\n", r->status);
	for (i = 0; i < r->headers_n; i++)
		buf_printf(out, "%s: %s\r\n", r->headers[i].name, r->headers[i].value);
	/* A type without a body belongs to the file that nginx sends instead (X-Accel-Redirect). */
	if (has_body && (r->body.len || r->content_type)) {
		buf_printf(out, "Content-Type: %s\r\n",
			   r->content_type ? r->content_type : "application/json");
	}
	if (has_body)
		buf_printf(out, "Content-Length: %zu\r\n", r->body.len);
	buf_adds(out, "\r\n");
	if (has_body && req->method != HTTP_HEAD && r->body.len)
		buf_add(out, r->body.p, r->body.len);
}

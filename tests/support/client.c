/* SPDX-License-Identifier: Apache-2.0 */
#include "support/client.h"

#include <check.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "crypto/random.h"

int client_need(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);

		if (value && *value)
			continue;
		fprintf(stderr,
			"SKIPPED: %s is not set; run this through `./carillon check`, or set "
			"what `./carillon env` prints.\n",
			*names);
		return CLIENT_SKIP;
	}
	return 0;
}

const char *client_env(const char *name)
{
	const char *value = getenv(name);

	ck_assert_msg(value && *value, "%s is not set", name);
	return value;
}

static size_t take_bytes(char *p, size_t size, size_t n, void *arg)
{
	buf_add(arg, p, size * n);
	return size * n;
}

/* Interim answers and redirects each begin a block of their own: the last one counts. */
static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	struct buf *headers = arg;

	if (size * n > 5 && strncmp(p, "HTTP/", 5) == 0)
		buf_clear(headers);
	buf_add(headers, p, size * n);
	return size * n;
}

/* Whether this call is to carry a key of its own making. */
static bool is_keyed(const struct call *c)
{
	const char *const *h;

	if (!getenv("CARILLON_TEST_KEYED") || c->base ||
	    (strcmp(c->method, "POST") != 0 && strcmp(c->method, "PATCH") != 0))
		return false;
	for (h = c->headers; h && *h; h++) {
		if (strncasecmp(*h, "Idempotency-Key:", 16) == 0)
			return false;
	}
	return true;
}

static struct curl_slist *headers_of(const struct call *c)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	const char *const *h;
	char line[512], id[ID_MAX];

	if (c->token) {
		snprintf(line, sizeof(line), "Authorization: Bearer %s", c->token);
		list = curl_slist_append(list, line);
	}
	if (c->body) {
		snprintf(line, sizeof(line), "Content-Type: %s",
			 c->content_type ? c->content_type : "application/json");
		list = curl_slist_append(list, line);
	}
	for (h = c->headers; h && *h; h++)
		list = curl_slist_append(list, *h);
	if (is_keyed(c)) {
		random_id(id, "key");
		snprintf(line, sizeof(line), "Idempotency-Key: %s", id);
		list = curl_slist_append(list, line);
	}
	return list;
}

static void call_set(CURL *curl, const struct call *c, const char *url, struct curl_slist *headers)
{
	const char *ca = getenv("CARILLON_CA");

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, c->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, c->timeout_s ? c->timeout_s : 60L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (ca && *ca) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (strcmp(c->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (c->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 (long)(c->body_n ? c->body_n : strlen(c->body)));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, c->body);
	} else if (strcmp(c->method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	}
}

/*
 * One a process, so that calls share a connection: of a call over TLS the handshake is most. Those
 * of the processes that this one was forked from are theirs, and stay where they are.
 */
struct line {
	CURL *curl;
	pid_t owner;
	struct line *before;
};

static CURL *line_take(void)
{
	static struct line *line;

	if (!line || line->owner != getpid()) {
		struct line *own = alloc_zero(sizeof(*own));

		*own = (struct line){ curl_easy_init(), getpid(), line };
		line = own;
	}
	curl_easy_reset(line->curl);
	return line->curl;
}

struct answer *client_send(const struct call *c)
{
	struct answer *a = alloc_zero(sizeof(*a));
	struct buf url CLEANUP(buf_done) = BUF_INIT;
	struct buf headers = BUF_INIT, body = BUF_INIT;
	struct curl_slist *list = headers_of(c);
	CURL *curl = line_take();
	char *type = NULL;
	CURLcode rc;

	buf_printf(&url, "%s%s", c->base ? c->base : client_env("CARILLON_URL"), c->path);
	call_set(curl, c, url.p, list);
	if (!c->body) /* libcurl would add one for an empty POST */
		list = curl_slist_append(list, "Content-Type:");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
	rc = curl_easy_perform(curl);
	ck_assert_msg(rc == CURLE_OK, "%s %s: %s", c->method, url.p, curl_easy_strerror(rc));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &a->seconds);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	a->body_n = body.len;
	a->headers = buf_take(&headers);
	a->body = buf_take(&body);
	if (type && strstr(type, "json"))
		a->json = json_loadb(a->body, a->body_n, 0, NULL);
	curl_slist_free_all(list);
	return a;
}

struct answer *client_call(const char *method, const char *path, const char *token,
			   const char *body)
{
	const struct call c = { .method = method, .path = path, .token = token, .body = body };

	return client_send(&c);
}

struct answer *client_callf(const char *method, const char *path, const char *token,
			    const char *fmt, ...)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&body, fmt, ap);
	va_end(ap);
	return client_call(method, path, token, buf_str(&body));
}

void answer_free(struct answer *a)
{
	if (!a)
		return;
	json_decref(a->json);
	free(a->headers);
	free(a->body);
	free(a);
}

const char *answer_header(const struct answer *a, const char *name)
{
	static char value[4096];
	const char *line = a->headers;
	size_t n = strlen(name);

	while (line && *line) {
		size_t len = strcspn(line, "\r\n");

		if (len > n && line[n] == ':' && strncasecmp(line, name, n) == 0) {
			size_t skip = n + 1 + strspn(line + n + 1, " ");

			snprintf(value, sizeof(value), "%.*s", (int)(len - skip), line + skip);
			return value;
		}
		line += len;
		line += strspn(line, "\r\n");
	}
	return NULL;
}

json_t *answer_at(const struct answer *a, const char *path)
{
	json_t *at = a->json;

	while (at && *path) {
		size_t len = strcspn(path, ".");
		char name[128];

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (json_is_array(at))
			at = json_array_get(at, strtoul(name, NULL, 10));
		else
			at = json_object_get(at, name);
		path += len + (path[len] == '.');
	}
	return at;
}

static json_t *answer_need(const struct answer *a, const char *path)
{
	json_t *at = answer_at(a, path);

	ck_assert_msg(at != NULL, "no member %s in:\n%ld\n%s%s", path, a->status, a->headers,
		      a->body);
	return at;
}

const char *answer_text(const struct answer *a, const char *path)
{
	json_t *at = answer_need(a, path);

	ck_assert_msg(json_is_string(at), "%s is no text in:\n%s", path, a->body);
	return json_string_value(at);
}

int64_t answer_int(const struct answer *a, const char *path)
{
	json_t *at = answer_need(a, path);

	ck_assert_msg(json_is_integer(at), "%s is no whole number in:\n%s", path, a->body);
	return json_integer_value(at);
}

bool answer_bool(const struct answer *a, const char *path)
{
	json_t *at = answer_need(a, path);

	ck_assert_msg(json_is_boolean(at), "%s is no boolean in:\n%s", path, a->body);
	return json_is_true(at);
}

bool answer_is_null(const struct answer *a, const char *path)
{
	return json_is_null(answer_need(a, path));
}

size_t answer_count(const struct answer *a, const char *path)
{
	json_t *at = answer_need(a, path);

	ck_assert_msg(json_is_array(at), "%s is no array in:\n%s", path, a->body);
	return json_array_size(at);
}

size_t client_objects(const char *caption)
{
	CLEANUP(answer_free)
	struct answer *a =
		client_send(&(struct call){ .method = "GET",
					    .path = "/_control/objects?platform=instagram",
					    .base = client_env("CARILLON_SANDBOX_URL") });
	const json_t *list, *object;
	size_t i, n = 0;

	assert_status(a, 200);
	list = answer_at(a, "objects");
	ck_assert(json_is_array(list));
	json_array_foreach(list, i, object) {
		const char *text = json_string_value(json_object_get(object, "caption"));

		n += text && strcmp(text, caption) == 0;
	}
	return n;
}

void assert_status_at(const struct answer *a, long status, const char *file, int line)
{
	ck_assert_msg(a->status == status, "%s:%d: %ld instead of %ld:\n%s%s", file, line,
		      a->status, status, a->headers, a->body);
}

void assert_problem_at(const struct answer *a, long status, const char *code, const char *file,
		       int line)
{
	static const char *const texts[] = { "type", "title",      "detail",       "instance",
					     "code", "request_id", "error.message" };
	const char *type = answer_header(a, "Content-Type");
	size_t i;

	assert_status_at(a, status, file, line);
	ck_assert_msg(type && strncmp(type, "application/problem+json", 24) == 0, "%s:%d: %s", file,
		      line, a->headers);
	ck_assert_msg(strcmp(answer_text(a, "code"), code) == 0, "%s:%d: %s instead of %s: %s",
		      file, line, answer_text(a, "code"), code, a->body);
	for (i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(*answer_text(a, texts[i]) != '\0', "%s:%d: %s is empty", file, line,
			      texts[i]);
	ck_assert_msg(answer_int(a, "status") == status, "%s:%d: %s", file, line, a->body);
	(void)answer_count(a, "errors");
	(void)answer_text(a, "error.code");
	ck_assert_msg(answer_header(a, "X-Request-Id") != NULL, "%s:%d: no X-Request-Id", file,
		      line);
	ck_assert_msg(strcmp(answer_header(a, "X-Request-Id"), answer_text(a, "request_id")) == 0,
		      "%s:%d: two request ids", file, line);
}

void assert_invalid_at(const struct answer *a, const char *pointer, const char *code,
		       const char *file, int line)
{
	size_t i, n;
	char path[64];

	assert_status_at(a, 422, file, line);
	n = answer_count(a, "errors");
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "errors.%zu.pointer", i);
		if (strcmp(answer_text(a, path), pointer) != 0)
			continue;
		snprintf(path, sizeof(path), "errors.%zu.code", i);
		ck_assert_msg(!code || strcmp(answer_text(a, path), code) == 0, "%s:%d: %s", file,
			      line, a->body);
		return;
	}
	ck_abort_msg("%s:%d: nothing about %s in %s", file, line, pointer, a->body);
}

/* FastCGI records, FastCGI specification 3.3. */
static void record_add(struct buf *b, int type, const void *p, size_t n)
{
	const unsigned char head[8] = {
		1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n, 0, 0
	};

	buf_add(b, head, sizeof(head));
	buf_add(b, p, n);
}

static void length_add(struct buf *b, size_t n)
{
	if (n < 128) {
		buf_addc(b, (char)n);
		return;
	}
	buf_addc(b, (char)(0x80 | n >> 24));
	buf_addc(b, (char)(n >> 16));
	buf_addc(b, (char)(n >> 8));
	buf_addc(b, (char)n);
}

static void stream_add(struct buf *b, int type, const char *p, size_t n)
{
	while (n) {
		size_t step = n > 32768 ? 32768 : n;

		record_add(b, type, p, step);
		p += step;
		n -= step;
	}
	record_add(b, type, NULL, 0);
}

/* The text of the stdout records. */
static char *stdout_of(const struct buf *in)
{
	struct buf out = BUF_INIT;
	size_t at = 0;

	while (at + 8 <= in->len) {
		const unsigned char *h = (const unsigned char *)in->p + at;
		size_t n = (size_t)h[4] << 8 | h[5];

		if (at + 8 + n > in->len)
			break;
		if (h[1] == 6)
			buf_add(&out, h + 8, n);
		at += 8 + n + h[6];
	}
	return buf_take(&out);
}

char *client_fcgi(const char *socket_path, const char *const *params, const void *body, size_t n)
{
	static const unsigned char begin[8] = { 0, 1, 0 };
	struct buf out CLEANUP(buf_done) = BUF_INIT, in CLEANUP(buf_done) = BUF_INIT;
	struct buf pairs CLEANUP(buf_done) = BUF_INIT;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t got;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	ck_assert_msg(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "cannot connect to %s",
		      socket_path);
	for (; *params; params += 2) {
		length_add(&pairs, strlen(params[0]));
		length_add(&pairs, strlen(params[1]));
		buf_adds(&pairs, params[0]);
		buf_adds(&pairs, params[1]);
	}
	record_add(&out, 1, begin, sizeof(begin));
	stream_add(&out, 4, pairs.p, pairs.len);
	stream_add(&out, 5, body, n);
	for (size_t at = 0; at < out.len; at += (size_t)got) {
		got = send(fd, out.p + at, out.len - at, MSG_NOSIGNAL);
		if (got <= 0)
			break;
	}
	while ((got = read(fd, buf_reserve(&in, 65536), 65536)) > 0)
		in.len += (size_t)got;
	close(fd);
	return stdout_of(&in);
}

static void persona_workspace(struct persona *p, const char *workspace)
{
	if (workspace) {
		snprintf(p->workspace, sizeof(p->workspace), "%s", workspace);
		return;
	}
	random_id(p->workspace, "ws");
	free(client_sql("INSERT INTO workspaces (id, name, created_at, updated_at) "
			"VALUES ('%s', 'Persona', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
			p->workspace));
}

static void persona_session(struct persona *p)
{
	uint8_t hash[SHA256_BYTES];
	char access[SHA256_HEX_MAX], refresh[SHA256_HEX_MAX], id[ID_MAX];

	memcpy(p->token, "at_", 3);
	random_token(p->token + 3, 32);
	memcpy(p->refresh, "rt_", 3);
	random_token(p->refresh + 3, 32);
	digest_sha256(p->token, strlen(p->token), hash);
	digest_hex(hash, sizeof(hash), access);
	digest_sha256(p->refresh, strlen(p->refresh), hash);
	digest_hex(hash, sizeof(hash), refresh);
	random_id(id, "ses");
	free(client_sql("INSERT INTO sessions (workspace_id, id, family, user_id, access_hash, "
			"access_expires_at, refresh_hash, refresh_expires_at, created_at) VALUES "
			"('%s', '%s', '%s', '%s', UNHEX('%s'), UTC_TIMESTAMP(3) + INTERVAL 1 HOUR, "
			"UNHEX('%s'), UTC_TIMESTAMP(3) + INTERVAL 1 DAY, UTC_TIMESTAMP(3))",
			p->workspace, id, id, p->user, access, refresh));
}

void persona_make(struct persona *ret, const char *workspace, const char *role)
{
	char hash[PASSWORD_HASH_MAX];

	memset(ret, 0, sizeof(*ret));
	persona_workspace(ret, workspace);
	random_id(ret->user, "user");
	snprintf(ret->email, sizeof(ret->email), "%s@example.com", ret->user);
	ck_assert_int_eq(password_hash(PERSONA_PASSWORD, hash), 0);
	free(client_sql("INSERT INTO users (id, email, name, password_hash, created_at) "
			"VALUES ('%s', '%s', 'Persona', '%s', UTC_TIMESTAMP(3))",
			ret->user, ret->email, hash));
	free(client_sql("INSERT INTO members (workspace_id, user_id, role, created_at) "
			"VALUES ('%s', '%s', '%s', UTC_TIMESTAMP(3))",
			ret->workspace, ret->user, role));
	persona_session(ret);
}

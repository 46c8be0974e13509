/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "support/client.h"
#include "support/suite.h"
#include "support/wire.h"

#define CHARACTERS "/api/v1/characters"

static struct answer *send_with(const char *method, const char *path, const char *header,
				const char *body)
{
	const char *const headers[] = { header, NULL };
	const struct call c = { .method = method,
				.path = path,
				.token = CLIENT_TOKEN,
				.body = body,
				.headers = headers };

	return client_send(&c);
}

START_TEST(every_answer_carries_id_and_no_store)
{
	static const char *const paths[] = { "/api/v1/health", CHARACTERS, "/api/v1/nothing",
					     "/nothing" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(paths); i++) {
		struct answer *a CLEANUP(answer_free) =
			client_call("GET", paths[i], CLIENT_TOKEN, NULL);

		ck_assert_msg(answer_header(a, "X-Request-Id") != NULL, "%s", paths[i]);
		ck_assert_str_eq(answer_header(a, "Cache-Control"), "no-store");
	}
}
END_TEST

START_TEST(request_id_of_the_client_is_echoed)
{
	struct answer *a CLEANUP(answer_free) =
		send_with("GET", CHARACTERS, "X-Request-Id: my-Id_1", NULL);
	struct answer *b CLEANUP(answer_free) =
		send_with("GET", CHARACTERS, "X-Request-Id: my id", NULL);

	ck_assert_str_eq(answer_header(a, "X-Request-Id"), "my-Id_1");
	ck_assert_int_eq(strncmp(answer_header(b, "X-Request-Id"), "req_", 4), 0);
}
END_TEST

static const char *const odd_paths[] = {
	"/api/v1/characters%2f..%2fworkspace",
	"/api/v1/characters%2Fx",
	"/api/v1/characters/%5cx",
	"/api/v1/characters/x%0ay",
	"/api/v1/characters/x%0d",
	"/api/v1/./characters",
	"/api/v1/characters/../workspace",
	"/api/v1//characters",
	"/api/v1/char%61cters",
	"/api/v1/characters/",
	"/api/v1/characters/%C3%A4",
	"/api/v1/%2e%2e/metrics",
	"/api/v1/characters;x",
	"/api/v1/characters/x%00",
};

START_TEST(odd_paths_are_refused)
{
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", odd_paths[_i], CLIENT_TOKEN, NULL);

	ck_assert_msg(a->status == 400 || a->status == 404, "%s: %ld", odd_paths[_i], a->status);
	assert_problem(a, a->status, a->status == 400 ? answer_text(a, "code") : "not_found");
}
END_TEST

START_TEST(methods_of_a_path)
{
	struct answer *put CLEANUP(answer_free) =
		client_call("PUT", CHARACTERS, CLIENT_TOKEN, "{}");
	struct answer *options CLEANUP(answer_free) =
		client_call("OPTIONS", CHARACTERS, NULL, NULL);
	struct answer *head CLEANUP(answer_free) =
		client_call("HEAD", CHARACTERS, CLIENT_TOKEN, NULL);

	assert_problem(put, 405, "method_not_allowed");
	ck_assert_str_eq(answer_header(put, "Allow"), "GET, HEAD, POST, OPTIONS");
	assert_status(options, 204);
	ck_assert_str_eq(answer_header(options, "Allow"), "GET, HEAD, POST, OPTIONS");
	assert_status(head, 200);
	ck_assert_uint_eq(head->body_n, 0);
	ck_assert_int_gt(atol(answer_header(head, "Content-Length")), 0);
}
END_TEST

START_TEST(no_token_is_401_with_a_challenge)
{
	struct answer *a CLEANUP(answer_free) = client_call("GET", CHARACTERS, NULL, NULL);
	struct answer *b CLEANUP(answer_free) = client_call("GET", CHARACTERS, "at_unknown", NULL);

	assert_problem(a, 401, "authentication_required");
	ck_assert_str_eq(answer_header(a, "WWW-Authenticate"), "Bearer realm=\"carillon\"");
	assert_problem(b, 401, "invalid_token");
	ck_assert_ptr_nonnull(
		strstr(answer_header(b, "WWW-Authenticate"), "error=\"invalid_token\""));
}
END_TEST

static const struct {
	const char *body, *type;
	long status;
	const char *code;
} bodies[] = {
	{ "{\"name\":\"x\"", NULL, 400, "malformed_json" },
	{ "{\"name\":\"x\",\"name\":\"y\"}", NULL, 400, "malformed_json" },
	{ "{\"name\":\"x\"} {}", NULL, 400, "malformed_json" },
	{ "{\"name\":\"a\\u0000b\"}", NULL, 400, "malformed_json" },
	{ "{\"name\":\"\xff\"}", NULL, 400, "malformed_json" },
	{ "[]", NULL, 422, "validation_failed" },
	{ "{\"name\":5}", NULL, 422, "validation_failed" },
	{ "{\"name\":\"x\",\"nom\":1}", NULL, 422, "validation_failed" },
	{ "name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type" },
	{ "{\"name\":\"x\"}", "text/plain", 415, "unsupported_media_type" },
};

START_TEST(bad_bodies_are_told_apart)
{
	const struct call c = { .method = "POST",
				.path = CHARACTERS,
				.token = CLIENT_TOKEN,
				.body = bodies[_i].body,
				.content_type = bodies[_i].type };
	struct answer *a CLEANUP(answer_free) = client_send(&c);

	assert_problem(a, bodies[_i].status, bodies[_i].code);
}
END_TEST

/* A valid body of exactly n bytes: blanks between the tokens do not count as content. */
static char *padded(size_t n)
{
	static const char head[] = "{\"nom\":1,", tail[] = "\"name\":\"x\"}";
	char *body = alloc_zero(n + 1);

	memset(body, ' ', n);
	memcpy(body, head, sizeof(head) - 1);
	memcpy(body + n - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	return body;
}

/* The sizes at which lengths of 16 bits wrap round; each body arrives whole, so /nom is seen. */
static const size_t sizes[] = { 8191, 32768, 65534, 65535, 65536, 65537, 100000, 131071, 1048576 };

START_TEST(bodies_of_every_length_arrive_whole)
{
	char *body = padded(sizes[_i]);
	const struct call c = { .method = "POST",
				.path = CHARACTERS,
				.token = CLIENT_TOKEN,
				.body = body,
				.body_n = sizes[_i] };
	struct answer *a CLEANUP(answer_free) = client_send(&c);

	assert_invalid(a, "/nom", "unknown_member");
	free(body);
}
END_TEST

START_TEST(body_over_the_limit_is_413)
{
	char *body = padded(1048577);
	const struct call c = { .method = "POST",
				.path = CHARACTERS,
				.token = CLIENT_TOKEN,
				.body = body,
				.body_n = 1048577 };
	struct answer *a CLEANUP(answer_free) = client_send(&c);

	assert_problem(a, 413, "payload_too_large");
	free(body);
}
END_TEST

START_TEST(unknown_query_parameters_are_422)
{
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", CHARACTERS "?limit=101&shoe=9", CLIENT_TOKEN, NULL);
	struct answer *b CLEANUP(answer_free) = client_call(
		"GET", CHARACTERS "?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAA", CLIENT_TOKEN, NULL);

	assert_invalid(a, "limit", "out_of_range");
	assert_invalid(a, "shoe", "unknown_parameter");
	assert_problem(b, 422, "invalid_cursor");
}
END_TEST

/* Status and code of a raw answer. */
static int raw_status(const char *answer)
{
	int status = 0;

	(void)sscanf(answer, "HTTP/1.1 %d", &status);
	return status;
}

static char *raw(const char *fmt, const char *arg)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b,
		   "POST " CHARACTERS " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		   "Authorization: Bearer %s\r\n",
		   CLIENT_TOKEN);
	buf_adds(&b, fmt);
	buf_adds(&b, arg);
	return wire_ask(b.p, b.len);
}

static const struct {
	const char *name, *rest;
	int least, most;
} raws[] = {
	{ "second authorization", "Authorization: Bearer x\r\nContent-Length: 0\r\n\r\n", 400,
	  400 },
	{ "second length", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400, 400 },
	{ "length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400, 400 },
	{ "negative length", "Content-Length: -1\r\n\r\n", 400, 400 },
	{ "huge length", "Content-Length: 99999999999999999999\r\n\r\n", 400, 413 },
	{ "length over the limit", "Content-Length: 1048577\r\n\r\n", 413, 413 },
	{ "proxy header", "Proxy: http://evil.example\r\nContent-Length: 0\r\n\r\n", 422, 422 },
	{ "obsolete folding", "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", 400, 422 },
};

START_TEST(odd_requests_get_an_answer)
{
	char *answer = raw(raws[_i].rest, "");
	int status = raw_status(answer);

	ck_assert_msg(status >= raws[_i].least && status <= raws[_i].most, "%s: %.200s",
		      raws[_i].name, answer);
	free(answer);
}
END_TEST

START_TEST(many_headers_do_no_harm)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *answer;
	int i;

	for (i = 0; i < 200; i++)
		buf_printf(&b, "X-Many-%d: %d\r\n", i, i);
	buf_adds(&b, "Content-Length: 0\r\n\r\n");
	answer = raw(b.p, "");
	ck_assert_msg(raw_status(answer) == 422 || raw_status(answer) == 431, "%.200s", answer);
	free(answer);
}
END_TEST

START_TEST(header_beyond_8k_is_a_problem_document)
{
	char *header = alloc_zero(20000), *answer;

	memset(header, 'a', 19999);
	memcpy(header, "X-Long: ", 8);
	answer = raw(header, "\r\nContent-Length: 0\r\n\r\n");
	ck_assert_msg(raw_status(answer) == 431 || raw_status(answer) == 400, "%.200s", answer);
	free(answer);
	free(header);
}
END_TEST

START_TEST(etag_guards_changes)
{
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/api/v1/workspace", CLIENT_TOKEN, NULL);
	char match[80], known[80];

	assert_status(a, 200);
	snprintf(match, sizeof(match), "If-Match: %s", answer_header(a, "ETag"));
	snprintf(known, sizeof(known), "If-None-Match: %s", answer_header(a, "ETag"));
	struct answer *same CLEANUP(answer_free) =
		send_with("GET", "/api/v1/workspace", known, NULL);
	struct answer *good CLEANUP(answer_free) =
		send_with("PATCH", "/api/v1/workspace", match, "{\"require_approval\":false}");
	struct answer *stale CLEANUP(answer_free) =
		send_with("PATCH", "/api/v1/workspace", match, "{\"require_approval\":false}");
	struct answer *weak CLEANUP(answer_free) =
		send_with("PATCH", "/api/v1/workspace", "If-Match: W/\"1\"", "{}");

	assert_status(same, 304);
	assert_status(good, 200);
	ck_assert_str_ne(answer_header(good, "ETag"), strchr(match, '"'));
	assert_problem(stale, 412, "version_mismatch");
	assert_problem(weak, 412, "version_mismatch");
}
END_TEST

START_TEST(internal_and_unknown_hosts_are_closed)
{
	static const char stranger[] =
		"GET /api/v1/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/internal/upload-auth", CLIENT_TOKEN, NULL);
	char *answer = wire_ask(stranger, sizeof(stranger) - 1);

	assert_problem(a, 404, "not_found");
	ck_assert_str_eq(answer, "");
	free(answer);
}
END_TEST

/* What is compared with words in ASCII; the database would fail over others. */
static const struct {
	const char *path, *name;
} beyond_ascii[] = {
	{ "/api/v1/events?type=%C2%A0", "type" },
	{ "/api/v1/content/cnt_1/preflight?platform=%C3%A9", "platform" },
	{ "/api/v1/accounts?platform=%C3%A9", "platform" },
	{ "/api/v1/schedule?platform=%C3%A9", "platform" },
};

START_TEST(word_beyond_ascii_is_refused)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("GET", beyond_ascii[_i].path, CLIENT_TOKEN, NULL);

	assert_invalid(a, beyond_ascii[_i].name, NULL);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_answer_carries_id_and_no_store, 0 },
		{ request_id_of_the_client_is_echoed, 0 },
		{ odd_paths_are_refused, (int)ARRAY_LEN(odd_paths) },
		{ methods_of_a_path, 0 },
		{ no_token_is_401_with_a_challenge, 0 },
		{ bad_bodies_are_told_apart, (int)ARRAY_LEN(bodies) },
		{ bodies_of_every_length_arrive_whole, (int)ARRAY_LEN(sizes) },
		{ body_over_the_limit_is_413, 0 },
		{ unknown_query_parameters_are_422, 0 },
		{ odd_requests_get_an_answer, (int)ARRAY_LEN(raws) },
		{ many_headers_do_no_harm, 0 },
		{ header_beyond_8k_is_a_problem_document, 0 },
		{ etag_guards_changes, 0 },
		{ internal_and_unknown_hosts_are_closed, 0 },
		{ word_beyond_ascii_is_refused, (int)ARRAY_LEN(beyond_ascii) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "http",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN"),
		.cases = cases,
	});
}

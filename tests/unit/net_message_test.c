/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "net/message.h"
#include "support/suite.h"

#define NOW_US (784111777LL * US_PER_S) /* Sun, 06 Nov 1994 08:49:37 GMT */

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static struct http_reply reply_of(const char *headers, const char *body)
{
	struct http_reply p = { .status = 200 };

	buf_adds(&p.headers, headers);
	buf_adds(&p.body, body);
	return p;
}

static const char *header_of(const struct http_request *r, const char *name)
{
	for (const struct http_header *h = r->headers; h; h = h->next) {
		if (strcmp(h->name, name) == 0)
			return h->value;
	}
	return NULL;
}

START_TEST(url_is_composed_and_encoded)
{
	struct http_request *r = http_request_new(arena, VERB_GET, "t.x");

	http_request_url(r, "https://h.test/v1", "/%s/media", "178");
	ck_assert_str_eq(r->url, "https://h.test/v1/178/media");
	http_request_query(r, "fields", "id,caption");
	http_request_query(r, "none", NULL);
	http_request_query(r, "q", "a&b=c d\xc3\xa9#");
	ck_assert_str_eq(
		r->url, "https://h.test/v1/178/media?fields=id%2Ccaption&q=a%26b%3Dc%20d%C3%A9%23");
	http_request_url(r, "https://h.test/", "/x");
	ck_assert_str_eq(r->url, "https://h.test/x");
}
END_TEST

START_TEST(header_with_line_break_stays_one_line)
{
	struct http_request *r = http_request_new(arena, VERB_GET, "t.x");

	http_request_bearer(r, "abc\r\nX-Evil: 1");
	ck_assert_str_eq(header_of(r, "Authorization"), "Bearer abcX-Evil: 1");
	http_request_header(r, "authorization", "%s", "replaced");
	ck_assert_str_eq(header_of(r, "Authorization"), "replaced");
	ck_assert_ptr_null(r->headers->next);
	http_request_basic(r, "Aladdin", "open sesame");
	ck_assert_str_eq(header_of(r, "Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}
END_TEST

START_TEST(form_grows_and_skips_null)
{
	struct http_request *r = http_request_new(arena, VERB_POST, "t.x");

	http_request_form(r, "none", NULL);
	ck_assert_int_eq(r->body, BODY_NONE);
	http_request_form(r, "caption", "a b&c=\n");
	http_request_form(r, "x", "");
	ck_assert_int_eq(r->body, BODY_BYTES);
	ck_assert_str_eq(r->bytes, "caption=a%20b%26c%3D%0A&x=");
	ck_assert_uint_eq(r->bytes_n, strlen(r->bytes));
	ck_assert_str_eq(header_of(r, "Content-Type"), "application/x-www-form-urlencoded");
}
END_TEST

START_TEST(json_is_printed_and_taken)
{
	struct http_request *r = http_request_new(arena, VERB_POST, "t.x");

	http_request_header(r, "Content-Type", "application/json; charset=UTF-8");
	http_request_json(r, json_pack("{s:s}", "text", "h\xc3\xa9"));
	ck_assert_str_eq(r->bytes, "{\"text\":\"h\xc3\xa9\"}");
	ck_assert_uint_eq(r->bytes_n, strlen(r->bytes));
	ck_assert_str_eq(header_of(r, "Content-Type"), "application/json; charset=UTF-8");
}
END_TEST

START_TEST(parts_keep_their_order)
{
	struct http_request *r = http_request_new(arena, VERB_POST, "t.x");

	http_request_part(r, "command", "APPEND");
	http_request_part_file(r, "media",
			       &(struct http_part){ .file_path = "/tmp/x",
						    .file_name = "x.mp4",
						    .mime = "video/mp4",
						    .offset = 5,
						    .bytes = -1 });
	ck_assert_int_eq(r->body, BODY_MULTIPART);
	ck_assert_str_eq(r->parts->value, "APPEND");
	ck_assert_str_eq(r->parts->next->file_path, "/tmp/x");
	ck_assert_int_eq(r->parts->next->bytes, -1);
	ck_assert_ptr_null(r->parts->next->next);
}
END_TEST

static const struct {
	const char *headers, *name, *value;
} lookups[] = {
	{ "HTTP/1.1 200 OK\r\nLocation: /a\r\n\r\n", "location", "/a" },
	{ "HTTP/1.1 200 OK\r\nX: 1\r\nx:2 \t\r\n\r\n", "X", "2" },
	{ "HTTP/1.1 200 OK\r\nXY: 1\r\n\r\n", "X", NULL },
	{ "HTTP/1.1 200 OK\r\nX-Y: 1\r\n\r\n", "Y", NULL },
	{ "HTTP/1.1 200 OK\r\nX:\r\n\r\n", "X", "" },
	{ "X: cut", "X", "cut" },
	{ "X", "X", NULL },
	{ "", "X", NULL },
};

START_TEST(header_lookup)
{
	struct http_reply p = reply_of(lookups[_i].headers, "");
	const char *v = http_reply_header(&p, arena, lookups[_i].name);

	if (lookups[_i].value)
		ck_assert_pstr_eq(v, lookups[_i].value);
	else
		ck_assert_ptr_null(v);
	http_reply_done(&p);
}
END_TEST

static const struct {
	const char *value;
	int64_t s;
} retries[] = {
	{ "0", 0 },
	{ "-1", -1 },
	{ "120", 120 },
	{ " 120 ", 120 },
	{ "1000000000", 86400 },
	{ "99999999999999999999999999999999", 86400 },
	{ "86400", 86400 },
	{ "86401", 86400 },
	{ "1.5", -1 },
	{ "+5", -1 },
	{ "soon", -1 },
	{ "", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
	{ "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
	{ "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
	{ "Fri, 01 Jan 1000 00:00:00 GMT", 0 },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", 86400 },
	{ "Sun, 06 Xxx 1994 08:50:37 GMT", -1 },
	{ "Sun, 06 anF 1994 08:50:37 GMT", -1 },
	{ "Sun, 00 Nov 1994 08:50:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 24:50:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:50:37 UTC", -1 },
	{ "Sun, 06 Nov 0000 08:50:37 GMT", -1 },
	{ "Sun, -6 Nov 1994 08:50:37 GMT", -1 },
};

START_TEST(retry_after_is_clamped)
{
	char headers[128];
	struct http_reply p;

	snprintf(headers, sizeof(headers), "HTTP/1.1 429 X\r\nRetry-After: %s\r\n\r\n",
		 retries[_i].value);
	p = reply_of(headers, "");
	ck_assert_msg(http_reply_retry_after_s(&p, NOW_US) == retries[_i].s, "%s",
		      retries[_i].value);
	http_reply_done(&p);
}
END_TEST

START_TEST(retry_after_absent_is_none)
{
	struct http_reply p = reply_of("HTTP/1.1 429 X\r\n\r\n", "");

	ck_assert_int_eq(http_reply_retry_after_s(&p, NOW_US), -1);
	http_reply_done(&p);
}
END_TEST

static const struct {
	const char *body;
	bool is_json;
} bodies[] = {
	{ "{\"id\":\"1\"}", true },
	{ "[]", true },
	{ "", false },
	{ "<html>", false },
	{ "{\"a\":1,\"a\":2}", false },
	{ "{\"a\":1} x", false },
	{ "{\"a\":\"\\u0000\"}", false },
	{ "{\"a\":\"\xff\"}", false },
};

START_TEST(json_is_strict)
{
	struct http_reply p = reply_of("", bodies[_i].body);
	json_t *doc = http_reply_json(&p);

	ck_assert_msg((doc != NULL) == bodies[_i].is_json, "%s", bodies[_i].body);
	json_decref(doc);
	http_reply_done(&p);
}
END_TEST

START_TEST(json_too_deep_is_refused)
{
	struct http_reply p = reply_of("", "");

	for (int i = 0; i < 1000; i++)
		buf_addc(&p.body, '[');
	for (int i = 0; i < 1000; i++)
		buf_addc(&p.body, ']');
	ck_assert_ptr_null(http_reply_json(&p));
	http_reply_done(&p);
}
END_TEST

static const struct {
	const char *url, *name, *value;
} queries[] = {
	{ "https://h/?code=a%2Fb&state=x+y", "code", "a/b" },
	{ "https://h/?code=a%2Fb&state=x+y", "state", "x y" },
	{ "https://h/?code=1#_", "code", "1" },
	{ "https://h/?xcode=1", "code", NULL },
	{ "https://h/?code", "code", "" },
	{ "https://h/?code=", "code", "" },
	{ "https://h/?code=%zz%4", "code", "%zz%4" },
	{ "https://h/?code=a%00b", "code", NULL },
	{ "https://h/#?code=1&code=2", "co", NULL },
	{ "https://h/?&&%63ode=1", "code", "1" },
	{ "https://h/", "code", NULL },
};

START_TEST(query_values)
{
	const char *v = url_query_get(arena, queries[_i].url, queries[_i].name);

	if (queries[_i].value)
		ck_assert_pstr_eq(v, queries[_i].value);
	else
		ck_assert_ptr_null(v);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ url_is_composed_and_encoded, 0 },
		{ header_with_line_break_stays_one_line, 0 },
		{ form_grows_and_skips_null, 0 },
		{ json_is_printed_and_taken, 0 },
		{ parts_keep_their_order, 0 },
		{ header_lookup, (int)ARRAY_LEN(lookups) },
		{ retry_after_is_clamped, (int)ARRAY_LEN(retries) },
		{ retry_after_absent_is_none, 0 },
		{ json_is_strict, (int)ARRAY_LEN(bodies) },
		{ json_too_deep_is_refused, 0 },
		{ query_values, (int)ARRAY_LEN(queries) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "net_message",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

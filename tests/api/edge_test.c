/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge: requests as no library would send them, to the real nginx and the pools behind it. Each
 * row says who answers and how. Whatever comes, nothing but the one spelling of a path reaches its
 * handler, no worker dies, and nobody waits for somebody who is slow.
 */
#include <check.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "support/client.h"
#include "support/instance.h"
#include "support/suite.h"
#include "support/wire.h"

#define HOST        "Host: localhost\r\n"
#define LAST        "Connection: close\r\n\r\n"
#define AUTHORIZE   "Authorization: Bearer " TOKEN_HERE "\r\n"
/* Stands in the rows for the token that the instance has made. */
#define TOKEN_HERE  "@TOKEN@"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST AUTHORIZE LAST
#define POST(rest)  "POST /api/v1/characters HTTP/1.1\r\n" HOST AUTHORIZE rest
#define CLOSED      0

struct row {
	const char *name, *bytes;
	size_t n;
	int status;       /* CLOSED: no byte comes back */
	const char *code; /* of the problem document; NULL: none looked for */
};
#define ROW(name, bytes, status, code)                       \
	{                                                    \
		name, bytes, sizeof(bytes) - 1, status, code \
	}

/* clang-format off */
static const struct row rows[] = {
	ROW("plain",                  GET("/api/v1/workspace"), 200, NULL),
	ROW("query",                  GET("/api/v1/characters?limit=1"), 200, NULL),

	/* the target */
	ROW("encoded slash",          GET("/api/v1%2fworkspace"), 400, "bad_path"),
	ROW("encoded slash, up",      GET("/api/v1/characters%2f..%2fworkspace"), 400, "bad_path"),
	ROW("encoded backslash",      GET("/api/v1/characters%5c..%5cworkspace"), 400, "bad_path"),
	ROW("backslash",              GET("/api/v1/characters\\..\\workspace"), 400, "bad_path"),
	ROW("encoded dots",           GET("/api/v1/characters/%2e%2e/workspace"), 400, "bad_path"),
	ROW("dots",                   GET("/api/v1/characters/../workspace"), 400, "bad_path"),
	ROW("one dot",                GET("/api/v1/./workspace"), 400, "bad_path"),
	ROW("dots beyond the root",   GET("/../../etc/passwd"), 400, "bad_request"),
	ROW("encoded, beyond",        GET("/api/v1/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), 400, "bad_request"),
	ROW("into the media",         GET("/_media/../../../etc/passwd"), 400, "bad_request"),
	ROW("internal location",      GET("/_media/x"), 404, "not_found"),
	ROW("internal by encoding",   GET("/%5fmedia/x"), 404, "not_found"),
	ROW("internal, of uploads",   GET("/_upload_auth"), 404, "not_found"),
	ROW("internal, of problems",  GET("/_answer/400"), 404, "not_found"),
	ROW("internal route",         GET("/internal/upload-auth"), 404, "not_found"),
	ROW("encoded twice",          GET("/api/v1/characters%252f..%252fworkspace"), 400, "bad_path"),
	ROW("dots encoded twice",     GET("/api/v1/%252e%252e/workspace"), 400, "bad_path"),
	ROW("two slashes",            GET("/api/v1//workspace"), 400, "bad_path"),
	ROW("two slashes first",      GET("//api/v1/workspace"), 400, "bad_path"),
	ROW("slash last",             GET("/api/v1/workspace/"), 400, "bad_path"),
	ROW("encoded NUL",            GET("/api/v1/workspace%00"), 400, NULL),
	ROW("NUL",                    GET("/api/v1/work\0space"), 400, NULL),
	ROW("encoded line end",       GET("/api/v1/workspace%0d%0aSet-Cookie:%20edge=1"), 400, "bad_path"),
	ROW("line end in the query",  GET("/api/v1/characters?limit=1%0d%0aSet-Cookie:%20edge=1"), 422, "validation_failed"),
	ROW("line feed alone",        "GET /api/v1/workspace\nX: y HTTP/1.1\r\n" HOST LAST, CLOSED, NULL),
	ROW("encoded letter",         GET("/api/v1/wor%6bspace"), 400, "bad_path"),
	ROW("bad UTF-8",              GET("/api/v1/work\xff\xfespace"), 400, "bad_path"),
	ROW("overlong slash",         GET("/api/v1%c0%afworkspace"), 404, "not_found"),
	ROW("overlong dots",          GET("/api/v1/%c0%ae%c0%ae/workspace"), 400, "bad_path"),
	ROW("half an escape",         GET("/api/v1/workspace%2"), 400, NULL),
	ROW("no escape",              GET("/api/v1/workspace%zz"), 400, NULL),
	ROW("%u escape",              GET("/api/v1%u002fworkspace"), 400, NULL),
	ROW("parameter of a segment", GET("/api/v1/workspace;x=1"), 400, "bad_path"),
	ROW("fragment",               GET("/api/v1/workspace#x"), 400, "bad_path"),
	ROW("blank in the path",      GET("/api/v1/work space"), 400, NULL),
	ROW("other case",             GET("/API/v1/workspace"), 404, "not_found"),
	ROW("program's name",         GET("/api/v1/workspace/index.php"), 404, "not_found"),
	ROW("bad UTF-8 in the query", GET("/api/v1/characters?limit=%ff"), 400, NULL),
	ROW("NUL in the query",       GET("/api/v1/characters?limit=1%00"), 400, NULL),

	/* forms of the target, and whose host it is */
	ROW("absolute form",          GET("https://localhost/api/v1/workspace"), 200, NULL),
	ROW("absolute, other scheme", GET("gopher://localhost/api/v1/workspace"), 200, NULL),
	ROW("absolute, other host",   GET("https://evil.example/api/v1/workspace"), CLOSED, NULL),
	ROW("absolute, dots",         GET("https://localhost/api/v1/characters/../workspace"), 400, "bad_path"),
	ROW("absolute, user",         GET("https://localhost@evil.example/api/v1/workspace"), 400, NULL),
	ROW("authority form",         "CONNECT localhost:443 HTTP/1.1\r\n" HOST LAST, 400, NULL),
	ROW("asterisk form",          "OPTIONS * HTTP/1.1\r\n" HOST LAST, 400, NULL),
	ROW("no slash",               GET("api/v1/workspace"), 400, NULL),
	ROW("no target",              "GET HTTP/1.1\r\n" HOST LAST, 400, NULL),
	ROW("host with a port",       "GET /api/v1/workspace HTTP/1.1\r\nHost: localhost:9\r\n" AUTHORIZE LAST, 200, NULL),
	ROW("host in capitals",       "GET /api/v1/workspace HTTP/1.1\r\nHost: LOCALHOST\r\n" AUTHORIZE LAST, 200, NULL),
	ROW("host with a dot",        "GET /api/v1/workspace HTTP/1.1\r\nHost: localhost.\r\n" AUTHORIZE LAST, 200, NULL),
	ROW("host unknown",           "GET /api/v1/workspace HTTP/1.1\r\nHost: evil.example\r\n" AUTHORIZE LAST, CLOSED, NULL),
	ROW("host that begins so",    "GET /api/v1/workspace HTTP/1.1\r\nHost: localhost.evil.example\r\n" AUTHORIZE LAST, CLOSED, NULL),
	ROW("host with a path",       "GET /api/v1/workspace HTTP/1.1\r\nHost: localhost/x\r\n" AUTHORIZE LAST, 400, NULL),
	ROW("host with a NUL",        "GET /api/v1/workspace HTTP/1.1\r\nHost: local\0host\r\n" AUTHORIZE LAST, 400, NULL),
	ROW("host empty",             "GET /api/v1/workspace HTTP/1.1\r\nHost:\r\n" AUTHORIZE LAST, 400, NULL),
	ROW("no host",                "GET /api/v1/workspace HTTP/1.1\r\n" AUTHORIZE LAST, 400, NULL),
	ROW("two hosts",              "GET /api/v1/workspace HTTP/1.1\r\n" HOST "Host: evil.example\r\n" AUTHORIZE LAST, 400, NULL),
	ROW("the same host twice",    "GET /api/v1/workspace HTTP/1.1\r\n" HOST HOST AUTHORIZE LAST, 400, NULL),
	ROW("forwarded host",         "GET /api/v1/workspace HTTP/1.1\r\n" HOST "X-Forwarded-Host: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\n" AUTHORIZE LAST, 200, NULL),

	/* methods and versions */
	ROW("lower-case method",      "get /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE LAST, 400, NULL),
	ROW("unknown method",         "EDGE /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE LAST, 405, "method_not_allowed"),
	ROW("TRACE",                  "TRACE /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE LAST, 405, NULL),
	ROW("method overridden",      "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-HTTP-Method-Override: DELETE\r\n" LAST, 200, NULL),
	ROW("blank method",           " /api/v1/workspace HTTP/1.1\r\n" HOST LAST, 400, NULL),
	ROW("HTTP/0.9",               "GET /api/v1/workspace\r\n", CLOSED, NULL),
	ROW("HTTP/1.0",               "GET /api/v1/workspace HTTP/1.0\r\n" HOST AUTHORIZE "\r\n", 200, NULL),
	ROW("HTTP/1.0, no host",      "GET /api/v1/workspace HTTP/1.0\r\n\r\n", CLOSED, NULL),
	ROW("HTTP/1.9",               "GET /api/v1/workspace HTTP/1.9\r\n" HOST AUTHORIZE LAST, 200, NULL),
	ROW("HTTP/2.0 as text",       "GET /api/v1/workspace HTTP/2.0\r\n" HOST LAST, 505, NULL),
	ROW("HTTP/9",                 "GET /api/v1/workspace HTTP/9\r\n" HOST LAST, 505, NULL),
	ROW("no HTTP",                "GET /api/v1/workspace SIP/2.0\r\n" HOST LAST, 400, NULL),
	ROW("TLS within TLS",         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, NULL),

	/* headers */
	ROW("second authorization",   "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "Authorization: Bearer x\r\n" LAST, 400, NULL),
	ROW("second key",             POST("Idempotency-Key: edge-1\r\nIdempotency-Key: edge-2\r\nContent-Length: 0\r\n" LAST), 400, "bad_request"),
	ROW("the same key twice",     POST("Idempotency-Key: edge-1\r\nIdempotency-Key: edge-1\r\nContent-Length: 0\r\n" LAST), 400, "bad_request"),
	ROW("second match",           "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "If-Match: \"1\"\r\nIf-Match: \"2\"\r\n" LAST, 400, "bad_request"),
	ROW("second type",            POST("Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n" LAST "{}"), 422, NULL),
	ROW("underscore",             POST("Idempotency_Key: a b c\r\nContent-Length: 0\r\n" LAST), 422, NULL),
	ROW("underscore token",       "GET /api/v1/workspace HTTP/1.1\r\n" HOST "HTTP_AUTHORIZATION: Bearer " TOKEN_HERE "\r\n" LAST, 401, NULL),
	ROW("proxy",                  "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "Proxy: http://evil.example\r\n" LAST, 200, NULL),
	ROW("names of parameters",    "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "Request-Body-File: /etc/passwd\r\nDocument-Uri: /metrics\r\n" LAST, 200, NULL),
	ROW("folded",                 "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-A: b\r\n c\r\n" LAST, 400, NULL),
	ROW("folded token",           "GET /api/v1/workspace HTTP/1.1\r\n" HOST "Authorization: Bearer\r\n " TOKEN_HERE "\r\n" LAST, 400, NULL),
	ROW("blank before the colon", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "Authorization : Bearer " TOKEN_HERE "\r\n" LAST, 400, NULL),
	ROW("NUL in a header",        "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-A: b\0c\r\n" LAST, 400, NULL),
	ROW("return in a header",     "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-A: b\rSet-Cookie: edge=1\r\n" LAST, 400, NULL),
	ROW("bad UTF-8 in a header",  "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-Request-Id: \xff\xfe\r\n" LAST, 200, NULL),
	ROW("line end in the id",     "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "X-Request-Id: a%0d%0aSet-Cookie:edge=1\r\n" LAST, 200, NULL),
	ROW("line feeds alone",       "GET /api/v1/workspace HTTP/1.1\nHost: localhost\n" "Authorization: Bearer " TOKEN_HERE "\nConnection: close\n\n", 200, NULL),
	ROW("no colon",               "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "nothing\r\n" LAST, 200, NULL),

	/* the length of the body */
	ROW("no length",              POST(LAST), 422, NULL),
	ROW("second length",          POST("Content-Length: 2\r\nContent-Length: 3\r\n" LAST "{} "), 400, NULL),
	ROW("the same length twice",  POST("Content-Length: 2\r\nContent-Length: 2\r\n" LAST "{}"), 400, NULL),
	ROW("list of lengths",        POST("Content-Length: 2, 2\r\n" LAST "{}"), 400, NULL),
	ROW("length and chunks",      POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" LAST "0\r\n\r\n"), 400, NULL),
	ROW("chunks and length",      POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" LAST "0\r\n\r\n"), 400, NULL),
	ROW("negative length",        POST("Content-Length: -1\r\n" LAST), 400, NULL),
	ROW("signed length",          POST("Content-Length: +2\r\n" LAST "{}"), 400, NULL),
	ROW("hexadecimal length",     POST("Content-Length: 0x2\r\n" LAST "{}"), 400, NULL),
	ROW("length without end",     POST("Content-Length: 99999999999999999999\r\n" LAST), 400, NULL),
	ROW("greatest length",        POST("Content-Length: 9223372036854775807\r\n" LAST), 413, NULL),
	ROW("length over the limit",  POST("Content-Length: 1048577\r\n" LAST), 413, "payload_too_large"),
	ROW("asks first, too large",  POST("Expect: 100-continue\r\nContent-Length: 1048577\r\n" LAST), 413, "payload_too_large"),
	ROW("body on GET",            "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "Content-Type: application/json\r\nContent-Length: 2\r\n" LAST "{}", 200, NULL),
	ROW("chunks",                 POST("Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n" LAST "5\r\n{\"nom\r\n5\r\n\":1} \r\n0\r\n\r\n"), 422, "validation_failed"),
	ROW("chunks on GET",          "GET /api/v1/workspace HTTP/1.1\r\n" HOST AUTHORIZE "Transfer-Encoding: chunked\r\n" LAST "0\r\n\r\n", 200, NULL),
	ROW("chunks, HTTP/1.0",       "POST /api/v1/characters HTTP/1.0\r\n" HOST AUTHORIZE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL),
	ROW("chunked in capitals",    POST("Transfer-Encoding: CHUNKED\r\n" LAST "0\r\n\r\n"), 422, NULL),
	ROW("chunked twice",          POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" LAST "0\r\n\r\n"), 400, NULL),
	ROW("chunked and identity",   POST("Transfer-Encoding: chunked, identity\r\n" LAST "0\r\n\r\n"), 501, NULL),
	ROW("not quite chunked",      POST("Transfer-Encoding: xchunked\r\n" LAST "0\r\n\r\n"), 501, NULL),
	ROW("chunked by a tab",       POST("Transfer-Encoding:\tchunked\r\n" LAST "0\r\n\r\n"), 501, NULL),
	ROW("chunk of no number",     POST("Transfer-Encoding: chunked\r\n" LAST "x\r\n{}\r\n0\r\n\r\n"), 400, NULL),
	ROW("chunk of negative size", POST("Transfer-Encoding: chunked\r\n" LAST "-1\r\n{}\r\n0\r\n\r\n"), 400, NULL),
	ROW("chunk that wraps round", POST("Transfer-Encoding: chunked\r\n" LAST "fffffffffffffff1\r\n{}\r\n0\r\n\r\n"), 400, NULL),
	ROW("chunk over the limit",   POST("Transfer-Encoding: chunked\r\n" LAST "100001\r\nx"), 413, "payload_too_large"),
	ROW("chunk with extension",   POST("Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n" LAST "2;x=\"y\"\r\n{}\r\n0\r\n\r\n"), 422, NULL),
	ROW("chunk without line end", POST("Transfer-Encoding: chunked\r\n" LAST "2\r\n{}0\r\n\r\n"), 400, NULL),
	ROW("trailer",                POST("Transfer-Encoding: chunked\r\nContent-Type: application/json\r\nTrailer: Authorization\r\n" LAST "2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n"), 422, NULL),
	ROW("request in a body",      POST("Content-Type: application/json\r\nContent-Length: 61\r\n" LAST "GET /api/v1/workspace HTTP/1.1\r\nHost: localhost\r\nX: 12345\r\n\r\n"), 400, "malformed_json"),
};
/* clang-format on */

/* The row's bytes with the token in its place. */
static void filled(const struct row *r, struct buf *out)
{
	const char *at = r->bytes, *end = r->bytes + r->n, *mark;

	while ((mark = memmem(at, (size_t)(end - at), TOKEN_HERE, strlen(TOKEN_HERE)))) {
		buf_add(out, at, (size_t)(mark - at));
		buf_adds(out, CLIENT_TOKEN);
		at = mark + strlen(TOKEN_HERE);
	}
	buf_add(out, at, (size_t)(end - at));
}

static int status_of(const char *answer)
{
	int status = 0;

	return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int count_of(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

START_TEST(each_odd_request_is_answered_as_told)
{
	const struct row *r = &rows[_i];
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	char *answer, code[64];

	filled(r, &bytes);
	answer = wire_ask(bytes.p, bytes.len);
	ck_assert_msg(status_of(answer) == r->status && (r->status || !*answer),
		      "%s: wanted %d: %.40s", r->name, r->status, answer);
	ck_assert_msg(count_of(answer, "HTTP/1.1 ") <= 1, "%s: two answers: %s", r->name, answer);
	ck_assert_msg(!strstr(answer, "edge=1") && !strstr(answer, "nginx/"), "%s: %s", r->name,
		      answer);
	(void)snprintf(code, sizeof(code), "\"code\":\"%s\"", r->code ? r->code : "");
	ck_assert_msg(!r->code || strstr(answer, code), "%s: no %s: %s", r->name, code, answer);
	free(answer);
}
END_TEST

/* ---- every spelling of one path ---- */

#define WHOLE "/api/v1/workspace"

static const char *const pieces[] = {
	"%2f",    "%2F",    "%5c", "%2e", "%2e%2e", "%252f", "%00",      "%0a",  "%0d%0a", "%20",
	"%09",    "%c0%af", "%ff", "%",   "%zz",    "//",    "/./",      "/../", "/x/../", "/%2e/",
	"/..%2f", "\\",     ";",   "+",   "&",      "=",     "~",        "%7e",  "?",      "#",
	"*",      "'",      "\"",  "<",   "%3f",    "%23",   "\xc3\xa4", "\xff",
};

/* Sent and answered 200: then it was that very path. Anything else is refused, and by whom we know. */
static void try_target(const char *target, size_t n)
{
	CLEANUP(buf_done) struct buf bytes = BUF_INIT;
	const size_t path_n = strcspn(target, "?");
	char *answer;
	int status;

	buf_adds(&bytes, "GET ");
	buf_add(&bytes, target, n);
	buf_adds(&bytes, " HTTP/1.1\r\n" HOST "Authorization: Bearer ");
	buf_adds(&bytes, CLIENT_TOKEN);
	buf_adds(&bytes, "\r\n" LAST);
	answer = wire_ask(bytes.p, bytes.len);
	status = status_of(answer);
	if (path_n == strlen(WHOLE) && strncmp(target, WHOLE, path_n) == 0)
		ck_assert_msg(status == 200 || status == 422, "%s: %s", target, answer);
	else
		ck_assert_msg(status == 400 || status == 404 || !*answer, "%s: %.300s", target,
			      answer);
	free(answer);
}

/* Put in beside each slash, amid a word, at the end; and in place of each slash but the first. */
START_TEST(one_spelling_of_a_path_is_served)
{
	static const int places[] = { 1, 4, 5, 7, 8, 12, 17 };
	char target[80];
	int n;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *rest = &WHOLE[places[i]];

		n = snprintf(target, sizeof(target), "%.*s%s%s", places[i], WHOLE, pieces[_i],
			     rest);
		try_target(target, (size_t)n);
		if (*rest != '/')
			continue;
		n = snprintf(target, sizeof(target), "%.*s%s%s", places[i], WHOLE, pieces[_i],
			     rest + 1);
		try_target(target, (size_t)n);
	}
}
END_TEST

START_TEST(every_byte_in_a_path)
{
	char target[] = WHOLE;

	for (int byte = 1; byte < 256; byte++) {
		target[12] = (char)byte;
		if (byte != '\n' && byte != ' ')
			try_target(target, strlen(target));
	}
}
END_TEST

/* ---- size ---- */

static char *send_big(const char *first, char filler, size_t n, const char *rest)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;
	char *big = alloc_zero(n + 1);

	memset(big, filler, n);
	buf_adds(&b, first);
	buf_adds(&b, big);
	buf_adds(&b, rest);
	free(big);
	return wire_ask(b.p, b.len);
}

static const struct {
	const char *name, *first;
	size_t n;
	const char *rest;
	int status;
	const char *code;
} sizes[] = {
	{ "path of 1 kB", "GET /api/v1/", 1100, " HTTP/1.1\r\n" HOST LAST, 400, "bad_path" },
	{ "path of 9 kB", "GET /api/v1/", 9000, " HTTP/1.1\r\n" HOST LAST, 414, "uri_too_long" },
	{ "query of 7 kB", "GET /api/v1/workspace?q=", 7000, " HTTP/1.1\r\n" HOST LAST, 401, NULL },
	{ "path of 1 MB", "GET /api/v1/", 1000000, " HTTP/1.1\r\n" HOST LAST, 414, "uri_too_long" },
	{ "method of 9 kB", "", 9000, " /api/v1/workspace HTTP/1.1\r\n" HOST LAST, 414, NULL },
	{ "header of 7 kB", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "X-A: ", 7000, "\r\n" LAST,
	  401, NULL },
	{ "header of 9 kB", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "X-A: ", 9000, "\r\n" LAST,
	  431, "headers_too_large" },
	{ "token of 9 kB", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "Authorization: Bearer ", 9000,
	  "\r\n" LAST, 431, "headers_too_large" },
	{ "token of 7 kB", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "Authorization: Bearer ", 7000,
	  "\r\n" LAST, 401, NULL },
	{ "name of 64 kB", "GET /api/v1/workspace HTTP/1.1\r\n" HOST, 65536, ": x\r\n" LAST, 431,
	  "headers_too_large" },
	{ "blank lines first", "", 0, "\r\n\r\nGET /api/v1/workspace HTTP/1.1\r\n" HOST LAST, 401,
	  NULL },
};

START_TEST(what_is_too_long_is_refused)
{
	char *answer = send_big(sizes[_i].first, 'A', sizes[_i].n, sizes[_i].rest);

	ck_assert_msg(status_of(answer) == sizes[_i].status, "%s: %.300s", sizes[_i].name, answer);
	ck_assert_msg(!sizes[_i].code || strstr(answer, sizes[_i].code), "%s: %.300s",
		      sizes[_i].name, answer);
	free(answer);
}
END_TEST

START_TEST(headers_of_64_kb_are_refused)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT;
	char *answer;

	buf_adds(&b, "GET /api/v1/workspace HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 64; i++)
		buf_printf(&b, "X-%03d: %0*d\r\n", i, 1024 - 8, i);
	buf_adds(&b, LAST);
	answer = wire_ask(b.p, b.len);
	ck_assert_msg(status_of(answer) == 431, "%.300s", answer);
	free(answer);
}
END_TEST

/* ---- what is no TLS, and what is behind nginx ---- */

static const struct row plain_rows[] = {
	ROW("plain HTTP", "GET /api/v1/workspace HTTP/1.1\r\n" HOST LAST, 400, "https_required"),
	ROW("plain, host unknown", "GET / HTTP/1.1\r\nHost: evil.example\r\n" LAST, 400,
	    "https_required"),
	ROW("plain, broken", "\0\0\0\0\r\n\r\n", 400, NULL),
	ROW("HTTP/2 in plain text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, NULL),
	ROW("TLS of 1999", "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", CLOSED, NULL),
};

START_TEST(what_is_no_tls_is_told_so)
{
	const struct row *r = &plain_rows[_i];
	struct wire *w = wire_open(false);
	char *answer;

	wire_send(w, r->bytes, r->n);
	/* Half a greeting is waited for: no more comes. */
	if (r->status == CLOSED)
		wire_end(w);
	answer = wire_rest(w, 20, NULL);
	ck_assert_msg(status_of(answer) == r->status, "%s: %.300s", r->name, answer);
	ck_assert_msg(!r->code || strstr(answer, r->code), "%s: %.300s", r->name, answer);
	free(answer);
	wire_close(w);
}
END_TEST

static const struct {
	const char *name;
	int version; /* the highest that the client speaks */
	const char *ciphers;
	bool is_served;
} handshakes[] = {
	{ "1.3", TLS1_3_VERSION, NULL, true },
	{ "1.2", TLS1_2_VERSION, NULL, true },
	{ "1.2, ChaCha20", TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true },
	{ "1.2, CBC", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA", false },
	{ "1.2, no forward secrecy", TLS1_2_VERSION, "AES128-GCM-SHA256", false },
	{ "1.2, no authentication", TLS1_2_VERSION, "aNULL", false },
	{ "1.1", TLS1_1_VERSION, NULL, false },
	{ "1.0", TLS1_VERSION, NULL, false },
};

START_TEST(old_tls_is_refused)
{
	ck_assert_msg(wire_handshakes(handshakes[_i].version, handshakes[_i].ciphers) ==
			      handshakes[_i].is_served,
		      "%s", handshakes[_i].name);
}
END_TEST

START_TEST(every_answer_carries_the_security_headers)
{
	static const char *const paths[] = { "/api/v1/health", "/api/v1/workspace",
					     "/nothing",       "/healthz",
					     "/api/v1/%2f",    "/m/med_x/1/x.jpg" };
	static const char *const wanted[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
		{ "X-Frame-Options", "DENY" },
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct answer *a CLEANUP(answer_free) = client_call("GET", paths[i], NULL, NULL);

		for (size_t k = 0; k < ARRAY_LEN(wanted); k++) {
			const char *value = answer_header(a, wanted[k][0]);

			ck_assert_msg(value && strcmp(value, wanted[k][1]) == 0, "%s: %s: %s",
				      paths[i], wanted[k][0], a->headers);
		}
		ck_assert_msg(!strstr(a->headers, "nginx/"), "%s", a->headers);
	}
}
END_TEST

/* ---- the processes behind it ---- */

/* Of the instance whose configuration that is. */
static char *log_text(const char *name)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT, text = BUF_INIT;

	instance_path(&path, name);
	ck_assert_msg(access(buf_str(&path), R_OK) == 0, "%s", buf_str(&path));
	instance_read(&text, buf_str(&path));
	buf_adds(&text, "");
	return buf_take(&text);
}

static int deaths(void)
{
	static const char *const names[] = { "log/api.log", "log/platform.log", "log/nginx.log" };
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text = log_text(names[i]);

		n += count_of(text, "event=pool.worker_died") + count_of(text, "exited on signal");
		free(text);
	}
	return n;
}

static int deaths_before;

/* ---- who is slow, and who hangs up ---- */

#define SLOW_EACH 8

static const struct {
	const char *name, *bytes;
	bool is_tls;
} slow[] = {
	{ "not a byte", "", false },
	{ "a greeting and no more", "", true },
	{ "half a request line", "GET /api/v1/work", true },
	{ "half a header", "GET /api/v1/workspace HTTP/1.1\r\n" HOST "X-A: b", true },
	{ "half a body",
	  "POST /api/v1/auth/login HTTP/1.1\r\n" HOST
	  "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"email\"",
	  true },
	{ "half a chunk",
	  "POST /api/v1/auth/login HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"email\"",
	  true },
};

static struct wire *waiting[ARRAY_LEN(slow)][SLOW_EACH];

/* Once, before the first case; all cases are forks of who has opened them. */
static void open_slow(void)
{
	if (waiting[0][0])
		return;
	deaths_before = deaths();
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		for (size_t k = 0; k < SLOW_EACH; k++) {
			waiting[i][k] = wire_open(slow[i].is_tls);
			wire_send(waiting[i][k], slow[i].bytes, strlen(slow[i].bytes));
		}
	}
}

static void close_slow(void)
{
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		for (size_t k = 0; k < SLOW_EACH; k++)
			wire_close(waiting[i][k]);
}

/* Twice as many of them wait as there are workers: had a worker to wait with them, nobody were served. */
START_TEST(slow_ones_hold_nobody_up)
{
	for (int i = 0; i < 20; i++) {
		struct answer *a CLEANUP(answer_free) =
			client_call("GET", WHOLE, CLIENT_TOKEN, NULL);

		assert_status(a, 200);
	}
}
END_TEST

/* Later than all other cases, so that their time is nobody's wait. */
START_TEST(slow_ones_are_sent_away)
{
	for (size_t k = 0; k < SLOW_EACH; k++) {
		bool is_closed = false;
		char *answer = wire_rest(waiting[_i][k], 30, &is_closed);

		ck_assert_msg(is_closed, "%s: still open", slow[_i].name);
		ck_assert_msg(!*answer || status_of(answer) == 408, "%s: %s", slow[_i].name,
			      answer);
		free(answer);
	}
}
END_TEST

START_TEST(hanging_up_early_harms_nobody)
{
	static const char request[] = "POST /api/v1/auth/login HTTP/1.1\r\n" HOST
				      "Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
				      "{\"email\":\"edge@localhost\",\"password\":\"x\"}";

	for (size_t n = 0; n < sizeof(request); n += 4) {
		struct wire *w = wire_open(true);

		wire_send(w, request, n);
		wire_close(w);
	}
	struct answer *a CLEANUP(answer_free) = client_call("GET", WHOLE, CLIENT_TOKEN, NULL);

	assert_status(a, 200);
}
END_TEST

START_TEST(no_process_has_died_of_it)
{
	ck_assert_int_eq(deaths(), deaths_before);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ slow_ones_hold_nobody_up, 0 },
		{ each_odd_request_is_answered_as_told, (int)ARRAY_LEN(rows) },
		{ one_spelling_of_a_path_is_served, (int)ARRAY_LEN(pieces) },
		{ every_byte_in_a_path, 0 },
		{ what_is_too_long_is_refused, (int)ARRAY_LEN(sizes) },
		{ headers_of_64_kb_are_refused, 0 },
		{ what_is_no_tls_is_told_so, (int)ARRAY_LEN(plain_rows) },
		{ old_tls_is_refused, (int)ARRAY_LEN(handshakes) },
		{ every_answer_carries_the_security_headers, 0 },
		{ hanging_up_early_harms_nobody, 0 },
		{ slow_ones_are_sent_away, (int)ARRAY_LEN(slow) },
		{ no_process_has_died_of_it, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "edge",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF"),
		.open = open_slow,
		.after = close_slow,
		.cases = cases,
	});
}

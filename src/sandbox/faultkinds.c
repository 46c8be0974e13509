/* SPDX-License-Identifier: Apache-2.0 */
/* The faults that every endpoint of every platform can show. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sandbox/exchange.h"
#include "sandbox/faults.h"

#define HANG_MS      200000
#define PLAN_HANG_MS 2500
#define LATE_MS      1700
#define SOON_S       60
#define BODY_BYTES   (10 << 20)
#define NESTING      100000
#define BOMB_BYTES   (256 << 20)

static void kind_reset(struct exchange *ex, const json_t *params)
{
	(void)params;
	sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static void kind_close(struct exchange *ex, const json_t *params)
{
	(void)params;
	sandbox_exchange_wire(ex, WIRE_CLOSE, 0);
}

/* A rule hangs for as long as a client may wait; a plan, whose clients wait less, not as long. */
static void kind_hang(struct exchange *ex, const json_t *params)
{
	const int64_t draw = sandbox_faults_int(params, "draw", -1);
	const int64_t ms = draw < 0 ? HANG_MS : PLAN_HANG_MS + draw % PLAN_HANG_MS;

	sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(params, "ms", ms));
}

static void kind_slow(struct exchange *ex, const json_t *params)
{
	const bool is_planned = sandbox_faults_int(params, "draw", -1) >= 0;

	sandbox_exchange_wire(ex, WIRE_SLOW,
			      sandbox_faults_int(params, "ms_per_byte", is_planned ? 50 : 1000));
}

static void kind_truncate(struct exchange *ex, const json_t *params)
{
	sandbox_exchange_wire(ex, WIRE_TRUNCATE,
			      sandbox_faults_int(params, "bytes", (int64_t)(ex->out.len / 2)));
}

static void kind_wrong_length(struct exchange *ex, const json_t *params)
{
	(void)params;
	sandbox_exchange_wire(ex, WIRE_WRONG_LENGTH, 0);
}

/* Longer than a client waits: the answer is lost even if somebody still listens. */
static void kind_late(struct exchange *ex, const json_t *params)
{
	ex->late_ms = sandbox_faults_int(params, "late_ms", LATE_MS);
	sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static void kind_latency(struct exchange *ex, const json_t *params)
{
	ex->delay_ms += sandbox_faults_int(params, "ms", 1000);
}

static void kind_huge_body(struct exchange *ex, const json_t *params)
{
	int64_t bytes = sandbox_faults_int(params, "bytes", BODY_BYTES);
	size_t n = bytes > 0 && bytes <= BOMB_BYTES ? (size_t)bytes : BODY_BYTES;

	buf_clear(&ex->out);
	buf_adds(&ex->out, "{\"id\":\"");
	memset(buf_reserve(&ex->out, n), '7', n);
	ex->out.len += n;
	buf_adds(&ex->out, "\"}");
}

static void kind_nested_body(struct exchange *ex, const json_t *params)
{
	int64_t depth = sandbox_faults_int(params, "depth", NESTING);
	size_t n = depth > 0 && depth <= BODY_BYTES ? (size_t)depth : NESTING;

	buf_clear(&ex->out);
	memset(buf_reserve(&ex->out, n), '[', n);
	ex->out.len += n;
	memset(buf_reserve(&ex->out, n), ']', n);
	ex->out.len += n;
	buf_adds(&ex->out, "");
}

static void kind_malformed(struct exchange *ex, const json_t *params)
{
	(void)params;
	buf_clear(&ex->out);
	buf_adds(&ex->out, "{\"id\":\"1790000\",\"data\":[{\"\xc3\x28\":,}");
}

static void kind_empty(struct exchange *ex, const json_t *params)
{
	(void)params;
	buf_clear(&ex->out);
}

static void kind_html(struct exchange *ex, const json_t *params)
{
	sandbox_exchange_html(ex, (int)sandbox_faults_int(params, "status", 200),
			      "<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1>"
			      "</body></html>");
}

static void kind_html_502(struct exchange *ex, const json_t *params)
{
	(void)params;
	sandbox_exchange_html(ex, 502,
			      "<html><head><title>502 Bad Gateway</title></head>"
			      "<body><center><h1>502 Bad Gateway</h1></center></body></html>");
}

static void kind_5xx(struct exchange *ex, const json_t *params)
{
	json_t *body =
		json_pack("{s:{s:s,s:s,s:i}}", "error", "message", "An unknown error has occurred.",
			  "type", "OAuthException", "code", 1);

	sandbox_exchange_json(ex, (int)sandbox_faults_int(params, "status", 500), body);
}

/* "date": an instant in a minute, as HTTP writes it; "none": no such header. */
static const char *retry_after(struct exchange *ex, const json_t *params)
{
	static const char *const kinds[] = { "-1", "0", "date", "1000000000", "none" };
	const uint64_t draw = (uint64_t)sandbox_faults_int(params, "draw", 0);
	const char *text = sandbox_faults_text(params, "retry_after",
					       kinds[draw % (sizeof(kinds) / sizeof(kinds[0]))]);
	const time_t at = (time_t)(clock_real_us() / US_PER_S) + SOON_S;
	struct tm day;
	char date[64];

	if (strcmp(text, "date") != 0 || gmtime_r(&at, &day) == NULL)
		return text;
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &day);
	return arena_strdup(ex->arena, date);
}

static void kind_429(struct exchange *ex, const json_t *params)
{
	const char *wait = retry_after(ex, params);

	sandbox_exchange_json(ex, 429,
			      json_pack("{s:{s:s}}", "error", "message", "Too many requests"));
	if (strcmp(wait, "none") != 0)
		sandbox_exchange_add_header(ex, "Retry-After", wait);
}

static void kind_redirect(struct exchange *ex, const json_t *params)
{
	sandbox_exchange_redirect(ex,
				  sandbox_faults_text(params, "location",
						      "http://169.254.169.254/latest/meta-data/"));
}

static void bits_put(struct buf *out, unsigned *held, unsigned *held_n, unsigned value, unsigned n)
{
	*held |= value << *held_n;
	for (*held_n += n; *held_n >= 8; *held_n -= 8, *held >>= 8)
		buf_addc(out, (char)(*held & 0xff));
}

/*
 * RFC 1951: one fixed-Huffman block, a literal '[' and then matches of length 258 at distance 1,
 * 13 bits each: code 285 (11000101 as sent from its first bit) and distance code 0 (00000).
 */
static void kind_gzip_bomb(struct exchange *ex, const json_t *params)
{
	static const char head[10] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	unsigned held = 0, held_n = 0;
	uint32_t total = 1;

	(void)params;
	buf_clear(&ex->out);
	buf_add(&ex->out, head, sizeof(head));
	bits_put(&ex->out, &held, &held_n, 3, 3);    /* last block, fixed codes */
	bits_put(&ex->out, &held, &held_n, 0xd1, 8); /* '[': 0x30 + 0x5b = 10001011, reversed */
	for (; total < BOMB_BYTES; total += 258)
		bits_put(&ex->out, &held, &held_n, 0xa3, 13);
	bits_put(&ex->out, &held, &held_n, 0, 7); /* end of block */
	bits_put(&ex->out, &held, &held_n, 0, 8 - held_n);
	buf_add(&ex->out, "\0\0\0", 4); /* no sane reader gets as far as the CRC */
	buf_add(&ex->out, &total, sizeof(total));
	sandbox_exchange_add_header(ex, "Content-Encoding", "gzip");
}

/* clang-format off */
const struct fault_kind sandbox_faults_kinds[] = {
	/* point                stage         planned apply */
	{ "net.refuse",         FAULT_ACCEPT, false, kind_reset },
	{ "net.late",         FAULT_LATE,   true,  kind_late },
	{ "net.rst_before",     FAULT_BEFORE, true,  kind_reset },
	{ "net.close_before",   FAULT_BEFORE, true,  kind_close },
	{ "net.hang_before",    FAULT_BEFORE, true,  kind_hang },
	{ "http.html_502",      FAULT_BEFORE, true,  kind_html_502 },
	{ "http.5xx_before",    FAULT_BEFORE, true,  kind_5xx },
	{ "http.429_before",    FAULT_BEFORE, true,  kind_429 },
	{ "http.redirect",      FAULT_BEFORE, true,  kind_redirect },
	{ "net.rst_after",      FAULT_AFTER,  true,  kind_reset },
	{ "net.close_after",    FAULT_AFTER,  true,  kind_close },
	{ "net.hang_after",     FAULT_AFTER,  true,  kind_hang },
	{ "net.slow",           FAULT_AFTER,  true,  kind_slow },
	{ "net.truncate",       FAULT_AFTER,  true,  kind_truncate },
	{ "net.wrong_length",   FAULT_AFTER,  true,  kind_wrong_length },
	{ "http.5xx_after",     FAULT_AFTER,  true,  kind_5xx },
	{ "http.429_after",     FAULT_AFTER,  true,  kind_429 },
	{ "http.html_body",     FAULT_AFTER,  true,  kind_html },
	{ "http.html_502_after", FAULT_AFTER, true,  kind_html_502 },
	{ "http.empty_body",    FAULT_AFTER,  true,  kind_empty },
	{ "http.malformed_body", FAULT_AFTER, true,  kind_malformed },
	{ "http.nested_body",   FAULT_AFTER,  true,  kind_nested_body },
	{ "http.huge_body",     FAULT_AFTER,  true,  kind_huge_body },
	{ "http.gzip_bomb",     FAULT_AFTER,  true,  kind_gzip_bomb },
	{ "latency",            FAULT_AFTER,  true,  kind_latency },
	{ NULL,                 FAULT_AFTER,  false, NULL },
};
/* clang-format on */

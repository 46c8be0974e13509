/* SPDX-License-Identifier: Apache-2.0 */
#include "json/emit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

static void add_escape(struct buf *out, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		buf_printf(out, "\\%c", to[at - from]);
	else
		buf_printf(out, "\\u%04x", (unsigned)c);
}

/* What stands for itself in a JSON string. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EIGHT(byte)        (UINT64_C(0x0101010101010101) * (byte))
#define ANY_BELOW(w, byte) (((w)-EIGHT(byte)) & ~(w)&EIGHT(0x80)) /* byte <= 0x80 */

/* is_plain of eight bytes at once: whether none is beyond ASCII, a control, a quote or a backslash. */
static bool are_plain(uint64_t w)
{
	uint64_t quotes = w ^ EIGHT('"'), slashes = w ^ EIGHT('\\');

	return ((w & EIGHT(0x80)) | ANY_BELOW(w, 0x20) | ANY_BELOW(quotes, 1) |
		ANY_BELOW(slashes, 1)) == 0;
}

static size_t plain_run(const char *s, size_t len)
{
	size_t n = 0;
	uint64_t w;

	for (; n + sizeof(w) <= len; n += sizeof(w)) {
		memcpy(&w, s + n, sizeof(w));
		if (!are_plain(w))
			break;
	}
	while (n < len && is_plain((unsigned char)s[n]))
		n++;
	return n;
}

/* Nearly every text is one run: it is written in one piece. False when something must be escaped. */
static bool add_plain(struct buf *out, const char *s, size_t len)
{
	char *to;

	if (plain_run(s, len) < len)
		return false;
	to = buf_reserve(out, len + 2);
	to[0] = '"';
	memcpy(to + 1, s, len);
	to[len + 1] = '"';
	to[len + 2] = '\0';
	out->len += len + 2;
	return true;
}

static void add_text(struct buf *out, const char *s, size_t len)
{
	size_t n;

	if (add_plain(out, s, len))
		return;
	buf_addc(out, '"');
	for (; len; s += n, len -= n) {
		n = plain_run(s, len);
		if (n) {
			buf_add(out, s, n);
			continue;
		}
		n = utf8_measure(s, len);
		if (n > 1) {
			buf_add(out, s, n);
		} else if (n == 1) {
			add_escape(out, (unsigned char)*s);
		} else {
			buf_adds(out, "\xef\xbf\xbd"); /* U+FFFD */
			n = 1;
		}
	}
	buf_addc(out, '"');
}

static void begin(struct emit *e, const char *key)
{
	if (e->comma)
		buf_addc(e->out, ',');
	if (key) {
		add_text(e->out, key, strlen(key));
		buf_addc(e->out, ':');
	}
	e->comma = true;
}

static void open_with(struct emit *e, const char *key, char c)
{
	begin(e, key);
	buf_addc(e->out, c);
	e->comma = false;
}

static void close_with(struct emit *e, char c)
{
	buf_addc(e->out, c);
	e->comma = true;
}

void emit_open(struct emit *e, const char *key)
{
	open_with(e, key, '{');
}

void emit_close(struct emit *e)
{
	close_with(e, '}');
}

void emit_open_array(struct emit *e, const char *key)
{
	open_with(e, key, '[');
}

void emit_close_array(struct emit *e)
{
	close_with(e, ']');
}

void emit_text_n(struct emit *e, const char *key, const char *value, size_t len)
{
	if (!value) {
		emit_null(e, key);
		return;
	}
	begin(e, key);
	add_text(e->out, value, len);
}

void emit_text(struct emit *e, const char *key, const char *value)
{
	emit_text_n(e, key, value, value ? strlen(value) : 0);
}

void emit_int(struct emit *e, const char *key, int64_t value)
{
	char digits[20]; /* of 2^63, and its sign */
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		digits[--at] = '-';
	begin(e, key);
	buf_add(e->out, digits + at, sizeof(digits) - at);
}

void emit_number(struct emit *e, const char *key, double value)
{
	char text[32] = "";

	if (!isfinite(value)) {
		emit_null(e, key);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	begin(e, key);
	buf_adds(e->out, text);
}

void emit_bool(struct emit *e, const char *key, bool value)
{
	emit_raw(e, key, value ? "true" : "false");
}

void emit_null(struct emit *e, const char *key)
{
	emit_raw(e, key, NULL);
}

void emit_instant(struct emit *e, const char *key, int64_t us)
{
	char text[RFC3339_MAX];

	if (us != INSTANT_NONE)
		rfc3339_print(us, text);
	emit_text(e, key, us == INSTANT_NONE ? NULL : text);
}

void emit_raw(struct emit *e, const char *key, const char *json)
{
	begin(e, key);
	buf_adds(e->out, json ? json : "null");
}

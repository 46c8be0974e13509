/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unigbrk.h>

#include "base/alloc.h"
#include "base/cleanup.h"

/* Well-formed sequences by first byte; the second byte's range is what excludes overlong forms,
 * surrogates and everything over U+10FFFF. */
struct lead {
	unsigned char first, last;
	unsigned char bytes;
	unsigned char second_least, second_most;
};

static const struct lead leads[] = {
	{ 0x00, 0x7f, 1, 0x00, 0x00 }, { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct lead *lead_of(unsigned char c)
{
	for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
		if (c >= leads[i].first && c <= leads[i].last)
			return &leads[i];
	}
	return NULL;
}

size_t utf8_measure(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	const struct lead *lead;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	lead = lead_of(p[0]);
	if (!lead || lead->bytes > len)
		return 0;
	if (p[1] < lead->second_least || p[1] > lead->second_most)
		return 0;
	for (size_t i = 2; i < lead->bytes; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return lead->bytes;
}

bool utf8_valid(const char *s, size_t len)
{
	while (len) {
		size_t n = utf8_measure(s, len);

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

uint32_t utf8_next(const char **s)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *p = (const unsigned char *)*s;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t cp = p[0] & mask[n];

	if (!p[0])
		return 0;
	for (size_t i = 1; i < n; i++)
		cp = cp << 6 | (p[i] & 0x3fU);
	*s += n;
	return cp;
}

size_t utf8_points(const char *s)
{
	size_t n = 0;

	while (utf8_next(&s))
		n++;
	return n;
}

size_t utf8_utf16_units(const char *s)
{
	size_t n = 0;
	uint32_t cp;

	while ((cp = utf8_next(&s)) != 0)
		n += cp > 0xffff ? 2 : 1;
	return n;
}

bool utf8_has_controls(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
			return true;
	}
	return false;
}

char *utf8_nfc(struct arena *a, const char *s)
{
	char *text = g_utf8_normalize(s, -1, G_NORMALIZE_NFC);
	char *ret = arena_strdup(a, text ? text : s);

	g_free(text);
	return ret;
}

size_t utf8_graphemes(const char *s)
{
	const size_t len = strlen(s);
	char *begins = alloc_zero(len + 1);
	size_t n = 0;

	u8_grapheme_breaks((const uint8_t *)s, len, begins);
	for (size_t i = 0; i < len; i++)
		n += begins[i] ? 1 : 0;
	free(begins);
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X's counting and its rewriting of links. Deliberately not the code of the adapter: the two are to
 * be wrong independently. Words are split at white space; a word is a link when it begins with
 * http(s):// or is a domain of a common top level.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/random.h"
#include "sandbox/tw.h"

#define LINK_LENGTH 23

static const char *const top_levels[] = { "com", "org", "net", "io", "co", "dev", "app", "de",
					  "uk",  "jp",  "fr",  "eu", "me", "tv",  "ai",  "info" };

static size_t word_length(const char *s)
{
	return strcspn(s, " \t\r\n");
}

static size_t trim_tail(const char *s, size_t n)
{
	while (n > 0 && strchr(".,;:!?)\"'", s[n - 1]))
		n--;
	return n;
}

static bool is_host(const char *s, size_t n)
{
	const char *dot = memrchr(s, '.', n);
	size_t tail = dot ? n - (size_t)(dot + 1 - s) : 0;

	for (size_t i = 0; i < n; i++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
			    s[i]))
			return false;
	}
	for (size_t i = 0; dot && dot > s && i < ARRAY_LEN(top_levels); i++) {
		if (strlen(top_levels[i]) == tail && strncasecmp(dot + 1, top_levels[i], tail) == 0)
			return true;
	}
	return false;
}

/* Bytes of the link at the head of this word; 0: none. */
static size_t link_length(const char *s, bool *ret_has_scheme)
{
	size_t n = trim_tail(s, word_length(s)), scheme = 0, host;

	if (strncasecmp(s, "https://", 8) == 0)
		scheme = 8;
	else if (strncasecmp(s, "http://", 7) == 0)
		scheme = 7;
	*ret_has_scheme = scheme > 0;
	if (n <= scheme)
		return 0;
	host = strcspn(s + scheme, ":/? \t\r\n");
	if (host > n - scheme)
		host = n - scheme;
	return is_host(s + scheme, host) ? n : 0;
}

static bool is_light(uint32_t c)
{
	return c <= 4351 || (c >= 8192 && c <= 8205) || (c >= 8208 && c <= 8223) ||
	       (c >= 8242 && c <= 8247);
}

static bool is_joined(uint32_t before, uint32_t c)
{
	if (c == 0xfe0f || (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f))
		return before > 0x2000;
	if (c == 0x20e3)
		return before == 0xfe0f || before < 0x80;
	return before == 0x200d && c > 0x2000;
}

static int64_t points_length(const char *s, const char *end)
{
	int64_t n = 0;
	uint32_t before = 0, flags = 0;

	while (s < end) {
		uint32_t c = utf8_next(&s);
		bool is_flag = c >= 0x1f1e6 && c <= 0x1f1ff;

		flags = is_flag ? flags + 1 : 0;
		if (c == 0x200d && before > 0x2000)
			n += 0;
		else if (c == 0x20e3 && is_joined(before, c))
			n += 1; /* its digit counts 1, the whole 2 */
		else if (!is_joined(before, c) && !(is_flag && flags % 2 == 0))
			n += is_light(c) ? 1 : 2;
		before = c;
	}
	return n;
}

int64_t sandbox_tw_length(struct arena *a, const char *text)
{
	const char *s = utf8_nfc(a, text);
	int64_t total = 0;
	bool has_scheme;

	while (*s) {
		size_t blank = strspn(s, " \t\r\n"), n, link;

		total += (int64_t)blank;
		s += blank;
		n = word_length(s);
		link = link_length(s, &has_scheme);
		if (link > 0)
			total += LINK_LENGTH;
		total += points_length(s + link, s + n);
		s += n;
	}
	return total;
}

size_t sandbox_tw_cashtags(const char *text)
{
	size_t n = 0;

	for (const char *s = text; (s = strchr(s, '$')); s++) {
		bool starts = s == text || strchr(" \t\r\n", s[-1]);
		size_t letters =
			strspn(s + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

		n += starts && letters >= 1 && letters <= 6 ? 1 : 0;
	}
	return n;
}

static void add_escaped(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '&')
			buf_adds(out, "&amp;");
		else if (s[i] == '<')
			buf_adds(out, "&lt;");
		else if (s[i] == '>')
			buf_adds(out, "&gt;");
		else
			buf_addc(out, s[i]);
	}
}

const char *sandbox_tw_shorten(struct world *w, const char *text, json_t **ret_urls)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char slug[TOKEN_TEXT_MAX(8)];
	bool has_scheme;

	*ret_urls = json_array();
	while (*text) {
		size_t blank = strspn(text, " \t\r\n"), n, link;

		buf_add(&out, text, blank);
		text += blank;
		n = word_length(text);
		link = link_length(text, &has_scheme);
		if (link > 0) {
			random_token(slug, 7);
			buf_printf(&out, "https://t.co/%s", slug);
			json_array_append_new(
				*ret_urls,
				json_pack("{s:s,s:s}", "url",
					  arena_printf(w->arena, "https://t.co/%s", slug),
					  "expanded_url",
					  arena_printf(w->arena, "%s%.*s",
						       has_scheme ? "" : "http://", (int)link,
						       text)));
		}
		add_escaped(&out, text + link, n - link);
		text += n;
	}
	return arena_strdup(w->arena, buf_str(&out));
}

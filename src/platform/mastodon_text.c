/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a text is as Mastodon counts it, and how a status reads without its markup. Source: its
 * StatusLengthValidator, TextFormatter and web counter (links with a scheme count alike, a mention
 * counts without its domain, and that is also how it is shown).
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "platform/mastodon.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define NAME    LETTERS DIGITS "_"

static bool is_word(char c)
{
	return c != '\0' && (strchr(NAME, c) != NULL || (unsigned char)c >= 0x80);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t scheme_length(const char *s)
{
	if (strncmp(s, "https://", 8) == 0)
		return 8;
	return strncmp(s, "http://", 7) == 0 ? 7 : 0;
}

/* Signs at the end belong to the sentence, and so does a bracket that the link did not open. */
static size_t link_trim(const char *s, size_t n)
{
	while (n > 0) {
		const char last = s[n - 1];
		const bool is_open = memchr(s, '(', n) != NULL;

		if (!strchr(".,:;!?'\"", last) && (last != ')' || is_open))
			break;
		n--;
	}
	return n;
}

/* Bytes of the link that begins at s; 0: none does. before: the byte in front of it, or NUL. */
static size_t link_length(const char *s, char before)
{
	const size_t scheme = scheme_length(s), all = strcspn(s, " \t\r\n<>\"");
	const size_t host = scheme > 0 ? strcspn(s + scheme, "/?# \t\r\n<>\"") : 0;

	if (host < 3 || strchr(NAME "@$#", before ? before : ' ') ||
	    !memchr(s + scheme + 1, '.', host - 2))
		return 0;
	return link_trim(s, all);
}

/* Where the domain of a mention begins that may begin at s ("@name@host"), and how long it is. */
static size_t mention_domain(const char *s, char before, size_t *ret_n)
{
	size_t name, n = 0;

	if (*s != '@' || before == '/' || is_word(before))
		return 0;
	name = strspn(s + 1, NAME ".-");
	if (name == 0 || s[1 + name] != '@')
		return 0;
	while (is_word(s[2 + name + n]) || s[2 + name + n] == '.' || s[2 + name + n] == '-')
		n++;
	while (n > 0 && !is_word(s[1 + name + n]))
		n--;
	*ret_n = n + 1;
	return n > 0 ? 1 + name : 0;
}

/* What stands at a place of a text. */
struct piece {
	size_t n, shown; /* bytes; of a mention those before the domain are shown */
	bool is_link;
};

static struct piece mention_at(const char *s, char before)
{
	size_t domain = 0;
	const size_t name = mention_domain(s, before, &domain);

	return name > 0 ? (struct piece){ .n = name + domain, .shown = name }
			: (struct piece){ .n = 1, .shown = 1 };
}

static struct piece piece_at(const char *s, char before)
{
	const size_t link = link_length(s, before);

	return link > 0 ? (struct piece){ .n = link, .is_link = true } : mention_at(s, before);
}

/* As Mastodon shows it to its counter. */
static void add_counted(struct buf *out, const char *text, int64_t url_chars)
{
	char before = '\0';

	for (const char *s = text; *s; before = s[-1]) {
		const struct piece p = piece_at(s, before);

		buf_add(out, s, p.shown);
		for (int64_t i = 0; p.is_link && i < url_chars; i++)
			buf_addc(out, 'x');
		s += p.n;
	}
}

int64_t mastodon_length(struct arena *a, const char *text, int64_t url_chars)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)a;
	add_counted(&out, text, url_chars);
	return (int64_t)utf8_graphemes(buf_str(&out));
}

static void add_point(struct buf *out, unsigned long c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return;
	if (c < 0x80) {
		buf_addc(out, (char)c);
		return;
	}
	if (c >= 0x10000) {
		buf_addc(out, (char)(0xf0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800) {
		buf_addc(out, (char)(0xe0 | c >> 12));
	}
	buf_addc(out, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
	buf_addc(out, (char)(0x80 | (c & 0x3f)));
}

/* "&#39;", "&#x27;": how many bytes it takes; 0: it is none. */
static size_t add_number(struct buf *out, const char *s)
{
	const bool is_hex = s[2] == 'x' || s[2] == 'X';
	const char *digits = s + (is_hex ? 3 : 2);
	const size_t n = strspn(digits, is_hex ? DIGITS "abcdefABCDEF" : DIGITS);

	if (n == 0 || n > 8 || digits[n] != ';')
		return 0;
	add_point(out, strtoul(digits, NULL, is_hex ? 16 : 10));
	return (size_t)(digits - s) + n + 1;
}

static size_t add_entity(struct buf *out, const char *s)
{
	static const char *const names[][2] = { { "&lt;", "<" },    { "&gt;", ">" },
						{ "&quot;", "\"" }, { "&apos;", "'" },
						{ "&nbsp;", " " },  { "&amp;", "&" } };

	if (s[1] == '#')
		return add_number(out, s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const size_t n = strlen(names[i][0]);

		if (strncmp(s, names[i][0], n) == 0) {
			buf_adds(out, names[i][1]);
			return n;
		}
	}
	return 0;
}

/* Tags that end a line. */
static bool ends_line(const char *tag)
{
	static const char *const tags[] = {
		"<br", "</p", "</li", "</div", "</blockquote", "</pre"
	};

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		const size_t n = strlen(tags[i]);

		if (strncmp(tag, tags[i], n) == 0 && (is_blank(tag[n]) || strchr("/>", tag[n])))
			return true;
	}
	return false;
}

const char *mastodon_plain(struct arena *a, const char *html)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	for (const char *s = html; *s;) {
		size_t n = 0;

		if (*s == '<') {
			n = strcspn(s, ">");
			n += s[n] == '>' ? 1 : 0;
			if (ends_line(s))
				buf_addc(&out, '\n');
		} else if (*s == '&') {
			n = add_entity(&out, s);
		}
		if (n == 0) {
			buf_addc(&out, *s);
			n = 1;
		}
		s += n;
	}
	return arena_strdup(a, buf_str(&out));
}

/* What of s is left out of its canonical form: a scheme, a slash at the end, a mention's domain. */
static size_t dropped(const char *s, char before)
{
	if (s[0] == '/' && (s[1] == '\0' || is_blank(s[1])))
		return 1;
	return scheme_length(s) > 0 && !is_word(before) ? scheme_length(s) : 0;
}

/* White space as one blank, none at the beginning. */
static void add_shown(struct buf *out, const char *s, size_t n)
{
	if (!is_blank(*s))
		buf_add(out, s, n);
	else if (out->len > 0 && out->p[out->len - 1] != ' ')
		buf_addc(out, ' ');
}

const char *mastodon_canonical(struct arena *a, const char *text)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char before = '\0';

	for (const char *s = utf8_nfc(a, text ? text : ""); *s; before = s[-1]) {
		const size_t n = dropped(s, before);
		const struct piece p = mention_at(s, before);

		if (n == 0)
			add_shown(&out, s, p.shown);
		s += n > 0 ? n : p.n;
	}
	while (out.len > 0 && out.p[out.len - 1] == ' ')
		out.p[--out.len] = '\0';
	return arena_strdup(a, buf_str(&out));
}

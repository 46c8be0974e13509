/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/bluesky_text.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "platform/tlds.h"

#define LABEL_MAX 63
#define HOST_MAX  253

struct range {
	uint32_t first, last;
};

static bool is_among(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static bool is_space(uint32_t c)
{
	static const struct range spaces[] = {
		{ '\t', '\r' },     { ' ', ' ' },       { 0xa0, 0xa0 },     { 0x1680, 0x1680 },
		{ 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
		{ 0x3000, 0x3000 }, { 0xfeff, 0xfeff },
	};

	return c == 0 || is_among(c, spaces, ARRAY_LEN(spaces));
}

/* What nobody sees ends a tag as a blank does. */
static bool ends_tag(uint32_t c)
{
	static const struct range unseen[] = {
		{ 0xad, 0xad }, { 0x200b, 0x200d }, { 0x2060, 0x2060 }, { 0x20e2, 0x20e2 }
	};

	return is_space(c) || is_among(c, unseen, ARRAY_LEN(unseen));
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The marks of the general category P that stand in running text. */
static bool is_mark(uint32_t c)
{
	static const struct range marks[] = {
		{ 0xa1, 0xa1 },     { 0xa7, 0xa7 },     { 0xab, 0xab },     { 0xb6, 0xb7 },
		{ 0xbb, 0xbb },     { 0xbf, 0xbf },     { 0x2010, 0x2027 }, { 0x2030, 0x205e },
		{ 0x3001, 0x3003 }, { 0x3008, 0x3011 }, { 0x3014, 0x301f }, { 0x30fb, 0x30fb },
		{ 0xff01, 0xff03 }, { 0xff05, 0xff0a }, { 0xff0c, 0xff0f }, { 0xff1a, 0xff1b },
		{ 0xff1f, 0xff20 }, { 0xff3b, 0xff3d }, { 0xff5b, 0xff5b }, { 0xff5d, 0xff5d },
		{ 0xff5f, 0xff65 },
	};

	if (c > 0 && c < 0x80)
		return strchr("!\"#%&'()*,-./:;?@[\\]_{}", (int)c) != NULL;
	return is_among(c, marks, ARRAY_LEN(marks));
}

struct scan {
	struct arena *arena;
	const char *text;
	struct bluesky_facet *found;
	size_t n;
};

static void add(struct scan *s, enum bluesky_facet_kind kind, const char *from, const char *to,
		const char *value)
{
	s->found[s->n++] = (struct bluesky_facet){ kind, (size_t)(from - s->text),
						   (size_t)(to - s->text), value };
}

static const char *word_end(const char *p)
{
	const char *next = p;

	while (!is_space(utf8_next(&next)))
		p = next;
	return p;
}

/* More brackets are closed than were opened. */
static bool is_unbalanced(const char *from, const char *to)
{
	int open = 0;

	for (; from < to; from++)
		open += *from == '(' ? 1 : *from == ')' ? -1 : 0;
	return open < 0;
}

/* A closing mark belongs to the sentence, a bracket only if it was opened there. */
static const char *trim_link(const char *from, const char *to)
{
	while (to > from + 1 &&
	       (strchr(".,;:!?'\"", to[-1]) || (to[-1] == ')' && is_unbalanced(from, to))))
		to--;
	return to;
}

static size_t scheme_length(const char *p)
{
	if (strncasecmp(p, "https://", 8) == 0)
		return 8;
	return strncasecmp(p, "http://", 7) == 0 ? 7 : 0;
}

/* End of labels with dots between them; *ret_last: where the last one begins. */
static const char *host_end(const char *p, const char **ret_last)
{
	const char *end = p, *label = p;

	*ret_last = NULL;
	for (;
	     is_letter((unsigned char)*p) || is_digit((unsigned char)*p) || *p == '-' || *p == '.';
	     p++) {
		if (*p != '.')
			continue;
		if (p == label || p[-1] == '-')
			break;
		if (!is_letter((unsigned char)p[1]) && !is_digit((unsigned char)p[1]))
			break;
		label = p + 1;
		*ret_last = label;
	}
	end = p;
	while (end > label && end[-1] == '-')
		end--;
	return end;
}

static const char *lower(struct arena *a, const char *from, const char *to)
{
	char *ret = arena_strndup(a, from, (size_t)(to - from));

	for (char *p = ret; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	}
	return ret;
}

/* Behind a bare domain a path may follow, but nothing that would make it another word. */
static bool is_bare(const struct scan *s, const char *from, const char *end, const char *last)
{
	return last && is_letter((unsigned char)*from) && *end != '@' && *end != '_' &&
	       (unsigned char)*end < 0x80 && tld_is_known(lower(s->arena, last, end));
}

static const char *take_link(struct scan *s, const char *from)
{
	const size_t scheme = scheme_length(from);
	const char *last, *end = host_end(from, &last), *to;
	const char *text;

	if (scheme == 0 && !is_bare(s, from, end, last))
		return NULL;
	to = trim_link(from, word_end(from));
	if (scheme > 0 && to <= from + scheme)
		return NULL;
	text = arena_strndup(s->arena, from, (size_t)(to - from));
	add(s, FACET_LINK, from, to,
	    scheme > 0 ? text : arena_printf(s->arena, "https://%s", text));
	return to;
}

bool bluesky_is_handle(const char *text)
{
	const char *last, *end = host_end(text, &last), *label = text;

	if (*end != '\0' || !last || !is_letter((unsigned char)*last) || end - text > HOST_MAX)
		return false;
	for (const char *p = text; p <= end; p++) {
		if (*p != '.' && *p != '\0')
			continue;
		if (p - label > LABEL_MAX || p == label || *label == '-')
			return false;
		label = p + 1;
	}
	return true;
}

static const char *take_mention(struct scan *s, const char *from)
{
	const char *last, *end = host_end(from + 1, &last);
	const char *handle = lower(s->arena, from + 1, end);

	if (!bluesky_is_handle(handle))
		return NULL;
	add(s, FACET_MENTION, from, end, handle);
	return end;
}

/* Digits and marks alone are no tag, nor is the sign of a keycap. */
static const char *take_tag(struct scan *s, const char *from, const char *word)
{
	const char *p = word, *at = word, *end = word, *value;
	bool has_letter = false;
	uint32_t c;

	for (c = utf8_next(&p); !ends_tag(c); c = utf8_next(&p)) {
		if (c == 0xfe0f && at == word)
			return NULL;
		has_letter |= !is_digit(c) && !is_mark(c);
		at = p;
		if (!is_mark(c))
			end = p;
	}
	value = arena_strndup(s->arena, word, (size_t)(end - word));
	if (!has_letter || strlen(value) > BLUESKY_TAG_BYTES ||
	    utf8_graphemes(value) > BLUESKY_TAG_GRAPHEMES)
		return NULL;
	add(s, FACET_TAG, from, end, value);
	return end;
}

/* What begins at p, with c read there and next behind it; NULL: nothing. */
static const char *take(struct scan *s, const char *p, uint32_t c, const char *next, bool is_tag)
{
	if ((c == '#' || c == 0xff03) && is_tag)
		return take_tag(s, p, next);
	if (c == '@')
		return take_mention(s, p);
	return is_letter(c) ? take_link(s, p) : NULL;
}

size_t bluesky_facets(struct arena *a, const char *text, const struct bluesky_facet **ret)
{
	const char *p = text, *next = text, *end;
	uint32_t before = ' ', c;
	struct scan s = { .arena = a, .text = text };

	/* Each has at least two bytes, and a blank before it. */
	s.found = arena_array(a, strlen(text) / 3 + 1, sizeof(*s.found));
	while ((c = utf8_next(&next)) != 0) {
		const bool begins = is_space(before) || before == '(';

		end = begins ? take(&s, p, c, next, before != '(') : NULL;
		before = end ? 'x' : c;
		if (end)
			next = end;
		p = next;
	}
	*ret = s.found;
	return s.n;
}

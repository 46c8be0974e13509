/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What X makes a link of: http(s) and a domain, or a bare ASCII domain of a known top level. Source:
 * twitter-text 3.1.0, extractUrl; written as a scanner instead of its regular expression.
 */
#include <string.h>

#include "base/cleanup.h"
#include "platform/tlds.h"
#include "platform/twitter_text.h"

#define LINK_WEIGHT    23
#define LABEL_MAX      63
#define WIDE_LABEL_MAX 50 /* of other scripts: Punycode makes them longer */
#define LINK_MAX       4096
#define SLUG_MAX       40
#define TLD_BYTES_MAX  64

struct scan {
	const uint32_t *p;
	size_t n;
};

static uint32_t point(const struct scan *s, size_t i)
{
	return i < s->n ? s->p[i] : 0;
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static uint32_t lower(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool is_alnum(uint32_t c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool is_one_of(uint32_t c, const char *set)
{
	return c > 0 && c < 0x80 && strchr(set, (int)c);
}

static bool is_forbidden(uint32_t c)
{
	return c == 0xfffe || c == 0xfeff || c == 0xffff;
}

static bool is_directional(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2066 && c <= 0x2069);
}

static bool is_space(uint32_t c)
{
	return (c >= 9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       c == 0x180e || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_domain_char(uint32_t c)
{
	return c > 0 && !is_one_of(c, "!'#%&()*+,\\-./:;<=>?@[]^_{|}~$") && !is_space(c) &&
	       !is_forbidden(c) && !is_directional(c);
}

static bool is_accented(uint32_t c)
{
	static const uint32_t singles[] = { 0x253, 0x254, 0x256, 0x257, 0x259, 0x25b, 0x263,
					    0x268, 0x26f, 0x272, 0x289, 0x28b, 0x2bb };

	for (size_t i = 0; i < ARRAY_LEN(singles); i++) {
		if (c == singles[i])
			return true;
	}
	return (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) || (c >= 0x300 && c <= 0x36f) ||
	       (c >= 0x1e00 && c <= 0x1eff);
}

static bool is_path_char(uint32_t c)
{
	return is_alnum(c) || is_one_of(c, "!*';:=+,.$/%#[]-_~@|&") || c == 0x2013 ||
	       (c >= 0x400 && c <= 0x4ff) || is_accented(c);
}

static bool is_path_end(uint32_t c)
{
	return is_alnum(c) || is_one_of(c, "+-=_#/") || (c >= 0x400 && c <= 0x4ff) ||
	       is_accented(c);
}

static bool may_precede(uint32_t c)
{
	return is_directional(c) || (!is_alnum(c) && !is_one_of(c, "@$#") && c != 0xff20 &&
				     c != 0xff03 && !is_forbidden(c));
}

/* Behind a top level: no letter, digit, @, + or -. */
static bool ends_domain(uint32_t c)
{
	return !is_alnum(c) && !is_one_of(c, "@+-");
}

static size_t encode(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)lower(c);
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* End of the longest top level that begins at i; 0: none. */
static size_t tld_end(const struct scan *s, size_t i)
{
	char text[TLD_BYTES_MAX + 4];
	size_t len = 0, end = 0;

	if (lower(point(s, i)) == 'x' && lower(point(s, i + 1)) == 'n' && point(s, i + 2) == '-' &&
	    point(s, i + 3) == '-') {
		for (end = i + 4; is_alnum(point(s, end)) || point(s, end) == '-';)
			end++;
		return end > i + 4 ? end : 0;
	}
	while (i < s->n && len < TLD_BYTES_MAX && is_domain_char(s->p[i])) {
		len += encode(s->p[i++], text + len);
		text[len] = '\0';
		if (ends_domain(point(s, i)) && tld_is_known(text))
			end = i;
	}
	return end;
}

/* End of a label from i; 0: none. Only labels before the last two may hold an underscore. */
static size_t label_end(const struct scan *s, size_t i, bool *has_underscore)
{
	size_t end = 0;

	*has_underscore = false;
	if (!is_domain_char(point(s, i)))
		return 0;
	for (; is_domain_char(point(s, i)) || is_one_of(point(s, i), "-_"); i++) {
		*has_underscore |= point(s, i) == '_';
		if (is_domain_char(point(s, i)))
			end = i + 1;
	}
	return end == i ? end : 0;
}

/* Longest domain from i; 0: none. */
static size_t domain_end(const struct scan *s, size_t i)
{
	size_t end = 0, label, tld;
	bool has_underscore;

	while ((label = label_end(s, i, &has_underscore)) > 0 && point(s, label) == '.') {
		i = label + 1;
		tld = has_underscore ? 0 : tld_end(s, i);
		if (tld > 0)
			end = tld;
	}
	return end;
}

static bool labels_fit(const struct scan *s, size_t from, size_t end)
{
	size_t len = 0;
	bool is_wide = false;

	for (size_t i = from; i <= end; i++) {
		if (i == end || s->p[i] == '.') {
			if (len > (is_wide ? WIDE_LABEL_MAX : LABEL_MAX))
				return false;
			len = 0;
			is_wide = false;
			continue;
		}
		is_wide |= s->p[i] >= 0x80;
		len++;
	}
	return true;
}

/* End of a pair of parentheses at i with something within, one level deep; 0: none. */
static size_t parens_end(const struct scan *s, size_t i, int depth)
{
	size_t from = i + 1, end;
	int inner = 0;

	if (point(s, i) != '(')
		return 0;
	for (i++;; i++) {
		if (point(s, i) == '(' && depth == 0 && inner == 0 &&
		    (end = parens_end(s, i, 1)) > 0) {
			i = end - 1;
			inner = 1;
		} else if (!is_path_char(point(s, i))) {
			break;
		}
	}
	return point(s, i) == ')' && i > from ? i + 1 : 0;
}

static size_t path_end(const struct scan *s, size_t i)
{
	size_t end = i, parens;

	if (point(s, i) != '/')
		return i;
	for (end = ++i; i < s->n;) {
		parens = parens_end(s, i, 0);
		if (parens > 0) { /* they end a link only where it could have ended before them */
			end = end == i ? parens : end;
			i = parens;
			continue;
		}
		if (!is_path_char(s->p[i]))
			break;
		if (is_path_end(s->p[i++]))
			end = i;
	}
	return end;
}

static size_t query_end(const struct scan *s, size_t i)
{
	size_t end = i;

	if (point(s, i) != '?')
		return i;
	for (i++; is_alnum(point(s, i)) || is_one_of(point(s, i), "!?*'@();:&=+$/%#[]-_.,~|");
	     i++) {
		if (is_alnum(s->p[i]) || is_one_of(s->p[i], "-_&=#/"))
			end = i + 1;
	}
	return end;
}

static size_t port_end(const struct scan *s, size_t i)
{
	size_t end = i + 1;

	if (point(s, i) != ':' || !is_digit(point(s, end)))
		return i;
	while (is_digit(point(s, end)))
		end++;
	return end;
}

static size_t scheme_end(const struct scan *s, size_t i)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t k = 0; k < ARRAY_LEN(schemes); k++) {
		size_t n = 0;

		while (schemes[k][n] && lower(point(s, i + n)) == (uint32_t)schemes[k][n])
			n++;
		if (!schemes[k][n])
			return i + n;
	}
	return i;
}

/* https://t.co/SLUG ends with its slug; false: the slug is too long to be one. */
static bool cut_short_link(const struct scan *s, size_t from, size_t domain, size_t *end)
{
	size_t i = domain + 1;

	if (domain - from != 4 || lower(s->p[from]) != 't' || lower(s->p[from + 2]) != 'c' ||
	    lower(s->p[from + 3]) != 'o' || point(s, domain) != '/' || !is_alnum(point(s, i)))
		return true;
	while (is_alnum(point(s, i)))
		i++;
	if (i - domain - 1 > SLUG_MAX)
		return false;
	*end = query_end(s, i);
	return true;
}

/* Of a bare domain only the ASCII stretches are links; what lies between counts as text. */
static void take_bare(const struct scan *s, size_t at, size_t domain, struct twitter_link *ret)
{
	size_t i = at, last = 0;

	while (i < domain) {
		size_t end = i, cut = 0;

		while (end < domain && (is_alnum(s->p[end]) || is_accented(s->p[end]) ||
					is_one_of(s->p[end], "-.")))
			end++;
		if (end > i)
			cut = domain_end(&(struct scan){ s->p, end }, i);
		if (cut > i) {
			ret->links++;
			/* An accent at its head may or may not belong to it: the longer count. */
			ret->weight += LINK_WEIGHT + (is_accented(s->p[i]) ? 1 : 0);
			last = i = cut;
		} else {
			ret->weight += twitter_point_weight(s->p[i++]);
		}
	}
	/* What follows belongs to the last link only if it has a path: a bare port or query is text. */
	if (last == domain && point(s, port_end(s, domain)) == '/')
		return;
	for (size_t k = domain; k < ret->end; k++)
		ret->weight += twitter_point_weight(s->p[k]);
}

bool twitter_link_at(const uint32_t *p, size_t n, size_t at, struct twitter_link *ret)
{
	const struct scan s = { p, n };
	size_t from = scheme_end(&s, at), domain, end;
	bool has_scheme = from > at;

	if (!is_domain_char(p[at]) || (at > 0 && !may_precede(p[at - 1])))
		return false;
	domain = domain_end(&s, from);
	if (domain == 0 || !labels_fit(&s, from, domain))
		return false;
	end = query_end(&s, path_end(&s, port_end(&s, domain)));
	if (end - from + strlen("https://") > LINK_MAX)
		return false;
	if (!has_scheme && at > 0 && is_one_of(p[at - 1], "-_./"))
		return false;
	if (has_scheme && !cut_short_link(&s, from, domain, &end))
		return false;
	*ret = (struct twitter_link){ .end = end };
	if (has_scheme) {
		ret->links = 1;
		ret->weight = LINK_WEIGHT;
		return true;
	}
	take_bare(&s, at, domain, ret);
	return ret->links > 0;
}

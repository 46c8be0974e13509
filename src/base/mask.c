/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mask.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum shape {
	SHAPE_TOKEN, /* the marker begins the secret: at least `least` token characters follow */
	SHAPE_VALUE, /* the same, of any characters that a value may have */
	SHAPE_NAMED, /* the marker names it: a separator and the value follow */
	SHAPE_QUERY, /* the same, but only right behind '?' or '&' */
	SHAPE_AFTER, /* the marker and blanks stand before it */
};

struct marker {
	const char *text;
	enum shape shape;
	size_t least;
};

static const struct marker markers[] = {
	{ "sk_live_", SHAPE_TOKEN, 1 },
	{ "sk_test_", SHAPE_TOKEN, 1 },
	{ "whsec_", SHAPE_VALUE, 20 },
	{ "at_", SHAPE_TOKEN, 20 },
	{ "rt_", SHAPE_TOKEN, 20 },
	{ "EAA", SHAPE_TOKEN, 10 },
	{ "IGAA", SHAPE_TOKEN, 6 },
	{ "IGQV", SHAPE_TOKEN, 6 },
	{ "Bearer", SHAPE_AFTER, 1 },
	{ "access_token", SHAPE_NAMED, 1 },
	{ "refresh_token", SHAPE_NAMED, 1 },
	{ "input_token", SHAPE_NAMED, 1 },
	{ "fb_exchange_token", SHAPE_NAMED, 1 },
	{ "client_secret", SHAPE_NAMED, 1 },
	{ "appsecret_proof", SHAPE_NAMED, 1 },
	{ "app_secret", SHAPE_NAMED, 1 },
	{ "code_verifier", SHAPE_NAMED, 1 },
	{ "authorization_code", SHAPE_NAMED, 1 },
	{ "id_token", SHAPE_NAMED, 1 },
	{ "password", SHAPE_NAMED, 1 },
	{ "code", SHAPE_QUERY, 1 },
	{ "state", SHAPE_QUERY, 1 },
	{ "token", SHAPE_QUERY, 1 },
	{ "sig", SHAPE_QUERY, 1 },
	{ "signature", SHAPE_QUERY, 1 },
};

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

static size_t token_len(const char *s, const char *end)
{
	const char *from = s;

	while (s < end && is_token_char(*s))
		s++;
	return (size_t)(s - from);
}

/* Values end where a query part, a JSON text or a logged value ends. */
static size_t value_len(const char *s, const char *end)
{
	const char *from = s;

	while (s < end && (unsigned char)*s > ' ' && !strchr("&\"'\\,;<>{}()[]", *s))
		s++;
	return (size_t)(s - from);
}

/* Between name and value: = or : or %3D, quotes, escaped quotes and blanks around it; 0: none. */
static size_t separator_len(const char *s, const char *end)
{
	const char *from = s;
	bool has_sign = false;

	while (s < end) {
		if (end - s >= 3 && strncasecmp(s, "%3d", 3) == 0) {
			has_sign = true;
			s += 3;
		} else if (*s == '=' || *s == ':') {
			has_sign = true;
			s++;
		} else if (strchr("\"'\\ ", *s) && *s) {
			s++;
		} else {
			break;
		}
	}
	return has_sign ? (size_t)(s - from) : 0;
}

static size_t blanks_len(const char *s, const char *end)
{
	const char *from = s;

	while (s < end && (*s == ' ' || *s == '\t' || *s == ':' || *s == '+'))
		s++;
	if (end - s >= 3 && strncmp(s, "%20", 3) == 0)
		s += 3;
	return (size_t)(s - from);
}

/* The secret behind one marker at s: where it begins and ends, relative to s. */
static bool marker_match(const struct marker *m, const char *s, const char *end, size_t *ret_from,
			 size_t *ret_to)
{
	size_t from = strlen(m->text), len;

	if ((size_t)(end - s) <= from || strncasecmp(s, m->text, from) != 0)
		return false;
	if (m->shape == SHAPE_TOKEN) {
		len = strncmp(s, m->text, from) == 0 ? token_len(s + from, end) : 0;
	} else if (m->shape == SHAPE_VALUE) {
		len = value_len(s + from, end);
	} else {
		size_t gap = m->shape == SHAPE_AFTER ? blanks_len(s + from, end)
						     : separator_len(s + from, end);

		if (!gap)
			return false;
		from += gap;
		len = value_len(s + from, end);
	}
	*ret_from = from;
	*ret_to = from + len;
	return len >= m->least;
}

static bool secret_at(const char *text, const char *s, const char *end, size_t *ret_from,
		      size_t *ret_to)
{
	/* A percent-encoded separator ends in a letter or digit, yet what follows begins a word. */
	bool encoded = s - text >= 3 && s[-3] == '%';
	bool in_query = s > text && (s[-1] == '?' || s[-1] == '&');

	if (s > text && is_token_char(s[-1]) && s[-1] != '-' && !encoded)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		/* Each begins with a letter: most are told apart by it, whatever its case. */
		if ((markers[i].text[0] | 0x20) != (*s | 0x20))
			continue;
		if (markers[i].shape == SHAPE_QUERY && !in_query)
			continue;
		if (marker_match(&markers[i], s, end, ret_from, ret_to))
			return true;
	}
	return false;
}

void mask_add(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	const char *s = text, *kept = text; /* what lies between them is as it stands */
	size_t from, to;

	while (s < end) {
		if (!secret_at(text, s, end, &from, &to)) {
			s++;
			continue;
		}
		buf_add(out, kept, (size_t)(s - kept) + from);
		buf_adds(out, "***");
		s += to;
		kept = s;
	}
	buf_add(out, kept, (size_t)(s - kept));
}

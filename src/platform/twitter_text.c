/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/twitter_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

#define VS_EMOJI     0xfe0f
#define ZWJ          0x200d
#define KEYCAP       0x20e3
#define BLACK_FLAG   0x1f3f4
#define TAG_FIRST    0xe0020
#define TAG_LAST     0xe007f
#define TONE_FIRST   0x1f3fb
#define TONE_LAST    0x1f3ff
#define REGIONAL_A   0x1f1e6
#define REGIONAL_Z   0x1f1ff
#define EMOJI_WEIGHT 2

struct range {
	uint32_t first, last;
};

/* clang-format off */
static const struct range light[] = { /* weight 1 */
	{ 0x0000, 0x10ff }, { 0x2000, 0x200d }, { 0x2010, 0x201f }, { 0x2032, 0x2037 },
};

/* What may stand in an emoji sequence; on their own they weigh 2 all the same. */
static const struct range pictures[] = {
	{ 0x203c, 0x203c }, { 0x2049, 0x2049 }, { 0x2122, 0x2122 }, { 0x2139, 0x2139 },
	{ 0x2194, 0x21aa }, { 0x231a, 0x23ff }, { 0x24c2, 0x24c2 }, { 0x25aa, 0x25fe },
	{ 0x2600, 0x27bf }, { 0x2934, 0x2935 }, { 0x2b05, 0x2b55 }, { 0x3030, 0x3030 },
	{ 0x303d, 0x303d }, { 0x3297, 0x3297 }, { 0x3299, 0x3299 }, { 0x1f000, 0x1f1e5 },
	{ 0x1f200, 0x1faff },
};

/* Followed by U+FE0F, these become one emoji. */
static const struct range shown_as_text[] = {
	{ 0xa9, 0xa9 }, { 0xae, 0xae }, { 0x203c, 0x203c }, { 0x2049, 0x2049 }, { 0x2122, 0x2122 },
	{ 0x2139, 0x2139 }, { 0x2194, 0x2199 }, { 0x21a9, 0x21aa }, { 0x231a, 0x231b },
	{ 0x2328, 0x2328 }, { 0x23cf, 0x23cf }, { 0x23ed, 0x23ef }, { 0x23f1, 0x23f2 },
	{ 0x23f8, 0x23fa }, { 0x24c2, 0x24c2 }, { 0x25aa, 0x25ab }, { 0x25b6, 0x25b6 },
	{ 0x25c0, 0x25c0 }, { 0x25fb, 0x25fe }, { 0x2600, 0x2604 }, { 0x260e, 0x260e },
	{ 0x2611, 0x2611 }, { 0x2614, 0x2615 }, { 0x2618, 0x2618 }, { 0x261d, 0x261d },
	{ 0x2620, 0x2620 }, { 0x2622, 0x2623 }, { 0x2626, 0x2626 }, { 0x262a, 0x262a },
	{ 0x262e, 0x262f }, { 0x2638, 0x263a }, { 0x2640, 0x2640 }, { 0x2642, 0x2642 },
	{ 0x2648, 0x2653 }, { 0x265f, 0x2660 }, { 0x2663, 0x2663 }, { 0x2665, 0x2666 },
	{ 0x2668, 0x2668 }, { 0x267b, 0x267b }, { 0x267f, 0x267f }, { 0x2692, 0x2697 },
	{ 0x2699, 0x2699 }, { 0x269b, 0x269c }, { 0x26a0, 0x26a1 }, { 0x26aa, 0x26ab },
	{ 0x26b0, 0x26b1 }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 }, { 0x26c8, 0x26c8 },
	{ 0x26cf, 0x26cf }, { 0x26d1, 0x26d1 }, { 0x26d3, 0x26d4 }, { 0x26e9, 0x26ea },
	{ 0x26f0, 0x26f5 }, { 0x26f7, 0x26fa }, { 0x26fd, 0x26fd }, { 0x2702, 0x2702 },
	{ 0x2708, 0x2709 }, { 0x270c, 0x270d }, { 0x270f, 0x270f }, { 0x2712, 0x2712 },
	{ 0x2714, 0x2714 }, { 0x2716, 0x2716 }, { 0x271d, 0x271d }, { 0x2721, 0x2721 },
	{ 0x2733, 0x2734 }, { 0x2744, 0x2744 }, { 0x2747, 0x2747 }, { 0x2757, 0x2757 },
	{ 0x2763, 0x2764 }, { 0x27a1, 0x27a1 }, { 0x2934, 0x2935 }, { 0x2b05, 0x2b07 },
	{ 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 }, { 0x3030, 0x3030 },
	{ 0x303d, 0x303d }, { 0x3297, 0x3297 }, { 0x3299, 0x3299 }, { 0x1f004, 0x1f004 },
	{ 0x1f170, 0x1f171 }, { 0x1f17e, 0x1f17f }, { 0x1f202, 0x1f202 }, { 0x1f21a, 0x1f21a },
	{ 0x1f22f, 0x1f22f }, { 0x1f237, 0x1f237 }, { 0x1f321, 0x1f321 }, { 0x1f324, 0x1f32c },
	{ 0x1f336, 0x1f336 }, { 0x1f37d, 0x1f37d }, { 0x1f396, 0x1f397 }, { 0x1f399, 0x1f39b },
	{ 0x1f39e, 0x1f39f }, { 0x1f3cb, 0x1f3ce }, { 0x1f3d4, 0x1f3df }, { 0x1f3f3, 0x1f3f3 },
	{ 0x1f3f5, 0x1f3f5 }, { 0x1f3f7, 0x1f3f7 }, { 0x1f43f, 0x1f43f }, { 0x1f441, 0x1f441 },
	{ 0x1f4fd, 0x1f4fd }, { 0x1f549, 0x1f54a }, { 0x1f56f, 0x1f570 }, { 0x1f573, 0x1f579 },
	{ 0x1f587, 0x1f587 }, { 0x1f58a, 0x1f58d }, { 0x1f590, 0x1f590 }, { 0x1f5a5, 0x1f5a5 },
	{ 0x1f5a8, 0x1f5a8 }, { 0x1f5b1, 0x1f5b2 }, { 0x1f5bc, 0x1f5bc }, { 0x1f5c2, 0x1f5c4 },
	{ 0x1f5d1, 0x1f5d3 }, { 0x1f5dc, 0x1f5de }, { 0x1f5e1, 0x1f5e1 }, { 0x1f5e3, 0x1f5e3 },
	{ 0x1f5e8, 0x1f5e8 }, { 0x1f5ef, 0x1f5ef }, { 0x1f5f3, 0x1f5f3 }, { 0x1f5fa, 0x1f5fa },
	{ 0x1f6cb, 0x1f6cb }, { 0x1f6cd, 0x1f6cf }, { 0x1f6e0, 0x1f6e5 }, { 0x1f6e9, 0x1f6e9 },
	{ 0x1f6f0, 0x1f6f0 }, { 0x1f6f3, 0x1f6f3 },
};

/* These take a skin tone. */
static const struct range toned[] = {
	{ 0x261d, 0x261d }, { 0x26f7, 0x26f7 }, { 0x26f9, 0x26f9 }, { 0x270a, 0x270d },
	{ 0x1f385, 0x1f385 }, { 0x1f3c2, 0x1f3c4 }, { 0x1f3c7, 0x1f3c7 }, { 0x1f3ca, 0x1f3cc },
	{ 0x1f442, 0x1f443 }, { 0x1f446, 0x1f450 }, { 0x1f466, 0x1f469 }, { 0x1f46e, 0x1f46e },
	{ 0x1f470, 0x1f478 }, { 0x1f47c, 0x1f47c }, { 0x1f481, 0x1f483 }, { 0x1f485, 0x1f487 },
	{ 0x1f4aa, 0x1f4aa }, { 0x1f574, 0x1f575 }, { 0x1f57a, 0x1f57a }, { 0x1f590, 0x1f590 },
	{ 0x1f595, 0x1f596 }, { 0x1f645, 0x1f647 }, { 0x1f64b, 0x1f64f }, { 0x1f6a3, 0x1f6a3 },
	{ 0x1f6b4, 0x1f6b6 }, { 0x1f6c0, 0x1f6c0 }, { 0x1f6cc, 0x1f6cc }, { 0x1f90c, 0x1f90c },
	{ 0x1f90f, 0x1f90f }, { 0x1f918, 0x1f91f }, { 0x1f926, 0x1f926 }, { 0x1f930, 0x1f939 },
	{ 0x1f93d, 0x1f93e }, { 0x1f977, 0x1f977 }, { 0x1f9b5, 0x1f9b6 }, { 0x1f9b8, 0x1f9b9 },
	{ 0x1f9bb, 0x1f9bb }, { 0x1f9cd, 0x1f9cf }, { 0x1f9d1, 0x1f9dd }, { 0x1fac3, 0x1fac5 },
	{ 0x1faf0, 0x1faf8 },
};

/* Second letters of the regions that have a flag, by first letter. */
static const char *const flags[26] = {
	"CDEFGILMOQRSTUWXZ", "ABDEFGHIJLMNOQRSTVWYZ", "ACDFGHIKLMNOPRUVWXYZ", "EGJKMOZ", "ACEGHRSTU",
	"IJKMOR", "ABDEFGHILMNPQRSTUWY", "KMNRTU", "CDELMNOQRST", "EMOP", "EGHIMNPRWYZ", "ABCIKRSTUVY",
	"ACDEFGHKLMNOPQRSTUVWXYZ", "ACEFGILOPRUZ", "M", "AEFGHKLMNRSTWY", "A", "EOSUW",
	"ABCDEGHIJKLMNORSTVXYZ", "ACDFGHJKLMNORTVWZ", "AGMNSYZ", "ACEGINU", "FS", "K", "ET", "AMW",
};
/* clang-format on */

static bool is_in(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= r[i].first && c <= r[i].last)
			return true;
	}
	return false;
}

#define IN(table, c) is_in(table, ARRAY_LEN(table), c)

struct text {
	const uint32_t *p;
	size_t n;
};

static uint32_t point(const struct text *t, size_t i)
{
	return i < t->n ? t->p[i] : 0;
}

static bool is_regional(uint32_t c)
{
	return c >= REGIONAL_A && c <= REGIONAL_Z;
}

static size_t flag_length(const struct text *t, size_t i)
{
	uint32_t a = point(t, i), b = point(t, i + 1);

	if (!is_regional(a) || !is_regional(b))
		return 0;
	return strchr(flags[a - REGIONAL_A], 'A' + (int)(b - REGIONAL_A)) ? 2 : 0;
}

static size_t keycap_length(const struct text *t, size_t i)
{
	uint32_t c = point(t, i);
	size_t n = point(t, i + 1) == VS_EMOJI ? 2 : 1;

	if (c != '#' && c != '*' && (c < '0' || c > '9'))
		return 0;
	return point(t, i + n) == KEYCAP ? n + 1 : 0;
}

/* England, Scotland, Wales: a black flag and letters that only machines see. */
static size_t tags_length(const struct text *t, size_t i)
{
	size_t n = 1;

	if (point(t, i) != BLACK_FLAG)
		return 0;
	while (point(t, i + n) >= TAG_FIRST && point(t, i + n) <= TAG_LAST)
		n++;
	return n > 1 ? n : 0;
}

static size_t picture_length(const struct text *t, size_t i)
{
	uint32_t c = point(t, i), next = point(t, i + 1);
	size_t n = 1;

	if (next == VS_EMOJI && IN(shown_as_text, c))
		n = 2;
	else if (!IN(pictures, c))
		return 0;
	if (IN(toned, c) && point(t, i + n) >= TONE_FIRST && point(t, i + n) <= TONE_LAST)
		n++;
	return n;
}

static size_t emoji_length(const struct text *t, size_t i)
{
	size_t n = flag_length(t, i), more;

	if (n == 0)
		n = keycap_length(t, i);
	if (n == 0)
		n = tags_length(t, i);
	if (n > 0)
		return n;
	n = picture_length(t, i);
	while (n > 0 && point(t, i + n) == ZWJ && (more = picture_length(t, i + n + 1)) > 0)
		n += 1 + more;
	return n;
}

int64_t twitter_point_weight(uint32_t c)
{
	return IN(light, c) ? 1 : 2;
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "$ABC", up to six letters, as a word of its own. */
static bool is_cashtag(const struct text *t, size_t i)
{
	uint32_t before = i > 0 ? t->p[i - 1] : ' ';
	size_t n = 0;

	if (point(t, i) != '$' ||
	    (before != ' ' && before != '\n' && before != '\t' && before != '\r'))
		return false;
	while (is_letter(point(t, i + 1 + n)))
		n++;
	before = point(t, i + 1 + n);
	return n >= 1 && n <= 6 && before != '_' && !(before >= '0' && before <= '9');
}

static struct text points_of(struct arena *a, const char *text)
{
	uint32_t *p = arena_array(a, utf8_points(text) + 1, sizeof(*p));
	size_t n = 0;

	while (*text)
		p[n++] = utf8_next(&text);
	return (struct text){ p, n };
}

void twitter_measure(struct arena *a, const char *text, struct twitter_measure *ret)
{
	struct text t = points_of(a, utf8_nfc(a, text));
	struct twitter_measure m = { 0 };
	struct twitter_link link;

	for (size_t i = 0, n; i < t.n; i += n) {
		n = emoji_length(&t, i);
		m.cashtags += is_cashtag(&t, i) ? 1 : 0;
		m.has_forbidden |= t.p[i] == 0xfffe || t.p[i] == 0xfeff || t.p[i] == 0xffff;
		if (twitter_link_at(t.p, t.n, i, &link)) {
			m.length += link.weight;
			m.links += link.links;
			n = link.end - i;
		} else if (n > 0) {
			m.length += EMOJI_WEIGHT;
		} else {
			m.length += twitter_point_weight(t.p[i]);
			n = 1;
		}
	}
	*ret = m;
}

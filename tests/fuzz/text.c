/* SPDX-License-Identifier: Apache-2.0 */
/* A caption, as people write it, or worse. */
#include <string.h>

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "platform/bluesky_text.h"
#include "platform/platform.h"
#include "platform/twitter_text.h"

static void points_look(const char *s)
{
	const char *p = s, *before;
	size_t points = 0;

	while ((before = p, utf8_next(&p)) != 0) {
		MUST(utf8_measure(before, strlen(before)) == (size_t)(p - before));
		points++;
	}
	MUST(p == s + strlen(s) && points == utf8_points(s));
	MUST(utf8_utf16_units(s) >= points && utf8_utf16_units(s) <= 2 * points);
}

/* Whole characters, in order, none within another. */
static void facets_look(struct arena *a, const char *s)
{
	const struct bluesky_facet *found;
	const size_t n = bluesky_facets(a, s, &found);
	size_t end = 0;

	MUST(utf8_graphemes(s) <= utf8_points(s));
	for (size_t i = 0; i < n; i++) {
		MUST(found[i].from >= end && found[i].from < found[i].to);
		MUST(found[i].to <= strlen(s) && *found[i].value);
		MUST(utf8_valid(s + found[i].from, found[i].to - found[i].from));
		end = found[i].to;
	}
}

void fuzz_text(struct input *in)
{
	size_t n, platforms;
	const char *s = input_rest(in, &n), *form;
	struct twitter_measure measure;
	const struct platform *const *all = platform_all(&platforms);

	MUST(utf8_measure(s, n ? n : 1) <= (n ? n : 1));
	if (!utf8_valid(s, n) || strlen(s) != n)
		return;
	points_look(s);
	form = utf8_nfc(in->arena, s);
	MUST(utf8_valid(form, strlen(form)));
	MUST(strcmp(utf8_nfc(in->arena, form), form) == 0);
	facets_look(in->arena, s);
	twitter_measure(in->arena, s, &measure);
	MUST(measure.length >= 0 && measure.links <= n);
	for (size_t i = 0; i < platforms; i++) {
		const char *text =
			all[i]->canonical_text ? all[i]->canonical_text(in->arena, s) : s;

		MUST(utf8_valid(text, strlen(text)));
	}
}

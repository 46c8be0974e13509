/* SPDX-License-Identifier: Apache-2.0 */
/* A rule, a zone's name, the wall time of its start and which of two times, on a line each. */
#include "domain/recur.h"

#include <string.h>

#include "base/clock.h"
#include "fuzz/fuzz.h"

#define MOST 200

static bool day_fits(const struct recur *rule, const struct civil *c)
{
	const int last =
		(int)(civil_days(c->month == 12 ? c->year + 1 : c->year, c->month % 12 + 1, 1) -
		      civil_days(c->year, c->month, 1));
	const int back = last - c->day + 1;
	bool fits = rule->byday_n == 0;

	for (size_t i = 0; i < rule->byday_n; i++) {
		const struct recur_byday *d = &rule->byday[i];

		if (d->weekday != civil_weekday(c))
			continue;
		fits = fits || d->nth == RECUR_BYDAY_ANY || d->nth == (c->day - 1) / 7 + 1 ||
		       d->nth == -((back - 1) / 7 + 1);
	}
	if (!rule->monthdays && !rule->monthdays_back)
		return fits;
	return fits && ((rule->monthdays >> c->day & 1) || (rule->monthdays_back >> back & 1));
}

static void time_look(const struct recur *rule, const struct recur_from *from,
		      const struct recur_time *t)
{
	struct civil c;

	tz_local(from->tz, t->us, &c);
	/* A gap may move it over midnight. */
	if (t->is_adjusted)
		return;
	MUST(c.hour == from->wall.hour && c.minute == from->wall.minute);
	MUST(c.second == from->wall.second && day_fits(rule, &c));
	MUST(!rule->has_until || !rule->until_is_utc || t->us <= rule->until_us);
	MUST(!rule->has_until || rule->until_is_utc ||
	     civil_to_us(&c) <= civil_to_us(&rule->until));
}

static void times_look(const struct recur *rule, const struct recur_from *from,
		       const struct recur_times *times)
{
	MUST(times->n > 0 && times->n <= from->most);
	MUST(rule->count == 0 || times->n <= (size_t)rule->count);
	for (size_t i = 0; i < times->n; i++) {
		MUST(i == 0 || times->v[i].us > times->v[i - 1].us);
		time_look(rule, from, &times->v[i]);
	}
	MUST(times->v[times->n - 1].us - times->v[0].us <=
	     (RECUR_YEARS_MAX * 366LL + 1) * US_PER_DAY);
}

void fuzz_recur(struct input *in)
{
	const char *text = input_line(in), *zone = input_line(in), *wall = input_line(in);
	struct recur_from from = { .fold = input_number(in) == 1, .most = MOST };
	struct recur_times times = { NULL, 0 };
	struct problem why = { 0 };
	struct recur rule;
	struct tz *tz = NULL;

	if (recur_parse(text, &rule, &why) < 0) {
		MUST(why.kind == PROBLEM_INVALID);
		return;
	}
	MUST(rule.interval > 0 && (rule.count > 0 || rule.has_until));
	if (civil_parse(wall, &from.wall) < 0 || from.wall.year < 1980 || from.wall.year > 2030 ||
	    tz_load(zone, &tz) < 0)
		return;
	from.tz = tz;
	if (recur_expand(&rule, &from, in->arena, &times, &why) == 0)
		times_look(&rule, &from, &times);
	else
		MUST(why.kind != PROBLEM_NONE);
	tz_free(tz);
}

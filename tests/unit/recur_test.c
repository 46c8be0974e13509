/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "domain/recur.h"
#include "support/suite.h"

#define MOST 40

static struct arena *arena;
static struct problem why;

static void begin(void)
{
	arena = arena_new();
	problem_clear(&why);
}

static void end(void)
{
	arena_free(arena);
}

static int expand(const char *zone, const char *wall, const char *rrule, struct recur_times *ret)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct recur_from from = { .most = MOST };
	struct recur rule;

	ck_assert_int_eq(tz_load(zone, &tz), 0);
	from.tz = tz;
	ck_assert_int_eq(civil_parse(wall, &from.wall), 0);
	if (recur_parse(rrule, &rule, &why) < 0)
		return -1;
	return recur_expand(&rule, &from, arena, ret, &why);
}

struct good {
	const char *zone, *wall, *rrule, *want; /* instants, separated by spaces; '!': adjusted */
};

/* clang-format off */
static const struct good goods[] = {
	{ "Etc/UTC", "2026-03-01T09:00", "FREQ=DAILY;COUNT=3",
	  "2026-03-01T09:00:00Z 2026-03-02T09:00:00Z 2026-03-03T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "RRULE:FREQ=DAILY;INTERVAL=10;UNTIL=20260321",
	  "2026-03-01T09:00:00Z 2026-03-11T09:00:00Z 2026-03-21T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "FREQ=DAILY;UNTIL=20260302T085959Z", "2026-03-01T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "FREQ=DAILY;UNTIL=20260302T090000",
	  "2026-03-01T09:00:00Z 2026-03-02T09:00:00Z" },
	/* Working days; the rule begins on a Saturday. */
	{ "Etc/UTC", "2026-02-28T09:00", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=2",
	  "2026-03-02T09:00:00Z 2026-03-03T09:00:00Z" },
	{ "Etc/UTC", "2026-03-04T09:00", "FREQ=WEEKLY;COUNT=2", "2026-03-04T09:00:00Z 2026-03-11T09:00:00Z" },
	/* Every second week: the rest of the first one counts, the next is left out. */
	{ "Etc/UTC", "2026-03-04T09:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=3",
	  "2026-03-06T09:00:00Z 2026-03-16T09:00:00Z 2026-03-20T09:00:00Z" },
	{ "Etc/UTC", "2026-01-31T09:00", "FREQ=MONTHLY;COUNT=3",
	  "2026-01-31T09:00:00Z 2026-03-31T09:00:00Z 2026-05-31T09:00:00Z" },
	{ "Etc/UTC", "2026-01-05T09:00", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2",
	  "2026-01-31T09:00:00Z 2026-02-28T09:00:00Z" },
	{ "Etc/UTC", "2026-01-05T09:00", "FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=3",
	  "2026-01-13T09:00:00Z 2026-01-30T09:00:00Z 2026-02-10T09:00:00Z" },
	{ "Etc/UTC", "2026-01-05T09:00", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2",
	  "2026-02-13T09:00:00Z 2026-03-13T09:00:00Z" },
	{ "Etc/UTC", "2026-01-15T09:00", "FREQ=MONTHLY;INTERVAL=6;COUNT=2",
	  "2026-01-15T09:00:00Z 2026-07-15T09:00:00Z" },
	{ "Etc/UTC", "2024-02-29T09:00", "FREQ=MONTHLY;INTERVAL=12;COUNT=2",
	  "2024-02-29T09:00:00Z 2028-02-29T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "rrule:freq=weekly;byday=mo,fr;until=20260306t090000z",
	  "2026-03-02T09:00:00Z 2026-03-06T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "FREQ=DAILY;COUNT=1", "2026-03-01T09:00:00Z" },
	{ "Etc/UTC", "2026-03-01T09:00", "FREQ=DAILY;BYMONTHDAY=13;COUNT=2",
	  "2026-03-13T09:00:00Z 2026-04-13T09:00:00Z" },
	/* Days that some months do not have, from either end, are left out in those. */
	{ "Etc/UTC", "2027-02-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=29,30,31;COUNT=4",
	  "2027-03-29T09:00:00Z 2027-03-30T09:00:00Z 2027-03-31T09:00:00Z 2027-04-29T09:00:00Z" },
	{ "Etc/UTC", "2026-02-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=-31;COUNT=2",
	  "2026-03-01T09:00:00Z 2026-05-01T09:00:00Z" },
	{ "Etc/UTC", "2026-02-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=1,-1,-28;COUNT=3",
	  "2026-02-01T09:00:00Z 2026-02-28T09:00:00Z 2026-03-01T09:00:00Z" },
	{ "Etc/UTC", "2026-01-01T09:00", "FREQ=MONTHLY;BYDAY=5MO;COUNT=2",
	  "2026-03-30T09:00:00Z 2026-06-29T09:00:00Z" },
	/* UNTIL is inclusive: to the second, as an instant, and as a whole day of the zone. */
	{ "America/New_York", "2026-03-01T23:30", "FREQ=DAILY;UNTIL=20260302T043000Z", "2026-03-02T04:30:00Z" },
	{ "America/New_York", "2026-03-01T23:30", "FREQ=DAILY;UNTIL=20260301", "2026-03-02T04:30:00Z" },
	{ "America/New_York", "2026-03-01T23:30", "FREQ=DAILY;UNTIL=20260301T233000", "2026-03-02T04:30:00Z" },
	/* Wall time stays across the changes of clocks. */
	{ "America/New_York", "2026-03-07T02:30", "FREQ=DAILY;COUNT=3",
	  "2026-03-07T07:30:00Z !2026-03-08T07:30:00Z 2026-03-09T06:30:00Z" },
	{ "America/New_York", "2026-10-31T01:30", "FREQ=DAILY;COUNT=3",
	  "2026-10-31T05:30:00Z 2026-11-01T05:30:00Z 2026-11-02T06:30:00Z" },
	{ "Australia/Lord_Howe", "2026-10-03T02:15", "FREQ=DAILY;COUNT=3",
	  "2026-10-02T15:45:00Z !2026-10-03T15:45:00Z 2026-10-04T15:15:00Z" },
	{ "Africa/Cairo", "2026-04-23T00:30", "FREQ=DAILY;COUNT=3",
	  "2026-04-22T22:30:00Z !2026-04-23T22:30:00Z 2026-04-24T21:30:00Z" },
	/* The day that was not: moved by a whole day, onto the next. */
	{ "Pacific/Apia", "2011-12-29T10:00", "FREQ=DAILY;COUNT=2",
	  "2011-12-29T20:00:00Z !2011-12-30T20:00:00Z" },
};

struct bad {
	const char *rrule, *code;
};
static const struct bad bads[] = {
	{ "", "wrong_format" },
	{ "DAILY", "wrong_format" },
	{ "FREQ=DAILY", "fires_forever" },
	{ "FREQ=WEEKLY;BYDAY=MO", "fires_forever" },
	{ "COUNT=3", "required" },
	{ "FREQ=YEARLY;COUNT=3", "out_of_range" },
	{ "FREQ=HOURLY;COUNT=3", "out_of_range" },
	{ "FREQ=DAILY;COUNT=0", "out_of_range" },
	{ "FREQ=DAILY;COUNT=-1", "out_of_range" },
	{ "FREQ=DAILY;COUNT=99999999999999999999", "out_of_range" },
	{ "FREQ=DAILY;COUNT=3;INTERVAL=0", "out_of_range" },
	{ "FREQ=DAILY;COUNT=3;COUNT=4", "not_unique" },
	{ "FREQ=DAILY;COUNT=3;UNTIL=20270101", "not_both" },
	{ "FREQ=DAILY;COUNT=3;WKST=SU", "unknown_member" },
	{ "FREQ=DAILY;COUNT=3;BYSETPOS=1", "unknown_member" },
	{ "FREQ=DAILY;COUNT=3;", "wrong_format" },
	{ "FREQ=DAILY;COUNT=3;BYDAY=XX", "out_of_range" },
	{ "FREQ=DAILY;COUNT=3;BYDAY=", "out_of_range" },
	{ "FREQ=DAILY;COUNT=3;BYDAY=MO,,TU", "out_of_range" },
	{ "FREQ=DAILY;COUNT=3;BYDAY=2MO", "out_of_range" },
	{ "FREQ=MONTHLY;COUNT=3;BYDAY=6MO", "out_of_range" },
	{ "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=32", "out_of_range" },
	{ "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=0", "out_of_range" },
	{ "FREQ=WEEKLY;COUNT=3;BYMONTHDAY=3", "out_of_range" },
	{ "FREQ=DAILY;UNTIL=tomorrow", "wrong_format" },
	{ "FREQ=DAILY;UNTIL=20260230", "wrong_format" },
	/* Ends before it begins; a day that its months do not have; too many; too far. */
	{ "FREQ=DAILY;UNTIL=20260101", "never_fires" },
	{ "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;BYDAY=MO;UNTIL=20261201", "never_fires" },
	{ "FREQ=DAILY;UNTIL=20260301T085959Z", "never_fires" },
	{ "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1;COUNT=1", "never_fires" },
	{ "FREQ=MONTHLY;BYDAY=-5SU,5SU;BYMONTHDAY=15;UNTIL=20300101", "never_fires" },
	{ "FREQ=DAILY;COUNT=41", "too_many" },
	{ "FREQ=DAILY;UNTIL=20300101", "too_many" },
	{ "FREQ=MONTHLY;INTERVAL=12;COUNT=9", "out_of_range" },
};
/* clang-format on */

START_TEST(rule_means_these_instants)
{
	const struct good *g = &goods[_i];
	char printed[2000] = "", one[RFC3339_MAX];
	struct recur_times got;
	size_t used = 0;

	ck_assert_msg(expand(g->zone, g->wall, g->rrule, &got) == 0, "%s: %s", g->rrule,
		      why.detail);
	for (size_t i = 0; i < got.n; i++) {
		rfc3339_print(got.v[i].us, one);
		used += (size_t)snprintf(printed + used, sizeof(printed) - used, "%s%s%s",
					 i ? " " : "", got.v[i].is_adjusted ? "!" : "", one);
	}
	ck_assert_str_eq(printed, g->want);
}
END_TEST

START_TEST(rule_is_refused_with_the_reason)
{
	struct recur_times got;

	ck_assert_msg(expand("Etc/UTC", "2026-03-01T09:00", bads[_i].rrule, &got) < 0, "%s passed",
		      bads[_i].rrule);
	ck_assert_int_eq(why.kind, PROBLEM_INVALID);
	ck_assert_str_eq(why.items[0].pointer, "/rrule");
	ck_assert_str_eq(why.items[0].code, bads[_i].code);
}
END_TEST

START_TEST(overlong_rule_is_refused)
{
	struct recur_times got;
	char text[400];

	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_lt(expand("Etc/UTC", "2026-03-01T09:00", text, &got), 0);
	ck_assert_str_eq(why.items[0].code, "too_long");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ rule_means_these_instants, (int)(sizeof(goods) / sizeof(goods[0])) },
		{ rule_is_refused_with_the_reason, (int)(sizeof(bads) / sizeof(bads[0])) },
		{ overlong_rule_is_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "recur",
		.setup = begin,
		.teardown = end,
		.cases = cases,
	});
}

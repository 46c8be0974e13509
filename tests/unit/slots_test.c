/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "domain/slots.h"
#include "support/suite.h"

#define EVERY_DAY 0x7FU
#define DAYS_MOST 9

static struct arena *arena;

static void begin(void)
{
	arena = arena_new();
}

static void end(void)
{
	arena_free(arena);
}

static const struct slot_window all_day = { EVERY_DAY, 0, 1440 };
static const struct slot_window usual = { EVERY_DAY, 9 * 60, 21 * 60 };

static struct slots make(const char *zone, const char *from, const struct slot_plan *shape)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct slot_plan plan = *shape;
	struct slots slots;

	ck_assert_int_eq(tz_load(zone, &tz), 0);
	ck_assert_int_eq(rfc3339_parse(from, &plan.from_us), 0);
	slots_make(tz, &plan, arena, &slots);
	return slots;
}

/* A week of whole days on the quarter hour: 96 slots but where the clocks leap forward. */
struct week {
	const char *zone, *from; /* midnight there */
	int of_day[DAYS_MOST];   /* ends with -1 */
};

static const struct week weeks[] = {
	/* 02:00 to 03:00 is skipped on Sunday 2026-03-08, 01:00 to 02:00 comes twice on 11-01. */
	{ "America/New_York", "2026-03-06T05:00:00Z", { 96, 96, 92, 96, 96, 96, 96, -1 } },
	{ "America/New_York", "2026-10-29T04:00:00Z", { 96, 96, 96, 96, 96, 96, 96, -1 } },
	/* Friday 2026-04-24 begins at 01:00; Thursday 2026-10-29 ends with 23:00 a second time. */
	{ "Africa/Cairo", "2026-04-21T22:00:00Z", { 96, 96, 92, 96, 96, 96, 96, -1 } },
	{ "Africa/Cairo", "2026-10-26T21:00:00Z", { 96, 96, 96, 96, 96, 96, 96, -1 } },
	/* Half an hour: 02:00 to 02:30 skipped on 2026-10-04, 01:30 to 02:00 twice on 04-05. */
	{ "Australia/Lord_Howe", "2026-10-01T13:30:00Z", { 96, 96, 94, 96, 96, 96, 96, -1 } },
	{ "Australia/Lord_Howe", "2026-04-01T13:00:00Z", { 96, 96, 96, 96, 96, 96, 96, -1 } },
	/* Across the date line: 2011-12-30 was not. */
	{ "Pacific/Apia", "2011-12-27T10:00:00Z", { 96, 96, 96, 0, 96, 96, 96, -1 } },
	/* A week without any change. */
	{ "Pacific/Apia", "2026-07-05T11:00:00Z", { 96, 96, 96, 96, 96, 96, 96, -1 } },
};

static void check_slot(const struct tz *tz, const struct slot *s)
{
	struct civil wall;
	struct tz_answer first;

	tz_local(tz, s->us, &wall);
	ck_assert_int_eq(wall.hour, s->hour);
	ck_assert_int_eq(wall.minute, s->minute);
	ck_assert_int_eq(wall.second, 0);
	ck_assert_int_eq(civil_weekday(&wall), s->weekday);
	tz_resolve(tz, &wall, 0, &first);
	ck_assert_int_eq(first.us, s->us);
}

START_TEST(every_day_of_a_week_of_change)
{
	const struct week *w = &weeks[_i];
	const struct slot_plan shape = { &all_day, 1, 0, 7, 15, 0, 5 };
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct slots slots = make(w->zone, w->from, &shape);
	int of_day[DAYS_MOST] = { 0 };

	ck_assert_int_eq(tz_load(w->zone, &tz), 0);
	for (size_t i = 0; i < slots.n; i++) {
		ck_assert(slots.v[i].day >= 0 && slots.v[i].day < 7);
		of_day[slots.v[i].day]++;
		check_slot(tz, &slots.v[i]);
		if (i > 0)
			ck_assert_int_gt(slots.v[i].us, slots.v[i - 1].us);
	}
	for (int d = 0; w->of_day[d] >= 0; d++)
		ck_assert_msg(of_day[d] == w->of_day[d], "%s day %d: %d slots instead of %d",
			      w->zone, d, of_day[d], w->of_day[d]);
}
END_TEST

/* Windows by day are wall time on both sides of the change. */
START_TEST(windows_keep_their_wall_time)
{
	const struct slot_plan shape = { &usual, 1, 0, 7, 15, 0, 5 };
	struct slots slots = make("America/New_York", "2026-03-06T05:00:00Z", &shape);
	char first[RFC3339_MAX], last[RFC3339_MAX];

	ck_assert_uint_eq(slots.n, 7 * 48);
	rfc3339_print(slots.v[0].us, first);
	rfc3339_print(slots.v[slots.n - 1].us, last);
	ck_assert_str_eq(first, "2026-03-06T14:00:00Z");
	ck_assert_str_eq(last, "2026-03-13T00:45:00Z");
}
END_TEST

START_TEST(a_start_within_a_day_leaves_what_is_before)
{
	const struct slot_plan shape = { &usual, 1, 0, 1, 15, 0, 5 };
	struct slots slots = make("Europe/Berlin", "2026-06-01T18:20:00Z", &shape);

	ck_assert_uint_eq(slots.n, 2); /* 20:30 and 20:45 */
	ck_assert_int_eq(slots.v[0].hour, 20);
	ck_assert_int_eq(slots.v[0].minute, 30);
}
END_TEST

START_TEST(days_outside_the_window_offer_nothing)
{
	const struct slot_window weekend = { 0x60U, 600, 660 };
	const struct slot_plan shape = { &weekend, 1, 0, 14, 60, 0, 5 };
	struct slots slots = make("Europe/Berlin", "2026-06-01T00:00:00Z", &shape);

	ck_assert_uint_eq(slots.n, 4);
	for (size_t i = 0; i < slots.n; i++)
		ck_assert_int_ge(slots.v[i].weekday, 5);
}
END_TEST

START_TEST(overlapping_windows_offer_a_minute_once)
{
	const struct slot_window two[] = { { EVERY_DAY, 600, 720 }, { EVERY_DAY, 660, 780 } };
	const struct slot_plan shape = { two, 2, 0, 1, 15, 0, 5 };
	struct slots slots = make("Etc/UTC", "2026-06-01T00:00:00Z", &shape);

	ck_assert_uint_eq(slots.n, 12);
}
END_TEST

START_TEST(lanes_never_share_a_minute)
{
	const struct slot_window odd = { EVERY_DAY, 9 * 60 + 7, 11 * 60 + 3 };
	unsigned char seen[1440] = { 0 };

	for (int lane = 0; lane < 5; lane++) {
		const struct slot_plan shape = { &odd, 1, 0, 1, 15, lane, 5 };
		struct slots slots = make("Etc/UTC", "2026-06-01T00:00:00Z", &shape);

		ck_assert_uint_ge(slots.n, 8);
		for (size_t i = 0; i < slots.n; i++)
			ck_assert_int_eq(seen[slots.v[i].hour * 60 + slots.v[i].minute]++, 0);
	}
}
END_TEST

START_TEST(a_window_of_one_minute_serves_every_lane)
{
	const struct slot_window narrow = { EVERY_DAY, 547, 548 };

	for (int lane = 0; lane < 5; lane++) {
		const struct slot_plan shape = { &narrow, 1, 0, 2, 15, lane, 5 };

		ck_assert_uint_eq(make("Etc/UTC", "2026-06-01T00:00:00Z", &shape).n, 2);
	}
}
END_TEST

START_TEST(what_is_taken_keeps_its_distance)
{
	const struct slot_plan shape = { &usual, 1, 0, 1, 60, 0, 5 };
	struct slots slots = make("Etc/UTC", "2026-06-01T00:00:00Z", &shape);
	int64_t noon;

	ck_assert_int_eq(rfc3339_parse("2026-06-01T12:00:30Z", &noon), 0);
	slots_keep_clear(&slots, &noon, 1, 0);
	ck_assert_uint_eq(slots.n, 11); /* the same minute alone */
	slots_keep_clear(&slots, &noon, 1, 2 * US_PER_HOUR);
	for (size_t i = 0; i < slots.n; i++)
		ck_assert(slots.v[i].hour <= 10 || slots.v[i].hour >= 15);
	ck_assert_uint_eq(slots.n, 8);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_day_of_a_week_of_change, (int)(sizeof(weeks) / sizeof(weeks[0])) },
		{ windows_keep_their_wall_time, 0 },
		{ a_start_within_a_day_leaves_what_is_before, 0 },
		{ days_outside_the_window_offer_nothing, 0 },
		{ overlapping_windows_offer_a_minute_once, 0 },
		{ lanes_never_share_a_minute, 0 },
		{ a_window_of_one_minute_serves_every_lane, 0 },
		{ what_is_taken_keeps_its_distance, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "slots",
		.setup = begin,
		.teardown = end,
		.cases = cases,
	});
}

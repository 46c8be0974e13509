/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/slots.h"

#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"

#define MINUTES 1440

static int64_t day_number(const struct tz *tz, int64_t us)
{
	struct civil wall;

	tz_local(tz, us, &wall);
	return civil_days(wall.year, wall.month, wall.day);
}

int slots_day_of(const struct tz *tz, const struct slot_plan *plan, int64_t us)
{
	return (int)(day_number(tz, us) - day_number(tz, plan->from_us));
}

/* The first minute from `from` on that belongs to the lane. */
static int first_of_lane(const struct slot_plan *plan, int from)
{
	return from + (plan->lane - from % plan->lanes + plan->lanes) % plan->lanes;
}

/*
 * The grid of a lane lies on whole multiples of the step, moved by the lane's number: 09:00, 09:15
 * for lane 0, 09:01, 09:16 for lane 1. A window that begins off the grid adds its own first minute,
 * so that a narrow one is not passed over; that minute keeps to the lane too.
 */
static void mark_window(const struct slot_plan *plan, const struct slot_window *w,
			unsigned char *minutes)
{
	int step = plan->step_min;

	if (w->to_min - w->from_min < plan->lanes) {
		memset(minutes + w->from_min, 1, (size_t)(w->to_min - w->from_min));
		return;
	}
	minutes[first_of_lane(plan, w->from_min)] = 1;
	for (int m = w->from_min / step * step; m < w->to_min; m += step) {
		int at = first_of_lane(plan, m);

		if (at >= w->from_min && at < w->to_min)
			minutes[at] = 1;
	}
}

static void add_day(const struct tz *tz, const struct slot_plan *plan, const struct civil *date,
		    struct slots *ret)
{
	unsigned char minutes[MINUTES] = { 0 };
	struct civil wall = *date;
	struct slot s = { .weekday = civil_weekday(date) };

	for (size_t i = 0; i < plan->windows_n; i++) {
		if (plan->windows[i].days & (1U << s.weekday))
			mark_window(plan, &plan->windows[i], minutes);
	}
	s.day = (int)(civil_days(date->year, date->month, date->day) -
		      day_number(tz, plan->from_us));
	for (int m = 0; m < MINUTES; m++) {
		struct tz_answer answer;

		if (!minutes[m])
			continue;
		wall.hour = s.hour = m / 60;
		wall.minute = s.minute = m % 60;
		tz_resolve(tz, &wall, 0, &answer);
		s.us = answer.us;
		if (answer.verdict != TZ_SKIPPED && s.us >= plan->from_us)
			ret->v[ret->n++] = s;
	}
}

/* More than any day can hold: the grid, and the first or every minute of each window. */
static size_t most_a_day(const struct slot_plan *plan)
{
	size_t most = (size_t)(MINUTES / plan->step_min) +
		      plan->windows_n * (size_t)(plan->lanes > 1 ? plan->lanes : 1);

	return most < MINUTES ? most : MINUTES;
}

void slots_make(const struct tz *tz, const struct slot_plan *plan, struct arena *a,
		struct slots *ret)
{
	const int64_t first = day_number(tz, plan->from_us);

	ret->n = 0;
	ret->v = arena_array(a, most_a_day(plan) * (size_t)plan->days, sizeof(*ret->v));
	for (int d = 0; d < plan->days; d++) {
		struct civil date;

		civil_from_us((first + d) * US_PER_DAY, &date);
		add_day(tz, plan, &date, ret);
	}
}

static int64_t minute_of(int64_t us)
{
	return us / US_PER_MIN - (us % US_PER_MIN < 0);
}

static bool is_clear(int64_t us, const int64_t *taken, size_t taken_n, int64_t gap_us)
{
	for (size_t i = 0; i < taken_n; i++) {
		int64_t apart = us > taken[i] ? us - taken[i] : taken[i] - us;

		if (apart < gap_us || minute_of(us) == minute_of(taken[i]))
			return false;
	}
	return true;
}

void slots_keep_clear(struct slots *slots, const int64_t *taken, size_t taken_n, int64_t gap_us)
{
	size_t n = 0;

	for (size_t i = 0; i < slots->n; i++) {
		if (is_clear(slots->v[i].us, taken, taken_n, gap_us))
			slots->v[n++] = slots->v[i];
	}
	slots->n = n;
}

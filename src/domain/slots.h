/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots - the times at which something could be published: a grid within weekly windows; pure
 * Layer domain. Windows are wall-clock times of a zone. A wall time that a gap swallows gives no
 * slot; one that exists twice gives its first instant only. Slots come in ascending order.
 */
#ifndef CARILLON_DOMAIN_SLOTS_H
#define CARILLON_DOMAIN_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/tz.h"

#define SLOTS_DAYS_MAX 90
#define SLOTS_STEP_MIN 15 /* the finest grid */

struct slot_window {
	unsigned days; /* bit 0: Monday .. bit 6: Sunday */
	int from_min,
		to_min; /* minutes of the day; to_min is the first one outside, at most 1440 */
};

/*
 * A lane keeps the slots of one platform off the minutes of the others: lane L of `lanes` takes
 * minutes of the day that leave L when divided by `lanes`. A window narrower than `lanes` minutes
 * offers each of its minutes to every lane.
 */
struct slot_plan {
	const struct slot_window *windows;
	size_t windows_n;
	int64_t from_us; /* nothing earlier; its local date is the first day */
	int days;        /* local calendar days, at most SLOTS_DAYS_MAX */
	int step_min;    /* a multiple of SLOTS_STEP_MIN */
	int lane, lanes; /* lanes at most SLOTS_STEP_MIN, and dividing it is not needed */
};

struct slot {
	int64_t us;
	int64_t weight;   /* the caller's: what this time is worth, in millionths */
	int day;          /* index of the local day, from 0 */
	int weekday;      /* 0 = Monday */
	int hour, minute; /* local */
};

struct slots {
	struct slot *v;
	size_t n;
};

void slots_make(const struct tz *tz, const struct slot_plan *plan, struct arena *a,
		struct slots *ret);
/* The index of the local day that an instant falls on, seen from plan->from_us; may be negative. */
int slots_day_of(const struct tz *tz, const struct slot_plan *plan, int64_t us);
/* Takes out what lies nearer than gap_us to one of these instants (gap 0: only the same minute). */
void slots_keep_clear(struct slots *slots, const int64_t *taken, size_t taken_n, int64_t gap_us);

#endif

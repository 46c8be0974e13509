/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recur - a recurrence rule, and the instants that it means; pure
 * Layer domain. Source: RFC 5545 section 3.3.10, of it FREQ=DAILY|WEEKLY|MONTHLY, INTERVAL, BYDAY
 * (with an ordinal in MONTHLY), BYMONTHDAY, COUNT and UNTIL; weeks begin on Monday. A rule must end:
 * COUNT or UNTIL is needed. It is expanded as wall time of a zone; a time that a gap swallows is
 * moved forward by the gap, one that exists twice takes the instant that `fold` names. The first
 * occurrence is the first match at or after the given time. Errors: PROBLEM_INVALID at /rrule.
 */
#ifndef CARILLON_DOMAIN_RECUR_H
#define CARILLON_DOMAIN_RECUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"
#include "base/tz.h"

#define RECUR_YEARS_MAX 5 /* how far ahead a rule may reach */
#define RECUR_BYDAY_MAX 16
#define RECUR_BYDAY_ANY 0

enum recur_freq { RECUR_DAILY, RECUR_WEEKLY, RECUR_MONTHLY };

struct recur_byday {
	int weekday; /* 0 = Monday */
	int nth;     /* 1, 2, .. or -1, -2, .. of the month; RECUR_BYDAY_ANY each */
};

struct recur {
	enum recur_freq freq;
	int interval, count; /* count 0: not given */
	struct recur_byday byday[RECUR_BYDAY_MAX];
	size_t byday_n;
	uint64_t monthdays, monthdays_back; /* bits 1..31, from the front and from the end */
	bool has_until, until_is_utc;
	int64_t until_us;   /* until_is_utc */
	struct civil until; /* else: wall time, inclusive */
};

int recur_parse(const char *text, struct recur *ret, struct problem *reterr);

struct recur_time {
	int64_t us;
	bool is_adjusted; /* its wall time fell into a gap */
};
struct recur_times {
	struct recur_time *v;
	size_t n;
};
struct recur_from {
	const struct tz *tz;
	struct civil wall; /* first possible occurrence, and the time of day of all */
	int fold;
	size_t most; /* refused when there are more */
};
int recur_expand(const struct recur *rule, const struct recur_from *from, struct arena *a,
		 struct recur_times *ret, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/schedule.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/tz.h"

static int refuse_gap(const struct tz *tz, const struct tz_answer *answer, struct problem *reterr)
{
	char before[RFC3339_MAX], after[RFC3339_MAX], instant[RFC3339_MAX];
	struct civil wall;

	/* The last second that the clocks showed, and the first one after it. */
	tz_local(tz, answer->gap_start_us - US_PER_S, &wall);
	civil_print(&wall, before);
	tz_local(tz, answer->gap_start_us, &wall);
	civil_print(&wall, after);
	rfc3339_print(answer->gap_start_us, instant);
	return problem_set(
		reterr, PROBLEM_TIME_GAP,
		"that local time does not exist in %s: at %s the clocks go from %s to %s",
		tz_name(tz), instant, before, after);
}

static int resolve_local(const struct schedule_wish *wish, const struct tz *tz,
			 struct schedule_time *ret, struct problem *reterr)
{
	struct tz_answer answer;
	struct civil wall;

	if (!wish->local || civil_parse(wish->local, &wall) < 0)
		return problem_add(
			reterr, "/scheduled_at", "wrong_format",
			"must be an RFC 3339 instant or a local time YYYY-MM-DDTHH:MM[:SS]");
	tz_resolve(tz, &wall, wish->fold, &answer);
	if (answer.verdict == TZ_SKIPPED)
		return refuse_gap(tz, &answer, reterr);
	ret->us = answer.us;
	ret->fold = answer.verdict == TZ_TWICE ? wish->fold : 0;
	return 0;
}

/* Which of two equal wall times an instant is. */
static int fold_of(const struct tz *tz, int64_t us, const struct civil *wall)
{
	struct tz_answer later;

	tz_resolve(tz, wall, 1, &later);
	return later.verdict == TZ_TWICE && us >= later.us;
}

int schedule_resolve(const struct schedule_wish *wish, struct schedule_time *ret,
		     struct problem *reterr)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct schedule_time time = { .us = wish->us };
	char printed[RFC3339_MAX];
	struct civil wall;

	problem_clear(reterr);
	if (!wish->timezone && wish->is_local)
		return problem_add(reterr, "/timezone", "required",
				   "a local time needs the IANA time zone that it is meant in");
	if (!wish->timezone) {
		*ret = time;
		return 0;
	}
	if (tz_load(wish->timezone, &tz) < 0)
		return problem_set(reterr, PROBLEM_TIMEZONE, "%.64s is not an IANA time zone",
				   wish->timezone);
	if (wish->is_local && resolve_local(wish, tz, &time, reterr) < 0)
		return -1;
	tz_local(tz, time.us, &wall);
	if (!wish->is_local)
		time.fold = fold_of(tz, time.us, &wall);
	civil_print(&wall, printed);
	snprintf(time.local_time, sizeof(time.local_time), "%.19s", printed);
	snprintf(time.timezone, sizeof(time.timezone), "%s", tz_name(tz));
	snprintf(time.tzdata, sizeof(time.tzdata), "%s", tz_database_version());
	*ret = time;
	return 0;
}

int schedule_check_due(int64_t us, int64_t now_us, struct problem *reterr)
{
	char at[RFC3339_MAX];

	if (us >= now_us - SCHEDULE_PAST_GRACE_US)
		return 0;
	rfc3339_print(us, at);
	return problem_set(reterr, PROBLEM_PAST, "%s has passed", at);
}

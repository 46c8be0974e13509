/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shifts.h"

#include "base/clock.h"
#include "base/tz.h"
#include "db/conn.h"

struct shifting {
	const char *ws;
	const struct shift *in;
	struct arena *arena;
	struct posts all;
};

/* The same reading of the clock on another day; out of a gap it moves forward, and says so. */
static int shift_wall(const struct shift *in, const struct post *p, struct schedule_wish *wish,
		      bool *ret_is_adjusted)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct tz_answer answer;
	struct civil wall, day;

	if (!p->timezone || tz_load(p->timezone, &tz) < 0)
		return -1;
	tz_local(tz, p->due_us, &wall);
	civil_from_us((civil_days(wall.year, wall.month, wall.day) + in->days) * US_PER_DAY, &day);
	day.hour = wall.hour;
	day.minute = wall.minute;
	day.second = wall.second;
	tz_resolve(tz, &day, p->fold, &answer);
	wish->us = answer.us + p->due_us % US_PER_S;
	*ret_is_adjusted = answer.verdict == TZ_SKIPPED;
	return 0;
}

static int shifted(const struct shift *in, const struct post *p, struct schedule_time *ret,
		   struct problem *reterr)
{
	struct schedule_wish wish = { .us = p->due_us, .timezone = p->timezone };
	bool is_adjusted = false;

	if (in->days != 0 && shift_wall(in, p, &wish, &is_adjusted) < 0)
		wish.us += in->days * US_PER_DAY;
	wish.us += in->minutes * US_PER_MIN;
	if (schedule_resolve(&wish, ret, reterr) < 0)
		return -1;
	ret->is_adjusted = is_adjusted;
	return schedule_check_due(ret->us, clock_real_us(), reterr);
}

static int find_all(struct db *db, struct shifting *s, struct problem *reterr)
{
	struct post_query q = s->in->which;
	struct posts page;

	s->all = (struct posts){ .v = arena_array(s->arena, SHIFTS_MAX, sizeof(*s->all.v)) };
	q.page = (struct page){ .limit = PAGE_LIMIT_MAX };
	do {
		if (store_posts_list(db, s->ws, &q, s->arena, &page, reterr) < 0)
			return -1;
		if (s->all.n + page.n > SHIFTS_MAX ||
		    (page.has_more && s->all.n + page.n == SHIFTS_MAX))
			return problem_set(reterr, PROBLEM_CONFLICT,
					   "more than %d posts match: narrow the filter",
					   SHIFTS_MAX);
		for (size_t i = 0; i < page.n; i++)
			s->all.v[s->all.n++] = page.v[i];
		if (page.n > 0) {
			q.page.after_us = page.v[page.n - 1].due_us;
			q.page.after_id = page.v[page.n - 1].id;
		}
	} while (page.has_more);
	return 0;
}

static int shift_one(struct db *db, struct shifting *s, struct post *p, struct problem *reterr)
{
	struct post_patch patch = {
		.id = p->id,
		.given = POST_CHANGE_TIME,
		.stage_lead_s = s->in->stage_lead_s,
	};

	if (shifted(s->in, p, &patch.due, reterr) < 0)
		return -1;
	return store_posts_patch(db, s->ws, &patch, s->arena, p, reterr);
}

/* The one in front moves first, so that none steps on the next. */
static int run(struct db *db, void *arg, struct problem *reterr)
{
	struct shifting *s = arg;
	const bool is_forward = s->in->days * US_PER_DAY + s->in->minutes * US_PER_MIN > 0;

	if (find_all(db, s, reterr) < 0)
		return -1;
	for (size_t i = 0; i < s->all.n; i++) {
		size_t at = is_forward ? s->all.n - 1 - i : i;

		if (shift_one(db, s, &s->all.v[at], reterr) < 0)
			return -1;
	}
	return 0;
}

int store_shifts_run(struct db *db, const char *ws, const struct shift *in, struct arena *a,
		     struct posts *ret, struct problem *reterr)
{
	struct shifting s = { .ws = ws, .in = in, .arena = a };

	if (db_transact(db, run, &s, reterr) < 0)
		return -1;
	*ret = s.all;
	return 0;
}

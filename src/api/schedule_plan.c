/* SPDX-License-Identifier: Apache-2.0 */
#include "api/schedule_plan.h"

#include <stdlib.h>
#include <string.h>

#include "api/fitness.h"
#include "api/mode.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "domain/assign.h"
#include "store/content.h"
#include "store/plans.h"
#include "store/results.h"

#define USUAL_ZONE "America/New_York"
/*
 * Of a slot's worth: what each post that stands on its day already takes, and each day of waiting.
 * The first is more than the best and the worst day differ by on any platform, as assumed.
 */
#define CROWDING   400000
#define WAIT_SHARE 5000
#define CELLS_MAX  ((size_t)4 * 1000 * 1000) /* a table of 32 MB for the time of one call */

struct making {
	struct request *req;
	const struct plan_ask *ask;
	struct plan *plan;
	struct plan_character character;
	json_t *schedule, *default_accounts;
	struct tz *tz;
	struct plan_items items;
	struct content **contents; /* by item; NULL not read yet */
	int64_t *minutes;          /* due times of the character, these picks included */
	size_t minutes_n;
};

static void miss(struct making *m, const char *content_id, const char *platform, const char *code,
		 const char *reason)
{
	m->plan->misses[m->plan->misses_n++] =
		(struct plan_miss){ content_id, platform, code, reason };
}

static int resolve(struct making *m, const char *platform, struct plan_target *ret,
		   struct problem *reterr)
{
	struct account_wish wish = {
		.platform = platform,
		.preferred_id = json_string_value(json_object_get(m->default_accounts, platform)),
		.account_ids = mode_accounts(m->req),
		.livemode = mode_of(m->req),
	};

	return store_accounts_resolve(m->req->app->db, m->req->principal->workspace, &wish,
				      m->req->arena, &ret->account, reterr);
}

/* By the local hour of publication; what an account has earned so far. */
static int read_results(struct making *m, struct plan_target *t, struct problem *reterr)
{
	struct result_scores scores;

	if (t->is_ambiguous)
		return 0;
	if (store_results_recent(m->req->app->db, m->req->principal->workspace, t->account.id,
				 m->req->arena, &scores, reterr) < 0)
		return -1;
	if (scores.n == 0)
		return 0;
	t->results = arena_alloc(m->req->arena, sizeof(*t->results));
	for (size_t i = 0; i < scores.n; i++) {
		struct civil wall;
		int weekday;

		tz_local(m->tz, scores.v[i].published_us, &wall);
		weekday = civil_weekday(&wall);
		t->results->posts[weekday][wall.hour]++;
		t->results->sum[weekday][wall.hour] += scores.v[i].score;
	}
	return 0;
}

/* Adds a platform, unless it is not asked for by name and has no account. */
static int add_target(struct making *m, const struct platform *platform, int lane,
		      struct problem *reterr)
{
	struct plan_target *t = &m->plan->targets[m->plan->targets_n];
	const bool is_named = m->ask->platforms.n > 0;
	struct problem why = { .kind = PROBLEM_NONE };
	int own;

	*t = (struct plan_target){ .platform = platform->id, .lane = lane };
	if (resolve(m, platform->id, t, &why) < 0) {
		t->is_ambiguous = !is_named && why.kind == PROBLEM_ACCOUNT_AMBIGUOUS;
		if (!is_named && why.kind == PROBLEM_ACCOUNT_NOT_CONNECTED)
			return 0;
		if (!t->is_ambiguous) {
			*reterr = why;
			return -1;
		}
		t->account.livemode = mode_of(m->req) != LIVEMODE_TEST;
	}
	timetable_read(m->schedule, platform->id, &t->table);
	own = engagement_per_day(platform->id);
	t->per_day = t->table.per_day;
	if (t->per_day > m->req->app->config->schedule_per_day_max)
		t->per_day = (int)m->req->app->config->schedule_per_day_max;
	if (own > 0 && t->per_day > own)
		t->per_day = own;
	t->place =
		arena_printf(m->req->arena, "%s%c", platform->id, t->account.livemode ? '+' : '-');
	m->plan->targets_n++;
	return read_results(m, t, reterr);
}

static bool is_wanted(const struct plan_ask *ask, const char *platform)
{
	for (size_t i = 0; i < ask->platforms.n; i++) {
		if (strcmp(ask->platforms.v[i], platform) == 0)
			return true;
	}
	return ask->platforms.n == 0;
}

static int find_targets(struct making *m, struct problem *reterr)
{
	size_t n;
	const struct platform *const *all = platform_all(&n);

	m->plan->targets = arena_array(m->req->arena, n, sizeof(*m->plan->targets));
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(m->ask, all[i]->id) && add_target(m, all[i], (int)i, reterr) < 0)
			return -1;
	}
	if (m->plan->targets_n == 0)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "no account of any platform is connected");
	return 0;
}

static int find_items(struct making *m, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf places = BUF_INIT;
	struct plan_wish wish = {
		.character_id = m->ask->character_id,
		.places_n = m->plan->targets_n,
		.most = PLAN_ITEMS_MAX,
	};

	for (size_t i = 0; i < m->plan->targets_n; i++)
		buf_printf(&places, "%s%s", i > 0 ? "," : "", m->plan->targets[i].place);
	wish.places = buf_str(&places);
	if (store_plans_open(m->req->app->db, m->req->principal->workspace, &wish, m->req->arena,
			     &m->items, reterr) < 0)
		return -1;
	m->contents = arena_array(m->req->arena, m->items.n + 1, sizeof(struct content *));
	m->plan->picks = arena_array(m->req->arena, m->items.n * m->plan->targets_n + 1,
				     sizeof(*m->plan->picks));
	m->plan->misses = arena_array(m->req->arena, m->items.n * m->plan->targets_n + 1,
				      sizeof(*m->plan->misses));
	m->plan->has_more = m->items.has_more;
	return 0;
}

/* Due times from which those at the edges of the plan must keep their distance too. */
static int read_taken(struct making *m, const char *account_id, int gap_min, struct plan_times *ret,
		      struct problem *reterr)
{
	const int64_t edge_us = gap_min * US_PER_MIN + US_PER_DAY;
	const struct plan_span span = {
		.character_id = account_id ? NULL : m->ask->character_id,
		.account_id = account_id,
		.from_us = m->plan->from_us - edge_us,
		.to_us = m->plan->from_us + m->plan->days * US_PER_DAY + edge_us,
	};

	return store_plans_taken(m->req->app->db, m->req->principal->workspace, &span,
				 m->req->arena, ret, reterr);
}

static int read_minutes(struct making *m, struct problem *reterr)
{
	struct plan_times taken;

	if (read_taken(m, NULL, 0, &taken, reterr) < 0)
		return -1;
	m->minutes = arena_array(m->req->arena, taken.n + m->items.n * m->plan->targets_n + 1,
				 sizeof(*m->minutes));
	for (size_t i = 0; i < taken.n; i++)
		m->minutes[m->minutes_n++] = taken.v[i];
	return 0;
}

static int read_content(struct making *m, size_t item, struct problem *reterr)
{
	if (m->contents[item])
		return 0;
	m->contents[item] = arena_alloc(m->req->arena, sizeof(struct content));
	return store_content_get(m->req->app->db, m->req->principal->workspace,
				 m->items.v[item].content_id, m->req->arena, m->contents[item],
				 reterr);
}

/* 1 fits, 0 does not (said), -1 error */
static int fits(struct making *m, const struct plan_target *t, size_t item, struct problem *reterr)
{
	struct fitness_subject subject = { .account = &t->account, .due_us = m->plan->from_us };
	struct findings f;

	if (read_content(m, item, reterr) < 0)
		return -1;
	subject.content = m->contents[item];
	if (fitness_check(m->req, &subject, &f, reterr) < 0)
		return -1;
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].is_warning)
			continue;
		miss(m, m->items.v[item].content_id, t->platform,
		     arena_strdup(m->req->arena, f.v[i].code),
		     arena_strdup(m->req->arena, f.v[i].detail));
		return 0;
	}
	return 1;
}

static bool is_taken(const struct plan_item *item, const char *place)
{
	const size_t n = strlen(place);

	for (const char *at = item->taken; at && *at;) {
		const size_t word = strcspn(at, ",");

		if (word == n && memcmp(at, place, n) == 0)
			return true;
		at += word + (at[word] == ',');
	}
	return false;
}

/* Indexes of the items that want a slot on this platform, in the order of their age. */
static int find_wanting(struct making *m, const struct plan_target *t, size_t *ret, size_t *ret_n,
			struct problem *reterr)
{
	*ret_n = 0;
	for (size_t i = 0; i < m->items.n; i++) {
		int fit;

		if (is_taken(&m->items.v[i], t->place))
			continue;
		if (t->is_ambiguous) {
			miss(m, m->items.v[i].content_id, t->platform, "account_ambiguous",
			     "several accounts are connected: give the character a default one");
			continue;
		}
		fit = fits(m, t, i, reterr);
		if (fit < 0)
			return -1;
		if (fit)
			ret[(*ret_n)++] = i;
	}
	return 0;
}

static void make_slots(struct making *m, struct plan_target *t, const struct plan_times *taken)
{
	size_t lanes;
	struct slot_plan shape = {
		.windows = t->table.windows,
		.windows_n = t->table.windows_n,
		.from_us = m->plan->from_us,
		.days = m->plan->days,
		.step_min = t->step_min,
		.lane = t->lane,
	};

	(void)platform_all(&lanes);
	shape.lanes = (int)lanes;
	slots_make(m->tz, &shape, m->req->arena, &t->slots);
	slots_keep_clear(&t->slots, taken->v, taken->n, t->table.gap_min * US_PER_MIN);
	slots_keep_clear(&t->slots, m->minutes, m->minutes_n, 0);
	for (size_t i = 0; i < t->slots.n; i++) {
		struct slot *s = &t->slots.v[i];

		s->weight = engagement_weight(t->platform, t->results, s->weekday, s->hour) -
			    (int64_t)s->day * WAIT_SHARE;
	}
}

static const int *count_days(struct making *m, const struct plan_times *taken)
{
	const struct slot_plan shape = { .from_us = m->plan->from_us };
	int *used = arena_array(m->req->arena, (size_t)m->plan->days, sizeof(*used));

	for (size_t i = 0; i < taken->n; i++) {
		int day = slots_day_of(m->tz, &shape, taken->v[i]);

		if (day >= 0 && day < m->plan->days)
			used[day]++;
	}
	return used;
}

static const char *no_slot(struct making *m, const struct plan_target *t, size_t n)
{
	return arena_printf(m->req->arena,
			    "no free slot: windows, at most %d a day and a gap of %d minutes leave "
			    "room for %zu more within %d days",
			    t->per_day, t->table.gap_min, n, m->plan->days);
}

/* The finest grid of which the table stays small; hours weigh alike within themselves anyway. */
static size_t pick(struct making *m, struct plan_target *t, const struct plan_times *taken,
		   size_t wanting, size_t *ret_picked)
{
	const struct assign_rules rules = {
		.gap_us = t->table.gap_min * US_PER_MIN,
		.per_day = t->per_day,
		.most = wanting,
		.used = count_days(m, taken),
		.days = m->plan->days,
		.crowding = CROWDING,
	};

	t->step_min = SLOTS_STEP_MIN;
	make_slots(m, t, taken);
	while (assign_cells(&t->slots, &rules) > CELLS_MAX && t->step_min < 480) {
		t->step_min *= 2;
		make_slots(m, t, taken);
	}
	return assign_pick(&t->slots, &rules, ret_picked);
}

static int plan_target(struct making *m, struct plan_target *t, struct problem *reterr)
{
	size_t *wanting = arena_array(m->req->arena, m->items.n + 1, sizeof(*wanting));
	size_t *picked = arena_array(m->req->arena, m->items.n + 1, sizeof(*picked));
	struct plan_times taken;
	size_t wanting_n, n;

	if (find_wanting(m, t, wanting, &wanting_n, reterr) < 0)
		return -1;
	if (wanting_n == 0)
		return 0;
	if (read_taken(m, t->account.id, t->table.gap_min, &taken, reterr) < 0)
		return -1;
	n = pick(m, t, &taken, wanting_n, picked);
	for (size_t i = 0; i < n; i++) {
		const struct slot *s = &t->slots.v[picked[i]];

		m->plan->picks[m->plan->picks_n++] =
			(struct plan_pick){ m->items.v[wanting[i]].content_id, t, s };
		m->minutes[m->minutes_n++] = s->us;
	}
	for (size_t i = n; i < wanting_n; i++)
		miss(m, m->items.v[wanting[i]].content_id, t->platform, "no_slot",
		     no_slot(m, t, n));
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct plan_pick *x = a, *y = b;

	if (x->slot->us != y->slot->us)
		return x->slot->us < y->slot->us ? -1 : 1;
	return strcmp(x->target->platform, y->target->platform);
}

static int plan_all(struct making *m, struct problem *reterr)
{
	if (find_targets(m, reterr) < 0 || find_items(m, reterr) < 0 || read_minutes(m, reterr) < 0)
		return -1;
	for (size_t i = 0; i < m->plan->targets_n; i++) {
		if (plan_target(m, &m->plan->targets[i], reterr) < 0)
			return -1;
	}
	if (m->plan->picks_n > 1)
		qsort(m->plan->picks, m->plan->picks_n, sizeof(*m->plan->picks), by_time);
	return 0;
}

static int64_t start_of(const struct making *m)
{
	struct tz_answer answer = { .us = m->ask->from_us };

	if (m->ask->from_us == INSTANT_NONE)
		tz_resolve(m->tz, &m->ask->from, 0, &answer);
	return answer.us > m->ask->not_before_us ? answer.us : m->ask->not_before_us;
}

static json_t *object_of(const char *text)
{
	return text ? json_loads(text, 0, NULL) : NULL;
}

typedef int plan_step(struct making *m, struct problem *reterr);

/* Zone and wishes of the character, as they were read, for the time of one step. */
static int with_character(struct making *m, plan_step *step, struct problem *reterr)
{
	struct plan *plan = m->plan;
	int rc;

	plan->timezone = m->character.timezone ? m->character.timezone : USUAL_ZONE;
	if (tz_load(plan->timezone, &m->tz) < 0)
		return problem_set(reterr, PROBLEM_TIMEZONE, "%.64s is not an IANA time zone",
				   plan->timezone);
	plan->from_us = start_of(m);
	m->schedule = object_of(m->character.schedule);
	m->default_accounts = object_of(m->character.default_accounts);
	rc = step(m, reterr);
	json_decref(m->schedule);
	json_decref(m->default_accounts);
	tz_free(m->tz);
	return rc;
}

int schedule_plan_make(struct request *req, const struct plan_ask *ask, struct plan *ret,
		       struct problem *reterr)
{
	struct making m = { .req = req, .ask = ask, .plan = ret };

	*ret = (struct plan){ .days = ask->days };
	if (store_plans_lock(req->app->db, req->principal->workspace, ask->character_id, req->arena,
			     &m.character, reterr) < 0)
		return -1;
	return with_character(&m, plan_all, reterr);
}

int schedule_plan_weigh(struct request *req, const struct plan_ask *ask, struct plan *ret,
			struct problem *reterr)
{
	struct making m = { .req = req, .ask = ask, .plan = ret };

	*ret = (struct plan){ .days = ask->days };
	if (store_plans_read(req->app->db, req->principal->workspace, ask->character_id, req->arena,
			     &m.character, reterr) < 0)
		return -1;
	return with_character(&m, find_targets, reterr);
}

double schedule_plan_score(const struct plan_pick *pick)
{
	const struct plan_target *t = pick->target;
	const int64_t weight =
		engagement_weight(t->platform, t->results, pick->slot->weekday, pick->slot->hour);

	return engagement_share(weight);
}

const char *schedule_plan_reason(struct request *req, const struct plan_pick *pick)
{
	const struct plan_target *t = pick->target;
	const struct slot *s = pick->slot;
	const long long own = t->results ? (long long)t->results->posts[s->weekday][s->hour] : 0;
	const char *from = own == 0 ? "as is usual there; no results of its own at that hour yet"
				    : arena_printf(req->arena,
						   "learned from %lld own posts of that hour", own);

	return arena_printf(req->arena,
			    "%s at %02d:%02d local: worth %.0f of 100 on %s (%s); the best that "
			    "is free with %d minutes between posts and at most %d a day",
			    engagement_weekday_name(s->weekday), s->hour, s->minute,
			    100 * schedule_plan_score(pick), t->platform, from, t->table.gap_min,
			    t->per_day);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "base/clock.h"
#include "domain/assign.h"
#include "support/suite.h"

#define SLOTS_MOST 13
#define DAYS       4
#define ROUNDS     3000

/* SplitMix64: the same rounds on every machine; the seed is printed with a failure. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15ULL;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static int64_t upto(uint64_t *state, int64_t most)
{
	return (int64_t)(next(state) % (uint64_t)(most + 1));
}

struct choice {
	size_t n;
	int64_t total;
};

static bool is_allowed(const struct slots *slots, const struct assign_rules *r, unsigned set,
		       struct choice *ret)
{
	int of_day[DAYS];
	int64_t last_us = INT64_MIN;

	*ret = (struct choice){ 0 };
	for (int d = 0; d < DAYS; d++)
		of_day[d] = r->used[d];
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *s = &slots->v[i];

		if (!(set & (1U << i)))
			continue;
		if ((last_us != INT64_MIN && s->us - last_us < r->gap_us) ||
		    of_day[s->day] >= r->per_day)
			return false;
		ret->total += s->weight - r->crowding * of_day[s->day]++;
		ret->n++;
		last_us = s->us;
	}
	return ret->n <= r->most;
}

static struct choice try_all(const struct slots *slots, const struct assign_rules *r)
{
	struct choice best = { 0 }, c;

	for (unsigned set = 1; set < 1U << slots->n; set++) {
		if (!is_allowed(slots, r, set, &c))
			continue;
		if (c.n > best.n || (c.n == best.n && c.total > best.total))
			best = c;
	}
	return best;
}

struct round {
	struct slot v[SLOTS_MOST];
	struct slots slots;
	int used[DAYS];
	struct assign_rules rules;
};

static void draw(struct round *ret, uint64_t seed)
{
	uint64_t state = seed;
	int64_t us = 0;

	*ret = (struct round){ 0 };
	ret->slots.v = ret->v;
	ret->slots.n = (size_t)(1 + upto(&state, SLOTS_MOST - 2));
	for (size_t i = 0; i < ret->slots.n; i++) {
		us += (1 + upto(&state, 6)) * US_PER_HOUR;
		ret->v[i].us = us;
		ret->v[i].day = (int)(us / US_PER_DAY) % DAYS;
		ret->v[i].weight = upto(&state, 5) * 100000 + 100000;
	}
	for (int d = 0; d < DAYS; d++)
		ret->used[d] = (int)upto(&state, 2);
	ret->rules = (struct assign_rules){
		.gap_us = upto(&state, 14) * US_PER_HOUR,
		.per_day = (int)(1 + upto(&state, 3)),
		.most = (size_t)(1 + upto(&state, 6)),
		.used = ret->used,
		.days = DAYS,
		.crowding = upto(&state, 2) * 150000,
	};
}

START_TEST(choice_is_as_good_as_the_best_of_all)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		size_t picked[SLOTS_MOST];
		struct round r;
		struct choice want, got;
		unsigned set = 0;
		size_t n;

		draw(&r, seed);
		want = try_all(&r.slots, &r.rules);
		n = assign_pick(&r.slots, &r.rules, picked);
		for (size_t i = 0; i < n; i++)
			set |= 1U << picked[i];
		ck_assert_msg(is_allowed(&r.slots, &r.rules, set, &got),
			      "seed %llu: a rule is broken", (unsigned long long)seed);
		ck_assert_msg(got.n == want.n && got.total == want.total,
			      "seed %llu: %zu posts worth %lld instead of %zu worth %lld",
			      (unsigned long long)seed, got.n, (long long)got.total, want.n,
			      (long long)want.total);
	}
}
END_TEST

/* The best slot stands between two that exclude it: two posts come before one better one. */
START_TEST(more_posts_come_before_a_better_one)
{
	struct slot v[] = {
		{ .us = 0, .weight = 400000 },
		{ .us = 2 * US_PER_HOUR, .weight = 1000000 },
		{ .us = 4 * US_PER_HOUR, .weight = 400000 },
	};
	const struct slots slots = { v, 3 };
	const int used[1] = { 0 };
	struct assign_rules r = { 4 * US_PER_HOUR, 5, 2, used, 1, 0 };
	size_t picked[2];

	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 2);
	ck_assert_uint_eq(picked[0], 0);
	ck_assert_uint_eq(picked[1], 2);
	r.most = 1;
	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 1);
	ck_assert_uint_eq(picked[0], 1);
}
END_TEST

/* First come, first served would take the early slot, and lose. */
START_TEST(a_later_better_slot_wins)
{
	struct slot v[] = {
		{ .us = 0, .weight = 500000 },
		{ .us = 3 * US_PER_HOUR, .weight = 900000 },
		{ .us = 8 * US_PER_HOUR, .weight = 800000 },
	};
	const struct slots slots = { v, 3 };
	const int used[1] = { 0 };
	const struct assign_rules r = { 4 * US_PER_HOUR, 5, 2, used, 1, 0 };
	size_t picked[2];

	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 2);
	ck_assert_uint_eq(picked[0], 1);
	ck_assert_uint_eq(picked[1], 2);
}
END_TEST

START_TEST(posts_are_spread_over_days)
{
	struct slot v[] = {
		{ .us = 0, .weight = 900000, .day = 0 },
		{ .us = 6 * US_PER_HOUR, .weight = 880000, .day = 0 },
		{ .us = US_PER_DAY, .weight = 800000, .day = 1 },
	};
	const struct slots slots = { v, 3 };
	const int used[2] = { 0, 0 };
	const struct assign_rules r = { 4 * US_PER_HOUR, 3, 2, used, 2, 150000 };
	size_t picked[2];

	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 2);
	ck_assert_uint_eq(picked[0], 0);
	ck_assert_uint_eq(picked[1], 2);
}
END_TEST

START_TEST(nothing_fits_and_nothing_is_asked)
{
	struct slot v[] = { { .us = 0, .weight = 1 } };
	struct slots slots = { v, 1 };
	const int used[1] = { 2 };
	struct assign_rules r = { 0, 2, 3, used, 1, 0 };
	size_t picked[3];

	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 0);
	r.per_day = 3;
	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 1);
	r.most = 0;
	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 0);
	r.most = 3;
	slots.n = 0;
	ck_assert_uint_eq(assign_pick(&slots, &r, picked), 0);
	ck_assert_uint_eq(assign_cells(&slots, &r), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ choice_is_as_good_as_the_best_of_all, 0 },
		{ more_posts_come_before_a_better_one, 0 },
		{ a_later_better_slot_wins, 0 },
		{ posts_are_spread_over_days, 0 },
		{ nothing_fits_and_nothing_is_asked, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "assign",
		.timeout_s = 120,
		.cases = cases,
	});
}

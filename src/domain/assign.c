/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/assign.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

#define NONE INT64_MIN

struct table {
	const struct slot *slots;
	const struct assign_rules *rules;
	size_t n;      /* slots */
	size_t most;   /* posts in all, as far as the rules can let them be */
	size_t of_day; /* posts of one day, the same */
	/*
	 * value[i][k][j]: best total of k+1 posts, slot i the last of them and the (j+1)th new one
	 * of its day. Rows of which the gap to the present slot is wide enough are summed up in
	 * `same` (of the present day) and `before` (of earlier days, by k; [0] is no post at all).
	 */
	int64_t *value, *same, *before;
};

static int room_of_day(const struct assign_rules *rules, int day)
{
	int room = rules->per_day - rules->used[day];

	return room > 0 ? room : 0;
}

/* Taking the earliest each time gives the greatest number; of one day when only_day >= 0. */
static size_t most_within(const struct slots *slots, const struct assign_rules *rules,
			  size_t *ret_of_day)
{
	int64_t last_us = NONE, day_last_us = NONE;
	size_t total = 0, of_day = 0, in_all = 0;
	int day = -1;

	*ret_of_day = 0;
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *s = &slots->v[i];

		if (s->day != day) {
			day = s->day;
			of_day = in_all = 0;
			day_last_us = NONE;
		}
		if ((day_last_us == NONE || s->us - day_last_us >= rules->gap_us) &&
		    of_day < (size_t)room_of_day(rules, day)) {
			of_day++;
			day_last_us = s->us;
		}
		if (of_day > *ret_of_day)
			*ret_of_day = of_day;
		if ((last_us == NONE || s->us - last_us >= rules->gap_us) &&
		    in_all < (size_t)room_of_day(rules, day)) {
			in_all++;
			total++;
			last_us = s->us;
		}
	}
	return total < rules->most ? total : rules->most;
}

size_t assign_cells(const struct slots *slots, const struct assign_rules *rules)
{
	size_t of_day;
	size_t most = most_within(slots, rules, &of_day);

	return slots->n * most * of_day;
}

static int64_t *cell(const struct table *t, size_t i, size_t k, size_t j)
{
	return &t->value[(i * t->most + k) * t->of_day + j];
}

static int64_t gain(const struct table *t, size_t i, size_t j)
{
	const struct slot *s = &t->slots[i];

	if (j >= (size_t)room_of_day(t->rules, s->day))
		return NONE;
	return s->weight - t->rules->crowding * (t->rules->used[s->day] + (int64_t)j);
}

static void raise_to(int64_t *best, int64_t value)
{
	if (value > *best)
		*best = value;
}

/* Slot p now lies far enough back. */
static void absorb(struct table *t, size_t p, int day)
{
	for (size_t k = 0; k < t->most; k++) {
		for (size_t j = 0; j < t->of_day; j++) {
			int64_t value = *cell(t, p, k, j);

			raise_to(t->slots[p].day == day ? &t->same[k * t->of_day + j]
							: &t->before[k + 1],
				 value);
		}
	}
}

static void end_day(struct table *t)
{
	for (size_t k = 0; k < t->most; k++) {
		for (size_t j = 0; j < t->of_day; j++) {
			raise_to(&t->before[k + 1], t->same[k * t->of_day + j]);
			t->same[k * t->of_day + j] = NONE;
		}
	}
}

static int64_t before_of(const struct table *t, size_t k, size_t j)
{
	if (j == 0)
		return t->before[k];
	return k == 0 ? NONE : t->same[(k - 1) * t->of_day + j - 1];
}

static void fill_slot(struct table *t, size_t i)
{
	for (size_t j = 0; j < t->of_day; j++) {
		const int64_t more = gain(t, i, j);

		for (size_t k = 0; k < t->most; k++) {
			const int64_t base = before_of(t, k, j);

			*cell(t, i, k, j) = more == NONE || base == NONE ? NONE : base + more;
		}
	}
}

static void fill(struct table *t)
{
	size_t p = 0;

	for (size_t k = 0; k < t->most * t->of_day; k++)
		t->same[k] = NONE;
	for (size_t k = 1; k <= t->most; k++)
		t->before[k] = NONE;
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0 && t->slots[i].day != t->slots[i - 1].day)
			end_day(t);
		while (p < i && t->slots[i].us - t->slots[p].us >= t->rules->gap_us)
			absorb(t, p++, t->slots[i].day);
		fill_slot(t, i);
	}
}

struct place {
	size_t i, j;
};

/* The earliest slot that can end k+1 posts worth `value` before slot `next` (n: any). */
static struct place find(const struct table *t, size_t k, int64_t value, const struct place *next)
{
	const struct slot *after = next ? &t->slots[next->i] : NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (after && after->us - t->slots[i].us < t->rules->gap_us)
			break;
		for (size_t j = 0; j < t->of_day; j++) {
			bool follows = !after || (after->day == t->slots[i].day ? j + 1 == next->j
										: next->j == 0);

			if (follows && *cell(t, i, k, j) == value)
				return (struct place){ i, j };
		}
	}
	assert(false); /* the value came from such a cell */
	return (struct place){ 0 };
}

static int64_t best_of(const struct table *t, size_t k)
{
	int64_t best = NONE;

	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < t->of_day; j++)
			raise_to(&best, *cell(t, i, k, j));
	}
	return best;
}

static size_t read_back(const struct table *t, size_t *ret_picked)
{
	size_t n = t->most;
	int64_t value = NONE;
	struct place at = { 0 };

	while (n > 0 && (value = best_of(t, n - 1)) == NONE)
		n--;
	for (size_t k = n; k-- > 0;) {
		at = find(t, k, value, k + 1 < n ? &at : NULL);
		ret_picked[k] = at.i;
		value -= gain(t, at.i, at.j);
	}
	return n;
}

size_t assign_pick(const struct slots *slots, const struct assign_rules *rules, size_t *ret_picked)
{
	struct table t = { .slots = slots->v, .rules = rules, .n = slots->n };
	size_t n;

	t.most = most_within(slots, rules, &t.of_day);
	if (t.most == 0)
		return 0;
	t.value = alloc_array(t.n * t.most * t.of_day, sizeof(*t.value));
	t.same = alloc_array(t.most * t.of_day, sizeof(*t.same));
	t.before = alloc_array(t.most + 1, sizeof(*t.before));
	fill(&t);
	n = read_back(&t, ret_picked);
	free(t.value);
	free(t.same);
	free(t.before);
	return n;
}

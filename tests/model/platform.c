/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "model/world.h"

static struct wire *travelling(struct world *w)
{
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].attempt && !w->wire[i].reply)
			return &w->wire[i];
	}
	return NULL;
}

static void take_effect(struct world *w, uint8_t handle)
{
	w->effects++;
	w->effect_handle = handle;
	w->is_unseen = true;
	w->unseen_ticks = SEEN_TICKS;
}

/* One handle is carried out once, however often it is asked for; a rejected one is gone. */
static enum outcome_kind carry_out(struct world *w, const struct setup *s, const struct wire *x)
{
	static const enum outcome_kind again[] = { OUTCOME_PUBLISHED, OUTCOME_ACCEPTED,
						   OUTCOME_RESTAGE };

	if (s->is_keyed && (w->effects || w->processing) && x->handle == w->effect_handle)
		return again[w->processing];
	take_effect(w, x->handle);
	return OUTCOME_PUBLISHED;
}

static void answer(struct wire *x, enum outcome_kind kind)
{
	x->ticks = 0;
	if (x->runner)
		x->reply = (uint8_t)(kind + 1);
	else
		memset(x, 0, sizeof(*x));
}

static bool arrive(struct world *w, const struct setup *s, int who, int choice)
{
	struct wire *x = travelling(w);

	(void)who, (void)choice;
	if (!x)
		return false;
	answer(x, carry_out(w, s, x));
	return true;
}

/* What is turned away by a proven code is turned away each time that it arrives. */
static void drop_copies(struct world *w, const struct wire *of)
{
	for (int i = 0; i < WIRES; i++) {
		struct wire *x = &w->wire[i];

		if (x != of && x->attempt == of->attempt && !x->reply)
			memset(x, 0, sizeof(*x));
	}
}

static bool arrive_badly(struct world *w, const struct setup *s, int who, int choice)
{
	static const struct {
		enum outcome_kind reply;
		bool is_effect;
	} rows[] = { { OUTCOME_UNKNOWN, true },  { OUTCOME_UNKNOWN, false },
		     { OUTCOME_REFUSED, false }, { OUTCOME_DEFER, false },
		     { OUTCOME_RESTAGE, false }, { OUTCOME_REFRESH, false } };
	struct wire *x = travelling(w);

	(void)who;
	if (!x)
		return false;
	if (rows[choice].is_effect)
		(void)carry_out(w, s, x);
	else if (rows[choice].reply != OUTCOME_UNKNOWN)
		drop_copies(w, x);
	answer(x, rows[choice].reply);
	return true;
}

static bool arrive_twice(struct world *w, const struct setup *s, int who, int choice)
{
	struct wire *x = travelling(w);

	(void)who, (void)choice;
	if (!s->is_keyed || !x)
		return false;
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].attempt)
			continue;
		w->wire[i] = *x;
		w->wire[i].runner = 0;
		return true;
	}
	return false;
}

static bool accept_slowly(struct world *w, const struct setup *s, int who, int choice)
{
	struct wire *x = travelling(w);

	(void)who, (void)choice;
	if (!s->is_keyed || !x || w->processing || w->effects)
		return false;
	w->processing = 1;
	w->effect_handle = x->handle;
	w->is_unseen = true;
	w->unseen_ticks = SEEN_TICKS;
	answer(x, OUTCOME_ACCEPTED);
	return true;
}

static bool finish_processing(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (w->processing != 1)
		return false;
	w->processing = 0;
	w->effects++;
	return true;
}

static bool reject_processing(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (w->processing != 1)
		return false;
	w->processing = 2;
	return true;
}

static bool show(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (!w->is_unseen)
		return false;
	w->is_unseen = false;
	w->unseen_ticks = 0;
	return true;
}

/* One old copy answers, once, until it has caught up within a tick. */
static bool go_stale(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)who, (void)choice;
	if (!w->effects || w->is_unseen || w->was_stale)
		return false;
	return w->is_stale = w->was_stale = true;
}

static bool is_time_held(const struct world *w)
{
	for (int i = 0; i < WIRES; i++) {
		const struct wire *x = &w->wire[i];

		if (x->attempt && !x->reply && x->ticks == 0)
			return true;
	}
	return w->is_unseen && w->unseen_ticks == 0;
}

/* An attempt grows no older than AGE_MAX: what was read of it moves away instead. */
static void recede(uint8_t *at)
{
	if (*at != NEVER && *at > LIFE_TICKS + 1)
		(*at)--;
}

static void recede_change(struct change *c, int attempt)
{
	if (c->attempt == attempt)
		recede(&c->read_at);
}

static void grow_older(struct world *w, int attempt)
{
	if (w->age[attempt] < AGE_MAX) {
		w->age[attempt]++;
		return;
	}
	recede(&w->db.attempt[attempt].read_at);
	recede(&w->replica.attempt[attempt].read_at);
	recede_change(&w->ghost, attempt);
	for (int i = 0; i < RUNNERS; i++) {
		struct runner *r = &w->run[i];

		recede_change(&r->change, attempt);
		if (r->attempt != attempt)
			continue;
		recede(&r->read_at);
		recede(&r->seen_at);
	}
}

static bool tick(struct world *w, const struct setup *s, int who, int choice)
{
	(void)who, (void)choice;
	if (is_time_held(w) || world_holds_time(w))
		return false;
	for (int i = 1; i < PERMITS; i++)
		grow_older(w, i);
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].ticks > 0)
			w->wire[i].ticks--;
	}
	if (w->unseen_ticks > 0)
		w->unseen_ticks--;
	w->is_stale = false;
	world_tick_runners(w, s);
	return true;
}

static const char *const bad_words[] = {
	"it is carried out, the answer is an error",
	"it is not carried out, the answer is an error",
	"refused by a proven code",
	"throttled by a proven code",
	"what was staged is gone",
	"the token is stale",
};

/* clang-format off */
const struct step_row platform_steps[] = {
	{ "the request arrives and is carried out",    ORDINARY, false, 1, arrive, NULL },
	{ "the request arrives",                       FAULT,    false, 6, arrive_badly, bad_words },
	{ "the network doubles the request",           FAULT,    false, 1, arrive_twice, NULL },
	{ "the request arrives and is worked on",      FAULT,    false, 1, accept_slowly, NULL },
	{ "the platform finishes its work",            ORDINARY, false, 1, finish_processing, NULL },
	{ "the platform rejects it after all",         FAULT,    false, 1, reject_processing, NULL },
	{ "the platform's readings show it",           ORDINARY, false, 1, show, NULL },
	{ "an old copy of the platform answers",       FAULT,    false, 1, go_stale, NULL },
	{ "time passes",                               ORDINARY, false, 1, tick, NULL },
	{ NULL, ORDINARY, false, 0, NULL, NULL },
};
/* clang-format on */

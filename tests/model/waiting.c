/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runner waits for, and what may happen to it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "model/world.h"

static uint8_t age_of(const struct world *w, const struct runner *r)
{
	return w->age[r->attempt];
}

static enum outcome_kind misread(const struct setup *s, enum outcome_kind kind, bool is_lost)
{
	if (kind != OUTCOME_UNKNOWN)
		return kind;
	if (s->bug == BUG_DOUBT_IS_FAILURE)
		return OUTCOME_REFUSED;
	if ((s->bug == BUG_TRUST_5XX && !is_lost) || (s->bug == BUG_VOID_WHAT_WAS_SENT && is_lost))
		return OUTCOME_DEFER;
	return kind;
}

static struct wire *wire_of(struct world *w, int who)
{
	for (int i = 0; i < WIRES; i++) {
		if (w->wire[i].runner == who + 1)
			return &w->wire[i];
	}
	return NULL;
}

static bool take_reply(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	struct wire *x = wire_of(w, who);
	enum outcome_kind kind;

	(void)choice;
	if (r->at != AT_REPLY || !x || !x->reply)
		return false;
	kind = (enum outcome_kind)(x->reply - 1);
	memset(x, 0, sizeof(*x));
	runner_decide(w, s, r, PHASE_FIRE, misread(s, kind, false));
	return true;
}

/* The reply is lost, or waited for no longer; the request may still be under way. */
static bool miss_reply(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	struct wire *x = wire_of(w, who);

	(void)choice;
	if (r->at != AT_REPLY)
		return false;
	if (x && x->reply)
		memset(x, 0, sizeof(*x));
	else if (x)
		x->runner = 0;
	runner_decide(w, s, r, PHASE_FIRE, misread(s, OUTCOME_UNKNOWN, true));
	return true;
}

static enum outcome_kind truth(const struct world *w, const struct setup *s, const struct runner *r)
{
	const bool is_by_handle = s->is_keyed && !w->is_unseen;

	if (r->attempt_state == ATTEMPT_EFFECT || (w->effects && !w->is_unseen && !w->is_stale))
		return OUTCOME_PUBLISHED;
	if (is_by_handle && w->processing == 1)
		return OUTCOME_ACCEPTED;
	if (is_by_handle && w->processing == 2)
		return r->phase == PHASE_CONFIRM ? OUTCOME_REFUSED : OUTCOME_RESTAGE;
	if (r->phase == PHASE_CONFIRM)
		return OUTCOME_UNKNOWN;
	return s->bug == BUG_NEWEST_IS_OURS ? OUTCOME_PUBLISHED : OUTCOME_ABSENT;
}

static void begin_reading(struct world *w, struct runner *r)
{
	r->phase =
		r->attempt_state == ATTEMPT_EFFECT || r->is_accepted ? PHASE_CONFIRM : PHASE_DOUBT;
	r->seen_at = age_of(w, r);
	r->at = AT_READING;
}

/* What the reading shows is settled as it begins; the answer may come much later. */
static bool look(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	if (r->at != AT_LOOK)
		return false;
	begin_reading(w, r);
	r->seen = (uint8_t)truth(w, s, r);
	return true;
}

static bool look_in_vain(struct world *w, const struct setup *s, int who, int choice)
{
	static const uint8_t seen[] = { OUTCOME_UNKNOWN, OUTCOME_REFUSED, OUTCOME_DEFER,
					OUTCOME_REAUTH };
	struct runner *r = &w->run[who];

	if (r->at != AT_LOOK)
		return false;
	begin_reading(w, r);
	r->seen = seen[r->phase == PHASE_DOUBT ? choice : 0];
	if (s->bug == BUG_UNKNOWN_READ_IS_ABSENT)
		r->seen = OUTCOME_ABSENT;
	return true;
}

static bool take_reading(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	if (r->at != AT_READING)
		return false;
	runner_decide(w, s, r, r->phase, (enum outcome_kind)r->seen);
	r->seen = r->seen_at = r->phase = 0;
	return true;
}

/* ---- processes ---- */

static void end_process(struct world *w, int who)
{
	struct wire *x;

	w->journals |= w->run[who].journal;
	memset(&w->run[who], 0, sizeof(w->run[who]));
	w->run[who].at = AT_DOWN;
	while ((x = wire_of(w, who))) {
		if (x->reply)
			memset(x, 0, sizeof(*x));
		else
			x->runner = 0;
	}
}

static bool crash(struct world *w, const struct setup *s, int who, int choice)
{
	(void)s, (void)choice;
	if (w->run[who].at == AT_DOWN || w->run[who].at == AT_IDLE)
		return false;
	end_process(w, who);
	return true;
}

static bool begin_process(struct world *w, const struct setup *s, int who, int choice)
{
	(void)choice;
	if (w->run[who].at != AT_DOWN || w->ghost_of)
		return false;
	if (s->bug != BUG_JOURNAL_IGNORED)
		database_restore(w, s, w->journals);
	w->run[who].at = AT_IDLE;
	return true;
}

static bool stand_still(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)s, (void)choice;
	if (r->at == AT_DOWN || r->at == AT_IDLE || r->is_stalled)
		return false;
	return r->is_stalled = true;
}

static bool is_waiting(const struct runner *r)
{
	return r->at == AT_IDLE || r->at == AT_DOWN || r->at == AT_REPLY || r->at == AT_READING ||
	       r->is_stalled;
}

bool world_holds_time(const struct world *w)
{
	return !is_waiting(&w->run[0]) || !is_waiting(&w->run[1]);
}

static void renew_or_age_lease(struct world *w)
{
	struct row *row = &w->db.row;
	const struct runner *r = row->owner ? &w->run[row->owner - 1] : NULL;
	const bool is_renewed =
		r && r->at != AT_IDLE && r->at != AT_DOWN && !r->is_stalled && !r->fence_off;

	if (row->wake != NEVER && row->wake > 0 && !is_renewed)
		row->wake--;
}

/* The timer of a fire ends its process, even one that stands still. */
void world_tick_runners(struct world *w, const struct setup *s)
{
	renew_or_age_lease(w);
	for (int i = 0; i < RUNNERS; i++) {
		if (w->run[i].at == AT_ARMED && age_of(w, &w->run[i]) >= SEND_TICKS &&
		    s->bug != BUG_NO_WATCHDOG && s->bug != BUG_NO_SEND_DEADLINE)
			end_process(w, i);
	}
}

static const char *const vain_words[] = { "it fails", "it is refused", "not now", "not connected" };

/* clang-format off */
const struct step_row waiting_steps[] = {
	{ "takes the reply",                        ORDINARY,  true, 1, take_reply, NULL },
	{ "never gets the reply",                   FAULT,     true, 1, miss_reply, NULL },
	{ "begins a reading",                       ORDINARY,  true, 1, look, NULL },
	{ "begins a reading that says nothing",     FAULT,     true, 4, look_in_vain, vain_words },
	{ "takes the reading",                      ORDINARY,  true, 1, take_reading, NULL },
	{ "stands still",                           STALL,     true, 1, stand_still, NULL },
	{ "is killed",                              CRASH,     true, 1, crash, NULL },
	{ "starts anew and merges the journals",    ORDINARY,  true, 1, begin_process, NULL },
	{ NULL, ORDINARY, false, 0, NULL, NULL },
};
/* clang-format on */

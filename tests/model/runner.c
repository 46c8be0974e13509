/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/world.h"

#define TICK_US  US_PER_MIN
#define EPOCH_US (1800000000LL * US_PER_S)

static struct delivery_rules rules_of(const struct setup *s)
{
	return (struct delivery_rules){
		.quarantine_us = s->bug == BUG_NO_QUARANTINE ? 0 : QUARANTINE_TICKS * TICK_US,
		.negative_gap_us = s->bug == BUG_NO_GAP ? 0 : GAP_TICKS * TICK_US,
		.doubt_life_us = LIFE_TICKS * TICK_US,
		.retry_base_us = US_PER_S,
		.retry_cap_us = TICK_US,
		.tries_max = 3,
		.claims_max = 2,
	};
}

static int64_t instant(uint8_t age)
{
	return age == NEVER ? INSTANT_NONE : EPOCH_US + age * TICK_US;
}

/* Ages are those of the attempt: its permit is asked for at the epoch. */
static struct delivery_view view_of(const struct world *w, const struct setup *s,
				    const struct runner *r, uint8_t age)
{
	const int64_t now_us = instant(r->attempt ? age : 0);
	const bool is_bold = s->bug == BUG_ONE_NEGATIVE;

	return (struct delivery_view){
		.state = r->state,
		.attempt = r->attempt_state,
		.is_immediate = r->is_immediate,
		.tries = r->tries,
		.attempts = r->attempts,
		.negatives = is_bold ? 1 : r->negatives,
		.claims = r->claims,
		.now_us = now_us,
		.due_us = now_us - (w->is_late ? 2 : 0) * TICK_US,
		.sent_us = instant(0),
		.last_read_us = instant(r->read_at),
		.late_limit_us = TICK_US,
		.jitter = 0,
	};
}

static void forget(struct runner *r)
{
	const uint8_t journal = r->journal;

	memset(r, 0, sizeof(*r));
	r->journal = journal;
	r->at = AT_IDLE;
}

static uint8_t age_of(const struct world *w, const struct runner *r)
{
	return w->age[r->attempt];
}

/* ---- from an outcome to what is written: publish/decide.c ---- */

static struct change *change_to(struct runner *r, enum post_state state, enum at next)
{
	r->state = (uint8_t)state;
	r->change = (struct change){
		.kind = CHANGE_MOVE,
		.state = (uint8_t)state,
		.tries = r->tries,
		.next = (uint8_t)next,
		.handle = r->handle,
		.is_accepted = r->is_accepted,
	};
	r->at = AT_WRITE;
	return &r->change;
}

static void end_with(struct runner *r, enum post_state state)
{
	change_to(r, state, AT_IDLE)->is_never = true;
}

static void take_settlement(struct world *w, struct runner *r, const struct delivery_move *m,
			    uint8_t seen_at)
{
	struct change *c = &r->change;
	const bool is_reopened =
		r->attempt_state == ATTEMPT_NO_EFFECT && m->attempt == ATTEMPT_IN_DOUBT;
	const bool is_open =
		r->attempt_state == ATTEMPT_SENT || r->attempt_state == ATTEMPT_IN_DOUBT;

	if (!is_open && !is_reopened)
		return;
	c->is_counted = m->negatives > r->negatives;
	if (m->attempt != ATTEMPT_NONE)
		r->attempt_state = (uint8_t)m->attempt;
	r->negatives = (uint8_t)(m->negatives < 2 ? m->negatives : 2);
	if (c->is_counted)
		r->read_at = seen_at;
	c->has_settlement = true;
	c->is_reopened = is_reopened;
	c->attempt = r->attempt;
	c->settle = r->attempt_state;
	c->negatives = r->negatives;
	c->read_at = r->read_at;
	if (r->attempt_state == ATTEMPT_NO_EFFECT)
		r->journal &= (uint8_t) ~(1u << r->attempt);
	(void)w;
}

static void take_discovery(struct world *w, struct runner *r)
{
	const uint8_t id = database_free_permit(w);

	if (r->attempt_state != ATTEMPT_NONE || !id)
		return;
	r->change.is_discovery = true;
	r->change.attempt = r->attempt = id;
	r->attempt_state = ATTEMPT_IN_DOUBT;
	r->read_at = NEVER;
	r->negatives = 0;
	w->age[id] = 0;
}

static void write_move(struct world *w, struct runner *r, enum phase phase,
		       const struct delivery_move *m, enum outcome_kind kind, uint8_t seen_at)
{
	struct change *c;

	if (kind == OUTCOME_ACCEPTED)
		r->is_accepted = true;
	else if (m->state != POST_CONFIRMING)
		r->is_accepted = false;
	r->tries = (uint8_t)m->tries;
	if (!m->keep_memo)
		r->handle = 0;
	c = change_to(r, m->state, AT_IDLE);
	if (m->attempt == ATTEMPT_IN_DOUBT && phase == PHASE_STAGE)
		take_discovery(w, r);
	take_settlement(w, r, m, seen_at);
	c->keep_lease = m->keep_lease;
	c->is_never = !m->keep_lease && m->wake_us == INSTANT_NONE;
	if (m->keep_lease)
		c->next = m->state == POST_STAGED ? AT_READY : AT_LOOK;
}

void runner_decide(struct world *w, const struct setup *s, struct runner *r, enum phase phase,
		   enum outcome_kind kind)
{
	const bool is_dated = phase == PHASE_DOUBT && s->bug != BUG_READ_DATED_BY_ITS_ANSWER;
	const uint8_t age = is_dated ? r->seen_at : age_of(w, r);
	const struct delivery_rules rules = rules_of(s);
	const struct delivery_view view = view_of(w, s, r, age);
	const struct outcome o = { .kind = kind };
	struct delivery_move m = { 0 };

	delivery_step(&rules, &view, phase, &o, &m);
	write_move(w, r, phase, &m, kind, age);
}

/* ---- taking up: publish/runner.c, load.c ---- */

static bool claim(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	/* Its own change may have come about, or another's of the same number. */
	if (r->is_unknown && s->bug != BUG_CLAIM_BEFORE_LOOKING_UP)
		return false;
	if (r->at == AT_DOWN || !database_claim(w, who))
		return false;
	r->fence_off = 0;
	/* With a flight of its own still about, that one goes on under the new fence. */
	if (r->at == AT_IDLE)
		r->at = AT_NEW;
	return true;
}

static void copy_row(struct world *w, struct runner *r)
{
	const struct row *row = &w->db.row;
	const struct attempt *t = &w->db.attempt[row->current];

	r->state = row->state;
	r->attempt = t->state ? row->current : 0;
	r->attempt_state = t->state;
	r->negatives = t->negatives;
	r->read_at = t->read_at;
	r->tries = row->tries;
	r->claims = row->claims;
	r->attempts = row->attempts;
	r->revision = row->revision;
	r->handle = row->handle;
	r->is_immediate = row->is_immediate;
	r->is_accepted = row->is_accepted;
	r->fence_off = r->version_off = 0;
	r->phase = r->seen = r->seen_at = 0;
}

/* Whoever takes up a firing post believes that its holder is dead and has sent nothing. */
static bool resend_blindly(const struct setup *s, struct runner *r)
{
	if (r->state != POST_PUBLISHING ||
	    (s->bug != BUG_RESEND_ON_LEASE_EXPIRY && s->bug != BUG_NO_UNIQUE_LIVE))
		return false;
	if (s->bug == BUG_RESEND_ON_LEASE_EXPIRY) {
		change_to(r, POST_RETRYING, AT_IDLE);
		r->change.has_settlement = true;
		r->change.attempt = r->attempt;
		r->change.settle = ATTEMPT_NO_EFFECT;
	} else {
		change_to(r, POST_STAGED, AT_NEW)->keep_lease = true;
	}
	return true;
}

static void take_up(struct world *w, const struct setup *s, struct runner *r)
{
	const struct delivery_rules rules = rules_of(s);
	const struct delivery_view view = view_of(w, s, r, age_of(w, r));
	struct delivery_move m = { 0 };

	if (resend_blindly(s, r))
		return;
	delivery_lease_lost(&rules, &view, &m);
	if (m.state != view.state || !m.keep_lease)
		write_move(w, r, PHASE_STAGE, &m, OUTCOME_UNKNOWN, 0);
	if (r->at == AT_WRITE) {
		if (r->change.next != AT_IDLE && r->state == POST_CONFIRMING)
			r->change.next = AT_NEW;
		return;
	}
	if (r->state == POST_CONFIRMING)
		r->at = AT_LOOK;
	else if (w->is_late && !r->is_immediate)
		end_with(r, POST_MISSED);
	else
		r->at = r->state == POST_STAGED ? AT_READY : AT_STAGE;
}

static bool load(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	if (r->at != AT_NEW)
		return false;
	if (w->db.row.owner != who + 1) {
		forget(r);
		return true;
	}
	copy_row(w, r);
	if (post_state_is_terminal(r->state) || r->state == POST_UNCONFIRMED ||
	    r->state == POST_PAUSED)
		end_with(r, r->state);
	else
		take_up(w, s, r);
	return true;
}

/* A lease that was not renewed in time: what has not been sent is let go. */
static bool let_go(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	const bool is_harmless =
		r->at == AT_STAGE || r->at == AT_READY || r->at == AT_LOOK || r->at == AT_READING;

	(void)s, (void)choice;
	if (!r->fence_off || !is_harmless)
		return false;
	forget(r);
	return true;
}

/* ---- staging, permit, journal, fire: publish/fire.c ---- */

static bool stage(struct world *w, const struct setup *s, int who, int choice)
{
	static const enum outcome_kind kinds[] = { OUTCOME_STAGED };
	struct runner *r = &w->run[who];

	if (r->at != AT_STAGE)
		return false;
	if (s->is_keyed && !r->handle) {
		w->handles = (uint8_t)(w->handles % 3 + 1);
		r->handle = w->handles;
	}
	/* Asked about a handle that it has carried out, the platform says so. */
	if (s->is_keyed && w->effects && !w->is_unseen && r->handle == w->effect_handle)
		runner_decide(w, s, r, PHASE_STAGE, OUTCOME_PUBLISHED);
	else
		runner_decide(w, s, r, PHASE_STAGE, kinds[choice]);
	return true;
}

static bool stage_badly(struct world *w, const struct setup *s, int who, int choice)
{
	static const enum outcome_kind kinds[] = { OUTCOME_DEFER, OUTCOME_REFUSED, OUTCOME_REAUTH,
						   OUTCOME_RESTAGE };

	if (w->run[who].at != AT_STAGE)
		return false;
	runner_decide(w, s, &w->run[who], PHASE_STAGE, kinds[choice]);
	return true;
}

static bool ask_permit(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	const uint8_t id = database_free_permit(w);

	(void)choice;
	if (r->at != AT_READY || !id)
		return false;
	if (w->is_late && !r->is_immediate) {
		end_with(r, POST_MISSED);
		return true;
	}
	r->change = (struct change){
		.kind = CHANGE_PERMIT, .attempt = id, .handle = r->handle, .revision = r->revision
	};
	w->age[id] = 0;
	r->at = s->bug == BUG_SEND_BEFORE_COMMIT ? AT_PERMIT : AT_WRITE;
	return true;
}

static void lose(struct runner *r)
{
	forget(r);
}

static void permit_lost(struct runner *r)
{
	memset(&r->change, 0, sizeof(r->change));
	if (r->fence_off)
		lose(r);
	else
		r->at = AT_NEW;
}

static void permit_given(struct runner *r)
{
	r->state = POST_PUBLISHING;
	r->attempt = r->change.attempt;
	r->attempt_state = ATTEMPT_SENT;
	r->negatives = 0;
	r->read_at = NEVER;
	r->attempts =
		(uint8_t)(r->attempts < DELIVERY_ATTEMPTS_MAX ? r->attempts + 1 : r->attempts);
	memset(&r->change, 0, sizeof(r->change));
	r->at = AT_PERMIT;
}

static void written(struct world *w, struct runner *r, enum permit_said said)
{
	const uint8_t next = r->change.next;

	(void)w;
	r->is_unknown = false;
	if (said != SAID_LOST)
		r->version_off = 0;
	if (r->change.kind == CHANGE_PERMIT) {
		if (said == SAID_OURS)
			permit_given(r);
		else if (said == SAID_LOST)
			permit_lost(r);
		else
			r->at = AT_READY;
		memset(&r->change, 0, sizeof(r->change));
		return;
	}
	memset(&r->change, 0, sizeof(r->change));
	r->claims = 0;
	if (said == SAID_LOST || next == AT_IDLE)
		lose(r);
	else
		r->at = next;
}

static bool commit(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	const struct change c = r->change;

	(void)choice;
	if (r->at != AT_WRITE || r->is_unknown || w->ghost_of)
		return false;
	written(w, r, database_commit(w, s, who, &c));
	return true;
}

static bool commit_unanswered(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	const struct change c = r->change;

	(void)choice;
	if (r->at != AT_WRITE || r->is_unknown || w->ghost_of || r->fence_off || r->version_off)
		return false;
	if (s->bug == BUG_UNKNOWN_COMMIT_IS_DONE)
		written(w, r, SAID_OURS);
	else
		r->is_unknown = true;
	w->ghost = c;
	w->ghost_of = (uint8_t)(who + 1);
	return true;
}

static bool look_up(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	const bool is_permit = r->change.kind == CHANGE_PERMIT;
	enum permit_said said = SAID_LOST;

	(void)choice;
	if (r->at != AT_WRITE || !r->is_unknown)
		return false;
	if (!r->fence_off && !r->version_off) {
		r->is_unknown = false;
		if (is_permit) {
			memset(&r->change, 0, sizeof(r->change));
			r->at = AT_READY;
		}
		return true;
	}
	if (!r->fence_off && r->version_off == 1)
		said = SAID_OURS;
	else if (!r->fence_off && r->version_off == 2 && is_permit)
		said = SAID_BUSY;
	if (said == SAID_LOST && !is_permit) {
		if (w->ghost_of)
			return false;
		database_report(w, s, &r->change);
	}
	written(w, r, said);
	return true;
}

static bool write_journal(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)w, (void)choice;
	if (r->at != AT_PERMIT)
		return false;
	if (r->change.kind == CHANGE_PERMIT) { /* only where a bug sends before it asks */
		r->attempt = r->change.attempt;
		r->attempt_state = ATTEMPT_SENT;
	}
	if (s->bug != BUG_NO_JOURNAL)
		r->journal |= (uint8_t)(1u << r->attempt);
	r->at = AT_AIM;
	return true;
}

static bool fail_journal(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	if (r->at != AT_PERMIT || r->change.kind == CHANGE_PERMIT)
		return false;
	runner_decide(w, s, r, PHASE_FIRE, OUTCOME_DEFER);
	return true;
}

static bool start(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];

	(void)choice;
	if (r->at != AT_AIM)
		return false;
	if (age_of(w, r) >= SEND_TICKS && s->bug != BUG_NO_SEND_DEADLINE)
		runner_decide(w, s, r, PHASE_FIRE, OUTCOME_DEFER);
	else
		r->at = AT_ARMED;
	return true;
}

static struct wire *free_wire(struct world *w)
{
	for (int i = 0; i < WIRES; i++) {
		if (!w->wire[i].attempt)
			return &w->wire[i];
	}
	return NULL;
}

static void check_sending(struct world *w, const struct runner *r)
{
	const bool is_known = w->db.attempt[r->attempt].state != ATTEMPT_NONE;

	if (!is_known)
		w->found = SENT_WITHOUT_PERMIT;
	else if (age_of(w, r) >= SEND_TICKS)
		w->found = SENT_TOO_LATE;
}

static bool send_request(struct world *w, const struct setup *s, int who, int choice)
{
	struct runner *r = &w->run[who];
	struct wire *x = free_wire(w);

	(void)choice;
	if (r->at != AT_ARMED || !x)
		return false;
	check_sending(w, r);
	*x = (struct wire){ r->attempt, r->handle, FLY_TICKS, (uint8_t)(who + 1), 0 };
	r->at = AT_REPLY;
	x = free_wire(w);
	if (s->bug == BUG_CLIENT_SENDS_TWICE && x)
		*x = (struct wire){ r->attempt, r->handle, FLY_TICKS, 0, 0 };
	return true;
}

static bool cannot_connect(struct world *w, const struct setup *s, int who, int choice)
{
	(void)choice;
	if (w->run[who].at != AT_ARMED)
		return false;
	runner_decide(w, s, &w->run[who], PHASE_FIRE, OUTCOME_DEFER);
	return true;
}

static const char *const stage_words[] = { "not now", "refused", "not connected", "spoilt" };

/* clang-format off */
const struct step_row runner_steps[] = {
	{ "claims the post",                        ORDINARY,  true, 1, claim, NULL },
	{ "reads the row",                          ORDINARY,  true, 1, load, NULL },
	{ "lets go of what it has lost",            ORDINARY,  true, 1, let_go, NULL },
	{ "stages",                                 ORDINARY,  true, 1, stage, NULL },
	{ "is turned away at staging",              FAULT,     true, 4, stage_badly, stage_words },
	{ "asks for a permit",                      ORDINARY,  true, 1, ask_permit, NULL },
	{ "commits",                                ORDINARY,  true, 1, commit, NULL },
	{ "gets no answer to its COMMIT",           AMBIGUOUS, true, 1, commit_unanswered, NULL },
	{ "looks up what became of its COMMIT",     ORDINARY,  true, 1, look_up, NULL },
	{ "writes its journal",                     ORDINARY,  true, 1, write_journal, NULL },
	{ "cannot write its journal",               FAULT,     true, 1, fail_journal, NULL },
	{ "checks the deadline and arms the timer", ORDINARY,  true, 1, start, NULL },
	{ "sends the request",                      ORDINARY,  true, 1, send_request, NULL },
	{ "cannot connect",                         FAULT,     true, 1, cannot_connect, NULL },
	{ NULL, ORDINARY, false, 0, NULL, NULL },
};
/* clang-format on */

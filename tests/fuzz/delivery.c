/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, one a line: phase, outcome, error, what the platform asks for, state, attempt, flags,
 * tries, negatives, attempts, claims, ages in seconds (due, sent, last read), jitter.
 */
#include "domain/delivery.h"

#include "base/clock.h"
#include "fuzz/fuzz.h"

#define NOW_US (1800000000LL * US_PER_S)

static const struct delivery_rules rules = {
	.quarantine_us = 180 * US_PER_S,
	.negative_gap_us = 60 * US_PER_S,
	.doubt_life_us = US_PER_DAY,
	.retry_base_us = 5 * US_PER_S,
	.retry_cap_us = 10 * US_PER_MIN,
	.tries_max = 8,
	.claims_max = 6,
};

/* 0 to most - 1, whatever is written. */
static int64_t below(struct input *in, int64_t most)
{
	return (int64_t)((uint64_t)input_number(in) % (uint64_t)most);
}

static void view_read(struct input *in, struct delivery_view *ret)
{
	int64_t flags, age;

	*ret = (struct delivery_view){ .now_us = NOW_US, .late_limit_us = 15 * US_PER_MIN };
	ret->state = (enum post_state)below(in, POST_STATES);
	ret->attempt = (enum attempt_state)below(in, ATTEMPT_NO_EFFECT + 1);
	flags = below(in, 4);
	ret->is_immediate = flags & 1;
	ret->is_begun = flags & 2;
	ret->tries = (int)below(in, 20);
	ret->negatives = (int)below(in, 4);
	ret->attempts = (int)below(in, 5);
	ret->claims = (int)below(in, 12);
	ret->due_us = NOW_US - below(in, 1000000) * US_PER_S;
	ret->sent_us = NOW_US - below(in, 200000) * US_PER_S;
	age = below(in, 200000);
	ret->last_read_us = age ? NOW_US - age * US_PER_S : INSTANT_NONE;
	ret->jitter = (uint32_t)below(in, 1LL << 32);
}

static void move_look(const struct delivery_view *v, const struct delivery_move *m)
{
	bool is_at_rest = post_state_is_terminal(m->state) || m->state == POST_UNCONFIRMED;

	MUST(m->state < POST_STATES && m->attempt <= ATTEMPT_NO_EFFECT);
	MUST(m->tries >= 0 && m->tries <= v->tries + 1);
	MUST(m->negatives >= 0 && m->negatives <= v->negatives + 1);
	MUST(m->state == v->state || is_at_rest == (m->wake_us == INSTANT_NONE));
	MUST(m->wake_us == INSTANT_NONE || m->wake_us >= v->now_us);
	/* What may be out is never called cancelled, missed or paused. */
	MUST(m->state == v->state ||
	     (m->state != POST_CANCELLED && m->state != POST_MISSED && m->state != POST_PAUSED));
}

/* A live attempt is closed as void only where there is proof of it. */
static void proof_look(const struct delivery_view *v, enum phase phase, enum outcome_kind kind,
		       const struct delivery_move *m)
{
	bool is_live = v->attempt == ATTEMPT_SENT || v->attempt == ATTEMPT_IN_DOUBT;

	if (!is_live || phase == PHASE_STAGE)
		return;
	if (kind == OUTCOME_UNKNOWN || kind == OUTCOME_ACCEPTED) {
		MUST(m->attempt != ATTEMPT_NO_EFFECT && m->state != POST_RETRYING);
		MUST(m->state != POST_FAILED);
	}
	if (kind == OUTCOME_PUBLISHED || kind == OUTCOME_CONTINUED)
		MUST(m->state != POST_RETRYING && m->state != POST_FAILED);
	if (kind == OUTCOME_ABSENT && v->now_us - v->sent_us < rules.quarantine_us)
		MUST(m->attempt != ATTEMPT_NO_EFFECT && m->state != POST_RETRYING);
	if (kind == OUTCOME_ABSENT && phase == PHASE_DOUBT && v->negatives == 0)
		MUST(m->attempt != ATTEMPT_NO_EFFECT);
}

void fuzz_delivery(struct input *in)
{
	enum phase phase = (enum phase)below(in, PHASE_DOUBT + 1);
	struct outcome outcome = { .kind = (enum outcome_kind)below(in, OUTCOME_CONTINUED + 1) };
	struct delivery_view view;
	struct delivery_move move;

	outcome.error.code = (enum post_error_code)below(in, POST_ERROR_UNKNOWN + 1);
	outcome.retry_after_s = below(in, 90000);
	view_read(in, &view);
	delivery_step(&rules, &view, phase, &outcome, &move);
	move_look(&view, &move);
	proof_look(&view, phase, outcome.kind, &move);
	MUST(delivery_doubt_wake(&rules, &view) > view.now_us - US_PER_S);
	delivery_lease_lost(&rules, &view, &move);
	MUST(move.state < POST_STATES);
	if (view.state == POST_PUBLISHING && view.attempt == ATTEMPT_SENT)
		MUST(move.state != POST_RETRYING && move.attempt != ATTEMPT_NO_EFFECT);
}

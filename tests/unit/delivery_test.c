/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/delivery.h"
#include "support/suite.h"

#define NOW      (1800000000LL * US_PER_S)
#define OUTCOMES (OUTCOME_CONTINUED + 1)

static const struct delivery_rules rules = {
	.quarantine_us = 180 * US_PER_S,
	.negative_gap_us = 60 * US_PER_S,
	.doubt_life_us = 86400 * US_PER_S,
	.retry_base_us = 2 * US_PER_S,
	.retry_cap_us = 300 * US_PER_S,
	.tries_max = 8,
	.claims_max = 3,
};

static struct delivery_view view_of(enum post_state state, enum attempt_state attempt)
{
	return (struct delivery_view){
		.state = state,
		.attempt = attempt,
		.attempts = attempt == ATTEMPT_NONE ? 0 : 1,
		.claims = 1,
		.now_us = NOW,
		.due_us = NOW - US_PER_S,
		.sent_us = NOW - US_PER_S,
		.last_read_us = INSTANT_NONE,
		.late_limit_us = US_PER_HOUR,
		.jitter = 0x80000000,
	};
}

static struct delivery_move step(const struct delivery_view *v, enum phase phase,
				 enum outcome_kind kind)
{
	const struct outcome o = { .kind = kind };
	struct delivery_move m;

	delivery_step(&rules, v, phase, &o, &m);
	return m;
}

struct place { /* where an outcome can meet a post */
	enum phase phase;
	enum post_state state;
	enum attempt_state attempt;
	bool is_begun; /* an earlier part is live */
};

static const struct place places[] = {
	{ PHASE_STAGE, POST_STAGING, ATTEMPT_NONE, false },
	{ PHASE_STAGE, POST_STAGED, ATTEMPT_NONE, false },
	{ PHASE_STAGE, POST_STAGED, ATTEMPT_NO_EFFECT, false },
	{ PHASE_FIRE, POST_PUBLISHING, ATTEMPT_SENT, false },
	{ PHASE_CONFIRM, POST_CONFIRMING, ATTEMPT_EFFECT, false },
	{ PHASE_CONFIRM, POST_CONFIRMING, ATTEMPT_IN_DOUBT, false },
	{ PHASE_DOUBT, POST_CONFIRMING, ATTEMPT_IN_DOUBT, false },
	{ PHASE_STAGE, POST_PUBLISHING, ATTEMPT_EFFECT, true },
	{ PHASE_STAGE, POST_PUBLISHING, ATTEMPT_NO_EFFECT, true },
	{ PHASE_FIRE, POST_PUBLISHING, ATTEMPT_SENT, true },
	{ PHASE_CONFIRM, POST_CONFIRMING, ATTEMPT_IN_DOUBT, true },
	{ PHASE_DOUBT, POST_CONFIRMING, ATTEMPT_IN_DOUBT, true },
};

/* What is live in part is never called failed, never editable, and never loses what it noted. */
static void check_begun(const struct delivery_view *v, const struct delivery_move *m,
			enum attempt_state attempt)
{
	ck_assert(post_state_is_committed(m->state) || m->state == POST_PUBLISHED);
	ck_assert(m->keep_memo);
	if (m->is_partial) {
		ck_assert_int_eq(m->state, POST_PUBLISHED);
		ck_assert(m->is_event && !m->keep_lease);
	}
	/* The next permit is asked for in this state: nothing may be live by then. */
	if (m->state == POST_PUBLISHING)
		ck_assert(attempt == ATTEMPT_EFFECT || attempt == ATTEMPT_NO_EFFECT);
	if (v->attempt == ATTEMPT_EFFECT)
		ck_assert_int_eq(attempt, ATTEMPT_EFFECT);
}

/* What must hold of every decision, whatever the numbers are. */
static void check_move(const struct place *p, const struct delivery_view *v, enum outcome_kind kind,
		       const struct delivery_move *m)
{
	const bool is_done = post_state_is_terminal(m->state) || m->state == POST_UNCONFIRMED;
	const enum attempt_state attempt = m->attempt == ATTEMPT_NONE ? v->attempt : m->attempt;

	ck_assert_msg(post_state_may_become(v->state, m->state), "%s -> %s in phase %d by %d",
		      post_state_name(v->state), post_state_name(m->state), (int)p->phase,
		      (int)kind);
	ck_assert_int_eq(m->wake_us == INSTANT_NONE, is_done);
	if (!is_done)
		ck_assert_int_ge(m->wake_us, v->now_us);
	/* The promise: nobody stages or fires again, and nobody says "failed", over an open doubt. */
	if (m->state == POST_RETRYING || m->state == POST_FAILED || m->state == POST_STAGED)
		ck_assert(attempt == ATTEMPT_NONE || attempt == ATTEMPT_NO_EFFECT);
	if (m->state == POST_PUBLISHED && !m->is_partial)
		ck_assert_int_eq(attempt, ATTEMPT_EFFECT);
	if (v->attempt == ATTEMPT_EFFECT && !p->is_begun)
		ck_assert(m->state == POST_PUBLISHED || m->state == POST_CONFIRMING);
	ck_assert_int_eq(m->is_event, m->state != v->state && m->state != POST_CONFIRMING &&
					      m->state != POST_STAGED &&
					      m->state != POST_PUBLISHING);
	if (p->is_begun)
		check_begun(v, m, attempt);
	else
		ck_assert(!m->is_partial);
}

START_TEST(every_combination_has_a_lawful_answer)
{
	static const int tries[] = { 0, 1, 6, 7, 8, 100 };
	static const int64_t ages_s[] = { 0, 1, 100, 179, 180, 181, 4000, 86399, 86401, 900000 };
	const struct place *p = &places[_i];

	for (int kind = 0; kind < OUTCOMES; kind++) {
		for (size_t i = 0; i < ARRAY_LEN(tries) * ARRAY_LEN(ages_s) * 8; i++) {
			struct delivery_view v = view_of(p->state, p->attempt);
			struct delivery_move m;

			v.tries = tries[i % ARRAY_LEN(tries)];
			v.sent_us =
				NOW - ages_s[i / ARRAY_LEN(tries) % ARRAY_LEN(ages_s)] * US_PER_S;
			v.negatives = (int)(i & 1);
			v.last_read_us = i & 1 ? NOW - 61 * US_PER_S : INSTANT_NONE;
			v.is_immediate = (i & 2) != 0;
			v.attempts = v.attempts * (i & 4 ? 3 : 1);
			v.is_begun = p->is_begun;
			m = step(&v, p->phase, (enum outcome_kind)kind);
			check_move(p, &v, (enum outcome_kind)kind, &m);
		}
	}
}
END_TEST

struct row {
	enum phase phase;
	enum outcome_kind kind;
	enum post_state state;
	enum attempt_state attempt;
};

static const struct row first_answers[] = {
	{ PHASE_STAGE, OUTCOME_STAGED, POST_STAGED, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_PUBLISHED, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_STAGE, OUTCOME_DEFER, POST_RETRYING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_UNKNOWN, POST_RETRYING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_REFUSED, POST_FAILED, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_REAUTH, POST_RETRYING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_REFRESH, POST_RETRYING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_RESTAGE, POST_RETRYING, ATTEMPT_NONE },
	{ PHASE_FIRE, OUTCOME_PUBLISHED, POST_CONFIRMING, ATTEMPT_EFFECT },
	{ PHASE_FIRE, OUTCOME_ACCEPTED, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_FIRE, OUTCOME_DEFER, POST_RETRYING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_REFUSED, POST_FAILED, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_REAUTH, POST_RETRYING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_REFRESH, POST_RETRYING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_UNKNOWN, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_FIRE, OUTCOME_STAGED, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_FIRE, OUTCOME_ABSENT, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_FIRE, OUTCOME_RESTAGE, POST_RETRYING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_CONTINUED, POST_PUBLISHING, ATTEMPT_EFFECT },
	{ PHASE_DOUBT, OUTCOME_CONTINUED, POST_PUBLISHING, ATTEMPT_EFFECT },
	{ PHASE_DOUBT, OUTCOME_PUBLISHED, POST_CONFIRMING, ATTEMPT_EFFECT },
	{ PHASE_DOUBT, OUTCOME_UNKNOWN, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_DOUBT, OUTCOME_REFUSED, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_DOUBT, OUTCOME_ABSENT, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_DOUBT, OUTCOME_RESTAGE, POST_RETRYING, ATTEMPT_NO_EFFECT },
};

static const struct place *place_of(enum phase phase)
{
	for (size_t i = ARRAY_LEN(places); i-- > 0;) {
		if (places[i].phase == phase && places[i].state != POST_STAGED &&
		    !places[i].is_begun)
			return &places[i];
	}
	return NULL;
}

START_TEST(first_answer_is_the_documented_one)
{
	const struct row *row = &first_answers[_i];
	const struct place *p = place_of(row->phase);
	const struct delivery_view v = view_of(p->state, p->attempt);
	const struct delivery_move m = step(&v, row->phase, row->kind);

	ck_assert_int_eq(m.state, row->state);
	ck_assert_int_eq(m.attempt, row->attempt);
	ck_assert_int_eq(m.keep_memo, row->kind != OUTCOME_RESTAGE);
}
END_TEST

START_TEST(absence_counts_only_after_quarantine)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);
	struct delivery_move m;

	v.sent_us = NOW - rules.quarantine_us + 1;
	v.negatives = 1;
	v.last_read_us = NOW - US_PER_HOUR;
	m = step(&v, PHASE_DOUBT, OUTCOME_ABSENT);
	ck_assert_int_eq(m.state, POST_CONFIRMING);
	ck_assert_int_eq(m.negatives, 1);
	v.sent_us--;
	m = step(&v, PHASE_DOUBT, OUTCOME_ABSENT);
	ck_assert_int_eq(m.state, POST_RETRYING);
	ck_assert_int_eq(m.attempt, ATTEMPT_NO_EFFECT);
}
END_TEST

START_TEST(two_absences_must_lie_apart)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);
	struct delivery_move m;

	v.sent_us = NOW - US_PER_HOUR;
	m = step(&v, PHASE_DOUBT, OUTCOME_ABSENT);
	ck_assert_int_eq(m.negatives, 1);
	ck_assert_int_eq(m.state, POST_CONFIRMING);
	ck_assert_int_le(m.wake_us, NOW + rules.negative_gap_us + US_PER_MS);
	v.negatives = 1;
	v.last_read_us = NOW - rules.negative_gap_us + 1;
	m = step(&v, PHASE_DOUBT, OUTCOME_ABSENT);
	ck_assert_int_eq(m.negatives, 1);
	ck_assert_int_eq(m.state, POST_CONFIRMING);
}
END_TEST

START_TEST(third_attempt_is_the_last)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);

	v.attempts = DELIVERY_ATTEMPTS_MAX;
	v.sent_us = NOW - US_PER_HOUR;
	v.negatives = 1;
	v.last_read_us = NOW - 5 * US_PER_MIN;
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_ABSENT).state, POST_FAILED);
	v.attempts--;
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_ABSENT).state, POST_RETRYING);
}
END_TEST

START_TEST(doubt_reads_hit_quarantine_and_gap)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);
	int64_t seen_us = -1;

	v.sent_us = NOW;
	for (int reads = 0; reads < 40; reads++) {
		const int64_t next = delivery_doubt_wake(&rules, &v);

		ck_assert_int_gt(next, v.now_us);
		ck_assert_int_le(next - v.now_us, US_PER_HOUR);
		v.now_us = next;
		if (seen_us < 0 && next >= NOW + rules.quarantine_us)
			seen_us = next;
	}
	ck_assert_int_eq(seen_us, NOW + rules.quarantine_us + US_PER_MS);
	v.now_us = v.last_read_us = seen_us;
	v.negatives = 1;
	ck_assert_int_eq(delivery_doubt_wake(&rules, &v),
			 seen_us + rules.negative_gap_us + US_PER_MS);
}
END_TEST

START_TEST(doubt_past_its_life_is_a_question)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);
	struct delivery_move m;

	v.sent_us = NOW - rules.doubt_life_us - 1;
	m = step(&v, PHASE_DOUBT, OUTCOME_UNKNOWN);
	ck_assert_int_eq(m.state, POST_UNCONFIRMED);
	ck_assert(m.is_event);
	/* late evidence still wins */
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_PUBLISHED).attempt, ATTEMPT_EFFECT);
}
END_TEST

/* The first absence may be read in the doubt's last minute; one more look would prove it. */
START_TEST(first_absence_is_read_twice_past_the_end_of_the_doubt)
{
	struct delivery_view v = view_of(POST_CONFIRMING, ATTEMPT_IN_DOUBT);
	struct delivery_move m;

	v.sent_us = NOW - rules.doubt_life_us - 1;
	m = step(&v, PHASE_DOUBT, OUTCOME_ABSENT);
	ck_assert_int_eq(m.state, POST_CONFIRMING);
	ck_assert_int_eq(m.negatives, 1);
	ck_assert_int_eq(m.wake_us, NOW + rules.negative_gap_us + US_PER_MS);
	v.negatives = 1;
	v.last_read_us = NOW - rules.negative_gap_us + 1;
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_UNKNOWN).state, POST_CONFIRMING);
	v.last_read_us--;
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_UNKNOWN).state, POST_UNCONFIRMED);
	ck_assert_int_eq(step(&v, PHASE_DOUBT, OUTCOME_ABSENT).attempt, ATTEMPT_NO_EFFECT);
}
END_TEST

START_TEST(lost_lease_while_publishing_is_doubt)
{
	struct delivery_view v = view_of(POST_PUBLISHING, ATTEMPT_SENT);
	struct delivery_move m;

	delivery_lease_lost(&rules, &v, &m);
	ck_assert_int_eq(m.state, POST_CONFIRMING);
	ck_assert_int_eq(m.attempt, ATTEMPT_IN_DOUBT);
	v.attempt = ATTEMPT_NO_EFFECT;
	delivery_lease_lost(&rules, &v, &m);
	ck_assert_int_eq(m.state, POST_RETRYING);
}
END_TEST

static struct delivery_move step_of(const struct delivery_view *v, enum phase phase,
				    const struct outcome *o)
{
	struct delivery_move m;

	delivery_step(&rules, v, phase, o, &m);
	return m;
}

/* Neither throttling nor a renewal of the token is a failure of the post. */
START_TEST(waiting_for_others_uses_no_tries)
{
	static const struct outcome waits[] = {
		{ .kind = OUTCOME_DEFER, .error = { .code = POST_ERROR_RATE_LIMITED } },
		/* This host's full disk is not the post's fault. */
		{ .kind = OUTCOME_DEFER, .error = { .code = POST_ERROR_CONFIGURATION } },
		{ .kind = OUTCOME_DEFER,
		  .retry_after_s = 3600,
		  .error = { .code = POST_ERROR_RATE_LIMITED } },
		{ .kind = OUTCOME_REFRESH, .error = { .code = POST_ERROR_TOKEN_EXPIRED } },
	};
	static const enum phase phases[] = { PHASE_STAGE, PHASE_FIRE };

	for (size_t i = 0; i < ARRAY_LEN(waits) * ARRAY_LEN(phases); i++) {
		const enum phase phase = phases[i % ARRAY_LEN(phases)];
		const struct outcome *o = &waits[i / ARRAY_LEN(phases)];
		const struct place *p = place_of(phase);
		struct delivery_view v = view_of(p->state, p->attempt);
		struct delivery_move m;

		v.tries = rules.tries_max - 1;
		m = step_of(&v, phase, o);
		ck_assert_int_eq(m.state, POST_RETRYING);
		ck_assert_int_eq(m.tries, v.tries);
		ck_assert_int_ge(m.wake_us - NOW, US_PER_MIN);
		/* Nothing else would end what was asked for at once. */
		v.is_immediate = true;
		ck_assert_int_eq(step_of(&v, phase, o).state, POST_FAILED);
	}
}
END_TEST

START_TEST(published_before_the_fire_is_looked_up)
{
	static const enum attempt_state attempts[] = { ATTEMPT_NONE, ATTEMPT_NO_EFFECT };

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		struct delivery_view v = view_of(POST_STAGING, attempts[i]);
		struct delivery_move m;

		v.tries = rules.tries_max + 1;
		v.negatives = 2;
		m = step(&v, PHASE_STAGE, OUTCOME_PUBLISHED);
		ck_assert_int_eq(m.state, POST_CONFIRMING);
		ck_assert_int_eq(m.attempt, ATTEMPT_IN_DOUBT);
		ck_assert_int_eq(m.negatives, 0);
		ck_assert(m.keep_lease && m.keep_memo);
	}
}
END_TEST

START_TEST(claims_without_progress_end_honestly)
{
	static const struct {
		enum post_state from;
		enum attempt_state attempt;
		enum post_state to;
	} rows[] = {
		{ POST_STAGING, ATTEMPT_NONE, POST_FAILED },
		{ POST_STAGED, ATTEMPT_NO_EFFECT, POST_FAILED },
		{ POST_CONFIRMING, ATTEMPT_IN_DOUBT, POST_UNCONFIRMED },
		{ POST_CONFIRMING, ATTEMPT_EFFECT, POST_PUBLISHED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct delivery_view v = view_of(rows[i].from, rows[i].attempt);
		struct delivery_move m;

		v.claims = rules.claims_max;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, rows[i].from);
		ck_assert(m.keep_lease);
		v.claims++;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, rows[i].to);
		ck_assert(m.is_event);
		ck_assert(!m.keep_lease);
	}
}
END_TEST

static const struct row begun_answers[] = {
	{ PHASE_STAGE, OUTCOME_STAGED, POST_PUBLISHING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_PUBLISHED, POST_PUBLISHING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_DEFER, POST_PUBLISHING, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_REFUSED, POST_PUBLISHED, ATTEMPT_NONE },
	{ PHASE_STAGE, OUTCOME_REAUTH, POST_PUBLISHING, ATTEMPT_NONE },
	{ PHASE_FIRE, OUTCOME_CONTINUED, POST_PUBLISHING, ATTEMPT_EFFECT },
	{ PHASE_FIRE, OUTCOME_PUBLISHED, POST_CONFIRMING, ATTEMPT_EFFECT },
	{ PHASE_FIRE, OUTCOME_DEFER, POST_PUBLISHING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_REFRESH, POST_PUBLISHING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_RESTAGE, POST_PUBLISHING, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_REFUSED, POST_PUBLISHED, ATTEMPT_NO_EFFECT },
	{ PHASE_FIRE, OUTCOME_UNKNOWN, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
	{ PHASE_DOUBT, OUTCOME_CONTINUED, POST_PUBLISHING, ATTEMPT_EFFECT },
	{ PHASE_DOUBT, OUTCOME_PUBLISHED, POST_CONFIRMING, ATTEMPT_EFFECT },
	{ PHASE_DOUBT, OUTCOME_UNKNOWN, POST_CONFIRMING, ATTEMPT_IN_DOUBT },
};

START_TEST(begun_post_stays_committed)
{
	const struct row *row = &begun_answers[_i];
	const struct place *p = place_of(row->phase);
	struct delivery_view v = view_of(p->state, p->attempt);
	struct delivery_move m;

	v.is_begun = true;
	if (row->phase == PHASE_STAGE) {
		v.state = POST_PUBLISHING;
		v.attempt = ATTEMPT_EFFECT;
		v.attempts = 0;
	}
	m = step(&v, row->phase, row->kind);
	ck_assert_int_eq(m.state, row->state);
	ck_assert_int_eq(m.attempt, row->attempt);
	ck_assert_int_eq(m.is_partial, row->state == POST_PUBLISHED);
}
END_TEST

/* Each part has tries of its own, but no part goes on longer than the account's patience. */
START_TEST(begun_post_counts_tries_by_part)
{
	struct delivery_view v = view_of(POST_PUBLISHING, ATTEMPT_SENT);

	v.is_begun = true;
	v.tries = rules.tries_max - 1;
	ck_assert_int_eq(step(&v, PHASE_FIRE, OUTCOME_CONTINUED).tries, 0);
	ck_assert(step(&v, PHASE_FIRE, OUTCOME_DEFER).is_partial);
	v.tries = 0;
	ck_assert(!step(&v, PHASE_FIRE, OUTCOME_DEFER).is_partial);
	v.due_us = NOW - v.late_limit_us - 1;
	ck_assert(step(&v, PHASE_FIRE, OUTCOME_DEFER).is_partial);
	ck_assert(step(&v, PHASE_FIRE, OUTCOME_REFRESH).is_partial);
	ck_assert(step(&v, PHASE_FIRE, OUTCOME_REAUTH).is_partial);
	ck_assert(!step(&v, PHASE_FIRE, OUTCOME_CONTINUED).is_partial);
}
END_TEST

START_TEST(lost_lease_between_parts_goes_on)
{
	static const enum attempt_state attempts[] = { ATTEMPT_EFFECT, ATTEMPT_NO_EFFECT };

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		struct delivery_view v = view_of(POST_PUBLISHING, attempts[i]);
		struct delivery_move m;

		v.is_begun = true;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, POST_PUBLISHING);
		ck_assert_int_eq(m.attempt, ATTEMPT_NONE);
		ck_assert(m.keep_lease && m.keep_memo && !m.is_event);
		v.claims = rules.claims_max + 1;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, POST_PUBLISHED);
		ck_assert(m.is_partial && m.is_event && !m.keep_lease);
		/* A part that may have left is a doubt as ever. */
		v.attempt = ATTEMPT_SENT;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, POST_CONFIRMING);
		ck_assert_int_eq(m.attempt, ATTEMPT_IN_DOUBT);
		/* The last part is out: nothing is left but to say so. */
		v.attempt = ATTEMPT_EFFECT;
		v.is_begun = false;
		delivery_lease_lost(&rules, &v, &m);
		ck_assert_int_eq(m.state, POST_CONFIRMING);
	}
}
END_TEST

START_TEST(words_go_both_ways)
{
	for (int i = 0; i < POST_STATES; i++) {
		enum post_state s = POST_STATES;

		ck_assert_int_eq(post_state_parse(post_state_name((enum post_state)i), &s), 0);
		ck_assert_int_eq((int)s, i);
		ck_assert_ptr_nonnull(post_status_a(s));
		ck_assert_ptr_nonnull(post_status_b(s));
		ck_assert(!(post_state_is_terminal(s) && post_state_is_editable(s)));
		ck_assert(!(post_state_is_committed(s) && post_state_is_editable(s)));
	}
	ck_assert_int_eq(post_state_parse("posted", &(enum post_state){ 0 }), -1);
	ck_assert_int_eq(post_state_parse(NULL, &(enum post_state){ 0 }), -1);
	ck_assert_str_eq(post_status_a(POST_MISSED), "failed");
	ck_assert_str_eq(post_status_b(POST_PUBLISHED), "posted");
	ck_assert_ptr_null(post_error_name(POST_ERROR_NONE));
	ck_assert_str_eq(post_error_name(POST_ERROR_UNKNOWN), "unknown_error");
	ck_assert_str_eq(who_name(WHO_PLATFORM), "platform");
}
END_TEST

START_TEST(committed_states_never_go_back_unproven)
{
	ck_assert(!post_state_may_become(POST_PUBLISHED, POST_QUEUED));
	ck_assert(!post_state_may_become(POST_PUBLISHING, POST_CANCELLED));
	ck_assert(!post_state_may_become(POST_CONFIRMING, POST_CANCELLED));
	ck_assert(!post_state_may_become(POST_UNCONFIRMED, POST_CANCELLED));
	ck_assert(!post_state_may_become(POST_QUEUED, POST_PUBLISHING));
	ck_assert(post_state_may_become(POST_STAGED, POST_PUBLISHING));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_combination_has_a_lawful_answer, (int)ARRAY_LEN(places) },
		{ first_answer_is_the_documented_one, (int)ARRAY_LEN(first_answers) },
		{ absence_counts_only_after_quarantine, 0 },
		{ two_absences_must_lie_apart, 0 },
		{ third_attempt_is_the_last, 0 },
		{ doubt_reads_hit_quarantine_and_gap, 0 },
		{ doubt_past_its_life_is_a_question, 0 },
		{ first_absence_is_read_twice_past_the_end_of_the_doubt, 0 },
		{ lost_lease_while_publishing_is_doubt, 0 },
		{ waiting_for_others_uses_no_tries, 0 },
		{ published_before_the_fire_is_looked_up, 0 },
		{ claims_without_progress_end_honestly, 0 },
		{ begun_post_stays_committed, (int)ARRAY_LEN(begun_answers) },
		{ begun_post_counts_tries_by_part, 0 },
		{ lost_lease_between_parts_goes_on, 0 },
		{ words_go_both_ways, 0 },
		{ committed_states_never_go_back_unproven, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "delivery",
		.cases = cases,
	});
}

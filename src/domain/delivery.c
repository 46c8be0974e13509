/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/delivery.h"

#include <string.h>

#include "base/bug.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/retry.h"

#define BIT(state) (1u << POST_##state)
/* Until the irreversible call begins, a post may be edited, cancelled, paused, failed or missed. */
#define ANY_EXIT   (BIT(CANCELLED) | BIT(PAUSED) | BIT(FAILED) | BIT(MISSED))

struct state_row {
	const char *name, *family_a, *family_b;
	bool is_terminal, is_editable, is_committed;
	unsigned next; /* states that may follow; staying is always allowed */
};

/* clang-format off */
static const struct state_row states[POST_STATES] = {
	/*                     name           A            B            term   edit   commit next */
	[POST_QUEUED]      = { "queued",      "pending",   "scheduled", false, true,  false,
			       BIT(STAGING) | BIT(RETRYING) | ANY_EXIT },
	[POST_STAGING]     = { "staging",     "pending",   "scheduled", false, true,  false,
			       BIT(QUEUED) | BIT(STAGED) | BIT(RETRYING) | BIT(CONFIRMING) |
				       ANY_EXIT },
	[POST_STAGED]      = { "staged",      "pending",   "scheduled", false, true,  false,
			       BIT(QUEUED) | BIT(STAGING) | BIT(RETRYING) | BIT(PUBLISHING) |
				       BIT(CONFIRMING) | ANY_EXIT },
	[POST_PUBLISHING]  = { "publishing",  "pending",   "scheduled", false, false, true,
			       BIT(CONFIRMING) | BIT(RETRYING) | BIT(STAGED) | BIT(PUBLISHED) | BIT(FAILED) |
				       BIT(UNCONFIRMED) },
	[POST_CONFIRMING]  = { "confirming",  "pending",   "scheduled", false, false, true,
			       BIT(PUBLISHED) | BIT(RETRYING) | BIT(UNCONFIRMED) | BIT(FAILED) |
				       BIT(PUBLISHING) },
	[POST_RETRYING]    = { "retrying",    "pending",   "scheduled", false, true,  false,
			       BIT(QUEUED) | BIT(STAGING) | ANY_EXIT },
	[POST_UNCONFIRMED] = { "unconfirmed", "pending",   "scheduled", false, false, true,
			       BIT(PUBLISHED) | BIT(RETRYING) | BIT(CONFIRMING) | BIT(PUBLISHING) },
	[POST_PUBLISHED]   = { "published",   "published", "posted",    true,  false, false, 0 },
	[POST_FAILED]      = { "failed",      "failed",    "failed",    true,  false, false,
			       BIT(QUEUED) | BIT(STAGING) },
	[POST_MISSED]      = { "missed",      "failed",    "failed",    true,  false, false,
			       BIT(QUEUED) | BIT(STAGING) },
	[POST_CANCELLED]   = { "cancelled",   "cancelled", "cancelled", true,  false, false,
			       BIT(QUEUED) },
	[POST_PAUSED]      = { "paused",      "pending",   "scheduled", false, true,  false,
			       BIT(QUEUED) | BIT(MISSED) | BIT(CANCELLED) },
};
/* clang-format on */

const char *post_state_name(enum post_state s)
{
	return states[s].name;
}

int post_state_parse(const char *name, enum post_state *ret)
{
	for (int i = 0; name && i < POST_STATES; i++) {
		if (strcmp(states[i].name, name) == 0) {
			*ret = (enum post_state)i;
			return 0;
		}
	}
	return -1;
}

const char *post_status_a(enum post_state s)
{
	return states[s].family_a;
}

const char *post_status_b(enum post_state s)
{
	return states[s].family_b;
}

bool post_state_is_terminal(enum post_state s)
{
	return states[s].is_terminal;
}

bool post_state_is_editable(enum post_state s)
{
	return states[s].is_editable;
}

bool post_state_is_committed(enum post_state s)
{
	return states[s].is_committed;
}

bool post_state_may_become(enum post_state from, enum post_state to)
{
	return from == to || (states[from].next & (1u << to)) != 0;
}

static const char *const error_names[] = {
	NULL,
	"token_expired",
	"rate_limited",
	"content_rejected",
	"media_rejected",
	"network_error",
	"platform_error",
	"configuration_error",
	"missed",
	"unknown_error",
};
static const char *const who_names[] = { "you", "account_owner", "operator", "platform" };

const char *post_error_name(enum post_error_code code)
{
	return error_names[code];
}

const char *who_name(enum who who)
{
	return who_names[who];
}

/* A decision under way. */
struct step {
	const struct delivery_rules *rules;
	const struct delivery_view *view;
	const struct outcome *outcome;
	struct delivery_move *ret;
};

typedef void act_fn(const struct step *s);

static void move_to(const struct step *s, enum post_state state, int64_t wake_us)
{
	s->ret->state = state;
	s->ret->wake_us = wake_us;
	s->ret->is_event =
		state != s->view->state &&
		(states[state].is_terminal || state == POST_RETRYING || state == POST_UNCONFIRMED);
}

/* An attempt that is live and proven void is closed, whatever happens to the post. */
static void close_attempt(const struct step *s, enum attempt_state state)
{
	if (s->view->attempt == ATTEMPT_SENT || s->view->attempt == ATTEMPT_IN_DOUBT)
		s->ret->attempt = state;
}

static void act_staged(const struct step *s)
{
	/* Between two parts the post stays committed: nobody edits or cancels what is out. */
	move_to(s, s->view->is_begun ? POST_PUBLISHING : POST_STAGED, s->view->now_us);
	/* Tries go on counting once a fire was turned away, or such a post would never give up. */
	if (s->view->attempts == 0)
		s->ret->tries = 0;
	s->ret->keep_lease = true;
}

static void act_fail(const struct step *s)
{
	close_attempt(s, ATTEMPT_NO_EFFECT);
	s->ret->is_partial = s->view->is_begun;
	move_to(s, s->view->is_begun ? POST_PUBLISHED : POST_FAILED, INSTANT_NONE);
}

static void wait_until(const struct step *s, int64_t wake_us)
{
	close_attempt(s, ATTEMPT_NO_EFFECT);
	move_to(s, s->view->is_begun ? POST_PUBLISHING : POST_RETRYING, wake_us);
}

static bool is_overdue(const struct step *s)
{
	return s->view->now_us > s->view->due_us + s->view->late_limit_us;
}

static bool is_throttled(const struct step *s)
{
	return s->outcome->error.code == POST_ERROR_RATE_LIMITED;
}

/* Nothing was sent because of this host, which knows no better: a full disk, a permit used too late. */
static bool is_held_up_here(const struct step *s)
{
	return s->outcome->kind == OUTCOME_DEFER &&
	       s->outcome->error.code == POST_ERROR_CONFIGURATION && !BUG(journal_failure_counts);
}

/*
 * Waiting for others is no failure: it uses up no tries, the account's late policy ends it. What
 * was asked for at once has no such end, so there it counts.
 */
static int next_tries(const struct step *s, bool is_wait)
{
	return is_wait && !s->view->is_immediate ? s->view->tries : s->view->tries + 1;
}

static int64_t back_off(const struct step *s)
{
	const struct delivery_rules *r = s->rules;
	const int64_t asked = s->outcome->retry_after_s * US_PER_S;

	/* Throttled without a word on how long: the longest wait, more calls prolong it. */
	if (asked == 0 && is_throttled(s))
		return retry_throttle_us(0, r->retry_cap_us, r->retry_cap_us, 0, s->view->jitter);
	if (asked > 0)
		return retry_throttle_us(s->view->tries, r->retry_base_us, r->retry_cap_us, asked,
					 s->view->jitter);
	return retry_fault_us(s->view->tries, r->retry_base_us, r->retry_cap_us, s->view->jitter);
}

/* Again later: from a fire or a doubt only because its kind is proof that nothing happened. */
static void act_retry(const struct step *s)
{
	const bool is_spent =
		s->view->attempt == ATTEMPT_IN_DOUBT && s->view->attempts >= DELIVERY_ATTEMPTS_MAX;
	const int tries = next_tries(s, is_throttled(s) || is_held_up_here(s));

	if (is_spent || tries >= s->rules->tries_max || (s->view->is_begun && is_overdue(s))) {
		act_fail(s);
		return;
	}
	wait_until(s, s->view->now_us + back_off(s));
	s->ret->tries = tries;
}

static void act_restage(const struct step *s)
{
	act_retry(s);
	s->ret->keep_memo = s->view->is_begun; /* the uploads of the parts to come are in it */
}

/*
 * The account must be connected again. Somebody who waits for the answer gets it at once; a
 * scheduled post waits as long as it may still be published.
 */
static void act_wait_account(const struct step *s)
{
	if (s->view->is_immediate || is_overdue(s)) {
		act_fail(s);
		return;
	}
	wait_until(s, s->view->now_us + US_PER_MIN);
}

/* The token is being renewed; whoever renews it wakes the post earlier than that. */
static void act_wait_token(const struct step *s)
{
	const int tries = next_tries(s, true);

	if (tries >= s->rules->tries_max || (s->view->is_begun && is_overdue(s))) {
		act_fail(s);
		return;
	}
	wait_until(s, s->view->now_us + US_PER_MIN);
	s->ret->tries = tries;
}

/*
 * Before anything was sent the platform says that it is out already: an earlier fire, counted as
 * void or forgotten, had its effect. Nothing is sent again; what is there is looked up.
 */
static void act_already(const struct step *s)
{
	/* Which parts are out is told by their attempts; here it would be said of an earlier one. */
	if (s->view->is_begun) {
		act_retry(s);
		return;
	}
	s->ret->attempt = ATTEMPT_IN_DOUBT;
	move_to(s, POST_CONFIRMING, s->view->now_us);
	s->ret->tries = s->ret->negatives = 0;
	s->ret->keep_lease = true;
}

/* Effect is proven: what remains (address, first comment) can no longer fail the post. */
static void act_effect(const struct step *s)
{
	close_attempt(s, ATTEMPT_EFFECT);
	move_to(s, POST_CONFIRMING, s->view->now_us);
	s->ret->tries = 0;
	s->ret->keep_lease = true;
}

/* One part is out; the next one has a permit, tries and doubts of its own. */
static void act_continued(const struct step *s)
{
	close_attempt(s, ATTEMPT_EFFECT);
	move_to(s, POST_PUBLISHING, s->view->now_us);
	s->ret->tries = s->ret->negatives = 0;
	s->ret->keep_lease = true;
}

static void act_published(const struct step *s)
{
	close_attempt(s, ATTEMPT_EFFECT);
	move_to(s, POST_PUBLISHED, INSTANT_NONE);
}

static int64_t asked_wake(const struct step *s, int64_t wake_us)
{
	const int64_t asked = s->view->now_us + s->outcome->retry_after_s * US_PER_S;

	return asked > wake_us ? asked : wake_us;
}

/* Nothing was found, and one more look may prove that: it is not given up in between. */
static bool is_half_proven(const struct step *s)
{
	const struct delivery_view *v = s->view;

	return v->negatives > 0 && v->last_read_us != INSTANT_NONE &&
	       v->now_us - v->last_read_us < s->rules->negative_gap_us;
}

/* The doubt stays; one that no reading could settle in its life becomes a question to people. */
static void act_doubt(const struct step *s)
{
	const struct delivery_view *v = s->view;

	close_attempt(s, ATTEMPT_IN_DOUBT);
	s->ret->tries = 0;
	if (v->now_us - v->sent_us > s->rules->doubt_life_us && !is_half_proven(s)) {
		move_to(s, POST_UNCONFIRMED, INSTANT_NONE);
		return;
	}
	move_to(s, POST_CONFIRMING, asked_wake(s, delivery_doubt_wake(s->rules, v)));
}

/* Taken, and worked on: polled like a doubt, but by its handle. */
static void act_accepted(const struct step *s)
{
	act_doubt(s);
}

static void act_absent(const struct step *s)
{
	const struct delivery_view *v = s->view;
	const bool is_apart = v->last_read_us == INSTANT_NONE || BUG(absences_not_apart) ||
			      v->now_us - v->last_read_us >= s->rules->negative_gap_us;
	struct delivery_view seen = *v;
	const struct step after = { s->rules, &seen, s->outcome, s->ret };

	if ((v->now_us < v->sent_us + s->rules->quarantine_us && !BUG(no_quarantine)) ||
	    !is_apart) {
		act_doubt(s);
		return;
	}
	seen.negatives = v->negatives + 1;
	seen.last_read_us = v->now_us;
	if (seen.negatives >= 2 || BUG(one_absence_suffices))
		act_retry(&after);
	else
		act_doubt(&after);
	s->ret->negatives = seen.negatives;
}

/* A live post whose last details cannot be had is published all the same. */
static void act_confirm_fault(const struct step *s)
{
	if (s->view->attempt != ATTEMPT_EFFECT) {
		act_doubt(s);
		return;
	}
	if (s->view->tries + 1 >= s->rules->tries_max / 2) {
		act_published(s);
		return;
	}
	move_to(s, POST_CONFIRMING, s->view->now_us + back_off(s));
	s->ret->tries = s->view->tries + 1;
}

static void act_confirm_refused(const struct step *s)
{
	if (s->view->attempt == ATTEMPT_EFFECT)
		act_published(s);
	else
		act_fail(s);
}

static void act_confirm_restage(const struct step *s)
{
	if (s->view->attempt == ATTEMPT_EFFECT)
		act_published(s);
	else
		act_restage(s);
}

#define OUTCOMES (OUTCOME_CONTINUED + 1)

/* clang-format off */
static act_fn *const acts[PHASE_DOUBT + 1][OUTCOMES] = {
	[PHASE_STAGE] = {
		[OUTCOME_STAGED]    = act_staged,
		[OUTCOME_PUBLISHED] = act_already,
		[OUTCOME_ACCEPTED]  = act_retry,     /* cannot be */
		[OUTCOME_DEFER]     = act_retry,
		[OUTCOME_REFUSED]   = act_fail,
		[OUTCOME_REAUTH]    = act_wait_account,
		[OUTCOME_REFRESH]   = act_wait_token,
		[OUTCOME_UNKNOWN]   = act_retry,
		[OUTCOME_ABSENT]    = act_retry,     /* cannot be */
		[OUTCOME_RESTAGE]   = act_restage,
		[OUTCOME_CONTINUED] = act_retry,     /* cannot be */
	},
	[PHASE_FIRE] = {
		[OUTCOME_STAGED]    = act_doubt,     /* cannot be */
		[OUTCOME_PUBLISHED] = act_effect,
		[OUTCOME_ACCEPTED]  = act_accepted,
		[OUTCOME_DEFER]     = act_retry,
		[OUTCOME_REFUSED]   = act_fail,
		[OUTCOME_REAUTH]    = act_wait_account,
		[OUTCOME_REFRESH]   = act_wait_token,
		[OUTCOME_UNKNOWN]   = act_doubt,
		[OUTCOME_ABSENT]    = act_doubt,     /* cannot be */
		[OUTCOME_RESTAGE]   = act_restage,
		[OUTCOME_CONTINUED] = act_continued,
	},
	[PHASE_CONFIRM] = {
		[OUTCOME_STAGED]    = act_confirm_fault, /* cannot be */
		[OUTCOME_PUBLISHED] = act_published,
		[OUTCOME_ACCEPTED]  = act_confirm_fault,
		[OUTCOME_DEFER]     = act_confirm_fault,
		[OUTCOME_REFUSED]   = act_confirm_refused,
		[OUTCOME_REAUTH]    = act_confirm_fault,
		[OUTCOME_REFRESH]   = act_confirm_fault,
		[OUTCOME_UNKNOWN]   = act_confirm_fault,
		[OUTCOME_ABSENT]    = act_confirm_fault, /* cannot be */
		[OUTCOME_RESTAGE]   = act_confirm_restage,
		[OUTCOME_CONTINUED] = act_confirm_fault, /* cannot be */
	},
	[PHASE_DOUBT] = {
		[OUTCOME_STAGED]    = act_doubt,     /* cannot be */
		[OUTCOME_PUBLISHED] = act_effect,
		[OUTCOME_ACCEPTED]  = act_accepted,
		[OUTCOME_DEFER]     = act_doubt,
		[OUTCOME_REFUSED]   = act_doubt,     /* a read cannot refuse: it says nothing */
		[OUTCOME_REAUTH]    = act_doubt,
		[OUTCOME_REFRESH]   = act_doubt,
		[OUTCOME_UNKNOWN]   = act_doubt,
		[OUTCOME_ABSENT]    = act_absent,
		[OUTCOME_RESTAGE]   = act_restage,
		[OUTCOME_CONTINUED] = act_continued,
	},
};
/* clang-format on */

static void stay(const struct delivery_view *view, struct delivery_move *ret)
{
	*ret = (struct delivery_move){
		.state = view->state,
		.attempt = ATTEMPT_NONE,
		.wake_us = view->now_us,
		.tries = view->tries,
		.negatives = view->negatives,
		.keep_memo = true,
	};
}

void delivery_step(const struct delivery_rules *rules, const struct delivery_view *view,
		   enum phase phase, const struct outcome *outcome, struct delivery_move *ret)
{
	const struct step s = { rules, view, outcome, ret };

	stay(view, ret);
	const bool is_void =
		phase == PHASE_FIRE && outcome->kind == OUTCOME_UNKNOWN && BUG(doubt_is_void);
	acts[phase][is_void ? OUTCOME_DEFER : outcome->kind](&s);
}

int64_t delivery_doubt_wake(const struct delivery_rules *rules, const struct delivery_view *view)
{
	static const int64_t ages_s[] = { 2, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600 };
	const int64_t age_us = view->now_us - view->sent_us;
	int64_t wake_us = view->now_us + US_PER_HOUR;

	for (size_t i = ARRAY_LEN(ages_s); i-- > 0;) {
		if (ages_s[i] * US_PER_S > age_us)
			wake_us = view->sent_us + ages_s[i] * US_PER_S;
	}
	/* The two readings that may prove absence are never slept through. One millisecond more:
	 * the column that holds the instant has no finer grain. */
	if (view->sent_us + rules->quarantine_us > view->now_us &&
	    view->sent_us + rules->quarantine_us < wake_us)
		wake_us = view->sent_us + rules->quarantine_us + US_PER_MS;
	if (view->negatives > 0 && view->last_read_us != INSTANT_NONE &&
	    view->last_read_us + rules->negative_gap_us >= view->now_us &&
	    view->last_read_us + rules->negative_gap_us < wake_us)
		wake_us = view->last_read_us + rules->negative_gap_us + US_PER_MS;
	return wake_us;
}

static void lost_publishing(const struct step *s)
{
	const bool is_live =
		s->view->attempt == ATTEMPT_SENT || s->view->attempt == ATTEMPT_IN_DOUBT;

	/* Between two parts: the next one's turn, unless nobody ever gets that far. */
	if (s->view->is_begun && !is_live) {
		s->ret->keep_lease = s->view->claims <= s->rules->claims_max;
		if (!s->ret->keep_lease)
			act_fail(s);
		return;
	}
	/* No live attempt: the permit never was, so nothing can have been sent. */
	if (s->view->attempt == ATTEMPT_NONE || s->view->attempt == ATTEMPT_NO_EFFECT ||
	    BUG(lease_lost_resends)) {
		move_to(s, POST_RETRYING, s->view->now_us);
		s->ret->keep_lease = false;
		return;
	}
	if (s->view->attempt != ATTEMPT_EFFECT)
		close_attempt(s, ATTEMPT_IN_DOUBT);
	move_to(s, POST_CONFIRMING, s->view->now_us);
}

void delivery_lease_lost(const struct delivery_rules *rules, const struct delivery_view *view,
			 struct delivery_move *ret)
{
	const struct outcome none = { .kind = OUTCOME_UNKNOWN };
	const struct step s = { rules, view, &none, ret };

	stay(view, ret);
	ret->keep_lease = true;
	if (view->state == POST_PUBLISHING) {
		lost_publishing(&s);
		return;
	}
	if (view->claims <= rules->claims_max || states[view->state].is_terminal)
		return;
	ret->keep_lease = false;
	if (!states[view->state].is_committed)
		move_to(&s, POST_FAILED, INSTANT_NONE);
	else if (view->attempt == ATTEMPT_EFFECT)
		move_to(&s, POST_PUBLISHED, INSTANT_NONE);
	else
		move_to(&s, POST_UNCONFIRMED, INSTANT_NONE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery - states of a scheduled post and the moves that are allowed; pure
 * Layer domain. The runner, publish-now, the store's conditional updates and the tests share this
 * table. Anything not listed is refused and logged as a bug.
 */
#ifndef CARILLON_DOMAIN_DELIVERY_H
#define CARILLON_DOMAIN_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/outcome.h"

enum post_state { /* the words of the API and of the schema, same order as posts.state */
		  POST_QUEUED,
		  POST_STAGING,
		  POST_STAGED,
		  POST_PUBLISHING,
		  POST_CONFIRMING,
		  POST_RETRYING,
		  POST_UNCONFIRMED,
		  POST_PUBLISHED,
		  POST_FAILED,
		  POST_MISSED,
		  POST_CANCELLED,
		  POST_PAUSED,
		  POST_STATES
};

enum attempt_state {
	ATTEMPT_NONE,
	ATTEMPT_SENT,
	ATTEMPT_IN_DOUBT,
	ATTEMPT_EFFECT,
	ATTEMPT_NO_EFFECT
};

enum phase { PHASE_STAGE, PHASE_FIRE, PHASE_CONFIRM, PHASE_DOUBT };

const char *post_state_name(enum post_state s);
int post_state_parse(const char *name, enum post_state *ret); /* -1 unknown */
/* pending | published | failed | cancelled (family A), scheduled | posted | failed | cancelled (B) */
const char *post_status_a(enum post_state s);
const char *post_status_b(enum post_state s);
bool post_state_is_terminal(enum post_state s);
bool post_state_is_editable(
	enum post_state
		s); /* before the irreversible call: queued staging staged retrying paused */
bool post_state_is_committed(enum post_state s); /* publishing confirming unconfirmed */
bool post_state_may_become(enum post_state from, enum post_state to);

/* Limits of the protocol, from settings. */
struct delivery_rules {
	int64_t quarantine_us, negative_gap_us, doubt_life_us, retry_base_us, retry_cap_us;
	int tries_max, claims_max;
};

/* What the decision needs to know of a post and its live attempt. */
struct delivery_view {
	enum post_state state;
	enum attempt_state attempt;
	bool is_immediate;
	/* Earlier parts of the post are live and more are to come: whatever happens, it is out. */
	bool is_begun;
	int tries, negatives;
	int attempts; /* of this part; a post that is not sent in parts has just the one */
	int claims;   /* claims since the last recorded progress, this one included */
	int64_t now_us, due_us;
	int64_t sent_us;       /* permit of the live attempt */
	int64_t last_read_us;  /* last covered negative read; INSTANT_NONE */
	int64_t late_limit_us; /* publish_within of the account */
	uint32_t jitter;       /* random input, so that the function stays pure */
};

/* The decision: new states and when to look again. */
struct delivery_move {
	enum post_state state;
	enum attempt_state attempt; /* ATTEMPT_NONE: leave it */
	int64_t wake_us;            /* INSTANT_NONE: never (terminal) */
	int tries, negatives;
	bool is_event;   /* an outbox event belongs to this move */
	bool keep_memo;  /* false: what was staged is void */
	bool keep_lease; /* the claimer goes on with it */
	bool is_partial; /* published, but not whole: the outcome's error says why */
};

/*
 * One pure decision: a phase ended with an outcome. Every combination has an answer; impossible
 * ones (e.g. STAGED from a fire) come back as UNKNOWN treated by the phase's rule.
 */
void delivery_step(const struct delivery_rules *rules, const struct delivery_view *view,
		   enum phase phase, const struct outcome *outcome, struct delivery_move *ret);

/* Attempts of one part, the first included: a further one needs proof that the last had no effect. */
#define DELIVERY_ATTEMPTS_MAX 3

/* When a doubt is looked into next, seen from its age; never NONE. */
int64_t delivery_doubt_wake(const struct delivery_rules *rules, const struct delivery_view *view);

/*
 * A lease ran out (its holder is dead or stalled), or a row is taken up as it stands. A post that
 * was claimed too often without progress is set aside: failed before the irreversible call,
 * unconfirmed after it.
 */
void delivery_lease_lost(const struct delivery_rules *rules, const struct delivery_view *view,
			 struct delivery_move *ret);

#endif

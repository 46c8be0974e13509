/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world - a small, exact model of everything that one post meets on its way out
 * Two runners, the post's row with its attempts, the hosts' journals, the network and the platform.
 * What decides is the real domain/delivery; what stands around it is as the statements of
 * store/queue, store/attempts and store/postchange and the steps of publish/ have it. A world is
 * bytes only, so that it can be compared and hashed as memory.
 *
 * Time is counted in ticks. Only waiting for others takes any, and leases are renewed meanwhile,
 * until a process stands still: then time passes it by. The times that the protocol relies on
 * follow each other without slack: a request leaves before its permit is SEND_TICKS old, arrives
 * FLY_TICKS later at the latest, and SEEN_TICKS after that every reading shows what it did.
 */
#ifndef CARILLON_TESTS_MODEL_WORLD_H
#define CARILLON_TESTS_MODEL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/delivery.h"

enum {
	RUNNERS = 2,
	PERMITS = 6, /* 0 is none */
	WIRES = 3,
	SEND_TICKS = 1,
	FLY_TICKS = 1,
	SEEN_TICKS = 1,
	QUARANTINE_TICKS = SEND_TICKS + FLY_TICKS + SEEN_TICKS,
	GAP_TICKS = 1,
	LIFE_TICKS = 5,
	AGE_MAX = LIFE_TICKS + 1 + GAP_TICKS, /* what is not found in the end is looked for again */
	LEASE_TICKS = SEND_TICKS + 1,
	NEVER = 255,
};

enum kind { ORDINARY, FAULT, CRASH, STALL, HUMAN, AMBIGUOUS, FAILOVER, KINDS };

enum bug { /* planted one at a time, to see that each is found */
	   BUG_NONE,
	   BUG_RESEND_ON_LEASE_EXPIRY,
	   BUG_NO_UNIQUE_LIVE,
	   BUG_TRUST_5XX,
	   BUG_NO_QUARANTINE,
	   BUG_ONE_NEGATIVE,
	   BUG_NO_GAP,
	   BUG_READ_DATED_BY_ITS_ANSWER,
	   BUG_NEWEST_IS_OURS,
	   BUG_UNKNOWN_READ_IS_ABSENT,
	   BUG_IGNORE_CANCEL,
	   BUG_EDIT_KEEPS_FENCE,
	   BUG_NO_FENCE,
	   BUG_NO_SEND_DEADLINE,
	   BUG_NO_WATCHDOG,
	   BUG_SEND_BEFORE_COMMIT,
	   BUG_UNKNOWN_COMMIT_IS_DONE,
	   BUG_JOURNAL_IGNORED,
	   BUG_NO_JOURNAL,
	   BUG_SETTLE_WITHOUT_PERMIT,
	   BUG_SETTLE_WHAT_IS_CLOSED,
	   BUG_DOUBT_IS_FAILURE,
	   BUG_CANCEL_AFTER_PERMIT,
	   BUG_CLIENT_SENDS_TWICE,
	   BUG_VOID_WHAT_WAS_SENT,
	   BUG_CLAIM_BEFORE_LOOKING_UP,
	   BUG_RESTORE_YIELDS_TO_OLDER,
	   BUGS
};

struct setup {
	enum bug bug;
	bool is_keyed; /* the platform carries out one handle once, and may take its time over it */
	uint8_t budget[KINDS];
};

enum fault_found {
	FINE,
	TWO_EFFECTS,
	PUBLISHED_WITHOUT_EFFECT,
	ENDED_WITH_EFFECT,
	ENDED_WITH_REQUEST,
	TWO_LIVE_ATTEMPTS,
	SENT_WITHOUT_PERMIT,
	SENT_TOO_LATE,
	SENT_OTHER_TEXT,
	UNLAWFUL_MOVE,
	NO_WAY_OUT,
	FAULTS_FOUND
};

struct row { /* posts */
	uint8_t state, owner, wake, claims, tries, attempts, current, revision, handle;
	bool is_immediate, is_accepted;
};

struct attempt {
	uint8_t state, negatives, read_at;
};

struct database {
	struct row row;
	struct attempt attempt[PERMITS];
};

enum change_kind { CHANGE_NONE, CHANGE_MOVE, CHANGE_PERMIT };

struct change { /* what a runner wants written; struct change and struct queue_move of publish/ */
	uint8_t kind, state, attempt, settle, negatives, read_at, tries, next, handle, revision;
	bool has_settlement, is_counted, keep_lease, is_never, is_reopened, is_discovery;
	bool is_accepted;
};

enum at {
	AT_IDLE,
	AT_DOWN,
	AT_NEW,
	AT_STAGE,
	AT_READY,
	AT_WRITE,
	AT_PERMIT,
	AT_AIM,
	AT_ARMED,
	AT_REPLY,
	AT_LOOK,
	AT_READING,
};

struct runner { /* one process and its flight */
	uint8_t at, state, attempt, attempt_state, negatives, read_at, tries, claims, attempts;
	uint8_t revision, handle, fence_off, version_off, phase, seen, seen_at;
	bool is_immediate, is_accepted, is_unknown, is_stalled;
	uint8_t journal; /* permits written by this process, a bit each */
	struct change change;
};

struct wire {                                          /* a request, then its reply */
	uint8_t attempt, handle, ticks, runner, reply; /* reply: 0 travelling, outcome + 1 */
};

struct world {
	struct database db, replica;
	struct runner run[RUNNERS];
	struct wire wire[WIRES];
	struct change ghost; /* in a transaction whose end nobody knows; its row is locked */
	uint8_t ghost_of;
	uint8_t age[PERMITS]; /* ticks since the permit was asked for */
	uint8_t seq[PERMITS];
	uint8_t journals; /* of processes that are gone */
	uint8_t effects, unseen_ticks, effect_handle, processing, handles;
	bool is_unseen, is_stale, was_stale, has_replica, is_late;
	uint8_t budget[KINDS];
	uint8_t found;
};

/* Each tries one step in place; false: it cannot happen here. */
typedef bool step_fn(struct world *w, const struct setup *s, int who, int choice);

struct step_row {
	const char *name;
	enum kind kind;
	bool is_runners; /* once for each runner */
	int choices;
	step_fn *step;
	const char *const *words; /* of the choices */
};

/* Each ends with a row without a name. */
extern const struct step_row runner_steps[], waiting_steps[], database_steps[], platform_steps[];

void world_start(struct world *w, const struct setup *s);
bool world_is_end(const struct world *w);
void world_check(struct world *w);
bool world_tidy(
	struct world *w); /* one of several equal worlds; true: the runners changed places */
bool world_holds_time(const struct world *w); /* a process that does not stall has work to do */
void world_tick_runners(struct world *w, const struct setup *s);
const char *world_fault_words(enum fault_found found);

/* runner.c: what an outcome comes to, as a change to be written */
void runner_decide(struct world *w, const struct setup *s, struct runner *r, enum phase phase,
		   enum outcome_kind kind);

/* database.c */
void database_bump(struct world *w, int by, bool has_fence); /* who < 0: nobody's own write */
bool database_is_open(const struct attempt *t);
enum permit_said { SAID_LOST, SAID_OURS, SAID_BUSY };

enum permit_said database_commit(struct world *w, const struct setup *s, int who,
				 const struct change *c);
void database_report(struct world *w, const struct setup *s, const struct change *c);
bool database_claim(struct world *w, int who);
void database_restore(struct world *w, const struct setup *s, uint8_t journal);
bool database_uses_permit(const struct world *w, int id);
uint8_t database_free_permit(const struct world *w); /* 0: none */

#endif

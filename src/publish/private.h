/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private - the engine's own structs; within this folder only
 * Layer publish. One loop turn: replies have set flights to STEP; flights advance and leave at
 * most one change each; all changes and permits go into one transaction (batch); permits into the
 * journal; only then the requests that they are for leave; then the loop sleeps. Requests that wait for
 * nothing but room leave meanwhile, too (calls).
 */
#ifndef CARILLON_PUBLISH_PRIVATE_H
#define CARILLON_PUBLISH_PRIVATE_H

#include <jansson.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "net/client.h"
#include "publish/dueclock.h"
#include "publish/engine.h"
#include "publish/journal.h"
#include "publish/process.h"
#include "publish/snapshot.h"
#include "store/limits.h"
#include "store/tokens.h"

#define OWNER_MAX            80
#define JOBS_MAX             8
/* posts.waiting_for of a post that the platform has taken and still works on. */
#define WAITING_FOR_PLATFORM "platform"
/* The same of one of whose parts some are live and some are still to come. */
#define WAITING_FOR_PARTS    "parts"
#define CLAIM_EVERY_US       (500 * US_PER_MS)
/* A staged post is taken up so long before its time, and released when it has longer to wait. */
#define FIRE_CLAIM_US        (5 * US_PER_S)
/* Rows that a turn claims, and that it reads: permits must not wait for them. */
#define LOADS_A_TURN         128
#define HOLD_US              (8 * US_PER_S)
/*
 * Permits are asked for so long before the due time, so that the call itself leaves on its instant: the least
 * is enough for a transaction and the journal's sync on a usual disk, the most still leaves a cancellation
 * until the last moment. In between, what turns lately took to be written decides.
 */
#define PERMIT_LEAD_US       (60 * US_PER_MS)
#define PERMIT_LEAD_MAX_US   US_PER_S
/* The last fifth, of the flights and of the calls, is kept for posts whose time has come. */
#define STAGING_SHARE(n)     ((n) - (n) / 5)

enum flight_at {
	FLIGHT_NEW,    /* claimed; taken up once it is read */
	FLIGHT_STEP,   /* the adapter is asked next */
	FLIGHT_SEND,   /* a request is ready to leave */
	FLIGHT_CALL,   /* it is under way */
	FLIGHT_WAIT,   /* until wait_us, then STEP */
	FLIGHT_READY,  /* staged, fire request built; waits for its time and its lane */
	FLIGHT_PERMIT, /* a permit is being written */
	FLIGHT_AIM,    /* permitted; leaves at fire_us */
	FLIGHT_FIRE,   /* the irreversible call is under way */
	FLIGHT_END,    /* nothing left; removed at the end of the turn */
};

struct change { /* what one flight wants written */
	bool is_pending;
	bool is_batched; /* in the transaction that is being written */
	bool is_sent;    /* in a transaction whose end is not known */
	bool has_move, has_settlement, has_permit;
	bool has_discovery;               /* the permit is of a fire that nobody remembers */
	bool is_ours;                     /* result */
	const char *event;                /* NULL: none */
	enum flight_at next;              /* once written */
	enum permit_answer permit_answer; /* result */
	struct arena *arena;              /* of the texts below; lives with the flight */
	struct queue_move move;
	struct settlement settlement;
	struct permit permit;
	struct post event_post; /* as it will stand */
};

struct closing { /* a budget that the platform says is used up */
	const char *name;
	bool is_app;
	int64_t until_us;
};

struct flight {
	/* every turn looks at these of every flight: side by side */
	struct engine *engine;
	struct flight *next;
	enum flight_at at;
	enum phase phase; /* whose step function is asked */
	bool is_fired;    /* the irreversible call was started */
	bool is_lost;     /* somebody else's now; only a live fire keeps it here */
	bool is_read;     /* NEW: q, tokens and content stand as they were, to be taken up next */
	bool has_reply, has_snapshot;
	struct transfer_handle *transfer;
	uint64_t lane;   /* hash of the account */
	int64_t wait_us; /* WAIT: database clock */
	int64_t fire_us; /* READY: not before; AIM: when it leaves; database clock */
	int64_t leased_boot_us;
	struct change change;
	/* and at these when its turn has come */
	struct arena *arena;    /* the whole flight */
	struct arena *steps[2]; /* one step each, in turn */
	int step_i;
	struct row_key key;
	struct queue_post q; /* state, fence, version ... kept as written last */
	struct tokens tokens;
	struct platform_app platform_app;
	struct platform_account account;
	struct snapshot snapshot;
	size_t parts_n; /* fires that the post takes; 0 until there is a snapshot */
	json_t *memo;
	struct delivery d;
	struct step_result step;
	struct http_reply reply;
	int64_t watched_boot_us; /* runners died with it before: apart from others until then, or
	                            until it gets on; 0: no suspect */
	const char *handle;      /* what staging made, for the attempt; NULL none */
	enum outcome_kind
		token_fault;   /* REAUTH or REFRESH: what the account must learn of; else STAGED */
	int64_t fired_late_us; /* start of the fire against its time; INT64_MIN unknown */
	int64_t read_us;       /* doubt: when this look-up began */
	struct closing closings[4];
	size_t closings_n;
};

struct calls {                 /* under way at once, at most publish.in_flight */
	size_t room;           /* that may still begin */
	size_t asked;          /* permits, given or being written, whose call has not begun */
	size_t aimed;          /* of them, those given */
	size_t ended;          /* calls, since permits were asked for last */
	size_t least_room;     /* with which another that is ready begins; SIZE_MAX: none is */
	int64_t aim_boot_us;   /* when the next of the given permits is for; INT64_MAX: none */
	struct flight **ready; /* AIM, then SEND, of the last turn; then those since */
	size_t ready_n, ready_most;
};

/* What the runner does on `side` while a turn is written: over before its COMMIT. */
struct beside {
	void (*fn)(void *arg); /* NULL: nothing */
	void *arg;
	struct fiber *fiber;
	bool is_due;
	struct pollfd wants; /* what it waits for, and what has come */
	int64_t until_boot_us;
};

struct engine {
	struct app *app;
	struct db *side; /* for claims and what they read; app->db where nothing is done beside */
	struct delivery_rules rules;
	struct dueclock clock;
	struct process self;
	struct limits *limits;
	struct journal *journal; /* NULL until the first permit */
	bool has_journal_failed; /* no permit is asked for until it can be written again */
	char owner[OWNER_MAX];
	struct flight *flights, **flights_end; /* in the order in which they were claimed */
	size_t flights_n;
	struct calls calls;
	int64_t permit_lead_us; /* from PERMIT_LEAD_US to PERMIT_LEAD_MAX_US */
	struct engine_job jobs[JOBS_MAX];
	int64_t jobs_boot_us[JOBS_MAX];
	size_t jobs_n;
	int64_t db_boot_us; /* while the database is down: next try */
	int db_failures;
	unsigned going_on; /* flights may go on while the database or a disk is at work */
	struct beside beside;
	bool is_unknown;  /* the last COMMIT was never answered */
	bool is_alone;    /* publish-now: nothing but its own post is claimed */
	bool is_draining; /* jobs begin nothing new */
	int64_t fires, commits;
};

/* engine.c */
void engine_turn(struct engine *e, int64_t wake_boot_us);
bool engine_db_ready(struct engine *e); /* false: down, try later */
void engine_db_failed(struct engine *e, const struct problem *p);
int64_t engine_wake_boot_us(const struct engine *e, int64_t latest_boot_us);
uint32_t engine_draw(void);
size_t engine_flights_max(const struct engine *e); /* that are held at once */

/* flight.c */
struct flight *flight_new(struct engine *e, const char *ws, const char *id);
void flight_free(struct flight *f);
struct flight *flight_find(const struct engine *e, const struct row_key *key); /* NULL: none */
void flight_advance(struct flight *f); /* until it must wait */
void flight_written(struct flight *f); /* its change is in the database */
void flight_start(struct flight *f);   /* SEND: the request leaves */
int64_t flight_now_us(const struct flight *f);
void flight_to_step(struct flight *f, enum phase phase);
void flight_done_reply(void *arg, struct http_reply *reply);

/* load.c */
void flight_read_new(struct engine *e);       /* reads those that are NEW, up to LOADS_A_TURN */
void flight_load(struct flight *f);           /* NEW, if it was read */
bool flight_is_begun(const struct flight *f); /* live in part, and more to come */
bool flight_is_in_time(struct flight *f);     /* false: a change says what becomes of it */
void flight_refused_permit(struct flight *f); /* why, and what then */

/* token.c */
enum outcome_kind flight_token_outcome(struct flight *f, enum outcome_kind kind);
bool flight_token_is_awaited(const struct flight *f);
void flight_tell_account(struct flight *f);

/* decide.c */
void flight_decide(struct flight *f, enum phase phase, const struct outcome *outcome);
void flight_lease_lost(struct flight *f);            /* claimed as it stands: what of it? */
void flight_park(struct flight *f, int64_t wake_us); /* releases it as it stands */
const char *flight_memo(const struct flight *f);     /* as text, with the change; NULL: empty */
struct queue_move *flight_change(struct flight *f, enum post_state state, enum flight_at next);
void flight_end_with(struct flight *f, enum post_state state, const char *reason, int64_t wake_us,
		     const struct outcome *outcome);
enum phase flight_confirm_phase(const struct flight *f);
const char *flight_event(enum post_state state);

/* batch.c: one transaction for everything that flights want written */
void batch_commit(struct engine *e);
bool batch_has_any(const struct engine *e); /* a turn would write something */
void batch_renew(struct engine *e);
int64_t batch_renew_boot_us(const struct flight *f); /* when it is due; INT64_MAX: never */

/* fire.c */
struct permit flight_permit(const struct flight *f, int64_t sent_us); /* not sent before then */
void fire_gather(struct engine *e);                                   /* READY -> PERMIT */
void fire_permitted(struct engine *e);                                /* journal, then AIM */
void fire_start(struct flight *f);                                    /* AIM -> FIRE */
bool fire_journal_works(struct engine *e); /* tries it, if it has failed before */

/* calls.c */
void calls_count(struct engine *e);          /* anew, from the flights */
bool calls_has_room(const struct flight *f); /* READY: for its permit; AIM, SEND: for its call */
void calls_ended(struct flight *f);          /* its call: there is room for another */
void calls_start(struct engine *e);          /* those that are ready, as far as there is room */
/* What is done beside begins at the next wait for the database; calls_join() waits for its end. */
void calls_beside(struct engine *e);
void calls_join(struct engine *e);
/* wait_fn of app->db and of the journal, and of side: meanwhile calls go on, and begin when flights may go on. */
short calls_carry(void *arg, int fd, short events, int64_t until_boot_us);
short calls_carry_side(void *arg, int fd, short events, int64_t until_boot_us);

/* limits.c */
struct limits *limits_new(struct engine *e);
void limits_free(struct limits *l);
bool limits_hold(struct flight *f, enum breaker_class class); /* true: parked, with words */
void limits_hear(struct flight *f);                           /* a reply has come, or none */
void limits_turned_away(struct flight *f, const struct outcome *o);
void limits_turn(struct limits *l);
void limits_look_again(struct engine *e);
/* Within the transaction: of the permit, of the change. */
int limits_take(struct db *db, const struct flight *f, bool *ret_is_given, struct problem *reterr);
int limits_give_back(struct db *db, const struct flight *f, const struct platform_budget *end,
		     struct problem *reterr);
int limits_write(struct db *db, struct flight *f, struct problem *reterr);

/* recover.c */
void recover_journals(struct engine *e);
void recover_holder(struct engine *e, const struct queue_attempt *t);

#endif

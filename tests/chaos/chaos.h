/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos - a campaign: many posts on all platforms while everything around them fails
 * Tests only. Real runners, database and sandbox. What is planned (posts, what people do to them,
 * who dies when) and what the sandbox does to the nth call of an account to an endpoint are pure
 * functions of the seed. At the end of each round the faults stop, and database and truth log are
 * compared.
 */
#ifndef CARILLON_TESTS_CHAOS_H
#define CARILLON_TESTS_CHAOS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "crypto/random.h"
#include "domain/content.h"
#include "publish/rig.h"
#include "support/draw.h"

#define CHAOS_HOSTS    3
#define CHAOS_ACCOUNTS (RIG_PLATFORMS * RIG_ACCOUNTS)
#define CHAOS_STARTS   4096 /* most runners of a campaign */
#define CHAOS_SHOWN    5    /* of each kind of violation */

enum chaos_act { ACT_NONE, ACT_CANCEL, ACT_MOVE, ACT_EDIT, ACT_NOW };

struct chaos_post {
	int account; /* of the rig */
	enum content_kind kind;
	bool is_alike; /* other posts of the account have the same caption */
	int64_t due_ms, act_ms;
	enum chaos_act act;
	char caption[48], id[ID_MAX], content_id[ID_MAX];
	bool is_done, is_cancelled; /* the act: over; promised to never appear */
};

enum chaos_blow {
	BLOW_KILL,
	BLOW_STOP,
	BLOW_DATABASE_KILL,
	BLOW_DATABASE_STOP,
	BLOW_EXPIRE,
	BLOW_DOOR, /* nobody can connect to any platform */
	BLOW_DISK,
	BLOW_CLOCK,
	BLOWS
};

struct chaos_event {
	int64_t at_ms, for_ms;
	enum chaos_blow blow;
	unsigned pick; /* which host or platform */
};

struct chaos_runner {
	pid_t pid;                 /* 0: none */
	int64_t since_us, wake_us; /* wake: SIGCONT then; 0: runs */
};

struct chaos_host {
	bool has_disk;                  /* of its own, for its journal */
	volatile int64_t *clock_us;     /* what its wall clock is off by */
	int64_t room_us, clock_back_us; /* its trouble is over then; 0: none */
};

enum chaos_violation {
	LOST,
	DUPLICATE,
	FALSE_PUBLISHED,
	FALSE_FAILED,
	CANCELLED_YET_LIVE,
	LIVE_ATTEMPT,
	REMOTE_TWICE,
	WITHOUT_PERMIT,
	AFTER_DEADLINE,
	OTHER_BYTES,
	VIOLATIONS
};
extern const char *const chaos_violation_names[VIOLATIONS];

/* Whether an unconfirmed post is there. */
enum chaos_there { IS_THERE, IS_NOT_THERE, IS_UNTOLD };

struct chaos_tally {
	int64_t posts, violations[VIOLATIONS], states[POST_STATES], acts[5], blows[BLOWS];
	json_t *unconfirmed; /* "platform: why" -> [there, not there, untold] */
	int64_t attempts, doubts, objects, starts, runner_deaths;
	int64_t *doubt_ms, *late_ms; /* sorted at the end */
	size_t doubt_n, late_n;
	json_t *faults; /* "platform point" -> count */
};

struct campaign {
	struct rig rig;
	uint64_t seed;
	int round;
	int round_posts; /* most of a round */
	int rate;        /* posts due a second */
	struct chaos_post *posts;
	int posts_n;
	int64_t start_us, length_ms;
	struct chaos_event *events;
	int events_n, event_next;
	struct chaos_host hosts[CHAOS_HOSTS];
	struct chaos_runner runners[CHAOS_HOSTS];
	pid_t started[CHAOS_STARTS]; /* runners of this round, the dead ones included; 0: none */
	int64_t database_back_us, database_cont_us; /* 0: it runs */
	bool is_calm;                               /* no more blows */
	char video_id[ID_MAX];
	char picture_sha[65], video_sha[65];
	struct chaos_tally tally;
};

/* plan.c: pure. */
void chaos_plan_posts(struct campaign *c);
void chaos_plan_events(struct campaign *c);
/* The failpoint line of the nth runner that starts. */
void chaos_plan_failpoint(uint64_t seed, int nth, char *ret, size_t size);
extern const char *const chaos_points[];
extern const size_t chaos_points_n;

/* acts.c: the posts come into being; what people do to them. */
void chaos_make_posts(struct campaign *c);
void chaos_act(struct campaign *c, int64_t now_ms);
bool chaos_acts_over(const struct campaign *c);

/* nemesis.c */
void chaos_prepare(struct campaign *c); /* once, before any blow */
void chaos_blows(struct campaign *c, int64_t now_ms);
void chaos_run_runners(struct campaign *c);
void chaos_calm(struct campaign *c); /* everything runs again, and nothing dies any more */
void chaos_stop_runners(struct campaign *c);
/* Failpoints that no runner has passed; their number. */
int chaos_points_missed(struct campaign *c, FILE *out);

/* hosts.c */
void chaos_open_hosts(struct campaign *c);
void chaos_close_hosts(struct campaign *c);
void chaos_journal_folder(const struct campaign *c, int host, char *ret, size_t size);
void chaos_be_host(const struct campaign *c, int host); /* the calling process, from now on */
void chaos_fill_disk(struct campaign *c, const struct chaos_event *e);
void chaos_step_clock(struct campaign *c, const struct chaos_event *e);
void chaos_mend_hosts(struct campaign *c, int64_t now_us);

/* verify.c: compares; adds to the tally. */
int64_t chaos_open_posts(struct campaign *c); /* -1: the database does not say */
/*
 * Faults that every endpoint may draw and that nobody has met; in a long campaign, that a platform
 * has not; their number.
 */
int chaos_faults_missed(const struct campaign *c, FILE *out);
/* A platform asked for a pause of minutes or hours: they are over. */
void chaos_let_pauses_pass(struct campaign *c);
void chaos_verify(struct campaign *c);

struct st_mysql;
/* keep.c: rows, truth and log of the round, into the folder CHAOS_KEEP, if that is set. Of what
 * rounds: verify.c. */
void chaos_keep(struct campaign *c, struct st_mysql *my);

/* doubts.c: why a post is unconfirmed, by the rows that it left; CHAOS_RIDDLE: nobody knows. */
struct chaos_doubt {
	const char *reason, *attempt; /* of the post; the state of its last attempt */
	int negatives;
	json_t *evidence;
	bool is_alike;
};
#define CHAOS_RIDDLE "no reason found"
const char *chaos_why(const struct chaos_doubt *d);

/* report.c */
void chaos_report(struct campaign *c, FILE *out);
int64_t chaos_violations(const struct campaign *c);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue - posts as the runner sees them: claimed, moved, renewed, taken over
 * Layer store; with store/attempts the only writer of delivery state. The row is the queue:
 * posts.wake_at says when somebody must look next, fence says whose it is. Every write here is
 * conditional on fence and version; one that changes nothing means that the post belongs to
 * somebody else now, which is no error (*ret_is_ours false). Instants are the database's clock.
 */
#ifndef CARILLON_STORE_QUEUE_H
#define CARILLON_STORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"
#include "domain/delivery.h"
#include "store/accounts.h"
#include "store/content.h"
#include "store/posts.h"
#include "store/rowkeys.h"

#define PERMIT_BYTES 16

struct queue_attempt {
	int64_t seq;
	enum attempt_state state; /* ATTEMPT_NONE: there is no attempt */
	uint8_t permit[PERMIT_BYTES];
	const char *host, *boot_id, *handle; /* handle NULL: none */
	int64_t pid, start_ticks;
	int64_t sent_us, last_read_us;
	int64_t negatives;
};

struct queue_post {
	const char *workspace;
	struct post post;
	const char *memo;     /* JSON object text; NULL none */
	const char *snapshot; /* what was sent; only of publishing and confirming */
	struct account account;
	struct queue_attempt attempt; /* the newest */
	/* Attempts that had effect: parts that are live, the newest of them and what it made. */
	int64_t live_n, live_seq;
	const char *live_id;           /* NULL: not known */
	const struct content *content; /* read already, to be used at once; NULL: not */
};

/*
 * A post that was claimed twice and did not get on is a suspect: it may be what killed the runners.
 * Suspects are claimed apart from the others, a few at once and in the end alone, so that a death
 * tells on the right one.
 */
enum queue_part { QUEUE_ALL, QUEUE_READY /* staged and later only */, QUEUE_SUSPECT };

struct queue_claim {
	const char *owner;
	int64_t lease_s, most;
	int64_t mark_us; /* rows waiting since before this are not looked at */
	enum queue_part part;
};

/* Takes what is due; queued and retrying posts become staging. One transaction. */
int store_queue_claim(struct db *db, const struct queue_claim *in, struct arena *a,
		      struct row_key **ret, size_t *ret_n, struct problem *reterr);

/* Post, account and newest attempt as they stand. PROBLEM_NOT_FOUND. */
int store_queue_load(struct db *db, const struct row_key *key, struct arena *a,
		     struct queue_post *ret, struct problem *reterr);
/* The same of many, in one round trip; what is not there is not found. */
struct queue_loading {
	struct row_key key;
	struct arena *arena;
	struct queue_post *ret;
	bool is_found; /* result */
};
int store_queue_load_all(struct db *db, struct queue_loading *v, size_t n, struct problem *reterr);

/*
 * publish-now: takes the post from queue, runner or an earlier end, if it is as it was seen (fence)
 * and in a state before the irreversible call, failed or missed. It becomes immediate.
 */
struct queue_takeover {
	const char *id, *owner;
	int64_t fence, lease_s;
};
int store_queue_take(struct db *db, const char *ws, const struct queue_takeover *in,
		     bool *ret_is_ours, struct problem *reterr);

/* All that a transition writes; claims return to 0, version grows by one. */
struct queue_move {
	const char *id;
	int64_t fence, version; /* as held */
	enum post_state state;
	const char *reason;
	bool is_kept;    /* stays claimed, until when it was; else released, and wake_us counts */
	int64_t wake_us; /* INSTANT_NONE: nothing is left to do */
	int64_t tries;
	const char *memo;
	const char *remote_id, *remote_url; /* a remote id that another post has is not stored */
	int64_t published_us, next_attempt_us;
	struct post_error error; /* code NONE: none */
	const char *waiting_for;
	const struct post *live; /* it, if it went live now: so did its content; NULL: not now */
};
int store_queue_move(struct db *db, const char *ws, const struct queue_move *in, bool *ret_is_ours,
		     struct problem *reterr);
/* A claim that is kept: id, fence and lease_s of `in`. */
int store_queue_renew(struct db *db, const char *ws, const struct queue_takeover *in,
		      bool *ret_is_ours, struct problem *reterr);

/* Whose the row is now, to find out what came of a COMMIT that was never answered. */
struct queue_mark {
	enum post_state state;
	int64_t fence, version;
};
int store_queue_mark(struct db *db, const struct row_key *key, struct queue_mark *ret,
		     struct problem *reterr);

/* Is this remote object bound to another post of the account? */
struct queue_remote {
	const char *account_id, *platform, *remote_id, *but_post_id;
};
int store_queue_is_taken(struct db *db, const char *ws, const struct queue_remote *in, bool *ret,
			 struct problem *reterr);

/*
 * Does another post of the account with the same text have, or seem to have, an effect whose remote
 * object is not known? A match by text alone may be that one's.
 */
int store_queue_has_twin(struct db *db, const char *ws, const char *post_id, bool *ret,
			 struct problem *reterr);

/* Earlier posts of the account that still wait for their turn, up to 100 (a backlog goes in due order). */
int store_queue_before(struct db *db, const char *ws, const struct post *post, int64_t *ret_n,
		       struct problem *reterr);

/* When the account last fired, among posts due in the last day; INSTANT_NONE never. */
int store_queue_last_fire(struct db *db, const char *ws, const char *account_id, int64_t *ret_us,
			  struct problem *reterr);

int store_queue_now(struct db *db, int64_t *ret_us, struct problem *reterr);

extern const struct stmt store_queue_statements[];

#endif

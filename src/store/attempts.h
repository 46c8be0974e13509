/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attempts - permits to fire, and what came of them
 * Layer store; with store/queue the only writer of delivery state. A permit is given once and
 * never renewed by time: an attempt ends by proof or by a person. settle works by permit alone, so
 * a process that has lost its claim may still report what it saw. Joins the caller's transaction.
 */
#ifndef CARILLON_STORE_ATTEMPTS_H
#define CARILLON_STORE_ATTEMPTS_H

#include "store/queue.h"

struct permit {
	const char *post_id, *account_id;
	int64_t fence, version; /* as held; version grows by 2 when refused as BUSY */
	int64_t seq, lease_s;
	uint8_t permit[PERMIT_BYTES];
	const char *host, *boot_id, *handle; /* handle NULL: none */
	int64_t pid, start_ticks;
	uint8_t fingerprint[SHA256_BYTES], snapshot_hash[SHA256_BYTES];
	const char *snapshot; /* JSON text of what will be sent */
	const char *memo;     /* as of struct queue_move; given with the permit */
	bool is_part;         /* a later part of a post that is live in part already */
	int64_t sent_us, deadline_us;
};

/*
 * May they be asked for: the account is connected and, but for a later part, the content approved at
 * the post's revision? In the permits' own transaction, before them, at one round trip; whoever takes
 * either back takes the post from its holder, too, so that the permit then finds another fence.
 */
struct permit_asking {
	struct row_key key;
	bool is_allowed; /* result */
};
int store_attempts_ask(struct db *db, struct permit_asking *v, size_t n, struct problem *reterr);

enum permit_answer {
	PERMIT_NONE,  /* not asked yet */
	PERMIT_GIVEN, /* durable once the transaction commits; version grew by 1 */
	PERMIT_LOST, /* not ours, or not staged; of a later part: not between two parts; the engine:
	                 not allowed either */
	PERMIT_WAIT, /* the engine: a budget of the platform is used up; nothing changed */
	PERMIT_BUSY, /* another fire of this post or account is under way; version grew by 2 */
};

int store_attempts_permit(struct db *db, const char *ws, const struct permit *in,
			  enum permit_answer *ret, struct problem *reterr);

struct settlement {
	const uint8_t *permit;
	enum attempt_state state; /* IN_DOUBT leaves it open */
	int64_t negatives, last_read_us;
	int64_t fired_late_us; /* INT64_MIN: unknown */
	const char *handle;    /* NULL: as it was */
	const char *evidence;  /* JSON text, one more entry; NULL none */
	bool is_reopened;      /* it counted as without effect, wrongly: in doubt once more */
};
/* *ret_is_open false: it was settled before; nothing changed. */
int store_attempts_settle(struct db *db, const char *ws, const struct settlement *in,
			  bool *ret_is_open, struct problem *reterr);

/*
 * A result that came to somebody who no longer holds the post: the attempt is settled and the post
 * handed to whoever claims it next. Only effect and no_effect say anything.
 */
struct late_result {
	const char *post_id, *remote_id, *remote_url;
	int64_t published_us;
	bool is_part; /* the post is live in part, and more is to come */
	struct settlement settlement;
};
int store_attempts_report(struct db *db, const char *ws, const struct late_result *in,
			  struct problem *reterr);

/* A permit that the journal knows and the database forgot (fail-over): in doubt, never sent again. */
int store_attempts_restore(struct db *db, const char *ws, const struct permit *in, bool *ret_is_new,
			   struct problem *reterr);

/*
 * A fire that nobody remembers, seen by its effect: an attempt in doubt that takes the post's next
 * number. The post itself is moved by the caller, in the same transaction and before.
 */
int store_attempts_discover(struct db *db, const char *ws, const struct permit *in,
			    struct problem *reterr);

extern const struct stmt store_attempts_statements[];

#endif

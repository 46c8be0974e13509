/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idempotency - what requests with an Idempotency-Key were answered
 * Layer store. One row a key, for a day. A run is told by its number: whoever was overtaken writes
 * nothing any more.
 */
#ifndef CARILLON_STORE_IDEMPOTENCY_H
#define CARILLON_STORE_IDEMPOTENCY_H

#include <stdbool.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"

#define IDEMPOTENCY_OWNER_BYTES 16

struct idempotency {
	uint8_t key[SHA256_BYTES];  /* of caller, route and key */
	uint8_t body[SHA256_BYTES]; /* of what is asked for */
	uint8_t owner[IDEMPOTENCY_OWNER_BYTES];
	int64_t run;         /* from 1 */
	const char *subject; /* NULL: none yet */
	bool is_old;         /* its day is over */
	bool has_owner;      /* else whoever comes may go on */
	int64_t age_s;       /* of the run */
	int status;          /* 0: not answered yet */
	const char *answer;  /* sealed */
	size_t answer_n;
};

/*
 * 1: the key is ours, run 1 (within a transaction: once that is committed). 0: there is a row.
 * -1: also PROBLEM_KEY_IN_FLIGHT, when another transaction is about to write one; it waits for
 * nobody. in: key, body, owner.
 */
int store_idempotency_claim(struct db *db, const char *ws, const struct idempotency *in,
			    struct problem *reterr);
/* 1 found, 0 none, -1 error; in->key counts. */
int store_idempotency_find(struct db *db, const char *ws, const struct idempotency *in,
			   struct arena *a, struct idempotency *ret, struct problem *reterr);
/* in: a row as it was found. 1: the next run of it is in->owner's; 0: another one was faster. */
int store_idempotency_take_over(struct db *db, const char *ws, const struct idempotency *in,
				struct problem *reterr);
/* in: key, run, subject. PROBLEM_KEY_IN_FLIGHT: this run was overtaken. */
int store_idempotency_pin(struct db *db, const char *ws, const struct idempotency *in,
			  struct problem *reterr);
/* in: key, run, status, answer. PROBLEM_KEY_IN_FLIGHT: this run was overtaken. */
int store_idempotency_answer(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr);
/* This run ends without an answer that lasts: the next one may begin. in: key, run. */
int store_idempotency_let_go(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr);
/* in->key; only when its day is over. */
int store_idempotency_forget(struct db *db, const char *ws, const struct idempotency *in,
			     struct problem *reterr);
int store_idempotency_sweep(struct db *db, int64_t most, int64_t *ret_removed,
			    struct problem *reterr);

extern const struct stmt store_idempotency_statements[];

#endif

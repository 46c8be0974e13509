/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results - what the platforms tell of posts that are live
 * Layer store. A row is begun when its post goes live, in that transaction, and looked at an hour
 * later; from then on whoever notes what was read says when to look again. What was told once stays
 * until something newer is told.
 */
#ifndef CARILLON_STORE_RESULTS_H
#define CARILLON_STORE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "domain/engagement.h"

#define RESULTS_RECENT_MAX 1000 /* of an account, the newest: older posts tell of other times */

/* Of a post that went live; nothing of one without a remote id, for which nobody can be asked. */
struct result_start {
	const char *post_id, *account_id, *remote_id;
	int64_t published_us; /* INSTANT_NONE: now */
};
/* Joins the caller's transaction. */
int store_results_begin(struct db *db, const char *ws, const struct result_start *in,
			struct problem *reterr);

struct result_due { /* a post that it is time to look at */
	const char *post_id, *remote_id;
	int64_t published_us;
};
struct result_batch { /* posts of one account, in the order of their time */
	const char *workspace, *account_id;
	struct result_due *posts;
	size_t n;
};

#define RESULTS_CLAIM_MOST 40 /* posts in all: the engine waits while they are marked */

/* They come again after lease_s unless they are noted before. */
struct result_claim {
	size_t most; /* batches */
	int64_t lease_s;
	size_t (*batch_most)(const char *platform); /* posts of a batch, at least 1 */
};
/* ret has room for in->most. Batches of one account may stand side by side. */
int store_results_claim(struct db *db, const struct result_claim *in, struct arena *a,
			struct result_batch *ret, size_t *ret_n, struct problem *reterr);

enum result_end {
	RESULT_TOLD,
	RESULT_FAILED, /* again after a while that grows; after some of those never */
	RESULT_LEFT    /* nothing was asked, or nothing more ever will be */
};
struct result_note {
	const char *post_id;
	enum result_end end;
	struct engagement_counts counts; /* TOLD */
	int64_t next_us;                 /* not of FAILED; INSTANT_NONE: never */
};
/* In one transaction. */
int store_results_note(struct db *db, const char *ws, const struct result_note *notes, size_t n,
		       struct problem *reterr);

struct result_score {
	int64_t published_us;
	double score;
};
struct result_scores {
	struct result_score *v;
	size_t n;
};
int store_results_recent(struct db *db, const char *ws, const char *account_id, struct arena *a,
			 struct result_scores *ret, struct problem *reterr);

extern const struct stmt store_results_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results - what the platforms tell of posts that are live
 * Layer store. A row is begun when its post goes live, in that transaction; it is read some times
 * over a week, and then no more. What was told once stays until something newer is told.
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

struct result_due {
	const char *workspace, *post_id, *account_id, *remote_id;
};
/* Takes up to `most` that are due; they come again after lease_s unless they are told or failed. */
struct result_claim {
	int64_t most, lease_s;
};
int store_results_claim(struct db *db, const struct result_claim *in, struct arena *a,
			struct result_due *ret, size_t *ret_n, struct problem *reterr);

/* What was read; the next reading follows by the post's age, after a week none. */
int store_results_tell(struct db *db, const char *ws, const char *post_id,
		       const struct engagement_counts *counts, struct problem *reterr);
/* Not this time; after some of those, or is_final, never again. */
int store_results_fail(struct db *db, const char *ws, const char *post_id, bool is_final,
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

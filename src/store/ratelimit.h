/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ratelimit - token buckets of callers, one row each, shared by all hosts
 * Layer store. Outside of transactions: a draw is one statement that commits by itself.
 */
#ifndef CARILLON_STORE_RATELIMIT_H
#define CARILLON_STORE_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/digest.h"
#include "db/stmt.h"

struct rate { /* so many units in so long; both > 0 */
	int64_t quota, window_us;
};

struct rate_ask {
	struct rate rate;
	int64_t least, most; /* units; 0 < least <= most, least <= quota */
};

struct rate_grant {
	int64_t granted; /* 0: fewer than `least` are left; else least..most */
	double missing;  /* units that the bucket lacks after it */
	bool is_unknown; /* another transaction holds the row: nothing was drawn, nothing learnt */
};

/*
 * Refills the bucket and draws from it. More than `least` is given only out of plenty: at most a
 * quarter of what is left.
 */
int store_ratelimit_draw(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			 const struct rate_ask *ask, struct rate_grant *ret,
			 struct problem *reterr);
/* Removes up to `most` buckets that have been full for long. */
int store_ratelimit_sweep(struct db *db, int64_t most, int64_t *ret_removed,
			  struct problem *reterr);

extern const struct stmt store_ratelimit_statements[];

#endif

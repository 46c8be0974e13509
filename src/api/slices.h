/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices - what the workers of a pool have drawn from token buckets and not yet used
 * Layer api. A mapping that the workers share, made before they are forked. It also knows how far
 * each bucket was emptied, as of the pool's last draw: others may have drawn since, so there may be
 * less in the bucket, but never more.
 *
 * A unit drawn in advance lasts while the bucket has room for it: once the bucket would have been
 * full again without that draw, keeping it would let more pass than the limit allows.
 */
#ifndef CARILLON_API_SLICES_H
#define CARILLON_API_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "store/ratelimit.h"

struct slices;

struct slice_key {
	uint8_t hash[SHA256_BYTES]; /* of the bucket */
	struct rate rate;
};

/* How a bucket stands, with what is drawn but not used counted as being in it. */
struct slice_level {
	int64_t left;
	int64_t full_in_us;
	int64_t wait_us; /* before as many units as were asked for can be drawn; 0: now */
};

enum slice_result {
	SLICE_TAKEN,
	SLICE_REFUSED, /* so many cannot be in the bucket yet, or must not be asked for */
	SLICE_DRAW,    /* too few here: ask the bucket */
};

int slices_open(struct slices **ret, struct problem *reterr);
void slices_free(struct slices *s); /* NULL accepted */

enum slice_result slices_take(struct slices *s, const struct slice_key *k, int64_t n,
			      struct slice_level *ret);
/* What a draw for n, begun at_us, brought: n of it are taken at once, if it brought any. */
void slices_drawn(struct slices *s, const struct slice_key *k, int64_t n,
		  const struct rate_grant *g, int64_t at_us, struct slice_level *ret);
/*
 * The bucket cannot be asked. For ten seconds the pool goes by itself: as many units as are refilled
 * in that time are put here, and the bucket is let alone.
 */
void slices_go_alone(struct slices *s, const struct slice_key *k);
void slices_give_back(struct slices *s, const struct slice_key *k, int64_t n);

#endif

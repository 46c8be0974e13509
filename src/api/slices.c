/* SPDX-License-Identifier: Apache-2.0 */
#include "api/slices.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/clock.h"

#define STRIPES  512
#define WAYS     8
#define ALONE_US (10 * US_PER_S)
#define ROUNDING 1e-6

struct slice {
	uint8_t name[16]; /* of the bucket's hash */
	int64_t left;
	int64_t full_us;  /* when the bucket is full, were nobody to draw from it again */
	int64_t alone_us; /* no draw before */
	int64_t used_us;  /* 0: the place is free */
};

struct stripe {
	pthread_mutex_t lock;
	struct slice slices[WAYS];
};

struct slices {
	struct stripe *stripes; /* the mapping */
};

struct place { /* a slice with its stripe locked */
	struct stripe *stripe;
	struct slice *slice;
	int64_t now_us;
};

int slices_open(struct slices **ret, struct problem *reterr)
{
	struct slices *s;
	pthread_mutexattr_t kind;
	void *at = mmap(NULL, STRIPES * sizeof(struct stripe), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return problem_set(reterr, PROBLEM_INTERNAL, "No memory to share: error %d.",
				   errno);
	s = alloc_zero(sizeof(*s));
	s->stripes = at;
	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&s->stripes[i].lock, &kind);
	pthread_mutexattr_destroy(&kind);
	*ret = s;
	return 0;
}

void slices_free(struct slices *s)
{
	if (s)
		munmap(s->stripes, STRIPES * sizeof(struct stripe));
	free(s);
}

/* What a worker that was killed in here left half done is forgotten: too few units, never too many. */
static void lock(struct stripe *stripe)
{
	if (pthread_mutex_lock(&stripe->lock) != EOWNERDEAD)
		return;
	memset(stripe->slices, 0, sizeof(stripe->slices));
	pthread_mutex_consistent(&stripe->lock);
}

/* The bucket's own slice, or the place that was not needed for the longest time. */
static struct slice *choose(struct stripe *stripe, const struct slice_key *k)
{
	struct slice *oldest = &stripe->slices[0];

	for (int i = 0; i < WAYS; i++) {
		struct slice *s = &stripe->slices[i];

		if (s->used_us && memcmp(s->name, k->hash, sizeof(s->name)) == 0)
			return s;
		if (s->used_us < oldest->used_us)
			oldest = s;
	}
	*oldest = (struct slice){ .left = 0 };
	memcpy(oldest->name, k->hash, sizeof(oldest->name));
	return oldest;
}

static double per_us(const struct slice_key *k)
{
	return (double)k->rate.quota / (double)k->rate.window_us;
}

/* What the bucket itself lacks, by what is known here. */
static double missing(const struct place *p, const struct slice_key *k)
{
	const int64_t us = p->slice->full_us - p->now_us;

	return us > 0 ? (double)us * per_us(k) : 0;
}

static struct place enter(struct slices *s, const struct slice_key *k)
{
	struct place p = { .now_us = clock_boot_us() };
	int64_t room;

	p.stripe = &s->stripes[(k->hash[16] | k->hash[17] << 8) % STRIPES];
	lock(p.stripe);
	p.slice = choose(p.stripe, k);
	p.slice->used_us = p.now_us;
	room = (int64_t)(missing(&p, k) + ROUNDING);
	if (p.slice->left > room)
		p.slice->left = room;
	return p;
}

static void leave(const struct place *p)
{
	pthread_mutex_unlock(&p->stripe->lock);
}

static int64_t us_of(double units, const struct slice_key *k)
{
	return units > 0 ? (int64_t)ceil(units / per_us(k)) : 0;
}

static void level_of(const struct place *p, const struct slice_key *k, int64_t n,
		     struct slice_level *ret)
{
	const double quota = (double)k->rate.quota;
	const double lacking = missing(p, k) - (double)p->slice->left;
	const double left = quota - lacking + ROUNDING;
	const int64_t alone_us = p->slice->alone_us - p->now_us;

	*ret = (struct slice_level){
		.left = left < 0       ? 0
			: left < quota ? (int64_t)left
				       : k->rate.quota,
		.full_in_us = us_of(lacking, k),
		.wait_us = us_of((double)n - ROUNDING - (quota - missing(p, k)), k),
	};
	if (ret->wait_us < alone_us)
		ret->wait_us = alone_us;
}

enum slice_result slices_take(struct slices *s, const struct slice_key *k, int64_t n,
			      struct slice_level *ret)
{
	struct place p = enter(s, k);
	const bool is_taken = p.slice->left >= n;

	if (is_taken)
		p.slice->left -= n;
	level_of(&p, k, n, ret);
	leave(&p);
	return is_taken ? SLICE_TAKEN : ret->wait_us > 0 ? SLICE_REFUSED : SLICE_DRAW;
}

void slices_drawn(struct slices *s, const struct slice_key *k, int64_t n,
		  const struct rate_grant *g, int64_t at_us, struct slice_level *ret)
{
	struct place p = enter(s, k);
	const int64_t full_us = at_us + us_of(g->missing, k);

	/* Of two draws the answer to the first may come last. */
	if (full_us > p.slice->full_us)
		p.slice->full_us = full_us;
	if (g->granted >= n)
		p.slice->left += g->granted - n;
	p.slice->alone_us = 0;
	level_of(&p, k, n, ret);
	leave(&p);
}

void slices_go_alone(struct slices *s, const struct slice_key *k)
{
	struct place p = enter(s, k);

	if (p.now_us >= p.slice->alone_us) {
		p.slice->alone_us = p.now_us + ALONE_US;
		/* Late enough that all of them last so long. */
		if (p.slice->full_us < p.slice->alone_us + ALONE_US)
			p.slice->full_us = p.slice->alone_us + ALONE_US;
		p.slice->left += (int64_t)ceil((double)ALONE_US * per_us(k));
	}
	leave(&p);
}

void slices_give_back(struct slices *s, const struct slice_key *k, int64_t n)
{
	struct place p = enter(s, k);

	p.slice->left += n;
	leave(&p);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotate-keys: a new sealing key in place of the old one, while everything runs. The file of the ring
 * and the rows say how far it has come, so whoever runs it again after a crash goes on there:
 * one key: nothing is under way; the newest is not the first: it was added, and seals nothing yet;
 * several, the newest first: what the old ones sealed is sealed anew, then they go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin.h"
#include "base/fp.h"
#include "crypto/keys.h"
#include "crypto/ringfile.h"
#include "store/sealed.h"

#define BATCH        100
#define ROTATE_USAGE "usage: carillon-admin rotate-keys [--add|--keep]"

static int complain(const struct admin *a, int error, struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_NOT_CONFIGURED, "%s cannot be changed: %s",
			   a->config->keys_sealing_file, strerrordesc_np(-error));
}

/* Keys made here are called k1, k2, k3 ...; one that is called otherwise is older than all of them. */
static long number_of(const char *id)
{
	char *end = NULL;
	long n = id[0] == 'k' ? strtol(id + 1, &end, 10) : 0;

	return end && *end == '\0' && n > 0 ? n : 0;
}

struct ring {
	const char *first, *newest;
	size_t n;
};

static struct ring look(const struct admin *a)
{
	struct keyring *k = a->app.keys->ring;
	struct ring ret = { .n = 0 };
	const char *id;

	seal_follow(k);
	ret.first = ret.newest = seal_current_id(k);
	while ((id = seal_id(k, ret.n))) {
		if (number_of(id) > number_of(ret.newest))
			ret.newest = id;
		ret.n++;
	}
	return ret;
}

static int add_key(struct admin *a, struct problem *reterr)
{
	const struct ring ring = look(a);
	char id[32];
	int error;

	if (ring.n > 1)
		return 0;
	(void)snprintf(id, sizeof(id), "k%ld", number_of(ring.newest) + 1);
	error = ringfile_add(a->config->keys_sealing_file, id);
	if (error)
		return complain(a, error, reterr);
	(void)FP(F25_key_added);
	printf("added    %s, which opens and does not seal yet\n", id);
	return 0;
}

static int promote_newest(struct admin *a, struct problem *reterr)
{
	const struct ring ring = look(a);
	int error;

	if (ring.newest == ring.first)
		return 0;
	error = ringfile_promote(a->config->keys_sealing_file, ring.newest);
	if (error)
		return complain(a, error, reterr);
	(void)FP(F25_key_promoted);
	printf("sealing with %s from now on\n", look(a).first);
	return 0;
}

static int reseal_column(struct admin *a, const struct sealed_column *c, int64_t *all,
			 struct problem *reterr)
{
	int64_t n = 0;

	do {
		if (store_sealed_batch(a->app.db, c, a->app.keys, BATCH, &n, reterr) < 0)
			return -1;
		(void)FP(F25_batch_done);
		*all += n;
	} while (n > 0);
	return 0;
}

static int reseal_all(struct admin *a, int64_t *ret, struct problem *reterr)
{
	int64_t sum = 0;

	for (const struct sealed_column *c = sealed_columns; c->table; c++) {
		int64_t n = 0;

		if (reseal_column(a, c, &n, reterr) < 0)
			return -1;
		if (n > 0)
			printf("%lld %s sealed with the first key of the ring\n", (long long)n,
			       c->what);
		sum += n;
	}
	*ret = sum;
	return 0;
}

int admin_reseal(struct admin *a, struct problem *reterr)
{
	int64_t n = 0;

	if (reseal_all(a, &n, reterr) < 0)
		return -1;
	printf("%lld rows sealed anew\n", (long long)n);
	return 0;
}

/* Somebody may have sealed with the old key and not committed yet: until a whole wait saw none. */
static int settle(struct admin *a, struct problem *reterr)
{
	const struct timespec wait = { .tv_sec = a->config->keys_rotation_wait_s };
	int64_t n = 0;

	do {
		(void)fflush(stdout);
		(void)nanosleep(&wait, NULL);
		if (reseal_all(a, &n, reterr) < 0)
			return -1;
	} while (n > 0);
	(void)FP(F25_before_retire);
	return 0;
}

/* The last key of the ring, which is never the first; 1: there is none. */
static int retire_last(struct admin *a, struct problem *reterr)
{
	const struct ring ring = look(a);
	const char *id = seal_id(a->app.keys->ring, ring.n - 1);
	char name[40];
	int64_t n = 0;
	int error;

	if (ring.n == 1)
		return 1;
	if (store_sealed_count(a->app.db, id, &n, reterr) < 0)
		return -1;
	if (n > 0)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "%lld rows are sealed with %s still: run rotate-keys again",
				   (long long)n, id);
	(void)snprintf(name, sizeof(name), "%s", id);
	error = ringfile_drop(a->config->keys_sealing_file, name);
	if (error)
		return complain(a, error, reterr);
	(void)FP(F25_key_retired);
	printf("retired  %s\n", name);
	return 0;
}

static int retire(struct admin *a, struct problem *reterr)
{
	int got;

	if (look(a).n == 1)
		return 0;
	if (settle(a, reterr) < 0)
		return -1;
	do
		got = retire_last(a, reterr);
	while (got == 0);
	return got < 0 ? -1 : 0;
}

int admin_rotate_keys(struct admin *a, struct problem *reterr)
{
	int64_t n = 0;

	if (a->argc || (a->only_add && a->keeps_old))
		return problem_set(reterr, PROBLEM_BAD_REQUEST, ROTATE_USAGE);
	if (store_sealed_lock(a->app.db, reterr) < 0 || add_key(a, reterr) < 0)
		return -1;
	if (a->only_add)
		return 0;
	if (promote_newest(a, reterr) < 0 || reseal_all(a, &n, reterr) < 0)
		return -1;
	return a->keeps_old ? 0 : retire(a, reterr);
}

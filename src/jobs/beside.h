/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beside - work in processes of their own, so that no post waits for it
 * Layer jobs. The runner's job starts one (this very program again, without keys) whenever
 * something is wanted and this host has a place free. It claims what is due first, holds its
 * lease while it works, and ends when nothing is left; it outlives the runner that started it.
 * Places are named locks of the database, so a dead one's is free at once.
 */
#ifndef CARILLON_JOBS_BESIDE_H
#define CARILLON_JOBS_BESIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "publish/engine.h"

struct beside_kind {
	const char *name, *option; /* of the job and its locks; what the program is started with */
	size_t (*places)(const struct config *cfg); /* of a host */
	int (*count)(struct db *db, int64_t most, int64_t *ret, struct problem *reterr);
};

struct beside_options {
	const char *config_path; /* what it is started with */
	bool is_awaited;         /* the runner stays until nothing is wanted any more (--once) */
};

struct beside;
struct beside *beside_new(struct app *app, struct engine *e, const struct beside_kind *kind,
			  const struct beside_options *o);
void beside_free(struct beside *r);

/* In the process itself: one of the host's places until the connection ends. 0: all are taken. */
int beside_take_place(struct app *app, const struct beside_kind *kind, struct problem *reterr);

#endif

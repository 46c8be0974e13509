/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render - conversions beside the runner: processes of their own, so that no post waits for one
 * Layer jobs. The runner's job starts a renderer (this very program again, without keys) whenever
 * something is wanted and this host has a place free. A renderer claims what is due first, holds
 * its lease while it works, and ends when nothing is left; it outlives the runner that started it.
 * Places are named locks of the database, so a dead renderer's is free at once.
 */
#ifndef CARILLON_JOBS_RENDER_H
#define CARILLON_JOBS_RENDER_H

#include <stdbool.h>

#include "app.h"
#include "publish/engine.h"

struct render_jobs;

struct render_options {
	const char *config_path; /* what a renderer is started with */
	bool is_awaited;         /* the runner stays until nothing is wanted any more (--once) */
};
struct render_jobs *render_jobs_new(struct app *app, struct engine *e,
				    const struct render_options *o);
void render_jobs_free(struct render_jobs *r);

/* The renderer itself; app has config and db. *stop (set by a signal handler) ends it soon. */
int renderer_run(struct app *app, const volatile int *stop, struct problem *reterr);

#endif

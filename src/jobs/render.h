/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render - conversions, in processes beside the runner
 * Layer jobs; see jobs/beside.h.
 */
#ifndef CARILLON_JOBS_RENDER_H
#define CARILLON_JOBS_RENDER_H

#include "app.h"
#include "jobs/beside.h"

extern const struct beside_kind render_kind;

/* The renderer itself; app has config and db. *stop (set by a signal handler) ends it soon. */
int renderer_run(struct app *app, const volatile int *stop, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup - removes what has had its time, a little at a time
 * Layer jobs. Expired connect flows, sessions and login counters, rows of runners that ended, and
 * uploads that nobody took, answers kept for a day. Nothing that people or posts refer to.
 */
#ifndef CARILLON_JOBS_CLEANUP_H
#define CARILLON_JOBS_CLEANUP_H

#include "app.h"
#include "publish/engine.h"

void cleanup_add(struct app *app, struct engine *e); /* before engine_run() */

#endif

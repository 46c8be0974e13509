/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results - how published posts were received, read from the platforms that tell it
 * Layer jobs. Reads only, some times within the week after publication; what fails is tried again
 * later and less often, and never touches post or account. Owner: results_new() registers the job
 * with the engine; free it after the network is closed.
 */
#ifndef CARILLON_JOBS_RESULTS_H
#define CARILLON_JOBS_RESULTS_H

#include "app.h"
#include "publish/engine.h"

struct results;

struct results *results_new(struct app *app, struct engine *e);
void results_free(struct results *r);

#endif

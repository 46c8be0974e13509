/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks - events sent to the endpoints that want them
 * Layer jobs. On the engine's loop: untold events become deliveries, those that are due are claimed
 * and sent under the address policy, and what came of them is written, each step in one transaction
 * a turn. Standard Webhooks 1.0; see docs/webhooks.md. Owner: hooks_new() registers the job with the
 * engine; free it after the network is closed.
 */
#ifndef CARILLON_JOBS_HOOKS_H
#define CARILLON_JOBS_HOOKS_H

#include "app.h"
#include "publish/engine.h"

struct hooks;

struct hooks *hooks_new(struct app *app, struct engine *e);
void hooks_free(struct hooks *h);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expiry - tells a week ahead whose access ends, and is not renewed by itself: account.expiring
 * Layer jobs. Once for each end, whichever runner is first.
 */
#ifndef CARILLON_JOBS_EXPIRY_H
#define CARILLON_JOBS_EXPIRY_H

#include "app.h"
#include "publish/engine.h"

void expiry_add(struct app *app, struct engine *e); /* before engine_run() */

#endif

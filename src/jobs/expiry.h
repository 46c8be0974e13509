/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expiry - tells a week ahead whose access ends, and is not renewed by itself: account.expiring
 * Layer jobs. Once for each end, whichever runner is first. Register before engine_run(), free
 * after it.
 */
#ifndef CARILLON_JOBS_EXPIRY_H
#define CARILLON_JOBS_EXPIRY_H

#include "app.h"
#include "publish/engine.h"

struct expiry;

struct expiry *expiry_new(struct app *app, struct engine *e);
void expiry_free(struct expiry *x);

#endif

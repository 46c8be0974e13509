/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refresh - tokens renewed ahead of their end, one renewal of an account at a time
 * Layer jobs. The lease is a row (account_refreshes): losers use the token that is still valid. An
 * empty answer never replaces a stored token; one that the platform will not renew makes the
 * account expired, with the event account.needs_reconnect. Owner: refresh_new() registers the job
 * with the engine; free it after the network is closed.
 */
#ifndef CARILLON_JOBS_REFRESH_H
#define CARILLON_JOBS_REFRESH_H

#include "app.h"
#include "publish/engine.h"

struct refresh;

struct refresh *refresh_new(struct app *app, struct engine *e);
void refresh_free(struct refresh *r);

#endif

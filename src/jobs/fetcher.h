/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher - media that come from a URL, fetched in processes beside the runner
 * Layer jobs; see jobs/beside.h. They hold no keys, so a hostile file or peer meets a process that
 * has nothing to give. What is needed first is fetched first, several at once and not too many of
 * one workspace; each is probed as an upload is and put into the store by its bytes.
 */
#ifndef CARILLON_JOBS_FETCHER_H
#define CARILLON_JOBS_FETCHER_H

#include "app.h"
#include "jobs/beside.h"

extern const struct beside_kind fetch_kind;

/* The fetcher itself; app has config, db and net. *stop (set by a signal handler) ends it soon. */
int fetcher_run(struct app *app, const volatile int *stop, struct problem *reterr);

#endif

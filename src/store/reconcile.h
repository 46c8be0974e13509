/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile - after a fail-over or a restored backup: what may have been sent is looked up first
 * Layer store. A database that lost its last commits may know a post as waiting that is out. Each
 * such post of a window becomes a doubt: an attempt nobody remembers, which the engine settles by
 * reading, as it does with any other, before it sends anything.
 */
#ifndef CARILLON_STORE_RECONCILE_H
#define CARILLON_STORE_RECONCILE_H

#include <stdint.h>

#include "db/stmt.h"

/*
 * Posts due within the last since_s seconds (or due now) that are neither ended nor in doubt.
 * PROBLEM_CONFLICT while a runner is alive: it could send meanwhile.
 */
int store_reconcile(struct db *db, int64_t since_s, int64_t *ret_n, struct problem *reterr);

extern const struct stmt store_reconcile_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runners - who publishes: one row a runner, for hand-over and health
 * Layer store. A runner whose heartbeat is older than RUNNER_DEAD_S counts as dead.
 */
#ifndef CARILLON_STORE_RUNNERS_H
#define CARILLON_STORE_RUNNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/stmt.h"

#define RUNNER_DEAD_S 15

struct runner_row {
	const char *id; /* run_ + ULID: later ones sort behind */
	const char *host, *boot_id;
	int64_t pid, start_ticks;
};
int store_runners_register(struct db *db, const struct runner_row *in, struct problem *reterr);

struct runner_beat {
	const char *id, *host;
	int64_t fires, commits, skew_us;
	const char *trouble; /* why it claims nothing: clock, disk, journal; NULL: it does */
};
/* *ret_has_successor: a younger runner of this host is alive. */
int store_runners_beat(struct db *db, const struct runner_beat *in, bool *ret_has_successor,
		       struct problem *reterr);
int store_runners_stop(struct db *db, const char *id, struct problem *reterr);
/* Runners of this host that are alive. */
int store_runners_count(struct db *db, const char *host, int64_t *ret, struct problem *reterr);
/* Rows of runners that ended more than a week ago. */
int store_runners_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);

extern const struct stmt store_runners_statements[];

#endif

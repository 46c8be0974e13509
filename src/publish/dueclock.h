/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dueclock - the database's clock, read between two queries
 * Layer publish. Due times, leases and permits are the database's time; this process sleeps by the
 * boot clock. The offset is taken at half the round trip; of the last eight readings the one with
 * the shortest round trip counts. A jump that takes the database's clock away from this host's is not
 * followed: what is under way goes on by the time that both agreed on. Units: microseconds.
 */
#ifndef CARILLON_PUBLISH_DUECLOCK_H
#define CARILLON_PUBLISH_DUECLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"

#define DUECLOCK_READINGS     8
#define DUECLOCK_SKEW_WARN_US 2000000LL
#define DUECLOCK_SKEW_MAX_US  30000000LL

struct db;

struct dueclock {
	struct {
		int64_t offset_us, trip_us;
	} readings[DUECLOCK_READINGS];
	size_t n, next;
	int64_t offset_us;    /* database time - boot time */
	int64_t skew_us;      /* database time - this host's real time */
	int64_t read_boot_us; /* when last read */
	bool is_trusted;      /* both clocks agreed since the last jump that was followed */
};

int dueclock_read(struct dueclock *c, struct db *db, struct problem *reterr);
/* One reading, as dueclock_read() takes it: for the tests of the choice. */
struct dueclock_reading {
	int64_t before_boot_us, after_boot_us, db_us;
	int64_t real_us; /* this host's wall clock, after it */
};
void dueclock_add(struct dueclock *c, const struct dueclock_reading *r);
int64_t dueclock_now_us(const struct dueclock *c);
int64_t dueclock_boot_us(const struct dueclock *c, int64_t db_us);
/* Whether this host's clock and the database's are too far apart to go on. */
bool dueclock_is_off(const struct dueclock *c);

#endif

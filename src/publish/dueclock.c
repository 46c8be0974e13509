/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/dueclock.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/queue.h"

/* A jump larger than this is a changed clock, not a slow answer: older readings mean nothing. */
#define JUMP_US (500 * US_PER_MS)

void dueclock_add(struct dueclock *c, int64_t before_boot_us, int64_t after_boot_us, int64_t db_us)
{
	const int64_t trip_us = after_boot_us - before_boot_us;
	const int64_t offset_us = db_us - (before_boot_us + trip_us / 2);
	const int64_t gap_us = c->n ? offset_us - c->offset_us : 0;
	size_t best = 0;

	if (gap_us > trip_us + JUMP_US || gap_us < -trip_us - JUMP_US)
		c->n = c->next = 0;
	c->readings[c->next].offset_us = offset_us;
	c->readings[c->next].trip_us = trip_us;
	c->next = (c->next + 1) % DUECLOCK_READINGS;
	if (c->n < DUECLOCK_READINGS)
		c->n++;
	for (size_t i = 1; i < c->n; i++) {
		if (c->readings[i].trip_us < c->readings[best].trip_us)
			best = i;
	}
	c->offset_us = c->readings[best].offset_us;
	c->read_boot_us = after_boot_us;
}

static int64_t absolute(int64_t us)
{
	return us < 0 ? -us : us;
}

int dueclock_read(struct dueclock *c, struct db *db, struct problem *reterr)
{
	const int64_t skew_before_us = c->skew_us;
	const int64_t before_us = clock_boot_us();
	int64_t db_us = 0;

	if (store_queue_now(db, &db_us, reterr) < 0)
		return -1;
	dueclock_add(c, before_us, clock_boot_us(), db_us);
	c->skew_us = dueclock_now_us(c) - clock_real_us();
	if (absolute(c->skew_us) > DUECLOCK_SKEW_WARN_US &&
	    absolute(skew_before_us) <= DUECLOCK_SKEW_WARN_US)
		log_line(LOG_LEVEL_WARN, "clock.skew", "skew_ms=%lld",
			 (long long)(c->skew_us / US_PER_MS));
	return 0;
}

int64_t dueclock_now_us(const struct dueclock *c)
{
	return clock_boot_us() + c->offset_us;
}

int64_t dueclock_boot_us(const struct dueclock *c, int64_t db_us)
{
	return db_us - c->offset_us;
}

bool dueclock_is_off(const struct dueclock *c)
{
	return absolute(c->skew_us) > DUECLOCK_SKEW_MAX_US;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "publish/dueclock.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/queue.h"

/* A jump larger than this is a changed clock, not a slow answer: older readings mean nothing. */
#define JUMP_US (500 * US_PER_MS)

static int64_t absolute(int64_t us)
{
	return us < 0 ? -us : us;
}

static void choose(struct dueclock *c, int64_t offset_us, int64_t trip_us)
{
	size_t best = 0;

	if (c->n && absolute(offset_us - c->offset_us) > trip_us + JUMP_US)
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
}

void dueclock_add(struct dueclock *c, const struct dueclock_reading *r)
{
	const int64_t trip_us = r->after_boot_us - r->before_boot_us;
	const int64_t offset_us = r->db_us - (r->before_boot_us + trip_us / 2);

	c->skew_us = r->after_boot_us + offset_us - r->real_us;
	c->read_boot_us = r->after_boot_us;
	/* It was the database's clock that moved: due times and quarantines must not move along. */
	if (c->is_trusted && dueclock_is_off(c) &&
	    absolute(offset_us - c->offset_us) > DUECLOCK_SKEW_MAX_US && !BUG(jump_followed))
		return;
	choose(c, offset_us, trip_us);
	c->is_trusted |= !dueclock_is_off(c);
}

int dueclock_read(struct dueclock *c, struct db *db, struct problem *reterr)
{
	const int64_t skew_before_us = c->skew_us;
	struct dueclock_reading r = { .before_boot_us = clock_boot_us() };

	if (store_queue_now(db, &r.db_us, reterr) < 0)
		return -1;
	r.after_boot_us = clock_boot_us();
	r.real_us = clock_real_us();
	dueclock_add(c, &r);
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

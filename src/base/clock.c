/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	/* Cannot fail for the two clocks asked for. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t clock_real_us(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_boot_us(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

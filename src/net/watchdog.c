/* SPDX-License-Identifier: Apache-2.0 */
#include "net/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

struct watchdog {
	timer_t timer;
	pid_t owner; /* the process that the timer belongs to; 0: none made yet */
	int64_t at_us;
};

struct watchdog *watchdog_new(void)
{
	struct watchdog *w = alloc_zero(sizeof(*w));

	w->at_us = WATCHDOG_NEVER;
	return w;
}

void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	if (w->owner == getpid())
		timer_delete(w->timer);
	free(w);
}

static int watchdog_own(struct watchdog *w)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };

	if (w->owner == getpid())
		return 0;
	if (timer_create(CLOCK_BOOTTIME, &ev, &w->timer) < 0)
		return -errno;
	w->owner = getpid();
	w->at_us = WATCHDOG_NEVER;
	return 0;
}

int watchdog_arm(struct watchdog *w, int64_t at_boot_us)
{
	struct itimerspec when = { 0 };
	int r = watchdog_own(w);

	if (r < 0 || at_boot_us == w->at_us)
		return r;
	if (at_boot_us != WATCHDOG_NEVER) {
		/* all zeroes would disarm: an instant before boot is "now" */
		int64_t at_us = at_boot_us > 0 ? at_boot_us : 1;

		when.it_value.tv_sec = (time_t)(at_us / US_PER_S);
		when.it_value.tv_nsec = (long)(at_us % US_PER_S) * 1000;
	}
	if (timer_settime(w->timer, TIMER_ABSTIME, &when, NULL) < 0)
		return -errno;
	w->at_us = at_boot_us;
	return 0;
}

int64_t watchdog_at_us(const struct watchdog *w)
{
	return w->owner == getpid() ? w->at_us : WATCHDOG_NEVER;
}

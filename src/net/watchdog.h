/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog - ends this process at an instant, whatever state it is in
 * Layer net. A CLOCK_BOOTTIME timer whose signal is SIGKILL: the kernel fires it in a process
 * that is stopped, swapped out or slept through a suspend, so such a process can never wake up
 * and send what it should no longer send. Owner: watchdog_new() gives it to the caller.
 * Timers do not survive fork(): the child's first watchdog_arm() makes one of its own.
 * Errors: -errno. Units: microseconds of the boot clock.
 */
#ifndef CARILLON_NET_WATCHDOG_H
#define CARILLON_NET_WATCHDOG_H

#include <stdint.h>

#include "base/cleanup.h"

#define WATCHDOG_NEVER INT64_MAX

struct watchdog;

struct watchdog *watchdog_new(void);
void watchdog_free(struct watchdog *w); /* disarms */

/* Moves the one deadline; WATCHDOG_NEVER disarms. After an error nothing irreversible may start. */
int watchdog_arm(struct watchdog *w, int64_t at_boot_us);
int64_t watchdog_at_us(const struct watchdog *w);

DEFINE_CLEANUP(struct watchdog *, watchdog_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - instants and durations in microseconds
 * Layer base. Real time is UTC since 1970 and only for logs, signatures and answers; boot time
 * (CLOCK_BOOTTIME) is for every duration and deadline. Due times are the database's clock, see
 * publish/dueclock.h.
 */
#ifndef CARILLON_BASE_CLOCK_H
#define CARILLON_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS    1000LL
#define US_PER_S     1000000LL
#define US_PER_MIN   (60 * US_PER_S)
#define US_PER_HOUR  (3600 * US_PER_S)
#define US_PER_DAY   (86400 * US_PER_S)
#define INSTANT_NONE INT64_MIN /* "no instant": SQL NULL, JSON null */

int64_t clock_real_us(void);
int64_t clock_boot_us(void);

#endif

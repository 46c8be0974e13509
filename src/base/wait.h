/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait - what a caller does while a server or a disk is at work for him
 * Layer base. Returns when fd is ready for one of the events of poll(2), saying for which, or 0 at
 * until_boot_us (base/clock.h). It must not use what it waits for, unless that says otherwise.
 */
#ifndef CARILLON_BASE_WAIT_H
#define CARILLON_BASE_WAIT_H

#include <stdint.h>

typedef short wait_fn(void *arg, int fd, short events, int64_t until_boot_us);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slowdisk - a disk on which each fsync and fdatasync takes longer (slowsync.c), for some processes
 * Tests only. What is started between slowdisk_enter() and slowdisk_leave() is on it.
 */
#ifndef CARILLON_TESTS_SLOWDISK_H
#define CARILLON_TESTS_SLOWDISK_H

#include <stdint.h>

struct slowdisk {
	char path[64]; /* of the file that slowsync.c reads */
	struct {
		int64_t longer_us, slowed; /* each sync, from now on; how many were */
	} volatile *numbers;               /* shared; lasts as long as the process */
};

void slowdisk_make(struct slowdisk *d); /* as fast as any, at first */
const char *slowdisk_library(void);     /* ends the program aloud where it is not built */
void slowdisk_enter(const struct slowdisk *d);
void slowdisk_leave(void);

#endif

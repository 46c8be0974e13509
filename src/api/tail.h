/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tail - how many workers of the pool settle a fire behind a reply that has gone out, and how many
 * wait for media on behalf of somebody who only asks
 * Layer api. Each such worker holds a lock on one byte of a file without a name that the pool's
 * workers have in common; the kernel lets go of it when a worker dies.
 */
#ifndef CARILLON_API_TAIL_H
#define CARILLON_API_TAIL_H

#include <stdbool.h>

/* Before the workers are forked. -errno. */
int tail_open(void);
/* fd <= 0: nobody counts. */
void tail_begin(int fd, int workers);
void tail_end(int fd); /* of either */
/* Half of the workers, or more, are at it (the caller is none of them). */
bool tail_is_full(int fd, int workers);

/* The same of those who wait; a quarter of the workers, or more, are at it. */
void tail_wait_begin(int fd, int workers);
bool tail_wait_is_full(int fd, int workers);

#endif

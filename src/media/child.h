/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child - a media tool run in a box
 * Layer media. Fixed argv, no shell, empty environment, /dev/null as input, output captured up to a
 * limit, rlimits (memory, CPU, file size 0, descriptors), no new privileges, a network namespace of
 * its own where the kernel allows one, own process group killed at the wall clock's end.
 */
#ifndef CARILLON_MEDIA_CHILD_H
#define CARILLON_MEDIA_CHILD_H

#include "base/buf.h"

#define CHILD_TIMED_OUT 1000 /* beside exit codes 0..255 and 256+signal */

/* Exit code, 256 + signal, CHILD_TIMED_OUT, or -errno when it could not be started. */
int child_run(const char *const *argv, int timeout_s, struct buf *ret_out, struct buf *ret_err);

#endif

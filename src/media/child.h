/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child - a media tool run in a box
 * Layer media. Fixed argv, no shell, a constant environment, /dev/null as input, output captured up
 * to a limit, rlimits (memory, CPU, file size, descriptors, processes), no new privileges, own
 * process group killed at the wall clock's end. With bubblewrap the tool also sees nothing but
 * /usr (read only), the files named, and namespaces of its own, so that nothing it starts outlives
 * it. Where bubblewrap is not to be had, base/confine.h keeps the tool from other files, from sockets
 * and from capabilities, as far as the kernel can, and a network namespace is tried.
 */
#ifndef CARILLON_MEDIA_CHILD_H
#define CARILLON_MEDIA_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CHILD_TIMED_OUT 1000 /* beside exit codes 0..255 and 256+signal */
#define CHILD_STOPPED   1001 /* ->beat said so */

#define CHILD_READS_MAX 40

struct child_box {
	const char *bwrap; /* program; NULL or "": do without */
	const char
		*reads[CHILD_READS_MAX]; /* absolute paths that it may read, up to the first NULL */
	const char *writes;              /* an existing file that it may change; NULL: none */
	int64_t writes_max;              /* bytes */
	int timeout_s;
	/*
	 * Called about every second while the tool runs, with what it has printed (may be cleared);
	 * false ends it. NULL: not called.
	 */
	bool (*beat)(void *arg, struct buf *out);
	void *arg;
};

/*
 * Exit code, 256 + signal, CHILD_TIMED_OUT, CHILD_STOPPED, or -errno when it could not be started;
 * 127: the program is not there.
 */
int child_run(const struct child_box *box, const char *const *argv, struct buf *ret_out,
	      struct buf *ret_err);

#endif

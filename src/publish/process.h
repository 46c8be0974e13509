/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process - who we are to other publishers, and whether another one still lives
 * Layer publish. A pid is told from its reuse by the start ticks of /proc/<pid>/stat and the boot
 * id. Errors: -errno.
 */
#ifndef CARILLON_PUBLISH_PROCESS_H
#define CARILLON_PUBLISH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process {
	char host[65];
	char boot_id[37];
	int64_t pid, start_ticks;
};

int process_self(struct process *ret);
/* Of this boot of this host; false for any other. */
bool process_is_alive(const struct process *self, const struct process *other);
/*
 * Ends a stalled holder of a claim, so that it cannot wake up and send. Only a live process of
 * this host and boot that is not ourselves. True: it was alive and is being killed.
 */
bool process_end(const struct process *self, const struct process *other);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - this host's own copy of the permits that it was given
 * Layer publish. One file a process, <boot id>-<pid>-<start ticks>.journal, appended and synced
 * before a permitted call may leave. Records carry length and CRC-32, so a torn end is seen and
 * ignored. A file whose process is gone is read back once: a permit that the database forgot
 * (fail-over, restored backup) is put back as a doubt. Errors: -errno.
 */
#ifndef CARILLON_PUBLISH_JOURNAL_H
#define CARILLON_PUBLISH_JOURNAL_H

#include <stddef.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/wait.h"
#include "publish/process.h"
#include "store/attempts.h"

struct journal;

int journal_open(const char *folder, const struct process *self, struct journal **ret);
/* Removes the file when no permit in it is open. */
void journal_free(struct journal *j);

/* Both wait for journal_sync(). */
void journal_permit(struct journal *j, const char *ws, const struct permit *p);
void journal_settle(struct journal *j, const uint8_t permit[static PERMIT_BYTES]);
/*
 * Everything so far is on disk; after an error nothing of it is, nor may be relied on. wait() is called while
 * the disk takes its time, and may note more: that waits for the next sync. NULL: it is just waited.
 */
int journal_sync(struct journal *j, wait_fn *wait, void *arg);
/* Whether records would get to the disk again: some are written, and taken back. 0 or -errno. */
int journal_probe(struct journal *j);

struct journal_entry {
	const char *workspace;
	struct permit permit; /* without snapshot */
};
/* Permits of a file that were not settled in it, in order; texts live in the arena. */
int journal_read(const char *path, struct arena *a, struct journal_entry **ret, size_t *ret_n);

/* The process that a file name of the folder belongs to; -EINVAL: not a journal's name. */
int journal_owner(const char *name, const char *host, struct process *ret);

DEFINE_CLEANUP(struct journal *, journal_free);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth - what really exists on the platforms, as an append-only log of JSON lines
 * Layer sandbox. One line per object that was created or deleted, written before the object is
 * visible and on disk (truth_sync) before the first byte of any answer, so the log decides in an
 * argument between what a client believes and what happened. Errors: -errno.
 */
#ifndef CARILLON_SANDBOX_TRUTH_H
#define CARILLON_SANDBOX_TRUTH_H

#include <jansson.h>

struct truth;

/* <folder>/truth.log, made when missing; an earlier log is continued. */
int sandbox_truth_open(const char *folder, struct truth **ret);
void sandbox_truth_close(struct truth *t);
int sandbox_truth_append(struct truth *t, const json_t *line);
int sandbox_truth_sync(struct truth *t);
int sandbox_truth_clear(struct truth *t);

#endif

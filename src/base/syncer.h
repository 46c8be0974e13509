/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syncer - fdatasync(2) in a thread of its own, one at a time
 * Layer base. A disk may take milliseconds or, under load, seconds: the caller goes on meanwhile and is
 * told of the end by a descriptor. Everything here is called by one thread.
 */
#ifndef CARILLON_BASE_SYNCER_H
#define CARILLON_BASE_SYNCER_H

#include "base/cleanup.h"

struct syncer;

struct syncer *syncer_new(void);             /* NULL: no thread is to be had */
void syncer_free(struct syncer *s);          /* nothing is begun; NULL is accepted */
void syncer_begin(struct syncer *s, int fd); /* nothing is begun; fd stays open until the end */
int syncer_fd(const struct syncer *s);       /* POLLIN once what is begun has ended */
int syncer_end(struct syncer *s);            /* waits for it; 0 or -errno, as fdatasync(2) says */

DEFINE_CLEANUP(struct syncer *, syncer_free);

#endif

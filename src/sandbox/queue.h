/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue - jobs that run at or after an instant, on threads of the queue
 * Layer sandbox. Owner: sandbox_queue_new() gives it to the caller, sandbox_queue_free() (NULL is
 * fine) stops it as sandbox_queue_stop() does: running jobs end, the others are dropped. Thread-safe.
 * Units: microseconds of clock_boot_us(). A connection that waits costs a heap entry, no thread.
 */
#ifndef CARILLON_SANDBOX_QUEUE_H
#define CARILLON_SANDBOX_QUEUE_H

#include <stdint.h>

struct queue;

struct queue *sandbox_queue_new(unsigned threads);
void sandbox_queue_stop(struct queue *q); /* joins the threads; later jobs are kept but never run */
void sandbox_queue_free(struct queue *q);
void sandbox_queue_add(struct queue *q, int64_t due_us, void (*run)(void *), void *arg);

#endif

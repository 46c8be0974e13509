/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiber - a function on a stack of its own, which can stand aside
 * Layer base. Nothing runs at the same time: fiber_run() and fiber_resume() come back when the
 * function yields or returns. Only the thread that made a fiber may use it, and a fiber starts no other.
 */
#ifndef CARILLON_BASE_FIBER_H
#define CARILLON_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

struct fiber *fiber_new(size_t stack_bytes); /* rounded up to pages; a page that traps lies below */
void fiber_free(struct fiber *f);            /* not alive; NULL is accepted */

/* Not alive: runs fn(arg) until it yields or returns. */
void fiber_run(struct fiber *f, void (*fn)(void *arg), void *arg);
void fiber_resume(struct fiber *f);          /* alive, and from outside: goes on */
void fiber_yield(struct fiber *f);           /* from inside */
bool fiber_is_alive(const struct fiber *f);  /* begun and not returned; NULL is not */
bool fiber_is_inside(const struct fiber *f); /* whether the caller runs on its stack */

#endif

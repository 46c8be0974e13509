/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd - a workspace with as many scheduled posts as asked for, made inside the database
 * Half of them are published, half are still to come, 30 s apart around the present; CROWD_DUE of
 * those to come wait to be claimed at once. 200 accounts, 1000 contents, 20 characters share them.
 * Beside them stands a character with CROWD_OPEN approved texts and an account on X of its own.
 */
#ifndef CARILLON_TESTS_CROWD_H
#define CARILLON_TESTS_CROWD_H

#include <stdint.h>

#include "support/database.h"

#define CROWD_WORKSPACE "ws_crowd"
#define CROWD_ACCOUNT   "acc_000007"
#define CROWD_CHARACTER "char_07"
#define CROWD_CONTENT   "cnt_000007"
#define CROWD_PLANNER   "char_planner" /* the character with open items */
#define CROWD_OPEN      500
#define CROWD_DUE       4500

/* posts: at least 2 * CROWD_DUE. Empties what an earlier crowd left. */
void crowd_make(const struct database *d, int64_t posts);
/* An attempt that had effect, with its evidence, of each of the first `n` posts. */
void crowd_attempts(const struct database *d, int64_t n);
/* A statement, and one number; the program ends aloud when it does not work. */
void crowd_run(const struct database *d, const char *sql);
int64_t crowd_number(const struct database *d, const char *sql);

#endif

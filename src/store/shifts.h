/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shifts - many posts moved by one step, all or none
 * Layer store. What can still be moved (queued, staging, staged, retrying, paused) and matches the
 * filter moves; a series may move onto its own times. Whole days keep the wall clock of a post that
 * has a zone, minutes are elapsed time. Errors: PROBLEM_PAST when one would fall into the past,
 * PROBLEM_DUPLICATE when one would fall onto another, PROBLEM_CONFLICT when there are too many.
 */
#ifndef CARILLON_STORE_SHIFTS_H
#define CARILLON_STORE_SHIFTS_H

#include "store/posts.h"

#define SHIFTS_MAX 1000

struct shift {
	struct post_query which; /* states, mode and the rest; its page is not looked at */
	int64_t days, minutes;
	int64_t stage_lead_s;
};
int store_shifts_run(struct db *db, const char *ws, const struct shift *in, struct arena *a,
		     struct posts *ret, struct problem *reterr);

#endif

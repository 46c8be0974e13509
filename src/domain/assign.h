/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assign - which slots to take: as many as there are posts for, and of those the best; pure
 * Layer domain. A post is worth the same whichever content it carries, so the best assignment of
 * contents to slots is the best choice of slots, filled in the order of the contents.
 *
 * Claim, tested against trying every choice: of all choices that keep the rules, the one made has
 * the most posts, and among those with so many the greatest total of
 *	weight of the slot - crowding * (posts that stand on its day before it).
 * The second term spreads posts over the days: it grows with each further one.
 * Method: dynamic programming over slots in order of time, posts so far and posts of the day. Equal
 * totals are settled by the order of time, so that the same input always gives the same answer.
 */
#ifndef CARILLON_DOMAIN_ASSIGN_H
#define CARILLON_DOMAIN_ASSIGN_H

#include "domain/slots.h"

struct assign_rules {
	int64_t gap_us;   /* least time between two posts */
	int per_day;      /* most posts of a local day */
	size_t most;      /* posts that want a slot */
	const int *used;  /* [days]: posts that stand there already; they count towards per_day */
	int days;         /* slots[].day lies below */
	int64_t crowding; /* millionths, as the weights */
};

/* Cells of the table that a choice among these slots takes: grows with slots, posts and posts a day. */
size_t assign_cells(const struct slots *slots, const struct assign_rules *rules);
/*
 * Indexes into slots->v, ascending, in ret_picked (room for rules->most); answers how many. The
 * same slots and rules in, the same out.
 */
size_t assign_pick(const struct slots *slots, const struct assign_rules *rules, size_t *ret_picked);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore - every world that can be reached, breadth first
 * The shortest way to a fault is printed as a numbered list of steps.
 */
#ifndef CARILLON_TESTS_MODEL_EXPLORE_H
#define CARILLON_TESTS_MODEL_EXPLORE_H

#include <stdio.h>

#include "model/world.h"

struct exploration {
	uint64_t states, transitions;
	uint32_t depth;
	enum fault_found found;
	uint32_t trace_n;
	bool is_cut; /* more than `most` states */
};

/* Ends at the first fault. trace: where its way is printed, NULL nowhere. */
void explore(const struct setup *s, uint64_t most, FILE *trace, struct exploration *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_place - what the files of support/contract share
 * Tests only.
 */
#ifndef CARILLON_TESTS_CONTRACT_PLACE_H
#define CARILLON_TESTS_CONTRACT_PLACE_H

#include "support/contract.h"

/* Where in the value, and by which document. */
struct contract_place {
	struct arena *arena;
	const json_t *doc;
	const char *at;
	int depth;
};

const char *contract_say(const struct contract_place *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct contract_place contract_inside(const struct contract_place *p, const char *name);
/* The schema behind its $ref; NULL: the document lacks it. */
const json_t *contract_follow(struct arena *a, const json_t *doc, const json_t *schema);
const char *contract_judge(const struct contract_place *p, const json_t *schema,
			   const json_t *value);

#endif

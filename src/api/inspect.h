/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - what a platform itself says about a post before it goes out: caps left, whether it
 * takes the token, what the account may choose from
 * Layer api; the platform pool only. Reads only. A platform that does not answer is a warning.
 */
#ifndef CARILLON_API_INSPECT_H
#define CARILLON_API_INSPECT_H

#include "api/fitness.h"

/* One request's questions to the platforms; zeroed but for until. */
struct inspect_round {
	int64_t until_boot_us; /* what is not answered by then is a warning */
	char silent[8][24];    /* sections of platforms that did not answer: not asked again */
	size_t silent_n;
};
/* Adds to `found`. ret: caps and facts, valid as long as the request; zeroed when there are none. */
int inspect_account(struct request *req, struct inspect_round *round,
		    const struct fitness_subject *s, struct findings *found, struct inspection *ret,
		    struct problem *reterr);
/* An array of what is left of the platform's caps; window: the member's name for seconds. */
void inspect_emit_caps(struct emit *e, const char *key, const struct inspection *told,
		       const char *window);

#endif

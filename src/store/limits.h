/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits - what platforms still allow, and whether they answer; shared by all runners and hosts
 * Layer store. A budget counts fires in windows: a row of the platform's, for one account or, with
 * the subject "", for the operator's app. A breaker counts faults in a row of one kind of calls.
 */
#ifndef CARILLON_STORE_LIMITS_H
#define CARILLON_STORE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"

enum breaker_class { BREAKER_PUBLISH, BREAKER_READ, BREAKER_CLASSES };

struct budget_key {
	const char *platform, *name, *subject;
	bool livemode;
};

/*
 * Takes one from the budget, within the permit's transaction. *ret_is_given false: it is used up,
 * nothing was taken and it is closed until its window ends.
 */
int store_limits_take(struct db *db, const struct budget_key *key, int64_t window_s, int64_t most,
		      bool *ret_is_given, struct problem *reterr);
/* The permit did not come about. */
int store_limits_give_back(struct db *db, const struct budget_key *key, struct problem *reterr);
/* The platform itself says that nothing is left until then. */
int store_limits_close(struct db *db, const struct budget_key *key, int64_t until_us,
		       struct problem *reterr);

/* One more fault; with the most-th in a row it opens, to be probed probe_s later. */
struct breaker_key {
	const char *platform;
	bool livemode;
	enum breaker_class class;
	const char *server; /* that a user named; NULL or "": the platform is one */
};
int store_limits_fault(struct db *db, const struct breaker_key *key, int64_t most, int64_t probe_s,
		       struct problem *reterr);
/* An answer: what is not open forgets its faults. */
int store_limits_answer(struct db *db, const struct breaker_key *key, struct problem *reterr);
/* True for one caller each time that a probe is due. */
int store_limits_probe(struct db *db, const struct breaker_key *key, int64_t probe_s, bool *ret,
		       struct problem *reterr);
/* Closed on trial: one more fault opens it again. */
int store_limits_half_open(struct db *db, const struct breaker_key *key, int64_t most,
			   struct problem *reterr);

/* Everything that stands in the way just now. */
struct limit_row {
	bool is_breaker, livemode;
	enum breaker_class class;              /* of a breaker */
	int64_t failures;                      /* of a breaker; open or not */
	const char *platform, *name, *subject; /* of a breaker: class and server */
	int64_t until_us; /* a budget's end; when a breaker is probed; INSTANT_NONE: not open */
};
int store_limits_list(struct db *db, struct arena *a, struct limit_row **ret, size_t *ret_n,
		      struct problem *reterr);

extern const struct stmt store_limits_statements[];

#endif

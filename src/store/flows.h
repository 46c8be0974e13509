/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows - connect flows: a state that works once, and what came of it
 * Layer store. open -> exchanging (once, by whoever takes it) -> done | failed | choose -> done |
 * failed. The PKCE verifier, what was kept and candidates are erased when a flow ends. Errors:
 * PROBLEM_OAUTH_STATE (unknown, expired), PROBLEM_NOT_FOUND, PROBLEM_CONFLICT (not in that state).
 */
#ifndef CARILLON_STORE_FLOWS_H
#define CARILLON_STORE_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "crypto/random.h"
#include "db/stmt.h"

enum flow_status { FLOW_OPEN, FLOW_EXCHANGING, FLOW_CHOOSE, FLOW_DONE, FLOW_FAILED, FLOW_STATUSES };

struct flow {
	const char *workspace, *id, *user_id, *platform, *verifier, *redirect;
	bool livemode;
	enum flow_status status;
	uint8_t cookie_hash[SHA256_BYTES];
	const char *outcome, *message; /* outcome: error code of a failed flow; NULL none */
	const char *candidates;        /* store_flows_get() of a flow that waits for a choice:
	                                    the JSON text given to offer, opened; else NULL */
	const char *
		kept; /* store_flows_get() before the end: what create was given, opened; NULL none */
	int64_t created_us, expires_us;
	bool is_expired;
};

struct flow_new {
	uint8_t state_hash[SHA256_BYTES], cookie_hash[SHA256_BYTES];
	const char *user_id, *platform, *verifier, *redirect;
	bool livemode;
	int64_t life_s;
	const char *kept; /* JSON text, sealed with keys; NULL: nothing */
	const struct keys *keys;
};

int store_flows_create(struct db *db, const char *ws, const struct flow_new *in,
		       char ret_id[static ID_MAX], struct problem *reterr);
/*
 * *ret_is_ours: this call moved it from open to exchanging and must end it; otherwise *ret is the
 * flow as another left it (a reload answers the stored outcome). PROBLEM_OAUTH_STATE when unknown
 * or when it expired unused.
 */
int store_flows_take(struct db *db, const uint8_t state_hash[static SHA256_BYTES], struct arena *a,
		     struct flow *ret, bool *ret_is_ours, struct problem *reterr);
/* outcome NULL: done, else failed with that code. */
struct flow_end {
	const char *id, *outcome, *message;
};
int store_flows_finish(struct db *db, const char *ws, const struct flow_end *in,
		       struct problem *reterr);
/* exchanging -> choose, with candidates (JSON text, holds tokens) sealed, open for life_s more. */
struct flow_offer {
	const char *id, *candidates;
	int64_t life_s;
};
int store_flows_offer(struct db *db, const char *ws, const struct flow_offer *in,
		      const struct keys *keys, struct problem *reterr);
struct flow_view {
	const char *id;
	const struct keys *keys; /* NULL: candidates and what was kept stay closed (NULL) */
};
int store_flows_get(struct db *db, const char *ws, const struct flow_view *what, struct arena *a,
		    struct flow *ret, struct problem *reterr);
/* Removes up to `most` flows that expired a day ago. */
int store_flows_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);

extern const char *const flow_status_names[FLOW_STATUSES + 1];
extern const struct stmt store_flows_statements[];

#endif

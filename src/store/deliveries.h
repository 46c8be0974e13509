/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliveries - one event on its way to one endpoint
 * Layer store. The runner makes them of the events that are still untold, claims those that are due
 * and settles how their sending ended. A claim is a lease with a fence: what is written counts only
 * while it is its owner's, and one whose runner died is due again when the lease ends. So a
 * delivery is made once and sent at least once.
 */
#ifndef CARILLON_STORE_DELIVERIES_H
#define CARILLON_STORE_DELIVERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "store/events.h"
#include "store/page.h"

/* ---- the runner's side ---- */

/* Makes the deliveries of the oldest untold events, at most so many; *ret_n: how many it took. */
int store_deliveries_make(struct db *db, int64_t most, int64_t *ret_n, struct problem *reterr);

struct delivery_claim {
	const char *owner;
	int64_t lease_s;
	int64_t most;     /* in all */
	int64_t per_hook; /* of one endpoint under way at once, whoever sends them */
};
struct claimed { /* lives in the arena */
	const char *workspace, *id, *webhook_id, *url;
	int64_t fence, tries; /* with this one */
	struct event event;
};
/* ret: room for `most`. Endpoints take turns; those of one stand together. */
int store_deliveries_claim(struct db *db, const struct delivery_claim *in, struct arena *a,
			   struct claimed *ret, size_t *ret_n, struct problem *reterr);

enum delivery_end { DELIVERY_DONE, DELIVERY_AGAIN, DELIVERY_FAILED, DELIVERY_GONE };
struct delivery_settle {
	const struct claimed *claimed;
	enum delivery_end end; /* GONE: the endpoint is disabled, too */
	int64_t wait_us;       /* AGAIN */
	int64_t duration_ms;
	int status;                            /* 0: no answer */
	const char *error, *response, *reason; /* NULL none; reason: GONE */
};
/* All in one transaction; what is not its owner's any more is logged as an attempt, no more. */
int store_deliveries_settle(struct db *db, const struct delivery_settle *in, size_t n,
			    struct problem *reterr);

/* Events older than that, with their deliveries. */
int store_deliveries_sweep(struct db *db, int64_t days, int64_t most, int64_t *ret_removed,
			   struct problem *reterr);

/* ---- the API's side ---- */

struct delivery {
	const char *id, *webhook_id, *event_id, *event_type, *state;
	int64_t tries;
	int64_t next_us, delivered_us, created_us, updated_us;
	const char *attempts; /* JSON array, oldest first, the newest 50 */
};
struct deliveries {
	struct delivery *v;
	size_t n;
	bool has_more;
};
struct delivery_query {
	struct page page;
	const char *webhook_id;
	const char *state, *event_id; /* NULL: any */
};
int store_deliveries_list(struct db *db, const char *ws, const struct delivery_query *q,
			  struct arena *a, struct deliveries *ret, struct problem *reterr);
int store_deliveries_get(struct db *db, const char *ws, const char *id, struct arena *a,
			 struct delivery *ret, struct problem *reterr);
/* Writes a webhook.test event, and its delivery to this endpoint alone. CONFLICT: disabled. */
int store_deliveries_test(struct db *db, const char *ws, const char *webhook_id, enum livemode mode,
			  char ret_id[static ID_MAX], struct problem *reterr);
/* Due now, with all its tries; one that is being sent right now stays as it is. */
int store_deliveries_redeliver(struct db *db, const char *ws, const char *webhook_id,
			       const char *id, struct problem *reterr);

extern const struct stmt store_deliveries_statements[], store_hookqueue_statements[];

#endif

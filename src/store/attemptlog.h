/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attemptlog - the attempts of posts, as people read them
 * Layer store. Reads only; store/attempts writes.
 */
#ifndef CARILLON_STORE_ATTEMPTLOG_H
#define CARILLON_STORE_ATTEMPTLOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "store/posts.h"

struct attempt_entry {
	int64_t seq;
	const char *state; /* sent, in_doubt, effect, no_effect */
	int64_t sent_us, settled_us;
	int64_t late_us;      /* start of the call against the due time; INT64_MIN unknown */
	const char *evidence; /* JSON array text; NULL none */
};
struct attempt_entries {
	struct attempt_entry *v;
	size_t n;
};

/* The attempts of each of these posts, in their order; one round trip for all of them. */
int store_attemptlog_read(struct db *db, const char *ws, const struct posts *posts, struct arena *a,
			  struct attempt_entries **ret, struct problem *reterr);

extern const struct stmt store_attemptlog_statements[];

#endif

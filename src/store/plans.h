/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plans - what POST /schedule/generate has to know, and the lock that makes it happen once
 * Layer store. Within one transaction: store_plans_lock() first; a second caller of the workspace,
 * whichever its character, waits there until the first has committed, and then sees what it
 * scheduled: characters may share an account.
 */
#ifndef CARILLON_STORE_PLANS_H
#define CARILLON_STORE_PLANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"

#define PLANS_PLACE_MAX 40 /* a platform's id and a mode: "instagram+", "instagram-" */

struct plan_character {
	const char *timezone;         /* the character's, else the workspace's; NULL none */
	const char *schedule;         /* JSON object text; NULL none */
	const char *default_accounts; /* JSON object text; NULL none */
};
/* PROBLEM_NOT_FOUND when the workspace has no such character. */
int store_plans_lock(struct db *db, const char *ws, const char *character_id, struct arena *a,
		     struct plan_character *ret, struct problem *reterr);

/* The same without the lock. */
int store_plans_read(struct db *db, const char *ws, const char *character_id, struct arena *a,
		     struct plan_character *ret, struct problem *reterr);

/*
 * Approved contents of the character that lack a post on at least one of the places, oldest first;
 * a cancelled post is none. `places` is a comma-separated list of platform ids, each followed by '+'
 * (live) or '-' (test).
 */
struct plan_item {
	const char *content_id;
	const char *taken; /* the places that it has a post on, comma-separated; NULL none */
};
struct plan_items {
	struct plan_item *v;
	size_t n;
	bool has_more;
};
struct plan_wish {
	const char *character_id, *places;
	size_t places_n, most;
};
int store_plans_open(struct db *db, const char *ws, const struct plan_wish *in, struct arena *a,
		     struct plan_items *ret, struct problem *reterr);

/* Due times in [from, to] of what goes out, or went, on an account or by a character (the other NULL). */
struct plan_span {
	const char *character_id, *account_id;
	int64_t from_us, to_us;
};
struct plan_times {
	int64_t *v;
	size_t n;
};
int store_plans_taken(struct db *db, const char *ws, const struct plan_span *in, struct arena *a,
		      struct plan_times *ret, struct problem *reterr);

extern const struct stmt store_plans_statements[];

#endif

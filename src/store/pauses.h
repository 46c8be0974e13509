/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pauses - holding back what an account or a character would publish, and letting it go
 * Layer store. A pause holds what is pending (reason account_paused or character_paused) and what is
 * scheduled from then on. A resume lets go what nothing else holds: a post that lost its approval or
 * its connection, or whose other half is paused too, stays paused for that reason instead. What has
 * become late meanwhile goes the way of every late post, by the account's on_late. What is being
 * sent at that moment is not touched. Errors: PROBLEM_NOT_FOUND.
 */
#ifndef CARILLON_STORE_PAUSES_H
#define CARILLON_STORE_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "db/stmt.h"

struct pause {
	const char *account_id, *character_id; /* one of them */
	bool is_paused;
	int64_t stage_lead_s; /* of what goes on */
};
/* *ret_posts: how many were held or let go. Asking for what already is changes nothing. */
int store_pauses_set(struct db *db, const char *ws, const struct pause *in, int64_t *ret_posts,
		     struct problem *reterr);

extern const struct stmt store_pauses_statements[];

#endif

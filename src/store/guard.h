/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard - why an update of one row changed nothing
 * Layer store. Within this folder only.
 */
#ifndef CARILLON_STORE_GUARD_H
#define CARILLON_STORE_GUARD_H

#include "db/stmt.h"

/* PROBLEM_NOT_FOUND "<noun> <id> does not exist"; always -1. */
int guard_missing(const char *noun, const char *id, struct problem *reterr);
/*
 * probe: SELECT version ... WHERE workspace_id = ? AND id = ?. No row is PROBLEM_NOT_FOUND, a row is
 * PROBLEM_VERSION; always -1.
 */
struct guard_row {
	const struct stmt *probe;
	const char *noun, *ws, *id;
};
int guard_refused(struct db *db, const struct guard_row *row, struct problem *reterr);

#endif

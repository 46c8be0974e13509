/* SPDX-License-Identifier: Apache-2.0 */
#include "store/guard.h"

int guard_missing(const char *noun, const char *id, struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_NOT_FOUND, "%s %.64s does not exist", noun, id);
}

int guard_refused(struct db *db, const struct guard_row *row, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, row->probe, &r, reterr, row->ws, row->id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing(row->noun, row->id, reterr);
	rows_end(r);
	return problem_set(reterr, PROBLEM_VERSION, "%s %.64s has changed since you read it",
			   row->noun, row->id);
}

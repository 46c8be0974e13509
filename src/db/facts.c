/* SPDX-License-Identifier: Apache-2.0 */
#include "db/facts.h"

#include <stdio.h>

enum { VARIABLE, NOW };

const struct stmt facts_statements[] = {
	[VARIABLE] = { "facts.variable", STMT_GLOBAL, "s",
		       "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES "
		       "WHERE VARIABLE_NAME = ?",
		       "the server belongs to no workspace" },
	[NOW] = { "facts.now", STMT_GLOBAL, "", "SELECT UTC_TIMESTAMP(6)",
		  "the clock belongs to no workspace" },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

int db_facts_variable(struct db *db, const char *name, char ret[static FACTS_VALUE_MAX],
		      struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, &facts_statements[VARIABLE], &r, reterr, name);

	if (got < 0)
		return -1;
	snprintf(ret, FACTS_VALUE_MAX, "%s", got ? rows_text(r, 0) : "");
	rows_end(r);
	return 0;
}

int db_facts_now(struct db *db, int64_t *ret_us, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, &facts_statements[NOW], &r, reterr) != 1)
		return -1;
	*ret_us = rows_instant(r, 0);
	rows_end(r);
	return 0;
}

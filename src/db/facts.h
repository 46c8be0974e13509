/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts - what the server says of itself, for the doctor
 * Layer db.
 */
#ifndef CARILLON_DB_FACTS_H
#define CARILLON_DB_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "db/stmt.h"

#define FACTS_VALUE_MAX 64

/* A global variable's value; "" when this server has none of that name. */
int db_facts_variable(struct db *db, const char *name, char ret[static FACTS_VALUE_MAX],
		      struct problem *reterr);
/* The server's clock, UTC. */
int db_facts_now(struct db *db, int64_t *ret_us, struct problem *reterr);

extern const struct stmt facts_statements[]; /* ends with name NULL */

#endif

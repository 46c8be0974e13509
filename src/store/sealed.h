/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed - every column that is sealed with the key ring, to be sealed anew with another key
 * Layer store. A table with such a column has `kid` beside it and a row here; a test compares with the
 * schema. (What requests with an Idempotency-Key were answered is sealed with a key of its own.)
 */
#ifndef CARILLON_STORE_SEALED_H
#define CARILLON_STORE_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"
#include "db/stmt.h"

struct sealed_column {
	const char *table, *column, *what; /* what: for people, in the plural */
	const struct stmt *stale, *reseal, *count;
};
extern const struct sealed_column sealed_columns[]; /* ends with table NULL */

/*
 * Seals up to `most` rows that are not sealed with the first key of the ring with it, in one
 * transaction. A row that somebody changes meanwhile stays for the next call. *ret_n: rows met; 0:
 * there are none. PROBLEM_INTERNAL: one does not open.
 */
int store_sealed_batch(struct db *db, const struct sealed_column *c, const struct keys *keys,
		       int64_t most, int64_t *ret_n, struct problem *reterr);
/* Rows of all columns that are sealed with that key. */
int store_sealed_count(struct db *db, const char *kid, int64_t *ret, struct problem *reterr);
/* One at a time rotates; until the connection ends. PROBLEM_CONFLICT: somebody does. */
int store_sealed_lock(struct db *db, struct problem *reterr);

extern const struct stmt store_sealed_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulklines - what the lines of a bulk request were answered
 * Layer store. Kept for a day; written in the transaction of what the line has made.
 */
#ifndef CARILLON_STORE_BULKLINES_H
#define CARILLON_STORE_BULKLINES_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"

struct bulk_line {
	uint8_t key[SHA256_BYTES];  /* of the caller and the key */
	uint8_t body[SHA256_BYTES]; /* of the line */
	int64_t line;               /* from 1 */
	const char *answer;         /* JSON text */
};

/* 1 found (body and answer filled), 0 none, -1 error; in->key and in->line count. */
int store_bulklines_find(struct db *db, const char *ws, const struct bulk_line *in, struct arena *a,
			 struct bulk_line *ret, struct problem *reterr);
/* PROBLEM_DUPLICATE: that line has an answer. */
int store_bulklines_insert(struct db *db, const char *ws, const struct bulk_line *in,
			   struct problem *reterr);
int store_bulklines_sweep(struct db *db, int64_t most, int64_t *ret_removed,
			  struct problem *reterr);

extern const struct stmt store_bulklines_statements[];

#endif

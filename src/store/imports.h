/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imports - which rows of tables were imported, by what they say
 * Layer store. Kept for ever; written in the transaction of what the row has made.
 */
#ifndef CARILLON_STORE_IMPORTS_H
#define CARILLON_STORE_IMPORTS_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"

/* 1 it was (*ret_content: of its posts, in the arena), 0 it was not, -1 error. */
int store_imports_find(struct db *db, const char *ws, const uint8_t row[static SHA256_BYTES],
		       struct arena *a, const char **ret_content, struct problem *reterr);
/* PROBLEM_DUPLICATE: it was imported. */
int store_imports_insert(struct db *db, const char *ws, const uint8_t row[static SHA256_BYTES],
			 const char *content, struct problem *reterr);

extern const struct stmt store_imports_statements[];

#endif

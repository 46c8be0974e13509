/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statements - every statement of the program, for the test that prepares them all
 * Layer store. Each file of this folder exports its rows as store_<file>_statements[], ending with
 * name NULL, and stands in the list of statements.c.
 */
#ifndef CARILLON_STORE_STATEMENTS_H
#define CARILLON_STORE_STATEMENTS_H

#include <stddef.h>

#include "db/stmt.h"

/* Tables of rows, each ending with name NULL. */
const struct stmt *const *store_statements(size_t *ret_n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book - which account a name in a table means
 * Layer transfer. Each connected account of the mode is known by its username, its display name
 * and platform:username; what the operator has given counts before.
 */
#ifndef CARILLON_TRANSFER_BOOK_H
#define CARILLON_TRANSFER_BOOK_H

#include "transfer/import.h"

/* Lives in the arena. PROBLEM_INVALID, with the line, for a file of names that cannot be read. */
int book_make(const struct table_import *in, struct arena *a, struct account_book *ret,
	      struct problem *reterr);

#endif

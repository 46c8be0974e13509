/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rowkeys - the keys of many rows as one bound value, so that one statement reads them all
 * Layer store. ROW_KEYS stands first in FROM, with STRAIGHT_JOIN behind it: k.workspace_id and k.id
 * lead along the primary key; k.n is the key's place in the list, from 1.
 */
#ifndef CARILLON_STORE_ROWKEYS_H
#define CARILLON_STORE_ROWKEYS_H

#include <stddef.h>

#include "base/buf.h"

#define ROW_KEYS                                                                           \
	"JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, workspace_id VARCHAR(40) "        \
	"CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]', id VARCHAR(40) CHARACTER SET " \
	"ascii COLLATE ascii_bin PATH '$[1]')) k "

struct row_key {
	const char *workspace, *id;
};

/* [["ws_...","sch_..."], ...], appended to *out; n keys that lie `apart` bytes from one another. */
void row_keys_print(const struct row_key *first, size_t n, size_t apart, struct buf *out);

#endif

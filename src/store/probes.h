/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probes - media fetched to be looked at and for nothing else
 * Layer store. No list shows them, no upload of the same bytes finds them, and they are swept
 * PROBE_LIFE_S after they were asked for; until then the same URL is not fetched twice.
 */
#ifndef CARILLON_STORE_PROBES_H
#define CARILLON_STORE_PROBES_H

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "store/fetches.h"

#define PROBE_LIFE_S 900

/* The medium of that URL, ordered unless it is there; one that has failed is tried again. */
int store_probes_take(struct db *db, const char *ws, const struct fetch_order *in,
		      char ret_media_id[static ID_MAX], struct problem *reterr);

struct probe_old {
	const char *workspace, *media_id, *sha256; /* hex; "" when nothing was fetched */
};
/* Removes the rows of up to `most` old ones with their media; the files are the caller's to remove. */
int store_probes_sweep(struct db *db, int64_t most, struct arena *a, struct probe_old **ret,
		       size_t *ret_n, struct problem *reterr);

extern const struct stmt store_probes_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renditions - files made of media: wanted by a post, made by whichever runner claims them
 * Layer store; the bytes are media/store's. One row a source and recipe, however many posts wait
 * for it. A claim is a lease with a fence: what a runner writes counts only while it is its own.
 */
#ifndef CARILLON_STORE_RENDITIONS_H
#define CARILLON_STORE_RENDITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "domain/content.h"

enum rendition_state { RENDITION_QUEUED, RENDITION_WORKING, RENDITION_READY, RENDITION_FAILED };

struct rendition {
	const char *workspace, *id, *source_id, *recipe;
	enum rendition_state state;
	int64_t progress, fence, tries;
	const char *error;      /* FAILED */
	struct media_item item; /* READY: media_id is the rendition's id */
};

struct rendition_wish {
	const char *source_id, *recipe;
	int64_t due_us; /* the earlier, the sooner it is made */
};

/* Queues it unless it is there; one that failed long ago is tried again. */
int store_renditions_ask(struct db *db, const char *ws, const struct rendition_wish *in,
			 struct problem *reterr);
/* 1 found, 0 nobody asked for it, -1 error. */
int store_renditions_find(struct db *db, const char *ws, const struct rendition_wish *in,
			  struct arena *a, struct rendition *ret, struct problem *reterr);

struct rendition_claim {
	const char *owner;
	int64_t lease_s;
};
/* The most urgent one that nobody works on: 1 claimed, 0 none, -1 error. */
int store_renditions_claim(struct db *db, const struct rendition_claim *in, struct arena *a,
			   struct rendition *ret, struct problem *reterr);
/* Keeps the lease and tells how far it is. */
int store_renditions_renew(struct db *db, const struct rendition *r, int64_t lease_s,
			   bool *ret_is_ours, struct problem *reterr);
/* r->state READY (item counts), FAILED (error counts) or QUEUED (given back). */
int store_renditions_settle(struct db *db, const struct rendition *r, bool *ret_is_ours,
			    struct problem *reterr);
/* The hashes (hex) of a medium's renditions, for whoever removes it; ends with NULL. */
int store_renditions_bytes(struct db *db, const char *ws, const char *source_id, struct arena *a,
			   const char ***ret, struct problem *reterr);

/* How many could be claimed, at most `most`. */
int store_renditions_count(struct db *db, int64_t most, int64_t *ret, struct problem *reterr);
/* A named lock that is this connection's until it ends; not ours: somebody else has it. */
int store_renditions_place(struct db *db, const char *name, bool *ret_is_ours,
			   struct problem *reterr);

extern const struct stmt store_renditions_statements[];

#endif

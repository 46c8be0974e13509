/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postlook - what a post shows of its content and of the media behind it
 * Layer store. Texts live in the arena.
 */
#ifndef CARILLON_STORE_POSTLOOK_H
#define CARILLON_STORE_POSTLOOK_H

#include "base/arena.h"
#include "db/stmt.h"
#include "domain/content.h"
#include "store/posts.h"

struct post_look {
	const char *content_id;
	enum content_kind kind;
	const char *caption;   /* the content's base text; NULL none */
	const char *overrides; /* the content's, JSON object text; NULL none */
	/* Of its media and its sound: failed when one is, else fetching when one is, else ready. */
	enum media_state media;
	const char *media_error; /* why one has failed; NULL none */
};

/* One statement for all of them; (*ret)[i] is of posts->v[i]. */
int store_postlook_read(struct db *db, const char *ws, const struct posts *posts, struct arena *a,
			struct post_look **ret, struct problem *reterr);

extern const struct stmt store_postlook_statements[];

#endif

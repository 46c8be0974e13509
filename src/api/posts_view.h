/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posts_view - a scheduled post in camelCase: post_X is sch_X of the other routes
 * Layer api.
 */
#ifndef CARILLON_API_POSTS_VIEW_H
#define CARILLON_API_POSTS_VIEW_H

#include "domain/content.h"
#include "http/message.h"
#include "store/postlook.h"
#include "store/posts.h"
#include "json/schema.h"

extern const struct schema posts_made_schema; /* {"posts": [...]} */
extern const struct schema posts_view_schema; /* Post */
extern const struct schema posts_page_schema; /* {"data", "hasMore", "nextCursor"} */
extern const char *const posts_statuses[];    /* NULL-terminated */

/* "post_X" for "sch_X". */
const char *posts_id_out(struct arena *a, const char *id);
/* "sch_X" for "post_X" and for itself; other texts are ids of nothing. */
const char *posts_id_in(struct arena *a, const char *id);

/* The posts that were made, as an array. */
void posts_view_emit_array(struct request *req, struct emit *e, const char *key,
			   const struct posts *posts, enum content_kind kind);
/* What a creation answers. */
void posts_view_emit_made(struct request *req, struct emit *e, const struct posts *posts,
			  enum content_kind kind);
/*
 * All of it. progress: of what is being made of its media, in percent; -1: nothing is, or it is not
 * told here.
 */
void posts_view_emit(struct request *req, struct emit *e, const struct post *p,
		     const struct post_look *look, int64_t progress);

#endif

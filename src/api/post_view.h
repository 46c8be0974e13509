/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post_view - a scheduled post as family A shows it
 * Layer api.
 */
#ifndef CARILLON_API_POST_VIEW_H
#define CARILLON_API_POST_VIEW_H

#include "api/attempt_view.h"
#include "http/message.h"
#include "store/posts.h"
#include "json/schema.h"

extern const struct schema post_view_schema;      /* ScheduledPost */
extern const struct schema post_view_list_schema; /* {"scheduled_posts": [...], "next_cursor"} */

/* The same with attempt_log: one post, and a list. */
extern const struct schema post_view_tried_schema, post_view_history_schema;

void post_view_emit(struct emit *e, const char *key, const struct post *p);
/* With what was tried; within an array, or alone. */
void post_view_emit_tried(struct emit *e, const struct post *p,
			  const struct attempt_entries *attempts);

/* {"scheduled_posts": [...], "next_cursor": ...}; list names the cursor's list. */
void post_view_page(struct request *req, struct reply *ret, const char *list,
		    const struct posts *posts);

#endif

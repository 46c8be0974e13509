/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postevent - what the outbox tells of a scheduled post
 * Layer store. Joins the caller's transaction.
 */
#ifndef CARILLON_STORE_POSTEVENT_H
#define CARILLON_STORE_POSTEVENT_H

#include "store/posts.h"
#include "json/emit.h"

/* type: post.scheduled, post.cancelled, post.published ... of the post as it now stands. */
int postevent_insert(struct db *db, const char *ws, const char *type, const struct post *post,
		     struct problem *reterr);

/* The post's error as everybody is told it; null without one. */
void postevent_emit_error(struct emit *e, const char *key, const struct post *post);

#endif

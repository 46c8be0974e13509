/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posts_change - moving, rewording, taking back and reviving one post in camelCase
 * Layer api.
 */
#ifndef CARILLON_API_POSTS_CHANGE_H
#define CARILLON_API_POSTS_CHANGE_H

#include "http/message.h"
#include "store/posts.h"
#include "json/schema.h"

extern const struct schema posts_change_schema;

/* req->in is bound by the schema; p: as it stands, then as it stands after the change. */
int posts_change(struct request *req, struct post *p, struct problem *reterr);

#endif

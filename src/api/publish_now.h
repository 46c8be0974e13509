/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_now - one post at once, behind publish-now and public/publish
 * Layer api; platform pool only.
 */
#ifndef CARILLON_API_PUBLISH_NOW_H
#define CARILLON_API_PUBLISH_NOW_H

#include "http/message.h"
#include "store/posts.h"
#include "json/schema.h"

extern const struct schema publish_now_schema; /* {"scheduled_post", "publish_result"} */

/*
 * 200 published; 202 with Location while staging, in flight or in doubt when Prefer: wait (25 s)
 * has passed; PROBLEM_PUBLISH_FAILED with the post's error; PROBLEM_POST_CANCELLED ...
 */
int publish_now_run(struct request *req, const char *post_id, struct reply *ret,
		    struct problem *reterr);
int publish_now_reply(struct request *req, const struct post *p, struct reply *ret,
		      struct problem *reterr);

#endif

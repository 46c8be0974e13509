/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posts_make - an ask made into a content with its media orders and one post an account
 * Layer api.
 */
#ifndef CARILLON_API_POSTS_MAKE_H
#define CARILLON_API_POSTS_MAKE_H

#include "api/posts_ask.h"
#include "store/posts.h"

/*
 * All or nothing, in one transaction; in the order of the accounts. PROBLEM_CONTENT_UNFIT with the
 * members of the ask when a platform would refuse it; else what store_posts_insert() says.
 */
int posts_make(struct request *req, const struct posts_ask *ask, struct posts *ret,
	       struct problem *reterr);

#endif

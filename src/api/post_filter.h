/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post_filter - what a list of posts is asked for, in the words of either family
 * Layer api.
 */
#ifndef CARILLON_API_POST_FILTER_H
#define CARILLON_API_POST_FILTER_H

#include "domain/delivery.h"
#include "http/message.h"
#include "store/posts.h"

/* Names of query parameters; NULL: the list has none of that kind. */
struct post_filter_words {
	const char *account_id, *character_id, *content_id;
	const char *(*status)(enum post_state s); /* the word of ?status= for a state */
};

/* Everything but the page; PROBLEM_INVALID. */
int post_filter_read(struct request *req, const struct post_filter_words *words,
		     struct post_query *ret, struct problem *reterr);
/* The page of the list of that name (see http/paging.h). */
int post_filter_page(struct request *req, const char *list, struct post_query *q, struct posts *ret,
		     struct problem *reterr);

#endif

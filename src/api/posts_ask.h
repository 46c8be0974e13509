/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posts_ask - one content for several accounts, as a client of the posts asks for it
 * Layer api. Reading it checks all that can be said without a look at the media; nothing is
 * written. Everything lives in the request's arena.
 */
#ifndef CARILLON_API_POSTS_ASK_H
#define CARILLON_API_POSTS_ASK_H

#include "domain/content.h"
#include "domain/schedule.h"
#include "http/message.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "json/schema.h"

#define POSTS_ACCOUNTS_MAX 50

/* contentType is a member of the first; the others' paths imply it, and may not be contradicted. */
extern const struct schema posts_ask_schema, posts_ask_video_schema, posts_ask_slideshow_schema;
/* The first, and title and link: a row of a table that carillon-admin imports. */
extern const struct schema posts_ask_row_schema;

struct posts_ask {
	enum content_kind kind;
	const char *caption; /* NULL none */
	const char *title, *link;
	const char **urls; /* of the media in order; the same one may stand twice */
	size_t urls_n;
	bool is_list;                     /* contentUrl was an array */
	const char *sound_url, *sound_id; /* at most one of them */
	int64_t slide_s;                  /* of a slideshow; else 0 */
	bool is_rendered;                 /* renderAsVideo */
	bool is_immediate;                /* due.us is INSTANT_NONE then */
	struct schedule_time due;
	struct account *accounts; /* in the order of accountIds */
	size_t accounts_n;
	bool needs_review; /* the workspace has somebody else approve it */
};

/*
 * body: bound by one of the schemas, which stands for `implied` (CONTENT_KINDS: none). Reports every
 * wrong element with its JSON Pointer.
 */
int posts_ask_read(struct request *req, const void *body, enum content_kind implied,
		   struct posts_ask *ret, struct problem *reterr);

/* The kind that a fetch of its media must find: enum media_kind, or FETCH_ANY_KIND. */
int posts_ask_wanted(const struct posts_ask *ask);
/* The member of the ask that a platform's words about the i-th account are about. */
#define POSTS_MEMBER_MAX 64
const char *posts_ask_member(const struct posts_ask *ask, size_t i, const char *said,
			     char buffer[static POSTS_MEMBER_MAX]);
/*
 * What speaks against it on that account, the i-th, under the members of the ask.
 */
void posts_ask_report(const struct posts_ask *ask, size_t i, const struct findings *f,
		      struct problem *reterr);
/* contents.overrides: the same for each platform; NULL when there is nothing to say. */
const char *posts_ask_overrides(struct arena *a, const struct posts_ask *ask, const char *sound_id);

/* 4, 6 or 8; adds /slideDuration otherwise. */
int posts_slide_read(double given, int64_t *ret, struct problem *reterr);
/* When: errors are told of scheduledTime and timezone. The second refuses what has passed. */
int posts_time_read(const struct schedule_wish *wish, struct schedule_time *ret,
		    struct problem *reterr);
int posts_time_check_due(int64_t us, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content - contents with their media, review states, and what an edit does to pending posts
 * Layer store. An edit of anything that would be published bumps the revision, voids an approval
 * and pauses pending posts (reason approval_voided) in the same transaction. Approval resumes the
 * posts so paused whose time is still to come. Errors: PROBLEM_NOT_FOUND, PROBLEM_VERSION,
 * PROBLEM_CONFLICT (state does not allow the move; delete with posts), PROBLEM_INVALID with
 * /character_id or /media/N for ids that are not in the workspace.
 */
#ifndef CARILLON_STORE_CONTENT_H
#define CARILLON_STORE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "domain/content.h"
#include "store/page.h"
#include "store/rowkeys.h"

#define CONTENT_MEDIA_MAX 100 /* of one content, what any kind may hold at most */

enum content_member {
	CONTENT_HAS_CHARACTER = 1,
	CONTENT_HAS_KIND = 2,
	CONTENT_HAS_TITLE = 4,
	CONTENT_HAS_CAPTION = 8,
	CONTENT_HAS_LINK = 16,
	CONTENT_HAS_TAGS = 32,
	CONTENT_HAS_FIRST_COMMENT = 64,
	CONTENT_HAS_OVERRIDES = 128,
	CONTENT_HAS_MEDIA = 256
};

struct content_media { /* alt_text NULL: the media's own */
	const char *media_id, *alt_text;
};

struct content_patch { /* insert takes all members, update those given (bits) */
	unsigned given;
	const char *character_id;
	enum content_kind kind;
	const char *title, *caption, *link, *first_comment;
	const char *tags, *overrides; /* JSON text */
	const struct content_media *media;
	size_t media_n;
	const char *by; /* user_ or key_ id; stored by insert */
	/* Insert only. Born approved in the caller's name, or in review; else a draft. */
	bool is_approved, is_in_review;
	const char *sound_media_id; /* insert only: kept as long as the content is; NULL none */
};

struct content_filter {
	const char *character_id; /* NULL: any */
	int state, kind;          /* -1: any */
};

struct contents {
	struct content *v;
	size_t n;
	bool has_more;
};

int store_content_insert(struct db *db, const char *ws, const struct content_patch *in,
			 struct arena *a, struct content *ret, struct problem *reterr);
/* The same as store_content_get() of many, in one round trip; what is not there is not found. */
struct content_loading {
	struct row_key key;
	struct arena *arena;
	struct content *ret;
	bool is_found; /* result */
};
int store_content_get_all(struct db *db, struct content_loading *v, size_t n,
			  struct problem *reterr);
/* With media, complete but for path and url; one statement. */
int store_content_get(struct db *db, const char *ws, const char *id, struct arena *a,
		      struct content *ret, struct problem *reterr);
struct content_query {
	struct page page;
	struct content_filter filter;
};
int store_content_list(struct db *db, const char *ws, const struct content_query *q,
		       struct arena *a, struct contents *ret, struct problem *reterr);
/* *ret_paused (may be NULL): how many pending posts the edit has paused. */
struct content_edit {
	const char *id;
	int64_t if_version; /* 0: whatever it is */
	const struct content_patch *patch;
};
int store_content_update(struct db *db, const char *ws, const struct content_edit *edit,
			 int64_t *ret_paused, struct problem *reterr);
/* Refused with PROBLEM_CONFLICT while any post, old or pending, refers to it. */
int store_content_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			 struct problem *reterr);

struct content_decision {
	const char *id;
	enum content_move move; /* SUBMIT, APPROVE or REJECT */
	int64_t if_version;
	const char *by, *reason; /* reason: REJECT only, may be NULL */
	int64_t stage_lead_s;    /* setting publish.stage_lead_s, for posts that resume */
};
int store_content_decide(struct db *db, const char *ws, const struct content_decision *in,
			 struct problem *reterr);

extern const struct stmt store_content_statements[];

#endif

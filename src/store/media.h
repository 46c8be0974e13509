/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media - files by their bytes: the same bytes exist once in a workspace
 * Layer store; the bytes themselves are media/store's. Errors: PROBLEM_NOT_FOUND,
 * PROBLEM_VERSION, PROBLEM_MEDIA_IN_USE.
 */
#ifndef CARILLON_STORE_MEDIA_H
#define CARILLON_STORE_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"
#include "domain/content.h"
#include "store/page.h"

struct media {
	struct media_item item;       /* media_id, kind, state, mime, ext, sha256 ... alt_text */
	const char *filename, *error; /* NULL none; error: why state is failed */
	int64_t version, created_us;
	bool is_known_kind; /* false while fetching, unless one kind is wanted: item.kind means nothing */
	bool is_new;        /* of store_media_insert(): the bytes were not here yet */
};

/* Where the bytes behind a signed address are; the address itself proves the right to them. */
struct media_place {
	const char *workspace, *sha256, *mime;
};

struct medias {
	struct media *v;
	size_t n;
	bool has_more;
};

/*
 * in: item (ids, path and url are ignored), filename. Bytes that were here already:
 * *ret is that older row, not is_new.
 */
int store_media_insert(struct db *db, const char *ws, const struct media *in, struct arena *a,
		       struct media *ret, struct problem *reterr);
int store_media_get(struct db *db, const char *ws, const char *id, struct arena *a,
		    struct media *ret, struct problem *reterr);
struct media_query {
	struct page page;
	bool is_one_kind;     /* else any */
	enum media_kind kind; /* that it is, or is to be once it is here */
};
int store_media_list(struct db *db, const char *ws, const struct media_query *q, struct arena *a,
		     struct medias *ret, struct problem *reterr);
int store_media_set_alt_text(struct db *db, const char *ws, const char *id, const char *alt_text,
			     int64_t if_version, struct problem *reterr);
/*
 * Removes the row, unless a content has it or names it in its overrides, or a post that is still to
 * go out does. The file may go when
 * store_media_is_held() then says no.
 */
int store_media_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
		       struct problem *reterr);
/* Whether any row of ws, of media or renditions, still stands for these bytes. */
int store_media_is_held(struct db *db, const char *ws, const char *sha256_hex, bool *ret,
			struct problem *reterr);

/* By id alone (GLOBAL): only for an address whose signature was checked. PROBLEM_NOT_FOUND. */
int store_media_place(struct db *db, const char *id, struct arena *a, struct media_place *ret,
		      struct problem *reterr);

extern const struct stmt store_media_statements[];

#endif

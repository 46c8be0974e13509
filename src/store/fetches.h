/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetches - media that come from a URL: ordered by a request, fetched by a process of the runner
 * Layer store; the bytes are media/store's. Ordering gives the medium its id at once, in state
 * fetching, so content may name it in the same transaction:
 *
 *	source_check(&policy, "/contentUrl", url, reterr)          net/source.h: pure, creates nothing
 *	store_fetches_order(db, ws, &order, media_id, reterr)      joins the caller's transaction
 *	... content whose media[].media_id, or whose overrides' sound_media_id, is media_id ...
 *	store_fetches_tie(db, ws, media_id, content_id, reterr)    only where content_media has it not
 *
 * It ends as ready or failed (media.error says why, in words), and posts that wait for it look
 * again at once. Bytes that are here already: the medium keeps its id as a twin of the older row
 * and shares its file. A claim is a lease with a fence: what is written counts only while it is
 * its owner's. The URL may be a secret: neither shown nor logged.
 */
#ifndef CARILLON_STORE_FETCHES_H
#define CARILLON_STORE_FETCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "store/media.h"

#define FETCH_ANY_KIND (-1)

struct fetch_order {
	const char *url;                 /* checked by source_check() */
	const char *alt_text, *filename; /* of the medium; NULL none */
	int kind;       /* enum media_kind that it must turn out to be, or FETCH_ANY_KIND */
	int64_t due_us; /* of the earliest post that waits for it; INSTANT_NONE: now */
};

/* Inserts a medium in state fetching, and its fetch. */
int store_fetches_order(struct db *db, const char *ws, const struct fetch_order *in,
			char ret_media_id[static ID_MAX], struct problem *reterr);
/* The content uses it as a sound or a cover: its posts are woken like those of its media. */
int store_fetches_tie(struct db *db, const char *ws, const char *media_id, const char *content_id,
		      struct problem *reterr);
/* A post that is due then waits for it: what is due first is fetched first. */
int store_fetches_hasten(struct db *db, const char *ws, const char *media_id, int64_t due_us,
			 struct problem *reterr);
/* A post of the content is to go out after all: what has failed of its media is fetched once more. */
int store_fetches_again(struct db *db, const char *ws, const char *content_id,
			struct problem *reterr);

struct fetch { /* claimed */
	const char *workspace, *media_id, *url;
	int kind; /* as ordered */
	int64_t fence, tries;
};

struct fetch_claim {
	const char *owner;
	int64_t lease_s, per_workspace; /* at most so many of one workspace at once */
};
/* The most urgent one that nobody works on: 1 claimed, 0 none, -1 error. */
int store_fetches_claim(struct db *db, const struct fetch_claim *in, struct arena *a,
			struct fetch *ret, struct problem *reterr);
int store_fetches_renew(struct db *db, const struct fetch *f, int64_t lease_s, bool *ret_is_ours,
			struct problem *reterr);

/* got: item as probed (sha256 ... codecs). */
int store_fetches_done(struct db *db, const struct fetch *f, const struct media_item *got,
		       bool *ret_is_ours, struct problem *reterr);
/* why: words for the user. */
int store_fetches_fail(struct db *db, const struct fetch *f, const char *why, bool *ret_is_ours,
		       struct problem *reterr);
/* Queued again with f->tries, not before so long from now. */
int store_fetches_retry(struct db *db, const struct fetch *f, int64_t delay_ms, bool *ret_is_ours,
			struct problem *reterr);

/* Bytes that came for it, whatever became of them: they count against its workspace's day (UTC). */
int store_fetches_charge(struct db *db, const struct fetch *f, int64_t bytes,
			 struct problem *reterr);
struct fetch_day {
	int64_t bytes;  /* of the workspace, today */
	int64_t left_s; /* until tomorrow */
	bool may_wait;  /* no post needs it before then */
};
int store_fetches_day(struct db *db, const struct fetch *f, struct fetch_day *ret,
		      struct problem *reterr);

/* How many could be claimed, at most `most`. */
int store_fetches_count(struct db *db, int64_t most, int64_t *ret, struct problem *reterr);

/* What failed a month ago: nobody asks again, and its URL may be a secret. */
int store_fetches_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);
/* Days of a month ago. */
int store_fetches_sweep_days(struct db *db, int64_t most, int64_t *ret_removed,
			     struct problem *reterr);

extern const struct stmt store_fetches_statements[];

#endif

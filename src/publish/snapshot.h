/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot - what exactly is sent: the content at its approved revision with the post's overrides
 * Layer publish. Built when a post is taken up; its text is stored with the permit, its hash and
 * the reader's fingerprint with the attempt. Media that the platform does not take as they are
 * stand in it as what was made of them (store/renditions). Errors: NOT_APPROVED (content or
 * revision moved), MEDIA_REJECTED (names the item), INVALID (overrides), DB_DOWN.
 */
#ifndef CARILLON_PUBLISH_SNAPSHOT_H
#define CARILLON_PUBLISH_SNAPSHOT_H

#include "app.h"
#include "base/arena.h"
#include "crypto/digest.h"
#include "domain/content.h"
#include "platform/platform.h"
#include "store/queue.h"

struct snapshot {
	struct publication post; /* ended by snapshot_done() */
	const char *text;        /* canonical JSON */
	uint8_t hash[SHA256_BYTES];
	const char *waiting_for; /* of a build that answers 1, and then the only member */
};

/*
 * 0 built; 1 not yet, ret->waiting_for (the arena's) says for what: something is still being made
 * for it, and is asked for if nobody has; -1 error.
 */
int snapshot_build(const struct app *app, const struct queue_post *q,
		   const struct platform *platform, struct arena *a, struct snapshot *ret,
		   struct problem *reterr);
/*
 * What a permit was given for, from posts.snapshot: after the fire the content may have changed,
 * and a doubt is settled by what was sent. -1: there is none.
 */
int snapshot_restore(const struct app *app, const struct queue_post *q, struct arena *a,
		     struct snapshot *ret);
void snapshot_done(struct snapshot *s);

/* How many fires the post takes; at least one. */
size_t snapshot_parts(const struct snapshot *s, const struct platform *platform);
/* Of one part: text, kind and media as a reader would find them. */
void snapshot_fingerprint(const struct snapshot *s, const struct platform *platform, size_t part,
			  struct arena *a, uint8_t ret[static SHA256_BYTES]);

#endif

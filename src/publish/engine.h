/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - stage, fire, confirm: the only code that carries posts to platforms
 * Layer publish. One engine drives all posts of a process in one curl_multi loop. The runner
 * (src/publish.c) gives it the clock of the minute; the platform pool gives it one post.
 * Guarantees: a fire call leaves only after its permit is durable in the database and in this
 * host's journal; at most one attempt of a post is live (the schema refuses a second); a second
 * attempt is made only after proof that the first had no effect.
 */
#ifndef CARILLON_PUBLISH_ENGINE_H
#define CARILLON_PUBLISH_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/arena.h"
#include "base/problem.h"
#include "domain/delivery.h"

struct engine;

int engine_open(struct app *app, struct engine **ret, struct problem *reterr);
void engine_free(struct engine *e);

/* Work beside the posts, on the same loop: tick is called about every every_ms; it must not block. */
struct engine_job {
	const char *name;
	int64_t every_ms;
	void (*tick)(void *arg, int64_t now_us); /* now: the database's clock */
	bool (*is_busy)(void *arg); /* calls under way that a drain waits for; may be NULL */
	void *arg;
};
void engine_add_job(struct engine *e, const struct engine_job *job);

/*
 * The runner: claims and drives due posts until a newer runner of this host has registered, or
 * without one until stay_s and 3/10 of it have passed, then drains; `once` drains what is due and
 * returns. *stop (set by a signal handler) ends claiming and drains, and with
 * the database away for stop_wait_s lets go. 0 clean; -1 could not run, or has let go (DB_DOWN).
 */
int engine_run(struct engine *e, bool once, const volatile int *stop, struct problem *reterr);

/*
 * One post at once, for publish-now. Takes it over from queue or runner (by fence), drives it, and
 * returns as soon as its state is terminal, or at until_boot_us while it is still staging, in
 * flight or in doubt. 0: *ret_state tells; -1: it may not be published (kind says why:
 * NOT_FOUND, POST_CANCELLED, POST_PAUSED, NOT_APPROVED, ACCOUNT_NOT_CONNECTED, ...).
 * A fire that is still in flight at the deadline is left to engine_settle().
 */
int engine_publish_one(struct engine *e, const char *ws, const char *post_id, int64_t until_boot_us,
		       enum post_state *ret_state, struct problem *reterr);
bool engine_is_busy(const struct engine *e); /* a fire is still in flight */
void engine_settle(struct engine *e);        /* waits for it (<= reply limit) and records it */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish-now: one post, taken over and driven while somebody waits.
 */
#include <string.h>

#include "publish/private.h"
#include "store/fetches.h"

#define LOOK_EVERY_US (100 * US_PER_MS)
#define CLOCK_LIFE_US (30 * US_PER_S)
#define TAKE_TRIES    5

struct refusal_row {
	enum post_state state;
	enum problem_kind kind;
	const char *detail;
};

static const struct refusal_row refusals[] = {
	{ POST_CANCELLED, PROBLEM_POST_CANCELLED, "the post is cancelled" },
	{ POST_UNCONFIRMED, PROBLEM_POST_UNCONFIRMED,
	  "an earlier attempt could not be settled; resolve it first" },
};

static int refuse(const struct queue_post *q, struct problem *reterr)
{
	const struct post *p = &q->post;

	if (p->state == POST_PAUSED)
		return problem_set(reterr, PROBLEM_POST_PAUSED, "the post is paused: %s",
				   p->reason ? p->reason : "no reason given");
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (refusals[i].state == p->state)
			return problem_set(reterr, refusals[i].kind, "%s", refusals[i].detail);
	}
	return 0;
}

static bool is_takable(enum post_state s)
{
	return s == POST_QUEUED || s == POST_STAGING || s == POST_STAGED || s == POST_RETRYING ||
	       s == POST_FAILED || s == POST_MISSED;
}

/* What its media lacked may be there by now. */
static int fetch_again(struct engine *e, const struct queue_post *q, struct problem *reterr)
{
	if (q->post.state != POST_FAILED)
		return 0;
	return store_fetches_again(e->app->db, q->workspace, q->post.content_id, reterr);
}

/* Only what may go out at all is taken from where it waits. */
static int check(struct engine *e, const struct queue_post *q, struct arena *a,
		 struct problem *reterr)
{
	struct snapshot s;
	int built;
	const struct platform *platform = platform_find(q->post.platform);

	if (q->account.status != ACCOUNT_CONNECTED)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "the account must be connected again");
	if (!platform)
		return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
				   "this server does not know the platform");
	built = snapshot_build(e->app, q, platform, a, &s, reterr);
	if (built > 0)
		return 0;
	if (built < 0)
		return reterr->kind == PROBLEM_NOT_APPROVED || reterr->kind == PROBLEM_DB_DOWN ? -1
											       : 0;
	snapshot_done(&s);
	return 0;
}

/* 0 taken, or not to be taken (see *ret_state); the row is read once more when it moves meanwhile. */
static int take(struct engine *e, const struct row_key *key, enum post_state *ret_state,
		struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct queue_takeover in = { .id = key->id,
				     .owner = e->owner,
				     .lease_s = e->app->config->publish_lease_s };
	struct queue_post q;
	bool is_ours = false;

	for (int i = 0; i < TAKE_TRIES && !is_ours; i++) {
		if (store_queue_load(e->app->db, key, a, &q, reterr) < 0 || refuse(&q, reterr) < 0)
			return -1;
		*ret_state = q.post.state;
		if (!is_takable(q.post.state))
			return 0;
		if (fetch_again(e, &q, reterr) < 0 || check(e, &q, a, reterr) < 0)
			return -1;
		in.fence = q.post.fence;
		if (store_queue_take(e->app->db, key->workspace, &in, &is_ours, reterr) < 0)
			return -1;
	}
	if (is_ours)
		flight_new(e, key->workspace, key->id);
	return 0;
}

static int freshen_clock(struct engine *e, struct problem *reterr)
{
	const bool is_new = e->clock.n == 0;

	if (!is_new && clock_boot_us() - e->clock.read_boot_us < CLOCK_LIFE_US)
		return 0;
	for (int i = 0; i < (is_new ? DUECLOCK_READINGS / 2 : 1); i++) {
		if (dueclock_read(&e->clock, e->app->db, reterr) < 0)
			return -1;
	}
	return 0;
}

static bool is_over(enum post_state s)
{
	return post_state_is_terminal(s) || s == POST_UNCONFIRMED || s == POST_PAUSED;
}

/* The waiting is over but the post is not: the runner goes on with it at once. */
static void hand_over(struct engine *e, struct flight *f)
{
	if (f->is_fired || f->at == FLIGHT_PERMIT || f->at == FLIGHT_AIM)
		return;
	for (int i = 0; i < 4 && f->change.is_pending; i++)
		batch_commit(e);
	if (f->at == FLIGHT_NEW || f->at == FLIGHT_END || f->change.is_pending)
		return;
	if (f->transfer)
		net_cancel(e->app->net, f->transfer);
	f->transfer = NULL;
	flight_park(f, flight_now_us(f));
	batch_commit(e);
}

static int wait_for(struct engine *e, const struct row_key *key, int64_t until_boot_us,
		    enum post_state *ret_state, struct problem *reterr)
{
	struct queue_mark mark;
	struct flight *f;

	do {
		f = flight_find(e, key);
		engine_turn(e, f ? until_boot_us : clock_boot_us() + LOOK_EVERY_US);
		f = flight_find(e, key);
		if (f)
			continue;
		if (store_queue_mark(e->app->db, key, &mark, reterr) < 0)
			return -1;
		*ret_state = mark.state;
		if (is_over(mark.state))
			return 0;
	} while (clock_boot_us() < until_boot_us);
	if (f) {
		*ret_state = f->q.post.state;
		hand_over(e, f);
	}
	return 0;
}

int engine_publish_one(struct engine *e, const char *ws, const char *post_id, int64_t until_boot_us,
		       enum post_state *ret_state, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct row_key key = { ws, post_id };
	enum post_state state = POST_QUEUED;

	e->is_alone = true;
	if (freshen_clock(e, reterr) < 0 || take(e, &key, &state, reterr) < 0)
		return -1;
	if (!post_state_is_terminal(state) || flight_find(e, &key)) {
		if (wait_for(e, &key, until_boot_us, &state, reterr) < 0)
			return -1;
	}
	if (state == POST_PAUSED) {
		struct queue_post q;

		if (store_queue_load(e->app->db, &key, a, &q, reterr) == 0)
			return refuse(&q, reterr);
		return -1;
	}
	*ret_state = state;
	return 0;
}

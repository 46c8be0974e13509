/* SPDX-License-Identifier: Apache-2.0 */
/* The posts of a round, and what people do to them while they go out. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/clock.h"
#include "chaos.h"
#include "crypto/keys.h"
#include "net/client.h"
#include "publish/engine.h"
#include "store/content.h"
#include "store/posts.h"

#define STAGE_LEAD_S 4
#define NOW_WAIT_US  (4 * US_PER_S)

static int64_t due_us(const struct campaign *c, const struct chaos_post *p)
{
	return c->start_us + p->due_ms * US_PER_MS;
}

static int make_post(struct campaign *c, struct db *db, struct chaos_post *p,
		     struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct content_media media = { p->kind == CONTENT_VIDEO ? c->video_id
								      : c->rig.media_id,
					     NULL };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_TITLE |
			 CONTENT_HAS_MEDIA,
		.kind = p->kind,
		.caption = p->caption,
		.title = p->caption,
		.media = &media,
		.media_n = p->kind != CONTENT_TEXT,
		.by = "user_rig",
		.is_approved = true,
	};
	struct post_new post = { .account_id = c->rig.accounts[p->account],
				 .platform = c->rig.platforms[p->account / RIG_ACCOUNTS].name,
				 .livemode = true,
				 .due = { .us = due_us(c, p) } };
	struct posts_new in = {
		.created_by = "user_rig", .v = &post, .n = 1, .stage_lead_s = STAGE_LEAD_S
	};
	struct content made;
	struct posts got;

	if (store_content_insert(db, RIG_WORKSPACE, &content, a, &made, reterr) < 0)
		return -1;
	in.content_id = made.id;
	if (store_posts_insert(db, RIG_WORKSPACE, &in, a, &got, reterr) < 0)
		return -1;
	(void)snprintf(p->content_id, ID_MAX, "%s", made.id);
	(void)snprintf(p->id, ID_MAX, "%s", got.v[0].id);
	return 0;
}

void chaos_make_posts(struct campaign *c)
{
	CLEANUP(db_free) struct db *db = database_open(&c->rig.database);
	struct problem p = { .kind = PROBLEM_NONE };

	for (int i = 0; i < c->posts_n; i++)
		rig_need(make_post(c, db, &c->posts[i], &p), &p);
}

static int patch(struct db *db, const struct post_patch *in, enum post_state *ret,
		 struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct post got;

	if (store_posts_patch(db, RIG_WORKSPACE, in, a, &got, reterr) < 0)
		return -1;
	*ret = got.state;
	return 0;
}

static int act_cancel(struct campaign *c, struct db *db, struct chaos_post *p,
		      struct problem *reterr)
{
	const struct post_patch in = { .id = p->id, .given = POST_CHANGE_CANCEL };
	enum post_state state;

	(void)c;
	if (patch(db, &in, &state, reterr) < 0)
		return -1;
	p->is_cancelled = state == POST_CANCELLED;
	return 0;
}

static int act_move(struct campaign *c, struct db *db, struct chaos_post *p, struct problem *reterr)
{
	const struct post_patch in = { .id = p->id,
				       .given = POST_CHANGE_TIME,
				       .due = { .us = clock_real_us() + 2 * US_PER_S },
				       .stage_lead_s = STAGE_LEAD_S };
	enum post_state state;

	(void)c;
	return patch(db, &in, &state, reterr);
}

/* Voids the approval: what has not gone out must stay in. */
static int act_edit(struct campaign *c, struct db *db, struct chaos_post *p, struct problem *reterr)
{
	const struct content_patch change = { .given = CONTENT_HAS_CAPTION,
					      .caption = "Edited: nobody approved this" };
	const struct content_edit in = { .id = p->content_id, .patch = &change };

	(void)c;
	return store_content_update(db, RIG_WORKSPACE, &in, NULL, reterr);
}

/* As the platform pool does it: an engine of its own for this one post. */
static void publish_now(const struct campaign *c, const struct chaos_post *p)
{
	struct app app = { .config = c->rig.config, .is_platform = true };
	struct keys *keys = NULL;
	struct engine *e = NULL;
	enum post_state state;
	struct problem why = { .kind = PROBLEM_NONE };

	if (keys_load(app.config, true, &keys, &why) < 0 ||
	    db_open(app.config, DB_ROLE_RUN, &app.db, &why) < 0 ||
	    net_open(app.config, &app.net, &why) < 0)
		return;
	app.keys = keys;
	if (engine_open(&app, &e, &why) < 0)
		return;
	(void)engine_publish_one(e, RIG_WORKSPACE, p->id, clock_boot_us() + NOW_WAIT_US, &state,
				 &why);
	engine_settle(e);
}

static int act_now(struct campaign *c, struct db *db, struct chaos_post *p, struct problem *reterr)
{
	const pid_t pid = fork();

	(void)db;
	(void)reterr;
	if (pid == 0) {
		(void)alarm(60);
		publish_now(c, p);
		_exit(0);
	}
	return 0;
}

static int act_none(struct campaign *c, struct db *db, struct chaos_post *p, struct problem *reterr)
{
	(void)c, (void)db, (void)p, (void)reterr;
	return 0;
}

static int (*const acts[])(struct campaign *c, struct db *db, struct chaos_post *p,
			   struct problem *reterr) = {
	[ACT_NONE] = act_none, [ACT_CANCEL] = act_cancel, [ACT_MOVE] = act_move,
	[ACT_EDIT] = act_edit, [ACT_NOW] = act_now,
};

/* A database that is away leaves the act for the next look; a refusal is an answer. */
void chaos_act(struct campaign *c, int64_t now_ms)
{
	CLEANUP(db_free) struct db *db = NULL;
	struct problem p = { .kind = PROBLEM_NONE };

	for (int i = 0; i < c->posts_n; i++) {
		struct chaos_post *post = &c->posts[i];

		if (post->is_done || post->act_ms > now_ms)
			continue;
		if (post->act != ACT_NONE && !db &&
		    db_open(c->rig.config, DB_ROLE_RUN, &db, &p) < 0)
			return;
		if (acts[post->act](c, db, post, &p) < 0 && p.kind == PROBLEM_DB_DOWN)
			return;
		post->is_done = true;
		c->tally.acts[post->act]++;
	}
}

bool chaos_acts_over(const struct campaign *c)
{
	for (int i = 0; i < c->posts_n; i++) {
		if (!c->posts[i].is_done)
			return false;
	}
	return true;
}

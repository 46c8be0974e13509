/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/results.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "jobs/dialogue.h"
#include "store/results.h"

#define EVERY_MS 10000
#define AT_ONCE  8
#define LEASE_S  120

struct asking { /* one post */
	struct dialogue dialogue;
	const char *post_id;
	struct results_reading reading;
};

struct results {
	struct dialogues dialogues;
};

static struct db *db_of(const struct asking *w)
{
	return w->dialogue.all->app->db;
}

static void note(const struct asking *w, int done, const struct problem *p)
{
	if (done < 0)
		log_line(LOG_LEVEL_WARN, "results.unwritten", "post=%s detail=\"%s\"", w->post_id,
			 p->detail);
}

static void give_up(const struct asking *w, bool is_final)
{
	struct problem p = { .kind = PROBLEM_NONE };

	note(w, store_results_fail(db_of(w), w->dialogue.workspace, w->post_id, is_final, &p), &p);
}

static void end(struct dialogue *d, enum step step)
{
	const struct asking *w = (const struct asking *)d;
	const enum outcome_kind kind = d->step.outcome.kind;
	struct problem p = { .kind = PROBLEM_NONE };

	/* Gone from the platform, or never to be told: not asked again. */
	if (step != STEP_DONE || kind != OUTCOME_PUBLISHED)
		give_up(w, step == STEP_DONE && kind == OUTCOME_REFUSED);
	else
		note(w,
		     store_results_tell(db_of(w), d->workspace, w->post_id, &w->reading.counts, &p),
		     &p);
}

static enum step ask(struct dialogue *d, const struct http_reply *last)
{
	struct asking *w = (struct asking *)d;

	w->reading.now_us = d->all->now_us;
	return d->app.platform->results(&w->reading, last, &d->step);
}

static void begin(struct asking *w, const struct result_due *due)
{
	struct dialogue *d = &w->dialogue;
	const struct platform *platform = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	const int done = dialogue_open(d, due->account_id, &platform, &p);

	w->post_id = arena_strdup(d->arena, due->post_id);
	if (done < 0 || !platform || !platform->results || d->row.status != ACCOUNT_CONNECTED) {
		give_up(w, done == 0 && (!platform || !platform->results));
		dialogue_free(d);
		return;
	}
	w->reading = (struct results_reading){
		.arena = d->arena,
		.app = &d->app,
		.account = &d->account,
		.remote_id = arena_strdup(d->arena, due->remote_id),
		.memo = d->memo,
		.counts = { -1, -1, -1, -1, -1 },
	};
	dialogue_begin(d);
}

static void tick(void *arg, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct dialogues *all = arg;
	const struct result_claim claim = { (int64_t)(AT_ONCE - all->n), LEASE_S };
	struct problem p = { .kind = PROBLEM_NONE };
	struct result_due due[AT_ONCE];
	size_t n = 0;

	all->now_us = now_us;
	if (claim.most <= 0 || store_results_claim(all->app->db, &claim, a, due, &n, &p) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		begin((struct asking *)dialogue_new(all, sizeof(struct asking), due[i].workspace),
		      &due[i]);
}

struct results *results_new(struct app *app, struct engine *e)
{
	struct results *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { "results", EVERY_MS, tick, dialogues_are_busy,
					&r->dialogues };

	r->dialogues = (struct dialogues){ .app = app, .ask = ask, .end = end };
	engine_add_job(e, &job);
	return r;
}

void results_free(struct results *r)
{
	if (!r)
		return;
	dialogues_free(&r->dialogues);
	free(r);
}

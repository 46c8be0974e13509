/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/results.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "jobs/dialogue.h"
#include "net/oauth2.h"
#include "platform/results.h"
#include "store/results.h"

#define EVERY_MS 10000
#define AT_ONCE  8
#define LEASE_S  120

struct asking { /* some posts of one account */
	struct dialogue dialogue;
	struct results_reading reading;
	const char **post_ids;   /* of each post that is asked for */
	int64_t *published_us;   /* likewise */
	struct result_note *out; /* what has become of each post that was claimed */
	size_t out_n;
};

struct results {
	struct dialogues dialogues;
};

static void write_out(const struct asking *w)
{
	const struct dialogue *d = &w->dialogue;
	struct problem p = { .kind = PROBLEM_NONE };

	if (store_results_note(d->all->app->db, d->workspace, w->out, w->out_n, &p) < 0)
		log_line(LOG_LEVEL_WARN, "results.unwritten", "account=%s posts=%zu detail=\"%s\"",
			 d->row.id ? d->row.id : "", w->out_n, p.detail);
}

static void put(struct asking *w, const char *post_id, enum result_end how, int64_t next_us)
{
	w->out[w->out_n++] =
		(struct result_note){ .post_id = post_id, .end = how, .next_us = next_us };
}

static int64_t next_of(const struct asking *w, size_t i)
{
	return results_next_us(&w->dialogue.app, w->published_us[i], w->dialogue.all->now_us);
}

static void put_post(struct asking *w, size_t i)
{
	const struct results_post *post = &w->reading.posts[i];

	if (post->state == RESULTS_UNTOLD) {
		put(w, w->post_ids[i], RESULT_FAILED, INSTANT_NONE);
	} else if (post->state == RESULTS_GONE) {
		put(w, w->post_ids[i], RESULT_LEFT, INSTANT_NONE);
	} else {
		put(w, w->post_ids[i], RESULT_TOLD, next_of(w, i));
		w->out[w->out_n - 1].counts = post->counts;
	}
}

/*
 * A refusal that nothing can change is about the post, when it was the only one. A person who has
 * to connect the account again is waited for until the next age; so nothing is asked over and over.
 */
static void put_unread(struct asking *w, size_t i)
{
	const struct outcome *o = &w->dialogue.step.outcome;

	if (o->kind == OUTCOME_REFUSED && !o->error.is_retryable && w->reading.posts_n == 1)
		put(w, w->post_ids[i], RESULT_LEFT, INSTANT_NONE);
	else if (o->kind == OUTCOME_REAUTH)
		put(w, w->post_ids[i], RESULT_LEFT, next_of(w, i));
	else
		put(w, w->post_ids[i], RESULT_FAILED, INSTANT_NONE);
}

static void end(struct dialogue *d, enum step step)
{
	struct asking *w = (struct asking *)d;
	const bool is_read = step == STEP_DONE && d->step.outcome.kind == OUTCOME_PUBLISHED;

	if (step != STEP_DONE)
		d->step.outcome = (struct outcome){ .kind = OUTCOME_DEFER };
	for (size_t i = 0; i < w->reading.posts_n; i++) {
		if (is_read)
			put_post(w, i);
		else
			put_unread(w, i);
	}
	write_out(w);
}

static enum step ask(struct dialogue *d, const struct http_reply *last)
{
	struct asking *w = (struct asking *)d;

	w->reading.now_us = d->all->now_us;
	return d->app.platform->results->read(&w->reading, last, &d->step);
}

/* Those that are old enough; the others wait, and all of them where the account may not be read. */
static void sort_out(struct asking *w, const struct result_batch *b)
{
	const struct dialogue *d = &w->dialogue;
	const char *needs = d->app.platform->results->scopes, *has = d->account.scopes;
	const bool is_allowed =
		!needs || !has || !*has || !*oauth2_missing_scopes(d->arena, needs, has);

	for (size_t i = 0; i < b->n; i++) {
		const struct result_due *due = &b->posts[i];
		const size_t n = w->reading.posts_n;

		if (!is_allowed || !results_is_due(&d->app, due->published_us, d->all->now_us)) {
			put(w, arena_strdup(d->arena, due->post_id), RESULT_LEFT,
			    results_next_us(&d->app, due->published_us, d->all->now_us));
			continue;
		}
		w->post_ids[n] = arena_strdup(d->arena, due->post_id);
		w->published_us[n] = due->published_us;
		w->reading.posts[n].remote_id = arena_strdup(d->arena, due->remote_id);
		w->reading.posts_n++;
	}
}

static void make_room(struct asking *w, size_t n)
{
	struct dialogue *d = &w->dialogue;

	w->post_ids = arena_array(d->arena, n, sizeof(*w->post_ids));
	w->published_us = arena_array(d->arena, n, sizeof(*w->published_us));
	w->out = arena_array(d->arena, n, sizeof(*w->out));
	w->reading = (struct results_reading){
		.arena = d->arena,
		.app = &d->app,
		.account = &d->account,
		.memo = d->memo,
		.posts = arena_array(d->arena, n, sizeof(*w->reading.posts)),
	};
}

static void begin(struct asking *w, const struct result_batch *b)
{
	struct dialogue *d = &w->dialogue;
	const struct platform *platform = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	const int done = dialogue_open(d, b->account_id, &platform, &p);
	const bool is_known = platform && platform->results;

	make_room(w, b->n);
	if (done == 0 && is_known && d->row.status == ACCOUNT_CONNECTED) {
		sort_out(w, b);
	} else {
		for (size_t i = 0; i < b->n; i++)
			put(w, b->posts[i].post_id,
			    done == 0 && !is_known ? RESULT_LEFT : RESULT_FAILED, INSTANT_NONE);
	}
	if (w->reading.posts_n > 0) {
		dialogue_begin(d);
		return;
	}
	write_out(w);
	dialogue_free(d);
}

static size_t batch_most(const char *id)
{
	const struct platform *platform = platform_find(id);

	return platform && platform->results ? platform->results->most : 1;
}

static void tick(void *arg, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct dialogues *all = arg;
	const struct result_claim claim = { AT_ONCE - all->n, LEASE_S, batch_most };
	struct problem p = { .kind = PROBLEM_NONE };
	struct result_batch due[AT_ONCE];
	size_t n = 0;

	all->now_us = now_us;
	if (all->n >= AT_ONCE || store_results_claim(all->app->db, &claim, a, due, &n, &p) < 0)
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/results.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/client.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "store/results.h"
#include "store/tokens.h"

#define EVERY_MS 10000
#define AT_ONCE  8
#define LEASE_S  120
#define CALL_MS  25000

struct asking { /* one post */
	struct results *results;
	struct arena *arena;
	struct result_due due;
	struct account row;
	struct tokens tokens;
	struct platform_app app;
	struct platform_account account;
	json_t *memo, *meta;
	struct results_reading reading;
	struct step_result step;
	struct asking *next;
};

struct results {
	struct app *app;
	struct asking *list;
	size_t n;
	int64_t now_us;
};

static void asking_free(struct asking *w)
{
	tokens_done(&w->tokens);
	json_decref(w->memo);
	json_decref(w->meta);
	arena_free(w->arena);
	free(w);
}

static void forget(struct asking *w)
{
	struct asking **at = &w->results->list;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->results->n--;
	asking_free(w);
}

static void note(const struct asking *w, int done, const struct problem *p)
{
	if (done < 0)
		log_line(LOG_LEVEL_WARN, "results.unwritten", "post=%s detail=\"%s\"",
			 w->due.post_id, p->detail);
}

static void give_up(const struct asking *w, bool is_final)
{
	struct problem p = { .kind = PROBLEM_NONE };

	note(w,
	     store_results_fail(w->results->app->db, w->due.workspace, w->due.post_id, is_final,
				&p),
	     &p);
}

static void finish(struct asking *w, enum step step)
{
	const enum outcome_kind kind = w->step.outcome.kind;
	struct problem p = { .kind = PROBLEM_NONE };

	if (step == STEP_DONE && kind == OUTCOME_PUBLISHED) {
		note(w,
		     store_results_tell(w->results->app->db, w->due.workspace, w->due.post_id,
					&w->reading.counts, &p),
		     &p);
		return;
	}
	/* Gone from the platform, or never to be told: not asked again. */
	give_up(w, step == STEP_DONE && kind == OUTCOME_REFUSED);
}

static void on_reply(void *arg, struct http_reply *reply);

/* False: nothing more to wait for. */
static bool advance(struct asking *w, const struct http_reply *last)
{
	enum step step;

	w->reading.now_us = w->results->now_us;
	w->step = (struct step_result){ .phase = PHASE_CONFIRM };
	step = w->app.platform->results(&w->reading, last, &w->step);
	if (step != STEP_SEND) {
		finish(w, step);
		return false;
	}
	if (w->step.request->timeout_ms == 0 || w->step.request->timeout_ms > CALL_MS)
		w->step.request->timeout_ms = CALL_MS;
	(void)net_start(w->results->app->net, NET_REPEATABLE, w->step.request, 0, on_reply, w);
	return true;
}

static void on_reply(void *arg, struct http_reply *reply)
{
	struct asking *w = arg;

	if (!advance(w, reply))
		forget(w);
}

static void set_up(struct asking *w, const struct platform *platform)
{
	platform_app_init(&w->app, w->arena, w->results->app->config, platform, w->row.livemode);
	w->memo = json_object();
	w->meta = w->row.meta ? json_loads(w->row.meta, 0, NULL) : NULL;
	w->account = (struct platform_account){
		.id = w->row.id,
		.remote_id = w->row.remote_id,
		.username = w->row.username,
		.scopes = w->row.scopes,
		.expires_us = w->row.expires_us,
		.meta = w->meta,
		.access_token = tokens_value(&w->tokens, "access"),
		.user_token = tokens_value(&w->tokens, "user"),
	};
	w->reading = (struct results_reading){
		.arena = w->arena,
		.app = &w->app,
		.account = &w->account,
		.remote_id = w->due.remote_id,
		.memo = w->memo,
		.counts = { -1, -1, -1, -1, -1 },
	};
}

static bool begin(struct asking *w)
{
	const struct app *app = w->results->app;
	struct problem p = { .kind = PROBLEM_NONE };
	const struct platform *platform;

	if (store_accounts_get(app->db, w->due.workspace, w->due.account_id, w->arena, &w->row,
			       &p) < 0 ||
	    store_tokens_get(app->db, w->due.workspace, w->due.account_id, app->keys, &w->tokens,
			     &p) < 0) {
		give_up(w, false);
		return false;
	}
	platform = platform_find(w->row.platform);
	if (!platform || !platform->results || w->row.status != ACCOUNT_CONNECTED) {
		give_up(w, !platform || !platform->results);
		return false;
	}
	set_up(w, platform);
	return advance(w, NULL);
}

static struct asking *asking_new(struct results *r, const struct result_due *due)
{
	struct asking *w = alloc_zero(sizeof(*w));

	w->results = r;
	w->arena = arena_new();
	w->due = (struct result_due){
		.workspace = arena_strdup(w->arena, due->workspace),
		.post_id = arena_strdup(w->arena, due->post_id),
		.account_id = arena_strdup(w->arena, due->account_id),
		.remote_id = arena_strdup(w->arena, due->remote_id),
	};
	w->next = r->list;
	r->list = w;
	r->n++;
	return w;
}

static void tick(void *arg, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct results *r = arg;
	const struct result_claim claim = { (int64_t)(AT_ONCE - r->n), LEASE_S };
	struct problem p = { .kind = PROBLEM_NONE };
	struct result_due due[AT_ONCE];
	size_t n = 0;

	r->now_us = now_us;
	if (claim.most <= 0 || store_results_claim(r->app->db, &claim, a, due, &n, &p) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct asking *w = asking_new(r, &due[i]);

		if (!begin(w))
			forget(w);
	}
}

static bool is_busy(void *arg)
{
	const struct results *r = arg;

	return r->n > 0;
}

struct results *results_new(struct app *app, struct engine *e)
{
	struct results *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { "results", EVERY_MS, tick, is_busy, r };

	r->app = app;
	engine_add_job(e, &job);
	return r;
}

void results_free(struct results *r)
{
	if (!r)
		return;
	while (r->list) {
		struct asking *w = r->list;

		r->list = w->next;
		asking_free(w);
	}
	free(r);
}

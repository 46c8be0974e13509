/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/refresh.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fp.h"
#include "base/log.h"
#include "crypto/random.h"
#include "domain/retry.h"
#include "jobs/dialogue.h"

#define EVERY_MS      5000
#define AT_ONCE       8
#define LEASE_S       60
#define RETRY_BASE_US (60 * US_PER_S)
#define RETRY_CAP_US  (6 * US_PER_HOUR)

struct renewing { /* one account */
	struct dialogue dialogue;
	int64_t failures, fence;
	struct renewal r;
};

struct refresh {
	struct dialogues dialogues;
	char owner[ID_MAX];
};

static void settle(struct renewing *w, const struct token_settle *in)
{
	struct problem p = { .kind = PROBLEM_NONE };
	struct app *app = w->dialogue.all->app;

	(void)FP(F09_refresh_answer);
	if (store_tokens_settle(app->db, w->dialogue.workspace, in, app->keys, &p) < 0)
		log_line(LOG_LEVEL_WARN, "refresh.unwritten", "account=%s detail=\"%s\"",
			 w->dialogue.row.id, p.detail);
}

static int64_t next_renewal(const struct renewing *w, int64_t expires_us)
{
	const struct platform *p = w->dialogue.app.platform;

	if (!p->renew_at || expires_us == INSTANT_NONE)
		return INSTANT_NONE;
	return p->renew_at(&w->dialogue.app, w->dialogue.all->now_us, expires_us);
}

static bool is_replaced(const struct token *list, size_t n, const char *kind)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].kind, kind) == 0)
			return true;
	}
	return false;
}

/* The account lives as long as its longest token, those included that the answer left as they are. */
static int64_t life_of(const struct renewing *w, const struct token *list, size_t n)
{
	int64_t last_us = INSTANT_NONE; /* less than any instant */

	for (size_t i = 0; i < n; i++)
		last_us = list[i].expires_us > last_us ? list[i].expires_us : last_us;
	for (size_t i = 0; i < w->dialogue.tokens.n; i++) {
		const struct token *t = &w->dialogue.tokens.v[i];

		if (t->expires_us > last_us && !is_replaced(list, n, t->kind))
			last_us = t->expires_us;
	}
	return last_us != INSTANT_NONE ? last_us : w->dialogue.row.expires_us;
}

static void renewed(struct renewing *w)
{
	struct token list[TOKENS_MAX];
	struct token_settle in = { .account_id = w->dialogue.row.id, .fence = w->fence };
	int64_t first_us = INSTANT_NONE;
	size_t n = 0;

	/* Renewal follows the one that dies first. */
	for (size_t i = 0; i < w->r.tokens_n && n < TOKENS_MAX; i++) {
		const struct connect_token *t = &w->r.tokens[i];

		if (!t->value || !*t->value)
			continue;
		list[n++] = (struct token){ .kind = t->kind,
					    .value = t->value,
					    .expires_us = t->expires_us,
					    .issued_us = INSTANT_NONE };
		if (t->expires_us == INSTANT_NONE)
			continue;
		if (first_us == INSTANT_NONE || t->expires_us < first_us)
			first_us = t->expires_us;
	}
	in.expires_us = life_of(w, list, n);
	in.tokens = (struct token_set){ list, n };
	in.next_us = next_renewal(w, first_us == INSTANT_NONE ? in.expires_us : first_us);
	settle(w, &in);
	log_line(LOG_LEVEL_INFO, "refresh.renewed", "account=%s tokens=%zu", w->dialogue.row.id, n);
}

static void faulted(struct renewing *w, const struct outcome *o)
{
	uint32_t draw;
	struct token_settle in = { .account_id = w->dialogue.row.id,
				   .fence = w->fence,
				   .expires_us = w->dialogue.row.expires_us,
				   .has_failed = true };

	random_bytes(&draw, sizeof(draw));
	in.next_us = w->dialogue.all->now_us + retry_throttle_us((int)w->failures, RETRY_BASE_US,
								 RETRY_CAP_US,
								 o->retry_after_s * US_PER_S, draw);
	settle(w, &in);
	log_line(LOG_LEVEL_WARN, "refresh.failed", "account=%s failures=%lld words=\"%s\"",
		 w->dialogue.row.id, (long long)w->failures + 1,
		 o->error.message ? o->error.message : "");
}

/* The platform will not renew it: a person must connect the account again. */
static void ended(struct renewing *w, const struct outcome *o)
{
	const char *why =
		o->error.message ? o->error.message : "The platform refused to renew access.";
	struct token_settle in = { .account_id = w->dialogue.row.id,
				   .fence = w->fence,
				   .next_us = INSTANT_NONE,
				   .expires_us = w->dialogue.row.expires_us,
				   .has_failed = true };
	struct problem p = { .kind = PROBLEM_NONE };

	settle(w, &in);
	if (store_accounts_set_status(w->dialogue.all->app->db, w->dialogue.workspace,
				      w->dialogue.row.id, ACCOUNT_EXPIRED, why, &p) < 0)
		log_line(LOG_LEVEL_WARN, "refresh.status", "account=%s detail=\"%s\"",
			 w->dialogue.row.id, p.detail);
	log_line(LOG_LEVEL_WARN, "refresh.ended", "account=%s words=\"%s\"", w->dialogue.row.id,
		 why);
}

static void end(struct dialogue *d, enum step step)
{
	struct renewing *w = (struct renewing *)d;
	const struct outcome *o = &d->step.outcome;

	if (step == STEP_DONE && o->kind == OUTCOME_PUBLISHED)
		renewed(w);
	else if (step == STEP_DONE && (o->kind == OUTCOME_REAUTH || o->kind == OUTCOME_REFUSED))
		ended(w, o);
	else
		faulted(w, o);
}

static enum step ask(struct dialogue *d, const struct http_reply *last)
{
	struct renewing *w = (struct renewing *)d;
	enum step step;

	w->r.now_us = d->all->now_us;
	step = d->app.platform->renew(&w->r, last, &d->step);
	if (step != STEP_SEND)
		return step;
	/* A rotating refresh token that is sent twice may end the connection. */
	d->step.request->is_once = true;
	(void)FP(F08_refresh_sent);
	return step;
}

static int64_t issued_us(const struct tokens *tokens)
{
	int64_t last_us = 0;

	for (size_t i = 0; i < tokens->n; i++) {
		if (tokens->v[i].issued_us > last_us)
			last_us = tokens->v[i].issued_us;
	}
	return last_us;
}

/* False: nothing came of it. */
static bool open_renewal(struct renewing *w, const struct token_due *due, const char *owner)
{
	struct dialogue *d = &w->dialogue;
	const struct token_lease lease = { due->account_id, owner, LEASE_S };
	struct problem p = { .kind = PROBLEM_NONE };
	const struct platform *platform = NULL;

	w->failures = due->failures;
	if (store_tokens_lease(d->all->app->db, d->workspace, &lease, &w->fence, &p) < 0 ||
	    dialogue_open(d, due->account_id, &platform, &p) < 0)
		return false;
	if (!platform || !platform->renew) {
		const struct token_settle none = { .account_id = d->row.id,
						   .fence = w->fence,
						   .next_us = INSTANT_NONE,
						   .expires_us = d->row.expires_us };

		settle(w, &none);
		return false;
	}
	w->r = (struct renewal){
		.arena = d->arena,
		.app = &d->app,
		.account = &d->account,
		.refresh_token = tokens_value(&d->tokens, "refresh"),
		.issued_us = issued_us(&d->tokens),
		.memo = d->memo,
	};
	return true;
}

static void tick(void *arg, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct refresh *r = arg;
	struct dialogues *all = &r->dialogues;
	struct problem p = { .kind = PROBLEM_NONE };
	struct token_due *due = NULL;
	size_t n = 0;

	all->now_us = now_us;
	if (all->n >= AT_ONCE ||
	    store_tokens_due(all->app->db, (int64_t)(AT_ONCE - all->n), a, &due, &n, &p) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct dialogue *d = dialogue_new(all, sizeof(struct renewing), due[i].workspace);

		if (open_renewal((struct renewing *)d, &due[i], r->owner))
			dialogue_begin(d);
		else
			dialogue_free(d);
	}
}

static bool is_busy(void *arg)
{
	struct refresh *r = arg;

	return dialogues_are_busy(&r->dialogues);
}

struct refresh *refresh_new(struct app *app, struct engine *e)
{
	struct refresh *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { "refresh", EVERY_MS, tick, is_busy, r };

	r->dialogues = (struct dialogues){ .app = app, .ask = ask, .end = end };
	random_id(r->owner, "run");
	engine_add_job(e, &job);
	return r;
}

void refresh_free(struct refresh *r)
{
	if (!r)
		return;
	dialogues_free(&r->dialogues);
	free(r);
}

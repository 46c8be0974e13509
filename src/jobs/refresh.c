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
#include "net/client.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "store/tokens.h"

#define EVERY_MS      5000
#define AT_ONCE       8
#define LEASE_S       60
#define CALL_MS       25000 /* two calls must end within the lease */
#define RETRY_BASE_US (60 * US_PER_S)
#define RETRY_CAP_US  (6 * US_PER_HOUR)

struct renewing { /* one account */
	struct refresh *refresh;
	struct arena *arena;
	const char *workspace;
	int64_t failures, fence, issued_us;
	struct account row;
	struct tokens tokens;
	struct platform_app app;
	struct platform_account account;
	json_t *memo, *meta;
	struct renewal r;
	struct step_result step;
	struct renewing *next;
};

struct refresh {
	struct app *app;
	char owner[ID_MAX];
	struct renewing *list;
	size_t n;
	int64_t now_us;
};

static void renewing_free(struct renewing *w)
{
	tokens_done(&w->tokens);
	json_decref(w->memo);
	json_decref(w->meta);
	arena_free(w->arena);
	free(w);
}

static void unlink_from(struct refresh *r, struct renewing *w)
{
	struct renewing **at = &r->list;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at) {
		*at = w->next;
		r->n--;
	}
	renewing_free(w);
}

static void settle(struct renewing *w, const struct token_settle *in)
{
	struct problem p = { .kind = PROBLEM_NONE };
	struct app *app = w->refresh->app;

	(void)FP(F09_refresh_answer);
	if (store_tokens_settle(app->db, w->workspace, in, app->keys, &p) < 0)
		log_line(LOG_LEVEL_WARN, "refresh.unwritten", "account=%s detail=\"%s\"", w->row.id,
			 p.detail);
}

static int64_t next_renewal(const struct renewing *w, int64_t expires_us)
{
	const struct platform *p = w->app.platform;

	if (!p->renew_at || expires_us == INSTANT_NONE)
		return INSTANT_NONE;
	return p->renew_at(&w->app, w->refresh->now_us, expires_us);
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
	for (size_t i = 0; i < w->tokens.n; i++) {
		const struct token *t = &w->tokens.v[i];

		if (t->expires_us > last_us && !is_replaced(list, n, t->kind))
			last_us = t->expires_us;
	}
	return last_us != INSTANT_NONE ? last_us : w->row.expires_us;
}

static void renewed(struct renewing *w)
{
	struct token list[TOKENS_MAX];
	struct token_settle in = { .account_id = w->row.id, .fence = w->fence };
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
	log_line(LOG_LEVEL_INFO, "refresh.renewed", "account=%s tokens=%zu", w->row.id, n);
}

static void faulted(struct renewing *w, const struct outcome *o)
{
	uint32_t draw;
	struct token_settle in = { .account_id = w->row.id,
				   .fence = w->fence,
				   .expires_us = w->row.expires_us,
				   .has_failed = true };

	random_bytes(&draw, sizeof(draw));
	in.next_us = w->refresh->now_us + retry_throttle_us((int)w->failures, RETRY_BASE_US,
							    RETRY_CAP_US,
							    o->retry_after_s * US_PER_S, draw);
	settle(w, &in);
	log_line(LOG_LEVEL_WARN, "refresh.failed", "account=%s failures=%lld words=\"%s\"",
		 w->row.id, (long long)w->failures + 1, o->error.message ? o->error.message : "");
}

/* The platform will not renew it: a person must connect the account again. */
static void ended(struct renewing *w, const struct outcome *o)
{
	const char *why =
		o->error.message ? o->error.message : "The platform refused to renew access.";
	struct token_settle in = { .account_id = w->row.id,
				   .fence = w->fence,
				   .next_us = INSTANT_NONE,
				   .expires_us = w->row.expires_us,
				   .has_failed = true };
	struct problem p = { .kind = PROBLEM_NONE };

	settle(w, &in);
	if (store_accounts_set_status(w->refresh->app->db, w->workspace, w->row.id, ACCOUNT_EXPIRED,
				      why, &p) < 0)
		log_line(LOG_LEVEL_WARN, "refresh.status", "account=%s detail=\"%s\"", w->row.id,
			 p.detail);
	log_line(LOG_LEVEL_WARN, "refresh.ended", "account=%s words=\"%s\"", w->row.id, why);
}

static void on_reply(void *arg, struct http_reply *reply);

/* False: nothing more to wait for. */
static bool advance(struct renewing *w, const struct http_reply *last)
{
	const struct outcome *o = &w->step.outcome;
	enum step step;

	w->r.now_us = w->refresh->now_us;
	w->step = (struct step_result){ .phase = PHASE_STAGE };
	step = w->app.platform->renew(&w->r, last, &w->step);
	if (step == STEP_SEND) {
		if (w->step.request->timeout_ms == 0 || w->step.request->timeout_ms > CALL_MS)
			w->step.request->timeout_ms = CALL_MS;
		/* A rotating refresh token that is sent twice may end the connection. */
		w->step.request->is_once = true;
		(void)FP(F08_refresh_sent);
		(void)net_start(w->refresh->app->net, NET_REPEATABLE, w->step.request, 0, on_reply,
				w);
		return true;
	}
	if (step == STEP_DONE && o->kind == OUTCOME_PUBLISHED)
		renewed(w);
	else if (step == STEP_DONE && (o->kind == OUTCOME_REAUTH || o->kind == OUTCOME_REFUSED))
		ended(w, o);
	else
		faulted(w, o);
	return false;
}

static void on_reply(void *arg, struct http_reply *reply)
{
	struct renewing *w = arg;

	if (!advance(w, reply))
		unlink_from(w->refresh, w);
}

static int load(struct renewing *w, const struct token_due *due, struct problem *reterr)
{
	const struct app *app = w->refresh->app;

	if (store_accounts_get(app->db, w->workspace, due->account_id, w->arena, &w->row, reterr) <
	    0)
		return -1;
	return store_tokens_get(app->db, w->workspace, due->account_id, app->keys, &w->tokens,
				reterr);
}

static void set_up(struct renewing *w, const struct platform *platform)
{
	platform_app_init(&w->app, w->arena, w->refresh->app->config, platform, w->row.livemode);
	for (size_t i = 0; i < w->tokens.n; i++) {
		if (w->tokens.v[i].issued_us > w->issued_us)
			w->issued_us = w->tokens.v[i].issued_us;
	}
	w->memo = json_object();
	w->meta = w->row.meta ? json_loads(w->row.meta, 0, NULL) : NULL;
	w->account = (struct platform_account){
		.id = w->row.id,
		.remote_id = w->row.remote_id,
		.username = w->row.username,
		.display_name = w->row.display_name,
		.scopes = w->row.scopes,
		.expires_us = w->row.expires_us,
		.meta = w->meta,
		.access_token = tokens_value(&w->tokens, "access"),
		.user_token = tokens_value(&w->tokens, "user"),
	};
	w->r = (struct renewal){
		.arena = w->arena,
		.app = &w->app,
		.account = &w->account,
		.refresh_token = tokens_value(&w->tokens, "refresh"),
		.issued_us = w->issued_us,
		.memo = w->memo,
	};
}

static bool begin(struct renewing *w, const struct token_due *due)
{
	struct refresh *r = w->refresh;
	const struct token_lease lease = { due->account_id, r->owner, LEASE_S };
	struct problem p = { .kind = PROBLEM_NONE };
	const struct platform *platform;

	w->arena = arena_new();
	w->workspace = arena_strdup(w->arena, due->workspace);
	w->failures = due->failures;
	if (store_tokens_lease(r->app->db, w->workspace, &lease, &w->fence, &p) < 0 ||
	    load(w, due, &p) < 0)
		return false;
	platform = platform_find(w->row.platform);
	if (!platform || !platform->renew) {
		const struct token_settle none = { .account_id = w->row.id,
						   .fence = w->fence,
						   .next_us = INSTANT_NONE,
						   .expires_us = w->row.expires_us };

		settle(w, &none);
		return false;
	}
	set_up(w, platform);
	return advance(w, NULL);
}

static void tick(void *arg, int64_t now_us)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct refresh *r = arg;
	struct problem p = { .kind = PROBLEM_NONE };
	struct token_due *due = NULL;
	size_t n = 0;

	r->now_us = now_us;
	if (r->n >= AT_ONCE ||
	    store_tokens_due(r->app->db, (int64_t)(AT_ONCE - r->n), a, &due, &n, &p) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct renewing *w = alloc_zero(sizeof(*w));

		w->refresh = r;
		w->next = r->list;
		r->list = w;
		r->n++;
		if (!begin(w, &due[i]))
			unlink_from(r, w);
	}
}

static bool is_busy(void *arg)
{
	const struct refresh *r = arg;

	return r->n > 0;
}

struct refresh *refresh_new(struct app *app, struct engine *e)
{
	struct refresh *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { "refresh", EVERY_MS, tick, is_busy, r };

	r->app = app;
	random_id(r->owner, "run");
	engine_add_job(e, &job);
	return r;
}

void refresh_free(struct refresh *r)
{
	if (!r)
		return;
	while (r->list)
		unlink_from(r, r->list);
	free(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting the rig's accounts: the adapter's own flow against the sandbox, then the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "net/client.h"
#include "net/oauth2.h"
#include "platform/platform.h"
#include "rig_private.h"
#include "store/accounts.h"
#include "store/tokens.h"

#define CONNECT_STEPS 40

static void consent(struct net *net, struct connect *c, const char *url, const char *user)
{
	struct arena *a = c->arena;
	struct http_request *req = http_request_new(a, VERB_GET, "rig.consent");
	struct http_reply reply = { .status = 0 };
	struct problem p;
	const char *to;

	req->url = arena_printf(a, "%s&sandbox_auto=approve%s%s", url, user ? "&sandbox_user=" : "",
				user ? user : "");
	rig_need(net_perform(net, NET_REPEATABLE, req, &reply, &p), &p);
	to = http_reply_header(&reply, a, "Location");
	if (!to) {
		fprintf(stderr, "rig: consent answered %d %s\n", reply.status,
			buf_str(&reply.body));
		exit(EXIT_FAILURE);
	}
	http_reply_done(&reply);
	c->code = url_query_get(a, to, "code");
	c->issuer = url_query_get(a, to, "iss");
}

typedef enum step next_step(void *arg, const struct http_reply *last, struct step_result *ret);

static enum step next_of_start(void *arg, const struct http_reply *last, struct step_result *ret)
{
	struct connect_start *s = arg;

	return s->app->platform->start(s, last, ret);
}

static enum step next_of_connect(void *arg, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = arg;

	return c->app->platform->connect(c, last, ret);
}

/* The adapter's own dialogue, against the sandbox. */
static void converse(struct net *net, next_step *next, void *arg)
{
	struct http_reply reply = { .status = 0 };
	const struct http_reply *last = NULL;
	struct problem p;

	for (int i = 0; i < CONNECT_STEPS; i++) {
		struct step_result step = { .phase = PHASE_STAGE };
		const enum step what = next(arg, last, &step);

		if (last)
			http_reply_done(&reply);
		last = NULL;
		if (what == STEP_DONE) {
			if (step.outcome.kind == OUTCOME_PUBLISHED)
				return;
			fprintf(stderr, "rig: connect: %s\n", step.outcome.error.message);
			exit(EXIT_FAILURE);
		}
		if (what == STEP_SEND) {
			rig_need(net_perform(net, NET_REPEATABLE, step.request, &reply, &p), &p);
			last = &reply;
		}
	}
}

/* The accounts of n persons of one platform; users[0] NULL: one consent shows all accounts. */
struct connecting {
	struct rig *rig;
	struct app *app;
	struct platform_app papp;
	const struct rig_platform *platform;
	const char *const *users;
	int n;
	char (*ids)[ID_MAX]; /* out */
};

static void store_account(const struct connecting *with, const struct connect_account *found, int i)
{
	const struct app *app = with->app;
	struct token tokens[TOKENS_MAX];
	char *meta = found->meta ? json_dumps(found->meta, JSON_COMPACT) : NULL;
	struct account_connect in = {
		.platform = with->platform->name,
		.remote_id = found->remote_id,
		.username = found->username,
		.display_name = found->display_name ? found->display_name : found->username,
		.livemode = true,
		.scopes = found->scopes,
		.missing_scopes = found->missing_scopes ? found->missing_scopes : "",
		.meta = meta,
		.expires_us = found->expires_us,
		.refresh_us = INSTANT_NONE,
		.tokens = tokens,
		.tokens_n = found->tokens_n,
	};
	struct problem p;

	for (size_t t = 0; t < found->tokens_n; t++)
		tokens[t] = (struct token){ .kind = found->tokens[t].kind,
					    .value = found->tokens[t].value,
					    .expires_us = found->tokens[t].expires_us,
					    .issued_us = INSTANT_NONE };
	rig_need(store_accounts_connect(app->db, RIG_WORKSPACE, &in, app->keys, with->ids[i], &p),
		 &p);
	free(meta);
}

/* Where the browser goes; of a platform whose accounts live on servers the sandbox is the one. */
static const char *dialog_url(const struct connecting *with, struct connect *c,
			      const char *challenge, const char *user)
{
	struct arena *a = c->arena;
	struct connect_start s = {
		.arena = a,
		.app = &with->papp,
		.server_text = rig_name(user),
		.server = arena_printf(a, "%s/%s", with->rig->sandbox_url, with->platform->name),
		.state = "state",
		.challenge = challenge,
		.now_us = clock_real_us(),
		.memo = json_object(),
		.kept = json_object(),
	};

	c->kept = s.kept;
	if (!with->papp.platform->start) {
		json_decref(s.memo);
		return with->papp.platform->auth_url(a, &with->papp, "state", challenge, false);
	}
	converse(with->app->net, next_of_start, &s);
	json_decref(s.memo);
	json_decref(s.registered);
	return s.url;
}

/* One consent; its accounts are stored from the i-th on. */
static int connect_from(struct connecting *with, int i)
{
	static const char verifier[] = "rig-verifier-0123456789-0123456789-0123456789";
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *challenge = oauth2_challenge(a, with->papp.platform->pkce, verifier);
	struct connect c = {
		.arena = a,
		.app = &with->papp,
		.verifier = verifier,
		.memo = json_object(),
	};

	consent(with->app->net, &c, dialog_url(with, &c, challenge, with->users[i]),
		with->users[i]);
	c.now_us = clock_real_us();
	converse(with->app->net, next_of_connect, &c);
	for (size_t n = 0; n < c.accounts_n && i < with->n; n++)
		store_account(with, &c.accounts[n], i++);
	json_decref(c.memo);
	json_decref((json_t *)(uintptr_t)c.kept);
	return i;
}

static void connect_platform(struct connecting *with)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *name = with->platform->name;
	int n = 0;

	platform_app_init(&with->papp, a, with->rig->config, platform_find(name), true);
	rig_sandbox(with->rig, "/_control/apps",
		    arena_printf(a, "{\"platform\":\"%s\",\"redirect_uris\":[\"%s\"]}", name,
				 with->papp.redirect_uri));
	do
		n = connect_from(with, n);
	while (n < with->n && with->users[n]);
	if (n < with->n) {
		fprintf(stderr, "rig: the sandbox showed %d accounts of %s\n", n, name);
		exit(EXIT_FAILURE);
	}
}

void rig_app(struct rig *r, struct app *ret)
{
	struct keys *keys = NULL;
	struct problem p = { .kind = PROBLEM_NONE };

	*ret = (struct app){ .config = r->config, .is_platform = true };
	rig_need(keys_load(ret->config, true, &keys, &p), &p);
	ret->keys = keys;
	ret->db = database_open(&r->database);
	rig_need(net_open(ret->config, &ret->net, &p), &p);
}

void rig_app_done(struct app *app)
{
	struct keys *keys = (struct keys *)(uintptr_t)app->keys;

	net_free(app->net);
	db_free(app->db);
	keys_free(keys);
}

void rig_connect_again(struct rig *r)
{
	struct app app;

	rig_app(r, &app);
	rig_connect(r, &app);
	rig_app_done(&app);
}

void rig_connect(struct rig *r, struct app *app)
{
	for (int i = 0; i < r->platforms_n; i++) {
		struct connecting with = {
			.rig = r,
			.app = app,
			.platform = &r->platforms[i],
			.users = rig_users(&r->platforms[i]),
			.n = RIG_ACCOUNTS,
			.ids = r->accounts + (size_t)i * RIG_ACCOUNTS,
		};

		connect_platform(&with);
	}
}

void rig_connect_users(struct rig *r, struct app *app, int platform, const char *const *users,
		       int n, char (*ret_ids)[ID_MAX])
{
	struct connecting with = {
		.rig = r,
		.app = app,
		.platform = &r->platforms[platform],
		.users = users,
		.n = n,
		.ids = ret_ids,
	};

	connect_platform(&with);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* OAuth 2.0 of X: consent, code, rotating refresh tokens, revocation; bearers and their limits. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/consent.h"
#include "sandbox/state.h"
#include "sandbox/tw.h"

#define CODE_LIFE_S   30
#define ACCESS_LIFE_S 7200
#define WINDOW_US     (900 * US_PER_S)
#define DEAD_USED     1
#define DEAD_REVOKED  2

static const char *const scopes_known[] = {
	"tweet.read",           "tweet.write",
	"tweet.moderate.write", "users.read",
	"users.email",          "follows.read",
	"follows.write",        "offline.access",
	"space.read",           "mute.read",
	"mute.write",           "like.read",
	"like.write",           "list.read",
	"list.write",           "block.read",
	"block.write",          "bookmark.read",
	"bookmark.write",       "media.write",
	"timeline.read",        NULL,
};

static bool is_known_scope(const char *scope)
{
	for (size_t i = 0; scopes_known[i] != NULL; i++)
		if (strcmp(scopes_known[i], scope) == 0)
			return true;
	return false;
}

static bool param_is(const struct exchange *ex, const char *name, const char *value)
{
	const char *given = sandbox_exchange_param(ex, name);

	return given != NULL && strcmp(given, value) == 0;
}

/* What is wrong with the question itself; X then never redirects. NULL: nothing. */
static const char *authorize_fault(struct exchange *ex, const struct app *app)
{
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *challenge = sandbox_exchange_param(ex, "code_challenge");
	const char *state = sandbox_exchange_param(ex, "state");

	if (app == NULL)
		return "Something went wrong. You weren't able to give access to the App: no such "
		       "client_id.";
	if (redirect == NULL || !sandbox_world_redirect_ok(app, redirect))
		return "Something went wrong. The redirect_uri is not registered with the App.";
	if (!param_is(ex, "response_type", "code"))
		return "Something went wrong. response_type must be code.";
	if (challenge == NULL || *challenge == '\0' ||
	    (!param_is(ex, "code_challenge_method", "S256") &&
	     !param_is(ex, "code_challenge_method", "plain")))
		return "Something went wrong. code_challenge and code_challenge_method are "
		       "required.";
	if (state == NULL || *state == '\0' || strlen(state) > 500)
		return "Something went wrong. state is required and has at most 500 characters.";
	return NULL;
}

void sandbox_tw_authorize(struct exchange *ex)
{
	struct world *w = ex->world;
	struct app *app =
		sandbox_world_app(w, &sandbox_twitter, sandbox_exchange_param(ex, "client_id"));
	const char *why = authorize_fault(ex, app);
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));

	if (why != NULL) {
		sandbox_consent_refuse(ex, "Something went wrong", why);
		return;
	}
	ask->platform = &sandbox_twitter;
	ask->app = app;
	ask->realm = TW_REALM;
	ask->redirect_uri = arena_strdup(w->arena, sandbox_exchange_param(ex, "redirect_uri"));
	ask->state = arena_strdup(w->arena, sandbox_exchange_param(ex, "state"));
	ask->challenge = arena_strdup(w->arena, sandbox_exchange_param(ex, "code_challenge"));
	ask->challenge_method =
		arena_strdup(w->arena, sandbox_exchange_param(ex, "code_challenge_method"));
	ask->scopes = sandbox_list_new(w->arena);
	ask->title = "Carillon wants to access your X account";
	ask->denied = "error=access_denied";
	ask->code_prefix = "VGN";
	ask->fragment = "";
	ask->code_life_s = CODE_LIFE_S;
	sandbox_list_split(&ask->scopes, sandbox_exchange_param(ex, "scope"), " ");
	for (size_t i = 0; i < ask->scopes.n; i++) {
		if (is_known_scope(ask->scopes.v[i]))
			continue;
		sandbox_exchange_redirect(
			ex, arena_printf(ex->arena, "%s?error=invalid_scope&state=%s",
					 ask->redirect_uri,
					 sandbox_params_escape(ex->arena, ask->state)));
		return;
	}
	sandbox_consent_begin(ex, ask);
}

static void token_fail(struct exchange *ex, int status, const char *error, const char *words)
{
	sandbox_exchange_json(ex, status,
			      json_pack("{s:s,s:s}", "error", error, "error_description", words));
}

/* The app whose id and secret the Basic header names. */
static struct app *basic_app(struct exchange *ex)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");

	if (given == NULL || strncasecmp(given, "Basic ", 6) != 0) {
		token_fail(ex, 401, "unauthorized_client", "Missing valid authorization header");
		return NULL;
	}
	for (size_t i = 0; i < ex->world->apps.n; i++) {
		struct app *app = ex->world->apps.v[i];
		const char *pair = arena_printf(ex->arena, "%s:%s", app->client_id, app->secret);
		char *text = arena_alloc(ex->arena, 4 * ((strlen(pair) + 2) / 3) + 1);

		digest_base64(pair, strlen(pair), text);
		if (app->platform == &sandbox_twitter && strcmp(text, given + 6) == 0)
			return app;
	}
	token_fail(ex, 401, "invalid_client", "Client authentication failed");
	return NULL;
}

static bool is_form(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");

	if (type != NULL && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
		return true;
	token_fail(ex, 400, "invalid_request",
		   "Content-Type must be application/x-www-form-urlencoded");
	return false;
}

static bool fits_challenge(const struct code *code, const char *verifier)
{
	uint8_t hash[SHA256_BYTES];
	char text[64];

	if (strcmp(code->challenge_method, "plain") == 0)
		return strcmp(code->challenge, verifier) == 0;
	digest_sha256(verifier, strlen(verifier), hash);
	digest_base64url(hash, sizeof(hash), text);
	return strcmp(code->challenge, text) == 0;
}

static void token_answer(struct exchange *ex, struct grant *g)
{
	struct token *access =
		sandbox_world_add_token(ex->world, g, TW_ACCESS, "QWxw", ACCESS_LIFE_S);
	const char *scope = "";
	json_t *body;

	for (size_t i = 0; i < g->granted.n; i++)
		scope = arena_printf(ex->arena, "%s%s%s", scope, i > 0 ? " " : "",
				     (const char *)g->granted.v[i]);
	body = json_pack("{s:s,s:i,s:s,s:s}", "token_type", "bearer", "expires_in", ACCESS_LIFE_S,
			 "access_token", access->text, "scope", scope);
	if (sandbox_list_has_text(&g->granted, "offline.access") &&
	    sandbox_faults_hit(ex, "token.no_refresh") == NULL)
		json_object_set_new(
			body, "refresh_token",
			json_string(sandbox_world_add_token(ex->world, g, TW_REFRESH, "UmVm", 0)
					    ->text));
	sandbox_exchange_json(ex, 200, body);
	if (sandbox_faults_hit(ex, "token.drop_after_commit") != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static void token_code(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "code");
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *verifier = sandbox_exchange_param(ex, "code_verifier");
	struct code *code = text != NULL ? sandbox_map_get(&ex->world->codes, text) : NULL;

	if (verifier == NULL || *verifier == '\0') {
		token_fail(ex, 400, "invalid_request",
			   "Missing required parameter [code_verifier].");
		return;
	}
	if (code == NULL || code->grant->app != app || code->is_used || code->grant->is_removed ||
	    code->expires_us <= sandbox_world_now(ex->world) || redirect == NULL ||
	    strcmp(redirect, code->redirect_uri) != 0) {
		token_fail(ex, 400, "invalid_request",
			   "Value passed for the authorization code was invalid.");
		return;
	}
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	if (strlen(verifier) < 43 || !fits_challenge(code, verifier)) {
		token_fail(ex, 400, "invalid_request",
			   "Value passed for the code verifier did not match the code challenge.");
		return;
	}
	token_answer(ex, code->grant);
}

static void token_refresh(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "refresh_token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (t != NULL && t->dead_reason == DEAD_USED)
		sandbox_tw_state(ex->world)->refresh_reuses++;
	if (t == NULL || t->kind != TW_REFRESH || t->grant->app != app || t->dead_reason != 0 ||
	    t->is_expired_by_hand || t->grant->is_removed) {
		token_fail(ex, 400, "invalid_request", "Value passed for the token was invalid.");
		return;
	}
	t->dead_reason = DEAD_USED;
	sandbox_state_touch(ex->world, &t->record);
	token_answer(ex, t->grant);
}

void sandbox_tw_token(struct exchange *ex)
{
	struct app *app = is_form(ex) ? basic_app(ex) : NULL;

	if (app == NULL)
		return;
	if (param_is(ex, "grant_type", "authorization_code"))
		token_code(ex, app);
	else if (param_is(ex, "grant_type", "refresh_token"))
		token_refresh(ex, app);
	else
		token_fail(ex, 400, "invalid_request", "Missing required parameter [grant_type].");
}

void sandbox_tw_revoke(struct exchange *ex)
{
	const char *text = sandbox_exchange_param(ex, "token");
	struct app *app = is_form(ex) ? basic_app(ex) : NULL;
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (app == NULL)
		return;
	if (t != NULL && t->platform == &sandbox_twitter && t->grant->app == app) {
		t->dead_reason = DEAD_REVOKED;
		sandbox_state_touch(ex->world, &t->record);
	}
	sandbox_exchange_json(ex, 200, json_pack("{s:b}", "revoked", 1));
}

struct token *sandbox_tw_bearer(struct exchange *ex)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");
	struct token *t;

	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0)
		return NULL;
	t = sandbox_map_get(&ex->world->tokens, given + 7);
	if (t == NULL || t->platform != &sandbox_twitter || t->kind != TW_ACCESS ||
	    t->dead_reason != 0 || t->is_expired_by_hand || t->grant->is_removed ||
	    t->expires_us <= sandbox_world_now(ex->world))
		return NULL;
	return t;
}

static const struct {
	const char *point;
	int status;
	const char *title, *detail, *type;
} refusals[] = {
	{ "auth.401", 401, "Unauthorized", "Unauthorized", "about:blank" },
	{ "auth.403_scope", 403, "Forbidden", "Forbidden", "about:blank" },
	{ "auth.403_unknown", 403, "Unsupported Authentication",
	  "Authenticating with Unknown is forbidden for this endpoint.",
	  "https://api.x.com/2/problems/about" },
	{ "credits.402", 402, "CreditsDepleted",
	  "Your enrolled account [1] does not have any credits to fulfill this request.",
	  "https://api.x.com/2/problems/credits" },
};

static bool refused_by_rule(struct exchange *ex)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (sandbox_faults_hit(ex, refusals[i].point) == NULL)
			continue;
		sandbox_tw_problem(ex, refusals[i].status, refusals[i].title, refusals[i].detail,
				   refusals[i].type);
		return true;
	}
	return false;
}

static const struct {
	const char *endpoint;
	int64_t limit; /* a user, 15 minutes */
} limits[] = {
	{ "tweets", 100 },      { "timeline", 900 }, { "me", 75 },         { "status", 1000 },
	{ "initialize", 1875 }, { "append", 1875 },  { "finalize", 1875 }, { "metadata", 500 },
	{ "delete", 50 },       { "lookup", 900 },
};

struct tw_family {
	const char *name;
	int64_t limit, left, reset_us;
};

/* One that is over by the day shows that in its own family; the short one need not. */
static void rate_headers(struct exchange *ex, int64_t limit, const struct tw_rate *r, bool is_day)
{
	static const char *const tails[] = { "limit", "remaining", "reset" };
	const int64_t now_us = sandbox_world_now(ex->world);
	const int64_t day_us = now_us - now_us % US_PER_DAY + US_PER_DAY;
	const struct tw_family families[] = {
		{ "x-rate-limit", limit, limit > r->used ? limit - r->used : 0,
		  r->since_us + WINDOW_US },
		{ "x-app-limit-24hour", 10000, 9000, day_us },
		{ "x-user-limit-24hour", 2400, is_day ? 0 : 2000, day_us },
	};

	if (sandbox_faults_hit(ex, "rate.no_headers") != NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(families) * ARRAY_LEN(tails); i++) {
		const struct tw_family *f = &families[i / ARRAY_LEN(tails)];
		const size_t t = i % ARRAY_LEN(tails);
		const int64_t values[] = { f->limit, f->left, f->reset_us / US_PER_S };

		sandbox_exchange_add_header(ex, arena_printf(ex->arena, "%s-%s", f->name, tails[t]),
					    arena_printf(ex->arena, "%lld", (long long)values[t]));
	}
}

/* Counts the call; false: one too many. */
static bool rate_take(struct exchange *ex, const struct account *a)
{
	struct map *rates = &sandbox_tw_state(ex->world)->rates;
	const char *key = arena_printf(ex->world->arena, "%s/%s", a->id, ex->row->name);
	struct tw_rate *r = sandbox_map_get(rates, key);
	int64_t now_us = sandbox_world_now(ex->world), limit = 1000;
	const bool is_day = sandbox_faults_hit(ex, "rate.429_day") != NULL;
	const bool is_over = !is_day && sandbox_faults_hit(ex, "rate.429") != NULL;

	if (r == NULL) {
		r = arena_alloc(ex->world->arena, sizeof(*r));
		sandbox_map_put(rates, key, r);
	}
	if (now_us - r->since_us >= WINDOW_US)
		*r = (struct tw_rate){ now_us, 0 };
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (strcmp(limits[i].endpoint, ex->row->name) == 0)
			limit = limits[i].limit;
	if (strcmp(ex->row->name, "tweets") == 0 && sandbox_tw_state(ex->world)->tweets_limit > 0)
		limit = sandbox_tw_state(ex->world)->tweets_limit;
	r->used = is_over ? limit : r->used + 1;
	rate_headers(ex, limit, r, is_day);
	if (!is_over && !is_day && r->used <= limit)
		return true;
	if (is_over)
		r->used = 0; /* a planned refusal is over with the next call */
	return sandbox_tw_problem(ex, 429, "Too Many Requests", "Too Many Requests", "about:blank");
}

struct account *sandbox_tw_auth(struct exchange *ex, const char *scope)
{
	struct token *t = sandbox_tw_bearer(ex);
	struct account *a;

	if (refused_by_rule(ex))
		return NULL;
	a = t != NULL ? sandbox_world_account(ex->world, &sandbox_twitter, t->grant->person->id)
		      : NULL;
	if (a == NULL) {
		sandbox_tw_problem(ex, 401, "Unauthorized", "Unauthorized", "about:blank");
		return NULL;
	}
	if (!sandbox_list_has_text(&t->grant->granted, scope)) {
		sandbox_tw_problem(ex, 403, "Forbidden", "Forbidden", "about:blank");
		return NULL;
	}
	if (!rate_take(ex, a))
		return NULL;
	if (((const struct tw_user *)a->extra)->is_suspended) {
		sandbox_tw_problem(
			ex, 403, "Forbidden",
			"Your account is suspended and is not permitted to access this feature.",
			"about:blank");
		return NULL;
	}
	return a;
}

void sandbox_tw_me(struct exchange *ex)
{
	const struct account *a = sandbox_tw_auth(ex, "users.read");
	const struct tw_user *u;
	json_t *data;

	if (a == NULL)
		return;
	u = a->extra;
	data = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:b}", "id", a->id, "name", a->name, "username",
			 a->username, "profile_image_url",
			 "https://pbs.twimg.com/profile_images/1/a_normal.jpg", "verified",
			 u->is_verified, "verified_type", u->is_verified ? "blue" : "none",
			 "protected", 0);
	if (u->subscription != NULL)
		json_object_set_new(data, "subscription_type", json_string(u->subscription));
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "data", data));
}

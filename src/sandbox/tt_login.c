/* SPDX-License-Identifier: Apache-2.0 */
/* Login Kit v2: dialog, code exchange, rotation, revocation; tokens and scopes of every call. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/consent.h"
#include "sandbox/state.h"
#include "sandbox/tt.h"

#define CODE_LIFE_S  300
#define DEAD_ROTATED 1

static const char *const scopes_known[] = { "user.info.basic", "user.info.profile",
					    "user.info.stats", "video.publish",
					    "video.upload",    "video.list" };

static bool scope_known(const char *scope)
{
	for (size_t i = 0; i < ARRAY_LEN(scopes_known); i++)
		if (strcmp(scopes_known[i], scope) == 0)
			return true;
	return false;
}

/* Desktop apps: 64 lower-case hexadecimal digits, which RFC 7636 knows nothing of. */
static bool challenge_ok(const struct exchange *ex, const char *challenge)
{
	const char *method = sandbox_exchange_param(ex, "code_challenge_method");

	if (challenge == NULL)
		return sandbox_tt_state(ex->world)->is_web;
	return strlen(challenge) == 64 && strspn(challenge, "0123456789abcdef") == 64 &&
	       method != NULL && strcmp(method, "S256") == 0;
}

static const char *dialog_wrong(struct exchange *ex, const struct app *app, struct list *scopes)
{
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *type = sandbox_exchange_param(ex, "response_type");
	const char *scope = sandbox_exchange_param(ex, "scope");

	if (app == NULL)
		return "client_key";
	if (redirect == NULL || !sandbox_world_redirect_ok(app, redirect))
		return "redirect_uri";
	if (type == NULL || strcmp(type, "code") != 0)
		return "response_type";
	if (scope == NULL || strchr(scope, ' ') != NULL)
		return "scope";
	sandbox_list_split(scopes, scope, ",");
	for (size_t i = 0; i < scopes->n; i++)
		if (!scope_known(scopes->v[i]))
			return "scope";
	if (!challenge_ok(ex, sandbox_exchange_param(ex, "code_challenge")))
		return "code_challenge";
	return scopes->n > 0 ? NULL : "scope";
}

void sandbox_tt_dialog(struct exchange *ex)
{
	struct world *w = ex->world;
	struct app *app =
		sandbox_world_app(w, &sandbox_tiktok, sandbox_exchange_param(ex, "client_key"));
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));
	const char *wrong;

	ask->scopes = sandbox_list_new(w->arena);
	wrong = dialog_wrong(ex, app, &ask->scopes);
	if (wrong != NULL) {
		sandbox_consent_refuse(
			ex, "Something went wrong",
			arena_printf(ex->arena,
				     "We couldn't log in with TikTok. This may be due "
				     "to specific app settings: %s.",
				     wrong));
		return;
	}
	ask->platform = &sandbox_tiktok;
	ask->app = app;
	ask->realm = TT_REALM;
	ask->redirect_uri = arena_strdup(w->arena, sandbox_exchange_param(ex, "redirect_uri"));
	ask->state = arena_strdup(w->arena, sandbox_exchange_param(ex, "state"));
	ask->title = "Log in with TikTok";
	ask->denied = "error=access_denied&error_description=User%20denied%20the%20request";
	ask->code_prefix = "b.k*7!";
	ask->fragment = "";
	ask->granted_name = "scopes";
	ask->code_life_s = CODE_LIFE_S;
	ask->challenge = arena_strdup(w->arena, sandbox_exchange_param(ex, "code_challenge"));
	ask->challenge_method = ask->challenge != NULL ? "S256" : NULL;
	sandbox_consent_begin(ex, ask);
}

/* Token endpoints answer flat, and their errors come with 200. */
static void login_fail(struct exchange *ex, const char *code, const char *description)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s}", "error", code, "error_description",
					description, "log_id",
					arena_printf(ex->arena, "20261121120000%018llu",
						     (unsigned long long)ex->req_no)));
}

static struct app *login_app(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	const char *secret = sandbox_exchange_param(ex, "client_secret");
	struct app *app = sandbox_world_app(ex->world, &sandbox_tiktok,
					    sandbox_exchange_param(ex, "client_key"));
	const json_t *params = sandbox_faults_hit(ex, "oauth.error");

	if (params != NULL) {
		login_fail(ex, sandbox_faults_text(params, "code", "server_error"),
			   "Something is wrong.");
		return NULL;
	}
	if (type == NULL || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		login_fail(ex, "invalid_request",
			   "Only `application/x-www-form-urlencoded` is supported.");
		return NULL;
	}
	if (app == NULL || secret == NULL || strcmp(secret, app->secret) != 0) {
		login_fail(ex, "invalid_client", "Client key or secret is incorrect.");
		return NULL;
	}
	return app;
}

/* refresh NULL: a new one; "": none is named. */
static void answer_tokens(struct exchange *ex, struct grant *g, const char *refresh)
{
	const struct tt_state *state = sandbox_tt_state(ex->world);
	struct token *access =
		sandbox_world_add_token(ex->world, g, TT_ACCESS, "act.", state->access_s);
	const char *scopes = "";

	if (refresh == NULL)
		refresh =
			sandbox_world_add_token(ex->world, g, TT_REFRESH, "rft.", state->refresh_s)
				->text;
	for (size_t i = 0; i < g->granted.n; i++)
		scopes = arena_printf(ex->arena, "%s%s%s", scopes, i > 0 ? "," : "",
				      (const char *)g->granted.v[i]);
	sandbox_exchange_json(
		ex, 200,
		json_pack("{s:s,s:I,s:s,s:I,s:s*,s:s,s:s}", "access_token", access->text,
			  "expires_in", (json_int_t)state->access_s, "open_id", g->person->id,
			  "refresh_expires_in", (json_int_t)state->refresh_s, "refresh_token",
			  *refresh ? refresh : NULL, "scope", scopes, "token_type", "Bearer"));
}

static bool verifier_fits(struct exchange *ex, const struct code *code)
{
	const char *verifier = sandbox_exchange_param(ex, "code_verifier");
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];

	if (code->challenge == NULL)
		return true;
	if (verifier == NULL || strlen(verifier) < 43 || strlen(verifier) > 128)
		return false;
	digest_sha256(verifier, strlen(verifier), hash);
	digest_hex(hash, sizeof(hash), hex);
	return strcmp(hex, code->challenge) == 0;
}

static void token_code(struct exchange *ex, const struct app *app)
{
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *text = sandbox_exchange_param(ex, "code");
	struct code *code = text != NULL ? sandbox_map_get(&ex->world->codes, text) : NULL;

	if (code == NULL || code->grant->app != app || code->grant->is_removed || code->is_used ||
	    sandbox_faults_hit(ex, "oauth.code_reused") != NULL)
		login_fail(ex, "invalid_grant", "Authorization code is invalid.");
	else if (code->expires_us <= sandbox_world_now(ex->world))
		login_fail(ex, "invalid_grant", "Authorization code is expired.");
	else if (redirect == NULL || strcmp(redirect, code->redirect_uri) != 0)
		login_fail(ex, "invalid_request",
			   "Redirect_uri is not matched with the uri when requesting code.");
	else if (!verifier_fits(ex, code))
		login_fail(ex, "invalid_request", "Code verifier or code challenge is invalid.");
	else {
		code->is_used = true;
		sandbox_state_touch(ex->world, &code->record);
		answer_tokens(ex, code->grant, NULL);
	}
}

static bool token_lives(const struct world *w, const struct token *t)
{
	return t->dead_reason == 0 && !t->is_expired_by_hand && !t->grant->is_removed &&
	       (t->expires_us == INSTANT_NONE || t->expires_us > sandbox_world_now(w));
}

static void token_refresh(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "refresh_token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;
	const json_t *drop;
	const char *kept = sandbox_tt_state(ex->world)->keeps_refresh_token ? text : NULL;

	if (t == NULL || t->platform != &sandbox_tiktok || t->kind != TT_REFRESH ||
	    t->grant->app != app || !token_lives(ex->world, t)) {
		login_fail(ex, "invalid_grant", "Refresh token is invalid or expired.");
		return;
	}
	drop = sandbox_faults_hit(ex, "oauth.rotate_then_drop");
	if (sandbox_faults_hit(ex, "oauth.no_refresh_token") != NULL)
		kept = "";
	if (kept == NULL) {
		t->dead_reason = DEAD_ROTATED;
		sandbox_state_touch(ex->world, &t->record);
	}
	answer_tokens(ex, t->grant, kept);
	if (drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

void sandbox_tt_token(struct exchange *ex)
{
	struct app *app = login_app(ex);
	const char *grant = sandbox_exchange_param(ex, "grant_type");

	if (app == NULL)
		return;
	if (grant != NULL && strcmp(grant, "authorization_code") == 0)
		token_code(ex, app);
	else if (grant != NULL && strcmp(grant, "refresh_token") == 0)
		token_refresh(ex, app);
	else
		login_fail(ex, "unsupported_grant_type", "The grant type is not supported.");
}

void sandbox_tt_revoke(struct exchange *ex)
{
	struct app *app = login_app(ex);
	const char *text = sandbox_exchange_param(ex, "token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (app == NULL)
		return;
	if (t == NULL || t->grant->app != app) {
		login_fail(ex, "invalid_request", "The token is invalid.");
		return;
	}
	t->grant->is_removed = true;
	sandbox_state_touch(ex->world, &t->grant->record);
	sandbox_exchange_json(ex, 200, json_object());
}

static struct token *tt_auth(struct exchange *ex)
{
	const char *auth = sandbox_exchange_header(ex, "Authorization");
	struct token *t = auth != NULL && strncmp(auth, "Bearer ", 7) == 0
				  ? sandbox_map_get(&ex->world->tokens, auth + 7)
				  : NULL;

	if (t != NULL && sandbox_faults_hit(ex, "token.expire_now") != NULL)
		sandbox_world_kill(ex->world, t, 0);
	if (t != NULL && t->platform == &sandbox_tiktok && t->kind == TT_ACCESS &&
	    token_lives(ex->world, t))
		return t;
	sandbox_tt_fail(ex, "access_token_invalid");
	return NULL;
}

/* A sliding minute for each kind of call. */
static bool rate_allows(struct exchange *ex, const struct account *a, enum tt_rate rate)
{
	struct list *calls = &sandbox_tt_extra(a)->calls[rate];
	int64_t now_us = sandbox_world_now(ex->world),
		most = sandbox_tt_state(ex->world)->rates[rate];
	int64_t recent = 0;

	for (size_t i = calls->n; i > 0 && now_us - *(int64_t *)calls->v[i - 1] < US_PER_MIN; i--)
		recent++;
	if (recent >= most)
		return sandbox_tt_fail(ex, "rate_limit_exceeded");
	sandbox_world_spend(ex->world, calls);
	return true;
}

struct account *sandbox_tt_account(struct exchange *ex, const char *scope, enum tt_rate rate)
{
	struct token *t = tt_auth(ex);
	struct account *a;

	if (t == NULL)
		return NULL;
	a = sandbox_world_account(ex->world, &sandbox_tiktok, t->grant->person->id);
	if (scope != NULL && !sandbox_list_has_text(&t->grant->granted, scope)) {
		sandbox_tt_fail(ex, "scope_not_authorized");
		return NULL;
	}
	return rate_allows(ex, a, rate) ? a : NULL;
}

static const struct {
	const char *field, *scope;
} user_fields[] = {
	{ "open_id", "user.info.basic" },
	{ "union_id", "user.info.basic" },
	{ "avatar_url", "user.info.basic" },
	{ "avatar_url_100", "user.info.basic" },
	{ "avatar_large_url", "user.info.basic" },
	{ "display_name", "user.info.basic" },
	{ "username", "user.info.profile" },
	{ "bio_description", "user.info.profile" },
	{ "profile_deep_link", "user.info.profile" },
	{ "is_verified", "user.info.profile" },
	{ "follower_count", "user.info.stats" },
	{ "following_count", "user.info.stats" },
	{ "likes_count", "user.info.stats" },
	{ "video_count", "user.info.stats" },
};

static const char *scope_of_field(const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(user_fields); i++)
		if (strcmp(user_fields[i].field, field) == 0)
			return user_fields[i].scope;
	return NULL;
}

static json_t *user_value(struct exchange *ex, const struct account *a, const char *field)
{
	if (strcmp(field, "open_id") == 0)
		return json_string(a->id);
	if (strcmp(field, "display_name") == 0)
		return json_string(a->name);
	if (strcmp(field, "username") == 0)
		return json_string(a->username);
	if (strcmp(field, "union_id") == 0)
		return json_string(arena_printf(ex->arena, "c9c6%.32s", a->id + 4));
	if (strncmp(field, "avatar", 6) == 0)
		return json_string(
			arena_printf(ex->arena, "%s/sandbox/avatar/%s", ex->base_url, a->id));
	if (strcmp(field, "is_verified") == 0)
		return json_false();
	if (strstr(field, "_count") != NULL)
		return json_integer((json_int_t)a->objects.n);
	return json_string("");
}

void sandbox_tt_user(struct exchange *ex)
{
	const char *asked = sandbox_exchange_param(ex, "fields");
	struct list fields = sandbox_list_new(ex->arena);
	struct token *t = tt_auth(ex);
	const struct account *a;
	json_t *user;

	if (t == NULL)
		return;
	a = sandbox_world_account(ex->world, &sandbox_tiktok, t->grant->person->id);
	sandbox_list_split(&fields, asked, ",");
	if (fields.n == 0) {
		sandbox_tt_fail_text(ex, "invalid_params", "The fields are missing");
		return;
	}
	for (size_t i = 0; i < fields.n; i++) {
		const char *scope = scope_of_field(fields.v[i]);

		if (scope == NULL || !sandbox_list_has_text(&t->grant->granted, scope)) {
			sandbox_tt_fail(ex,
					scope == NULL ? "invalid_params" : "scope_not_authorized");
			return;
		}
	}
	if (!rate_allows(ex, a, TT_RATE_READ))
		return;
	user = json_object();
	for (size_t i = 0; i < fields.n; i++)
		json_object_set_new(user, fields.v[i], user_value(ex, a, fields.v[i]));
	sandbox_tt_ok(ex, json_pack("{s:o}", "user", user));
}

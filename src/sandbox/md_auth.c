/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration and OAuth 2.0 of a Mastodon server. Source: docs.joinmastodon.org (methods/apps,
 * methods/oauth, api/oauth-scopes, read 2026-11) and Doorkeeper, which the server runs it with: its
 * words, codes that live ten minutes, tokens that have no end and are handed out again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/consent.h"
#include "sandbox/md.h"
#include "sandbox/state.h"

#define CODE_LIFE_S  600
#define DEAD_REVOKED 1
#define NAME_MAX     60

static const char *const scopes_known[] = {
	"profile",
	"read",
	"read:accounts",
	"read:blocks",
	"read:bookmarks",
	"read:favourites",
	"read:filters",
	"read:follows",
	"read:lists",
	"read:mutes",
	"read:notifications",
	"read:search",
	"read:statuses",
	"write",
	"write:accounts",
	"write:blocks",
	"write:bookmarks",
	"write:conversations",
	"write:favourites",
	"write:filters",
	"write:follows",
	"write:lists",
	"write:media",
	"write:mutes",
	"write:notifications",
	"write:reports",
	"write:statuses",
	"follow",
	"push",
	NULL,
};

static const char unknown_client[] =
	"Client authentication failed due to unknown client, no client authentication included, or "
	"unsupported authentication method.";
static const char bad_grant[] =
	"The provided authorization grant is invalid, expired, revoked, does not match the "
	"redirection URI used in the authorization request, or was issued to another client.";

static bool is_known_scope(const char *scope)
{
	for (size_t i = 0; scopes_known[i] != NULL; i++)
		if (strcmp(scopes_known[i], scope) == 0)
			return true;
	return false;
}

/* "read" holds all that begins with "read:". */
static bool holds_scope(const struct list *granted, const char *scope)
{
	for (size_t i = 0; i < granted->n; i++) {
		const char *have = granted->v[i];
		const size_t n = strlen(have);

		if (strncmp(have, scope, n) == 0 && (scope[n] == '\0' || scope[n] == ':'))
			return true;
	}
	return false;
}

static bool holds_scopes(struct arena *a, const char *granted, const struct list *asked)
{
	struct list have = sandbox_list_new(a);

	sandbox_list_split(&have, granted, " ");
	for (size_t i = 0; i < asked->n; i++)
		if (!holds_scope(&have, asked->v[i]))
			return false;
	return true;
}

static const char *param_or(const struct exchange *ex, const char *name, const char *otherwise)
{
	const char *given = sandbox_exchange_param(ex, name);

	return given != NULL && *given != '\0' ? given : otherwise;
}

static bool param_is(const struct exchange *ex, const char *name, const char *value)
{
	return strcmp(param_or(ex, name, ""), value) == 0;
}

void sandbox_md_discovery(struct exchange *ex)
{
	static const struct {
		const char *name, *path;
	} places[] = {
		{ "issuer", "/" },
		{ "authorization_endpoint", "/oauth/authorize" },
		{ "token_endpoint", "/oauth/token" },
		{ "revocation_endpoint", "/oauth/revoke" },
		{ "app_registration_endpoint", "/api/v1/apps" },
		{ "service_documentation", "/docs" },
	};
	json_t *doc, *scopes = json_array();

	if (sandbox_md_state(ex->world)->is_old) {
		json_decref(scopes);
		sandbox_md_error(ex, 404, "Not Found");
		return;
	}
	for (size_t i = 0; scopes_known[i] != NULL; i++)
		json_array_append_new(scopes, json_string(scopes_known[i]));
	doc = json_pack("{s:o,s:[s],s:[s],s:[s,s],s:[s,s],s:[s]}", "scopes_supported", scopes,
			"response_types_supported", "code", "response_modes_supported", "query",
			"token_endpoint_auth_methods_supported", "client_secret_basic",
			"client_secret_post", "grant_types_supported", "authorization_code",
			"client_credentials", "code_challenge_methods_supported", "S256");
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		json_object_set_new(
			doc, places[i].name,
			json_string(arena_printf(ex->arena, "%s%s", ex->base_url, places[i].path)));
	sandbox_exchange_json(ex, 200, doc);
}

/* ---- registration ---- */

static bool is_web_address(const char *uri)
{
	return strncmp(uri, "https://", 8) == 0 || strncmp(uri, "http://", 7) == 0;
}

/* NULL: nothing is wrong with it. */
static const char *app_fault(struct exchange *ex, const struct list *redirects,
			     const struct list *scopes)
{
	const char *name = param_or(ex, "client_name", "");
	const char *website = param_or(ex, "website", "https://none.example");

	if (*name == '\0')
		return "Validation failed: Application name can't be blank";
	if (strlen(name) > NAME_MAX)
		return "Validation failed: Application name is too long (maximum is 60 characters)";
	if (redirects->n == 0)
		return "Validation failed: Redirect URI can't be blank";
	if (!is_web_address(website))
		return "Validation failed: Application website must be a valid URL";
	for (size_t i = 0; i < redirects->n; i++) {
		const char *uri = redirects->v[i];

		if (strstr(uri, "://") == NULL)
			return "Validation failed: Redirect URI must be an absolute URI.";
		if (strchr(uri, '#') != NULL)
			return "Validation failed: Redirect URI cannot contain a fragment.";
	}
	for (size_t i = 0; i < scopes->n; i++)
		if (!is_known_scope(scopes->v[i]))
			return "Validation failed: Scopes doesn't match configured on the server.";
	return NULL;
}

void sandbox_md_apps(struct exchange *ex)
{
	struct world *w = ex->world;
	struct list redirects = sandbox_list_new(ex->arena), scopes = sandbox_list_new(ex->arena);
	const char *asked = param_or(ex, "scopes", "read"), *why;
	json_t *list = json_array();
	struct app *app;

	sandbox_list_split(&redirects, param_or(ex, "redirect_uris", ""), "\n\r ");
	sandbox_list_split(&scopes, asked, " ");
	why = app_fault(ex, &redirects, &scopes);
	if (why != NULL) {
		json_decref(list);
		sandbox_md_error(ex, 422, why);
		return;
	}
	app = sandbox_world_add_app(w, &sandbox_mastodon, sandbox_world_secret(w, "", 32),
				    sandbox_world_secret(w, "", 32));
	app->name = arena_strdup(w->arena, param_or(ex, "client_name", ""));
	app->scopes = arena_strdup(w->arena, asked);
	for (size_t i = 0; i < redirects.n; i++) {
		sandbox_list_add_text(&app->redirects, arena_strdup(w->arena, redirects.v[i]));
		json_array_append_new(list, json_string(redirects.v[i]));
	}
	sandbox_state_touch(w, &app->record);
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s?,s:s,s:o,s:s,s:s,s:i,s:s}", "id",
					sandbox_md_snowflake(w), "name", app->name, "website",
					sandbox_exchange_param(ex, "website"), "redirect_uri",
					param_or(ex, "redirect_uris", ""), "redirect_uris", list,
					"client_id", app->client_id, "client_secret", app->secret,
					"client_secret_expires_at", 0, "vapid_key",
					"BCk-QqERU0q-CfYZjcuB6lnyyO"));
}

/* ---- the consent page ---- */

static bool is_own_redirect(const struct app *app, const char *uri)
{
	if (app->redirects.n > 0)
		return sandbox_list_has_text(&app->redirects, uri);
	return sandbox_world_redirect_ok(app, uri);
}

/* What is wrong with the question itself; the server then never redirects. NULL: nothing. */
static const char *authorize_fault(struct exchange *ex, const struct app *app,
				   const struct list *scopes)
{
	const bool has_challenge = sandbox_exchange_param(ex, "code_challenge") != NULL;

	if (app == NULL)
		return unknown_client;
	if (!is_own_redirect(app, param_or(ex, "redirect_uri", "")))
		return "The redirect uri included is not valid.";
	if (!param_is(ex, "response_type", "code"))
		return "The authorization server does not support this response type.";
	if (app->scopes != NULL && !holds_scopes(ex->arena, app->scopes, scopes))
		return "The requested scope is invalid, unknown, or malformed.";
	if (has_challenge && !param_is(ex, "code_challenge_method", "S256"))
		return "The code_challenge_method must be S256.";
	if (has_challenge && strlen(param_or(ex, "code_challenge", "")) != 43)
		return "The code_challenge is malformed.";
	return NULL;
}

void sandbox_md_authorize(struct exchange *ex)
{
	struct world *w = ex->world;
	struct app *app =
		sandbox_world_app(w, &sandbox_mastodon, sandbox_exchange_param(ex, "client_id"));
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));
	const char *why, *state = sandbox_exchange_param(ex, "state");

	ask->scopes = sandbox_list_new(w->arena);
	sandbox_list_split(&ask->scopes, param_or(ex, "scope", "read"), " ");
	why = authorize_fault(ex, app, &ask->scopes);
	if (why != NULL) {
		sandbox_consent_refuse(ex, "An error has occurred", why);
		return;
	}
	ask->platform = &sandbox_mastodon;
	ask->app = app;
	ask->realm = MD_REALM;
	ask->redirect_uri = arena_strdup(w->arena, sandbox_exchange_param(ex, "redirect_uri"));
	ask->state = state != NULL ? arena_strdup(w->arena, state) : NULL;
	if (!sandbox_md_state(w)->is_old && sandbox_exchange_param(ex, "code_challenge") != NULL) {
		ask->challenge =
			arena_strdup(w->arena, sandbox_exchange_param(ex, "code_challenge"));
		ask->challenge_method = "S256";
	}
	ask->title = arena_printf(w->arena, "%s would like permission to access your account",
				  app->name);
	ask->denied = "error=access_denied&error_description=The+resource+owner+or+authorization+"
		      "server+denied+the+request.";
	ask->code_prefix = "";
	ask->fragment = "";
	ask->code_life_s = CODE_LIFE_S;
	sandbox_consent_begin(ex, ask);
}

/* ---- tokens ---- */

static void oauth_fail(struct exchange *ex, int status, const char *error, const char *words)
{
	sandbox_exchange_json(ex, status,
			      json_pack("{s:s,s:s}", "error", error, "error_description", words));
}

/* By form or by Basic header; NULL: the refusal is written. */
static struct app *client_of(struct exchange *ex, int status, const char *error)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");
	const char *id = param_or(ex, "client_id", ""), *secret = param_or(ex, "client_secret", "");
	const bool is_forgotten = sandbox_faults_hit(ex, "oauth.unknown_client") != NULL;

	for (size_t i = 0; i < ex->world->apps.n; i++) {
		struct app *app = ex->world->apps.v[i];
		const char *pair = arena_printf(ex->arena, "%s:%s", app->client_id, app->secret);
		char *text = arena_alloc(ex->arena, 4 * ((strlen(pair) + 2) / 3) + 1);

		digest_base64(pair, strlen(pair), text);
		if (app->platform != &sandbox_mastodon || is_forgotten)
			continue;
		if (strcmp(app->client_id, id) == 0 && strcmp(app->secret, secret) == 0)
			return app;
		if (given != NULL && strncasecmp(given, "Basic ", 6) == 0 &&
		    strcmp(text, given + 6) == 0)
			return app;
	}
	oauth_fail(ex, status, error, unknown_client);
	return NULL;
}

static const char *scopes_text(struct arena *a, const struct list *scopes)
{
	const char *text = "";

	for (size_t i = 0; i < scopes->n; i++)
		text = arena_printf(a, "%s%s%s", text, i > 0 ? " " : "",
				    (const char *)scopes->v[i]);
	return text;
}

/* The server hands a living token of the same person, app and scopes out again. */
static struct token *token_of(struct world *w, struct grant *g, const char *scopes)
{
	struct token *t;

	for (size_t i = 0; i < w->tokens_list.n; i++) {
		t = w->tokens_list.v[i];
		if (t->grant == g && t->dead_reason == 0 && !t->is_expired_by_hand &&
		    t->scopes != NULL && strcmp(t->scopes, scopes) == 0)
			return t;
	}
	t = sandbox_world_add_token(w, g, MD_ACCESS, "", 0);
	t->scopes = arena_strdup(w->arena, scopes);
	sandbox_state_touch(w, &t->record);
	return t;
}

static void token_answer(struct exchange *ex, const char *text, const char *scopes)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s,s:I}", "access_token", text, "token_type",
					"Bearer", "scope", scopes, "created_at",
					(json_int_t)(sandbox_world_now(ex->world) / US_PER_S)));
}

static bool fits_challenge(const struct code *code, const char *verifier)
{
	uint8_t hash[SHA256_BYTES];
	char text[64];

	if (code->challenge == NULL)
		return true;
	if (strlen(verifier) < 43)
		return false;
	digest_sha256(verifier, strlen(verifier), hash);
	digest_base64url(hash, sizeof(hash), text);
	return strcmp(code->challenge, text) == 0;
}

static void token_code(struct exchange *ex, const struct app *app)
{
	struct code *code = sandbox_map_get(&ex->world->codes, param_or(ex, "code", ""));
	const char *scopes;

	if (code == NULL || code->grant->app != app || code->is_used || code->grant->is_removed ||
	    code->expires_us <= sandbox_world_now(ex->world) ||
	    !param_is(ex, "redirect_uri", code->redirect_uri)) {
		oauth_fail(ex, 400, "invalid_grant", bad_grant);
		return;
	}
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	if (!fits_challenge(code, param_or(ex, "code_verifier", ""))) {
		oauth_fail(ex, 400, "invalid_grant", bad_grant);
		return;
	}
	scopes = scopes_text(ex->arena, &code->grant->granted);
	token_answer(ex, token_of(ex->world, code->grant, scopes)->text, scopes);
}

/* A token of the app itself; nothing that the sandbox plays takes it. */
static void token_app(struct exchange *ex, const struct app *app)
{
	struct list scopes = sandbox_list_new(ex->arena);
	const char *asked = param_or(ex, "scope", "read");

	sandbox_list_split(&scopes, asked, " ");
	if (app->scopes != NULL && !holds_scopes(ex->arena, app->scopes, &scopes)) {
		oauth_fail(ex, 400, "invalid_scope",
			   "The requested scope is invalid, unknown, or malformed.");
		return;
	}
	token_answer(ex, sandbox_world_secret(ex->world, "", 32), asked);
}

void sandbox_md_token(struct exchange *ex)
{
	const struct app *app = client_of(ex, 401, "invalid_client");

	if (app == NULL)
		return;
	if (param_is(ex, "grant_type", "authorization_code"))
		token_code(ex, app);
	else if (param_is(ex, "grant_type", "client_credentials"))
		token_app(ex, app);
	else
		oauth_fail(ex, 400, "unsupported_grant_type",
			   "The authorization grant type is not supported by the authorization "
			   "server.");
}

void sandbox_md_revoke(struct exchange *ex)
{
	struct token *t = sandbox_map_get(&ex->world->tokens, param_or(ex, "token", ""));
	const struct app *app = client_of(ex, 403, "unauthorized_client");

	if (app == NULL)
		return;
	if (t != NULL && t->platform == &sandbox_mastodon && t->grant->app != app) {
		oauth_fail(ex, 403, "unauthorized_client",
			   "You are not authorized to revoke this token");
		return;
	}
	if (t != NULL && t->platform == &sandbox_mastodon)
		sandbox_world_kill(ex->world, t, DEAD_REVOKED);
	sandbox_exchange_json(ex, 200, json_object());
}

/* ---- bearers ---- */

struct token *sandbox_md_bearer(struct exchange *ex)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");
	struct token *t;

	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0)
		return NULL;
	t = sandbox_map_get(&ex->world->tokens, given + 7);
	if (t == NULL || t->platform != &sandbox_mastodon || t->kind != MD_ACCESS ||
	    t->dead_reason != 0 || t->is_expired_by_hand || t->grant->is_removed)
		return NULL;
	return t;
}

struct account *sandbox_md_auth(struct exchange *ex, const char *scope)
{
	const struct token *t = sandbox_md_bearer(ex);
	struct account *a = t != NULL ? sandbox_world_account(ex->world, &sandbox_mastodon,
							      t->grant->person->id)
				      : NULL;
	struct list granted = sandbox_list_new(ex->arena);

	if (a == NULL) {
		sandbox_md_error(ex, 401, "The access token is invalid");
		return NULL;
	}
	sandbox_list_split(
		&granted,
		t->scopes != NULL ? t->scopes : scopes_text(ex->arena, &t->grant->granted), " ");
	if (holds_scope(&granted, scope))
		return a;
	sandbox_md_error(ex, 403, "This action is outside the authorized scopes");
	return NULL;
}

void sandbox_md_me(struct exchange *ex)
{
	const struct account *a = sandbox_md_enter(ex, "read:accounts");
	json_t *me;

	if (a == NULL)
		return;
	me = sandbox_md_account_json(ex, a);
	json_object_set_new(me, "source",
			    json_pack("{s:s,s:b,s:s,s:s}", "privacy", "public", "sensitive", false,
				      "language", "en", "note", ""));
	sandbox_exchange_json(ex, 200, me);
}

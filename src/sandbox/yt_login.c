/* SPDX-License-Identifier: Apache-2.0 */
/* Google's OAuth 2.0: consent, code, refresh tokens that stay, revocation of the whole grant. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/consent.h"
#include "sandbox/state.h"
#include "sandbox/yt.h"

#define TESTING_LIFE_S 604800   /* of a refresh token while the consent screen is in testing */
#define UNUSED_LIFE_S  15552000 /* six months */
#define DEAD_CROWDED   1        /* too many live refresh tokens: the oldest went */
#define DEAD_REVOKED   2

static const struct {
	const char *scope, *meaning;
} scopes_known[] = {
	{ "https://www.googleapis.com/auth/youtube.upload", "Manage your YouTube videos" },
	{ "https://www.googleapis.com/auth/youtube.readonly", "View your YouTube account" },
	{ "https://www.googleapis.com/auth/youtube", "Manage your YouTube account" },
	{ "https://www.googleapis.com/auth/youtube.force-ssl",
	  "See, edit and permanently delete your YouTube videos, ratings, comments and captions" },
	{ "openid", "Know who you are on Google" },
	{ "email", "See your primary Google Account email address" },
	{ "profile", "See your personal info" },
};

static const char *meaning_of(const char *scope)
{
	for (size_t i = 0; i < ARRAY_LEN(scopes_known); i++)
		if (strcmp(scopes_known[i].scope, scope) == 0)
			return scopes_known[i].meaning;
	return NULL;
}

static bool param_is(const struct exchange *ex, const char *name, const char *value)
{
	const char *given = sandbox_exchange_param(ex, name);

	return given != NULL && strcmp(given, value) == 0;
}

static bool prompt_ok(struct exchange *ex, struct list *prompts)
{
	static const char *const known[] = { "none", "consent", "select_account" };
	const char *given = sandbox_exchange_param(ex, "prompt");
	size_t n = 0;

	if (given != NULL)
		sandbox_list_split(prompts, given, " ");
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		n += sandbox_list_has_text(prompts, known[i]);
	return n == prompts->n && (n < 2 || !sandbox_list_has_text(prompts, "none"));
}

static bool access_type_ok(const struct exchange *ex)
{
	return sandbox_exchange_param(ex, "access_type") == NULL ||
	       param_is(ex, "access_type", "offline") || param_is(ex, "access_type", "online");
}

static bool challenge_ok(const struct exchange *ex)
{
	const char *challenge = sandbox_exchange_param(ex, "code_challenge");
	const char *method = sandbox_exchange_param(ex, "code_challenge_method");

	if (challenge == NULL)
		return method == NULL;
	return strlen(challenge) >= 43 && strlen(challenge) <= 128 &&
	       (method == NULL || strcmp(method, "plain") == 0 || strcmp(method, "S256") == 0);
}

/* NULL, or what Google's own error page says; nothing is sent to the redirect URI then. */
static const char *dialog_wrong(struct exchange *ex, const struct app *app,
				const struct consent_ask *ask, struct list *prompts)
{
	if (app == NULL)
		return "Error 401: invalid_client. The OAuth client was not found.";
	if (ask->redirect_uri == NULL || !sandbox_world_redirect_ok(app, ask->redirect_uri))
		return "Error 400: redirect_uri_mismatch";
	if (!param_is(ex, "response_type", "code"))
		return "Error 400: invalid_request. Invalid response_type.";
	if (ask->scopes.n == 0)
		return "Error 400: invalid_request. Missing required parameter: scope";
	for (size_t i = 0; i < ask->scopes.n; i++)
		if (meaning_of(ask->scopes.v[i]) == NULL)
			return "Error 400: invalid_scope. Some requested scopes were invalid.";
	if (!access_type_ok(ex))
		return "Error 400: invalid_request. Invalid access_type.";
	if (!prompt_ok(ex, prompts))
		return "Error 400: invalid_request. Invalid parameter value for prompt.";
	if (!challenge_ok(ex))
		return "Error 400: invalid_request. Invalid code_challenge or method.";
	return NULL;
}

static const char *kept(struct world *w, const char *text)
{
	return text != NULL ? arena_strdup(w->arena, text) : NULL;
}

void sandbox_yt_dialog(struct exchange *ex)
{
	struct world *w = ex->world;
	struct app *app =
		sandbox_world_app(w, &sandbox_youtube, sandbox_exchange_param(ex, "client_id"));
	struct consent_ask *ask = arena_alloc(w->arena, sizeof(*ask));
	struct list prompts = sandbox_list_new(ex->arena);
	const char *scope = sandbox_exchange_param(ex, "scope"), *wrong;
	const char *method = sandbox_exchange_param(ex, "code_challenge_method");

	ask->platform = &sandbox_youtube;
	ask->app = app;
	ask->realm = YT_REALM;
	ask->redirect_uri = kept(w, sandbox_exchange_param(ex, "redirect_uri"));
	ask->state = kept(w, sandbox_exchange_param(ex, "state"));
	ask->scopes = sandbox_list_new(w->arena);
	if (scope != NULL)
		sandbox_list_split(&ask->scopes, kept(w, scope), " ");
	wrong = dialog_wrong(ex, app, ask, &prompts);
	if (wrong != NULL) {
		sandbox_consent_refuse(ex, "Access blocked: this app's request is invalid", wrong);
		return;
	}
	ask->title = "Sign in with Google";
	ask->denied = "error=access_denied";
	ask->code_prefix = "4/0A";
	ask->fragment = "";
	ask->granted_name = "scope";
	ask->granted_separator = " ";
	ask->explain = meaning_of;
	ask->code_life_s = w->settings.code_life_s;
	ask->challenge = kept(w, sandbox_exchange_param(ex, "code_challenge"));
	ask->challenge_method = kept(w, method != NULL ? method : "plain");
	ask->options = arena_printf(
		w->arena, "%s %s %s %s",
		param_is(ex, "access_type", "offline") ? "offline" : "online",
		sandbox_list_has_text(&prompts, "consent") ? "consent" : "-",
		param_is(ex, "include_granted_scopes", "true") ? "all" : "asked", scope);
	sandbox_consent_begin(ex, ask);
}

static bool token_fail(struct exchange *ex, int status, const char *error, const char *words)
{
	sandbox_yt_json(ex, status,
			json_pack("{s:s,s:s}", "error", error, "error_description", words));
	return false;
}

static bool is_form(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");

	return (type != NULL && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0) ||
	       token_fail(ex, 400, "invalid_request",
			  "The body must be application/x-www-form-urlencoded.");
}

/* The secret stands in the body, or both in the Basic header. */
static struct app *token_app(struct exchange *ex)
{
	const char *basic = sandbox_exchange_header(ex, "Authorization");
	const char *secret = sandbox_exchange_param(ex, "client_secret");
	struct app *app = sandbox_world_app(ex->world, &sandbox_youtube,
					    sandbox_exchange_param(ex, "client_id"));

	if (basic == NULL && app != NULL && secret != NULL && strcmp(app->secret, secret) == 0)
		return app;
	for (size_t i = 0; basic != NULL && i < ex->world->apps.n; i++) {
		struct app *one = ex->world->apps.v[i];
		const char *pair = arena_printf(ex->arena, "%s:%s", one->client_id, one->secret);
		char *text = arena_alloc(ex->arena, 4 * ((strlen(pair) + 2) / 3) + 1);

		digest_base64(pair, strlen(pair), text);
		if (one->platform == &sandbox_youtube && strncasecmp(basic, "Basic ", 6) == 0 &&
		    strcmp(text, basic + 6) == 0)
			return one;
	}
	token_fail(ex, 401, "invalid_client",
		   app != NULL ? "Unauthorized" : "The OAuth client was not found.");
	return NULL;
}

static bool token_lives(const struct world *w, const struct token *t)
{
	return t->dead_reason == 0 && !t->is_expired_by_hand && !t->grant->is_removed &&
	       (t->expires_us == INSTANT_NONE || t->expires_us > sandbox_world_now(w));
}

/* Refresh tokens of a Google account for an app that still work; *ret_oldest may be NULL. */
static int64_t refresh_count(const struct world *w, const struct grant *g,
			     struct token **ret_oldest)
{
	int64_t n = 0;

	*ret_oldest = NULL;
	for (size_t i = 0; i < w->tokens_list.n; i++) {
		struct token *t = w->tokens_list.v[i];

		if (t->platform != &sandbox_youtube || t->kind != YT_REFRESH ||
		    t->grant->app != g->app || t->grant->person->extra != g->person->extra ||
		    !token_lives(w, t))
			continue;
		if (*ret_oldest == NULL)
			*ret_oldest = t;
		n++;
	}
	return n;
}

/* What a code's options say. */
struct wish {
	bool is_lasting, wants_consent, wants_all;
	struct list scopes;
};

static void wish_read(struct exchange *ex, const struct code *code, struct wish *ret)
{
	struct list words = sandbox_list_new(ex->arena);

	sandbox_list_split(&words, code->options, " ");
	ret->scopes = sandbox_list_new(ex->arena);
	for (size_t i = 3; i < words.n; i++)
		sandbox_list_add(&ret->scopes, words.v[i]);
	ret->is_lasting = sandbox_list_has_text(&words, "offline");
	ret->wants_consent = sandbox_list_has_text(&words, "consent");
	ret->wants_all = sandbox_list_has_text(&words, "all");
}

/* What was granted of that; earlier grants count when all was wished for. */
static const char *wish_granted(struct world *w, const struct grant *g, const struct wish *wish)
{
	const char *text = "";

	for (size_t i = 0; i < g->granted.n; i++)
		if (wish->wants_all || sandbox_list_has_text(&wish->scopes, g->granted.v[i]))
			text = arena_printf(w->arena, "%s%s%s", text, *text != '\0' ? " " : "",
					    (const char *)g->granted.v[i]);
	return text;
}

static struct token *refresh_new(struct exchange *ex, struct grant *g, const char *scopes)
{
	struct yt_state *state = sandbox_yt_state(ex->world);
	struct token *oldest, *t;

	while (refresh_count(ex->world, g, &oldest) >= state->refresh_cap && oldest != NULL)
		sandbox_world_kill(ex->world, oldest, DEAD_CROWDED);
	t = sandbox_world_add_token(ex->world, g, YT_REFRESH, "1//0g",
				    state->is_testing ? TESTING_LIFE_S : UNUSED_LIFE_S);
	t->scopes = scopes;
	return t;
}

static void token_answer(struct exchange *ex, struct grant *g, const char *scopes,
			 const struct token *refresh)
{
	const struct yt_state *state = sandbox_yt_state(ex->world);
	struct token *access =
		sandbox_world_add_token(ex->world, g, YT_ACCESS, "ya29.a0", state->access_s);
	json_t *body;

	access->scopes = scopes;
	body = json_pack("{s:s,s:I}", "access_token", access->text, "expires_in",
			 (json_int_t)(state->access_s - 1));
	if (refresh != NULL)
		json_object_set_new(body, "refresh_token", json_string(refresh->text));
	json_object_set_new(body, "scope", json_string(scopes));
	json_object_set_new(body, "token_type", json_string("Bearer"));
	if (refresh != NULL && state->is_testing)
		json_object_set_new(body, "refresh_token_expires_in",
				    json_integer(TESTING_LIFE_S - 1));
	sandbox_yt_json(ex, 200, body);
}

static bool verifier_fits(const struct exchange *ex, const struct code *code)
{
	const char *verifier = sandbox_exchange_param(ex, "code_verifier");
	uint8_t hash[SHA256_BYTES];
	char text[64];

	if (code->challenge == NULL)
		return true;
	if (verifier == NULL || strlen(verifier) < 43 || strlen(verifier) > 128)
		return false;
	if (strcmp(code->challenge_method, "plain") == 0)
		return strcmp(code->challenge, verifier) == 0;
	digest_sha256(verifier, strlen(verifier), hash);
	digest_base64url(hash, sizeof(hash), text);
	return strcmp(code->challenge, text) == 0;
}

/* Whether this grant ever got one: a later consent brings another only when it was asked for. */
static bool grant_has_refresh(const struct world *w, const struct grant *g)
{
	for (size_t i = 0; i < w->tokens_list.n; i++) {
		const struct token *t = w->tokens_list.v[i];

		if (t->grant == g && t->kind == YT_REFRESH)
			return true;
	}
	return false;
}

/* The code as it may be used; NULL: refused. */
static struct code *code_take(struct exchange *ex, const struct app *app)
{
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *text = sandbox_exchange_param(ex, "code");
	struct code *code = text != NULL ? sandbox_map_get(&ex->world->codes, text) : NULL;

	if (code == NULL || code->grant->app != app || code->grant->is_removed || code->is_used ||
	    code->expires_us <= sandbox_world_now(ex->world)) {
		token_fail(ex, 400, "invalid_grant",
			   code != NULL ? "Bad Request" : "Malformed auth code.");
		return NULL;
	}
	if (redirect == NULL || strcmp(redirect, code->redirect_uri) != 0) {
		token_fail(ex, 400, "redirect_uri_mismatch", "Bad Request");
		return NULL;
	}
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	if (verifier_fits(ex, code))
		return code;
	token_fail(ex, 400, "invalid_grant",
		   sandbox_exchange_param(ex, "code_verifier") == NULL ? "Missing code verifier."
								       : "Invalid code verifier.");
	return NULL;
}

static void token_code(struct exchange *ex, const struct app *app)
{
	const struct code *code = code_take(ex, app);
	const char *scopes;
	struct wish wish;
	bool is_lasting;

	if (code == NULL)
		return;
	wish_read(ex, code, &wish);
	scopes = wish_granted(ex->world, code->grant, &wish);
	is_lasting = wish.is_lasting &&
		     (wish.wants_consent || !grant_has_refresh(ex->world, code->grant)) &&
		     sandbox_faults_hit(ex, "token.no_refresh_token") == NULL;
	token_answer(ex, code->grant, scopes,
		     is_lasting ? refresh_new(ex, code->grant, scopes) : NULL);
}

static void token_refresh(struct exchange *ex, const struct app *app)
{
	const char *text = sandbox_exchange_param(ex, "refresh_token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (t == NULL || t->platform != &sandbox_youtube || t->kind != YT_REFRESH ||
	    t->grant->app != app || !token_lives(ex->world, t) ||
	    sandbox_faults_hit(ex, "token.invalid_grant") != NULL) {
		token_fail(ex, 400, "invalid_grant", "Token has been expired or revoked.");
		return;
	}
	if (!sandbox_yt_state(ex->world)->is_testing) {
		t->expires_us = sandbox_world_now(ex->world) + UNUSED_LIFE_S * US_PER_S;
		sandbox_state_touch(ex->world, &t->record);
	}
	token_answer(ex, t->grant, t->scopes, NULL);
}

void sandbox_yt_token(struct exchange *ex)
{
	const struct app *app = is_form(ex) ? token_app(ex) : NULL;
	const json_t *rule;

	if (app == NULL)
		return;
	rule = sandbox_faults_hit(ex, "token.error");
	if (rule != NULL)
		token_fail(ex, (int)sandbox_faults_int(rule, "status", 400),
			   sandbox_faults_text(rule, "error", "invalid_client"),
			   sandbox_faults_text(rule, "description", "Unauthorized"));
	else if (param_is(ex, "grant_type", "authorization_code"))
		token_code(ex, app);
	else if (param_is(ex, "grant_type", "refresh_token"))
		token_refresh(ex, app);
	else
		token_fail(ex, 400, "unsupported_grant_type", "Invalid grant_type");
}

/* All that the person allowed the project, through whichever of the person's channels. */
static void grant_end(struct world *w, const struct grant *g)
{
	bool keeps_siblings = sandbox_yt_state(w)->keeps_siblings;

	for (size_t i = 0; i < w->grants.n; i++) {
		struct grant *one = w->grants.v[i];

		if (one->app != g->app || one->person->extra != g->person->extra ||
		    (keeps_siblings && one != g))
			continue;
		one->is_removed = true;
		sandbox_state_touch(w, &one->record);
	}
}

void sandbox_yt_revoke(struct exchange *ex)
{
	const char *text = sandbox_exchange_param(ex, "token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (!is_form(ex))
		return;
	if (t == NULL || t->platform != &sandbox_youtube || !token_lives(ex->world, t)) {
		token_fail(ex, 400, "invalid_token", "Token expired or revoked");
		return;
	}
	grant_end(ex->world, t->grant);
	sandbox_world_kill(ex->world, t, DEAD_REVOKED);
	sandbox_yt_json(ex, 200, json_object());
}

struct token *sandbox_yt_bearer(struct exchange *ex)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");
	struct token *t;

	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0)
		return NULL;
	t = sandbox_map_get(&ex->world->tokens, given + 7);
	return t != NULL && t->platform == &sandbox_youtube && t->kind == YT_ACCESS &&
			       token_lives(ex->world, t)
		       ? t
		       : NULL;
}

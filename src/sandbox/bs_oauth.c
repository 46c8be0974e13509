/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorization server: what it says of itself, pushed questions, consent, codes that work
 * once, refresh tokens that work once and end the whole grant when they come again.
 */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/bs_login.h"
#include "sandbox/consent.h"

#define PUSHED_LIFE_S  300
#define CODE_LIFE_S    300
#define ACCESS_LIFE_S  3600
#define SESSION_LIFE_S 1209600 /* of public clients, from the login on */
#define URI_PREFIX     "urn:ietf:params:oauth:request_uri:req-"
#define CHALLENGE_LEN  43

struct bs_pushed {
	const struct bs_client *client;
	const char *redirect_uri, *state, *challenge, *scope, *hint, *key;
	int64_t expires_us;
	struct consent_ask *ask;
};

static const char *const scopes_known[] = { "atproto", "transition:generic", "transition:email",
					    "transition:chat.bsky" };

void sandbox_bs_resource(struct exchange *ex)
{
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s, s:[s], s:[], s:[s]}", "resource", ex->base_url,
					"authorization_servers", ex->base_url, "scopes_supported",
					"bearer_methods_supported", "header"));
}

static const char *at(const struct exchange *ex, const char *path)
{
	return arena_printf(ex->arena, "%s%s", ex->base_url, path);
}

void sandbox_bs_server(struct exchange *ex)
{
	json_t *doc = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:[s], s:[s,s], s:[s], s:[s], s:[s]}",
		"issuer", ex->base_url, "authorization_endpoint", at(ex, "/oauth/authorize"),
		"token_endpoint", at(ex, "/oauth/token"), "revocation_endpoint",
		at(ex, "/oauth/revoke"), "pushed_authorization_request_endpoint",
		at(ex, "/oauth/par"), "require_pushed_authorization_requests", 1,
		"authorization_response_iss_parameter_supported", 1,
		"client_id_metadata_document_supported", 1, "response_types_supported", "code",
		"grant_types_supported", "authorization_code", "refresh_token",
		"code_challenge_methods_supported", "S256", "token_endpoint_auth_methods_supported",
		"none", "dpop_signing_alg_values_supported", "ES256");
	json_t *scopes = json_array();

	for (size_t i = 0; i < ARRAY_LEN(scopes_known); i++)
		json_array_append_new(scopes, json_string(scopes_known[i]));
	json_object_set_new(doc, "scopes_supported", scopes);
	sandbox_exchange_json(ex, 200, doc);
}

/* Always false. */
static bool oauth_fail(struct exchange *ex, int status, const char *error, const char *words)
{
	sandbox_exchange_json(ex, status,
			      json_pack("{s:s, s:s}", "error", error, "error_description", words));
	return false;
}

static bool param_is(const struct exchange *ex, const char *name, const char *value)
{
	const char *given = sandbox_exchange_param(ex, name);

	return given != NULL && strcmp(given, value) == 0;
}

/* The proof that each call of a client has here; false: refused. */
static bool takes_proof(struct exchange *ex, char key[static BS_THUMBPRINT_MAX])
{
	static const char *const errors[][2] = {
		[BS_PROOF_GOOD] = { NULL, NULL },
		[BS_PROOF_NONE] = { "invalid_dpop_proof", "DPoP proof required" },
		[BS_PROOF_NONCE] = { "use_dpop_nonce",
				     "Authorization server requires nonce in DPoP proof" },
		[BS_PROOF_BAD] = { "invalid_dpop_proof", "Failed to verify DPoP proof" },
	};
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	enum bs_proof proof;

	if (type == NULL || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
		return oauth_fail(ex, 400, "invalid_request", "a form is expected");
	proof = sandbox_bs_proof(ex, NULL, key);
	sandbox_bs_nonce(ex);
	return proof == BS_PROOF_GOOD || oauth_fail(ex, 400, errors[proof][0], errors[proof][1]);
}

static bool list_holds(struct exchange *ex, const char *scopes, const char *scope)
{
	struct list list = sandbox_list_new(ex->arena);

	sandbox_list_split(&list, scopes, " ");
	return sandbox_list_has_text(&list, scope);
}

static const char *scope_fault(struct exchange *ex, const struct bs_client *client,
			       const char *scope)
{
	struct list list = sandbox_list_new(ex->arena);

	sandbox_list_split(&list, scope != NULL ? scope : "", " ");
	if (!sandbox_list_has_text(&list, "atproto"))
		return "The \"atproto\" scope is required";
	for (size_t i = 0; i < list.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(scopes_known) && strcmp(scopes_known[k], list.v[i]) != 0)
			k++;
		if (k == ARRAY_LEN(scopes_known))
			return "Unsupported scope";
		if (!list_holds(ex, client->scope, list.v[i]))
			return "Scope is not declared in the client metadata";
	}
	return NULL;
}

/* What is wrong with the question; NULL: nothing. */
static const char *par_fault(struct exchange *ex, const struct bs_client *client)
{
	const char *redirect = sandbox_exchange_param(ex, "redirect_uri");
	const char *challenge = sandbox_exchange_param(ex, "code_challenge");
	const char *state = sandbox_exchange_param(ex, "state");

	if (redirect == NULL || !sandbox_bs_client_returns_to(client, redirect))
		return "Invalid redirect_uri";
	if (!param_is(ex, "response_type", "code"))
		return "atproto only supports the \"code\" response_type";
	if (challenge == NULL || strlen(challenge) != CHALLENGE_LEN ||
	    !param_is(ex, "code_challenge_method", "S256"))
		return "atproto requires use of \"S256\" code_challenge_method";
	if (state == NULL || *state == '\0')
		return "state is required";
	return scope_fault(ex, client, sandbox_exchange_param(ex, "scope"));
}

static const char *keep(struct exchange *ex, const char *name)
{
	return arena_strdup(ex->world->arena, sandbox_exchange_param(ex, name));
}

void sandbox_bs_par(struct exchange *ex)
{
	char key[BS_THUMBPRINT_MAX];
	const struct bs_client *client;
	struct bs_pushed *pushed;
	const char *why = NULL, *uri;

	if (!takes_proof(ex, key))
		return;
	client = sandbox_bs_client(ex, sandbox_exchange_param(ex, "client_id"), &why);
	if (client == NULL) {
		oauth_fail(ex, 400, "invalid_client_metadata", why);
		return;
	}
	why = par_fault(ex, client);
	if (why != NULL) {
		oauth_fail(ex, 400, "invalid_request", why);
		return;
	}
	pushed = arena_alloc(ex->world->arena, sizeof(*pushed));
	*pushed = (struct bs_pushed){
		.client = client,
		.redirect_uri = keep(ex, "redirect_uri"),
		.state = keep(ex, "state"),
		.challenge = keep(ex, "code_challenge"),
		.scope = keep(ex, "scope"),
		.hint = keep(ex, "login_hint"),
		.key = arena_strdup(ex->world->arena, key),
		.expires_us = sandbox_world_now(ex->world) + PUSHED_LIFE_S * US_PER_S,
	};
	uri = sandbox_world_secret(ex->world, URI_PREFIX, 16);
	sandbox_map_put(&sandbox_bs_login(ex->world)->pushed, uri, pushed);
	sandbox_exchange_json(
		ex, 201, json_pack("{s:s, s:i}", "request_uri", uri, "expires_in", PUSHED_LIFE_S));
}

/* The question that the browser came with; NULL: a page says what is wrong with it. */
static struct bs_pushed *question(struct exchange *ex)
{
	const char *uri = sandbox_exchange_param(ex, "request_uri");
	struct bs_pushed *p =
		uri != NULL ? sandbox_map_get(&sandbox_bs_login(ex->world)->pushed, uri) : NULL;
	const char *why = NULL;

	if (p == NULL)
		why = "Unknown request_uri. Questions must be pushed first.";
	else if (!param_is(ex, "client_id", p->client->app->client_id))
		why = "This request was initiated for another client.";
	else if (p->expires_us <= sandbox_world_now(ex->world))
		why = "This request has expired.";
	else if (p->ask != NULL && p->ask->is_answered)
		why = "This request was already authorized.";
	if (why == NULL)
		return p;
	sandbox_consent_refuse(ex, "Authorization failed", why);
	return NULL;
}

void sandbox_bs_authorize(struct exchange *ex)
{
	struct world *w = ex->world;
	struct bs_pushed *p = question(ex);
	const struct account *hinted;
	struct consent_ask *ask;

	if (p == NULL)
		return;
	ask = arena_alloc(w->arena, sizeof(*ask));
	p->ask = ask;
	ask->platform = ex->platform;
	ask->app = p->client->app;
	ask->realm = BS_REALM;
	ask->redirect_uri = p->redirect_uri;
	ask->state = p->state;
	ask->challenge = p->challenge;
	ask->challenge_method = "S256";
	ask->scopes = sandbox_list_new(w->arena);
	sandbox_list_split(&ask->scopes, p->scope, " ");
	ask->title = "Carillon wants to access your account";
	ask->denied = "error=access_denied&error_description=The+user+rejected+the+request";
	ask->issuer = arena_strdup(w->arena, ex->base_url);
	ask->code_prefix = "cod-";
	ask->fragment = "";
	ask->code_life_s = CODE_LIFE_S;
	ask->options = p->key;
	hinted = p->hint != NULL ? sandbox_bs_account(w, p->hint) : NULL;
	if (hinted != NULL && sandbox_exchange_param(ex, "sandbox_user") == NULL)
		sandbox_params_add(&ex->params, "sandbox_user", hinted->id);
	sandbox_consent_begin(ex, ask);
}

/* All that was granted to the key at that login. */
static void grant_end(struct world *w, const char *key, int reason)
{
	for (size_t i = 0; i < w->tokens_list.n; i++) {
		struct token *t = w->tokens_list.v[i];

		if (t->subject != NULL && strcmp(t->subject, key) == 0 && t->dead_reason == 0)
			sandbox_world_kill(w, t, reason);
	}
}

static struct token *token_new(struct exchange *ex, struct grant *g, enum bs_token_kind kind,
			       const char *key, int64_t life_s)
{
	struct token *t = sandbox_world_add_token(ex->world, g, (int)kind,
						  kind == BS_ACCESS ? "at-" : "ref-", life_s);

	t->subject = arena_strdup(ex->world->arena, key);
	sandbox_state_touch(ex->world, &t->record);
	return t;
}

static void token_answer(struct exchange *ex, struct grant *g, const char *key, int64_t end_us)
{
	const int64_t left_s = (end_us - sandbox_world_now(ex->world)) / US_PER_S;
	const char *access = token_new(ex, g, BS_ACCESS, key, ACCESS_LIFE_S)->text, *scope = "";
	const char *refresh = token_new(ex, g, BS_REFRESH, key, left_s)->text;

	for (size_t i = 0; i < g->granted.n; i++)
		scope = arena_printf(ex->arena, "%s%s%s", scope, i > 0 ? " " : "",
				     (const char *)g->granted.v[i]);
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "access_token", access,
					"token_type", "DPoP", "refresh_token", refresh, "scope",
					scope, "expires_in", ACCESS_LIFE_S, "sub", g->person->id));
	if (sandbox_faults_hit(ex, "token.drop_after_commit") != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static bool fits_challenge(const struct code *code, const char *verifier)
{
	uint8_t hash[SHA256_BYTES];
	char text[64];

	if (verifier == NULL || strlen(verifier) < CHALLENGE_LEN)
		return false;
	digest_sha256(verifier, strlen(verifier), hash);
	digest_base64url(hash, sizeof(hash), text);
	return strcmp(code->challenge, text) == 0;
}

/* A code is used up by whoever shows it, whatever comes of it. */
static void token_code(struct exchange *ex, const char *key)
{
	const char *text = sandbox_exchange_param(ex, "code");
	struct code *code = text != NULL ? sandbox_map_get(&ex->world->codes, text) : NULL;

	if (code == NULL || code->grant->app->platform != ex->platform ||
	    !param_is(ex, "client_id", code->grant->app->client_id)) {
		oauth_fail(ex, 400, "invalid_grant", "Invalid code");
		return;
	}
	if (code->is_used) {
		sandbox_bs_login(ex->world)->code_reuses++;
		grant_end(ex->world, code->options, BS_DEAD_REUSED);
		oauth_fail(ex, 400, "invalid_grant", "Invalid code");
		return;
	}
	code->is_used = true;
	sandbox_state_touch(ex->world, &code->record);
	if (code->expires_us <= sandbox_world_now(ex->world))
		oauth_fail(ex, 400, "invalid_grant", "This code has expired");
	else if (strcmp(code->options, key) != 0)
		oauth_fail(ex, 400, "invalid_grant", "DPoP proof does not match the expected JKT");
	else if (!param_is(ex, "redirect_uri", code->redirect_uri))
		oauth_fail(ex, 400, "invalid_grant", "The redirect_uri must match");
	else if (!fits_challenge(code, sandbox_exchange_param(ex, "code_verifier")))
		oauth_fail(ex, 400, "invalid_grant", "Invalid code_verifier");
	else
		token_answer(ex, code->grant, key,
			     sandbox_world_now(ex->world) + SESSION_LIFE_S * US_PER_S);
}

static void token_refresh(struct exchange *ex, const char *key)
{
	const char *text = sandbox_exchange_param(ex, "refresh_token");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (t == NULL || t->platform != ex->platform || t->kind != BS_REFRESH ||
	    t->subject == NULL) {
		oauth_fail(ex, 400, "invalid_grant", "Invalid refresh token");
		return;
	}
	if (t->dead_reason == BS_DEAD_USED) {
		sandbox_bs_login(ex->world)->refresh_reuses++;
		grant_end(ex->world, t->subject, BS_DEAD_REUSED);
		oauth_fail(ex, 400, "invalid_grant", "Refresh token replayed");
		return;
	}
	if (t->dead_reason != 0 || t->is_expired_by_hand || t->grant->is_removed ||
	    t->expires_us <= sandbox_world_now(ex->world)) {
		oauth_fail(ex, 400, "invalid_grant", "Session expired");
		return;
	}
	if (strcmp(t->subject, key) != 0 || !param_is(ex, "client_id", t->grant->app->client_id)) {
		grant_end(ex->world, t->subject, BS_DEAD_REVOKED);
		oauth_fail(ex, 400, "invalid_grant", "Token was not issued to this client");
		return;
	}
	sandbox_world_kill(ex->world, t, BS_DEAD_USED);
	token_answer(ex, t->grant, key, t->expires_us);
}

void sandbox_bs_token(struct exchange *ex)
{
	char key[BS_THUMBPRINT_MAX];

	if (!takes_proof(ex, key))
		return;
	if (param_is(ex, "grant_type", "authorization_code"))
		token_code(ex, key);
	else if (param_is(ex, "grant_type", "refresh_token"))
		token_refresh(ex, key);
	else
		oauth_fail(ex, 400, "unsupported_grant_type", "Grant type not supported");
}

/* Of one token, all of its grant; of one that is none of this client's, nothing is said. */
void sandbox_bs_revoke(struct exchange *ex)
{
	const char *text = sandbox_exchange_param(ex, "token");
	const struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;
	char key[BS_THUMBPRINT_MAX];

	if (!takes_proof(ex, key))
		return;
	if (t != NULL && t->platform == ex->platform && t->subject != NULL &&
	    strcmp(t->subject, key) == 0 && param_is(ex, "client_id", t->grant->app->client_id))
		grant_end(ex->world, key, BS_DEAD_REVOKED);
	sandbox_exchange_json(ex, 200, json_object());
}

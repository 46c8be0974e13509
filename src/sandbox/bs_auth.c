/* SPDX-License-Identifier: Apache-2.0 */
/* Whose token a call carries; the document of a DID; sessions by (app) password. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/bs_login.h"

#define SESSION_APP    "app-password"
#define ACCESS_LIFE_S  7200
#define REFRESH_LIFE_S 5184000
#define ACCESS_SCOPE   "com.atproto.appPass"
#define REFRESH_SCOPE  "com.atproto.refresh"

struct bs_login *sandbox_bs_login(struct world *w)
{
	struct bs_state *state = sandbox_bs_state(w);
	struct bs_login *login = state->login;

	if (login != NULL)
		return login;
	login = arena_alloc(w->arena, sizeof(*login));
	login->pushed = sandbox_map_new(w->arena);
	login->proofs = sandbox_map_new(w->arena);
	login->clients = sandbox_map_new(w->arena);
	state->login = login;
	return login;
}

json_t *sandbox_bs_login_state(struct world *w)
{
	const struct bs_login *login = sandbox_bs_login(w);

	return json_pack("{s:I, s:I, s:I}", "refresh_reuses", (json_int_t)login->refresh_reuses,
			 "code_reuses", (json_int_t)login->code_reuses, "nonces_asked",
			 (json_int_t)login->nonces_asked);
}

void sandbox_bs_document(struct exchange *ex)
{
	const struct account *a = sandbox_bs_account(ex->world, ex->captures[0]);

	if (a == NULL || strcmp(a->id, ex->captures[0]) != 0) {
		sandbox_exchange_json(ex, 404,
				      json_pack("{s:s}", "message",
						arena_printf(ex->arena, "DID not registered: %s",
							     ex->captures[0])));
		return;
	}
	sandbox_exchange_json(
		ex, 200,
		json_pack("{s:[s,s], s:s, s:[s], s:[], s:[{s:s, s:s, s:s}]}", "@context",
			  "https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1",
			  "id", a->id, "alsoKnownAs",
			  arena_printf(ex->arena, "at://%s", a->username), "verificationMethod",
			  "service", "id", "#atproto_pds", "type", "AtprotoPersonalDataServer",
			  "serviceEndpoint", ex->base_url));
}

static const char *authorization(const struct exchange *ex, const char *scheme)
{
	const char *given = sandbox_exchange_header(ex, "Authorization");
	const size_t n = strlen(scheme);

	return given != NULL && strncasecmp(given, scheme, n) == 0 && given[n] == ' '
		       ? given + n + 1
		       : NULL;
}

static bool is_alive(const struct exchange *ex, const struct token *t)
{
	return t->dead_reason == 0 && !t->is_expired_by_hand && !t->grant->is_removed &&
	       t->expires_us > sandbox_world_now(ex->world);
}

static struct account *owner_of(const struct exchange *ex, const struct token *t)
{
	return sandbox_world_account(ex->world, ex->platform, t->grant->person->id);
}

struct account *sandbox_bs_who(struct exchange *ex)
{
	const char *text = authorization(ex, "DPoP");
	const struct token *t;

	if (text == NULL)
		text = authorization(ex, "Bearer");
	t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;
	return t != NULL && t->platform == ex->platform ? owner_of(ex, t) : NULL;
}

/* A token of a session, of that kind; NULL: refused. */
static struct token *session_token(struct exchange *ex, enum bs_token_kind kind)
{
	const char *text = authorization(ex, "Bearer");
	struct token *t = text != NULL ? sandbox_map_get(&ex->world->tokens, text) : NULL;

	if (text == NULL) {
		sandbox_bs_fail(ex, 401, "AuthMissing", "Authentication Required");
		return NULL;
	}
	if (t == NULL || t->platform != ex->platform || t->subject != NULL ||
	    t->kind != (int)kind) {
		sandbox_bs_fail(ex, 400, "InvalidToken", "Token could not be verified");
		return NULL;
	}
	if (!is_alive(ex, t)) {
		sandbox_bs_fail(ex, 400, "ExpiredToken", "Token has expired");
		return NULL;
	}
	return t;
}

static void grant_fail(struct exchange *ex, const char *error, const char *words)
{
	sandbox_exchange_add_header(ex, "WWW-Authenticate",
				    arena_printf(ex->arena,
						 "DPoP error=\"%s\", error_description=\"%s\"",
						 error, words));
	sandbox_bs_fail(ex, 401, error, "%s", words);
}

static const char *const proof_errors[][2] = {
	[BS_PROOF_GOOD] = { NULL, NULL },
	[BS_PROOF_NONE] = { "invalid_dpop_proof", "DPoP proof required" },
	[BS_PROOF_NONCE] = { "use_dpop_nonce", "Resource server requires nonce in DPoP proof" },
	[BS_PROOF_BAD] = { "invalid_dpop_proof", "Failed to verify DPoP proof" },
};

/* A token that is bound to the key of the proof; NULL: refused. */
static struct token *grant_token(struct exchange *ex, const char *text)
{
	char key[BS_THUMBPRINT_MAX];
	const enum bs_proof proof = sandbox_bs_proof(ex, text, key);
	struct token *t = sandbox_map_get(&ex->world->tokens, text);

	sandbox_bs_nonce(ex);
	if (proof != BS_PROOF_GOOD) {
		grant_fail(ex, proof_errors[proof][0], proof_errors[proof][1]);
		return NULL;
	}
	if (t == NULL || t->platform != ex->platform || t->kind != BS_ACCESS || !is_alive(ex, t)) {
		grant_fail(ex, "invalid_token", "Invalid token");
		return NULL;
	}
	if (t->subject == NULL || strcmp(t->subject, key) != 0) {
		grant_fail(ex, "invalid_token", "DPoP proof does not match the token's key");
		return NULL;
	}
	return t;
}

static struct token *any_token(struct exchange *ex)
{
	const char *text = authorization(ex, "DPoP");

	return text != NULL ? grant_token(ex, text) : session_token(ex, BS_ACCESS);
}

struct account *sandbox_bs_auth(struct exchange *ex)
{
	const struct token *t;

	if (sandbox_faults_hit(ex, "auth.expired") != NULL) {
		sandbox_bs_nonce(ex);
		if (authorization(ex, "DPoP") != NULL)
			grant_fail(ex, "invalid_token", "Token expired");
		else
			sandbox_bs_fail(ex, 400, "ExpiredToken", "Token has expired");
		return NULL;
	}
	t = any_token(ex);
	if (t == NULL)
		return NULL;
	if (t->subject != NULL &&
	    !sandbox_list_has_text(&t->grant->granted, "transition:generic")) {
		sandbox_bs_fail(ex, 403, "ScopeMissingError",
				"Missing required scope \"transition:generic\"");
		return NULL;
	}
	return owner_of(ex, t);
}

/* Header and claims of a JWT; the signature is what makes the token secret here. */
static const char *jwt_head(struct exchange *ex, const char *scope, const char *did, int64_t life_s)
{
	const char *parts[2] = {
		arena_printf(ex->arena, "{\"typ\":\"at+jwt\",\"alg\":\"ES256K\"}"),
		arena_printf(ex->arena, "{\"scope\":\"%s\",\"sub\":\"%s\",\"exp\":%lld}", scope,
			     did, (long long)(sandbox_world_now(ex->world) / US_PER_S + life_s)),
	};
	char text[2][512];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		digest_base64url(parts[i], strlen(parts[i]), text[i]);
	return arena_printf(ex->arena, "%s.%s.", text[0], text[1]);
}

static void session_answer(struct exchange *ex, struct grant *g, const struct account *a)
{
	const char *access = jwt_head(ex, ACCESS_SCOPE, a->id, ACCESS_LIFE_S);
	const char *refresh = jwt_head(ex, REFRESH_SCOPE, a->id, REFRESH_LIFE_S);

	access = sandbox_world_add_token(ex->world, g, BS_ACCESS, access, ACCESS_LIFE_S)->text;
	refresh = sandbox_world_add_token(ex->world, g, BS_REFRESH, refresh, REFRESH_LIFE_S)->text;
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s, s:s, s:s, s:s, s:b}", "did", a->id, "handle",
					a->username, "accessJwt", access, "refreshJwt", refresh,
					"active",
					!((const struct bs_user *)a->extra)->is_deactivated));
	if (sandbox_faults_hit(ex, "token.drop_after_commit") != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static bool is_password(const struct account *a, const char *password)
{
	const struct bs_user *u = a->extra;

	return password != NULL &&
	       ((u->app_password != NULL && strcmp(u->app_password, password) == 0) ||
		(u->password != NULL && strcmp(u->password, password) == 0));
}

void sandbox_bs_create_session(struct exchange *ex)
{
	json_t *in = sandbox_bs_body(ex);
	const char *name = json_string_value(json_object_get(in, "identifier"));
	const struct account *a = name != NULL ? sandbox_bs_account(ex->world, name) : NULL;
	struct person *person;
	struct app *app;
	bool is_good;

	if (in == NULL)
		return;
	is_good = a != NULL && is_password(a, json_string_value(json_object_get(in, "password")));
	json_decref(in);
	person = is_good ? sandbox_world_person(ex->world, ex->platform, BS_REALM, a->id) : NULL;
	if (person == NULL) {
		sandbox_bs_fail(ex, 401, "AuthenticationRequired",
				"Invalid identifier or password");
		return;
	}
	app = sandbox_world_app(ex->world, ex->platform, SESSION_APP);
	if (app == NULL)
		app = sandbox_world_add_app(ex->world, ex->platform, SESSION_APP, "");
	session_answer(ex, sandbox_world_add_grant(ex->world, app, person), a);
}

/* The server's own grace for a refresh token that was used already is left out: it is over at once. */
void sandbox_bs_refresh_session(struct exchange *ex)
{
	struct token *t = session_token(ex, BS_REFRESH);
	const struct account *a;

	if (t == NULL)
		return;
	a = owner_of(ex, t);
	sandbox_world_kill(ex->world, t, BS_DEAD_USED);
	session_answer(ex, t->grant, a);
}

void sandbox_bs_delete_session(struct exchange *ex)
{
	const struct token *t = session_token(ex, BS_REFRESH);

	if (t == NULL)
		return;
	for (size_t i = 0; i < ex->world->tokens_list.n; i++) {
		struct token *other = ex->world->tokens_list.v[i];

		if (other->grant == t->grant && other->dead_reason == 0)
			sandbox_world_kill(ex->world, other, BS_DEAD_REVOKED);
	}
	sandbox_exchange_json(ex, 200, json_object());
}

void sandbox_bs_get_session(struct exchange *ex)
{
	const struct token *t = any_token(ex);
	const struct account *a = t != NULL ? owner_of(ex, t) : NULL;

	if (a == NULL)
		return;
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s, s:s, s:b}", "did", a->id, "handle", a->username,
					"active",
					!((const struct bs_user *)a->extra)->is_deactivated));
}

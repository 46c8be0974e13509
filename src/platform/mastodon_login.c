/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAuth 2.0 at a server of the person's choice: registration there, code exchange with PKCE where
 * the server has it (4.3), identity, revocation. Tokens have no end and are not renewed.
 *
 * Memo and `kept`: client_id, client_secret, server, proof (the server takes PKCE). The account's
 * token of kind "user" is the registration that it was connected with, as JSON: without it nothing
 * can be revoked. A registration is bound to redirect address and scopes, so both are kept with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/login.h"
#include "platform/mastodon.h"
#include "json/keep.h"

static const struct script start_script, connect_script, revoke_script;

static struct mastodon_call call_at(struct arena *a, const char *server)
{
	return (struct mastodon_call){ a, server, NULL };
}

static void add_client(struct http_request *r, const json_t *client)
{
	http_request_form(r, "client_id", memo_text(client, "client_id"));
	http_request_form(r, "client_secret", memo_text(client, "client_secret"));
}

/* ---- before the browser leaves ---- */

/* Nothing that a status could tell: the name was mistyped, is not allowed, or is down. */
static enum script_move no_answer(struct connect_start *s, const struct http_reply *last,
				  struct step_result *ret)
{
	const bool is_yours = last->transfer == TRANSFER_NOT_SENT;
	struct script_refusal why = { is_yours ? OUTCOME_REFUSED : OUTCOME_DEFER,
				      POST_ERROR_NETWORK, is_yours ? WHO_YOU : WHO_PLATFORM, 0,
				      NULL };

	if (last->is_forbidden)
		return script_refuse(s->arena, &why, ret,
				     "leads to an address that is not called from here");
	return script_refuse(s->arena, &why, ret, "%s cannot be asked: %s", s->server,
			     last->failure ? last->failure : "no answer");
}

static enum script_move ask_discovery(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct mastodon_call c = call_at(s->arena, s->server);

	ret->request = mastodon_call(&c, VERB_GET, "md.discovery",
				     "/.well-known/oauth-authorization-server");
	return SCRIPT_SEND;
}

static bool offers_proof(const json_t *doc)
{
	const json_t *method;
	size_t i;

	json_array_foreach(json_object_get(doc, "code_challenge_methods_supported"), i, method) {
		if (json_is_string(method) && strcmp(json_string_value(method), "S256") == 0)
			return true;
	}
	return false;
}

/* A registration is of use while it says what would be said anew. */
static bool is_current(const struct connect_start *s)
{
	const char *const pairs[][2] = {
		{ memo_text(s->client, "redirect_uri"), s->app->redirect_uri },
		{ memo_text(s->client, "scopes"), platform_text(s->app, "scopes") },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (!pairs[i][0] || strcmp(pairs[i][0], pairs[i][1]) != 0)
			return false;
	}
	return memo_text(s->client, "client_id") && memo_text(s->client, "client_secret");
}

/* Servers before 4.3 and compatible ones have no such document, and no PKCE that one could know of. */
static enum script_move read_discovery(void *ctx, const struct http_reply *last,
				       struct step_result *ret)
{
	struct connect_start *s = ctx;

	if (last->transfer != TRANSFER_REPLIED)
		return no_answer(s, last, ret);
	memo_set_int(s->kept, "proof",
		     last->status == 200 && offers_proof(script_reply_json(s->arena, last)));
	return script_go(s->memo, &start_script, is_current(s) ? "known" : "register");
}

/* Servers forget apps that nobody has used for a day, and the consent page would then be an error. */
static enum script_move ask_known(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct mastodon_call c = call_at(s->arena, s->server);
	const char *scopes = platform_text(s->app, "scopes");

	ret->request = mastodon_call(&c, VERB_POST, "md.app_token", "/oauth/token");
	http_request_form(ret->request, "grant_type", "client_credentials");
	http_request_form(ret->request, "scope",
			  arena_strndup(s->arena, scopes, strcspn(scopes, " ")));
	add_client(ret->request, s->client);
	return SCRIPT_SEND;
}

static enum script_move go_to_page(struct connect_start *s, const json_t *client)
{
	memo_set_text(s->kept, "client_id", memo_text(client, "client_id"));
	memo_set_text(s->kept, "client_secret", memo_text(client, "client_secret"));
	memo_set_text(s->kept, "server", s->server);
	return script_go(s->memo, &start_script, "page");
}

static enum script_move read_known(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct connect_start *s = ctx;

	if (last->transfer != TRANSFER_REPLIED)
		return no_answer(s, last, ret);
	if (last->status == 200)
		return go_to_page(s, s->client);
	return script_go(s->memo, &start_script, "register");
}

static enum script_move ask_register(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct mastodon_call c = call_at(s->arena, s->server);

	ret->request = mastodon_call(&c, VERB_POST, "md.apps", "/api/v1/apps");
	http_request_form(ret->request, "client_name", platform_text(s->app, "client_name"));
	http_request_form(ret->request, "redirect_uris", s->app->redirect_uri);
	http_request_form(ret->request, "scopes", platform_text(s->app, "scopes"));
	http_request_form(ret->request, "website", s->app->config->server_public_url);
	return SCRIPT_SEND;
}

/* What answers there, but not as the API does. */
static enum script_move not_mastodon(struct connect_start *s, const struct http_reply *last,
				     struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				      NULL };
	const char *elsewhere = http_reply_header(last, s->arena, "Location");

	if (last->status / 100 == 3 && elsewhere && strncmp(elsewhere, "https://", 8) == 0)
		return script_refuse(s->arena, &why, ret,
				     "is at another address; give the name %.*s",
				     (int)strcspn(elsewhere + 8, "/?#"), elsewhere + 8);
	return script_refuse(s->arena, &why, ret,
			     "names no Mastodon server: give the name of the address at which you "
			     "are signed in");
}

static enum script_move read_register(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect_start *s = ctx;
	const char *id, *secret;
	struct mastodon_reply r;

	if (last->transfer != TRANSFER_REPLIED)
		return no_answer(s, last, ret);
	mastodon_read(s->app, s->arena, last, s->now_us, &r);
	if (r.status >= 500 || r.status == 429)
		return mastodon_fail(s->arena, &r, CLASS_LATER, NULL, ret);
	id = memo_id(s->arena, r.json, "client_id");
	secret = memo_text(r.json, "client_secret");
	if (!r.is_ok || !id || !secret)
		return not_mastodon(s, last, ret);
	s->registered = json_pack("{s:s, s:s, s:s, s:s}", "client_id", id, "client_secret", secret,
				  "redirect_uri", s->app->redirect_uri, "scopes",
				  platform_text(s->app, "scopes"));
	return go_to_page(s, s->registered);
}

static enum script_move ask_page(void *ctx, struct step_result *ret)
{
	struct connect_start *s = ctx;
	const struct mastodon_call c = call_at(s->arena, s->server);
	struct http_request *r = mastodon_call(&c, VERB_GET, "md.authorize", "/oauth/authorize");

	http_request_query(r, "response_type", "code");
	http_request_query(r, "client_id", memo_text(s->kept, "client_id"));
	http_request_query(r, "redirect_uri", s->app->redirect_uri);
	http_request_query(r, "scope", platform_text(s->app, "scopes"));
	http_request_query(r, "state", s->state);
	if (memo_int(s->kept, "proof")) {
		http_request_query(r, "code_challenge", s->challenge);
		http_request_query(r, "code_challenge_method", "S256");
	}
	s->url = r->url;
	return script_succeed(ret);
}

static const struct script_row start_rows[] = {
	{ "discovery", ask_discovery, read_discovery },
	{ "known", ask_known, read_known },
	{ "register", ask_register, read_register },
	{ "page", ask_page, NULL },
	{ NULL, NULL, NULL },
};
static const struct script start_script = { "start", start_rows };

enum step mastodon_start(struct connect_start *s, const struct http_reply *last,
			 struct step_result *ret)
{
	return script_run(&start_script, s->memo, s, last, ret);
}

/* ---- when it has come back ---- */

static const char *server_of(const struct connect *c)
{
	const char *server = memo_text(c->kept, "server");

	return server ? server : "";
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct mastodon_call at = call_at(c->arena, server_of(c));

	ret->request = mastodon_call(&at, VERB_POST, "md.code", "/oauth/token");
	login_add_code(ret->request, c);
	add_client(ret->request, c->kept);
	if (memo_int(c->kept, "proof"))
		http_request_form(ret->request, "code_verifier", c->verifier);
	return SCRIPT_SEND;
}

/* A code is used once: whatever the server said about it, the flow starts anew. */
static enum script_move code_fail(struct connect *c, const struct mastodon_reply *r,
				  struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU, 0, NULL };

	if (r->is_broken || (r->status != 400 && r->status != 401))
		return mastodon_fail(c->arena, r, CLASS_LATER, NULL, ret);
	script_refuse(c->arena, &why, ret, "The server refused the login; start connecting again.");
	ret->outcome.error.platform_message = script_words(c->arena, r->words);
	return SCRIPT_DONE;
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct mastodon_reply r;
	struct oauth2_tokens t;

	mastodon_read(c->app, c->arena, last, c->now_us, &r);
	if (r.is_ok && !login_read_tokens(c->arena, r.json, &t)) {
		r.is_ok = false;
		r.row = mastodon_error_find(&r);
	}
	if (!r.is_ok)
		return code_fail(c, &r, ret);
	memo_set_text(c->memo, "access", t.access_token);
	memo_set_text(c->memo, "granted", t.scope ? t.scope : platform_text(c->app, "scopes"));
	memo_set_int(c->memo, "life_s", t.expires_in_s > 0 ? t.expires_in_s : 0);
	return script_go(c->memo, &connect_script, "instance");
}

/* What it says of itself is for convenience: without it the settings hold. */
static enum script_move ask_instance(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct mastodon_call at = call_at(c->arena, server_of(c));

	ret->request = mastodon_call(&at, VERB_GET, "md.instance", "/api/v2/instance");
	return SCRIPT_SEND;
}

static enum script_move ask_instance_old(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct mastodon_call at = call_at(c->arena, server_of(c));

	ret->request = mastodon_call(&at, VERB_GET, "md.instance", "/api/v1/instance");
	return SCRIPT_SEND;
}

static bool note_instance(struct connect *c, const struct http_reply *last)
{
	const json_t *doc = script_reply_json(c->arena, last);

	if (last->transfer != TRANSFER_REPLIED || last->status != 200 || !json_is_object(doc))
		return false;
	memo_set_text(c->memo, "domain", memo_text(doc, "domain"));
	json_object_set_new(c->memo, "limits", mastodon_limits_keep(doc));
	return true;
}

static enum script_move read_instance(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect *c = ctx;

	(void)ret;
	return script_go(c->memo, &connect_script, note_instance(c, last) ? "me" : "instance_old");
}

static enum script_move read_instance_old(void *ctx, const struct http_reply *last,
					  struct step_result *ret)
{
	struct connect *c = ctx;

	(void)ret;
	(void)note_instance(c, last);
	return script_go(c->memo, &connect_script, "me");
}

static enum script_move ask_me(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct mastodon_call at = { c->arena, server_of(c), memo_text(c->memo, "access") };

	ret->request = mastodon_call(&at, VERB_GET, "md.me", "/api/v1/accounts/verify_credentials");
	return SCRIPT_SEND;
}

static const char *host_of(struct arena *a, const char *server)
{
	const char *host = strstr(server, "://");

	host = host ? host + strlen("://") : server;
	return arena_strndup(a, host, strcspn(host, "/"));
}

/* People know an account by the domain, which need not be the name of the host. */
static const char *domain_of(struct connect *c, const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-.";
	const char *domain = memo_text(c->memo, "domain");

	return domain && *domain && strlen(domain) <= MASTODON_HOST_MAX &&
			       !domain[strspn(domain, letters)]
		       ? domain
		       : host;
}

/* "read" is all that begins with "read:". */
static const char *granted_whole(struct connect *c, const char *granted)
{
	static const char *const groups[] = { "read", "write" };
	const char *required = platform_text(c->app, "scopes_required"), *all = granted;
	size_t n;

	for (const char *at = required; *at; at += n, at += strspn(at, " ")) {
		n = strcspn(at, " ");
		for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
			const size_t len = strlen(groups[i]);

			if (strncmp(at, groups[i], len) == 0 && at[len] == ':' &&
			    oauth2_has_scope(granted, groups[i]))
				all = arena_printf(c->arena, "%s %.*s", all, (int)n, at);
		}
	}
	return all;
}

static const char *client_text(struct connect *c)
{
	json_t *client = json_keep(
		c->arena, json_pack("{s:s, s:s}", "client_id", memo_text(c->kept, "client_id"),
				    "client_secret", memo_text(c->kept, "client_secret")));
	char *text = json_dumps(client, JSON_COMPACT);

	arena_defer(c->arena, free, text);
	return text;
}

static void account_fill(struct connect *c, const json_t *me, struct connect_account *ret)
{
	const char *server = server_of(c), *host = host_of(c->arena, server);
	const char *granted = memo_text(c->memo, "granted"), *name = memo_text(me, "display_name");
	const int64_t life_s = memo_int(c->memo, "life_s");
	const int64_t ends_us = life_s ? c->now_us + life_s * US_PER_S : INSTANT_NONE;
	const char *avatar = memo_text(me, "avatar_static");

	*ret = (struct connect_account){
		.remote_id = arena_printf(c->arena, "%s@%s", memo_id(c->arena, me, "id"), host),
		.username = arena_printf(c->arena, "%s@%s", memo_text(me, "username"),
					 domain_of(c, host)),
		.avatar_url = arena_strdup(c->arena, avatar ? avatar : memo_text(me, "avatar")),
		.scopes = granted,
		.missing_scopes =
			oauth2_missing_scopes(c->arena, platform_text(c->app, "scopes_required"),
					      granted_whole(c, granted)),
		.expires_us = ends_us,
		.meta = json_keep(c->arena, json_pack("{s:s, s:O?}", "server", server, "limits",
						      json_object_get(c->memo, "limits"))),
		.tokens = { { "access", memo_text(c->memo, "access"), ends_us },
			    { "user", client_text(c), INSTANT_NONE } },
		.tokens_n = 2,
	};
	ret->display_name = name && *name ? arena_strdup(c->arena, name) : ret->username;
}

/* The server's own word, which is to become a part of an id of ours. */
static bool is_plain_id(const char *id)
{
	return id && *id && strlen(id) <= MASTODON_ID_MAX &&
	       !id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")];
}

static enum script_move read_me(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	struct mastodon_reply r;

	mastodon_read(c->app, c->arena, last, c->now_us, &r);
	if (!r.row &&
	    (!is_plain_id(memo_id(c->arena, r.json, "id")) || !memo_text(r.json, "username")))
		r.row = mastodon_error_find(&r);
	if (r.row)
		return mastodon_fail(c->arena, &r, r.row->elsewhere, NULL, ret);
	account_fill(c, r.json, account);
	return login_found(c, account, ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "instance", ask_instance, read_instance },
	{ "instance_old", ask_instance_old, read_instance_old },
	{ "me", ask_me, read_me },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step mastodon_connect(struct connect *c, const struct http_reply *last,
			   struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

/* ---- giving it back ---- */

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER, 0,
				      "no_token" };
	const struct mastodon_call at = call_at(r->arena, mastodon_server(r->account));
	const char *token = r->account->access_token, *client = r->account->user_token;

	if (!token || !*token || !client || !*client)
		return script_refuse(r->arena, &why, ret,
				     "No token is stored; remove the app at the server, under "
				     "Authorized apps.");
	ret->request = mastodon_call(&at, VERB_POST, "md.revoke", "/oauth/revoke");
	add_client(ret->request, json_keep(r->arena, json_loads(client, 0, NULL)));
	http_request_form(ret->request, "token", token);
	return SCRIPT_SEND;
}

static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;
	struct mastodon_reply reply;

	mastodon_read(r->app, r->arena, last, r->now_us, &reply);
	if (!reply.is_ok)
		return mastodon_fail(r->arena, &reply, CLASS_CONTENT, NULL, ret);
	return script_succeed(ret);
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step mastodon_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

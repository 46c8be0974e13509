/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back from the login server, and signing in by an app password. Both end alike: the
 * account's own server is asked whose tokens these are, and the answer must be who was looked up.
 */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/bluesky_login.h"
#include "platform/login.h"
#include "json/keep.h"

#define LIFE_FALLBACK_S 1800

/* Both scripts keep their state under this key, and share the rows of the end. */
static const struct script connect_script;

enum script_move bluesky_login_refuse(struct arena *a, struct step_result *ret, const char *fmt,
				      ...)
{
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
					    0, "login" };
	const char *words;
	va_list ap;

	va_start(ap, fmt);
	words = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return script_refuse(a, &why, ret, "%s", words);
}

enum script_move bluesky_login_fail(struct arena *a, const struct http_reply *last,
				    const char *subject, struct step_result *ret)
{
	const struct script_refusal later = { OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM, 0,
					      "login" };
	const json_t *doc = script_reply_json(a, last);
	const char *words = memo_text(doc, "error_description");

	if (last->is_forbidden)
		return bluesky_login_refuse(
			a, ret, "%s has an address that this instance does not call.", subject);
	if (last->transfer != TRANSFER_REPLIED)
		return script_refuse(a, &later, ret, "%s did not answer: %s.", subject,
				     last->failure ? last->failure : "broken off");
	if (!words)
		words = memo_text(doc, "message");
	if (last->status == 429 || last->status >= 500)
		script_refuse(a, &later, ret, "%s is out of order (%d); try again later.", subject,
			      last->status);
	else
		bluesky_login_refuse(a, ret, "%s refused (%d %s).", subject, last->status,
				     doc && memo_text(doc, "error") ? memo_text(doc, "error")
								    : "without a reason");
	ret->outcome.error.platform_message = script_words(a, words);
	return SCRIPT_DONE;
}

/* The flow is over: the browser brought what does not belong to it, or it took too long. */
static enum script_move flow_refuse(struct connect *c, struct step_result *ret, const char *words)
{
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU, 0,
					    "login" };

	return script_refuse(c->arena, &why, ret, "%s", words);
}

static const char *kept(const struct connect *c, const char *name)
{
	return memo_text(c->kept, name);
}

/* The login server's nonces and the PDS's are not the same, or need not be. */
static json_t *nonces(const struct connect *c, const char *whose)
{
	json_t *of = json_object_get(c->memo, whose);

	if (!of) {
		of = json_object();
		memo_set_text(of, "dpop_nonce", kept(c, "dpop_nonce"));
		json_object_set_new(c->memo, whose, of);
	}
	return of;
}

static struct http_request *client_call(const struct connect *c, const char *label, const char *url)
{
	struct http_request *r = bluesky_users_request(c->arena, VERB_POST, label, url);

	http_request_form(r, "client_id", kept(c, "client_id"));
	r->timeout_ms = (int)platform_int(c->app, "token_timeout_ms");
	(void)bluesky_prove(r, &(struct bluesky_proof){ kept(c, "jwk"), NULL,
							nonces(c, "login_server"), c->now_us });
	return r;
}

/* Who mixes up servers would have a code of one redeemed at the other (RFC 9207). */
static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	if (!kept(c, "issuer") || !kept(c, "jwk"))
		return flow_refuse(c, ret, "The flow was not begun here; start connecting again.");
	if (!c->issuer || strcmp(c->issuer, kept(c, "issuer")) != 0)
		return flow_refuse(c, ret,
				   "Another server sent the browser back than the one that was "
				   "asked; start connecting again.");
	ret->request = client_call(c, "bsky.oauth.code", kept(c, "token_endpoint"));
	http_request_form(ret->request, "grant_type", "authorization_code");
	http_request_form(ret->request, "code", c->code);
	http_request_form(ret->request, "redirect_uri", kept(c, "redirect_uri"));
	http_request_form(ret->request, "code_verifier", c->verifier);
	return SCRIPT_SEND;
}

static void keep_tokens(struct connect *c, const struct oauth2_tokens *t)
{
	const int64_t life_s = t->expires_in_s > 0 ? t->expires_in_s : LIFE_FALLBACK_S;

	memo_set_text(c->memo, "access", t->access_token);
	memo_set_text(c->memo, "refresh", t->refresh_token);
	memo_set_text(c->memo, "granted", t->scope ? t->scope : "");
	memo_set_int(c->memo, "access_us", c->now_us + life_s * US_PER_S);
	memo_set_int(c->memo, "end_us",
		     c->now_us + platform_int(c->app, "grant_life_s") * US_PER_S);
	memo_set_text(c->memo, "jwk", kept(c, "jwk"));
	memo_set_text(c->memo, "did", kept(c, "did"));
	memo_set_text(c->memo, "handle", kept(c, "handle"));
	memo_set_text(c->memo, "pds", kept(c, "pds"));
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	const json_t *doc = script_reply_json(c->arena, last);
	const char *sub = memo_text(doc, "sub"), *type = memo_text(doc, "token_type");
	struct oauth2_tokens t;

	if (bluesky_nonce_wanted(last, nonces(c, "login_server")))
		return script_go(c->memo, &connect_script, "code");
	if (last->status == 400 && last->transfer == TRANSFER_REPLIED)
		return flow_refuse(c, ret,
				   "The login server refused the login; start connecting again.");
	if (last->status / 100 != 2 || !login_read_tokens(c->arena, doc, &t))
		return bluesky_login_fail(c->arena, last, "The account's login server", ret);
	keep_tokens(c, &t);
	if (!sub || strcmp(sub, kept(c, "did")) != 0)
		return script_go(c->memo, &connect_script, "unwanted");
	if (!type || strcasecmp(type, "DPoP") != 0)
		return script_go(c->memo, &connect_script, "unwanted");
	return script_go(c->memo, &connect_script, "whoami");
}

/* Somebody else logged in there: what was granted is given back. */
static enum script_move refuse_other(struct connect *c, struct step_result *ret)
{
	return bluesky_login_refuse(c->arena, ret,
				    "The login was not that of %s; log in there as that account, "
				    "or start with the other handle.",
				    kept(c, "handle"));
}

static enum script_move ask_unwanted(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	if (!kept(c, "revocation_endpoint"))
		return refuse_other(c, ret);
	ret->request = client_call(c, "bsky.oauth.unwanted", kept(c, "revocation_endpoint"));
	http_request_form(ret->request, "token", memo_text(c->memo, "access"));
	return SCRIPT_SEND;
}

static enum script_move read_unwanted(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct connect *c = ctx;

	if (bluesky_nonce_wanted(last, nonces(c, "login_server")))
		return script_go(c->memo, &connect_script, "unwanted");
	return refuse_other(c, ret);
}

/* At the account's server with what was granted, or without: token NULL. */
static struct http_request *pds_get(struct connect *c, const char *label, const char *nsid)
{
	return bluesky_users_request(
		c->arena, VERB_GET, label,
		arena_printf(c->arena, "%s/xrpc/%s", memo_text(c->memo, "pds"), nsid));
}

static enum script_move ask_whoami(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct platform_account account = { .access_token = memo_text(c->memo, "access"),
						  .user_token = memo_text(c->memo, "jwk") };

	ret->request = pds_get(c, "bsky.whoami", "com.atproto.server.getSession");
	bluesky_authorise(ret->request, &account, nonces(c, "server"), c->now_us);
	return SCRIPT_SEND;
}

static enum script_move read_whoami(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct connect *c = ctx;
	const json_t *doc = script_reply_json(c->arena, last);
	const char *did = memo_text(doc, "did");

	if (bluesky_nonce_wanted(last, nonces(c, "server")))
		return script_go(c->memo, &connect_script, "whoami");
	if (last->status != 200 || !doc)
		return bluesky_login_fail(c->arena, last, "The account's server", ret);
	if (!did || strcmp(did, memo_text(c->memo, "did")) != 0)
		return bluesky_login_refuse(c->arena, ret,
					    "The account's server takes the login for another's.");
	if (json_is_false(json_object_get(doc, "active")))
		return bluesky_login_refuse(c->arena, ret, "The account is not active there (%s).",
					    memo_text(doc, "status") ? memo_text(doc, "status")
								     : "no reason is given");
	return script_go(c->memo, &connect_script, "profile");
}

static enum script_move ask_profile(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = pds_get(c, "bsky.profile", "com.atproto.repo.getRecord");
	http_request_query(ret->request, "repo", memo_text(c->memo, "did"));
	http_request_query(ret->request, "collection", "app.bsky.actor.profile");
	http_request_query(ret->request, "rkey", "self");
	return SCRIPT_SEND;
}

static const char *avatar_of(struct connect *c, const json_t *profile)
{
	const char *cid =
		memo_text(json_object_get(json_object_get(profile, "avatar"), "ref"), "$link");

	if (!cid || !*cid)
		return NULL;
	return arena_printf(c->arena, "%s/xrpc/com.atproto.sync.getBlob?did=%s&cid=%s",
			    memo_text(c->memo, "pds"),
			    url_encode(c->arena, memo_text(c->memo, "did")),
			    url_encode(c->arena, cid));
}

static json_t *meta_of(struct connect *c)
{
	const bool is_grant = memo_text(c->memo, "jwk") != NULL;
	json_t *meta =
		json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "server", memo_text(c->memo, "pds"),
			  "login", is_grant ? "oauth" : "app_password", "issuer", kept(c, "issuer"),
			  "token_endpoint", kept(c, "token_endpoint"), "revocation_endpoint",
			  kept(c, "revocation_endpoint"), "client_id", kept(c, "client_id"));

	if (is_grant)
		json_object_set_new(meta, ACCOUNT_ENDS, json_true());
	return json_keep(c->arena, meta);
}

static void add_token(struct connect_account *to, const char *kind, const char *value,
		      int64_t expires_us)
{
	if (value)
		to->tokens[to->tokens_n++] = (struct connect_token){ kind, value, expires_us };
}

/* Most accounts have a profile; one without is called by its handle. */
static enum script_move read_profile(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct connect *c = ctx;
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	const json_t *profile = json_object_get(script_reply_json(c->arena, last), "value");
	const char *name = memo_text(profile, "displayName"), *jwk = memo_text(c->memo, "jwk");
	const char *handle = memo_text(c->memo, "handle"), *did = memo_text(c->memo, "did");
	const int64_t end_us = memo_int(c->memo, "end_us");

	*account = (struct connect_account){
		.remote_id = did,
		.username = handle ? handle : did,
		.display_name = name && *name ? name
				: handle      ? handle
					      : did,
		.avatar_url = avatar_of(c, profile),
		.scopes = jwk ? memo_text(c->memo, "granted") : "",
		.missing_scopes = jwk ? oauth2_missing_scopes(
						c->arena, platform_text(c->app, "scopes_required"),
						memo_text(c->memo, "granted"))
				      : "",
		.expires_us = end_us,
		.meta = meta_of(c),
	};
	add_token(account, "access", memo_text(c->memo, "access"), memo_int(c->memo, "access_us"));
	add_token(account, "refresh", memo_text(c->memo, "refresh"), end_us);
	add_token(account, "user", jwk, INSTANT_NONE);
	return login_found(c, account, ret);
}

/* A server given by hand, as typed: "pds.example.org" or "https://pds.example.org/". */
static const char *server_of(struct connect *c)
{
	const char *text = c->server_text ? c->server_text : "";
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strcspn(text, " \t\r\n");
	n -= n > 0 && text[n - 1] == '/';
	return arena_printf(c->arena, "%s%.*s", n == 0 || strstr(text, "://") ? "" : "https://",
			    (int)n, text);
}

static struct bluesky_find find_of(struct connect *c)
{
	const char *did = memo_text(c->memo, "session_did");
	const char *name = did ? memo_text(c->memo, "session_handle") : c->identifier;
	struct bluesky_find f = { .arena = c->arena, .app = c->app, .memo = c->memo, .did = did };

	if (name)
		f.handle = bluesky_handle(c->arena, name);
	if (!did && name && bluesky_did_is_valid(name))
		f.did = name;
	return f;
}

static enum script_move find_next(struct connect *c, enum step step, const struct step_result *ret)
{
	if (step == STEP_SEND)
		return SCRIPT_SEND;
	if (ret->outcome.kind != OUTCOME_PUBLISHED)
		return SCRIPT_DONE;
	return script_go(c->memo, &connect_script,
			 memo_text(c->memo, "access") ? "whoami" : "session");
}

/* Once to find the server of the account; or, where a server was given, the account's own behind it. */
static enum script_move ask_find(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const char *server = server_of(c);
	const struct bluesky_find f = find_of(c);

	if (*server && !memo_text(c->memo, "access")) {
		if (!bluesky_server_is_valid(c->app, server))
			return bluesky_login_refuse(c->arena, ret, "%s is no server to sign in at.",
						    server);
		memo_set_text(c->memo, "pds", server);
		return script_go(c->memo, &connect_script, "session");
	}
	if (!f.handle && !f.did)
		return bluesky_login_refuse(c->arena, ret,
					    "That is no handle; one looks like name.bsky.social. "
					    "With an e-mail address, name the server, too.");
	return find_next(c, bluesky_find(&f, NULL, ret), ret);
}

static enum script_move read_find(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct bluesky_find f = find_of(c);

	return find_next(c, bluesky_find(&f, last, ret), ret);
}

static enum script_move ask_session(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = bluesky_users_request(
		c->arena, VERB_POST, "bsky.session",
		arena_printf(c->arena, "%s/xrpc/com.atproto.server.createSession",
			     memo_text(c->memo, "pds")));
	http_request_json(
		ret->request,
		json_pack("{s:s, s:s}", "identifier",
			  memo_text(c->memo, "did") ? memo_text(c->memo, "did") : c->identifier,
			  "password", c->password));
	return SCRIPT_SEND;
}

static enum script_move session_fail(struct connect *c, const struct http_reply *last,
				     struct step_result *ret)
{
	const json_t *doc = script_reply_json(c->arena, last);
	const char *error = memo_text(doc, "error");

	if (last->transfer != TRANSFER_REPLIED || last->status != 401 || !error)
		return bluesky_login_fail(c->arena, last, "The account's server", ret);
	if (strcmp(error, "AuthFactorTokenRequired") == 0)
		return bluesky_login_refuse(c->arena, ret,
					    "That is the account's own password; make an app "
					    "password in the settings of the account.");
	return bluesky_login_refuse(c->arena, ret,
				    "The account's server does not take this name and password.");
}

static enum script_move read_session(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct connect *c = ctx;
	const json_t *doc = script_reply_json(c->arena, last);
	const char *access = memo_text(doc, "accessJwt"), *refresh = memo_text(doc, "refreshJwt");
	const char *did = memo_text(doc, "did"), *known = memo_text(c->memo, "did");

	if (last->status != 200 || !access || !refresh || !did)
		return session_fail(c, last, ret);
	if (!bluesky_did_is_valid(did) || (known && strcmp(did, known) != 0))
		return bluesky_login_refuse(c->arena, ret,
					    "The account's server takes the login for another's.");
	memo_set_text(c->memo, "access", access);
	memo_set_text(c->memo, "refresh", refresh);
	memo_set_int(c->memo, "access_us",
		     bluesky_token_end(access, c->now_us + LIFE_FALLBACK_S * US_PER_S));
	memo_set_int(c->memo, "end_us",
		     bluesky_token_end(refresh, c->now_us + platform_int(c->app, "session_life_s") *
								    US_PER_S));
	if (known && memo_text(c->memo, "handle"))
		return script_go(c->memo, &connect_script, "whoami");
	memo_set_text(c->memo, "session_did", did);
	memo_set_text(c->memo, "session_handle", memo_text(doc, "handle"));
	memo_set_text(c->memo, "find", NULL);
	return script_go(c->memo, &connect_script, "find");
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "unwanted", ask_unwanted, read_unwanted },
	{ "find", ask_find, read_find },
	{ "session", ask_session, read_session },
	{ "whoami", ask_whoami, read_whoami },
	{ "profile", ask_profile, read_profile },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step bluesky_connect(struct connect *c, const struct http_reply *last, struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

enum step bluesky_sign_in(struct connect *c, const struct http_reply *last, struct step_result *ret)
{
	if (!memo_text(c->memo, connect_script.key))
		(void)script_go(c->memo, &connect_script, "find");
	return script_run(&connect_script, c->memo, c, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: code exchange, identity, renewal with a refresh token that rotates, revocation. */
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/login.h"
#include "platform/pinterest.h"
#include "json/keep.h"

#define LIFE_FALLBACK_S (30 * 86400LL)

static const struct script connect_script;

static enum script_move connect_go(struct connect *c, const char *state)
{
	return script_go(c->memo, &connect_script, state);
}

/* Credentials go into the header alone: everything else is undocumented. */
static struct http_request *token_call(struct arena *a, const struct platform_app *app,
				       const char *label, const char *path)
{
	struct pinterest_caller caller = { a, app, NULL };
	struct http_request *r = pinterest_call(&caller, VERB_POST, label, "%s", path);

	http_request_basic(r, platform_text(app, "client_id"), platform_secret(app));
	return r;
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = token_call(c->arena, c->app, "pin.oauth.code", "/oauth/token");
	login_add_code(ret->request, c);
	http_request_form(ret->request, "continuous_refresh", "true");
	return SCRIPT_SEND;
}

/* Of the token endpoint; a refused code is as good as an expired one. */
static enum script_move exchange_fail(struct connect *c, struct pinterest_reply *r,
				      struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_YOU, 0, NULL };

	if (!r->row)
		r->row = pinterest_error_find(r->status, 0, NULL);
	if (r->row->elsewhere == CLASS_OPERATOR || r->is_broken || r->status >= 500 ||
	    r->status == 429)
		return pinterest_fail(c->arena, r, r->row->elsewhere, ret);
	why.slug = arena_printf(c->arena, "%d/%d", r->status, r->code);
	return script_refuse(c->arena, &why, ret,
			     "Pinterest does not take the authorization code or the app's id and "
			     "secret; start connecting again, and if that does not help check "
			     "client_secret_file and the redirect address at Pinterest.");
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct pinterest_reply r;
	struct oauth2_tokens t = { 0 };
	int64_t refresh_s;

	pinterest_read(c->arena, last, c->now_us, &r);
	if (!r.is_ok || !login_read_tokens(c->arena, r.json, &t))
		return exchange_fail(c, &r, ret);
	refresh_s = memo_int(r.json, "refresh_token_expires_in");
	memo_set_text(c->memo, "access", t.access_token);
	memo_set_text(c->memo, "refresh", t.refresh_token);
	memo_set_int(c->memo, "life_s", t.expires_in_s > 0 ? t.expires_in_s : LIFE_FALLBACK_S);
	memo_set_int(c->memo, "refresh_life_s", refresh_s);
	/* No scope in the answer: everything was granted (RFC 6749, 5.1). */
	memo_set_text(c->memo, "granted", t.scope ? t.scope : platform_text(c->app, "scopes"));
	return connect_go(c, "person");
}

static enum script_move ask_person(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct pinterest_caller caller = { c->arena, c->app, memo_text(c->memo, "access") };

	ret->request = pinterest_call(&caller, VERB_GET, "pin.user_account", "/user_account");
	return SCRIPT_SEND;
}

static const char *words_of(struct arena *a, const char *list)
{
	char *words = arena_strdup(a, list);

	for (char *at = words; *at; at++)
		*at = *at == ',' ? ' ' : *at;
	return words;
}

static const char *text_of(struct arena *a, const json_t *o, const char *key)
{
	const char *text = memo_text(o, key);

	return text && *text ? arena_strdup(a, text) : NULL;
}

static int64_t ends_us(int64_t now_us, int64_t life_s)
{
	return life_s > 0 ? now_us + life_s * US_PER_S : INSTANT_NONE;
}

static void account_fill(struct connect *c, const json_t *person, struct connect_account *ret)
{
	const char *id = memo_id(c->arena, person, "id");
	const char *username = text_of(c->arena, person, "username");
	const char *name = text_of(c->arena, person, "business_name");
	const char *granted = words_of(c->arena, memo_text(c->memo, "granted"));
	int64_t access_us = ends_us(c->now_us, memo_int(c->memo, "life_s"));
	int64_t refresh_us = ends_us(c->now_us, memo_int(c->memo, "refresh_life_s"));

	/* The account lives as long as its longest token. */
	*ret = (struct connect_account){
		.remote_id = id ? id : username,
		.username = username ? username : id,
		.display_name = name       ? name
				: username ? username
					   : id,
		.avatar_url = text_of(c->arena, person, "profile_image"),
		.scopes = granted,
		.missing_scopes = oauth2_missing_scopes(
			c->arena, platform_text(c->app, "scopes_required"), granted),
		.expires_us = refresh_us > access_us ? refresh_us : access_us,
		.meta = json_keep(c->arena, json_pack("{s:s?}", "account_type",
						      memo_text(person, "account_type"))),
		.tokens = { { "access", memo_text(c->memo, "access"), access_us },
			    { "refresh", memo_text(c->memo, "refresh"), refresh_us } },
		.tokens_n = memo_text(c->memo, "refresh") ? 2 : 1,
	};
}

static enum script_move read_person(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct connect *c = ctx;
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED,
				      WHO_ACCOUNT_OWNER, 0, "missing_scopes" };
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	struct pinterest_reply r;

	pinterest_read(c->arena, last, c->now_us, &r);
	if (!r.is_ok && r.row->elsewhere == CLASS_RECONNECT)
		return script_refuse(
			c->arena, &why, ret,
			"These permissions were not granted: %s. Connect again and grant "
			"them.",
			oauth2_missing_scopes(c->arena, platform_text(c->app, "scopes_required"),
					      memo_text(c->memo, "granted")));
	if (!r.is_ok)
		return pinterest_fail(c->arena, &r, r.row->elsewhere, ret);
	account_fill(c, r.json, account);
	if (!account->remote_id) {
		r.row = pinterest_error_find(r.status, 0, NULL);
		return pinterest_fail(c->arena, &r, CLASS_LATER, ret);
	}
	return login_found(c, account, ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "person", ask_person, read_person },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step pinterest_connect(struct connect *c, const struct http_reply *last,
			    struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

/*
 * Whether an old refresh token still works after its rotation is not documented: after a broken
 * call the same one is tried again later, and only a refusal ends the account.
 */
static enum script_move renew_fail(struct renewal *r, struct pinterest_reply *reply,
				   struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER,
				      0, NULL };

	if (!reply->row)
		reply->row = pinterest_error_find(reply->status, 0, NULL);
	if (reply->row->elsewhere == CLASS_OPERATOR || reply->is_broken ||
	    (reply->status != 400 && reply->status != 401 && reply->status != 403))
		return pinterest_fail(r->arena, reply, CLASS_LATER, ret);
	why.slug = arena_printf(r->arena, "%d/%d", reply->status, reply->code);
	return script_refuse(
		r->arena, &why, ret,
		"Pinterest does not renew the access any more; connect the account again.");
}

static void renewal_fill(struct renewal *r, const struct oauth2_tokens *t, const json_t *doc)
{
	int64_t life_s = t->expires_in_s > 0 ? t->expires_in_s : LIFE_FALLBACK_S;
	size_t n = 0;

	if (t->refresh_token)
		r->tokens[n++] = (struct connect_token){
			"refresh", t->refresh_token,
			ends_us(r->now_us, memo_int(doc, "refresh_token_expires_in"))
		};
	r->tokens[n++] =
		(struct connect_token){ "access", t->access_token, ends_us(r->now_us, life_s) };
	r->tokens_n = n;
}

static enum script_move ask_renew(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	return login_ask_renew(r, token_call(r->arena, r->app, "pin.oauth.refresh", "/oauth/token"),
			       ret);
}

static enum script_move read_renew(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct renewal *r = ctx;
	struct pinterest_reply reply;
	struct oauth2_tokens t = { 0 };

	pinterest_read(r->arena, last, r->now_us, &reply);
	if (!reply.is_ok || !login_read_tokens(r->arena, reply.json, &t))
		return renew_fail(r, &reply, ret);
	renewal_fill(r, &t, reply.json);
	return script_succeed(ret);
}

static const struct script_row renew_rows[] = {
	{ "renew", ask_renew, read_renew },
	{ NULL, NULL, NULL },
};
static const struct script renew_script = { "renew", renew_rows };

enum step pinterest_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&renew_script, r->memo, r, last, ret);
}

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	const char *refresh = r->refresh_token && *r->refresh_token ? r->refresh_token : NULL;

	ret->request = token_call(r->arena, r->app, "pin.oauth.revoke", "/oauth/token/revoke");
	http_request_form(ret->request, "token", refresh ? refresh : r->account->access_token);
	http_request_form(ret->request, "token_type_hint",
			  refresh ? "refresh_token" : "access_token");
	return SCRIPT_SEND;
}

/* Pinterest revokes tokens of its system users only; those of people it refuses. */
static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER, 0,
				      NULL };
	struct pinterest_reply reply;

	pinterest_read(r->arena, last, r->now_us, &reply);
	if (reply.is_ok) {
		return script_succeed(ret);
	}
	if (reply.status != 401 && reply.status != 403)
		return pinterest_fail(r->arena, &reply, CLASS_LATER, ret);
	why.slug = arena_printf(r->arena, "%d/%d", reply.status, reply.code);
	return script_refuse(r->arena, &why, ret,
			     "Pinterest does not take access back for apps; remove the app in the "
			     "account's settings at Pinterest.");
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step pinterest_revoke(struct renewal *r, const struct http_reply *last,
			   struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

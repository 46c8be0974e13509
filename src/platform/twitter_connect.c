/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAuth 2.0 with PKCE: code exchange (a code lives for 30 seconds), identity, renewal with refresh
 * tokens that work once, and revocation of both tokens.
 */
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/login.h"
#include "platform/twitter.h"
#include "json/keep.h"

#define LIFE_FALLBACK_S 7200
#define ME_FIELDS \
	"id,name,username,profile_image_url,verified,verified_type,subscription_type,protected"

static const struct script connect_script, revoke_script;

static struct http_request *token_call(struct arena *a, const struct platform_app *app,
				       const char *label, const char *path)
{
	struct twitter_call c = { a, app, NULL };
	struct http_request *r = twitter_call(&c, VERB_POST, label, "%s", path);

	http_request_basic(r, platform_text(app, "client_id"), platform_secret(app));
	r->timeout_ms = (int)platform_int(app, "token_timeout_ms");
	return r;
}

/* False: no token came; then ret->row tells why. */
static bool read_tokens(const struct platform_app *app, struct arena *a,
			const struct http_reply *last, int64_t now_us, struct twitter_reply *ret,
			struct oauth2_tokens *ret_tokens)
{
	twitter_read(app, a, last, now_us, ret);
	if (ret->is_ok && login_read_tokens(a, ret->json, ret_tokens)) {
		if (ret_tokens->expires_in_s <= 0)
			ret_tokens->expires_in_s = LIFE_FALLBACK_S;
		return true;
	}
	ret->is_ok = false;
	if (!ret->row)
		ret->row = twitter_error_find(ret);
	return false;
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = token_call(c->arena, c->app, "x.oauth.code", "/2/oauth2/token");
	login_add_code(ret->request, c);
	http_request_form(ret->request, "code_verifier", c->verifier);
	return SCRIPT_SEND;
}

/* A code is used once: whatever X said about it, the flow starts anew. */
static enum script_move code_fail(struct connect *c, const struct twitter_reply *r,
				  struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU, 0, NULL };

	if (r->is_broken || r->status != 400)
		return twitter_fail(c->arena, r, r->row->elsewhere, NULL, ret);
	script_refuse(c->arena, &why, ret, "X refused the login; start connecting again.");
	ret->outcome.error.platform_message = r->message;
	return SCRIPT_DONE;
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct oauth2_tokens t;
	struct twitter_reply r;

	if (!read_tokens(c->app, c->arena, last, c->now_us, &r, &t))
		return code_fail(c, &r, ret);
	memo_set_text(c->memo, "access", t.access_token);
	memo_set_text(c->memo, "refresh", t.refresh_token);
	memo_set_text(c->memo, "granted", t.scope ? t.scope : platform_text(c->app, "scopes"));
	memo_set_int(c->memo, "life_s", t.expires_in_s);
	return script_go(c->memo, &connect_script, "me");
}

static enum script_move ask_me(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct twitter_call call = { c->arena, c->app, memo_text(c->memo, "access") };

	ret->request = twitter_call(&call, VERB_GET, "x.me", "/2/users/me");
	http_request_query(ret->request, "user.fields", ME_FIELDS);
	return SCRIPT_SEND;
}

/* The 48 pixel picture's address leads to a larger one. */
static const char *avatar_of(struct arena *a, const json_t *me)
{
	const char *url = memo_text(me, "profile_image_url");
	const char *at = url ? strstr(url, "_normal.") : NULL;

	if (!at)
		return arena_strdup(a, url);
	return arena_printf(a, "%.*s_400x400%s", (int)(at - url), url, at + strlen("_normal"));
}

static void account_fill(struct connect *c, const json_t *me, struct connect_account *ret)
{
	const char *granted = memo_text(c->memo, "granted"),
		   *refresh = memo_text(c->memo, "refresh");
	int64_t access_us = c->now_us + memo_int(c->memo, "life_s") * US_PER_S;
	int64_t refresh_us = c->now_us + platform_int(c->app, "refresh_life_s") * US_PER_S;
	const char *name = memo_text(me, "name"), *plan = memo_text(me, "subscription_type");

	*ret = (struct connect_account){
		.remote_id = arena_strdup(c->arena, memo_text(me, "id")),
		.username = arena_strdup(c->arena, memo_text(me, "username")),
		.avatar_url = avatar_of(c->arena, me),
		.scopes = granted,
		.missing_scopes = oauth2_missing_scopes(
			c->arena, platform_text(c->app, "scopes_required"), granted),
		.expires_us = refresh ? refresh_us : access_us,
		.meta = json_keep(
			c->arena,
			json_pack("{s:s?, s:b, s:b}", "subscription_type", plan, "verified",
				  json_is_true(json_object_get(me, "verified")), "protected",
				  json_is_true(json_object_get(me, "protected")))),
		.tokens = { { "access", memo_text(c->memo, "access"), access_us },
			    { "refresh", refresh, refresh_us } },
		.tokens_n = refresh ? 2 : 1,
	};
	ret->display_name = name && *name ? arena_strdup(c->arena, name) : ret->username;
}

static enum script_move read_me(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	struct twitter_reply r;
	const json_t *me;

	twitter_read(c->app, c->arena, last, c->now_us, &r);
	me = json_object_get(r.json, "data");
	if (!r.row && (!memo_text(me, "id") || !memo_text(me, "username")))
		r.row = twitter_error_find(&r);
	if (r.row)
		return twitter_fail(c->arena, &r, r.row->elsewhere, NULL, ret);
	account_fill(c, me, account);
	return login_found(c, account, ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "me", ask_me, read_me },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step twitter_connect(struct connect *c, const struct http_reply *last, struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

static enum script_move ask_refresh(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	return login_ask_renew(
		r, token_call(r->arena, r->app, "x.oauth.refresh", "/2/oauth2/token"), ret);
}

/*
 * 400 is X's word about the token: used, revoked or expired. Everything else leaves it as it was,
 * or as nobody can know; then the next try will tell.
 */
static enum script_move refresh_fail(struct renewal *r, const struct twitter_reply *reply,
				     struct step_result *ret)
{
	bool is_dead = !reply->is_broken && reply->status == 400;

	twitter_fail(r->arena, reply, is_dead ? CLASS_RECONNECT : CLASS_LATER, NULL, ret);
	if (is_dead) {
		ret->outcome.error.code = POST_ERROR_TOKEN_EXPIRED;
		ret->outcome.error.who = WHO_ACCOUNT_OWNER;
		ret->outcome.error.message =
			"X does not renew the access; connect the account again.";
	}
	return SCRIPT_DONE;
}

static enum script_move read_refresh(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct renewal *r = ctx;
	struct oauth2_tokens t;
	struct twitter_reply reply;

	if (!read_tokens(r->app, r->arena, last, r->now_us, &reply, &t))
		return refresh_fail(r, &reply, ret);
	r->tokens[r->tokens_n++] = (struct connect_token){ "access", t.access_token,
							   r->now_us + t.expires_in_s * US_PER_S };
	if (t.refresh_token)
		r->tokens[r->tokens_n++] =
			(struct connect_token){ "refresh", t.refresh_token,
						r->now_us + platform_int(r->app, "refresh_life_s") *
								    US_PER_S };
	return script_succeed(ret);
}

static const struct script_row renew_rows[] = {
	{ "refresh", ask_refresh, read_refresh },
	{ NULL, NULL, NULL },
};
static const struct script renew_script = { "renew", renew_rows };

enum step twitter_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&renew_script, r->memo, r, last, ret);
}

static void ask_revoke(struct renewal *r, const char *token, const char *hint,
		       struct step_result *ret)
{
	ret->request = token_call(r->arena, r->app, "x.oauth.revoke", "/2/oauth2/revoke");
	http_request_form(ret->request, "token", token);
	http_request_form(ret->request, "token_type_hint", hint);
}

static enum script_move ask_revoke_refresh(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	if (!r->refresh_token || !*r->refresh_token)
		return script_go(r->memo, &revoke_script, "access");
	ask_revoke(r, r->refresh_token, "refresh_token", ret);
	return SCRIPT_SEND;
}

/* Whatever came of it, the other token is still to be revoked. */
static enum script_move read_revoke_refresh(void *ctx, const struct http_reply *last,
					    struct step_result *ret)
{
	struct renewal *r = ctx;

	(void)last, (void)ret;
	return script_go(r->memo, &revoke_script, "access");
}

static enum script_move ask_revoke_access(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER, 0,
				      "no_token" };

	if (!r->account->access_token || !*r->account->access_token)
		return script_refuse(r->arena, &why, ret,
				     "No token is stored; remove the app in X's settings under "
				     "Connected apps.");
	ask_revoke(r, r->account->access_token, "access_token", ret);
	return SCRIPT_SEND;
}

static enum script_move read_revoke_access(void *ctx, const struct http_reply *last,
					   struct step_result *ret)
{
	struct renewal *r = ctx;
	struct twitter_reply reply;

	twitter_read(r->app, r->arena, last, r->now_us, &reply);
	if (!reply.is_ok)
		return twitter_fail(r->arena, &reply, CLASS_CONTENT, NULL, ret);
	return script_succeed(ret);
}

static const struct script_row revoke_rows[] = {
	{ "refresh", ask_revoke_refresh, read_revoke_refresh },
	{ "access", ask_revoke_access, read_revoke_access },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step twitter_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

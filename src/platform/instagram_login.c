/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instagram Login, and the upkeep of both kinds of tokens: renewal and revocation.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/instagram.h"
#include "platform/login.h"
#include "json/keep.h"

#define LIFE_FALLBACK_S (59 * 86400LL)

static const struct script login_script, renew_facebook_script, renew_instagram_script;

static enum script_move login_go(struct connect *c, const char *state)
{
	return script_go(c->memo, &login_script, state);
}

/* The documented form wraps the object into data[]; the real one does not. */
static const json_t *unwrap(const json_t *doc)
{
	const json_t *data = json_object_get(doc, "data");

	return json_is_array(data) ? json_array_get(data, 0) : doc;
}

/* An authorization code is used once: whatever the host said, the flow starts anew. */
static enum script_move login_fail(struct arena *a, struct instagram_reply *r,
				   struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU, 0, NULL };

	if (!r->row)
		r->row = instagram_error_find(0, 0, r->status);
	if (r->is_broken || r->status >= 500 || r->code)
		return instagram_fail(a, r, r->row->elsewhere, NULL, ret);
	script_refuse(a, &why, ret, "Instagram refused the login; start connecting again.");
	ret->outcome.error.platform_message = r->message;
	return SCRIPT_DONE;
}

static enum script_move ask_short(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_call call = { c->arena, c->app, NULL };
	const char *code = arena_strndup(c->arena, c->code, strcspn(c->code, "#"));

	ret->request = instagram_plain_call(&call, VERB_POST, "ig.oauth.code", "ig_token_base",
					    "/oauth/access_token");
	http_request_form(ret->request, "client_id", platform_text(c->app, "client_id"));
	http_request_form(ret->request, "client_secret", platform_secret(c->app));
	http_request_form(ret->request, "grant_type", "authorization_code");
	http_request_form(ret->request, "redirect_uri", c->app->redirect_uri);
	http_request_form(ret->request, "code", code);
	return SCRIPT_SEND;
}

/* "a,b" or ["a","b"], as "a b". */
static const char *scopes_text(struct arena *a, const json_t *v)
{
	char *text = arena_strdup(a, json_is_string(v) ? json_string_value(v) : "");
	const json_t *item;
	size_t i;

	json_array_foreach(v, i, item) {
		if (json_is_string(item))
			text = arena_printf(a, "%s%s%s", text, *text ? " " : "",
					    json_string_value(item));
	}
	for (char *at = text; *at; at++) {
		if (*at == ',')
			*at = ' ';
	}
	return text;
}

static enum script_move read_short(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;
	const json_t *doc;
	const char *token, *granted;

	instagram_read(c->arena, last, &r);
	doc = unwrap(r.json);
	token = r.is_ok ? memo_text(doc, "access_token") : NULL;
	if (!token)
		return login_fail(c->arena, &r, ret);
	granted = scopes_text(c->arena, json_object_get(doc, "permissions"));
	if (!*granted && c->granted)
		granted = c->granted;
	memo_set_text(c->memo, "short", token);
	memo_set_text(c->memo, "granted", granted);
	return login_go(c, "long");
}

static enum script_move ask_long(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_call call = { c->arena, c->app, NULL };

	ret->request = instagram_plain_call(&call, VERB_GET, "ig.oauth.long", "ig_graph_base",
					    "/access_token");
	http_request_query(ret->request, "grant_type", "ig_exchange_token");
	http_request_query(ret->request, "client_secret", platform_secret(c->app));
	http_request_query(ret->request, "access_token", memo_text(c->memo, "short"));
	return SCRIPT_SEND;
}

static enum script_move read_long(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_reply r;
	const char *token;
	int64_t life_s;

	instagram_read(c->arena, last, &r);
	token = r.is_ok ? memo_text(r.json, "access_token") : NULL;
	if (!token)
		return login_fail(c->arena, &r, ret);
	life_s = memo_int(r.json, "expires_in");
	memo_set_text(c->memo, "user", token);
	memo_set_text(c->memo, "short", NULL);
	memo_set_int(c->memo, "life_s", life_s > 0 ? life_s : LIFE_FALLBACK_S);
	return login_go(c, "me");
}

static enum script_move ask_me(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct instagram_call call = { c->arena, c->app, memo_text(c->memo, "user") };

	ret->request = instagram_call(&call, VERB_GET, "ig.me", "/me");
	http_request_query(ret->request, "fields",
			   "user_id,username,name,account_type,profile_picture_url");
	return SCRIPT_SEND;
}

static void login_account(struct connect *c, const json_t *me, struct connect_account *ret)
{
	int64_t expires_us = c->now_us + memo_int(c->memo, "life_s") * US_PER_S;
	const char *id = memo_id(c->arena, me, "user_id");
	const char *username = memo_text(me, "username"), *name = memo_text(me, "name");
	const char *granted = memo_text(c->memo, "granted");
	const char *asked = platform_text(c->app, "ig_scopes");

	username = arena_strdup(c->arena, username ? username : id);
	*ret = (struct connect_account){
		.remote_id = id,
		.username = username,
		.display_name = name && *name ? arena_strdup(c->arena, name) : username,
		.avatar_url = arena_strdup(c->arena, memo_text(me, "profile_picture_url")),
		.scopes = granted,
		.missing_scopes = oauth2_missing_scopes(c->arena, asked, granted),
		.expires_us = expires_us,
		.meta = json_keep(c->arena, json_pack("{s:s}", "login", "instagram")),
		.tokens = { { "access", memo_text(c->memo, "user"), expires_us } },
		.tokens_n = 1,
	};
}

static enum script_move read_me(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED,
				      WHO_ACCOUNT_OWNER, 0, "personal_account" };
	struct instagram_reply r;
	const json_t *me;
	const char *type;

	instagram_read(c->arena, last, &r);
	if (!r.is_ok)
		return login_fail(c->arena, &r, ret);
	me = unwrap(r.json);
	type = memo_text(me, "account_type");
	/* `id` is app-scoped and no address for publishing: only user_id will do. */
	if (!memo_id(c->arena, me, "user_id") || (type && strcmp(type, "PERSONAL") == 0))
		return script_refuse(c->arena, &why, ret,
				     "Only professional Instagram accounts can be published to; "
				     "switch the account to Business or Creator.");
	login_account(c, me, account);
	return login_found(c, account, ret);
}

static const struct script_row login_rows[] = {
	{ "short", ask_short, read_short },
	{ "long", ask_long, read_long },
	{ "me", ask_me, read_me },
	{ NULL, NULL, NULL },
};
static const struct script login_script = { "connect", login_rows };

enum step instagram_connect_instagram(struct connect *c, const struct http_reply *last,
				      struct step_result *ret)
{
	return script_run(&login_script, c->memo, c, last, ret);
}

enum step instagram_connect(struct connect *c, const struct http_reply *last,
			    struct step_result *ret)
{
	return instagram_is_facebook(c->app) ? instagram_connect_facebook(c, last, ret)
					     : instagram_connect_instagram(c, last, ret);
}

/* Prolongs the person's token, then fetches the page's own with it. */
static enum script_move ask_prolong(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_call call = { r->arena, r->app, NULL };

	ret->request = instagram_call(&call, VERB_GET, "ig.oauth.prolong", "/oauth/access_token");
	http_request_query(ret->request, "grant_type", "fb_exchange_token");
	http_request_query(ret->request, "client_id", platform_text(r->app, "client_id"));
	http_request_query(ret->request, "client_secret", platform_secret(r->app));
	http_request_query(ret->request, "fb_exchange_token", r->account->user_token);
	return SCRIPT_SEND;
}

/* Nothing renews a token that has expired: what cannot be renewed must be connected again. */
static enum script_move renew_fail(struct renewal *r, struct instagram_reply *reply,
				   struct step_result *ret)
{
	enum error_class class;

	if (!reply->row)
		reply->row = instagram_error_find(0, 0, reply->status);
	class = reply->row->elsewhere;
	if (class != CLASS_OPERATOR && class != CLASS_LATER)
		class = CLASS_RECONNECT;
	if (class == CLASS_LATER && !reply->is_broken && reply->status < 500 && !reply->code)
		class = CLASS_RECONNECT; /* the token host's own shape has no code */
	instagram_fail(r->arena, reply, class, NULL, ret);
	if (class == CLASS_OPERATOR)
		ret->outcome.kind = OUTCOME_DEFER;
	return SCRIPT_DONE;
}

static bool read_renewed(struct renewal *r, const struct http_reply *last,
			 struct instagram_reply *ret)
{
	const char *token;
	int64_t life_s;

	instagram_read(r->arena, last, ret);
	token = ret->is_ok ? memo_text(ret->json, "access_token") : NULL;
	if (!token || !*token)
		return false;
	life_s = memo_int(ret->json, "expires_in");
	memo_set_text(r->memo, "token", token);
	memo_set_int(r->memo, "life_s", life_s > 0 ? life_s : LIFE_FALLBACK_S);
	return true;
}

static enum script_move read_prolong(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_reply reply;

	if (!read_renewed(r, last, &reply))
		return renew_fail(r, &reply, ret);
	return script_go(r->memo, &renew_facebook_script, "page");
}

static enum script_move ask_page(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_call call = { r->arena, r->app, memo_text(r->memo, "token") };
	const char *page = memo_text(r->account->meta, "page_id");

	ret->request = instagram_call(&call, VERB_GET, "ig.page", "/%s", page ? page : "me");
	http_request_query(ret->request, "fields", "access_token");
	return SCRIPT_SEND;
}

static void renewal_add(struct renewal *r, const char *kind, const char *value, int64_t expires_us)
{
	r->tokens[r->tokens_n++] =
		(struct connect_token){ kind, arena_strdup(r->arena, value), expires_us };
}

static enum script_move renewal_end(struct step_result *ret)
{
	return script_succeed(ret);
}

static enum script_move read_page(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct renewal *r = ctx;
	int64_t expires_us = r->now_us + memo_int(r->memo, "life_s") * US_PER_S;
	struct instagram_reply reply;
	const char *token;

	instagram_read(r->arena, last, &reply);
	token = reply.is_ok ? memo_text(reply.json, "access_token") : NULL;
	if (!token || !*token)
		return renew_fail(r, &reply, ret);
	renewal_add(r, "user", memo_text(r->memo, "token"), expires_us);
	renewal_add(r, "access", token, INSTANT_NONE);
	return renewal_end(ret);
}

static const struct script_row renew_facebook_rows[] = {
	{ "prolong", ask_prolong, read_prolong },
	{ "page", ask_page, read_page },
	{ NULL, NULL, NULL },
};
static const struct script renew_facebook_script = { "renew", renew_facebook_rows };

static enum script_move ask_refresh(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_call call = { r->arena, r->app, NULL };

	ret->request = instagram_plain_call(&call, VERB_GET, "ig.oauth.refresh", "ig_graph_base",
					    "/refresh_access_token");
	http_request_query(ret->request, "grant_type", "ig_refresh_token");
	http_request_query(ret->request, "access_token", r->account->access_token);
	return SCRIPT_SEND;
}

static enum script_move read_refresh(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_reply reply;

	if (!read_renewed(r, last, &reply))
		return renew_fail(r, &reply, ret);
	renewal_add(r, "access", memo_text(r->memo, "token"),
		    r->now_us + memo_int(r->memo, "life_s") * US_PER_S);
	return renewal_end(ret);
}

static const struct script_row renew_instagram_rows[] = {
	{ "refresh", ask_refresh, read_refresh },
	{ NULL, NULL, NULL },
};
static const struct script renew_instagram_script = { "renew", renew_instagram_rows };

enum step instagram_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	bool has_user = r->account->user_token && *r->account->user_token;
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER,
				      0, "no_token" };

	ret->phase = PHASE_STAGE;
	if (!instagram_is_facebook(r->app) && r->account->access_token)
		return script_run(&renew_instagram_script, r->memo, r, last, ret);
	if (has_user)
		return script_run(&renew_facebook_script, r->memo, r, last, ret);
	script_refuse(r->arena, &why, ret, "No token is stored; connect the account again.");
	return STEP_DONE;
}

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_call call = { r->arena, r->app, r->account->user_token };

	ret->request = instagram_call(&call, VERB_DELETE, "ig.revoke", "/me/permissions");
	return SCRIPT_SEND;
}

/* `true` or {"success":true}. */
static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;
	struct instagram_reply reply;

	instagram_read(r->arena, last, &reply);
	if (reply.is_ok &&
	    (json_is_true(reply.json) || json_is_true(json_object_get(reply.json, "success"))))
		return renewal_end(ret);
	if (!reply.row)
		reply.row = instagram_error_find(0, 0, reply.status);
	return instagram_fail(r->arena, &reply, CLASS_CONTENT, NULL, ret);
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step instagram_revoke(struct renewal *r, const struct http_reply *last,
			   struct step_result *ret)
{
	bool has_user = r->account->user_token && *r->account->user_token;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER, 0,
				      "no_revocation" };

	ret->phase = PHASE_STAGE;
	if (instagram_is_facebook(r->app) && has_user)
		return script_run(&revoke_script, r->memo, r, last, ret);
	script_refuse(r->arena, &why, ret,
		      "Instagram has no call for this; remove the app in Instagram's settings "
		      "under Website permissions.");
	return STEP_DONE;
}

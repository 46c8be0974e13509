/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Login Kit: code, identity; renewal with rotating refresh tokens; revocation. The fields of
 * user/info follow the granted scopes, because one field too many fails the whole call.
 */
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/login.h"
#include "platform/tiktok.h"
#include "json/keep.h"

#define TOKEN_TIMEOUT_MS 60000 /* a lost answer may cost the refresh token: be patient */
#define BASIC_FIELDS     "open_id,union_id,avatar_url,avatar_large_url,display_name"
#define PROFILE_FIELDS   "username,profile_deep_link,is_verified"
#define BASIC_SCOPE      "user.info.basic"

static const struct script connect_script;

static struct http_request *oauth_call(struct arena *a, const struct platform_app *app,
				       const char *label, const char *path)
{
	struct http_request *r = http_request_new(a, VERB_POST, label);

	http_request_url(r, platform_text(app, "api_base"), "%s", path);
	http_request_form(r, "client_key", platform_text(app, "client_id"));
	http_request_form(r, "client_secret", platform_secret(app));
	r->timeout_ms = TOKEN_TIMEOUT_MS;
	return r;
}

static bool has_pkce(const struct platform_app *app)
{
	return strcmp(platform_text(app, "pkce"), "none") != 0;
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = oauth_call(c->arena, c->app, "tt.oauth.code", "/v2/oauth/token/");
	login_add_code(ret->request, c);
	http_request_form(ret->request, "code_verifier", has_pkce(c->app) ? c->verifier : NULL);
	return SCRIPT_SEND;
}

/* Whether the answer holds tokens; they go into the memo, their ends as instants. */
static bool read_tokens(struct arena *a, json_t *memo, int64_t now_us, const struct tiktok_reply *r)
{
	struct oauth2_tokens t;

	if (!r->is_ok || !login_read_tokens(a, r->json, &t))
		return false;
	memo_set_text(memo, "access", t.access_token);
	memo_set_text(memo, "refresh", t.refresh_token);
	memo_set_text(memo, "granted", t.scope);
	memo_set_int(memo, "access_until",
		     t.expires_in_s > 0 ? now_us + t.expires_in_s * US_PER_S : 0);
	memo_set_int(memo, "refresh_until",
		     t.refresh_expires_in_s > 0 ? now_us + t.refresh_expires_in_s * US_PER_S : 0);
	memo_set_text(memo, "open_id", memo_text(r->json, "open_id"));
	return true;
}

static enum script_move login_fail(struct arena *a, struct tiktok_reply *r, struct step_result *ret)
{
	if (!r->row)
		r->row = tiktok_error_find(r->code, r->status);
	return tiktok_fail(a, r, r->row->elsewhere, ret);
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED,
				      WHO_ACCOUNT_OWNER, 0, "missing_scopes" };
	struct tiktok_reply r;

	tiktok_read_flat(c->arena, last, &r);
	if (!read_tokens(c->arena, c->memo, c->now_us, &r))
		return login_fail(c->arena, &r, ret);
	if (!memo_text(c->memo, "granted") && c->granted)
		memo_set_text(c->memo, "granted", c->granted);
	if (!oauth2_has_scope(memo_text(c->memo, "granted"), BASIC_SCOPE))
		return script_refuse(
			c->arena, &why, ret,
			"The permission %s was not granted; connect again and grant it.",
			BASIC_SCOPE);
	return script_go(c->memo, &connect_script, "user");
}

static enum script_move ask_user(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	bool has_profile = oauth2_has_scope(memo_text(c->memo, "granted"), "user.info.profile");

	ret->request = http_request_new(c->arena, VERB_GET, "tt.user");
	http_request_url(ret->request, platform_text(c->app, "api_base"), "/v2/user/info/");
	http_request_query(ret->request, "fields",
			   has_profile ? BASIC_FIELDS "," PROFILE_FIELDS : BASIC_FIELDS);
	http_request_bearer(ret->request, memo_text(c->memo, "access"));
	return SCRIPT_SEND;
}

static enum script_move read_user(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct tiktok_reply r;
	json_t *user;

	tiktok_read(c->arena, last, &r);
	user = json_object_get(r.data, "user");
	if (!r.is_ok || !json_is_object(user))
		return login_fail(c->arena, &r, ret);
	json_object_set(c->memo, "user", user);
	if (memo_text(user, "username") ||
	    !oauth2_has_scope(memo_text(c->memo, "granted"), "video.publish"))
		return script_go(c->memo, &connect_script, "end");
	return script_go(c->memo, &connect_script, "creator");
}

/* Without user.info.profile only creator_info knows the name that links need. */
static enum script_move ask_creator(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct platform_account account = { .access_token = memo_text(c->memo, "access") };
	const struct delivery d = { .arena = c->arena, .app = c->app, .account = &account };

	ret->request = tiktok_call(&d, "tt.creator", "/v2/post/publish/creator_info/query/", NULL);
	return SCRIPT_SEND;
}

static enum script_move read_creator(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct connect *c = ctx;
	struct tiktok_reply r;

	(void)ret;
	tiktok_read(c->arena, last, &r);
	if (r.is_ok && memo_text(r.data, "creator_username"))
		memo_set_text(json_object_get(c->memo, "user"), "username",
			      memo_text(r.data, "creator_username"));
	return script_go(c->memo, &connect_script, "end");
}

static const char *spaced(struct arena *a, const char *scopes)
{
	char *text = arena_strdup(a, scopes ? scopes : "");

	for (char *at = text; *at; at++) {
		if (*at == ',')
			*at = ' ';
	}
	return text;
}

static int64_t instant_of(const json_t *memo, const char *key)
{
	int64_t us = memo_int(memo, key);

	return us > 0 ? us : INSTANT_NONE;
}

static void account_fill(struct connect *c, const char *id, struct connect_account *ret)
{
	const json_t *user = json_object_get(c->memo, "user");
	const char *granted = memo_text(c->memo, "granted");
	const char *name = memo_text(user, "display_name"), *username = memo_text(user, "username");
	const char *refresh = memo_text(c->memo, "refresh");

	*ret = (struct connect_account){
		.remote_id = id,
		.username = username ? username
			    : name   ? name
				     : id,
		.display_name = name && *name ? name
				: username    ? username
					      : id,
		.avatar_url = memo_text(user, "avatar_large_url"),
		.scopes = spaced(c->arena, granted),
		.missing_scopes =
			oauth2_missing_scopes(c->arena, platform_text(c->app, "scopes"), granted),
		.expires_us = instant_of(c->memo, refresh ? "refresh_until" : "access_until"),
		.meta = json_keep(c->arena,
				  json_pack("{s:s?, s:b}", "union_id", memo_text(user, "union_id"),
					    "has_username", username != NULL)),
		.tokens = { { "access", memo_text(c->memo, "access"),
			      instant_of(c->memo, "access_until") },
			    { "refresh", refresh, instant_of(c->memo, "refresh_until") } },
		.tokens_n = refresh ? 2 : 1,
	};
	if (!ret->avatar_url)
		ret->avatar_url = memo_text(user, "avatar_url");
}

static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	const char *id = memo_text(json_object_get(c->memo, "user"), "open_id");
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_PLATFORM, 0,
				      "no_open_id" };

	if (!id)
		id = memo_text(c->memo, "open_id");
	if (!id || !*id)
		return script_refuse(c->arena, &why, ret, "TikTok named no account.");
	account_fill(c, id, account);
	return login_found(c, account, ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "user", ask_user, read_user },
	{ "creator", ask_creator, read_creator },
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step tiktok_connect(struct connect *c, const struct http_reply *last, struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

static enum script_move ask_renew(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	return login_ask_renew(
		r, oauth_call(r->arena, r->app, "tt.oauth.refresh", "/v2/oauth/token/"), ret);
}

/*
 * Lost or unclear answers are tried again with the same token: only invalid_grant ends it. An
 * operator's fault is no reason to make people log in again.
 */
static enum script_move renew_fail(struct renewal *r, struct tiktok_reply *reply,
				   struct step_result *ret)
{
	bool is_dead = reply->code && strcmp(reply->code, "invalid_grant") == 0;

	if (!reply->row)
		reply->row = tiktok_error_find(reply->code, reply->status);
	return tiktok_fail(r->arena, reply, is_dead ? CLASS_RECONNECT : CLASS_LATER, ret);
}

static enum script_move read_renew(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct renewal *r = ctx;
	struct tiktok_reply reply;
	const char *refresh;

	tiktok_read_flat(r->arena, last, &reply);
	if (!read_tokens(r->arena, r->memo, r->now_us, &reply))
		return renew_fail(r, &reply, ret);
	refresh = memo_text(r->memo, "refresh");
	if (refresh)
		r->tokens[r->tokens_n++] =
			(struct connect_token){ "refresh", arena_strdup(r->arena, refresh),
						instant_of(r->memo, "refresh_until") };
	r->tokens[r->tokens_n++] =
		(struct connect_token){ "access",
					arena_strdup(r->arena, memo_text(r->memo, "access")),
					instant_of(r->memo, "access_until") };
	return script_succeed(ret);
}

static const struct script_row renew_rows[] = {
	{ "renew", ask_renew, read_renew },
	{ NULL, NULL, NULL },
};
static const struct script renew_script = { "renew", renew_rows };

enum step tiktok_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&renew_script, r->memo, r, last, ret);
}

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	ret->request = oauth_call(r->arena, r->app, "tt.oauth.revoke", "/v2/oauth/revoke/");
	http_request_form(ret->request, "token", r->account->access_token);
	return SCRIPT_SEND;
}

/* 200 with an empty body or {}. */
static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;
	struct tiktok_reply reply;

	tiktok_read_flat(r->arena, last, &reply);
	if (!reply.is_broken && reply.status / 100 == 2 && !reply.code) {
		return script_succeed(ret);
	}
	if (!reply.row)
		reply.row = tiktok_error_find(reply.code, reply.status);
	return tiktok_fail(r->arena, &reply, CLASS_CONTENT, ret);
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step tiktok_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

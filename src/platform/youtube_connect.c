/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code exchange, permissions, the channel; renewal, where the refresh token stays as it is;
 * revocation, which ends the access to every channel of the same person.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/login.h"
#include "platform/youtube.h"
#include "json/keep.h"

#define TOKEN_TIMEOUT_MS 40000
#define CHANNEL_PARTS    "id,snippet,contentDetails,status"

static const struct script connect_script;

static struct http_request *token_call(struct arena *a, const struct platform_app *app,
				       const char *label, const char *path)
{
	struct http_request *r = http_request_new(a, VERB_POST, label);

	http_request_url(r, platform_text(app, "token_base"), "%s", path);
	r->timeout_ms = TOKEN_TIMEOUT_MS;
	return r;
}

static void add_client(struct http_request *r, const struct platform_app *app)
{
	http_request_form(r, "client_id", platform_text(app, "client_id"));
	http_request_form(r, "client_secret", platform_secret(app));
}

static enum script_move ask_code(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;

	ret->request = token_call(c->arena, c->app, "yt.oauth.code", "/token");
	login_add_code(ret->request, c);
	http_request_form(ret->request, "code_verifier", c->verifier);
	add_client(ret->request, c->app);
	return SCRIPT_SEND;
}

static enum script_move login_fail(struct arena *a, int64_t now_us, struct youtube_reply *r,
				   struct step_result *ret)
{
	if (!r->row)
		r->row = youtube_error_status(0);
	return youtube_fail(a, now_us, r, r->row->elsewhere, ret);
}

/* What was asked for and not granted; a wide permission covers the narrow ones. */
static const char *missing_of(struct connect *c)
{
	static const char *const narrow[] = { "upload", "readonly" };
	const char *granted = memo_text(c->memo, "granted");

	for (size_t i = 0; i < ARRAY_LEN(narrow); i++) {
		if (youtube_has_scope(granted, narrow[i]))
			granted = arena_printf(c->arena, "%s " YOUTUBE_SCOPE ".%s", granted,
					       narrow[i]);
	}
	if (oauth2_has_scope(granted, YOUTUBE_SCOPE))
		granted = arena_printf(c->arena, "%s " YOUTUBE_SCOPE ".force-ssl", granted);
	return oauth2_missing_scopes(c->arena, platform_text(c->app, "scopes"), granted);
}

/* False with the outcome written: what was granted is not enough to publish with. */
static bool is_enough(struct connect *c, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED,
				      WHO_ACCOUNT_OWNER, 0, "missing_scopes" };
	struct script_refusal short_lived = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
					      WHO_OPERATOR, 0, "no_refresh_token" };
	const char *granted = memo_text(c->memo, "granted");

	if (!youtube_has_scope(granted, "upload") || !youtube_has_scope(granted, "readonly")) {
		script_refuse(
			c->arena, &why, ret,
			"These permissions were not granted: %s. Connect again and tick every "
			"box that Google shows.",
			missing_of(c));
		return false;
	}
	if (!memo_text(c->memo, "refresh")) {
		script_refuse(c->arena, &short_lived, ret,
			      "Google gave access for one hour only; connect again with prompt set "
			      "to consent.");
		return false;
	}
	return true;
}

static enum script_move read_code(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = ctx;
	struct oauth2_tokens t = { 0 };
	struct youtube_reply r;
	int64_t life_s;

	youtube_read(c->arena, last, c->now_us, &r);
	if (!r.is_ok || !login_read_tokens(c->arena, r.json, &t))
		return login_fail(c->arena, c->now_us, &r, ret);
	life_s = t.refresh_expires_in_s > 0 ? t.refresh_expires_in_s
					    : platform_int(c->app, "refresh_life_s");
	memo_set_text(c->memo, "access", t.access_token);
	memo_set_text(c->memo, "refresh", t.refresh_token);
	memo_set_text(c->memo, "granted", t.scope ? t.scope : c->granted);
	memo_set_int(c->memo, "access_until",
		     t.expires_in_s > 0 ? c->now_us + t.expires_in_s * US_PER_S : 0);
	memo_set_int(c->memo, "refresh_until", c->now_us + life_s * US_PER_S);
	memo_set_int(c->memo, "is_limited", t.refresh_expires_in_s > 0);
	/* No scope in the answer: everything was granted (RFC 6749, 5.1). */
	if (!memo_text(c->memo, "granted"))
		memo_set_text(c->memo, "granted", platform_text(c->app, "scopes"));
	if (!is_enough(c, ret))
		return SCRIPT_DONE;
	return script_go(c->memo, &connect_script, "channel");
}

static enum script_move ask_channel(void *ctx, struct step_result *ret)
{
	struct connect *c = ctx;
	const struct youtube_caller caller = { c->arena, c->app, memo_text(c->memo, "access") };

	ret->request = youtube_call(&caller, VERB_GET, "yt.channel", "/channels");
	http_request_query(ret->request, "part", CHANNEL_PARTS);
	http_request_query(ret->request, "mine", "true");
	return SCRIPT_SEND;
}

static const char *avatar_of(const json_t *snippet)
{
	static const char *const sizes[] = { "high", "medium", "default" };
	const json_t *all = json_object_get(snippet, "thumbnails");

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *url = memo_text(json_object_get(all, sizes[i]), "url");

		if (url && *url)
			return url;
	}
	return NULL;
}

static const char *handle_of(const json_t *snippet, const char *fallback)
{
	const char *handle = memo_text(snippet, "customUrl");

	if (!handle || !*handle)
		return fallback;
	return *handle == '@' && handle[1] ? handle + 1 : handle;
}

/* Which person a channel belongs to is not told, so all channels of a workspace count as one's. */
static json_t *meta_of(struct connect *c, const json_t *channel)
{
	const json_t *lists =
		json_object_get(json_object_get(channel, "contentDetails"), "relatedPlaylists");
	const json_t *status = json_object_get(channel, "status");
	int64_t until = memo_int(c->memo, "is_limited") ? memo_int(c->memo, "refresh_until") : 0;

	return json_pack("{s:s*, s:s*, s:s, s:I}", "uploads", memo_text(lists, "uploads"),
			 "longUploadsStatus", memo_text(status, "longUploadsStatus"), "person_id",
			 "unknown", "refresh_until", (json_int_t)until);
}

static void account_fill(struct connect *c, const json_t *channel, struct connect_account *ret)
{
	const json_t *snippet = json_object_get(channel, "snippet");
	const char *id = memo_text(channel, "id"), *title = memo_text(snippet, "title");
	int64_t access_until = memo_int(c->memo, "access_until");
	int64_t refresh_until = memo_int(c->memo, "refresh_until");

	*ret = (struct connect_account){
		.remote_id = id,
		.username = handle_of(snippet, title && *title ? title : id),
		.display_name = title && *title ? title : id,
		.avatar_url = avatar_of(snippet),
		.scopes = memo_text(c->memo, "granted"),
		.missing_scopes = missing_of(c),
		.expires_us = refresh_until,
		.meta = json_keep(c->arena, meta_of(c, channel)),
		.tokens = { { "access", memo_text(c->memo, "access"),
			      access_until > 0 ? access_until : INSTANT_NONE },
			    { "refresh", memo_text(c->memo, "refresh"), refresh_until } },
		.tokens_n = 2,
	};
}

static enum script_move read_channel(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct connect *c = ctx;
	struct script_refusal none = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED,
				       WHO_ACCOUNT_OWNER, 0, "no_channel" };
	struct connect_account *account = arena_alloc(c->arena, sizeof(*account));
	const json_t *channel;
	const char *id;
	struct youtube_reply r;

	youtube_read(c->arena, last, c->now_us, &r);
	if (!r.is_ok || !r.json)
		return login_fail(c->arena, c->now_us, &r, ret);
	channel = json_array_get(json_object_get(r.json, "items"), 0);
	id = memo_text(channel, "id");
	if (!id || !*id)
		return script_refuse(c->arena, &none, ret,
				     "The Google account has no YouTube channel; create one at "
				     "YouTube and connect again.");
	account_fill(c, channel, account);
	return login_found(c, account, ret);
}

static const struct script_row connect_rows[] = {
	{ "code", ask_code, read_code },
	{ "channel", ask_channel, read_channel },
	{ NULL, NULL, NULL },
};
static const struct script connect_script = { "connect", connect_rows };

enum step youtube_connect(struct connect *c, const struct http_reply *last, struct step_result *ret)
{
	return script_run(&connect_script, c->memo, c, last, ret);
}

/* ---- renewal ---- */

static enum script_move ask_renew(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	struct http_request *call = token_call(r->arena, r->app, "yt.oauth.refresh", "/token");
	const enum script_move move = login_ask_renew(r, call, ret);

	add_client(call, r->app);
	return move;
}

/* Only invalid_grant ends an account; an operator's fault is no reason to make people log in. */
static enum script_move renew_fail(struct renewal *r, struct youtube_reply *reply,
				   struct step_result *ret)
{
	bool is_dead = reply->reason && strcmp(reply->reason, "invalid_grant") == 0;

	if (!reply->row)
		reply->row = youtube_error_status(0);
	return youtube_fail(r->arena, r->now_us, reply, is_dead ? CLASS_RECONNECT : CLASS_LATER,
			    ret);
}

/* The old refresh token stays good, and its use has lengthened its life. */
static void renewal_fill(struct renewal *r, const struct oauth2_tokens *t)
{
	int64_t limit_us = memo_int(r->account->meta, "refresh_until");
	int64_t life_s = platform_int(r->app, "refresh_life_s");
	int64_t until_us = limit_us > 0 ? limit_us : r->now_us + life_s * US_PER_S;

	if (t->refresh_expires_in_s > 0)
		until_us = r->now_us + t->refresh_expires_in_s * US_PER_S;
	r->tokens[0] = (struct connect_token){
		"refresh", t->refresh_token ? t->refresh_token : r->refresh_token, until_us
	};
	r->tokens[1] =
		(struct connect_token){ "access", t->access_token,
					t->expires_in_s > 0 ? r->now_us + t->expires_in_s * US_PER_S
							    : INSTANT_NONE };
	r->tokens_n = 2;
}

static enum script_move read_renew(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct renewal *r = ctx;
	struct youtube_reply reply;
	struct oauth2_tokens t = { 0 };

	youtube_read(r->arena, last, r->now_us, &reply);
	if (!reply.is_ok || !login_read_tokens(r->arena, reply.json, &t))
		return renew_fail(r, &reply, ret);
	renewal_fill(r, &t);
	return script_succeed(ret);
}

static const struct script_row renew_rows[] = {
	{ "renew", ask_renew, read_renew },
	{ NULL, NULL, NULL },
};
static const struct script renew_script = { "renew", renew_rows };

enum step youtube_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&renew_script, r->memo, r, last, ret);
}

/* ---- revocation ---- */

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	const char *refresh = r->refresh_token && *r->refresh_token ? r->refresh_token : NULL;

	ret->request = token_call(r->arena, r->app, "yt.oauth.revoke", "/revoke");
	http_request_form(ret->request, "token", refresh ? refresh : r->account->access_token);
	return SCRIPT_SEND;
}

static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;
	struct youtube_reply reply;

	youtube_read(r->arena, last, r->now_us, &reply);
	/* A token that is dead already is what was wanted. */
	if (reply.is_ok || (reply.reason && strcmp(reply.reason, "invalid_token") == 0)) {
		return script_succeed(ret);
	}
	return youtube_fail(r->arena, r->now_us, &reply, CLASS_LATER, ret);
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step youtube_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

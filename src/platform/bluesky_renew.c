/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renewal and giving back, of grants and of sessions. A refresh token of a grant works once: used
 * again, it ends the grant. So whoever renews holds the lease of the account, and an answer that
 * got lost ends in connecting anew, which the next try finds out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "platform/bluesky_login.h"
#include "platform/login.h"

#define LIFE_FALLBACK_S 1800
#define BEFORE_US       (15 * US_PER_MIN)
#define JWT_MAX         4096

static const struct script renew_script, revoke_script;

/* The middle part of a JWT, not verified: it is the server's own word about its token. */
int64_t bluesky_token_end(const char *jwt, int64_t fallback_us)
{
	const char *from = strchr(jwt, '.'), *to = from ? strchr(from + 1, '.') : NULL;
	char text[JWT_MAX];
	size_t n = 0;
	int64_t end_s = 0;
	json_t *claims;

	if (!to ||
	    digest_unbase64url(from + 1, (size_t)(to - from - 1), text, sizeof(text), &n) < 0)
		return fallback_us;
	claims = json_loadb(text, n, 0, NULL);
	end_s = memo_int(claims, "exp");
	json_decref(claims);
	return end_s > 0 && end_s < INT64_MAX / US_PER_S ? end_s * US_PER_S : fallback_us;
}

int64_t bluesky_renew_at(const struct platform_app *app, int64_t issued_us, int64_t expires_us)
{
	(void)app;
	return login_renew_at(issued_us, expires_us, BEFORE_US);
}

static const char *meta(const struct renewal *r, const char *name)
{
	const char *text = memo_text(r->account->meta, name);

	return text ? text : "";
}

static bool is_grant(const struct renewal *r)
{
	return r->account->user_token && *r->account->user_token;
}

/* A call that the login server knows us by. */
static struct http_request *client_call(const struct renewal *r, const char *label,
					const char *endpoint)
{
	struct http_request *call =
		bluesky_users_request(r->arena, VERB_POST, label, meta(r, endpoint));

	http_request_form(call, "client_id", meta(r, "client_id"));
	call->timeout_ms = (int)platform_int(r->app, "token_timeout_ms");
	(void)bluesky_prove(
		call, &(struct bluesky_proof){ r->account->user_token, NULL, r->memo, r->now_us });
	return call;
}

/* A call of the session itself, for which the refresh token stands. */
static struct http_request *session_call(const struct renewal *r, const char *label,
					 const char *nsid)
{
	struct http_request *call = bluesky_users_request(
		r->arena, VERB_POST, label,
		arena_printf(r->arena, "%s/xrpc/%s", meta(r, "server"), nsid));

	http_request_bearer(call, r->refresh_token);
	call->timeout_ms = (int)platform_int(r->app, "token_timeout_ms");
	return call;
}

static enum script_move refuse_renewal(struct renewal *r, struct step_result *ret)
{
	const struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
					    WHO_ACCOUNT_OWNER, 0, "login" };

	return script_refuse(r->arena, &why, ret,
			     "The account's server does not renew the access; connect the account "
			     "again.");
}

static enum script_move ask_refresh(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;

	if (!r->refresh_token || !*r->refresh_token)
		return refuse_renewal(r, ret);
	if (is_grant(r))
		return login_ask_renew(r, client_call(r, "bsky.oauth.refresh", "token_endpoint"),
				       ret);
	ret->request = session_call(r, "bsky.session.refresh", "com.atproto.server.refreshSession");
	return SCRIPT_SEND;
}

/*
 * Only the server's own word ends the connection; anything else leaves the token as it was, or as
 * nobody can know, and the next try will tell.
 */
static enum script_move refresh_fail(struct renewal *r, const struct http_reply *last,
				     struct step_result *ret)
{
	static const char *const deadly[] = { "invalid_grant", "ExpiredToken", "InvalidToken",
					      "AccountTakedown", NULL };
	const char *error = memo_text(script_reply_json(r->arena, last), "error");

	if (last->transfer == TRANSFER_REPLIED && (last->status == 400 || last->status == 401) &&
	    text_is_one_of(error, deadly))
		return refuse_renewal(r, ret);
	bluesky_login_fail(r->arena, last, "The account's server", ret);
	ret->outcome.kind = OUTCOME_DEFER;
	ret->outcome.error.is_retryable = true;
	return SCRIPT_DONE;
}

static void add_token(struct renewal *r, const char *kind, const char *value, int64_t expires_us)
{
	if (value && *value)
		r->tokens[r->tokens_n++] = (struct connect_token){ kind, value, expires_us };
}

static enum script_move read_grant(struct renewal *r, const struct http_reply *last,
				   struct step_result *ret)
{
	const json_t *doc = script_reply_json(r->arena, last);
	const char *sub = memo_text(doc, "sub");
	struct oauth2_tokens t;

	if (bluesky_nonce_wanted(last, r->memo))
		return script_go(r->memo, &renew_script, "refresh");
	if (last->status / 100 != 2 || !login_read_tokens(r->arena, doc, &t))
		return refresh_fail(r, last, ret);
	if (sub && strcmp(sub, r->account->remote_id) != 0)
		return refuse_renewal(r, ret);
	if (t.expires_in_s <= 0)
		t.expires_in_s = LIFE_FALLBACK_S;
	add_token(r, "access", t.access_token, r->now_us + t.expires_in_s * US_PER_S);
	/* Renewing does not put off the end of the whole session. */
	add_token(r, "refresh", t.refresh_token, r->account->expires_us);
	return script_succeed(ret);
}

static enum script_move read_refresh(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct renewal *r = ctx;
	const json_t *doc = script_reply_json(r->arena, last);
	const char *access = memo_text(doc, "accessJwt"), *refresh = memo_text(doc, "refreshJwt");
	const char *did = memo_text(doc, "did");

	if (is_grant(r))
		return read_grant(r, last, ret);
	if (last->status != 200 || !access || !refresh)
		return refresh_fail(r, last, ret);
	if (!did || strcmp(did, r->account->remote_id) != 0)
		return refuse_renewal(r, ret);
	add_token(r, "access", access,
		  bluesky_token_end(access, r->now_us + LIFE_FALLBACK_S * US_PER_S));
	add_token(r, "refresh", refresh,
		  bluesky_token_end(refresh,
				    r->now_us + platform_int(r->app, "session_life_s") * US_PER_S));
	return script_succeed(ret);
}

static const struct script_row renew_rows[] = {
	{ "refresh", ask_refresh, read_refresh },
	{ NULL, NULL, NULL },
};
static const struct script renew_script = { "renew", renew_rows };

enum step bluesky_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&renew_script, r->memo, r, last, ret);
}

static enum script_move ask_revoke(void *ctx, struct step_result *ret)
{
	struct renewal *r = ctx;
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER,
					    0, "no_token" };

	if (!r->refresh_token || !*r->refresh_token ||
	    (is_grant(r) && !*meta(r, "revocation_endpoint")))
		return script_refuse(r->arena, &why, ret,
				     "There is nothing to revoke with; remove Carillon in the "
				     "settings of the account.");
	if (!is_grant(r)) {
		ret->request =
			session_call(r, "bsky.session.delete", "com.atproto.server.deleteSession");
		return SCRIPT_SEND;
	}
	ret->request = client_call(r, "bsky.oauth.revoke", "revocation_endpoint");
	http_request_form(ret->request, "token", r->refresh_token);
	return SCRIPT_SEND;
}

static enum script_move read_revoke(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct renewal *r = ctx;

	if (bluesky_nonce_wanted(last, r->memo))
		return script_go(r->memo, &revoke_script, "revoke");
	if (last->transfer == TRANSFER_REPLIED && last->status / 100 == 2)
		return script_succeed(ret);
	return bluesky_login_fail(r->arena, last, "The account's server", ret);
}

static const struct script_row revoke_rows[] = {
	{ "revoke", ask_revoke, read_revoke },
	{ NULL, NULL, NULL },
};
static const struct script revoke_script = { "revoke", revoke_rows };

enum step bluesky_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&revoke_script, r->memo, r, last, ret);
}

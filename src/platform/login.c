/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/login.h"

#include "base/clock.h"

void login_add_code(struct http_request *r, const struct connect *c)
{
	http_request_form(r, "grant_type", "authorization_code");
	http_request_form(r, "code", c->code);
	http_request_form(r, "redirect_uri", c->app->redirect_uri);
}

bool login_read_tokens(struct arena *a, const json_t *doc, struct oauth2_tokens *ret)
{
	struct oauth2_error why = { 0 };

	return doc && oauth2_read_tokens(a, doc, ret, &why) == 0;
}

enum script_move login_found(struct connect *c, struct connect_account *account,
			     struct step_result *ret)
{
	c->accounts = account;
	c->accounts_n = 1;
	return script_succeed(ret);
}

enum script_move login_ask_renew(struct renewal *r, struct http_request *call,
				 struct step_result *ret)
{
	const struct script_refusal why = { OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
					    WHO_ACCOUNT_OWNER, 0, "no_refresh_token" };

	if (!r->refresh_token || !*r->refresh_token)
		return script_refuse(r->arena, &why, ret,
				     "There is no refresh token; connect the account again.");
	http_request_form(call, "grant_type", "refresh_token");
	http_request_form(call, "refresh_token", r->refresh_token);
	ret->request = call;
	return SCRIPT_SEND;
}

int64_t login_renew_at(int64_t issued_us, int64_t expires_us, int64_t before_us)
{
	const int64_t half_us = issued_us + (expires_us - issued_us) / 2;

	if (expires_us == INSTANT_NONE || issued_us == INSTANT_NONE)
		return INSTANT_NONE;
	return expires_us - before_us > half_us ? expires_us - before_us : half_us;
}

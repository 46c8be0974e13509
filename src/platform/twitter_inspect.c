/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether X still takes the token. How much may be posted is not to be read anywhere: our own count
 * has to do. The read costs money, so the operator can do without.
 */
#include "platform/twitter.h"

static const struct script inspect_script;

static enum script_move ask_me(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct twitter_call call = { i->arena, i->app, i->account->access_token };

	inspection_count(i);
	if (!platform_int(i->app, "inspect_reads"))
		return script_succeed(ret);
	ret->request = twitter_call(&call, VERB_GET, "x.me", "/2/users/me");
	return SCRIPT_SEND;
}

static enum script_move read_me(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct inspection *i = ctx;
	struct twitter_reply r;

	twitter_read(i->app, i->arena, last, i->now_us, &r);
	return r.row ? twitter_fail(i->arena, &r, r.row->elsewhere, NULL, ret)
		     : script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "me", ask_me, read_me },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step twitter_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the account's server still takes the token, and whether the account is active there. */
#include "platform/bluesky.h"

static const struct script inspect_script;

static enum script_move ask_session(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct bluesky_call c = { i->arena, i->account, i->memo, i->now_us };

	ret->request =
		bluesky_call(&c, VERB_GET, "bsky.getSession", "com.atproto.server.getSession");
	return SCRIPT_SEND;
}

static enum script_move read_session(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct inspection *i = ctx;
	const bool is_wanted = bluesky_nonce_wanted(last, i->memo);
	struct bluesky_reply r;

	if (is_wanted)
		return script_go(i->memo, &inspect_script, "session");
	bluesky_read(i->app, i->arena, last, i->now_us, &r);
	if (r.row)
		return bluesky_fail(i->arena, &r, r.row->elsewhere, NULL, ret);
	inspection_count(i);
	if (json_is_false(json_object_get(r.json, "active")))
		findings_add(
			i->findings, false, "account", "account_inactive",
			"The account is not active at its server; its owner must settle that.");
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "session", ask_session, read_session },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step bluesky_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the account's allowance is left; the same read that staging begins with. */
#include "platform/instagram.h"

#define DAY_S 86400

static const struct script inspect_script;

static enum script_move ask_quota(void *ctx, struct step_result *ret)
{
	const struct inspection *i = ctx;
	const struct delivery d = inspection_delivery(i);

	ret->request = instagram_quota_call(&d);
	return SCRIPT_SEND;
}

static enum script_move read_quota(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct inspection *i = ctx;
	struct instagram_reply r;
	struct cap cap = { .what = "posts" };

	instagram_read(i->arena, last, &r);
	if (!r.is_ok)
		return instagram_fail(i->arena, &r, r.row->elsewhere, NULL, ret);
	instagram_quota_read(i->app, r.json, &cap);
	if (cap.window_s <= 0)
		cap.window_s = DAY_S;
	inspection_cap(i, &cap);
	if (cap.used >= cap.most)
		findings_add(i->findings, false, "account", "quota_exhausted",
			     "%s has published %lld of the %lld posts that Instagram allows in "
			     "%lld hours.",
			     i->account->username, (long long)cap.used, (long long)cap.most,
			     (long long)(cap.window_s / 3600));
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "quota", ask_quota, read_quota },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step instagram_inspect(struct inspection *i, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

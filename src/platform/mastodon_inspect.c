/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the server still takes the token, and what it says of its limits. */
#include <string.h>

#include "platform/mastodon.h"

static const struct script inspect_script;

static enum script_move ask_me(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct mastodon_call c = mastodon_call_of(i->arena, i->account);

	inspection_count(i);
	ret->request =
		mastodon_call(&c, VERB_GET, "mastodon.me", "/api/v1/accounts/verify_credentials");
	return SCRIPT_SEND;
}

static enum script_move read_me(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct inspection *i = ctx;
	struct mastodon_reply r;

	mastodon_read(i->app, i->arena, last, i->now_us, &r);
	if (!r.is_ok)
		return mastodon_fail(i->arena, &r, r.row->elsewhere, NULL, ret);
	return script_go(i->memo, &inspect_script, "limits");
}

static enum script_move ask_limits(void *ctx, struct step_result *ret)
{
	struct inspection *i = ctx;
	const struct mastodon_call c = mastodon_call_of(i->arena, i->account);

	ret->request = mastodon_call(&c, VERB_GET, "mastodon.instance", "/api/v2/instance");
	return SCRIPT_SEND;
}

static bool has(const struct findings *f, const struct finding *one)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].pointer, one->pointer) == 0 &&
		    strcmp(f->v[i].code, one->code) == 0)
			return true;
	}
	return false;
}

/* What ->check presumed of the server gives way to what it says. */
static void judge_again(struct inspection *i, const struct mastodon_limits *limits)
{
	struct findings presumed = { .n = 0 }, found = { .n = 0 }, *all = i->findings;
	size_t kept = 0;

	mastodon_check(i->app, i->account, i->post, &presumed);
	mastodon_judge(i->app, i->account, i->post, limits, &found);
	for (size_t k = 0; k < all->n; k++) {
		if (!has(&presumed, &all->v[k]))
			all->v[kept++] = all->v[k];
	}
	all->n = kept;
	for (size_t k = 0; k < found.n; k++)
		findings_add(all, found.v[k].is_warning, found.v[k].pointer, found.v[k].code, "%s",
			     found.v[k].detail);
}

static enum script_move read_limits(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct inspection *i = ctx;
	struct mastodon_limits limits;
	struct mastodon_reply r;
	json_t *kept;

	mastodon_read(i->app, i->arena, last, i->now_us, &r);
	if (!r.is_ok && r.status != 404)
		return mastodon_fail(i->arena, &r, r.row->elsewhere, NULL, ret);
	kept = mastodon_limits_keep(r.json);
	mastodon_limits(i->app, kept, &limits);
	if (i->post && limits.is_known)
		judge_again(i, &limits);
	if (i->facts && limits.is_known)
		json_object_update(i->facts, kept);
	json_decref(kept);
	return script_succeed(ret);
}

static const struct script_row inspect_rows[] = {
	{ "me", ask_me, read_me },
	{ "limits", ask_limits, read_limits },
	{ NULL, NULL, NULL },
};
static const struct script inspect_script = { "inspect", inspect_rows };

enum step mastodon_inspect(struct inspection *i, const struct http_reply *last,
			   struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&inspect_script, i->memo, i, last, ret);
}

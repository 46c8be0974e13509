/* SPDX-License-Identifier: Apache-2.0 */
#include "api/inspect.h"

#include <stdio.h>
#include <string.h>

#include "api/dialogue.h"
#include "api/principal.h"
#include "base/clock.h"
#include "store/posts.h"
#include "store/tokens.h"
#include "json/keep.h"

struct verdict {
	enum outcome_kind kind;
	enum post_error_code code; /* NONE: any */
	bool is_warning, is_silence;
	const char *finding;
};

/* The first row that fits. */
static const struct verdict verdicts[] = {
	{ OUTCOME_REAUTH, POST_ERROR_NONE, false, false, "token_refused" },
	{ OUTCOME_REFRESH, POST_ERROR_NONE, false, false, "token_refused" },
	{ OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, false, false, "not_configured" },
	{ OUTCOME_REFUSED, POST_ERROR_NONE, false, false, "platform_refuses" },
	{ OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, true, false, "rate_limited" },
};
static const struct verdict silence = { .is_warning = true,
					.is_silence = true,
					.finding = "platform_unreachable" };

static const struct verdict *verdict_of(const struct outcome *o)
{
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		if (verdicts[i].kind == o->kind &&
		    (verdicts[i].code == POST_ERROR_NONE || verdicts[i].code == o->error.code))
			return &verdicts[i];
	}
	return &silence;
}

static bool is_silent(const struct inspect_round *round, const char *section)
{
	for (size_t i = 0; i < round->silent_n; i++) {
		if (strcmp(round->silent[i], section) == 0)
			return true;
	}
	return false;
}

static void note_silent(struct inspect_round *round, const char *section)
{
	if (round->silent_n < ARRAY_LEN(round->silent))
		snprintf(round->silent[round->silent_n++], sizeof(round->silent[0]), "%s", section);
}

static void tell(const struct inspection *i, const struct outcome *o, struct inspect_round *round)
{
	const struct verdict *v = verdict_of(o);
	const char *words = o->error.message;

	if (v->is_silence)
		note_silent(round, i->app->section);
	findings_add(i->findings, v->is_warning, "account", v->finding, "%s",
		     words && *words ? words : "The platform did not say more.");
}

/* The account with its tokens; 0 when there is none to ask with, which is a finding. */
static int account_open(struct request *req, const struct account *a, struct tokens *tokens,
			struct platform_account *ret, struct problem *reterr)
{
	if (store_tokens_get(req->app->db, req->principal->workspace, a->id, req->app->keys, tokens,
			     reterr) < 0)
		return -1;
	platform_account_of(req->arena, a, ret);
	ret->access_token = tokens_value(tokens, "access");
	ret->user_token = tokens_value(tokens, "user");
	return ret->access_token != NULL;
}

static void ask(struct request *req, struct inspect_round *round, struct inspection *i)
{
	struct outcome outcome = { 0 };

	if (is_silent(round, i->app->section)) {
		findings_add(i->findings, true, "account", silence.finding,
			     "%s has not answered about another account just now.",
			     i->app->platform->title);
		return;
	}
	dialogue_inspect(req, i, round->until_boot_us, &outcome);
	if (outcome.kind != OUTCOME_PUBLISHED)
		tell(i, &outcome, round);
}

int inspect_account(struct request *req, struct inspect_round *round,
		    const struct fitness_subject *s, struct findings *found, struct inspection *ret,
		    struct problem *reterr)
{
	CLEANUP(tokens_done) struct tokens tokens = { 0 };
	CLEANUP(publication_done) struct publication post = { 0 };
	const struct account *a = s->account;
	const struct platform *platform = platform_find(a->platform);
	struct platform_app app;
	struct platform_account account;
	int has_token;

	*ret = (struct inspection){ .findings = found };
	if (!platform || !platform->inspect || a->status != ACCOUNT_CONNECTED)
		return 0;
	has_token = account_open(req, a, &tokens, &account, reterr);
	if (has_token < 0 ||
	    store_posts_count_day(req->app->db, req->principal->workspace, a->id,
				  &ret->posted_today, reterr) < 0 ||
	    publication_build(s->content, a->platform, s->overrides, req->arena, &post, reterr) < 0)
		return -1;
	if (!has_token) {
		findings_add(found, false, "account", "token_refused",
			     "There is no token for %s: connect it again.", a->username);
		return 0;
	}
	platform_app_init(&app, req->arena, req->app->config, platform, a->livemode);
	ret->app = &app;
	ret->account = &account;
	ret->post = &post;
	ret->facts = json_keep(req->arena, json_object());
	ask(req, round, ret);
	/* They end here, and the tokens with them. */
	ret->app = NULL;
	ret->account = NULL;
	ret->post = NULL;
	return 0;
}

void inspect_emit_caps(struct emit *e, const char *key, const struct inspection *told,
		       const char *window)
{
	emit_open_array(e, key);
	for (size_t i = 0; i < told->caps_n; i++) {
		const struct cap *c = &told->caps[i];

		emit_open(e, NULL);
		emit_text(e, "what", c->what);
		emit_int(e, "limit", c->most);
		emit_int(e, "used", c->used);
		emit_int(e, "left", c->used < c->most ? c->most - c->used : 0);
		emit_int(e, window, c->window_s);
		emit_close(e);
	}
	emit_close_array(e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fitness.h"

#include <stdio.h>
#include <string.h>

#include "api/conversion.h"
#include "base/clock.h"
#include "base/config.h"

static void check_account(const struct fitness_subject *s, struct findings *ret)
{
	const struct account *acc = s->account;

	if (acc->status != ACCOUNT_CONNECTED)
		findings_add(ret, false, "account", "account_not_connected",
			     "%s is %s: connect it again", acc->username,
			     account_status_names[acc->status]);
	if (*acc->missing_scopes)
		findings_add(ret, false, "account", "missing_scopes",
			     "%s lacks the permissions %s: connect it again", acc->username,
			     acc->missing_scopes);
	if (acc->expires_us != INSTANT_NONE && acc->expires_us < s->due_us)
		findings_add(
			ret, true, "account", "token_expires_before_due",
			"the connection of %s ends before the post is due unless it is renewed",
			acc->username);
}

/*
 * What is on its way is taken for what it must turn out to be, so that all the rest can be said now;
 * the post waits for it, or fails with it. What has failed never comes.
 */
static struct media_item *presume_media(const struct fitness_subject *s, struct arena *a,
					struct findings *ret)
{
	const struct content *c = s->content;
	struct media_item *media = arena_array(a, c->media_n + 1, sizeof(*media));

	for (size_t i = 0; i < c->media_n; i++) {
		const bool is_coming = c->media[i].state == MEDIA_FETCHING;
		char at[64];

		media[i] = c->media[i];
		if (media[i].state == MEDIA_READY)
			continue;
		snprintf(at, sizeof(at), "media/%zu", i);
		findings_add(ret, is_coming, at, is_coming ? "media_not_ready" : "media_failed",
			     is_coming ? "the file is still being fetched: what it is, is "
					 "looked at when it is there"
				       : "the file could not be fetched");
		media[i].state = MEDIA_READY;
		media[i].kind = c->kind == CONTENT_VIDEO ? MEDIA_VIDEO : MEDIA_IMAGE;
	}
	return media;
}

int fitness_check(const struct request *req, const struct fitness_subject *s, struct findings *ret,
		  struct problem *reterr)
{
	CLEANUP(publication_done) struct publication p = { 0 };
	const struct account *acc = s->account;
	const struct platform *platform = platform_find(acc->platform);
	struct content presumed = *s->content;
	struct platform_app app;
	struct platform_account view;
	int failed;

	memset(ret, 0, sizeof(*ret));
	check_account(s, ret);
	presumed.media = presume_media(s, req->arena, ret);
	if (publication_build(&presumed, acc->platform, s->overrides, req->arena, &p, reterr) < 0)
		return -1;
	platform_account_of(req->arena, acc, &view);
	platform_app_plain(&app, req->arena, req->app->config, platform, acc->livemode);
	failed = conversion_foresee(req, &app, &p, ret, reterr);
	if (failed == 0)
		platform->check(&app, &view, &p, ret);
	return failed;
}

void fitness_report(const struct findings *f, const char *at, struct problem *reterr)
{
	char pointer[128];

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].is_warning)
			continue;
		snprintf(pointer, sizeof(pointer), "%s/%s", at, f->v[i].pointer);
		problem_add(reterr, pointer, f->v[i].code, "%s", f->v[i].detail);
		reterr->kind = PROBLEM_CONTENT_UNFIT;
	}
}

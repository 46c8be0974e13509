/* SPDX-License-Identifier: Apache-2.0 */
#include "api/dialogue.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/client.h"
#include "json/keep.h"

#define DIALOGUE_MAX_US (50 * US_PER_S) /* nginx gives up on the pool after 60 s */

struct dialogue {
	struct request *req;
	enum step (*step)(void *subject, const struct http_reply *last, struct step_result *ret);
	void *subject;
	const struct platform_app *app;
	int64_t until_boot_us; /* 0: as long as nginx waits */
};

static void pause_us(int64_t us)
{
	struct timespec t = { .tv_sec = us / US_PER_S, .tv_nsec = us % US_PER_S * 1000 };

	(void)nanosleep(&t, NULL);
}

static void give_up(const char *message, struct outcome *ret)
{
	*ret = (struct outcome){
		.kind = OUTCOME_DEFER,
		.error = { .code = POST_ERROR_NETWORK,
			   .message = message,
			   .who = WHO_PLATFORM,
			   .is_retryable = true },
	};
}

/* The reply outlives the step that reads it: its texts may be borrowed. */
static void reply_release(void *reply)
{
	http_reply_done(reply);
}

/* A dialogue with an end of its own does not wait beyond it. */
static int patience_ms(const struct dialogue *d, int ms)
{
	int64_t left_ms = (d->until_boot_us - clock_boot_us()) / US_PER_MS;

	if (ms == 0)
		ms = (int)d->req->app->config->oauth_timeout_ms;
	if (d->until_boot_us == 0 || left_ms >= ms)
		return ms;
	return left_ms > 1 ? (int)left_ms : 1;
}

static const struct http_reply *ask(const struct dialogue *d, struct http_request *r,
				    struct problem *reterr)
{
	struct http_reply *reply = arena_alloc(d->req->arena, sizeof(*reply));

	r->timeout_ms = patience_ms(d, r->timeout_ms);
	r->is_once = r->verb != VERB_GET; /* a code or a refresh token counts once */
	platform_app_aim(d->app, r);
	if (net_perform(d->req->app->net, NET_REPEATABLE, r, reply, reterr) < 0)
		return NULL;
	arena_defer(d->req->arena, reply_release, reply);
	log_line(LOG_LEVEL_INFO, "platform.call", "label=%s status=%d", r->label, reply->status);
	return reply;
}

static void dialogue_run(const struct dialogue *d, struct outcome *ret)
{
	int64_t until = d->until_boot_us ? d->until_boot_us : clock_boot_us() + DIALOGUE_MAX_US;
	const struct http_reply *last = NULL;
	struct step_result result = { 0 };
	struct problem why = { 0 };
	enum step step;

	if (!d->req->app->net) {
		give_up("this pool talks to no platform", ret);
		return;
	}
	while ((step = d->step(d->subject, last, &result)) != STEP_DONE) {
		if (clock_boot_us() > until) {
			give_up("the platform took too long to answer", ret);
			return;
		}
		last = NULL;
		if (step == STEP_WAIT)
			pause_us(result.wait_us);
		else if (!(last = ask(d, result.request, &why))) {
			give_up("the platform could not be asked", ret);
			return;
		}
	}
	*ret = result.outcome;
}

static enum step connect_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = subject;

	return c->app->platform->connect(c, last, ret);
}

static enum step start_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct connect_start *s = subject;

	return s->app->platform->start(s, last, ret);
}

static enum step sign_in_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct connect *c = subject;

	return c->app->platform->sign_in(c, last, ret);
}

static enum step revoke_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct renewal *r = subject;

	return r->app->platform->revoke(r, last, ret);
}

void dialogue_start(struct request *req, struct connect_start *s, struct outcome *ret)
{
	struct dialogue d = { req, start_step, s, s->app, 0 };

	dialogue_run(&d, ret);
}

void dialogue_sign_in(struct request *req, struct connect *c, struct outcome *ret)
{
	struct dialogue d = { req, sign_in_step, c, c->app, 0 };

	dialogue_run(&d, ret);
}

void dialogue_connect(struct request *req, struct connect *c, struct outcome *ret)
{
	struct dialogue d = { req, connect_step, c, c->app, 0 };

	dialogue_run(&d, ret);
}

void dialogue_revoke(struct request *req, const struct platform *p, struct renewal *r,
		     struct outcome *ret)
{
	struct dialogue d = { req, revoke_step, r, r->app, 0 };

	if (p->revoke)
		dialogue_run(&d, ret);
	else
		give_up("the platform has no revocation", ret);
}

static enum step boards_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct board_list *l = subject;

	return l->app->platform->boards(l, last, ret);
}

void dialogue_boards(struct request *req, struct board_list *l, struct outcome *ret)
{
	struct dialogue d = { req, boards_step, l, l->app, 0 };

	l->arena = req->arena;
	l->now_us = clock_real_us();
	l->memo = json_keep(req->arena, json_object());
	dialogue_run(&d, ret);
}

static enum step inspect_step(void *subject, const struct http_reply *last, struct step_result *ret)
{
	struct inspection *i = subject;

	return i->app->platform->inspect(i, last, ret);
}

void dialogue_inspect(struct request *req, struct inspection *i, int64_t until_boot_us,
		      struct outcome *ret)
{
	struct dialogue d = { req, inspect_step, i, i->app, until_boot_us };

	i->arena = req->arena;
	i->now_us = clock_real_us();
	i->memo = json_keep(req->arena, json_object());
	dialogue_run(&d, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/publish_now.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/content_view.h"
#include "api/post_view.h"
#include "api/principal.h"
#include "api/tail.h"
#include "base/clock.h"
#include "base/config.h"
#include "publish/engine.h"
#include "store/content.h"
#include "store/postevent.h"

#define WAIT_S     25
#define WAIT_MAX_S 55
#define BUSY_S     10

/* clang-format off */
static const struct field result_fields[] = {
	{ .name = "remote_post_id", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "media_urls",     .kind = FIELD_TEXTS },
	{ .name = NULL },
};
static const struct schema result_schema = { "PublishResult", 0, result_fields };
static const struct field answer_fields[] = {
	{ .name = "scheduled_post", .kind = FIELD_OBJECT, .nested = &post_view_schema },
	{ .name = "publish_result", .kind = FIELD_OBJECT, .nested = &result_schema },
	{ .name = NULL },
};
const struct schema publish_now_schema = { "PublishNow", 0, answer_fields };
/* clang-format on */

int publish_now_reply(struct request *req, const struct post *p, struct reply *ret,
		      struct problem *reterr)
{
	struct content c;

	if (store_content_get(req->app->db, req->principal->workspace, p->content_id, req->arena,
			      &c, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	post_view_emit(&ret->emit, "scheduled_post", p);
	emit_open(&ret->emit, "publish_result");
	emit_text(&ret->emit, "remote_post_id", p->remote_id);
	content_view_emit_urls(req, &ret->emit, "media_urls", &c);
	emit_close(&ret->emit);
	emit_close(&ret->emit);
	reply_header(ret, req->arena, "Location", "/api/v1/schedule/%s", p->id);
	return 0;
}

/* The problem document carries the post's own error as its `error`. */
static int failed(const struct post *p, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct emit e = EMIT(&text);

	problem_set(reterr, PROBLEM_PUBLISH_FAILED, "%s",
		    p->error_message ? p->error_message : "publishing failed");
	postevent_emit_error(&e, "error", p);
	if (p->error_code && text.len < sizeof(reterr->extra)) {
		memcpy(reterr->extra, text.p, text.len + 1);
		reterr->has_own_error = true;
	}
	return -1;
}

static int engine_of(struct app *app, struct engine **ret, struct problem *reterr)
{
	if (!app->engine && engine_open(app, &app->engine, reterr) < 0)
		return -1;
	*ret = app->engine;
	return 0;
}

void api_after_reply(struct app *app)
{
	if (!app->engine || !engine_is_busy(app->engine))
		return;
	tail_begin(app->tails, (int)app->config->pool_platform_workers);
	engine_settle(app->engine);
	tail_end(app->tails);
}

/* The other half of the pool stays for connecting, boards and the like. */
static int admit(const struct app *app, struct problem *reterr)
{
	if (!tail_is_full(app->tails, (int)app->config->pool_platform_workers))
		return 0;
	problem_set(reterr, PROBLEM_PUBLISH_BUSY,
		    "too many posts wait for their platform's answer; schedule it, or try again");
	reterr->retry_after_s = BUSY_S;
	return -1;
}

static bool is_over(enum post_state s)
{
	return s == POST_FAILED || s == POST_MISSED;
}

int publish_now_run(struct request *req, const char *post_id, struct reply *ret,
		    struct problem *reterr)
{
	int64_t until_us =
		clock_boot_us() + request_prefer_wait_s(req, WAIT_S, WAIT_MAX_S) * US_PER_S;
	const char *ws = req->principal->workspace;
	enum post_state state;
	struct engine *engine;
	struct post p;

	if (store_posts_get(req->app->db, ws, post_id, req->arena, &p, reterr) < 0)
		return -1;
	if (!principal_sees(req->principal, p.account_id, p.livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist", post_id);
	if ((p.state != POST_PUBLISHED &&
	     (admit(req->app, reterr) < 0 ||
	      principal_charge(req, p.id, clock_real_us(), reterr) < 0)) ||
	    engine_of(req->app, &engine, reterr) < 0 ||
	    engine_publish_one(engine, ws, post_id, until_us, &state, reterr) < 0 ||
	    store_posts_get(req->app->db, ws, post_id, req->arena, &p, reterr) < 0)
		return -1;
	if (is_over(p.state))
		return failed(&p, reterr);
	ret->status = p.state == POST_PUBLISHED ? 200 : 202;
	return publish_now_reply(req, &p, ret, reterr);
}

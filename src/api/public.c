/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/api.h"
#include "api/fitness.h"
#include "api/idempotency.h"
#include "api/mode.h"
#include "api/post_view.h"
#include "api/principal.h"
#include "api/publish_now.h"
#include "base/clock.h"
#include "base/config.h"
#include "db/conn.h"
#include "domain/schedule.h"
#include "platform/platform.h"
#include "store/accounts.h"
#include "store/content.h"
#include "store/posts.h"

struct publish_body {
	uint64_t present;
	const char *content_id, *platform, *account_id;
	struct field_time scheduled_at;
	const char *timezone;
};
enum { ROW_SCHEDULED_AT = 3 };

/* clang-format off */
static const struct field publish_fields[] = {
	{ .name = "content_id",   .kind = FIELD_ID,   .offset = offsetof(struct publish_body, content_id), .flags = FIELD_REQUIRED },
	{ .name = "platform",     .kind = FIELD_TEXT, .offset = offsetof(struct publish_body, platform), .flags = FIELD_REQUIRED, .most = 32 },
	{ .name = "account_id",   .kind = FIELD_ID,   .offset = offsetof(struct publish_body, account_id) },
	{ .name = "scheduled_at", .kind = FIELD_TIME, .offset = offsetof(struct publish_body, scheduled_at), .sentence = "In the future: only schedules." },
	{ .name = "timezone",     .kind = FIELD_TZ,   .offset = offsetof(struct publish_body, timezone) },
	{ .name = NULL },
};
static const struct schema publish_schema = { "PublicPublish", sizeof(struct publish_body), publish_fields };
/* clang-format on */

#define BIT(state) (UINT64_C(1) << (state))
#define TERMINAL   (BIT(POST_PUBLISHED) | BIT(POST_FAILED) | BIT(POST_MISSED) | BIT(POST_CANCELLED))

static int find_account(struct request *req, const struct publish_body *in, struct account *ret,
			struct problem *reterr)
{
	const char *ws = req->principal->workspace;
	struct account_wish wish = {
		.platform = in->platform,
		.account_ids = mode_accounts(req),
		.livemode = mode_of(req),
	};

	if (!platform_find(in->platform))
		return problem_add(reterr, "/platform", "unknown_platform",
				   "\"%s\" is not a platform", in->platform);
	if (!in->account_id)
		return store_accounts_resolve(req->app->db, ws, &wish, req->arena, ret, reterr);
	if (store_accounts_get(req->app->db, ws, in->account_id, req->arena, ret, reterr) < 0)
		return -1;
	if (!principal_sees(req->principal, ret->id, ret->livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "account %s does not exist",
				   in->account_id);
	if (strcmp(ret->platform, in->platform) != 0)
		return problem_add(reterr, "/account_id", "wrong_platform", "the account is on %s",
				   ret->platform);
	return 0;
}

/* 1 found, 0 none, -1 error */
static int find_post(struct request *req, const struct post_search *what, struct post *ret,
		     struct problem *reterr)
{
	if (store_posts_find(req->app->db, req->principal->workspace, what, req->arena, ret,
			     reterr) == 0)
		return 1;
	if (reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	problem_clear(reterr);
	return 0;
}

static int insert_post(struct request *req, const char *content_id, const struct account *acc,
		       const struct schedule_time *due, struct post *ret, struct problem *reterr)
{
	int64_t now_us = clock_real_us();
	struct post_new row = {
		.account_id = acc->id,
		.platform = acc->platform,
		.livemode = acc->livemode,
		.due = *due,
		.is_immediate = due->us <= now_us,
	};
	struct posts_new batch = {
		.content_id = content_id,
		.created_by = req->principal->id,
		.v = &row,
		.n = 1,
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};
	struct posts made;

	if (store_posts_insert(req->app->db, req->principal->workspace, &batch, req->arena, &made,
			       reterr) < 0)
		return -1;
	*ret = made.v[0];
	return 0;
}

struct taking { /* the post that the request is about: found, moved or made, and pinned */
	struct request *req;
	const struct account *acc;
	const struct schedule_time *due;
	bool is_move;
	struct post *post;
	bool is_found;
};

static int move_post(const struct taking *t, struct problem *reterr)
{
	struct request *req = t->req;
	const struct post_patch patch = {
		.id = t->post->id,
		.given = POST_CHANGE_TIME,
		.due = *t->due,
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};

	if (principal_charge(req, t->post->id, t->due->us, reterr) < 0)
		return -1;
	return store_posts_patch(req->app->db, req->principal->workspace, &patch, req->arena,
				 t->post, reterr);
}

/* A repeat of the request goes on with this very post, whatever has become of it. */
static int take(struct db *db, void *arg, struct problem *reterr)
{
	const struct taking *t = arg;
	const struct publish_body *in = t->req->in;

	(void)db;
	if (!t->is_found &&
	    insert_post(t->req, in->content_id, t->acc, t->due, t->post, reterr) < 0)
		return -1;
	if (t->is_found && t->is_move && move_post(t, reterr) < 0)
		return -1;
	return idempotency_pin(t->req, t->post->id, reterr);
}

/* A future time: creates, or moves the newest one that is still to come. */
static int schedule_only(struct request *req, const struct account *acc,
			 const struct schedule_time *due, struct reply *ret, struct problem *reterr)
{
	const struct publish_body *in = req->in;
	struct post_search pending = { .content_id = in->content_id,
				       .account_id = acc->id,
				       .not_in = TERMINAL };
	struct post p = { 0 };
	int found = find_post(req, &pending, &p, reterr);
	struct taking t = { req, acc, due, true, &p, found == 1 };

	if (found < 0 || db_transact(req->app->db, take, &t, reterr) < 0)
		return -1;
	ret->status = 201;
	return publish_now_reply(req, &p, ret, reterr);
}

static int publish_at_once(struct request *req, const struct account *acc, struct reply *ret,
			   struct problem *reterr)
{
	const struct publish_body *in = req->in;
	struct post_search pending = { .content_id = in->content_id,
				       .account_id = acc->id,
				       .not_in = TERMINAL };
	struct post_search live = pending;
	struct schedule_time now = { .us = clock_real_us() };
	struct post p = { 0 };
	int found = find_post(req, &pending, &p, reterr);
	struct taking t = { req, acc, &now, false, &p, found == 1 };

	live.not_in = ~BIT(POST_PUBLISHED);
	if (found == 0 && find_post(req, &live, &p, reterr) == 1)
		return publish_now_reply(req, &p, ret, reterr);
	if (found < 0 || reterr->kind != PROBLEM_NONE)
		return -1;
	if (db_transact(req->app->db, take, &t, reterr) < 0)
		return -1;
	return publish_now_run(req, p.id, ret, reterr);
}

static int check_fit(struct request *req, const struct content *c, const struct account *acc,
		     struct problem *reterr)
{
	struct fitness_subject s = { .content = c, .account = acc, .due_us = clock_real_us() };
	struct findings f;

	if (acc->status != ACCOUNT_CONNECTED)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "%s is %s: connect it again", acc->username,
				   account_status_names[acc->status]);
	if (fitness_check(req, &s, &f, reterr) < 0)
		return -1;
	fitness_report(&f, "/platform", reterr);
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

/* A run before this one has taken the post on, and died or could not end it. */
static int resume(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct publish_body *in = req->in;
	struct post p;

	if (store_posts_get(req->app->db, req->principal->workspace, req->resumes, req->arena, &p,
			    reterr) < 0)
		return -1;
	if (!SCHEMA_HAS(in, ROW_SCHEDULED_AT) || p.due_us <= clock_real_us())
		return publish_now_run(req, p.id, ret, reterr);
	ret->status = 201;
	return publish_now_reply(req, &p, ret, reterr);
}

static int publish(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct publish_body *in = req->in;
	struct schedule_wish wish = {
		.is_local = in->scheduled_at.is_local,
		.us = in->scheduled_at.us,
		.local = in->scheduled_at.local,
		.timezone = in->timezone,
	};
	struct schedule_time due = { 0 };
	bool is_later = false;
	struct account acc = { 0 };
	struct content c;

	if (req->resumes)
		return resume(req, ret, reterr);
	if (store_content_get(req->app->db, req->principal->workspace, in->content_id, req->arena,
			      &c, reterr) < 0)
		return -1;
	if (!content_is_publishable(&c))
		return problem_set(reterr, PROBLEM_NOT_APPROVED,
				   "content %s is %s; approve it first", c.id,
				   content_state_names[c.state]);
	if (SCHEMA_HAS(in, ROW_SCHEDULED_AT)) {
		if (schedule_resolve(&wish, &due, reterr) < 0 ||
		    schedule_check_due(due.us, clock_real_us(), reterr) < 0)
			return -1;
		is_later = due.us > clock_real_us();
	}
	if (find_account(req, in, &acc, reterr) < 0 || check_fit(req, &c, &acc, reterr) < 0)
		return -1;
	return is_later ? schedule_only(req, &acc, &due, ret, reterr)
			: publish_at_once(req, &acc, ret, reterr);
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post p;

	if (store_posts_get(req->app->db, req->principal->workspace, req->params[0], req->arena, &p,
			    reterr) < 0)
		return -1;
	if (!principal_sees(req->principal, p.account_id, p.livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist",
				   req->params[0]);
	post_view_emit(&ret->emit, NULL, &p);
	ret->version = p.version;
	return 0;
}

/* clang-format off */
const struct route api_public_routes[] = {
	{ HTTP_POST, "/api/v1/public/publish", .pool = POOL_PLATFORM, .repeat = REPEAT_RESUMED, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_PUBLISH), .rate = RATE_PUBLISH, .body = &publish_schema, .ok = 200, .also = { 201, 202 }, .reply = &publish_now_schema, .handler = publish, .operation = "publicPublish", .summary = "Create or update a scheduled post and publish it at once" },
	{ HTTP_GET, "/api/v1/public/posts/{id}", .pool = POOL_PLATFORM, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_READ), .rate = RATE_READ, .ok = 200, .has_version = true, .reply = &post_view_schema, .handler = get, .operation = "publicGetPost", .summary = "Read a scheduled post" },
	{ .pattern = NULL },
};
/* clang-format on */

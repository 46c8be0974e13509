/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/api.h"
#include "api/overrides.h"
#include "api/post_filter.h"
#include "api/post_view.h"
#include "api/principal.h"
#include "api/publish_now.h"
#include "base/clock.h"
#include "base/config.h"
#include "domain/schedule.h"
#include "http/paging.h"
#include "store/attemptlog.h"
#include "store/posts.h"

#define BIT(state) (UINT64_C(1) << (state))

static const char *const wanted_statuses[] = { "cancelled", "pending", NULL };
static const char *const outcomes[] = { "published", "not_published", NULL };
static const char *const filter_statuses[] = { "pending", "published", "failed", "cancelled",
					       NULL };

struct patch_body {
	uint64_t present;
	struct field_time scheduled_at;
	const char *timezone;
	int64_t fold;
	int status;
	json_t *overrides;
};
enum { ROW_SCHEDULED_AT, ROW_TIMEZONE, ROW_FOLD, ROW_STATUS, ROW_OVERRIDES };

struct resolve_body {
	uint64_t present;
	int outcome;
	const char *remote_post_id, *remote_url;
};
struct empty_body {
	uint64_t present;
};

/* clang-format off */
static const struct field patch_fields[] = {
	{ .name = "scheduled_at", .kind = FIELD_TIME, .offset = offsetof(struct patch_body, scheduled_at), .sentence = "An instant, or a local time beside timezone." },
	{ .name = "timezone",     .kind = FIELD_TZ,   .offset = offsetof(struct patch_body, timezone) },
	{ .name = "fold",         .kind = FIELD_INT,  .offset = offsetof(struct patch_body, fold), .least = 0, .most = 1 },
	{ .name = "status",       .kind = FIELD_ENUM, .offset = offsetof(struct patch_body, status), .choices = wanted_statuses, .sentence = "cancelled takes it back; pending revives it." },
	{ .name = "overrides",    .kind = FIELD_JSON, .offset = offsetof(struct patch_body, overrides), .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema patch_schema = { "ScheduledPostPatch", sizeof(struct patch_body), patch_fields };
static const struct field resolve_fields[] = {
	{ .name = "outcome",        .kind = FIELD_ENUM, .offset = offsetof(struct resolve_body, outcome), .flags = FIELD_REQUIRED, .choices = outcomes },
	{ .name = "remote_post_id", .kind = FIELD_TEXT, .offset = offsetof(struct resolve_body, remote_post_id), .most = 191 },
	{ .name = "remote_url",     .kind = FIELD_URL,  .offset = offsetof(struct resolve_body, remote_url), .most = 2048 },
	{ .name = NULL },
};
static const struct schema resolve_schema = { "ScheduledPostResolve", sizeof(struct resolve_body), resolve_fields };
static const struct field no_fields[] = { { .name = NULL } };
static const struct schema empty_schema = { "Empty", sizeof(struct empty_body), no_fields };
/* clang-format on */

static int reply_post(struct request *req, struct reply *ret, const struct post *p,
		      struct problem *reterr)
{
	if (!principal_sees(req->principal, p->account_id, p->livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist",
				   req->params[0]);
	post_view_emit(&ret->emit, NULL, p);
	ret->version = p->version;
	return 0;
}

static int read_post(struct request *req, struct post *ret, struct problem *reterr)
{
	if (store_posts_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
			    ret, reterr) < 0)
		return -1;
	if (!principal_sees(req->principal, ret->account_id, ret->livemode))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist",
				   req->params[0]);
	return 0;
}

/* With its attempts: who is to settle a doubt by hand must see what there is to go by. */
static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post p;
	const struct posts alone = { .v = &p, .n = 1 };
	struct attempt_entries *tried;

	if (read_post(req, &p, reterr) < 0 ||
	    store_attemptlog_read(req->app->db, req->principal->workspace, &alone, req->arena,
				  &tried, reterr) < 0)
		return -1;
	post_view_emit_tried(&ret->emit, &p, tried);
	ret->version = p.version;
	return 0;
}

/* The new time; a zone alone keeps the instant and only shows it elsewhere. */
static int read_time(const struct patch_body *in, const struct post *old, struct schedule_time *ret,
		     struct problem *reterr)
{
	bool has_time = SCHEMA_HAS(in, ROW_SCHEDULED_AT);
	struct schedule_wish wish = {
		.is_local = has_time && in->scheduled_at.is_local,
		.us = has_time ? in->scheduled_at.us : old->due_us,
		.local = in->scheduled_at.local,
		.timezone = in->timezone ? in->timezone : old->timezone,
		.fold = (int)in->fold,
	};

	if (schedule_resolve(&wish, ret, reterr) < 0)
		return -1;
	return has_time ? schedule_check_due(ret->us, clock_real_us(), reterr) : 0;
}

static unsigned changes_of(const struct patch_body *in)
{
	unsigned given = 0;

	if (SCHEMA_HAS(in, ROW_SCHEDULED_AT) || SCHEMA_HAS(in, ROW_TIMEZONE))
		given |= POST_CHANGE_TIME;
	if (SCHEMA_HAS(in, ROW_OVERRIDES))
		given |= POST_CHANGE_OVERRIDES;
	if (SCHEMA_HAS(in, ROW_STATUS))
		given |= in->status == 0 ? POST_CHANGE_CANCEL : POST_CHANGE_REVIVE;
	return given;
}

static int update(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct patch_body *in = req->in;
	struct post_patch patch = {
		.id = req->params[0],
		.given = changes_of(in),
		.overrides = overrides_text(req->arena, in->overrides),
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};
	struct post p;

	if (request_if_match(req, &patch.if_version, reterr) < 0 || read_post(req, &p, reterr) < 0)
		return -1;
	if (in->overrides && !json_is_null(in->overrides))
		overrides_check(req->arena, in->overrides, "/overrides", reterr);
	if ((patch.given & POST_CHANGE_CANCEL) && patch.given != POST_CHANGE_CANCEL)
		problem_add(reterr, "/status", "not_both", "cancelling goes with no other change");
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	if ((patch.given & POST_CHANGE_TIME) && read_time(in, &p, &patch.due, reterr) < 0)
		return -1;
	if ((patch.given & (POST_CHANGE_TIME | POST_CHANGE_REVIVE)) &&
	    principal_charge(req, p.id, patch.given & POST_CHANGE_TIME ? patch.due.us : p.due_us,
			     reterr) < 0)
		return -1;
	if (patch.given != 0 && store_posts_patch(req->app->db, req->principal->workspace, &patch,
						  req->arena, &p, reterr) < 0)
		return -1;
	return reply_post(req, ret, &p, reterr);
}

static int cancel(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post_patch patch = { .id = req->params[0], .given = POST_CHANGE_CANCEL };
	struct post p;

	(void)ret;
	if (request_if_match(req, &patch.if_version, reterr) < 0 || read_post(req, &p, reterr) < 0)
		return -1;
	return store_posts_patch(req->app->db, req->principal->workspace, &patch, req->arena, &p,
				 reterr);
}

static int publish_now(struct request *req, struct reply *ret, struct problem *reterr)
{
	return publish_now_run(req, req->params[0], ret, reterr);
}

static int resolve(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct resolve_body *in = req->in;
	struct post_verdict verdict = {
		.id = req->params[0],
		.remote_id = in->outcome == 0 ? in->remote_post_id : NULL,
		.remote_url = in->remote_url,
		.by = req->principal->id,
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};
	struct post p;

	if (in->outcome == 0 && !in->remote_post_id)
		return problem_add(reterr, "/remote_post_id", "required",
				   "name the post that is live");
	if (request_if_match(req, &verdict.if_version, reterr) < 0 ||
	    read_post(req, &p, reterr) < 0 ||
	    store_posts_resolve(req->app->db, req->principal->workspace, &verdict, req->arena, &p,
				reterr) < 0)
		return -1;
	return reply_post(req, ret, &p, reterr);
}

static const struct post_filter_words filter_words = {
	.account_id = "account_id",
	.character_id = "character_id",
	.content_id = "content_id",
	.status = post_status_a,
};

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct post_query q = { 0 };
	struct posts found;

	if (post_filter_read(req, &filter_words, &q, reterr) < 0 ||
	    post_filter_page(req, "schedule", &q, &found, reterr) < 0)
		return -1;
	post_view_page(req, ret, "schedule", &found);
	return 0;
}

static int emit_history(struct request *req, struct reply *ret, const struct posts *found,
			struct problem *reterr)
{
	const struct post *last = found->n ? &found->v[found->n - 1] : NULL;
	struct attempt_entries *tried;

	if (store_attemptlog_read(req->app->db, req->principal->workspace, found, req->arena,
				  &tried, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "scheduled_posts");
	for (size_t i = 0; i < found->n; i++)
		post_view_emit_tried(&ret->emit, &found->v[i], &tried[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, "history", found->has_more, last ? last->due_us : INSTANT_NONE,
		     last ? last->id : NULL);
	emit_close(&ret->emit);
	return 0;
}

/* What is over, newest first. */
static int history(struct request *req, struct reply *ret, struct problem *reterr)
{
	const uint64_t over =
		BIT(POST_PUBLISHED) | BIT(POST_FAILED) | BIT(POST_MISSED) | BIT(POST_CANCELLED);
	struct post_query q = { .page = { .descending = true } };
	struct posts found;

	if (post_filter_read(req, &filter_words, &q, reterr) < 0)
		return -1;
	q.states = q.states ? q.states & over : over;
	if (q.states == 0)
		return problem_add(reterr, "status", "out_of_range",
				   "history holds only what is over");
	if (post_filter_page(req, "history", &q, &found, reterr) < 0)
		return -1;
	return emit_history(req, ret, &found, reterr);
}

/* clang-format off */
static const struct query_param list_query[] = {
	{ .name = "limit",        .kind = QUERY_INT, .least = 1, .most = 100, .sentence = "Rows a page." },
	{ .name = "cursor",       .kind = QUERY_CURSOR, .sentence = "next_cursor of the page before." },
	{ .name = "from",         .kind = QUERY_INSTANT, .sentence = "Due at or after." },
	{ .name = "to",           .kind = QUERY_INSTANT, .sentence = "Due before." },
	{ .name = "status",       .kind = QUERY_ENUM, .choices = filter_statuses, .sentence = "Only this status." },
	{ .name = "state",        .kind = QUERY_TEXT, .most = 16, .sentence = "Only this exact state." },
	{ .name = "platform",     .kind = QUERY_TEXT, .most = 32, .sentence = "Only this platform." },
	{ .name = "account_id",   .kind = QUERY_ID, .sentence = "Only this account." },
	{ .name = "character_id", .kind = QUERY_ID, .sentence = "Only this character's." },
	{ .name = "content_id",   .kind = QUERY_ID, .sentence = "Only this content's." },
	{ .name = "livemode",     .kind = QUERY_BOOL, .sentence = "Only live (true) or test (false) accounts." },
	{ .name = NULL },
};

#define READ  .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_READ),  .rate = RATE_READ
#define WRITE .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE
const struct route api_schedule_routes[] = {
	{ HTTP_GET,    "/api/v1/schedule",              READ,  .ok = 200, .query = list_query, .reply = &post_view_list_schema, .handler = list, .operation = "listScheduledPosts", .summary = "List scheduled posts by due time" },
	{ HTTP_GET,    "/api/v1/schedule/history",      READ,  .ok = 200, .query = list_query, .reply = &post_view_history_schema, .handler = history, .operation = "listScheduleHistory", .summary = "List what is over, newest first" },
	{ HTTP_GET,    "/api/v1/schedule/{id}",         READ,  .ok = 200, .has_version = true, .reply = &post_view_tried_schema, .handler = get, .operation = "getScheduledPost", .summary = "Read a scheduled post" },
	{ HTTP_PATCH,  "/api/v1/schedule/{id}",         WRITE, .ok = 200, .body = &patch_schema, .reply = &post_view_schema, .handler = update, .operation = "updateScheduledPost", .summary = "Move, change, cancel or revive a scheduled post" },
	{ HTTP_DELETE, "/api/v1/schedule/{id}",         WRITE, .ok = 204, .body_max = -1, .handler = cancel, .operation = "cancelScheduledPost", .summary = "Cancel a scheduled post" },
	{ HTTP_POST,   "/api/v1/schedule/{id}/publish-now", .pool = POOL_PLATFORM, .repeat = REPEAT_RESUMED, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_PUBLISH), .rate = RATE_PUBLISH, .body = &empty_schema, .is_body_optional = true, .ok = 200, .also = { 202 }, .reply = &publish_now_schema, .handler = publish_now, .operation = "publishNow", .summary = "Publish at once and wait for the outcome" },
	{ HTTP_POST,   "/api/v1/schedule/{id}/resolve", WRITE, .ok = 200, .body = &resolve_schema, .reply = &post_view_schema, .handler = resolve, .operation = "resolveScheduledPost", .summary = "Settle an unconfirmed post by hand" },
	{ .pattern = NULL },
};
/* clang-format on */

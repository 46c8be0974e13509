/* SPDX-License-Identifier: Apache-2.0 */
/* POST /schedule/generate: plan and write in one transaction, under the lock of store/plans.h. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/principal.h"
#include "api/schedule_plan.h"
#include "base/clock.h"
#include "base/config.h"
#include "db/conn.h"
#include "domain/schedule.h"
#include "platform/platform.h"
#include "store/posts.h"

#define DAYS_USUAL  7
#define AHEAD_US    (5 * US_PER_MIN) /* the earliest slot: time to stage what was planned */
#define FURTHEST_US (INT64_C(5) * 366 * US_PER_DAY) /* a start beyond this is a slip of the pen */

struct generate_body {
	uint64_t present;
	const char *character_id, *start_date;
	int64_t days;
	struct field_texts platforms;
	bool dry_run;
};
enum { ROW_CHARACTER, ROW_START, ROW_DAYS };

/* clang-format off */
static const struct field generate_fields[] = {
	{ .name = "character_id", .kind = FIELD_ID,    .offset = offsetof(struct generate_body, character_id), .flags = FIELD_REQUIRED },
	{ .name = "start_date",   .kind = FIELD_TEXT,  .offset = offsetof(struct generate_body, start_date), .flags = FIELD_NONEMPTY, .most = 40, .sentence = "An instant, or a date or local time in the character's zone; what has passed, or is not given, starts now." },
	{ .name = "days",         .kind = FIELD_INT,   .offset = offsetof(struct generate_body, days), .least = 1, .most = SLOTS_DAYS_MAX, .sentence = "Local calendar days from the start; 7 when not given." },
	{ .name = "platforms",    .kind = FIELD_TEXTS, .offset = offsetof(struct generate_body, platforms), .flags = FIELD_NONEMPTY, .most = 20, .item_most = 32, .sentence = "All with an account when not given." },
	{ .name = "dry_run",      .kind = FIELD_BOOL,  .offset = offsetof(struct generate_body, dry_run), .sentence = "Says what it would do and does nothing." },
	{ .name = NULL },
};
static const struct schema generate_schema = { "ScheduleGenerate", sizeof(struct generate_body), generate_fields };

static const char *const statuses[] = { "pending", "published", "failed", "cancelled", NULL };
static const struct field planned_fields[] = {
	{ .name = "id",           .kind = FIELD_ID, .flags = FIELD_NULLABLE, .sentence = "Null in a dry run." },
	{ .name = "content_id",   .kind = FIELD_ID },
	{ .name = "account_id",   .kind = FIELD_ID },
	{ .name = "platform",     .kind = FIELD_TEXT },
	{ .name = "status",       .kind = FIELD_ENUM, .choices = statuses },
	{ .name = "scheduled_at", .kind = FIELD_INSTANT },
	{ .name = "local_time",   .kind = FIELD_TEXT },
	{ .name = "score",        .kind = FIELD_NUMBER, .sentence = "What the slot is worth, 0 to 1." },
	{ .name = "reason",       .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema planned_schema = { "PlannedPost", 0, planned_fields };
static const struct field missed_fields[] = {
	{ .name = "content_id", .kind = FIELD_ID },
	{ .name = "platform",   .kind = FIELD_TEXT },
	{ .name = "code",       .kind = FIELD_TEXT },
	{ .name = "reason",     .kind = FIELD_TEXT },
	{ .name = NULL },
};
static const struct schema missed_schema = { "UnscheduledContent", 0, missed_fields };
static const struct field reply_fields[] = {
	{ .name = "timezone",       .kind = FIELD_TZ },
	{ .name = "scheduledPosts", .kind = FIELD_OBJECTS, .nested = &planned_schema },
	{ .name = "unscheduled",    .kind = FIELD_OBJECTS, .nested = &missed_schema },
	{ .name = "has_more",       .kind = FIELD_BOOL, .sentence = "There is more approved content than one call looks at: call again." },
	{ .name = NULL },
};
static const struct schema reply_schema = { "GeneratedSchedule", 0, reply_fields };
/* clang-format on */

struct generating {
	struct request *req;
	const struct generate_body *in;
	struct plan plan;
	struct schedule_time *times; /* by pick */
	const char **ids;            /* by pick; NULL in a dry run */
};

static int bad_start(struct problem *reterr)
{
	return problem_add(reterr, "/start_date", "wrong_format",
			   "must be an RFC 3339 instant, a date YYYY-MM-DD or a local time");
}

/* An instant, or a wall time that waits for the character's zone. */
static int read_start(const char *text, struct plan_ask *ret, struct problem *reterr)
{
	char padded[RFC3339_MAX];

	ret->from_us = ret->not_before_us;
	if (!text || rfc3339_parse(text, &ret->from_us) == 0)
		return 0;
	ret->from_us = INSTANT_NONE;
	(void)snprintf(padded, sizeof(padded), strlen(text) == 10 ? "%sT00:00" : "%.25s", text);
	return civil_parse(padded, &ret->from) == 0 ? 0 : bad_start(reterr);
}

static int check_ask(const struct generate_body *in, const struct plan_ask *ask,
		     struct problem *reterr)
{
	const int64_t us = ask->from_us == INSTANT_NONE ? civil_to_us(&ask->from) : ask->from_us;

	if (us > ask->not_before_us + FURTHEST_US)
		problem_add(reterr, "/start_date", "out_of_range", "lies more than 5 years ahead");
	for (size_t i = 0; i < in->platforms.n; i++) {
		char at[32];

		(void)snprintf(at, sizeof(at), "/platforms/%zu", i);
		if (!platform_find(in->platforms.v[i]))
			problem_add(reterr, at, "unknown_platform", "\"%s\" is not a platform",
				    in->platforms.v[i]);
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int resolve(const struct plan *plan, const struct plan_pick *pick, struct schedule_time *ret,
		   struct problem *reterr)
{
	const struct schedule_wish wish = { .us = pick->slot->us, .timezone = plan->timezone };

	return schedule_resolve(&wish, ret, reterr);
}

static int write(struct generating *g, size_t i, struct problem *reterr)
{
	const struct plan_pick *pick = &g->plan.picks[i];
	const struct post_new row = {
		.account_id = pick->target->account.id,
		.platform = pick->target->platform,
		.livemode = pick->target->account.livemode,
		.due = g->times[i],
	};
	const struct posts_new batch = {
		.content_id = pick->content_id,
		.created_by = g->req->principal->id,
		.v = &row,
		.n = 1,
		.stage_lead_s = g->req->app->config->publish_stage_lead_s,
	};
	struct posts made;

	if (store_posts_insert(g->req->app->db, g->req->principal->workspace, &batch, g->req->arena,
			       &made, reterr) < 0)
		return -1;
	g->ids[i] = made.v[0].id;
	return 0;
}

static int plan_and_write(struct db *db, void *arg, struct problem *reterr)
{
	struct generating *g = arg;
	struct plan_ask ask = {
		.character_id = g->in->character_id,
		.not_before_us = clock_real_us() + AHEAD_US,
		.days = SCHEMA_HAS(g->in, ROW_DAYS) ? (int)g->in->days : DAYS_USUAL,
		.platforms = g->in->platforms,
	};

	(void)db;
	if (read_start(g->in->start_date, &ask, reterr) < 0 || check_ask(g->in, &ask, reterr) < 0 ||
	    schedule_plan_make(g->req, &ask, &g->plan, reterr) < 0)
		return -1;
	g->times = arena_array(g->req->arena, g->plan.picks_n + 1, sizeof(*g->times));
	g->ids = arena_array(g->req->arena, g->plan.picks_n + 1, sizeof(*g->ids));
	for (size_t i = 0; i < g->plan.picks_n; i++) {
		if (resolve(&g->plan, &g->plan.picks[i], &g->times[i], reterr) < 0 ||
		    (!g->in->dry_run && write(g, i, reterr) < 0))
			return -1;
	}
	return 0;
}

static void emit_pick(struct emit *e, const struct generating *g, size_t i)
{
	const struct plan_pick *pick = &g->plan.picks[i];

	emit_open(e, NULL);
	emit_text(e, "id", g->ids[i]);
	emit_text(e, "content_id", pick->content_id);
	emit_text(e, "account_id", pick->target->account.id);
	emit_text(e, "platform", pick->target->platform);
	emit_text(e, "status", "pending");
	emit_instant(e, "scheduled_at", g->times[i].us);
	emit_text(e, "local_time", g->times[i].local_time);
	emit_number(e, "score", schedule_plan_score(pick));
	emit_text(e, "reason", schedule_plan_reason(g->req, pick));
	emit_close(e);
}

static void emit_plan(struct emit *e, const struct generating *g)
{
	emit_open(e, NULL);
	emit_text(e, "timezone", g->plan.timezone);
	emit_open_array(e, "scheduledPosts");
	for (size_t i = 0; i < g->plan.picks_n; i++)
		emit_pick(e, g, i);
	emit_close_array(e);
	emit_open_array(e, "unscheduled");
	for (size_t i = 0; i < g->plan.misses_n; i++) {
		emit_open(e, NULL);
		emit_text(e, "content_id", g->plan.misses[i].content_id);
		emit_text(e, "platform", g->plan.misses[i].platform);
		emit_text(e, "code", g->plan.misses[i].code);
		emit_text(e, "reason", g->plan.misses[i].reason);
		emit_close(e);
	}
	emit_close_array(e);
	emit_bool(e, "has_more", g->plan.has_more);
	emit_close(e);
}

/* 201 when something was scheduled, else 200: nothing was made. */
static int generate(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct generating g = { .req = req, .in = req->in };

	if (db_transact(req->app->db, plan_and_write, &g, reterr) < 0)
		return -1;
	if (g.in->dry_run || g.plan.picks_n == 0)
		ret->status = 200;
	emit_plan(&ret->emit, &g);
	return 0;
}

/* clang-format off */
const struct route api_schedule_generate_routes[] = {
	{ HTTP_POST, "/api/v1/schedule/generate", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE, .body = &generate_schema, .ok = 201, .also = { 200 }, .reply = &reply_schema, .handler = generate, .operation = "generateSchedule", .summary = "Plan a character's approved content at the best free times" },
	{ .pattern = NULL },
};
/* clang-format on */

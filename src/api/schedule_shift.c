/* SPDX-License-Identifier: Apache-2.0 */
/* POST /schedule/shift: many posts moved by one step. */
#include <string.h>

#include "api/account_view.h"
#include "api/api.h"
#include "api/mode.h"
#include "api/post_view.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "platform/platform.h"
#include "store/characters.h"
#include "store/content.h"
#include "store/shifts.h"

#define BIT(state) (UINT64_C(1) << (state))

struct shift_body {
	uint64_t present;
	int64_t from_us, to_us, days, minutes;
	const char *platform, *account_id, *character_id, *content_id;
};

/* clang-format off */
static const struct field shift_fields[] = {
	{ .name = "days",         .kind = FIELD_INT,     .offset = offsetof(struct shift_body, days), .least = -366, .most = 366, .sentence = "Whole days: the wall clock stays where a post has a zone." },
	{ .name = "minutes",      .kind = FIELD_INT,     .offset = offsetof(struct shift_body, minutes), .least = -527040, .most = 527040, .sentence = "Elapsed time, after the days." },
	{ .name = "from",         .kind = FIELD_INSTANT, .offset = offsetof(struct shift_body, from_us), .sentence = "Only what is due at or after." },
	{ .name = "to",           .kind = FIELD_INSTANT, .offset = offsetof(struct shift_body, to_us), .sentence = "Only what is due before." },
	{ .name = "platform",     .kind = FIELD_TEXT,    .offset = offsetof(struct shift_body, platform), .flags = FIELD_NONEMPTY, .most = 32 },
	{ .name = "account_id",   .kind = FIELD_ID,      .offset = offsetof(struct shift_body, account_id) },
	{ .name = "character_id", .kind = FIELD_ID,      .offset = offsetof(struct shift_body, character_id) },
	{ .name = "content_id",   .kind = FIELD_ID,      .offset = offsetof(struct shift_body, content_id) },
	{ .name = NULL },
};
static const struct schema shift_schema = { "ScheduleShift", sizeof(struct shift_body), shift_fields };
static const struct field reply_fields[] = {
	{ .name = "moved",           .kind = FIELD_INT },
	{ .name = "scheduled_posts", .kind = FIELD_OBJECTS, .nested = &post_view_schema },
	{ .name = "next_cursor",     .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema reply_schema = { "ShiftedPosts", 0, reply_fields };
/* clang-format on */

static int check(const struct shift_body *in, struct problem *reterr)
{
	if (in->days == 0 && in->minutes == 0)
		problem_add(reterr, "/minutes", "required", "give days or minutes to move by");
	if (in->from_us != INSTANT_NONE && in->to_us != INSTANT_NONE && in->to_us <= in->from_us)
		problem_add(reterr, "/to", "out_of_range", "must be later than from");
	if (in->platform && !platform_find(in->platform))
		problem_add(reterr, "/platform", "unknown_platform", "\"%s\" is not a platform",
			    in->platform);
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

/* Whom it names must be there: a slip of the pen would else move nothing and look like success. */
static int find_named(struct request *req, const struct shift_body *in, struct problem *reterr)
{
	struct account account;
	struct character character;
	struct content content;

	if (in->account_id && account_find(req, in->account_id, &account, reterr) < 0)
		return -1;
	if (in->character_id &&
	    store_characters_get(req->app->db, req->principal->workspace, in->character_id,
				 req->arena, &character, reterr) < 0)
		return -1;
	if (in->content_id && store_content_get(req->app->db, req->principal->workspace,
						in->content_id, req->arena, &content, reterr) < 0)
		return -1;
	return 0;
}

static int run(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct shift_body *in = req->in;
	const struct shift shift = {
		.which = { .from_us = in->from_us,
			   .to_us = in->to_us,
			   .states = BIT(POST_QUEUED) | BIT(POST_STAGING) | BIT(POST_STAGED) |
				     BIT(POST_RETRYING) | BIT(POST_PAUSED),
			   .platform = in->platform,
			   .account_id = in->account_id,
			   .character_id = in->character_id,
			   .content_id = in->content_id,
			   .account_ids = mode_accounts(req),
			   .livemode = mode_of(req) },
		.days = in->days,
		.minutes = in->minutes,
		.stage_lead_s = req->app->config->publish_stage_lead_s,
	};
	struct posts moved;

	if (check(in, reterr) < 0 || find_named(req, in, reterr) < 0 ||
	    store_shifts_run(req->app->db, req->principal->workspace, &shift, req->arena, &moved,
			     reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_int(&ret->emit, "moved", (int64_t)moved.n);
	emit_open_array(&ret->emit, "scheduled_posts");
	for (size_t i = 0; i < moved.n; i++)
		post_view_emit(&ret->emit, NULL, &moved.v[i]);
	emit_close_array(&ret->emit);
	emit_null(&ret->emit, "next_cursor");
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
const struct route api_schedule_shift_routes[] = {
	{ HTTP_POST, "/api/v1/schedule/shift", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE, .body = &shift_schema, .ok = 200, .reply = &reply_schema, .handler = run, .operation = "shiftSchedule", .summary = "Move many scheduled posts by days or minutes, all or none" },
	{ .pattern = NULL },
};
/* clang-format on */

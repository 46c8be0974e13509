/* SPDX-License-Identifier: Apache-2.0 */
/* GET /schedule/weights: the heat map that generate plans by. */
#include "api/api.h"
#include "api/schedule_plan.h"

/* clang-format off */
static const struct field hour_fields[] = {
	{ .name = "weekday", .kind = FIELD_TEXT },
	{ .name = "hour",    .kind = FIELD_INT, .sentence = "Local, 0 to 23." },
	{ .name = "prior",   .kind = FIELD_NUMBER, .sentence = "What is assumed, 0 to 1." },
	{ .name = "weight",  .kind = FIELD_NUMBER, .sentence = "What is used." },
	{ .name = "posts",   .kind = FIELD_INT, .sentence = "Own posts of that hour whose results are known." },
	{ .name = NULL },
};
static const struct schema hour_schema = { "WeightOfHour", 0, hour_fields };
static const struct field platform_fields[] = {
	{ .name = "platform",   .kind = FIELD_TEXT },
	{ .name = "account_id", .kind = FIELD_ID, .flags = FIELD_NULLABLE, .sentence = "Whose results these are; null where the name means none." },
	{ .name = "posts",      .kind = FIELD_INT },
	{ .name = "weights",    .kind = FIELD_OBJECTS, .nested = &hour_schema },
	{ .name = NULL },
};
static const struct schema platform_schema = { "WeightsOfPlatform", 0, platform_fields };
static const struct field reply_fields[] = {
	{ .name = "character_id", .kind = FIELD_ID },
	{ .name = "timezone",     .kind = FIELD_TZ },
	{ .name = "platforms",    .kind = FIELD_OBJECTS, .nested = &platform_schema },
	{ .name = NULL },
};
static const struct schema reply_schema = { "ScheduleWeights", 0, reply_fields };
/* clang-format on */

static void emit_hour(struct emit *e, const struct plan_target *t, int weekday, int hour)
{
	emit_open(e, NULL);
	emit_text(e, "weekday", engagement_weekday_name(weekday));
	emit_int(e, "hour", hour);
	emit_number(e, "prior", engagement_share(engagement_prior(t->platform, weekday, hour)));
	emit_number(e, "weight",
		    engagement_share(engagement_weight(t->platform, t->results, weekday, hour)));
	emit_int(e, "posts", t->results ? t->results->posts[weekday][hour] : 0);
	emit_close(e);
}

static void emit_target(struct emit *e, const struct plan_target *t)
{
	int64_t posts = 0;

	for (int i = 0; t->results && i < ENGAGEMENT_DAYS * ENGAGEMENT_HOURS; i++)
		posts += t->results->posts[i / ENGAGEMENT_HOURS][i % ENGAGEMENT_HOURS];
	emit_open(e, NULL);
	emit_text(e, "platform", t->platform);
	emit_text(e, "account_id", t->is_ambiguous ? NULL : t->account.id);
	emit_int(e, "posts", posts);
	emit_open_array(e, "weights");
	for (int i = 0; i < ENGAGEMENT_DAYS * ENGAGEMENT_HOURS; i++)
		emit_hour(e, t, i / ENGAGEMENT_HOURS, i % ENGAGEMENT_HOURS);
	emit_close_array(e);
	emit_close(e);
}

static int weights(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct plan_ask ask = { .character_id = request_query(req, "character_id") };
	struct plan plan;

	if (!ask.character_id)
		return problem_add(reterr, "character_id", "required", "name the character");
	if (schedule_plan_weigh(req, &ask, &plan, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_text(&ret->emit, "character_id", ask.character_id);
	emit_text(&ret->emit, "timezone", plan.timezone);
	emit_open_array(&ret->emit, "platforms");
	for (size_t i = 0; i < plan.targets_n; i++)
		emit_target(&ret->emit, &plan.targets[i]);
	emit_close_array(&ret->emit);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct query_param weights_query[] = {
	{ .name = "character_id", .kind = QUERY_ID, .sentence = "Whose accounts and zone." },
	{ .name = NULL },
};

const struct route api_schedule_weights_routes[] = {
	{ HTTP_GET, "/api/v1/schedule/weights", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_READ), .rate = RATE_READ, .query = weights_query, .ok = 200, .reply = &reply_schema, .handler = weights, .operation = "readScheduleWeights", .summary = "What each hour of the week is worth, assumed and learned" },
	{ .pattern = NULL },
};
/* clang-format on */

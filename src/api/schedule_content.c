/* SPDX-License-Identifier: Apache-2.0 */
/* POST /content/{id}/schedule */
#include <string.h>

#include "api/api.h"
#include "api/conversion.h"
#include "api/fitness.h"
#include "api/mode.h"
#include "api/post_view.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "domain/recur.h"
#include "domain/schedule.h"
#include "store/content.h"
#include "store/posts.h"

#define TARGETS_MAX 50
#define POSTS_MAX   500 /* of one request, all occurrences on all targets */

struct schedule_body {
	uint64_t present;
	struct field_time scheduled_at;
	struct field_texts platforms, account_ids;
	const char *timezone, *rrule;
	int64_t stagger_minutes, fold;
};
enum { ROW_SCHEDULED_AT, ROW_PLATFORMS, ROW_ACCOUNT_IDS };

/* clang-format off */
static const struct field schedule_fields[] = {
	{ .name = "scheduled_at",    .kind = FIELD_TIME,  .offset = offsetof(struct schedule_body, scheduled_at), .flags = FIELD_REQUIRED, .sentence = "An instant, or a local time beside timezone." },
	{ .name = "platforms",       .kind = FIELD_TEXTS, .offset = offsetof(struct schedule_body, platforms), .flags = FIELD_NONEMPTY, .most = TARGETS_MAX, .item_most = 32 },
	{ .name = "account_ids",     .kind = FIELD_IDS,   .offset = offsetof(struct schedule_body, account_ids), .flags = FIELD_NONEMPTY, .most = TARGETS_MAX },
	{ .name = "timezone",        .kind = FIELD_TZ,    .offset = offsetof(struct schedule_body, timezone) },
	{ .name = "stagger_minutes", .kind = FIELD_INT,   .offset = offsetof(struct schedule_body, stagger_minutes), .least = 0, .most = 1440, .sentence = "Each further target so much later." },
	{ .name = "rrule",           .kind = FIELD_TEXT,  .offset = offsetof(struct schedule_body, rrule), .flags = FIELD_NONEMPTY, .most = 255, .sentence = "Repeats it, by RFC 5545: FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY and COUNT or UNTIL." },
	{ .name = "fold",            .kind = FIELD_INT,   .offset = offsetof(struct schedule_body, fold), .least = 0, .most = 1, .sentence = "1: the second of two equal local times." },
	{ .name = NULL },
};
static const struct schema schedule_schema = { "ContentSchedule", sizeof(struct schedule_body), schedule_fields };
/* clang-format on */

struct targets {
	struct account v[TARGETS_MAX];
	char at[TARGETS_MAX][64]; /* JSON Pointer of the member that named it */
	size_t n;
};

/* The character's choice for a platform: {"instagram": "acc_..."} */
static const char *preferred_account(struct request *req, const struct post_target *t,
				     const char *platform)
{
	json_t *map = t->default_accounts ? json_loads(t->default_accounts, 0, NULL) : NULL;
	const char *id =
		arena_strdup(req->arena, json_string_value(json_object_get(map, platform)));

	json_decref(map);
	return id;
}

/* With a stagger it would publish the same twice on one account. */
static bool has_before(const struct field_texts *names, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(names->v[k], names->v[i]) == 0)
			return true;
	}
	return false;
}

static int by_platform(struct request *req, const struct field_texts *names,
		       const struct post_target *t, struct targets *ret, struct problem *reterr)
{
	for (size_t i = 0; i < names->n; i++) {
		struct account_wish wish = {
			.platform = names->v[i],
			.preferred_id = preferred_account(req, t, names->v[i]),
			.account_ids = mode_accounts(req),
			.livemode = mode_of(req),
		};
		const char *at = arena_printf(req->arena, "/platforms/%zu", i);

		if (!platform_find(names->v[i]))
			return problem_add(reterr, at, "unknown_platform",
					   "\"%s\" is not a platform", names->v[i]);
		if (has_before(names, i))
			return problem_add(reterr, at, "duplicate", "stands twice in the array");
		if (store_accounts_resolve(req->app->db, req->principal->workspace, &wish,
					   req->arena, &ret->v[ret->n], reterr) < 0)
			return -1;
		memcpy(ret->at[ret->n++], at, strlen(at) + 1);
	}
	return 0;
}

/* 1 found, 0 there is none that the caller sees, -1 error */
static int find_by_id(struct request *req, const char *id, struct account *ret,
		      struct problem *reterr)
{
	struct problem why = { .kind = PROBLEM_NONE };

	if (store_accounts_get(req->app->db, req->principal->workspace, id, req->arena, ret,
			       &why) == 0)
		return principal_sees(req->principal, ret->id, ret->livemode);
	if (why.kind != PROBLEM_DB_DOWN)
		return 0;
	*reterr = why;
	return -1;
}

/* The first one is the target's: it came with the time zone. */
static int by_id(struct request *req, const struct field_texts *ids, const struct post_target *t,
		 struct targets *ret, struct problem *reterr)
{
	for (size_t i = 0; i < ids->n; i++) {
		const char *at = arena_printf(req->arena, "/account_ids/%zu", i);
		struct account *acc = &ret->v[ret->n];
		int found;

		if (i > 0) {
			found = find_by_id(req, ids->v[i], acc, reterr);
		} else {
			*acc = t->account;
			found = t->has_account &&
				principal_sees(req->principal, acc->id, acc->livemode);
		}
		if (found < 0)
			return -1;
		if (!found) {
			problem_add(reterr, at, "unknown_account", "no such account");
			continue;
		}
		memcpy(ret->at[ret->n++], at, strlen(at) + 1);
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int find_targets(struct request *req, const struct schedule_body *in,
			const struct post_target *t, struct targets *ret, struct problem *reterr)
{
	bool has_platforms = SCHEMA_HAS(in, ROW_PLATFORMS);

	ret->n = 0;
	if (has_platforms == (bool)SCHEMA_HAS(in, ROW_ACCOUNT_IDS))
		return problem_add(reterr, has_platforms ? "/account_ids" : "/platforms",
				   has_platforms ? "not_both" : "required",
				   "give either platforms or account_ids");
	return has_platforms ? by_platform(req, &in->platforms, t, ret, reterr)
			     : by_id(req, &in->account_ids, t, ret, reterr);
}

static int read_target(struct request *req, const struct schedule_body *in, const struct content *c,
		       struct post_target *ret, struct problem *reterr)
{
	const struct post_target_of of = {
		.character_id = c->character_id,
		.account_id = in->account_ids.n ? in->account_ids.v[0] : NULL,
	};

	return store_posts_target(req->app->db, req->principal->workspace, &of, req->arena, ret,
				  reterr);
}

/* The first target's time; the others follow by the stagger. */
static int first_time(const struct schedule_body *in, const char *zone, struct schedule_time *ret,
		      struct problem *reterr)
{
	struct schedule_wish wish = {
		.is_local = in->scheduled_at.is_local,
		.us = in->scheduled_at.us,
		.local = in->scheduled_at.local,
		.timezone = zone,
		.fold = (int)in->fold,
	};

	if (schedule_resolve(&wish, ret, reterr) < 0)
		return -1;
	return schedule_check_due(ret->us, clock_real_us(), reterr);
}

/* The first time alone, or what the rule makes of it: its wall clock on other days. */
static int find_times(struct request *req, const struct schedule_time *first, size_t targets,
		      struct recur_times *ret, struct problem *reterr)
{
	const struct schedule_body *in = req->in;
	CLEANUP(tz_free) struct tz *tz = NULL;
	struct recur_from from = { .fold = first->fold,
				   .most = POSTS_MAX / (targets ? targets : 1) };
	struct recur rule;

	if (!in->rrule) {
		ret->v = arena_alloc(req->arena, sizeof(*ret->v));
		*ret->v = (struct recur_time){ .us = first->us };
		ret->n = 1;
		return 0;
	}
	if (!*first->timezone)
		return problem_add(reterr, "/timezone", "required",
				   "a repeated time needs the IANA time zone that it is meant in");
	if (recur_parse(in->rrule, &rule, reterr) < 0)
		return -1;
	if (tz_load(first->timezone, &tz) < 0 || civil_parse(first->local_time, &from.wall) < 0)
		return problem_set(reterr, PROBLEM_TIMEZONE, "%.64s is not an IANA time zone",
				   first->timezone);
	from.tz = tz;
	return recur_expand(&rule, &from, req->arena, ret, reterr);
}

/* One occurrence on each target, the further ones later by the stagger. */
static int plan_one(const struct schedule_body *in, const struct schedule_time *first,
		    const struct recur_time *at, const struct targets *targets,
		    struct post_new *ret, struct problem *reterr)
{
	for (size_t i = 0; i < targets->n; i++) {
		const struct schedule_wish wish = {
			.us = at->us + (int64_t)i * in->stagger_minutes * US_PER_MIN,
			.timezone = *first->timezone ? first->timezone : NULL,
		};

		ret[i].account_id = targets->v[i].id;
		ret[i].platform = targets->v[i].platform;
		ret[i].livemode = targets->v[i].livemode;
		ret[i].due = *first;
		if (wish.us != first->us && schedule_resolve(&wish, &ret[i].due, reterr) < 0)
			return -1;
		ret[i].due.is_adjusted = at->is_adjusted;
	}
	return 0;
}

static int plan(struct request *req, const struct schedule_time *first,
		const struct targets *targets, struct posts_new *ret, struct problem *reterr)
{
	struct recur_times times = { 0 };
	struct post_new *rows;

	if (find_times(req, first, targets->n, &times, reterr) < 0)
		return -1;
	rows = arena_array(req->arena, times.n * targets->n, sizeof(*rows));
	for (size_t i = 0; i < times.n; i++) {
		if (plan_one(req->in, first, &times.v[i], targets, rows + i * targets->n, reterr) <
		    0)
			return -1;
	}
	ret->v = rows;
	ret->n = times.n * targets->n;
	return 0;
}

static int check_fit(struct request *req, const struct content *c, const struct targets *targets,
		     int64_t due_us, struct problem *reterr)
{
	for (size_t i = 0; i < targets->n; i++) {
		struct fitness_subject subject = { .content = c,
						   .account = &targets->v[i],
						   .due_us = due_us };
		struct findings f;

		if (targets->v[i].status != ACCOUNT_CONNECTED)
			return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
					   "%s is %s: connect it again", targets->v[i].username,
					   account_status_names[targets->v[i].status]);
		if (fitness_check(req, &subject, &f, reterr) < 0)
			return -1;
		fitness_report(&f, targets->at[i], reterr);
	}
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

static int schedule(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct schedule_body *in = req->in;
	struct targets *targets = arena_alloc(req->arena, sizeof(*targets));
	struct posts_new batch = { .created_by = req->principal->id };
	struct schedule_time first;
	struct content c;
	struct post_target target;
	struct posts made;

	if (store_content_get(req->app->db, req->principal->workspace, req->params[0], req->arena,
			      &c, reterr) < 0)
		return -1;
	if (!content_is_publishable(&c))
		return problem_set(reterr, PROBLEM_NOT_APPROVED,
				   "content %s is %s; approve it first", c.id,
				   content_state_names[c.state]);
	if (read_target(req, in, &c, &target, reterr) < 0 ||
	    first_time(in, in->timezone ? in->timezone : target.timezone, &first, reterr) < 0 ||
	    find_targets(req, in, &target, targets, reterr) < 0 ||
	    check_fit(req, &c, targets, first.us, reterr) < 0 ||
	    plan(req, &first, targets, &batch, reterr) < 0)
		return -1;
	batch.content_id = c.id;
	batch.stage_lead_s = req->app->config->publish_stage_lead_s;
	if (store_posts_insert(req->app->db, req->principal->workspace, &batch, req->arena, &made,
			       reterr) < 0)
		return -1;
	for (size_t i = 0; i < targets->n; i++)
		conversion_ask(req, &c, &targets->v[i], first.us);
	made.has_more = false;
	post_view_page(req, ret, "schedule", &made);
	return 0;
}

/* clang-format off */
const struct route api_schedule_content_routes[] = {
	{ HTTP_POST, "/api/v1/content/{id}/schedule", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_SCHEDULE_WRITE), .rate = RATE_WRITE, .body = &schedule_schema, .ok = 201, .reply = &post_view_list_schema, .handler = schedule, .operation = "scheduleContent", .summary = "Schedule one approved content item on one or more accounts" },
	{ .pattern = NULL },
};
/* clang-format on */

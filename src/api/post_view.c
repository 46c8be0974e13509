/* SPDX-License-Identifier: Apache-2.0 */
#include "api/post_view.h"

#include "base/clock.h"
#include "http/paging.h"
#include "store/postevent.h"

static const char *const statuses[] = { "pending", "published", "failed", "cancelled", NULL };
static const char *const states[] = { "queued",     "staging",  "staged",      "publishing",
				      "confirming", "retrying", "unconfirmed", "published",
				      "failed",     "missed",   "cancelled",   "paused",
				      NULL };

/* clang-format off */
static const struct field error_fields[] = {
	{ .name = "code",             .kind = FIELD_TEXT, .sentence = "What went wrong, as a stable word." },
	{ .name = "message",          .kind = FIELD_TEXT, .sentence = "The same for people." },
	{ .name = "who",              .kind = FIELD_TEXT, .sentence = "Who must act: you, account_owner, operator or platform." },
	{ .name = "platform_code",    .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "The platform's own code." },
	{ .name = "platform_message", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "The platform's own words." },
	{ .name = "retryable",        .kind = FIELD_BOOL, .sentence = "Whether trying again may help." },
	{ .name = NULL },
};
static const struct schema error_schema = { "PostError", 0, error_fields };

#define POST_ROWS \
	{ .name = "id",              .kind = FIELD_ID }, \
	{ .name = "content_id",      .kind = FIELD_ID }, \
	{ .name = "character_id",    .kind = FIELD_ID,      .flags = FIELD_NULLABLE }, \
	{ .name = "account_id",      .kind = FIELD_ID }, \
	{ .name = "platform",        .kind = FIELD_TEXT }, \
	{ .name = "livemode",        .kind = FIELD_BOOL }, \
	{ .name = "status",          .kind = FIELD_ENUM,    .choices = statuses }, \
	{ .name = "state",           .kind = FIELD_ENUM,    .choices = states }, \
	{ .name = "reason",          .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE, .sentence = "Why it is paused; of a published post, what fell short: kept_private, cover_failed." }, \
	{ .name = "scheduled_at",    .kind = FIELD_INSTANT }, \
	{ .name = "timezone",        .kind = FIELD_TZ,      .flags = FIELD_NULLABLE }, \
	{ .name = "local_time",      .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE }, \
	{ .name = "dst_adjusted",    .kind = FIELD_BOOL,    .sentence = "Its wall time was skipped that day: moved forward by the gap." }, \
	{ .name = "published_at",    .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE }, \
	{ .name = "remote_post_id",  .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE }, \
	{ .name = "remote_url",      .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE }, \
	{ .name = "overrides",       .kind = FIELD_JSON,    .flags = FIELD_NULLABLE }, \
	{ .name = "attempts",        .kind = FIELD_INT }, \
	{ .name = "next_attempt_at", .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE }, \
	{ .name = "waiting_for",     .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE }, \
	{ .name = "error",           .kind = FIELD_OBJECT,  .flags = FIELD_NULLABLE, .nested = &error_schema }, \
	{ .name = "created_at",      .kind = FIELD_INSTANT }, \
	{ .name = "updated_at",      .kind = FIELD_INSTANT }

static const struct field post_fields[] = { POST_ROWS, { .name = NULL } };
const struct schema post_view_schema = { "ScheduledPost", 0, post_fields };

static const struct field list_fields[] = {
	{ .name = "scheduled_posts", .kind = FIELD_OBJECTS, .nested = &post_view_schema },
	{ .name = "next_cursor",     .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
const struct schema post_view_list_schema = { "ScheduledPostList", 0, list_fields };

static const struct field tried_fields[] = {
	POST_ROWS,
	{ .name = "attempt_log", .kind = FIELD_OBJECTS, .nested = &attempt_view_schema },
	{ .name = NULL },
};
const struct schema post_view_tried_schema = { "TriedPost", 0, tried_fields };
static const struct field history_fields[] = {
	{ .name = "scheduled_posts", .kind = FIELD_OBJECTS, .nested = &post_view_tried_schema },
	{ .name = "next_cursor",     .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
const struct schema post_view_history_schema = { "ScheduleHistory", 0, history_fields };
/* clang-format on */

static void emit_members(struct emit *e, const struct post *p)
{
	emit_text(e, "id", p->id);
	emit_text(e, "content_id", p->content_id);
	emit_text(e, "character_id", p->character_id);
	emit_text(e, "account_id", p->account_id);
	emit_text(e, "platform", p->platform);
	emit_bool(e, "livemode", p->livemode);
	emit_text(e, "status", post_status_a(p->state));
	emit_text(e, "state", post_state_name(p->state));
	emit_text(e, "reason", p->reason);
	emit_instant(e, "scheduled_at", p->due_us);
	emit_text(e, "timezone", p->timezone);
	emit_text(e, "local_time", p->local_time);
	emit_bool(e, "dst_adjusted", p->dst_adjusted);
	emit_instant(e, "published_at", p->published_us);
	emit_text(e, "remote_post_id", p->remote_id);
	emit_text(e, "remote_url", p->remote_url);
	emit_raw(e, "overrides", p->overrides);
	emit_int(e, "attempts", p->attempts);
	emit_instant(e, "next_attempt_at", p->next_attempt_us);
	emit_text(e, "waiting_for", p->waiting_for);
	postevent_emit_error(e, "error", p);
	emit_instant(e, "created_at", p->created_us);
	emit_instant(e, "updated_at", p->updated_us);
}

void post_view_emit(struct emit *e, const char *key, const struct post *p)
{
	emit_open(e, key);
	emit_members(e, p);
	emit_close(e);
}

void post_view_emit_tried(struct emit *e, const struct post *p,
			  const struct attempt_entries *attempts)
{
	emit_open(e, NULL);
	emit_members(e, p);
	attempt_view_emit(e, "attempt_log", attempts);
	emit_close(e);
}

void post_view_page(struct request *req, struct reply *ret, const char *list,
		    const struct posts *posts)
{
	const struct post *last = posts->n > 0 ? &posts->v[posts->n - 1] : NULL;

	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, "scheduled_posts");
	for (size_t i = 0; i < posts->n; i++)
		post_view_emit(&ret->emit, NULL, &posts->v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, list, posts->has_more, last ? last->due_us : INSTANT_NONE,
		     last ? last->id : NULL);
	emit_close(&ret->emit);
}

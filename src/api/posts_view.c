/* SPDX-License-Identifier: Apache-2.0 */
#include "api/posts_view.h"

#include <string.h>

#include "base/clock.h"

const char *const posts_statuses[] = { "scheduled", "posted", "failed", "cancelled", NULL };
static const char *const states[] = { "queued",     "staging",  "staged",      "publishing",
				      "confirming", "retrying", "unconfirmed", "published",
				      "failed",     "missed",   "cancelled",   "paused",
				      NULL };

/* clang-format off */
#define MADE_ROWS \
	{ .name = "id",            .kind = FIELD_ID }, \
	{ .name = "accountId",     .kind = FIELD_ID }, \
	{ .name = "platform",      .kind = FIELD_TEXT }, \
	{ .name = "contentType",   .kind = FIELD_ENUM,    .choices = content_kind_names }, \
	{ .name = "status",        .kind = FIELD_ENUM,    .choices = posts_statuses }, \
	{ .name = "scheduledTime", .kind = FIELD_INSTANT }, \
	{ .name = "createdAt",     .kind = FIELD_INSTANT }

static const struct field made_fields[] = { MADE_ROWS, { .name = NULL } };
static const struct schema made_schema = { "PostMade", 0, made_fields };
static const struct field posts_fields[] = {
	{ .name = "posts", .kind = FIELD_OBJECTS, .nested = &made_schema },
	{ .name = NULL },
};
const struct schema posts_made_schema = { "PostsMade", 0, posts_fields };

static const struct field error_fields[] = {
	{ .name = "code",            .kind = FIELD_TEXT, .sentence = "What went wrong, as a stable word." },
	{ .name = "message",         .kind = FIELD_TEXT, .sentence = "The same for people." },
	{ .name = "who",             .kind = FIELD_TEXT, .sentence = "Who must act: you, account_owner, operator or platform." },
	{ .name = "platformCode",    .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "The platform's own code." },
	{ .name = "platformMessage", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE, .sentence = "The platform's own words." },
	{ .name = "retryable",       .kind = FIELD_BOOL, .sentence = "Whether trying again may help." },
	{ .name = NULL },
};
static const struct schema error_schema = { "PostErrorB", 0, error_fields };

static const struct field view_fields[] = {
	MADE_ROWS,
	{ .name = "updatedAt",     .kind = FIELD_INSTANT },
	{ .name = "contentId",     .kind = FIELD_ID },
	{ .name = "livemode",      .kind = FIELD_BOOL },
	{ .name = "state",         .kind = FIELD_ENUM,    .choices = states },
	{ .name = "reason",        .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE, .sentence = "Why it is paused; of a posted one, what fell short." },
	{ .name = "media",         .kind = FIELD_ENUM,    .choices = media_state_names, .sentence = "Whether its media are there." },
	{ .name = "mediaError",    .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE, .sentence = "Why one of them could not be fetched." },
	{ .name = "progress",      .kind = FIELD_INT,     .flags = FIELD_NULLABLE, .sentence = "Percent done of what is made of its media; null: nothing is. Not told in lists." },
	{ .name = "caption",       .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE },
	{ .name = "timezone",      .kind = FIELD_TZ,      .flags = FIELD_NULLABLE },
	{ .name = "localTime",     .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE },
	{ .name = "publishedAt",   .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "remotePostId",  .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE },
	{ .name = "remoteUrl",     .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE },
	{ .name = "attempts",      .kind = FIELD_INT },
	{ .name = "nextAttemptAt", .kind = FIELD_INSTANT, .flags = FIELD_NULLABLE },
	{ .name = "waitingFor",    .kind = FIELD_TEXT,    .flags = FIELD_NULLABLE, .sentence = "What it waits for, in words." },
	{ .name = "error",         .kind = FIELD_OBJECT,  .flags = FIELD_NULLABLE, .nested = &error_schema },
	{ .name = NULL },
};
const struct schema posts_view_schema = { "Post", 0, view_fields };
static const struct field page_fields[] = {
	{ .name = "data",       .kind = FIELD_OBJECTS, .nested = &posts_view_schema },
	{ .name = "hasMore",    .kind = FIELD_BOOL },
	{ .name = "nextCursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
const struct schema posts_page_schema = { "PostPage", 0, page_fields };
/* clang-format on */

#define OURS   "sch_"
#define THEIRS "post_"

const char *posts_id_out(struct arena *a, const char *id)
{
	return strncmp(id, OURS, strlen(OURS)) == 0
		       ? arena_printf(a, THEIRS "%s", id + strlen(OURS))
		       : id;
}

const char *posts_id_in(struct arena *a, const char *id)
{
	return strncmp(id, THEIRS, strlen(THEIRS)) == 0
		       ? arena_printf(a, OURS "%s", id + strlen(THEIRS))
		       : id;
}

static void emit_made(struct request *req, struct emit *e, const struct post *p,
		      enum content_kind kind)
{
	emit_text(e, "id", posts_id_out(req->arena, p->id));
	emit_text(e, "accountId", p->account_id);
	emit_text(e, "platform", p->platform);
	emit_text(e, "contentType", content_kind_names[kind]);
	emit_text(e, "status", post_status_b(p->state));
	emit_instant(e, "scheduledTime", p->due_us);
	emit_instant(e, "createdAt", p->created_us);
}

void posts_view_emit_array(struct request *req, struct emit *e, const char *key,
			   const struct posts *posts, enum content_kind kind)
{
	emit_open_array(e, key);
	for (size_t i = 0; i < posts->n; i++) {
		emit_open(e, NULL);
		emit_made(req, e, &posts->v[i], kind);
		emit_close(e);
	}
	emit_close_array(e);
}

void posts_view_emit_made(struct request *req, struct emit *e, const struct posts *posts,
			  enum content_kind kind)
{
	emit_open(e, NULL);
	posts_view_emit_array(req, e, "posts", posts, kind);
	emit_close(e);
}

static void emit_error(struct emit *e, const struct post *p)
{
	if (!p->error_code) {
		emit_null(e, "error");
		return;
	}
	emit_open(e, "error");
	emit_text(e, "code", p->error_code);
	emit_text(e, "message", p->error_message);
	emit_text(e, "who", p->error_who);
	emit_text(e, "platformCode", p->platform_code);
	emit_text(e, "platformMessage", p->platform_message);
	emit_bool(e, "retryable", p->error_retryable);
	emit_close(e);
}

/* true: the options say what the caption is; *ret NULL: none */
static bool own_caption(struct arena *a, const json_t *options, const char **ret)
{
	const json_t *own = json_object_get(options, "caption");

	if (own)
		*ret = arena_strdup(a, json_string_value(own));
	return own != NULL;
}

/* As it is published: the post's own words, else the platform's, else everybody's. */
static const char *caption_of(struct arena *a, const struct post *p, const struct post_look *look)
{
	json_t *post = p->overrides ? json_loads(p->overrides, 0, NULL) : NULL;
	json_t *content = look->overrides ? json_loads(look->overrides, 0, NULL) : NULL;
	const char *caption = look->caption;

	if (!own_caption(a, post, &caption))
		(void)own_caption(a, json_object_get(content, p->platform), &caption);
	json_decref(post);
	json_decref(content);
	return caption;
}

void posts_view_emit(struct request *req, struct emit *e, const struct post *p,
		     const struct post_look *look, int64_t progress)
{
	/* A runner has looked, and waits for the media: nothing is staged yet. */
	const bool is_waiting = p->state == POST_STAGING && look->media == MEDIA_FETCHING;

	emit_open(e, NULL);
	emit_made(req, e, p, look->kind);
	emit_instant(e, "updatedAt", p->updated_us);
	emit_text(e, "contentId", p->content_id);
	emit_bool(e, "livemode", p->livemode);
	emit_text(e, "state", post_state_name(is_waiting ? POST_QUEUED : p->state));
	emit_text(e, "reason", p->reason);
	emit_text(e, "media", media_state_names[look->media]);
	emit_text(e, "mediaError", look->media_error);
	if (progress < 0)
		emit_null(e, "progress");
	else
		emit_int(e, "progress", progress);
	emit_text(e, "caption", caption_of(req->arena, p, look));
	emit_text(e, "timezone", p->timezone);
	emit_text(e, "localTime", p->local_time);
	emit_instant(e, "publishedAt", p->published_us);
	emit_text(e, "remotePostId", p->remote_id);
	emit_text(e, "remoteUrl", p->remote_url);
	emit_int(e, "attempts", p->attempts);
	emit_instant(e, "nextAttemptAt", p->next_attempt_us);
	emit_text(e, "waitingFor", p->waiting_for);
	emit_error(e, p);
	emit_close(e);
}

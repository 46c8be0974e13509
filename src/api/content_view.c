/* SPDX-License-Identifier: Apache-2.0 */
#include "api/content_view.h"

#include "base/clock.h"
#include "base/config.h"
#include "media/url.h"

/* clang-format off */
static const struct field media_fields[] = {
	{ .name = "media_id", .kind = FIELD_ID },
	{ .name = "alt_text", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema media_schema = { "ContentMedia", 0, media_fields };
static const struct field view_fields[] = {
	{ .name = "id",                .kind = FIELD_ID },
	{ .name = "character_id",      .kind = FIELD_ID,   .flags = FIELD_NULLABLE },
	{ .name = "kind",              .kind = FIELD_ENUM, .choices = content_kind_names },
	{ .name = "title",             .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "caption",           .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "link",              .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "tags",              .kind = FIELD_TEXTS },
	{ .name = "media",             .kind = FIELD_OBJECTS, .nested = &media_schema },
	{ .name = "first_comment",     .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "overrides",         .kind = FIELD_JSON },
	{ .name = "state",             .kind = FIELD_ENUM, .choices = content_state_names },
	{ .name = "revision",          .kind = FIELD_INT },
	{ .name = "approved_revision", .kind = FIELD_INT,  .flags = FIELD_NULLABLE },
	{ .name = "approved_by",       .kind = FIELD_ID,   .flags = FIELD_NULLABLE },
	{ .name = "rejected_reason",   .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = "created_at",        .kind = FIELD_INSTANT },
	{ .name = "updated_at",        .kind = FIELD_INSTANT },
	{ .name = NULL },
};
const struct schema content_view_schema = { "Content", 0, view_fields };
static const struct field list_fields[] = {
	{ .name = "content",     .kind = FIELD_OBJECTS, .nested = &content_view_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
const struct schema content_view_list_schema = { "ContentList", 0, list_fields };
/* clang-format on */

static void emit_media(struct emit *e, const struct content *c)
{
	emit_open_array(e, "media");
	for (size_t i = 0; i < c->media_n; i++) {
		emit_open(e, NULL);
		emit_text(e, "media_id", c->media[i].media_id);
		emit_text(e, "alt_text", c->media[i].alt_text);
		emit_close(e);
	}
	emit_close_array(e);
}

void content_view_emit(struct emit *e, const struct content *c)
{
	emit_open(e, NULL);
	emit_text(e, "id", c->id);
	emit_text(e, "character_id", c->character_id);
	emit_text(e, "kind", content_kind_names[c->kind]);
	emit_text(e, "title", c->title);
	emit_text(e, "caption", c->caption);
	emit_text(e, "link", c->link);
	emit_raw(e, "tags", c->tags ? c->tags : "[]");
	emit_media(e, c);
	emit_text(e, "first_comment", c->first_comment);
	emit_raw(e, "overrides", c->overrides ? c->overrides : "{}");
	emit_text(e, "state", content_state_names[c->state]);
	emit_int(e, "revision", c->revision);
	if (c->approved_revision > 0)
		emit_int(e, "approved_revision", c->approved_revision);
	else
		emit_null(e, "approved_revision");
	emit_text(e, "approved_by", c->approved_by);
	emit_text(e, "rejected_reason", c->rejected_reason);
	emit_instant(e, "created_at", c->created_us);
	emit_instant(e, "updated_at", c->updated_us);
	emit_close(e);
}

void content_view_emit_urls(const struct request *req, struct emit *e, const char *key,
			    const struct content *c)
{
	const struct config *cfg = req->app->config;
	int64_t until_us = clock_real_us() + cfg->media_url_life_s * US_PER_S;

	emit_open_array(e, key);
	for (size_t i = 0; i < c->media_n; i++)
		emit_text(e, NULL,
			  media_url_sign(req->arena, req->app->keys, cfg->server_public_url,
					 c->media[i].media_id, c->media[i].ext, until_us));
	emit_close_array(e);
}

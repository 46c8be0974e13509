/* SPDX-License-Identifier: Apache-2.0 */
/* What everybody may see: the listing, the look-up by id, the page of a post. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/reaction.h"
#include "sandbox/tt.h"

#define PAGE_MOST 20

static bool is_visible(struct exchange *ex, const struct object *o)
{
	return !o->is_deleted && o->listed_us <= sandbox_world_now(ex->world);
}

/* Those of a video that are not played here have no value. */
static const char *const fields[] = {
	"id",         "create_time", "cover_image_url", "share_url",   "video_description",
	"duration",   "height",      "width",           "title",       "embed_html",
	"embed_link", "like_count",  "comment_count",   "share_count", "view_count",
	"is_aigc",    NULL,
};

static bool is_field(const char *name)
{
	size_t i = 0;

	while (fields[i] != NULL && strcmp(fields[i], name) != 0)
		i++;
	return fields[i] != NULL;
}

static json_t *video_whole(struct exchange *ex, const struct object *o)
{
	const struct tt_publish *p = o->extra; /* NULL: of an earlier run */
	const struct reaction r = sandbox_reaction(o);
	const char *link = arena_printf(ex->arena, "%s/@%s/%s/%s", ex->base_url,
					o->account->username, o->kind, o->id);

	return json_pack("{s:s,s:I,s:s,s:s,s:s,s:i,s:I,s:I,s:I,s:I}", "id", o->id, "create_time",
			 (json_int_t)(o->created_us / US_PER_S), "share_url", link, "title",
			 p != NULL && p->title != NULL ? p->title : "", "video_description",
			 o->caption != NULL ? o->caption : "", "duration",
			 strcmp(o->kind, "video") == 0, "view_count", (json_int_t)r.views,
			 "like_count", (json_int_t)r.likes, "comment_count", (json_int_t)r.comments,
			 "share_count", (json_int_t)r.shares);
}

/* What was asked for, and nothing else. */
static json_t *video_json(struct exchange *ex, const struct object *o, const struct list *asked)
{
	json_t *whole = video_whole(ex, o), *out = json_object();

	for (size_t i = 0; i < asked->n; i++) {
		json_t *value = json_object_get(whole, asked->v[i]);

		if (value != NULL)
			json_object_set(out, asked->v[i], value);
	}
	json_decref(whole);
	return out;
}

/* Who asks, and for which fields; NULL with the error written. */
static struct account *list_account(struct exchange *ex, struct list *ret_asked)
{
	struct account *a = sandbox_tt_account(ex, "video.list", TT_RATE_READ);
	const char *given = sandbox_exchange_param(ex, "fields");

	*ret_asked = sandbox_list_new(ex->arena);
	if (a == NULL)
		return NULL;
	sandbox_list_split(ret_asked, given != NULL ? given : "", ",");
	if (ret_asked->n == 0) {
		sandbox_tt_fail_text(ex, "invalid_params", "The fields are missing");
		return NULL;
	}
	for (size_t i = 0; i < ret_asked->n; i++) {
		if (is_field(ret_asked->v[i]))
			continue;
		sandbox_tt_fail_text(ex, "invalid_params", "A field is not one of a video");
		return NULL;
	}
	return a;
}

/* Newest first; the cursor is the time of the last one in milliseconds. */
void sandbox_tt_video_list(struct exchange *ex)
{
	struct list asked;
	struct account *a = list_account(ex, &asked);
	const char *count = sandbox_exchange_param(ex, "max_count");
	const char *cursor = sandbox_exchange_param(ex, "cursor");
	int64_t before_us = cursor != NULL ? strtoll(cursor, NULL, 10) * US_PER_MS : INT64_MAX,
		last_us = 0;
	size_t most = count != NULL ? (size_t)strtoul(count, NULL, 10) : 10, skip;
	json_t *videos;
	bool has_more = false;

	if (a == NULL)
		return;
	if (most < 1 || most > PAGE_MOST) {
		sandbox_tt_fail_text(ex, "invalid_params", "max_count must be 1 to 20");
		return;
	}
	videos = json_array();
	skip = sandbox_faults_hit(ex, "listing.missing_row") != NULL ? 1 : 0;
	for (size_t i = a->objects.n; i > 0 && !has_more; i--) {
		const struct object *o = a->objects.v[i - 1];

		if (!is_visible(ex, o) || o->created_us >= before_us || (skip > 0 && skip-- > 0))
			continue;
		has_more = json_array_size(videos) == most;
		if (has_more)
			break;
		last_us = o->created_us;
		json_array_append_new(videos, video_json(ex, o, &asked));
	}
	sandbox_tt_ok(ex, json_pack("{s:o,s:I,s:b}", "videos", videos, "cursor",
				    (json_int_t)(last_us / US_PER_MS), "has_more", has_more));
}

static bool ids_fit(struct exchange *ex, const json_t *ids)
{
	const json_t *id;
	size_t i;

	if (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > PAGE_MOST)
		return sandbox_tt_fail_text(ex, "invalid_params",
					    "filters.video_ids must have 1 to 20 ids");
	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);

		if (text == NULL || *text == '\0' || text[strspn(text, "0123456789")] != '\0')
			return sandbox_tt_fail_text(ex, "invalid_params",
						    "filters.video_ids must hold ids");
	}
	return true;
}

/* Of others' videos, and of those that nobody may see, the answer says nothing at all. */
static json_t *videos_of(struct exchange *ex, const struct account *a, const json_t *ids,
			 const struct list *asked)
{
	json_t *videos = json_array();
	const json_t *id;
	size_t i;

	json_array_foreach(ids, i, id) {
		const struct object *o =
			sandbox_world_object(ex->world, &sandbox_tiktok, json_string_value(id));

		if (o != NULL && o->account == a && is_visible(ex, o))
			json_array_append_new(videos, video_json(ex, o, asked));
	}
	return videos;
}

void sandbox_tt_video_query(struct exchange *ex)
{
	struct list asked;
	const struct account *a = list_account(ex, &asked);
	const char *filters = sandbox_exchange_param(ex, "filters");
	json_t *in = filters != NULL ? json_loads(filters, 0, NULL) : NULL;
	const json_t *ids = json_object_get(in, "video_ids");

	if (a != NULL && ids_fit(ex, ids))
		sandbox_tt_ok(ex, json_pack("{s:o}", "videos", videos_of(ex, a, ids, &asked)));
	json_decref(in);
}

void sandbox_tt_page(struct exchange *ex)
{
	const struct object *o = sandbox_world_object(ex->world, &sandbox_tiktok, ex->captures[2]);

	if (o == NULL || !is_visible(ex, o)) {
		sandbox_exchange_html(ex, 404, "<h1>Couldn't find this post</h1>");
		return;
	}
	sandbox_exchange_html(
		ex, 200,
		arena_printf(ex->arena, "<h1>@%s</h1><p>%s</p>",
			     sandbox_params_escape_html(ex->arena, o->account->username),
			     sandbox_params_escape_html(ex->arena,
							o->caption != NULL ? o->caption : "")));
}

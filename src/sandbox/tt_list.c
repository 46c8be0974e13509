/* SPDX-License-Identifier: Apache-2.0 */
/* What everybody may see: the listing, the look-up by id, the page of a post. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/tt.h"

#define PAGE_MOST 20

static bool is_visible(struct exchange *ex, const struct object *o)
{
	return !o->is_deleted && o->listed_us <= sandbox_world_now(ex->world);
}

static json_t *video_json(struct exchange *ex, const struct object *o)
{
	const struct tt_publish *p = o->extra; /* NULL: of an earlier run */
	const char *link = arena_printf(ex->arena, "%s/@%s/%s/%s", ex->base_url,
					o->account->username, o->kind, o->id);

	return json_pack("{s:s,s:I,s:s,s:s,s:s,s:i}", "id", o->id, "create_time",
			 (json_int_t)(o->created_us / US_PER_S), "share_url", link, "title",
			 p != NULL && p->title != NULL ? p->title : "", "video_description",
			 o->caption != NULL ? o->caption : "", "duration",
			 strcmp(o->kind, "video") == 0);
}

static struct account *list_account(struct exchange *ex)
{
	struct account *a = sandbox_tt_account(ex, "video.list", TT_RATE_READ);

	if (a == NULL || sandbox_exchange_param(ex, "fields") != NULL)
		return a;
	sandbox_tt_fail_text(ex, "invalid_params", "The fields are missing");
	return NULL;
}

/* Newest first; the cursor is the time of the last one in milliseconds. */
void sandbox_tt_video_list(struct exchange *ex)
{
	struct account *a = list_account(ex);
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
		json_array_append_new(videos, video_json(ex, o));
	}
	sandbox_tt_ok(ex, json_pack("{s:o,s:I,s:b}", "videos", videos, "cursor",
				    (json_int_t)(last_us / US_PER_MS), "has_more", has_more));
}

void sandbox_tt_video_query(struct exchange *ex)
{
	struct account *a = list_account(ex);
	const char *filters = sandbox_exchange_param(ex, "filters");
	json_t *in = filters != NULL ? json_loads(filters, 0, NULL) : NULL;
	const json_t *ids = json_object_get(in, "video_ids");
	json_t *videos = json_array();

	for (size_t i = 0; a != NULL && i < json_array_size(ids) && i < PAGE_MOST; i++) {
		const char *id = json_string_value(json_array_get(ids, i));
		const struct object *o =
			id != NULL ? sandbox_world_object(ex->world, &sandbox_tiktok, id) : NULL;

		if (o != NULL && o->account == a && is_visible(ex, o))
			json_array_append_new(videos, video_json(ex, o));
	}
	json_decref(in);
	if (a == NULL)
		json_decref(videos);
	else
		sandbox_tt_ok(ex, json_pack("{s:o}", "videos", videos));
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

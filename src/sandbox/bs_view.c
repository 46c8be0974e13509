/* SPDX-License-Identifier: Apache-2.0 */
/* What readers ask for: who has a handle, how posts were received, the page of one. */
#include <string.h>

#include "base/rfc3339.h"
#include "sandbox/bs.h"
#include "sandbox/reaction.h"

#define URIS_MOST 25

void sandbox_bs_resolve_handle(struct exchange *ex)
{
	const char *handle = sandbox_exchange_param(ex, "handle");
	const struct account *a = handle != NULL ? sandbox_bs_account(ex->world, handle) : NULL;

	if (a == NULL || strcmp(a->username, handle) != 0)
		sandbox_bs_fail(ex, 400, "InvalidRequest", "Unable to resolve handle");
	else
		sandbox_exchange_json(ex, 200, json_pack("{s:s}", "did", a->id));
}

static json_t *view_json(const struct object *o)
{
	const struct reaction r = sandbox_reaction(o);
	char at[RFC3339_MAX];

	rfc3339_print_ms(o->created_us, at);
	return json_pack("{s:s,s:{s:s,s:s},s:o,s:I,s:I,s:I,s:I,s:I,s:s}", "uri", o->id, "author",
			 "did", o->account->id, "handle", o->account->username, "record",
			 json_loads(o->options, 0, NULL), "likeCount", (json_int_t)r.likes,
			 "replyCount", (json_int_t)r.comments, "repostCount",
			 (json_int_t)(r.shares - 1), "quoteCount", (json_int_t)1, "bookmarkCount",
			 (json_int_t)r.saves, "indexedAt", at);
}

/* `uris` once for each; what is not there is left out. */
void sandbox_bs_get_posts(struct exchange *ex)
{
	const struct account *a = sandbox_bs_auth(ex);
	json_t *posts;
	size_t n = 0;

	if (a == NULL)
		return;
	posts = json_array();
	for (size_t i = 0; i < ex->params.n; i++) {
		const struct param *p = ex->params.v[i];
		const struct object *o;

		if (strcmp(p->name, "uris") != 0)
			continue;
		n++;
		o = sandbox_world_object(ex->world, &sandbox_bluesky, p->value);
		if (o != NULL && !o->is_deleted)
			json_array_append_new(posts, view_json(o));
	}
	if (n >= 1 && n <= URIS_MOST) {
		sandbox_exchange_json(ex, 200, json_pack("{s:o}", "posts", posts));
		return;
	}
	json_decref(posts);
	sandbox_bs_fail(ex, 400, "InvalidRequest", "uris must have between 1 and 25 elements");
}

void sandbox_bs_page(struct exchange *ex)
{
	const struct account *a = sandbox_bs_account(ex->world, ex->captures[0]);
	const struct object *o = NULL;
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	if (a != NULL)
		o = sandbox_world_object(
			ex->world, &sandbox_bluesky,
			arena_printf(ex->arena, "at://%s/" BS_POST "/%s", a->id, ex->captures[1]));
	if (o == NULL || o->is_deleted) {
		sandbox_exchange_html(
			ex, 404, "<!DOCTYPE html><title>Bluesky</title><h1>Post not found</h1>");
		return;
	}
	buf_printf(&page,
		   "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s on "
		   "Bluesky</title></head><body><h1>@%s</h1><p "
		   "style=\"white-space:pre-wrap\">%s</p></body></html>",
		   a->username, a->username, sandbox_params_escape_html(ex->arena, o->caption));
	sandbox_exchange_html(ex, 200, page.p);
}

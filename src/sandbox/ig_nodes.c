/* SPDX-License-Identifier: Apache-2.0 */
/* GET /{id}: containers and published media as nodes. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "sandbox/ig.h"
#include "sandbox/reaction.h"

static json_t *container_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct ig_container *)node)->id);
}

static struct ig_container *container_of(struct exchange *ex, const void *node)
{
	return sandbox_ig_node(ex->world, ((const struct ig_container *)node)->id)->p;
}

static json_t *container_code(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)sub;
	return json_string(sandbox_ig_status(ex->world, container_of(ex, node)));
}

static json_t *container_status(struct exchange *ex, const void *node, const json_t *sub)
{
	static const char *const sentences[][2] = {
		{ "IN_PROGRESS", "In Progress: Media is still being processed." },
		{ "FINISHED",
		  "Finished: Media has been uploaded and it is ready to be published." },
		{ "PUBLISHED", "Published: Media has been published." },
		{ "EXPIRED", "Expired: Media has expired." },
	};
	struct ig_container *c = container_of(ex, node);
	const char *code = sandbox_ig_status(ex->world, c);

	(void)sub;
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++)
		if (strcmp(sentences[i][0], code) == 0)
			return json_string(sentences[i][1]);
	return json_string(arena_printf(
		ex->arena, "Error: Media upload has failed with error code %d", c->error));
}

static json_t *container_video(struct exchange *ex, const void *node, const json_t *sub)
{
	const struct ig_container *c = node;
	bool is_whole = c->file_size > 0 && c->received == c->file_size;
	const char *code = sandbox_ig_status(ex->world, container_of(ex, node));

	(void)sub;
	if (!c->is_resumable)
		return NULL;
	return json_pack("{s:{s:s,s:I},s:{s:s}}", "uploading_phase", "status",
			 is_whole          ? "complete"
			 : c->received > 0 ? "in_progress"
					   : "not_started",
			 "bytes_transferred", (json_int_t)c->received, "processing_phase", "status",
			 !is_whole                          ? "not_started"
			 : strcmp(code, "IN_PROGRESS") == 0 ? "in_progress"
			 : strcmp(code, "ERROR") == 0       ? "error"
							    : "complete");
}

static json_t *container_copyright(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)node, (void)sub;
	return json_pack("{s:s,s:b}", "status", "completed", "matches_found", 0);
}

static const struct ig_field container_fields[] = {
	{ "id", container_id, NULL },
	{ "status", container_status, NULL },
	{ "status_code", container_code, NULL },
	{ "video_status", container_video, NULL },
	{ "copyright_check_status", container_copyright, NULL },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_container_type = { "ShadowIGMediaBuilder", container_fields, "id" };

static json_t *media_id(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct object *)node)->id);
}

static json_t *media_caption(struct exchange *ex, const void *node, const json_t *sub)
{
	const char *caption = ((const struct object *)node)->caption;

	(void)ex, (void)sub;
	return caption != NULL && *caption != '\0' ? json_string(caption) : NULL;
}

static json_t *media_timestamp(struct exchange *ex, const void *node, const json_t *sub)
{
	struct civil at;

	(void)sub;
	civil_from_us(((const struct object *)node)->created_us, &at);
	return json_string(arena_printf(ex->arena, "%04d-%02d-%02dT%02d:%02d:%02d+0000", at.year,
					at.month, at.day, at.hour, at.minute, at.second));
}

static json_t *media_permalink(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)sub;
	return json_string(arena_printf(ex->arena, "%s/p/%s/", ex->base_url,
					((const struct object *)node)->code));
}

static json_t *media_shortcode(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct object *)node)->code);
}

static enum ig_kind media_kind(const void *node)
{
	return ((const struct ig_container *)((const struct object *)node)->extra)->kind;
}

static json_t *media_type(struct exchange *ex, const void *node, const json_t *sub)
{
	enum ig_kind kind = media_kind(node);

	(void)ex, (void)sub;
	if (kind == IG_CAROUSEL)
		return json_string("CAROUSEL_ALBUM");
	return json_string((kind & IG_VIDEOS) != 0 ? "VIDEO" : "IMAGE");
}

static json_t *media_product(struct exchange *ex, const void *node, const json_t *sub)
{
	enum ig_kind kind = media_kind(node);

	(void)ex, (void)sub;
	if (kind == IG_REEL)
		return json_string("REELS");
	return json_string((kind & IG_STORIES) != 0 ? "STORY" : "FEED");
}

static json_t *media_url(struct exchange *ex, const void *node, const json_t *sub)
{
	const struct object *o = node;

	(void)ex, (void)sub;
	if (media_kind(node) == IG_CAROUSEL || o->media.n == 0)
		return NULL;
	return json_string(((const struct media_fact *)o->media.v[0])->url);
}

static json_t *media_username(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_string(((const struct object *)node)->account->username);
}

static json_t *media_owner(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_pack("{s:s}", "id", ((const struct object *)node)->account->id);
}

static json_t *media_comments(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_integer((json_int_t)((const struct object *)node)->comments.n);
}

static json_t *media_likes(struct exchange *ex, const void *node, const json_t *sub)
{
	(void)ex, (void)sub;
	return json_integer((json_int_t)sandbox_reaction(node).likes);
}

static const struct ig_field media_fields[] = {
	{ "id", media_id, NULL },
	{ "caption", media_caption, NULL },
	{ "timestamp", media_timestamp, NULL },
	{ "permalink", media_permalink, NULL },
	{ "shortcode", media_shortcode, NULL },
	{ "media_type", media_type, NULL },
	{ "media_product_type", media_product, NULL },
	{ "media_url", media_url, NULL },
	{ "thumbnail_url", media_url, NULL },
	{ "username", media_username, NULL },
	{ "owner", media_owner, NULL },
	{ "comments_count", media_comments, NULL },
	{ "like_count", media_likes, NULL },
	{ NULL, NULL, NULL },
};
const struct ig_type sandbox_ig_media_type = { "Media", media_fields, "id" };

static const struct account *node_account(const struct ig_node *node)
{
	if (node->type == &sandbox_ig_user_type)
		return node->p;
	if (node->type == &sandbox_ig_container_type)
		return ((const struct ig_container *)node->p)->account;
	if (node->type == &sandbox_ig_media_type)
		return ((const struct object *)node->p)->account;
	return NULL;
}

static bool page_is_seen(const struct token *t, const struct ig_page *page)
{
	return page != NULL && !sandbox_ig_is_ig_token(t) &&
	       sandbox_list_has_text(&t->grant->chosen, page->id) &&
	       (t->subject == NULL || strcmp(t->subject, page->id) == 0);
}

static bool node_is_seen(struct exchange *ex, const struct token *t, const struct ig_node *node)
{
	const struct account *a = node_account(node);

	if (node->type == &sandbox_ig_media_type && ((const struct object *)node->p)->is_deleted)
		return false;
	if (a != NULL)
		return sandbox_ig_sees(ex->world, t, a);
	if (node->type == &sandbox_ig_page_type)
		return page_is_seen(t, node->p);
	return node->type != &sandbox_ig_person_type || node->p == t->grant->person;
}

/* Objects that exist but cannot be read just now. */
static bool node_is_hidden(struct exchange *ex, const struct token *t, const struct ig_node *node)
{
	if (t->kind == IG_TOKEN_PAGE &&
	    (node->type == &sandbox_ig_container_type || node->type == &sandbox_ig_media_type) &&
	    sandbox_faults_hit(ex, "status.100_33_for_page_token") != NULL)
		return true;
	return node->type == &sandbox_ig_media_type &&
	       sandbox_faults_hit(ex, "permalink.100_33") != NULL;
}

void sandbox_ig_node_get(struct exchange *ex)
{
	struct token *t = sandbox_ig_auth(ex);
	const char *id = ex->captures[1];
	const struct ig_node *node = sandbox_ig_node(ex->world, id);

	if (t == NULL)
		return;
	if (node == NULL || !node_is_seen(ex, t, node) || node_is_hidden(ex, t, node)) {
		sandbox_ig_fail_text(
			ex, 100, 33,
			arena_printf(
				ex->arena,
				"Unsupported get request. Object with ID '%s' does not exist, "
				"cannot be loaded "
				"due to missing permissions, or does not support this operation.",
				id));
		return;
	}
	if (node_account(node) != NULL && !sandbox_ig_has_scope(t, IG_SCOPE_BASIC)) {
		sandbox_ig_fail(ex, 10, 0);
		return;
	}
	sandbox_ig_answer_node(ex, node->type, node->p);
}

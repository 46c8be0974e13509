/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fire: one media_publish of the container that stands in the memo. Confirm: address and first
 * comment of what is live; nothing in it can fail the post.
 */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "platform/instagram.h"

#define LINK_TRIES     3
#define COMMENT_TRIES  2
#define PAUSE_US       (5 * US_PER_S)
#define CODE_CONTAINER 24
#define CODE_NOT_READY 9007

static const struct script fire_script, confirm_script;

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_publish_token(d) };
	const char *container = instagram_container(d);
	struct script_refusal why = { OUTCOME_RESTAGE, POST_ERROR_PLATFORM, WHO_PLATFORM, 0, NULL };

	if (!container)
		return script_refuse(d->arena, &why, ret, "Nothing is prepared at Instagram yet.");
	if (!memo_int(d->memo, "fired"))
		memo_set_int(d->memo, "fired", d->now_us / US_PER_S);
	ret->request = instagram_call(&c, VERB_POST, "ig.media_publish", "/%s/media_publish",
				      d->account->remote_id);
	http_request_form(ret->request, "creation_id", container);
	return SCRIPT_SEND;
}

/*
 * What the reply to a fire proves. Server errors prove nothing whatever they say; and once a fire
 * of this container was in doubt, its refusal may mean that the earlier one did publish it.
 */
static enum error_class fire_class(const struct delivery *d, const struct instagram_reply *r)
{
	bool is_container = r->code == CODE_CONTAINER || r->code == CODE_NOT_READY;

	if (r->status >= 500 && BUG(server_error_is_proof))
		return CLASS_LATER;
	if (r->is_broken || r->status >= 500 || r->status < 400)
		return CLASS_DOUBT;
	if (is_container && memo_int(d->memo, "doubted"))
		return CLASS_DOUBT;
	return r->row->publish;
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;
	enum error_class class;
	const char *id;

	instagram_read(d->arena, last, &r);
	id = r.is_ok ? memo_id(d->arena, r.json, "id") : NULL;
	if (id && *id) {
		memo_set_text(d->memo, "media_id", id);
		ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED, .remote_id = id };
		return SCRIPT_DONE;
	}
	if (!r.row)
		r.row = instagram_error_find(0, 0, r.status);
	class = fire_class(d, &r);
	if (r.code == CODE_NOT_READY)
		memo_set_int(instagram_last_item(d), "ready", 0);
	instagram_fail(d->arena, &r, class, NULL, ret);
	if (class == CLASS_DOUBT)
		ret->outcome.retry_after_s = 0; /* looking costs nothing and must not wait */
	return SCRIPT_DONE;
}

static const struct script_row fire_rows[] = {
	{ "publish", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step instagram_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_FIRE;
	return script_run(&fire_script, d->memo, d, last, ret);
}

static enum script_move confirm_go(struct delivery *d, const char *state)
{
	memo_set_int(d->memo, "swapped", 0);
	return script_go(d->memo, &confirm_script, state);
}

static enum script_move confirm_wait(struct step_result *ret)
{
	ret->wait_us = PAUSE_US;
	return SCRIPT_WAIT;
}

static enum script_move ask_link(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };
	const char *id = memo_text(d->memo, "media_id");

	if (!id || memo_text(d->memo, "permalink"))
		return confirm_go(d, "comment");
	ret->request = instagram_call(&c, VERB_GET, "ig.media.get", "/%s", id);
	http_request_query(ret->request, "fields",
			   "id,permalink,shortcode,timestamp,media_type,media_product_type");
	return SCRIPT_SEND;
}

static enum script_move read_link(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;

	instagram_read(d->arena, last, &r);
	if (r.is_ok) {
		memo_set_text(d->memo, "permalink", memo_id(d->arena, r.json, "permalink"));
		return confirm_go(d, "comment");
	}
	/* Fresh objects are often unreadable by one of the tokens for a while. */
	if (r.code == 100 && instagram_swap_token(d))
		return SCRIPT_GO;
	if (memo_count(d->memo, "link_tries") < LINK_TRIES) {
		confirm_go(d, "link");
		return confirm_wait(ret);
	}
	return confirm_go(d, "comment");
}

static const char *comment_of(const struct delivery *d)
{
	enum instagram_kind kind = INSTAGRAM_STORY;
	const char *text = d->post->first_comment;

	(void)instagram_kind(d->post, &kind);
	return kind != INSTAGRAM_STORY && text && *text ? text : NULL;
}

/* memo.comment: absent, "sent" (perhaps taken), "done" or "failed". */
static enum script_move ask_comment(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_publish_token(d) };
	const char *text = comment_of(d), *id = memo_text(d->memo, "media_id");
	const char *state = memo_text(d->memo, "comment");

	if (!text || !id)
		return confirm_go(d, "end");
	if (state)
		return confirm_go(d, strcmp(state, "sent") == 0 ? "compare" : "end");
	memo_set_text(d->memo, "comment", "sent");
	memo_count(d->memo, "comment_tries");
	ret->request = instagram_call(&c, VERB_POST, "ig.comment", "/%s/comments", id);
	http_request_form(ret->request, "message", text);
	return SCRIPT_SEND;
}

static enum script_move comment_end(struct delivery *d, const char *how)
{
	memo_set_text(d->memo, "comment", how);
	return confirm_go(d, "end");
}

static enum script_move read_comment(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;

	instagram_read(d->arena, last, &r);
	if (r.is_ok)
		return comment_end(d, "done");
	if (!r.is_broken && r.status < 500 && r.row->elsewhere != CLASS_LATER)
		return comment_end(d, "failed");
	confirm_go(d, "compare");
	return confirm_wait(ret);
}

static enum script_move ask_compare(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };

	ret->request = instagram_call(&c, VERB_GET, "ig.comments", "/%s/comments",
				      memo_text(d->memo, "media_id"));
	http_request_query(ret->request, "fields", "id,text");
	http_request_query(ret->request, "limit", "50");
	return SCRIPT_SEND;
}

static bool has_comment(const struct delivery *d, const json_t *doc)
{
	const char *ours = instagram_canonical(d->arena, comment_of(d));
	const json_t *comment;
	size_t i;

	json_array_foreach(json_object_get(doc, "data"), i, comment) {
		const char *text = instagram_canonical(d->arena, memo_text(comment, "text"));

		if (strcmp(text, ours) == 0)
			return true;
	}
	return false;
}

/* Only the sight of the list without our comment allows sending it once more. */
static enum script_move read_compare(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;

	(void)ret;
	instagram_read(d->arena, last, &r);
	if (r.is_ok && has_comment(d, r.json))
		return comment_end(d, "done");
	if (!r.is_ok && r.code == 100 && instagram_swap_token(d))
		return SCRIPT_GO;
	if (!r.is_ok || memo_int(d->memo, "comment_tries") >= COMMENT_TRIES)
		return comment_end(d, "failed");
	memo_set_text(d->memo, "comment", NULL);
	return confirm_go(d, "comment");
}

static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *id = memo_text(d->memo, "media_id"), *link = memo_text(d->memo, "permalink");

	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = arena_strdup(d->arena, id ? id : ""),
		.remote_url = link ? arena_strdup(d->arena, link)
				   : arena_printf(d->arena, "%s/%s/",
						  platform_text(d->app, "profile_url"),
						  url_encode(d->arena, d->account->username)),
	};
	return SCRIPT_DONE;
}

static const struct script_row confirm_rows[] = {
	{ "link", ask_link, read_link },
	{ "comment", ask_comment, read_comment },
	{ "compare", ask_compare, read_compare },
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script confirm_script = { "confirm", confirm_rows };

enum step instagram_confirm(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_CONFIRM;
	return script_run(&confirm_script, d->memo, d, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fire: one POST /api/v1/statuses. The Idempotency-Key is the post's own and stays the same however
 * often it is fired: a server that honours it answers with the status that is there, and nothing
 * here relies on that.
 */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "platform/mastodon.h"
#include "platform/thread.h"

static const struct script fire_script;

static void add_text(json_t *body, const char *key, const char *value)
{
	if (value)
		json_object_set_new(body, key, json_string(value));
}

static void add_flag(json_t *body, const char *key, const json_t *options, const char *name)
{
	if (json_is_true(json_object_get(options, name)))
		json_object_set_new(body, key, json_true());
}

static void add_media(const struct delivery *d, json_t *body, const struct publication *part)
{
	const size_t first = thread_first(d->post, part);
	json_t *ids = json_array();

	for (size_t i = 0; i < part->media_n; i++)
		json_array_append_new(ids,
				      json_string(memo_text(mastodon_item(d, first + i), "id")));
	json_object_set_new(body, "media_ids", ids);
}

static json_t *poll_json(const json_t *poll)
{
	json_t *out = json_pack("{s:O, s:I}", "options", json_object_get(poll, "options"),
				"expires_in", (json_int_t)mastodon_poll_life_s(poll));

	add_flag(out, "multiple", poll, "multiple");
	add_flag(out, "hide_totals", poll, "hide_totals");
	return out;
}

/* Who sees it, the warning above it and its language hold for the whole thread. */
static json_t *body_of(const struct delivery *d, const struct publication *part)
{
	const json_t *poll = json_object_get(d->post->options, "poll");
	json_t *body = json_object();

	add_text(body, "status", mastodon_text(d->arena, d->app, part));
	if (part->media_n > 0)
		add_media(d, body, part);
	add_text(body, "in_reply_to_id", mastodon_reply_to(d));
	add_flag(body, "sensitive", d->post->options, "sensitive");
	add_text(body, "spoiler_text", mastodon_option(d->post, "content_warning"));
	add_text(body, "visibility", mastodon_option(d->post, "visibility"));
	add_text(body, "language", mastodon_option(d->post, "language"));
	if (d->part == 0 && json_is_object(poll))
		json_object_set_new(body, "poll", poll_json(poll));
	return body;
}

/* Whether the uploads of the part live long enough to be named now. */
static bool is_media_live(const struct delivery *d, const struct publication *part)
{
	const size_t first = thread_first(d->post, part);

	for (size_t i = first; i < first + part->media_n; i++) {
		const json_t *item = mastodon_item(d, i);

		if (!memo_text(item, "id") || memo_int(item, "dies") <= d->now_us / US_PER_S)
			return false;
	}
	return true;
}

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);
	const struct script_refusal spent = { OUTCOME_RESTAGE, POST_ERROR_MEDIA_REJECTED,
					      WHO_PLATFORM, 0, "media_expired" };
	const struct script_refusal lost = { OUTCOME_REFUSED, POST_ERROR_UNKNOWN, WHO_PLATFORM, 0,
					     "part_id_unknown" };
	struct publication part;

	mastodon_part_now(d, &part);
	if (d->part > 0 && !d->before_id)
		return script_refuse(
			d->arena, &lost, ret,
			"The id of the post before is not known, so nothing can follow it.");
	if (!is_media_live(d, &part))
		return script_refuse(d->arena, &spent, ret,
				     "The uploads at the server have expired; they are made anew.");
	if (!memo_int(d->memo, "fired"))
		memo_set_int(d->memo, "fired", d->now_us / US_PER_S);
	ret->request = mastodon_call(&c, VERB_POST, "mastodon.statuses", "/api/v1/statuses");
	http_request_header(ret->request, "Idempotency-Key", "%s.%zu", d->post_id, d->part);
	http_request_json(ret->request, body_of(d, &part));
	return SCRIPT_SEND;
}

/* Only the API's own refusal proves that there is no status; proxies and server errors do not. */
static enum error_class fire_class(const struct mastodon_reply *r)
{
	const bool is_theirs = r->is_spoken || BUG(mastodon_proxy_believed);

	if (r->is_broken || !is_theirs || r->status < 400 || r->status >= 500)
		return CLASS_DOUBT;
	return r->row->fire;
}

/* The uploads are not to be had: those of the part are made anew, a few times. */
static enum error_class redo_media(const struct delivery *d)
{
	struct publication part;
	bool is_final = false;
	size_t first;

	mastodon_part_now(d, &part);
	first = thread_first(d->post, &part);
	for (size_t i = first; i < first + part.media_n; i++) {
		is_final |= memo_count(mastodon_item(d, i), "renewals") >
			    platform_int(d->app, "media_renewals");
		mastodon_item_drop(d, i);
	}
	return is_final ? CLASS_CONTENT : CLASS_MEDIA;
}

enum script_move mastodon_found(const struct delivery *d, const json_t *status,
				struct step_result *ret)
{
	const char *id = memo_id(d->arena, status, "id"), *url = memo_text(status, "url");
	const bool is_address =
		url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);

	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = id,
		.remote_url = is_address ? arena_strdup(d->arena, url)
					 : arena_printf(d->arena, "%s/statuses/%s",
							mastodon_server(d->account),
							url_encode(d->arena, id)),
	};
	return SCRIPT_DONE;
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct mastodon_reply r;
	enum error_class class;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	if (r.is_ok && mastodon_is_id(memo_id(d->arena, r.json, "id")))
		return mastodon_found(d, r.json, ret);
	if (!r.row)
		r.row = mastodon_error_find(&r);
	class = fire_class(&r);
	if (class == CLASS_MEDIA)
		class = redo_media(d);
	mastodon_fail(d->arena, &r, class, NULL, ret);
	if (class == CLASS_DOUBT)
		ret->outcome.retry_after_s = 0; /* looking must not wait */
	return SCRIPT_DONE;
}

static const struct script_row fire_rows[] = {
	{ "post", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step mastodon_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_FIRE;
	return script_run(&fire_script, d->memo, d, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Fire: one POST /2/tweets. X knows no key that would make it repeatable. */
#include <string.h>

#include "base/clock.h"
#include "platform/twitter.h"

static const struct script fire_script;

static json_t *media_json(const struct delivery *d, const struct publication *part)
{
	const size_t first = twitter_part_first(d, part);
	json_t *ids = json_array();

	for (size_t i = 0; i < part->media_n; i++)
		json_array_append_new(ids,
				      json_string(memo_text(twitter_item(d, first + i), "id")));
	return json_pack("{s:o}", "media_ids", ids);
}

static void add_text(json_t *body, const char *key, const char *value)
{
	if (value)
		json_object_set_new(body, key, json_string(value));
}

static void add_flag(const struct delivery *d, json_t *body, const char *key, const char *option)
{
	if (json_is_true(json_object_get(d->post->options, option)))
		json_object_set_new(body, key, json_true());
}

static json_t *poll_json(const json_t *poll)
{
	return json_pack("{s:O, s:I}", "options", json_object_get(poll, "options"),
			 "duration_minutes", (json_int_t)memo_int(poll, "duration_minutes"));
}

/* What belongs to the head of a thread alone: the posts below are replies in its conversation. */
static void add_head(const struct delivery *d, json_t *body)
{
	const char *audience = twitter_option(d->post, "reply_settings");
	const json_t *poll = json_object_get(d->post->options, "poll");

	add_text(body, "quote_tweet_id", twitter_option(d->post, "quote_id"));
	if (audience && strcmp(audience, "everyone") != 0)
		add_text(body, "reply_settings", audience);
	if (json_is_object(poll))
		json_object_set_new(body, "poll", poll_json(poll));
}

static json_t *body_of(const struct delivery *d, const struct publication *part)
{
	const char *text = twitter_text(d->arena, d->app, part);
	const char *reply_to = twitter_reply_to(d);
	json_t *body = json_object();

	add_text(body, "text", *text ? text : NULL);
	if (part->media_n > 0)
		json_object_set_new(body, "media", media_json(d, part));
	if (reply_to)
		json_object_set_new(body, "reply",
				    json_pack("{s:s}", "in_reply_to_tweet_id", reply_to));
	if (d->part == 0)
		add_head(d, body);
	add_flag(d, body, "made_with_ai", "is_ai_generated");
	add_flag(d, body, "paid_partnership", "is_paid_partnership");
	return body;
}

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = { d->arena, d->app, d->account->access_token };
	struct script_refusal why = { OUTCOME_RESTAGE, POST_ERROR_MEDIA_REJECTED, WHO_PLATFORM, 0,
				      "media_expired" };
	const struct script_refusal lost = { OUTCOME_REFUSED, POST_ERROR_UNKNOWN, WHO_PLATFORM, 0,
					     "part_id_unknown" };
	struct publication part;

	twitter_part_now(d, &part);
	if (d->part > 0 && !d->before_id)
		return script_refuse(
			d->arena, &lost, ret,
			"The id of the post before is not known, so nothing can follow it.");
	if (!twitter_items_live(d, &part))
		return script_refuse(d->arena, &why, ret,
				     "The uploads at X have expired; they are made anew.");
	if (!memo_int(d->memo, "fired"))
		memo_set_int(d->memo, "fired", d->now_us / US_PER_S);
	ret->request = twitter_call(&c, VERB_POST, "x.tweets", "/2/tweets");
	http_request_json(ret->request, body_of(d, &part));
	return SCRIPT_SEND;
}

/* Only the API's own refusal proves that there is no post; proxies and server errors do not. */
static enum error_class fire_class(const struct twitter_reply *r)
{
	if (r->is_broken || !r->is_problem || r->status < 400 || r->status >= 500)
		return CLASS_DOUBT;
	return r->row->fire;
}

/* The uploads are spoilt: those of the part are made anew, a few times. */
static enum error_class redo_media(const struct delivery *d)
{
	struct publication part;
	bool is_final = false;
	size_t first;

	twitter_part_now(d, &part);
	first = twitter_part_first(d, &part);
	for (size_t i = first; i < first + part.media_n; i++) {
		is_final |= memo_count(twitter_item(d, i), "renewals") >
			    platform_int(d->app, "media_renewals");
		twitter_item_drop(d, i);
	}
	return is_final ? CLASS_CONTENT : CLASS_MEDIA;
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct twitter_reply r;
	enum error_class class;
	const char *id;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	id = memo_text(json_object_get(r.json, "data"), "id");
	if (r.is_ok && id && *id) {
		ret->outcome = (struct outcome){
			.kind = OUTCOME_PUBLISHED,
			.remote_id = id,
			.remote_url = arena_printf(d->arena, "%s/%s/status/%s",
						   platform_text(d->app, "profile_url"),
						   url_encode(d->arena, d->account->username),
						   url_encode(d->arena, id)),
		};
		return SCRIPT_DONE;
	}
	if (!r.row)
		r.row = twitter_error_find(&r);
	class = fire_class(&r);
	if (class == CLASS_MEDIA)
		class = redo_media(d);
	/* After a fire in doubt this is X's word that the earlier one did arrive. */
	if (class == CLASS_DUPLICATE && memo_int(d->memo, "doubted")) {
		memo_set_int(d->memo, "duplicate", 1);
		class = CLASS_DOUBT;
	}
	twitter_fail(d->arena, &r, class, NULL, ret);
	if (class == CLASS_DOUBT)
		ret->outcome.retry_after_s = 0; /* looking must not wait */
	return SCRIPT_DONE;
}

static const struct script_row fire_rows[] = {
	{ "post", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step twitter_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_FIRE;
	return script_run(&fire_script, d->memo, d, last, ret);
}

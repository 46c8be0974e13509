/* SPDX-License-Identifier: Apache-2.0 */
/* Posts of X: creation with all that it refuses, the timeline, deletion, the page of one post. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "crypto/random.h"
#include "sandbox/state.h"
#include "sandbox/tw.h"
#include "json/keep.h"

#define TEXT_MAX         280
#define TEXT_MAX_PREMIUM 25000
#define HANG_MS          200000
#define DUPLICATE        "You are not allowed to create a Tweet with duplicate content."

static const char *const post_keys[] = {
	"text",
	"media",
	"reply",
	"reply_settings",
	"poll",
	"quote_tweet_id",
	"community_id",
	"share_with_followers",
	"for_super_followers_only",
	"nullcast",
	"geo",
	"card_uri",
	"direct_message_deep_link",
	"made_with_ai",
	"paid_partnership",
	"edit_options",
	NULL,
};
static const char *const media_keys[] = { "media_ids", "tagged_user_ids", NULL };
static const char *const reply_keys[] = { "in_reply_to_tweet_id", "exclude_reply_user_ids", NULL };
static const char *const poll_keys[] = { "options", "duration_minutes", NULL };

struct draft {
	struct account *account;
	const char *text, *reply_to, *quote;
	struct list media; /* struct tw_media */
};

static bool forbidden(struct exchange *ex, const char *detail)
{
	return sandbox_tw_problem(ex, 403, "Forbidden", detail, "about:blank");
}

static bool draft_text(struct exchange *ex, const json_t *in, struct draft *d)
{
	const struct tw_user *u = d->account->extra;
	const json_t *text = json_object_get(in, "text");
	int64_t most = u->subscription != NULL ? TEXT_MAX_PREMIUM : TEXT_MAX;

	if (text != NULL && !json_is_string(text))
		return sandbox_tw_invalid(ex, "$.text: integer found, string expected");
	d->text = text != NULL ? arena_strdup(ex->world->arena, json_string_value(text)) : "";
	if (*d->text == '\0' && json_object_get(in, "media") == NULL)
		return sandbox_tw_invalid(ex, "Your Tweet text is empty.");
	if (sandbox_tw_length(ex->arena, d->text) > most)
		return sandbox_tw_invalid(ex, "Your Tweet text is too long.");
	if (sandbox_tw_cashtags(d->text) > 1)
		return sandbox_tw_invalid(ex, "A Post may hold at most one cashtag.");
	return true;
}

static bool media_add(struct exchange *ex, struct draft *d, const json_t *id, size_t n)
{
	const char *text = json_string_value(id);
	struct tw_media *m =
		text != NULL ? sandbox_map_get(&sandbox_tw_state(ex->world)->media, text) : NULL;
	bool is_alone;

	if (m == NULL || !sandbox_tw_media_usable(ex->world, m, d->account) ||
	    sandbox_faults_hit(ex, "tweets.media_invalid") != NULL)
		return sandbox_tw_invalid(ex, "Your media IDs are invalid.");
	is_alone = strcmp(m->category, "tweet_image") != 0;
	if (is_alone && n > 1)
		return sandbox_tw_invalid(ex, "Media types must not be mixed.");
	sandbox_list_add(&d->media, m);
	return true;
}

static bool draft_media(struct exchange *ex, const json_t *in, struct draft *d)
{
	const json_t *media = json_object_get(in, "media"), *id;
	const json_t *ids = json_object_get(media, "media_ids");
	size_t n = json_array_size(ids), i;

	d->media = sandbox_list_new(ex->world->arena);
	if (media == NULL)
		return true;
	if (!sandbox_tw_keys(ex, media, media_keys))
		return false;
	if (n < 1)
		return sandbox_tw_invalid(
			ex, "$.media.media_ids: there must be a minimum of 1 items in the array");
	if (n > 4)
		return sandbox_tw_invalid(
			ex, "$.media.media_ids: there must be a maximum of 4 items in the array");
	json_array_foreach(ids, i, id) {
		if (!media_add(ex, d, id, n))
			return false;
	}
	return true;
}

static bool draft_refs(struct exchange *ex, const json_t *in, struct draft *d)
{
	const json_t *reply = json_object_get(in, "reply");
	const char *quote = json_string_value(json_object_get(in, "quote_tweet_id"));
	const char *to = json_string_value(json_object_get(reply, "in_reply_to_tweet_id"));
	const struct object *target;

	if (reply != NULL && !sandbox_tw_keys(ex, reply, reply_keys))
		return false;
	if (reply != NULL && to == NULL)
		return sandbox_tw_invalid(ex, "$.reply.in_reply_to_tweet_id: is missing");
	target = to != NULL ? sandbox_world_object(ex->world, &sandbox_twitter, to) : NULL;
	if (to != NULL && (target == NULL || target->is_deleted))
		return sandbox_tw_problem(ex, 404, "Not Found Error",
					  "Could not find tweet with that id.",
					  "https://api.x.com/2/problems/resource-not-found");
	if (target != NULL && target->account != d->account)
		return forbidden(ex, "You are not permitted to perform this action.");
	if (quote != NULL && !sandbox_tw_state(ex->world)->is_enterprise)
		return forbidden(ex, "You are not permitted to perform this action.");
	d->reply_to = to != NULL ? arena_strdup(ex->world->arena, to) : NULL;
	d->quote = quote != NULL ? arena_strdup(ex->world->arena, quote) : NULL;
	return true;
}

static bool draft_options(struct exchange *ex, const json_t *in, const struct draft *d)
{
	static const char *const audiences[] = { "following", "mentionedUsers", "subscribers",
						 "verified" };
	const char *audience = json_string_value(json_object_get(in, "reply_settings"));
	const json_t *poll = json_object_get(in, "poll"),
		     *options = json_object_get(poll, "options");
	const json_t *minutes = json_object_get(poll, "duration_minutes");
	bool is_known = json_object_get(in, "reply_settings") == NULL;
	const json_t *option;
	size_t i;

	for (i = 0; audience != NULL && i < ARRAY_LEN(audiences); i++)
		is_known |= strcmp(audience, audiences[i]) == 0;
	if (!is_known)
		return sandbox_tw_invalid(
			ex, "$.reply_settings: does not have a value in the enumeration");
	if (poll == NULL)
		return true;
	if (!sandbox_tw_keys(ex, poll, poll_keys))
		return false;
	json_array_foreach(options, i, option) {
		const char *text = json_string_value(option);

		if (text == NULL || *text == '\0' || utf8_points(text) > 25)
			return sandbox_tw_invalid(ex, "$.poll.options: is invalid");
	}
	if (json_array_size(options) < 2 || json_array_size(options) > 4 || d->media.n > 0 ||
	    json_integer_value(minutes) < 5 || json_integer_value(minutes) > 10080)
		return sandbox_tw_invalid(ex, "$.poll: is invalid");
	return true;
}

static bool draft_is_new(struct exchange *ex, const struct draft *d)
{
	const struct list *all = &d->account->objects;
	int64_t since_us = sandbox_world_now(ex->world) - US_PER_DAY;

	if (sandbox_faults_hit(ex, "tweets.duplicate") != NULL)
		return forbidden(ex, DUPLICATE);
	for (size_t i = all->n; i-- > 0 && *d->text != '\0';) {
		const struct object *o = all->v[i];

		if (o->created_us < since_us)
			break;
		if (!o->is_deleted && strcmp(o->caption, d->text) == 0)
			return forbidden(ex, DUPLICATE);
	}
	return true;
}

static void post_add_media_link(struct world *w, const struct object *o, struct tw_post *p)
{
	char slug[TOKEN_TEXT_MAX(8)];
	const struct tw_media *first = p->media.n > 0 ? p->media.v[0] : NULL;

	if (first == NULL)
		return;
	random_token(slug, 7);
	p->text = arena_printf(w->arena, "%s%shttps://t.co/%s", p->text, *p->text ? " " : "", slug);
	json_array_append_new(
		p->urls,
		json_pack(
			"{s:o,s:o,s:s}", "url",
			json_string(arena_printf(w->arena, "https://t.co/%s", slug)),
			"expanded_url",
			json_string(arena_printf(
				w->arena, "https://x.com/%s/status/%s/%s/1", o->account->username,
				o->id, strncmp(first->type, "video/", 6) == 0 ? "video" : "photo")),
			"media_key", first->key));
}

/* What came beside the text, and the alternative texts, for the truth log. */
static const char *options_text(struct world *w, const json_t *in, const struct draft *d)
{
	json_t *out = json_deep_copy(in), *alts = json_array();
	char *text;
	const char *kept;

	json_object_del(out, "text");
	for (size_t i = 0; i < d->media.n; i++) {
		const struct tw_media *m = d->media.v[i];

		json_array_append_new(alts,
				      m->alt_text != NULL ? json_string(m->alt_text) : json_null());
	}
	json_object_set_new(out, "alt_texts", alts);
	json_object_del(out, "media");
	text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
	kept = arena_strdup(w->arena, text);
	free(text);
	json_decref(out);
	return kept;
}

static struct object *post_make(struct exchange *ex, const json_t *in, const struct draft *d)
{
	struct world *w = ex->world;
	struct object *o = arena_alloc(w->arena, sizeof(*o));
	struct tw_post *p = arena_alloc(w->arena, sizeof(*p));
	const json_t *lag = sandbox_faults_hit(ex, "timeline.lag");

	o->platform = &sandbox_twitter;
	o->account = d->account;
	o->id = sandbox_tw_snowflake(w);
	o->kind = d->media.n == 0 ? "text" : "media";
	o->caption = d->text;
	o->options = options_text(w, in, d);
	o->code = o->id;
	o->media = sandbox_list_new(w->arena);
	for (size_t i = 0; i < d->media.n; i++)
		sandbox_list_add(&o->media, &((struct tw_media *)d->media.v[i])->fact);
	o->comments = sandbox_list_new(w->arena);
	o->created_us = sandbox_world_now(w);
	o->listed_us = o->created_us +
		       sandbox_faults_int(lag, "ms", w->settings.listing_lag_ms) * US_PER_MS;
	o->ends_us = INSTANT_NONE;
	o->extra = p;
	p->media = d->media;
	p->reply_to = d->reply_to;
	p->quote = d->quote;
	p->text = sandbox_tw_shorten(w, d->text, &p->urls);
	(void)json_keep(w->arena, p->urls);
	post_add_media_link(w, o, p);
	return o;
}

/*
 * After a restart: what is shown of a post follows from its text and options. Uploads that were not
 * posted yet are forgotten, as X forgets them too.
 */
void sandbox_tw_loaded(struct world *w)
{
	for (size_t i = 0; i < w->objects_list.n; i++) {
		struct object *o = w->objects_list.v[i];
		struct tw_post *p;
		json_t *options;

		if (o->platform != &sandbox_twitter || o->extra != NULL)
			continue;
		p = o->extra = arena_alloc(w->arena, sizeof(*p));
		options = o->options != NULL ? json_loads(o->options, 0, NULL) : NULL;
		p->reply_to = sandbox_state_text(w, json_object_get(options, "reply"),
						 "in_reply_to_tweet_id");
		p->quote = sandbox_state_text(w, options, "quote_tweet_id");
		p->media = sandbox_list_new(w->arena);
		for (size_t k = 0; k < o->media.n; k++) {
			struct tw_media *m = arena_alloc(w->arena, sizeof(*m));

			m->fact = *(struct media_fact *)o->media.v[k];
			m->type = m->fact.mime;
			m->key = arena_printf(w->arena, "3_%s", sandbox_tw_snowflake(w));
			sandbox_list_add(&p->media, m);
		}
		p->text = sandbox_tw_shorten(w, o->caption != NULL ? o->caption : "", &p->urls);
		(void)json_keep(w->arena, p->urls);
		post_add_media_link(w, o, p);
		json_decref(options);
	}
}

/* Drawn before the commit, so that the truth line names the fault; borrowed params or NULL. */
struct fate {
	const json_t *broken, *drop, *hang;
};

static void post_commit(struct exchange *ex, const json_t *in, const struct draft *d)
{
	struct object *o = post_make(ex, in, d);
	const struct tw_post *p = o->extra;
	const struct fate fate = { sandbox_faults_hit(ex, "tweets.commit_then_5xx"),
				   sandbox_faults_hit(ex, "tweets.commit_then_drop"),
				   sandbox_faults_hit(ex, "tweets.commit_then_hang") };

	if (!sandbox_world_publish(ex, o)) {
		sandbox_tw_problem(ex, 503, "Service Unavailable", "Service Unavailable",
				   "about:blank");
		return;
	}
	sandbox_world_spend(ex->world, &d->account->spends);
	sandbox_exchange_json(ex, 201,
			      json_pack("{s:{s:s,s:s,s:[s]}}", "data", "id", o->id, "text", p->text,
					"edit_history_tweet_ids", o->id));
	if (fate.broken != NULL)
		sandbox_tw_problem(ex, 503, "Service Unavailable", "Service Unavailable",
				   "about:blank");
	if (fate.drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (fate.hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(fate.hang, "ms", HANG_MS));
}

static bool faults_before(struct exchange *ex)
{
	if (sandbox_faults_hit(ex, "tweets.drop_before_commit") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (sandbox_faults_hit(ex, "tweets.5xx") != NULL)
		return sandbox_tw_problem(ex, 503, "Service Unavailable", "Service Unavailable",
					  "about:blank");
	return true;
}

void sandbox_tw_tweets(struct exchange *ex)
{
	struct draft d = { .account = sandbox_tw_auth(ex, "tweet.write") };
	json_t *in = d.account != NULL ? sandbox_tw_body(ex, post_keys) : NULL;

	if (in == NULL)
		return;
	if (faults_before(ex) && draft_text(ex, in, &d) && draft_media(ex, in, &d) &&
	    draft_refs(ex, in, &d) && draft_options(ex, in, &d) && draft_is_new(ex, &d))
		post_commit(ex, in, &d);
	json_decref(in);
}

static json_t *post_json(const struct exchange *ex, const struct object *o)
{
	const bool is_new = sandbox_exchange_param(ex, "post.fields") != NULL;
	const struct tw_post *p = o->extra;
	char at[RFC3339_MAX];
	json_t *out, *refs = json_array(), *keys = json_array();

	rfc3339_print_ms(o->created_us, at);
	out = json_pack("{s:s,s:s,s:s,s:[s]}", "id", o->id, "text", p->text, "created_at", at,
			"edit_history_tweet_ids", o->id);
	if (json_array_size(p->urls) > 0)
		json_object_set_new(out, "entities", json_pack("{s:O}", "urls", p->urls));
	for (size_t i = 0; i < p->media.n; i++)
		json_array_append_new(keys, json_string(((struct tw_media *)p->media.v[i])->key));
	if (p->media.n > 0)
		json_object_set_new(out, "attachments", json_pack("{s:O}", "media_keys", keys));
	if (p->reply_to != NULL)
		json_array_append_new(
			refs, json_pack("{s:s,s:s}", "type", "replied_to", "id", p->reply_to));
	if (p->quote != NULL)
		json_array_append_new(refs,
				      json_pack("{s:s,s:s}", "type", "quoted", "id", p->quote));
	if (json_array_size(refs) > 0)
		json_object_set(out, is_new ? "referenced_posts" : "referenced_tweets", refs);
	json_decref(refs);
	json_decref(keys);
	return out;
}

static bool timeline_range(struct exchange *ex, int64_t *ret_since_us, size_t *ret_most,
			   size_t *ret_skip)
{
	const char *since = sandbox_exchange_param(ex, "start_time");
	const char *most = sandbox_exchange_param(ex, "max_results");
	const char *page = sandbox_exchange_param(ex, "pagination_token");

	*ret_since_us = INT64_MIN;
	*ret_most = most != NULL ? (size_t)strtoul(most, NULL, 10) : 10;
	*ret_skip = page != NULL ? (size_t)strtoul(page + 1, NULL, 10) : 0;
	if (*ret_most < 5 || *ret_most > 100)
		return sandbox_tw_invalid(
			ex, "The `max_results` query parameter value is not between 5 and 100");
	if (since != NULL && (strchr(since, 'Z') == NULL || rfc3339_parse(since, ret_since_us) < 0))
		return sandbox_tw_invalid(ex,
					  "The `start_time` query parameter value is not a date");
	return true;
}

void sandbox_tw_timeline(struct exchange *ex)
{
	struct account *a = sandbox_tw_auth(ex, "tweet.read");
	int64_t now_us = sandbox_world_now(ex->world), since_us;
	size_t most, skip, seen = 0, n;
	json_t *data, *meta;

	if (a == NULL || !timeline_range(ex, &since_us, &most, &skip))
		return;
	a = sandbox_world_account(ex->world, &sandbox_twitter, ex->captures[0]);
	if (a == NULL) {
		sandbox_tw_problem(ex, 404, "Not Found Error", "Could not find user with that id.",
				   "https://api.x.com/2/problems/resource-not-found");
		return;
	}
	data = json_array();
	for (size_t i = a->objects.n; i-- > 0;) { /* newest first */
		const struct object *o = a->objects.v[i];

		if (o->is_deleted || o->created_us < since_us || o->listed_us > now_us)
			continue;
		if (seen++ >= skip && json_array_size(data) < most)
			json_array_append_new(data, post_json(ex, o));
	}
	n = json_array_size(data);
	if (n > 0 && sandbox_faults_hit(ex, "timeline.missing_row") != NULL)
		json_array_remove(data, --n);
	meta = json_pack("{s:I}", "result_count", (json_int_t)n);
	if (seen > skip + most)
		json_object_set_new(meta, "next_token",
				    json_string(arena_printf(ex->arena, "p%zu", skip + most)));
	if (n > 0)
		sandbox_exchange_json(ex, 200, json_pack("{s:O,s:o}", "data", data, "meta", meta));
	else
		sandbox_exchange_json(ex, 200, json_pack("{s:o}", "meta", meta));
	json_decref(data);
}

void sandbox_tw_delete(struct exchange *ex)
{
	const struct account *a = sandbox_tw_auth(ex, "tweet.write");
	struct object *o = sandbox_world_object(ex->world, &sandbox_twitter, ex->captures[0]);

	if (a == NULL)
		return;
	if (o != NULL && o->account != a) {
		forbidden(ex, "You are not authorized to delete this Tweet.");
		return;
	}
	if (o != NULL && !o->is_deleted)
		sandbox_world_delete(ex, o);
	sandbox_exchange_json(ex, 200, json_pack("{s:{s:b}}", "data", "deleted", o != NULL));
}

void sandbox_tw_page(struct exchange *ex)
{
	const struct object *o = sandbox_world_object(ex->world, &sandbox_twitter, ex->captures[1]);
	CLEANUP(buf_done) struct buf page = BUF_INIT;

	if (o == NULL || o->is_deleted) {
		sandbox_exchange_html(
			ex, 404, "<!DOCTYPE html><title>X</title><h1>Nothing to see here</h1>");
		return;
	}
	buf_printf(
		&page,
		"<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s on X</title></head>"
		"<body><h1>@%s</h1><p style=\"white-space:pre-wrap\">%s</p></body></html>",
		o->account->username, o->account->username,
		sandbox_params_escape_html(ex->arena, o->caption));
	sandbox_exchange_html(ex, 200, page.p);
}

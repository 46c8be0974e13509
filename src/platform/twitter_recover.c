/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt: the account's own posts since shortly before the fire, compared by text, media, reply and
 * quote. A list that was read to its end without a match is evidence of absence, unless X itself
 * said that the text exists.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/twitter.h"

#define EARLY_S   60
#define PAGES_MAX 10
#define EPOCH_MS  1288834974657LL /* of X's ids */

static const struct script recover_script;

/* ret holds the outcome; the next look starts from the first page. */
static enum script_move recover_end(struct delivery *d)
{
	memo_set_text(d->memo, "recover", NULL);
	memo_set_text(d->memo, "page", NULL);
	memo_set_int(d->memo, "pages", 0);
	json_object_del(d->memo, "matches");
	return SCRIPT_DONE;
}

/* The first fire: a later one that X calls a duplicate came after it. */
static int64_t since_s(const struct delivery *d)
{
	int64_t permit = (d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us) / US_PER_S;
	int64_t first = memo_int(d->memo, "fired");

	return (first > 0 && first < permit ? first : permit) - EARLY_S;
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = { d->arena, d->app, d->account->access_token };
	char since[RFC3339_MAX];
	struct publication part;

	twitter_part_now(d, &part); /* a fire that nobody noted is not that of the part before */
	memo_set_int(d->memo, "doubted", 1);
	rfc3339_print(since_s(d) * US_PER_S, since);
	ret->request = twitter_call(&c, VERB_GET, "x.timeline", "/2/users/%s/tweets",
				    url_encode(d->arena, d->account->remote_id));
	http_request_query(ret->request, "max_results", "100");
	http_request_query(ret->request, "start_time", since);
	http_request_query(ret->request, "exclude", "retweets");
	http_request_query(ret->request, platform_text(d->app, "fields_parameter"),
			   platform_text(d->app, "fields"));
	http_request_query(ret->request, "pagination_token", memo_text(d->memo, "page"));
	return SCRIPT_SEND;
}

static const char *replace_all(struct arena *a, const char *text, const char *from, const char *to)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	size_t len = strlen(from);
	const char *at;

	if (len == 0)
		return text;
	for (; (at = strstr(text, from)); text = at + len) {
		buf_add(&out, text, (size_t)(at - text));
		buf_adds(&out, to);
	}
	buf_adds(&out, text);
	return arena_strdup(a, buf_str(&out));
}

/* What is looked for. */
struct looking {
	const struct delivery *d;
	struct publication part;
	const char *text, *quote; /* canonical; NULL none */
};

/* X puts a link to the media, and to a quoted post, behind the text. */
static bool is_added(const struct looking *l, const char *expanded)
{
	const char *quote = l->quote;
	const char *at = strstr(expanded, "/status/");

	if (!at)
		return false;
	if (quote && strcmp(at + strlen("/status/"), quote) == 0)
		return true;
	at += strlen("/status/");
	at += strspn(at, "0123456789");
	return l->part.media_n > 0 &&
	       (strncmp(at, "/photo/", 7) == 0 || strncmp(at, "/video/", 7) == 0);
}

/* X is renaming what it calls a tweet. */
static const json_t *either(const json_t *tweet, const char *old, const char *new)
{
	const json_t *found = json_object_get(tweet, old);

	return found ? found : json_object_get(tweet, new);
}

static const char *remote_text(const struct looking *l, const json_t *tweet)
{
	static const char *const escapes[][2] = { { "&lt;", "<" },
						  { "&gt;", ">" },
						  { "&quot;", "\"" },
						  { "&#39;", "'" },
						  { "&amp;", "&" } };
	const json_t *note = either(tweet, "note_tweet", "note_post");
	const json_t *holder = json_is_object(note) ? note : tweet;
	const char *text = memo_text(holder, "text");
	const json_t *urls = json_object_get(json_object_get(holder, "entities"), "urls"), *url;
	size_t i;

	if (!text)
		return "";
	for (size_t k = 0; k < ARRAY_LEN(escapes); k++)
		text = replace_all(l->d->arena, text, escapes[k][0], escapes[k][1]);
	json_array_foreach(urls, i, url) {
		const char *from = memo_text(url, "url"), *to = memo_text(url, "expanded_url");

		if (from && to)
			text = replace_all(l->d->arena, text, from, is_added(l, to) ? "" : to);
	}
	return text;
}

/* The moment is in the id as well. */
static int64_t created_us(const json_t *tweet)
{
	const char *at = memo_text(tweet, "created_at"), *id = memo_text(tweet, "id");
	int64_t us;

	if (at && rfc3339_parse(at, &us) == 0)
		return us;
	return id ? ((strtoll(id, NULL, 10) >> 22) + EPOCH_MS) * US_PER_MS : 0;
}

static bool refers_to(const json_t *tweet, const char *type, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(either(tweet, "referenced_tweets", "referenced_posts"), i, one) {
		const char *is = memo_text(one, "type"), *to = memo_text(one, "id");

		if (is && strcmp(is, type) == 0)
			return id && to && strcmp(to, id) == 0;
	}
	return id == NULL;
}

static bool is_ours(const struct looking *l, const json_t *tweet)
{
	const struct delivery *d = l->d;
	const char *id = memo_text(tweet, "id");
	const json_t *attached = json_object_get(tweet, "attachments");

	if (!id || created_us(tweet) < since_s(d) * US_PER_S)
		return false;
	if (json_array_size(json_object_get(attached, "media_keys")) != l->part.media_n)
		return false;
	if (!refers_to(tweet, "replied_to", twitter_reply_to(d)) ||
	    !refers_to(tweet, "quoted", l->quote))
		return false;
	if (strcmp(twitter_canonical(d->arena, remote_text(l, tweet)), l->text) != 0 &&
	    !BUG(any_text_matches))
		return false;
	return script_is_free(d, id);
}

/* By id, so that a list that repeats a row does not look ambiguous. */
static void note_matches(const struct delivery *d, const json_t *doc)
{
	struct looking l = { .d = d };
	const json_t *tweet;
	size_t i;

	twitter_part_now(d, &l.part);
	l.quote = d->part == 0 ? twitter_option(d->post, "quote_id") : NULL;
	l.text = twitter_canonical(d->arena, twitter_text(d->arena, d->app, &l.part));

	if (!json_object_get(d->memo, "matches"))
		json_object_set_new(d->memo, "matches", json_object());
	json_array_foreach(json_object_get(doc, "data"), i, tweet) {
		if (is_ours(&l, tweet))
			json_object_set_new(json_object_get(d->memo, "matches"),
					    memo_text(tweet, "id"), json_true());
	}
}

static enum script_move found_one(struct delivery *d, const char *id, struct step_result *ret)
{
	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = arena_strdup(d->arena, id),
		.remote_url = arena_printf(
			d->arena, "%s/%s/status/%s", platform_text(d->app, "profile_url"),
			url_encode(d->arena, d->account->username), url_encode(d->arena, id)),
	};
	return recover_end(d);
}

static enum script_move verdict(struct delivery *d, bool is_covered, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, 0,
				      "ambiguous" };
	json_t *matches = json_object_get(d->memo, "matches");
	const char *one = json_object_iter_key(json_object_iter(matches));
	size_t n = json_object_size(matches);

	if (n == 1 && is_covered && script_is_certain(d, one))
		return found_one(d, one, ret);
	if (n == 0 && is_covered && !memo_int(d->memo, "duplicate")) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return recover_end(d);
	}
	if (n == 0 && is_covered) {
		why.slug = "duplicate_unseen";
		script_refuse(d->arena, &why, ret,
			      "X says that the text is posted already, but does not list it; "
			      "look at the profile and settle the post by hand.");
	} else {
		script_refuse(
			d->arena, &why, ret,
			"X lists %zu posts that look like it%s; choose the right one by hand.", n,
			is_covered ? "" : ", and more than could be read");
	}
	return recover_end(d);
}

static enum script_move recover_blind(struct delivery *d, struct twitter_reply *r,
				      struct step_result *ret)
{
	if (!r->row)
		r->row = twitter_error_find(r);
	twitter_fail(d->arena, r, CLASS_DOUBT, NULL, ret);
	/* A token that has ended is renewed meanwhile, or no look would ever succeed. */
	if (r->row->elsewhere == CLASS_TOKEN)
		ret->outcome.kind = OUTCOME_REFRESH;
	return recover_end(d);
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct twitter_reply r;
	const json_t *meta;
	const char *next;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	meta = json_object_get(r.json, "meta");
	if (!r.is_ok || !json_is_integer(json_object_get(meta, "result_count")))
		return recover_blind(d, &r, ret);
	/* Rows that were said to be there must be there. */
	if ((size_t)memo_int(meta, "result_count") !=
	    json_array_size(json_object_get(r.json, "data")))
		return recover_blind(d, &r, ret);
	note_matches(d, r.json);
	next = memo_text(meta, "next_token");
	if (!next || !*next || BUG(first_page_suffices))
		return verdict(d, true, ret);
	if (memo_count(d->memo, "pages") >= PAGES_MAX)
		return verdict(d, false, ret);
	memo_set_text(d->memo, "page", next);
	return script_go(d->memo, &recover_script, "list");
}

static const struct script_row recover_rows[] = {
	{ "list", ask_list, read_list },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step twitter_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

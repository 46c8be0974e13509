/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt: the account's own statuses, newest first, back to shortly before the fire. One that holds
 * our uploads is ours. Else those of the same shape are compared by their words, first as the list
 * shows them, then, where that differs, as they were written: servers rewrite what they show. A
 * list that was read to its end without a match is evidence of absence.
 */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/mastodon.h"
#include "platform/thread.h"

#define EARLY_S   60
#define PAGES_MAX 10
#define ASKS_MAX  20
#define PAGE      "40"

static const struct script recover_script;

/* What is looked for. */
struct looking {
	const struct delivery *d;
	struct publication part;
	const char *words; /* canonical */
	int64_t since_us;  /* by the server's clock */
	bool has_poll;
};

static json_t *list_of(const struct delivery *d, const char *key)
{
	if (!json_is_array(json_object_get(d->memo, key)))
		json_object_set_new(d->memo, key, json_array());
	return json_object_get(d->memo, key);
}

/* ret holds the outcome; the next look starts from the first page. */
static enum script_move recover_end(struct delivery *d)
{
	static const char *const keys[] = { "recover", "max_id", "pages",
					    "matches", "asks",   "proven" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		json_object_del(d->memo, keys[i]);
	return SCRIPT_DONE;
}

/* Text and warning together: a server may make the one of the other. */
static const char *words_of(struct arena *a, const char *warning, const char *text)
{
	return mastodon_canonical(a, arena_printf(a, "%s %s", warning ? warning : "", text));
}

static void look_for(const struct delivery *d, int64_t skew_us, struct looking *ret)
{
	const int64_t permit_s = (d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us) / US_PER_S;
	const int64_t first_s = memo_int(d->memo, "fired");
	const int64_t since_s = first_s > 0 && first_s < permit_s ? first_s : permit_s;

	*ret = (struct looking){ .d = d, .since_us = (since_s - EARLY_S) * US_PER_S + skew_us };
	mastodon_part_now(d, &ret->part);
	ret->words = words_of(d->arena, mastodon_option(d->post, "content_warning"),
			      mastodon_text(d->arena, d->app, &ret->part));
	ret->has_poll = d->part == 0 && json_is_object(json_object_get(d->post->options, "poll"));
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);
	const char *id = mastodon_local_id(d->arena, d->account);
	struct publication part;

	mastodon_part_now(d, &part); /* a fire that nobody noted is not that of the part before */
	ret->request = mastodon_call(&c, VERB_GET, "mastodon.list", "/api/v1/accounts/%s/statuses",
				     url_encode(d->arena, id));
	http_request_query(ret->request, "limit", PAGE);
	http_request_query(ret->request, "exclude_reblogs", "true");
	http_request_query(ret->request, "max_id", memo_text(d->memo, "max_id"));
	return SCRIPT_SEND;
}

static int64_t created_us(const json_t *status)
{
	const char *at = memo_text(status, "created_at");
	int64_t us;

	return at && rfc3339_parse(at, &us) == 0 ? us : INT64_MAX;
}

/* Whether they are the very files that we have uploaded for this part. */
static bool holds_uploads(const struct looking *l, const json_t *attached)
{
	const size_t first = thread_first(l->d->post, &l->part);
	const json_t *one;
	size_t i;

	json_array_foreach(attached, i, one) {
		const char *ours = memo_text(mastodon_item(l->d, first + i), "id");
		const char *theirs = memo_id(l->d->arena, one, "id");

		if (!ours || !theirs || strcmp(ours, theirs) != 0)
			return false;
	}
	return l->part.media_n > 0;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* All but its words. */
static bool is_shaped_alike(const struct looking *l, const json_t *status)
{
	const struct delivery *d = l->d;
	const char *id = memo_id(d->arena, status, "id");

	const bool is_old = created_us(status) < l->since_us && !BUG(mastodon_age_ignored);

	if (!mastodon_is_id(id) || is_old || json_is_object(json_object_get(status, "reblog")))
		return false;
	if (json_array_size(json_object_get(status, "media_attachments")) != l->part.media_n)
		return false;
	return is_same(memo_id(d->arena, status, "in_reply_to_id"), mastodon_reply_to(d)) &&
	       json_is_object(json_object_get(status, "poll")) == l->has_poll &&
	       script_is_free(d, id);
}

static bool is_worded_alike(const struct looking *l, const json_t *status)
{
	const char *text = memo_text(status, "text"), *html = memo_text(status, "content");

	if (!text)
		text = html ? mastodon_plain(l->d->arena, html) : "";
	return strcmp(words_of(l->d->arena, memo_text(status, "spoiler_text"), text), l->words) ==
	       0;
}

/* By id, so that a list that repeats a row does not look ambiguous. */
static void note(const struct looking *l, const char *key, const json_t *status)
{
	const char *id = memo_id(l->d->arena, status, "id"), *url = memo_text(status, "url");
	json_t *list = list_of(l->d, key);
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (is_same(memo_text(one, "id"), id))
			return;
	}
	json_array_append_new(list, json_pack("{s:s, s:s?}", "id", id, "url", url));
}

static void note_status(const struct looking *l, const json_t *status)
{
	if (!is_shaped_alike(l, status))
		return;
	if (holds_uploads(l, json_object_get(status, "media_attachments")))
		note(l, "proven", status);
	else
		note(l, is_worded_alike(l, status) ? "matches" : "asks", status);
}

/* found: the one that it is to be. Uploads are nobody else's; words may be a twin's. */
static bool is_certain(const struct delivery *d, const json_t *found, bool is_proven)
{
	const char *id = memo_text(found, "id");

	if (!mastodon_is_id(id))
		return false;
	return is_proven ? script_is_free(d, id) : script_is_certain(d, id);
}

static enum script_move verdict(struct delivery *d, bool is_covered, struct step_result *ret)
{
	const struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, 0,
					    "ambiguous" };
	const bool is_proven = json_array_size(list_of(d, "proven")) > 0;
	const json_t *found = list_of(d, is_proven ? "proven" : "matches");
	const size_t listed = json_array_size(found);
	const size_t n = listed > 0 && BUG(mastodon_first_taken) ? 1 : listed;

	if (n == 1 && (is_covered || is_proven) &&
	    is_certain(d, json_array_get(found, 0), is_proven)) {
		mastodon_found(d, json_array_get(found, 0), ret);
		return recover_end(d);
	}
	if (n == 0 && is_covered)
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
	else
		script_refuse(d->arena, &why, ret,
			      "The server lists %zu posts that look like it%s; choose the right "
			      "one by hand.",
			      n, is_covered ? "" : ", and more than could be read");
	return recover_end(d);
}

static enum script_move recover_blind(struct delivery *d, struct mastodon_reply *r,
				      struct step_result *ret)
{
	if (!r->row)
		r->row = mastodon_error_find(r);
	mastodon_fail(d->arena, r, CLASS_DOUBT, NULL, ret);
	if (r->row->elsewhere == CLASS_RECONNECT && r->is_spoken)
		ret->outcome.kind = OUTCOME_REAUTH;
	return recover_end(d);
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct mastodon_reply r;
	const json_t *status, *end;
	struct looking l;
	size_t i;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	if (!r.is_ok || !json_is_array(r.json))
		return recover_blind(d, &r, ret);
	look_for(d, r.skew_us, &l);
	json_array_foreach(r.json, i, status)
		note_status(&l, status);
	end = json_array_get(r.json, json_array_size(r.json) - 1);
	if (!end || created_us(end) < l.since_us || BUG(mastodon_page_suffices))
		return script_go(d->memo, &recover_script, "words");
	if (memo_count(d->memo, "pages") >= PAGES_MAX ||
	    !mastodon_is_id(memo_id(d->arena, end, "id")))
		return verdict(d, false, ret);
	memo_set_text(d->memo, "max_id", memo_id(d->arena, end, "id"));
	return script_go(d->memo, &recover_script, "list");
}

static enum script_move ask_words(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);
	const size_t left = json_array_size(list_of(d, "asks"));
	const json_t *first = json_array_get(list_of(d, "asks"), 0);

	if (left == 0 || json_array_size(list_of(d, "proven")) > 0)
		return verdict(d, true, ret);
	if (left > ASKS_MAX || !mastodon_is_id(memo_text(first, "id")))
		return verdict(d, false, ret);
	ret->request = mastodon_call(&c, VERB_GET, "mastodon.source", "/api/v1/statuses/%s/source",
				     url_encode(d->arena, memo_text(first, "id")));
	return SCRIPT_SEND;
}

/* Not every server can tell; then its list has to do. */
static bool is_untold(const struct mastodon_reply *r)
{
	return r->is_spoken && (r->status == 403 || r->status == 404 || r->status == 410);
}

static enum script_move read_words(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *asks = list_of(d, "asks");
	struct mastodon_reply r;
	struct looking l;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	if (!is_untold(&r) && (!r.is_ok || !memo_text(r.json, "text")))
		return recover_blind(d, &r, ret);
	look_for(d, r.skew_us, &l);
	if (r.is_ok && is_worded_alike(&l, r.json))
		note(&l, "matches", json_array_get(asks, 0));
	json_array_remove(asks, 0);
	return script_go(d->memo, &recover_script, "words");
}

static const struct script_row recover_rows[] = {
	{ "list", ask_list, read_list },
	{ "words", ask_words, read_words },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step mastodon_recover(struct delivery *d, const struct http_reply *last,
			   struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	if (BUG(mastodon_key_trusted)) {
		ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
		return STEP_DONE;
	}
	return script_run(&recover_script, d->memo, d, last, ret);
}

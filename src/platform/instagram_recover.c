/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt: the container tells whether it was published; only then the listing tells as what.
 * Reads only. A container that is still FINISHED is evidence of absence, and may be published
 * again by the same id, because it is a key that works once.
 */
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/instagram.h"

#define LINK_TRIES  3
#define PAGES_MAX   4 /* of 25: more than an account may publish in the window */
#define SINCE_S     300
#define EARLY_S     120 /* clocks and truncation: so much earlier may a match be stamped */
#define LIST_FIELDS "id,caption,timestamp,permalink,media_type,media_product_type"

static const struct script recover_script;

static enum script_move recover_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &recover_script, state);
}

/* ret holds the outcome; the next look starts from the container again. */
static enum script_move recover_end(struct delivery *d)
{
	memo_set_text(d->memo, "recover", NULL);
	memo_set_int(d->memo, "swapped", 0);
	return SCRIPT_DONE;
}

static enum script_move recover_found(struct delivery *d, struct step_result *ret)
{
	const char *id = memo_text(d->memo, "media_id"), *link = memo_text(d->memo, "permalink");

	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
					 .remote_id = arena_strdup(d->arena, id ? id : ""),
					 .remote_url = arena_strdup(d->arena, link) };
	return recover_end(d);
}

static enum script_move recover_unknown(struct delivery *d, const struct instagram_reply *r,
					struct step_result *ret)
{
	instagram_fail(d->arena, r, CLASS_DOUBT, NULL, ret);
	ret->outcome.retry_after_s = 0;
	return recover_end(d);
}

static enum script_move ask_container(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, 0,
				      "no_handle" };
	const char *container = instagram_container(d);

	if (memo_text(d->memo, "media_id"))
		return recover_found(d, ret);
	if (!container)
		return script_refuse(d->arena, &why, ret,
				     "It is not known which container was to be published; "
				     "look at the profile and settle the post by hand.");
	ret->request = instagram_call(&c, VERB_GET, "ig.container", "/%s", container);
	http_request_query(ret->request, "fields", "id,status,status_code");
	return SCRIPT_SEND;
}

/* FINISHED, IN_PROGRESS: not published so far. The next staging must read it once more. */
static enum script_move container_waits(struct delivery *d, struct step_result *ret)
{
	memo_set_int(d->memo, "doubted", 1);
	memo_set_int(instagram_last_item(d), "ready", 0);
	ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
	return recover_end(d);
}

static enum script_move container_spoilt(struct delivery *d, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_RESTAGE, POST_ERROR_PLATFORM, WHO_PLATFORM, 0, NULL };

	script_refuse(d->arena, &why, ret,
		      "The prepared media expired or failed unpublished; it is prepared again.");
	return recover_end(d);
}

static enum script_move container_live(struct delivery *d, struct step_result *ret)
{
	(void)ret;
	memo_set_int(d->memo, "doubted", 1);
	memo_set_int(d->memo, "swapped", 0);
	memo_set_int(d->memo, "pages", 0);
	memo_set_text(d->memo, "after", NULL);
	json_object_set_new(d->memo, "matches", json_object());
	return recover_go(d, "list");
}

static const struct {
	const char *status_code;
	enum script_move (*act)(struct delivery *d, struct step_result *ret);
} verdicts[] = {
	{ "FINISHED", container_waits }, { "IN_PROGRESS", container_waits },
	{ "PUBLISHED", container_live }, { "ERROR", container_spoilt },
	{ "EXPIRED", container_spoilt },
};

static enum script_move read_container(void *ctx, const struct http_reply *last,
				       struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;
	const char *code;

	instagram_read(d->arena, last, &r);
	if (!r.is_ok && r.code == 100 && instagram_swap_token(d))
		return SCRIPT_GO;
	code = r.is_ok ? memo_text(r.json, "status_code") : NULL;
	for (size_t i = 0; code && i < ARRAY_LEN(verdicts); i++) {
		if (strcmp(code, verdicts[i].status_code) == 0)
			return verdicts[i].act(d, ret);
	}
	if (!r.row)
		r.row = instagram_error_find(0, 0, r.status);
	return recover_unknown(d, &r, ret);
}

/* The first fire of this container: a later one that found it published was too late. */
static int64_t fired_s(const struct delivery *d)
{
	int64_t permit = d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us;
	int64_t first = memo_int(d->memo, "fired");

	permit /= US_PER_S;
	return first > 0 && first < permit ? first : permit;
}

static enum instagram_kind kind_of(const struct delivery *d)
{
	enum instagram_kind kind = INSTAGRAM_IMAGE;

	(void)instagram_kind(d->post, &kind);
	return kind;
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };
	bool is_story = kind_of(d) == INSTAGRAM_STORY;

	ret->request = instagram_call(&c, VERB_GET, "ig.list", "/%s/%s", d->account->remote_id,
				      is_story ? "stories" : "media");
	http_request_query(ret->request, "fields", LIST_FIELDS);
	if (!is_story)
		http_request_query(
			ret->request, "since",
			arena_printf(d->arena, "%lld", (long long)(fired_s(d) - SINCE_S)));
	http_request_query(ret->request, "limit", "25");
	http_request_query(ret->request, "after", memo_text(d->memo, "after"));
	return SCRIPT_SEND;
}

/* "2026-11-21T10:00:00+0000": an offset without the colon that RFC 3339 wants. */
static int64_t timestamp_us(const char *text)
{
	char with_colon[RFC3339_MAX];
	size_t len = text ? strlen(text) : 0;
	int64_t us = INSTANT_NONE;

	if (len < 5 || len + 2 > sizeof(with_colon))
		return INSTANT_NONE;
	memcpy(with_colon, text, len + 1);
	if (text[len - 5] == '+' || text[len - 5] == '-') {
		memcpy(with_colon + len - 1, text + len - 2, 3);
		with_colon[len - 2] = ':';
	}
	return rfc3339_parse(with_colon, &us) == 0 ? us : INSTANT_NONE;
}

static const struct {
	const char *key, *value;
} products[INSTAGRAM_KINDS] = {
	[INSTAGRAM_IMAGE] = { "media_type", "IMAGE" },
	[INSTAGRAM_REEL] = { "media_product_type", "REELS" },
	[INSTAGRAM_CAROUSEL] = { "media_type", "CAROUSEL_ALBUM" },
	[INSTAGRAM_STORY] = { "media_product_type", "STORY" },
};

static bool is_of_kind(const struct delivery *d, const json_t *media)
{
	enum instagram_kind kind = kind_of(d);
	const char *value = memo_text(media, products[kind].key);
	const char *product = memo_text(media, "media_product_type");

	if (kind != INSTAGRAM_STORY && product && strcmp(product, "STORY") == 0)
		return false;
	return value && strcmp(value, products[kind].value) == 0;
}

static bool is_ours(const struct delivery *d, const json_t *media)
{
	const char *id = memo_id(d->arena, media, "id");
	const char *caption = kind_of(d) == INSTAGRAM_STORY ? NULL : d->post->caption;
	int64_t at = timestamp_us(memo_text(media, "timestamp"));

	if (!id || at == INSTANT_NONE || at < (fired_s(d) - EARLY_S) * US_PER_S)
		return false;
	if (!is_of_kind(d, media))
		return false;
	if (kind_of(d) != INSTAGRAM_STORY &&
	    strcmp(instagram_canonical(d->arena, memo_text(media, "caption")),
		   instagram_canonical(d->arena, caption)) != 0)
		return false;
	return script_is_free(d, id);
}

/* By id, so that a listing that repeats a row does not look ambiguous. */
static void note_matches(struct delivery *d, const json_t *doc)
{
	json_t *matches = json_object_get(d->memo, "matches");
	const json_t *media;
	size_t i;

	json_array_foreach(json_object_get(doc, "data"), i, media) {
		const char *link = memo_text(media, "permalink");

		if (is_ours(d, media))
			json_object_set_new(matches, memo_id(d->arena, media, "id"),
					    json_string(link ? link : ""));
	}
}

/*
 * None, though it is live: the listing lags. Or several: posts of one text wait for their ids. In the
 * end the post is live without a known address.
 */
static enum script_move list_not_one(struct delivery *d, size_t n, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM, 0,
				      n == 0 ? "not_listed" : "ambiguous" };
	int64_t looks = memo_count(d->memo, "searches");

	if (looks > LINK_TRIES)
		return recover_found(d, ret);
	why.retry_s = script_list_at(platform_text(d->app, "link_wait_s"), looks - 1);
	if (n == 0)
		script_refuse(d->arena, &why, ret,
			      "Instagram has published it but does not list it yet.");
	else
		script_refuse(d->arena, &why, ret,
			      "Instagram has published it, and %zu posts look like it; which one "
			      "is not known yet.",
			      n);
	return recover_end(d);
}

static enum script_move list_verdict(struct delivery *d, struct step_result *ret)
{
	json_t *matches = json_object_get(d->memo, "matches");
	void *match = json_object_iter(matches);
	size_t n = json_object_size(matches);

	if (n != 1)
		return list_not_one(d, n, ret);
	memo_set_text(d->memo, "media_id", json_object_iter_key(match));
	if (json_string_length(json_object_iter_value(match)) > 0)
		json_object_set(d->memo, "permalink", json_object_iter_value(match));
	json_object_del(d->memo, "matches");
	return recover_found(d, ret);
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct instagram_reply r;
	const json_t *paging;
	const char *after;

	instagram_read(d->arena, last, &r);
	if (!r.is_ok && r.code == 100 && instagram_swap_token(d))
		return SCRIPT_GO;
	if (!r.is_ok)
		return recover_unknown(d, &r, ret);
	note_matches(d, r.json);
	paging = json_object_get(r.json, "paging");
	after = memo_text(json_object_get(paging, "cursors"), "after");
	if (json_object_get(paging, "next") && after && memo_count(d->memo, "pages") < PAGES_MAX) {
		memo_set_text(d->memo, "after", after);
		return recover_go(d, "list");
	}
	return list_verdict(d, ret);
}

static const struct script_row recover_rows[] = {
	{ "container", ask_container, read_container },
	{ "list", ask_list, read_list },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step instagram_recover(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

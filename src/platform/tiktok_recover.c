/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt, reads only. With a publish_id its state tells all. Photos whose init was never answered
 * have none: the listing of public posts can prove that they are there, and nothing can prove that
 * they are not.
 */
#include <string.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/tiktok.h"

#define PAGES_MAX   5
#define PAGE        20
#define LIST_PATH   "/v2/video/list/"
#define LIST_FIELDS "id,create_time,share_url,title,video_description,duration"

static const struct script recover_script;

/* ret holds the outcome; the next look starts anew. */
static enum script_move recover_end(struct delivery *d)
{
	memo_set_text(d->memo, "recover", NULL);
	return SCRIPT_DONE;
}

static enum script_move recover_found(struct delivery *d, struct step_result *ret)
{
	const char *id = memo_text(d->memo, "post_id");

	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
					 .remote_id = arena_strdup(d->arena, id ? id : ""),
					 .remote_url = arena_strdup(d->arena,
								    memo_text(d->memo, "link")) };
	return recover_end(d);
}

static enum script_move recover_unknown(struct delivery *d, const char *slug, int64_t retry_s,
					struct step_result *ret, const char *words)
{
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, retry_s, slug };

	script_refuse(d->arena, &why, ret, "%s", words);
	return recover_end(d);
}

static int64_t fired_us(const struct delivery *d)
{
	return d->fired_us == INSTANT_NONE ? d->now_us : d->fired_us;
}

static enum script_move ask_look(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *level = memo_text(d->memo, "privacy");
	int64_t wait_us = fired_us(d) + platform_int(d->app, "list_wait_s") * US_PER_S - d->now_us;

	if (memo_text(d->memo, "post_id"))
		return recover_found(d, ret);
	if (memo_text(d->memo, "publish_id")) {
		ret->request = tiktok_status_call(d);
		return SCRIPT_SEND;
	}
	if (!level || strcmp(level, "PUBLIC_TO_EVERYONE") != 0)
		return recover_unknown(
			d, "not_listed", 0, ret,
			"TikTok never answered and lists public posts only; look into the "
			"app and settle the post by hand.");
	if (!oauth2_has_scope(d->account->scopes, "video.list"))
		return recover_unknown(
			d, "missing_scope", 0, ret,
			"TikTok never answered, and the account lacks the permission "
			"video.list; look into the app and settle the post by hand.");
	if (wait_us > 0)
		return recover_unknown(d, "not_listed", (wait_us + US_PER_S - 1) / US_PER_S, ret,
				       "TikTok never answered; its listing is read in a moment.");
	json_object_set_new(d->memo, "matches", json_object());
	memo_set_int(d->memo, "cursor", 0);
	memo_set_int(d->memo, "pages", 0);
	return script_go(d->memo, &recover_script, "list");
}

/*
 * Bytes are missing: nothing was posted by this publish_id so far, and sending the rest again can
 * complete it once at most.
 */
static enum script_move look_uploading(struct delivery *d, struct tiktok_reply *r,
				       struct step_result *ret)
{
	(void)r;
	memo_set_int(d->memo, "doubted", 1);
	ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
	return recover_end(d);
}

/* Taken: confirm goes on asking, and names the reason if it failed for good. */
static enum script_move look_working(struct delivery *d, struct tiktok_reply *r,
				     struct step_result *ret)
{
	(void)r;
	ret->outcome = (struct outcome){ .kind = OUTCOME_ACCEPTED,
					 .handle = arena_strdup(d->arena,
								memo_text(d->memo, "publish_id")) };
	return recover_end(d);
}

/* Out, or in the inbox, and nothing can fail any more: confirm has the address to find, no more. */
static enum script_move look_live(struct delivery *d, struct tiktok_reply *r,
				  struct step_result *ret)
{
	(void)r;
	return recover_found(d, ret);
}

static enum script_move look_failed(struct delivery *d, struct tiktok_reply *r,
				    struct step_result *ret)
{
	enum error_class class = r->row->elsewhere;

	if (class != CLASS_RESTAGE && class != CLASS_LATER)
		return look_working(d, r, ret);
	tiktok_fail(d->arena, r, CLASS_RESTAGE, ret);
	return recover_end(d);
}

static enum script_move look_strange(struct delivery *d, struct tiktok_reply *r,
				     struct step_result *ret)
{
	tiktok_fail(d->arena, r, CLASS_DOUBT, ret);
	return recover_end(d);
}

static enum script_move read_look(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	static enum script_move (*const acts[])(struct delivery * d, struct tiktok_reply * r,
						struct step_result * ret) = {
		[TIKTOK_UPLOADING] = look_uploading, [TIKTOK_WORKING] = look_working,
		[TIKTOK_COMPLETE] = look_live,       [TIKTOK_IN_INBOX] = look_live,
		[TIKTOK_FAILED] = look_failed,       [TIKTOK_STRANGE] = look_strange,
	};
	struct delivery *d = ctx;
	struct tiktok_reply r;

	tiktok_read(d->arena, last, &r);
	if (r.is_ok)
		return acts[tiktok_status_read(d, &r)](d, &r, ret);
	tiktok_fail_delivery(d, &r, r.row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT,
			     ret);
	return recover_end(d);
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	int64_t cursor = memo_int(d->memo, "cursor");
	json_t *body = json_pack("{s:i}", "max_count", PAGE);

	if (cursor)
		json_object_set_new(body, "cursor", json_integer(cursor));
	ret->request = tiktok_call(d, "tt.list", LIST_PATH, body);
	http_request_query(ret->request, "fields", LIST_FIELDS);
	return SCRIPT_SEND;
}

static int64_t window_s(const struct delivery *d)
{
	return fired_us(d) / US_PER_S - platform_int(d->app, "list_early_s");
}

static bool text_is(const struct delivery *d, const json_t *video, const char *key,
		    const char *ours)
{
	const char *text = tiktok_canonical(d->arena, memo_text(video, key));

	ours = tiktok_canonical(d->arena, ours);
	return *ours && strcmp(text, ours) == 0;
}

/* Without any text of ours nothing is certain, so nothing matches. */
static bool is_ours(const struct delivery *d, const json_t *video)
{
	const char *id = tiktok_id(d->arena, json_object_get(video, "id"));
	const char *description = tiktok_description(d->post);
	bool has_text = *tiktok_canonical(d->arena, description);
	bool fits = has_text ? text_is(d, video, "video_description", description)
			     : text_is(d, video, "title", tiktok_title(d->post));

	if (!id || !fits || memo_int(video, "create_time") < window_s(d))
		return false;
	return script_is_free(d, id);
}

/* Whether the page reached behind the window. */
static bool note_matches(struct delivery *d, const json_t *data)
{
	json_t *matches = json_object_get(d->memo, "matches");
	bool is_covered = false;
	const json_t *video;
	size_t i;

	json_array_foreach(json_object_get(data, "videos"), i, video) {
		const char *link = memo_text(video, "share_url");

		is_covered |= memo_int(video, "create_time") < window_s(d);
		if (is_ours(d, video))
			json_object_set_new(matches,
					    tiktok_id(d->arena, json_object_get(video, "id")),
					    json_string(link ? link : ""));
	}
	return is_covered;
}

static enum script_move list_verdict(struct delivery *d, struct step_result *ret)
{
	json_t *matches = json_object_get(d->memo, "matches");
	void *match = json_object_iter(matches);

	if (json_object_size(matches) == 0)
		return recover_unknown(
			d, "not_listed", 0, ret,
			"TikTok never answered and does not list the post; moderation may "
			"hold it. Look into the app before anything is sent again.");
	if (json_object_size(matches) > 1 || !script_is_certain(d, json_object_iter_key(match)))
		return recover_unknown(
			d, "ambiguous", 0, ret,
			"TikTok never answered, and several posts look like it; choose the "
			"right one by hand.");
	memo_set_text(d->memo, "post_id", json_object_iter_key(match));
	if (json_string_length(json_object_iter_value(match)) > 0)
		json_object_set(d->memo, "link", json_object_iter_value(match));
	json_object_del(d->memo, "matches");
	return recover_found(d, ret);
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct tiktok_reply r;
	bool is_covered;

	tiktok_read(d->arena, last, &r);
	if (!r.is_ok) {
		tiktok_fail_delivery(
			d, &r, r.row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT, ret);
		return recover_end(d);
	}
	is_covered = note_matches(d, r.data);
	memo_set_int(d->memo, "cursor", memo_int(r.data, "cursor"));
	if (!is_covered && json_is_true(json_object_get(r.data, "has_more")) &&
	    memo_count(d->memo, "pages") < PAGES_MAX)
		return script_go(d->memo, &recover_script, "list");
	return list_verdict(d, ret);
}

static const struct script_row recover_rows[] = {
	{ "look", ask_look, read_look },
	{ "list", ask_list, read_list },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step tiktok_recover(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

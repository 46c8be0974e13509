/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: containers are made, filled and processed until the last one is FINISHED. What to do
 * next is always computed from what the memo says is there, so a crash at any point costs at most
 * one repeated call that nobody sees.
 */
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "platform/instagram_item.h"

#define LOST_MAX         2 /* unreadable so often, a container is made again */
#define LOST_WAIT_US     (30 * US_PER_S)
#define SUSPECT_S        60 /* a refused upload that is not complete after this long has failed */
#define USAGE_SLOW_PCT   80
#define RESUMES_MAX      3
#define SUBCODE_EXPIRED  2207020
#define SUBCODE_NO_BYTES 1363008

enum todo { TODO_CREATE, TODO_UPLOAD, TODO_POLL, TODO_NOTHING };

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

static size_t item_at(const struct delivery *d)
{
	int64_t at = memo_int(d->memo, "at");

	return at >= 0 && (size_t)at < instagram_items_n(d) ? (size_t)at : 0;
}

static int64_t now_s(const struct delivery *d)
{
	return d->now_us / US_PER_S;
}

static enum todo item_todo(const struct delivery *d, size_t i)
{
	const json_t *item = instagram_item(d, i);

	if (!memo_text(item, "id"))
		return TODO_CREATE;
	if (instagram_item_is_pushed(d, i) && !memo_int(item, "done"))
		return TODO_UPLOAD;
	return memo_int(item, "ready") ? TODO_NOTHING : TODO_POLL;
}

/* Containers are made and filled first, then read: so videos are processed side by side. */
static enum todo stage_todo(const struct delivery *d, size_t *ret_at)
{
	static const enum todo passes[] = { TODO_UPLOAD, TODO_POLL };
	size_t media_n = d->post->media_n, n = instagram_items_n(d);

	for (size_t p = 0; p < ARRAY_LEN(passes); p++) {
		for (size_t i = 0; i < media_n; i++) {
			*ret_at = i;
			if (item_todo(d, i) <= passes[p])
				return item_todo(d, i);
		}
	}
	*ret_at = n - 1;
	return item_todo(d, n - 1);
}

/* Instagram forgets a container after a day: what is too old is made again in time. */
static void drop_expired(struct delivery *d)
{
	int64_t life_s = platform_int(d->app, "container_life_s");

	for (size_t i = 0; i < instagram_items_n(d); i++) {
		const json_t *item = instagram_item(d, i);

		if (memo_text(item, "id") && now_s(d) - memo_int(item, "made") > life_s)
			instagram_item_drop(d, i);
	}
}

static enum script_move ask_next(void *ctx, struct step_result *ret)
{
	static const char *const states[] = {
		[TODO_CREATE] = "create", [TODO_UPLOAD] = "upload", [TODO_POLL] = "poll"
	};
	struct delivery *d = ctx;
	enum todo todo;
	size_t at = 0;

	drop_expired(d);
	todo = stage_todo(d, &at);
	if (todo != TODO_NOTHING) {
		memo_set_int(d->memo, "at", (int64_t)at);
		memo_set_int(d->memo, "swapped", 0);
		return stage_go(d, states[todo]);
	}
	memo_set_text(d->memo, "stage", NULL);
	ret->outcome = (struct outcome){ .kind = OUTCOME_STAGED, .handle = instagram_container(d) };
	return SCRIPT_DONE;
}

/* On to the next thing, unless the account is all but throttled: calls then lengthen the ban. */
static enum script_move stage_next(struct delivery *d, const struct instagram_reply *r,
				   struct step_result *ret)
{
	size_t at = 0;
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM, 0,
				      NULL };

	stage_go(d, "next");
	memo_set_int(d->memo, "usage", r->usage_pct);
	if (r->usage_pct < platform_int(d->app, "throttle_pct") ||
	    stage_todo(d, &at) == TODO_NOTHING)
		return SCRIPT_GO;
	why.retry_s = r->regain_s > 0 ? r->regain_s : platform_int(d->app, "pause_fallback_s");
	return script_refuse(d->arena, &why, ret,
			     "Instagram reports %d %% of the account's calls as used; "
			     "the account pauses.",
			     r->usage_pct);
}

struct http_request *instagram_quota_call(const struct delivery *d)
{
	const struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };
	struct http_request *r = instagram_call(
		&c, VERB_GET, "ig.quota", "/%s/content_publishing_limit", d->account->remote_id);

	http_request_query(r, "fields", "config,quota_usage");
	return r;
}

static enum script_move ask_quota(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	enum instagram_kind kind;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				      "kind_unsupported" };

	if (instagram_kind(d->post, &kind) < 0)
		return script_refuse(d->arena, &why, ret,
				     "Instagram publishes no text without an image or a video.");
	ret->request = instagram_quota_call(d);
	return SCRIPT_SEND;
}

/* Of the documented {"data":[{...}]}; some answers leave the list out. */
static const json_t *quota_of(const json_t *doc)
{
	const json_t *data = json_object_get(doc, "data");

	return json_is_array(data) ? json_array_get(data, 0) : doc;
}

void instagram_quota_read(const struct platform_app *app, const json_t *doc, struct cap *ret)
{
	const json_t *quota = quota_of(doc), *config = json_object_get(quota, "config");

	ret->used = memo_int(quota, "quota_usage");
	ret->most = memo_int(config, "quota_total");
	ret->window_s = memo_int(config, "quota_duration");
	if (ret->most <= 0)
		ret->most = platform_int(app, "quota_total_fallback");
}

static enum script_move read_quota(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM, 3600,
				      "quota" };
	struct instagram_reply r;
	struct cap cap = { .what = "posts" };

	instagram_read(d->arena, last, &r);
	/* Only a hint: creating tells the same. But a dead token is worth knowing at once. */
	if (!r.is_ok && (r.row->elsewhere == CLASS_TOKEN || r.row->elsewhere == CLASS_RECONNECT))
		return instagram_fail(d->arena, &r, r.row->elsewhere, NULL, ret);
	instagram_quota_read(d->app, r.json, &cap);
	if (r.is_ok && cap.used >= cap.most)
		return script_refuse(
			d->arena, &why, ret,
			"The account has published %lld of the %lld posts that Instagram "
			"allows in 24 hours.",
			(long long)cap.used, (long long)cap.most);
	return stage_next(d, &r, ret);
}

/*
 * The container is spoilt: a new one after a while, until the row's patience ends. Then the error
 * is final and names the item.
 */
static enum script_move item_renew(struct delivery *d, size_t i, const struct instagram_reply *r,
				   struct step_result *ret)
{
	int64_t renewals = memo_count(instagram_item(d, i), "renewals");
	const char *subject = instagram_item_subject(d, i);

	instagram_item_drop(d, i);
	stage_go(d, "next");
	if (renewals > r->row->renewals)
		return instagram_fail(d->arena, r, CLASS_CONTENT, subject, ret);
	instagram_fail(d->arena, r, CLASS_LATER, subject, ret);
	ret->outcome.retry_after_s =
		(script_list_at(platform_text(d->app, "renewal_wait_ms"), renewals - 1) + 999) /
		1000;
	return SCRIPT_DONE;
}

static enum script_move stage_fail(struct delivery *d, size_t i, const struct instagram_reply *r,
				   struct step_result *ret)
{
	if (r->row->elsewhere == CLASS_RESTAGE)
		return item_renew(d, i, r, ret);
	return instagram_fail(d->arena, r, r->row->elsewhere, instagram_item_subject(d, i), ret);
}

static enum script_move ask_create(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	ret->request = instagram_item_create(d, item_at(d));
	return SCRIPT_SEND;
}

static enum script_move read_create(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);
	struct instagram_reply r;
	const char *id;

	instagram_read(d->arena, last, &r);
	id = memo_id(d->arena, r.json, "id");
	if (r.is_ok && !id) {
		r.is_ok = false;
		r.row = instagram_error_find(0, 0, r.status);
	}
	if (!r.is_ok)
		return stage_fail(d, at, &r, ret);
	memo_set_text(item, "id", id);
	memo_set_text(item, "uri", memo_id(d->arena, r.json, "uri"));
	memo_set_int(item, "made", now_s(d));
	return stage_next(d, &r, ret);
}

/*
 * After a first try only Instagram knows how many bytes it has: `asked` says that it was asked and
 * that `sent` is fresh.
 */
static enum script_move ask_upload(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
				      "upload_address" };

	if (memo_int(item, "begun") && !memo_int(item, "asked"))
		return stage_go(d, "offset");
	memo_set_int(item, "begun", 1);
	memo_set_int(item, "asked", 0);
	ret->request = instagram_item_upload(d, at);
	if (ret->request)
		return SCRIPT_SEND;
	return script_refuse(
		d->arena, &why, ret,
		"Instagram named an upload address that lies outside upload_host_suffix.");
}

static enum script_move read_upload(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);
	struct instagram_reply r;

	instagram_read(d->arena, last, &r);
	if (r.is_ok) {
		memo_set_int(item, "done", 1);
		return stage_next(d, &r, ret);
	}
	if (r.is_broken || r.status >= 500 || r.row->elsewhere == CLASS_TOKEN)
		return instagram_fail(d->arena, &r, r.row->elsewhere, instagram_item_subject(d, at),
				      ret);
	/* Refusals of uploads are not reliable; the container itself knows better. */
	memo_set_int(item, "done", 1);
	memo_set_int(item, "suspect", now_s(d));
	return stage_next(d, &r, ret);
}

static void ask_container(struct delivery *d, const char *fields, struct step_result *ret)
{
	struct instagram_call c = { d->arena, d->app, instagram_read_token(d) };

	ret->request = instagram_call(&c, VERB_GET, "ig.container", "/%s",
				      memo_text(instagram_item(d, item_at(d)), "id"));
	http_request_query(ret->request, "fields", fields);
}

static enum script_move ask_offset(void *ctx, struct step_result *ret)
{
	ask_container(ctx, "id,status,status_code,video_status", ret);
	return SCRIPT_SEND;
}

static int64_t bytes_transferred(const json_t *container)
{
	const json_t *status = json_object_get(container, "video_status");

	return memo_int(json_object_get(status, "uploading_phase"), "bytes_transferred");
}

static bool code_is(const json_t *container, const char *code)
{
	const char *is = memo_text(container, "status_code");

	return is && strcmp(is, code) == 0;
}

/* ERROR or EXPIRED as the error that it stands for. */
static bool read_spoilt(const json_t *container, struct instagram_reply *r)
{
	bool is_error = code_is(container, "ERROR");

	if (!is_error && !code_is(container, "EXPIRED"))
		return false;
	r->message = memo_text(container, "status");
	r->subcode = is_error ? instagram_status_subcode(r->message) : SUBCODE_EXPIRED;
	/* An error without a number is as good as "processing rejected". */
	r->row = instagram_error_find(0, r->subcode ? r->subcode : 2207076, 0);
	return true;
}

/* A container that cannot be read: by the other token, then a little later, then a new one. */
static enum script_move poll_failed(struct delivery *d, struct instagram_reply *r,
				    struct step_result *ret)
{
	size_t at = item_at(d);
	bool is_lost = r->code == 24 || (r->code == 100 && r->subcode == 33);

	if (!is_lost)
		return stage_fail(d, at, r, ret);
	if (instagram_swap_token(d))
		return SCRIPT_GO;
	if (memo_count(instagram_item(d, at), "lost") > LOST_MAX) {
		r->row = instagram_error_find(24, 2207008, 0);
		return item_renew(d, at, r, ret);
	}
	memo_set_int(d->memo, "swapped", 0);
	ret->wait_us = LOST_WAIT_US;
	return SCRIPT_WAIT;
}

static enum script_move read_offset(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);
	struct instagram_reply r;
	int64_t sent;

	instagram_read(d->arena, last, &r);
	if (!r.is_ok)
		return poll_failed(d, &r, ret);
	if (read_spoilt(r.json, &r))
		return stage_fail(d, at, &r, ret);
	sent = bytes_transferred(r.json);
	memo_set_int(item, "sent", sent);
	memo_set_int(item, "asked", 1);
	if (sent >= d->post->media[at].bytes || code_is(r.json, "FINISHED"))
		memo_set_int(item, "done", 1);
	return stage_next(d, &r, ret);
}

/* With a little spread by post, so that posts of one minute do not poll in step. */
static int64_t poll_wait_us(const struct delivery *d, size_t at)
{
	const json_t *item = instagram_item(d, at);
	const int64_t polls = memo_int(item, "polls");
	const int64_t patience_s = platform_int(d->app, "poll_patience_ms") / 1000;
	const char *list = instagram_item_is_video(d, at) ? "poll_video_ms" : "poll_image_ms";
	int64_t ms = script_list_at(platform_text(d->app, list), polls);
	const char *seed =
		arena_printf(d->arena, "%s/%lld", d->post_id ? d->post_id : "", (long long)polls);
	int64_t spread = 95 + (int64_t)(digest_crc32(seed, strlen(seed)) % 11);

	if (memo_int(item, "made") < now_s(d) - patience_s)
		ms = platform_int(d->app, "poll_slow_ms");
	if (memo_int(d->memo, "usage") >= USAGE_SLOW_PCT)
		ms *= 2;
	return ms * US_PER_MS * spread / 100;
}

static enum script_move ask_poll(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);

	if (!memo_int(item, "waited")) {
		memo_set_int(item, "waited", 1);
		ret->wait_us = poll_wait_us(d, at);
		return SCRIPT_WAIT;
	}
	ask_container(d,
		      memo_int(item, "suspect") ? "id,status,status_code,video_status"
						: "id,status,status_code",
		      ret);
	return SCRIPT_SEND;
}

/* A refused upload whose bytes are not all there: nothing will come of it. */
static bool is_short_suspect(const struct delivery *d, size_t at, const json_t *container)
{
	int64_t since = memo_int(instagram_item(d, at), "suspect");

	return since && now_s(d) - since >= SUSPECT_S &&
	       bytes_transferred(container) < d->post->media[at].bytes;
}

/* A refused upload that has some of the bytes goes on from there: it may have been cut before. */
static bool resume_suspect(const struct delivery *d, size_t at, const json_t *container)
{
	json_t *item = instagram_item(d, at);
	int64_t sent = bytes_transferred(container);

	if (!memo_int(item, "suspect") || sent <= 0 || sent >= d->post->media[at].bytes ||
	    memo_count(item, "resumes") > RESUMES_MAX)
		return false;
	memo_set_int(item, "suspect", 0);
	memo_set_int(item, "done", 0);
	memo_set_int(item, "asked", 0);
	return true;
}

static enum script_move read_poll(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = item_at(d);
	json_t *item = instagram_item(d, at);
	struct instagram_reply r;

	instagram_read(d->arena, last, &r);
	if (!r.is_ok)
		return poll_failed(d, &r, ret);
	memo_set_int(item, "waited", 0);
	memo_set_int(item, "lost", 0);
	memo_count(item, "polls");
	if (code_is(r.json, "PUBLISHED")) {
		/* A fire that counted as without effect had one: nothing may be sent again. */
		memo_set_text(d->memo, "stage", NULL);
		return script_succeed(ret);
	}
	if (read_spoilt(r.json, &r))
		return stage_fail(d, at, &r, ret);
	if (code_is(r.json, "FINISHED"))
		memo_set_int(item, "ready", 1);
	else if (resume_suspect(d, at, r.json))
		return stage_next(d, &r, ret);
	else if (is_short_suspect(d, at, r.json)) {
		r.row = instagram_error_find(0, SUBCODE_NO_BYTES, 0);
		return item_renew(d, at, &r, ret);
	}
	return stage_next(d, &r, ret);
}

static const struct script_row stage_rows[] = {
	{ "quota", ask_quota, read_quota },
	{ "next", ask_next, NULL },
	{ "create", ask_create, read_create },
	{ "upload", ask_upload, read_upload },
	{ "offset", ask_offset, read_offset },
	{ "poll", ask_poll, read_poll },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step instagram_stage(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&stage_script, d->memo, d, last, ret);
}

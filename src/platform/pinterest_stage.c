/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: the board is looked at, a video is registered, uploaded and awaited. What to do next is
 * computed from what the memo says is there; nobody sees any of it.
 */
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "platform/address.h"
#include "platform/pinterest.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000
#define UPLOAD_TRIES          3 /* into one registration; then a new one */

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

static struct pinterest_caller caller_of(const struct delivery *d)
{
	return (struct pinterest_caller){ d->arena, d->app, d->account->access_token };
}

static int64_t now_s(const struct delivery *d)
{
	return d->now_us / US_PER_S;
}

static json_t *media_of(const struct delivery *d)
{
	json_t *media = json_object_get(d->memo, "media");

	if (!json_is_object(media)) {
		json_object_set_new(d->memo, "media", json_object());
		media = json_object_get(d->memo, "media");
	}
	return media;
}

static void drop_expired(struct delivery *d)
{
	const json_t *media = media_of(d);

	if (memo_text(media, "id") &&
	    now_s(d) - memo_int(media, "made") > platform_int(d->app, "media_life_s"))
		json_object_clear(media_of(d));
}

/* The next state, NULL: all is there. */
static const char *video_todo(struct delivery *d)
{
	const json_t *media = media_of(d);

	drop_expired(d);
	if (!memo_text(media, "id"))
		return "register";
	if (!memo_int(media, "sent"))
		return memo_int(media, "begun") ? "poll" : "upload";
	return memo_int(media, "ready") ? NULL : "poll";
}

static enum script_move ask_next(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				      NULL };
	enum pinterest_kind kind = PINTEREST_IMAGE;
	const char *board = pinterest_board(d->post, d->account), *todo;

	if (pinterest_kind(d->post, &kind) < 0) {
		why.slug = "kind_unsupported";
		return script_refuse(d->arena, &why, ret,
				     "Pinterest takes one image, several images, or one video.");
	}
	if (!pinterest_is_digits(board)) {
		why.slug = "board_missing";
		return script_refuse(
			d->arena, &why, ret,
			"No usable board is chosen: name one (board_id), or choose the "
			"account's default board.");
	}
	memo_set_text(d->memo, "board", board);
	memo_set_text(d->memo, "section", pinterest_section(d->post));
	if (!memo_int(d->memo, "board_ok"))
		return stage_go(d, "board");
	todo = kind == PINTEREST_VIDEO ? video_todo(d) : NULL;
	if (todo)
		return stage_go(d, todo);
	memo_set_text(d->memo, "stage", NULL);
	ret->outcome =
		(struct outcome){ .kind = OUTCOME_STAGED,
				  .handle = kind == PINTEREST_VIDEO ? memo_text(media_of(d), "id")
								    : NULL };
	return SCRIPT_DONE;
}

static enum script_move stage_fail(struct delivery *d, const struct pinterest_reply *r,
				   struct step_result *ret)
{
	stage_go(d, "next");
	return pinterest_fail(d->arena, r, r->row->elsewhere, ret);
}

/* A board that is gone, or a token that is dead, is better known before the due time. */
static enum script_move ask_board(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_caller caller = caller_of(d);

	ret->request = pinterest_call(&caller, VERB_GET, "pin.board", "/boards/%s",
				      memo_text(d->memo, "board"));
	return SCRIPT_SEND;
}

static enum script_move read_board(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_reply r;

	pinterest_read(d->arena, last, d->now_us, &r);
	if (!r.is_ok)
		return stage_fail(d, &r, ret);
	memo_set_int(d->memo, "board_ok", 1);
	return stage_go(d, "next");
}

static enum script_move ask_register(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct pinterest_caller caller = caller_of(d);

	ret->request = pinterest_call(&caller, VERB_POST, "pin.media", "/media");
	http_request_json(ret->request, json_pack("{s:s}", "media_type", "video"));
	return SCRIPT_SEND;
}

static enum script_move read_register(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *media = media_of(d);
	json_t *params;
	struct pinterest_reply r;
	const char *id, *url;

	pinterest_read(d->arena, last, d->now_us, &r);
	id = memo_id(d->arena, r.json, "media_id");
	url = memo_text(r.json, "upload_url");
	params = json_object_get(r.json, "upload_parameters");
	if (r.is_ok && (!pinterest_is_digits(id) || !url || !json_is_object(params))) {
		r.is_ok = false;
		r.row = pinterest_error_find(r.status, 0, NULL);
	}
	if (!r.is_ok)
		return stage_fail(d, &r, ret);
	json_object_clear(media);
	memo_set_text(media, "id", id);
	memo_set_text(media, "url", url);
	json_object_set(media, "params", params);
	memo_set_int(media, "made", now_s(d));
	return stage_go(d, "next");
}

/*
 * The registration is spoilt: a new one. An upload that Pinterest rejected has little hope, and
 * then the error is final.
 */
static enum script_move media_renew(struct delivery *d, const char *reason, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU, 0,
				      reason };
	int64_t renewals = memo_count(d->memo, "renewals");

	json_object_clear(media_of(d));
	stage_go(d, "next");
	if (renewals <= platform_int(d->app, "media_renewals"))
		return SCRIPT_GO;
	memo_set_int(d->memo, "renewals", 0);
	return script_refuse(d->arena, &why, ret,
			     "Pinterest did not take the video, and does not say why.");
}

/* Every field as it was handed out, then the file: S3 ignores what stands behind it. */
static enum script_move ask_upload(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *media = media_of(d), *value;
	const struct media_item *m = &d->post->media[0];
	const char *url = memo_text(media, "url"), *name;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
				      "upload_address" };
	const struct http_part part = { .file_path = m->path,
					.file_name = "video.mp4",
					.mime = m->mime ? m->mime : "video/mp4",
					.bytes = m->bytes > 0 ? m->bytes : -1 };

	if (!url || !address_is_trusted(d->app, url, "upload_base", "upload_host_suffix"))
		return script_refuse(d->arena, &why, ret,
				     "Pinterest named an upload address that lies outside "
				     "upload_host_suffix.");
	memo_set_int(media, "begun", 1);
	memo_count(media, "tries");
	ret->request = http_request_new(d->arena, VERB_POST, "pin.upload");
	http_request_url(ret->request, url, "%s", "");
	json_object_foreach(json_object_get(media, "params"), name, value) {
		if (json_is_string(value))
			http_request_part(ret->request, name, json_string_value(value));
	}
	http_request_part_file(ret->request, "file", &part);
	ret->request->timeout_ms =
		UPLOAD_TIMEOUT_MIN_MS + (int)(m->bytes * 1000 / UPLOAD_BYTES_PER_S);
	return SCRIPT_SEND;
}

/* After a broken upload only Pinterest knows whether it has the bytes: the next poll tells. */
static enum script_move read_upload(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *media = media_of(d);
	struct pinterest_reply r;

	pinterest_read(d->arena, last, d->now_us, &r);
	if (r.is_ok) {
		memo_set_int(media, "sent", now_s(d));
		json_object_del(media, "params"); /* they hold a key to the bucket */
		return stage_go(d, "next");
	}
	if (r.is_broken || r.status >= 500) {
		stage_go(d, "next");
		return pinterest_fail(d->arena, &r, CLASS_LATER, ret);
	}
	return media_renew(d, arena_printf(d->arena, "upload_%d", r.status), ret);
}

/* With a little spread by post, so that posts of one minute do not poll in step. */
static int64_t poll_wait_us(const struct delivery *d, const json_t *media)
{
	int64_t polls = memo_int(media, "polls");
	int64_t ms = script_list_at(platform_text(d->app, "poll_ms"), polls);
	const char *seed =
		arena_printf(d->arena, "%s/%lld", d->post_id ? d->post_id : "", (long long)polls);

	return ms * US_PER_MS * (95 + (int64_t)(digest_crc32(seed, strlen(seed)) % 11)) / 100;
}

static enum script_move ask_poll(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *media = media_of(d);
	struct pinterest_caller caller = caller_of(d);

	if (memo_int(media, "sent") && !memo_int(media, "waited")) {
		memo_set_int(media, "waited", 1);
		ret->wait_us = poll_wait_us(d, media);
		return SCRIPT_WAIT;
	}
	ret->request = pinterest_call(&caller, VERB_GET, "pin.media.get", "/media/%s",
				      memo_text(media, "id"));
	return SCRIPT_SEND;
}

/* Pinterest has not seen the bytes: after a broken upload they go into the same place again. */
static enum script_move poll_registered(struct delivery *d, struct step_result *ret)
{
	json_t *media = media_of(d);
	int64_t sent_s = memo_int(media, "sent");

	if (!sent_s && memo_int(media, "tries") < UPLOAD_TRIES && json_object_get(media, "params"))
		return stage_go(d, "upload");
	if (!sent_s || now_s(d) - sent_s > platform_int(d->app, "registered_patience_s"))
		return media_renew(d, "media_registered", ret);
	return stage_go(d, "next");
}

static enum script_move poll_processing(struct delivery *d, struct step_result *ret)
{
	json_t *media = media_of(d);

	if (!memo_int(media, "sent"))
		memo_set_int(media, "sent", now_s(d));
	if (now_s(d) - memo_int(media, "sent") > platform_int(d->app, "poll_deadline_s"))
		return media_renew(d, "media_processing", ret);
	return stage_go(d, "next");
}

static enum script_move poll_succeeded(struct delivery *d, struct step_result *ret)
{
	json_t *media = media_of(d);

	(void)ret;
	if (!memo_int(media, "sent"))
		memo_set_int(media, "sent", now_s(d));
	memo_set_int(media, "ready", 1);
	json_object_del(media, "params");
	return stage_go(d, "next");
}

static enum script_move poll_rejected(struct delivery *d, struct step_result *ret)
{
	return media_renew(d, "media_failed", ret);
}

static const struct {
	const char *status;
	enum script_move (*act)(struct delivery *d, struct step_result *ret);
} polls[] = {
	{ "registered", poll_registered },
	{ "processing", poll_processing },
	{ "succeeded", poll_succeeded },
	{ "failed", poll_rejected },
};

static enum script_move read_poll(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *media = media_of(d);
	struct pinterest_reply r;
	const char *status;

	pinterest_read(d->arena, last, d->now_us, &r);
	memo_set_int(media, "waited", 0);
	memo_count(media, "polls");
	if (!r.is_ok && r.status == 404)
		return media_renew(d, "media_404", ret);
	status = r.is_ok ? memo_text(r.json, "status") : NULL;
	for (size_t i = 0; status && i < ARRAY_LEN(polls); i++) {
		if (strcmp(status, polls[i].status) == 0)
			return polls[i].act(d, ret);
	}
	if (!r.row)
		r.row = pinterest_error_find(r.status, 0, NULL);
	return stage_fail(d, &r, ret);
}

static const struct script_row stage_rows[] = {
	{ "next", ask_next, NULL },
	{ "board", ask_board, read_board },
	{ "register", ask_register, read_register },
	{ "upload", ask_upload, read_upload },
	{ "poll", ask_poll, read_poll },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step pinterest_stage(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&stage_script, d->memo, d, last, ret);
}

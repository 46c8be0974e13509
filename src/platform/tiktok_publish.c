/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fire: the last chunk of a video, or the init of photos. Confirm: the state of the publish_id
 * until it is final, then for public posts the id, which comes with moderation.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/tiktok.h"

static const struct script fire_script, confirm_script;

/* ---- the state of a publication ---- */

struct http_request *tiktok_status_call(const struct delivery *d)
{
	return tiktok_call(d, "tt.status", "/v2/post/publish/status/fetch/",
			   json_pack("{s:s}", "publish_id", memo_text(d->memo, "publish_id")));
}

static const struct {
	const char *status;
	enum tiktok_state state;
} states[] = {
	{ "PROCESSING_UPLOAD", TIKTOK_UPLOADING },
	{ "PROCESSING_DOWNLOAD", TIKTOK_WORKING },
	{ "PUBLISH_COMPLETE", TIKTOK_COMPLETE },
	{ "SEND_TO_USER_INBOX", TIKTOK_IN_INBOX },
	{ "FAILED", TIKTOK_FAILED },
};

/* TikTok's own spelling, and the one that it may turn to. */
static void note_post_id(struct delivery *d, const json_t *data)
{
	static const char *const names[] = { "publicaly_available_post_id",
					     "publicly_available_post_id" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const json_t *ids = json_object_get(data, names[i]);
		const char *id =
			tiktok_id(d->arena, json_is_array(ids) ? json_array_get(ids, 0) : ids);

		if (id && strcmp(id, "0") != 0)
			memo_set_text(d->memo, "post_id", id);
	}
}

static enum tiktok_state uploading(struct delivery *d, const json_t *data)
{
	const json_t *bytes = json_object_get(data, "uploaded_bytes");
	int64_t there = (int64_t)json_integer_value(bytes), size = memo_int(d->memo, "size");

	if (!tiktok_is_video(d))
		return TIKTOK_WORKING;
	if (json_is_integer(bytes) && there >= size)
		return TIKTOK_WORKING;
	if (json_is_integer(bytes) && there >= 0)
		memo_set_int(d->memo, "sent", there);
	return TIKTOK_UPLOADING;
}

enum tiktok_state tiktok_status_read(struct delivery *d, struct tiktok_reply *r)
{
	const char *status = memo_text(r->data, "status"), *reason;
	enum tiktok_state state = TIKTOK_STRANGE;

	memo_set_int(d->memo, "stale", 0);
	for (size_t i = 0; status && i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i].status, status) == 0)
			state = states[i].state;
	}
	if (state == TIKTOK_UPLOADING)
		return uploading(d, r->data);
	if (state == TIKTOK_COMPLETE)
		note_post_id(d, r->data);
	if (state == TIKTOK_FAILED || state == TIKTOK_STRANGE) {
		reason = memo_text(r->data, "fail_reason");
		r->code = reason && *reason ? reason : "unknown_state";
		r->message = NULL;
		r->row = tiktok_error_find(r->code, 0);
	}
	return state;
}

/* ---- fire ---- */

static enum script_move fire_late(struct delivery *d, struct step_result *ret, const char *words)
{
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM, 0, NULL };

	return script_refuse(d->arena, &why, ret, "%s", words);
}

static enum script_move ask_video(struct delivery *d, struct step_result *ret)
{
	if (!memo_text(d->memo, "publish_id"))
		return fire_late(d, ret, "Nothing is prepared at TikTok yet.");
	if (memo_int(d->memo, "already")) {
		ret->request = tiktok_status_call(d);
		return SCRIPT_SEND;
	}
	if (tiktok_upload_is_old(d)) {
		memo_set_int(d->memo, "renew", 1);
		return fire_late(d, ret,
				 "TikTok's upload address has expired; the upload starts anew.");
	}
	ret->request = tiktok_is_last_chunk(d) ? tiktok_chunk(d) : NULL;
	if (!ret->request)
		return fire_late(d, ret, "The upload to TikTok is not complete yet.");
	return SCRIPT_SEND;
}

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (tiktok_is_video(d) || memo_int(d->memo, "already"))
		return ask_video(d, ret);
	ret->request = tiktok_call(d, "tt.photo.init", "/v2/post/publish/content/init/",
				   tiktok_photo_form(d));
	return SCRIPT_SEND;
}

static enum script_move accepted(struct delivery *d, struct step_result *ret)
{
	ret->outcome = (struct outcome){ .kind = OUTCOME_ACCEPTED,
					 .handle = arena_strdup(d->arena,
								memo_text(d->memo, "publish_id")) };
	return SCRIPT_DONE;
}

/* Only 201 says that all bytes are there; and what refuses a second fire may stem from the first. */
static enum script_move read_last_chunk(struct delivery *d, const struct http_reply *last,
					struct step_result *ret)
{
	const struct tiktok_upload_row *row = tiktok_upload_find(last->status);
	struct tiktok_reply r = { .status = last->status,
				  .message = last->failure,
				  .row = &row->error };
	enum error_class class = row->fire;

	if (last->status == 201)
		return accepted(d, ret);
	if (memo_int(d->memo, "doubted") && class != CLASS_LATER)
		class = CLASS_DOUBT;
	if (class == CLASS_RESTAGE) {
		/* The memo stays: the next staging asks about this publish_id before it makes another. */
		memo_set_int(d->memo, "renew", 1);
		class = CLASS_LATER;
	}
	return tiktok_fail(d->arena, &r, class, ret);
}

static enum script_move read_photo(struct delivery *d, const struct http_reply *last,
				   struct step_result *ret)
{
	struct tiktok_reply r;
	enum error_class class;
	const char *id;

	tiktok_read(d->arena, last, &r);
	id = r.is_ok ? tiktok_id(d->arena, json_object_get(r.data, "publish_id")) : NULL;
	if (id) {
		memo_set_text(d->memo, "publish_id", id);
		return accepted(d, ret);
	}
	if (!r.row)
		r.row = tiktok_error_find(NULL, r.status);
	class = r.is_broken || r.status >= 500 ? CLASS_DOUBT : r.row->fire;
	return tiktok_fail_delivery(d, &r, class, ret);
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct tiktok_reply r;

	if (!memo_int(d->memo, "already"))
		return tiktok_is_video(d) ? read_last_chunk(d, last, ret)
					  : read_photo(d, last, ret);
	tiktok_read(d->arena, last, &r);
	if (r.is_ok)
		return accepted(d, ret);
	return tiktok_fail(d->arena, &r, CLASS_DOUBT, ret);
}

static const struct script_row fire_rows[] = {
	{ "publish", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step tiktok_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_FIRE;
	return script_run(&fire_script, d->memo, d, last, ret);
}

/* ---- confirm ---- */

static enum script_move confirm_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &confirm_script, state);
}

static enum script_move ask_status(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	int64_t polls = memo_int(d->memo, "polls");

	if (!memo_text(d->memo, "publish_id"))
		return confirm_go(d, "end");
	if (!memo_int(d->memo, "waited") && script_is_patient(d)) {
		memo_set_int(d->memo, "waited", 1);
		ret->wait_us = script_list_at(platform_text(d->app, "poll_ms"), polls) * US_PER_MS;
		return SCRIPT_WAIT;
	}
	ret->request = tiktok_status_call(d);
	return SCRIPT_SEND;
}

static enum script_move confirm_working(struct delivery *d, struct tiktok_reply *r,
					struct step_result *ret)
{
	(void)r;
	memo_set_int(d->memo, "waited", 0);
	memo_count(d->memo, "polls");
	return script_is_patient(d) ? confirm_go(d, "status") : accepted(d, ret);
}

static bool is_public(const struct delivery *d)
{
	const char *level = memo_text(d->memo, "privacy");

	return level && strcmp(level, "PUBLIC_TO_EVERYONE") == 0;
}

/* Only what everybody may see ever gets an id; moderation may take its time. */
static enum script_move confirm_complete(struct delivery *d, struct tiktok_reply *r,
					 struct step_result *ret)
{
	const char *waits = platform_text(d->app, "link_wait_ms");
	int64_t n = memo_int(d->memo, "links");

	(void)r;
	if (memo_text(d->memo, "post_id") || !is_public(d) || script_list_ends(waits, n))
		return confirm_go(d, "end");
	memo_set_int(d->memo, "links", n + 1);
	memo_set_int(d->memo, "waited", 1);
	confirm_go(d, "status");
	ret->wait_us = script_list_at(waits, n) * US_PER_MS;
	return SCRIPT_WAIT;
}

static enum script_move confirm_inbox(struct delivery *d, struct tiktok_reply *r,
				      struct step_result *ret)
{
	(void)r, (void)ret;
	return confirm_go(d, "end");
}

/* Proof that nothing was posted: anew where that can help. */
static enum script_move confirm_failed(struct delivery *d, struct tiktok_reply *r,
				       struct step_result *ret)
{
	enum error_class class = r->row->elsewhere;
	bool is_reconnect = class == CLASS_RECONNECT || class == CLASS_TOKEN;

	if (class == CLASS_LATER)
		class = CLASS_RESTAGE;
	return tiktok_fail(d->arena, r, is_reconnect ? CLASS_USER : class, ret);
}

static enum script_move confirm_strange(struct delivery *d, struct tiktok_reply *r,
					struct step_result *ret)
{
	memo_set_int(d->memo, "waited", 0);
	return tiktok_fail(d->arena, r, CLASS_DOUBT, ret);
}

static enum script_move read_status(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	static enum script_move (*const acts[])(struct delivery * d, struct tiktok_reply * r,
						struct step_result * ret) = {
		[TIKTOK_UPLOADING] = confirm_working, [TIKTOK_WORKING] = confirm_working,
		[TIKTOK_COMPLETE] = confirm_complete, [TIKTOK_IN_INBOX] = confirm_inbox,
		[TIKTOK_FAILED] = confirm_failed,     [TIKTOK_STRANGE] = confirm_strange,
	};
	struct delivery *d = ctx;
	struct tiktok_reply r;

	tiktok_read(d->arena, last, &r);
	if (r.is_ok)
		return acts[tiktok_status_read(d, &r)](d, &r, ret);
	/* Never a new init because a look failed: the publish_id stays what is asked for. */
	memo_set_int(d->memo, "waited", 0);
	return tiktok_fail_delivery(
		d, &r, r.row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT, ret);
}

static const char *link_of(const struct delivery *d, const char *id)
{
	const char *name = memo_text(d->memo, "username"), *link = memo_text(d->memo, "link");
	const char *base = platform_text(d->app, "profile_url");

	if (link)
		return arena_strdup(d->arena, link);
	if (!name && json_is_true(json_object_get(d->account->meta, "has_username")))
		name = d->account->username;
	if (!name)
		return NULL;
	name = url_encode(d->arena, name);
	if (!id)
		return arena_printf(d->arena, "%s/@%s", base, name);
	return arena_printf(d->arena, "%s/@%s/%s/%s", base, name,
			    tiktok_is_video(d) ? "video" : "photo", id);
}

static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *id = memo_text(d->memo, "post_id");

	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
					 .remote_id = arena_strdup(d->arena, id ? id : ""),
					 .remote_url = link_of(d, id) };
	return SCRIPT_DONE;
}

static const struct script_row confirm_rows[] = {
	{ "status", ask_status, read_status },
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script confirm_script = { "confirm", confirm_rows };

enum step tiktok_confirm(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_CONFIRM;
	return script_run(&confirm_script, d->memo, d, last, ret);
}

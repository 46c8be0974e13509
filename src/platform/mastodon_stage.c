/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: the server's limits are read and held against the post; then each file goes up with its
 * description, and is waited for while the server works on it. What to do next is computed from the
 * memo: after a crash at most one call is repeated, which nobody sees.
 */
#include "base/clock.h"
#include "platform/mastodon.h"
#include "platform/thread.h"

#define UPLOAD_BYTES_PER_S    131072 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000

enum todo { TODO_LIMITS, TODO_UPLOAD, TODO_STATUS, TODO_NOTHING };

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

static int64_t now_s(const struct delivery *d)
{
	return d->now_us / US_PER_S;
}

static size_t at_of(const struct delivery *d)
{
	const int64_t at = memo_int(d->memo, "at");

	return at >= 0 && (size_t)at < d->post->media_n ? (size_t)at : 0;
}

json_t *mastodon_item(const struct delivery *d, size_t i)
{
	return memo_item(d->memo, i);
}

void mastodon_item_drop(const struct delivery *d, size_t i)
{
	json_t *item = mastodon_item(d, i);
	const int64_t renewals = memo_int(item, "renewals");

	json_object_clear(item);
	memo_set_int(item, "renewals", renewals);
}

static const char *subject_of(const struct delivery *d, size_t i)
{
	return d->post->media_n < 2
		       ? NULL
		       : arena_printf(d->arena, "Item %zu of %zu", i + 1, d->post->media_n);
}

/* Index of the first item whose part is not live yet; the parts take them in order. */
static size_t media_left(const struct delivery *d)
{
	struct publication part;
	size_t n = 0;

	for (size_t i = 0; i < d->part; i++) {
		(void)thread_part(d->post, i, &part);
		n += part.media_n;
	}
	return n;
}

/* All files are handed over before the first one is waited for. */
static enum todo stage_todo(const struct delivery *d, size_t *ret_at)
{
	const size_t from = media_left(d);

	if (!json_is_object(json_object_get(d->memo, "limits")))
		return TODO_LIMITS;
	for (size_t i = from; i < d->post->media_n; i++) {
		*ret_at = i;
		if (!memo_text(mastodon_item(d, i), "id"))
			return TODO_UPLOAD;
	}
	for (size_t i = from; i < d->post->media_n; i++) {
		*ret_at = i;
		if (!memo_int(mastodon_item(d, i), "ready"))
			return TODO_STATUS;
	}
	return TODO_NOTHING;
}

static void drop_expired(const struct delivery *d)
{
	for (size_t i = 0; i < d->post->media_n; i++) {
		const json_t *item = mastodon_item(d, i);

		if (memo_text(item, "id") && memo_int(item, "dies") <= now_s(d))
			mastodon_item_drop(d, i);
	}
}

static enum script_move ask_next(void *ctx, struct step_result *ret)
{
	static const char *const states[] = {
		[TODO_LIMITS] = "limits", [TODO_UPLOAD] = "upload", [TODO_STATUS] = "status"
	};
	struct delivery *d = ctx;
	enum todo todo;
	size_t at = 0;

	drop_expired(d);
	todo = stage_todo(d, &at);
	if (todo != TODO_NOTHING) {
		memo_set_int(d->memo, "at", (int64_t)at);
		return stage_go(d, states[todo]);
	}
	memo_set_text(d->memo, "stage", NULL);
	ret->outcome = (struct outcome){ .kind = OUTCOME_STAGED };
	return SCRIPT_DONE;
}

/* v1 is what servers without v2 have; both tell the limits alike. */
static enum script_move ask_limits(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);

	ret->request = mastodon_call(&c, VERB_GET, "mastodon.instance", "/api/v%d/instance",
				     memo_int(d->memo, "is_old") ? 1 : 2);
	return SCRIPT_SEND;
}

/* What ->check could only presume. */
static enum script_move judge(struct delivery *d, json_t *kept, struct step_result *ret)
{
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
					    0, "over_limit" };
	struct findings found = { .n = 0 };
	struct mastodon_limits limits;

	mastodon_limits(d->app, kept, &limits);
	mastodon_judge(d->app, d->account, d->post, &limits, &found);
	for (size_t i = 0; i < found.n; i++) {
		if (!found.v[i].is_warning)
			return script_refuse(d->arena, &why, ret, "%s", found.v[i].detail);
	}
	json_object_set(d->memo, "limits", kept);
	return stage_go(d, "next");
}

static enum script_move read_limits(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct mastodon_reply r;
	enum script_move move;
	json_t *kept;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	if (r.status == 404 && !memo_int(d->memo, "is_old")) {
		memo_set_int(d->memo, "is_old", 1);
		return stage_go(d, "limits");
	}
	if (!r.is_ok && r.status != 404)
		return mastodon_fail(d->arena, &r, r.row->elsewhere, NULL, ret);
	kept = mastodon_limits_keep(r.is_ok ? r.json : NULL);
	move = judge(d, kept, ret);
	json_decref(kept);
	return move;
}

/* What is wrong with an upload is wrong with the file. */
static enum script_move media_fail(struct delivery *d, const struct mastodon_reply *r,
				   struct step_result *ret)
{
	mastodon_fail(d->arena, r, r->row->elsewhere, subject_of(d, at_of(d)), ret);
	if (ret->outcome.error.code == POST_ERROR_CONTENT_REJECTED && r->status != 403) {
		ret->outcome.error.code = POST_ERROR_MEDIA_REJECTED;
		ret->outcome.error.message = "The server does not take the file.";
	}
	return SCRIPT_DONE;
}

/* The upload is spoilt: another one after a while, until patience ends and the error is final. */
static enum script_move item_redo(struct delivery *d, size_t i, const struct mastodon_reply *r,
				  struct step_result *ret)
{
	const int64_t renewals = memo_count(mastodon_item(d, i), "renewals");
	const bool is_final = renewals > platform_int(d->app, "media_renewals");

	mastodon_item_drop(d, i);
	stage_go(d, "next");
	return mastodon_fail(d->arena, r, is_final ? CLASS_CONTENT : CLASS_LATER, subject_of(d, i),
			     ret);
}

static enum script_move ask_upload(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);
	const struct media_item *m = &d->post->media[at_of(d)];
	const struct http_part what = {
		.file_path = m->path,
		.file_name = arena_printf(d->arena, "media.%s", m->ext ? m->ext : "bin"),
		.mime = m->mime ? m->mime : "application/octet-stream",
		.bytes = -1,
	};

	ret->request = mastodon_call(&c, VERB_POST, "mastodon.media", "/api/v2/media");
	if (m->alt_text && *m->alt_text)
		http_request_part(ret->request, "description", m->alt_text);
	http_request_part_file(ret->request, "file", &what);
	ret->request->timeout_ms =
		UPLOAD_TIMEOUT_MIN_MS + (int)(m->bytes * 1000 / UPLOAD_BYTES_PER_S);
	return SCRIPT_SEND;
}

static enum script_move read_upload(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *item = mastodon_item(d, at_of(d));
	struct mastodon_reply r;
	const char *id;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	id = memo_id(d->arena, r.json, "id");
	if (r.is_ok && !mastodon_is_id(id))
		r.row = mastodon_error_find(&r);
	if (r.row)
		return media_fail(d, &r, ret);
	memo_set_text(item, "id", id);
	memo_set_int(item, "dies", now_s(d) + platform_int(d->app, "media_life_s"));
	/* 202: taken, and worked on. */
	memo_set_int(item, "ready", r.status == 200 ? 1 : 0);
	return stage_go(d, "next");
}

static enum script_move ask_status(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct mastodon_call c = mastodon_call_of(d->arena, d->account);
	const char *id = memo_text(mastodon_item(d, at_of(d)), "id");

	if (!id)
		return stage_go(d, "next");
	ret->request = mastodon_call(&c, VERB_GET, "mastodon.media_get", "/api/v1/media/%s",
				     url_encode(d->arena, id));
	return SCRIPT_SEND;
}

static enum script_move still_working(struct delivery *d, struct mastodon_reply *r,
				      struct step_result *ret)
{
	json_t *item = mastodon_item(d, at_of(d));
	const int64_t polls = memo_count(item, "polls");
	const int64_t ms = script_list_at(platform_text(d->app, "poll_wait_ms"), polls - 1);

	if (memo_int(item, "polls_from") == 0)
		memo_set_int(item, "polls_from", now_s(d));
	if (memo_int(item, "polls_from") < now_s(d) - platform_int(d->app, "poll_patience_s")) {
		r->row = mastodon_error_find(r);
		return item_redo(d, at_of(d), r, ret);
	}
	ret->wait_us = (ms > 0 ? ms : 1000) * US_PER_MS;
	return SCRIPT_WAIT;
}

static enum script_move read_status(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct mastodon_reply r;

	mastodon_read(d->app, d->arena, last, d->now_us, &r);
	if (r.is_ok && r.status == 206)
		return still_working(d, &r, ret);
	if (r.is_ok && !memo_id(d->arena, r.json, "id"))
		r.row = mastodon_error_find(&r);
	if (r.is_spoken && r.status == 404) /* forgotten */
		return item_redo(d, at_of(d), &r, ret);
	if (r.row)
		return media_fail(d, &r, ret);
	memo_set_int(mastodon_item(d, at_of(d)), "ready", 1);
	return stage_go(d, "next");
}

static const struct script_row stage_rows[] = {
	{ "next", ask_next, NULL },
	{ "limits", ask_limits, read_limits },
	{ "upload", ask_upload, read_upload },
	{ "status", ask_status, read_status },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step mastodon_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&stage_script, d->memo, d, last, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: each file goes up in segments, is finalized, described, and waited for while X works on
 * it. What to do next is computed from the memo: after a crash at most one call is repeated, which
 * nobody sees, and an upload goes on at the segment where it stopped.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/twitter.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000
#define CHUNK_LEAST           65536
#define ALT_TRIES             3
#define LIFE_MARGIN_S         300

enum todo { TODO_INIT, TODO_APPEND, TODO_FINALIZE, TODO_STATUS, TODO_ALT, TODO_NOTHING };

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
	int64_t at = memo_int(d->memo, "at");

	return at >= 0 && (size_t)at < d->post->media_n ? (size_t)at : 0;
}

json_t *twitter_item(const struct delivery *d, size_t i)
{
	return memo_item(d->memo, i);
}

void twitter_item_drop(const struct delivery *d, size_t i)
{
	json_t *item = twitter_item(d, i);
	int64_t renewals = memo_int(item, "renewals"), chunk = memo_int(item, "chunk");

	json_object_clear(item);
	memo_set_int(item, "renewals", renewals);
	memo_set_int(item, "chunk", chunk);
}

bool twitter_items_live(const struct delivery *d, const struct publication *part)
{
	const size_t first = twitter_part_first(d, part);

	for (size_t i = 0; i < part->media_n; i++) {
		const json_t *item = twitter_item(d, first + i);

		if (!memo_text(item, "id") || memo_int(item, "dies") <= now_s(d))
			return false;
	}
	return true;
}

static bool is_processed(const struct media_item *m)
{
	return m->kind == MEDIA_VIDEO || twitter_is_gif(m);
}

static const char *subject_of(const struct delivery *d, size_t i)
{
	return d->post->media_n < 2
		       ? NULL
		       : arena_printf(d->arena, "Item %zu of %zu", i + 1, d->post->media_n);
}

static int64_t chunk_of(const struct delivery *d, size_t i)
{
	int64_t chunk = memo_int(twitter_item(d, i), "chunk");

	return chunk > 0 ? chunk : platform_int(d->app, "chunk_bytes");
}

static bool wants_alt(const struct media_item *m)
{
	return m->kind == MEDIA_IMAGE && m->alt_text && *m->alt_text;
}

static enum todo item_todo(const struct delivery *d, size_t i)
{
	const json_t *item = twitter_item(d, i);
	const struct media_item *m = &d->post->media[i];

	if (!memo_text(item, "id"))
		return TODO_INIT;
	if (memo_int(item, "seg") * chunk_of(d, i) < m->bytes)
		return TODO_APPEND;
	if (!memo_int(item, "done"))
		return TODO_FINALIZE;
	if (!memo_int(item, "ready"))
		return TODO_STATUS;
	return wants_alt(m) && !memo_int(item, "alt") ? TODO_ALT : TODO_NOTHING;
}

/* All files are handed over before the first one is waited for. */
static enum todo stage_todo(const struct delivery *d, size_t *ret_at)
{
	static const enum todo passes[] = { TODO_FINALIZE, TODO_ALT };
	const size_t from = twitter_media_left(d);

	for (size_t p = 0; p < ARRAY_LEN(passes); p++) {
		for (size_t i = from; i < d->post->media_n; i++) {
			*ret_at = i;
			if (item_todo(d, i) <= passes[p])
				return item_todo(d, i);
		}
	}
	return TODO_NOTHING;
}

static void drop_expired(const struct delivery *d)
{
	for (size_t i = 0; i < d->post->media_n; i++) {
		const json_t *item = twitter_item(d, i);

		if (memo_text(item, "id") && memo_int(item, "dies") <= now_s(d))
			twitter_item_drop(d, i);
	}
}

static enum script_move ask_next(void *ctx, struct step_result *ret)
{
	static const char *const states[] = { [TODO_INIT] = "init",
					      [TODO_APPEND] = "append",
					      [TODO_FINALIZE] = "finalize",
					      [TODO_STATUS] = "status",
					      [TODO_ALT] = "alt" };
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

static struct twitter_call call_of(const struct delivery *d)
{
	return (struct twitter_call){ d->arena, d->app, d->account->access_token };
}

/* The upload is spoilt: another one after a while, until patience ends and the error is final. */
static enum script_move item_redo(struct delivery *d, size_t i, const struct twitter_reply *r,
				  struct step_result *ret)
{
	int64_t renewals = memo_count(twitter_item(d, i), "renewals");
	bool is_final = renewals > platform_int(d->app, "media_renewals");

	twitter_item_drop(d, i);
	stage_go(d, "next");
	return twitter_fail(d->arena, r, is_final ? CLASS_CONTENT : CLASS_LATER, subject_of(d, i),
			    ret);
}

static enum script_move stage_fail(struct delivery *d, size_t i, const struct twitter_reply *r,
				   struct step_result *ret)
{
	/* 404: X has forgotten the upload. */
	if (!r->is_broken && (r->row->elsewhere == CLASS_MEDIA || r->status == 404))
		return item_redo(d, i, r, ret);
	return twitter_fail(d->arena, r, r->row->elsewhere, subject_of(d, i), ret);
}

static const char *category_of(const struct delivery *d, const struct media_item *m)
{
	if (twitter_is_gif(m))
		return "tweet_gif";
	if (m->kind == MEDIA_IMAGE)
		return "tweet_image";
	return m->duration_ms > platform_int(d->app, "video_max_ms") ? "amplify_video"
								     : "tweet_video";
}

static enum script_move ask_init(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = call_of(d);
	const struct media_item *m = &d->post->media[at_of(d)];

	ret->request =
		twitter_call(&c, VERB_POST, "x.media.initialize", "/2/media/upload/initialize");
	http_request_json(ret->request, json_pack("{s:s, s:s, s:I}", "media_type",
						  m->mime ? m->mime : "application/octet-stream",
						  "media_category", category_of(d, m),
						  "total_bytes", (json_int_t)m->bytes));
	return SCRIPT_SEND;
}

/* How long X keeps it, less a margin; what X said last counts. */
static void note_life(const struct delivery *d, json_t *item, const json_t *data)
{
	int64_t life_s = memo_int(data, "expires_after_secs");
	int64_t most_s = platform_int(d->app, "media_life_s");

	if (life_s > (int64_t)2 * LIFE_MARGIN_S)
		life_s -= LIFE_MARGIN_S;
	if (life_s <= 0 || life_s > most_s)
		life_s = most_s;
	memo_set_int(item, "dies", now_s(d) + life_s);
}

static bool is_media_id(const char *id)
{
	size_t n = id ? strspn(id, "0123456789") : 0;

	return n >= 1 && n <= 19 && id[n] == '\0';
}

static enum script_move read_init(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *item = twitter_item(d, at_of(d));
	struct twitter_reply r;
	const json_t *data;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	data = json_object_get(r.json, "data");
	if (r.is_ok && !is_media_id(memo_text(data, "id")))
		r.row = twitter_error_find(&r);
	if (r.row)
		return stage_fail(d, at_of(d), &r, ret);
	memo_set_text(item, "id", memo_text(data, "id"));
	memo_set_int(item, "chunk", chunk_of(d, at_of(d)));
	note_life(d, item, data);
	return stage_go(d, "next");
}

static enum script_move ask_append(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = call_of(d);
	size_t at = at_of(d);
	const json_t *item = twitter_item(d, at);
	const struct media_item *m = &d->post->media[at];
	int64_t seg = memo_int(item, "seg"), chunk = chunk_of(d, at), from = seg * chunk;
	int64_t n = m->bytes - from < chunk ? m->bytes - from : chunk;
	const struct http_part what = {
		.file_path = m->path,
		.file_name = arena_printf(d->arena, "seg%lld", (long long)seg),
		.mime = "application/octet-stream",
		.offset = from,
		.bytes = n,
	};

	ret->request = twitter_call(&c, VERB_POST, "x.media.append", "/2/media/upload/%s/append",
				    memo_text(item, "id"));
	http_request_part(ret->request, "segment_index",
			  arena_printf(d->arena, "%lld", (long long)seg));
	http_request_part_file(ret->request, "media", &what);
	ret->request->timeout_ms = UPLOAD_TIMEOUT_MIN_MS + (int)(n * 1000 / UPLOAD_BYTES_PER_S);
	return SCRIPT_SEND;
}

/* Segments of half the size cannot follow larger ones: their numbers mean other places. */
static bool halve_chunk(const struct delivery *d, size_t i)
{
	int64_t half = chunk_of(d, i) / 2;

	if (half < CHUNK_LEAST)
		return false;
	twitter_item_drop(d, i);
	memo_set_int(twitter_item(d, i), "chunk", half);
	return true;
}

static enum script_move read_append(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	size_t at = at_of(d);
	struct twitter_reply r;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	if (r.is_ok) {
		memo_count(twitter_item(d, at), "seg");
		return stage_go(d, "next");
	}
	if ((r.status == 413 || r.status == 431) && halve_chunk(d, at))
		return stage_go(d, "next");
	return stage_fail(d, at, &r, ret);
}

/* `fin`: it was sent before and the answer is lost. What X processes can be asked about. */
static enum script_move ask_finalize(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = call_of(d);
	json_t *item = twitter_item(d, at_of(d));

	if (memo_int(item, "fin") == 1 && is_processed(&d->post->media[at_of(d)])) {
		memo_set_int(item, "fin", 2);
		return stage_go(d, "status");
	}
	memo_set_int(item, "fin", memo_int(item, "fin") ? 2 : 1);
	ret->request = twitter_call(&c, VERB_POST, "x.media.finalize",
				    "/2/media/upload/%s/finalize", memo_text(item, "id"));
	http_request_json(ret->request, json_object());
	return SCRIPT_SEND;
}

static enum script_move processing_wait(struct delivery *d, const json_t *info,
					struct step_result *ret)
{
	int64_t most_ms = platform_int(d->app, "poll_wait_max_ms");
	int64_t ms = memo_int(info, "check_after_secs") * 1000;

	if (ms <= 0)
		ms = platform_int(d->app, "poll_wait_ms");
	ret->wait_us = (ms < most_ms ? ms : most_ms) * US_PER_MS;
	stage_go(d, "status");
	return SCRIPT_WAIT;
}

/* X cannot use the file; only what X itself failed at may be tried with a fresh upload. */
static enum script_move processing_failed(struct delivery *d, const json_t *info,
					  struct twitter_reply *r, struct step_result *ret)
{
	const json_t *error = json_object_get(info, "error");
	const char *name = memo_text(error, "name");

	r->is_ok = false;
	r->words = name ? name : "";
	r->message = memo_text(error, "message");
	r->row = twitter_error_find(r);
	if (name && strstr(name, "Internal"))
		return item_redo(d, at_of(d), r, ret);
	return twitter_fail(d->arena, r, r->row->elsewhere, subject_of(d, at_of(d)), ret);
}

static enum script_move processing_read(struct delivery *d, struct twitter_reply *r,
					struct step_result *ret)
{
	const json_t *data = json_object_get(r->json, "data");
	const json_t *info = json_object_get(data, "processing_info");
	const char *state = info ? memo_text(info, "state") : "succeeded";
	json_t *item = twitter_item(d, at_of(d));
	bool is_first = memo_int(item, "polls_from") == 0;

	memo_set_int(item, "done", 1);
	if (state && strcmp(state, "failed") == 0)
		return processing_failed(d, info, r, ret);
	if (state && strcmp(state, "succeeded") == 0) {
		memo_set_int(item, "ready", 1);
		return stage_go(d, "next");
	}
	if (is_first)
		memo_set_int(item, "polls_from", now_s(d));
	if (now_s(d) - memo_int(item, "polls_from") > platform_int(d->app, "poll_patience_s")) {
		r->row = twitter_error_find(r);
		return item_redo(d, at_of(d), r, ret);
	}
	if (is_first) /* finalized just now: the other files first */
		return stage_go(d, "next");
	return processing_wait(d, info, ret);
}

static enum script_move read_finalize(void *ctx, const struct http_reply *last,
				      struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *item = twitter_item(d, at_of(d));
	struct twitter_reply r;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	if (r.is_ok && r.json) {
		note_life(d, item, json_object_get(r.json, "data"));
		return processing_read(d, &r, ret);
	}
	if (r.is_ok)
		r.row = twitter_error_find(&r);
	/* It may be the repeat of one that was taken, ours or the transport's: a new upload is certain. */
	if (!r.is_broken && r.status == 400)
		return item_redo(d, at_of(d), &r, ret);
	return stage_fail(d, at_of(d), &r, ret);
}

static enum script_move ask_status(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = call_of(d);
	const json_t *item = twitter_item(d, at_of(d));

	ret->request = twitter_call(&c, VERB_GET, "x.media.status", "/2/media/upload");
	http_request_query(ret->request, "command", "STATUS");
	http_request_query(ret->request, "media_id", memo_text(item, "id"));
	return SCRIPT_SEND;
}

static enum script_move read_status(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	const json_t *item = twitter_item(d, at_of(d));
	struct twitter_reply r;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	if (r.is_ok && json_object_get(r.json, "data"))
		return processing_read(d, &r, ret);
	if (r.is_ok)
		r.row = twitter_error_find(&r);
	if (!memo_int(item, "done") && (r.status == 400 || r.status == 404))
		return stage_go(d, "finalize"); /* the first one never arrived */
	return stage_fail(d, at_of(d), &r, ret);
}

static enum script_move ask_alt(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct twitter_call c = call_of(d);
	json_t *item = twitter_item(d, at_of(d));

	memo_count(item, "alt_tries");
	ret->request = twitter_call(&c, VERB_POST, "x.media.metadata", "/2/media/metadata");
	http_request_json(ret->request,
			  json_pack("{s:s, s:{s:{s:s}}}", "id", memo_text(item, "id"), "metadata",
				    "alt_text", "text", d->post->media[at_of(d)].alt_text));
	return SCRIPT_SEND;
}

/* A description that X does not take is no reason to withhold the post. */
static enum script_move read_alt(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	json_t *item = twitter_item(d, at_of(d));
	bool is_last = memo_int(item, "alt_tries") >= ALT_TRIES;
	struct twitter_reply r;

	twitter_read(d->app, d->arena, last, d->now_us, &r);
	if (!r.is_ok && (r.row->elsewhere == CLASS_TOKEN || r.row->elsewhere == CLASS_LATER) &&
	    !is_last) {
		stage_go(d, "next");
		return twitter_fail(d->arena, &r, r.row->elsewhere, subject_of(d, at_of(d)), ret);
	}
	memo_set_int(item, "alt", 1);
	return stage_go(d, "next");
}

static const struct script_row stage_rows[] = {
	{ "next", ask_next, NULL },
	{ "init", ask_init, read_init },
	{ "append", ask_append, read_append },
	{ "finalize", ask_finalize, read_finalize },
	{ "status", ask_status, read_status },
	{ "alt", ask_alt, read_alt },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step twitter_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&stage_script, d->memo, d, last, ret);
}

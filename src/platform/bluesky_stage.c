/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: what is answered and quoted is looked up (a strong reference names the version that was
 * seen), handles become DIDs, files go up, and the record's key is settled. A last authorised read
 * shows that the token is good and brings a nonce of the hour. What to do next is computed from the
 * memo: after a crash at most one call is repeated, which nobody sees.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/bluesky.h"
#include "platform/bluesky_text.h"
#include "platform/thread.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000
#define HANDLE_TRIES          3
#define SPOKE_S               60 /* so long the last answer shows that the token is good */

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

json_t *bluesky_item(const struct delivery *d, size_t i)
{
	const char *key = i < d->post->media_n ? "items" : "thumb";
	json_t *list = json_object_get(d->memo, key);

	i = i < d->post->media_n ? i : 0;
	if (!json_is_array(list)) {
		json_object_set_new(d->memo, key, json_array());
		list = json_object_get(d->memo, key);
	}
	while (json_array_size(list) <= i)
		json_array_append_new(list, json_object());
	return json_array_get(list, i);
}

/* The server drops what no record refers to after a while. */
static bool is_up(const struct delivery *d, size_t i)
{
	const json_t *item = bluesky_item(d, i);

	return json_is_object(json_object_get(item, "blob")) &&
	       bluesky_is_recent(d, memo_int(item, "made"), platform_int(d->app, "blob_life_s"));
}

bool bluesky_items_live(const struct delivery *d, const struct publication *part)
{
	const size_t first = bluesky_first(d, part);

	for (size_t i = 0; i < part->media_n; i++) {
		if (!is_up(d, first + i))
			return false;
	}
	return d->part > 0 || !bluesky_thumb(d->post) || is_up(d, d->post->media_n);
}

/* Of the parts to come: the first file that is not up, media_n + 1: none. */
static size_t first_missing(const struct delivery *d)
{
	const size_t parts = thread_part(d->post, 0, NULL), n = d->post->media_n;

	for (size_t p = d->part; p < parts; p++) {
		struct publication part;

		(void)thread_part(d->post, p, &part);
		for (size_t i = 0; i < part.media_n; i++) {
			if (!is_up(d, bluesky_first(d, &part) + i))
				return bluesky_first(d, &part) + i;
		}
	}
	return d->part == 0 && bluesky_thumb(d->post) && !is_up(d, n) ? n : n + 1;
}

/* A handle of any part that nobody was asked about yet; NULL: none. */
static const char *next_handle(const struct delivery *d)
{
	const size_t parts = thread_part(d->post, 0, NULL);
	const json_t *dids = json_object_get(d->memo, "dids");

	for (size_t p = d->part; p < parts; p++) {
		const struct bluesky_facet *found;
		struct publication part;
		size_t n;

		(void)thread_part(d->post, p, &part);
		n = bluesky_facets(d->arena, bluesky_text(d->arena, &part, p), &found);
		for (size_t i = 0; i < n; i++) {
			if (found[i].kind == FACET_MENTION && !memo_text(dids, found[i].value))
				return found[i].value;
		}
	}
	return NULL;
}

static bool wants_ref(const struct delivery *d, const char *option, const char *key)
{
	return d->part == 0 && bluesky_option(d->post, option) && !json_object_get(d->memo, key);
}

static enum script_move ask_next(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const size_t missing = first_missing(d);

	if (wants_ref(d, "reply_to_id", "reply"))
		return stage_go(d, "reply");
	if (wants_ref(d, "quote_id", "quote"))
		return stage_go(d, "quote");
	if (next_handle(d))
		return stage_go(d, "handle");
	if (missing <= d->post->media_n) {
		memo_set_int(d->memo, "at", (int64_t)missing);
		return stage_go(d, "upload");
	}
	if (!bluesky_is_recent(d, memo_int(d->memo, "spoke"), SPOKE_S))
		return stage_go(d, "session");
	bluesky_key_choose(d);
	memo_set_text(d->memo, "stage", NULL);
	ret->outcome = (struct outcome){ .kind = OUTCOME_STAGED, .handle = bluesky_key(d) };
	return SCRIPT_DONE;
}

static enum script_move stage_fail(struct delivery *d, const struct bluesky_reply *r,
				   const char *subject, struct step_result *ret)
{
	stage_go(d, "next");
	return bluesky_fail(d->arena, r, r->row->elsewhere, subject, ret);
}

/* A 2xx that does not say what it should. */
static enum script_move stage_odd(struct delivery *d, struct bluesky_reply *r,
				  struct step_result *ret)
{
	if (!r->row)
		r->row = bluesky_error_find(r);
	return stage_fail(d, r, NULL, ret);
}

static enum script_move ask_place(struct delivery *d, const char *option, struct step_result *ret)
{
	const struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
					    0, "reference" };
	const struct bluesky_call c = bluesky_call_of(d);
	const char *given = bluesky_option(d->post, option);
	struct bluesky_place place;

	if (!given)
		return stage_go(d, "next");
	if (!bluesky_place_read(d->arena, given, &place))
		return script_refuse(d->arena, &why, ret,
				     "%s names no post: an at:// or a bsky.app address is needed.",
				     option);
	ret->request = bluesky_ask(&c, "bsky.getRecord", "com.atproto.repo.getRecord");
	http_request_query(ret->request, "repo", place.repo);
	http_request_query(ret->request, "collection", BLUESKY_POST);
	http_request_query(ret->request, "rkey", place.key);
	return SCRIPT_SEND;
}

static enum script_move ask_reply(void *ctx, struct step_result *ret)
{
	return ask_place(ctx, "reply_to_id", ret);
}

static enum script_move ask_quote(void *ctx, struct step_result *ret)
{
	return ask_place(ctx, "quote_id", ret);
}

static json_t *strong_ref(const json_t *from)
{
	const char *uri = memo_text(from, "uri"), *cid = memo_text(from, "cid");

	return uri && cid && strncmp(uri, "at://did:", 9) == 0
		       ? json_pack("{s:s, s:s}", "uri", uri, "cid", cid)
		       : NULL;
}

/* The conversation that it belongs to, or begins. */
static json_t *reply_of(const json_t *record)
{
	const json_t *reply = json_object_get(json_object_get(record, "value"), "reply");
	json_t *parent = strong_ref(record), *root = strong_ref(json_object_get(reply, "root"));

	if (!parent) {
		json_decref(root);
		return NULL;
	}
	if (!root)
		root = json_incref(parent);
	return json_pack("{s:o, s:o}", "root", root, "parent", parent);
}

static enum script_move read_place(struct delivery *d, const struct http_reply *last,
				   const char *key, struct step_result *ret)
{
	const bool is_reply = strcmp(key, "reply") == 0;
	struct bluesky_reply r;
	json_t *found;

	bluesky_read(d->app, d->arena, last, d->now_us, &r);
	if (r.row)
		return stage_fail(d, &r, is_reply ? "reply_to_id" : "quote_id", ret);
	found = is_reply ? reply_of(r.json) : strong_ref(r.json);
	if (!found)
		return stage_odd(d, &r, ret);
	json_object_set_new(d->memo, key, found);
	return stage_go(d, "next");
}

static enum script_move read_reply(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	return read_place(ctx, last, "reply", ret);
}

static enum script_move read_quote(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	return read_place(ctx, last, "quote", ret);
}

static void note_did(const struct delivery *d, const char *handle, const char *did)
{
	if (!json_object_get(d->memo, "dids"))
		json_object_set_new(d->memo, "dids", json_object());
	memo_set_text(json_object_get(d->memo, "dids"), handle, did);
	memo_set_int(d->memo, "handle_tries", 0);
}

static enum script_move ask_handle(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);
	const char *handle = next_handle(d);

	if (!handle) /* the text was changed meanwhile */
		return stage_go(d, "next");
	ret->request = bluesky_ask(&c, "bsky.resolveHandle", "com.atproto.identity.resolveHandle");
	http_request_query(ret->request, "handle", handle);
	return SCRIPT_SEND;
}

/* A name that cannot be resolved stays text: that is no reason to withhold the post. */
static enum script_move read_handle(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *handle = next_handle(d), *did;
	struct bluesky_reply r;

	bluesky_read(d->app, d->arena, last, d->now_us, &r);
	did = memo_text(r.json, "did");
	if (!handle)
		return stage_go(d, "next");
	if (r.is_ok && did && strncmp(did, "did:", 4) == 0) {
		note_did(d, handle, did);
		return stage_go(d, "next");
	}
	if (r.row && r.row->elsewhere != CLASS_CONTENT &&
	    (r.row->elsewhere != CLASS_LATER || memo_count(d->memo, "handle_tries") < HANDLE_TRIES))
		return stage_fail(d, &r, NULL, ret);
	note_did(d, handle, "");
	return stage_go(d, "next");
}

static size_t at_of(const struct delivery *d)
{
	return (size_t)memo_int(d->memo, "at");
}

static const struct media_item *file_at(const struct delivery *d)
{
	return at_of(d) < d->post->media_n ? &d->post->media[at_of(d)] : bluesky_thumb(d->post);
}

static enum script_move ask_upload(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);
	const struct media_item *m = file_at(d);

	if (!m)
		return stage_go(d, "next");
	ret->request =
		bluesky_call(&c, VERB_POST, "bsky.uploadBlob", "com.atproto.repo.uploadBlob");
	http_request_file(ret->request, m->path, 0, m->bytes,
			  m->mime ? m->mime : "application/octet-stream");
	ret->request->timeout_ms =
		UPLOAD_TIMEOUT_MIN_MS + (int)(m->bytes * 1000 / UPLOAD_BYTES_PER_S);
	return SCRIPT_SEND;
}

static const char *subject_of(const struct delivery *d)
{
	if (at_of(d) >= d->post->media_n)
		return "The card's picture";
	return d->post->media_n < 2
		       ? NULL
		       : arena_printf(d->arena, "Item %zu of %zu", at_of(d) + 1, d->post->media_n);
}

static enum script_move read_upload(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct bluesky_reply r;
	const json_t *blob;
	json_t *item;

	if (bluesky_hear(d, last, &r))
		return stage_go(d, "upload");
	if (r.row)
		return stage_fail(d, &r, subject_of(d), ret);
	blob = json_object_get(r.json, "blob");
	if (!memo_text(json_object_get(blob, "ref"), "$link") || !memo_text(blob, "mimeType"))
		return stage_odd(d, &r, ret);
	item = bluesky_item(d, at_of(d));
	json_object_set_new(item, "blob", json_deep_copy(blob));
	memo_set_int(item, "made", d->now_us / US_PER_S);
	return stage_go(d, "next");
}

static enum script_move ask_session(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);

	ret->request =
		bluesky_call(&c, VERB_GET, "bsky.getSession", "com.atproto.server.getSession");
	return SCRIPT_SEND;
}

static enum script_move read_session(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct delivery *d = ctx;
	struct bluesky_reply r;

	if (bluesky_hear(d, last, &r))
		return stage_go(d, "session");
	return r.row ? stage_fail(d, &r, NULL, ret) : stage_go(d, "next");
}

static const struct script_row stage_rows[] = {
	{ "next", ask_next, NULL },
	{ "reply", ask_reply, read_reply },
	{ "quote", ask_quote, read_quote },
	{ "handle", ask_handle, read_handle },
	{ "upload", ask_upload, read_upload },
	{ "session", ask_session, read_session },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step bluesky_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	return script_run(&stage_script, d->memo, d, last, ret);
}

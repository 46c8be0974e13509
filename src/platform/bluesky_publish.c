/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fire: one putRecord under the key that staging has chosen, with swapRecord null: written only
 * where nothing stands (bluesky_key.c says why that suffices). What may have grown old since staging
 * is asked anew before it: the nonce that a proof needs, and the version of the part before.
 */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "platform/bluesky.h"
#include "platform/thread.h"

#define NONCE_S 60 /* servers change it about every minute and take the one before, too */

static const struct script fire_script;

static enum script_move fire_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &fire_script, state);
}

/* Of an app password's session there is no proof. */
static bool needs_nonce(const struct delivery *d)
{
	const char *key = d->account->user_token;

	return key && *key && !bluesky_is_recent(d, memo_int(d->memo, "spoke"), NONCE_S);
}

static enum script_move ask_ready(void *ctx, struct step_result *ret)
{
	static const struct script_refusal spoilt = { OUTCOME_RESTAGE, POST_ERROR_MEDIA_REJECTED,
						      WHO_PLATFORM, 0, "media_expired" };
	static const struct script_refusal lost = { OUTCOME_REFUSED, POST_ERROR_UNKNOWN,
						    WHO_PLATFORM, 0, "part_id_unknown" };
	struct delivery *d = ctx;
	struct publication part;

	(void)thread_part(d->post, d->part, &part);
	if (d->part > 0 && !d->before_id)
		return script_refuse(d->arena, &lost, ret,
				     "The id of the post before is not known, so nothing can "
				     "follow it.");
	if (!bluesky_items_live(d, &part))
		return script_refuse(d->arena, &spoilt, ret,
				     "The uploads have expired; they are made anew.");
	bluesky_key_choose(d);
	if (d->part > 0 && !bluesky_before(d))
		return fire_go(d, "before");
	return fire_go(d, needs_nonce(d) ? "nonce" : "put");
}

static enum script_move ask_before(void *ctx, struct step_result *ret)
{
	static const struct script_refusal odd = { OUTCOME_REFUSED, POST_ERROR_UNKNOWN,
						   WHO_PLATFORM, 0, "part_id_unknown" };
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);
	struct bluesky_place place;

	if (!bluesky_place_read(d->arena, d->before_id, &place))
		return script_refuse(d->arena, &odd, ret,
				     "The id of the post before is none of Bluesky's.");
	ret->phase = PHASE_STAGE;
	ret->request = bluesky_ask(&c, "bsky.getRecord", "com.atproto.repo.getRecord");
	http_request_query(ret->request, "repo", place.repo);
	http_request_query(ret->request, "collection", BLUESKY_POST);
	http_request_query(ret->request, "rkey", place.key);
	return SCRIPT_SEND;
}

/* An outcome before the irreversible call: read as one of staging. */
static enum script_move early_fail(struct delivery *d, struct bluesky_reply *r,
				   struct step_result *ret)
{
	fire_go(d, "ready");
	if (!r->row)
		r->row = bluesky_error_find(r);
	return bluesky_fail(d->arena, r, r->row->elsewhere, NULL, ret);
}

static enum script_move read_before(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct bluesky_reply r;
	const char *cid;

	bluesky_read(d->app, d->arena, last, d->now_us, &r);
	cid = memo_text(r.json, "cid");
	if (!r.is_ok || !cid)
		return early_fail(d, &r, ret);
	json_object_set_new(d->memo, "before",
			    json_pack("{s:s, s:s}", "uri", d->before_id, "cid", cid));
	return fire_go(d, "ready");
}

static enum script_move ask_nonce(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);

	ret->phase = PHASE_STAGE;
	ret->request =
		bluesky_call(&c, VERB_GET, "bsky.getSession", "com.atproto.server.getSession");
	return SCRIPT_SEND;
}

static enum script_move read_nonce(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	struct bluesky_reply r;

	if (bluesky_hear(d, last, &r))
		return fire_go(d, "nonce");
	return r.row ? early_fail(d, &r, ret) : fire_go(d, "put");
}

static enum script_move ask_put(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const struct bluesky_call c = bluesky_call_of(d);
	struct publication part;
	json_t *body;

	(void)thread_part(d->post, d->part, &part);
	body = json_pack("{s:s, s:s, s:s, s:o, s:n}", "repo", d->account->remote_id, "collection",
			 BLUESKY_POST, "rkey", bluesky_key(d), "record", bluesky_record(d, &part),
			 "swapRecord");
	if (BUG(bluesky_swap_open))
		json_object_del(body, "swapRecord");
	ret->phase = PHASE_FIRE;
	ret->request = bluesky_call(&c, VERB_POST, "bsky.putRecord", "com.atproto.repo.putRecord");
	http_request_json(ret->request, body);
	return SCRIPT_SEND;
}

enum script_move bluesky_published(const struct delivery *d, const char *uri, const char *cid,
				   struct step_result *ret)
{
	json_t *out = json_object_get(d->memo, "out");
	const char *key = strrchr(uri, '/');

	if (!json_is_array(out)) {
		out = json_array();
		json_object_set_new(d->memo, "out", out);
	}
	while (json_array_size(out) <= d->part)
		json_array_append_new(out, json_object());
	json_array_set_new(out, d->part, json_pack("{s:s, s:s}", "uri", uri, "cid", cid));
	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = arena_strdup(d->arena, uri),
		.remote_url = arena_printf(d->arena, "%s/profile/%s/post/%s",
					   platform_text(d->app, "profile_url"),
					   d->account->remote_id, key ? key + 1 : ""),
	};
	return SCRIPT_DONE;
}

/* Only the server's own refusal proves that nothing was written; proxies and 5xx do not. */
static enum error_class fire_class(const struct bluesky_reply *r)
{
	const bool is_theirs = r->is_xrpc || BUG(bluesky_proxy_believed);

	if (r->is_broken || !is_theirs || r->status < 400 || r->status >= 500)
		return CLASS_DOUBT;
	return r->row->fire;
}

/* The server has lost the files: up with them again, a few times. */
static enum error_class redo_media(const struct delivery *d)
{
	json_object_del(d->memo, "items");
	json_object_del(d->memo, "thumb");
	return memo_count(d->memo, "renewals") > platform_int(d->app, "media_renewals")
		       ? CLASS_CONTENT
		       : CLASS_MEDIA;
}

static enum script_move read_put(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	const bool is_old = bluesky_nonce_wanted(last, d->memo);
	struct bluesky_reply r;
	enum error_class class;
	const char *uri, *cid;

	fire_go(d, "ready");
	bluesky_read(d->app, d->arena, last, d->now_us, &r);
	uri = memo_text(r.json, "uri");
	cid = memo_text(r.json, "cid");
	if (r.is_ok && uri && cid && strcmp(uri, bluesky_uri(d)) == 0)
		return bluesky_published(d, uri, cid, ret);
	if (!r.row)
		r.row = bluesky_error_find(&r);
	class = fire_class(&r);
	if (class == CLASS_MEDIA)
		class = redo_media(d);
	if (class == CLASS_DUPLICATE) /* an earlier fire of ours; the next read shows it */
		class = BUG(bluesky_swap_fails) ? CLASS_CONTENT : CLASS_DOUBT;
	bluesky_fail(d->arena, &r, class, NULL, ret);
	if (class == CLASS_DOUBT)
		ret->outcome.retry_after_s = 0; /* looking must not wait */
	if (is_old || r.row->elsewhere == CLASS_LATER)
		memo_set_int(d->memo, "spoke", 0); /* another nonce before the next try */
	if (is_old)
		ret->outcome.retry_after_s = 1;
	return SCRIPT_DONE;
}

static const struct script_row fire_rows[] = {
	{ "ready", ask_ready, NULL },
	{ "before", ask_before, read_before },
	{ "nonce", ask_nonce, read_nonce },
	{ "put", ask_put, read_put },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step bluesky_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	/* What a crash has left half-way begins anew: nonces and uploads age. */
	if (!last)
		fire_go(d, "ready");
	return script_run(&fire_script, d->memo, d, last, ret);
}

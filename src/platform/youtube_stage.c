/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: the session, its bytes, and for the way "flip" everything until the video is processed
 * and only lacks its audience. A session that stands in the memo is asked before anything else is
 * done, and one that is lost is looked for among the uploads: a second session beside a completed
 * one would be a second video.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "platform/youtube.h"

#define RENEWALS_MAX  3
#define RENEW_WAIT_S  30
#define SAT_OUT_MAX_S 10

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

static enum script_move stage_end(struct delivery *d, struct step_result *ret)
{
	memo_set_text(d->memo, "stage", NULL);
	memo_set_int(d->memo, "renewals", 0);
	memo_set_int(d->memo, "tries", 0);
	ret->outcome =
		(struct outcome){ .kind = OUTCOME_STAGED,
				  .handle = arena_strdup(d->arena, memo_text(d->memo, "video")) };
	return SCRIPT_DONE;
}

/* A fire that counted as without effect had one: it is looked up, nothing is sent. */
static enum script_move stage_already(struct delivery *d, struct step_result *ret)
{
	memo_set_text(d->memo, "stage", NULL);
	return script_succeed(ret);
}

static enum script_move stage_fail(struct delivery *d, const struct youtube_reply *r,
				   struct step_result *ret)
{
	return youtube_fail(d->arena, d->now_us, r, r->row->elsewhere, ret);
}

/* All that belongs to one upload. */
static void forget_upload(struct delivery *d)
{
	static const char *const spent[] = { "way",        "session", "made",  "size",   "sent",
					     "asked",      "ended",   "gone",  "looks",  "looked",
					     "video",      "level",   "polls", "absent", "form",
					     "file",       "doubted", "cover", "covers", "tries",
					     "candidates", "listed",  "page",  "pages" };

	for (size_t i = 0; i < ARRAY_LEN(spent); i++)
		json_object_del(d->memo, spent[i]);
}

/* The upload is spent and nothing can be seen of it: a new one, but not for ever. */
static enum script_move stage_renew(struct delivery *d, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM,
				      RENEW_WAIT_S, "upload_lost" };

	forget_upload(d);
	stage_go(d, "begin");
	if (memo_count(d->memo, "renewals") < RENEWALS_MAX)
		return SCRIPT_GO;
	memo_set_int(d->memo, "renewals", 0);
	return script_refuse(d->arena, &why, ret, "YouTube loses one upload after another.");
}

static bool is_memo(const struct delivery *d, const char *key, const char *value)
{
	const char *is = memo_text(d->memo, key);

	return is && strcmp(is, value) == 0;
}

static bool is_same_file(const struct delivery *d)
{
	return is_memo(d, "file", d->post->media[0].sha256);
}

/* Not so when the post was edited meanwhile. */
static bool is_same_form(const struct delivery *d)
{
	return is_memo(d, "form", youtube_form_mark(d));
}

/* What may be out already is settled before anything is made anew. */
static enum script_move ask_begin(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal none = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				       "kind_unsupported" };
	bool is_flip;

	if (!youtube_is_video(d->post))
		return script_refuse(d->arena, &none, ret,
				     "YouTube publishes one video and nothing else.");
	if (memo_text(d->memo, "video"))
		return stage_go(d, "settle");
	if (memo_text(d->memo, "session"))
		return stage_go(d, memo_int(d->memo, "gone") ? "look" : "query");
	is_flip = youtube_may_flip(d->app, d->account, d->post);
	memo_set_text(d->memo, "way", is_flip ? "flip" : "tail");
	return stage_go(d, "open");
}

static enum script_move ask_open(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	ret->request = youtube_open(d);
	return SCRIPT_SEND;
}

static enum script_move read_open(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *session = NULL;
	struct youtube_reply r;

	youtube_read(d->arena, last, d->now_us, &r);
	if (r.is_ok)
		session = http_reply_header(last, d->arena, "Location");
	if (r.is_ok && (!session || !*session))
		r.row = youtube_error_status(0);
	if (r.row)
		return stage_fail(d, &r, ret);
	memo_set_text(d->memo, "session", session);
	memo_set_text(d->memo, "form", youtube_form_mark(d));
	memo_set_text(d->memo, "file", d->post->media[0].sha256);
	memo_set_int(d->memo, "made", d->now_us / US_PER_S);
	memo_set_int(d->memo, "size", d->post->media[0].bytes);
	memo_set_int(d->memo, "sent", 0);
	return stage_go(d, "chunk");
}

static enum script_move untrusted(struct delivery *d, struct step_result *ret)
{
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
				      "upload_address" };

	forget_upload(d);
	stage_go(d, "begin");
	return script_refuse(d->arena, &why, ret,
			     "YouTube named an upload address that lies outside "
			     "upload_host_suffix.");
}

static enum script_move ask_chunk(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	bool is_last = youtube_is_last_chunk(d);

	if (!is_same_file(d) || !is_same_form(d)) {
		forget_upload(d);
		return stage_go(d, "begin");
	}
	ret->request = youtube_chunk(d);
	if (!ret->request)
		return untrusted(d, ret);
	if (is_last && !youtube_is_flip(d))
		return stage_end(d, ret);
	/* From here on a lost answer may hide a video. */
	if (is_last)
		memo_set_int(d->memo, "ended", 1);
	return SCRIPT_SEND;
}

/*
 * A short fault is sat out here; a long one, or one that YouTube wants to be long, has the engine's
 * back-off, which tells it and minds the due time.
 */
static enum script_move put_again(struct delivery *d, struct youtube_reply *r,
				  struct step_result *ret)
{
	const char *waits = platform_text(d->app, "retry_ms");
	int64_t tries = memo_int(d->memo, "tries");
	int64_t wait_ms = script_list_at(waits, tries);

	stage_go(d, "query");
	memo_set_int(d->memo, "asked", 1);
	if (!script_list_ends(waits, tries) && r->retry_after_s <= SAT_OUT_MAX_S) {
		memo_set_int(d->memo, "tries", tries + 1);
		if (r->retry_after_s * 1000 > wait_ms)
			wait_ms = r->retry_after_s * 1000;
		ret->wait_us = wait_ms * US_PER_MS;
		return SCRIPT_WAIT;
	}
	memo_set_int(d->memo, "tries", 0);
	if (!r->row)
		r->row = youtube_error_status(0);
	return youtube_fail(d->arena, d->now_us, r, CLASS_LATER, ret);
}

static enum script_move put_more(struct delivery *d, struct youtube_reply *r,
				 struct step_result *ret)
{
	(void)r, (void)ret;
	return stage_go(d, "chunk");
}

static enum script_move put_done(struct delivery *d, struct youtube_reply *r,
				 struct step_result *ret)
{
	(void)r;
	if (!youtube_is_flip(d))
		return stage_already(d, ret);
	return stage_go(d, "settle");
}

/* Without its last byte no session makes a video: then there is nothing to look for. */
static enum script_move put_gone(struct delivery *d, struct youtube_reply *r,
				 struct step_result *ret)
{
	(void)r;
	if (!memo_int(d->memo, "ended"))
		return stage_renew(d, ret);
	memo_set_int(d->memo, "looks", 0);
	return stage_go(d, "look");
}

static enum script_move put_error(struct delivery *d, struct youtube_reply *r,
				  struct step_result *ret)
{
	stage_go(d, "begin");
	return stage_fail(d, r, ret);
}

/* Of a chunk, and of the question how far the session came. */
static enum script_move read_put(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	static enum script_move (*const acts[])(struct delivery * d, struct youtube_reply * r,
						struct step_result * ret) = {
		[YOUTUBE_PUT_MORE] = put_more,   [YOUTUBE_PUT_DONE] = put_done,
		[YOUTUBE_PUT_GONE] = put_gone,   [YOUTUBE_PUT_AGAIN] = put_again,
		[YOUTUBE_PUT_ERROR] = put_error,
	};
	struct delivery *d = ctx;
	int64_t was = memo_int(d->memo, "sent");
	struct youtube_reply r;
	enum youtube_put put = youtube_put_read(d, last, &r);

	/* Chunks that are taken without being kept must not go on for ever. */
	if (put == YOUTUBE_PUT_MORE && memo_int(d->memo, "sent") <= was &&
	    is_memo(d, "stage", "chunk"))
		put = YOUTUBE_PUT_AGAIN;
	return acts[put](d, &r, ret);
}

static enum script_move ask_query(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	ret->request = youtube_query(d);
	return ret->request ? SCRIPT_SEND : untrusted(d, ret);
}

/* ---- a lost session ---- */

static enum script_move ask_look(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	int64_t wait_ms =
		script_list_at(platform_text(d->app, "look_wait_ms"), memo_int(d->memo, "looks"));

	if (memo_int(d->memo, "looked") || wait_ms == 0) {
		youtube_list_begin(d);
		return stage_go(d, "list");
	}
	memo_set_int(d->memo, "looked", 1);
	ret->wait_us = wait_ms * US_PER_MS;
	return SCRIPT_WAIT;
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	ret->request = youtube_list_ask(ctx);
	return SCRIPT_SEND;
}

/* The listing lags: absence counts when it has been seen often enough. */
static enum script_move list_none(struct delivery *d, struct step_result *ret)
{
	memo_set_int(d->memo, "looked", 0);
	if (script_list_ends(platform_text(d->app, "look_wait_ms"), memo_count(d->memo, "looks")))
		return stage_renew(d, ret);
	return stage_go(d, "look");
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal many = { OUTCOME_REFUSED, POST_ERROR_UNKNOWN, WHO_YOU, 0,
				       "ambiguous" };
	struct youtube_reply r;
	enum youtube_list list = youtube_list_read(d, last, &r);

	if (list == YOUTUBE_LIST_MORE)
		return stage_go(d, "list");
	if (list == YOUTUBE_LIST_ONE)
		return put_done(d, &r, ret);
	if (list == YOUTUBE_LIST_NONE)
		return list_none(d, ret);
	memo_set_int(d->memo, "looked", 0);
	memo_set_int(d->memo, "looks", 0);
	stage_go(d, "look");
	if (list == YOUTUBE_LIST_ERROR)
		return stage_fail(d, &r, ret);
	return script_refuse(d->arena, &many, ret,
			     "YouTube lost the upload, and several videos of the channel look "
			     "like it; look into YouTube Studio before it is sent again.");
}

/* ---- the way "flip": the video is there, nobody sees it ---- */

/* Other words for a video that is still private. */
static enum script_move ask_revise(void *ctx, struct step_result *ret)
{
	ret->request = youtube_update(ctx, true, "private");
	return SCRIPT_SEND;
}

static enum script_move read_revise(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	struct youtube_reply r;

	youtube_read(d->arena, last, d->now_us, &r);
	if (r.row && r.row->elsewhere == CLASS_GONE)
		return stage_renew(d, ret);
	if (r.row)
		return stage_fail(d, &r, ret);
	memo_set_text(d->memo, "form", youtube_form_mark(d));
	return stage_go(d, "settle");
}

static enum script_move ask_settle(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (!youtube_is_flip(d))
		return stage_already(d, ret);
	ret->request = youtube_video_ask(d);
	return SCRIPT_SEND;
}

/* Time that is left for processing; a post that is due goes out as it is. */
static int64_t spare_us(const struct delivery *d)
{
	return d->due_us - platform_int(d->app, "settle_s") * US_PER_S - d->now_us;
}

static enum script_move settle_wait(struct delivery *d, struct step_result *ret)
{
	int64_t wait_us =
		script_list_at(platform_text(d->app, "poll_ms"), memo_int(d->memo, "polls")) *
		US_PER_MS;

	if (spare_us(d) <= 0)
		return stage_go(d, "cover");
	memo_count(d->memo, "polls");
	ret->wait_us = wait_us < spare_us(d) ? wait_us : spare_us(d);
	return SCRIPT_WAIT;
}

/* Just made it may not be readable yet; one that stays away was deleted by its owner. */
static enum script_move settle_none(struct delivery *d, struct step_result *ret)
{
	if (memo_int(d->memo, "absent") || spare_us(d) <= 0) {
		memo_set_int(d->memo, "absent", 0);
		return stage_renew(d, ret);
	}
	memo_set_int(d->memo, "absent", 1);
	return settle_wait(d, ret);
}

static enum script_move settle_private(struct delivery *d, enum youtube_video video,
				       struct step_result *ret)
{
	if (!is_same_file(d))
		return stage_renew(d, ret);
	if (!is_same_form(d))
		return stage_go(d, "revise");
	return video == YOUTUBE_VIDEO_READY ? stage_go(d, "cover") : settle_wait(d, ret);
}

static enum script_move read_settle(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *reason = NULL;
	struct youtube_reply r;
	enum youtube_video video;

	youtube_read(d->arena, last, d->now_us, &r);
	/* The look is a courtesy to those who have time. */
	if (r.row && r.row->elsewhere == CLASS_LATER && spare_us(d) <= 0 &&
	    is_memo(d, "level", "private") && is_same_file(d) && is_same_form(d))
		return stage_go(d, "cover");
	if (r.row)
		return stage_fail(d, &r, ret);
	video = youtube_video_read(d, &r, &reason);
	if (video == YOUTUBE_VIDEO_NONE)
		return settle_none(d, ret);
	memo_set_int(d->memo, "absent", 0);
	if (video == YOUTUBE_VIDEO_REFUSED) {
		forget_upload(d);
		stage_go(d, "begin");
		return youtube_fail_reason(d, reason, ret);
	}
	if (!is_memo(d, "level", "private"))
		return stage_already(d, ret);
	return settle_private(d, video, ret);
}

static enum script_move ask_cover(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (!youtube_cover_is_due(d))
		return stage_end(d, ret);
	ret->request = youtube_cover_ask(d);
	return SCRIPT_SEND;
}

/* What is due goes out without; it is tried again behind. */
static enum script_move read_cover(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	enum script_move move = youtube_cover_read(d, last, ret);

	if (move == SCRIPT_DONE || (move == SCRIPT_WAIT && spare_us(d) > 0))
		return move;
	return stage_end(d, ret);
}

static const struct script_row stage_rows[] = {
	{ "begin", ask_begin, NULL },
	{ "open", ask_open, read_open },
	{ "chunk", ask_chunk, read_put },
	{ "query", ask_query, read_put },
	{ "look", ask_look, NULL },
	{ "list", ask_list, read_list },
	{ "revise", ask_revise, read_revise },
	{ "settle", ask_settle, read_settle },
	{ "cover", ask_cover, read_cover },
	{ NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step youtube_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	ret->phase = PHASE_STAGE;
	/* After a wait, in another process, after an edit: what is known is looked at anew. */
	if (!last)
		memo_set_text(d->memo, "stage", NULL);
	return script_run(&stage_script, d->memo, d, last, ret);
}

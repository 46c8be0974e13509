/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fire: a private video is made visible, or the end of the file completes the session. Confirm:
 * the processing of a video that came into being with the fire, as far as patience goes.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/youtube.h"

static const struct script fire_script, confirm_script;

/* ---- fire ---- */

static enum script_move fire_late(struct delivery *d, struct step_result *ret, const char *words)
{
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM, 0, NULL };

	return script_refuse(d->arena, &why, ret, "%s", words);
}

static const char *privacy_of(const struct delivery *d)
{
	return youtube_privacy(d->app, d->account, d->post);
}

static enum script_move ask_fire(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (youtube_is_flip(d) && memo_text(d->memo, "video")) {
		ret->request = youtube_update(d, false, privacy_of(d));
		return SCRIPT_SEND;
	}
	if (youtube_is_flip(d) || !memo_text(d->memo, "session"))
		return fire_late(d, ret, "Nothing is prepared at YouTube yet.");
	if (memo_int(d->memo, "asked") || memo_int(d->memo, "gone") || !youtube_is_last_chunk(d))
		return fire_late(d, ret, "The upload to YouTube is not complete yet.");
	ret->request = youtube_chunk(d);
	if (!ret->request)
		return fire_late(d, ret, "The upload to YouTube cannot go on.");
	memo_set_int(d->memo, "ended", 1);
	return SCRIPT_SEND;
}

static enum script_move fire_fail(struct delivery *d, const struct youtube_reply *r,
				  struct step_result *ret)
{
	return youtube_fail(d->arena, d->now_us, r, r->row->fire, ret);
}

static bool is_level(const struct delivery *d, const char *level)
{
	const char *is = memo_text(d->memo, "level");

	return is && strcmp(is, level) == 0;
}

static enum script_move read_flip(struct delivery *d, const struct http_reply *last,
				  struct step_result *ret)
{
	struct script_refusal locked = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
					 "kept_private" };
	const char *id = memo_text(d->memo, "video"), *level;
	struct youtube_reply r;

	youtube_read(d->arena, last, d->now_us, &r);
	level = memo_text(json_object_get(r.json, "status"), "privacyStatus");
	if (r.is_ok && !level)
		r.row = youtube_error_status(0);
	if (r.row)
		return fire_fail(d, &r, ret);
	memo_set_text(d->memo, "level", level);
	/* The answer is the proof: nobody has seen anything. */
	if (is_level(d, "private"))
		return script_refuse(
			d->arena, &locked, ret,
			"YouTube keeps the video %s private: the Google project has not passed "
			"YouTube's audit.",
			id);
	ret->outcome = (struct outcome){ .kind = OUTCOME_PUBLISHED,
					 .remote_id = arena_strdup(d->arena, id),
					 .remote_url = youtube_link(d, id) };
	return SCRIPT_DONE;
}

/* Taken, and worked on by YouTube. */
static enum script_move accepted(struct delivery *d, struct step_result *ret)
{
	ret->outcome =
		(struct outcome){ .kind = OUTCOME_ACCEPTED,
				  .handle = arena_strdup(d->arena, memo_text(d->memo, "video")) };
	return SCRIPT_DONE;
}

static enum script_move read_tail(struct delivery *d, const struct http_reply *last,
				  struct step_result *ret)
{
	struct youtube_reply r;
	enum youtube_put put = youtube_put_read(d, last, &r);

	if (put == YOUTUBE_PUT_DONE)
		return accepted(d, ret);
	/* Staging asks the session before it goes on, whatever was the matter. */
	memo_set_int(d->memo, "asked", 1);
	if (put == YOUTUBE_PUT_MORE)
		return fire_late(d, ret, "YouTube did not keep the end of the video.");
	if (!r.row)
		r.row = youtube_error_status(0);
	/* An earlier fire may have completed the session that is not known any more. */
	if (put == YOUTUBE_PUT_GONE && memo_int(d->memo, "doubted"))
		return youtube_fail(d->arena, d->now_us, &r, CLASS_DOUBT, ret);
	return fire_fail(d, &r, ret);
}

static enum script_move read_fire(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;

	return youtube_is_flip(d) ? read_flip(d, last, ret) : read_tail(d, last, ret);
}

static const struct script_row fire_rows[] = {
	{ "publish", ask_fire, read_fire },
	{ NULL, NULL, NULL },
};
static const struct script fire_script = { "fire", fire_rows };

enum step youtube_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret)
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
	const char *waits = platform_text(d->app, "poll_ms");

	/* What was made visible had been processed before, or has no more time for it. */
	if (!memo_text(d->memo, "video") || youtube_is_flip(d) || !script_is_patient(d))
		return confirm_go(d, "end");
	if (!memo_int(d->memo, "polled")) {
		memo_set_int(d->memo, "polled", 1);
		ret->wait_us = script_list_at(waits, memo_int(d->memo, "polls")) * US_PER_MS;
		return SCRIPT_WAIT;
	}
	ret->request = youtube_video_ask(d);
	return SCRIPT_SEND;
}

/* A refusal is final: the video was never seen, or is taken down. */
static enum script_move read_status(void *ctx, const struct http_reply *last,
				    struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *reason = NULL;
	struct youtube_reply r;
	enum youtube_video video = YOUTUBE_VIDEO_WORKING;

	youtube_read(d->arena, last, d->now_us, &r);
	memo_set_int(d->memo, "polled", 0);
	memo_count(d->memo, "polls");
	if (r.row)
		return youtube_fail(d->arena, d->now_us, &r,
				    r.row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT,
				    ret);
	video = youtube_video_read(d, &r, &reason);
	if (video == YOUTUBE_VIDEO_REFUSED)
		return youtube_fail_reason(d, reason, ret);
	return confirm_go(d, video == YOUTUBE_VIDEO_READY ? "end" : "status");
}

static enum script_move ask_cover(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (!memo_text(d->memo, "video") || !youtube_cover_is_due(d))
		return confirm_go(d, "status");
	ret->request = youtube_cover_ask(d);
	return SCRIPT_SEND;
}

static enum script_move read_cover(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	enum script_move move = youtube_cover_read(d, last, ret);

	return move == SCRIPT_GO ? confirm_go(d, "status") : move;
}

static const char *remark_of(const struct delivery *d)
{
	if (is_level(d, "private") && strcmp(privacy_of(d), "private") != 0)
		return "kept_private";
	return youtube_cover_has_failed(d) ? "cover_failed" : NULL;
}

static enum script_move ask_end(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *id = memo_text(d->memo, "video");

	ret->outcome = (struct outcome){
		.kind = OUTCOME_PUBLISHED,
		.remote_id = arena_strdup(d->arena, id ? id : ""),
		.remote_url = youtube_link(d, id),
		.remark = remark_of(d),
	};
	return SCRIPT_DONE;
}

static const struct script_row confirm_rows[] = {
	{ "cover", ask_cover, read_cover },
	{ "status", ask_status, read_status },
	{ "end", ask_end, NULL },
	{ NULL, NULL, NULL },
};
static const struct script confirm_script = { "confirm", confirm_rows };

enum step youtube_confirm(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_CONFIRM;
	return script_run(&confirm_script, d->memo, d, last, ret);
}

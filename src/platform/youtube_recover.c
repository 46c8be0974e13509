/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubt. A video with an id is asked for its privacy; a session is asked how far it came, which
 * changes nothing. Only a session that is lost leaves the listing of uploads.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/youtube.h"

static const struct script recover_script;

/* ret holds the outcome; the next look starts anew. */
static enum script_move recover_end(struct delivery *d)
{
	memo_set_text(d->memo, "recover", NULL);
	return SCRIPT_DONE;
}

static enum script_move recover_absent(struct delivery *d, struct step_result *ret)
{
	ret->outcome = (struct outcome){ .kind = OUTCOME_ABSENT };
	return recover_end(d);
}

static enum script_move recover_unknown(struct delivery *d, const char *slug,
					struct step_result *ret, const char *words)
{
	struct script_refusal why = { OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN, WHO_YOU, 0, slug };

	script_refuse(d->arena, &why, ret, "%s", words);
	return recover_end(d);
}

/* A read that failed proves nothing; a token that has ended is renewed meanwhile. */
static enum script_move recover_blind(struct delivery *d, struct youtube_reply *r,
				      struct step_result *ret)
{
	if (!r->row)
		r->row = youtube_error_status(0);
	youtube_fail(d->arena, d->now_us, r,
		     r->row->elsewhere == CLASS_TOKEN ? CLASS_TOKEN : CLASS_DOUBT, ret);
	return recover_end(d);
}

static enum script_move recover_found(struct delivery *d, enum outcome_kind kind,
				      struct step_result *ret)
{
	const char *id = memo_text(d->memo, "video");

	ret->outcome = (struct outcome){ .kind = kind,
					 .handle = arena_strdup(d->arena, id),
					 .remote_id = arena_strdup(d->arena, id),
					 .remote_url = youtube_link(d, id) };
	return recover_end(d);
}

static enum script_move ask_look(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;

	if (memo_text(d->memo, "video"))
		return script_go(d->memo, &recover_script, "video");
	/* Without session nothing was ever sent that could make a video. */
	if (!memo_text(d->memo, "session"))
		return recover_absent(d, ret);
	memo_set_int(d->memo, "doubted", 1);
	if (memo_int(d->memo, "gone")) {
		youtube_list_begin(d);
		return script_go(d->memo, &recover_script, "list");
	}
	ret->request = youtube_query(d);
	if (!ret->request)
		return recover_unknown(d, "upload_address", ret,
				       "YouTube's upload address lies outside upload_host_suffix; "
				       "look into YouTube Studio and settle the post by hand.");
	return SCRIPT_SEND;
}

static enum script_move read_look(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct youtube_reply r;
	enum youtube_put put = youtube_put_read(d, last, &r);

	if (put == YOUTUBE_PUT_DONE)
		return recover_found(d, OUTCOME_ACCEPTED, ret);
	/* The end is missing, so there is no video; sending it again completes this session once. */
	if (put == YOUTUBE_PUT_MORE)
		return recover_absent(d, ret);
	if (put != YOUTUBE_PUT_GONE)
		return recover_blind(d, &r, ret);
	youtube_list_begin(d);
	return script_go(d->memo, &recover_script, "list");
}

static enum script_move ask_list(void *ctx, struct step_result *ret)
{
	ret->request = youtube_list_ask(ctx);
	return SCRIPT_SEND;
}

static enum script_move read_list(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct youtube_reply r;
	enum youtube_list list = youtube_list_read(d, last, &r);

	if (list == YOUTUBE_LIST_MORE)
		return script_go(d->memo, &recover_script, "list");
	if (list == YOUTUBE_LIST_ONE)
		return recover_found(d, OUTCOME_PUBLISHED, ret);
	if (list == YOUTUBE_LIST_NONE)
		return recover_absent(d, ret);
	if (list == YOUTUBE_LIST_ERROR)
		return recover_blind(d, &r, ret);
	return recover_unknown(
		d, "ambiguous", ret,
		"YouTube lost the upload, and several videos of the channel look like "
		"it; choose the right one by hand.");
}

static enum script_move ask_video(void *ctx, struct step_result *ret)
{
	ret->request = youtube_video_ask(ctx);
	return SCRIPT_SEND;
}

static enum script_move read_video(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *reason, *level;
	struct youtube_reply r;

	youtube_read(d->arena, last, d->now_us, &r);
	if (r.row)
		return recover_blind(d, &r, ret);
	if (youtube_video_read(d, &r, &reason) == YOUTUBE_VIDEO_NONE)
		return recover_unknown(
			d, "video_gone", ret,
			"The video is no longer at YouTube, so nobody can tell whether "
			"it was visible; settle the post by hand.");
	if (!youtube_is_flip(d))
		return recover_found(d, OUTCOME_ACCEPTED, ret);
	level = memo_text(d->memo, "level");
	if (strcmp(level, "private") == 0)
		return recover_absent(d, ret);
	return recover_found(d, OUTCOME_PUBLISHED, ret);
}

static const struct script_row recover_rows[] = {
	{ "look", ask_look, read_look },
	{ "list", ask_list, read_list },
	{ "video", ask_video, read_video },
	{ NULL, NULL, NULL },
};
static const struct script recover_script = { "recover", recover_rows };

enum step youtube_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret)
{
	ret->phase = PHASE_DOUBT;
	return script_run(&recover_script, d->memo, d, last, ret);
}

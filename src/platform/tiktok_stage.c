/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: who may see it, the init of a video, all its chunks but the last. A publish_id that
 * stands in the memo is asked about before anything else is done: a second init beside a living
 * one could post twice.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "platform/tiktok.h"

#define RENEWALS_MAX 3
#define RENEW_WAIT_S 30

static const struct script stage_script;

static enum script_move stage_go(struct delivery *d, const char *state)
{
	return script_go(d->memo, &stage_script, state);
}

static enum script_move stage_end(struct delivery *d, struct step_result *ret)
{
	memo_set_text(d->memo, "stage", NULL);
	memo_set_int(d->memo, "renewals", 0);
	ret->outcome = (struct outcome){ .kind = OUTCOME_STAGED,
					 .handle = arena_strdup(d->arena,
								memo_text(d->memo, "publish_id")) };
	return SCRIPT_DONE;
}

/*
 * An upload address lives an hour: what is due later waits before it begins. What the creator
 * allows is asked shortly before the init, which for photos is the fire itself.
 */
static int64_t too_early_us(const struct delivery *d)
{
	const char *ahead = tiktok_is_video(d) ? "stage_ahead_s" : "creator_ahead_s";

	return d->due_us - d->now_us - platform_int(d->app, ahead) * US_PER_S;
}

static enum script_move ask_begin(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	enum tiktok_kind kind;
	struct script_refusal none = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				       "kind_unsupported" };

	if (tiktok_kind(d->post, &kind) < 0)
		return script_refuse(d->arena, &none, ret,
				     "TikTok publishes one video, or photos, and nothing else.");
	if (memo_text(d->memo, "publish_id"))
		return stage_go(d, "look");
	if (too_early_us(d) > 0) {
		ret->wait_us = too_early_us(d);
		return SCRIPT_WAIT;
	}
	if (!tiktok_is_inbox(d->app, d->post))
		return stage_go(d, "creator");
	return kind == TIKTOK_VIDEO ? stage_go(d, "init") : stage_end(d, ret);
}

struct http_request *tiktok_creator_call(const struct delivery *d)
{
	return tiktok_call(d, "tt.creator", "/v2/post/publish/creator_info/query/", NULL);
}

static enum script_move ask_creator(void *ctx, struct step_result *ret)
{
	ret->request = tiktok_creator_call(ctx);
	return SCRIPT_SEND;
}

bool tiktok_is_offered(const json_t *options, const char *level)
{
	const json_t *option;
	size_t i;

	json_array_foreach(options, i, option) {
		if (json_is_string(option) && strcmp(json_string_value(option), level) == 0)
			return true;
	}
	return false;
}

static void note_creator(struct delivery *d, const json_t *creator, const char *level)
{
	static const char *const switches[][2] = { { "comment_disabled", "no_comment" },
						   { "duet_disabled", "no_duet" },
						   { "stitch_disabled", "no_stitch" } };

	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		memo_set_int(d->memo, switches[i][1],
			     json_is_true(json_object_get(creator, switches[i][0])));
	memo_set_text(d->memo, "privacy", level);
	memo_set_text(d->memo, "username", memo_text(creator, "creator_username"));
}

/* False with the outcome written: the creator may not publish it like that. */
static bool creator_allows(struct delivery *d, const json_t *creator, const char *level,
			   struct step_result *ret)
{
	int64_t most_s = memo_int(creator, "max_video_post_duration_sec");
	const struct media_item *m = &d->post->media[0];
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0,
				      "privacy_level_option_mismatch" };

	if (!level ||
	    !tiktok_is_offered(json_object_get(creator, "privacy_level_options"), level)) {
		script_refuse(
			d->arena, &why, ret,
			"TikTok does not offer the account the privacy level %s; choose another.",
			level && *level ? level : "that was asked for");
		return false;
	}
	if (tiktok_is_video(d) && most_s > 0 && m->duration_ms > most_s * 1000) {
		why.slug = "duration";
		script_refuse(d->arena, &why, ret,
			      "The video lasts %d s; TikTok allows this account %" PRId64 " s.",
			      m->duration_ms / 1000, most_s);
		return false;
	}
	return true;
}

static enum script_move read_creator(void *ctx, const struct http_reply *last,
				     struct step_result *ret)
{
	struct delivery *d = ctx;
	struct tiktok_reply r;
	const char *level = tiktok_privacy_wish(d->app, d->account, d->post);

	tiktok_read(d->arena, last, &r);
	if (!r.is_ok)
		return tiktok_fail_delivery(d, &r, r.row->elsewhere, ret);
	/* Nobody chose: TikTok names the account's own audience first. */
	if (!level)
		level = json_string_value(
			json_array_get(json_object_get(r.data, "privacy_level_options"), 0));
	if (!creator_allows(d, r.data, level, ret))
		return SCRIPT_DONE;
	note_creator(d, r.data, level);
	return tiktok_is_video(d) ? stage_go(d, "init") : stage_end(d, ret);
}

static enum script_move ask_init(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	bool is_inbox = tiktok_is_inbox(d->app, d->post);

	ret->request = tiktok_call(d, "tt.video.init",
				   is_inbox ? "/v2/post/publish/inbox/video/init/"
					    : "/v2/post/publish/video/init/",
				   tiktok_video_form(d));
	return SCRIPT_SEND;
}

/* TikTok has refused right plans of several chunks before; a single one it takes up to 64 MB. */
static bool may_try_single(struct delivery *d, const struct tiktok_reply *r)
{
	if (!r->message || !strcasestr(r->message, "chunk") || memo_int(d->memo, "chunks") < 2 ||
	    d->post->media[0].bytes > TIKTOK_SINGLE_MOST)
		return false;
	memo_set_int(d->memo, "single", 1);
	return true;
}

static enum script_move read_init(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct tiktok_reply r;
	const char *id, *url;

	tiktok_read(d->arena, last, &r);
	if (!r.is_ok && may_try_single(d, &r))
		return stage_go(d, "init");
	id = r.is_ok ? tiktok_id(d->arena, json_object_get(r.data, "publish_id")) : NULL;
	url = memo_text(r.data, "upload_url");
	if (!r.row && (!id || !url))
		r.row = tiktok_error_find(NULL, r.status);
	if (r.row)
		return tiktok_fail_delivery(d, &r, r.row->elsewhere, ret);
	memo_set_text(d->memo, "publish_id", id);
	memo_set_text(d->memo, "upload_url", url);
	memo_set_int(d->memo, "made", d->now_us / US_PER_S);
	memo_set_int(d->memo, "renew", 0);
	memo_set_int(d->memo, "already", 0);
	memo_set_int(d->memo, "doubted", 0);
	return stage_go(d, "chunk");
}

static enum script_move ask_chunk(void *ctx, struct step_result *ret)
{
	struct delivery *d = ctx;
	struct script_refusal why = { OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0,
				      "upload_address" };

	if (tiktok_upload_is_old(d))
		return stage_go(d, "look");
	ret->request = tiktok_chunk(d);
	if (!ret->request)
		return script_refuse(d->arena, &why, ret,
				     "TikTok named an upload address that lies outside "
				     "upload_host_suffix.");
	return tiktok_is_last_chunk(d) ? stage_end(d, ret) : SCRIPT_SEND;
}

static enum script_move read_chunk(void *ctx, const struct http_reply *last,
				   struct step_result *ret)
{
	struct delivery *d = ctx;
	const char *range = last->transfer == TRANSFER_REPLIED
				    ? http_reply_header(last, d->arena, "Content-Range")
				    : NULL;
	int64_t sent = tiktok_range_sent(d, range), was = memo_int(d->memo, "sent");
	struct tiktok_reply r = { .status = last->status, .message = last->failure };
	const struct tiktok_upload_row *row = tiktok_upload_find(last->status);

	if (last->transfer == TRANSFER_REPLIED && last->status == 206) {
		int64_t chunk = memo_int(d->memo, "chunk");

		memo_set_int(d->memo, "sent", sent > was ? sent : (was / chunk + 1) * chunk);
		return stage_go(d, "chunk");
	}
	/* Where TikTok stands, it says here or when it is asked. */
	if (last->status == 416 && sent >= 0 && sent != was && sent < memo_int(d->memo, "size")) {
		memo_set_int(d->memo, "sent", sent);
		return stage_go(d, "chunk");
	}
	if (row->stage == CLASS_RESTAGE)
		memo_set_int(d->memo, "renew", 1);
	stage_go(d, "look");
	if (row->stage == CLASS_RESTAGE)
		return SCRIPT_GO;
	r.row = &row->error;
	return tiktok_fail(d->arena, &r, row->stage, ret);
}

static enum script_move ask_look(void *ctx, struct step_result *ret)
{
	ret->request = tiktok_status_call(ctx);
	return SCRIPT_SEND;
}

/* The publish_id is spent and nothing was posted with it: a new one, but not for ever. */
static enum script_move stage_renew(struct delivery *d, const struct tiktok_reply *r,
				    struct step_result *ret)
{
	static const char *const spent[] = { "publish_id", "upload_url", "made",
					     "sent",       "already",    "renew" };
	struct script_refusal why = { OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM,
				      RENEW_WAIT_S, "upload_lost" };

	for (size_t i = 0; i < ARRAY_LEN(spent); i++)
		json_object_del(d->memo, spent[i]);
	stage_go(d, "begin");
	if (memo_count(d->memo, "renewals") < RENEWALS_MAX)
		return SCRIPT_GO;
	memo_set_int(d->memo, "renewals", 0);
	if (r->row)
		return tiktok_fail(d->arena, r, CLASS_LATER, ret);
	return script_refuse(d->arena, &why, ret, "TikTok gives up one upload after another.");
}

static enum script_move look_uploading(struct delivery *d, struct tiktok_reply *r,
				       struct step_result *ret)
{
	return tiktok_upload_is_old(d) ? stage_renew(d, r, ret) : stage_go(d, "chunk");
}

/* A fire that counted as without effect had one: the next fire only asks. */
static enum script_move look_already(struct delivery *d, struct tiktok_reply *r,
				     struct step_result *ret)
{
	(void)r;
	memo_set_int(d->memo, "already", 1);
	return stage_end(d, ret);
}

static enum script_move look_failed(struct delivery *d, struct tiktok_reply *r,
				    struct step_result *ret)
{
	if (r->row->elsewhere == CLASS_RESTAGE || r->row->elsewhere == CLASS_LATER)
		return stage_renew(d, r, ret);
	return tiktok_fail(d->arena, r, r->row->elsewhere, ret);
}

static enum script_move look_strange(struct delivery *d, struct tiktok_reply *r,
				     struct step_result *ret)
{
	return tiktok_fail(d->arena, r, CLASS_LATER, ret);
}

static enum script_move read_look(void *ctx, const struct http_reply *last, struct step_result *ret)
{
	static enum script_move (*const acts[])(struct delivery * d, struct tiktok_reply * r,
						struct step_result * ret) = {
		[TIKTOK_UPLOADING] = look_uploading, [TIKTOK_WORKING] = look_already,
		[TIKTOK_COMPLETE] = look_already,    [TIKTOK_IN_INBOX] = look_already,
		[TIKTOK_FAILED] = look_failed,       [TIKTOK_STRANGE] = look_strange,
	};
	struct delivery *d = ctx;
	struct tiktok_reply r;

	tiktok_read(d->arena, last, &r);
	if (r.is_ok)
		return acts[tiktok_status_read(d, &r)](d, &r, ret);
	if (r.row->elsewhere == CLASS_RESTAGE)
		return stage_renew(d, &r, ret);
	return tiktok_fail_delivery(d, &r, r.row->elsewhere, ret);
}

static const struct script_row stage_rows[] = {
	{ "begin", ask_begin, NULL },    { "creator", ask_creator, read_creator },
	{ "init", ask_init, read_init }, { "chunk", ask_chunk, read_chunk },
	{ "look", ask_look, read_look }, { NULL, NULL, NULL },
};
static const struct script stage_script = { "stage", stage_rows };

enum step tiktok_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret)
{
	const char *state = memo_text(d->memo, "stage");

	ret->phase = PHASE_STAGE;
	/* Taken up again: what became of the chunk on its way is cheaper asked than sent again. */
	if (!last && state && strcmp(state, "chunk") == 0)
		stage_go(d, "look");
	return script_run(&stage_script, d->memo, d, last, ret);
}

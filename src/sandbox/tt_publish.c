/* SPDX-License-Identifier: Apache-2.0 */
/* creator_info, the three inits, status and cancel. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "sandbox/tt.h"

#define MB               1000000
#define CHUNK_LEAST      (5LL * MB)
#define CHUNK_MOST       (64LL * MB)
#define VIDEO_MOST       (4000LL * MB)
#define CHUNKS_MOST      1000
#define CAPTION_MOST     2200
#define TITLE_MOST       90
#define DESCRIPTION_MOST 4000
#define PHOTOS_MOST      35
#define DRAFTS_MOST      5
#define USERS_MOST       5

static const char *const levels_public[] = { "PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS",
					     "SELF_ONLY" };
static const char *const levels_private[] = { "FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS",
					      "SELF_ONLY" };

static const char *const *levels_of(const struct account *a)
{
	return sandbox_tt_extra(a)->is_private ? levels_private : levels_public;
}

static const char *text_of(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static bool is_true(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

static bool invalid(struct exchange *ex, const char *message)
{
	return sandbox_tt_fail_text(ex, "invalid_params", message);
}

/* An app that is not audited posts for so many people within a day. */
static bool is_one_too_many(struct exchange *ex, const struct account *a)
{
	const struct list *all = &ex->world->accounts_list;
	size_t others = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct account *other = all->v[i];

		if (other->platform != &sandbox_tiktok ||
		    sandbox_world_in_day(ex->world, &other->spends, &other->spends_first) == 0)
			continue;
		if (other == a)
			return false;
		others++;
	}
	return others >= USERS_MOST;
}

/* What stops an account from publishing by API at all. */
static const char *blocked(struct exchange *ex, struct account *a)
{
	if (sandbox_tt_extra(a)->is_banned)
		return "spam_risk_user_banned_from_posting";
	if (sandbox_tt_state(ex->world)->is_unaudited && is_one_too_many(ex, a))
		return "reached_active_user_cap";
	if (sandbox_world_in_day(ex->world, &a->spends, &a->spends_first) >=
	    (size_t)sandbox_tt_state(ex->world)->daily_cap)
		return "spam_risk_too_many_posts";
	return NULL;
}

void sandbox_tt_creator(struct exchange *ex)
{
	struct account *a = sandbox_tt_account(ex, "video.publish", TT_RATE_CREATOR);
	const json_t *params;
	const char *code;
	json_t *levels;

	if (a == NULL)
		return;
	params = sandbox_faults_hit(ex, "creator.error");
	code = params != NULL ? sandbox_faults_text(params, "code", "internal_error")
			      : blocked(ex, a);
	if (code != NULL) {
		sandbox_tt_fail(ex, code);
		if (strncmp(code, "spam_risk", 9) == 0 || strncmp(code, "reached", 7) == 0)
			ex->status = 200;
		return;
	}
	levels = json_array();
	for (size_t i = 0; i < ARRAY_LEN(levels_public); i++)
		json_array_append_new(levels, json_string(levels_of(a)[i]));
	sandbox_tt_ok(
		ex, json_pack("{s:s,s:s,s:s,s:o,s:b,s:b,s:b,s:I}", "creator_avatar_url",
			      arena_printf(ex->arena, "%s/sandbox/avatar/%s", ex->base_url, a->id),
			      "creator_username", a->username, "creator_nickname", a->name,
			      "privacy_level_options", levels, "comment_disabled",
			      sandbox_tt_extra(a)->comment_off, "duet_disabled",
			      sandbox_tt_extra(a)->duet_off, "stitch_disabled",
			      sandbox_tt_extra(a)->stitch_off, "max_video_post_duration_sec",
			      (json_int_t)sandbox_tt_extra(a)->max_duration_s));
}

/* The body as JSON of the right type, or NULL with the error written. */
static json_t *body_of(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	json_t *in = NULL;

	if (type != NULL && strncasecmp(type, "application/json", 16) == 0)
		in = json_loadb(ex->body.p != NULL ? ex->body.p : "", ex->body.len,
				JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(in))
		return in;
	json_decref(in);
	invalid(ex, "The request body must be JSON");
	return NULL;
}

static bool init_allowed(struct exchange *ex, struct account *a, bool is_inbox)
{
	const json_t *params = sandbox_faults_hit(ex, "init.error");
	struct tt_account *extra = sandbox_tt_extra(a);
	const char *code = params != NULL ? sandbox_faults_text(params, "code", "internal_error")
					  : blocked(ex, a);

	if (sandbox_faults_hit(ex, "init.drop_before") != NULL) {
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
		return false;
	}
	if (params != NULL)
		return sandbox_tt_fail_text(ex, code,
					    sandbox_faults_text(params, "message", "As ordered."));
	if (code != NULL)
		return sandbox_tt_fail(ex, code);
	if (!is_inbox)
		return true;
	if (sandbox_world_in_day(ex->world, &extra->drafts, &extra->drafts_first) >= DRAFTS_MOST)
		return sandbox_tt_fail(ex, "spam_risk_too_many_pending_share");
	return true;
}

static bool level_ok(struct exchange *ex, const struct account *a, const char *level)
{
	const struct tt_state *state = sandbox_tt_state(ex->world);
	bool is_offered = false;

	for (size_t i = 0; level != NULL && i < ARRAY_LEN(levels_public); i++)
		is_offered |= strcmp(levels_of(a)[i], level) == 0;
	if (!is_offered)
		return sandbox_tt_fail(ex, "privacy_level_option_mismatch");
	if (state->is_unaudited &&
	    (!sandbox_tt_extra(a)->is_private || strcmp(level, "SELF_ONLY") != 0))
		return sandbox_tt_fail(ex, "unaudited_client_can_only_post_to_private_accounts");
	return true;
}

static bool text_ok(struct exchange *ex, const json_t *info, const char *name, size_t most)
{
	const json_t *v = json_object_get(info, name);
	const char *text = json_string_value(v);

	if (v == NULL)
		return true;
	if (text == NULL || !utf8_valid(text, strlen(text)))
		return invalid(ex, arena_printf(ex->arena, "The %s is not a text", name));
	return utf8_utf16_units(text) <= most ||
	       invalid(ex, arena_printf(ex->arena, "The %s is too long", name));
}

static bool toggles_ok(struct exchange *ex, const struct account *a, const json_t *info,
		       bool is_video)
{
	static const char *const names[] = { "disable_comment",      "disable_duet",
					     "disable_stitch",       "brand_content_toggle",
					     "brand_organic_toggle", "is_aigc",
					     "auto_add_music" };
	const struct tt_account *extra = sandbox_tt_extra(a);
	const char *level = text_of(info, "privacy_level");

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const json_t *v = json_object_get(info, names[i]);

		if (v != NULL && !json_is_boolean(v))
			return invalid(ex, arena_printf(ex->arena, "%s must be a bool", names[i]));
	}
	if (is_true(info, "brand_content_toggle") && level != NULL &&
	    strcmp(level, "SELF_ONLY") == 0)
		return invalid(ex, "Branded content cannot be private");
	if (extra->comment_off && !is_true(info, "disable_comment"))
		return invalid(ex, "Comments are disabled by the creator");
	if (is_video && ((extra->duet_off && !is_true(info, "disable_duet")) ||
			 (extra->stitch_off && !is_true(info, "disable_stitch"))))
		return invalid(ex, "Duet or stitch is disabled by the creator");
	return true;
}

/* The arithmetic of the media transfer guide, exactly. */
static bool chunks_ok(struct exchange *ex, const json_t *source, struct tt_publish *p)
{
	const char *how = text_of(source, "source");

	p->size = json_integer_value(json_object_get(source, "video_size"));
	p->chunk = json_integer_value(json_object_get(source, "chunk_size"));
	p->chunks = json_integer_value(json_object_get(source, "total_chunk_count"));
	if (how == NULL || strcmp(how, "FILE_UPLOAD") != 0)
		return invalid(ex, "Only FILE_UPLOAD is played here");
	if (p->size <= 0 || p->size > VIDEO_MOST)
		return invalid(ex, "The video size is invalid");
	if (p->chunk <= 0 || p->chunk > CHUNK_MOST ||
	    (p->chunk < CHUNK_LEAST && p->chunk != p->size))
		return invalid(ex, "The chunk size is invalid");
	if (p->chunks != p->size / p->chunk || p->chunks > CHUNKS_MOST)
		return invalid(ex, "The total chunk count is invalid");
	if (p->chunks == 1 && p->chunk != p->size)
		return invalid(ex, "The chunk size is invalid");
	return true;
}

static const char *kept_text(struct world *w, const json_t *o, const char *name)
{
	const char *text = text_of(o, name);

	return text != NULL ? arena_strdup(w->arena, text) : NULL;
}

static const char *kept_options(struct world *w, const json_t *info)
{
	char *text = info != NULL ? json_dumps(info, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	const char *kept = text != NULL ? arena_strdup(w->arena, text) : "{}";

	free(text);
	return kept;
}

static struct tt_publish *publish_new(struct exchange *ex, struct account *a, const json_t *in)
{
	struct world *w = ex->world;
	struct tt_publish *p = arena_alloc(w->arena, sizeof(*p));
	const json_t *info = json_object_get(in, "post_info");

	p->account = a;
	p->title = kept_text(w, info, "title");
	p->caption = p->title;
	p->privacy = kept_text(w, info, "privacy_level");
	p->options = kept_options(w, info);
	p->urls = sandbox_list_new(w->arena);
	p->media = sandbox_list_new(w->arena);
	p->created_us = sandbox_world_now(w);
	p->ready_us = INSTANT_NONE;
	p->max_duration_s = sandbox_tt_extra(a)->max_duration_s;
	return p;
}

/* What will go wrong later is settled now, while rules can match the request. */
static void publish_destiny(struct exchange *ex, struct tt_publish *p)
{
	const json_t *error = sandbox_faults_hit(ex, "process.error"), *hold;

	if (error != NULL)
		p->fail_reason = arena_strdup(ex->world->arena,
					      sandbox_faults_text(error, "reason", "internal"));
	if (!p->is_video && sandbox_faults_hit(ex, "pull.fail") != NULL)
		p->fail_reason = "photo_pull_failed";
	p->is_stuck = sandbox_faults_hit(ex, "process.stuck") != NULL;
	hold = sandbox_faults_hit(ex, "moderation.hold");
	p->hold_ms = hold != NULL ? sandbox_faults_int(hold, "ms", 3600000) : 0;
}

static void publish_register(struct exchange *ex, struct tt_publish *p, const char *prefix)
{
	struct world *w = ex->world;

	p->id = arena_printf(w->arena, "%s.%s", prefix, sandbox_world_id(w, "73", 19));
	/* Work that a restart repeats makes the same post again, not another one. */
	p->object_id = sandbox_world_id(w, "73", 19);
	if (p->is_video)
		p->upload_id = sandbox_world_id(w, "73", 19);
	sandbox_tt_publish_keep(w, p);
	sandbox_state_touch(w, &p->record);
	if (p->is_inbox)
		sandbox_world_spend(w, &sandbox_tt_extra(p->account)->drafts);
}

static void init_suffer(struct exchange *ex, const json_t *drop, const json_t *broken)
{
	if (broken != NULL)
		sandbox_tt_fail(ex, "internal_error");
	if (drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

static void video_answer(struct exchange *ex, struct tt_publish *p)
{
	const json_t *drop = sandbox_faults_hit(ex, "init.commit_then_drop_connection");
	const json_t *broken = sandbox_faults_hit(ex, "init.commit_then_5xx");

	p->is_video = true;
	publish_destiny(ex, p);
	publish_register(ex, p, p->is_inbox ? "v_inbox_file~v2" : "v_pub_file~v2-1");
	sandbox_tt_ok(
		ex, json_pack("{s:s,s:s}", "publish_id", p->id, "upload_url",
			      arena_printf(ex->arena, "%s/video/?upload_id=%s&upload_token=Xza1-%s",
					   ex->base_url, p->upload_id, p->upload_id)));
	init_suffer(ex, drop, broken);
}

static bool video_ok(struct exchange *ex, struct account *a, const json_t *in, struct tt_publish *p)
{
	const json_t *info = json_object_get(in, "post_info");

	if (!chunks_ok(ex, json_object_get(in, "source_info"), p))
		return false;
	if (p->is_inbox)
		return info == NULL || invalid(ex, "post_info is not accepted here");
	return (json_is_object(info) || invalid(ex, "post_info is missing")) &&
	       level_ok(ex, a, p->privacy) && text_ok(ex, info, "title", CAPTION_MOST) &&
	       toggles_ok(ex, a, info, true);
}

static void video_init(struct exchange *ex, bool is_inbox)
{
	struct account *a =
		sandbox_tt_account(ex, is_inbox ? "video.upload" : "video.publish", TT_RATE_INIT);
	json_t *in = a != NULL && init_allowed(ex, a, is_inbox) ? body_of(ex) : NULL;
	struct tt_publish *p;

	if (in == NULL)
		return;
	p = publish_new(ex, a, in);
	p->is_inbox = is_inbox;
	if (video_ok(ex, a, in, p))
		video_answer(ex, p);
	json_decref(in);
}

void sandbox_tt_video_init(struct exchange *ex)
{
	video_init(ex, false);
}

void sandbox_tt_inbox_init(struct exchange *ex)
{
	video_init(ex, true);
}

/* https of a registered prefix or of this machine; http only where the prefix itself says so. */
static bool url_ok(const struct tt_state *state, const char *url)
{
	static const char *const local[] = { "https://localhost", "https://127.0.0.1",
					     "https://[::1]" };

	for (size_t i = 0; i < state->verified.n; i++)
		if (strncmp(url, state->verified.v[i], strlen(state->verified.v[i])) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		size_t n = strlen(local[i]);

		if (strncmp(url, local[i], n) == 0 && strchr(":/", url[n]) != NULL)
			return true;
	}
	return false;
}

static bool photos_ok(struct exchange *ex, const json_t *source, struct tt_publish *p)
{
	const json_t *urls = json_object_get(source, "photo_images");
	json_int_t cover = json_integer_value(json_object_get(source, "photo_cover_index"));
	const char *how = text_of(source, "source");
	size_t n = json_array_size(urls);

	if (how == NULL || strcmp(how, "PULL_FROM_URL") != 0)
		return invalid(ex, "Photos can only be pulled");
	if (n < 1 || n > PHOTOS_MOST)
		return invalid(ex, "photo_images must have 1 to 35 items");
	if (cover < 0 || (size_t)cover >= n)
		return invalid(ex, "photo_cover_index is out of range");
	for (size_t i = 0; i < n; i++) {
		const char *url = json_string_value(json_array_get(urls, i));

		if (url == NULL || !url_ok(sandbox_tt_state(ex->world), url))
			return sandbox_tt_fail(ex, "url_ownership_unverified");
		sandbox_list_add_text(&p->urls, url);
	}
	return true;
}

static bool photo_ok(struct exchange *ex, struct account *a, const json_t *in, struct tt_publish *p)
{
	const json_t *info = json_object_get(in, "post_info");
	const char *type = text_of(in, "media_type");

	if (type == NULL || strcmp(type, "PHOTO") != 0)
		return invalid(ex, "media_type must be PHOTO");
	if (!json_is_object(info))
		return invalid(ex, "post_info is missing");
	if (json_object_get(info, "disable_duet") != NULL ||
	    json_object_get(info, "disable_stitch") != NULL)
		return invalid(ex, "Photos have neither duet nor stitch");
	if (!p->is_inbox && !level_ok(ex, a, p->privacy))
		return false;
	return text_ok(ex, info, "title", TITLE_MOST) &&
	       text_ok(ex, info, "description", DESCRIPTION_MOST) &&
	       (p->is_inbox || toggles_ok(ex, a, info, false)) &&
	       photos_ok(ex, json_object_get(in, "source_info"), p);
}

/* Drawn before the effect, so that the truth log names the fault. */
static void photo_answer(struct exchange *ex, struct tt_publish *p)
{
	const json_t *drop = sandbox_faults_hit(ex, "init.commit_then_drop_connection");
	const json_t *broken = sandbox_faults_hit(ex, "init.commit_then_5xx");

	publish_destiny(ex, p);
	p->req_no = ex->req_no;
	p->conn_no = ex->conn_no;
	p->arrived_us = ex->start_us;
	p->fault = ex->fault;
	p->is_whole = true;
	publish_register(ex, p, p->is_inbox ? "p_inbox_url~v2" : "p_pub_url~v2");
	sandbox_tt_process(ex->world, p);
	sandbox_tt_ok(ex, json_pack("{s:s}", "publish_id", p->id));
	init_suffer(ex, drop, broken);
}

void sandbox_tt_photo_init(struct exchange *ex)
{
	const char *mode = sandbox_exchange_param(ex, "post_mode");
	bool is_inbox = mode != NULL && strcmp(mode, "MEDIA_UPLOAD") == 0;
	struct account *a =
		sandbox_tt_account(ex, is_inbox ? "video.upload" : "video.publish", TT_RATE_INIT);
	json_t *in = a != NULL && init_allowed(ex, a, is_inbox) ? body_of(ex) : NULL;
	struct tt_publish *p;

	if (in == NULL)
		return;
	p = publish_new(ex, a, in);
	p->is_inbox = is_inbox;
	p->caption = kept_text(ex->world, json_object_get(in, "post_info"), "description");
	if (!is_inbox && (mode == NULL || strcmp(mode, "DIRECT_POST") != 0))
		invalid(ex, "post_mode must be DIRECT_POST or MEDIA_UPLOAD");
	else if (photo_ok(ex, a, in, p))
		photo_answer(ex, p);
	json_decref(in);
}

/* The publication of the body, if it is the caller's. */
static struct tt_publish *publish_asked(struct exchange *ex)
{
	struct account *a = sandbox_tt_account(ex, NULL, TT_RATE_STATUS);
	const char *id = sandbox_exchange_param(ex, "publish_id");
	const json_t *params = a != NULL ? sandbox_faults_hit(ex, "status.error") : NULL;
	struct tt_publish *p;

	if (a == NULL)
		return NULL;
	if (params != NULL) {
		sandbox_tt_fail(ex, sandbox_faults_text(params, "code", "internal_error"));
		return NULL;
	}
	p = id != NULL ? sandbox_map_get(&sandbox_tt_state(ex->world)->publishes, id) : NULL;
	if (p != NULL && p->account == a)
		return p;
	sandbox_tt_fail(ex, p == NULL ? "invalid_publish_id"
				      : "token_not_authorized_for_specified_publish_id");
	return NULL;
}

void sandbox_tt_status_fetch(struct exchange *ex)
{
	struct tt_publish *p = publish_asked(ex);
	const char *status = p != NULL ? sandbox_tt_status(ex->world, p) : NULL;
	json_t *data;

	if (status == NULL)
		return;
	data = json_pack("{s:s}", "status", status);
	if (p->is_video)
		json_object_set_new(data, "uploaded_bytes", json_integer(p->received));
	if (strcmp(status, "FAILED") == 0)
		json_object_set_new(
			data, "fail_reason",
			json_string(p->fail_reason != NULL ? p->fail_reason : "internal"));
	if (strcmp(status, "PUBLISH_COMPLETE") == 0) {
		json_t *ids = json_array();

		if (p->object != NULL && p->object->listed_us <= sandbox_world_now(ex->world))
			json_array_append_new(ids, json_integer(strtoll(p->object->id, NULL, 10)));
		json_object_set_new(data, "publicaly_available_post_id", ids);
	}
	sandbox_tt_ok(ex, data);
}

void sandbox_tt_cancel(struct exchange *ex)
{
	struct tt_publish *p = publish_asked(ex);

	if (p == NULL)
		return;
	if (strncmp(sandbox_tt_status(ex->world, p), "PROCESSING", 10) != 0 || p->is_whole) {
		sandbox_tt_fail(ex, "publish_not_cancellable");
		return;
	}
	p->fail_reason = "publish_cancelled";
	p->ready_us = sandbox_world_now(ex->world);
	sandbox_state_touch(ex->world, &p->record);
	sandbox_tt_ok(ex, json_object());
}

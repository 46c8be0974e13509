/* SPDX-License-Identifier: Apache-2.0 */
/* Videos: how they come to be, become public, change and go. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "sandbox/probe.h"
#include "sandbox/queue.h"
#include "sandbox/state.h"
#include "sandbox/truth.h"
#include "sandbox/yt.h"

#define ID_BYTES        8 /* 11 characters */
#define IDS_MAX         50
#define SHORT_LENGTH_MS 900000 /* what a channel that is not verified may upload */

struct yt_video *sandbox_yt_video(struct exchange *ex, const char *id)
{
	const struct object *o = sandbox_world_object(ex->world, &sandbox_youtube, id);

	return o != NULL && !o->is_deleted ? o->extra : NULL;
}

struct yt_video *sandbox_yt_own_video(struct exchange *ex, const struct token *t, const char *id)
{
	struct yt_video *v = id != NULL ? sandbox_yt_video(ex, id) : NULL;

	if (v != NULL && v->object->account == sandbox_yt_account(ex, t))
		return v;
	sandbox_yt_fail(ex, v != NULL ? "forbidden" : "videoNotFound");
	return NULL;
}

bool sandbox_yt_is_visible(const struct yt_video *v, const struct account *viewer)
{
	if (v->object->is_deleted)
		return false;
	return v->object->account == viewer || (strcmp(v->meta.privacy, "private") != 0 &&
						v->failed == NULL && v->rejected == NULL);
}

/* All but the description, which is the object's caption. */
static const char *options_text(struct world *w, const struct yt_video *v)
{
	json_t *out = sandbox_yt_meta_json(&v->meta);
	const char *kept;
	char *text;

	json_object_del(out, "description");
	json_object_set_new(out, "notifySubscribers", json_boolean(v->notifies));
	if (v->public_us != INSTANT_NONE)
		json_object_set_new(out, "publicSince",
				    json_string(sandbox_yt_time(w->arena, v->public_us)));
	if (v->thumbnail.sha256[0] != '\0')
		json_object_set_new(out, "thumbnail",
				    json_pack("{s:s,s:I,s:s}", "sha256", v->thumbnail.sha256,
					      "bytes", (json_int_t)v->thumbnail.bytes, "mime",
					      v->thumbnail.mime));
	text = json_dumps(out, JSON_COMPACT);
	kept = arena_strdup(w->arena, text);
	free(text);
	json_decref(out);
	return kept;
}

static void video_refresh(struct world *w, struct yt_video *v)
{
	v->object->caption = v->meta.description;
	v->object->options = options_text(w, v);
	v->changes++;
	sandbox_state_touch(w, &v->object->record);
	sandbox_state_touch(w, &v->record);
}

bool sandbox_yt_tell(struct exchange *ex, struct yt_video *v, const char *event)
{
	video_refresh(ex->world, v);
	return sandbox_world_tell(ex, v->object, event);
}

/* Whether the time that it was scheduled for has come; it is public from then on. */
static bool schedule_is_over(const struct world *w, struct yt_video *v)
{
	if (v->meta.publish_at_us == INSTANT_NONE || v->is_locked || v->failed != NULL ||
	    v->rejected != NULL || v->meta.publish_at_us > sandbox_world_now(w))
		return false;
	v->meta.publish_at_us = INSTANT_NONE;
	v->meta.privacy = "public";
	return true;
}

/* Says so the moment it becomes public, however it did. */
static void tell_if_public(struct exchange *ex, struct yt_video *v, bool was_public)
{
	if (was_public || strcmp(v->meta.privacy, "public") != 0 || v->failed != NULL ||
	    v->rejected != NULL)
		return;
	if (v->public_us == INSTANT_NONE)
		v->public_us = sandbox_world_now(ex->world);
	sandbox_yt_tell(ex, v, "published");
}

void sandbox_yt_settle(struct exchange *ex)
{
	struct list *all = &sandbox_yt_state(ex->world)->scheduled;
	int64_t at_us;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct yt_video *v = all->v[i];

		if (v->object->is_deleted || v->meta.publish_at_us == INSTANT_NONE)
			continue;
		at_us = v->meta.publish_at_us;
		if (!schedule_is_over(ex->world, v)) {
			all->v[n++] = v;
			continue;
		}
		v->public_us = at_us;
		tell_if_public(ex, v, false);
	}
	all->n = n;
}

/* No call is under way: the truth log names none. */
static void wake_run(void *arg)
{
	struct world *w = arg;
	struct sandbox *sb = w->sandbox;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct exchange ex = { .sandbox = sb, .world = w, .arena = a };

	sandbox_lock(sb);
	if (sb->world == w)
		sandbox_yt_settle(&ex);
	if (ex.truth_dirty && sandbox_truth_sync(sb->truth) < 0)
		log_line(LOG_LEVEL_ERROR, "sandbox.truth", "platform=youtube");
	sandbox_world_release(w);
	sandbox_unlock(sb);
}

void sandbox_yt_wake(struct world *w, const struct yt_video *v)
{
	int64_t left_us;

	if (v->meta.publish_at_us == INSTANT_NONE)
		return;
	left_us = v->meta.publish_at_us - sandbox_world_now(w);
	sandbox_list_add(&sandbox_yt_state(w)->scheduled, v->object->extra);
	sandbox_world_hold(w);
	sandbox_queue_add(w->sandbox->work, clock_boot_us() + (left_us > 0 ? left_us : 0) + 1,
			  wake_run, w);
}

/* First bytes of what the platform reads; anything else is no video. */
static bool file_is_video(const char *path)
{
	static const struct {
		size_t at, n;
		const char *magic;
	} magics[] = {
		{ 4, 4, "ftyp" },
		{ 4, 4, "moov" },
		{ 4, 4, "mdat" },
		{ 4, 4, "wide" },
		{ 4, 4, "free" },
		{ 0, 4, "\x1a\x45\xdf\xa3" },
		{ 0, 4, "RIFF" },
		{ 0, 3, "FLV" },
		{ 0, 4, "\x30\x26\xb2\x75" },
		{ 0, 4, "\x00\x00\x01\xba" },
		{ 0, 4, "\x00\x00\x01\xb3" },
		{ 0, 1, "G" },
	};
	char head[16] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : 0;

	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (n >= 12 && memcmp(head + magics[i].at, magics[i].magic, magics[i].n) == 0)
			return true;
	return false;
}

static bool is_duplicate(const struct account *a, const char *sha256)
{
	for (size_t i = 0; i < a->objects.n; i++) {
		const struct object *o = a->objects.v[i];
		const struct media_fact *f = o->media.n > 0 ? o->media.v[0] : NULL;

		if (f != NULL && !o->is_deleted && strcmp(f->sha256, sha256) == 0)
			return true;
	}
	return false;
}

/* What processing will find; it is told when the time for it is over. */
static void video_judge(struct exchange *ex, struct yt_video *v, const struct yt_session *s,
			const char *sha256)
{
	const struct yt_state *state = sandbox_yt_state(ex->world);
	const struct yt_channel *channel = sandbox_yt_channel(s->account);
	const json_t *failed = sandbox_faults_hit(ex, "process.failed");
	const json_t *rejected = sandbox_faults_hit(ex, "process.rejected");
	struct probe_video probe = { 0 };

	if (sandbox_probe_video(s->path, &probe) == 0) {
		v->width = probe.width;
		v->height = probe.height;
		v->duration_ms = (int64_t)(probe.duration_s * 1000.0);
	}
	if (failed != NULL)
		v->failed = arena_strdup(ex->world->arena,
					 sandbox_faults_text(failed, "reason", "conversion"));
	else if (!file_is_video(s->path))
		v->failed = "invalidFile";
	else if (rejected != NULL)
		v->rejected = arena_strdup(ex->world->arena,
					   sandbox_faults_text(rejected, "reason", "copyright"));
	else if (state->rejects_duplicates && is_duplicate(s->account, sha256))
		v->rejected = "duplicate";
	else if (v->duration_ms > SHORT_LENGTH_MS && strcmp(channel->long_uploads, "allowed") != 0)
		v->rejected = "length";
}

static struct object *object_new(struct exchange *ex, const struct yt_session *s,
				 const char *sha256)
{
	struct world *w = ex->world;
	struct object *o = arena_alloc(w->arena, sizeof(*o));
	struct media_fact *f = arena_alloc(w->arena, sizeof(*f));
	const json_t *lag = sandbox_faults_hit(ex, "listing.lag");
	int64_t lag_ms =
		lag != NULL ? sandbox_faults_int(lag, "ms", 60000) : w->settings.listing_lag_ms;

	snprintf(f->sha256, sizeof(f->sha256), "%s", sha256);
	f->bytes = s->total;
	f->mime = s->file_type;
	o->record.kind = &sandbox_record_object;
	o->platform = &sandbox_youtube;
	o->account = s->account;
	o->id = sandbox_world_secret(w, "", ID_BYTES);
	o->kind = "video";
	o->container = s->id;
	o->code = o->id;
	o->media = sandbox_list_new(w->arena);
	sandbox_list_add(&o->media, f);
	o->comments = sandbox_list_new(w->arena);
	o->created_us = sandbox_world_now(w);
	o->listed_us = o->created_us + lag_ms * US_PER_MS;
	o->ends_us = INSTANT_NONE;
	return o;
}

struct yt_video *sandbox_yt_video_new(struct exchange *ex, struct yt_session *s,
				      const char sha256[static 65])
{
	struct world *w = ex->world;
	struct yt_video *v = arena_alloc(w->arena, sizeof(*v));
	json_t *answer;
	char *text;

	v->record.kind = &sandbox_yt_kinds[1];
	v->object = object_new(ex, s, sha256);
	v->object->extra = v;
	v->meta = s->meta;
	v->notifies = s->notifies;
	v->public_us = INSTANT_NONE;
	v->ready_us = v->object->created_us + w->settings.video_delay_ms * US_PER_MS;
	v->is_locked = sandbox_yt_state(w)->is_unaudited;
	if (sandbox_faults_hit(ex, "process.stuck") != NULL)
		v->ready_us = INT64_MAX;
	video_judge(ex, v, s, sha256);
	if (v->is_locked)
		v->meta.privacy = "private";
	schedule_is_over(w, v);
	v->object->caption = v->meta.description;
	v->object->options = options_text(w, v);
	if (!sandbox_world_publish(ex, v->object))
		return NULL;
	sandbox_state_touch(w, &v->record);
	tell_if_public(ex, v, false);
	sandbox_yt_wake(w, v);
	answer = sandbox_yt_resource(ex, v, s->parts_flags, s->account);
	text = json_dumps(answer, JSON_INDENT(2));
	s->answer = arena_strdup(w->arena, text);
	s->video = v->object->id;
	free(text);
	json_decref(answer);
	sandbox_state_touch(w, &s->record);
	return v;
}

static json_t *list_items(struct exchange *ex, const struct list *ids, unsigned parts,
			  const struct account *viewer)
{
	json_t *items = json_array();

	for (size_t i = 0; i < ids->n; i++) {
		const struct yt_video *v = sandbox_yt_video(ex, ids->v[i]);

		if (v == NULL || !sandbox_yt_is_visible(v, viewer))
			continue;
		if ((parts & YT_OWNER_ONLY) != 0 && v->object->account != viewer) {
			json_decref(items);
			sandbox_yt_fail_text(ex, "forbidden",
					     "The request is not properly authorized to access "
					     "video file or processing information.");
			return NULL;
		}
		json_array_append_new(items, sandbox_yt_resource(ex, v, parts, viewer));
	}
	return items;
}

void sandbox_yt_videos_list(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_READ);
	const char *given = sandbox_exchange_param(ex, "id");
	struct list ids = sandbox_list_new(ex->arena);
	unsigned parts = 0;
	json_t *items;
	int n;

	if (t == NULL || !sandbox_yt_parts(ex, &parts))
		return;
	if (given != NULL)
		sandbox_list_split(&ids, given, ", ");
	if (ids.n == 0 || ids.n > IDS_MAX) {
		sandbox_yt_fail_param(
			ex, ids.n == 0 ? "missingRequiredParameter" : "invalidParameter", "id");
		return;
	}
	items = list_items(ex, &ids, parts, sandbox_yt_account(ex, t));
	if (items == NULL)
		return;
	n = (int)json_array_size(items);
	sandbox_yt_json(ex, 200,
			json_pack("{s:s,s:s,s:o,s:{s:i,s:i}}", "kind", "youtube#videoListResponse",
				  "etag", sandbox_yt_etag(ex->arena, given), "items", items,
				  "pageInfo", "totalResults", n, "resultsPerPage", n));
}

/* The named parts replace what was there: what the body leaves out is gone. */
static bool update_apply(struct exchange *ex, struct yt_video *v, const json_t *body,
			 unsigned parts)
{
	const json_t *snippet = json_object_get(body, "snippet");
	bool was_public = strcmp(v->meta.privacy, "public") == 0;
	struct yt_meta next = v->meta;

	if (!sandbox_yt_meta_read(ex, body, parts, &next))
		return false;
	if ((parts & YT_SNIPPET) != 0 && !json_is_string(json_object_get(snippet, "categoryId")))
		return sandbox_yt_fail(ex, "invalidCategoryId");
	if ((parts & YT_STATUS) != 0 && next.publish_at_us != INSTANT_NONE &&
	    v->public_us != INSTANT_NONE)
		return sandbox_yt_fail(ex, "invalidPublishAt");
	v->meta = next;
	if (v->is_locked)
		v->meta.privacy = "private";
	schedule_is_over(ex->world, v);
	sandbox_yt_tell(ex, v, "updated");
	tell_if_public(ex, v, was_public);
	if ((parts & YT_STATUS) != 0)
		sandbox_yt_wake(ex->world, v);
	return true;
}

static void update_run(struct exchange *ex, const struct token *t, const json_t *body)
{
	const char *id = json_string_value(json_object_get(body, "id"));
	struct yt_video *v;
	unsigned parts = 0;

	if (!sandbox_yt_parts(ex, &parts))
		return;
	if ((parts & ~(unsigned)(YT_WRITABLE | YT_ID)) != 0) {
		sandbox_yt_fail(ex, "unexpectedPart");
		return;
	}
	v = sandbox_yt_own_video(ex, t, id);
	if (v != NULL && update_apply(ex, v, body, parts))
		sandbox_yt_json(ex, 200, sandbox_yt_resource(ex, v, parts, v->object->account));
}

void sandbox_yt_videos_update(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_EDIT);
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	json_t *body;

	if (t == NULL)
		return;
	body = json_loadb(buf_str(&ex->body), ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (type == NULL || strncasecmp(type, "application/json", 16) != 0)
		sandbox_yt_fail_text(ex, "badRequest", "Content-Type must be application/json.");
	else if (!json_is_object(body))
		sandbox_yt_fail(ex, "parseError");
	else
		update_run(ex, t, body);
	json_decref(body);
}

void sandbox_yt_videos_delete(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_EDIT);
	const char *id = sandbox_exchange_param(ex, "id");
	struct yt_video *v;

	if (t == NULL)
		return;
	if (id == NULL) {
		sandbox_yt_fail_param(ex, "missingRequiredParameter", "id");
		return;
	}
	v = sandbox_yt_own_video(ex, t, id);
	if (v == NULL)
		return;
	sandbox_world_delete(ex, v->object);
	sandbox_exchange_html(ex, 204, "");
	ex->content_type = NULL;
}

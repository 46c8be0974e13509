/* SPDX-License-Identifier: Apache-2.0 */
/* A video as the API shows it, part by part. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "crypto/digest.h"
#include "sandbox/reaction.h"
#include "sandbox/yt.h"

const char *sandbox_yt_time(struct arena *a, int64_t us)
{
	char text[RFC3339_MAX];

	rfc3339_print(us, text);
	return arena_strdup(a, text);
}

const char *sandbox_yt_etag(struct arena *a, const char *text)
{
	uint8_t hash[SHA256_BYTES];
	char tag[64];

	digest_sha256(text, strlen(text), hash);
	digest_base64url(hash, 20, tag);
	return arena_strdup(a, tag);
}

static bool is_ready(const struct world *w, const struct yt_video *v)
{
	return sandbox_world_now(w) >= v->ready_us;
}

static const char *upload_status(const struct world *w, const struct yt_video *v)
{
	if (!is_ready(w, v))
		return "uploaded";
	if (v->failed != NULL)
		return "failed";
	return v->rejected != NULL ? "rejected" : "processed";
}

json_t *sandbox_yt_thumbnails(const char *id)
{
	static const struct {
		const char *name, *file;
		int width, height;
	} sizes[] = {
		{ "default", "default", 120, 90 },        { "medium", "mqdefault", 320, 180 },
		{ "high", "hqdefault", 480, 360 },        { "standard", "sddefault", 640, 480 },
		{ "maxres", "maxresdefault", 1280, 720 },
	};
	json_t *out = json_object();
	char url[96];

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		snprintf(url, sizeof(url), "https://i.ytimg.com/vi/%s/%s.jpg", id, sizes[i].file);
		json_object_set_new(out, sizes[i].name,
				    json_pack("{s:s,s:i,s:i}", "url", url, "width", sizes[i].width,
					      "height", sizes[i].height));
	}
	return out;
}

static void set_text(json_t *to, const char *name, const char *text)
{
	if (text != NULL)
		json_object_set_new(to, name, json_string(text));
}

static void set_flag(json_t *to, const char *name, enum yt_flag flag)
{
	if (flag != YT_UNSET)
		json_object_set_new(to, name, json_boolean(flag == YT_YES));
}

static json_t *part_snippet(struct exchange *ex, const struct yt_video *v,
			    const struct account *viewer)
{
	const struct object *o = v->object;
	const struct yt_meta *m = &v->meta;
	int64_t at_us = v->public_us != INSTANT_NONE ? v->public_us : o->created_us;
	json_t *out = json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:{s:s,s:s}}", "publishedAt",
				sandbox_yt_time(ex->arena, at_us), "channelId", o->account->id,
				"title", m->title, "description", m->description, "thumbnails",
				sandbox_yt_thumbnails(o->id), "channelTitle", o->account->name,
				"categoryId", m->category, "liveBroadcastContent", "none",
				"localized", "title", m->title, "description", m->description);

	(void)viewer;
	if (m->tags.n > 0)
		json_object_set_new(out, "tags", sandbox_state_texts_save(&m->tags));
	set_text(out, "defaultLanguage", m->language);
	set_text(out, "defaultAudioLanguage", m->audio_language);
	return out;
}

static json_t *part_status(struct exchange *ex, const struct yt_video *v,
			   const struct account *viewer)
{
	const struct yt_meta *m = &v->meta;
	const struct yt_channel *channel = sandbox_yt_channel(v->object->account);
	json_t *out = json_pack("{s:s,s:s}", "uploadStatus", upload_status(ex->world, v),
				"privacyStatus", m->privacy);

	if (is_ready(ex->world, v)) {
		set_text(out, "failureReason", v->failed);
		set_text(out, "rejectionReason", v->rejected);
	}
	if (m->publish_at_us != INSTANT_NONE)
		set_text(out, "publishAt", sandbox_yt_time(ex->arena, m->publish_at_us));
	set_text(out, "license", m->license);
	json_object_set_new(out, "embeddable", json_boolean(m->is_embeddable));
	json_object_set_new(out, "publicStatsViewable", json_boolean(m->shows_stats));
	json_object_set_new(out, "madeForKids",
			    json_boolean(m->kids == YT_YES || channel->is_made_for_kids));
	if (viewer == v->object->account) {
		set_flag(out, "selfDeclaredMadeForKids", m->kids);
		set_flag(out, "containsSyntheticMedia", m->synthetic);
	}
	return out;
}

static json_t *part_localizations(struct exchange *ex, const struct yt_video *v,
				  const struct account *viewer)
{
	(void)ex, (void)viewer;
	return v->meta.localizations != NULL ? json_loads(v->meta.localizations, 0, NULL) : NULL;
}

static json_t *part_recording(struct exchange *ex, const struct yt_video *v,
			      const struct account *viewer)
{
	json_t *out = json_object();

	(void)ex, (void)viewer;
	set_text(out, "recordingDate", v->meta.recording_date);
	return out;
}

static json_t *part_content(struct exchange *ex, const struct yt_video *v,
			    const struct account *viewer)
{
	int64_t s = (v->duration_ms + 999) / 1000;
	char length[48] = "P0D";

	(void)viewer;
	if (is_ready(ex->world, v) && s > 0)
		snprintf(length, sizeof(length), "PT%" PRId64 "H%" PRId64 "M%" PRId64 "S", s / 3600,
			 s / 60 % 60, s % 60);
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:s}", "duration", length, "dimension", "2d",
			 "definition", v->height >= 720 ? "hd" : "sd", "caption", "false",
			 "licensedContent", 0, "projection", "rectangular");
}

static json_t *part_file(struct exchange *ex, const struct yt_video *v,
			 const struct account *viewer)
{
	const struct media_fact *f = v->object->media.v[0];
	char bytes[24], ms[24];
	json_t *out;

	(void)viewer;
	snprintf(bytes, sizeof(bytes), "%" PRIu64, f->bytes);
	snprintf(ms, sizeof(ms), "%" PRId64, v->duration_ms);
	out = json_pack("{s:s,s:s,s:s}", "fileName", "unknown", "fileSize", bytes, "fileType",
			"video");
	if (is_ready(ex->world, v) && v->failed == NULL) {
		set_text(out, "durationMs", ms);
		json_object_set_new(out, "videoStreams",
				    json_pack("[{s:I,s:I}]", "widthPixels", (json_int_t)v->width,
					      "heightPixels", (json_int_t)v->height));
	}
	return out;
}

static json_t *part_processing(struct exchange *ex, const struct yt_video *v,
			       const struct account *viewer)
{
	const bool ready = is_ready(ex->world, v), well = ready && v->failed == NULL;
	json_t *out = json_pack("{s:s}", "processingStatus",
				!ready                ? "processing"
				: v->failed != NULL   ? "failed"
				: v->rejected != NULL ? "terminated"
						      : "succeeded");

	(void)viewer;
	if (!ready)
		json_object_set_new(out, "processingProgress",
				    json_pack("{s:s,s:s,s:s}", "partsTotal", "1000",
					      "partsProcessed", "500", "timeLeftMs", "1000"));
	if (ready && v->failed != NULL)
		set_text(out, "processingFailureReason", "transcodeFailed");
	set_text(out, "fileDetailsAvailability", well ? "available" : "inProgress");
	set_text(out, "processingIssuesAvailability", well ? "available" : "inProgress");
	set_text(out, "tagSuggestionsAvailability", "inProgress");
	set_text(out, "editorSuggestionsAvailability", "inProgress");
	set_text(out, "thumbnailsAvailability", well ? "available" : "inProgress");
	return out;
}

static json_t *part_statistics(struct exchange *ex, const struct yt_video *v,
			       const struct account *viewer)
{
	const struct reaction r = sandbox_reaction(v->object);

	(void)viewer;
	return json_pack("{s:s,s:s,s:s,s:s}", "viewCount",
			 arena_printf(ex->arena, "%" PRId64, r.views), "likeCount",
			 arena_printf(ex->arena, "%" PRId64, r.likes), "favoriteCount", "0",
			 "commentCount", arena_printf(ex->arena, "%" PRId64, r.comments));
}

static json_t *part_player(struct exchange *ex, const struct yt_video *v,
			   const struct account *viewer)
{
	(void)viewer;
	return json_pack("{s:s}", "embedHtml",
			 arena_printf(ex->arena,
				      "<iframe width=\"480\" height=\"270\" "
				      "src=\"//www.youtube.com/embed/%s\"></iframe>",
				      v->object->id));
}

static json_t *part_suggestions(struct exchange *ex, const struct yt_video *v,
				const struct account *viewer)
{
	(void)ex, (void)v, (void)viewer;
	return json_object();
}

json_t *sandbox_yt_resource(struct exchange *ex, const struct yt_video *v, unsigned parts,
			    const struct account *viewer)
{
	static const struct {
		unsigned flag;
		const char *name;
		json_t *(*make)(struct exchange *, const struct yt_video *, const struct account *);
	} makers[] = {
		{ YT_SNIPPET, "snippet", part_snippet },
		{ YT_STATUS, "status", part_status },
		{ YT_CONTENT, "contentDetails", part_content },
		{ YT_STATISTICS, "statistics", part_statistics },
		{ YT_PLAYER, "player", part_player },
		{ YT_RECORDING, "recordingDetails", part_recording },
		{ YT_FILE, "fileDetails", part_file },
		{ YT_PROCESSING, "processingDetails", part_processing },
		{ YT_SUGGESTIONS, "suggestions", part_suggestions },
		{ YT_LOCALIZATIONS, "localizations", part_localizations },
	};
	const char *id = v->object->id;
	json_t *out = json_pack(
		"{s:s,s:s,s:s}", "kind", "youtube#video", "etag",
		sandbox_yt_etag(ex->arena, arena_printf(ex->arena, "%s %" PRIu64, id, v->changes)),
		"id", id);

	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		json_t *part = (parts & makers[i].flag) != 0 ? makers[i].make(ex, v, viewer) : NULL;

		if (part != NULL)
			json_object_set_new(out, makers[i].name, part);
	}
	return out;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads to X: initialize, append, finalize, status, metadata. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "sandbox/tw.h"

#define MEDIA_LIFE_S 86400
#define UPLOAD_SCOPE "media.write"

/* clang-format off */
static const struct {
	const char *type, *categories;
	uint64_t bytes_max;
	size_t magic_at;
	const char *magic;
} kinds[] = {
	{ "image/jpeg",      "tweet_image",            5242880,   0, "\xff\xd8\xff" },
	{ "image/png",       "tweet_image",            5242880,   0, "\x89PNG" },
	{ "image/webp",      "tweet_image",            5242880,   8, "WEBP" },
	{ "image/gif",       "tweet_gif tweet_image",  15728640,  0, "GIF8" },
	{ "video/mp4",       "tweet_video amplify_video", 536870912, 4, "ftyp" },
	{ "video/quicktime", "tweet_video amplify_video", 536870912, 4, "ftyp" },
};
/* clang-format on */

static size_t kind_of(const char *type)
{
	size_t i = 0;

	while (i < ARRAY_LEN(kinds) && (type == NULL || strcmp(kinds[i].type, type) != 0))
		i++;
	return i;
}

static const char *segment_path(struct exchange *ex, const struct tw_media *m, size_t i)
{
	return arena_printf(ex->arena, "%s/x-%s-%zu", ex->sandbox->folder, m->id, i);
}

static struct tw_media *media_new(struct exchange *ex, struct account *a, const json_t *in)
{
	struct world *w = ex->world;
	struct tw_media *m = arena_alloc(w->arena, sizeof(*m));
	const char *category = json_string_value(json_object_get(in, "media_category"));

	m->id = sandbox_tw_snowflake(w);
	m->account = a;
	m->type = arena_strdup(w->arena, json_string_value(json_object_get(in, "media_type")));
	m->category = arena_strdup(w->arena, category);
	m->key = arena_printf(w->arena, "%s_%s",
			      strcmp(category, "tweet_image") == 0 ? "3"
			      : strcmp(category, "tweet_gif") == 0 ? "16"
								   : "7",
			      m->id);
	m->total = (uint64_t)json_integer_value(json_object_get(in, "total_bytes"));
	m->expires_us = sandbox_world_now(w) + MEDIA_LIFE_S * US_PER_S;
	m->ready_us = INSTANT_NONE;
	sandbox_map_put(&sandbox_tw_state(w)->media, m->id, m);
	sandbox_list_add(&sandbox_tw_state(w)->uploads, m);
	return m;
}

static bool initialize_ok(struct exchange *ex, const json_t *in)
{
	const char *type = json_string_value(json_object_get(in, "media_type"));
	const char *category = json_string_value(json_object_get(in, "media_category"));
	const json_t *total = json_object_get(in, "total_bytes");
	struct list allowed = sandbox_list_new(ex->arena);
	size_t kind = kind_of(type);

	if (kind == ARRAY_LEN(kinds))
		return sandbox_tw_invalid(ex, "media type unrecognized");
	sandbox_list_split(&allowed, kinds[kind].categories, " ");
	if (category == NULL || !sandbox_list_has_text(&allowed, category))
		return sandbox_tw_invalid(ex, "media_category does not fit media_type");
	if (!json_is_integer(total) || json_integer_value(total) <= 0)
		return sandbox_tw_invalid(ex, "$.total_bytes: must be a positive integer");
	if ((uint64_t)json_integer_value(total) > kinds[kind].bytes_max)
		return sandbox_tw_invalid(ex, "File size exceeds the limit of its category.");
	return true;
}

void sandbox_tw_initialize(struct exchange *ex)
{
	static const char *const keys[] = { "media_type",        "media_category", "total_bytes",
					    "additional_owners", "shared",         NULL };
	struct account *a = sandbox_tw_auth(ex, UPLOAD_SCOPE);
	json_t *in = a != NULL ? sandbox_tw_body(ex, keys) : NULL;
	const struct tw_media *m;

	if (in == NULL)
		return;
	if (initialize_ok(ex, in)) {
		m = media_new(ex, a, in);
		sandbox_exchange_json(ex, 200,
				      json_pack("{s:{s:s,s:s,s:i}}", "data", "id", m->id,
						"media_key", m->key, "expires_after_secs",
						MEDIA_LIFE_S));
	}
	json_decref(in);
}

static struct tw_media *media_of(struct exchange *ex, const struct account *a, const char *id)
{
	struct tw_media *m =
		id != NULL ? sandbox_map_get(&sandbox_tw_state(ex->world)->media, id) : NULL;

	if (m != NULL && m->account == a && m->expires_us > sandbox_world_now(ex->world))
		return m;
	sandbox_tw_problem(ex, 404, "Not Found Error", "Could not find media with that id.",
			   "https://api.x.com/2/problems/resource-not-found");
	return NULL;
}

static bool segment_store(struct exchange *ex, struct tw_media *m, size_t i, const char *p,
			  size_t n)
{
	int fd = open(segment_path(ex, m, i), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, p, n) == (ssize_t)n;

	if (fd >= 0)
		close(fd);
	if (!ok)
		return sandbox_tw_problem(ex, 500, "Internal Error", "storage", "about:blank");
	m->sizes[i] = n + 1;
	if (i >= m->segments_n)
		m->segments_n = i + 1;
	return true;
}

void sandbox_tw_append(struct exchange *ex)
{
	struct account *a = sandbox_tw_auth(ex, UPLOAD_SCOPE);
	struct tw_media *m = a != NULL ? media_of(ex, a, ex->captures[0]) : NULL;
	const char *index = sandbox_exchange_param(ex, "segment_index"), *p = NULL;
	char *stop = NULL;
	size_t n = 0;
	unsigned long i = index != NULL ? strtoul(index, &stop, 10) : TW_SEGMENTS_MAX;

	if (m == NULL)
		return;
	if (sandbox_faults_hit(ex, "append.413") != NULL) {
		sandbox_exchange_html(ex, 413,
				      "<html><h1>413 Request Entity Too Large</h1></html>");
		return;
	}
	if (i >= TW_SEGMENTS_MAX || *stop != '\0' || !sandbox_exchange_part(ex, "media", &p, &n)) {
		sandbox_tw_invalid(ex, "segment_index (0..999) and media are required");
		return;
	}
	if (n == 0 || n > TW_SEGMENT_BYTES_MAX) {
		sandbox_exchange_html(ex, 413,
				      "<html><h1>413 Request Entity Too Large</h1></html>");
		return;
	}
	if (m->is_final) {
		sandbox_tw_invalid(ex, "The upload is finalized already.");
		return;
	}
	if (segment_store(ex, m, i, p, n))
		sandbox_exchange_json(ex, 200,
				      json_pack("{s:{s:I}}", "data", "expires_at",
						(json_int_t)(m->expires_us / US_PER_S)));
}

/* Adds one segment's file to the digest and removes it; head gets its first bytes. */
static bool segment_take(struct exchange *ex, const struct tw_media *m, size_t i,
			 struct digest *digest, char *head)
{
	const char *path = segment_path(ex, m, i);
	char block[65536];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return false;
	for (bool is_first = i == 0; (n = fread(block, 1, sizeof(block), f)) > 0;
	     is_first = false) {
		if (is_first)
			memcpy(head, block, n < 16 ? n : 16);
		digest_add(digest, block, n);
	}
	fclose(f);
	unlink(path);
	return true;
}

static bool segments_complete(const struct tw_media *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->segments_n; i++) {
		if (m->sizes[i] == 0)
			return false;
		sum += m->sizes[i] - 1;
	}
	return sum == m->total;
}

static bool segments_join(struct exchange *ex, struct tw_media *m)
{
	struct digest *digest = digest_new();
	uint8_t hash[SHA256_BYTES];
	char head[17] = "";
	size_t kind = kind_of(m->type);

	for (size_t i = 0; i < m->segments_n; i++)
		segment_take(ex, m, i, digest, head);
	digest_end(digest, hash);
	digest_hex(hash, sizeof(hash), m->fact.sha256);
	m->fact.bytes = m->total;
	m->fact.mime = m->type;
	m->segments_n = 0;
	return memcmp(head + kinds[kind].magic_at, kinds[kind].magic, strlen(kinds[kind].magic)) ==
	       0;
}

static json_t *processing_json(struct world *w, const struct tw_media *m)
{
	int64_t now_us = sandbox_world_now(w);

	if (m->ready_us > now_us)
		return json_pack("{s:s,s:i,s:i}", "state", m->is_asked ? "in_progress" : "pending",
				 "check_after_secs", 1, "progress_percent", 40);
	if (m->is_failed)
		return json_pack("{s:s,s:{s:i,s:s,s:s}}", "state", "failed", "error", "code", 1,
				 "name", "InvalidMedia", "message", "Unsupported video format");
	return json_pack("{s:s,s:i}", "state", "succeeded", "progress_percent", 100);
}

static void media_answer(struct exchange *ex, const struct tw_media *m)
{
	int64_t left_us = m->expires_us - sandbox_world_now(ex->world);
	json_t *data = json_pack("{s:s,s:s,s:I,s:I}", "id", m->id, "media_key", m->key, "size",
				 (json_int_t)m->total, "expires_after_secs",
				 (json_int_t)(left_us / US_PER_S));

	if (m->ready_us != INSTANT_NONE)
		json_object_set_new(data, "processing_info", processing_json(ex->world, m));
	sandbox_exchange_json(ex, 200, json_pack("{s:o}", "data", data));
}

static void media_process(struct exchange *ex, struct tw_media *m, bool is_sound)
{
	const int64_t now_us = sandbox_world_now(ex->world);

	m->is_final = true;
	m->is_failed = !is_sound || sandbox_faults_hit(ex, "process.failed") != NULL;
	if (strcmp(m->category, "tweet_image") != 0)
		m->ready_us = now_us + ex->world->settings.video_delay_ms * US_PER_MS;
	if (sandbox_faults_hit(ex, "process.stuck") != NULL)
		m->ready_us = INT64_MAX;
}

void sandbox_tw_finalize(struct exchange *ex)
{
	static const char *const keys[] = { NULL };
	struct account *a = sandbox_tw_auth(ex, UPLOAD_SCOPE);
	struct tw_media *m = a != NULL ? media_of(ex, a, ex->captures[0]) : NULL;
	json_t *in = m != NULL ? sandbox_tw_body(ex, keys) : NULL;
	bool is_sound;

	if (in == NULL)
		return;
	json_decref(in);
	if (m->is_final) {
		sandbox_tw_invalid(ex, "The upload is finalized already.");
		return;
	}
	if (!segments_complete(m)) {
		sandbox_tw_invalid(ex, "Segments do not add up to provided total file size.");
		return;
	}
	is_sound = segments_join(ex, m);
	if (!is_sound && strcmp(m->category, "tweet_image") == 0) {
		sandbox_tw_invalid(ex, "media type unrecognized");
		return;
	}
	media_process(ex, m, is_sound);
	media_answer(ex, m);
}

void sandbox_tw_status(struct exchange *ex)
{
	const struct account *a = sandbox_tw_auth(ex, UPLOAD_SCOPE);
	const char *command = sandbox_exchange_param(ex, "command");
	struct tw_media *m = NULL;

	if (a == NULL)
		return;
	if (command == NULL || strcmp(command, "STATUS") != 0) {
		sandbox_tw_invalid(ex, "command must be STATUS");
		return;
	}
	m = media_of(ex, a, sandbox_exchange_param(ex, "media_id"));
	if (m == NULL)
		return;
	m->is_asked = true;
	if (m->ready_us == INSTANT_NONE)
		sandbox_tw_invalid(ex, "BadRequest: Not found");
	else
		media_answer(ex, m);
}

void sandbox_tw_metadata(struct exchange *ex)
{
	static const char *const keys[] = { "id", "metadata", NULL };
	const struct account *a = sandbox_tw_auth(ex, UPLOAD_SCOPE);
	json_t *in = a != NULL ? sandbox_tw_body(ex, keys) : NULL;
	const json_t *alt;
	struct tw_media *m;
	const char *text;

	if (in == NULL)
		return;
	m = media_of(ex, a, json_string_value(json_object_get(in, "id")));
	alt = json_object_get(json_object_get(in, "metadata"), "alt_text");
	text = json_string_value(json_object_get(alt, "text"));
	if (m != NULL && text != NULL && utf8_points(text) <= 1000) {
		m->alt_text = arena_strdup(ex->world->arena, text);
		sandbox_exchange_json(ex, 200, json_pack("{s:{s:s}}", "data", "id", m->id));
	} else if (m != NULL) {
		sandbox_tw_invalid(ex, "$.metadata.alt_text.text: is required");
	}
	json_decref(in);
}

bool sandbox_tw_media_usable(struct world *w, const struct tw_media *m, const struct account *a)
{
	int64_t now_us = sandbox_world_now(w);

	return m != NULL && m->account == a && m->is_final && !m->is_failed &&
	       m->expires_us > now_us && (m->ready_us == INSTANT_NONE || m->ready_us <= now_us);
}

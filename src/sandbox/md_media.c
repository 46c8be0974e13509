/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads to Mastodon: images are done at once, what moves is worked on. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "sandbox/md.h"

#define SCOPE           "write:media"
#define MEDIA_LIFE_S    86400
#define DESCRIPTION_MAX 1500
#define SLOW_MS         600

/* clang-format off */
static const struct {
	const char *mime, *type;
	size_t magic_at;
	const char *magic;
	size_t bytes_max;
} kinds[] = {
	{ "image/jpeg",      "image", 0, "\xff\xd8\xff",     MD_IMAGE_BYTES },
	{ "image/png",       "image", 0, "\x89PNG",          MD_IMAGE_BYTES },
	{ "image/webp",      "image", 8, "WEBP",             MD_IMAGE_BYTES },
	{ "image/gif",       "gifv",  0, "GIF8",             MD_IMAGE_BYTES },
	{ "video/quicktime", "video", 4, "ftypqt",           MD_VIDEO_BYTES },
	{ "video/mp4",       "video", 4, "ftyp",             MD_VIDEO_BYTES },
	{ "video/webm",      "video", 0, "\x1a\x45\xdf\xa3", MD_VIDEO_BYTES },
};
/* clang-format on */

/* What the bytes are, whatever was said of them. */
static size_t kind_of(const char *p, size_t n)
{
	size_t i = 0;

	for (; i < ARRAY_LEN(kinds); i++) {
		const size_t magic_n = strlen(kinds[i].magic);

		if (n >= kinds[i].magic_at + magic_n &&
		    memcmp(p + kinds[i].magic_at, kinds[i].magic, magic_n) == 0)
			break;
	}
	return i;
}

static bool upload_ok(struct exchange *ex, size_t kind, size_t n)
{
	const char *description = sandbox_exchange_param(ex, "description");

	if (kind == ARRAY_LEN(kinds))
		return sandbox_md_error(
			ex, 422,
			"Validation failed: File content type is invalid, File is invalid");
	if (n > kinds[kind].bytes_max)
		return sandbox_md_error(
			ex, 422, "Validation failed: File file size must be less than the limit");
	if (description != NULL && utf8_points(description) > DESCRIPTION_MAX)
		return sandbox_md_error(
			ex, 422,
			"Validation failed: Description is too long (maximum is 1500 characters)");
	return true;
}

static void process(struct exchange *ex, struct md_media *m)
{
	const int64_t now_us = sandbox_world_now(ex->world);
	const json_t *slow = sandbox_faults_hit(ex, "media.slow");

	m->ready_us = INSTANT_NONE;
	if (strcmp(m->type, "image") != 0)
		m->ready_us = now_us + ex->world->settings.video_delay_ms * US_PER_MS;
	if (slow != NULL)
		m->ready_us = now_us + sandbox_faults_int(slow, "ms", SLOW_MS) * US_PER_MS;
	if (sandbox_faults_hit(ex, "media.stuck") != NULL)
		m->ready_us = INT64_MAX;
	m->is_failed = sandbox_faults_hit(ex, "media.failed") != NULL;
	if (m->is_failed && m->ready_us == INSTANT_NONE)
		m->ready_us = now_us;
}

static struct md_media *media_new(struct exchange *ex, struct account *a, size_t kind)
{
	struct world *w = ex->world;
	struct md_media *m = arena_alloc(w->arena, sizeof(*m));

	m->id = sandbox_md_snowflake(w);
	m->type = kinds[kind].type;
	m->account = a;
	m->description = arena_strdup(w->arena, sandbox_exchange_param(ex, "description"));
	m->expires_us = sandbox_world_now(w) + MEDIA_LIFE_S * US_PER_S;
	m->fact.mime = kinds[kind].mime;
	sandbox_map_put(&sandbox_md_state(w)->media, m->id, m);
	sandbox_list_add(&sandbox_md_state(w)->uploads, m);
	return m;
}

bool sandbox_md_media_is_done(struct world *w, const struct md_media *m)
{
	return !m->is_failed &&
	       (m->ready_us == INSTANT_NONE || m->ready_us <= sandbox_world_now(w));
}

bool sandbox_md_media_is_there(struct world *w, const struct md_media *m, const struct account *a)
{
	return m != NULL && m->account == a && !m->is_attached &&
	       m->expires_us > sandbox_world_now(w);
}

json_t *sandbox_md_media_json(const struct exchange *ex, const struct md_media *m)
{
	json_t *url =
		sandbox_md_media_is_done(ex->world, m)
			? json_string(arena_printf(ex->arena, "%s/media/%s", ex->base_url, m->id))
			: json_null();

	return json_pack("{s:s,s:s,s:o,s:s?}", "id", m->id, "type", m->type, "url", url,
			 "description", m->description);
}

void sandbox_md_upload(struct exchange *ex)
{
	struct account *a = sandbox_md_enter(ex, SCOPE);
	const char *p = NULL;
	uint8_t hash[SHA256_BYTES];
	struct md_media *m;
	size_t n = 0, kind;

	if (a == NULL)
		return;
	if (!sandbox_exchange_part(ex, "file", &p, &n)) {
		sandbox_md_error(ex, 422, "Validation failed: File can't be blank");
		return;
	}
	kind = kind_of(p, n);
	if (!upload_ok(ex, kind, n))
		return;
	m = media_new(ex, a, kind);
	digest_sha256(p, n, hash);
	digest_hex(hash, sizeof(hash), m->fact.sha256);
	m->fact.bytes = n;
	process(ex, m);
	sandbox_exchange_json(ex, m->ready_us == INSTANT_NONE ? 200 : 202,
			      sandbox_md_media_json(ex, m));
}

void sandbox_md_media(struct exchange *ex)
{
	const struct account *a = sandbox_md_enter(ex, SCOPE);
	const struct md_media *m =
		a != NULL ? sandbox_map_get(&sandbox_md_state(ex->world)->media, ex->captures[0])
			  : NULL;

	if (a == NULL)
		return;
	if (!sandbox_md_media_is_there(ex->world, m, a) ||
	    sandbox_faults_hit(ex, "media.forgotten") != NULL) {
		sandbox_md_error(ex, 404, "Record not found");
		return;
	}
	if (m->ready_us > sandbox_world_now(ex->world) && m->ready_us != INSTANT_NONE)
		sandbox_exchange_json(ex, 206, sandbox_md_media_json(ex, m));
	else if (m->is_failed)
		sandbox_md_error(ex, 422, "Error processing the uploaded file");
	else
		sandbox_exchange_json(ex, 200, sandbox_md_media_json(ex, m));
}

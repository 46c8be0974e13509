/* SPDX-License-Identifier: Apache-2.0 */
/* Videos: registration, the bucket that takes the form, and the state until they can be pinned. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/pin.h"

#define POLICY_LIFE_S  3600
#define FILE_BYTES_MAX (2048ULL << 20)

const char *sandbox_pin_media_status(struct world *w, const struct pin_media *m)
{
	if (m->stuck != NULL)
		return m->stuck;
	if (m->sent_us == INSTANT_NONE)
		return "registered";
	if (sandbox_world_now(w) < m->sent_us + w->settings.video_delay_ms * US_PER_MS)
		return "processing";
	return m->is_video && !m->has_failed ? "succeeded" : "failed";
}

static json_t *params_new(struct exchange *ex, const char *id)
{
	struct world *w = ex->world;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "x-amz-date", "20261121T100000Z",
			 "x-amz-signature", sandbox_world_secret(w, "", 32), "x-amz-security-token",
			 sandbox_world_secret(w, "IQoJ", 90), "x-amz-algorithm", "AWS4-HMAC-SHA256",
			 "key", arena_printf(w->arena, "uploads/11/aa/22/3:video:%s", id), "policy",
			 sandbox_world_secret(w, "eyJl", 60), "x-amz-credential",
			 "ASIA/20261121/us-east-1/s3/aws4_request", "Content-Type",
			 "multipart/form-data");
}

void sandbox_pin_media_register(struct exchange *ex)
{
	struct account *a = sandbox_pin_account(ex, PIN_WRITE, sandbox_pin_scopes_media);
	const char *type = sandbox_exchange_param(ex, "media_type");
	struct pin_media *m;

	if (a == NULL)
		return;
	if (type == NULL || strcmp(type, "video") != 0) {
		sandbox_pin_fail(ex, 400, 1, "Invalid request: media_type must be video.");
		return;
	}
	m = arena_alloc(ex->world->arena, sizeof(*m));
	m->id = sandbox_world_id(ex->world, "5216", 19);
	m->account = a;
	m->params = params_new(ex, m->id);
	m->made_us = sandbox_world_now(ex->world);
	m->sent_us = INSTANT_NONE;
	m->fact.mime = "video/mp4";
	sandbox_pin_media_keep(ex->world, m);
	sandbox_state_touch(ex->world, &m->record);
	sandbox_exchange_json(ex, 201,
			      json_pack("{s:s,s:s,s:s,s:O}", "media_id", m->id, "media_type",
					"video", "upload_url",
					arena_printf(ex->arena, "%s/s3/", ex->base_url),
					"upload_parameters", m->params));
}

void sandbox_pin_media_get(struct exchange *ex)
{
	const struct account *a = sandbox_pin_account(ex, PIN_READ, sandbox_pin_scopes_media);
	struct pin_media *m =
		sandbox_map_get(&sandbox_pin_state(ex->world)->media, ex->captures[0]);
	const json_t *stuck;

	if (a == NULL)
		return;
	if (m == NULL || m->account != a) {
		sandbox_pin_fail(ex, 404, 404, "Media not found.");
		return;
	}
	stuck = sandbox_faults_hit(ex, "media.stuck");
	if (stuck != NULL)
		m->stuck = arena_strdup(ex->world->arena,
					sandbox_faults_text(stuck, "state", "processing"));
	if (sandbox_faults_hit(ex, "media.failed") != NULL)
		m->has_failed = true;
	if (m->stuck != NULL || m->has_failed)
		sandbox_state_touch(ex->world, &m->record);
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:s,s:s,s:s}", "media_id", m->id, "media_type", "video",
					"status", sandbox_pin_media_status(ex->world, m)));
}

static bool bucket_fail(struct exchange *ex, int status, const char *code, const char *message)
{
	sandbox_exchange_html(
		ex, status,
		arena_printf(ex->arena,
			     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s"
			     "</Code><Message>%s</Message></Error>",
			     code, message));
	ex->content_type = "application/xml";
	return false;
}

struct part {
	const char *name, *body;
	size_t body_n;
};

/* The next part behind *at, which moves past it. */
static bool part_next(struct exchange *ex, const char **at, const char *end, const char *mark,
		      struct part *ret)
{
	size_t mark_n = strlen(mark);
	const char *head = memmem(*at, (size_t)(end - *at), mark, mark_n), *blank, *name, *next;

	if (head == NULL)
		return false;
	head += mark_n;
	blank = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
	next = memmem(head, (size_t)(end - head), mark, mark_n);
	if (blank == NULL || next == NULL || next < blank + 6)
		return false;
	name = memmem(head, (size_t)(blank - head), " name=\"", 7);
	if (name == NULL)
		return false;
	ret->name = arena_strndup(ex->arena, name + 7, strcspn(name + 7, "\"\r\n"));
	ret->body = blank + 4;
	ret->body_n = (size_t)(next - 2 - ret->body);
	*at = next;
	return true;
}

struct form {
	struct list names;
	struct pin_media *media;
	struct part file;
	const json_t *params;
};

/* Every field as it was handed out, and nothing behind the file. */
static bool form_take(struct exchange *ex, struct form *f, const struct part *p)
{
	const char *wanted;

	if (f->file.body != NULL)
		return bucket_fail(ex, 400, "InvalidArgument", "The file must be the last field.");
	sandbox_list_add_text(&f->names, p->name);
	if (strcmp(p->name, "file") == 0) {
		f->file = *p;
		return true;
	}
	if (strcmp(p->name, "key") == 0)
		f->media = sandbox_map_get(&sandbox_pin_state(ex->world)->media,
					   arena_strndup(ex->arena, p->body, p->body_n));
	wanted = f->media != NULL ? json_string_value(json_object_get(f->media->params, p->name))
				  : NULL;
	if (f->media != NULL && (wanted == NULL || strlen(wanted) != p->body_n ||
				 memcmp(wanted, p->body, p->body_n) != 0))
		return bucket_fail(ex, 403, "AccessDenied",
				   "A field is not covered by the policy.");
	return true;
}

static bool form_whole(struct exchange *ex, const struct form *f)
{
	const char *name;
	json_t *value;

	if (f->media == NULL)
		return bucket_fail(ex, 403, "AccessDenied", "There is no such key.");
	json_object_foreach(f->media->params, name, value) {
		if (!sandbox_list_has_text(&f->names, name))
			return bucket_fail(ex, 403, "AccessDenied",
					   "A field of the policy is missing.");
	}
	if (f->file.body == NULL)
		return bucket_fail(ex, 400, "InvalidArgument", "There is no file.");
	if (f->file.body_n > FILE_BYTES_MAX)
		return bucket_fail(ex, 400, "EntityTooLarge", "The file is too large.");
	if (sandbox_world_now(ex->world) > f->media->made_us + POLICY_LIFE_S * US_PER_S ||
	    sandbox_faults_hit(ex, "s3.403_expired") != NULL)
		return bucket_fail(ex, 403, "AccessDenied",
				   "Invalid according to Policy: Policy expired.");
	return true;
}

static void form_keep(struct exchange *ex, const struct form *f)
{
	struct pin_media *m = f->media;
	uint8_t hash[SHA256_BYTES];
	const char *names = "";

	for (size_t i = 0; i < f->names.n; i++)
		names = arena_printf(ex->world->arena, "%s%s%s", names, i > 0 ? "," : "",
				     (const char *)f->names.v[i]);
	digest_sha256(f->file.body, f->file.body_n, hash);
	digest_hex(hash, sizeof(hash), m->fact.sha256);
	m->fact.bytes = f->file.body_n;
	m->fields = names;
	m->is_video = f->file.body_n > 12 && memcmp(f->file.body + 4, "ftyp", 4) == 0;
	m->sent_us = sandbox_world_now(ex->world);
	sandbox_state_touch(ex->world, &m->record);
}

static void form_read(struct exchange *ex, const char *body, const char *mark)
{
	const char *at = body, *end = body + ex->spooled;
	struct form f = { .names = sandbox_list_new(ex->arena) };
	struct part part;

	/* The key may stand anywhere, so the first walk looks for it alone. */
	while (f.media == NULL && part_next(ex, &at, end, mark, &part))
		if (strcmp(part.name, "key") == 0)
			f.media = sandbox_map_get(&sandbox_pin_state(ex->world)->media,
						  arena_strndup(ex->arena, part.body, part.body_n));
	at = body;
	while (part_next(ex, &at, end, mark, &part))
		if (!form_take(ex, &f, &part))
			return;
	if (!form_whole(ex, &f))
		return;
	form_keep(ex, &f);
	sandbox_exchange_html(
		ex, sandbox_faults_hit(ex, "s3.200_instead_of_204") != NULL ? 200 : 204, "");
}

void sandbox_pin_upload(struct exchange *ex)
{
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	const char *mark = type != NULL ? strcasestr(type, "boundary=") : NULL;
	void *body;

	if (ex->is_partial)
		return;
	if (sandbox_exchange_header(ex, "Authorization") != NULL) {
		bucket_fail(ex, 400, "InvalidArgument", "Only one auth mechanism allowed.");
		return;
	}
	if (sandbox_exchange_header(ex, "Content-Length") == NULL) {
		bucket_fail(ex, 411, "MissingContentLength", "Content-Length is required.");
		return;
	}
	if (mark == NULL || strncasecmp(type, "multipart/form-data", 19) != 0 || ex->spooled == 0) {
		bucket_fail(ex, 412, "PreconditionFailed", "The body must be multipart/form-data.");
		return;
	}
	body = mmap(NULL, (size_t)ex->spooled, PROT_READ, MAP_PRIVATE, ex->spool_fd, 0);
	if (body == MAP_FAILED) {
		bucket_fail(ex, 500, "InternalError", "The bytes could not be read.");
		return;
	}
	form_read(ex, body,
		  arena_printf(ex->arena, "--%.*s", (int)strcspn(mark + 9, "\"; "), mark + 9));
	munmap(body, (size_t)ex->spooled);
}

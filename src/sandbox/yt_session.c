/* SPDX-License-Identifier: Apache-2.0 */
/* The opening of a resumable upload: metadata are checked, nothing is made yet. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/state.h"
#include "sandbox/yt.h"

#define FILE_PREFIX "upload-yt-"

/* Videos of the channel within a day, however they fared. */
static int64_t made_today(const struct exchange *ex, const struct account *a)
{
	int64_t since_us = sandbox_world_now(ex->world) - US_PER_DAY, n = 0;

	for (size_t i = a->objects.n; i-- > 0;) {
		const struct object *o = a->objects.v[i];

		if (o->created_us <= since_us)
			break;
		n++;
	}
	return n;
}

static bool cap_allows(struct exchange *ex, const struct account *a)
{
	const struct yt_state *state = sandbox_yt_state(ex->world);

	if (sandbox_faults_hit(ex, "session.limit") == NULL &&
	    (state->upload_cap == 0 || made_today(ex, a) < state->upload_cap))
		return true;
	return sandbox_yt_fail(ex, "uploadLimitExceeded");
}

static bool type_is(const char *type, const char *wanted)
{
	return type != NULL && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

static bool header_number(const struct exchange *ex, const char *name, uint64_t *ret)
{
	const char *text = sandbox_exchange_header(ex, name);
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool file_read(struct exchange *ex, struct yt_session *s)
{
	const char *type = sandbox_exchange_header(ex, "X-Upload-Content-Type");

	if (!header_number(ex, "X-Upload-Content-Length", &s->total))
		return sandbox_yt_fail_text(ex, "badRequest",
					    "X-Upload-Content-Length is missing or not a number.");
	if (type == NULL)
		return sandbox_yt_fail_text(ex, "badRequest", "X-Upload-Content-Type is missing.");
	if (!type_is(type, "video/") && !type_is(type, "application/octet-stream"))
		return sandbox_yt_fail_text(
			ex, "badContent",
			arena_printf(ex->arena,
				     "Media type '%s' is not supported. Valid media types: "
				     "[application/octet-stream, video/*]",
				     type));
	if (s->total == 0)
		return sandbox_yt_fail(ex, "mediaBodyRequired");
	if (s->total > (uint64_t)sandbox_yt_state(ex->world)->video_bytes)
		return sandbox_yt_fail(ex, "uploadTooLarge");
	s->file_type = arena_strdup(ex->world->arena, type);
	return true;
}

static bool query_ok(struct exchange *ex, unsigned *ret_parts)
{
	const char *type = sandbox_exchange_param(ex, "uploadType");
	const char *notifies = sandbox_exchange_param(ex, "notifySubscribers");

	if (type == NULL || strcmp(type, "resumable") != 0)
		return sandbox_yt_fail_text(ex, "badRequest", "uploadType must be resumable.");
	if (notifies != NULL && strcmp(notifies, "true") != 0 && strcmp(notifies, "false") != 0)
		return sandbox_yt_fail_param(ex, "invalidParameter", "notifySubscribers");
	return sandbox_yt_parts(ex, ret_parts);
}

static bool metadata_read(struct exchange *ex, struct yt_session *s, unsigned parts)
{
	json_t *body = NULL;
	bool ok;

	if (!type_is(sandbox_exchange_header(ex, "Content-Type"), "application/json"))
		return sandbox_yt_fail_text(ex, "badRequest",
					    "Content-Type must be application/json.");
	body = json_loadb(buf_str(&ex->body), ex->body.len, JSON_REJECT_DUPLICATES, NULL);
	sandbox_yt_meta_init(ex->world, &s->meta);
	if (!json_is_object(body))
		ok = sandbox_yt_fail(ex, "parseError");
	else if ((parts & YT_SNIPPET) == 0)
		ok = sandbox_yt_fail(ex, "invalidTitle");
	else
		ok = sandbox_yt_meta_read(ex, body, parts, &s->meta);
	json_decref(body);
	return ok;
}

static void session_answer(struct exchange *ex, const struct yt_session *s)
{
	sandbox_exchange_html(ex, 200, "");
	ex->content_type = "text/plain; charset=utf-8";
	sandbox_exchange_add_header(ex, "X-GUploader-UploadID", s->id);
	sandbox_exchange_add_header(
		ex, "Location",
		arena_printf(
			ex->arena,
			"%s/upload/youtube/v3/videos?uploadType=resumable&part=%s&upload_id=%s",
			ex->base_url, sandbox_params_escape(ex->arena, s->parts), s->id));
}

static void digest_drop(void *p)
{
	struct yt_session *s = p;

	digest_free(s->digest);
}

void sandbox_yt_session_add(struct world *w, struct yt_session *s)
{
	struct yt_state *state = sandbox_yt_state(w);

	s->path = arena_printf(w->arena, "%s/" FILE_PREFIX "%s", w->sandbox->folder, s->id);
	arena_defer(w->arena, digest_drop, s);
	sandbox_map_put(&state->sessions, s->id, s);
	sandbox_list_add(&state->all, s);
}

static void session_new(struct exchange *ex, struct yt_session *s)
{
	struct world *w = ex->world;
	const char *notifies = sandbox_exchange_param(ex, "notifySubscribers");

	s->record.kind = &sandbox_yt_kinds[0];
	s->id = sandbox_world_secret(w, "AEnB2U", 48);
	s->parts = arena_strdup(w->arena, sandbox_exchange_param(ex, "part"));
	s->made_us = sandbox_world_now(w);
	s->notifies = notifies == NULL || strcmp(notifies, "true") == 0;
	sandbox_yt_session_add(w, s);
	sandbox_state_touch(w, &s->record);
}

void sandbox_yt_open_session(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_UPLOAD);
	struct yt_session *s;
	unsigned parts = 0;

	if (t == NULL)
		return;
	s = arena_alloc(ex->world->arena, sizeof(*s));
	s->account = sandbox_yt_account(ex, t);
	if (s->account == NULL) {
		sandbox_yt_fail(ex, "youtubeSignupRequired");
		return;
	}
	if (!query_ok(ex, &parts) || !file_read(ex, s) || !metadata_read(ex, s, parts) ||
	    !cap_allows(ex, s->account))
		return;
	s->parts_flags = parts;
	session_new(ex, s);
	session_answer(ex, s);
}

void sandbox_yt_session_end(struct world *w, struct yt_session *s)
{
	s->is_over = true;
	unlink(s->path);
	sandbox_state_touch(w, &s->record);
}

static bool is_wanted(struct world *w, const char *id)
{
	const struct yt_session *s = sandbox_map_get(&sandbox_yt_state(w)->sessions, id);

	return s != NULL && !s->is_over && s->answer == NULL;
}

void sandbox_yt_sweep(struct world *w)
{
	const size_t prefix_n = strlen(FILE_PREFIX);
	DIR *dir = opendir(w->sandbox->folder);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own */
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, FILE_PREFIX, prefix_n) == 0 &&
		    !is_wanted(w, entry->d_name + prefix_n))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The byte upload of videos: POST /ig-api-upload/{version}/{container}. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/ig.h"

static void upload_fail(struct exchange *ex, int status, const char *type, const char *message)
{
	sandbox_exchange_json(ex, status,
			      json_pack("{s:{s:b,s:s,s:s}}", "debug_info", "retriable", 0, "type",
					type, "message", message));
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

/* Appends what came, also of an upload that broke off, to what is there. */
static bool upload_store(struct exchange *ex, struct ig_container *c)
{
	char block[65536];
	ssize_t n;
	int fd;

	if (c->path == NULL)
		c->path =
			arena_printf(ex->world->arena, "%s/upload-%s", ex->sandbox->folder, c->id);
	fd = open(c->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || lseek(ex->spool_fd, 0, SEEK_SET) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((n = read(ex->spool_fd, block, sizeof(block))) > 0) {
		if (write(fd, block, (size_t)n) != n)
			break;
		c->received += (uint64_t)n;
	}
	close(fd);
	sandbox_state_touch(ex->world, &c->record);
	return n == 0;
}

static const char *upload_offsets(struct exchange *ex, struct ig_container *c)
{
	uint64_t offset = 0, size = 0;

	if (!header_number(ex, "offset", &offset))
		return "The offset header is missing or not a number";
	if (!header_number(ex, "file_size", &size) || size == 0)
		return "The file_size header is missing or not a number";
	if (c->file_size != 0 && c->file_size != size)
		return "file_size differs from the earlier one";
	if (offset != c->received)
		return "offset is not where the upload stopped";
	if (offset + ex->spooled > size)
		return "More bytes than file_size";
	if (!ex->is_partial && offset + ex->spooled != size)
		return "Partial request: fewer bytes than file_size";
	c->file_size = size;
	return NULL;
}

static struct ig_container *upload_container(struct exchange *ex)
{
	const char *auth = sandbox_exchange_header(ex, "Authorization");
	const struct ig_node *node = sandbox_ig_node(ex->world, ex->captures[1]);
	struct ig_container *c;
	struct token *t;

	if (auth == NULL || strncasecmp(auth, "OAuth ", 6) != 0) {
		upload_fail(ex, 401, "NotAuthorizedError",
			    "Authorization must have the form: OAuth <token>");
		return NULL;
	}
	t = sandbox_ig_auth(ex);
	if (t == NULL)
		return NULL;
	c = node != NULL && node->type == &sandbox_ig_container_type ? node->p : NULL;
	if (c == NULL || !c->is_resumable || !sandbox_ig_sees(ex->world, t, c->account) ||
	    strcmp(sandbox_ig_status(ex->world, c), "IN_PROGRESS") != 0) {
		upload_fail(ex, 404, "NotFoundError", "No such upload session");
		return NULL;
	}
	return c;
}

static void upload_from_url(struct exchange *ex, struct ig_container *c, const char *url)
{
	c->video_url = arena_strdup(ex->world->arena, url);
	c->is_resumable = false;
	sandbox_state_touch(ex->world, &c->record);
	sandbox_ig_process_video(ex->world, c);
	sandbox_exchange_json(
		ex, 200, json_pack("{s:b,s:s}", "success", 1, "message", "Upload successful."));
}

void sandbox_ig_upload(struct exchange *ex)
{
	const char *file_url = sandbox_exchange_header(ex, "file_url"), *why;
	struct ig_container *c = upload_container(ex);

	if (c == NULL)
		return;
	if (file_url != NULL) {
		upload_from_url(ex, c, file_url);
		return;
	}
	if (sandbox_exchange_header(ex, "Content-Length") == NULL) {
		upload_fail(ex, 411, "LengthRequiredError", "Content-Length is required");
		return;
	}
	why = upload_offsets(ex, c);
	if (why != NULL) {
		upload_fail(ex, 400, "OffsetInvalidError", why);
		return;
	}
	if (!upload_store(ex, c)) {
		upload_fail(ex, 500, "StorageError", "The bytes could not be stored");
		return;
	}
	if (c->received == c->file_size)
		sandbox_ig_process_video(ex->world, c);
	if (sandbox_faults_hit(ex, "rupload.processing_failed") != NULL)
		upload_fail(ex, 400, "ProcessingFailedError", "Request processing failed");
	else
		sandbox_exchange_json(
			ex, 200,
			json_pack("{s:b,s:s}", "success", 1, "message", "Upload successful."));
}

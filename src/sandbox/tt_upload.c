/* SPDX-License-Identifier: Apache-2.0 */
/* The byte upload: PUT of chunks in order; the address itself is the right to do so. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/tt.h"

static void upload_answer(struct exchange *ex, int status, const struct tt_publish *p)
{
	sandbox_exchange_json(ex, status, json_object());
	if (p != NULL && p->received > 0)
		sandbox_exchange_add_header(ex, "Content-Range",
					    arena_printf(ex->arena, "bytes 0-%" PRId64 "/%" PRId64,
							 p->received - 1, p->size));
}

static struct tt_publish *upload_find(struct exchange *ex)
{
	const char *id = sandbox_exchange_param(ex, "upload_id");
	const char *token = sandbox_exchange_param(ex, "upload_token");
	struct tt_state *state = sandbox_tt_state(ex->world);
	struct tt_publish *p = id != NULL ? sandbox_map_get(&state->uploads, id) : NULL;

	if (p == NULL || token == NULL || strncmp(token, "Xza1-", 5) != 0 ||
	    strcmp(token + 5, p->upload_id) != 0 ||
	    sandbox_faults_hit(ex, "upload.unknown") != NULL) {
		upload_answer(ex, 404, NULL);
		return NULL;
	}
	if (sandbox_world_now(ex->world) > p->created_us + state->upload_life_s * US_PER_S ||
	    sandbox_faults_hit(ex, "upload.expired") != NULL) {
		upload_answer(ex, 403, NULL);
		return NULL;
	}
	return p;
}

/* Reads the number behind that mark. */
static bool range_number(const char **at, const char *mark, int64_t *ret)
{
	const size_t n = strlen(mark);
	char *end;

	if (strncmp(*at, mark, n) != 0 || strspn(*at + n, "0123456789") == 0)
		return false;
	*ret = strtoll(*at + n, &end, 10);
	*at = end;
	return true;
}

/* 0, or the status of the refusal. */
static int upload_wrong(struct exchange *ex, const struct tt_publish *p)
{
	const char *range = sandbox_exchange_header(ex, "Content-Range");
	const char *type = sandbox_exchange_header(ex, "Content-Type");
	const char *length = sandbox_exchange_header(ex, "Content-Length");
	int64_t first = 0, last = 0, total = 0, end;

	if (range == NULL || length == NULL || type == NULL || strncmp(type, "video/", 6) != 0 ||
	    !range_number(&range, "bytes ", &first) || !range_number(&range, "-", &last) ||
	    !range_number(&range, "/", &total) || total != p->size || last < first ||
	    last >= total || strtoll(length, NULL, 10) != last - first + 1 ||
	    (!ex->is_partial && (int64_t)ex->spooled != last - first + 1))
		return 400;
	if (p->is_whole || first != p->received)
		return 416;
	end = first / p->chunk >= p->chunks - 1 ? p->size : (first / p->chunk + 1) * p->chunk;
	return last + 1 == end ? 0 : 400;
}

static bool upload_store(struct exchange *ex, struct tt_publish *p)
{
	char block[65536];
	ssize_t n;
	int fd;

	if (p->path == NULL)
		p->path = arena_printf(ex->world->arena, "%s/upload-%s", ex->sandbox->folder,
				       p->upload_id);
	/* At its place, not at the end: there may be bytes that a kill made forgotten. */
	fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || lseek(fd, p->received, SEEK_SET) < 0 ||
	    lseek(ex->spool_fd, 0, SEEK_SET) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((n = read(ex->spool_fd, block, sizeof(block))) > 0) {
		if (write(fd, block, (size_t)n) != n)
			break;
		p->received += n;
	}
	close(fd);
	return n == 0;
}

static void upload_take(struct exchange *ex, struct tt_publish *p)
{
	const json_t *drop = sandbox_faults_hit(ex, "upload.commit_then_drop_connection");
	const json_t *broken = sandbox_faults_hit(ex, "upload.commit_then_5xx");

	if (!upload_store(ex, p)) {
		upload_answer(ex, 500, NULL);
		return;
	}
	upload_answer(ex, p->received < p->size ? 206 : 201, p);
	if (p->received == p->size) {
		p->is_whole = true;
		p->mime = "video/mp4";
		p->req_no = ex->req_no;
		p->conn_no = ex->conn_no;
		p->arrived_us = ex->start_us;
		p->fault = ex->fault;
		sandbox_tt_process(ex->world, p);
	}
	sandbox_state_touch(ex->world, &p->record);
	if (broken != NULL)
		upload_answer(ex, 500, NULL);
	if (drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
}

void sandbox_tt_upload(struct exchange *ex)
{
	struct tt_publish *p = upload_find(ex);
	int wrong;

	if (p == NULL)
		return;
	p->arrived += (int64_t)ex->spooled;
	if (sandbox_faults_hit(ex, "upload.5xx") != NULL) {
		upload_answer(ex, 503, NULL);
		return;
	}
	wrong = sandbox_faults_hit(ex, "upload.bad") != NULL ? 400 : upload_wrong(ex, p);
	if (wrong != 0) {
		upload_answer(ex, wrong, p);
		return;
	}
	/* A chunk that did not arrive whole counts for nothing. */
	if (!ex->is_partial)
		upload_take(ex, p);
}

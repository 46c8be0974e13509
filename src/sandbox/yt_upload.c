/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a resumable upload: in order, in grains of 256 KiB, and exactly once. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/state.h"
#include "sandbox/yt.h"

#define BLOCK_BYTES (256 << 10)
#define HANG_MS     200000
#define BUSY_US     2000

/* What a PUT says of itself. */
struct put {
	bool is_query;
	uint64_t first, last; /* is_query: unused */
};

/* 308 is no redirect here; without Range nothing at all is stored. */
static void answer_incomplete(struct exchange *ex, const struct yt_session *s)
{
	sandbox_exchange_html(ex, 308, "");
	ex->content_type = "text/plain; charset=utf-8";
	sandbox_exchange_add_header(ex, "X-GUploader-UploadID", s->id);
	if (s->stored > 0)
		sandbox_exchange_add_header(
			ex, "Range", arena_printf(ex->arena, "bytes=0-%" PRIu64, s->stored - 1));
}

static void answer_complete(struct exchange *ex, const struct yt_session *s)
{
	buf_clear(&ex->out);
	buf_adds(&ex->out, s->answer);
	ex->status = 201;
	ex->content_type = "application/json; charset=UTF-8";
	sandbox_exchange_add_header(ex, "X-GUploader-UploadID", s->id);
}

/* Reads the number behind that mark. */
static bool range_number(const char **at, const char *mark, uint64_t *ret)
{
	const size_t n = strlen(mark);
	char *end;

	if (strncmp(*at, mark, n) != 0 || strspn(*at + n, "0123456789") == 0)
		return false;
	*ret = strtoull(*at + n, &end, 10);
	*at = end;
	return true;
}

static bool put_wrong(struct exchange *ex, const char *sentence)
{
	return sandbox_yt_fail_text(ex, "badRequest", sentence);
}

/* Content-Range: bytes FIRST-LAST/TOTAL, bytes *\/TOTAL, or none for the whole file. */
static bool put_range(struct exchange *ex, const struct yt_session *s, struct put *p)
{
	const char *range = sandbox_exchange_header(ex, "Content-Range");
	uint64_t total = 0;

	p->last = s->total - 1;
	if (range == NULL)
		return true;
	if (strcmp(range, "bytes */*") == 0) {
		p->is_query = true;
		return true;
	}
	p->is_query = strncmp(range, "bytes */", 8) == 0;
	if (p->is_query)
		range += strlen("bytes *");
	else if (!range_number(&range, "bytes ", &p->first) || !range_number(&range, "-", &p->last))
		return put_wrong(ex, "Failed to parse Content-Range header.");
	if (!range_number(&range, "/", &total) || *range != '\0')
		return put_wrong(ex, "Failed to parse Content-Range header.");
	if (total != s->total)
		return put_wrong(ex, "Content-Range names another length than the upload's.");
	return p->is_query || (p->first <= p->last && p->last < total) ||
	       put_wrong(ex, "Invalid Content-Range.");
}

static bool put_read(struct exchange *ex, const struct yt_session *s, struct put *p)
{
	const char *length = sandbox_exchange_header(ex, "Content-Length");
	uint64_t n = length != NULL ? strtoull(length, NULL, 10) : 0;

	if (length == NULL)
		return sandbox_yt_fail(ex, "lengthRequired");
	if (!put_range(ex, s, p))
		return false;
	if (p->is_query)
		return n == 0 || put_wrong(ex, "A status request has no body.");
	if (n != p->last - p->first + 1)
		return put_wrong(ex, "Content-Length does not fit Content-Range.");
	if (p->last + 1 != s->total && n % YT_GRAIN != 0)
		return put_wrong(ex, "The size of a chunk must be a multiple of 262144 bytes.");
	return ex->is_partial || ex->spooled == n || put_wrong(ex, "The body is too short.");
}

/* Moves the first n bytes of the body behind what is stored. */
static bool bytes_append(int from, const struct yt_session *s, uint64_t n)
{
	int to = open(s->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *block = alloc_zero(BLOCK_BYTES);
	uint64_t at = 0;

	while (to >= 0 && at < n) {
		size_t want = n - at < BLOCK_BYTES ? (size_t)(n - at) : BLOCK_BYTES;
		ssize_t got = pread(from, block, want, (off_t)at);

		if (got <= 0 || pwrite(to, block, (size_t)got, (off_t)(s->stored + at)) != got)
			break;
		at += (uint64_t)got;
	}
	free(block);
	if (to >= 0)
		close(to);
	return to >= 0 && at == n;
}

/* After a restart all bytes are read again, else those that are new. */
static bool bytes_hash(struct yt_session *s, uint64_t upto)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	char *block = alloc_zero(BLOCK_BYTES);

	if (s->digest == NULL)
		s->digest = digest_new();
	while (fd >= 0 && s->hashed < upto) {
		uint64_t left = upto - s->hashed;
		ssize_t got = pread(fd, block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES,
				    (off_t)s->hashed);

		if (got <= 0)
			break;
		digest_add(s->digest, block, (size_t)got);
		s->hashed += (uint64_t)got;
	}
	free(block);
	if (fd >= 0)
		close(fd);
	return s->hashed == upto;
}

/* Without the lock: a body may be gigabytes. Whoever else asks for this session waits. */
static bool bytes_store(struct exchange *ex, struct yt_session *s, uint64_t n)
{
	bool ok;

	s->is_busy = true;
	sandbox_unlock(ex->sandbox);
	if (s->stored == 0 && n == ex->spooled)
		ok = rename(ex->spool_path, s->path) == 0;
	else
		ok = bytes_append(ex->spool_fd, s, n);
	ok = ok && bytes_hash(s, s->stored + n);
	sandbox_lock(ex->sandbox);
	s->is_busy = false;
	if (ok) {
		s->stored += n;
	} else {
		digest_free(s->digest);
		s->digest = NULL;
		s->hashed = 0;
	}
	sandbox_state_touch(ex->world, &s->record);
	return ok;
}

/* How much of the body counts: all of a whole one, unless the platform is short of room. */
static uint64_t bytes_kept(struct exchange *ex)
{
	const json_t *brief;
	uint64_t n = ex->spooled;

	if (ex->is_partial)
		return n / YT_GRAIN * YT_GRAIN;
	brief = n > YT_GRAIN ? sandbox_faults_hit(ex, "upload.short_store") : NULL;
	if (brief != NULL) {
		uint64_t most = (uint64_t)sandbox_faults_int(brief, "bytes", (int64_t)(n / 2));

		n = most < n ? most / YT_GRAIN * YT_GRAIN : n;
	}
	return n;
}

static void session_complete(struct exchange *ex, struct yt_session *s)
{
	const json_t *hang = sandbox_faults_hit(ex, "upload.commit_then_hang");
	const json_t *drop = sandbox_faults_hit(ex, "upload.commit_then_drop_connection");
	const json_t *broken = sandbox_faults_hit(ex, "upload.commit_then_5xx");
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct yt_video *v;

	digest_end(s->digest, hash);
	s->digest = NULL;
	s->hashed = 0;
	digest_hex(hash, sizeof(hash), hex);
	v = sandbox_yt_video_new(ex, s, hex);
	if (v == NULL) {
		sandbox_yt_fail(ex, "internalError");
		return;
	}
	unlink(s->path);
	answer_complete(ex, s);
	if (broken != NULL)
		sandbox_yt_fail(ex, "backendError");
	if (drop != NULL)
		sandbox_exchange_wire(ex, WIRE_RESET, 0);
	if (hang != NULL)
		sandbox_exchange_wire(ex, WIRE_HANG, sandbox_faults_int(hang, "ms", HANG_MS));
}

static void put_bytes(struct exchange *ex, struct yt_session *s, const struct put *p)
{
	uint64_t n;

	if (p->first != s->stored) {
		if (sandbox_yt_state(ex->world)->refuses_offsets)
			put_wrong(ex, "Content-Range does not begin where the upload stands.");
		else
			answer_incomplete(ex, s);
		return;
	}
	n = bytes_kept(ex);
	if (n > 0 && !bytes_store(ex, s, n)) {
		sandbox_yt_fail(ex, "internalError");
		return;
	}
	if (s->stored == s->total)
		session_complete(ex, s);
	else
		answer_incomplete(ex, s);
}

static struct yt_session *session_find(struct exchange *ex, const struct token *t)
{
	struct yt_state *state = sandbox_yt_state(ex->world);
	const char *id = sandbox_exchange_param(ex, "upload_id");
	struct yt_session *s = id != NULL ? sandbox_map_get(&state->sessions, id) : NULL;

	while (s != NULL && s->is_busy) {
		sandbox_unlock(ex->sandbox);
		usleep(BUSY_US);
		sandbox_lock(ex->sandbox);
	}
	if (s == NULL || s->is_over || s->account != sandbox_yt_account(ex, t)) {
		sandbox_yt_fail(ex, "notFound");
		return NULL;
	}
	if (sandbox_world_now(ex->world) > s->made_us + state->session_life_s * US_PER_S ||
	    sandbox_faults_hit(ex, "upload.lost") != NULL) {
		sandbox_yt_session_end(ex->world, s);
		sandbox_yt_fail(ex, "notFound");
		return NULL;
	}
	return s;
}

void sandbox_yt_upload(struct exchange *ex)
{
	const struct token *t = sandbox_yt_enter(ex, YT_CONTINUE);
	struct yt_session *s = t != NULL ? session_find(ex, t) : NULL;
	struct put p = { 0 };

	if (s == NULL)
		return;
	if (s->answer != NULL) {
		answer_complete(ex, s);
		return;
	}
	if (sandbox_faults_hit(ex, "upload.5xx") != NULL) {
		sandbox_yt_fail(ex, "backendError");
		return;
	}
	if (sandbox_faults_hit(ex, "upload.limit") != NULL) {
		sandbox_yt_fail(ex, "uploadLimitExceeded");
		return;
	}
	if (!put_read(ex, s, &p))
		return;
	if (p.is_query)
		answer_incomplete(ex, s);
	else
		put_bytes(ex, s, &p);
}

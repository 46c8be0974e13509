/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a repository: taken whatever they are, judged when a record refers to them. */
#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "sandbox/bs.h"

#define BLOCK    65536
#define HEAD     16
#define CID_HEAD 4

static const struct {
	size_t at;
	const char *magic, *mime;
} kinds[] = {
	{ 0, "\xff\xd8\xff", "image/jpeg" }, { 0, "\x89PNG", "image/png" },
	{ 8, "WEBP", "image/webp" },         { 0, "GIF8", "image/gif" },
	{ 4, "ftypqt", "video/quicktime" },  { 4, "ftyp", "video/mp4" },
};

const char *sandbox_bs_cid(struct arena *a, bool is_record, const uint8_t hash[static 32])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[CID_HEAD + SHA256_BYTES] = { 1, is_record ? 0x71 : 0x55, 0x12, 0x20 };
	char text[(sizeof(bytes) * 8 + 4) / 5 + 2] = "b";
	size_t n = 1, bits = 0;
	uint32_t held = 0;

	memcpy(bytes + CID_HEAD, hash, SHA256_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		held = (held << 8 | bytes[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			text[n++] = digits[held >> (bits - 5) & 31];
	}
	if (bits > 0)
		text[n++] = digits[held << (5 - bits) & 31];
	text[n] = '\0';
	return arena_strdup(a, text);
}

/* The server looks at the bytes before it believes the header. */
static const char *mime_of(const char head[static HEAD], const char *given)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (memcmp(head + kinds[i].at, kinds[i].magic, strlen(kinds[i].magic)) == 0)
			return kinds[i].mime;
	}
	return given != NULL ? given : "application/octet-stream";
}

/* Without the lock: a video takes its time. */
static bool file_hash(struct exchange *ex, uint8_t hash[static SHA256_BYTES],
		      char head[static HEAD])
{
	struct digest *digest = digest_new();
	char block[BLOCK];
	off_t at = 0;
	ssize_t n;

	sandbox_unlock(ex->sandbox);
	while ((n = pread(ex->spool_fd, block, sizeof(block), at)) > 0) {
		if (at == 0)
			memcpy(head, block, n < HEAD ? (size_t)n : HEAD);
		digest_add(digest, block, (size_t)n);
		at += n;
	}
	sandbox_lock(ex->sandbox);
	digest_end(digest, hash);
	return n == 0;
}

static struct bs_blob *blob_add(struct exchange *ex, const struct account *a,
				const uint8_t hash[static SHA256_BYTES],
				const char head[static HEAD])
{
	struct arena *arena = ex->world->arena;
	struct bs_blob *b = arena_alloc(arena, sizeof(*b));

	b->cid = sandbox_bs_cid(arena, false, hash);
	b->mime = arena_strdup(arena, mime_of(head, sandbox_exchange_header(ex, "Content-Type")));
	b->bytes = ex->spooled;
	b->account = a;
	b->fact.bytes = b->bytes;
	b->fact.mime = b->mime;
	digest_hex(hash, SHA256_BYTES, b->fact.sha256);
	sandbox_map_put(&sandbox_bs_state(ex->world)->blobs,
			arena_printf(arena, "%s/%s", a->id, b->cid), b);
	return b;
}

void sandbox_bs_upload_blob(struct exchange *ex)
{
	const struct account *a = sandbox_bs_auth(ex);
	uint8_t hash[SHA256_BYTES];
	char head[HEAD] = "";
	const struct bs_blob *b;

	if (a == NULL)
		return;
	if (ex->is_partial || sandbox_faults_hit(ex, "upload.5xx") != NULL) {
		sandbox_bs_fail(ex, 500, "InternalServerError", "Internal Server Error");
		return;
	}
	if ((int64_t)ex->spooled > sandbox_bs_state(ex->world)->upload_limit ||
	    sandbox_faults_hit(ex, "upload.413") != NULL) {
		sandbox_bs_fail(ex, 413, "PayloadTooLarge", "request entity too large");
		return;
	}
	if (ex->spooled == 0 || !file_hash(ex, hash, head)) {
		sandbox_bs_fail(ex, 400, "InvalidRequest",
				"Request encoding (Content-Type) required but not provided");
		return;
	}
	b = blob_add(ex, a, hash, head);
	sandbox_exchange_json(ex, 200,
			      json_pack("{s:{s:s,s:{s:s},s:s,s:I}}", "blob", "$type", "blob", "ref",
					"$link", b->cid, "mimeType", b->mime, "size",
					(json_int_t)b->bytes));
}

static bool is_accepted(const char *mime, const char *accept)
{
	const size_t n = strlen(accept);

	return accept[n - 1] == '*' ? strncmp(mime, accept, n - 1) == 0 : strcmp(mime, accept) == 0;
}

const struct bs_blob *sandbox_bs_blob(struct exchange *ex, const struct account *a,
				      const json_t *ref, const struct bs_use *use,
				      const char **ret_why)
{
	const char *cid = json_string_value(json_object_get(json_object_get(ref, "ref"), "$link"));
	const char *type = json_string_value(json_object_get(ref, "$type"));
	const char *mime = json_string_value(json_object_get(ref, "mimeType"));
	const json_int_t size = json_integer_value(json_object_get(ref, "size"));
	const struct bs_blob *b;

	*ret_why = "Expected a blob reference";
	if (cid == NULL || mime == NULL || type == NULL || strcmp(type, "blob") != 0)
		return NULL;
	*ret_why =
		arena_printf(ex->arena, "Expected \"%s\" mime type, got \"%s\"", use->accept, mime);
	if (!is_accepted(mime, use->accept))
		return NULL;
	*ret_why = arena_printf(ex->arena,
				"This file is too large. It is %lld bytes but the maximum size is "
				"%lld.",
				(long long)size, (long long)use->size_max);
	if (size > use->size_max)
		return NULL;
	b = sandbox_map_get(&sandbox_bs_state(ex->world)->blobs,
			    arena_printf(ex->arena, "%s/%s", a->id, cid));
	*ret_why = arena_printf(ex->arena, "Could not find blob: %s", cid);
	if (b == NULL || sandbox_faults_hit(ex, "blob.lost") != NULL)
		return NULL;
	*ret_why = "Referenced Mimetype or Size does not match stored blob";
	return strcmp(b->mime, mime) == 0 && (json_int_t)b->bytes == size ? b : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of the client's own for a video: one call, the bytes as they are. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "sandbox/yt.h"

#define BLOCK_BYTES 65536

static bool type_ok(const char *type)
{
	static const char *const types[] = { "image/jpeg", "image/png",
					     "application/octet-stream" };

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++)
		if (strncasecmp(type, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

/* By its first bytes; NULL: no picture that is taken. */
static const char *mime_of(const uint8_t *p, size_t n)
{
	if (n > 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	return n > 3 && memcmp(p, "\xff\xd8\xff", 3) == 0 ? "image/jpeg" : NULL;
}

/* NULL, or why the body is no thumbnail. */
static const char *body_read(struct exchange *ex, struct media_fact *ret)
{
	uint8_t block[BLOCK_BYTES], hash[SHA256_BYTES];
	struct digest *digest = digest_new();
	ssize_t n;

	ret->bytes = 0;
	ret->mime = NULL;
	while ((n = pread(ex->spool_fd, block, sizeof(block), (off_t)ret->bytes)) > 0) {
		if (ret->bytes == 0)
			ret->mime = mime_of(block, (size_t)n);
		digest_add(digest, block, (size_t)n);
		ret->bytes += (uint64_t)n;
	}
	digest_end(digest, hash);
	digest_hex(hash, sizeof(hash), ret->sha256);
	if (ret->bytes == 0)
		return "mediaBodyRequired";
	if (ret->bytes > (uint64_t)sandbox_yt_state(ex->world)->thumbnail_bytes)
		return "uploadTooLarge";
	return ret->mime == NULL ? "invalidImage" : NULL;
}

static bool head_ok(struct exchange *ex)
{
	const char *upload = sandbox_exchange_param(ex, "uploadType");
	const char *type = sandbox_exchange_header(ex, "Content-Type");

	if (sandbox_exchange_param(ex, "videoId") == NULL)
		return sandbox_yt_fail_param(ex, "missingRequiredParameter", "videoId");
	if (upload == NULL || strcmp(upload, "media") != 0)
		return sandbox_yt_fail_text(ex, "badRequest", "uploadType must be media.");
	return type_ok(type) ||
	       sandbox_yt_fail_text(ex, "badContent",
				    "Media type is not supported. Valid media types: "
				    "[image/jpeg, image/png, application/octet-stream]");
}

void sandbox_yt_thumbnail(struct exchange *ex)
{
	const struct token *t = ex->is_partial ? NULL : sandbox_yt_enter(ex, YT_THUMBNAIL);
	struct media_fact fact = { .bytes = 0 };
	const char *why;
	struct yt_video *v;

	if (t == NULL || !head_ok(ex))
		return;
	v = sandbox_yt_own_video(ex, t, sandbox_exchange_param(ex, "videoId"));
	if (v == NULL)
		return;
	if (sandbox_yt_channel(v->object->account)->is_unverified) {
		sandbox_yt_fail_text(ex, "forbidden",
				     "The authenticated user doesn't have permissions to upload "
				     "and set custom video thumbnails.");
		return;
	}
	why = body_read(ex, &fact);
	if (why != NULL) {
		sandbox_yt_fail(ex, why);
		return;
	}
	v->thumbnail = fact;
	sandbox_yt_tell(ex, v, "thumbnail");
	sandbox_yt_json(ex, 200,
			json_pack("{s:s,s:s,s:[o]}", "kind", "youtube#thumbnailSetResponse", "etag",
				  sandbox_yt_etag(ex->arena, fact.sha256), "items",
				  sandbox_yt_thumbnails(v->object->id)));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A video that is there: read by its id, and changed. */
#include <string.h>

#include "platform/youtube.h"

struct http_request *youtube_video_ask(const struct delivery *d)
{
	const struct youtube_caller c = youtube_caller(d);
	struct http_request *r = youtube_call(&c, VERB_GET, "yt.video", "/videos");

	http_request_query(r, "part", "status,processingDetails");
	http_request_query(r, "id", memo_text(d->memo, "video"));
	return r;
}

static bool is_word(const json_t *o, const char *key, const char *word)
{
	const char *text = memo_text(o, key);

	return text && strcmp(text, word) == 0;
}

static const char *refusal(const json_t *status, const json_t *processing)
{
	const char *reason = NULL;

	if (is_word(status, "uploadStatus", "rejected"))
		reason = memo_text(status, "rejectionReason");
	else if (is_word(status, "uploadStatus", "failed"))
		reason = memo_text(status, "failureReason");
	else if (is_word(processing, "processingStatus", "failed"))
		reason = memo_text(processing, "processingFailureReason");
	else if (!is_word(processing, "processingStatus", "terminated"))
		return NULL;
	return reason && *reason ? reason : "other";
}

enum youtube_video youtube_video_read(struct delivery *d, const struct youtube_reply *r,
				      const char **ret_reason)
{
	const json_t *item = json_array_get(json_object_get(r->json, "items"), 0);
	const json_t *status = json_object_get(item, "status");
	const json_t *processing = json_object_get(item, "processingDetails");
	const char *level = memo_text(status, "privacyStatus");

	if (!is_word(item, "id", memo_text(d->memo, "video")) || !level ||
	    is_word(status, "uploadStatus", "deleted"))
		return YOUTUBE_VIDEO_NONE;
	memo_set_text(d->memo, "level", level);
	*ret_reason = refusal(status, processing);
	if (*ret_reason)
		return YOUTUBE_VIDEO_REFUSED;
	return is_word(status, "uploadStatus", "processed") ? YOUTUBE_VIDEO_READY
							    : YOUTUBE_VIDEO_WORKING;
}

struct http_request *youtube_update(const struct delivery *d, bool is_whole, const char *privacy)
{
	const struct youtube_caller c = youtube_caller(d);
	struct http_request *r = youtube_call(&c, VERB_PUT, "yt.update", "/videos");
	json_t *body = json_pack("{s:s, s:o}", "id", memo_text(d->memo, "video"), "status",
				 youtube_status(d, privacy));

	if (is_whole)
		json_object_set_new(body, "snippet", youtube_snippet(d));
	http_request_query(r, "part", is_whole ? "snippet,status" : "status");
	http_request_header(r, "Content-Type", "application/json; charset=UTF-8");
	http_request_json(r, body);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The upload session: opened once, fed in order, and asked how far it came whenever that is not
 * certain. A completed session repeats its last answer, so asking is safe at any time.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/address.h"
#include "platform/youtube.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000
#define FALLBACK_MIME         "application/octet-stream"

static const char *mime_of(const struct media_item *m)
{
	return m->mime && strncmp(m->mime, "video/", 6) == 0 ? m->mime : FALLBACK_MIME;
}

struct http_request *youtube_open(const struct delivery *d)
{
	const struct media_item *m = &d->post->media[0];
	const json_t *notify = json_object_get(d->post->options, "notify_subscribers");
	const char *privacy =
		youtube_is_flip(d) ? "private" : youtube_privacy(d->app, d->account, d->post);
	struct http_request *r = http_request_new(d->arena, VERB_POST, "yt.open");

	http_request_url(r, platform_text(d->app, "upload_base"), "/upload/youtube/v3/videos");
	http_request_query(r, "uploadType", "resumable");
	http_request_query(r, "part", "snippet,status");
	if (json_is_boolean(notify))
		http_request_query(r, "notifySubscribers", json_is_true(notify) ? "true" : "false");
	http_request_bearer(r, d->account->access_token ? d->account->access_token : "");
	http_request_header(r, "Content-Type", "application/json; charset=UTF-8");
	http_request_header(r, "X-Upload-Content-Length", "%" PRId64, m->bytes);
	http_request_header(r, "X-Upload-Content-Type", "%s", mime_of(m));
	http_request_json(r, json_pack("{s:o, s:o}", "snippet", youtube_snippet(d), "status",
				       youtube_status(d, privacy)));
	return r;
}

/*
 * Where the next chunk ends. In whole steps from wherever the session stands; the last chunk of
 * the way "tail" is what remains behind them, one step at most, so that the fire is a small call.
 */
static int64_t chunk_end(const struct delivery *d)
{
	int64_t size = memo_int(d->memo, "size"), sent = memo_int(d->memo, "sent");
	int64_t chunk = platform_int(d->app, "chunk_bytes") / YOUTUBE_CHUNK * YOUTUBE_CHUNK;
	int64_t whole = size > sent ? (size - sent - 1) / YOUTUBE_CHUNK * YOUTUBE_CHUNK : 0;

	if (youtube_is_flip(d))
		return size - sent <= chunk ? size : sent + chunk;
	if (whole == 0)
		return size;
	return sent + (whole < chunk ? whole : chunk);
}

bool youtube_is_last_chunk(const struct delivery *d)
{
	return chunk_end(d) == memo_int(d->memo, "size");
}

static struct http_request *session_put(const struct delivery *d, const char *label)
{
	const char *url = memo_text(d->memo, "session");
	struct http_request *r;

	if (!url || !address_is_trusted(d->app, url, "upload_base", "upload_host_suffix"))
		return NULL;
	r = http_request_new(d->arena, VERB_PUT, label);
	http_request_url(r, url, "%s", "");
	http_request_bearer(r, d->account->access_token ? d->account->access_token : "");
	return r;
}

struct http_request *youtube_chunk(const struct delivery *d)
{
	const struct media_item *m = &d->post->media[0];
	int64_t sent = memo_int(d->memo, "sent"), end = chunk_end(d);
	struct http_request *r = m->path ? session_put(d, "yt.chunk") : NULL;

	if (!r)
		return NULL;
	http_request_header(r, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64, sent,
			    end - 1, memo_int(d->memo, "size"));
	http_request_file(r, m->path, sent, end - sent, mime_of(m));
	r->timeout_ms = UPLOAD_TIMEOUT_MIN_MS + (int)((end - sent) * 1000 / UPLOAD_BYTES_PER_S);
	return r;
}

struct http_request *youtube_query(const struct delivery *d)
{
	struct http_request *r = session_put(d, "yt.query");

	if (r)
		http_request_header(r, "Content-Range", "bytes */%" PRId64,
				    memo_int(d->memo, "size"));
	return r;
}

/* "bytes=0-8388607": bytes that are there; none named: 0; -1: not to be understood. */
static int64_t range_sent(const struct delivery *d, const char *range)
{
	static const char mark[] = "bytes=0-";
	char *end = NULL;
	long long last;

	if (!range || !*range)
		return 0;
	if (strncmp(range, mark, strlen(mark)) != 0)
		return -1;
	last = strtoll(range + strlen(mark), &end, 10);
	if (end == range + strlen(mark) || *end || last < 0 || last >= memo_int(d->memo, "size"))
		return -1;
	return last + 1;
}

static enum youtube_put read_more(struct delivery *d, const struct http_reply *last)
{
	int64_t sent = range_sent(d, http_reply_header(last, d->arena, "Range"));
	int64_t was = memo_int(d->memo, "sent");

	if (sent < 0)
		return YOUTUBE_PUT_AGAIN;
	memo_set_int(d->memo, "sent", sent);
	memo_set_int(d->memo, "asked", 0);
	if (sent > was)
		memo_set_int(d->memo, "tries", 0);
	return YOUTUBE_PUT_MORE;
}

static enum youtube_put read_done(struct delivery *d, const struct youtube_reply *r)
{
	const char *id = memo_text(r->json, "id");

	/* The session says that all is there, without the video: it will say it again. */
	if (!id || !*id)
		return YOUTUBE_PUT_AGAIN;
	memo_set_text(d->memo, "video", id);
	memo_set_text(d->memo, "level",
		      memo_text(json_object_get(r->json, "status"), "privacyStatus"));
	memo_set_int(d->memo, "sent", memo_int(d->memo, "size"));
	memo_set_int(d->memo, "asked", 0);
	memo_set_int(d->memo, "tries", 0);
	return YOUTUBE_PUT_DONE;
}

enum youtube_put youtube_put_read(struct delivery *d, const struct http_reply *last,
				  struct youtube_reply *r)
{
	youtube_read(d->arena, last, d->now_us, r);
	if (!r->is_broken && r->status == 308)
		return read_more(d, last);
	if (r->is_ok)
		return read_done(d, r);
	memo_set_int(d->memo, "asked", 1);
	if (r->status == 404 || r->status == 410) {
		memo_set_int(d->memo, "gone", 1);
		return YOUTUBE_PUT_GONE;
	}
	/* Reasons of the table first: a full quota comes as 403 or 429 alike. */
	if (r->is_broken || r->status >= 500 || (r->status == 429 && !r->reason))
		return YOUTUBE_PUT_AGAIN;
	return YOUTUBE_PUT_ERROR;
}

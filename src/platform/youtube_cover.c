/* SPDX-License-Identifier: Apache-2.0 */
/* The thumbnail: set again as often as need be, which changes nothing. */
#include <string.h>

#include "base/clock.h"
#include "platform/youtube.h"

#define COVER_TRIES_MAX 4
#define COVER_FAILED    "failed"

static bool is_cover(const struct delivery *d, const char *word)
{
	const char *is = memo_text(d->memo, "cover");

	return is && strcmp(is, word) == 0;
}

bool youtube_cover_has_failed(const struct delivery *d)
{
	return d->post->cover && !is_cover(d, d->post->cover->sha256);
}

bool youtube_cover_is_due(const struct delivery *d)
{
	return youtube_cover_has_failed(d) && d->post->cover->path && !is_cover(d, COVER_FAILED) &&
	       memo_int(d->memo, "covers") < COVER_TRIES_MAX;
}

struct http_request *youtube_cover_ask(const struct delivery *d)
{
	const struct media_item *m = d->post->cover;
	struct http_request *r = http_request_new(d->arena, VERB_POST, "yt.thumbnail");

	http_request_url(r, platform_text(d->app, "upload_base"),
			 "/upload/youtube/v3/thumbnails/set");
	http_request_query(r, "videoId", memo_text(d->memo, "video"));
	http_request_query(r, "uploadType", "media");
	http_request_bearer(r, d->account->access_token ? d->account->access_token : "");
	http_request_file(r, m->path, 0, m->bytes, m->mime ? m->mime : "application/octet-stream");
	return r;
}

enum script_move youtube_cover_read(struct delivery *d, const struct http_reply *last,
				    struct step_result *ret)
{
	const char *waits = platform_text(d->app, "retry_ms");
	int64_t tries = memo_count(d->memo, "covers");
	struct youtube_reply r;

	youtube_read(d->arena, last, d->now_us, &r);
	if (!r.row) {
		memo_set_text(d->memo, "cover", d->post->cover->sha256);
		return SCRIPT_GO;
	}
	if (r.row->elsewhere == CLASS_TOKEN && tries < COVER_TRIES_MAX)
		return youtube_fail(d->arena, d->now_us, &r, CLASS_TOKEN, ret);
	/* A quota that is full for hours is no reason to wait. */
	if (r.row->elsewhere != CLASS_LATER || r.row->retry_s != 0 || tries >= COVER_TRIES_MAX) {
		memo_set_text(d->memo, "cover", COVER_FAILED);
		return SCRIPT_GO;
	}
	ret->wait_us = script_list_at(waits, tries - 1) * US_PER_MS;
	return SCRIPT_WAIT;
}

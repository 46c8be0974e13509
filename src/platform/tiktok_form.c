/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent: the bodies of the inits, the plan of chunks, one chunk. The rule of TikTok:
 * count = size / chunk rounded down, the last chunk takes the remainder; a single chunk is as
 * large as the video.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/address.h"
#include "platform/tiktok.h"

#define UPLOAD_BYTES_PER_S    262144 /* slower than this an upload counts as stuck */
#define UPLOAD_TIMEOUT_MIN_MS 60000
#define CHUNKS_MOST           1000

int tiktok_kind(const struct publication *post, enum tiktok_kind *ret)
{
	bool is_video = post->media_n > 0 && post->media[0].kind == MEDIA_VIDEO;

	if (post->media_n == 0 || post->kind == CONTENT_TEXT || post->kind == CONTENT_STORY)
		return -1;
	for (size_t i = 0; i < post->media_n; i++) {
		if (post->media[i].kind == MEDIA_AUDIO ||
		    (post->media_n > 1 && post->media[i].kind == MEDIA_VIDEO))
			return -1;
	}
	*ret = is_video ? TIKTOK_VIDEO : TIKTOK_PHOTO;
	return 0;
}

bool tiktok_is_video(const struct delivery *d)
{
	enum tiktok_kind kind = TIKTOK_PHOTO;

	(void)tiktok_kind(d->post, &kind);
	return kind == TIKTOK_VIDEO;
}

bool tiktok_is_inbox(const struct platform_app *app, const struct publication *post)
{
	const char *mode = memo_text(post->options, "post_mode");

	if (!mode)
		mode = platform_text(app, "post_mode");
	return strcmp(mode, "inbox") == 0 || strcmp(mode, "MEDIA_UPLOAD") == 0;
}

static const char *privacy_level(const char *word)
{
	static const struct {
		const char *word, *level;
	} words[] = {
		{ "PUBLIC_TO_EVERYONE", "PUBLIC_TO_EVERYONE" },
		{ "MUTUAL_FOLLOW_FRIENDS", "MUTUAL_FOLLOW_FRIENDS" },
		{ "FOLLOWER_OF_CREATOR", "FOLLOWER_OF_CREATOR" },
		{ "SELF_ONLY", "SELF_ONLY" },
		{ "public", "PUBLIC_TO_EVERYONE" },
		{ "friends", "MUTUAL_FOLLOW_FRIENDS" },
		{ "followers", "FOLLOWER_OF_CREATOR" },
		{ "private", "SELF_ONLY" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].level;
	}
	return "";
}

const char *tiktok_privacy_wish(const struct platform_app *app,
				const struct platform_account *account,
				const struct publication *post)
{
	const char *wish = memo_text(post->options, "privacy");

	if (!wish && account)
		wish = memo_text(account->settings, "privacy");
	if (!wish)
		wish = platform_text(app, "privacy_default");
	return *wish ? privacy_level(wish) : NULL;
}

const char *tiktok_title(const struct publication *post)
{
	return post->title ? post->title : "";
}

const char *tiktok_description(const struct publication *post)
{
	if (post->description)
		return post->description;
	return post->caption ? post->caption : "";
}

static bool option(const struct delivery *d, const char *name)
{
	return json_is_true(json_object_get(d->post->options, name));
}

static void set_bool(json_t *o, const char *name, bool value)
{
	json_object_set_new(o, name, json_boolean(value));
}

/* What videos and photos share. A thing that the creator has switched off must be sent as off. */
static json_t *post_info(const struct delivery *d)
{
	json_t *info = json_object();
	const char *level = memo_text(d->memo, "privacy");

	if (level)
		json_object_set_new(info, "privacy_level", json_string(level));
	set_bool(info, "disable_comment",
		 option(d, "disable_comment") || memo_int(d->memo, "no_comment"));
	set_bool(info, "brand_content_toggle",
		 option(d, "brand_content_toggle") || option(d, "is_paid_partnership"));
	set_bool(info, "brand_organic_toggle", option(d, "brand_organic_toggle"));
	return info;
}

/* Never one chunk of more than TikTok takes, nor more chunks than it counts. */
static int64_t chunk_size(const struct delivery *d, int64_t size)
{
	int64_t chunk = platform_int(d->app, "chunk_bytes");
	int64_t single_max = platform_int(d->app, "single_chunk_max_bytes");

	if (size <= single_max || memo_int(d->memo, "single"))
		return size;
	if (size < 2 * chunk)
		return size <= TIKTOK_SINGLE_MOST ? size : size / 2;
	return size / chunk <= CHUNKS_MOST ? chunk : size / CHUNKS_MOST;
}

/* How the bytes will be cut, kept: the memo decides, whatever the settings say later. */
static void plan_make(struct delivery *d)
{
	int64_t size = d->post->media[0].bytes, chunk = chunk_size(d, size);

	memo_set_int(d->memo, "size", size);
	memo_set_int(d->memo, "chunk", chunk);
	memo_set_int(d->memo, "chunks", chunk > 0 ? size / chunk : 1);
	memo_set_int(d->memo, "sent", 0);
}

json_t *tiktok_video_form(struct delivery *d)
{
	const json_t *cover = json_object_get(d->post->options, "thumb_offset_ms");
	json_t *form = json_object(), *info = post_info(d);

	plan_make(d);
	json_object_set_new(info, "title", json_string(d->post->caption ? d->post->caption : ""));
	set_bool(info, "disable_duet", option(d, "disable_duet") || memo_int(d->memo, "no_duet"));
	set_bool(info, "disable_stitch",
		 option(d, "disable_stitch") || memo_int(d->memo, "no_stitch"));
	set_bool(info, "is_aigc", option(d, "is_ai_generated"));
	if (json_is_integer(cover))
		json_object_set_new(info, "video_cover_timestamp_ms",
				    json_integer(json_integer_value(cover)));
	json_object_set_new(form, "source_info",
			    json_pack("{s:s, s:I, s:I, s:I}", "source", "FILE_UPLOAD", "video_size",
				      (json_int_t)memo_int(d->memo, "size"), "chunk_size",
				      (json_int_t)memo_int(d->memo, "chunk"), "total_chunk_count",
				      (json_int_t)memo_int(d->memo, "chunks")));
	/* A draft gets its caption from the person. */
	if (tiktok_is_inbox(d->app, d->post))
		json_decref(info);
	else
		json_object_set_new(form, "post_info", info);
	return form;
}

json_t *tiktok_photo_form(const struct delivery *d)
{
	bool is_inbox = tiktok_is_inbox(d->app, d->post);
	json_t *info = post_info(d), *urls = json_array();
	int64_t cover = memo_int(d->post->options, "photo_cover_index");

	for (size_t i = 0; i < d->post->media_n; i++)
		json_array_append_new(urls, json_string(d->post->media[i].url));
	json_object_set_new(info, "title", json_string(tiktok_title(d->post)));
	json_object_set_new(info, "description", json_string(tiktok_description(d->post)));
	set_bool(info, "auto_add_music", option(d, "auto_add_music"));
	if (cover < 0 || (size_t)cover >= d->post->media_n)
		cover = 0;
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:o, s:I}}", "media_type", "PHOTO", "post_mode",
			 is_inbox ? "MEDIA_UPLOAD" : "DIRECT_POST", "post_info", info,
			 "source_info", "source", "PULL_FROM_URL", "photo_images", urls,
			 "photo_cover_index", (json_int_t)cover);
}

/* The end of the chunk in which the next byte lies. */
static int64_t part_end(const struct delivery *d)
{
	int64_t size = memo_int(d->memo, "size"), chunk = memo_int(d->memo, "chunk");
	int64_t chunks = memo_int(d->memo, "chunks");
	int64_t i = chunk > 0 ? memo_int(d->memo, "sent") / chunk : 0;

	return i >= chunks - 1 ? size : (i + 1) * chunk;
}

bool tiktok_is_last_chunk(const struct delivery *d)
{
	return part_end(d) == memo_int(d->memo, "size");
}

bool tiktok_upload_is_old(const struct delivery *d)
{
	int64_t age_s = d->now_us / US_PER_S - memo_int(d->memo, "made");

	return memo_int(d->memo, "renew") || age_s > platform_int(d->app, "upload_life_s");
}

struct http_request *tiktok_chunk(const struct delivery *d)
{
	const struct media_item *m = &d->post->media[0];
	const char *url = memo_text(d->memo, "upload_url");
	int64_t sent = memo_int(d->memo, "sent"), end = part_end(d);
	struct http_request *r;

	if (!url || !address_is_trusted(d->app, url, "upload_base", "upload_host_suffix") ||
	    !m->path)
		return NULL;
	r = http_request_new(d->arena, VERB_PUT, "tt.upload");
	http_request_url(r, url, "%s", "");
	http_request_header(r, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64, sent,
			    end - 1, memo_int(d->memo, "size"));
	http_request_file(r, m->path, sent, end - sent, m->mime ? m->mime : "video/mp4");
	r->timeout_ms = UPLOAD_TIMEOUT_MIN_MS + (int)((end - sent) * 1000 / UPLOAD_BYTES_PER_S);
	return r;
}

/* The number behind that mark; *at goes on after it. */
static bool number_after(const char **at, const char *mark, int64_t *ret)
{
	const char *digits = *at + strlen(mark);
	char *end;

	if (strncmp(*at, mark, strlen(mark)) != 0 || *digits < '0' || *digits > '9')
		return false;
	*ret = strtoll(digits, &end, 10);
	*at = end;
	return true;
}

/* Between two chunks; the last one has none within it. */
static bool is_border(const struct delivery *d, int64_t at)
{
	int64_t chunk = memo_int(d->memo, "chunk");

	return chunk > 0 && at > 0 && at % chunk == 0 && at / chunk < memo_int(d->memo, "chunks");
}

int64_t tiktok_range_sent(const struct delivery *d, const char *content_range)
{
	int64_t first = 0, last = 0, size = memo_int(d->memo, "size");
	const char *at = content_range;

	if (!at || !number_after(&at, "bytes ", &first) || !number_after(&at, "-", &last) ||
	    first != 0 || last > size)
		return -1;
	/* Written as the last byte's place, and in places as the number of bytes. */
	return last == size || is_border(d, last) ? last : last + 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* media_source of a new pin: images inside the request or fetched during it, videos by their id. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "sandbox/fetch.h"
#include "sandbox/pin.h"

#define IMAGE_BYTES_MAX (20 << 20)
#define FETCH_MS        30000
#define SIDE_MIN        100
#define IMAGES_MIN      2
#define IMAGES_MAX      5

static bool source_fail(struct exchange *ex, const char *message)
{
	return sandbox_pin_fail(ex, 400, 1, message);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

/* Members that are not of the list: the real platform may be milder. */
static bool only_knows(struct exchange *ex, const json_t *o, const char *names)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)o, key, value) {
		if (strstr(names, arena_printf(ex->arena, " %s ", key)) == NULL)
			return source_fail(
				ex, arena_printf(ex->arena,
						 "Invalid request: additional property %s", key));
	}
	return true;
}

static bool image_keep(struct exchange *ex, struct object *o, const char *bytes, size_t n,
		       const char *url, struct pin_image *ret)
{
	struct media_fact *f;
	uint8_t hash[SHA256_BYTES];

	if (n > IMAGE_BYTES_MAX)
		return source_fail(ex, "The image is too large.");
	if (sandbox_pin_image(bytes, n, ret) < 0)
		return source_fail(ex, "Sorry we could not fetch the image.");
	if (ret->width < SIDE_MIN || ret->height < SIDE_MIN)
		return sandbox_pin_fail(ex, 403, 403, "Your image is too small. Please try again.");
	f = arena_alloc(ex->world->arena, sizeof(*f));
	digest_sha256(bytes, n, hash);
	digest_hex(hash, sizeof(hash), f->sha256);
	f->bytes = n;
	f->mime = ret->mime;
	f->url = url != NULL ? arena_strdup(ex->world->arena, url) : NULL;
	sandbox_list_add(&o->media, f);
	return true;
}

static bool image_pushed(struct exchange *ex, struct object *o, const json_t *item,
			 struct pin_image *ret)
{
	const char *type = text_of(item, "content_type");
	size_t n = 0;
	const char *bytes = sandbox_pin_base64(ex->arena, text_of(item, "data"), &n);

	if (strcmp(type, "image/jpeg") != 0 && strcmp(type, "image/png") != 0)
		return source_fail(ex,
				   "Invalid request: content_type must be image/jpeg or image/png");
	if (bytes == NULL)
		return source_fail(ex, "Invalid request: data does not match '^[a-zA-Z0-9+/=]+$'");
	if (!image_keep(ex, o, bytes, n, NULL, ret))
		return false;
	return strcmp(ret->mime, type) == 0 || source_fail(ex, "content_type is not the image's.");
}

static char *file_bytes(const char *path, size_t *ret_n)
{
	CLEANUP(buf_done) struct buf all = BUF_INIT;
	FILE *f = fopen(path, "re");
	char block[65536];
	size_t n;

	while (f != NULL && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&all, block, n);
	if (f != NULL)
		fclose(f);
	*ret_n = all.len;
	return buf_take(&all);
}

static bool image_fetched(struct exchange *ex, struct object *o, const json_t *item,
			  struct pin_image *ret)
{
	struct sandbox *sb = ex->sandbox;
	const char *url = text_of(item, "url");
	const char *path =
		arena_printf(ex->arena, "%s/pin-%llu", sb->folder, (unsigned long long)ex->req_no);
	struct fetch_ask ask = { url, sb->ca_file, path, FETCH_MS, IMAGE_BYTES_MAX };
	struct fetched got;
	char *bytes;
	size_t n;
	bool is_ok;

	if (*url == '\0')
		return source_fail(ex, "Invalid request: url is required");
	++*sandbox_world_counter(ex->world, &ex->world->fetches, url);
	sandbox_unlock(sb);
	sandbox_fetch(&ask, &got);
	bytes = file_bytes(path, &n);
	unlink(path);
	sandbox_lock(sb);
	is_ok = got.end == FETCH_OK && strncasecmp(got.type, "image/", 6) == 0
			? image_keep(ex, o, bytes, n, url, ret)
			: source_fail(ex, "Sorry we could not fetch the image.");
	free(bytes);
	return is_ok;
}

typedef bool image_fn(struct exchange *ex, struct object *o, const json_t *item,
		      struct pin_image *ret);

static bool images_take(struct exchange *ex, struct object *o, const json_t *source, image_fn *take,
			const char *names)
{
	const json_t *items = json_object_get(source, "items"), *item;
	struct pin_image first = { 0 }, image = { .mime = "" };
	size_t i;

	if (json_array_size(items) < IMAGES_MIN || json_array_size(items) > IMAGES_MAX)
		return source_fail(ex,
				   "Invalid request: items does not match constraint: maxItems=5");
	json_array_foreach(items, i, item) {
		if (!only_knows(ex, item, names) || !take(ex, o, item, &image))
			return false;
		if (i == 0)
			first = image;
		else if ((uint64_t)first.width * image.height !=
			 (uint64_t)image.width * first.height)
			return source_fail(
				ex, "Pinterest Images must have the same width/height ratios.");
	}
	o->kind = "carousel";
	((struct pin_extra *)o->extra)->media_type = "multiple_images";
	return true;
}

static bool source_images_pushed(struct exchange *ex, struct object *o, const json_t *source)
{
	return only_knows(ex, source, " source_type items index ") &&
	       images_take(ex, o, source, image_pushed,
			   " content_type data title description link ");
}

static bool source_images_fetched(struct exchange *ex, struct object *o, const json_t *source)
{
	return only_knows(ex, source, " source_type items index ") &&
	       images_take(ex, o, source, image_fetched, " url title description link ");
}

static bool image_done(struct object *o)
{
	o->kind = "image";
	((struct pin_extra *)o->extra)->media_type = "image";
	return true;
}

static bool source_image_pushed(struct exchange *ex, struct object *o, const json_t *source)
{
	struct pin_image image = { .mime = "" };

	return only_knows(ex, source, " source_type content_type data ") &&
	       image_pushed(ex, o, source, &image) && image_done(o);
}

static bool source_image_fetched(struct exchange *ex, struct object *o, const json_t *source)
{
	struct pin_image image = { .mime = "" };

	return only_knows(ex, source, " source_type url ") &&
	       image_fetched(ex, o, source, &image) && image_done(o);
}

static bool source_video(struct exchange *ex, struct object *o, const json_t *source)
{
	static const char *const covers[] = { "cover_image_url", "cover_image_data",
					      "cover_image_key_frame_time" };
	struct pin_media *m =
		sandbox_map_get(&sandbox_pin_state(ex->world)->media, text_of(source, "media_id"));
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(covers); i++)
		n += json_object_get(source, covers[i]) != NULL;
	if (n != 1)
		return source_fail(
			ex, "One of cover_image_url or cover_image_content_type is required.");
	if (!only_knows(ex, source,
			" source_type media_id cover_image_url cover_image_data "
			"cover_image_content_type cover_image_key_frame_time "))
		return false;
	if (m == NULL || m->account != o->account || m->is_used ||
	    strcmp(sandbox_pin_media_status(ex->world, m), "succeeded") != 0)
		return sandbox_pin_fail(ex, 404, 404, "Media not found or not ready.");
	o->kind = "video";
	o->container = m->id;
	((struct pin_extra *)o->extra)->media_type = "video";
	sandbox_list_add(&o->media, &m->fact);
	return true;
}

static const struct {
	const char *type;
	bool (*take)(struct exchange *ex, struct object *o, const json_t *source);
} sources[] = {
	{ "image_url", source_image_fetched },
	{ "image_base64", source_image_pushed },
	{ "multiple_image_urls", source_images_fetched },
	{ "multiple_image_base64", source_images_pushed },
	{ "video_id", source_video },
};

bool sandbox_pin_source(struct exchange *ex, struct object *o, const json_t *source)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (strcmp(text_of(source, "source_type"), sources[i].type) == 0)
			return sources[i].take(ex, o, source);
	return source_fail(ex, "Invalid request: media_source is required");
}

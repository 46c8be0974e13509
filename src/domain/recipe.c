/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/recipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[RECIPE_KINDS] = {
	[RECIPE_NONE] = "none",           [RECIPE_JPEG] = "jpeg",       [RECIPE_MP4] = "mp4",
	[RECIPE_SLIDESHOW] = "slideshow", [RECIPE_SOUNDED] = "sounded",
};

struct number_row {
	const char *name;
	size_t offset;
};

/* In the order in which they are printed; one that is 0 is left out. */
static const struct number_row numbers[] = {
	{ "bytes", offsetof(struct recipe, bytes_max) },
	{ "long", offsetof(struct recipe, long_max) },
	{ "short", offsetof(struct recipe, short_max) },
	{ "width", offsetof(struct recipe, width) },
	{ "height", offsetof(struct recipe, height) },
	{ "each", offsetof(struct recipe, slide_s) },
};

static int64_t *number_of(struct recipe *r, const struct number_row *row)
{
	return (int64_t *)(void *)((char *)r + row->offset);
}

const char *recipe_print(struct arena *a, const struct recipe *r)
{
	const char *text = kind_names[r->kind];
	struct recipe copy = *r;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const int64_t n = *number_of(&copy, &numbers[i]);

		if (n > 0)
			text = arena_printf(a, "%s %s=%lld", text, numbers[i].name, (long long)n);
	}
	if (r->sound)
		text = arena_printf(a, "%s sound=%s", text, r->sound);
	for (size_t i = 0; i < r->slides_n; i++)
		text = arena_printf(a, "%s%s%s", text, i ? "," : " slides=", r->slides[i]);
	return text;
}

static int read_slides(char *list, struct recipe *ret)
{
	char *rest = list;

	for (char *id = strsep(&rest, ","); id; id = strsep(&rest, ",")) {
		if (!*id || ret->slides_n == RECIPE_SLIDES_MAX)
			return -1;
		ret->slides[ret->slides_n++] = id;
	}
	return 0;
}

static int read_number(const char *name, const char *value, struct recipe *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		char *end = NULL;
		long long n;

		if (strcmp(numbers[i].name, name) != 0)
			continue;
		errno = 0;
		n = strtoll(value, &end, 10);
		if (errno != 0 || !*value || *end || n <= 0)
			return -1;
		*number_of(ret, &numbers[i]) = n;
		return 0;
	}
	return -1;
}

static int read_word(char *word, struct recipe *ret)
{
	char *value = strchr(word, '=');

	if (!value)
		return -1;
	*value++ = '\0';
	if (strcmp(word, "slides") == 0)
		return read_slides(value, ret);
	if (strcmp(word, "sound") != 0)
		return read_number(word, value, ret);
	if (!*value)
		return -1;
	ret->sound = value;
	return 0;
}

int recipe_parse(struct arena *a, const char *text, struct recipe *ret)
{
	struct recipe r = { .kind = RECIPE_KINDS };
	char *rest = arena_strdup(a, text), *word = strsep(&rest, " ");

	for (int i = 0; i < RECIPE_KINDS; i++) {
		if (strcmp(word, kind_names[i]) == 0)
			r.kind = (enum recipe_kind)i;
	}
	if (r.kind == RECIPE_KINDS)
		return -1;
	while ((word = strsep(&rest, " "))) {
		if (read_word(word, &r) < 0)
			return -1;
	}
	*ret = r;
	return 0;
}

static int64_t at_least_one(int64_t n)
{
	return n > 0 ? n : 1;
}

/* Both sides shrink by most/side where that is a shrinking. */
static void shrink(int64_t most, int64_t side, int64_t *width, int64_t *height)
{
	if (most <= 0 || side <= most)
		return;
	*width = at_least_one(*width * most / side);
	*height = at_least_one(*height * most / side);
}

static int64_t even(int64_t n)
{
	return n < 2 ? 2 : n - n % 2;
}

void recipe_sides(const struct recipe *r, int64_t width, int64_t height, int64_t *ret_width,
		  int64_t *ret_height)
{
	int64_t w = width, h = height;

	shrink(r->long_max, w > h ? w : h, &w, &h);
	shrink(r->short_max, w < h ? w : h, &w, &h);
	if (r->kind == RECIPE_JPEG)
		shrink(RECIPE_JPEG_LONGEST, w > h ? w : h, &w, &h);
	*ret_width = r->kind == RECIPE_JPEG ? w : even(w);
	*ret_height = r->kind == RECIPE_JPEG ? h : even(h);
}

static void foresee_image(const struct recipe *r, struct media_item *m)
{
	m->mime = "image/jpeg";
	m->ext = "jpg";
	m->video_codec = NULL;
	if (r->bytes_max > 0 && m->bytes > r->bytes_max)
		m->bytes = r->bytes_max;
}

static void foresee_show(const struct recipe *r, struct media_item *m)
{
	m->kind = MEDIA_VIDEO;
	m->width = (int)r->width;
	m->height = (int)r->height;
	m->duration_ms = (int)(r->slide_s * (int64_t)r->slides_n * 1000);
	m->bytes = 0;
	m->audio_codec = "aac";
}

static void foresee_video(struct media_item *m)
{
	m->mime = "video/mp4";
	m->ext = "mp4";
	m->video_codec = "h264";
	m->is_index_last = false;
	if (m->audio_codec && *m->audio_codec)
		m->audio_codec = "aac";
}

void recipe_foresee(const struct recipe *r, struct media_item *m)
{
	int64_t w, h;

	if (r->kind == RECIPE_NONE)
		return;
	if (r->kind == RECIPE_SLIDESHOW)
		foresee_show(r, m);
	if (r->kind == RECIPE_SOUNDED)
		m->audio_codec = "aac";
	w = m->width;
	h = m->height;
	if (w > 0 && h > 0)
		recipe_sides(r, w, h, &w, &h);
	m->width = (int)w;
	m->height = (int)h;
	if (r->kind == RECIPE_JPEG)
		foresee_image(r, m);
	else
		foresee_video(m);
}

const char *recipe_product(const struct recipe *r)
{
	static const char *const products[RECIPE_KINDS] = {
		[RECIPE_NONE] = "what it is",
		[RECIPE_JPEG] = "a JPEG image",
		[RECIPE_MP4] = "an MP4 video (H.264, AAC)",
		[RECIPE_SLIDESHOW] = "a video of its images (H.264, AAC)",
		[RECIPE_SOUNDED] = "an MP4 video with the sound (H.264, AAC)",
	};

	return products[r->kind];
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipe - what a file is to become before a platform gets it; pure
 * Layer domain. A recipe's text is canonical: the same wish is the same text, and stands for the
 * rendition in the database. Texts of a parsed recipe are the arena's.
 */
#ifndef CARILLON_DOMAIN_RECIPE_H
#define CARILLON_DOMAIN_RECIPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "domain/content.h"

#define RECIPE_SLIDES_MIN   2
#define RECIPE_SLIDES_MAX   35
#define RECIPE_TEXT_MAX     2000
#define RECIPE_JPEG_LONGEST 65500 /* pixels of a side that a JPEG can have */

enum recipe_kind {
	RECIPE_NONE, /* the file is published as it is */
	RECIPE_JPEG,
	RECIPE_MP4,       /* H.264 High, yuv420p, AAC */
	RECIPE_SLIDESHOW, /* images, perhaps with a sound, as such an MP4 */
	RECIPE_SOUNDED,   /* a video with the sound `sound` mixed into its own */
	RECIPE_KINDS
};

struct recipe {
	enum recipe_kind kind;
	int64_t bytes_max; /* 0: no limit; images are made to fit, videos are not */
	int64_t long_max,
		short_max;     /* most pixels of the longer and the shorter side; 0 no limit */
	int64_t width, height; /* slideshow: the picture's */
	int64_t slide_s;       /* slideshow: seconds a slide */
	const char *slides[RECIPE_SLIDES_MAX]; /* media ids in order */
	size_t slides_n;
	const char *sound; /* media id, NULL none */
};

const char *recipe_print(struct arena *a, const struct recipe *r);
/* -1: not a text of recipe_print(). */
int recipe_parse(struct arena *a, const char *text, struct recipe *ret);

/* Sides within the recipe's limits, in proportion, never larger; even for videos. */
void recipe_sides(const struct recipe *r, int64_t width, int64_t height, int64_t *ret_width,
		  int64_t *ret_height);
/* What will come of *m (of a slideshow its first slide), as far as it can be told: type, codecs, sides, most bytes. */
void recipe_foresee(const struct recipe *r, struct media_item *m);
/* E.g. "a JPEG image"; for sentences. */
const char *recipe_product(const struct recipe *r);

#endif

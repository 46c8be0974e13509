/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fit - what a file must become before a platform takes it
 * Layer platform; pure. A platform says in rows (struct platform.media) what it takes; whatever
 * else can be converted is, and ->check never sees it: it is asked about the product.
 */
#ifndef CARILLON_PLATFORM_FIT_H
#define CARILLON_PLATFORM_FIT_H

#include "domain/recipe.h"
#include "platform/platform.h"

/*
 * Files of these types are taken as they are within the limits, which are names of settings (NULL:
 * none). A type that no row names becomes what the first row of its kind asks for: a JPEG image or
 * an MP4 video of H.264 and AAC.
 */
struct media_rule {
	enum media_kind kind;
	const char *const *mimes;                              /* NULL ends the rows */
	const char *const *video_codecs, *const *audio_codecs; /* NULL: any */
	const char *bytes_max;                                 /* images only */
	const char *long_max, *short_max; /* most pixels of the longer, the shorter side */
	const char *width_max;
	bool needs_index_first; /* videos: one that is behind the bytes is put in front of them */
};

/*
 * What the media of *p together become: a slideshow that the platform has no carousel for, that
 * wants a sound (options.sound_media_id) or that is to be a video anyway (options.render_as_video)
 * is rendered, options.slide_duration seconds a slide; a video that wants a sound gets it. Else
 * RECIPE_NONE, and each medium stands for itself. Texts are *p's.
 */
void platform_render(const struct platform_app *app, const struct publication *p,
		     struct recipe *ret);
/* The publication of the one video that came, or will come, of it. */
void platform_rendered(struct publication *p, const struct media_item *video);

void platform_fit(const struct platform_app *app, const struct media_item *m, struct recipe *ret);

#endif

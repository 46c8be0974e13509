/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render - makes a rendition of local files after a recipe; blocks until it is done
 * Layer media. Still images by vips (rotated as they say, colours to sRGB, alpha on white, no
 * metadata), everything that moves by ffmpeg, each in the box of media/child. The result is probed
 * again and counts only when it is what the recipe asked for; the sources are never touched, and
 * no file is left behind but the result.
 * Errors: MEDIA_REJECTED (the sources cannot be made into it: a sentence for the user), BUSY
 * (->beat ended it), INTERNAL (a tool or the disk: worth another try).
 */
#ifndef CARILLON_MEDIA_RENDER_H
#define CARILLON_MEDIA_RENDER_H

#include "base/arena.h"
#include "base/problem.h"
#include "domain/recipe.h"
#include "media/probe.h"
#include "media/store.h"

struct config;

struct render_job {
	const struct recipe *recipe;
	const char *paths[RECIPE_SLIDES_MAX]; /* the source; of a slideshow its slides in order */
	size_t paths_n;
	const char *sound; /* path, NULL: none */
	/* About every second: how far it is, in percent; false ends it. May be NULL. */
	bool (*beat)(void *arg, int percent);
	void *arg;
};

/* *ret_file: the caller keeps or frees it; *ret: what it is, texts in the arena. */
int media_render(const struct config *cfg, struct arena *a, const struct render_job *in,
		 struct media_facts *ret, struct media_file **ret_file, struct problem *reterr);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render_private - what the kinds of rendition share; within this folder only
 * Layer media.
 */
#ifndef CARILLON_MEDIA_RENDER_PRIVATE_H
#define CARILLON_MEDIA_RENDER_PRIVATE_H

#include "base/buf.h"
#include "media/render.h"

#define RENDER_ARGS_MAX 600 /* a slide takes twelve */

struct render {
	const struct config *cfg;
	struct arena *arena;
	const struct render_job *job;
	const char *out; /* the one file that a tool may write */
	struct media_facts sources[RECIPE_SLIDES_MAX], sound_facts;
	int64_t total_ms;             /* length of what is being made, 0: unknown */
	int percent_from, percent_to; /* what the running tool is of the whole */
};

struct arguments { /* of a tool; ended by NULL */
	const char *v[RENDER_ARGS_MAX];
	size_t n;
};
void arguments_add(struct arguments *a, const char *const *list);
/* Runs it to its end. ret_err: what it wrote on standard error, may be NULL. */
int render_tool(struct render *r, const struct arguments *args, struct buf *ret_err,
		struct problem *reterr);
/* Probes r->out. */
int render_look(struct render *r, struct media_facts *ret, struct problem *reterr);
int render_odd(struct problem *reterr); /* sets and yields: the product is not what was asked for */

/* A maker leaves the product in r->out and says what it is. */
typedef int render_fn(struct render *r, struct media_facts *ret, struct problem *reterr);
render_fn render_still, render_moving, render_slides, render_sounded;

/* Options of the H.264 and the AAC encoder; the input's own metadata is dropped. */
extern const char *const render_video_options[], *const render_audio_options[],
							 *const render_file_options[];
void render_begin(const struct render *r, struct arguments *args); /* the program and its manners */
void render_input(const char *demuxer, const char *path, struct arguments *args);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - what a file really is: by magic bytes, then by ffprobe; never by name or header
 * Layer media. ffprobe and ffmpeg run on the local copy only, fixed argv, no shell, forced demuxer,
 * protocol whitelist `file`, in the box of media/child; HEIC is read by vips. Errors: PROBLEM_MEDIA_REJECTED with a reason for the user.
 */
#ifndef CARILLON_MEDIA_PROBE_H
#define CARILLON_MEDIA_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/problem.h"
#include "domain/content.h"
#include "media/store.h"

struct config;

struct media_facts {
	const char *kind; /* image | video | audio */
	const char *mime, *ext;
	int64_t width, height;                 /* pixels as shown, rotation applied */
	int64_t duration_ms;                   /* 0 for images */
	const char *video_codec, *audio_codec; /* NULL: none */
	const char *pixels;                    /* ffmpeg's name of the pixel format; NULL: none */
	const char *transfer; /* ffmpeg's name of the transfer function; NULL: not said */
	const char *demuxer;  /* that ffmpeg must be held to; "" vips reads it */
	double fps;           /* videos */
	bool is_index_last;   /* videos: where their parts are stands behind them */
	bool has_profile;     /* images: colours are to be read by an ICC profile */
};

/* ffmpeg's names of the decoders that a file may ask for, beside the one demuxer of its type. */
extern const char media_codecs[];

extern const char *const media_kind_words[]; /* by enum media_kind: "a video" */

int media_probe(const struct config *cfg, struct arena *a, const char *path,
		struct media_facts *ret, struct problem *reterr);
/* The file as a medium that is ready; texts are those of the facts. */
void media_describe(const struct media_facts *f, const struct media_file *file,
		    struct media_item *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * video - videos to publish, as long and as large as a case needs them
 * Tests only. ffmpeg makes the picture; bytes that players skip, a `free` box, fill the file up.
 */
#ifndef CARILLON_TESTS_VIDEO_H
#define CARILLON_TESTS_VIDEO_H

#include <stdint.h>

#include "rig.h"

/* What a video of this source is, its bytes left out. */
#define VIDEO_UPRIGHT "testsrc=s=540x960:r=30:d=5"
extern const struct media_item video_upright;

/* source: of ffmpeg's lavfi, e.g. "testsrc=s=180x320:r=10:d=1". Exits with 77, aloud, without it. */
void video_make(const char *path, const char *source, int64_t bytes);
/* Makes one and takes it over into the media of the rig's workspace. */
void video_add(struct rig *r, const char *name, const char *source, int64_t bytes,
	       const struct media_item *item, char ret[static ID_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * video - videos to publish, as long and as large as a case needs them
 * Tests only. ffmpeg makes the picture; bytes that players skip, a `free` box, fill the file up.
 */
#ifndef CARILLON_TESTS_VIDEO_H
#define CARILLON_TESTS_VIDEO_H

#include <stdint.h>

/* source: of ffmpeg's lavfi, e.g. "testsrc=s=180x320:r=10:d=1". Exits with 77, aloud, without it. */
void video_make(const char *path, const char *source, int64_t bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - what a media file is, read from its own bytes
 * Layer sandbox. Sources: ITU-T T.81 (JPEG markers), ISO/IEC 14496-12 (boxes). Deliberately not
 * the code of src/media: the two are to be wrong independently. Errors: -EBADMSG not such a file.
 */
#ifndef CARILLON_SANDBOX_PROBE_H
#define CARILLON_SANDBOX_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_image {
	unsigned width, height;
	bool is_mpo; /* several pictures in one file */
};

struct probe_video {
	bool is_quicktime, moov_first, has_edits;
	unsigned width, height;
	double duration_s, fps;
	char video_codec[5], audio_codec[5]; /* four-character codes; "" absent */
	unsigned audio_rate, audio_channels;
};

int sandbox_probe_image(const char *path, struct probe_image *ret);
int sandbox_probe_video(const char *path, struct probe_video *ret);

#endif

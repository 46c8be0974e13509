/* SPDX-License-Identifier: Apache-2.0 */
/*
 * magic - container formats by their first bytes, and whether an ISO file is whole
 * Layer media. Source: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12, RFC 8794, RFC 2083, JFIF, GIF89a, RIFF.
 */
#ifndef CARILLON_MEDIA_MAGIC_H
#define CARILLON_MEDIA_MAGIC_H

#include <stdbool.h>
#include <stdint.h>

struct magic {
	const char *kind, *mime, *ext;
	const char *
		demuxer; /* ffmpeg's name: forced, so that no other format is tried; "" vips reads it */
};

/* NULL: not a format that is taken. */
const struct magic *magic_find(int fd);
enum magic_boxes {                         /* of an MP4/MOV, the outermost ones */
		   MAGIC_BOXES_WHOLE,      /* they end exactly at, or before, the file's end */
		   MAGIC_BOXES_INDEX_LAST, /* so do they; moov stands behind mdat */
		   MAGIC_BOXES_CUT,
};
enum magic_boxes magic_boxes(int fd, int64_t bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "media/magic.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HEAD_BYTES 16
#define EBML_BYTES 64 /* the document type stands within so many */

struct signature {
	int offset;
	int n;
	const char *bytes;
	int offset2; /* a second place that must agree; n2 0: none */
	int n2;
	const char *bytes2;
	struct magic is;
};

/* clang-format off */
static const struct signature signatures[] = {
	{ 0, 3, "\xff\xd8\xff",      0, 0, NULL,   { "image", "image/jpeg", "jpg",  "jpeg_pipe" } },
	{ 0, 8, "\x89PNG\r\n\x1a\n", 0, 0, NULL,   { "image", "image/png",  "png",  "png_pipe"  } },
	{ 0, 4, "RIFF",              8, 4, "WEBP", { "image", "image/webp", "webp", "webp_pipe" } },
	{ 0, 6, "GIF87a",            0, 0, NULL,   { "image", "image/gif",  "gif",  "gif"       } },
	{ 0, 6, "GIF89a",            0, 0, NULL,   { "image", "image/gif",  "gif",  "gif"       } },
	{ 0, 3, "ID3",               0, 0, NULL,   { "audio", "audio/mpeg", "mp3",  "mp3"       } },
	{ 0, 2, "\xff\xfb",          0, 0, NULL,   { "audio", "audio/mpeg", "mp3",  "mp3"       } },
	{ 0, 4, "RIFF",              8, 4, "WAVE", { "audio", "audio/wav",  "wav",  "wav"       } },
	{ 0, 4, "OggS",              0, 0, NULL,   { "audio", "audio/ogg",  "ogg",  "ogg"       } },
	{ 0, 4, "fLaC",              0, 0, NULL,   { "audio", "audio/flac", "flac", "flac"      } },
	{ 4, 7, "ftypM4A",           0, 0, NULL,   { "audio", "audio/mp4",  "m4a",  "mov"       } },
	{ 4, 8, "ftypheic",          0, 0, NULL,   { "image", "image/heic", "heic", ""          } },
	{ 4, 8, "ftypheix",          0, 0, NULL,   { "image", "image/heic", "heic", ""          } },
	{ 4, 8, "ftypmif1",          0, 0, NULL,   { "image", "image/heic", "heic", ""          } },
	{ 4, 6, "ftypqt",            0, 0, NULL,   { "video", "video/quicktime", "mov", "mov"   } },
	{ 4, 7, "ftypiso",           0, 0, NULL,   { "video", "video/mp4",  "mp4",  "mov"       } },
	{ 4, 6, "ftypmp",            0, 0, NULL,   { "video", "video/mp4",  "mp4",  "mov"       } },
	{ 4, 7, "ftypavc",           0, 0, NULL,   { "video", "video/mp4",  "mp4",  "mov"       } },
	{ 4, 7, "ftypM4V",           0, 0, NULL,   { "video", "video/mp4",  "mp4",  "mov"       } },
	{ 4, 8, "ftypdash",          0, 0, NULL,   { "video", "video/mp4",  "mp4",  "mov"       } },
};
/* clang-format on */

static bool matches(const struct signature *s, const char *head)
{
	if (memcmp(head + s->offset, s->bytes, (size_t)s->n) != 0)
		return false;
	return s->n2 == 0 || memcmp(head + s->offset2, s->bytes2, (size_t)s->n2) == 0;
}

/* A Matroska file that says so itself. */
static bool is_webm(int fd)
{
	char head[EBML_BYTES] = "";
	ssize_t got = pread(fd, head, sizeof(head), 0);

	return got > 4 && memcmp(head, "\x1a\x45\xdf\xa3", 4) == 0 &&
	       memmem(head, (size_t)got, "\x42\x82\x84webm", 7);
}

const struct magic *magic_find(int fd)
{
	static const struct magic webm = { "video", "video/webm", "webm", "matroska" };
	char head[HEAD_BYTES];

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
		if (matches(&signatures[i], head))
			return &signatures[i].is;
	return is_webm(fd) ? &webm : NULL;
}

static uint64_t big_endian(const uint8_t *p, int n)
{
	uint64_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Of the box there, of `left` bytes at most; -1: it is cut off. */
static int64_t read_box(int fd, int64_t at, int64_t left, uint8_t head[static 16])
{
	const ssize_t got = pread(fd, head, 16, (off_t)at);
	uint64_t size = big_endian(head, 4);

	if (got < 8)
		return -1;
	if (size == 0) /* to the end of the file */
		return left;
	if (size == 1)
		size = got < 16 ? 0 : big_endian(head + 8, 8);
	return size < 8 || size > (uint64_t)left ? -1 : (int64_t)size;
}

enum magic_boxes magic_boxes(int fd, int64_t bytes)
{
	bool has_bytes = false, is_last = false;
	int64_t at = 0;

	while (at < bytes) {
		uint8_t head[16] = { 0 };
		const int64_t size = read_box(fd, at, bytes - at, head);

		if (size < 0)
			return MAGIC_BOXES_CUT;
		has_bytes = has_bytes || memcmp(head + 4, "mdat", 4) == 0;
		is_last = is_last || (has_bytes && memcmp(head + 4, "moov", 4) == 0);
		at += size;
	}
	return is_last ? MAGIC_BOXES_INDEX_LAST : MAGIC_BOXES_WHOLE;
}

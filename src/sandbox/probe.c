/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

static int bytes_map(const char *path, struct bytes *ret)
{
	struct stat st;
	void *p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_size < 12) {
		close(fd);
		return -EBADMSG;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return -errno;
	ret->p = p;
	ret->n = (size_t)st.st_size;
	return 0;
}

static void bytes_unmap(struct bytes *b)
{
	munmap((void *)(uintptr_t)b->p, b->n);
}

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* Start-of-frame markers, without DHT (c4), JPG (c8) and DAC (cc). */
static bool marker_is_frame(uint8_t m)
{
	return m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc;
}

static int jpeg_frame(const uint8_t *segment, struct probe_image *ret)
{
	ret->height = be16(segment + 5);
	ret->width = be16(segment + 7);
	return ret->width > 0 && ret->height > 0 ? 0 : -EBADMSG;
}

static int jpeg_walk(const struct bytes *b, struct probe_image *ret)
{
	size_t len;

	if (b->n < 12 || b->p[0] != 0xff || b->p[1] != 0xd8 || b->p[2] != 0xff)
		return -EBADMSG;
	for (size_t at = 2; at + 9 < b->n; at += len) {
		const uint8_t *segment = b->p + at;

		if (segment[0] != 0xff)
			return -EBADMSG;
		len = segment[1] == 0xff ? 1 : 2 + (size_t)be16(segment + 2); /* fill byte */
		if (marker_is_frame(segment[1]))
			return jpeg_frame(segment, ret);
		if (segment[1] == 0xe2 && memcmp(segment + 4, "MPF", 4) == 0)
			ret->is_mpo = true;
	}
	return -EBADMSG;
}

int sandbox_probe_image(const char *path, struct probe_image *ret)
{
	struct bytes b = { NULL, 0 };
	int r = bytes_map(path, &b);

	memset(ret, 0, sizeof(*ret));
	if (r < 0)
		return r;
	r = jpeg_walk(&b, ret);
	bytes_unmap(&b);
	return r;
}

struct box {
	char type[5];
	struct bytes body;
};

/* Takes the next box off `from`; false at the end or when it does not fit. */
static bool box_next(struct bytes *from, struct box *ret)
{
	uint64_t size, head = 8;

	if (from->n < 8)
		return false;
	size = be32(from->p);
	memcpy(ret->type, from->p + 4, 4);
	ret->type[4] = '\0';
	if (size == 1 && from->n >= 16) {
		size = be64(from->p + 8);
		head = 16;
	} else if (size == 0) {
		size = from->n;
	}
	if (size < head || size > from->n)
		return false;
	ret->body.p = from->p + head;
	ret->body.n = (size_t)(size - head);
	from->p += size;
	from->n -= (size_t)size;
	return true;
}

/* The first box at the end of a path such as "mdia/minf/stbl/stsd". */
static bool box_find(struct bytes in, const char *path, struct box *ret)
{
	while (box_next(&in, ret)) {
		if (strncmp(ret->type, path, 4) != 0)
			continue;
		return path[4] == '\0' || box_find(ret->body, path + 5, ret);
	}
	return false;
}

static double header_seconds(const struct bytes *b)
{
	bool is_long = b->n > 0 && b->p[0] == 1;
	uint32_t scale;

	if (b->n < (is_long ? 32U : 20U))
		return 0.0;
	scale = be32(b->p + (is_long ? 20 : 12));
	if (scale == 0)
		return 0.0;
	return (double)(is_long ? be64(b->p + 24) : be32(b->p + 16)) / (double)scale;
}

static void track_video(const struct bytes *trak, const struct box *entry, struct probe_video *ret)
{
	struct box box = { "", { NULL, 0 } };
	double seconds;
	uint64_t frames = 0;

	memcpy(ret->video_codec, entry->type, sizeof(ret->video_codec));
	if (entry->body.n >= 28) {
		ret->width = be16(entry->body.p + 24);
		ret->height = be16(entry->body.p + 26);
	}
	ret->has_edits |= box_find(*trak, "edts/elst", &box);
	seconds = box_find(*trak, "mdia/mdhd", &box) ? header_seconds(&box.body) : 0.0;
	if (!box_find(*trak, "mdia/minf/stbl/stts", &box) || box.body.n < 8)
		return;
	for (size_t at = 8; at + 8 <= box.body.n; at += 8)
		frames += be32(box.body.p + at);
	ret->fps = seconds > 0.0 ? (double)frames / seconds : 0.0;
}

static void track_audio(const struct box *entry, struct probe_video *ret)
{
	memcpy(ret->audio_codec, entry->type, sizeof(ret->audio_codec));
	if (entry->body.n < 28)
		return;
	ret->audio_channels = be16(entry->body.p + 16);
	ret->audio_rate = be32(entry->body.p + 24) >> 16;
}

static void track_read(const struct bytes *trak, struct probe_video *ret)
{
	struct box hdlr, stsd, entry;
	struct bytes entries;

	if (!box_find(*trak, "mdia/hdlr", &hdlr) || hdlr.body.n < 12 ||
	    !box_find(*trak, "mdia/minf/stbl/stsd", &stsd) || stsd.body.n < 8)
		return;
	entries.p = stsd.body.p + 8;
	entries.n = stsd.body.n - 8;
	if (!box_next(&entries, &entry))
		return;
	if (memcmp(hdlr.body.p + 8, "vide", 4) == 0)
		track_video(trak, &entry, ret);
	else if (memcmp(hdlr.body.p + 8, "soun", 4) == 0)
		track_audio(&entry, ret);
}

static int movie_walk(const struct bytes *file, struct probe_video *ret)
{
	struct bytes left = *file, in;
	struct box box = { "", { NULL, 0 } }, moov = { "", { NULL, 0 } };
	bool mdat_seen = false;

	if (!box_next(&left, &box) || strcmp(box.type, "ftyp") != 0 || box.body.n < 4)
		return -EBADMSG;
	ret->is_quicktime = memcmp(box.body.p, "qt  ", 4) == 0;
	while (moov.body.p == NULL && box_next(&left, &box)) {
		mdat_seen |= strcmp(box.type, "mdat") == 0;
		if (strcmp(box.type, "moov") == 0)
			moov = box;
	}
	if (moov.body.p == NULL)
		return -EBADMSG;
	ret->moov_first = !mdat_seen;
	for (in = moov.body; box_next(&in, &box);) {
		if (strcmp(box.type, "mvhd") == 0)
			ret->duration_s = header_seconds(&box.body);
		else if (strcmp(box.type, "trak") == 0)
			track_read(&box.body, ret);
	}
	return 0;
}

int sandbox_probe_video(const char *path, struct probe_video *ret)
{
	struct bytes b = { NULL, 0 };
	int r = bytes_map(path, &b);

	memset(ret, 0, sizeof(*ret));
	if (r < 0)
		return r;
	r = movie_walk(&b, ret);
	bytes_unmap(&b);
	return r;
}

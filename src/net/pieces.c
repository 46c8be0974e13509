/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pieces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/digest.h"
#include "net/slice.h"

#define RAW_BYTES (3 * 4096) /* a multiple of 3: only the last block is padded */
#define CODED_MAX (4 * 4096 + 1)

struct pieces {
	const struct http_piece *first, *at;
	int64_t length;
	struct slice *file; /* of the piece at hand; NULL: a text, or not opened yet */
	size_t done;        /* of the text, or of coded */
	char coded[CODED_MAX];
	size_t coded_n;
};

/* Bytes that this piece becomes. */
static int piece_measure(const struct http_piece *piece, int64_t *ret)
{
	CLEANUP(slice_free) struct slice *file = NULL;
	int r;

	if (!piece->file_path) {
		*ret = (int64_t)strlen(piece->text);
		return 0;
	}
	r = slice_open(piece->file_path, 0, piece->bytes, &file);
	if (r < 0)
		return r;
	*ret = 4 * ((slice_length(file) + 2) / 3);
	return 0;
}

int pieces_open(const struct http_piece *list, struct pieces **ret)
{
	CLEANUP(pieces_free) struct pieces *p = alloc_zero(sizeof(*p));
	int64_t n = 0;

	p->first = p->at = list;
	for (const struct http_piece *piece = list; piece; piece = piece->next) {
		int r = piece_measure(piece, &n);

		if (r < 0)
			return r;
		p->length += n;
	}
	*ret = TAKE(p);
	return 0;
}

void pieces_free(struct pieces *p)
{
	if (!p)
		return;
	slice_free(p->file);
	free(p);
}

int64_t pieces_length(const struct pieces *p)
{
	return p->length;
}

static void piece_next(struct pieces *p)
{
	slice_free(p->file);
	p->file = NULL;
	p->done = p->coded_n = 0;
	p->at = p->at->next;
}

/* One block of the file as base64; coded_n 0: the file is at its end. */
static int code_block(struct pieces *p)
{
	char raw[RAW_BYTES];
	size_t n = 0, got = 1;

	if (!p->file && slice_open(p->at->file_path, 0, p->at->bytes, &p->file) < 0)
		return -EIO;
	while (n < sizeof(raw) && got > 0) {
		got = slice_read(raw + n, 1, sizeof(raw) - n, p->file);
		if (got == CURL_READFUNC_ABORT)
			return -EIO;
		n += got;
	}
	p->done = 0;
	p->coded_n = n > 0 ? digest_base64(raw, n, p->coded) : 0;
	return 0;
}

/* What stands ready of the piece at hand; *ret_n 0: it is at its end. */
static int piece_peek(struct pieces *p, const char **ret, size_t *ret_n)
{
	if (!p->at->file_path) {
		*ret = p->at->text + p->done;
		*ret_n = strlen(*ret);
		return 0;
	}
	if (p->done == p->coded_n && code_block(p) < 0)
		return -EIO;
	*ret = p->coded + p->done;
	*ret_n = p->coded_n - p->done;
	return 0;
}

size_t pieces_read(char *to, size_t size, size_t count, void *arg)
{
	struct pieces *p = arg;
	size_t want = size * count, n = 0;

	while (n < want && p->at) {
		const char *from = NULL;
		size_t ready = 0;

		if (piece_peek(p, &from, &ready) < 0)
			return CURL_READFUNC_ABORT;
		if (ready == 0) {
			piece_next(p);
			continue;
		}
		if (ready > want - n)
			ready = want - n;
		memcpy(to + n, from, ready);
		p->done += ready;
		n += ready;
	}
	return n;
}

int pieces_seek(void *arg, curl_off_t offset, int origin)
{
	struct pieces *p = arg;

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_CANTSEEK;
	slice_free(p->file);
	p->file = NULL;
	p->done = p->coded_n = 0;
	p->at = p->first;
	return CURL_SEEKFUNC_OK;
}

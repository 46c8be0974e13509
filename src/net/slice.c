/* SPDX-License-Identifier: Apache-2.0 */
#include "net/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct slice {
	int fd;
	int64_t offset, length;
	int64_t at; /* next byte, counted from offset */
};

/* The length to send, once the file has shown that it holds it. */
static int slice_measure(int fd, int64_t offset, int64_t length, int64_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (offset < 0 || offset > st.st_size)
		return -ENODATA;
	if (length < 0)
		length = st.st_size - offset;
	if (length > st.st_size - offset)
		return -ENODATA;
	*ret = length;
	return 0;
}

int slice_open(const char *path, int64_t offset, int64_t length, struct slice **ret)
{
	CLEANUP(slice_free) struct slice *s = alloc_zero(sizeof(*s));
	int r;

	s->offset = offset;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not hold the loop */
	if (s->fd < 0)
		return -errno;
	r = slice_measure(s->fd, offset, length, &s->length);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void slice_free(struct slice *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

void slice_free_arg(void *arg)
{
	slice_free(arg);
}

int64_t slice_length(const struct slice *s)
{
	return s->length;
}

size_t slice_read(char *to, size_t size, size_t count, void *arg)
{
	struct slice *s = arg;
	int64_t left = s->length - s->at;
	size_t want = size * count;
	ssize_t got;

	if (left <= 0)
		return 0;
	if (want > (uint64_t)left)
		want = (size_t)left;
	do {
		got = pread(s->fd, to, want, s->offset + s->at);
	} while (got < 0 && errno == EINTR);
	if (got <=
	    0) /* an error, or the file was cut meanwhile: never pretend that this is the end */
		return CURL_READFUNC_ABORT;
	s->at += got;
	return (size_t)got;
}

int slice_seek(void *arg, curl_off_t offset, int origin)
{
	struct slice *s = arg;
	int64_t from = 0;

	if (origin == SEEK_CUR)
		from = s->at;
	else if (origin == SEEK_END)
		from = s->length;
	if (offset < -from || offset > s->length - from)
		return CURL_SEEKFUNC_FAIL;
	s->at = from + offset;
	return CURL_SEEKFUNC_OK;
}

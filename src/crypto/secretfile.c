/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "crypto/digest.h"

#define MODE_ALLOWED (S_IRUSR | S_IWUSR | S_IRGRP)

static int check_file(int fd, size_t max_bytes)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > max_bytes)
		return -EINVAL;
	return st.st_mode & 07777 & ~(mode_t)MODE_ALLOWED ? -EACCES : 0;
}

static int read_all(int fd, size_t max_bytes, struct buf *text)
{
	ssize_t n;

	/* Reserved at once: growing would leave copies of the secret behind in freed memory. */
	(void)buf_reserve(text, max_bytes);
	do {
		n = read(fd, text->p + text->len, max_bytes - text->len);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text->p[text->len] = '\0';
	return n < 0 ? -errno : 0;
}

int secretfile_read(const char *path, size_t max_bytes, struct buf *ret_text)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hang the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = check_file(fd, max_bytes);
	if (!error)
		error = read_all(fd, max_bytes, ret_text);
	(void)close(fd);
	return error;
}

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

void *secretfile_pages_new(size_t bytes)
{
	size_t size = whole_pages(bytes);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		alloc_failed(size);
	/* Best effort both: a small RLIMIT_MEMLOCK or an old kernel must not stop the service. */
	(void)mlock(p, size);
	(void)madvise(p, size, MADV_DONTDUMP);
	return p;
}

void secretfile_pages_free(void *p, size_t bytes)
{
	if (!p)
		return;
	digest_wipe(p, bytes);
	(void)munmap(p, whole_pages(bytes));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int tail_open(void)
{
	int fd = memfd_create("carillon-tails", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static struct flock lock_of(short type, int from, int n)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = n };
}

/* The bytes from `first` on, one a worker: the first one that is free. */
static void take(int fd, int first, int workers)
{
	for (int i = 0; fd > 0 && i < workers; i++) {
		struct flock lock = lock_of(F_WRLCK, first + i, 1);

		if (fcntl(fd, F_SETLK, &lock) == 0)
			return;
	}
}

static int count(int fd, int first, int workers)
{
	int n = 0;

	for (int i = 0; fd > 0 && i < workers; i++) {
		struct flock lock = lock_of(F_WRLCK, first + i, 1);

		n += fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	}
	return n;
}

void tail_begin(int fd, int workers)
{
	take(fd, 0, workers);
}

void tail_end(int fd)
{
	struct flock all = lock_of(F_UNLCK, 0, 0);

	if (fd > 0)
		(void)fcntl(fd, F_SETLK, &all);
}

bool tail_is_full(int fd, int workers)
{
	const int n = count(fd, 0, workers);

	return n > 0 && n * 2 >= workers;
}

/* Behind those of the tails. */
void tail_wait_begin(int fd, int workers)
{
	take(fd, workers, workers);
}

bool tail_wait_is_full(int fd, int workers)
{
	const int n = count(fd, workers, workers);

	return n > 0 && n * 4 >= workers;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slowsync - a disk that takes longer to be sure, for one process alone
 * Tests only; preloaded (LD_PRELOAD). The file named by SLOWSYNC_FILE holds two int64_t: the
 * microseconds that each fsync() and fdatasync() takes longer from now on, and how many did so far.
 * Each waits for itself, as on a disk with a queue. Without the file nothing changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LONGER_US, SLOWED, NUMBERS };

static int64_t *numbers;

__attribute__((constructor)) static void map_file(void)
{
	const char *path = getenv("SLOWSYNC_FILE");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, NUMBERS * sizeof(*numbers), PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		numbers = at;
	if (fd >= 0)
		close(fd);
}

static int sync_slowly(long call, int fd)
{
	const int done = (int)syscall(call, fd), err = errno;
	const int64_t us = numbers ? __atomic_load_n(&numbers[LONGER_US], __ATOMIC_RELAXED) : 0;
	struct timespec rest = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	if (us > 0) {
		while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
			;
		__atomic_fetch_add(&numbers[SLOWED], 1, __ATOMIC_RELAXED);
	}
	errno = err;
	return done;
}

int fsync(int fd)
{
	return sync_slowly(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_slowly(SYS_fdatasync, fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stepclock - a wall clock that steps for one process alone
 * Tests only; preloaded (LD_PRELOAD). The file named by STEPCLOCK_FILE holds one int64_t, the
 * microseconds that CLOCK_REALTIME, time() and gettimeofday() are off by from now on; whoever maps
 * it steps the clock of a running process. Boot and monotonic clock stay what they are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_us;

__attribute__((constructor)) static void map_file(void)
{
	const char *path = getenv("STEPCLOCK_FILE");
	const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at =
		fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset_us), PROT_READ, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		offset_us = at;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	const int done = (int)syscall(SYS_clock_gettime, id, ret);
	int64_t ns;

	if (done < 0 || !offset_us || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return done;
	ns = ret->tv_nsec + *offset_us % 1000000 * 1000;
	ret->tv_sec += (time_t)(*offset_us / 1000000);
	if (ns < 0 || ns >= 1000000000) {
		ret->tv_sec += ns < 0 ? -1 : 1;
		ns += ns < 0 ? 1000000000 : -1000000000;
	}
	ret->tv_nsec = (long)ns;
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *ret, void *zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}

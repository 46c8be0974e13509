/* SPDX-License-Identifier: Apache-2.0 */
#include "support/slowdisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *slowdisk_library(void)
{
	static char path[512];
	const char *folder = getenv("CARILLON_BUILD");

	(void)snprintf(path, sizeof(path), "%s/tests/support/slowsync.so", folder ? folder : ".");
	if (access(path, R_OK) == 0)
		return path;
	(void)fprintf(stderr, "%s is not built\n", path);
	exit(EXIT_FAILURE);
}

/* Nameless, so that nothing of it is left behind; who starts now finds it below /proc. */
void slowdisk_make(struct slowdisk *d)
{
	const int fd = memfd_create("disk", MFD_CLOEXEC);
	void *at = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*d->numbers)) == 0)
		at = mmap(NULL, sizeof(*d->numbers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		perror("a slow disk");
		exit(EXIT_FAILURE);
	}
	d->numbers = at;
	(void)snprintf(d->path, sizeof(d->path), "/proc/%d/fd/%d", (int)getpid(), fd);
}

void slowdisk_enter(const struct slowdisk *d)
{
	(void)setenv("SLOWSYNC_FILE", d->path, 1);
	(void)setenv("LD_PRELOAD", slowdisk_library(), 1);
}

void slowdisk_leave(void)
{
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("SLOWSYNC_FILE");
}

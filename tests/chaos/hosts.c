/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host has of its own: a small disk for its journal, which can be full, and a wall clock,
 * which can step. Where nobody may mount, or the library of the clock is not built, that is said
 * and left out.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "chaos.h"

#define DISK    "size=32m"
#define STEP_US (3 * US_PER_HOUR)

static void of_host(const struct campaign *c, const char *what, int host, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%.64s/%.16s%d", c->rig.folder, what, host);
}

void chaos_journal_folder(const struct campaign *c, int host, char *ret, size_t size)
{
	of_host(c, "journal", host, ret, size);
}

static const char *library(char *ret, size_t size)
{
	const char *folder = getenv("CARILLON_BUILD");

	(void)snprintf(ret, size, "%s/tests/support/stepclock.so", folder ? folder : ".");
	return access(ret, R_OK) == 0 ? ret : NULL;
}

static bool mount_disk(const char *folder)
{
	static bool is_said;

	if (mount("journal", folder, "tmpfs", MS_NODEV | MS_NOSUID, DISK) == 0)
		return true;
	if (!is_said)
		fprintf(stderr, "chaos: no disk gets full: none can be mounted\n");
	is_said = true;
	return false;
}

static volatile int64_t *make_clock(const char *path)
{
	const int64_t zero = 0;
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;

	if (fd >= 0 && write(fd, &zero, sizeof(zero)) == sizeof(zero))
		at = mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd);
	if (at == MAP_FAILED)
		exit(EXIT_FAILURE);
	return at;
}

void chaos_open_hosts(struct campaign *c)
{
	char path[200];

	if (!library(path, sizeof(path)))
		fprintf(stderr, "chaos: no clock steps: %s is not built\n", path);
	for (int host = 0; host < CHAOS_HOSTS; host++) {
		chaos_journal_folder(c, host, path, sizeof(path));
		(void)mkdir(path, 0700);
		c->hosts[host].has_disk = mount_disk(path);
		of_host(c, "clock", host, path, sizeof(path));
		c->hosts[host].clock_us = make_clock(path);
	}
}

void chaos_close_hosts(struct campaign *c)
{
	char path[200];

	for (int host = 0; host < CHAOS_HOSTS; host++) {
		chaos_journal_folder(c, host, path, sizeof(path));
		(void)umount2(path, MNT_DETACH);
	}
}

void chaos_be_host(const struct campaign *c, int host)
{
	const char *asan = getenv("ASAN_OPTIONS");
	char name[32], path[200], options[300];

	(void)snprintf(name, sizeof(name), "chaos-%d", host);
	if (unshare(CLONE_NEWUTS) == 0 && sethostname(name, strlen(name)) < 0)
		_exit(127);
	of_host(c, "clock", host, path, sizeof(path));
	(void)setenv("STEPCLOCK_FILE", path, 1);
	/* A sanitizer wants to be the first that is loaded. */
	(void)snprintf(options, sizeof(options), "%s:verify_asan_link_order=0", asan ? asan : "");
	(void)setenv("ASAN_OPTIONS", options, 1);
	if (library(path, sizeof(path)))
		(void)setenv("LD_PRELOAD", path, 1);
}

static void filler_path(const struct campaign *c, int host, char *ret, size_t size)
{
	char folder[100];

	chaos_journal_folder(c, host, folder, sizeof(folder));
	(void)snprintf(ret, size, "%s/filler", folder);
}

void chaos_fill_disk(struct campaign *c, const struct chaos_event *e)
{
	const int host = (int)(e->pick % CHAOS_HOSTS);
	static const char block[65536];
	char path[200];
	int fd;

	filler_path(c, host, path, sizeof(path));
	fd = c->hosts[host].has_disk ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
				     : -1;
	if (fd < 0)
		return;
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	(void)close(fd);
	c->hosts[host].room_us = clock_boot_us() + e->for_ms * US_PER_MS;
}

void chaos_step_clock(struct campaign *c, const struct chaos_event *e)
{
	struct chaos_host *h = &c->hosts[e->pick % CHAOS_HOSTS];

	*h->clock_us = e->pick / CHAOS_HOSTS % 2 ? STEP_US : -STEP_US;
	h->clock_back_us = clock_boot_us() + e->for_ms * US_PER_MS;
}

void chaos_mend_hosts(struct campaign *c, int64_t now_us)
{
	char path[200];

	for (int host = 0; host < CHAOS_HOSTS; host++) {
		struct chaos_host *h = &c->hosts[host];

		if (h->room_us > 0 && h->room_us <= now_us) {
			filler_path(c, host, path, sizeof(path));
			(void)unlink(path);
			h->room_us = 0;
		}
		if (h->clock_back_us > 0 && h->clock_back_us <= now_us) {
			*h->clock_us = 0;
			h->clock_back_us = 0;
		}
	}
}

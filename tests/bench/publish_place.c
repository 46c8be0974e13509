/* SPDX-License-Identifier: Apache-2.0 */
/* Where it runs: a disk that is slow to sync (support/slowsync.c), platforms behind TLS. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "platform/platform.h"
#include "publish_bench.h"

#define COMMITS     20
#define FRONT_TRIES 500
#define FRONT_MS    20

/* ---- the disk ---- */

void bench_disk_make(struct bench *b)
{
	if (b->fsync_ms == 0)
		return;
	for (int i = 0; i < BENCH_DISKS; i++)
		slowdisk_make(&b->disks[i]);
	(void)setenv("SLOWSYNC_FILE", b->disks[BENCH_DISK_DATABASE].path, 1);
	(void)setenv("CARILLON_TEST_PRELOAD", slowdisk_library(), 1);
}

void bench_disk_slow(struct bench *b)
{
	if (b->fsync_ms == 0)
		return;
	for (int i = 0; i < BENCH_DISKS; i++)
		b->disks[i].numbers->longer_us = b->fsync_ms * US_PER_MS;
}

pid_t bench_runner(struct bench *b)
{
	pid_t pid;

	if (b->fsync_ms > 0)
		slowdisk_enter(&b->disks[BENCH_DISK_RUNNER]);
	pid = rig_runner(&b->rig, NULL, NULL);
	slowdisk_leave();
	return pid;
}

struct bench_syncs bench_syncs(const struct bench *b)
{
	if (b->fsync_ms == 0)
		return (struct bench_syncs){ .database = 0 };
	return (struct bench_syncs){ b->disks[BENCH_DISK_DATABASE].numbers->slowed,
				     b->disks[BENCH_DISK_RUNNER].numbers->slowed };
}

double bench_commit_ms(struct bench *b)
{
	int64_t us[COMMITS];

	for (int i = 0; i < COMMITS; i++) {
		us[i] = clock_boot_us();
		bench_run(b, "UPDATE workspaces SET name = IF(name = 'rig', 'rig again', 'rig')");
		us[i] = clock_boot_us() - us[i];
	}
	return bench_spread(us, COMMITS).p50;
}

/* ---- TLS ---- */

static int free_port(void)
{
	struct peer *p = peer_start(NULL);
	const int port = peer_port(p);

	peer_stop(p);
	return port;
}

static bool answers(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool is = connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

	(void)close(fd);
	return is;
}

static void start_front(struct bench *b, const char *folder, int port)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *top = getenv("CARILLON_SRCDIR");
	const char *path = arena_printf(a, "%s/tests/support/tlsfront.sh", top ? top : ".");
	const char *text = arena_printf(a, "%d", port);
	const char *target = b->rig.sandbox_url + strlen("http://");

	b->front = fork();
	if (b->front == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl("/bin/sh", "sh", path, folder, text, target, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < FRONT_TRIES && !answers(port); i++)
		rig_sleep_ms(FRONT_MS);
	if (answers(port) && waitpid(b->front, NULL, WNOHANG) == 0)
		return;
	fprintf(stderr, "publish_bench: nginx does not start, see %s\n", folder);
	exit(EXIT_FAILURE);
}

/* Every base address of that section leads there. */
static void move_section(struct bench *b, const char *platform, const char *tail)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *section = arena_printf(a, "%s%s", platform, tail);
	const char *url = arena_printf(a, "%s/%s", b->platforms_url, platform);
	const struct setting *row = platform_find(platform)->settings;

	for (; row->name; row++) {
		const size_t len = strlen(row->name);

		if (len > 5 && strcmp(row->name + len - 5, "_base") == 0)
			rig_settings(&b->rig, RIG_SETTINGS({ section, row->name, url }));
	}
}

void bench_front(struct bench *b)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *folder = arena_printf(a, "%s/front", b->rig.folder);
	const int port = free_port();

	(void)snprintf(b->platforms_url, sizeof(b->platforms_url), "%s", b->rig.sandbox_url);
	if (!b->is_tls)
		return;
	start_front(b, folder, port);
	(void)snprintf(b->platforms_url, sizeof(b->platforms_url), "https://127.0.0.1:%d", port);
	rig_settings(&b->rig,
		     RIG_SETTINGS({ "net", "ca_file", arena_printf(a, "%s/ca.pem", folder) }));
	for (int i = 0; i < b->rig.platforms_n; i++) {
		move_section(b, b->rig.platforms[i].name, "");
		move_section(b, b->rig.platforms[i].name, ".test");
	}
}

void bench_front_stop(struct bench *b)
{
	if (b->front <= 0)
		return;
	(void)kill(b->front, SIGTERM);
	(void)waitpid(b->front, NULL, 0);
}

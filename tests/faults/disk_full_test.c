/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that are really full: journal and media stand on file systems of some hundred kilobytes,
 * filled to the last one. Nothing is sent that the journal does not know, it is told, nothing is
 * lost or doubled, and it goes on by itself as soon as there is room. Mounts; skipped where nobody
 * may.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "media/store.h"
#include "rig.h"
#include "store/health.h"
#include "support/suite.h"

#define SKIPPED     77
#define PATIENCE_MS 60000
#define DISK        "size=256k"
#define POSTS       4
#define TRIES       3 /* of a post; far fewer than a disk that stays full costs */

static struct rig rig;
static char journal[128], media[128];

static void mount_small(const char *path)
{
	(void)mkdir(path, 0700);
	if (mount("small", path, "tmpfs", MS_NODEV | MS_NOSUID, DISK) == 0)
		return;
	fprintf(stderr, "disk_full: skipped: no small file system can be mounted (%s)\n",
		strerrordesc_np(errno));
	rig_stop(&rig);
	exit(SKIPPED);
}

/* In a namespace of this program: what it mounts ends with it. */
static void enter_namespace(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return;
	fprintf(stderr, "disk_full: skipped: no mount namespace (%s)\n", strerrordesc_np(errno));
	exit(SKIPPED);
}

static void before(void)
{
	char roomy[160];

	enter_namespace();
	rig_start(&rig);
	(void)snprintf(journal, sizeof(journal), "%s/small_journal", rig.folder);
	(void)snprintf(media, sizeof(media), "%s/small_media", rig.folder);
	(void)snprintf(roomy, sizeof(roomy), "%s/roomy.ini", rig.folder);
	mount_small(journal);
	mount_small(media);
	rig_vary(rig.config_path, roomy, RIG_SETTINGS({ NULL, NULL, NULL }));
	rig_settings(&rig, RIG_SETTINGS({ "publish", "journal_folder", journal },
					{ "publish", "disk_free_min_mb", "0" },
					{ "publish", "tries_max", "3" }));
}

static void after(void)
{
	(void)umount2(journal, MNT_DETACH);
	(void)umount2(media, MNT_DETACH);
	rig_stop(&rig);
}

static void filler_path(const char *folder, char ret[static 160])
{
	(void)snprintf(ret, 160, "%s/filler", folder);
}

/* Not a byte is left. */
static void fill(const char *folder)
{
	static const char block[4096];
	char path[160];
	int fd;

	filler_path(folder, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	ck_assert_int_eq(errno, ENOSPC);
	(void)close(fd);
}

static void make_room(const char *folder)
{
	char path[160];

	filler_path(folder, path);
	(void)unlink(path);
}

static void setup(void)
{
	rig_reset(&rig);
	make_room(journal);
	make_room(media);
}

static bool is_told(void)
{
	return rig_number(&rig, "SELECT COUNT(*) FROM runners WHERE trouble = 'journal'") > 0;
}

static void wait_until_told(void)
{
	for (int i = 0; i < PATIENCE_MS / 20 && !is_told(); i++)
		rig_sleep_ms(20);
	ck_assert(is_told());
}

static void check_health(bool is_well)
{
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	struct health h;
	struct problem p = { .kind = PROBLEM_NONE };
	const char *trouble;

	rig_need(store_health_read(db, &h, &p), &p);
	trouble = store_health_trouble(&h);
	ck_assert_msg(is_well ? trouble == NULL : trouble && strstr(trouble, "journal"), "%s",
		      trouble ? trouble : "nothing is told");
}

static void make_posts(const char *what, char (*ids)[ID_MAX], char (*captions)[40])
{
	for (int i = 0; i < POSTS; i++) {
		(void)snprintf(captions[i], 40, "%s %d", what, i);
		rig_post(&rig, i % RIG_ACCOUNTS, captions[i], 500, ids[i]);
	}
}

static void check_published(char (*ids)[ID_MAX], char (*captions)[40])
{
	for (int i = 0; i < POSTS; i++) {
		for (int w = 0; w < PATIENCE_MS / 20 && rig_state(&rig, ids[i]) != POST_PUBLISHED;
		     w++)
			rig_sleep_ms(20);
		ck_assert_int_eq(rig_state(&rig, ids[i]), POST_PUBLISHED);
		ck_assert_int_eq(rig_effects(&rig, captions[i]), 1);
	}
}

static void stop(pid_t runner)
{
	ck_assert_int_eq(kill(runner, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
}

START_TEST(journal_without_room_holds_posts_back)
{
	char ids[POSTS][ID_MAX], captions[POSTS][40];
	pid_t runner;

	fill(journal);
	make_posts("no room", ids, captions);
	runner = rig_runner(&rig, NULL, NULL);
	wait_until_told();
	rig_wait_beats(&rig, 2 * TRIES);
	check_health(false);
	ck_assert_int_eq(rig_calls(&rig, "media_publish"), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'failed'"), 0);
	/* Once it was tried for real; from then on nobody takes a permit that he cannot use. */
	ck_assert_int_le(rig_number(&rig, "SELECT COUNT(*) FROM attempts"), POSTS);
	make_room(journal);
	check_published(ids, captions);
	check_health(true);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE last_read_at IS NOT "
					  "NULL OR live IS NOT NULL"),
			 0);
	stop(runner);
}
END_TEST

/* Full from one moment to the next, with posts staged; a host with room takes them over. */
START_TEST(another_host_publishes_what_this_one_cannot)
{
	const struct rig full = rig;
	char ids[POSTS][ID_MAX], captions[POSTS][40];
	pid_t stuck, other;

	fill(journal);
	make_posts("elsewhere", ids, captions);
	stuck = rig_runner(&rig, NULL, NULL);
	wait_until_told();
	(void)snprintf(rig.config_path, sizeof(rig.config_path), "%.100s/roomy.ini", rig.folder);
	other = rig_runner(&rig, NULL, NULL);
	check_published(ids, captions);
	rig = full;
	stop(stuck);
	stop(other);
}
END_TEST

START_TEST(media_without_room_are_refused_whole)
{
	CLEANUP(media_file_free) struct media_file *f = NULL;
	struct config full = *rig.config;
	struct problem p = { .kind = PROBLEM_NONE };
	char path[200];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/picture.jpg", rig.folder);
	ck_assert_int_eq(stat(path, &st), 0);
	full.media_folder = media;
	fill(media);
	ck_assert_int_lt(media_take(&full, path, 0, st.st_size, &f, &p), 0);
	ck_assert_ptr_null(f);
	ck_assert_int_eq(p.kind, PROBLEM_INTERNAL);
	make_room(media);
	ck_assert_int_eq(media_take(&full, path, 0, st.st_size, &f, &p), 0);
	ck_assert_int_eq(media_keep(&full, RIG_WORKSPACE, f, &p), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ journal_without_room_holds_posts_back, 0 },
		{ another_host_publishes_what_this_one_cannot, 0 },
		{ media_without_room_are_refused_whole, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "disk_full",
					.before = before,
					.after = after,
					.setup = setup,
					.timeout_s = 180,
					.cases = cases };

	return suite_run(&suite);
}

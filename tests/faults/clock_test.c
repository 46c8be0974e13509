/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks that step by hours under a running runner: its host's, or the database's. The steps are
 * seen by that one process alone (tests/support/stepclock.c). No fire moves with them: due times are
 * the database's, as it told them before, carried on by the boot clock.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"

#define SKIPPED     77
#define PATIENCE_MS 60000
#define BEATS       2

static struct rig rig;
static char library[512];
static volatile int64_t *host_us, *database_us; /* what their clocks are off by */

static const int64_t steps_us[] = { 3 * US_PER_HOUR, -3 * US_PER_HOUR };

/* The file of one process's clock; the variable names it to whatever is started from now on. */
static volatile int64_t *make_clock(char path[static 64])
{
	int64_t zero = 0;
	void *at;
	int fd;

	(void)snprintf(path, 64, "/tmp/carillon-clock.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, &zero, sizeof(zero)) != sizeof(zero))
		exit(EXIT_FAILURE);
	at = mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (at == MAP_FAILED)
		exit(EXIT_FAILURE);
	(void)setenv("STEPCLOCK_FILE", path, 1);
	return at;
}

static void before(void)
{
	const char *folder = getenv("CARILLON_BUILD");
	char path[64];

	(void)snprintf(library, sizeof(library), "%s/tests/support/stepclock.so",
		       folder ? folder : ".");
	if (access(library, R_OK) < 0) {
		fprintf(stderr, "clock: skipped: %s is not built\n", library);
		exit(SKIPPED);
	}
	database_us = make_clock(path);
	(void)setenv("CARILLON_TEST_PRELOAD", library, 1);
	rig_start(&rig);
	(void)unlink(path);
	host_us = make_clock(path);
}

static void after(void)
{
	*database_us = 0;
	rig_stop(&rig);
	(void)unlink(getenv("STEPCLOCK_FILE"));
}

static void setup(void)
{
	*database_us = *host_us = 0;
	rig_reset(&rig);
}

static pid_t start_runner(void)
{
	const char *asan = getenv("ASAN_OPTIONS");
	char options[300];
	pid_t pid;

	/* A sanitizer wants to be the first that is loaded. */
	(void)snprintf(options, sizeof(options), "%s:verify_asan_link_order=0", asan ? asan : "");
	(void)setenv("ASAN_OPTIONS", options, 1);
	(void)setenv("LD_PRELOAD", library, 1);
	pid = rig_runner(&rig, NULL, NULL);
	(void)unsetenv("LD_PRELOAD");
	return pid;
}

static void stop(pid_t runner)
{
	ck_assert_int_eq(kill(runner, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(runner, PATIENCE_MS), 0);
}

static void wait_until(const char *sql)
{
	for (int i = 0; i < PATIENCE_MS / 20 && rig_number(&rig, sql) <= 0; i++)
		rig_sleep_ms(20);
	ck_assert_msg(rig_number(&rig, sql) > 0, "never so: %s", sql);
}

#define IS_TOLD "SELECT COUNT(*) FROM runners WHERE trouble = 'clock'"

/* It is told, and stays told: nothing more is claimed. */
static void check_standstill(const char *untouched)
{
	wait_until(IS_TOLD);
	rig_wait_beats(&rig, BEATS);
	ck_assert_int_eq(rig_number(&rig, IS_TOLD), 1);
	ck_assert_int_eq(rig_post_number(&rig, untouched, "fence = 0 AND attempts = 0"), 1);
}

static void wait_published(const char *id, const char *caption)
{
	for (int i = 0; i < PATIENCE_MS / 20 && rig_state(&rig, id) != POST_PUBLISHED; i++)
		rig_sleep_ms(20);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
}

#define US_OF(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"

static void check_not_early(const char *id, const char *caption)
{
	char text[40];

	(void)rig_object_text(&rig, caption, "t_us", text, sizeof(text));
	ck_assert_int_ge(strtoll(text, NULL, 10), rig_post_number(&rig, id, US_OF("due_at")));
	ck_assert_int_ge(
		rig_numberf(&rig, "SELECT fired_late_us FROM attempts WHERE post_id = '%s'", id),
		0);
}

START_TEST(step_of_the_host_moves_no_fire)
{
	char ids[RIG_ACCOUNTS][ID_MAX], captions[RIG_ACCOUNTS][40], fresh[ID_MAX], name[40];
	const pid_t runner = start_runner();

	for (int i = 0; i < RIG_ACCOUNTS; i++) {
		(void)snprintf(captions[i], sizeof(captions[i]), "host %d.%d", _i, i);
		rig_post(&rig, i, captions[i], 3000, ids[i]);
	}
	wait_until("SELECT COUNT(*) = 2 FROM posts WHERE state IN ('staged', 'published')");
	*host_us = steps_us[_i];
	(void)snprintf(name, sizeof(name), "host %d fresh", _i);
	wait_until(IS_TOLD);
	rig_post(&rig, 0, name, -500, fresh);
	for (int i = 0; i < RIG_ACCOUNTS; i++) {
		wait_published(ids[i], captions[i]);
		check_not_early(ids[i], captions[i]);
	}
	check_standstill(fresh);
	*host_us = 0;
	wait_published(fresh, name);
	stop(runner);
}
END_TEST

/* By that clock both are due. The one is staged and waits in the runner, the other in its row. */
START_TEST(jump_of_the_database_fires_nothing_early)
{
	char staged[ID_MAX], queued[ID_MAX], fresh[ID_MAX], name[40];
	const int fires = rig_calls(&rig, "media_publish");
	const pid_t runner = start_runner();

	rig_post(&rig, 0, "staged", 300000, staged);
	rig_post(&rig, 1, "queued", 7200000, queued);
	wait_until("SELECT COUNT(*) FROM posts WHERE state = 'staged'");
	*database_us = steps_us[_i];
	check_standstill(queued);
	ck_assert_int_eq(rig_calls(&rig, "media_publish"), fires);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts"), 0);
	*database_us = 0;
	(void)snprintf(name, sizeof(name), "database %d fresh", _i);
	rig_post(&rig, 1, name, -500, fresh);
	wait_published(fresh, name);
	ck_assert_int_eq(rig_effects(&rig, "staged") + rig_effects(&rig, "queued"), 0);
	stop(runner);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ step_of_the_host_moves_no_fire, (int)ARRAY_LEN(steps_us) },
		{ jump_of_the_database_fires_nothing_early, (int)ARRAY_LEN(steps_us) },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "clock",
					.before = before,
					.after = after,
					.setup = setup,
					.timeout_s = 240,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner is killed at every crash point; whatever it leaves behind, the post is published
 * exactly once in the end and no state along the way was a lie.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static struct rig rig;

struct crash_row {
	const char *plan;  /* of the runner that is to die */
	const char *fault; /* of the sandbox; NULL none */
	int dies;          /* 0: the point injects an error, the runner lives on */
};

static const char drop_after[] =
	"{\"platform\":\"instagram\",\"point\":\"publish.commit_then_drop_connection\"}";
static const char drop_before[] =
	"{\"platform\":\"instagram\",\"point\":\"publish.drop_before_commit\"}";

static const struct crash_row rows[] = {
	{ "F01_before_claim 1 kill\n", NULL, 1 },
	{ "F02_after_claim 1 kill\n", NULL, 1 },
	{ "F05_reply_received 1 kill\n", NULL, 1 },
	{ "F05_reply_received 2 kill\n", NULL, 1 },
	{ "F05_reply_received 3 kill\n", NULL, 1 },
	{ "F06_handle_received 1 kill\n", NULL, 1 },
	{ "F06_handle_received 2 kill\n", NULL, 1 },
	{ "F10_before_commit 1 kill\n", NULL, 1 },
	{ "F10_before_commit 2 kill\n", NULL, 1 },
	{ "F10_before_commit 3 kill\n", NULL, 1 },
	{ "F10_before_commit 4 kill\n", NULL, 1 },
	{ "F10_before_commit 5 kill\n", NULL, 1 },
	{ "F10_before_commit 6 kill\n", NULL, 1 },
	{ "F11_after_commit 1 kill\n", NULL, 1 },
	{ "F11_after_commit 2 kill\n", NULL, 1 },
	{ "F11_after_commit 3 kill\n", NULL, 1 },
	{ "F11_after_commit 4 kill\n", NULL, 1 },
	{ "F11_after_commit 5 kill\n", NULL, 1 },
	{ "F11_after_commit 6 kill\n", NULL, 1 },
	{ "F12_journal_write 1 kill\n", NULL, 1 },
	{ "F12_journal_write 1 errno:28\n", NULL, 0 },
	{ "F13_journal_written 1 kill\n", NULL, 1 },
	{ "F14_before_send 1 kill\n", NULL, 1 },
	{ "F18_answer_received 1 kill\n", NULL, 1 },
	{ "F18_answer_received 1 kill\n", drop_after, 1 },
	{ "F18_answer_received 1 kill\n", drop_before, 1 },
	{ "F27_within_journal_append 1 kill\n", NULL, 1 },
	/* It wakes up past its deadline: the call must not leave any more. */
	{ "F14_before_send 1 stop:1500\n", NULL, 0 },
	/* Stopped on the way out: the kernel ends it at the deadline. */
	{ "F13_before_connect 1 kill\n", NULL, 1 },
	{ "F14_before_prereq 1 kill\n", NULL, 1 },
	{ "F14_before_prereq 1 stop:1500\n", NULL, 1 },
	{ "F16_sent_whole 1 kill\n", NULL, 1 },
};

static void setup(void)
{
	rig_reset(&rig);
}

static void check_honest(const char *id, const char *caption)
{
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM attempts WHERE post_id = '%s' AND "
				     "state = 'effect'",
				     id),
			 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM attempts WHERE post_id = '%s' AND "
				     "state IN ('sent', 'in_doubt')",
				     id),
			 0);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM events WHERE subject_id = '%s' AND type "
				     "IN ('post.published', 'post.failed', 'post.unconfirmed')",
				     id),
			 1);
}

START_TEST(killed_runner_leaves_one_post)
{
	const struct crash_row *row = &rows[_i];
	char id[ID_MAX], caption[64];
	int died;

	(void)snprintf(caption, sizeof(caption), "crash %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	if (row->fault)
		rig_fault(&rig, row->fault);
	died = rig_once(&rig, row->plan);
	ck_assert_int_eq(died, (row->dies ? -SIGKILL : 0));
	ck_assert_int_ne(rig_state(&rig, id), POST_FAILED);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* Killed while it makes up for an earlier kill. */
static const char *const second_plans[] = {
	"F02_after_claim 1 kill\n",    "F10_before_commit 1 kill\n", "F11_after_commit 1 kill\n",
	"F11_after_commit 2 kill\n",   "F22_reading 1 kill\n",       "F23_before_verdict 1 kill\n",
	"F05_reply_received 1 kill\n",
};

START_TEST(killed_recovery_leaves_one_post)
{
	char id[ID_MAX], caption[64];
	const int64_t until_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;
	int died = 0;

	(void)snprintf(caption, sizeof(caption), "recovery %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	ck_assert_int_eq(rig_once(&rig, "F13_journal_written 1 kill\n"), -SIGKILL);
	while (died == 0 && clock_boot_us() < until_us && rig_state(&rig, id) != POST_PUBLISHED) {
		died = rig_once(&rig, second_plans[_i]);
		rig_sleep_ms(50);
	}
	ck_assert_int_eq(died, -SIGKILL);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* Killed while it renews a token that the platform has refused. */
static const char *const renewal_plans[] = { "F08_refresh_sent 1 kill\n",
					     "F08_refresh_sent 2 kill\n",
					     "F09_refresh_answer 1 kill\n" };

START_TEST(killed_renewal_is_made_again)
{
	char id[ID_MAX], caption[64];
	int died = 0;

	(void)snprintf(caption, sizeof(caption), "renewal %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"token.expire_now\","
			"\"match\":{\"endpoint\":\"media_create\"}}");
	for (int i = 0; i < 20 && died == 0; i++)
		died = rig_once(&rig, renewal_plans[_i]);
	ck_assert_int_eq(died, -SIGKILL);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM account_refreshes WHERE "
					  "lease_until > UTC_TIMESTAMP()"),
			 1);
	database_run(&rig.database, "UPDATE account_refreshes SET lease_until = "
				    "UTC_TIMESTAMP(3) - INTERVAL 1 SECOND");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_honest(id, caption);
}
END_TEST

/* The list of crash points against what really fired in this run. */
START_TEST(every_crash_point_fires)
{
	static const char *const names[] = {
#define FAILPOINT(name, mends) #name,
#include "publish/failpoints.def"
#undef FAILPOINT
	};
	char path[160], line[128];
	bool seen[ARRAY_LEN(names)] = { false };
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s.hits", rig.plan_path);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			seen[i] |= strcmp(line, names[i]) == 0;
	}
	(void)fclose(f);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_msg(seen[i], "%s was never reached", names[i]);
}
END_TEST

static void open_rig(void)
{
	rig_start(&rig);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ killed_runner_leaves_one_post, (int)ARRAY_LEN(rows) },
		{ killed_recovery_leaves_one_post, (int)ARRAY_LEN(second_plans) },
		{ killed_renewal_is_made_again, (int)ARRAY_LEN(renewal_plans) },
		{ every_crash_point_fires, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "crash",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	if (!rig_has_failpoints()) {
		fprintf(stderr, "crash_test: skipped, built without --enable-failpoints\n");
		return 77;
	}
	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A runner's loop: what it lets be under way at once, and what it does while the database writes. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/conn.h"
#include "db/stmt.h"
#include "rig.h"
#include "support/suite.h"

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "500" }));
}

static void see_arrivals(void *arg, const json_t *entry, const char *line)
{
	int64_t *us = arg;
	const char *event = json_string_value(json_object_get(entry, "event"));
	const int i = us[0] != 0;

	(void)line;
	if (event && strcmp(event, "created") == 0)
		us[i] = json_integer_value(json_object_get(entry, "arrived_us"));
}

/* Two accounts, so it is not the lane that holds the second one back. */
START_TEST(no_more_calls_than_allowed_are_under_way)
{
	int64_t us[2] = { 0, 0 };
	char id[2][ID_MAX];
	pid_t runner;

	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "1" }));
	for (int i = 0; i < 2; i++)
		rig_post(&rig, i, "one by one", 5000, id[i]);
	runner = rig_runner(&rig, NULL, NULL);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'staged'") < 2)
		rig_sleep_ms(20);
	rig_sandbox(&rig, "/_control/config", "{\"latency_ms\":600}");
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 2)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
	rig_truth_each(&rig, see_arrivals, us);
	ck_assert_int_gt(us[0], 0);
	ck_assert_int_ge(us[1] - us[0], 600 * US_PER_MS);
}
END_TEST

/*
 * Somebody holds the row of the first attempt: its outcome waits for it in the database. The second answer
 * comes meanwhile: prepared at once, written by the turn after.
 */
START_TEST(answers_that_come_while_a_turn_is_written_are_the_next_turns)
{
	static const struct stmt hold = {
		"hold", STMT_WORKSPACE, "ss",
		"SELECT 1 FROM attempts WHERE workspace_id = ? AND post_id = ? FOR UPDATE", NULL
	};
	static const char open_fires[] = "SELECT COUNT(*) FROM attempts WHERE state = 'sent'";
	static const char *const captions[] = { "early", "late" };
	struct db *other = database_open(&rig.database);
	struct problem p = { .kind = PROBLEM_NONE };
	struct rows *r = NULL;
	char id[2][ID_MAX];
	pid_t runner;

	for (int i = 0; i < 2; i++)
		rig_post(&rig, i, captions[i], 3000 + i * 200, id[i]);
	runner = rig_runner(&rig, NULL, NULL);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'staged'") < 2)
		rig_sleep_ms(20);
	rig_sandbox(&rig, "/_control/config", "{\"latency_ms\":600}");
	while (rig_number(&rig, open_fires) < 2)
		rig_sleep_ms(2);
	rig_need(db_begin(other, &p), &p);
	rig_need(db_query_one(other, &hold, &r, &p, RIG_WORKSPACE, id[0]) == 1 ? 0 : -1, &p);
	rows_end(r);
	rig_sleep_ms(1200);
	db_rollback(other);
	db_free(other);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 2)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_effects(&rig, captions[i]), 1);
		ck_assert_int_eq(rig_post_number(&rig, id[i], "attempts"), 1);
		/* None had to be looked for. */
		ck_assert_int_eq(
			rig_numberf(&rig,
				    "SELECT COUNT(*) FROM attempts WHERE post_id = '%s' "
				    "AND state = 'effect' AND evidence NOT LIKE '%%doubt%%'",
				    id[i]),
			1);
	}
	ck_assert_int_eq(
		rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = 'post.published'"), 2);
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
		{ no_more_calls_than_allowed_are_under_way, 0 },
		{ answers_that_come_while_a_turn_is_written_are_the_next_turns, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "turn",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 60,
					.cases = cases };

	return suite_run(&suite);
}

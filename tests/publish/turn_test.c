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
#include "support/slowdisk.h"
#include "support/suite.h"

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "500" }));
}

/* A runner that has staged n posts, and the calls from then on. */
static pid_t stage_then_slow(int64_t n, const char *latency)
{
	const pid_t runner = rig_runner(&rig, NULL, NULL);

	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'staged'") < n)
		rig_sleep_ms(20);
	rig_sandbox(&rig, "/_control/config", latency);
	return runner;
}

struct arrivals {
	const char *caption;
	int64_t us[16];
	int n;
};

static void gather_arrivals(void *arg, const json_t *entry, const char *line)
{
	struct arrivals *a = arg;
	const char *event = json_string_value(json_object_get(entry, "event"));

	if (event && strcmp(event, "created") == 0 && strstr(line, a->caption) && a->n < 16)
		a->us[a->n++] = json_integer_value(json_object_get(entry, "arrived_us"));
}

/* Two accounts, so it is not the lane that holds the second one back. */
START_TEST(no_more_calls_than_allowed_are_under_way)
{
	struct arrivals a = { .caption = "one by one" };
	char id[2][ID_MAX];
	pid_t runner;

	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "1" }));
	for (int i = 0; i < 2; i++)
		rig_post(&rig, i, a.caption, 5000, id[i]);
	runner = stage_then_slow(2, "{\"latency_ms\":600}");
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 2)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
	rig_truth_each(&rig, gather_arrivals, &a);
	ck_assert_int_eq(a.n, 2);
	ck_assert_int_ge(a.us[1] - a.us[0], 600 * US_PER_MS);
}
END_TEST

static const struct stmt hold = {
	"hold", STMT_WORKSPACE, "ss",
	"SELECT 1 FROM attempts WHERE workspace_id = ? AND post_id = ? FOR UPDATE", NULL
};

/* Whatever is written of that attempt waits until the connection is freed, or 5 s. */
static struct db *hold_attempt(const char *id)
{
	struct db *db = database_open(&rig.database);
	struct problem p = { .kind = PROBLEM_NONE };
	struct rows *r = NULL;

	rig_need(db_begin(db, &p), &p);
	rig_need(db_query_one(db, &hold, &r, &p, RIG_WORKSPACE, id) == 1 ? 0 : -1, &p);
	rows_end(r);
	return db;
}

/*
 * Somebody holds the row of the first attempt: its outcome waits for it in the database. The second answer
 * comes meanwhile: prepared at once, written by the turn after.
 */
START_TEST(answers_that_come_while_a_turn_is_written_are_the_next_turns)
{
	static const char open_fires[] = "SELECT COUNT(*) FROM attempts WHERE state = 'sent'";
	static const char *const captions[] = { "early", "late" };
	char id[2][ID_MAX];
	struct db *other;
	pid_t runner;

	for (int i = 0; i < 2; i++)
		rig_post(&rig, i, captions[i], 3000 + i * 200, id[i]);
	runner = stage_then_slow(2, "{\"latency_ms\":600}");
	while (rig_number(&rig, open_fires) < 2)
		rig_sleep_ms(2);
	other = hold_attempt(id[0]);
	rig_sleep_ms(1200);
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

#define HELD_MS 12000 /* the write is tried four times, for 5 s each */

/*
 * Of five calls at once one is a fire and three may stage, beginning with the account's limit. The outcome
 * of the fire cannot be written for a while; the last three of six leave all the same, each in the place
 * of one that has ended.
 */
START_TEST(calls_that_are_ready_leave_while_a_turn_is_written)
{
	const int64_t until_us = clock_boot_us() + (HELD_MS + 20000) * US_PER_MS;
	char id[ID_MAX], next[ID_MAX];
	int64_t held_us;
	struct db *other;
	pid_t runner;

	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "5" },
					{ "net", "fire_timeout_ms", "10000" },
					{ "net", "stage_timeout_ms", "10000" }));
	rig_post(&rig, 0, "held up", 3000, id);
	runner = stage_then_slow(1, "{\"latency_ms\":2000}");
	while (rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'sent'") < 1 &&
	       clock_boot_us() < until_us)
		rig_sleep_ms(2);
	other = hold_attempt(id);
	held_us = clock_boot_us();
	for (int i = 0; i < 6; i++)
		rig_post(&rig, 1, "beside it", 30000, next);
	while (rig_calls(&rig, "publishing_limit") < 7 &&
	       clock_boot_us() < held_us + HELD_MS * US_PER_MS)
		rig_sleep_ms(20);
	ck_assert_int_ge(rig_calls(&rig, "publishing_limit"), 7);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'sent'"), 1);
	db_free(other);
	rig_expect(&rig, id, POST_PUBLISHED, 20000);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 20000), 0);
	ck_assert_int_eq(rig_effects(&rig, "held up"), 1);
}
END_TEST

/* The outcome of the first cannot be written for a while; the second is claimed all the same. */
START_TEST(posts_are_claimed_while_a_turn_is_written)
{
	static const char waits[] =
		"SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
	char id[ID_MAX], next[ID_MAX];
	int64_t until_us;
	struct db *other;
	pid_t runner;

	rig_post(&rig, 0, "kept waiting", 3000, id);
	runner = stage_then_slow(1, "{\"latency_ms\":1000}");
	while (rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'sent'") < 1)
		rig_sleep_ms(2);
	other = hold_attempt(id);
	while (rig_number(&rig, waits) < 1)
		rig_sleep_ms(200); /* asked sooner, the server repeats itself */
	rig_post(&rig, 1, "meanwhile", 1000, next);
	until_us = clock_boot_us() + HELD_MS * US_PER_MS;
	while (rig_post_number(&rig, next, "owner IS NOT NULL") == 0 && clock_boot_us() < until_us)
		rig_sleep_ms(20);
	ck_assert_int_eq(rig_post_number(&rig, next, "owner IS NOT NULL"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'sent'"), 1);
	db_free(other);
	rig_expect(&rig, id, POST_PUBLISHED, 20000);
	rig_expect(&rig, next, POST_PUBLISHED, 20000);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 20000), 0);
	ck_assert_int_eq(rig_effects(&rig, "kept waiting"), 1);
}
END_TEST

/*
 * Ten posts stage, four at once at most, beginning with the account's limit, when another is permitted. The
 * disk takes long to make sure of that permit: further calls leave all the same, but not the permitted one.
 */
START_TEST(calls_go_on_while_the_journal_is_synced)
{
	static const char sent[] = "SELECT COUNT(*) FROM attempts WHERE state = 'sent'";
	struct slowdisk disk;
	char id[ID_MAX], next[ID_MAX];
	pid_t runner;
	int before;

	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "5" },
					{ "publish", "send_deadline_ms", "60000" },
					{ "publish", "lease_s", "60" },
					{ "net", "stage_timeout_ms", "10000" }));
	slowdisk_make(&disk);
	slowdisk_enter(&disk);
	rig_post(&rig, 0, "made sure of", 5000, id);
	runner = stage_then_slow(1, "{\"latency_ms\":1500}");
	slowdisk_leave();
	disk.numbers->longer_us = HELD_MS * US_PER_MS;
	while (rig_number(&rig, "SELECT due_at > NOW(6) + INTERVAL 1 SECOND FROM posts") == 1)
		rig_sleep_ms(10);
	for (int i = 0; i < 10; i++)
		rig_post(&rig, 1, "beside it", 40000, next);
	while (rig_number(&rig, sent) < 1)
		rig_sleep_ms(2);
	before = rig_calls(&rig, "publishing_limit");
	while (rig_calls(&rig, "publishing_limit") < before + 2 &&
	       rig_effects(&rig, "made sure of") == 0)
		rig_sleep_ms(20);
	ck_assert_int_eq(rig_effects(&rig, "made sure of"), 0);
	ck_assert_int_eq(disk.numbers->slowed, 0);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 1)
		rig_sleep_ms(50);
	disk.numbers->longer_us = 0;
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 20000), 0);
	ck_assert_int_eq(rig_effects(&rig, "made sure of"), 1);
}
END_TEST

/* The first is permitted when the runner does not know its disk yet, some of the others well ahead. */
START_TEST(permits_are_asked_for_sooner_on_a_slow_disk)
{
	struct slowdisk disk;
	char id[ID_MAX];
	pid_t runner;

	slowdisk_make(&disk);
	disk.numbers->longer_us = 400 * US_PER_MS;
	for (int i = 0; i < 4; i++)
		rig_post(&rig, i % 2, "in good time", 4000 + i * 2000, id);
	slowdisk_enter(&disk);
	runner = rig_runner(&rig, NULL, NULL);
	slowdisk_leave();
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 4)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
	ck_assert_int_gt(rig_number(&rig,
				    "SELECT MAX(TIMESTAMPDIFF(MICROSECOND, a.sent_at, p.due_at)) "
				    "FROM posts p JOIN attempts a ON a.post_id = p.id"),
			 300 * US_PER_MS);
}
END_TEST

/*
 * Two are held at once: five are of three claims. Were there half a second between two of them, as when
 * nothing is due, no five would arrive within one.
 */
START_TEST(a_place_that_becomes_free_is_filled_at_once)
{
	struct arrivals a = { .caption = "one of ten" };
	int64_t least_us = INT64_MAX;
	char id[ID_MAX];
	pid_t runner;

	rig_settings(&rig, RIG_SETTINGS({ "publish", "in_flight", "1" }));
	for (int i = 0; i < 10; i++)
		rig_post(&rig, i % 2, a.caption, 1000, id);
	runner = rig_runner(&rig, NULL, NULL);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'") < 10)
		rig_sleep_ms(50);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
	rig_truth_each(&rig, gather_arrivals, &a);
	ck_assert_int_eq(a.n, 10);
	for (int i = 4; i < a.n; i++) {
		if (a.us[i] - a.us[i - 4] < least_us)
			least_us = a.us[i] - a.us[i - 4];
	}
	ck_assert_int_lt(least_us, 450 * US_PER_MS);
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
		{ calls_that_are_ready_leave_while_a_turn_is_written, 0 },
		{ posts_are_claimed_while_a_turn_is_written, 0 },
		{ calls_go_on_while_the_journal_is_synced, 0 },
		{ permits_are_asked_for_sooner_on_a_slow_disk, 0 },
		{ a_place_that_becomes_free_is_filled_at_once, 0 },
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

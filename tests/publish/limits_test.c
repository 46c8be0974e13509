/* SPDX-License-Identifier: Apache-2.0 */
/* Posts wait for what a platform allows, and for a platform that does not answer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "db/conn.h"
#include "rig.h"
#include "store/limits.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static const struct rig_platform x = {
	.name = "twitter",
	.settings = "pause_fallback_s = 600\nposts_per_15_minutes = 2\napp_posts_per_day = 3\n",
};

static struct rig rig;
static struct db *db;
static struct problem why;

static void setup(void)
{
	rig_reset(&rig);
	db = database_open(&rig.database);
}

static void teardown(void)
{
	db_free(db);
}

static void post(int account, const char *caption, char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_TEXT, .caption = caption };

	rig_post_content(&rig, account, &in, -500, ret);
}

static void publish(int account, const char *caption)
{
	char id[ID_MAX];

	post(account, caption, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
}

/* Runs until the post says what it waits for. */
static void until_it_waits(const char *id, const char *words)
{
	char expression[160];
	const int64_t until_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;

	(void)snprintf(expression, sizeof(expression), "COALESCE(waiting_for = '%s', 0)", words);
	while (rig_post_number(&rig, id, expression) != 1) {
		ck_assert_msg(clock_boot_us() < until_us, "it never waits for \"%s\"", words);
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	}
	ck_assert_int_eq(rig_post_number(&rig, id, "next_attempt_at > UTC_TIMESTAMP(3)"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "state IN ('staging', 'staged')"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 0);
}

static void let_time_pass(void)
{
	database_run(&rig.database, "UPDATE budgets SET window_at = window_at - INTERVAL 2 DAY, "
				    "closed_until = NULL");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) "
				    "WHERE waiting_for IS NOT NULL");
}

START_TEST(post_beyond_the_accounts_budget_waits)
{
	char id[ID_MAX];

	publish(0, "first of two");
	publish(0, "second of two");
	post(0, "third of two", id);
	until_it_waits(id, "X\\'s limit for this account");
	ck_assert_int_eq(rig_effects(&rig, "third of two"), 0);
	publish(1, "another account");
	let_time_pass();
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "third of two"), 1);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "waiting_for IS NULL AND tries = 0 AND attempts = 1"), 1);
}
END_TEST

START_TEST(post_beyond_the_apps_budget_waits)
{
	char id[ID_MAX];

	publish(0, "one of three");
	publish(0, "two of three");
	publish(1, "three of three");
	post(1, "four of three", id);
	until_it_waits(id, "X\\'s limit for this server\\'s app");
	/* What the account's own budget had given is given back. */
	ck_assert_int_eq(rig_number(&rig, "SELECT SUM(used) FROM budgets WHERE subject <> ''"), 3);
	let_time_pass();
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
}
END_TEST

START_TEST(wait_ends_with_the_accounts_late_policy)
{
	char id[ID_MAX];

	publish(0, "kept first");
	publish(0, "kept second");
	post(0, "too late then", id);
	until_it_waits(id, "X\\'s limit for this account");
	database_run(&rig.database, "UPDATE posts SET due_at = due_at - INTERVAL 2 DAY, "
				    "wake_at = UTC_TIMESTAMP(3) WHERE waiting_for IS NOT NULL");
	rig_expect(&rig, id, POST_MISSED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "too late then"), 0);
}
END_TEST

START_TEST(what_one_post_is_told_the_others_need_not_ask)
{
	char id[ID_MAX], other[ID_MAX];
	int calls;

	post(0, "told", id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"rate.429\","
			"\"match\":{\"endpoint\":\"tweets\"}}");
	rig_expect(&rig, id, POST_RETRYING, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM budgets WHERE name = 'told' "
					  "AND closed_until > UTC_TIMESTAMP(3)"),
			 1);
	calls = rig_calls(&rig, "tweets");
	post(0, "not asked", other);
	until_it_waits(other, "X\\'s limit for this account");
	ck_assert_int_eq(rig_calls(&rig, "tweets"), calls);
}
END_TEST

START_TEST(platform_that_does_not_answer_is_left_alone_until_a_reading_is)
{
	char id[ID_MAX];
	int calls;

	database_run(&rig.database,
		     "INSERT INTO breakers (platform, livemode, class, failures, opened_at, "
		     "probe_at) SELECT platform, livemode, 'publish', 5, UTC_TIMESTAMP(3), "
		     "UTC_TIMESTAMP(3) + INTERVAL 1 HOUR FROM accounts LIMIT 1");
	calls = rig_calls(&rig, "tweets");
	post(0, "breaker", id);
	until_it_waits(id, "X is not answering");
	ck_assert_int_eq(rig_calls(&rig, "tweets"), calls);
	database_run(&rig.database, "UPDATE breakers SET probe_at = UTC_TIMESTAMP(3)");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "breaker"), 1);
	ck_assert_int_eq(rig_calls(&rig, "tweets"), calls + 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM breakers WHERE failures > 0"), 0);
}
END_TEST

START_TEST(faults_in_a_row_open_the_breaker)
{
	char id[ID_MAX];

	post(0, "opens", id);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"net.close_before\",\"times\":1,"
			"\"match\":{\"endpoint\":\"tweets\"}}");
	database_run(&rig.database,
		     "INSERT INTO breakers (platform, livemode, class, failures) "
		     "SELECT platform, livemode, 'publish', 4 FROM accounts LIMIT 1");
	(void)rig_until(&rig, id, 1u << POST_CONFIRMING | RIG_OVER, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM breakers WHERE class = 'publish' "
					  "AND failures >= 5 OR opened_at IS NOT NULL"),
			 1);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "opens"), 1);
}
END_TEST

static struct limit_row row_of(struct arena *a, const char *name)
{
	struct limit_row *list = NULL;
	size_t n = 0;

	ck_assert_int_eq(store_limits_list(db, a, &list, &n, &why), 0);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) == 0)
			return list[i];
	}
	return (struct limit_row){ .until_us = INSTANT_NONE };
}

START_TEST(budget_gives_what_it_has_in_each_window)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct budget_key key = { "twitter", "counted", "acc_1", true };
	bool is_given = false;

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(store_limits_take(db, &key, 60, 3, &is_given, &why), 0);
		ck_assert_int_eq(is_given, i < 3);
	}
	ck_assert_int_ne(row_of(a, "counted").until_us, INSTANT_NONE);
	ck_assert_int_eq(rig_number(&rig, "SELECT used FROM budgets WHERE name = 'counted'"), 3);
	ck_assert_int_eq(store_limits_give_back(db, &key, &why), 0);
	ck_assert_int_eq(store_limits_take(db, &key, 60, 3, &is_given, &why), 0);
	ck_assert(is_given);
	database_run(&rig.database, "UPDATE budgets SET window_at = window_at - INTERVAL 1 MINUTE");
	ck_assert_int_eq(store_limits_take(db, &key, 60, 3, &is_given, &why), 0);
	ck_assert(is_given);
	ck_assert_int_eq(rig_number(&rig, "SELECT used FROM budgets WHERE name = 'counted'"), 1);
}
END_TEST

START_TEST(breaker_opens_probes_once_and_closes_on_trial)
{
	const struct breaker_key key = { "twitter", true, BREAKER_READ, "" };
	const struct breaker_key other = { "twitter", true, BREAKER_READ, "https://a.example" };
	CLEANUP(arena_free) struct arena *a = arena_new();
	bool is_mine = true;

	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(store_limits_fault(db, &key, 3, 60, &why), 0);
		ck_assert_int_eq(row_of(a, "read").failures, i);
		ck_assert_int_eq(row_of(a, "read").until_us != INSTANT_NONE, i == 3);
	}
	ck_assert_int_eq(store_limits_answer(db, &key, &why), 0);
	ck_assert_int_eq(row_of(a, "read").failures, 3);
	ck_assert_int_eq(store_limits_half_open(db, &other, 3, &why), 0); /* another one's */
	ck_assert_int_ne(row_of(a, "read").until_us, INSTANT_NONE);
	ck_assert_int_eq(store_limits_probe(db, &key, 60, &is_mine, &why), 0);
	ck_assert(!is_mine);
	database_run(&rig.database, "UPDATE breakers SET probe_at = UTC_TIMESTAMP(3)");
	ck_assert_int_eq(store_limits_probe(db, &key, 60, &is_mine, &why), 0);
	ck_assert(is_mine);
	ck_assert_int_eq(store_limits_probe(db, &key, 60, &is_mine, &why), 0);
	ck_assert(!is_mine);
	ck_assert_int_eq(store_limits_half_open(db, &key, 3, &why), 0);
	ck_assert_int_eq(row_of(a, "read").until_us, INSTANT_NONE);
	ck_assert_int_eq(store_limits_fault(db, &key, 3, 60, &why), 0);
	ck_assert_int_ne(row_of(a, "read").until_us, INSTANT_NONE);
}
END_TEST

static void open_rig(void)
{
	rig_start_with(&rig, &x);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ budget_gives_what_it_has_in_each_window, 0 },
		{ breaker_opens_probes_once_and_closes_on_trial, 0 },
		{ post_beyond_the_accounts_budget_waits, 0 },
		{ post_beyond_the_apps_budget_waits, 0 },
		{ wait_ends_with_the_accounts_late_policy, 0 },
		{ what_one_post_is_told_the_others_need_not_ask, 0 },
		{ platform_that_does_not_answer_is_left_alone_until_a_reading_is, 0 },
		{ faults_in_a_row_open_the_breaker, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "limits",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.teardown = teardown,
					.timeout_s = 120,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The life of tokens: one renewal at a time, answers that get lost, and the warning before the end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "store/tokens.h"
#include "support/suite.h"

#define PATIENCE_MS 60000

static const struct rig_platform platforms[] = {
	{ .name = "tiktok" },  { .name = "pinterest" }, { .name = "twitter" },
	{ .name = "youtube" }, { .name = "bluesky" },
};
/* Calls that a renewal takes: login servers of Bluesky name their nonce first. */
static const int calls_needed[ARRAY_LEN(platforms)] = { 1, 1, 1, 1, 2 };

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
	/* What case before ended the access of, too. */
	database_run(&rig.database, "UPDATE accounts SET expiry_told_at = NULL, "
				    "expires_at = UTC_TIMESTAMP(3) + INTERVAL 100 DAY");
}

/* The first account of a platform of the list above, or the second one. */
static const char *account(int platform, int i)
{
	return rig.accounts[platform * RIG_ACCOUNTS + i];
}

static int64_t generation(const char *id)
{
	return rig_numberf(&rig,
			   "SELECT generation FROM account_tokens WHERE kind = 'access' AND "
			   "account_id = '%s'",
			   id);
}

/* Calls of the platform's token endpoint that reached the sandbox. */
static int calls(int platform)
{
	char name[40];
	json_t *state = rig_control(&rig, "/_control/state", NULL);
	int n;

	(void)snprintf(name, sizeof(name), "%s token", platforms[platform].name);
	n = (int)json_integer_value(json_object_get(json_object_get(state, "endpoints"), name));
	json_decref(state);
	return n;
}

static void fault(int platform, const char *point, const char *params)
{
	char json[300];

	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"%s\",\"point\":\"%s\",\"params\":{%s},\"match\":"
		       "{\"endpoint\":\"token\"}}",
		       platforms[platform].name, point, params);
	rig_fault(&rig, json);
}

START_TEST(two_runners_renew_once)
{
	const char *id = account(_i, 0);
	const int before = calls(_i);
	const int64_t was = generation(id);
	pid_t runners[2];

	rig_renew(&rig, id);
	fault(_i, "latency", "\"ms\":3000");
	for (int i = 0; i < 2; i++)
		runners[i] = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(rig_wait(runners[i], PATIENCE_MS), 0);
	ck_assert_int_eq(calls(_i) - before, calls_needed[_i]);
	ck_assert_int_eq(generation(id) - was, 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM account_refreshes WHERE owner IS NULL "
				     "AND failures = 0 AND next_at > UTC_TIMESTAMP() "
				     "AND account_id = '%s'",
				     id),
			 1);
}
END_TEST

START_TEST(answer_without_a_refresh_token_keeps_the_old_one)
{
	const char *id = account(2, 0);
	const int64_t was = generation(id);

	database_run(&rig.database, "UPDATE account_tokens SET expires_at = UTC_TIMESTAMP(3) + "
				    "INTERVAL 50 DAY WHERE kind = 'refresh'");
	fault(2, "token.no_refresh", "");
	rig_renew(&rig, id);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(generation(id) - was, 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM account_tokens WHERE kind = 'refresh' "
				     "AND LENGTH(sealed) > 0 AND account_id = '%s'",
				     id),
			 1);
	/* The account's access ends with the token that is kept, not with the short one. */
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT expires_at > UTC_TIMESTAMP() + INTERVAL 49 DAY FROM "
				     "accounts WHERE id = '%s'",
				     id),
			 1);
}
END_TEST

/* Google's answers never carry one. */
START_TEST(google_keeps_its_refresh_token)
{
	const char *id = account(3, 0);

	for (int i = 0; i < 2; i++) {
		const int64_t was = generation(id);

		rig_renew(&rig, id);
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
		ck_assert_int_eq(generation(id) - was, 1);
	}
	ck_assert_int_eq(
		rig_numberf(&rig, "SELECT status = 'connected' FROM accounts WHERE id = '%s'", id),
		1);
}
END_TEST

/* Where the old refresh token lives on for a while, the second call gets what the first one lost. */
START_TEST(lost_answer_is_made_up_for_where_the_old_token_lives)
{
	const char *id = account(1, 0);
	const int64_t was = generation(id);

	fault(1, "net.rst_after", "");
	rig_renew(&rig, id);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(generation(id), was);
	rig_renew(&rig, id);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(generation(id) - was, 1);
	ck_assert_int_eq(
		rig_numberf(&rig, "SELECT status = 'connected' FROM accounts WHERE id = '%s'", id),
		1);
}
END_TEST

/* A rotated token whose successor was lost is dead: said once, and never asked again. */
static const struct {
	int platform;
	const char *point;
} lost[] = { { 0, "oauth.rotate_then_drop" },
	     { 2, "token.drop_after_commit" },
	     { 4, "token.drop_after_commit" } };

START_TEST(lost_answer_of_a_rotation_asks_for_a_new_connection)
{
	const char *id = account(lost[_i].platform, 1);
	int before;

	fault(lost[_i].platform, lost[_i].point, "");
	for (int i = 0; i < 2; i++) {
		rig_renew(&rig, id);
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	}
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT status = 'expired' AND status_reason IS NOT NULL FROM "
				     "accounts WHERE id = '%s'",
				     id),
			 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(*) FROM events WHERE type = "
				     "'account.needs_reconnect' AND subject_id = '%s'",
				     id),
			 1);
	before = calls(lost[_i].platform);
	rig_renew(&rig, id);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(calls(lost[_i].platform), before);
}
END_TEST

static int64_t warnings(const char *id)
{
	return rig_numberf(&rig,
			   "SELECT COUNT(*) FROM events WHERE type = 'account.expiring' AND "
			   "JSON_VALUE(data, '$.expires_at') IS NOT NULL AND subject_id = '%s'",
			   id);
}

static void ends_in(const char *id, int hours)
{
	char sql[600];

	(void)snprintf(sql, sizeof(sql),
		       "UPDATE accounts SET expires_at = UTC_TIMESTAMP(3) + INTERVAL %d HOUR "
		       "WHERE id = '%s'",
		       hours, id);
	database_run(&rig.database, sql);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
}

START_TEST(end_of_access_is_told_once_a_week_ahead)
{
	const char *id = account(0, 0);

	ends_in(id, 8 * 24);
	ck_assert_int_eq(warnings(id), 0);
	ends_in(id, 6 * 24);
	ck_assert_int_eq(warnings(id), 1);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(warnings(id), 1);
	ends_in(id, 5 * 24); /* another end */
	ck_assert_int_eq(warnings(id), 2);
}
END_TEST

START_TEST(renewal_ahead_of_the_end_makes_the_warning_needless)
{
	const char *id = account(0, 0);

	rig_renew(&rig, id);
	database_run(&rig.database,
		     "UPDATE account_refreshes SET next_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY");
	ends_in(id, 2 * 24);
	ck_assert_int_eq(warnings(id), 0);
	database_run(&rig.database, "UPDATE account_refreshes SET failures = 3");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(warnings(id), 1);
}
END_TEST

/* Its login server lets it renew until the end, and no longer. */
START_TEST(renewal_that_does_not_put_off_the_end_averts_no_warning)
{
	const char *id = account(4, 0);

	rig_renew(&rig, id);
	ends_in(id, 6 * 24);
	ck_assert_int_eq(warnings(id), 1);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT expires_at < UTC_TIMESTAMP() + INTERVAL 7 DAY FROM "
				     "accounts WHERE id = '%s'",
				     id),
			 1);
	rig_renew(&rig, id);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(warnings(id), 1);
}
END_TEST

/* A doubt that only a new token lets be read; not one that a runner has in hand. */
START_TEST(renewal_wakes_the_doubt_that_waits_for_it)
{
	static const struct {
		const char *row;
		bool is_woken;
	} posts[] = {
		{ "state = 'confirming', error_code = 'token_expired'", true },
		{ "state = 'retrying', error_code = 'token_expired'", true },
		{ "state = 'confirming', error_code = 'token_expired', owner = 'a runner'", false },
		{ "state = 'confirming', error_code = 'network_error'", false },
	};
	char ids[ARRAY_LEN(posts)][ID_MAX], sql[300];
	struct problem p = { .kind = PROBLEM_NONE };
	struct app app;

	for (size_t i = 0; i < ARRAY_LEN(posts); i++) {
		rig_post(&rig, 4 * RIG_ACCOUNTS, "awaited", 7200000, ids[i]);
		(void)snprintf(sql, sizeof(sql),
			       "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR, %s "
			       "WHERE id = '%s'",
			       posts[i].row, ids[i]);
		database_run(&rig.database, sql);
	}
	rig_app(&rig, &app);
	rig_need(store_tokens_wake(app.db, RIG_WORKSPACE, account(4, 0), &p), &p);
	rig_app_done(&app);
	for (size_t i = 0; i < ARRAY_LEN(posts); i++)
		ck_assert_int_eq(rig_post_number(&rig, ids[i], "wake_at <= UTC_TIMESTAMP(3)"),
				 posts[i].is_woken);
}
END_TEST

static void open_rig(void)
{
	rig_start_all(&rig, platforms, (int)ARRAY_LEN(platforms));
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ two_runners_renew_once, (int)ARRAY_LEN(platforms) },
		{ answer_without_a_refresh_token_keeps_the_old_one, 0 },
		{ google_keeps_its_refresh_token, 0 },
		{ lost_answer_is_made_up_for_where_the_old_token_lives, 0 },
		{ lost_answer_of_a_rotation_asks_for_a_new_connection, (int)ARRAY_LEN(lost) },
		{ end_of_access_is_told_once_a_week_ahead, 0 },
		{ renewal_ahead_of_the_end_makes_the_warning_needless, 0 },
		{ renewal_that_does_not_put_off_the_end_averts_no_warning, 0 },
		{ renewal_wakes_the_doubt_that_waits_for_it, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "token",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

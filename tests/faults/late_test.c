/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No runner for three hours, and then one: what each account asked for happens to what is late, in
 * the order of its times, at a distance, every account for itself; and what was missed is told and
 * can be brought back. Three hours are times in the past; the spacing is a second instead of sixty.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "publish/engine.h"
#include "rig.h"
#include "store/posts.h"
#include "support/suite.h"

#define PATIENCE_MS  60000
#define ACCOUNTS     (2 * RIG_ACCOUNTS)
#define LATE_POSTS   6
#define SPACING_US   US_PER_S /* late_spacing_s of the rig */
#define PERMIT_AHEAD (100 * US_PER_MS)

static struct rig rig;

static const struct rig_platform platforms[] = { { .name = "instagram" }, { .name = "twitter" } };

/* So many minutes ago it was due. */
static const int minutes[LATE_POSTS] = { 13 * 60, 175, 100, 50, 10, 3 };

struct policy_row {
	const char *on_late;
	int within;
	enum post_state states[LATE_POSTS];
};

static const struct policy_row policies[ACCOUNTS] = {
	{ "skip",
	  60,
	  { POST_MISSED, POST_MISSED, POST_MISSED, POST_PUBLISHED, POST_PUBLISHED,
	    POST_PUBLISHED } },
	{ "ask",
	  60,
	  { POST_PAUSED, POST_PAUSED, POST_PAUSED, POST_PUBLISHED, POST_PUBLISHED,
	    POST_PUBLISHED } },
	{ "publish",
	  60,
	  { POST_MISSED, POST_PUBLISHED, POST_PUBLISHED, POST_PUBLISHED, POST_PUBLISHED,
	    POST_PUBLISHED } },
	{ "skip",
	  720,
	  { POST_MISSED, POST_PUBLISHED, POST_PUBLISHED, POST_PUBLISHED, POST_PUBLISHED,
	    POST_PUBLISHED } },
};

static void setup(void)
{
	rig_reset(&rig);
}

static int64_t events_of(const char *id, const char *type)
{
	return rig_numberf(&rig,
			   "SELECT COUNT(*) FROM events WHERE subject_id = '%s' AND type = '%s'",
			   id, type);
}

static void post_to(int account, const char *caption, int64_t due_ms, char ret[static ID_MAX])
{
	struct rig_content in = { .kind = CONTENT_TEXT, .caption = caption };

	if (account < RIG_ACCOUNTS) {
		in.kind = CONTENT_IMAGE;
		in.media[0] = rig.media_id;
	}
	rig_post_content(&rig, account, &in, due_ms, ret);
}

static void set_policy(int account, const char *on_late, int within)
{
	char sql[240];

	(void)snprintf(sql, sizeof(sql),
		       "UPDATE accounts SET on_late = '%s', publish_within_minutes = %d "
		       "WHERE id = '%s'",
		       on_late, within, rig.accounts[account]);
	database_run(&rig.database, sql);
}

/* As a post that nobody looked at since then. */
static void make_late(const char *id, int by_minutes)
{
	char sql[300];

	(void)snprintf(sql, sizeof(sql),
		       "UPDATE posts SET due_at = UTC_TIMESTAMP(3) - INTERVAL %d MINUTE, wake_at = "
		       "UTC_TIMESTAMP(3) - INTERVAL %d MINUTE - INTERVAL 900 SECOND "
		       "WHERE id = '%s'",
		       by_minutes, by_minutes, id);
	database_run(&rig.database, sql);
}

/* Of the account's attempts. */
static int64_t of_account(int account, const char *expression, const char *further)
{
	return rig_numberf(&rig,
			   "SELECT %s FROM (SELECT t.seq, t.sent_at, TIMESTAMPDIFF(MICROSECOND, "
			   "LAG(t.sent_at) OVER (ORDER BY p.due_at), t.sent_at) gap "
			   "FROM attempts t JOIN posts p ON p.id = t.post_id "
			   "WHERE t.account_id = '%s') a WHERE %s",
			   expression, rig.accounts[account], further);
}

#define US_OF(x) "CAST(UNIX_TIMESTAMP(" x ") * 1000000 AS INTEGER)"

static void check_order(int account)
{
	/* In the order of their times, or a distance would be negative. */
	ck_assert_int_ge(of_account(account, "MIN(gap)", "TRUE"), SPACING_US - PERMIT_AHEAD);
	ck_assert_int_eq(of_account(account, "COUNT(*)", "seq > 1"), 0);
}

/* Nobody waited for the other to be through. */
static void check_side_by_side(int a, int b)
{
	const int64_t a_first = of_account(a, US_OF("MIN(sent_at)"), "TRUE");
	const int64_t a_last = of_account(a, US_OF("MAX(sent_at)"), "TRUE");
	const int64_t b_first = of_account(b, US_OF("MIN(sent_at)"), "TRUE");
	const int64_t b_last = of_account(b, US_OF("MAX(sent_at)"), "TRUE");

	ck_assert_int_lt(a_first, b_last);
	ck_assert_int_lt(b_first, a_last);
}

static void check_one(const char *id, const char *caption, enum post_state state)
{
	ck_assert_int_eq(rig_state(&rig, id), state);
	ck_assert_int_eq(rig_effects(&rig, caption), state == POST_PUBLISHED);
	ck_assert_int_eq(events_of(id, "post.missed"), state == POST_MISSED);
	if (state == POST_MISSED)
		ck_assert_int_eq(
			rig_post_number(&rig, id, "error_code = 'missed' AND wake_at IS NULL"), 1);
	if (state == POST_PAUSED)
		ck_assert_int_eq(
			rig_post_number(&rig, id,
					"reason = 'late' AND wake_at IS NOT NULL AND ABS("
					"TIMESTAMPDIFF(SECOND, due_at, wake_at) - 86400) < 2"),
			1);
}

static bool is_over(void)
{
	return rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state NOT IN ('published', "
				"'missed', 'paused', 'failed')") == 0;
}

START_TEST(three_hours_without_a_runner_follow_each_account)
{
	char ids[ACCOUNTS][LATE_POSTS][ID_MAX], captions[ACCOUNTS][LATE_POSTS][40];
	const int64_t end_us = clock_boot_us() + PATIENCE_MS * US_PER_MS;

	for (int a = 0; a < ACCOUNTS; a++) {
		set_policy(a, policies[a].on_late, policies[a].within);
		/* Made the other way round: their times count, not their ids. */
		for (int i = LATE_POSTS - 1; i >= 0; i--) {
			(void)snprintf(captions[a][i], sizeof(captions[a][i]), "late %d.%d", a, i);
			post_to(a, captions[a][i], 3600000 + (a * LATE_POSTS + i) * 1000,
				ids[a][i]);
			make_late(ids[a][i], minutes[i]);
		}
	}
	while (!is_over() && clock_boot_us() < end_us)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	for (int a = 0; a < ACCOUNTS; a++) {
		for (int i = 0; i < LATE_POSTS; i++)
			check_one(ids[a][i], captions[a][i], policies[a].states[i]);
		check_order(a);
		for (int b = 0; b < a; b++)
			check_side_by_side(a, b);
	}
}
END_TEST

/* A late one that cannot go out now does not hold its account's others for ever. */
START_TEST(late_post_that_must_wait_does_not_block_other_accounts)
{
	char first[ID_MAX], second[ID_MAX];

	set_policy(0, "publish", 60);
	set_policy(2, "publish", 60);
	post_to(0, "held", 60000, first);
	post_to(2, "free", 60000, second);
	make_late(first, 30);
	make_late(second, 20);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"create.5xx\",\"times\":3,"
			"\"match\":{\"endpoint\":\"media_create\"}}");
	rig_expect(&rig, second, POST_PUBLISHED, PATIENCE_MS);
	rig_expect(&rig, first, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "held"), 1);
	ck_assert_int_eq(rig_effects(&rig, "free"), 1);
}
END_TEST

START_TEST(unanswered_question_is_missed_after_its_day_and_told)
{
	char id[ID_MAX];

	set_policy(0, "ask", 60);
	post_to(0, "asked", 60000, id);
	make_late(id, 120);
	rig_expect(&rig, id, POST_PAUSED, PATIENCE_MS);
	ck_assert_int_eq(rig_once(&rig, NULL), 0); /* its day is not over */
	ck_assert_int_eq(rig_state(&rig, id), POST_PAUSED);
	ck_assert_int_eq(events_of(id, "post.missed"), 0);
	database_run(&rig.database, "UPDATE posts SET due_at = due_at - INTERVAL 1 DAY, "
				    "wake_at = wake_at - INTERVAL 1 DAY");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_MISSED, PATIENCE_MS), POST_MISSED);
	ck_assert_int_eq(events_of(id, "post.missed"), 1);
	ck_assert_int_eq(rig_effects(&rig, "asked"), 0);
}
END_TEST

static int patch(const char *id, unsigned given, int64_t due_ms, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct post_patch in = { .id = id,
				       .given = given,
				       .due = { .us = clock_real_us() + due_ms * US_PER_MS },
				       .stage_lead_s = 900 };
	struct post got;

	return store_posts_patch(db, RIG_WORKSPACE, &in, a, &got, reterr);
}

static const struct {
	const char *on_late;
	enum post_state state;
	unsigned given;
} revivals[] = {
	{ "skip", POST_MISSED, POST_CHANGE_REVIVE | POST_CHANGE_TIME },
	{ "ask", POST_PAUSED, POST_CHANGE_REVIVE | POST_CHANGE_TIME },
	{ "skip", POST_MISSED, POST_CHANGE_REVIVE | POST_CHANGE_IMMEDIATE },
	{ "ask", POST_PAUSED, POST_CHANGE_REVIVE | POST_CHANGE_IMMEDIATE },
};

START_TEST(what_was_late_can_be_brought_back)
{
	struct problem p = { .kind = PROBLEM_NONE };
	char id[ID_MAX], caption[40];

	(void)snprintf(caption, sizeof(caption), "revived %d", _i);
	set_policy(0, revivals[_i].on_late, 60);
	post_to(0, caption, 60000, id);
	make_late(id, 120);
	rig_expect(&rig, id, revivals[_i].state, PATIENCE_MS);
	ck_assert_int_eq(patch(id, POST_CHANGE_REVIVE, 0, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_PAST);
	ck_assert_msg(patch(id, revivals[_i].given, 1500, &p) == 0, "%s", p.detail);
	ck_assert_int_eq(events_of(id, "post.scheduled"), 2);
	ck_assert_int_eq(rig_post_number(&rig, id, "reason IS NULL AND error_code IS NULL"), 1);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
}
END_TEST

START_TEST(missed_post_can_be_published_now)
{
	struct problem p = { .kind = PROBLEM_NONE };
	enum post_state state = POST_QUEUED;
	struct engine *e = NULL;
	struct app app;
	char id[ID_MAX];

	post_to(0, "now then", 60000, id);
	make_late(id, 120);
	rig_expect(&rig, id, POST_MISSED, PATIENCE_MS);
	rig_app(&rig, &app);
	rig_need(engine_open(&app, &e, &p), &p);
	ck_assert_msg(engine_publish_one(e, RIG_WORKSPACE, id, clock_boot_us() + 60 * US_PER_S,
					 &state, &p) == 0,
		      "%s", p.detail);
	ck_assert_int_eq(state, POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "now then"), 1);
	engine_free(e);
	rig_app_done(&app);
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
		{ three_hours_without_a_runner_follow_each_account, 0 },
		{ late_post_that_must_wait_does_not_block_other_accounts, 0 },
		{ unanswered_question_is_missed_after_its_day_and_told, 0 },
		{ what_was_late_can_be_brought_back, (int)ARRAY_LEN(revivals) },
		{ missed_post_can_be_published_now, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "late",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 180,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "publish/engine.h"
#include "rig.h"
#include "support/suite.h"

/* Longer than a case may take: whoever sits it out fails. */
#define LONG_MS 120000

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
}

static int64_t of_attempt(const char *id, const char *expression)
{
	return rig_numberf(&rig, "SELECT %s FROM attempts WHERE post_id = '%s'", expression, id);
}

START_TEST(due_post_is_published_once_with_its_address)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "first light", -1000, id);
	rig_expect(&rig, id, POST_PUBLISHED, 15000);
	ck_assert_int_eq(rig_effects(&rig, "first light"), 1);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "remote_id IS NOT NULL AND remote_url IS NOT NULL"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "published_at IS NOT NULL AND wake_at IS NULL"),
			 1);
	ck_assert_int_eq(
		rig_post_number(&rig, id, "owner IS NULL AND attempts = 1 AND error_code IS NULL"),
		1);
	ck_assert_int_eq(of_attempt(id, "state = 'effect' AND settled_at IS NOT NULL"), 1);
	ck_assert_int_eq(
		rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = 'post.published'"), 1);
	ck_assert_int_eq(
		rig_number(&rig, "SELECT COUNT(*) FROM contents WHERE state = 'published'"), 1);
}
END_TEST

START_TEST(post_leaves_on_its_instant)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "on the second", 3000, id);
	rig_expect(&rig, id, POST_PUBLISHED, 15000);
	ck_assert_int_ge(of_attempt(id, "fired_late_us"), 0);
	ck_assert_int_lt(of_attempt(id, "fired_late_us"), 50000);
}
END_TEST

START_TEST(missed_time_follows_the_account)
{
	static const struct {
		const char *on_late;
		enum post_state state;
		int effects;
	} rows[] = {
		{ "skip", POST_MISSED, 0 },
		{ "ask", POST_PAUSED, 0 },
		{ "publish", POST_PUBLISHED, 1 },
	};
	char id[ID_MAX], sql[160];

	(void)snprintf(sql, sizeof(sql), "UPDATE accounts SET on_late = '%s'", rows[_i].on_late);
	database_run(&rig.database, sql);
	rig_post(&rig, 0, rows[_i].on_late, 60000, id);
	database_run(&rig.database, "UPDATE posts SET due_at = due_at - INTERVAL 2 HOUR, "
				    "wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, rows[_i].state, 15000);
	ck_assert_int_eq(rig_effects(&rig, rows[_i].on_late), rows[_i].effects);
	if (rows[_i].state == POST_PAUSED)
		ck_assert_int_eq(
			rig_post_number(&rig, id, "reason = 'late' AND wake_at > UTC_TIMESTAMP()"),
			1);
	if (rows[_i].state == POST_MISSED)
		ck_assert_int_eq(
			rig_post_number(&rig, id, "error_code = 'missed' AND wake_at IS NULL"), 1);
}
END_TEST

START_TEST(unanswered_question_is_missed)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "asked", 60000, id);
	database_run(&rig.database, "UPDATE posts SET state = 'paused', reason = 'late', "
				    "wake_at = UTC_TIMESTAMP(3)");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_MISSED, 5000), POST_MISSED);
	ck_assert_int_eq(rig_effects(&rig, "asked"), 0);
}
END_TEST

START_TEST(backlog_is_spaced_and_in_order)
{
	char id[3][ID_MAX];

	for (int i = 0; i < 3; i++)
		rig_post(&rig, 0, "backlog", 60000 + i * 1000, id[i]);
	database_run(&rig.database, "UPDATE posts SET due_at = due_at - INTERVAL 5 MINUTE, "
				    "wake_at = UTC_TIMESTAMP(3)");
	for (int i = 0; i < 3; i++)
		rig_expect(&rig, id[i], POST_PUBLISHED, 15000);
	ck_assert_int_ge(rig_number(&rig, "SELECT MIN(gap) FROM (SELECT TIMESTAMPDIFF(MICROSECOND, "
					  "LAG(t.sent_at) OVER (ORDER BY p.due_at), t.sent_at) gap "
					  "FROM attempts t JOIN posts p ON p.id = t.post_id) g"),
			 990000);
}
END_TEST

START_TEST(neighbours_of_one_account_go_one_by_one)
{
	char id[4][ID_MAX];

	for (int i = 0; i < 4; i++)
		rig_post(&rig, i / 2, "neighbours", 2500, id[i]);
	for (int i = 0; i < 4; i++)
		rig_expect(&rig, id[i], POST_PUBLISHED, 15000);
	ck_assert_int_eq(rig_effects(&rig, "neighbours"), 4);
	/* Within a lane the next permit is given after the last call has been settled. */
	ck_assert_int_eq(rig_number(&rig,
				    "SELECT COUNT(*) FROM attempts a JOIN attempts b "
				    "ON a.account_id = b.account_id AND a.post_id <> b.post_id "
				    "AND b.sent_at BETWEEN a.sent_at AND a.settled_at"),
			 0);
}
END_TEST

START_TEST(posts_of_an_account_that_fires_elsewhere_do_not_all_ask)
{
	/* A version rises by two when a permit is written and taken back. */
	static const char asks[] = "SELECT SUM(version) DIV 2 FROM posts WHERE state = 'staged'";
	char id[ID_MAX];
	int64_t first, since_us;
	pid_t runner;

	rig_post(&rig, 0, "elsewhere", 3600000, id);
	database_run(
		&rig.database,
		"INSERT IGNORE INTO attempts (workspace_id, post_id, seq, account_id, state, "
		"host) SELECT workspace_id, id, 1, account_id, 'sent', 'elsewhere' FROM posts");
	for (int i = 0; i < 20; i++)
		rig_post(&rig, 0, "here", 3000, id);
	runner = rig_runner(&rig, NULL, NULL);
	while (rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'staged'") < 20)
		rig_sleep_ms(50);
	for (first = rig_number(&rig, asks); rig_number(&rig, asks) == first;)
		rig_sleep_ms(50);
	since_us = clock_boot_us();
	rig_sleep_ms(1500);
	ck_assert_int_le(rig_number(&rig, asks) - first,
			 3 + (clock_boot_us() - since_us) / (100 * US_PER_MS));
	database_run(&rig.database, "DELETE FROM attempts WHERE host = 'elsewhere'");
	(void)rig_until(&rig, id, RIG_OVER, LONG_MS);
	ck_assert_int_eq(kill(runner, SIGTERM) + rig_wait(runner, 10000), 0);
}
END_TEST

START_TEST(two_runners_share_without_doubling)
{
	char id[8][ID_MAX], caption[32];
	pid_t pid[3];

	for (int i = 0; i < 8; i++) {
		(void)snprintf(caption, sizeof(caption), "shared %d", i);
		rig_post(&rig, i % 2, caption, 1000 + i * 100, id[i]);
	}
	for (int i = 0; i < 3; i++)
		pid[i] = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_wait(pid[i], 30000), 0);
	for (int i = 0; i < 8; i++) {
		(void)snprintf(caption, sizeof(caption), "shared %d", i);
		rig_expect(&rig, id[i], POST_PUBLISHED, 15000);
		ck_assert_int_eq(rig_effects(&rig, caption), 1);
		ck_assert_int_eq(rig_post_number(&rig, id[i], "attempts"), 1);
	}
}
END_TEST

START_TEST(successor_takes_over_without_a_gap)
{
	char id[3][ID_MAX];
	pid_t first = rig_runner(&rig, NULL, NULL), second;

	for (int i = 0; i < 3; i++)
		rig_post(&rig, 0, "handover", 1500 + i * 1500, id[i]);
	rig_sleep_ms(1800);
	second = rig_runner(&rig, NULL, NULL);
	ck_assert_int_eq(rig_wait(first, 10000), 0);
	rig_sleep_ms(4500);
	ck_assert_int_eq(kill(second, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(second, 10000), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_state(&rig, id[i]), POST_PUBLISHED);
		ck_assert_int_lt(of_attempt(id[i], "fired_late_us"), 500000);
	}
	ck_assert_int_eq(rig_effects(&rig, "handover"), 3);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM runners WHERE stopped_at IS NULL"),
			 0);
}
END_TEST

START_TEST(unapproved_content_stays_here)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "unapproved", -500, id);
	database_run(&rig.database, "UPDATE contents SET revision = revision + 1, state = 'draft'");
	rig_expect(&rig, id, POST_PAUSED, 10000);
	ck_assert_int_eq(rig_post_number(&rig, id, "reason = 'approval_voided'"), 1);
	ck_assert_int_eq(rig_effects(&rig, "unapproved"), 0);
}
END_TEST

START_TEST(expired_account_keeps_its_posts_waiting)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "expired", -500, id);
	database_run(&rig.database, "UPDATE accounts SET status = 'expired'");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_RETRYING, 10000), POST_RETRYING);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"error_code = 'token_expired' AND error_who = 'account_owner'"),
		1);
	database_run(&rig.database, "UPDATE accounts SET status = 'connected'");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, 10000);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code IS NULL"), 1);
}
END_TEST

/* A claim that finds nothing passes the point too: the 2nd time is the one for suspects. */
static const char *const deadly[] = { "F02_after_claim 1 kill\n", "F02_after_claim 1 kill\n",
				      "F02_after_claim 2 kill\n", "F02_after_claim 2 kill\n",
				      "F02_after_claim 2 kill\n", "F02_after_claim 2 kill\n" };

static void die_often(void)
{
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
		ck_assert_int_eq(rig_once(&rig, deadly[i]), -SIGKILL);
		database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	}
}

START_TEST(post_that_kills_its_runners_is_set_aside)
{
	char id[ID_MAX];

	if (!rig_has_failpoints())
		return;
	rig_post(&rig, 0, "poison", -500, id);
	die_often();
	rig_expect(&rig, id, POST_FAILED, 10000);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"reason = 'quarantined' AND error_code = 'unknown_error' AND "
				"error_message LIKE 'Set aside:%'"),
		1);
	ck_assert_int_eq(rig_effects(&rig, "poison"), 0);
}
END_TEST

START_TEST(death_of_a_runner_is_not_held_against_the_neighbours)
{
	char id[ID_MAX], caption[32];

	if (!rig_has_failpoints())
		return;
	for (int i = 0; i < 5; i++) {
		(void)snprintf(caption, sizeof(caption), "neighbour %d", i);
		rig_post(&rig, i % RIG_ACCOUNTS, caption, -500, id);
	}
	die_often();
	(void)rig_once(&rig, NULL);
	ck_assert_int_ge(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'published'"),
			 4);
}
END_TEST

/* publish-now, in this process as in a worker of the pool. */
struct pool {
	struct app app;
	struct engine *engine;
};

static void pool_open(struct pool *p)
{
	struct problem why;

	rig_app(&rig, &p->app);
	p->engine = NULL;
	ck_assert_int_eq(engine_open(&p->app, &p->engine, &why), 0);
}

static void pool_close(struct pool *p)
{
	engine_free(p->engine);
	rig_app_done(&p->app);
}

static int now(struct pool *p, const char *id, int wait_ms, enum post_state *ret,
	       struct problem *why)
{
	return engine_publish_one(p->engine, RIG_WORKSPACE, id,
				  clock_boot_us() + wait_ms * US_PER_MS, ret, why);
}

START_TEST(publish_now_answers_with_the_outcome)
{
	char id[ID_MAX];
	enum post_state s = POST_QUEUED;
	struct problem why = { .kind = PROBLEM_NONE };
	struct pool p;

	pool_open(&p);
	rig_post(&rig, 0, "at once", 3600000, id);
	ck_assert_msg(now(&p, id, LONG_MS, &s, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(s, POST_PUBLISHED);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHED);
	ck_assert_int_eq(now(&p, id, LONG_MS, &s, &why), 0);
	ck_assert_int_eq(s, POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "at once"), 1);
	pool_close(&p);
}
END_TEST

START_TEST(publish_now_past_its_wait_is_settled_later)
{
	char id[ID_MAX];
	enum post_state s = POST_QUEUED;
	struct problem why = { .kind = PROBLEM_NONE };
	struct pool p;

	pool_open(&p);
	rig_post(&rig, 0, "slow answer", 3600000, id);
	rig_fault(&rig,
		  "{\"platform\":\"instagram\",\"point\":\"latency\",\"params\":{\"ms\":1000},"
		  "\"match\":{\"endpoint\":\"media_publish\"}}");
	ck_assert_int_eq(now(&p, id, 700, &s, &why), 0);
	ck_assert_int_eq(s, POST_PUBLISHING);
	ck_assert(engine_is_busy(p.engine));
	engine_settle(p.engine);
	ck_assert(!engine_is_busy(p.engine));
	rig_expect(&rig, id, POST_PUBLISHED, 10000);
	ck_assert_int_eq(rig_effects(&rig, "slow answer"), 1);
	pool_close(&p);
}
END_TEST

START_TEST(publish_now_past_its_wait_leaves_staging_to_the_runner)
{
	char id[ID_MAX];
	enum post_state s = POST_QUEUED;
	struct problem why = { .kind = PROBLEM_NONE };
	struct pool p;

	pool_open(&p);
	rig_post(&rig, 0, "slow stage", 3600000, id);
	rig_fault(&rig,
		  "{\"platform\":\"instagram\",\"point\":\"latency\",\"params\":{\"ms\":1000},"
		  "\"match\":{\"endpoint\":\"media_create\"}}");
	ck_assert_int_eq(now(&p, id, 300, &s, &why), 0);
	ck_assert_int_eq(s, POST_STAGING);
	ck_assert(!engine_is_busy(p.engine));
	rig_expect(&rig, id, POST_PUBLISHED, 10000);
	ck_assert_int_eq(rig_effects(&rig, "slow stage"), 1);
	pool_close(&p);
}
END_TEST

START_TEST(publish_now_races_the_runner_once)
{
	char id[ID_MAX], caption[32];
	enum post_state s = POST_QUEUED;
	struct problem why = { .kind = PROBLEM_NONE };
	struct pool p;
	pid_t pid;

	(void)snprintf(caption, sizeof(caption), "race %d", _i);
	pool_open(&p);
	rig_post(&rig, 0, caption, 200 + _i * 30, id);
	pid = rig_runner(&rig, NULL, "--once");
	rig_sleep_ms(_i * 40);
	ck_assert_msg(now(&p, id, LONG_MS, &s, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(s, POST_PUBLISHED);
	ck_assert_int_eq(rig_wait(pid, 20000), 0);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	pool_close(&p);
}
END_TEST

START_TEST(publish_now_refuses_what_may_not_go_out)
{
	static const struct {
		const char *sql;
		enum problem_kind kind;
	} rows[] = {
		{ "UPDATE posts SET state = 'cancelled', wake_at = NULL", PROBLEM_POST_CANCELLED },
		{ "UPDATE posts SET state = 'paused', wake_at = NULL", PROBLEM_POST_PAUSED },
		{ "UPDATE posts SET state = 'unconfirmed', wake_at = NULL",
		  PROBLEM_POST_UNCONFIRMED },
		{ "UPDATE contents SET state = 'draft', revision = revision + 1",
		  PROBLEM_NOT_APPROVED },
		{ "UPDATE accounts SET status = 'revoked'", PROBLEM_ACCOUNT_NOT_CONNECTED },
	};
	char id[ID_MAX];
	enum post_state s = POST_QUEUED;
	struct problem why = { .kind = PROBLEM_NONE };
	struct pool p;

	pool_open(&p);
	rig_post(&rig, 0, "refused", 3600000, id);
	database_run(&rig.database, rows[_i].sql);
	ck_assert_int_eq(now(&p, id, 5000, &s, &why), -1);
	ck_assert_int_eq(why.kind, rows[_i].kind);
	ck_assert_int_eq(now(&p, "sch_none", 5000, &s, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_NOT_FOUND);
	ck_assert_int_eq(rig_effects(&rig, "refused"), 0);
	pool_close(&p);
}
END_TEST

static int64_t of_account(const char *expression)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM accounts WHERE id = '%s'", expression,
		       rig.accounts[0]);
	return rig_number(&rig, sql);
}

static const char stale_token[] = "{\"platform\":\"instagram\",\"point\":\"token.expire_now\","
				  "\"match\":{\"endpoint\":\"media_create\"}}";

START_TEST(stale_token_is_renewed_while_the_post_waits)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "stale token", -500, id);
	database_run(&rig.database, "UPDATE posts SET tries = 7"); /* one more would be the last */
	rig_fault(&rig, stale_token);
	rig_expect(&rig, id, POST_PUBLISHED, 20000);
	ck_assert_int_eq(rig_effects(&rig, "stale token"), 1);
	ck_assert_int_eq(of_account("status = 'connected'"), 1);
	ck_assert_int_eq(
		rig_number(&rig, "SELECT MAX(failures) FROM account_refreshes WHERE owner IS NULL"),
		0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type LIKE 'account%'"),
			 0);
}
END_TEST

START_TEST(renewal_without_an_answer_is_made_again)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "lost renewal", -500, id);
	rig_fault(&rig, stale_token);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"net.rst_after\","
			"\"match\":{\"endpoint\":\"token\"}}");
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_RETRYING);
	ck_assert_int_eq(of_account("status = 'connected'"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT MAX(failures) FROM account_refreshes"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM account_refreshes WHERE "
					  "next_at > UTC_TIMESTAMP()"),
			 1);
	database_run(&rig.database, "UPDATE account_refreshes SET next_at = UTC_TIMESTAMP(3) "
				    "WHERE next_at IS NOT NULL");
	rig_expect(&rig, id, POST_PUBLISHED, 20000);
	ck_assert_int_eq(rig_effects(&rig, "lost renewal"), 1);
}
END_TEST

/* The sandbox's tokens stay dead: no case follows that needs a live one. */
START_TEST(refused_renewal_asks_for_a_new_connection)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "refused renewal", -500, id);
	rig_sandbox(&rig, "/_control/tokens/expire", "{\"platform\":\"instagram\"}");
	for (int i = 0; i < 20 && of_account("status = 'expired'") != 1; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(of_account("status = 'expired' AND status_reason IS NOT NULL"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = "
					  "'account.needs_reconnect'"),
			 1);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_post_number(&rig, id,
					 "state = 'retrying' AND error_code = 'token_expired' "
					 "AND error_who = 'account_owner' AND tries = 0"),
			 1);
	ck_assert_int_eq(rig_effects(&rig, "refused renewal"), 0);
}
END_TEST

START_TEST(throttled_post_keeps_its_tries)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "throttled", -500, id);
	database_run(&rig.database, "UPDATE posts SET tries = 7");
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"buc.throttle\","
			"\"params\":{\"minutes\":1},\"match\":{\"endpoint\":\"media_create\"}}");
	rig_expect(&rig, id, POST_RETRYING, 10000);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code = 'rate_limited'"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "tries"), 7);
	/* The account was told to wait for a minute: as if that had passed. */
	database_run(&rig.database, "DELETE FROM budgets");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, 10000);
}
END_TEST

/* Last: the sandbox's tokens stay dead. */
START_TEST(refused_token_is_told_to_the_account)
{
	char id[ID_MAX], sql[300];

	rig_post(&rig, 0, "dead token", -500, id);
	rig_sandbox(&rig, "/_control/tokens/revoke", "{\"platform\":\"instagram\"}");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_RETRYING, 10000), POST_RETRYING);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT COUNT(*) FROM accounts WHERE id = '%s' "
		       "AND status = 'expired' AND status_reason IS NOT NULL",
		       rig.accounts[0]);
	ck_assert_int_eq(rig_number(&rig, sql), 1);
	ck_assert_int_eq(
		rig_number(&rig,
			   "SELECT COUNT(*) FROM events WHERE type = 'account.needs_reconnect'"),
		1);
	/* Asked again while nothing has changed: no second event. */
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(
		rig_number(&rig, "SELECT COUNT(*) FROM events WHERE type = 'post.retrying'"), 1);
	ck_assert_int_eq(rig_effects(&rig, "dead token"), 0);
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
		{ due_post_is_published_once_with_its_address, 0 },
		{ post_leaves_on_its_instant, 0 },
		{ missed_time_follows_the_account, 3 },
		{ unanswered_question_is_missed, 0 },
		{ backlog_is_spaced_and_in_order, 0 },
		{ neighbours_of_one_account_go_one_by_one, 0 },
		{ posts_of_an_account_that_fires_elsewhere_do_not_all_ask, 0 },
		{ two_runners_share_without_doubling, 0 },
		{ successor_takes_over_without_a_gap, 0 },
		{ unapproved_content_stays_here, 0 },
		{ expired_account_keeps_its_posts_waiting, 0 },
		{ post_that_kills_its_runners_is_set_aside, 0 },
		{ death_of_a_runner_is_not_held_against_the_neighbours, 0 },
		{ publish_now_past_its_wait_is_settled_later, 0 },
		{ publish_now_past_its_wait_leaves_staging_to_the_runner, 0 },
		{ publish_now_refuses_what_may_not_go_out, 5 },
		{ publish_now_answers_with_the_outcome, 0 },
		{ publish_now_races_the_runner_once, 8 },
		{ stale_token_is_renewed_while_the_post_waits, 0 },
		{ renewal_without_an_answer_is_made_again, 0 },
		{ throttled_post_keeps_its_tries, 0 },
		{ refused_renewal_asks_for_a_new_connection, 0 },
		{ refused_token_is_told_to_the_account, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "engine",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 60,
					.cases = cases };

	return suite_run(&suite);
}

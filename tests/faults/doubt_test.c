/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platform misbehaves around the irreversible call, the database goes away, people cancel in
 * the last moment: one object or none, and a state that says which.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "rig.h"
#include "store/posts.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
}

struct fault_row {
	const char *point, *params;
	int attempts; /* permits that it must have taken; 0: does not matter */
};

static const struct fault_row rows[] = {
	{ "publish.commit_then_drop_connection", "{}", 1 },
	{ "publish.commit_then_5xx", "{}", 1 },
	{ "publish.error_then_live", "{}", 1 },
	{ "publish.commit_then_hang", "{\"ms\":3000}", 1 },
	{ "publish.drop_before_commit", "{}", 2 },
	{ "publish.5xx", "{}", 2 },
	{ "publish.not_ready", "{}", 0 },
	{ "net.rst_before", "{}", 2 },
	{ "net.close_before", "{}", 2 },
	{ "net.rst_after", "{}", 1 },
	{ "net.close_after", "{}", 1 },
	{ "net.truncate", "{}", 1 },
	{ "net.wrong_length", "{}", 1 },
	{ "http.5xx_after", "{}", 1 },
	{ "http.429_after", "{}", 1 },
	{ "http.html_502_after", "{}", 1 },
	{ "http.html_body", "{}", 1 },
	{ "http.empty_body", "{}", 1 },
	{ "http.malformed_body", "{}", 1 },
	{ "http.nested_body", "{}", 1 },
	{ "http.huge_body", "{}", 1 },
	{ "http.gzip_bomb", "{}", 1 },
	{ "http.redirect", "{}", 0 },
	{ "http.html_502", "{}", 0 },
};

START_TEST(fault_of_the_fire_leaves_one_post)
{
	const struct fault_row *row = &rows[_i];
	char id[ID_MAX], caption[64], json[300];

	(void)snprintf(caption, sizeof(caption), "doubt %d", _i);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"instagram\",\"point\":\"%s\",\"params\":%s,"
		       "\"match\":{\"endpoint\":\"media_publish\"}}",
		       row->point, row->params);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, json);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	if (row->attempts > 0)
		ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), row->attempts);
}
END_TEST

static const char *const stage_faults[] = { "create.5xx", "create.timeout_before", "net.rst_before",
					    "net.truncate", "http.5xx_after" };

START_TEST(fault_of_staging_costs_nothing)
{
	char id[ID_MAX], caption[64], json[300];

	(void)snprintf(caption, sizeof(caption), "stage %d", _i);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"instagram\",\"point\":\"%s\","
		       "\"match\":{\"endpoint\":\"media_create\"}}",
		       stage_faults[_i]);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, json);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 1);
}
END_TEST

/* The very text is there already, bound to another post: it must not be taken for ours. */
static const char *const twin_faults[] = { "publish.drop_before_commit",
					   "publish.commit_then_drop_connection" };

START_TEST(twin_on_the_account_is_not_mistaken)
{
	char json[160], caption[32];
	char first[ID_MAX], second[ID_MAX];

	(void)snprintf(caption, sizeof(caption), "twins %d", _i);
	rig_post(&rig, 0, caption, -500, first);
	rig_expect(&rig, first, POST_PUBLISHED, PATIENCE_MS);
	rig_post(&rig, 0, caption, -500, second);
	(void)snprintf(json, sizeof(json), "{\"platform\":\"instagram\",\"point\":\"%s\"}",
		       twin_faults[_i]);
	rig_fault(&rig, json);
	rig_expect(&rig, second, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(DISTINCT remote_id) FROM posts"), 2);
}
END_TEST

static int reconcile(void)
{
	const char *folder = getenv("CARILLON_BUILD");
	char path[512];
	int status = 0;
	const pid_t pid = fork();

	(void)snprintf(path, sizeof(path), "%s/carillon-admin", folder ? folder : ".");
	if (pid == 0) {
		execl(path, path, "-c", rig.config_path, "reconcile", (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* A replica was promoted that had not heard of the fires, and their host is lost with its journal. */
START_TEST(lost_commits_are_looked_up_before_anything_is_sent)
{
	char out[ID_MAX], in[ID_MAX], later[ID_MAX];
	pid_t pid;

	rig_post(&rig, 0, "was out", -500, out);
	rig_expect(&rig, out, POST_PUBLISHED, PATIENCE_MS);
	database_run(&rig.database, "DELETE FROM attempts");
	database_run(&rig.database, "UPDATE posts SET state = 'staged', attempts = 0, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "snapshot = NULL, owner = NULL, "
				    "wake_at = UTC_TIMESTAMP(3)");
	database_run(&rig.database, "UPDATE contents SET state = 'approved'");
	rig_post(&rig, 1, "was not out", -400, in);
	rig_post(&rig, 1, "not due", 3600000, later);
	ck_assert_int_eq(reconcile(), 0);
	ck_assert_int_eq(rig_state(&rig, out), POST_CONFIRMING);
	ck_assert_int_eq(rig_state(&rig, in), POST_CONFIRMING);
	ck_assert_int_eq(rig_state(&rig, later), POST_QUEUED);
	rig_expect(&rig, out, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "was out"), 1);
	/* Nothing known that could be looked up by: held for a person, not sent unread. */
	ck_assert_int_eq(rig_state(&rig, in), POST_CONFIRMING);
	ck_assert_int_eq(rig_effects(&rig, "was not out"), 0);
	ck_assert_int_eq(rig_post_number(&rig, out, "attempts"),
			 1); /* the one that nobody remembered */
	pid = rig_runner(&rig, NULL, NULL);
	for (int i = 0; i < 500 && rig_number(&rig, "SELECT COUNT(*) FROM runners WHERE "
						    "stopped_at IS NULL") == 0;
	     i++)
		rig_sleep_ms(10);
	ck_assert_int_ne(reconcile(), 0); /* not beside a runner */
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(pid, 20000), 0);
}
END_TEST

static int cancel(const char *id, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct post_patch in = { .id = id, .given = POST_CHANGE_CANCEL };
	struct post post;

	return store_posts_patch(db, RIG_WORKSPACE, &in, a, &post, reterr);
}

/* Cancelled from long before to just after its time: it is there or it is not, never both. */
START_TEST(cancel_is_honoured_or_refused)
{
	static const int before_ms[] = { 1500, 400, 120, 70, 55, 40, 20, 5, 0, -20, -100, -400 };
	struct problem p = { .kind = PROBLEM_NONE };
	char id[ID_MAX], caption[64];
	const int64_t due_us = clock_boot_us() + 2000 * US_PER_MS;
	bool is_cancelled;
	pid_t pid;

	(void)snprintf(caption, sizeof(caption), "cancel %d", before_ms[_i]);
	rig_post(&rig, 0, caption, 2000, id);
	pid = rig_runner(&rig, NULL, "--once");
	while (clock_boot_us() < due_us - before_ms[_i] * US_PER_MS)
		rig_sleep_ms(1);
	is_cancelled = cancel(id, &p) == 0;
	if (!is_cancelled)
		ck_assert(p.kind == PROBLEM_ALREADY_PUBLISHING ||
			  p.kind == PROBLEM_ALREADY_PUBLISHED);
	ck_assert_int_eq(rig_wait(pid, 20000), 0);
	rig_expect(&rig, id, is_cancelled ? POST_CANCELLED : POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), is_cancelled ? 0 : 1);
}
END_TEST

/* Less than a renewal of the lease, which would notice, and more. */
static const int staging_ms[] = { 150, 250, 1500 };

/* Cancelled while a call of its staging is under way: what comes of that call changes nothing. */
START_TEST(cancel_amid_staging_stays_cancelled)
{
	struct problem p = { .kind = PROBLEM_NONE };
	char id[ID_MAX], json[200];
	pid_t pid;
	int calls;

	rig_post(&rig, 0, "amid staging", -500, id);
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"instagram\",\"point\":\"latency\",\"params\":{\"ms\":%d},"
		       "\"match\":{\"endpoint\":\"media_create\"}}",
		       staging_ms[_i]);
	rig_fault(&rig, json);
	calls = rig_calls(&rig, "media_create");
	pid = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 2000 && rig_calls(&rig, "media_create") == calls; i++)
		rig_sleep_ms(5);
	ck_assert_int_eq(cancel(id, &p), 0);
	ck_assert_int_eq(rig_wait(pid, 20000), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_CANCELLED);
	ck_assert_int_eq(rig_effects(&rig, "amid staging"), 0);
}
END_TEST

static const int outage_at_ms[] = { 0, 150, 300, 600, 900, 1200 };

/* Killed at different moments of a delivery whose fire takes a second. */
START_TEST(database_crash_leaves_one_post)
{
	char id[ID_MAX], caption[64];
	pid_t pid;

	(void)snprintf(caption, sizeof(caption), "outage %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig,
		  "{\"platform\":\"instagram\",\"point\":\"latency\",\"params\":{\"ms\":1000},"
		  "\"match\":{\"endpoint\":\"media_publish\"}}");
	pid = rig_runner(&rig, NULL, "--once");
	rig_sleep_ms(outage_at_ms[_i]);
	database_crash(&rig.database);
	rig_sleep_ms(300);
	ck_assert_int_eq(database_revive(&rig.database), 0);
	(void)rig_wait(pid, 30000);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
}
END_TEST

START_TEST(runner_that_starts_before_its_database_waits_for_it)
{
	char id[ID_MAX];
	pid_t pid;

	rig_post(&rig, 0, "early", -500, id);
	ck_assert_int_eq(database_shut(&rig.database), 0);
	pid = rig_runner(&rig, NULL, "--once");
	rig_sleep_ms(500);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ck_assert_int_eq(database_revive(&rig.database), 0);
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), 0);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "early"), 1);
}
END_TEST

/* A stalled runner loses its lease to another one, which ends it first. */
START_TEST(stalled_runner_is_ended_and_its_post_settled)
{
	char id[ID_MAX];
	pid_t pid;

	rig_post(&rig, 0, "stalled", -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"publish.commit_then_hang\","
			"\"params\":{\"ms\":1200}}");
	pid = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 1000 && rig_effects(&rig, "stalled") == 0; i++)
		rig_sleep_ms(10);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	rig_sleep_ms(2200);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(rig_wait(pid, 10000), -SIGKILL);
	ck_assert_int_eq(rig_effects(&rig, "stalled"), 1);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHED);
}
END_TEST

/* The database forgets a permit (restored from a backup): the journal remembers it. */
START_TEST(forgotten_permit_is_a_doubt_and_not_sent_again)
{
	char id[ID_MAX];
	char *permit, *restored;

	rig_post(&rig, 0, "forgotten", -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	permit = rig_text(&rig, "SELECT HEX(permit) FROM attempts");
	ck_assert_ptr_nonnull(permit);
	database_run(&rig.database, "DELETE FROM attempts");
	database_run(&rig.database, "UPDATE posts SET state = 'staging', attempts = 0, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "owner = NULL, wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "forgotten"), 1);
	/* It is the permit itself, not what staging would find out about the container. */
	restored = rig_text(&rig, "SELECT HEX(permit) FROM attempts");
	ck_assert_pstr_eq(restored, permit);
	free(restored);
	free(permit);
}
END_TEST

/*
 * The database falls back to where the first attempt was still live, and forgets the second: that
 * was permitted, so the first had been proven void, and the doubt is the second's.
 */
START_TEST(forgotten_later_permit_takes_the_place_of_the_earlier)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "later", -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"publish.not_ready\"}");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 2);
	database_run(&rig.database, "DELETE FROM attempts WHERE seq = 2");
	database_run(&rig.database, "UPDATE attempts SET state = 'sent', settled_at = NULL");
	database_run(&rig.database, "UPDATE posts SET state = 'publishing', attempts = 1, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "owner = NULL, wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "later"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE "
					  "(seq = 1 AND state = 'no_effect') OR "
					  "(seq = 2 AND state = 'effect')"),
			 2);
}
END_TEST

/* The transaction in which a runner stands still is rolled back, as if the server had lost it. */
static void lose_transaction(pid_t runner)
{
	char sql[64];
	int64_t id = -1;
	int status = 0;

	/* Before it stands still it has others. */
	ck_assert_int_eq(waitpid(runner, &status, WUNTRACED), runner);
	ck_assert(WIFSTOPPED(status));
	/* The server renews that table only for those who do not ask all the time. */
	for (int i = 0; i < 150 && id <= 0; i++) {
		rig_sleep_ms(200);
		id = rig_number(&rig,
				"SELECT COALESCE(MAX(trx_mysql_thread_id), 0) "
				"FROM information_schema.INNODB_TRX WHERE trx_rows_modified > 0");
	}
	ck_assert_int_gt(id, 0);
	(void)snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
	database_run(&rig.database, sql);
}

static void wait_for_lease(const char *id)
{
	for (int i = 0; i < 2000 && rig_post_number(&rig, id, "wake_at > UTC_TIMESTAMP(3)") != 0;
	     i++)
		rig_sleep_ms(10);
}

/*
 * A permit's COMMIT is lost with its connection while its runner stands still. Another is given one
 * and dies. Whoever wakes up and claims the row again must not take the other's permit for his own.
 */
START_TEST(lost_permit_is_not_mistaken_for_anothers)
{
	char id[ID_MAX];
	FILE *plan;
	pid_t pid;

	if (!rig_has_failpoints())
		return;
	rig_post(&rig, 0, "mistaken", -500, id);
	pid = rig_runner(&rig, "F11_permit_written 1 stop:0\n", "--once");
	lose_transaction(pid);
	wait_for_lease(id);
	ck_assert_int_eq(rig_once(&rig, "F13_journal_written 1 kill\n"), -SIGKILL);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHING);
	wait_for_lease(id);
	plan = fopen(rig.plan_path, "w");
	ck_assert_ptr_nonnull(plan);
	(void)fclose(plan);
	(void)kill(pid, SIGCONT);
	(void)rig_wait(pid, PATIENCE_MS);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "mistaken"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE "
					  "state IN ('sent', 'in_doubt')"),
			 0);
}
END_TEST

/* The refusal counts as proof, yet it came out: staging sees that, and nothing is sent again. */
START_TEST(refused_but_live_is_found_and_not_sent_again)
{
	char id[ID_MAX], caption[64];

	(void)snprintf(caption, sizeof(caption), "refused but live %d", _i);
	rig_post(&rig, 0, caption, -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"publish.error_then_live\","
			"\"params\":{\"code\":9007,\"subcode\":2207027}}");
	ck_assert_int_eq(rig_until(&rig, id, 1u << POST_RETRYING, PATIENCE_MS), POST_RETRYING);
	if (_i == 1) /* and nobody remembers that it was sent */
		database_run(&rig.database, "DELETE FROM attempts");
	if (_i == 1)
		database_run(&rig.database, "UPDATE posts SET attempts = 0, snapshot = NULL");
	database_run(&rig.database, "UPDATE posts SET wake_at = UTC_TIMESTAMP(3)");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_id IS NOT NULL AND attempts = 1"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE state = 'effect'"),
			 1);
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
		{ fault_of_the_fire_leaves_one_post, (int)ARRAY_LEN(rows) },
		{ fault_of_staging_costs_nothing, (int)ARRAY_LEN(stage_faults) },
		{ twin_on_the_account_is_not_mistaken, (int)ARRAY_LEN(twin_faults) },
		{ cancel_is_honoured_or_refused, 12 },
		{ cancel_amid_staging_stays_cancelled, (int)ARRAY_LEN(staging_ms) },
		{ database_crash_leaves_one_post, (int)ARRAY_LEN(outage_at_ms) },
		{ runner_that_starts_before_its_database_waits_for_it, 0 },
		{ stalled_runner_is_ended_and_its_post_settled, 0 },
		{ forgotten_permit_is_a_doubt_and_not_sent_again, 0 },
		{ refused_but_live_is_found_and_not_sent_again, 2 },
		{ forgotten_later_permit_takes_the_place_of_the_earlier, 0 },
		{ lost_permit_is_not_mistaken_for_anothers, 0 },
		{ lost_commits_are_looked_up_before_anything_is_sent, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "doubt",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

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
#define PLATFORMS   3

/* What happens to a fire happens on each at once; the cases that do not say so are Instagram's. */
static const struct rig_platform platforms[PLATFORMS] = {
	{ .name = "instagram" },
	{ .name = "mastodon", .settings = "posts_per_3_hours = 0\n" },
	{ .name = "bluesky", .settings = "posts_per_hour = 0\n" },
};
static const char *const stage_calls[PLATFORMS] = { "media_create", "media", "upload" };
static const char *const fire_calls[PLATFORMS] = { "media_publish", "statuses", "put" };

static struct rig rig;

/* Mastodon's server knows no keys: what is sent twice is there twice. */
static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/world",
		    "{\"platform\":\"mastodon\",\"statuses_limit\":1000000,\"ignores_keys\":true}");
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"bluesky\",\"points\":100000000}");
}

/* One post a platform. */
struct each {
	char ids[PLATFORMS][ID_MAX], captions[PLATFORMS][64];
};

static void post_each_in(struct each *e, const char *name, bool is_picture, int in_ms)
{
	for (int i = 0; i < PLATFORMS; i++) {
		/* A text is known again by its words alone; Instagram takes none. */
		const struct rig_content text = { .kind = CONTENT_TEXT, .caption = e->captions[i] };

		(void)snprintf(e->captions[i], sizeof(e->captions[i]), "%s, %s", name,
			       platforms[i].name);
		if (is_picture || i == 0)
			rig_post(&rig, i * RIG_ACCOUNTS, e->captions[i], in_ms, e->ids[i]);
		else
			rig_post_content(&rig, i * RIG_ACCOUNTS, &text, in_ms, e->ids[i]);
	}
}

static void post_each(struct each *e, const char *name, bool is_picture)
{
	post_each_in(e, name, is_picture, -500);
}

/* points: of each platform, NULL none. */
static void fault_each(const char *const points[PLATFORMS], const char *const calls[PLATFORMS],
		       const char *params)
{
	char json[300];

	for (int i = 0; i < PLATFORMS; i++) {
		(void)snprintf(json, sizeof(json),
			       "{\"platform\":\"%s\",\"point\":\"%s\",\"params\":%s,"
			       "\"match\":{\"endpoint\":\"%s\"}}",
			       platforms[i].name, points[i] ? points[i] : "", params, calls[i]);
		if (points[i])
			rig_fault(&rig, json);
	}
}

static int effects_of_each(const struct each *e)
{
	int n = 0;

	for (int i = 0; i < PLATFORMS; i++)
		n += rig_effects(&rig, e->captions[i]);
	return n;
}

/* attempts: permits that each must have taken; 0: does not matter. */
static void expect_each(const struct each *e, int attempts)
{
	for (int i = 0; i < PLATFORMS; i++) {
		rig_expect(&rig, e->ids[i], POST_PUBLISHED, PATIENCE_MS);
		ck_assert_msg(rig_effects(&rig, e->captions[i]) == 1, "%s: %d objects",
			      e->captions[i], rig_effects(&rig, e->captions[i]));
		if (attempts > 0)
			ck_assert_msg(rig_post_number(&rig, e->ids[i], "attempts") == attempts,
				      "%s: not %d attempts", e->captions[i], attempts);
	}
}

/* clang-format off */
#define ALL(point) { point, point, point }
/* clang-format on */

struct fault_row {
	const char *points[PLATFORMS], *params;
	int attempts; /* 0: does not matter */
};

/* clang-format off */
static const struct fault_row rows[] = {
	{ { "publish.commit_then_drop_connection", "statuses.commit_then_drop",
	    "write.commit_then_drop" }, "{}", 1 },
	{ { "publish.commit_then_5xx", "statuses.commit_then_5xx",
	    "write.commit_then_5xx" }, "{}", 1 },
	{ { "publish.error_then_live", NULL, NULL }, "{}", 1 },
	{ { "publish.commit_then_hang", "statuses.commit_then_hang",
	    "write.commit_then_hang" }, "{\"ms\":3000}", 1 },
	{ { "publish.drop_before_commit", "statuses.drop_before_commit",
	    "write.drop_before_commit" }, "{}", 2 },
	{ { "publish.5xx", "statuses.5xx",
	    "write.5xx" }, "{}", 2 },
	{ { "publish.not_ready", NULL, NULL }, "{}", 0 },
	{ ALL("net.rst_before"), "{}", 2 },
	{ ALL("net.close_before"), "{}", 2 },
	{ ALL("net.rst_after"), "{}", 1 },
	{ ALL("net.close_after"), "{}", 1 },
	{ ALL("net.truncate"), "{}", 1 },
	{ ALL("net.wrong_length"), "{}", 1 },
	{ ALL("http.5xx_after"), "{}", 1 },
	{ ALL("http.429_after"), "{}", 1 },
	{ ALL("http.html_502_after"), "{}", 1 },
	{ ALL("http.html_body"), "{}", 1 },
	{ ALL("http.empty_body"), "{}", 1 },
	{ ALL("http.malformed_body"), "{}", 1 },
	{ ALL("http.nested_body"), "{}", 1 },
	{ ALL("http.huge_body"), "{}", 1 },
	{ ALL("http.gzip_bomb"), "{}", 1 },
	{ ALL("http.redirect"), "{}", 0 },
	{ ALL("http.html_502"), "{}", 0 },
};
/* clang-format on */

START_TEST(fault_of_the_fire_leaves_one_post)
{
	const struct fault_row *row = &rows[_i];
	struct each posts;
	char name[32];

	(void)snprintf(name, sizeof(name), "doubt %d", _i);
	post_each(&posts, name, false);
	fault_each(row->points, fire_calls, row->params);
	expect_each(&posts, row->attempts);
}
END_TEST

static const char *const stage_faults[][PLATFORMS] = {
	{ "create.5xx", "media.slow", "upload.5xx" },
	{ "create.timeout_before", "http.html_502", "dpop.nonce" },
	ALL("net.rst_before"),
	ALL("net.truncate"),
	ALL("http.5xx_after"),
};

START_TEST(fault_of_staging_costs_nothing)
{
	struct each posts;
	char name[32];

	(void)snprintf(name, sizeof(name), "stage %d", _i);
	post_each(&posts, name, true);
	fault_each(stage_faults[_i], stage_calls, "{}");
	expect_each(&posts, 1);
}
END_TEST

/* The very text is there already, bound to another post: it must not be taken for ours. */
static const char *const twin_faults[][PLATFORMS] = {
	{ "publish.drop_before_commit", "statuses.drop_before_commit", "write.drop_before_commit" },
	{ "publish.commit_then_drop_connection", "statuses.commit_then_drop",
	  "write.commit_then_drop" },
};

START_TEST(twin_on_the_account_is_not_mistaken)
{
	struct each first, second;
	char name[32];

	(void)snprintf(name, sizeof(name), "twins %d", _i);
	post_each(&first, name, false);
	expect_each(&first, 1);
	post_each(&second, name, false);
	fault_each(twin_faults[_i], fire_calls, "{}");
	for (int i = 0; i < PLATFORMS; i++) {
		rig_expect(&rig, second.ids[i], POST_PUBLISHED, PATIENCE_MS);
		ck_assert_int_eq(rig_effects(&rig, second.captions[i]), 2);
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(DISTINCT remote_id) FROM posts"),
			 2 * PLATFORMS);
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
	struct each out, in;
	char later[ID_MAX];
	pid_t pid;

	post_each(&out, "was out", false);
	expect_each(&out, 1);
	database_run(&rig.database, "DELETE FROM attempts");
	database_run(&rig.database, "UPDATE posts SET state = 'staged', attempts = 0, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "snapshot = NULL, owner = NULL, "
				    "wake_at = UTC_TIMESTAMP(3)");
	database_run(&rig.database, "UPDATE contents SET state = 'approved'");
	post_each(&in, "was not out", false);
	rig_post(&rig, 1, "not due", 3600000, later);
	ck_assert_int_eq(reconcile(), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM posts WHERE state = 'confirming'"),
			 2 * PLATFORMS);
	ck_assert_int_eq(rig_state(&rig, later), POST_QUEUED);
	expect_each(&out, 1); /* the one that nobody remembered */
	/* Instagram: nothing known that could be looked up by: held for a person, not sent unread. */
	ck_assert_int_eq(rig_state(&rig, in.ids[0]), POST_CONFIRMING);
	ck_assert_int_eq(rig_effects(&rig, in.captions[0]), 0);
	/* The others can be asked, and have it not. */
	for (int i = 1; i < PLATFORMS; i++) {
		rig_expect(&rig, in.ids[i], POST_PUBLISHED, PATIENCE_MS);
		ck_assert_int_eq(rig_effects(&rig, in.captions[i]), 1);
	}
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

/* False: it was on its way. */
static bool cancel_in_time(const char *id)
{
	struct problem p = { .kind = PROBLEM_NONE };

	if (cancel(id, &p) == 0)
		return true;
	ck_assert(p.kind == PROBLEM_ALREADY_PUBLISHING || p.kind == PROBLEM_ALREADY_PUBLISHED);
	return false;
}

/* Cancelled from long before to just after its time: it is there or it is not, never both. */
START_TEST(cancel_is_honoured_or_refused)
{
	static const int before_ms[] = { 1500, 400, 120, 70, 55, 40, 20, 5, 0, -20, -100, -400 };
	const int64_t due_us = clock_boot_us() + 2000 * US_PER_MS;
	bool is_cancelled[PLATFORMS];
	struct each posts;
	char name[32];
	pid_t pid;

	(void)snprintf(name, sizeof(name), "cancel %d", before_ms[_i]);
	post_each_in(&posts, name, false, 2000);
	pid = rig_runner(&rig, NULL, "--once");
	while (clock_boot_us() < due_us - before_ms[_i] * US_PER_MS)
		rig_sleep_ms(1);
	for (int i = 0; i < PLATFORMS; i++)
		is_cancelled[i] = cancel_in_time(posts.ids[i]);
	ck_assert_int_eq(rig_wait(pid, 20000), 0);
	for (int i = 0; i < PLATFORMS; i++) {
		rig_expect(&rig, posts.ids[i], is_cancelled[i] ? POST_CANCELLED : POST_PUBLISHED,
			   PATIENCE_MS);
		ck_assert_int_eq(rig_effects(&rig, posts.captions[i]), is_cancelled[i] ? 0 : 1);
	}
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
	static const char *const slow[PLATFORMS] = ALL("latency");
	struct each posts;
	char name[32];
	pid_t pid;

	(void)snprintf(name, sizeof(name), "outage %d", _i);
	post_each(&posts, name, false);
	fault_each(slow, fire_calls, "{\"ms\":1000}");
	pid = rig_runner(&rig, NULL, "--once");
	rig_sleep_ms(outage_at_ms[_i]);
	database_crash(&rig.database);
	rig_sleep_ms(300);
	ck_assert_int_eq(database_revive(&rig.database), 0);
	(void)rig_wait(pid, 30000);
	expect_each(&posts, 0);
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
	static const char *const hang[PLATFORMS] = { "publish.commit_then_hang",
						     "statuses.commit_then_hang",
						     "write.commit_then_hang" };
	struct each posts;
	pid_t pid;

	post_each(&posts, "stalled", false);
	fault_each(hang, fire_calls, "{\"ms\":1200}");
	pid = rig_runner(&rig, NULL, "--once");
	for (int i = 0; i < 1000 && effects_of_each(&posts) < PLATFORMS; i++)
		rig_sleep_ms(10);
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	rig_sleep_ms(2200);
	expect_each(&posts, 1);
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(rig_wait(pid, 10000), -SIGKILL);
	expect_each(&posts, 1);
}
END_TEST

/* The database forgets a permit (restored from a backup): the journal remembers it. */
START_TEST(forgotten_permit_is_a_doubt_and_not_sent_again)
{
	static const char permits[] =
		"SELECT GROUP_CONCAT(HEX(permit) ORDER BY permit) FROM attempts";
	struct each posts;
	char *given, *restored;

	post_each(&posts, "forgotten", false);
	expect_each(&posts, 1);
	given = rig_text(&rig, permits);
	ck_assert_ptr_nonnull(given);
	database_run(&rig.database, "DELETE FROM attempts");
	database_run(&rig.database, "UPDATE posts SET state = 'staging', attempts = 0, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "owner = NULL, wake_at = UTC_TIMESTAMP(3)");
	expect_each(&posts, 1);
	/* They are the permits themselves, not what staging would find out about a container. */
	restored = rig_text(&rig, permits);
	ck_assert_pstr_eq(restored, given);
	free(restored);
	free(given);
}
END_TEST

/*
 * The database falls back to where the first attempt was still live, and forgets the second: that
 * was permitted, so the first had been proven void, and the doubt is the second's.
 */
START_TEST(forgotten_later_permit_takes_the_place_of_the_earlier)
{
	static const char *const without_effect[PLATFORMS] = { "publish.not_ready",
							       "statuses.drop_before_commit",
							       "write.drop_before_commit" };
	struct each posts;

	post_each(&posts, "later", false);
	fault_each(without_effect, fire_calls, "{}");
	expect_each(&posts, 2);
	database_run(&rig.database, "DELETE FROM attempts WHERE seq = 2");
	database_run(&rig.database, "UPDATE attempts SET state = 'sent', settled_at = NULL");
	database_run(&rig.database, "UPDATE posts SET state = 'publishing', attempts = 1, "
				    "remote_id = NULL, remote_url = NULL, published_at = NULL, "
				    "owner = NULL, wake_at = UTC_TIMESTAMP(3)");
	expect_each(&posts, 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(*) FROM attempts WHERE "
					  "(seq = 1 AND state = 'no_effect') OR "
					  "(seq = 2 AND state = 'effect')"),
			 2 * PLATFORMS);
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
	rig_start_all(&rig, platforms, PLATFORMS);
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

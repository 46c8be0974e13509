/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GET /health/publish and carillon-admin doctor say while publishing is kept from happening,
 * each time by making it so: no runner, a clock far off, a platform that does not answer, posts
 * overdue or in doubt, a journal that cannot be written, a disk that is nearly full.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/keys.h"
#include "platform/platform.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 30000

static struct rig rig;
static char usual[128]; /* the rig's own configuration */

static void setup(void)
{
	rig_reset(&rig);
}

static const char *path_of(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", rig.folder, name);
}

/* The rig's settings with these in place of its own; runner and doctor read them from then on. */
static void configure(const struct rig_setting *rows)
{
	(void)snprintf(rig.config_path, sizeof(rig.config_path), "%.100s/variant.ini", rig.folder);
	rig_vary(usual, rig.config_path, rows);
}
#define CONFIGURE(...) configure(RIG_SETTINGS(__VA_ARGS__))

struct answer {
	int status;
	json_t *json;
};

/* As a worker of the pool answers, under the configuration of now. */
static struct answer ask_health(void)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(config_free) struct config *cfg = NULL;
	CLEANUP(keys_free) struct keys *keys = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	struct app app = { .config = NULL };
	struct request req = { .app = &app,
			       .arena = a,
			       .request_id = "req_1",
			       .method = HTTP_GET,
			       .raw = { .document_uri = "/api/v1/health/publish",
					.request_uri = "/api/v1/health/publish",
					.query_string = "" } };
	struct reply reply = { .status = 0 };
	struct answer got;
	size_t n;
	const struct setting_group *groups = platform_setting_groups(&n);

	rig_need(config_load(rig.config_path, groups, n, &cfg, &p), &p);
	rig_need(keys_load(cfg, true, &keys, &p), &p);
	app.config = cfg;
	app.keys = keys;
	reply_reset(&reply);
	router_serve(&api_routes, &api_hooks, POOL_API, &req, &reply);
	got.status = reply.status;
	got.json = json_loadb(reply.body.p, reply.body.len, 0, NULL);
	ck_assert_ptr_nonnull(got.json);
	buf_done(&reply.body);
	db_free(app.db);
	return got;
}

static int64_t figure(const char *name)
{
	struct answer a = ask_health();
	const json_t *v = json_object_get(a.json, name);
	const int64_t n = json_integer_value(v);

	ck_assert_msg(json_is_integer(v), "%s is not there", name);
	json_decref(a.json);
	return n;
}

/* word NULL: publishing is told to happen. */
static void check_health(const char *word)
{
	struct answer a = ask_health();
	const char *reason = json_string_value(json_object_get(a.json, "reason"));
	const char *status = json_string_value(json_object_get(a.json, "status"));

	ck_assert_ptr_nonnull(status);
	ck_assert_msg(a.status == (word ? 503 : 200), "%d: %s", a.status, reason);
	ck_assert_str_eq(status, word ? "down" : "ok");
	if (word)
		ck_assert_msg(reason && strstr(reason, word), "%s: %s", word, reason);
	json_decref(a.json);
}

/* What the doctor prints, all of it. */
static void doctor(struct buf *out)
{
	const char *folder = getenv("CARILLON_BUILD");
	char path[512], part[4096];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/carillon-admin", folder ? folder : ".");
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], 1);
		(void)close(ends[0]);
		execl(path, path, "-c", rig.config_path, "doctor", (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_ne(WEXITSTATUS(status), 127);
}

/* A line that begins with the level and has the word. */
static void check_doctor(const char *level, const char *word)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	doctor(&out);
	ck_assert_ptr_nonnull(out.p);
	for (const char *at = buf_str(&out); at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, level, strlen(level)) == 0 &&
		    memmem(at, strcspn(at, "\n"), word, strlen(word)))
			return;
	}
	ck_abort_msg("no line of %s with %s in:\n%s", level, word, buf_str(&out));
}

START_TEST(runner_that_was_never_there_or_is_gone_is_told)
{
	check_health("no runner was ever seen");
	check_doctor("warn", "no runner was ever seen");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	check_health(NULL);
	check_doctor("ok", "publishing");
	/* As if cron had stopped some minutes ago. */
	database_run(&rig.database, "UPDATE runners SET heartbeat_at = heartbeat_at - "
				    "INTERVAL 3 MINUTE");
	check_health("no runner has been alive");
	check_doctor("FAIL", "no runner has been alive");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	check_health(NULL);
}
END_TEST

START_TEST(overdue_posts_are_told)
{
	char id[ID_MAX];

	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	rig_post(&rig, 0, "overdue", 60000, id);
	database_run(&rig.database, "UPDATE posts SET due_at = due_at - INTERVAL 10 MINUTE, "
				    "wake_at = UTC_TIMESTAMP(3) - INTERVAL 9 MINUTE");
	check_health("posts have been due for minutes");
	ck_assert_int_eq(figure("stuck"), 1);
	ck_assert_int_ge(figure("oldest_due_age_s"), 500);
	check_doctor("FAIL", "posts have been due for minutes");
	check_doctor("warn", "1 posts have waited");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_health(NULL);
}
END_TEST

START_TEST(doubts_are_told)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "doubt", -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"publish.drop_before_commit\"}");
	rig_expect(&rig, id, POST_CONFIRMING, PATIENCE_MS);
	ck_assert_int_eq(figure("in_doubt"), 1);
	check_doctor("warn", "1 posts may be out");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(figure("in_doubt"), 0);
}
END_TEST

START_TEST(doubt_that_nobody_settled_is_told)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "never settled", -500, id);
	rig_fault(&rig, "{\"platform\":\"instagram\",\"point\":\"publish.drop_before_commit\"}");
	CONFIGURE({ "publish", "doubt_life_s", "1" }, { "publish", "quarantine_ms", "60000" });
	rig_expect(&rig, id, POST_UNCONFIRMED, PATIENCE_MS);
	ck_assert_int_eq(figure("unconfirmed"), 1);
	check_doctor("warn", "1 posts are unconfirmed");
}
END_TEST

START_TEST(platform_that_does_not_answer_is_told)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "nobody there", -500, id);
	CONFIGURE({ "instagram", "graph_base", "http://127.0.0.1:1" },
		  { "publish", "breaker_failures", "2" });
	for (int i = 0; i < 40 && figure("open_breakers") == 0; i++)
		ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(figure("open_breakers"), 1);
	check_health(NULL); /* the fault is not ours */
	check_doctor("warn", "do not answer");
}
END_TEST

/* Nothing is claimed, it is told, and what waited goes out when it is over. */
static void check_standstill(const char *id, const char *word)
{
	ck_assert_int_ne(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "claims = 0 AND fence = 0 AND owner IS NULL"),
			 1);
	check_health(word);
	check_doctor("FAIL", word);
}

START_TEST(journal_that_cannot_be_written_is_told)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *journal = path_of(a, "journal"), *away = path_of(a, "journal.away");
	char id[ID_MAX];

	rig_post(&rig, 0, "no journal", -500, id);
	ck_assert_int_eq(rename(journal, away), 0);
	check_standstill(id, "journal of permits");
	ck_assert_int_eq(rename(away, journal), 0);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_health(NULL);
}
END_TEST

START_TEST(full_disk_is_told)
{
	char id[ID_MAX];

	rig_post(&rig, 0, "no room", -500, id);
	CONFIGURE({ "publish", "disk_free_min_mb", "1048576" });
	ck_assert_int_ne(rig_once(&rig, NULL), 0);
	check_health("disk is nearly full");
	check_doctor("FAIL", "disk_free_min_mb");
	check_standstill(id, "disk");
	(void)snprintf(rig.config_path, sizeof(rig.config_path), "%s", usual);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_health(NULL);
}
END_TEST

/* A runner that stays says so as soon as it is so, and goes on by itself. */
START_TEST(standing_runner_notices_and_goes_on)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *journal = path_of(a, "journal"), *away = path_of(a, "journal.away");
	const pid_t pid = rig_runner(&rig, NULL, NULL);
	char id[ID_MAX];

	for (int i = 0; i < 500 && figure("runners") == 0; i++)
		rig_sleep_ms(20);
	ck_assert_int_eq(rename(journal, away), 0);
	for (int i = 0;
	     i < 500 &&
	     rig_number(&rig, "SELECT COUNT(*) FROM runners WHERE trouble IS NOT NULL") == 0;
	     i++)
		rig_sleep_ms(20);
	check_health("journal of permits");
	rig_post(&rig, 0, "waits", -500, id);
	ck_assert_int_eq(rename(away, journal), 0);
	for (int i = 0; i < 500 && rig_state(&rig, id) != POST_PUBLISHED; i++)
		rig_sleep_ms(20);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHED);
	check_health(NULL);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), 0);
}
END_TEST

/* The database's clock 40 seconds ahead, for a user who may not ignore that. */
START_TEST(clock_that_is_off_is_told)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *file = path_of(a, "skewed.password");
	char id[ID_MAX];
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);

	ck_assert_int_eq(write(fd, "secret\n", 7), 7);
	(void)close(fd);
	rig_post(&rig, 0, "another time", -500, id);
	database_run(&rig.database, "GRANT ALL ON carillon.* TO 'skewed'@'localhost' "
				    "IDENTIFIED BY 'secret'");
	database_run(&rig.database,
		     "SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + 40'");
	CONFIGURE({ "database", "run_user", "skewed" }, { "database", "api_user", "skewed" },
		  { "database", "admin_user", "skewed" }, { "database", "run_password_file", file },
		  { "database", "api_password_file", file },
		  { "database", "admin_password_file", file });
	check_standstill(id, "clock");
	database_run(&rig.database, "SET GLOBAL init_connect = ''");
	(void)snprintf(rig.config_path, sizeof(rig.config_path), "%s", usual);
	/* What was written in that other time is not yet past. */
	database_run(&rig.database, "DELETE FROM runners");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_health(NULL);
}
END_TEST

static void open_rig(void)
{
	rig_start(&rig);
	(void)snprintf(usual, sizeof(usual), "%s", rig.config_path);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ runner_that_was_never_there_or_is_gone_is_told, 0 },
		{ overdue_posts_are_told, 0 },
		{ doubts_are_told, 0 },
		{ doubt_that_nobody_settled_is_told, 0 },
		{ platform_that_does_not_answer_is_told, 0 },
		{ journal_that_cannot_be_written_is_told, 0 },
		{ full_disk_is_told, 0 },
		{ standing_runner_notices_and_goes_on, 0 },
		{ clock_that_is_off_is_told, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "health",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 120,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that goes away under a running pool: 503 with Retry-After meanwhile, and service again
 * by itself afterwards, without a restart of any worker. Under a runner that is told to end: it waits,
 * but not for ever, and what it cannot write is settled by the next one.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "http/fcgi.h"
#include "http/master.h"
#include "rig.h"
#include "support/client.h"
#include "support/suite.h"

#define PATIENCE_MS 30000
#define ANSWER_MS   2000 /* a fire's answer takes so long: in it the database dies */

struct pool {
	struct keys keys;
	struct app app;
	char socket[96];
	pid_t master;
};

/* A server that knows no keys: what is sent again unread is there twice. */
static const struct rig_platform mastodon = { .name = "mastodon" };

static struct rig rig;

static void serve(void *arg, struct request *req, struct reply *ret)
{
	(void)arg;
	router_serve(&api_routes, &api_hooks, POOL_API, req, ret);
}

static int work(void *arg, int listen_fd, const volatile int *stop)
{
	struct pool *p = arg;
	const struct fcgi_service service = { .app = &p->app,
					      .listen_fd = listen_fd,
					      .requests_max = 10000,
					      .body_max = 65536,
					      .stop = stop,
					      .serve = serve,
					      .arg = p };
	struct problem problem = { 0 };

	(void)api_prepare(&p->app, &problem);
	return fcgi_run(&service) < 0 ? 1 : 0;
}

static void pool_start(struct pool *p)
{
	struct master m = { .workers = 1, .backlog = 64, .worker = work, .arg = p };
	struct problem problem = { 0 };
	int i;

	snprintf(p->socket, sizeof(p->socket), "%s/pool.sock", rig.database.folder);
	p->app.config = rig.database.config;
	p->app.keys = &p->keys;
	p->master = fork();
	if (p->master == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		log_setup("pool", LOG_LEVEL_ERROR, 2);
		m.socket_path = p->socket;
		_exit(master_run(&m, &problem) < 0 ? 1 : 0);
	}
	for (i = 0; i < 300 && access(p->socket, F_OK) != 0; i++)
		usleep(10000);
}

static void pool_stop(struct pool *p)
{
	int status = -1;

	kill(p->master, SIGTERM);
	waitpid(p->master, &status, 0);
	ck_assert_int_eq(status, 0);
}

static void expect(const struct pool *p, const char *path, const char *want, const char *also)
{
	const char *const params[] = { "REQUEST_METHOD",
				       "GET",
				       "DOCUMENT_URI",
				       path,
				       "REQUEST_URI",
				       path,
				       "HTTP_AUTHORIZATION",
				       "Bearer at_unknown",
				       NULL };
	char *answer = client_fcgi(p->socket, params, NULL, 0);

	ck_assert_msg(strstr(answer, want) && strstr(answer, also), "%s: %s", path, answer);
	free(answer);
}

static struct pool pool;

START_TEST(database_lost_under_a_running_worker)
{
	pool_start(&pool);
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	expect(&pool, "/api/v1/health", "Status: 200", "\"ok\"");
	ck_assert_int_eq(database_shut(&rig.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 503", "Retry-After: ");
	expect(&pool, "/api/v1/workspace", "database_unavailable", "X-Request-Id");
	expect(&pool, "/api/v1/health", "Status: 503", "\"down\"");
	expect(&pool, "/api/v1/openapi.json", "Status: 200", "3.1.0");
	ck_assert_int_eq(database_revive(&rig.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	expect(&pool, "/api/v1/health", "Status: 200", "\"ok\"");
	pool_stop(&pool);
}
END_TEST

START_TEST(worker_born_without_a_database)
{
	ck_assert_int_eq(database_shut(&rig.database), 0);
	pool_start(&pool);
	expect(&pool, "/api/v1/workspace", "Status: 503", "Retry-After: ");
	ck_assert_int_eq(database_revive(&rig.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	pool_stop(&pool);
}
END_TEST

START_TEST(schema_of_another_version_is_refused)
{
	database_run(
		&rig.database,
		"INSERT INTO schema_migrations (version, name, sha256, state, applied_at) "
		"SELECT 9999, 'later', sha256, state, applied_at FROM schema_migrations LIMIT 1");
	pool_start(&pool);
	expect(&pool, "/api/v1/workspace", "Status: 503", "schema");
	database_run(&rig.database, "DELETE FROM schema_migrations WHERE version = 9999");
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	pool_stop(&pool);
}
END_TEST

/* A runner told to end whose call has arrived, whose answer has not, and whose database is dead. */
static pid_t runner_told_to_end(const char *wait_s, const char *caption, char ret[static ID_MAX])
{
	const struct rig_content in = { .kind = CONTENT_TEXT, .caption = caption };
	char json[200];
	pid_t pid;

	rig_reset(&rig);
	rig_settings(&rig, RIG_SETTINGS({ "publish", "stop_wait_s", wait_s },
					{ "net", "fire_timeout_ms", "15000" }));
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"mastodon\",\"ignores_keys\":true}");
	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"mastodon\",\"point\":\"latency\","
		       "\"params\":{\"ms\":%d},\"match\":{\"endpoint\":\"statuses\"}}",
		       ANSWER_MS);
	rig_fault(&rig, json);
	rig_post_content(&rig, 0, &in, -500, ret);
	pid = rig_runner(&rig, NULL, NULL);
	for (int i = 0; i < PATIENCE_MS / 10 && rig_effects(&rig, caption) == 0; i++)
		rig_sleep_ms(10);
	database_crash(&rig.database);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	return pid;
}

static bool is_logged(const char *words)
{
	char path[128], line[1024];
	bool is_there = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/publish.log", rig.folder);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (!is_there && fgets(line, sizeof(line), f))
		is_there = strstr(line, words) != NULL;
	(void)fclose(f);
	return is_there;
}

START_TEST(runner_told_to_end_leaves_what_it_cannot_write)
{
	const int looks = rig_calls(&rig, "list");
	char id[ID_MAX];
	const pid_t pid = runner_told_to_end("1", "left", id);

	ck_assert_int_gt(rig_wait(pid, PATIENCE_MS), 0);
	ck_assert(is_logged("posts in hand 1, of them sent and not written down 1;"));
	ck_assert_int_eq(database_revive(&rig.database), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHING);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "left"), 1);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts = 1 AND remote_id IS NOT NULL"), 1);
	ck_assert_int_gt(rig_calls(&rig, "list"), looks);
}
END_TEST

/* What it knows spares the next one a doubt. */
START_TEST(runner_told_to_end_waits_for_a_database_that_comes_back)
{
	const int looks = rig_calls(&rig, "list");
	char id[ID_MAX];
	const pid_t pid = runner_told_to_end("600", "kept", id);

	rig_sleep_ms(ANSWER_MS);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ck_assert_int_eq(database_revive(&rig.database), 0);
	ck_assert_int_eq(rig_wait(pid, PATIENCE_MS), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHED);
	ck_assert_int_eq(rig_effects(&rig, "kept"), 1);
	ck_assert_int_eq(rig_calls(&rig, "list"), looks);
}
END_TEST

static void before(void)
{
	rig_start_with(&rig, &mastodon);
}

static void after(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ database_lost_under_a_running_worker, 0 },
		{ worker_born_without_a_database, 0 },
		{ schema_of_another_version_is_refused, 0 },
		{ runner_told_to_end_leaves_what_it_cannot_write, 0 },
		{ runner_told_to_end_waits_for_a_database_that_comes_back, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "database_down",
					.before = before,
					.after = after,
					.timeout_s = 120,
					.cases = cases };

	return suite_run(&suite);
}

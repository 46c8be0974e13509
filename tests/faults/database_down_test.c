/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that goes away under a running pool: 503 with Retry-After meanwhile, and service again
 * by itself afterwards, without a restart of any worker.
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
#include "support/client.h"
#include "support/database.h"
#include "support/suite.h"

struct pool {
	struct database database;
	struct keys keys;
	struct app app;
	char socket[96];
	pid_t master;
};

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

	snprintf(p->socket, sizeof(p->socket), "%s/pool.sock", p->database.folder);
	p->app.config = p->database.config;
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
	ck_assert_int_eq(database_shut(&pool.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 503", "Retry-After: ");
	expect(&pool, "/api/v1/workspace", "database_unavailable", "X-Request-Id");
	expect(&pool, "/api/v1/health", "Status: 503", "\"down\"");
	expect(&pool, "/api/v1/openapi.json", "Status: 200", "3.1.0");
	ck_assert_int_eq(database_revive(&pool.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	expect(&pool, "/api/v1/health", "Status: 200", "\"ok\"");
	pool_stop(&pool);
}
END_TEST

START_TEST(worker_born_without_a_database)
{
	ck_assert_int_eq(database_shut(&pool.database), 0);
	pool_start(&pool);
	expect(&pool, "/api/v1/workspace", "Status: 503", "Retry-After: ");
	ck_assert_int_eq(database_revive(&pool.database), 0);
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	pool_stop(&pool);
}
END_TEST

START_TEST(schema_of_another_version_is_refused)
{
	database_run(
		&pool.database,
		"INSERT INTO schema_migrations (version, name, sha256, state, applied_at) "
		"SELECT 9999, 'later', sha256, state, applied_at FROM schema_migrations LIMIT 1");
	pool_start(&pool);
	expect(&pool, "/api/v1/workspace", "Status: 503", "schema");
	database_run(&pool.database, "DELETE FROM schema_migrations WHERE version = 9999");
	expect(&pool, "/api/v1/workspace", "Status: 401", "invalid_token");
	pool_stop(&pool);
}
END_TEST

static void before(void)
{
	database_start(&pool.database, true);
}

static void after(void)
{
	database_stop(&pool.database);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ database_lost_under_a_running_worker, 0 },
		{ worker_born_without_a_database, 0 },
		{ schema_of_another_version_is_refused, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "database_down",
					.before = before,
					.after = after,
					.timeout_s = 120,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool under fire: a master of its own behind a socket, real FastCGI requests, no nginx and no
 * database. Workers are recycled, killed and reloaded meanwhile; every request must be answered.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "http/master.h"
#include "http/router.h"
#include "support/client.h"
#include "support/suite.h"

struct pool {
	char folder[64], socket[96];
	pid_t master;
	int64_t requests_max;
	int generation; /* of the configuration: a reload adds one */
	int stray_fd;   /* open in the master; no worker may have it */
	int shared_fd;  /* of the master, for its workers as well */
};

struct worker {
	struct pool *pool;
	struct config config;
	struct app app;
};

static int emit_word(struct reply *ret, const char *word)
{
	emit_open(&ret->emit, NULL);
	emit_int(&ret->emit, "pid", getpid());
	emit_text(&ret->emit, "word", word);
	emit_close(&ret->emit);
	return 0;
}

static int plain(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)req;
	(void)reterr;
	return emit_word(ret, "plain");
}

static int slow(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)req;
	(void)reterr;
	usleep(300000);
	return emit_word(ret, "slow");
}

static int early(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)reterr;
	emit_word(ret, "early");
	req->finish_early(req);
	usleep(400000);
	ck_assert_str_eq(request_header(req, "x-mark"), "kept");
	return 0;
}

static int crash(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)req;
	(void)ret;
	(void)reterr;
	_exit(3);
}

static int length(struct request *req, struct reply *ret, struct problem *reterr)
{
	(void)reterr;
	emit_open(&ret->emit, NULL);
	emit_int(&ret->emit, "length", (int64_t)req->body_n);
	emit_close(&ret->emit);
	return 0;
}

static int descriptors(struct request *req, struct reply *ret, struct problem *reterr)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int n = 0, shared = 0;

	(void)req;
	(void)reterr;
	while ((entry = readdir(dir))) {
		char target[64] = "";

		n += entry->d_name[0] != '.';
		shared += readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0 &&
			  strncmp(target, "/memfd:shared", 13) == 0;
	}
	closedir(dir);
	emit_open(&ret->emit, NULL);
	emit_int(&ret->emit, "open", n);
	emit_int(&ret->emit, "shared", shared);
	emit_close(&ret->emit);
	return 0;
}

/* clang-format off */
static const struct route rows[] = {
	{ HTTP_GET, "/plain", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = plain, .operation = "plain" },
	{ HTTP_GET, "/slow", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = slow, .operation = "slow" },
	{ HTTP_GET, "/early", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 202, .handler = early, .operation = "early" },
	{ HTTP_GET, "/crash", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = crash, .operation = "crash" },
	{ HTTP_GET, "/descriptors", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .ok = 200, .handler = descriptors, .operation = "descriptors" },
	{ HTTP_POST, "/length", .pool = POOL_API, .auth = AUTH_NONE, .rate = RATE_NONE, .body_max = -2, .ok = 200, .handler = length, .operation = "length" },
	{ .pattern = NULL },
};
/* clang-format on */
static const struct route *const families[] = { rows, NULL };
static const struct route_table table = { families };
static const struct router_hooks hooks = { .authenticate = NULL };

static void serve(void *arg, struct request *req, struct reply *ret)
{
	(void)arg;
	router_serve(&table, &hooks, POOL_API, req, ret);
}

static int work(void *arg, int listen_fd, const volatile int *stop)
{
	struct pool *pool = arg;
	struct worker w = { .pool = pool };
	const struct fcgi_service service = {
		.app = &w.app,
		.listen_fd = listen_fd,
		.requests_max = pool->requests_max,
		.body_max = 200000,
		.stop = stop,
		.serve = serve,
		.arg = &w,
	};

	w.app.config = &w.config;
	return fcgi_run(&service) < 0 ? 1 : 0;
}

static int reload(void *arg, struct master *m)
{
	struct pool *pool = arg;

	pool->generation++;
	m->workers = 3;
	return 0;
}

static void pool_start(struct pool *p, int workers, int64_t requests_max)
{
	struct master m = {
		.workers = workers, .backlog = 1024, .worker = work, .reload = reload, .arg = p
	};
	struct problem problem = { 0 };
	int i;

	memset(p, 0, sizeof(*p));
	p->requests_max = requests_max;
	snprintf(p->folder, sizeof(p->folder), "/tmp/carillon-pool-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	snprintf(p->socket, sizeof(p->socket), "%s/pool.sock", p->folder);
	p->stray_fd = open("/dev/null", O_RDONLY);
	p->shared_fd = memfd_create("shared", MFD_CLOEXEC);
	m.shared[1] = p->shared_fd;
	p->master = fork();
	if (p->master == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		log_setup("pool", LOG_LEVEL_ERROR, 2);
		m.socket_path = p->socket;
		_exit(master_run(&m, &problem) < 0 ? 1 : 0);
	}
	for (i = 0; i < 200 && access(p->socket, F_OK) != 0; i++)
		usleep(10000);
}

static void pool_clean(struct pool *p)
{
	char lock[104];

	close(p->stray_fd);
	close(p->shared_fd);
	snprintf(lock, sizeof(lock), "%s.lock", p->socket);
	unlink(lock);
	unlink(p->socket);
	ck_assert_int_eq(rmdir(p->folder), 0);
}

static int pool_stop(struct pool *p)
{
	int status = -1;

	kill(p->master, SIGTERM);
	waitpid(p->master, &status, 0);
	pool_clean(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *ask_with(const struct pool *p, const char *method, const char *path, const void *body,
		      size_t n)
{
	char size[32];
	const char *const params[] = { "REQUEST_METHOD",
				       method,
				       "DOCUMENT_URI",
				       path,
				       "REQUEST_URI",
				       path,
				       "QUERY_STRING",
				       "",
				       "HTTP_X_MARK",
				       "kept",
				       "CONTENT_LENGTH",
				       size,
				       NULL };

	snprintf(size, sizeof(size), "%zu", n);
	return client_fcgi(p->socket, params, body, n);
}

static char *ask(const struct pool *p, const char *path)
{
	return ask_with(p, "GET", path, NULL, 0);
}

static void ask_expect(const struct pool *p, const char *path, const char *want)
{
	char *answer = ask(p, path);

	ck_assert_msg(strstr(answer, want) != NULL, "%s: %s", path, answer);
	free(answer);
}

static pid_t worker_pid(const struct pool *p)
{
	char *answer = ask(p, "/plain"), *at = strstr(answer, "\"pid\":");
	pid_t pid = at ? (pid_t)strtol(at + 6, NULL, 10) : 0;

	free(answer);
	return pid;
}

/* Asks from several threads at once while `trouble` happens; how many had no answer. */
struct load {
	const struct pool *pool;
	int each, lost;
	pthread_mutex_t mutex;
};

static void *load_run(void *arg)
{
	struct load *l = arg;
	int i, lost = 0;

	for (i = 0; i < l->each; i++) {
		char *answer = ask(l->pool, "/plain");

		lost += strncmp(answer, "Status: 200", 11) != 0;
		free(answer);
	}
	pthread_mutex_lock(&l->mutex);
	l->lost += lost;
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

static int lost_during(struct pool *p, int each, void (*trouble)(struct pool *p))
{
	struct load l = { .pool = p, .each = each, .mutex = PTHREAD_MUTEX_INITIALIZER };
	pthread_t threads[8];
	size_t i;

	for (i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, load_run, &l), 0);
	if (trouble)
		trouble(p);
	for (i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	return l.lost;
}

START_TEST(recycling_loses_nothing)
{
	struct pool p;

	pool_start(&p, 2, 7);
	ck_assert_int_eq(lost_during(&p, 100, NULL), 0);
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

static void reload_often(struct pool *p)
{
	int i;

	for (i = 0; i < 10; i++) {
		kill(p->master, SIGHUP);
		usleep(30000);
	}
}

START_TEST(reload_loses_nothing)
{
	struct pool p;
	pid_t before;

	pool_start(&p, 2, 10000);
	before = worker_pid(&p);
	ck_assert_int_eq(lost_during(&p, 300, reload_often), 0);
	usleep(200000);
	ck_assert_int_ne(kill(before, 0), 0);
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

START_TEST(dead_worker_is_replaced)
{
	struct pool p;
	int i;

	pool_start(&p, 1, 10000);
	for (i = 0; i < 3; i++) {
		char *answer = ask(&p, "/crash");

		ck_assert_str_eq(answer, "");
		free(answer);
		ask_expect(&p, "/plain", "Status: 200");
	}
	kill(worker_pid(&p), SIGKILL);
	ask_expect(&p, "/plain", "Status: 200");
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

START_TEST(stop_finishes_the_request_at_work)
{
	struct pool p;
	pid_t child;
	int status = -1;

	pool_start(&p, 1, 10000);
	child = fork();
	if (child == 0) {
		char *answer = ask(&p, "/slow");

		_exit(strstr(answer, "\"slow\"") ? 0 : 1);
	}
	usleep(100000);
	ck_assert_int_eq(pool_stop(&p), 0);
	waitpid(child, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(killed_master_leaves_no_orphans)
{
	struct pool p;
	pid_t worker;
	int i, status = -1;

	/* The orphan comes to this process, so that its end can be seen. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pool_start(&p, 1, 10000);
	worker = worker_pid(&p);
	ck_assert_int_gt(worker, 1);
	kill(p.master, SIGKILL);
	waitpid(p.master, NULL, 0);
	for (i = 0; i < 100 && waitpid(worker, &status, WNOHANG) != worker; i++)
		usleep(10000);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
	pool_clean(&p);
}
END_TEST

START_TEST(early_answer_arrives_before_the_work_ends)
{
	struct pool p;
	int64_t started_us;

	pool_start(&p, 1, 10000);
	started_us = clock_boot_us();
	ask_expect(&p, "/early", "Status: 202");
	ck_assert_int_lt(clock_boot_us() - started_us, 300000);
	/* The one worker is still at it: the next request waits for it. */
	ask_expect(&p, "/plain", "Status: 200");
	ck_assert_int_ge(clock_boot_us() - started_us, 390000);
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

START_TEST(worker_has_the_shared_descriptors_and_no_others)
{
	struct pool p;

	pool_start(&p, 1, 10000);
	/* 0 1 2, shared, listening socket, connection, epoll, and /proc/self/fd itself */
	ask_expect(&p, "/descriptors", "\"open\":8,\"shared\":1");
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

START_TEST(second_master_is_refused_and_a_stale_socket_is_not)
{
	struct pool p;
	struct master m = { .workers = 1, .backlog = 8, .worker = work };
	struct problem problem = { 0 };
	struct stat st;

	pool_start(&p, 1, 10000);
	m.socket_path = p.socket;
	ck_assert_int_eq(stat(p.socket, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	ck_assert_int_eq(master_run(&m, &problem), -1);
	ck_assert_ptr_nonnull(strstr(problem.detail, "already"));
	ask_expect(&p, "/plain", "Status: 200");
	kill(p.master, SIGKILL);
	waitpid(p.master, NULL, 0);
	p.master = fork();
	if (p.master == 0) {
		m.arg = &p;
		_exit(master_run(&m, &problem) < 0 ? 1 : 0);
	}
	usleep(200000);
	ask_expect(&p, "/plain", "Status: 200");
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

static const size_t sizes[] = { 0, 1, 8191, 8192, 65534, 65535, 65536, 100000, 200000 };

START_TEST(bodies_arrive_whole)
{
	struct pool p;
	char *body = calloc(1, 200001), want[40];
	size_t i;

	memset(body, 'x', 200000);
	pool_start(&p, 1, 10000);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		char *answer = ask_with(&p, "POST", "/length", body, sizes[i]);

		snprintf(want, sizeof(want), "\"length\":%zu}", sizes[i]);
		ck_assert_msg(strstr(answer, want) != NULL, "%zu: %s", sizes[i], answer);
		free(answer);
	}
	char *over = ask_with(&p, "POST", "/length", body, 200001);
	ck_assert_ptr_nonnull(strstr(over, "Status: 413"));
	free(over);
	free(body);
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

static const struct {
	const char *name, *value;
} doubles[] = {
	{ "HTTP_AUTHORIZATION", "Bearer x" },
	{ "HTTP_IDEMPOTENCY_KEY", "k" },
	{ "CONTENT_LENGTH", "0" },
	{ "HTTP_IF_MATCH", "\"1\"" },
};

START_TEST(single_headers_given_twice_are_400)
{
	struct pool p;
	const char *const params[] = { "REQUEST_METHOD",
				       "GET",
				       "DOCUMENT_URI",
				       "/plain",
				       "REQUEST_URI",
				       "/plain",
				       doubles[_i].name,
				       doubles[_i].value,
				       doubles[_i].name,
				       doubles[_i].value,
				       NULL };
	char *answer;

	pool_start(&p, 1, 10000);
	answer = client_fcgi(p.socket, params, NULL, 0);
	ck_assert_msg(strstr(answer, "Status: 400") != NULL, "%s", answer);
	ck_assert_ptr_nonnull(strstr(answer, "\"code\":\"bad_request\""));
	free(answer);
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

START_TEST(bad_lengths_are_400)
{
	static const char *const lengths[] = { "-1", "x", "1x", "5" };
	struct pool p;
	size_t i;

	pool_start(&p, 1, 10000);
	for (i = 0; i < ARRAY_LEN(lengths); i++) {
		const char *const params[] = { "REQUEST_METHOD", "POST",        "DOCUMENT_URI",
					       "/length",        "REQUEST_URI", "/length",
					       "CONTENT_LENGTH", lengths[i],    NULL };
		char *answer = client_fcgi(p.socket, params, "abc", 3);

		ck_assert_msg(strstr(answer, "Status: 400") != NULL, "%s: %s", lengths[i], answer);
		free(answer);
	}
	ck_assert_int_eq(pool_stop(&p), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ recycling_loses_nothing, 0 },
		{ reload_loses_nothing, 0 },
		{ dead_worker_is_replaced, 0 },
		{ stop_finishes_the_request_at_work, 0 },
		{ killed_master_leaves_no_orphans, 0 },
		{ early_answer_arrives_before_the_work_ends, 0 },
		{ worker_has_the_shared_descriptors_and_no_others, 0 },
		{ second_master_is_refused_and_a_stale_socket_is_not, 0 },
		{ bodies_arrive_whole, 0 },
		{ single_headers_given_twice_are_400, (int)ARRAY_LEN(doubles) },
		{ bad_lengths_are_400, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "http_master",
		.cases = cases,
	});
}

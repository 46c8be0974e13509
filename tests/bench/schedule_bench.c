/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule_bench [POSTS]: what scheduling costs among 10,000 posts and among POSTS (5,000,000), and
 * the ratio. A private MariaDB, filled by the database itself; medians of repeated runs.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/principal.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/rfc3339.h"
#include "crypto/keys.h"
#include "platform/platform.h"
#include "store/queue.h"
#include "support/crowd.h"

#define SMALL  10000
#define USUAL  5000000
#define PAGES  101
#define PLANS  21
#define CLAIMS 51
#define ROUNDS 2

#define FAST       20000 /* pages a second */
#define USUAL_PACE 200   /* the server's own */
#define SETTLED    100   /* pages that stay dirty at rest */
#define IDLE_MOST  120   /* looks, half a second apart */

struct bench {
	struct app app;
	const struct database *database;
	struct keys keys; /* of cursors; any will do */
	struct arena *arena;
	struct reply reply;
	int64_t posts;
	int run;
};

static void need(int done, const struct problem *p)
{
	if (done >= 0)
		return;
	fprintf(stderr, "schedule_bench: %s\n", p->detail);
	exit(EXIT_FAILURE);
}

/* What was claimed is put back before the next run: its lease has a time that no other post has. */
static const char put_back[] =
	"UPDATE posts FORCE INDEX (wake) SET state = 'queued', owner = NULL, claims = 0, "
	"wake_at = UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE WHERE owner = 'run_bench' AND "
	"wake_at BETWEEN UTC_TIMESTAMP(3) AND UTC_TIMESTAMP(3) + INTERVAL 2 HOUR";

static void claim(struct bench *b)
{
	const struct queue_claim in = { .owner = "run_bench", .most = 500, .lease_s = 3600 };
	struct problem p = { .kind = PROBLEM_NONE };
	struct row_key *keys;
	size_t n = 0;

	need(store_queue_claim(b->app.db, &in, b->arena, &keys, &n, &p), &p);
	if (n != 500)
		fprintf(stderr, "schedule_bench: %zu claimed instead of 500\n", n);
}

/* A call of the API as its handler runs it, with the answer written; what HTTP adds is left out. */
static void call(struct bench *b, struct request *req, const struct route *route)
{
	static const struct principal caller = { .kind = PRINCIPAL_USER,
						 .mode = MODE_BOTH,
						 .workspace = CROWD_WORKSPACE,
						 .id = "user_bench" };
	struct problem p = { .kind = PROBLEM_NONE };

	req->app = &b->app;
	req->arena = b->arena;
	req->principal = &caller;
	b->reply.body.len = 0;
	b->reply.emit = (struct emit)EMIT(&b->reply.body);
	need(route->handler(req, &b->reply, &p), &p);
}

static const struct route *route_of(const struct route *rows, const char *pattern)
{
	while (strcmp(rows->pattern, pattern) != 0)
		rows++;
	return rows;
}

static void expect(const struct bench *b, const char *word, int least)
{
	const char *at = buf_str(&b->reply.body);
	int n = 0;

	while ((at = strstr(at, word))) {
		at++;
		n++;
	}
	if (n < least)
		fprintf(stderr, "schedule_bench: %d times %s instead of %d\n", n, word, least);
}

/*
 * Pages from all over the list, the same fractions of it in both sizes; its last fifth is left out,
 * for while the larger one is made the smaller one's time goes by.
 */
static void list(struct bench *b, const char *pattern, bool is_past)
{
	const int64_t way_us = b->posts * 12 * US_PER_S / (PAGES + 1) * b->run;
	char at[RFC3339_MAX];
	struct request req = { .query_n = 2 };

	rfc3339_print(clock_real_us() + (is_past ? -way_us : way_us), at);
	req.query[0] = (struct name_value){ is_past ? "to" : "from", at };
	req.query[1] = (struct name_value){ "status", is_past ? "published" : "pending" };
	req.query_n = is_past ? 1 : 2;
	call(b, &req, route_of(api_schedule_routes, pattern));
	expect(b, "\"content_id\"", 50);
	if (is_past)
		expect(b, "\"evidence\"", 50);
}

static void list_pending(struct bench *b)
{
	list(b, "/api/v1/schedule", false);
}

static void list_history(struct bench *b)
{
	list(b, "/api/v1/schedule/history", true);
}

/* Scheduled for good, and taken away again before the next run. */
static const char forget[] =
	"DELETE e, p FROM posts p FORCE INDEX (by_character) LEFT JOIN events e ON "
	"e.workspace_id = p.workspace_id AND e.subject_id = p.id WHERE "
	"p.workspace_id = '" CROWD_WORKSPACE "' AND p.character_id = '" CROWD_PLANNER "'";

static void generate(struct bench *b)
{
	static const char body[] = "{\"character_id\":\"" CROWD_PLANNER "\",\"days\":90}";
	const struct route *route =
		route_of(api_schedule_generate_routes, "/api/v1/schedule/generate");
	struct problem p = { .kind = PROBLEM_NONE };
	struct request req = { .body = body };
	void *in;

	need(schema_bind(route->body, body, sizeof(body) - 1, b->arena, &in, &p), &p);
	req.in = in;
	call(b, &req, route);
	expect(b, "\"sch_", CROWD_OPEN / 3);
}

struct figure {
	const char *name;
	void (*run)(struct bench *b);
	int runs;
	const char *after; /* undoes a run, outside of the measured time; NULL: nothing to undo */
};

static const struct figure figures[] = {
	{ "list page of 50, pending", list_pending, PAGES, NULL },
	{ "history page of 50", list_history, PAGES, NULL },
	{ "generate, 500 open items", generate, PLANS, forget },
	{ "claim of 500 due", claim, CLAIMS, put_back },
};

static int by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t dirty_pages(const struct database *d)
{
	return crowd_number(d, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE "
			       "VARIABLE_NAME = 'INNODB_BUFFER_POOL_PAGES_DIRTY'");
}

/* How fast the server writes pages behind everybody's back. */
static void set_pace(const struct database *d, int pages_per_s)
{
	char sql[100];

	(void)snprintf(sql, sizeof(sql), "SET GLOBAL innodb_io_capacity_max = %d",
		       pages_per_s * 10);
	crowd_run(d, sql);
	(void)snprintf(sql, sizeof(sql), "SET GLOBAL innodb_io_capacity = %d", pages_per_s);
	crowd_run(d, sql);
}

/*
 * What filling has left behind is written before anything is measured; that takes as long as it
 * takes, and is only then given up, aloud, when nothing is written any more.
 */
static void settle(const struct database *d)
{
	int64_t left = dirty_pages(d), was = left;
	int idle = 0;

	crowd_run(d, "SET GLOBAL innodb_max_dirty_pages_pct = 0");
	for (; left > SETTLED && idle < IDLE_MOST; left = dirty_pages(d)) {
		idle = left < was ? 0 : idle + 1;
		was = left;
		(void)poll(NULL, 0, 500);
	}
	if (left > SETTLED)
		fprintf(stderr, "schedule_bench: %lld pages are still to be written\n",
			(long long)left);
	crowd_run(d, "SET GLOBAL innodb_max_dirty_pages_pct = 90");
}

static void bench_open(struct bench *ret, const struct database *d, const struct config *config,
		       int64_t posts)
{
	struct problem p = { .kind = PROBLEM_NONE };
	const int64_t start = clock_boot_us();

	*ret = (struct bench){ .app = { .config = config, .keys = &ret->keys },
			       .database = d,
			       .arena = arena_new(),
			       .posts = posts };
	set_pace(d, FAST);
	crowd_make(d, posts);
	crowd_attempts(d, posts / 2);
	settle(d);
	set_pace(d, USUAL_PACE);
	printf("%lld posts made in %lld s\n", (long long)posts,
	       (long long)((clock_boot_us() - start) / US_PER_S));
	need(db_open(d->config, DB_ROLE_ADMIN, &ret->app.db, &p), &p);
}

static int64_t time_us(struct bench *b, const struct figure *f, int run)
{
	int64_t start, took;

	b->run = run;
	arena_reset(b->arena);
	start = clock_boot_us();
	f->run(b);
	took = clock_boot_us() - start;
	if (f->after)
		crowd_run(b->database, f->after);
	return took;
}

/* In turns, so that whatever else the machine does weighs on both alike. */
static void measure(struct bench *small, struct bench *large, const struct figure *f)
{
	int64_t took[2][PAGES];

	for (int i = 0; i < f->runs; i++) {
		took[0][i] = time_us(small, f, i);
		took[1][i] = time_us(large, f, i);
	}
	for (int i = 0; i < 2; i++)
		qsort(took[i], (size_t)f->runs, sizeof(took[i][0]), by_value);
	printf("%-28s %12lld %12lld %7.2f\n", f->name, (long long)took[0][f->runs / 2],
	       (long long)took[1][f->runs / 2],
	       (double)took[1][f->runs / 2] / (double)took[0][f->runs / 2]);
}

static void bench_close(struct bench *b)
{
	db_free(b->app.db);
	buf_done(&b->reply.body);
	arena_free(b->arena);
}

int main(int argc, char **argv)
{
	const int64_t posts = argc > 1 ? strtoll(argv[1], NULL, 10) : USUAL;
	struct database few, many;
	struct bench small, large;
	struct config *config = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	size_t n;
	const struct setting_group *groups = platform_setting_groups(&n);

	if (posts < 2 * CROWD_DUE) {
		fprintf(stderr, "usage: schedule_bench [POSTS], at least %d\n", 2 * CROWD_DUE);
		return EXIT_FAILURE;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* starting a database forks */
	need(config_load(NULL, groups, n, &config, &p), &p);
	database_start(&few, true);
	database_start(&many, true);
	bench_open(&small, &few, config, SMALL);
	bench_open(&large, &many, config, posts);
	printf("%-28s %12d %12lld %7s\n", "median of a call, us; posts:", SMALL, (long long)posts,
	       "ratio");
	/* All of it again: how far apart the ratios lie says what they are worth. */
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
			measure(&small, &large, &figures[i]);
	}
	bench_close(&small);
	bench_close(&large);
	database_stop(&few);
	database_stop(&many);
	config_free(config);
	return EXIT_SUCCESS;
}

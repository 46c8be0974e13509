/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule_bench [POSTS]: what scheduling costs among 10,000 posts and among POSTS (5,000,000), and
 * the ratio. A private MariaDB, filled by the database itself; medians of repeated runs.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/principal.h"
#include "api/schedule_plan.h"
#include "base/clock.h"
#include "base/config.h"
#include "crypto/random.h"
#include "platform/platform.h"
#include "store/posts.h"
#include "store/queue.h"
#include "support/crowd.h"

#define SMALL 10000
#define USUAL 5000000
#define RUNS  9
#define PAGES 101

#define FAST       20000 /* pages a second */
#define USUAL_PACE 200   /* the server's own */
#define SETTLED    100   /* pages that stay dirty at rest */
#define IDLE_MOST  120   /* looks, half a second apart */

struct bench {
	struct app app;
	struct arena *arena;
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

/* Each run takes the next 500: what was claimed comes back only after its lease. */
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

/* Pages from all over the list, the same fractions of it in both sizes. */
static void list(struct bench *b, uint64_t states, bool descending)
{
	const int64_t span_us = b->posts * 15 * US_PER_S;
	const int64_t way_us = span_us / (PAGES + 1) * b->run;
	struct post_query q = {
		.page = { .limit = 50, .after_id = "", .descending = descending },
		.from_us = INSTANT_NONE,
		.to_us = INSTANT_NONE,
		.states = states,
		.livemode = LIVEMODE_ANY,
	};
	struct problem p = { .kind = PROBLEM_NONE };
	struct posts page;

	q.page.after_us = clock_real_us() + (descending ? -way_us : way_us);
	need(store_posts_list(b->app.db, CROWD_WORKSPACE, &q, b->arena, &page, &p), &p);
	if (page.n != 50)
		fprintf(stderr, "schedule_bench: %zu listed instead of 50\n", page.n);
}

static void list_pending(struct bench *b)
{
	list(b, UINT64_C(1) << POST_QUEUED, false);
}

static void list_history(struct bench *b)
{
	list(b,
	     UINT64_C(1) << POST_PUBLISHED | UINT64_C(1) << POST_FAILED |
		     UINT64_C(1) << POST_MISSED | UINT64_C(1) << POST_CANCELLED,
	     true);
}

struct planning {
	struct bench *bench;
	struct request *req;
};

static int plan_once(struct db *db, void *arg, struct problem *reterr)
{
	const struct planning *g = arg;
	const struct plan_ask ask = {
		.character_id = CROWD_PLANNER,
		.from_us = clock_real_us(),
		.not_before_us = clock_real_us(),
		.days = SLOTS_DAYS_MAX,
	};
	struct plan plan;

	(void)db;
	if (schedule_plan_make(g->req, &ask, &plan, reterr) < 0)
		return -1;
	if (plan.picks_n + plan.misses_n != CROWD_OPEN || plan.picks_n < CROWD_OPEN / 3)
		fprintf(stderr, "schedule_bench: %zu planned, %zu left\n", plan.picks_n,
			plan.misses_n);
	return 0;
}

static void generate(struct bench *b)
{
	const struct principal caller = { .kind = PRINCIPAL_USER,
					  .mode = MODE_BOTH,
					  .workspace = CROWD_WORKSPACE,
					  .id = "user_bench" };
	struct request req = { .app = &b->app, .arena = b->arena, .principal = &caller };
	struct planning g = { b, &req };
	struct problem p = { .kind = PROBLEM_NONE };

	need(db_transact(b->app.db, plan_once, &g, &p), &p);
}

struct figure {
	const char *name;
	void (*run)(struct bench *b);
	int runs;
};

static const struct figure figures[] = {
	{ "list page of 50, pending", list_pending, PAGES },
	{ "history page of 50", list_history, PAGES },
	{ "generate, 500 open items", generate, RUNS },
	/* The last: what it has claimed is no longer queued. */
	{ "claim of 500 due", claim, RUNS },
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

	*ret = (struct bench){ .app = { .config = config }, .arena = arena_new(), .posts = posts };
	set_pace(d, FAST);
	crowd_make(d, posts);
	settle(d);
	set_pace(d, USUAL_PACE);
	printf("%lld posts made in %lld s\n", (long long)posts,
	       (long long)((clock_boot_us() - start) / US_PER_S));
	need(db_open(d->config, DB_ROLE_ADMIN, &ret->app.db, &p), &p);
}

static int64_t time_us(struct bench *b, const struct figure *f, int run)
{
	const int64_t start = clock_boot_us();

	b->run = run;
	arena_reset(b->arena);
	f->run(b);
	return clock_boot_us() - start;
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
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		measure(&small, &large, &figures[i]);
	bench_close(&small);
	bench_close(&large);
	database_stop(&few);
	database_stop(&many);
	config_free(config);
	return EXIT_SUCCESS;
}

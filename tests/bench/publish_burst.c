/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many posts due in one second, staged beforehand. One call a post: a text on X. Three calls: a
 * picture on Instagram with a first comment, which are media_publish, its address, the comment; and,
 * three times the work, a thread of three on X, whose parts have a permit, an attempt and a
 * settlement each. Two runners are two hosts, told apart by a hostname each. All of it on a disk that
 * is slow to sync, or over TLS, if the bench is told so.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "publish_bench.h"

#define CALL_MS     200
#define RUNNERS_MAX 2

struct flow {
	const char *name;
	int calls;
	bool is_picture;
	int seen; /* objects a post */
	int runners, in_flight;
	/* Of the ideal pace, and with slow syncs; CPU of the runners, and over TLS. */
	const char *pace, *pace_slow, *cpu, *cpu_tls;
};

struct burst {
	const struct flow *flow;
	int64_t n, due_us, took_us, stage_us, transitions, commits, database_us;
	struct bench_used used;
	struct bare_used bare;
	struct bench_syncs syncs;
};

static void make_posts(struct bench *b, const struct burst *u)
{
	struct bench_text what = { .overrides = NULL };
	char caption[40], parts[120], id[ID_MAX];

	for (int64_t made = 0; made < u->n; made += BENCH_ACCOUNTS) {
		const int64_t left = u->n - made;

		(void)snprintf(caption, sizeof(caption), "%s %lld", u->flow->name,
			       (long long)(made / BENCH_ACCOUNTS));
		(void)snprintf(parts, sizeof(parts), "{\"thread\":[\"%s two\",\"%s three\"]}",
			       caption, caption);
		what.caption = caption;
		what.overrides = u->flow->seen == 3 ? parts : NULL;
		what.comment = u->flow->is_picture ? "the first comment" : NULL;
		what.n = left < BENCH_ACCOUNTS ? (int)left : BENCH_ACCOUNTS;
		what.due_us = clock_real_us() + BENCH_FAR_US;
		bench_text(b, &what, id);
	}
}

static void stage(struct bench *b, struct burst *u)
{
	const int64_t start_us = clock_boot_us();
	const pid_t runner = bench_runner(b);

	bench_until(b, "SELECT COUNT(*) FROM posts WHERE state = 'staged'", u->n, 300);
	u->stage_us = clock_boot_us() - start_us;
	(void)bench_wait(runner, SIGTERM);
}

/* A name of its own for the runner that is started next; one alone takes the host as it is. */
static void name_host(int i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "bench-%d", i);
	if ((i == 0 && unshare(CLONE_NEWUTS) < 0) || sethostname(name, strlen(name)) < 0)
		perror("a hostname for each runner");
}

static void run_runners(struct bench *b, struct burst *u)
{
	pid_t runners[RUNNERS_MAX];

	for (int i = 0; i < u->flow->runners; i++) {
		if (u->flow->runners > 1)
			name_host(i);
		runners[i] = bench_runner(b);
	}
	bench_until(b, "SELECT COUNT(*) FROM posts WHERE is_over = 0", 0, 600);
	for (int i = 0; i < u->flow->runners; i++) {
		const struct bench_used one = bench_wait(runners[i], SIGTERM);

		u->used.cpu_us += one.cpu_us;
		if (one.peak_kb > u->used.peak_kb)
			u->used.peak_kb = one.peak_kb;
	}
}

static void fire(struct bench *b, struct burst *u)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const int64_t versions = bench_number(b, "SELECT SUM(version) FROM posts");
	const int64_t database_us = bench_database_us(b);
	const struct bench_syncs syncs = bench_syncs(b);
	int64_t seen;

	bench_run(b, "DELETE FROM runners");
	u->due_us = (clock_real_us() / US_PER_S + BENCH_LEAD_US / US_PER_S) * US_PER_S;
	bench_run(b, arena_printf(a,
				  "UPDATE posts SET due_at = '1970-01-01' + INTERVAL %lld SECOND, "
				  "wake_at = due_at - INTERVAL 5 SECOND WHERE state = 'staged'",
				  (long long)(u->due_us / US_PER_S)));
	run_runners(b, u);
	u->database_us = bench_database_us(b) - database_us;
	u->syncs = bench_syncs(b);
	u->syncs.database -= syncs.database;
	u->syncs.runner -= syncs.runner;
	(void)bench_last_seen(b, u->flow->name, &seen);
	/* Not when the last answer left, but when the last outcome was on record. */
	u->took_us = bench_number(b, "SELECT CAST(UNIX_TIMESTAMP(MAX(updated_at)) * 1000000 AS "
				     "SIGNED) FROM posts") -
		     u->due_us;
	u->transitions = bench_number(b, "SELECT SUM(version) FROM posts") - versions;
	u->commits = bench_number(b, "SELECT SUM(commits) FROM runners");
	if (seen != u->n * u->flow->seen)
		printf("%s: %lld objects came\n", u->flow->name, (long long)seen);
}

static void pace_row(const struct bench *b, const struct burst *u)
{
	const struct flow *f = u->flow;
	const double n = (double)u->n, seconds = (double)u->took_us / US_PER_S;
	const double bare = (double)u->bare.took_us / US_PER_S;
	const double ideal = n * f->calls * CALL_MS / 1000 / f->in_flight / f->runners;
	char figure[160], is[160], yardstick[160];

	(void)snprintf(
		figure, sizeof(figure),
		"%s: %lld posts due in one second, %d calls of %d ms each, %d x %d in flight",
		f->name, (long long)u->n, f->calls, CALL_MS, f->runners, f->in_flight);
	(void)snprintf(is, sizeof(is), "%.1f s: %.0f/s, %.2f of ideal", seconds, n / seconds,
		       ideal / seconds);
	(void)snprintf(yardstick, sizeof(yardstick), "ideal %.1f s; bare curl_multi %.1f s: %.2f",
		       ideal, bare, bare / seconds);
	bench_row(b, figure, is, yardstick, b->fsync_ms > 0 ? f->pace_slow : f->pace);
}

static void sync_row(struct bench *b, const struct burst *u)
{
	char is[160], yardstick[160];

	if (b->fsync_ms == 0)
		return;
	(void)snprintf(is, sizeof(is), "database %lld, runners %lld", (long long)u->syncs.database,
		       (long long)u->syncs.runner);
	(void)snprintf(yardstick, sizeof(yardstick), "a commit with nobody else there: %.1f ms",
		       bench_commit_ms(b));
	bench_row(b, "syncs in that burst", is, yardstick, "-");
	if (u->syncs.database == 0 || u->syncs.runner == 0)
		printf("%s: that disk was not slow for all\n", u->flow->name);
}

static void rows(struct bench *b, const struct burst *u)
{
	const double n = (double)u->n;
	char is[160], yardstick[160];

	pace_row(b, u);
	(void)snprintf(is, sizeof(is), "%.0f us a post, %.2f core", (double)u->used.cpu_us / n,
		       (double)u->used.cpu_us / (double)u->took_us);
	(void)snprintf(yardstick, sizeof(yardstick), "bare curl_multi %.0f us",
		       (double)u->bare.cpu_us / n);
	bench_row(b, "CPU of its runners", is, yardstick,
		  b->is_tls ? u->flow->cpu_tls : u->flow->cpu);
	(void)snprintf(is, sizeof(is), "%.0f us a post", (double)u->database_us / n);
	bench_row(b, "CPU of the database", is, "", "-");
	(void)snprintf(is, sizeof(is), "%.1f MB", (double)u->used.peak_kb / 1024);
	bench_row(b, "peak memory of a runner", is, "", "<= 128 MB");
	(void)snprintf(is, sizeof(is), "%lld commits, %.1f transitions each", (long long)u->commits,
		       (double)u->transitions / (double)u->commits);
	(void)snprintf(yardstick, sizeof(yardstick), "one each: %lld", (long long)u->transitions);
	bench_row(b, "database commits in that burst", is, yardstick, ">= 15 transitions a commit");
	sync_row(b, u);
	(void)snprintf(is, sizeof(is), "%.0f/s", n / ((double)u->stage_us / US_PER_S));
	bench_row(b, "staging of these posts beforehand", is, "", "-");
}

static void run(struct bench *b, const struct flow *flow)
{
	struct burst u = { .flow = flow, .n = b->posts };
	const int at_once = flow->in_flight * flow->runners;

	bench_setting(b, "stay_s", 3600);
	bench_setting(b, "in_flight", flow->in_flight);
	bench_latency(b, 0);
	if (flow->is_picture)
		bench_connect_pictured(b);
	make_posts(b, &u);
	stage(b, &u);
	bench_latency(b, CALL_MS);
	u.bare = bare_burst(b, u.n * flow->calls, at_once);
	fire(b, &u);
	rows(b, &u);
}

/* clang-format off */
#define CPU "<= 400 us, <= 1 core", "<= 1300 us"
static const struct flow one_call   = { "burst",   1, false, 1, 1, 500,  "-", "-", CPU };
static const struct flow commented  = { "comment", 3, true,  1, 1, 500,  ">= 0.87", ">= 0.80", CPU };
static const struct flow in_parts   = { "thread",  3, false, 3, 1, 500,  "-", "-", "-", "-" };
static const struct flow a_thousand = { "wide",    3, true,  1, 1, 1000, "-", "-", "<= 400 us", "<= 1300 us" };
static const struct flow two_hosts  = { "pair",    3, true,  1, 2, 1000, "the bound", "-", "<= 400 us", "<= 1300 us" };
/* clang-format on */

void bench_burst(struct bench *b)
{
	run(b, &one_call);
}

void bench_comment(struct bench *b)
{
	run(b, &commented);
}

void bench_thread(struct bench *b)
{
	run(b, &in_parts);
}

void bench_wide(struct bench *b)
{
	run(b, &a_thousand);
}

void bench_pair(struct bench *b)
{
	run(b, &two_hosts);
}

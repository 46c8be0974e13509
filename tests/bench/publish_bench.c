/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_bench [now] [video] [lateness] [burst] [comment] [thread] [wide] [pair]: when posts go out,
 * against a yardstick run beside it; without a name all parts. Nothing is asserted but that every post
 * came. BENCH_SECONDS (300) of the lateness part, BENCH_POSTS (10000) of the bursts (burst, comment,
 * thread, wide, pair: publish_burst.c), BENCH_MB (200) of the videos; BENCH_FSYNC_MS (0) that each
 * sync of the database and the runners takes longer; BENCH_TLS=1: the platforms speak TLS.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "publish/engine.h"
#include "publish_bench.h"
#include "video.h"

#define SPREAD_POSTS  1000
#define SPREAD_PEOPLE 50
#define HANDOVERS     5
#define NOW_POSTS     50
#define VIDEO_MB_US   (20 * US_PER_MS) /* at least, to write it down on the other side */

static void sleep_until(int64_t real_us)
{
	const struct timespec at = { .tv_sec = real_us / US_PER_S,
				     .tv_nsec = real_us % US_PER_S * 1000 };

	(void)clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

/* ---- lateness ---- */

struct lateness {
	int64_t due_us[SPREAD_POSTS], seen_us[SPREAD_POSTS], slept_us[SPREAD_POSTS];
	pid_t runners[HANDOVERS + 1];
	int runners_n;
	int64_t start_us, length_us;
};

static void spread_posts(struct bench *b, struct lateness *l)
{
	/* Each is a commit of its own. */
	const int64_t filling_us = SPREAD_POSTS * b->fsync_ms * 3 / 2 * US_PER_MS;
	char caption[40], id[ID_MAX];

	l->start_us = clock_real_us() + BENCH_LEAD_US + filling_us;
	for (int i = 0; i < SPREAD_POSTS; i++) {
		/* Milliseconds, as the API takes them. */
		l->due_us[i] = (l->start_us + l->length_us * i / SPREAD_POSTS) / 1000 * 1000;
		(void)snprintf(caption, sizeof(caption), "spread %d", i);
		bench_text(b,
			   &(struct bench_text){ caption, NULL, NULL, i % SPREAD_PEOPLE, 1,
						 l->due_us[i] },
			   id);
	}
}

/* Sleeps to each due instant as a bare timer would, and starts a runner when cron would. */
static void sit_through(struct bench *b, struct lateness *l)
{
	const int64_t each_us = l->length_us / HANDOVERS;
	int64_t next_us = l->start_us - BENCH_LEAD_US / 2;

	for (int i = 0; i < SPREAD_POSTS; i++) {
		while (next_us <= l->due_us[i] && l->runners_n <= HANDOVERS) {
			sleep_until(next_us);
			l->runners[l->runners_n++] = bench_runner(b);
			next_us += each_us;
		}
		sleep_until(l->due_us[i]);
		l->slept_us[i] = clock_real_us() - l->due_us[i];
	}
}

static void lateness(struct bench *b)
{
	struct lateness *l = alloc_zero(sizeof(*l));
	struct bench_spread ours, bare;
	char is[160], yardstick[100];
	int64_t seen;

	l->length_us = b->seconds * US_PER_S;
	bench_setting(b, "stay_s", b->seconds * 58 / 60 / HANDOVERS + 1);
	bench_latency(b, 50);
	spread_posts(b, l);
	sit_through(b, l);
	bench_until(b, "SELECT COUNT(*) FROM posts WHERE is_over = 0", 0, 60);
	for (int i = 0; i < l->runners_n; i++)
		(void)bench_wait(l->runners[i], SIGTERM);
	seen = bench_seen(b, "spread ", l->seen_us, SPREAD_POSTS);
	for (int i = 0; i < SPREAD_POSTS; i++)
		l->seen_us[i] -= l->due_us[i];
	if (seen != SPREAD_POSTS)
		printf("lateness: only %lld posts came\n", (long long)seen);
	ours = bench_spread(l->seen_us, SPREAD_POSTS);
	bare = bench_spread(l->slept_us, SPREAD_POSTS);
	(void)snprintf(is, sizeof(is), "p50 %.1f ms, p99 %.1f, max %.1f; first %.1f", ours.p50,
		       ours.p99, ours.max, (double)l->seen_us[0] / 1000);
	(void)snprintf(yardstick, sizeof(yardstick), "bare timer: p50 %.1f ms, p99 %.1f, max %.1f",
		       bare.p50, bare.p99, bare.max);
	bench_row(b, "lateness at the platform, 1,000 posts, 5 handovers", is, yardstick,
		  "p50 <= 5 ms, p99 <= 50, max <= 1000");
	free(l);
}

/* ---- videos ---- */

struct video_case {
	enum bench_platform platform;
	const char *name;
	int64_t share;   /* of BENCH_MB, in percent */
	int64_t most_mb; /* that the platform takes, or one box of a file */
};

static void video(struct bench *b, const struct video_case *c)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const int64_t asked_mb = b->mb * c->share / 100;
	const int64_t mb = asked_mb < c->most_mb ? asked_mb : c->most_mb;
	const int64_t rate = mb << 20 >> 3; /* eight seconds */
	const char *path = arena_printf(a, "%s/%s.mp4", b->rig.folder, c->name);
	const char *caption = arena_printf(a, "video of %s", c->name);
	int64_t due_us, seen;
	struct bench_used used;
	char id[ID_MAX];
	pid_t runner;

	video_make(path, "testsrc=s=540x960:r=30:d=5", mb << 20);
	rig_media(&b->rig, path, &video_upright, id);
	rig_sandbox(&b->rig, "/_control/bandwidth",
		    arena_printf(a, "{\"platform\":\"%s\",\"upload_bytes_per_s\":%lld}", c->name,
				 (long long)rate));
	due_us = clock_real_us() + 2 * BENCH_LEAD_US + mb * VIDEO_MB_US;
	due_us = due_us / 1000 * 1000;
	bench_video(b, c->platform, id, caption, due_us);
	runner = bench_runner(b);
	bench_until(b, "SELECT COUNT(*) FROM posts WHERE is_over = 0", 0, 300);
	used = bench_wait(runner, SIGTERM);
	due_us = bench_last_seen(b, caption, &seen) - due_us;
	bench_row(b,
		  arena_printf(a, "video of %lld MB on %s at T over a line of %lld MB/s",
			       (long long)mb, c->name, (long long)(rate >> 20)),
		  arena_printf(a, "T + %.0f ms%s; runner %.1f MB, %.2f s CPU",
			       (double)due_us / 1000, seen == 1 ? "" : " (not exactly one)",
			       (double)used.peak_kb / 1024, (double)used.cpu_us / US_PER_S),
		  "upload begun at T: T + 8000 ms at least", "at T; <= 64 MB");
}

static void videos(struct bench *b)
{
	static const struct video_case cases[] = {
		{ BENCH_YOUTUBE, "youtube", 100, 4096 },
		{ BENCH_PINTEREST, "pinterest", 100, 2048 },
		{ BENCH_TWITTER, "twitter", 50, 512 },
	};

	bench_setting(b, "stay_s", 3600);
	bench_latency(b, 50);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		video(b, &cases[i]);
}

/* ---- publish-now ---- */

static int64_t now_one(struct bench *b, struct engine *e, int i)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	enum post_state state = POST_STATES;
	struct problem p = { .kind = PROBLEM_NONE };
	const char *caption = arena_printf(a, "now %d", i);
	int64_t took_us;
	char id[ID_MAX];

	bench_text(
		b,
		&(struct bench_text){ caption, NULL, NULL, 0, 1, clock_real_us() + BENCH_FAR_US },
		id);
	took_us = clock_boot_us();
	bench_need(engine_publish_one(e, RIG_WORKSPACE, id, took_us + 10 * US_PER_S, &state, &p),
		   &p);
	took_us = clock_boot_us() - took_us;
	if (state != POST_PUBLISHED)
		printf("publish-now %d: %s\n", i, post_state_name(state));
	return took_us;
}

static void now(struct bench *b)
{
	int64_t ours_us[NOW_POSTS], bare_us[NOW_POSTS];
	struct bench_spread ours, bare;
	struct engine *e = NULL;
	struct problem p = { .kind = PROBLEM_NONE };
	char is[160], yardstick[100];

	bench_latency(b, 50);
	bench_need(engine_open(&b->app, &e, &p), &p);
	for (int i = 0; i < NOW_POSTS; i++) {
		ours_us[i] = now_one(b, e, i);
		bare_us[i] = bare_one(b, i);
	}
	engine_free(e);
	ours = bench_spread(ours_us, NOW_POSTS);
	bare = bench_spread(bare_us, NOW_POSTS);
	(void)snprintf(is, sizeof(is), "median %.1f ms, p99 %.1f: %.2f x 50 ms, %.2f x bare",
		       ours.p50, ours.p99, ours.p50 / 50, ours.p50 / bare.p50);
	(void)snprintf(yardstick, sizeof(yardstick), "bare call: median %.1f ms, p99 %.1f",
		       bare.p50, bare.p99);
	bench_row(b, "publish-now of a text, platform answering in 50 ms", is, yardstick,
		  "<= 1.3 x 50 ms");
}

/* ---- all ---- */

static const struct part {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = { { "now", now },           { "video", videos },          { "lateness", lateness },
	      { "burst", bench_burst }, { "comment", bench_comment }, { "thread", bench_thread },
	      { "wide", bench_wide },   { "pair", bench_pair } };

static int64_t setting(const char *name, int64_t fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoll(text, NULL, 10) : fallback;
}

static bool is_asked(int argc, char **argv, const char *name)
{
	bool is = argc < 2;

	for (int i = 1; i < argc; i++)
		is |= strcmp(argv[i], name) == 0;
	return is;
}

int main(int argc, char **argv)
{
	struct bench *b = alloc_zero(sizeof(*b));

	b->seconds = setting("BENCH_SECONDS", 300);
	b->posts = setting("BENCH_POSTS", 10000);
	b->mb = setting("BENCH_MB", 200);
	b->fsync_ms = setting("BENCH_FSYNC_MS", 0);
	b->is_tls = setting("BENCH_TLS", 0) != 0;
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* starting a database forks */
	bench_start(b);
	printf("| figure | this run | yardstick | reach |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (is_asked(argc, argv, parts[i].name))
			parts[i].run(b);
	}
	bench_stop(b);
	free(b);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_bench - what its parts share: the rig with the usual settings, posts in thousands
 * Tests only. publish_rig.c: database, sandbox, accounts, runners, and what the sandbox's truth log
 * says; publish_place.c: the disk and TLS; publish_bare.c: the yardsticks, which know nothing of the
 * engine.
 */
#ifndef CARILLON_TESTS_PUBLISH_BENCH_H
#define CARILLON_TESTS_PUBLISH_BENCH_H

#include <sys/time.h>
#include <sys/types.h>

#include "app.h"
#include "rig.h"
#include "support/slowdisk.h"

#define BENCH_ACCOUNTS 600
#define BENCH_FAR_US   (3600 * US_PER_S)
#define BENCH_LEAD_US  (15 * US_PER_S)

enum bench_platform {
	BENCH_TWITTER,
	BENCH_YOUTUBE,
	BENCH_PINTEREST,
	BENCH_INSTAGRAM,
	BENCH_PLATFORMS
};

enum bench_disk_of { BENCH_DISK_DATABASE, BENCH_DISK_RUNNER, BENCH_DISKS };

struct bench {
	struct rig rig;
	struct app app;
	char accounts[BENCH_ACCOUNTS][ID_MAX]; /* of X, one person each */
	char pictured[BENCH_ACCOUNTS][ID_MAX]; /* the same of Instagram, if they are connected */
	int64_t seconds, posts, mb, fsync_ms;
	struct slowdisk disks[BENCH_DISKS];
	bool is_tls;
	char platforms_url[64]; /* what all platforms' addresses begin with */
	pid_t front;
};

/* Says beside the figure what disk and wire it is of, unless they are the usual ones. */
void bench_row(const struct bench *b, const char *figure, const char *is, const char *yardstick,
	       const char *reach);
/*
 * The bursts, publish_burst.c: one call a post, three in two manners, three with a thousand in
 * flight, and that by two runners.
 */
void bench_burst(struct bench *b);
void bench_comment(struct bench *b);
void bench_thread(struct bench *b);
void bench_wide(struct bench *b);
void bench_pair(struct bench *b);

void bench_start(struct bench *b);
void bench_connect_pictured(struct bench *b); /* unless they are */
void bench_stop(struct bench *b);
void bench_need(int done, const struct problem *p);

/* With fsync_ms: disks for the database, before it starts, and for runners; slow from then on. */
void bench_disk_make(struct bench *b);
void bench_disk_slow(struct bench *b);
struct bench_syncs { /* that were slowed so far */
	int64_t database, runner;
};
struct bench_syncs bench_syncs(const struct bench *b);
double bench_commit_ms(struct bench *b); /* one update of one row, nobody else there */
/* Where the platforms are: the sandbox, or, with is_tls, a private nginx before it. */
void bench_front(struct bench *b);
void bench_front_stop(struct bench *b);

/* A line of the runner's settings, of [publish] unless the file has it elsewhere. */
void bench_setting(struct bench *b, const char *name, int64_t value);
void bench_latency(struct bench *b, int64_t ms);
int64_t bench_number(struct bench *b, const char *sql); /* one number of the database */
void bench_run(struct bench *b, const char *sql);

/*
 * An approved text, a post of it on X for n accounts from the first on; the first post's id. With a
 * comment: a picture on Instagram, where it follows as the first comment.
 */
struct bench_text {
	const char *caption;
	const char *overrides; /* JSON text; NULL: none */
	const char *comment;
	int first, n;
	int64_t due_us;
};
void bench_text(struct bench *b, const struct bench_text *what, char ret[static ID_MAX]);
void bench_video(struct bench *b, enum bench_platform platform, const char *media_id,
		 const char *caption, int64_t due_us);

struct bench_used { /* by runners that have ended: together, and the largest */
	int64_t cpu_us, peak_kb;
};
pid_t bench_runner(struct bench *b);
int64_t bench_database_us(struct bench *b); /* CPU that its server has used so far */
/* Asks it to end, unless signum is 0, and waits. */
struct bench_used bench_wait(pid_t pid, int signum);
/* Until the query counts so many; ends the program aloud after that long. */
void bench_until(struct bench *b, const char *sql, int64_t n, int64_t timeout_s);

/*
 * When things whose caption begins so came to be seen: instants by the number that follows it,
 * -1 for those that did not. Returns how many did.
 */
int64_t bench_seen(struct bench *b, const char *prefix, int64_t *ret_us, int64_t n);
/* The latest such instant, whatever follows, and how many there are. */
int64_t bench_last_seen(struct bench *b, const char *prefix, int64_t *ret_n);

struct bench_spread {
	double p50, p99, max; /* ms */
};
struct bench_spread bench_spread(int64_t *us, int64_t n); /* sorts */

int64_t bench_us_of(struct timeval t);

struct bare_used {
	int64_t took_us, cpu_us;
};
/* n texts by a bare curl_multi loop, so many at once, from first to last. */
struct bare_used bare_burst(struct bench *b, int64_t n, int in_flight);
/* One text by a bare call on a new connection, as a fire is: microseconds. */
int64_t bare_one(struct bench *b, int i);

#endif

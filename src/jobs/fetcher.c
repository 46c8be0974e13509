/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/fetcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "crypto/random.h"
#include "media/download.h"
#include "media/probe.h"
#include "net/client.h"
#include "store/fetches.h"

#define LEASE_S     60
#define RENEW_US    (10 * US_PER_S)
#define LOOK_US     (200 * US_PER_MS)
#define IDLE_US     (US_PER_S / 2) /* what comes soon after finds the process still there */
#define TRIES_MAX   4
#define AFTER_MS    1000 /* the next try; four times as long with each */
#define AFTER_MAX_S 60   /* a Retry-After beyond is not waited for */
#define MIB         INT64_C(1048576)
#define NICE_MS     5000 /* our own trouble: given back for so long */

struct fetcher {
	struct app *app;
	char owner[ID_MAX];
	struct job *jobs; /* under way */
	size_t n;
	int64_t idle_boot_us;   /* since when nothing is under way */
	struct problem trouble; /* of the database: the process ends */
};

struct job {
	struct job *next;
	struct fetcher *all;
	struct arena *arena;
	struct fetch fetch;
	struct download *download;
	int64_t renewed_boot_us, begun_boot_us;
};

/* While one looks at what has come, which may take as long as a probe may, the other goes on. */
static size_t places(const struct config *cfg)
{
	return cfg->fetch_at_once > 1 ? 2 : 1;
}

const struct beside_kind fetch_kind = { "fetch", "--fetch", places, store_fetches_count };

static void job_free(struct job *j)
{
	struct job **at = &j->all->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	j->all->n--;
	j->all->idle_boot_us = clock_boot_us();
	download_free(j->download);
	arena_free(j->arena);
	free(j);
}

/* ---- settling: how it ended; the row is written, or its lease runs out ---- */

static void told(struct job *j, const char *state, const char *why, int settled)
{
	const int64_t ms = (clock_boot_us() - j->begun_boot_us) / US_PER_MS;

	log_line(LOG_LEVEL_INFO, "fetch.done", "media=%s state=%s tries=%lld ms=%lld why=\"%s\"",
		 j->fetch.media_id, state, (long long)j->fetch.tries, (long long)ms, why);
	if (settled < 0)
		log_line(LOG_LEVEL_WARN, "fetch.unwritten", "media=%s detail=\"%s\"",
			 j->fetch.media_id, j->all->trouble.detail);
}

static void fail(struct job *j, const char *why)
{
	struct fetcher *f = j->all;
	bool is_ours = false;

	told(j, "failed", why,
	     store_fetches_fail(f->app->db, &j->fetch, why, &is_ours, &f->trouble));
}

static void give_back(struct job *j, int64_t delay_ms, const char *why)
{
	struct fetcher *f = j->all;
	bool is_ours = false;

	told(j, "queued", why,
	     store_fetches_retry(f->app->db, &j->fetch, delay_ms, &is_ours, &f->trouble));
}

/* It was neither the peer's fault nor the file's. */
static void give_back_untried(struct job *j, int64_t delay_ms, const char *why)
{
	j->fetch.tries--;
	give_back(j, delay_ms, why);
}

static void try_again(struct job *j, const struct download_result *r)
{
	int64_t delay_ms = AFTER_MS;

	for (int64_t i = 1; i < j->fetch.tries; i++)
		delay_ms *= 4;
	if (r->retry_after_s > 0)
		delay_ms = r->retry_after_s * 1000;
	if (j->fetch.tries >= TRIES_MAX || r->retry_after_s > AFTER_MAX_S)
		fail(j, r->why);
	else
		give_back(j, delay_ms, r->why);
}

/* ---- what has come ---- */

static int look_at(struct job *j, const struct media_file *file, struct media_item *ret,
		   struct problem *reterr)
{
	struct media_facts facts;

	if (media_probe(j->all->app->config, j->arena, file->path, &facts, reterr) < 0)
		return -1;
	media_describe(&facts, file, ret);
	if (j->fetch.kind != FETCH_ANY_KIND && (int)ret->kind != j->fetch.kind)
		return problem_set(reterr, PROBLEM_MEDIA_REJECTED, "the file is %s, not %s",
				   media_kind_words[ret->kind], media_kind_words[j->fetch.kind]);
	return 0;
}

/* Kept for a row that is not ours any more: gone, unless another row stands for the bytes. */
static void forget(const struct job *j, const struct media_item *item)
{
	const struct app *app = j->all->app;
	struct problem ignored = { .kind = PROBLEM_NONE };
	bool is_held = true;

	if (store_media_is_held(app->db, j->fetch.workspace, item->sha256, &is_held, &ignored) ==
		    0 &&
	    !is_held)
		media_remove(app->config, j->fetch.workspace, item->sha256);
}

/* Bytes first: a row must never point at nothing. */
static void keep(struct job *j, struct media_file *file)
{
	struct fetcher *f = j->all;
	struct problem p = { .kind = PROBLEM_NONE };
	struct media_item item;
	bool is_ours = false;
	int settled;

	if (look_at(j, file, &item, &p) < 0 ||
	    media_keep(f->app->config, j->fetch.workspace, file, &p) < 0) {
		if (p.kind == PROBLEM_MEDIA_REJECTED)
			fail(j, p.detail);
		else
			give_back_untried(j, NICE_MS, p.detail);
		return;
	}
	settled = store_fetches_done(f->app->db, &j->fetch, &item, &is_ours, &f->trouble);
	if (settled == 0 && !is_ours)
		forget(j, &item);
	told(j, is_ours ? "ready" : "lost", "", settled);
}

static void on_done(void *arg, struct download_result *r)
{
	struct job *j = arg;

	if (r->bytes > 0)
		(void)store_fetches_charge(j->all->app->db, &j->fetch, r->bytes, &j->all->trouble);
	switch (r->verdict) {
	case DOWNLOAD_DONE:
		keep(j, r->file);
		break;
	case DOWNLOAD_AGAIN:
		try_again(j, r);
		break;
	case DOWNLOAD_NEVER:
		fail(j, r->why);
		break;
	case DOWNLOAD_OURS:
		give_back_untried(j, NICE_MS, r->why);
		break;
	}
	job_free(j);
}

/* ---- the loop ---- */

/*
 * Whether its workspace has had its bytes of the day. What is under way then is ended; what comes
 * behind it waits for tomorrow, or fails with the reason where a post cannot wait so long.
 */
static bool is_day_spent(struct job *j)
{
	struct fetcher *f = j->all;
	const int64_t most_mb = f->app->config->fetch_day_mb;
	struct fetch_day day;

	if (most_mb == 0 || store_fetches_day(f->app->db, &j->fetch, &day, &f->trouble) < 0 ||
	    day.bytes < most_mb * MIB)
		return false;
	if (day.may_wait)
		give_back_untried(j, (day.left_s + 1) * 1000, "the bytes of the day are spent");
	else
		fail(j, arena_printf(j->arena,
				     "the workspace has fetched its %lld MiB of today; there is "
				     "more from 00:00 UTC on",
				     (long long)most_mb));
	return true;
}

/* What ends before it is begun. */
static bool is_settled(struct job *j)
{
	if (j->fetch.tries <= TRIES_MAX)
		return is_day_spent(j);
	fail(j, "fetching the file was broken off several times");
	return true;
}

static void begin(struct job *j)
{
	const struct app *app = j->all->app;
	const struct download_order order = { j->fetch.url, on_done, j };
	struct problem p = { .kind = PROBLEM_NONE };

	if (!is_settled(j)) {
		if (download_start(app->net, app->config, &order, &j->download, &p) == 0)
			return;
		if (p.kind == PROBLEM_MEDIA_REJECTED)
			fail(j, p.detail);
		else
			give_back_untried(j, NICE_MS, p.detail);
	}
	job_free(j);
}

/* 1 begun, 0 nothing to do, -1 error */
static int claim(struct fetcher *f)
{
	const struct fetch_claim in = { f->owner, LEASE_S, f->app->config->fetch_per_workspace };
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct fetch fetch;
	struct job *j;
	int got = store_fetches_claim(f->app->db, &in, a, &fetch, &f->trouble);

	if (got != 1)
		return got;
	j = alloc_zero(sizeof(*j));
	j->all = f;
	j->arena = TAKE(a);
	j->fetch = fetch;
	j->begun_boot_us = j->renewed_boot_us = clock_boot_us();
	j->next = f->jobs;
	f->jobs = j;
	f->n++;
	begin(j);
	return 1;
}

/* A medium that was deleted, or a lease that somebody else has: nobody waits for it here. */
static void renew(struct fetcher *f)
{
	const int64_t now_us = clock_boot_us();

	for (struct job *j = f->jobs, *next; j; j = next) {
		bool is_ours = false;

		next = j->next;
		if (now_us - j->renewed_boot_us < RENEW_US)
			continue;
		j->renewed_boot_us = now_us;
		if (store_fetches_renew(f->app->db, &j->fetch, LEASE_S, &is_ours, &f->trouble) ==
			    0 &&
		    !is_ours)
			job_free(j);
	}
}

static void let_go(struct fetcher *f)
{
	for (struct job *j = f->jobs, *next; j; j = next) {
		next = j->next;
		if (f->trouble.kind == PROBLEM_NONE)
			give_back_untried(j, 0, "stopped");
		job_free(j);
	}
}

static bool is_over(const struct fetcher *f, const volatile int *stop)
{
	return *stop || f->trouble.kind != PROBLEM_NONE ||
	       (f->n == 0 && clock_boot_us() - f->idle_boot_us > IDLE_US);
}

int fetcher_run(struct app *app, const volatile int *stop, struct problem *reterr)
{
	struct fetcher f = { .app = app, .trouble = { .kind = PROBLEM_NONE } };
	const int got = beside_take_place(app, &fetch_kind, reterr);
	size_t at_once;

	if (got <= 0)
		return got;
	at_once = (size_t)app->config->fetch_at_once / places(app->config);
	random_id(f.owner, "fet");
	f.idle_boot_us = clock_boot_us();
	while (!is_over(&f, stop)) {
		while (f.n < at_once && claim(&f) == 1)
			;
		renew(&f);
		net_poll(app->net, clock_boot_us() + LOOK_US, -1);
	}
	let_go(&f);
	if (f.trouble.kind == PROBLEM_NONE)
		return 0;
	*reterr = f.trouble;
	return -1;
}

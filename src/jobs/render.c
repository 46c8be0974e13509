/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/render.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "store/renditions.h"

#define EVERY_MS 500
#define QUIET_US (5 * US_PER_S)
#define MOST     64

struct render_jobs {
	struct app *app;
	struct render_options options;
	int64_t quiet_boot_us; /* the database was away: not asked before then */
	bool is_broken;        /* no renderer can be started */
	pid_t children[MOST];  /* 0: none */
};

static size_t places_of(const struct config *cfg)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const int64_t n = cfg->media_renderers > 0 ? cfg->media_renderers : cores;

	return n < 1 ? 1 : n > MOST ? MOST : (size_t)n;
}

static bool is_running(const struct render_jobs *r)
{
	for (size_t i = 0; i < MOST; i++) {
		if (r->children[i] > 0)
			return true;
	}
	return false;
}

static void reap(struct render_jobs *r)
{
	for (size_t i = 0; i < MOST; i++) {
		int status = 0;

		if (r->children[i] > 0 && waitpid(r->children[i], &status, WNOHANG) != 0)
			r->children[i] = 0;
	}
}

static char *word(const char *text)
{
	__extension__ union {
		const char *in;
		char *out;
	} u = { .in = text };

	return u.out;
}

/* A session of its own: what ends the runner need not end it. */
static int start(const struct render_jobs *r, pid_t *ret)
{
	char *const argv[] = { word("carillon-publish"), word("-c"), word(r->options.config_path),
			       word("--render"), NULL };
	char *const environment[] = { NULL };
	posix_spawnattr_t attr;
	sigset_t none;
	int err = posix_spawnattr_init(&attr);

	if (err != 0)
		return -err;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(ret, "/proc/self/exe", NULL, &attr, argv, environment);
	posix_spawnattr_destroy(&attr);
	return -err;
}

static void tick(void *arg, int64_t now_us)
{
	struct render_jobs *r = arg;
	const size_t places = places_of(r->app->config);
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t wanted = 0;
	size_t n = 0;

	(void)now_us;
	reap(r);
	if (clock_boot_us() < r->quiet_boot_us)
		return;
	if (store_renditions_count(r->app->db, (int64_t)places, &wanted, &p) < 0) {
		r->quiet_boot_us = clock_boot_us() + QUIET_US;
		return;
	}
	for (size_t i = 0; i < places; i++)
		n += r->children[i] > 0;
	for (size_t i = 0; i < places && i < MOST && (int64_t)n < wanted; i++) {
		int err;

		if (r->children[i] > 0)
			continue;
		err = start(r, &r->children[i]);
		n++;
		if (err < 0) {
			r->children[i] = 0;
			r->is_broken = true;
			log_line(LOG_LEVEL_ERROR, "render.start", "errno=%d", -err);
			return;
		}
	}
}

/* A drain does not wait, a renderer needs no runner; but --once is to see the file made. */
static bool is_busy(void *arg)
{
	struct render_jobs *r = arg;
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t wanted = 0;

	if (!r->options.is_awaited || r->is_broken)
		return false;
	reap(r);
	if (is_running(r))
		return true;
	return store_renditions_count(r->app->db, 1, &wanted, &p) == 0 && wanted > 0;
}

struct render_jobs *render_jobs_new(struct app *app, struct engine *e,
				    const struct render_options *o)
{
	struct render_jobs *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { "render", EVERY_MS, tick, is_busy, r };

	r->app = app;
	r->options = *o;
	engine_add_job(e, &job);
	return r;
}

void render_jobs_free(struct render_jobs *r)
{
	free(r);
}

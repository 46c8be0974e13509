/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/beside.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/renditions.h"

#define EVERY_MS 500
#define QUIET_US (5 * US_PER_S)
#define MOST     64
#define HOST_MAX 32 /* a lock has a name of at most 64 characters */

struct beside {
	struct app *app;
	const struct beside_kind *kind;
	struct beside_options options;
	int64_t quiet_boot_us; /* the database was away: not asked before then */
	bool is_broken;        /* none can be started */
	pid_t children[MOST];  /* 0: none */
};

static size_t places_of(const struct beside *r)
{
	const size_t n = r->kind->places(r->app->config);

	return n < 1 ? 1 : n > MOST ? MOST : n;
}

static bool is_running(const struct beside *r)
{
	for (size_t i = 0; i < MOST; i++) {
		if (r->children[i] > 0)
			return true;
	}
	return false;
}

static void reap(struct beside *r)
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

int beside_take_place(struct app *app, const struct beside_kind *kind, struct problem *reterr)
{
	char host[256] = "", name[128];

	if (gethostname(host, sizeof(host) - 1) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "this host has no name");
	for (size_t i = 0; i < kind->places(app->config) && i < MOST; i++) {
		bool is_ours = false;

		(void)snprintf(name, sizeof(name), "carillon.%s.%.*s.%zu", kind->name, HOST_MAX,
			       host, i);
		if (store_renditions_place(app->db, name, &is_ours, reterr) < 0)
			return -1;
		if (is_ours)
			return 1;
	}
	return 0;
}

/* A session of its own: what ends the runner need not end it. */
static int start(const struct beside *r, pid_t *ret)
{
	char *const argv[] = { word("carillon-publish"), word("-c"), word(r->options.config_path),
			       word(r->kind->option), NULL };
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
	struct beside *r = arg;
	const size_t places = places_of(r);
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t wanted = 0;
	size_t n = 0;

	(void)now_us;
	reap(r);
	if (clock_boot_us() < r->quiet_boot_us)
		return;
	if (r->kind->count(r->app->db, (int64_t)places, &wanted, &p) < 0) {
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
			log_line(LOG_LEVEL_ERROR, "beside.start", "what=%s errno=%d", r->kind->name,
				 -err);
			return;
		}
	}
}

/* A drain does not wait, they need no runner; but --once is to see the work done. */
static bool is_busy(void *arg)
{
	struct beside *r = arg;
	struct problem p = { .kind = PROBLEM_NONE };
	int64_t wanted = 0;

	if (!r->options.is_awaited || r->is_broken)
		return false;
	reap(r);
	if (is_running(r))
		return true;
	return r->kind->count(r->app->db, 1, &wanted, &p) == 0 && wanted > 0;
}

struct beside *beside_new(struct app *app, struct engine *e, const struct beside_kind *kind,
			  const struct beside_options *o)
{
	struct beside *r = alloc_zero(sizeof(*r));
	const struct engine_job job = { kind->name, EVERY_MS, tick, is_busy, r };

	r->app = app;
	r->kind = kind;
	r->options = *o;
	engine_add_job(e, &job);
	return r;
}

void beside_free(struct beside *r)
{
	free(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carillon-publish - the runner: started every minute, publishes what is due on its second
 * carillon-publish -c FILE [--once | --render | --fetch]
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "jobs/cleanup.h"
#include "jobs/expiry.h"
#include "jobs/fetcher.h"
#include "jobs/hooks.h"
#include "jobs/refresh.h"
#include "jobs/render.h"
#include "jobs/results.h"
#include "net/client.h"
#include "platform/platform.h"
#include "publish/engine.h"

#define EXIT_USAGE       64
#define EXIT_CONFIG      78
#define DATABASE_WAIT_US (10 * US_PER_S)

static volatile int stop_asked;

static void on_stop(int signum)
{
	(void)signum;
	stop_asked = 1;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_stop };

	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
}

struct options {
	const char *config;
	bool once;
	bool renders, fetches; /* that instead of a runner, see jobs/beside.h */
};

static int parse(int argc, char **argv, struct options *ret)
{
	static const struct option rows[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "once", no_argument, NULL, '1' },
		{ "render", no_argument, NULL, 'r' },
		{ "fetch", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
	while ((letter = getopt_long(argc, argv, "c:1", rows, NULL)) != -1) {
		if (letter == 'c')
			ret->config = optarg;
		else if (letter == '1')
			ret->once = true;
		else if (letter == 'r')
			ret->renders = true;
		else if (letter == 'f')
			ret->fetches = true;
		else
			return -1;
	}
	return ret->config && optind == argc ? 0 : -1;
}

static enum log_level level_of(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	}
	return LOG_LEVEL_INFO;
}

static int serve(struct app *app, const struct options *o, struct problem *reterr)
{
	const struct beside_options beside = { o->config, o->once };
	struct beside *render, *fetch;
	struct engine *e = NULL;
	struct refresh *refresh;
	struct results *results;
	struct hooks *hooks;
	int done;

	if (engine_open(app, &e, reterr) < 0)
		return -1;
	refresh = refresh_new(app, e);
	results = results_new(app, e);
	hooks = hooks_new(app, e);
	cleanup_add(app, e);
	expiry_add(app, e);
	render = beside_new(app, e, &render_kind, &beside);
	fetch = beside_new(app, e, &fetch_kind, &beside);
	done = engine_run(e, o->once, &stop_asked, reterr);
	/* Open transfers point into engine and jobs: they end first. */
	net_free(app->net);
	app->net = NULL;
	refresh_free(refresh);
	results_free(results);
	hooks_free(hooks);
	beside_free(render);
	beside_free(fetch);
	engine_free(e);
	return done;
}

/* Who starts while the database does, or is busy, would leave a whole minute to the next one. */
static int open_database(const struct config *cfg, struct db **ret, struct problem *reterr)
{
	static const struct timespec pause = { .tv_nsec = 200000000L };
	const int64_t until_us = clock_boot_us() + DATABASE_WAIT_US;

	while (db_open(cfg, DB_ROLE_RUN, ret, reterr) < 0) {
		if (reterr->kind != PROBLEM_DB_DOWN || stop_asked || clock_boot_us() >= until_us)
			return -1;
		problem_clear(reterr);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* A schema that is half applied, or of another version, is nobody's to publish from. */
static int check_schema(struct db *db, struct problem *reterr)
{
	if (schema_check(db, reterr) == 0)
		return 0;
	if (reterr->kind == PROBLEM_CONFLICT)
		reterr->kind = PROBLEM_NOT_CONFIGURED;
	return -1;
}

static int start(const struct options *o, struct problem *reterr)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	CLEANUP(keys_free) struct keys *keys = NULL;
	CLEANUP(db_free) struct db *db = NULL;
	struct app app = { .config = NULL };
	const struct setting_group *groups;
	size_t n;

	groups = platform_setting_groups(&n);
	if (config_load(o->config, groups, n, &cfg, reterr) < 0)
		return -1;
	log_setup("carillon-publish", level_of(cfg->server_log_level), 2);
	if (keys_load(cfg, true, &keys, reterr) < 0 || open_database(cfg, &db, reterr) < 0 ||
	    check_schema(db, reterr) < 0 || net_open(cfg, &app.net, reterr) < 0)
		return -1;
	app.config = cfg;
	app.keys = keys;
	app.db = db;
	return serve(&app, o, reterr);
}

/* Without keys: what it reads are strangers' files. Only a fetcher has a network. */
static int work_beside(const struct options *o, struct problem *reterr)
{
	CLEANUP(config_free) struct config *cfg = NULL;
	CLEANUP(db_free) struct db *db = NULL;
	CLEANUP(net_free) struct net *net = NULL;
	struct app app = { .config = NULL };
	const struct setting_group *groups;
	size_t n;

	groups = platform_setting_groups(&n);
	close_range(3, ~0U, 0);
	if (config_load(o->config, groups, n, &cfg, reterr) < 0)
		return -1;
	log_setup(o->fetches ? "carillon-fetch" : "carillon-render",
		  level_of(cfg->server_log_level), 2);
	if (open_database(cfg, &db, reterr) < 0 || check_schema(db, reterr) < 0 ||
	    (o->fetches && net_open(cfg, &net, reterr) < 0))
		return -1;
	app.config = cfg;
	app.db = db;
	app.net = net;
	return o->fetches ? fetcher_run(&app, &stop_asked, reterr)
			  : renderer_run(&app, &stop_asked, reterr);
}

int main(int argc, char **argv)
{
	struct options o = { .config = NULL };
	struct problem p = { .kind = PROBLEM_NONE };

	keys_harden_process();
	if (parse(argc, argv, &o) < 0) {
		(void)fputs("usage: carillon-publish -c FILE [--once | --render | --fetch]\n",
			    stderr);
		return EXIT_USAGE;
	}
	log_setup("carillon-publish", LOG_LEVEL_INFO, 2);
	catch_signals();
	if ((o.renders || o.fetches ? work_beside(&o, &p) : start(&o, &p)) == 0)
		return EXIT_SUCCESS;
	log_line(LOG_LEVEL_ERROR, "runner.failed", "detail=\"%s\"", p.detail);
	return p.kind == PROBLEM_CONFLICT ? EXIT_SUCCESS : EXIT_CONFIG;
}

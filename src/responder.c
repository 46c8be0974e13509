/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "api/api.h"
#include "api/leases.h"
#include "api/slices.h"
#include "api/tail.h"
#include "app.h"
#include "base/alloc.h"
#include "base/config.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "http/fcgi.h"
#include "http/listing.h"
#include "http/locations.h"
#include "http/master.h"
#include "http/openapi.h"
#include "net/client.h"
#include "platform/platform.h"
#include "responder_confine.h"

struct responder {
	const char *config_path;
	enum route_pool pool;
	struct app app;
	struct config *config;
	struct keys *keys;
};

static const char usage[] = "usage: carillon-responder -c FILE api|platform\n"
			    "       carillon-responder "
			    "--print-routes|--print-openapi|--print-locations|--print-errors\n";

static enum log_level level_of(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	}
	return LOG_LEVEL_INFO;
}

static const char *program_name(const struct responder *r)
{
	return r->pool == POOL_PLATFORM ? "carillon-platform" : "carillon-api";
}

/* Configuration and keys, both or neither: a reload that fails leaves the old ones. */
static int responder_load(struct responder *r, struct problem *reterr)
{
	struct config *config CLEANUP(config_free) = NULL;
	struct keys *keys CLEANUP(keys_free) = NULL;
	const struct setting_group *groups;
	size_t n = 0;

	groups = platform_setting_groups(&n);
	if (config_load(r->config_path, groups, n, &config, reterr) < 0 ||
	    keys_load(config, r->pool == POOL_PLATFORM, &keys, reterr) < 0)
		return -1;
	config_free(r->config);
	keys_free(r->keys);
	r->config = TAKE(config);
	r->keys = TAKE(keys);
	r->app.config = r->config;
	r->app.keys = r->keys;
	r->app.is_platform = r->pool == POOL_PLATFORM;
	log_setup(program_name(r), level_of(r->config->server_log_level), 2);
	return 0;
}

static void serve(void *arg, struct request *req, struct reply *ret)
{
	const struct responder *r = arg;

	router_serve(&api_routes, &api_hooks, r->pool, req, ret);
}

static void after(void *arg)
{
	struct responder *r = arg;

	api_after_reply(&r->app);
}

static int work(void *arg, int listen_fd, const volatile int *stop)
{
	struct responder *r = arg;
	const struct fcgi_service service = {
		.app = &r->app,
		.listen_fd = listen_fd,
		.requests_max = r->config->pool_requests_per_worker,
		.body_max = r->config->server_body_max_bytes,
		.stop = stop,
		.serve = serve,
		.after = after,
		.arg = r,
	};
	struct problem problem;

	problem_clear(&problem);
	responder_confine(r->config, r->pool == POOL_PLATFORM);
	if (r->pool == POOL_PLATFORM && net_open(r->config, &r->app.net, &problem) < 0) {
		log_line(LOG_LEVEL_ERROR, "net.refused", "detail=\"%s\"", problem.detail);
		return EX_CONFIG;
	}
	/* Best effort: a database that is down now is looked for again at each request. */
	(void)api_prepare(&r->app, &problem);
	return fcgi_run(&service) < 0 ? EX_OSERR : EX_OK;
}

static int reload(void *arg, struct master *m)
{
	struct responder *r = arg;
	struct problem problem;

	problem_clear(&problem);
	if (responder_load(r, &problem) < 0) {
		log_line(LOG_LEVEL_ERROR, "config.refused", "detail=\"%s\"", problem.detail);
		return -1;
	}
	m->workers = (int)(r->pool == POOL_PLATFORM ? r->config->pool_platform_workers
						    : r->config->pool_api_workers);
	return 0;
}

/* A database that is down may come back; one with another schema will not fit by waiting. */
static int check_schema(const struct responder *r, struct problem *reterr)
{
	struct db *db CLEANUP(db_free) = NULL;
	enum db_role role = r->pool == POOL_PLATFORM ? DB_ROLE_RUN : DB_ROLE_API;

	if (db_open(r->config, role, &db, reterr) < 0) {
		log_line(LOG_LEVEL_WARN, "database.down", "detail=\"%s\" requests=503",
			 reterr->detail);
		problem_clear(reterr);
		return 0;
	}
	return schema_check(db, reterr);
}

static int complain(const struct problem *problem, int status)
{
	fprintf(stderr, "carillon-responder: %s\n", problem->detail);
	return status;
}

static int responder_run(struct responder *r)
{
	struct problem problem;
	struct master m = { .worker = work, .reload = reload, .arg = r };
	bool is_platform = r->pool == POOL_PLATFORM;
	char *path, *group;
	int rc;

	problem_clear(&problem);
	keys_harden_process();
	if (responder_load(r, &problem) < 0 || check_schema(r, &problem) < 0)
		return complain(&problem, EX_CONFIG);
	/* Copies: a reload replaces the configuration, but never the socket. */
	path = alloc_strdup(is_platform ? r->config->pool_platform_socket
					: r->config->pool_api_socket);
	group = alloc_strdup(r->config->pool_socket_group);
	m.socket_path = path;
	m.socket_group = group;
	m.backlog = (int)r->config->pool_backlog;
	m.workers =
		(int)(is_platform ? r->config->pool_platform_workers : r->config->pool_api_workers);
	r->app.tails = is_platform ? tail_open() : 0;
	rc = leases_open(path, &r->app.leases, &problem);
	if (rc == 0)
		rc = slices_open(&r->app.slices, &problem);
	if (rc == 0) {
		m.shared[0] = r->app.tails;
		m.shared[1] = leases_descriptor(r->app.leases);
		rc = master_run(&m, &problem);
	}
	rc = rc < 0 ? complain(&problem, EX_OSERR) : EX_OK;
	leases_free(r->app.leases);
	slices_free(r->app.slices);
	free(path);
	free(group);
	config_free(r->config);
	keys_free(r->keys);
	return rc;
}

static void print_openapi(struct buf *out)
{
	openapi_print(&api_routes, "https://localhost", out);
	buf_addc(out, '\n');
}

static void print_routes(struct buf *out)
{
	listing_routes(&api_routes, out);
}

static void print_locations(struct buf *out)
{
	locations_print(&api_routes, out);
}

static const struct print_row {
	const char *option;
	void (*print)(struct buf *out);
} print_rows[] = {
	{ "--print-openapi", print_openapi },
	{ "--print-routes", print_routes },
	{ "--print-locations", print_locations },
	{ "--print-errors", listing_errors },
};

/* -1: the option is none of them. */
static int print_and_end(const char *option)
{
	struct buf out CLEANUP(buf_done) = BUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(print_rows); i++) {
		if (strcmp(print_rows[i].option, option) != 0)
			continue;
		print_rows[i].print(&out);
		return fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0
			       ? EX_OK
			       : EX_IOERR;
	}
	return -1;
}

static int usage_refused(void)
{
	fputs(usage, stderr);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	struct responder r = { .config_path = NULL };
	int rc;

	if (argc == 2 && (rc = print_and_end(argv[1])) >= 0)
		return rc;
	if (argc != 4 || strcmp(argv[1], "-c") != 0)
		return usage_refused();
	r.config_path = argv[2];
	if (strcmp(argv[3], "platform") == 0)
		r.pool = POOL_PLATFORM;
	else if (strcmp(argv[3], "api") == 0)
		r.pool = POOL_API;
	else
		return usage_refused();
	return responder_run(&r);
}

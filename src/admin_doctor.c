/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: looks at everything an installation needs and says what cures what is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "admin_doctor.h"
#include "base/clock.h"
#include "crypto/keys.h"
#include "db/conn.h"
#include "db/facts.h"
#include "db/migrate.h"
#include "net/source.h"
#include "store/health.h"

#define SKEW_WARN_US    (2 * US_PER_S)
#define SKEW_FAIL_US    (30 * US_PER_S)
#define FREE_WARN_BYTES (1024LL * 1024 * 1024)

void doctor_say(struct examination *x, enum finding_level level, const char *what, const char *cure)
{
	static const char *const words[] = { "ok", "warn", "FAIL" };

	printf("%-5s %s%s%s\n", words[level], what, cure ? ": " : "", cure ? cure : "");
	x->warned += level == WARNED;
	x->bad += level == BAD;
}

static void look_at_keys(struct examination *x)
{
	CLEANUP(keys_free) struct keys *keys = NULL;
	struct problem why;

	if (keys_load(x->cfg, true, &keys, &why) < 0)
		doctor_say(x, BAD, "key files", why.detail);
	else
		doctor_say(x, FINE, "key files", NULL);
}

static void look_at_connections(struct examination *x)
{
	static const struct {
		enum db_role role;
		const char *what;
	} rows[] = {
		{ DB_ROLE_API, "database as the api user" },
		{ DB_ROLE_RUN, "database as the run user" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(db_free) struct db *db = NULL;
		struct problem why;

		if (db_open(x->cfg, rows[i].role, &db, &why) < 0 || schema_check(db, &why) < 0)
			doctor_say(x, BAD, rows[i].what, why.detail);
		else
			doctor_say(x, FINE, rows[i].what, NULL);
	}
}

struct variable_row {
	const char *name, *wanted;
	enum finding_level otherwise;
	const char *cure;
};

static const struct variable_row variables[] = {
	{ "innodb_flush_log_at_trx_commit", "1", BAD,
	  "set it to 1: a power cut must not take back a commit that was answered" },
	{ "sync_binlog", "1", WARNED,
	  "set it to 1 if binary logs are used for replicas or recovery" },
	{ "binlog_format", "ROW", BAD, "set it to ROW: claims skip locked rows" },
	{ "innodb_snapshot_isolation", "ON", WARNED,
	  "set it to ON (10.11.8 or newer), or updates of other programs may be lost" },
	{ "innodb_rollback_on_timeout", "ON", WARNED, "set it to ON" },
	{ "wsrep_on", "OFF", WARNED, "write to one Galera node only: two writers lose updates" },
};

static void look_at_server(struct examination *x)
{
	struct problem why;

	for (size_t i = 0; x->db && i < ARRAY_LEN(variables); i++) {
		const struct variable_row *row = &variables[i];
		char value[FACTS_VALUE_MAX], what[128];

		if (db_facts_variable(x->db, row->name, value, &why) < 0) {
			doctor_say(x, BAD, row->name, why.detail);
			return;
		}
		snprintf(what, sizeof(what), "%s = %s", row->name, value[0] ? value : "(none)");
		if (strcmp(value, row->wanted) == 0 ||
		    (!value[0] && strcmp(row->wanted, "OFF") == 0))
			doctor_say(x, FINE, what, NULL);
		else
			doctor_say(x, row->otherwise, what, row->cure);
	}
}

static void look_at_clock(struct examination *x)
{
	int64_t now_us, before_us = clock_real_us(), skew_us;
	struct problem why;
	char what[96];

	if (!x->db)
		return;
	if (db_facts_now(x->db, &now_us, &why) < 0) {
		doctor_say(x, BAD, "the database's clock", why.detail);
		return;
	}
	skew_us = now_us - (before_us + clock_real_us()) / 2;
	snprintf(what, sizeof(what), "clock differs from the database's by %lld ms",
		 (long long)(skew_us / US_PER_MS));
	skew_us = llabs(skew_us);
	doctor_say(x,
		   skew_us > SKEW_FAIL_US   ? BAD
		   : skew_us > SKEW_WARN_US ? WARNED
					    : FINE,
		   what,
		   skew_us > SKEW_WARN_US ? "run a time service (chrony) on both hosts" : NULL);
}

static void look_at_folders(struct examination *x)
{
	const char *const folders[] = { x->cfg->media_folder, x->cfg->media_upload_folder,
					x->cfg->publish_journal_folder };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct statvfs fs;
		long long free_bytes;
		char what[512];

		if (statvfs(folders[i], &fs) < 0) {
			doctor_say(x, BAD, folders[i], "does not exist or cannot be entered");
			continue;
		}
		free_bytes = (long long)fs.f_bavail * (long long)fs.f_frsize;
		snprintf(what, sizeof(what), "%s has %lld MiB free", folders[i],
			 free_bytes / (1024LL * 1024));
		if (free_bytes >> 20 < x->cfg->publish_disk_free_min_mb)
			doctor_say(x, BAD, what,
				   "less than publish.disk_free_min_mb: nothing is claimed, make "
				   "room");
		else
			doctor_say(x, free_bytes < FREE_WARN_BYTES ? WARNED : FINE, what,
				   free_bytes < FREE_WARN_BYTES ? "make room" : NULL);
	}
}

/* Without it no permit is used: the runner says so too, if it is there. */
static void look_at_journal(struct examination *x)
{
	const char *folder = x->cfg->publish_journal_folder;

	if (access(folder, W_OK | X_OK) < 0)
		doctor_say(x, BAD, folder,
			   "the journal of permits cannot be written: nothing is claimed");
}

static void look_at_programs(struct examination *x)
{
	const struct {
		const char *program, *cure;
		enum finding_level otherwise;
	} tools[] = {
		{ x->cfg->media_ffprobe, "is not installed (apt install ffmpeg)", BAD },
		{ x->cfg->media_ffmpeg, "is not installed (apt install ffmpeg)", BAD },
		{ x->cfg->media_vips, "is not installed (apt install libvips-tools)", BAD },
		{ x->cfg->media_vipsheader, "is not installed (apt install libvips-tools)", BAD },
		{ x->cfg->media_bwrap,
		  "is not installed (apt install bubblewrap): media tools run with limits alone",
		  WARNED },
	};

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		if (access(tools[i].program, X_OK) == 0)
			doctor_say(x, FINE, tools[i].program, NULL);
		else
			doctor_say(x, tools[i].otherwise, tools[i].program, tools[i].cure);
	}
}

static void look_at_urls(struct examination *x)
{
	const char *url = x->cfg->server_public_url;

	if (strncmp(url, "https://", 8) != 0)
		doctor_say(x, BAD, "server.public_url", "must begin with https://");
	else if (strstr(url, "//localhost") || strstr(url, "//127."))
		doctor_say(x, WARNED, "server.public_url is this host only",
			   "platforms that fetch media cannot reach it");
	else
		doctor_say(x, FINE, "server.public_url", NULL);
}

static void look_at_fetching(struct examination *x)
{
	struct source_policy policy;
	struct problem why;

	if (source_policy_read(x->cfg, &policy, &why) < 0)
		doctor_say(x, BAD, "fetching of media", why.detail);
	else if (policy.allow.n > 0)
		doctor_say(x, WARNED, "fetch.allow opens networks inside to URLs of users",
			   "name single addresses and ports, and only those that must be reached");
	else if (policy.is_http_allowed)
		doctor_say(x, WARNED, "fetch.http lets media come unencrypted",
			   "what is published can be replaced on its way here");
	else
		doctor_say(x, FINE, "fetching of media", NULL);
}

struct figure_row {
	int64_t n;
	const char *what, *cure;
};

static void look_at_figures(struct examination *x, const struct health *h)
{
	const struct figure_row rows[] = {
		{ h->stuck, "posts have waited more than two minutes for a runner",
		  "see the runner's log" },
		{ h->breakers, "platforms, by kind of calls, do not answer",
		  "their posts wait and go on by themselves" },
		{ h->in_doubt, "posts may be out: the platform is being asked",
		  "they settle by themselves" },
		{ h->unconfirmed, "posts are unconfirmed",
		  "look at the account, then POST /api/v1/schedule/{id}/resolve" },
		{ h->broken_accounts, "accounts have lost their access", "connect them again" },
	};
	char what[128];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(what, sizeof(what), "%lld %s", (long long)rows[i].n, rows[i].what);
		if (rows[i].n > 0)
			doctor_say(x, WARNED, what, rows[i].cure);
	}
}

static void look_at_publishing(struct examination *x)
{
	struct health h = { .heartbeat_age_s = -1 };
	struct problem why;
	const char *trouble;

	if (!x->db)
		return;
	if (store_health_read(x->db, &h, &why) < 0) {
		doctor_say(x, BAD, "publishing", why.detail);
		return;
	}
	trouble = store_health_trouble(&h);
	/* Before its first runner an installation is not ill. */
	doctor_say(x,
		   !trouble                ? FINE
		   : h.heartbeat_age_s < 0 ? WARNED
					   : BAD,
		   "publishing", trouble);
	look_at_figures(x, &h);
}

int admin_doctor(struct admin *a, struct problem *reterr)
{
	struct examination x = { .cfg = a->config };
	CLEANUP(db_free) struct db *db = NULL;
	struct problem why;

	doctor_say(&x, FINE, "configuration", NULL);
	if (db_open(a->config, DB_ROLE_ADMIN, &db, &why) < 0)
		doctor_say(&x, WARNED, "database as the admin user", why.detail);
	else if (schema_check(db, &why) < 0)
		doctor_say(&x, BAD, "schema", why.detail);
	else
		doctor_say(&x, FINE, "schema", NULL);
	x.db = db;
	look_at_keys(&x);
	look_at_connections(&x);
	look_at_server(&x);
	look_at_clock(&x);
	look_at_folders(&x);
	look_at_journal(&x);
	look_at_publishing(&x);
	look_at_programs(&x);
	look_at_urls(&x);
	look_at_fetching(&x);
	doctor_look_at_platforms(&x);
	if (x.bad == 0)
		return 0;
	return problem_set(reterr, PROBLEM_NOT_CONFIGURED,
			   "%d of the points above must be put right", x.bad);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fp.h"
#include "base/log.h"
#include "db/private.h"

#define FILE_MAX_BYTES (16UL * 1024 * 1024)
#define NAME_MAX_      100

enum { MIGRATE_LOCK, MIGRATE_UNLOCK, MIGRATE_LIST, MIGRATE_START, MIGRATE_FINISH };

static const char reason[] = "the schema belongs to no workspace";

const struct stmt migrate_statements[] = {
	[MIGRATE_LOCK] = { "migrate.lock", STMT_GLOBAL, "",
			   "SELECT GET_LOCK('carillon.migrate', 10)", reason },
	[MIGRATE_UNLOCK] = { "migrate.unlock", STMT_GLOBAL, "",
			     "SELECT RELEASE_LOCK('carillon.migrate')", reason },
	[MIGRATE_LIST] = { "migrate.list", STMT_GLOBAL, "",
			   "SELECT version, name, LOWER(HEX(sha256)), state FROM schema_migrations "
			   "ORDER BY version",
			   reason },
	[MIGRATE_START] = { "migrate.start", STMT_GLOBAL, "iss",
			    "INSERT INTO schema_migrations (version, name, sha256, state, "
			    "applied_at) "
			    "VALUES (?, ?, UNHEX(SHA2(?, 256)), 'running', UTC_TIMESTAMP(3))",
			    reason },
	[MIGRATE_FINISH] = { "migrate.finish", STMT_GLOBAL, "i",
			     "UPDATE schema_migrations SET state = 'done', applied_at = "
			     "UTC_TIMESTAMP(3) "
			     "WHERE version = ? AND state = 'running'",
			     reason },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

/* The server hashes, so that this layer needs no cryptography of its own. */
static const struct stmt hash_text = { "migrate.hash", STMT_GLOBAL, "s", "SELECT SHA2(?, 256)",
				       reason };

static const char create_table[] =
	"CREATE TABLE IF NOT EXISTS schema_migrations ("
	"version INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, "
	"sha256 BINARY(32) NOT NULL, state ENUM('running','done') NOT NULL, "
	"applied_at DATETIME(3) NOT NULL) ENGINE=InnoDB";

struct migration {
	int64_t version;
	char name[NAME_MAX_];
};

struct applied { /* what the database says about one version */
	int64_t version;
	char name[NAME_MAX_], sha256[65], state[16];
};

static int read_file(const char *folder, const char *name, struct buf *ret, struct problem *reterr)
{
	char path[4096];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "%s: %s", path,
				   strerrordesc_np(errno));
	do {
		n = read(fd, buf_reserve(ret, 65536), 65536);
		if (n > 0)
			ret->len += (size_t)n;
	} while (n > 0 && ret->len < FILE_MAX_BYTES);
	close(fd);
	if (n != 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "%s cannot be read whole", path);
	buf_add(ret, "", 0);
	return 0;
}

/* Runs a text of many statements; MariaDB's words are logged, they speak of DDL only. */
static int run_text(struct db *db, const struct buf *sql, const char *what, struct problem *reterr)
{
	int more = 0;

	if (db_ready(db, reterr) < 0)
		return -1;
	mysql_set_server_option(db->my, MYSQL_OPTION_MULTI_STATEMENTS_ON);
	if (mysql_real_query(db->my, sql->p, sql->len))
		more = 1;
	while (!more) {
		MYSQL_RES *none = mysql_store_result(db->my);

		mysql_free_result(none);
		more = mysql_next_result(db->my); /* 0 another, -1 no more, > 0 error */
	}
	if (more > 0) {
		unsigned err = mysql_errno(db->my);

		log_line(LOG_LEVEL_ERROR, "migrate.failed", "file=%s errno=%u message=\"%s\"", what,
			 err, mysql_error(db->my));
		db_failed(db, err, what, reterr);
		if (db->my)
			mysql_set_server_option(db->my, MYSQL_OPTION_MULTI_STATEMENTS_OFF);
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "%s failed with MariaDB error %u: see the log", what, err);
	}
	mysql_set_server_option(db->my, MYSQL_OPTION_MULTI_STATEMENTS_OFF);
	return 0;
}

static int applied_list(struct db *db, struct applied **ret, size_t *ret_n, struct problem *reterr)
{
	struct applied *v = NULL;
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, &migrate_statements[MIGRATE_LIST], &r, reterr) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		v = alloc_resize(v, (n + 1) * sizeof(*v));
		v[n].version = rows_int(r, 0);
		snprintf(v[n].name, sizeof(v[n].name), "%s", rows_text(r, 1));
		snprintf(v[n].sha256, sizeof(v[n].sha256), "%s", rows_text(r, 2));
		snprintf(v[n].state, sizeof(v[n].state), "%s", rows_text(r, 3));
		n++;
	}
	rows_end(r);
	if (got < 0) {
		free(v);
		return -1;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int refuse_half_applied(const struct applied *at, struct problem *reterr)
{
	return problem_set(
		reterr, PROBLEM_CONFLICT,
		"migration %lld (%s) was interrupted: restore the backup, or finish it by "
		"hand and then UPDATE schema_migrations SET state='done' WHERE version=%lld",
		(long long)at->version, at->name, (long long)at->version);
}

static int is_migration(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 9 && len < NAME_MAX_ && strspn(e->d_name, "0123456789") == 4 &&
	       e->d_name[4] == '_' && strcmp(e->d_name + len - 4, ".sql") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int migrations_find(const char *folder, struct migration **ret, size_t *ret_n,
			   struct problem *reterr)
{
	struct dirent **found = NULL;
	int n = scandir(folder, &found, is_migration, by_name);
	struct migration *v;

	if (n < 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "%s: %s", folder,
				   strerrordesc_np(errno));
	v = alloc_array((size_t)n + 1, sizeof(*v));
	for (int i = 0; i < n; i++) {
		v[i].version = strtoll(found[i]->d_name, NULL, 10);
		snprintf(v[i].name, sizeof(v[i].name), "%.*s", NAME_MAX_ - 1, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	*ret = v;
	*ret_n = (size_t)n;
	for (int i = 0; i < n; i++)
		if (v[i].version != i + 1)
			return problem_set(reterr, PROBLEM_CONFLICT, "%s/%s: version %d is missing",
					   folder, v[i].name, i + 1);
	return 0;
}

static int check_unchanged(struct db *db, const struct applied *was, const struct buf *text,
			   struct problem *reterr)
{
	struct rows *r = NULL;
	bool is_same;

	if (strcmp(was->state, "done") != 0)
		return refuse_half_applied(was, reterr);
	if (db_query_one(db, &hash_text, &r, reterr, text->p) != 1)
		return -1;
	is_same = strcmp(rows_text(r, 0), was->sha256) == 0;
	rows_end(r);
	if (is_same)
		return 0;
	return problem_set(
		reterr, PROBLEM_CONFLICT,
		"%s differs from what was applied: put the released file back and add a new "
		"migration for the change",
		was->name);
}

static int apply(struct db *db, const struct migration *m, const struct buf *text,
		 struct problem *reterr)
{
	if (db_exec(db, &migrate_statements[MIGRATE_START], NULL, reterr, m->version, m->name,
		    text->p) < 0)
		return -1;
	(void)FP(F26_migration_started);
	if (run_text(db, text, m->name, reterr) < 0)
		return -1;
	(void)FP(F26_migration_run);
	if (db_exec(db, &migrate_statements[MIGRATE_FINISH], NULL, reterr, m->version) < 0)
		return -1;
	log_line(LOG_LEVEL_INFO, "migrate.applied", "version=%lld name=%s", (long long)m->version,
		 m->name);
	return 0;
}

struct run {
	struct migration *found;
	struct applied *done;
	size_t found_n, done_n;
};

static void run_done(struct run *run)
{
	free(run->found);
	free(run->done);
}

DEFINE_CLEANUP_VALUE(struct run, run_done);

static int run_locked(struct db *db, const char *folder, size_t *ret_n, struct problem *reterr)
{
	CLEANUP(run_done) struct run run = { 0 };
	size_t n = 0;

	if (db_text(db, create_table, sizeof(create_table) - 1, reterr) < 0 ||
	    migrations_find(folder, &run.found, &run.found_n, reterr) < 0 ||
	    applied_list(db, &run.done, &run.done_n, reterr) < 0)
		return -1;
	if (run.done_n > run.found_n)
		return problem_set(
			reterr, PROBLEM_CONFLICT,
			"the database is at version %zu, this program knows %zu: install the "
			"newer program",
			run.done_n, run.found_n);
	for (size_t i = 0; i < run.found_n; i++) {
		CLEANUP(buf_done) struct buf text = BUF_INIT;
		int failed;

		if (read_file(folder, run.found[i].name, &text, reterr) < 0)
			return -1;
		failed = i < run.done_n ? check_unchanged(db, &run.done[i], &text, reterr)
					: apply(db, &run.found[i], &text, reterr);
		if (failed < 0)
			return -1;
		n += i >= run.done_n;
	}
	*ret_n = n;
	return 0;
}

static int lock(struct db *db, struct problem *reterr)
{
	struct rows *r = NULL;
	int64_t has;

	if (db_query_one(db, &migrate_statements[MIGRATE_LOCK], &r, reterr) != 1)
		return -1;
	has = rows_int(r, 0);
	rows_end(r);
	return has ? 0 : problem_set(reterr, PROBLEM_CONFLICT, "another migration is running");
}

static void unlock(struct db *db)
{
	struct problem ignored;
	struct rows *r = NULL;

	if (db_query_one(db, &migrate_statements[MIGRATE_UNLOCK], &r, &ignored) == 1)
		rows_end(r);
}

int migrate_run(struct db *db, const char *folder, size_t *ret_n, struct problem *reterr)
{
	int failed;

	if (lock(db, reterr) < 0)
		return -1;
	failed = run_locked(db, folder, ret_n, reterr);
	unlock(db);
	return failed;
}

static void fill_in(const char *text, const struct grant_names *names, struct buf *out)
{
	const struct {
		const char *mark, *value;
	} rows[] = {
		{ "${db}", names->database },
		{ "${api}", names->api_user },
		{ "${run}", names->run_user },
	};

	while (*text) {
		size_t i = 0;

		while (i < ARRAY_LEN(rows) &&
		       strncmp(text, rows[i].mark, strlen(rows[i].mark)) != 0)
			i++;
		if (i == ARRAY_LEN(rows)) {
			buf_addc(out, *text++);
			continue;
		}
		buf_adds(out, rows[i].value);
		text += strlen(rows[i].mark);
	}
}

int migrate_grant(struct db *db, const char *folder, const struct grant_names *names,
		  struct problem *reterr)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf sql = BUF_INIT;
	const char *start;

	if (read_file(folder, "grants.sql", &text, reterr) < 0)
		return -1;
	/* The comment that explains the marks would be filled in as well: start behind it. */
	start = strstr(buf_str(&text), "\nGRANT");
	fill_in(start ? start : buf_str(&text), names, &sql);
	return run_text(db, &sql, "grants.sql", reterr);
}

int schema_check(struct db *db, struct problem *reterr)
{
	struct applied *done = NULL;
	size_t n = 0;
	int result = 0;

	if (applied_list(db, &done, &n, reterr) < 0) {
		if (reterr->kind == PROBLEM_DB_DOWN)
			return -1;
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "the database has no schema: run carillon-admin migrate");
	}
	if (n && strcmp(done[n - 1].state, "done") != 0)
		result = refuse_half_applied(&done[n - 1], reterr);
	else if (n != SCHEMA_VERSION)
		result = problem_set(reterr, PROBLEM_CONFLICT,
				     "the database is at version %zu, this program needs %d: %s", n,
				     SCHEMA_VERSION,
				     n < SCHEMA_VERSION ? "run carillon-admin migrate"
							: "install the newer program");
	free(done);
	return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/database.h"

#include <check.h>
#include <mysql.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/migrate.h"

#define DEADLOCKS_MOST 10
#define BUSY_S         30

#define EXIT_SKIPPED 77

/* A program that is told to end takes its server along; a case's fork, that inherits this, does not. */
static volatile pid_t server, owner;

static void end_server(int signo)
{
	if (getpid() == owner)
		(void)kill(server, SIGTERM);
	(void)signal(signo, SIG_DFL);
	(void)raise(signo);
}

static const char *source_folder(void)
{
	const char *folder = getenv("CARILLON_SRCDIR");

	return folder ? folder : ".";
}

static int script(const char *action, const char *folder)
{
	char path[1024];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/tests/support/mariadb.sh", source_folder());
	pid = fork();
	if (pid == 0) {
		(void)setsid(); /* a server that a case starts again outlives the case */
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execl("/bin/sh", "sh", path, action, folder, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

const char *database_sql_folder(void)
{
	static char folder[1024];

	snprintf(folder, sizeof(folder), "%s/sql", source_folder());
	return folder;
}

static void write_key(const struct database *d, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->folder, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fchmod(fileno(f), 0600) < 0 || fclose(f) != 0) {
		fprintf(stderr, "database: cannot write %s\n", path);
		exit(EXIT_FAILURE);
	}
}

/* Keys that anybody knows: nothing of a test is secret. */
static void write_keys(const struct database *d)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

	write_key(d, "pepper.key", hex);
	write_key(d, "url.key", hex);
	write_key(d, "sealing.key",
		  "k1 101112131415161718191a1b1c1d1e1f000102030405060708090a0b0c0d0e0f\n");
}

static void write_config(struct database *d)
{
	char path[128];
	const struct passwd *me = getpwuid(geteuid());
	struct problem why;
	FILE *f;

	snprintf(path, sizeof(path), "%s/carillon.ini", d->folder);
	f = fopen(path, "w");
	if (!f || !me) {
		fprintf(stderr, "database: cannot write %s\n", path);
		exit(EXIT_FAILURE);
	}
	fprintf(f, "[database]\nsocket = %s\nname = carillon\n", d->socket);
	fprintf(f, "api_user = %s\nrun_user = %s\nadmin_user = %s\n", me->pw_name, me->pw_name,
		me->pw_name);
	fprintf(f,
		"[keys]\nsealing_file = %s/sealing.key\npepper_file = %s/pepper.key\n"
		"url_file = %s/url.key\n",
		d->folder, d->folder, d->folder);
	fclose(f);
	write_keys(d);
	if (config_load(path, NULL, 0, &d->config, &why) < 0) {
		fprintf(stderr, "database: %s\n", why.detail);
		exit(EXIT_FAILURE);
	}
}

static void migrate(const struct database *d)
{
	struct problem why;
	struct db *db = NULL;
	size_t n = 0;

	if (db_open(d->config, DB_ROLE_ADMIN, &db, &why) < 0 ||
	    migrate_run(db, database_sql_folder(), &n, &why) < 0) {
		fprintf(stderr, "database: %s\n", why.detail);
		exit(EXIT_FAILURE);
	}
	db_free(db);
}

static pid_t server_pid(const struct database *d)
{
	char path[128];
	long pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/db.pid", d->folder);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &pid) != 1) {
		fprintf(stderr, "database: no pid in %s\n", path);
		exit(EXIT_FAILURE);
	}
	fclose(f);
	return (pid_t)pid;
}

static void watch_over(const struct database *d)
{
	server = server_pid(d);
	owner = getpid();
	(void)signal(SIGTERM, end_server);
}

void database_crash(const struct database *d)
{
	const struct timespec pause = { 0, 5000000 };
	const pid_t pid = server_pid(d);

	(void)kill(pid, SIGKILL);
	while (kill(pid, 0) == 0)
		(void)nanosleep(&pause, NULL);
}

int database_revive(const struct database *d)
{
	return script("start", d->folder);
}

int database_shut(const struct database *d)
{
	return script("stop", d->folder);
}

void database_signal(const struct database *d, int signo)
{
	(void)kill(server_pid(d), signo);
}

void database_start(struct database *ret, bool is_migrated)
{
	int status;

	snprintf(ret->folder, sizeof(ret->folder), "/tmp/carillon-test.XXXXXX");
	if (!mkdtemp(ret->folder))
		exit(EXIT_FAILURE);
	snprintf(ret->socket, sizeof(ret->socket), "%s/db.sock", ret->folder);
	status = script("start", ret->folder);
	if (status != 0) {
		fprintf(stderr, "database: no private MariaDB (status %d)\n", status);
		exit(status == 69 ? EXIT_SKIPPED : EXIT_FAILURE);
	}
	watch_over(ret);
	write_config(ret);
	if (is_migrated)
		migrate(ret);
}

void database_stop(struct database *d)
{
	pid_t pid;

	(void)signal(SIGTERM, SIG_DFL);
	script("stop", d->folder);
	config_free(d->config);
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", d->folder, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

struct db *database_open(const struct database *d)
{
	const int64_t until_us = clock_boot_us() + BUSY_S * US_PER_S;
	struct problem why = { 0 };
	struct db *db = NULL;

	while (db_open(d->config, DB_ROLE_RUN, &db, &why) < 0 && why.kind == PROBLEM_DB_DOWN &&
	       clock_boot_us() < until_us)
		poll(NULL, 0, 100);
	if (!db) {
		fprintf(stderr, "database: %s\n", why.detail);
		exit(EXIT_FAILURE); /* programs ask before their first case, too */
	}
	return db;
}

/* Suites run this before their first case, too, where an assertion cannot be told. */
static void give_up(MYSQL *my, const char *sql)
{
	fprintf(stderr, "database: %s: %s\n", sql, mysql_error(my));
	exit(EXIT_FAILURE);
}

static MYSQL *connect_plainly(const struct database *d)
{
	MYSQL *my = mysql_init(NULL);
	const struct passwd *me = getpwuid(geteuid());

	if (!me ||
	    !mysql_real_connect(my, "localhost", me->pw_name, NULL, "carillon", 0, d->socket, 0))
		give_up(my, "connect");
	return my;
}

int64_t database_number(const struct database *d, const char *sql)
{
	MYSQL *my = connect_plainly(d);
	MYSQL_RES *result;
	MYSQL_ROW row;
	int64_t number;

	if (mysql_query(my, sql) != 0)
		give_up(my, sql);
	result = mysql_store_result(my);
	row = mysql_fetch_row(result);
	if (!row || !row[0])
		give_up(my, sql);
	number = strtoll(row[0], NULL, 10);
	mysql_free_result(result);
	mysql_close(my);
	return number;
}

void database_run(const struct database *d, const char *sql)
{
	MYSQL *my = connect_plainly(d);
	int tries = 0;

	/* Runners write as well: whom the server asks to try again does so. */
	while (mysql_query(my, sql) != 0) {
		if (mysql_errno(my) != DB_ERROR_DEADLOCK || ++tries == DEADLOCKS_MOST)
			give_up(my, sql);
	}
	mysql_close(my);
}

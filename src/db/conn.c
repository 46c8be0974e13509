/* SPDX-License-Identifier: Apache-2.0 */
#include "db/conn.h"

#include <assert.h>
#include <errmsg.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "db/private.h"

#define CONNECT_TIMEOUT_S    1
#define ADMIN_TIMEOUT_S      10 /* nobody waits behind an operator's command */
#define REPLY_TIMEOUT_S      20 /* longer than max_statement_time below */
#define RETRY_AFTER_DOWN_S   5
#define RETRY_AFTER_LOCKED_S 1
#define TRANSACTION_TRIES    4
#define IDLE_LIMIT_S         10       /* as in session_limits */
#define IDLE_CHECK_US        US_PER_S /* a connection unused for so long is looked at before use */
#define PASSWORD_MAX         512

/* Server errors that end a connection, beside the client's own. */
#define ER_SERVER_SHUTDOWN_   1053
#define ER_CONNECTION_KILLED_ 1927

static const char session_common[] =
	"SET SESSION time_zone = '+00:00', autocommit = 1, tx_isolation = 'READ-COMMITTED', "
	"sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
	"NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 5";
/* A client that stops in mid-transaction must not hold its locks for hours. */
static const char session_limits[] =
	"SET SESSION max_statement_time = 10, idle_transaction_timeout = 10";
/* A migration of a large table takes its time. */
static const char session_patient[] =
	"SET SESSION max_statement_time = 0, idle_transaction_timeout = 0";

struct role_settings {
	const char *user, *password_file;
};

static struct role_settings role_settings(const struct config *cfg, enum db_role role)
{
	const struct role_settings rows[] = {
		[DB_ROLE_API] = { cfg->database_api_user, cfg->database_api_password_file },
		[DB_ROLE_RUN] = { cfg->database_run_user, cfg->database_run_password_file },
		[DB_ROLE_ADMIN] = { cfg->database_admin_user, cfg->database_admin_password_file },
	};

	return rows[role];
}

static int password_refused(const char *path, const char *why, struct problem *reterr)
{
	log_line(LOG_LEVEL_ERROR, "db.password_file", "path=\"%s\" why=\"%s\"", path, why);
	return problem_set(reterr, PROBLEM_INTERNAL, "the password file %s %s", path, why);
}

/* An empty path is unix_socket authentication: no password at all. */
static int password_read(const char *path, char ret[static PASSWORD_MAX], struct problem *reterr)
{
	struct stat st;
	ssize_t n;
	int fd;

	ret[0] = 0;
	if (!path[0])
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return password_refused(path, "cannot be opened", reterr);
	if (fstat(fd, &st) < 0 || (st.st_mode & 037) != 0) {
		close(fd);
		return password_refused(path, "must have mode 0400 or 0440", reterr);
	}
	n = read(fd, ret, PASSWORD_MAX - 1);
	close(fd);
	if (n < 0)
		return password_refused(path, "cannot be read", reterr);
	ret[n] = 0;
	ret[strcspn(ret, "\r\n")] = 0;
	return 0;
}

static void connect_options(MYSQL *my, const struct config *cfg, enum db_role role)
{
	unsigned connect_s = role == DB_ROLE_ADMIN ? ADMIN_TIMEOUT_S : CONNECT_TIMEOUT_S;
	unsigned reply_s = REPLY_TIMEOUT_S, off = 0;
	char on = 1;

	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off);
	if (role != DB_ROLE_ADMIN) {
		mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &reply_s);
		mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &reply_s);
	}
	if (cfg->database_socket[0])
		return;
	mysql_options(my, MYSQL_OPT_SSL_ENFORCE, &on);
	mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
	if (cfg->database_ca_file[0])
		mysql_ssl_set(my, NULL, NULL, cfg->database_ca_file, NULL, NULL);
}

static int session_setup(MYSQL *my, enum db_role role)
{
	if (mysql_real_query(my, session_common, sizeof(session_common) - 1))
		return -1;
	if (role == DB_ROLE_ADMIN)
		return mysql_real_query(my, session_patient, sizeof(session_patient) - 1) ? -1 : 0;
	return mysql_real_query(my, session_limits, sizeof(session_limits) - 1) ? -1 : 0;
}

static int connect_now(struct db *db, struct problem *reterr)
{
	const struct config *cfg = db->cfg;
	struct role_settings who = role_settings(cfg, db->role);
	bool is_local = cfg->database_socket[0] != 0;
	char password[PASSWORD_MAX];
	MYSQL *my;

	if (password_read(who.password_file, password, reterr) < 0)
		return -1;
	my = mysql_init(NULL);
	if (!my)
		alloc_failed(sizeof(*my));
	connect_options(my, cfg, db->role);
	if (!mysql_real_connect(my, is_local ? "localhost" : cfg->database_host, who.user,
				password[0] ? password : NULL, cfg->database_name,
				is_local ? 0 : (unsigned)cfg->database_port,
				is_local ? cfg->database_socket : NULL, 0) ||
	    session_setup(my, db->role) < 0) {
		db->last_errno = mysql_errno(my);
		explicit_bzero(password, sizeof(password));
		log_line(LOG_LEVEL_WARN, "db.connect_failed", "errno=%u user=%s", db->last_errno,
			 who.user);
		mysql_close(my);
		problem_set(reterr, PROBLEM_DB_DOWN, "the database cannot be reached");
		reterr->retry_after_s = RETRY_AFTER_DOWN_S;
		return -1;
	}
	explicit_bzero(password, sizeof(password));
	db->my = my;
	db_wait_ready(db);
	db->used_boot_us = clock_boot_us();
	return 0;
}

void db_drop(struct db *db)
{
	if (!db->my)
		return;
	db_forget_statements(db);
	mysql_close(db->my);
	db->my = NULL;
	db->idle_limit_s = 0;
}

bool db_is_gone(unsigned err)
{
	static const unsigned gone[] = { CR_SERVER_GONE_ERROR,    CR_SERVER_LOST,
					 CR_SERVER_LOST_EXTENDED, ER_SERVER_SHUTDOWN_,
					 ER_CONNECTION_KILLED_,   CR_COMMANDS_OUT_OF_SYNC };

	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		if (err == gone[i])
			return true;
	return false;
}

/*
 * A server that hung up while we were idle has left an end of file, or a last error packet, on the
 * socket. Seen before sending, this is no doubt about a statement; seen after, it would be.
 */
static bool has_hung_up(const struct db *db)
{
	struct pollfd p = { .fd = mysql_get_socket(db->my), .events = POLLIN };

	if (clock_boot_us() - db->used_boot_us < IDLE_CHECK_US)
		return false;
	return poll(&p, 1, 0) != 0;
}

/*
 * What the server has rolled back is over: a further statement would stand outside of any
 * transaction, and count at once.
 */
static int transaction_ready(const struct db *db, struct problem *reterr)
{
	if (!db->is_lost && !db->is_doomed)
		return 0;
	problem_set(reterr, PROBLEM_DB_DOWN, "%s",
		    db->is_lost ? "the database connection was lost" : "the database is busy");
	reterr->retry_after_s = db->is_lost ? RETRY_AFTER_DOWN_S : RETRY_AFTER_LOCKED_S;
	return -1;
}

int db_ready(struct db *db, struct problem *reterr)
{
	/* Whoever is let run meanwhile must not speak in between. */
	if (db->is_waiting)
		return problem_set(reterr, PROBLEM_INTERNAL, "the connection is at work");
	if (db->is_in_transaction)
		return transaction_ready(db, reterr);
	if (db->my && has_hung_up(db))
		db_drop(db);
	return db->my ? 0 : connect_now(db, reterr);
}

struct failure_row {
	unsigned err;
	enum problem_kind kind;
	int retry_after_s;
	const char *detail;
};

static const struct failure_row failures[] = {
	{ DB_ERROR_DUPLICATE, PROBLEM_DUPLICATE, 0, "that already exists" },
	{ DB_ERROR_HAS_CHILDREN, PROBLEM_CONFLICT, 0, "something else still refers to it" },
	{ DB_ERROR_NO_PARENT, PROBLEM_CONFLICT, 0, "it refers to something that does not exist" },
	{ DB_ERROR_LOCK_WAIT, PROBLEM_DB_DOWN, RETRY_AFTER_LOCKED_S, "the database is busy" },
	{ DB_ERROR_DEADLOCK, PROBLEM_DB_DOWN, RETRY_AFTER_LOCKED_S, "the database is busy" },
	{ DB_ERROR_CHANGED, PROBLEM_DB_DOWN, RETRY_AFTER_LOCKED_S, "the database is busy" },
};

int db_failed(struct db *db, unsigned err, const char *statement, struct problem *reterr)
{
	db->last_errno = err;
	if (db_is_gone(err)) {
		log_line(LOG_LEVEL_WARN, "db.lost", "statement=%s errno=%u", statement, err);
		db->is_lost = db->is_in_transaction;
		db_drop(db);
		problem_set(reterr, PROBLEM_DB_DOWN, "the database connection was lost");
		reterr->retry_after_s = RETRY_AFTER_DOWN_S;
		return -1;
	}
	db->is_doomed = db->is_in_transaction && db_met_others(db);
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (failures[i].err != err)
			continue;
		problem_set(reterr, failures[i].kind, "%s", failures[i].detail);
		reterr->retry_after_s = failures[i].retry_after_s;
		return -1;
	}
	log_line(LOG_LEVEL_ERROR, "db.failed", "statement=%s errno=%u", statement, err);
	return problem_set(reterr, PROBLEM_INTERNAL, "a database statement failed");
}

struct db *db_new(const struct config *cfg, enum db_role role)
{
	struct db *db = alloc_zero(sizeof(*db));

	db->cfg = cfg;
	db->role = role;
	return db;
}

int db_open(const struct config *cfg, enum db_role role, struct db **ret, struct problem *reterr)
{
	struct db *db = db_new(cfg, role);

	if (connect_now(db, reterr) < 0) {
		db_free(db);
		return -1;
	}
	*ret = db;
	return 0;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	db_drop(db);
	free(db->cache);
	free(db);
}

static int text_done(struct db *db, bool failed, struct problem *reterr)
{
	if (failed)
		return db_failed(db, mysql_errno(db->my), "text", reterr);
	db->used_boot_us = clock_boot_us();
	return 0;
}

int db_text(struct db *db, const char *sql, size_t len, struct problem *reterr)
{
	if (db_ready(db, reterr) < 0)
		return -1;
	return text_done(db, db_wait_query(db, sql, len), reterr);
}

int db_ping(struct db *db, struct problem *reterr)
{
	static const char sql[] = "DO 1";

	if (db_text(db, sql, sizeof(sql) - 1, reterr) == 0)
		return 0;
	if (db->is_in_transaction || db->my)
		return -1;
	return db_text(db, sql, sizeof(sql) - 1, reterr);
}

/* 0: the usual one. */
static int set_idle_limit(struct db *db, int idle_s, struct problem *reterr)
{
	char sql[80];
	int n = snprintf(sql, sizeof(sql), "SET SESSION idle_transaction_timeout = %d",
			 idle_s ? idle_s : IDLE_LIMIT_S);

	if (db->idle_limit_s == idle_s)
		return 0;
	if (db_text(db, sql, (size_t)n, reterr) < 0)
		return -1;
	db->idle_limit_s = idle_s;
	return 0;
}

static int begin(struct db *db, int idle_s, struct problem *reterr)
{
	static const char sql[] = "BEGIN";

	assert(!db->is_in_transaction);
	db->is_commit_unknown = false;
	db->last_errno = 0;
	/* Nothing has happened yet, so a connection found dead here may simply be replaced. */
	for (int tries = 0; tries < 2; tries++) {
		if (set_idle_limit(db, idle_s, reterr) == 0 &&
		    db_text(db, sql, sizeof(sql) - 1, reterr) == 0) {
			db->is_in_transaction = true;
			return 0;
		}
		if (db->my)
			break;
	}
	return -1;
}

int db_begin(struct db *db, struct problem *reterr)
{
	return begin(db, 0, reterr);
}

int db_begin_wide(struct db *db, int idle_s, struct problem *reterr)
{
	if (begin(db, idle_s, reterr) < 0)
		return -1;
	db->is_wide = true;
	return 0;
}

static void transaction_over(struct db *db)
{
	db->is_in_transaction = false;
	db->is_lost = false;
	db->is_doomed = false;
	db->is_wide = false;
	db->depth = 0;
}

int db_commit(struct db *db, struct problem *reterr)
{
	static const char sql[] = "COMMIT";
	bool was_lost = db->is_lost || db->is_doomed;
	int failed;

	assert(db->is_in_transaction);
	failed = db_ready(db, reterr);
	if (failed == 0)
		failed = text_done(db, db_wait_query(db, sql, sizeof(sql) - 1), reterr);
	if (failed < 0) {
		db->is_commit_unknown = !was_lost && db_is_gone(db->last_errno);
		db_rollback(db);
		return -1;
	}
	transaction_over(db);
	return 0;
}

bool db_commit_unknown(const struct db *db)
{
	return db->is_commit_unknown;
}

void db_rollback(struct db *db)
{
	static const char sql[] = "ROLLBACK";

	db_bulk_forget(db);
	if (!db->is_in_transaction)
		return;
	transaction_over(db);
	/* A connection that cannot roll back is ended: the server then does it. */
	if (db->my && db_wait_query(db, sql, sizeof(sql) - 1))
		db_drop(db);
}

unsigned db_errno(const struct db *db)
{
	return db->last_errno;
}

uint64_t db_connection_id(const struct db *db)
{
	return db->my ? mysql_thread_id(db->my) : 0;
}

bool db_in_transaction(const struct db *db)
{
	return db->is_in_transaction;
}

/* Two that met in a deadlock must not meet again at once. */
static void step_aside(unsigned tries)
{
	struct timespec t = { .tv_nsec =
				      (clock_boot_us() % 20 + 5) * (long)(tries + 1) * 1000000L };

	nanosleep(&t, NULL);
}

bool db_met_others(const struct db *db)
{
	return db->last_errno == DB_ERROR_DEADLOCK || db->last_errno == DB_ERROR_LOCK_WAIT ||
	       db->last_errno == DB_ERROR_CHANGED;
}

static int transact_once(struct db *db, int (*fn)(struct db *, void *, struct problem *), void *arg,
			 struct problem *reterr)
{
	if (db_begin(db, reterr) < 0)
		return -1;
	if (fn(db, arg, reterr) < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, reterr);
}

static int savepoint(struct db *db, const char *verb, struct problem *reterr)
{
	char sql[48];
	int n = snprintf(sql, sizeof(sql), "%s joined_%u", verb, db->depth);

	return db_text(db, sql, (size_t)n, reterr);
}

/* Somebody may go on after a failure; nothing of what failed may be committed then. */
static int join_wide(struct db *db, int (*fn)(struct db *, void *, struct problem *), void *arg,
		     struct problem *reterr)
{
	struct problem ignored;
	unsigned why;
	int rc;

	db->depth++;
	if (savepoint(db, "SAVEPOINT", reterr) < 0)
		return -1;
	rc = fn(db, arg, reterr);
	why = db->last_errno;
	problem_clear(&ignored);
	if (rc < 0 && transaction_ready(db, &ignored) == 0) {
		db->is_doomed = savepoint(db, "ROLLBACK TO", &ignored) < 0;
		db->last_errno = why;
	}
	db->depth--;
	return rc;
}

int db_transact(struct db *db, int (*fn)(struct db *db, void *arg, struct problem *reterr),
		void *arg, struct problem *reterr)
{
	if (db->is_in_transaction)
		return db->is_wide ? join_wide(db, fn, arg, reterr) : fn(db, arg, reterr);
	for (unsigned tries = 0;; tries++) {
		if (transact_once(db, fn, arg, reterr) == 0)
			return 0;
		if (!db_met_others(db) || tries + 1 >= TRANSACTION_TRIES)
			return -1;
		step_aside(tries);
	}
}

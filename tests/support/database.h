/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database - a private, migrated MariaDB for one test program
 * Layer tests. database_start() once per program, outside the forks of libcheck; each case opens
 * its own connection with database_open(), because a connection does not survive a fork.
 */
#ifndef CARILLON_TESTS_DATABASE_H
#define CARILLON_TESTS_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "db/conn.h"

struct database {
	char folder[64], socket[80];
	struct config *config;
};

/* Exits with 77 (skipped, aloud) when no MariaDB server is installed. */
void database_start(struct database *ret, bool is_migrated);
void database_stop(struct database *d);
/* Its server dies as in a power cut; ends in order and comes back (0, else the script's status);
 * gets a signal. */
void database_crash(const struct database *d);
int database_shut(const struct database *d);
int database_revive(const struct database *d);
void database_signal(const struct database *d, int signo);
/* With the rights of the runner. A server too busy to answer is asked again, as people do. */
struct db *database_open(const struct database *d);
/* Where the sql folder is: CARILLON_SRCDIR, else the working folder. */
const char *database_sql_folder(void);
/* One statement of text; fails the case when it does not work. */
void database_run(const struct database *d, const char *sql);
/* The first column of the first row of a query. */
int64_t database_number(const struct database *d, const char *sql);

#endif

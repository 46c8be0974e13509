/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate - the schema's version: forward-only files NNNN_name.sql
 * Layer db. Table schema_migrations(version, name, sha256, state, applied_at) tells what ran. DDL
 * cannot be rolled back, so a file that broke in the middle leaves state `running` and everything
 * refuses to go on until a person has looked. Errors: PROBLEM_CONFLICT with the cure in words.
 */
#ifndef CARILLON_DB_MIGRATE_H
#define CARILLON_DB_MIGRATE_H

#include <stddef.h>

#include "base/problem.h"
#include "db/conn.h"
#include "db/stmt.h"

#define SCHEMA_VERSION 19 /* the newest migration that this program knows */

/* Applies what is missing, in order; *ret_n: how many files ran. Needs the admin role. */
int migrate_run(struct db *db, const char *folder, size_t *ret_n, struct problem *reterr);
/* Runs grants.sql of the folder; ${db}, ${api} and ${run} are replaced by quoted names. */
struct grant_names {
	const char *database, *api_user, *run_user; /* users as 'name'@'host', already quoted */
};
int migrate_grant(struct db *db, const char *folder, const struct grant_names *names,
		  struct problem *reterr);
/* What responder and runner ask at start: exactly this version, nothing half-applied. */
int schema_check(struct db *db, struct problem *reterr);

extern const struct stmt migrate_statements[]; /* ends with name NULL */

#endif

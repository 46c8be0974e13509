/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive - the rows of a workspace as JSON objects, out of the database and into another
 * Layer store. What is secret is never read: no tokens, no hashes of passwords, keys or sessions, no
 * URLs that media are fetched from, no notes of the adapters. Nor what belongs to this instance
 * alone: leases, runners, renditions, events and their deliveries. Instants are RFC 3339 with
 * microseconds, bytes are hex.
 */
#ifndef CARILLON_STORE_ARCHIVE_H
#define CARILLON_STORE_ARCHIVE_H

#include <stdbool.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"

enum archive_table { /* in an order in which rows refer to earlier ones alone */
		     ARCHIVE_MEMBERS,
		     ARCHIVE_ACCOUNTS,
		     ARCHIVE_CHARACTERS,
		     ARCHIVE_MEDIA,
		     ARCHIVE_CONTENTS,
		     ARCHIVE_CONTENT_MEDIA,
		     ARCHIVE_POSTS,
		     ARCHIVE_ATTEMPTS,
		     ARCHIVE_RESULTS,
		     ARCHIVE_IMPORT_ROWS,
		     ARCHIVE_WEBHOOKS,
		     ARCHIVE_TABLES
};
extern const char *const archive_table_names[ARCHIVE_TABLES + 1]; /* NULL-terminated */

/* Called a row, in a fixed order; json is borrowed. */
typedef int archive_take(void *arg, const char *json, struct problem *reterr);

/* From here to db_commit() or db_rollback() every reading sees one moment. */
int store_archive_begin(struct db *db, struct problem *reterr);
/* The workspace's own row; PROBLEM_NOT_FOUND. */
int store_archive_workspace(struct db *db, const char *ws, struct arena *a, const char **ret_json,
			    struct problem *reterr);
/* All rows, a few hundred in memory at a time. */
int store_archive_rows(struct db *db, const char *ws, enum archive_table t, archive_take *take,
		       void *arg, struct problem *reterr);

/* Makes the workspace, or gives it the settings of `json`. PROBLEM_CONFLICT: it is not empty. */
int store_archive_open(struct db *db, const char *ws, const char *json, struct problem *reterr);
/*
 * Ids are kept. Accounts become disconnected; posts that were to go out are paused
 * (account_disconnected), those on their way are unconfirmed; media that were still to come have
 * failed; webhooks are disabled, without a secret; a member's user is the one of that email address,
 * or a new one without a password.
 * PROBLEM_DUPLICATE: the database has the row. PROBLEM_INVALID: it cannot be one.
 */
int store_archive_insert(struct db *db, const char *ws, enum archive_table t, const char *json,
			 struct problem *reterr);

extern const struct stmt store_archive_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive - a whole workspace as one JSON document, and back
 * Layer transfer. A row at a time in both directions, whatever the size. What is in it and what is
 * not: store/archive.h and docs/operate.md. Media are files beside it, named by their SHA-256.
 */
#ifndef CARILLON_TRANSFER_ARCHIVE_H
#define CARILLON_TRANSFER_ARCHIVE_H

#include <stdint.h>
#include <stdio.h>

#include "app.h"
#include "base/problem.h"
#include "crypto/random.h"
#include "store/archive.h"

#define ARCHIVE_VERSION 1 /* of the document; a newer one is refused */

struct archive_job {
	struct app *app;       /* config and db */
	const char *workspace; /* import: NULL for the id that the document has */
	const char *media;     /* folder of the files; NULL: none are copied */
};

struct archive_counts {
	int64_t rows[ARCHIVE_TABLES];
	int64_t files;
	int64_t missing; /* files that media name and that are not there */
};

/* One moment of the database. The folder is made when it is not there. */
int archive_export(const struct archive_job *job, FILE *out, struct archive_counts *ret,
		   struct problem *reterr);
/*
 * All or nothing, in one transaction, into a new workspace or an empty one. Errors: PROBLEM_INVALID,
 * PROBLEM_DUPLICATE and PROBLEM_CONFLICT with line, list and row.
 */
int archive_import(const struct archive_job *job, FILE *in, char ret_workspace[static ID_MAX],
		   struct archive_counts *ret, struct problem *reterr);

/* Name of a medium's file in the folder; NULL when the row has no bytes or no decent name. */
const char *archive_media_name(struct arena *a, const char *json, char ret_sha256[static 65]);

#endif

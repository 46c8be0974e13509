/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import - a table of posts taken into a workspace
 * Layer transfer. Each row goes the way of POST /posts, is one transaction, and is taken once: its
 * key, the digest of the request it stands for, is written with its posts. So the same file, or a
 * mended one, may be imported again, also after the program was killed midway.
 */
#ifndef CARILLON_TRANSFER_IMPORT_H
#define CARILLON_TRANSFER_IMPORT_H

#include <stdio.h>

#include "app.h"
#include "transfer/columns.h"

struct table_import {
	struct app *app; /* config and db */
	const char *workspace;
	enum table_format format;
	bool livemode;        /* whose accounts names mean: live ones, or those of test mode */
	bool is_rehearsal;    /* all the checks; nothing stays */
	const char *timezone; /* of local times in rows that name none; NULL: the workspace's */
	/*
	 * NULL none; ids ("acc_..,acc_..") for rows that name no account; else a CSV file of two
	 * columns, a name of the table and the id it means, "*" for rows that name none.
	 */
	const char *accounts;
	FILE *report; /* a line for each row that was not taken, and the counts */
};

struct import_counts {
	int64_t made, present, skipped, refused, posts;
};

/*
 * `in` must be seekable: it is read through before the first row is taken, and nothing is taken from
 * what is no CSV. -1: it ended before its end; rows before that stay. Refused rows are no error.
 */
int table_import_run(const struct table_import *in, FILE *file, struct import_counts *ret,
		     struct problem *reterr);

#endif

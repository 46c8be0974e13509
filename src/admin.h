/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin - what the files of carillon-admin share
 */
#ifndef CARILLON_ADMIN_H
#define CARILLON_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

#include "app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/problem.h"

struct admin {
	struct app app;
	struct config *config;
	struct arena *arena;
	const char *config_path, *sql_folder;
	/* Options of the subcommands; NULL when not given. */
	const char *workspace, *role, *name, *scopes, *format, *accounts, *timezone, *media;
	bool livemode, has_mode, is_rehearsal, only_add, keeps_old;
	/* What a command changes, for its record; NULL: of no workspace, nothing by a name. */
	const char *record_in, *subject;
	int argc; /* what follows the subcommand */
	char **argv;
};

/* Each returns 0, or -1 with the reason. */
typedef int admin_fn(struct admin *a, struct problem *reterr);
/* Runs a command with its row of the audit log in one transaction; a refusal leaves one, too. */
int admin_recorded(struct admin *a, const char *action, admin_fn *run, struct problem *reterr);
/* The same of one that has transactions of its own: a row before it, and one of how it ended. */
int admin_recorded_around(struct admin *a, const char *action, admin_fn *run,
			  struct problem *reterr);
int admin_audit(struct admin *a, struct problem *reterr);
int admin_rotate_keys(struct admin *a, struct problem *reterr);
int admin_reseal(struct admin *a, struct problem *reterr);
int admin_init_keys(struct admin *a, struct problem *reterr);
int admin_doctor(struct admin *a, struct problem *reterr);
int admin_import(struct admin *a, struct problem *reterr);
int admin_export(struct admin *a, struct problem *reterr);

#endif

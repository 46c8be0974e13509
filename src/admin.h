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
	bool livemode, has_mode, is_rehearsal;
	int argc; /* what follows the subcommand */
	char **argv;
};

/* Each returns 0, or -1 with the reason. */
int admin_init_keys(struct admin *a, struct problem *reterr);
int admin_doctor(struct admin *a, struct problem *reterr);
int admin_import(struct admin *a, struct problem *reterr);
int admin_export(struct admin *a, struct problem *reterr);

#endif

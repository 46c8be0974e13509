/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workspaces - the owner of everything else
 * Layer store. Texts of results live in the arena. Errors: PROBLEM_NOT_FOUND, PROBLEM_VERSION.
 */
#ifndef CARILLON_STORE_WORKSPACES_H
#define CARILLON_STORE_WORKSPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"

struct workspace {
	const char *id, *name, *timezone; /* timezone NULL: none */
	bool require_approval;
	int64_t version, created_us, updated_us;
};

enum workspace_member {
	WORKSPACE_NAME = 1,
	WORKSPACE_TIMEZONE = 2,
	WORKSPACE_REQUIRE_APPROVAL = 4
};

/* Only the given members (bits) change. */
struct workspace_patch {
	unsigned given;
	const char *name, *timezone;
	bool require_approval;
};

int store_workspaces_create(struct db *db, const char *name, struct arena *a, struct workspace *ret,
			    struct problem *reterr);
int store_workspaces_get(struct db *db, const char *ws, struct arena *a, struct workspace *ret,
			 struct problem *reterr);
int store_workspaces_update(struct db *db, const char *ws, const struct workspace_patch *in,
			    int64_t if_version, struct problem *reterr);

extern const struct stmt store_workspaces_statements[]; /* ends with name NULL */

#endif

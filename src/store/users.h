/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users - people, and their roles in workspaces
 * Layer store. E-mail addresses compare without case. Errors: PROBLEM_DUPLICATE (address, or
 * already a member), PROBLEM_NOT_FOUND, PROBLEM_VERSION, PROBLEM_CONFLICT (a workspace keeps at
 * least one owner).
 */
#ifndef CARILLON_STORE_USERS_H
#define CARILLON_STORE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "domain/role.h"
#include "store/page.h"

struct user {
	const char *id, *email, *name, *password_hash;
	int64_t created_us;
};

struct member {
	const char *workspace, *user_id, *email, *name;
	const char *workspace_name; /* store_users_workspaces() only, else NULL */
	enum role role;
	int64_t version, created_us;
};

struct user_new {
	const char *email, *name, *password_hash;
};

int store_users_create(struct db *db, const struct user_new *in, char ret_id[static ID_MAX],
		       struct problem *reterr);
/* A user, a workspace and the ownership that joins them, all or nothing. */
struct registered {
	char user_id[ID_MAX], workspace[ID_MAX];
};
int store_users_register(struct db *db, const struct user_new *in, const char *workspace_name,
			 struct registered *ret, struct problem *reterr);
/* For login; PROBLEM_NOT_FOUND when there is none. */
int store_users_by_email(struct db *db, const char *email, struct arena *a, struct user *ret,
			 struct problem *reterr);
int store_users_set_password(struct db *db, const char *user_id, const char *password_hash,
			     struct problem *reterr);
/* The workspaces of a user, oldest membership first: the first one is entered at login. */
int store_users_workspaces(struct db *db, const char *user_id, struct arena *a, struct member **ret,
			   size_t *ret_n, struct problem *reterr);

int store_users_add_member(struct db *db, const char *ws, const char *user_id, enum role role,
			   struct problem *reterr);
int store_users_member(struct db *db, const char *ws, const char *user_id, struct arena *a,
		       struct member *ret, struct problem *reterr);
struct members {
	struct member *v;
	size_t n;
	bool has_more;
};
int store_users_members(struct db *db, const char *ws, const struct page *page, struct arena *a,
			struct members *ret, struct problem *reterr);
int store_users_set_role(struct db *db, const char *ws, const char *user_id, enum role role,
			 int64_t if_version, struct problem *reterr);
/* Ends the person's sessions there, too. */
int store_users_remove_member(struct db *db, const char *ws, const char *user_id,
			      int64_t if_version, struct problem *reterr);

extern const struct stmt store_users_statements[];

#endif

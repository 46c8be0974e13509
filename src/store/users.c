/* SPDX-License-Identifier: Apache-2.0 */
#include "store/users.h"

#include <stdio.h>
#include <string.h>

#include "db/conn.h"
#include "store/guard.h"
#include "store/workspaces.h"

#define USER_WORKSPACES_MAX 100

enum {
	INSERT,
	BY_EMAIL,
	SET_PASSWORD,
	WORKSPACES,
	ADD_MEMBER,
	MEMBER,
	MEMBERS_UP,
	MEMBERS_DOWN,
	OWNERS,
	SET_ROLE,
	REMOVE_MEMBER
};

#define MEMBER_COLUMNS \
	"m.workspace_id, m.user_id, u.email, u.name, w.name, m.role, m.version, m.created_at "
#define SELECT_MEMBERS                                                              \
	"SELECT " MEMBER_COLUMNS "FROM members m JOIN users u ON u.id = m.user_id " \
	"JOIN workspaces w ON w.id = m.workspace_id "

const struct stmt store_users_statements[] = {
	[INSERT] = { "users.insert", STMT_GLOBAL, "ssss",
		     "INSERT INTO users (id, email, name, password_hash, created_at) "
		     "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))",
		     "people exist beside workspaces" },
	[BY_EMAIL] = { "users.by_email", STMT_GLOBAL, "s",
		       "SELECT id, email, name, password_hash, created_at FROM users WHERE email = "
		       "?",
		       "login knows an e-mail address only" },
	[SET_PASSWORD] = { "users.set_password", STMT_GLOBAL, "ss",
			   "UPDATE users SET password_hash = ? WHERE id = ?",
			   "people exist beside workspaces" },
	[WORKSPACES] = { "users.workspaces", STMT_GLOBAL, "si",
			 SELECT_MEMBERS "WHERE m.user_id = ? ORDER BY m.created_at, m.workspace_id "
					"LIMIT ?",
			 "login chooses the workspace" },
	[ADD_MEMBER] = { "users.add_member", STMT_WORKSPACE, "sss",
			 "INSERT INTO members (workspace_id, user_id, role, created_at) "
			 "VALUES (?, ?, ?, UTC_TIMESTAMP(3))",
			 NULL },
	[MEMBER] = { "users.member", STMT_WORKSPACE, "ss",
		     SELECT_MEMBERS "WHERE m.workspace_id = ? AND m.user_id = ?", NULL },
	[MEMBERS_UP] = { "users.members_up", STMT_WORKSPACE, "ssi",
			 SELECT_MEMBERS "WHERE m.workspace_id = ? AND m.user_id > ? "
					"ORDER BY m.user_id LIMIT ?",
			 NULL },
	[MEMBERS_DOWN] = { "users.members_down", STMT_WORKSPACE, "ssi",
			   SELECT_MEMBERS "WHERE m.workspace_id = ? AND m.user_id < ? "
					  "ORDER BY m.user_id DESC LIMIT ?",
			   NULL },
	[OWNERS] = { "users.owners", STMT_WORKSPACE, "s",
		     "SELECT user_id FROM members WHERE workspace_id = ? AND role = 'owner' FOR "
		     "UPDATE",
		     NULL },
	[SET_ROLE] = { "users.set_role", STMT_WORKSPACE, "sssii",
		       "UPDATE members SET role = ?, version = version + 1 "
		       "WHERE workspace_id = ? AND user_id = ? AND (? = 0 OR version = ?)",
		       NULL },
	/* The member's sessions go with the row, by foreign key. */
	[REMOVE_MEMBER] = { "users.remove_member", STMT_WORKSPACE, "ssii",
			    "DELETE FROM members WHERE workspace_id = ? AND user_id = ? "
			    "AND (? = 0 OR version = ?)",
			    NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_users_statements[x])

static void read_member(const struct rows *r, struct arena *a, void *to)
{
	struct member *ret = to;

	*ret = (struct member){
		.workspace = rows_dup(r, 0, a),
		.user_id = rows_dup(r, 1, a),
		.email = rows_dup(r, 2, a),
		.name = rows_dup(r, 3, a),
		.workspace_name = rows_dup(r, 4, a),
		.version = rows_int(r, 6),
		.created_us = rows_instant(r, 7),
	};
	role_parse(rows_text(r, 5), &ret->role);
}

int store_users_create(struct db *db, const struct user_new *in, char ret_id[static ID_MAX],
		       struct problem *reterr)
{
	random_id(ret_id, "user");
	if (db_exec(db, ROW(INSERT), NULL, reterr, ret_id, in->email, in->name,
		    in->password_hash) == 0)
		return 0;
	if (db_errno(db) == DB_ERROR_DUPLICATE)
		problem_set(reterr, PROBLEM_DUPLICATE, "that e-mail address is taken");
	return -1;
}

struct registration {
	const struct user_new *user;
	const char *workspace_name;
	struct registered *made;
	struct arena *arena;
};

static int register_in(struct db *db, void *arg, struct problem *reterr)
{
	struct registration *reg = arg;
	struct workspace ws;

	if (store_users_create(db, reg->user, reg->made->user_id, reterr) < 0 ||
	    store_workspaces_create(db, reg->workspace_name, reg->arena, &ws, reterr) < 0 ||
	    store_users_add_member(db, ws.id, reg->made->user_id, ROLE_OWNER, reterr) < 0)
		return -1;
	snprintf(reg->made->workspace, ID_MAX, "%s", ws.id);
	return 0;
}

int store_users_register(struct db *db, const struct user_new *in, const char *workspace_name,
			 struct registered *ret, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct registration reg = { in, workspace_name, ret, a };

	return db_transact(db, register_in, &reg, reterr);
}

int store_users_by_email(struct db *db, const char *email, struct arena *a, struct user *ret,
			 struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_EMAIL), &r, reterr, email);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no user has that e-mail address");
	*ret = (struct user){
		.id = rows_dup(r, 0, a),
		.email = rows_dup(r, 1, a),
		.name = rows_dup(r, 2, a),
		.password_hash = rows_dup(r, 3, a),
		.created_us = rows_instant(r, 4),
	};
	rows_end(r);
	return 0;
}

int store_users_set_password(struct db *db, const char *user_id, const char *password_hash,
			     struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(SET_PASSWORD), &changed, reterr, password_hash, user_id) < 0)
		return -1;
	return changed ? 0 : guard_missing("user", user_id, reterr);
}

int store_users_workspaces(struct db *db, const char *user_id, struct arena *a, struct member **ret,
			   size_t *ret_n, struct problem *reterr)
{
	struct member *v = arena_array(a, USER_WORKSPACES_MAX, sizeof(*v));
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(WORKSPACES), &r, reterr, user_id, (int64_t)USER_WORKSPACES_MAX) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		read_member(r, a, &v[n++]);
	rows_end(r);
	*ret = v;
	*ret_n = n;
	return got;
}

int store_users_add_member(struct db *db, const char *ws, const char *user_id, enum role role,
			   struct problem *reterr)
{
	if (db_exec(db, ROW(ADD_MEMBER), NULL, reterr, ws, user_id, role_name(role)) == 0)
		return 0;
	if (db_errno(db) == DB_ERROR_DUPLICATE)
		problem_set(reterr, PROBLEM_DUPLICATE, "that user is a member already");
	if (db_errno(db) == DB_ERROR_NO_PARENT)
		problem_set(reterr, PROBLEM_NOT_FOUND, "no such user or workspace");
	return -1;
}

int store_users_member(struct db *db, const char *ws, const char *user_id, struct arena *a,
		       struct member *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(MEMBER), &r, reterr, ws, user_id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("member", user_id, reterr);
	read_member(r, a, ret);
	rows_end(r);
	return 0;
}

int store_users_members(struct db *db, const char *ws, const struct page *page, struct arena *a,
			struct members *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct member), read_member };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(page->descending ? MEMBERS_DOWN : MEMBERS_UP), &r, reterr, ws,
		     page_start_id(page), (int64_t)page_rows(page)) < 0 ||
	    page_collect(page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct members){ list.v, list.n, list.has_more };
	return 0;
}

struct member_change {
	const char *ws, *user_id;
	int64_t if_version;
	bool is_removal;
	enum role role;
};

/* Locks the owners, so that two of them cannot leave at the same moment. */
static int keep_an_owner(struct db *db, const struct member_change *in, struct problem *reterr)
{
	struct rows *r = NULL;
	int others = 0, self = 0, got;

	if (!in->is_removal && in->role == ROLE_OWNER)
		return 0;
	if (db_query(db, ROW(OWNERS), &r, reterr, in->ws) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (strcmp(rows_text(r, 0), in->user_id) == 0)
			self++;
		else
			others++;
	}
	rows_end(r);
	if (got < 0)
		return -1;
	if (self && !others)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "a workspace keeps at least one owner");
	return 0;
}

static int change_member(struct db *db, void *arg, struct problem *reterr)
{
	const struct member_change *in = arg;
	int64_t changed = 0;
	int failed;

	if (keep_an_owner(db, in, reterr) < 0)
		return -1;
	if (in->is_removal)
		failed = db_exec(db, ROW(REMOVE_MEMBER), &changed, reterr, in->ws, in->user_id,
				 in->if_version, in->if_version);
	else
		failed = db_exec(db, ROW(SET_ROLE), &changed, reterr, role_name(in->role), in->ws,
				 in->user_id, in->if_version, in->if_version);
	if (failed < 0 || changed)
		return failed;
	return guard_refused(db, &(struct guard_row){ ROW(MEMBER), "member", in->ws, in->user_id },
			     reterr);
}

int store_users_set_role(struct db *db, const char *ws, const char *user_id, enum role role,
			 int64_t if_version, struct problem *reterr)
{
	struct member_change in = { ws, user_id, if_version, false, role };

	return db_transact(db, change_member, &in, reterr);
}

int store_users_remove_member(struct db *db, const char *ws, const char *user_id,
			      int64_t if_version, struct problem *reterr)
{
	struct member_change in = { ws, user_id, if_version, true, ROLE_VIEWER };

	return db_transact(db, change_member, &in, reterr);
}

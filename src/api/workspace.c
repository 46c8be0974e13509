/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>

#include "api/api.h"
#include "api/principal.h"
#include "base/tz.h"
#include "crypto/password.h"
#include "http/paging.h"
#include "store/users.h"
#include "store/workspaces.h"

#define LIST           "members"
#define PASSWORD_LEAST 10
#define PASSWORD_MOST  200

struct workspace_body {
	uint64_t present;
	const char *name, *timezone;
	bool require_approval;
};
enum { ROW_NAME, ROW_TIMEZONE, ROW_REQUIRE_APPROVAL };

struct member_body {
	uint64_t present;
	const char *email, *name, *password;
	int role;
};
struct role_body {
	uint64_t present;
	int role;
};

static const char *const role_choices[] = { "viewer", "editor", "admin", "owner", NULL };

/* clang-format off */
static const struct field patch_fields[] = {
	[ROW_NAME]             = { .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct workspace_body, name), .flags = FIELD_NONEMPTY, .most = 200 },
	[ROW_TIMEZONE]         = { .name = "timezone", .kind = FIELD_TZ, .offset = offsetof(struct workspace_body, timezone), .flags = FIELD_NULLABLE, .sentence = "For characters without a zone of their own; null: America/New_York." },
	[ROW_REQUIRE_APPROVAL] = { .name = "require_approval", .kind = FIELD_BOOL, .offset = offsetof(struct workspace_body, require_approval) },
	{ .name = NULL },
};
static const struct schema patch_schema = { "WorkspacePatch", sizeof(struct workspace_body), patch_fields };

static const struct field workspace_fields[] = {
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED },
	{ .name = "name", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "timezone", .kind = FIELD_TZ, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = "require_approval", .kind = FIELD_BOOL, .flags = FIELD_REQUIRED },
	{ .name = "created_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = "updated_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema workspace_schema = { "Workspace", 0, workspace_fields };

static const struct field member_create_fields[] = {
	{ .name = "email", .kind = FIELD_EMAIL, .offset = offsetof(struct member_body, email), .flags = FIELD_REQUIRED },
	{ .name = "role", .kind = FIELD_ENUM, .offset = offsetof(struct member_body, role), .flags = FIELD_REQUIRED, .choices = role_choices },
	{ .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct member_body, name), .flags = FIELD_NONEMPTY, .most = 200, .sentence = "Of somebody new; absent: the e-mail address." },
	{ .name = "password", .kind = FIELD_TEXT, .offset = offsetof(struct member_body, password), .least = PASSWORD_LEAST, .most = PASSWORD_MOST, .sentence = "The first password of somebody new; a known user keeps his own." },
	{ .name = NULL },
};
static const struct schema member_create_schema = { "MemberCreate", sizeof(struct member_body), member_create_fields };

static const struct field role_fields[] = {
	{ .name = "role", .kind = FIELD_ENUM, .offset = offsetof(struct role_body, role), .flags = FIELD_REQUIRED, .choices = role_choices },
	{ .name = NULL },
};
static const struct schema role_schema = { "MemberPatch", sizeof(struct role_body), role_fields };

static const struct field member_fields[] = {
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED, .sentence = "The user's id." },
	{ .name = "email", .kind = FIELD_EMAIL, .flags = FIELD_REQUIRED },
	{ .name = "name", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },
	{ .name = "role", .kind = FIELD_ENUM, .flags = FIELD_REQUIRED, .choices = role_choices },
	{ .name = "created_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct schema member_schema = { "Member", 0, member_fields };
static const struct field list_fields[] = {
	{ .name = "members", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &member_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "Members", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct emit *e = &ret->emit;
	struct workspace w;

	if (store_workspaces_get(req->app->db, req->principal->workspace, req->arena, &w, reterr) <
	    0)
		return -1;
	emit_open(e, NULL);
	emit_text(e, "id", w.id);
	emit_text(e, "name", w.name);
	emit_text(e, "timezone", w.timezone);
	emit_bool(e, "require_approval", w.require_approval);
	emit_instant(e, "created_at", w.created_us);
	emit_instant(e, "updated_at", w.updated_us);
	emit_close(e);
	ret->version = w.version;
	return 0;
}

static int check_zone(const char *name, struct problem *reterr)
{
	struct tz *tz CLEANUP(tz_free) = NULL;

	if (!name || tz_load(name, &tz) == 0)
		return 0;
	problem_set(reterr, PROBLEM_TIMEZONE, "There is no time zone %s in the IANA list.", name);
	return problem_add(reterr, "/timezone", "unknown_timezone", "an IANA name is wanted");
}

static int patch(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct workspace_body *in = req->in;
	const struct workspace_patch change = {
		.given = (SCHEMA_HAS(in, ROW_NAME) ? WORKSPACE_NAME : 0U) |
			 (SCHEMA_HAS(in, ROW_TIMEZONE) ? WORKSPACE_TIMEZONE : 0U) |
			 (SCHEMA_HAS(in, ROW_REQUIRE_APPROVAL) ? WORKSPACE_REQUIRE_APPROVAL : 0U),
		.name = in->name,
		.timezone = in->timezone,
		.require_approval = in->require_approval,
	};
	int64_t version = 0;

	if (request_if_match(req, &version, reterr) < 0 || check_zone(in->timezone, reterr) < 0)
		return -1;
	if (change.given && store_workspaces_update(req->app->db, req->principal->workspace,
						    &change, version, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static void emit_member(struct emit *e, const struct member *m)
{
	emit_open(e, NULL);
	emit_text(e, "id", m->user_id);
	emit_text(e, "email", m->email);
	emit_text(e, "name", m->name);
	emit_text(e, "role", role_name(m->role));
	emit_instant(e, "created_at", m->created_us);
	emit_close(e);
}

static int members_list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct members members = { 0 };
	struct paging paging;
	size_t i;

	if (paging_read(req, LIST, &paging, reterr) < 0)
		return -1;
	const struct page page = { .limit = paging.limit, .after_id = paging.after_id };
	if (store_users_members(req->app->db, req->principal->workspace, &page, req->arena,
				&members, reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, LIST);
	for (i = 0; i < members.n; i++)
		emit_member(&ret->emit, &members.v[i]);
	emit_close_array(&ret->emit);
	paging_close(req, ret, LIST, members.has_more, 0,
		     members.n ? members.v[members.n - 1].user_id : "");
	emit_close(&ret->emit);
	return 0;
}

static int member_show(struct request *req, const char *user, struct reply *ret,
		       struct problem *reterr)
{
	struct member member;

	if (store_users_member(req->app->db, req->principal->workspace, user, req->arena, &member,
			       reterr) < 0)
		return -1;
	emit_member(&ret->emit, &member);
	ret->version = member.version;
	return 0;
}

static int member_get(struct request *req, struct reply *ret, struct problem *reterr)
{
	return member_show(req, req->params[0], ret, reterr);
}

static int user_create(struct request *req, char ret_id[static ID_MAX], struct problem *reterr)
{
	const struct member_body *in = req->in;
	char hash[PASSWORD_HASH_MAX];
	const struct user_new fresh = { in->email, in->name ? in->name : in->email, hash };

	if (!in->password)
		return problem_add(reterr, "/password", "required",
				   "nobody has this address yet; give a first password");
	if (password_hash(in->password, hash) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "The password could not be hashed.");
	return store_users_create(req->app->db, &fresh, ret_id, reterr);
}

static int user_of(struct request *req, char ret_id[static ID_MAX], struct problem *reterr)
{
	const struct member_body *in = req->in;
	struct user user;

	if (store_users_by_email(req->app->db, in->email, req->arena, &user, reterr) == 0) {
		(void)snprintf(ret_id, ID_MAX, "%s", user.id);
		return 0;
	}
	if (reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	problem_clear(reterr);
	return user_create(req, ret_id, reterr);
}

static int member_add(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct member_body *in = req->in;
	char user[ID_MAX];

	if (user_of(req, user, reterr) < 0 ||
	    store_users_add_member(req->app->db, req->principal->workspace, user,
				   (enum role)in->role, reterr) < 0)
		return -1;
	reply_header(ret, req->arena, "Location", "/api/v1/workspace/members/%s", user);
	return member_show(req, user, ret, reterr);
}

static int member_patch(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct role_body *in = req->in;
	int64_t version = 0;

	if (request_if_match(req, &version, reterr) < 0 ||
	    store_users_set_role(req->app->db, req->principal->workspace, req->params[0],
				 (enum role)in->role, version, reterr) < 0)
		return -1;
	return member_show(req, req->params[0], ret, reterr);
}

static int member_remove(struct request *req, struct reply *ret, struct problem *reterr)
{
	int64_t version = 0;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0)
		return -1;
	return store_users_remove_member(req->app->db, req->principal->workspace, req->params[0],
					 version, reterr);
}

/* clang-format off */
const struct route api_workspace_routes[] = {
	{ HTTP_GET, "/api/v1/workspace", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WORKSPACE_READ), .rate = RATE_READ, .ok = 200, .has_version = true, .reply = &workspace_schema, .handler = get, .operation = "getWorkspace", .summary = "Read the workspace" },
	{ HTTP_PATCH, "/api/v1/workspace", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WORKSPACE_WRITE), .rate = RATE_WRITE, .body = &patch_schema, .ok = 200, .reply = &workspace_schema, .handler = patch, .operation = "updateWorkspace", .summary = "Change the workspace" },
	{ HTTP_GET, "/api/v1/workspace/members", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WORKSPACE_READ), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = members_list, .operation = "listMembers", .summary = "List members" },
	{ HTTP_POST, "/api/v1/workspace/members", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEMBERS_MANAGE), .rate = RATE_WRITE, .body = &member_create_schema, .ok = 201, .reply = &member_schema, .handler = member_add, .operation = "addMember", .summary = "Add a known user, or make a new one" },
	{ HTTP_GET, "/api/v1/workspace/members/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_WORKSPACE_READ), .rate = RATE_READ, .ok = 200, .has_version = true, .reply = &member_schema, .handler = member_get, .operation = "getMember", .summary = "Read a member" },
	{ HTTP_PATCH, "/api/v1/workspace/members/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEMBERS_MANAGE), .rate = RATE_WRITE, .body = &role_schema, .ok = 200, .reply = &member_schema, .handler = member_patch, .operation = "updateMember", .summary = "Give a member another role" },
	{ HTTP_DELETE, "/api/v1/workspace/members/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_MEMBERS_MANAGE), .rate = RATE_WRITE, .ok = 204, .handler = member_remove, .operation = "removeMember", .summary = "Remove a member and end his sessions here" },
	{ .pattern = NULL },
};
/* clang-format on */

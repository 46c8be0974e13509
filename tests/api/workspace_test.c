/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/suite.h"

#define WORKSPACE "/api/v1/workspace"
#define MEMBERS   WORKSPACE "/members"

START_TEST(read_and_change)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = client_call(
		"PATCH", WORKSPACE, p.token,
		"{\"name\":\"Bells\",\"timezone\":\"Europe/Berlin\",\"require_approval\":true}");
	struct answer *b CLEANUP(answer_free) =
		client_call("PATCH", WORKSPACE, p.token, "{\"timezone\":null}");

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "id"), p.workspace);
	ck_assert_str_eq(answer_text(a, "timezone"), "Europe/Berlin");
	ck_assert(answer_bool(a, "require_approval"));
	ck_assert(answer_is_null(b, "timezone"));
	ck_assert_str_eq(answer_text(b, "name"), "Bells");
}
END_TEST

START_TEST(unknown_zone_is_refused)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) =
		client_call("PATCH", WORKSPACE, p.token, "{\"timezone\":\"Mars/Olympus\"}");

	assert_problem(a, 422, "unknown_timezone");
	assert_invalid(a, "/timezone", NULL);
}
END_TEST

static const struct {
	const char *role, *method, *path, *body;
	long status;
} rights[] = {
	{ "viewer", "GET", WORKSPACE, NULL, 200 },
	{ "viewer", "PATCH", WORKSPACE, "{}", 403 },
	{ "editor", "PATCH", WORKSPACE, "{}", 403 },
	{ "admin", "PATCH", WORKSPACE, "{}", 200 },
	{ "viewer", "GET", MEMBERS, NULL, 200 },
	{ "admin", "POST", MEMBERS, "{\"email\":\"x@example.com\",\"role\":\"viewer\"}", 403 },
	{ "viewer", "POST", "/api/v1/characters", "{\"name\":\"x\"}", 403 },
	{ "editor", "POST", "/api/v1/characters", "{\"name\":\"x\"}", 201 },
};

START_TEST(roles_decide)
{
	struct persona p;

	persona_make(&p, NULL, rights[_i].role);
	struct answer *a CLEANUP(answer_free) =
		client_call(rights[_i].method, rights[_i].path, p.token, rights[_i].body);

	assert_status(a, rights[_i].status);
}
END_TEST

START_TEST(new_member_can_log_in)
{
	struct persona p;

	persona_make(&p, NULL, "owner");
	struct answer *bare CLEANUP(answer_free) = client_callf(
		"POST", MEMBERS, p.token, "{\"email\":\"new-%s\",\"role\":\"editor\"}", p.email);
	struct answer *a CLEANUP(answer_free) = client_callf(
		"POST", MEMBERS, p.token,
		"{\"email\":\"new-%s\",\"role\":\"editor\",\"password\":\"first password\"}",
		p.email);
	struct answer *twice CLEANUP(answer_free) = client_callf(
		"POST", MEMBERS, p.token, "{\"email\":\"new-%s\",\"role\":\"viewer\"}", p.email);
	struct answer *login CLEANUP(answer_free) =
		client_callf("POST", "/api/v1/auth/login", NULL,
			     "{\"email\":\"new-%s\",\"password\":\"first password\"}", p.email);

	assert_invalid(bare, "/password", "required");
	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "role"), "editor");
	ck_assert_ptr_null(strstr(a->body, "argon2"));
	assert_problem(twice, 409, "duplicate");
	assert_status(login, 200);
	ck_assert_str_eq(answer_text(login, "workspace_id"), p.workspace);
}
END_TEST

START_TEST(role_changes_count_at_once)
{
	struct persona owner, member;
	char path[120];

	persona_make(&owner, NULL, "owner");
	persona_make(&member, owner.workspace, "viewer");
	snprintf(path, sizeof(path), MEMBERS "/%s", member.user);
	struct answer *before CLEANUP(answer_free) =
		client_call("PATCH", WORKSPACE, member.token, "{}");
	struct answer *a CLEANUP(answer_free) =
		client_call("PATCH", path, owner.token, "{\"role\":\"admin\"}");
	struct answer *after CLEANUP(answer_free) =
		client_call("PATCH", WORKSPACE, member.token, "{}");

	assert_status(before, 403);
	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "role"), "admin");
	assert_status(after, 200);
}
END_TEST

START_TEST(last_owner_stays)
{
	struct persona owner;
	char path[120];

	persona_make(&owner, NULL, "owner");
	snprintf(path, sizeof(path), MEMBERS "/%s", owner.user);
	struct answer *down CLEANUP(answer_free) =
		client_call("PATCH", path, owner.token, "{\"role\":\"admin\"}");
	struct answer *out CLEANUP(answer_free) = client_call("DELETE", path, owner.token, NULL);

	assert_problem(down, 409, "conflict");
	assert_problem(out, 409, "conflict");
}
END_TEST

START_TEST(members_of_others_are_absent)
{
	struct persona p, other;
	char path[120];

	persona_make(&p, NULL, "owner");
	persona_make(&other, NULL, "owner");
	snprintf(path, sizeof(path), MEMBERS "/%s", p.user);
	struct answer *get CLEANUP(answer_free) = client_call("GET", path, other.token, NULL);
	struct answer *set CLEANUP(answer_free) =
		client_call("PATCH", path, other.token, "{\"role\":\"viewer\"}");
	struct answer *del CLEANUP(answer_free) = client_call("DELETE", path, other.token, NULL);

	assert_problem(get, 404, "not_found");
	assert_problem(set, 404, "not_found");
	assert_problem(del, 404, "not_found");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ read_and_change, 0 },
		{ unknown_zone_is_refused, 0 },
		{ roles_decide, (int)ARRAY_LEN(rights) },
		{ new_member_can_log_in, 0 },
		{ role_changes_count_at_once, 0 },
		{ last_owner_stays, 0 },
		{ members_of_others_are_absent, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "workspace",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET"),
		.cases = cases,
	});
}

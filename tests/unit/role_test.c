/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "domain/role.h"
#include "support/suite.h"

START_TEST(each_role_has_what_the_lower_ones_have)
{
	for (int r = ROLE_EDITOR; r <= ROLE_OWNER; r++) {
		uint64_t lower = role_scopes((enum role)(r - 1)), own = role_scopes((enum role)r);

		ck_assert_uint_eq(lower & own, lower);
		ck_assert_uint_gt(own, lower);
	}
	ck_assert_uint_eq(role_scopes(ROLE_OWNER), SCOPE_BIT(SCOPES) - 1);
}
END_TEST

START_TEST(roles_may_what_they_are_for)
{
	static const struct {
		enum scope scope;
		enum role least;
	} rows[] = {
		{ SCOPE_CONTENT_READ, ROLE_VIEWER },   { SCOPE_CONTENT_WRITE, ROLE_EDITOR },
		{ SCOPE_CONTENT_APPROVE, ROLE_ADMIN }, { SCOPE_SCHEDULE_WRITE, ROLE_EDITOR },
		{ SCOPE_KEYS_MANAGE, ROLE_ADMIN },     { SCOPE_INTEGRATIONS_WRITE, ROLE_ADMIN },
		{ SCOPE_MEMBERS_MANAGE, ROLE_OWNER },  { SCOPE_WEBHOOKS_WRITE, ROLE_ADMIN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int r = ROLE_VIEWER; r <= ROLE_OWNER; r++)
			ck_assert_int_eq(scopes_have(role_scopes((enum role)r), rows[i].scope),
					 r >= (int)rows[i].least);
}
END_TEST

START_TEST(names_parse_back)
{
	enum role role;
	enum scope scope;

	for (int r = 0; r < ROLES; r++) {
		ck_assert_int_eq(role_parse(role_name((enum role)r), &role), 0);
		ck_assert_int_eq(role, r);
	}
	for (int s = 0; s < SCOPES; s++) {
		ck_assert_int_eq(scope_parse(scope_name((enum scope)s), &scope), 0);
		ck_assert_int_eq(scope, s);
	}
	ck_assert_int_eq(role_parse("king", &role), -1);
	ck_assert_int_eq(role_parse(NULL, &role), -1);
	ck_assert_int_eq(scope_parse("content:rea", &scope), -1);
	ck_assert_int_eq(scope_parse("content:reads", &scope), -1);
}
END_TEST

START_TEST(sets_print_and_parse_back)
{
	char text[SCOPES_TEXT_MAX], bad[64] = "";
	uint64_t set = 1;

	scopes_print(role_scopes(ROLE_OWNER), text);
	ck_assert_uint_lt(strlen(text), SCOPES_TEXT_MAX - 1);
	ck_assert_int_eq(scopes_parse(text, &set, NULL), 0);
	ck_assert_uint_eq(set, role_scopes(ROLE_OWNER));
	scopes_print(0, text);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(scopes_parse("", &set, NULL), 0);
	ck_assert_uint_eq(set, 0);
	ck_assert_int_eq(scopes_parse("  media:read  content:read ", &set, NULL), 0);
	scopes_print(set, text);
	ck_assert_str_eq(text, "content:read media:read");
	set = 42;
	ck_assert_int_eq(scopes_parse("media:read media:steal", &set, bad), -1);
	ck_assert_str_eq(bad, "media:steal");
	ck_assert_uint_eq(set, 42);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_role_has_what_the_lower_ones_have, 0 },
		{ roles_may_what_they_are_for, 0 },
		{ names_parse_back, 0 },
		{ sets_print_and_parse_back, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "role",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/suite.h"

static struct answer *login(const char *email, const char *password)
{
	return client_callf("POST", "/api/v1/auth/login", NULL,
			    "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
}

static struct answer *refresh(const char *token)
{
	return client_callf("POST", "/api/v1/auth/refresh", NULL, "{\"refresh_token\":\"%s\"}",
			    token);
}

START_TEST(login_gives_tokens_that_work)
{
	struct persona p;

	persona_make(&p, NULL, "editor");
	struct answer *a CLEANUP(answer_free) = login(p.email, PERSONA_PASSWORD);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "token_type"), "Bearer");
	ck_assert_str_eq(answer_text(a, "user_id"), p.user);
	ck_assert_str_eq(answer_text(a, "workspace_id"), p.workspace);
	ck_assert_int_gt(answer_int(a, "expires_in"), 0);
	struct answer *me CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", answer_text(a, "access_token"), NULL);
	assert_status(me, 200);
	ck_assert_str_eq(answer_text(me, "kind"), "user");
	ck_assert_str_eq(answer_text(me, "role"), "editor");
	ck_assert_str_eq(answer_text(me, "workspace.id"), p.workspace);
	ck_assert_str_eq(answer_text(me, "user.email"), p.email);
	ck_assert(answer_is_null(me, "livemode"));
}
END_TEST

START_TEST(tokens_are_stored_as_hashes_only)
{
	struct persona p;
	char *found;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) = login(p.email, PERSONA_PASSWORD);

	found = client_sql(
		"SELECT COUNT(*) FROM sessions WHERE access_hash = UNHEX(SHA2('%s', 256)) AND "
		"refresh_hash = UNHEX(SHA2('%s', 256))",
		answer_text(a, "access_token"), answer_text(a, "refresh_token"));
	ck_assert_str_eq(found, "1");
	free(found);
}
END_TEST

START_TEST(wrong_password_and_unknown_user_look_the_same)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) = login(p.email, "wrong password");
	struct answer *b CLEANUP(answer_free) = login("nobody@example.com", "wrong password");

	assert_problem(a, 401, "invalid_credentials");
	assert_problem(b, 401, "invalid_credentials");
	ck_assert_str_eq(answer_text(a, "detail"), answer_text(b, "detail"));
	free(client_sql("DELETE FROM login_failures"));
}
END_TEST

/* Argon2 takes tens of milliseconds: without it an unknown address would answer in one or two. */
START_TEST(unknown_user_costs_as_much_time)
{
	struct persona p;
	double known = 1e9, unknown = 1e9;
	int i;

	persona_make(&p, NULL, "viewer");
	for (i = 0; i < 4; i++) {
		struct answer *a CLEANUP(answer_free) = login(p.email, "wrong password");
		struct answer *b CLEANUP(answer_free) =
			login("nobody@example.com", "wrong password");

		known = a->seconds < known ? a->seconds : known;
		unknown = b->seconds < unknown ? b->seconds : unknown;
	}
	ck_assert_msg(unknown > known * 0.5, "known %.4f s, unknown %.4f s", known, unknown);
	free(client_sql("DELETE FROM login_failures"));
}
END_TEST

START_TEST(failures_are_throttled_per_address)
{
	struct persona p;
	long status = 0;
	int i;

	persona_make(&p, NULL, "viewer");
	for (i = 0; i < 40 && status != 429; i++) {
		struct answer *a CLEANUP(answer_free) = login(p.email, "wrong password");

		status = a->status;
		if (status == 429)
			ck_assert_int_gt(atol(answer_header(a, "Retry-After")), 0);
	}
	ck_assert_int_eq(status, 429);
	struct answer *right CLEANUP(answer_free) = login(p.email, PERSONA_PASSWORD);
	assert_problem(right, 429, "rate_limited");
	free(client_sql("DELETE FROM login_failures"));
	struct answer *again CLEANUP(answer_free) = login(p.email, PERSONA_PASSWORD);
	assert_status(again, 200);
}
END_TEST

START_TEST(refresh_rotates)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) = refresh(p.refresh);

	assert_status(a, 200);
	ck_assert_str_ne(answer_text(a, "refresh_token"), p.refresh);
	struct answer *me CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", answer_text(a, "access_token"), NULL);
	assert_status(me, 200);
}
END_TEST

START_TEST(refresh_within_the_grace_is_answered_once_more)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) = refresh(p.refresh);
	struct answer *b CLEANUP(answer_free) = refresh(p.refresh);

	assert_status(a, 200);
	assert_status(b, 200);
}
END_TEST

START_TEST(reuse_of_an_old_refresh_token_ends_the_family)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) = refresh(p.refresh);

	assert_status(a, 200);
	free(client_sql("UPDATE sessions SET rotated_at = rotated_at - INTERVAL 1 HOUR "
			"WHERE workspace_id = '%s' AND rotated_at IS NOT NULL",
			p.workspace));
	struct answer *theft CLEANUP(answer_free) = refresh(p.refresh);
	struct answer *victim CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", answer_text(a, "access_token"), NULL);
	struct answer *next CLEANUP(answer_free) = refresh(answer_text(a, "refresh_token"));

	assert_problem(theft, 401, "invalid_token");
	assert_problem(victim, 401, "invalid_token");
	assert_problem(next, 401, "invalid_token");
}
END_TEST

START_TEST(expired_tokens_say_so)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	free(client_sql(
		"UPDATE sessions SET access_expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND "
		"WHERE workspace_id = '%s'",
		p.workspace));
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", p.token, NULL);
	assert_problem(a, 401, "token_expired");
	struct answer *b CLEANUP(answer_free) = refresh(p.refresh);
	assert_status(b, 200);
}
END_TEST

START_TEST(logout_ends_the_login)
{
	struct persona p;

	persona_make(&p, NULL, "viewer");
	struct answer *a CLEANUP(answer_free) =
		client_call("POST", "/api/v1/auth/logout", p.token, NULL);
	struct answer *b CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", p.token, NULL);
	struct answer *c CLEANUP(answer_free) = refresh(p.refresh);

	assert_status(a, 204);
	assert_problem(b, 401, "invalid_token");
	assert_problem(c, 401, "invalid_token");
}
END_TEST

START_TEST(removed_member_is_out_at_once)
{
	struct persona owner, guest;
	char path[120];

	persona_make(&owner, NULL, "owner");
	persona_make(&guest, owner.workspace, "viewer");
	snprintf(path, sizeof(path), "/api/v1/workspace/members/%s", guest.user);
	struct answer *a CLEANUP(answer_free) = client_call("DELETE", path, owner.token, NULL);
	struct answer *b CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", guest.token, NULL);

	assert_status(a, 204);
	assert_problem(b, 401, "invalid_token");
}
END_TEST

START_TEST(registration_is_closed_by_default)
{
	struct answer *a CLEANUP(answer_free) = client_call(
		"POST", "/api/v1/auth/register", NULL,
		"{\"email\":\"new@example.com\",\"password\":\"long enough pw\",\"name\":\"New\"}");

	assert_problem(a, 403, "registration_closed");
}
END_TEST

START_TEST(login_to_a_foreign_workspace_is_404)
{
	struct persona p, other;

	persona_make(&p, NULL, "owner");
	persona_make(&other, NULL, "owner");
	struct answer *a CLEANUP(answer_free) =
		client_callf("POST", "/api/v1/auth/login", NULL,
			     "{\"email\":\"%s\",\"password\":\"%s\",\"workspace_id\":\"%s\"}",
			     p.email, PERSONA_PASSWORD, other.workspace);

	assert_problem(a, 404, "not_found");
}
END_TEST

START_TEST(cookies_are_no_credentials)
{
	struct persona p;
	char cookie[200];
	const char *const headers[] = { cookie, NULL };
	const struct call c = { .method = "GET", .path = "/api/v1/auth/me", .headers = headers };

	persona_make(&p, NULL, "owner");
	snprintf(cookie, sizeof(cookie), "Cookie: access_token=%s; __Host-session=%s", p.token,
		 p.token);
	struct answer *a CLEANUP(answer_free) = client_send(&c);

	assert_problem(a, 401, "authentication_required");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ login_gives_tokens_that_work, 0 },
		{ tokens_are_stored_as_hashes_only, 0 },
		{ wrong_password_and_unknown_user_look_the_same, 0 },
		{ unknown_user_costs_as_much_time, 0 },
		{ failures_are_throttled_per_address, 0 },
		{ refresh_rotates, 0 },
		{ refresh_within_the_grace_is_answered_once_more, 0 },
		{ reuse_of_an_old_refresh_token_ends_the_family, 0 },
		{ expired_tokens_say_so, 0 },
		{ logout_ends_the_login, 0 },
		{ removed_member_is_out_at_once, 0 },
		{ registration_is_closed_by_default, 0 },
		{ login_to_a_foreign_workspace_is_404, 0 },
		{ cookies_are_no_credentials, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "auth",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET"),
		.cases = cases,
	});
}

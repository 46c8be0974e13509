/* SPDX-License-Identifier: Apache-2.0 */
/* App passwords; renewing and giving back, of grants and of sessions; without a network. */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "bluesky_bench.h"
#include "support/suite.h"

/* {"exp":1800007200}, {"exp":1805184000} */
#define ACCESS_JWT  "e30.eyJleHAiOjE4MDAwMDcyMDB9.c2ln"
#define REFRESH_JWT "e30.eyJleHAiOjE4MDUxODQwMDB9.c2ln"
#define SESSION(did, name)                                                               \
	"{\"did\":\"" did "\",\"handle\":\"" name "\",\"accessJwt\":\"" ACCESS_JWT "\"," \
	"\"refreshJwt\":\"" REFRESH_JWT "\",\"active\":true}"

#define CREATE "POST " PDS "/xrpc/com.atproto.server.createSession "

START_TEST(app_password_finds_the_server_by_the_handle)
{
	const struct line lines[] = {
		LOOKUP,
		{ CREATE "{\"identifier\":\"" DID "\",\"password\":\"abcd-efgh\"}", 200, NULL,
		  SESSION(DID, HANDLE), true },
		{ WHOAMI, 200, NULL, ME, true },
		{ PROFILE, 400, NULL, NO_PAGE, true },
	};
	const struct connect_account *found;

	bluesky.c.identifier = "alice.acme.com";
	bluesky.c.password = "abcd-efgh";
	bench_ends(&bluesky, WALK(bluesky_step_sign_in, lines), OUTCOME_PUBLISHED);
	found = bluesky.c.accounts;
	ck_assert_str_eq(found->display_name, HANDLE);
	ck_assert_uint_eq(found->tokens_n, 2);
	ck_assert_int_eq(found->tokens[0].expires_us, 1800007200 * US_PER_S);
	ck_assert_int_eq(found->tokens[1].expires_us, 1805184000 * US_PER_S);
	ck_assert_int_eq(found->expires_us, 1805184000 * US_PER_S);
	ck_assert_str_eq(memo_text(found->meta, "server"), PDS);
}
END_TEST

/* The server is one that stands before the account's own, as bsky.social does. */
START_TEST(app_password_at_a_given_server_leads_to_the_accounts_own)
{
	const struct line lines[] = {
		{ "POST https://entry.acme.com/xrpc/com.atproto.server.createSession "
		  "{\"identifier\":\"alice@mail.com\",\"password\":\"abcd-efgh\"}",
		  200, NULL, SESSION(DID, HANDLE), true },
		{ PLC, 200, NULL, DOCUMENT, false },
		{ WHOAMI, 200, NULL, ME, true },
		{ PROFILE, 400, NULL, NO_PAGE, true },
	};

	bluesky.c.identifier = "alice@mail.com";
	bluesky.c.password = "abcd-efgh";
	bluesky.c.server_text = "entry.acme.com/";
	bench_ends(&bluesky, WALK(bluesky_step_sign_in, lines), OUTCOME_PUBLISHED);
	ck_assert_str_eq(bluesky.c.accounts->username, HANDLE);
	ck_assert_str_eq(memo_text(bluesky.c.accounts->meta, "server"), PDS);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} sessions[] = {
	{ 401, "{\"error\":\"AuthenticationRequired\"}", OUTCOME_REFUSED },
	{ 401, "{\"error\":\"AuthFactorTokenRequired\"}", OUTCOME_REFUSED },
	{ 200, SESSION(OTHER, HANDLE), OUTCOME_REFUSED },
	{ 429, "{\"error\":\"RateLimitExceeded\"}", OUTCOME_DEFER },
	{ 0, "", OUTCOME_DEFER },
};

START_TEST(refused_password_connects_nobody)
{
	const struct line lines[] = {
		LOOKUP,
		{ CREATE "{\"identifier\":\"" DID "\",\"password\":\"wrong\"}", sessions[_i].status,
		  NULL, sessions[_i].body, true },
	};

	bluesky.c.identifier = HANDLE;
	bluesky.c.password = "wrong";
	bench_ends(&bluesky, WALK(bluesky_step_sign_in, lines), sessions[_i].kind);
	ck_assert_uint_eq(bluesky.c.accounts_n, 0);
}
END_TEST

static void account_fill(bool is_grant)
{
	bluesky.account.remote_id = DID;
	bluesky.account.access_token = "A0";
	bluesky.account.user_token = is_grant ? bluesky_key_text : NULL;
	bluesky.account.expires_us = (BENCH_NOW_S + 1000) * US_PER_S;
	bluesky.account.meta =
		json_pack("{s:s, s:s, s:s, s:s}", "server", PDS, "token_endpoint", ISSUER "/token",
			  "revocation_endpoint", ISSUER "/revoke", "client_id", "CLIENT");
	bluesky.r.refresh_token = "R0";
}

static void account_drop(void)
{
	json_t *meta = (json_t *)(uintptr_t)bluesky.account.meta;

	bluesky.account.meta = NULL;
	json_decref(meta);
}

#define REFRESH "POST " ISSUER "/token client_id=CLIENT&grant_type=refresh_token&refresh_token=R0"

START_TEST(renewal_of_a_grant_takes_both_tokens_and_leaves_its_end)
{
	const struct line lines[] = {
		{ REFRESH, 400, NONCE("N1"), WANTED, true },
		{ REFRESH, 200, NONCE("N2"), TOKENS(DID), true },
	};

	account_fill(true);
	bench_ends(&bluesky, WALK(bluesky_step_renew, lines), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(bluesky.r.tokens_n, 2);
	ck_assert_str_eq(bluesky.r.tokens[0].value, "A1");
	ck_assert_int_eq(bluesky.r.tokens[0].expires_us, (BENCH_NOW_S + 3600) * US_PER_S);
	ck_assert_str_eq(bluesky.r.tokens[1].value, "R1");
	ck_assert_int_eq(bluesky.r.tokens[1].expires_us, (BENCH_NOW_S + 1000) * US_PER_S);
	account_drop();
}
END_TEST

START_TEST(renewal_of_a_session_is_asked_with_its_refresh_token)
{
	const struct line lines[] = {
		{ "POST " PDS "/xrpc/com.atproto.server.refreshSession", 200, NULL,
		  SESSION(DID, HANDLE), true },
	};

	account_fill(false);
	bench_ends(&bluesky, WALK(bluesky_step_renew, lines), OUTCOME_PUBLISHED);
	ck_assert_str_eq(bench_header(bluesky.result.request, "Authorization"), "Bearer R0");
	ck_assert_str_eq(bluesky.r.tokens[1].value, REFRESH_JWT);
	ck_assert_int_eq(bluesky.r.tokens[1].expires_us, 1805184000 * US_PER_S);
	account_drop();
}
END_TEST

static const struct {
	bool is_grant;
	int status;
	const char *body;
	enum outcome_kind kind;
} renewals[] = {
	{ true, 400, "{\"error\":\"invalid_grant\"}", OUTCOME_REAUTH },
	{ true, 200, TOKENS(OTHER), OUTCOME_REAUTH },
	{ true, 400, "{\"error\":\"invalid_client_metadata\"}", OUTCOME_DEFER },
	{ true, 500, "", OUTCOME_DEFER },
	{ true, 0, "", OUTCOME_DEFER },
	{ false, 400, "{\"error\":\"ExpiredToken\"}", OUTCOME_REAUTH },
	{ false, 401, "{\"error\":\"InvalidToken\"}", OUTCOME_REAUTH },
	{ false, 429, "{\"error\":\"RateLimitExceeded\"}", OUTCOME_DEFER },
	{ false, 0, "", OUTCOME_DEFER },
};

START_TEST(renewal_ends_the_connection_only_at_the_servers_word)
{
	account_fill(renewals[_i].is_grant);
	ck_assert_int_eq(bluesky_step_renew(NULL), STEP_SEND);
	bench_ends(&bluesky,
		   bluesky_step_renew(
			   renewals[_i].status
				   ? bench_reply(&bluesky, renewals[_i].status, renewals[_i].body)
				   : bench_broken(&bluesky)),
		   renewals[_i].kind);
	ck_assert_uint_eq(bluesky.r.tokens_n, 0);
	account_drop();
}
END_TEST

START_TEST(grants_and_sessions_are_given_back)
{
	const struct line grant[] = {
		{ "POST " ISSUER "/revoke client_id=CLIENT&token=R0", 200, NULL, "{}", true },
	};
	const struct line session[] = {
		{ "POST " PDS "/xrpc/com.atproto.server.deleteSession", 200, NULL, "", true },
	};

	account_fill(_i == 0);
	bench_ends(&bluesky,
		   _i == 0 ? WALK(bluesky_step_revoke, grant) : WALK(bluesky_step_revoke, session),
		   OUTCOME_PUBLISHED);
	account_drop();
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ app_password_finds_the_server_by_the_handle, 0 },
		{ app_password_at_a_given_server_leads_to_the_accounts_own, 0 },
		{ refused_password_connects_nobody, ARRAY_LEN(sessions) },
		{ renewal_of_a_grant_takes_both_tokens_and_leaves_its_end, 0 },
		{ renewal_of_a_session_is_asked_with_its_refresh_token, 0 },
		{ renewal_ends_the_connection_only_at_the_servers_word, ARRAY_LEN(renewals) },
		{ grants_and_sessions_are_given_back, 2 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){ .name = "bluesky_session",
					     .setup = bluesky_setup,
					     .teardown = bluesky_teardown,
					     .cases = cases });
}

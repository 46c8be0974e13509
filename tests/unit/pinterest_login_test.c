/* SPDX-License-Identifier: Apache-2.0 */
/* Pinterest without a network: connecting, renewal, revocation, and boards page by page. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/pinterest.h"
#include "platform_bench.h"
#include "support/suite.h"

#define NOW_US (BENCH_NOW_S * US_PER_S)
#define ALL    "boards:read boards:write pins:read pins:write user_accounts:read"
#define TOKENS(scope)                                                                       \
	"{\"access_token\":\"pina_A\",\"refresh_token\":\"pinr.A\",\"expires_in\":2592000," \
	"\"refresh_token_expires_in\":5184000,\"scope\":\"" scope "\"}"
#define FAIL(code, words) "{\"status\":\"failure\",\"code\":" #code ",\"message\":\"" words "\"}"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "pinterest", "boards_pages = 5");
	b.account.access_token = "pina_A";
	b.r.refresh_token = "pinr.OLD";
}

static void teardown(void)
{
	bench_close(&b);
}

static enum step exchanged(const char *scope)
{
	bench_sends(&b, bench_connect(&b, NULL),
		    "POST /v5/oauth/token grant_type=authorization_code&code=CODE&redirect_uri="
		    "https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Fpinterest%2Fcallback&"
		    "continuous_refresh=true");
	/* Credentials stand in the header alone. */
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"),
			 "Basic NDcxMTphcHAtc2VjcmV0");
	return bench_connect(&b, bench_reply(&b, 200, arena_printf(b.arena, TOKENS("%s"), scope)));
}

START_TEST(connect_yields_the_account_that_lives_as_long_as_it_can_be_renewed)
{
	const struct connect_account *a;

	bench_sends(&b, exchanged(ALL), "GET /v5/user_account");
	bench_ends(&b,
		   bench_connect(&b, bench_reply(&b, 200,
						 "{\"id\":\"27\",\"username\":\"acme\","
						 "\"business_name\":\"Acme\"}")),
		   OUTCOME_PUBLISHED);
	a = b.c.accounts;
	ck_assert_str_eq(a->remote_id, "27");
	ck_assert_str_eq(a->display_name, "Acme");
	ck_assert_str_eq(a->missing_scopes, "");
	ck_assert_int_eq(a->expires_us, NOW_US + 5184000 * US_PER_S);
	ck_assert_str_eq(a->tokens[0].kind, "access");
	ck_assert_int_eq(a->tokens[0].expires_us, NOW_US + 2592000 * US_PER_S);
	ck_assert_str_eq(a->tokens[1].value, "pinr.A");
}
END_TEST

/* The list comes in any order, with more than was asked for, and with less. */
static const struct {
	const char *granted, *missing;
} scopes[] = {
	{ "user_accounts:read pins:write pins:read boards:write boards:read ads:read", "" },
	{ "user_accounts:read,boards:read,pins:read,pins:write", "boards:write" },
	{ "user_accounts:read", "boards:read boards:write pins:read pins:write" },
};

START_TEST(unticked_scopes_are_named)
{
	struct findings f = { .n = 0 };

	bench_sends(&b, exchanged(scopes[_i].granted), "GET /v5/user_account");
	ck_assert_int_eq(bench_connect(&b, bench_reply(&b, 200, "{\"id\":\"27\"}")), STEP_DONE);
	ck_assert_str_eq(b.c.accounts[0].missing_scopes, scopes[_i].missing);
	/* And preflight says so, instead of Pinterest at the due time. */
	bench_images(&b, CONTENT_IMAGE, 1);
	json_object_set_new(b.post.options, "board_id", json_string("549755885175"));
	b.account.scopes = b.c.accounts[0].scopes;
	pinterest_check(&b.app, &b.account, &b.post, &f);
	ck_assert_uint_eq(f.n, *scopes[_i].missing ? 1 : 0);
	if (f.n > 0)
		ck_assert_str_eq(f.v[0].code, "missing_scope");
}
END_TEST

START_TEST(without_the_person_s_scope_there_is_no_account)
{
	bench_sends(&b, exchanged("pins:read"), "GET /v5/user_account");
	bench_fails(&b,
		    bench_connect(&b, bench_reply(&b, 401,
						  FAIL(3, "Your token does not have sufficient "
							  "permissions"))),
		    OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED, WHO_ACCOUNT_OWNER);
	ck_assert_uint_eq(b.c.accounts_n, 0);
}
END_TEST

static const struct bench_answer exchanges[] = {
	{ 400, FAIL(283, "The provided authorization code is invalid."), OUTCOME_REAUTH,
	  POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 401, FAIL(2, "Authentication failed."), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_YOU },
	{ 401, FAIL(3, "Your application consumer type is not supported"), OUTCOME_REFUSED,
	  POST_ERROR_CONFIGURATION, WHO_OPERATOR },
	{ 429, FAIL(8, "exceeded"), OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	{ 502, "<html>", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
};

/* A code that was used already is among them. */
START_TEST(failed_exchange_connects_nobody)
{
	bench_refuses_code(&b, &exchanges[_i]);
}
END_TEST

START_TEST(renewal_without_a_refresh_token_names_the_access_token_alone)
{
	bench_sends(&b, bench_renew(&b, NULL),
		    "POST /v5/oauth/token grant_type=refresh_token&refresh_token=pinr.OLD");
	ck_assert_int_eq(bench_renew(&b, bench_reply(&b, 200,
						     "{\"access_token\":\"pina_N\","
						     "\"expires_in\":2592000}")),
			 STEP_DONE);
	ck_assert_uint_eq(b.r.tokens_n, 1);
	ck_assert_str_eq(b.r.tokens[0].kind, "access");
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} renewals[] = {
	{ 401, FAIL(2, "Authentication failed."), OUTCOME_REAUTH },
	{ 400, FAIL(1, "invalid"), OUTCOME_REAUTH },
	{ 403, FAIL(3, "Your application consumer type is not supported"), OUTCOME_DEFER },
	{ 429, FAIL(8, "exceeded"), OUTCOME_DEFER },
	{ 500, "", OUTCOME_DEFER },
	{ 200, "{}", OUTCOME_DEFER },
};

START_TEST(renewal_ends_by_refusal_alone)
{
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, renewals[_i].status, renewals[_i].body)),
		   renewals[_i].kind);
	ck_assert_uint_eq(b.r.tokens_n, 0);
}
END_TEST

/* Lost: the old token once more, and only its refusal ends the account. */
START_TEST(lost_renewal_is_asked_again_with_the_same_token)
{
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_renew(&b, bench_broken(&b)), OUTCOME_DEFER);
	bench_sends(&b, bench_renew(&b, NULL),
		    "POST /v5/oauth/token grant_type=refresh_token&refresh_token=pinr.OLD");
	bench_fails(&b, bench_renew(&b, bench_reply(&b, 401, FAIL(2, "Authentication failed."))),
		    OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER);
}
END_TEST

START_TEST(revocation_of_a_person_s_token_is_refused_and_told)
{
	bench_sends(&b, bench_revoke(&b, NULL),
		    "POST /v5/oauth/token/revoke token=pinr.OLD&token_type_hint=refresh_token");
	bench_fails(&b, bench_revoke(&b, bench_reply(&b, 403, FAIL(29, "You are not permitted"))),
		    OUTCOME_REFUSED, POST_ERROR_PLATFORM, WHO_ACCOUNT_OWNER);
	bench_ends(&b, bench_revoke(&b, bench_reply(&b, 200, "")), OUTCOME_PUBLISHED);
}
END_TEST

static struct board_list list_new(const char *board)
{
	return (struct board_list){ .arena = b.arena,
				    .app = &b.app,
				    .account = &b.account,
				    .board_id = board,
				    .now_us = NOW_US,
				    .memo = json_object() };
}

#define BOARD(id, more) "{\"id\":\"" id "\",\"name\":\"B" id "\",\"privacy\":\"PUBLIC\"" more "}"

/* A page without boards is not the end; boards for advertisements are no places for pins. */
START_TEST(boards_are_read_to_the_end)
{
	struct board_list l = list_new(NULL);

	bench_sends(&b, pinterest_boards(&l, NULL, &b.result), "GET /v5/boards?page_size=250");
	bench_sends(&b,
		    pinterest_boards(&l,
				     bench_reply(&b, 200,
						 "{\"items\":[" BOARD("1", "") "],\"bookmark\":"
									       "\"a=|+\"}"),
				     &b.result),
		    "GET /v5/boards?page_size=250&bookmark=a%3D%7C%2B");
	bench_sends(&b,
		    pinterest_boards(&l, bench_reply(&b, 200, "{\"items\":[],\"bookmark\":\"b\"}"),
				     &b.result),
		    "GET /v5/boards?page_size=250&bookmark=b");
	bench_ends(&b,
		   pinterest_boards(
			   &l,
			   bench_reply(&b, 200,
				       "{\"items\":[" BOARD("2", ",\"is_ads_only\":true") "," BOARD(
					       "3", "") "],\"bookmark\":null}"),
			   &b.result),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(l.boards_n, 2);
	ck_assert_str_eq(l.boards[1].name, "B3");
	json_decref(l.memo);
}
END_TEST

/* A bookmark that comes again, or no end at all: not for ever. */
START_TEST(boards_without_an_end_are_cut)
{
	struct board_list l = list_new(NULL);
	enum step step = pinterest_boards(&l, NULL, &b.result);
	int pages = 0;

	while (step == STEP_SEND && pages < 20) {
		const char *page =
			arena_printf(b.arena, "{\"items\":[],\"bookmark\":\"%d\"}", _i ? 1 : pages);

		step = pinterest_boards(&l, bench_reply(&b, 200, page), &b.result);
		pages++;
	}
	ck_assert_int_eq(step, STEP_DONE);
	ck_assert_int_eq(pages, _i ? 2 : 5);
	json_decref(l.memo);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} ones[] = {
	{ 200, BOARD("77", ""), OUTCOME_PUBLISHED },
	{ 404, FAIL(40, "Board not found."), OUTCOME_ABSENT },
	{ 200, BOARD("77", ",\"is_ads_only\":true"), OUTCOME_ABSENT },
	{ 401, FAIL(2, "Authentication failed."), OUTCOME_REFRESH },
	{ 500, "", OUTCOME_DEFER },
};

START_TEST(one_board_is_there_or_not)
{
	struct board_list l = list_new("77");

	bench_sends(&b, pinterest_boards(&l, NULL, &b.result), "GET /v5/boards/77");
	bench_ends(&b,
		   pinterest_boards(&l, bench_reply(&b, ones[_i].status, ones[_i].body), &b.result),
		   ones[_i].kind);
	json_decref(l.memo);
}
END_TEST

/* The default board was deleted at Pinterest, or never chosen: said before the fire, and to whom. */
START_TEST(board_that_is_gone_is_a_matter_for_whoever_posts)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	bench_fails(&b, bench_stage(&b, NULL), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED,
		    WHO_YOU);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "board_missing");
	json_object_set_new(b.post.options, "board_id", json_string("77"));
	bench_sends(&b, bench_stage(&b, NULL), "GET /v5/boards/77");
	bench_fails(&b, bench_stage(&b, bench_reply(&b, 404, FAIL(40, "Board not found."))),
		    OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, "reload the boards"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ connect_yields_the_account_that_lives_as_long_as_it_can_be_renewed, 0 },
		{ unticked_scopes_are_named, (int)ARRAY_LEN(scopes) },
		{ without_the_person_s_scope_there_is_no_account, 0 },
		{ failed_exchange_connects_nobody, (int)ARRAY_LEN(exchanges) },
		{ renewal_without_a_refresh_token_names_the_access_token_alone, 0 },
		{ renewal_ends_by_refusal_alone, (int)ARRAY_LEN(renewals) },
		{ lost_renewal_is_asked_again_with_the_same_token, 0 },
		{ revocation_of_a_person_s_token_is_refused_and_told, 0 },
		{ boards_are_read_to_the_end, 0 },
		{ boards_without_an_end_are_cut, 2 },
		{ one_board_is_there_or_not, (int)ARRAY_LEN(ones) },
		{ board_that_is_gone_is_a_matter_for_whoever_posts, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "pinterest_login",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

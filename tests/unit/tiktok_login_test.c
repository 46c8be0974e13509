/* SPDX-License-Identifier: Apache-2.0 */
/* Login Kit without a network: dialog, code, identity, renewal with rotation, revocation. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/tiktok.h"
#include "platform_bench.h"
#include "support/suite.h"

#define NOW_US (BENCH_NOW_S * US_PER_S)
#define TOKENS(scope)                                                                          \
	"{\"access_token\":\"act.A\",\"expires_in\":7200,\"open_id\":\"723f\","                \
	"\"refresh_expires_in\":15552000,\"refresh_token\":\"rft.A\",\"scope\":\"" scope "\"," \
	"\"token_type\":\"Bearer\"}"
#define ALL      "user.info.basic,user.info.profile,video.publish,video.upload,video.list"
#define USER(of) "{\"data\":{\"user\":" of "},\"error\":{\"code\":\"ok\",\"message\":\"\"}}"
#define PERSON                                                                              \
	"{\"open_id\":\"723f\",\"union_id\":\"c9\",\"display_name\":\"Demo\",\"username\":" \
	"\"demo.user\",\"avatar_url\":\"https://p16/a\"}"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "tiktok", "");
	b.c.code = "b.k*7!x";
	b.c.verifier = "verifier-0123456789-0123456789-0123456789-0123";
	b.r.refresh_token = "rft.OLD";
}

static void teardown(void)
{
	bench_close(&b);
}

START_TEST(dialog_carries_the_challenge_in_hex)
{
	const char *challenge = oauth2_challenge(b.arena, b.app.platform->pkce, "verifier");
	const char *url = b.app.platform->auth_url(b.arena, &b.app, "s", challenge, false);

	ck_assert_int_eq(strncmp(url, "https://www.tiktok.com/v2/auth/authorize/?", 42), 0);
	ck_assert_str_eq(url_query_get(b.arena, url, "code_challenge"),
			 "88c9eae68eb300b2971a2bec9e5a26ff4179fd661d6b7d861e4c6557b9aaee14");
	ck_assert_str_eq(url_query_get(b.arena, url, "code_challenge_method"), "S256");
	ck_assert_str_eq(url_query_get(b.arena, url, "client_key"), "4711");
	ck_assert_ptr_null(url_query_get(b.arena, url, "client_id"));
	ck_assert_str_eq(url_query_get(b.arena, url, "scope"), ALL);
	ck_assert_str_eq(url_query_get(b.arena, url, "disable_auto_auth"), "1");
	ck_assert_str_eq(url_query_get(b.arena, url, "response_type"), "code");
}
END_TEST

START_TEST(web_apps_go_without_pkce)
{
	const char *url;

	bench_close(&b);
	bench_open_for(&b, "tiktok", "pkce = none");
	b.c.code = "c";
	b.c.verifier = "v";
	url = b.app.platform->auth_url(b.arena, &b.app, "s", "abc", false);
	ck_assert_ptr_null(url_query_get(b.arena, url, "code_challenge"));
	ck_assert_ptr_null(url_query_get(b.arena, url, "code_challenge_method"));
	ck_assert_int_eq(bench_connect(&b, NULL), STEP_SEND);
	ck_assert_ptr_null(strstr(b.result.request->bytes, "code_verifier"));
}
END_TEST

static enum step exchanged(const char *scope)
{
	bench_sends(&b, bench_connect(&b, NULL),
		    "POST /v2/oauth/token/ client_key=4711&client_secret=" BENCH_SECRET
		    "&grant_type=authorization_code&code=b.k%2A7%21x&redirect_uri="
		    "https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Ftiktok%2Fcallback&"
		    "code_verifier=verifier-0123456789-0123456789-0123456789-0123");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "");
	return bench_connect(&b, bench_reply(&b, 200, arena_printf(b.arena, TOKENS("%s"), scope)));
}

START_TEST(connect_yields_the_account_with_both_tokens)
{
	const struct connect_account *a;

	bench_sends(
		&b, exchanged(ALL),
		"GET /v2/user/info/?fields=open_id%2Cunion_id%2Cavatar_url%2Cavatar_large_url%2C"
		"display_name%2Cusername%2Cprofile_deep_link%2Cis_verified");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer act.A");
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 200, USER(PERSON))), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.c.accounts_n, 1);
	a = b.c.accounts;
	ck_assert_str_eq(a->remote_id, "723f");
	ck_assert_str_eq(a->username, "demo.user");
	ck_assert_str_eq(a->missing_scopes, "");
	ck_assert_int_eq(a->expires_us, NOW_US + 15552000 * US_PER_S);
	ck_assert_uint_eq(a->tokens_n, 2);
	ck_assert_str_eq(a->tokens[0].value, "act.A");
	ck_assert_int_eq(a->tokens[0].expires_us, NOW_US + 7200 * US_PER_S);
	ck_assert_str_eq(a->tokens[1].value, "rft.A");
}
END_TEST

/* A field of a scope that was unticked would fail the whole call. */
START_TEST(unticked_scopes_are_named_and_not_asked_for)
{
	bench_sends(
		&b, exchanged("user.info.basic,video.publish"),
		"GET /v2/user/info/?fields=open_id%2Cunion_id%2Cavatar_url%2Cavatar_large_url%2C"
		"display_name");
	bench_sends(&b,
		    bench_connect(&b, bench_reply(&b, 200,
						  USER("{\"open_id\":\"723f\",\"display_name\":"
						       "\"Demo\"}"))),
		    "POST /v2/post/publish/creator_info/query/ {}");
	bench_ends(
		&b,
		bench_connect(
			&b, bench_reply(&b, 200,
					"{\"data\":{\"creator_username\":\"demo.user\"},\"error\":"
					"{\"code\":\"ok\"}}")),
		OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.c.accounts[0].username, "demo.user");
	ck_assert_str_eq(b.c.accounts[0].scopes, "user.info.basic video.publish");
	ck_assert_str_eq(b.c.accounts[0].missing_scopes,
			 "user.info.profile video.upload video.list");
}
END_TEST

START_TEST(without_the_basic_scope_there_is_no_account)
{
	bench_fails(&b, exchanged("video.publish"), OUTCOME_REAUTH, POST_ERROR_CONTENT_REJECTED,
		    WHO_ACCOUNT_OWNER);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "missing_scopes");
	ck_assert_uint_eq(b.c.accounts_n, 0);
}
END_TEST

#define FLAT(code) "{\"error\":\"" code "\",\"error_description\":\"d\",\"log_id\":\"L\"}"

/* Errors of the token endpoint come with 200; a code that was used already is one of them. */
static const struct bench_answer exchanges[] = {
	{ 200, FLAT("invalid_grant"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER },
	{ 200, FLAT("invalid_request"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 400, FLAT("invalid_request"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 200, FLAT("invalid_client"), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR },
	{ 401, FLAT("unauthorized_client"), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_OPERATOR },
	{ 200, FLAT("server_error"), OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 503, "<html>", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 200, "{\"token_type\":\"Bearer\"}", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 500, TOKENS(ALL), OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
};

START_TEST(failed_exchange_connects_nobody)
{
	bench_refuses_code(&b, &exchanges[_i]);
}
END_TEST

static enum step renewed(int status, const char *body)
{
	bench_sends(&b, bench_renew(&b, NULL),
		    "POST /v2/oauth/token/ client_key=4711&client_secret=" BENCH_SECRET
		    "&grant_type=refresh_token&refresh_token=rft.OLD");
	return bench_renew(&b, bench_reply(&b, status, body));
}

START_TEST(renewal_keeps_the_rotated_pair)
{
	bench_ends(&b, renewed(200, TOKENS(ALL)), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 2);
	ck_assert_str_eq(b.r.tokens[0].kind, "refresh");
	ck_assert_str_eq(b.r.tokens[0].value, "rft.A");
	ck_assert_int_eq(b.r.tokens[0].expires_us, NOW_US + 15552000 * US_PER_S);
	ck_assert_str_eq(b.r.tokens[1].kind, "access");
	ck_assert_str_eq(b.r.tokens[1].value, "act.A");
	ck_assert_int_eq(b.r.tokens[1].expires_us, NOW_US + 7200 * US_PER_S);
}
END_TEST

/* Nothing to store for it: so the old one stays. */
START_TEST(renewal_without_a_refresh_token_names_the_access_token_alone)
{
	bench_ends(&b, renewed(200, "{\"access_token\":\"act.B\",\"expires_in\":86400}"),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 1);
	ck_assert_str_eq(b.r.tokens[0].kind, "access");
	ck_assert_int_eq(b.r.tokens[0].expires_us, NOW_US + 86400 * US_PER_S);
}
END_TEST

/* Only invalid_grant ends an account; all else is asked again with the same token. */
static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} renewals[] = {
	{ 200, FLAT("invalid_grant"), OUTCOME_REAUTH },
	{ 400, FLAT("invalid_grant"), OUTCOME_REAUTH },
	{ 200, FLAT("invalid_client"), OUTCOME_DEFER },
	{ 200, FLAT("server_error"), OUTCOME_DEFER },
	{ 200, FLAT("invalid_request"), OUTCOME_DEFER },
	{ 502, "", OUTCOME_DEFER },
	{ 200, "{}", OUTCOME_DEFER },
};

START_TEST(renewal_ends_by_refusal_alone)
{
	bench_ends(&b, renewed(renewals[_i].status, renewals[_i].body), renewals[_i].kind);
	ck_assert_uint_eq(b.r.tokens_n, 0);
	if (renewals[_i].kind == OUTCOME_REAUTH)
		ck_assert_int_eq(b.result.outcome.error.who, WHO_ACCOUNT_OWNER);
}
END_TEST

START_TEST(lost_renewal_is_asked_again_with_the_same_token)
{
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_renew(&b, bench_broken(&b)), OUTCOME_DEFER);
	bench_ends(&b, renewed(200, FLAT("invalid_grant")), OUTCOME_REAUTH);
}
END_TEST

START_TEST(renewal_without_a_stored_token_needs_a_person)
{
	b.r.refresh_token = NULL;
	bench_fails(&b, bench_renew(&b, NULL), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
		    WHO_ACCOUNT_OWNER);
}
END_TEST

START_TEST(renewal_comes_half_an_hour_before_the_end)
{
	int64_t (*at)(const struct platform_app *, int64_t, int64_t) = b.app.platform->renew_at;

	ck_assert_int_eq(at(&b.app, 0, 7200 * US_PER_S), 5400 * US_PER_S);
	ck_assert_int_eq(at(&b.app, 0, 1800 * US_PER_S), 900 * US_PER_S);
	ck_assert_int_eq(at(&b.app, 0, INSTANT_NONE), INSTANT_NONE);
}
END_TEST

static const struct {
	int status;
	const char *body;
	bool is_revoked;
} revocations[] = {
	{ 200, "", true },
	{ 200, "{}", true },
	{ 200, FLAT("invalid_request"), false },
	{ 401, FLAT("invalid_client"), false },
	{ 500, "", false },
};

START_TEST(revocation_says_whether_access_was_taken_back)
{
	b.account.access_token = "act.A";
	bench_sends(&b, bench_revoke(&b, NULL),
		    "POST /v2/oauth/revoke/ client_key=4711&client_secret=" BENCH_SECRET
		    "&token=act.A");
	bench_ends(&b,
		   bench_revoke(&b, bench_reply(&b, revocations[_i].status, revocations[_i].body)),
		   revocations[_i].is_revoked ? OUTCOME_PUBLISHED : OUTCOME_REFUSED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ dialog_carries_the_challenge_in_hex, 0 },
		{ web_apps_go_without_pkce, 0 },
		{ connect_yields_the_account_with_both_tokens, 0 },
		{ unticked_scopes_are_named_and_not_asked_for, 0 },
		{ without_the_basic_scope_there_is_no_account, 0 },
		{ failed_exchange_connects_nobody, (int)ARRAY_LEN(exchanges) },
		{ renewal_keeps_the_rotated_pair, 0 },
		{ renewal_without_a_refresh_token_names_the_access_token_alone, 0 },
		{ renewal_ends_by_refusal_alone, (int)ARRAY_LEN(renewals) },
		{ lost_renewal_is_asked_again_with_the_same_token, 0 },
		{ renewal_without_a_stored_token_needs_a_person, 0 },
		{ renewal_comes_half_an_hour_before_the_end, 0 },
		{ revocation_says_whether_access_was_taken_back, (int)ARRAY_LEN(revocations) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tiktok_login",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

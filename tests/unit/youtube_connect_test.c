/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube without a network: consent, code, channel, renewal, revocation. */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "platform/youtube.h"
#include "platform_bench.h"
#include "support/suite.h"

#define UPLOAD    YOUTUBE_SCOPE ".upload"
#define READ      YOUTUBE_SCOPE ".readonly"
#define WRITE     YOUTUBE_SCOPE ".force-ssl"
#define SCOPE_URL "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fyoutube"
#define TOKENS(scope)                                                                 \
	"{\"access_token\":\"ya29\",\"expires_in\":3599,\"refresh_token\":\"1//0g\"," \
	"\"scope\":\"" scope "\",\"token_type\":\"Bearer\"}"
#define CHANNEL                                                                              \
	"{\"items\":[{\"id\":\"UC123\",\"snippet\":{\"title\":\"My Channel\",\"customUrl\":" \
	"\"@mychannel\",\"thumbnails\":{\"default\":{\"url\":\"https://y/d\"},\"high\":"     \
	"{\"url\":\"https://y/h\"}}},\"contentDetails\":{\"relatedPlaylists\":{\"uploads\":" \
	"\"UU123\"}},\"status\":{\"longUploadsStatus\":\"allowed\"}}]}"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "youtube", "");
	b.c.code = "4/0Ab";
	b.c.verifier = "VERIFIER";
	b.r.refresh_token = "1//0g";
}

static void teardown(void)
{
	bench_close(&b);
}

static void fails(enum step step, enum outcome_kind kind, const char *slug)
{
	bench_ends(&b, step, kind);
	ck_assert_str_eq(b.result.outcome.error.platform_code, slug);
	ck_assert_ptr_nonnull(b.result.outcome.error.message);
}

START_TEST(dialog_asks_for_a_lasting_grant)
{
	ck_assert_str_eq(b.app.platform->auth_url(b.arena, &b.app, "S", "CH", false),
			 "https://accounts.google.com/o/oauth2/v2/auth?client_id=4711&redirect_uri="
			 "https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Fyoutube%2Fcallback"
			 "&response_type=code&scope=" SCOPE_URL ".upload%20" SCOPE_URL
			 ".readonly%20" SCOPE_URL ".force-ssl&access_type=offline&prompt=consent%20"
			 "select_account&state=S&code_challenge=CH&code_challenge_method=S256");
}
END_TEST

START_TEST(channel_is_connected_with_tokens_and_what_posts_need)
{
	const struct connect_account *a;

	bench_sends(
		&b, bench_connect(&b, NULL),
		"POST /token grant_type=authorization_code&code=4%2F0Ab&redirect_uri=https%3A%2F%"
		"2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Fyoutube%2Fcallback&code_verifier="
		"VERIFIER&client_id=4711&client_secret=app-secret");
	bench_sends(
		&b, bench_connect(&b, bench_reply(&b, 200, TOKENS(UPLOAD " " READ " " WRITE))),
		"GET /youtube/v3/channels?part=id%2Csnippet%2CcontentDetails%2Cstatus&mine=true");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer ya29");
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 200, CHANNEL)), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.c.accounts_n, 1);
	a = b.c.accounts;
	ck_assert_str_eq(a->remote_id, "UC123");
	ck_assert_str_eq(a->username, "mychannel");
	ck_assert_str_eq(a->display_name, "My Channel");
	ck_assert_str_eq(a->avatar_url, "https://y/h");
	ck_assert_str_eq(a->missing_scopes, "");
	ck_assert_str_eq(memo_text(a->meta, "uploads"), "UU123");
	ck_assert_str_eq(memo_text(a->meta, "longUploadsStatus"), "allowed");
	ck_assert_int_eq(a->expires_us, b.c.now_us + 15552000 * US_PER_S);
	ck_assert_str_eq(a->tokens[0].kind, "access");
	ck_assert_int_eq(a->tokens[0].expires_us, b.c.now_us + 3599 * US_PER_S);
	ck_assert_str_eq(a->tokens[1].value, "1//0g");
}
END_TEST

static const struct {
	const char *scope, *missing; /* missing NULL: refused */
} grants[] = {
	{ UPLOAD " " READ " " WRITE, "" },
	{ UPLOAD " " READ, WRITE },
	{ WRITE, "" },
	{ YOUTUBE_SCOPE, "" },
	{ UPLOAD, NULL },
	{ READ, NULL },
	{ "openid", NULL },
};

START_TEST(scopes_of_the_answer_are_the_truth)
{
	const char *tokens = arena_printf(b.arena,
					  "{\"access_token\":\"ya29\",\"expires_in\":3599,"
					  "\"refresh_token\":\"1//0g\",\"scope\":\"%s\"}",
					  grants[_i].scope);

	/* What the callback said does not count. */
	b.c.granted = UPLOAD " " READ " " WRITE;
	(void)bench_connect(&b, NULL);
	if (!grants[_i].missing) {
		fails(bench_connect(&b, bench_reply(&b, 200, tokens)), OUTCOME_REAUTH,
		      "missing_scopes");
		return;
	}
	ck_assert_int_eq(bench_connect(&b, bench_reply(&b, 200, tokens)), STEP_SEND);
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 200, CHANNEL)), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.c.accounts->missing_scopes, grants[_i].missing);
}
END_TEST

START_TEST(grant_of_an_hour_is_refused)
{
	(void)bench_connect(&b, NULL);
	fails(bench_connect(
		      &b,
		      bench_reply(
			      &b, 200,
			      "{\"access_token\":\"ya29\",\"expires_in\":3599,\"scope\":\"" WRITE
			      "\"}")),
	      OUTCOME_REAUTH, "no_refresh_token");
}
END_TEST

START_TEST(account_without_channel_is_refused)
{
	(void)bench_connect(&b, NULL);
	(void)bench_connect(&b, bench_reply(&b, 200, TOKENS(WRITE)));
	fails(bench_connect(&b, bench_reply(&b, 200, "{\"pageInfo\":{\"totalResults\":0}}")),
	      OUTCOME_REFUSED, "no_channel");
}
END_TEST

static const struct bench_answer exchanges[] = {
	{ 400, "{\"error\":\"invalid_grant\"}", OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
	{ 401, "{\"error\":\"invalid_client\"}", OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_OPERATOR },
	{ 400, "{\"error\":\"redirect_uri_mismatch\"}", OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_OPERATOR },
	{ 503, "", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 200, "{}", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
};

START_TEST(refused_code_says_whose_fault_it_is)
{
	bench_refuses_code(&b, &exchanges[_i]);
}
END_TEST

START_TEST(renewal_keeps_the_refresh_token)
{
	bench_sends(&b, bench_renew(&b, NULL),
		    "POST /token grant_type=refresh_token&refresh_token=1%2F%2F0g&client_id=4711"
		    "&client_secret=app-secret");
	bench_ends(&b,
		   bench_renew(&b, bench_reply(&b, 200,
					       "{\"access_token\":\"new\",\"expires_in\":3599}")),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 2);
	ck_assert_str_eq(b.r.tokens[0].kind, "refresh");
	ck_assert_str_eq(b.r.tokens[0].value, "1//0g");
	ck_assert_int_eq(b.r.tokens[0].expires_us, b.r.now_us + 15552000 * US_PER_S);
	ck_assert_str_eq(b.r.tokens[1].value, "new");
	ck_assert_int_eq(b.r.tokens[1].expires_us, b.r.now_us + 3599 * US_PER_S);
}
END_TEST

START_TEST(renewal_does_not_lengthen_a_limited_grant)
{
	json_t *meta = json_pack("{s:I}", "refresh_until", (json_int_t)(b.r.now_us + 5));

	b.account.meta = meta;
	(void)bench_renew(&b, NULL);
	bench_ends(
		&b,
		bench_renew(
			&b,
			bench_reply(
				&b, 200,
				"{\"access_token\":\"new\",\"expires_in\":3599,\"refresh_token\":"
				"\"other\"}")),
		OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.r.tokens[0].value, "other");
	ck_assert_int_eq(b.r.tokens[0].expires_us, b.r.now_us + 5);
	json_decref(meta);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
} renewals[] = {
	{ 400, "{\"error\":\"invalid_grant\"}", OUTCOME_REAUTH },
	{ 401, "{\"error\":\"invalid_client\"}", OUTCOME_DEFER },
	{ 401, "{\"error\":\"deleted_client\"}", OUTCOME_DEFER },
	{ 429, "", OUTCOME_DEFER },
	{ 500, "", OUTCOME_DEFER },
};

START_TEST(only_a_dead_grant_ends_the_account)
{
	(void)bench_renew(&b, NULL);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, renewals[_i].status, renewals[_i].body)),
		   renewals[_i].kind);
}
END_TEST

START_TEST(revocation_of_a_dead_token_is_done)
{
	bench_sends(&b, bench_revoke(&b, NULL), "POST /revoke token=1%2F%2F0g");
	bench_ends(&b, bench_revoke(&b, bench_reply(&b, 400, "{\"error\":\"invalid_token\"}")),
		   OUTCOME_PUBLISHED);
}
END_TEST

START_TEST(access_is_renewed_before_it_ends)
{
	const struct platform *p = b.app.platform;
	int64_t hour = 3600 * US_PER_S;

	ck_assert_int_eq(p->renew_at(&b.app, 0, hour), 50 * US_PER_MIN);
	ck_assert_int_eq(p->renew_at(&b.app, 0, 10 * US_PER_MIN), 5 * US_PER_MIN);
	ck_assert_int_eq(p->renew_at(&b.app, 0, INSTANT_NONE), INSTANT_NONE);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ dialog_asks_for_a_lasting_grant, 0 },
		{ channel_is_connected_with_tokens_and_what_posts_need, 0 },
		{ scopes_of_the_answer_are_the_truth, (int)ARRAY_LEN(grants) },
		{ grant_of_an_hour_is_refused, 0 },
		{ account_without_channel_is_refused, 0 },
		{ refused_code_says_whose_fault_it_is, (int)ARRAY_LEN(exchanges) },
		{ renewal_keeps_the_refresh_token, 0 },
		{ renewal_does_not_lengthen_a_limited_grant, 0 },
		{ only_a_dead_grant_ends_the_account, (int)ARRAY_LEN(renewals) },
		{ revocation_of_a_dead_token_is_done, 0 },
		{ access_is_renewed_before_it_ends, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "youtube_connect",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting, renewing and revoking at X, and what preflight says, without a network. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "twitter_bench.h"

#define TOKEN  "POST /2/oauth2/token "
#define SCOPES "tweet.read tweet.write users.read media.write offline.access"
/* base64 of 4711:app-secret */
#define BASIC  "Basic NDcxMTphcHAtc2VjcmV0"
#define TOKENS                                                                              \
	"{\"token_type\":\"bearer\",\"expires_in\":7200,\"access_token\":\"A1\",\"scope\":" \
	"\"" SCOPES "\",\"refresh_token\":\"R1\"}"
#define OAUTH(error, words) "{\"error\":\"" error "\",\"error_description\":\"" words "\"}"
#define DEAD                OAUTH("invalid_request", "Value passed for the token was invalid.")

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "twitter", "");
	b.c.verifier = "VERIFIER";
	b.r.refresh_token = "R0";
	b.account.access_token = "A0";
}

static void teardown(void)
{
	bench_close(&b);
}

START_TEST(consent_page_asks_with_pkce)
{
	const char *url = b.app.platform->auth_url(b.arena, &b.app, "STATE", "CHALLENGE", false);

	ck_assert_str_eq(
		url, "https://x.com/i/oauth2/authorize?response_type=code&client_id=4711&"
		     "redirect_uri=https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Ftwitter"
		     "%2Fcallback&scope=tweet.read%20tweet.write%20users.read%20media.write%20"
		     "offline.access&state=STATE&code_challenge=CHALLENGE&"
		     "code_challenge_method=S256");
}
END_TEST

static void exchange(void)
{
	bench_sends(&b, bench_connect(&b, NULL),
		    TOKEN "grant_type=authorization_code&code=CODE&redirect_uri=https%3A%2F%2F"
			  "pub.example%2Fapi%2Fv1%2Fintegrations%2Ftwitter%2Fcallback&"
			  "code_verifier=VERIFIER");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), BASIC);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"),
			 "application/x-www-form-urlencoded");
}

START_TEST(code_becomes_an_account)
{
	const struct connect_account *found;

	exchange();
	ck_assert_int_eq(bench_connect(&b, bench_reply(&b, 200, TOKENS)), STEP_SEND);
	b.contract = twitter_contract;
	bench_sends(&b, STEP_SEND,
		    "GET /2/users/me?user.fields=id%2Cname%2Cusername%2Cprofile_image_url%2C"
		    "verified%2Cverified_type%2Csubscription_type%2Cprotected");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer A1");
	bench_ends(&b,
		   bench_connect(
			   &b, bench_reply(&b, 200,
					   "{\"data\":{\"id\":\"2244994945\",\"name\":\"Acme\","
					   "\"username\":\"acme\",\"profile_image_url\":"
					   "\"https://p.example/1/a_normal.jpg\",\"verified\":true,"
					   "\"subscription_type\":\"Premium\"}}")),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.c.accounts_n, 1);
	found = b.c.accounts;
	ck_assert_str_eq(found->remote_id, "2244994945");
	ck_assert_str_eq(found->username, "acme");
	ck_assert_str_eq(found->display_name, "Acme");
	ck_assert_str_eq(found->avatar_url, "https://p.example/1/a_400x400.jpg");
	ck_assert_str_eq(found->missing_scopes, "");
	ck_assert_uint_eq(found->tokens_n, 2);
	ck_assert_str_eq(found->tokens[0].value, "A1");
	ck_assert_int_eq(found->tokens[0].expires_us, (BENCH_NOW_S + 7200) * US_PER_S);
	ck_assert_str_eq(found->tokens[1].value, "R1");
	ck_assert_str_eq(memo_text(found->meta, "subscription_type"), "Premium");
}
END_TEST

START_TEST(what_was_not_granted_is_named)
{
	exchange();
	ck_assert_int_eq(
		bench_connect(&b, bench_reply(&b, 200,
					      "{\"access_token\":\"A1\",\"expires_in\":7200,"
					      "\"scope\":\"tweet.read users.read\"}")),
		STEP_SEND);
	bench_ends(&b,
		   bench_connect(&b, bench_reply(&b, 200,
						 "{\"data\":{\"id\":\"1\",\"username\":\"a\"}}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.c.accounts->missing_scopes, "tweet.write media.write offline.access");
	ck_assert_uint_eq(b.c.accounts->tokens_n, 1);
	/* Without a refresh token the connection ends with its access. */
	ck_assert_int_eq(b.c.accounts->expires_us, (BENCH_NOW_S + 7200) * US_PER_S);
}
END_TEST

static const struct bench_answer codes[] = {
	{ 400, OAUTH("invalid_request", "Value passed for the authorization code was invalid."),
	  OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 400, OAUTH("invalid_request", "Value passed for the code verifier did not match"),
	  OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 400, OAUTH("invalid_grant", ""), OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 401, OAUTH("invalid_client", ""), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_OPERATOR },
	{ 401, OAUTH("unauthorized_client", "Missing valid authorization header"), OUTCOME_REFUSED,
	  POST_ERROR_CONFIGURATION, WHO_OPERATOR },
	{ 503, "<html>", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{}", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
};

START_TEST(refused_code_says_whose_side_it_is)
{
	exchange();
	bench_fails(&b, bench_connect(&b, bench_reply(&b, codes[_i].status, codes[_i].body)),
		    codes[_i].kind, codes[_i].code, codes[_i].who);
}
END_TEST

START_TEST(renewal_takes_both_new_tokens)
{
	bench_sends(&b, bench_renew(&b, NULL), TOKEN "grant_type=refresh_token&refresh_token=R0");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), BASIC);
	ck_assert_int_ge(b.result.request->timeout_ms, 30000);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, 200, TOKENS)), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 2);
	ck_assert_str_eq(b.r.tokens[0].kind, "access");
	ck_assert_str_eq(b.r.tokens[0].value, "A1");
	ck_assert_str_eq(b.r.tokens[1].kind, "refresh");
	ck_assert_str_eq(b.r.tokens[1].value, "R1");
}
END_TEST

static const struct {
	int status; /* 0: broken */
	const char *body;
	enum outcome_kind kind;
	enum post_error_code code;
} renewals[] = {
	{ 400, DEAD, OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 400, OAUTH("invalid_grant", ""), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	/* The app's fault is no fault of the account. */
	{ 401, OAUTH("invalid_client", ""), OUTCOME_DEFER, POST_ERROR_CONFIGURATION },
	{ 429, "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED },
	{ 500, "", OUTCOME_DEFER, POST_ERROR_PLATFORM },
	{ 0, NULL, OUTCOME_DEFER, POST_ERROR_NETWORK },
};

START_TEST(failed_renewal_is_told_apart)
{
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_renew(&b, renewals[_i].status
					   ? bench_reply(&b, renewals[_i].status, renewals[_i].body)
					   : bench_broken(&b)),
		   renewals[_i].kind);
	ck_assert_int_eq(b.result.outcome.error.code, renewals[_i].code);
	ck_assert_uint_eq(b.r.tokens_n, 0);
}
END_TEST

START_TEST(without_a_refresh_token_a_person_is_asked)
{
	b.r.refresh_token = NULL;
	bench_ends(&b, bench_renew(&b, NULL), OUTCOME_REAUTH);
}
END_TEST

START_TEST(both_tokens_are_revoked_whatever_the_first_says)
{
	bench_sends(&b, bench_revoke(&b, NULL),
		    "POST /2/oauth2/revoke token=R0&token_type_hint=refresh_token");
	bench_sends(&b, bench_revoke(&b, bench_reply(&b, 503, "")),
		    "POST /2/oauth2/revoke token=A0&token_type_hint=access_token");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), BASIC);
	bench_ends(&b, bench_revoke(&b, bench_reply(&b, 200, "{\"revoked\":true}")),
		   OUTCOME_PUBLISHED);
}
END_TEST

/* Preflight: what is found, as "pointer code", errors first; "" nothing. */
struct check_row {
	const char *caption, *options;
	const char *media; /* i image, g GIF, v video */
	const char *found;
};

#define AT     "overrides/twitter/"
#define TEN    "0123456789"
#define FIFTY  TEN TEN TEN TEN TEN
#define FULL   FIFTY FIFTY FIFTY FIFTY FIFTY TEN TEN TEN
#define CJK10  "\u6545\u6545\u6545\u6545\u6545\u6545\u6545\u6545\u6545\u6545"
#define CJK140 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10 CJK10

static const struct check_row rows[] = {
	{ "Bread", "{}", "", "" },
	{ FULL, "{}", "", "" },
	{ FULL "x", "{}", "", "caption caption_too_long" },
	{ CJK140, "{}", "", "" },
	{ CJK140 "x", "{}", "", "caption caption_too_long" },
	{ "", "{}", "", "caption caption_empty" },
	{ "", "{}", "i", "" },
	{ "$AB $CD", "{}", "", "caption too_many_cashtags" },
	{ "\uFEFF", "{}", "", "caption caption_forbidden_character" },
	{ "x", "{}", "iiii", "" },
	{ "x", "{}", "iiiii", "media media_count" },
	{ "x", "{}", "ig", "media media_mixed" },
	{ "x", "{}", "vv", "media media_mixed" },
	{ "x", "{}", "g", "" },
	{ "x", "{\"quote_id\":\"5\"}", "", AT "quote_id quote_not_allowed" },
	{ "x", "{\"reply_to_id\":\"5x\"}", "", AT "reply_to_id invalid_id" },
	{ "x", "{\"reply_settings\":\"nobody\"}", "", AT "reply_settings invalid_choice" },
	{ "x", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":5}}", "", "" },
	{ "x", "{\"poll\":{\"options\":[\"a\"],\"duration_minutes\":5}}", "",
	  AT "poll/options poll_options" },
	{ "x", "{\"poll\":{\"options\":[\"a\",\"\"],\"duration_minutes\":5}}", "",
	  AT "poll/options poll_option_length" },
	{ "x", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":4}}", "",
	  AT "poll/duration_minutes poll_duration" },
	{ "x", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":5}}", "i",
	  AT "poll poll_with_media" },
	{ "one", "{\"thread\":[\"two\",{\"text\":\"three\"}]}", "", "" },
	{ "one", "{\"thread\":[\"\"]}", "", AT "thread/0 caption_empty" },
	{ "one", "{\"thread\":[\"" FULL "x\"]}", "", AT "thread/0 caption_too_long" },
	{ "one", "{\"thread\":[\"two\",\"one\"]}", "", AT "thread/1 thread_repeats" },
	{ "one", "{\"thread\":[7]}", "", AT "thread thread_entry" },
	{ "one", "{\"thread\":[{\"caption\":\"two\"}]}", "", AT "thread thread_entry" },
	{ "one", "{\"thread\":[{\"text\":\"two\",\"media\":[0]}]}", "", AT "thread thread_entry" },
	{ "one", "{\"thread\":[{\"text\":\"two\",\"media\":[]}]}", "i", AT "thread thread_entry" },
	{ "one", "{\"thread\":[{\"text\":\"two\",\"media\":[0]}]}", "i", "" },
	{ "one", "{\"thread\":[{\"media\":[1]},{\"media\":[2,3]}]}", "iiii", "" },
	{ "one", "{\"thread\":[{\"media\":[2,3]},{\"media\":[1]}]}", "iiii",
	  AT "thread thread_entry" },
	{ "one", "{\"thread\":[{\"media\":[1]}]}", "iii", AT "thread thread_media" },
	{ "one", "{\"thread\":[{\"text\":\"two\",\"media\":[1,2]}]}", "igv",
	  AT "thread/0 media_mixed" },
	{ "one", "{\"thread\":[{\"text\":\"two\",\"media\":[1]}]}", "gv", "" },
	{ "1", "{\"thread\":[\"2\",\"3\",\"4\",\"5\",\"6\"]}", "", AT "thread thread_too_long" },
	/* A poll stands at the head; the head has no media here. */
	{ "x",
	  "{\"thread\":[{\"text\":\"y\",\"media\":[0]}],\"poll\":{\"options\":[\"a\",\"b\"],"
	  "\"duration_minutes\":5}}",
	  "i", "" },
};

static void give_media(const char *kinds)
{
	bench_images(&b, CONTENT_CAROUSEL, strlen(kinds));
	for (size_t i = 0; kinds[i]; i++) {
		b.media[i].mime = kinds[i] == 'g'   ? "image/gif"
				  : kinds[i] == 'v' ? "video/mp4"
						    : "image/jpeg";
		b.media[i].kind = kinds[i] == 'v' ? MEDIA_VIDEO : MEDIA_IMAGE;
		b.media[i].duration_ms = kinds[i] == 'v' ? 2000 : 0;
	}
}

static const char *first_error(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!f->v[i].is_warning)
			return arena_printf(b.arena, "%s %s", f->v[i].pointer, f->v[i].code);
	}
	return "";
}

START_TEST(preflight_finds_what_x_would_refuse)
{
	struct findings found = { .n = 0 };

	teardown();
	bench_open_for(&b, "twitter", "thread_max = 5\n");
	b.account.scopes = SCOPES;
	give_media(rows[_i].media);
	b.post.caption = rows[_i].caption;
	json_decref(b.post.options);
	b.post.options = json_loads(rows[_i].options, 0, NULL);
	ck_assert_ptr_nonnull(b.post.options);
	twitter_check(&b.app, &b.account, &b.post, &found);
	ck_assert_str_eq(first_error(&found), rows[_i].found);
}
END_TEST

START_TEST(premium_accounts_write_more)
{
	struct findings found = { .n = 0 };
	json_t *meta = json_pack("{s:s}", "subscription_type", "Premium");

	b.account.scopes = SCOPES;
	b.account.meta = meta;
	b.post.caption = FULL "x";
	twitter_check(&b.app, &b.account, &b.post, &found);
	ck_assert_str_eq(first_error(&found), "");
	json_decref(meta);
}
END_TEST

START_TEST(missing_scopes_are_found_before_the_upload)
{
	struct findings found = { .n = 0 };

	b.account.scopes = "tweet.read tweet.write users.read";
	twitter_check(&b.app, &b.account, &b.post, &found);
	ck_assert_str_eq(first_error(&found), "");
	give_media("i");
	twitter_check(&b.app, &b.account, &b.post, &found);
	ck_assert_str_eq(first_error(&found), "account missing_scope");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ consent_page_asks_with_pkce, 0 },
		{ code_becomes_an_account, 0 },
		{ what_was_not_granted_is_named, 0 },
		{ refused_code_says_whose_side_it_is, (int)ARRAY_LEN(codes) },
		{ renewal_takes_both_new_tokens, 0 },
		{ failed_renewal_is_told_apart, (int)ARRAY_LEN(renewals) },
		{ without_a_refresh_token_a_person_is_asked, 0 },
		{ both_tokens_are_revoked_whatever_the_first_says, 0 },
		{ preflight_finds_what_x_would_refuse, (int)ARRAY_LEN(rows) },
		{ premium_accounts_write_more, 0 },
		{ missing_scopes_are_found_before_the_upload, 0 },
		{ NULL, 0 },
	};

	return twitter_run(&(struct suite_of){
		.name = "twitter_connect",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

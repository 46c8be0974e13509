/* SPDX-License-Identifier: Apache-2.0 */
/* Which server a text names; registering there, connecting and revoking, without a network. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mastodon_bench.h"
#include "json/keep.h"

#define CALLBACK       "https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Fmastodon%2Fcallback"
#define PLAIN_CALLBACK "https://pub.example/api/v1/integrations/mastodon/callback"
#define SCOPES         "read:accounts read:statuses write:statuses write:media"
#define SCOPES_QUERY   "read%3Aaccounts%20read%3Astatuses%20write%3Astatuses%20write%3Amedia"
#define DISCOVERY      "GET /.well-known/oauth-authorization-server"
#define REGISTER                                                                               \
	"POST /api/v1/apps client_name=Carillon&redirect_uris=" CALLBACK "&scopes=read%3A"     \
	"accounts%20read%3Astatuses%20write%3Astatuses%20write%3Amedia&website=https%3A%2F%2F" \
	"pub.example"
#define PROOF      "{\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}"
#define REGISTERED "{\"id\":\"1\",\"client_id\":\"C1\",\"client_secret\":\"S1\"}"
#define TOKENS     "{\"access_token\":\"A1\",\"token_type\":\"Bearer\",\"scope\":\"" SCOPES "\"}"
#define ME                                                                                        \
	"{\"id\":\"" MASTODON_ID "\",\"username\":\"acme\",\"display_name\":\"Acme\",\"avatar\":" \
	"\"https://m.example/a.png\"}"

#define EXCHANGE                                                                           \
	"POST /oauth/token grant_type=authorization_code&code=CODE&redirect_uri=" CALLBACK \
	"&client_id=C1&client_secret=S1"

static struct connect_start s;

static void setup(void)
{
	mastodon_open("");
	b.c.verifier = "VERIFIER";
	s = (struct connect_start){
		.arena = b.arena,
		.app = &b.app,
		.server_text = "mast.example.com",
		.server = MASTODON_SERVER,
		.state = "STATE",
		.challenge = "CHALLENGE",
		.now_us = BENCH_NOW_S * US_PER_S,
		.memo = json_keep(b.arena, json_object()),
		.kept = json_keep(b.arena, json_object()),
	};
}

static void teardown(void)
{
	json_decref(s.registered);
	mastodon_close();
}

/* ---- names ---- */

static const struct {
	const char *text, *server; /* NULL: none */
} names[] = {
	{ "mastodon.social", "https://mastodon.social" },
	{ "  Mastodon.Social \n", "https://mastodon.social" },
	{ "@me@mastodon.social", "https://mastodon.social" },
	{ "me@mastodon.social", "https://mastodon.social" },
	{ "https://mastodon.social/", "https://mastodon.social" },
	{ "HTTPS://mastodon.social/@me", "https://mastodon.social" },
	{ "mastodon.social/@me", "https://mastodon.social" },
	{ "https://mastodon.social:443", "https://mastodon.social" },
	{ "http://mastodon.social:80", "http://mastodon.social" },
	{ "http://localhost:3000", "http://localhost:3000" },
	{ "xn--mller-kva.example", "https://xn--mller-kva.example" },
	{ "192.0.2.7:8443", "https://192.0.2.7:8443" },
	{ "", NULL },
	{ NULL, NULL },
	{ "mastodon", NULL },
	{ "@me", NULL },
	{ "@me@", NULL },
	{ "@@mastodon.social", NULL },
	{ "me@him@mastodon.social", NULL },
	{ "https://me@mastodon.social", NULL },
	{ "https://me:pw@mastodon.social/", NULL },
	{ "https://mastodon.social/settings", NULL },
	{ "https://mastodon.social?x=1", NULL },
	{ "https://mastodon.social#x", NULL },
	{ "https:/mastodon.social", NULL },
	{ "ftp://mastodon.social", NULL },
	{ "javascript:alert(1)", NULL },
	{ "mastodon.social\\@evil.example", NULL },
	{ "mastodon.social evil.example", NULL },
	{ "mastodon.social\r\nHost: evil.example", NULL },
	{ "mastodon.social%2f.evil.example", NULL },
	{ "m\xc3\xbcller.example", NULL },
	{ ".mastodon.social", NULL },
	{ "mastodon.social.", NULL },
	{ "mastodon..social", NULL },
	{ "-mastodon.social", NULL },
	{ "mastodon.social:0", NULL },
	{ "mastodon.social:65536", NULL },
	{ "mastodon.social:", NULL },
	{ "mastodon.social:80:80", NULL },
	{ "127.1", NULL },
	{ "0x7f.0.0.1", NULL },
	{ "127.0.0.01", NULL },
	{ "256.0.0.1", NULL },
	{ "1.2.3.4.5", NULL },
	{ "[::1]", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaa"
	  ".example",
	  NULL },
};

START_TEST(server_has_one_spelling_or_none)
{
	const char *why = NULL;
	const char *is = mastodon_named_server(b.arena, &b.app, names[_i].text, &why);

	if (names[_i].server)
		ck_assert_str_eq(is ? is : why, names[_i].server);
	else
		ck_assert_msg(is == NULL && why != NULL, "%s", is);
}
END_TEST

/* Whatever was named, a test app goes to the operator's sandbox; and nowhere else. */
START_TEST(test_app_reaches_the_sandbox_alone)
{
	static const struct {
		const char *url;
		bool is_sent;
	} urls[] = {
		{ "http://sandbox.example:8090/mastodon/oauth/token", true },
		{ "http://sandbox.example:8090/mastodon", true },
		{ "http://sandbox.example:8090/mastodonx", false },
		{ "http://sandbox.example:80901/mastodon/x", false },
		{ "https://mastodon.social/oauth/token", false },
	};
	struct platform_app app;
	struct problem problem = { 0 };
	const char *why = NULL;

	mastodon_close();
	mastodon_open("[mastodon.test]\nsandbox_base = http://sandbox.example:8090/mastodon/\n");
	platform_app_init(&app, b.arena, b.config, b.app.platform, false);
	ck_assert_int_eq(platform_app_check(&app, &problem), 0);
	ck_assert_str_eq(mastodon_named_server(b.arena, &app, "@me@mastodon.social", &why),
			 "http://sandbox.example:8090/mastodon");
	ck_assert_ptr_null(mastodon_named_server(b.arena, &app, "@me", &why));
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct http_request *r = http_request_new(b.arena, VERB_GET, "x");

		http_request_url(r, urls[i].url, "%s", "");
		r->is_to_users_host = true;
		platform_app_aim(&app, r);
		ck_assert_msg((*r->url != '\0') == urls[i].is_sent, "%s", urls[i].url);
		ck_assert_msg(r->is_to_users_host != urls[i].is_sent, "%s", urls[i].url);
	}
}
END_TEST

START_TEST(test_app_without_a_sandbox_is_not_set_up)
{
	struct platform_app app;
	struct problem problem = { 0 };

	platform_app_init(&app, b.arena, b.config, b.app.platform, false);
	ck_assert_int_eq(platform_app_check(&app, &problem), -1);
	ck_assert_int_eq(problem.kind, PROBLEM_NOT_CONFIGURED);
	ck_assert_int_eq(platform_app_check(&b.app, &problem), 0); /* live needs no settings */
}
END_TEST

/* ---- before the browser leaves ---- */

static enum step begin(const struct http_reply *last)
{
	b.result = (struct step_result){ .phase = PHASE_STAGE };
	return mastodon_start(&s, last, &b.result);
}

static void discovered(int status, const char *body)
{
	bench_sends(&b, begin(NULL), DISCOVERY);
	ck_assert(b.result.request->is_to_users_host);
	ck_assert_int_eq(begin(bench_reply(&b, status, body)), STEP_SEND);
}

START_TEST(registration_leads_to_the_consent_page)
{
	discovered(200, PROOF);
	bench_sends(&b, STEP_SEND, REGISTER);
	ck_assert(b.result.request->is_to_users_host);
	bench_ends(&b, begin(bench_reply(&b, 200, REGISTERED)), OUTCOME_PUBLISHED);
	ck_assert_str_eq(s.url, MASTODON_SERVER
			 "/oauth/authorize?response_type=code&client_id=C1&redirect_uri=" CALLBACK
			 "&scope=" SCOPES_QUERY "&state=STATE&code_challenge=CHALLENGE&"
			 "code_challenge_method=S256");
	ck_assert_str_eq(memo_text(s.registered, "client_id"), "C1");
	ck_assert_str_eq(memo_text(s.registered, "client_secret"), "S1");
	ck_assert_str_eq(memo_text(s.registered, "redirect_uri"), PLAIN_CALLBACK);
	ck_assert_str_eq(memo_text(s.kept, "client_secret"), "S1");
	ck_assert_str_eq(memo_text(s.kept, "server"), MASTODON_SERVER);
}
END_TEST

/* Before 4.3 there is no such document; what says nothing of S256 is not asked to keep to it. */
START_TEST(server_without_pkce_is_not_asked_for_it)
{
	static const struct {
		int status;
		const char *body;
	} answers[] = { { 404, "{\"error\":\"Not Found\"}" },
			{ 200, "<html>" },
			{ 200, "{\"code_challenge_methods_supported\":[\"plain\"]}" },
			{ 301, "" } };

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		json_object_clear(s.memo);
		json_object_clear(s.kept);
		discovered(answers[i].status, answers[i].body);
		bench_ends(&b, begin(bench_reply(&b, 200, REGISTERED)), OUTCOME_PUBLISHED);
		ck_assert_ptr_null(strstr(s.url, "code_challenge"));
		json_decref(s.registered);
		s.registered = NULL;
	}
}
END_TEST

static void registered_before(const char *scopes)
{
	s.client = json_keep(b.arena,
			     json_pack("{s:s, s:s, s:s, s:s}", "client_id", "C0", "client_secret",
				       "S0", "redirect_uri", PLAIN_CALLBACK, "scopes", scopes));
}

START_TEST(known_registration_is_used_again)
{
	registered_before(SCOPES);
	discovered(200, PROOF);
	bench_sends(&b, STEP_SEND,
		    "POST /oauth/token grant_type=client_credentials&scope=read%3Aaccounts&"
		    "client_id=C0&client_secret=S0");
	bench_ends(&b, begin(bench_reply(&b, 200, TOKENS)), OUTCOME_PUBLISHED);
	ck_assert_ptr_nonnull(strstr(s.url, "client_id=C0&"));
	ck_assert_ptr_null(s.registered);
}
END_TEST

START_TEST(forgotten_registration_is_made_anew)
{
	registered_before(SCOPES);
	discovered(200, PROOF);
	ck_assert_int_eq(begin(bench_reply(&b, 401, "{\"error\":\"invalid_client\"}")), STEP_SEND);
	bench_sends(&b, STEP_SEND, REGISTER);
	bench_ends(&b, begin(bench_reply(&b, 200, REGISTERED)), OUTCOME_PUBLISHED);
	ck_assert_ptr_nonnull(strstr(s.url, "client_id=C1&"));
	ck_assert_ptr_nonnull(s.registered);
}
END_TEST

START_TEST(registration_for_other_scopes_is_not_used)
{
	registered_before("read");
	discovered(200, PROOF);
	bench_sends(&b, STEP_SEND, REGISTER);
}
END_TEST

static const struct {
	int status;
	const char *headers, *body;
	enum outcome_kind kind;
	enum post_error_code code;
	enum who who;
	const char *words;
} no_servers[] = {
	{ 404, "", "<html>", OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
	  "names no Mastodon server" },
	{ 200, "", "{\"hello\":1}", OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU,
	  "names no Mastodon server" },
	{ 301, "Location: https://social.example.com/api/v1/apps\r\n", "", OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_YOU, "give the name social.example.com" },
	{ 503, "", "", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM, "" },
	{ 429, "", "{\"error\":\"Too many requests\"}", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED,
	  WHO_PLATFORM, "" },
};

START_TEST(what_is_no_server_is_said_so)
{
	discovered(404, "");
	bench_fails(&b,
		    begin(bench_reply_with(&b, no_servers[_i].status, no_servers[_i].headers,
					   no_servers[_i].body)),
		    no_servers[_i].kind, no_servers[_i].code, no_servers[_i].who);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, no_servers[_i].words));
	ck_assert_ptr_null(s.url);
}
END_TEST

START_TEST(unreachable_server_is_told_from_a_broken_answer)
{
	struct http_reply unsent = { .transfer = TRANSFER_NOT_SENT,
				     .failure = "the host name could not be resolved" };

	bench_sends(&b, begin(NULL), DISCOVERY);
	bench_fails(&b, begin(&unsent), OUTCOME_REFUSED, POST_ERROR_NETWORK, WHO_YOU);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, "could not be resolved"));
	json_object_clear(s.memo);
	bench_sends(&b, begin(NULL), DISCOVERY);
	unsent.is_forbidden = true;
	bench_fails(&b, begin(&unsent), OUTCOME_REFUSED, POST_ERROR_NETWORK, WHO_YOU);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, "not called from here"));
	json_object_clear(s.memo);
	bench_sends(&b, begin(NULL), DISCOVERY);
	bench_fails(&b, begin(bench_broken(&b)), OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM);
}
END_TEST

/* ---- when it has come back ---- */

static void come_back(bool has_proof)
{
	b.c.kept = json_keep(b.arena,
			     json_pack("{s:s, s:s, s:s, s:i}", "client_id", "C1", "client_secret",
				       "S1", "server", MASTODON_SERVER, "proof", has_proof));
}

static void exchange(bool has_proof)
{
	come_back(has_proof);
	bench_sends(&b, bench_connect(&b, NULL),
		    arena_printf(b.arena, "%s%s", EXCHANGE,
				 has_proof ? "&code_verifier=VERIFIER" : ""));
	ck_assert(b.result.request->is_to_users_host);
}

START_TEST(code_becomes_an_account)
{
	const struct connect_account *found;

	exchange(true);
	bench_sends(&b, bench_connect(&b, bench_reply(&b, 200, TOKENS)), "GET /api/v2/instance");
	bench_sends(&b,
		    bench_connect(&b, bench_reply(&b, 200,
						  "{\"domain\":\"example.com\",\"configuration\":"
						  "{\"statuses\":{\"max_characters\":5000}}}")),
		    "GET /api/v1/accounts/verify_credentials");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer A1");
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 200, ME)), OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.c.accounts_n, 1);
	found = b.c.accounts;
	ck_assert_str_eq(found->remote_id, MASTODON_ID "@mast.example.com");
	ck_assert_str_eq(found->username, "acme@example.com");
	ck_assert_str_eq(found->display_name, "Acme");
	ck_assert_str_eq(found->avatar_url, "https://m.example/a.png");
	ck_assert_str_eq(found->missing_scopes, "");
	ck_assert_int_eq(found->expires_us, INSTANT_NONE);
	ck_assert_str_eq(memo_text(found->meta, "server"), MASTODON_SERVER);
	ck_assert_int_eq(memo_int(json_object_get(found->meta, "limits"), "max_characters"), 5000);
	ck_assert_uint_eq(found->tokens_n, 2);
	ck_assert_str_eq(found->tokens[0].kind, "access");
	ck_assert_str_eq(found->tokens[0].value, "A1");
	ck_assert_str_eq(found->tokens[1].kind, "user");
	ck_assert_str_eq(found->tokens[1].value, "{\"client_id\":\"C1\",\"client_secret\":\"S1\"}");
}
END_TEST

/* Older and compatible servers: no PKCE, no v2, scopes as a whole, a domain that is none. */
START_TEST(older_server_connects_as_well)
{
	exchange(false);
	bench_sends(&b,
		    bench_connect(&b, bench_reply(&b, 200,
						  "{\"access_token\":\"A1\",\"scope\":\"read "
						  "write:statuses\"}")),
		    "GET /api/v2/instance");
	bench_sends(&b, bench_connect(&b, bench_reply(&b, 404, "{}")), "GET /api/v1/instance");
	bench_sends(&b,
		    bench_connect(&b, bench_reply(&b, 200, "{\"domain\":\"<b>\",\"uri\":\"x\"}")),
		    "GET /api/v1/accounts/verify_credentials");
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 200, ME)), OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.c.accounts->username, "acme@mast.example.com");
	ck_assert_str_eq(b.c.accounts->missing_scopes, "write:media");
}
END_TEST

static const struct bench_answer codes[] = {
	{ 400, "{\"error\":\"invalid_grant\"}", OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED,
	  WHO_YOU },
	{ 401, "{\"error\":\"invalid_client\"}", OUTCOME_REFUSED, POST_ERROR_TOKEN_EXPIRED,
	  WHO_YOU },
	{ 503, "<html>", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{}", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
};

START_TEST(refused_code_connects_nobody)
{
	come_back(true);
	bench_refuses_code(&b, &codes[_i]);
}
END_TEST

/* Ids are the server's word and become a part of ours. */
START_TEST(odd_id_connects_nobody)
{
	static const char *const bodies[] = {
		"{\"id\":\"1@evil.example\",\"username\":\"a\"}",
		"{\"id\":\"\",\"username\":\"a\"}",
		"{\"id\":\"1234567890123456789012345\",\"username\":\"a\"}",
		"{\"username\":\"a\"}",
		"{\"id\":\"1\"}",
	};

	exchange(true);
	ck_assert_int_eq(bench_connect(&b, bench_reply(&b, 200, TOKENS)), STEP_SEND);
	ck_assert_int_eq(bench_connect(&b, bench_reply(&b, 200, "{}")), STEP_SEND);
	bench_fails(&b, bench_connect(&b, bench_reply(&b, 200, bodies[_i])), OUTCOME_DEFER,
		    POST_ERROR_PLATFORM, WHO_PLATFORM);
}
END_TEST

START_TEST(token_is_given_back_with_its_registration)
{
	b.account.access_token = "A1";
	b.account.user_token = "{\"client_id\":\"C1\",\"client_secret\":\"S1\"}";
	bench_sends(&b, bench_revoke(&b, NULL),
		    "POST /oauth/revoke client_id=C1&client_secret=S1&token=A1");
	ck_assert(b.result.request->is_to_users_host);
	bench_ends(&b, bench_revoke(&b, bench_reply(&b, 200, "{}")), OUTCOME_PUBLISHED);
}
END_TEST

START_TEST(token_that_cannot_be_given_back_is_said_so)
{
	b.account.user_token = NULL;
	bench_fails(&b, bench_revoke(&b, NULL), OUTCOME_REFUSED, POST_ERROR_PLATFORM,
		    WHO_ACCOUNT_OWNER);
	b.account.user_token = "{\"client_id\":\"C1\",\"client_secret\":\"S1\"}";
	json_object_clear(b.r.memo);
	ck_assert_int_eq(bench_revoke(&b, NULL), STEP_SEND);
	ck_assert_int_eq(
		bench_revoke(&b, bench_reply(&b, 403, "{\"error\":\"unauthorized_client\"}")),
		STEP_DONE);
	ck_assert_int_ne(b.result.outcome.kind, OUTCOME_PUBLISHED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ server_has_one_spelling_or_none, (int)ARRAY_LEN(names) },
		{ test_app_reaches_the_sandbox_alone, 0 },
		{ test_app_without_a_sandbox_is_not_set_up, 0 },
		{ registration_leads_to_the_consent_page, 0 },
		{ server_without_pkce_is_not_asked_for_it, 0 },
		{ known_registration_is_used_again, 0 },
		{ forgotten_registration_is_made_anew, 0 },
		{ registration_for_other_scopes_is_not_used, 0 },
		{ what_is_no_server_is_said_so, (int)ARRAY_LEN(no_servers) },
		{ unreachable_server_is_told_from_a_broken_answer, 0 },
		{ code_becomes_an_account, 0 },
		{ older_server_connects_as_well, 0 },
		{ refused_code_connects_nobody, (int)ARRAY_LEN(codes) },
		{ odd_id_connects_nobody, 5 },
		{ token_is_given_back_with_its_registration, 0 },
		{ token_that_cannot_be_given_back_is_said_so, 0 },
		{ NULL, 0 },
	};

	return mastodon_run(&(struct suite_of){
		.name = "mastodon_login",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

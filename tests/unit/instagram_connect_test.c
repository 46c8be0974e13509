/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform_bench.h"
#include "support/suite.h"

#define CALLBACK "https%3A%2F%2Fpub.example%2Fapi%2Fv1%2Fintegrations%2Finstagram%2Fcallback"
#define PAGE_FIELDS                                                                               \
	"fields=id%2Cname%2Caccess_token%2Ctasks%2Cinstagram_business_account%7Bid%2Cusername%2C" \
	"name%2Cprofile_picture_url%7D&limit=100"
#define PAGE(id, name, tasks, more)                                            \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"access_token\":\"PAGE-" id \
	"\",\"tasks\":[" tasks "]" more "}"
#define WITH_IG(id) ",\"instagram_business_account\":{\"id\":\"" id "\",\"username\":\"u" id "\"}"
#define ALL_SCOPES                                                                \
	"{\"data\":[{\"permission\":\"instagram_basic\",\"status\":\"granted\"}," \
	"{\"permission\":\"instagram_content_publish\",\"status\":\"granted\"},"  \
	"{\"permission\":\"pages_read_engagement\",\"status\":\"granted\"},"      \
	"{\"permission\":\"pages_show_list\",\"status\":\"granted\"},"            \
	"{\"permission\":\"business_management\",\"status\":\"granted\"}]}"

static struct bench b;

static void setup(void)
{
	bench_open(&b, "");
}

static void teardown(void)
{
	bench_close(&b);
}

START_TEST(consent_page_asks_for_pages_and_publishing)
{
	const char *url = b.app.platform->auth_url(b.arena, &b.app, "STATE", NULL, false);

	ck_assert_str_eq(url, "https://www.facebook.com/v25.0/dialog/oauth?client_id=4711"
			      "&redirect_uri=" CALLBACK "&state=STATE&response_type=code"
			      "&scope=instagram_basic%2Cinstagram_content_publish%2C"
			      "pages_read_engagement%2Cpages_show_list%2Cbusiness_management");
	url = b.app.platform->auth_url(b.arena, &b.app, "STATE", NULL, true);
	ck_assert_ptr_nonnull(strstr(url, "&auth_type=rerequest"));
}
END_TEST

START_TEST(test_mode_never_leads_to_the_live_platform)
{
	struct platform_app app;

	platform_app_init(&app, b.arena, b.config, b.app.platform, false);
	ck_assert_str_eq(app.section, "instagram.test");
	ck_assert_str_eq(platform_text(&app, "graph_base"), "");
	ck_assert_str_eq(platform_text(&app, "api_version"), "v25.0");
	ck_assert_ptr_null(app.platform->auth_url(b.arena, &app, "STATE", NULL, false));
}
END_TEST

START_TEST(app_without_secret_is_not_configured)
{
	struct platform_app app;
	struct problem why = { 0 };

	ck_assert_int_eq(platform_app_check(&b.app, &why), 0);
	ck_assert_str_eq(platform_secret(&b.app), BENCH_SECRET);
	platform_app_init(&app, b.arena, b.config, b.app.platform, false);
	ck_assert_int_eq(platform_app_check(&app, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_NOT_CONFIGURED);
	ck_assert_ptr_nonnull(strstr(why.detail, "[instagram.test] client_id"));
}
END_TEST

/* inotify tells of each open: a check needs none, whichever way the app was set up. */
START_TEST(look_at_a_post_never_opens_the_secret)
{
	static void (*const inits[])(struct platform_app *, struct arena *, const struct config *,
				     const struct platform *,
				     bool) = { platform_app_plain, platform_app_init };
	const char *path = config_get(b.config, "instagram", "client_secret_file");
	struct platform_app app;
	struct findings found = { 0 };
	struct problem why = { 0 };
	char event[512];
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
	inits[_i](&app, b.arena, b.config, b.app.platform, true);
	bench_images(&b, CONTENT_IMAGE, 0);
	app.platform->check(&app, &b.account, &b.post, &found);
	ck_assert_uint_gt(found.n, 0); /* it did look: an image post without one */
	ck_assert_int_lt(read(watch, event, sizeof(event)), 0);
	ck_assert_int_eq(errno, EAGAIN);
	if (_i == 0) { /* and nothing that asks for it gets anywhere */
		ck_assert_str_eq(platform_secret(&app), "");
		ck_assert_int_eq(platform_app_check(&app, &why), -1);
		ck_assert_int_lt(read(watch, event, sizeof(event)), 0);
	} else {
		ck_assert_str_eq(platform_secret(&app), BENCH_SECRET);
		ck_assert_int_gt(read(watch, event, sizeof(event)), 0);
		ck_assert_str_eq(platform_secret(&app), BENCH_SECRET); /* read once */
		ck_assert_int_lt(read(watch, event, sizeof(event)), 0);
	}
	ck_assert_int_eq(close(watch), 0);
}
END_TEST

/* Up to the request for the pages. */
static void to_accounts(const char *permissions)
{
	bench_sends(&b, bench_connect(&b, NULL),
		    "GET /v25.0/oauth/access_token?client_id=4711&client_secret=app-secret"
		    "&redirect_uri=" CALLBACK "&code=CODE");
	bench_sends(
		&b,
		bench_connect(
			&b, bench_reply(&b, 200,
					"{\"access_token\":\"SHORT\",\"token_type\":\"bearer\"}")),
		"GET /v25.0/oauth/access_token?client_id=4711&client_secret=app-secret"
		"&grant_type=fb_exchange_token&fb_exchange_token=SHORT");
	bench_sends(&b,
		    bench_connect(
			    &b, bench_reply(&b, 200,
					    "{\"access_token\":\"LONG\",\"expires_in\":5183944}")),
		    "GET /v25.0/me?fields=id%2Cname");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer LONG");
	bench_sends(&b, bench_connect(&b, bench_reply(&b, 200, "{\"id\":\"1\",\"name\":\"Ann\"}")),
		    "GET /v25.0/me/permissions");
	bench_sends(&b, bench_connect(&b, bench_reply(&b, 200, permissions)),
		    "GET /v25.0/me/accounts?" PAGE_FIELDS);
}

START_TEST(pages_of_all_listings_are_merged)
{
	const struct connect_account *a;

	to_accounts(ALL_SCOPES);
	bench_sends(
		&b,
		bench_connect(
			&b,
			bench_reply(&b, 200,
				    "{\"data\":[],\"paging\":{\"cursors\":{\"after\":\"C1\"},"
				    "\"next\":\"https://graph.facebook.com/?access_token=t\"}}")),
		"GET /v25.0/me/accounts?" PAGE_FIELDS "&after=C1");
	bench_sends(
		&b,
		bench_connect(
			&b,
			bench_reply(
				&b, 200,
				"{\"data\":[" PAGE(
					"11", "Acme", "\"CREATE_CONTENT\"",
					WITH_IG("1784")) "," PAGE("12", "Low", "\"ANALYZE\"",
								  WITH_IG("1785")) "," PAGE("13",
											    "None",
											    "\"MANA"
											    "GE\"",
											    "") "]"
												"}")),
		"GET /v25.0/me/businesses?fields=id%2Cname&limit=100");
	bench_sends(&b, bench_connect(&b, bench_reply(&b, 200, "{\"data\":[{\"id\":\"500\"}]}")),
		    "GET /v25.0/500/owned_pages?" PAGE_FIELDS);
	bench_sends(
		&b,
		bench_connect(
			&b,
			bench_reply(&b, 200,
				    "{\"data\":[" PAGE(
					    "11", "Acme", "\"MANAGE\"",
					    WITH_IG("1784")) "," PAGE("14", "Shop", "\"MANAGE\"",
								      WITH_IG("1786")) "]}")),
		"GET /v25.0/500/client_pages?" PAGE_FIELDS);
	bench_ends(&b, bench_connect(&b, bench_reply(&b, 403, "{\"error\":{\"code\":10}}")),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.c.accounts_n, 2);
	a = &b.c.accounts[0];
	ck_assert_str_eq(a->remote_id, "1784");
	ck_assert_str_eq(a->username, "u1784");
	ck_assert_str_eq(a->display_name, "u1784");
	ck_assert_str_eq(a->missing_scopes, "");
	ck_assert_int_eq(a->expires_us, (BENCH_NOW_S + 5183944) * US_PER_S);
	ck_assert_str_eq(json_string_value(json_object_get(a->meta, "page_id")), "11");
	ck_assert_str_eq(json_string_value(json_object_get(a->meta, "person_id")), "1");
	ck_assert_uint_eq(a->tokens_n, 2);
	ck_assert_str_eq(a->tokens[0].kind, "access");
	ck_assert_str_eq(a->tokens[0].value, "PAGE-11");
	ck_assert_int_eq(a->tokens[0].expires_us, INSTANT_NONE);
	ck_assert_str_eq(a->tokens[1].kind, "user");
	ck_assert_str_eq(a->tokens[1].value, "LONG");
	ck_assert_str_eq(b.c.accounts[1].remote_id, "1786");
}
END_TEST

static const struct {
	const char *permissions, *pages;
	enum outcome_kind kind;
	const char *slug, *says;
} empties[] = {
	{ ALL_SCOPES, "{\"data\":[]}", OUTCOME_REFUSED, "no_pages", "No Facebook page" },
	{ ALL_SCOPES, "{\"data\":[" PAGE("13", "None", "\"MANAGE\"", "") "]}", OUTCOME_REFUSED,
	  "no_linked_instagram", "\"None\"" },
	{ ALL_SCOPES, "{\"data\":[" PAGE("12", "Low", "\"ANALYZE\"", WITH_IG("1785")) "]}",
	  OUTCOME_REFUSED, "role_too_low", "\"Low\"" },
	{ "{\"data\":[{\"permission\":\"instagram_basic\",\"status\":\"granted\"},"
	  "{\"permission\":\"business_management\",\"status\":\"declined\"}]}",
	  "{\"data\":[]}", OUTCOME_REAUTH, "missing_scopes", "business_management" },
};

START_TEST(empty_list_says_why)
{
	enum step step;

	to_accounts(empties[_i].permissions);
	step = bench_connect(&b, bench_reply(&b, 200, empties[_i].pages));
	if (step == STEP_SEND)
		step = bench_connect(&b, bench_reply(&b, 400, "{\"error\":{\"code\":100}}"));
	bench_ends(&b, step, empties[_i].kind);
	ck_assert_str_eq(b.result.outcome.error.platform_code, empties[_i].slug);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, empties[_i].says));
}
END_TEST

START_TEST(declined_scope_is_reported_not_fatal)
{
	to_accounts("{\"data\":[{\"permission\":\"instagram_basic\",\"status\":\"granted\"}]}");
	bench_ends(&b,
		   bench_connect(&b, bench_reply(&b, 200,
						 "{\"data\":[" PAGE("11", "A", "\"MANAGE\"",
								    WITH_IG("1784")) "]}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.c.accounts[0].scopes, "instagram_basic");
	ck_assert_str_eq(b.c.accounts[0].missing_scopes,
			 "instagram_content_publish pages_read_engagement pages_show_list "
			 "business_management");
}
END_TEST

static const struct bench_answer exchanges[] = {
	{ 400, "{\"error\":{\"code\":100,\"error_subcode\":36009}}", OUTCOME_REAUTH,
	  POST_ERROR_TOKEN_EXPIRED, WHO_YOU },
	{ 400, "{\"error\":{\"code\":100,\"error_subcode\":36008}}", OUTCOME_REFUSED,
	  POST_ERROR_CONFIGURATION, WHO_OPERATOR },
	{ 400, "{\"error\":{\"code\":1,\"message\":\"Error validating client secret.\"}}",
	  OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR },
	{ 400, "{\"error\":{\"code\":101}}", OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_OPERATOR },
	{ 502, "<html>", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 200, "{\"token_type\":\"bearer\"}", OUTCOME_DEFER, POST_ERROR_NETWORK, WHO_PLATFORM },
};

START_TEST(failed_exchange_names_who_must_act)
{
	bench_refuses_code(&b, &exchanges[_i]);
}
END_TEST

START_TEST(instagram_login_takes_every_documented_shape)
{
	static const char *const shorts[] = {
		"{\"access_token\":\"S\",\"user_id\":17841400008460056,\"permissions\":"
		"\"instagram_business_basic,instagram_business_content_publish\"}",
		"{\"data\":[{\"access_token\":\"S\",\"user_id\":\"1784\",\"permissions\":"
		"[\"instagram_business_basic\",\"instagram_business_content_publish\"]}]}",
	};

	bench_close(&b);
	bench_open(&b, "login_mode = instagram");
	b.c.code = "CODE#_";
	for (size_t i = 0; i < ARRAY_LEN(shorts); i++) {
		json_object_clear(b.c.memo);
		bench_sends(&b, bench_connect(&b, NULL),
			    "POST /oauth/access_token client_id=4711&client_secret=app-secret"
			    "&grant_type=authorization_code&redirect_uri=" CALLBACK "&code=CODE");
		bench_sends(&b, bench_connect(&b, bench_reply(&b, 200, shorts[i])),
			    "GET /access_token?grant_type=ig_exchange_token"
			    "&client_secret=app-secret&access_token=S");
		bench_sends(
			&b,
			bench_connect(
				&b, bench_reply(&b, 200,
						"{\"access_token\":\"L\",\"expires_in\":5183944}")),
			"GET /v25.0/me?fields=user_id%2Cusername%2Cname%2Caccount_type%2C"
			"profile_picture_url");
		bench_ends(&b,
			   bench_connect(
				   &b,
				   bench_reply(
					   &b, 200,
					   "{\"id\":\"5\",\"user_id\":17841400008460056,"
					   "\"username\":\"acme\",\"account_type\":\"BUSINESS\"}")),
			   OUTCOME_PUBLISHED);
		ck_assert_str_eq(b.c.accounts[0].remote_id, "17841400008460056");
		ck_assert_str_eq(b.c.accounts[0].missing_scopes, "");
		ck_assert_str_eq(b.c.accounts[0].tokens[0].value, "L");
	}
}
END_TEST

START_TEST(used_code_of_instagram_login_starts_over)
{
	bench_close(&b);
	bench_open(&b, "login_mode = instagram");
	ck_assert_int_eq(bench_connect(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_connect(
			   &b,
			   bench_reply(
				   &b, 400,
				   "{\"error_type\":\"OAuthException\",\"code\":400,"
				   "\"error_message\":\"This authorization code has been used\"}")),
		   OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_TOKEN_EXPIRED);
	ck_assert_str_eq(b.result.outcome.error.platform_message,
			 "This authorization code has been used");
}
END_TEST

START_TEST(renewal_prolongs_the_person_and_refetches_the_page)
{
	json_t *meta = json_pack("{s:s}", "page_id", "11");

	b.account.meta = meta;
	bench_sends(&b, bench_renew(&b, NULL),
		    "GET /v25.0/oauth/access_token?grant_type=fb_exchange_token&client_id=4711"
		    "&client_secret=app-secret&fb_exchange_token=USER");
	bench_sends(&b, bench_renew(&b, bench_reply(&b, 200, "{\"access_token\":\"USER2\"}")),
		    "GET /v25.0/11?fields=access_token");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer USER2");
	bench_ends(&b, bench_renew(&b, bench_reply(&b, 200, "{\"access_token\":\"PAGE2\"}")),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 2);
	ck_assert_str_eq(b.r.tokens[0].value, "USER2");
	ck_assert_int_eq(b.r.tokens[0].expires_us, (BENCH_NOW_S + 59 * 86400) * US_PER_S);
	ck_assert_str_eq(b.r.tokens[1].value, "PAGE2");
	json_decref(meta);
}
END_TEST

START_TEST(renewal_of_a_dead_token_needs_a_person)
{
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b,
		   bench_renew(&b, bench_reply(&b, 400,
					       "{\"error\":{\"code\":190,\"error_subcode\":463}}")),
		   OUTCOME_REAUTH);
	ck_assert_uint_eq(b.r.tokens_n, 0);
	ck_assert_int_eq(bench_renew(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, 503, "")), OUTCOME_DEFER);
}
END_TEST

START_TEST(renewal_of_instagram_login_stores_what_came)
{
	bench_close(&b);
	bench_open(&b, "login_mode = instagram");
	b.account.user_token = NULL;
	bench_sends(&b, bench_renew(&b, NULL),
		    "GET /refresh_access_token?grant_type=ig_refresh_token&access_token=PAGE");
	bench_ends(&b,
		   bench_renew(&b, bench_reply(&b, 200,
					       "{\"access_token\":\"L2\",\"expires_in\":100}")),
		   OUTCOME_PUBLISHED);
	ck_assert_str_eq(b.r.tokens[0].kind, "access");
	ck_assert_int_eq(b.r.tokens[0].expires_us, (BENCH_NOW_S + 100) * US_PER_S);
}
END_TEST

START_TEST(renewal_is_due_a_month_before_the_end_and_never_too_early)
{
	const struct platform *p = b.app.platform;
	int64_t now = BENCH_NOW_S * US_PER_S;

	ck_assert_int_eq(p->renew_at(&b.app, now, now + 60 * US_PER_DAY), now + 30 * US_PER_DAY);
	ck_assert_int_eq(p->renew_at(&b.app, now, now + 20 * US_PER_DAY), now + 25 * US_PER_HOUR);
	ck_assert_int_eq(p->renew_at(&b.app, now, now + 2 * US_PER_HOUR), now + US_PER_HOUR);
	ck_assert_int_eq(p->renew_at(&b.app, now, INSTANT_NONE), INSTANT_NONE);
}
END_TEST

START_TEST(revocation_accepts_both_answers)
{
	static const char *const bodies[] = { "true", "{\"success\":true}" };

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		bench_sends(&b, bench_revoke(&b, NULL), "DELETE /v25.0/me/permissions");
		ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer USER");
		bench_ends(&b, bench_revoke(&b, bench_reply(&b, 200, bodies[i])),
			   OUTCOME_PUBLISHED);
	}
	ck_assert_int_eq(bench_revoke(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_revoke(&b, bench_reply(&b, 200, "{\"success\":false}")),
		   OUTCOME_REFUSED);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ consent_page_asks_for_pages_and_publishing, 0 },
		{ test_mode_never_leads_to_the_live_platform, 0 },
		{ app_without_secret_is_not_configured, 0 },
		{ look_at_a_post_never_opens_the_secret, 2 },
		{ pages_of_all_listings_are_merged, 0 },
		{ empty_list_says_why, (int)ARRAY_LEN(empties) },
		{ declined_scope_is_reported_not_fatal, 0 },
		{ failed_exchange_names_who_must_act, (int)ARRAY_LEN(exchanges) },
		{ instagram_login_takes_every_documented_shape, 0 },
		{ used_code_of_instagram_login_starts_over, 0 },
		{ renewal_prolongs_the_person_and_refetches_the_page, 0 },
		{ renewal_of_a_dead_token_needs_a_person, 0 },
		{ renewal_of_instagram_login_stores_what_came, 0 },
		{ renewal_is_due_a_month_before_the_end_and_never_too_early, 0 },
		{ revocation_accepts_both_answers, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "instagram_connect",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

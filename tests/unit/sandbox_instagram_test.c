/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's Instagram as a client meets it: both logins, publishing, refusals. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

START_TEST(dialog_echoes_state_byte_for_byte)
{
	CLEANUP(client_answer_done) struct answer a = client_dialog(SCOPES, "sandbox_auto=approve");

	ck_assert_int_eq((int)a.status, 302);
	ck_assert_ptr_nonnull(strstr(a.location, "&state=s%2F1%2B%20x#_=_"));
}
END_TEST

START_TEST(dialog_denied_tells_so)
{
	CLEANUP(client_answer_done) struct answer a = client_dialog(SCOPES, "sandbox_auto=deny");

	ck_assert_ptr_nonnull(strstr(a.location, "?error=access_denied&error_code=200"));
	ck_assert_ptr_null(strstr(a.location, "code=AQ"));
}
END_TEST

START_TEST(dialog_refuses_foreign_redirect_and_scope)
{
	CLEANUP(client_answer_done)
	struct answer a = client_ask(
		"GET",
		client_url(
			"/instagram/v25.0/dialog/oauth?client_id=1234567890&scope=instagram_basic&"
			"redirect_uri=https%%3A%%2F%%2Fevil.example%%2Fintegrations%%2Finstagram%%"
			"2Fcallback"
			"&sandbox_auto=approve"),
		NULL, "");
	CLEANUP(client_answer_done)
	struct answer b = client_dialog("instagram_business_basic", "sandbox_auto=approve");

	ck_assert_int_eq((int)a.status, 400);
	ck_assert_ptr_nonnull(strstr(a.body.p, "URL Blocked"));
	ck_assert_int_eq((int)b.status, 400);
	ck_assert_ptr_nonnull(strstr(b.body.p, "Invalid Scopes"));
}
END_TEST

START_TEST(consent_page_lets_the_person_choose)
{
	CLEANUP(client_answer_done) struct answer page = client_dialog(SCOPES, "x=1");
	CLEANUP(client_answer_done)
	struct answer granted = { 0 }, brief = { 0 }, seen = { 0 }, may = { 0 };
	const char *at = page.body.p != NULL ? strstr(page.body.p, "name=\"ask\" value=\"") : NULL;
	char form[1024];

	ck_assert_ptr_nonnull(at);
	at += 18;
	snprintf(form, sizeof(form),
		 "ask=%.*s&decision=allow&user=10220000000000001&"
		 "scope=instagram_basic&scope=pages_show_list&account=102900000000002",
		 (int)strcspn(at, "\""), at);
	granted = client_ask("POST", client_url("/instagram/sandbox/consent"), form, "");
	brief = client_exchange(client_code(granted.location), REDIRECT);
	seen = client_ask("GET", client_url("/instagram/v25.0/me/accounts?fields=id"), NULL,
			  client_text(&brief, "access_token"));
	ck_assert_uint_eq(json_array_size(json_object_get(seen.json, "data")), 1);
	may = client_ask("GET", client_url("/instagram/v25.0/me/permissions"), NULL,
			 client_text(&brief, "access_token"));
	ck_assert_ptr_nonnull(
		strstr(may.body.p, "\"instagram_content_publish\",\"status\":\"declined\""));
}
END_TEST

START_TEST(code_is_single_use_and_bound_to_its_redirect)
{
	CLEANUP(client_answer_done)
	struct answer granted = client_dialog(SCOPES, "sandbox_auto=approve");
	const char *code = client_code(granted.location);
	CLEANUP(client_answer_done)
	struct answer other = client_exchange(code, "https://127.0.0.1/x");
	CLEANUP(client_answer_done) struct answer first = client_exchange(code, REDIRECT);
	CLEANUP(client_answer_done) struct answer again = client_exchange(code, REDIRECT);

	ck_assert_int_eq(client_error(&other, "error_subcode"), 36008);
	ck_assert_int_eq((int)first.status, 200);
	ck_assert_int_eq(client_error(&again, "error_subcode"), 36009);
}
END_TEST

START_TEST(tokens_end_with_the_clock)
{
	CLEANUP(client_answer_done) struct answer before = client_node("me", "id"), after = { 0 };

	client_control("clock", "{\"advance_s\":5200000}");
	after = client_node("me", "id");
	ck_assert_int_eq((int)before.status, 200);
	ck_assert_int_eq(client_error(&after, "code"), 190);
	ck_assert_int_eq(client_error(&after, "error_subcode"), 463);
}
END_TEST

START_TEST(accounts_follow_pages_and_businesses)
{
	CLEANUP(client_answer_done)
	struct answer a = client_ask(
		"GET",
		client_url("/instagram/v25.0/me/accounts?limit=2&fields=id,access_token,tasks,"
			   "instagram_business_account%%7Bid,username%%7D"),
		NULL, NULL);
	CLEANUP(client_answer_done)
	struct answer owned = client_ask(
		"GET", client_url("/instagram/v25.0/770000000000001/owned_pages?fields=id"), NULL,
		NULL);
	CLEANUP(client_answer_done)
	struct answer wrong =
		client_ask("GET",
			   client_url("/instagram/v25.0/me/"
				      "accounts?fields=instagram_business_account%%7Bnope%%7D"),
			   NULL, NULL);
	CLEANUP(client_answer_done)
	struct answer next = client_ask(
		"GET",
		json_string_value(json_object_get(json_object_get(a.json, "paging"), "next")), NULL,
		NULL);

	ck_assert_uint_eq(json_array_size(json_object_get(a.json, "data")), 2);
	ck_assert_ptr_nonnull(strstr(a.body.p, "\"username\":\"acmebakery\""));
	ck_assert_uint_eq(json_array_size(json_object_get(next.json, "data")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(owned.json, "data")), 1);
	ck_assert_int_eq(client_error(&wrong, "code"), 100);
	ck_assert_ptr_nonnull(strcasestr(a.headers.p, "x-app-usage: {"));
}
END_TEST

START_TEST(image_is_published_once)
{
	const char *c =
		client_created("image_url=@/jpg/1080/1350&caption=Fresh%20bread&alt_text=Loaf");
	CLEANUP(client_answer_done)
	struct answer first = client_publish(c), again = client_publish(c), status = { 0 };
	CLEANUP(client_answer_done)
	struct answer media =
		client_node(client_text(&first, "id"), "permalink,media_product_type,timestamp");
	CLEANUP(client_answer_done)
	struct answer list = client_ask(
		"GET", client_url("/instagram/v25.0/" IG "/media?fields=id,caption"), NULL, NULL);

	ck_assert_int_eq((int)first.status, 200);
	ck_assert_int_eq(client_error(&again, "error_subcode"), 2207006);
	status = client_node(c, "status_code");
	ck_assert_str_eq(client_text(&status, "status_code"), "PUBLISHED");
	ck_assert_str_eq(client_text(&media, "media_product_type"), "FEED");
	ck_assert_uint_eq(json_array_size(json_object_get(list.json, "data")), 1);
	ck_assert_uint_eq(client_truth("\"caption\":\"Fresh bread\""), 1);
}
END_TEST

START_TEST(publish_before_finished_is_refused)
{
	const char *c;
	CLEANUP(client_answer_done) struct answer a = { 0 };

	client_control("config", "{\"image_delay_ms\":60000}");
	c = client_created("image_url=@/jpg/1080/1080");
	a = client_publish(c);
	ck_assert_int_eq(client_error(&a, "code"), 9007);
	ck_assert_int_eq(client_error(&a, "error_subcode"), 2207027);
	ck_assert_uint_eq(client_truth("created"), 0);
}
END_TEST

START_TEST(container_expires_after_a_day)
{
	const char *c = client_created("image_url=@/jpg/1080/1080");
	CLEANUP(client_answer_done) struct answer a = { 0 };

	client_control("clock", "{\"advance_s\":86400}");
	client_wait(c, "EXPIRED");
	a = client_publish(c);
	ck_assert_int_eq(client_error(&a, "error_subcode"), 2207008);
}
END_TEST

START_TEST(carousel_takes_finished_children_only)
{
	const char *one = client_created("image_url=@/jpg/1080/1080&is_carousel_item=true");
	const char *two = client_created(
		"video_url=@/mp4/5/1080/1920&media_type=VIDEO&is_carousel_item=true");
	CLEANUP(client_answer_done) struct answer lone = { 0 }, live = { 0 }, child = { 0 };
	char form[128];

	snprintf(form, sizeof(form), "media_type=CAROUSEL&children=%s", one);
	lone = client_create(IG, form);
	ck_assert_int_eq(client_error(&lone, "error_subcode"), 2207028);
	client_wait(two, "FINISHED");
	child = client_publish(one);
	ck_assert_int_eq(client_error(&child, "code"), 100);
	snprintf(form, sizeof(form), "media_type=CAROUSEL&children=[\"%s\",\"%s\"]&caption=both",
		 one, two);
	live = client_publish(client_created(form));
	ck_assert_int_eq((int)live.status, 200);
	ck_assert_uint_eq(client_truth("\"kind\":\"carousel\""), 1);
}
END_TEST

START_TEST(reel_and_story_read_back_as_such)
{
	const char *reel = client_created("media_type=REELS&video_url=@/mp4/5/1080/1920&caption=r");
	const char *story = client_created("media_type=STORIES&image_url=@/jpg/1080/1920");
	CLEANUP(client_answer_done)
	struct answer a = { 0 }, b = { 0 }, as = { 0 }, stories = { 0 }, gone = { 0 };

	client_wait(reel, "FINISHED");
	a = client_publish(reel);
	b = client_publish(story);
	as = client_node(client_text(&a, "id"), "media_type,media_product_type");
	ck_assert_str_eq(client_text(&as, "media_type"), "VIDEO");
	ck_assert_str_eq(client_text(&as, "media_product_type"), "REELS");
	stories = client_ask("GET", client_url("/instagram/v25.0/" IG "/stories"), NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(stories.json, "data")), 1);
	client_control("clock", "{\"advance_s\":86401}");
	gone = client_ask("GET", client_url("/instagram/v25.0/" IG "/stories"), NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(gone.json, "data")), 0);
}
END_TEST

START_TEST(video_that_cannot_be_used_ends_in_error)
{
	CLEANUP(client_answer_done) struct answer a = { 0 };
	const char *brief = client_created("media_type=REELS&video_url=@/mp4/2/1080/1920");
	const char *gone = client_created("media_type=REELS&video_url=@/nowhere");

	client_wait(brief, "ERROR");
	client_wait(gone, "ERROR");
	a = client_node(gone, "status");
	ck_assert_ptr_nonnull(strstr(client_text(&a, "status"), "2207077"));
}
END_TEST

/* clang-format off */
static const struct { const char *form; int code, subcode; } refused[] = {
	{ "image_url=@/nowhere",                               9004,  2207052 },
	{ "image_url=@/moved",                                 9004,  2207052 },
	{ "image_url=@/mp4/5/100/100",                         9004,  2207052 },
	{ "image_url=@/jpg/%C3%BC",                            9004,  2207052 },
	{ "image_url=@/png",                                   36001, 2207005 },
	{ "image_url=@/big",                                   36000, 2207004 },
	{ "image_url=@/jpg/1080/1351",                         36003, 2207009 },
	{ "image_url=@/jpg/1920/1000",                         36003, 2207009 },
	{ "image_url=@/jpg/1080/1080&media_type=PHOTO",        100,   2207023 },
	{ "video_url=@/mp4/5/1080/1920&media_type=VIDEO",      100,   2207023 },
	{ "media_type=REELS",                                  100,   0 },
	{ "caption=nothing",                                   100,   0 },
	{ "image_url=@/jpg/9/9&is_carousel_item=true&caption=x", 100, 0 },
	{ "image_url=@/jpg/9/9&is_carousel_item=true&is_ai_generated=true", 100, 0 },
	{ "media_type=STORIES&image_url=@/jpg/9/9&caption=x",  100,   0 },
	{ "image_url=@/jpg/9/9&user_tags=[{\"username\":\"a\"}]", 100, 2207036 },
	{ "image_url=@/jpg/9/9&collaborators=[\"a\",\"b\",\"c\",\"d\"]", 100, 0 },
	{ "media_type=REELS&video_url=@/mp4/5/9/9&thumb_offset=-1", 1, 2207057 },
	{ "media_type=CAROUSEL&children=1,2",                  24,    2207008 },
};
/* clang-format on */

START_TEST(create_refuses_what_the_platform_refuses)
{
	CLEANUP(client_answer_done) struct answer a = client_create(IG, refused[_i].form);

	ck_assert_msg(client_error(&a, "code") == refused[_i].code &&
			      client_error(&a, "error_subcode") == refused[_i].subcode,
		      "%s: %s", refused[_i].form, buf_str(&a.body));
}
END_TEST

START_TEST(caption_counts_utf16_units)
{
	char form[8192];
	size_t n = (size_t)snprintf(form, sizeof(form), "image_url=@/jpg/1080/1080&caption=");

	for (int i = 0; i < 1100; i++) /* each is two units */
		n += (size_t)snprintf(form + n, sizeof(form) - n, "\xF0\x9F\x8D\x9E");
	client_created(form);
	snprintf(form + n, sizeof(form) - n, "x");
	{
		CLEANUP(client_answer_done) struct answer a = client_create(IG, form);

		ck_assert_int_eq(client_error(&a, "error_subcode"), 2207010);
	}
}
END_TEST

START_TEST(rights_are_checked)
{
	CLEANUP(client_answer_done)
	struct answer none = { 0 }, foreign = { 0 }, bad = { 0 }, weak = { 0 };

	none = client_ask("POST", client_url("/instagram/v25.0/" IG "/media"), "image_url=x", "");
	ck_assert_int_eq(client_error(&none, "code"), 104);
	bad = client_ask("POST", client_url("/instagram/v25.0/" IG "/media"), "image_url=x",
			 "EAABnope");
	ck_assert_int_eq(client_error(&bad, "code"), 190);
	client_control("world",
		       "{\"platform\":\"instagram\",\"accounts\":[{\"id\":\"17841400009999999\","
		       "\"username\":\"stranger\"}]}");
	foreign = client_create("17841400009999999", "image_url=@/jpg/1080/1080");
	ck_assert_int_eq(client_error(&foreign, "error_subcode"), 33);
	client_connect(BASE_SCOPES ",instagram_content_publish",
		       "sandbox_auto=approve&sandbox_scopes=" BASE_SCOPES);
	weak = client_create(IG, "image_url=@/jpg/1080/1080");
	ck_assert_int_eq(client_error(&weak, "code"), 10);
}
END_TEST

START_TEST(quota_ends_at_its_total)
{
	CLEANUP(client_answer_done) struct answer one = { 0 }, two = { 0 }, usage = { 0 };

	client_control("config", "{\"quota_total\":1}");
	one = client_publish(client_created("image_url=@/jpg/1080/1080"));
	two = client_publish(client_created("image_url=@/jpg/1080/1080"));
	ck_assert_int_eq((int)one.status, 200);
	ck_assert_int_eq(client_error(&two, "error_subcode"), 2207042);
	usage = client_ask(
		"GET",
		client_url("/instagram/v25.0/" IG "/content_publishing_limit?fields=quota_usage"),
		NULL, NULL);
	ck_assert_ptr_nonnull(strstr(usage.body.p, "\"quota_usage\":1"));
}
END_TEST

START_TEST(instagram_login_publishes_without_a_page)
{
	CLEANUP(client_answer_done)
	struct answer granted = client_ask(
		"GET",
		client_url("/instagram/oauth/authorize?client_id=1234567890&redirect_uri=" REDIRECT
			   "&response_type=code&state=q&sandbox_auto=approve&sandbox_user=" IG
			   "&scope="
			   "instagram_business_basic,instagram_business_content_publish"),
		NULL, "");
	CLEANUP(client_answer_done)
	struct answer brief = { 0 }, again = { 0 }, lasting = { 0 }, me = { 0 }, early = { 0 },
		      fresh = { 0 }, live = { 0 };
	char form[1024], lasting_token[256];

	snprintf(form, sizeof(form),
		 "client_id=1234567890&client_secret=sandbox-secret&grant_type="
		 "authorization_code&redirect_uri=" REDIRECT "&code=%s",
		 client_code(granted.location));
	brief = client_ask("POST", client_url("/instagram/oauth/access_token"), form, "");
	again = client_ask("POST", client_url("/instagram/oauth/access_token"), form, "");
	ck_assert_ptr_nonnull(strstr(brief.body.p, "\"user_id\":" IG ","));
	ck_assert_str_eq(client_text(&again, "error_message"),
			 "This authorization code has been used");
	lasting = client_ask("GET",
			     client_url("/instagram/access_token?grant_type=ig_exchange_token&"
					"client_secret=sandbox-secret&access_token=%s",
					client_text(&brief, "access_token")),
			     NULL, "");
	snprintf(lasting_token, sizeof(lasting_token), "%s", client_text(&lasting, "access_token"));
	me = client_ask("GET",
			client_url("/instagram/v25.0/me?fields=user_id,username,account_type"),
			NULL, lasting_token);
	ck_assert_str_eq(client_text(&me, "user_id"), IG);
	ck_assert_str_ne(client_text(&me, "id"), IG);
	early = client_ask("GET",
			   client_url("/instagram/refresh_access_token?grant_type=ig_refresh_token&"
				      "access_token=%s",
				      lasting_token),
			   NULL, "");
	ck_assert_int_eq((int)early.status, 400);
	client_control("clock", "{\"advance_s\":90000}");
	fresh = client_ask("GET",
			   client_url("/instagram/refresh_access_token?grant_type=ig_refresh_token&"
				      "access_token=%s",
				      lasting_token),
			   NULL, "");
	snprintf(client.token, sizeof(client.token), "%s", client_text(&fresh, "access_token"));
	live = client_publish(client_created("image_url=@/jpg/1080/1080"));
	ck_assert_int_eq((int)live.status, 200);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ dialog_echoes_state_byte_for_byte, 0 },
		{ dialog_denied_tells_so, 0 },
		{ dialog_refuses_foreign_redirect_and_scope, 0 },
		{ consent_page_lets_the_person_choose, 0 },
		{ code_is_single_use_and_bound_to_its_redirect, 0 },
		{ tokens_end_with_the_clock, 0 },
		{ accounts_follow_pages_and_businesses, 0 },
		{ image_is_published_once, 0 },
		{ publish_before_finished_is_refused, 0 },
		{ container_expires_after_a_day, 0 },
		{ carousel_takes_finished_children_only, 0 },
		{ reel_and_story_read_back_as_such, 0 },
		{ video_that_cannot_be_used_ends_in_error, 0 },
		{ create_refuses_what_the_platform_refuses, (int)ARRAY_LEN(refused) },
		{ caption_counts_utf16_units, 0 },
		{ rights_are_checked, 0 },
		{ quota_ends_at_its_total, 0 },
		{ instagram_login_publishes_without_a_page, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_instagram",
		.setup = client_setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

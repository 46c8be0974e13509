/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what on the sandbox's YouTube: consent, tokens, scopes, channels, quotas. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "sandbox_youtube_client.h"
#include "support/suite.h"

#define RESUME  "uploadType=resumable&part=snippet,status"
#define PRIVATE "{\"privacyStatus\":\"private\"}"
#define MINE    "channels?part=id,contentDetails&mine=true"

static struct answer refresh(const char *token)
{
	char form[600];

	snprintf(form, sizeof(form), "grant_type=refresh_token&refresh_token=%s", token);
	return yt_token_call(form);
}

static struct answer revoke(const char *token)
{
	char form[600];

	snprintf(form, sizeof(form), "token=%s", token);
	return client_ask("POST", client_url("/youtube/revoke"), form, "");
}

START_TEST(refresh_token_comes_with_offline_and_consent_alone)
{
	static const struct {
		const char *more;
		bool comes;
	} asks[] = {
		{ "access_type=online&prompt=consent&sandbox_auto=approve", false },
		{ "access_type=offline&sandbox_auto=approve", false }, /* not the first consent */
		{ YT_LASTING, true },
		{ "access_type=offline&sandbox_auto=approve&sandbox_user=" YT_STUDIO, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		CLEANUP(client_answer_done) struct answer a = yt_connect(YT_ALL, asks[i].more);

		ck_assert_int_eq((int)a.status, 200);
		ck_assert_msg((client_text(&a, "refresh_token")[0] != '\0') == asks[i].comes, "%s",
			      asks[i].more);
	}
}
END_TEST

START_TEST(refresh_does_not_rotate)
{
	CLEANUP(client_answer_done) struct answer a = yt_connect(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done) struct answer one = refresh(client_text(&a, "refresh_token"));
	CLEANUP(client_answer_done) struct answer two = refresh(client_text(&a, "refresh_token"));

	ck_assert_int_eq((int)two.status, 200);
	ck_assert_str_eq(client_text(&one, "refresh_token"), "");
	ck_assert_str_ne(client_text(&one, "access_token"), client_text(&two, "access_token"));
	client_control("faults", "{\"platform\":\"youtube\",\"point\":\"token.invalid_grant\"}");
	CLEANUP(client_answer_done) struct answer bad = refresh(client_text(&a, "refresh_token"));

	ck_assert_int_eq((int)bad.status, 400);
	ck_assert_str_eq(client_text(&bad, "error"), "invalid_grant");
}
END_TEST

static const char verifier[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static struct answer exchange_with(const char *more_of_dialog, const char *more)
{
	char dialog[300];

	snprintf(dialog, sizeof(dialog), YT_LASTING "&%s", more_of_dialog);
	CLEANUP(client_answer_done) struct answer granted = yt_dialog(YT_ALL, dialog);

	return yt_exchange(client_code(granted.location), more);
}

START_TEST(code_is_bound_to_verifier_and_redirect_and_works_once)
{
	static const char challenge[] =
		"code_challenge_method=S256&code_challenge="
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; /* RFC 7636, appendix B */
	char more[100];

	snprintf(more, sizeof(more), "code_verifier=%s", verifier);
	CLEANUP(client_answer_done) struct answer ok = exchange_with(challenge, more);
	CLEANUP(client_answer_done) struct answer none = exchange_with(challenge, "");

	more[20] = 'x';
	CLEANUP(client_answer_done) struct answer wrong = exchange_with(challenge, more);
	CLEANUP(client_answer_done)
	struct answer elsewhere = exchange_with("", "redirect_uri=http%3A%2F%2F127.0.0.1%2F");
	CLEANUP(client_answer_done) struct answer granted = yt_dialog(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done)
	struct answer first = yt_exchange(client_code(granted.location), "");
	CLEANUP(client_answer_done)
	struct answer again = yt_exchange(client_code(granted.location), "");

	ck_assert_int_eq((int)ok.status, 200);
	ck_assert_str_eq(client_text(&none, "error"), "invalid_grant");
	ck_assert_str_eq(client_text(&wrong, "error"), "invalid_grant");
	ck_assert_str_eq(client_text(&elsewhere, "error"), "redirect_uri_mismatch");
	ck_assert_int_eq((int)first.status, 200);
	ck_assert_str_eq(client_text(&again, "error"), "invalid_grant");
}
END_TEST

START_TEST(wrong_question_stays_on_the_page)
{
	static const char *const asks[] = {
		"redirect_uri=http%3A%2F%2Fexample.com%2F",
		"client_id=1",
		"response_type=token",
		"scope=everything",
		"access_type=always",
		"prompt=maybe",
		"code_challenge=short",
	};

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		CLEANUP(client_answer_done) struct answer a = yt_dialog(YT_ALL, asks[i]);

		ck_assert_msg(a.status == 400, "%s: %ld", asks[i], a.status);
	}
	CLEANUP(client_answer_done) struct answer deny = yt_dialog(YT_ALL, "sandbox_auto=deny");
	CLEANUP(client_answer_done) struct answer page = yt_dialog(YT_ALL, "");

	ck_assert_ptr_nonnull(strstr(deny.location, "error=access_denied&state=s1"));
	ck_assert_int_eq((int)page.status, 200);
	ck_assert_ptr_nonnull(strstr(buf_str(&page.body), "Acme Studio (Alex Baker)"));
}
END_TEST

START_TEST(oldest_refresh_token_goes_when_there_are_too_many)
{
	client_control("world", "{\"platform\":\"youtube\",\"refresh_cap\":2}");
	CLEANUP(client_answer_done) struct answer one = yt_connect(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done)
	struct answer two = yt_connect(YT_ALL, YT_LASTING "&sandbox_user=" YT_STUDIO);
	CLEANUP(client_answer_done) struct answer three = yt_connect(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done)
	struct answer dead = refresh(client_text(&one, "refresh_token"));
	CLEANUP(client_answer_done)
	struct answer alive = refresh(client_text(&two, "refresh_token"));

	ck_assert_str_eq(client_text(&dead, "error"), "invalid_grant");
	ck_assert_int_eq((int)alive.status, 200);
}
END_TEST

START_TEST(app_in_testing_ends_after_a_week)
{
	client_control("world", "{\"platform\":\"youtube\",\"testing\":true}");
	CLEANUP(client_answer_done) struct answer a = yt_connect(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done) struct answer now = refresh(client_text(&a, "refresh_token"));

	client_control("clock", "{\"advance_s\":604801}");
	CLEANUP(client_answer_done) struct answer late = refresh(client_text(&a, "refresh_token"));

	ck_assert_int_eq((int)now.status, 200);
	ck_assert_str_eq(client_text(&late, "error"), "invalid_grant");
}
END_TEST

START_TEST(revoking_either_token_ends_all_that_the_person_gave)
{
	CLEANUP(client_answer_done)
	struct answer other = yt_connect(YT_ALL, YT_LASTING "&sandbox_user=" YT_STUDIO);
	CLEANUP(client_answer_done) struct answer a = yt_connect(YT_ALL, YT_LASTING);
	CLEANUP(client_answer_done) struct answer gone = revoke(yt_token);
	CLEANUP(client_answer_done) struct answer again = revoke(yt_token);
	CLEANUP(client_answer_done)
	struct answer dead = refresh(client_text(&other, "refresh_token"));
	CLEANUP(client_answer_done) struct answer seen = yt_get(MINE);

	ck_assert_int_eq((int)gone.status, 200);
	ck_assert_int_eq((int)again.status, 400);
	ck_assert_str_eq(client_text(&again, "error"), "invalid_token");
	ck_assert_str_eq(client_text(&dead, "error"), "invalid_grant");
	ck_assert_str_eq(yt_reason(&seen), "authError");
}
END_TEST

START_TEST(scope_is_checked_at_every_method)
{
	const char *headers[] = { "Content-Type: application/json", NULL };
	CLEANUP(client_answer_done) struct answer a = yt_connect(YT_SCOPE_UPLOAD, YT_LASTING);
	CLEANUP(client_answer_done) struct answer mine = yt_get(MINE);
	CLEANUP(client_answer_done) struct answer list = yt_get("videos?part=id&id=x");
	CLEANUP(client_answer_done)
	struct answer edit = yt_send("PUT", client_url("/youtube/youtube/v3/videos?part=status"),
				     yt_token, headers, "{}", 2);
	CLEANUP(client_answer_done)
	struct answer open = yt_open(RESUME, 5000, YT_META("t", PRIVATE));

	ck_assert_str_eq(yt_reason(&mine), "insufficientPermissions");
	ck_assert_int_eq((int)mine.status, 403);
	ck_assert_str_eq(yt_reason(&list), "insufficientPermissions");
	ck_assert_str_eq(yt_reason(&edit), "insufficientPermissions");
	ck_assert_int_eq((int)open.status, 200);
}
END_TEST

START_TEST(person_without_a_channel_uploads_nothing)
{
	CLEANUP(client_answer_done)
	struct answer a = yt_connect(YT_ALL, YT_LASTING "&sandbox_user=" YT_NOBODY);
	CLEANUP(client_answer_done) struct answer mine = yt_get(MINE);
	CLEANUP(client_answer_done)
	struct answer open = yt_open(RESUME, 5000, YT_META("t", PRIVATE));

	ck_assert_int_eq((int)mine.status, 200);
	ck_assert_ptr_null(json_object_get(mine.json, "items"));
	ck_assert_int_eq((int)open.status, 401);
	ck_assert_str_eq(yt_reason(&open), "youtubeSignupRequired");
}
END_TEST

START_TEST(channel_names_its_uploads)
{
	CLEANUP(client_answer_done) struct answer a = yt_get(MINE);
	CLEANUP(client_answer_done) struct answer none = yt_get("channels?part=id");
	CLEANUP(client_answer_done)
	struct answer kinds = yt_get("videoCategories?part=snippet&regionCode=US");

	ck_assert_str_eq(yt_member(yt_item(&a, 0), "id"), "UCAcmeBakery000000000001");
	ck_assert_str_eq(yt_member(yt_item(&a, 0), "contentDetails.relatedPlaylists.uploads"),
			 "UUAcmeBakery000000000001");
	ck_assert_str_eq(yt_reason(&none), "missingRequiredParameter");
	ck_assert_str_eq(yt_member(yt_item(&kinds, 0), "snippet.title"), "Film & Animation");
}
END_TEST

/* Advances the clock to so many seconds before midnight of the Pacific coast. */
static void clock_to_pacific_midnight(int64_t before_s)
{
	CLEANUP(client_answer_done)
	struct answer a = client_ask("GET", client_url("/_control/state"), NULL, "");
	int64_t now_s = json_integer_value(json_object_get(a.json, "now_us")) / 1000000;
	const int64_t winter_s = 4102444800; /* 2100-01-01T00:00:00Z, 16:00 the day before there */
	char json[80];

	snprintf(json, sizeof(json), "{\"advance_s\":%lld}",
		 (long long)(winter_s + 8L * 3600 - before_s - now_s));
	client_control("clock", json);
}

START_TEST(quota_of_inserts_begins_anew_at_pacific_midnight)
{
	static const int wanted[] = { 200, 400, 403 }; /* a refused call has cost one too */

	client_control("world", "{\"platform\":\"youtube\",\"insert_quota\":2}");
	clock_to_pacific_midnight(120);
	CLEANUP(client_answer_done) struct answer again = yt_connect(YT_ALL, YT_LASTING);

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		CLEANUP(client_answer_done)
		struct answer a = yt_open(RESUME, 5000, i == 1 ? "{}" : YT_META("t", PRIVATE));

		ck_assert_int_eq((int)a.status, wanted[i]);
		if (wanted[i] == 403)
			ck_assert_str_eq(yt_reason(&a), "quotaExceeded");
	}
	CLEANUP(client_answer_done) struct answer reads = yt_get(MINE);

	ck_assert_int_eq((int)reads.status, 200); /* another bucket */
	client_control("clock", "{\"advance_s\":130}");
	CLEANUP(client_answer_done)
	struct answer next = yt_open(RESUME, 5000, YT_META("t", PRIVATE));

	ck_assert_int_eq((int)next.status, 200);
}
END_TEST

START_TEST(units_are_spent_by_their_price)
{
	const char *headers[] = { "Content-Type: application/json", NULL };
	const char *url = client_url("/youtube/youtube/v3/videos?part=status");

	client_control("world", "{\"platform\":\"youtube\",\"unit_quota\":52}");
	CLEANUP(client_answer_done) struct answer one = yt_get(MINE);
	CLEANUP(client_answer_done)
	struct answer edit = yt_send("PUT", url, yt_token, headers, "{}", 2);
	CLEANUP(client_answer_done) struct answer two = yt_get(MINE);
	CLEANUP(client_answer_done) struct answer three = yt_get(MINE);

	ck_assert_int_eq((int)one.status, 200);
	ck_assert_int_eq((int)edit.status, 404);
	ck_assert_int_eq((int)two.status, 200);
	ck_assert_str_eq(yt_reason(&three), "quotaExceeded");
}
END_TEST

START_TEST(channel_takes_so_many_a_day)
{
	client_control("world", "{\"platform\":\"youtube\",\"upload_cap\":1}");
	yt_published(YT_META("t", PRIVATE), 5000);
	CLEANUP(client_answer_done)
	struct answer a = yt_open(RESUME, 5000, YT_META("t", PRIVATE));

	ck_assert_int_eq((int)a.status, 400);
	ck_assert_str_eq(yt_reason(&a), "uploadLimitExceeded");
}
END_TEST

START_TEST(planned_refusal_has_the_words_of_its_rule)
{
	client_control("faults", "{\"platform\":\"youtube\",\"point\":\"api.error\",\"params\":{"
				 "\"reason\":\"uploadRateLimitExceeded\"},\"match\":{\"endpoint\":"
				 "\"channels\"}}");
	CLEANUP(client_answer_done) struct answer a = yt_get(MINE);
	CLEANUP(client_answer_done) struct answer b = yt_get(MINE);

	ck_assert_int_eq((int)a.status, 429);
	ck_assert_str_eq(yt_reason(&a), "uploadRateLimitExceeded");
	ck_assert_int_eq((int)b.status, 200);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ refresh_token_comes_with_offline_and_consent_alone, 0 },
		{ refresh_does_not_rotate, 0 },
		{ code_is_bound_to_verifier_and_redirect_and_works_once, 0 },
		{ wrong_question_stays_on_the_page, 0 },
		{ oldest_refresh_token_goes_when_there_are_too_many, 0 },
		{ app_in_testing_ends_after_a_week, 0 },
		{ revoking_either_token_ends_all_that_the_person_gave, 0 },
		{ scope_is_checked_at_every_method, 0 },
		{ person_without_a_channel_uploads_nothing, 0 },
		{ channel_names_its_uploads, 0 },
		{ quota_of_inserts_begins_anew_at_pacific_midnight, 0 },
		{ units_are_spent_by_their_price, 0 },
		{ channel_takes_so_many_a_day, 0 },
		{ planned_refusal_has_the_words_of_its_rule, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_youtube_login",
		.setup = yt_setup,
		.teardown = yt_teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's Pinterest as a client meets it: consent, tokens, boards, pins, refusals. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

#define BOARD "549755885175"
#define PIN_REDIRECT \
	"https%3A%2F%2F127.0.0.1%3A8443%2Fapi%2Fv1%2Fintegrations%2Fpinterest%2Fcallback"
#define PIN_SCOPES "boards:read,boards:write,pins:read,pins:write,user_accounts:read"

static size_t take(char *p, size_t one, size_t n, void *cls)
{
	buf_add(cls, p, one * n);
	return one * n;
}

static json_t *token_call(const char *form, const char *basic, long *ret_status)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, client_url("/pinterest/v5/oauth/token"));
	curl_easy_setopt(curl, CURLOPT_USERPWD, basic);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	return json_loads(buf_str(&body), 0, NULL);
}

static char access_token[256], refresh_token[256];

static const char *new_code(const char *scopes, const char *more)
{
	CLEANUP(client_answer_done)
	struct answer a =
		client_ask("GET",
			   client_url("/pinterest/oauth/?client_id=1234567890&response_type=code"
				      "&redirect_uri="
				      "%s"
				      "&scope=%s&state=s1&%s",
				      PIN_REDIRECT, scopes, more),
			   NULL, "");
	static char code[256];
	const char *at = strstr(a.location, "code=");

	ck_assert_int_eq((int)a.status, 302);
	snprintf(code, sizeof(code), "%.*s", at != NULL ? (int)strcspn(at + 5, "&") : 0,
		 at != NULL ? at + 5 : "");
	return code;
}

static json_t *exchange(const char *code, long *ret_status)
{
	char form[1024];

	snprintf(form, sizeof(form), "grant_type=authorization_code&code=%s&redirect_uri=%s", code,
		 PIN_REDIRECT);
	return token_call(form, "1234567890:sandbox-secret", ret_status);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

static void connect_with(const char *scopes)
{
	long status = 0;
	json_t *tokens = exchange(new_code(scopes, "sandbox_auto=approve"), &status);

	ck_assert_int_eq((int)status, 200);
	snprintf(access_token, sizeof(access_token), "%s", text_of(tokens, "access_token"));
	snprintf(refresh_token, sizeof(refresh_token), "%s", text_of(tokens, "refresh_token"));
	json_decref(tokens);
}

static void pin_setup(void)
{
	client_setup();
	connect_with(PIN_SCOPES);
}

static struct answer ask(const char *method, const char *path, const char *json)
{
	return client_ask(method, client_url("/pinterest/v5%s", path), json, access_token);
}

static int code_of(const struct answer *a)
{
	return (int)json_integer_value(json_object_get(a->json, "code"));
}

START_TEST(tokens_rotate_and_codes_work_once)
{
	const char *code = new_code(PIN_SCOPES, "sandbox_auto=approve");
	long first = 0, again = 0, wrong = 0, turned = 0, late = 0;
	char form[600];
	json_t *a = exchange(code, &first), *b = exchange(code, &again), *c, *d, *e;

	ck_assert_int_eq((int)first, 200);
	ck_assert_int_eq((int)again, 400);
	snprintf(form, sizeof(form), "grant_type=refresh_token&refresh_token=%s", refresh_token);
	c = token_call(form, "1234567890:nope", &wrong);
	d = token_call(form, "1234567890:sandbox-secret", &turned);
	ck_assert_int_eq((int)wrong, 401);
	ck_assert_int_eq((int)turned, 200);
	ck_assert_str_ne(text_of(d, "refresh_token"), refresh_token);
	client_control("clock", "{\"advance_s\":61}");
	e = token_call(form, "1234567890:sandbox-secret", &late);
	ck_assert_int_eq((int)late, 401);
	json_decref(a);
	json_decref(b);
	json_decref(c);
	json_decref(d);
	json_decref(e);
}
END_TEST

START_TEST(deny_and_unticked_scopes_are_told)
{
	CLEANUP(client_answer_done) struct answer user = { 0 };

	ck_assert_str_eq(new_code(PIN_SCOPES, "sandbox_auto=deny"), "");
	connect_with("user_accounts:read");
	user = ask("GET", "/user_account", NULL);
	ck_assert_int_eq((int)user.status, 200);
	ck_assert_str_eq(client_text(&user, "id"), "2783136121146311751");
}
END_TEST

START_TEST(boards_are_paged_by_a_bookmark_even_when_empty)
{
	CLEANUP(client_answer_done) struct answer one = ask("GET", "/boards?page_size=2", NULL);
	CLEANUP(client_answer_done) struct answer two = { 0 }, empty = { 0 }, bad = { 0 };

	ck_assert_uint_eq(json_array_size(json_object_get(one.json, "items")), 2);
	ck_assert_str_eq(client_text(&one, "bookmark"), "=2|/v5/boards+");
	two = ask("GET", "/boards?page_size=2&bookmark=%3D2%7C%2Fv5%2Fboards%2B", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(two.json, "items")), 2);
	ck_assert(json_is_null(json_object_get(two.json, "bookmark")));
	bad = ask("GET", "/boards?bookmark=x", NULL);
	ck_assert_int_eq((int)bad.status, 400);
	client_control("faults", "{\"platform\":\"pinterest\",\"point\":\"boards.empty_page\"}");
	empty = ask("GET", "/boards", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(empty.json, "items")), 0);
	ck_assert_str_ne(client_text(&empty, "bookmark"), "");
}
END_TEST

/* What the real one refuses, whoever asks. */
static const struct {
	const char *json;
	int status, code;
} pins[] = {
	{ "{\"board_id\":\"x\"}", 400, 1 },
	{ "{\"board_id\":\"549999999999\",\"media_source\":{}}", 404, 40 },
	{ "{\"board_id\":\"" BOARD "\"}", 400, 1 },
	{ "{\"board_id\":\"" BOARD "\",\"colour\":\"red\"}", 400, 1 },
	{ "{\"board_id\":\"" BOARD "\",\"board_section_id\":\"1\"}", 404, 2031 },
	{ "{\"board_id\":\"" BOARD "\",\"media_source\":{\"source_type\":\"image_base64\","
	  "\"content_type\":\"image/jpeg\",\"data\":\"data:image/jpeg;base64,AAAA\"}}",
	  400, 1 },
	{ "{\"board_id\":\"" BOARD "\",\"media_source\":{\"source_type\":\"image_base64\","
	  "\"content_type\":\"image/gif\",\"data\":\"AAAA\"}}",
	  400, 1 },
	{ "{\"board_id\":\"" BOARD "\",\"media_source\":{\"source_type\":\"image_base64\","
	  "\"content_type\":\"image/jpeg\",\"data\":\"AAAA\"}}",
	  400, 1 },
	{ "{\"board_id\":\"" BOARD "\",\"media_source\":{\"source_type\":\"multiple_image_urls\","
	  "\"items\":[{\"url\":\"http://127.0.0.1/\"}]}}",
	  400, 1 },
	{ "{\"board_id\":\"" BOARD
	  "\",\"media_source\":{\"source_type\":\"video_id\",\"media_id\":\"1\"}}",
	  400, 1 },
	{ "{\"board_id\":\"" BOARD
	  "\",\"media_source\":{\"source_type\":\"video_id\",\"media_id\":\"1\","
	  "\"cover_image_key_frame_time\":0}}",
	  404, 404 },
	{ "{\"board_id\":\"" BOARD "\",\"media_source\":{\"source_type\":\"image_url\","
	  "\"url\":\"http://127.0.0.1:1/x.jpg\"}}",
	  400, 1 },
};

START_TEST(wrong_pin_is_refused)
{
	CLEANUP(client_answer_done) struct answer a = ask("POST", "/pins", pins[_i].json);

	ck_assert_int_eq((int)a.status, pins[_i].status);
	ck_assert_int_eq(code_of(&a), pins[_i].code);
	ck_assert_uint_eq(client_truth("created"), 0);
}
END_TEST

START_TEST(fetched_pin_is_listed_newest_first_and_never_deduplicated)
{
	CLEANUP(client_answer_done)
	struct answer a = { 0 }, again = { 0 }, seen = { 0 }, saved = { 0 };
	char json[600];

	client_control("config", "{\"listing_lag_ms\":0}");
	snprintf(json, sizeof(json),
		 "{\"board_id\":\"" BOARD
		 "\",\"description\":\"d\",\"media_source\":{\"source_type\":"
		 "\"image_url\",\"url\":\"%s/jpg/600/900\"}}",
		 client.media_url);
	a = ask("POST", "/pins", json);
	ck_assert_msg(a.status == 201, "%s", buf_str(&a.body));
	again = ask("POST", "/pins", json);
	ck_assert_str_ne(client_text(&a, "id"), client_text(&again, "id"));
	ck_assert_uint_eq(strlen(client_text(&a, "created_at")), 19);
	seen = ask("GET", "/boards/" BOARD "/pins", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(seen.json, "items")), 2);
	ck_assert_str_eq(text_of(json_array_get(json_object_get(seen.json, "items"), 0), "id"),
			 client_text(&again, "id"));
	snprintf(json, sizeof(json), "/pins/%s/save", client_text(&a, "id"));
	saved = ask("POST", json, "board_id=549755885176");
	ck_assert_str_eq(client_text(&saved, "parent_pin_id"), client_text(&a, "id"));
	ck_assert_uint_eq(client_truth("\"platform\":\"pinterest\""), 3);
}
END_TEST

/* Pins, their texts and section, boards that the API made, uploads. */
START_TEST(restart_forgets_nothing)
{
	CLEANUP(client_answer_done)
	struct answer pin = { 0 }, seen = { 0 }, media = { 0 }, state = { 0 }, board = { 0 },
		      listed = { 0 }, again = { 0 };
	const json_t *first;
	char json[600], path[100];

	client_control("config", "{\"listing_lag_ms\":0}");
	board = ask("POST", "/boards", "name=New");
	ck_assert_int_eq((int)board.status, 201);
	snprintf(json, sizeof(json),
		 "{\"board_id\":\"" BOARD
		 "\",\"board_section_id\":\"549755885901\",\"title\":\"T\",\"description\":\"d\","
		 "\"media_source\":{\"source_type\":\"image_url\",\"url\":\"%s/jpg/600/900\"}}",
		 client.media_url);
	pin = ask("POST", "/pins", json);
	ck_assert_int_eq((int)pin.status, 201);
	media = ask("POST", "/media", "media_type=video");
	ck_assert_int_eq((int)media.status, 201);
	sandbox_server_stop(client.sandbox);
	ck_assert_int_eq(sandbox_server_start("127.0.0.1:0", client.folder, "", &client.sandbox),
			 0);
	seen = ask("GET", "/boards/" BOARD "/sections/549755885901/pins", NULL);
	first = json_array_get(json_object_get(seen.json, "items"), 0);
	ck_assert_str_eq(text_of(first, "id"), client_text(&pin, "id"));
	ck_assert_str_eq(text_of(first, "title"), "T");
	ck_assert_str_eq(text_of(first, "description"), "d");
	ck_assert_str_eq(text_of(first, "board_id"), BOARD);
	ck_assert_str_eq(text_of(json_object_get(first, "media"), "media_type"), "image");
	snprintf(path, sizeof(path), "/media/%s", client_text(&media, "media_id"));
	state = ask("GET", path, NULL);
	ck_assert_str_eq(client_text(&state, "status"), "registered");
	snprintf(path, sizeof(path), "/boards/%s", client_text(&board, "id"));
	again = ask("GET", path, NULL);
	ck_assert_str_eq(client_text(&again, "name"), "New");
	listed = ask("GET", "/pins", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(listed.json, "items")), 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ tokens_rotate_and_codes_work_once, 0 },
		{ deny_and_unticked_scopes_are_told, 0 },
		{ boards_are_paged_by_a_bookmark_even_when_empty, 0 },
		{ wrong_pin_is_refused, (int)(sizeof(pins) / sizeof(*pins)) },
		{ fetched_pin_is_listed_newest_first_and_never_deduplicated, 0 },
		{ restart_forgets_nothing, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_pinterest",
		.setup = pin_setup,
		.teardown = client_teardown,
		.timeout_s = 30,
		.cases = cases,
	});
}

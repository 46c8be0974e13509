/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's Mastodon server as a client meets it: uploads, statuses, keys, lists, refusals. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

/* In formats. */
#define CALLBACK \
	"https%%3A%%2F%%2F127.0.0.1%%3A8443%%2Fapi%%2Fv1%%2Fintegrations%%2Fmastodon%%2Fcallback"
#define USER "109348684286123001"
#define JPEG "\xff\xd8\xff\xe0 0123456"
#define WEBM "\x1a\x45\xdf\xa3 0123456"

static char token[256];

static void connect_with(const char *scopes, const char *user)
{
	char form[1200];

	CLEANUP(client_answer_done)
	struct answer asked = client_ask(
		"GET",
		client_url("/mastodon/oauth/authorize?response_type=code&client_id=1234567890&"
			   "redirect_uri=" CALLBACK "&scope=%s&state=s&sandbox_auto=approve&"
			   "sandbox_user=%s",
			   scopes, user),
		NULL, "");
	const char *code = strstr(asked.location, "code=");

	ck_assert_msg(code != NULL, "%s", buf_str(&asked.body));
	snprintf(form, sizeof(form),
		 "grant_type=authorization_code&client_id=1234567890&client_secret=sandbox-secret&"
		 "redirect_uri=" CALLBACK "&code=%.*s",
		 (int)strcspn(code + 5, "&"), code + 5);
	CLEANUP(client_answer_done)
	struct answer given = client_ask("POST", client_url("/mastodon/oauth/token"), form, "");
	snprintf(token, sizeof(token), "%s", client_text(&given, "access_token"));
	ck_assert_msg(*token, "%s", buf_str(&given.body));
}

static void setup(void)
{
	client_setup();
	client_control("config", "{\"listing_lag_ms\":0}");
	client_control("apps",
		       "{\"platform\":\"mastodon\",\"redirect_uris\":[\"https://127.0.0.1:8443"
		       "/api/v1/integrations/mastodon/callback\"]}");
	connect_with("read%20write", USER);
}

static struct answer ask(const char *method, const char *path, const char *json)
{
	return client_ask(method, client_url("/mastodon%s", path), json, token);
}

static CURL *curl_with_token(struct curl_slist **ret_headers)
{
	CURL *curl = curl_easy_init();
	char line[400];

	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	*ret_headers = curl_slist_append(NULL, line);
	return curl;
}

/* description NULL: none */
static struct answer upload(const char *bytes, size_t n, const char *description)
{
	struct curl_slist *headers;
	CURL *curl = curl_with_token(&headers);
	curl_mime *form = curl_mime_init(curl);
	curl_mimepart *part = curl_mime_addpart(form);
	struct answer a;

	curl_mime_name(part, "file");
	curl_mime_filename(part, "a.bin");
	curl_mime_data(part, bytes, n);
	if (description != NULL) {
		part = curl_mime_addpart(form);
		curl_mime_name(part, "description");
		curl_mime_data(part, description, CURL_ZERO_TERMINATED);
	}
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
	a = client_perform(curl, "POST", client_url("/mastodon/api/v2/media"), headers);
	curl_mime_free(form);
	return a;
}

static const char *uploaded(void)
{
	CLEANUP(client_answer_done) struct answer a = upload(JPEG, 12, "A loaf");
	static char id[32];

	ck_assert_int_eq((int)a.status, 200);
	ck_assert_str_eq(client_text(&a, "type"), "image");
	ck_assert_str_eq(client_text(&a, "description"), "A loaf");
	snprintf(id, sizeof(id), "%s", client_text(&a, "id"));
	return id;
}

static struct answer post_keyed(const char *json, const char *key)
{
	struct curl_slist *headers;
	CURL *curl = curl_with_token(&headers);
	char line[100];

	snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
	headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
	return client_perform(curl, "POST", client_url("/mastodon/api/v1/statuses"), headers);
}

/* The id of a status with that JSON. */
static const char *posted(const char *json)
{
	CLEANUP(client_answer_done) struct answer a = ask("POST", "/api/v1/statuses", json);
	static char id[32];

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	snprintf(id, sizeof(id), "%s", client_text(&a, "id"));
	return id;
}

static const struct {
	const char *json;
	int status;
	const char *words;
} refusals[] = {
	{ "{\"status\":\"\"}", 422, "can't be blank" },
	{ "{}", 422, "can't be blank" },
	{ "{\"status\":\" \\n \"}", 422, "can't be blank" },
	{ "{\"status\":7}", 422, "invalid" },
	{ "{\"status\":\"0123456789\"}", 422, "limit of 9 exceeded" },
	{ "{\"status\":\"01234567\",\"spoiler_text\":\"89\"}", 422, "limit of 9 exceeded" },
	{ "{\"status\":\"a\",\"visibility\":\"friends\"}", 422, "Visibility" },
	{ "{\"status\":\"a\",\"in_reply_to_id\":\"7\"}", 404, "does not appear to exist" },
	{ "{\"status\":\"a\",\"media_ids\":[\"7\"]}", 422, "not found or already attached" },
	{ "{\"status\":\"a\",\"media_ids\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}", 422, "more than 4" },
	{ "{\"status\":\"a\",\"poll\":{\"options\":[\"a\"],\"expires_in\":300}}", 422,
	  "more than one item" },
	{ "{\"status\":\"a\",\"poll\":{\"options\":[\"a\",\"b\"],\"expires_in\":299}}", 422,
	  "expires" },
	{ "[]", 400, "JSON" },
	{ "{", 400, "JSON" },
};

START_TEST(wrong_status_is_refused)
{
	CLEANUP(client_answer_done) struct answer a = { 0 };

	client_control("world", "{\"platform\":\"mastodon\",\"max_characters\":9}");
	a = ask("POST", "/api/v1/statuses", refusals[_i].json);
	ck_assert_int_eq((int)a.status, refusals[_i].status);
	ck_assert_msg(strstr(client_text(&a, "error"), refusals[_i].words) != NULL, "%s",
		      buf_str(&a.body));
	ck_assert_uint_eq(client_truth("\"created\""), 0);
}
END_TEST

/* As the server shows them to readers, and to their author. */
static const struct {
	const char *json, *content, *warning, *text;
} shown[] = {
	{ "{\"status\":\" Bread & <b> \"}", "<p>Bread &#38; &#60;b&#62;</p>", "", "Bread & <b>" },
	{ "{\"status\":\"one\\ntwo\\n\\nthree\"}", "<p>one<br />two</p><p>three</p>", "",
	  "one\ntwo\n\nthree" },
	{ "{\"status\":\"text\",\"spoiler_text\":\"crumbs\"}", "<p>text</p>", "crumbs", "text" },
	/* A warning alone becomes the text. */
	{ "{\"spoiler_text\":\"crumbs\"}", "<p>crumbs</p>", "", "crumbs" },
};

START_TEST(status_is_shown_as_the_server_shows_it)
{
	CLEANUP(client_answer_done) struct answer a = { 0 }, source = { 0 };
	char path[100];
	const char *id = posted(shown[_i].json);

	snprintf(path, sizeof(path), "/api/v1/statuses/%s", id);
	a = ask("GET", path, NULL);
	ck_assert_str_eq(client_text(&a, "content"), shown[_i].content);
	ck_assert_str_eq(client_text(&a, "spoiler_text"), shown[_i].warning);
	ck_assert_str_eq(client_text(&a, "visibility"), "public");
	snprintf(path, sizeof(path), "/api/v1/statuses/%s/source", id);
	source = ask("GET", path, NULL);
	ck_assert_str_eq(client_text(&source, "text"), shown[_i].text);
}
END_TEST

START_TEST(links_mentions_and_tags_become_markup)
{
	CLEANUP(client_answer_done)
	struct answer a = ask("POST", "/api/v1/statuses",
			      "{\"status\":\"@baker@far.example see "
			      "https://a.example/a/very/long/path/that/is/cut #bread.\"}");
	const char *content = client_text(&a, "content");

	ck_assert_ptr_nonnull(strstr(content, "@<span>baker</span>"));
	ck_assert_ptr_null(strstr(content, "baker@far.example"));
	ck_assert_ptr_nonnull(
		strstr(content, "href=\"https://a.example/a/very/long/path/that/is/cut\""));
	ck_assert_ptr_nonnull(strstr(content, "<span class=\"invisible\">https://</span>"));
	ck_assert_ptr_nonnull(strstr(content, "#<span>bread</span></a>."));
}
END_TEST

START_TEST(length_is_counted_in_characters_of_readers)
{
	CLEANUP(client_answer_done) struct answer link = { 0 }, mention = { 0 }, long_ = { 0 };

	client_control("world", "{\"platform\":\"mastodon\",\"max_characters\":23}");
	link = ask("POST", "/api/v1/statuses",
		   "{\"status\":\"https://a.example/a/very/long/path/that/is/not/counted\"}");
	mention = ask("POST", "/api/v1/statuses",
		      "{\"status\":\"@baker@a.very.long.name.of.a.host.example\"}");
	long_ = ask("POST", "/api/v1/statuses", "{\"status\":\"https://a.example/ x\"}");
	ck_assert_int_eq((int)link.status, 200);
	ck_assert_int_eq((int)mention.status, 200);
	ck_assert_int_eq((int)long_.status, 422);
}
END_TEST

START_TEST(key_answers_with_what_it_made)
{
	CLEANUP(client_answer_done)
	struct answer first = post_keyed("{\"status\":\"once\"}", "k1"), again = { 0 },
		      other = { 0 }, late = { 0 }, blind = { 0 }, blinder = { 0 };

	again = post_keyed("{\"status\":\"twice\"}", "k1");
	other = post_keyed("{\"status\":\"other\"}", "k2");
	ck_assert_int_eq((int)again.status, 200);
	ck_assert_str_eq(client_text(&again, "id"), client_text(&first, "id"));
	ck_assert_str_ne(client_text(&other, "id"), client_text(&first, "id"));
	ck_assert_uint_eq(client_truth("\"created\""), 2);
	client_control("clock", "{\"advance_s\":3601}");
	late = post_keyed("{\"status\":\"late\"}", "k1");
	ck_assert_str_ne(client_text(&late, "id"), client_text(&first, "id"));
	/* As compatible servers do. */
	client_control("world", "{\"platform\":\"mastodon\",\"ignores_keys\":true}");
	blind = post_keyed("{\"status\":\"blind\"}", "k3");
	blinder = post_keyed("{\"status\":\"blind\"}", "k3");
	ck_assert_str_ne(client_text(&blind, "id"), client_text(&blinder, "id"));
	ck_assert_uint_eq(client_truth("\"created\""), 5);
}
END_TEST

START_TEST(upload_is_attached_once)
{
	CLEANUP(client_answer_done) struct answer again = { 0 }, gone = { 0 };
	char json[100], path[100];

	snprintf(path, sizeof(path), "/api/v1/media/%s", uploaded());
	snprintf(json, sizeof(json), "{\"media_ids\":[\"%s\"]}", strrchr(path, '/') + 1);
	(void)posted(json);
	again = ask("POST", "/api/v1/statuses", json);
	ck_assert_int_eq((int)again.status, 422);
	gone = ask("GET", path, NULL);
	ck_assert_int_eq((int)gone.status, 404);
	ck_assert_uint_eq(client_truth("\\\"alt_texts\\\":[\\\"A loaf\\\"]"), 1);
}
END_TEST

START_TEST(what_moves_is_worked_on_first)
{
	CLEANUP(client_answer_done)
	struct answer a = { 0 }, early = { 0 }, half = { 0 }, whole = { 0 };
	char json[100], path[100];

	client_control("config", "{\"video_delay_ms\":60000}");
	a = upload(WEBM, 12, NULL);
	ck_assert_int_eq((int)a.status, 202);
	ck_assert(json_is_null(json_object_get(a.json, "url")));
	snprintf(path, sizeof(path), "/api/v1/media/%s", client_text(&a, "id"));
	snprintf(json, sizeof(json), "{\"media_ids\":[\"%s\"]}", client_text(&a, "id"));
	half = ask("GET", path, NULL);
	early = ask("POST", "/api/v1/statuses", json);
	ck_assert_int_eq((int)half.status, 206);
	ck_assert_int_eq((int)early.status, 422);
	ck_assert_ptr_nonnull(strstr(client_text(&early, "error"), "not finished processing"));
	client_control("clock", "{\"advance_s\":61}");
	whole = ask("GET", path, NULL);
	ck_assert_int_eq((int)whole.status, 200);
	(void)posted(json);
}
END_TEST

START_TEST(wrong_file_is_refused)
{
	CLEANUP(client_answer_done)
	struct answer text = upload("just words", 10, NULL), none = { 0 };

	none = ask("POST", "/api/v2/media", "{}");
	ck_assert_int_eq((int)text.status, 422);
	ck_assert_ptr_nonnull(strstr(client_text(&text, "error"), "content type is invalid"));
	ck_assert_int_eq((int)none.status, 422);
}
END_TEST

START_TEST(list_is_paged_from_the_newest)
{
	CLEANUP(client_answer_done) struct answer first = { 0 }, rest = { 0 }, tops = { 0 };
	char ids[3][32], path[160], json[120];

	for (int i = 0; i < 3; i++) {
		snprintf(json, sizeof(json), "{\"status\":\"n%d\"%s%s%s}", i,
			 i == 2 ? ",\"in_reply_to_id\":\"" : "", i == 2 ? ids[0] : "",
			 i == 2 ? "\"" : "");
		snprintf(ids[i], sizeof(ids[i]), "%s", posted(json));
	}
	first = ask("GET", "/api/v1/accounts/" USER "/statuses?limit=2", NULL);
	ck_assert_uint_eq(json_array_size(first.json), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(first.json, 0), "id")),
			 ids[2]);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(first.json, 0), "in_reply_to_id")),
		ids[0]);
	snprintf(path, sizeof(path), "/api/v1/accounts/" USER "/statuses?max_id=%s", ids[1]);
	rest = ask("GET", path, NULL);
	ck_assert_uint_eq(json_array_size(rest.json), 1);
	tops = ask("GET", "/api/v1/accounts/" USER "/statuses?exclude_replies=true", NULL);
	ck_assert_uint_eq(json_array_size(tops.json), 2);
}
END_TEST

START_TEST(statuses_are_limited_in_three_hours)
{
	CLEANUP(client_answer_done) struct answer a = { 0 };

	client_control("world", "{\"platform\":\"mastodon\",\"statuses_limit\":1}");
	(void)posted("{\"status\":\"one\"}");
	a = ask("POST", "/api/v1/statuses", "{\"status\":\"two\"}");
	ck_assert_int_eq((int)a.status, 429);
	ck_assert_ptr_nonnull(strstr(buf_str(&a.headers), "X-RateLimit-Remaining: 0"));
	ck_assert_ptr_nonnull(strstr(buf_str(&a.headers), "X-RateLimit-Reset: 20"));
	client_control("clock", "{\"advance_s\":10801}");
	(void)posted("{\"status\":\"three\"}");
}
END_TEST

START_TEST(scope_is_needed_and_the_part_of_one_does)
{
	CLEANUP(client_answer_done) struct answer post = { 0 }, list = { 0 }, none = { 0 };

	connect_with("write:media%20read:statuses", "109348684286123002");
	post = ask("POST", "/api/v1/statuses", "{\"status\":\"a\"}");
	list = ask("GET", "/api/v1/accounts/" USER "/statuses", NULL);
	none = client_ask("GET", client_url("/mastodon/api/v1/accounts/" USER "/statuses"), NULL,
			  "wrong");
	ck_assert_int_eq((int)post.status, 403);
	ck_assert_int_eq((int)list.status, 200);
	ck_assert_int_eq((int)none.status, 401);
}
END_TEST

START_TEST(instance_tells_its_limits)
{
	CLEANUP(client_answer_done) struct answer now = { 0 }, old = { 0 }, none = { 0 };
	const json_t *statuses;

	client_control("world", "{\"platform\":\"mastodon\",\"max_characters\":1234}");
	now = client_ask("GET", client_url("/mastodon/api/v2/instance"), NULL, "");
	statuses = json_object_get(json_object_get(now.json, "configuration"), "statuses");
	ck_assert_int_eq(json_integer_value(json_object_get(statuses, "max_characters")), 1234);
	client_control("world", "{\"platform\":\"mastodon\",\"old\":true}");
	none = client_ask("GET", client_url("/mastodon/api/v2/instance"), NULL, "");
	old = client_ask("GET", client_url("/mastodon/api/v1/instance"), NULL, "");
	ck_assert_int_eq((int)none.status, 404);
	ck_assert_ptr_nonnull(json_object_get(old.json, "configuration"));
}
END_TEST

START_TEST(deleted_status_is_gone)
{
	CLEANUP(client_answer_done) struct answer first = { 0 }, again = { 0 }, page = { 0 };
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/statuses/%s", posted("{\"status\":\"brief\"}"));
	first = ask("DELETE", path, NULL);
	again = ask("GET", path, NULL);
	page = ask("GET", "/@acmebakery/1", NULL);
	ck_assert_int_eq((int)first.status, 200);
	ck_assert_int_eq((int)again.status, 404);
	ck_assert_int_eq((int)page.status, 404);
	ck_assert_uint_eq(client_truth("\"deleted\""), 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ wrong_status_is_refused, (int)ARRAY_LEN(refusals) },
		{ status_is_shown_as_the_server_shows_it, (int)ARRAY_LEN(shown) },
		{ links_mentions_and_tags_become_markup, 0 },
		{ length_is_counted_in_characters_of_readers, 0 },
		{ key_answers_with_what_it_made, 0 },
		{ upload_is_attached_once, 0 },
		{ what_moves_is_worked_on_first, 0 },
		{ wrong_file_is_refused, 0 },
		{ list_is_paged_from_the_newest, 0 },
		{ statuses_are_limited_in_three_hours, 0 },
		{ scope_is_needed_and_the_part_of_one_does, 0 },
		{ instance_tells_its_limits, 0 },
		{ deleted_status_is_gone, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_mastodon",
		.setup = setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

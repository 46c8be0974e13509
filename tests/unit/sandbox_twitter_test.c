/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's X as a client meets it: consent, rotating tokens, uploads, posts, refusals. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

#define X_REDIRECT "https%3A%2F%2F127.0.0.1%3A8443%2Fapi%2Fv1%2Fintegrations%2Ftwitter%2Fcallback"
#define X_SCOPES   "tweet.read%20tweet.write%20users.read%20media.write%20offline.access"
#define APP        "1234567890:sandbox-secret"
#define USER       "2244994945"
/* Their S256 is made with the verifier below. */
#define VERIFIER   "sandbox-verifier-0123456789-0123456789-0123456789"

static char access_token[256], refresh_token[256];

static size_t take(char *p, size_t one, size_t n, void *cls)
{
	buf_add(cls, p, one * n);
	return one * n;
}

/* Basic NULL: none; type NULL: a form's. The caller frees. */
static json_t *call(const char *path, const char *body, const char *basic, const char *type,
		    long *ret_status)
{
	CLEANUP(buf_done) struct buf got = BUF_INIT;
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	char line[128];

	snprintf(line, sizeof(line), "Content-Type: %s",
		 type != NULL ? type : "application/x-www-form-urlencoded");
	headers = curl_slist_append(headers, line);
	curl_easy_setopt(curl, CURLOPT_URL, client_url("/twitter%s", path));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (basic != NULL)
		curl_easy_setopt(curl, CURLOPT_USERPWD, basic);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
	ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return json_loads(buf_str(&got), 0, NULL);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

static struct answer dialog(const char *client_id, const char *redirect, const char *more)
{
	return client_ask("GET",
			  client_url("/twitter/i/oauth2/authorize?response_type=code&client_id=%s&"
				     "redirect_uri=%s&scope=%s&state=s1&code_challenge=" VERIFIER
				     "&code_challenge_method=plain&%s",
				     client_id, redirect, X_SCOPES, more),
			  NULL, "");
}

static const char *new_code(const char *more)
{
	CLEANUP(client_answer_done)
	struct answer a = dialog("1234567890", X_REDIRECT, more);
	static char code[256];
	const char *at = strstr(a.location, "code=");

	ck_assert_int_eq((int)a.status, 302);
	ck_assert_ptr_nonnull(strstr(a.location, "state=s1"));
	snprintf(code, sizeof(code), "%.*s", at != NULL ? (int)strcspn(at + 5, "&") : 0,
		 at != NULL ? at + 5 : "");
	return code;
}

static json_t *exchange(const char *code, const char *verifier, const char *basic, long *ret_status)
{
	char form[1024];

	snprintf(form, sizeof(form),
		 "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s", code,
		 X_REDIRECT, verifier);
	return call("/2/oauth2/token", form, basic, NULL, ret_status);
}

static void connect_with(const char *more)
{
	long status = 0;
	json_t *tokens = exchange(new_code(more), VERIFIER, APP, &status);

	ck_assert_int_eq((int)status, 200);
	snprintf(access_token, sizeof(access_token), "%s", text_of(tokens, "access_token"));
	snprintf(refresh_token, sizeof(refresh_token), "%s", text_of(tokens, "refresh_token"));
	ck_assert_int_eq(json_integer_value(json_object_get(tokens, "expires_in")), 7200);
	json_decref(tokens);
}

static void x_setup(void)
{
	client_setup();
	connect_with("sandbox_auto=approve&sandbox_user=" USER);
}

/* json NULL: GET */
static struct answer ask(const char *method, const char *path, const char *json)
{
	return client_ask(method, client_url("/twitter%s", path), json, access_token);
}

static json_t *refresh(const char *token, long *ret_status)
{
	char form[600];

	snprintf(form, sizeof(form), "grant_type=refresh_token&refresh_token=%s", token);
	return call("/2/oauth2/token", form, APP, NULL, ret_status);
}

static const char *detail(const struct answer *a)
{
	const json_t *first = json_array_get(json_object_get(a->json, "errors"), 0);

	return *text_of(first, "message") ? text_of(first, "message") : client_text(a, "detail");
}

static const char *data_id(const struct answer *a)
{
	return text_of(json_object_get(a->json, "data"), "id");
}

START_TEST(wrong_question_never_redirects)
{
	CLEANUP(client_answer_done)
	struct answer app = dialog("1", X_REDIRECT, ""), back = { 0 }, plain = { 0 };

	back = dialog("1234567890", "https%3A%2F%2Fevil.example%2F", "");
	plain = client_ask("GET",
			   client_url("/twitter/i/oauth2/authorize?response_type=code&client_id="
				      "1234567890&redirect_uri=%s&scope=tweet.read&state=s",
				      X_REDIRECT),
			   NULL, "");
	ck_assert_int_eq((int)app.status, 400);
	ck_assert_int_eq((int)back.status, 400);
	ck_assert_int_eq((int)plain.status, 400);
	ck_assert_str_eq(back.location, "");
}
END_TEST

START_TEST(denied_consent_says_so)
{
	CLEANUP(client_answer_done)
	struct answer a = dialog("1234567890", X_REDIRECT, "sandbox_auto=deny");

	ck_assert_int_eq((int)a.status, 302);
	ck_assert_ptr_nonnull(strstr(a.location, "error=access_denied"));
	ck_assert_ptr_null(strstr(a.location, "code="));
}
END_TEST

START_TEST(code_works_once_for_thirty_seconds_and_its_verifier)
{
	const char *more = "sandbox_auto=approve&sandbox_user=" USER;
	char code[256];
	long status[5] = { 0 };
	json_t *got[5];

	snprintf(code, sizeof(code), "%s", new_code(more));
	got[0] = exchange(code, VERIFIER, APP, &status[0]);
	got[1] = exchange(code, VERIFIER, APP, &status[1]);
	got[2] = exchange(new_code(more), "another-verifier-0123456789-0123456789-01234", APP,
			  &status[2]);
	got[3] = exchange(new_code(more), VERIFIER, NULL, &status[3]);
	snprintf(code, sizeof(code), "%s", new_code(more));
	client_control("clock", "{\"advance_s\":31}");
	got[4] = exchange(code, VERIFIER, APP, &status[4]);
	ck_assert_int_eq((int)status[0], 200);
	ck_assert_int_eq((int)status[1], 400);
	ck_assert_ptr_nonnull(strstr(text_of(got[1], "error_description"), "authorization code"));
	ck_assert_int_eq((int)status[2], 400);
	ck_assert_ptr_nonnull(strstr(text_of(got[2], "error_description"), "code verifier"));
	ck_assert_int_eq((int)status[3], 401);
	ck_assert_str_eq(text_of(got[3], "error"), "unauthorized_client");
	ck_assert_int_eq((int)status[4], 400);
	for (size_t i = 0; i < 5; i++)
		json_decref(got[i]);
}
END_TEST

START_TEST(refresh_token_works_once_and_reuse_is_counted)
{
	CLEANUP(client_answer_done) struct answer me = { 0 }, state = { 0 };
	long first = 0, again = 0;
	json_t *a = refresh(refresh_token, &first), *c = refresh(refresh_token, &again);

	ck_assert_int_eq((int)first, 200);
	ck_assert_str_ne(text_of(a, "refresh_token"), refresh_token);
	ck_assert_int_eq((int)again, 400);
	ck_assert_ptr_nonnull(strstr(text_of(c, "error_description"), "for the token"));
	state = client_ask("GET", client_url("/_control/state"), NULL, "");
	ck_assert_int_eq(
		json_integer_value(json_object_get(
			json_object_get(json_object_get(state.json, "platforms"), "twitter"),
			"refresh_reuses")),
		1);
	snprintf(access_token, sizeof(access_token), "%s", text_of(a, "access_token"));
	me = ask("GET", "/2/users/me", NULL);
	ck_assert_int_eq((int)me.status, 200);
	ck_assert_str_eq(data_id(&me), USER);
	json_decref(a);
	json_decref(c);
}
END_TEST

START_TEST(access_ends_by_time_and_by_revocation)
{
	CLEANUP(client_answer_done) struct answer revoked = { 0 }, old = { 0 };
	char form[300];
	long status = 0;
	json_t *done;

	snprintf(form, sizeof(form), "token=%s", access_token);
	done = call("/2/oauth2/revoke", form, APP, NULL, &status);
	ck_assert_int_eq((int)status, 200);
	ck_assert(json_is_true(json_object_get(done, "revoked")));
	revoked = ask("GET", "/2/users/me", NULL);
	ck_assert_int_eq((int)revoked.status, 401);
	ck_assert_str_eq(client_text(&revoked, "type"), "about:blank");
	connect_with("sandbox_auto=approve&sandbox_user=" USER);
	client_control("clock", "{\"advance_s\":7201}");
	old = ask("GET", "/2/users/me", NULL);
	ck_assert_int_eq((int)old.status, 401);
	json_decref(done);
}
END_TEST

/* An upload of one segment, by multipart as X has it; "" where it is refused. */
static long upload_part(const char *id, const char *index, const char *bytes, size_t n)
{
	CLEANUP(buf_done) struct buf got = BUF_INIT;
	CURL *curl = curl_easy_init();
	curl_mime *form = curl_mime_init(curl);
	curl_mimepart *part = curl_mime_addpart(form);
	struct curl_slist *headers = NULL;
	char line[400];
	long status = 0;

	snprintf(line, sizeof(line), "Authorization: Bearer %s", access_token);
	headers = curl_slist_append(headers, line);
	curl_mime_name(part, "segment_index");
	curl_mime_data(part, index, CURL_ZERO_TERMINATED);
	part = curl_mime_addpart(form);
	curl_mime_name(part, "media");
	curl_mime_filename(part, "seg");
	curl_mime_data(part, bytes, n);
	curl_easy_setopt(curl, CURLOPT_URL, client_url("/twitter/2/media/upload/%s/append", id));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
	ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_mime_free(form);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return status;
}

#define JPEG "\xff\xd8\xff\xe0 0123456"

static const char *begin(const char *json)
{
	CLEANUP(client_answer_done)
	struct answer a = ask("POST", "/2/media/upload/initialize", json);
	static char id[32];

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	snprintf(id, sizeof(id), "%s", data_id(&a));
	return id;
}

static struct answer finalize(const char *id, const char *json)
{
	char path[100];

	snprintf(path, sizeof(path), "/2/media/upload/%s/finalize", id);
	return ask("POST", path, json);
}

static const char *image(void)
{
	const char *id = begin("{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
			       "\"total_bytes\":12}");
	CLEANUP(client_answer_done) struct answer a = { 0 };

	ck_assert_int_eq((int)upload_part(id, "0", JPEG, 12), 200);
	a = finalize(id, "{}");
	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	return id;
}

static const struct {
	const char *json, *words;
} initializes[] = {
	{ "{\"media_type\":\"image/tga\",\"media_category\":\"tweet_image\",\"total_bytes\":1}",
	  "unrecognized" },
	{ "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_video\",\"total_bytes\":1}",
	  "does not fit" },
	{ "{\"media_type\":\"image/"
	  "jpeg\",\"media_category\":\"tweet_image\",\"total_bytes\":5242881}",
	  "exceeds" },
	{ "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\",\"total_bytes\":0}",
	  "total_bytes" },
	{ "{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\",\"total_bytes\":1,"
	  "\"more\":1}",
	  "not defined in the schema" },
	{ "[]", "must be a JSON object" },
};

START_TEST(wrong_upload_is_refused_at_its_start)
{
	CLEANUP(client_answer_done)
	struct answer a = ask("POST", "/2/media/upload/initialize", initializes[_i].json);

	ck_assert_int_eq((int)a.status, 400);
	ck_assert_msg(strstr(detail(&a), initializes[_i].words), "%s", buf_str(&a.body));
}
END_TEST

START_TEST(upload_must_be_whole_and_what_it_says)
{
	CLEANUP(client_answer_done)
	struct answer half = { 0 }, bare = { 0 }, fake = { 0 }, twice = { 0 }, status = { 0 };
	char id[32], path[100];

	snprintf(id, sizeof(id), "%s",
		 begin("{\"media_type\":\"image/jpeg\",\"media_category\":\"tweet_image\","
		       "\"total_bytes\":24}"));
	ck_assert_int_eq((int)upload_part(id, "1", JPEG, 12), 200);
	half = finalize(id, "{}");
	ck_assert_ptr_nonnull(strstr(detail(&half), "do not add up"));
	/* The same segment again replaces itself. */
	ck_assert_int_eq((int)upload_part(id, "1", JPEG, 12), 200);
	ck_assert_int_eq((int)upload_part(id, "0", "no jpeg here", 12), 200);
	ck_assert_int_eq((int)upload_part(id, "1000", JPEG, 12), 400);
	bare = finalize(id, "");
	ck_assert_int_eq((int)bare.status, 400);
	fake = finalize(id, "{}");
	ck_assert_ptr_nonnull(strstr(detail(&fake), "unrecognized"));
	snprintf(id, sizeof(id), "%s", image());
	twice = finalize(id, "{}");
	ck_assert_int_eq((int)twice.status, 400);
	snprintf(path, sizeof(path), "/2/media/upload?command=STATUS&media_id=%s", id);
	status = ask("GET", path, NULL);
	ck_assert_int_eq((int)status.status, 400);
}
END_TEST

START_TEST(gif_is_processed_by_the_clock_and_ends_after_a_day)
{
	CLEANUP(client_answer_done)
	struct answer done = { 0 }, early = { 0 }, seen = { 0 }, late = { 0 };
	char id[32], path[100], json[200];

	client_control("config", "{\"video_delay_ms\":60000}");
	snprintf(id, sizeof(id), "%s",
		 begin("{\"media_type\":\"image/gif\",\"media_category\":\"tweet_gif\","
		       "\"total_bytes\":6}"));
	ck_assert_int_eq((int)upload_part(id, "0", "GIF89a", 6), 200);
	done = finalize(id, "{}");
	ck_assert_str_eq(
		text_of(json_object_get(json_object_get(done.json, "data"), "processing_info"),
			"state"),
		"pending");
	snprintf(json, sizeof(json), "{\"media\":{\"media_ids\":[\"%s\"]}}", id);
	early = ask("POST", "/2/tweets", json);
	ck_assert_str_eq(detail(&early), "Your media IDs are invalid.");
	client_control("clock", "{\"advance_s\":61}");
	snprintf(path, sizeof(path), "/2/media/upload?command=STATUS&media_id=%s", id);
	seen = ask("GET", path, NULL);
	ck_assert_str_eq(
		text_of(json_object_get(json_object_get(seen.json, "data"), "processing_info"),
			"state"),
		"succeeded");
	client_control("clock", "{\"advance_s\":86400}");
	connect_with("sandbox_auto=approve&sandbox_user=" USER);
	late = ask("POST", "/2/tweets", json);
	ck_assert_str_eq(detail(&late), "Your media IDs are invalid.");
}
END_TEST

/* What the real one refuses, whoever asks. */
static const struct {
	const char *json;
	int status;
	const char *words;
} tweets[] = {
	{ "{}", 400, "text is empty" },
	{ "{\"text\":7}", 400, "string expected" },
	{ "{\"text\":\"x\",\"colour\":1}", 400, "not defined in the schema" },
	{ "{\"text\":\"$AA $BB\"}", 400, "cashtag" },
	{ "{\"text\":\"x\",\"media\":{\"media_ids\":[]}}", 400, "minimum of 1" },
	{ "{\"text\":\"x\",\"media\":{\"media_ids\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}}", 400,
	  "maximum of 4" },
	{ "{\"text\":\"x\",\"media\":{\"media_ids\":[\"1\"]}}", 400, "media IDs are invalid" },
	{ "{\"text\":\"x\",\"reply\":{}}", 400, "is missing" },
	{ "{\"text\":\"x\",\"reply\":{\"in_reply_to_tweet_id\":\"1\"}}", 404, "Could not find" },
	{ "{\"text\":\"x\",\"quote_tweet_id\":\"1\"}", 403, "not permitted to perform" },
	{ "{\"text\":\"x\",\"reply_settings\":\"everyone\"}", 400, "enumeration" },
	{ "{\"text\":\"x\",\"poll\":{\"options\":[\"a\"],\"duration_minutes\":5}}", 400, "poll" },
	{ "{\"text\":\"x\",\"poll\":{\"options\":[\"a\",\"01234567890123456789012345\"],"
	  "\"duration_minutes\":5}}",
	  400, "poll.options" },
};

START_TEST(wrong_post_is_refused)
{
	CLEANUP(client_answer_done) struct answer a = ask("POST", "/2/tweets", tweets[_i].json);

	ck_assert_int_eq((int)a.status, tweets[_i].status);
	ck_assert_msg(strstr(detail(&a), tweets[_i].words), "%s", buf_str(&a.body));
	ck_assert_uint_eq(client_truth("created"), 0);
}
END_TEST

START_TEST(text_is_weighed_and_premium_writes_more)
{
	CLEANUP(client_answer_done) struct answer full = { 0 }, over = { 0 }, more = { 0 };
	char json[500] = "{\"text\":\"";
	size_t n = strlen(json);

	memset(json + n, 'a', 257); /* and a link of 23 */
	snprintf(json + n + 257, sizeof(json) - n - 257, "%s",
		 " https://example.com/some/long/path/of/no/weight\"}");
	over = ask("POST", "/2/tweets", json);
	ck_assert_str_eq(detail(&over), "Your Tweet text is too long.");
	memmove(json + n, json + n + 1, strlen(json + n));
	full = ask("POST", "/2/tweets", json);
	ck_assert_msg(full.status == 201, "%s", buf_str(&full.body));
	ck_assert_ptr_nonnull(
		strstr(text_of(json_object_get(full.json, "data"), "text"), "https://t.co/"));
	client_control("world",
		       "{\"platform\":\"twitter\",\"users\":[{\"id\":\"" USER
		       "\",\"username\":\"acmebakery\",\"subscription_type\":\"Premium\"}]}");
	memset(json + n, 'b', 258);
	more = ask("POST", "/2/tweets", json);
	ck_assert_int_eq((int)more.status, 201);
}
END_TEST

START_TEST(same_text_within_a_day_is_refused)
{
	CLEANUP(client_answer_done)
	struct answer one = ask("POST", "/2/tweets", "{\"text\":\"same\"}"), two = { 0 },
		      next = { 0 };

	two = ask("POST", "/2/tweets", "{\"text\":\"same\"}");
	ck_assert_int_eq((int)one.status, 201);
	ck_assert_int_eq((int)two.status, 403);
	ck_assert_str_eq(detail(&two),
			 "You are not allowed to create a Tweet with duplicate content.");
	client_control("clock", "{\"advance_s\":86401}");
	connect_with("sandbox_auto=approve&sandbox_user=" USER);
	next = ask("POST", "/2/tweets", "{\"text\":\"same\"}");
	ck_assert_int_eq((int)next.status, 201);
}
END_TEST

START_TEST(thread_is_listed_newest_first_with_its_references)
{
	CLEANUP(client_answer_done)
	struct answer one = ask("POST", "/2/tweets", "{\"text\":\"one\"}"), two = { 0 },
		      list = { 0 }, few = { 0 };
	const json_t *first, *ref;
	char json[200];

	client_control("config", "{\"listing_lag_ms\":0}");
	snprintf(json, sizeof(json),
		 "{\"text\":\"two\",\"reply\":{\"in_reply_to_tweet_id\":\"%s\"}}", data_id(&one));
	two = ask("POST", "/2/tweets", json);
	ck_assert_int_eq((int)two.status, 201);
	list = ask("GET", "/2/users/" USER "/tweets?max_results=5", NULL);
	first = json_array_get(json_object_get(list.json, "data"), 0);
	ck_assert_str_eq(text_of(first, "id"), data_id(&two));
	ref = json_array_get(json_object_get(first, "referenced_tweets"), 0);
	ck_assert_str_eq(text_of(ref, "type"), "replied_to");
	ck_assert_str_eq(text_of(ref, "id"), data_id(&one));
	few = ask("GET", "/2/users/" USER "/tweets?max_results=4", NULL);
	ck_assert_int_eq((int)few.status, 400);
}
END_TEST

START_TEST(alt_text_has_a_limit)
{
	CLEANUP(client_answer_done) struct answer good = { 0 }, bad = { 0 };
	char json[1400], text[1002];
	const char *id = image();

	memset(text, 'a', 1001);
	text[1001] = '\0';
	snprintf(json, sizeof(json),
		 "{\"id\":\"%s\",\"metadata\":{\"alt_text\":{\"text\":\"%s\"}}}", id, text + 1);
	good = ask("POST", "/2/media/metadata", json);
	ck_assert_int_eq((int)good.status, 200);
	snprintf(json, sizeof(json),
		 "{\"id\":\"%s\",\"metadata\":{\"alt_text\":{\"text\":\"%s\"}}}", id, text);
	bad = ask("POST", "/2/media/metadata", json);
	ck_assert_int_eq((int)bad.status, 400);
}
END_TEST

START_TEST(limits_show_in_every_family_of_headers)
{
	CLEANUP(client_answer_done) struct answer me = { 0 }, over = { 0 }, day = { 0 };

	me = ask("GET", "/2/users/me", NULL);
	ck_assert_ptr_nonnull(strstr(buf_str(&me.headers), "x-rate-limit-remaining: 74"));
	ck_assert_ptr_nonnull(strstr(buf_str(&me.headers), "x-user-limit-24hour-remaining: 2000"));
	client_control("faults", "{\"platform\":\"twitter\",\"point\":\"rate.429\"}");
	over = ask("GET", "/2/users/me", NULL);
	ck_assert_int_eq((int)over.status, 429);
	ck_assert_ptr_nonnull(strstr(buf_str(&over.headers), "x-rate-limit-remaining: 0"));
	client_control("faults", "{\"platform\":\"twitter\",\"point\":\"rate.429_day\"}");
	day = ask("GET", "/2/users/me", NULL);
	ck_assert_int_eq((int)day.status, 429);
	ck_assert_ptr_null(strstr(buf_str(&day.headers), "x-rate-limit-remaining: 0"));
	ck_assert_ptr_nonnull(strstr(buf_str(&day.headers), "x-user-limit-24hour-remaining: 0"));
}
END_TEST

START_TEST(suspended_user_and_foreign_reply_are_refused)
{
	CLEANUP(client_answer_done)
	struct answer one = ask("POST", "/2/tweets", "{\"text\":\"mine\"}"), reply = { 0 },
		      gone = { 0 };
	char json[200];

	connect_with("sandbox_auto=approve&sandbox_user=2244994946");
	snprintf(json, sizeof(json),
		 "{\"text\":\"not asked\",\"reply\":{\"in_reply_to_tweet_id\":\"%s\"}}",
		 data_id(&one));
	reply = ask("POST", "/2/tweets", json);
	ck_assert_int_eq((int)reply.status, 403);
	client_control("world", "{\"platform\":\"twitter\",\"users\":[{\"id\":\"2244994946\","
				"\"username\":\"acmestudio\",\"suspended\":true}]}");
	gone = ask("POST", "/2/tweets", "{\"text\":\"x\"}");
	ck_assert_int_eq((int)gone.status, 403);
	ck_assert_ptr_nonnull(strstr(detail(&gone), "suspended"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ wrong_question_never_redirects, 0 },
		{ denied_consent_says_so, 0 },
		{ code_works_once_for_thirty_seconds_and_its_verifier, 0 },
		{ refresh_token_works_once_and_reuse_is_counted, 0 },
		{ access_ends_by_time_and_by_revocation, 0 },
		{ wrong_upload_is_refused_at_its_start,
		  (int)(sizeof(initializes) / sizeof(*initializes)) },
		{ upload_must_be_whole_and_what_it_says, 0 },
		{ gif_is_processed_by_the_clock_and_ends_after_a_day, 0 },
		{ wrong_post_is_refused, (int)(sizeof(tweets) / sizeof(*tweets)) },
		{ text_is_weighed_and_premium_writes_more, 0 },
		{ same_text_within_a_day_is_refused, 0 },
		{ thread_is_listed_newest_first_with_its_references, 0 },
		{ alt_text_has_a_limit, 0 },
		{ limits_show_in_every_family_of_headers, 0 },
		{ suspended_user_and_foreign_reply_are_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_twitter",
		.setup = x_setup,
		.teardown = client_teardown,
		.timeout_s = 30,
		.cases = cases,
	});
}

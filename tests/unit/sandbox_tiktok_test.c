/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's TikTok as a client meets it: consent, tokens, inits, chunks, states, refusals. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox_client.h"
#include "support/suite.h"

#define TT_REDIRECT "https%3A%2F%2F127.0.0.1%3A8443%2Fapi%2Fv1%2Fintegrations%2Ftiktok%2Fcallback"
#define TT_SCOPES   "user.info.basic,user.info.profile,video.publish,video.upload,video.list"
#define VERIFIER    "verifier-0123456789-0123456789-0123456789-0123"
#define CHALLENGE   "29c3eca89ec0fb8b2c291ffbb0af45280656f11aa9951ec4b0304954151ccf8e"
#define SINGLE(n)                                                               \
	"{\"post_info\":{\"title\":\"t\",\"privacy_level\":\"SELF_ONLY\","      \
	"\"disable_stitch\":true},\"source_info\":{\"source\":\"FILE_UPLOAD\"," \
	"\"video_size\":" #n ",\"chunk_size\":" #n ",\"total_chunk_count\":1}}"

static char access_token[256], refresh_token[256];

static size_t take(char *p, size_t one, size_t n, void *cls)
{
	buf_add(cls, p, one * n);
	return one * n;
}

struct call {
	const char *method, *url, *type, *range, *token;
	const void *body;
	size_t n;
};

static struct answer perform(const struct call *c)
{
	struct answer a = { 0 };
	struct curl_slist *headers = NULL;
	char line[400];
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, c->url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a.body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &a.headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, c->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)c->n);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, c->method);
	snprintf(line, sizeof(line), "Content-Type: %s", c->type);
	headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Expect:");
	if (c->token != NULL) {
		snprintf(line, sizeof(line), "Authorization: Bearer %s", c->token);
		headers = curl_slist_append(headers, line);
	}
	if (c->range != NULL) {
		snprintf(line, sizeof(line), "Content-Range: %s", c->range);
		headers = curl_slist_append(headers, line);
	}
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	a.curl = (int)curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a.status);
	if (a.body.len > 0)
		a.json = json_loadb(a.body.p, a.body.len, JSON_DECODE_ANY, NULL);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return a;
}

static struct answer ask(const char *path, const char *json)
{
	const struct call c = { "POST",
				client_url("/tiktok/v2%s", path),
				"application/json",
				NULL,
				access_token,
				json,
				strlen(json) };

	return perform(&c);
}

static struct answer form(const char *path, const char *body)
{
	const struct call c = { "POST",
				client_url("/tiktok/v2%s", path),
				"application/x-www-form-urlencoded",
				NULL,
				NULL,
				body,
				strlen(body) };

	return perform(&c);
}

static const char *text_in(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

static const char *error_of(const struct answer *a)
{
	return text_in(json_object_get(a->json, "error"), "code");
}

static const json_t *data_of(const struct answer *a)
{
	return json_object_get(a->json, "data");
}

/* Where the browser is sent; more: "sandbox_auto=.." and the like. */
static struct answer dialog(const char *scopes, const char *challenge, const char *more)
{
	return client_ask("GET",
			  client_url("/tiktok/v2/auth/authorize/?client_key=1234567890&"
				     "response_type=code&redirect_uri=%s&scope=%s&state=s1&code_"
				     "challenge=%s&code_challenge_method="
				     "S256&%s",
				     TT_REDIRECT, scopes, challenge, more),
			  NULL, "");
}

/* The code, still encoded as the browser would have it. */
static const char *new_code(const char *more)
{
	CLEANUP(client_answer_done) struct answer a = dialog(TT_SCOPES, CHALLENGE, more);
	static char code[400];
	const char *at = strstr(a.location, "code=");

	ck_assert_int_eq((int)a.status, 302);
	ck_assert_ptr_nonnull(at);
	snprintf(code, sizeof(code), "%.*s", (int)strcspn(at + 5, "&"), at + 5);
	return code;
}

static struct answer exchange(const char *code, const char *verifier)
{
	char body[1600];

	snprintf(body, sizeof(body),
		 "client_key=1234567890&client_secret=sandbox-secret&code=%s&"
		 "grant_type=authorization_code&redirect_uri=%s&code_verifier=%s",
		 code, TT_REDIRECT, verifier);
	return form("/oauth/token/", body);
}

static void connect_with(const char *more)
{
	CLEANUP(client_answer_done) struct answer a = exchange(new_code(more), VERIFIER);

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	snprintf(access_token, sizeof(access_token), "%s", client_text(&a, "access_token"));
	snprintf(refresh_token, sizeof(refresh_token), "%s", client_text(&a, "refresh_token"));
	ck_assert_int_eq(strncmp(access_token, "act.", 4), 0);
}

static void tt_setup(void)
{
	client_setup();
	client_control("world",
		       "{\"platform\":\"tiktok\",\"init_rate\":1000,\"status_rate\":1000}");
	connect_with("sandbox_auto=approve");
}

static struct answer refresh(void)
{
	char body[600];

	snprintf(body, sizeof(body),
		 "client_key=1234567890&client_secret=sandbox-secret&"
		 "grant_type=refresh_token&refresh_token=%s",
		 refresh_token);
	return form("/oauth/token/", body);
}

START_TEST(challenge_is_lower_case_hex_alone)
{
	static const char *const wrong[] = {
		"", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		"29C3ECA89EC0FB8B2C291FFBB0AF45280656F11AA9951EC4B0304954151CCF8E"
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CLEANUP(client_answer_done)
		struct answer a = dialog(TT_SCOPES, wrong[i], "sandbox_auto=approve");

		ck_assert_int_ne((int)a.status, 302);
	}
	CLEANUP(client_answer_done)
	struct answer b = exchange(new_code("sandbox_auto=approve"), "another-verifier-0123456789-"
								     "0123456789-0123456789");

	/* Errors come with 200. */
	ck_assert_int_eq((int)b.status, 200);
	ck_assert_str_eq(client_text(&b, "error"), "invalid_request");
}
END_TEST

START_TEST(codes_work_once_and_carry_stars)
{
	char code[400];

	snprintf(code, sizeof(code), "%s", new_code("sandbox_auto=approve"));
	ck_assert_msg(strstr(code, "%2A") != NULL || strchr(code, '*') != NULL, "%s", code);
	CLEANUP(client_answer_done) struct answer one = exchange(code, VERIFIER);
	CLEANUP(client_answer_done) struct answer two = exchange(code, VERIFIER);

	ck_assert_str_eq(client_text(&one, "token_type"), "Bearer");
	ck_assert_int_eq((int)two.status, 200);
	ck_assert_str_eq(client_text(&two, "error"), "invalid_grant");
}
END_TEST

START_TEST(refresh_tokens_rotate_unless_told_otherwise)
{
	char old[256];

	snprintf(old, sizeof(old), "%s", refresh_token);
	CLEANUP(client_answer_done) struct answer one = refresh();
	CLEANUP(client_answer_done) struct answer dead = refresh();

	ck_assert_str_ne(client_text(&one, "refresh_token"), old);
	ck_assert_str_eq(client_text(&dead, "error"), "invalid_grant");
	ck_assert_int_eq((int)json_integer_value(json_object_get(one.json, "expires_in")), 7200);
	connect_with("sandbox_auto=approve");
	client_control("faults", "{\"platform\":\"tiktok\",\"point\":\"oauth.no_refresh_token\"}");
	CLEANUP(client_answer_done) struct answer bare = refresh();
	CLEANUP(client_answer_done) struct answer still = refresh();

	ck_assert_ptr_null(json_object_get(bare.json, "refresh_token"));
	ck_assert_str_ne(client_text(&bare, "access_token"), "");
	ck_assert_str_ne(client_text(&still, "refresh_token"), "");
}
END_TEST

START_TEST(denied_and_unticked_are_told)
{
	CLEANUP(client_answer_done)
	struct answer no = dialog(TT_SCOPES, CHALLENGE, "sandbox_auto=deny");
	CLEANUP(client_answer_done) struct answer user = { 0 };

	ck_assert_ptr_nonnull(strstr(no.location, "error=access_denied"));
	ck_assert_ptr_nonnull(strstr(no.location, "state=s1"));
	ck_assert_ptr_null(strstr(no.location, "code="));
	connect_with("sandbox_auto=approve&sandbox_scopes=user.info.basic,video.upload");
	CLEANUP(client_answer_done)
	struct answer creator = ask("/post/publish/creator_info/query/", "{}");

	ck_assert_int_eq((int)creator.status, 401);
	ck_assert_str_eq(error_of(&creator), "scope_not_authorized");
	/* One field of another scope fails the whole call. */
	user = client_ask("GET", client_url("/tiktok/v2/user/info/?fields=open_id,username"), NULL,
			  access_token);
	ck_assert_str_eq(error_of(&user), "scope_not_authorized");
}
END_TEST

START_TEST(revocation_kills_the_whole_grant)
{
	char body[600];

	snprintf(body, sizeof(body), "client_key=1234567890&client_secret=sandbox-secret&token=%s",
		 access_token);
	CLEANUP(client_answer_done) struct answer gone = form("/oauth/revoke/", body);
	CLEANUP(client_answer_done) struct answer call = ask("/video/list/?fields=id", "{}");
	CLEANUP(client_answer_done) struct answer again = refresh();

	ck_assert_int_eq((int)gone.status, 200);
	ck_assert_str_eq(error_of(&call), "access_token_invalid");
	ck_assert_str_eq(client_text(&again, "error"), "invalid_grant");
}
END_TEST

#define INIT(level, info, size, chunk, count)                                               \
	"{\"post_info\":{\"privacy_level\":\"" level "\",\"disable_stitch\":true" info "}," \
	"\"source_info\":{\"source\":\"FILE_UPLOAD\",\"video_size\":" #size                 \
	",\"chunk_size\":" #chunk ",\"total_chunk_count\":" #count "}}"

/* What the real one refuses, whoever asks; code "ok": it takes it. */
static const struct {
	const char *json, *code;
} inits[] = {
	{ INIT("SELF_ONLY", "", 4999999, 4999999, 1), "ok" },
	{ INIT("SELF_ONLY", "", 64000000, 64000000, 1), "ok" },
	{ INIT("SELF_ONLY", "", 64000001, 64000001, 1), "invalid_params" },
	{ INIT("SELF_ONLY", "", 64000001, 64000000, 1), "invalid_params" },
	{ INIT("SELF_ONLY", "", 64000001, 32000000, 2), "ok" },
	{ INIT("SELF_ONLY", "", 50000123, 10000000, 5), "ok" },
	{ INIT("SELF_ONLY", "", 50000123, 10000000, 6), "invalid_params" },
	{ INIT("SELF_ONLY", "", 10000000, 4999999, 2), "invalid_params" },
	{ INIT("SELF_ONLY", "", 4000000001, 64000000, 62), "invalid_params" },
	{ INIT("SELF_ONLY", "", 5005000000, 5000000, 1001), "invalid_params" },
	{ INIT("FOLLOWER_OF_CREATOR", "", 5000, 5000, 1), "privacy_level_option_mismatch" },
	{ INIT("", "", 5000, 5000, 1), "privacy_level_option_mismatch" },
	{ INIT("SELF_ONLY", ",\"brand_content_toggle\":true", 5000, 5000, 1), "invalid_params" },
	{ INIT("SELF_ONLY", ",\"disable_duet\":1", 5000, 5000, 1), "invalid_params" },
	{ "{\"post_info\":{\"privacy_level\":\"SELF_ONLY\"},\"source_info\":{\"source\":"
	  "\"FILE_UPLOAD\",\"video_size\":5,\"chunk_size\":5,\"total_chunk_count\":1}}",
	  "invalid_params" }, /* stitches are off */
	{ "[]", "invalid_params" },
};

START_TEST(init_checks_level_toggles_and_plan)
{
	CLEANUP(client_answer_done)
	struct answer a = ask("/post/publish/video/init/", inits[_i].json);

	ck_assert_msg(strcmp(error_of(&a), inits[_i].code) == 0, "%s", buf_str(&a.body));
	ck_assert_str_ne(text_in(json_object_get(a.json, "error"), "log_id"), "");
}
END_TEST

START_TEST(photos_are_pulled_from_verified_prefixes)
{
	static const char photo[] =
		"{\"media_type\":\"PHOTO\",\"post_mode\":\"DIRECT_POST\",\"post_info\":{\"title\":"
		"\"t\",\"privacy_level\":\"SELF_ONLY\"},\"source_info\":{\"source\":"
		"\"PULL_FROM_URL\",\"photo_images\":[\"%s/jpg/1080/1080\"],\"photo_cover_index\":"
		"%d}}";
	char json[600], world[300];

	snprintf(json, sizeof(json), photo, client.media_url, 0);
	CLEANUP(client_answer_done) struct answer no = ask("/post/publish/content/init/", json);

	ck_assert_str_eq(error_of(&no), "url_ownership_unverified");
	snprintf(world, sizeof(world), "{\"platform\":\"tiktok\",\"verified\":[\"%s/\"]}",
		 client.media_url);
	client_control("world", world);
	CLEANUP(client_answer_done) struct answer yes = ask("/post/publish/content/init/", json);

	ck_assert_str_eq(error_of(&yes), "ok");
	snprintf(json, sizeof(json), photo, client.media_url, 1);
	CLEANUP(client_answer_done) struct answer out = ask("/post/publish/content/init/", json);

	ck_assert_str_eq(error_of(&out), "invalid_params");
}
END_TEST

START_TEST(unaudited_app_posts_to_private_accounts_of_five_people)
{
	CLEANUP(client_answer_done) struct answer public = { 0 }, late = { 0 };

	client_control("world", "{\"platform\":\"tiktok\",\"unaudited\":true}");
	public = ask("/post/publish/video/init/", SINGLE(5000));
	ck_assert_str_eq(error_of(&public), "unaudited_client_can_only_post_to_private_accounts");
	client_control("world", "{\"platform\":\"tiktok\",\"accounts\":[{\"id\":"
				"\"723f24d7-e717-40f8-a2b6-cb8464cd23b4\",\"private\":true}]}");
	late = ask("/post/publish/video/init/", SINGLE(5000));
	ck_assert_str_eq(error_of(&late), "ok");
}
END_TEST

START_TEST(drafts_and_rates_have_their_caps)
{
	static const char draft[] = "{\"source_info\":{\"source\":\"FILE_UPLOAD\",\"video_size\":5,"
				    "\"chunk_size\":5,\"total_chunk_count\":1}}";

	for (int i = 0; i < 5; i++) {
		CLEANUP(client_answer_done)
		struct answer a = ask("/post/publish/inbox/video/init/", draft);

		ck_assert_str_eq(error_of(&a), "ok");
	}
	CLEANUP(client_answer_done)
	struct answer sixth = ask("/post/publish/inbox/video/init/", draft);

	ck_assert_str_eq(error_of(&sixth), "spam_risk_too_many_pending_share");
	client_control("world", "{\"platform\":\"tiktok\",\"init_rate\":6}");
	CLEANUP(client_answer_done)
	struct answer fast = ask("/post/publish/video/init/", SINGLE(5000));

	ck_assert_int_eq((int)fast.status, 429);
	ck_assert_str_eq(error_of(&fast), "rate_limit_exceeded");
	client_control("world", "{\"platform\":\"tiktok\",\"daily_cap\":0}");
	/* A block comes with 200 here, and only here. */
	CLEANUP(client_answer_done)
	struct answer creator = ask("/post/publish/creator_info/query/", "{}");

	ck_assert_int_eq((int)creator.status, 200);
	ck_assert_str_eq(error_of(&creator), "spam_risk_too_many_posts");
}
END_TEST

static struct answer put(const char *url, const char *range, size_t n)
{
	char *bytes = calloc(1, n);
	const struct call c = { "PUT", url, "video/mp4", range, NULL, bytes, n };
	struct answer a = perform(&c);

	free(bytes);
	return a;
}

START_TEST(chunks_come_in_order_and_say_where_it_stands)
{
	char url[400], id[100];
	CLEANUP(client_answer_done)
	struct answer init =
		ask("/post/publish/video/init/", INIT("SELF_ONLY", "", 11000000, 5000000, 2));

	ck_assert_str_eq(error_of(&init), "ok");
	snprintf(url, sizeof(url), "%s", text_in(data_of(&init), "upload_url"));
	snprintf(id, sizeof(id), "{\"publish_id\":\"%s\"}", text_in(data_of(&init), "publish_id"));
	CLEANUP(client_answer_done)
	struct answer early = put(url, "bytes 5000000-10999999/11000000", 6000000);
	CLEANUP(client_answer_done) struct answer odd = put(url, "bytes 0-99/11000000", 100);
	CLEANUP(client_answer_done)
	struct answer first = put(url, "bytes 0-4999999/11000000", 5000000);
	CLEANUP(client_answer_done)
	struct answer twice = put(url, "bytes 0-4999999/11000000", 5000000);
	CLEANUP(client_answer_done) struct answer state = ask("/post/publish/status/fetch/", id);
	CLEANUP(client_answer_done)
	struct answer last = put(url, "bytes 5000000-10999999/11000000", 6000000);

	ck_assert_int_eq((int)early.status, 416);
	ck_assert_int_eq((int)odd.status, 400);
	ck_assert_int_eq((int)first.status, 206);
	ck_assert_ptr_nonnull(strstr(first.headers.p, "bytes 0-4999999/11000000"));
	ck_assert_int_eq((int)twice.status, 416);
	ck_assert_str_eq(text_in(data_of(&state), "status"), "PROCESSING_UPLOAD");
	ck_assert_int_eq(
		(int)json_integer_value(json_object_get(data_of(&state), "uploaded_bytes")),
		5000000);
	ck_assert_int_eq((int)last.status, 201);
	for (int i = 0; i < 200; i++) {
		CLEANUP(client_answer_done)
		struct answer end = ask("/post/publish/status/fetch/", id);

		if (strcmp(text_in(data_of(&end), "fail_reason"), "file_format_check_failed") == 0)
			return;
		usleep(20000);
	}
	ck_abort_msg("zeroes are taken for a video");
}
END_TEST

START_TEST(upload_address_dies_after_an_hour)
{
	char url[400], id[100];
	CLEANUP(client_answer_done)
	struct answer init = ask("/post/publish/video/init/", SINGLE(5000));

	snprintf(url, sizeof(url), "%s", text_in(data_of(&init), "upload_url"));
	snprintf(id, sizeof(id), "{\"publish_id\":\"%s\"}", text_in(data_of(&init), "publish_id"));
	client_control("clock", "{\"advance_s\":3601}");
	CLEANUP(client_answer_done) struct answer late = put(url, "bytes 0-4999/5000", 5000);
	CLEANUP(client_answer_done) struct answer state = ask("/post/publish/status/fetch/", id);
	CLEANUP(client_answer_done)
	struct answer none = ask("/post/publish/status/fetch/", "{\"publish_id\":\"v_pub.1\"}");

	ck_assert_int_eq((int)late.status, 403);
	ck_assert_str_eq(text_in(data_of(&state), "status"), "FAILED");
	ck_assert_str_eq(error_of(&none), "invalid_publish_id");
}
END_TEST

static void restart(void)
{
	sandbox_server_stop(client.sandbox);
	ck_assert_int_eq(sandbox_server_start("127.0.0.1:0", client.folder, "", &client.sandbox),
			 0);
}

START_TEST(restart_forgets_no_publication)
{
	static const char draft[] = "{\"source_info\":{\"source\":\"FILE_UPLOAD\",\"video_size\":5,"
				    "\"chunk_size\":5,\"total_chunk_count\":1}}";
	char path[400], id[100];
	CLEANUP(client_answer_done)
	struct answer init =
		ask("/post/publish/video/init/", INIT("SELF_ONLY", "", 11000000, 5000000, 2));
	CLEANUP(client_answer_done)
	struct answer first =
		put(text_in(data_of(&init), "upload_url"), "bytes 0-4999999/11000000", 5000000);

	snprintf(path, sizeof(path), "%s",
		 strstr(text_in(data_of(&init), "upload_url"), "/tiktok/"));
	snprintf(id, sizeof(id), "{\"publish_id\":\"%s\"}", text_in(data_of(&init), "publish_id"));
	ck_assert_int_eq((int)first.status, 206);
	for (int i = 0; i < 4; i++) {
		CLEANUP(client_answer_done)
		struct answer a = ask("/post/publish/inbox/video/init/", draft);

		ck_assert_str_eq(error_of(&a), "ok");
	}
	restart();
	CLEANUP(client_answer_done) struct answer state = ask("/post/publish/status/fetch/", id);
	CLEANUP(client_answer_done)
	struct answer last =
		put(client_url("%s", path), "bytes 5000000-10999999/11000000", 6000000);
	CLEANUP(client_answer_done)
	struct answer fifth = ask("/post/publish/inbox/video/init/", draft);
	CLEANUP(client_answer_done)
	struct answer sixth = ask("/post/publish/inbox/video/init/", draft);

	ck_assert_str_eq(text_in(data_of(&state), "status"), "PROCESSING_UPLOAD");
	ck_assert_int_eq(
		(int)json_integer_value(json_object_get(data_of(&state), "uploaded_bytes")),
		5000000);
	ck_assert_int_eq((int)last.status, 201);
	ck_assert_str_eq(error_of(&fifth), "ok");
	ck_assert_str_eq(error_of(&sixth), "spam_risk_too_many_pending_share");
	/* Judged before the program ends, so that no bytes are left. */
	for (int i = 0; i < 200; i++) {
		CLEANUP(client_answer_done)
		struct answer end = ask("/post/publish/status/fetch/", id);

		if (strcmp(text_in(data_of(&end), "status"), "FAILED") == 0)
			return;
		usleep(20000);
	}
	ck_abort_msg("nobody looks at the bytes");
}
END_TEST

static const char *photo_status(const char *id, char *ret, size_t size)
{
	ret[0] = '\0';
	for (int i = 0; i < 200 && strcmp(ret, "PUBLISH_COMPLETE") != 0; i++) {
		CLEANUP(client_answer_done)
		struct answer a = ask("/post/publish/status/fetch/", id);

		snprintf(ret, size, "%s", text_in(data_of(&a), "status"));
		usleep(20000);
	}
	return ret;
}

START_TEST(restart_forgets_no_post_and_no_cap)
{
	char json[600], world[300], id[100], is[40];

	snprintf(world, sizeof(world),
		 "{\"platform\":\"tiktok\",\"verified\":[\"%s/\"],\"daily_cap\":1}",
		 client.media_url);
	client_control("world", world);
	snprintf(json, sizeof(json),
		 "{\"media_type\":\"PHOTO\",\"post_mode\":\"DIRECT_POST\",\"post_info\":{\"title\":"
		 "\"t\",\"description\":\"kept\",\"privacy_level\":\"PUBLIC_TO_EVERYONE\"},"
		 "\"source_info\":{\"source\":\"PULL_FROM_URL\",\"photo_images\":[\"%s/jpg/1080/"
		 "1080\"],\"photo_cover_index\":0}}",
		 client.media_url);
	CLEANUP(client_answer_done) struct answer init = ask("/post/publish/content/init/", json);

	ck_assert_str_eq(error_of(&init), "ok");
	snprintf(id, sizeof(id), "{\"publish_id\":\"%s\"}", text_in(data_of(&init), "publish_id"));
	ck_assert_str_eq(photo_status(id, is, sizeof(is)), "PUBLISH_COMPLETE");
	restart();
	ck_assert_str_eq(photo_status(id, is, sizeof(is)), "PUBLISH_COMPLETE");
	CLEANUP(client_answer_done)
	struct answer list = ask("/video/list/?fields=id,title,video_description", "{}");
	CLEANUP(client_answer_done)
	struct answer creator = ask("/post/publish/creator_info/query/", "{}");
	const json_t *post = json_array_get(json_object_get(data_of(&list), "videos"), 0);

	ck_assert_str_eq(text_in(post, "video_description"), "kept");
	ck_assert_str_eq(text_in(post, "title"), "t");
	ck_assert_str_eq(error_of(&creator), "spam_risk_too_many_posts");
	ck_assert_uint_eq(client_truth("\"created\""), 1);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ challenge_is_lower_case_hex_alone, 0 },
		{ codes_work_once_and_carry_stars, 0 },
		{ refresh_tokens_rotate_unless_told_otherwise, 0 },
		{ denied_and_unticked_are_told, 0 },
		{ revocation_kills_the_whole_grant, 0 },
		{ init_checks_level_toggles_and_plan, (int)(sizeof(inits) / sizeof(*inits)) },
		{ photos_are_pulled_from_verified_prefixes, 0 },
		{ unaudited_app_posts_to_private_accounts_of_five_people, 0 },
		{ drafts_and_rates_have_their_caps, 0 },
		{ chunks_come_in_order_and_say_where_it_stands, 0 },
		{ upload_address_dies_after_an_hour, 0 },
		{ restart_forgets_no_publication, 0 },
		{ restart_forgets_no_post_and_no_cap, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_tiktok",
		.setup = tt_setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

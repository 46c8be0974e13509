/* SPDX-License-Identifier: Apache-2.0 */
/* How posts were received, as the sandbox's X, TikTok and Pinterest tell it, and to whom not. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox_client.h"
#include "support/suite.h"

/* In a format; the name of the platform follows. */
#define CALLBACK "https%%3A%%2F%%2F127.0.0.1%%3A8443%%2Fapi%%2Fv1%%2Fintegrations%%2F%s%%2Fcallback"
#define VERIFIER "sandbox-verifier-0123456789-0123456789-0123456789"
#define BOARD    "549755885175"

enum { X, TIKTOK, PINTEREST };

static const struct login {
	const char *name, *dialog, *token, *scopes;
} logins[] = {
	[X] = { "twitter",
		"i/oauth2/authorize?client_id=1234567890&code_challenge=" VERIFIER
		"&code_challenge_method=plain",
		"2/oauth2/token",
		"tweet.read%20tweet.write%20users.read%20media.write%20offline.access" },
	[TIKTOK] = { "tiktok", "v2/auth/authorize/?client_key=1234567890", "v2/oauth/token/",
		     "user.info.basic,video.publish,video.list" },
	[PINTEREST] = { "pinterest", "oauth/?client_id=1234567890", "v5/oauth/token",
			"boards:read,boards:write,pins:read,pins:write" },
};

static char token[256];

/* Name and secret in an address become the header Authorization: Basic. */
static const char *with_secret(const char *url)
{
	static char text[4200];

	snprintf(text, sizeof(text), "http://1234567890:sandbox-secret@%s",
		 url + strlen("http://"));
	return text;
}

/* scopes NULL: all. user NULL: the first. */
static void connect_to(int platform, const char *scopes, const char *user)
{
	const struct login *l = &logins[platform];
	char form[1600];
	const char *code;

	CLEANUP(client_answer_done)
	struct answer asked =
		client_ask("GET",
			   client_url("/%s/%s&response_type=code&redirect_uri=" CALLBACK
				      "&state=s&sandbox_auto=approve&scope=%s%s%s",
				      l->name, l->dialog, l->name, scopes ? scopes : l->scopes,
				      user ? "&sandbox_user=" : "", user ? user : ""),
			   NULL, "");
	code = strstr(asked.location, "code=");
	ck_assert_msg(code != NULL, "%s", buf_str(&asked.body));
	snprintf(form, sizeof(form),
		 "grant_type=authorization_code&client_key=1234567890&client_secret=sandbox-secret"
		 "&code_verifier=" VERIFIER "&redirect_uri=" CALLBACK "&code=%.*s",
		 l->name, (int)strcspn(code + 5, "&"), code + 5);
	CLEANUP(client_answer_done)
	struct answer given =
		client_ask("POST", with_secret(client_url("/%s/%s", l->name, l->token)), form, "");
	snprintf(token, sizeof(token), "%s", client_text(&given, "access_token"));
	ck_assert_msg(*token, "%s", buf_str(&given.body));
}

static struct answer ask(int platform, const char *method, const char *path, const char *json)
{
	return client_ask(method, client_url("/%s%s", logins[platform].name, path), json, token);
}

static const json_t *data_of(const struct answer *a)
{
	return json_object_get(a->json, "data");
}

static const char *text_in(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

/* What the platform itself keeps of the object with that caption. */
static json_int_t truth(const char *caption, const char *name)
{
	CLEANUP(client_answer_done)
	struct answer a =
		client_ask("GET", client_url("/_control/objects?caption=%s", caption), NULL, "");
	const json_t *object = json_array_get(json_object_get(a.json, "objects"), 0);
	const json_int_t n =
		json_integer_value(json_object_get(json_object_get(object, "reaction"), name));

	ck_assert_int_gt(n, 0);
	return n;
}

static json_int_t number(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static void results_setup(void)
{
	char world[300];

	client_setup();
	client_control("config", "{\"listing_lag_ms\":0}");
	snprintf(world, sizeof(world),
		 "{\"platform\":\"tiktok\",\"verified\":[\"%s/\"],\"web\":true,\"status_rate\":"
		 "1000}",
		 client.media_url);
	client_control("world", world);
}

static void new_tweet(const char *text, char *ret, size_t size)
{
	char json[200];

	snprintf(json, sizeof(json), "{\"text\":\"%s\"}", text);
	CLEANUP(client_answer_done) struct answer a = ask(X, "POST", "/2/tweets", json);

	ck_assert_int_eq((int)a.status, 201);
	snprintf(ret, size, "%s", text_in(data_of(&a), "id"));
}

static void new_pin(const char *text, char *ret, size_t size)
{
	char json[600];

	snprintf(json, sizeof(json),
		 "{\"board_id\":\"" BOARD "\",\"description\":\"%s\",\"media_source\":"
		 "{\"source_type\":\"image_url\",\"url\":\"%s/jpg/600/900\"}}",
		 text, client.media_url);
	CLEANUP(client_answer_done) struct answer a = ask(PINTEREST, "POST", "/v5/pins", json);

	ck_assert_msg(a.status == 201, "%s", buf_str(&a.body));
	snprintf(ret, size, "%s", client_text(&a, "id"));
}

static json_t *object_of(const char *caption)
{
	CLEANUP(client_answer_done)
	struct answer a =
		client_ask("GET", client_url("/_control/objects?caption=%s", caption), NULL, "");

	return json_incref(json_array_get(json_object_get(a.json, "objects"), 0));
}

/* Photos, which need no upload. */
static void new_photo(const char *text, const char *level, char *ret, size_t size)
{
	json_t *object = NULL;
	char json[700];

	snprintf(json, sizeof(json),
		 "{\"media_type\":\"PHOTO\",\"post_mode\":\"DIRECT_POST\",\"post_info\":{\"title\":"
		 "\"t\",\"description\":\"%s\",\"privacy_level\":\"%s\"},\"source_info\":"
		 "{\"source\":\"PULL_FROM_URL\",\"photo_images\":[\"%s/jpg/1080/1080\"],"
		 "\"photo_cover_index\":0}}",
		 text, level, client.media_url);
	CLEANUP(client_answer_done)
	struct answer a = ask(TIKTOK, "POST", "/v2/post/publish/content/init/", json);

	ck_assert_msg(a.status == 200, "%s", buf_str(&a.body));
	while (object == NULL) { /* the suite's time limit ends it */
		usleep(20000);
		object = object_of(text);
	}
	snprintf(ret, size, "%s", text_in(object, "object_id"));
	json_decref(object);
}

static struct answer query(const char *fields, const char *id)
{
	char path[200], json[200];

	snprintf(path, sizeof(path), "/v2/video/query/?fields=%s", fields);
	snprintf(json, sizeof(json), "{\"filters\":{\"video_ids\":[\"%s\"]}}", id);
	return ask(TIKTOK, "POST", path, json);
}

START_TEST(x_tells_its_counts_in_either_language)
{
	static const char *const names[][2] = { { "tweet.fields", "retweet_count" },
						{ "post.fields", "repost_count" } };
	char id[40], path[200];

	connect_to(X, NULL, NULL);
	new_tweet("counted", id, sizeof(id));
	for (size_t i = 0; i < 2; i++) {
		const json_t *post, *metrics;

		snprintf(path, sizeof(path), "/2/tweets?ids=%s&%s=public_metrics", id, names[i][0]);
		CLEANUP(client_answer_done) struct answer a = ask(X, "GET", path, NULL);

		ck_assert_int_eq((int)a.status, 200);
		post = json_array_get(data_of(&a), 0);
		metrics = json_object_get(post, "public_metrics");
		ck_assert_int_eq(number(metrics, "impression_count"), truth("counted", "views"));
		ck_assert_int_eq(number(metrics, "like_count"), truth("counted", "likes"));
		ck_assert_int_eq(number(metrics, "reply_count"), truth("counted", "comments"));
		ck_assert_int_eq(number(metrics, "bookmark_count"), truth("counted", "saves"));
		ck_assert_int_eq(number(metrics, names[i][1]) + number(metrics, "quote_count"),
				 truth("counted", "shares"));
		ck_assert_ptr_null(json_object_get(a.json, "errors"));
		ck_assert_ptr_null(json_object_get(post, "created_at"));
	}
}
END_TEST

START_TEST(x_tells_what_is_missing_beside_what_is_there)
{
	char kept[40], lost[40], path[200];
	const json_t *error;

	connect_to(X, NULL, NULL);
	new_tweet("kept", kept, sizeof(kept));
	new_tweet("lost", lost, sizeof(lost));
	snprintf(path, sizeof(path), "/2/tweets/%s", lost);
	CLEANUP(client_answer_done) struct answer gone = ask(X, "DELETE", path, NULL);
	/* Anybody may read it, not its author alone. */
	connect_to(X, NULL, "2244994946");
	snprintf(path, sizeof(path), "/2/tweets?ids=%s,%s", lost, kept);
	CLEANUP(client_answer_done) struct answer a = ask(X, "GET", path, NULL);

	ck_assert_int_eq((int)gone.status, 200);
	ck_assert_int_eq((int)a.status, 200);
	ck_assert_uint_eq(json_array_size(data_of(&a)), 1);
	ck_assert_str_eq(text_in(json_array_get(data_of(&a), 0), "id"), kept);
	ck_assert_ptr_null(json_object_get(json_array_get(data_of(&a), 0), "public_metrics"));
	error = json_array_get(json_object_get(a.json, "errors"), 0);
	ck_assert_str_eq(text_in(error, "resource_id"), lost);
	ck_assert_ptr_nonnull(strstr(text_in(error, "type"), "/resource-not-found"));
	snprintf(path, sizeof(path), "/2/tweets?ids=%s", lost);
	CLEANUP(client_answer_done) struct answer none = ask(X, "GET", path, NULL);

	ck_assert_int_eq((int)none.status, 200);
	ck_assert_ptr_null(data_of(&none));
}
END_TEST

START_TEST(tiktok_tells_the_fields_that_are_asked_for)
{
	char id[40];
	const json_t *video;

	connect_to(TIKTOK, NULL, NULL);
	new_photo("counted", "PUBLIC_TO_EVERYONE", id, sizeof(id));
	CLEANUP(client_answer_done)
	struct answer a = query("id,view_count,like_count,comment_count,share_count", id);

	ck_assert_int_eq((int)a.status, 200);
	video = json_array_get(json_object_get(data_of(&a), "videos"), 0);
	ck_assert_str_eq(text_in(video, "id"), id);
	ck_assert_int_eq(number(video, "view_count"), truth("counted", "views"));
	ck_assert_int_eq(number(video, "like_count"), truth("counted", "likes"));
	ck_assert_int_eq(number(video, "comment_count"), truth("counted", "comments"));
	ck_assert_int_eq(number(video, "share_count"), truth("counted", "shares"));
	ck_assert_ptr_null(json_object_get(video, "share_url"));
}
END_TEST

START_TEST(tiktok_is_silent_about_what_not_everybody_sees)
{
	char hidden[40], others[40];

	connect_to(TIKTOK, NULL, NULL);
	new_photo("hidden", "SELF_ONLY", hidden, sizeof(hidden));
	new_photo("others", "PUBLIC_TO_EVERYONE", others, sizeof(others));
	CLEANUP(client_answer_done) struct answer own = query("id", hidden);

	ck_assert_int_eq((int)own.status, 200);
	ck_assert_uint_eq(json_array_size(json_object_get(data_of(&own), "videos")), 0);
	connect_to(TIKTOK, NULL, "95d1c8e2-0b34-4f6e-9a71-2f6f0a6f3c11");
	CLEANUP(client_answer_done) struct answer foreign = query("id", others);

	ck_assert_int_eq((int)foreign.status, 200);
	ck_assert_uint_eq(json_array_size(json_object_get(data_of(&foreign), "videos")), 0);
}
END_TEST

START_TEST(pin_has_its_counts_when_asked)
{
	char id[40], path[100];
	const json_t *all, *recent;

	connect_to(PINTEREST, NULL, NULL);
	new_pin("counted", id, sizeof(id));
	snprintf(path, sizeof(path), "/v5/pins/%s?pin_metrics=true", id);
	CLEANUP(client_answer_done) struct answer a = ask(PINTEREST, "GET", path, NULL);

	snprintf(path, sizeof(path), "/v5/pins/%s?pin_metrics=false", id);
	CLEANUP(client_answer_done) struct answer plain = ask(PINTEREST, "GET", path, NULL);

	all = json_object_get(json_object_get(a.json, "pin_metrics"), "lifetime_metrics");
	recent = json_object_get(json_object_get(a.json, "pin_metrics"), "90d");
	ck_assert_int_eq(number(all, "impression"), truth("counted", "views"));
	ck_assert_int_eq(number(all, "reaction"), truth("counted", "likes"));
	ck_assert_int_eq(number(all, "comment"), truth("counted", "comments"));
	ck_assert_int_eq(number(all, "save"), truth("counted", "saves"));
	ck_assert_int_eq(number(recent, "save"), truth("counted", "saves"));
	ck_assert_ptr_null(json_object_get(recent, "reaction"));
	ck_assert_int_eq((int)plain.status, 200);
	ck_assert_ptr_null(json_object_get(plain.json, "pin_metrics"));
}
END_TEST

#define IDS_20 "\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\","
#define IDS_X  "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"

static const struct wrong {
	int platform;
	const char *method, *path, *json;
	int status;
	const char *words;
} wrongs[] = {
	{ X, "GET", "/2/tweets", NULL, 400, "can not be empty" },
	{ X, "GET", "/2/tweets?ids=12a", NULL, 400, "[12a] is not valid" },
	{ X, "GET", "/2/tweets?ids=12345678901234567890", NULL, 400, "is not valid" },
	{ X, "GET", "/2/tweets?ids=" IDS_X IDS_X IDS_X IDS_X IDS_X "1", NULL, 400,
	  "not between 1 and 100" },
	{ X, "GET", "/2/tweets?ids=1&tweet.fields=likes", NULL, 400, "[likes]" },
	{ X, "GET", "/2/tweets?ids=1&fields=public_metrics", NULL, 400, "[fields] is not one of" },
	{ TIKTOK, "POST", "/v2/video/query/", "{\"filters\":{\"video_ids\":[\"1\"]}}", 400,
	  "invalid_params" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id,likes",
	  "{\"filters\":{\"video_ids\":[\"1\"]}}", 400, "not one of a video" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id", "{}", 400, "1 to 20 ids" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id", "{\"filters\":{\"video_ids\":[]}}", 400,
	  "1 to 20 ids" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id",
	  "{\"filters\":{\"video_ids\":[" IDS_20 IDS_20 "\"1\"]}}", 400, "1 to 20 ids" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id", "{\"filters\":{\"video_ids\":[1]}}", 400,
	  "must hold ids" },
	{ TIKTOK, "POST", "/v2/video/query/?fields=id",
	  "{\"filters\":{\"video_ids\":[\"v_pub_file~v2-1.1\"]}}", 400, "must hold ids" },
	{ TIKTOK, "POST", "/v2/video/list/?fields=id,likes", "{}", 400, "not one of a video" },
	{ PINTEREST, "GET", "/v5/pins/1?pin_metrics=yes", NULL, 400, "'pin_metrics'" },
	{ PINTEREST, "GET", "/v5/boards/" BOARD "/pins?pin_metrics=1", NULL, 400, "'pin_metrics'" },
	{ PINTEREST, "GET", "/v5/pins/1?pin_metrics=true", NULL, 404, "Pin not found." },
};

START_TEST(wrong_reading_is_refused)
{
	const struct wrong *w = &wrongs[_i];

	connect_to(w->platform, NULL, NULL);
	CLEANUP(client_answer_done) struct answer a = ask(w->platform, w->method, w->path, w->json);

	ck_assert_msg(a.status == w->status && strstr(buf_str(&a.body), w->words), "%ld %s",
		      a.status, buf_str(&a.body));
}
END_TEST

static const struct lacking {
	int platform;
	const char *scopes, *method, *path, *json;
	int status;
	const char *words;
} lackings[] = {
	{ X, "tweet.write%20users.read", "GET", "/2/tweets?ids=1", NULL, 403, "Forbidden" },
	{ X, "tweet.read%20tweet.write", "GET", "/2/tweets?ids=1", NULL, 403, "Forbidden" },
	{ TIKTOK, "user.info.basic,video.publish", "POST", "/v2/video/query/?fields=id",
	  "{\"filters\":{\"video_ids\":[\"1\"]}}", 401, "scope_not_authorized" },
	{ PINTEREST, "boards:read,boards:write,pins:write", "GET", "/v5/pins/1", NULL, 401,
	  "sufficient permissions" },
};

START_TEST(reading_needs_its_permission)
{
	const struct lacking *l = &lackings[_i];

	connect_to(l->platform, l->scopes, NULL);
	CLEANUP(client_answer_done) struct answer a = ask(l->platform, l->method, l->path, l->json);

	ck_assert_msg(a.status == l->status && strstr(buf_str(&a.body), l->words), "%ld %s",
		      a.status, buf_str(&a.body));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ x_tells_its_counts_in_either_language, 0 },
		{ x_tells_what_is_missing_beside_what_is_there, 0 },
		{ tiktok_tells_the_fields_that_are_asked_for, 0 },
		{ tiktok_is_silent_about_what_not_everybody_sees, 0 },
		{ pin_has_its_counts_when_asked, 0 },
		{ wrong_reading_is_refused, (int)ARRAY_LEN(wrongs) },
		{ reading_needs_its_permission, (int)ARRAY_LEN(lackings) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_results",
		.setup = results_setup,
		.teardown = client_teardown,
		.timeout_s = 60,
		.cases = cases,
	});
}

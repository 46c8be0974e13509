/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's Bluesky as a client meets it: records and their keys, files, all that is refused. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

#define DID    "did:plc:acmebakery22222222222222"
#define STUDIO "did:plc:acmestudio22222222222222"
#define REPO   "/xrpc/com.atproto.repo."
#define KEY    "3kznmn7xqxl22"
#define URI    "at://" DID "/app.bsky.feed.post/" KEY
#define GET    REPO "getRecord?repo=" DID "&collection=app.bsky.feed.post&rkey="
#define POST(more) \
	"{\"$type\":\"app.bsky.feed.post\",\"createdAt\":\"2026-11-22T12:00:00.000Z\"" more "}"
#define BREAD POST(",\"text\":\"Bread\"")

static char token[512];

static struct answer ask(const char *method, const char *path, const char *json)
{
	return client_ask(method, client_url("/bluesky%s", path), json, token);
}

static void setup(void)
{
	struct answer a;

	client_setup();
	*token = '\0';
	a = ask("POST", "/xrpc/com.atproto.server.createSession",
		"{\"identifier\":\"acmebakery.test\",\"password\":\"acme-bake-ry22-2222\"}");
	ck_assert_int_eq((int)a.status, 200);
	(void)snprintf(token, sizeof(token), "%s", client_text(&a, "accessJwt"));
	client_answer_done(&a);
}

/* extra: further members, e.g. ",\"swapRecord\":null" */
static struct answer put(const char *verb, const char *key, const char *record, const char *extra)
{
	char *body = NULL;
	struct answer a;

	ck_assert_int_gt(asprintf(&body,
				  "{\"repo\":\"" DID "\",\"collection\":\"app.bsky.feed.post\","
				  "\"rkey\":\"%s\",\"record\":%s%s}",
				  key, record, extra),
			 0);
	a = ask("POST", strcmp(verb, "put") == 0 ? REPO "putRecord" : REPO "createRecord", body);
	free(body);
	return a;
}

static void says(struct answer a, int status, const char *error)
{
	ck_assert_msg((int)a.status == status && strcmp(client_text(&a, "error"), error) == 0,
		      "%ld %s", a.status, buf_str(&a.body));
	client_answer_done(&a);
}

/* "cid" of an answer that must be a 200; the caller frees. */
static char *cid_of(struct answer a)
{
	char *cid;

	ck_assert_msg(a.status == 200, "%ld %s", a.status, buf_str(&a.body));
	cid = strdup(client_text(&a, "cid"));
	ck_assert_uint_eq(strlen(cid), 59);
	client_answer_done(&a);
	return cid;
}

START_TEST(key_is_written_once)
{
	const char *null = ",\"swapRecord\":null";
	char *first = cid_of(put("put", KEY, BREAD, null));
	char *again = cid_of(put("put", KEY, BREAD, null));
	char *seen = cid_of(ask("GET", GET KEY, NULL));

	ck_assert_str_eq(first, again);
	ck_assert_str_eq(first, seen);
	ck_assert_uint_eq(client_truth("\"Bread\""), 1);
	says(put("put", KEY, POST(",\"text\":\"Cake\""), null), 400, "InvalidSwap");
	says(put("create", KEY, BREAD, ""), 500, "InternalServerError");
	ck_assert_uint_eq(client_truth("Cake"), 0);
	free(first);
	free(again);
	free(seen);
}
END_TEST

/* Without a word on what stands there it is written over, as the network has it. */
START_TEST(record_is_replaced_where_that_is_asked)
{
	char *first = cid_of(put("put", KEY, BREAD, "")), *second, swap[128];

	(void)snprintf(swap, sizeof(swap), ",\"swapRecord\":\"%s\"", first);
	second = cid_of(put("put", KEY, POST(",\"text\":\"Cake\""), swap));
	ck_assert_str_ne(first, second);
	says(put("put", KEY, BREAD, swap), 400, "InvalidSwap");
	free(first);
	free(second);
	first = cid_of(put("put", KEY, POST(",\"text\":\"Rye\""), ""));
	free(first);
}
END_TEST

START_TEST(record_that_is_not_there_is_said_so)
{
	struct answer a;

	says(ask("GET", GET KEY, NULL), 400, "RecordNotFound");
	free(cid_of(put("put", KEY, BREAD, "")));
	a = ask("POST", REPO "deleteRecord",
		"{\"repo\":\"" DID "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"" KEY
		"\"}");
	ck_assert_int_eq((int)a.status, 200);
	client_answer_done(&a);
	says(ask("GET", GET KEY, NULL), 400, "RecordNotFound");
	says(ask("GET", REPO "getRecord?repo=nobody.test&collection=a&rkey=b", NULL), 400,
	     "InvalidRequest");
	says(ask("GET", REPO "getRecord?repo=" DID, NULL), 400, "InvalidRequest");
}
END_TEST

START_TEST(list_has_the_newest_key_first)
{
	static const char *const keys[] = { "3kaaaaaaaaaa2", "3kccccccccccc", "3kbbbbbbbbbbb" };
	struct answer a;
	const json_t *list;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		free(cid_of(put("create", keys[i], BREAD, "")));
	a = ask("GET", REPO "listRecords?repo=acmebakery.test&limit=2", NULL);
	list = json_object_get(a.json, "records");
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(
		strrchr(json_string_value(json_object_get(json_array_get(list, 0), "uri")), '/'),
		"/3kccccccccccc");
	ck_assert_str_eq(client_text(&a, "cursor"), "3kbbbbbbbbbbb");
	client_answer_done(&a);
	a = ask("GET", REPO "listRecords?repo=" DID "&cursor=3kbbbbbbbbbbb", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(a.json, "records")), 1);
	client_answer_done(&a);
}
END_TEST

#define TEXT(more) POST(",\"text\":\"a b c d\"" more)
#define FACET(from, to, type, member)                                            \
	TEXT(",\"facets\":[{\"index\":{\"byteStart\":" #from ",\"byteEnd\":" #to \
	     "},\"features\":[{\"$type\":\"app.bsky.richtext.facet#" type "\"," member "}]}]")
#define EMBED(type, members) TEXT(",\"embed\":{\"$type\":\"app.bsky.embed." type "\"," members "}")
#define CID                  "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
#define REF                  "{\"uri\":\"" URI "\",\"cid\":\"" CID "\"}"

static const struct {
	const char *record;
	bool is_good;
} records[] = {
	{ BREAD, true },
	{ POST(""), false },
	{ "{\"$type\":\"app.bsky.feed.like\",\"text\":\"x\"}", false },
	{ "{\"text\":\"x\"}", false },
	{ "{\"text\":\"x\",\"createdAt\":\"yesterday\"}", false },
	{ FACET(0, 1, "tag", "\"tag\":\"a\""), true },
	{ FACET(0, 8, "tag", "\"tag\":\"a\""), false },
	{ FACET(1, 1, "tag", "\"tag\":\"a\""), false },
	{ FACET(-1, 1, "tag", "\"tag\":\"a\""), false },
	{ FACET(0, 1, "tag", "\"tag\":\"\""), false },
	{ FACET(0, 1, "link", "\"uri\":\"https://a.example\""), true },
	{ FACET(0, 1, "link", "\"uri\":\"a b\""), false },
	{ FACET(0, 1, "mention", "\"did\":\"" DID "\""), true },
	{ FACET(0, 1, "mention", "\"did\":\"acmebakery.test\""), false },
	{ FACET(0, 1, "shout", "\"did\":\"" DID "\""), false },
	{ POST(",\"text\":\"\xe6\x95\x85\",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":2},"
	       "\"features\":[{\"$type\":\"app.bsky.richtext.facet#tag\",\"tag\":\"x\"}]}]"),
	  false },
	{ TEXT(",\"langs\":[\"en\",\"pt-BR\"]"), true },
	{ TEXT(",\"langs\":[\"en\",\"de\",\"fr\",\"it\"]"), false },
	{ TEXT(",\"langs\":[\"English\"]"), false },
	{ TEXT(",\"tags\":[\"a\"]"), true },
	{ TEXT(",\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]"), false },
	{ TEXT(",\"reply\":{\"root\":" REF ",\"parent\":" REF "}"), true },
	{ TEXT(",\"reply\":{\"root\":" REF "}"), false },
	{ TEXT(",\"reply\":{\"root\":" REF ",\"parent\":{\"uri\":\"" URI "\"}}"), false },
	{ EMBED("record", "\"record\":" REF), true },
	{ EMBED("record", "\"record\":{\"uri\":\"at://acmebakery.test/a/b\",\"cid\":\"" CID "\"}"),
	  false },
	{ EMBED("external", "\"external\":{\"uri\":\"https://a.example\",\"title\":\"\","
			    "\"description\":\"\"}"),
	  true },
	{ EMBED("external", "\"external\":{\"uri\":\"https://a.example\",\"title\":\"\"}"), false },
	{ EMBED("recordWithMedia",
		"\"record\":{\"record\":" REF "},\"media\":{\"$type\":\"app.bsky.embed.external\","
		"\"external\":{\"uri\":\"https://"
		"a.example\",\"title\":\"\",\"description\":\"\"}}"),
	  true },
	{ EMBED("recordWithMedia", "\"record\":{\"record\":" REF "}"), false },
	{ EMBED("images", "\"images\":[{\"alt\":\"\",\"image\":{\"$type\":\"blob\",\"ref\":{\""
			  "$link\":\"" CID "\"},\"mimeType\":\"image/jpeg\"}}]"),
	  false },
	{ EMBED("nothing", "\"a\":1"), false },
};

START_TEST(record_is_judged_by_its_lexicon)
{
	struct answer a = put("put", KEY, records[_i].record, "");

	ck_assert_msg((a.status == 200) == records[_i].is_good, "%s: %s", records[_i].record,
		      buf_str(&a.body));
	client_answer_done(&a);
}
END_TEST

START_TEST(long_texts_are_refused)
{
	static const struct {
		const char *piece;
		int n, status;
	} rows[] = {
		{ "a", 300, 200 },
		{ "a", 301, 400 },
		{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", 166,
		  200 },
		{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", 167,
		  400 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_done) struct buf record = BUF_INIT;
		struct answer a;

		buf_adds(&record, "{\"createdAt\":\"2026-11-22T12:00:00Z\",\"text\":\"");
		for (int k = 0; k < rows[i].n; k++)
			buf_adds(&record, rows[i].piece);
		buf_adds(&record, "\"}");
		a = put("put", KEY, record.p, "");
		ck_assert_int_eq((int)a.status, rows[i].status);
		client_answer_done(&a);
	}
}
END_TEST

static struct answer upload(const char *bytes, size_t n, const char *type)
{
	char line[600];
	struct curl_slist *headers;
	CURL *curl = curl_easy_init();

	(void)snprintf(line, sizeof(line), "Content-Type: %s", type);
	headers = curl_slist_append(NULL, line);
	(void)snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	headers = curl_slist_append(headers, line);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)n);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes);
	return client_perform(curl, "POST", client_url("/bluesky" REPO "uploadBlob"), headers);
}

/* A post with that blob as its one image. */
static struct answer put_image(const json_t *blob)
{
	char *text = json_dumps(blob, JSON_COMPACT), *record = NULL;
	struct answer a;

	ck_assert_int_gt(asprintf(&record,
				  EMBED("images", "\"images\":[{\"alt\":\"A loaf\",\"image\":%s}]"),
				  text),
			 0);
	a = put("put", KEY, record, "");
	free(text);
	free(record);
	return a;
}

/* A file is taken whatever it is; what it is good for shows when a record refers to it. */
START_TEST(image_too_large_is_refused_with_its_record)
{
	static char bytes[1000001] = "\xff\xd8\xff";
	static const struct {
		size_t n;
		const char *type;
		int status;
	} rows[] = {
		{ 1000000, "image/jpeg", 200 },
		{ 1000001, "image/jpeg", 400 },
		{ 999, "text/plain", 200 }, /* its bytes say what it is */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(client_answer_done)
		struct answer a = upload(bytes, rows[i].n, rows[i].type);
		const json_t *blob = json_object_get(a.json, "blob");
		struct answer b;

		ck_assert_int_eq((int)a.status, 200);
		ck_assert_str_eq(json_string_value(json_object_get(blob, "mimeType")),
				 "image/jpeg");
		b = put_image(blob);
		ck_assert_int_eq((int)b.status, rows[i].status);
		client_answer_done(&b);
	}
}
END_TEST

START_TEST(file_must_be_there_as_it_is_said)
{
	CLEANUP(client_answer_done)
	struct answer a = upload("\xff\xd8\xff"
				 "1234",
				 7, "image/jpeg");
	json_t *blob = json_deep_copy(json_object_get(a.json, "blob"));

	json_object_set_new(blob, "size", json_integer(8));
	says(put_image(blob), 400, "InvalidRequest");
	json_object_set_new(blob, "size", json_integer(7));
	json_object_set_new(json_object_get(blob, "ref"), "$link", json_string(CID));
	says(put_image(blob), 400, "BlobNotFound");
	json_decref(blob);
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_object_get(json_object_get(a.json, "blob"), "ref"), "$link")),
			 "bafkreig25c6qpfpuclekikbpp42kftdwg6rkqwtlsrhclqxo6zewoj4fau");
}
END_TEST

START_TEST(repository_is_the_callers_own)
{
	says(ask("POST", REPO "putRecord",
		 "{\"repo\":\"" STUDIO "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"" KEY
		 "\",\"record\":" BREAD "}"),
	     401, "AuthMissing");
	says(put("put", "not-a-tid", BREAD, ""), 400, "InvalidRequest");
	says(put("put", "zzzzzzzzzzzzz", BREAD, ""), 400, "InvalidRequest");
	client_control("world", "{\"platform\":\"bluesky\",\"users\":[{\"did\":\"" DID
				"\",\"handle\":\"acmebakery.test\",\"deactivated\":true}]}");
	says(put("put", KEY, BREAD, ""), 400, "AccountDeactivated");
	(void)snprintf(token, sizeof(token), "nonsense");
	says(put("put", KEY, BREAD, ""), 400, "InvalidToken");
}
END_TEST

START_TEST(points_of_an_hour_run_out)
{
	struct answer a;

	client_control("world", "{\"platform\":\"bluesky\",\"points\":4}");
	for (int i = 0; i < 2; i++)
		free(cid_of(put("put", i == 0 ? KEY : "3kznmn7xqxl23", BREAD, "")));
	a = put("put", "3kznmn7xqxl24", BREAD, "");
	ck_assert_int_eq((int)a.status, 429);
	ck_assert_ptr_nonnull(strstr(a.headers.p, "ratelimit-remaining: 0"));
	ck_assert_ptr_nonnull(strstr(a.headers.p, "ratelimit-reset: "));
	client_answer_done(&a);
	ck_assert_uint_eq(client_truth("Bread"), 2);
}
END_TEST

START_TEST(readers_find_people_and_posts)
{
	struct answer a;
	const json_t *view;

	says(ask("GET", "/xrpc/com.atproto.identity.resolveHandle?handle=nobody.test", NULL), 400,
	     "InvalidRequest");
	a = ask("GET", "/xrpc/com.atproto.identity.resolveHandle?handle=acmestudio.test", NULL);
	ck_assert_str_eq(client_text(&a, "did"), STUDIO);
	client_answer_done(&a);
	free(cid_of(put("put", KEY, BREAD, "")));
	a = ask("GET", "/xrpc/app.bsky.feed.getPosts?uris=" URI "&uris=at://" DID "/x/y", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(a.json, "posts")), 1);
	view = json_array_get(json_object_get(a.json, "posts"), 0);
	ck_assert_int_gt(json_integer_value(json_object_get(view, "likeCount")), 0);
	client_answer_done(&a);
	a = ask("GET", "/profile/acmebakery.test/post/" KEY, NULL);
	ck_assert_int_eq((int)a.status, 200);
	client_answer_done(&a);
	says(ask("GET", "/xrpc/app.bsky.feed.getTimeline", NULL), 501, "MethodNotImplemented");
	says(ask("GET", "/nothing/here", NULL), 404, "");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ key_is_written_once, 0 },
		{ record_is_replaced_where_that_is_asked, 0 },
		{ record_that_is_not_there_is_said_so, 0 },
		{ list_has_the_newest_key_first, 0 },
		{ record_is_judged_by_its_lexicon, (int)ARRAY_LEN(records) },
		{ long_texts_are_refused, 0 },
		{ image_too_large_is_refused_with_its_record, 0 },
		{ file_must_be_there_as_it_is_said, 0 },
		{ repository_is_the_callers_own, 0 },
		{ points_of_an_hour_run_out, 0 },
		{ readers_find_people_and_posts, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_bluesky",
		.setup = setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

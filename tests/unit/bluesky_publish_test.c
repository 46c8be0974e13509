/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bluesky without a network: the record that is written, held against the lexicons where
 * CARILLON_CONTRACTS names a folder with them; its key; what the answers to the one irreversible
 * call prove, and the look for it.
 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/bluesky.h"
#include "platform/thread.h"
#include "platform_bench.h"
#include "support/lexicon.h"
#include "support/suite.h"

#define DID      "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
#define PDS      "https://pds.acme.com"
#define CID      "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
#define BLOB     "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
#define REF(key) "{\"cid\":\"" CID "\",\"uri\":\"at://" DID "/app.bsky.feed.post/" key "\"}"
#define IMAGE                                                                        \
	"{\"$type\":\"blob\",\"mimeType\":\"image/jpeg\",\"ref\":{\"$link\":\"" BLOB \
	"\"},\"size\":1000}"
#define FILM                                                                        \
	"{\"$type\":\"blob\",\"mimeType\":\"video/mp4\",\"ref\":{\"$link\":\"" BLOB \
	"\"},\"size\":1000}"

static struct bench b;
static json_t *lexicons;

static void setup(void)
{
	bench_open_for(&b, "bluesky", "media_renewals = 1\n");
	b.account.remote_id = DID;
	b.account.meta = json_pack("{s:s}", "server", PDS);
	b.account.access_token = "JWT";
	b.d.post_id = "sch_01KAP00000000000000000000A";
	b.d.due_us = b.d.now_us + 5 * US_PER_S;
}

static void teardown(void)
{
	json_decref((json_t *)(uintptr_t)b.account.meta);
	bench_close(&b);
}

static void options(const char *json)
{
	json_decref(b.post.options);
	b.post.options = json_loads(json, 0, NULL);
	ck_assert_ptr_nonnull(b.post.options);
}

static void uploaded(size_t i, const char *blob)
{
	json_object_set_new(bluesky_item(&b.d, i), "blob", json_loads(blob, 0, NULL));
	memo_set_int(bluesky_item(&b.d, i), "made", BENCH_NOW_S);
}

static void noted(const char *key, const char *json)
{
	json_object_set_new(b.d.memo, key, json_loads(json, 0, NULL));
}

static const char *dumped(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	const char *kept = arena_strdup(b.arena, text);

	free(text);
	return kept;
}

#define SLICE(from, to) "\"index\":{\"byteEnd\":" #to ",\"byteStart\":" #from "}"
#define FACET_OF(kind, member)                                                            \
	"{\"$type\":\"app.bsky.richtext.facet\",\"features\":[{\"$type\":\"app.bsky.rich" \
	"text.facet#" kind "\"," member "}],"
#define EXTERNAL(thumb)                                                                         \
	"{\"$type\":\"app.bsky.embed.external\",\"external\":{\"description\":\"Words\"," thumb \
	"\"title\":\"Acme\",\"uri\":\"https://acme.example/\"}}"
#define IMAGES(alt)                                                        \
	"{\"$type\":\"app.bsky.embed.images\",\"images\":[{\"alt\":\"" alt \
	"\",\"aspectRatio\":{\"height\":1080,\"width\":1080},\"image\":" IMAGE "}]}"
#define QUOTED "{\"$type\":\"app.bsky.embed.record\",\"record\":" REF("3kquoted") "}"
#define BORN   "\"createdAt\":\"2027-01-15T08:00:05.000Z\""

struct post_row {
	const char *caption, *link, *options;
	enum content_kind kind; /* IMAGE one, VIDEO one, else none */
	const char *memo;       /* members that staging has found */
	const char *record;     /* sorted; $type and createdAt left out */
};

static const struct post_row posts[] = {
	{ "Bread", NULL, "{}", CONTENT_TEXT, "{}", "\"text\":\"Bread\"" },
	{ "#a at b.com with @c.test, @d.test", NULL, "{\"languages\":[\"en\",\"pt-BR\"]}",
	  CONTENT_TEXT, "{\"dids\":{\"c.test\":\"" DID "\",\"d.test\":\"\"}}",
	  "\"facets\":[" FACET_OF("tag", "\"tag\":\"a\"")
		  SLICE(0, 2) "}," FACET_OF("link", "\"uri\":\"https://b.com\"")
			  SLICE(6, 11) "}," FACET_OF("mention", "\"did\":\"" DID "\"")
				  SLICE(17, 24) "}],\"langs\":[\"en\",\"pt-BR\"],"
						"\"text\":\"#a at b.com with @c.test, @d.test\"" },
	{ "Bread", NULL, "{}", CONTENT_IMAGE, "{}", "\"embed\":" IMAGES("") ",\"text\":\"Bread\"" },
	{ "", NULL, "{}", CONTENT_VIDEO, "{}",
	  "\"embed\":{\"$type\":\"app.bsky.embed.video\",\"aspectRatio\":{\"height\":1920,"
	  "\"width\":1080},\"video\":" FILM "},\"text\":\"\"" },
	{ "Bread", "https://acme.example/", "{\"language\":\"en\"}", CONTENT_TEXT, "{}",
	  "\"embed\":" EXTERNAL("") ",\"langs\":[\"en\"],\"text\":\"Bread\"" },
	/* Media take the card's place: the link goes below the text. */
	{ "Bread", "https://acme.example/", "{}", CONTENT_IMAGE, "{}",
	  "\"embed\":" IMAGES("") ",\"facets\":[" FACET_OF("link",
							   "\"uri\":\"https://acme.example/\"")
		  SLICE(6, 27) "}],"
			       "\"text\":\"Bread\\nhttps://"
			       "acme.example/\"" },
	{ "Yes", NULL, "{\"reply_to_id\":\"at://x\"}", CONTENT_TEXT,
	  "{\"reply\":{\"root\":" REF("3kroot") ",\"parent\":" REF("3kparent") "}}",
	  "\"reply\":{\"parent\":" REF("3kparent") ",\"root\":" REF(
		  "3kroot") "},\"text\":\"Yes\"" },
	{ "Look", NULL, "{\"quote_id\":\"at://x\"}", CONTENT_TEXT,
	  "{\"quote\":" REF("3kquoted") "}", "\"embed\":" QUOTED ",\"text\":\"Look\"" },
	{ "Look", NULL, "{\"quote_id\":\"at://x\"}", CONTENT_IMAGE,
	  "{\"quote\":" REF("3kquoted") "}",
	  "\"embed\":{\"$type\":\"app.bsky.embed.recordWithMedia\",\"media\":" IMAGES(
		  "") ",\"record\":" QUOTED "},\"text\":\"Look\"" },
	{ "Look", "https://acme.example/", "{\"quote_id\":\"at://x\"}", CONTENT_TEXT,
	  "{\"quote\":" REF("3kquoted") "}",
	  "\"embed\":{\"$type\":\"app.bsky.embed.recordWithMedia\",\"media\":" EXTERNAL(
		  "") ",\"record\":" QUOTED "},\"text\":\"Look\"" },
};

static void prepare(const struct post_row *row)
{
	const json_t *found;
	const char *key;
	json_t *memo = json_loads(row->memo, 0, NULL);

	b.post.caption = row->caption;
	b.post.title = "Acme";
	b.post.description = "Words";
	b.post.link = row->link;
	options(row->options);
	if (row->kind == CONTENT_IMAGE)
		bench_images(&b, CONTENT_IMAGE, 1);
	else if (row->kind == CONTENT_VIDEO)
		bench_video(&b, CONTENT_VIDEO);
	if (row->kind != CONTENT_TEXT)
		uploaded(0, row->kind == CONTENT_IMAGE ? IMAGE : FILM);
	json_object_foreach(memo, key, found)
		json_object_set(b.d.memo, key, (json_t *)(uintptr_t)found);
	json_decref(memo);
}

static void fits_lexicon(const json_t *record)
{
	const char *why = lexicons ? lexicon_fault(b.arena, lexicons, BLUESKY_POST, record) : NULL;

	ck_assert_msg(!why, "%s in %s", why, dumped(record));
}

/* The body of the fire; borrowed until the case ends. */
static json_t *fired(void)
{
	json_t *body;

	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert(b.result.request->is_to_users_host);
	ck_assert_str_eq(b.result.request->url, PDS "/xrpc/com.atproto.repo.putRecord");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer JWT");
	body = json_loadb(b.result.request->bytes, b.result.request->bytes_n, 0, NULL);
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(memo_text(body, "repo"), DID);
	ck_assert_str_eq(memo_text(body, "collection"), BLUESKY_POST);
	ck_assert_str_eq(memo_text(body, "rkey"), bluesky_key(&b.d));
	ck_assert(json_is_null(json_object_get(body, "swapRecord")));
	fits_lexicon(json_object_get(body, "record"));
	return body;
}

START_TEST(record_is_what_was_asked_for)
{
	const struct post_row *row = &posts[_i];
	json_t *body;

	prepare(row);
	body = fired();
	ck_assert_str_eq(dumped(json_object_get(body, "record")),
			 arena_printf(b.arena, "{\"$type\":\"" BLUESKY_POST "\",%s%s%s}", BORN, ",",
				      row->record));
	json_decref(body);
}
END_TEST

START_TEST(parts_answer_the_one_before)
{
	static const char *const words[] = { "One", "Two", "Three" };
	const char *keys[3];
	json_t *body;

	b.post.caption = "One";
	options("{\"thread\":[\"Two\",\"Three\"],\"quote_id\":\"at://x\"}");
	noted("quote", REF("3kquoted"));
	for (size_t i = 0; i < 3; i++) {
		const json_t *record, *reply;

		b.d.part = i;
		b.d.before_id = i > 0 ? arena_printf(b.arena, "at://" DID "/" BLUESKY_POST "/%s",
						     keys[i - 1])
				      : NULL;
		body = fired();
		record = json_object_get(body, "record");
		reply = json_object_get(record, "reply");
		keys[i] = arena_strdup(b.arena, memo_text(body, "rkey"));
		ck_assert_str_eq(memo_text(record, "text"), words[i]);
		ck_assert_int_eq(json_object_get(record, "embed") != NULL, i == 0);
		ck_assert_int_eq(reply != NULL, i > 0);
		if (i > 0) {
			ck_assert(strcmp(keys[i - 1], keys[i]) < 0);
			ck_assert_str_eq(memo_text(json_object_get(reply, "parent"), "uri"),
					 b.d.before_id);
			ck_assert_ptr_nonnull(
				strstr(memo_text(json_object_get(reply, "root"), "uri"), keys[0]));
		}
		json_decref(body);
		bench_ends(&b,
			   bench_fire(&b, bench_reply(&b, 200,
						      arena_printf(b.arena,
								   "{\"uri\":\"%s\",\"cid\":\"" CID
								   "\"}",
								   bluesky_uri(&b.d)))),
			   OUTCOME_PUBLISHED);
		bench_restart(&b);
	}
}
END_TEST

/* An id that a person gave names no version: it is looked up. */
START_TEST(part_before_is_looked_up_when_unknown)
{
	json_t *body;

	b.post.caption = "One";
	options("{\"thread\":[\"Two\"]}");
	b.d.part = 1;
	b.d.before_id = "at://" DID "/" BLUESKY_POST "/3kother";
	bench_sends(&b, bench_fire(&b, NULL),
		    "GET /xrpc/com.atproto.repo.getRecord?repo=did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz"
		    "&collection=app.bsky.feed.post&rkey=3kother");
	ck_assert_int_ne(b.result.phase, PHASE_FIRE);
	ck_assert_int_eq(
		bench_fire(&b, bench_reply(&b, 200, "{\"uri\":\"u\",\"cid\":\"" CID "\"}")),
		STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	body = json_loadb(b.result.request->bytes, b.result.request->bytes_n, 0, NULL);
	fits_lexicon(json_object_get(body, "record"));
	json_decref(body);
}
END_TEST

START_TEST(key_follows_from_the_post_alone)
{
	const char *first = bluesky_key(&b.d), *other;

	ck_assert_uint_eq(strlen(first), 13);
	ck_assert_uint_eq(strspn(first, "234567abcdefghijklmnopqrstuvwxyz"), 13);
	ck_assert_ptr_nonnull(strchr("234567abcdefghij", *first));
	bluesky_key_choose(&b.d);
	ck_assert_str_eq(bluesky_key(&b.d), first);
	b.d.now_us += 999 * US_PER_S;
	json_object_clear(b.d.memo);
	bluesky_key_choose(&b.d);
	ck_assert_str_eq(bluesky_key(&b.d), first);
	b.d.post_id = "sch_01KAP00000000000000000000B";
	json_object_clear(b.d.memo);
	other = bluesky_key(&b.d);
	ck_assert_str_ne(other, first);
	b.d.part = 1;
	ck_assert(strcmp(bluesky_key(&b.d), other) > 0);
}
END_TEST

/* Many posts made in the same millisecond. */
START_TEST(keys_do_not_meet)
{
	json_t *seen = json_object();

	for (size_t i = 0; i < 20000; i++) {
		const char *key;

		b.d.post_id = arena_printf(b.arena, "sch_01KAP00000000000000%07zu", i);
		key = bluesky_key(&b.d);
		ck_assert_msg(!json_object_get(seen, key), "%zu: %s", i, key);
		json_object_set_new(seen, key, json_true());
	}
	json_decref(seen);
}
END_TEST

#define SAID(name, words) "{\"error\":\"" name "\",\"message\":\"" words "\"}"
static const struct bench_answer fires[] = {
	{ 200, "{}", OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "<html>", OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{\"uri\":\"at://" DID "/" BLUESKY_POST "/3kother\",\"cid\":\"" CID "\"}",
	  OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 400, SAID("InvalidToken", "Token could not be verified"), OUTCOME_REFRESH,
	  POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER },
	{ 400, SAID("ExpiredToken", "Token has expired"), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
	{ 401, SAID("invalid_token", "expired"), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
	{ 401, SAID("use_dpop_nonce", "nonce"), OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 403, SAID("ScopeMissingError", "scope"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
	{ 400, SAID("InvalidSwap", "Record was at bafy"), OUTCOME_UNKNOWN, POST_ERROR_UNKNOWN,
	  WHO_PLATFORM },
	{ 400, SAID("InvalidRequest", "Invalid app.bsky.feed.post record"), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ 400, SAID("InvalidRequest", "This file is too large. It is 2MB"), OUTCOME_REFUSED,
	  POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ 400, SAID("BlobNotFound", "Could not find blob: x"), OUTCOME_DEFER,
	  POST_ERROR_MEDIA_REJECTED, WHO_PLATFORM },
	{ 400, SAID("AccountTakedown", "taken down"), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED,
	  WHO_ACCOUNT_OWNER },
	{ 429, SAID("RateLimitExceeded", "Rate Limit Exceeded"), OUTCOME_DEFER,
	  POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	/* Not in the server's own shape, or not before the effect. */
	{ 400, "Bad Request", OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ 404, SAID("XRPCNotSupported", "x"), OUTCOME_UNKNOWN, POST_ERROR_CONFIGURATION,
	  WHO_ACCOUNT_OWNER },
	{ 429, "slow down", OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	{ 500, SAID("InternalServerError", "x"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM,
	  WHO_PLATFORM },
	{ 502, SAID("UpstreamFailure", "x"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 504, "", OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM },
};

START_TEST(answer_to_a_fire_is_judged)
{
	const struct bench_answer *row = &fires[_i];
	json_t *body;

	bench_images(&b, CONTENT_IMAGE, 1);
	uploaded(0, IMAGE);
	body = fired();
	json_decref(body);
	bench_fails(&b, bench_fire(&b, bench_reply(&b, row->status, row->body)), row->kind,
		    row->code, row->who);
	if (row->kind == OUTCOME_UNKNOWN)
		ck_assert_int_eq(b.result.outcome.retry_after_s, 0);
}
END_TEST

START_TEST(lost_uploads_are_made_anew_a_few_times)
{
	const struct bench_answer lost = { 400, SAID("BlobNotFound", "Could not find blob: x"),
					   OUTCOME_DEFER, POST_ERROR_MEDIA_REJECTED, WHO_PLATFORM };

	bench_images(&b, CONTENT_IMAGE, 1);
	for (int i = 0; i < 2; i++) {
		uploaded(0, IMAGE);
		json_decref(fired());
		bench_ends(&b, bench_fire(&b, bench_reply(&b, lost.status, lost.body)),
			   i == 0 ? OUTCOME_DEFER : OUTCOME_REFUSED);
		ck_assert_ptr_null(json_object_get(bluesky_item(&b.d, 0), "blob"));
	}
}
END_TEST

START_TEST(old_uploads_are_made_anew)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	uploaded(0, IMAGE);
	memo_set_int(bluesky_item(&b.d, 0), "made", BENCH_NOW_S - 3600);
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_RESTAGE);
}
END_TEST

static const struct {
	int status; /* 0: broken */
	const char *body;
	enum outcome_kind kind;
} looks[] = {
	{ 200, NULL, OUTCOME_PUBLISHED }, /* what stands there */
	{ 200, "{}", OUTCOME_UNKNOWN },
	{ 200, "{\"uri\":\"at://" DID "/" BLUESKY_POST "/3kother\",\"cid\":\"" CID "\"}",
	  OUTCOME_UNKNOWN },
	{ 400, SAID("RecordNotFound", "Could not locate record"), OUTCOME_ABSENT },
	{ 400, SAID("InvalidRequest", "Could not locate record"), OUTCOME_UNKNOWN },
	{ 400, "RecordNotFound", OUTCOME_UNKNOWN },
	{ 404, SAID("RecordNotFound", "x"), OUTCOME_UNKNOWN },
	{ 500, SAID("RecordNotFound", "x"), OUTCOME_UNKNOWN },
	{ 0, NULL, OUTCOME_UNKNOWN },
};

START_TEST(look_settles_a_doubt)
{
	const char *body = looks[_i].body;

	if (!body)
		body = arena_printf(b.arena, "{\"uri\":\"%s\",\"cid\":\"" CID "\"}",
				    bluesky_uri(&b.d));
	ck_assert_int_eq(bench_recover(&b, NULL), STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_DOUBT);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "");
	ck_assert_ptr_nonnull(strstr(b.result.request->url, bluesky_key(&b.d)));
	bench_ends(&b,
		   bench_recover(&b, looks[_i].status ? bench_reply(&b, looks[_i].status, body)
						      : bench_broken(&b)),
		   looks[_i].kind);
	if (looks[_i].kind == OUTCOME_PUBLISHED)
		ck_assert_str_eq(b.result.outcome.remote_id, bluesky_uri(&b.d));
}
END_TEST

static void open_lexicons(void)
{
	lexicons = lexicon_open();
}

static void close_lexicons(void)
{
	json_decref(lexicons);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ record_is_what_was_asked_for, (int)ARRAY_LEN(posts) },
		{ parts_answer_the_one_before, 0 },
		{ part_before_is_looked_up_when_unknown, 0 },
		{ key_follows_from_the_post_alone, 0 },
		{ keys_do_not_meet, 0 },
		{ answer_to_a_fire_is_judged, (int)ARRAY_LEN(fires) },
		{ lost_uploads_are_made_anew_a_few_times, 0 },
		{ old_uploads_are_made_anew, 0 },
		{ look_settles_a_doubt, (int)ARRAY_LEN(looks) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "bluesky_publish",
		.before = open_lexicons,
		.after = close_lexicons,
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

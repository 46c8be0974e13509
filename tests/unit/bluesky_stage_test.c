/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked up and uploaded before a post to Bluesky can be fired, and what preflight says of it. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/dpop.h"
#include "platform/bluesky.h"
#include "platform/fit.h"
#include "platform_bench.h"
#include "support/suite.h"

#define DID     "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
#define PDS     "https://pds.acme.com"
#define CID     "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
#define GET     "GET /xrpc/com.atproto.repo.getRecord?repo="
#define RESOLVE "GET /xrpc/com.atproto.identity.resolveHandle?handle="
#define SESSION "GET /xrpc/com.atproto.server.getSession"
#define UPLOAD  "POST /xrpc/com.atproto.repo.uploadBlob"
#define BLOB                                                                                  \
	"{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"" CID "\"},\"mimeType\":\"image/" \
	"jpeg\",\"size\":7}}"
#define SAID(name, words) "{\"error\":\"" name "\",\"message\":\"" words "\"}"

static struct bench b;
static char key[DPOP_KEY_MAX];

static void setup(void)
{
	bench_open_for(&b, "bluesky", "thread_max = 3\n");
	b.account.remote_id = DID;
	b.account.meta = json_pack("{s:s}", "server", PDS);
	b.account.access_token = "JWT";
	b.d.post_id = "sch_01KAP00000000000000000000A";
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

/* The step that follows this answer, in another process. */
static enum step after(int status, const char *body)
{
	bench_restart(&b);
	return bench_stage(&b, bench_reply(&b, status, body));
}

static void staged(enum step step)
{
	bench_ends(&b, step, OUTCOME_STAGED);
	ck_assert_str_eq(b.result.outcome.handle, bluesky_key(&b.d));
	ck_assert_int_gt(memo_int(b.d.memo, "born"), 0);
}

START_TEST(text_needs_a_look_at_the_session_alone)
{
	bench_sends(&b, bench_stage(&b, NULL), SESSION);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "Bearer JWT");
	ck_assert(b.result.request->is_to_users_host);
	staged(after(200, "{\"did\":\"" DID "\"}"));
}
END_TEST

START_TEST(references_become_strong)
{
	const json_t *reply;

	options("{\"reply_to_id\":\"https://bsky.app/profile/other.test/post/3kreply\","
		"\"quote_id\":\"at://" DID "/app.bsky.feed.post/3kquote\"}");
	bench_sends(&b, bench_stage(&b, NULL),
		    GET "other.test&collection=app.bsky.feed.post&rkey=3kreply");
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "");
	bench_sends(&b,
		    after(200, "{\"uri\":\"at://did:plc:x/app.bsky.feed.post/3kreply\",\"cid\":\""
			       "one\",\"value\":{\"reply\":{\"root\":{\"uri\":\"at://did:plc:y/"
			       "app.bsky.feed.post/3kroot\",\"cid\":\"two\"}}}}"),
		    GET "did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz&collection=app.bsky.feed.post&rkey="
			"3kquote");
	bench_sends(&b,
		    after(200, "{\"uri\":\"at://" DID
			       "/app.bsky.feed.post/3kquote\",\"cid\":\"three\",\"value\":{}}"),
		    SESSION);
	staged(after(200, "{}"));
	reply = json_object_get(b.d.memo, "reply");
	ck_assert_str_eq(memo_text(json_object_get(reply, "parent"), "cid"), "one");
	ck_assert_str_eq(memo_text(json_object_get(reply, "root"), "cid"), "two");
	ck_assert_str_eq(memo_text(json_object_get(b.d.memo, "quote"), "cid"), "three");
}
END_TEST

START_TEST(reply_to_the_first_post_has_it_as_root)
{
	const json_t *reply;

	options("{\"reply_to_id\":\"at://other.test/app.bsky.feed.post/3kreply\"}");
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	ck_assert_int_eq(after(200, "{\"uri\":\"at://did:plc:x/app.bsky.feed.post/3kreply\","
				    "\"cid\":\"one\",\"value\":{\"text\":\"t\"}}"),
			 STEP_SEND);
	reply = json_object_get(b.d.memo, "reply");
	ck_assert(json_equal(json_object_get(reply, "root"), json_object_get(reply, "parent")));
}
END_TEST

static const struct bench_answer missing[] = {
	{ 400, SAID("RecordNotFound", "Could not locate record"), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ 400, SAID("InvalidRequest", "Could not locate record"), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_YOU },
	{ 503, "", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{\"uri\":\"at://handle.test/x/y\",\"cid\":\"c\"}", OUTCOME_DEFER,
	  POST_ERROR_PLATFORM, WHO_PLATFORM },
};

START_TEST(reference_that_is_not_there_ends_the_post)
{
	const struct bench_answer *row = &missing[_i];

	options("{\"quote_id\":\"at://other.test/app.bsky.feed.post/3kreply\"}");
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_fails(&b, after(row->status, row->body), row->kind, row->code, row->who);
}
END_TEST

START_TEST(handles_become_dids_or_stay_text)
{
	const json_t *dids;

	b.post.caption = "@a.test and @b.test";
	options("{\"thread\":[\"@a.test again, @c.test\"]}");
	bench_sends(&b, bench_stage(&b, NULL), RESOLVE "a.test");
	bench_sends(&b, after(200, "{\"did\":\"did:plc:aaa\"}"), RESOLVE "b.test");
	bench_sends(&b, after(400, SAID("InvalidRequest", "Unable to resolve handle")),
		    RESOLVE "c.test");
	bench_ends(&b, after(502, "x"), OUTCOME_DEFER);
	for (int i = 0; i < 2; i++) {
		bench_sends(&b, bench_stage(&b, NULL), RESOLVE "c.test");
		if (i == 0)
			bench_ends(&b, after(502, "x"), OUTCOME_DEFER);
	}
	bench_sends(&b, after(502, "x"), SESSION);
	dids = json_object_get(b.d.memo, "dids");
	ck_assert_str_eq(memo_text(dids, "a.test"), "did:plc:aaa");
	ck_assert_str_eq(memo_text(dids, "b.test"), "");
	ck_assert_str_eq(memo_text(dids, "c.test"), "");
}
END_TEST

START_TEST(files_go_up_one_by_one)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	bench_sends(&b, bench_stage(&b, NULL), UPLOAD);
	ck_assert_int_eq(b.result.request->body, BODY_FILE);
	ck_assert_str_eq(bench_header(b.result.request, "Content-Type"), "image/jpeg");
	bench_sends(&b, after(200, BLOB), UPLOAD);
	bench_fails(&b, after(500, ""), OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM);
	bench_sends(&b, bench_stage(&b, NULL), UPLOAD); /* the second alone */
	staged(after(200, BLOB));
	ck_assert_str_eq(
		memo_text(json_object_get(json_object_get(bluesky_item(&b.d, 1), "blob"), "ref"),
			  "$link"),
		CID);
}
END_TEST

START_TEST(picture_of_a_card_goes_up_as_well)
{
	struct media_item cover;

	bench_images(&b, CONTENT_IMAGE, 1);
	cover = b.media[0];
	b.post.media_n = 0;
	b.post.link = "https://acme.example";
	b.post.cover = &cover;
	bench_sends(&b, bench_stage(&b, NULL), UPLOAD);
	staged(after(200, BLOB));
	ck_assert_ptr_nonnull(json_object_get(bluesky_item(&b.d, 0), "blob"));
}
END_TEST

static const struct bench_answer refusals[] = {
	{ 400, SAID("ExpiredToken", "Token has expired"), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER },
	{ 413, SAID("PayloadTooLarge", "request entity too large"), OUTCOME_REFUSED,
	  POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ 200, "{\"blob\":{}}", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 429, "", OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
};

START_TEST(upload_that_is_refused_is_judged)
{
	const struct bench_answer *row = &refusals[_i];

	bench_images(&b, CONTENT_IMAGE, 1);
	ck_assert_int_eq(bench_stage(&b, NULL), STEP_SEND);
	bench_fails(&b, after(row->status, row->body), row->kind, row->code, row->who);
}
END_TEST

/* With OAuth: a nonce that has grown old is fetched before the fire, and asked for once more there. */
START_TEST(nonce_is_fetched_before_the_fire)
{
	dpop_make(key);
	b.account.user_token = key;
	memo_set_int(b.d.memo, "spoke", BENCH_NOW_S - 61);
	bench_sends(&b, bench_fire(&b, NULL), SESSION);
	ck_assert_int_ne(b.result.phase, PHASE_FIRE);
	ck_assert_str_eq(bench_header(b.result.request, "Authorization"), "DPoP JWT");
	ck_assert_str_ne(bench_header(b.result.request, "DPoP"), "");
	bench_sends(&b,
		    bench_fire(&b, bench_reply_with(&b, 401, "DPoP-Nonce: fresh\r\n",
						    SAID("use_dpop_nonce", "nonce"))),
		    SESSION);
	ck_assert_str_eq(bench_claim(&b, "nonce"), "fresh");
	ck_assert_int_eq(bench_fire(&b, bench_reply(&b, 200, "{}")), STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert_str_eq(bench_claim(&b, "nonce"), "fresh");
	bench_ends(&b,
		   bench_fire(&b, bench_reply_with(&b, 401, "DPoP-Nonce: newer\r\n",
						   SAID("use_dpop_nonce", "nonce"))),
		   OUTCOME_DEFER);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 1);
	bench_sends(&b, bench_fire(&b, NULL), SESSION);
	ck_assert_str_eq(bench_claim(&b, "nonce"), "newer");
}
END_TEST

static const struct {
	const char *caption, *options;
	size_t images;
	const char *code; /* NULL: nothing is found */
} checks[] = {
	{ "Bread", "{}", 0, NULL },
	{ "", "{}", 0, "caption_empty" },
	{ "", "{}", 1, NULL },
	{ "", "{\"quote_id\":\"at://a.test/app.bsky.feed.post/3k\"}", 0, NULL },
	{ "Bread", "{\"quote_id\":\"3k\"}", 0, "invalid_id" },
	{ "Bread", "{\"reply_to_id\":\"https://bsky.app/profile/a.test/lists/3k\"}", 0,
	  "invalid_id" },
	{ "Bread", "{\"reply_to_id\":\"https://evil.example/profile/a.test/post/3k\"}", 0,
	  "invalid_id" },
	{ "Bread", "{\"languages\":[\"en\",\"pt-BR\",\"zh-Hant\"]}", 0, NULL },
	{ "Bread", "{\"languages\":[\"en\",\"de\",\"fr\",\"it\"]}", 0, "invalid_choice" },
	{ "Bread", "{\"languages\":[\"english language\"]}", 0, "invalid_choice" },
	{ "Bread", "{\"languages\":\"en\"}", 0, "invalid_choice" },
	{ "Bread", "{\"language\":\"en\"}", 0, NULL },
	{ "Bread", "{\"language\":\"e n\"}", 0, "invalid_choice" },
	{ "Bread", "{}", 4, NULL },
	{ "Bread", "{}", 5, "media_count" },
	{ "Bread", "{\"thread\":[\"a\",\"b\"]}", 0, NULL },
	{ "Bread", "{\"thread\":[\"a\",\"\"]}", 0, "caption_empty" },
	{ "Bread", "{\"thread\":[\"a\",\"b\",\"c\"]}", 0, "thread_too_long" },
	{ "Bread", "{\"thread\":[7]}", 0, "thread_entry" },
};

static void finds(const char *code)
{
	struct findings found = { .n = 0 };

	bluesky_check(&b.app, &b.account, &b.post, &found);
	if (!code) {
		ck_assert_msg(found.n == 0, "%s: %s", found.v[0].code, found.v[0].detail);
		return;
	}
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.v[0].code, code);
}

START_TEST(preflight_finds)
{
	options(checks[_i].options);
	if (checks[_i].images > 0)
		bench_images(&b, checks[_i].images > 1 ? CONTENT_CAROUSEL : CONTENT_IMAGE,
			     checks[_i].images);
	b.post.caption = checks[_i].caption;
	finds(checks[_i].code);
}
END_TEST

START_TEST(permission_is_looked_for)
{
	static const struct {
		const char *scopes, *code;
	} rows[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "atproto transition:generic", NULL },
		{ "atproto", "missing_scope" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		b.account.scopes = rows[i].scopes;
		finds(rows[i].code);
	}
}
END_TEST

/* 300 families are 300 characters of 18 bytes: too many bytes; 166 are not. */
START_TEST(length_is_counted_as_readers_see_it)
{
	static const char family[] = "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
				     "\xf0\x9f\x91\xa7";
	static const struct {
		const char *piece;
		size_t n;
		const char *code;
	} rows[] = {
		{ "e\xcc\x81", 300, NULL },
		{ "e\xcc\x81", 301, "caption_too_long" },
		{ family, 166, NULL },
		{ family, 167, "caption_too_long" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text = "";

		for (size_t k = 0; k < rows[i].n; k++)
			text = arena_printf(b.arena, "%s%s", text, rows[i].piece);
		b.post.caption = text;
		finds(rows[i].code);
	}
}
END_TEST

START_TEST(files_are_made_to_fit)
{
	struct recipe to;

	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].bytes = 976560;
	platform_fit(&b.app, &b.media[0], &to);
	ck_assert_int_eq(to.kind, RECIPE_NONE);
	b.media[0].bytes++;
	platform_fit(&b.app, &b.media[0], &to);
	ck_assert_int_eq(to.kind, RECIPE_JPEG);
	ck_assert_int_eq(to.bytes_max, 976560);
	b.media[0].bytes = 1000;
	b.media[0].mime = "image/heic";
	platform_fit(&b.app, &b.media[0], &to);
	ck_assert_int_eq(to.kind, RECIPE_JPEG);
	bench_video(&b, CONTENT_VIDEO);
	b.media[0].mime = "video/quicktime";
	platform_fit(&b.app, &b.media[0], &to);
	ck_assert_int_eq(to.kind, RECIPE_MP4);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ text_needs_a_look_at_the_session_alone, 0 },
		{ references_become_strong, 0 },
		{ reply_to_the_first_post_has_it_as_root, 0 },
		{ reference_that_is_not_there_ends_the_post, (int)ARRAY_LEN(missing) },
		{ handles_become_dids_or_stay_text, 0 },
		{ files_go_up_one_by_one, 0 },
		{ picture_of_a_card_goes_up_as_well, 0 },
		{ upload_that_is_refused_is_judged, (int)ARRAY_LEN(refusals) },
		{ nonce_is_fetched_before_the_fire, 0 },
		{ preflight_finds, (int)ARRAY_LEN(checks) },
		{ permission_is_looked_for, 0 },
		{ length_is_counted_as_readers_see_it, 0 },
		{ files_are_made_to_fit, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "bluesky_stage",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

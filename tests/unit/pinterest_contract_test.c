/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each request that the adapter builds, held against Pinterest's own OpenAPI description, where
 * CARILLON_CONTRACTS names a folder that has it. What it does not say: a pin needs a board.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/pinterest.h"
#include "platform_bench.h"
#include "support/contract.h"
#include "support/suite.h"

#define DOCUMENT "pinterest/openapi-v5-publish.json"
#define BOARD    "549755885175"
#define SKIPPED  77

static struct bench b;
static json_t *doc;

static void setup(void)
{
	bench_open_for(&b, "pinterest", "");
	b.post.title = "Sourdough";
	b.post.link = "https://acme.example/?utm_content=p_42";
	json_object_set_new(b.post.options, "board_id", json_string(BOARD));
	json_object_set_new(b.post.options, "board_section_id", json_string("549755885901"));
	json_object_set_new(b.post.options, "alt_text", json_string("A loaf"));
	memo_set_text(b.d.memo, "board", BOARD);
	memo_set_text(b.d.memo, "section", "549755885901");
	memo_set_int(b.d.memo, "board_ok", 1);
	b.r.refresh_token = "pinr.OLD";
}

static void teardown(void)
{
	bench_close(&b);
}

static void fits(enum step step)
{
	const char *why;

	ck_assert_int_eq(step, STEP_SEND);
	why = contract_request_fault(b.arena, doc, "/v5", b.result.request);
	ck_assert_msg(!why, "%s", why);
}

/* "a=1&b=2" as an object, each value a text. */
static json_t *form_object(const char *form)
{
	json_t *out = json_object();
	char *rest = arena_strdup(b.arena, form), *pair;

	while ((pair = strsep(&rest, "&"))) {
		const char *name = arena_strndup(b.arena, pair, strcspn(pair, "="));
		const char *url = arena_printf(b.arena, "https://x/?%s", pair);
		const char *value = url_query_get(b.arena, url, name);
		const bool is_truth = strcmp(value, "true") == 0 || strcmp(value, "false") == 0;

		json_object_set_new(out, name,
				    is_truth ? json_boolean(*value == 't') : json_string(value));
	}
	return out;
}

static void form_fits(enum step step, const char *schema)
{
	json_t *form;
	const char *why;

	ck_assert_int_eq(step, STEP_SEND);
	form = form_object(b.result.request->bytes);
	json_object_del(form, "continuous_refresh"); /* in the guides, not in the description */
	why = contract_fault(
		b.arena, doc,
		json_object_get(json_object_get(json_object_get(doc, "components"), "schemas"),
				schema),
		form);
	ck_assert_msg(!why, "%s", why);
	json_decref(form);
}

/* Bytes that would be streamed stand there as some base64. */
static void pieces_fit(enum step step)
{
	struct http_request r = *b.result.request;
	struct buf text = BUF_INIT;
	const char *why;

	ck_assert_int_eq(step, STEP_SEND);
	ck_assert_int_eq(r.body, BODY_PIECES);
	for (const struct http_piece *p = r.pieces; p; p = p->next)
		buf_adds(&text, p->text ? p->text : "/9j/4AAQ");
	r.body = BODY_BYTES;
	r.bytes = buf_str(&text);
	r.bytes_n = text.len;
	why = contract_request_fault(b.arena, doc, "/v5", &r);
	ck_assert_msg(!why, "%s in %s", why, r.bytes);
	buf_done(&text);
}

START_TEST(pins_of_every_kind_fit)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	pieces_fit(pinterest_fire(&b.d, NULL, &b.result));
	b.media[0].bytes = 5 << 20;
	fits(pinterest_fire(&b.d, NULL, &b.result));
	bench_images(&b, CONTENT_CAROUSEL, 5);
	pieces_fit(pinterest_fire(&b.d, NULL, &b.result));
	b.media[4].mime = "image/webp";
	fits(pinterest_fire(&b.d, NULL, &b.result));
	bench_video(&b, CONTENT_VIDEO);
	json_object_set_new(b.d.memo, "media",
			    json_pack("{s:s, s:i}", "id", "5216397987686698987", "ready", 1));
	fits(pinterest_fire(&b.d, NULL, &b.result));
	json_object_set_new(b.post.options, "thumb_offset_ms", json_integer(4500));
	fits(pinterest_fire(&b.d, NULL, &b.result));
}
END_TEST

START_TEST(calls_around_a_pin_fit)
{
	bench_video(&b, CONTENT_VIDEO);
	json_object_del(b.d.memo, "board_ok");
	fits(pinterest_stage(&b.d, NULL, &b.result));
	fits(pinterest_stage(&b.d, bench_reply(&b, 200, "{\"id\":\"" BOARD "\"}"), &b.result));
	ck_assert_ptr_nonnull(strstr(b.result.request->url, "/v5/media"));
	json_object_clear(b.d.memo);
	memo_set_text(b.d.memo, "stage", "poll");
	json_object_set_new(b.d.memo, "media",
			    json_pack("{s:s, s:i}", "id", "5216397987686698987", "begun", 1));
	fits(pinterest_stage(&b.d, NULL, &b.result));
	memo_set_text(b.d.memo, "board", BOARD);
	fits(pinterest_recover(&b.d, NULL, &b.result));
	memo_set_text(b.d.memo, "section", "549755885901");
	fits(pinterest_recover(&b.d, NULL, &b.result));
}
END_TEST

START_TEST(calls_of_an_account_fit)
{
	struct board_list all = {
		.arena = b.arena, .app = &b.app, .account = &b.account, .memo = json_object()
	};
	struct board_list one = all;

	form_fits(pinterest_connect(&b.c, NULL, &b.result), "OauthAccessTokenRequestCode");
	fits(pinterest_connect(
		&b.c, bench_reply(&b, 200, "{\"access_token\":\"pina_A\",\"expires_in\":9}"),
		&b.result));
	form_fits(pinterest_renew(&b.r, NULL, &b.result), "OauthAccessTokenRequestRefresh");
	fits(pinterest_boards(&all, NULL, &b.result));
	fits(pinterest_boards(&all, bench_reply(&b, 200, "{\"items\":[],\"bookmark\":\"a=|\"}"),
			      &b.result));
	one.board_id = BOARD;
	one.memo = json_object();
	fits(pinterest_boards(&one, NULL, &b.result));
	json_decref(all.memo);
	json_decref(one.memo);
}
END_TEST

/* The document itself would say no: what is compared is not an empty schema. */
START_TEST(wrong_pin_does_not_fit)
{
	const char *why;

	bench_images(&b, CONTENT_CAROUSEL, 6);
	b.media[0].bytes = 5 << 20;
	ck_assert_int_eq(pinterest_fire(&b.d, NULL, &b.result), STEP_SEND);
	why = contract_request_fault(b.arena, doc, "/v5", b.result.request);
	ck_assert_ptr_nonnull(why);
}
END_TEST

static void close_document(void)
{
	json_decref(doc);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ pins_of_every_kind_fit, 0 },
		{ calls_around_a_pin_fit, 0 },
		{ calls_of_an_account_fit, 0 },
		{ wrong_pin_does_not_fit, 0 },
		{ NULL, 0 },
	};

	doc = contract_load(DOCUMENT);
	if (!doc)
		return SKIPPED;
	return suite_run(&(struct suite_of){
		.name = "pinterest_contract",
		.after = close_document,
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

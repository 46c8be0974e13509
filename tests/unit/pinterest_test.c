/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter without a network: request bytes, the error table, and what a look at a board proves. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "platform/pinterest.h"
#include "platform_bench.h"
#include "support/suite.h"

#define BOARD              "549755885175"
#define ERROR(code, words) "{\"status\":\"failure\",\"code\":" #code ",\"message\":\"" words "\"}"

static struct bench b;
static json_t *settings;

static void setup(void)
{
	bench_open_for(&b, "pinterest", "");
	settings = json_pack("{s:{s:s}}", "default_board", "id", BOARD);
	b.account.settings = settings;
	bench_images(&b, CONTENT_IMAGE, 6);
	for (size_t i = 0; i < 6; i++) {
		b.media[i].width = 1000;
		b.media[i].height = 1500;
	}
	b.post.media_n = 1;
	json_decref(b.d.memo);
	b.d.memo = json_pack("{s:s, s:i}", "board", BOARD, "board_ok", 1);
	b.d.fired_us = b.d.now_us;
	b.r.refresh_token = "pinr.OLD";
}

static void teardown(void)
{
	json_decref(settings);
	bench_close(&b);
}

static void sends(enum step step, const char *url, const char *body)
{
	ck_assert_int_eq(step, STEP_SEND);
	ck_assert_str_eq(b.result.request->url, url);
	if (body)
		ck_assert_str_eq(b.result.request->bytes, body);
}

START_TEST(pushed_image_streams_inside_the_request)
{
	const struct http_piece *p;

	b.post.title = "T";
	b.post.link = "https://a.example/?x=1&y";
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	ck_assert_int_eq(b.result.phase, PHASE_FIRE);
	ck_assert_int_eq(b.result.request->body, BODY_PIECES);
	p = b.result.request->pieces;
	ck_assert_str_eq(p->text, "{\"board_id\":\"" BOARD "\",\"title\":\"T\",\"description\":"
				  "\"Fresh bread\",\"link\":\"https://a.example/?x=1&y\"");
	p = p->next;
	ck_assert_str_eq(p->text, ",\"media_source\":");
	p = p->next;
	ck_assert_str_eq(p->text, "{\"source_type\":\"image_base64\",");
	p = p->next;
	ck_assert_str_eq(p->text, "\"content_type\":\"image/jpeg\",\"data\":\"");
	ck_assert_str_eq(p->next->file_path, "/store/image");
}
END_TEST

START_TEST(large_or_odd_images_are_fetched)
{
	b.media[0].bytes = 5 << 20;
	sends(bench_fire(&b, NULL), "https://api.pinterest.com/v5/pins",
	      "{\"board_id\":\"" BOARD "\",\"description\":\"Fresh bread\",\"media_source\":"
	      "{\"source_type\":\"image_url\",\"url\":\"https://pub.example/m/0.jpg\"}}");
	b.media[0].bytes = 1000;
	b.media[1].mime = "image/webp";
	b.post.media_n = 2;
	sends(bench_fire(&b, NULL), "https://api.pinterest.com/v5/pins",
	      "{\"board_id\":\"" BOARD "\",\"description\":\"Fresh bread\",\"media_source\":"
	      "{\"source_type\":\"multiple_image_urls\",\"items\":[{\"url\":"
	      "\"https://pub.example/m/0.jpg\"},"
	      "{\"url\":\"https://pub.example/m/1.jpg\"}],\"index\":0}}");
}
END_TEST

START_TEST(video_names_its_media_and_one_cover)
{
	bench_video(&b, CONTENT_VIDEO);
	bench_ends(&b, bench_fire(&b, NULL), OUTCOME_RESTAGE);
	json_object_set_new(b.d.memo, "media", json_pack("{s:s, s:i}", "id", "521", "ready", 1));
	json_object_set_new(b.post.options, "thumb_offset_ms", json_integer(2500));
	sends(bench_fire(&b, NULL), "https://api.pinterest.com/v5/pins",
	      "{\"board_id\":\"" BOARD "\",\"description\":\"Fresh bread\",\"media_source\":"
	      "{\"source_type\":\"video_id\",\"media_id\":\"521\",\"cover_image_key_frame_time\":2}"
	      "}");
}
END_TEST

/* What each reply to a fire proves. */
static const struct {
	int status;
	const char *body;
	enum outcome_kind kind;
	enum post_error_code code;
} fires[] = {
	{ 400, ERROR(1, "Sorry we could not fetch the image."), OUTCOME_DEFER,
	  POST_ERROR_MEDIA_REJECTED },
	{ 400, ERROR(1, "board_id does not match"), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(400, "too long"), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(0, "Unable to reach the URL https://x"), OUTCOME_DEFER,
	  POST_ERROR_CONTENT_REJECTED },
	{ 400, ERROR(0, "Pinterest Images must have the same width/height ratios."),
	  OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED },
	{ 400, ERROR(0, "Sorry! This site doesn't allow you to save Pins."), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED },
	{ 401, ERROR(2, "Authentication failed."), OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED },
	{ 401, ERROR(3, "Your token does not have sufficient permissions"), OUTCOME_REAUTH,
	  POST_ERROR_TOKEN_EXPIRED },
	{ 401, ERROR(3, "Your application consumer type is not supported"), OUTCOME_REFUSED,
	  POST_ERROR_CONFIGURATION },
	{ 403, ERROR(3, "Trial access"), OUTCOME_REFUSED, POST_ERROR_CONFIGURATION },
	{ 403, ERROR(29, "Apps with Trial access may not create Pins in production"),
	  OUTCOME_REFUSED, POST_ERROR_CONFIGURATION },
	{ 403, ERROR(29, "You are not permitted to access that resource."), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED },
	{ 403, ERROR(29, "insufficient scopes"), OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED },
	{ 403, ERROR(403, "Not authorized to do it"), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED },
	{ 403, ERROR(403, "Your image is too small"), OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED },
	{ 401, ERROR(0, "You don't have permission to edit that board."), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED },
	{ 401, ERROR(7, "Not authorized to access board or Pin."), OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED },
	{ 404, ERROR(40, "Board not found."), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED },
	{ 404, ERROR(2031, "Section not found."), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED },
	{ 404, ERROR(404, "Media not found"), OUTCOME_RESTAGE, POST_ERROR_PLATFORM },
	{ 408, ERROR(408, "timed out"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 409, ERROR(409, "concurrent"), OUTCOME_DEFER, POST_ERROR_PLATFORM },
	{ 429, ERROR(8, "You have exceeded your rate limit."), OUTCOME_DEFER,
	  POST_ERROR_RATE_LIMITED },
	{ 429, ERROR(9, "blocked as spam"), OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED },
	{ 429, "{\"error\":{\"message\":\"Too many requests\"}}", OUTCOME_UNKNOWN,
	  POST_ERROR_RATE_LIMITED },
	{ 429, ERROR(77, "slow down"), OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED },
	{ 500, ERROR(1, "could not fetch"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 502, "<html>", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 418, ERROR(1, "teapot"), OUTCOME_UNKNOWN, POST_ERROR_PLATFORM },
	{ 201, "{}", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 201, "", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 302, "", OUTCOME_UNKNOWN, POST_ERROR_NETWORK },
	{ 201, "{\"id\":\"813744226420795884\"}", OUTCOME_PUBLISHED, POST_ERROR_NONE },
	{ 200, "{\"id\":\"813744226420795884\"}", OUTCOME_PUBLISHED, POST_ERROR_NONE },
};

START_TEST(reply_to_a_fire_proves_what_its_row_says)
{
	ck_assert_int_eq(bench_fire(&b, NULL), STEP_SEND);
	bench_ends(&b, bench_fire(&b, bench_reply(&b, fires[_i].status, fires[_i].body)),
		   fires[_i].kind);
	ck_assert_int_eq(b.result.outcome.error.code, fires[_i].code);
	if (fires[_i].kind == OUTCOME_PUBLISHED)
		ck_assert_str_eq(b.result.outcome.remote_url,
				 "https://www.pinterest.com/pin/813744226420795884/");
}
END_TEST

START_TEST(unfetched_image_is_final_behind_the_last_wait)
{
	for (int i = 0; i < 3; i++) {
		bench_ends(&b, bench_fire(&b, bench_reply(&b, 400, ERROR(1, "could not fetch"))),
			   OUTCOME_DEFER);
		ck_assert_int_eq(b.result.outcome.retry_after_s, i == 0 ? 30 : i == 1 ? 120 : 600);
	}
	bench_ends(&b, bench_fire(&b, bench_reply(&b, 400, ERROR(1, "could not fetch"))),
		   OUTCOME_REFUSED);
}
END_TEST

#define PIN(id, title, at, more)                                                            \
	"{\"id\":\"" id "\",\"created_at\":\"" at "\",\"title\":" title ",\"description\":" \
	"\"Fresh bread \",\"link\":null,\"alt_text\":null,\"board_id\":\"" BOARD            \
	"\",\"is_owner\":"                                                                  \
	"true,\"media\":{\"media_type\":\"image\"}" more "}"
#define AT_FIRE              "2027-01-15T08:00:03"
#define OLD                  "2027-01-15T07:40:00"
#define PAGE(pins, bookmark) "{\"items\":[" pins "],\"bookmark\":" bookmark "}"
#define OURS                 PIN("8", "null", AT_FIRE, "")
#define STRANGER             PIN("9", "\"other\"", AT_FIRE, "")
#define ANCIENT              PIN("7", "null", OLD, "")

static bool taken(void *arg, const char *id)
{
	return strcmp(arg, id) == 0;
}

/* One page and what it proves; STEP_SEND: the next page is asked for (kind then does not count). */
static const struct {
	const char *body;
	enum step step;
	enum outcome_kind kind;
} looks[] = {
	{ PAGE(STRANGER "," OURS "," ANCIENT, "null"), STEP_DONE, OUTCOME_PUBLISHED },
	{ PAGE(OURS, "null"), STEP_DONE, OUTCOME_PUBLISHED },
	{ PAGE(STRANGER, "null"), STEP_DONE, OUTCOME_ABSENT },
	{ PAGE("", "null"), STEP_DONE, OUTCOME_ABSENT },
	{ "{\"items\":[]}", STEP_DONE, OUTCOME_ABSENT },
	{ PAGE(ANCIENT, "\"x=|\""), STEP_DONE, OUTCOME_ABSENT },
	{ PAGE(STRANGER "," ANCIENT, "\"x=|\""), STEP_SEND, OUTCOME_ABSENT },
	{ PAGE("", "\"x=|\""), STEP_SEND, OUTCOME_ABSENT },
	{ PAGE(OURS "," PIN("6", "null", AT_FIRE, ""), "null"), STEP_DONE, OUTCOME_UNKNOWN },
	{ PAGE(OURS "," OURS, "null"), STEP_DONE, OUTCOME_PUBLISHED },
	{ PAGE(PIN("66", "null", AT_FIRE, ""), "null"), STEP_DONE, OUTCOME_ABSENT }, /* taken */
	{ PAGE(PIN("8", "null", AT_FIRE, ",\"parent_pin_id\":\"5\""), "null"), STEP_DONE,
	  OUTCOME_ABSENT },
	{ PAGE(PIN("8", "null", "2027-01-15T07:55:00", ""), "null"), STEP_DONE, OUTCOME_ABSENT },
	{ PAGE(PIN("8", "\"t\"", AT_FIRE, ""), "null"), STEP_DONE, OUTCOME_ABSENT },
	{ "{\"items\":7}", STEP_DONE, OUTCOME_UNKNOWN },
	{ "<html>", STEP_DONE, OUTCOME_UNKNOWN },
};

START_TEST(look_at_the_board_proves_what_it_covers)
{
	char arg[] = "66";

	b.d.is_taken = taken;
	b.d.is_taken_arg = arg;
	sends(bench_recover(&b, NULL),
	      "https://api.pinterest.com/v5/boards/" BOARD "/pins?page_size=25", NULL);
	ck_assert_int_eq(bench_recover(&b, bench_reply(&b, 200, looks[_i].body)), looks[_i].step);
	if (looks[_i].step == STEP_SEND)
		ck_assert_ptr_nonnull(strstr(b.result.request->url, "&bookmark=x%3D%7C"));
	else
		ck_assert_int_eq(b.result.outcome.kind, looks[_i].kind);
	if (looks[_i].step == STEP_DONE && looks[_i].kind == OUTCOME_PUBLISHED)
		ck_assert_str_eq(b.result.outcome.remote_id, "8");
}
END_TEST

START_TEST(match_that_may_be_anothers_is_nobodys)
{
	bench_rival(&b, _i);
	(void)bench_recover(&b, NULL);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 200, PAGE(OURS, "null"))),
		   OUTCOME_UNKNOWN);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "ambiguous");
}
END_TEST

START_TEST(look_without_end_proves_nothing)
{
	enum step step = bench_recover(&b, NULL);
	int pages = 0;

	while (step == STEP_SEND && pages < 20)
		step = bench_recover(
			&b, bench_reply(&b, 200,
					arena_printf(b.arena, PAGE(STRANGER, "\"b%d\""), ++pages)));
	bench_ends(&b, step, OUTCOME_UNKNOWN);
	ck_assert_int_eq(pages, 4);
	/* Nor does one with a token that has ended; but that can be renewed. */
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 401, ERROR(2, "Authentication failed."))),
		   OUTCOME_REFRESH);
	(void)bench_recover(&b, NULL);
	bench_ends(&b, bench_recover(&b, bench_reply(&b, 403, ERROR(1, "No."))), OUTCOME_UNKNOWN);
}
END_TEST

/* first: the code of the first finding that is no warning; NULL: none */
static const char *fault_of(void)
{
	struct findings f = { .n = 0 };
	static char code[48];

	pinterest_check(&b.app, &b.account, &b.post, &f);
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].is_warning)
			continue;
		(void)snprintf(code, sizeof(code), "%s", f.v[i].code);
		return code;
	}
	return "fit";
}

START_TEST(check_counts_as_pinterest_does)
{
	char *text = calloc(1, 4000);

	ck_assert_str_eq(fault_of(), "fit");
	for (int i = 0; i < 800; i++)
		strncat(text, "\xc3\xa9", 3);
	b.post.caption = text;
	ck_assert_str_eq(fault_of(), "fit");
	strncat(text, "x", 2);
	ck_assert_str_eq(fault_of(), "caption_too_long");
	b.post.caption = "";
	b.post.link = "ftp://x";
	ck_assert_str_eq(fault_of(), "link_invalid");
	b.post.link = NULL;
	b.account.settings = NULL;
	ck_assert_str_eq(fault_of(), "board_missing");
	json_object_set_new(b.post.options, "board_id", json_string("12a"));
	ck_assert_str_eq(fault_of(), "board_invalid");
	json_object_set_new(b.post.options, "board_id", json_string("549755885175"));
	b.media[0].width = 99;
	ck_assert_str_eq(fault_of(), "image_too_small");
	b.media[0].width = 1000;
	b.post.media_n = 6;
	ck_assert_str_eq(fault_of(), "media_count");
	b.post.media_n = 5;
	ck_assert_str_eq(fault_of(), "fit");
	b.media[3].height = 1000;
	ck_assert_str_eq(fault_of(), "aspect_ratio");
	b.media[3].kind = MEDIA_VIDEO;
	ck_assert_str_eq(fault_of(), "kind_unsupported");
	bench_video(&b, CONTENT_VIDEO);
	b.post.media_n = 1;
	ck_assert_str_eq(fault_of(), "fit");
	b.media[0].duration_ms = 3999;
	ck_assert_str_eq(fault_of(), "duration");
	free(text);
}
END_TEST

START_TEST(upload_address_outside_is_not_followed)
{
	const struct http_part *p;

	bench_video(&b, CONTENT_VIDEO);
	json_object_set_new(b.d.memo, "stage", json_string("register"));
	bench_ends(
		&b,
		bench_stage(
			&b,
			bench_reply(&b, 201,
				    "{\"media_id\":\"52\",\"upload_url\":\"https://evil.example/\","
				    "\"upload_parameters\":{\"key\":\"k\"}}")),
		OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONFIGURATION);
	json_object_set_new(b.d.memo, "stage", json_string("register"));
	sends(bench_stage(
		      &b,
		      bench_reply(
			      &b, 201,
			      "{\"media_id\":\"52\",\"upload_url\":\"https://b.s3.amazonaws.com/\","
			      "\"upload_parameters\":{\"key\":\"k\",\"Content-Type\":"
			      "\"multipart/form-data\"}}")),
	      "https://b.s3.amazonaws.com/", NULL);
	p = b.result.request->parts;
	ck_assert_str_eq(p->name, "key");
	ck_assert_str_eq(p->next->name, "Content-Type");
	ck_assert_str_eq(p->next->next->name, "file");
	ck_assert_ptr_null(p->next->next->next);
	ck_assert_ptr_null(b.result.request->headers);
}
END_TEST

START_TEST(renewal_keeps_both_tokens_and_the_access_token_s_end)
{
	sends(bench_renew(&b, NULL), "https://api.pinterest.com/v5/oauth/token",
	      "grant_type=refresh_token&refresh_token=pinr.OLD");
	ck_assert_str_eq(b.result.request->headers->value, "Basic NDcxMTphcHAtc2VjcmV0");
	bench_ends(&b,
		   bench_renew(
			   &b,
			   bench_reply(
				   &b, 200,
				   "{\"access_token\":\"pina_N\",\"refresh_token\":\"pinr.N\","
				   "\"expires_in\":2592000,\"refresh_token_expires_in\":5184000}")),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(b.r.tokens_n, 2);
	ck_assert_str_eq(b.r.tokens[0].value, "pinr.N");
	ck_assert_str_eq(b.r.tokens[1].kind, "access");
	ck_assert_int_eq(b.r.tokens[1].expires_us, (BENCH_NOW_S + 2592000) * US_PER_S);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, 401, ERROR(2, "Authentication failed."))),
		   OUTCOME_REAUTH);
	bench_ends(&b, bench_renew(&b, bench_reply(&b, 503, "")), OUTCOME_DEFER);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ pushed_image_streams_inside_the_request, 0 },
		{ large_or_odd_images_are_fetched, 0 },
		{ video_names_its_media_and_one_cover, 0 },
		{ reply_to_a_fire_proves_what_its_row_says, (int)ARRAY_LEN(fires) },
		{ unfetched_image_is_final_behind_the_last_wait, 0 },
		{ match_that_may_be_anothers_is_nobodys, BENCH_RIVALS },
		{ look_at_the_board_proves_what_it_covers, (int)ARRAY_LEN(looks) },
		{ look_without_end_proves_nothing, 0 },
		{ check_counts_as_pinterest_does, 0 },
		{ upload_address_outside_is_not_followed, 0 },
		{ renewal_keeps_both_tokens_and_the_access_token_s_end, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "pinterest",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

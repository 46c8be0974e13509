/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter without a network: request bytes, the error table, and what a look at a board proves. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/pinterest.h"
#include "support/suite.h"

#define NOW_S              1800000000LL /* 2027-01-15T08:00:00Z */
#define BOARD              "549755885175"
#define ERROR(code, words) "{\"status\":\"failure\",\"code\":" #code ",\"message\":\"" words "\"}"

static struct {
	struct arena *arena;
	struct config *config;
	struct platform_app app;
	struct platform_account account;
	struct publication post;
	struct media_item media[6];
	struct delivery d;
	struct step_result result;
	struct http_reply reply;
	json_t *settings;
	char folder[64];
} b;

static const char *file_write(const char *name, const char *text)
{
	const char *path = arena_printf(b.arena, "%s/%s", b.folder, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0400), 0);
	return path;
}

static void open_with(const char *extra)
{
	struct problem why = { 0 };
	size_t n = 0;
	const struct setting_group *groups = platform_setting_groups(&n);
	const char *secret;

	(void)snprintf(b.folder, sizeof(b.folder), "/tmp/pinterest.XXXXXX");
	b.arena = arena_new();
	ck_assert_ptr_nonnull(mkdtemp(b.folder));
	secret = file_write("secret", "s3cret\n");
	ck_assert_msg(
		config_load(file_write("ini",
				       arena_printf(b.arena,
						    "[server]\npublic_url = https://pub.example\n"
						    "[pinterest]\nclient_id = 4711\n"
						    "client_secret_file = %s\n%s\n",
						    secret, extra)),
			    groups, n, &b.config, &why) == 0,
		"%s", why.detail);
	platform_app_init(&b.app, b.arena, b.config, platform_find("pinterest"), true);
	b.settings = json_pack("{s:{s:s}}", "default_board", "id", BOARD);
	b.account = (struct platform_account){ .id = "acc_1",
					       .remote_id = "27",
					       .username = "acme",
					       .settings = b.settings,
					       .access_token = "pina_X" };
	b.post = (struct publication){ .kind = CONTENT_IMAGE,
				       .caption = "Fresh bread",
				       .media = b.media,
				       .media_n = 1,
				       .options = json_object() };
	for (size_t i = 0; i < 6; i++)
		b.media[i] = (struct media_item){ .kind = MEDIA_IMAGE,
						  .mime = "image/jpeg",
						  .url = arena_printf(b.arena,
								      "https://pub.example/%zu", i),
						  .path = "/store/i",
						  .bytes = 1000,
						  .width = 1000,
						  .height = 1500 };
	b.d = (struct delivery){ .arena = b.arena,
				 .app = &b.app,
				 .account = &b.account,
				 .post = &b.post,
				 .memo = json_pack("{s:s, s:i}", "board", BOARD, "board_ok", 1),
				 .now_us = NOW_S * US_PER_S,
				 .due_us = NOW_S * US_PER_S,
				 .fired_us = NOW_S * US_PER_S,
				 .post_id = "sch_1" };
}

static void setup(void)
{
	open_with("");
}

static void teardown(void)
{
	(void)unlink(arena_printf(b.arena, "%s/secret", b.folder));
	(void)unlink(arena_printf(b.arena, "%s/ini", b.folder));
	(void)rmdir(b.folder);
	json_decref(b.post.options);
	json_decref(b.d.memo);
	json_decref(b.settings);
	http_reply_done(&b.reply);
	config_free(b.config);
	arena_free(b.arena);
}

static const struct http_reply *reply(int status, const char *body)
{
	http_reply_done(&b.reply);
	b.reply = (struct http_reply){ .transfer = TRANSFER_REPLIED, .status = status };
	buf_adds(&b.reply.body, body);
	return &b.reply;
}

static void video(void)
{
	b.post.kind = CONTENT_VIDEO;
	b.media[0] = (struct media_item){ .kind = MEDIA_VIDEO,
					  .mime = "video/mp4",
					  .path = "/store/v",
					  .bytes = 5000,
					  .width = 720,
					  .height = 1280,
					  .duration_ms = 8000,
					  .video_codec = "h264" };
}

static void sends(enum step step, const char *url, const char *body)
{
	ck_assert_int_eq(step, STEP_SEND);
	ck_assert_str_eq(b.result.request->url, url);
	if (body)
		ck_assert_str_eq(b.result.request->bytes, body);
}

static void ends(enum step step, enum outcome_kind kind)
{
	ck_assert_int_eq(step, STEP_DONE);
	ck_assert_int_eq(b.result.outcome.kind, kind);
}

START_TEST(pushed_image_streams_inside_the_request)
{
	const struct http_piece *p;

	b.post.title = "T";
	b.post.link = "https://a.example/?x=1&y";
	ck_assert_int_eq(pinterest_fire(&b.d, NULL, &b.result), STEP_SEND);
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
	ck_assert_str_eq(p->next->file_path, "/store/i");
}
END_TEST

START_TEST(large_or_odd_images_are_fetched)
{
	b.media[0].bytes = 5 << 20;
	sends(pinterest_fire(&b.d, NULL, &b.result), "https://api.pinterest.com/v5/pins",
	      "{\"board_id\":\"" BOARD "\",\"description\":\"Fresh bread\",\"media_source\":"
	      "{\"source_type\":\"image_url\",\"url\":\"https://pub.example/0\"}}");
	b.media[0].bytes = 1000;
	b.media[1].mime = "image/webp";
	b.post.media_n = 2;
	sends(pinterest_fire(&b.d, NULL, &b.result), "https://api.pinterest.com/v5/pins",
	      "{\"board_id\":\"" BOARD "\",\"description\":\"Fresh bread\",\"media_source\":"
	      "{\"source_type\":\"multiple_image_urls\",\"items\":[{\"url\":\"https://pub.example/"
	      "0\"},"
	      "{\"url\":\"https://pub.example/1\"}],\"index\":0}}");
}
END_TEST

START_TEST(video_names_its_media_and_one_cover)
{
	video();
	ends(pinterest_fire(&b.d, NULL, &b.result), OUTCOME_RESTAGE);
	json_object_set_new(b.d.memo, "media", json_pack("{s:s, s:i}", "id", "521", "ready", 1));
	json_object_set_new(b.post.options, "thumb_offset_ms", json_integer(2500));
	sends(pinterest_fire(&b.d, NULL, &b.result), "https://api.pinterest.com/v5/pins",
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
	ck_assert_int_eq(pinterest_fire(&b.d, NULL, &b.result), STEP_SEND);
	ends(pinterest_fire(&b.d, reply(fires[_i].status, fires[_i].body), &b.result),
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
		ends(pinterest_fire(&b.d, reply(400, ERROR(1, "could not fetch")), &b.result),
		     OUTCOME_DEFER);
		ck_assert_int_eq(b.result.outcome.retry_after_s, i == 0 ? 30 : i == 1 ? 120 : 600);
	}
	ends(pinterest_fire(&b.d, reply(400, ERROR(1, "could not fetch")), &b.result),
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
	sends(pinterest_recover(&b.d, NULL, &b.result),
	      "https://api.pinterest.com/v5/boards/" BOARD "/pins?page_size=25", NULL);
	ck_assert_int_eq(pinterest_recover(&b.d, reply(200, looks[_i].body), &b.result),
			 looks[_i].step);
	if (looks[_i].step == STEP_SEND)
		ck_assert_ptr_nonnull(strstr(b.result.request->url, "&bookmark=x%3D%7C"));
	else
		ck_assert_int_eq(b.result.outcome.kind, looks[_i].kind);
	if (looks[_i].step == STEP_DONE && looks[_i].kind == OUTCOME_PUBLISHED)
		ck_assert_str_eq(b.result.outcome.remote_id, "8");
}
END_TEST

START_TEST(look_without_end_proves_nothing)
{
	enum step step = pinterest_recover(&b.d, NULL, &b.result);
	int pages = 0;

	while (step == STEP_SEND && pages < 20)
		step = pinterest_recover(
			&b.d, reply(200, arena_printf(b.arena, PAGE(STRANGER, "\"b%d\""), ++pages)),
			&b.result);
	ends(step, OUTCOME_UNKNOWN);
	ck_assert_int_eq(pages, 4);
	ends(pinterest_recover(&b.d, reply(401, ERROR(2, "Authentication failed.")), &b.result),
	     OUTCOME_UNKNOWN);
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
	video();
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

	video();
	json_object_set_new(b.d.memo, "stage", json_string("register"));
	ends(pinterest_stage(&b.d,
			     reply(201,
				   "{\"media_id\":\"52\",\"upload_url\":\"https://evil.example/\","
				   "\"upload_parameters\":{\"key\":\"k\"}}"),
			     &b.result),
	     OUTCOME_REFUSED);
	ck_assert_int_eq(b.result.outcome.error.code, POST_ERROR_CONFIGURATION);
	json_object_set_new(b.d.memo, "stage", json_string("register"));
	sends(pinterest_stage(
		      &b.d,
		      reply(201,
			    "{\"media_id\":\"52\",\"upload_url\":\"https://b.s3.amazonaws.com/\","
			    "\"upload_parameters\":{\"key\":\"k\",\"Content-Type\":"
			    "\"multipart/form-data\"}}"),
		      &b.result),
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
	struct renewal r = { .arena = b.arena,
			     .app = &b.app,
			     .account = &b.account,
			     .refresh_token = "pinr.OLD",
			     .now_us = NOW_S * US_PER_S,
			     .memo = json_object() };

	sends(pinterest_renew(&r, NULL, &b.result), "https://api.pinterest.com/v5/oauth/token",
	      "grant_type=refresh_token&refresh_token=pinr.OLD");
	ck_assert_str_eq(b.result.request->headers->value, "Basic NDcxMTpzM2NyZXQ=");
	ends(pinterest_renew(&r,
			     reply(200,
				   "{\"access_token\":\"pina_N\",\"refresh_token\":\"pinr.N\","
				   "\"expires_in\":2592000,\"refresh_token_expires_in\":5184000}"),
			     &b.result),
	     OUTCOME_PUBLISHED);
	ck_assert_uint_eq(r.tokens_n, 2);
	ck_assert_str_eq(r.tokens[0].value, "pinr.N");
	ck_assert_str_eq(r.tokens[1].kind, "access");
	ck_assert_int_eq(r.tokens[1].expires_us, (NOW_S + 2592000) * US_PER_S);
	ends(pinterest_renew(&r, reply(401, ERROR(2, "Authentication failed.")), &b.result),
	     OUTCOME_REAUTH);
	ends(pinterest_renew(&r, reply(503, ""), &b.result), OUTCOME_DEFER);
	json_decref(r.memo);
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

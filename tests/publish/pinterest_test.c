/* SPDX-License-Identifier: Apache-2.0 */
/* Pins through the real runner and the sandbox: each kind, each fault, each lost answer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"
#include "store/content.h"
#include "support/suite.h"

#define PATIENCE_MS 30000
#define BOARD       "549755885175"
#define SECTION     "549755885901"

static const struct rig_platform pinterest = { .name = "pinterest" };

static struct rig rig;
static char video_id[ID_MAX], second_id[ID_MAX], tall_id[ID_MAX];

static void default_board(const char *settings)
{
	char sql[200];

	(void)snprintf(sql, sizeof(sql), "UPDATE accounts SET settings = %s", settings);
	database_run(&rig.database, sql);
}

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/config", "{\"video_delay_ms\":300}");
	default_board("'{\"default_board\":{\"id\":\"" BOARD "\",\"name\":\"Summer recipes\"}}'");
}

static void fault(const char *point, const char *endpoint, const char *params, int times)
{
	char json[400];

	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"pinterest\",\"point\":\"%s\",\"times\":%d,\"params\":%s,"
		       "\"match\":{\"endpoint\":\"%s\"}}",
		       point, times, params, endpoint);
	rig_fault(&rig, json);
}

/* The one object with that caption, as the sandbox has it. */
static json_t *object_of(const char *caption, json_t **ret_all)
{
	*ret_all = rig_objects(&rig, caption);
	ck_assert_int_eq(json_integer_value(json_object_get(*ret_all, "count")), 1);
	return json_array_get(json_object_get(*ret_all, "objects"), 0);
}

static const char *member(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void media_is(const json_t *object, size_t i, const char *media_id)
{
	const json_t *m = json_array_get(json_object_get(object, "media"), i);
	char *sha = rig_media_sha(&rig, media_id);

	ck_assert_ptr_nonnull(sha);
	ck_assert_str_eq(member(m, "sha256"), sha);
	free(sha);
}

static void post_video(const char *caption, char ret[static ID_MAX])
{
	const struct content_media media = { video_id, NULL };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA,
		.kind = CONTENT_VIDEO,
		.caption = caption,
		.media = &media,
		.media_n = 1,
	};

	rig_post_patch(&rig, 0, &content, -500, ret);
}

START_TEST(image_pin_has_all_texts_on_the_chosen_board)
{
	const struct content_media media = { rig.media_id, "A loaf" };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA |
			 CONTENT_HAS_TITLE | CONTENT_HAS_LINK | CONTENT_HAS_OVERRIDES,
		.kind = CONTENT_IMAGE,
		.title = "Sour\"dough",
		.caption = "image-pin",
		.link = "https://acme.example/?utm_content=p_42&x=1",
		.overrides = "{\"pinterest\":{\"board_section_id\":\"" SECTION "\"}}",
		.media = &media,
		.media_n = 1,
	};
	char id[ID_MAX];
	json_t *all, *o;

	rig_post_patch(&rig, 0, &content, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	o = object_of("image-pin", &all);
	ck_assert_str_eq(member(o, "kind"), "image");
	ck_assert_str_eq(member(o, "options"),
			 "{\"alt_text\":\"A loaf\",\"board_id\":\"" BOARD
			 "\",\"board_section_id\":\"" SECTION "\",\"description\":\"image-pin\","
			 "\"link\":\"https://acme.example/?utm_content=p_42&x=1\","
			 "\"source_type\":\"image_base64\",\"title\":\"Sour\\\"dough\"}");
	media_is(o, 0, rig.media_id);
	ck_assert_int_eq(
		rig_post_number(
			&rig, id,
			"attempts = 1 AND remote_url LIKE 'https://www.pinterest.com/pin/%/'"),
		1);
	ck_assert_int_eq(rig_calls(&rig, "pin_create"), 1);
	json_decref(all);
}
END_TEST

START_TEST(images_are_one_pin_in_their_order)
{
	const struct content_media media[] = { { second_id, NULL }, { rig.media_id, NULL } };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA,
		.kind = CONTENT_CAROUSEL,
		.caption = "carousel-pin",
		.media = media,
		.media_n = 2,
	};
	char id[ID_MAX];
	json_t *all, *o;

	rig_post_patch(&rig, 0, &content, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	o = object_of("carousel-pin", &all);
	ck_assert_str_eq(member(o, "kind"), "carousel");
	ck_assert_uint_eq(json_array_size(json_object_get(o, "media")), 2);
	media_is(o, 0, second_id);
	media_is(o, 1, rig.media_id);
	json_decref(all);
}
END_TEST

START_TEST(images_of_unequal_ratio_are_the_content_s_fault)
{
	const struct content_media media[] = { { rig.media_id, NULL }, { tall_id, NULL } };
	const struct content_patch content = {
		.given = CONTENT_HAS_KIND | CONTENT_HAS_CAPTION | CONTENT_HAS_MEDIA,
		.kind = CONTENT_CAROUSEL,
		.caption = "unequal",
		.media = media,
		.media_n = 2,
	};
	char id[ID_MAX];

	rig_post_patch(&rig, 0, &content, -500, id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "unequal"), 0);
}
END_TEST

START_TEST(video_pin_is_uploaded_field_by_field_and_awaited)
{
	char id[ID_MAX];
	json_t *all, *o, *state, *m;
	const char *fields;

	post_video("video-pin", id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	o = object_of("video-pin", &all);
	ck_assert_str_eq(member(o, "kind"), "video");
	ck_assert_ptr_nonnull(strstr(member(o, "options"), "\"cover_image_key_frame_time\":0"));
	media_is(o, 0, video_id);
	state = rig_control(&rig, "/_control/state", NULL);
	m = json_object_get(json_object_get(json_object_get(state, "platforms"), "pinterest"),
			    "media");
	m = json_array_get(m, json_array_size(m) - 1);
	fields = member(m, "fields");
	ck_assert_msg(strlen(fields) > 5 && strcmp(fields + strlen(fields) - 5, ",file") == 0, "%s",
		      fields);
	ck_assert(json_is_true(json_object_get(m, "used")));
	json_decref(state);
	json_decref(all);
}
END_TEST

/* A broken upload goes into the same registration again; spoilt ones get a new registration. */
static const struct {
	const char *point, *endpoint, *params;
	int registrations, uploads;
} video_faults[] = {
	{ "s3.drop_midway", "upload", "{\"bytes\":20000}", 1, 2 },
	{ "s3.200_instead_of_204", "upload", "{}", 1, 1 },
	{ "s3.403_expired", "upload", "{}", 2, 2 },
	{ "media.failed", "media", "{}", 2, 2 },
	{ "http.html_502", "upload", "{}", 1, 2 },
	{ "http.5xx_after", "upload", "{}", 1, 1 },
	{ "http.5xx_before", "media", "{}", 1, 1 },
	{ "net.truncate", "media_register", "{}", 2, 1 },
};

START_TEST(fault_of_a_video_costs_no_second_pin)
{
	const int regs = rig_calls(&rig, "media_register"), ups = rig_calls(&rig, "upload");
	char id[ID_MAX], caption[64];

	(void)snprintf(caption, sizeof(caption), "video-fault-%d", _i);
	fault(video_faults[_i].point, video_faults[_i].endpoint, video_faults[_i].params, 1);
	post_video(caption, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	ck_assert_int_eq(rig_calls(&rig, "media_register") - regs, video_faults[_i].registrations);
	ck_assert_int_eq(rig_calls(&rig, "upload") - ups, video_faults[_i].uploads);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 1);
}
END_TEST

START_TEST(video_rejected_twice_is_final)
{
	char id[ID_MAX];

	fault("media.failed", "media", "{}", -1);
	post_video("video-rejected", id);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, id, "media_rejected");
	ck_assert_int_eq(rig_effects(&rig, "video-rejected"), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 0);
}
END_TEST

/* Whatever happens around the one call, there is one pin. attempts 0: does not matter. */
static const struct {
	const char *point, *params;
	int attempts;
} fire_faults[] = {
	{ "pin.commit_then_drop_connection", "{}", 1 },
	{ "pin.5xx_after_commit", "{}", 1 },
	{ "pin.commit_then_hang", "{\"ms\":3000}", 1 },
	{ "pin.5xx_before", "{}", 2 },
	{ "pin.drop_before_commit", "{}", 2 },
	{ "pin.rate_429", "{\"reset\":\"1\"}", 2 },
	{ "pin.fetch_image_400", "{}", 2 },
	{ "net.rst_after", "{}", 1 },
	{ "net.truncate", "{}", 1 },
	{ "http.5xx_after", "{}", 1 },
	{ "http.429_after", "{}", 1 },
	{ "http.html_502_after", "{}", 1 },
	{ "http.empty_body", "{}", 1 },
	{ "http.malformed_body", "{}", 1 },
	{ "http.redirect", "{}", 0 },
	{ "list.lag", "{\"ms\":1000}", 1 },
};

START_TEST(fault_of_the_fire_leaves_one_pin)
{
	char id[ID_MAX], caption[64];

	(void)snprintf(caption, sizeof(caption), "doubt-%d", _i);
	rig_post(&rig, 0, caption, -500, id);
	if (strcmp(fire_faults[_i].point, "list.lag") == 0)
		fault("pin.commit_then_drop_connection", "pin_create", "{}", 1);
	fault(fire_faults[_i].point, "pin_create", fire_faults[_i].params, 1);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, caption), 1);
	if (fire_faults[_i].attempts > 0)
		ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), fire_faults[_i].attempts);
}
END_TEST

/* Errors that prove no effect and that no repetition mends, as the error table has them. */
static const struct {
	const char *point, *params, *code;
} refusals[] = {
	{ "tier.trial_403", "{}", "configuration_error" },
	{ "tier.consumer_type_401", "{}", "configuration_error" },
	{ "pin.spam_429", "{}", "content_rejected" },
	{ "pin.ratio_400", "{}", "media_rejected" },
	{ "pin.error", "{\"status\":400,\"code\":1,\"message\":\"title is too long\"}",
	  "content_rejected" },
	{ "pin.error",
	  "{\"status\":403,\"code\":29,\"message\":\"You are not permitted to access that "
	  "resource.\"}",
	  "content_rejected" },
	{ "pin.error", "{\"status\":404,\"code\":40,\"message\":\"Board not found.\"}",
	  "content_rejected" },
	{ "pin.error",
	  "{\"status\":400,\"code\":1,\"message\":\"Sorry! This site doesn't allow you to save "
	  "Pins.\"}",
	  "content_rejected" },
};

START_TEST(refusal_of_the_fire_is_final)
{
	char id[ID_MAX], caption[64];

	(void)snprintf(caption, sizeof(caption), "refused-%d", _i);
	rig_post(&rig, 0, caption, -500, id);
	fault(refusals[_i].point, "pin_create", refusals[_i].params, -1);
	rig_expect(&rig, id, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, id, refusals[_i].code);
	ck_assert_int_eq(rig_effects(&rig, caption), 0);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 1);
}
END_TEST

START_TEST(board_that_is_missing_or_gone_is_told_before_the_fire)
{
	char first[ID_MAX], second[ID_MAX];

	default_board("NULL");
	rig_post(&rig, 0, "no-board", -500, first);
	rig_expect(&rig, first, POST_FAILED, PATIENCE_MS);
	default_board("'{\"default_board\":{\"id\":\"549999999999\"}}'");
	rig_post(&rig, 0, "gone-board", -500, second);
	rig_expect(&rig, second, POST_FAILED, PATIENCE_MS);
	rig_expect_error(&rig, second, "content_rejected");
	ck_assert_int_eq(rig_post_number(&rig, first, "attempts") +
				 rig_post_number(&rig, second, "attempts"),
			 0);
}
END_TEST

START_TEST(stale_token_is_renewed_and_the_pin_made)
{
	char id[ID_MAX];

	rig_sandbox(&rig, "/_control/tokens/expire", "{\"platform\":\"pinterest\",\"kind\":0}");
	rig_post(&rig, 0, "renewed", -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "renewed"), 1);
	ck_assert_int_ge(rig_calls(&rig, "token"), 3);
}
END_TEST

/* The very same pin is there already, bound to another post: it must not be taken for ours. */
START_TEST(twin_on_the_board_is_not_mistaken)
{
	char first[ID_MAX], second[ID_MAX];

	rig_post(&rig, 0, "twins", -500, first);
	rig_expect(&rig, first, POST_PUBLISHED, PATIENCE_MS);
	rig_post(&rig, 0, "twins", -500, second);
	fault("pin.drop_before_commit", "pin_create", "{}", 1);
	rig_expect(&rig, second, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, "twins"), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT COUNT(DISTINCT remote_id) FROM posts"), 2);
}
END_TEST

/* Due at the same instant on the same board: Pinterest would turn a burst away. */
START_TEST(two_pins_of_one_instant_keep_their_distance)
{
	char first[ID_MAX], second[ID_MAX];

	rig_post(&rig, 0, "burst", 300, first);
	rig_post(&rig, 0, "burst", 300, second);
	rig_expect(&rig, first, POST_PUBLISHED, PATIENCE_MS);
	rig_expect(&rig, second, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_number(&rig, "SELECT TIMESTAMPDIFF(MICROSECOND, MIN(sent_at), "
					  "MAX(sent_at)) >= 1000000 FROM attempts"),
			 1);
	ck_assert_int_eq(rig_effects(&rig, "burst"), 2);
}
END_TEST

static void keep(const char *name, const char *source, const struct media_item *item,
		 char ret[static ID_MAX])
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
	rig_draw(source, path);
	rig_media(&rig, path, item, ret);
}

static void keep_all(void)
{
	static const struct media_item video = { .kind = MEDIA_VIDEO,
						 .mime = "video/mp4",
						 .ext = "mp4",
						 .width = 720,
						 .height = 1280,
						 .duration_ms = 5000 };
	static const struct media_item second = {
		.kind = MEDIA_IMAGE, .mime = "image/png", .ext = "png", .width = 540, .height = 540
	};
	static const struct media_item tall = { .kind = MEDIA_IMAGE,
						.mime = "image/jpeg",
						.ext = "jpg",
						.width = 600,
						.height = 1200 };

	keep("v.mp4", "testsrc=d=5:s=720x1280:r=30", &video, video_id);
	keep("b.png", "color=c=red:s=540x540", &second, second_id);
	keep("t.jpg", "color=c=blue:s=600x1200", &tall, tall_id);
}

static void open_rig(void)
{
	rig_start_with(&rig, &pinterest);
	keep_all();
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ image_pin_has_all_texts_on_the_chosen_board, 0 },
		{ images_are_one_pin_in_their_order, 0 },
		{ images_of_unequal_ratio_are_the_content_s_fault, 0 },
		{ video_pin_is_uploaded_field_by_field_and_awaited, 0 },
		{ fault_of_a_video_costs_no_second_pin, (int)ARRAY_LEN(video_faults) },
		{ video_rejected_twice_is_final, 0 },
		{ fault_of_the_fire_leaves_one_pin, (int)ARRAY_LEN(fire_faults) },
		{ refusal_of_the_fire_is_final, (int)ARRAY_LEN(refusals) },
		{ board_that_is_missing_or_gone_is_told_before_the_fire, 0 },
		{ twin_on_the_board_is_not_mistaken, 0 },
		{ two_pins_of_one_instant_keep_their_distance, 0 },
		{ stale_token_is_renewed_and_the_pin_made, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "pinterest",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

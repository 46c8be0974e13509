/* SPDX-License-Identifier: Apache-2.0 */
/* Bluesky through the real runner against the sandbox: what reaches the repository, and every fault's end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rig.h"
#include "support/suite.h"

#define PATIENCE_MS 30000
#define BAKERY      "did:plc:acmebakery22222222222222"

static const struct rig_platform bluesky = { .name = "bluesky" };

static struct rig rig;
static char video_id[ID_MAX], large_id[ID_MAX], described_id[ID_MAX];

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"bluesky\",\"points\":1000000}");
}

static void publish(const struct rig_content *in, char ret[static ID_MAX])
{
	rig_post_content(&rig, 0, in, -500, ret);
	rig_expect(&rig, ret, POST_PUBLISHED, PATIENCE_MS);
	ck_assert_int_eq(rig_effects(&rig, in->caption), 1);
	ck_assert_int_eq(rig_post_number(&rig, ret, "attempts"), 1);
	ck_assert_int_eq(
		rig_post_number(&rig, ret, "remote_id LIKE 'at://" BAKERY "/app.bsky.feed.post/%'"),
		1);
	ck_assert_int_eq(rig_post_number(&rig, ret,
					 "remote_url = CONCAT('https://bsky.example/profile/" BAKERY
					 "/post/', SUBSTRING_INDEX(remote_id, '/', -1))"),
			 1);
}

/* A member of the record that the account's repository holds, by its path; caller frees. */
static json_t *record_of(const char *caption)
{
	char options[8192];
	json_t *record = json_loads(
		rig_object_text(&rig, caption, "options", options, sizeof(options)), 0, NULL);

	ck_assert_ptr_nonnull(record);
	return record;
}

static void record_has(const char *caption, const char *words)
{
	json_t *record = record_of(caption);
	char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_msg(strstr(text, words) != NULL, "%s not in %s", words, text);
	free(text);
	json_decref(record);
}

START_TEST(text_is_one_write)
{
	const struct rig_content in = {
		.kind = CONTENT_TEXT,
		.caption = "故 & <signs>, #bread at https://acme.example/x and @acmestudio.test, "
			   "not @nobody.test",
	};
	const int before = rig_calls(&rig, "put");
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_calls(&rig, "put") - before, 1);
	record_has(in.caption, "\"byteEnd\":21,\"byteStart\":15");
	record_has(in.caption, "\"tag\":\"bread\"");
	record_has(in.caption, "\"uri\":\"https://acme.example/x\"");
	record_has(in.caption, "\"did\":\"did:plc:acmestudio22222222222222\"");
	ck_assert_int_eq(rig_truth(&rig, "facet#mention", "nobody"), 1);
}
END_TEST

START_TEST(languages_and_card_arrive)
{
	const struct rig_content in = {
		.kind = CONTENT_TEXT,
		.caption = "With a card",
		.overrides = "{\"languages\":[\"en\",\"pt-BR\"],\"link\":\"https://acme.example/\","
			     "\"title\":\"Acme\",\"description\":\"Bread\"}",
	};
	char id[ID_MAX];

	publish(&in, id);
	record_has(in.caption, "\"langs\":[\"en\",\"pt-BR\"]");
	record_has(in.caption, "\"external\":{\"description\":\"Bread\",\"title\":\"Acme\",\"uri\":"
			       "\"https://acme.example/\"}");
}
END_TEST

START_TEST(images_arrive_described_and_small_enough)
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = "Two pictures",
					.media = { described_id, large_id } };
	char *sha = rig_media_sha(&rig, described_id), id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"Two pictures\"", sha), 1);
	record_has(in.caption, "\"alt\":\"A loaf\",\"aspectRatio\":{\"height\":");
	free(sha);
}
END_TEST

START_TEST(video_goes_up_whole)
{
	const struct rig_content in = { .kind = CONTENT_VIDEO,
					.caption = "A film",
					.media = { video_id } };
	char *sha = rig_media_sha(&rig, video_id), id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"A film\"", sha), 1);
	record_has(in.caption, "\"$type\":\"app.bsky.embed.video\"");
	free(sha);
}
END_TEST

START_TEST(reply_and_quote_name_the_version_seen)
{
	const struct rig_content first = { .kind = CONTENT_TEXT, .caption = "The first" };
	struct rig_content second = { .kind = CONTENT_TEXT, .caption = "The second" };
	struct rig_content third = { .kind = CONTENT_TEXT, .caption = "The third" };
	char id[ID_MAX], overrides[300], words[300];
	char *one, *two;

	publish(&first, id);
	one = rig_post_text(&rig, id, "remote_id");
	(void)snprintf(overrides, sizeof(overrides), "{\"reply_to_id\":\"%s\"}", one);
	second.overrides = overrides;
	publish(&second, id);
	two = rig_post_text(&rig, id, "remote_id");
	(void)snprintf(overrides, sizeof(overrides),
		       "{\"reply_to_id\":\"%s\",\"quote_id\":\"https://bsky.app/profile/"
		       "acmebakery.test/post/%s\"}",
		       two, strrchr(one, '/') + 1);
	third.overrides = overrides;
	publish(&third, id);
	(void)snprintf(words, sizeof(words), "\"uri\":\"%s\"},\"root\":{\"cid\":", two);
	record_has("The third", words);
	(void)snprintf(words, sizeof(words), "\"uri\":\"%s\"}}", one); /* root and quote */
	record_has("The third", words);
	record_has("The third", "\"$type\":\"app.bsky.embed.record\"");
	free(one);
	free(two);
}
END_TEST

START_TEST(thread_hangs_together)
{
	const struct rig_content in = { .kind = CONTENT_CAROUSEL,
					.caption = "Part one",
					.media = { described_id, rig.media_id },
					.overrides = "{\"thread\":[{\"text\":\"Part two\","
						     "\"media\":[1]},\"Part three\"]}" };
	char id[ID_MAX], *one;

	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	one = rig_post_text(&rig, id, "remote_id");
	for (size_t i = 0; i < 2; i++) {
		static const char *const texts[] = { "Part two", "Part three" };
		json_t *record = record_of(texts[i]), *reply = json_object_get(record, "reply");
		const char *root =
			json_string_value(json_object_get(json_object_get(reply, "root"), "uri"));
		const char *parent =
			json_string_value(json_object_get(json_object_get(reply, "parent"), "uri"));

		ck_assert_int_eq(rig_effects(&rig, texts[i]), 1);
		ck_assert_str_eq(root, one);
		ck_assert_int_eq(strcmp(parent, one) == 0, i == 0);
		json_decref(record);
	}
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 3);
	free(one);
}
END_TEST

/* The same key, the same record: what two runners wrote would be one post. */
START_TEST(key_follows_from_the_post)
{
	const struct rig_content in = { .kind = CONTENT_TEXT, .caption = "Only once" };
	char id[ID_MAX];

	publish(&in, id);
	ck_assert_int_eq(
		rig_numberf(
			&rig,
			"SELECT COUNT(*) FROM attempts WHERE post_id = '%s' AND handle = "
			"(SELECT SUBSTRING_INDEX(remote_id, '/', -1) FROM posts WHERE id = '%s')",
			id, id),
		1);
}
END_TEST

/* Believed lost, sent again, and then the first one arrives after all: it finds its record there. */
START_TEST(late_arrival_changes_nothing)
{
	const int before = rig_calls(&rig, "put");
	char id[ID_MAX];
	int sent; /* two, unless a machine is so slow that the look came after it */

	rig_post(&rig, 0, "late", -500, id);
	rig_fault(&rig, "{\"platform\":\"bluesky\",\"point\":\"net.late\",\"params\":"
			"{\"late_ms\":5000},\"match\":{\"endpoint\":\"put\"}}");
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	sent = (int)rig_post_number(&rig, id, "attempts");
	for (int i = 0; i < 200 && rig_calls(&rig, "put") - before < sent; i++)
		rig_sleep_ms(50);
	ck_assert_int_eq(rig_calls(&rig, "put") - before, sent);
	ck_assert_int_eq(rig_effects(&rig, "late"), 1);
	ck_assert_int_eq(rig_truth(&rig, "\"caption\":\"late\"", "\"event\":"), 1);
}
END_TEST

static const struct rig_fault_row fires[] = {
	{ "write.commit_then_drop", "put", POST_PUBLISHED, 1, 1, NULL },
	{ "blob.lost", "put", POST_PUBLISHED, 1, 2, NULL },
	{ "rate.429", "put", POST_PUBLISHED, 1, 2, NULL },
	{ "dpop.nonce", "put", POST_PUBLISHED, 1, 2, NULL },
	{ "dpop.nonce", "upload", POST_PUBLISHED, 1, 1, NULL },
	{ "upload.413", "upload", POST_FAILED, 0, 0, "media_rejected" },
	{ "upload.5xx", "upload", POST_PUBLISHED, 1, 1, NULL },
	{ "net.rst_after", "upload", POST_PUBLISHED, 1, 1, NULL },
	{ "net.rst_before", "session", POST_PUBLISHED, 1, 1, NULL },
};

START_TEST(fault_ends_as_its_table_says)
{
	rig_expect_fault(&rig, "bluesky", fires, _i, PATIENCE_MS);
}
END_TEST

static void add_media(void)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/film.mp4", rig.folder);
	rig_draw("testsrc=size=320x240:rate=25:duration=2", path);
	rig_media(&rig, path,
		  &(struct media_item){ .kind = MEDIA_VIDEO,
					.mime = "video/mp4",
					.ext = "mp4",
					.width = 320,
					.height = 240,
					.duration_ms = 2000,
					.video_codec = "h264" },
		  video_id);
	(void)snprintf(path, sizeof(path), "%s/second.jpg", rig.folder);
	rig_draw("testsrc2=size=640x480", path);
	rig_media(&rig, path,
		  &(struct media_item){ .kind = MEDIA_IMAGE,
					.mime = "image/jpeg",
					.ext = "jpg",
					.width = 640,
					.height = 480,
					.alt_text = "A loaf" },
		  described_id);
	(void)snprintf(path, sizeof(path), "%s/third.jpg", rig.folder);
	rig_draw("testsrc2=size=1200x900", path);
	rig_media(&rig, path,
		  &(struct media_item){ .kind = MEDIA_IMAGE,
					.mime = "image/jpeg",
					.ext = "jpg",
					.width = 1200,
					.height = 900 },
		  large_id);
}

static void begin(void)
{
	rig_start_with(&rig, &bluesky);
	add_media();
}

static void end(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ text_is_one_write, 0 },
		{ languages_and_card_arrive, 0 },
		{ images_arrive_described_and_small_enough, 0 },
		{ video_goes_up_whole, 0 },
		{ reply_and_quote_name_the_version_seen, 0 },
		{ thread_hangs_together, 0 },
		{ key_follows_from_the_post, 0 },
		{ late_arrival_changes_nothing, 0 },
		{ fault_ends_as_its_table_says, (int)ARRAY_LEN(fires) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "bluesky",
		.before = begin,
		.after = end,
		.setup = setup,
		.timeout_s = 90,
		.cases = cases,
	});
}

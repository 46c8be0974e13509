/* SPDX-License-Identifier: Apache-2.0 */
/* Videos of the sandbox's YouTube: who sees them, when they come out, how they end. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "sandbox_youtube_client.h"
#include "support/suite.h"

#define PRIVATE "{\"privacyStatus\":\"private\"}"
#define PUBLIC  "{\"privacyStatus\":\"public\"}"

static struct answer video(const char *id, const char *parts)
{
	char path[200];

	snprintf(path, sizeof(path), "videos?part=%s&id=%s", parts, id);
	return yt_get(path);
}

START_TEST(scheduled_video_is_public_when_its_time_comes)
{
	const char *id = yt_published(YT_META("later", "{\"privacyStatus\":\"private\","
						       "\"publishAt\":\"2090-01-01T00:00:00Z\"}"),
				      5000);
	CLEANUP(client_answer_done) struct answer before = video(id, "status");
	CLEANUP(client_answer_done) struct answer after = { 0 };

	ck_assert_str_eq(yt_member(yt_item(&before, 0), "status.privacyStatus"), "private");
	ck_assert_str_eq(yt_member(yt_item(&before, 0), "status.publishAt"),
			 "2090-01-01T00:00:00Z");
	ck_assert_uint_eq(client_truth("\"published\""), 0);
	client_control("clock", "{\"advance_s\":2019686400}");
	ck_assert_uint_eq(client_truth("\"published\""), 1);
	ck_assert_uint_eq(client_truth("\"created\""), 1);
	CLEANUP(client_answer_done) struct answer again = yt_connect(YT_ALL, YT_LASTING);

	after = video(id, "status");
	ck_assert_str_eq(yt_member(yt_item(&after, 0), "status.privacyStatus"), "public");
	ck_assert_str_eq(yt_member(yt_item(&after, 0), "status.publishAt"), "");
}
END_TEST

/* Nobody asks for it meanwhile, and the program ends and begins anew. */
START_TEST(schedule_is_kept_by_the_platform_itself)
{
	char at[RFC3339_MAX], json[200], address[32];

	rfc3339_print(clock_real_us() + 2 * US_PER_S, at);
	snprintf(json, sizeof(json),
		 YT_META("t", "{\"privacyStatus\":\"private\",\"publishAt\":\"%s\"}"), at);
	yt_published(json, 5000);
	snprintf(address, sizeof(address), "%s", client.sandbox->base_url + strlen("http://"));
	sandbox_server_stop(client.sandbox);
	ck_assert_int_eq(sandbox_server_start(address, client.folder, "", &client.sandbox), 0);
	for (int i = 0; i < 1000 && client_truth("\"published\"") == 0; i++)
		usleep(20000);
	ck_assert_uint_eq(client_truth("\"published\""), 1);
	ck_assert_uint_eq(client_truth("\"created\""), 1);
}
END_TEST

START_TEST(past_schedule_publishes_at_once)
{
	yt_published(YT_META("t", "{\"privacyStatus\":\"private\",\"publishAt\":"
				  "\"2020-01-01T00:00:00Z\"}"),
		     5000);
	ck_assert_uint_eq(client_truth("\"published\""), 1);
}
END_TEST

START_TEST(unaudited_project_is_locked_to_private_without_a_word)
{
	CLEANUP(client_answer_done) struct answer edited = { 0 };
	CLEANUP(client_answer_done) struct answer seen = { 0 };
	const char *headers[] = { "Content-Type: application/json", NULL };
	char json[200];
	const char *id;

	yt_world("\"unaudited\":true");
	id = yt_published(YT_META("t", PUBLIC), 5000);
	yt_world("\"unaudited\":false");
	snprintf(json, sizeof(json), "{\"id\":\"%s\",\"status\":{\"privacyStatus\":\"public\"}}",
		 id);
	edited = yt_send("PUT", client_url("/youtube/youtube/v3/videos?part=status"), yt_token,
			 headers, json, strlen(json));
	ck_assert_int_eq((int)edited.status, 200);
	seen = video(id, "status");
	ck_assert_str_eq(yt_member(yt_item(&seen, 0), "status.privacyStatus"), "private");
	ck_assert_uint_eq(client_truth("\"published\""), 0);
}
END_TEST

START_TEST(update_clears_what_it_leaves_out)
{
	const char *id = yt_published("{\"snippet\":{\"title\":\"t\",\"description\":\"d\","
				      "\"tags\":[\"a\"]},\"status\":" PRIVATE "}",
				      5000);
	const char *headers[] = { "Content-Type: application/json", NULL };
	const char *url = client_url("/youtube/youtube/v3/videos?part=snippet,status");
	CLEANUP(client_answer_done) struct answer bare = { 0 };
	CLEANUP(client_answer_done) struct answer done = { 0 };
	CLEANUP(client_answer_done) struct answer late = { 0 };
	char json[300];

	snprintf(json, sizeof(json), "{\"id\":\"%s\",\"snippet\":{\"title\":\"u\"}}", id);
	bare = yt_send("PUT", url, yt_token, headers, json, strlen(json));
	ck_assert_str_eq(yt_reason(&bare), "invalidCategoryId");
	snprintf(json, sizeof(json),
		 "{\"id\":\"%s\",\"snippet\":{\"title\":\"u\",\"categoryId\":\"22\"},"
		 "\"status\":{\"privacyStatus\":\"public\"}}",
		 id);
	done = yt_send("PUT", url, yt_token, headers, json, strlen(json));
	ck_assert_str_eq(yt_member(done.json, "snippet.description"), "");
	ck_assert(json_object_get(json_object_get(done.json, "snippet"), "tags") == NULL);
	ck_assert_str_eq(yt_member(done.json, "status.privacyStatus"), "public");
	ck_assert_uint_eq(client_truth("\"published\""), 1);
	ck_assert_uint_eq(client_truth("\"updated\""), 1);
	snprintf(json, sizeof(json),
		 "{\"id\":\"%s\",\"status\":{\"privacyStatus\":\"private\",\"publishAt\":"
		 "\"2090-01-01T00:00:00Z\"}}",
		 id);
	late = yt_send("PUT", client_url("/youtube/youtube/v3/videos?part=status"), yt_token,
		       headers, json, strlen(json));
	ck_assert_str_eq(yt_reason(&late), "invalidPublishAt");
}
END_TEST

START_TEST(stranger_sees_no_private_video_and_changes_none)
{
	const char *hidden = yt_published(YT_META("hidden", PRIVATE), 5000);
	const char *shown = yt_published(YT_META("shown", PUBLIC), 5000);
	CLEANUP(client_answer_done)
	struct answer other = yt_connect(YT_ALL, YT_LASTING "&sandbox_user=" YT_STUDIO);
	CLEANUP(client_answer_done) struct answer one = video(hidden, "status");
	CLEANUP(client_answer_done) struct answer two = video(shown, "status");
	CLEANUP(client_answer_done) struct answer file = video(shown, "fileDetails");
	CLEANUP(client_answer_done)
	struct answer list =
		yt_get("playlistItems?part=status&playlistId=UUAcmeBakery000000000001");
	CLEANUP(client_answer_done)
	struct answer gone =
		yt_send("DELETE", client_url("/youtube/youtube/v3/videos?id=%s", shown), yt_token,
			NULL, NULL, 0);

	ck_assert_uint_eq(json_array_size(json_object_get(one.json, "items")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(two.json, "items")), 1);
	ck_assert_int_eq((int)file.status, 403);
	ck_assert_uint_eq(json_array_size(json_object_get(list.json, "items")), 1);
	ck_assert_int_eq((int)gone.status, 403);
}
END_TEST

START_TEST(uploads_are_listed_newest_first_in_pages)
{
	const char *path = "playlistItems?part=snippet,contentDetails,status&maxResults=2"
			   "&playlistId=UUAcmeBakery000000000001";
	const char *first = yt_published(YT_META("one", PRIVATE), 5000);
	const char *last;
	char more[300];

	yt_published(YT_META("two", PUBLIC), 5000);
	last = yt_published(YT_META("three", PRIVATE), 5000);
	CLEANUP(client_answer_done) struct answer a = yt_get(path);
	snprintf(more, sizeof(more), "%s&pageToken=%s", path, client_text(&a, "nextPageToken"));
	CLEANUP(client_answer_done) struct answer b = yt_get(more);

	snprintf(more, sizeof(more), "%s&pageToken=x", path);
	CLEANUP(client_answer_done) struct answer wrong = yt_get(more);

	ck_assert_uint_eq(json_array_size(json_object_get(a.json, "items")), 2);
	ck_assert_str_eq(yt_member(yt_item(&a, 0), "contentDetails.videoId"), last);
	ck_assert_str_eq(yt_member(yt_item(&b, 0), "contentDetails.videoId"), first);
	ck_assert_str_eq(client_text(&b, "nextPageToken"), "");
	ck_assert_str_eq(yt_reason(&wrong), "invalidPageToken");
}
END_TEST

START_TEST(listing_may_lag_behind)
{
	const char *path = "playlistItems?part=id&playlistId=UUAcmeBakery000000000001";

	yt_fault("\"point\":\"listing.lag\",\"params\":{\"ms\":60000}");
	yt_published(YT_META("t", PRIVATE), 5000);
	CLEANUP(client_answer_done) struct answer before = yt_get(path);

	client_control("clock", "{\"advance_s\":61}");
	CLEANUP(client_answer_done) struct answer after = yt_get(path);

	ck_assert_uint_eq(json_array_size(json_object_get(before.json, "items")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(after.json, "items")), 1);
}
END_TEST

START_TEST(processing_ends_as_it_was_told_to)
{
	static const struct {
		const char *fault, *status, *reason_name, *reason;
	} ends[] = {
		{ NULL, "processed", "status.failureReason", "" },
		{ "\"point\":\"process.failed\",\"params\":{\"reason\":\"codec\"}", "failed",
		  "status.failureReason", "codec" },
		{ "\"point\":\"process.rejected\"", "rejected", "status.rejectionReason",
		  "copyright" },
		{ "\"point\":\"process.stuck\"", "uploaded", "status.failureReason", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (ends[i].fault != NULL)
			yt_fault(ends[i].fault);
		CLEANUP(client_answer_done)
		struct answer a = video(yt_published(YT_META("t", PRIVATE), 5000 + i),
					"status,processingDetails,fileDetails");
		const json_t *item = yt_item(&a, 0);

		ck_assert_str_eq(yt_member(item, "status.uploadStatus"), ends[i].status);
		ck_assert_str_eq(yt_member(item, ends[i].reason_name), ends[i].reason);
		ck_assert_str_ne(yt_member(item, "fileDetails.fileSize"), "");
		ck_assert(json_object_get(item, "snippet") == NULL);
	}
}
END_TEST

START_TEST(same_bytes_are_rejected_when_told_to)
{
	CLEANUP(yt_upload_done) struct yt_upload one = yt_begin(YT_META("a", PRIVATE), 5000);
	CLEANUP(yt_upload_done) struct yt_upload two = yt_begin(YT_META("b", PRIVATE), 5000);

	yt_world("\"reject_duplicates\":true");
	memcpy(two.file.p, one.file.p, 5000);
	CLEANUP(client_answer_done) struct answer a = yt_put(&one, 0, 0);
	CLEANUP(client_answer_done) struct answer b = yt_put(&two, 0, 0);
	CLEANUP(client_answer_done) struct answer seen = video(client_text(&b, "id"), "status");

	ck_assert_int_eq((int)a.status, 201);
	ck_assert_str_eq(yt_member(yt_item(&seen, 0), "status.rejectionReason"), "duplicate");
}
END_TEST

static struct answer thumbnail(const char *id, const char *type, const char *body, size_t n)
{
	const char *headers[] = { type, NULL };

	return yt_send("POST",
		       client_url("/youtube/upload/youtube/v3/thumbnails/set?videoId=%s"
				  "&uploadType=media",
				  id),
		       yt_token, headers, body, n);
}

START_TEST(thumbnail_is_a_picture_of_the_right_size)
{
	static const char jpeg[] = "\xff\xd8\xff\xe0 a picture";
	const char *id = yt_published(YT_META("t", PRIVATE), 5000);
	CLEANUP(client_answer_done)
	struct answer ok = thumbnail(id, "Content-Type: image/jpeg", jpeg, sizeof(jpeg));
	CLEANUP(client_answer_done)
	struct answer type = thumbnail(id, "Content-Type: image/gif", jpeg, sizeof(jpeg));
	CLEANUP(client_answer_done)
	struct answer magic = thumbnail(id, "Content-Type: image/jpeg", "GIF89a", 6);
	CLEANUP(client_answer_done)
	struct answer none = thumbnail("AAAAAAAAAAA", "Content-Type: image/jpeg", jpeg, 9);
	CLEANUP(client_answer_done) struct answer large = { 0 };

	yt_world("\"thumbnail_bytes\":10");
	large = thumbnail(id, "Content-Type: image/jpeg", jpeg, sizeof(jpeg));
	ck_assert_int_eq((int)ok.status, 200);
	ck_assert_str_eq(client_text(&ok, "kind"), "youtube#thumbnailSetResponse");
	ck_assert_uint_eq(client_truth("\"event\":\"thumbnail\""), 1);
	ck_assert_str_eq(yt_reason(&type), "badContent");
	ck_assert_str_eq(yt_reason(&magic), "invalidImage");
	ck_assert_str_eq(yt_reason(&none), "videoNotFound");
	ck_assert_int_eq((int)large.status, 413);
}
END_TEST

START_TEST(deleted_video_is_gone)
{
	const char *id = yt_published(YT_META("t", PRIVATE), 5000);
	const char *url = client_url("/youtube/youtube/v3/videos?id=%s", id);
	CLEANUP(client_answer_done)
	struct answer gone = yt_send("DELETE", url, yt_token, NULL, NULL, 0);
	CLEANUP(client_answer_done)
	struct answer again = yt_send("DELETE", url, yt_token, NULL, NULL, 0);
	CLEANUP(client_answer_done) struct answer seen = video(id, "id");

	ck_assert_int_eq((int)gone.status, 204);
	ck_assert_str_eq(yt_reason(&again), "videoNotFound");
	ck_assert_uint_eq(json_array_size(json_object_get(seen.json, "items")), 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ scheduled_video_is_public_when_its_time_comes, 0 },
		{ schedule_is_kept_by_the_platform_itself, 0 },
		{ past_schedule_publishes_at_once, 0 },
		{ unaudited_project_is_locked_to_private_without_a_word, 0 },
		{ update_clears_what_it_leaves_out, 0 },
		{ stranger_sees_no_private_video_and_changes_none, 0 },
		{ uploads_are_listed_newest_first_in_pages, 0 },
		{ listing_may_lag_behind, 0 },
		{ processing_ends_as_it_was_told_to, 0 },
		{ same_bytes_are_rejected_when_told_to, 0 },
		{ thumbnail_is_a_picture_of_the_right_size, 0 },
		{ deleted_video_is_gone, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_youtube_videos",
		.setup = yt_setup,
		.teardown = yt_teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's YouTube as a client meets it: uploads byte by byte, videos and what becomes of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox_youtube_client.h"

#define GRAIN   262144UL
#define FILE_N  (3 * GRAIN + 1234)
#define PRIVATE "{\"privacyStatus\":\"private\"}"
#define PUBLIC  "{\"privacyStatus\":\"public\"}"
#define RESUME  "uploadType=resumable&part=snippet,status"

static void fault(const char *json)
{
	char text[400];

	snprintf(text, sizeof(text), "{\"platform\":\"youtube\",%s}", json);
	client_control("faults", text);
}

static void world(const char *json)
{
	char text[400];

	snprintf(text, sizeof(text), "{\"platform\":\"youtube\",%s}", json);
	client_control("world", text);
}

/* What the real one refuses when a session is opened. */
static const struct {
	const char *query, *json, *reason;
	int status;
} sessions[] = {
	{ "part=snippet,status", YT_META("t", PRIVATE), "badRequest", 400 },
	{ "uploadType=media&part=snippet", YT_META("t", PRIVATE), "badRequest", 400 },
	{ "uploadType=resumable", YT_META("t", PRIVATE), "missingRequiredParameter", 400 },
	{ "uploadType=resumable&part=snippet,colour", YT_META("t", PRIVATE), "unknownPart", 400 },
	{ "uploadType=resumable&part=status", YT_META("t", PRIVATE), "invalidTitle", 400 },
	{ RESUME, "{", "parseError", 400 },
	{ RESUME, "{\"snippet\":{\"title\":7}}", "badRequest", 400 },
	{ RESUME, "{\"snippet\":{}}", "invalidTitle", 400 },
	{ RESUME, YT_META(" ", PRIVATE), "invalidTitle", 400 },
	{ RESUME, YT_META("a<b", PRIVATE), "invalidTitle", 400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"description\":\"a>b\"}}", "invalidDescription",
	  400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"tags\":[\"\"]}}", "invalidTags", 400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"tags\":\"a\"}}", "badRequest", 400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"categoryId\":\"18\"}}", "invalidCategoryId",
	  400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"categoryId\":22}}", "badRequest", 400 },
	{ RESUME, "{\"snippet\":{\"title\":\"t\",\"defaultLanguage\":\"e\"}}",
	  "invalidVideoMetadata", 400 },
	{ RESUME, YT_META("t", "{\"privacyStatus\":\"secret\"}"), "forbiddenPrivacySetting", 403 },
	{ RESUME, YT_META("t", "{\"license\":\"mine\"}"), "forbiddenLicenseSetting", 403 },
	{ RESUME, YT_META("t", "{\"publishAt\":\"2031-01-01T00:00:00Z\"}"), "invalidPublishAt",
	  400 },
	{ RESUME, YT_META("t", "{\"privacyStatus\":\"private\",\"publishAt\":\"soon\"}"),
	  "invalidPublishAt", 400 },
	{ RESUME ",localizations",
	  "{\"snippet\":{\"title\":\"t\"},\"localizations\":{\"de\":{\"title\":\"T\"}}}",
	  "defaultLanguageNotSet", 400 },
	{ RESUME ",localizations",
	  "{\"snippet\":{\"title\":\"t\",\"defaultLanguage\":\"en\"},\"localizations\":{\"de\":{}}"
	  "}",
	  "localizationValidationError", 400 },
	{ RESUME ",recordingDetails",
	  "{\"snippet\":{\"title\":\"t\"},\"recordingDetails\":{\"recordingDate\":\"x\"}}",
	  "invalidRecordingDetails", 400 },
};

START_TEST(wrong_session_is_refused_with_its_reason)
{
	CLEANUP(client_answer_done)
	struct answer a = yt_open(sessions[_i].query, 5000, sessions[_i].json);

	ck_assert_str_eq(yt_reason(&a), sessions[_i].reason);
	ck_assert_int_eq((int)a.status, sessions[_i].status);
	ck_assert_int_eq(client_error(&a, "code"), sessions[_i].status);
}
END_TEST

static struct answer open_long(size_t title, size_t text, size_t tag)
{
	CLEANUP(buf_done) struct buf json = BUF_INIT;
	const struct {
		const char *open;
		size_t n;
	} parts[] = { { "{\"snippet\":{\"title\":\"", title },
		      { "\",\"description\":\"", text },
		      { "\",\"tags\":[\"two words\",\"", tag } };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_adds(&json, parts[i].open);
		for (size_t k = 0; k < parts[i].n; k++)
			buf_adds(&json, i == 0 ? "\xc3\xa9" : "x");
	}
	buf_adds(&json, "\"]}}");
	return yt_open(RESUME, 5000, json.p);
}

/* 100 characters; 5000 bytes; 500 with the comma and the quotes of "two words". */
START_TEST(lengths_are_counted_as_the_platform_does)
{
	CLEANUP(client_answer_done) struct answer fits = open_long(100, 5000, 488);
	CLEANUP(client_answer_done) struct answer title = open_long(101, 5000, 488);
	CLEANUP(client_answer_done) struct answer text = open_long(100, 5001, 488);
	CLEANUP(client_answer_done) struct answer tags = open_long(100, 5000, 489);

	ck_assert_msg(fits.status == 200, "%s", buf_str(&fits.body));
	ck_assert_str_eq(yt_reason(&title), "invalidTitle");
	ck_assert_str_eq(yt_reason(&text), "invalidDescription");
	ck_assert_str_eq(yt_reason(&tags), "invalidTags");
}
END_TEST

START_TEST(chunks_are_taken_in_order_and_in_grains)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer none = yt_query(&u);
	CLEANUP(client_answer_done) struct answer odd = yt_put(&u, 0, GRAIN);
	CLEANUP(client_answer_done) struct answer ahead = yt_put(&u, GRAIN, 2 * GRAIN - 1);
	CLEANUP(client_answer_done) struct answer first = yt_put(&u, 0, GRAIN - 1);
	CLEANUP(client_answer_done) struct answer again = yt_put(&u, 0, GRAIN - 1);
	CLEANUP(client_answer_done) struct answer asked = yt_query(&u);
	CLEANUP(client_answer_done) struct answer last = { 0 };
	CLEANUP(client_answer_done) struct answer replay = { 0 };
	CLEANUP(client_answer_done) struct answer resent = { 0 };
	char sha256[65];

	ck_assert_int_eq((int)none.status, 308);
	ck_assert_str_eq(yt_range(&none), "");
	ck_assert_int_eq((int)odd.status, 400);
	ck_assert_int_eq((int)ahead.status, 308);
	ck_assert_str_eq(yt_range(&ahead), "");
	ck_assert_str_eq(yt_range(&first), "bytes=0-262143");
	ck_assert_str_eq(yt_range(&again), "bytes=0-262143");
	ck_assert_str_eq(yt_range(&asked), "bytes=0-262143");
	ck_assert_uint_eq(client_truth("\"created\""), 0);
	last = yt_put(&u, GRAIN, FILE_N - 1);
	ck_assert_int_eq((int)last.status, 201);
	replay = yt_query(&u);
	resent = yt_put(&u, 0, 0);
	ck_assert_int_eq((int)replay.status, 201);
	ck_assert_str_eq(buf_str(&replay.body), buf_str(&last.body));
	ck_assert_str_eq(buf_str(&resent.body), buf_str(&last.body));
	yt_file_sha256(&u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
	ck_assert_uint_eq(client_truth("\"created\""), 1);
}
END_TEST

/* Content-Range that nobody should send. */
static const char *const ranges[] = {
	"Content-Range: bytes 0-9999/99999",
	"Content-Range: bytes 0-4998/5000",
	"Content-Range: 0-4999/5000",
	"Content-Range: bytes 0-4999",
	"Content-Range: bytes 4999-0/5000",
	"Content-Range: bytes 0-5000/5000",
	"Content-Range: bytes 0-4999/5000 bytes",
	"Content-Range: bytes */5000",
};

START_TEST(wrong_range_is_refused)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), 5000);
	const char *headers[] = { ranges[_i], NULL };
	CLEANUP(client_answer_done)
	struct answer a = yt_send("PUT", u.url, yt_token, headers, u.file.p, u.file.len);
	CLEANUP(client_answer_done) struct answer asked = yt_query(&u);

	ck_assert_int_eq((int)a.status, 400);
	ck_assert_str_eq(yt_range(&asked), "");
}
END_TEST

START_TEST(offset_may_be_refused_instead)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer a = { 0 };

	world("\"refuse_offsets\":true");
	a = yt_put(&u, GRAIN, 2 * GRAIN - 1);
	ck_assert_int_eq((int)a.status, 400);
}
END_TEST

START_TEST(short_store_goes_on_where_it_stopped)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer some = { 0 };
	CLEANUP(client_answer_done) struct answer rest = { 0 };
	char sha256[65];

	fault("\"point\":\"upload.short_store\",\"params\":{\"bytes\":600000}");
	some = yt_put(&u, 0, 0);
	ck_assert_int_eq((int)some.status, 308);
	ck_assert_str_eq(yt_range(&some), "bytes=0-524287");
	rest = yt_put(&u, 2 * GRAIN, FILE_N - 1);
	ck_assert_int_eq((int)rest.status, 201);
	yt_file_sha256(&u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
}
END_TEST

START_TEST(broken_connection_leaves_whole_grains)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer cut = { 0 };
	CLEANUP(client_answer_done) struct answer rest = { 0 };
	char sha256[65];

	fault("\"point\":\"upload.cut_at\",\"params\":{\"bytes\":300000}");
	cut = yt_put(&u, 0, 0);
	ck_assert_int_ne(cut.curl, 0);
	for (int i = 0; i < 200; i++) {
		CLEANUP(client_answer_done) struct answer asked = yt_query(&u);

		if (strcmp(yt_range(&asked), "bytes=0-262143") == 0)
			break;
		ck_assert_str_eq(yt_range(&asked), "");
		usleep(20000);
	}
	rest = yt_put(&u, GRAIN, FILE_N - 1);
	ck_assert_int_eq((int)rest.status, 201);
	yt_file_sha256(&u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
}
END_TEST

START_TEST(answer_lost_after_the_commit_is_replayed)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer lost = { 0 };
	CLEANUP(client_answer_done) struct answer asked = { 0 };

	fault("\"point\":\"upload.commit_then_drop_connection\"");
	lost = yt_put(&u, 0, 0);
	ck_assert_int_ne(lost.curl, 0);
	asked = yt_query(&u);
	ck_assert_int_eq((int)asked.status, 201);
	ck_assert_uint_eq(client_truth("\"created\""), 1);
}
END_TEST

/* The third call of the session meets it, and nothing of that chunk is kept. */
START_TEST(fault_on_a_later_chunk_spares_the_first)
{
	static const int wanted[] = { 308, 308, 401, 503, 308 };
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);

	fault("\"point\":\"token.401\",\"skip\":2,\"match\":{\"endpoint\":\"upload\"}");
	fault("\"point\":\"upload.5xx\",\"skip\":2");
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		size_t at = (i < 2 ? i : 2) * GRAIN;
		CLEANUP(client_answer_done) struct answer a = yt_put(&u, at, at + GRAIN - 1);

		ck_assert_int_eq((int)a.status, wanted[i]);
	}
}
END_TEST

/* Slow for whatever platform it is set, and only there; no byte is lost on the way. */
START_TEST(narrow_line_brings_every_byte)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer first = { 0 };
	CLEANUP(client_answer_done) struct answer rest = { 0 };
	CLEANUP(client_answer_done) struct answer wrong = { 0 };
	char sha256[65];

	client_control("bandwidth", "{\"platform\":\"youtube\",\"upload_bytes_per_s\":1500000}");
	first = yt_put(&u, 0, GRAIN - 1);
	ck_assert_str_eq(yt_range(&first), "bytes=0-262143");
	client_control("bandwidth", "{\"platform\":\"youtube\",\"upload_bytes_per_s\":0}");
	rest = yt_put(&u, GRAIN, FILE_N - 1);
	ck_assert_int_eq((int)rest.status, 201);
	yt_file_sha256(&u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
	wrong = client_ask("POST", client_url("/_control/bandwidth"),
			   "{\"platform\":\"youtube\",\"upload_bytes_per_s\":-1}", "");
	ck_assert_int_eq((int)wrong.status, 422);
}
END_TEST

START_TEST(session_ends_with_its_time_or_by_hand)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(yt_upload_done) struct yt_upload old = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer lost = { 0 };
	CLEANUP(client_answer_done) struct answer still = { 0 };
	CLEANUP(client_answer_done) struct answer late = { 0 };

	fault("\"point\":\"upload.lost\"");
	lost = yt_put(&u, 0, GRAIN - 1);
	still = yt_query(&u);
	ck_assert_int_eq((int)lost.status, 404);
	ck_assert_int_eq((int)still.status, 404);
	world("\"session_life_s\":600");
	client_control("clock", "{\"advance_s\":700}");
	late = yt_query(&old);
	ck_assert_int_eq((int)late.status, 404);
	ck_assert_str_eq(yt_reason(&late), "notFound");
}
END_TEST

START_TEST(session_outlives_the_program)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer first = yt_put(&u, 0, 2 * GRAIN - 1);
	CLEANUP(client_answer_done) struct answer asked = { 0 };
	CLEANUP(client_answer_done) struct answer rest = { 0 };
	char sha256[65], address[32];

	ck_assert_int_eq((int)first.status, 308);
	snprintf(address, sizeof(address), "%s", client.sandbox->base_url + strlen("http://"));
	sandbox_server_stop(client.sandbox);
	ck_assert_int_eq(sandbox_server_start(address, client.folder, "", &client.sandbox), 0);
	asked = yt_query(&u);
	ck_assert_str_eq(yt_range(&asked), "bytes=0-524287");
	rest = yt_put(&u, 2 * GRAIN, FILE_N - 1);
	ck_assert_int_eq((int)rest.status, 201);
	yt_file_sha256(&u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
}
END_TEST

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

	world("\"unaudited\":true");
	id = yt_published(YT_META("t", PUBLIC), 5000);
	world("\"unaudited\":false");
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

	fault("\"point\":\"listing.lag\",\"params\":{\"ms\":60000}");
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
			fault(ends[i].fault);
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

	world("\"reject_duplicates\":true");
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

	world("\"thumbnail_bytes\":10");
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
	Suite *s = suite_create("sandbox_youtube");
	TCase *t = tcase_create("videos");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, yt_setup, yt_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, wrong_session_is_refused_with_its_reason, 0,
			    (int)ARRAY_LEN(sessions));
	tcase_add_test(t, lengths_are_counted_as_the_platform_does);
	tcase_add_test(t, chunks_are_taken_in_order_and_in_grains);
	tcase_add_loop_test(t, wrong_range_is_refused, 0, (int)ARRAY_LEN(ranges));
	tcase_add_test(t, offset_may_be_refused_instead);
	tcase_add_test(t, short_store_goes_on_where_it_stopped);
	tcase_add_test(t, broken_connection_leaves_whole_grains);
	tcase_add_test(t, answer_lost_after_the_commit_is_replayed);
	tcase_add_test(t, fault_on_a_later_chunk_spares_the_first);
	tcase_add_test(t, narrow_line_brings_every_byte);
	tcase_add_test(t, session_ends_with_its_time_or_by_hand);
	tcase_add_test(t, session_outlives_the_program);
	tcase_add_test(t, scheduled_video_is_public_when_its_time_comes);
	tcase_add_test(t, past_schedule_publishes_at_once);
	tcase_add_test(t, unaudited_project_is_locked_to_private_without_a_word);
	tcase_add_test(t, update_clears_what_it_leaves_out);
	tcase_add_test(t, stranger_sees_no_private_video_and_changes_none);
	tcase_add_test(t, uploads_are_listed_newest_first_in_pages);
	tcase_add_test(t, listing_may_lag_behind);
	tcase_add_test(t, processing_ends_as_it_was_told_to);
	tcase_add_test(t, same_bytes_are_rejected_when_told_to);
	tcase_add_test(t, thumbnail_is_a_picture_of_the_right_size);
	tcase_add_test(t, deleted_video_is_gone);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

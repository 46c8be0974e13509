/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox's YouTube as a client meets it: sessions, and uploads byte by byte. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox_youtube_client.h"
#include "support/suite.h"

#define GRAIN   262144UL
#define FILE_N  (3 * GRAIN + 1234)
#define PRIVATE "{\"privacyStatus\":\"private\"}"
#define RESUME  "uploadType=resumable&part=snippet,status"

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

	yt_world("\"refuse_offsets\":true");
	a = yt_put(&u, GRAIN, 2 * GRAIN - 1);
	ck_assert_int_eq((int)a.status, 400);
}
END_TEST

/* Sends from there to the end, and the sandbox has the file as it was. */
static void completes(struct yt_upload *u, size_t from)
{
	CLEANUP(client_answer_done) struct answer rest = yt_put(u, from, FILE_N - 1);
	char sha256[65];

	ck_assert_int_eq((int)rest.status, 201);
	yt_file_sha256(u, sha256);
	ck_assert_uint_eq(client_truth(sha256), 1);
}

START_TEST(short_store_goes_on_where_it_stopped)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer some = { 0 };

	yt_fault("\"point\":\"upload.short_store\",\"params\":{\"bytes\":600000}");
	some = yt_put(&u, 0, 0);
	ck_assert_int_eq((int)some.status, 308);
	ck_assert_str_eq(yt_range(&some), "bytes=0-524287");
	completes(&u, 2 * GRAIN);
}
END_TEST

START_TEST(broken_connection_leaves_whole_grains)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer cut = { 0 };

	yt_fault("\"point\":\"upload.cut_at\",\"params\":{\"bytes\":300000}");
	cut = yt_put(&u, 0, 0);
	ck_assert_int_ne(cut.curl, 0);
	for (int i = 0; i < 200; i++) {
		CLEANUP(client_answer_done) struct answer asked = yt_query(&u);

		if (strcmp(yt_range(&asked), "bytes=0-262143") == 0)
			break;
		ck_assert_str_eq(yt_range(&asked), "");
		usleep(20000);
	}
	completes(&u, GRAIN);
}
END_TEST

START_TEST(answer_lost_after_the_commit_is_replayed)
{
	CLEANUP(yt_upload_done) struct yt_upload u = yt_begin(YT_META("t", PRIVATE), FILE_N);
	CLEANUP(client_answer_done) struct answer lost = { 0 };
	CLEANUP(client_answer_done) struct answer asked = { 0 };

	yt_fault("\"point\":\"upload.commit_then_drop_connection\"");
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

	yt_fault("\"point\":\"token.401\",\"skip\":2,\"match\":{\"endpoint\":\"upload\"}");
	yt_fault("\"point\":\"upload.5xx\",\"skip\":2");
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
	CLEANUP(client_answer_done) struct answer wrong = { 0 };

	client_control("bandwidth", "{\"platform\":\"youtube\",\"upload_bytes_per_s\":1500000}");
	first = yt_put(&u, 0, GRAIN - 1);
	ck_assert_str_eq(yt_range(&first), "bytes=0-262143");
	client_control("bandwidth", "{\"platform\":\"youtube\",\"upload_bytes_per_s\":0}");
	completes(&u, GRAIN);
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

	yt_fault("\"point\":\"upload.lost\"");
	lost = yt_put(&u, 0, GRAIN - 1);
	still = yt_query(&u);
	ck_assert_int_eq((int)lost.status, 404);
	ck_assert_int_eq((int)still.status, 404);
	yt_world("\"session_life_s\":600");
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
	char address[32];

	ck_assert_int_eq((int)first.status, 308);
	snprintf(address, sizeof(address), "%s", client.sandbox->base_url + strlen("http://"));
	sandbox_server_stop(client.sandbox);
	ck_assert_int_eq(sandbox_server_start(address, client.folder, "", &client.sandbox), 0);
	asked = yt_query(&u);
	ck_assert_str_eq(yt_range(&asked), "bytes=0-524287");
	completes(&u, 2 * GRAIN);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ wrong_session_is_refused_with_its_reason, (int)ARRAY_LEN(sessions) },
		{ lengths_are_counted_as_the_platform_does, 0 },
		{ chunks_are_taken_in_order_and_in_grains, 0 },
		{ wrong_range_is_refused, (int)ARRAY_LEN(ranges) },
		{ offset_may_be_refused_instead, 0 },
		{ short_store_goes_on_where_it_stopped, 0 },
		{ broken_connection_leaves_whole_grains, 0 },
		{ answer_lost_after_the_commit_is_replayed, 0 },
		{ fault_on_a_later_chunk_spares_the_first, 0 },
		{ narrow_line_brings_every_byte, 0 },
		{ session_ends_with_its_time_or_by_hand, 0 },
		{ session_outlives_the_program, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_youtube",
		.setup = yt_setup,
		.teardown = yt_teardown,
		.cases = cases,
	});
}

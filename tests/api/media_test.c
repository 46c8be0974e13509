/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

START_TEST(upload_of_a_picture_is_probed)
{
	char *path = fixture_fresh_jpeg();
	CLEANUP(answer_free) struct answer *a = fixture_upload(CLIENT_TOKEN, path, "misnamed.png");

	unlink(path);
	free(path);
	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "state"), "ready");
	ck_assert_str_eq(answer_text(a, "kind"), "image");
	ck_assert_str_eq(answer_text(a, "mime"), "image/jpeg");
	ck_assert_int_eq(answer_int(a, "width"), 1080);
	ck_assert_int_eq(answer_int(a, "height"), 1080);
	ck_assert_str_eq(answer_text(a, "alt_text"), "A test picture");
	ck_assert_uint_eq(strlen(answer_text(a, "sha256")), 64);
}
END_TEST

START_TEST(upload_of_a_video_knows_its_length)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(CLIENT_TOKEN, fixture_path(FIXTURE_VIDEO), "clip.mp4");

	ck_assert(a->status == 201 || a->status == 200);
	ck_assert_str_eq(answer_text(a, "kind"), "video");
	ck_assert_int_eq(answer_int(a, "width"), 720);
	ck_assert_int_eq(answer_int(a, "height"), 1280);
	ck_assert_int_ge(answer_int(a, "duration_ms"), 4900);
	ck_assert_str_eq(answer_text(a, "codecs.0"), "h264");
	ck_assert_str_eq(answer_text(a, "codecs.1"), "aac");
}
END_TEST

START_TEST(same_bytes_answer_the_same_id)
{
	char *path = fixture_fresh_jpeg();
	CLEANUP(answer_free) struct answer *a = fixture_upload(CLIENT_TOKEN, path, "a.jpg");
	CLEANUP(answer_free) struct answer *b = fixture_upload(CLIENT_TOKEN, path, "b.jpg");

	unlink(path);
	free(path);
	assert_status(a, 201);
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "id"), answer_text(b, "id"));
}
END_TEST

static const enum fixture not_media[] = { FIXTURE_TEXT, FIXTURE_EMPTY, FIXTURE_VIDEO_CUT,
					  FIXTURE_JPEG_CUT };

START_TEST(upload_of_what_is_not_media_is_refused)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(CLIENT_TOKEN, fixture_path(not_media[_i]), "holiday.jpg");

	assert_problem(a, 422, "media_rejected");
}
END_TEST

START_TEST(raw_upload_takes_name_from_query)
{
	static char jpeg[4 << 20];
	char *path = fixture_fresh_jpeg();
	FILE *f = fopen(path, "rb");
	size_t n = fread(jpeg, 1, sizeof(jpeg), f);

	fclose(f);
	unlink(path);
	free(path);
	CLEANUP(answer_free)
	struct answer *a =
		client_send(&(struct call){ .method = "POST",
					    .path = "/api/v1/media?filename=raw.jpg&alt_text=Raw",
					    .token = CLIENT_TOKEN,
					    .body = jpeg,
					    .body_n = n,
					    .content_type = "image/jpeg" });

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "filename"), "raw.jpg");
	ck_assert_str_eq(answer_text(a, "alt_text"), "Raw");
}
END_TEST

static const struct {
	const char *type, *body;
	long status;
	const char *code;
} bad_uploads[] = {
	{ "application/x-www-form-urlencoded", "a=b", 415, "unsupported_media_type" },
	{ "multipart/form-data", "x", 400, "bad_request" },
	{ "multipart/form-data; boundary=B", "no boundary here", 400, "bad_request" },
	{ "multipart/form-data; boundary=B",
	  "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut", 400,
	  "bad_request" },
	{ "multipart/form-data; boundary=B",
	  "--B\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a\"\r\n\r\nz\r\n--B--\r\n",
	  422, "validation_failed" },
};

START_TEST(malformed_upload_is_explained)
{
	CLEANUP(answer_free)
	struct answer *a = client_send(&(struct call){ .method = "POST",
						       .path = "/api/v1/media",
						       .token = CLIENT_TOKEN,
						       .body = bad_uploads[_i].body,
						       .content_type = bad_uploads[_i].type });

	assert_problem(a, bad_uploads[_i].status, bad_uploads[_i].code);
}
END_TEST

START_TEST(upload_without_token_is_refused_before_the_body)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(NULL, fixture_path(FIXTURE_JPEG), "a.jpg");
	CLEANUP(answer_free)
	struct answer *b = fixture_upload("at_wrong", fixture_path(FIXTURE_JPEG), "a.jpg");

	assert_problem(a, 401, "authentication_required");
	assert_problem(b, 401, "invalid_token");
}
END_TEST

START_TEST(oversized_upload_is_413)
{
	const char *const headers[] = { "Content-Length: 99999999999", "Expect: 100-continue",
					NULL };
	CLEANUP(answer_free)
	struct answer *a = client_send(&(struct call){ .method = "POST",
						       .path = "/api/v1/media",
						       .token = CLIENT_TOKEN,
						       .body = "x",
						       .content_type = "image/jpeg",
						       .headers = headers,
						       .timeout_s = 10 });

	assert_problem(a, 413, "payload_too_large");
}
END_TEST

START_TEST(signed_address_serves_bytes_and_ranges)
{
	char *path = fixture_fresh_jpeg();
	CLEANUP(answer_free) struct answer *a = fixture_upload(CLIENT_TOKEN, path, "a.jpg");
	const char *const range[] = { "Range: bytes=0-1", NULL };
	const char *url = answer_text(a, "url");

	unlink(path);
	free(path);
	CLEANUP(answer_free)
	struct answer *whole =
		client_send(&(struct call){ .method = "GET", .path = "", .base = url });
	CLEANUP(answer_free)
	struct answer *part = client_send(
		&(struct call){ .method = "GET", .path = "", .base = url, .headers = range });

	assert_status(whole, 200);
	ck_assert_int_eq((int64_t)whole->body_n, answer_int(a, "bytes"));
	ck_assert_str_eq(answer_header(whole, "content-type"), "image/jpeg");
	assert_status(part, 206);
	ck_assert_uint_eq(part->body_n, 2);
	ck_assert_int_eq(memcmp(part->body, "\xff\xd8", 2), 0);
}
END_TEST

START_TEST(altered_address_serves_nothing)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(CLIENT_TOKEN, fixture_path(FIXTURE_JPEG), "a.jpg");
	char *url = strdup(answer_text(a, "url"));
	char *dot = strrchr(url, '.');

	dot[-1] = dot[-1] == 'A' ? 'B' : 'A';
	CLEANUP(answer_free)
	struct answer *b = client_send(&(struct call){ .method = "GET", .path = "", .base = url });

	free(url);
	assert_problem(b, 404, "not_found");
}
END_TEST

START_TEST(media_in_use_is_not_deleted)
{
	char *id = fixture_fresh_media(CLIENT_TOKEN);
	char path[100];
	CLEANUP(answer_free)
	struct answer *c =
		client_callf("POST", "/api/v1/content", CLIENT_TOKEN,
			     "{\"kind\":\"image\",\"media\":[{\"media_id\":\"%s\"}]}", id);

	assert_status(c, 201);
	snprintf(path, sizeof(path), "/api/v1/media/%s", id);
	free(id);
	CLEANUP(answer_free) struct answer *a = client_call("DELETE", path, CLIENT_TOKEN, NULL);

	assert_problem(a, 409, "media_in_use");
}
END_TEST

START_TEST(unused_media_is_deleted_with_its_address)
{
	char *path = fixture_fresh_jpeg(), at[100];
	CLEANUP(answer_free) struct answer *a = fixture_upload(CLIENT_TOKEN, path, "a.jpg");

	unlink(path);
	free(path);
	snprintf(at, sizeof(at), "/api/v1/media/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("DELETE", at, CLIENT_TOKEN, NULL);
	CLEANUP(answer_free) struct answer *c = client_call("GET", at, CLIENT_TOKEN, NULL);
	CLEANUP(answer_free)
	struct answer *d = client_send(
		&(struct call){ .method = "GET", .path = "", .base = answer_text(a, "url") });

	assert_status(b, 204);
	assert_problem(c, 404, "not_found");
	assert_problem(d, 404, "not_found");
}
END_TEST

START_TEST(foreign_media_is_absent)
{
	CLEANUP(answer_free)
	struct answer *a = fixture_upload(CLIENT_TOKEN, fixture_path(FIXTURE_JPEG), "a.jpg");
	struct persona other;
	char at[100];

	persona_make(&other, NULL, "owner");
	snprintf(at, sizeof(at), "/api/v1/media/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("GET", at, other.token, NULL);

	assert_problem(b, 404, "not_found");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ upload_of_a_picture_is_probed, 0 },
		{ upload_of_a_video_knows_its_length, 0 },
		{ same_bytes_answer_the_same_id, 0 },
		{ upload_of_what_is_not_media_is_refused, (int)ARRAY_LEN(not_media) },
		{ raw_upload_takes_name_from_query, 0 },
		{ malformed_upload_is_explained, (int)ARRAY_LEN(bad_uploads) },
		{ upload_without_token_is_refused_before_the_body, 0 },
		{ oversized_upload_is_413, 0 },
		{ signed_address_serves_bytes_and_ranges, 0 },
		{ altered_address_serves_nothing, 0 },
		{ media_in_use_is_not_deleted, 0 },
		{ unused_media_is_deleted_with_its_address, 0 },
		{ foreign_media_is_absent, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "media",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF"),
		.before = fixtures_make,
		.after = fixtures_done,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sound library, and media that are fetched from a URL. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

#define PATIENCE_MS 90000

static struct persona owner;

static const char *const prefixes[] = { "/v1/media/sounds", "/api/v1/media/sounds" };

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
}

/* A second of a WAV whose bytes nobody has. */
static size_t make_sound(char *to)
{
	static const unsigned char head[44] = { 'R', 'I',  'F',  'F', 0xa4, 0x3e, 0,    0,    'W',
						'A', 'V',  'E',  'f', 'm',  't',  ' ',  16,   0,
						0,   0,    1,    0,   1,    0,    0x40, 0x1f, 0,
						0,   0x80, 0x3e, 0,   0,    2,    0,    16,   0,
						'd', 'a',  't',  'a', 0x80, 0x3e, 0,    0 };
	uint64_t noise = (uint64_t)clock_boot_us() * 2654435761U + (uint64_t)getpid();

	memcpy(to, head, sizeof(head));
	for (size_t i = 0; i < 16000; i++) {
		noise = noise * 6364136223846793005U + 1442695040888963407U;
		to[sizeof(head) + i] = (char)(noise >> 60);
	}
	return sizeof(head) + 16000;
}

static struct answer *send_bytes(const char *at, const char *bytes, size_t n)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s?filename=beat.wav", at);
	return client_send(&(struct call){ .method = "POST",
					   .path = path,
					   .token = owner.token,
					   .body = bytes,
					   .body_n = n,
					   .content_type = "audio/wav" });
}

static struct answer *send_sound(const char *at)
{
	static char bytes[20000];

	return send_bytes(at, bytes, make_sound(bytes));
}

static struct answer *at_id(const char *method, const char *at, const char *id)
{
	char path[140];

	(void)snprintf(path, sizeof(path), "%s/%s", at, id);
	return client_call(method, path, owner.token, NULL);
}

START_TEST(sound_is_uploaded_listed_read_and_deleted)
{
	const char *at = prefixes[_i], *other = prefixes[1 - _i];
	char wanted[140];
	CLEANUP(answer_free) struct answer *a = send_sound(at);

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "state"), "ready");
	ck_assert_str_eq(answer_text(a, "name"), "beat.wav");
	ck_assert_str_eq(answer_text(a, "mime"), "audio/wav");
	ck_assert_int_eq(answer_int(a, "durationMs"), 1000);
	ck_assert(answer_is_null(a, "error"));
	(void)snprintf(wanted, sizeof(wanted), "%s/%s", at, answer_text(a, "id"));
	ck_assert_str_eq(answer_header(a, "Location"), wanted);

	CLEANUP(answer_free) struct answer *b = at_id("GET", other, answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *c = client_call("GET", at, owner.token, NULL);

	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "sha256"), answer_text(a, "sha256"));
	assert_status(c, 200);
	ck_assert_uint_eq(answer_count(c, "data"), 1);
	ck_assert_str_eq(answer_text(c, "data.0.id"), answer_text(a, "id"));
	ck_assert(!answer_bool(c, "hasMore") && answer_is_null(c, "nextCursor"));

	CLEANUP(answer_free) struct answer *d = at_id("DELETE", other, answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *e = at_id("GET", at, answer_text(a, "id"));

	assert_status(d, 204);
	assert_problem(e, 404, "not_found");
}
END_TEST

START_TEST(same_sound_answers_the_same_id)
{
	static char bytes[20000];
	const size_t n = make_sound(bytes);
	CLEANUP(answer_free) struct answer *a = send_bytes(prefixes[0], bytes, n);
	CLEANUP(answer_free) struct answer *b = send_bytes(prefixes[1], bytes, n);

	assert_status(a, 201);
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "id"), answer_text(b, "id"));
}
END_TEST

START_TEST(list_goes_on_where_it_ended)
{
	char path[300];
	CLEANUP(answer_free) struct answer *a = send_sound(prefixes[0]);
	CLEANUP(answer_free) struct answer *b = send_sound(prefixes[0]);

	(void)snprintf(path, sizeof(path), "%s?limit=1", prefixes[_i]);
	CLEANUP(answer_free) struct answer *c = client_call("GET", path, owner.token, NULL);

	assert_status(b, 201);
	ck_assert_str_eq(answer_text(c, "data.0.id"), answer_text(b, "id"));
	ck_assert(answer_bool(c, "hasMore"));
	(void)snprintf(path, sizeof(path), "%s?limit=1&cursor=%s", prefixes[_i],
		       answer_text(c, "nextCursor"));
	CLEANUP(answer_free) struct answer *d = client_call("GET", path, owner.token, NULL);

	ck_assert_str_eq(answer_text(d, "data.0.id"), answer_text(a, "id"));
	ck_assert(!answer_bool(d, "hasMore"));
}
END_TEST

START_TEST(picture_is_no_sound)
{
	char *picture = fixture_fresh_media(owner.token);
	CLEANUP(answer_free) struct answer *a = at_id("GET", prefixes[_i], picture);
	CLEANUP(answer_free) struct answer *b = at_id("DELETE", prefixes[_i], picture);
	CLEANUP(answer_free)
	struct answer *c =
		client_call("POST", prefixes[_i], owner.token, "{\"url\":\"https://a.example\"}");
	char *path = fixture_fresh_jpeg();
	static char bytes[4 << 20];
	FILE *f = fopen(path, "re");
	const size_t n = fread(bytes, 1, sizeof(bytes), f);

	(void)fclose(f);
	(void)unlink(path);
	free(path);
	free(picture);
	CLEANUP(answer_free) struct answer *d = send_bytes(prefixes[_i], bytes, n);

	assert_problem(a, 404, "not_found");
	assert_problem(b, 404, "not_found");
	assert_status(c, 202);
	assert_problem(d, 422, "media_rejected");
	ck_assert_ptr_nonnull(strstr(d->body, "an image, not a sound"));
}
END_TEST

/* Named in overrides, where no foreign key sees it. */
START_TEST(sound_in_use_is_not_deleted)
{
	CLEANUP(answer_free) struct answer *a = send_sound(prefixes[0]);
	CLEANUP(answer_free)
	struct answer *b = client_callf("POST", "/api/v1/content", owner.token,
					"{\"kind\":\"slideshow\",\"overrides\":{\"tiktok\":{"
					"\"sound_media_id\":\"%s\"}}}",
					answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *c = at_id("DELETE", prefixes[0], answer_text(a, "id"));

	assert_status(b, 201);
	assert_problem(c, 409, "media_in_use");
	CLEANUP(answer_free)
	struct answer *d = at_id("DELETE", "/api/v1/content", answer_text(b, "id"));
	CLEANUP(answer_free) struct answer *e = at_id("DELETE", prefixes[1], answer_text(a, "id"));

	assert_status(d, 204);
	assert_status(e, 204);
}
END_TEST

START_TEST(foreign_sound_is_absent)
{
	CLEANUP(answer_free) struct answer *a = send_sound(prefixes[0]);

	persona_make(&owner, NULL, "owner");
	CLEANUP(answer_free) struct answer *b = at_id("GET", prefixes[_i], answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *c = at_id("DELETE", prefixes[_i], answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *d = client_call("GET", prefixes[_i], owner.token, NULL);

	assert_problem(b, 404, "not_found");
	assert_problem(c, 404, "not_found");
	ck_assert_uint_eq(answer_count(d, "data"), 0);
}
END_TEST

/* ---- from a URL ---- */

static struct answer *until_settled(const char *at, const char *id)
{
	for (int waited = 0;; waited += 200) {
		struct answer *a = at_id("GET", at, id);

		assert_status(a, 200);
		if (strcmp(answer_text(a, "state"), "fetching") != 0)
			return a;
		answer_free(a);
		ck_assert_msg(waited < PATIENCE_MS, "it is fetched for ever");
		usleep(200000);
	}
}

START_TEST(medium_is_fetched_and_says_why_it_could_not_be)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/media", owner.token,
				       "{\"url\":\"https://localhost/dir/a.png?key=tops3cret\","
				       "\"alt_text\":\"A cat\"}");

	assert_status(a, 202);
	ck_assert_str_eq(answer_text(a, "state"), "fetching");
	ck_assert_str_eq(answer_text(a, "alt_text"), "A cat");
	ck_assert_str_eq(answer_text(a, "filename"), "a.png");
	ck_assert(answer_is_null(a, "kind") && answer_is_null(a, "bytes") &&
		  answer_is_null(a, "url") && answer_is_null(a, "error"));
	CLEANUP(answer_free)
	struct answer *b = until_settled("/api/v1/media", answer_text(a, "id"));

	ck_assert_str_eq(answer_text(b, "state"), "failed");
	ck_assert_str_eq(answer_text(b, "error"),
			 "localhost leads to an address that is not fetched from");
	ck_assert_ptr_null(strstr(b->body, "tops3cret"));
}
END_TEST

START_TEST(sound_is_fetched_and_named)
{
	CLEANUP(answer_free)
	struct answer *a =
		client_call("POST", prefixes[_i], owner.token,
			    "{\"url\":\"https://localhost/a.mp3\",\"filename\":\"Beat\"}");

	assert_status(a, 202);
	ck_assert_str_eq(answer_text(a, "name"), "Beat");
	CLEANUP(answer_free) struct answer *b = client_call("GET", prefixes[_i], owner.token, NULL);

	ck_assert_str_eq(answer_text(b, "data.0.id"), answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *c = until_settled(prefixes[_i], answer_text(a, "id"));

	ck_assert_str_eq(answer_text(c, "state"), "failed");
	CLEANUP(answer_free) struct answer *d = at_id("DELETE", prefixes[_i], answer_text(a, "id"));

	assert_status(d, 204);
}
END_TEST

START_TEST(medium_on_its_way_is_deleted_with_its_fetch)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/media", owner.token,
				       "{\"url\":\"https://localhost/a.png\"}");
	CLEANUP(answer_free)
	struct answer *b = at_id("DELETE", "/api/v1/media", answer_text(a, "id"));
	char *left = client_sql("SELECT COUNT(*) FROM fetches WHERE media_id = '%s'",
				answer_text(a, "id"));

	assert_status(b, 204);
	ck_assert_str_eq(left, "0");
	free(left);
}
END_TEST

static const struct {
	const char *body, *pointer, *code;
} bad_urls[] = {
	{ "{}", "/url", "required" },
	{ "{\"url\":null}", "/url", NULL },
	{ "{\"url\":7}", "/url", "wrong_type" },
	{ "{\"url\":\"\"}", "/url", NULL },
	{ "{\"url\":\"https://a.example\",\"more\":1}", "/more", "unknown_member" },
	{ "{\"url\":\"a.png\"}", "/url", "invalid_url" },
	{ "{\"url\":\"file:///etc/passwd\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://user:pass@a.example/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://a.example:22/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://127.0.0.1/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://2130706433/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://0x7f.1/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://[::ffff:169.254.169.254]/\"}", "/url", "invalid_url" },
	{ "{\"url\":\"https://127\\u30020\\u30020\\u30021/\"}", "/url", "invalid_url" },
};

START_TEST(bad_url_is_refused_and_orders_nothing)
{
	static const char *const places[] = { "/api/v1/media", "/v1/media/sounds",
					      "/api/v1/media/sounds" };
	char *rows;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call("POST", places[i], owner.token, bad_urls[_i].body);

		assert_invalid(a, bad_urls[_i].pointer, bad_urls[_i].code);
	}
	rows = client_sql("SELECT COUNT(*) FROM media WHERE workspace_id = '%s'", owner.workspace);
	ck_assert_str_eq(rows, "0");
	free(rows);
}
END_TEST

START_TEST(broken_json_is_told_as_such)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/media", owner.token, "{\"url\":");
	CLEANUP(answer_free)
	struct answer *b = client_call("POST", "/api/v1/media", NULL, "{\"url\":\"x\"}");

	assert_problem(a, 400, "malformed_json");
	assert_problem(b, 401, "authentication_required");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ sound_is_uploaded_listed_read_and_deleted, 2 },
		{ same_sound_answers_the_same_id, 0 },
		{ list_goes_on_where_it_ended, 2 },
		{ picture_is_no_sound, 2 },
		{ sound_in_use_is_not_deleted, 0 },
		{ foreign_sound_is_absent, 2 },
		{ medium_is_fetched_and_says_why_it_could_not_be, 0 },
		{ sound_is_fetched_and_named, 2 },
		{ medium_on_its_way_is_deleted_with_its_fetch, 0 },
		{ bad_url_is_refused_and_orders_nothing, (int)ARRAY_LEN(bad_urls) },
		{ broken_json_is_told_as_such, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sounds",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_TOKEN", "CARILLON_CONF"),
		.before = fixtures_make,
		.after = fixtures_done,
		.setup = setup,
		.timeout_s = 120,
		.cases = cases,
	});
}

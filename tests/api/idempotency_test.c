/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency-Key: what a repeat is answered, on every route that changes something. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/buf.h"
#include "crypto/random.h"
#include "support/fixtures.h"
#include "support/suite.h"

#define KEY_MAX 400

static struct persona owner;

static const char *fresh_key(void)
{
	static char key[ID_MAX];

	random_id(key, "key");
	return key;
}

/* key: as it stands in the header; NULL none. */
static struct answer *send_as(const char *token, const char *method, const char *path,
			      const char *body, const char *key)
{
	char line[KEY_MAX + 20];
	const char *headers[] = { line, NULL };

	snprintf(line, sizeof(line), "Idempotency-Key: %s", key ? key : "");
	return client_send(&(struct call){ .method = method,
					   .path = path,
					   .token = token,
					   .body = body,
					   .headers = key ? headers : NULL });
}

static struct answer *post(const char *path, const char *body, const char *key)
{
	return send_as(owner.token, "POST", path, body, key);
}

static struct answer *character(const char *name, const char *key)
{
	char body[100];

	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	return post("/api/v1/characters", body, key);
}

static bool is_replayed(const struct answer *a)
{
	const char *value = answer_header(a, "idempotent-replayed");

	ck_assert(!value || strcmp(value, "true") == 0);
	return value != NULL;
}

static int64_t number(const char *sql)
{
	return client_number("%s '%s'", sql, owner.workspace);
}

static int64_t characters(void)
{
	return number("SELECT COUNT(*) FROM characters WHERE workspace_id =");
}

static int64_t rows(void)
{
	return number("SELECT COUNT(*) FROM idempotency WHERE workspace_id =");
}

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
}

START_TEST(repeat_has_the_answer_of_the_first)
{
	const char *key = fresh_key();
	char quoted[ID_MAX + 2], location[200];
	CLEANUP(answer_free) struct answer *a = character("Ann", key);

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	CLEANUP(answer_free) struct answer *b = character("Ann", quoted);

	assert_status(a, 201);
	assert_status(b, 201);
	ck_assert(!is_replayed(a));
	ck_assert(is_replayed(b));
	ck_assert_str_eq(a->body, b->body);
	snprintf(location, sizeof(location), "%s", answer_header(a, "location"));
	ck_assert_str_eq(answer_header(b, "location"), location);
	ck_assert_str_eq(answer_header(b, "etag"), "\"1\"");
	ck_assert_str_eq(answer_header(b, "content-type"), "application/json");
	ck_assert_int_eq(characters(), 1);
	ck_assert_int_eq(rows(), 1);
}
END_TEST

START_TEST(repeat_of_a_change_changes_nothing)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *made = character("Ann", NULL);
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/characters/%s", answer_text(made, "id"));
	CLEANUP(answer_free)
	struct answer *a = send_as(owner.token, "PATCH", path, "{\"name\":\"Bea\"}", key);
	CLEANUP(answer_free)
	struct answer *c = send_as(owner.token, "PATCH", path, "{\"name\":\"Cec\"}", NULL);
	CLEANUP(answer_free)
	struct answer *b = send_as(owner.token, "PATCH", path, "{\"name\":\"Bea\"}", key);
	CLEANUP(answer_free) struct answer *now = client_call("GET", path, owner.token, NULL);

	assert_status(a, 200);
	assert_status(c, 200);
	ck_assert(is_replayed(b));
	ck_assert_str_eq(a->body, b->body);
	ck_assert_str_eq(answer_text(now, "name"), "Cec");
}
END_TEST

START_TEST(other_request_with_the_key_is_refused)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = character("Ann", key);
	CLEANUP(answer_free) struct answer *b = character("Bea", key);
	CLEANUP(answer_free) struct answer *c = post("/api/v1/content/a/submit", NULL, key);
	CLEANUP(answer_free) struct answer *d = post("/api/v1/content/b/submit", NULL, key);

	assert_status(a, 201);
	assert_problem(b, 422, "idempotency_key_reused");
	/* Another route is another matter; another path of one route is not. */
	assert_problem(c, 404, "not_found");
	assert_problem(d, 422, "idempotency_key_reused");
	ck_assert_int_eq(characters(), 1);
}
END_TEST

START_TEST(key_is_the_callers_own)
{
	const char *key = fresh_key();
	struct persona other, stranger;
	CLEANUP(answer_free) struct answer *a = character("Ann", key);

	persona_make(&other, owner.workspace, "owner");
	persona_make(&stranger, NULL, "owner");
	CLEANUP(answer_free)
	struct answer *b =
		send_as(other.token, "POST", "/api/v1/characters", "{\"name\":\"Ann\"}", key);
	CLEANUP(answer_free)
	struct answer *c =
		send_as(stranger.token, "POST", "/api/v1/characters", "{\"name\":\"Bea\"}", key);

	assert_status(a, 201);
	assert_status(b, 201);
	assert_status(c, 201);
	ck_assert(!is_replayed(b));
	ck_assert(!is_replayed(c));
	ck_assert_int_eq(characters(), 2);
}
END_TEST

static const struct {
	const char *key;
	bool is_good;
} shapes[] = {
	{ "a", true },
	{ "a b", true },
	{ "\"a\\\"b\\\\c\"", true },
	{ "8e03978e-40d5-43dd-bc93-6894a57f9324", true },
	{ "\"a, b\"", true },
	{ "a, b", false },
	{ "\"a\", \"b\"", false },
	{ "\"\"", false },
	{ "\"a", false },
	{ "\"a\"b", false },
	{ "\"a\"b\"", false },
	{ "\"a\\b\"", false },
	{ "\"a\\\"", false },
	{ "sch\xc3\xb6n", false },
};

START_TEST(key_has_a_shape)
{
	CLEANUP(answer_free) struct answer *a = character("Ann", shapes[_i].key);

	if (shapes[_i].is_good)
		assert_status(a, 201);
	else
		assert_problem(a, 400, "bad_request");
	ck_assert_int_eq(rows(), shapes[_i].is_good);
}
END_TEST

START_TEST(key_has_a_length)
{
	char key[KEY_MAX];

	memset(key, 'k', sizeof(key));
	key[256] = '\0';
	CLEANUP(answer_free) struct answer *a = character("Ann", key);
	key[255] = '\0';
	CLEANUP(answer_free) struct answer *b = character("Ann", key);

	assert_problem(a, 400, "bad_request");
	assert_status(b, 201);
}
END_TEST

START_TEST(what_was_refused_stays_refused)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = post("/api/v1/content/cnt_x/submit", NULL, key);
	CLEANUP(answer_free) struct answer *b = post("/api/v1/content/cnt_x/submit", NULL, key);

	assert_problem(a, 404, "not_found");
	ck_assert_int_eq(b->status, 404);
	ck_assert(is_replayed(b));
	ck_assert_str_eq(a->body, b->body);
	ck_assert_str_eq(answer_header(b, "content-type"), "application/problem+json");
}
END_TEST

/* What does not even reach the handler is no use of the key: the body may be mended. */
START_TEST(malformed_request_leaves_the_key_free)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = post("/api/v1/characters", "{\"nope\":1}", key);
	CLEANUP(answer_free) struct answer *b = character("Ann", key);

	ck_assert_int_eq(a->status, 422);
	assert_status(b, 201);
	ck_assert(!is_replayed(b));
}
END_TEST

START_TEST(second_waits_while_the_first_is_at_work)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = character("Ann", key);
	struct hold *h = client_hold(
		"SELECT 1 FROM idempotency WHERE workspace_id = '%s' FOR UPDATE", owner.workspace);
	CLEANUP(answer_free) struct answer *b = character("Ann", key);

	client_let_go(h);
	CLEANUP(answer_free) struct answer *c = character("Ann", key);

	assert_status(a, 201);
	assert_problem(b, 409, "idempotency_in_flight");
	ck_assert_int_gt(atol(answer_header(b, "retry-after")), 0);
	ck_assert(is_replayed(c));
	ck_assert_int_eq(characters(), 1);
}
END_TEST

START_TEST(key_is_free_again_after_a_day)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = character("Ann", key);

	free(client_sql("UPDATE idempotency SET created_at = created_at - INTERVAL 25 HOUR "
			"WHERE workspace_id = '%s'",
			owner.workspace));
	CLEANUP(answer_free) struct answer *b = character("Bea", key);

	assert_status(a, 201);
	assert_status(b, 201);
	ck_assert(!is_replayed(b));
	ck_assert_int_eq(rows(), 1);
}
END_TEST

/* The runner cleans up about every 20 s. */
START_TEST(old_answers_are_cleaned_up)
{
	CLEANUP(answer_free) struct answer *a = character("Ann", fresh_key());
	CLEANUP(answer_free) struct answer *b = character("Bea", fresh_key());

	free(client_sql("UPDATE idempotency SET created_at = created_at - INTERVAL 25 HOUR "
			"WHERE workspace_id = '%s' ORDER BY created_at LIMIT 1",
			owner.workspace));
	while (rows() > 1)
		sleep(1);
	assert_status(a, 201);
	assert_status(b, 201);
	ck_assert_int_eq(rows(), 1);
}
END_TEST

/* A key's secret is shown once, and to whoever lost that answer; the table holds nothing of it. */
START_TEST(secret_is_sealed)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = post("/api/v1/api-keys", "{\"name\":\"x\"}", key);
	CLEANUP(answer_free) struct answer *b = post("/api/v1/api-keys", "{\"name\":\"x\"}", key);

	assert_status(a, 201);
	ck_assert(is_replayed(b));
	ck_assert_str_eq(answer_text(a, "secret"), answer_text(b, "secret"));
	char *found = client_sql("SELECT COUNT(*) FROM idempotency WHERE workspace_id = '%s' AND "
				 "(LOCATE('sk_', answer) OR LOCATE('secret', answer))",
				 owner.workspace);

	ck_assert_str_eq(found, "0");
	ck_assert_int_eq(rows(), 1);
	free(found);
}
END_TEST

/* ---- uploads ---- */

static struct answer *upload(const char *path, const char *boundary, const char *key)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char type[100], line[100];
	const char *headers[] = { line, NULL };
	FILE *file = fopen(path, "re");
	int c;

	ck_assert_ptr_nonnull(file);
	buf_printf(&body,
		   "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n"
		   "Content-Type: image/jpeg\r\n\r\n",
		   boundary);
	while ((c = getc(file)) != EOF)
		buf_addc(&body, (char)c);
	fclose(file);
	buf_printf(&body, "\r\n--%s--\r\n", boundary);
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", boundary);
	snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
	return client_send(&(struct call){ .method = "POST",
					   .path = "/api/v1/media",
					   .token = owner.token,
					   .body = body.p,
					   .body_n = body.len,
					   .content_type = type,
					   .headers = headers });
}

/* Clients make a boundary anew each time they send. */
START_TEST(upload_is_known_by_its_bytes)
{
	const char *key = fresh_key();
	char *one = fixture_fresh_jpeg(), *two = fixture_fresh_jpeg();
	CLEANUP(answer_free) struct answer *a = upload(one, "first", key);
	CLEANUP(answer_free) struct answer *b = upload(one, "second", key);
	CLEANUP(answer_free) struct answer *c = upload(two, "first", key);

	assert_status(a, 201);
	assert_status(b, 201);
	ck_assert(!is_replayed(a));
	ck_assert(is_replayed(b));
	ck_assert_str_eq(a->body, b->body);
	assert_problem(c, 422, "idempotency_key_reused");
	unlink(one);
	unlink(two);
	free(one);
	free(two);
}
END_TEST

START_TEST(order_to_fetch_is_given_once)
{
	const char *key = fresh_key();
	static const char body[] = "{\"url\":\"https://media.invalid/a.jpg\"}";
	CLEANUP(answer_free) struct answer *a = post("/api/v1/media", body, key);
	CLEANUP(answer_free) struct answer *b = post("/api/v1/media", body, key);

	assert_status(a, 202);
	assert_status(b, 202);
	ck_assert(is_replayed(b));
	ck_assert_int_eq(number("SELECT COUNT(*) FROM fetches WHERE workspace_id ="), 1);
}
END_TEST

/* ---- every route ---- */

/* Whose callers are not known yet, or whose answers are tokens. */
static const char *const unkept[] = { "/api/v1/auth/register", "/api/v1/auth/login",
				      "/api/v1/auth/refresh",
				      "/api/v1/integrations/bluesky/password" };

static bool is_unkept(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(unkept); i++) {
		if (strcmp(pattern, unkept[i]) == 0)
			return true;
	}
	return false;
}

static char *path_of(const struct route *row)
{
	CLEANUP(buf_done) struct buf path = BUF_INIT;

	for (const char *p = row->pattern; *p; p++) {
		buf_addc(&path, *p == '{' ? 'x' : *p);
		if (*p == '{')
			p += strcspn(p, "}");
	}
	return buf_take(&path);
}

static struct answer *send_row(const struct route *row, const char *const *headers)
{
	char *path = path_of(row);
	bool is_lines = row->body_max == BODY_LINES;
	struct answer *a = client_send(
		&(struct call){ .method = http_method_name(row->method),
				.path = path,
				.token = owner.token,
				.body = row->body ? "{}" : NULL,
				.content_type = is_lines ? "application/x-ndjson" : NULL,
				.headers = headers });

	free(path);
	return a;
}

/* Whether a repeat had the kept answer. */
static int walk_row(const struct route *row)
{
	char line[100];
	const char *good[] = { line, NULL };
	const char *bad[] = { "Idempotency-Key: \"", NULL };

	snprintf(line, sizeof(line), "Idempotency-Key: %s", fresh_key());
	CLEANUP(answer_free) struct answer *a = send_row(row, bad);
	CLEANUP(answer_free) struct answer *c = send_row(row, good);
	CLEANUP(answer_free) struct answer *d = send_row(row, good);

	ck_assert_msg(a->status == 400, "%s: %ld", row->pattern, a->status);
	ck_assert_msg(c->status != 400 && c->status < 500 && c->status == d->status,
		      "%s: %ld, then %ld: %s", row->pattern, c->status, d->status, c->body);
	ck_assert_msg(!is_replayed(c), "%s", row->pattern);
	return is_replayed(d);
}

START_TEST(every_route_that_changes_something_takes_a_key)
{
	const struct route *const *family;
	const struct route *row;
	int walked = 0, replayed = 0;

	for (family = api_routes.families; *family; family++) {
		for (row = *family; row->pattern; row++) {
			if (row->method != HTTP_POST && row->method != HTTP_PATCH)
				continue;
			ck_assert_msg((row->repeat == REPEAT_UNKEPT) == is_unkept(row->pattern),
				      "%s", row->pattern);
			ck_assert_msg(row->auth == AUTH_BEARER || row->repeat == REPEAT_UNKEPT,
				      "%s", row->pattern);
			/* The token of this test ends there. */
			if (strstr(row->pattern, "/logout"))
				continue;
			walked++;
			replayed += walk_row(row);
		}
	}
	ck_assert_int_gt(walked, 45);
	/* Those whose handlers were reached with nothing but {}. */
	ck_assert_msg(replayed > 15, "%d of %d", replayed, walked);
}
END_TEST

START_TEST(documents_name_the_header)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("GET", "/api/v1/openapi.json", NULL, NULL);
	json_t *path, *operation, *parameter;
	const char *pattern, *method;
	size_t i;

	json_object_foreach(answer_at(a, "paths"), pattern, path) {
		json_object_foreach(path, method, operation) {
			bool is_named = false;
			const bool is_due =
				(strcmp(method, "post") == 0 || strcmp(method, "patch") == 0) &&
				!is_unkept(pattern);

			json_array_foreach(json_object_get(operation, "parameters"), i, parameter) {
				const char *ref =
					json_string_value(json_object_get(parameter, "$ref"));

				is_named = is_named || (ref && strstr(ref, "/IdempotencyKey"));
			}
			ck_assert_msg(is_named == is_due, "%s %s", method, pattern);
		}
	}
	ck_assert_int_eq(answer_int(a, "components.parameters.IdempotencyKey.schema.maxLength"),
			 255);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ repeat_has_the_answer_of_the_first, 0 },
		{ repeat_of_a_change_changes_nothing, 0 },
		{ other_request_with_the_key_is_refused, 0 },
		{ key_is_the_callers_own, 0 },
		{ key_has_a_shape, (int)ARRAY_LEN(shapes) },
		{ key_has_a_length, 0 },
		{ what_was_refused_stays_refused, 0 },
		{ malformed_request_leaves_the_key_free, 0 },
		{ second_waits_while_the_first_is_at_work, 0 },
		{ key_is_free_again_after_a_day, 0 },
		{ old_answers_are_cleaned_up, 0 },
		{ secret_is_sealed, 0 },
		{ upload_is_known_by_its_bytes, 0 },
		{ order_to_fetch_is_given_once, 0 },
		{ every_route_that_changes_something_takes_a_key, 0 },
		{ documents_name_the_header, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "idempotency",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET"),
		.before = fixtures_make,
		.after = fixtures_done,
		.setup = setup,
		.timeout_s = 180,
		.cases = cases,
	});
}

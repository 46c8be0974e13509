/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/keyformat.h"
#include "support/client.h"
#include "support/suite.h"

#define KEYS "/api/v1/api-keys"

static struct answer *make(const char *token, const char *body)
{
	struct answer *a = client_call("POST", KEYS, token, body);

	assert_status(a, 201);
	return a;
}

static const char *path_of(const struct answer *key)
{
	static char path[120];

	snprintf(path, sizeof(path), KEYS "/%s", answer_text(key, "id"));
	return path;
}

START_TEST(secret_is_shown_once_and_stored_as_hmac)
{
	struct persona p;
	char *hits;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) =
		make(p.token, "{\"name\":\"ci\",\"livemode\":true}");
	const char *secret = answer_text(a, "secret");

	ck_assert_uint_eq(strlen(secret), KEYFORMAT_LEN);
	ck_assert_int_eq(strncmp(secret, answer_text(a, "prefix"), 16), 0);
	struct answer *again CLEANUP(answer_free) = client_call("GET", path_of(a), p.token, NULL);
	struct answer *list CLEANUP(answer_free) = client_call("GET", KEYS, p.token, NULL);
	assert_status(again, 200);
	ck_assert_ptr_null(answer_at(again, "secret"));
	ck_assert_uint_eq(answer_count(list, "api_keys"), 1);
	ck_assert_ptr_null(strstr(list->body, secret + 17));
	hits = client_sql("SELECT COUNT(*) FROM api_keys WHERE secret_hmac IN "
			  "(UNHEX(SHA2('%s', 256)), '%s')",
			  secret, secret);
	ck_assert_str_eq(hits, "0");
	free(hits);
	struct answer *me CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", secret, NULL);
	assert_status(me, 200);
	ck_assert_str_eq(answer_text(me, "kind"), "api_key");
	ck_assert(answer_bool(me, "livemode"));
}
END_TEST

START_TEST(any_altered_character_is_refused)
{
	struct persona p;
	char key[KEYFORMAT_LEN + 1];
	size_t i;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"ci\"}");
	memcpy(key, answer_text(a, "secret"), sizeof(key));
	for (i = 0; i < KEYFORMAT_LEN; i += 5) {
		char was = key[i];

		key[i] = was == 'a' ? 'b' : 'a';
		struct answer *b CLEANUP(answer_free) =
			client_call("GET", "/api/v1/auth/me", key, NULL);
		assert_problem(b, 401, "invalid_token");
		key[i] = was;
	}
}
END_TEST

/* The right public id and checksum, but another secret: only the MAC tells. */
START_TEST(well_formed_key_with_a_wrong_secret_is_refused)
{
	struct persona p;
	struct keyformat parts;
	char forged[KEYFORMAT_LEN + 1];

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"ci\"}");
	keyformat_make(true, forged, &parts);
	free(client_sql("UPDATE api_keys SET public_id = '%s' WHERE id = '%s'", parts.public_id,
			answer_text(a, "id")));
	struct answer *b CLEANUP(answer_free) = client_call("GET", "/api/v1/auth/me", forged, NULL);

	assert_problem(b, 401, "invalid_token");
}
END_TEST

START_TEST(scopes_are_the_creators_at_most)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *over CLEANUP(answer_free) =
		client_call("POST", KEYS, p.token,
			    "{\"name\":\"x\",\"scopes\":[\"content:read\",\"members:manage\"]}");
	struct answer *unknown CLEANUP(answer_free) = client_call(
		"POST", KEYS, p.token, "{\"name\":\"x\",\"scopes\":[\"content:read\",\"all\"]}");
	struct answer *own CLEANUP(answer_free) =
		make(p.token, "{\"name\":\"x\",\"scopes\":[\"keys:manage\",\"content:read\"]}");

	assert_problem(over, 403, "insufficient_scope");
	ck_assert_ptr_nonnull(strstr(answer_text(over, "detail"), "members:manage"));
	assert_invalid(unknown, "/scopes/1", "not_a_choice");
	ck_assert_uint_eq(answer_count(own, "scopes"), 2);
	const char *key = answer_text(own, "secret");
	struct answer *more CLEANUP(answer_free) =
		client_call("POST", KEYS, key, "{\"name\":\"y\",\"scopes\":[\"content:write\"]}");
	assert_problem(more, 403, "insufficient_scope");
	struct answer *denied CLEANUP(answer_free) =
		client_call("GET", "/api/v1/workspace", key, NULL);
	assert_problem(denied, 403, "insufficient_scope");
	ck_assert_ptr_nonnull(strstr(answer_text(denied, "detail"), "workspace:read"));
}
END_TEST

START_TEST(role_without_the_scope_is_403)
{
	struct persona p;

	persona_make(&p, NULL, "editor");
	struct answer *a CLEANUP(answer_free) = client_call("GET", KEYS, p.token, NULL);

	assert_problem(a, 403, "insufficient_scope");
}
END_TEST

START_TEST(test_key_makes_and_sees_test_keys_only)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *live CLEANUP(answer_free) =
		make(p.token, "{\"name\":\"live\",\"livemode\":true}");
	struct answer *test CLEANUP(answer_free) =
		make(p.token, "{\"name\":\"test\",\"livemode\":false}");
	const char *key = answer_text(test, "secret");

	ck_assert_int_eq(strncmp(key, "sk_test_", 8), 0);
	struct answer *no CLEANUP(answer_free) =
		client_call("POST", KEYS, key, "{\"name\":\"x\",\"livemode\":true}");
	assert_invalid(no, "/livemode", NULL);
	struct answer *child CLEANUP(answer_free) = make(key, "{\"name\":\"x\"}");
	ck_assert(!answer_bool(child, "livemode"));
	struct answer *hidden CLEANUP(answer_free) =
		client_call("DELETE", path_of(live), key, NULL);
	assert_problem(hidden, 404, "not_found");
}
END_TEST

static const struct {
	const char *body, *pointer;
} bad[] = {
	{ "{}", "/name" },
	{ "{\"name\":\" \"}", "/name" },
	{ "{\"name\":\"x\",\"livemode\":1}", "/livemode" },
	{ "{\"name\":\"x\",\"expires_at\":\"2020-01-01T00:00:00Z\"}", "/expires_at" },
	{ "{\"name\":\"x\",\"expires_at\":\"soon\"}", "/expires_at" },
	{ "{\"name\":\"x\",\"publish_cap_per_day\":0}", "/publish_cap_per_day" },
	{ "{\"name\":\"x\",\"account_ids\":[\"acc_absent\"]}", "/account_ids/0" },
	{ "{\"name\":\"x\",\"scopes\":[]}", "/scopes" },
	{ "{\"name\":\"x\",\"secret\":\"mine\"}", "/secret" },
};

START_TEST(bad_body_names_the_member)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = client_call("POST", KEYS, p.token, bad[_i].body);

	assert_invalid(a, bad[_i].pointer, NULL);
}
END_TEST

START_TEST(patch_changes_and_clears)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) =
		make(p.token, "{\"name\":\"ci\",\"publish_cap_per_day\":5,\"expires_at\":\"2090-01-"
			      "01T00:00:00Z\"}");
	struct answer *b CLEANUP(answer_free) =
		client_call("PATCH", path_of(a), p.token,
			    "{\"name\":\"new\",\"publish_cap_per_day\":null,\"expires_at\":null}");

	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "name"), "new");
	ck_assert(answer_is_null(b, "publish_cap_per_day"));
	ck_assert(answer_is_null(b, "expires_at"));
	ck_assert_str_ne(answer_header(b, "ETag"), "\"1\"");
}
END_TEST

START_TEST(deleted_and_expired_keys_stop_at_once)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"gone\"}");
	struct answer *b CLEANUP(answer_free) = make(p.token, "{\"name\":\"old\"}");
	struct answer *deleted CLEANUP(answer_free) =
		client_call("DELETE", path_of(a), p.token, NULL);

	assert_status(deleted, 204);
	free(client_sql("UPDATE api_keys SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND "
			"WHERE id = '%s'",
			answer_text(b, "id")));
	struct answer *x CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", answer_text(a, "secret"), NULL);
	struct answer *y CLEANUP(answer_free) =
		client_call("GET", "/api/v1/auth/me", answer_text(b, "secret"), NULL);
	struct answer *z CLEANUP(answer_free) = client_call("GET", path_of(a), p.token, NULL);

	assert_problem(x, 401, "invalid_token");
	assert_problem(y, 401, "token_expired");
	assert_problem(z, 404, "not_found");
}
END_TEST

static struct answer *rotate(const struct answer *key, const char *token, const char *body)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/rotate", path_of(key));
	return client_call("POST", path, token, body);
}

static void expect_key(const char *secret, long status)
{
	struct answer *a CLEANUP(answer_free) = client_call("GET", "/api/v1/auth/me", secret, NULL);

	assert_status(a, status);
}

START_TEST(rotated_key_keeps_its_id_and_two_secrets)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"ci\"}");
	struct answer *b CLEANUP(answer_free) = rotate(a, p.token, "{\"overlap_s\":3600}");
	const char *first = answer_text(a, "secret"), *second = answer_text(b, "secret");

	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "id"), answer_text(b, "id"));
	ck_assert_str_eq(answer_text(a, "prefix"), answer_text(b, "prefix"));
	ck_assert_str_ne(first, second);
	ck_assert(answer_is_null(a, "previous_secret_ends_at"));
	ck_assert(!answer_is_null(b, "previous_secret_ends_at"));
	expect_key(first, 200);
	expect_key(second, 200);
	/* A third one ends the first at once. */
	struct answer *c CLEANUP(answer_free) = rotate(a, p.token, NULL);
	assert_status(c, 200);
	expect_key(first, 401);
	expect_key(second, 200);
	expect_key(answer_text(c, "secret"), 200);
	free(client_sql("UPDATE api_keys SET old_ends_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND "
			"WHERE id = '%s'",
			answer_text(a, "id")));
	expect_key(second, 401);
	expect_key(answer_text(c, "secret"), 200);
}
END_TEST

START_TEST(rotation_without_overlap_and_deletion_end_both)
{
	struct persona p;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"ci\"}");
	struct answer *b CLEANUP(answer_free) = rotate(a, p.token, "{\"overlap_s\":0}");
	struct answer *long_one CLEANUP(answer_free) = rotate(a, p.token, "{\"overlap_s\":604801}");

	expect_key(answer_text(a, "secret"), 401);
	expect_key(answer_text(b, "secret"), 200);
	ck_assert(answer_is_null(b, "previous_secret_ends_at"));
	assert_invalid(long_one, "/overlap_s", "out_of_range");
	struct answer *c CLEANUP(answer_free) = rotate(a, p.token, NULL);
	answer_free(client_call("DELETE", path_of(a), p.token, NULL));
	expect_key(answer_text(b, "secret"), 401);
	expect_key(answer_text(c, "secret"), 401);
	struct answer *gone CLEANUP(answer_free) = rotate(a, p.token, NULL);
	assert_problem(gone, 404, "not_found");
}
END_TEST

START_TEST(foreign_keys_are_absent)
{
	struct persona p, other;

	persona_make(&p, NULL, "admin");
	persona_make(&other, NULL, "owner");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"mine\"}");
	struct answer *get CLEANUP(answer_free) = client_call("GET", path_of(a), other.token, NULL);
	struct answer *del CLEANUP(answer_free) =
		client_call("DELETE", path_of(a), other.token, NULL);
	struct answer *turn CLEANUP(answer_free) = rotate(a, other.token, NULL);
	struct answer *list CLEANUP(answer_free) = client_call("GET", KEYS, other.token, NULL);

	assert_problem(get, 404, "not_found");
	assert_problem(del, 404, "not_found");
	assert_problem(turn, 404, "not_found");
	ck_assert_uint_eq(answer_count(list, "api_keys"), 0);
}
END_TEST

START_TEST(last_use_is_noted_once_a_minute)
{
	struct persona p;
	char *first, *second;

	persona_make(&p, NULL, "admin");
	struct answer *a CLEANUP(answer_free) = make(p.token, "{\"name\":\"used\"}");
	const char *key = answer_text(a, "secret"), *id = answer_text(a, "id");

	ck_assert(answer_is_null(a, "last_used_at"));
	answer_free(client_call("GET", "/api/v1/auth/me", key, NULL));
	first = client_sql("SELECT last_used_at FROM api_keys WHERE id = '%s'", id);
	answer_free(client_call("GET", "/api/v1/auth/me", key, NULL));
	second = client_sql("SELECT last_used_at FROM api_keys WHERE id = '%s'", id);
	ck_assert_ptr_nonnull(first);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
}
END_TEST

START_TEST(list_pages_through_all)
{
	struct persona p;
	char path[600] = KEYS "?limit=2";
	size_t seen = 0;
	int i;

	persona_make(&p, NULL, "admin");
	for (i = 0; i < 5; i++)
		answer_free(make(p.token, "{\"name\":\"many\"}"));
	for (i = 0; i < 4; i++) {
		struct answer *a CLEANUP(answer_free) = client_call("GET", path, p.token, NULL);

		assert_status(a, 200);
		seen += answer_count(a, "api_keys");
		if (answer_is_null(a, "next_cursor"))
			break;
		snprintf(path, sizeof(path), KEYS "?limit=2&cursor=%s",
			 answer_text(a, "next_cursor"));
	}
	ck_assert_uint_eq(seen, 5);
	ck_assert_int_eq(i, 2);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ secret_is_shown_once_and_stored_as_hmac, 0 },
		{ any_altered_character_is_refused, 0 },
		{ well_formed_key_with_a_wrong_secret_is_refused, 0 },
		{ scopes_are_the_creators_at_most, 0 },
		{ role_without_the_scope_is_403, 0 },
		{ test_key_makes_and_sees_test_keys_only, 0 },
		{ bad_body_names_the_member, (int)ARRAY_LEN(bad) },
		{ patch_changes_and_clears, 0 },
		{ deleted_and_expired_keys_stop_at_once, 0 },
		{ rotated_key_keeps_its_id_and_two_secrets, 0 },
		{ rotation_without_overlap_and_deletion_end_both, 0 },
		{ foreign_keys_are_absent, 0 },
		{ last_use_is_noted_once_a_minute, 0 },
		{ list_pages_through_all, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "apikeys",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET"),
		.cases = cases,
	});
}

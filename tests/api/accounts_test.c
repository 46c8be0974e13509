/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/suite.h"

static struct persona owner;
static struct person person;
static char *id, path[100];

static void setup(void)
{
	persona_make(&owner, NULL, "owner");
	person_make(&person, 1);
	id = connect_instagram(owner.token, &person, "live");
	snprintf(path, sizeof(path), "/api/v1/accounts/%s", id);
}

static void teardown(void)
{
	free(id);
}

START_TEST(list_and_read_show_the_same_account)
{
	CLEANUP(answer_free)
	struct answer *list = client_call(
		"GET", "/api/v1/accounts?platform=instagram&livemode=true", owner.token, NULL);
	CLEANUP(answer_free) struct answer *one = client_call("GET", path, owner.token, NULL);

	assert_status(list, 200);
	ck_assert_uint_eq(answer_count(list, "accounts"), 1);
	ck_assert(answer_is_null(list, "next_cursor"));
	assert_status(one, 200);
	ck_assert_ptr_nonnull(answer_header(one, "etag"));
	ck_assert(json_equal(answer_at(list, "accounts.0"), one->json));
	ck_assert_str_eq(answer_text(one, "remote_id"), person.account[0]);
	ck_assert_str_eq(answer_text(one, "on_late"), "skip");
	ck_assert_int_eq(answer_int(one, "publish_within_minutes"), 60);
	ck_assert(answer_bool(one, "livemode"));
	ck_assert_ptr_null(strstr(one->body, "token"));
}
END_TEST

/* What family A says in snake_case, /v1 says in camelCase, and nothing more or less. */
static void is_camel_of(const json_t *camel, const json_t *snake)
{
	const char *key;
	json_t *value;

	ck_assert_uint_eq(json_object_size(camel), json_object_size(snake));
	json_object_foreach((json_t *)(uintptr_t)snake, key, value) {
		char name[64];
		size_t n = 0;

		for (const char *c = key; *c && n < sizeof(name) - 1; c++) {
			if (*c == '_' && c[1])
				name[n++] = (char)(*++c - 'a' + 'A');
			else
				name[n++] = *c;
		}
		name[n] = '\0';
		ck_assert_msg(json_equal(json_object_get(camel, name), value), "%s", name);
	}
}

START_TEST(v1_shows_the_same_accounts_in_camel_case)
{
	CLEANUP(answer_free) struct answer *one = client_call("GET", path, owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *camel = client_call("GET", path + strlen("/api"), owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *list =
		client_call("GET", "/v1/accounts?platform=instagram", owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *none = client_call("GET", "/v1/accounts/acc_absent", owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *change = client_call("PATCH", path + strlen("/api"), owner.token, "{}");

	assert_status(camel, 200);
	ck_assert_ptr_nonnull(answer_header(camel, "etag"));
	is_camel_of(camel->json, one->json);
	assert_status(list, 200);
	ck_assert_uint_eq(json_object_size(list->json), 3);
	ck_assert_uint_eq(answer_count(list, "data"), 1);
	ck_assert(json_equal(answer_at(list, "data.0"), camel->json));
	ck_assert(!answer_bool(list, "hasMore"));
	ck_assert(answer_is_null(list, "nextCursor"));
	assert_problem(none, 404, "not_found");
	assert_problem(change, 405, "method_not_allowed");
}
END_TEST

START_TEST(v1_pages_go_on_where_the_last_one_ended)
{
	char next[300];
	struct person p;

	person_make(&p, 1);
	free(connect_instagram(owner.token, &p, "test"));
	CLEANUP(answer_free)
	struct answer *first = client_call("GET", "/v1/accounts?limit=1", owner.token, NULL);

	assert_status(first, 200);
	ck_assert(answer_bool(first, "hasMore"));
	snprintf(next, sizeof(next), "/v1/accounts?limit=1&cursor=%s",
		 answer_text(first, "nextCursor"));
	CLEANUP(answer_free) struct answer *second = client_call("GET", next, owner.token, NULL);

	assert_status(second, 200);
	ck_assert(!answer_bool(second, "hasMore"));
	ck_assert_str_ne(answer_text(first, "data.0.id"), answer_text(second, "data.0.id"));
}
END_TEST

START_TEST(test_account_is_not_among_the_live_ones)
{
	struct person p;

	person_make(&p, 1);
	char *test = connect_instagram(owner.token, &p, "test");
	CLEANUP(answer_free)
	struct answer *live =
		client_call("GET", "/api/v1/accounts?livemode=true", owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *tests =
		client_call("GET", "/api/v1/accounts?livemode=false", owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *both = client_call("GET", "/api/v1/accounts", owner.token, NULL);

	ck_assert_uint_eq(answer_count(live, "accounts"), 1);
	ck_assert_str_eq(answer_text(live, "accounts.0.id"), id);
	ck_assert_uint_eq(answer_count(tests, "accounts"), 1);
	ck_assert_str_eq(answer_text(tests, "accounts.0.id"), test);
	ck_assert_uint_eq(answer_count(both, "accounts"), 2);
	free(test);
}
END_TEST

START_TEST(patch_changes_what_is_given)
{
	CLEANUP(answer_free)
	struct answer *a = client_call(
		"PATCH", path, owner.token,
		"{\"publish_within_minutes\":720,\"on_late\":\"ask\",\"settings\":{\"x\":1},"
		"\"is_default\":true}");
	CLEANUP(answer_free)
	struct answer *b = client_call("PATCH", path, owner.token,
				       "{\"on_late\":\"publish\",\"settings\":null}");

	assert_status(a, 200);
	ck_assert_int_eq(answer_int(a, "publish_within_minutes"), 720);
	ck_assert_str_eq(answer_text(a, "on_late"), "ask");
	ck_assert_int_eq(answer_int(a, "settings.x"), 1);
	ck_assert(answer_bool(a, "is_default"));
	assert_status(b, 200);
	ck_assert_int_eq(answer_int(b, "publish_within_minutes"), 720);
	ck_assert_str_eq(answer_text(b, "on_late"), "publish");
	ck_assert(answer_is_null(b, "settings"));
}
END_TEST

static const struct {
	const char *body, *pointer;
} bad_bodies[] = {
	{ "{\"publish_within_minutes\":0}", "/publish_within_minutes" },
	{ "{\"publish_within_minutes\":721}", "/publish_within_minutes" },
	{ "{\"on_late\":\"never\"}", "/on_late" },
	{ "{\"settings\":[]}", "/settings" },
	{ "{\"username\":\"x\"}", "/username" },
};

START_TEST(bad_patch_names_the_member)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("PATCH", path, owner.token, bad_bodies[_i].body);

	assert_invalid(a, bad_bodies[_i].pointer, NULL);
}
END_TEST

START_TEST(stale_version_is_refused)
{
	static const char *const stale[] = { "If-Match: \"99\"", NULL };
	const char *const methods[] = { "PATCH", "DELETE" };

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		CLEANUP(answer_free)
		struct answer *a =
			client_send(&(struct call){ .method = methods[i],
						    .path = path,
						    .token = owner.token,
						    .headers = stale,
						    .body = i ? NULL : "{\"on_late\":\"ask\"}" });

		assert_problem(a, 412, "version_mismatch");
	}
}
END_TEST

START_TEST(foreign_account_does_not_exist)
{
	const char *const methods[] = { "GET", "PATCH", "DELETE" };

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call(methods[i], path, CLIENT_TOKEN,
					       i == 1 ? "{\"on_late\":\"ask\"}" : NULL);

		assert_problem(a, 404, "not_found");
	}
}
END_TEST

START_TEST(delete_disconnects_and_reconnecting_keeps_the_id)
{
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *list = client_call("GET", "/api/v1/accounts", owner.token, NULL);
	CLEANUP(answer_free)
	struct answer *all =
		client_call("GET", "/api/v1/accounts?disconnected=true", owner.token, NULL);

	assert_status(gone, 204);
	ck_assert_uint_eq(answer_count(list, "accounts"), 0);
	ck_assert_str_eq(answer_text(all, "accounts.0.status"), "disconnected");
	char *again = connect_instagram(owner.token, &person, "live");

	ck_assert_str_eq(again, id);
	free(again);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ list_and_read_show_the_same_account, 0 },
		{ v1_shows_the_same_accounts_in_camel_case, 0 },
		{ v1_pages_go_on_where_the_last_one_ended, 0 },
		{ test_account_is_not_among_the_live_ones, 0 },
		{ patch_changes_what_is_given, 0 },
		{ bad_patch_names_the_member, (int)ARRAY_LEN(bad_bodies) },
		{ stale_version_is_refused, 0 },
		{ foreign_account_does_not_exist, 0 },
		{ delete_disconnects_and_reconnecting_keeps_the_id, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "accounts",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/suite.h"

static struct answer *make(const char *body)
{
	return client_call("POST", "/api/v1/characters", CLIENT_TOKEN, body);
}

START_TEST(create_and_read_back)
{
	CLEANUP(answer_free)
	struct answer *a =
		make("{\"name\":\"Mila\",\"handle\":\"mila\",\"niche\":\"travel\",\"timezone\":"
		     "\"America/New_York\","
		     "\"schedule\":{\"instagram\":{\"posts_per_day\":2,\"min_gap_minutes\":240,"
		     "\"windows\":[{\"days\":[\"mon\",\"fri\"],\"from\":\"09:00\",\"to\":\"21:00\"}"
		     "]}}}");
	char path[100];

	assert_status(a, 201);
	snprintf(path, sizeof(path), "/api/v1/characters/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("GET", path, CLIENT_TOKEN, NULL);

	ck_assert_str_eq(answer_text(b, "name"), "Mila");
	ck_assert_str_eq(answer_text(b, "timezone"), "America/New_York");
	ck_assert_int_eq(answer_int(b, "schedule.instagram.posts_per_day"), 2);
	ck_assert_str_eq(answer_text(b, "schedule.instagram.windows.0.days.1"), "fri");
}
END_TEST

static const struct {
	const char *body, *pointer;
} bad_bodies[] = {
	{ "{}", "/name" },
	{ "{\"name\":\"  \"}", "/name" },
	{ "{\"name\":\"x\",\"timezone\":\"Mars/Olympus\"}", "/timezone" },
	{ "{\"name\":\"x\",\"timezone\":\"../../etc/passwd\"}", "/timezone" },
	{ "{\"name\":\"x\",\"schedule\":{\"myspace\":{}}}", "/schedule/myspace" },
	{ "{\"name\":\"x\",\"schedule\":{\"instagram\":{\"posts_per_day\":0}}}",
	  "/schedule/instagram/posts_per_day" },
	{ "{\"name\":\"x\",\"schedule\":{\"instagram\":{\"windows\":[{\"days\":[\"mon\"],\"from\":"
	  "\"21:00\",\"to\":\"09:00\"}]}}}",
	  "/schedule/instagram/windows/0" },
	{ "{\"name\":\"x\",\"schedule\":{\"instagram\":{\"windows\":[{\"days\":[\"xyz\"],\"from\":"
	  "\"09:00\",\"to\":\"10:00\"}]}}}",
	  "/schedule/instagram/windows/0" },
	{ "{\"name\":\"x\",\"default_accounts\":{\"instagram\":\"acc_absent\"}}",
	  "/default_accounts/instagram" },
};

START_TEST(bad_body_names_the_member)
{
	CLEANUP(answer_free) struct answer *a = make(bad_bodies[_i].body);

	assert_invalid(a, bad_bodies[_i].pointer, NULL);
}
END_TEST

START_TEST(patch_with_null_clears)
{
	CLEANUP(answer_free) struct answer *a = make("{\"name\":\"Mila\",\"niche\":\"travel\"}");
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/characters/%s", answer_text(a, "id"));
	CLEANUP(answer_free)
	struct answer *b = client_call("PATCH", path, CLIENT_TOKEN, "{\"niche\":null}");

	assert_status(b, 200);
	ck_assert(answer_is_null(b, "niche"));
	ck_assert_str_eq(answer_text(b, "name"), "Mila");
}
END_TEST

START_TEST(delete_is_refused_while_content_refers_to_it)
{
	CLEANUP(answer_free) struct answer *a = make("{\"name\":\"Mila\"}");
	const char *id = answer_text(a, "id");
	char path[100];
	CLEANUP(answer_free)
	struct answer *c = client_callf("POST", "/api/v1/content", CLIENT_TOKEN,
					"{\"kind\":\"text\",\"character_id\":\"%s\"}", id);

	assert_status(c, 201);
	snprintf(path, sizeof(path), "/api/v1/characters/%s", id);
	CLEANUP(answer_free) struct answer *b = client_call("DELETE", path, CLIENT_TOKEN, NULL);

	assert_problem(b, 409, "conflict");
}
END_TEST

START_TEST(delete_without_content_is_final)
{
	CLEANUP(answer_free) struct answer *a = make("{\"name\":\"Mila\"}");
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/characters/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("DELETE", path, CLIENT_TOKEN, NULL);
	CLEANUP(answer_free) struct answer *c = client_call("GET", path, CLIENT_TOKEN, NULL);

	assert_status(b, 204);
	assert_problem(c, 404, "not_found");
}
END_TEST

START_TEST(foreign_character_is_absent)
{
	CLEANUP(answer_free) struct answer *a = make("{\"name\":\"Mila\"}");
	struct persona other;
	char path[100];

	persona_make(&other, NULL, "owner");
	snprintf(path, sizeof(path), "/api/v1/characters/%s", answer_text(a, "id"));
	CLEANUP(answer_free) struct answer *b = client_call("GET", path, other.token, NULL);
	CLEANUP(answer_free) struct answer *c = client_call("DELETE", path, other.token, NULL);

	assert_problem(b, 404, "not_found");
	assert_problem(c, 404, "not_found");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ create_and_read_back, 0 },
		{ bad_body_names_the_member, (int)ARRAY_LEN(bad_bodies) },
		{ patch_with_null_clears, 0 },
		{ delete_is_refused_while_content_refers_to_it, 0 },
		{ delete_without_content_is_final, 0 },
		{ foreign_character_is_absent, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "characters",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF"),
		.cases = cases,
	});
}

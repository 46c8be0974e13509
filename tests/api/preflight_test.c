/* SPDX-License-Identifier: Apache-2.0 */
/* What GET /content/{id}/preflight says that only the platform can know. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "support/connector.h"
#include "support/fixtures.h"
#include "support/suite.h"

static struct persona persona;
static struct person person;
static char *account, *content;

static void finish(void)
{
	free(account);
	free(content);
	account = content = NULL;
}

static void begin(void)
{
	persona_make(&persona, NULL, "owner");
	person_make(&person, 1);
	account = connect_instagram(persona.token, &person, "live");
	content = fixture_approved(persona.token, "image", "Is it fit?");
}

/* The next call about that account goes wrong. */
static void fault(const char *point, const char *remote)
{
	char body[300];

	snprintf(body, sizeof(body),
		 "{\"platform\":\"instagram\",\"point\":\"%s\",\"match\":{\"account\":\"%s\","
		 "\"endpoint\":\"publishing_limit\"}}",
		 point, remote);
	sandbox_post("/_control/faults", body, 201);
}

static struct answer *preflight(const char *more)
{
	char path[300];

	snprintf(path, sizeof(path), "/api/v1/content/%s/preflight?account_id=%s%s", content,
		 account, more);
	return client_call("GET", path, persona.token, NULL);
}

/* The finding of the only target with that code; NULL: none. */
static const json_t *finding(const struct answer *a, const char *list, const char *code)
{
	char path[80];
	const json_t *one;
	size_t i;

	snprintf(path, sizeof(path), "targets.0.%s", list);
	json_array_foreach(answer_at(a, path), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "code")), code) == 0)
			return one;
	}
	return NULL;
}

START_TEST(caps_left_are_told_as_the_platform_counts_them)
{
	CLEANUP(answer_free) struct answer *a = preflight("");

	assert_status(a, 200);
	ck_assert(answer_bool(a, "targets.0.ok"));
	ck_assert_str_eq(answer_text(a, "targets.0.caps.0.what"), "posts");
	ck_assert_int_gt(answer_int(a, "targets.0.caps.0.limit"), 0);
	ck_assert_int_eq(answer_int(a, "targets.0.caps.0.used"), 0);
	ck_assert_int_eq(answer_int(a, "targets.0.caps.0.left"),
			 answer_int(a, "targets.0.caps.0.limit"));
	ck_assert_int_eq(answer_int(a, "targets.0.caps.0.window_s"), 86400);
}
END_TEST

START_TEST(exhausted_quota_is_a_problem)
{
	fault("quota.used_up", person.account[0]);
	CLEANUP(answer_free) struct answer *a = preflight("");
	CLEANUP(answer_free) struct answer *b = preflight("");

	assert_status(a, 200);
	ck_assert(!answer_bool(a, "ok"));
	ck_assert_ptr_nonnull(finding(a, "problems", "quota_exhausted"));
	ck_assert_int_eq(answer_int(a, "targets.0.caps.0.left"), 0);
	ck_assert(answer_bool(b, "targets.0.ok"));
}
END_TEST

START_TEST(revoked_token_is_a_problem)
{
	char body[120];

	snprintf(body, sizeof(body), "{\"platform\":\"instagram\",\"person\":\"%s\"}", person.id);
	sandbox_post("/_control/tokens/revoke", body, 200);
	CLEANUP(answer_free) struct answer *a = preflight("");

	assert_status(a, 200);
	ck_assert(!answer_bool(a, "targets.0.ok"));
	ck_assert_ptr_nonnull(finding(a, "problems", "token_refused"));
}
END_TEST

START_TEST(platform_that_is_down_is_a_warning)
{
	static const char *const points[] = { "http.5xx_after", "http.html_502_after",
					      "net.truncate" };

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		fault(points[i], person.account[0]);
		CLEANUP(answer_free) struct answer *a = preflight("");

		assert_status(a, 200);
		ck_assert_msg(answer_bool(a, "ok"), "%s: %s", points[i], a->body);
		ck_assert_msg(finding(a, "warnings", "platform_unreachable") != NULL, "%s: %s",
			      points[i], a->body);
	}
}
END_TEST

START_TEST(connection_that_ends_before_the_due_time_is_told)
{
	free(client_sql("UPDATE accounts SET expires_at = UTC_TIMESTAMP(3) + INTERVAL 5 DAY "
			"WHERE id = '%s'",
			account));
	CLEANUP(answer_free) struct answer *now = preflight("");
	CLEANUP(answer_free)
	struct answer *then = preflight("&scheduled_at=2099-01-01T00:00:00Z");

	assert_status(then, 200);
	ck_assert_ptr_null(finding(now, "warnings", "token_expires_before_due"));
	ck_assert_ptr_nonnull(finding(then, "warnings", "token_expires_before_due"));
}
END_TEST

START_TEST(silent_platform_is_asked_once_for_all_accounts)
{
	struct person other;
	char path[200];

	person_make(&other, 1);
	free(connect_instagram(persona.token, &other, "live"));
	fault("http.5xx_after", person.account[0]);
	fault("http.5xx_after", other.account[0]);
	snprintf(path, sizeof(path), "/api/v1/content/%s/preflight", content);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, persona.token, NULL);
	CLEANUP(answer_free) struct answer *b = client_call("GET", path, persona.token, NULL);

	assert_status(a, 200);
	ck_assert_uint_eq(answer_count(a, "targets"), 2);
	ck_assert_uint_eq(answer_count(a, "targets.0.warnings"), 1);
	ck_assert_uint_eq(answer_count(a, "targets.1.warnings"), 1);
	/* The second account's fault is still there: it was not asked. */
	ck_assert_uint_eq(answer_count(b, "warnings"), 1);
}
END_TEST

/* A person of that platform with further members, connected in place of the one of Instagram. */
static void connect_other(const char *platform, const char *list, const char *id, const char *more)
{
	char body[400];

	snprintf(body, sizeof(body), "{\"platform\":\"%s\",\"%s\":[{\"id\":\"%s\"%s}]}", platform,
		 list, id, more);
	sandbox_post("/_control/world", body, 200);
	free(account);
	account = connect_user(persona.token, platform, id);
}

static void fresh_id(char ret[static 24])
{
	snprintf(ret, 24, "77%010llu", (unsigned long long)random_below(10000000000ULL));
}

START_TEST(what_tiktok_offers_the_creator_is_told)
{
	char id[24], body[200];

	fresh_id(id);
	connect_other("tiktok", "accounts", id, ",\"private\":true");
	snprintf(body, sizeof(body),
		 "{\"overrides\":{\"tiktok\":{\"privacy\":\"PUBLIC_TO_EVERYONE\"}}}");
	CLEANUP(answer_free) struct answer *a = preflight("");
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/content/%s", content);
	CLEANUP(answer_free) struct answer *wish = client_call("PATCH", path, persona.token, body);
	CLEANUP(answer_free) struct answer *b = preflight("");

	assert_status(a, 200);
	assert_status(wish, 200);
	ck_assert_uint_gt(answer_count(a, "targets.0.facts.privacy_level_options"), 0);
	ck_assert_int_eq(answer_int(a, "targets.0.facts.max_video_post_duration_sec"), 600);
	ck_assert_int_eq(answer_int(a, "targets.0.caps.0.used"), 0);
	ck_assert_ptr_null(finding(a, "problems", "privacy_not_offered"));
	ck_assert_ptr_nonnull(finding(b, "problems", "privacy_not_offered"));
}
END_TEST

START_TEST(used_up_tiktok_cap_is_a_problem_and_our_own_count_a_warning)
{
	char id[24], body[300];

	fresh_id(id);
	connect_other("tiktok", "accounts", id, "");
	snprintf(body, sizeof(body),
		 "{\"platform\":\"tiktok\",\"point\":\"creator.error\",\"params\":{\"code\":"
		 "\"spam_risk_too_many_posts\"},\"match\":{\"account\":\"%s\"}}",
		 id);
	sandbox_post("/_control/faults", body, 201);
	CLEANUP(answer_free) struct answer *a = preflight("");

	ck_assert_ptr_nonnull(finding(a, "problems", "quota_exhausted"));
	free(client_sql("INSERT INTO posts (workspace_id, id, content_id, content_revision, "
			"account_id, platform, livemode, state, due_at, published_at, created_at, "
			"updated_at) SELECT workspace_id, CONCAT('sch_', UUID_SHORT(), seq), '%s', "
			"1, id, platform, TRUE, 'published', UTC_TIMESTAMP(3) - INTERVAL seq "
			"SECOND, UTC_TIMESTAMP(3) - INTERVAL seq SECOND, UTC_TIMESTAMP(3), "
			"UTC_TIMESTAMP(3) FROM accounts, seq_1_to_15 WHERE id = '%s'",
			content, account));
	CLEANUP(answer_free) struct answer *b = preflight("");

	ck_assert(answer_bool(b, "targets.0.ok"));
	ck_assert_int_eq(answer_int(b, "targets.0.caps.0.used"), 15);
	ck_assert_int_eq(answer_int(b, "targets.0.caps.0.left"), 0);
	ck_assert_ptr_nonnull(finding(b, "warnings", "quota_exhausted"));
}
END_TEST

START_TEST(board_that_is_gone_is_a_problem)
{
	char id[24];

	fresh_id(id);
	connect_other("pinterest", "users", id, ",\"boards\":[]");
	free(client_sql(
		"UPDATE accounts SET settings = '{\"default_board\":{\"id\":\"549755885999\","
		"\"name\":\"Gone\"}}' WHERE id = '%s'",
		account));
	CLEANUP(answer_free) struct answer *a = preflight("");

	assert_status(a, 200);
	ck_assert_ptr_nonnull(finding(a, "problems", "board_not_found"));
}
END_TEST

START_TEST(token_that_x_refuses_is_a_problem)
{
	char id[24], body[120];

	fresh_id(id);
	connect_other("twitter", "users", id, ",\"username\":\"checked\"");
	CLEANUP(answer_free) struct answer *a = preflight("");

	ck_assert(answer_bool(a, "targets.0.ok"));
	snprintf(body, sizeof(body), "{\"platform\":\"twitter\",\"person\":\"%s\"}", id);
	sandbox_post("/_control/tokens/revoke", body, 200);
	CLEANUP(answer_free) struct answer *b = preflight("");

	ck_assert_ptr_nonnull(finding(b, "problems", "token_refused"));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ caps_left_are_told_as_the_platform_counts_them, 0 },
		{ exhausted_quota_is_a_problem, 0 },
		{ revoked_token_is_a_problem, 0 },
		{ platform_that_is_down_is_a_warning, 0 },
		{ connection_that_ends_before_the_due_time_is_told, 0 },
		{ silent_platform_is_asked_once_for_all_accounts, 0 },
		{ what_tiktok_offers_the_creator_is_told, 0 },
		{ used_up_tiktok_cap_is_a_problem_and_our_own_count_a_warning, 0 },
		{ board_that_is_gone_is_a_problem, 0 },
		{ token_that_x_refuses_is_a_problem, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "preflight",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SANDBOX_URL",
				     "CARILLON_SOCKET"),
		.setup = begin,
		.teardown = finish,
		.after = fixtures_done,
		.cases = cases,
	});
}

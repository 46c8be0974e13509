/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

static void in_future(int64_t seconds, char ret[static RFC3339_MAX])
{
	rfc3339_print(clock_real_us() + seconds * US_PER_S, ret);
}

static struct answer *schedule(const char *content, const char *body)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	return client_call("POST", path, CLIENT_TOKEN, body);
}

static struct answer *schedule_later(const char *content, int64_t seconds)
{
	char at[RFC3339_MAX], body[200];

	in_future(seconds, at);
	snprintf(body, sizeof(body), "{\"scheduled_at\":\"%s\",\"platforms\":[\"instagram\"]}", at);
	return schedule(content, body);
}

static struct answer *post(const char *method, const char *id, const char *body)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", id);
	return client_call(method, path, CLIENT_TOKEN, body);
}

static int64_t posts_of(const char *content)
{
	return client_number("SELECT COUNT(*) FROM posts WHERE content_id = '%s'", content);
}

/* The example of the reference: same request but for the ids, and its members in the answer. */
START_TEST(reference_schedule_one_content)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "golden");
	CLEANUP(answer_free) struct answer *a = schedule_later(content, 86400);

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduled_posts"), 1);
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.content_id"), content);
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.platform"), "instagram");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.status"), "pending");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.account_id"), account);
	ck_assert_int_eq(strncmp(answer_text(a, "scheduled_posts.0.id"), "sch_", 4), 0);
	ck_assert(answer_is_null(a, "next_cursor"));
	free(account);
	free(content);
}
END_TEST

/* Its two platforms, each member of each post, and no other. */
START_TEST(reference_schedule_on_two_platforms)
{
	static const char *const members[] = {
		"id",         "content_id", "character_id", "account_id",      "platform",
		"livemode",   "status",     "state",        "reason",          "scheduled_at",
		"timezone",   "local_time", "dst_adjusted", "published_at",    "remote_post_id",
		"remote_url", "overrides",  "attempts",     "next_attempt_at", "waiting_for",
		"error",      "created_at", "updated_at",
	};
	static const char *const platforms[] = { "instagram", "pinterest" };
	struct persona p;
	char *content, path[128];

	persona_make(&p, NULL, "owner");
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
		free(client_sql(
			"INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, "
			"username, display_name, status, scopes, missing_scopes, settings, "
			"created_at, updated_at) VALUES ('%s', CONCAT('acc_', LEFT(SHA1(UUID()), "
			"26)), '%s', 1, UUID(), 'g', 'g', 'connected', '', '', "
			"'{\"default_board\":{\"id\":\"1\",\"name\":\"b\"}}', UTC_TIMESTAMP(3), "
			"UTC_TIMESTAMP(3))",
			p.workspace, platforms[i]));
	content = fixture_approved(p.token, "image", "golden");
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", path, p.token,
				       "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":"
				       "[\"instagram\",\"pinterest\"]}");

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduled_posts"), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *one = answer_at(a, i ? "scheduled_posts.1" : "scheduled_posts.0");

		ck_assert_uint_eq(json_object_size(one), ARRAY_LEN(members));
		for (size_t m = 0; m < ARRAY_LEN(members); m++)
			ck_assert_msg(json_object_get(one, members[m]), "%s", members[m]);
		ck_assert_str_eq(json_string_value(json_object_get(one, "platform")), platforms[i]);
		ck_assert_str_eq(json_string_value(json_object_get(one, "status")), "pending");
		ck_assert_str_eq(json_string_value(json_object_get(one, "scheduled_at")),
				 "2031-03-23T14:30:00Z");
	}
	free(content);
}
END_TEST

/* Lists that are far too long are refused by name, at once. */
START_TEST(ten_thousand_targets_are_refused)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "crowd");

	buf_printf(&body, "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"%s\":[\"%s\"",
		   _i ? "account_ids" : "platforms", _i ? account : "instagram");
	for (int i = 1; i < 10000; i++)
		buf_printf(&body, ",\"a%d\"", i);
	buf_adds(&body, "]}");
	CLEANUP(answer_free) struct answer *a = schedule(content, buf_str(&body));

	assert_invalid(a, _i ? "/account_ids" : "/platforms", NULL);
	ck_assert_int_eq(posts_of(content), 0);
	free(account);
	free(content);
}
END_TEST

START_TEST(same_request_twice_is_one_post)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "twice");
	const char *body =
		"{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[\"instagram\"]}";
	CLEANUP(answer_free) struct answer *a = schedule(content, body);
	CLEANUP(answer_free) struct answer *b = schedule(content, body);

	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.id"),
			 answer_text(b, "scheduled_posts.0.id"));
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.scheduled_at"), "2031-03-23T14:30:00Z");
	free(account);
	free(content);
}
END_TEST

START_TEST(local_time_is_resolved_in_its_zone)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "zone");
	CLEANUP(answer_free)
	struct answer *a = schedule(content, "{\"scheduled_at\":\"2031-07-04T09:00\",\"timezone\":"
					     "\"America/New_York\",\"platforms\":[\"instagram\"]}");

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.scheduled_at"), "2031-07-04T13:00:00Z");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.local_time"), "2031-07-04T09:00:00");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.timezone"), "America/New_York");
	free(account);
	free(content);
}
END_TEST

static const struct {
	const char *body, *code, *pointer;
	long status;
} bad_requests[] = {
	{ "{\"platforms\":[\"instagram\"]}", "validation_failed", "/scheduled_at", 422 },
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\"}", "validation_failed", "/platforms", 422 },
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[]}", "validation_failed",
	  "/platforms", 422 },
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[\"myspace\"]}",
	  "validation_failed", "/platforms/0", 422 },
	/* With a stagger it would go out twice. */
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[\"instagram\",\"instagram\"],"
	  "\"stagger_minutes\":10}",
	  "validation_failed", "/platforms/1", 422 },
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"account_ids\":[\"acc_absent\"]}",
	  "validation_failed", "/account_ids/0", 422 },
	{ "{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[\"instagram\"],\"account_"
	  "ids\":[\"acc_x\"]}",
	  "validation_failed", "/account_ids", 422 },
	{ "{\"scheduled_at\":\"yesterday\",\"platforms\":[\"instagram\"]}", "validation_failed",
	  "/scheduled_at", 422 },
	{ "{\"scheduled_at\":\"2020-01-01T00:00:00Z\",\"platforms\":[\"instagram\"]}",
	  "scheduled_in_past", NULL, 422 },
	{ "{\"scheduled_at\":\"2031-03-09T02:30\",\"timezone\":\"America/"
	  "New_York\",\"platforms\":[\"instagram\"]}",
	  "local_time_skipped", NULL, 422 },
	{ "{\"scheduled_at\":\"2031-03-09T02:30\",\"timezone\":\"Mars/"
	  "Olympus\",\"platforms\":[\"instagram\"]}",
	  "unknown_timezone", NULL, 422 },
};

START_TEST(bad_request_schedules_nothing)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "bad");
	CLEANUP(answer_free) struct answer *a = schedule(content, bad_requests[_i].body);
	char path[128];

	if (bad_requests[_i].pointer)
		assert_invalid(a, bad_requests[_i].pointer, NULL);
	else
		assert_problem(a, bad_requests[_i].status, bad_requests[_i].code);
	snprintf(path, sizeof(path), "/api/v1/schedule?content_id=%s", content);
	CLEANUP(answer_free) struct answer *b = client_call("GET", path, CLIENT_TOKEN, NULL);

	ck_assert_uint_eq(answer_count(b, "scheduled_posts"), 0);
	free(account);
	free(content);
}
END_TEST

/* Twice the same series is one series; the day of the gap says that it was moved. */
START_TEST(rrule_repeats_in_wall_time)
{
	const char *body =
		"{\"scheduled_at\":\"2031-03-08T02:30\",\"timezone\":\"America/New_York\","
		"\"platforms\":[\"instagram\"],\"rrule\":\"FREQ=DAILY;COUNT=3\"}";
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "series");
	CLEANUP(answer_free) struct answer *a = schedule(content, body);
	CLEANUP(answer_free) struct answer *b = schedule(content, body);

	assert_status(a, 201);
	assert_status(b, 201);
	ck_assert_uint_eq(answer_count(a, "scheduled_posts"), 3);
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.scheduled_at"), "2031-03-08T07:30:00Z");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.1.scheduled_at"), "2031-03-09T07:30:00Z");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.1.local_time"), "2031-03-09T03:30:00");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.2.scheduled_at"), "2031-03-10T06:30:00Z");
	ck_assert(!answer_bool(a, "scheduled_posts.0.dst_adjusted"));
	ck_assert(answer_bool(a, "scheduled_posts.1.dst_adjusted"));
	ck_assert_str_eq(answer_text(a, "scheduled_posts.2.id"),
			 answer_text(b, "scheduled_posts.2.id"));
	ck_assert_int_eq(posts_of(content), 3);
	free(account);
	free(content);
}
END_TEST

static const struct {
	const char *rrule, *code;
} bad_rrules[] = {
	{ "FREQ=DAILY", "fires_forever" },
	{ "FREQ=DAILY;UNTIL=20300101", "never_fires" },
	{ "FREQ=DAILY;COUNT=10000", "too_many" },
	{ "FREQ=MONTHLY;INTERVAL=12;COUNT=20", "out_of_range" },
	{ "FREQ=SECONDLY;COUNT=3", "out_of_range" },
	{ "every day", "wrong_format" },
};

START_TEST(bad_rrule_schedules_nothing)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "bad series"), body[300];

	snprintf(body, sizeof(body),
		 "{\"scheduled_at\":\"2031-03-01T09:00\",\"timezone\":\"Europe/Berlin\","
		 "\"platforms\":[\"instagram\"],\"rrule\":\"%s\"}",
		 bad_rrules[_i].rrule);
	CLEANUP(answer_free) struct answer *a = schedule(content, body);

	assert_invalid(a, "/rrule", bad_rrules[_i].code);
	ck_assert_int_eq(posts_of(content), 0);
	free(account);
	free(content);
}
END_TEST

START_TEST(content_that_is_not_approved_is_refused)
{
	CLEANUP(answer_free)
	struct answer *c =
		client_call("POST", "/api/v1/content", CLIENT_TOKEN, "{\"kind\":\"image\"}");
	CLEANUP(answer_free) struct answer *a = schedule_later(answer_text(c, "id"), 3600);

	assert_problem(a, 409, "content_not_approved");
}
END_TEST

START_TEST(content_that_the_platform_refuses_is_refused_here)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *caption = calloc(1, 2400);
	char *content;

	memset(caption, 'a', 2300);
	content = fixture_approved(CLIENT_TOKEN, "image", caption);
	CLEANUP(answer_free) struct answer *a = schedule_later(content, 3600);

	assert_problem(a, 422, "content_unfit");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/platforms/0/caption");
	free(caption);
	free(account);
	free(content);
}
END_TEST

START_TEST(no_account_is_said)
{
	struct persona p;
	char *content, path[128];

	persona_make(&p, NULL, "owner");
	content = fixture_approved(p.token, "image", "lonely");
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *a = client_call(
		"POST", path, p.token,
		"{\"scheduled_at\":\"2031-03-23T14:30:00Z\",\"platforms\":[\"instagram\"]}");

	assert_problem(a, 422, "account_not_connected");
	free(content);
}
END_TEST

START_TEST(patch_moves_cancel_frees_and_pending_revives)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "moves");
	CLEANUP(answer_free) struct answer *made = schedule_later(content, 86400);
	const char *id = answer_text(made, "scheduled_posts.0.id");
	CLEANUP(answer_free)
	struct answer *moved = post("PATCH", id, "{\"scheduled_at\":\"2031-05-05T10:00:00Z\"}");
	CLEANUP(answer_free) struct answer *gone = post("PATCH", id, "{\"status\":\"cancelled\"}");
	CLEANUP(answer_free)
	struct answer *now = client_call("POST", "/api/v1/schedule/x", CLIENT_TOKEN, NULL);
	CLEANUP(answer_free) struct answer *back = post("PATCH", id, "{\"status\":\"pending\"}");
	CLEANUP(answer_free) struct answer *deleted = post("DELETE", id, NULL);
	CLEANUP(answer_free) struct answer *last = post("GET", id, NULL);

	ck_assert_str_eq(answer_text(moved, "scheduled_at"), "2031-05-05T10:00:00Z");
	ck_assert_str_eq(answer_text(gone, "status"), "cancelled");
	assert_problem(now, 405, "method_not_allowed");
	ck_assert_str_eq(answer_text(back, "status"), "pending");
	ck_assert_str_eq(answer_text(back, "id"), id);
	assert_status(deleted, 204);
	ck_assert_str_eq(answer_text(last, "state"), "cancelled");
	free(account);
	free(content);
}
END_TEST

START_TEST(edit_of_content_pauses_and_approval_resumes)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "pauses"), path[128];
	CLEANUP(answer_free) struct answer *made = schedule_later(content, 86400);
	const char *id = answer_text(made, "scheduled_posts.0.id");

	snprintf(path, sizeof(path), "/api/v1/content/%s", content);
	CLEANUP(answer_free)
	struct answer *edit =
		client_call("PATCH", path, CLIENT_TOKEN, "{\"caption\":\"new words\"}");
	CLEANUP(answer_free) struct answer *paused = post("GET", id, NULL);

	assert_status(edit, 200);
	ck_assert_str_eq(answer_text(paused, "state"), "paused");
	ck_assert_str_eq(answer_text(paused, "reason"), "approval_voided");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/%s", content,
			 i == 0 ? "submit" : "approve");
		CLEANUP(answer_free)
		struct answer *step = client_call("POST", path, CLIENT_TOKEN, NULL);

		assert_status(step, 200);
	}
	CLEANUP(answer_free) struct answer *resumed = post("GET", id, NULL);

	ck_assert_str_eq(answer_text(resumed, "state"), "queued");
	free(account);
	free(content);
}
END_TEST

START_TEST(list_filters_and_pages)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "pages"), path[512];
	int seen = 0;

	for (int i = 0; i < 3; i++) {
		CLEANUP(answer_free) struct answer *a = schedule_later(content, 86400 + i * 60);

		assert_status(a, 201);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule?limit=2&content_id=%s&status=pending",
		 content);
	for (bool more = true; more;) {
		CLEANUP(answer_free)
		struct answer *a = client_call("GET", path, CLIENT_TOKEN, NULL);

		assert_status(a, 200);
		seen += (int)answer_count(a, "scheduled_posts");
		more = !answer_is_null(a, "next_cursor");
		if (more)
			snprintf(path, sizeof(path),
				 "/api/v1/schedule?limit=2&content_id=%s&status=pending&cursor=%s",
				 content, answer_text(a, "next_cursor"));
	}
	ck_assert_int_eq(seen, 3);
	free(account);
	free(content);
}
END_TEST

static const char *const bad_queries[] = { "limit=0",        "limit=101",       "limit=x",
					   "cursor=abc",     "status=maybe",    "colour=red",
					   "from=yesterday", "livemode=perhaps" };

START_TEST(bad_query_is_refused)
{
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/schedule?%s", bad_queries[_i]);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, CLIENT_TOKEN, NULL);

	assert_status(a, 422);
}
END_TEST

START_TEST(foreign_post_is_absent)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "mine"), path[128];
	CLEANUP(answer_free) struct answer *made = schedule_later(content, 86400);
	static const char *const methods[] = { "GET", "PATCH", "DELETE" };
	struct persona other;

	persona_make(&other, NULL, "owner");
	snprintf(path, sizeof(path), "/api/v1/schedule/%s",
		 answer_text(made, "scheduled_posts.0.id"));
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call(methods[i], path, other.token,
					       i == 1 ? "{\"status\":\"cancelled\"}" : NULL);

		assert_problem(a, 404, "not_found");
	}
	free(account);
	free(content);
}
END_TEST

static void make_fixture(void)
{
	fixture_path(FIXTURE_JPEG);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ reference_schedule_one_content, 0 },
		{ reference_schedule_on_two_platforms, 0 },
		{ ten_thousand_targets_are_refused, 2 },
		{ same_request_twice_is_one_post, 0 },
		{ local_time_is_resolved_in_its_zone, 0 },
		{ rrule_repeats_in_wall_time, 0 },
		{ bad_rrule_schedules_nothing, (int)(sizeof(bad_rrules) / sizeof(bad_rrules[0])) },
		{ bad_request_schedules_nothing, (int)ARRAY_LEN(bad_requests) },
		{ content_that_is_not_approved_is_refused, 0 },
		{ content_that_the_platform_refuses_is_refused_here, 0 },
		{ no_account_is_said, 0 },
		{ patch_moves_cancel_frees_and_pending_revives, 0 },
		{ edit_of_content_pauses_and_approval_resumes, 0 },
		{ list_filters_and_pages, 0 },
		{ bad_query_is_refused, (int)ARRAY_LEN(bad_queries) },
		{ foreign_post_is_absent, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "schedule",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF"),
		.before = make_fixture,
		.after = fixtures_done,
		.cases = cases,
	});
}

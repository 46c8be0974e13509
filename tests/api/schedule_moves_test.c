/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of posts, moves of many posts, pauses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/client.h"
#include "support/stage.h"
#include "support/suite.h"

static struct stage stage;

/* That expression of every post, by due time. */
static void expect_posts(const char *expression, const char *want)
{
	char *is = client_sql("SELECT GROUP_CONCAT(%s ORDER BY due_at) FROM posts WHERE "
			      "workspace_id = '%s'",
			      expression, stage.p.workspace);

	ck_assert_str_eq(is, want);
	free(is);
}

static void expect_times(const char *want)
{
	expect_posts("DATE_FORMAT(due_at, '%m-%dT%H:%i')", want);
}

/* Days keep the reading of the clock over a change, minutes do not know of it. */
START_TEST(shift_moves_all_by_wall_clock)
{
	stage_daily(&stage, 3, "Etc/UTC");
	free(client_sql(
		"UPDATE posts SET timezone = 'America/New_York', due_at = due_at + INTERVAL "
		"4 HOUR WHERE workspace_id = '%s'",
		stage.p.workspace));
	expect_times("06-01T14:00,06-02T14:00,06-03T14:00");
	CLEANUP(answer_free)
	struct answer *one = stage_post(&stage, "/api/v1/schedule/shift", "{\"days\":1}");

	assert_status(one, 200);
	ck_assert_int_eq(answer_int(one, "moved"), 3);
	ck_assert_uint_eq(answer_count(one, "scheduled_posts"), 3);
	expect_times("06-02T14:00,06-03T14:00,06-04T14:00");
	CLEANUP(answer_free)
	struct answer *far =
		stage_post(&stage, "/api/v1/schedule/shift", "{\"days\":180,\"minutes\":30}");

	assert_status(far, 200);
	/* Winter time: half past ten there is 15:30 in UTC. */
	expect_times("11-29T15:30,11-30T15:30,12-01T15:30");
}
END_TEST

/* One content on three days: each moves onto the time of the next, either way. */
START_TEST(shift_moves_a_series_onto_its_own_times)
{
	stage_daily(&stage, 3, "Etc/UTC");
	free(client_sql("UPDATE posts SET content_id = (SELECT MIN(id) FROM contents WHERE "
			"workspace_id = '%s') WHERE workspace_id = '%s'",
			stage.p.workspace, stage.p.workspace));
	CLEANUP(answer_free)
	struct answer *later = stage_post(&stage, "/api/v1/schedule/shift", "{\"days\":1}");

	assert_status(later, 200);
	expect_times("06-02T10:00,06-03T10:00,06-04T10:00");
	CLEANUP(answer_free)
	struct answer *back = stage_post(&stage, "/api/v1/schedule/shift", "{\"minutes\":-1440}");

	assert_status(back, 200);
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
	CLEANUP(answer_free)
	struct answer *onto = stage_post(&stage, "/api/v1/schedule/shift",
					 "{\"days\":1,\"to\":\"2027-06-02T00:00:00Z\"}");

	assert_problem(onto, 409, "duplicate");
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
}
END_TEST

START_TEST(shift_takes_only_what_the_filter_names)
{
	stage_daily(&stage, 3, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *a = stage_post(&stage, "/api/v1/schedule/shift",
				      "{\"minutes\":-60,\"from\":\"2027-06-02T00:00:00Z\",\"to\":"
				      "\"2027-06-03T00:00:00Z\",\"platform\":\"twitter\"}");

	ck_assert_int_eq(answer_int(a, "moved"), 1);
	expect_times("06-01T10:00,06-02T09:00,06-03T10:00");
}
END_TEST

START_TEST(shift_into_the_past_moves_nothing)
{
	stage_daily(&stage, 3, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *a = stage_post(&stage, "/api/v1/schedule/shift", "{\"days\":-366}");

	assert_problem(a, 422, "scheduled_in_past");
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
}
END_TEST

static struct answer *patch_first(const char *body)
{
	CLEANUP(answer_free) struct answer *all = stage_get(&stage, "/api/v1/schedule");
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", stage_listed(all, 0, "id"));
	return client_call("PATCH", path, stage.p.token, body);
}

static const struct {
	const char *body, *code;
	long status;
} bad_patches[] = {
	{ "{\"scheduled_at\":\"2031-03-09T02:30\",\"timezone\":\"America/New_York\"}",
	  "local_time_skipped", 422 },
	{ "{\"timezone\":\"Mars/Olympus\"}", "unknown_timezone", 422 },
	{ "{\"scheduled_at\":\"2020-01-01T00:00:00Z\"}", "scheduled_in_past", 422 },
	{ "{\"scheduled_at\":\"noon\"}", "validation_failed", 422 },
	{ "{\"status\":\"published\"}", "validation_failed", 422 },
	{ "{\"status\":\"cancelled\",\"scheduled_at\":\"2031-01-01T00:00:00Z\"}",
	  "validation_failed", 422 },
	{ "{\"state\":\"queued\"}", "validation_failed", 422 },
	{ "{", "malformed_json", 400 },
};

START_TEST(bad_patch_changes_nothing)
{
	stage_daily(&stage, 1, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *a = patch_first(bad_patches[_i].body);

	assert_problem(a, bad_patches[_i].status, bad_patches[_i].code);
	expect_times("06-01T10:00");
}
END_TEST

/* A wall time without a zone of its own is meant in the post's; the second of two is asked for. */
START_TEST(patch_reads_wall_time_in_the_zone_of_the_post)
{
	stage_daily(&stage, 1, "America/New_York");
	CLEANUP(answer_free)
	struct answer *first = patch_first("{\"scheduled_at\":\"2031-11-02T01:30\"}");
	CLEANUP(answer_free)
	struct answer *second = patch_first("{\"scheduled_at\":\"2031-11-02T01:30\",\"fold\":1}");

	ck_assert_str_eq(answer_text(first, "scheduled_at"), "2031-11-02T05:30:00Z");
	ck_assert_str_eq(answer_text(second, "scheduled_at"), "2031-11-02T06:30:00Z");
	ck_assert_str_eq(answer_text(second, "timezone"), "America/New_York");
}
END_TEST

static const struct {
	const char *body, *pointer;
} bad_shifts[] = {
	{ "{}", "/minutes" },
	{ "{\"days\":400}", "/days" },
	{ "{\"days\":1,\"platform\":\"myspace\"}", "/platform" },
	{ "{\"days\":1,\"from\":\"2027-06-02T00:00:00Z\",\"to\":\"2027-06-01T00:00:00Z\"}", "/to" },
	{ "{\"days\":1,\"weeks\":2}", "/weeks" },
};

START_TEST(bad_shift_is_named)
{
	stage_make(&stage, "{\"name\":\"Bad\"}");
	CLEANUP(answer_free)
	struct answer *a = stage_post(&stage, "/api/v1/schedule/shift", bad_shifts[_i].body);

	assert_invalid(a, bad_shifts[_i].pointer, NULL);
}
END_TEST

/* Whom it names must be there, and the caller's. */
START_TEST(shift_of_others_is_not_there)
{
	static const char *const members[] = { "account_id", "character_id", "content_id" };
	char *ids[3], body[120];
	struct persona other;

	stage_daily(&stage, 1, "Etc/UTC");
	persona_make(&other, NULL, "owner");
	ids[0] = stage_account_id(&stage);
	ids[1] = strdup(stage.character);
	ids[2] = client_sql("SELECT id FROM contents WHERE workspace_id = '%s'", stage.p.workspace);
	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), "{\"days\":1,\"%s\":\"%s\"}", members[i], ids[i]);
		CLEANUP(answer_free)
		struct answer *a = client_call("POST", "/api/v1/schedule/shift", other.token, body);

		assert_problem(a, 404, "not_found");
		free(ids[i]);
	}
	expect_times("06-01T10:00");
}
END_TEST

START_TEST(ten_thousand_posts_are_not_moved_at_once)
{
	stage_daily(&stage, 1, "Etc/UTC");
	free(client_sql(
		"INSERT INTO posts (workspace_id, id, content_id, content_revision, "
		"account_id, platform, livemode, state, due_at, created_at, updated_at) "
		"WITH RECURSIVE h AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM h WHERE i < "
		"99) SELECT workspace_id, CONCAT('sch_', LPAD(a.i * 100 + b.i, 26, '0')), "
		"content_id, 1, account_id, platform, livemode, 'queued', due_at + INTERVAL "
		"a.i * 100 + b.i + 1 MINUTE, created_at, updated_at FROM posts JOIN h a "
		"JOIN h b WHERE workspace_id = '%s'",
		stage.p.workspace));
	CLEANUP(answer_free)
	struct answer *a = stage_post(&stage, "/api/v1/schedule/shift", "{\"days\":1}");

	assert_problem(a, 409, "conflict");
	CLEANUP(answer_free)
	struct answer *b = stage_get(&stage, "/api/v1/schedule?limit=1&to=2027-06-02T00:00:00Z");

	ck_assert_str_eq(stage_listed(b, 0, "scheduled_at"), "2027-06-01T10:00:00Z");
}
END_TEST

static void expect_states(const char *want)
{
	expect_posts("CONCAT(state, IFNULL(CONCAT('/', reason), ''))", want);
}

static void set_pause(const char *family, const char *id, const char *what, int64_t posts)
{
	char path[160];

	snprintf(path, sizeof(path), "/api/v1/%s/%s/%s", family, id, what);
	CLEANUP(answer_free) struct answer *a = stage_post(&stage, path, NULL);

	assert_status(a, 200);
	ck_assert_int_eq(answer_int(a, "posts"), posts);
	ck_assert(answer_bool(a, "paused") == (strcmp(what, "pause") == 0));
	*strrchr(path, '/') = '\0';
	CLEANUP(answer_free) struct answer *shown = stage_get(&stage, path);

	ck_assert(answer_is_null(shown, "paused_at") == !answer_bool(a, "paused"));
}

START_TEST(pause_holds_and_resume_lets_go)
{
	char *account, path[160], *content;

	stage_daily(&stage, 2, "Etc/UTC");
	account = stage_account_id(&stage);
	content = client_sql("SELECT content_id FROM posts WHERE workspace_id = '%s' LIMIT 1",
			     stage.p.workspace);
	set_pause("accounts", account, "pause", 2);
	expect_states("paused/account_paused,paused/account_paused");
	/* Twice is once; what comes later waits as well. */
	set_pause("accounts", account, "pause", 0);
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *later =
		stage_post(&stage, path,
			   "{\"scheduled_at\":\"2027-07-01T09:00:00Z\",\"platforms\":"
			   "[\"twitter\"]}");

	assert_status(later, 201);
	ck_assert_str_eq(stage_listed(later, 0, "reason"), "account_paused");
	ck_assert_str_eq(stage_listed(later, 0, "status"), "pending");
	/* Both hold: the first that lets go leaves it to the other. */
	set_pause("characters", stage.character, "pause", 0);
	set_pause("accounts", account, "resume", 3);
	expect_states("paused/character_paused,paused/character_paused,paused/character_paused");
	snprintf(path, sizeof(path), "/api/v1/schedule/%s", stage_listed(later, 0, "id"));
	CLEANUP(answer_free)
	struct answer *revived =
		client_call("PATCH", path, stage.p.token, "{\"status\":\"pending\"}");

	assert_problem(revived, 409, "post_paused");
	set_pause("characters", stage.character, "resume", 3);
	expect_states("queued,queued,queued");
	free(account);
	free(content);
}
END_TEST

START_TEST(resume_leaves_what_lost_its_approval)
{
	char path[160], *content;

	stage_daily(&stage, 2, "Etc/UTC");
	content =
		client_sql("SELECT content_id FROM posts WHERE workspace_id = '%s' ORDER BY due_at "
			   "LIMIT 1",
			   stage.p.workspace);
	set_pause("characters", stage.character, "pause", 2);
	snprintf(path, sizeof(path), "/api/v1/content/%s", content);
	CLEANUP(answer_free)
	struct answer *edit = client_call("PATCH", path, stage.p.token, "{\"caption\":\"new\"}");

	assert_status(edit, 200);
	set_pause("characters", stage.character, "resume", 2);
	expect_states("paused/approval_voided,queued");
	/* The other way round: approved again while the character is paused. */
	set_pause("characters", stage.character, "pause", 1);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/%s", content,
			 i == 0 ? "submit" : "approve");
		CLEANUP(answer_free) struct answer *step = stage_post(&stage, path, NULL);

		assert_status(step, 200);
	}
	expect_states("paused/character_paused,paused/character_paused");
	set_pause("characters", stage.character, "resume", 2);
	expect_states("queued,queued");
	free(content);
}
END_TEST

/* What became late meanwhile is handed to the runner, whose late policy speaks then. */
START_TEST(resume_hands_late_posts_to_the_late_policy)
{
	char *account, *wake;

	stage_daily(&stage, 1, "Etc/UTC");
	account = stage_account_id(&stage);
	set_pause("accounts", account, "pause", 1);
	free(client_sql("UPDATE posts SET due_at = UTC_TIMESTAMP(3) - INTERVAL 3 HOUR WHERE "
			"workspace_id = '%s'",
			stage.p.workspace));
	set_pause("accounts", account, "resume", 1);
	wake = client_sql("SELECT wake_at <= UTC_TIMESTAMP(3) OR state = 'missed' FROM posts WHERE "
			  "workspace_id = '%s'",
			  stage.p.workspace);
	ck_assert_str_eq(wake, "1");
	free(wake);
	free(account);
}
END_TEST

START_TEST(pause_of_others_is_not_there)
{
	stage_daily(&stage, 1, "Etc/UTC");
	char *account = stage_account_id(&stage), path[128];
	struct persona other;

	persona_make(&other, NULL, "owner");
	snprintf(path, sizeof(path), "/api/v1/accounts/%s/pause", account);
	CLEANUP(answer_free) struct answer *a = client_call("POST", path, other.token, NULL);

	snprintf(path, sizeof(path), "/api/v1/characters/%s/pause", stage.character);
	CLEANUP(answer_free) struct answer *c = client_call("POST", path, other.token, NULL);

	assert_problem(a, 404, "not_found");
	assert_problem(c, 404, "not_found");
	expect_states("queued");
	free(account);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ shift_moves_all_by_wall_clock, 0 },
		{ shift_moves_a_series_onto_its_own_times, 0 },
		{ shift_takes_only_what_the_filter_names, 0 },
		{ shift_into_the_past_moves_nothing, 0 },
		{ bad_patch_changes_nothing, (int)(sizeof(bad_patches) / sizeof(bad_patches[0])) },
		{ patch_reads_wall_time_in_the_zone_of_the_post, 0 },
		{ shift_of_others_is_not_there, 0 },
		{ bad_shift_is_named, (int)(sizeof(bad_shifts) / sizeof(bad_shifts[0])) },
		{ ten_thousand_posts_are_not_moved_at_once, 0 },
		{ pause_holds_and_resume_lets_go, 0 },
		{ resume_leaves_what_lost_its_approval, 0 },
		{ resume_hands_late_posts_to_the_late_policy, 0 },
		{ pause_of_others_is_not_there, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "schedule_moves",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SOCKET"),
		.timeout_s = 120,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, history, calendars, moves of many posts, pauses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/client.h"
#include "support/stage.h"

static struct stage stage;

/* `n` posts of X, one a day at ten, from 2027-06-01 on in this zone. */
static void begin_with(int n, const char *zone)
{
	char body[200];

	snprintf(body, sizeof(body),
		 "{\"name\":\"Lists\",\"timezone\":\"%s\",\"schedule\":{\"twitter\":{\"windows\":[{"
		 "\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],\"from\":"
		 "\"10:00\",\"to\":\"10:10\"}]}}}",
		 zone);
	stage_make(&stage, body);
	stage_account(&stage, "twitter", "lists");
	stage_texts(&stage, n);
	CLEANUP(answer_free)
	struct answer *a = client_callf("POST", "/api/v1/schedule/generate", stage.p.token,
					"{\"character_id\":\"%s\",\"start_date\":\"2027-06-01\","
					"\"days\":%d}",
					stage.character, n);

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), (size_t)n);
	/* Which minute a platform has depends on how many there are. */
	free(client_sql("UPDATE posts SET due_at = due_at - INTERVAL MINUTE(due_at) MINUTE WHERE "
			"workspace_id = '%s'",
			stage.p.workspace));
}

static struct answer *get(const char *path)
{
	return client_call("GET", path, stage.p.token, NULL);
}

static struct answer *post(const char *path, const char *body)
{
	return client_call("POST", path, stage.p.token, body);
}

static const char *member(const struct answer *a, size_t i, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "scheduled_posts.%zu.%s", i, name);
	return answer_text(a, path);
}

static char *account_id(void)
{
	return client_sql("SELECT id FROM accounts WHERE workspace_id = '%s' LIMIT 1",
			  stage.p.workspace);
}

/* A page, then rows before and behind its end, then the next page: none twice, none left out. */
START_TEST(cursor_is_stable_under_inserts)
{
	char path[300], seen[8][40];
	size_t n = 0;

	begin_with(6, "Etc/UTC");
	CLEANUP(answer_free) struct answer *first = get("/api/v1/schedule?limit=3&status=pending");

	ck_assert_uint_eq(answer_count(first, "scheduled_posts"), 3);
	for (; n < 3; n++)
		snprintf(seen[n], sizeof(seen[n]), "%s", member(first, n, "id"));
	/* The first one again on the day of the second page, and one before everything. */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/schedule",
			 member(first, 0, "content_id"));
		CLEANUP(answer_free)
		struct answer *a =
			post(path, i ? "{\"scheduled_at\":\"2027-06-05T09:00:00Z\","
				       "\"platforms\":[\"twitter\"]}"
				     : "{\"scheduled_at\":\"2027-05-01T09:00:00Z\",\"platforms\":["
				       "\"twitter\"]}");

		assert_status(a, 201);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule?limit=50&status=pending&cursor=%s",
		 answer_text(first, "next_cursor"));
	CLEANUP(answer_free) struct answer *rest = get(path);

	ck_assert_uint_eq(answer_count(rest, "scheduled_posts"), 4);
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < n; k++)
			ck_assert_str_ne(member(rest, i, "id"), seen[k]);
		if (i > 0)
			ck_assert_str_lt(member(rest, i - 1, "scheduled_at"),
					 member(rest, i, "scheduled_at"));
	}
	ck_assert(answer_is_null(rest, "next_cursor"));
}
END_TEST

static const struct {
	const char *query;
	size_t n;
} filters[] = {
	{ "", 5 },
	{ "&status=pending", 4 },
	{ "&status=cancelled", 1 },
	{ "&state=queued", 4 },
	{ "&state=paused", 0 },
	{ "&status=pending&state=queued", 4 },
	{ "&platform=twitter", 5 },
	{ "&platform=instagram", 0 },
	{ "&from=2027-06-02T00:00:00Z", 4 },
	{ "&to=2027-06-02T00:00:00Z", 1 },
	{ "&from=2027-06-02T10:00:00Z&to=2027-06-04T10:00:00Z", 2 },
	{ "&account_id=acc_absent", 0 },
	{ "&character_id=char_absent", 0 },
	{ "&content_id=cnt_absent", 0 },
	{ "&livemode=true", 5 },
	{ "&livemode=false", 0 },
};

START_TEST(filters_choose)
{
	begin_with(5, "Etc/UTC");
	CLEANUP(answer_free) struct answer *all = get("/api/v1/schedule?limit=50");
	char path[200], *account = account_id();

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", member(all, 0, "id"));
	CLEANUP(answer_free)
	struct answer *gone = client_call("DELETE", path, stage.p.token, NULL);

	assert_status(gone, 204);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		snprintf(path, sizeof(path), "/api/v1/schedule?limit=50%s", filters[i].query);
		CLEANUP(answer_free) struct answer *a = get(path);

		assert_status(a, 200);
		ck_assert_msg(answer_count(a, "scheduled_posts") == filters[i].n,
			      "%s: %zu instead of %zu", filters[i].query,
			      answer_count(a, "scheduled_posts"), filters[i].n);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule?account_id=%s&character_id=%s", account,
		 stage.character);
	CLEANUP(answer_free) struct answer *both = get(path);

	ck_assert_uint_eq(answer_count(both, "scheduled_posts"), 5);
	free(account);
}
END_TEST

static const struct {
	const char *path, *name;
} bad_queries[] = {
	{ "/api/v1/schedule?from=2027-06-02T00:00:00Z&to=2027-06-01T00:00:00Z", "to" },
	{ "/api/v1/schedule?status=pending&state=published", "state" },
	{ "/api/v1/schedule?state=sleeping", "state" },
	{ "/api/v1/schedule?platform=myspace", "platform" },
	{ "/api/v1/schedule?from=yesterday", "from" },
	{ "/api/v1/schedule/history?status=pending", "status" },
};

START_TEST(bad_query_is_named)
{
	stage_make(&stage, "{\"name\":\"Bad\"}");
	CLEANUP(answer_free) struct answer *a = get(bad_queries[_i].path);

	assert_invalid(a, bad_queries[_i].name, NULL);
}
END_TEST

START_TEST(history_tells_each_attempt_in_words)
{
	char *id;

	begin_with(2, "Etc/UTC");
	id = client_sql("SELECT id FROM posts WHERE workspace_id = '%s' ORDER BY due_at LIMIT 1",
			stage.p.workspace);
	free(client_sql(
		"INSERT INTO attempts (workspace_id, post_id, seq, account_id, permit, fence, "
		"host, "
		"boot_id, pid, start_ticks, fingerprint, snapshot_hash, state, sent_at, "
		"deadline_at, fired_late_us, settled_at, evidence) SELECT workspace_id, id, k.seq, "
		"account_id, LEFT(UNHEX(SHA1(CONCAT(id, k.seq))), 16), 1, 'h', UUID(), 1, 1, "
		"UNHEX(SHA2('a', 256)), UNHEX(SHA2('b', 256)), k.state, '2027-06-01 10:00:00', "
		"'2027-06-01 10:00:20', 4200, '2027-06-01 10:00:02', k.evidence FROM posts JOIN "
		"(SELECT 1 AS seq, 'no_effect' AS state, "
		"'[{\"at_us\":1811757602000000,\"phase\":\"fire\",\"came_to\":\"unknown\"},"
		"{\"at_us\":1811757900000000,\"phase\":\"doubt\",\"came_to\":\"absent\"}]' AS "
		"evidence UNION SELECT 2, 'effect', "
		"'[{\"at_us\":1811758000000000,\"phase\":\"fire\",\"came_to\":\"published\","
		"\"remote_id\":\"42\"}]') k WHERE id = '%s'",
		id));
	free(client_sql("UPDATE posts SET state = 'published', attempts = 2, wake_at = NULL, "
			"remote_id = '42', published_at = '2027-06-01 10:06:40' WHERE id = '%s'",
			id));
	CLEANUP(answer_free) struct answer *a = get("/api/v1/schedule/history");

	assert_status(a, 200);
	ck_assert_uint_eq(answer_count(a, "scheduled_posts"), 1);
	ck_assert_str_eq(member(a, 0, "id"), id);
	ck_assert_uint_eq(answer_count(a, "scheduled_posts.0.attempt_log"), 2);
	ck_assert_int_eq(answer_int(a, "scheduled_posts.0.attempt_log.0.number"), 1);
	ck_assert_int_eq(answer_int(a, "scheduled_posts.0.attempt_log.0.late_ms"), 4);
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.attempt_log.0.words"),
			 "It published nothing, and that is certain.");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.attempt_log.0.evidence.0.words"),
			 "No usable answer came: whether it is live has to be found out.");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.attempt_log.0.evidence.1.words"),
			 "The platform was asked, and it is not there.");
	ck_assert_str_eq(answer_text(a, "scheduled_posts.0.attempt_log.1.evidence.0.words"),
			 "The platform answered that the post is live.");
	ck_assert_str_eq(
		answer_text(a, "scheduled_posts.0.attempt_log.1.evidence.0.remote_post_id"), "42");
	free(id);
}
END_TEST

static struct answer *feed(const char *url)
{
	const char *path = strstr(url, "/api/v1/");

	ck_assert_ptr_nonnull(path);
	return client_call("GET", path, NULL, NULL);
}

START_TEST(calendar_is_read_by_whoever_has_its_address)
{
	char path[128];

	begin_with(3, "Europe/Berlin");
	free(client_sql("UPDATE posts SET due_at = due_at - INTERVAL 150 DAY WHERE workspace_id = "
			"'%s'",
			stage.p.workspace));
	free(client_sql(
		"UPDATE contents SET caption = 'one, two; three\nfour' WHERE workspace_id = "
		"'%s'",
		stage.p.workspace));
	CLEANUP(answer_free)
	struct answer *made = post("/api/v1/schedule/calendars", "{\"name\":\"Mila, plans\"}");
	CLEANUP(answer_free) struct answer *a = feed(answer_text(made, "url"));

	assert_status(made, 201);
	assert_status(a, 200);
	ck_assert_str_eq(answer_header(a, "content-type"), "text/calendar; charset=utf-8");
	ck_assert_int_eq(strncmp(a->body, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", 30), 0);
	ck_assert_ptr_nonnull(strstr(a->body, "X-WR-CALNAME:Mila\\, plans\r\n"));
	ck_assert_ptr_nonnull(strstr(a->body, "(lists): one\\, two\\; three\\nfour\r\n"));
	ck_assert_ptr_nonnull(strstr(a->body, "END:VEVENT\r\nEND:VCALENDAR\r\n"));
	snprintf(path, sizeof(path), "/api/v1/schedule/calendars/%s/rotate",
		 answer_text(made, "id"));
	CLEANUP(answer_free) struct answer *turned = post(path, NULL);
	CLEANUP(answer_free) struct answer *old = feed(answer_text(made, "url"));
	CLEANUP(answer_free) struct answer *now = feed(answer_text(turned, "url"));

	assert_problem(old, 404, "not_found");
	assert_status(now, 200);
	CLEANUP(answer_free) struct answer *list = get("/api/v1/schedule/calendars");

	ck_assert_uint_eq(answer_count(list, "calendars"), 1);
	ck_assert_ptr_null(answer_at(list, "calendars.0.url"));
	snprintf(path, sizeof(path), "/api/v1/schedule/calendars/%s", answer_text(made, "id"));
	CLEANUP(answer_free)
	struct answer *gone = client_call("DELETE", path, stage.p.token, NULL);
	CLEANUP(answer_free) struct answer *last = feed(answer_text(turned, "url"));

	assert_status(gone, 204);
	assert_problem(last, 404, "not_found");
}
END_TEST

START_TEST(calendar_without_its_secret_is_not_there)
{
	stage_make(&stage, "{\"name\":\"Secret\"}");
	CLEANUP(answer_free) struct answer *none = feed("/api/v1/schedule/calendar.ics");
	CLEANUP(answer_free)
	struct answer *wrong = feed("/api/v1/schedule/calendar.ics?token=cal_x");
	CLEANUP(answer_free)
	struct answer *made = post("/api/v1/schedule/calendars", NULL);
	CLEANUP(answer_free)
	struct answer *other =
		post("/api/v1/schedule/calendars", "{\"character_id\":\"char_absent\"}");

	assert_problem(none, 404, "not_found");
	assert_problem(wrong, 404, "not_found");
	assert_status(made, 201);
	assert_problem(other, 404, "not_found");
	/* Its maker leaves: the address ends with the membership. */
	free(client_sql("DELETE FROM members WHERE workspace_id = '%s'", stage.p.workspace));
	CLEANUP(answer_free) struct answer *left = feed(answer_text(made, "url"));

	assert_problem(left, 404, "not_found");
}
END_TEST

static char *due_times(void)
{
	return client_sql("SELECT GROUP_CONCAT(DATE_FORMAT(due_at, '%%m-%%dT%%H:%%i') ORDER BY "
			  "due_at) FROM posts WHERE workspace_id = '%s'",
			  stage.p.workspace);
}

static void expect_times(const char *want)
{
	char *times = due_times();

	ck_assert_str_eq(times, want);
	free(times);
}

/* Days keep the reading of the clock over a change, minutes do not know of it. */
START_TEST(shift_moves_all_by_wall_clock)
{
	begin_with(3, "Etc/UTC");
	free(client_sql(
		"UPDATE posts SET timezone = 'America/New_York', due_at = due_at + INTERVAL "
		"4 HOUR WHERE workspace_id = '%s'",
		stage.p.workspace));
	expect_times("06-01T14:00,06-02T14:00,06-03T14:00");
	CLEANUP(answer_free) struct answer *one = post("/api/v1/schedule/shift", "{\"days\":1}");

	assert_status(one, 200);
	ck_assert_int_eq(answer_int(one, "moved"), 3);
	ck_assert_uint_eq(answer_count(one, "scheduled_posts"), 3);
	expect_times("06-02T14:00,06-03T14:00,06-04T14:00");
	CLEANUP(answer_free)
	struct answer *far = post("/api/v1/schedule/shift", "{\"days\":180,\"minutes\":30}");

	assert_status(far, 200);
	/* Winter time: half past ten there is 15:30 in UTC. */
	expect_times("11-29T15:30,11-30T15:30,12-01T15:30");
}
END_TEST

/* One content on three days: each moves onto the time of the next, either way. */
START_TEST(shift_moves_a_series_onto_its_own_times)
{
	begin_with(3, "Etc/UTC");
	free(client_sql("UPDATE posts SET content_id = (SELECT MIN(id) FROM contents WHERE "
			"workspace_id = '%s') WHERE workspace_id = '%s'",
			stage.p.workspace, stage.p.workspace));
	CLEANUP(answer_free) struct answer *later = post("/api/v1/schedule/shift", "{\"days\":1}");

	assert_status(later, 200);
	expect_times("06-02T10:00,06-03T10:00,06-04T10:00");
	CLEANUP(answer_free)
	struct answer *back = post("/api/v1/schedule/shift", "{\"minutes\":-1440}");

	assert_status(back, 200);
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
	CLEANUP(answer_free)
	struct answer *onto =
		post("/api/v1/schedule/shift", "{\"days\":1,\"to\":\"2027-06-02T00:00:00Z\"}");

	assert_problem(onto, 409, "duplicate");
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
}
END_TEST

START_TEST(shift_takes_only_what_the_filter_names)
{
	begin_with(3, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *a = post("/api/v1/schedule/shift",
				"{\"minutes\":-60,\"from\":\"2027-06-02T00:00:00Z\",\"to\":"
				"\"2027-06-03T00:00:00Z\",\"platform\":\"twitter\"}");

	ck_assert_int_eq(answer_int(a, "moved"), 1);
	expect_times("06-01T10:00,06-02T09:00,06-03T10:00");
}
END_TEST

START_TEST(shift_into_the_past_moves_nothing)
{
	begin_with(3, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *a = post("/api/v1/schedule/shift", "{\"days\":-366}");

	assert_problem(a, 422, "scheduled_in_past");
	expect_times("06-01T10:00,06-02T10:00,06-03T10:00");
}
END_TEST

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
	char path[128];

	begin_with(1, "Etc/UTC");
	CLEANUP(answer_free) struct answer *all = get("/api/v1/schedule");

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", member(all, 0, "id"));
	CLEANUP(answer_free)
	struct answer *a = client_call("PATCH", path, stage.p.token, bad_patches[_i].body);

	assert_problem(a, bad_patches[_i].status, bad_patches[_i].code);
	expect_times("06-01T10:00");
}
END_TEST

/* A wall time without a zone of its own is meant in the post's; the second of two is asked for. */
START_TEST(patch_reads_wall_time_in_the_zone_of_the_post)
{
	char path[128];

	begin_with(1, "America/New_York");
	CLEANUP(answer_free) struct answer *all = get("/api/v1/schedule");

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", member(all, 0, "id"));
	CLEANUP(answer_free)
	struct answer *first = client_call("PATCH", path, stage.p.token,
					   "{\"scheduled_at\":\"2031-11-02T01:30\"}");
	CLEANUP(answer_free)
	struct answer *second = client_call("PATCH", path, stage.p.token,
					    "{\"scheduled_at\":\"2031-11-02T01:30\",\"fold\":1}");

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
	struct answer *a = post("/api/v1/schedule/shift", bad_shifts[_i].body);

	assert_invalid(a, bad_shifts[_i].pointer, NULL);
}
END_TEST

START_TEST(ten_thousand_posts_are_not_moved_at_once)
{
	begin_with(1, "Etc/UTC");
	free(client_sql(
		"INSERT INTO posts (workspace_id, id, content_id, content_revision, "
		"account_id, platform, livemode, state, due_at, created_at, updated_at) "
		"WITH RECURSIVE h AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM h WHERE i < "
		"99) SELECT workspace_id, CONCAT('sch_', LPAD(a.i * 100 + b.i, 26, '0')), "
		"content_id, 1, account_id, platform, livemode, 'queued', due_at + INTERVAL "
		"a.i * 100 + b.i + 1 MINUTE, created_at, updated_at FROM posts JOIN h a "
		"JOIN h b WHERE workspace_id = '%s'",
		stage.p.workspace));
	CLEANUP(answer_free) struct answer *a = post("/api/v1/schedule/shift", "{\"days\":1}");

	assert_problem(a, 409, "conflict");
	CLEANUP(answer_free)
	struct answer *b = get("/api/v1/schedule?limit=1&to=2027-06-02T00:00:00Z");

	ck_assert_str_eq(member(b, 0, "scheduled_at"), "2027-06-01T10:00:00Z");
}
END_TEST

static char *states(void)
{
	return client_sql(
		"SELECT GROUP_CONCAT(CONCAT(state, IFNULL(CONCAT('/', reason), '')) ORDER "
		"BY due_at) FROM posts WHERE workspace_id = '%s'",
		stage.p.workspace);
}

static void expect_states(const char *want)
{
	char *now = states();

	ck_assert_str_eq(now, want);
	free(now);
}

static void set_pause(const char *family, const char *id, const char *what, int64_t posts)
{
	char path[160];

	snprintf(path, sizeof(path), "/api/v1/%s/%s/%s", family, id, what);
	CLEANUP(answer_free) struct answer *a = post(path, NULL);

	assert_status(a, 200);
	ck_assert_int_eq(answer_int(a, "posts"), posts);
	ck_assert(answer_bool(a, "paused") == (strcmp(what, "pause") == 0));
}

START_TEST(pause_holds_and_resume_lets_go)
{
	char *account, path[160], *content;

	begin_with(2, "Etc/UTC");
	account = account_id();
	content = client_sql("SELECT content_id FROM posts WHERE workspace_id = '%s' LIMIT 1",
			     stage.p.workspace);
	set_pause("accounts", account, "pause", 2);
	expect_states("paused/account_paused,paused/account_paused");
	/* Twice is once; what comes later waits as well. */
	set_pause("accounts", account, "pause", 0);
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *later =
		post(path, "{\"scheduled_at\":\"2027-07-01T09:00:00Z\",\"platforms\":"
			   "[\"twitter\"]}");

	assert_status(later, 201);
	ck_assert_str_eq(member(later, 0, "reason"), "account_paused");
	ck_assert_str_eq(member(later, 0, "status"), "pending");
	/* Both hold: the first that lets go leaves it to the other. */
	set_pause("characters", stage.character, "pause", 0);
	set_pause("accounts", account, "resume", 3);
	expect_states("paused/character_paused,paused/character_paused,paused/character_paused");
	snprintf(path, sizeof(path), "/api/v1/schedule/%s", member(later, 0, "id"));
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

	begin_with(2, "Etc/UTC");
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
		CLEANUP(answer_free) struct answer *step = post(path, NULL);

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

	begin_with(1, "Etc/UTC");
	account = account_id();
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
	begin_with(1, "Etc/UTC");
	char *account = account_id(), path[128];
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

static TCase *cases(void)
{
	TCase *c = tcase_create("schedule_lists");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, cursor_is_stable_under_inserts);
	tcase_add_test(c, filters_choose);
	tcase_add_loop_test(c, bad_query_is_named, 0,
			    (int)(sizeof(bad_queries) / sizeof(bad_queries[0])));
	tcase_add_test(c, history_tells_each_attempt_in_words);
	tcase_add_test(c, calendar_is_read_by_whoever_has_its_address);
	tcase_add_test(c, calendar_without_its_secret_is_not_there);
	tcase_add_test(c, shift_moves_all_by_wall_clock);
	tcase_add_test(c, shift_moves_a_series_onto_its_own_times);
	tcase_add_test(c, shift_takes_only_what_the_filter_names);
	tcase_add_test(c, shift_into_the_past_moves_nothing);
	tcase_add_loop_test(c, bad_patch_changes_nothing, 0,
			    (int)(sizeof(bad_patches) / sizeof(bad_patches[0])));
	tcase_add_test(c, patch_reads_wall_time_in_the_zone_of_the_post);
	tcase_add_loop_test(c, bad_shift_is_named, 0,
			    (int)(sizeof(bad_shifts) / sizeof(bad_shifts[0])));
	tcase_add_test(c, ten_thousand_posts_are_not_moved_at_once);
	tcase_add_test(c, pause_holds_and_resume_lets_go);
	tcase_add_test(c, resume_leaves_what_lost_its_approval);
	tcase_add_test(c, resume_hands_late_posts_to_the_late_policy);
	tcase_add_test(c, pause_of_others_is_not_there);
	return c;
}

int main(void)
{
	Suite *s = suite_create("schedule_lists");
	SRunner *r;
	int failed;

	if (CLIENT_NEED("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN", "CARILLON_SOCKET"))
		return CLIENT_SKIP;
	suite_add_tcase(s, cases());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

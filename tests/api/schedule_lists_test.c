/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, history, calendars. */
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

/* A page, then rows before and behind its end, then the next page: none twice, none left out. */
START_TEST(cursor_is_stable_under_inserts)
{
	char path[300], seen[8][40];
	size_t n = 0;

	stage_daily(&stage, 6, "Etc/UTC");
	CLEANUP(answer_free)
	struct answer *first = stage_get(&stage, "/api/v1/schedule?limit=3&status=pending");

	ck_assert_uint_eq(answer_count(first, "scheduled_posts"), 3);
	for (; n < 3; n++)
		snprintf(seen[n], sizeof(seen[n]), "%s", stage_listed(first, n, "id"));
	/* The first one again on the day of the second page, and one before everything. */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/api/v1/content/%s/schedule",
			 stage_listed(first, 0, "content_id"));
		CLEANUP(answer_free)
		struct answer *a =
			stage_post(&stage, path,
				   i ? "{\"scheduled_at\":\"2027-06-05T09:00:00Z\","
				       "\"platforms\":[\"twitter\"]}"
				     : "{\"scheduled_at\":\"2027-05-01T09:00:00Z\",\"platforms\":["
				       "\"twitter\"]}");

		assert_status(a, 201);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule?limit=50&status=pending&cursor=%s",
		 answer_text(first, "next_cursor"));
	CLEANUP(answer_free) struct answer *rest = stage_get(&stage, path);

	ck_assert_uint_eq(answer_count(rest, "scheduled_posts"), 4);
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < n; k++)
			ck_assert_str_ne(stage_listed(rest, i, "id"), seen[k]);
		if (i > 0)
			ck_assert_str_lt(stage_listed(rest, i - 1, "scheduled_at"),
					 stage_listed(rest, i, "scheduled_at"));
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
	stage_daily(&stage, 5, "Etc/UTC");
	CLEANUP(answer_free) struct answer *all = stage_get(&stage, "/api/v1/schedule?limit=50");
	char path[200], *account = stage_account_id(&stage);

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", stage_listed(all, 0, "id"));
	CLEANUP(answer_free)
	struct answer *gone = client_call("DELETE", path, stage.p.token, NULL);

	assert_status(gone, 204);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		snprintf(path, sizeof(path), "/api/v1/schedule?limit=50%s", filters[i].query);
		CLEANUP(answer_free) struct answer *a = stage_get(&stage, path);

		assert_status(a, 200);
		ck_assert_msg(answer_count(a, "scheduled_posts") == filters[i].n,
			      "%s: %zu instead of %zu", filters[i].query,
			      answer_count(a, "scheduled_posts"), filters[i].n);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule?account_id=%s&character_id=%s", account,
		 stage.character);
	CLEANUP(answer_free) struct answer *both = stage_get(&stage, path);

	ck_assert_uint_eq(answer_count(both, "scheduled_posts"), 5);
	free(account);
}
END_TEST

/* Two published, one failed, one missed, one cancelled, and one to come, a day apart. */
static void make_past(void)
{
	static const char *const ends[] = { "published", "published", "failed", "missed",
					    "cancelled" };

	stage_daily(&stage, 6, "Etc/UTC");
	for (int i = 0; i < 5; i++)
		free(client_sql("UPDATE posts SET state = '%s', wake_at = NULL, error_code = "
				"IF('%s' = 'failed', 'unknown_error', NULL) WHERE workspace_id = "
				"'%s' AND DATE(due_at) = '2027-06-0%d'",
				ends[i], ends[i], stage.p.workspace, i + 1));
}

static const struct {
	const char *query;
	size_t n;
} past_filters[] = {
	{ "", 5 },
	{ "&status=published", 2 },
	{ "&status=failed", 2 },
	{ "&state=failed", 1 },
	{ "&state=missed", 1 },
	{ "&status=failed&state=missed", 1 },
	{ "&status=cancelled", 1 },
	{ "&platform=twitter", 5 },
	{ "&platform=tiktok", 0 },
	{ "&from=2027-06-02T10:00:00Z&to=2027-06-05T10:00:00Z", 3 },
	{ "&account_id=acc_absent", 0 },
	{ "&character_id=char_absent", 0 },
	{ "&livemode=false", 0 },
};

START_TEST(history_filters_choose)
{
	char path[200], *account;

	make_past();
	account = stage_account_id(&stage);
	for (size_t i = 0; i < sizeof(past_filters) / sizeof(past_filters[0]); i++) {
		snprintf(path, sizeof(path), "/api/v1/schedule/history?limit=50%s",
			 past_filters[i].query);
		CLEANUP(answer_free) struct answer *a = stage_get(&stage, path);

		assert_status(a, 200);
		ck_assert_msg(answer_count(a, "scheduled_posts") == past_filters[i].n,
			      "%s: %zu instead of %zu", past_filters[i].query,
			      answer_count(a, "scheduled_posts"), past_filters[i].n);
	}
	snprintf(path, sizeof(path), "/api/v1/schedule/history?account_id=%s&character_id=%s",
		 account, stage.character);
	CLEANUP(answer_free) struct answer *both = stage_get(&stage, path);

	ck_assert_uint_eq(answer_count(both, "scheduled_posts"), 5);
	free(account);
}
END_TEST

/* Newest first; what ends meanwhile, before or behind the page's end, moves nothing. */
START_TEST(history_cursor_is_stable_when_more_ends)
{
	char path[200];

	make_past();
	CLEANUP(answer_free)
	struct answer *first = stage_get(&stage, "/api/v1/schedule/history?limit=2");

	ck_assert_str_eq(stage_listed(first, 0, "scheduled_at"), "2027-06-05T10:00:00Z");
	ck_assert_str_eq(stage_listed(first, 1, "scheduled_at"), "2027-06-04T10:00:00Z");
	free(client_sql("UPDATE posts SET state = 'cancelled', wake_at = NULL WHERE workspace_id "
			"= '%s' AND state = 'queued'",
			stage.p.workspace));
	snprintf(path, sizeof(path), "/api/v1/schedule/history?limit=2&cursor=%s",
		 answer_text(first, "next_cursor"));
	CLEANUP(answer_free) struct answer *second = stage_get(&stage, path);

	ck_assert_str_eq(stage_listed(second, 0, "scheduled_at"), "2027-06-03T10:00:00Z");
	ck_assert_str_eq(stage_listed(second, 1, "scheduled_at"), "2027-06-02T10:00:00Z");
	snprintf(path, sizeof(path), "/api/v1/schedule/history?limit=2&cursor=%s",
		 answer_text(second, "next_cursor"));
	CLEANUP(answer_free) struct answer *last = stage_get(&stage, path);

	ck_assert_uint_eq(answer_count(last, "scheduled_posts"), 1);
	ck_assert_str_eq(stage_listed(last, 0, "scheduled_at"), "2027-06-01T10:00:00Z");
	ck_assert(answer_is_null(last, "next_cursor"));
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
	CLEANUP(answer_free) struct answer *a = stage_get(&stage, bad_queries[_i].path);

	assert_invalid(a, bad_queries[_i].name, NULL);
}
END_TEST

static struct answer *stage_one(const char *id)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", id);
	return stage_get(&stage, path);
}

START_TEST(history_tells_each_attempt_in_words)
{
	char *id;

	stage_daily(&stage, 2, "Etc/UTC");
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
	CLEANUP(answer_free) struct answer *a = stage_get(&stage, "/api/v1/schedule/history");
	CLEANUP(answer_free) struct answer *one = stage_one(id);

	assert_status(a, 200);
	/* The post alone tells the same, also before it is over: a doubt is for a person to settle. */
	ck_assert(json_equal(answer_at(a, "scheduled_posts.0"), one->json));
	ck_assert_uint_eq(answer_count(a, "scheduled_posts"), 1);
	ck_assert_str_eq(stage_listed(a, 0, "id"), id);
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

	stage_daily(&stage, 3, "Europe/Berlin");
	free(client_sql("UPDATE posts SET due_at = due_at - INTERVAL 150 DAY WHERE workspace_id = "
			"'%s'",
			stage.p.workspace));
	free(client_sql(
		"UPDATE contents SET caption = 'one, two; three\nfour' WHERE workspace_id = "
		"'%s'",
		stage.p.workspace));
	CLEANUP(answer_free)
	struct answer *made =
		stage_post(&stage, "/api/v1/schedule/calendars", "{\"name\":\"Mila, plans\"}");
	CLEANUP(answer_free) struct answer *a = feed(answer_text(made, "url"));

	assert_status(made, 201);
	assert_status(a, 200);
	ck_assert_str_eq(answer_header(a, "content-type"), "text/calendar; charset=utf-8");
	ck_assert_int_eq(strncmp(a->body, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", 30), 0);
	ck_assert_ptr_nonnull(strstr(a->body, "X-WR-CALNAME:Mila\\, plans\r\n"));
	ck_assert_ptr_nonnull(strstr(a->body, "(writer): one\\, two\\; three\\nfour\r\n"));
	ck_assert_ptr_nonnull(strstr(a->body, "END:VEVENT\r\nEND:VCALENDAR\r\n"));
	snprintf(path, sizeof(path), "/api/v1/schedule/calendars/%s/rotate",
		 answer_text(made, "id"));
	CLEANUP(answer_free) struct answer *turned = stage_post(&stage, path, NULL);
	CLEANUP(answer_free) struct answer *old = feed(answer_text(made, "url"));
	CLEANUP(answer_free) struct answer *now = feed(answer_text(turned, "url"));

	assert_problem(old, 404, "not_found");
	assert_status(now, 200);
	CLEANUP(answer_free) struct answer *list = stage_get(&stage, "/api/v1/schedule/calendars");

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
	struct answer *made = stage_post(&stage, "/api/v1/schedule/calendars", NULL);
	CLEANUP(answer_free)
	struct answer *other = stage_post(&stage, "/api/v1/schedule/calendars",
					  "{\"character_id\":\"char_absent\"}");

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

/* A key has its own calendars alone, which show what it may see and end with it. */
START_TEST(calendar_of_a_key_is_the_keys)
{
	char path[128], body[160], *account;

	stage_daily(&stage, 2, "Etc/UTC");
	account = stage_account_id(&stage);
	stage_account(&stage, "twitter", "unseen");
	free(client_sql("UPDATE posts SET account_id = (SELECT id FROM accounts WHERE workspace_id "
			"= '%s' AND username = 'unseen') WHERE workspace_id = '%s' ORDER BY due_at "
			"DESC LIMIT 1",
			stage.p.workspace, stage.p.workspace));
	free(client_sql("UPDATE posts SET due_at = due_at - INTERVAL 150 DAY WHERE workspace_id = "
			"'%s'",
			stage.p.workspace));
	snprintf(body, sizeof(body), "{\"name\":\"few\",\"account_ids\":[\"%s\"]}", account);
	CLEANUP(answer_free) struct answer *key = stage_post(&stage, "/api/v1/api-keys", body);
	const char *secret = answer_text(key, "secret");
	CLEANUP(answer_free)
	struct answer *all = stage_post(&stage, "/api/v1/schedule/calendars", NULL);

	assert_status(key, 201);
	snprintf(path, sizeof(path), "/api/v1/schedule/calendars/%s/rotate",
		 answer_text(all, "id"));
	CLEANUP(answer_free) struct answer *turned = client_call("POST", path, secret, NULL);

	assert_problem(turned, 404, "not_found");
	*strrchr(path, '/') = '\0';
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, secret, NULL);

	assert_problem(gone, 404, "not_found");
	CLEANUP(answer_free)
	struct answer *own = client_call("POST", "/api/v1/schedule/calendars", secret, NULL);
	CLEANUP(answer_free)
	struct answer *list = client_call("GET", "/api/v1/schedule/calendars", secret, NULL);

	ck_assert_uint_eq(answer_count(list, "calendars"), 1);
	ck_assert_str_eq(answer_text(list, "calendars.0.id"), answer_text(own, "id"));
	CLEANUP(answer_free) struct answer *whole = feed(answer_text(all, "url"));
	CLEANUP(answer_free) struct answer *part = feed(answer_text(own, "url"));

	ck_assert_ptr_nonnull(strstr(whole->body, "(unseen)"));
	ck_assert_ptr_nonnull(strstr(part->body, "(writer)"));
	ck_assert_ptr_null(strstr(part->body, "(unseen)"));
	snprintf(path, sizeof(path), "/api/v1/api-keys/%s", answer_text(key, "id"));
	CLEANUP(answer_free)
	struct answer *revoked = client_call("DELETE", path, stage.p.token, NULL);
	CLEANUP(answer_free) struct answer *left = feed(answer_text(own, "url"));

	assert_status(revoked, 204);
	assert_problem(left, 404, "not_found");
	free(account);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ cursor_is_stable_under_inserts, 0 },
		{ filters_choose, 0 },
		{ history_filters_choose, 0 },
		{ history_cursor_is_stable_when_more_ends, 0 },
		{ bad_query_is_named, (int)(sizeof(bad_queries) / sizeof(bad_queries[0])) },
		{ history_tells_each_attempt_in_words, 0 },
		{ calendar_is_read_by_whoever_has_its_address, 0 },
		{ calendar_without_its_secret_is_not_there, 0 },
		{ calendar_of_a_key_is_the_keys, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "schedule_lists",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SOCKET"),
		.timeout_s = 120,
		.cases = cases,
	});
}

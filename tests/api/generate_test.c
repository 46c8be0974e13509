/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/client.h"
#include "support/connector.h"
#include "support/fixtures.h"
#include "support/stage.h"
#include "support/suite.h"

static const char *text_of(const struct answer *a, size_t i, const char *member)
{
	char path[64];

	snprintf(path, sizeof(path), "scheduledPosts.%zu.%s", i, member);
	return answer_text(a, path);
}

static int64_t due_of(const struct answer *a, size_t i)
{
	int64_t us;

	ck_assert_int_eq(rfc3339_parse(text_of(a, i, "scheduled_at"), &us), 0);
	return us;
}

/* The example of the reference: the same request but for the id, every member of its answer. */
START_TEST(reference_generate_a_smart_schedule)
{
	struct stage s;
	struct person person;
	char *account, *content;

	stage_make(&s, "{\"name\":\"Mila\"}");
	person_make(&person, 1);
	account = connect_instagram(s.p.token, &person, "live");
	content = fixture_approved(s.p.token, "image", "golden");
	free(client_sql("UPDATE contents SET character_id = '%s' WHERE id = '%s'", s.character,
			content));
	CLEANUP(answer_free)
	struct answer *a = stage_generate(&s, ",\"start_date\":\"2026-03-23T09:00:00Z\"");

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "timezone"), "America/New_York");
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), 1);
	ck_assert_str_eq(text_of(a, 0, "content_id"), content);
	ck_assert_str_eq(text_of(a, 0, "platform"), "instagram");
	ck_assert_str_eq(text_of(a, 0, "status"), "pending");
	ck_assert_uint_eq(strlen(text_of(a, 0, "scheduled_at")), strlen("2026-03-23T14:30:00Z"));
	ck_assert_str_eq(text_of(a, 0, "account_id"), account);
	ck_assert_int_eq(strncmp(text_of(a, 0, "id"), "sch_", 4), 0);
	ck_assert_uint_gt(strlen(text_of(a, 0, "reason")), 20);
	ck_assert(json_is_number(answer_at(a, "scheduledPosts.0.score")));
	ck_assert_uint_eq(strlen(text_of(a, 0, "local_time")), 19);
	ck_assert_uint_eq(answer_count(a, "unscheduled"), 0);
	/* The past starts now, in the usual week. */
	ck_assert_int_gt(due_of(a, 0), clock_real_us());
	ck_assert_int_lt(due_of(a, 0), clock_real_us() + 7 * US_PER_DAY);
	free(account);
	free(content);
}
END_TEST

START_TEST(second_call_schedules_nothing_twice)
{
	struct stage s;

	stage_writer(&s, "{\"name\":\"Twice\",\"timezone\":\"Europe/Berlin\"}", 3);
	CLEANUP(answer_free) struct answer *a = stage_generate(&s, "");
	CLEANUP(answer_free) struct answer *b = stage_generate(&s, "");

	assert_status(a, 201);
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "timezone"), "Europe/Berlin");
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), 3);
	ck_assert_uint_eq(answer_count(b, "scheduledPosts"), 0);
	ck_assert_uint_eq(answer_count(b, "unscheduled"), 0);
	ck_assert_int_eq(stage_posts(&s), 3);
}
END_TEST

#define CLIENTS 6

/* How many the call scheduled, as a process of its own; 255 when it was refused. */
static pid_t generate_aside(const struct stage *s, const char *more)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct answer *a = stage_generate(s, more);

		_exit(a->status == 201 || a->status == 200 ? (int)answer_count(a, "scheduledPosts")
							   : 255);
	}
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

/* Each client is a process with a connection of its own; all call at once. */
START_TEST(clients_at_once_schedule_nothing_twice)
{
	struct stage s;
	pid_t pids[CLIENTS];
	int posts = 0;

	stage_make(&s, "{\"name\":\"Race\",\"timezone\":\"Europe/Berlin\"}");
	stage_account(&s, "twitter", "race");
	stage_account(&s, "pinterest", "race");
	stage_texts(&s, 40);
	for (int i = 0; i < CLIENTS; i++)
		pids[i] = generate_aside(&s, ",\"days\":60");
	for (int i = 0; i < CLIENTS; i++)
		posts += wait_for(pids[i]);
	ck_assert_int_eq(posts, 40); /* text goes on X alone */
	ck_assert_int_eq(stage_posts(&s), 40);
}
END_TEST

/* The account has one post a day, whoever's it is. */
START_TEST(characters_of_one_account_keep_clear_of_each_other)
{
	struct stage s[CLIENTS];
	pid_t pids[CLIENTS];
	char *days;

	stage_writer(&s[0], "{\"name\":\"First\",\"timezone\":\"Etc/UTC\"}", 10);
	for (int i = 1; i < CLIENTS; i++) {
		CLEANUP(answer_free)
		struct answer *a = stage_post(&s[0], "/api/v1/characters",
					      "{\"name\":\"More\",\"timezone\":\"Etc/UTC\"}");

		s[i] = s[0];
		snprintf(s[i].character, sizeof(s[i].character), "%s", answer_text(a, "id"));
		stage_texts(&s[i], 10);
	}
	for (int i = 0; i < CLIENTS; i++)
		pids[i] = generate_aside(&s[i], ",\"start_date\":\"2027-06-01\",\"days\":70");
	for (int i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(wait_for(pids[i]), 10);
	days = client_sql("SELECT COUNT(DISTINCT DATE(due_at)) FROM posts WHERE workspace_id = "
			  "'%s'",
			  s[0].p.workspace);
	ck_assert_str_eq(days, "60");
	free(days);
}
END_TEST

START_TEST(dry_run_says_the_same_and_writes_nothing)
{
	struct stage s;

	stage_writer(&s, "{\"name\":\"Dry\",\"timezone\":\"Europe/Berlin\"}", 5);
	CLEANUP(answer_free) struct answer *dry = stage_generate(&s, ",\"dry_run\":true");

	assert_status(dry, 200);
	ck_assert_int_eq(stage_posts(&s), 0);
	CLEANUP(answer_free) struct answer *again = stage_generate(&s, ",\"dry_run\":true");
	CLEANUP(answer_free) struct answer *real = stage_generate(&s, "");

	ck_assert_uint_eq(answer_count(dry, "scheduledPosts"), 5);
	ck_assert(answer_is_null(dry, "scheduledPosts.0.id"));
	for (size_t i = 0; i < 5; i++) {
		ck_assert_str_eq(text_of(dry, i, "scheduled_at"),
				 text_of(again, i, "scheduled_at"));
		ck_assert_str_eq(text_of(dry, i, "scheduled_at"), text_of(real, i, "scheduled_at"));
		ck_assert_str_eq(text_of(dry, i, "content_id"), text_of(real, i, "content_id"));
	}
	ck_assert_int_eq(stage_posts(&s), 5);
}
END_TEST

/* Windows, gap and daily number of the character hold, around the day on which the clocks change. */
START_TEST(rules_of_the_character_hold_across_a_change_of_clocks)
{
	struct stage s;
	int64_t last_us = 0;

	stage_writer(&s,
		     "{\"name\":\"Rules\",\"timezone\":\"America/New_York\",\"schedule\":{"
		     "\"twitter\":{\"posts_per_day\":2,\"min_gap_minutes\":300,\"windows\":[{"
		     "\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],"
		     "\"from\":\"08:00\",\"to\":\"14:00\"}]}}}",
		     20);
	CLEANUP(answer_free)
	struct answer *a = stage_generate(&s, ",\"start_date\":\"2027-03-12\",\"days\":5");

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), 10);
	ck_assert_uint_eq(answer_count(a, "unscheduled"), 10);
	ck_assert_str_eq(answer_text(a, "unscheduled.0.code"), "no_slot");
	for (size_t i = 0; i < 10; i++) {
		const char *local = text_of(a, i, "local_time");
		char day[32];

		snprintf(day, sizeof(day), "2027-03-%02zu", 12 + i / 2);
		ck_assert_int_eq(strncmp(local, day, 10), 0);
		ck_assert(strcmp(local + 11, "08:00") >= 0 && strcmp(local + 11, "14:00") < 0);
		ck_assert_int_ge(due_of(a, i) - last_us, 300 * US_PER_MIN);
		last_us = due_of(a, i);
	}
	/* Standard time on the 13th, daylight time from the 14th on. */
	ck_assert(strstr(text_of(a, 0, "scheduled_at"), "2027-03-12T13:") ||
		  strstr(text_of(a, 0, "scheduled_at"), "2027-03-12T14:"));
	ck_assert(strstr(text_of(a, 8, "scheduled_at"), "2027-03-16T12:") ||
		  strstr(text_of(a, 8, "scheduled_at"), "2027-03-16T13:"));
}
END_TEST

#define DAYS   7
#define NO_DAY INT_MIN

/* A week of one slot an hour or less a day: its offset from UTC in minutes, day by day. */
static const struct {
	const char *zone, *start, *from, *to;
	int offsets[DAYS];
} weeks[] = {
	{ "America/New_York",
	  "2027-03-11",
	  "02:00",
	  "03:00",
	  { -300, -300, -300, NO_DAY, -240, -240, -240 } },
	/* What comes twice is meant the first time. */
	{ "America/New_York",
	  "2027-11-05",
	  "01:00",
	  "02:00",
	  { -240, -240, -240, -300, -300, -300, -300 } },
	{ "Africa/Cairo",
	  "2027-04-27",
	  "00:00",
	  "01:00",
	  { 120, 120, 120, NO_DAY, 180, 180, 180 } },
	{ "Africa/Cairo", "2027-10-25", "23:00", "24:00", { 180, 180, 180, 180, 120, 120, 120 } },
	{ "Australia/Lord_Howe",
	  "2027-09-30",
	  "02:00",
	  "02:30",
	  { 630, 630, 630, NO_DAY, 660, 660, 660 } },
	{ "Australia/Lord_Howe",
	  "2027-04-01",
	  "01:30",
	  "02:00",
	  { 660, 660, 660, 660, 630, 630, 630 } },
	{ "Pacific/Apia", "2027-04-01", "00:00", "01:00", { 780, 780, 780, 780, 780, 780, 780 } },
};

/* The i-th post of the plan stands on that day of the week, within the window, at that offset. */
static void check_day(const struct answer *a, size_t i, size_t week, int day)
{
	const char *local = text_of(a, i, "local_time");
	int64_t midnight_us, local_us;
	char utc[RFC3339_MAX];

	snprintf(utc, sizeof(utc), "%sT00:00:00Z", weeks[week].start);
	ck_assert_int_eq(rfc3339_parse(utc, &midnight_us), 0);
	snprintf(utc, sizeof(utc), "%sZ", local);
	ck_assert_int_eq(rfc3339_parse(utc, &local_us), 0);
	ck_assert_int_eq((local_us - midnight_us) / US_PER_DAY, day);
	ck_assert_msg(strncmp(local + 11, weeks[week].from, 5) >= 0 &&
			      strncmp(local + 11, weeks[week].to, 5) < 0,
		      "%s: %s", weeks[week].zone, local);
	ck_assert_int_eq((local_us - due_of(a, i)) / US_PER_MIN, weeks[week].offsets[day]);
}

START_TEST(weeks_of_change_are_planned_day_by_day)
{
	struct stage s;
	char path[128];

	stage_writer(&s, "{\"name\":\"Zones\"}", 10);
	snprintf(path, sizeof(path), "/api/v1/characters/%s", s.character);
	for (size_t w = 0; w < sizeof(weeks) / sizeof(weeks[0]); w++) {
		char more[80];
		size_t i = 0;
		CLEANUP(answer_free)
		struct answer *set = client_callf(
			"PATCH", path, s.p.token,
			"{\"timezone\":\"%s\",\"schedule\":{\"twitter\":{\"windows\":[{\"days\":["
			"\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],\"from\":\"%s\","
			"\"to\":\"%s\"}]}}}",
			weeks[w].zone, weeks[w].from, weeks[w].to);

		snprintf(more, sizeof(more), ",\"start_date\":\"%s\",\"dry_run\":true",
			 weeks[w].start);
		CLEANUP(answer_free) struct answer *a = stage_generate(&s, more);

		assert_status(set, 200);
		assert_status(a, 200);
		ck_assert_str_eq(answer_text(a, "timezone"), weeks[w].zone);
		for (int day = 0; day < DAYS; day++) {
			if (weeks[w].offsets[day] != NO_DAY)
				check_day(a, i++, w, day);
		}
		ck_assert_uint_eq(answer_count(a, "scheduledPosts"), i);
		ck_assert_uint_eq(answer_count(a, "unscheduled"), 10 - i);
	}
}
END_TEST

/* Three a day would be allowed: each day has one, and nobody waits longer than who came later. */
START_TEST(posts_are_spread_over_days_in_the_order_of_their_age)
{
	struct stage s;

	stage_writer(&s,
		     "{\"name\":\"Spread\",\"timezone\":\"Etc/UTC\",\"schedule\":{\"twitter\":{"
		     "\"posts_per_day\":3,\"min_gap_minutes\":60}}}",
		     7);
	CLEANUP(answer_free)
	struct answer *a = stage_generate(&s, ",\"start_date\":\"2027-06-01\"");

	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), 7);
	for (size_t i = 0; i < 7; i++) {
		char day[32], content[32];

		snprintf(day, sizeof(day), "2027-06-%02zu", i + 1);
		snprintf(content, sizeof(content), "cnt_%06zu", i + 1);
		ck_assert_int_eq(strncmp(text_of(a, i, "local_time"), day, 10), 0);
		ck_assert_int_eq(strncmp(text_of(a, i, "content_id"), content, 10), 0);
	}
}
END_TEST

START_TEST(no_two_platforms_share_a_minute)
{
	struct stage s;
	char *n;

	stage_make(&s, "{\"name\":\"Minutes\",\"timezone\":\"Europe/Berlin\"}");
	stage_account(&s, "twitter", "minutes");
	stage_account(&s, "tiktok", "minutes");
	stage_texts(&s, 2);
	free(client_sql("UPDATE contents SET kind = 'video' WHERE workspace_id = '%s'",
			s.p.workspace));
	n = fixture_media(s.p.token, FIXTURE_VIDEO);
	free(client_sql("INSERT INTO content_media (workspace_id, content_id, position, media_id) "
			"SELECT workspace_id, id, 0, '%s' FROM contents WHERE workspace_id = '%s'",
			n, s.p.workspace));
	free(n);
	CLEANUP(answer_free) struct answer *b = stage_generate(&s, "");

	assert_status(b, 201);
	ck_assert_uint_eq(answer_count(b, "scheduledPosts"), 4);
	n = client_sql("SELECT COUNT(DISTINCT due_at) FROM posts WHERE workspace_id = '%s'",
		       s.p.workspace);
	ck_assert_str_eq(n, "4");
	free(n);
}
END_TEST

/* A text too long for X stays, with the platform's own words; the others go. */
START_TEST(unfit_content_is_left_with_the_reason)
{
	struct stage s;

	stage_writer(&s, "{\"name\":\"Unfit\"}", 3);
	free(client_sql("UPDATE contents SET caption = REPEAT('long ', 200) WHERE workspace_id = "
			"'%s' AND id LIKE 'cnt\\_000002%%'",
			s.p.workspace));
	CLEANUP(answer_free) struct answer *a = stage_generate(&s, "");

	assert_status(a, 201);
	ck_assert_uint_eq(answer_count(a, "scheduledPosts"), 2);
	ck_assert_uint_eq(answer_count(a, "unscheduled"), 1);
	ck_assert_str_eq(answer_text(a, "unscheduled.0.platform"), "twitter");
	ck_assert_int_eq(strncmp(answer_text(a, "unscheduled.0.content_id"), "cnt_000002", 10), 0);
	ck_assert_uint_gt(strlen(answer_text(a, "unscheduled.0.reason")), 5);
}
END_TEST

START_TEST(what_stands_already_keeps_its_distance)
{
	struct stage s;
	char body[256];

	stage_writer(&s, "{\"name\":\"Stands\",\"timezone\":\"Etc/UTC\"}", 2);
	CLEANUP(answer_free)
	struct answer *list = client_call("GET", "/api/v1/content", s.p.token, NULL);

	snprintf(body, sizeof(body), "/api/v1/content/%s/schedule",
		 answer_text(list, "content.0.id"));
	CLEANUP(answer_free)
	struct answer *one = client_call(
		"POST", body, s.p.token,
		"{\"scheduled_at\":\"2027-06-01T10:00:00Z\",\"platforms\":[\"twitter\"]}");
	CLEANUP(answer_free)
	struct answer *same = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":1");
	CLEANUP(answer_free)
	struct answer *next = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":2");

	assert_status(one, 201);
	/* One a day, and the day has its post. */
	ck_assert_uint_eq(answer_count(same, "scheduledPosts"), 0);
	ck_assert_str_eq(answer_text(same, "unscheduled.0.code"), "no_slot");
	ck_assert_uint_eq(answer_count(next, "scheduledPosts"), 1);
	ck_assert_int_eq(strncmp(text_of(next, 0, "local_time"), "2027-06-02", 10), 0);
}
END_TEST

START_TEST(cancelled_posts_free_content_and_slot)
{
	struct stage s;
	char path[128];

	stage_writer(&s, "{\"name\":\"Free\",\"timezone\":\"Etc/UTC\"}", 1);
	CLEANUP(answer_free)
	struct answer *a = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":1");

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", text_of(a, 0, "id"));
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, s.p.token, NULL);
	CLEANUP(answer_free)
	struct answer *b = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":1");

	assert_status(gone, 204);
	assert_status(b, 201);
	ck_assert_str_eq(text_of(a, 0, "scheduled_at"), text_of(b, 0, "scheduled_at"));
	ck_assert_str_ne(text_of(a, 0, "id"), text_of(b, 0, "id"));
}
END_TEST

/* What somebody made alone is worth a look, what is beyond one call is said. */
START_TEST(ten_thousand_items_are_taken_a_thousand_at_a_time)
{
	struct stage s;

	stage_writer(&s, "{\"name\":\"Many\",\"timezone\":\"Etc/UTC\"}", 10000);
	CLEANUP(answer_free) struct answer *a = stage_generate(&s, ",\"days\":90");

	assert_status(a, 201);
	ck_assert_uint_ge(answer_count(a, "scheduledPosts"), 89);
	ck_assert_uint_eq(answer_count(a, "scheduledPosts") + answer_count(a, "unscheduled"), 1000);
	ck_assert(answer_bool(a, "has_more"));
	ck_assert_int_eq(stage_posts(&s), (int64_t)answer_count(a, "scheduledPosts"));
}
END_TEST

struct bad {
	const char *more, *pointer;
};

static const struct bad bad_bodies[] = {
	{ ",\"days\":0", "/days" },
	{ ",\"days\":91", "/days" },
	{ ",\"days\":\"7\"", "/days" },
	{ ",\"start_date\":\"soon\"", "/start_date" },
	{ ",\"start_date\":\"2027-02-30\"", "/start_date" },
	{ ",\"start_date\":\"2190-01-01T00:00:00Z\"", "/start_date" },
	{ ",\"platforms\":[]", "/platforms" },
	{ ",\"platforms\":[\"myspace\"]", "/platforms/0" },
	{ ",\"dry_run\":1", "/dry_run" },
	{ ",\"start\":\"2027-01-01\"", "/start" },
};

START_TEST(bad_body_is_refused_by_name)
{
	struct stage s;

	stage_writer(&s, "{\"name\":\"Bad\"}", 1);
	CLEANUP(answer_free) struct answer *a = stage_generate(&s, bad_bodies[_i].more);

	assert_invalid(a, bad_bodies[_i].pointer, NULL);
	ck_assert_int_eq(stage_posts(&s), 0);
}
END_TEST

START_TEST(character_of_another_workspace_is_not_there)
{
	struct stage s, other;

	stage_make(&s, "{\"name\":\"Mine\"}");
	stage_make(&other, "{\"name\":\"Theirs\"}");
	stage_account(&s, "twitter", "mine");
	stage_texts(&other, 1);
	snprintf(s.character, sizeof(s.character), "%s", other.character);
	CLEANUP(answer_free) struct answer *a = stage_generate(&s, "");

	assert_problem(a, 404, "not_found");
}
END_TEST

START_TEST(platforms_without_account_are_said_when_named)
{
	struct stage s;

	stage_make(&s, "{\"name\":\"Named\"}");
	stage_texts(&s, 1);
	CLEANUP(answer_free) struct answer *none = stage_generate(&s, "");

	stage_account(&s, "twitter", "one");
	CLEANUP(answer_free)
	struct answer *other = stage_generate(&s, ",\"platforms\":[\"pinterest\"]");

	stage_account(&s, "twitter", "two");
	CLEANUP(answer_free)
	struct answer *named = stage_generate(&s, ",\"platforms\":[\"twitter\"]");
	CLEANUP(answer_free) struct answer *all = stage_generate(&s, "");

	assert_problem(none, 422, "account_not_connected");
	assert_problem(other, 422, "account_not_connected");
	assert_problem(named, 422, "account_ambiguous");
	assert_status(all, 200);
	ck_assert_str_eq(answer_text(all, "unscheduled.0.code"), "account_ambiguous");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ reference_generate_a_smart_schedule, 0 },
		{ second_call_schedules_nothing_twice, 0 },
		{ clients_at_once_schedule_nothing_twice, 0 },
		{ characters_of_one_account_keep_clear_of_each_other, 0 },
		{ dry_run_says_the_same_and_writes_nothing, 0 },
		{ rules_of_the_character_hold_across_a_change_of_clocks, 0 },
		{ weeks_of_change_are_planned_day_by_day, 0 },
		{ posts_are_spread_over_days_in_the_order_of_their_age, 0 },
		{ no_two_platforms_share_a_minute, 0 },
		{ unfit_content_is_left_with_the_reason, 0 },
		{ what_stands_already_keeps_its_distance, 0 },
		{ cancelled_posts_free_content_and_slot, 0 },
		{ ten_thousand_items_are_taken_a_thousand_at_a_time, 0 },
		{ bad_body_is_refused_by_name, (int)(sizeof(bad_bodies) / sizeof(bad_bodies[0])) },
		{ character_of_another_workspace_is_not_there, 0 },
		{ platforms_without_account_are_said_when_named, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "generate",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SOCKET"),
		.after = fixtures_done,
		.timeout_s = 180,
		.cases = cases,
	});
}

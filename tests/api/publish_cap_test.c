/* SPDX-License-Identifier: Apache-2.0 */
/* publish_cap_per_day of an API key: counted by the post and the UTC day. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/connector.h"
#include "support/fixtures.h"
#include "support/suite.h"

#define CAP 2

static struct persona persona;
static char *account, *key;

static void begin(void)
{
	struct person person;

	persona_make(&persona, NULL, "owner");
	person_make(&person, 1);
	account = connect_instagram(persona.token, &person, "live");
	CLEANUP(answer_free)
	struct answer *a = client_callf("POST", "/api/v1/api-keys", persona.token,
					"{\"name\":\"capped\",\"publish_cap_per_day\":%d}", CAP);

	assert_status(a, 201);
	key = strdup(answer_text(a, "secret"));
}

static void finish(void)
{
	free(account);
	free(key);
}

static char *content(void)
{
	return fixture_approved(persona.token, "image", "Capped");
}

/* Schedules a content of its own (or the one given) on that day at that hour. */
static struct answer *schedule(const char *token, const char *what, const char *when)
{
	char *own = what ? NULL : content(), path[120];
	struct answer *a;

	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", what ? what : own);
	a = client_callf("POST", path, token, "{\"scheduled_at\":\"%s\",\"account_ids\":[\"%s\"]}",
			 when, account);
	free(own);
	return a;
}

static void expect(struct answer *a, int status)
{
	assert_status(a, status);
	answer_free(a);
}

static void refuse(struct answer *a)
{
	assert_problem(a, 429, "publish_cap_reached");
	ck_assert_int_gt(atol(answer_header(a, "retry-after")), 0);
	answer_free(a);
}

static int posts(void)
{
	char *n = client_sql("SELECT COUNT(*) FROM posts WHERE workspace_id = '%s'",
			     persona.workspace);
	int all = (int)strtol(n, NULL, 10);

	free(n);
	return all;
}

START_TEST(day_takes_so_many_posts_and_the_next_day_as_many_again)
{
	char *same = content();

	expect(schedule(key, same, "2098-03-01T00:00:00Z"), 201);
	expect(schedule(key, NULL, "2098-03-01T23:59:59Z"), 201);
	refuse(schedule(key, NULL, "2098-03-01T12:00:00Z"));
	ck_assert_int_eq(posts(), CAP);
	/* Asking for the same once more is no further post. */
	expect(schedule(key, same, "2098-03-01T00:00:00Z"), 201);
	expect(schedule(key, NULL, "2098-03-02T00:00:00Z"), 201);
	/* Others are not bound by it. */
	expect(schedule(persona.token, NULL, "2098-03-01T12:30:00Z"), 201);
	free(same);
}
END_TEST

START_TEST(post_that_is_moved_counts_on_its_new_day)
{
	char path[100];

	expect(schedule(key, NULL, "2098-04-01T01:00:00Z"), 201);
	expect(schedule(key, NULL, "2098-04-01T02:00:00Z"), 201);
	struct answer *a = schedule(key, NULL, "2098-04-02T01:00:00Z");

	assert_status(a, 201);
	snprintf(path, sizeof(path), "/api/v1/schedule/%s", answer_text(a, "scheduled_posts.0.id"));
	answer_free(a);
	refuse(client_call("PATCH", path, key, "{\"scheduled_at\":\"2098-04-01T03:00:00Z\"}"));
	expect(client_call("PATCH", path, key, "{\"scheduled_at\":\"2098-04-02T03:00:00Z\"}"), 200);
}
END_TEST

START_TEST(publishing_at_once_counts_today_and_each_post_once)
{
	char *first = content(), *second = content(), *third = content();
	char path[100];

	for (int i = 0; i < 2; i++) /* the second time it is live already */
		expect(client_callf("POST", "/api/v1/public/publish", key,
				    "{\"content_id\":\"%s\",\"platform\":\"instagram\"}", first),
		       200);
	expect(client_callf("POST", "/api/v1/public/publish", key,
			    "{\"content_id\":\"%s\",\"platform\":\"instagram\"}", second),
	       200);
	refuse(client_callf("POST", "/api/v1/public/publish", key,
			    "{\"content_id\":\"%s\",\"platform\":\"instagram\"}", third));
	/* A post of somebody else is no way around it. */
	struct answer *a = schedule(persona.token, third, "2098-05-01T01:00:00Z");

	assert_status(a, 201);
	snprintf(path, sizeof(path), "/api/v1/schedule/%s/publish-now",
		 answer_text(a, "scheduled_posts.0.id"));
	answer_free(a);
	refuse(client_call("POST", path, key, NULL));
	free(first);
	free(second);
	free(third);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ day_takes_so_many_posts_and_the_next_day_as_many_again, 0 },
		{ post_that_is_moved_counts_on_its_new_day, 0 },
		{ publishing_at_once_counts_today_and_each_post_once, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "publish_cap",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SANDBOX_URL",
				     "CARILLON_SOCKET"),
		.setup = begin,
		.teardown = finish,
		.after = fixtures_done,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What each hour of the week is worth, assumed and learned, and that plans go by it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/stage.h"
#include "support/suite.h"

static struct answer *weights(const struct stage *s)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/schedule/weights?character_id=%s", s->character);
	return client_call("GET", path, s->p.token, NULL);
}

static double weight_at(const struct answer *a, int weekday, int hour, const char *member)
{
	char path[80];

	snprintf(path, sizeof(path), "platforms.0.weights.%d.%s", weekday * 24 + hour, member);
	return json_number_value(answer_at(a, path));
}

/* Posts at three in the morning that did far better than all others: there the next one goes. */
START_TEST(own_results_take_the_place_of_what_is_assumed)
{
	struct stage s;
	char path[128];

	stage_writer(&s,
		     "{\"name\":\"Owl\",\"timezone\":\"America/New_York\",\"schedule\":{"
		     "\"twitter\":{\"windows\":[{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\","
		     "\"fri\",\"sat\",\"sun\"],\"from\":\"00:00\",\"to\":\"24:00\"}]}}}",
		     81);
	CLEANUP(answer_free) struct answer *before = weights(&s);
	CLEANUP(answer_free)
	struct answer *made = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":80");

	assert_status(before, 200);
	ck_assert_uint_eq(answer_count(before, "platforms.0.weights"), 168);
	ck_assert_double_eq(weight_at(before, 2, 3, "weight"), weight_at(before, 2, 3, "prior"));
	ck_assert_uint_eq(answer_count(made, "scheduledPosts"), 80);
	/* Forty on Wednesdays at three, well received, forty on Mondays at nine, hardly. */
	free(client_sql("UPDATE posts SET state = 'published', due_at = '2026-06-01 13:00:00' + "
			"INTERVAL (due_at > '2027-07-10') SECOND WHERE "
			"workspace_id = '%s'",
			s.p.workspace));
	free(client_sql(
		"INSERT INTO post_results (workspace_id, post_id, account_id, published_at, score) "
		"SELECT workspace_id, id, account_id, IF(SECOND(due_at) = 1, "
		"'2026-06-03 07:30:00', '2026-06-01 13:30:00'), IF(SECOND(due_at) = 1, 7, 2) FROM "
		"posts WHERE workspace_id = '%s'",
		s.p.workspace));
	snprintf(path, sizeof(path), "/api/v1/characters/%s", s.character);
	CLEANUP(answer_free)
	struct answer *narrow = client_call(
		"PATCH", path, s.p.token,
		"{\"schedule\":{\"twitter\":{\"windows\":[{\"days\":[\"mon\"],\"from\":\"09:00\","
		"\"to\":\"10:00\"},{\"days\":[\"wed\"],\"from\":\"03:00\",\"to\":\"04:00\"}]}}}");
	assert_status(narrow, 200);
	CLEANUP(answer_free) struct answer *after = weights(&s);
	CLEANUP(answer_free)
	struct answer *next = stage_generate(&s, ",\"start_date\":\"2027-06-01\",\"days\":7");

	ck_assert_int_ge((int)weight_at(after, 2, 3, "posts"), 30);
	ck_assert_double_gt(weight_at(after, 2, 3, "weight"),
			    weight_at(after, 2, 3, "prior") * 1.3);
	ck_assert_double_lt(weight_at(after, 0, 9, "weight"), weight_at(after, 0, 9, "prior"));
	ck_assert_double_eq(weight_at(after, 4, 9, "weight"), weight_at(after, 4, 9, "prior"));
	ck_assert_uint_eq(answer_count(next, "scheduledPosts"), 1);
	ck_assert_int_eq(
		strncmp(answer_text(next, "scheduledPosts.0.local_time"), "2027-06-02T03:", 14), 0);
	ck_assert_ptr_nonnull(strstr(answer_text(next, "scheduledPosts.0.reason"), "own posts"));
}
END_TEST

START_TEST(weights_of_nobody_are_refused)
{
	struct stage s;

	stage_make(&s, "{\"name\":\"None\"}");
	CLEANUP(answer_free)
	struct answer *unnamed = client_call("GET", "/api/v1/schedule/weights", s.p.token, NULL);

	snprintf(s.character, sizeof(s.character), "char_absent");
	CLEANUP(answer_free) struct answer *absent = weights(&s);

	assert_invalid(unnamed, "character_id", "required");
	assert_problem(absent, 404, "not_found");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ own_results_take_the_place_of_what_is_assumed, 0 },
		{ weights_of_nobody_are_refused, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "weights",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SOCKET"),
		.timeout_s = 120,
		.cases = cases,
	});
}

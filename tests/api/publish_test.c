/* SPDX-License-Identifier: Apache-2.0 */
/* publish-now and public/publish, to the sandbox's truth log and back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "crypto/random.h"
#include "support/client.h"
#include "support/fixtures.h"
#include "support/suite.h"

static char *fresh_caption(char ret[static ID_MAX])
{
	random_id(ret, "cap");
	return ret;
}

static char *schedule(const char *content, int64_t seconds)
{
	char at[RFC3339_MAX], path[128];

	rfc3339_print(clock_real_us() + seconds * US_PER_S, at);
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *a =
		client_callf("POST", path, CLIENT_TOKEN,
			     "{\"scheduled_at\":\"%s\",\"platforms\":[\"instagram\"]}", at);

	assert_status(a, 201);
	return strdup(answer_text(a, "scheduled_posts.0.id"));
}

static struct answer *publish_now(const char *post)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/schedule/%s/publish-now", post);
	return client_call("POST", path, CLIENT_TOKEN, NULL);
}

/* The example of the reference: without a body, and its members in the answer. */
START_TEST(reference_publish_now)
{
	char caption[ID_MAX], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption));
	char *post = schedule(content, 86400);
	CLEANUP(answer_free) struct answer *a = publish_now(post);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "scheduled_post.id"), post);
	ck_assert_str_eq(answer_text(a, "scheduled_post.status"), "published");
	ck_assert_str_eq(answer_text(a, "scheduled_post.remote_post_id"),
			 answer_text(a, "publish_result.remote_post_id"));
	ck_assert_uint_eq(answer_count(a, "publish_result.media_urls"), 1);
	ck_assert_uint_eq(client_objects(caption), 1);
	free(account);
	free(content);
	free(post);
}
END_TEST

START_TEST(publish_now_twice_is_one_post)
{
	char caption[ID_MAX], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption));
	char *post = schedule(content, 86400);
	CLEANUP(answer_free) struct answer *a = publish_now(post);
	CLEANUP(answer_free) struct answer *b = publish_now(post);

	assert_status(a, 200);
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "publish_result.remote_post_id"),
			 answer_text(b, "publish_result.remote_post_id"));
	ck_assert_uint_eq(client_objects(caption), 1);
	free(account);
	free(content);
	free(post);
}
END_TEST

START_TEST(publish_now_of_a_cancelled_post_is_refused)
{
	char caption[ID_MAX], path[128], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption));
	char *post = schedule(content, 86400);

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", post);
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, CLIENT_TOKEN, NULL);
	CLEANUP(answer_free) struct answer *a = publish_now(post);

	assert_status(gone, 204);
	assert_problem(a, 409, "post_cancelled");
	ck_assert_uint_eq(client_objects(caption), 0);
	free(account);
	free(content);
	free(post);
}
END_TEST

START_TEST(publish_now_of_an_edited_content_is_refused)
{
	char caption[ID_MAX], path[128], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption));
	char *post = schedule(content, 86400);

	snprintf(path, sizeof(path), "/api/v1/content/%s", content);
	CLEANUP(answer_free)
	struct answer *edit = client_call("PATCH", path, CLIENT_TOKEN, "{\"title\":\"later\"}");
	CLEANUP(answer_free) struct answer *a = publish_now(post);

	assert_status(edit, 200);
	assert_problem(a, 409, "post_paused");
	ck_assert_uint_eq(client_objects(caption), 0);
	free(account);
	free(content);
	free(post);
}
END_TEST

START_TEST(publish_now_of_an_absent_post_is_404)
{
	CLEANUP(answer_free) struct answer *a = publish_now("sch_01HZX73K8M9N0P1Q2R3S4T5U6V");

	assert_problem(a, 404, "not_found");
}
END_TEST

static struct answer *public_publish(const char *key, const char *content, const char *more)
{
	return client_callf("POST", "/api/v1/public/publish", key,
			    "{\"content_id\":\"%s\",\"platform\":\"instagram\"%s}", content, more);
}

START_TEST(reference_public_publish)
{
	char caption[ID_MAX], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption)), more[80];

	snprintf(more, sizeof(more), ",\"account_id\":\"%s\"", account);
	CLEANUP(answer_free) struct answer *a = public_publish(CLIENT_TOKEN, content, more);
	CLEANUP(answer_free) struct answer *b = public_publish(CLIENT_TOKEN, content, more);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "scheduled_post.status"), "published");
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(a, "scheduled_post.id"), answer_text(b, "scheduled_post.id"));
	ck_assert_uint_eq(client_objects(caption), 1);
	free(account);
	free(content);
}
END_TEST

START_TEST(public_publish_of_a_future_time_only_schedules)
{
	char caption[ID_MAX], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", fresh_caption(caption));
	CLEANUP(answer_free)
	struct answer *a =
		public_publish(CLIENT_TOKEN, content, ",\"scheduled_at\":\"2031-01-01T00:00:00Z\"");

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "scheduled_post.status"), "pending");
	ck_assert_uint_eq(client_objects(caption), 0);
	free(account);
	free(content);
}
END_TEST

START_TEST(public_publish_checks_content_and_platform)
{
	char *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "image", "checks");
	CLEANUP(answer_free) struct answer *absent = public_publish(CLIENT_TOKEN, "cnt_absent", "");
	CLEANUP(answer_free)
	struct answer *draft =
		client_call("POST", "/api/v1/content", CLIENT_TOKEN, "{\"kind\":\"image\"}");
	CLEANUP(answer_free)
	struct answer *refused = public_publish(CLIENT_TOKEN, answer_text(draft, "id"), "");
	CLEANUP(answer_free)
	struct answer *foreign =
		client_callf("POST", "/api/v1/public/publish", CLIENT_TOKEN,
			     "{\"content_id\":\"%s\",\"platform\":\"myspace\"}", content);

	assert_problem(absent, 404, "not_found");
	assert_problem(refused, 409, "content_not_approved");
	assert_invalid(foreign, "/platform", NULL);
	free(account);
	free(content);
}
END_TEST

START_TEST(scheduled_post_goes_out_by_the_runner)
{
	char caption[ID_MAX], path[128], *account = fixture_account(CLIENT_TOKEN);
	char *content = fixture_approved(CLIENT_TOKEN, "video", fresh_caption(caption));
	char *post = schedule(content, 5);
	bool is_over = false;

	snprintf(path, sizeof(path), "/api/v1/schedule/%s", post);
	for (int i = 0; i < 480 && !is_over; i++) {
		CLEANUP(answer_free)
		struct answer *a = client_call("GET", path, CLIENT_TOKEN, NULL);
		struct timespec nap = { 0, 250000000 };

		is_over = strcmp(answer_text(a, "status"), "pending") != 0;
		if (is_over)
			ck_assert_msg(strcmp(answer_text(a, "status"), "published") == 0, "%s",
				      a->body);
		else
			nanosleep(&nap, NULL);
	}
	ck_assert(is_over);
	ck_assert_uint_eq(client_objects(caption), 1);
	free(account);
	free(content);
	free(post);
}
END_TEST

static void make_fixtures(void)
{
	fixture_path(FIXTURE_JPEG);
	fixture_path(FIXTURE_VIDEO);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ reference_publish_now, 0 },
		{ publish_now_twice_is_one_post, 0 },
		{ publish_now_of_a_cancelled_post_is_refused, 0 },
		{ publish_now_of_an_edited_content_is_refused, 0 },
		{ publish_now_of_an_absent_post_is_404, 0 },
		{ reference_public_publish, 0 },
		{ public_publish_of_a_future_time_only_schedules, 0 },
		{ public_publish_checks_content_and_platform, 0 },
		{ scheduled_post_goes_out_by_the_runner, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "publish",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_CONF", "CARILLON_SANDBOX_URL"),
		.before = make_fixtures,
		.after = fixtures_done,
		.timeout_s = 150,
		.cases = cases,
	});
}

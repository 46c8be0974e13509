/* SPDX-License-Identifier: Apache-2.0 */
/* publish-now behind whose answer the platform stays silent: half of the pool is kept free of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/connector.h"
#include "support/fixtures.h"
#include "support/suite.h"

#define TAILS   8 /* half of the platform pool's 16 workers */
#define HANG_MS 25000

static struct persona persona;

/* A post far ahead, on an account of its own whose next publication the platform will not answer. */
static char *silent_post(void)
{
	struct person person;
	char *account, *content, *post, path[100], fault[300];

	person_make(&person, 1);
	account = connect_instagram(persona.token, &person, "live");
	content = fixture_approved(persona.token, "image", "Silence");
	snprintf(path, sizeof(path), "/api/v1/content/%s/schedule", content);
	CLEANUP(answer_free)
	struct answer *a = client_callf(
		"POST", path, persona.token,
		"{\"scheduled_at\":\"2098-01-01T00:00:00Z\",\"account_ids\":[\"%s\"]}", account);

	assert_status(a, 201);
	snprintf(fault, sizeof(fault),
		 "{\"platform\":\"instagram\",\"point\":\"net.hang_after\",\"params\":{\"ms\":%d},"
		 "\"match\":{\"account\":\"%s\",\"endpoint\":\"media_publish\"}}",
		 HANG_MS, person.account[0]);
	sandbox_post("/_control/faults", fault, 201);
	post = strdup(answer_text(a, "scheduled_posts.0.id"));
	free(account);
	free(content);
	return post;
}

static struct answer *publish_now(const char *post)
{
	static const char *const headers[] = { "Prefer: wait=8", NULL };
	char path[100];

	snprintf(path, sizeof(path), "/api/v1/schedule/%s/publish-now", post);
	return client_send(&(struct call){
		.method = "POST", .path = path, .token = persona.token, .headers = headers });
}

START_TEST(pool_keeps_half_of_its_workers_free)
{
	char *posts[TAILS], *one_more;
	pid_t clients[TAILS];
	struct answer *a;

	persona_make(&persona, NULL, "owner");
	for (int i = 0; i < TAILS; i++)
		posts[i] = silent_post();
	one_more = silent_post();
	for (int i = 0; i < TAILS; i++) {
		clients[i] = fork();
		if (clients[i] == 0) {
			a = publish_now(posts[i]);
			_exit(a->status == 202 ? 0 : 1);
		}
	}
	for (int i = 0; i < TAILS; i++) {
		int status = 0;

		ck_assert_int_eq(waitpid(clients[i], &status, 0), clients[i]);
		ck_assert_int_eq(status, 0);
		free(posts[i]);
	}
	a = publish_now(one_more);
	assert_problem(a, 503, "publish_busy");
	ck_assert_int_gt(atol(answer_header(a, "retry-after")), 0);
	answer_free(a);
	/* The rest of the pool works, and publishing does again once the platform has spoken. */
	a = client_call("GET", "/api/v1/integrations", persona.token, NULL);
	assert_status(a, 200);
	while (answer_free(a), a = publish_now(one_more), a->status == 503)
		sleep(1);
	assert_status(a, 202);
	answer_free(a);
	free(one_more);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ pool_keeps_half_of_its_workers_free, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "publish_tail",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SANDBOX_URL",
				     "CARILLON_SOCKET"),
		.after = fixtures_done,
		.timeout_s = 180,
		.cases = cases,
	});
}

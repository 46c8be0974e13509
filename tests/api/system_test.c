/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/suite.h"

START_TEST(health_needs_no_token)
{
	struct answer *a CLEANUP(answer_free) = client_call("GET", "/api/v1/health", NULL, NULL);
	struct answer *b CLEANUP(answer_free) =
		client_call("GET", "/api/v1/health", "at_nonsense", NULL);

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "status"), "ok");
	ck_assert_str_eq(answer_text(a, "database"), "ok");
	assert_status(b, 200);
}
END_TEST

START_TEST(publish_health_tells_figures)
{
	static const char *const figures[] = { "runners",        "oldest_due_age_s",
					       "stuck",          "unconfirmed",
					       "clock_skew_ms",  "expiring_tokens",
					       "broken_accounts" };
	struct answer *a CLEANUP(answer_free) =
		client_call("GET", "/api/v1/health/publish", NULL, NULL);
	size_t i;

	ck_assert(a->status == 200 || a->status == 503);
	ck_assert_str_eq(answer_text(a, "status"), a->status == 200 ? "ok" : "down");
	ck_assert(answer_is_null(a, "reason") == (a->status == 200));
	ck_assert((answer_header(a, "Retry-After") != NULL) == (a->status == 503));
	for (i = 0; i < ARRAY_LEN(figures); i++)
		(void)answer_int(a, figures[i]);
}
END_TEST

START_TEST(metrics_are_prometheus_text)
{
	struct answer *a CLEANUP(answer_free) = client_call("GET", "/metrics", NULL, NULL);

	assert_status(a, 200);
	ck_assert_int_eq(strncmp(answer_header(a, "Content-Type"), "text/plain; version=0.0.4", 25),
			 0);
	ck_assert_ptr_nonnull(strstr(a->body, "\ncarillon_database_up 1\n"));
	ck_assert_ptr_nonnull(strstr(a->body, "# TYPE carillon_posts_stuck gauge\n"));
}
END_TEST

START_TEST(upload_is_authorised_before_its_body)
{
	struct persona viewer;
	const struct call none = {
		.method = "POST", .path = "/api/v1/media", .body = "x", .content_type = "image/jpeg"
	};
	struct call weak = none;

	persona_make(&viewer, NULL, "viewer");
	weak.token = viewer.token;
	struct answer *a CLEANUP(answer_free) = client_send(&none);
	struct answer *b CLEANUP(answer_free) = client_send(&weak);

	assert_problem(a, 401, "authentication_required");
	assert_problem(b, 403, "insufficient_scope");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ health_needs_no_token, 0 },
		{ publish_health_tells_figures, 0 },
		{ metrics_are_prometheus_text, 0 },
		{ upload_is_authorised_before_its_body, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "system",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_SOCKET"),
		.cases = cases,
	});
}

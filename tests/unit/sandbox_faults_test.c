/* SPDX-License-Identifier: Apache-2.0 */
/* What the sandbox does wrong on purpose, and that its truth log is right all the same. */
#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_client.h"
#include "support/suite.h"

/* clang-format off */
static const struct { const char *point; int curl; long status; size_t objects; } faults[] = {
	{ "publish.commit_then_drop_connection", CURLE_RECV_ERROR,   0,   1 },
	{ "publish.drop_before_commit",          CURLE_RECV_ERROR,   0,   0 },
	{ "publish.error_then_live",             CURLE_OK,           403, 1 },
	{ "publish.not_ready",                   CURLE_OK,           400, 0 },
	{ "publish.5xx",                         CURLE_OK,           500, 0 },
	{ "publish.commit_then_5xx",             CURLE_OK,           500, 1 },
	{ "quota.exhausted",                     CURLE_OK,           403, 0 },
	{ "buc.throttle",                        CURLE_OK,           400, 0 },
	{ "token.expire_now",                    CURLE_OK,           401, 0 },
	{ "net.rst_before",                      CURLE_RECV_ERROR,   0,   0 },
	{ "net.rst_after",                       CURLE_RECV_ERROR,   0,   1 },
	{ "net.close_before",                    CURLE_GOT_NOTHING,  0,   0 },
	{ "net.close_after",                     CURLE_GOT_NOTHING,  0,   1 },
	{ "net.hang_after",                      CURLE_RECV_ERROR,   0,   1 },
	{ "net.hang_before",                     CURLE_RECV_ERROR,   0,   0 },
	{ "net.late",                            CURLE_RECV_ERROR,   0,   1 },
	{ "net.truncate",                        CURLE_PARTIAL_FILE, 200, 1 },
	{ "net.wrong_length",                    CURLE_OK,           200, 1 },
	{ "net.slow",                            CURLE_OK,           200, 1 },
	{ "http.html_502",                       CURLE_OK,           502, 0 },
	{ "http.5xx_after",                      CURLE_OK,           500, 1 },
	{ "http.429_before",                     CURLE_OK,           429, 0 },
	{ "http.redirect",                       CURLE_OK,           302, 0 },
	{ "http.empty_body",                     CURLE_OK,           200, 1 },
	{ "http.nested_body",                    CURLE_OK,           200, 1 },
	{ "http.huge_body",                      CURLE_OK,           200, 1 },
	{ "http.gzip_bomb",                      CURLE_OK,           200, 1 },
};
/* clang-format on */

START_TEST(fault_hits_once_and_the_truth_knows)
{
	const char *c = client_created("image_url=@/jpg/1080/1080&caption=victim");
	CLEANUP(client_answer_done) struct answer a = { 0 };
	char rule[512];

	snprintf(rule, sizeof(rule),
		 "{\"platform\":\"instagram\",\"point\":\"%s\",\"match\":{\"account\":"
		 "\"acmebakery\",\"caption_contains\":\"vic\",\"endpoint\":\"media_publish\"},"
		 "\"params\":{\"ms\":100,\"late_ms\":100,\"ms_per_byte\":2}}",
		 faults[_i].point);
	client_control("faults", rule);
	a = client_publish(c);
	ck_assert_msg(a.curl == faults[_i].curl, "%s: curl %d", faults[_i].point, a.curl);
	ck_assert_msg(a.status == faults[_i].status, "%s: %ld", faults[_i].point, a.status);
	ck_assert_uint_eq(client_truth("victim"), faults[_i].objects);
}
END_TEST

START_TEST(plan_is_a_function_of_its_seed)
{
	CLEANUP(client_answer_done)
	struct answer a =
		client_ask("GET",
			   client_url("/_control/plan?platform=instagram&"
				      "endpoint=media_publish&account=1&rate=0.3&n=200&seed=%d",
				      7),
			   NULL, "");
	CLEANUP(client_answer_done)
	struct answer b =
		client_ask("GET",
			   client_url("/_control/plan?platform=instagram&"
				      "endpoint=media_publish&account=1&rate=0.3&n=200&seed=%d",
				      7),
			   NULL, "");
	CLEANUP(client_answer_done)
	struct answer c =
		client_ask("GET",
			   client_url("/_control/plan?platform=instagram&"
				      "endpoint=media_publish&account=1&rate=0.3&n=200&seed=%d",
				      8),
			   NULL, "");
	size_t hits = 0;

	ck_assert_int_eq(json_equal(a.json, b.json), 1);
	ck_assert_int_eq(json_equal(a.json, c.json), 0);
	for (size_t i = 0; i < 200; i++)
		hits += json_is_string(json_array_get(json_object_get(a.json, "calls"), i));
	ck_assert_uint_ge(hits, 30);
	ck_assert_uint_le(hits, 90);
}
END_TEST

/* While the door is shut nobody gets in at all; who is in stays. */
START_TEST(shut_door_refuses_and_opens_again)
{
	const char *health = client_url("/_control/health?n=%d", 1);
	CLEANUP(client_answer_done) struct answer a = { 0 };
	int refused = 0;

	/* It falls shut in a moment; a test that waits for ever ends by its time. */
	client_control("door", "{\"shut_ms\":1000}");
	do {
		client_answer_done(&a);
		a = client_ask("GET", health, NULL, NULL);
		refused += a.curl == CURLE_COULDNT_CONNECT;
	} while (refused == 0 || a.curl == CURLE_COULDNT_CONNECT);
	ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(garbage_does_not_hurt)
{
	static const char *const paths[] = { "/",
					     "//",
					     "/instagram",
					     "/instagram/",
					     "/instagram/v25.0",
					     "/instagram/v25.0/%00/%ff%fe",
					     "/instagram/vx/me",
					     "/_control",
					     "/instagram/v25.0/me?fields=%7B%7B%7B&&=&%" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char full[256];
		CLEANUP(client_answer_done) struct answer a = { 0 };

		snprintf(full, sizeof(full), "%s%s", client.sandbox->base_url, paths[i]);
		a = client_ask("GET", full, NULL, NULL);
		ck_assert_msg(a.status >= 400, "%s: %ld", paths[i], a.status);
	}
	client_control("faults/clear", "{}");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fault_hits_once_and_the_truth_knows, (int)ARRAY_LEN(faults) },
		{ plan_is_a_function_of_its_seed, 0 },
		{ shut_door_refuses_and_opens_again, 0 },
		{ garbage_does_not_hurt, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "sandbox_faults",
		.setup = client_setup,
		.teardown = client_teardown,
		.cases = cases,
	});
}

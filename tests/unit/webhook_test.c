/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, filters and waits of webhooks. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mask.h"
#include "crypto/digest.h"
#include "crypto/websign.h"
#include "domain/webhook.h"
#include "store/eventview.h"
#include "support/suite.h"

/* The test vector that Standard Webhooks publishes with its libraries. */
#define VECTOR_SECRET    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" /* behind whsec_ */
#define VECTOR_ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define VECTOR_TIME      1614265330
#define VECTOR_BODY      "{\"test\": 2432232314}"
#define VECTOR_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static const struct websign_message vector = { VECTOR_ID, VECTOR_BODY, sizeof(VECTOR_BODY) - 1,
					       VECTOR_TIME };

static void read_secret(const char *text, struct websign_secret *ret)
{
	ck_assert_int_eq(
		digest_unbase64url(text, strlen(text), ret->bytes, sizeof(ret->bytes), &ret->n), 0);
}

START_TEST(signature_is_that_of_the_published_vector)
{
	char text[WEBSIGN_SIGNATURE_MAX];
	struct websign_secret secret;

	read_secret(VECTOR_SECRET, &secret);
	websign_print(&vector, &secret, 1, text);
	ck_assert_str_eq(text, VECTOR_SIGNATURE);
}
END_TEST

START_TEST(two_secrets_give_two_signatures)
{
	char text[2 * WEBSIGN_SIGNATURE_MAX], other[WEBSIGN_SIGNATURE_MAX];
	struct websign_secret secrets[2];

	websign_make(&secrets[0]);
	read_secret(VECTOR_SECRET, &secrets[1]);
	websign_print(&vector, &secrets[0], 1, other);
	websign_print(&vector, secrets, 2, text);
	ck_assert_uint_eq(strlen(text), 2 * strlen(VECTOR_SIGNATURE) + 1);
	ck_assert_int_eq(strncmp(text, other, strlen(other)), 0);
	ck_assert_str_eq(text + strlen(other), " " VECTOR_SIGNATURE);
}
END_TEST

START_TEST(secret_is_printed_as_whsec_and_masked_in_logs)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char text[WEBSIGN_SECRET_TEXT_MAX], line[120];
	struct websign_secret secret;

	for (size_t i = 0; i < WEBSIGN_SECRET_BYTES; i++)
		secret.bytes[i] = (uint8_t)(0xfb - i); /* gives '+' and '/' */
	secret.n = WEBSIGN_SECRET_BYTES;
	websign_print_secret(&secret, text);
	ck_assert_uint_eq(strlen(text), WEBSIGN_SECRET_TEXT_MAX - 1);
	ck_assert_int_eq(strncmp(text, "whsec_+/", 8), 0);
	(void)snprintf(line, sizeof(line), "detail=\"%s\" next", text);
	mask_add(&out, line, strlen(line));
	ck_assert_str_eq(buf_str(&out), "detail=\"whsec_***\" next");
}
END_TEST

static const struct {
	const char *list, *name;
	bool wanted;
} filters[] = {
	{ NULL, "post.published", true },
	{ "post.published", "post.published", true },
	{ "post.failed post.published", "post.published", true },
	{ "post.published post.failed", "post.published", true },
	{ "post.failed", "post.published", false },
	{ "post.publishedx", "post.published", false },
	{ "post.publish", "post.published", false },
	{ "", "post.published", false },
};

START_TEST(filter_takes_whole_names)
{
	ck_assert(webhook_wants(filters[_i].list, filters[_i].name) == filters[_i].wanted);
}
END_TEST

START_TEST(all_names_are_known_and_fit)
{
	size_t bytes = 0;

	for (const char *const *name = webhook_event_names; *name; name++) {
		ck_assert(webhook_event_is_known(*name));
		bytes += strlen(*name) + 1;
	}
	ck_assert_uint_le(bytes, WEBHOOK_EVENTS_BYTES);
	ck_assert(!webhook_event_is_known(WEBHOOK_TEST));
	ck_assert(!webhook_event_is_known("post"));
}
END_TEST

START_TEST(waits_are_those_of_the_standard)
{
	static const int64_t waits_s[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };

	for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
		const int64_t failed = (int64_t)i + 1, us = waits_s[i] * US_PER_S;

		ck_assert_int_eq(webhook_wait_us(failed, -1, 0), us);
		ck_assert_int_gt(webhook_wait_us(failed, -1, UINT32_MAX), us);
		ck_assert_int_le(webhook_wait_us(failed, -1, UINT32_MAX), us + us / 10);
	}
	ck_assert_int_eq(webhook_wait_us(WEBHOOK_TRIES, -1, 0), -1);
	ck_assert_int_eq(webhook_wait_us(WEBHOOK_TRIES + 5, 10, 0), -1);
}
END_TEST

START_TEST(peer_is_waited_for_up_to_a_day)
{
	ck_assert_int_eq(webhook_wait_us(1, 60, 0), 60 * US_PER_S);
	ck_assert_int_eq(webhook_wait_us(2, 60, 0), 300 * US_PER_S);
	ck_assert_int_eq(webhook_wait_us(1, 10000000, 0), US_PER_DAY);
}
END_TEST

START_TEST(body_is_bounded)
{
	static char data[3 * WEBHOOK_BODY_MAX];
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	struct emit e = EMIT(&body);
	const struct event event = { .id = "evt_1",
				     .type = "post.failed",
				     .subject_id = "sch_1",
				     .livemode = LIVEMODE_LIVE,
				     .data = data };

	memset(data, ' ', sizeof(data) - 1);
	data[0] = '{';
	data[sizeof(data) - 2] = '}';
	eventview_emit(&e, &event);
	ck_assert_uint_le(body.len, WEBHOOK_BODY_MAX);
	ck_assert_str_eq(buf_str(&body), "{\"id\":\"evt_1\",\"type\":\"post.failed\","
					 "\"timestamp\":\"1970-01-01T00:00:00Z\",\"livemode\":true,"
					 "\"data\":{\"id\":\"sch_1\",\"is_cut\":true}}");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ signature_is_that_of_the_published_vector, 0 },
		{ two_secrets_give_two_signatures, 0 },
		{ secret_is_printed_as_whsec_and_masked_in_logs, 0 },
		{ filter_takes_whole_names, ARRAY_LEN(filters) },
		{ all_names_are_known_and_fit, 0 },
		{ waits_are_those_of_the_standard, 0 },
		{ peer_is_waited_for_up_to_a_day, 0 },
		{ body_is_bounded, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "webhook", .cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every error that Pinterest is known for, row by row: of a call that can be repeated, and of the pin. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/pinterest.h"
#include "platform_bench.h"
#include "support/suite.h"

#define DAY 86400

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "pinterest", "");
}

static void teardown(void)
{
	bench_close(&b);
}

/* What several rows have in common. */
#define CONNECT_AGAIN   OUTCOME_REAUTH, OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER, 0
#define APP_IS_WRONG    OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0
#define POST_IS_WRONG   OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0
#define MEDIA_ARE_WRONG OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU, 0
#define NOBODY_KNOWS    OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM, 0

static const struct {
	int status, code;
	const char *message;
	enum outcome_kind elsewhere, pin;
	enum post_error_code error;
	enum who who;
	int retry_s;
} rows[] = {
	{ 400, 1, "Sorry we could not fetch the image.", OUTCOME_DEFER, OUTCOME_DEFER,
	  POST_ERROR_MEDIA_REJECTED, WHO_OPERATOR, 0 },
	{ 400, 1, "'x' does not match '^\\\\d+$'", POST_IS_WRONG },
	{ 400, 400, "constraint: maxItems=5", POST_IS_WRONG },
	{ 400, 1, "cover_image_url or cover_image_content_type is required", OUTCOME_REFUSED,
	  OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_OPERATOR, 0 },
	{ 400, 0, "Unable to reach the URL https://x", OUTCOME_DEFER, OUTCOME_DEFER,
	  POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0 },
	{ 400, 0, "Pinterest Images must have the same width/height ratios.", MEDIA_ARE_WRONG },
	{ 400, 0, "Sorry! This site doesn't allow you to save Pins.", POST_IS_WRONG },
	{ 400, 0, "Media not found", OUTCOME_RESTAGE, OUTCOME_RESTAGE, POST_ERROR_PLATFORM,
	  WHO_PLATFORM, 30 },
	{ 404, 404, "Media not found", OUTCOME_RESTAGE, OUTCOME_RESTAGE, POST_ERROR_PLATFORM,
	  WHO_PLATFORM, 30 },
	{ 401, 2, "Authentication failed.", OUTCOME_REFRESH, OUTCOME_REFRESH,
	  POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER, 10 },
	{ 401, 3, "Your token does not have sufficient permissions", CONNECT_AGAIN },
	{ 403, 3, "Your token does not have sufficient permissions", CONNECT_AGAIN },
	/* Of the app, not of the account: nobody has to connect again. */
	{ 401, 3, "Your application consumer type is not supported", APP_IS_WRONG },
	{ 403, 3, "Your application consumer type is not supported", APP_IS_WRONG },
	{ 401, 3, "Not with Trial access", APP_IS_WRONG },
	{ 403, 29, "Apps with Trial access may not create Pins in production", APP_IS_WRONG },
	{ 401, 0, "You don't have permission to edit that board.", POST_IS_WRONG },
	{ 403, 29, "You are not permitted to access that resource.", POST_IS_WRONG },
	{ 403, 29, "insufficient scopes", CONNECT_AGAIN },
	{ 403, 403, "Not authorized to do it", POST_IS_WRONG },
	{ 403, 0, "Your image is too small", MEDIA_ARE_WRONG },
	{ 401, 7, "Not authorized to access board or Pin.", OUTCOME_REFUSED, OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_ACCOUNT_OWNER, 0 },
	{ 404, 40, "Board not found.", POST_IS_WRONG },
	{ 404, 404, "Board not found.", POST_IS_WRONG },
	{ 404, 2031, "Board section not found.", POST_IS_WRONG },
	{ 404, 50, "Pin not found.", OUTCOME_REFUSED, OUTCOME_UNKNOWN, POST_ERROR_CONTENT_REJECTED,
	  WHO_PLATFORM, 0 },
	{ 408, 0, "Timeout", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM,
	  30 },
	{ 409, 409, "Conflict", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM,
	  5 },
	{ 429, 8, "You have exceeded your rate limit. Try again later.", OUTCOME_DEFER,
	  OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM, 60 },
	{ 429, 429, "Too many", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM,
	  60 },
	{ 429, 9, "This was blocked as Spam.", OUTCOME_REFUSED, OUTCOME_REFUSED,
	  POST_ERROR_CONTENT_REJECTED, WHO_ACCOUNT_OWNER, DAY },
	{ 429, 77, "Slow down", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED,
	  WHO_PLATFORM, 60 },
	{ 401, 99, "Something else", OUTCOME_REFRESH, OUTCOME_UNKNOWN, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER, 10 },
	{ 500, 500, "Oops", NOBODY_KNOWS },
	{ 418, 1, "Teapot", NOBODY_KNOWS },
};

static const char *body_of(int row, const char *detail)
{
	return arena_printf(b.arena, "{\"status\":\"failure\",\"code\":%d,\"message\":\"%s\"%s}",
			    rows[row].code, rows[row].message, detail);
}

START_TEST(status_and_code_decide)
{
	const struct outcome *o = &b.result.outcome;
	struct pinterest_reply r;

	pinterest_read(
		b.arena,
		bench_reply_with(&b, rows[_i].status, "x-pinterest-rid: 77\r\n", body_of(_i, "")),
		0, &r);
	ck_assert(!r.is_ok);
	(void)pinterest_fail(b.arena, &r, r.row->elsewhere, &b.result);
	ck_assert_int_eq(o->kind, rows[_i].elsewhere);
	ck_assert_int_eq(o->error.code, rows[_i].error);
	ck_assert_int_eq(o->error.who, rows[_i].who);
	ck_assert_int_eq(o->retry_after_s, rows[_i].retry_s);
	ck_assert_ptr_nonnull(strstr(o->error.platform_message, "(request 77)"));
	ck_assert_ptr_nonnull(o->error.message);
	(void)pinterest_fail(b.arena, &r, r.row->pin, &b.result);
	ck_assert_int_eq(o->kind, rows[_i].pin);
}
END_TEST

START_TEST(every_row_is_looked_at)
{
	for (const struct pinterest_error_row *r = pinterest_error_rows; r->sentence; r++) {
		bool is_seen = false;

		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			is_seen = is_seen || pinterest_error_find(rows[i].status, rows[i].code,
								  rows[i].message) == r;
		ck_assert_msg(is_seen, "%d/%d: %s", r->status, r->code, r->sentence);
	}
}
END_TEST

static const struct {
	const char *headers;
	int64_t retry_s;
} waits[] = {
	{ "", 60 },
	{ "Retry-After: 7\r\n", 7 },
	{ "x-ratelimit-reset: 42\r\n", 42 },
	{ "x-ratelimit-reset: 42, 900\r\n", 42 },
	{ "x-ratelimit-reset: 1800000033\r\n", 33 },
	{ "Retry-After: 7\r\nx-ratelimit-reset: 42\r\n", 7 },
};

START_TEST(wait_is_that_of_the_headers)
{
	struct pinterest_reply r;

	pinterest_read(b.arena,
		       bench_reply_with(&b, 429, waits[_i].headers,
					"{\"code\":8,\"message\":\"exceeded\"}"),
		       BENCH_NOW_S * 1000000, &r);
	(void)pinterest_fail(b.arena, &r, r.row->elsewhere, &b.result);
	ck_assert_int_eq(b.result.outcome.retry_after_s, waits[_i].retry_s);
}
END_TEST

/* What Pinterest tells may be in a second member; what repeats our token is not shown. */
START_TEST(words_are_read_whole_and_without_tokens)
{
	struct pinterest_reply r;

	pinterest_read(b.arena,
		       bench_reply(&b, 429,
				   "{\"code\":9,\"message\":\"Blocked\",\"message_detail\":\"for "
				   "spam\"}"),
		       0, &r);
	ck_assert_int_eq((int)r.row->pin, CLASS_USER);
	pinterest_read(b.arena,
		       bench_reply(&b, 401, "{\"code\":2,\"message\":\"Bad token pina_SECRET\"}"),
		       0, &r);
	(void)pinterest_fail(b.arena, &r, r.row->elsewhere, &b.result);
	ck_assert_ptr_null(b.result.outcome.error.platform_message);
	ck_assert_str_eq(b.result.outcome.error.platform_code, "401/2");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ status_and_code_decide, (int)ARRAY_LEN(rows) },
		{ every_row_is_looked_at, 0 },
		{ wait_is_that_of_the_headers, (int)ARRAY_LEN(waits) },
		{ words_are_read_whole_and_without_tokens, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "pinterest_errors",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every error that TikTok documents, row by row: what is done about it, what people are told, who. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "platform/tiktok.h"
#include "platform_bench.h"
#include "support/suite.h"

#define DAY    86400
#define MINUTE 60

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "tiktok", "");
}

static void teardown(void)
{
	bench_close(&b);
}

/* What several rows have in common. */
#define CONNECT_AGAIN OUTCOME_REAUTH, OUTCOME_REAUTH, POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER, 0
#define APP_IS_WRONG  OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONFIGURATION, WHO_OPERATOR, 0
#define ACCOUNT_IS_BARRED \
	OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_ACCOUNT_OWNER, 0
#define REQUEST_IS_WRONG \
	OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_OPERATOR, 0
#define POST_IS_WRONG   OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONTENT_REJECTED, WHO_YOU, 0
#define MEDIA_ARE_WRONG OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU, 0
#define NOBODY_KNOWS    OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM, 0

static const struct {
	const char *code;
	enum outcome_kind elsewhere, fire; /* of a repeatable call, of the init of photos */
	enum post_error_code error;
	enum who who;
	int retry_s;
} rows[] = {
	{ "rate_limit_exceeded", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_RATE_LIMITED,
	  WHO_PLATFORM, MINUTE },
	{ "internal_error", NOBODY_KNOWS },
	{ "spam_risk_too_many_posts", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_RATE_LIMITED,
	  WHO_PLATFORM, DAY },
	{ "spam_risk_too_many_pending_share", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_RATE_LIMITED,
	  WHO_ACCOUNT_OWNER, DAY },
	{ "reached_active_user_cap", OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_RATE_LIMITED,
	  WHO_OPERATOR, DAY },
	{ "access_token_invalid", OUTCOME_REFRESH, OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED,
	  WHO_ACCOUNT_OWNER, 0 },
	{ "scope_not_authorized", CONNECT_AGAIN },
	{ "scope_permission_missed", CONNECT_AGAIN },
	{ "invalid_grant", CONNECT_AGAIN },
	{ "auth_removed", CONNECT_AGAIN },
	{ "unaudited_client_can_only_post_to_private_accounts", APP_IS_WRONG },
	{ "url_ownership_unverified", APP_IS_WRONG },
	{ "invalid_client", APP_IS_WRONG },
	{ "unauthorized_client", APP_IS_WRONG },
	{ "invalid_scope", APP_IS_WRONG },
	{ "unsupported_grant_type", APP_IS_WRONG },
	{ "unsupported_response_type", APP_IS_WRONG },
	{ "server_error", NOBODY_KNOWS },
	{ "temporarily_unavailable", NOBODY_KNOWS },
	{ "access_denied", ACCOUNT_IS_BARRED },
	{ "app_version_check_failed", OUTCOME_REFUSED, OUTCOME_REFUSED, POST_ERROR_CONFIGURATION,
	  WHO_ACCOUNT_OWNER, 0 },
	{ "spam_risk_user_banned_from_posting", ACCOUNT_IS_BARRED },
	{ "spam_risk", ACCOUNT_IS_BARRED },
	{ "spam_risk_something_new", ACCOUNT_IS_BARRED },
	{ "spam_risk_text", POST_IS_WRONG },
	{ "invalid_param", REQUEST_IS_WRONG },
	{ "invalid_params", REQUEST_IS_WRONG },
	{ "invalid_file_upload", MEDIA_ARE_WRONG },
	{ "privacy_level_option_mismatch", POST_IS_WRONG },
	/* A publish_id that is not known has posted nothing; a fire that says so is a riddle. */
	{ "invalid_publish_id", OUTCOME_RESTAGE, OUTCOME_UNKNOWN, POST_ERROR_PLATFORM, WHO_PLATFORM,
	  0 },
	{ "token_not_authorized_for_specified_publish_id", OUTCOME_REFUSED, OUTCOME_REFUSED,
	  POST_ERROR_PLATFORM, WHO_OPERATOR, 0 },
	/* Reasons of a publication that failed. */
	{ "file_format_check_failed", MEDIA_ARE_WRONG },
	{ "duration_check_failed", MEDIA_ARE_WRONG },
	{ "frame_rate_check_failed", MEDIA_ARE_WRONG },
	{ "picture_size_check_failed", MEDIA_ARE_WRONG },
	{ "video_pull_failed", OUTCOME_RESTAGE, OUTCOME_RESTAGE, POST_ERROR_MEDIA_REJECTED,
	  WHO_OPERATOR, 0 },
	{ "photo_pull_failed", OUTCOME_RESTAGE, OUTCOME_RESTAGE, POST_ERROR_MEDIA_REJECTED,
	  WHO_OPERATOR, 0 },
	{ "internal", OUTCOME_RESTAGE, OUTCOME_RESTAGE, POST_ERROR_PLATFORM, WHO_PLATFORM,
	  5 * MINUTE },
	{ "publish_cancelled", ACCOUNT_IS_BARRED },
	{ "never_heard_of", NOBODY_KNOWS },
};

/* `status` is what disagrees between TikTok's documents and servers: it must not matter. */
static void reply_is(int row, int status, enum outcome_kind kind, bool is_fire)
{
	const char *body = arena_printf(b.arena,
					"{\"data\":{},\"error\":{\"code\":\"%s\",\"message\":"
					"\"Words of theirs\",\"log_id\":\"2026LOG\"}}",
					rows[row].code);
	const struct outcome *o = &b.result.outcome;
	struct tiktok_reply r;

	tiktok_read(b.arena, bench_reply(&b, status, body), &r);
	ck_assert(!r.is_ok);
	(void)tiktok_fail(b.arena, &r, is_fire ? r.row->fire : r.row->elsewhere, &b.result);
	ck_assert_msg(o->kind == kind, "%s: %d", rows[row].code, (int)o->kind);
	ck_assert_int_eq(o->error.code, rows[row].error);
	ck_assert_int_eq(o->error.who, rows[row].who);
	ck_assert_int_eq(o->retry_after_s, kind == OUTCOME_UNKNOWN ? 0 : rows[row].retry_s);
	ck_assert_str_eq(o->error.platform_code, rows[row].code);
	ck_assert_str_eq(o->error.platform_message, "Words of theirs (log_id 2026LOG)");
	ck_assert_ptr_nonnull(o->error.message);
}

START_TEST(code_decides_whatever_the_status)
{
	static const int statuses[] = { 200, 400, 401, 403, 500 };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		reply_is(_i, statuses[i], rows[_i].elsewhere, false);
		reply_is(_i, statuses[i], rows[_i].fire, true);
	}
}
END_TEST

/* The table of the adapter has no row that this one does not look at. */
START_TEST(every_row_is_looked_at)
{
	for (const struct tiktok_error_row *r = tiktok_error_rows; r->code; r++) {
		bool is_seen = false;

		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			is_seen = is_seen || tiktok_error_find(rows[i].code, 200) == r;
		ck_assert_msg(is_seen || strcmp(r->code, "invalid_request") == 0, "%s", r->code);
	}
}
END_TEST

/* No code at all: the status has to do. */
static const struct {
	int status;
	const char *body;
	enum outcome_kind elsewhere, fire;
	enum post_error_code error;
	int retry_s;
} bare[] = {
	{ 429, "", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED, MINUTE },
	{ 401, "", OUTCOME_REFRESH, OUTCOME_REFRESH, POST_ERROR_TOKEN_EXPIRED, 0 },
	{ 500, "<html>", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_NETWORK, 0 },
	{ 502, "", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_NETWORK, 0 },
	{ 200, "[]", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_NETWORK, 0 },
	{ 302, "", OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_NETWORK, 0 },
};

START_TEST(status_has_to_do_where_no_code_came)
{
	struct tiktok_reply r;

	tiktok_read(b.arena, bench_reply(&b, bare[_i].status, bare[_i].body), &r);
	ck_assert(!r.is_ok);
	(void)tiktok_fail(b.arena, &r, r.row->elsewhere, &b.result);
	ck_assert_int_eq(b.result.outcome.kind, bare[_i].elsewhere);
	ck_assert_int_eq(b.result.outcome.error.code, bare[_i].error);
	ck_assert_int_eq(b.result.outcome.retry_after_s, bare[_i].retry_s);
	(void)tiktok_fail(b.arena, &r, r.row->fire, &b.result);
	ck_assert_int_eq(b.result.outcome.kind, bare[_i].fire);
}
END_TEST

START_TEST(answer_that_broke_off_is_later_or_doubt)
{
	struct tiktok_reply r;

	tiktok_read(b.arena, bench_broken(&b), &r);
	ck_assert(r.is_broken && !r.is_ok);
	ck_assert_int_eq((int)r.row->elsewhere, CLASS_LATER);
	ck_assert_int_eq((int)r.row->fire, CLASS_DOUBT);
	ck_assert_int_eq((int)r.row->error, POST_ERROR_NETWORK);
}
END_TEST

/* Of the upload host: a chunk in staging, and the last one, which is the fire. */
static const struct {
	int status;
	enum error_class stage, fire;
	enum post_error_code error;
	enum who who;
} uploads[] = {
	{ 400, CLASS_OPERATOR, CLASS_OPERATOR, POST_ERROR_PLATFORM, WHO_OPERATOR },
	{ 403, CLASS_RESTAGE, CLASS_RESTAGE, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 404, CLASS_RESTAGE, CLASS_DOUBT, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 416, CLASS_LATER, CLASS_DOUBT, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 429, CLASS_LATER, CLASS_DOUBT, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	{ 500, CLASS_LATER, CLASS_DOUBT, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 503, CLASS_LATER, CLASS_DOUBT, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 206, CLASS_LATER, CLASS_DOUBT, POST_ERROR_NETWORK, WHO_PLATFORM },
	{ 0, CLASS_LATER, CLASS_DOUBT, POST_ERROR_NETWORK, WHO_PLATFORM },
};

START_TEST(upload_host_speaks_by_status)
{
	const struct tiktok_upload_row *row = tiktok_upload_find(uploads[_i].status);

	ck_assert_int_eq((int)row->stage, (int)uploads[_i].stage);
	ck_assert_int_eq((int)row->fire, (int)uploads[_i].fire);
	ck_assert_int_eq((int)row->error.error, (int)uploads[_i].error);
	ck_assert_int_eq((int)row->error.who, (int)uploads[_i].who);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ code_decides_whatever_the_status, (int)ARRAY_LEN(rows) },
		{ every_row_is_looked_at, 0 },
		{ status_has_to_do_where_no_code_came, (int)ARRAY_LEN(bare) },
		{ answer_that_broke_off_is_later_or_doubt, 0 },
		{ upload_host_speaks_by_status, (int)ARRAY_LEN(uploads) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tiktok_errors",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

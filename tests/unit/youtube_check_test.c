/* SPDX-License-Identifier: Apache-2.0 */
/* YouTube's rules by its own counting, and its errors row by row. */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "platform/youtube.h"
#include "platform_bench.h"
#include "support/suite.h"

#define ALL YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly " YOUTUBE_SCOPE ".force-ssl"

static struct bench b;

static void setup(void)
{
	bench_open_for(&b, "youtube", "");
	bench_video(&b, CONTENT_VIDEO);
	b.post.title = "Bread";
	b.account.scopes = ALL;
}

static void teardown(void)
{
	bench_close(&b);
}

static const struct finding *found(const char *code)
{
	static struct findings f;

	f = (struct findings){ .n = 0 };
	b.app.platform->check(&b.app, &b.account, &b.post, &f);
	for (size_t i = 0; i < f.n; i++) {
		if (strcmp(f.v[i].code, code) == 0)
			return &f.v[i];
	}
	return NULL;
}

static size_t found_n(void)
{
	struct findings f = { .n = 0 };

	b.app.platform->check(&b.app, &b.account, &b.post, &f);
	return f.n;
}

static void refuses(const char *code)
{
	const struct finding *f = found(code);

	ck_assert_msg(f != NULL, "%s is missing", code);
	ck_assert_msg(!f->is_warning, "%s warns only", code);
}

static void warns(const char *code)
{
	const struct finding *f = found(code);

	ck_assert_msg(f != NULL, "%s is missing", code);
	ck_assert_msg(f->is_warning, "%s refuses", code);
}

static const char *repeated(const char *piece, size_t n)
{
	char *text = arena_alloc(b.arena, n * strlen(piece) + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * strlen(piece), piece, strlen(piece) + 1);
	return text;
}

START_TEST(plain_video_is_fine)
{
	ck_assert_uint_eq(found_n(), 0);
}
END_TEST

START_TEST(title_is_counted_in_code_units)
{
	b.post.title = repeated("\xf0\x9f\x8d\x9e", 50);
	ck_assert_uint_eq(found_n(), 0);
	b.post.title = repeated("\xf0\x9f\x8d\x9e", 51);
	refuses("title_too_long");
	b.post.title = "a < b";
	refuses("character_forbidden");
	b.post.title = NULL;
	b.post.caption = "";
	refuses("title_missing");
	b.post.caption = "  First line \nSecond";
	ck_assert_uint_eq(found_n(), 0);
	ck_assert_str_eq(youtube_title(b.arena, &b.app, &b.post), "First line");
	b.post.caption = repeated("word ", 40);
	warns("title_cut");
	ck_assert_uint_eq(strlen(youtube_title(b.arena, &b.app, &b.post)), 99);
}
END_TEST

START_TEST(description_is_counted_in_bytes)
{
	b.post.description = repeated("\xc3\xa4", 2500);
	ck_assert_uint_eq(found_n(), 0);
	b.post.description = repeated("\xc3\xa4", 2501);
	refuses("description_too_long");
	b.post.description = "x > y";
	refuses("character_forbidden");
	/* The link goes below the text, and counts. */
	b.post.description = repeated("x", 4990);
	b.post.link = "https://a.example/";
	refuses("description_too_long");
}
END_TEST

START_TEST(tags_count_commas_and_quotes)
{
	const char *tags[3] = { repeated("x", 248), repeated("y", 248), "a b" };

	b.post.tags = tags;
	b.post.tags_n = 2;
	ck_assert_int_eq(youtube_tags_length(&b.post), 497);
	ck_assert_uint_eq(found_n(), 0);
	b.post.tags_n = 3;
	ck_assert_int_eq(youtube_tags_length(&b.post), 503);
	refuses("tags_too_long");
	tags[0] = "#";
	refuses("tag_invalid");
	tags[0] = "a,b";
	refuses("tag_invalid");
}
END_TEST

START_TEST(options_are_words_that_youtube_has)
{
	json_object_set_new(b.post.options, "privacy", json_string("friends"));
	refuses("privacy_unknown");
	json_object_set_new(b.post.options, "privacy", json_string("unlisted"));
	json_object_set_new(b.post.options, "license", json_string("mit"));
	refuses("license_unknown");
	json_object_set_new(b.post.options, "license", json_string("creativeCommon"));
	json_object_set_new(b.post.options, "category_id", json_string("People"));
	refuses("category_unknown");
	json_object_set_new(b.post.options, "category_id", json_string("27"));
	json_object_set_new(b.post.options, "language", json_string("en US"));
	refuses("language_unknown");
	json_object_set_new(b.post.options, "language", json_string("pt-BR"));
	ck_assert_uint_eq(found_n(), 0);
	json_object_set_new(b.post.options, "playlist_id", json_string("PL1"));
	warns("playlist_ignored");
	b.post.first_comment = "First";
	warns("first_comment_ignored");
}
END_TEST

START_TEST(long_videos_need_a_verified_channel)
{
	json_t *meta = json_object();

	b.media[0].width = 1920;
	b.media[0].height = 1080;
	b.media[0].duration_ms = 900001;
	warns("long_uploads");
	b.account.meta = meta;
	json_object_set_new(meta, "longUploadsStatus", json_string("eligible"));
	refuses("long_uploads");
	json_object_set_new(meta, "longUploadsStatus", json_string("allowed"));
	ck_assert_uint_eq(found_n(), 0);
	b.media[0].duration_ms = 43200001;
	refuses("duration");
	json_decref(meta);
}
END_TEST

START_TEST(files_are_what_youtube_takes)
{
	b.media[0].mime = "video/x-matroska";
	ck_assert_uint_eq(found_n(), 0);
	b.media[0].mime = "video/ogg";
	refuses("container_unsupported");
	b.media[0].mime = "video/mp4";
	b.media[0].bytes = 274877906945;
	refuses("media_too_large");
	b.media[0].bytes = 1;
	b.media[0].duration_ms = 60001;
	warns("short_claims");
}
END_TEST

START_TEST(other_kinds_are_refused)
{
	static const enum content_kind kinds[] = { CONTENT_TEXT, CONTENT_IMAGE, CONTENT_CAROUSEL,
						   CONTENT_STORY, CONTENT_SLIDESHOW };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		bench_images(&b, kinds[i], 2);
		refuses("kind_unsupported");
	}
	/* Rendered, a slideshow is a video. */
	bench_video(&b, CONTENT_SLIDESHOW);
	ck_assert_uint_eq(found_n(), 0);
}
END_TEST

START_TEST(account_lacks_what_it_needs)
{
	b.account.scopes = YOUTUBE_SCOPE ".upload";
	refuses("missing_scope");
	b.account.scopes = YOUTUBE_SCOPE ".upload " YOUTUBE_SCOPE ".readonly";
	warns("processed_late");
	b.account.scopes = YOUTUBE_SCOPE;
	ck_assert_uint_eq(found_n(), 0);
}
END_TEST

START_TEST(unaudited_project_is_warned_of)
{
	bench_close(&b);
	bench_open_for(&b, "youtube", "audited = 0");
	bench_video(&b, CONTENT_VIDEO);
	b.post.title = "Bread";
	b.account.scopes = ALL;
	warns("unaudited");
	json_object_set_new(b.post.options, "privacy", json_string("private"));
	ck_assert_uint_eq(found_n(), 0);
}
END_TEST

/* ---- errors ---- */

#define OWN 0 /* the engine's own back-off */

static const struct {
	int status;
	const char *reason;
	enum outcome_kind stage, fire;
	enum post_error_code code;
	enum who who;
	int retry_s;
} errors[] = {
#define LATER(status, reason, code, who, retry)                                                   \
	{                                                                                         \
		status, reason, OUTCOME_DEFER, OUTCOME_DEFER, POST_ERROR_##code, WHO_##who, retry \
	}
#define BOTH(status, reason, kind, code, who)                                                     \
	{                                                                                         \
		status, reason, OUTCOME_##kind, OUTCOME_##kind, POST_ERROR_##code, WHO_##who, OWN \
	}
#define DOUBT(status, reason, code)                                                              \
	{                                                                                        \
		status, reason, OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_##code, WHO_PLATFORM, \
			OWN                                                                      \
	}
	DOUBT(500, "internalError", PLATFORM),
	DOUBT(503, "backendError", PLATFORM),
	DOUBT(503, "processingFailure", PLATFORM),
	DOUBT(503, "SERVICE_UNAVAILABLE", PLATFORM),
	DOUBT(503, "UNAVAILABLE", PLATFORM),
	DOUBT(502, NULL, NETWORK),
	DOUBT(504, NULL, NETWORK),
	LATER(429, "rateLimitExceeded", RATE_LIMITED, PLATFORM, 60),
	LATER(403, "rateLimitExceeded", RATE_LIMITED, PLATFORM, 60),
	LATER(403, "userRateLimitExceeded", RATE_LIMITED, PLATFORM, 60),
	LATER(429, "RATE_LIMIT_EXCEEDED", RATE_LIMITED, PLATFORM, 60),
	{ 429, NULL, OUTCOME_DEFER, OUTCOME_UNKNOWN, POST_ERROR_RATE_LIMITED, WHO_PLATFORM, 60 },
	LATER(409, "conflict", PLATFORM, PLATFORM, OWN),
	/* 2027-01-15 08:00 UTC is midnight in California: a whole day. */
	LATER(403, "quotaExceeded", RATE_LIMITED, OPERATOR, 86400),
	LATER(403, "dailyLimitExceeded", RATE_LIMITED, OPERATOR, 86400),
	LATER(403, "dailyLimitExceededUnreg", RATE_LIMITED, OPERATOR, 86400),
	LATER(400, "uploadLimitExceeded", RATE_LIMITED, ACCOUNT_OWNER, 86400),
	LATER(429, "uploadRateLimitExceeded", RATE_LIMITED, ACCOUNT_OWNER, 86400),
	BOTH(401, "authError", REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, "expired", REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, "required", REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, "authorizationRequired", REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, "UNAUTHENTICATED", REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, NULL, REFRESH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(400, "invalid_grant", REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(403, "insufficientPermissions", REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(401, "youtubeSignupRequired", REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(403, "authenticatedUserNotChannel", REAUTH, TOKEN_EXPIRED, ACCOUNT_OWNER),
	BOTH(403, "authenticatedUserAccountClosed", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(403, "authenticatedUserAccountSuspended", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(403, "channelClosed", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(403, "channelSuspended", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "uploaderAccountClosed", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "uploaderAccountSuspended", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(403, "accessNotConfigured", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "keyInvalid", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(403, "ipRefererBlocked", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(401, "invalid_client", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(401, "deleted_client", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(401, "unauthorized_client", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "redirect_uri_mismatch", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "invalid_request", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "unsupported_grant_type", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "invalid_scope", REFUSED, CONFIGURATION, OPERATOR),
	BOTH(400, "access_denied", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "invalidTitle", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidDescription", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidTags", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidCategoryId", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidPublishAt", REFUSED, CONTENT_REJECTED, OPERATOR),
	BOTH(400, "invalidFilename", REFUSED, MEDIA_REJECTED, OPERATOR),
	BOTH(400, "invalidRecordingDetails", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidVideoGameRating", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "invalidVideoMetadata", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "defaultLanguageNotSet", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "localizationValidationError", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "mediaBodyRequired", REFUSED, MEDIA_REJECTED, OPERATOR),
	BOTH(403, "forbiddenPrivacySetting", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(403, "forbiddenLicenseSetting", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(403, "forbiddenEmbedSetting", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(403, "forbidden", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(403, NULL, REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(404, "videoNotFound", DEFER, PLATFORM, ACCOUNT_OWNER),
	BOTH(400, "codec", REFUSED, MEDIA_REJECTED, YOU),
	BOTH(400, "conversion", REFUSED, MEDIA_REJECTED, YOU),
	BOTH(400, "emptyFile", REFUSED, MEDIA_REJECTED, YOU),
	BOTH(400, "invalidFile", REFUSED, MEDIA_REJECTED, YOU),
	BOTH(400, "tooSmall", REFUSED, MEDIA_REJECTED, YOU),
	BOTH(400, "uploadAborted", REFUSED, MEDIA_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "claim", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "copyright", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "duplicate", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "inappropriate", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "legal", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "length", REFUSED, MEDIA_REJECTED, ACCOUNT_OWNER),
	BOTH(400, "termsOfUse", REFUSED, CONTENT_REJECTED, YOU),
	BOTH(400, "trademark", REFUSED, CONTENT_REJECTED, ACCOUNT_OWNER),
};

START_TEST(error_means_what_the_table_says)
{
	const char *reason = errors[_i].reason;
	const char *body =
		reason ? arena_printf(b.arena,
				      "{\"error\":{\"code\":%d,\"message\":\"Words.\",\"errors\":"
				      "[{\"reason\":\"%s\"}]}}",
				      errors[_i].status, reason)
		       : "";
	const struct outcome *o = &b.result.outcome;
	struct youtube_reply r;

	youtube_read(b.arena, bench_reply(&b, errors[_i].status, body), b.d.now_us, &r);
	ck_assert_ptr_nonnull(r.row);
	ck_assert(!r.is_ok);
	youtube_fail(b.arena, b.d.now_us, &r, r.row->elsewhere, &b.result);
	ck_assert_int_eq(o->kind, errors[_i].stage);
	ck_assert_int_eq(o->error.code, errors[_i].code);
	ck_assert_int_eq(o->error.who, errors[_i].who);
	ck_assert_int_eq(o->retry_after_s, errors[_i].retry_s);
	ck_assert_ptr_nonnull(o->error.message);
	if (reason) {
		ck_assert_str_eq(o->error.platform_code, reason);
		ck_assert_str_eq(o->error.platform_message, "Words.");
	}
	youtube_fail(b.arena, b.d.now_us, &r, r.row->fire, &b.result);
	ck_assert_int_eq(o->kind, errors[_i].fire);
}
END_TEST

/* A row that is not tried above is a row nobody looked at. */
START_TEST(every_row_of_the_table_is_tried)
{
	for (const struct youtube_error_row *row = youtube_error_rows; row->reason; row++) {
		bool is_tried = false;

		for (size_t i = 0; i < ARRAY_LEN(errors); i++)
			is_tried |= errors[i].reason && strcmp(errors[i].reason, row->reason) == 0;
		ck_assert_msg(is_tried, "%s", row->reason);
	}
}
END_TEST

START_TEST(reason_is_found_wherever_it_stands)
{
	static const struct {
		const char *body, *reason;
	} bodies[] = {
		{ "{\"error\":{\"errors\":[{\"reason\":\"new\"}],\"status\":\"PERMISSION_DENIED\","
		  "\"details\":[{\"@type\":\"t\",\"reason\":\"RATE_LIMIT_EXCEEDED\"}]}}",
		  "RATE_LIMIT_EXCEEDED" },
		{ "{\"error\":{\"code\":401,\"status\":\"UNAUTHENTICATED\"}}", "UNAUTHENTICATED" },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"gone\"}", "invalid_grant" },
		{ "{\"error\":{\"errors\":[{\"reason\":\"brandNew\"}]}}", "brandNew" },
	};
	struct youtube_reply r;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		youtube_read(b.arena, bench_reply(&b, 400, bodies[i].body), 0, &r);
		ck_assert_str_eq(r.reason, bodies[i].reason);
		ck_assert_ptr_nonnull(r.row);
	}
	youtube_read(b.arena, bench_broken(&b), 0, &r);
	ck_assert(r.is_broken && r.row->fire == CLASS_DOUBT);
}
END_TEST

START_TEST(platforms_own_wait_is_kept)
{
	struct youtube_reply r;

	youtube_read(b.arena, bench_reply_with(&b, 429, "Retry-After: 17\r\n", ""), 0, &r);
	youtube_fail(b.arena, 0, &r, r.row->elsewhere, &b.result);
	ck_assert_int_eq(b.result.outcome.retry_after_s, 17);
}
END_TEST

static const struct {
	const char *now;
	int64_t wait_s;
} resets[] = {
	{ "2026-11-22T07:59:59Z", 1 },
	{ "2026-11-22T08:00:00Z", 86400 },
	{ "2026-07-01T00:00:00Z", 7 * 3600 },
	{ "2026-03-08T08:00:00Z", 23 * 3600 }, /* the clock goes forward */
	{ "2026-11-01T07:00:00Z", 25 * 3600 }, /* and back */
};

START_TEST(quota_begins_anew_at_midnight_in_california)
{
	int64_t now_us = 0;

	ck_assert_int_eq(rfc3339_parse(resets[_i].now, &now_us), 0);
	ck_assert_int_eq(youtube_quota_wait_s(now_us), resets[_i].wait_s);
}
END_TEST

#define CHANNEL                                                                   \
	"{\"items\":[{\"id\":\"UC123\",\"status\":{\"privacyStatus\":\"public\"," \
	"\"longUploadsStatus\":\"disallowed\",\"madeForKids\":false,\"isLinked\":true}}]}"

static const struct {
	int status; /* 0: the line is broken */
	const char *body;
	enum outcome_kind outcome;
	enum post_error_code error;
	const char *finding; /* NULL: none */
	size_t facts_n;
} inspections[] = {
	{ 200, CHANNEL, OUTCOME_PUBLISHED, POST_ERROR_NONE, NULL, 3 },
	{ 200, "{\"items\":[]}", OUTCOME_PUBLISHED, POST_ERROR_NONE, "channel_not_found", 0 },
	{ 401, "{\"error\":{\"errors\":[{\"reason\":\"authError\"}]}}", OUTCOME_REFRESH,
	  POST_ERROR_TOKEN_EXPIRED, NULL, 0 },
	{ 403, "{\"error\":{\"errors\":[{\"reason\":\"quotaExceeded\"}]}}", OUTCOME_DEFER,
	  POST_ERROR_RATE_LIMITED, NULL, 0 },
	{ 0, NULL, OUTCOME_DEFER, POST_ERROR_NETWORK, NULL, 0 },
};

START_TEST(preflight_asks_for_the_channel)
{
	struct findings found = { .n = 0 };
	struct inspection i = { .arena = b.arena,
				.app = &b.app,
				.account = &b.account,
				.post = &b.post,
				.now_us = BENCH_NOW_S * US_PER_S,
				.posted_today = 99,
				.memo = json_object(),
				.findings = &found,
				.facts = json_object() };
	const struct http_reply *reply;

	b.account.remote_id = "UC123";
	bench_sends(&b, b.app.platform->inspect(&i, NULL, &b.result),
		    "GET /youtube/v3/channels?part=id%2Cstatus&id=UC123");
	ck_assert_uint_eq(i.caps_n, 1);
	ck_assert_int_eq(i.caps[0].most - i.caps[0].used, 1);
	reply = inspections[_i].status
			? bench_reply(&b, inspections[_i].status, inspections[_i].body)
			: bench_broken(&b);
	ck_assert_int_eq(b.app.platform->inspect(&i, reply, &b.result), STEP_DONE);
	ck_assert_int_eq(b.result.outcome.kind, inspections[_i].outcome);
	ck_assert_int_eq(b.result.outcome.error.code, inspections[_i].error);
	ck_assert_uint_eq(found.n, inspections[_i].finding ? 1 : 0);
	ck_assert(found.n == 0 || strcmp(found.v[0].code, inspections[_i].finding) == 0);
	ck_assert_uint_eq(json_object_size(i.facts), inspections[_i].facts_n);
	json_decref(i.memo);
	json_decref(i.facts);
}
END_TEST

START_TEST(used_up_quota_is_warned_of)
{
	struct findings found = { .n = 0 };
	struct inspection i = { .arena = b.arena,
				.app = &b.app,
				.account = &b.account,
				.post = &b.post,
				.posted_today = 100,
				.memo = json_object(),
				.findings = &found };

	(void)b.app.platform->inspect(&i, NULL, &b.result);
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.v[0].code, "quota_exhausted");
	ck_assert(found.v[0].is_warning);
	json_decref(i.memo);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ plain_video_is_fine, 0 },
		{ title_is_counted_in_code_units, 0 },
		{ description_is_counted_in_bytes, 0 },
		{ tags_count_commas_and_quotes, 0 },
		{ options_are_words_that_youtube_has, 0 },
		{ long_videos_need_a_verified_channel, 0 },
		{ files_are_what_youtube_takes, 0 },
		{ other_kinds_are_refused, 0 },
		{ account_lacks_what_it_needs, 0 },
		{ unaudited_project_is_warned_of, 0 },
		{ error_means_what_the_table_says, (int)ARRAY_LEN(errors) },
		{ every_row_of_the_table_is_tried, 0 },
		{ reason_is_found_wherever_it_stands, 0 },
		{ platforms_own_wait_is_kept, 0 },
		{ quota_begins_anew_at_midnight_in_california, (int)ARRAY_LEN(resets) },
		{ preflight_asks_for_the_channel, (int)ARRAY_LEN(inspections) },
		{ used_up_quota_is_warned_of, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "youtube_check",
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

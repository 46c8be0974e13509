/* SPDX-License-Identifier: Apache-2.0 */
/* Staging for a Mastodon server: limits, uploads, and what is said of a post beforehand. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mastodon_bench.h"

#define LIMITS      "GET /api/v2/instance"
#define UPLOAD      "POST /api/v2/media"
#define INSTANCE    "{\"configuration\":{\"statuses\":{\"max_characters\":20}}}"
#define SAYS(words) "{\"error\":\"" words "\"}"

static void setup(void)
{
	mastodon_open("media_renewals = 1\npoll_wait_ms = 1000 3000\npoll_patience_s = 60\n");
}

/* The first call, answered. */
static enum step after_limits(const char *instance)
{
	bench_sends(&b, bench_stage(&b, NULL), LIMITS);
	ck_assert(b.result.request->is_to_users_host);
	return bench_stage(&b, bench_reply(&b, 200, instance));
}

static const char *part_of(const char *name)
{
	for (const struct http_part *p = b.result.request->parts; p; p = p->next) {
		if (strcmp(p->name, name) == 0)
			return p->value ? p->value : p->file_path;
	}
	return NULL;
}

START_TEST(text_needs_the_limits_alone)
{
	bench_ends(&b, after_limits(INSTANCE), OUTCOME_STAGED);
	bench_restart(&b);
	bench_ends(&b, bench_stage(&b, NULL), OUTCOME_STAGED);
}
END_TEST

START_TEST(limits_are_the_servers)
{
	b.post.caption = "Twenty-one characters";
	bench_ends(&b, after_limits(INSTANCE), OUTCOME_REFUSED);
	ck_assert_ptr_nonnull(strstr(b.result.outcome.error.message, "20"));
	/* Nothing of it stays: the post may be changed, or the server. */
	bench_ends(&b, after_limits("{\"configuration\":{\"statuses\":{\"max_characters\":21}}}"),
		   OUTCOME_STAGED);
}
END_TEST

START_TEST(older_servers_are_asked_otherwise)
{
	bench_sends(&b, bench_stage(&b, NULL), LIMITS);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 404, SAYS("Not Found"))),
		    "GET /api/v1/instance");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 404, SAYS("Not Found"))), OUTCOME_STAGED);
}
END_TEST

START_TEST(server_that_says_nothing_is_asked_again)
{
	bench_sends(&b, bench_stage(&b, NULL), LIMITS);
	bench_ends(&b, bench_stage(&b, bench_broken(&b)), OUTCOME_DEFER);
	bench_sends(&b, bench_stage(&b, NULL), LIMITS);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 401, SAYS("The access token is invalid"))),
		   OUTCOME_REAUTH);
}
END_TEST

START_TEST(image_goes_up_with_its_description)
{
	bench_images(&b, CONTENT_IMAGE, 1);
	b.media[0].alt_text = "A loaf";
	bench_sends(&b, after_limits("{}"), UPLOAD);
	ck_assert_str_eq(part_of("description"), "A loaf");
	ck_assert_str_eq(part_of("file"), "/store/image");
	ck_assert(b.result.request->is_to_users_host);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"100\",\"url\":\"u\"}")),
		   OUTCOME_STAGED);
	ck_assert_str_eq(memo_text(mastodon_item(&b.d, 0), "id"), "100");
}
END_TEST

/* All are handed over before the first is waited for; waits grow. */
START_TEST(processing_is_waited_for)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	bench_sends(&b, after_limits("{}"), UPLOAD);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 202, "{\"id\":\"100\",\"url\":null}")),
		    UPLOAD);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"101\",\"url\":\"u\"}")),
		    "GET /api/v1/media/100");
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 206, "{\"id\":\"100\",\"url\":null}")),
			 STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, US_PER_S);
	bench_restart(&b);
	bench_sends(&b, bench_stage(&b, NULL), "GET /api/v1/media/100");
	ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 206, "")), STEP_WAIT);
	ck_assert_int_eq(b.result.wait_us, 3 * US_PER_S);
	bench_sends(&b, bench_stage(&b, NULL), "GET /api/v1/media/100");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"100\",\"url\":\"u\"}")),
		   OUTCOME_STAGED);
}
END_TEST

START_TEST(stuck_processing_is_begun_anew_a_few_times)
{
	bench_video(&b, CONTENT_VIDEO);
	bench_sends(&b, after_limits("{}"), UPLOAD);
	for (int i = 0; i < 2; i++) {
		bench_sends(&b, bench_stage(&b, bench_reply(&b, 202, "{\"id\":\"100\"}")),
			    "GET /api/v1/media/100");
		ck_assert_int_eq(bench_stage(&b, bench_reply(&b, 206, "")), STEP_WAIT);
		b.d.now_us += 61 * US_PER_S;
		bench_sends(&b, bench_stage(&b, NULL), "GET /api/v1/media/100");
		bench_ends(&b, bench_stage(&b, bench_reply(&b, 206, "")),
			   i == 0 ? OUTCOME_DEFER : OUTCOME_REFUSED);
		bench_sends(&b, bench_stage(&b, NULL), UPLOAD);
	}
}
END_TEST

START_TEST(forgotten_upload_is_made_anew)
{
	bench_video(&b, CONTENT_VIDEO);
	bench_sends(&b, after_limits("{}"), UPLOAD);
	bench_sends(&b, bench_stage(&b, bench_reply(&b, 202, "{\"id\":\"100\"}")),
		    "GET /api/v1/media/100");
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 404, SAYS("Record not found"))),
		   OUTCOME_DEFER);
	bench_sends(&b, bench_stage(&b, NULL), UPLOAD);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"101\"}")), OUTCOME_STAGED);
	b.d.now_us += 2 * US_PER_DAY;
	bench_sends(&b, bench_stage(&b, NULL), UPLOAD);
}
END_TEST

static const struct bench_answer uploads[] = {
	{ 422, SAYS("Validation failed: File content type is invalid"), OUTCOME_REFUSED,
	  POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ 422, SAYS("Something about it"), OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ 413, "<html>", OUTCOME_REFUSED, POST_ERROR_MEDIA_REJECTED, WHO_YOU },
	{ 403, SAYS("This action is outside the authorized scopes"), OUTCOME_REAUTH,
	  POST_ERROR_TOKEN_EXPIRED, WHO_ACCOUNT_OWNER },
	{ 429, SAYS("Throttled"), OUTCOME_DEFER, POST_ERROR_RATE_LIMITED, WHO_PLATFORM },
	{ 500, SAYS("Error processing thumbnail for uploaded media"), OUTCOME_DEFER,
	  POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 403, "<html>blocked</html>", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{}", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
	{ 200, "{\"id\":\"a b\"}", OUTCOME_DEFER, POST_ERROR_PLATFORM, WHO_PLATFORM },
};

START_TEST(answer_to_an_upload_is_read_row_by_row)
{
	const struct bench_answer *row = &uploads[_i];

	bench_images(&b, CONTENT_IMAGE, 1);
	bench_sends(&b, after_limits("{}"), UPLOAD);
	bench_fails(&b, bench_stage(&b, bench_reply(&b, row->status, row->body)), row->kind,
		    row->code, row->who);
}
END_TEST

START_TEST(parts_that_are_live_are_not_staged_again)
{
	bench_images(&b, CONTENT_CAROUSEL, 2);
	mastodon_options("{\"thread\":[{\"text\":\"Two\",\"media\":[1]}]}");
	b.d.part = 1;
	bench_sends(&b, after_limits("{}"), UPLOAD);
	bench_ends(&b, bench_stage(&b, bench_reply(&b, 200, "{\"id\":\"101\"}")), OUTCOME_STAGED);
	ck_assert_ptr_null(memo_text(mastodon_item(&b.d, 0), "id"));
	ck_assert_str_eq(memo_text(mastodon_item(&b.d, 1), "id"), "101");
}
END_TEST

/* ---- before anything is sent ---- */

static const struct {
	const char *caption, *options;
	size_t images;
	const char *code; /* NULL: nothing is said */
	bool is_warning;
} checks[] = {
	{ "Bread", "{}", 0, NULL, false },
	{ "", "{}", 0, "caption_empty", false },
	{ "", "{}", 1, NULL, false },
	{ "Bread", "{}", 4, NULL, false },
	{ "Bread", "{}", 5, "media_count", true },
	{ "Bread", "{\"visibility\":\"private\",\"language\":\"pt-BR\"}", 0, NULL, false },
	{ "Bread", "{\"visibility\":\"friends\"}", 0, "invalid_choice", false },
	{ "Bread", "{\"language\":\"English\"}", 0, "invalid_language", false },
	{ "Bread", "{\"language\":\"e\"}", 0, "invalid_language", false },
	{ "Bread", "{\"reply_to_id\":\"01JZ7\"}", 0, NULL, false },
	{ "Bread", "{\"reply_to_id\":\"https://a.example/7\"}", 0, "invalid_id", false },
	{ "Which", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":5}}", 0, NULL,
	  false },
	{ "Which", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":5}}", 1,
	  "poll_with_media", false },
	{ "Which", "{\"poll\":{\"options\":[\"a\"],\"duration_minutes\":5}}", 0, "poll_options",
	  false },
	{ "Which", "{\"poll\":{\"options\":[\"a\",\"\"],\"duration_minutes\":5}}", 0,
	  "poll_option_length", false },
	{ "Which", "{\"poll\":{\"options\":[\"a\",\"b\"]}}", 0, "poll_duration", false },
	{ "Which", "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":4}}", 0,
	  "poll_duration", true },
	{ "Which",
	  "{\"poll\":{\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"duration_minutes\":5}}", 0,
	  "poll_options", true },
	{ "Which",
	  "{\"poll\":{\"options\":[\"a\",\"b\"],\"duration_minutes\":9223372036854775807}}", 0,
	  "poll_duration", true },
	{ "One", "{\"thread\":[\"Two\"]}", 0, NULL, false },
	{ "One", "{\"thread\":[\"\"]}", 0, "caption_empty", false },
	{ "One", "{\"thread\":[7]}", 0, "thread_entry", false },
};

START_TEST(check_says_what_the_table_says)
{
	struct findings found = { .n = 0 };

	if (checks[_i].images > 0)
		bench_images(&b, CONTENT_CAROUSEL, checks[_i].images);
	b.post.caption = checks[_i].caption;
	mastodon_options(checks[_i].options);
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, checks[_i].code ? 1 : 0);
	if (!checks[_i].code)
		return;
	ck_assert_str_eq(found.v[0].code, checks[_i].code);
	ck_assert_int_eq(found.v[0].is_warning, checks[_i].is_warning);
}
END_TEST

/* A presumed limit only warns; what connecting has read of the server refuses. */
START_TEST(known_limits_refuse)
{
	json_t *limits = mastodon_limits_keep(NULL);
	struct findings found = { .n = 0 };
	char text[502];

	memset(text, 'x', 501);
	text[501] = '\0';
	b.post.caption = text;
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, 1);
	ck_assert(found.v[0].is_warning);
	found.n = 0;
	json_object_set_new(limits, "max_characters", json_integer(500));
	json_object_set_new((json_t *)(uintptr_t)b.account.meta, "limits", limits);
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, 1);
	ck_assert(!found.v[0].is_warning);
	/* The warning counts as well. */
	b.post.caption = text + 1;
	found.n = 0;
	mastodon_options("{\"content_warning\":\"w\"}");
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, 1);
}
END_TEST

static const struct {
	const char *scopes;
	size_t images, missing;
} grants[] = {
	{ "read write:statuses write:media", 1, 0 },
	{ "read write", 1, 0 },
	{ "read write:statuses", 0, 0 },
	{ "read write:statuses", 1, 1 },
	{ "read", 1, 2 },
	{ "", 1, 0 },
};

START_TEST(missing_permissions_are_named)
{
	struct findings found = { .n = 0 };

	b.account.scopes = grants[_i].scopes;
	if (grants[_i].images > 0)
		bench_images(&b, CONTENT_IMAGE, grants[_i].images);
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, grants[_i].missing);
	for (size_t i = 0; i < found.n; i++)
		ck_assert_str_eq(found.v[i].code, "missing_scope");
}
END_TEST

/* Preflight: what was presumed gives way to what the server says, both ways. */
static const struct {
	int max;
	size_t found;
} servers[] = { { 500, 1 }, { 5000, 0 } };

START_TEST(inspection_knows_the_server)
{
	struct findings found = { .n = 0 };
	struct inspection i = { .arena = b.arena,
				.app = &b.app,
				.account = &b.account,
				.post = &b.post,
				.memo = json_object(),
				.findings = &found,
				.facts = json_object() };
	char text[601];

	memset(text, 'x', 600);
	text[600] = '\0';
	b.post.caption = text;
	mastodon_check(&b.app, &b.account, &b.post, &found);
	ck_assert_uint_eq(found.n, 1);
	bench_sends(&b, mastodon_inspect(&i, NULL, &b.result),
		    "GET /api/v1/accounts/verify_credentials");
	bench_sends(&b, mastodon_inspect(&i, bench_reply(&b, 200, "{\"id\":\"1\"}"), &b.result),
		    LIMITS);
	bench_ends(&b,
		   mastodon_inspect(&i,
				    bench_reply(&b, 200,
						arena_printf(b.arena,
							     "{\"configuration\":{\"statuses\":{"
							     "\"max_characters\":%d}}}",
							     servers[_i].max)),
				    &b.result),
		   OUTCOME_PUBLISHED);
	ck_assert_uint_eq(found.n, servers[_i].found);
	if (found.n > 0)
		ck_assert(!found.v[0].is_warning);
	ck_assert_int_eq(memo_int(i.facts, "max_characters"), servers[_i].max);
	json_decref(i.memo);
	json_decref(i.facts);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ text_needs_the_limits_alone, 0 },
		{ limits_are_the_servers, 0 },
		{ older_servers_are_asked_otherwise, 0 },
		{ server_that_says_nothing_is_asked_again, 0 },
		{ image_goes_up_with_its_description, 0 },
		{ processing_is_waited_for, 0 },
		{ stuck_processing_is_begun_anew_a_few_times, 0 },
		{ forgotten_upload_is_made_anew, 0 },
		{ answer_to_an_upload_is_read_row_by_row, (int)ARRAY_LEN(uploads) },
		{ parts_that_are_live_are_not_staged_again, 0 },
		{ check_says_what_the_table_says, (int)ARRAY_LEN(checks) },
		{ known_limits_refuse, 0 },
		{ missing_permissions_are_named, (int)ARRAY_LEN(grants) },
		{ inspection_knows_the_server, (int)ARRAY_LEN(servers) },
		{ NULL, 0 },
	};

	return mastodon_run(&(struct suite_of){
		.name = "mastodon_stage",
		.setup = setup,
		.teardown = mastodon_close,
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, listing, changing and cancelling posts in camelCase. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fixtures.h"
#include "support/posting.h"
#include "support/suite.h"

static char *post, path[100];

static void setup(void)
{
	post = posting_one("2036-01-01T12:00:00Z");
	snprintf(path, sizeof(path), "/v1/posts/%s", post);
}

static void teardown(void)
{
	free(post);
}

/* What only a runner does to a post. */
static void becomes(const char *sql)
{
	free(client_sql("UPDATE posts SET %s WHERE id = 'sch_%s'", sql, post + 5));
}

/* Nobody fetches it any more: what is written here stays. */
static void media_becomes(const char *sql)
{
	free(client_sql("DELETE FROM fetches WHERE workspace_id = '%s'", poster.workspace));
	free(client_sql("UPDATE media SET %s WHERE id = (SELECT cm.media_id FROM content_media cm "
			"JOIN posts p ON p.content_id = cm.content_id WHERE p.id = 'sch_%s')",
			sql, post + 5));
}

static struct answer *read_post(void)
{
	return client_call("GET", path, poster.token, NULL);
}

static struct answer *change(const char *body)
{
	return client_call("PATCH", path, poster.token, body);
}

START_TEST(post_shows_all_that_is_known)
{
	static const char *const members[] = {
		"id",        "accountId",     "platform",      "contentType",
		"status",    "scheduledTime", "createdAt",     "updatedAt",
		"contentId", "livemode",      "state",         "reason",
		"media",     "mediaError",    "progress",      "caption",
		"timezone",  "localTime",     "publishedAt",   "remotePostId",
		"remoteUrl", "attempts",      "nextAttemptAt", "waitingFor",
		"error",
	};
	CLEANUP(answer_free) struct answer *a = read_post();
	CLEANUP(answer_free)
	struct answer *other = client_call("GET", path + 3, poster.token, NULL);
	char same[120];
	size_t i = 0;
	const char *key;
	json_t *value;

	assert_status(a, 200);
	ck_assert_ptr_nonnull(answer_header(a, "etag"));
	json_object_foreach(a->json, key, value)
		ck_assert_str_eq(key, members[i++]);
	ck_assert_uint_eq(i, ARRAY_LEN(members));
	ck_assert_str_eq(answer_text(a, "id"), post);
	ck_assert_str_eq(answer_text(a, "status"), "scheduled");
	ck_assert_str_eq(answer_text(a, "state"), "queued");
	ck_assert_str_eq(answer_text(a, "caption"), "One");
	ck_assert(answer_is_null(a, "progress"));
	assert_problem(other, 404, "not_found");
	snprintf(same, sizeof(same), "/api%s", path);
	CLEANUP(answer_free) struct answer *b = client_call("GET", same, poster.token, NULL);
	ck_assert(json_equal(a->json, b->json));
}
END_TEST

START_TEST(media_are_told_while_they_come)
{
	media_becomes("state = 'fetching'");
	CLEANUP(answer_free) struct answer *a = read_post();
	becomes("state = 'staging', wake_at = NULL");
	CLEANUP(answer_free) struct answer *taken = read_post();
	media_becomes("state = 'ready', kind = 'image', mime = 'image/jpeg', ext = 'jpg'");
	CLEANUP(answer_free) struct answer *b = read_post();
	media_becomes("state = 'failed', error = 'It is not there.'");
	CLEANUP(answer_free) struct answer *c = read_post();

	ck_assert_str_eq(answer_text(a, "media"), "fetching");
	ck_assert(answer_is_null(a, "mediaError"));
	ck_assert_str_eq(answer_text(taken, "state"), "queued");
	ck_assert_str_eq(answer_text(b, "media"), "ready");
	ck_assert_str_eq(answer_text(b, "state"), "staging");
	ck_assert_str_eq(answer_text(c, "media"), "failed");
	ck_assert_str_eq(answer_text(c, "mediaError"), "It is not there.");
}
END_TEST

/* The same content for a further account, as the other family schedules or examines it. */
static struct answer *schedule_too(const char *call)
{
	char *content = client_sql("SELECT content_id FROM posts WHERE id = 'sch_%s'", post + 5);
	char place[120], body[200];
	struct answer *a;

	snprintf(place, sizeof(place), "/api/v1/content/%s/%s", content, call);
	snprintf(body, sizeof(body),
		 "{\"scheduled_at\":\"2036-01-02T00:00:00Z\",\"account_ids\":[\"%s\"]}", on_tiktok);
	a = client_call(*call == 's' ? "POST" : "GET", place, poster.token,
			*call == 's' ? body : NULL);
	free(content);
	return a;
}

START_TEST(content_is_scheduled_while_its_media_come)
{
	media_becomes("state = 'fetching'");
	CLEANUP(answer_free) struct answer *coming = schedule_too("schedule");
	CLEANUP(answer_free) struct answer *look = schedule_too("preflight?platform=tiktok");
	media_becomes("state = 'failed', error = 'It is not there.'");
	CLEANUP(answer_free) struct answer *failed = schedule_too("schedule");

	assert_status(coming, 201);
	ck_assert_str_eq(answer_text(coming, "scheduled_posts.0.state"), "queued");
	assert_status(look, 200);
	ck_assert_msg(answer_bool(look, "ok"), "%s", look->body);
	ck_assert_str_eq(answer_text(look, "targets.0.warnings.0.code"), "media_not_ready");
	ck_assert_str_eq(answer_text(look, "targets.0.warnings.0.pointer"), "media/0");
	assert_problem(failed, 422, "content_unfit");
	ck_assert_str_eq(answer_text(failed, "errors.0.pointer"), "/account_ids/0/media/0");
	ck_assert_str_eq(answer_text(failed, "errors.0.code"), "media_failed");
}
END_TEST

/* A PNG, which Instagram does not take: it becomes a JPEG ahead of the due time. */
START_TEST(progress_is_of_what_is_made)
{
	char *media = fixture_media(poster.token, FIXTURE_PNG), place[100];
	CLEANUP(answer_free)
	struct answer *made =
		client_callf("POST", "/api/v1/content", poster.token,
			     "{\"kind\":\"image\",\"media\":[{\"media_id\":\"%s\"}]}", media);

	assert_status(made, 201);
	fixture_approve(poster.token, answer_text(made, "id"));
	snprintf(place, sizeof(place), "/api/v1/content/%s/schedule", answer_text(made, "id"));
	CLEANUP(answer_free)
	struct answer *planned = client_callf("POST", place, poster.token,
					      "{\"scheduled_at\":\"2036-01-01T00:00:00Z\","
					      "\"account_ids\":[\"%s\"]}",
					      on_instagram);
	assert_status(planned, 201);
	snprintf(path, sizeof(path), "/v1/posts/%s", answer_text(planned, "scheduled_posts.0.id"));
	for (bool is_done = false; !is_done;) {
		CLEANUP(answer_free) struct answer *a = read_post();

		assert_status(a, 200);
		ck_assert_str_eq(answer_text(a, "media"), "ready");
		ck_assert_int_ge(answer_int(a, "progress"), 0);
		ck_assert_int_le(answer_int(a, "progress"), 100);
		is_done = answer_int(a, "progress") == 100;
		if (!is_done)
			usleep(100000);
	}
	free(media);
}
END_TEST

START_TEST(error_is_told_in_camel_case)
{
	becomes("state = 'failed', wake_at = NULL, error_code = 'content_rejected', error_message "
		"= "
		"'No.', error_who = 'you', error_retryable = FALSE, platform_code = '100', "
		"platform_message = 'bad'");
	CLEANUP(answer_free) struct answer *a = read_post();

	ck_assert_str_eq(answer_text(a, "status"), "failed");
	ck_assert_uint_eq(json_object_size(answer_at(a, "error")), 6);
	ck_assert_str_eq(answer_text(a, "error.code"), "content_rejected");
	ck_assert_str_eq(answer_text(a, "error.message"), "No.");
	ck_assert_str_eq(answer_text(a, "error.who"), "you");
	ck_assert_str_eq(answer_text(a, "error.platformCode"), "100");
	ck_assert_str_eq(answer_text(a, "error.platformMessage"), "bad");
	ck_assert(!answer_bool(a, "error.retryable"));
}
END_TEST

static const struct {
	const char *state, *status;
} words[] = {
	{ "queued", "scheduled" },      { "staging", "scheduled" },    { "staged", "scheduled" },
	{ "publishing", "scheduled" },  { "confirming", "scheduled" }, { "retrying", "scheduled" },
	{ "unconfirmed", "scheduled" }, { "paused", "scheduled" },     { "published", "posted" },
	{ "failed", "failed" },         { "missed", "failed" },        { "cancelled", "cancelled" },
};

START_TEST(state_has_its_word)
{
	char sql[60], query[200];

	snprintf(sql, sizeof(sql), "state = '%s', wake_at = NULL", words[_i].state);
	becomes(sql);
	media_becomes("state = 'ready'");
	CLEANUP(answer_free) struct answer *a = read_post();
	snprintf(query, sizeof(query), "/v1/posts?status=%s&contentId=%s", words[_i].status,
		 answer_text(a, "contentId"));
	CLEANUP(answer_free) struct answer *list = client_call("GET", query, poster.token, NULL);
	snprintf(query, sizeof(query), "/v1/posts?state=%s&contentId=%s", words[_i].state,
		 answer_text(a, "contentId"));
	CLEANUP(answer_free) struct answer *exact = client_call("GET", query, poster.token, NULL);

	ck_assert_str_eq(answer_text(a, "status"), words[_i].status);
	ck_assert_str_eq(answer_text(a, "state"), words[_i].state);
	ck_assert_uint_eq(answer_count(list, "data"), 1);
	ck_assert(json_equal(answer_at(list, "data.0"), a->json));
	ck_assert_uint_eq(answer_count(exact, "data"), 1);
}
END_TEST

START_TEST(list_pages_from_the_latest)
{
	char *late = posting_one("2037-06-01T00:00:00Z"),
	     *later = posting_one("2037-07-01T00:00:00Z");
	char query[300];
	CLEANUP(answer_free)
	struct answer *one = client_call("GET", "/v1/posts?from=2037-05-01T00:00:00Z&limit=1",
					 poster.token, NULL);

	assert_status(one, 200);
	ck_assert_uint_eq(json_object_size(one->json), 3);
	ck_assert_uint_eq(answer_count(one, "data"), 1);
	ck_assert_str_eq(answer_text(one, "data.0.id"), later);
	ck_assert(answer_bool(one, "hasMore"));
	snprintf(query, sizeof(query), "/api/v1/posts?from=2037-05-01T00:00:00Z&limit=1&cursor=%s",
		 answer_text(one, "nextCursor"));
	CLEANUP(answer_free) struct answer *two = client_call("GET", query, poster.token, NULL);
	ck_assert_str_eq(answer_text(two, "data.0.id"), late);
	ck_assert(!answer_bool(two, "hasMore"));
	ck_assert(answer_is_null(two, "nextCursor"));
	snprintf(query, sizeof(query), "/v1/posts?accountId=%s&from=2037-05-01T00:00:00Z",
		 on_tiktok);
	CLEANUP(answer_free) struct answer *none = client_call("GET", query, poster.token, NULL);
	ck_assert_uint_eq(answer_count(none, "data"), 0);
	CLEANUP(answer_free)
	struct answer *bad = client_call("GET", "/v1/posts?status=pending", poster.token, NULL);
	assert_invalid(bad, "status", "not_a_choice");
	CLEANUP(answer_free)
	struct answer *snake = client_call("GET", "/v1/posts?account_id=x", poster.token, NULL);
	assert_invalid(snake, "account_id", "unknown_parameter");
	free(late);
	free(later);
}
END_TEST

START_TEST(time_moves)
{
	CLEANUP(answer_free)
	struct answer *a = change("{\"scheduledTime\":\"2036-02-01T09:00\",\"timezone\":"
				  "\"Europe/Berlin\"}");
	CLEANUP(answer_free) struct answer *b = change("{\"timezone\":\"America/New_York\"}");

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "scheduledTime"), "2036-02-01T08:00:00Z");
	ck_assert_str_eq(answer_text(a, "timezone"), "Europe/Berlin");
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "scheduledTime"), "2036-02-01T08:00:00Z");
	ck_assert_str_eq(answer_text(b, "localTime"), "2036-02-01T03:00:00");
}
END_TEST

START_TEST(caption_is_the_posts_own)
{
	CLEANUP(answer_free) struct answer *a = change("{\"caption\":\"Two\"}");
	CLEANUP(answer_free) struct answer *b = read_post();
	char content[100];

	assert_status(a, 200);
	ck_assert_str_eq(answer_text(a, "caption"), "Two");
	ck_assert_str_eq(answer_text(b, "caption"), "Two");
	ck_assert_str_eq(answer_text(a, "state"), "queued");
	snprintf(content, sizeof(content), "/api/v1/content/%s", answer_text(a, "contentId"));
	CLEANUP(answer_free) struct answer *c = client_call("GET", content, poster.token, NULL);
	ck_assert_str_eq(answer_text(c, "caption"), "One");
	ck_assert_str_eq(answer_text(c, "state"), "approved");
	CLEANUP(answer_free) struct answer *none = change("{\"caption\":null}");
	ck_assert(answer_is_null(none, "caption"));
}
END_TEST

START_TEST(caption_that_the_platform_refuses_is_refused)
{
	char body[2400];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"caption\":\"");

	memset(body + n, 'a', 2300);
	snprintf(body + n + 2300, sizeof(body) - n - 2300, "\"}");
	CLEANUP(answer_free) struct answer *a = change(body);
	CLEANUP(answer_free) struct answer *b = read_post();

	assert_problem(a, 422, "content_unfit");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/caption");
	ck_assert_str_eq(answer_text(b, "caption"), "One");
}
END_TEST

START_TEST(reviewed_words_are_not_changed_here)
{
	struct answer *a;

	answer_free(client_call("PATCH", "/api/v1/workspace", poster.token,
				"{\"require_approval\":true}"));
	a = change("{\"caption\":\"Two\"}");
	answer_free(client_call("PATCH", "/api/v1/workspace", poster.token,
				"{\"require_approval\":false}"));
	assert_problem(a, 409, "conflict");
	answer_free(a);
}
END_TEST

START_TEST(words_need_the_scope_to_publish)
{
	CLEANUP(answer_free)
	struct answer *made = client_call("POST", "/api/v1/api-keys", poster.token,
					  "{\"name\":\"mover\",\"scopes\":[\"schedule:write\"]}");
	CLEANUP(answer_free)
	struct answer *a =
		client_call("PATCH", path, answer_text(made, "secret"), "{\"caption\":\"Two\"}");
	CLEANUP(answer_free)
	struct answer *b = client_call("PATCH", path, answer_text(made, "secret"),
				       "{\"scheduledTime\":\"2036-03-01T00:00:00Z\"}");

	assert_problem(a, 403, "insufficient_scope");
	assert_status(b, 200);
}
END_TEST

static const struct {
	const char *body, *pointer, *code;
} bad_changes[] = {
	{ "{\"scheduledTime\":\"soon\"}", "/scheduledTime", "bad_format" },
	{ "{\"scheduledTime\":\"2036-01-01T00:00\"}", "/timezone", "required" },
	{ "{\"timezone\":\"Mars/Olympus\"}", "/timezone", "unknown_timezone" },
	{ "{\"scheduledTime\":\"2020-01-01T00:00:00Z\"}", "/scheduledTime", "scheduled_in_past" },
	{ "{\"status\":\"posted\"}", "/status", "not_a_choice" },
	{ "{\"status\":\"cancelled\",\"caption\":\"x\"}", "/status", "not_both" },
	{ "{\"slideDuration\":6}", "/slideDuration", "not_for_type" },
	{ "{\"renderAsVideo\":true}", "/renderAsVideo", "not_for_type" },
	{ "{\"contentUrl\":\"https://media.invalid/b.jpg\"}", "/contentUrl", "unknown_member" },
	{ "{\"caption\":7}", "/caption", "wrong_type" },
};

START_TEST(bad_change_names_the_member)
{
	CLEANUP(answer_free) struct answer *a = change(bad_changes[_i].body);
	CLEANUP(answer_free) struct answer *b = read_post();

	ck_assert_int_eq(a->status, 422);
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), bad_changes[_i].pointer);
	ck_assert_str_eq(answer_text(a, "errors.0.code"), bad_changes[_i].code);
	ck_assert_str_eq(answer_text(b, "scheduledTime"), "2036-01-01T12:00:00Z");
}
END_TEST

START_TEST(slides_of_a_show_change)
{
	CLEANUP(answer_free)
	struct answer *made =
		posting("/v1/posts/slideshow",
			"{'accountIds':['%s'],'contentUrl':["
			"'https://media.invalid/1.jpg','https://media.invalid/2.jpg'],"
			"'scheduledTime':'2036-01-01T00:00:00Z'}",
			on_instagram);
	char own[100];

	assert_status(made, 201);
	snprintf(own, sizeof(own), "/v1/posts/%s", answer_text(made, "posts.0.id"));
	CLEANUP(answer_free)
	struct answer *a = client_call("PATCH", own, poster.token,
				       "{\"slideDuration\":8,\"renderAsVideo\":true}");
	CLEANUP(answer_free)
	struct answer *b = client_call("PATCH", own, poster.token, "{\"slideDuration\":5}");
	char *overrides = client_sql("SELECT JSON_COMPACT(overrides) FROM posts WHERE id = "
				     "'sch_%s'",
				     answer_text(made, "posts.0.id") + 5);

	assert_status(a, 200);
	assert_invalid(b, "/slideDuration", "not_a_choice");
	ck_assert_str_eq(overrides, "{\"slide_duration\":8,\"render_as_video\":true}");
	free(overrides);
}
END_TEST

START_TEST(stale_version_is_refused)
{
	CLEANUP(answer_free) struct answer *old = read_post();
	char match[80];
	const char *headers[] = { match, NULL };

	snprintf(match, sizeof(match), "If-Match: %s", answer_header(old, "etag"));
	answer_free(change("{\"timezone\":\"Europe/Berlin\"}"));
	CLEANUP(answer_free)
	struct answer *a = client_send(&(struct call){ .method = "PATCH",
						       .path = path,
						       .token = poster.token,
						       .body = "{\"timezone\":\"Asia/Tokyo\"}",
						       .headers = headers });
	CLEANUP(answer_free)
	struct answer *b = client_send(&(struct call){
		.method = "DELETE", .path = path, .token = poster.token, .headers = headers });

	assert_problem(a, 412, "version_mismatch");
	assert_problem(b, 412, "version_mismatch");
}
END_TEST

START_TEST(delete_cancels_and_scheduled_revives)
{
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, poster.token, NULL);
	CLEANUP(answer_free) struct answer *a = read_post();
	CLEANUP(answer_free) struct answer *again = client_call("DELETE", path, poster.token, NULL);
	CLEANUP(answer_free) struct answer *b = change("{\"status\":\"scheduled\"}");
	CLEANUP(answer_free) struct answer *c = change("{\"status\":\"cancelled\"}");

	assert_status(gone, 204);
	ck_assert_str_eq(answer_text(a, "status"), "cancelled");
	assert_status(again, 204);
	assert_status(b, 200);
	ck_assert_str_eq(answer_text(b, "status"), "scheduled");
	assert_status(c, 200);
	ck_assert_str_eq(answer_text(c, "status"), "cancelled");
}
END_TEST

START_TEST(posted_one_is_not_deleted)
{
	becomes("state = 'published', wake_at = NULL, published_at = UTC_TIMESTAMP(3)");
	CLEANUP(answer_free) struct answer *a = client_call("DELETE", path, poster.token, NULL);

	assert_problem(a, 409, "already_published");
}
END_TEST

START_TEST(delete_of_many_tells_of_each)
{
	char *live = posting_one("2036-05-01T00:00:00Z"),
	     *begun = posting_one("2036-06-01T00:00:00Z");
	char body[300];

	free(client_sql("UPDATE posts SET state = 'published', wake_at = NULL WHERE id = 'sch_%s'",
			live + 5));
	free(client_sql("UPDATE posts SET state = 'publishing', wake_at = NULL WHERE id = 'sch_%s'",
			begun + 5));
	snprintf(body, sizeof(body), "{\"postIds\":[\"%s\",\"%s\",\"post_none\",\"%s\"]}", live,
		 begun, post);
	CLEANUP(answer_free)
	struct answer *a = client_call("DELETE", "/v1/posts", poster.token, body);
	CLEANUP(answer_free)
	struct answer *twice = client_call("DELETE", "/api/v1/posts", poster.token,
					   "{\"postIds\":[\"post_a\",\"post_a\"]}");
	CLEANUP(answer_free) struct answer *b = read_post();

	assert_status(a, 200);
	ck_assert_uint_eq(answer_count(a, "results"), 4);
	ck_assert_str_eq(answer_text(a, "results.0.id"), live);
	ck_assert(!answer_bool(a, "results.0.deleted"));
	ck_assert_str_eq(answer_text(a, "results.0.error.code"), "already_published");
	ck_assert_str_eq(answer_text(a, "results.1.error.code"), "already_publishing");
	ck_assert_str_eq(answer_text(a, "results.2.error.code"), "not_found");
	ck_assert_str_eq(answer_text(a, "results.3.id"), post);
	ck_assert(answer_bool(a, "results.3.deleted"));
	ck_assert(answer_is_null(a, "results.3.error"));
	ck_assert_str_eq(answer_text(b, "status"), "cancelled");
	assert_invalid(twice, "/postIds/1", "duplicate");
	free(live);
	free(begun);
}
END_TEST

START_TEST(foreign_post_does_not_exist)
{
	struct persona other;
	char body[100];

	persona_make(&other, NULL, "owner");
	snprintf(body, sizeof(body), "{\"postIds\":[\"%s\"]}", post);
	CLEANUP(answer_free) struct answer *a = client_call("GET", path, other.token, NULL);
	CLEANUP(answer_free) struct answer *b = client_call("PATCH", path, other.token, "{}");
	CLEANUP(answer_free) struct answer *c = client_call("DELETE", path, other.token, NULL);
	CLEANUP(answer_free)
	struct answer *d = client_call("DELETE", "/v1/posts", other.token, body);
	CLEANUP(answer_free) struct answer *e = client_call("GET", "/v1/posts", other.token, NULL);
	CLEANUP(answer_free) struct answer *mine = read_post();

	assert_problem(a, 404, "not_found");
	assert_problem(b, 404, "not_found");
	assert_problem(c, 404, "not_found");
	ck_assert_str_eq(answer_text(d, "results.0.error.code"), "not_found");
	ck_assert_uint_eq(answer_count(e, "data"), 0);
	ck_assert_str_eq(answer_text(mine, "status"), "scheduled");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ post_shows_all_that_is_known, 0 },
		{ media_are_told_while_they_come, 0 },
		{ content_is_scheduled_while_its_media_come, 0 },
		{ progress_is_of_what_is_made, 0 },
		{ error_is_told_in_camel_case, 0 },
		{ state_has_its_word, (int)ARRAY_LEN(words) },
		{ list_pages_from_the_latest, 0 },
		{ time_moves, 0 },
		{ caption_is_the_posts_own, 0 },
		{ caption_that_the_platform_refuses_is_refused, 0 },
		{ reviewed_words_are_not_changed_here, 0 },
		{ words_need_the_scope_to_publish, 0 },
		{ bad_change_names_the_member, (int)ARRAY_LEN(bad_changes) },
		{ slides_of_a_show_change, 0 },
		{ stale_version_is_refused, 0 },
		{ delete_cancels_and_scheduled_revives, 0 },
		{ posted_one_is_not_deleted, 0 },
		{ delete_of_many_tells_of_each, 0 },
		{ foreign_post_does_not_exist, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "posts_change",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.before = fixtures_make,
		.after = fixtures_done,
		.open = posting_begin,
		.close = posting_end,
		.setup = setup,
		.teardown = teardown,
		.cases = cases,
	});
}

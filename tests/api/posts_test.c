/* SPDX-License-Identifier: Apache-2.0 */
/* POST /posts: the document's example to the letter, and what a request makes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "support/connector.h"
#include "support/posting.h"
#include "support/suite.h"

static const char *const prefixes[] = { "/v1/posts", "/api/v1/posts" };

/* The request of the published document; accounts and time are ours. */
static const char example[] = "{\n"
			      "    \"accountIds\": [\"%s\", \"%s\"],\n"
			      "    \"contentType\": \"video\",\n"
			      "    \"contentUrl\": \"https://example.com/video.mp4\",\n"
			      "    \"caption\": \"Check out this amazing content! #viral\",\n"
			      "    \"soundUrl\": \"https://example.com/audio.mp3\",\n"
			      "    \"scheduledTime\": \"2034-04-22T12:00:00Z\"\n"
			      "  }";

#define EXPECTED_POST                                                           \
	"{\"id\":\"%s\",\"accountId\":\"%s\",\"platform\":\"%s\","              \
	"\"contentType\":\"video\",\"status\":\"scheduled\",\"scheduledTime\":" \
	"\"2034-04-22T12:00:00Z\",\"createdAt\":\"%s\"}"

static void is_id(const char *id)
{
	ck_assert_uint_eq(strlen(id), strlen("post_") + 26);
	ck_assert_int_eq(strncmp(id, "post_", 5), 0);
}

static void is_recent(const char *at)
{
	ck_assert_int_eq(client_number("SELECT ABS(TIMESTAMPDIFF(SECOND, STR_TO_DATE('%s', "
				       "'%%Y-%%m-%%dT%%H:%%i:%%sZ'), UTC_TIMESTAMP())) < 30",
				       at),
			 1);
}

START_TEST(documented_request_gets_the_documented_answer)
{
	char expected[1200];
	CLEANUP(answer_free)
	struct answer *a =
		client_callf("POST", prefixes[_i], poster.token, example, on_tiktok, on_instagram);

	assert_status(a, 201);
	snprintf(expected, sizeof(expected), "{\"posts\":[" EXPECTED_POST "," EXPECTED_POST "]}",
		 answer_text(a, "posts.0.id"), on_tiktok, "tiktok",
		 answer_text(a, "posts.0.createdAt"), answer_text(a, "posts.1.id"), on_instagram,
		 "instagram", answer_text(a, "posts.1.createdAt"));
	ck_assert_str_eq(a->body, expected);
	is_id(answer_text(a, "posts.0.id"));
	is_id(answer_text(a, "posts.1.id"));
	is_recent(answer_text(a, "posts.0.createdAt"));
}
END_TEST

START_TEST(post_is_one_content_approved_in_the_callers_name)
{
	CLEANUP(answer_free)
	struct answer *a =
		client_callf("POST", "/v1/posts", poster.token, example, on_instagram, on_tiktok);
	char path[100];

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.accountId"), on_instagram);
	ck_assert_str_eq(answer_text(a, "posts.1.accountId"), on_tiktok);
	snprintf(path, sizeof(path), "/api/v1/schedule/sch_%s", answer_text(a, "posts.0.id") + 5);
	CLEANUP(answer_free) struct answer *one = client_call("GET", path, poster.token, NULL);
	snprintf(path, sizeof(path), "/api/v1/schedule/sch_%s", answer_text(a, "posts.1.id") + 5);
	CLEANUP(answer_free) struct answer *two = client_call("GET", path, poster.token, NULL);

	assert_status(one, 200);
	ck_assert_str_eq(answer_text(one, "state"), "queued");
	ck_assert_str_eq(answer_text(one, "content_id"), answer_text(two, "content_id"));
	snprintf(path, sizeof(path), "/api/v1/content/%s", answer_text(one, "content_id"));
	CLEANUP(answer_free) struct answer *c = client_call("GET", path, poster.token, NULL);
	assert_status(c, 200);
	ck_assert_str_eq(answer_text(c, "state"), "approved");
	ck_assert_str_eq(answer_text(c, "approved_by"), poster.user);
	ck_assert_str_eq(answer_text(c, "kind"), "video");
	ck_assert_str_eq(answer_text(c, "caption"), "Check out this amazing content! #viral");
	ck_assert_uint_eq(answer_count(c, "media"), 1);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM media WHERE workspace_id = '%s' AND "
				       "id IN ('%s', '%s')",
				       poster.workspace, answer_text(c, "media.0.media_id"),
				       answer_text(c, "overrides.tiktok.sound_media_id")),
			 2);
	ck_assert_str_eq(answer_text(c, "overrides.tiktok.sound_media_id"),
			 answer_text(c, "overrides.instagram.sound_media_id"));
}
END_TEST

START_TEST(without_a_time_it_is_due_at_its_creation)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s'],'contentType':'image','contentUrl':"
				   "'https://media.invalid/a.jpg','timezone':'Europe/Berlin'}",
				   on_instagram);

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.status"), "scheduled");
	ck_assert_str_eq(answer_text(a, "posts.0.scheduledTime"),
			 answer_text(a, "posts.0.createdAt"));
	ck_assert_int_eq(client_number("SELECT is_immediate AND due_at = created_at AND "
				       "timezone = 'Europe/Berlin' FROM posts WHERE id = 'sch_%s'",
				       answer_text(a, "posts.0.id") + 5),
			 1);
}
END_TEST

START_TEST(local_time_is_meant_in_the_zone_beside_it)
{
	CLEANUP(answer_free)
	struct answer *a =
		posting("/v1/posts",
			"{'accountIds':['%s'],'contentType':'image','contentUrl':"
			"'https://media.invalid/a.jpg','scheduledTime':'2034-07-01T09:30',"
			"'timezone':'America/New_York'}",
			on_instagram);

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.scheduledTime"), "2034-07-01T13:30:00Z");
}
END_TEST

START_TEST(url_that_stands_twice_is_fetched_once)
{
	int64_t before = client_number("SELECT COUNT(*) FROM media WHERE workspace_id = '%s'",
				       poster.workspace);
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts/slideshow",
				   "{'accountIds':['%s','%s'],'contentUrl':["
				   "'https://media.invalid/1.jpg','https://media.invalid/2.jpg',"
				   "'https://media.invalid/1.jpg'],'scheduledTime':"
				   "'2034-01-01T00:00:00Z','slideDuration':6,'renderAsVideo':true}",
				   on_tiktok, on_instagram);
	char *post, *overrides, *content;

	assert_status(a, 201);
	post = strdup(answer_text(a, "posts.0.id") + 5);
	content = client_sql("SELECT content_id FROM posts WHERE id = 'sch_%s'", post);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM media WHERE workspace_id = '%s'",
				       poster.workspace),
			 before + 2);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM content_media WHERE content_id = '%s'",
				       content),
			 3);
	ck_assert_int_eq(
		client_number("SELECT COUNT(DISTINCT media_id) FROM content_media WHERE content_id "
			      "= '%s' AND position IN (0, 2)",
			      content),
		1);
	overrides =
		client_sql("SELECT JSON_COMPACT(overrides) FROM contents WHERE id = '%s'", content);
	ck_assert_str_eq(overrides,
			 "{\"tiktok\":{\"slide_duration\":6,\"render_as_video\":true},"
			 "\"instagram\":{\"slide_duration\":6,\"render_as_video\":true}}");
	free(overrides);
	free(content);
	free(post);
}
END_TEST

static const struct {
	const char *type, *more, *kinds; /* kinds: what the orders ask for, in order */
} types[] = {
	{ "video", ",'contentUrl':'https://media.invalid/v.mp4'", "video" },
	{ "image", ",'contentUrl':'https://media.invalid/i.jpg'", "image" },
	{ "slideshow",
	  ",'contentUrl':['https://media.invalid/1.jpg','https://media.invalid/2.jpg']",
	  "image,image" },
	{ "carousel", ",'contentUrl':['https://media.invalid/1.jpg','https://media.invalid/2.mp4']",
	  "any,any" },
};

START_TEST(orders_ask_for_what_the_type_needs)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s'],'contentType':'%s','scheduledTime':"
				   "'2034-01-01T00:00:00Z'%s}",
				   on_instagram, types[_i].type, types[_i].more);
	char *kinds;

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.contentType"), types[_i].type);
	kinds = client_sql("SELECT GROUP_CONCAT(COALESCE(f.wanted, 'any') ORDER BY cm.position) "
			   "FROM posts p JOIN content_media cm ON cm.content_id = p.content_id "
			   "JOIN fetches f ON f.media_id = cm.media_id WHERE p.id = 'sch_%s'",
			   answer_text(a, "posts.0.id") + 5);
	ck_assert_str_eq(kinds, types[_i].kinds);
	free(kinds);
}
END_TEST

START_TEST(text_needs_no_media)
{
	char id[24], body[200];

	snprintf(id, sizeof(id), "79%010llu", (unsigned long long)random_below(10000000000ULL));
	snprintf(body, sizeof(body),
		 "{\"platform\":\"twitter\",\"users\":[{\"id\":\"%s\",\"username\":\"who\"}]}", id);
	sandbox_post("/_control/world", body, 200);
	char *account = connect_user(poster.token, "twitter", id);
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s'],'contentType':'text','caption':'Hello',"
				   "'scheduledTime':'2034-01-01T00:00:00Z'}",
				   account);

	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.platform"), "twitter");
	ck_assert_str_eq(answer_text(a, "posts.0.contentType"), "text");
	free(account);
}
END_TEST

START_TEST(shorter_paths_imply_the_type)
{
	CLEANUP(answer_free)
	struct answer *video = posting("/api/v1/posts/video",
				       "{'accountIds':['%s'],'contentUrl':"
				       "'https://media.invalid/v.mp4'}",
				       on_tiktok);
	CLEANUP(answer_free)
	struct answer *show =
		posting("/v1/posts/slideshow",
			"{'accountIds':['%s'],'contentType':'slideshow','contentUrl':"
			"['https://media.invalid/1.jpg','https://media.invalid/2.jpg']}",
			on_tiktok);

	assert_status(video, 201);
	ck_assert_str_eq(answer_text(video, "posts.0.contentType"), "video");
	assert_status(show, 201);
	ck_assert_str_eq(answer_text(show, "posts.0.contentType"), "slideshow");
}
END_TEST

START_TEST(sound_is_kept_while_a_content_has_it)
{
	int64_t n = client_number("SELECT COUNT(*) FROM contents WHERE workspace_id = '%s'",
				  poster.workspace);

	CLEANUP(answer_free)
	struct answer *first = posting("/v1/posts",
				       "{'accountIds':['%s'],'contentType':'video','contentUrl':"
				       "'https://media.invalid/v.mp4','soundUrl':"
				       "'https://media.invalid/s.mp3','scheduledTime':"
				       "'2034-01-01T00:00:00Z'}",
				       on_instagram);
	char *sound, path[100];

	assert_status(first, 201);
	sound = client_sql("SELECT c.sound_media_id FROM contents c JOIN posts p ON "
			   "p.content_id = c.id WHERE p.id = 'sch_%s'",
			   answer_text(first, "posts.0.id") + 5);
	CLEANUP(answer_free)
	struct answer *second = posting("/v1/posts",
					"{'accountIds':['%s'],'contentType':'video','contentUrl':"
					"'https://media.invalid/w.mp4','soundUrl':'%s',"
					"'scheduledTime':'2034-01-01T00:00:00Z'}",
					on_instagram, sound);

	assert_status(second, 201);
	ck_assert_int_eq(
		client_number("SELECT COUNT(*) FROM contents WHERE sound_media_id = '%s'", sound),
		2);
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM contents WHERE workspace_id = '%s'",
				       poster.workspace),
			 n + 2);
	snprintf(path, sizeof(path), "/api/v1/media/%s", sound);
	CLEANUP(answer_free) struct answer *gone = client_call("DELETE", path, poster.token, NULL);
	assert_problem(gone, 409, "media_in_use");
	free(sound);
}
END_TEST

START_TEST(review_holds_the_post_until_somebody_approves)
{
	char path[100];
	struct answer *a;

	answer_free(client_call("PATCH", "/api/v1/workspace", poster.token,
				"{\"require_approval\":true}"));
	a = posting("/v1/posts",
		    "{'accountIds':['%s'],'contentType':'image','contentUrl':"
		    "'https://media.invalid/a.jpg'}",
		    on_instagram);
	answer_free(client_call("PATCH", "/api/v1/workspace", poster.token,
				"{\"require_approval\":false}"));
	assert_status(a, 201);
	ck_assert_str_eq(answer_text(a, "posts.0.status"), "scheduled");
	snprintf(path, sizeof(path), "/v1/posts/%s", answer_text(a, "posts.0.id"));
	CLEANUP(answer_free) struct answer *held = client_call("GET", path, poster.token, NULL);
	ck_assert_str_eq(answer_text(held, "state"), "paused");
	ck_assert_str_eq(answer_text(held, "reason"), "awaiting_approval");
	char content[100];
	snprintf(content, sizeof(content), "/api/v1/content/%s/approve",
		 answer_text(held, "contentId"));
	CLEANUP(answer_free)
	struct answer *approved = client_call("POST", content, poster.token, NULL);
	CLEANUP(answer_free) struct answer *freed = client_call("GET", path, poster.token, NULL);

	assert_status(approved, 200);
	ck_assert_str_ne(answer_text(freed, "state"), "paused");
	ck_assert(answer_is_null(freed, "reason"));
	answer_free(a);
}
END_TEST

static char *make_key(const char *body)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/api/v1/api-keys", poster.token, body);

	assert_status(a, 201);
	return strdup(answer_text(a, "secret"));
}

static struct answer *post_with(const char *key, const char *account)
{
	return client_callf("POST", "/v1/posts", key,
			    "{\"accountIds\":[\"%s\"],\"contentType\":\"image\",\"contentUrl\":"
			    "\"https://media.invalid/a.jpg\",\"scheduledTime\":"
			    "\"2034-01-01T00:00:00Z\"}",
			    account);
}

START_TEST(keys_see_only_accounts_of_their_mode)
{
	char *live = make_key("{\"name\":\"live\"}");
	char *test = make_key("{\"name\":\"test\",\"livemode\":false}");
	CLEANUP(answer_free) struct answer *a = post_with(live, on_instagram);
	CLEANUP(answer_free) struct answer *b = post_with(test, on_test);
	CLEANUP(answer_free) struct answer *c = post_with(live, on_test);
	CLEANUP(answer_free) struct answer *d = post_with(test, on_instagram);
	char path[100];

	assert_status(a, 201);
	assert_status(b, 201);
	assert_invalid(c, "/accountIds/0", "unknown_account");
	assert_invalid(d, "/accountIds/0", "unknown_account");
	snprintf(path, sizeof(path), "/v1/posts/%s", answer_text(a, "posts.0.id"));
	CLEANUP(answer_free) struct answer *hidden = client_call("GET", path, test, NULL);
	CLEANUP(answer_free) struct answer *seen = client_call("GET", path, live, NULL);
	CLEANUP(answer_free) struct answer *list = client_call("GET", "/v1/posts", test, NULL);

	assert_problem(hidden, 404, "not_found");
	assert_status(seen, 200);
	ck_assert_uint_gt(answer_count(list, "data"), 0);
	for (size_t i = 0; i < answer_count(list, "data"); i++) {
		snprintf(path, sizeof(path), "data.%zu.accountId", i);
		ck_assert_str_eq(answer_text(list, path), on_test);
	}
	free(live);
	free(test);
}
END_TEST

START_TEST(posting_needs_the_scope_to_publish)
{
	char *key = make_key("{\"name\":\"writer\",\"scopes\":[\"content:write\","
			     "\"schedule:write\",\"schedule:read\"]}");
	CLEANUP(answer_free) struct answer *a = post_with(key, on_instagram);
	CLEANUP(answer_free) struct answer *b = client_call("GET", "/v1/posts", key, NULL);

	assert_problem(a, 403, "insufficient_scope");
	assert_status(b, 200);
	free(key);
}
END_TEST

START_TEST(cap_of_a_key_counts_posts)
{
	char *key = make_key("{\"name\":\"capped\",\"publish_cap_per_day\":1}");
	int64_t before;
	CLEANUP(answer_free)
	struct answer *a = client_callf("POST", "/v1/posts", key, example, on_tiktok, on_instagram);
	CLEANUP(answer_free) struct answer *b = post_with(key, on_instagram);

	assert_problem(a, 429, "publish_cap_reached");
	assert_status(b, 201);
	before = posting_rows();
	CLEANUP(answer_free) struct answer *c = post_with(key, on_instagram);
	assert_problem(c, 429, "publish_cap_reached");
	ck_assert_int_eq(posting_rows(), before);
	free(key);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ documented_request_gets_the_documented_answer, (int)ARRAY_LEN(prefixes) },
		{ post_is_one_content_approved_in_the_callers_name, 0 },
		{ without_a_time_it_is_due_at_its_creation, 0 },
		{ local_time_is_meant_in_the_zone_beside_it, 0 },
		{ url_that_stands_twice_is_fetched_once, 0 },
		{ orders_ask_for_what_the_type_needs, (int)ARRAY_LEN(types) },
		{ text_needs_no_media, 0 },
		{ shorter_paths_imply_the_type, 0 },
		{ sound_is_kept_while_a_content_has_it, 0 },
		{ review_holds_the_post_until_somebody_approves, 0 },
		{ keys_see_only_accounts_of_their_mode, 0 },
		{ posting_needs_the_scope_to_publish, 0 },
		{ cap_of_a_key_counts_posts, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "posts",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.open = posting_begin,
		.close = posting_end,
		.cases = cases,
	});
}

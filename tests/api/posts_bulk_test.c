/* SPDX-License-Identifier: Apache-2.0 */
/* POST /posts/bulk: a line an answer, and the same request once more. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/random.h"
#include "support/posting.h"
#include "support/suite.h"

#define LINES_TYPE "application/x-ndjson"

static const char *const prefixes[] = { "/v1/posts/bulk", "/api/v1/posts/bulk" };

/* ' stands for ", $ for the account, @ for another one; key: of idempotency, NULL none. */
static struct answer *send_as(const char *token, const char *path, const char *lines,
			      const char *key)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char header[100];
	const char *headers[] = { header, NULL };

	snprintf(header, sizeof(header), "Idempotency-Key: %s", key ? key : "");
	for (const char *c = lines; *c; c++) {
		if (*c == '$' || *c == '@')
			buf_adds(&body, *c == '$' ? on_instagram : on_tiktok);
		else
			buf_addc(&body, *c == '\'' ? '"' : *c);
	}
	return client_send(&(struct call){ .method = "POST",
					   .path = path,
					   .token = token,
					   .body = buf_str(&body),
					   .content_type = LINES_TYPE,
					   .headers = key ? headers : NULL });
}

static struct answer *send_lines(const char *lines, const char *key)
{
	return send_as(poster.token, "/v1/posts/bulk", lines, key);
}

/* The nth line of the answer; caller frees. */
static json_t *line_of(const struct answer *a, int n)
{
	const char *at = a->body;
	json_t *line;

	for (int i = 0; i < n && at; i++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	ck_assert_msg(at && *at, "there is no line %d: %s", n, a->body);
	line = json_loadb(at, strcspn(at, "\n"), 0, NULL);
	ck_assert_ptr_nonnull(line);
	return line;
}

static int count_of(const struct answer *a)
{
	int n = 0;

	for (const char *c = a->body; *c; c++)
		n += *c == '\n';
	return n;
}

static void expect_line(const struct answer *a, int n, int number, int status, const char *code)
{
	json_t *line = line_of(a, n);
	const json_t *problem = json_object_get(line, "problem");

	ck_assert_int_eq(json_integer_value(json_object_get(line, "line")), number);
	ck_assert_msg(json_integer_value(json_object_get(line, "status")) == status, "%s", a->body);
	ck_assert((status == 201) == json_is_array(json_object_get(line, "posts")));
	if (code)
		ck_assert_str_eq(json_string_value(json_object_get(problem, "code")), code);
	else
		ck_assert_ptr_null(problem);
	json_decref(line);
}

static char *post_id(const struct answer *a, int n)
{
	json_t *line = line_of(a, n);
	char *id = strdup(json_string_value(
		json_object_get(json_array_get(json_object_get(line, "posts"), 0), "id")));

	json_decref(line);
	return id;
}

static int64_t posts(void)
{
	return client_number("SELECT COUNT(*) FROM posts WHERE workspace_id = '%s'",
			     poster.workspace);
}

static const char *fresh_key(void)
{
	static char key[ID_MAX];

	random_id(key, "key");
	return key;
}

#define PICTURE(n, more)                                          \
	"{'accountIds':['$'],'contentType':'image','contentUrl':" \
	"'https://media.invalid/" n ".jpg','scheduledTime':'2038-01-01T00:00:00Z'" more "}\n"

START_TEST(each_line_has_its_answer)
{
	const int64_t before = posts();
	CLEANUP(answer_free)
	struct answer *a = send_as(poster.token, prefixes[_i],
				   PICTURE("a", ",'caption':'A'") "{'accountIds':\n"
								  "\n" PICTURE("b", ",'nope':1")
									  PICTURE("c", ""),
				   NULL);
	char *id;

	assert_status(a, 200);
	ck_assert_str_eq(answer_header(a, "content-type"), LINES_TYPE);
	ck_assert_int_eq(count_of(a), 4);
	expect_line(a, 0, 1, 201, NULL);
	expect_line(a, 1, 2, 400, "malformed_json");
	expect_line(a, 2, 4, 422, "validation_failed");
	expect_line(a, 3, 5, 201, NULL);
	ck_assert_ptr_nonnull(strstr(a->body, "\"pointer\":\"/nope\""));
	ck_assert_int_eq(posts(), before + 2);
	/* A line that was taken is a change, and recorded with it. */
	ck_assert_int_eq(client_number("SELECT COUNT(*) FROM audit_log WHERE request_id = '%s' AND "
				       "outcome = 'done'",
				       answer_header(a, "x-request-id")),
			 2);
	id = post_id(a, 0);
	ck_assert_int_eq(strncmp(id, "post_", 5), 0);
	free(id);
}
END_TEST

START_TEST(sent_again_with_its_key_nothing_is_made_twice)
{
	const int64_t before = posts();
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = send_lines(PICTURE("a", "") PICTURE("b", ""), key);
	CLEANUP(answer_free)
	struct answer *b = send_lines(PICTURE("a", "") PICTURE("b", "") PICTURE("c", ""), key);
	char *first = post_id(a, 1), *second = post_id(b, 1);
	json_t *old = line_of(b, 0), *new = line_of(b, 2);

	assert_status(b, 200);
	ck_assert_str_eq(first, second);
	ck_assert_int_eq(posts(), before + 3);
	ck_assert(json_is_true(json_object_get(old, "replayed")));
	ck_assert_ptr_null(json_object_get(new, "replayed"));
	json_decref(old);
	json_decref(new);
	free(first);
	free(second);
}
END_TEST

START_TEST(line_that_says_something_else_is_refused)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = send_lines(PICTURE("a", ""), key);
	const int64_t before = posts();
	CLEANUP(answer_free) struct answer *b = send_lines(PICTURE("b", "") PICTURE("c", ""), key);

	expect_line(a, 0, 1, 201, NULL);
	expect_line(b, 0, 1, 422, "idempotency_key_reused");
	expect_line(b, 1, 2, 201, NULL);
	ck_assert_int_eq(posts(), before + 1);
}
END_TEST

START_TEST(refused_line_may_be_mended)
{
	const char *key = fresh_key();
	CLEANUP(answer_free) struct answer *a = send_lines(PICTURE("a", ",'nope':1"), key);
	CLEANUP(answer_free) struct answer *b = send_lines(PICTURE("a", ""), key);

	expect_line(a, 0, 1, 422, "validation_failed");
	expect_line(b, 0, 1, 201, NULL);
}
END_TEST

START_TEST(key_is_the_callers_own)
{
	const char *key = fresh_key();
	CLEANUP(answer_free)
	struct answer *made =
		client_call("POST", "/api/v1/api-keys", poster.token, "{\"name\":\"other\"}");
	const int64_t before = posts();
	CLEANUP(answer_free) struct answer *a = send_lines(PICTURE("a", ""), key);
	CLEANUP(answer_free)
	struct answer *b =
		send_as(answer_text(made, "secret"), "/v1/posts/bulk", PICTURE("a", ""), key);
	CLEANUP(answer_free) struct answer *c = send_lines(PICTURE("a", ""), NULL);

	expect_line(a, 0, 1, 201, NULL);
	expect_line(b, 0, 1, 201, NULL);
	expect_line(c, 0, 1, 201, NULL);
	ck_assert_int_eq(posts(), before + 3);
}
END_TEST

static void *send_three(void *key)
{
	return send_lines(PICTURE("a", "") "{'accountIds':['@'],'contentType':'image','contentUrl':"
					   "'https://media.invalid/b.jpg'}\n" PICTURE("c", ""),
			  key);
}

/* Lines have one transaction between them; what befalls it befalls none of them. */
START_TEST(lines_outlive_their_transaction)
{
	const int64_t before = posts();
	struct hold *h = client_hold(
		"SELECT 1 FROM accounts WHERE workspace_id = '%s' AND id = '%s' FOR UPDATE",
		poster.workspace, on_tiktok);
	char *thread_id = NULL, key[ID_MAX];
	void *said = NULL;
	pthread_t sender;

	memcpy(key, fresh_key(), sizeof(key));
	ck_assert_int_eq(pthread_create(&sender, NULL, send_three, key), 0);
	while (!thread_id) {
		usleep(150000); /* what is asked more often is answered as before */
		thread_id =
			client_sql("SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX "
				   "JOIN information_schema.INNODB_LOCKS ON lock_trx_id = trx_id "
				   "WHERE trx_state = 'LOCK WAIT' AND lock_data LIKE '%%%s%%'",
				   on_tiktok);
	}
	free(client_sql("KILL %s", thread_id));
	client_let_go(h);
	ck_assert_int_eq(pthread_join(sender, &said), 0);
	CLEANUP(answer_free) struct answer *a = said;

	assert_status(a, 200);
	for (int i = 0; i < 3; i++)
		expect_line(a, i, i + 1, 201, NULL);
	ck_assert_int_eq(count_of(a), 3);
	ck_assert_int_eq(posts(), before + 3);
	free(thread_id);
}
END_TEST

START_TEST(no_more_lines_than_a_thousand)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_adds(&body, "{}\n");
	CLEANUP(answer_free) struct answer *a = send_lines(buf_str(&body), NULL);
	buf_adds(&body, "{}");
	CLEANUP(answer_free) struct answer *b = send_lines(buf_str(&body), NULL);
	CLEANUP(answer_free) struct answer *none = send_lines(" \n\n", NULL);

	assert_status(a, 200);
	ck_assert_int_eq(count_of(a), 1000);
	expect_line(a, 999, 1000, 422, "validation_failed");
	assert_invalid(b, "", "too_many");
	assert_invalid(none, "", "empty");
}
END_TEST

/* However little time there is, a first group is taken: who sends the rest again gets on. */
START_TEST(time_that_is_over_leaves_the_rest_for_later)
{
	enum { GROUP = 25 };
	const char *const headers[] = { "Prefer: wait=0", NULL };
	char lines[3 * (GROUP + 2) + 1] = "";

	for (int i = 0; i < GROUP + 2; i++)
		(void)snprintf(lines + (size_t)i * 3, 4, "{}\n");
	CLEANUP(answer_free)
	struct answer *a = client_send(&(struct call){ .method = "POST",
						       .path = "/v1/posts/bulk",
						       .token = poster.token,
						       .body = lines,
						       .content_type = LINES_TYPE,
						       .headers = headers });

	assert_status(a, 200);
	ck_assert_int_eq(count_of(a), GROUP + 1);
	expect_line(a, GROUP - 1, GROUP, 422, "validation_failed");
	expect_line(a, GROUP, GROUP + 1, 503, "busy");
}
END_TEST

START_TEST(other_types_are_not_taken)
{
	CLEANUP(answer_free)
	struct answer *a = client_call("POST", "/v1/posts/bulk", poster.token, "{}");

	assert_problem(a, 415, "unsupported_media_type");
}
END_TEST

START_TEST(key_has_a_length)
{
	CLEANUP(answer_free) struct answer *a = send_lines(PICTURE("a", ""), "\"\"");

	assert_problem(a, 400, "bad_request");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ each_line_has_its_answer, (int)ARRAY_LEN(prefixes) },
		{ sent_again_with_its_key_nothing_is_made_twice, 0 },
		{ line_that_says_something_else_is_refused, 0 },
		{ refused_line_may_be_mended, 0 },
		{ key_is_the_callers_own, 0 },
		{ lines_outlive_their_transaction, 0 },
		{ no_more_lines_than_a_thousand, 0 },
		{ time_that_is_over_leaves_the_rest_for_later, 0 },
		{ other_types_are_not_taken, 0 },
		{ key_has_a_length, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "posts_bulk",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.open = posting_begin,
		.close = posting_end,
		.cases = cases,
	});
}

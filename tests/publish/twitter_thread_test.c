/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads through the real runner against the sandbox: every part once, in order, each an answer to
 * the one before, whatever happens between two of them.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rig.h"
#include "store/posts.h"
#include "support/suite.h"

#define PATIENCE_MS 30000
#define PARTS       4

static const struct rig_platform x = {
	.name = "twitter",
	.settings = "chunk_bytes = 65536\nfields_parameter = post.fields\n"
		    "fields = created_at,text,attachments,entities,note_post\n",
};

static struct rig rig;

static void setup(void)
{
	rig_reset(&rig);
	rig_sandbox(&rig, "/_control/world", "{\"platform\":\"twitter\",\"tweets_limit\":100000}");
}

static int64_t count(const char *table, const char *key, const char *id, const char *condition)
{
	return rig_numberf(&rig, "SELECT COUNT(*) FROM %s WHERE %s = '%s' AND %s", table, key, id,
			   condition);
}

static void change(const char *table, const char *set, const char *condition, const char *id)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s WHERE %s = '%s'", table, set, condition,
		       id);
	database_run(&rig.database, sql);
}

/* The pause that X asked for is over. */
static void wake(const char *id)
{
	database_run(&rig.database, "DELETE FROM budgets");
	change("posts", "wake_at = UTC_TIMESTAMP()", "id", id);
}

/* Parts "<tag> part 1" to 4. */
static void post_thread(const char *tag, char ret[static ID_MAX])
{
	char caption[64], overrides[300];
	const struct rig_content in = { .kind = CONTENT_TEXT,
					.caption = caption,
					.overrides = overrides };

	(void)snprintf(caption, sizeof(caption), "%s part 1", tag);
	(void)snprintf(overrides, sizeof(overrides),
		       "{\"thread\":[\"%s part 2\",{\"text\":\"%s part 3\"},\"%s part 4\"]}", tag,
		       tag, tag);
	rig_post_content(&rig, 0, &in, -500, ret);
}

static void fault_at(const char *point, const char *params, const char *tag, int part)
{
	char json[300];

	(void)snprintf(json, sizeof(json),
		       "{\"platform\":\"twitter\",\"point\":\"%s\",\"params\":%s,"
		       "\"match\":{\"endpoint\":\"tweets\",\"caption_contains\":\"%s part %d\"}}",
		       point, params, tag, part);
	rig_fault(&rig, json);
}

/* What is there of it: exactly n objects, as they follow each other. The first one's id. */
static const char *check_parts(const char *tag, size_t n, char ret[static 32])
{
	char path[160], caption[64], before[32] = "", words[80];
	json_t *out, *list, *one;
	size_t i;

	(void)snprintf(path, sizeof(path), "/_control/objects?caption_contains=%s", tag);
	out = rig_control(&rig, path, NULL);
	list = json_object_get(out, "objects");
	ck_assert_uint_eq(json_array_size(list), n);
	ret[0] = '\0';
	json_array_foreach(list, i, one) {
		const char *options = json_string_value(json_object_get(one, "options"));
		const char *id = json_string_value(json_object_get(one, "object_id"));

		(void)snprintf(caption, sizeof(caption), "%s part %zu", tag, i + 1);
		ck_assert_str_eq(json_string_value(json_object_get(one, "caption")), caption);
		(void)snprintf(words, sizeof(words), "\"in_reply_to_tweet_id\":\"%s\"", before);
		ck_assert_int_eq(strstr(options, "in_reply_to_tweet_id") != NULL, i > 0);
		ck_assert_msg(i == 0 || strstr(options, words), "%s lacks %s", options, words);
		(void)snprintf(before, sizeof(before), "%s", id);
		if (i == 0)
			(void)snprintf(ret, 32, "%s", id);
	}
	json_decref(out);
	return ret;
}

/* One event, of the documented name; its data say how much is live. */
static void told_in_part(const char *id, const char *words)
{
	char expression[160];

	(void)snprintf(
		expression, sizeof(expression),
		"type = 'post.published' AND JSON_VALUE(data, '$.error.message') LIKE '%s%%'",
		words);
	ck_assert_int_eq(count("events", "subject_id", id, "type LIKE 'post.publ%'"), 1);
	ck_assert_int_eq(count("events", "subject_id", id, expression), 1);
}

static void check_whole(const char *id, const char *tag)
{
	char first[32], expression[80];

	(void)check_parts(tag, PARTS, first);
	(void)snprintf(expression, sizeof(expression), "remote_id = '%s'", first);
	ck_assert_int_eq(rig_post_number(&rig, id, expression), 1);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"remote_url LIKE CONCAT('https://x.example/acmebakery/status/', "
				"remote_id)"),
		1);
	ck_assert_int_eq(rig_post_number(&rig, id, "error_code IS NULL AND waiting_for IS NULL"),
			 1);
	ck_assert_int_eq(count("attempts", "post_id", id, "state = 'effect'"), PARTS);
	ck_assert_int_eq(count("attempts", "post_id", id, "state IN ('sent', 'in_doubt')"), 0);
	ck_assert_int_eq(count("events", "subject_id", id, "type = 'post.published'"), 1);
}

START_TEST(parts_follow_each_other)
{
	char id[ID_MAX];

	post_thread("plain", id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_whole(id, "plain");
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), PARTS);
	ck_assert_int_eq(rig_numberf(&rig,
				     "SELECT COUNT(DISTINCT fingerprint) FROM attempts WHERE "
				     "post_id = '%s'",
				     id),
			 PARTS);
}
END_TEST

START_TEST(media_go_where_they_are_named)
{
	const struct rig_content in = {
		.kind = CONTENT_IMAGE,
		.caption = "pictured part 1",
		.media = { rig.media_id },
		.overrides = "{\"thread\":[\"pictured part 2\","
			     "{\"text\":\"pictured part 3\",\"media\":[0]}]}",
	};
	char id[ID_MAX], first[32];
	json_t *out;
	size_t i;

	rig_post_content(&rig, 0, &in, -500, id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	(void)check_parts("pictured", 3, first);
	out = rig_control(&rig, "/_control/objects?caption_contains=pictured", NULL);
	for (i = 0; i < 3; i++) {
		const json_t *one = json_array_get(json_object_get(out, "objects"), i);

		ck_assert_uint_eq(json_array_size(json_object_get(one, "media")), i == 2);
	}
	json_decref(out);
}
END_TEST

/* Every answer may be lost, with and without effect. */
static const struct {
	const char *point, *params;
} losses[] = {
	{ "tweets.commit_then_drop", "{}" },
	{ "tweets.drop_before_commit", "{}" },
	{ "tweets.commit_then_5xx", "{}" },
};

START_TEST(lost_answer_is_settled_part_by_part)
{
	const int part = _i % PARTS + 1, loss = _i / PARTS;
	char id[ID_MAX], tag[32];

	(void)snprintf(tag, sizeof(tag), "lost%d", _i);
	post_thread(tag, id);
	fault_at(losses[loss].point, losses[loss].params, tag, part);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_whole(id, tag);
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), loss == 1 ? PARTS + 1 : PARTS);
}
END_TEST

/* A lost answer of every part in one thread: limits count by part. */
START_TEST(each_part_has_attempts_of_its_own)
{
	char id[ID_MAX];

	post_thread("each", id);
	for (int part = 1; part <= PARTS; part++)
		fault_at("tweets.media_invalid", "{}", "each", part);
	for (int part = 1; part <= PARTS; part++)
		fault_at("auth.403_unknown", "{}", "each", part);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_whole(id, "each");
	ck_assert_int_eq(rig_post_number(&rig, id, "attempts"), 2 * PARTS);
}
END_TEST

static const char *const kills[] = {
	"F10_before_commit 3 kill\n",
	"F10_before_commit 4 kill\n",
	"F10_before_commit 5 kill\n",
	"F10_before_commit 6 kill\n",
	"F11_after_commit 3 kill\n",
	"F11_after_commit 4 kill\n",
	"F11_after_commit 5 kill\n",
	"F11_after_commit 6 kill\n",
	"F12_journal_write 2 kill\n",
	"F13_journal_written 2 kill\n",
	"F14_before_send 1 kill\n",
	"F14_before_send 2 kill\n",
	"F14_before_send 4 kill\n",
	"F16_sent_whole 1 kill\n",
	"F16_sent_whole 2 kill\n",
	"F16_sent_whole 4 kill\n",
	"F18_answer_received 1 kill\n",
	"F18_answer_received 2 kill\n",
	"F18_answer_received 3 kill\n",
	"F18_answer_received 4 kill\n",
	"F27_within_journal_append 2 kill\n",
};

START_TEST(killed_runner_leaves_each_part_once)
{
	char id[ID_MAX], tag[32];

	if (!rig_has_failpoints())
		return;
	(void)snprintf(tag, sizeof(tag), "killed%d", _i);
	post_thread(tag, id);
	ck_assert_int_eq(rig_once(&rig, kills[_i]), -SIGKILL);
	ck_assert_int_ne(rig_state(&rig, id), POST_FAILED);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_whole(id, tag);
}
END_TEST

START_TEST(refused_part_is_told_and_never_sent_again)
{
	char id[ID_MAX], first[32];

	post_thread("cut", id);
	fault_at("tweets.duplicate", "{}", "cut", 3);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	(void)check_parts("cut", 2, first);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"error_code = 'content_rejected' AND error_retryable = FALSE "
				"AND error_message LIKE '2 of 4 parts are live%text%'"),
		1);
	ck_assert_int_eq(rig_post_number(&rig, id, "remote_url LIKE CONCAT('%/', remote_id)"), 1);
	told_in_part(id, "2 of 4 parts are live");
	ck_assert_int_eq(count("attempts", "post_id", id, "state = 'no_effect'"), 1);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	(void)check_parts("cut", 2, first);
}
END_TEST

/* The second part has to wait for X. */
static void post_waiting(const char *tag, char id[static ID_MAX])
{
	char first[32];

	post_thread(tag, id);
	fault_at("rate.429", "{}", tag, 2);
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_PUBLISHING);
	(void)check_parts(tag, 1, first);
}

START_TEST(waiting_part_is_neither_cancelled_nor_changed)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	struct post_patch cancel = { .given = POST_CHANGE_CANCEL };
	char id[ID_MAX];
	struct post got;
	struct problem p = { .kind = PROBLEM_NONE };

	post_waiting("wait", id);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"error_code = 'rate_limited' AND waiting_for = 'parts' AND "
				"next_attempt_at > UTC_TIMESTAMP() + INTERVAL 1 MINUTE AND "
				"owner IS NULL AND remote_id IS NOT NULL"),
		1);
	cancel.id = id;
	ck_assert_int_eq(store_posts_patch(db, RIG_WORKSPACE, &cancel, a, &got, &p), -1);
	ck_assert_int_eq(p.kind, PROBLEM_ALREADY_PUBLISHING);
	/* What was permitted is sent, whatever became of the content. */
	change("contents JOIN posts p ON p.content_id = contents.id",
	       "contents.state = 'draft', contents.revision = contents.revision + 1, "
	       "contents.caption = 'other'",
	       "p.id", id);
	wake(id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	check_whole(id, "wait");
}
END_TEST

START_TEST(disconnected_account_ends_the_thread)
{
	char id[ID_MAX], first[32];

	post_waiting("gone", id);
	database_run(&rig.database, "UPDATE accounts SET status = 'disconnected'");
	wake(id);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
	(void)check_parts("gone", 1, first);
	ck_assert_int_eq(
		rig_post_number(&rig, id,
				"error_message LIKE '1 of 4 parts are live%disconnected%'"),
		1);
	told_in_part(id, "1 of 4 parts are live");
}
END_TEST

/* A doubt about the second part that no reading settles becomes a question to people. */
static void post_unconfirmed(const char *tag, const char *point, char id[static ID_MAX])
{
	post_thread(tag, id);
	fault_at(point, "{}", tag, 2);
	rig_fault(&rig, "{\"platform\":\"twitter\",\"point\":\"http.5xx_before\",\"times\":-1,"
			"\"match\":{\"endpoint\":\"timeline\"}}");
	ck_assert_int_eq(rig_once(&rig, NULL), 0);
	ck_assert_int_eq(rig_state(&rig, id), POST_CONFIRMING);
	change("attempts", "sent_at = sent_at - INTERVAL 1 DAY", "state = 'in_doubt' AND post_id",
	       id);
	wake(id);
	rig_expect(&rig, id, POST_UNCONFIRMED, PATIENCE_MS);
	ck_assert_int_eq(rig_post_number(&rig, id, "waiting_for = 'parts'"), 1);
	rig_sandbox(&rig, "/_control/faults/clear", "{}");
}

static void resolve(const char *id, const char *remote_id)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(db_free) struct db *db = database_open(&rig.database);
	const struct post_verdict verdict = { .id = id,
					      .by = "user_rig",
					      .remote_id = remote_id,
					      .remote_url =
						      remote_id ? "https://x.example/2" : NULL };
	struct post got;
	struct problem p = { .kind = PROBLEM_NONE };

	ck_assert_msg(store_posts_resolve(db, RIG_WORKSPACE, &verdict, a, &got, &p) == 0, "%s",
		      p.detail);
	ck_assert_int_eq(got.state, POST_PUBLISHING);
	rig_expect(&rig, id, POST_PUBLISHED, PATIENCE_MS);
}

START_TEST(part_found_by_a_person_is_built_upon)
{
	char id[ID_MAX], second[32] = "";
	json_t *out;

	post_unconfirmed("found", "tweets.commit_then_drop", id);
	out = rig_control(&rig, "/_control/objects?caption_contains=found+part+2", NULL);
	(void)snprintf(second, sizeof(second), "%s",
		       json_string_value(json_object_get(
			       json_array_get(json_object_get(out, "objects"), 0), "object_id")));
	json_decref(out);
	resolve(id, second);
	check_whole(id, "found");
}
END_TEST

START_TEST(part_missed_by_a_person_is_sent_again)
{
	char id[ID_MAX];

	post_unconfirmed("missed", "tweets.drop_before_commit", id);
	resolve(id, NULL);
	check_whole(id, "missed");
}
END_TEST

static void open_rig(void)
{
	rig_start_with(&rig, &x);
}

static void close_rig(void)
{
	rig_stop(&rig);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ parts_follow_each_other, 0 },
		{ media_go_where_they_are_named, 0 },
		{ lost_answer_is_settled_part_by_part, (int)ARRAY_LEN(losses) * PARTS },
		{ each_part_has_attempts_of_its_own, 0 },
		{ killed_runner_leaves_each_part_once, (int)ARRAY_LEN(kills) },
		{ refused_part_is_told_and_never_sent_again, 0 },
		{ waiting_part_is_neither_cancelled_nor_changed, 0 },
		{ disconnected_account_ends_the_thread, 0 },
		{ part_found_by_a_person_is_built_upon, 0 },
		{ part_missed_by_a_person_is_sent_again, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "twitter_thread",
					.before = open_rig,
					.after = close_rig,
					.setup = setup,
					.timeout_s = 90,
					.cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* POST /posts refuses: each element in each way, named by its pointer, and nothing is created. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/connector.h"
#include "support/posting.h"
#include "support/suite.h"

/* $T, $I: the accounts on TikTok and Instagram. */
static const struct {
	const char *type, *member, *value; /* value: of the member; NULL: it is left out */
	const char *pointer, *code;
} bad[] = {
	{ "video", "accountIds", NULL, "/accountIds", "required" },
	{ "video", "accountIds", "null", "/accountIds", "wrong_type" },
	{ "video", "accountIds", "'$I'", "/accountIds", "wrong_type" },
	{ "video", "accountIds", "[]", "/accountIds", "empty" },
	{ "video", "accountIds", "['$I',7]", "/accountIds/1", "wrong_type" },
	{ "video", "accountIds", "['$I','']", "/accountIds/1", "empty" },
	{ "video", "accountIds", "['$I','a-b']", "/accountIds/1", "bad_format" },
	{ "video", "accountIds", "['$I','$T','$I']", "/accountIds/2", "duplicate" },
	{ "video", "accountIds", "['$I','acc_123']", "/accountIds/1", "unknown_account" },
	{ "video", "accountIds", "['$I','acc_01ARZ3NDEKTSV4RRFFQ69G5FAV']", "/accountIds/1",
	  "unknown_account" },
	{ "video", "contentType", NULL, "/contentType", "required" },
	{ "video", "contentType", "'reel'", "/contentType", "not_a_choice" },
	{ "video", "contentType", "'story'", "/contentType", "not_a_choice" },
	{ "video", "contentType", "7", "/contentType", "wrong_type" },
	{ "video", "contentType", "null", "/contentType", "wrong_type" },
	{ "video", "contentUrl", NULL, "/contentUrl", "required" },
	{ "video", "contentUrl", "null", "/contentUrl", "wrong_type" },
	{ "video", "contentUrl", "7", "/contentUrl", "wrong_type" },
	{ "video", "contentUrl", "{}", "/contentUrl", "wrong_type" },
	{ "video", "contentUrl", "''", "/contentUrl", "empty" },
	{ "video", "contentUrl", "['https://media.invalid/v.mp4']", "/contentUrl", "wrong_type" },
	{ "video", "contentUrl", "'video.mp4'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'ftp://media.invalid/v.mp4'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'file:///etc/passwd'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'https://a:b@media.invalid/v.mp4'", "/contentUrl",
	  "invalid_url" },
	{ "video", "contentUrl", "'https://media.invalid:22/v.mp4'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'https://169.254.169.254/v.mp4'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'https://0x7f.1/v.mp4'", "/contentUrl", "invalid_url" },
	{ "video", "contentUrl", "'https://[::ffff:10.0.0.1]/v.mp4'", "/contentUrl",
	  "invalid_url" },
	{ "image", "contentUrl", "['https://media.invalid/i.jpg']", "/contentUrl", "wrong_type" },
	{ "image", "contentUrl", NULL, "/contentUrl", "required" },
	{ "text", "contentUrl", "'https://media.invalid/i.jpg'", "/contentUrl", "not_for_type" },
	{ "text", "caption", NULL, "/caption", "required" },
	{ "slideshow", "contentUrl", "'https://media.invalid/1.jpg'", "/contentUrl", "wrong_type" },
	{ "slideshow", "contentUrl", "[]", "/contentUrl", "empty" },
	{ "slideshow", "contentUrl", "['https://media.invalid/1.jpg']", "/contentUrl", "too_few" },
	{ "slideshow", "contentUrl", "['https://media.invalid/1.jpg','']", "/contentUrl/1",
	  "empty" },
	{ "slideshow", "contentUrl", "['https://media.invalid/1.jpg',2]", "/contentUrl/1",
	  "wrong_type" },
	{ "slideshow", "contentUrl",
	  "['https://media.invalid/1.jpg','https://localhost/2.jpg',"
	  "'https://127.0.0.1/3.jpg']",
	  "/contentUrl/2", "invalid_url" },
	{ "carousel", "contentUrl", "['https://media.invalid/1.jpg']", "/contentUrl", "too_few" },
	{ "carousel", "contentUrl", "'https://media.invalid/1.jpg'", "/contentUrl", "wrong_type" },
	{ "video", "caption", "7", "/caption", "wrong_type" },
	{ "video", "caption", "null", "/caption", "wrong_type" },
	{ "video", "caption", "['a']", "/caption", "wrong_type" },
	{ "video", "caption", "'a\\u0007'", "/caption", "bad_format" },
	{ "video", "soundUrl", "7", "/soundUrl", "wrong_type" },
	{ "video", "soundUrl", "''", "/soundUrl", "empty" },
	{ "video", "soundUrl", "null", "/soundUrl", "wrong_type" },
	{ "video", "soundUrl", "'med_01ARZ3NDEKTSV4RRFFQ69G5FAV'", "/soundUrl", "unknown_sound" },
	{ "video", "soundUrl", "'https://10.1.2.3/s.mp3'", "/soundUrl", "invalid_url" },
	{ "video", "soundUrl", "'sound.mp3'", "/soundUrl", "invalid_url" },
	{ "image", "soundUrl", "'https://media.invalid/s.mp3'", "/soundUrl", "not_for_type" },
	{ "carousel", "soundUrl", "'https://media.invalid/s.mp3'", "/soundUrl", "not_for_type" },
	{ "text", "soundUrl", "'https://media.invalid/s.mp3'", "/soundUrl", "not_for_type" },
	{ "video", "scheduledTime", "7", "/scheduledTime", "wrong_type" },
	{ "video", "scheduledTime", "'soon'", "/scheduledTime", "bad_format" },
	{ "video", "scheduledTime", "null", "/scheduledTime", "wrong_type" },
	{ "video", "scheduledTime", "'2034-02-30T00:00:00Z'", "/scheduledTime", "bad_format" },
	{ "video", "scheduledTime", "'2034-04-22T12:00'", "/timezone", "required" },
	{ "video", "timezone", "'Mars/Olympus'", "/timezone", "unknown_timezone" },
	{ "video", "timezone", "'../etc'", "/timezone", "bad_format" },
	{ "video", "timezone", "7", "/timezone", "wrong_type" },
	{ "video", "fold", "2", "/fold", "out_of_range" },
	{ "slideshow", "slideDuration", "5", "/slideDuration", "not_a_choice" },
	{ "slideshow", "slideDuration", "0", "/slideDuration", "not_a_choice" },
	{ "slideshow", "slideDuration", "4.5", "/slideDuration", "not_a_choice" },
	{ "slideshow", "slideDuration", "'4'", "/slideDuration", "wrong_type" },
	{ "video", "slideDuration", "'4'", "/slideDuration", "wrong_type" },
	{ "slideshow", "slideDuration", "null", "/slideDuration", "wrong_type" },
	{ "slideshow", "renderAsVideo", "1", "/renderAsVideo", "wrong_type" },
	{ "image", "renderAsVideo", "true", "/renderAsVideo", "not_for_type" },
	{ "text", "renderAsVideo", "true", "/renderAsVideo", "not_for_type" },
	{ "video", "nope", "1", "/nope", "unknown_member" },
	{ "video", "account_ids", "['$I']", "/account_ids", "unknown_member" },
};

static const struct {
	const char *type, *url;
} usual_urls[] = {
	{ "video", "'https://media.invalid/v.mp4'" },
	{ "image", "'https://media.invalid/i.jpg'" },
	{ "slideshow", "['https://media.invalid/1.jpg','https://media.invalid/2.jpg']" },
	{ "carousel", "['https://media.invalid/1.jpg','https://media.invalid/2.jpg']" },
};

static void add(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s'%s':", out->len > 1 ? "," : "", name);
	for (const char *c = value; *c; c++) {
		if (*c == '$')
			buf_adds(out, *++c == 'T' ? on_tiktok : on_instagram);
		else
			buf_addc(out, *c);
	}
}

/* A right request of that type, but for one member. */
static struct answer *send_with(const char *type, const char *member, const char *value)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	char word[24];
	const char *url = NULL;

	snprintf(word, sizeof(word), "'%s'", type);
	for (size_t i = 0; i < ARRAY_LEN(usual_urls); i++)
		if (strcmp(usual_urls[i].type, type) == 0)
			url = usual_urls[i].url;
	const struct {
		const char *name, *value;
	} members[] = {
		{ "accountIds", "['$I']" },
		{ "contentType", word },
		{ "contentUrl", url },
		{ "caption", "'Some words'" },
	};
	buf_addc(&body, '{');
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (strcmp(members[i].name, member) != 0)
			add(&body, members[i].name, members[i].value);
	add(&body, member, value);
	buf_addc(&body, '}');
	return posting("/v1/posts", "%s", buf_str(&body));
}

START_TEST(wrong_element_is_named_and_nothing_is_created)
{
	int64_t before = posting_rows();
	CLEANUP(answer_free)
	struct answer *a = send_with(bad[_i].type, bad[_i].member, bad[_i].value);

	ck_assert_int_eq(a->status, 422);
	ck_assert_msg(strstr(a->body, bad[_i].pointer) != NULL, "%s: %s", bad[_i].value, a->body);
	for (size_t i = 0; i < answer_count(a, "errors"); i++) {
		char at[40];

		snprintf(at, sizeof(at), "errors.%zu.pointer", i);
		if (strcmp(answer_text(a, at), bad[_i].pointer) != 0)
			continue;
		snprintf(at, sizeof(at), "errors.%zu.code", i);
		ck_assert_msg(strcmp(answer_text(a, at), bad[_i].code) == 0, "%s: %s",
			      bad[_i].value ? bad[_i].value : "left out", a->body);
		ck_assert_int_eq(posting_rows(), before);
		return;
	}
	ck_abort_msg("%s: %s", bad[_i].value, a->body);
}
END_TEST

/* The table above changes one member of a request that is right: these are. */
START_TEST(right_request_is_taken)
{
	CLEANUP(answer_free)
	struct answer *a =
		send_with(usual_urls[_i].type, "scheduledTime", "'2035-01-01T00:00:00Z'");

	assert_status(a, 201);
}
END_TEST

START_TEST(time_that_has_passed_keeps_its_own_code)
{
	int64_t before = posting_rows();
	CLEANUP(answer_free)
	struct answer *a = send_with("video", "scheduledTime", "'2024-04-22T12:00:00Z'");

	assert_problem(a, 422, "scheduled_in_past");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/scheduledTime");
	ck_assert_int_eq(posting_rows(), before);
}
END_TEST

START_TEST(local_time_in_a_gap_is_named)
{
	CLEANUP(answer_free)
	struct answer *a =
		posting("/v1/posts",
			"{'accountIds':['%s'],'contentType':'video','contentUrl':"
			"'https://media.invalid/v.mp4','scheduledTime':'2034-03-26T02:30',"
			"'timezone':'Europe/Berlin'}",
			on_instagram);

	assert_problem(a, 422, "local_time_skipped");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/scheduledTime");
}
END_TEST

START_TEST(all_that_is_wrong_is_told_at_once)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['acc_1','acc_2'],'contentType':'image',"
				   "'contentUrl':'gopher://x','soundUrl':'https://media.invalid/s',"
				   "'scheduledTime':'2024-01-01T00:00:00Z'}");

	assert_invalid(a, "/accountIds/0", "unknown_account");
	assert_invalid(a, "/accountIds/1", "unknown_account");
	assert_invalid(a, "/contentUrl", "invalid_url");
	assert_invalid(a, "/soundUrl", "not_for_type");
	assert_invalid(a, "/scheduledTime", "scheduled_in_past");
}
END_TEST

static struct answer *show_of(int slides, const char *account, const char *more)
{
	CLEANUP(buf_done) struct buf urls = BUF_INIT;

	for (int i = 0; i < slides; i++)
		buf_printf(&urls, "%s'https://media.invalid/%d.jpg'", i ? "," : "", i);
	return posting("/v1/posts",
		       "{'accountIds':['%s'],'contentType':'slideshow','contentUrl':[%s],"
		       "'scheduledTime':'2035-01-01T00:00:00Z'%s}",
		       account, buf_str(&urls), more);
}

START_TEST(more_slides_than_any_target_takes_are_refused)
{
	CLEANUP(answer_free) struct answer *most = show_of(35, on_tiktok, "");
	CLEANUP(answer_free) struct answer *rendered = show_of(35, on_instagram, "");
	int64_t before = posting_rows();
	CLEANUP(answer_free) struct answer *more = show_of(36, on_tiktok, "");

	assert_status(most, 201);
	assert_status(rendered, 201);
	assert_invalid(more, "/contentUrl/35", "too_many");
	ck_assert_int_eq(posting_rows(), before);
}
END_TEST

START_TEST(carousel_too_long_for_one_target_is_refused_for_all)
{
	CLEANUP(buf_done) struct buf urls = BUF_INIT;
	int64_t before = posting_rows();

	for (int i = 0; i < 12; i++)
		buf_printf(&urls, "%s'https://media.invalid/%d.jpg'", i ? "," : "", i);
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s','%s'],'contentType':'carousel',"
				   "'contentUrl':[%s],'scheduledTime':'2035-01-01T00:00:00Z'}",
				   on_tiktok, on_instagram, buf_str(&urls));

	assert_problem(a, 422, "content_unfit");
	ck_assert_uint_eq(answer_count(a, "errors"), 1);
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/contentUrl");
	ck_assert_str_eq(answer_text(a, "errors.0.code"), "media_count");
	ck_assert_int_eq(posting_rows(), before);
}
END_TEST

START_TEST(caption_too_long_for_a_target_is_refused)
{
	char caption[2300];
	int64_t before = posting_rows();

	memset(caption, 'a', sizeof(caption));
	caption[0] = caption[sizeof(caption) - 2] = '\'';
	caption[sizeof(caption) - 1] = '\0';
	CLEANUP(answer_free) struct answer *a = send_with("image", "caption", caption);

	assert_problem(a, 422, "content_unfit");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/caption");
	ck_assert_int_eq(posting_rows(), before);
}
END_TEST

START_TEST(text_is_not_for_instagram)
{
	int64_t before = posting_rows();
	CLEANUP(answer_free)
	struct answer *a = send_with("text", "scheduledTime", "'2035-01-01T00:00:00Z'");

	assert_problem(a, 422, "content_unfit");
	ck_assert_str_eq(answer_text(a, "errors.0.pointer"), "/contentType");
	ck_assert_int_eq(posting_rows(), before);
}
END_TEST

START_TEST(foreign_account_and_absent_one_are_told_in_the_same_words)
{
	struct persona other;
	struct person person;

	persona_make(&other, NULL, "owner");
	person_make(&person, 1);
	char *foreign = connect_instagram(other.token, &person, "live");
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s','acc_none'],'contentType':'image',"
				   "'contentUrl':'https://media.invalid/a.jpg'}",
				   foreign);

	assert_invalid(a, "/accountIds/0", "unknown_account");
	assert_invalid(a, "/accountIds/1", "unknown_account");
	ck_assert_str_eq(answer_text(a, "errors.0.detail"), answer_text(a, "errors.1.detail"));
	free(foreign);
}
END_TEST

START_TEST(account_that_is_not_connected_is_named)
{
	struct person person;
	char path[100];
	int64_t before;

	person_make(&person, 1);
	char *gone = connect_instagram(poster.token, &person, "live");
	snprintf(path, sizeof(path), "/api/v1/accounts/%s", gone);
	answer_free(client_call("DELETE", path, poster.token, NULL));
	before = posting_rows();
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s','%s'],'contentType':'image','contentUrl':"
				   "'https://media.invalid/a.jpg'}",
				   on_instagram, gone);

	assert_invalid(a, "/accountIds/1", "account_not_connected");
	ck_assert_int_eq(posting_rows(), before);
	free(gone);
}
END_TEST

START_TEST(picture_is_no_sound)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts",
				   "{'accountIds':['%s'],'contentType':'image','contentUrl':"
				   "'https://media.invalid/a.jpg','scheduledTime':"
				   "'2035-01-01T00:00:00Z'}",
				   on_instagram);
	char *media, sound[60];

	assert_status(a, 201);
	media = client_sql("SELECT media_id FROM content_media cm JOIN posts p ON p.content_id = "
			   "cm.content_id WHERE p.id = 'sch_%s'",
			   answer_text(a, "posts.0.id") + 5);
	free(client_sql("UPDATE media SET state = 'ready', kind = 'image' WHERE id = '%s'", media));
	snprintf(sound, sizeof(sound), "'%s'", media);
	CLEANUP(answer_free) struct answer *b = send_with("video", "soundUrl", sound);
	assert_invalid(b, "/soundUrl", "wrong_kind");
	free(client_sql("UPDATE media SET state = 'failed' WHERE id = '%s'", media));
	CLEANUP(answer_free) struct answer *c = send_with("video", "soundUrl", sound);
	assert_invalid(c, "/soundUrl", "media_failed");
	free(media);
}
END_TEST

START_TEST(implied_type_is_not_contradicted)
{
	CLEANUP(answer_free)
	struct answer *a = posting("/v1/posts/video",
				   "{'accountIds':['%s'],'contentType':'slideshow','contentUrl':"
				   "'https://media.invalid/v.mp4'}",
				   on_instagram);
	CLEANUP(answer_free)
	struct answer *b = posting(
		"/v1/posts/slideshow",
		"{'accountIds':['%s'],'contentUrl':'https://media.invalid/v.mp4'}", on_instagram);

	assert_invalid(a, "/contentType", "not_a_choice");
	assert_invalid(b, "/contentUrl", "wrong_type");
}
END_TEST

START_TEST(slide_duration_of_anything_else_means_nothing)
{
	CLEANUP(answer_free) struct answer *a = send_with("video", "slideDuration", "5");

	assert_status(a, 201);
}
END_TEST

START_TEST(validation_refuses_the_same)
{
	int64_t before = posting_rows();
	CLEANUP(answer_free)
	struct answer *a = posting(_i ? "/v1/posts/validate" : "/api/v1/posts/validate",
				   "{'accountIds':['acc_1'],'contentType':'slideshow',"
				   "'contentUrl':['https://10.0.0.1/a.jpg'],'slideDuration':5}");
	CLEANUP(answer_free)
	struct answer *b = client_call("GET", "/v1/posts/validate", poster.token, NULL);

	assert_invalid(a, "/accountIds/0", "unknown_account");
	assert_invalid(a, "/contentUrl", "too_few");
	assert_invalid(a, "/contentUrl/0", "invalid_url");
	assert_invalid(a, "/slideDuration", "not_a_choice");
	ck_assert_int_eq(posting_rows(), before);
	assert_problem(b, 405, "method_not_allowed");
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ right_request_is_taken, (int)ARRAY_LEN(usual_urls) },
		{ wrong_element_is_named_and_nothing_is_created, (int)ARRAY_LEN(bad) },
		{ time_that_has_passed_keeps_its_own_code, 0 },
		{ local_time_in_a_gap_is_named, 0 },
		{ all_that_is_wrong_is_told_at_once, 0 },
		{ more_slides_than_any_target_takes_are_refused, 0 },
		{ carousel_too_long_for_one_target_is_refused_for_all, 0 },
		{ caption_too_long_for_a_target_is_refused, 0 },
		{ text_is_not_for_instagram, 0 },
		{ foreign_account_and_absent_one_are_told_in_the_same_words, 0 },
		{ account_that_is_not_connected_is_named, 0 },
		{ picture_is_no_sound, 0 },
		{ implied_type_is_not_contradicted, 0 },
		{ validation_refuses_the_same, 2 },
		{ slide_duration_of_anything_else_means_nothing, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "posts_bad",
		.needs = SUITE_NEEDS("CARILLON_URL", "CARILLON_CA", "CARILLON_TOKEN",
				     "CARILLON_SANDBOX_URL", "CARILLON_SOCKET"),
		.open = posting_begin,
		.close = posting_end,
		.cases = cases,
	});
}

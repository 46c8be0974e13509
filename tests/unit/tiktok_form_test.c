/* SPDX-License-Identifier: Apache-2.0 */
/* TikTok without a network: plans of chunks, errors by code, the dialog. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/oauth2.h"
#include "platform/tiktok.h"

struct bench {
	struct arena *arena;
	struct config *config;
	struct platform_app app;
	struct platform_account account;
	struct publication post;
	struct media_item media;
	struct delivery d;
};

static void bench_open(struct bench *b)
{
	char path[] = "/tmp/tiktok.XXXXXX";
	const int fd = mkstemp(path);
	struct problem why = { 0 };
	const struct setting_group *groups;
	size_t n = 0;

	*b = (struct bench){ .arena = arena_new() };
	groups = platform_setting_groups(&n);
	ck_assert_int_gt(dprintf(fd, "[server]\npublic_url = https://pub.example\n[tiktok]\n"
				     "client_id = key\n"),
			 0);
	ck_assert_msg(config_load(path, groups, n, &b->config, &why) == 0, "%s", why.detail);
	(void)close(fd);
	(void)unlink(path);
	platform_app_init(&b->app, b->arena, b->config, platform_find("tiktok"), true);
	b->media = (struct media_item){ .kind = MEDIA_VIDEO, .mime = "video/mp4", .path = "/v" };
	b->post = (struct publication){ .kind = CONTENT_VIDEO,
					.caption = "Hi",
					.media = &b->media,
					.media_n = 1,
					.options = json_object() };
	b->account = (struct platform_account){ .access_token = "act" };
	b->d = (struct delivery){ .arena = b->arena,
				  .app = &b->app,
				  .account = &b->account,
				  .post = &b->post,
				  .memo = json_object(),
				  .now_us = 1800000000 * US_PER_S,
				  .fired_us = INSTANT_NONE };
}

static void bench_close(struct bench *b)
{
	json_decref(b->post.options);
	json_decref(b->d.memo);
	config_free(b->config);
	arena_free(b->arena);
}

static const struct {
	int64_t size, chunk, chunks, last_first; /* the last chunk's first byte */
} plans[] = {
	{ 1, 1, 1, 0 },
	{ 4999999, 4999999, 1, 0 },
	{ 20000000, 20000000, 1, 0 },
	{ 20000001, 10000000, 2, 10000000 },
	{ 50000123, 10000000, 5, 40000000 },
	{ 64000001, 10000000, 6, 50000000 },
	{ 70000000, 10000000, 7, 60000000 },
	{ 70000001, 10000000, 7, 60000000 },
};

START_TEST(plan_follows_the_rule_of_chunks)
{
	const char *range = NULL;
	struct bench b;
	struct http_request *r;

	bench_open(&b);
	b.media.bytes = plans[_i].size;
	json_decref(tiktok_video_form(&b.d));
	ck_assert_int_eq(memo_int(b.d.memo, "chunk"), plans[_i].chunk);
	ck_assert_int_eq(memo_int(b.d.memo, "chunks"), plans[_i].chunks);
	ck_assert_int_eq(tiktok_is_last_chunk(&b.d), plans[_i].chunks == 1);
	memo_set_int(b.d.memo, "sent", plans[_i].last_first);
	memo_set_text(b.d.memo, "upload_url",
		      "https://open-upload.tiktokapis.com/video/?upload_id=1");
	ck_assert(tiktok_is_last_chunk(&b.d));
	r = tiktok_chunk(&b.d);
	ck_assert_ptr_nonnull(r);
	for (const struct http_header *h = r->headers; h; h = h->next) {
		ck_assert_str_ne(h->name, "Authorization");
		if (strcmp(h->name, "Content-Range") == 0)
			range = h->value;
	}
	ck_assert_str_eq(range,
			 arena_printf(b.arena, "bytes %lld-%lld/%lld",
				      (long long)plans[_i].last_first,
				      (long long)plans[_i].size - 1, (long long)plans[_i].size));
	bench_close(&b);
}
END_TEST

static const struct {
	const char *url;
	bool is_trusted;
} addresses[] = {
	{ "https://open-upload.tiktokapis.com/video/?upload_id=1", true },
	{ "https://eu.open-upload.tiktokapis.com/video/", true },
	{ "https://tiktokapis.com.evil.example/video/", false },
	{ "https://eviltiktokapis.com/video/", false },
	{ "https://user@open-upload.tiktokapis.com/video/", false },
	{ "http://eu.tiktokapis.com/video/", false },
	{ "https://eu.tiktokapis.com:8443/video/", false },
};

START_TEST(upload_goes_to_trusted_hosts_only)
{
	struct bench b;

	bench_open(&b);
	b.media.bytes = 10;
	json_decref(tiktok_video_form(&b.d));
	memo_set_text(b.d.memo, "upload_url", addresses[_i].url);
	ck_assert_int_eq(tiktok_chunk(&b.d) != NULL, addresses[_i].is_trusted);
	bench_close(&b);
}
END_TEST

static const struct {
	const char *code;
	enum tiktok_class elsewhere, fire;
	enum post_error_code error;
} codes[] = {
	{ "spam_risk_too_many_posts", TIKTOK_LATER, TIKTOK_LATER, POST_ERROR_RATE_LIMITED },
	{ "spam_risk_user_banned_from_posting", TIKTOK_USER, TIKTOK_USER,
	  POST_ERROR_CONTENT_REJECTED },
	{ "spam_risk_something_new", TIKTOK_USER, TIKTOK_USER, POST_ERROR_CONTENT_REJECTED },
	{ "spam_risk_text", TIKTOK_CONTENT, TIKTOK_CONTENT, POST_ERROR_CONTENT_REJECTED },
	{ "invalid_param", TIKTOK_CONTENT, TIKTOK_CONTENT, POST_ERROR_CONTENT_REJECTED },
	{ "invalid_params", TIKTOK_CONTENT, TIKTOK_CONTENT, POST_ERROR_CONTENT_REJECTED },
	{ "access_token_invalid", TIKTOK_TOKEN, TIKTOK_TOKEN, POST_ERROR_TOKEN_EXPIRED },
	{ "invalid_grant", TIKTOK_RECONNECT, TIKTOK_RECONNECT, POST_ERROR_TOKEN_EXPIRED },
	{ "url_ownership_unverified", TIKTOK_OPERATOR, TIKTOK_OPERATOR, POST_ERROR_CONFIGURATION },
	{ "internal_error", TIKTOK_LATER, TIKTOK_DOUBT, POST_ERROR_PLATFORM },
	{ "photo_pull_failed", TIKTOK_AGAIN, TIKTOK_AGAIN, POST_ERROR_MEDIA_REJECTED },
	{ "never_heard_of", TIKTOK_LATER, TIKTOK_DOUBT, POST_ERROR_PLATFORM },
};

START_TEST(error_is_decided_by_its_code)
{
	const struct tiktok_error_row *r = tiktok_error_find(codes[_i].code, 200);

	ck_assert_int_eq((int)r->elsewhere, (int)codes[_i].elsewhere);
	ck_assert_int_eq((int)r->fire, (int)codes[_i].fire);
	ck_assert_int_eq((int)r->error, (int)codes[_i].error);
}
END_TEST

START_TEST(dialog_carries_the_challenge_in_hex)
{
	struct bench b;
	const char *challenge, *url;

	bench_open(&b);
	challenge = oauth2_challenge(b.arena, b.app.platform->pkce, "verifier");
	url = b.app.platform->auth_url(b.arena, &b.app, "s", challenge, false);
	ck_assert_str_eq(url_query_get(b.arena, url, "code_challenge"),
			 "88c9eae68eb300b2971a2bec9e5a26ff4179fd661d6b7d861e4c6557b9aaee14");
	ck_assert_str_eq(url_query_get(b.arena, url, "client_key"), "key");
	ck_assert_str_eq(url_query_get(b.arena, url, "scope"),
			 "user.info.basic,user.info.profile,video.publish,video.upload,video.list");
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tiktok_form");
	TCase *t = tcase_create("tiktok_form");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, plan_follows_the_rule_of_chunks, 0, (int)ARRAY_LEN(plans));
	tcase_add_loop_test(t, upload_goes_to_trusted_hosts_only, 0, (int)ARRAY_LEN(addresses));
	tcase_add_loop_test(t, error_is_decided_by_its_code, 0, (int)ARRAY_LEN(codes));
	tcase_add_test(t, dialog_carries_the_challenge_in_hex);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

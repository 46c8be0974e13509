/* SPDX-License-Identifier: Apache-2.0 */
#include "platform_bench.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "platform/script.h"
#include "support/contract.h"

static const char *file_write(struct bench *b, const char *name, const char *text)
{
	const char *path = arena_printf(b->arena, "%s/%s", b->folder, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0400), 0);
	return path;
}

/* Where people's servers make registrations of their own, the operator has none. */
static const char *registration(struct bench *b, const char *platform)
{
	const struct setting *row = platform_find(platform)->settings;

	while (row->name && strcmp(row->name, "client_id") != 0)
		row++;
	return row->name ? arena_printf(b->arena, "client_id = 4711\nclient_secret_file = %s\n",
					file_write(b, "secret", BENCH_SECRET "\n"))
			 : "";
}

static void config_open(struct bench *b, const char *platform, const char *extra)
{
	struct problem why = { 0 };
	const struct setting_group *groups;
	const char *ini;
	size_t n = 0;

	ini = file_write(b, "ini",
			 arena_printf(b->arena,
				      "[server]\npublic_url = https://pub.example\n[%s]\n"
				      "%s%s\n",
				      platform, registration(b, platform), extra));
	groups = platform_setting_groups(&n);
	ck_assert_msg(config_load(ini, groups, n, &b->config, &why) == 0, "%s", why.detail);
}

void bench_open(struct bench *b, const char *extra)
{
	bench_open_for(b, "instagram", extra);
	b->account.scopes = "instagram_basic instagram_content_publish instagram_manage_comments";
	b->account.user_token = "USER";
}

void bench_open_for(struct bench *b, const char *platform, const char *extra)
{
	*b = (struct bench){ .arena = arena_new(), .folder = "/tmp/bench.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(b->folder));
	config_open(b, platform, extra);
	platform_app_init(&b->app, b->arena, b->config, platform_find(platform), true);
	b->account = (struct platform_account){
		.id = "acc_1",
		.remote_id = "1784",
		.username = "acmebakery",
		.access_token = "PAGE",
	};
	b->post = (struct publication){ .caption = "Fresh bread",
					.media = b->media,
					.options = json_object() };
	b->d = (struct delivery){
		.arena = b->arena,
		.app = &b->app,
		.account = &b->account,
		.post = &b->post,
		.memo = json_object(),
		.now_us = BENCH_NOW_S * US_PER_S,
		.due_us = BENCH_NOW_S * US_PER_S,
		.fired_us = INSTANT_NONE,
		.post_id = "sch_1",
	};
	b->c = (struct connect){ .arena = b->arena,
				 .app = &b->app,
				 .code = "CODE",
				 .now_us = BENCH_NOW_S * US_PER_S,
				 .memo = json_object() };
	b->r = (struct renewal){ .arena = b->arena,
				 .app = &b->app,
				 .account = &b->account,
				 .now_us = BENCH_NOW_S * US_PER_S,
				 .memo = json_object() };
}

void bench_close(struct bench *b)
{
	(void)unlink(arena_printf(b->arena, "%s/secret", b->folder));
	(void)unlink(arena_printf(b->arena, "%s/ini", b->folder));
	(void)rmdir(b->folder);
	json_decref(b->post.options);
	json_decref(b->d.memo);
	json_decref(b->c.memo);
	json_decref(b->r.memo);
	http_reply_done(&b->reply);
	config_free(b->config);
	arena_free(b->arena);
}

void bench_images(struct bench *b, enum content_kind kind, size_t n)
{
	b->post.kind = kind;
	b->post.media_n = n;
	for (size_t i = 0; i < n; i++)
		b->media[i] = (struct media_item){
			.kind = MEDIA_IMAGE,
			.mime = "image/jpeg",
			.url = arena_printf(b->arena, "https://pub.example/m/%zu.jpg", i),
			.path = "/store/image",
			.bytes = 1000,
			.width = 1080,
			.height = 1080,
		};
}

void bench_video(struct bench *b, enum content_kind kind)
{
	b->post.kind = kind;
	b->post.media_n = 1;
	b->media[0] = (struct media_item){
		.kind = MEDIA_VIDEO,
		.mime = "video/mp4",
		.url = "https://pub.example/m/v.mp4",
		.path = "/store/video",
		.bytes = 5000,
		.width = 1080,
		.height = 1920,
		.duration_ms = 8000,
		.video_codec = "h264",
		.audio_codec = "aac",
	};
}

const struct http_reply *bench_reply_with(struct bench *b, int status, const char *headers,
					  const char *body)
{
	http_reply_done(&b->reply);
	b->reply = (struct http_reply){ .transfer = TRANSFER_REPLIED, .status = status };
	buf_adds(&b->reply.body, body);
	buf_adds(&b->reply.headers, headers);
	return &b->reply;
}

const struct http_reply *bench_reply(struct bench *b, int status, const char *body)
{
	return bench_reply_with(b, status, "", body);
}

const struct http_reply *bench_broken(struct bench *b)
{
	http_reply_done(&b->reply);
	b->reply = (struct http_reply){ .transfer = TRANSFER_BROKEN, .failure = "timed out" };
	return &b->reply;
}

const char *bench_header(const struct http_request *r, const char *name)
{
	for (const struct http_header *h = r->headers; h; h = h->next) {
		if (strcasecmp(h->name, name) == 0)
			return h->value;
	}
	return "";
}

const char *bench_claim(struct bench *b, const char *name)
{
	const char *proof = bench_header(b->result.request, "DPoP"), *from = strchr(proof, '.');
	const char *to = from ? strchr(from + 1, '.') : NULL;
	char text[2048];
	size_t n = 0;
	json_t *doc;
	const char *value;

	if (!to)
		return "";
	ck_assert_int_eq(
		digest_unbase64url(from + 1, (size_t)(to - from - 1), text, sizeof(text), &n), 0);
	doc = json_loadb(text, n, 0, NULL);
	value = memo_text(doc, name) ? arena_strdup(b->arena, memo_text(doc, name)) : "";
	json_decref(doc);
	return value;
}

enum step bench_connect(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->connect(&b->c, last, &b->result);
}

enum step bench_renew(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->renew(&b->r, last, &b->result);
}

enum step bench_revoke(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->revoke(&b->r, last, &b->result);
}

enum step bench_stage(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->stage(&b->d, last, &b->result);
}

enum step bench_fire(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->fire(&b->d, last, &b->result);
}

enum step bench_confirm(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->confirm(&b->d, last, &b->result);
}

enum step bench_recover(struct bench *b, const struct http_reply *last)
{
	return b->app.platform->recover(&b->d, last, &b->result);
}

/* The proof changes with every token and has a case of its own. */
static const char *without_proof(struct bench *b, const char *text)
{
	char *copy = arena_strdup(b->arena, text), *at = strstr(copy, "appsecret_proof=");
	size_t len;

	if (!at)
		return copy;
	len = strcspn(at, "&");
	len += at[len] == '&' ? 1 : 0;
	memmove(at, at + len, strlen(at + len) + 1);
	len = strlen(copy);
	if (len > 0 && (copy[len - 1] == '?' || copy[len - 1] == '&'))
		copy[len - 1] = '\0';
	return copy;
}

void bench_sends(struct bench *b, enum step step, const char *line)
{
	static const char *const verbs[] = { "GET", "POST", "PUT", "DELETE", "PATCH" };
	const struct http_request *r = b->result.request;
	const char *path, *is;

	ck_assert_msg(step == STEP_SEND, "step %d (outcome %d: %s) instead of %s", (int)step,
		      (int)b->result.outcome.kind, b->result.outcome.error.message, line);
	path = strstr(r->url, ".com/");
	ck_assert_msg(path != NULL, "%s", r->url);
	is = arena_printf(b->arena, "%s %s", verbs[r->verb], without_proof(b, path + 4));
	if (r->body == BODY_BYTES)
		is = arena_printf(b->arena, "%s %s", is, without_proof(b, r->bytes));
	ck_assert_str_eq(is, line);
	if (b->contract) {
		const char *why = contract_request_fault(b->arena, b->contract, "", r);

		ck_assert_msg(why == NULL, "%s", why);
	}
}

void bench_ends(struct bench *b, enum step step, enum outcome_kind kind)
{
	const struct outcome *o = &b->result.outcome;

	ck_assert_int_eq(step, STEP_DONE);
	ck_assert_msg(o->kind == kind, "outcome %d (%s) instead of %d", (int)o->kind,
		      o->error.message ? o->error.message : "", (int)kind);
}

void bench_fails(struct bench *b, enum step step, enum outcome_kind kind, enum post_error_code code,
		 enum who who)
{
	bench_ends(b, step, kind);
	ck_assert_int_eq(b->result.outcome.error.code, code);
	ck_assert_int_eq(b->result.outcome.error.who, who);
}

void bench_refuses_code(struct bench *b, const struct bench_answer *answer)
{
	ck_assert_int_eq(bench_connect(b, NULL), STEP_SEND);
	bench_fails(b, bench_connect(b, bench_reply(b, answer->status, answer->body)), answer->kind,
		    answer->code, answer->who);
	ck_assert_uint_eq(b->c.accounts_n, 0);
}

void bench_restart(struct bench *b)
{
	char *text = json_dumps(b->d.memo, 0);

	json_decref(b->d.memo);
	b->d.memo = json_loads(text, 0, NULL);
	free(text);
}

static bool has_twin(void *arg)
{
	(void)arg;
	return true;
}

/* Free when the list is read, taken when it is asked for again. */
static bool is_taken_by_now(void *arg, const char *id)
{
	int *asked = arg;

	(void)id;
	return (*asked)++ > 0;
}

void bench_rival(struct bench *b, int how)
{
	b->d.has_twin = how == 0 ? has_twin : NULL;
	b->d.is_taken = how == 1 ? is_taken_by_now : NULL;
	b->d.is_taken_arg = &b->asked;
	b->asked = 0;
}

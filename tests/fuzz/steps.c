/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the adapters make of whatever a platform answers. A dialogue's name, the kind of the content,
 * how many media, the memo as JSON, caption and options as JSON, on a line each; then the answers
 * with a line ==== between them: the status (0: broken off, -1: never sent), header lines, an empty
 * line, the body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "platform/platform.h"
#include "platform/results.h"
#include "json/keep.h"
#include "json/schema.h"

#define STEPS_MAX 60
#define NOW_US    (1800000000LL * US_PER_S)
#define MEDIA_MAX 12
#define GAP       "\n====\n"

struct talk {
	struct input *in;
	const struct platform_app *app;
	struct arena *arena; /* of the step, as the engine has it */
	struct platform_account account;
	struct publication post;
	struct media_item media[MEDIA_MAX];
	struct delivery d;
	struct connect_start s;
	struct connect c;
	struct renewal r;
	struct board_list boards;
	struct inspection i;
	struct results_reading results;
	struct results_post posts[3];
	struct findings findings;
	struct http_reply reply;
	struct step_result result;
	bool is_fresh; /* began with an empty memo */
};

struct dialogue {
	const char *name;
	bool is_delivery;
	/* false: the platform has none */
	bool (*step)(struct talk *t, const struct http_reply *last, enum step *ret);
	void (*done)(const struct talk *t); /* NULL, or a look at what a success brought */
};

#define CALL(name, function, value)                                                     \
	static bool name(struct talk *t, const struct http_reply *last, enum step *ret) \
	{                                                                               \
		if (!(function))                                                        \
			return false;                                                   \
		*ret = (function)(value, last, &t->result);                             \
		return true;                                                            \
	}
CALL(stage_step, t->app->platform->stage, &t->d)
CALL(fire_step, t->app->platform->fire, &t->d)
CALL(confirm_step, t->app->platform->confirm, &t->d)
CALL(recover_step, t->app->platform->recover, &t->d)
CALL(start_step, t->app->platform->start, &t->s)
CALL(connect_step, t->app->platform->connect, &t->c)
CALL(renew_step, t->app->platform->renew, &t->r)
CALL(revoke_step, t->app->platform->revoke, &t->r)
CALL(boards_step, t->app->platform->boards, &t->boards)
CALL(inspect_step, t->app->platform->inspect, &t->i)
CALL(results_step, t->app->platform->results->read, &t->results)

static void text_look(const char *s)
{
	MUST(!s || utf8_valid(s, strlen(s)));
}

static void fire_done(const struct talk *t)
{
	MUST(t->result.outcome.remote_id);
}

static void connect_done(const struct talk *t)
{
	MUST(t->c.accounts_n > 0);
	for (size_t i = 0; i < t->c.accounts_n; i++) {
		const struct connect_account *a = &t->c.accounts[i];

		MUST(a->remote_id && *a->remote_id && a->tokens_n > 0 && a->tokens_n <= 3);
		text_look(a->username);
		text_look(a->display_name);
		text_look(a->avatar_url);
		for (size_t k = 0; k < a->tokens_n; k++)
			MUST(a->tokens[k].kind && a->tokens[k].value && *a->tokens[k].value);
	}
}

static void start_done(const struct talk *t)
{
	MUST(t->s.url && strncmp(t->s.url, "http", 4) == 0);
}

static void renew_done(const struct talk *t)
{
	MUST(t->r.tokens_n > 0 && t->r.tokens_n <= 3);
	for (size_t i = 0; i < t->r.tokens_n; i++)
		MUST(t->r.tokens[i].kind && t->r.tokens[i].value && *t->r.tokens[i].value);
}

static void boards_done(const struct talk *t)
{
	for (size_t i = 0; i < t->boards.boards_n; i++) {
		MUST(t->boards.boards[i].id && t->boards.boards[i].name);
		text_look(t->boards.boards[i].name);
	}
}

static void inspect_done(const struct talk *t)
{
	MUST(t->findings.n <= ARRAY_LEN(t->findings.v) && t->i.caps_n <= ARRAY_LEN(t->i.caps));
	for (size_t i = 0; i < t->findings.n; i++)
		text_look(t->findings.v[i].detail);
}

static void results_done(const struct talk *t)
{
	for (size_t i = 0; i < t->results.posts_n; i++)
		MUST(t->posts[i].state <= RESULTS_GONE);
}

static const struct dialogue dialogues[] = {
	{ "stage", true, stage_step, NULL },
	{ "fire", true, fire_step, fire_done },
	{ "confirm", true, confirm_step, NULL },
	{ "recover", true, recover_step, fire_done },
	{ "start", false, start_step, start_done },
	{ "connect", false, connect_step, connect_done },
	{ "renew", false, renew_step, renew_done },
	{ "revoke", false, revoke_step, NULL },
	{ "boards", false, boards_step, boards_done },
	{ "inspect", false, inspect_step, inspect_done },
	{ "results", false, results_step, results_done },
};

static const struct dialogue *dialogue_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(dialogues); i++) {
		if (strcmp(dialogues[i].name, name) == 0)
			return &dialogues[i];
	}
	return &dialogues[0];
}

static char config_path[64], secret_path[64];

static void config_forget(void)
{
	(void)unlink(config_path);
	(void)unlink(secret_path);
}

static void file_make(char *path, size_t room, const char *text)
{
	int fd;

	(void)snprintf(path, room, "/tmp/carillon-fuzz-XXXXXX");
	fd = mkstemp(path);
	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(fchmod(fd, 0400) == 0);
	close(fd);
}

/* One for all runs: an operator's, with an app at every platform. */
static const struct config *settings(void)
{
	static struct config *cfg;
	struct buf text = BUF_INIT;
	const struct setting_group *groups;
	struct problem why = { 0 };
	size_t n;
	const struct platform *const *all;

	if (cfg)
		return cfg;
	file_make(secret_path, sizeof(secret_path), "app-secret\n");
	buf_adds(&text, "[server]\npublic_url = https://pub.example\n");
	all = platform_all(&n);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&text, "[%s]\n", all[i]->id);
		if (!platform_server_param(all[i])) /* registrations are made at each server */
			buf_printf(&text, "client_id = 4711\nclient_secret_file = %s\n",
				   secret_path);
	}
	file_make(config_path, sizeof(config_path), text.p);
	buf_done(&text);
	(void)atexit(config_forget);
	groups = platform_setting_groups(&n);
	MUST(config_load(config_path, groups, n, &cfg, &why) == 0);
	return cfg;
}

static bool is_taken(void *arg, const char *remote_id)
{
	(void)arg;
	MUST(remote_id);
	return strlen(remote_id) % 7 == 3;
}

static json_t *object_of(const char *text)
{
	struct problem why = { 0 };
	json_t *doc = NULL;

	if (schema_parse(text, strlen(text), &doc, &why) < 0 || !json_is_object(doc)) {
		json_decref(doc);
		return json_object();
	}
	return doc;
}

static void media_make(struct talk *t, enum content_kind kind, size_t n)
{
	bool is_video = kind == CONTENT_VIDEO;

	for (size_t i = 0; i < n; i++)
		t->media[i] = (struct media_item){
			.kind = is_video ? MEDIA_VIDEO : MEDIA_IMAGE,
			.mime = is_video ? "video/mp4" : "image/jpeg",
			.url = arena_printf(t->in->arena, "https://pub.example/m/%zu", i),
			.path = "/store/file",
			.bytes = is_video ? 700000 : 1000,
			.width = 1080,
			.height = is_video ? 1920 : 1080,
			.duration_ms = is_video ? 8000 : 0,
			.video_codec = is_video ? "h264" : NULL,
			.audio_codec = is_video ? "aac" : NULL,
		};
	t->post.media = t->media;
	t->post.media_n = n;
}

/* The server that a person named, what it registered, and what else a login there leaves. */
#define SERVER "https://srv.example"
#define PERSON "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
static json_t *kept_of(struct arena *a)
{
	json_t *kept = json_pack("{s:s, s:s, s:s, s:s}", "server", SERVER, "client_id", "4711",
				 "client_secret", "app-secret", "scopes", "read write");
	json_t *login = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "issuer", SERVER, "pds",
				  SERVER, "token_endpoint", SERVER "/token", "revocation_endpoint",
				  SERVER "/revoke", "did", PERSON, "jwk", "USER", "login", "oauth");

	json_object_update(kept, login);
	json_decref(login);
	return json_keep(a, kept);
}

static void talk_open(struct talk *t)
{
	struct input *in = t->in;
	enum content_kind kind = (enum content_kind)word_of(input_line(in), content_kind_names);

	media_make(t, kind, (size_t)input_number(in) % MEDIA_MAX);
	t->account = (struct platform_account){ .id = "acc_1",
						.remote_id = "1784",
						.username = "acme",
						.scopes = t->app->platform->default_scopes,
						.expires_us = NOW_US + US_PER_DAY,
						.access_token = "TOKEN",
						.user_token = "USER",
						.meta = kept_of(in->arena) };
	t->d = (struct delivery){ .app = t->app,
				  .account = &t->account,
				  .post = &t->post,
				  .memo = object_of(input_line(in)),
				  .now_us = NOW_US,
				  .due_us = NOW_US,
				  .fired_us = NOW_US - US_PER_MIN,
				  .post_id = "sch_1",
				  .is_taken = is_taken };
	t->is_fresh = json_object_size(t->d.memo) == 0;
	t->post.kind = kind;
	t->post.caption = input_line(in);
	if (!utf8_valid(t->post.caption, strlen(t->post.caption)))
		t->post.caption = "Fresh bread";
	t->post.title = "Bread";
	t->post.options = object_of(input_line(in));
}

/* All of them share the memo: one dialogue is held. */
static void talk_open_others(struct talk *t)
{
	struct arena *a = t->in->arena;

	t->s = (struct connect_start){ .arena = a,
				       .app = t->app,
				       .server_text = "srv.example",
				       .server = SERVER,
				       .state = "STATE",
				       .challenge = "CHALLENGE",
				       .now_us = NOW_US,
				       .memo = t->d.memo,
				       .kept = kept_of(a) };
	t->c = (struct connect){ .arena = a,
				 .kept = kept_of(a),
				 .app = t->app,
				 .code = "CODE",
				 .verifier = "VERIFIER",
				 .now_us = NOW_US,
				 .memo = t->d.memo };
	t->r = (struct renewal){ .arena = a,
				 .app = t->app,
				 .account = &t->account,
				 .refresh_token = "REFRESH",
				 .now_us = NOW_US,
				 .issued_us = NOW_US - US_PER_DAY,
				 .memo = t->d.memo };
	t->boards = (struct board_list){ .arena = a,
					 .app = t->app,
					 .account = &t->account,
					 .now_us = NOW_US,
					 .memo = t->d.memo };
	t->i = (struct inspection){ .arena = a,
				    .app = t->app,
				    .account = &t->account,
				    .post = &t->post,
				    .now_us = NOW_US,
				    .memo = t->d.memo,
				    .findings = &t->findings,
				    .facts = json_object() };
	t->posts[0].remote_id = "17841";
	t->posts[1].remote_id = "17842";
	t->posts[2].remote_id = "dQw4w9WgXcQ";
	t->results = (struct results_reading){ .arena = a,
					       .app = t->app,
					       .account = &t->account,
					       .now_us = NOW_US,
					       .memo = t->d.memo,
					       .posts = t->posts,
					       .posts_n = 3 };
	if (t->results.posts_n > t->app->platform->results->most)
		t->results.posts_n = t->app->platform->results->most;
}

/* NULL: the input has no more. */
static const struct http_reply *next_reply(struct talk *t)
{
	struct input *in = t->in;
	const char *end = in->n ? memmem(in->p, in->n, GAP, strlen(GAP)) : NULL, *line;
	struct input one = *in;
	int status;

	if (in->n == 0)
		return NULL;
	one.n = end ? (size_t)(end - in->p) : in->n;
	in->n -= one.n + (end ? strlen(GAP) : 0);
	in->p += one.n + (end ? strlen(GAP) : 0);
	status = (int)(input_number(&one) % 1000);
	http_reply_done(&t->reply);
	t->reply = (struct http_reply){ .transfer = status > 0   ? TRANSFER_REPLIED
						    : status < 0 ? TRANSFER_NOT_SENT
								 : TRANSFER_BROKEN,
					.status = status > 0 ? status : 0 };
	if (t->reply.transfer != TRANSFER_REPLIED) {
		t->reply.failure = "timed out";
		return &t->reply;
	}
	while (*(line = input_line(&one)))
		buf_printf(&t->reply.headers, "%s\r\n", line);
	buf_add(&t->reply.body, one.p, one.n);
	t->reply.body_bytes = (int64_t)one.n;
	return &t->reply;
}

/* Nothing that an answer says gets into the lines of the next request. */
static void request_look(const struct talk *t, const struct http_request *r)
{
	MUST(r && r->url && strncmp(r->url, "http", 4) == 0 && r->label && *r->label);
	for (const char *c = r->url; *c; c++)
		MUST((unsigned char)*c >= ' ' && *c != 0x7f);
	for (const struct http_header *h = r->headers; h; h = h->next)
		MUST(!strpbrk(h->value, "\r\n"));
	MUST(r->body != BODY_BYTES || r->bytes);
	/* A memo that came with the input may say that more was sent than there is. */
	MUST(r->body != BODY_FILE || !t->is_fresh || (r->offset >= 0 && r->length >= -1));
}

static void outcome_look(const struct talk *t, const struct dialogue *way)
{
	const struct outcome *o = &t->result.outcome;

	MUST(o->kind <= OUTCOME_RESTAGE && o->retry_after_s >= 0);
	MUST(o->error.code <= POST_ERROR_UNKNOWN && o->error.who <= WHO_PLATFORM);
	text_look(o->error.message);
	text_look(o->error.platform_message);
	text_look(o->error.platform_code);
	text_look(o->remote_url);
	if (o->kind == OUTCOME_REFUSED || o->kind == OUTCOME_REAUTH)
		MUST(o->error.code != POST_ERROR_NONE && o->error.message);
	if (o->kind == OUTCOME_PUBLISHED && way->done)
		way->done(t);
}

/* What the memo is in another process. */
static void memo_store(struct talk *t)
{
	char *text = json_dumps(t->d.memo, JSON_COMPACT);

	MUST(text);
	json_decref(t->d.memo);
	t->d.memo = json_loads(text, 0, NULL);
	MUST(t->d.memo);
	free(text);
}

/* false: the dialogue is over. */
static bool go_on(struct talk *t, const struct dialogue *way, const struct http_reply **last)
{
	struct arena *before = t->arena;
	enum step step;

	t->arena = arena_new();
	t->d.arena = t->arena;
	t->result = (struct step_result){ 0 };
	if (!way->step(t, *last, &step)) {
		arena_free(before);
		return false;
	}
	arena_free(before);
	if (step == STEP_DONE) {
		outcome_look(t, way);
		return false;
	}
	if (way->is_delivery)
		memo_store(t);
	if (step == STEP_WAIT)
		MUST(t->result.wait_us >= 0);
	else
		request_look(t, t->result.request);
	*last = step == STEP_SEND ? next_reply(t) : NULL;
	t->d.now_us += step == STEP_WAIT ? t->result.wait_us : US_PER_S;
	return step == STEP_WAIT || *last;
}

static void run(const char *platform, struct input *in)
{
	struct platform_app app;
	struct talk t = { .in = in, .app = &app };
	const struct dialogue *way = dialogue_of(input_line(in));
	const struct http_reply *last = NULL;

	platform_app_init(&app, in->arena, settings(), platform_find(platform), true);
	talk_open(&t);
	talk_open_others(&t);
	app.platform->check(&app, &t.account, &t.post, &t.findings);
	inspect_done(&t);
	t.findings.n = 0;
	for (int n = 0; n < STEPS_MAX && go_on(&t, way, &last); n++)
		;
	arena_free(t.arena);
	http_reply_done(&t.reply);
	json_decref(t.i.facts);
	json_decref(t.s.registered);
	json_decref(t.d.memo);
	json_decref(t.post.options);
}

#define ADAPTER(name)                      \
	void fuzz_##name(struct input *in) \
	{                                  \
		run(#name, in);            \
	}
ADAPTER(bluesky)
ADAPTER(instagram)
ADAPTER(mastodon)
ADAPTER(pinterest)
ADAPTER(tiktok)
ADAPTER(twitter)
ADAPTER(youtube)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform_bench - an adapter without a network: a delivery, a connect flow, made-up replies
 * One bench a case: bench_open() in setup, bench_close() in teardown; everything else is borrowed.
 */
#ifndef CARILLON_TESTS_PLATFORM_BENCH_H
#define CARILLON_TESTS_PLATFORM_BENCH_H

#include "platform/platform.h"

#define BENCH_NOW_S  1800000000LL
#define BENCH_SECRET "app-secret"

struct bench {
	struct arena *arena;
	struct config *config;
	struct platform_app app;
	struct platform_account account;
	struct publication post;
	struct media_item media[12];
	struct delivery d;
	struct connect c;
	struct renewal r;
	struct step_result result;
	struct http_reply reply;
	const json_t
		*contract; /* NULL, or the platform's own document: every request must fit it */
	char folder[64];
	int asked; /* how often whose a match is */
};

/* An answer, and what becomes of it. */
struct bench_answer {
	int status;
	const char *body;
	enum outcome_kind kind;
	enum post_error_code code;
	enum who who;
};

/* extra: further lines for [instagram], or "". */
void bench_open(struct bench *b, const char *extra);
/* Another platform's adapter on the same bench; the account stays to be filled in. */
void bench_open_for(struct bench *b, const char *platform, const char *extra);
void bench_close(struct bench *b);
/* n images of 1080 x 1080; the kind is as given. */
void bench_images(struct bench *b, enum content_kind kind, size_t n);
void bench_video(struct bench *b, enum content_kind kind);
/* A reply for the next call of a step; it lives until the next one is made. */
const struct http_reply *bench_reply(struct bench *b, int status, const char *body);
const struct http_reply *bench_reply_with(struct bench *b, int status, const char *headers,
					  const char *body);
const struct http_reply *bench_broken(struct bench *b);
const char *bench_header(const struct http_request *r, const char *name); /* "" absent */
/* A claim of the DPoP proof that the request at hand carries; "" none. */
const char *bench_claim(struct bench *b, const char *name);

/* A call of the adapter; last: NULL at its start. */
enum step bench_connect(struct bench *b, const struct http_reply *last);
enum step bench_renew(struct bench *b, const struct http_reply *last);
enum step bench_revoke(struct bench *b, const struct http_reply *last);
enum step bench_stage(struct bench *b, const struct http_reply *last);
enum step bench_fire(struct bench *b, const struct http_reply *last);
enum step bench_confirm(struct bench *b, const struct http_reply *last);
enum step bench_recover(struct bench *b, const struct http_reply *last);

/* Checks that the step sends this request: "POST /v25.0/1784/media image_url=..&caption=..". */
void bench_sends(struct bench *b, enum step step, const char *line);
void bench_ends(struct bench *b, enum step step, enum outcome_kind kind);
void bench_fails(struct bench *b, enum step step, enum outcome_kind kind, enum post_error_code code,
		 enum who who);
/* Checks that this answer to the code, the first one of a connect flow, connects nobody. */
void bench_refuses_code(struct bench *b, const struct bench_answer *answer);
/*
 * The one match may be another post's: that still waits for an answer (0), or has got one since the
 * list was read (1).
 */
#define BENCH_RIVALS 2
void bench_rival(struct bench *b, int how);
/* What the memo would be in another process: printed and parsed again. */
void bench_restart(struct bench *b);

#endif

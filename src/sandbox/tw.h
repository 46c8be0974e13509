/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tw - the parts of the X sandbox among themselves
 * Layer sandbox, private to twitter.c and tw_*.c. Functions that return NULL or false have written
 * the error. Source: X API v2 (OpenAPI 2.167), its OAuth 2.0, media and error pages, read 2026-11.
 */
#ifndef CARILLON_SANDBOX_TW_H
#define CARILLON_SANDBOX_TW_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define TW_REALM             "x"
#define TW_SEGMENTS_MAX      1000
#define TW_SEGMENT_BYTES_MAX (5 << 20)

enum tw_token_kind { TW_ACCESS, TW_REFRESH };

struct tw_user { /* account.extra */
	const char *subscription;
	bool is_verified, is_suspended;
};

struct tw_media {
	const char *id, *key, *type, *category, *alt_text;
	struct account *account;
	uint64_t total;
	uint64_t sizes[TW_SEGMENTS_MAX];    /* bytes + 1; 0: not there */
	size_t segments_n;                  /* highest index + 1 */
	bool is_final, is_failed, is_asked; /* asked: STATUS was called */
	int64_t expires_us, ready_us;
	struct media_fact fact;
};

struct tw_post {          /* object.extra */
	const char *text; /* as X shows it: links shortened, escaped */
	json_t *urls;     /* entities; freed with the world's arena */
	const char *reply_to, *quote;
	struct list media; /* struct tw_media */
};

struct tw_rate { /* one user at one endpoint */
	int64_t since_us;
	int64_t used;
};

struct tw_state {         /* world.extra */
	struct map media; /* id -> struct tw_media */
	struct map rates; /* "user/endpoint" -> struct tw_rate */
	struct list uploads;
	bool is_enterprise;
	int64_t tweets_limit; /* a user, 15 minutes; 0: X's own */
	uint64_t refresh_reuses;
};

/* twitter.c */
struct tw_state *sandbox_tw_state(struct world *w);
const char *sandbox_tw_snowflake(struct world *w);
/* {"title","detail","type","status"}; always false */
bool sandbox_tw_problem(struct exchange *ex, int status, const char *title, const char *detail,
			const char *type);
/* {"errors":[{"message"}],"title":"Invalid Request",..} with 400; always false */
bool sandbox_tw_invalid(struct exchange *ex, const char *message);
/* The body as an object with known keys; NULL: refused. The caller owns it. */
json_t *sandbox_tw_body(struct exchange *ex, const char *const *keys);
bool sandbox_tw_keys(struct exchange *ex, const json_t *object, const char *const *keys);

/* tw_auth.c: bearer, scope, fault points, rate limit; NULL refused */
struct account *sandbox_tw_auth(struct exchange *ex, const char *scope);
struct token *sandbox_tw_bearer(struct exchange *ex); /* writes nothing */
void sandbox_tw_authorize(struct exchange *ex);
void sandbox_tw_token(struct exchange *ex);
void sandbox_tw_revoke(struct exchange *ex);
void sandbox_tw_me(struct exchange *ex);

/* tw_media.c */
void sandbox_tw_initialize(struct exchange *ex);
void sandbox_tw_append(struct exchange *ex);
void sandbox_tw_finalize(struct exchange *ex);
void sandbox_tw_status(struct exchange *ex);
void sandbox_tw_metadata(struct exchange *ex);
bool sandbox_tw_media_usable(struct world *w, const struct tw_media *m, const struct account *a);

/* tw_posts.c */
void sandbox_tw_tweets(struct exchange *ex);
void sandbox_tw_timeline(struct exchange *ex);
void sandbox_tw_delete(struct exchange *ex);
void sandbox_tw_page(struct exchange *ex);
void sandbox_tw_loaded(struct world *w);

/* tw_lookup.c */
void sandbox_tw_lookup(struct exchange *ex);

/* tw_text.c */
int64_t sandbox_tw_length(struct arena *a, const char *text);
size_t sandbox_tw_cashtags(const char *text);
/* Shortens links and escapes; *ret_urls gets the entities. */
const char *sandbox_tw_shorten(struct world *w, const char *text, json_t **ret_urls);

#endif

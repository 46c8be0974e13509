/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instagram - what the files of this adapter share; pure
 * Layer platform. Two login products: Facebook Login (pages, graph.facebook.com, the default) and
 * Instagram Login (no page, graph.instagram.com); the setting login_mode chooses.
 * Source: Meta "Content Publishing", "IG User Media", "Error Codes" (v25.0, read 2026-11).
 *
 * Memo of a delivery: "items" holds the containers in order, for a carousel its children and then
 * the parent; the last one is published. An item: id, uri (where bytes go), made (seconds), begun
 * (an upload was tried), sent (bytes), done (all bytes there), ready (FINISHED was read), polls,
 * waited, lost, renewals. Beside it: at (index), swapped (the other token reads), doubted (a fire of
 * this container was in doubt), fired (seconds of the first fire), media_id, permalink, comment,
 * and the state of each script.
 */
#ifndef CARILLON_PLATFORM_INSTAGRAM_H
#define CARILLON_PLATFORM_INSTAGRAM_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

#define INSTAGRAM_ANY (-1)

struct instagram_error_row {
	int code_from, code_to;     /* 0, 0: no Graph code belongs to it */
	int subcode;                /* 0: none; INSTAGRAM_ANY: whatever came */
	enum error_class elsewhere; /* when any call but media_publish says so */
	enum error_class publish;   /* when media_publish says so */
	enum post_error_code code;
	enum who who;
	int retry_s;  /* 0: the engine's own back-off */
	int renewals; /* CLASS_RESTAGE: so many new containers, then it is final */
	const char *sentence;
};

extern const struct instagram_error_row instagram_error_rows[]; /* ends with sentence NULL */
const struct instagram_error_row *instagram_error_find(int code, int subcode, int status);
/* The 22070xx number in a container's free-text status; 0: none. */
int instagram_status_subcode(const char *status);

/* A reply, read once whatever its shape. */
struct instagram_reply {
	const json_t *json; /* NULL: not JSON; lives as long as the arena */
	bool is_ok;         /* 2xx JSON without an error */
	bool is_broken;     /* no whole reply arrived */
	int status, code, subcode;
	const char *message, *trace;           /* NULL: none */
	const struct instagram_error_row *row; /* NULL when is_ok */
	int usage_pct;                         /* highest usage header; 0 none */
	int64_t regain_s; /* until a throttled account may call again; 0: not said */
};

void instagram_read(struct arena *a, const struct http_reply *last, struct instagram_reply *ret);

/* subject: what it is about, put before the sentence ("Item 2 of 5"), or NULL. */
void instagram_explain(struct arena *a, const struct instagram_reply *r, const char *subject,
		       struct post_error *ret);
/* An outcome of that class. */
enum script_move instagram_fail(struct arena *a, const struct instagram_reply *r,
				enum error_class class, const char *subject,
				struct step_result *ret);

/* Requests. */
bool instagram_is_facebook(const struct platform_app *app);
struct instagram_call {
	struct arena *arena;
	const struct platform_app *app;
	const char *token; /* NULL: none goes along */
};
/* {graph}/{version}{path}, token in the header, proof of the secret in query or form. */
struct http_request *instagram_call(const struct instagram_call *c, enum http_verb verb,
				    const char *label, const char *path_fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same outside the versioned tree, for the token endpoints: base is a setting's name. */
struct http_request *instagram_plain_call(const struct instagram_call *c, enum http_verb verb,
					  const char *label, const char *base, const char *path);
const char *instagram_publish_token(const struct delivery *d);
/* The token that reads; after `swapped` was noted in the memo, the other one. */
const char *instagram_read_token(const struct delivery *d);
/* Notes the swap, once: false when it was done already or there is one token only. */
bool instagram_swap_token(struct delivery *d);

/* What this publication becomes on Instagram. */
enum instagram_kind {
	INSTAGRAM_IMAGE,
	INSTAGRAM_REEL,
	INSTAGRAM_CAROUSEL,
	INSTAGRAM_STORY,
	INSTAGRAM_KINDS
};
/* -1: nothing that Instagram has. */
int instagram_kind(const struct publication *post, enum instagram_kind *ret);

/* GET /{account}/content_publishing_limit, and what it says. */
struct http_request *instagram_quota_call(const struct delivery *d);
void instagram_quota_read(const struct platform_app *app, const json_t *doc, struct cap *ret);

/* The container that is, was, or will be published; NULL: none yet. */
const char *instagram_container(const struct delivery *d);
json_t *instagram_last_item(const struct delivery *d);

/* Numbers separated by spaces or commas; the i-th, the last one repeats. */

enum step instagram_connect(struct connect *c, const struct http_reply *last,
			    struct step_result *ret);
enum step instagram_connect_facebook(struct connect *c, const struct http_reply *last,
				     struct step_result *ret);
enum step instagram_connect_instagram(struct connect *c, const struct http_reply *last,
				      struct step_result *ret);
enum step instagram_renew(struct renewal *r, const struct http_reply *last,
			  struct step_result *ret);
enum step instagram_revoke(struct renewal *r, const struct http_reply *last,
			   struct step_result *ret);
enum step instagram_inspect(struct inspection *i, const struct http_reply *last,
			    struct step_result *ret);
void instagram_check(const struct platform_app *app, const struct platform_account *account,
		     const struct publication *post, struct findings *ret);
enum step instagram_stage(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
enum step instagram_fire(struct delivery *d, const struct http_reply *last,
			 struct step_result *ret);
enum step instagram_confirm(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret);
enum step instagram_recover(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret);
extern const struct platform_results instagram_results;
const char *instagram_canonical(struct arena *a, const char *text);

#endif

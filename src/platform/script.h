/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script - a phase of an adapter as rows: what to ask in a state, what to make of the reply; pure
 * Layer platform. The state's name stands in the memo under `key`, so a phase goes on after a crash
 * where it stood: with last == NULL the state asks (again), with a reply it reads. A row's function
 * either ends the step (SEND, WAIT, DONE: as enum step) or has named another state with
 * script_go() and says SCRIPT_GO; that state then asks.
 */
#ifndef CARILLON_PLATFORM_SCRIPT_H
#define CARILLON_PLATFORM_SCRIPT_H

#include <jansson.h>

#include "net/message.h"
#include "platform/platform.h"

enum script_move { SCRIPT_SEND, SCRIPT_WAIT, SCRIPT_DONE, SCRIPT_GO };

struct script_row { /* read NULL: the state never sends */
	const char *state;
	enum script_move (*ask)(void *ctx, struct step_result *ret);
	enum script_move (*read)(void *ctx, const struct http_reply *last, struct step_result *ret);
};

struct script {
	const char *key;               /* of the memo */
	const struct script_row *rows; /* the first is where it starts; ends with state NULL */
};

/* ctx: the struct delivery, connect or renewal that owns memo. */
enum step script_run(const struct script *s, json_t *memo, void *ctx, const struct http_reply *last,
		     struct step_result *ret);
/* Always SCRIPT_GO, so: return script_go(...). */
enum script_move script_go(json_t *memo, const struct script *s, const char *state);

/* The phase has done what it is for: PUBLISHED. Always SCRIPT_DONE. */
enum script_move script_succeed(struct step_result *ret);

/* What Carillon itself found to be in the way; always SCRIPT_DONE. */
struct script_refusal {
	enum outcome_kind kind;
	enum post_error_code code;
	enum who who;
	int64_t retry_s;
	const char *slug; /* becomes platform_code */
};
enum script_move script_refuse(struct arena *a, const struct script_refusal *why,
			       struct step_result *ret, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The i-th number of a setting like "100 200 400"; the last one repeats. 0: there is none. */
int64_t script_list_at(const char *list, int64_t i);
bool script_list_ends(const char *list, int64_t i); /* it has no i-th */

/* The platform's words for people, cut at a character; NULL: none, or no text. */
const char *script_words(struct arena *a, const char *words);

bool text_is_one_of(const char *text, const char *const *names); /* NULL-terminated; NULL is none */

/* The document of a reply, kept by the arena; NULL: none arrived, or it is no JSON. */
const json_t *script_reply_json(struct arena *a, const struct http_reply *last);

/* Whether the platform may still work on it: setting poll_patience_ms, from the fire on. */
bool script_is_patient(const struct delivery *d);

/* Of a remote object that reads like ours: no other post of ours is bound to it. */
bool script_is_free(const struct delivery *d, const char *remote_id);
/*
 * Of the only object that reads like ours: it is. Not while another post of the same text waits to
 * learn which object is its own, nor if such a post has learnt it since the list was read.
 */
bool script_is_certain(const struct delivery *d, const char *remote_id);

/* Members of a memo. Absent or of another type: NULL and 0. */
const char *memo_text(const json_t *memo, const char *key);
int64_t memo_int(const json_t *memo, const char *key);
/* A member that may be a text or a number of 64 bits, as ids are; NULL: neither. */
const char *memo_id(struct arena *a, const json_t *memo, const char *key);
void memo_set_text(json_t *memo, const char *key, const char *value); /* NULL removes it */
void memo_set_int(json_t *memo, const char *key, int64_t value);      /* 0 removes it */
int64_t memo_count(json_t *memo, const char *key);                    /* adds one, yields the sum */
/* Row i of the array "items", made empty when it is not there yet. Borrowed. */
json_t *memo_item(json_t *memo, size_t i);

#endif

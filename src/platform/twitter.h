/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twitter - what the files of the X adapter share; pure
 * Layer platform. The id is `twitter`, as the API has it; people see X.
 * Source: X API v2 (OpenAPI 2.167, read 2026-11), docs "OAuth 2.0 PKCE", "Media upload", "Errors".
 *
 * Memo of a delivery: "items" holds one object per media: id, chunk (bytes), seg (next segment),
 * fin (finalize was sent), ready, made (seconds), dies (seconds), polls_from, alt (described),
 * alt_tries, renewals. Beside it: at (index), part (whose the following are: so many are live),
 * fired (seconds of its first fire), doubted (a fire was in doubt), duplicate (X then said that the
 * text exists), matches, page and the state of each script.
 */
#ifndef CARILLON_PLATFORM_TWITTER_H
#define CARILLON_PLATFORM_TWITTER_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

struct twitter_error_row {
	int status;                 /* 0: any */
	const char *type;           /* last part of the problem's type; NULL any */
	const char *words;          /* in title, detail, messages, name; NULL any */
	enum error_class elsewhere; /* when any call but the fire says so */
	enum error_class fire;
	enum post_error_code code;
	enum who who;
	const char *sentence;
};

extern const struct twitter_error_row twitter_error_rows[]; /* ends with sentence NULL */

/* A reply, read once whatever its shape. */
struct twitter_reply {
	const json_t *json; /* NULL: not JSON; lives as long as the arena */
	bool is_ok, is_broken;
	bool is_problem; /* an error in X's own shape: the API itself spoke */
	int status;
	const char *type, *words;            /* for the table; never NULL when not ok */
	const char *message;                 /* for people; NULL none */
	int64_t wait_s;                      /* until a limit lifts; 0: not said */
	const struct twitter_error_row *row; /* NULL when is_ok */
};

void twitter_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		  int64_t now_us, struct twitter_reply *ret);
const struct twitter_error_row *twitter_error_find(const struct twitter_reply *r);
/* An outcome of that class. subject: what it is about ("Item 2 of 4"), or NULL. */
enum script_move twitter_fail(struct arena *a, const struct twitter_reply *r,
			      enum error_class class, const char *subject, struct step_result *ret);

/* {api_base}{path}; token NULL: none goes along. */
struct twitter_call {
	struct arena *arena;
	const struct platform_app *app;
	const char *token;
};
struct http_request *twitter_call(const struct twitter_call *c, enum http_verb verb,
				  const char *label, const char *path_fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Caption, and the link below it unless it stands there already. */
const char *twitter_text(struct arena *a, const struct platform_app *app,
			 const struct publication *post);
bool twitter_is_gif(const struct media_item *m);
/* Longer texts and videos: the account pays for them. */
bool twitter_is_premium(const struct platform_account *account);
/* A text option of overrides.twitter; NULL: not given or empty. */
const char *twitter_option(const struct publication *post, const char *name);

/* The memo's row of media i, made empty when it is not there yet. Borrowed. */
json_t *twitter_item(const struct delivery *d, size_t i);
/* Forgets an upload but keeps the count of renewals and the size of chunks. */
void twitter_item_drop(const struct delivery *d, size_t i);
/* Whether the uploads of a part live long enough to be named at now_us. */
bool twitter_items_live(const struct delivery *d, const struct publication *part);

/* The part that a delivery is about; what was noted of an earlier one is forgotten. */
void twitter_part_now(const struct delivery *d, struct publication *ret);
/* Index of the first item that is not live yet; none: how many items there are. */
size_t twitter_media_left(const struct delivery *d);
/* Whose answer the part is: the one before, or the post that the content names; NULL none. */
const char *twitter_reply_to(const struct delivery *d);
/* Index of a part's first item among all media. */
size_t twitter_part_first(const struct delivery *d, const struct publication *part);

enum step twitter_connect(struct connect *c, const struct http_reply *last,
			  struct step_result *ret);
enum step twitter_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step twitter_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step twitter_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret);
void twitter_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret);
enum step twitter_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step twitter_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step twitter_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
extern const struct platform_results twitter_results;
/* Links without scheme and final slash, white space as one blank, NFC. */
const char *twitter_canonical(struct arena *a, const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pinterest - what the files of this adapter share; pure
 * Layer platform. Source: Pinterest API v5 (OpenAPI description 5.23 to 5.28, read 2026-11).
 *
 * Memo of a delivery: board and section (where the pin goes), board_ok (it was seen), media (the
 * registered upload of a video: id, url, params, made, sent, tries, begun, polls, waited, ready),
 * renewals (of media), fetches (images that Pinterest could not fetch), fired (seconds of the first
 * fire), doubted (a fire was in doubt), pin_id, and the state of each script.
 */
#ifndef CARILLON_PLATFORM_PINTEREST_H
#define CARILLON_PLATFORM_PINTEREST_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

#define PINTEREST_ANY (-1)

struct pinterest_error_row {
	int status;                 /* PINTEREST_ANY: whatever came */
	int code;                   /* of the body; PINTEREST_ANY: whatever came, or none */
	const char *words;          /* part of the message, any case; NULL: whatever it says */
	enum error_class elsewhere; /* when any call but the creation of a pin says so */
	enum error_class pin;       /* when that says so */
	enum post_error_code error;
	enum who who;
	int retry_s; /* 0: the engine's own back-off */
	const char *sentence;
};

extern const struct pinterest_error_row pinterest_error_rows[]; /* ends with sentence NULL */
/* message NULL: the reply was none of Pinterest's error objects. */
const struct pinterest_error_row *pinterest_error_find(int status, int code, const char *message);

/* A reply, read once whatever its shape. */
struct pinterest_reply {
	const json_t *json; /* NULL: not JSON; lives as long as the arena */
	bool is_ok;         /* 2xx */
	bool is_broken;     /* no whole reply arrived */
	int status, code;
	const char *message, *rid; /* NULL: none; rid is Pinterest's number of the request */
	const struct pinterest_error_row *row; /* NULL when is_ok */
	int64_t retry_after_s;                 /* 0: not said */
};

/* now_us: for a Retry-After that is a date. */
void pinterest_read(struct arena *a, const struct http_reply *last, int64_t now_us,
		    struct pinterest_reply *ret);
enum script_move pinterest_fail(struct arena *a, const struct pinterest_reply *r,
				enum error_class class, struct step_result *ret);

struct pinterest_caller {
	struct arena *arena;
	const struct platform_app *app;
	const char *token; /* NULL: none goes along */
};
/* {api_base}{api_prefix}{path}, token in the header. */
struct http_request *pinterest_call(const struct pinterest_caller *c, enum http_verb verb,
				    const char *label, const char *path_fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool pinterest_is_digits(const char *id);

/* What a publication becomes. */
enum pinterest_kind { PINTEREST_IMAGE, PINTEREST_CAROUSEL, PINTEREST_VIDEO, PINTEREST_KINDS };
int pinterest_kind(const struct publication *post,
		   enum pinterest_kind *ret); /* -1: nothing it has */
/* Board of the post, else of the account's settings; NULL: none was chosen. */
const char *pinterest_board(const struct publication *post, const struct platform_account *account);
const char *pinterest_section(const struct publication *post);
/* The texts of a pin as they are sent; NULL: left out. */
const char *pinterest_description(const struct publication *post);
const char *pinterest_alt_text(const struct publication *post);
const char *pinterest_option(const struct publication *post, const char *name);
/* Images go up inside the request rather than being fetched from our addresses. */
bool pinterest_is_pushed(const struct platform_app *app, const struct publication *post);
/* POST /v5/pins */
struct http_request *pinterest_pin_request(const struct delivery *d);

enum step pinterest_connect(struct connect *c, const struct http_reply *last,
			    struct step_result *ret);
enum step pinterest_renew(struct renewal *r, const struct http_reply *last,
			  struct step_result *ret);
enum step pinterest_revoke(struct renewal *r, const struct http_reply *last,
			   struct step_result *ret);
enum step pinterest_boards(struct board_list *l, const struct http_reply *last,
			   struct step_result *ret);
enum step pinterest_inspect(struct inspection *i, const struct http_reply *last,
			    struct step_result *ret);
void pinterest_check(const struct platform_app *app, const struct platform_account *account,
		     const struct publication *post, struct findings *ret);
enum step pinterest_stage(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
enum step pinterest_fire(struct delivery *d, const struct http_reply *last,
			 struct step_result *ret);
enum step pinterest_confirm(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret);
enum step pinterest_recover(struct delivery *d, const struct http_reply *last,
			    struct step_result *ret);
extern const struct platform_results pinterest_results;
const char *pinterest_canonical(struct arena *a, const char *text);

#endif

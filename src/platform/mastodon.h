/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mastodon - what the files of the Mastodon adapter share; pure
 * Layer platform. Source: Mastodon's API 4.7 (docs.joinmastodon.org: statuses, media, instance,
 * accounts, apps, oauth, rate limits; read 2026-11) and what compatible servers do otherwise.
 *
 * An account lives on the server that its person named: meta holds "server" (https://host, without
 * a slash at the end) and, where connecting has asked for them, "limits" (see below); remote_id is
 * "<id>@<host>". Every call goes to that server and nowhere else.
 *
 * Memo of a delivery: "limits" (what the server said of them, made once), "items" holds one object
 * per media: id, ready, dies (seconds), polls_from, renewals. Beside it: at (index), part (whose the
 * following is: so many are live), fired (seconds of its first fire), matches and asks (statuses,
 * {id, url}, that are ours, or may be once their words are read), max_id, pages, is_old (the server
 * has no /api/v2/instance) and the state of each script.
 */
#ifndef CARILLON_PLATFORM_MASTODON_H
#define CARILLON_PLATFORM_MASTODON_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

/* Longest name of a server, and id of an account there: together they are a remote_id. */
#define MASTODON_HOST_MAX 100
#define MASTODON_ID_MAX   24

struct mastodon_error_row {
	int status;                 /* 0: any */
	const char *words;          /* in what the server says; NULL any */
	enum error_class elsewhere; /* when any call but the fire says so */
	enum error_class fire;
	enum post_error_code code;
	enum who who;
	const char *sentence;
};

extern const struct mastodon_error_row mastodon_error_rows[]; /* ends with sentence NULL */

/* A reply, read once whatever its shape. */
struct mastodon_reply {
	const json_t *json; /* NULL: not JSON; lives as long as the arena */
	bool is_ok, is_broken;
	bool is_spoken; /* an error in Mastodon's own shape: the API itself spoke */
	int status;
	const char *words;                    /* for the table; never NULL */
	int64_t wait_s;                       /* until a limit lifts; 0: not said */
	int64_t skew_us;                      /* the server's clock is so far ahead of ours */
	const struct mastodon_error_row *row; /* NULL when is_ok */
};

void mastodon_read(const struct platform_app *app, struct arena *a, const struct http_reply *last,
		   int64_t now_us, struct mastodon_reply *ret);
const struct mastodon_error_row *mastodon_error_find(const struct mastodon_reply *r);
/* An outcome of that class. subject: what it is about ("Item 2 of 4"), or NULL. */
enum script_move mastodon_fail(struct arena *a, const struct mastodon_reply *r,
			       enum error_class class, const char *subject,
			       struct step_result *ret);

/* {server}{path}; token NULL: none goes along. */
struct mastodon_call {
	struct arena *arena;
	const char *server, *token;
};
struct http_request *mastodon_call(const struct mastodon_call *c, enum http_verb verb,
				   const char *label, const char *path_fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* As the account. */
struct mastodon_call mastodon_call_of(struct arena *a, const struct platform_account *account);
const char *mastodon_server(const struct platform_account *account); /* "" unknown */
const char *mastodon_local_id(struct arena *a, const struct platform_account *account);
/* What may go into addresses and bodies as an id: numbers, ULIDs and the like. NULL is none. */
bool mastodon_is_id(const char *id);
/* The status is ours: PUBLISHED, with id and address. Always SCRIPT_DONE. */
enum script_move mastodon_found(const struct delivery *d, const json_t *status,
				struct step_result *ret);

/* What a server takes. */
enum mastodon_limit {
	MASTODON_TEXT, /* characters of text and content warning together */
	MASTODON_URL,  /* characters that a link counts for */
	MASTODON_MEDIA,
	MASTODON_ALT_TEXT,
	MASTODON_IMAGE_BYTES,
	MASTODON_IMAGE_PIXELS,
	MASTODON_VIDEO_BYTES,
	MASTODON_VIDEO_PIXELS,
	MASTODON_POLL_OPTIONS,
	MASTODON_POLL_CHARS,
	MASTODON_POLL_LEAST_S,
	MASTODON_POLL_MOST_S,
	MASTODON_LIMITS
};
struct mastodon_limits {
	bool is_known; /* the server has said them; else they are the settings' */
	int64_t v[MASTODON_LIMITS];
};
/* Of GET /api/v2/instance (or v1), what there is of them in few bytes: for meta and memo. New. */
json_t *mastodon_limits_keep(const json_t *instance);
/* kept NULL: the settings'. A limit that the server did not name is the settings', too. */
void mastodon_limits(const struct platform_app *app, const json_t *kept,
		     struct mastodon_limits *ret);

/* Caption, and the link below it unless it stands there already. */
const char *mastodon_text(struct arena *a, const struct platform_app *app,
			  const struct publication *post);
/* A text option of overrides.mastodon; NULL: not given or empty. */
const char *mastodon_option(const struct publication *post, const char *name);
/* How long a poll shall last; 0 or less: it does not say. */
int64_t mastodon_poll_life_s(const json_t *poll);
/* Characters as the server counts them: a link is url_chars, a mention goes without its domain. */
int64_t mastodon_length(struct arena *a, const char *text, int64_t url_chars);
/* The text of a status' HTML: tags dropped, entities read. */
const char *mastodon_plain(struct arena *a, const char *html);
/* Links without scheme, mentions without domain, white space as one blank, NFC. */
const char *mastodon_canonical(struct arena *a, const char *text);

/* The memo's row of media i, made empty when it is not there yet. Borrowed. */
json_t *mastodon_item(const struct delivery *d, size_t i);
/* Forgets an upload but keeps the count of renewals. */
void mastodon_item_drop(const struct delivery *d, size_t i);
/* The part that a delivery is about; what was noted of an earlier one is forgotten. */
void mastodon_part_now(const struct delivery *d, struct publication *ret);
/* Whose answer the part is: the one before, or the status that the content names; NULL none. */
const char *mastodon_reply_to(const struct delivery *d);

/* For struct platform.server. */
const char *mastodon_named_server(struct arena *a, const struct platform_app *app, const char *text,
				  const char **ret_why);
/* Finds server and registration; leaves the address of the consent page. */
enum step mastodon_start(struct connect_start *s, const struct http_reply *last,
			 struct step_result *ret);
enum step mastodon_connect(struct connect *c, const struct http_reply *last,
			   struct step_result *ret);
enum step mastodon_revoke(struct renewal *r, const struct http_reply *last,
			  struct step_result *ret);

/* All that limits and options say against it. */
void mastodon_judge(const struct platform_app *app, const struct platform_account *account,
		    const struct publication *post, const struct mastodon_limits *limits,
		    struct findings *ret);
void mastodon_check(const struct platform_app *app, const struct platform_account *account,
		    const struct publication *post, struct findings *ret);
enum step mastodon_inspect(struct inspection *i, const struct http_reply *last,
			   struct step_result *ret);
enum step mastodon_stage(struct delivery *d, const struct http_reply *last,
			 struct step_result *ret);
enum step mastodon_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step mastodon_recover(struct delivery *d, const struct http_reply *last,
			   struct step_result *ret);
extern const struct platform_results mastodon_results;

#endif

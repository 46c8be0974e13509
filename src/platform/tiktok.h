/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiktok - what the files of this adapter share; pure
 * Layer platform. Login Kit v2 and Content Posting API. A video is pushed in chunks: init and all
 * chunks but the last are staging, the last one is the fire, and the publish_id stands in the memo
 * before. Photos are pulled by TikTok from our addresses: their init is the fire.
 * Source: developers.tiktok.com, Login Kit and Content Posting API (read 2026-11).
 *
 * Memo of a delivery: publish_id, upload_url, made (seconds), size, chunk, chunks, sent (bytes that
 * TikTok has), single (no chunks any more), renewals, already (TikTok has all it needs), renew (the
 * upload address is dead), doubted (a fire was in doubt), stale (expiry of the token that was
 * refused), privacy, no_comment, no_duet, no_stitch, username, post_id, link, polls, links, waited,
 * and the state of each script.
 */
#ifndef CARILLON_PLATFORM_TIKTOK_H
#define CARILLON_PLATFORM_TIKTOK_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

struct tiktok_error_row {
	const char *code; /* error.code, OAuth error or fail_reason; a trailing * is any rest */
	enum error_class elsewhere; /* when a repeatable call says so */
	enum error_class fire;      /* when the init of photos says so */
	enum post_error_code error;
	enum who who;
	int retry_s; /* 0: the engine's own back-off */
	const char *sentence;
};

extern const struct tiktok_error_row tiktok_error_rows[]; /* ends with code NULL */
/* Never NULL; code NULL: none came, the HTTP status has to do. */
const struct tiktok_error_row *tiktok_error_find(const char *code, int status);

/* Answers of the upload host have no body worth reading. */
struct tiktok_upload_row {
	int status_from, status_to;
	enum error_class stage, fire;
	struct tiktok_error_row error;
};
const struct tiktok_upload_row *tiktok_upload_find(int status); /* never NULL */

/* A reply, read once whatever its shape. */
struct tiktok_reply {
	const json_t *json, *data; /* NULL: none; live as long as the arena */
	bool is_ok;                /* error.code is "ok", whatever the status */
	bool is_broken;            /* no whole reply arrived */
	int status;
	const char *code, *message, *log_id; /* NULL: none */
	const struct tiktok_error_row *row;  /* NULL when is_ok */
};

void tiktok_read(struct arena *a, const struct http_reply *last, struct tiktok_reply *ret);
/* Token endpoints answer flat: the whole object is the data, ok when it has no error. */
void tiktok_read_flat(struct arena *a, const struct http_reply *last, struct tiktok_reply *ret);
/* An outcome of that class. */
enum script_move tiktok_fail(struct arena *a, const struct tiktok_reply *r, enum error_class class,
			     struct step_result *ret);
/* The same for a delivery, where a token that was renewed in vain needs a person. */
enum script_move tiktok_fail_delivery(struct delivery *d, const struct tiktok_reply *r,
				      enum error_class class, struct step_result *ret);

/* POST {api_base}{path} with the account's token; body stolen, NULL: {}. */
struct http_request *tiktok_call(const struct delivery *d, const char *label, const char *path,
				 json_t *body);
/* An id that may be text or an integer of 64 bits; NULL: neither. */
const char *tiktok_id(struct arena *a, const json_t *value);

/* What this publication becomes on TikTok; -1: nothing that TikTok has. */
enum tiktok_kind { TIKTOK_VIDEO, TIKTOK_PHOTO };
int tiktok_kind(const struct publication *post, enum tiktok_kind *ret);
bool tiktok_is_video(const struct delivery *d);
/* To the person's inbox in the app instead of the profile. */
bool tiktok_is_inbox(const struct platform_app *app, const struct publication *post);
/* TikTok's name of the level that was asked for; NULL: none was; "": not a level. */
const char *tiktok_privacy_wish(const struct platform_app *app,
				const struct platform_account *account,
				const struct publication *post);
struct http_request *tiktok_creator_call(const struct delivery *d);
/* Whether the creator's privacy_level_options have it. */
bool tiktok_is_offered(const json_t *options, const char *level);
/* Of photos. */
const char *tiktok_title(const struct publication *post);
const char *tiktok_description(const struct publication *post);

#define TIKTOK_SINGLE_MOST 64000000 /* bytes that TikTok takes as one chunk */

/* tiktok_form.c: bodies and the upload */
json_t *tiktok_video_form(struct delivery *d); /* makes the plan of chunks in the memo */
json_t *tiktok_photo_form(const struct delivery *d);
bool tiktok_is_last_chunk(const struct delivery *d);
/* The part that TikTok lacks next; NULL: the upload address is not to be trusted. */
struct http_request *tiktok_chunk(const struct delivery *d);
/* "bytes 0-9999999/70000000": how many bytes are there; -1: it does not say. */
int64_t tiktok_range_sent(const struct delivery *d, const char *content_range);
bool tiktok_upload_is_old(const struct delivery *d);

/* The state of a publish_id. */
enum tiktok_state {
	TIKTOK_UPLOADING,
	TIKTOK_WORKING,
	TIKTOK_COMPLETE,
	TIKTOK_IN_INBOX,
	TIKTOK_FAILED,
	TIKTOK_STRANGE
};
struct http_request *tiktok_status_call(const struct delivery *d);
/* Of an answer that is ok. UPLOADING: bytes are missing, and `sent` in the memo is fresh; FAILED: r->row
 * says why. Notes a post's id when there is one. */
enum tiktok_state tiktok_status_read(struct delivery *d, struct tiktok_reply *r);

enum step tiktok_connect(struct connect *c, const struct http_reply *last, struct step_result *ret);
enum step tiktok_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step tiktok_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step tiktok_inspect(struct inspection *i, const struct http_reply *last,
			 struct step_result *ret);
void tiktok_check(const struct platform_app *app, const struct platform_account *account,
		  const struct publication *post, struct findings *ret);
enum step tiktok_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step tiktok_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step tiktok_confirm(struct delivery *d, const struct http_reply *last,
			 struct step_result *ret);
enum step tiktok_recover(struct delivery *d, const struct http_reply *last,
			 struct step_result *ret);
extern const struct platform_results tiktok_results;
const char *tiktok_canonical(struct arena *a, const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * youtube - what the files of this adapter share; pure
 * Layer platform. Data API v3, resumable uploads. Source: developers.google.com/youtube/v3,
 * developers.google.com/identity/protocols/oauth2 (read 2026-11).
 *
 * Two ways to be on time, of which a delivery takes one and keeps it (`way` in the memo):
 * - flip, the default: the whole video goes up ahead of time as private, is processed, gets its
 *   thumbnail, and the fire makes it visible (videos.update of the status alone). Viewers find
 *   every resolution at the due second instead of a page that says "processing", what YouTube
 *   refuses is known before, and a doubt is one read of one id. Price: the permission
 *   youtube.force-ssl, 50 units of quota, and a private video that stays behind when the post is
 *   cancelled in its last minutes.
 * - tail: everything but the end of the file (256 KiB at most) is staging and that end is the
 *   fire: without it there is no video. Needs no more than youtube.upload and youtube.readonly,
 *   so it is taken where the further permission is lacking, and for videos that stay private.
 * Either way a lost answer is settled by the id, or by the session, which repeats its last answer.
 *
 * Memo of a delivery: way, form (what the session or video was made for), file (its bytes),
 * session, made (seconds), size, sent (bytes that YouTube has), asked (where it stands is not
 * known), ended (the last byte left once), tries (faults without progress), gone (the session is
 * lost), looks, looked, renewals, doubted, video, level (privacy as YouTube says), absent, polls,
 * polled, cover (sha256 of the thumbnail that is there, or "failed"), covers (tries), listed, page,
 * pages, candidates, and each script's state.
 */
#ifndef CARILLON_PLATFORM_YOUTUBE_H
#define CARILLON_PLATFORM_YOUTUBE_H

#include "platform/error_class.h"
#include "platform/platform.h"
#include "platform/script.h"

#define YOUTUBE_SCOPE       "https://www.googleapis.com/auth/youtube"
#define YOUTUBE_CHUNK       262144 /* every chunk but the last is a multiple of it */
#define YOUTUBE_QUOTA_RESET (-1)   /* retry_s: when the project's quota begins anew */

struct youtube_error_row {
	const char
		*reason; /* errors[].reason, details[].reason, status, OAuth error, or reason of a
	                       rejection */
	enum error_class elsewhere; /* when a repeatable call says so */
	enum error_class fire;      /* when the fire says so */
	enum post_error_code error;
	enum who who;
	int retry_s; /* 0: the engine's own back-off; YOUTUBE_QUOTA_RESET */
	const char *sentence;
};

extern const struct youtube_error_row youtube_error_rows[]; /* ends with reason NULL */
/* NULL: not known. */
const struct youtube_error_row *youtube_error_find(const char *reason);
/* Where no reason is known; never NULL. */
const struct youtube_error_row *youtube_error_status(int status);
/* Seconds until midnight in California, at least 1. */
int64_t youtube_quota_wait_s(int64_t now_us);

/* A reply, read once whatever its shape. */
struct youtube_reply {
	const json_t *json; /* NULL: no object; lives as long as the arena */
	bool is_ok;         /* 2xx */
	bool is_broken;     /* no whole reply arrived */
	int status;
	const char *reason, *message;        /* NULL: none */
	int64_t retry_after_s;               /* 0: not said */
	const struct youtube_error_row *row; /* NULL when is_ok */
};

/* now_us: for a Retry-After that is a date. */
void youtube_read(struct arena *a, const struct http_reply *last, int64_t now_us,
		  struct youtube_reply *ret);
/* An outcome of that class; now_us for the quota's midnight. */
enum script_move youtube_fail(struct arena *a, int64_t now_us, const struct youtube_reply *r,
			      enum error_class class, struct step_result *ret);
/* Why a video was not taken: failureReason or rejectionReason. */
enum script_move youtube_fail_reason(struct delivery *d, const char *reason,
				     struct step_result *ret);

struct youtube_caller {
	struct arena *arena;
	const struct platform_app *app;
	const char *token;
};
/* {api_base}/youtube/v3{path} with the token in the header. */
struct http_request *youtube_call(const struct youtube_caller *c, enum http_verb verb,
				  const char *label, const char *path);
struct youtube_caller youtube_caller(const struct delivery *d);

/* Whether these permissions cover that one: the wide ones cover the narrow. */
bool youtube_has_scope(const char *granted, const char *name); /* "upload", "readonly", ... */

/* youtube_form.c: what is said about a video */
bool youtube_is_video(const struct publication *post);
const char *youtube_title(struct arena *a, const struct platform_app *app,
			  const struct publication *post);
const char *youtube_description(struct arena *a, const struct publication *post);
const char *youtube_tag(const char *tag); /* without a leading # */
int64_t youtube_tags_length(const struct publication *post);
/* public, unlisted or private; "": the word is none of them. */
const char *youtube_privacy(const struct platform_app *app, const struct platform_account *account,
			    const struct publication *post);
const char *youtube_category(const struct platform_app *app, const struct publication *post);
const char *youtube_license(const struct publication *post); /* "": none that YouTube has */
json_t *youtube_snippet(const struct delivery *d);
json_t *youtube_status(const struct delivery *d, const char *privacy);
/* Changes whenever anything of it does. */
const char *youtube_form_mark(const struct delivery *d);
bool youtube_is_short(const struct platform_app *app, const struct media_item *m);
bool youtube_may_flip(const struct platform_app *app, const struct platform_account *account,
		      const struct publication *post);
bool youtube_is_flip(const struct delivery *d); /* by the memo */
const char *youtube_link(const struct delivery *d, const char *video_id);

/* youtube_upload.c: the session */
struct http_request *youtube_open(const struct delivery *d);
/* The bytes that YouTube lacks next; NULL: the session's address is not to be trusted. */
struct http_request *youtube_chunk(const struct delivery *d);
struct http_request *youtube_query(const struct delivery *d); /* the same */
bool youtube_is_last_chunk(const struct delivery *d);

enum youtube_put {                    /* what became of a chunk or a query */
		   YOUTUBE_PUT_MORE,  /* `sent` is fresh */
		   YOUTUBE_PUT_DONE,  /* video and level are noted */
		   YOUTUBE_PUT_GONE,  /* the session is not known */
		   YOUTUBE_PUT_AGAIN, /* ask where it stands, after a moment */
		   YOUTUBE_PUT_ERROR  /* r->row says what */
};
enum youtube_put youtube_put_read(struct delivery *d, const struct http_reply *last,
				  struct youtube_reply *r);

/* youtube_video.c: a video by its id */
enum youtube_video {
	YOUTUBE_VIDEO_NONE,    /* deleted, or not ours */
	YOUTUBE_VIDEO_WORKING, /* there, and processed */
	YOUTUBE_VIDEO_READY,   /* there, with all that will come of it */
	YOUTUBE_VIDEO_REFUSED, /* *ret_reason says why */
};
struct http_request *youtube_video_ask(const struct delivery *d);
/* Of an answer that is ok; notes its level. */
enum youtube_video youtube_video_read(struct delivery *d, const struct youtube_reply *r,
				      const char **ret_reason);
struct http_request *youtube_update(const struct delivery *d, bool is_whole, const char *privacy);

/* youtube_cover.c: the thumbnail; that it fails never fails a post */
bool youtube_cover_is_due(const struct delivery *d);
bool youtube_cover_has_failed(const struct delivery *d);
struct http_request *youtube_cover_ask(const struct delivery *d);
/* GO: it is there, or will not come; WAIT: ask again then; DONE: the token has to be renewed. */
enum script_move youtube_cover_read(struct delivery *d, const struct http_reply *last,
				    struct step_result *ret);

/* youtube_list.c: the channel's uploads, read when a session is lost */
enum youtube_list {
	YOUTUBE_LIST_MORE,  /* ask again: youtube_list_ask() */
	YOUTUBE_LIST_ONE,   /* `video` and `level` are noted */
	YOUTUBE_LIST_NONE,  /* read back to before the upload, and not there */
	YOUTUBE_LIST_MANY,  /* or the list did not end in time */
	YOUTUBE_LIST_ERROR, /* r->row says what */
};
void youtube_list_begin(struct delivery *d);
struct http_request *youtube_list_ask(const struct delivery *d);
enum youtube_list youtube_list_read(struct delivery *d, const struct http_reply *last,
				    struct youtube_reply *r);

enum step youtube_connect(struct connect *c, const struct http_reply *last,
			  struct step_result *ret);
enum step youtube_renew(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step youtube_revoke(struct renewal *r, const struct http_reply *last, struct step_result *ret);
enum step youtube_inspect(struct inspection *i, const struct http_reply *last,
			  struct step_result *ret);
extern const char *const youtube_containers[]; /* types of files that are videos; NULL ends */
void youtube_check(const struct platform_app *app, const struct platform_account *account,
		   const struct publication *post, struct findings *ret);
enum step youtube_stage(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step youtube_fire(struct delivery *d, const struct http_reply *last, struct step_result *ret);
enum step youtube_confirm(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
extern const struct platform_results youtube_results;
enum step youtube_recover(struct delivery *d, const struct http_reply *last,
			  struct step_result *ret);
const char *youtube_canonical(struct arena *a, const char *text);

#endif

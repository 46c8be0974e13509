/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tt - the parts of the TikTok sandbox among themselves
 * Layer sandbox, private to tiktok.c and tt_*.c. Functions that return NULL or false have written
 * the error. Source: developers.tiktok.com, Login Kit v2 and Content Posting API, read November 2026.
 */
#ifndef CARILLON_SANDBOX_TT_H
#define CARILLON_SANDBOX_TT_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define TT_REALM "tiktok"

enum tt_token_kind { TT_ACCESS, TT_REFRESH };
enum tt_rate { TT_RATE_CREATOR, TT_RATE_INIT, TT_RATE_STATUS, TT_RATE_READ, TT_RATES };

struct tt_account { /* account.extra */
	bool is_private, comment_off, duet_off, stitch_off, is_banned;
	int64_t max_duration_s;
	struct list calls[TT_RATES]; /* int64_t *: instants */
	struct list drafts;          /* int64_t *: instants */
	size_t drafts_first;
};

struct tt_publish { /* behind one publish_id */
	struct record record;
	const char *id, *upload_id, *object_id;
	struct account *account;
	const char *title, *caption, *privacy, *options, *mime;
	struct list urls;  /* photos, pulled */
	struct list media; /* struct media_fact */
	bool is_video, is_inbox, is_stuck, is_whole;
	int64_t size, chunk, chunks, received, max_duration_s;
	int64_t arrived;  /* bytes of all chunks, those included that were good for nothing */
	const char *path; /* where the bytes are */
	int64_t created_us, ready_us; /* ready_us INSTANT_NONE: not processed yet */
	const char *fail_reason;      /* NULL: fine */
	struct object *object;
	int64_t hold_ms;          /* moderation beyond the usual */
	uint64_t req_no, conn_no; /* the call that set it off, for the truth log */
	int64_t arrived_us;       /* and when it came; 0: before a restart */
	const char *fault;
};

struct tt_state {                      /* world.extra */
	struct map publishes, uploads; /* id -> struct tt_publish */
	struct list all;
	struct list verified; /* prefixes that photos may be pulled from */
	bool is_unaudited, keeps_refresh_token, is_web;
	int64_t access_s, refresh_s, upload_life_s, daily_cap;
	int64_t rates[TT_RATES];
};

/* tiktok.c */
struct tt_state *sandbox_tt_state(struct world *w);
struct tt_account *sandbox_tt_extra(const struct account *a);
bool sandbox_tt_fail(struct exchange *ex, const char *code); /* always false */
bool sandbox_tt_fail_text(struct exchange *ex, const char *code, const char *message);
void sandbox_tt_ok(struct exchange *ex, json_t *data); /* steals data */
struct account *sandbox_tt_seed_account(struct world *w, const json_t *in);

/* tt_login.c: token, scope, rate; NULL with the error written */
struct account *sandbox_tt_account(struct exchange *ex, const char *scope, enum tt_rate rate);

/* tt_store.c */
extern const struct record_kind sandbox_tt_kinds[];
void sandbox_tt_loaded(struct world *w);
void sandbox_tt_publish_keep(struct world *w, struct tt_publish *p); /* among those to be found */

/* tt_process.c */
const char *sandbox_tt_status(struct world *w, struct tt_publish *p);
void sandbox_tt_process(struct world *w, struct tt_publish *p); /* starts the job */

/* Handlers */
void sandbox_tt_dialog(struct exchange *ex);
void sandbox_tt_token(struct exchange *ex);
void sandbox_tt_revoke(struct exchange *ex);
void sandbox_tt_user(struct exchange *ex);
void sandbox_tt_creator(struct exchange *ex);
void sandbox_tt_video_init(struct exchange *ex);
void sandbox_tt_inbox_init(struct exchange *ex);
void sandbox_tt_photo_init(struct exchange *ex);
void sandbox_tt_status_fetch(struct exchange *ex);
void sandbox_tt_cancel(struct exchange *ex);
void sandbox_tt_upload(struct exchange *ex);
void sandbox_tt_video_list(struct exchange *ex);
void sandbox_tt_video_query(struct exchange *ex);
void sandbox_tt_page(struct exchange *ex);

#endif

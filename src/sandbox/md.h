/* SPDX-License-Identifier: Apache-2.0 */
/*
 * md - the parts of the Mastodon sandbox among themselves
 * Layer sandbox, private to mastodon.c and md_*.c. One server, whose address is the base URL of the
 * platform. Functions that return NULL or false have written the error. Source: Mastodon's API 4.7
 * (docs.joinmastodon.org, read 2026-11) and, for what its documents leave open, the server's code:
 * PostStatusService, StatusLengthValidator, TextFormatter, MediaAttachment.
 */
#ifndef CARILLON_SANDBOX_MD_H
#define CARILLON_SANDBOX_MD_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define MD_REALM       "mastodon"
#define MD_IMAGE_BYTES (16 << 20)
#define MD_VIDEO_BYTES (99 << 20)

enum md_token_kind { MD_ACCESS, MD_APP };

struct md_user { /* account.extra */
	bool is_suspended;
};

struct md_media {
	const char *id, *type, *description; /* type: image, gifv, video */
	struct account *account;
	int64_t expires_us, ready_us; /* ready_us INSTANT_NONE: at once */
	bool is_failed, is_attached;
	struct media_fact fact;
};

struct md_status { /* object.extra */
	const char *text, *warning, *visibility, *language, *reply_to;
	bool is_sensitive;
	json_t *poll;      /* NULL none; freed with the world's arena */
	struct list media; /* struct md_media */
};

struct md_state {         /* world.extra */
	struct map media; /* id -> struct md_media */
	struct map keys;  /* "account/Idempotency-Key" -> struct object */
	struct list uploads;
	int64_t characters, statuses_limit; /* of a text; of a user in 3 hours */
	bool ignores_keys;                  /* as compatible servers do */
	bool is_old;                        /* no /api/v2/instance */
};

/* mastodon.c */
struct md_state *sandbox_md_state(struct world *w);
/* Time in the upper bits, as the server's own ids have it. */
const char *sandbox_md_snowflake(struct world *w);
/* {"error": words}; always false */
bool sandbox_md_error(struct exchange *ex, int status, const char *words);
/* Bearer with that scope, of an account that may act; the fault points of every call. NULL refused */
struct account *sandbox_md_enter(struct exchange *ex, const char *scope);
/* X-RateLimit-*: so many calls are left until then. */
void sandbox_md_limit(struct exchange *ex, int64_t left, int64_t reset_in_us);
/* {"id","username",...} of an account */
json_t *sandbox_md_account_json(const struct exchange *ex, const struct account *a);

/* md_auth.c: registration, consent, tokens. auth: the account of the bearer, if it has the scope. */
struct account *sandbox_md_auth(struct exchange *ex, const char *scope);
struct token *sandbox_md_bearer(struct exchange *ex); /* writes nothing */
void sandbox_md_discovery(struct exchange *ex);
void sandbox_md_apps(struct exchange *ex);
void sandbox_md_authorize(struct exchange *ex);
void sandbox_md_token(struct exchange *ex);
void sandbox_md_revoke(struct exchange *ex);
void sandbox_md_me(struct exchange *ex);

/* md_instance.c */
void sandbox_md_instance(struct exchange *ex);
void sandbox_md_instance_old(struct exchange *ex);

/* md_media.c */
void sandbox_md_upload(struct exchange *ex);
void sandbox_md_media(struct exchange *ex);
bool sandbox_md_media_is_there(struct world *w, const struct md_media *m, const struct account *a);
bool sandbox_md_media_is_done(struct world *w, const struct md_media *m);
json_t *sandbox_md_media_json(const struct exchange *ex, const struct md_media *m);

/* md_statuses.c */
void sandbox_md_post(struct exchange *ex);
void sandbox_md_delete(struct exchange *ex);
void sandbox_md_loaded(struct world *w);

/* md_show.c */
json_t *sandbox_md_status_json(struct exchange *ex, const struct object *o);
void sandbox_md_list(struct exchange *ex);
void sandbox_md_status(struct exchange *ex);
void sandbox_md_source(struct exchange *ex);
void sandbox_md_page(struct exchange *ex);

/* md_text.c */
size_t sandbox_md_length(struct arena *a, const char *text);
/* As the server shows it: paragraphs, links, mentions and tags. */
const char *sandbox_md_html(struct exchange *ex, const char *text);

#endif

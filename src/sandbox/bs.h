/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bs - the parts of the Bluesky sandbox among themselves
 * Layer sandbox, private to bluesky.c and bs_*.c. It is a Personal Data Server with its accounts,
 * its own authorization server and what a reader of the network would ask for. Functions that
 * return NULL or false have written the error. Source: lexicons com.atproto.* and app.bsky.*
 * (2026-10), @atproto/pds 0.4.217, @atproto/oauth-provider.
 */
#ifndef CARILLON_SANDBOX_BS_H
#define CARILLON_SANDBOX_BS_H

#include "sandbox/exchange.h"
#include "sandbox/faults.h"
#include "sandbox/params.h"
#include "sandbox/world.h"

#define BS_REALM "atproto"
#define BS_POST  "app.bsky.feed.post"

enum bs_token_kind { BS_ACCESS, BS_REFRESH };

struct bs_user { /* account.extra; the account's id is its DID, its username the handle */
	const char *password, *app_password;
	bool is_deactivated;
};

struct bs_blob {
	const char *cid, *mime;
	uint64_t bytes;
	const struct account *account;
	struct media_fact fact;
};

struct bs_rate { /* points of one account in an hour */
	int64_t since_us, used;
};

struct bs_state {         /* world.extra */
	struct map blobs; /* "did/cid" -> struct bs_blob */
	struct map rates; /* did -> struct bs_rate */
	int64_t points;   /* of an hour; a record costs 2 */
	int64_t upload_limit;
	void *login; /* of bs_auth.c, made when first needed */
};

/* bluesky.c */
struct bs_state *sandbox_bs_state(struct world *w);
/* {"error","message"}; always false */
bool sandbox_bs_fail(struct exchange *ex, int status, const char *error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The body as an object; NULL: refused. The caller owns it. */
json_t *sandbox_bs_body(struct exchange *ex);
/* By DID or handle; NULL: none, nothing is written. */
struct account *sandbox_bs_account(struct world *w, const char *name);

/* bs_auth.c: whose token the request carries; NULL refused */
struct account *sandbox_bs_auth(struct exchange *ex);
/* The same, but nothing is written, counted or refused by rule. */
struct account *sandbox_bs_who(struct exchange *ex);
void sandbox_bs_create_session(struct exchange *ex);
void sandbox_bs_get_session(struct exchange *ex);

/* bs_repo.c */
void sandbox_bs_put_record(struct exchange *ex);
void sandbox_bs_create_record(struct exchange *ex);
void sandbox_bs_delete_record(struct exchange *ex);
void sandbox_bs_get_record(struct exchange *ex);
void sandbox_bs_list_records(struct exchange *ex);

/* bs_blob.c */
void sandbox_bs_upload_blob(struct exchange *ex);
struct bs_use { /* what a record may refer to in one place */
	const char *accept;
	json_int_t size_max;
};
/* The blob that a reference names, fit for that use; NULL: none, or not fit: *ret_why says so. */
const struct bs_blob *sandbox_bs_blob(struct exchange *ex, const struct account *a,
				      const json_t *ref, const struct bs_use *use,
				      const char **ret_why);
/* CIDv1 of SHA-256 in base32: of bytes as they are, or of a record. */
const char *sandbox_bs_cid(struct arena *a, bool is_record, const uint8_t hash[static 32]);

/* bs_record.c: what the lexicon refuses; NULL: nothing. media gets the struct media_fact used. */
const char *sandbox_bs_record_fault(struct exchange *ex, const struct account *a,
				    const json_t *record, struct list *media);

/* bs_view.c */
void sandbox_bs_resolve_handle(struct exchange *ex);
void sandbox_bs_get_posts(struct exchange *ex);
void sandbox_bs_page(struct exchange *ex);

#endif

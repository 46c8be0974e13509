/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts - the platform accounts that a workspace has connected
 * Layer store. Rows are kept for ever: disconnecting sets a status and deletes the tokens. One
 * platform account belongs to one workspace at a time (PROBLEM_ACCOUNT_TAKEN). Errors:
 * PROBLEM_NOT_FOUND, PROBLEM_VERSION, PROBLEM_ACCOUNT_AMBIGUOUS, PROBLEM_ACCOUNT_NOT_CONNECTED.
 */
#ifndef CARILLON_STORE_ACCOUNTS_H
#define CARILLON_STORE_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/keys.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "domain/account.h"
#include "store/page.h"

/* Columns behind struct account, as store_accounts_read() takes them from `first`. */
#define STORE_ACCOUNTS_COLUMNS                                                                  \
	"accounts.id, accounts.platform, accounts.remote_id, accounts.username, "               \
	"accounts.display_name, accounts.avatar_url, accounts.livemode, accounts.is_default, "  \
	"accounts.status, accounts.status_reason, accounts.scopes, accounts.missing_scopes, "   \
	"accounts.meta, accounts.settings, accounts.publish_within_minutes, accounts.on_late, " \
	"accounts.expires_at, accounts.connected_at, accounts.version, accounts.created_at, "   \
	"accounts.updated_at, (accounts.status = 'connected' "                                  \
	"AND accounts.expiry_told_at <=> accounts.expires_at AND accounts.expires_at IS NOT "   \
	"NULL), "                                                                               \
	"accounts.paused_at"
#define STORE_ACCOUNTS_COLUMNS_N 23
void store_accounts_read(const struct rows *r, unsigned first, struct arena *a,
			 struct account *ret);

struct token;
struct account_connect { /* what a finished connect flow found */
	const char *platform, *remote_id, *username, *display_name, *avatar_url;
	bool livemode;
	const char *scopes, *missing_scopes, *meta; /* meta: JSON text or NULL */
	int64_t expires_us, refresh_us;             /* INSTANT_NONE; refresh: when to renew */
	const struct token *tokens;                 /* store/tokens.h */
	size_t tokens_n;
	int64_t stage_lead_s; /* of posts that go on */
};

struct accounts {
	struct account *v;
	size_t n;
	bool has_more;
};

/*
 * Inserts, or brings the workspace's own row of that remote id back to connected, keeping id and
 * settings; stores the tokens; writes account.connected; posts that were paused when it was
 * disconnected and are still ahead go on. One transaction.
 */
int store_accounts_connect(struct db *db, const char *ws, const struct account_connect *in,
			   const struct keys *keys, char ret_id[static ID_MAX],
			   struct problem *reterr);
int store_accounts_get(struct db *db, const char *ws, const char *id, struct arena *a,
		       struct account *ret, struct problem *reterr);

struct account_query {
	struct page page;
	const char *platform;    /* NULL: any */
	const char *account_ids; /* allow-list, comma-separated; NULL: any */
	enum livemode livemode;
	bool with_disconnected;
};
int store_accounts_list(struct db *db, const char *ws, const struct account_query *q,
			struct arena *a, struct accounts *ret, struct problem *reterr);

/*
 * The account that a platform's name means: the preferred one (the character's default; NULL none)
 * if it is of that platform and mode, else the only connected one (LIVEMODE_ANY: the only live one,
 * where there is one). PROBLEM_ACCOUNT_AMBIGUOUS
 * carries the ids in `extra` ("account_ids": [...]).
 */
struct account_wish {
	const char *platform, *preferred_id, *account_ids;
	enum livemode livemode;
};
int store_accounts_resolve(struct db *db, const char *ws, const struct account_wish *in,
			   struct arena *a, struct account *ret, struct problem *reterr);

enum account_member {
	ACCOUNT_PUBLISH_WITHIN = 1,
	ACCOUNT_ON_LATE = 2,
	ACCOUNT_SETTINGS = 4,
	ACCOUNT_IS_DEFAULT = 8 /* true takes it from its siblings */
};
struct account_patch {
	const char *id;
	unsigned given;
	int64_t if_version;
	int64_t publish_within_minutes;
	enum on_late on_late;
	const char *settings; /* JSON object text */
	bool is_default;
};
int store_accounts_update(struct db *db, const char *ws, const struct account_patch *in,
			  struct problem *reterr);
/*
 * Status, tokens gone, pending posts paused (reason account_disconnected), account.disconnected;
 * one transaction. Already disconnected: 0 posts, no event.
 */
int store_accounts_disconnect(struct db *db, const char *ws, const char *id, int64_t *ret_paused,
			      struct problem *reterr);
/*
 * Whether another connected account, of whatever workspace, lives by the same grant: the same one
 * at the platform, or one of the same person (meta.person_id; NULL: not known). Where a platform
 * does not tell persons apart, those of one workspace count as one: all of them would have to stay
 * connected for ever otherwise. Nothing else comes out.
 */
#define ACCOUNT_PERSON_UNKNOWN "unknown" /* meta.person_id of such a platform */
int store_accounts_shares_grant(struct db *db, const char *ws, const struct account *a,
				const char *person_id, bool *ret, struct problem *reterr);
/* expired or revoked, with a reason; account.needs_reconnect when that is news. */
int store_accounts_set_status(struct db *db, const char *ws, const char *id,
			      enum account_status status, const char *reason,
			      struct problem *reterr);

struct account_key {
	const char *workspace, *id;
};
struct account_keys {
	struct account_key *v;
	size_t n;
};
/*
 * Connected accounts whose access ends within that time, which nobody was told yet and no renewal
 * averts: none is planned before the end, or it has failed.
 */
int store_accounts_expiring(struct db *db, int64_t within_s, int64_t most, struct arena *a,
			    struct account_keys *ret, struct problem *reterr);
/* account.expiring, once for each end; one transaction. */
int store_accounts_tell_expiring(struct db *db, const struct account_key *key,
				 struct problem *reterr);

extern const struct stmt store_accounts_statements[];

#endif

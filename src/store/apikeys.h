/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apikeys - API keys: a public id to look up, an HMAC to compare
 * Layer store. Errors: PROBLEM_NOT_FOUND (also revoked ones, except by public id),
 * PROBLEM_VERSION, PROBLEM_DUPLICATE (public id taken: draw another).
 */
#ifndef CARILLON_STORE_APIKEYS_H
#define CARILLON_STORE_APIKEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/stmt.h"
#include "store/page.h"

struct apikey {
	const char *workspace, *id, *public_id, *name;
	uint8_t secret_hmac[SHA256_BYTES];
	bool livemode;
	uint64_t scopes;
	const char *account_ids;          /* JSON array text; NULL: all accounts */
	int64_t publish_cap_per_day;      /* 0: none */
	int64_t expires_us, last_used_us; /* INSTANT_NONE */
	const char *created_by;
	int64_t version, created_us, revoked_us;
	bool is_expired;   /* by the database's clock */
	bool is_touch_due; /* last_used_at is a minute old or none */
	/* Of the secret before the last rotation, while it is still good. */
	bool has_old;
	uint8_t old_hmac[SHA256_BYTES];
	int64_t old_ends_us; /* INSTANT_NONE: there is none */
};

struct apikey_new {
	const char *public_id; /* 8 characters */
	const uint8_t *secret_hmac;
	const char *name, *account_ids, *created_by;
	bool livemode;
	uint64_t scopes;
	int64_t publish_cap_per_day, expires_us;
};

enum apikey_member {
	APIKEY_NAME = 1,
	APIKEY_SCOPES = 2,
	APIKEY_ACCOUNT_IDS = 4,
	APIKEY_PUBLISH_CAP = 8,
	APIKEY_EXPIRES = 16
};

struct apikey_patch {
	unsigned given;
	const char *name, *account_ids;
	uint64_t scopes;
	int64_t publish_cap_per_day, expires_us;
};

struct apikeys {
	struct apikey *v;
	size_t n;
	bool has_more;
};

int store_apikeys_insert(struct db *db, const char *ws, const struct apikey_new *in,
			 struct arena *a, struct apikey *ret, struct problem *reterr);
/* For authentication, one statement; revoked and expired ones come too, *ret says so. */
int store_apikeys_by_public_id(struct db *db, const char *public_id, struct arena *a,
			       struct apikey *ret, struct problem *reterr);
int store_apikeys_get(struct db *db, const char *ws, const char *id, struct arena *a,
		      struct apikey *ret, struct problem *reterr);
int store_apikeys_list(struct db *db, const char *ws, const struct page *page, struct arena *a,
		       struct apikeys *ret, struct problem *reterr);
int store_apikeys_update(struct db *db, const char *ws, const char *id,
			 const struct apikey_patch *in, int64_t if_version, struct problem *reterr);
int store_apikeys_revoke(struct db *db, const char *ws, const char *id, int64_t if_version,
			 struct problem *reterr);
/*
 * A new secret under the same public id; the one before is good for overlap_s more, one older than
 * that ends at once.
 */
struct apikey_rotation {
	const char *id;
	const uint8_t *secret_hmac;
	int64_t overlap_s;
};
int store_apikeys_rotate(struct db *db, const char *ws, const struct apikey_rotation *in,
			 struct problem *reterr);
/* Whether what acted was a key; by the shape of its id, which is a user's otherwise. */
bool store_apikeys_is_id(const char *id);
/* Call when is_touch_due; writes at most once a minute whoever calls. */
int store_apikeys_touch(struct db *db, const char *ws, const char *id, struct problem *reterr);

/*
 * Counts a post against the key's publish_cap_per_day, on the UTC day of day_us and once that day;
 * nothing where the key has no cap. PROBLEM_PUBLISH_CAP: it was used up. Joins the caller's
 * transaction.
 */
struct apikey_charge {
	const char *key_id, *post_id;
	int64_t day_us;
};
int store_apikeys_charge(struct db *db, const char *ws, const struct apikey_charge *in,
			 struct problem *reterr);
/* Counts of days gone by. */
int store_apikeys_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);

extern const struct stmt store_apikeys_statements[];

#endif

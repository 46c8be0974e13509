/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions - logins: opaque access and refresh tokens, kept as SHA-256 only
 * Layer store. A family is one login; each rotation adds a row to it. A refresh token that was
 * rotated is answered once more within the grace period (the client lost our answer); any later
 * use is theft and revokes the family. Times are the database's.
 */
#ifndef CARILLON_STORE_SESSIONS_H
#define CARILLON_STORE_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "db/stmt.h"
#include "domain/role.h"

struct session_tokens { /* hashes of the pair to store, and their lives */
	uint8_t access_hash[SHA256_BYTES], refresh_hash[SHA256_BYTES];
	int64_t access_life_s, refresh_life_s;
};

struct session { /* who stands behind an access token; one statement */
	const char *id, *family, *workspace, *user_id, *email, *name;
	enum role role;
	int64_t access_expires_us;
	bool is_expired, is_revoked;
};

struct session_rotated {
	char id[ID_MAX], workspace[ID_MAX], user_id[ID_MAX];
	bool is_reused; /* the family was revoked: whose it was, for the record */
};

/* PROBLEM_NOT_FOUND when the user is no member of ws. */
int store_sessions_create(struct db *db, const char *ws, const char *user_id,
			  const struct session_tokens *in, char ret_id[static ID_MAX],
			  struct problem *reterr);
/* PROBLEM_NOT_FOUND for an unknown hash; expiry and revocation are told in *ret. */
int store_sessions_by_access(struct db *db, const uint8_t access_hash[static SHA256_BYTES],
			     struct arena *a, struct session *ret, struct problem *reterr);
/*
 * Trades a refresh token for the new pair. PROBLEM_TOKEN_INVALID: unknown, revoked, or reused (the
 * family is then revoked, and that stays so; *ret tells whose it was); PROBLEM_TOKEN_EXPIRED. *ret is
 * set in any case. Joins the caller's transaction.
 */
int store_sessions_rotate(struct db *db, const uint8_t refresh_hash[static SHA256_BYTES],
			  const struct session_tokens *next, int64_t grace_s,
			  struct session_rotated *ret, struct problem *reterr);
/* Logout: the whole family of that session. Unknown ids are fine. */
int store_sessions_revoke(struct db *db, const char *ws, const char *session_id,
			  struct problem *reterr);
/* Every session of a user in ws, e.g. after a change of password. */
int store_sessions_revoke_user(struct db *db, const char *ws, const char *user_id,
			       struct problem *reterr);
/* Removes up to `most` rows that expired a day ago, here and among login failures. */
int store_sessions_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr);

/*
 * Tries to log in by SHA-256 of what is counted (an address, an e-mail). A try is counted before
 * its password is looked at, so that many at once are no more than one after the other.
 */
struct login_tries {
	int64_t n;      /* this one included */
	int64_t wait_s; /* until the window ends */
};
int store_sessions_tried(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			 int64_t window_s, struct login_tries *ret, struct problem *reterr);
/* It was the right password: one try less; forgive: none at all. */
int store_sessions_untried(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			   struct problem *reterr);
int store_sessions_forgive(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			   struct problem *reterr);

extern const struct stmt store_sessions_statements[];

#endif

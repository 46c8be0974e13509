/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens - OAuth tokens, sealed, and the single-flight lease of their renewal
 * Layer store. The only place that opens or seals a token. An empty value never replaces a stored
 * one. Needs keys->ring (PROBLEM_INTERNAL without) and the run user's grants.
 */
#ifndef CARILLON_STORE_TOKENS_H
#define CARILLON_STORE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "crypto/keys.h"
#include "db/stmt.h"
#include "store/rowkeys.h"

struct token {
	const char *kind; /* access, refresh, user */
	const char *value;
	int64_t expires_us, issued_us; /* INSTANT_NONE: none; issued on put: now */
	int64_t generation;            /* bumped by each put */
};

#define TOKENS_MAX 4
struct tokens { /* owns the opened values; end with tokens_done(), which wipes them */
	struct token v[TOKENS_MAX];
	struct buf plain[TOKENS_MAX];
	char kinds[TOKENS_MAX][17];
	size_t n;
};
const char *tokens_value(const struct tokens *t, const char *kind);  /* NULL: none of that kind */
int64_t tokens_generation(const struct tokens *t, const char *kind); /* 0: none of that kind */
void tokens_done(struct tokens *t);

struct token_set {
	const struct token *v;
	size_t n;
};
/* Inserts or replaces by kind; kinds not named stay. Joins the caller's transaction, if any. */
int store_tokens_put(struct db *db, const char *ws, const char *account_id,
		     const struct token_set *in, const struct keys *keys, struct problem *reterr);
/* All tokens of an account, opened; none is no error (n 0). */
int store_tokens_get(struct db *db, const char *ws, const char *account_id, const struct keys *keys,
		     struct tokens *ret, struct problem *reterr);
/* The same of many accounts, in one round trip. */
struct tokens_loading {
	struct row_key account;
	struct tokens *ret;
	bool is_broken; /* result: one of them cannot be opened, *ret is empty */
};
int store_tokens_get_all(struct db *db, struct tokens_loading *v, size_t n, const struct keys *keys,
			 struct problem *reterr);
int store_tokens_delete(struct db *db, const char *ws, const char *account_id,
			struct problem *reterr);

/* Renewal. When it is due next; INSTANT_NONE never. */
int store_tokens_plan(struct db *db, const char *ws, const char *account_id, int64_t next_us,
		      struct problem *reterr);
/*
 * A platform refused the access token of that generation: it is renewed at once, unless that has
 * been done meanwhile. A renewal that keeps failing keeps its own pace.
 */
int store_tokens_want(struct db *db, const char *ws, const char *account_id, int64_t generation,
		      struct problem *reterr);
/* Posts that wait for a token look again at once: there is a new one, or there will be none. */
int store_tokens_wake(struct db *db, const char *ws, const char *account_id,
		      struct problem *reterr);
struct token_due {
	const char *workspace, *account_id;
	int64_t next_us, failures;
};
/* Connected accounts whose renewal is due and not leased. */
int store_tokens_due(struct db *db, int64_t most, struct arena *a, struct token_due **ret,
		     size_t *ret_n, struct problem *reterr);
struct token_lease {
	const char *account_id, *owner;
	int64_t lease_s;
};
/* PROBLEM_CONFLICT: another holds it. *ret_fence goes into settle. */
int store_tokens_lease(struct db *db, const char *ws, const struct token_lease *in,
		       int64_t *ret_fence, struct problem *reterr);
struct token_settle {
	const char *account_id;
	int64_t fence, next_us;  /* next_us INSTANT_NONE: never */
	int64_t expires_us;      /* of the account, when tokens are given */
	bool has_failed;         /* counts a failure; else the count returns to 0 */
	struct token_set tokens; /* n 0: none */
};
/* New tokens wake the posts that wait. PROBLEM_CONFLICT: the lease was lost; nothing is stored. */
int store_tokens_settle(struct db *db, const char *ws, const struct token_settle *in,
			const struct keys *keys, struct problem *reterr);

extern const struct stmt store_tokens_statements[];

DEFINE_CLEANUP_VALUE(struct tokens, tokens_done);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhooks - endpoints that events are sent to, and the secrets that sign what is sent
 * Layer store. Secrets are sealed; they are opened for signing, and given out once, by insert and
 * rotate. An endpoint that is disabled gets nothing: what was still to be sent to it has failed.
 * Errors: PROBLEM_NOT_FOUND, PROBLEM_VERSION, PROBLEM_CONFLICT (too many).
 */
#ifndef CARILLON_STORE_WEBHOOKS_H
#define CARILLON_STORE_WEBHOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/keys.h"
#include "crypto/random.h"
#include "crypto/websign.h"
#include "db/stmt.h"
#include "store/page.h"

struct webhook {
	const char *id, *url, *description;
	const char *events; /* names separated by spaces; NULL: all */
	bool livemode, is_enabled;
	const char *reason;     /* why it is disabled */
	int64_t secret_ends_us; /* of the secret before the current one; INSTANT_NONE: there is none */
	const char *created_by;
	int64_t version, created_us, updated_us;
};

struct webhooks {
	struct webhook *v;
	size_t n;
	bool has_more;
};

struct webhook_new {
	const char *url, *description, *events, *created_by;
	bool livemode;
	int64_t most; /* endpoints that a workspace may have */
	const struct keys *keys;
};
/* ret_secret: the caller wipes it. */
int store_webhooks_insert(struct db *db, const char *ws, const struct webhook_new *in,
			  char ret_id[static ID_MAX], struct websign_secret *ret_secret,
			  struct problem *reterr);
struct webhook_key {
	const char *id;
	enum livemode mode; /* of another one it is absent, too */
};
int store_webhooks_get(struct db *db, const char *ws, const struct webhook_key *key,
		       struct arena *a, struct webhook *ret, struct problem *reterr);
struct webhook_query {
	struct page page;
	enum livemode mode;
};
int store_webhooks_list(struct db *db, const char *ws, const struct webhook_query *q,
			struct arena *a, struct webhooks *ret, struct problem *reterr);

enum webhook_given {
	WEBHOOK_URL = 1,
	WEBHOOK_DESCRIPTION = 2,
	WEBHOOK_EVENTS = 4,
	WEBHOOK_STATE = 8,
};
struct webhook_patch {
	unsigned given;
	const char *url, *description, *events;
	bool is_enabled;
	const char *reason; /* of disabling */
};
int store_webhooks_update(struct db *db, const char *ws, const char *id,
			  const struct webhook_patch *in, int64_t if_version,
			  struct problem *reterr);
int store_webhooks_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			  struct problem *reterr);

/* The current secret signs for so long yet beside the new one; one still older ends at once. */
struct webhook_rotation {
	const char *id;
	int64_t overlap_s;
	const struct keys *keys;
};
int store_webhooks_rotate(struct db *db, const char *ws, const struct webhook_rotation *in,
			  struct websign_secret *ret_secret, struct problem *reterr);
/* Those in force, the current one first; the caller wipes them. */
struct webhook_secrets {
	struct websign_secret v[WEBSIGN_SECRETS_MAX];
	size_t n;
};
int store_webhooks_secrets(struct db *db, const char *ws, const char *id, const struct keys *keys,
			   struct webhook_secrets *ret, struct problem *reterr);

extern const struct stmt store_webhooks_statements[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/principal.h"

#include <jansson.h>
#include <string.h>

#include "api/keyformat.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "store/apikeys.h"
#include "store/sessions.h"

#define TOKEN_MAX 128

static int token_refused(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_TOKEN_INVALID,
			   "The token is unknown, revoked or incomplete.");
}

static int authenticate_user(struct request *req, const char *bearer, struct principal *ret,
			     struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];
	struct session session;

	digest_sha256(bearer, strlen(bearer), hash);
	if (store_sessions_by_access(req->app->db, hash, req->arena, &session, reterr) < 0)
		return reterr->kind == PROBLEM_NOT_FOUND ? token_refused(reterr) : -1;
	if (session.is_revoked)
		return token_refused(reterr);
	if (session.is_expired)
		return problem_set(reterr, PROBLEM_TOKEN_EXPIRED,
				   "The access token has expired; use the refresh token.");
	*ret = (struct principal){
		.kind = PRINCIPAL_USER,
		.mode = MODE_BOTH,
		.workspace = session.workspace,
		.id = session.user_id,
		.session = session.id,
		.role = session.role,
		.scopes = role_scopes(session.role),
	};
	return 0;
}

/* A list that cannot be read allows nothing. */
static const char *const *allow_list(struct arena *a, const char *json)
{
	json_t *ids;
	const char **list;
	size_t i, n = 0;

	if (!json)
		return NULL;
	ids = json_loads(json, 0, NULL);
	list = arena_array(a, json_array_size(ids) + 1, sizeof(*list));
	for (i = 0; i < json_array_size(ids); i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		if (id)
			list[n++] = arena_strdup(a, id);
	}
	json_decref(ids);
	return list;
}

/*
 * Whether the key is that of the row. As much is computed and compared for a key that nobody has:
 * only who reads the database's own time learns which ids exist, and those are no secret.
 */
static bool key_fits(const struct apikey *key, const uint8_t mac[static SHA256_BYTES])
{
	const bool fits = digest_equal(mac, key->secret_hmac, SHA256_BYTES);
	const bool fits_old = digest_equal(mac, key->old_hmac, SHA256_BYTES);

	return fits | (fits_old & key->has_old);
}

static int key_find(struct request *req, const char *bearer, struct apikey *ret,
		    struct problem *reterr)
{
	uint8_t mac[SHA256_BYTES];
	struct keyformat parts;
	bool is_known;

	if (keyformat_parse(bearer, &parts) < 0)
		return token_refused(reterr);
	keyformat_mac(req->app->keys, bearer, mac);
	is_known = store_apikeys_by_public_id(req->app->db, parts.public_id, req->arena, ret,
					      reterr) == 0;
	if (!is_known && reterr->kind != PROBLEM_NOT_FOUND)
		return -1;
	problem_clear(reterr);
	if (!(key_fits(ret, mac) & is_known) || ret->livemode != parts.livemode ||
	    ret->revoked_us != INSTANT_NONE)
		return token_refused(reterr);
	if (ret->is_expired)
		return problem_set(reterr, PROBLEM_TOKEN_EXPIRED, "The API key has expired.");
	return 0;
}

static int authenticate_key(struct request *req, const char *bearer, struct principal *ret,
			    struct problem *reterr)
{
	struct problem ignored;
	struct apikey key = { 0 };

	if (key_find(req, bearer, &key, reterr) < 0)
		return -1;
	problem_clear(&ignored);
	if (key.is_touch_due &&
	    store_apikeys_touch(req->app->db, key.workspace, key.id, &ignored) < 0)
		log_line(LOG_LEVEL_WARN, "apikey.touch_failed", "key=%s", key.id);
	*ret = (struct principal){
		.kind = PRINCIPAL_KEY,
		.mode = key.livemode ? MODE_LIVE : MODE_TEST,
		.workspace = key.workspace,
		.id = key.id,
		.scopes = key.scopes,
		.account_ids = allow_list(req->arena, key.account_ids),
	};
	return 0;
}

int principal_authenticate(struct request *req, const char *bearer, struct problem *reterr)
{
	struct principal *p = arena_alloc(req->arena, sizeof(*p));
	int rc;

	if (strlen(bearer) > TOKEN_MAX)
		return token_refused(reterr);
	if (strncmp(bearer, "at_", 3) == 0)
		rc = authenticate_user(req, bearer, p, reterr);
	else
		rc = authenticate_key(req, bearer, p, reterr);
	if (rc < 0)
		return -1;
	req->principal = p;
	return 0;
}

uint64_t principal_scopes(const struct principal *p)
{
	return p->scopes;
}

bool principal_sees(const struct principal *p, const char *account_id, bool livemode)
{
	const char *const *id;

	if (p->mode != MODE_BOTH && (p->mode == MODE_LIVE) != livemode)
		return false;
	if (!p->account_ids)
		return true;
	for (id = p->account_ids; *id; id++) {
		if (strcmp(*id, account_id) == 0)
			return true;
	}
	return false;
}

int principal_charge(const struct request *req, const char *post_id, int64_t at_us,
		     struct problem *reterr)
{
	const struct principal *p = req->principal;
	const struct apikey_charge charge = { p->id, post_id, at_us };

	if (p->kind != PRINCIPAL_KEY)
		return 0;
	return store_apikeys_charge(req->app->db, p->workspace, &charge, reterr);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/apikeys.h"

#include <stddef.h>
#include <string.h>

#include "api/api.h"
#include "api/keyformat.h"
#include "api/principal.h"
#include "base/clock.h"
#include "http/paging.h"
#include "store/accounts.h"

#define LIST            "api_keys"
#define PUBLIC_ID_TRIES 3
#define OVERLAP_USUAL_S 86400
#define OVERLAP_MOST_S  604800

struct create_body {
	uint64_t present;
	const char *name;
	bool livemode;
	struct field_texts scopes, account_ids;
	int64_t publish_cap_per_day, expires_us;
};
struct patch_body {
	uint64_t present;
	const char *name;
	struct field_texts scopes, account_ids;
	int64_t publish_cap_per_day, expires_us;
};
struct rotate_body {
	uint64_t present;
	int64_t overlap_s;
};
enum { ROTATE_OVERLAP };
enum { CREATE_NAME, CREATE_LIVEMODE, CREATE_SCOPES, CREATE_ACCOUNTS, CREATE_CAP, CREATE_EXPIRES };
enum { PATCH_NAME, PATCH_SCOPES, PATCH_ACCOUNTS, PATCH_CAP, PATCH_EXPIRES };

/* clang-format off */
static const struct field create_fields[] = {
	[CREATE_NAME]     = { .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct create_body, name), .flags = FIELD_REQUIRED | FIELD_NONEMPTY, .most = 200 },
	[CREATE_LIVEMODE] = { .name = "livemode", .kind = FIELD_BOOL, .offset = offsetof(struct create_body, livemode), .sentence = "false: a test key, whose platforms are the sandbox. Absent: the caller's own mode, for a user true." },
	[CREATE_SCOPES]   = { .name = "scopes", .kind = FIELD_TEXTS, .offset = offsetof(struct create_body, scopes), .flags = FIELD_NONEMPTY, .most = SCOPES, .item_most = 64, .sentence = "At most the caller's own; absent: all of them." },
	[CREATE_ACCOUNTS] = { .name = "account_ids", .kind = FIELD_IDS, .offset = offsetof(struct create_body, account_ids), .flags = FIELD_NULLABLE | FIELD_NONEMPTY, .most = 100, .sentence = "The only accounts that the key may see; absent or null: all." },
	[CREATE_CAP]      = { .name = "publish_cap_per_day", .kind = FIELD_INT, .offset = offsetof(struct create_body, publish_cap_per_day), .flags = FIELD_NULLABLE, .least = 1, .most = 100000 },
	[CREATE_EXPIRES]  = { .name = "expires_at", .kind = FIELD_INSTANT, .offset = offsetof(struct create_body, expires_us), .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema create_schema = { "ApiKeyCreate", sizeof(struct create_body), create_fields };

static const struct field patch_fields[] = {
	[PATCH_NAME]     = { .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct patch_body, name), .flags = FIELD_NONEMPTY, .most = 200 },
	[PATCH_SCOPES]   = { .name = "scopes", .kind = FIELD_TEXTS, .offset = offsetof(struct patch_body, scopes), .flags = FIELD_NONEMPTY, .most = SCOPES, .item_most = 64 },
	[PATCH_ACCOUNTS] = { .name = "account_ids", .kind = FIELD_IDS, .offset = offsetof(struct patch_body, account_ids), .flags = FIELD_NULLABLE | FIELD_NONEMPTY, .most = 100 },
	[PATCH_CAP]      = { .name = "publish_cap_per_day", .kind = FIELD_INT, .offset = offsetof(struct patch_body, publish_cap_per_day), .flags = FIELD_NULLABLE, .least = 1, .most = 100000 },
	[PATCH_EXPIRES]  = { .name = "expires_at", .kind = FIELD_INSTANT, .offset = offsetof(struct patch_body, expires_us), .flags = FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema patch_schema = { "ApiKeyPatch", sizeof(struct patch_body), patch_fields };

static const struct field rotate_fields[] = {
	[ROTATE_OVERLAP] = { .name = "overlap_s", .kind = FIELD_INT, .offset = offsetof(struct rotate_body, overlap_s), .least = 0, .most = OVERLAP_MOST_S, .sentence = "How long the old secret is good beside the new one; a day unless told." },
	{ .name = NULL },
};
static const struct schema rotate_schema = { "ApiKeyRotate", sizeof(struct rotate_body), rotate_fields };

#define KEY_ROWS                                                                                                     \
	{ .name = "id", .kind = FIELD_ID, .flags = FIELD_REQUIRED },                                                 \
	{ .name = "name", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED },                                             \
	{ .name = "prefix", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "How the key begins." },        \
	{ .name = "livemode", .kind = FIELD_BOOL, .flags = FIELD_REQUIRED },                                         \
	{ .name = "scopes", .kind = FIELD_TEXTS, .flags = FIELD_REQUIRED },                                          \
	{ .name = "account_ids", .kind = FIELD_IDS, .flags = FIELD_REQUIRED | FIELD_NULLABLE },                      \
	{ .name = "publish_cap_per_day", .kind = FIELD_INT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },              \
	{ .name = "expires_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },                   \
	{ .name = "last_used_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },                 \
	{ .name = "previous_secret_ends_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED | FIELD_NULLABLE, .sentence = "Until then the secret before the last rotation is good, too." }, \
	{ .name = "created_by", .kind = FIELD_ID, .flags = FIELD_REQUIRED | FIELD_NULLABLE },                        \
	{ .name = "created_at", .kind = FIELD_INSTANT, .flags = FIELD_REQUIRED }
static const struct field key_fields[] = { KEY_ROWS, { .name = NULL } };
static const struct schema key_schema = { "ApiKey", 0, key_fields };
static const struct field created_fields[] = {
	KEY_ROWS,
	{ .name = "secret", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .sentence = "The key itself; shown this once." },
	{ .name = NULL },
};
static const struct schema created_schema = { "ApiKeyCreated", 0, created_fields };
static const struct field list_fields[] = {
	{ .name = "api_keys", .kind = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .nested = &key_schema },
	{ .name = "next_cursor", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL },
};
static const struct schema list_schema = { "ApiKeys", 0, list_fields };
static const struct query_param list_query[] = {
	{ "limit", QUERY_INT, 1, PAGE_LIMIT_MAX, NULL, "Rows of a page, 50 unless told." },
	{ "cursor", QUERY_CURSOR, 0, 0, NULL, "next_cursor of the page before." },
	{ NULL, 0, 0, 0, NULL, NULL },
};
/* clang-format on */

static void emit_key(struct emit *e, const struct apikey *k, struct arena *a, const char *secret)
{
	int i;

	emit_open(e, NULL);
	emit_text(e, "id", k->id);
	emit_text(e, "name", k->name);
	emit_text(e, "prefix",
		  arena_printf(a, "sk_%s_%s", k->livemode ? "live" : "test", k->public_id));
	emit_bool(e, "livemode", k->livemode);
	emit_open_array(e, "scopes");
	for (i = 0; i < SCOPES; i++) {
		if (scopes_have(k->scopes, (enum scope)i))
			emit_text(e, NULL, scope_name((enum scope)i));
	}
	emit_close_array(e);
	emit_raw(e, "account_ids", k->account_ids);
	if (k->publish_cap_per_day)
		emit_int(e, "publish_cap_per_day", k->publish_cap_per_day);
	else
		emit_null(e, "publish_cap_per_day");
	emit_instant(e, "expires_at", k->expires_us);
	emit_instant(e, "last_used_at", k->last_used_us);
	emit_instant(e, "previous_secret_ends_at", k->old_ends_us);
	emit_text(e, "created_by", k->created_by);
	emit_instant(e, "created_at", k->created_us);
	if (secret)
		emit_text(e, "secret", secret);
	emit_close(e);
}

/* A key knows of keys of its own mode only. */
static bool is_visible(const struct principal *p, const struct apikey *k)
{
	return p->mode == MODE_BOTH || (p->mode == MODE_LIVE) == k->livemode;
}

static int find(const struct request *req, struct apikey *ret, struct problem *reterr)
{
	const struct principal *p = req->principal;

	if (store_apikeys_get(req->app->db, p->workspace, req->params[0], req->arena, ret, reterr) <
	    0)
		return -1;
	if (!is_visible(p, ret))
		return problem_set(reterr, PROBLEM_NOT_FOUND, "API key %s does not exist",
				   req->params[0]);
	return 0;
}

static int list(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct paging paging;
	struct apikeys keys = { 0 };
	const char *last = "";
	size_t i;

	if (paging_read(req, LIST, &paging, reterr) < 0)
		return -1;
	const struct page page = { .limit = paging.limit, .after_id = paging.after_id };
	if (store_apikeys_list(req->app->db, req->principal->workspace, &page, req->arena, &keys,
			       reterr) < 0)
		return -1;
	emit_open(&ret->emit, NULL);
	emit_open_array(&ret->emit, LIST);
	for (i = 0; i < keys.n; i++) {
		last = keys.v[i].id;
		if (is_visible(req->principal, &keys.v[i]))
			emit_key(&ret->emit, &keys.v[i], req->arena, NULL);
	}
	emit_close_array(&ret->emit);
	paging_close(req, ret, LIST, keys.has_more, 0, last);
	emit_close(&ret->emit);
	return 0;
}

static int get(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct apikey key;

	if (find(req, &key, reterr) < 0)
		return -1;
	emit_key(&ret->emit, &key, req->arena, NULL);
	ret->version = key.version;
	return 0;
}

/* Nobody gives away what he does not have. */
static int read_scopes(const struct request *req, const struct field_texts *words, uint64_t *ret,
		       struct problem *reterr)
{
	char missing[SCOPES_TEXT_MAX];
	uint64_t set = 0;
	enum scope scope;
	size_t i;

	for (i = 0; i < words->n; i++) {
		if (scope_parse(words->v[i], &scope) < 0)
			problem_add(reterr, arena_printf(req->arena, "/scopes/%zu", i),
				    "not_a_choice", "there is no scope %s", words->v[i]);
		else
			set |= SCOPE_BIT(scope);
	}
	if (reterr->kind != PROBLEM_NONE)
		return -1;
	scopes_print(set & ~req->principal->scopes, missing);
	if (*missing)
		return problem_set(reterr, PROBLEM_SCOPE,
				   "A key cannot have more scopes than its creator, who lacks %s.",
				   missing);
	*ret = set;
	return 0;
}

/* The ids as JSON; those that do not exist and those of others are refused in the same words. */
static int read_accounts(const struct request *req, const struct field_texts *ids, bool livemode,
			 const char **ret, struct problem *reterr)
{
	const struct principal *p = req->principal;
	struct buf json CLEANUP(buf_done) = BUF_INIT;
	struct emit e = EMIT(&json);
	struct account account;
	size_t i;

	emit_open_array(&e, NULL);
	for (i = 0; i < ids->n; i++) {
		struct problem problem;
		int rc;

		problem_clear(&problem);
		rc = store_accounts_get(req->app->db, p->workspace, ids->v[i], req->arena, &account,
					&problem);
		if (rc < 0 && problem.kind != PROBLEM_NOT_FOUND) {
			*reterr = problem;
			return -1;
		}
		if (rc < 0 || account.livemode != livemode ||
		    !principal_sees(p, ids->v[i], account.livemode))
			problem_add(reterr, arena_printf(req->arena, "/account_ids/%zu", i),
				    "not_found", "there is no such account in the key's mode");
		emit_text(&e, NULL, ids->v[i]);
	}
	emit_close_array(&e);
	*ret = arena_strdup(req->arena, buf_str(&json));
	return reterr->kind == PROBLEM_NONE ? 0 : -1;
}

/* Without a list of its own a key gets its creator's. */
static const char *inherited_accounts(const struct request *req)
{
	const char *const *id = req->principal->account_ids;
	struct buf json CLEANUP(buf_done) = BUF_INIT;
	struct emit e = EMIT(&json);

	if (!id)
		return NULL;
	emit_open_array(&e, NULL);
	for (; *id; id++)
		emit_text(&e, NULL, *id);
	emit_close_array(&e);
	return arena_strdup(req->arena, buf_str(&json));
}

static int accounts_of(const struct request *req, const struct field_texts *ids, bool livemode,
		       const char **ret, struct problem *reterr)
{
	if (ids->n)
		return read_accounts(req, ids, livemode, ret, reterr);
	*ret = inherited_accounts(req);
	return 0;
}

static int check_expiry(int64_t expires_us, struct problem *reterr)
{
	if (expires_us != INSTANT_NONE && expires_us <= clock_real_us())
		return problem_add(reterr, "/expires_at", "out_of_range", "the time has passed");
	return 0;
}

static int check_mode(const struct request *req, const struct create_body *in, bool *ret,
		      struct problem *reterr)
{
	enum principal_mode own = req->principal->mode;

	*ret = SCHEMA_HAS(in, CREATE_LIVEMODE) ? in->livemode : own != MODE_TEST;
	if (own != MODE_BOTH && (own == MODE_LIVE) != *ret)
		return problem_add(reterr, "/livemode", "not_allowed",
				   "a key makes keys of its own mode only");
	return 0;
}

struct minted { /* a key just made: what the caller gets, and what is stored of it */
	char secret[KEYFORMAT_LEN + 1];
	uint8_t mac[SHA256_BYTES];
	struct keyformat parts;
};

/* The public id is drawn at random: a collision is rare, and another draw settles it. */
static int insert(struct request *req, struct apikey_new *in, struct minted *m, struct apikey *ret,
		  struct problem *reterr)
{
	int i;

	in->public_id = m->parts.public_id;
	in->secret_hmac = m->mac;
	for (i = 0; i < PUBLIC_ID_TRIES; i++) {
		keyformat_make(in->livemode, m->secret, &m->parts);
		keyformat_mac(req->app->keys, m->secret, m->mac);
		problem_clear(reterr);
		if (store_apikeys_insert(req->app->db, req->principal->workspace, in, req->arena,
					 ret, reterr) == 0)
			return 0;
		if (reterr->kind != PROBLEM_DUPLICATE)
			return -1;
	}
	return -1;
}

static int create(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct create_body *in = req->in;
	struct minted minted;
	struct apikey_new fresh = {
		.name = in->name,
		.created_by = req->principal->id,
		.scopes = req->principal->scopes,
		.publish_cap_per_day = in->publish_cap_per_day,
		.expires_us = in->expires_us,
	};
	struct apikey key;

	if (check_mode(req, in, &fresh.livemode, reterr) < 0 ||
	    check_expiry(in->expires_us, reterr) < 0)
		return -1;
	if (SCHEMA_HAS(in, CREATE_SCOPES) &&
	    read_scopes(req, &in->scopes, &fresh.scopes, reterr) < 0)
		return -1;
	if (accounts_of(req, &in->account_ids, fresh.livemode, &fresh.account_ids, reterr) < 0 ||
	    insert(req, &fresh, &minted, &key, reterr) < 0)
		return -1;
	emit_key(&ret->emit, &key, req->arena, minted.secret);
	digest_wipe(&minted, sizeof(minted));
	reply_header(ret, req->arena, "Location", "/api/v1/api-keys/%s", key.id);
	ret->version = key.version;
	return 0;
}

static int read_patch(struct request *req, const struct apikey *key, struct apikey_patch *ret,
		      struct problem *reterr)
{
	const struct patch_body *in = req->in;

	*ret = (struct apikey_patch){
		.given = (SCHEMA_HAS(in, PATCH_NAME) ? APIKEY_NAME : 0U) |
			 (SCHEMA_HAS(in, PATCH_SCOPES) ? APIKEY_SCOPES : 0U) |
			 (SCHEMA_HAS(in, PATCH_ACCOUNTS) ? APIKEY_ACCOUNT_IDS : 0U) |
			 (SCHEMA_HAS(in, PATCH_CAP) ? APIKEY_PUBLISH_CAP : 0U) |
			 (SCHEMA_HAS(in, PATCH_EXPIRES) ? APIKEY_EXPIRES : 0U),
		.name = in->name,
		.publish_cap_per_day = in->publish_cap_per_day,
		.expires_us = in->expires_us,
	};
	if ((ret->given & APIKEY_EXPIRES) && check_expiry(in->expires_us, reterr) < 0)
		return -1;
	if ((ret->given & APIKEY_SCOPES) && read_scopes(req, &in->scopes, &ret->scopes, reterr) < 0)
		return -1;
	if (!(ret->given & APIKEY_ACCOUNT_IDS))
		return 0;
	return accounts_of(req, &in->account_ids, key->livemode, &ret->account_ids, reterr);
}

static int patch(struct request *req, struct reply *ret, struct problem *reterr)
{
	const char *ws = req->principal->workspace;
	struct apikey_patch change;
	struct apikey key;
	int64_t version = 0;

	if (request_if_match(req, &version, reterr) < 0 || find(req, &key, reterr) < 0 ||
	    read_patch(req, &key, &change, reterr) < 0)
		return -1;
	if (change.given &&
	    store_apikeys_update(req->app->db, ws, key.id, &change, version, reterr) < 0)
		return -1;
	return get(req, ret, reterr);
}

static int rotate(struct request *req, struct reply *ret, struct problem *reterr)
{
	const struct rotate_body *in = req->in;
	struct minted minted = { .parts.public_id = "" };
	struct apikey key = { 0 };
	struct apikey_rotation rotation = {
		.id = req->params[0],
		.secret_hmac = minted.mac,
		.overlap_s = in && SCHEMA_HAS(in, ROTATE_OVERLAP) ? in->overlap_s : OVERLAP_USUAL_S,
	};

	if (find(req, &key, reterr) < 0)
		return -1;
	minted.parts.livemode = key.livemode;
	memcpy(minted.parts.public_id, key.public_id, KEYFORMAT_PUBLIC);
	keyformat_renew(&minted.parts, minted.secret);
	keyformat_mac(req->app->keys, minted.secret, minted.mac);
	if (store_apikeys_rotate(req->app->db, req->principal->workspace, &rotation, reterr) < 0 ||
	    find(req, &key, reterr) < 0)
		return -1;
	emit_key(&ret->emit, &key, req->arena, minted.secret);
	digest_wipe(&minted, sizeof(minted));
	ret->version = key.version;
	return 0;
}

static int revoke(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct apikey key;
	int64_t version = 0;

	(void)ret;
	if (request_if_match(req, &version, reterr) < 0 || find(req, &key, reterr) < 0)
		return -1;
	return store_apikeys_revoke(req->app->db, req->principal->workspace, key.id, version,
				    reterr);
}

/* clang-format off */
const struct route api_apikeys_routes[] = {
	{ HTTP_GET, "/api/v1/api-keys", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_READ, .query = list_query, .ok = 200, .reply = &list_schema, .handler = list, .operation = "listApiKeys", .summary = "List API keys" },
	{ HTTP_POST, "/api/v1/api-keys", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_WRITE, .body = &create_schema, .ok = 201, .reply = &created_schema, .handler = create, .operation = "createApiKey", .summary = "Make an API key; its secret is shown this once" },
	{ HTTP_GET, "/api/v1/api-keys/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_READ, .ok = 200, .has_version = true, .reply = &key_schema, .handler = get, .operation = "getApiKey", .summary = "Read an API key" },
	{ HTTP_PATCH, "/api/v1/api-keys/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_WRITE, .body = &patch_schema, .ok = 200, .reply = &key_schema, .handler = patch, .operation = "updateApiKey", .summary = "Change an API key" },
	{ HTTP_POST, "/api/v1/api-keys/{id}/rotate", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_WRITE, .body = &rotate_schema, .is_body_optional = true, .ok = 200, .reply = &created_schema, .handler = rotate, .operation = "rotateApiKey", .summary = "Make a new secret, shown this once; both are good for a while" },
	{ HTTP_DELETE, "/api/v1/api-keys/{id}", .pool = POOL_API, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_KEYS_MANAGE), .rate = RATE_WRITE, .ok = 204, .handler = revoke, .operation = "deleteApiKey", .summary = "Revoke an API key at once" },
	{ .pattern = NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/apikeys.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "domain/role.h"
#include "store/guard.h"

enum {
	INSERT,
	BY_PUBLIC_ID,
	GET,
	LIST_UP,
	LIST_DOWN,
	UPDATE,
	ROTATE,
	REVOKE,
	TOUCH,
	VERSION,
	CAP,
	LOCK_CAP,
	CHARGE,
	CHARGED,
	SWEEP
};

#define COLUMNS                                                                            \
	"workspace_id, id, public_id, secret_hmac, name, livemode, scopes, account_ids, "  \
	"publish_cap_per_day, expires_at, last_used_at, created_by, version, created_at, " \
	"revoked_at, COALESCE(expires_at <= UTC_TIMESTAMP(3), FALSE), "                    \
	"COALESCE(last_used_at < UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE, TRUE), "            \
	"IF(old_ends_at > UTC_TIMESTAMP(3), old_hmac, NULL), "                             \
	"IF(old_ends_at > UTC_TIMESTAMP(3), old_ends_at, NULL)"
#define DAY_S  86400
#define SELECT "SELECT " COLUMNS " FROM api_keys "

const struct stmt store_apikeys_statements[] = {
	[INSERT] = { "apikeys.insert", STMT_WORKSPACE, "sssbsissIts",
		     "INSERT INTO api_keys (workspace_id, id, public_id, secret_hmac, name, "
		     "livemode, "
		     "scopes, account_ids, publish_cap_per_day, expires_at, created_by, "
		     "created_at) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3)) "
		     "RETURNING " COLUMNS,
		     NULL },
	[BY_PUBLIC_ID] = { "apikeys.by_public_id", STMT_GLOBAL, "s", SELECT "WHERE public_id = ?",
			   "the key alone says whose it is" },
	[GET] = { "apikeys.get", STMT_WORKSPACE, "ss",
		  SELECT "WHERE workspace_id = ? AND id = ? AND revoked_at IS NULL", NULL },
	[LIST_UP] = { "apikeys.list_up", STMT_WORKSPACE, "ssi",
		      SELECT "WHERE workspace_id = ? AND id > ? AND revoked_at IS NULL "
			     "ORDER BY id LIMIT ?",
		      NULL },
	[LIST_DOWN] = { "apikeys.list_down", STMT_WORKSPACE, "ssi",
			SELECT "WHERE workspace_id = ? AND id < ? AND revoked_at IS NULL "
			       "ORDER BY id DESC LIMIT ?",
			NULL },
	[UPDATE] = { "apikeys.update", STMT_WORKSPACE, "isisisiIitssii",
		     "UPDATE api_keys SET name = IF(?, ?, name), scopes = IF(?, ?, scopes), "
		     "account_ids = IF(?, ?, account_ids), "
		     "publish_cap_per_day = IF(?, ?, publish_cap_per_day), "
		     "expires_at = IF(?, ?, expires_at), version = version + 1 "
		     "WHERE workspace_id = ? AND id = ? AND (? = 0 OR version = ?) "
		     "AND revoked_at IS NULL",
		     NULL },
	/* Assigned from left to right: the old secret is put by before the new one comes. */
	[ROTATE] = { "apikeys.rotate", STMT_WORKSPACE, "iiibss",
		     "UPDATE api_keys SET old_hmac = IF(? > 0, secret_hmac, NULL), "
		     "old_ends_at = IF(? > 0, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, NULL), "
		     "secret_hmac = ?, version = version + 1 "
		     "WHERE workspace_id = ? AND id = ? AND revoked_at IS NULL",
		     NULL },
	[REVOKE] = { "apikeys.revoke", STMT_WORKSPACE, "ssii",
		     "UPDATE api_keys SET revoked_at = UTC_TIMESTAMP(3), version = version + 1 "
		     "WHERE workspace_id = ? AND id = ? AND (? = 0 OR version = ?) "
		     "AND revoked_at IS NULL",
		     NULL },
	[TOUCH] = { "apikeys.touch", STMT_WORKSPACE, "ss",
		    "UPDATE api_keys SET last_used_at = UTC_TIMESTAMP(3) "
		    "WHERE workspace_id = ? AND id = ? AND (last_used_at IS NULL "
		    "OR last_used_at < UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE)",
		    NULL },
	[VERSION] = { "apikeys.version", STMT_WORKSPACE, "ss",
		      "SELECT version FROM api_keys "
		      "WHERE workspace_id = ? AND id = ? AND revoked_at IS NULL",
		      NULL },
	[CAP] = { "apikeys.cap", STMT_WORKSPACE, "ss",
		  "SELECT 1 FROM api_keys WHERE workspace_id = ? AND id = ? "
		  "AND publish_cap_per_day IS NOT NULL",
		  NULL },
	/* Held so that two requests of one key cannot both be the last. */
	[LOCK_CAP] = { "apikeys.lock_cap", STMT_WORKSPACE, "tss",
		       "SELECT publish_cap_per_day, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), "
		       "DATE(?) + INTERVAL 1 DAY) FROM api_keys "
		       "WHERE workspace_id = ? AND id = ? FOR UPDATE",
		       NULL },
	[CHARGE] = { "apikeys.charge", STMT_WORKSPACE, "ssts",
		     "INSERT IGNORE INTO api_key_publishes (workspace_id, key_id, day, post_id) "
		     "VALUES (?, ?, DATE(?), ?)",
		     NULL },
	[CHARGED] = { "apikeys.charged", STMT_WORKSPACE, "sst",
		      "SELECT COUNT(*) FROM api_key_publishes WHERE workspace_id = ? "
		      "AND key_id = ? AND day = DATE(?)",
		      NULL },
	[SWEEP] = { "apikeys.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM api_key_publishes WHERE day < UTC_DATE() - INTERVAL 1 DAY "
		    "LIMIT ?",
		    "clean-up serves every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_apikeys_statements[x])

static int64_t cap_bind(int64_t cap)
{
	return cap ? cap : INT64_MIN;
}

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct apikey *ret = to;

	*ret = (struct apikey){
		.workspace = rows_dup(r, 0, a),
		.id = rows_dup(r, 1, a),
		.public_id = rows_dup(r, 2, a),
		.name = rows_dup(r, 4, a),
		.livemode = rows_int(r, 5) != 0,
		.account_ids = rows_dup(r, 7, a),
		.publish_cap_per_day = rows_int(r, 8),
		.expires_us = rows_instant(r, 9),
		.last_used_us = rows_instant(r, 10),
		.created_by = rows_dup(r, 11, a),
		.version = rows_int(r, 12),
		.created_us = rows_instant(r, 13),
		.revoked_us = rows_instant(r, 14),
		.is_expired = rows_int(r, 15) != 0,
		.is_touch_due = rows_int(r, 16) != 0,
		.has_old = !rows_null(r, 17),
		.old_ends_us = rows_instant(r, 18),
	};
	if (ret->has_old)
		memcpy(ret->old_hmac, rows_text(r, 17), SHA256_BYTES);
	memcpy(ret->secret_hmac, rows_text(r, 3), SHA256_BYTES);
	/* A scope that a newer program gave and this one does not know is a scope it cannot use. */
	if (scopes_parse(rows_text(r, 6), &ret->scopes, NULL) < 0)
		ret->scopes = 0;
}

int store_apikeys_insert(struct db *db, const char *ws, const struct apikey_new *in,
			 struct arena *a, struct apikey *ret, struct problem *reterr)
{
	char id[ID_MAX], scopes[SCOPES_TEXT_MAX];
	struct rows *r = NULL;

	random_id(id, "key");
	scopes_print(in->scopes, scopes);
	if (db_query_one(db, ROW(INSERT), &r, reterr, ws, id, in->public_id,
			 (const void *)in->secret_hmac, (size_t)SHA256_BYTES, in->name,
			 (int64_t)in->livemode, scopes, in->account_ids,
			 cap_bind(in->publish_cap_per_day), in->expires_us, in->created_by) != 1)
		return -1;
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_apikeys_by_public_id(struct db *db, const char *public_id, struct arena *a,
			       struct apikey *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_PUBLIC_ID), &r, reterr, public_id);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such API key");
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_apikeys_get(struct db *db, const char *ws, const char *id, struct arena *a,
		      struct apikey *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("API key", id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_apikeys_list(struct db *db, const char *ws, const struct page *page, struct arena *a,
		       struct apikeys *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct apikey), read_row };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(page->descending ? LIST_DOWN : LIST_UP), &r, reterr, ws,
		     page_start_id(page), (int64_t)page_rows(page)) < 0 ||
	    page_collect(page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct apikeys){ list.v, list.n, list.has_more };
	return 0;
}

int store_apikeys_update(struct db *db, const char *ws, const char *id,
			 const struct apikey_patch *in, int64_t if_version, struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "API key", ws, id };
	int64_t given = in->given, changed = 0;
	char scopes[SCOPES_TEXT_MAX];

	scopes_print(in->scopes, scopes);
	if (db_exec(db, ROW(UPDATE), &changed, reterr, given & APIKEY_NAME, in->name,
		    given & APIKEY_SCOPES, scopes, given & APIKEY_ACCOUNT_IDS, in->account_ids,
		    given & APIKEY_PUBLISH_CAP, cap_bind(in->publish_cap_per_day),
		    given & APIKEY_EXPIRES, given & APIKEY_EXPIRES ? in->expires_us : INSTANT_NONE,
		    ws, id, if_version, if_version) < 0)
		return -1;
	return changed ? 0 : guard_refused(db, &row, reterr);
}

bool store_apikeys_is_id(const char *id)
{
	return strncmp(id, "key_", strlen("key_")) == 0;
}

int store_apikeys_rotate(struct db *db, const char *ws, const struct apikey_rotation *in,
			 struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(ROTATE), &changed, reterr, in->overlap_s, in->overlap_s, in->overlap_s,
		    (const void *)in->secret_hmac, (size_t)SHA256_BYTES, ws, in->id) < 0)
		return -1;
	return changed ? 0 : guard_missing("API key", in->id, reterr);
}

int store_apikeys_revoke(struct db *db, const char *ws, const char *id, int64_t if_version,
			 struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "API key", ws, id };
	int64_t changed = 0;

	if (db_exec(db, ROW(REVOKE), &changed, reterr, ws, id, if_version, if_version) < 0)
		return -1;
	return changed ? 0 : guard_refused(db, &row, reterr);
}

int store_apikeys_touch(struct db *db, const char *ws, const char *id, struct problem *reterr)
{
	return db_exec(db, ROW(TOUCH), NULL, reterr, ws, id);
}

struct charging {
	const char *ws;
	const struct apikey_charge *in;
};

static int charge(struct db *db, void *arg, struct problem *reterr)
{
	const struct charging *c = arg;
	const struct apikey_charge *in = c->in;
	struct rows *r = NULL;
	int64_t cap, left_s;
	bool is_over;

	if (db_query_one(db, ROW(LOCK_CAP), &r, reterr, in->day_us, c->ws, in->key_id) != 1)
		return -1;
	cap = rows_int(r, 0);
	left_s = rows_int(r, 1);
	rows_end(r);
	if (db_exec(db, ROW(CHARGE), NULL, reterr, c->ws, in->key_id, in->day_us, in->post_id) <
		    0 ||
	    db_query_one(db, ROW(CHARGED), &r, reterr, c->ws, in->key_id, in->day_us) != 1)
		return -1;
	is_over = rows_int(r, 0) > cap;
	rows_end(r);
	if (!is_over)
		return 0;
	problem_set(reterr, PROBLEM_PUBLISH_CAP,
		    "the key may publish %lld posts on one day (UTC), and has asked for as many",
		    (long long)cap);
	reterr->retry_after_s = left_s < DAY_S ? (int)left_s : DAY_S;
	return -1;
}

int store_apikeys_charge(struct db *db, const char *ws, const struct apikey_charge *in,
			 struct problem *reterr)
{
	struct charging c = { ws, in };
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(CAP), &r, reterr, ws, in->key_id);

	if (got <= 0)
		return got;
	rows_end(r);
	return db_transact(db, charge, &c, reterr);
}

int store_apikeys_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

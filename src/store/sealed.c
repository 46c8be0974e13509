/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sealed.h"

#include "base/fp.h"
#include "crypto/seal.h"
#include "db/conn.h"

enum {
	TOKENS_STALE,
	TOKENS_RESEAL,
	TOKENS_COUNT,
	SECRETS_STALE,
	SECRETS_RESEAL,
	SECRETS_COUNT,
	FLOWS_STALE,
	FLOWS_RESEAL,
	FLOWS_COUNT,
	KEPT_STALE,
	KEPT_RESEAL,
	KEPT_COUNT,
	CLIENTS_STALE,
	CLIENTS_RESEAL,
	CLIENTS_COUNT,
	LOCK
};

static const char serves_all[] = "key rotation serves every workspace";

/*
 * STALE gives workspace, row and column of the place, and what is sealed; RESEAL changes only what is
 * still as it was read.
 */
const struct stmt store_sealed_statements[] = {
	[TOKENS_STALE] = { "sealed.tokens_stale", STMT_GLOBAL, "si",
			   "SELECT workspace_id, account_id, kind, sealed FROM account_tokens "
			   "WHERE kid <> ? LIMIT ?",
			   serves_all },
	[TOKENS_RESEAL] = { "sealed.tokens_reseal", STMT_WORKSPACE, "sbsssb",
			    "UPDATE account_tokens SET kid = ?, sealed = ? WHERE workspace_id = ? "
			    "AND account_id = ? AND kind = ? AND sealed = ?",
			    NULL },
	[TOKENS_COUNT] = { "sealed.tokens_count", STMT_GLOBAL, "s",
			   "SELECT COUNT(*) FROM account_tokens WHERE kid = ?", serves_all },
	[SECRETS_STALE] = { "sealed.secrets_stale", STMT_GLOBAL, "si",
			    "SELECT workspace_id, id, 'webhook', sealed FROM webhook_secrets "
			    "WHERE kid <> ? LIMIT ?",
			    serves_all },
	[SECRETS_RESEAL] = { "sealed.secrets_reseal", STMT_WORKSPACE, "sbsssb",
			     "UPDATE webhook_secrets SET kid = ?, sealed = ? "
			     "WHERE workspace_id = ? AND id = ? AND 'webhook' = ? AND sealed = ?",
			     NULL },
	[SECRETS_COUNT] = { "sealed.secrets_count", STMT_GLOBAL, "s",
			    "SELECT COUNT(*) FROM webhook_secrets WHERE kid = ?", serves_all },
	[FLOWS_STALE] = { "sealed.flows_stale", STMT_GLOBAL, "si",
			  "SELECT workspace_id, id, 'candidates', candidates FROM oauth_flows "
			  "WHERE candidates IS NOT NULL AND kid <> ? LIMIT ?",
			  serves_all },
	[FLOWS_RESEAL] = { "sealed.flows_reseal", STMT_WORKSPACE, "sbsssb",
			   "UPDATE oauth_flows SET kid = ?, candidates = ? WHERE workspace_id = ? "
			   "AND id = ? AND 'candidates' = ? AND candidates = ?",
			   NULL },
	[FLOWS_COUNT] = { "sealed.flows_count", STMT_GLOBAL, "s",
			  "SELECT COUNT(*) FROM oauth_flows WHERE candidates IS NOT NULL AND kid = "
			  "?",
			  serves_all },
	[KEPT_STALE] = { "sealed.kept_stale", STMT_GLOBAL, "si",
			 "SELECT workspace_id, id, 'kept', kept FROM oauth_flows "
			 "WHERE kept IS NOT NULL AND kid <> ? LIMIT ?",
			 serves_all },
	[KEPT_RESEAL] = { "sealed.kept_reseal", STMT_WORKSPACE, "sbsssb",
			  "UPDATE oauth_flows SET kid = ?, kept = ? WHERE workspace_id = ? "
			  "AND id = ? AND 'kept' = ? AND kept = ?",
			  NULL },
	[KEPT_COUNT] = { "sealed.kept_count", STMT_GLOBAL, "s",
			 "SELECT COUNT(*) FROM oauth_flows WHERE kept IS NOT NULL AND kid = ?",
			 serves_all },
	[CLIENTS_STALE] = { "sealed.clients_stale", STMT_GLOBAL, "si",
			    "SELECT workspace_id, place, 'client', sealed FROM server_clients "
			    "WHERE kid <> ? LIMIT ?",
			    serves_all },
	[CLIENTS_RESEAL] = { "sealed.clients_reseal", STMT_WORKSPACE, "sbsssb",
			     "UPDATE server_clients SET kid = ?, sealed = ? "
			     "WHERE workspace_id = ? AND place = ? AND 'client' = ? AND sealed = ?",
			     NULL },
	[CLIENTS_COUNT] = { "sealed.clients_count", STMT_GLOBAL, "s",
			    "SELECT COUNT(*) FROM server_clients WHERE kid = ?", serves_all },
	[LOCK] = { "sealed.lock", STMT_GLOBAL, "", "SELECT GET_LOCK('carillon.rotate', 0)",
		   "one rotation at a time, whoever starts it" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x)  (&store_sealed_statements[x])
#define ROWS(x) ROW(x##_STALE), ROW(x##_RESEAL), ROW(x##_COUNT)

const struct sealed_column sealed_columns[] = {
	{ "account_tokens", "sealed", "tokens", ROWS(TOKENS) },
	{ "webhook_secrets", "sealed", "secrets of webhooks", ROWS(SECRETS) },
	{ "oauth_flows", "candidates", "accounts to choose from", ROWS(FLOWS) },
	{ "oauth_flows", "kept", "what connect flows keep", ROWS(KEPT) },
	{ "server_clients", "sealed", "registrations at servers", ROWS(CLIENTS) },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

struct batch {
	const struct sealed_column *column;
	struct keyring *ring;
	int64_t most, n;
};

static int reseal(struct db *db, const struct batch *b, const struct rows *r,
		  struct problem *reterr)
{
	const struct seal_place at = { rows_text(r, 0), rows_text(r, 1), rows_text(r, 2) };
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	int failed = seal_open(b->ring, &at, rows_text(r, 3), rows_len(r, 3), &plain);

	if (!failed)
		failed = seal_close(b->ring, &at, buf_str(&plain), plain.len, &blob);
	if (failed)
		return problem_set(reterr, PROBLEM_INTERNAL,
				   "%s %s of %s cannot be sealed anew: is its key still in the "
				   "ring?",
				   b->column->table, at.column, at.row);
	return db_exec(db, b->column->reseal, NULL, reterr, seal_current_id(b->ring),
		       (const void *)blob.p, blob.len, at.workspace, at.row, at.column,
		       (const void *)rows_text(r, 3), rows_len(r, 3));
}

static int reseal_all(struct db *db, void *arg, struct problem *reterr)
{
	struct batch *b = arg;
	struct rows *r = NULL;
	int got;

	b->n = 0;
	seal_follow(b->ring);
	if (db_query(db, b->column->stale, &r, reterr, seal_current_id(b->ring), b->most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (reseal(db, b, r, reterr) < 0) {
			got = -1;
			break;
		}
		b->n++;
	}
	rows_end(r);
	(void)FP(F25_batch_written);
	return got;
}

int store_sealed_batch(struct db *db, const struct sealed_column *c, const struct keys *keys,
		       int64_t most, int64_t *ret_n, struct problem *reterr)
{
	struct batch b = { c, keys->ring, most, 0 };

	if (!keys->ring)
		return problem_set(reterr, PROBLEM_INTERNAL, "this program holds no sealing key");
	if (db_transact(db, reseal_all, &b, reterr) < 0)
		return -1;
	*ret_n = b.n;
	return 0;
}

int store_sealed_count(struct db *db, const char *kid, int64_t *ret, struct problem *reterr)
{
	int64_t n = 0;

	for (const struct sealed_column *c = sealed_columns; c->table; c++) {
		struct rows *r = NULL;

		if (db_query_one(db, c->count, &r, reterr, kid) != 1)
			return -1;
		n += rows_int(r, 0);
		rows_end(r);
	}
	*ret = n;
	return 0;
}

int store_sealed_lock(struct db *db, struct problem *reterr)
{
	struct rows *r = NULL;
	bool is_ours;

	if (db_query_one(db, ROW(LOCK), &r, reterr) != 1)
		return -1;
	is_ours = rows_int(r, 0) == 1;
	rows_end(r);
	return is_ours ? 0
		       : problem_set(reterr, PROBLEM_CONFLICT, "keys are being rotated already");
}

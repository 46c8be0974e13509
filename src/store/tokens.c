/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tokens.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/seal.h"
#include "db/conn.h"

enum {
	PUT,
	GET,
	GET_ALL,
	DELETE,
	FORGET_PLAN,
	PLAN,
	WANT,
	WAKE,
	DUE,
	ENSURE,
	LEASE,
	FENCE,
	SETTLE,
	EXPIRES
};

static const char runner_serves_all[] = "the runner serves every workspace";

const struct stmt store_tokens_statements[] = {
	[PUT] = { "tokens.put", STMT_WORKSPACE, "ssssbtt",
		  "INSERT INTO account_tokens (workspace_id, account_id, kind, kid, sealed, "
		  "expires_at, "
		  "issued_at) VALUES (?, ?, ?, ?, ?, ?, COALESCE(?, UTC_TIMESTAMP(3))) "
		  "ON DUPLICATE KEY UPDATE kid = VALUES(kid), sealed = VALUES(sealed), "
		  "expires_at = VALUES(expires_at), issued_at = VALUES(issued_at), "
		  "generation = generation + 1",
		  NULL },
	[GET] = { "tokens.get", STMT_WORKSPACE, "ssi",
		  "SELECT kind, sealed, expires_at, issued_at, generation FROM account_tokens "
		  "WHERE workspace_id = ? AND account_id = ? ORDER BY kind LIMIT ?",
		  NULL },
	[GET_ALL] = { "tokens.get_all", STMT_GLOBAL, "s",
		      "SELECT t.kind, t.sealed, t.expires_at, t.issued_at, t.generation, k.n "
		      "FROM " ROW_KEYS "STRAIGHT_JOIN account_tokens t "
		      "ON t.workspace_id = k.workspace_id AND t.account_id = k.id",
		      runner_serves_all },
	[DELETE] = { "tokens.delete", STMT_WORKSPACE, "ss",
		     "DELETE FROM account_tokens WHERE workspace_id = ? AND account_id = ?", NULL },
	[FORGET_PLAN] = { "tokens.forget_plan", STMT_WORKSPACE, "ss",
			  "UPDATE account_refreshes SET next_at = NULL, owner = NULL, "
			  "lease_until = NULL, fence = fence + 1 "
			  "WHERE workspace_id = ? AND account_id = ?",
			  NULL },
	[PLAN] = { "tokens.plan", STMT_WORKSPACE, "sst",
		   "INSERT INTO account_refreshes (workspace_id, account_id, next_at) VALUES (?, "
		   "?, ?) "
		   "ON DUPLICATE KEY UPDATE next_at = VALUES(next_at), failures = 0",
		   NULL },
	[WANT] = { "tokens.want", STMT_WORKSPACE, "ssi",
		   "INSERT INTO account_refreshes (workspace_id, account_id, next_at) "
		   "SELECT workspace_id, account_id, UTC_TIMESTAMP(3) FROM account_tokens "
		   "WHERE workspace_id = ? AND account_id = ? AND kind = 'access' "
		   "AND generation = ? "
		   "ON DUPLICATE KEY UPDATE next_at = IF(failures > 0 AND next_at IS NOT NULL, "
		   "next_at, LEAST(COALESCE(next_at, VALUES(next_at)), VALUES(next_at)))",
		   NULL },
	[WAKE] = { "tokens.wake", STMT_WORKSPACE, "ss",
		   "UPDATE posts SET wake_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? "
		   "AND account_id = ? AND (state = 'retrying' OR (state = 'confirming' "
		   "AND owner IS NULL)) AND error_code = 'token_expired'",
		   NULL },
	[DUE] = { "tokens.due", STMT_GLOBAL, "i",
		  "SELECT r.workspace_id, r.account_id, r.next_at, r.failures FROM "
		  "account_refreshes r "
		  "JOIN accounts a ON a.workspace_id = r.workspace_id AND a.id = r.account_id "
		  "WHERE r.next_at <= UTC_TIMESTAMP(3) AND a.status = 'connected' "
		  "AND (r.lease_until IS NULL OR r.lease_until < UTC_TIMESTAMP(3)) "
		  "ORDER BY r.next_at LIMIT ?",
		  runner_serves_all },
	[ENSURE] = { "tokens.ensure", STMT_WORKSPACE, "ss",
		     "INSERT IGNORE INTO account_refreshes (workspace_id, account_id) VALUES (?, "
		     "?)",
		     NULL },
	[LEASE] = { "tokens.lease", STMT_WORKSPACE, "siss",
		    "UPDATE account_refreshes SET owner = ?, fence = fence + 1, "
		    "lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		    "WHERE workspace_id = ? AND account_id = ? "
		    "AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(3))",
		    NULL },
	[FENCE] = { "tokens.fence", STMT_WORKSPACE, "ss",
		    "SELECT fence FROM account_refreshes WHERE workspace_id = ? AND account_id = ?",
		    NULL },
	[SETTLE] = { "tokens.settle", STMT_WORKSPACE, "tissi",
		     "UPDATE account_refreshes SET next_at = ?, owner = NULL, lease_until = NULL, "
		     "failures = IF(?, failures + 1, 0) "
		     "WHERE workspace_id = ? AND account_id = ? AND fence = ? AND owner IS NOT "
		     "NULL",
		     NULL },
	[EXPIRES] = { "tokens.expires", STMT_WORKSPACE, "tss",
		      "UPDATE accounts SET expires_at = ?, version = version + 1, "
		      "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ?",
		      NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_tokens_statements[x])

const char *tokens_value(const struct tokens *t, const char *kind)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].kind, kind) == 0)
			return t->v[i].value;
	return NULL;
}

int64_t tokens_generation(const struct tokens *t, const char *kind)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].kind, kind) == 0)
			return t->v[i].generation;
	return 0;
}

void tokens_done(struct tokens *t)
{
	for (size_t i = 0; i < TOKENS_MAX; i++)
		buf_wipe(&t->plain[i]);
	t->n = 0;
}

static int no_ring(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_INTERNAL, "this program holds no sealing key");
}

static int put_one(struct db *db, const struct seal_place *at, const struct token *t,
		   struct keyring *ring, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf blob = BUF_INIT;

	if (seal_close(ring, at, t->value, strlen(t->value), &blob) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "a token cannot be sealed");
	return db_exec(db, ROW(PUT), NULL, reterr, at->workspace, at->row, t->kind,
		       seal_current_id(ring), (const void *)blob.p, blob.len, t->expires_us,
		       t->issued_us);
}

struct putting {
	const char *ws, *account_id;
	const struct token_set *set;
	struct keyring *ring;
};

static int put(struct db *db, void *arg, struct problem *reterr)
{
	const struct putting *p = arg;

	for (size_t i = 0; i < p->set->n; i++) {
		const struct token *t = &p->set->v[i];
		const struct seal_place at = { p->ws, p->account_id, t->kind };

		/* Some platforms answer a renewal without repeating what did not change. */
		if (!t->value || !t->value[0])
			continue;
		if (put_one(db, &at, t, p->ring, reterr) < 0)
			return -1;
	}
	return 0;
}

int store_tokens_put(struct db *db, const char *ws, const char *account_id,
		     const struct token_set *in, const struct keys *keys, struct problem *reterr)
{
	struct putting p = { ws, account_id, in, keys ? keys->ring : NULL };

	return p.ring ? db_transact(db, put, &p, reterr) : no_ring(reterr);
}

static int open_one(const struct rows *r, const struct seal_place *at, struct keyring *ring,
		    struct tokens *ret)
{
	size_t i = ret->n;
	int failed;

	snprintf(ret->kinds[i], sizeof(ret->kinds[i]), "%s", at->column);
	failed = seal_open(ring, at, rows_text(r, 1), rows_len(r, 1), &ret->plain[i]);
	if (failed < 0) {
		log_line(LOG_LEVEL_ERROR, "token.unopenable", "account=%s kind=%s errno=%d",
			 at->row, at->column, -failed);
		return -1;
	}
	ret->v[i] = (struct token){
		.kind = ret->kinds[i],
		.value = buf_str(&ret->plain[i]),
		.expires_us = rows_instant(r, 2),
		.issued_us = rows_instant(r, 3),
		.generation = rows_int(r, 4),
	};
	ret->n++;
	return 0;
}

/* `kinds` is part of *ret, so the tokens are built in place; a failure leaves it empty. */
int store_tokens_get(struct db *db, const char *ws, const char *account_id, const struct keys *keys,
		     struct tokens *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got, failed = 0;

	if (!keys || !keys->ring)
		return no_ring(reterr);
	if (db_query(db, ROW(GET), &r, reterr, ws, account_id, (int64_t)TOKENS_MAX) < 0)
		return -1;
	memset(ret, 0, sizeof(*ret));
	while (failed == 0 && (got = rows_next(r, reterr)) != 0) {
		const struct seal_place at = { ws, account_id, got == 1 ? rows_text(r, 0) : "" };

		if (got < 0)
			failed = -1;
		else if (open_one(r, &at, keys->ring, ret) < 0)
			failed = problem_set(reterr, PROBLEM_INTERNAL,
					     "a stored token of account %.64s cannot be opened",
					     account_id);
	}
	rows_end(r);
	if (failed < 0)
		tokens_done(ret);
	return failed;
}

static void open_next(const struct rows *r, struct tokens_loading *one, struct keyring *ring)
{
	const struct seal_place at = { one->account.workspace, one->account.id, rows_text(r, 0) };

	if (one->is_broken || one->ret->n == TOKENS_MAX)
		return;
	one->is_broken = open_one(r, &at, ring, one->ret) < 0;
	if (one->is_broken)
		tokens_done(one->ret);
}

int store_tokens_get_all(struct db *db, struct tokens_loading *v, size_t n, const struct keys *keys,
			 struct problem *reterr)
{
	CLEANUP(buf_done) struct buf accounts = BUF_INIT;
	struct rows *r = NULL;
	int got;

	if (!keys || !keys->ring)
		return no_ring(reterr);
	for (size_t i = 0; i < n; i++)
		memset(v[i].ret, 0, sizeof(*v[i].ret));
	row_keys_print(&v->account, n, sizeof(*v), &accounts);
	if (db_query(db, ROW(GET_ALL), &r, reterr, buf_str(&accounts)) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		const size_t i = (size_t)rows_int(r, 5) - 1;

		if (i < n)
			open_next(r, &v[i], keys->ring);
	}
	rows_end(r);
	return got;
}

int store_tokens_delete(struct db *db, const char *ws, const char *account_id,
			struct problem *reterr)
{
	if (db_exec(db, ROW(DELETE), NULL, reterr, ws, account_id) < 0)
		return -1;
	return db_exec(db, ROW(FORGET_PLAN), NULL, reterr, ws, account_id);
}

int store_tokens_plan(struct db *db, const char *ws, const char *account_id, int64_t next_us,
		      struct problem *reterr)
{
	return db_exec(db, ROW(PLAN), NULL, reterr, ws, account_id, next_us);
}

int store_tokens_want(struct db *db, const char *ws, const char *account_id, int64_t generation,
		      struct problem *reterr)
{
	return db_exec(db, ROW(WANT), NULL, reterr, ws, account_id, generation);
}

int store_tokens_wake(struct db *db, const char *ws, const char *account_id, struct problem *reterr)
{
	return db_exec(db, ROW(WAKE), NULL, reterr, ws, account_id);
}

int store_tokens_due(struct db *db, int64_t most, struct arena *a, struct token_due **ret,
		     size_t *ret_n, struct problem *reterr)
{
	struct token_due *v = arena_array(a, (size_t)most, sizeof(*v));
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(DUE), &r, reterr, most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		v[n++] = (struct token_due){
			.workspace = rows_dup(r, 0, a),
			.account_id = rows_dup(r, 1, a),
			.next_us = rows_instant(r, 2),
			.failures = rows_int(r, 3),
		};
	rows_end(r);
	if (got < 0)
		return -1;
	*ret = v;
	*ret_n = n;
	return 0;
}

struct leasing {
	const char *ws;
	const struct token_lease *in;
	int64_t fence;
};

static int lease(struct db *db, void *arg, struct problem *reterr)
{
	struct leasing *l = arg;
	struct rows *r = NULL;
	int64_t changed = 0;

	if (db_exec(db, ROW(ENSURE), NULL, reterr, l->ws, l->in->account_id) < 0 ||
	    db_exec(db, ROW(LEASE), &changed, reterr, l->in->owner, l->in->lease_s, l->ws,
		    l->in->account_id) < 0)
		return -1;
	if (!changed)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "the tokens are being renewed already");
	if (db_query_one(db, ROW(FENCE), &r, reterr, l->ws, l->in->account_id) != 1)
		return -1;
	l->fence = rows_int(r, 0);
	rows_end(r);
	return 0;
}

int store_tokens_lease(struct db *db, const char *ws, const struct token_lease *in,
		       int64_t *ret_fence, struct problem *reterr)
{
	struct leasing l = { .ws = ws, .in = in };

	if (db_transact(db, lease, &l, reterr) < 0)
		return -1;
	*ret_fence = l.fence;
	return 0;
}

struct settling {
	const char *ws;
	const struct token_settle *in;
	const struct keys *keys;
};

static int settle(struct db *db, void *arg, struct problem *reterr)
{
	const struct settling *s = arg;
	const struct token_settle *in = s->in;
	int64_t changed = 0;

	if (db_exec(db, ROW(SETTLE), &changed, reterr, in->next_us, (int64_t)in->has_failed, s->ws,
		    in->account_id, in->fence) < 0)
		return -1;
	if (!changed)
		return problem_set(reterr, PROBLEM_CONFLICT, "the lease on the renewal was lost");
	if (!in->tokens.n)
		return 0;
	if (store_tokens_put(db, s->ws, in->account_id, &in->tokens, s->keys, reterr) < 0 ||
	    store_tokens_wake(db, s->ws, in->account_id, reterr) < 0)
		return -1;
	return db_exec(db, ROW(EXPIRES), NULL, reterr, in->expires_us, s->ws, in->account_id);
}

int store_tokens_settle(struct db *db, const char *ws, const struct token_settle *in,
			const struct keys *keys, struct problem *reterr)
{
	struct settling s = { ws, in, keys };

	return db_transact(db, settle, &s, reterr);
}

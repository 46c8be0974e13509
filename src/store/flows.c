/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flows.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/guard.h"

enum { INSERT, TAKE_OPEN, BY_STATE, GET, END, OFFER, SWEEP };

#define SELECT                                                                               \
	"SELECT workspace_id, id, user_id, platform, verifier, redirect, livemode, status, " \
	"cookie_hash, outcome, message, candidates, created_at, expires_at, "                \
	"expires_at <= UTC_TIMESTAMP(3), kept FROM oauth_flows "

static const char by_state[] = "a platform's redirect carries no more than the state";

const struct stmt store_flows_statements[] = {
	[INSERT] = { "flows.insert", STMT_WORKSPACE, "ssbbssissbsi",
		     "INSERT INTO oauth_flows (workspace_id, id, state_hash, cookie_hash, user_id, "
		     "platform, livemode, verifier, redirect, kept, kid, status, created_at, "
		     "expires_at) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', UTC_TIMESTAMP(3), "
		     "UTC_TIMESTAMP(3) + INTERVAL ? SECOND)",
		     NULL },
	[TAKE_OPEN] = { "flows.take", STMT_GLOBAL, "b",
			"UPDATE oauth_flows SET status = 'exchanging' WHERE state_hash = ? "
			"AND status = 'open' AND expires_at > UTC_TIMESTAMP(3)",
			by_state },
	[BY_STATE] = { "flows.by_state", STMT_GLOBAL, "b", SELECT "WHERE state_hash = ?",
		       by_state },
	[GET] = { "flows.get", STMT_WORKSPACE, "ss", SELECT "WHERE workspace_id = ? AND id = ?",
		  NULL },
	[END] = { "flows.end", STMT_WORKSPACE, "sssss",
		  "UPDATE oauth_flows SET status = IF(? IS NULL, 'done', 'failed'), outcome = ?, "
		  "message = ?, verifier = '', candidates = NULL, kid = NULL, kept = NULL "
		  "WHERE workspace_id = ? AND id = ? AND status IN ('exchanging', 'choose')",
		  NULL },
	[OFFER] = { "flows.offer", STMT_WORKSPACE, "bsiss",
		    "UPDATE oauth_flows SET status = 'choose', candidates = ?, kid = ?, verifier = "
		    "'', kept = NULL, "
		    "expires_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		    "WHERE workspace_id = ? AND id = ? AND status = 'exchanging'",
		    NULL },
	[SWEEP] = { "flows.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM oauth_flows "
		    "WHERE expires_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY LIMIT ?",
		    "the clean-up serves every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_flows_statements[x])

const char *const flow_status_names[FLOW_STATUSES + 1] = {
	[FLOW_OPEN] = "open", [FLOW_EXCHANGING] = "exchanging", [FLOW_CHOOSE] = "choose",
	[FLOW_DONE] = "done", [FLOW_FAILED] = "failed",
};

static enum flow_status status_parse(const char *name)
{
	int i = 0;

	while (i < FLOW_FAILED && strcmp(flow_status_names[i], name) != 0)
		i++;
	return (enum flow_status)i;
}

static void read_row(const struct rows *r, struct arena *a, struct flow *ret)
{
	*ret = (struct flow){
		.workspace = rows_dup(r, 0, a),
		.id = rows_dup(r, 1, a),
		.user_id = rows_dup(r, 2, a),
		.platform = rows_dup(r, 3, a),
		.verifier = rows_dup(r, 4, a),
		.redirect = rows_dup(r, 5, a),
		.livemode = rows_int(r, 6) != 0,
		.status = status_parse(rows_text(r, 7)),
		.outcome = rows_dup(r, 9, a),
		.message = rows_dup(r, 10, a),
		.created_us = rows_instant(r, 12),
		.expires_us = rows_instant(r, 13),
		.is_expired = rows_int(r, 14) != 0,
	};
	memcpy(ret->cookie_hash, rows_text(r, 8), SHA256_BYTES);
}

int store_flows_create(struct db *db, const char *ws, const struct flow_new *in,
		       char ret_id[static ID_MAX], struct problem *reterr)
{
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	const char *kid = NULL;

	random_id(ret_id, "flow");
	if (in->kept) {
		const struct seal_place at = { ws, ret_id, "kept" };

		if (!in->keys->ring ||
		    seal_close(in->keys->ring, &at, in->kept, strlen(in->kept), &blob) < 0)
			return problem_set(reterr, PROBLEM_INTERNAL,
					   "what the flow keeps cannot be sealed");
		kid = seal_current_id(in->keys->ring);
	}
	return db_exec(db, ROW(INSERT), NULL, reterr, ws, ret_id, (const void *)in->state_hash,
		       (size_t)SHA256_BYTES, (const void *)in->cookie_hash, (size_t)SHA256_BYTES,
		       in->user_id, in->platform, (int64_t)in->livemode, in->verifier, in->redirect,
		       in->kept ? (const void *)blob.p : NULL, blob.len, kid, in->life_s);
}

int store_flows_take(struct db *db, const uint8_t state_hash[static SHA256_BYTES], struct arena *a,
		     struct flow *ret, bool *ret_is_ours, struct problem *reterr)
{
	struct rows *r = NULL;
	int64_t taken = 0;
	struct flow flow;
	int got;

	if (db_exec(db, ROW(TAKE_OPEN), &taken, reterr, (const void *)state_hash,
		    (size_t)SHA256_BYTES) < 0)
		return -1;
	got = db_query_one(db, ROW(BY_STATE), &r, reterr, (const void *)state_hash,
			   (size_t)SHA256_BYTES);
	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_OAUTH_STATE, "that connect flow is not known");
	read_row(r, a, &flow);
	rows_end(r);
	if (!taken && flow.status == FLOW_OPEN)
		return problem_set(reterr, PROBLEM_OAUTH_STATE,
				   "that connect flow has expired: start it again");
	*ret = flow;
	*ret_is_ours = taken == 1;
	return 0;
}

static int refused(struct db *db, const char *ws, const char *id, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("flow", id, reterr);
	rows_end(r);
	return problem_set(reterr, PROBLEM_CONFLICT, "that connect flow has ended");
}

int store_flows_finish(struct db *db, const char *ws, const struct flow_end *in,
		       struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(END), &changed, reterr, in->outcome, in->outcome, in->message, ws,
		    in->id) < 0)
		return -1;
	return changed ? 0 : refused(db, ws, in->id, reterr);
}

int store_flows_offer(struct db *db, const char *ws, const struct flow_offer *in,
		      const struct keys *keys, struct problem *reterr)
{
	const struct seal_place at = { ws, in->id, "candidates" };
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	int64_t changed = 0;

	if (!keys->ring ||
	    seal_close(keys->ring, &at, in->candidates, strlen(in->candidates), &blob) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "the candidates cannot be sealed");
	if (db_exec(db, ROW(OFFER), &changed, reterr, (const void *)blob.p, blob.len,
		    seal_current_id(keys->ring), in->life_s, ws, in->id) < 0)
		return -1;
	return changed ? 0 : refused(db, ws, in->id, reterr);
}

/* *ret stays as it is where nothing is sealed, or no key is given. */
static int open_column(const struct rows *r, unsigned column, const struct seal_place *at,
		       const struct keys *keys, struct arena *a, const char **ret)
{
	struct buf plain = BUF_INIT;
	int failed;

	if (!keys || !keys->ring || rows_null(r, column))
		return 0;
	failed = seal_open(keys->ring, at, rows_text(r, column), rows_len(r, column), &plain);
	if (failed == 0)
		*ret = arena_strndup(a, buf_str(&plain), plain.len);
	buf_wipe(&plain);
	return failed;
}

int store_flows_get(struct db *db, const char *ws, const struct flow_view *what, struct arena *a,
		    struct flow *ret, struct problem *reterr)
{
	const struct seal_place offered = { ws, what->id, "candidates" },
				kept = { ws, what->id, "kept" };
	struct flow flow;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, what->id), failed;

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("flow", what->id, reterr);
	read_row(r, a, &flow);
	failed = open_column(r, 11, &offered, what->keys, a, &flow.candidates);
	if (!failed)
		failed = open_column(r, 15, &kept, what->keys, a, &flow.kept);
	rows_end(r);
	if (failed < 0)
		return problem_set(reterr, PROBLEM_INTERNAL,
				   "what the flow holds cannot be opened");
	*ret = flow;
	return 0;
}

int store_flows_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

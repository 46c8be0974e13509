/* SPDX-License-Identifier: Apache-2.0 */
#include "api/idempotency.h"

#include <string.h>
#include <strings.h>

#include "api/kept.h"
#include "api/leases.h"
#include "api/principal.h"
#include "api/record.h"
#include "base/fp.h"
#include "base/log.h"
#include "db/conn.h"
#include "http/problem_json.h"
#include "http/router.h"

#define TRIES           4
#define RETRY_AFTER_S   1
/* Copying and probing an upload takes its time, while its transaction holds its own key alone. */
#define UPLOAD_IDLE_S   300
/*
 * Whose process cannot be looked at (another host, a folder of sockets that is gone) is dead after
 * this: the longest wait, and the longest that a fire may take behind it, are well within. Should it
 * live on all the same, it has lost its number, and can neither make a post nor answer.
 */
#define FOREIGN_LEASE_S 600

struct keyed { /* a request; without a key nothing of `row` counts */
	struct request *req;
	struct reply *ret;
	struct db *db;
	const char *ws;
	bool has_key;
	struct idempotency row;
};

enum found { FOUND_NOTHING, FOUND_ANSWER, FOUND_RUN };

static int in_flight(struct problem *reterr)
{
	problem_set(reterr, PROBLEM_KEY_IN_FLIGHT,
		    "the first request with this key is still at work; ask again for its answer");
	reterr->retry_after_s = RETRY_AFTER_S;
	return -1;
}

static bool invites_again(const struct reply *r)
{
	size_t i;

	for (i = 0; i < r->headers_n; i++) {
		if (strcasecmp(r->headers[i].name, "Retry-After") == 0)
			return true;
	}
	return r->status >= 500 || r->status == 429;
}

static bool may_be_kept(const struct problem *why)
{
	const int status = problem_row(why->kind)->status;

	return status < 500 && status != 429 && why->retry_after_s == 0;
}

/* Of somebody else's row: *ret_found tells what it is; k->row becomes it when it runs. */
static int look(struct keyed *k, enum found *ret_found, struct problem *reterr)
{
	struct idempotency old;
	int got = store_idempotency_find(k->db, k->ws, &k->row, k->req->arena, &old, reterr);

	*ret_found = FOUND_NOTHING;
	if (got != 1)
		return got;
	if (old.is_old)
		return store_idempotency_forget(k->db, k->ws, &old, reterr);
	if (memcmp(old.body, k->row.body, sizeof(old.body)) != 0)
		return problem_set(reterr, PROBLEM_KEY_REUSED,
				   "within the last day the key came with another request");
	*ret_found = old.status ? FOUND_ANSWER : FOUND_RUN;
	if (old.status && kept_open(k->req, &old, k->ret, reterr) < 0)
		return -1;
	if (old.status)
		reply_header(k->ret, k->req->arena, "Idempotent-Replayed", "true");
	else
		k->row = old;
	return 0;
}

static int keep_answer(struct keyed *k, struct problem *reterr)
{
	if (kept_seal(k->req, k->ret, &k->row, reterr) < 0)
		return -1;
	return store_idempotency_answer(k->db, k->ws, &k->row, reterr);
}

/* ---- one transaction: the key, what is done, the answer, the record of it ---- */

static int call_handler(struct db *db, void *arg, struct problem *reterr)
{
	const struct keyed *k = arg;

	(void)db;
	return k->req->route->handler(k->req, k->ret, reterr);
}

/* Within the transaction. A refusal is an answer, too; what the handler did before it is undone. */
static int work_and_answer(struct keyed *k, struct problem *reterr)
{
	const char *outcome = RECORD_DONE;

	if (db_transact(k->db, call_handler, k, reterr) < 0) {
		if (!may_be_kept(reterr))
			return -1;
		outcome = problem_row(reterr->kind)->code;
		problem_json(k->req, reterr, k->ret);
		problem_clear(reterr);
	}
	if (k->has_key && keep_answer(k, reterr) < 0)
		return -1;
	return record_answer(k->req, k->ret, outcome, reterr);
}

static int claim(struct keyed *k, struct problem *reterr)
{
	k->row.run = 1;
	return k->has_key ? store_idempotency_claim(k->db, k->ws, &k->row, reterr) : 1;
}

/* 1 answered; 0 somebody else has written a row: look again; -1 */
static int store_once(struct keyed *k, struct problem *reterr)
{
	const int idle_s = k->req->body_file ? UPLOAD_IDLE_S : 0;
	int got;

	if (db_begin_wide(k->db, idle_s, reterr) < 0)
		return -1;
	got = claim(k, reterr);
	if (got <= 0 || work_and_answer(k, reterr) < 0) {
		db_rollback(k->db);
		return got == 0 ? 0 : -1;
	}
	if (FP(F28_before_keeping) < 0) {
		db_rollback(k->db);
		return problem_set(reterr, PROBLEM_DB_DOWN, "a crash point was armed");
	}
	if (db_commit(k->db, reterr) < 0)
		return -1;
	(void)FP(F29_kept_unanswered);
	return 1;
}

static int run_stored(struct keyed *k, struct problem *reterr)
{
	enum found found;

	for (int i = 0; i < TRIES; i++) {
		int got = store_once(k, reterr);

		if (got > 0)
			return 0;
		if (got < 0 && (reterr->kind == PROBLEM_KEY_IN_FLIGHT || !db_met_others(k->db) ||
				i + 1 == TRIES))
			return -1;
		problem_clear(reterr);
		reply_reset(k->ret);
		if (got == 0 && (look(k, &found, reterr) < 0 || found == FOUND_ANSWER))
			return reterr->kind == PROBLEM_NONE ? 0 : -1;
	}
	return in_flight(reterr);
}

/* ---- what also happens elsewhere: a lease, and a number that must still be ours to write ---- */

static bool is_dead(const struct keyed *k)
{
	const uint8_t *ours = leases_owner(k->req->app->leases);

	/* In our own file we hold the lease that it would hold if it lived. */
	if (!k->row.has_owner || memcmp(k->row.owner, ours, sizeof(k->row.owner)) == 0)
		return true;
	return k->row.age_s > FOREIGN_LEASE_S;
}

static int take_over(struct keyed *k, struct problem *reterr)
{
	int got;

	if (!is_dead(k))
		return in_flight(reterr);
	memcpy(k->row.owner, leases_owner(k->req->app->leases), sizeof(k->row.owner));
	got = store_idempotency_take_over(k->db, k->ws, &k->row, reterr);
	if (got == 0)
		return in_flight(reterr);
	k->row.run++;
	k->req->resumes = k->row.subject;
	return got < 0 ? -1 : 0;
}

/* 1 the run is ours; 0 answered; -1 */
static int begin_run(struct keyed *k, struct problem *reterr)
{
	enum found found = FOUND_NOTHING;

	memcpy(k->row.owner, leases_owner(k->req->app->leases), sizeof(k->row.owner));
	for (int i = 0; i < TRIES; i++) {
		int got = store_idempotency_claim(k->db, k->ws, &k->row, reterr);

		k->row.run = 1;
		if (got != 0)
			return got;
		if (look(k, &found, reterr) < 0)
			return -1;
		if (found == FOUND_ANSWER)
			return 0;
		if (found == FOUND_RUN)
			return take_over(k, reterr) < 0 ? -1 : 1;
	}
	return in_flight(reterr);
}

/*
 * The work is done, whatever becomes of the answer: a repeat will find what it has made, and who was
 * overtaken says what he has seen.
 */
static void end_run(struct keyed *k, bool is_kept)
{
	struct problem why = { .kind = PROBLEM_NONE };
	int rc = is_kept ? keep_answer(k, &why)
			 : store_idempotency_let_go(k->db, k->ws, &k->row, &why);

	if (rc < 0)
		log_line(LOG_LEVEL_WARN, "idempotency.not_kept", "code=%s",
			 problem_row(why.kind)->code);
}

/* Nothing is begun without a record of it; how it ended stands with what was done, too. */
static int run_recorded(struct request *req, struct reply *ret, struct problem *reterr)
{
	struct problem why = { .kind = PROBLEM_NONE };
	const char *outcome = RECORD_DONE;
	int rc;

	if (record_answer(req, NULL, RECORD_BEGUN, reterr) < 0)
		return -1;
	rc = req->route->handler(req, ret, reterr);
	if (rc < 0) {
		outcome = problem_row(reterr->kind)->code;
		ret->status = problem_row(reterr->kind)->status;
	}
	if (record_answer(req, ret, outcome, &why) < 0)
		log_line(LOG_LEVEL_WARN, "audit.end_not_recorded", "code=%s",
			 problem_row(why.kind)->code);
	return rc;
}

static int work_elsewhere(struct keyed *k, struct problem *reterr)
{
	bool is_kept;
	int rc;

	k->req->run = k;
	rc = run_recorded(k->req, k->ret, reterr);
	k->req->run = NULL;
	is_kept = rc < 0 ? may_be_kept(reterr) : !invites_again(k->ret);
	if (rc < 0 && is_kept) {
		problem_json(k->req, reterr, k->ret);
		problem_clear(reterr);
		rc = 0;
	}
	(void)FP(F30_done_unkept);
	end_run(k, is_kept);
	(void)FP(F29_kept_unanswered);
	return rc;
}

static int run_resumed(struct keyed *k, struct problem *reterr)
{
	const struct leases *leases = k->req->app->leases;
	int rc;

	if (!leases_take(leases, k->row.key))
		return in_flight(reterr);
	rc = begin_run(k, reterr);
	if (rc > 0)
		rc = work_elsewhere(k, reterr);
	leases_drop(leases, k->row.key);
	return rc;
}

int idempotency_pin(const struct request *req, const char *id, struct problem *reterr)
{
	struct keyed *k = req->run;

	if (!k)
		return 0;
	k->row.subject = id;
	return store_idempotency_pin(k->db, k->ws, &k->row, reterr);
}

int idempotency_run(struct request *req, struct reply *ret, struct problem *reterr)
{
	const enum route_repeat repeat = req->route->repeat;
	struct keyed k = { .req = req, .ret = ret, .db = req->app->db };

	if (!record_is_due(req) || (repeat != REPEAT_STORED && repeat != REPEAT_RESUMED))
		return req->route->handler(req, ret, reterr);
	k.ws = req->principal->workspace;
	k.has_key = req->idempotency_key != NULL;
	if (!k.has_key)
		return repeat == REPEAT_STORED ? run_stored(&k, reterr)
					       : run_recorded(req, ret, reterr);
	kept_key(req, k.row.key);
	if (kept_fingerprint(req, k.row.body, reterr) < 0)
		return -1;
	return repeat == REPEAT_STORED ? run_stored(&k, reterr) : run_resumed(&k, reterr);
}

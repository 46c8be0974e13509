/* SPDX-License-Identifier: Apache-2.0 */
#include "store/queue.h"

#include <string.h>

#include "base/clock.h"
#include "db/bulk.h"
#include "db/conn.h"
#include "store/results.h"

enum {
	CLAIM_ALL,
	CLAIM_READY,
	CLAIM_SUSPECT,
	CLAIM_ONE,
	LOAD,
	TAKE,
	MOVE,
	GO_LIVE,
	RENEW,
	MARK,
	IS_TAKEN,
	HAS_TWIN,
	BEFORE,
	LAST_FIRE,
	NOW
};

#define GLOBAL_REASON "the runner serves every workspace"
#define LEASE         "TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(6))"
#define CLAIM                                                            \
	"SELECT workspace_id, id, claims FROM posts FORCE INDEX (wake) " \
	"WHERE wake_at <= UTC_TIMESTAMP(6) AND wake_at >= ? "
#define ALONE_CLAIMS 4
#define IS_SUSPECT   "AND claims >= 2 "
#define NO_SUSPECT   "AND claims < 2 "
#define CLAIM_END    "ORDER BY wake_at LIMIT ? FOR UPDATE SKIP LOCKED"
#define EFFECTS                                                      \
	"FROM attempts e WHERE e.workspace_id = posts.workspace_id " \
	"AND e.post_id = posts.id AND e.state = 'effect' "
/* As platforms may give a text back: they fold and trim blanks. */
#define TEXT_OF(alias)                                                               \
	"REGEXP_REPLACE(COALESCE(JSON_VALUE(" alias ".snapshot, '$.caption'), ''), " \
	"'[[:space:]]+', '')"
#define NO_ERROR                                                                              \
	"error_code = NULL, error_message = NULL, error_who = NULL, error_retryable = NULL, " \
	"platform_code = NULL, platform_message = NULL, "

const struct stmt store_queue_statements[] = {
	[CLAIM_ALL] = { "queue.claim_all", STMT_GLOBAL, "ti", CLAIM NO_SUSPECT CLAIM_END,
			GLOBAL_REASON },
	[CLAIM_READY] = { "queue.claim_ready", STMT_GLOBAL, "ti",
			  CLAIM NO_SUSPECT
			  "AND state IN ('staged', 'publishing', 'confirming') " CLAIM_END,
			  GLOBAL_REASON },
	[CLAIM_SUSPECT] = { "queue.claim_suspect", STMT_GLOBAL, "ti", CLAIM IS_SUSPECT CLAIM_END,
			    GLOBAL_REASON },
	/* Assignments run from left to right: version must still see the old state. */
	[CLAIM_ONE] = { "queue.claim_one", STMT_WORKSPACE, "siss",
			"UPDATE " STORE_POSTS_ONE
			" SET fence = fence + 1, owner = ?, claims = claims + 1, "
			"wake_at = " LEASE ", "
			"version = version + IF(state IN ('queued', 'retrying'), 1, 0), "
			"state = IF(state IN ('queued', 'retrying'), 'staging', state) "
			"WHERE workspace_id = ? AND id = ?",
			NULL },
	[LOAD] = { "queue.load", STMT_GLOBAL, "s",
		   "SELECT k.n, " STORE_POSTS_COLUMNS ", " STORE_ACCOUNTS_COLUMNS ", "
		   "posts.workspace_id, posts.memo, t.seq, t.state, t.permit, t.host, t.boot_id, "
		   "t.handle, t.pid, t.start_ticks, t.sent_at, t.last_read_at, t.negatives, "
		   "IF(posts.state IN ('publishing', 'confirming'), posts.snapshot, NULL), "
		   "(SELECT COUNT(*) " EFFECTS "), (SELECT COALESCE(MAX(e.seq), 0) " EFFECTS
		   "), (SELECT e.handle " EFFECTS "ORDER BY e.seq DESC LIMIT 1) FROM " ROW_KEYS
		   "STRAIGHT_JOIN posts ON posts.workspace_id = k.workspace_id AND posts.id = k.id "
		   "STRAIGHT_JOIN accounts ON accounts.workspace_id = posts.workspace_id "
		   "AND accounts.id = posts.account_id "
		   "LEFT JOIN attempts t ON t.workspace_id = posts.workspace_id "
		   "AND t.post_id = posts.id AND t.seq = posts.attempts",
		   GLOBAL_REASON },
	[TAKE] = { "queue.take", STMT_WORKSPACE, "sissi",
		   "UPDATE posts SET fence = fence + 1, version = version + 1, owner = ?, "
		   "claims = 1, is_immediate = TRUE, wake_at = " LEASE ", reason = NULL, "
		   "tries = 0, " NO_ERROR "state = IF(state = 'staged', state, 'staging'), "
		   "updated_at = UTC_TIMESTAMP(3) "
		   "WHERE workspace_id = ? AND id = ? AND fence = ? AND state IN "
		   "('queued', 'staging', 'staged', 'retrying', 'failed', 'missed')",
		   NULL },
	[MOVE] = { "queue.move", STMT_WORKSPACE, "ssiitisssttssssIssssii",
		   "UPDATE " STORE_POSTS_ONE
		   " SET state = ?, reason = ?, owner = IF(? > 0, owner, NULL), "
		   "wake_at = IF(? > 0, wake_at, ?), tries = ?, claims = 0, memo = ?, "
		   "remote_id = ?, remote_url = ?, published_at = ?, next_attempt_at = ?, "
		   "waiting_for = LEFT(?, 200), error_code = ?, error_message = LEFT(?, 1000), "
		   "error_who = ?, error_retryable = ?, platform_code = LEFT(?, 64), "
		   "platform_message = LEFT(?, 1000), version = version + 1, "
		   "updated_at = UTC_TIMESTAMP(3) "
		   "WHERE workspace_id = ? AND id = ? AND fence = ? AND version = ?",
		   NULL },
	[GO_LIVE] = { "queue.go_live", STMT_WORKSPACE, "ssi",
		      "UPDATE contents SET state = 'published', version = version + 1, "
		      "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ? "
		      "AND state = 'approved' AND revision = ?",
		      NULL },
	[RENEW] = { "queue.renew", STMT_WORKSPACE, "issi",
		    "UPDATE " STORE_POSTS_ONE " SET wake_at = " LEASE " "
		    "WHERE workspace_id = ? AND id = ? AND fence = ?",
		    NULL },
	[MARK] = { "queue.mark", STMT_WORKSPACE, "ss",
		   "SELECT state, fence, version FROM posts WHERE workspace_id = ? AND id = ?",
		   NULL },
	[IS_TAKEN] = { "queue.is_taken", STMT_WORKSPACE, "sssss",
		       "SELECT 1 FROM posts WHERE platform = ? AND account_id = ? "
		       "AND remote_id = ? AND workspace_id = ? AND id <> ?",
		       NULL },
	[HAS_TWIN] = { "queue.has_twin", STMT_WORKSPACE, "ss",
		       "SELECT 1 FROM posts p JOIN posts o ON o.workspace_id = p.workspace_id "
		       "AND o.account_id = p.account_id AND o.id <> p.id "
		       "AND o.due_at BETWEEN p.due_at - INTERVAL 31 DAY AND p.due_at + INTERVAL 31 "
		       "DAY "
		       "JOIN attempts t ON t.workspace_id = o.workspace_id "
		       "AND t.post_id = o.id AND t.seq = o.attempts "
		       "WHERE p.workspace_id = ? AND p.id = ? AND o.remote_id IS NULL "
		       "AND (t.state IN ('sent', 'in_doubt', 'effect') "
		       "OR o.waiting_for = 'platform') "
		       "AND " TEXT_OF("o") " = " TEXT_OF("p") " LIMIT 1",
		       NULL },
	[BEFORE] = { "queue.before", STMT_WORKSPACE, "sstts",
		     "SELECT COUNT(*) FROM (SELECT 1 FROM posts WHERE workspace_id = ? "
		     "AND account_id = ? AND due_at >= UTC_TIMESTAMP(3) - INTERVAL 1 DAY "
		     "AND (due_at < ? OR (due_at = ? AND id < ?)) "
		     "AND state IN ('queued', 'staging', 'staged') LIMIT 100) AS before_it",
		     NULL },
	[LAST_FIRE] = { "queue.last_fire", STMT_WORKSPACE, "ss",
			"SELECT MAX(t.sent_at) FROM posts JOIN attempts t "
			"ON t.workspace_id = posts.workspace_id AND t.post_id = posts.id "
			"WHERE posts.workspace_id = ? AND posts.account_id = ? "
			"AND t.state <> 'no_effect' "
			"AND posts.due_at BETWEEN UTC_TIMESTAMP(3) - INTERVAL 1 DAY "
			"AND UTC_TIMESTAMP(3)",
			NULL },
	[NOW] = { "queue.now", STMT_GLOBAL, "", "SELECT UTC_TIMESTAMP(6)", "a clock has no rows" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_queue_statements[x])

static const char *const attempt_names[] = { "", "sent", "in_doubt", "effect", "no_effect" };

struct claiming {
	const struct queue_claim *in;
	struct arena *arena;
	struct row_key *keys;
	size_t n;
};

/* A strong suspect goes alone: it ends the list, or is the list. */
static int read_keys(struct rows *r, struct arena *a, struct row_key *keys, size_t *ret_n,
		     struct problem *reterr)
{
	bool is_over = false;
	size_t n = 0;
	int got;

	while ((got = rows_next(r, reterr)) == 1) {
		const bool is_alone = rows_int(r, 2) >= ALONE_CLAIMS;

		if (!is_over && !(is_alone && n > 0))
			keys[n++] = (struct row_key){ rows_dup(r, 0, a), rows_dup(r, 1, a) };
		is_over |= is_alone;
	}
	*ret_n = n;
	return got;
}

static int claim_rows(struct db *db, void *arg, struct problem *reterr)
{
	static const int rows[] = { [QUEUE_ALL] = CLAIM_ALL,
				    [QUEUE_READY] = CLAIM_READY,
				    [QUEUE_SUSPECT] = CLAIM_SUSPECT };
	struct claiming *c = arg;
	const struct queue_claim *in = c->in;
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(rows[in->part]), &r, reterr, in->mark_us, in->most) < 0)
		return -1;
	got = read_keys(r, c->arena, c->keys, &c->n, reterr);
	rows_end(r);
	if (got < 0)
		return -1;
	db_bulk_begin(db);
	for (size_t i = 0; i < c->n; i++)
		(void)db_exec(db, ROW(CLAIM_ONE), NULL, reterr, in->owner, in->lease_s,
			      c->keys[i].workspace, c->keys[i].id);
	return db_bulk_end(db, reterr);
}

int store_queue_claim(struct db *db, const struct queue_claim *in, struct arena *a,
		      struct row_key **ret, size_t *ret_n, struct problem *reterr)
{
	struct claiming c = { .in = in, .arena = a };

	c.keys = arena_array(a, (size_t)in->most, sizeof(*c.keys));
	if (db_transact(db, claim_rows, &c, reterr) < 0)
		return -1;
	*ret = c.keys;
	*ret_n = c.n;
	return 0;
}

static enum attempt_state attempt_parse(const char *name)
{
	for (int i = ATTEMPT_SENT; i <= ATTEMPT_NO_EFFECT; i++) {
		if (name && strcmp(name, attempt_names[i]) == 0)
			return (enum attempt_state)i;
	}
	return ATTEMPT_NONE;
}

#define ATTEMPT_COLUMNS_N 11

static void read_attempt(const struct rows *r, unsigned c, struct arena *a,
			 struct queue_attempt *ret)
{
	*ret = (struct queue_attempt){
		.seq = rows_int(r, c),
		.state = attempt_parse(rows_text(r, c + 1)),
		.host = rows_dup(r, c + 3, a),
		.boot_id = rows_dup(r, c + 4, a),
		.handle = rows_dup(r, c + 5, a),
		.pid = rows_int(r, c + 6),
		.start_ticks = rows_int(r, c + 7),
		.sent_us = rows_instant(r, c + 8),
		.last_read_us = rows_instant(r, c + 9),
		.negatives = rows_int(r, c + 10),
	};
	if (rows_len(r, c + 2) == PERMIT_BYTES)
		memcpy(ret->permit, rows_text(r, c + 2), PERMIT_BYTES);
}

static void read_loaded(const struct rows *r, struct arena *a, struct queue_post *ret)
{
	const unsigned account = 1 + STORE_POSTS_COLUMNS_N;
	const unsigned more = account + STORE_ACCOUNTS_COLUMNS_N;
	const unsigned last = more + 2 + ATTEMPT_COLUMNS_N;

	*ret = (struct queue_post){
		.workspace = rows_dup(r, more, a),
		.memo = rows_dup(r, more + 1, a),
		.snapshot = rows_dup(r, last, a),
		.live_n = rows_int(r, last + 1),
		.live_seq = rows_int(r, last + 2),
		.live_id = rows_dup(r, last + 3, a),
	};
	store_posts_read(r, 1, a, &ret->post);
	store_accounts_read(r, account, a, &ret->account);
	read_attempt(r, more + 2, a, &ret->attempt);
}

int store_queue_load_all(struct db *db, struct queue_loading *v, size_t n, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf keys = BUF_INIT;
	struct rows *r = NULL;
	int got;

	row_keys_print(&v->key, n, sizeof(*v), &keys);
	if (db_query(db, ROW(LOAD), &r, reterr, buf_str(&keys)) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		const size_t i = (size_t)rows_int(r, 0) - 1;

		if (i < n) {
			read_loaded(r, v[i].arena, v[i].ret);
			v[i].is_found = true;
		}
	}
	rows_end(r);
	return got;
}

int store_queue_load(struct db *db, const struct row_key *key, struct arena *a,
		     struct queue_post *ret, struct problem *reterr)
{
	struct queue_loading one = { .key = *key, .arena = a, .ret = ret };

	if (store_queue_load_all(db, &one, 1, reterr) < 0)
		return -1;
	if (!one.is_found)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist", key->id);
	return 0;
}

int store_queue_take(struct db *db, const char *ws, const struct queue_takeover *in,
		     bool *ret_is_ours, struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(TAKE), &changed, reterr, in->owner, in->lease_s, ws, in->id,
		    in->fence) < 0)
		return -1;
	*ret_is_ours = changed == 1;
	return 0;
}

static int run_move(struct db *db, const char *ws, const struct queue_move *m,
		    const char *remote_id, int64_t *ret_changed, struct problem *reterr)
{
	const struct post_error *e = &m->error;
	const bool has_error = e->code != POST_ERROR_NONE;

	return db_exec(db, ROW(MOVE), ret_changed, reterr, post_state_name(m->state), m->reason,
		       (int64_t)m->is_kept, (int64_t)m->is_kept, m->wake_us, m->tries, m->memo,
		       remote_id, m->remote_url, m->published_us, m->next_attempt_us,
		       m->waiting_for, post_error_name(e->code), has_error ? e->message : NULL,
		       has_error ? who_name(e->who) : NULL,
		       has_error ? (int64_t)e->is_retryable : INT64_MIN,
		       has_error ? e->platform_code : NULL, has_error ? e->platform_message : NULL,
		       ws, m->id, m->fence, m->version);
}

static int go_live(struct db *db, const char *ws, const struct post *p, const char *remote_id,
		   struct problem *reterr)
{
	const struct result_start start = { p->id, p->account_id, remote_id, p->published_us };

	if (db_exec(db, ROW(GO_LIVE), NULL, reterr, ws, p->content_id, p->content_revision) < 0)
		return -1;
	return store_results_begin(db, ws, &start, reterr);
}

int store_queue_move(struct db *db, const char *ws, const struct queue_move *in, bool *ret_is_ours,
		     struct problem *reterr)
{
	const char *remote_id = in->remote_id;
	int64_t changed = 0;

	/* One remote object stands for one post: the second claim to it is dropped, not the post. */
	if (run_move(db, ws, in, remote_id, &changed, reterr) < 0) {
		if (db_errno(db) != DB_ERROR_DUPLICATE || !remote_id)
			return -1;
		remote_id = NULL;
		if (run_move(db, ws, in, remote_id, &changed, reterr) < 0)
			return -1;
	}
	*ret_is_ours = changed == 1;
	return changed == 1 && in->live ? go_live(db, ws, in->live, remote_id, reterr) : 0;
}

int store_queue_renew(struct db *db, const char *ws, const struct queue_takeover *in,
		      bool *ret_is_ours, struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(RENEW), &changed, reterr, in->lease_s, ws, in->id, in->fence) < 0)
		return -1;
	*ret_is_ours = changed == 1;
	return 0;
}

int store_queue_mark(struct db *db, const struct row_key *key, struct queue_mark *ret,
		     struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(MARK), &r, reterr, key->workspace, key->id);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "post %s does not exist", key->id);
	if (post_state_parse(rows_text(r, 0), &ret->state) < 0)
		ret->state = POST_PAUSED;
	ret->fence = rows_int(r, 1);
	ret->version = rows_int(r, 2);
	rows_end(r);
	return 0;
}

int store_queue_is_taken(struct db *db, const char *ws, const struct queue_remote *in, bool *ret,
			 struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(IS_TAKEN), &r, reterr, in->platform, in->account_id,
			       in->remote_id, ws, in->but_post_id);

	if (got < 0)
		return -1;
	if (got == 1)
		rows_end(r);
	*ret = got == 1;
	return 0;
}

int store_queue_has_twin(struct db *db, const char *ws, const char *post_id, bool *ret,
			 struct problem *reterr)
{
	struct rows *r = NULL;
	const int got = db_query_one(db, ROW(HAS_TWIN), &r, reterr, ws, post_id);

	if (got < 0)
		return -1;
	if (got == 1)
		rows_end(r);
	*ret = got == 1;
	return 0;
}

int store_queue_before(struct db *db, const char *ws, const struct post *post, int64_t *ret_n,
		       struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(BEFORE), &r, reterr, ws, post->account_id, post->due_us,
			 post->due_us, post->id) != 1)
		return -1;
	*ret_n = rows_int(r, 0);
	rows_end(r);
	return 0;
}

int store_queue_last_fire(struct db *db, const char *ws, const char *account_id, int64_t *ret_us,
			  struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(LAST_FIRE), &r, reterr, ws, account_id) != 1)
		return -1;
	*ret_us = rows_instant(r, 0);
	rows_end(r);
	return 0;
}

int store_queue_now(struct db *db, int64_t *ret_us, struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(NOW), &r, reterr) != 1)
		return -1;
	*ret_us = rows_instant(r, 0);
	rows_end(r);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/results.h"

#include <string.h>

#include "db/conn.h"

enum { BEGIN, DUE, LEASE, TELL, FAIL, LEAVE, RECENT };

const struct stmt store_results_statements[] = {
	[BEGIN] = { "results.begin", STMT_WORKSPACE, "ssst",
		    "INSERT IGNORE INTO post_results (workspace_id, post_id, account_id, "
		    "published_at, next_at) VALUES (?, ?, ?, COALESCE(?, UTC_TIMESTAMP(3)), "
		    "UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)",
		    NULL },
	[DUE] = { "results.due", STMT_GLOBAL, "i",
		  "SELECT r.workspace_id, r.post_id, r.account_id, p.remote_id, p.platform, "
		  "r.published_at "
		  "FROM post_results r FORCE INDEX (due) JOIN posts p "
		  "ON p.workspace_id = r.workspace_id AND p.id = r.post_id "
		  "WHERE r.next_at <= UTC_TIMESTAMP(3) ORDER BY r.next_at LIMIT ? "
		  "FOR UPDATE SKIP LOCKED",
		  "the runner serves every workspace" },
	[LEASE] = { "results.lease", STMT_WORKSPACE, "iss",
		    "UPDATE post_results SET next_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		    "WHERE workspace_id = ? AND post_id = ?",
		    NULL },
	[TELL] = { "results.tell", STMT_WORKSPACE, "IIIIIdtss",
		   "UPDATE post_results SET views = COALESCE(?, views), "
		   "likes = COALESCE(?, likes), comments = COALESCE(?, comments), "
		   "shares = COALESCE(?, shares), saves = COALESCE(?, saves), score = ?, "
		   "readings = readings + 1, failures = 0, read_at = UTC_TIMESTAMP(3), "
		   "next_at = ? WHERE workspace_id = ? AND post_id = ?",
		   NULL },
	[FAIL] = { "results.fail", STMT_WORKSPACE, "ss",
		   "UPDATE post_results SET failures = failures + 1, next_at = "
		   "IF(failures > 5, NULL, UTC_TIMESTAMP(3) + INTERVAL POW(2, failures) HOUR) "
		   "WHERE workspace_id = ? AND post_id = ?",
		   NULL },
	[LEAVE] = { "results.leave", STMT_WORKSPACE, "tss",
		    "UPDATE post_results SET next_at = ? WHERE workspace_id = ? AND post_id = ?",
		    NULL },
	[RECENT] = { "results.recent", STMT_WORKSPACE, "ssi",
		     "SELECT published_at, score FROM post_results FORCE INDEX (by_account) "
		     "WHERE workspace_id = ? AND account_id = ? AND score IS NOT NULL "
		     "ORDER BY published_at DESC LIMIT ?",
		     NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_results_statements[x])

int store_results_begin(struct db *db, const char *ws, const struct result_start *in,
			struct problem *reterr)
{
	if (!in->remote_id)
		return 0;
	return db_exec(db, ROW(BEGIN), NULL, reterr, ws, in->post_id, in->account_id,
		       in->published_us);
}

struct claiming {
	const struct result_claim *in;
	struct arena *arena;
	struct result_batch *v;
	size_t n;
};

/* Where the post of the row belongs; NULL: there is no room for it. */
static struct result_batch *batch_for(struct claiming *c, const struct rows *r)
{
	const size_t most = c->in->batch_most(rows_text(r, 4));
	struct result_batch *b = c->v;

	for (; b < c->v + c->n; b++) {
		if (b->n < most && strcmp(b->workspace, rows_text(r, 0)) == 0 &&
		    strcmp(b->account_id, rows_text(r, 2)) == 0)
			return b;
	}
	if (c->n == c->in->most)
		return NULL;
	*b = (struct result_batch){
		.workspace = rows_dup(r, 0, c->arena),
		.account_id = rows_dup(r, 2, c->arena),
		.posts =
			arena_array(c->arena, most < RESULTS_CLAIM_MOST ? most : RESULTS_CLAIM_MOST,
				    sizeof(*b->posts)),
	};
	c->n++;
	return b;
}

static int lease(struct db *db, const struct claiming *c, const struct result_batch *b,
		 struct problem *reterr)
{
	for (size_t i = 0; i < b->n; i++) {
		if (db_exec(db, ROW(LEASE), NULL, reterr, c->in->lease_s, b->workspace,
			    b->posts[i].post_id) < 0)
			return -1;
	}
	return 0;
}

static int claim(struct db *db, void *arg, struct problem *reterr)
{
	struct claiming *c = arg;
	struct result_batch *b;
	struct rows *r = NULL;
	int got;

	c->n = 0;
	if (db_query(db, ROW(DUE), &r, reterr, (int64_t)RESULTS_CLAIM_MOST) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		b = batch_for(c, r);
		if (b)
			b->posts[b->n++] = (struct result_due){
				.post_id = rows_dup(r, 1, c->arena),
				.remote_id = rows_dup(r, 3, c->arena),
				.published_us = rows_instant(r, 5),
			};
	}
	rows_end(r);
	for (size_t i = 0; got == 0 && i < c->n; i++)
		got = lease(db, c, &c->v[i], reterr);
	return got;
}

int store_results_claim(struct db *db, const struct result_claim *in, struct arena *a,
			struct result_batch *ret, size_t *ret_n, struct problem *reterr)
{
	struct claiming c = { in, a, ret, 0 };

	if (db_transact(db, claim, &c, reterr) < 0)
		return -1;
	*ret_n = c.n;
	return 0;
}

static int64_t or_null(int64_t count)
{
	return count < 0 ? INT64_MIN : count;
}

struct noting {
	const char *ws;
	const struct result_note *notes;
	size_t n;
};

static int note(struct db *db, const char *ws, const struct result_note *n, struct problem *reterr)
{
	const struct engagement_counts *c = &n->counts;

	if (n->end == RESULT_FAILED)
		return db_exec(db, ROW(FAIL), NULL, reterr, ws, n->post_id);
	if (n->end == RESULT_LEFT)
		return db_exec(db, ROW(LEAVE), NULL, reterr, n->next_us, ws, n->post_id);
	return db_exec(db, ROW(TELL), NULL, reterr, or_null(c->views), or_null(c->likes),
		       or_null(c->comments), or_null(c->shares), or_null(c->saves),
		       engagement_score(c), n->next_us, ws, n->post_id);
}

static int note_all(struct db *db, void *arg, struct problem *reterr)
{
	const struct noting *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		if (note(db, all->ws, &all->notes[i], reterr) < 0)
			return -1;
	}
	return 0;
}

int store_results_note(struct db *db, const char *ws, const struct result_note *notes, size_t n,
		       struct problem *reterr)
{
	struct noting all = { ws, notes, n };

	return db_transact(db, note_all, &all, reterr);
}

int store_results_recent(struct db *db, const char *ws, const char *account_id, struct arena *a,
			 struct result_scores *ret, struct problem *reterr)
{
	struct result_scores list = { .v = arena_array(a, RESULTS_RECENT_MAX, sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(RECENT), &r, reterr, ws, account_id, (int64_t)RESULTS_RECENT_MAX) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list.v[list.n++] = (struct result_score){ rows_instant(r, 0), rows_number(r, 1) };
	rows_end(r);
	*ret = list;
	return got;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/results.h"

#include "db/conn.h"

enum { BEGIN, DUE, LEASE, TELL, FAIL, RECENT };

/* First after an hour, then when most has been seen, then when it is over. */
#define NEXT                                                          \
	"CASE WHEN published_at > UTC_TIMESTAMP(3) - INTERVAL 1 DAY " \
	"THEN published_at + INTERVAL 1 DAY "                         \
	"WHEN published_at > UTC_TIMESTAMP(3) - INTERVAL 3 DAY "      \
	"THEN published_at + INTERVAL 3 DAY "                         \
	"WHEN published_at > UTC_TIMESTAMP(3) - INTERVAL 7 DAY "      \
	"THEN published_at + INTERVAL 7 DAY END"

const struct stmt store_results_statements[] = {
	[BEGIN] = { "results.begin", STMT_WORKSPACE, "ssst",
		    "INSERT IGNORE INTO post_results (workspace_id, post_id, account_id, "
		    "published_at, next_at) VALUES (?, ?, ?, COALESCE(?, UTC_TIMESTAMP(3)), "
		    "UTC_TIMESTAMP(3) + INTERVAL 1 HOUR)",
		    NULL },
	[DUE] = { "results.due", STMT_GLOBAL, "i",
		  "SELECT r.workspace_id, r.post_id, r.account_id, p.remote_id "
		  "FROM post_results r FORCE INDEX (due) JOIN posts p "
		  "ON p.workspace_id = r.workspace_id AND p.id = r.post_id "
		  "WHERE r.next_at <= UTC_TIMESTAMP(3) ORDER BY r.next_at LIMIT ? "
		  "FOR UPDATE SKIP LOCKED",
		  "the runner serves every workspace" },
	[LEASE] = { "results.lease", STMT_WORKSPACE, "iss",
		    "UPDATE post_results SET next_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		    "WHERE workspace_id = ? AND post_id = ?",
		    NULL },
	[TELL] = { "results.tell", STMT_WORKSPACE, "IIIIIdss",
		   "UPDATE post_results SET views = COALESCE(?, views), "
		   "likes = COALESCE(?, likes), comments = COALESCE(?, comments), "
		   "shares = COALESCE(?, shares), saves = COALESCE(?, saves), score = ?, "
		   "readings = readings + 1, failures = 0, read_at = UTC_TIMESTAMP(3), "
		   "next_at = " NEXT " WHERE workspace_id = ? AND post_id = ?",
		   NULL },
	[FAIL] = { "results.fail", STMT_WORKSPACE, "iss",
		   "UPDATE post_results SET failures = failures + 1, next_at = "
		   "IF(? OR failures > 5, NULL, UTC_TIMESTAMP(3) + INTERVAL POW(2, failures) HOUR) "
		   "WHERE workspace_id = ? AND post_id = ?",
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
	struct result_due *v;
	size_t n;
};

static int claim(struct db *db, void *arg, struct problem *reterr)
{
	struct claiming *c = arg;
	struct rows *r = NULL;
	int got;

	c->n = 0;
	if (db_query(db, ROW(DUE), &r, reterr, c->in->most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		c->v[c->n++] = (struct result_due){
			.workspace = rows_dup(r, 0, c->arena),
			.post_id = rows_dup(r, 1, c->arena),
			.account_id = rows_dup(r, 2, c->arena),
			.remote_id = rows_dup(r, 3, c->arena),
		};
	rows_end(r);
	for (size_t i = 0; got == 0 && i < c->n; i++)
		got = db_exec(db, ROW(LEASE), NULL, reterr, c->in->lease_s, c->v[i].workspace,
			      c->v[i].post_id);
	return got;
}

int store_results_claim(struct db *db, const struct result_claim *in, struct arena *a,
			struct result_due *ret, size_t *ret_n, struct problem *reterr)
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

int store_results_tell(struct db *db, const char *ws, const char *post_id,
		       const struct engagement_counts *c, struct problem *reterr)
{
	return db_exec(db, ROW(TELL), NULL, reterr, or_null(c->views), or_null(c->likes),
		       or_null(c->comments), or_null(c->shares), or_null(c->saves),
		       engagement_score(c), ws, post_id);
}

int store_results_fail(struct db *db, const char *ws, const char *post_id, bool is_final,
		       struct problem *reterr)
{
	return db_exec(db, ROW(FAIL), NULL, reterr, (int64_t)is_final, ws, post_id);
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

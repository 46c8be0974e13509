/* SPDX-License-Identifier: Apache-2.0 */
#include "store/limits.h"

#include <string.h>

#include "base/clock.h"
#include "db/conn.h"

#define LIST_MOST 1000 /* budgets */
#define ROWS_MOST (LIST_MOST + 100)

enum { TAKE, REFUSE, GIVE_BACK, CLOSE, FAULT, ANSWER, PROBE, HALF_OPEN, LIST };

#define REASON    "a platform's limits hold over all workspaces"
#define NOW       "UTC_TIMESTAMP(3)"
#define WINDOW    "window_at + INTERVAL ? SECOND"
#define OF_BUDGET "WHERE platform = ? AND livemode = ? AND name = ? AND subject = ?"
#define OF_CLASS  "WHERE platform = ? AND livemode = ? AND class = ? AND server = ?"

const struct stmt store_limits_statements[] = {
	/* Assignments run from left to right: used must still see the old window. */
	[TAKE] = { "limits.take", STMT_GLOBAL, "sissii",
		   "INSERT INTO budgets (platform, livemode, name, subject, window_at, used) "
		   "VALUES (?, ?, ?, ?, " NOW ", 1) ON DUPLICATE KEY UPDATE "
		   "used = IF(" WINDOW " <= " NOW ", 1, used + 1), "
		   "window_at = IF(" WINDOW " <= " NOW ", " NOW ", window_at)",
		   REASON },
	[REFUSE] = { "limits.refuse", STMT_GLOBAL, "isissi",
		     "UPDATE budgets SET used = used - 1, "
		     "closed_until = GREATEST(COALESCE(closed_until, " NOW "), " WINDOW
		     ") " OF_BUDGET " AND used > ?",
		     REASON },
	[GIVE_BACK] = { "limits.give_back", STMT_GLOBAL, "siss",
			"UPDATE budgets SET used = used - 1 " OF_BUDGET " AND used > 0", REASON },
	[CLOSE] = { "limits.close", STMT_GLOBAL, "sisst",
		    "INSERT INTO budgets (platform, livemode, name, subject, window_at, used, "
		    "closed_until) VALUES (?, ?, ?, ?, " NOW ", 0, ?) ON DUPLICATE KEY UPDATE "
		    "closed_until = GREATEST(COALESCE(closed_until, VALUES(closed_until)), "
		    "VALUES(closed_until))",
		    REASON },
	[FAULT] = { "limits.fault", STMT_GLOBAL, "sissiiiiii",
		    "INSERT INTO breakers (platform, livemode, class, server, failures, opened_at, "
		    "probe_at) VALUES (?, ?, ?, ?, 1, IF(? <= 1, " NOW ", NULL), "
		    "IF(? <= 1, " NOW " + INTERVAL ? SECOND, NULL)) ON DUPLICATE KEY UPDATE "
		    "failures = LEAST(failures + 1, 1000000), "
		    "probe_at = IF(opened_at IS NULL AND failures >= ?, "
		    "" NOW " + INTERVAL ? SECOND, probe_at), "
		    "opened_at = IF(opened_at IS NULL AND failures >= ?, " NOW ", opened_at)",
		    REASON },
	[ANSWER] = { "limits.answer", STMT_GLOBAL, "siss",
		     "UPDATE breakers SET failures = 0 " OF_CLASS " AND opened_at IS NULL",
		     REASON },
	[PROBE] = { "limits.probe", STMT_GLOBAL, "isiss",
		    "UPDATE breakers SET probe_at = " NOW " + INTERVAL ? SECOND " OF_CLASS
		    " AND opened_at IS NOT NULL AND probe_at <= " NOW,
		    REASON },
	[HALF_OPEN] = { "limits.half_open", STMT_GLOBAL, "isiss",
			"UPDATE breakers SET opened_at = NULL, probe_at = NULL, "
			"failures = ? " OF_CLASS,
			REASON },
	[LIST] = { "limits.list", STMT_GLOBAL, "i",
		   "(SELECT 1, platform, livemode, class, server, failures, "
		   "IF(opened_at IS NULL, NULL, probe_at) FROM breakers WHERE failures > 0 "
		   "ORDER BY opened_at IS NULL, probe_at LIMIT 100) "
		   "UNION ALL (SELECT 0, platform, livemode, name, subject, used, closed_until "
		   "FROM budgets WHERE closed_until > " NOW " ORDER BY closed_until LIMIT ?)",
		   REASON },
	{ NULL, STMT_GLOBAL, NULL, NULL, NULL },
};

#define ROW(x) (&store_limits_statements[x])

static const char *const class_names[] = { "publish", "read" };

static const char *server_of(const struct breaker_key *key)
{
	return key->server ? key->server : "";
}

int store_limits_take(struct db *db, const struct budget_key *key, int64_t window_s, int64_t most,
		      bool *ret_is_given, struct problem *reterr)
{
	const int64_t livemode = key->livemode;
	int64_t changed = 0;

	if (db_exec(db, ROW(TAKE), NULL, reterr, key->platform, livemode, key->name, key->subject,
		    window_s, window_s) < 0 ||
	    db_exec_exception(db, ROW(REFUSE), &changed, reterr, window_s, key->platform, livemode,
			      key->name, key->subject, most) < 0)
		return -1;
	*ret_is_given = changed == 0;
	return 0;
}

int store_limits_give_back(struct db *db, const struct budget_key *key, struct problem *reterr)
{
	return db_exec(db, ROW(GIVE_BACK), NULL, reterr, key->platform, (int64_t)key->livemode,
		       key->name, key->subject);
}

int store_limits_close(struct db *db, const struct budget_key *key, int64_t until_us,
		       struct problem *reterr)
{
	return db_exec(db, ROW(CLOSE), NULL, reterr, key->platform, (int64_t)key->livemode,
		       key->name, key->subject, until_us);
}

int store_limits_fault(struct db *db, const struct breaker_key *key, int64_t most, int64_t probe_s,
		       struct problem *reterr)
{
	return db_exec(db, ROW(FAULT), NULL, reterr, key->platform, (int64_t)key->livemode,
		       class_names[key->class], server_of(key), most, most, probe_s, most, probe_s,
		       most);
}

int store_limits_answer(struct db *db, const struct breaker_key *key, struct problem *reterr)
{
	return db_exec(db, ROW(ANSWER), NULL, reterr, key->platform, (int64_t)key->livemode,
		       class_names[key->class], server_of(key));
}

int store_limits_probe(struct db *db, const struct breaker_key *key, int64_t probe_s, bool *ret,
		       struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(PROBE), &changed, reterr, probe_s, key->platform,
		    (int64_t)key->livemode, class_names[key->class], server_of(key)) < 0)
		return -1;
	*ret = changed == 1;
	return 0;
}

int store_limits_half_open(struct db *db, const struct breaker_key *key, int64_t most,
			   struct problem *reterr)
{
	return db_exec(db, ROW(HALF_OPEN), NULL, reterr, most > 0 ? most - 1 : 0, key->platform,
		       (int64_t)key->livemode, class_names[key->class], server_of(key));
}

static void read_row(const struct rows *r, struct arena *a, struct limit_row *ret)
{
	*ret = (struct limit_row){
		.is_breaker = rows_int(r, 0) != 0,
		.platform = rows_dup(r, 1, a),
		.livemode = rows_int(r, 2) != 0,
		.name = rows_dup(r, 3, a),
		.subject = rows_dup(r, 4, a),
		.failures = rows_int(r, 5),
		.until_us = rows_instant(r, 6),
	};
	ret->class =
		strcmp(ret->name, class_names[BREAKER_READ]) == 0 ? BREAKER_READ : BREAKER_PUBLISH;
}

int store_limits_list(struct db *db, struct arena *a, struct limit_row **ret, size_t *ret_n,
		      struct problem *reterr)
{
	struct limit_row *list = arena_array(a, ROWS_MOST, sizeof(*list));
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(LIST), &r, reterr, (int64_t)LIST_MOST) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1 && n < ROWS_MOST)
		read_row(r, a, &list[n++]);
	rows_end(r);
	*ret = list;
	*ret_n = n;
	return got < 0 ? -1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sessions.h"

#include <stdio.h>

#include "db/conn.h"

enum {
	INSERT,
	BY_ACCESS,
	BY_REFRESH,
	MARK_ROTATED,
	END_GRACE,
	REVOKE_FAMILY,
	REVOKE,
	REVOKE_USER,
	SWEEP,
	TRIED,
	FORGIVE,
	UNTRIED,
	SWEEP_FAILURES
};

static const char by_secret[] = "the token alone says whose session it is";
static const char before_login[] = "counted before anyone is logged in";

const struct stmt store_sessions_statements[] = {
	[INSERT] = { "sessions.insert", STMT_WORKSPACE, "ssssbibi",
		     "INSERT INTO sessions (workspace_id, id, family, user_id, access_hash, "
		     "access_expires_at, refresh_hash, refresh_expires_at, created_at) "
		     "VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, ?, "
		     "UTC_TIMESTAMP(3) + INTERVAL ? SECOND, UTC_TIMESTAMP(3))",
		     NULL },
	[BY_ACCESS] = { "sessions.by_access", STMT_GLOBAL, "b",
			"SELECT s.id, s.family, s.workspace_id, s.user_id, u.email, u.name, "
			"m.role, "
			"s.access_expires_at, s.access_expires_at <= UTC_TIMESTAMP(3), "
			"s.revoked_at IS NOT NULL FROM sessions s "
			"JOIN members m ON m.workspace_id = s.workspace_id AND m.user_id = "
			"s.user_id "
			"JOIN users u ON u.id = s.user_id WHERE s.access_hash = ?",
			by_secret },
	[BY_REFRESH] = { "sessions.by_refresh", STMT_GLOBAL, "ib",
			 "SELECT workspace_id, id, family, user_id, revoked_at IS NOT NULL, "
			 "refresh_expires_at <= UTC_TIMESTAMP(3), rotated_at IS NOT NULL, "
			 "COALESCE(rotated_at + INTERVAL ? SECOND >= UTC_TIMESTAMP(3), FALSE) "
			 "FROM sessions WHERE refresh_hash = ? FOR UPDATE",
			 by_secret },
	[MARK_ROTATED] = { "sessions.mark_rotated", STMT_WORKSPACE, "ss",
			   "UPDATE sessions SET rotated_at = UTC_TIMESTAMP(3) "
			   "WHERE workspace_id = ? AND id = ?",
			   NULL },
	/* The one repetition is used up: from now on the old token is theft. */
	[END_GRACE] = { "sessions.end_grace", STMT_WORKSPACE, "ss",
			"UPDATE sessions SET rotated_at = '2000-01-01' "
			"WHERE workspace_id = ? AND id = ?",
			NULL },
	[REVOKE_FAMILY] = { "sessions.revoke_family", STMT_WORKSPACE, "ss",
			    "UPDATE sessions SET revoked_at = UTC_TIMESTAMP(3) "
			    "WHERE workspace_id = ? AND family = ? AND revoked_at IS NULL",
			    NULL },
	[REVOKE] = { "sessions.revoke", STMT_WORKSPACE, "sss",
		     "UPDATE sessions SET revoked_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? "
		     "AND family = (SELECT family FROM (SELECT family FROM sessions "
		     "WHERE workspace_id = ? AND id = ?) f) AND revoked_at IS NULL",
		     NULL },
	[REVOKE_USER] = { "sessions.revoke_user", STMT_WORKSPACE, "ss",
			  "UPDATE sessions SET revoked_at = UTC_TIMESTAMP(3) "
			  "WHERE workspace_id = ? AND user_id = ? AND revoked_at IS NULL",
			  NULL },
	[SWEEP] = { "sessions.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM sessions "
		    "WHERE refresh_expires_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY LIMIT ?",
		    "the clean-up serves every workspace" },
	/* failures first: it must see the old window_ends. */
	[TRIED] = { "sessions.tried", STMT_GLOBAL, "bii",
		    "INSERT INTO login_failures (subject_hash, failures, window_ends) "
		    "VALUES (?, 1, UTC_TIMESTAMP(3) + INTERVAL ? SECOND) ON DUPLICATE KEY UPDATE "
		    "failures = IF(window_ends > UTC_TIMESTAMP(3), failures + 1, 1), "
		    "window_ends = IF(window_ends > UTC_TIMESTAMP(3), window_ends, "
		    "UTC_TIMESTAMP(3) + INTERVAL ? SECOND) RETURNING failures, "
		    "CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), window_ends) / 1e6)",
		    before_login },
	[FORGIVE] = { "sessions.forgive", STMT_GLOBAL, "b",
		      "DELETE FROM login_failures WHERE subject_hash = ?", before_login },
	[UNTRIED] = { "sessions.untried", STMT_GLOBAL, "b",
		      "UPDATE login_failures SET failures = failures - 1 "
		      "WHERE subject_hash = ? AND failures > 0",
		      before_login },
	[SWEEP_FAILURES] = { "sessions.sweep_failures", STMT_GLOBAL, "i",
			     "DELETE FROM login_failures "
			     "WHERE window_ends < UTC_TIMESTAMP(3) - INTERVAL 1 DAY LIMIT ?",
			     "the clean-up serves every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_sessions_statements[x])

struct owner {
	const char *ws, *user_id, *family;
};

static int insert(struct db *db, const struct owner *who, const struct session_tokens *in,
		  char ret_id[static ID_MAX], struct problem *reterr)
{
	random_id(ret_id, "ses");
	return db_exec(db, ROW(INSERT), NULL, reterr, who->ws, ret_id, who->family, who->user_id,
		       (const void *)in->access_hash, (size_t)SHA256_BYTES, in->access_life_s,
		       (const void *)in->refresh_hash, (size_t)SHA256_BYTES, in->refresh_life_s);
}

int store_sessions_create(struct db *db, const char *ws, const char *user_id,
			  const struct session_tokens *in, char ret_id[static ID_MAX],
			  struct problem *reterr)
{
	char family[ID_MAX];

	random_id(family, "fam");
	if (insert(db, &(struct owner){ ws, user_id, family }, in, ret_id, reterr) == 0)
		return 0;
	if (db_errno(db) == DB_ERROR_NO_PARENT)
		problem_set(reterr, PROBLEM_NOT_FOUND, "that user is no member of the workspace");
	return -1;
}

int store_sessions_by_access(struct db *db, const uint8_t access_hash[static SHA256_BYTES],
			     struct arena *a, struct session *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_ACCESS), &r, reterr, (const void *)access_hash,
			       (size_t)SHA256_BYTES);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such session");
	*ret = (struct session){
		.id = rows_dup(r, 0, a),
		.family = rows_dup(r, 1, a),
		.workspace = rows_dup(r, 2, a),
		.user_id = rows_dup(r, 3, a),
		.email = rows_dup(r, 4, a),
		.name = rows_dup(r, 5, a),
		.access_expires_us = rows_instant(r, 7),
		.is_expired = rows_int(r, 8) != 0,
		.is_revoked = rows_int(r, 9) != 0,
	};
	role_parse(rows_text(r, 6), &ret->role);
	rows_end(r);
	return 0;
}

enum verdict { VERDICT_FRESH, VERDICT_REPEATED, VERDICT_UNKNOWN, VERDICT_EXPIRED, VERDICT_REUSED };

struct rotation {
	const uint8_t *refresh_hash;
	const struct session_tokens *next;
	int64_t grace_s;
	struct session_rotated ret;
	char old_id[ID_MAX], family[ID_MAX];
	enum verdict verdict;
};

static void judge(const struct rows *r, struct rotation *rot)
{
	snprintf(rot->ret.workspace, ID_MAX, "%s", rows_text(r, 0));
	snprintf(rot->old_id, ID_MAX, "%s", rows_text(r, 1));
	snprintf(rot->family, ID_MAX, "%s", rows_text(r, 2));
	snprintf(rot->ret.user_id, ID_MAX, "%s", rows_text(r, 3));
	if (rows_int(r, 4))
		rot->verdict = VERDICT_UNKNOWN;
	else if (rows_int(r, 5))
		rot->verdict = VERDICT_EXPIRED;
	else if (!rows_int(r, 6))
		rot->verdict = VERDICT_FRESH;
	else
		rot->verdict = rows_int(r, 7) ? VERDICT_REPEATED : VERDICT_REUSED;
}

/* Refusals are no errors here: revoking the family must be committed. */
static int rotate(struct db *db, void *arg, struct problem *reterr)
{
	struct rotation *rot = arg;
	const char *ws = rot->ret.workspace;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_REFRESH), &r, reterr, rot->grace_s,
			       (const void *)rot->refresh_hash, (size_t)SHA256_BYTES);

	rot->verdict = VERDICT_UNKNOWN;
	if (got <= 0)
		return got;
	judge(r, rot);
	rows_end(r);
	if (rot->verdict == VERDICT_REUSED)
		return db_exec(db, ROW(REVOKE_FAMILY), NULL, reterr, ws, rot->family);
	if (rot->verdict > VERDICT_REPEATED)
		return 0;
	if (db_exec(db, ROW(rot->verdict == VERDICT_FRESH ? MARK_ROTATED : END_GRACE), NULL, reterr,
		    ws, rot->old_id) < 0)
		return -1;
	return insert(db, &(struct owner){ ws, rot->ret.user_id, rot->family }, rot->next,
		      rot->ret.id, reterr);
}

int store_sessions_rotate(struct db *db, const uint8_t refresh_hash[static SHA256_BYTES],
			  const struct session_tokens *next, int64_t grace_s,
			  struct session_rotated *ret, struct problem *reterr)
{
	struct rotation rot = { .refresh_hash = refresh_hash, .next = next, .grace_s = grace_s };

	int failed = db_transact(db, rotate, &rot, reterr);

	rot.ret.is_reused = !failed && rot.verdict == VERDICT_REUSED;
	*ret = rot.ret;
	if (failed)
		return -1;
	switch (rot.verdict) {
	case VERDICT_FRESH:
	case VERDICT_REPEATED:
		return 0;
	case VERDICT_EXPIRED:
		return problem_set(reterr, PROBLEM_TOKEN_EXPIRED, "the refresh token has expired");
	case VERDICT_REUSED:
		return problem_set(reterr, PROBLEM_TOKEN_INVALID,
				   "the refresh token was used before: every session of that login "
				   "has been ended");
	case VERDICT_UNKNOWN:
		break;
	}
	return problem_set(reterr, PROBLEM_TOKEN_INVALID, "the refresh token is not valid");
}

int store_sessions_revoke(struct db *db, const char *ws, const char *session_id,
			  struct problem *reterr)
{
	return db_exec(db, ROW(REVOKE), NULL, reterr, ws, ws, session_id);
}

int store_sessions_revoke_user(struct db *db, const char *ws, const char *user_id,
			       struct problem *reterr)
{
	return db_exec(db, ROW(REVOKE_USER), NULL, reterr, ws, user_id);
}

int store_sessions_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	int64_t sessions = 0, failures = 0;

	if (db_exec(db, ROW(SWEEP), &sessions, reterr, most) < 0 ||
	    db_exec(db, ROW(SWEEP_FAILURES), &failures, reterr, most) < 0)
		return -1;
	*ret_removed = sessions + failures;
	return 0;
}

int store_sessions_tried(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			 int64_t window_s, struct login_tries *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(TRIED), &r, reterr, (const void *)subject_hash,
			       (size_t)SHA256_BYTES, window_s, window_s);

	if (got <= 0)
		return got < 0 ? -1 : problem_set(reterr, PROBLEM_INTERNAL, "a count told nothing");
	*ret = (struct login_tries){ rows_int(r, 0), rows_int(r, 1) };
	rows_end(r);
	return 0;
}

int store_sessions_forgive(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			   struct problem *reterr)
{
	return db_exec(db, ROW(FORGIVE), NULL, reterr, (const void *)subject_hash,
		       (size_t)SHA256_BYTES);
}

int store_sessions_untried(struct db *db, const uint8_t subject_hash[static SHA256_BYTES],
			   struct problem *reterr)
{
	return db_exec(db, ROW(UNTRIED), NULL, reterr, (const void *)subject_hash,
		       (size_t)SHA256_BYTES);
}

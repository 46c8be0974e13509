/* SPDX-License-Identifier: Apache-2.0 */
#include "store/posts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "store/apikeys.h"
#include "store/guard.h"
#include "store/postevent.h"

enum { INSERT, BY_SLOT, GET, FIND, LOCK_CONTENT, TARGET, COUNT_DAY };

#define SELECT   "SELECT " STORE_POSTS_COLUMNS " FROM posts WHERE workspace_id = ? "
#define APPROVED "(c.state IN ('approved', 'published') AND c.approved_revision <=> c.revision)"

/* What keeps a new post from going out; NULL nothing. */
#define HELD_BY                                                \
	"CASE WHEN NOT " APPROVED " THEN 'awaiting_approval' " \
	"WHEN a.paused_at IS NOT NULL THEN 'account_paused' "  \
	"WHEN ch.paused_at IS NOT NULL THEN 'character_paused' END"

const struct stmt store_posts_statements[] = {
	/*
	 * Content and account are read and held in the same statement: an edit comes wholly before
	 * or wholly after these posts, and neither can go away in between. What the caller knows is
	 * not sent back: the rows of RETURNING carry their columns' names and types each time.
	 */
	[INSERT] = { "posts.insert", STMT_WORKSPACE, "stitssiisissssissi",
		     "INSERT INTO posts (workspace_id, id, content_id, content_revision, "
		     "character_id, account_id, platform, livemode, state, reason, wake_at, "
		     "due_at, timezone, local_time, fold, dst_adjusted, tzdata, is_immediate, "
		     "overrides, created_by, created_at, updated_at) "
		     "SELECT c.workspace_id, ?, c.id, c.revision, c.character_id, a.id, "
		     "a.platform, a.livemode, IF(" HELD_BY " IS NULL, 'queued', 'paused'), " HELD_BY
		     ", IF(" HELD_BY " IS NULL, "
		     "IFNULL(GREATEST(UTC_TIMESTAMP(3), ? - INTERVAL ? SECOND), "
		     "UTC_TIMESTAMP(3)), NULL), IFNULL(?, UTC_TIMESTAMP(3)), ?, ?, ?, ?, ?, "
		     "?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) "
		     "FROM contents c JOIN accounts a ON a.workspace_id = c.workspace_id "
		     "LEFT JOIN characters ch ON ch.workspace_id = c.workspace_id "
		     "AND ch.id = c.character_id "
		     "WHERE c.workspace_id = ? AND c.id = ? AND (? OR " APPROVED ") "
		     "AND a.id = ? AND a.platform = ? AND a.livemode = ? "
		     "AND a.status = 'connected' LOCK IN SHARE MODE "
		     "RETURNING content_revision, character_id, state, reason, wake_at, created_at",
		     NULL },
	[BY_SLOT] = { "posts.by_slot", STMT_WORKSPACE, "ssst",
		      SELECT "AND content_id = ? AND account_id = ? AND slot = ?", NULL },
	[GET] = { "posts.get", STMT_WORKSPACE, "ss", SELECT "AND id = ?", NULL },
	[FIND] = { "posts.find", STMT_WORKSPACE, "ssss",
		   SELECT "AND content_id = ? AND account_id = ? AND NOT FIND_IN_SET(state, ?) "
			  "ORDER BY due_at DESC, id DESC LIMIT 1",
		   NULL },
	[LOCK_CONTENT] = { "posts.lock_content", STMT_WORKSPACE, "ss",
			   "SELECT " APPROVED " FROM contents c "
			   "WHERE c.workspace_id = ? AND c.id = ? LOCK IN SHARE MODE",
			   NULL },
	[TARGET] = { "posts.target", STMT_WORKSPACE, "sss",
		     "SELECT COALESCE(ch.timezone, w.timezone), "
		     "ch.default_accounts, " STORE_ACCOUNTS_COLUMNS " FROM workspaces w "
		     "LEFT JOIN characters ch ON ch.workspace_id = w.id AND ch.id = ? "
		     "LEFT JOIN accounts ON accounts.workspace_id = w.id AND accounts.id = ? "
		     "WHERE w.id = ?",
		     NULL },
	/* The bound on due_at is for the index: nothing goes out more than 12 h late. */
	[COUNT_DAY] = { "posts.count_day", STMT_WORKSPACE, "ss",
			"SELECT COUNT(*) FROM posts WHERE workspace_id = ? AND account_id = ? "
			"AND due_at > UTC_TIMESTAMP(3) - INTERVAL 2 DAY "
			"AND published_at > UTC_TIMESTAMP(3) - INTERVAL 1 DAY",
			NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_posts_statements[x])

void store_posts_read(const struct rows *r, unsigned f, struct arena *a, struct post *ret)
{
	*ret = (struct post){
		.id = rows_dup(r, f, a),
		.content_id = rows_dup(r, f + 1, a),
		.character_id = rows_dup(r, f + 2, a),
		.account_id = rows_dup(r, f + 3, a),
		.platform = rows_dup(r, f + 4, a),
		.content_revision = rows_int(r, f + 5),
		.livemode = rows_int(r, f + 6) != 0,
		.reason = rows_dup(r, f + 8, a),
		.version = rows_int(r, f + 9),
		.fence = rows_int(r, f + 10),
		.owner = rows_dup(r, f + 11, a),
		.wake_us = rows_instant(r, f + 12),
		.due_us = rows_instant(r, f + 13),
		.timezone = rows_dup(r, f + 14, a),
		.local_time = rows_dup(r, f + 15, a),
		.fold = (int)rows_int(r, f + 16),
		.is_immediate = rows_int(r, f + 17) != 0,
		.overrides = rows_dup(r, f + 18, a),
		.claims = rows_int(r, f + 19),
		.tries = rows_int(r, f + 20),
		.attempts = rows_int(r, f + 21),
		.remote_id = rows_dup(r, f + 22, a),
		.remote_url = rows_dup(r, f + 23, a),
		.published_us = rows_instant(r, f + 24),
		.next_attempt_us = rows_instant(r, f + 25),
		.waiting_for = rows_dup(r, f + 26, a),
		.error_code = rows_dup(r, f + 27, a),
		.error_message = rows_dup(r, f + 28, a),
		.error_who = rows_dup(r, f + 29, a),
		.error_retryable = rows_int(r, f + 30) != 0,
		.platform_code = rows_dup(r, f + 31, a),
		.platform_message = rows_dup(r, f + 32, a),
		.created_by = rows_dup(r, f + 33, a),
		.created_us = rows_instant(r, f + 34),
		.updated_us = rows_instant(r, f + 35),
		.dst_adjusted = rows_int(r, f + 36) != 0,
	};
	post_state_parse(rows_text(r, f + 7), &ret->state);
}

static const char *text_or_null(const char *s)
{
	return s[0] ? s : NULL;
}

struct insertion {
	const char *ws;
	const struct posts_new *in;
	struct arena *arena;
	struct post *v;
};

static int64_t due_us_of(const struct post_new *p)
{
	if (p->due.us == INSTANT_NONE)
		return INSTANT_NONE;
	return p->due.us - p->due.us % US_PER_MS; /* as the column keeps it */
}

/* 1 found */
static int find_twin(struct db *db, const struct insertion *ins, const struct post_new *p,
		     struct post *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_SLOT), &r, reterr, ins->ws, ins->in->content_id,
			       p->account_id, due_us_of(p));

	if (got == 1) {
		store_posts_read(r, 0, ins->arena, ret);
		rows_end(r);
	}
	return got;
}

/* 0: the content is held, and nothing is wrong with it */
static int check_content(struct db *db, const struct insertion *ins, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(LOCK_CONTENT), &r, reterr, ins->ws, ins->in->content_id);
	bool is_approved;

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("content", ins->in->content_id, reterr);
	is_approved = rows_int(r, 0) != 0;
	rows_end(r);
	if (!is_approved && !ins->in->pause_unapproved)
		return problem_set(reterr, PROBLEM_NOT_APPROVED,
				   "content %.64s must be approved before it is scheduled",
				   ins->in->content_id);
	return 0;
}

static void describe(const struct insertion *ins, const struct post_new *p, const struct rows *r,
		     struct post *ret)
{
	struct arena *a = ins->arena;

	*ret = (struct post){
		.id = ret->id,
		.content_id = arena_strdup(a, ins->in->content_id),
		.content_revision = rows_int(r, 0),
		.character_id = rows_dup(r, 1, a),
		.account_id = arena_strdup(a, p->account_id),
		.platform = arena_strdup(a, p->platform),
		.livemode = p->livemode,
		.reason = rows_dup(r, 3, a),
		.version = 1,
		.wake_us = rows_instant(r, 4),
		.due_us = due_us_of(p),
		.timezone = arena_strdup(a, text_or_null(p->due.timezone)),
		.local_time = arena_strdup(a, text_or_null(p->due.local_time)),
		.fold = p->due.fold,
		.dst_adjusted = p->due.is_adjusted,
		.is_immediate = p->is_immediate,
		.overrides = arena_strdup(a, p->overrides),
		.published_us = INSTANT_NONE,
		.next_attempt_us = INSTANT_NONE,
		.created_by = arena_strdup(a, ins->in->created_by),
		.created_us = rows_instant(r, 5),
		.updated_us = rows_instant(r, 5),
	};
	if (ret->due_us == INSTANT_NONE)
		ret->due_us = ret->created_us;
	post_state_parse(rows_text(r, 2), &ret->state);
}

/* 1 inserted, 0 content or account did not fit, -1 error */
static int try_insert(struct db *db, const struct insertion *ins, const struct post_new *p,
		      struct post *ret, struct problem *reterr)
{
	const struct posts_new *in = ins->in;
	int64_t lead_s = p->is_immediate ? 0 : in->stage_lead_s;
	int64_t due_us = due_us_of(p);
	struct rows *r = NULL;
	char id[ID_MAX];
	int got;

	random_id(id, "sch");
	got = db_query_one(db, ROW(INSERT), &r, reterr, id, due_us, lead_s, due_us,
			   text_or_null(p->due.timezone), text_or_null(p->due.local_time),
			   (int64_t)p->due.fold, (int64_t)p->due.is_adjusted,
			   text_or_null(p->due.tzdata), (int64_t)p->is_immediate, p->overrides,
			   in->created_by, ins->ws, in->content_id, (int64_t)in->pause_unapproved,
			   p->account_id, p->platform, (int64_t)p->livemode);
	if (got != 1)
		return got;
	ret->id = arena_strdup(ins->arena, id);
	describe(ins, p, r, ret);
	rows_end(r);
	return 1;
}

/* What a key schedules counts against its cap of that day. */
static int charge_key(struct db *db, const struct insertion *ins, const struct post *p,
		      struct problem *reterr)
{
	const char *by = ins->in->created_by;
	const struct apikey_charge charge = { by, p->id, p->due_us };

	if (!by || !store_apikeys_is_id(by))
		return 0;
	return store_apikeys_charge(db, ins->ws, &charge, reterr);
}

/* Only when nothing was inserted is it worth a statement to learn why. */
static int insert_one(struct db *db, const struct insertion *ins, const struct post_new *p,
		      struct post *ret, struct problem *reterr)
{
	int got = try_insert(db, ins, p, ret, reterr);

	if (got == 0) {
		if (check_content(db, ins, reterr) < 0)
			return -1;
		/* It may have been approved just now; from here on it stays as it is. */
		got = try_insert(db, ins, p, ret, reterr);
	}
	if (got < 0 && db_errno(db) == DB_ERROR_DUPLICATE)
		return find_twin(db, ins, p, ret, reterr) == 1 ? 0 : -1;
	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "account %.64s is not connected", p->account_id);
	if (charge_key(db, ins, ret, reterr) < 0)
		return -1;
	return postevent_insert(db, ins->ws, "post.scheduled", ret, reterr);
}

static int insert_all(struct db *db, void *arg, struct problem *reterr)
{
	struct insertion *ins = arg;

	for (size_t i = 0; i < ins->in->n; i++)
		if (insert_one(db, ins, &ins->in->v[i], &ins->v[i], reterr) < 0)
			return -1;
	return 0;
}

int store_posts_insert(struct db *db, const char *ws, const struct posts_new *in, struct arena *a,
		       struct posts *ret, struct problem *reterr)
{
	struct insertion ins = { .ws = ws, .in = in, .arena = a };

	ins.v = arena_array(a, in->n + 1, sizeof(*ins.v));
	if (db_transact(db, insert_all, &ins, reterr) < 0)
		return -1;
	*ret = (struct posts){ .v = ins.v, .n = in->n };
	return 0;
}

int store_posts_target(struct db *db, const char *ws, const struct post_target_of *in,
		       struct arena *a, struct post_target *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(TARGET), &r, reterr, in->character_id, in->account_id, ws);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("workspace", ws, reterr);
	*ret = (struct post_target){
		.timezone = rows_dup(r, 0, a),
		.default_accounts = rows_dup(r, 1, a),
		.has_account = !rows_null(r, 2),
	};
	if (ret->has_account)
		store_accounts_read(r, 2, a, &ret->account);
	rows_end(r);
	return 0;
}

int store_posts_get(struct db *db, const char *ws, const char *id, struct arena *a,
		    struct post *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("scheduled post", id, reterr);
	store_posts_read(r, 0, a, ret);
	rows_end(r);
	return 0;
}

int store_posts_find(struct db *db, const char *ws, const struct post_search *in, struct arena *a,
		     struct post *ret, struct problem *reterr)
{
	char states[POST_STATES_TEXT_MAX];
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(FIND), &r, reterr, ws, in->content_id, in->account_id,
			       post_states_print(in->not_in, states));

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such scheduled post");
	store_posts_read(r, 0, a, ret);
	rows_end(r);
	return 0;
}

int store_posts_count_day(struct db *db, const char *ws, const char *account_id, int64_t *ret_n,
			  struct problem *reterr)
{
	struct rows *r = NULL;

	if (db_query_one(db, ROW(COUNT_DAY), &r, reterr, ws, account_id) != 1)
		return -1;
	*ret_n = rows_int(r, 0);
	rows_end(r);
	return 0;
}

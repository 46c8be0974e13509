/* SPDX-License-Identifier: Apache-2.0 */
#include "store/posts.h"

#include <stdio.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "domain/content.h"
#include "store/guard.h"
#include "store/postevent.h"

#define STATES_TEXT_MAX 160

enum { INSERT, BY_SLOT, GET, FIND, LIST_UP, LIST_DOWN, LOCK_CONTENT };

#define SELECT "SELECT " STORE_POSTS_COLUMNS " FROM posts WHERE workspace_id = ? "
#define FILTERS                                                                    \
	"AND due_at >= ? AND due_at < ? AND (? IS NULL OR FIND_IN_SET(state, ?)) " \
	"AND (? IS NULL OR platform = ?) AND (? IS NULL OR account_id = ?) "       \
	"AND (? IS NULL OR character_id = ?) AND (? IS NULL OR content_id = ?) "   \
	"AND (? IS NULL OR FIND_IN_SET(account_id, ?)) AND (? IS NULL OR livemode = ?) "

const struct stmt store_posts_statements[] = {
	/* The account is read and held in the same statement: it cannot go away in between. */
	[INSERT] = { "posts.insert", STMT_WORKSPACE, "ssisssititssisisssssi",
		     "INSERT INTO posts (workspace_id, id, content_id, content_revision, "
		     "character_id, account_id, platform, livemode, state, reason, wake_at, "
		     "due_at, "
		     "timezone, local_time, fold, tzdata, is_immediate, overrides, created_by, "
		     "created_at, updated_at) "
		     "SELECT a.workspace_id, ?, ?, ?, ?, a.id, a.platform, a.livemode, "
		     "IF(? IS NULL, 'queued', 'paused'), ?, "
		     "IF(?, NULL, GREATEST(UTC_TIMESTAMP(3), ? - INTERVAL ? SECOND)), ?, ?, ?, ?, "
		     "?, "
		     "?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM accounts a "
		     "WHERE a.workspace_id = ? AND a.id = ? AND a.platform = ? AND a.livemode = ? "
		     "AND a.status = 'connected' LOCK IN SHARE MODE RETURNING " STORE_POSTS_COLUMNS,
		     NULL },
	[BY_SLOT] = { "posts.by_slot", STMT_WORKSPACE, "ssst",
		      SELECT "AND content_id = ? AND account_id = ? AND slot = ?", NULL },
	[GET] = { "posts.get", STMT_WORKSPACE, "ss", SELECT "AND id = ?", NULL },
	[FIND] = { "posts.find", STMT_WORKSPACE, "ssss",
		   SELECT "AND content_id = ? AND account_id = ? AND NOT FIND_IN_SET(state, ?) "
			  "ORDER BY due_at DESC, id DESC LIMIT 1",
		   NULL },
	[LIST_UP] = { "posts.list_up", STMT_WORKSPACE, "sttssssssssssssIIttsi",
		      SELECT FILTERS "AND due_at >= ? AND (due_at > ? OR id > ?) "
				     "ORDER BY due_at, id LIMIT ?",
		      NULL },
	[LIST_DOWN] = { "posts.list_down", STMT_WORKSPACE, "sttssssssssssssIIttsi",
			SELECT FILTERS "AND due_at <= ? AND (due_at < ? OR id < ?) "
				       "ORDER BY due_at DESC, id DESC LIMIT ?",
			NULL },
	[LOCK_CONTENT] = { "posts.lock_content", STMT_WORKSPACE, "ss",
			   "SELECT state, revision, approved_revision, character_id FROM contents "
			   "WHERE workspace_id = ? AND id = ? FOR UPDATE",
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
	int64_t revision;
	char character_id[ID_MAX];
	bool is_approved;
};

/* Holds the content, so that an edit comes wholly before or wholly after these posts. */
static int lock_content(struct db *db, struct insertion *ins, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(LOCK_CONTENT), &r, reterr, ins->ws, ins->in->content_id);
	int state;

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("content", ins->in->content_id, reterr);
	state = content_state_parse(rows_text(r, 0));
	ins->revision = rows_int(r, 1);
	ins->is_approved = (state == CONTENT_APPROVED || state == CONTENT_PUBLISHED) &&
			   rows_int(r, 2) == ins->revision;
	snprintf(ins->character_id, sizeof(ins->character_id), "%s",
		 rows_null(r, 3) ? "" : rows_text(r, 3));
	rows_end(r);
	if (!ins->is_approved && !ins->in->pause_unapproved)
		return problem_set(reterr, PROBLEM_NOT_APPROVED,
				   "content %.64s must be approved before it is scheduled",
				   ins->in->content_id);
	return 0;
}

/* 1 found */
static int find_twin(struct db *db, const struct insertion *ins, const struct post_new *p,
		     struct post *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(BY_SLOT), &r, reterr, ins->ws, ins->in->content_id,
			       p->account_id, p->due.us);

	if (got == 1) {
		store_posts_read(r, 0, ins->arena, ret);
		rows_end(r);
	}
	return got;
}

static int insert_one(struct db *db, const struct insertion *ins, const struct post_new *p,
		      struct post *ret, struct problem *reterr)
{
	const struct posts_new *in = ins->in;
	const char *reason = ins->is_approved ? NULL : "awaiting_approval";
	int64_t lead_s = p->is_immediate ? 0 : in->stage_lead_s;
	struct rows *r = NULL;
	char id[ID_MAX];
	int got;

	random_id(id, "sch");
	got = db_query_one(db, ROW(INSERT), &r, reterr, id, in->content_id, ins->revision,
			   text_or_null(ins->character_id), reason, reason,
			   (int64_t)!ins->is_approved, p->due.us, lead_s, p->due.us,
			   text_or_null(p->due.timezone), text_or_null(p->due.local_time),
			   (int64_t)p->due.fold, text_or_null(p->due.tzdata),
			   (int64_t)p->is_immediate, p->overrides, in->created_by, ins->ws,
			   p->account_id, p->platform, (int64_t)p->livemode);
	if (got < 0 && db_errno(db) == DB_ERROR_DUPLICATE)
		return find_twin(db, ins, p, ret, reterr) == 1 ? 0 : -1;
	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "account %.64s is not connected", p->account_id);
	store_posts_read(r, 0, ins->arena, ret);
	rows_end(r);
	return postevent_insert(db, ins->ws, "post.scheduled", ret, reterr);
}

static int insert_all(struct db *db, void *arg, struct problem *reterr)
{
	struct insertion *ins = arg;

	if (lock_content(db, ins, reterr) < 0)
		return -1;
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

static const char *states_text(uint64_t states, char ret[static STATES_TEXT_MAX])
{
	size_t used = 0;

	ret[0] = 0;
	for (unsigned i = 0; i < POST_STATES; i++)
		if (states & (UINT64_C(1) << i))
			used += (size_t)snprintf(ret + used, STATES_TEXT_MAX - used, "%s%s",
						 used ? "," : "",
						 post_state_name((enum post_state)i));
	return ret;
}

int store_posts_find(struct db *db, const char *ws, const struct post_search *in, struct arena *a,
		     struct post *ret, struct problem *reterr)
{
	char states[STATES_TEXT_MAX];
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(FIND), &r, reterr, ws, in->content_id, in->account_id,
			       states_text(in->not_in, states));

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no such scheduled post");
	store_posts_read(r, 0, a, ret);
	rows_end(r);
	return 0;
}

static int query_list(struct db *db, const char *ws, const struct post_query *q, struct rows **ret,
		      struct problem *reterr)
{
	const struct page everything = { .descending = true };
	char states_buffer[STATES_TEXT_MAX];
	const char *states = q->states ? states_text(q->states, states_buffer) : NULL;
	int64_t mode = q->livemode == LIVEMODE_ANY ? INT64_MIN : (int64_t)q->livemode;
	int64_t from_us = q->from_us == INSTANT_NONE ? 0 : q->from_us;
	int64_t to_us = q->to_us == INSTANT_NONE ? page_start_us(&everything) : q->to_us;
	int64_t start_us = page_start_us(&q->page);

	return db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), ret, reterr, ws, from_us,
			to_us, states, states, q->platform, q->platform, q->account_id,
			q->account_id, q->character_id, q->character_id, q->content_id,
			q->content_id, q->account_ids, q->account_ids, mode, mode, start_us,
			start_us, page_start_id(&q->page), (int64_t)page_rows(&q->page));
}

int store_posts_list(struct db *db, const char *ws, const struct post_query *q, struct arena *a,
		     struct posts *ret, struct problem *reterr)
{
	struct posts list = { .v = arena_array(a, (size_t)page_rows(&q->page), sizeof(*list.v)) };
	struct rows *r = NULL;
	int got;

	if (query_list(db, ws, q, &r, reterr) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		store_posts_read(r, 0, a, &list.v[list.n++]);
	rows_end(r);
	if (got < 0)
		return -1;
	list.has_more = page_trim(&q->page, &list.n);
	*ret = list;
	return 0;
}

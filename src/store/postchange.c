/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/fp.h"
#include "db/conn.h"
#include "store/fetches.h"
#include "store/guard.h"
#include "store/postevent.h"
#include "store/posts.h"
#include "store/results.h"

#define RACE_TRIES 4

enum {
	VIEW,
	CANCEL,
	EDIT,
	SETTLE_ATTEMPTS,
	FOUND,
	NOT_FOUND,
	GO_LIVE,
	PAUSE_CONTENT,
	PAUSE_ACCOUNT,
	RESUME_CONTENT,
	REGARD_PAUSE,
	RESUMABLE,
	RESUME_ONE,
	GET_ONE
};

/* What a person's change takes from whoever holds the post. */
#define TAKE_BACK                                                                                 \
	"owner = NULL, fence = fence + 1, version = version + 1, updated_at = UTC_TIMESTAMP(3), " \
	"next_attempt_at = NULL, waiting_for = NULL, memo = NULL, snapshot = NULL "
/* The same of a post that may go on with its next part: that part needs what was noted and sent. */
#define TAKE_BACK_PART                                                                            \
	"owner = NULL, fence = fence + 1, version = version + 1, updated_at = UTC_TIMESTAMP(3), " \
	"next_attempt_at = NULL, waiting_for = NULL, memo = IF(state = 'publishing', memo, "      \
	"NULL), "                                                                                 \
	"snapshot = IF(state = 'publishing', snapshot, NULL) "
#define IS_LIVE_IN_PART                                                               \
	"EXISTS (SELECT 1 FROM attempts e WHERE e.workspace_id = posts.workspace_id " \
	"AND e.post_id = posts.id AND e.state = 'effect')"
#define UNCHANGED_SINCE \
	"WHERE workspace_id = ? AND id = ? AND state = ? AND version = ? AND fence = ?"
#define PENDING "('queued', 'staging', 'staged', 'retrying')"
#define WAKE_AT                               \
	"IF(is_immediate, UTC_TIMESTAMP(3), " \
	"GREATEST(UTC_TIMESTAMP(3), due_at - INTERVAL ? SECOND))"
#define NO_ERROR                                                                              \
	"error_code = NULL, error_message = NULL, error_who = NULL, error_retryable = NULL, " \
	"platform_code = NULL, platform_message = NULL, "

#define IS_APPROVED                                                                  \
	"c.state IN ('approved', 'published') AND c.approved_revision = c.revision " \
	"AND c.revision = posts.content_revision"

/* Paused by hand: what would go on waits for that instead, see store/pauses. */
#define NOT_HELD_BY_CHARACTER                                                  \
	"AND NOT EXISTS (SELECT 1 FROM characters ch WHERE ch.workspace_id = " \
	"posts.workspace_id AND ch.id = posts.character_id AND ch.paused_at IS NOT NULL) "
#define HELD_BY                                                                      \
	"(SELECT CASE WHEN a.paused_at IS NOT NULL THEN 'account_paused' "           \
	"WHEN ch.paused_at IS NOT NULL THEN 'character_paused' END FROM accounts a " \
	"LEFT JOIN characters ch ON ch.workspace_id = a.workspace_id "               \
	"AND ch.id = posts.character_id WHERE a.workspace_id = posts.workspace_id "  \
	"AND a.id = posts.account_id)"

const struct stmt store_postchange_statements[] = {
	[VIEW] = { "postchange.view", STMT_WORKSPACE, "ss",
		   "SELECT " STORE_POSTS_COLUMNS ", c.revision, "
		   "COALESCE(c.state IN ('approved', 'published') "
		   "AND c.approved_revision = c.revision, FALSE), a.status = 'connected', "
		   "EXISTS (SELECT 1 FROM attempts t WHERE t.workspace_id = posts.workspace_id "
		   "AND t.post_id = posts.id AND t.state IN ('sent', 'in_doubt')), "
		   "UTC_TIMESTAMP(3), " HELD_BY " "
		   "FROM posts "
		   "JOIN contents c ON c.workspace_id = posts.workspace_id AND c.id = "
		   "posts.content_id "
		   "JOIN accounts a ON a.workspace_id = posts.workspace_id AND a.id = "
		   "posts.account_id "
		   "WHERE posts.workspace_id = ? AND posts.id = ?",
		   NULL },
	[CANCEL] = { "postchange.cancel", STMT_WORKSPACE, "sssii",
		     "UPDATE posts SET state = 'cancelled', reason = NULL, wake_at = "
		     "NULL, " TAKE_BACK UNCHANGED_SINCE,
		     NULL },
	/* Assignments run from left to right: wake_at sees the new time. */
	[EDIT] = { "postchange.edit", STMT_WORKSPACE, "itisisiiiiisisiississssii",
		   "UPDATE posts SET due_at = IF(?, ?, due_at), timezone = IF(?, ?, timezone), "
		   "local_time = IF(?, ?, local_time), fold = IF(?, ?, fold), "
		   "dst_adjusted = IF(?, ?, dst_adjusted), "
		   "tzdata = IF(?, ?, tzdata), overrides = IF(?, ?, overrides), "
		   "is_immediate = ?, content_revision = ?, state = ?, claims = 0, tries = 0, "
		   "wake_at = IF(? = 'paused', NULL, " WAKE_AT
		   "), reason = ?, " NO_ERROR TAKE_BACK UNCHANGED_SINCE,
		   NULL },
	[SETTLE_ATTEMPTS] = { "postchange.settle_attempts", STMT_WORKSPACE, "sssss",
			      "UPDATE attempts SET state = ?, handle = COALESCE(?, handle), "
			      "settled_at = UTC_TIMESTAMP(6), "
			      "evidence = JSON_ARRAY_APPEND(COALESCE(evidence, '[]'), '$', "
			      "JSON_OBJECT('resolved_by', ?, 'at', "
			      "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%TZ'))) "
			      "WHERE workspace_id = ? AND post_id = ? AND state IN ('sent', "
			      "'in_doubt')",
			      NULL },
	[FOUND] = { "postchange.found", STMT_WORKSPACE, "sssssii",
		    /* Assignments run from left to right. The first part stands for all. */
		    "UPDATE posts SET state = IF(waiting_for = 'parts', 'publishing', "
		    "'published'), "
		    "reason = NULL, wake_at = IF(state = 'publishing', UTC_TIMESTAMP(3), NULL), "
		    "remote_id = IF(" IS_LIVE_IN_PART ", remote_id, ?), "
		    "remote_url = IF(" IS_LIVE_IN_PART ", remote_url, ?), "
		    "published_at = COALESCE(published_at, UTC_TIMESTAMP(3)), " NO_ERROR
			    TAKE_BACK_PART UNCHANGED_SINCE,
		    NULL },
	[NOT_FOUND] = { "postchange.not_found", STMT_WORKSPACE, "sssii",
			"UPDATE posts SET state = IF(" IS_LIVE_IN_PART ", 'publishing', 'queued'), "
			"reason = NULL, is_immediate = TRUE, "
			"claims = 0, tries = 0, wake_at = UTC_TIMESTAMP(3), " NO_ERROR
				TAKE_BACK_PART UNCHANGED_SINCE,
			NULL },
	[GO_LIVE] = { "postchange.go_live", STMT_WORKSPACE, "ss",
		      "UPDATE contents SET state = 'published', version = version + 1, "
		      "updated_at = UTC_TIMESTAMP(3) "
		      "WHERE workspace_id = ? AND id = ? AND state = 'approved'",
		      NULL },
	[PAUSE_CONTENT] = { "postchange.pause_content", STMT_WORKSPACE, "ss",
			    "UPDATE posts SET state = 'paused', reason = 'approval_voided', "
			    "wake_at = NULL, " TAKE_BACK
			    "WHERE workspace_id = ? AND content_id = ? AND state IN " PENDING,
			    NULL },
	[PAUSE_ACCOUNT] = { "postchange.pause_account", STMT_WORKSPACE, "ss",
			    "UPDATE posts SET state = 'paused', reason = 'account_disconnected', "
			    "wake_at = NULL, " TAKE_BACK
			    "WHERE workspace_id = ? AND account_id = ? AND state IN " PENDING,
			    NULL },
	[RESUME_CONTENT] = { "postchange.resume_content", STMT_WORKSPACE, "issss",
			     "UPDATE posts SET state = 'queued', reason = NULL, claims = 0, tries "
			     "= 0, "
			     "wake_at = " WAKE_AT
			     ", content_revision = (SELECT revision FROM contents "
			     "WHERE workspace_id = ? AND id = posts.content_id), " TAKE_BACK
			     "WHERE workspace_id = ? AND content_id = ? AND state = 'paused' "
			     "AND reason IN ('approval_voided', 'awaiting_approval') "
			     "AND (due_at > UTC_TIMESTAMP(3) OR is_immediate) AND account_id IN "
			     "(SELECT id FROM accounts WHERE workspace_id = ? AND status = "
			     "'connected' AND paused_at IS NULL) " NOT_HELD_BY_CHARACTER,
			     NULL },
	[REGARD_PAUSE] = { "postchange.regard_pause", STMT_WORKSPACE, "ss",
			   "UPDATE posts SET content_revision = (SELECT revision FROM contents "
			   "WHERE workspace_id = posts.workspace_id AND id = posts.content_id), "
			   "reason = " HELD_BY ", version = version + 1, updated_at = "
			   "UTC_TIMESTAMP(3) WHERE workspace_id = ? AND content_id = ? "
			   "AND state = 'paused' AND reason IN ('approval_voided', "
			   "'awaiting_approval') AND " HELD_BY " IS NOT NULL",
			   NULL },
	[RESUMABLE] = { "postchange.resumable", STMT_WORKSPACE, "ss",
			"SELECT id FROM posts WHERE workspace_id = ? AND account_id = ? "
			"AND state = 'paused' AND reason = 'account_disconnected' "
			"AND due_at > UTC_TIMESTAMP(3) ORDER BY due_at, id FOR UPDATE",
			NULL },
	/* What lost its approval meanwhile waits for that instead. */
	[RESUME_ONE] = { "postchange.resume_one", STMT_WORKSPACE, "iss",
			 "UPDATE posts JOIN contents c ON c.workspace_id = posts.workspace_id "
			 "AND c.id = posts.content_id SET "
			 "posts.reason = IF(" IS_APPROVED ", " HELD_BY ", 'approval_voided'), "
			 "posts.wake_at = IF(" IS_APPROVED " AND " HELD_BY " IS NULL, "
			 "GREATEST(UTC_TIMESTAMP(3), posts.due_at - INTERVAL ? SECOND), NULL), "
			 "posts.state = IF(" IS_APPROVED " AND " HELD_BY
			 " IS NULL, 'queued', 'paused'), "
			 "posts.claims = 0, posts.tries = 0, posts.fence = posts.fence + 1, "
			 "posts.version = posts.version + 1, posts.updated_at = UTC_TIMESTAMP(3) "
			 "WHERE posts.workspace_id = ? AND posts.id = ?",
			 NULL },
	[GET_ONE] = { "postchange.get_one", STMT_WORKSPACE, "ss",
		      "SELECT " STORE_POSTS_COLUMNS " FROM posts WHERE workspace_id = ? AND id = ?",
		      NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_postchange_statements[x])

struct view { /* a post and what decides over it, read without locks; the UPDATE checks again */
	struct post post;
	int64_t revision, now_us;
	const char *held_by; /* a pause of account or character; NULL none */
	bool is_approved, is_connected, is_in_doubt;
};

static int read_view(struct db *db, const char *ws, const char *id, struct arena *a,
		     struct view *ret, struct problem *reterr)
{
	const unsigned n = STORE_POSTS_COLUMNS_N;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(VIEW), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("scheduled post", id, reterr);
	store_posts_read(r, 0, a, &ret->post);
	ret->revision = rows_int(r, n);
	ret->is_approved = rows_int(r, n + 1) != 0;
	ret->is_connected = rows_int(r, n + 2) != 0;
	ret->is_in_doubt = rows_int(r, n + 3) != 0;
	ret->now_us = rows_instant(r, n + 4);
	ret->held_by = rows_dup(r, n + 5, a);
	rows_end(r);
	return 0;
}

struct change {
	const char *ws;
	const struct post_patch *patch;
	const struct post_verdict *verdict;
	struct arena *arena;
	struct post ret;
	bool has_raced; /* somebody else changed the post in between: look again */
};

/* Nothing touches a post once the irreversible call may have left. */
static int refuse_committed(const struct view *v, unsigned given, struct problem *reterr)
{
	const char *id = v->post.id;

	if (v->post.state == POST_PUBLISHED)
		return problem_set(reterr, PROBLEM_ALREADY_PUBLISHED, "post %.64s is live already",
				   id);
	if (v->is_in_doubt && (given & POST_CHANGE_REVIVE) &&
	    (v->post.state == POST_UNCONFIRMED || post_state_is_terminal(v->post.state)))
		return problem_set(reterr, PROBLEM_POST_UNCONFIRMED,
				   "an earlier attempt of post %.64s is still in doubt", id);
	if (v->is_in_doubt || post_state_is_committed(v->post.state))
		return problem_set(reterr, PROBLEM_ALREADY_PUBLISHING,
				   "publishing of post %.64s has begun", id);
	return 0;
}

static int check_revival(const struct view *v, const struct post_patch *in, struct problem *reterr)
{
	bool is_immediate = (in->given & POST_CHANGE_IMMEDIATE) != 0;
	int64_t due_us = in->given & POST_CHANGE_TIME ? in->due.us : v->post.due_us;

	if (!v->is_approved)
		return problem_set(reterr, PROBLEM_NOT_APPROVED, "content %.64s is not approved",
				   v->post.content_id);
	if (!v->is_connected)
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "account %.64s is not connected", v->post.account_id);
	if (v->held_by)
		return problem_set(reterr, PROBLEM_POST_PAUSED, "%s: resume it first", v->held_by);
	return is_immediate ? 0 : schedule_check_due(due_us, v->now_us, reterr);
}

static int edit(struct db *db, struct change *c, const struct view *v, enum post_state next,
		struct problem *reterr)
{
	const struct post_patch *in = c->patch;
	const struct post *p = &v->post;
	int64_t has_time = in->given & POST_CHANGE_TIME, changed = 0;
	bool is_revived = p->state != POST_PAUSED || next != POST_PAUSED;
	bool is_immediate = in->given & POST_CHANGE_IMMEDIATE || (p->is_immediate && !has_time);

	if (db_exec(db, ROW(EDIT), &changed, reterr, has_time, has_time ? in->due.us : INSTANT_NONE,
		    has_time, in->due.timezone[0] ? in->due.timezone : NULL, has_time,
		    in->due.local_time[0] ? in->due.local_time : NULL, has_time,
		    (int64_t)in->due.fold, has_time, (int64_t)in->due.is_adjusted, has_time,
		    in->due.tzdata[0] ? in->due.tzdata : NULL,
		    (int64_t)(in->given & POST_CHANGE_OVERRIDES), in->overrides,
		    (int64_t)is_immediate,
		    post_state_is_editable(p->state) && p->state != POST_PAUSED
			    ? p->content_revision
			    : v->revision,
		    post_state_name(next), post_state_name(next), in->stage_lead_s,
		    is_revived ? NULL : p->reason, c->ws, p->id, post_state_name(p->state),
		    p->version, p->fence) < 0) {
		if (db_errno(db) == DB_ERROR_DUPLICATE)
			problem_set(
				reterr, PROBLEM_DUPLICATE,
				"that content is scheduled on that account at that time already");
		return -1;
	}
	c->has_raced = !changed;
	return 0;
}

/* Which state an edit leads to; -1 refused. */
static int next_state(const struct view *v, const struct post_patch *in, enum post_state *ret,
		      struct problem *reterr)
{
	bool is_revival = (in->given & POST_CHANGE_REVIVE) != 0;
	enum post_state now = v->post.state;

	if (!post_state_is_editable(now) && !is_revival)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "post %.64s is %s: set its status to pending to revive it",
				   v->post.id, post_state_name(now));
	if (now == POST_PAUSED && !is_revival) {
		*ret = POST_PAUSED;
		return 0;
	}
	if ((now == POST_PAUSED || !post_state_is_editable(now)) &&
	    check_revival(v, in, reterr) < 0)
		return -1;
	*ret = POST_QUEUED;
	return 0;
}

static int cancel(struct db *db, struct change *c, const struct view *v, struct problem *reterr)
{
	const struct post *p = &v->post;
	int64_t changed = 0;

	if (!post_state_is_editable(p->state))
		return problem_set(reterr, PROBLEM_CONFLICT, "post %.64s has ended: it is %s",
				   p->id, post_state_name(p->state));
	if (db_exec(db, ROW(CANCEL), &changed, reterr, c->ws, p->id, post_state_name(p->state),
		    p->version, p->fence) < 0)
		return -1;
	c->has_raced = !changed;
	return 0;
}

/* Asked for what already is. */
static bool is_settled(const struct view *v, unsigned given)
{
	if (given & POST_CHANGE_CANCEL)
		return v->post.state == POST_CANCELLED;
	return given == 0 ||
	       (given == POST_CHANGE_REVIVE && post_state_is_editable(v->post.state) &&
		v->post.state != POST_PAUSED);
}

static int check_version(const struct post *p, int64_t if_version, struct problem *reterr)
{
	if (!if_version || if_version == p->version)
		return 0;
	return problem_set(reterr, PROBLEM_VERSION, "post %.64s has changed since you read it",
			   p->id);
}

/* What its media lacked may be there by now. */
static int fetch_again(struct db *db, const struct change *c, const struct view *v,
		       struct problem *reterr)
{
	if (c->has_raced || v->post.state != POST_FAILED)
		return 0;
	return store_fetches_again(db, c->ws, v->post.content_id, reterr);
}

static int finish(struct db *db, struct change *c, const char *id, const char *event,
		  struct problem *reterr)
{
	if (store_posts_get(db, c->ws, id, c->arena, &c->ret, reterr) < 0)
		return -1;
	if (event && postevent_insert(db, c->ws, event, &c->ret, reterr) < 0)
		return -1;
	(void)FP(F24_change_written);
	return 0;
}

static int patch(struct db *db, void *arg, struct problem *reterr)
{
	struct change *c = arg;
	const struct post_patch *in = c->patch;
	bool is_cancel = (in->given & POST_CHANGE_CANCEL) != 0;
	const char *event = is_cancel ? "post.cancelled" : NULL;
	enum post_state next = POST_CANCELLED;
	struct view v = { 0 };

	c->has_raced = false;
	if (read_view(db, c->ws, in->id, c->arena, &v, reterr) < 0 ||
	    check_version(&v.post, in->if_version, reterr) < 0)
		return -1;
	if (is_settled(&v, in->given)) {
		c->ret = v.post;
		return 0;
	}
	if (refuse_committed(&v, in->given, reterr) < 0)
		return -1;
	if (is_cancel
		    ? cancel(db, c, &v, reterr) < 0
		    : next_state(&v, in, &next, reterr) < 0 || edit(db, c, &v, next, reterr) < 0 ||
			      fetch_again(db, c, &v, reterr) < 0)
		return -1;
	if (next == POST_QUEUED && (in->given & (POST_CHANGE_TIME | POST_CHANGE_REVIVE)))
		event = "post.scheduled";
	return c->has_raced ? 0 : finish(db, c, in->id, event, reterr);
}

static int run_change(struct db *db, struct change *c,
		      int (*fn)(struct db *, void *, struct problem *), struct problem *reterr)
{
	for (int tries = 0; tries < RACE_TRIES; tries++) {
		if (db_transact(db, fn, c, reterr) < 0)
			return -1;
		if (!c->has_raced)
			return 0;
	}
	return problem_set(reterr, PROBLEM_CONFLICT, "the post keeps changing: try again");
}

int store_posts_patch(struct db *db, const char *ws, const struct post_patch *in, struct arena *a,
		      struct post *ret, struct problem *reterr)
{
	struct change c = { .ws = ws, .patch = in, .arena = a };

	if (run_change(db, &c, patch, reterr) < 0)
		return -1;
	*ret = c.ret;
	return 0;
}

static int go_live(struct db *db, const char *ws, const struct post *p, const char *remote_id,
		   struct problem *reterr)
{
	const struct result_start start = { p->id, p->account_id, remote_id, p->published_us };

	if (db_exec(db, ROW(GO_LIVE), NULL, reterr, ws, p->content_id) < 0)
		return -1;
	return store_results_begin(db, ws, &start, reterr);
}

static int settle_found(struct db *db, struct change *c, const struct view *v, int64_t *changed,
			struct problem *reterr)
{
	const struct post_verdict *in = c->verdict;
	const struct post *p = &v->post;

	if (db_exec(db, ROW(FOUND), changed, reterr, in->remote_id, in->remote_url, c->ws, p->id,
		    post_state_name(p->state), p->version, p->fence) == 0)
		return *changed ? go_live(db, c->ws, p, in->remote_id, reterr) : 0;
	if (db_errno(db) == DB_ERROR_DUPLICATE)
		problem_set(reterr, PROBLEM_DUPLICATE,
			    "another post stands for that remote id already");
	return -1;
}

static int resolve(struct db *db, void *arg, struct problem *reterr)
{
	struct change *c = arg;
	const struct post_verdict *in = c->verdict;
	int64_t changed = 0;
	struct view v = { 0 };
	bool is_part;

	if (read_view(db, c->ws, in->id, c->arena, &v, reterr) < 0 ||
	    check_version(&v.post, in->if_version, reterr) < 0)
		return -1;
	is_part = v.post.waiting_for && strcmp(v.post.waiting_for, "parts") == 0;
	if (v.post.state != POST_UNCONFIRMED)
		return problem_set(reterr, PROBLEM_CONFLICT, "post %.64s is %s, not unconfirmed",
				   in->id, post_state_name(v.post.state));
	if (in->remote_id ? settle_found(db, c, &v, &changed, reterr) < 0
			  : db_exec(db, ROW(NOT_FOUND), &changed, reterr, c->ws, in->id,
				    "unconfirmed", v.post.version, v.post.fence) < 0)
		return -1;
	c->has_raced = !changed;
	if (c->has_raced)
		return 0;
	/* The next part may have to name this one. */
	if (db_exec(db, ROW(SETTLE_ATTEMPTS), NULL, reterr, in->remote_id ? "effect" : "no_effect",
		    is_part ? in->remote_id : NULL, in->by, c->ws, in->id) < 0)
		return -1;
	if (is_part && in->remote_id)
		return finish(db, c, in->id, NULL, reterr);
	return finish(db, c, in->id, in->remote_id ? "post.published" : "post.retrying", reterr);
}

int store_posts_resolve(struct db *db, const char *ws, const struct post_verdict *in,
			struct arena *a, struct post *ret, struct problem *reterr)
{
	struct change c = { .ws = ws, .verdict = in, .arena = a };

	if (run_change(db, &c, resolve, reterr) < 0)
		return -1;
	*ret = c.ret;
	return 0;
}

int store_posts_pause_content(struct db *db, const char *ws, const char *content_id, int64_t *ret_n,
			      struct problem *reterr)
{
	return db_exec(db, ROW(PAUSE_CONTENT), ret_n, reterr, ws, content_id);
}

int store_posts_pause_account(struct db *db, const char *ws, const char *account_id, int64_t *ret_n,
			      struct problem *reterr)
{
	return db_exec(db, ROW(PAUSE_ACCOUNT), ret_n, reterr, ws, account_id);
}

int store_posts_resume_content(struct db *db, const char *ws, const char *content_id,
			       int64_t stage_lead_s, struct problem *reterr)
{
	if (db_exec(db, ROW(RESUME_CONTENT), NULL, reterr, stage_lead_s, ws, ws, content_id, ws) <
	    0)
		return -1;
	return db_exec(db, ROW(REGARD_PAUSE), NULL, reterr, ws, content_id);
}

static int resume_one(struct db *db, const char *ws, const char *id, int64_t stage_lead_s,
		      struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct rows *r = NULL;
	struct post post;

	if (db_exec(db, ROW(RESUME_ONE), NULL, reterr, stage_lead_s, ws, id) < 0 ||
	    db_query_one(db, ROW(GET_ONE), &r, reterr, ws, id) != 1)
		return -1;
	store_posts_read(r, 0, a, &post);
	rows_end(r);
	if (post.state != POST_QUEUED)
		return 0;
	return postevent_insert(db, ws, "post.scheduled", &post, reterr);
}

int store_posts_resume_account(struct db *db, const char *ws, const char *account_id,
			       int64_t stage_lead_s, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct id_row {
		const char *id;
		struct id_row *next;
	} *list = NULL, **end = &list;
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(RESUMABLE), &r, reterr, ws, account_id) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		*end = arena_alloc(a, sizeof(**end));
		**end = (struct id_row){ .id = rows_dup(r, 0, a) };
		end = &(*end)->next;
	}
	rows_end(r);
	for (const struct id_row *at = list; got == 0 && at; at = at->next)
		got = resume_one(db, ws, at->id, stage_lead_s, reterr);
	return got;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posts - scheduled posts as people and clients see and change them
 * Layer store; delivery states are moved by store/queue. Ids here are always sch_...: post_X is the
 * same post seen by the other family of routes. Every change bumps version and fence, so a runner
 * that holds the post loses its claim before the irreversible call, or the change is refused with
 * PROBLEM_ALREADY_PUBLISHING. Errors: PROBLEM_NOT_FOUND, PROBLEM_VERSION, PROBLEM_CONFLICT,
 * PROBLEM_ALREADY_PUBLISHED, PROBLEM_POST_UNCONFIRMED, PROBLEM_NOT_APPROVED, PROBLEM_DUPLICATE,
 * PROBLEM_ACCOUNT_NOT_CONNECTED, PROBLEM_PAST.
 */
#ifndef CARILLON_STORE_POSTS_H
#define CARILLON_STORE_POSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/stmt.h"
#include "domain/delivery.h"
#include "domain/schedule.h"
#include "store/accounts.h"
#include "store/page.h"

struct post {
	const char *id, *content_id, *character_id, *account_id, *platform;
	int64_t content_revision;
	bool livemode;
	enum post_state state;
	const char *reason; /* why paused: approval_voided, awaiting_approval, account_disconnected,
			       late, ...; published: what fell short, see outcome.h; NULL none */
	int64_t version, fence;
	const char *owner;
	int64_t wake_us, due_us;
	const char *timezone, *local_time;
	int fold;
	bool is_immediate;
	const char *overrides; /* JSON object text for this platform; NULL none */
	int64_t claims, tries, attempts;
	const char *remote_id, *remote_url;
	int64_t published_us, next_attempt_us;
	const char *waiting_for;
	const char *error_code, *error_message, *error_who; /* code NULL: no error */
	bool error_retryable;
	const char *platform_code, *platform_message;
	const char *created_by;
	int64_t created_us, updated_us;
	bool dst_adjusted; /* due was moved out of a gap of its zone */
};

/* The columns behind struct post, in the order that store_posts_read() takes them from `first`. */
#define STORE_POSTS_COLUMNS                                                                     \
	"posts.id, posts.content_id, posts.character_id, posts.account_id, posts.platform, "    \
	"posts.content_revision, posts.livemode, posts.state, posts.reason, posts.version, "    \
	"posts.fence, posts.owner, posts.wake_at, posts.due_at, posts.timezone, "               \
	"posts.local_time, posts.fold, posts.is_immediate, posts.overrides, posts.claims, "     \
	"posts.tries, posts.attempts, posts.remote_id, posts.remote_url, posts.published_at, "  \
	"posts.next_attempt_at, posts.waiting_for, posts.error_code, posts.error_message, "     \
	"posts.error_who, posts.error_retryable, posts.platform_code, posts.platform_message, " \
	"posts.created_by, posts.created_at, posts.updated_at, posts.dst_adjusted"
#define STORE_POSTS_COLUMNS_N 37

/*
 * For updates of one post by its key: without these words MariaDB dives into each of the table's
 * indexes before it takes the primary one, at every run.
 */
#define STORE_POSTS_ONE "posts FORCE INDEX (PRIMARY)"
void store_posts_read(const struct rows *r, unsigned first, struct arena *a, struct post *ret);

struct post_new {
	const char *account_id, *platform;
	bool livemode;
	struct schedule_time due; /* us INSTANT_NONE: the very time of its creation */
	bool is_immediate;
	const char *overrides;
};

struct posts_new {
	const char *content_id, *created_by;
	const struct post_new *v;
	size_t n;
	int64_t stage_lead_s;  /* setting publish.stage_lead_s */
	bool pause_unapproved; /* content not approved: paused/awaiting_approval, not refused */
};

struct posts {
	struct post *v;
	size_t n;
	bool has_more;
};

/*
 * All or nothing, in the order of in->v; a post that exists for the same content, account and time
 * is returned as it stands. The content must be approved (PROBLEM_NOT_APPROVED), each account
 * connected (PROBLEM_ACCOUNT_NOT_CONNECTED). Writes post.scheduled for each new row. Due times
 * count to the millisecond.
 */
int store_posts_insert(struct db *db, const char *ws, const struct posts_new *in, struct arena *a,
		       struct posts *ret, struct problem *reterr);
/* Where a post would go, and what goes by itself: all that planning it asks for besides the content. */
struct post_target_of {
	const char *character_id; /* the content's; NULL none */
	const char *account_id;   /* NULL none */
};
struct post_target {
	const char *timezone;         /* the character's, else the workspace's; NULL none */
	const char *default_accounts; /* the character's, JSON object text; NULL none */
	bool has_account;             /* there is one of that id */
	struct account account;
};
int store_posts_target(struct db *db, const char *ws, const struct post_target_of *in,
		       struct arena *a, struct post_target *ret, struct problem *reterr);
int store_posts_get(struct db *db, const char *ws, const char *id, struct arena *a,
		    struct post *ret, struct problem *reterr);
/* Newest post of content and account by due time that is in none of the states of `not_in`. */
struct post_search {
	const char *content_id, *account_id;
	uint64_t not_in; /* bits 1 << enum post_state */
};
int store_posts_find(struct db *db, const char *ws, const struct post_search *in, struct arena *a,
		     struct post *ret, struct problem *reterr);

/* The words of these states (bits 1 << enum post_state), comma-separated. */
#define POST_STATES_TEXT_MAX 160
const char *post_states_print(uint64_t states, char ret[static POST_STATES_TEXT_MAX]);

/*
 * store/postlist.c. Each way into the list (content, account, character, status, what is over, or
 * all by time) walks an index of its own in the order of the answer: nothing is sorted, and only
 * rows that the other filters refuse are read in vain.
 */
struct post_query {
	struct page page;       /* by (due, id) */
	int64_t from_us, to_us; /* due in [from, to); INSTANT_NONE: open */
	uint64_t states;        /* bits 1 << enum post_state; 0: any */
	const char *platform, *account_id, *character_id, *content_id; /* NULL: any */
	const char *account_ids; /* allow-list, comma-separated; NULL: any */
	enum livemode livemode;
};
int store_posts_list(struct db *db, const char *ws, const struct post_query *q, struct arena *a,
		     struct posts *ret, struct problem *reterr);

/* How many posts of the account went out in the last 24 hours. */
int store_posts_count_day(struct db *db, const char *ws, const char *account_id, int64_t *ret_n,
			  struct problem *reterr);

enum post_change {
	POST_CHANGE_TIME = 1,
	POST_CHANGE_OVERRIDES = 2,
	POST_CHANGE_CANCEL = 4,    /* alone */
	POST_CHANGE_REVIVE = 8,    /* status "pending": cancelled, failed, missed, paused */
	POST_CHANGE_IMMEDIATE = 16 /* fire as soon as staged */
};

struct post_patch {
	const char *id;
	unsigned given; /* bits of enum post_change */
	int64_t if_version;
	struct schedule_time due;
	const char *overrides;
	int64_t stage_lead_s;
};

/*
 * Time and overrides change queued, staging, staged, retrying and paused posts (what was staged is
 * staged anew); with REVIVE also cancelled, failed and missed ones, whose time must then lie ahead.
 * Cancelling twice is fine; REVIVE of what is pending anyway changes nothing else.
 */
int store_posts_patch(struct db *db, const char *ws, const struct post_patch *in, struct arena *a,
		      struct post *ret, struct problem *reterr);

/* By hand: settles an unconfirmed post. remote_id NULL: it is not there, and is tried again. */
struct post_verdict {
	const char *id, *remote_id, *remote_url, *by;
	int64_t if_version, stage_lead_s;
};
int store_posts_resolve(struct db *db, const char *ws, const struct post_verdict *in,
			struct arena *a, struct post *ret, struct problem *reterr);

/*
 * Within the caller's transaction: pauses the pending posts of a content or an account (one of the
 * two is NULL); resumes a content's posts paused for want of approval and still ahead.
 */
int store_posts_pause_content(struct db *db, const char *ws, const char *content_id, int64_t *ret_n,
			      struct problem *reterr);
int store_posts_pause_account(struct db *db, const char *ws, const char *account_id, int64_t *ret_n,
			      struct problem *reterr);
int store_posts_resume_content(struct db *db, const char *ws, const char *content_id,
			       int64_t stage_lead_s, struct problem *reterr);

/* Those paused because the account was disconnected, and still ahead; with post.scheduled each. */
int store_posts_resume_account(struct db *db, const char *ws, const char *account_id,
			       int64_t stage_lead_s, struct problem *reterr);

extern const struct stmt store_posts_statements[], store_postlist_statements[];

#endif

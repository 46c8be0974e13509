/* SPDX-License-Identifier: Apache-2.0 */
#include "store/accounts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/conn.h"
#include "store/events.h"
#include "store/guard.h"
#include "store/posts.h"
#include "store/tokens.h"
#include "json/emit.h"

#define CANDIDATES_MAX 20 /* named in an ambiguity */

enum {
	OWN_ROW,
	INSERT,
	RECONNECT,
	GET,
	LOCK,
	LIST_UP,
	LIST_DOWN,
	CANDIDATES,
	CLEAR_DEFAULT,
	UPDATE,
	SET_STATUS,
	EXPIRING,
	NOTE_EXPIRING,
	SHARES_GRANT
};

#define SELECT "SELECT " STORE_ACCOUNTS_COLUMNS " FROM accounts WHERE workspace_id = ? "
#define FILTERS                                                                  \
	"AND (? IS NULL OR platform = ?) AND (? IS NULL OR FIND_IN_SET(id, ?)) " \
	"AND (? IS NULL OR livemode = ?) "

const struct stmt store_accounts_statements[] = {
	[OWN_ROW] = { "accounts.own_row", STMT_WORKSPACE, "ssis",
		      "SELECT id FROM accounts WHERE workspace_id = ? AND platform = ? "
		      "AND livemode = ? AND remote_id = ? FOR UPDATE",
		      NULL },
	[INSERT] = { "accounts.insert", STMT_WORKSPACE, "sssissssssst",
		     "INSERT INTO accounts (workspace_id, id, platform, livemode, remote_id, "
		     "username, "
		     "display_name, avatar_url, status, scopes, missing_scopes, meta, expires_at, "
		     "connected_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
		     "'connected', ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), "
		     "UTC_TIMESTAMP(3))",
		     NULL },
	[RECONNECT] = { "accounts.reconnect", STMT_WORKSPACE, "sssssstss",
			"UPDATE accounts SET username = ?, display_name = ?, avatar_url = ?, "
			"scopes = ?, missing_scopes = ?, meta = ?, expires_at = ?, "
			"status = 'connected', status_reason = NULL, connected_at = "
			"UTC_TIMESTAMP(3), "
			"version = version + 1, updated_at = UTC_TIMESTAMP(3) "
			"WHERE workspace_id = ? AND id = ?",
			NULL },
	[GET] = { "accounts.get", STMT_WORKSPACE, "ss", SELECT "AND id = ?", NULL },
	[LOCK] = { "accounts.lock", STMT_WORKSPACE, "ss", SELECT "AND id = ? FOR UPDATE", NULL },
	[LIST_UP] = { "accounts.list_up", STMT_WORKSPACE, "sssssIIisi",
		      SELECT FILTERS "AND (? OR status <> 'disconnected') AND id > ? "
				     "ORDER BY id LIMIT ?",
		      NULL },
	[LIST_DOWN] = { "accounts.list_down", STMT_WORKSPACE, "sssssIIisi",
			SELECT FILTERS "AND (? OR status <> 'disconnected') AND id < ? "
				       "ORDER BY id DESC LIMIT ?",
			NULL },
	/* The preferred one comes first, whatever its status: it is what was meant. */
	[CANDIDATES] = { "accounts.candidates", STMT_WORKSPACE, "sssssIIssi",
			 SELECT FILTERS "AND (id = ? OR status = 'connected') "
					"ORDER BY id = ? DESC, id LIMIT ?",
			 NULL },
	[CLEAR_DEFAULT] = { "accounts.clear_default", STMT_WORKSPACE, "ssis",
			    "UPDATE accounts SET is_default = FALSE, version = version + 1 "
			    "WHERE workspace_id = ? AND platform = ? AND livemode = ? AND id <> ? "
			    "AND is_default",
			    NULL },
	[UPDATE] = { "accounts.update", STMT_WORKSPACE, "iiisisiiss",
		     "UPDATE accounts SET publish_within_minutes = IF(?, ?, "
		     "publish_within_minutes), "
		     "on_late = IF(?, ?, on_late), settings = IF(?, ?, settings), "
		     "is_default = IF(?, ?, is_default), version = version + 1, "
		     "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ?",
		     NULL },
	[SET_STATUS] = { "accounts.set_status", STMT_WORKSPACE, "ssss",
			 "UPDATE accounts SET status = ?, status_reason = ?, version = version + "
			 "1, "
			 "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ?",
			 NULL },
	/* What is renewed by itself in time is nobody's business, unless it ends all the same. */
	[EXPIRING] = { "accounts.expiring", STMT_GLOBAL, "ii",
		       "SELECT a.workspace_id, a.id FROM accounts a LEFT JOIN account_refreshes r "
		       "ON r.workspace_id = a.workspace_id AND r.account_id = a.id "
		       "WHERE a.status = 'connected' "
		       "AND a.expires_at <= UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		       "AND NOT a.expiry_told_at <=> a.expires_at "
		       "AND (r.next_at IS NULL OR r.failures > 0 OR r.next_at >= a.expires_at "
		       "OR JSON_VALUE(a.meta, '$." ACCOUNT_ENDS "') IS NOT NULL) "
		       "ORDER BY a.expires_at LIMIT ?",
		       "the runner serves every workspace" },
	[NOTE_EXPIRING] = { "accounts.note_expiring", STMT_WORKSPACE, "ss",
			    "UPDATE accounts SET expiry_told_at = expires_at, "
			    "version = version + 1 WHERE workspace_id = ? AND id = ? "
			    "AND status = 'connected' AND NOT expiry_told_at <=> expires_at",
			    NULL },
	[SHARES_GRANT] = { "accounts.shares_grant", STMT_GLOBAL, "sisssss",
			   "SELECT 1 FROM accounts WHERE platform = ? AND livemode = ? "
			   "AND status <> 'disconnected' AND NOT (workspace_id = ? AND id = ?) "
			   "AND (remote_id = ? OR (JSON_VALUE(meta, '$.person_id') = ? "
			   "AND (workspace_id = ? OR "
			   "JSON_VALUE(meta, '$.person_id') <> '" ACCOUNT_PERSON_UNKNOWN
			   "'))) LIMIT 1",
			   "a grant at a platform is a person's, whatever the workspace; only yes "
			   "or no comes out" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_accounts_statements[x])

/* Index of a word of the schema's own ENUM. */
static int index_of(const char *const *names, const char *name)
{
	int i = 0;

	while (names[i + 1] && strcmp(names[i], name) != 0)
		i++;
	return i;
}

void store_accounts_read(const struct rows *r, unsigned f, struct arena *a, struct account *ret)
{
	*ret = (struct account){
		.id = rows_dup(r, f, a),
		.platform = rows_dup(r, f + 1, a),
		.remote_id = rows_dup(r, f + 2, a),
		.username = rows_dup(r, f + 3, a),
		.display_name = rows_dup(r, f + 4, a),
		.avatar_url = rows_dup(r, f + 5, a),
		.livemode = rows_int(r, f + 6) != 0,
		.is_default = rows_int(r, f + 7) != 0,
		.status = (enum account_status)index_of(account_status_names, rows_text(r, f + 8)),
		.status_reason = rows_dup(r, f + 9, a),
		.scopes = rows_dup(r, f + 10, a),
		.missing_scopes = rows_dup(r, f + 11, a),
		.meta = rows_dup(r, f + 12, a),
		.settings = rows_dup(r, f + 13, a),
		.publish_within_minutes = rows_int(r, f + 14),
		.on_late = (enum on_late)index_of(on_late_names, rows_text(r, f + 15)),
		.expires_us = rows_instant(r, f + 16),
		.connected_us = rows_instant(r, f + 17),
		.version = rows_int(r, f + 18),
		.created_us = rows_instant(r, f + 19),
		.updated_us = rows_instant(r, f + 20),
		.is_expiring = rows_int(r, f + 21) != 0,
		.paused_us = rows_instant(r, f + 22),
	};
}

static int get_by(struct db *db, const struct stmt *s, const struct guard_row *row, struct arena *a,
		  struct account *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, s, &r, reterr, row->ws, row->id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("account", row->id, reterr);
	store_accounts_read(r, 0, a, ret);
	rows_end(r);
	return 0;
}

int store_accounts_get(struct db *db, const char *ws, const char *id, struct arena *a,
		       struct account *ret, struct problem *reterr)
{
	return get_by(db, ROW(GET), &(struct guard_row){ .ws = ws, .id = id }, a, ret, reterr);
}

struct account_event {
	const char *type, *id, *platform, *username, *reason;
	bool livemode;
	int64_t paused;     /* -1: does not belong to it */
	int64_t expires_us; /* 0: not told */
};

static int tell(struct db *db, const char *ws, const struct account_event *in,
		struct problem *reterr)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct emit e = EMIT(&data);
	struct event event = { .type = in->type,
			       .subject_id = in->id,
			       .livemode = in->livemode ? LIVEMODE_LIVE : LIVEMODE_TEST };

	emit_open(&e, NULL);
	emit_text(&e, "id", in->id);
	emit_text(&e, "platform", in->platform);
	emit_text(&e, "username", in->username);
	if (in->reason)
		emit_text(&e, "reason", in->reason);
	if (in->expires_us != 0)
		emit_instant(&e, "expires_at", in->expires_us);
	if (in->paused >= 0)
		emit_int(&e, "paused_posts", in->paused);
	emit_close(&e);
	event.data = buf_str(&data);
	return store_events_insert(db, ws, &event, reterr);
}

struct connecting {
	const char *ws;
	const struct account_connect *in;
	const struct keys *keys;
	char id[ID_MAX];
};

/* 1: another connection of the account was written first; whose, the next look tells. */
static int duplicate(struct db *db, struct problem *reterr)
{
	if (db_errno(db) != DB_ERROR_DUPLICATE)
		return -1;
	problem_clear(reterr);
	return 1;
}

/* 1: the account is somebody else's, or was made in the meantime. */
static int upsert(struct db *db, struct connecting *c, struct problem *reterr)
{
	const struct account_connect *in = c->in;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(OWN_ROW), &r, reterr, c->ws, in->platform,
			       (int64_t)in->livemode, in->remote_id);

	if (got < 0)
		return -1;
	if (got == 1) {
		snprintf(c->id, sizeof(c->id), "%s", rows_text(r, 0));
		rows_end(r);
		if (db_exec(db, ROW(RECONNECT), NULL, reterr, in->username, in->display_name,
			    in->avatar_url, in->scopes, in->missing_scopes, in->meta,
			    in->expires_us, c->ws, c->id) < 0)
			return duplicate(db, reterr);
		return 0;
	}
	random_id(c->id, "acc");
	if (db_exec(db, ROW(INSERT), NULL, reterr, c->ws, c->id, in->platform,
		    (int64_t)in->livemode, in->remote_id, in->username, in->display_name,
		    in->avatar_url, in->scopes, in->missing_scopes, in->meta, in->expires_us) < 0)
		return duplicate(db, reterr);
	return 0;
}

/* Two flows of one workspace may bring the same new account at once: the later one finds it. */
static int claim(struct db *db, struct connecting *c, struct problem *reterr)
{
	int got = upsert(db, c, reterr);

	if (got == 1)
		got = upsert(db, c, reterr);
	if (got != 1)
		return got;
	return problem_set(
		reterr, PROBLEM_ACCOUNT_TAKEN,
		"another workspace has connected that account: disconnect it there first");
}

static int connect_account(struct db *db, void *arg, struct problem *reterr)
{
	struct connecting *c = arg;
	const struct account_connect *in = c->in;
	const struct token_set tokens = { in->tokens, in->tokens_n };
	struct account_event event = { .type = "account.connected",
				       .platform = in->platform,
				       .username = in->username,
				       .livemode = in->livemode,
				       .paused = -1 };

	if (claim(db, c, reterr) < 0 ||
	    store_tokens_put(db, c->ws, c->id, &tokens, c->keys, reterr) < 0 ||
	    store_tokens_plan(db, c->ws, c->id, in->refresh_us, reterr) < 0 ||
	    store_tokens_wake(db, c->ws, c->id, reterr) < 0 ||
	    store_posts_resume_account(db, c->ws, c->id, in->stage_lead_s, reterr) < 0)
		return -1;
	event.id = c->id;
	return tell(db, c->ws, &event, reterr);
}

int store_accounts_connect(struct db *db, const char *ws, const struct account_connect *in,
			   const struct keys *keys, char ret_id[static ID_MAX],
			   struct problem *reterr)
{
	struct connecting c = { .ws = ws, .in = in, .keys = keys };

	if (db_transact(db, connect_account, &c, reterr) < 0)
		return -1;
	memcpy(ret_id, c.id, sizeof(c.id));
	return 0;
}

static void read_listed(const struct rows *r, struct arena *a, void *to)
{
	store_accounts_read(r, 0, a, to);
}

int store_accounts_list(struct db *db, const char *ws, const struct account_query *q,
			struct arena *a, struct accounts *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct account), read_listed };
	int64_t mode = livemode_bind(q->livemode);
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), &r, reterr, ws, q->platform,
		     q->platform, q->account_ids, q->account_ids, mode, mode,
		     (int64_t)q->with_disconnected, page_start_id(&q->page),
		     (int64_t)page_rows(&q->page)) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct accounts){ list.v, list.n, list.has_more };
	return 0;
}

static int ambiguous(const struct accounts *list, const char *platform, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf ids = BUF_INIT;
	struct emit e = EMIT(&ids);

	emit_open_array(&e, "account_ids");
	for (size_t i = 0; i < list->n; i++)
		emit_text(&e, NULL, list->v[i].id);
	emit_close_array(&e);
	problem_set(reterr, PROBLEM_ACCOUNT_AMBIGUOUS,
		    "%zu %s accounts are connected: name one by account id", list->n, platform);
	snprintf(reterr->extra, sizeof(reterr->extra), "%s", buf_str(&ids));
	return -1;
}

/* Who sees both modes means the real account where there is one. */
static void prefer_live(struct accounts *list)
{
	size_t live = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].livemode)
			list->v[live++] = list->v[i];
	}
	if (live > 0)
		list->n = live;
}

static int collect(struct rows *r, struct arena *a, struct accounts *list, struct problem *reterr)
{
	int got;

	while ((got = rows_next(r, reterr)) == 1)
		store_accounts_read(r, 0, a, &list->v[list->n++]);
	rows_end(r);
	return got;
}

int store_accounts_resolve(struct db *db, const char *ws, const struct account_wish *in,
			   struct arena *a, struct account *ret, struct problem *reterr)
{
	struct accounts list = { .v = arena_array(a, CANDIDATES_MAX, sizeof(*list.v)) };
	const char *preferred = in->preferred_id ? in->preferred_id : "";
	int64_t mode = livemode_bind(in->livemode);
	struct rows *r = NULL;
	bool is_preferred;

	if (db_query(db, ROW(CANDIDATES), &r, reterr, ws, in->platform, in->platform,
		     in->account_ids, in->account_ids, mode, mode, preferred, preferred,
		     (int64_t)CANDIDATES_MAX) < 0 ||
	    collect(r, a, &list, reterr) < 0)
		return -1;
	is_preferred = list.n && strcmp(list.v[0].id, preferred) == 0;
	if (list.n == 0 || (is_preferred && list.v[0].status != ACCOUNT_CONNECTED))
		return problem_set(reterr, PROBLEM_ACCOUNT_NOT_CONNECTED,
				   "no %s account is connected%s", in->platform,
				   is_preferred ? ": the character's default is not" : "");
	if (!is_preferred)
		prefer_live(&list);
	if (list.n > 1 && !is_preferred)
		return ambiguous(&list, in->platform, reterr);
	*ret = list.v[0];
	return 0;
}

struct updating {
	const char *ws;
	const struct account_patch *in;
};

static int update(struct db *db, void *arg, struct problem *reterr)
{
	const struct updating *u = arg;
	const struct account_patch *in = u->in;
	CLEANUP(arena_free) struct arena *a = arena_new();
	int64_t given = in->given;
	struct account now = { 0 };

	if (get_by(db, ROW(LOCK), &(struct guard_row){ .ws = u->ws, .id = in->id }, a, &now,
		   reterr) < 0)
		return -1;
	if (in->if_version && in->if_version != now.version)
		return problem_set(reterr, PROBLEM_VERSION,
				   "account %.64s has changed since you read it", in->id);
	if ((given & ACCOUNT_IS_DEFAULT) && in->is_default &&
	    db_exec(db, ROW(CLEAR_DEFAULT), NULL, reterr, u->ws, now.platform,
		    (int64_t)now.livemode, in->id) < 0)
		return -1;
	return db_exec(db, ROW(UPDATE), NULL, reterr, given & ACCOUNT_PUBLISH_WITHIN,
		       in->publish_within_minutes, given & ACCOUNT_ON_LATE,
		       on_late_names[in->on_late], given & ACCOUNT_SETTINGS, in->settings,
		       given & ACCOUNT_IS_DEFAULT, (int64_t)in->is_default, u->ws, in->id);
}

int store_accounts_update(struct db *db, const char *ws, const struct account_patch *in,
			  struct problem *reterr)
{
	struct updating u = { ws, in };

	return db_transact(db, update, &u, reterr);
}

struct status_change {
	const char *ws, *id, *reason;
	enum account_status status;
	int64_t paused;
};

static int change_status(struct db *db, void *arg, struct problem *reterr)
{
	struct status_change *s = arg;
	CLEANUP(arena_free) struct arena *a = arena_new();
	bool is_disconnect = s->status == ACCOUNT_DISCONNECTED;
	struct account_event event = { .type = is_disconnect ? "account.disconnected"
							     : "account.needs_reconnect",
				       .id = s->id,
				       .reason = s->reason,
				       .paused = -1 };
	struct account now = { 0 };

	s->paused = 0;
	if (get_by(db, ROW(LOCK), &(struct guard_row){ .ws = s->ws, .id = s->id }, a, &now,
		   reterr) < 0)
		return -1;
	/* A disconnected account stays so until somebody connects it again. */
	if (now.status == s->status || now.status == ACCOUNT_DISCONNECTED)
		return 0;
	if (db_exec(db, ROW(SET_STATUS), NULL, reterr, account_status_names[s->status], s->reason,
		    s->ws, s->id) < 0)
		return -1;
	if (is_disconnect && (store_tokens_delete(db, s->ws, s->id, reterr) < 0 ||
			      store_posts_pause_account(db, s->ws, s->id, &s->paused, reterr) < 0))
		return -1;
	if (s->status == ACCOUNT_CONNECTED)
		return 0;
	if (!is_disconnect && store_tokens_wake(db, s->ws, s->id, reterr) < 0)
		return -1;
	event.platform = now.platform;
	event.username = now.username;
	event.livemode = now.livemode;
	if (is_disconnect)
		event.paused = s->paused;
	return tell(db, s->ws, &event, reterr);
}

int store_accounts_disconnect(struct db *db, const char *ws, const char *id, int64_t *ret_paused,
			      struct problem *reterr)
{
	struct status_change s = { .ws = ws, .id = id, .status = ACCOUNT_DISCONNECTED };

	if (db_transact(db, change_status, &s, reterr) < 0)
		return -1;
	*ret_paused = s.paused;
	return 0;
}

int store_accounts_set_status(struct db *db, const char *ws, const char *id,
			      enum account_status status, const char *reason,
			      struct problem *reterr)
{
	struct status_change s = { .ws = ws, .id = id, .reason = reason, .status = status };

	return db_transact(db, change_status, &s, reterr);
}

int store_accounts_expiring(struct db *db, int64_t within_s, int64_t most, struct arena *a,
			    struct account_keys *ret, struct problem *reterr)
{
	struct account_keys found = { .v = arena_array(a, (size_t)most, sizeof(*found.v)) };
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(EXPIRING), &r, reterr, within_s, most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		found.v[found.n++] = (struct account_key){ rows_dup(r, 0, a), rows_dup(r, 1, a) };
	rows_end(r);
	if (got < 0)
		return -1;
	*ret = found;
	return 0;
}

static int tell_expiring(struct db *db, void *arg, struct problem *reterr)
{
	const struct account_key *key = arg;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct account now = { 0 };
	struct account_event event = { .type = "account.expiring", .id = key->id, .paused = -1 };
	int64_t changed = 0;

	/* Another runner may have been quicker, or the account was renewed meanwhile. */
	if (db_exec(db, ROW(NOTE_EXPIRING), &changed, reterr, key->workspace, key->id) < 0)
		return -1;
	if (!changed)
		return 0;
	if (get_by(db, ROW(GET), &(struct guard_row){ .ws = key->workspace, .id = key->id }, a,
		   &now, reterr) < 0)
		return -1;
	event.platform = now.platform;
	event.username = now.username;
	event.livemode = now.livemode;
	event.expires_us = now.expires_us;
	return tell(db, key->workspace, &event, reterr);
}

int store_accounts_tell_expiring(struct db *db, const struct account_key *key,
				 struct problem *reterr)
{
	struct account_key k = *key;

	return db_transact(db, tell_expiring, &k, reterr);
}

int store_accounts_shares_grant(struct db *db, const char *ws, const struct account *a,
				const char *person_id, bool *ret, struct problem *reterr)
{
	CLEANUP(rows_end) struct rows *r = NULL;
	int found = db_query_one(db, ROW(SHARES_GRANT), &r, reterr, a->platform,
				 (int64_t)a->livemode, ws, a->id, a->remote_id, person_id, ws);

	if (found < 0)
		return -1;
	*ret = found > 0;
	return 0;
}

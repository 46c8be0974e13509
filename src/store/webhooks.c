/* SPDX-License-Identifier: Apache-2.0 */
#include "store/webhooks.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "db/conn.h"
#include "store/guard.h"

enum {
	PLACE,
	COUNT,
	INSERT,
	GET,
	LIST_UP,
	LIST_DOWN,
	UPDATE,
	DROP_PENDING,
	DELETE,
	VERSION,
	LOCK,
	PUT_SECRET,
	END_SECRETS,
	DATE_SECRET,
	SECRETS
};

#define SELECT                                                                                \
	"SELECT id, url, description, events, livemode, state = 'enabled', reason, "          \
	"(SELECT MAX(s.ends_at) FROM webhook_secrets s WHERE s.workspace_id = "               \
	"w.workspace_id AND s.webhook_id = w.id AND s.ends_at > UTC_TIMESTAMP(3)), "          \
	"created_by, version, created_at, updated_at FROM webhooks w WHERE workspace_id = ? " \
	"AND (? IS NULL OR livemode = ?) "

const struct stmt store_webhooks_statements[] = {
	/* Held so that two requests cannot both make the last one. */
	[PLACE] = { "webhooks.place", STMT_WORKSPACE, "s",
		    "SELECT id FROM workspaces WHERE id = ? FOR UPDATE", NULL },
	[COUNT] = { "webhooks.count", STMT_WORKSPACE, "s",
		    "SELECT COUNT(*) FROM webhooks WHERE workspace_id = ?", NULL },
	[INSERT] = { "webhooks.insert", STMT_WORKSPACE, "sssssis",
		     "INSERT INTO webhooks (workspace_id, id, url, description, events, livemode, "
		     "state, created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, "
		     "'enabled', ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		     NULL },
	[GET] = { "webhooks.get", STMT_WORKSPACE, "sIIs", SELECT "AND id = ?", NULL },
	[LIST_UP] = { "webhooks.list_up", STMT_WORKSPACE, "sIIsi",
		      SELECT "AND id > ? ORDER BY id LIMIT ?", NULL },
	[LIST_DOWN] = { "webhooks.list_down", STMT_WORKSPACE, "sIIsi",
			SELECT "AND id < ? ORDER BY id DESC LIMIT ?", NULL },
	[UPDATE] = { "webhooks.update", STMT_WORKSPACE, "isisisisisissii",
		     "UPDATE webhooks SET url = IF(?, ?, url), "
		     "description = IF(?, ?, description), events = IF(?, ?, events), "
		     "state = IF(?, ?, state), reason = IF(?, ?, reason), "
		     "next_at = IF(?, NULL, next_at), version = version + 1, "
		     "updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ? AND (? = 0 OR version = ?)",
		     NULL },
	[DROP_PENDING] = { "webhooks.drop_pending", STMT_WORKSPACE, "ss",
			   "UPDATE webhook_deliveries SET state = 'failed', next_at = NULL, "
			   "owner = NULL, lease_until = NULL, fence = fence + 1, "
			   "updated_at = UTC_TIMESTAMP(3) "
			   "WHERE workspace_id = ? AND webhook_id = ? AND next_at IS NOT NULL",
			   NULL },
	[DELETE] = { "webhooks.delete", STMT_WORKSPACE, "ssii",
		     "DELETE FROM webhooks WHERE workspace_id = ? AND id = ? "
		     "AND (? = 0 OR version = ?)",
		     NULL },
	[VERSION] = { "webhooks.version", STMT_WORKSPACE, "ss",
		      "SELECT version FROM webhooks WHERE workspace_id = ? AND id = ?", NULL },
	[LOCK] = { "webhooks.lock", STMT_WORKSPACE, "ss",
		   "SELECT id FROM webhooks WHERE workspace_id = ? AND id = ? FOR UPDATE", NULL },
	[PUT_SECRET] = { "webhooks.put_secret", STMT_WORKSPACE, "ssssb",
			 "INSERT INTO webhook_secrets (workspace_id, id, webhook_id, kid, sealed, "
			 "created_at) VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
			 NULL },
	[END_SECRETS] = { "webhooks.end_secrets", STMT_WORKSPACE, "ss",
			  "DELETE FROM webhook_secrets WHERE workspace_id = ? AND webhook_id = ? "
			  "AND ends_at IS NOT NULL",
			  NULL },
	[DATE_SECRET] = { "webhooks.date_secret", STMT_WORKSPACE, "iss",
			  "UPDATE webhook_secrets SET ends_at = UTC_TIMESTAMP(3) + INTERVAL ? "
			  "SECOND WHERE workspace_id = ? AND webhook_id = ? AND ends_at IS NULL",
			  NULL },
	[SECRETS] = { "webhooks.secrets", STMT_WORKSPACE, "ssi",
		      "SELECT id, sealed FROM webhook_secrets WHERE workspace_id = ? "
		      "AND webhook_id = ? AND (ends_at IS NULL OR ends_at > UTC_TIMESTAMP(3)) "
		      "ORDER BY ends_at IS NULL DESC, id DESC LIMIT ?",
		      NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_webhooks_statements[x])

/* ---- secrets ---- */

static int no_ring(struct problem *reterr)
{
	return problem_set(reterr, PROBLEM_INTERNAL, "this program holds no sealing key");
}

static struct seal_place place_of(const char *ws, const char *secret_id)
{
	return (struct seal_place){ ws, secret_id, "webhook" };
}

static int put_secret(struct db *db, const char *ws, const char *webhook_id,
		      const struct keys *keys, struct websign_secret *ret, struct problem *reterr)
{
	CLEANUP(buf_done) struct buf blob = BUF_INIT;
	char id[ID_MAX];
	struct seal_place at;

	random_id(id, "whs");
	at = place_of(ws, id);
	websign_make(ret);
	if (seal_close(keys->ring, &at, (const char *)ret->bytes, ret->n, &blob) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "a secret cannot be sealed");
	return db_exec(db, ROW(PUT_SECRET), NULL, reterr, ws, id, webhook_id,
		       seal_current_id(keys->ring), (const void *)blob.p, blob.len);
}

static int open_secret(const struct rows *r, const struct seal_place *at, unsigned col,
		       const struct keys *keys, struct websign_secret *ret)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT;
	int failed = seal_open(keys->ring, at, rows_text(r, col), rows_len(r, col), &plain);

	if (failed < 0 || plain.len > sizeof(ret->bytes)) {
		log_line(LOG_LEVEL_ERROR, "webhook.unopenable", "secret=%s errno=%d", at->row,
			 -failed);
		return -1;
	}
	memcpy(ret->bytes, plain.p, plain.len);
	ret->n = plain.len;
	return 0;
}

int store_webhooks_secrets(struct db *db, const char *ws, const char *id, const struct keys *keys,
			   struct webhook_secrets *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (!keys || !keys->ring)
		return no_ring(reterr);
	if (db_query(db, ROW(SECRETS), &r, reterr, ws, id, (int64_t)WEBSIGN_SECRETS_MAX) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		const struct seal_place at = place_of(ws, rows_text(r, 0));

		if (open_secret(r, &at, 1, keys, &ret->v[n]) == 0)
			n++;
	}
	rows_end(r);
	if (got == 0 && n == 0)
		got = problem_set(reterr, PROBLEM_INTERNAL, "webhook %.64s has no usable secret",
				  id);
	ret->n = n;
	return got;
}

/* ---- making ---- */

struct making {
	const char *ws;
	const struct webhook_new *in;
	char id[ID_MAX];
	struct websign_secret *secret;
};

static int check_room(struct db *db, const struct making *m, struct problem *reterr)
{
	struct rows *r = NULL;
	int64_t n;

	if (db_query_one(db, ROW(PLACE), &r, reterr, m->ws) != 1)
		return -1;
	rows_end(r);
	if (db_query_one(db, ROW(COUNT), &r, reterr, m->ws) != 1)
		return -1;
	n = rows_int(r, 0);
	rows_end(r);
	if (n >= m->in->most)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "a workspace has at most %lld webhooks", (long long)m->in->most);
	return 0;
}

static int make(struct db *db, void *arg, struct problem *reterr)
{
	struct making *m = arg;
	const struct webhook_new *in = m->in;

	if (check_room(db, m, reterr) < 0 ||
	    db_exec(db, ROW(INSERT), NULL, reterr, m->ws, m->id, in->url, in->description,
		    in->events, (int64_t)in->livemode, in->created_by) < 0)
		return -1;
	return put_secret(db, m->ws, m->id, in->keys, m->secret, reterr);
}

int store_webhooks_insert(struct db *db, const char *ws, const struct webhook_new *in,
			  char ret_id[static ID_MAX], struct websign_secret *ret_secret,
			  struct problem *reterr)
{
	struct making m = { .ws = ws, .in = in, .secret = ret_secret };

	if (!in->keys || !in->keys->ring)
		return no_ring(reterr);
	random_id(m.id, "whe");
	if (db_transact(db, make, &m, reterr) < 0)
		return -1;
	memcpy(ret_id, m.id, sizeof(m.id));
	return 0;
}

/* ---- reading ---- */

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct webhook *ret = to;

	*ret = (struct webhook){
		.id = rows_dup(r, 0, a),
		.url = rows_dup(r, 1, a),
		.description = rows_dup(r, 2, a),
		.events = rows_dup(r, 3, a),
		.livemode = rows_int(r, 4) != 0,
		.is_enabled = rows_int(r, 5) != 0,
		.reason = rows_dup(r, 6, a),
		.secret_ends_us = rows_instant(r, 7),
		.created_by = rows_dup(r, 8, a),
		.version = rows_int(r, 9),
		.created_us = rows_instant(r, 10),
		.updated_us = rows_instant(r, 11),
	};
}

int store_webhooks_get(struct db *db, const char *ws, const struct webhook_key *key,
		       struct arena *a, struct webhook *ret, struct problem *reterr)
{
	const int64_t mode = livemode_bind(key->mode);
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, mode, mode, key->id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("webhook", key->id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

int store_webhooks_list(struct db *db, const char *ws, const struct webhook_query *q,
			struct arena *a, struct webhooks *ret, struct problem *reterr)
{
	const int64_t mode = livemode_bind(q->mode);
	static const struct page_kind kind = { sizeof(struct webhook), read_row };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), &r, reterr, ws, mode, mode,
		     page_start_id(&q->page), (int64_t)page_rows(&q->page)) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct webhooks){ list.v, list.n, list.has_more };
	return 0;
}

/* ---- changing ---- */

struct changing {
	const char *ws, *id;
	const struct webhook_patch *in;
	int64_t if_version;
};

static int change(struct db *db, void *arg, struct problem *reterr)
{
	const struct changing *c = arg;
	const struct guard_row row = { ROW(VERSION), "webhook", c->ws, c->id };
	const struct webhook_patch *in = c->in;
	const int64_t given = in->given, state = given & WEBHOOK_STATE;
	const bool is_ended = state && !in->is_enabled;
	int64_t changed = 0;

	if (db_exec(db, ROW(UPDATE), &changed, reterr, given & WEBHOOK_URL, in->url,
		    given & WEBHOOK_DESCRIPTION, in->description, given & WEBHOOK_EVENTS,
		    in->events, state, in->is_enabled ? "enabled" : "disabled", state,
		    is_ended ? in->reason : NULL, (int64_t)is_ended, c->ws, c->id, c->if_version,
		    c->if_version) < 0)
		return -1;
	if (!changed)
		return guard_refused(db, &row, reterr);
	return is_ended ? db_exec(db, ROW(DROP_PENDING), NULL, reterr, c->ws, c->id) : 0;
}

int store_webhooks_update(struct db *db, const char *ws, const char *id,
			  const struct webhook_patch *in, int64_t if_version,
			  struct problem *reterr)
{
	struct changing c = { ws, id, in, if_version };

	return db_transact(db, change, &c, reterr);
}

int store_webhooks_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			  struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "webhook", ws, id };
	int64_t changed = 0;

	if (db_exec(db, ROW(DELETE), &changed, reterr, ws, id, if_version, if_version) < 0)
		return -1;
	return changed ? 0 : guard_refused(db, &row, reterr);
}

struct rotating {
	const char *ws;
	const struct webhook_rotation *in;
	struct websign_secret *secret;
};

static int rotate(struct db *db, void *arg, struct problem *reterr)
{
	const struct rotating *t = arg;
	const struct webhook_rotation *in = t->in;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(LOCK), &r, reterr, t->ws, in->id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("webhook", in->id, reterr);
	rows_end(r);
	if (db_exec(db, ROW(END_SECRETS), NULL, reterr, t->ws, in->id) < 0 ||
	    db_exec(db, ROW(DATE_SECRET), NULL, reterr, in->overlap_s, t->ws, in->id) < 0)
		return -1;
	return put_secret(db, t->ws, in->id, in->keys, t->secret, reterr);
}

int store_webhooks_rotate(struct db *db, const char *ws, const struct webhook_rotation *in,
			  struct websign_secret *ret_secret, struct problem *reterr)
{
	struct rotating t = { ws, in, ret_secret };

	return in->keys && in->keys->ring ? db_transact(db, rotate, &t, reterr) : no_ring(reterr);
}

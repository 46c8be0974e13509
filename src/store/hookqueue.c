/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner's side of store/deliveries.h. webhooks.next_at is never later than the earliest of an
 * endpoint's deliveries, and an endpoint that was served stands behind the others that are due: so
 * endpoints take turns, however much one of them has waiting. Endpoints are locked before their
 * deliveries, everywhere.
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/conn.h"
#include "domain/webhook.h"
#include "store/deliveries.h"

#define MARGIN_US (60 * US_PER_S)

enum {
	UNTOLD,
	HOOKS,
	MAKE,
	HASTEN,
	TOLD,
	DUE,
	BUSY,
	TAKE_DUE,
	CLAIM,
	NEXT,
	ATTEMPT,
	SETTLE,
	DISABLE,
	DROP,
	SWEEP
};

static const char runner_serves_all[] = "the runner serves every workspace";

const struct stmt store_hookqueue_statements[] = {
	[UNTOLD] = { "hookqueue.untold", STMT_GLOBAL, "i",
		     "SELECT workspace_id, id, type, livemode, created_at FROM events "
		     "FORCE INDEX (untold) WHERE is_untold = TRUE ORDER BY created_at LIMIT ? "
		     "FOR UPDATE SKIP LOCKED",
		     runner_serves_all },
	[HOOKS] = { "hookqueue.hooks", STMT_WORKSPACE, "s",
		    "SELECT id, events, livemode, created_at FROM webhooks WHERE workspace_id = ? "
		    "AND state = 'enabled' ORDER BY id FOR UPDATE",
		    NULL },
	[MAKE] = { "hookqueue.make", STMT_WORKSPACE, "ssss",
		   "INSERT INTO webhook_deliveries (workspace_id, id, webhook_id, event_id, state, "
		   "next_at, created_at, updated_at) VALUES (?, ?, ?, ?, 'pending', "
		   "UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		   NULL },
	[HASTEN] = { "hookqueue.hasten", STMT_WORKSPACE, "iiss",
		     "UPDATE webhooks SET next_at = LEAST(COALESCE(next_at, UTC_TIMESTAMP(3) + "
		     "INTERVAL ? MICROSECOND), UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND) "
		     "WHERE workspace_id = ? AND id = ? AND state = 'enabled'",
		     NULL },
	[TOLD] = { "hookqueue.told", STMT_WORKSPACE, "ssss",
		   "UPDATE events SET is_untold = NULL WHERE workspace_id = ? AND id >= ? "
		   "AND id <= ? AND FIND_IN_SET(id, ?)",
		   NULL },
	[DUE] = { "hookqueue.due", STMT_GLOBAL, "i",
		  "SELECT workspace_id, id, url FROM webhooks FORCE INDEX (due) "
		  "WHERE next_at <= UTC_TIMESTAMP(3) ORDER BY next_at LIMIT ? "
		  "FOR UPDATE SKIP LOCKED",
		  runner_serves_all },
	[BUSY] = { "hookqueue.busy", STMT_WORKSPACE, "ss",
		   "SELECT COUNT(*) FROM webhook_deliveries FORCE INDEX (under_way) "
		   "WHERE workspace_id = ? AND webhook_id = ? AND lease_until > UTC_TIMESTAMP(3)",
		   NULL },
	[TAKE_DUE] = { "hookqueue.take_due", STMT_WORKSPACE, "ssi",
		       "SELECT STRAIGHT_JOIN d.id, d.fence, d.tries, e.id, e.type, e.livemode, "
		       "e.subject_id, "
		       "e.data, e.created_at FROM webhook_deliveries d FORCE INDEX (due) "
		       "JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id "
		       "WHERE d.workspace_id = ? AND d.webhook_id = ? "
		       "AND d.next_at <= UTC_TIMESTAMP(3) ORDER BY d.next_at LIMIT ?",
		       NULL },
	[CLAIM] = { "hookqueue.claim", STMT_WORKSPACE, "siissi",
		    "UPDATE webhook_deliveries SET owner = ?, fence = fence + 1, "
		    "tries = tries + 1, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, "
		    "next_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
		    "WHERE workspace_id = ? AND id = ? AND fence = ? "
		    "AND next_at <= UTC_TIMESTAMP(3)",
		    NULL },
	[NEXT] = { "hookqueue.next", STMT_WORKSPACE, "ssss",
		   "UPDATE webhooks SET next_at = (SELECT GREATEST(MIN(d.next_at), "
		   "UTC_TIMESTAMP(3)) FROM webhook_deliveries d WHERE d.workspace_id = ? "
		   "AND d.webhook_id = ? AND d.next_at IS NOT NULL) "
		   "WHERE workspace_id = ? AND id = ?",
		   NULL },
	[ATTEMPT] = { "hookqueue.attempt", STMT_WORKSPACE, "iiiIssss",
		      "INSERT IGNORE INTO webhook_attempts (workspace_id, delivery_id, n, sent_at, "
		      "duration_ms, status, error, response) SELECT workspace_id, id, ?, "
		      "UTC_TIMESTAMP(3) - INTERVAL ? * 1000 MICROSECOND, ?, ?, ?, ? "
		      "FROM webhook_deliveries WHERE workspace_id = ? AND id = ?",
		      NULL },
	[SETTLE] = { "hookqueue.settle", STMT_WORKSPACE, "sIsssi",
		     "UPDATE webhook_deliveries SET state = ?, "
		     "next_at = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, "
		     "delivered_at = IF(? = 'delivered', UTC_TIMESTAMP(3), NULL), "
		     "owner = NULL, lease_until = NULL, updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ? AND fence = ? AND owner IS NOT NULL",
		     NULL },
	[DISABLE] = { "hookqueue.disable", STMT_WORKSPACE, "sss",
		      "UPDATE webhooks SET state = 'disabled', reason = ?, next_at = NULL, "
		      "version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		      "WHERE workspace_id = ? AND id = ? AND state = 'enabled'",
		      NULL },
	[DROP] = { "hookqueue.drop", STMT_WORKSPACE, "ss",
		   "UPDATE webhook_deliveries SET state = 'failed', next_at = NULL, owner = NULL, "
		   "lease_until = NULL, fence = fence + 1, updated_at = UTC_TIMESTAMP(3) "
		   "WHERE workspace_id = ? AND webhook_id = ? AND next_at IS NOT NULL",
		   NULL },
	[SWEEP] = { "hookqueue.sweep", STMT_GLOBAL, "ii",
		    "DELETE FROM events WHERE is_untold IS NULL "
		    "AND created_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY "
		    "ORDER BY created_at LIMIT ?",
		    runner_serves_all },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_hookqueue_statements[x])

/* ---- events become deliveries ---- */

struct untold {
	const char *workspace, *id, *type;
	enum livemode livemode;
	int64_t created_us;
	bool is_done;
};

struct hook {
	const char *id, *events;
	bool livemode, is_used;
	int64_t created_us;
};

struct making {
	int64_t most;
	struct arena *arena;
	struct untold *v;
	size_t n;
};

static enum livemode mode_at(const struct rows *r, unsigned col)
{
	if (rows_null(r, col))
		return LIVEMODE_ANY;
	return rows_int(r, col) ? LIVEMODE_LIVE : LIVEMODE_TEST;
}

static int read_untold(struct db *db, struct making *m, struct problem *reterr)
{
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(UNTOLD), &r, reterr, m->most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		m->v[m->n++] = (struct untold){
			.workspace = rows_dup(r, 0, m->arena),
			.id = rows_dup(r, 1, m->arena),
			.type = rows_dup(r, 2, m->arena),
			.livemode = mode_at(r, 3),
			.created_us = rows_instant(r, 4),
		};
	rows_end(r);
	return got;
}

static int read_hooks(struct db *db, const struct making *m, const char *ws, struct hook **ret,
		      size_t *ret_n, struct problem *reterr)
{
	struct hook *v = NULL;
	struct rows *r = NULL;
	size_t n = 0, room = 0;
	int got;

	if (db_query(db, ROW(HOOKS), &r, reterr, ws) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (n == room) {
			struct hook *more = arena_array(m->arena, room = 2 * room + 8, sizeof(*v));

			if (n > 0)
				memcpy(more, v, n * sizeof(*v));
			v = more;
		}
		v[n++] = (struct hook){
			.id = rows_dup(r, 0, m->arena),
			.events = rows_dup(r, 1, m->arena),
			.livemode = rows_int(r, 2) != 0,
			.created_us = rows_instant(r, 3),
		};
	}
	rows_end(r);
	*ret = v;
	*ret_n = n;
	return got;
}

/*
 * What was written before the endpoint was there is not sent to it. An event is dated when it is
 * written and seen when its transaction is through, hence the margin: rather one too many.
 */
static bool is_for(const struct untold *e, const struct hook *h)
{
	return e->created_us >= h->created_us - MARGIN_US && webhook_wants(h->events, e->type) &&
	       (e->livemode == LIVEMODE_ANY || (e->livemode == LIVEMODE_LIVE) == h->livemode);
}

static int make_of(struct db *db, const struct untold *e, struct hook *hooks, size_t hooks_n,
		   struct problem *reterr)
{
	for (size_t i = 0; i < hooks_n; i++) {
		char id[ID_MAX];

		if (!is_for(e, &hooks[i]))
			continue;
		random_id(id, "whd");
		hooks[i].is_used = true;
		if (db_exec(db, ROW(MAKE), NULL, reterr, e->workspace, id, hooks[i].id, e->id) < 0)
			return -1;
	}
	return 0;
}

static int hasten(struct db *db, const char *ws, const char *hook_id, int64_t wait_us,
		  struct problem *reterr)
{
	return db_exec(db, ROW(HASTEN), NULL, reterr, wait_us, wait_us, ws, hook_id);
}

struct told { /* of one workspace */
	const char *least, *last;
	struct buf ids; /* separated by commas */
};

static void told_done(struct told *t)
{
	buf_done(&t->ids);
}

DEFINE_CLEANUP_VALUE(struct told, told_done);

static void told_add(struct told *t, const char *id)
{
	if (!t->least || strcmp(id, t->least) < 0)
		t->least = id;
	if (!t->last || strcmp(id, t->last) > 0)
		t->last = id;
	buf_printf(&t->ids, "%s%s", t->ids.len ? "," : "", id);
}

/* All events of the batch that are of the same workspace as the first-th. */
static int make_workspace(struct db *db, struct making *m, size_t first, struct problem *reterr)
{
	CLEANUP(told_done) struct told told = { .ids = BUF_INIT };
	const char *ws = m->v[first].workspace;
	struct hook *hooks = NULL;
	size_t hooks_n = 0;

	if (read_hooks(db, m, ws, &hooks, &hooks_n, reterr) < 0)
		return -1;
	for (size_t i = first; i < m->n; i++) {
		struct untold *e = &m->v[i];

		if (strcmp(e->workspace, ws) != 0)
			continue;
		if (make_of(db, e, hooks, hooks_n, reterr) < 0)
			return -1;
		e->is_done = true;
		told_add(&told, e->id);
	}
	for (size_t i = 0; i < hooks_n; i++) {
		if (hooks[i].is_used && hasten(db, ws, hooks[i].id, 0, reterr) < 0)
			return -1;
	}
	return db_exec(db, ROW(TOLD), NULL, reterr, ws, told.least, told.last, buf_str(&told.ids));
}

static int make(struct db *db, void *arg, struct problem *reterr)
{
	struct making *m = arg;

	m->n = 0;
	if (read_untold(db, m, reterr) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++) {
		if (!m->v[i].is_done && make_workspace(db, m, i, reterr) < 0)
			return -1;
	}
	return 0;
}

int store_deliveries_make(struct db *db, int64_t most, int64_t *ret_n, struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct making m = { .most = most, .arena = a };

	m.v = arena_array(a, (size_t)most, sizeof(*m.v));
	if (db_transact(db, make, &m, reterr) < 0)
		return -1;
	*ret_n = (int64_t)m.n;
	return 0;
}

/* ---- claiming ---- */

struct due {
	const char *workspace, *id, *url;
};

struct claiming {
	const struct delivery_claim *in;
	struct arena *arena;
	struct claimed *v;
	size_t n;
};

static int read_due(struct db *db, const struct claiming *c, struct due *ret, size_t *ret_n,
		    struct problem *reterr)
{
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(DUE), &r, reterr, c->in->most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		ret[n++] = (struct due){ rows_dup(r, 0, c->arena), rows_dup(r, 1, c->arena),
					 rows_dup(r, 2, c->arena) };
	rows_end(r);
	*ret_n = n;
	return got;
}

static int read_room(struct db *db, const struct claiming *c, const struct due *h, int64_t *ret,
		     struct problem *reterr)
{
	const int64_t left = c->in->most - (int64_t)c->n;
	struct rows *r = NULL;

	if (db_query_one(db, ROW(BUSY), &r, reterr, h->workspace, h->id) != 1)
		return -1;
	*ret = c->in->per_hook - rows_int(r, 0);
	rows_end(r);
	if (*ret > left)
		*ret = left;
	return 0;
}

static void read_claimed(const struct rows *r, struct arena *a, const struct due *h,
			 struct claimed *ret)
{
	*ret = (struct claimed){
		.workspace = h->workspace,
		.id = rows_dup(r, 0, a),
		.webhook_id = h->id,
		.url = h->url,
		.fence = rows_int(r, 1),
		.tries = rows_int(r, 2) + 1,
		.event = {
			.id = rows_dup(r, 3, a),
			.type = rows_dup(r, 4, a),
			.livemode = mode_at(r, 5),
			.subject_id = rows_dup(r, 6, a),
			.data = rows_dup(r, 7, a),
			.created_us = rows_instant(r, 8),
		},
	};
}

static int claim_of(struct db *db, struct claiming *c, const struct due *h, struct problem *reterr)
{
	const size_t first = c->n;
	struct rows *r = NULL;
	size_t found = first;
	int64_t room = 0;
	int got = 0;

	if (read_room(db, c, h, &room, reterr) < 0)
		return -1;
	if (room > 0 && db_query(db, ROW(TAKE_DUE), &r, reterr, h->workspace, h->id, room) < 0)
		return -1;
	while (room > 0 && (got = rows_next(r, reterr)) == 1)
		read_claimed(r, c->arena, h, &c->v[found++]);
	rows_end(r);
	for (size_t i = first; got == 0 && i < found; i++) {
		struct claimed *d = &c->v[i];
		int64_t changed = 0;

		got = db_exec(db, ROW(CLAIM), &changed, reterr, c->in->owner, c->in->lease_s,
			      c->in->lease_s, d->workspace, d->id, d->fence);
		d->fence++;
		if (changed)
			c->v[c->n++] = *d;
	}
	return got < 0 ? -1
		       : db_exec(db, ROW(NEXT), NULL, reterr, h->workspace, h->id, h->workspace,
				 h->id);
}

static int claim(struct db *db, void *arg, struct problem *reterr)
{
	struct claiming *c = arg;
	struct due *due = arena_array(c->arena, (size_t)c->in->most, sizeof(*due));
	size_t n = 0;

	c->n = 0;
	if (read_due(db, c, due, &n, reterr) < 0)
		return -1;
	for (size_t i = 0; i < n && (int64_t)c->n < c->in->most; i++) {
		if (claim_of(db, c, &due[i], reterr) < 0)
			return -1;
	}
	return 0;
}

int store_deliveries_claim(struct db *db, const struct delivery_claim *in, struct arena *a,
			   struct claimed *ret, size_t *ret_n, struct problem *reterr)
{
	struct claiming c = { in, a, ret, 0 };

	if (db_transact(db, claim, &c, reterr) < 0)
		return -1;
	*ret_n = c.n;
	return 0;
}

/* ---- settling ---- */

struct settling {
	const struct delivery_settle *v;
	size_t n;
};

static const char *const end_states[] = {
	[DELIVERY_DONE] = "delivered",
	[DELIVERY_AGAIN] = "pending",
	[DELIVERY_FAILED] = "failed",
	[DELIVERY_GONE] = "failed",
};

static int settle_one(struct db *db, const struct delivery_settle *in, struct problem *reterr)
{
	const struct claimed *d = in->claimed;
	const char *state = end_states[in->end];
	const int64_t status = in->status ? in->status : INT64_MIN;

	if (in->end == DELIVERY_AGAIN &&
	    hasten(db, d->workspace, d->webhook_id, in->wait_us, reterr) < 0)
		return -1;
	if (in->end == DELIVERY_GONE &&
	    db_exec(db, ROW(DISABLE), NULL, reterr, in->reason, d->workspace, d->webhook_id) < 0)
		return -1;
	if (db_exec(db, ROW(ATTEMPT), NULL, reterr, d->fence, in->duration_ms, in->duration_ms,
		    status, in->error, in->response, d->workspace, d->id) < 0 ||
	    db_exec(db, ROW(SETTLE), NULL, reterr, state,
		    in->end == DELIVERY_AGAIN ? in->wait_us : INT64_MIN, state, d->workspace, d->id,
		    d->fence) < 0)
		return -1;
	return in->end == DELIVERY_GONE
		       ? db_exec(db, ROW(DROP), NULL, reterr, d->workspace, d->webhook_id)
		       : 0;
}

static int settle(struct db *db, void *arg, struct problem *reterr)
{
	const struct settling *s = arg;

	for (size_t i = 0; i < s->n; i++) {
		if (settle_one(db, &s->v[i], reterr) < 0)
			return -1;
	}
	return 0;
}

int store_deliveries_settle(struct db *db, const struct delivery_settle *in, size_t n,
			    struct problem *reterr)
{
	struct settling s = { in, n };

	return n > 0 ? db_transact(db, settle, &s, reterr) : 0;
}

/* ---- clean-up ---- */

int store_deliveries_sweep(struct db *db, int64_t days, int64_t most, int64_t *ret_removed,
			   struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, days, most);
}

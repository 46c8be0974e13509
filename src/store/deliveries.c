/* SPDX-License-Identifier: Apache-2.0 */
#include "store/deliveries.h"

#include <string.h>

#include "base/clock.h"
#include "db/conn.h"
#include "domain/webhook.h"
#include "store/guard.h"
#include "json/emit.h"

enum { LIST_UP, LIST_DOWN, GET, HOOK, INSERT, TOLD, DUE_AGAIN, WAKE };

#define SELECT                                                                           \
	"SELECT d.id, d.webhook_id, d.event_id, e.type, d.state, d.tries, d.next_at, "   \
	"d.delivered_at, d.created_at, d.updated_at, (SELECT JSON_ARRAYAGG(JSON_OBJECT(" \
	"'sent_at', DATE_FORMAT(t.sent_at, '%Y-%m-%dT%H:%i:%sZ'), 'status', t.status, "  \
	"'duration_ms', t.duration_ms, 'error', t.error, 'response', t.response) "       \
	"ORDER BY t.n LIMIT 50) FROM webhook_attempts t WHERE t.workspace_id = "         \
	"d.workspace_id AND t.delivery_id = d.id AND t.n + 50 > d.fence) "               \
	"FROM webhook_deliveries d JOIN events e ON e.workspace_id = d.workspace_id "    \
	"AND e.id = d.event_id WHERE d.workspace_id = ? "
#define OF_HOOK                                                       \
	SELECT "AND d.webhook_id = ? AND (? IS NULL OR d.state = ?) " \
	       "AND (? IS NULL OR d.event_id = ?) "

const struct stmt store_deliveries_statements[] = {
	[LIST_UP] = { "deliveries.list_up", STMT_WORKSPACE, "sssssssi",
		      OF_HOOK "AND d.id > ? ORDER BY d.id LIMIT ?", NULL },
	[LIST_DOWN] = { "deliveries.list_down", STMT_WORKSPACE, "sssssssi",
			OF_HOOK "AND d.id < ? ORDER BY d.id DESC LIMIT ?", NULL },
	[GET] = { "deliveries.get", STMT_WORKSPACE, "ss", SELECT "AND d.id = ?", NULL },
	[HOOK] = { "deliveries.hook", STMT_WORKSPACE, "ss",
		   "SELECT livemode, state = 'enabled' FROM webhooks WHERE workspace_id = ? "
		   "AND id = ? FOR UPDATE",
		   NULL },
	[INSERT] = { "deliveries.insert", STMT_WORKSPACE, "ssss",
		     "INSERT INTO webhook_deliveries (workspace_id, id, webhook_id, event_id, "
		     "state, next_at, created_at, updated_at) VALUES (?, ?, ?, ?, 'pending', "
		     "UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		     NULL },
	[TOLD] = { "deliveries.told", STMT_WORKSPACE, "ss",
		   "UPDATE events SET is_untold = NULL WHERE workspace_id = ? AND id = ?", NULL },
	[DUE_AGAIN] = { "deliveries.due_again", STMT_WORKSPACE, "ss",
			"UPDATE webhook_deliveries SET state = 'pending', tries = 0, "
			"next_at = UTC_TIMESTAMP(3), delivered_at = NULL, "
			"updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ? "
			"AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(3))",
			NULL },
	[WAKE] = { "deliveries.wake", STMT_WORKSPACE, "ss",
		   "UPDATE webhooks SET next_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? "
		   "AND id = ?",
		   NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_deliveries_statements[x])

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct delivery *ret = to;

	*ret = (struct delivery){
		.id = rows_dup(r, 0, a),
		.webhook_id = rows_dup(r, 1, a),
		.event_id = rows_dup(r, 2, a),
		.event_type = rows_dup(r, 3, a),
		.state = rows_dup(r, 4, a),
		.tries = rows_int(r, 5),
		.next_us = rows_instant(r, 6),
		.delivered_us = rows_instant(r, 7),
		.created_us = rows_instant(r, 8),
		.updated_us = rows_instant(r, 9),
		.attempts = rows_null(r, 10) ? "[]" : rows_dup(r, 10, a),
	};
}

int store_deliveries_list(struct db *db, const char *ws, const struct delivery_query *q,
			  struct arena *a, struct deliveries *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct delivery), read_row };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), &r, reterr, ws,
		     q->webhook_id, q->state, q->state, q->event_id, q->event_id,
		     page_start_id(&q->page), (int64_t)page_rows(&q->page)) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct deliveries){ list.v, list.n, list.has_more };
	return 0;
}

int store_deliveries_get(struct db *db, const char *ws, const char *id, struct arena *a,
			 struct delivery *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("delivery", id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

/* ---- by hand: the endpoint's row is locked first, as the runner does ---- */

struct ordering {
	const char *ws, *webhook_id, *id;
	enum livemode mode;
	char made[ID_MAX];
};

static int lock_hook(struct db *db, const struct ordering *o, bool *ret_livemode,
		     struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(HOOK), &r, reterr, o->ws, o->webhook_id);
	bool is_enabled;

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("webhook", o->webhook_id, reterr);
	*ret_livemode = rows_int(r, 0) != 0;
	is_enabled = rows_int(r, 1) != 0;
	rows_end(r);
	if (o->mode != LIVEMODE_ANY && (o->mode == LIVEMODE_LIVE) != *ret_livemode)
		return guard_missing("webhook", o->webhook_id, reterr);
	if (!is_enabled)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "the webhook is disabled: enable it first");
	return 0;
}

static int write_test(struct db *db, const struct ordering *o, bool livemode,
		      char ret_event[static ID_MAX], struct problem *reterr)
{
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct emit e = EMIT(&data);
	struct event event = { .type = WEBHOOK_TEST,
			       .subject_id = o->webhook_id,
			       .livemode = livemode ? LIVEMODE_LIVE : LIVEMODE_TEST };

	emit_open(&e, NULL);
	emit_text(&e, "webhook_id", o->webhook_id);
	emit_text(&e, "message", "This is a test: nothing has happened.");
	emit_close(&e);
	event.data = buf_str(&data);
	return store_events_write(db, o->ws, &event, ret_event, reterr);
}

static int test(struct db *db, void *arg, struct problem *reterr)
{
	struct ordering *o = arg;
	char event[ID_MAX];
	bool livemode = false;

	random_id(o->made, "whd");
	if (lock_hook(db, o, &livemode, reterr) < 0 ||
	    write_test(db, o, livemode, event, reterr) < 0 ||
	    db_exec(db, ROW(TOLD), NULL, reterr, o->ws, event) < 0 ||
	    db_exec(db, ROW(INSERT), NULL, reterr, o->ws, o->made, o->webhook_id, event) < 0)
		return -1;
	return db_exec(db, ROW(WAKE), NULL, reterr, o->ws, o->webhook_id);
}

int store_deliveries_test(struct db *db, const char *ws, const char *webhook_id, enum livemode mode,
			  char ret_id[static ID_MAX], struct problem *reterr)
{
	struct ordering o = { .ws = ws, .webhook_id = webhook_id, .mode = mode };

	if (db_transact(db, test, &o, reterr) < 0)
		return -1;
	memcpy(ret_id, o.made, sizeof(o.made));
	return 0;
}

static int redeliver(struct db *db, void *arg, struct problem *reterr)
{
	const struct ordering *o = arg;
	bool livemode = false;

	if (lock_hook(db, o, &livemode, reterr) < 0 ||
	    db_exec(db, ROW(DUE_AGAIN), NULL, reterr, o->ws, o->id) < 0)
		return -1;
	return db_exec(db, ROW(WAKE), NULL, reterr, o->ws, o->webhook_id);
}

int store_deliveries_redeliver(struct db *db, const char *ws, const char *webhook_id,
			       const char *id, struct problem *reterr)
{
	struct ordering o = { .ws = ws, .webhook_id = webhook_id, .id = id, .mode = LIVEMODE_ANY };

	return db_transact(db, redeliver, &o, reterr);
}

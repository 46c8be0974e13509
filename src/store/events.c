/* SPDX-License-Identifier: Apache-2.0 */
#include "store/events.h"

#include "base/clock.h"
#include "crypto/random.h"

enum { INSERT, LIST_UP, LIST_DOWN };

#define SELECT                                                                                  \
	"SELECT id, type, livemode, subject_id, data, created_at FROM events "                  \
	"WHERE workspace_id = ? AND (? IS NULL OR type = ?) AND (? IS NULL OR subject_id = ?) " \
	"AND (? IS NULL OR livemode IS NULL OR livemode = ?) "                                  \
	"AND (? IS NULL OR type LIKE 'content.%' OR "                                           \
	"FIND_IN_SET(COALESCE(JSON_VALUE(data, '$.account_id'), subject_id), ?)) "              \
	"AND created_at >= ? AND id >= ? "

/* Ids are dated by whoever writes, rows by the database: their clocks may differ by so much. */
#define CLOCKS_US (60 * US_PER_S)

const struct stmt store_events_statements[] = {
	[INSERT] = { "events.insert", STMT_WORKSPACE, "sssIss",
		     "INSERT INTO events (workspace_id, id, type, livemode, subject_id, data, "
		     "created_at) VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
		     NULL },
	[LIST_UP] = { "events.list_up", STMT_WORKSPACE, "sssssIIsstssi",
		      SELECT "AND id > ? ORDER BY id LIMIT ?", NULL },
	[LIST_DOWN] = { "events.list_down", STMT_WORKSPACE, "sssssIIsstssi",
			SELECT "AND id < ? ORDER BY id DESC LIMIT ?", NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_events_statements[x])

int store_events_write(struct db *db, const char *ws, const struct event *in,
		       char ret_id[static ID_MAX], struct problem *reterr)
{
	random_id(ret_id, "evt");
	return db_exec(db, ROW(INSERT), NULL, reterr, ws, ret_id, in->type,
		       livemode_bind(in->livemode), in->subject_id, in->data);
}

int store_events_insert(struct db *db, const char *ws, const struct event *in,
			struct problem *reterr)
{
	char id[ID_MAX];

	return store_events_write(db, ws, in, id, reterr);
}

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct event *ret = to;

	*ret = (struct event){
		.id = rows_dup(r, 0, a),
		.type = rows_dup(r, 1, a),
		.livemode = rows_null(r, 2)  ? LIVEMODE_ANY
			    : rows_int(r, 2) ? LIVEMODE_LIVE
					     : LIVEMODE_TEST,
		.subject_id = rows_dup(r, 3, a),
		.data = rows_dup(r, 4, a),
		.created_us = rows_instant(r, 5),
	};
}

int store_events_list(struct db *db, const char *ws, const struct event_query *q, struct arena *a,
		      struct events *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct event), read_row };
	struct page_list list;
	struct rows *r = NULL;
	char floor[ID_MAX];

	random_id_floor(floor, "evt", q->since_us - CLOCKS_US);
	if (db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), &r, reterr, ws, q->type,
		     q->type, q->subject_id, q->subject_id, livemode_bind(q->livemode),
		     livemode_bind(q->livemode), q->accounts, q->accounts, q->since_us, floor,
		     page_start_id(&q->page), (int64_t)page_rows(&q->page)) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct events){ list.v, list.n, list.has_more };
	return 0;
}

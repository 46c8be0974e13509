/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attemptlog.h"

#include "base/buf.h"
#include "json/emit.h"

#define ENTRIES_MAX 32 /* far more than a post is ever tried */

enum { READ };

/* As a list of ids comes in, attempts come out in its order: by the primary key, one id after another. */
const struct stmt store_attemptlog_statements[] = {
	[READ] = { "attemptlog.read", STMT_WORKSPACE, "ss",
		   "SELECT k.n, t.seq, t.state, t.sent_at, t.settled_at, t.fired_late_us, "
		   "t.evidence FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, "
		   "id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) k "
		   "STRAIGHT_JOIN attempts t ON t.workspace_id = ? AND t.post_id = k.id",
		   NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

static void print_ids(const struct posts *posts, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_open_array(&e, NULL);
	for (size_t i = 0; i < posts->n; i++)
		emit_text(&e, NULL, posts->v[i].id);
	emit_close_array(&e);
}

/* Keeps the order of the attempts, whichever the rows came in. */
static void add(struct attempt_entries *to, const struct attempt_entry *entry)
{
	size_t at = to->n++;

	for (; at > 0 && to->v[at - 1].seq > entry->seq; at--)
		to->v[at] = to->v[at - 1];
	to->v[at] = *entry;
}

static void read_row(const struct rows *r, struct arena *a, struct attempt_entries *to)
{
	const struct attempt_entry entry = {
		.seq = rows_int(r, 1),
		.state = rows_dup(r, 2, a),
		.sent_us = rows_instant(r, 3),
		.settled_us = rows_instant(r, 4),
		.late_us = rows_null(r, 5) ? INT64_MIN : rows_int(r, 5),
		.evidence = rows_dup(r, 6, a),
	};

	if (!to->v)
		to->v = arena_array(a, ENTRIES_MAX, sizeof(*to->v));
	if (to->n < ENTRIES_MAX)
		add(to, &entry);
}

int store_attemptlog_read(struct db *db, const char *ws, const struct posts *posts, struct arena *a,
			  struct attempt_entries **ret, struct problem *reterr)
{
	struct attempt_entries *all = arena_array(a, posts->n + 1, sizeof(*all));
	CLEANUP(buf_done) struct buf ids = BUF_INIT;
	struct rows *r = NULL;
	int got;

	print_ids(posts, &ids);
	if (db_query(db, &store_attemptlog_statements[READ], &r, reterr, buf_str(&ids), ws) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		read_row(r, a, &all[rows_int(r, 0) - 1]);
	rows_end(r);
	if (got < 0)
		return -1;
	*ret = all;
	return 0;
}

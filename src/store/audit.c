/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/conn.h"

enum { HEAD, OPEN, INSERT, MOVE, LIST, CHAINS, ENDS, WALK };

#define BATCH   1000
#define CUT_MAX 128
#define COLUMNS                                                                             \
	"seq, at, actor_kind, actor_id, address, request_id, action, subject_id, outcome, " \
	"status, mac "

const struct stmt store_audit_statements[] = {
	[HEAD] = { "audit.head", STMT_WORKSPACE, "s",
		   "SELECT seq, mac, UTC_TIMESTAMP(3) FROM audit_heads WHERE workspace_id = ? "
		   "FOR UPDATE",
		   NULL },
	[OPEN] = { "audit.open", STMT_WORKSPACE, "s",
		   "INSERT IGNORE INTO audit_heads (workspace_id, seq, mac) "
		   "VALUES (?, 0, REPEAT(CHAR(0), 32))",
		   NULL },
	[INSERT] = { "audit.insert", STMT_WORKSPACE, "sitsssssssIb",
		     "INSERT INTO audit_log (workspace_id, seq, at, actor_kind, actor_id, address, "
		     "request_id, action, subject_id, outcome, status, mac) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		     NULL },
	[MOVE] = { "audit.move", STMT_WORKSPACE, "bsi",
		   "UPDATE audit_heads SET seq = seq + 1, mac = ? "
		   "WHERE workspace_id = ? AND seq = ?",
		   NULL },
	[LIST] = { "audit.list", STMT_WORKSPACE, "siissssssi",
		   "SELECT " COLUMNS "FROM audit_log WHERE workspace_id = ? "
		   "AND (? = 0 OR seq < ?) AND (? IS NULL OR actor_id = ?) "
		   "AND (? IS NULL OR action = ?) AND (? IS NULL OR subject_id = ?) "
		   "ORDER BY seq DESC LIMIT ?",
		   NULL },
	[CHAINS] = { "audit.chains", STMT_GLOBAL, "",
		     "SELECT workspace_id FROM audit_heads UNION "
		     "SELECT DISTINCT workspace_id FROM audit_log UNION "
		     "SELECT id FROM workspaces ORDER BY 1",
		     "the operator verifies the chains of all workspaces" },
	/* One statement, so that rows which are added meanwhile cannot stand behind the head. */
	[ENDS] = { "audit.ends", STMT_WORKSPACE, "s",
		   "SELECT h.seq, h.mac, COALESCE((SELECT MAX(l.seq) FROM audit_log l "
		   "WHERE l.workspace_id = h.workspace_id), 0) FROM audit_heads h "
		   "WHERE h.workspace_id = ?",
		   NULL },
	[WALK] = { "audit.walk", STMT_WORKSPACE, "siii",
		   "SELECT " COLUMNS "FROM audit_log WHERE workspace_id = ? AND seq > ? "
		   "AND seq <= ? ORDER BY seq LIMIT ?",
		   NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_audit_statements[x])

const char *const audit_fault_names[AUDIT_FAULTS] = {
	[AUDIT_SOUND] = "sound",
	[AUDIT_NO_HEAD] = "the head is gone",
	[AUDIT_MISSING] = "a row is gone",
	[AUDIT_ALTERED] = "a row was altered, moved or inserted",
	[AUDIT_BEYOND] = "there are rows behind the head",
	[AUDIT_HEAD] = "the head was altered",
};

/* ---- the chain ---- */

/* Each text with its length before it, so that no two rows make the same bytes. */
static void add_text(struct buf *to, const char *text)
{
	if (text)
		buf_printf(to, "%zu:%s\n", strlen(text), text);
	else
		buf_adds(to, "-\n");
}

static void mac_of(const struct keys *keys, const char *ws, const struct audit_entry *in,
		   const uint8_t before[static SHA256_BYTES], uint8_t ret[static SHA256_BYTES])
{
	static const char purpose[] = "carillon/audit/v1";
	const char *const texts[] = { in->actor_kind, in->actor_id,   in->address, in->request_id,
				      in->action,     in->subject_id, in->outcome };
	CLEANUP(buf_done) struct buf row = BUF_INIT;
	uint8_t key[SHA256_BYTES];

	digest_hmac(keys->pepper, sizeof(keys->pepper), purpose, sizeof(purpose) - 1, key);
	buf_add(&row, before, SHA256_BYTES);
	add_text(&row, ws);
	buf_printf(&row, "%lld %lld %lld\n", (long long)in->seq, (long long)in->at_us,
		   (long long)in->status);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		add_text(&row, texts[i]);
	digest_hmac(key, sizeof(key), row.p, row.len, ret);
	digest_wipe(key, sizeof(key));
}

/* ---- adding ---- */

/* What fits its column: printable ASCII, cut at the end. */
struct cut {
	char text[CUT_MAX + 1];
};

static const char *fit(struct cut *to, const char *text, size_t most)
{
	size_t n = 0;

	if (!text)
		return NULL;
	for (; n < most && text[n]; n++)
		to->text[n] = text[n] > ' ' && text[n] < 0x7f ? text[n] : '?';
	to->text[n] = '\0';
	return to->text;
}

struct adding {
	const char *ws;
	struct audit_entry entry;
	struct cut actor, address, request, action, subject, outcome;
	const struct keys *keys;
};

/* 1 with the head locked and read, 0 there is none, -1 */
static int lock_head(struct db *db, struct adding *a, uint8_t ret[static SHA256_BYTES],
		     struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(HEAD), &r, reterr, a->ws);

	if (got != 1)
		return got;
	a->entry.seq = rows_int(r, 0) + 1;
	memcpy(ret, rows_text(r, 1), SHA256_BYTES);
	a->entry.at_us = rows_instant(r, 2);
	rows_end(r);
	return 1;
}

static int add(struct db *db, void *arg, struct problem *reterr)
{
	uint8_t before[SHA256_BYTES], mac[SHA256_BYTES];
	struct adding *a = arg;
	const struct audit_entry *in = &a->entry;
	int64_t moved = 0;
	int got = lock_head(db, a, before, reterr);

	if (got == 0 && db_exec(db, ROW(OPEN), NULL, reterr, a->ws) == 0)
		got = lock_head(db, a, before, reterr);
	if (got != 1)
		return -1;
	mac_of(a->keys, a->ws, in, before, mac);
	if (db_exec(db, ROW(INSERT), NULL, reterr, a->ws, in->seq, in->at_us, in->actor_kind,
		    in->actor_id, in->address, in->request_id, in->action, in->subject_id,
		    in->outcome, in->status ? in->status : INT64_MIN, (const void *)mac,
		    sizeof(mac)) < 0 ||
	    db_exec(db, ROW(MOVE), &moved, reterr, (const void *)mac, sizeof(mac), a->ws,
		    in->seq - 1) < 0)
		return -1;
	return moved == 1 ? 0
			  : problem_set(reterr, PROBLEM_INTERNAL,
					"the head of the audit log was moved by somebody else");
}

int store_audit_add(struct db *db, const char *ws, const struct audit_entry *in,
		    const struct keys *keys, struct problem *reterr)
{
	struct adding a = { .ws = ws, .entry = *in, .keys = keys };

	a.entry.actor_id = fit(&a.actor, in->actor_id, 64);
	a.entry.address = fit(&a.address, in->address, 64);
	a.entry.request_id = fit(&a.request, in->request_id, 128);
	a.entry.action = fit(&a.action, in->action, 64);
	a.entry.subject_id = fit(&a.subject, in->subject_id, 64);
	a.entry.outcome = fit(&a.outcome, in->outcome, 64);
	if ((db_in_transaction(db) ? add(db, &a, reterr) : db_transact(db, add, &a, reterr)) == 0)
		return 0;
	/* Somebody has put a row where the next one belongs: nothing that the caller could mend. */
	if (reterr->kind == PROBLEM_DUPLICATE)
		problem_set(reterr, PROBLEM_INTERNAL, "the audit log of %.64s is broken", ws);
	return -1;
}

/* ---- reading ---- */

/* With the texts borrowed from the row. */
static void peek_row(const struct rows *r, struct audit_entry *ret)
{
	*ret = (struct audit_entry){
		.seq = rows_int(r, 0),
		.at_us = rows_instant(r, 1),
		.actor_kind = rows_text(r, 2),
		.actor_id = rows_text(r, 3),
		.address = rows_text(r, 4),
		.request_id = rows_text(r, 5),
		.action = rows_text(r, 6),
		.subject_id = rows_text(r, 7),
		.outcome = rows_text(r, 8),
		.status = rows_int(r, 9),
	};
}

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct audit_entry *ret = to;
	const char **const texts[] = { &ret->actor_kind, &ret->actor_id, &ret->address,
				       &ret->request_id, &ret->action,   &ret->subject_id,
				       &ret->outcome };

	peek_row(r, ret);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = *texts[i] ? arena_strdup(a, *texts[i]) : NULL;
}

int store_audit_list(struct db *db, const char *ws, const struct audit_query *q, struct arena *a,
		     struct audit_page *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct audit_entry), read_row };
	const struct page page = { .limit = q->limit };
	struct page_list list;
	struct rows *r = NULL;

	if (db_query(db, ROW(LIST), &r, reterr, ws, q->before_seq, q->before_seq, q->actor_id,
		     q->actor_id, q->action, q->action, q->subject_id, q->subject_id,
		     (int64_t)page_rows(&page)) < 0 ||
	    page_collect(&page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct audit_page){ list.v, list.n, list.has_more };
	return 0;
}

int store_audit_chains(struct db *db, struct arena *a, const char *const **ret, size_t *ret_n,
		       struct problem *reterr)
{
	const char **v = NULL;
	struct rows *r = NULL;
	size_t n = 0, room = 0;
	int got;

	if (db_query(db, ROW(CHAINS), &r, reterr) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (n == room) {
			const char **more = arena_array(a, room = 2 * room + 16, sizeof(*more));

			if (n)
				memcpy(more, v, n * sizeof(*more));
			v = more;
		}
		v[n++] = rows_dup(r, 0, a);
	}
	rows_end(r);
	if (got < 0)
		return -1;
	*ret = v;
	*ret_n = n;
	return 0;
}

/* ---- verifying ---- */

struct walk {
	const char *ws;
	const struct keys *keys;
	int64_t seq, end; /* the last row looked at; where the head says that the chain ends */
	uint8_t mac[SHA256_BYTES], head[SHA256_BYTES];
	enum audit_fault fault;
};

static int look_at_ends(struct db *db, struct walk *w, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(ENDS), &r, reterr, w->ws);

	if (got < 0)
		return -1;
	if (got == 0) {
		w->fault = AUDIT_NO_HEAD;
		return 0;
	}
	w->end = rows_int(r, 0);
	memcpy(w->head, rows_text(r, 1), SHA256_BYTES);
	if (rows_int(r, 2) > w->end) {
		w->fault = AUDIT_BEYOND;
		w->seq = w->end + 1;
	}
	rows_end(r);
	return 0;
}

static void look_at_row(struct walk *w, const struct rows *r)
{
	struct audit_entry entry;
	uint8_t mac[SHA256_BYTES];

	peek_row(r, &entry);
	w->seq++;
	if (entry.seq != w->seq) {
		w->fault = AUDIT_MISSING;
		return;
	}
	mac_of(w->keys, w->ws, &entry, w->mac, mac);
	if (!digest_equal(mac, rows_text(r, 10), sizeof(mac)))
		w->fault = AUDIT_ALTERED;
	memcpy(w->mac, mac, sizeof(mac));
}

static int look_at_batch(struct db *db, struct walk *w, struct problem *reterr)
{
	const int64_t from = w->seq;
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(WALK), &r, reterr, w->ws, from, w->end, (int64_t)BATCH) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1 && w->fault == AUDIT_SOUND)
		look_at_row(w, r);
	rows_end(r);
	if (got == 0 && w->seq == from) {
		w->fault = AUDIT_MISSING;
		w->seq++;
	}
	return got < 0 ? -1 : 0;
}

int store_audit_verify(struct db *db, const char *ws, const struct keys *keys,
		       struct audit_verdict *ret, struct problem *reterr)
{
	struct walk w = { .ws = ws, .keys = keys };

	if (look_at_ends(db, &w, reterr) < 0)
		return -1;
	while (w.fault == AUDIT_SOUND && w.seq < w.end) {
		if (look_at_batch(db, &w, reterr) < 0)
			return -1;
	}
	if (w.fault == AUDIT_SOUND && memcmp(w.mac, w.head, sizeof(w.mac)) != 0)
		w.fault = AUDIT_HEAD;
	*ret = (struct audit_verdict){ .fault = w.fault, .seq = w.seq };
	memcpy(ret->mac, w.mac, sizeof(w.mac));
	return 0;
}

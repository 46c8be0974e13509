/* SPDX-License-Identifier: Apache-2.0 */
#include "store/probes.h"

#include <string.h>

#include "crypto/digest.h"
#include "db/conn.h"
#include "store/media.h"

enum { FIND, INSERT, SET_ASIDE, OLD };

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

const struct stmt store_probes_statements[] = {
	[FIND] = { "probes.find", STMT_WORKSPACE, "sbs",
		   "SELECT media_id FROM probes WHERE workspace_id = ? AND url_sha256 = ? "
		   "AND wanted = ?",
		   NULL },
	[INSERT] = { "probes.insert", STMT_WORKSPACE, "sbss",
		     "INSERT INTO probes (workspace_id, url_sha256, wanted, media_id, created_at) "
		     "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))",
		     NULL },
	[SET_ASIDE] = { "probes.set_aside", STMT_WORKSPACE, "ss",
			"UPDATE media SET is_twin = TRUE WHERE workspace_id = ? AND id = ?", NULL },
	[OLD] = { "probes.old", STMT_GLOBAL, "i",
		  "SELECT p.workspace_id, p.media_id, COALESCE(LOWER(HEX(m.sha256)), '') "
		  "FROM probes p JOIN media m ON m.workspace_id = p.workspace_id "
		  "AND m.id = p.media_id WHERE p.created_at < UTC_TIMESTAMP(3) - INTERVAL " TEXT(
			  PROBE_LIFE_S) " SECOND ORDER BY p.created_at LIMIT ?",
		  "the runner cleans up for every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_probes_statements[x])

struct taking {
	const char *ws, *wanted;
	const struct fetch_order *in;
	uint8_t hash[SHA256_BYTES];
	char *ret;
};

/* 1 found */
static int find(struct db *db, const struct taking *t, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(FIND), &r, reterr, t->ws, (const void *)t->hash,
			       sizeof(t->hash), t->wanted);

	if (got != 1)
		return got;
	memcpy(t->ret, rows_text(r, 0), rows_len(r, 0) + 1);
	rows_end(r);
	return 1;
}

static int order(struct db *db, void *arg, struct problem *reterr)
{
	const struct taking *t = arg;
	char id[ID_MAX];

	if (store_fetches_order(db, t->ws, t->in, id, reterr) < 0 ||
	    db_exec(db, ROW(SET_ASIDE), NULL, reterr, t->ws, id) < 0 ||
	    db_exec(db, ROW(INSERT), NULL, reterr, t->ws, (const void *)t->hash, sizeof(t->hash),
		    t->wanted, id) < 0)
		return -1;
	memcpy(t->ret, id, sizeof(id));
	return 0;
}

int store_probes_take(struct db *db, const char *ws, const struct fetch_order *in,
		      char ret_media_id[static ID_MAX], struct problem *reterr)
{
	struct taking t = {
		.ws = ws,
		.in = in,
		.ret = ret_media_id,
		.wanted = in->kind == FETCH_ANY_KIND ? "any" : media_kind_names[in->kind],
	};
	int got;

	digest_sha256(in->url, strlen(in->url), t.hash);
	got = find(db, &t, reterr);
	if (got == 0) {
		if (db_transact(db, order, &t, reterr) == 0)
			return 0;
		/* Somebody else has asked in this very moment. */
		if (db_errno(db) != DB_ERROR_DUPLICATE)
			return -1;
		problem_clear(reterr);
		got = find(db, &t, reterr);
	}
	return got == 1 ? store_fetches_again(db, ws, ret_media_id, reterr) : -1;
}

static int drop_all(struct db *db, const struct probe_old *list, size_t n, struct problem *reterr)
{
	for (size_t i = 0; i < n; i++) {
		struct problem why = { .kind = PROBLEM_NONE };

		if (store_media_delete(db, list[i].workspace, list[i].media_id, 0, &why) == 0 ||
		    problem_row(why.kind)->status < 500)
			continue;
		*reterr = why;
		return -1;
	}
	return 0;
}

int store_probes_sweep(struct db *db, int64_t most, struct arena *a, struct probe_old **ret,
		       size_t *ret_n, struct problem *reterr)
{
	struct probe_old *list = arena_array(a, (size_t)most, sizeof(*list));
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(OLD), &r, reterr, most) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list[n++] = (struct probe_old){ rows_dup(r, 0, a), rows_dup(r, 1, a),
						rows_dup(r, 2, a) };
	rows_end(r);
	if (got < 0 || drop_all(db, list, n, reterr) < 0)
		return -1;
	*ret = list;
	*ret_n = n;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fetches.h"

#include <string.h>

#include "crypto/digest.h"
#include "db/conn.h"
#include "store/guard.h"

enum {
	ORDER,
	TIE,
	HASTEN,
	AGAIN,
	NEXT,
	CLAIM,
	RENEW,
	END,
	FAIL,
	RETRY,
	READY,
	FAILED,
	WAKE,
	WAKE_USERS,
	WAKE_TIED,
	COUNT,
	SWEEP,
	CHARGE,
	DAY,
	SWEEP_DAYS
};

#define LEASE  "UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
#define MINE   "WHERE workspace_id = ? AND media_id = ? AND fence = ? AND state = 'working'"
#define QUEUED "WHERE p.state = 'queued' AND p.owner IS NULL "
#define DUE                                                           \
	"((f.state = 'queued' AND f.next_at <= UTC_TIMESTAMP(3)) OR " \
	"(f.state = 'working' AND f.lease_until < UTC_TIMESTAMP(3))) "

const struct stmt store_fetches_statements[] = {
	[ORDER] = { "fetches.order", STMT_WORKSPACE, "sssst",
		    "INSERT INTO fetches (workspace_id, media_id, url, wanted, state, due_at, "
		    "next_at, created_at, updated_at) VALUES (?, ?, ?, ?, 'queued', "
		    "COALESCE(?, UTC_TIMESTAMP(3)), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), "
		    "UTC_TIMESTAMP(3))",
		    NULL },
	[TIE] = { "fetches.tie", STMT_WORKSPACE, "sss",
		  "UPDATE fetches SET content_id = ? WHERE workspace_id = ? AND media_id = ?",
		  NULL },
	[HASTEN] = { "fetches.hasten", STMT_WORKSPACE, "tsst",
		     "UPDATE fetches SET due_at = ? WHERE workspace_id = ? AND media_id = ? "
		     "AND due_at > ?",
		     NULL },
	[AGAIN] = { "fetches.again", STMT_WORKSPACE, "sss",
		    "UPDATE fetches f JOIN media m ON m.workspace_id = f.workspace_id "
		    "AND m.id = f.media_id LEFT JOIN content_media c "
		    "ON c.workspace_id = f.workspace_id AND c.media_id = f.media_id "
		    "AND c.content_id = ? SET f.state = 'queued', f.tries = 0, "
		    "f.next_at = UTC_TIMESTAMP(3), f.updated_at = UTC_TIMESTAMP(3), "
		    "m.state = 'fetching', m.error = NULL, m.version = m.version + 1 "
		    "WHERE f.workspace_id = ? AND f.state = 'failed' "
		    "AND (c.content_id IS NOT NULL OR f.content_id = ?)",
		    NULL },
	[NEXT] = { "fetches.next", STMT_GLOBAL, "i",
		   "SELECT f.workspace_id, f.media_id, f.url, f.wanted, f.fence, f.tries "
		   "FROM fetches f FORCE INDEX (pending) WHERE " DUE
		   "AND (SELECT COUNT(*) FROM fetches w WHERE w.workspace_id = f.workspace_id "
		   "AND w.state = 'working' AND w.lease_until >= UTC_TIMESTAMP(3)) < ? "
		   "ORDER BY f.due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
		   "the runner serves every workspace" },
	[CLAIM] = { "fetches.claim", STMT_WORKSPACE, "siss",
		    "UPDATE fetches SET state = 'working', owner = ?, fence = fence + 1, "
		    "lease_until = " LEASE ", tries = tries + 1, updated_at = UTC_TIMESTAMP(3) "
		    "WHERE workspace_id = ? AND media_id = ?",
		    NULL },
	[RENEW] = { "fetches.renew", STMT_WORKSPACE, "issi",
		    "UPDATE fetches SET lease_until = " LEASE
		    ", updated_at = UTC_TIMESTAMP(3) " MINE,
		    NULL },
	[END] = { "fetches.end", STMT_WORKSPACE, "ssi", "DELETE FROM fetches " MINE, NULL },
	[FAIL] = { "fetches.fail", STMT_WORKSPACE, "ssi",
		   "UPDATE fetches SET state = 'failed', owner = NULL, lease_until = NULL, "
		   "updated_at = UTC_TIMESTAMP(3) " MINE,
		   NULL },
	[RETRY] = { "fetches.retry", STMT_WORKSPACE, "iissi",
		    "UPDATE fetches SET state = 'queued', owner = NULL, lease_until = NULL, "
		    "tries = ?, "
		    "next_at = UTC_TIMESTAMP(3) + INTERVAL ? * 1000 MICROSECOND, "
		    "updated_at = UTC_TIMESTAMP(3) " MINE,
		    NULL },
	[READY] = { "fetches.ready", STMT_WORKSPACE, "isssbIIIIssiss",
		    "UPDATE media SET state = 'ready', is_twin = is_twin OR ?, kind = ?, mime = ?, "
		    "ext = ?, "
		    "sha256 = ?, bytes = ?, width = ?, height = ?, duration_ms = ?, "
		    "video_codec = ?, audio_codec = ?, is_index_last = ?, error = NULL, version = "
		    "version + 1 "
		    "WHERE workspace_id = ? AND id = ?",
		    NULL },
	[FAILED] = { "fetches.failed", STMT_WORKSPACE, "sss",
		     "UPDATE media SET state = 'failed', error = LEFT(?, 400), "
		     "version = version + 1 WHERE workspace_id = ? AND id = ?",
		     NULL },
	/* A post that waits for media looks again within seconds, so it stands among the next. */
	[WAKE] = { "fetches.wake", STMT_WORKSPACE, "s",
		   "UPDATE posts FORCE INDEX (wake) SET wake_at = UTC_TIMESTAMP(6) "
		   "WHERE workspace_id = ? AND state = 'staging' AND owner IS NULL "
		   "AND waiting_for LIKE 'media%' AND wake_at BETWEEN UTC_TIMESTAMP(3) "
		   "AND UTC_TIMESTAMP(3) + INTERVAL 5 SECOND",
		   NULL },
	/* Those that are due only later are to fail now, while there is time to do something. */
	[WAKE_USERS] = { "fetches.wake_users", STMT_WORKSPACE, "ss",
			 "UPDATE posts p JOIN content_media c ON c.workspace_id = p.workspace_id "
			 "AND c.content_id = p.content_id SET p.wake_at = UTC_TIMESTAMP(6) " QUEUED
			 "AND c.workspace_id = ? AND c.media_id = ?",
			 NULL },
	[WAKE_TIED] = { "fetches.wake_tied", STMT_WORKSPACE, "ss",
			"UPDATE posts p JOIN fetches f ON f.workspace_id = p.workspace_id "
			"AND f.content_id = p.content_id SET p.wake_at = UTC_TIMESTAMP(6) " QUEUED
			"AND f.workspace_id = ? AND f.media_id = ?",
			NULL },
	[COUNT] = { "fetches.count", STMT_GLOBAL, "i",
		    "SELECT COUNT(*) FROM (SELECT 1 FROM fetches f FORCE INDEX (pending) "
		    "WHERE " DUE "LIMIT ?) t",
		    "the runner serves every workspace" },
	[SWEEP] = { "fetches.sweep", STMT_GLOBAL, "i",
		    "DELETE FROM fetches WHERE state = 'failed' "
		    "AND updated_at < UTC_TIMESTAMP() - INTERVAL 30 DAY LIMIT ?",
		    "clean-up is for every workspace" },
	[CHARGE] = { "fetches.charge", STMT_WORKSPACE, "si",
		     "INSERT INTO fetch_days (workspace_id, day, bytes) VALUES (?, UTC_DATE(), ?) "
		     "ON DUPLICATE KEY UPDATE bytes = bytes + VALUES(bytes)",
		     NULL },
	[DAY] = { "fetches.day", STMT_WORKSPACE, "ss",
		  "SELECT COALESCE(d.bytes, 0), f.due_at >= UTC_DATE() + INTERVAL 1 DAY, "
		  "TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), UTC_DATE() + INTERVAL 1 DAY) "
		  "FROM fetches f LEFT JOIN fetch_days d ON d.workspace_id = f.workspace_id "
		  "AND d.day = UTC_DATE() WHERE f.workspace_id = ? AND f.media_id = ?",
		  NULL },
	[SWEEP_DAYS] = { "fetches.sweep_days", STMT_GLOBAL, "i",
			 "DELETE FROM fetch_days WHERE day < UTC_DATE() - INTERVAL 30 DAY LIMIT ?",
			 "clean-up is for every workspace" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_fetches_statements[x])

int store_fetches_order(struct db *db, const char *ws, const struct fetch_order *in,
			char ret_media_id[static ID_MAX], struct problem *reterr)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const bool has_kind = in->kind != FETCH_ANY_KIND;
	const struct media medium = {
		.item = { .state = MEDIA_FETCHING,
			  .kind = has_kind ? (enum media_kind)in->kind : MEDIA_IMAGE,
			  .alt_text = in->alt_text },
		.filename = in->filename,
		.is_known_kind = has_kind,
	};
	struct media made;

	if (store_media_insert(db, ws, &medium, a, &made, reterr) < 0 ||
	    db_exec(db, ROW(ORDER), NULL, reterr, ws, made.item.media_id, in->url,
		    has_kind ? media_kind_names[in->kind] : NULL, in->due_us) < 0)
		return -1;
	memcpy(ret_media_id, made.item.media_id, strlen(made.item.media_id) + 1);
	return 0;
}

int store_fetches_tie(struct db *db, const char *ws, const char *media_id, const char *content_id,
		      struct problem *reterr)
{
	return db_exec(db, ROW(TIE), NULL, reterr, content_id, ws, media_id);
}

int store_fetches_hasten(struct db *db, const char *ws, const char *media_id, int64_t due_us,
			 struct problem *reterr)
{
	return db_exec(db, ROW(HASTEN), NULL, reterr, due_us, ws, media_id, due_us);
}

int store_fetches_again(struct db *db, const char *ws, const char *content_id,
			struct problem *reterr)
{
	return db_exec(db, ROW(AGAIN), NULL, reterr, content_id, ws, content_id);
}

/* ---- claiming ---- */

static void read_row(const struct rows *r, struct arena *a, struct fetch *ret)
{
	*ret = (struct fetch){
		.workspace = rows_dup(r, 0, a),
		.media_id = rows_dup(r, 1, a),
		.url = rows_dup(r, 2, a),
		.kind = media_kind_parse(rows_text(r, 3)),
		.fence = rows_int(r, 4),
		.tries = rows_int(r, 5),
	};
}

struct claiming {
	const struct fetch_claim *in;
	struct arena *arena;
	struct fetch *ret;
	bool is_found;
};

static int claim_one(struct db *db, void *arg, struct problem *reterr)
{
	struct claiming *c = arg;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(NEXT), &r, reterr, c->in->per_workspace);

	c->is_found = got == 1;
	if (got != 1)
		return got;
	read_row(r, c->arena, c->ret);
	rows_end(r);
	c->ret->fence++;
	c->ret->tries++;
	return db_exec(db, ROW(CLAIM), NULL, reterr, c->in->owner, c->in->lease_s,
		       c->ret->workspace, c->ret->media_id);
}

int store_fetches_claim(struct db *db, const struct fetch_claim *in, struct arena *a,
			struct fetch *ret, struct problem *reterr)
{
	struct claiming c = { .in = in, .arena = a, .ret = ret };

	if (db_transact(db, claim_one, &c, reterr) < 0)
		return -1;
	return c.is_found;
}

int store_fetches_renew(struct db *db, const struct fetch *f, int64_t lease_s, bool *ret_is_ours,
			struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(RENEW), &changed, reterr, lease_s, f->workspace, f->media_id,
		    f->fence) < 0)
		return -1;
	*ret_is_ours = changed > 0;
	return 0;
}

/* ---- settling: one transaction with the medium and with the posts that wait ---- */

struct settling {
	const struct fetch *f;
	const struct media_item *got;
	const char *why;
	int64_t changed;
};

static int set_ready(struct db *db, const struct settling *s, bool is_twin, struct problem *reterr)
{
	const struct media_item *i = s->got;
	uint8_t hash[SHA256_BYTES];

	if (digest_unhex(i->sha256, hash, sizeof(hash)) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "a hash is malformed");
	return db_exec(db, ROW(READY), NULL, reterr, (int64_t)is_twin, media_kind_names[i->kind],
		       i->mime, i->ext, (const void *)hash, sizeof(hash), i->bytes,
		       (int64_t)i->width, (int64_t)i->height, (int64_t)i->duration_ms,
		       i->video_codec, i->audio_codec, (int64_t)i->is_index_last, s->f->workspace,
		       s->f->media_id);
}

static int done(struct db *db, void *arg, struct problem *reterr)
{
	struct settling *s = arg;
	const struct fetch *f = s->f;
	int set;

	if (db_exec(db, ROW(END), &s->changed, reterr, f->workspace, f->media_id, f->fence) < 0)
		return -1;
	if (s->changed == 0)
		return 0;
	set = set_ready(db, s, false, reterr);
	if (set < 0 && db_errno(db) == DB_ERROR_DUPLICATE) {
		problem_clear(reterr);
		set = set_ready(db, s, true, reterr);
	}
	return set < 0 ? -1 : db_exec(db, ROW(WAKE), NULL, reterr, f->workspace);
}

static int fail(struct db *db, void *arg, struct problem *reterr)
{
	struct settling *s = arg;
	const struct fetch *f = s->f;

	if (db_exec(db, ROW(FAIL), &s->changed, reterr, f->workspace, f->media_id, f->fence) < 0)
		return -1;
	if (s->changed == 0)
		return 0;
	if (db_exec(db, ROW(FAILED), NULL, reterr, s->why, f->workspace, f->media_id) < 0 ||
	    db_exec(db, ROW(WAKE), NULL, reterr, f->workspace) < 0 ||
	    db_exec(db, ROW(WAKE_USERS), NULL, reterr, f->workspace, f->media_id) < 0)
		return -1;
	return db_exec(db, ROW(WAKE_TIED), NULL, reterr, f->workspace, f->media_id);
}

typedef int work_fn(struct db *db, void *arg, struct problem *reterr);

static int settle(struct db *db, work_fn *work, struct settling *s, bool *ret_is_ours,
		  struct problem *reterr)
{
	if (db_transact(db, work, s, reterr) < 0)
		return -1;
	*ret_is_ours = s->changed > 0;
	return 0;
}

int store_fetches_done(struct db *db, const struct fetch *f, const struct media_item *got,
		       bool *ret_is_ours, struct problem *reterr)
{
	struct settling s = { .f = f, .got = got };

	return settle(db, done, &s, ret_is_ours, reterr);
}

int store_fetches_fail(struct db *db, const struct fetch *f, const char *why, bool *ret_is_ours,
		       struct problem *reterr)
{
	struct settling s = { .f = f, .why = why };

	return settle(db, fail, &s, ret_is_ours, reterr);
}

int store_fetches_retry(struct db *db, const struct fetch *f, int64_t delay_ms, bool *ret_is_ours,
			struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(RETRY), &changed, reterr, f->tries, delay_ms, f->workspace, f->media_id,
		    f->fence) < 0)
		return -1;
	*ret_is_ours = changed > 0;
	return 0;
}

int store_fetches_count(struct db *db, int64_t most, int64_t *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(COUNT), &r, reterr, most);

	if (got < 0)
		return -1;
	*ret = got == 1 ? rows_int(r, 0) : 0;
	if (got == 1)
		rows_end(r);
	return 0;
}

int store_fetches_sweep(struct db *db, int64_t most, int64_t *ret_removed, struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP), ret_removed, reterr, most);
}

int store_fetches_charge(struct db *db, const struct fetch *f, int64_t bytes,
			 struct problem *reterr)
{
	return db_exec(db, ROW(CHARGE), NULL, reterr, f->workspace, bytes);
}

int store_fetches_day(struct db *db, const struct fetch *f, struct fetch_day *ret,
		      struct problem *reterr)
{
	struct rows *r = NULL;
	const int got = db_query_one(db, ROW(DAY), &r, reterr, f->workspace, f->media_id);

	*ret = (struct fetch_day){ 0 };
	if (got != 1)
		return got;
	*ret = (struct fetch_day){ .bytes = rows_int(r, 0),
				   .may_wait = rows_int(r, 1) != 0,
				   .left_s = rows_int(r, 2) };
	rows_end(r);
	return 0;
}

int store_fetches_sweep_days(struct db *db, int64_t most, int64_t *ret_removed,
			     struct problem *reterr)
{
	return db_exec(db, ROW(SWEEP_DAYS), ret_removed, reterr, most);
}

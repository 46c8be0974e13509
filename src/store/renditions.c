/* SPDX-License-Identifier: Apache-2.0 */
#include "store/renditions.h"

#include <string.h>

#include "crypto/digest.h"
#include "crypto/random.h"
#include "db/conn.h"

#define BYTES_MOST 500

enum { ASK, FIND, NEXT, CLAIM, RENEW, SETTLE, WAKE, BYTES, COUNT, PLACE };

#define COLUMNS                                                                           \
	"workspace_id, id, source_id, recipe, state, progress, fence, tries, error, "     \
	"LOWER(HEX(sha256)), bytes, mime, ext, width, height, duration_ms, video_codec, " \
	"audio_codec"
#define LEASE "UTC_TIMESTAMP(3) + INTERVAL ? SECOND"

const struct stmt store_renditions_statements[] = {
	/* Assignments run from left to right: each must still see the state of before. */
	[ASK] = { "renditions.ask", STMT_WORKSPACE, "ssssbt",
		  "INSERT INTO renditions (workspace_id, id, source_id, recipe, recipe_hash, "
		  "state, due_at, created_at, updated_at) "
		  "VALUES (?, ?, ?, ?, ?, 'queued', ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) "
		  "ON DUPLICATE KEY UPDATE due_at = LEAST(due_at, VALUES(due_at)), "
		  "tries = IF(state = 'failed' AND updated_at < UTC_TIMESTAMP(3) - INTERVAL 10 "
		  "MINUTE, 0, tries), "
		  "state = IF(state = 'failed' AND tries = 0, 'queued', state)",
		  NULL },
	[FIND] = { "renditions.find", STMT_WORKSPACE, "ssb",
		   "SELECT " COLUMNS " FROM renditions "
		   "WHERE workspace_id = ? AND source_id = ? AND recipe_hash = ?",
		   NULL },
	[NEXT] = { "renditions.next", STMT_GLOBAL, "",
		   "SELECT " COLUMNS " FROM renditions FORCE INDEX (pending) "
		   "WHERE state = 'queued' "
		   "OR (state = 'working' AND lease_until < UTC_TIMESTAMP(3)) "
		   "ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
		   "the runner serves every workspace" },
	[CLAIM] = { "renditions.claim", STMT_WORKSPACE, "siss",
		    "UPDATE renditions SET state = 'working', owner = ?, fence = fence + 1, "
		    "lease_until = " LEASE ", tries = tries + 1, progress = 0, error = NULL, "
		    "updated_at = UTC_TIMESTAMP(3) WHERE workspace_id = ? AND id = ?",
		    NULL },
	[RENEW] = { "renditions.renew", STMT_WORKSPACE, "iissi",
		    "UPDATE renditions SET progress = ?, lease_until = " LEASE ", "
		    "updated_at = UTC_TIMESTAMP(3) "
		    "WHERE workspace_id = ? AND id = ? AND fence = ? AND state = 'working'",
		    NULL },
	[SETTLE] = { "renditions.settle", STMT_WORKSPACE, "sisbIssIIIssssi",
		     "UPDATE renditions SET state = ?, progress = ?, error = LEFT(?, 400), "
		     "sha256 = ?, bytes = ?, mime = ?, ext = ?, width = ?, height = ?, "
		     "duration_ms = ?, video_codec = ?, audio_codec = ?, owner = NULL, "
		     "lease_until = NULL, updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ? AND fence = ? AND state = 'working'",
		     NULL },
	/* Posts that wait for the file look again at once. */
	[WAKE] = { "renditions.wake", STMT_WORKSPACE, "sss",
		   "UPDATE posts SET wake_at = UTC_TIMESTAMP(6) WHERE workspace_id = ? "
		   "AND state = 'staging' AND owner IS NULL AND waiting_for IS NOT NULL "
		   "AND content_id IN (SELECT content_id FROM content_media "
		   "WHERE workspace_id = ? AND media_id = ?)",
		   NULL },
	[BYTES] = { "renditions.bytes", STMT_WORKSPACE, "ssi",
		    "SELECT LOWER(HEX(sha256)) FROM renditions WHERE workspace_id = ? "
		    "AND source_id = ? AND state = 'ready' LIMIT ?",
		    NULL },
	[COUNT] = { "renditions.count", STMT_GLOBAL, "i",
		    "SELECT COUNT(*) FROM (SELECT 1 FROM renditions FORCE INDEX (pending) "
		    "WHERE state = 'queued' "
		    "OR (state = 'working' AND lease_until < UTC_TIMESTAMP(3)) LIMIT ?) t",
		    "the runner serves every workspace" },
	[PLACE] = { "renditions.place", STMT_GLOBAL, "s", "SELECT GET_LOCK(?, 0)",
		    "a lock has no rows" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_renditions_statements[x])

static const char *const state_names[] = { [RENDITION_QUEUED] = "queued",
					   [RENDITION_WORKING] = "working",
					   [RENDITION_READY] = "ready",
					   [RENDITION_FAILED] = "failed" };

static enum rendition_state state_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		if (strcmp(state_names[i], name) == 0)
			return (enum rendition_state)i;
	}
	return RENDITION_QUEUED;
}

static void read_row(const struct rows *r, struct arena *a, struct rendition *ret)
{
	const char *mime = rows_dup(r, 11, a);
	const bool is_video = mime && strncmp(mime, "video/", 6) == 0;

	*ret = (struct rendition){
		.workspace = rows_dup(r, 0, a),
		.id = rows_dup(r, 1, a),
		.source_id = rows_dup(r, 2, a),
		.recipe = rows_dup(r, 3, a),
		.state = state_of(rows_text(r, 4)),
		.progress = rows_int(r, 5),
		.fence = rows_int(r, 6),
		.tries = rows_int(r, 7),
		.error = rows_dup(r, 8, a),
		.item = {
			.kind = is_video ? MEDIA_VIDEO : MEDIA_IMAGE,
			.state = MEDIA_READY,
			.bytes = rows_int(r, 10),
			.mime = mime,
			.ext = rows_dup(r, 12, a),
			.width = (int)rows_int(r, 13),
			.height = (int)rows_int(r, 14),
			.duration_ms = (int)rows_int(r, 15),
			.video_codec = rows_dup(r, 16, a),
			.audio_codec = rows_dup(r, 17, a),
		},
	};
	ret->item.media_id = ret->id;
	if (!rows_null(r, 9))
		memcpy(ret->item.sha256, rows_text(r, 9), SHA256_HEX_MAX);
}

int store_renditions_ask(struct db *db, const char *ws, const struct rendition_wish *in,
			 struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];
	char id[ID_MAX];

	random_id(id, "ren");
	digest_sha256(in->recipe, strlen(in->recipe), hash);
	return db_exec(db, ROW(ASK), NULL, reterr, ws, id, in->source_id, in->recipe,
		       (const void *)hash, sizeof(hash), in->due_us);
}

int store_renditions_find(struct db *db, const char *ws, const struct rendition_wish *in,
			  struct arena *a, struct rendition *ret, struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];
	struct rows *r = NULL;
	int got;

	digest_sha256(in->recipe, strlen(in->recipe), hash);
	got = db_query_one(db, ROW(FIND), &r, reterr, ws, in->source_id, (const void *)hash,
			   sizeof(hash));
	if (got == 1) {
		read_row(r, a, ret);
		rows_end(r);
	}
	return got;
}

struct claiming {
	const struct rendition_claim *in;
	struct arena *arena;
	struct rendition *ret;
	bool is_found;
};

static int claim_one(struct db *db, void *arg, struct problem *reterr)
{
	struct claiming *c = arg;
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(NEXT), &r, reterr);

	c->is_found = got == 1;
	if (got != 1)
		return got;
	read_row(r, c->arena, c->ret);
	rows_end(r);
	c->ret->fence++;
	c->ret->tries++;
	c->ret->state = RENDITION_WORKING;
	return db_exec(db, ROW(CLAIM), NULL, reterr, c->in->owner, c->in->lease_s,
		       c->ret->workspace, c->ret->id);
}

int store_renditions_claim(struct db *db, const struct rendition_claim *in, struct arena *a,
			   struct rendition *ret, struct problem *reterr)
{
	struct claiming c = { .in = in, .arena = a, .ret = ret };

	if (db_transact(db, claim_one, &c, reterr) < 0)
		return -1;
	return c.is_found;
}

int store_renditions_renew(struct db *db, const struct rendition *r, int64_t lease_s,
			   bool *ret_is_ours, struct problem *reterr)
{
	int64_t changed = 0;

	if (db_exec(db, ROW(RENEW), &changed, reterr, r->progress, lease_s, r->workspace, r->id,
		    r->fence) < 0)
		return -1;
	*ret_is_ours = changed > 0;
	return 0;
}

static int64_t known(const struct rendition *r, int64_t n)
{
	return r->state == RENDITION_READY ? n : INT64_MIN;
}

struct settling {
	const struct rendition *r;
	int64_t changed;
};

static int settle(struct db *db, void *arg, struct problem *reterr)
{
	struct settling *s = arg;
	const struct rendition *r = s->r;
	const struct media_item *i = &r->item;
	const bool is_ready = r->state == RENDITION_READY;
	uint8_t hash[SHA256_BYTES];
	const void *bytes =
		is_ready && digest_unhex(i->sha256, hash, sizeof(hash)) == 0 ? hash : NULL;

	if (db_exec(db, ROW(SETTLE), &s->changed, reterr, state_names[r->state],
		    is_ready ? (int64_t)100 : (int64_t)0, r->error, bytes, sizeof(hash),
		    known(r, i->bytes), is_ready ? i->mime : NULL, is_ready ? i->ext : NULL,
		    known(r, i->width), known(r, i->height), known(r, i->duration_ms),
		    i->video_codec, i->audio_codec, r->workspace, r->id, r->fence) < 0)
		return -1;
	if (s->changed == 0)
		return 0;
	return db_exec(db, ROW(WAKE), NULL, reterr, r->workspace, r->workspace, r->source_id);
}

int store_renditions_settle(struct db *db, const struct rendition *r, bool *ret_is_ours,
			    struct problem *reterr)
{
	struct settling s = { .r = r };

	if (db_transact(db, settle, &s, reterr) < 0)
		return -1;
	*ret_is_ours = s.changed > 0;
	return 0;
}

int store_renditions_bytes(struct db *db, const char *ws, const char *source_id, struct arena *a,
			   const char ***ret, struct problem *reterr)
{
	const char **list = arena_array(a, BYTES_MOST + 1, sizeof(*list));
	struct rows *r = NULL;
	size_t n = 0;
	int got;

	if (db_query(db, ROW(BYTES), &r, reterr, ws, source_id, (int64_t)BYTES_MOST) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1)
		list[n++] = rows_dup(r, 0, a);
	rows_end(r);
	if (got < 0)
		return -1;
	list[n] = NULL;
	*ret = list;
	return 0;
}

static int one_number(struct rows *r, int got, int64_t *ret)
{
	if (got < 0)
		return -1;
	*ret = got == 1 ? rows_int(r, 0) : 0;
	if (got == 1)
		rows_end(r);
	return 0;
}

int store_renditions_count(struct db *db, int64_t most, int64_t *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(COUNT), &r, reterr, most);

	return one_number(r, got, ret);
}

int store_renditions_place(struct db *db, const char *name, bool *ret_is_ours,
			   struct problem *reterr)
{
	struct rows *r = NULL;
	int64_t is_ours = 0;
	int got = db_query_one(db, ROW(PLACE), &r, reterr, name);

	if (one_number(r, got, &is_ours) < 0)
		return -1;
	*ret_is_ours = is_ours != 0;
	return 0;
}

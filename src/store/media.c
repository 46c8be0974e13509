/* SPDX-License-Identifier: Apache-2.0 */
#include "store/media.h"

#include <string.h>

#include "crypto/random.h"
#include "db/conn.h"
#include "store/guard.h"

enum {
	INSERT,
	BY_HASH,
	GET,
	LIST_UP,
	LIST_DOWN,
	KIND_UP,
	KIND_DOWN,
	SET_ALT_TEXT,
	NAMED,
	DELETE,
	IS_HELD,
	VERSION,
	PLACE
};

#define COLUMNS                                                                               \
	"id, state, kind, mime, ext, LOWER(HEX(sha256)), bytes, width, height, duration_ms, " \
	"video_codec, audio_codec, alt_text, filename, error, version, created_at, is_index_last"
#define SELECT "SELECT " COLUMNS " FROM media WHERE workspace_id = ? "
/* Not what was fetched to be looked at alone, see store/probes. */
#define LISTED                                                                              \
	"AND NOT EXISTS (SELECT 1 FROM probes x WHERE x.workspace_id = media.workspace_id " \
	"AND x.media_id = media.id) "

const struct stmt store_media_statements[] = {
	[INSERT] = { "media.insert", STMT_WORKSPACE, "ssssssbIIIIssssi",
		     "INSERT INTO media (workspace_id, id, state, kind, mime, ext, sha256, bytes, "
		     "width, height, duration_ms, video_codec, audio_codec, alt_text, filename, "
		     "is_index_last, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		     "?, ?, UTC_TIMESTAMP(3)) RETURNING " COLUMNS,
		     NULL },
	[BY_HASH] = { "media.by_hash", STMT_WORKSPACE, "sb", SELECT "AND own_sha256 = ?", NULL },
	[GET] = { "media.get", STMT_WORKSPACE, "ss", SELECT "AND id = ?", NULL },
	[LIST_UP] = { "media.list_up", STMT_WORKSPACE, "ssi",
		      SELECT "AND id > ? " LISTED "ORDER BY id LIMIT ?", NULL },
	[LIST_DOWN] = { "media.list_down", STMT_WORKSPACE, "ssi",
			SELECT "AND id < ? " LISTED "ORDER BY id DESC LIMIT ?", NULL },
	[KIND_UP] = { "media.kind_up", STMT_WORKSPACE, "sssi",
		      SELECT "AND kind = ? AND id > ? " LISTED "ORDER BY id LIMIT ?", NULL },
	[KIND_DOWN] = { "media.kind_down", STMT_WORKSPACE, "sssi",
			SELECT "AND kind = ? AND id < ? " LISTED "ORDER BY id DESC LIMIT ?", NULL },
	/* Covers and sounds stand in overrides, where no foreign key sees them. */
	[NAMED] = { "media.named", STMT_WORKSPACE, "ssss",
		    "SELECT 1 FROM contents WHERE workspace_id = ? "
		    "AND overrides LIKE CONCAT('%\"', ?, '\"%') UNION ALL "
		    "SELECT 1 FROM posts WHERE workspace_id = ? AND state NOT IN "
		    "('published', 'failed', 'missed', 'cancelled') "
		    "AND overrides LIKE CONCAT('%\"', ?, '\"%') LIMIT 1",
		    NULL },
	[SET_ALT_TEXT] = { "media.set_alt_text", STMT_WORKSPACE, "sssii",
			   "UPDATE media SET alt_text = ?, version = version + 1 "
			   "WHERE workspace_id = ? AND id = ? AND (? = 0 OR version = ?)",
			   NULL },
	[DELETE] = { "media.delete", STMT_WORKSPACE, "ssii",
		     "DELETE FROM media WHERE workspace_id = ? AND id = ? "
		     "AND (? = 0 OR version = ?)",
		     NULL },
	[IS_HELD] = { "media.is_held", STMT_WORKSPACE, "sbsb",
		      "SELECT 1 FROM media WHERE workspace_id = ? AND sha256 = ? UNION ALL "
		      "SELECT 1 FROM renditions WHERE workspace_id = ? AND sha256 = ? LIMIT 1",
		      NULL },
	[VERSION] = { "media.version", STMT_WORKSPACE, "ss",
		      "SELECT version FROM media WHERE workspace_id = ? AND id = ?", NULL },
	[PLACE] = { "media.place", STMT_GLOBAL, "ss",
		    "SELECT workspace_id, LOWER(HEX(sha256)), mime FROM media "
		    "WHERE id = ? AND state = 'ready' UNION ALL "
		    "SELECT workspace_id, LOWER(HEX(sha256)), mime FROM renditions "
		    "WHERE id = ? AND state = 'ready'",
		    "a signed address names the media and nothing else" },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

#define ROW(x) (&store_media_statements[x])

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct media *ret = to;
	int kind = media_kind_parse(rows_text(r, 2));

	*ret = (struct media){
		.item = {
			.media_id = rows_dup(r, 0, a),
			.state = (enum media_state)media_state_parse(rows_text(r, 1)),
			.kind = kind < 0 ? MEDIA_IMAGE : (enum media_kind)kind,
			.mime = rows_dup(r, 3, a),
			.ext = rows_dup(r, 4, a),
			.bytes = rows_int(r, 6),
			.width = (int)rows_int(r, 7),
			.height = (int)rows_int(r, 8),
			.duration_ms = (int)rows_int(r, 9),
			.video_codec = rows_dup(r, 10, a),
			.audio_codec = rows_dup(r, 11, a),
			.alt_text = rows_dup(r, 12, a),
			.is_index_last = rows_int(r, 17) != 0,
		},
		.filename = rows_dup(r, 13, a),
		.error = rows_dup(r, 14, a),
		.version = rows_int(r, 15),
		.created_us = rows_instant(r, 16),
		.is_known_kind = kind >= 0,
	};
	if (!rows_null(r, 5))
		memcpy(ret->item.sha256, rows_text(r, 5), SHA256_HEX_MAX);
}

/* Of media that is still being fetched nothing is known but its name. */
static int64_t known(const struct media_item *i, int64_t value)
{
	return i->state == MEDIA_READY ? value : INT64_MIN;
}

int store_media_insert(struct db *db, const char *ws, const struct media *in, struct arena *a,
		       struct media *ret, struct problem *reterr)
{
	const struct media_item *i = &in->item;
	uint8_t hash[SHA256_BYTES];
	bool has_hash = i->sha256[0] && digest_unhex(i->sha256, hash, sizeof(hash)) == 0;
	const void *hash_or_null = has_hash ? hash : NULL;
	struct rows *r = NULL;
	char id[ID_MAX];
	bool is_new;
	int got;

	random_id(id, "med");
	got = db_query_one(db, ROW(INSERT), &r, reterr, ws, id, media_state_names[i->state],
			   in->is_known_kind ? media_kind_names[i->kind] : NULL, i->mime, i->ext,
			   hash_or_null, sizeof(hash), known(i, i->bytes), known(i, i->width),
			   known(i, i->height), known(i, i->duration_ms), i->video_codec,
			   i->audio_codec, i->alt_text, in->filename, (int64_t)i->is_index_last);
	is_new = got == 1;
	if (got < 0 && db_errno(db) == DB_ERROR_DUPLICATE)
		got = db_query_one(db, ROW(BY_HASH), &r, reterr, ws, hash_or_null, sizeof(hash));
	if (got < 0)
		return -1;
	if (got == 0) /* its twin was deleted in between */
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "the same file was just deleted: try again");
	read_row(r, a, ret);
	ret->is_new = is_new;
	rows_end(r);
	return 0;
}

int store_media_get(struct db *db, const char *ws, const char *id, struct arena *a,
		    struct media *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(GET), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("media", id, reterr);
	read_row(r, a, ret);
	rows_end(r);
	return 0;
}

static int begin_list(struct db *db, const char *ws, const struct media_query *q, struct rows **ret,
		      struct problem *reterr)
{
	const struct page *at = &q->page;
	const int64_t most = page_rows(at);

	if (q->is_one_kind)
		return db_query(db, ROW(at->descending ? KIND_DOWN : KIND_UP), ret, reterr, ws,
				media_kind_names[q->kind], page_start_id(at), most);
	return db_query(db, ROW(at->descending ? LIST_DOWN : LIST_UP), ret, reterr, ws,
			page_start_id(at), most);
}

int store_media_list(struct db *db, const char *ws, const struct media_query *q, struct arena *a,
		     struct medias *ret, struct problem *reterr)
{
	static const struct page_kind kind = { sizeof(struct media), read_row };
	struct page_list list;
	struct rows *r = NULL;

	if (begin_list(db, ws, q, &r, reterr) < 0 ||
	    page_collect(&q->page, r, &kind, a, &list, reterr) < 0)
		return -1;
	*ret = (struct medias){ list.v, list.n, list.has_more };
	return 0;
}

int store_media_set_alt_text(struct db *db, const char *ws, const char *id, const char *alt_text,
			     int64_t if_version, struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "media", ws, id };
	int64_t changed = 0;

	if (db_exec(db, ROW(SET_ALT_TEXT), &changed, reterr, alt_text, ws, id, if_version,
		    if_version) < 0)
		return -1;
	return changed ? 0 : guard_refused(db, &row, reterr);
}

int store_media_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
		       struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "media", ws, id };
	int64_t changed = 0;
	struct rows *r = NULL;
	const int named = db_query_one(db, ROW(NAMED), &r, reterr, ws, id, ws, id);

	if (named < 0)
		return -1;
	if (named == 1) {
		rows_end(r);
		return problem_set(reterr, PROBLEM_MEDIA_IN_USE, "content still names media %.64s",
				   id);
	}
	if (db_exec(db, ROW(DELETE), &changed, reterr, ws, id, if_version, if_version) < 0) {
		if (db_errno(db) == DB_ERROR_HAS_CHILDREN)
			problem_set(reterr, PROBLEM_MEDIA_IN_USE, "content still uses media %.64s",
				    id);
		return -1;
	}
	return changed ? 0 : guard_refused(db, &row, reterr);
}

int store_media_is_held(struct db *db, const char *ws, const char *sha256_hex, bool *ret,
			struct problem *reterr)
{
	uint8_t hash[SHA256_BYTES];
	struct rows *r = NULL;
	int got;

	if (digest_unhex(sha256_hex, hash, sizeof(hash)) < 0)
		return problem_set(reterr, PROBLEM_INTERNAL, "a hash is malformed");
	got = db_query_one(db, ROW(IS_HELD), &r, reterr, ws, (const void *)hash, sizeof(hash), ws,
			   (const void *)hash, sizeof(hash));
	if (got < 0)
		return -1;
	rows_end(r);
	*ret = got == 1;
	return 0;
}

int store_media_place(struct db *db, const char *id, struct arena *a, struct media_place *ret,
		      struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(PLACE), &r, reterr, id, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return problem_set(reterr, PROBLEM_NOT_FOUND, "no media has that address");
	*ret = (struct media_place){ rows_dup(r, 0, a), rows_dup(r, 1, a), rows_dup(r, 2, a) };
	rows_end(r);
	return 0;
}

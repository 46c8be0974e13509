/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postlook.h"

#include <string.h>

#include "base/buf.h"
#include "db/conn.h"
#include "json/emit.h"

/* The states in the order of how much they say. */
#define WEIGHT(state) "CASE " state " WHEN 'failed' THEN 2 WHEN 'fetching' THEN 1 ELSE 0 END"
#define ITS_MEDIA                                                                          \
	"FROM content_media cm STRAIGHT_JOIN media m ON m.workspace_id = cm.workspace_id " \
	"AND m.id = cm.media_id WHERE cm.workspace_id = c.workspace_id AND cm.content_id = c.id "

const struct stmt store_postlook_statements[] = {
	{ "postlook.read", STMT_WORKSPACE, "ss",
	  "SELECT c.id, c.kind, c.caption, c.overrides, "
	  "GREATEST(COALESCE((SELECT MAX(" WEIGHT("m.state") ") " ITS_MEDIA "), 0), " WEIGHT(
		  "s.state") "), "
			     "COALESCE((SELECT MAX(m.error) " ITS_MEDIA
			     "AND m.state = 'failed'), IF(s.state = 'failed', s.error, NULL)) "
			     "FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(40) CHARACTER SET "
			     "ascii COLLATE ascii_bin PATH '$')) wanted "
			     "STRAIGHT_JOIN contents c ON c.workspace_id = ? AND c.id = wanted.id "
			     "LEFT JOIN media s ON s.workspace_id = c.workspace_id "
			     "AND s.id = c.sound_media_id",
	  NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};

static const enum media_state states[] = { MEDIA_READY, MEDIA_FETCHING, MEDIA_FAILED };

static bool is_before(const struct posts *posts, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(posts->v[k].content_id, posts->v[i].content_id) == 0)
			return true;
	}
	return false;
}

/* Their contents, each once. */
static void print_ids(const struct posts *posts, struct buf *out)
{
	struct emit e = EMIT(out);

	emit_open_array(&e, NULL);
	for (size_t i = 0; i < posts->n; i++) {
		if (!is_before(posts, i))
			emit_text(&e, NULL, posts->v[i].content_id);
	}
	emit_close_array(&e);
}

static void give(const struct posts *posts, const struct post_look *look, struct post_look *ret)
{
	for (size_t i = 0; i < posts->n; i++) {
		if (strcmp(posts->v[i].content_id, look->content_id) == 0)
			ret[i] = *look;
	}
}

int store_postlook_read(struct db *db, const char *ws, const struct posts *posts, struct arena *a,
			struct post_look **ret, struct problem *reterr)
{
	struct post_look *all = arena_array(a, posts->n + 1, sizeof(*all));
	CLEANUP(buf_done) struct buf ids = BUF_INIT;
	struct rows *r = NULL;
	int got;

	print_ids(posts, &ids);
	if (db_query(db, &store_postlook_statements[0], &r, reterr, buf_str(&ids), ws) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		const int kind = content_kind_parse(rows_text(r, 1));
		const int64_t weight = rows_int(r, 4);
		const struct post_look look = {
			.content_id = rows_dup(r, 0, a),
			.kind = kind < 0 ? CONTENT_TEXT : (enum content_kind)kind,
			.caption = rows_dup(r, 2, a),
			.overrides = rows_dup(r, 3, a),
			.media = states[weight < 0 || weight > 2 ? 0 : weight],
			.media_error = rows_dup(r, 5, a),
		};

		give(posts, &look, all);
	}
	rows_end(r);
	if (got < 0)
		return -1;
	*ret = all;
	return 0;
}

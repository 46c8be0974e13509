/* SPDX-License-Identifier: Apache-2.0 */
#include "store/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fp.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "db/conn.h"
#include "store/events.h"
#include "store/guard.h"
#include "store/posts.h"
#include "json/emit.h"

#define MEDIA_FIRST 4 /* room for the media of one content; doubled as needed */

enum {
	INSERT,
	INSERT_MEDIA,
	CLEAR_MEDIA,
	GET,
	GET_ALL,
	LIST_UP,
	LIST_DOWN,
	LIST_MEDIA,
	LIST_MEDIA_FILTERED,
	LOCK,
	UPDATE,
	DECIDE,
	DELETE,
	VERSION
};

#define COLUMNS                                                                                 \
	"c.id, c.character_id, c.kind, c.title, c.caption, c.link, c.tags, c.first_comment, "   \
	"c.overrides, c.state, c.revision, c.approved_revision, c.approved_by, c.approved_at, " \
	"c.rejected_reason, c.created_by, c.version, c.created_at, c.updated_at"
#define COLUMNS_N 19
#define MEDIA_COLUMNS                                                                           \
	"cm.media_id, m.kind, m.state, m.mime, m.ext, LOWER(HEX(m.sha256)), m.bytes, m.width, " \
	"m.height, m.duration_ms, m.video_codec, m.audio_codec, "                               \
	"COALESCE(cm.alt_text, m.alt_text), m.is_index_last"
#define MEDIA_COLUMNS_N 14
#define JOIN_MEDIA                                                                                 \
	"LEFT JOIN content_media cm ON cm.workspace_id = c.workspace_id AND cm.content_id = c.id " \
	"LEFT JOIN media m ON m.workspace_id = cm.workspace_id AND m.id = cm.media_id "
#define FILTERS                                                                 \
	"AND (? IS NULL OR c.character_id = ?) AND (? IS NULL OR c.state = ?) " \
	"AND (? IS NULL OR c.kind = ?) "
#define MEDIA_OF_RANGE "SELECT cm.content_id, " MEDIA_COLUMNS " FROM content_media cm "
#define ITS_MEDIA \
	"STRAIGHT_JOIN media m ON m.workspace_id = cm.workspace_id AND m.id = cm.media_id "
#define IN_RANGE "WHERE cm.workspace_id = ? AND cm.content_id >= ? AND cm.content_id <= ? "
#define IN_ORDER "ORDER BY cm.content_id, cm.position"

/*
 * A sort of rows that hold texts makes MariaDB build a table on disk for each call: 0.4 ms for one
 * content, 1.4 ms for a page. So nothing here sorts but along a primary key. The media of one
 * content are put in order on arrival; a page's come by a second statement, and only as of then:
 * a list may show the media of an edit that it has not seen otherwise.
 */
/* clang-format off */
const struct stmt store_content_statements[] = {
	[INSERT] = { "content.insert", STMT_WORKSPACE, "sssssssssssIsiss",
		     "INSERT INTO contents (workspace_id, id, character_id, kind, title, caption, "
		     "link, "
		     "tags, first_comment, overrides, state, revision, approved_revision, "
		     "approved_by, "
		     "approved_at, created_by, sound_media_id, created_at, updated_at) "
		     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, "
		     "IF(?, UTC_TIMESTAMP(3), NULL), ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
		     NULL },
	[INSERT_MEDIA] = { "content.insert_media", STMT_WORKSPACE, "ssiss",
			   "INSERT INTO content_media (workspace_id, content_id, position, "
			   "media_id, "
			   "alt_text) VALUES (?, ?, ?, ?, ?)",
			   NULL },
	[CLEAR_MEDIA] = { "content.clear_media", STMT_WORKSPACE, "ss",
			  "DELETE FROM content_media WHERE workspace_id = ? AND content_id = ?",
			  NULL },
	[GET] = { "content.get", STMT_WORKSPACE, "ss",
		  "SELECT " COLUMNS ", " MEDIA_COLUMNS ", cm.position FROM contents c " JOIN_MEDIA
		  "WHERE c.workspace_id = ? AND c.id = ?",
		  NULL },
	[GET_ALL] = { "content.get_all", STMT_GLOBAL, "s",
		      "SELECT " COLUMNS ", " MEDIA_COLUMNS ", cm.position, k.n FROM " ROW_KEYS
		      "STRAIGHT_JOIN contents c ON c.workspace_id = k.workspace_id AND c.id = k.id "
		      JOIN_MEDIA,
		      "the runner serves every workspace" },
	[LIST_UP] = { "content.list_up", STMT_WORKSPACE, "ssssssssi",
		      "SELECT " COLUMNS " FROM contents c WHERE c.workspace_id = ? " FILTERS
		      "AND c.id > ? ORDER BY c.id LIMIT ?",
		      NULL },
	[LIST_DOWN] = { "content.list_down", STMT_WORKSPACE, "ssssssssi",
			"SELECT " COLUMNS " FROM contents c WHERE c.workspace_id = ? " FILTERS
			"AND c.id < ? ORDER BY c.id DESC LIMIT ?",
			NULL },
	[LIST_MEDIA] = { "content.list_media", STMT_WORKSPACE, "sss",
			 MEDIA_OF_RANGE ITS_MEDIA IN_RANGE IN_ORDER, NULL },
	/* Between two contents that fit a filter there may be thousands that do not. */
	[LIST_MEDIA_FILTERED] = { "content.list_media_filtered", STMT_WORKSPACE, "sssssssss",
				  MEDIA_OF_RANGE
				  "STRAIGHT_JOIN contents c ON c.workspace_id = cm.workspace_id "
				  "AND c.id = cm.content_id " ITS_MEDIA IN_RANGE FILTERS IN_ORDER,
				  NULL },
	[LOCK] = { "content.lock", STMT_WORKSPACE, "ss",
		   "SELECT version, state, revision FROM contents "
		   "WHERE workspace_id = ? AND id = ? FOR UPDATE",
		   NULL },
	[UPDATE] = { "content.update", STMT_WORKSPACE, "isisisisisisisississ",
		     "UPDATE contents SET character_id = IF(?, ?, character_id), kind = IF(?, ?, "
		     "kind), "
		     "title = IF(?, ?, title), caption = IF(?, ?, caption), link = IF(?, ?, link), "
		     "tags = IF(?, ?, tags), first_comment = IF(?, ?, first_comment), "
		     "overrides = IF(?, ?, overrides), state = ?, revision = revision + ?, "
		     "version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ?",
		     NULL },
	[DECIDE] = { "content.decide", STMT_WORKSPACE, "siisisss",
		     "UPDATE contents SET state = ?, "
		     "approved_revision = IF(?, revision, approved_revision), "
		     "approved_by = IF(?, ?, approved_by), "
		     "approved_at = IF(?, UTC_TIMESTAMP(3), approved_at), rejected_reason = ?, "
		     "version = version + 1, updated_at = UTC_TIMESTAMP(3) "
		     "WHERE workspace_id = ? AND id = ?",
		     NULL },
	[DELETE] = { "content.delete", STMT_WORKSPACE, "ssii",
		     "DELETE FROM contents WHERE workspace_id = ? AND id = ? "
		     "AND (? = 0 OR version = ?)",
		     NULL },
	[VERSION] = { "content.version", STMT_WORKSPACE, "ss",
		      "SELECT version FROM contents WHERE workspace_id = ? AND id = ?", NULL },
	{ NULL, STMT_WORKSPACE, NULL, NULL, NULL },
};
/* clang-format on */

#define ROW(x) (&store_content_statements[x])

static void read_row(const struct rows *r, struct arena *a, void *to)
{
	struct content *ret = to;

	*ret = (struct content){
		.id = rows_dup(r, 0, a),
		.character_id = rows_dup(r, 1, a),
		.kind = (enum content_kind)content_kind_parse(rows_text(r, 2)),
		.title = rows_dup(r, 3, a),
		.caption = rows_dup(r, 4, a),
		.link = rows_dup(r, 5, a),
		.tags = rows_dup(r, 6, a),
		.first_comment = rows_dup(r, 7, a),
		.overrides = rows_dup(r, 8, a),
		.state = (enum content_state)content_state_parse(rows_text(r, 9)),
		.revision = rows_int(r, 10),
		.approved_revision = rows_int(r, 11),
		.approved_by = rows_dup(r, 12, a),
		.approved_us = rows_instant(r, 13),
		.rejected_reason = rows_dup(r, 14, a),
		.created_by = rows_dup(r, 15, a),
		.version = rows_int(r, 16),
		.created_us = rows_instant(r, 17),
		.updated_us = rows_instant(r, 18),
	};
}

static void read_media(const struct rows *r, unsigned f, struct arena *a, struct media_item *ret)
{
	int kind = media_kind_parse(rows_text(r, f + 1));

	*ret = (struct media_item){
		.media_id = rows_dup(r, f, a),
		.kind = kind < 0 ? MEDIA_IMAGE : (enum media_kind)kind,
		.state = (enum media_state)media_state_parse(rows_text(r, f + 2)),
		.mime = rows_dup(r, f + 3, a),
		.ext = rows_dup(r, f + 4, a),
		.bytes = rows_int(r, f + 6),
		.width = (int)rows_int(r, f + 7),
		.height = (int)rows_int(r, f + 8),
		.duration_ms = (int)rows_int(r, f + 9),
		.video_codec = rows_dup(r, f + 10, a),
		.audio_codec = rows_dup(r, f + 11, a),
		.alt_text = rows_dup(r, f + 12, a),
		.is_index_last = rows_int(r, f + 13) != 0,
	};
	if (!rows_null(r, f + 5))
		memcpy(ret->sha256, rows_text(r, f + 5), SHA256_HEX_MAX);
}

/* Room for one more behind n: full at MEDIA_FIRST and at each doubling of it. */
static void *with_room(struct arena *a, void *v, size_t n, size_t size)
{
	void *more;

	if (n && (n < MEDIA_FIRST || (n & (n - 1)) != 0))
		return v;
	more = arena_array(a, n ? n * 2 : MEDIA_FIRST, size);
	if (n)
		memcpy(more, v, n * size);
	return more;
}

struct placed {
	int64_t position;
	struct media_item item;
};

/* The media of one content, as they come and in order all the same. */
struct shelf {
	struct placed *v;
	size_t n;
};

static void place_media(const struct rows *r, struct arena *a, struct shelf *s)
{
	struct placed one = { .position = rows_int(r, COLUMNS_N + MEDIA_COLUMNS_N) };
	size_t at = s->n;

	read_media(r, COLUMNS_N, a, &one.item);
	s->v = with_room(a, s->v, s->n, sizeof(*s->v));
	s->n++;
	for (; at && s->v[at - 1].position > one.position; at--)
		s->v[at] = s->v[at - 1];
	s->v[at] = one;
}

static void take_media(const struct shelf *s, struct arena *a, struct content *ret)
{
	if (s->n == 0)
		return;
	ret->media = arena_array(a, s->n, sizeof(*ret->media));
	ret->media_n = s->n;
	for (size_t i = 0; i < s->n; i++)
		ret->media[i] = s->v[i].item;
}

/* A content comes as as many rows as it has media, at least one. */
int store_content_get(struct db *db, const char *ws, const char *id, struct arena *a,
		      struct content *ret, struct problem *reterr)
{
	struct content found = { 0 };
	struct shelf shelf = { 0 };
	struct rows *r = NULL;
	int got;

	if (db_query(db, ROW(GET), &r, reterr, ws, id) < 0)
		return -1;
	while ((got = rows_next(r, reterr)) == 1) {
		if (!found.id)
			read_row(r, a, &found);
		if (!rows_null(r, COLUMNS_N))
			place_media(r, a, &shelf);
	}
	rows_end(r);
	if (got < 0)
		return -1;
	if (!found.id)
		return guard_missing("content", id, reterr);
	take_media(&shelf, a, &found);
	*ret = found;
	return 0;
}

static void take_next(const struct rows *r, struct content_loading *one, struct shelf *shelf)
{
	if (!one->is_found)
		read_row(r, one->arena, one->ret);
	one->is_found = true;
	if (!rows_null(r, COLUMNS_N))
		place_media(r, one->arena, shelf);
}

int store_content_get_all(struct db *db, struct content_loading *v, size_t n,
			  struct problem *reterr)
{
	CLEANUP(buf_done) struct buf keys = BUF_INIT;
	struct shelf *shelves = alloc_array(n, sizeof(*shelves));
	struct rows *r = NULL;
	int got;

	row_keys_print(&v->key, n, sizeof(*v), &keys);
	got = db_query(db, ROW(GET_ALL), &r, reterr, buf_str(&keys));
	while (r && (got = rows_next(r, reterr)) == 1) {
		const size_t i = (size_t)rows_int(r, COLUMNS_N + MEDIA_COLUMNS_N + 1) - 1;

		if (i < n)
			take_next(r, &v[i], &shelves[i]);
	}
	if (r)
		rows_end(r);
	for (size_t i = 0; i < n && got == 0; i++)
		take_media(&shelves[i], v[i].arena, v[i].ret);
	free(shelves);
	return got;
}

struct filter_texts {
	const char *character_id, *state, *kind;
};

static struct filter_texts texts_of(const struct content_filter *f)
{
	return (struct filter_texts){
		.character_id = f->character_id,
		.state = f->state < 0 ? NULL : content_state_names[f->state],
		.kind = f->kind < 0 ? NULL : content_kind_names[f->kind],
	};
}

static int query_page_media(struct db *db, const char *ws, const struct content_query *q,
			    const struct contents *list, struct rows **ret, struct problem *reterr)
{
	const struct filter_texts f = texts_of(&q->filter);
	const char *from = list->v[q->page.descending ? list->n - 1 : 0].id;
	const char *to = list->v[q->page.descending ? 0 : list->n - 1].id;

	if (!f.character_id && !f.state && !f.kind)
		return db_query(db, ROW(LIST_MEDIA), ret, reterr, ws, from, to);
	return db_query(db, ROW(LIST_MEDIA_FILTERED), ret, reterr, ws, from, to, f.character_id,
			f.character_id, f.state, f.state, f.kind, f.kind);
}

/* Both go up by id, but for a descending page, which is walked from its end. */
static int add_page_media(struct rows *r, bool descending, struct arena *a, struct contents *list,
			  struct problem *reterr)
{
	size_t i = 0;
	int got;

	while ((got = rows_next(r, reterr)) == 1) {
		const char *id = rows_text(r, 0);
		struct content *c = NULL;

		for (; i < list->n; i++) {
			c = &list->v[descending ? list->n - 1 - i : i];
			if (strcmp(c->id, id) >= 0)
				break;
		}
		if (i == list->n || strcmp(c->id, id) != 0)
			continue;
		c->media = with_room(a, c->media, c->media_n, sizeof(*c->media));
		read_media(r, 1, a, &c->media[c->media_n++]);
	}
	rows_end(r);
	return got;
}

int store_content_list(struct db *db, const char *ws, const struct content_query *q,
		       struct arena *a, struct contents *ret, struct problem *reterr)
{
	const struct filter_texts f = texts_of(&q->filter);
	static const struct page_kind kind = { sizeof(struct content), read_row };
	struct page_list page;
	struct contents list;
	struct rows *r = NULL;

	if (db_query(db, ROW(q->page.descending ? LIST_DOWN : LIST_UP), &r, reterr, ws,
		     f.character_id, f.character_id, f.state, f.state, f.kind, f.kind,
		     page_start_id(&q->page), (int64_t)page_rows(&q->page)) < 0 ||
	    page_collect(&q->page, r, &kind, a, &page, reterr) < 0)
		return -1;
	list = (struct contents){ page.v, page.n, page.has_more };
	if (list.n && (query_page_media(db, ws, q, &list, &r, reterr) < 0 ||
		       add_page_media(r, q->page.descending, a, &list, reterr) < 0))
		return -1;
	*ret = list;
	return 0;
}

struct work {
	const char *ws;
	const struct content_patch *patch;
	const struct content_edit *edit;
	struct arena *arena;
	struct content *ret;
	int64_t paused;
};

static int insert_media(struct db *db, const char *ws, const char *id,
			const struct content_patch *in, struct problem *reterr)
{
	for (size_t i = 0; i < in->media_n; i++) {
		char pointer[32];

		if (db_exec(db, ROW(INSERT_MEDIA), NULL, reterr, ws, id, (int64_t)i,
			    in->media[i].media_id, in->media[i].alt_text) == 0)
			continue;
		if (db_errno(db) != DB_ERROR_NO_PARENT)
			return -1;
		problem_clear(reterr);
		snprintf(pointer, sizeof(pointer), "/media/%zu", i);
		return problem_add(reterr, pointer, "not_found", "no such media");
	}
	return 0;
}

static int no_character(struct db *db, struct problem *reterr)
{
	if (db_errno(db) != DB_ERROR_NO_PARENT)
		return -1;
	problem_clear(reterr);
	return problem_add(reterr, "/character_id", "not_found", "no such character");
}

static int insert(struct db *db, void *arg, struct problem *reterr)
{
	struct work *w = arg;
	const struct content_patch *in = w->patch;
	const enum content_state state = in->is_approved    ? CONTENT_APPROVED
					 : in->is_in_review ? CONTENT_IN_REVIEW
							    : CONTENT_DRAFT;
	int64_t approved = in->is_approved;
	char id[ID_MAX];

	random_id(id, "cnt");
	if (db_exec(db, ROW(INSERT), NULL, reterr, w->ws, id, in->character_id,
		    content_kind_names[in->kind], in->title, in->caption, in->link, in->tags,
		    in->first_comment, in->overrides, content_state_names[state],
		    approved ? INT64_C(1) : INT64_MIN, approved ? in->by : NULL, approved, in->by,
		    in->sound_media_id) < 0)
		return no_character(db, reterr);
	if (insert_media(db, w->ws, id, in, reterr) < 0)
		return -1;
	return store_content_get(db, w->ws, id, w->arena, w->ret, reterr);
}

int store_content_insert(struct db *db, const char *ws, const struct content_patch *in,
			 struct arena *a, struct content *ret, struct problem *reterr)
{
	struct content made = { 0 };
	struct work w = { .ws = ws, .patch = in, .arena = a, .ret = &made };

	if (db_transact(db, insert, &w, reterr) < 0)
		return -1;
	*ret = made;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_json(const char *a, const char *b)
{
	json_t *x, *y;
	bool is_same;

	if (!a || !b)
		return a == b;
	x = json_loads(a, 0, NULL);
	y = json_loads(b, 0, NULL);
	is_same = x && y && json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return is_same;
}

static bool same_media(const struct content *c, const struct content_patch *in)
{
	if (c->media_n != in->media_n)
		return false;
	for (size_t i = 0; i < in->media_n; i++) {
		const struct content_media *m = &in->media[i];

		if (strcmp(c->media[i].media_id, m->media_id) != 0 ||
		    (m->alt_text && !same_text(c->media[i].alt_text, m->alt_text)))
			return false;
	}
	return true;
}

/* The given members that differ: saying again what is there voids no approval. */
static unsigned differing(const struct content *c, const struct content_patch *in)
{
	const struct {
		unsigned bit;
		bool is_same;
	} rows[] = {
		{ CONTENT_HAS_CHARACTER, same_text(c->character_id, in->character_id) },
		{ CONTENT_HAS_KIND, c->kind == in->kind },
		{ CONTENT_HAS_TITLE, same_text(c->title, in->title) },
		{ CONTENT_HAS_CAPTION, same_text(c->caption, in->caption) },
		{ CONTENT_HAS_LINK, same_text(c->link, in->link) },
		{ CONTENT_HAS_TAGS, same_json(c->tags, in->tags) },
		{ CONTENT_HAS_FIRST_COMMENT, same_text(c->first_comment, in->first_comment) },
		{ CONTENT_HAS_OVERRIDES, same_json(c->overrides, in->overrides) },
		{ CONTENT_HAS_MEDIA, same_media(c, in) },
	};
	unsigned set = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((in->given & rows[i].bit) && !rows[i].is_same)
			set |= rows[i].bit;
	return set;
}

struct locked {
	int64_t version, revision;
	enum content_state state;
};

static int lock(struct db *db, const char *ws, const char *id, int64_t if_version,
		struct locked *ret, struct problem *reterr)
{
	struct rows *r = NULL;
	int got = db_query_one(db, ROW(LOCK), &r, reterr, ws, id);

	if (got < 0)
		return -1;
	if (got == 0)
		return guard_missing("content", id, reterr);
	ret->version = rows_int(r, 0);
	ret->state = (enum content_state)content_state_parse(rows_text(r, 1));
	ret->revision = rows_int(r, 2);
	rows_end(r);
	if (if_version && if_version != ret->version)
		return problem_set(reterr, PROBLEM_VERSION,
				   "content %.64s has changed since you read it", id);
	return 0;
}

static int write_update(struct db *db, const struct work *w, unsigned diff,
			enum content_state state, struct problem *reterr)
{
	const struct content_patch *in = w->edit->patch;
	int64_t d = diff, bump = (diff & ~(unsigned)CONTENT_HAS_CHARACTER) != 0;

	if (db_exec(db, ROW(UPDATE), NULL, reterr, d & CONTENT_HAS_CHARACTER, in->character_id,
		    d & CONTENT_HAS_KIND, content_kind_names[in->kind], d & CONTENT_HAS_TITLE,
		    in->title, d & CONTENT_HAS_CAPTION, in->caption, d & CONTENT_HAS_LINK, in->link,
		    d & CONTENT_HAS_TAGS, in->tags, d & CONTENT_HAS_FIRST_COMMENT,
		    in->first_comment, d & CONTENT_HAS_OVERRIDES, in->overrides,
		    content_state_names[state], bump, w->ws, w->edit->id) < 0)
		return no_character(db, reterr);
	if ((diff & CONTENT_HAS_MEDIA) == 0)
		return 0;
	if (db_exec(db, ROW(CLEAR_MEDIA), NULL, reterr, w->ws, w->edit->id) < 0)
		return -1;
	return insert_media(db, w->ws, w->edit->id, in, reterr);
}

static int update(struct db *db, void *arg, struct problem *reterr)
{
	struct work *w = arg;
	CLEANUP(arena_free) struct arena *a = arena_new();
	enum content_state state = CONTENT_DRAFT;
	struct locked locked = { 0 };
	struct content now = { 0 };
	unsigned diff;

	w->paused = 0;
	if (lock(db, w->ws, w->edit->id, w->edit->if_version, &locked, reterr) < 0 ||
	    store_content_get(db, w->ws, w->edit->id, a, &now, reterr) < 0)
		return -1;
	diff = differing(&now, w->edit->patch);
	if (diff == 0)
		return 0;
	state = now.state;
	if ((diff & ~(unsigned)CONTENT_HAS_CHARACTER) &&
	    content_move(now.state, CONTENT_EDIT, &state) < 0)
		return problem_set(reterr, PROBLEM_CONFLICT, "content in state %s cannot be edited",
				   content_state_names[now.state]);
	if (write_update(db, w, diff, state, reterr) < 0)
		return -1;
	if ((diff & ~(unsigned)CONTENT_HAS_CHARACTER) == 0)
		return 0;
	if (store_posts_pause_content(db, w->ws, w->edit->id, &w->paused, reterr) < 0)
		return -1;
	(void)FP(F24_change_written);
	return 0;
}

int store_content_update(struct db *db, const char *ws, const struct content_edit *edit,
			 int64_t *ret_paused, struct problem *reterr)
{
	struct work w = { .ws = ws, .edit = edit };

	if (db_transact(db, update, &w, reterr) < 0)
		return -1;
	if (ret_paused)
		*ret_paused = w.paused;
	return 0;
}

int store_content_delete(struct db *db, const char *ws, const char *id, int64_t if_version,
			 struct problem *reterr)
{
	const struct guard_row row = { ROW(VERSION), "content", ws, id };
	int64_t changed = 0;

	if (db_exec(db, ROW(DELETE), &changed, reterr, ws, id, if_version, if_version) < 0) {
		if (db_errno(db) == DB_ERROR_HAS_CHILDREN)
			problem_set(reterr, PROBLEM_CONFLICT, "content %.64s has scheduled posts",
				    id);
		return -1;
	}
	return changed ? 0 : guard_refused(db, &row, reterr);
}

struct decision {
	const char *ws;
	const struct content_decision *in;
};

static int tell(struct db *db, const struct decision *d, int64_t revision, struct problem *reterr)
{
	bool is_approval = d->in->move == CONTENT_APPROVE;
	CLEANUP(buf_done) struct buf data = BUF_INIT;
	struct emit e = EMIT(&data);
	struct event event = { .type = is_approval ? "content.approved" : "content.rejected",
			       .subject_id = d->in->id,
			       .livemode = LIVEMODE_ANY };

	emit_open(&e, NULL);
	emit_text(&e, "id", d->in->id);
	emit_int(&e, "revision", revision);
	emit_text(&e, is_approval ? "approved_by" : "rejected_by", d->in->by);
	if (!is_approval)
		emit_text(&e, "reason", d->in->reason);
	emit_close(&e);
	event.data = buf_str(&data);
	return store_events_insert(db, d->ws, &event, reterr);
}

static int decide(struct db *db, void *arg, struct problem *reterr)
{
	const struct decision *d = arg;
	const struct content_decision *in = d->in;
	int64_t is_approval = in->move == CONTENT_APPROVE;
	enum content_state state = CONTENT_DRAFT;
	struct locked locked = { 0 };

	if (lock(db, d->ws, in->id, in->if_version, &locked, reterr) < 0)
		return -1;
	if (content_move(locked.state, in->move, &state) < 0)
		return problem_set(reterr, PROBLEM_CONFLICT,
				   "content %.64s is %s, which does not allow that", in->id,
				   content_state_names[locked.state]);
	if (db_exec(db, ROW(DECIDE), NULL, reterr, content_state_names[state], is_approval,
		    is_approval, in->by, is_approval,
		    in->move == CONTENT_REJECT ? in->reason : NULL, d->ws, in->id) < 0)
		return -1;
	if (is_approval &&
	    store_posts_resume_content(db, d->ws, in->id, in->stage_lead_s, reterr) < 0)
		return -1;
	return in->move == CONTENT_SUBMIT ? 0 : tell(db, d, locked.revision, reterr);
}

int store_content_decide(struct db *db, const char *ws, const struct content_decision *in,
			 struct problem *reterr)
{
	struct decision d = { ws, in };

	return db_transact(db, decide, &d, reterr);
}

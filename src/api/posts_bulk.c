/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /posts/bulk: JSON Lines in, JSON Lines out. Each line stands for itself: it is taken wholly or
 * not at all. With an Idempotency-Key what was answered is written along with it: whoever lost the
 * answer, or had only a part of it, sends all of it again.
 *
 * A commit costs more than all else that a line does, so a group of lines has one between them; a line
 * is a savepoint within. A group in which anything went wrong for our own sake, be it a deadlock, is
 * undone, and its lines are taken one by one.
 */
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/family_b.h"
#include "api/posts_ask.h"
#include "api/posts_make.h"
#include "api/posts_view.h"
#include "api/principal.h"
#include "api/record.h"
#include "base/clock.h"
#include "db/conn.h"
#include "http/problem_json.h"
#include "store/bulklines.h"

#define LINES_MAX 1000
#define GROUP_MAX 25
#define RUN_S     22 /* nginx waits 30 s for an answer, and the last group takes its time */

/* clang-format off */
static const struct field line_fields[] = {
	{ .name = "line",     .kind = FIELD_INT,  .sentence = "Of the request, from 1." },
	{ .name = "status",   .kind = FIELD_INT,  .sentence = "As POST /posts would have answered." },
	{ .name = "posts",    .kind = FIELD_JSON, .sentence = "Of a line that was taken: as POST /posts answers." },
	{ .name = "replayed", .kind = FIELD_BOOL, .sentence = "It was taken when it came the first time." },
	{ .name = "problem",  .kind = FIELD_JSON, .sentence = "Of a line that was refused: a problem document." },
	{ .name = NULL },
};
static const struct schema line_schema = { "PostsBulkLine", 0, line_fields };
/* clang-format on */

struct bulk {
	struct request *req;
	struct emit *e;
	int64_t until_boot_us;
	const char *at, *end; /* what is still to be read */
	int64_t number;       /* of the line before it */
	bool is_grouped;      /* the lines are part of a transaction */
	bool has_key;
	uint8_t key[SHA256_BYTES];
};

struct line {
	struct request req; /* as if the line had come alone, with an arena of its own */
	const struct bulk *bulk;
	struct posts_ask ask;
	struct bulk_line kept;
	bool is_replayed;
};

static void read_key(struct bulk *b)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	if (!b->req->idempotency_key)
		return;
	buf_printf(&text, "%s\n%s", b->req->principal->id, b->req->idempotency_key);
	digest_sha256(text.p, text.len, b->key);
	b->has_key = true;
}

static int make_and_keep(struct db *db, void *arg, struct problem *reterr)
{
	struct line *l = arg;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct emit e = EMIT(&text);
	struct posts made;

	if (posts_make(&l->req, &l->ask, &made, reterr) < 0)
		return -1;
	posts_view_emit_array(&l->req, &e, NULL, &made, l->ask.kind);
	l->kept.answer = arena_strdup(l->req.arena, buf_str(&text));
	if (l->bulk->has_key &&
	    store_bulklines_insert(db, l->req.principal->workspace, &l->kept, reterr) < 0)
		return -1;
	return record_answer(&l->req, NULL, RECORD_DONE, reterr);
}

/* 1 it has an answer already, 0 it has none */
static int find_answer(struct line *l, struct problem *reterr)
{
	struct bulk_line old;
	int got;

	if (!l->bulk->has_key)
		return 0;
	got = store_bulklines_find(l->req.app->db, l->req.principal->workspace, &l->kept,
				   l->req.arena, &old, reterr);
	if (got != 1)
		return got;
	if (memcmp(old.body, l->kept.body, sizeof(old.body)) != 0)
		return problem_set(reterr, PROBLEM_KEY_REUSED,
				   "with this key the line said something else before");
	l->kept.answer = old.answer;
	l->is_replayed = true;
	return 1;
}

/* The first line is taken however little time there is: who sends the rest again gets on. */
static bool is_late(const struct bulk *b)
{
	return b->number > 1 && clock_boot_us() > b->until_boot_us;
}

static int take(struct line *l, const char *text, size_t n, struct problem *reterr)
{
	struct db *db = l->req.app->db;
	void *body = NULL;
	int got;

	if (!l->bulk->is_grouped && is_late(l->bulk))
		return problem_set(reterr, PROBLEM_BUSY,
				   "The lines take too long: send those from here on again.");
	digest_sha256(text, n, l->kept.body);
	got = find_answer(l, reterr);
	if (got != 0)
		return got < 0 ? -1 : 0;
	if (schema_bind(&posts_ask_schema, text, n, l->req.arena, &body, reterr) < 0 ||
	    posts_ask_read(&l->req, body, CONTENT_KINDS, &l->ask, reterr) < 0)
		return -1;
	if (db_transact(db, make_and_keep, l, reterr) == 0)
		return 0;
	/* The same request runs elsewhere in this very moment, and was faster. */
	if (reterr->kind != PROBLEM_DUPLICATE)
		return -1;
	problem_clear(reterr);
	return find_answer(l, reterr) == 1 ? 0 : -1;
}

static void emit_line(const struct line *l, const struct problem *why)
{
	struct emit *e = l->bulk->e;

	emit_open(e, NULL);
	emit_int(e, "line", l->kept.line);
	emit_int(e, "status", why->kind == PROBLEM_NONE ? 201 : problem_row(why->kind)->status);
	if (why->kind == PROBLEM_NONE)
		emit_raw(e, "posts", l->kept.answer);
	else
		problem_emit(&l->req, why, "problem", e);
	if (l->is_replayed)
		emit_bool(e, "replayed", true);
	emit_close(e);
	buf_addc(e->out, '\n');
	e->comma = false;
}

static struct line *line_new(const struct bulk *b, struct arena *arena)
{
	struct line *l = arena_alloc(arena, sizeof(*l));

	*l = (struct line){ .req = *b->req, .bulk = b, .kept = { .line = b->number } };
	l->req.arena = arena;
	memcpy(l->kept.key, b->key, sizeof(b->key));
	return l;
}

/* false: what broke is ours, and the lines behind it would meet the same. */
static bool take_line(const struct bulk *b, const char *text, size_t n)
{
	struct arena *arena CLEANUP(arena_free) = arena_new();
	struct problem why = { .kind = PROBLEM_NONE };
	struct line *l = line_new(b, arena);

	if (take(l, text, n, &why) < 0 && why.kind == PROBLEM_NONE)
		problem_set(&why, PROBLEM_INTERNAL, "the line could not be taken");
	emit_line(l, &why);
	return why.kind == PROBLEM_NONE || problem_row(why.kind)->status < 500;
}

static bool is_blank(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strchr(" \t\r", text[i]))
			return false;
	}
	return true;
}

/* Lines that say something; a last one needs no newline. */
static int64_t count_lines(const char *text, size_t n)
{
	int64_t lines = 0;

	for (const char *at = text, *end = text + n; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const size_t len = (size_t)((newline ? newline : end) - at);

		lines += !is_blank(at, len);
		at += len + 1;
	}
	return lines;
}

static int check_lines(const struct request *req, struct problem *reterr)
{
	const int64_t n = count_lines(req->body, req->body_n);

	if (n == 0)
		return problem_add(reterr, "", "empty", "at least one line is needed");
	if (n > LINES_MAX)
		return problem_add(reterr, "", "too_many", "has %lld lines, at most %d are allowed",
				   (long long)n, LINES_MAX);
	return 0;
}

/* Up to `most` lines that say something; false: it ends with the last of them. */
static bool take_lines(struct bulk *b, int most)
{
	bool goes_on = true;

	while (goes_on && most > 0 && b->at < b->end) {
		const char *text = b->at, *newline = memchr(text, '\n', (size_t)(b->end - text));
		const size_t n = (size_t)((newline ? newline : b->end) - text);

		b->number++;
		b->at += n + 1;
		if (is_blank(text, n))
			continue;
		goes_on = take_line(b, text, n);
		most--;
	}
	return goes_on;
}

/* 1 all is committed and answered, 0 nothing is, -1 that is not known */
static int take_group(struct bulk *b)
{
	struct db *db = b->req->app->db;
	CLEANUP(buf_done) struct buf said = BUF_INIT;
	struct emit e = EMIT(&said);
	struct problem why = { .kind = PROBLEM_NONE };
	struct bulk group = *b;

	if (db_begin_wide(db, 0, &why) < 0)
		return 0;
	group.e = &e;
	group.is_grouped = true;
	if (!take_lines(&group, GROUP_MAX) || db_commit(db, &why) < 0) {
		db_rollback(db);
		return db_commit_unknown(db) ? -1 : 0;
	}
	b->at = group.at;
	b->number = group.number;
	buf_add(b->e->out, buf_str(&said), said.len);
	return 1;
}

/* Whoever sends them again with their key learns it. */
static void tell_unknown(struct bulk *b)
{
	struct arena *arena CLEANUP(arena_free) = arena_new();
	struct problem why = { .kind = PROBLEM_NONE };

	problem_set(
		&why, PROBLEM_DB_DOWN,
		"the database went away: whether the lines from here on were taken is not known");
	b->number++;
	emit_line(line_new(b, arena), &why);
}

static bool take_some(struct bulk *b)
{
	const int got = is_late(b) ? 0 : take_group(b);

	if (got < 0)
		tell_unknown(b);
	return got != 0 ? got > 0 : take_lines(b, GROUP_MAX);
}

static int bulk(struct request *req, struct reply *ret, struct problem *reterr)
{
	const int run_s = request_prefer_wait_s(req, RUN_S, RUN_S);
	struct bulk b = { .req = req,
			  .e = &ret->emit,
			  .until_boot_us = clock_boot_us() + run_s * US_PER_S,
			  .at = req->body,
			  .end = req->body + req->body_n };

	if (check_lines(req, reterr) < 0)
		return -1;
	read_key(&b);
	ret->content_type = "application/x-ndjson";
	while (b.at < b.end && take_some(&b))
		;
	return 0;
}

/* clang-format off */
const struct route api_posts_bulk_routes[] = {
	FAMILY_B(HTTP_POST, "/posts/bulk", "createPostsInBulk", .pool = POOL_API, .repeat = REPEAT_LINES, .auth = AUTH_BEARER, .scope = SCOPE_BIT(SCOPE_CONTENT_PUBLISH), .rate = RATE_PUBLISH, .body_max = BODY_LINES, .ok = 200, .body = &posts_ask_schema, .reply = &line_schema, .handler = bulk, .summary = "Post many things: JSON Lines, each as createPosts takes it, answered line by line"),
	{ .pattern = NULL },
};
/* clang-format on */

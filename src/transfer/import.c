/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/import.h"

#include <errno.h>
#include <string.h>

#include "api/posts_ask.h"
#include "api/posts_make.h"
#include "api/principal.h"
#include "base/buf.h"
#include "db/conn.h"
#include "store/imports.h"
#include "transfer/book.h"

#define CALLER "carillon-admin"

struct importing {
	const struct table_import *in;
	struct principal principal;
	struct arena *arena; /* of the whole import */
	struct account_book book;
	struct table table;
	bool has_header;
	struct import_counts counts;
};

struct row {
	struct importing *of;
	struct request req;
	struct posts_ask ask;
	uint8_t key[SHA256_BYTES];
	size_t posts_n;
	bool is_undone; /* a rehearsal that went well */
};

/* Texts of the file may hold what a terminal would obey. */
static void print_plain(FILE *out, const char *s)
{
	for (; *s; s++)
		(void)fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, out);
}

static void print_fault(const struct importing *m, int64_t line, const char *column,
			const char *words)
{
	(void)fprintf(m->in->report, "line %lld, ", (long long)line);
	print_plain(m->in->report, column);
	(void)fputs(": ", m->in->report);
	print_plain(m->in->report, words);
	(void)fputc('\n', m->in->report);
}

static void print_refusal(const struct importing *m, int64_t line, const struct problem *why)
{
	size_t n = why->items_n < PROBLEM_ITEMS_MAX ? why->items_n : PROBLEM_ITEMS_MAX;

	if (n == 0)
		print_fault(m, line, "row", why->detail);
	for (size_t i = 0; i < n; i++)
		print_fault(m, line, table_column_name(&m->table, why->items[i].pointer),
			    why->items[i].detail);
}

static void print_columns(const struct importing *m)
{
	for (size_t i = 0; i < m->table.n; i++) {
		if (m->table.columns[i] < COLUMN_LEFT)
			continue;
		(void)fputs("column \"", m->in->report);
		print_plain(m->in->report, m->table.headers[i]);
		(void)fputs(m->table.columns[i] == COLUMN_LEFT
				    ? "\" is of no use here: not imported\n"
				    : "\" is not understood: not imported\n",
			    m->in->report);
	}
}

/* PROBLEM_DUPLICATE of the key ends in the same count as a row that was found. */
static int make_row(struct db *db, void *arg, struct problem *reterr)
{
	struct row *row = arg;
	struct posts made;

	row->is_undone = false;
	if (posts_make(&row->req, &row->ask, &made, reterr) < 0)
		return -1;
	row->posts_n = made.n;
	if (store_imports_insert(db, row->of->in->workspace, row->key, made.v[0].content_id,
				 reterr) < 0)
		return -1;
	row->is_undone = row->of->in->is_rehearsal;
	return row->is_undone ? problem_set(reterr, PROBLEM_CONFLICT, "a rehearsal") : 0;
}

enum row_end { ROW_MADE, ROW_PRESENT };

/* enum row_end, or -1 */
static int take(struct row *row, const struct buf *body, struct problem *reterr)
{
	struct db *db = row->of->in->app->db;
	const char *content = NULL;
	void *bound = NULL;
	int got;

	digest_sha256(body->p, body->len, row->key);
	got = store_imports_find(db, row->of->in->workspace, row->key, row->req.arena, &content,
				 reterr);
	if (got != 0)
		return got < 0 ? -1 : ROW_PRESENT;
	if (schema_bind(&posts_ask_row_schema, body->p, body->len, row->req.arena, &bound, reterr) <
		    0 ||
	    posts_ask_read(&row->req, bound, CONTENT_KINDS, &row->ask, reterr) < 0)
		return -1;
	if (db_transact(db, make_row, row, reterr) == 0)
		return ROW_MADE;
	if (!row->is_undone && reterr->kind != PROBLEM_DUPLICATE)
		return -1;
	problem_clear(reterr);
	return row->is_undone ? ROW_MADE : ROW_PRESENT;
}

/* 0 the next row may come; -1 what broke is ours, and further rows would meet the same. */
static int count_refusal(struct importing *m, int64_t line, const struct problem *why,
			 struct problem *reterr)
{
	if (why->kind != PROBLEM_NONE && problem_row(why->kind)->status >= 500) {
		*reterr = *why;
		return -1;
	}
	print_refusal(m, line, why);
	m->counts.refused++;
	return 0;
}

static int take_row(struct importing *m, struct arena *a, const struct csv_row *csv,
		    struct problem *reterr)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	struct problem why = { .kind = PROBLEM_NONE };
	struct row *row = arena_alloc(a, sizeof(*row));
	int end = table_read_row(&m->table, csv, &m->book, &body, &why);

	if (end == ROW_SKIP) {
		print_fault(m, csv->line, "not imported", why.detail);
		m->counts.skipped++;
		return 0;
	}
	row->of = m;
	row->req = (struct request){
		.app = m->in->app, .arena = a, .request_id = CALLER, .principal = &m->principal
	};
	if (end == ROW_POST)
		end = take(row, &body, &why);
	if (end < 0)
		return count_refusal(m, csv->line, &why, reterr);
	m->counts.made += end == ROW_MADE;
	m->counts.present += end == ROW_PRESENT;
	m->counts.posts += (int64_t)row->posts_n;
	return 0;
}

static int on_row(void *arg, const struct csv_row *csv, struct problem *reterr)
{
	struct importing *m = arg;
	struct arena *a CLEANUP(arena_free) = NULL;

	if (!m->has_header) {
		m->has_header = true;
		if (table_read_header(m->in->format, csv, m->arena, &m->table, reterr) < 0)
			return -1;
		print_columns(m);
		return 0;
	}
	a = arena_new();
	return take_row(m, a, csv, reterr);
}

static int pass_row(void *arg, const struct csv_row *csv, struct problem *reterr)
{
	(void)arg;
	(void)csv;
	(void)reterr;
	return 0;
}

int table_import_run(const struct table_import *in, FILE *file, struct import_counts *ret,
		     struct problem *reterr)
{
	struct arena *a CLEANUP(arena_free) = arena_new();
	struct importing *m = arena_alloc(a, sizeof(*m));
	int failed;

	*m = (struct importing){ .in = in, .arena = a };
	m->principal = (struct principal){ .kind = PRINCIPAL_USER,
					   .mode = in->livemode ? MODE_LIVE : MODE_TEST,
					   .workspace = in->workspace,
					   .id = CALLER,
					   .role = ROLE_ADMIN,
					   .scopes = role_scopes(ROLE_ADMIN) };
	if (book_make(in, a, &m->book, reterr) < 0 || csv_rows(file, pass_row, NULL, reterr) < 0)
		return -1;
	if (fseek(file, 0, SEEK_SET) != 0)
		return problem_set(reterr, PROBLEM_INVALID,
				   "the table must be a file, not a pipe: it is read twice");
	failed = csv_rows(file, on_row, m, reterr);
	*ret = m->counts;
	if (failed)
		return -1;
	if (!m->has_header)
		return problem_set(reterr, PROBLEM_INVALID, "the file is empty");
	return 0;
}

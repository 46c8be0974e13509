/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/csv.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cleanup.h"

#define BLOCK 65536

struct reading {
	struct csv_parser parser;
	struct arena *arena; /* of the row */
	struct csv_cell cells[CSV_CELLS_MAX];
	struct csv_row row;
	size_t bytes; /* of the row */
	int64_t line;
	bool is_begun, is_past_cr, is_over, is_too_wide;
	csv_take *take;
	void *arg;
	struct problem *reterr;
};

/* libcsv asks for a larger buffer as a cell grows; beyond its measure it gets none. */
static void *grow(void *p, size_t n)
{
	return n > CSV_CELL_MAX ? NULL : realloc(p, n);
}

static void on_cell(void *text, size_t n, void *arg)
{
	struct reading *r = arg;
	char *copy;

	r->bytes += n;
	if (r->row.n == CSV_CELLS_MAX || r->bytes > CSV_ROW_MAX) {
		r->is_too_wide = true;
		return;
	}
	copy = arena_alloc(r->arena, n + 1); /* zeroed */
	if (n > 0)
		memcpy(copy, text, n);
	r->cells[r->row.n++] = (struct csv_cell){ copy, n };
}

static void on_row(int terminator, void *arg)
{
	struct reading *r = arg;

	(void)terminator;
	r->row.cells = r->cells;
	if (!r->is_over && !r->is_too_wide && r->take(r->arg, &r->row, r->reterr) < 0)
		r->is_over = true;
	if (r->is_too_wide)
		return;
	arena_reset(r->arena);
	r->row.n = 0;
	r->bytes = 0;
	r->is_begun = false;
}

static int refuse(struct reading *r)
{
	const long long line = (long long)r->row.line, now = (long long)r->line;

	if (csv_error(&r->parser) == CSV_ENOMEM || csv_error(&r->parser) == CSV_ETOOBIG)
		return problem_set(r->reterr, PROBLEM_INVALID,
				   "line %lld: a cell of the row that begins here is larger than "
				   "%zu kB; perhaps a quote was never closed",
				   line, CSV_CELL_MAX / 1024);
	return problem_set(r->reterr, PROBLEM_INVALID,
			   "line %lld: a quote stands wrong in the row that begins on line %lld; "
			   "put the whole cell in quotes and write each quote in it twice",
			   now, line);
}

static int refuse_width(struct reading *r)
{
	return problem_set(r->reterr, PROBLEM_INVALID,
			   "line %lld: the row that begins here has more than %d cells or %zu kB; "
			   "is the file CSV?",
			   (long long)r->row.line, CSV_CELLS_MAX, CSV_ROW_MAX / 1024);
}

/* A piece that is a newline alone is the second half of CRLF, if a CR ended the one before. */
static void count_line(struct reading *r, const char *p, size_t n)
{
	const char last = p[n - 1];

	if (last == '\r' || (last == '\n' && !(r->is_past_cr && n == 1)))
		r->line++;
	r->is_past_cr = last == '\r';
}

/* No more than one end of a line, at the end of it, so that each row's line is known. */
static int feed_piece(struct reading *r, const char *p, size_t n)
{
	const bool is_blank = strspn(p, "\r\n") > 0;

	if (!r->is_begun && !is_blank) {
		r->row.line = r->line;
		r->is_begun = true;
	}
	if (csv_parse(&r->parser, p, n, on_cell, on_row, r) != n)
		return refuse(r);
	if (r->parser.pstate == 0) /* blanks and nothing else */
		r->is_begun = false;
	count_line(r, p, n);
	if (r->is_too_wide)
		return refuse_width(r);
	return r->is_over ? -1 : 0;
}

/* p[n] is 0. */
static int feed(struct reading *r, const char *p, size_t n)
{
	for (const char *end = p + n; p < end;) {
		const char *stop = p;

		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		if (stop < end)
			stop++;
		if (feed_piece(r, p, (size_t)(stop - p)) < 0)
			return -1;
		p = stop;
	}
	return 0;
}

static unsigned char choose_delimiter(const char *p, size_t n)
{
	static const char marks[] = ",;\t";
	size_t counts[sizeof(marks) - 1] = { 0 }, best = 0;
	bool is_quoted = false;

	for (size_t i = 0; i < n && (is_quoted || (p[i] != '\n' && p[i] != '\r')); i++) {
		const char *mark = p[i] ? strchr(marks, p[i]) : NULL;

		is_quoted ^= p[i] == '"';
		if (mark && !is_quoted)
			counts[mark - marks]++;
	}
	for (size_t i = 1; i < ARRAY_LEN(counts); i++) {
		if (counts[i] > counts[best])
			best = i;
	}
	return (unsigned char)marks[best];
}

/* Bytes to pass over; -1 for a text that is not made of bytes. */
static int open_text(struct reading *r, const char *p, size_t n)
{
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return problem_set(r->reterr, PROBLEM_INVALID,
				   "line 1: the file is UTF-16; save it as \"CSV UTF-8\"");
	return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static int read_all(struct reading *r, FILE *in)
{
	char block[BLOCK + 1];
	bool is_first = true;
	size_t n;

	while ((n = fread(block, 1, BLOCK, in)) > 0) {
		const int mark = is_first ? open_text(r, block, n) : 0;

		block[n] = 0;
		if (mark < 0)
			return -1;
		if (is_first)
			csv_set_delim(&r->parser, choose_delimiter(block + mark, n - (size_t)mark));
		is_first = false;
		if (feed(r, block + mark, n - (size_t)mark) < 0)
			return -1;
	}
	if (ferror(in))
		return problem_set(r->reterr, PROBLEM_INTERNAL, "the file cannot be read further");
	if (csv_fini(&r->parser, on_cell, on_row, r) != 0)
		return problem_set(r->reterr, PROBLEM_INVALID,
				   "line %lld: a quote in the row that begins here is never closed",
				   (long long)r->row.line);
	if (r->is_too_wide)
		return refuse_width(r);
	return r->is_over ? -1 : 0;
}

int csv_rows(FILE *in, csv_take *take, void *arg, struct problem *reterr)
{
	struct reading *r = alloc_zero(sizeof(*r));
	int failed;

	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
		free(r);
		return problem_set(reterr, PROBLEM_INTERNAL, "there is no memory for CSV");
	}
	csv_set_realloc_func(&r->parser, grow);
	r->arena = arena_new();
	r->line = 1;
	r->take = take;
	r->arg = arg;
	r->reterr = reterr;
	failed = read_all(r, in);
	arena_free(r->arena);
	csv_free(&r->parser);
	free(r);
	return failed;
}

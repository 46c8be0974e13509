/* SPDX-License-Identifier: Apache-2.0 */
/* Whose table it is, on a line, then the file. */
#include "transfer/csv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/posts_ask.h"
#include "fuzz/fuzz.h"
#include "transfer/columns.h"

static const struct account_name known[] = {
	{ ACCOUNT_NAME_REST, "acc_rest", true },
	{ "mila", "acc_1", false },
	{ "tom", "acc_2", false },
	{ "tiktok:tom", "acc_2", false },
};
static const struct account_book book = { known, ARRAY_LEN(known), "Europe/Berlin" };

struct reading {
	struct arena *arena;
	struct table table;
	struct buf again; /* the same rows, each cell in quotes */
	enum table_format format;
	int64_t line;
	size_t rows, cells;
	bool is_table;
};

static void row_look(struct reading *r, const struct csv_row *row)
{
	MUST(row->line > r->line && row->n > 0 && row->n <= CSV_CELLS_MAX);
	r->line = row->line;
	r->rows++;
	r->cells += row->n;
	for (size_t i = 0; i < row->n; i++) {
		MUST(row->cells[i].text[row->cells[i].n] == '\0');
		buf_adds(&r->again, i ? ",\"" : "\"");
		for (size_t k = 0; k < row->cells[i].n; k++) {
			if (row->cells[i].text[k] == '"')
				buf_addc(&r->again, '"');
			buf_addc(&r->again, row->cells[i].text[k]);
		}
		buf_addc(&r->again, '"');
	}
	buf_addc(&r->again, '\n');
}

/* What a row becomes is JSON that binds like a request, or items that name its members. */
static void post_look(struct reading *r, const struct csv_row *row)
{
	CLEANUP(buf_done) struct buf body = BUF_INIT;
	struct problem why = { 0 };
	json_t *doc = NULL;
	int verdict = table_read_row(&r->table, row, &book, &body, &why);

	MUST(verdict >= 0 || why.kind != PROBLEM_NONE);
	MUST(verdict != ROW_SKIP || why.detail[0]);
	if (verdict != ROW_POST)
		return;
	MUST(schema_parse(body.p, body.len, &doc, &why) == 0 && json_is_object(doc));
	json_decref(doc);
}

static int take(void *arg, const struct csv_row *row, struct problem *reterr)
{
	struct reading *r = arg;

	row_look(r, row);
	if (r->rows > 1) {
		if (r->is_table)
			post_look(r, row);
		return 0;
	}
	r->is_table = table_read_header(r->format, row, r->arena, &r->table, reterr) == 0;
	MUST(r->is_table || reterr->kind == PROBLEM_INVALID);
	problem_clear(reterr);
	return 0;
}

/* -1: it is no CSV. */
static int read_table(struct reading *r, const char *p, size_t n)
{
	struct problem why = { 0 };
	int fd, rc;
	FILE *f = fopen(file_of(r->arena, p, n, &fd), "r");

	MUST(f);
	rc = csv_rows(f, take, r, &why);
	MUST(rc == 0 || why.kind == PROBLEM_INVALID);
	(void)fclose(f);
	close(fd);
	return rc;
}

void fuzz_csv(struct input *in)
{
	struct reading first = { .arena = in->arena }, second = { .arena = in->arena };
	const char *bytes;
	size_t n;

	first.format = (enum table_format)word_of(input_line(in), table_format_names);
	second.format = first.format;
	bytes = input_rest(in, &n);
	if (read_table(&first, bytes, n) == 0 && first.rows > 0) {
		MUST(read_table(&second, first.again.p, first.again.len) == 0);
		MUST(second.rows == first.rows && second.cells == first.cells);
		MUST(second.again.len == first.again.len &&
		     memcmp(second.again.p, first.again.p, first.again.len) == 0);
	}
	buf_done(&first.again);
	buf_done(&second.again);
}

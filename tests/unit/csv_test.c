/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of CSV as spreadsheets write it, and files that are none. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/suite.h"
#include "transfer/csv.h"

/* A row a line: its line, then its cells in angle brackets; NUL shows as 0. */
static int show(void *arg, const struct csv_row *row, struct problem *reterr)
{
	struct buf *out = arg;

	(void)reterr;
	buf_printf(out, "%lld", (long long)row->line);
	for (size_t i = 0; i < row->n; i++) {
		buf_addc(out, '<');
		for (size_t k = 0; k < row->cells[i].n; k++)
			buf_addc(out, row->cells[i].text[k] ? row->cells[i].text[k] : '0');
		buf_addc(out, '>');
		ck_assert_int_eq(row->cells[i].text[row->cells[i].n], 0);
	}
	buf_addc(out, '\n');
	return 0;
}

static int read_bytes(const char *text, size_t n, struct buf *out, struct problem *why)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, n, "r");
	int result;

	ck_assert_ptr_nonnull(f);
	problem_clear(why);
	result = csv_rows(f, show, out, why);
	fclose(f);
	return result;
}

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *text;
	size_t n;
	const char *rows;
} good[] = {
	{ BYTES("a,b\n1,2\n"), "1<a><b>\n2<1><2>\n" },
	{ BYTES("a,b\r\n1,2"), "1<a><b>\n2<1><2>\n" },
	{ BYTES("a,b\r1,2\r"), "1<a><b>\n2<1><2>\n" },
	{ BYTES("\xef\xbb\xbf"
		"a,b\n"),
	  "1<a><b>\n" },
	{ BYTES("a\n\"x\ny\"\nz\n"), "1<a>\n2<x\ny>\n4<z>\n" },
	{ BYTES("a\r\n\"x\r\ny\"\r\nz\r\n"), "1<a>\n2<x\r\ny>\n4<z>\n" },
	{ BYTES("\"say \"\"hi\"\"\",\"\"\n"), "1<say \"hi\"><>\n" },
	{ BYTES("a,,\n , x ,\n"), "1<a><><>\n2<><x><>\n" },
	{ BYTES("\n\na\n\n\r\n  \nb\n"), "3<a>\n7<b>\n" },
	{ BYTES("a\rb\nc\n\r\nd\n"), "1<a>\n2<b>\n3<c>\n5<d>\n" },
	{ BYTES("a;b,c;d\n1;2;3\n"), "1<a><b,c><d>\n2<1><2><3>\n" },
	{ BYTES("a\tb\n1,5\t2\n"), "1<a><b>\n2<1,5><2>\n" },
	{ BYTES("\"a;b;c\",d\n"), "1<a;b;c><d>\n" },
	{ BYTES("a\0b,c\n"), "1<a0b><c>\n" },
	{ BYTES("\xff\xc0,=1+1\n"), "1<\xff\xc0><=1+1>\n" },
};

START_TEST(rows_are_read_with_their_lines)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct problem why;

	ck_assert_msg(read_bytes(good[_i].text, good[_i].n, &out, &why) == 0, "%s", why.detail);
	ck_assert_str_eq(buf_str(&out), good[_i].rows);
}
END_TEST

static const struct {
	const char *text;
	size_t n;
	const char *words;
} bad[] = {
	{ BYTES("a\nx\"y\n"), "line 2: a quote stands wrong" },
	{ BYTES("a\n\"x\" y\n"), "line 2: a quote stands wrong" },
	{ BYTES("a\nb\n\"x\n\ny\"z\n"),
	  "line 5: a quote stands wrong in the row that begins on line 3" },
	{ BYTES("a\nb\n\"x\ny\n"), "line 3: a quote in the row that begins here is never closed" },
	{ BYTES("\xff\xfe"
		"a\0,\0"),
	  "line 1: the file is UTF-16; save it as \"CSV UTF-8\"" },
};

START_TEST(what_is_no_csv_is_told_with_line_and_cure)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	struct problem why;

	ck_assert_int_eq(read_bytes(bad[_i].text, bad[_i].n, &out, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_INVALID);
	ck_assert_msg(strstr(why.detail, bad[_i].words) == why.detail, "%s", why.detail);
}
END_TEST

static const struct {
	const char *piece;
	size_t times;
	const char *words;
} endless[] = {
	{ "x", CSV_CELL_MAX * 4, "line 2: a cell of the row that begins here is larger than" },
	{ "\"\"", CSV_CELL_MAX * 4, "line 2: a cell of the row" },
	{ "x,", CSV_CELLS_MAX + 1, "line 2: the row that begins here has more than" },
	{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 40000,
	  "line 2: a cell of the row" },
};

START_TEST(cell_or_row_without_end_is_given_up)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	struct problem why;

	buf_adds(&text, _i % 2 ? "a\n\"" : "a\n");
	for (size_t i = 0; i < endless[_i].times; i++)
		buf_adds(&text, endless[_i].piece);
	ck_assert_int_eq(read_bytes(text.p, text.len, &out, &why), -1);
	ck_assert_msg(strstr(why.detail, endless[_i].words) == why.detail, "%s", why.detail);
	ck_assert_str_eq(buf_str(&out), "1<a>\n");
}
END_TEST

static int refuse_third(void *arg, const struct csv_row *row, struct problem *reterr)
{
	int *n = arg;

	(void)row;
	return ++*n < 3 ? 0 : problem_set(reterr, PROBLEM_CONFLICT, "enough");
}

START_TEST(reading_ends_where_the_taker_says_so)
{
	const char text[] = "a\nb\nc\nd\ne\n";
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct problem why = { .kind = PROBLEM_NONE };
	int n = 0;

	ck_assert_int_eq(csv_rows(f, refuse_third, &n, &why), -1);
	ck_assert_int_eq(n, 3);
	ck_assert_str_eq(why.detail, "enough");
	fclose(f);
}
END_TEST

START_TEST(rows_across_the_blocks_of_reading_stay_whole)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf expected = BUF_INIT;
	struct problem why;

	for (int i = 1; i <= 20000; i++) {
		buf_printf(&text, "%d,\"a\"\"b\"\r\n", i);
		buf_printf(&expected, "%d<%d><a\"b>\n", i, i);
	}
	ck_assert_int_eq(read_bytes(text.p, text.len, &out, &why), 0);
	ck_assert(strcmp(buf_str(&out), buf_str(&expected)) == 0);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ rows_are_read_with_their_lines, (int)ARRAY_LEN(good) },
		{ what_is_no_csv_is_told_with_line_and_cure, (int)ARRAY_LEN(bad) },
		{ cell_or_row_without_end_is_given_up, (int)ARRAY_LEN(endless) },
		{ reading_ends_where_the_taker_says_so, 0 },
		{ rows_across_the_blocks_of_reading_stay_whole, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(const struct suite_of){ .name = "csv", .cases = cases });
}

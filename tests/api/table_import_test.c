/* SPDX-License-Identifier: Apache-2.0 */
/* carillon-admin import: tables of posts, through the program itself, into a real MariaDB. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "support/admin.h"
#include "support/room.h"

#define HEAD "scheduled_time,accounts,caption,content_url,title,link\n"
#define WHEN "2038-01-01T10:00:00Z"

static char file_path[80];
static const char *account;

static void write_table(const char *text, size_t n)
{
	FILE *f;

	snprintf(file_path, sizeof(file_path), "%s/table.csv", database.folder);
	f = fopen(file_path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void write_text(const char *text)
{
	write_table(text, strlen(text));
}

/* The exit status; `more` are further options, NULL-terminated, or NULL. */
static int import(const char *format, const char *const *more, struct buf *out)
{
	const char *argv[16] = { "import", "--workspace", ws, "--test", "--format", format };
	size_t n = 6;

	while (more && *more)
		argv[n++] = *more++;
	argv[n++] = file_path;
	argv[n] = NULL;
	buf_clear(out);
	return admin_run(&database, argv, out);
}

static int64_t count(const char *table)
{
	return database_number(
		&database, arena_printf(arena, "SELECT COUNT(*) FROM %s WHERE workspace_id = '%s'",
					table, ws));
}

static void expect(const struct buf *out, const char *words)
{
	ck_assert_msg(strstr(buf_str(out), words) != NULL, "no \"%s\" in: %s", words, buf_str(out));
}

static void with_account(void)
{
	room_setup();
	account = new_account();
	database_run(&database, arena_printf(arena,
					     "UPDATE accounts SET scopes = 'instagram_basic "
					     "instagram_content_publish' WHERE id = '%s'",
					     account));
}

static const char *picture(int n)
{
	return arena_printf(arena, WHEN ",%s,\"Hi,\n\"\"%d\"\"\",https://media.invalid/%d.jpg,,\n",
			    account, n, n);
}

START_TEST(rows_become_posts_and_only_once)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	write_text(arena_printf(arena, HEAD "%s%s", picture(1), picture(2)));
	ck_assert_int_eq(import("carillon", NULL, &out), 0);
	expect(&out, "2 rows imported (2 posts), 0 were there already, 0 skipped, 0 refused\n");
	ck_assert_int_eq(count("posts"), 2);
	ck_assert_int_eq(count("contents"), 2);
	ck_assert_int_eq(count("fetches"), 2);
	ck_assert_int_eq(import("carillon", NULL, &out), 0);
	expect(&out, "0 rows imported (0 posts), 2 were there already");
	ck_assert_int_eq(count("posts"), 2);
	/* A mended or longer file, in another order: what is new comes in. */
	write_text(arena_printf(arena, HEAD "%s%s%s", picture(3), picture(2), picture(1)));
	ck_assert_int_eq(import("carillon", NULL, &out), 0);
	expect(&out, "1 rows imported (1 posts), 2 were there already");
	ck_assert_int_eq(count("posts"), 3);
	ck_assert_int_eq(
		database_number(&database,
				arena_printf(arena,
					     "SELECT COUNT(*) FROM contents WHERE "
					     "workspace_id = '%s' AND state = 'approved' AND "
					     "caption LIKE 'Hi,\\n\"_\"'",
					     ws)),
		3);
}
END_TEST

START_TEST(rehearsal_checks_all_and_leaves_nothing)
{
	static const char *const dry[] = { "--dry-run", NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	write_text(arena_printf(arena, HEAD "%s" WHEN ",nobody,x,,,\n", picture(1)));
	ck_assert_int_eq(import("carillon", dry, &out), 1);
	expect(&out,
	       "1 rows would be imported (1 posts), 0 were there already, 0 skipped, 1 refused");
	expect(&out, "line 4, accounts: no connected account is called \"nobody\"");
	ck_assert_int_eq(count("posts") + count("contents") + count("media") + count("fetches") +
				 count("events") + count("import_rows"),
			 1); /* account.connected */
}
END_TEST

/* $ stands for the account. */
static const struct {
	const char *row, *words;
} bad_rows[] = {
	{ WHEN ",acc_none,x,https://media.invalid/a.jpg,,\n", "line 3, accounts: no such account" },
	{ "2001-01-01T10:00:00Z,$,x,https://media.invalid/a.jpg,,\n", "line 3, scheduled_time: " },
	{ "2038-01-01 10:00,$,x,https://media.invalid/a.jpg,,\n", "line 3, timezone: " },
	{ WHEN ",$,x,http://10.0.0.1/a.jpg,,\n", "line 3, content_url: " },
	{ WHEN ",$,x,https://u:p@media.invalid/a.jpg,,\n", "line 3, content_url: " },
	{ WHEN ",$,x,,,\n", "line 3, content_type: " },
	{ WHEN ",$,x,https://media.invalid/a.jpg,,not-a-url\n", "line 3, link: " },
	{ WHEN ",$,a\x01z,https://media.invalid/a.jpg,,\n", "line 3, caption: " },
	{ WHEN ",$,x,https://media.invalid/a.jpg,,,more\n", "line 3, row: has 7 cells" },
};

START_TEST(refused_row_is_told_and_the_others_go_on)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf row = BUF_INIT;

	for (const char *c = bad_rows[_i].row; *c; c++) {
		if (*c == '$')
			buf_adds(&row, account);
		else
			buf_addc(&row, *c);
	}
	write_text(arena_printf(arena,
				HEAD WHEN ",%s,a,https://media.invalid/1.jpg,,\n%s" WHEN
					  ",%s,z,https://media.invalid/9.jpg,,\n",
				account, buf_str(&row), account));
	ck_assert_int_eq(import("carillon", NULL, &out), 1);
	expect(&out, bad_rows[_i].words);
	expect(&out, "2 rows imported (2 posts), 0 were there already, 0 skipped, 1 refused");
	ck_assert_int_eq(count("posts"), 2);
	ck_assert_int_eq(count("contents"), 2);
	ck_assert_int_eq(count("media"), 2);
}
END_TEST

START_TEST(tables_of_buffer_and_postiz_are_taken)
{
	const char *const rest[] = { "--accounts", account, "--timezone", "Europe/Berlin", NULL };
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char names[90];
	const char *const mapped[] = { "--accounts", names, NULL };
	FILE *f;

	write_text("\xef\xbb\xbfText,Image URL,Tags,Posting Time,Mood\r\n"
		   "\"=HYPERLINK(\"\"x\"\")\",https://media.invalid/1.png,a,2038-01-02 17:30,\r\n");
	ck_assert_int_eq(import("buffer", rest, &out), 0);
	expect(&out, "column \"Tags\" is of no use here: not imported\n");
	expect(&out, "column \"Mood\" is not understood: not imported\n");
	ck_assert_int_eq(
		database_number(&database,
				arena_printf(arena,
					     "SELECT COUNT(*) FROM posts p JOIN contents c ON "
					     "c.workspace_id = p.workspace_id AND c.id = "
					     "p.content_id WHERE p.workspace_id = '%s' AND "
					     "c.caption = '=HYPERLINK(\"x\")' AND p.due_at = "
					     "'2038-01-02 16:30:00' AND p.timezone = "
					     "'Europe/Berlin'",
					     ws)),
		1);
	snprintf(names, sizeof(names), "%s/names.csv", database.folder);
	f = fopen(names, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "name,account\ncm1x,%s\n", account);
	fclose(f);
	write_text("id,content,publishDate,state,integration.id,image\n"
		   "1,one," WHEN ",QUEUE,cm1x,https://media.invalid/1.png\n"
		   "2,two," WHEN ",PUBLISHED,cm1x,https://media.invalid/2.png\n");
	ck_assert_int_eq(import("postiz", mapped, &out), 0);
	expect(&out, "line 3, not imported: it is \"PUBLISHED\" there");
	expect(&out, "1 rows imported (1 posts), 0 were there already, 1 skipped, 0 refused");
}
END_TEST

START_TEST(what_is_no_csv_imports_nothing)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	write_text(arena_printf(arena, HEAD "%s" WHEN ",x,a \"b\" c,,,\n", picture(1)));
	ck_assert_int_eq(import("carillon", NULL, &out), 1);
	expect(&out, "line 4: a quote stands wrong");
	ck_assert_int_eq(count("posts"), 0);
}
END_TEST

/* A hundred megabytes in one line. */
START_TEST(line_without_end_is_given_up)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	char *block = alloc_zero(1024 * 1024);
	FILE *f;

	memset(block, 'x', 1024 * 1024);
	write_text(arena_printf(arena, HEAD "%s", picture(1)));
	f = fopen(file_path, "a");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(fwrite(block, 1024 * 1024, 1, f), 1);
	ck_assert_int_eq(fclose(f), 0);
	free(block);
	ck_assert_int_eq(import("carillon", NULL, &out), 1);
	expect(&out, "line 4: a cell of the row that begins here is larger than 256 kB");
	ck_assert_int_eq(count("posts"), 0);
	unlink(file_path);
}
END_TEST

START_TEST(killed_import_goes_on_where_it_was)
{
	const int rows = 300;
	CLEANUP(buf_done) struct buf out = BUF_INIT;
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	const char *argv[] = { "import",   "--workspace", ws,        "--test",
			       "--format", "carillon",    file_path, NULL };
	int64_t before;
	int status;
	pid_t pid;

	buf_adds(&text, HEAD);
	for (int i = 0; i < rows; i++)
		buf_adds(&text, picture(i));
	write_table(text.p, text.len);
	pid = admin_start(&database, argv, -1);
	while (count("posts") < 5)
		ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	before = count("posts");
	ck_assert_int_lt(before, rows);
	ck_assert_int_eq(import("carillon", NULL, &out), 0);
	ck_assert_int_eq(count("posts"), rows);
	ck_assert_int_eq(count("contents"), rows);
	ck_assert_int_eq(count("import_rows"), rows);
}
END_TEST

/* What the file says must reach neither a terminal's escapes nor the report as lines of its own. */
START_TEST(report_obeys_nothing_that_the_file_says)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	write_text("scheduled_time,caption,\"\x1b[2Jx\ny\"\n" WHEN ",x,\n");
	ck_assert_int_eq(import("carillon", NULL, &out), 1);
	expect(&out, "column \"?[2Jx?y\" is not understood");
	ck_assert_ptr_null(strchr(buf_str(&out), '\x1b'));
}
END_TEST

static void open_all(void)
{
	database_start(&database, true);
}

static void close_all(void)
{
	database_stop(&database);
}

int main(void)
{
	const struct suite_case cases[] = {
		{ rows_become_posts_and_only_once, 0 },
		{ rehearsal_checks_all_and_leaves_nothing, 0 },
		{ refused_row_is_told_and_the_others_go_on, (int)ARRAY_LEN(bad_rows) },
		{ tables_of_buffer_and_postiz_are_taken, 0 },
		{ what_is_no_csv_imports_nothing, 0 },
		{ line_without_end_is_given_up, 0 },
		{ killed_import_goes_on_where_it_was, 0 },
		{ report_obeys_nothing_that_the_file_says, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "table_import",
		.needs = SUITE_NEEDS("CARILLON_BUILD"),
		.before = open_all,
		.after = close_all,
		.setup = with_account,
		.teardown = room_teardown,
		.cases = cases,
	});
}

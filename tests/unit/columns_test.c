/* SPDX-License-Identifier: Apache-2.0 */
/* What tables of posts say, in our columns, Buffer's and Postiz's. */
#include <check.h>
#include <string.h>

#include "support/suite.h"
#include "transfer/columns.h"

static const struct account_name known[] = {
	{ "*", "acc_rest", true },
	{ "Brand, main", "acc_a", true },
	{ "Brand, main", "acc_b", true },
	{ "mila", "acc_1", false },
	{ "Mila", "acc_1", false }, /* its display name */
	{ "instagram:mila", "acc_1", false },
	{ "tom", "acc_2", false },
	{ "tom", "acc_3", false },
	{ "tiktok:tom", "acc_3", false },
};
static const struct account_book book = { known, ARRAY_LEN(known), NULL };
static const struct account_book zoned = { known, ARRAY_LEN(known), "Europe/Berlin" };
static const struct account_book bare = { known + 1, ARRAY_LEN(known) - 1, NULL };

struct seen {
	struct table table;
	struct arena *arena;
	struct buf body;
	struct problem why;
	enum table_format format;
	const struct account_book *book;
	int rows, verdict;
};

static int look(void *arg, const struct csv_row *row, struct problem *reterr)
{
	struct seen *s = arg;

	if (s->rows++ == 0)
		return table_read_header(s->format, row, s->arena, &s->table, reterr);
	buf_clear(&s->body);
	problem_clear(&s->why);
	s->verdict = table_read_row(&s->table, row, s->book, &s->body, &s->why);
	return 0;
}

/* The result of csv_rows(); the last row is what is seen. */
static int see(struct seen *s, const char *text, size_t n, struct problem *why)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, n, "r");
	int failed;

	s->arena = arena_new();
	problem_clear(why);
	failed = csv_rows(f, look, s, why);
	fclose(f);
	return failed;
}

static void forget(struct seen *s)
{
	arena_free(s->arena);
	buf_done(&s->body);
}

#define AT    "\"scheduledTime\":\"2038-01-01T10:00:00Z\""
#define WHEN  "2038-01-01T10:00:00Z"
#define BASIC "\"accountIds\":[\"acc_1\"],\"contentType\":"

static const struct {
	enum table_format format;
	const struct account_book *book;
	const char *text, *body;
} taken[] = {
	{ TABLE_CARILLON, &book,
	  "scheduled_time,timezone,accounts,content_type,content_url,caption,sound_url,"
	  "slide_duration,title,link,fold,render_as_video\n" WHEN
	  ",Europe/Paris,acc_9 ,slideshow,\"https://a/1.jpg\nhttps://a/2.jpg\",\"Hi, "
	  "\"\"you\"\"\r\n"
	  "there\",https://a/s.mp3,6,T,https://l/,1,yes\n",
	  "{\"accountIds\":[\"acc_9\"],\"contentType\":\"slideshow\",\"contentUrl\":["
	  "\"https://a/1.jpg\",\"https://a/2.jpg\"],\"caption\":\"Hi, \\\"you\\\"\\nthere\","
	  "\"soundUrl\":\"https://a/s.mp3\"," AT ",\"timezone\":\"Europe/Paris\",\"fold\":1,"
	  "\"slideDuration\":6,\"renderAsVideo\":true,\"title\":\"T\",\"link\":\"https://l/\"}" },
	{ TABLE_CARILLON, &book, "Scheduled Time,ACCOUNTS,Caption\n2038-1-2 9:05,mila,=SUM(A1)\n",
	  "{" BASIC "\"text\",\"caption\":\"=SUM(A1)\",\"scheduledTime\":\"2038-01-02T09:05\"}" },
	{ TABLE_CARILLON, &book, "scheduled_time,accounts,caption\nnow,@Mila,x\n",
	  "{" BASIC "\"text\",\"caption\":\"x\"}" },
	{ TABLE_CARILLON, &book, "scheduled_time,caption\n" WHEN ",x\n",
	  "{\"accountIds\":[\"acc_rest\"],\"contentType\":\"text\",\"caption\":\"x\"," AT "}" },
	{ TABLE_CARILLON, &book,
	  "scheduled_time;accounts;content_url\n" WHEN
	  ";tiktok:tom, mila;\"https://a/b,c;d.MP4?x=1\"\n",
	  "{\"accountIds\":[\"acc_3\",\"acc_1\"],\"contentType\":\"video\",\"contentUrl\":"
	  "\"https://a/b,c;d.MP4?x=1\"," AT "}" },
	{ TABLE_CARILLON, &book,
	  "scheduled_time,accounts,content_url_1,content_url_2\n" WHEN
	  ",mila,https://a/1.png,https://a/2.png\n",
	  "{" BASIC "\"carousel\",\"contentUrl\":[\"https://a/1.png\",\"https://a/2.png\"]," AT
	  "}" },
	{ TABLE_CARILLON, &book,
	  "scheduled_time,accounts,content_type,content_url\n" WHEN
	  ",mila,slideshow,https://a/1.png\n",
	  "{" BASIC "\"slideshow\",\"contentUrl\":[\"https://a/1.png\"]," AT "}" },
	{ TABLE_CARILLON, &book,
	  "scheduled_time,accounts,content_url,slide_duration\n" WHEN
	  ",mila,\"https://a/1.png | https://a/2.png,https://a/3.png; https://a/4.png\",five\n",
	  "{" BASIC "\"slideshow\",\"contentUrl\":[\"https://a/1.png\",\"https://a/2.png\","
	  "\"https://a/3.png\",\"https://a/4.png\"]," AT ",\"slideDuration\":\"five\"}" },
	{ TABLE_BUFFER, &zoned,
	  "Text,Image URL,Tags,Posting Time,Channel\nHello,https://a/1.jpg,launch,2038-01-02 17:30,"
	  "\"Brand, main\"\n",
	  "{\"accountIds\":[\"acc_a\",\"acc_b\"],\"contentType\":\"image\",\"contentUrl\":"
	  "\"https://a/1.jpg\",\"caption\":\"Hello\",\"scheduledTime\":\"2038-01-02T17:30\","
	  "\"timezone\":\"Europe/Berlin\"}" },
	{ TABLE_BUFFER, &book, "text,dueAt,channelId,status\nx," WHEN ",acc_1,scheduled\n",
	  "{" BASIC "\"text\",\"caption\":\"x\"," AT "}" },
	{ TABLE_POSTIZ, &book,
	  "id,content,publishDate,state,integration.id,integration.name,image\n1,x,"
	  "2038-01-01T10:00:00.000Z,QUEUE,cm123,mila,\"[{\"\"id\"\":\"\"i\"\",\"\"path\"\":"
	  "\"\"https://a/1.png\"\"}]\"\n",
	  "{" BASIC "\"image\",\"contentUrl\":\"https://a/1.png\",\"caption\":\"x\","
	  "\"scheduledTime\":\"2038-01-01T10:00:00.000Z\"}" },
	{ TABLE_POSTIZ, &book,
	  "platformName,platformAccount,textContent,scheduledPostDate\ninstagram,mila,x," WHEN "\n",
	  "{" BASIC "\"text\",\"caption\":\"x\"," AT "}" },
};

START_TEST(row_becomes_the_request_it_stands_for)
{
	struct seen s = { .format = taken[_i].format, .book = taken[_i].book };
	struct problem why;

	ck_assert_msg(see(&s, taken[_i].text, strlen(taken[_i].text), &why) == 0, "%s", why.detail);
	ck_assert_msg(s.verdict == ROW_POST, "%s %s", s.why.detail, s.why.items[0].detail);
	ck_assert_str_eq(buf_str(&s.body), taken[_i].body);
	forget(&s);
}
END_TEST

#define BYTES(text) (text), sizeof(text) - 1
#define THREE       "when,scheduled_time,accounts,content_url,caption\n,"

static const struct {
	enum table_format format;
	const char *text;
	size_t n;
	const char *column, *words;
} refused[] = {
	{ TABLE_CARILLON, BYTES(THREE ",mila,,x\n"), "scheduled_time", "is empty; say when" },
	{ TABLE_CARILLON, BYTES(THREE "03/04/2038 10:00,mila,,x\n"), "scheduled_time",
	  "\"03/04/2038 10:00\" is no time; write" },
	{ TABLE_CARILLON, BYTES(THREE "2038-13-01 10:00,mila,,x\n"), "scheduled_time",
	  "is no time" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",,,x\n"), "accounts", "names no account" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",nobody,,x\n"), "accounts",
	  "no connected account is called \"nobody\"" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",\"mila, nobody\",,x\n"), "accounts", "\"nobody\"" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",tom,,x\n"), "accounts", "of acc_2 and of acc_3" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",mila,https://a/b,x\n"), "content_type",
	  "add a column content_type" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",mila,,a\0b\n"), "caption", "NUL" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",mila,,a\xffz\n"), "caption", "is not UTF-8; save" },
	{ TABLE_CARILLON, BYTES(THREE WHEN ",mila,,x,y,z\n"), "row", "there are 5 columns" },
	{ TABLE_POSTIZ, BYTES("content,date,account\n<p>x</p>," WHEN ",mila\n"), "content",
	  "HTML" },
};

START_TEST(wrong_cell_is_told_by_its_column)
{
	struct seen s = { .format = refused[_i].format, .book = &bare };
	struct problem why;

	ck_assert_msg(see(&s, refused[_i].text, refused[_i].n, &why) == 0, "%s", why.detail);
	ck_assert_int_eq(s.verdict, -1);
	ck_assert_uint_eq(s.why.items_n, 1);
	ck_assert_str_eq(table_column_name(&s.table, s.why.items[0].pointer), refused[_i].column);
	ck_assert_msg(strstr(s.why.items[0].detail, refused[_i].words) != NULL, "%s",
		      s.why.items[0].detail);
	forget(&s);
}
END_TEST

static const struct {
	enum table_format format;
	const char *text, *words;
} skipped[] = {
	{ TABLE_BUFFER, "text,posting time,account,status\nx," WHEN ",mila,sent\n", "\"sent\"" },
	{ TABLE_POSTIZ, "text,date,account,state\nx," WHEN ",mila,PUBLISHED\n", "\"PUBLISHED\"" },
	{ TABLE_POSTIZ, "text,date,account,state\nx," WHEN ",mila,DRAFT\n", "\"DRAFT\"" },
	{ TABLE_CARILLON, "scheduled_time,accounts\n,\n", "the row is empty" },
};

START_TEST(what_is_out_elsewhere_is_not_posted_again)
{
	struct seen s = { .format = skipped[_i].format, .book = &book };
	struct problem why;

	ck_assert_int_eq(see(&s, skipped[_i].text, strlen(skipped[_i].text), &why), 0);
	ck_assert_int_eq(s.verdict, ROW_SKIP);
	ck_assert_msg(strstr(s.why.detail, skipped[_i].words) != NULL, "%s", s.why.detail);
	forget(&s);
}
END_TEST

static const struct {
	enum table_format format;
	const char *text, *words;
} headless[] = {
	{ TABLE_CARILLON, "accounts,caption\n", "no column says when (scheduled_time)" },
	{ TABLE_CARILLON, "scheduled_time,caption,Text\n",
	  "\"caption\" and \"Text\" both mean caption" },
	{ TABLE_BUFFER, "Hello,https://a/1.jpg,,2038-01-02 17:30\n",
	  "as --format buffer has them" },
	{ TABLE_CARILLON, "scheduled_time,\xff\n", "column 2 is no UTF-8" },
};

START_TEST(table_without_names_is_refused)
{
	struct seen s = { .format = headless[_i].format, .book = &book };
	struct problem why;

	ck_assert_int_eq(see(&s, headless[_i].text, strlen(headless[_i].text), &why), -1);
	ck_assert_msg(strstr(why.detail, headless[_i].words) != NULL, "%s", why.detail);
	forget(&s);
}
END_TEST

static const struct {
	enum table_format format;
	const char *name;
	enum column column;
} columns[] = {
	{ TABLE_CARILLON, "Content Type", COLUMN_TYPE },
	{ TABLE_CARILLON, "publishDate", COLUMN_UNKNOWN },
	{ TABLE_CARILLON, "mood", COLUMN_UNKNOWN },
	{ TABLE_CARILLON, "", COLUMN_UNKNOWN },
	{ TABLE_BUFFER, "Image URL 12", COLUMN_URL },
	{ TABLE_BUFFER, "Tags", COLUMN_LEFT },
	{ TABLE_BUFFER, "fold", COLUMN_UNKNOWN },
	{ TABLE_POSTIZ, "releaseURL", COLUMN_LEFT },
	{ TABLE_POSTIZ, "integration/name", COLUMN_ACCOUNTS },
};

START_TEST(columns_are_known_by_their_names)
{
	struct seen s = { .format = columns[_i].format, .book = &book };
	char text[100];
	struct problem why;

	snprintf(text, sizeof(text), "scheduled_time,\"%s\"\n", columns[_i].name);
	ck_assert_int_eq(see(&s, text, strlen(text), &why), 0);
	ck_assert_int_eq(s.table.columns[1], columns[_i].column);
	forget(&s);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ row_becomes_the_request_it_stands_for, (int)ARRAY_LEN(taken) },
		{ wrong_cell_is_told_by_its_column, (int)ARRAY_LEN(refused) },
		{ what_is_out_elsewhere_is_not_posted_again, (int)ARRAY_LEN(skipped) },
		{ table_without_names_is_refused, (int)ARRAY_LEN(headless) },
		{ columns_are_known_by_their_names, (int)ARRAY_LEN(columns) },
		{ NULL, 0 },
	};

	return suite_run(&(const struct suite_of){ .name = "columns", .cases = cases });
}

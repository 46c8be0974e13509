/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "http/paging.h"
#include "support/suite.h"

struct fixture {
	struct keys keys;
	struct app app;
	struct arena *arena;
	struct request req;
	struct problem problem;
	struct paging page;
};

static void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	memset(f->keys.url, 7, sizeof(f->keys.url));
	f->app.keys = &f->keys;
	f->arena = arena_new();
	f->req.app = &f->app;
	f->req.arena = f->arena;
}

static void fixture_ask(struct fixture *f, const char *name, const char *value)
{
	f->req.query[0] = (struct name_value){ name, value };
	f->req.query_n = 1;
	problem_clear(&f->problem);
}

START_TEST(defaults_without_a_query)
{
	struct fixture f;

	fixture_open(&f);
	ck_assert_int_eq(paging_read(&f.req, "content", &f.page, &f.problem), 0);
	ck_assert_int_eq(f.page.limit, 50);
	ck_assert(f.page.after_us == INSTANT_NONE);
	ck_assert_ptr_null(f.page.after_id);
	arena_free(f.arena);
}
END_TEST

START_TEST(cursor_round_trip)
{
	static const int64_t instants[] = { 0, 1, -1, INSTANT_NONE, INT64_MAX, 1774276200000000 };
	struct fixture f;
	size_t i;

	fixture_open(&f);
	for (i = 0; i < ARRAY_LEN(instants); i++) {
		fixture_ask(&f, "cursor",
			    paging_cursor(&f.req, "content", instants[i],
					  "cnt_01HZX6V1P2Q3R4S5T6U7V8W9X0"));
		ck_assert_int_eq(paging_read(&f.req, "content", &f.page, &f.problem), 0);
		ck_assert(f.page.after_us == instants[i]);
		ck_assert_str_eq(f.page.after_id, "cnt_01HZX6V1P2Q3R4S5T6U7V8W9X0");
	}
	arena_free(f.arena);
}
END_TEST

START_TEST(cursor_altered_in_any_character_is_refused)
{
	struct fixture f;
	char *cursor;
	size_t i, n;

	fixture_open(&f);
	cursor = arena_strdup(f.arena, paging_cursor(&f.req, "content", 1774276200000000, "cnt_1"));
	n = strlen(cursor);
	for (i = 0; i < n; i++) {
		char was = cursor[i];

		cursor[i] = was == 'A' ? 'B' : 'A';
		fixture_ask(&f, "cursor", cursor);
		ck_assert_msg(paging_read(&f.req, "content", &f.page, &f.problem) < 0,
			      "position %zu", i);
		ck_assert_int_eq(f.problem.kind, PROBLEM_CURSOR);
		cursor[i] = was;
	}
	for (i = 0; i < n; i++) {
		fixture_ask(&f, "cursor", arena_strndup(f.arena, cursor, i));
		ck_assert_int_eq(paging_read(&f.req, "content", &f.page, &f.problem), -1);
	}
	arena_free(f.arena);
}
END_TEST

START_TEST(cursor_of_another_list_is_refused)
{
	struct fixture f;

	fixture_open(&f);
	fixture_ask(&f, "cursor", paging_cursor(&f.req, "content", 5, "cnt_1"));
	ck_assert_int_eq(paging_read(&f.req, "media", &f.page, &f.problem), -1);
	ck_assert_int_eq(f.problem.kind, PROBLEM_CURSOR);
	ck_assert_str_eq(f.problem.items[0].pointer, "cursor");
	arena_free(f.arena);
}
END_TEST

START_TEST(cursor_of_another_server_is_refused)
{
	struct fixture f;

	fixture_open(&f);
	fixture_ask(&f, "cursor", paging_cursor(&f.req, "content", 5, "cnt_1"));
	f.keys.url[31] ^= 1;
	ck_assert_int_eq(paging_read(&f.req, "content", &f.page, &f.problem), -1);
	arena_free(f.arena);
}
END_TEST

static const struct {
	const char *text;
	int want; /* 0: refused */
} limits[] = { { "1", 1 },   { "100", 100 }, { "0", 0 },
	       { "101", 0 }, { "-1", 0 },    { "", 0 },
	       { "ten", 0 }, { "1x", 0 },    { "99999999999999999999", 0 } };

START_TEST(limit_is_1_to_100)
{
	struct fixture f;

	fixture_open(&f);
	fixture_ask(&f, "limit", limits[_i].text);
	ck_assert_int_eq(paging_read(&f.req, "content", &f.page, &f.problem),
			 limits[_i].want ? 0 : -1);
	if (limits[_i].want)
		ck_assert_int_eq(f.page.limit, limits[_i].want);
	else
		ck_assert_int_eq(f.problem.kind, PROBLEM_INVALID);
	arena_free(f.arena);
}
END_TEST

START_TEST(close_gives_a_cursor_only_when_there_is_more)
{
	struct fixture f;
	struct reply r = { 0 };

	fixture_open(&f);
	reply_reset(&r);
	paging_close(&f.req, &r, "content", false, 5, "cnt_1");
	ck_assert_str_eq(r.body.p, "\"next_cursor\":null");
	reply_reset(&r);
	paging_close(&f.req, &r, "content", true, 5, "cnt_1");
	ck_assert_ptr_null(strstr(r.body.p, "null"));
	buf_done(&r.body);
	arena_free(f.arena);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ defaults_without_a_query, 0 },
		{ cursor_round_trip, 0 },
		{ cursor_altered_in_any_character_is_refused, 0 },
		{ cursor_of_another_list_is_refused, 0 },
		{ cursor_of_another_server_is_refused, 0 },
		{ limit_is_1_to_100, (int)ARRAY_LEN(limits) },
		{ close_gives_a_cursor_only_when_there_is_more, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "http_paging",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/problem.h"
#include "base/utf8.h"
#include "support/suite.h"

START_TEST(rows_are_complete_and_codes_are_unique)
{
	for (int i = 1; i < PROBLEM_KINDS; i++) {
		const struct problem_row *row = problem_row((enum problem_kind)i);

		ck_assert(row->status >= 400 && row->status <= 599);
		ck_assert(row->code && row->who && row->title);
		for (int k = 1; k < i; k++)
			ck_assert_str_ne(row->code, problem_row((enum problem_kind)k)->code);
	}
	ck_assert_int_eq(problem_row(PROBLEM_NONE)->status, 500);
	ck_assert_int_eq(problem_row((enum problem_kind)9999)->status, 500);
}
END_TEST

START_TEST(set_keeps_nothing_of_before)
{
	struct problem p = { .kind = PROBLEM_NONE };

	p.retry_after_s = 5;
	memcpy(p.extra, "x", 2);
	(void)problem_add(&p, "/a", "required", "is required");
	ck_assert_int_eq(p.kind, PROBLEM_INVALID);
	ck_assert_int_eq(problem_set(&p, PROBLEM_NOT_FOUND, "post %s", "x"), -1);
	ck_assert_int_eq(p.kind, PROBLEM_NOT_FOUND);
	ck_assert_str_eq(p.detail, "post x");
	ck_assert(!p.items_n && !p.retry_after_s && !p.extra[0]);
	(void)problem_set(&p, PROBLEM_BUSY, "again: %s", p.detail);
	ck_assert_str_eq(p.detail, "again: post x");
}
END_TEST

START_TEST(long_text_is_cut_between_characters)
{
	struct problem p = { .kind = PROBLEM_NONE };
	char text[1000];

	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[sizeof(text) - 1] = '\0';
		(void)problem_set(&p, PROBLEM_BUSY, "%s", text);
		ck_assert_uint_ge(strlen(p.detail), sizeof(p.detail) - 3);
		ck_assert(utf8_valid(p.detail, strlen(p.detail)));
		problem_clear(&p);
		(void)problem_add(&p, text, text, "%s", text);
		ck_assert(utf8_valid(p.items[0].pointer, strlen(p.items[0].pointer)));
		ck_assert(utf8_valid(p.items[0].code, strlen(p.items[0].code)));
		ck_assert(utf8_valid(p.items[0].detail, strlen(p.items[0].detail)));
	}
}
END_TEST

START_TEST(add_beyond_room_is_only_counted)
{
	struct problem p = { .kind = PROBLEM_CONFLICT };

	for (int i = 0; i < 50; i++)
		(void)problem_add(&p, "/x", "required", "%d", i);
	ck_assert_uint_eq(p.items_n, 50);
	ck_assert_str_eq(p.items[31].detail, "31");
	ck_assert_int_eq(p.kind, PROBLEM_CONFLICT);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ rows_are_complete_and_codes_are_unique, 0 },
		{ set_keeps_nothing_of_before, 0 },
		{ long_text_is_cut_between_characters, 0 },
		{ add_beyond_room_is_only_counted, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "problem",
		.cases = cases,
	});
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "publish/notes.h"
#include "support/suite.h"

static const struct breaker_key fires = { "twitter", true, BREAKER_PUBLISH, NULL };

struct row {
	const char *replies; /* A: an answer, F: a fault */
	bool has_answer;
	int faults;
};

static const struct row rows[] = {
	{ "A", true, 0 },       { "F", false, 1 },
	{ "FFF", false, 3 },    { "AFF", true, 2 },
	{ "FFA", true, 0 },     { "FFFFFFA", true, 0 },
	{ "FFAFFAF", true, 1 }, { "FAFAFAFAFAFAFFF", true, 3 },
};

START_TEST(only_faults_in_a_row_count)
{
	const struct row *r = &rows[_i];
	struct notes n = { .n = 0 };

	for (const char *c = r->replies; *c; c++)
		notes_add(&n, &fires, *c == 'F');
	ck_assert_uint_eq(n.n, 1);
	ck_assert_int_eq(n.v[0].has_answer, r->has_answer);
	ck_assert_int_eq(n.v[0].faults, r->faults);
}
END_TEST

START_TEST(platforms_modes_and_classes_are_kept_apart)
{
	static const struct breaker_key others[] = {
		{ "pinterest", true, BREAKER_PUBLISH, NULL },
		{ "twitter", false, BREAKER_PUBLISH, NULL },
		{ "twitter", true, BREAKER_READ, NULL },
		{ "twitter", true, BREAKER_PUBLISH, "https://a.example" },
		{ "twitter", true, BREAKER_PUBLISH, "https://b.example" },
	};
	struct notes n = { .n = 0 };

	notes_add(&n, &fires, true);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		notes_add(&n, &others[i], false);
	notes_add(&n, &fires, true);
	ck_assert_uint_eq(n.n, 1 + ARRAY_LEN(others));
	ck_assert_int_eq(n.v[0].faults, 2);
	ck_assert(!n.v[0].has_answer);
}
END_TEST

START_TEST(more_than_fit_are_let_go)
{
	struct notes n = { .n = 0 };
	char names[NOTES_MAX + 1][4];

	for (int i = 0; i <= NOTES_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "p%d", i);
		notes_add(&n, &(struct breaker_key){ names[i], true, BREAKER_READ, NULL }, true);
	}
	ck_assert_uint_eq(n.n, NOTES_MAX);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ only_faults_in_a_row_count, ARRAY_LEN(rows) },
		{ platforms_modes_and_classes_are_kept_apart, 0 },
		{ more_than_fit_are_let_go, 0 },
		{ NULL, 0 },
	};
	const struct suite_of suite = { .name = "notes", .cases = cases };

	return suite_run(&suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "support/suite.h"

static const struct {
	const char *text;
	int64_t us;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01t00:00:00z", 0 },
	{ "1969-12-31T23:59:59.999999Z", -1 },
	{ "1970-01-01T00:00:00.1234567Z", 123456 },
	{ "2026-03-23T14:30:00Z", 1774276200 * US_PER_S },
	{ "2026-03-23T14:30:00+05:30", 1774256400 * US_PER_S },
	{ "2026-03-23T14:30:00-00:00", 1774276200 * US_PER_S },
	{ "2026-03-23T14:30:00-23:59", 1774362540 * US_PER_S },
	{ "2024-02-29T00:00:00Z", 1709164800 * US_PER_S },
	{ "2000-02-29T00:00:00Z", 951782400 * US_PER_S },
	{ "2016-12-31T23:59:60Z", 1483228800 * US_PER_S },
	{ "2016-12-31T23:59:60.5Z", 1483228800 * US_PER_S + 500000 },
	{ "1990-12-31T15:59:60-08:00", 662688000 * US_PER_S },
	{ "0001-01-01T00:00:00Z", -62135596800 * US_PER_S },
	{ "9999-12-31T23:59:59Z", 253402300799 * US_PER_S },
};

static const char *const bad[] = {
	"",
	"2026",
	"2026-03-23",
	"2026-03-23T14:30:00",
	"2026-03-23T14:30Z",
	"2026-03-23 14:30:00Z",
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-01-00T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-03-23T24:00:00Z",
	"2026-03-23T14:60:00Z",
	"2026-03-23T14:30:61Z",
	"2026-03-23T14:30:60Z",
	"2016-12-30T23:59:60Z",
	"2016-12-31T23:59:60+01:00",
	"2026-03-23T14:30:00.Z",
	"2026-03-23T14:30:00,5Z",
	"2026-03-23T14:30:00+24:00",
	"2026-03-23T14:30:00+05:60",
	"2026-03-23T14:30:00+0530",
	"2026-03-23T14:30:00+05",
	"2026-03-23T14:30:00ZZ",
	" 2026-03-23T14:30:00Z",
	"2026-03-23T14:30:00Z ",
	"26-03-23T14:30:00Z",
	"0000-01-01T00:00:00Z",
	"+2026-03-23T14:30:00Z",
	"0001-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
	"2026-3-23T14:30:00Z",
	"2026-03-23T1:30:00Z",
	("\xd9\xa2"
	 "026-03-23T14:30:00Z"),
};

START_TEST(parse_valid_gives_instant)
{
	int64_t us = 7;

	ck_assert_msg(rfc3339_parse(good[_i].text, &us) == 0, "%s", good[_i].text);
	ck_assert_msg(us == good[_i].us, "%s: %lld", good[_i].text, (long long)us);
}
END_TEST

START_TEST(parse_malformed_is_refused)
{
	int64_t us = 7;

	ck_assert_msg(rfc3339_parse(bad[_i], &us) == -EINVAL, "%s", bad[_i]);
	ck_assert(us == 7);
}
END_TEST

START_TEST(print_before_epoch_floors)
{
	char text[RFC3339_MAX];

	rfc3339_print(-1, text);
	ck_assert_str_eq(text, "1969-12-31T23:59:59Z");
	rfc3339_print_ms(-1, text);
	ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
	rfc3339_print_ms(1500, text);
	ck_assert_str_eq(text, "1970-01-01T00:00:00.001Z");
	rfc3339_print_ms(INT64_MIN, text);
	rfc3339_print_ms(INT64_MAX, text);
}
END_TEST

START_TEST(print_parse_every_day_round_trips)
{
	char text[RFC3339_MAX];
	int64_t back;

	for (int64_t s = -62135596800; s <= 253402300799; s += 86400 * 97 + 3671) {
		rfc3339_print(s * US_PER_S, text);
		ck_assert_msg(rfc3339_parse(text, &back) == 0, "%s", text);
		ck_assert_msg(back == s * US_PER_S, "%s", text);
	}
}
END_TEST

START_TEST(civil_parse_takes_minutes_or_seconds)
{
	static const char *const wrong[] = { "2026-03-23T14:30Z",   "2026-03-23T14:30:00Z",
					     "2026-03-23T14:30:60", "2026-03-23T14:30:00.5",
					     "2026-03-23T14:30:",   "2026-03-23T14",
					     "2026-03-23",          "2026-02-30T00:00" };
	char text[RFC3339_MAX];
	struct civil c;

	ck_assert_int_eq(civil_parse("2026-03-23T14:30", &c), 0);
	ck_assert_int_eq(c.second, 0);
	ck_assert_int_eq(civil_parse("2026-03-23T14:30:09", &c), 0);
	civil_print(&c, text);
	ck_assert_str_eq(text, "2026-03-23T14:30:09");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(civil_parse(wrong[i], &c) == -EINVAL, "%s", wrong[i]);
}
END_TEST

START_TEST(weekday_counts_from_monday)
{
	static const struct {
		struct civil c;
		int weekday;
	} rows[] = {
		{ { 1970, 1, 1, 0, 0, 0 }, 3 },   { { 2026, 3, 23, 0, 0, 0 }, 0 },
		{ { 2024, 2, 29, 23, 0, 0 }, 3 }, { { 1, 1, 1, 0, 0, 0 }, 0 },
		{ { 1969, 12, 28, 0, 0, 0 }, 6 }, { { 9999, 12, 31, 0, 0, 0 }, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		ck_assert_int_eq(civil_weekday(&rows[i].c), rows[i].weekday);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ parse_valid_gives_instant, (int)ARRAY_LEN(good) },
		{ parse_malformed_is_refused, (int)ARRAY_LEN(bad) },
		{ print_before_epoch_floors, 0 },
		{ print_parse_every_day_round_trips, 0 },
		{ civil_parse_takes_minutes_or_seconds, 0 },
		{ weekday_counts_from_monday, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "rfc3339",
		.cases = cases,
	});
}

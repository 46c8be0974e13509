/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/tz.h"
#include "support/suite.h"

/* Expected instants by `date` and the tz database's own source, not by this program. */
static const struct {
	const char *zone, *wall;
	int fold;
	enum tz_verdict verdict;
	const char *utc; /* the chosen instant */
	const char *gap_utc;
	int gap_s;
} rows[] = {
	{ "America/New_York", "2026-07-01T12:00", 0, TZ_ONCE, "2026-07-01T16:00:00Z", NULL, 0 },
	{ "America/New_York", "2026-03-08T01:59:59", 0, TZ_ONCE, "2026-03-08T06:59:59Z", NULL, 0 },
	{ "America/New_York", "2026-03-08T02:00", 0, TZ_SKIPPED, "2026-03-08T07:00:00Z",
	  "2026-03-08T07:00:00Z", 3600 },
	{ "America/New_York", "2026-03-08T02:30", 1, TZ_SKIPPED, "2026-03-08T07:30:00Z",
	  "2026-03-08T07:00:00Z", 3600 },
	{ "America/New_York", "2026-03-08T03:00", 0, TZ_ONCE, "2026-03-08T07:00:00Z", NULL, 0 },
	{ "America/New_York", "2026-11-01T00:59:59", 0, TZ_ONCE, "2026-11-01T04:59:59Z", NULL, 0 },
	{ "America/New_York", "2026-11-01T01:30", 0, TZ_TWICE, "2026-11-01T05:30:00Z", NULL, 0 },
	{ "America/New_York", "2026-11-01T01:30", 1, TZ_TWICE, "2026-11-01T06:30:00Z", NULL, 0 },
	{ "America/New_York", "2026-11-01T02:00", 0, TZ_ONCE, "2026-11-01T07:00:00Z", NULL, 0 },
	{ "Africa/Cairo", "2026-04-24T00:30", 0, TZ_SKIPPED, "2026-04-23T22:30:00Z",
	  "2026-04-23T22:00:00Z", 3600 },
	{ "Africa/Cairo", "2026-10-29T23:30", 0, TZ_TWICE, "2026-10-29T20:30:00Z", NULL, 0 },
	{ "Africa/Cairo", "2026-10-29T23:30", 1, TZ_TWICE, "2026-10-29T21:30:00Z", NULL, 0 },
	{ "Africa/Cairo", "2020-07-01T12:00", 0, TZ_ONCE, "2020-07-01T10:00:00Z", NULL, 0 },
	{ "Australia/Lord_Howe", "2026-10-04T02:15", 0, TZ_SKIPPED, "2026-10-03T15:45:00Z",
	  "2026-10-03T15:30:00Z", 1800 },
	{ "Australia/Lord_Howe", "2026-04-05T01:45", 0, TZ_TWICE, "2026-04-04T14:45:00Z", NULL, 0 },
	{ "Australia/Lord_Howe", "2026-04-05T01:45", 1, TZ_TWICE, "2026-04-04T15:15:00Z", NULL, 0 },
	{ "Australia/Lord_Howe", "2026-04-05T01:15", 0, TZ_ONCE, "2026-04-04T14:15:00Z", NULL, 0 },
	{ "Pacific/Apia", "2011-12-29T23:59:59", 0, TZ_ONCE, "2011-12-30T09:59:59Z", NULL, 0 },
	{ "Pacific/Apia", "2011-12-30T00:00", 0, TZ_SKIPPED, "2011-12-30T10:00:00Z",
	  "2011-12-30T10:00:00Z", 86400 },
	{ "Pacific/Apia", "2011-12-30T23:59:59", 0, TZ_SKIPPED, "2011-12-31T09:59:59Z",
	  "2011-12-30T10:00:00Z", 86400 },
	{ "Pacific/Apia", "2011-12-31T00:00", 0, TZ_ONCE, "2011-12-30T10:00:00Z", NULL, 0 },
	{ "Asia/Kathmandu", "2026-01-01T00:00", 0, TZ_ONCE, "2025-12-31T18:15:00Z", NULL, 0 },
	{ "UTC", "2026-01-01T00:00", 0, TZ_ONCE, "2026-01-01T00:00:00Z", NULL, 0 },
	{ "Etc/GMT+5", "2026-01-01T00:00", 0, TZ_ONCE, "2026-01-01T05:00:00Z", NULL, 0 },
	{ "EST5EDT", "2026-07-01T12:00", 0, TZ_ONCE, "2026-07-01T16:00:00Z", NULL, 0 },
	{ "Europe/Berlin", "2060-03-28T02:30", 0, TZ_SKIPPED, "2060-03-28T01:30:00Z",
	  "2060-03-28T01:00:00Z", 3600 },
};

static const char *const unknown[] = {
	"",
	"Nowhere",
	"America/Nowhere",
	"../etc/passwd",
	"America/../UTC",
	"/etc/localtime",
	"EST5EDT,M3",
	"EST5EDT,M3.2.0,M11.1.0",
	"+05:00",
	"-03",
	"UTC+5",
	"<+03>-3",
	":UTC",
	"posix/UTC",
	"right/UTC",
	"localtime",
	"posixrules",
	"Factory",
	"zone.tab",
	"leapseconds",
	"tzdata.zi",
	"America",
	"America/",
	"america/new york",
	"UTC\n",
	"A/B/C/D/E/F/G/H",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

START_TEST(resolve_wall_time_gives_verdict)
{
	CLEANUP(tz_free) struct tz *tz = NULL;
	char text[RFC3339_MAX];
	struct tz_answer answer;
	struct civil wall;

	ck_assert_int_eq(tz_load(rows[_i].zone, &tz), 0);
	ck_assert_int_eq(civil_parse(rows[_i].wall, &wall), 0);
	tz_resolve(tz, &wall, rows[_i].fold, &answer);
	ck_assert_msg(answer.verdict == rows[_i].verdict, "%s %s: %d", rows[_i].zone, rows[_i].wall,
		      (int)answer.verdict);
	rfc3339_print(answer.us, text);
	ck_assert_msg(strcmp(text, rows[_i].utc) == 0, "%s %s: %s", rows[_i].zone, rows[_i].wall,
		      text);
	ck_assert_int_eq(answer.gap_s, rows[_i].gap_s);
	if (rows[_i].gap_utc) {
		rfc3339_print(answer.gap_start_us, text);
		ck_assert_str_eq(text, rows[_i].gap_utc);
	}
}
END_TEST

START_TEST(load_unknown_name_is_refused)
{
	struct tz *tz = NULL;

	ck_assert_msg(tz_load(unknown[_i], &tz) == -ENOENT, "%s", unknown[_i]);
	ck_assert_ptr_null(tz);
}
END_TEST

START_TEST(local_resolve_round_trips)
{
	static const char *const zones[] = { "America/New_York", "Australia/Lord_Howe",
					     "Pacific/Apia",     "Africa/Casablanca",
					     "Europe/London",    "America/St_Johns",
					     "Asia/Tehran" };
	CLEANUP(tz_free) struct tz *tz = NULL;

	ck_assert_int_eq(tz_load(zones[_i], &tz), 0);
	ck_assert_str_eq(tz_name(tz), zones[_i]);
	for (int64_t s = 0; s < 2145916800; s += 3571 * 17) {
		struct tz_answer early, late;
		struct civil wall;

		tz_local(tz, s * US_PER_S, &wall);
		tz_resolve(tz, &wall, 0, &early);
		tz_resolve(tz, &wall, 1, &late);
		ck_assert(early.verdict != TZ_SKIPPED);
		ck_assert(early.us == s * US_PER_S || late.us == s * US_PER_S);
	}
}
END_TEST

START_TEST(offset_before_epoch_floors)
{
	CLEANUP(tz_free) struct tz *tz = NULL;

	ck_assert_int_eq(tz_load("America/New_York", &tz), 0);
	ck_assert_int_eq(tz_offset_s(tz, -1), -18000);
	ck_assert_int_eq(tz_offset_s(tz, 1772953200 * US_PER_S - 1), -18000);
	ck_assert_int_eq(tz_offset_s(tz, 1772953200 * US_PER_S), -14400);
}
END_TEST

START_TEST(load_again_lends_the_same_rules)
{
	static const char *const names[] = { "Europe/Rome",  "Europe/Paris", "Europe/Oslo",
					     "Europe/Sofia", "Europe/Riga",  "Europe/Vienna",
					     "Asia/Tokyo",   "Asia/Seoul",   "Asia/Dubai" };
	CLEANUP(tz_free) struct tz *held = NULL;
	struct tz *again = NULL;

	ck_assert_int_eq(tz_load("Europe/Dublin", &held), 0);
	ck_assert_int_eq(tz_load("Europe/Dublin", &again), 0);
	ck_assert_ptr_eq(held, again);
	tz_free(again);
	/* more than are kept: what is held stays whole */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(tz_free) struct tz *tz = NULL;

		ck_assert_int_eq(tz_load(names[i], &tz), 0);
		ck_assert_str_eq(tz_name(tz), names[i]);
	}
	ck_assert_str_eq(tz_name(held), "Europe/Dublin");
	ck_assert_int_eq(tz_offset_s(held, 1782000000 * US_PER_S), 3600);
}
END_TEST

START_TEST(database_version_is_a_year_and_letter)
{
	const char *version = tz_database_version();

	ck_assert_uint_ge(strlen(version), 5);
	ck_assert_int_eq(version[0], '2');
	ck_assert_ptr_eq(version, tz_database_version());
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ resolve_wall_time_gives_verdict, (int)ARRAY_LEN(rows) },
		{ load_unknown_name_is_refused, (int)ARRAY_LEN(unknown) },
		{ local_resolve_round_trips, 7 },
		{ offset_before_epoch_floors, 0 },
		{ load_again_lends_the_same_rules, 0 },
		{ database_version_is_a_year_and_letter, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "tz",
		.cases = cases,
	});
}

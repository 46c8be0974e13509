/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "domain/schedule.h"
#include "support/suite.h"

static struct problem why;

struct row {
	const char *instant, *local, *timezone; /* instant NULL: a wall time */
	int fold;
	const char *want, *want_local; /* want NULL: refused with `kind` */
	int want_fold;
	enum problem_kind kind;
};

static const struct row rows[] = {
	{ "2026-03-23T14:30:00Z", NULL, NULL, 0, "2026-03-23T14:30:00Z", "", 0, 0 },
	{ "2026-03-23T14:30:00Z", NULL, "America/New_York", 0, "2026-03-23T14:30:00Z",
	  "2026-03-23T10:30:00", 0, 0 },
	{ NULL, "2026-03-23T10:30", "America/New_York", 0, "2026-03-23T14:30:00Z",
	  "2026-03-23T10:30:00", 0, 0 },
	/* Clocks go back on 2026-11-01 at 02:00 EDT: 01:30 exists twice. */
	{ NULL, "2026-11-01T01:30:00", "America/New_York", 0, "2026-11-01T05:30:00Z",
	  "2026-11-01T01:30:00", 0, 0 },
	{ NULL, "2026-11-01T01:30:00", "America/New_York", 1, "2026-11-01T06:30:00Z",
	  "2026-11-01T01:30:00", 1, 0 },
	{ "2026-11-01T06:30:00Z", NULL, "America/New_York", 0, "2026-11-01T06:30:00Z",
	  "2026-11-01T01:30:00", 1, 0 },
	/* fold means nothing where there is one. */
	{ NULL, "2026-07-01T12:00", "Europe/Berlin", 1, "2026-07-01T10:00:00Z",
	  "2026-07-01T12:00:00", 0, 0 },
	/* Clocks go forward on 2026-03-08 at 02:00 EST: 02:30 does not exist. */
	{ NULL, "2026-03-08T02:30", "America/New_York", 0, NULL, NULL, 0, PROBLEM_TIME_GAP },
	{ NULL, "2026-03-08T03:00", "America/New_York", 0, "2026-03-08T07:00:00Z",
	  "2026-03-08T03:00:00", 0, 0 },
	{ NULL, "2026-03-23T10:30", NULL, 0, NULL, NULL, 0, PROBLEM_INVALID },
	{ NULL, "soon", "Europe/Berlin", 0, NULL, NULL, 0, PROBLEM_INVALID },
	{ NULL, "2026-03-23T10:30", "Mars/Olympus", 0, NULL, NULL, 0, PROBLEM_TIMEZONE },
	{ "2026-03-23T14:30:00Z", NULL, "EST5EDT4,M3.2.0", 0, NULL, NULL, 0, PROBLEM_TIMEZONE },
};

START_TEST(wishes_become_instants_or_are_refused)
{
	const struct row *row = &rows[_i];
	struct schedule_wish wish = { .is_local = !row->instant,
				      .local = row->local,
				      .timezone = row->timezone,
				      .fold = row->fold };
	struct schedule_time time;
	char printed[RFC3339_MAX];

	if (row->instant)
		ck_assert_int_eq(rfc3339_parse(row->instant, &wish.us), 0);
	if (!row->want) {
		ck_assert_int_eq(schedule_resolve(&wish, &time, &why), -1);
		ck_assert_int_eq(why.kind, row->kind);
		return;
	}
	ck_assert_msg(schedule_resolve(&wish, &time, &why) == 0, "%s", why.detail);
	rfc3339_print(time.us, printed);
	ck_assert_str_eq(printed, row->want);
	ck_assert_str_eq(time.local_time, row->want_local);
	ck_assert_str_eq(time.timezone, row->timezone ? row->timezone : "");
	ck_assert_int_eq(time.fold, row->want_fold);
}
END_TEST

START_TEST(gap_names_the_times_on_either_side)
{
	const struct schedule_wish wish = { .is_local = true,
					    .local = "2026-03-08T02:30",
					    .timezone = "America/New_York" };
	struct schedule_time time;

	ck_assert_int_eq(schedule_resolve(&wish, &time, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.detail, "2026-03-08T07:00:00Z"));
	ck_assert_ptr_nonnull(strstr(why.detail, "2026-03-08T01:59:59"));
	ck_assert_ptr_nonnull(strstr(why.detail, "2026-03-08T03:00:00"));
}
END_TEST

START_TEST(past_is_refused_after_a_minute)
{
	const int64_t now = 1774276200 * US_PER_S;

	ck_assert_int_eq(schedule_check_due(now + 1, now, &why), 0);
	ck_assert_int_eq(schedule_check_due(now - 60 * US_PER_S, now, &why), 0);
	ck_assert_int_eq(schedule_check_due(now - 60 * US_PER_S - 1, now, &why), -1);
	ck_assert_int_eq(why.kind, PROBLEM_PAST);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ wishes_become_instants_or_are_refused, (int)(sizeof(rows) / sizeof(*rows)) },
		{ gap_names_the_times_on_either_side, 0 },
		{ past_is_refused_after_a_minute, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "schedule",
		.cases = cases,
	});
}

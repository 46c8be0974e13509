/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/clock.h"
#include "publish/dueclock.h"
#include "support/suite.h"

#define OFFSET (1700000000LL * US_PER_S)

/* A reading at boot time `at` whose answer took there_us to come about and back_us to return. */
static void answer(struct dueclock *c, int64_t at, int64_t there_us, int64_t back_us)
{
	dueclock_add(c, &(struct dueclock_reading){ at, at + there_us + back_us,
						    OFFSET + at + there_us,
						    OFFSET + at + there_us + back_us });
}

START_TEST(even_round_trip_has_no_error)
{
	struct dueclock c = { .n = 0 };

	answer(&c, 5 * US_PER_S, 400, 400);
	ck_assert_int_eq(c.offset_us, OFFSET);
	ck_assert_int_eq(dueclock_boot_us(&c, OFFSET + 77), 77);
}
END_TEST

START_TEST(shortest_of_eight_counts)
{
	struct dueclock c = { .n = 0 };

	for (int i = 0; i < 7; i++)
		answer(&c, i * US_PER_S, 9000, 100);
	ck_assert_int_eq(c.offset_us, OFFSET + 4450);
	answer(&c, 7 * US_PER_S, 60, 40);
	ck_assert_int_eq(c.offset_us, OFFSET + 10);
	for (int i = 8; i < 15; i++)
		answer(&c, i * US_PER_S, 9000, 100);
	ck_assert_int_eq(c.offset_us, OFFSET + 10);
	answer(&c, 15 * US_PER_S, 9000, 100); /* the good one has left the window */
	ck_assert_int_eq(c.offset_us, OFFSET + 4450);
}
END_TEST

/* A reading while the clocks are off by so much. */
static void answer_off(struct dueclock *c, int64_t db_off_us, int64_t host_off_us)
{
	const int64_t at = 9 * US_PER_S;

	dueclock_add(c, &(struct dueclock_reading){ at, at + 5000, OFFSET + at + 2500 + db_off_us,
						    OFFSET + at + 5000 + host_off_us });
}

static struct dueclock agreed(void)
{
	struct dueclock c = { .n = 0 };

	for (int i = 0; i < 8; i++)
		answer(&c, i * US_PER_S, 50, 50);
	return c;
}

START_TEST(clock_that_both_changed_is_followed_at_once)
{
	struct dueclock c = agreed();

	answer_off(&c, US_PER_HOUR, US_PER_HOUR);
	ck_assert_int_eq(c.offset_us, OFFSET + US_PER_HOUR);
	ck_assert(!dueclock_is_off(&c));
}
END_TEST

START_TEST(jump_of_the_database_alone_is_not_followed)
{
	struct dueclock c = agreed();

	answer_off(&c, US_PER_HOUR, 0);
	ck_assert_int_eq(c.offset_us, OFFSET);
	ck_assert(dueclock_is_off(&c));
	answer_off(&c, -US_PER_HOUR, 0);
	ck_assert_int_eq(c.offset_us, OFFSET);
	ck_assert(dueclock_is_off(&c));
	answer_off(&c, 0, 0);
	ck_assert_int_eq(c.offset_us, OFFSET);
	ck_assert(!dueclock_is_off(&c));
}
END_TEST

START_TEST(step_of_the_host_alone_changes_nothing)
{
	struct dueclock c = agreed();

	answer_off(&c, 0, US_PER_HOUR);
	ck_assert_int_eq(c.offset_us, OFFSET);
	ck_assert(dueclock_is_off(&c));
}
END_TEST

/* Who never saw them agree has nothing better than the database's. */
START_TEST(clocks_that_never_agreed_are_the_databases)
{
	struct dueclock c = { .n = 0 };

	answer_off(&c, 0, US_PER_HOUR);
	answer_off(&c, US_PER_HOUR, 2 * US_PER_HOUR + US_PER_MIN);
	ck_assert_int_eq(c.offset_us, OFFSET + US_PER_HOUR);
	ck_assert(dueclock_is_off(&c));
}
END_TEST

START_TEST(skew_limits_are_both_sided)
{
	struct dueclock c = { .skew_us = DUECLOCK_SKEW_MAX_US };

	ck_assert(!dueclock_is_off(&c));
	c.skew_us++;
	ck_assert(dueclock_is_off(&c));
	c.skew_us = -DUECLOCK_SKEW_MAX_US - 1;
	ck_assert(dueclock_is_off(&c));
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ even_round_trip_has_no_error, 0 },
		{ shortest_of_eight_counts, 0 },
		{ clock_that_both_changed_is_followed_at_once, 0 },
		{ jump_of_the_database_alone_is_not_followed, 0 },
		{ step_of_the_host_alone_changes_nothing, 0 },
		{ clocks_that_never_agreed_are_the_databases, 0 },
		{ skew_limits_are_both_sided, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "dueclock",
		.cases = cases,
	});
}

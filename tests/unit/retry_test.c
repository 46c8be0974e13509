/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/lateness.h"
#include "domain/retry.h"
#include "support/suite.h"

#define BASE (2 * US_PER_S)
#define CAP  (300 * US_PER_S)

static const uint32_t draws[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

START_TEST(fault_wait_stays_within_its_step)
{
	for (int tries = 0; tries < 70; tries++) {
		const int64_t step = tries < 8 ? BASE << tries : CAP;
		const int64_t most = step < CAP ? step : CAP;

		for (size_t i = 0; i < ARRAY_LEN(draws); i++) {
			const int64_t us = retry_fault_us(tries, BASE, CAP, draws[i]);

			ck_assert_int_ge(us, 0);
			ck_assert_int_le(us, most);
		}
		ck_assert_int_eq(retry_fault_us(tries, BASE, CAP, 0), 0);
		ck_assert_int_ge(retry_fault_us(tries, BASE, CAP, 0xffffffff), most - 1);
	}
}
END_TEST

START_TEST(throttle_wait_keeps_half_and_what_was_asked)
{
	for (int tries = 0; tries < 12; tries++) {
		for (size_t i = 0; i < ARRAY_LEN(draws); i++) {
			const int64_t own = retry_throttle_us(tries, BASE, CAP, 0, draws[i]);
			const int64_t asked =
				retry_throttle_us(tries, BASE, CAP, US_PER_HOUR, draws[i]);
			const int64_t step = tries < 8 ? BASE << tries : CAP;

			ck_assert_int_ge(own, (step < CAP ? step : CAP) / 2);
			ck_assert_int_le(own, step < CAP ? step : CAP);
			ck_assert_int_ge(asked, US_PER_HOUR);
			ck_assert_int_le(asked, US_PER_HOUR + CAP / 2);
		}
	}
}
END_TEST

START_TEST(huge_cap_does_not_overflow)
{
	ck_assert_int_ge(retry_fault_us(64, US_PER_DAY, 30 * US_PER_DAY, 0xffffffff), 0);
	ck_assert_int_ge(retry_throttle_us(64, 1, US_PER_DAY, US_PER_DAY, 0xffffffff), US_PER_DAY);
}
END_TEST

struct late_row {
	int64_t late_s;
	bool is_immediate;
	enum lateness_wish wish;
	enum lateness expect;
};

static const struct late_row late_rows[] = {
	{ -5, false, LATENESS_SKIP, LATENESS_NONE },
	{ 60, false, LATENESS_SKIP, LATENESS_NONE },
	{ 61, false, LATENESS_SKIP, LATENESS_SPACED },
	{ 3600, false, LATENESS_SKIP, LATENESS_SPACED },
	{ 3601, false, LATENESS_SKIP, LATENESS_MISSED },
	{ 3601, false, LATENESS_ASK, LATENESS_PAUSED },
	{ 3601, false, LATENESS_PUBLISH, LATENESS_SPACED },
	{ 43200, false, LATENESS_PUBLISH, LATENESS_SPACED },
	{ 43201, false, LATENESS_PUBLISH, LATENESS_MISSED },
	{ 999999, true, LATENESS_SKIP, LATENESS_NONE },
};

START_TEST(lateness_follows_the_account)
{
	const struct late_row *row = &late_rows[_i];
	const struct lateness_view v = {
		.is_immediate = row->is_immediate,
		.now_us = 1000000 + row->late_s * US_PER_S,
		.due_us = 1000000,
		.window_us = 3600 * US_PER_S,
		.wish = row->wish,
	};

	ck_assert_int_eq(lateness_judge(&v), row->expect);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ fault_wait_stays_within_its_step, 0 },
		{ throttle_wait_keeps_half_and_what_was_asked, 0 },
		{ huge_cap_does_not_overflow, 0 },
		{ lateness_follows_the_account, (int)ARRAY_LEN(late_rows) },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "retry",
		.cases = cases,
	});
}

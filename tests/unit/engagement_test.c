/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "domain/engagement.h"
#include "support/suite.h"

static const char *const platforms[] = { "instagram", "tiktok",    "twitter",
					 "youtube",   "pinterest", "another" };

START_TEST(every_hour_is_assumed_to_be_worth_something)
{
	int64_t best = 0;

	for (int d = 0; d < ENGAGEMENT_DAYS; d++) {
		for (int h = 0; h < ENGAGEMENT_HOURS; h++) {
			int64_t w = engagement_prior(platforms[_i], d, h);

			ck_assert_int_gt(w, 0);
			ck_assert_int_le(w, ENGAGEMENT_WHOLE);
			best = w > best ? w : best;
		}
	}
	ck_assert_int_ge(best, ENGAGEMENT_WHOLE * 9 / 10);
}
END_TEST

static struct engagement_results even(double score)
{
	struct engagement_results r = { 0 };

	for (int h = 9; h < 21; h++) {
		r.posts[2][h] = 1;
		r.sum[2][h] = score;
	}
	return r;
}

START_TEST(hours_without_results_keep_what_is_assumed)
{
	struct engagement_results r = even(4);

	ck_assert_int_eq(engagement_weight("instagram", &r, 3, 12),
			 engagement_prior("instagram", 3, 12));
	ck_assert_int_eq(engagement_weight("instagram", NULL, 2, 12),
			 engagement_prior("instagram", 2, 12));
}
END_TEST

/* Fifty times the usual reaction, four steps of the logarithm, lift their hour by a little. */
START_TEST(one_lucky_post_does_not_rule)
{
	struct engagement_results r = even(4);
	const int64_t before = engagement_prior("instagram", 2, 10);
	int64_t after;

	r.sum[2][10] = 8;
	after = engagement_weight("instagram", &r, 2, 10);
	ck_assert_int_gt(after, before);
	ck_assert_int_lt(after, before * 5 / 4);
}
END_TEST

START_TEST(many_posts_do_rule)
{
	struct engagement_results r = even(4);
	const int64_t prior = engagement_prior("instagram", 2, 3);

	r.posts[2][3] = 60; /* the dead of night, and yet */
	r.sum[2][3] = 60 * 4.0;
	ck_assert_int_gt(engagement_weight("instagram", &r, 2, 3), prior * 3 / 2);
	ck_assert_int_lt(engagement_weight("instagram", &r, 2, 12),
			 engagement_prior("instagram", 2, 12));
}
END_TEST

START_TEST(nothing_earned_teaches_nothing)
{
	struct engagement_results r = even(0);

	ck_assert_int_eq(engagement_weight("youtube", &r, 2, 12),
			 engagement_prior("youtube", 2, 12));
}
END_TEST

START_TEST(score_grows_slowly_and_bears_what_is_unknown)
{
	const struct engagement_counts none = { -1, -1, -1, -1, -1 };
	const struct engagement_counts some = { 1000, 100, 10, 5, 5 };
	const struct engagement_counts more = { 10000, 1000, 100, 50, 50 };

	ck_assert_double_eq(engagement_score(&none), 0);
	ck_assert_double_gt(engagement_score(&some), 5);
	ck_assert_double_lt(engagement_score(&more), engagement_score(&some) + 2.4);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		{ every_hour_is_assumed_to_be_worth_something, 6 },
		{ hours_without_results_keep_what_is_assumed, 0 },
		{ one_lucky_post_does_not_rule, 0 },
		{ many_posts_do_rule, 0 },
		{ nothing_earned_teaches_nothing, 0 },
		{ score_grows_slowly_and_bears_what_is_unknown, 0 },
		{ NULL, 0 },
	};

	return suite_run(&(struct suite_of){
		.name = "engagement",
		.cases = cases,
	});
}
